/*
 * The pages: `/`, `/v/{slug}`, `/b/{ref}`. Each is the shell of the visitor's language with the data of its first screen
 * inside it: what the venue is called and how to reach it. So the page can say whom to call even when the server does
 * not answer any more.
 *
 * Every word of ours in a page comes from the shell: {{title|Book a time|No such venue|Your booking}} is the venue's name
 * or, where there is none, the words for this kind of page.
 *
 * The data stands in a block of type application/json, which browsers never execute; so the policy needs neither nonces
 * nor hashes: scripts and styles come from our own files only.
 */
#include "rowcast/http/negotiate.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/lookup.h"
#include "slotcast/api/problems.h"
#include "slotcast/api/render.h"
#include "slotcast/api/shell.h"

#define POLICY                                                                                                         \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src " \
	"'self'; "                                                                                                     \
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void append_html(struct buf *out, struct rc_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '&':
			buf_append_str(out, RC_STR("&amp;"));
			break;
		case '<':
			buf_append_str(out, RC_STR("&lt;"));
			break;
		case '>':
			buf_append_str(out, RC_STR("&gt;"));
			break;
		case '"':
			buf_append_str(out, RC_STR("&quot;"));
			break;
		default:
			buf_append_char(out, text.ptr[i]);
		}
	}
}

/* In JSON these three stand in strings only, and "</script>" or "<!--" must not stand anywhere in the block. */
static void append_json_in_html(struct buf *out, struct rc_str json)
{
	for (size_t i = 0; i < json.len; i++) {
		switch (json.ptr[i]) {
		case '&':
			buf_append_str(out, RC_STR("\\u0026"));
			break;
		case '<':
			buf_append_str(out, RC_STR("\\u003c"));
			break;
		case '>':
			buf_append_str(out, RC_STR("\\u003e"));
			break;
		default:
			buf_append_char(out, json.ptr[i]);
		}
	}
}

/* In the order of the words of {{title|…}}. */
enum page_kind { PAGE_HOME, PAGE_VENUE, PAGE_BOOKING };

struct page {
	enum page_kind kind;
	int status;
	const struct catalog_venue *venue; /* or NULL */
	struct rc_str boot;
};

static struct shell shell_for(struct api *api, struct http_request *req, const struct catalog_venue *venue)
{
	struct language_wishes wishes = {
		.chosen = cookie_find(http_header(req, "cookie"), "lang"),
		.accepted = http_header(req, "accept-language"),
		.spoken = venue ? venue->locale : RC_STR_NONE,
	};
	struct shell shell = {0};

	if (http_query(req, "lang", &wishes.asked))
		wishes.asked = RC_STR_NONE;
	shell_choose(&shell, api->config.files, &wishes);
	return shell;
}

/* One place of the template, {{name}}; false: no more. */
static bool next_place(struct rc_str *rest, struct rc_str *before, struct rc_str *name)
{
	const char *open = memmem(rest->ptr, rest->len, "{{", 2);
	const char *close = open ? memmem(open, (size_t)(rest->ptr + rest->len - open), "}}", 2) : NULL;

	if (!close)
		return false;
	*before = (struct rc_str){rest->ptr, (size_t)(open - rest->ptr)};
	*name = (struct rc_str){open + 2, (size_t)(close - open - 2)};
	rest->len -= (size_t)(close + 2 - rest->ptr);
	rest->ptr = close + 2;
	return true;
}

/* The words are HTML already, the venue's name is not. */
static void append_title(struct buf *html, const struct page *page, struct rc_str words)
{
	if (page->venue) {
		append_html(html, page->venue->name);
		return;
	}
	for (int kind = PAGE_HOME; kind < (int)page->kind; kind++)
		rc_str_cut(&words, '|');
	buf_append_str(html, rc_str_cut(&words, '|'));
}

static void reply_page(struct api *api, struct http_request *req, const struct page *page)
{
	struct shell shell = shell_for(api, req, page->venue);
	struct rc_str rest = shell.html, before, words, name;
	struct buf html = BUF_INIT;

	while (next_place(&rest, &before, &words)) {
		buf_append_str(&html, before);
		name = rc_str_cut(&words, '|');
		if (rc_str_is(name, "title"))
			append_title(&html, page, words);
		else if (rc_str_is(name, "boot"))
			append_json_in_html(&html, page->boot);
	}
	buf_append_str(&html, rest);
	http_reply_header(req, "Content-Security-Policy", RC_STR(POLICY));
	http_reply_header(req, "Cache-Control", RC_STR("no-cache"));
	http_reply_header(req, "Content-Language", shell.language);
	http_reply_header(req, "Vary", RC_STR("Accept-Language, Cookie"));
	http_reply(req, page->status, "text/html; charset=utf-8", buf_str(&html));
	buf_release(&html);
}

/* {"page":…,"ref":…,"venue":{…}|null} */
static void boot_venue(struct buf *boot, const char *page, struct rc_str ref, const struct catalog_venue *venue)
{
	struct json_out json;

	json_init(&json, boot);
	json_begin_object(&json);
	json_key(&json, "page");
	json_cstr(&json, page);
	if (ref.len) {
		json_key(&json, "ref");
		json_str(&json, ref);
	}
	json_key(&json, "venue");
	if (venue)
		render_venue(&json, venue);
	else
		json_put_null(&json);
	json_end(&json);
}

/*
 * First run: where the first venue would go, so that the page can show the command that imports it. Only while there is
 * nothing to see here; and only what a SQLite URL says, for other URLs have passwords in them.
 */
static void put_setup(struct json_out *json, const char *url)
{
	static const char scheme[] = "sqlite:";

	json_key(json, "setup");
	json_begin_object(json);
	json_key(json, "db");
	if (strncmp(url, scheme, sizeof(scheme) - 1) == 0)
		json_cstr(json, url);
	else
		json_put_null(json);
	json_end(json);
}

/* NULL: there is no such venue. */
static void reply_venue(struct api *api, struct http_request *req, const struct catalog_venue *venue)
{
	struct buf boot = BUF_INIT;
	struct page page = {.kind = PAGE_VENUE, .status = venue ? 200 : 404, .venue = venue};

	boot_venue(&boot, "venue", RC_STR_NONE, venue);
	page.boot = buf_str(&boot);
	reply_page(api, req, &page);
	buf_release(&boot);
}

void pages_venue(struct http_request *req, void *arg)
{
	struct catalog *catalog = api_catalog(arg);

	reply_venue(arg, req, catalog_venue(catalog, req->params[0]));
	catalog_drop(catalog);
}

static void reply_venues(struct api *api, struct http_request *req, const struct catalog *catalog)
{
	struct page page = {.kind = PAGE_HOME, .status = 200};
	struct buf boot = BUF_INIT;
	struct json_out json;

	json_init(&json, &boot);
	json_begin_object(&json);
	json_key(&json, "page");
	json_cstr(&json, "home");
	json_key(&json, "venues");
	render_venues(&json, catalog);
	if (!catalog->venue_count)
		put_setup(&json, api->config.url);
	json_end(&json);
	page.boot = buf_str(&boot);
	reply_page(api, req, &page);
	buf_release(&boot);
}

/* Where there is one venue, nobody has to choose it. */
void pages_home(struct http_request *req, void *arg)
{
	struct catalog *catalog = api_catalog(arg);

	if (catalog->venue_count == 1)
		reply_venue(arg, req, &catalog->venues[0]);
	else
		reply_venues(arg, req, catalog);
	catalog_drop(catalog);
}

static void booking_back(struct visit *visit)
{
	struct lookup *lookup = (struct lookup *)visit;
	struct api *api = lookup->api;
	struct catalog *catalog = api_catalog(api);
	const struct catalog_venue *venue = lookup->err ? NULL : catalog_venue(catalog, lookup->found.venue_slug);
	struct buf boot = BUF_INIT;
	struct page page = {.kind = PAGE_BOOKING, .status = lookup->err == RC_NOT_FOUND ? 404 : 200, .venue = venue};

	boot_venue(&boot, "booking", visit->req->params[0], venue);
	page.boot = buf_str(&boot);
	reply_page(api, visit->req, &page);
	buf_release(&boot);
	catalog_drop(catalog);
}

void pages_booking(struct http_request *req, void *arg)
{
	lookup_begin(arg, req, booking_back);
}
