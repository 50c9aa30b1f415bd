/*
 * GET /v1/bookings/{ref}.ics: one VEVENT, so that a calendar that has seen an earlier version replaces it: the UID is
 * the booking's reference and SEQUENCE its version (RFC 5546 §2.1.4). Times are UTC instants (form 2 of §3.3.5): a
 * booking is an instant, and a VTIMEZONE would only repeat what the reader's calendar knows. Written by hand rather
 * than with libical: ten properties, and the folding has to respect UTF-8, which libical's does not.
 */
#include "slotcast/api/ics.h"

#include "rowcast/data/time_text.h"
#include "rowcast/io/clock.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/lookup.h"

#define LINE_BYTES_MAX 75 /* §3.1, without CRLF */

/* Content lines are folded between characters: CRLF and one blank. */
static void fold(struct buf *out, struct rc_str line)
{
	size_t room = LINE_BYTES_MAX;

	while (line.len > room) {
		size_t cut = room;

		while (cut > 1 && ((unsigned char)line.ptr[cut] & 0xc0) == 0x80)
			cut--;
		buf_append(out, line.ptr, cut);
		buf_append_str(out, RC_STR("\r\n "));
		line.ptr += cut;
		line.len -= cut;
		room = LINE_BYTES_MAX - 1;
	}
	buf_append_str(out, line);
	buf_append_str(out, RC_STR("\r\n"));
}

/* TEXT (§3.3.11): backslash, comma and semicolon escaped, a line break as \n; other control characters have no form. */
static void append_text(struct buf *line, struct rc_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '\n') {
			buf_append_str(line, RC_STR("\\n"));
			continue;
		}
		if (c < 0x20 || c == 0x7f)
			continue;
		if (c == '\\' || c == ',' || c == ';')
			buf_append_char(line, '\\');
		buf_append_char(line, (char)c);
	}
}

static void property(struct buf *out, const char *name, struct rc_str value)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s:", name);
	buf_append_str(&line, value);
	fold(out, buf_str(&line));
	buf_release(&line);
}

static void property_time(struct buf *out, const char *name, int64_t us)
{
	char text[TIME_TEXT_MAX], compact[TIME_TEXT_MAX];
	size_t len = 0;

	time_format(us, text);
	for (const char *c = text; *c && *c != '.' && *c != 'Z'; c++)
		if (*c != '-' && *c != ':')
			compact[len++] = *c;
	compact[len++] = 'Z';
	property(out, name, (struct rc_str){compact, len});
}

static struct rc_str status_of(const struct store_booking *booking, int64_t now_us)
{
	switch (booking->state) {
	case STATE_CONFIRMED:
	case STATE_CHECKED_IN:
	case STATE_COMPLETED:
		return RC_STR("CONFIRMED");
	case STATE_PENDING:
		return RC_STR("TENTATIVE");
	case STATE_HELD:
		return booking->hold_expires_us > now_us ? RC_STR("TENTATIVE") : RC_STR("CANCELLED");
	default:
		return RC_STR("CANCELLED");
	}
}

void ics_write(struct buf *out, const struct reader_booking *found, struct rc_str link, int64_t now_us)
{
	const struct store_booking *booking = &found->booking;
	struct buf text = BUF_INIT;

	property(out, "BEGIN", RC_STR("VCALENDAR"));
	property(out, "VERSION", RC_STR("2.0"));
	property(out, "PRODID", RC_STR("-//Slotcast//Slotcast " ROWCAST_VERSION "//EN"));
	property(out, "CALSCALE", RC_STR("GREGORIAN"));
	property(out, "METHOD", RC_STR("PUBLISH"));
	property(out, "BEGIN", RC_STR("VEVENT"));
	append_text(&text, booking->ref);
	buf_append_str(&text, RC_STR("@slotcast"));
	property(out, "UID", buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "%lld", (long long)booking->version);
	property(out, "SEQUENCE", buf_str(&text));
	property_time(out, "DTSTAMP", found->updated_us);
	property_time(out, "LAST-MODIFIED", found->updated_us);
	property_time(out, "DTSTART", booking->starts_us);
	property_time(out, "DTEND", booking->ends_us);
	property(out, "STATUS", status_of(booking, now_us));
	property(out, "TRANSP", RC_STR("OPAQUE"));
	buf_clear(&text);
	append_text(&text, found->service_name);
	buf_append_str(&text, RC_STR(" – "));
	append_text(&text, found->venue_name);
	property(out, "SUMMARY", buf_str(&text));
	buf_clear(&text);
	append_text(&text, found->venue_name);
	buf_append_str(&text, RC_STR("\\, "));
	append_text(&text, found->resource_name);
	property(out, "LOCATION", buf_str(&text));
	buf_clear(&text);
	append_text(&text, found->venue_phone);
	if (found->venue_phone.len && found->venue_email.len)
		buf_append_str(&text, RC_STR("\\, "));
	append_text(&text, found->venue_email);
	if (text.len)
		property(out, "CONTACT", buf_str(&text));
	if (link.len)
		property(out, "URL", link);
	property(out, "END", RC_STR("VEVENT"));
	property(out, "END", RC_STR("VCALENDAR"));
	buf_release(&text);
}

/* References are ours and plain; one that raw SQL invented does not get into a header. */
static bool plain(struct rc_str ref)
{
	for (size_t i = 0; i < ref.len; i++) {
		char c = ref.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
		      c == '_'))
			return false;
	}
	return ref.len > 0;
}

static void calendar_back(struct visit *visit)
{
	struct lookup *lookup = (struct lookup *)visit;
	const char *public_url = lookup->api->config.public_url;
	struct http_request *req = visit->req;
	struct rc_str ref = lookup->found.booking.ref, link = RC_STR_NONE;
	struct buf body = BUF_INIT;

	if (lookup_failed(lookup))
		return;
	if (plain(ref)) {
		http_reply_header(req, "Content-Disposition",
				  rc_str_from(rc_arena_printf(&req->arena, "attachment; filename=\"booking-%.*s.ics\"",
							      RC_STR_ARG(ref))));
		if (public_url && *public_url)
			link = rc_str_from(rc_arena_printf(&req->arena, "%s/b/%.*s", public_url, RC_STR_ARG(ref)));
	}
	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	ics_write(&body, &lookup->found, link, clock_wall_us());
	http_reply(req, 200, "text/calendar; charset=utf-8", buf_str(&body));
	buf_release(&body);
}

void bookings_calendar(struct http_request *req, void *arg)
{
	lookup_begin(arg, req, calendar_back);
}
