/*
 * Embedded files: conditional GET (RFC 9110 §13.1.2) and content negotiation (§12.5.3).
 *
 * Each coding is a representation of its own, so it has an entity tag of its own: the file's tag with the coding in it.
 */
#include <stdio.h>

#include "rowcast/http/negotiate.h"
#include "rowcast/http/static.h"

const struct static_file *static_find(const struct static_file *files, struct rc_str path)
{
	for (const struct static_file *file = files; file->path; file++) {
		if (rc_str_is(path, file->path))
			return file;
	}
	return NULL;
}

/* Weight of a coding in Accept-Encoding, in thousandths; -1: not named, not even by "*". */
static int coding_weight(struct rc_str accept, struct rc_str coding)
{
	int any = -1, weight;
	struct rc_str name;

	while (wish_next(&accept, &name, &weight)) {
		if (rc_str_eq_nocase(name, coding))
			return weight;
		if (rc_str_is(name, "*"))
			any = weight;
	}
	return any;
}

enum coding { CODING_BROTLI, CODING_GZIP, CODING_PLAIN };

static enum coding coding_choose(const struct static_file *file, struct rc_str accept)
{
	int brotli = file->brotli.len > 0 ? coding_weight(accept, RC_STR("br")) : -1;
	int gzip = file->gzip.len > 0 ? coding_weight(accept, RC_STR("gzip")) : -1;
	int plain = coding_weight(accept, RC_STR("identity"));

	/* Unnamed, plain is acceptable, but anything that is named is wanted more. */
	if (brotli > 0 && brotli >= gzip && brotli >= plain)
		return CODING_BROTLI;
	if (gzip > 0 && gzip >= plain)
		return CODING_GZIP;
	return CODING_PLAIN;
}

/* Weak comparison with the tag of any of our codings would answer too much: only the representation that we would send
 * counts. */
static bool none_match(struct rc_str condition, struct rc_str tag)
{
	if (rc_str_is(str_trimmed(condition), "*"))
		return false;
	while (condition.len > 0) {
		struct rc_str candidate = str_trimmed(rc_str_cut(&condition, ','));

		if (rc_str_starts(candidate, RC_STR("W/")))
			candidate = (struct rc_str){candidate.ptr + 2, candidate.len - 2};
		if (rc_str_eq(candidate, tag))
			return false;
	}
	return true;
}

void static_handle(struct http_request *req, void *arg)
{
	static const char *const suffixes[] = {[CODING_BROTLI] = "-br", [CODING_GZIP] = "-gzip", [CODING_PLAIN] = ""};
	const struct static_file *file = static_find(arg, req->path);
	struct rc_str condition, tag, body;
	enum coding coding;

	if (!file) {
		http_problem(req, &(struct http_problem){.status = 404,
							 .code = "not-found",
							 .title = "Not found",
							 .detail = RC_STR("There is no such file.")});
		return;
	}
	coding = coding_choose(file, http_header(req, "accept-encoding"));
	body = coding == CODING_BROTLI ? file->brotli : coding == CODING_GZIP ? file->gzip : file->plain;
	tag = rc_str_from(file->etag);
	tag = rc_str_from(rc_arena_printf(&req->arena, "%.*s%s\"", (int)tag.len - 1, tag.ptr, suffixes[coding]));
	http_reply_header(req, "ETag", tag);
	http_reply_header(req, "Cache-Control",
			  file->immutable ? RC_STR("public, max-age=31536000, immutable") : RC_STR("no-cache"));
	if (file->gzip.len > 0 || file->brotli.len > 0)
		http_reply_header(req, "Vary", RC_STR("Accept-Encoding"));
	condition = http_header(req, "if-none-match");
	if (condition.len > 0 && !none_match(condition, tag)) {
		http_reply(req, 304, NULL, RC_STR(""));
		return;
	}
	if (coding != CODING_PLAIN)
		http_reply_header(req, "Content-Encoding", coding == CODING_BROTLI ? RC_STR("br") : RC_STR("gzip"));
	http_reply(req, 200, file->content_type, body);
}
