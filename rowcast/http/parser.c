/*
 * HTTP/1.1 requests (RFC 9112) on llhttp, with a gate in front of it.
 *
 * Design: the gate looks at every byte first. It cuts the input into lines, holds the limits, and refuses what makes
 * two readers disagree about where a request ends: bare CR or LF, NUL, folded fields, a space before the colon,
 * repeated or list Content-Length, Content-Length with Transfer-Encoding, a coding other than one `chunked`. Only
 * whole, clean lines go on to llhttp, which reads the fields and the chunk framing; where the two count differently the
 * request is refused.
 *
 * Rejected: llhttp alone (8.1.0 honours a folded Content-Length even in strict mode and bounds nothing), a parser of
 * our own alone (no second opinion). docs/decisions/0004-http-on-llhttp.md
 *
 * The head is copied into the request's arena once it is whole; all fields point into that copy, so llhttp sees it in
 * one piece.
 */
#include "rowcast/http/parser.h"

#include <stdlib.h>

static int refuse(struct parser *parser, int status, const char *detail)
{
	parser->phase = PARSER_REFUSED;
	parser->status = status;
	parser->detail = detail;
	return RC_INVALID;
}

static bool is_token(unsigned char c) /* RFC 9110 §5.6.2 */
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c && c < 0x80 && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* llhttp's side. */

static void span_extend(struct rc_str *span, const char *at, size_t len)
{
	if (!span->ptr)
		*span = (struct rc_str){at, len};
	else
		span->len = (size_t)(at - span->ptr) + len;
}

/* NULL: in the trailers, which the gate checks and nobody reads; or past the fields that the gate has counted. */
static struct http_field *field_under_way(llhttp_t *llhttp)
{
	struct parser *parser = llhttp->data;

	return parser->phase == PARSER_FIELDS && parser->field_count < parser->lines
		       ? &parser->fields[parser->field_count]
		       : NULL;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;

	span_extend(&parser->req->target, at, len);
	return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;
	struct http_field *field = field_under_way(llhttp);

	if (!field)
		return parser->phase == PARSER_FIELDS ? HPE_USER : 0;
	span_extend(&field->name, at, len);
	return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct http_field *field = field_under_way(llhttp);

	if (field)
		span_extend(&field->value, at, len);
	return 0;
}

static int on_header_value_complete(llhttp_t *llhttp)
{
	struct parser *parser = llhttp->data;
	struct http_field *field = field_under_way(llhttp);

	if (!field)
		return 0;
	while (field->value.len > 0 && strchr(" \t", field->value.ptr[field->value.len - 1]))
		field->value.len--;
	if (++parser->field_count < parser->lines)
		parser->fields[parser->field_count] = (struct http_field){0};
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	struct parser *parser = llhttp->data;

	parser->keep_alive = llhttp_should_keep_alive(llhttp);
	parser->http_1_0 = llhttp->http_minor == 0;
	return 0;
}

static int on_chunk_header(llhttp_t *llhttp)
{
	struct parser *parser = llhttp->data;

	parser->body_left = llhttp->content_length;
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;
	struct http_body *body = &parser->body;

	if (body->cap - body->len < len) {
		size_t cap = body->cap ? body->cap * 2 : 1024;
		char *bytes;

		while (cap < body->len + len)
			cap *= 2;
		bytes = rc_arena_alloc(&parser->req->arena, cap);
		if (body->len > 0)
			memcpy(bytes, body->bytes, body->len);
		body->bytes = bytes;
		body->cap = cap;
	}
	memcpy(body->bytes + body->len, at, len);
	body->len += len;
	return 0;
}

static const llhttp_settings_t callbacks = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_body = on_body,
};

/* An upgrade that we do not speak here is no upgrade: the request is complete like any other. */
static int llhttp_take(struct parser *parser, const char *bytes, size_t len)
{
	llhttp_errno_t err = llhttp_execute(&parser->llhttp, bytes, len);

	if (err == HPE_OK || err == HPE_PAUSED_UPGRADE)
		return 0;
	return refuse(parser, 400, "The request is not well-formed HTTP/1.1.");
}

/* The gate. */

void parser_begin(struct parser *parser, struct http_request *req, const struct http_limits *limits)
{
	struct http_field *fields = parser->fields;

	if (!fields)
		fields = rc_xmalloc(sizeof(*fields) * (size_t)limits->header_count_max);
	*parser = (struct parser){.limits = limits, .req = req, .fields = fields};
	fields[0] = (struct http_field){0};
	llhttp_init(&parser->llhttp, HTTP_REQUEST, &callbacks);
	parser->llhttp.data = parser;
}

void parser_release(struct parser *parser)
{
	free(parser->fields);
	parser->fields = NULL;
}

/* §3: method SP target SP version. What is wrong here is told apart, so that people know what to change. */
static int request_line_check(struct parser *parser, const char *line, size_t len)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"};
	struct rc_str rest = {line, len}, method = rc_str_cut(&rest, ' '), target = rc_str_cut(&rest, ' ');
	struct rc_str version = rest;
	bool known = false;

	if (method.len == 0 || target.len == 0)
		return refuse(parser, 400, "The request line must be: method, one space, target, one space, version.");
	for (size_t i = 0; i < method.len; i++) {
		if (!is_token((unsigned char)method.ptr[i]))
			return refuse(parser, 400, "The method has a character that is not allowed.");
	}
	for (size_t i = 0; i < target.len; i++) {
		unsigned char c = (unsigned char)target.ptr[i];

		if (c <= ' ' || c >= 0x7F || c == '#')
			return refuse(parser, 400, "The request target has a character that must be percent-encoded.");
	}
	if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || !is_digit(version.ptr[5]) ||
	    version.ptr[6] != '.' || !is_digit(version.ptr[7]))
		return refuse(parser, 400, "The request line must end in the HTTP version.");
	if (version.ptr[5] != '1' || version.ptr[7] > '1')
		return refuse(parser, 505, "This server speaks HTTP/1.1 and HTTP/1.0.");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		known = known || rc_str_is(method, methods[i]);
	if (!known)
		return refuse(parser, 501, "This server does not know that method.");
	if (target.ptr[0] != '/' && !(rc_str_is(method, "OPTIONS") && rc_str_is(target, "*")) &&
	    !rc_str_starts(target, RC_STR("http://")) && !rc_str_starts(target, RC_STR("https://")))
		return refuse(parser, 400, "The request target must be a path or an http address.");
	return 0;
}

/* §5: name ":" value, never folded, no space before the colon. */
static int field_line_check(struct parser *parser, const char *line, size_t len)
{
	size_t i = 0;

	if (line[0] == ' ' || line[0] == '\t')
		return refuse(parser, 400, "A header field must stand on one line; folding is not allowed.");
	while (i < len && is_token((unsigned char)line[i]))
		i++;
	if (i == 0 || i == len || line[i] != ':')
		return refuse(parser, 400,
			      "A header field must be: name, colon, value, without a space before the colon.");
	for (i++; i < len; i++) {
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7F)
			return refuse(parser, 400, "A header field has a control character in its value.");
	}
	if (++parser->lines > (size_t)parser->limits->header_count_max)
		return refuse(parser, 431, "The request has too many header fields.");
	return 0;
}

/*
 * Find the next whole line from `scanned` on. 0: it begins at line_begin and its CRLF ends at *end; RC_AGAIN: not there
 * yet. A line under way that holds more than line_max bytes before its CRLF is refused with `status`.
 */
static int line_scan(struct parser *parser, const char *bytes, size_t len, size_t line_max, int status,
		     const char *detail, size_t *end)
{
	size_t begin = parser->line_begin, i = parser->scanned;

	for (; i < len; i++) {
		char c = bytes[i];
		bool after_cr = i > begin && bytes[i - 1] == '\r';

		if (c == '\n') {
			if (!after_cr)
				return refuse(parser, 400, "A line must end in CR LF, not in LF alone.");
			*end = parser->scanned = i + 1;
			return 0;
		}
		if (after_cr)
			return refuse(parser, 400, "CR must be followed by LF.");
		if (c == 0)
			return refuse(parser, 400, "A NUL byte is not allowed.");
		if (c != '\r' && i - begin >= line_max)
			return refuse(parser, status, detail);
	}
	parser->scanned = i;
	return RC_AGAIN;
}

static struct rc_str only_field(struct parser *parser, const char *name, size_t *count)
{
	struct rc_str found = RC_STR_NONE, wanted = rc_str_from(name);

	*count = 0;
	for (size_t i = 0; i < parser->field_count; i++) {
		if (rc_str_eq_nocase(parser->fields[i].name, wanted) && (*count)++ == 0)
			found = parser->fields[i].value;
	}
	return found;
}

/* Letters, digits and some of `marks`: a name, an IPv4 address, or what stands between the brackets of an IPv6 one. */
static bool host_name_valid(struct rc_str name, const char *marks)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if (!is_digit((char)c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && (!c || !strchr(marks, c)))
			return false;
	}
	return name.len > 0;
}

static bool host_valid(struct rc_str host)
{
	struct rc_str rest = host, name;
	int64_t port = 0;
	bool has_port;

	if (host.len > 0 && host.ptr[0] == '[') {
		rest = (struct rc_str){host.ptr + 1, host.len - 1};
		name = rc_str_cut(&rest, ']');
		if (!host_name_valid(name, ":.%") || name.len + 2 > host.len || (rest.len > 0 && rest.ptr[0] != ':'))
			return false;
		has_port = rest.len > 0;
		rest = has_port ? (struct rc_str){rest.ptr + 1, rest.len - 1} : rest;
	} else {
		name = rc_str_cut(&rest, ':');
		if (!host_name_valid(name, "-._~%"))
			return false;
		has_port = name.len < host.len;
	}
	/* RFC 3986 allows an empty port. */
	return !has_port || rest.len == 0 ||
	       (is_digit(rest.ptr[0]) && rc_str_to_i64(rest, &port) == 0 && port <= 65535);
}

static int host_check(struct parser *parser)
{
	size_t count;
	struct rc_str host = only_field(parser, "host", &count);

	if (count > 1)
		return refuse(parser, 400, "The Host field is repeated.");
	if (count == 0 && !parser->http_1_0)
		return refuse(parser, 400, "The Host field is missing.");
	if (count == 1 && !host_valid(host))
		return refuse(parser, 400, "The Host field is not a host name with an optional port.");
	return 0;
}

/* §6: how long the body is. Every doubt is a 400. */
static int framing_check(struct parser *parser, bool *chunked)
{
	size_t length_count, coding_count;
	struct rc_str length = only_field(parser, "content-length", &length_count);
	struct rc_str coding = only_field(parser, "transfer-encoding", &coding_count);

	if (length_count > 1)
		return refuse(parser, 400, "Content-Length is repeated.");
	if (coding_count > 0 && length_count > 0)
		return refuse(parser, 400, "Content-Length and Transfer-Encoding exclude each other.");
	if (coding_count > 0 && (coding_count > 1 || !rc_str_eq_nocase(coding, RC_STR("chunked")) || parser->http_1_0))
		return refuse(parser, 400, "The only Transfer-Encoding that is understood is one `chunked`.");
	*chunked = coding_count > 0;
	if (length_count == 0)
		return 0;
	if (length.len == 0)
		return refuse(parser, 400, "Content-Length is empty.");
	for (size_t i = 0; i < length.len; i++) {
		if (!is_digit(length.ptr[i]))
			return refuse(parser, 400, "Content-Length must be one decimal number.");
	}
	if (rc_str_to_u64(length, &parser->body_left) != 0 ||
	    parser->body_left > (uint64_t)parser->limits->body_bytes_max)
		return refuse(parser, 413, "The body is larger than this server takes.");
	return 0;
}

static int expect_check(struct parser *parser)
{
	size_t count;
	struct rc_str expect = only_field(parser, "expect", &count);

	if (count == 0 || parser->http_1_0)
		return 0;
	if (count > 1 || !rc_str_eq_nocase(expect, RC_STR("100-continue")))
		return refuse(parser, 417, "The only expectation that is understood is 100-continue.");
	parser->expect_continue = true;
	return 0;
}

/* The head is whole and clean: copy it, let llhttp read it, then decide what follows. */
static int head_take(struct parser *parser, const char *bytes, size_t len)
{
	struct rc_str head = rc_arena_copy(&parser->req->arena, (struct rc_str){bytes, len});
	bool chunked = false;
	int err;

	parser->req->method = (struct rc_str){head.ptr, (size_t)((const char *)memchr(head.ptr, ' ', len) - head.ptr)};
	err = llhttp_take(parser, head.ptr, head.len);
	if (err)
		return err;
	if (parser->field_count != parser->lines)
		return refuse(parser, 400, "The header fields cannot be read in one way only.");
	err = host_check(parser);
	if (!err)
		err = framing_check(parser, &chunked);
	if (!err)
		err = expect_check(parser);
	if (err)
		return err;
	parser->lines = 0;
	parser->phase = chunked ? PARSER_CHUNK_SIZE : parser->body_left > 0 ? PARSER_BODY : PARSER_DONE;
	if (parser->phase == PARSER_BODY) {
		parser->body.cap = (size_t)parser->body_left;
		parser->body.bytes = rc_arena_alloc(&parser->req->arena, parser->body.cap);
	}
	return 0;
}

/* Request line and fields; the head is taken whole, so `bytes` begins with it until it is complete. */
static int head_feed(struct parser *parser, const char *bytes, size_t len, size_t *used)
{
	for (;;) {
		size_t begin = parser->line_begin, end = 0, block;
		int err;

		if (parser->phase == PARSER_REQUEST_LINE) {
			err = line_scan(parser, bytes, len, (size_t)parser->limits->request_line_bytes_max, 414,
					"The request line is too long.", &end);
			if (!err && end == 2 && !parser->empty_line) {
				parser->empty_line = true; /* §2.2: one before the request is ignored */
				parser->scanned = 0;
				*used = 2;
				bytes += 2;
				len -= 2;
				continue;
			}
			if (!err)
				err = request_line_check(parser, bytes, end - 2);
			if (err)
				return err;
			parser->line_begin = parser->line_end = end;
			parser->phase = PARSER_FIELDS;
			continue;
		}
		/* The block is the field lines with their ends; a line may fill what the ones before have left. */
		block = (size_t)parser->limits->header_bytes_max - (begin - parser->line_end);
		err = line_scan(parser, bytes, len, block > 2 ? block - 2 : 0, 431, "The header block is too large.",
				&end);
		if (err)
			return err;
		if (end - begin == 2) {
			*used += end;
			return head_take(parser, bytes, end);
		}
		err = field_line_check(parser, bytes + begin, end - begin - 2);
		if (err)
			return err;
		parser->line_begin = end;
	}
}

/* Body of known length: bytes are counted, there is nothing to parse. */
static int body_feed(struct parser *parser, const char *bytes, size_t len, size_t *used)
{
	size_t take = len - *used < parser->body_left ? len - *used : (size_t)parser->body_left;

	memcpy(parser->body.bytes + parser->body.len, bytes + *used, take);
	parser->body.len += take;
	parser->body_left -= take;
	*used += take;
	if (parser->body_left > 0)
		return RC_AGAIN;
	parser->phase = PARSER_DONE;
	return 0;
}

/* §7.1: size in hex, then extensions, which are bounded over the whole body. */
static int chunk_size_take(struct parser *parser, const char *line, size_t len)
{
	size_t digits = 0;
	int err;

	while (digits < len - 2 &&
	       (is_digit(line[digits]) || ((line[digits] | 0x20) >= 'a' && (line[digits] | 0x20) <= 'f')))
		digits++;
	if (digits == 0 || digits > 16 || (digits < len - 2 && line[digits] != ';'))
		return refuse(parser, 400, "A chunk must begin with its size in hexadecimal.");
	for (size_t i = digits; i < len - 2; i++) {
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7F)
			return refuse(parser, 400, "A chunk extension has a control character.");
	}
	parser->extra_bytes += len - 2 - digits;
	if (parser->extra_bytes > (size_t)parser->limits->header_bytes_max)
		return refuse(parser, 431, "The chunk extensions are too large.");
	err = llhttp_take(parser, line, len);
	if (err)
		return err;
	if (parser->body_left > (uint64_t)parser->limits->body_bytes_max - parser->body.len)
		return refuse(parser, 413, "The body is larger than this server takes.");
	parser->phase = parser->body_left > 0 ? PARSER_CHUNK_DATA : PARSER_TRAILERS;
	if (parser->phase == PARSER_TRAILERS)
		parser->extra_bytes = 0;
	return 0;
}

static int chunk_data_take(struct parser *parser, const char *bytes, size_t len, size_t *used)
{
	size_t take = len - *used < parser->body_left ? len - *used : (size_t)parser->body_left;
	int err;

	if (take == 0)
		return RC_AGAIN;
	parser->body_left -= take;
	err = llhttp_take(parser, bytes + *used, take);
	*used += take;
	if (!err && parser->body_left == 0)
		parser->phase = PARSER_CHUNK_END;
	return err;
}

static int trailer_take(struct parser *parser, const char *line, size_t len)
{
	int err = len == 2 ? 0 : field_line_check(parser, line, len - 2);

	if (!err)
		err = llhttp_take(parser, line, len);
	if (err)
		return err;
	parser->extra_bytes += len;
	if (len == 2)
		parser->phase = PARSER_DONE;
	return 0;
}

static int chunk_line_feed(struct parser *parser, const char *bytes, size_t len, size_t *used)
{
	size_t end = 0, room = (size_t)parser->limits->header_bytes_max - parser->extra_bytes;
	int err;

	bytes += *used;
	len -= *used;
	if (parser->phase == PARSER_CHUNK_END)
		err = line_scan(parser, bytes, len, 0, 400, "A chunk is longer than its size says.", &end);
	else if (parser->phase == PARSER_CHUNK_SIZE)
		err = line_scan(parser, bytes, len, room + 16, 431, "The chunk extensions are too large.", &end);
	else
		err = line_scan(parser, bytes, len, room > 2 ? room - 2 : 0, 431, "The trailers are too large.", &end);
	if (err)
		return err;
	parser->scanned = 0;
	*used += end;
	if (parser->phase == PARSER_CHUNK_END) {
		parser->phase = PARSER_CHUNK_SIZE;
		return llhttp_take(parser, bytes, end);
	}
	return parser->phase == PARSER_CHUNK_SIZE ? chunk_size_take(parser, bytes, end)
						  : trailer_take(parser, bytes, end);
}

int parser_feed(struct parser *parser, const char *bytes, size_t len, size_t *used)
{
	int err = 0;

	*used = 0;
	while (!err && parser->phase != PARSER_DONE) {
		switch (parser->phase) {
		case PARSER_REQUEST_LINE:
		case PARSER_FIELDS:
			err = head_feed(parser, bytes, len, used);
			if (!err)
				parser->scanned = parser->line_begin = 0;
			break;
		case PARSER_BODY:
			err = body_feed(parser, bytes, len, used);
			break;
		case PARSER_CHUNK_DATA:
			err = chunk_data_take(parser, bytes, len, used);
			break;
		case PARSER_CHUNK_SIZE:
		case PARSER_CHUNK_END:
		case PARSER_TRAILERS:
			err = chunk_line_feed(parser, bytes, len, used);
			break;
		default:
			return RC_INVALID;
		}
	}
	if (!err)
		parser->req->body = (struct rc_str){parser->body.bytes, parser->body.len};
	return err;
}
