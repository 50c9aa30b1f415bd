/*
 * Bytes → request, sans I/O. It is fed the unread input from its beginning and takes whole lines only, so that partial
 * input is kept once, by the connection, and every refusal is the same wherever the bytes were split.
 */
#ifndef ROWCAST_HTTP_PARSER_H
#define ROWCAST_HTTP_PARSER_H

#include <llhttp.h>

#include "rowcast/http/http.h"

struct http_field {
	struct rc_str name, value;
};

struct http_body {
	char *bytes; /* in the request's arena */
	size_t len, cap;
};

enum parser_phase {
	PARSER_REQUEST_LINE,
	PARSER_FIELDS,
	PARSER_BODY, /* of known length */
	PARSER_CHUNK_SIZE,
	PARSER_CHUNK_DATA,
	PARSER_CHUNK_END, /* the CRLF behind the data */
	PARSER_TRAILERS,
	PARSER_DONE,
	PARSER_REFUSED,
};

struct parser {
	const struct http_limits *limits;
	struct http_request *req;
	struct http_field *fields; /* limits->header_count_max of them, allocated once */
	size_t field_count;
	llhttp_t llhttp;
	enum parser_phase phase;
	bool keep_alive, http_1_0, expect_continue;
	bool empty_line;    /* one was skipped before the request line */
	size_t scanned;     /* of the unread input, known to be clean */
	size_t line_begin;  /* of the line under way */
	size_t line_end;    /* of the request line, behind its CRLF */
	size_t lines;       /* fields, then trailers, so far */
	size_t extra_bytes; /* chunk extensions and trailers so far */
	uint64_t body_left; /* of the body or of the chunk */
	struct http_body body;
	int status;         /* REFUSED: what to answer */
	const char *detail; /* REFUSED: why, one sentence */
};

/* One request's beginning; `fields` are kept. */
void parser_begin(struct parser *parser, struct http_request *req, const struct http_limits *limits);
void parser_release(struct parser *parser);
/*
 * Look at the unread input. *used: bytes that are taken; the rest must come again, with more behind it.
 * RC_AGAIN: more input is needed. 0: the request is whole. RC_INVALID: refused, with status and detail.
 */
int parser_feed(struct parser *parser, const char *bytes, size_t len, size_t *used) RC_MUST_CHECK;
/* The request's head is whole and its body is not. */
static inline bool parser_in_body(const struct parser *parser)
{
	return parser->phase > PARSER_FIELDS && parser->phase < PARSER_DONE;
}

#endif
