/*
 * Requests through the connection's parser. The first byte says where the input is cut. Checked: the outcome is the
 * same whole, cut, and byte by byte; never more is taken than is there; a request that is taken obeys the limits.
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/http/parser.h"
#include "rowcast/http/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {
	.request_line_bytes_max = 100, .header_bytes_max = 200, .header_count_max = 8, .body_bytes_max = 50};

struct outcome {
	int err, status;
	size_t taken, fields, body_len;
	uint64_t body_sum;
	bool keep_alive;
};

static uint64_t sum_of(struct rc_str s)
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < s.len; i++)
		sum = (sum ^ (uint8_t)s.ptr[i]) * 1099511628211u;
	return sum;
}

static void check_request(const struct http_request *req, const struct parser *parser)
{
	struct path_parts parts;
	struct rc_str path;
	struct rc_arena arena;

	rc_check(req->method.len > 0 && req->target.len > 0 && req->body.len <= 50 && parser->field_count <= 8);
	for (size_t i = 0; i < parser->field_count; i++) {
		for (size_t k = 0; k < parser->fields[i].value.len; k++)
			rc_check(!strchr("\r\n", parser->fields[i].value.ptr[k]));
	}
	rc_arena_init(&arena, 256);
	if (req->target.ptr[0] == '/' && path_decode(&arena, req->target, &path, &parts) == 0)
		rc_check(!memchr(path.ptr, 0, path.len) && parts.count > 0);
	rc_arena_release(&arena);
}

static struct outcome run(const uint8_t *data, size_t size, size_t first, size_t step)
{
	struct outcome outcome = {.err = RC_AGAIN};
	struct http_request req = {0};
	struct parser parser = {0};
	size_t have = first < size ? first : size;

	rc_arena_init(&req.arena, 1024);
	parser_begin(&parser, &req, &limits);
	for (;;) {
		size_t room = have - outcome.taken, used;
		char *copy = malloc(room ? room : 1);

		memcpy(copy, data + outcome.taken, room);
		outcome.err = parser_feed(&parser, copy, room, &used);
		free(copy);
		rc_check(used <= room);
		outcome.taken += used;
		if (outcome.err != RC_AGAIN || have == size)
			break;
		have = have + step < size ? have + step : size;
	}
	if (outcome.err == 0) {
		check_request(&req, &parser);
		outcome.fields = parser.field_count;
		outcome.body_len = req.body.len;
		outcome.body_sum = sum_of(req.body);
		outcome.keep_alive = parser.keep_alive;
	} else {
		outcome.status = parser.status;
		outcome.taken = 0; /* of no interest: the connection ends, or goes on with more */
	}
	parser_release(&parser);
	rc_arena_release(&req.arena);
	return outcome;
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	rc_check(a->err == b->err && a->status == b->status && a->taken == b->taken && a->fields == b->fields);
	rc_check(a->body_len == b->body_len && a->body_sum == b->body_sum && a->keep_alive == b->keep_alive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut, bytes;
	size_t at;

	if (size < 1 || size > 4096)
		return 0;
	at = data[0];
	data++;
	size--;
	whole = run(data, size, size, size);
	cut = run(data, size, at, size);
	bytes = run(data, size, 1, 1);
	check_same(&whole, &cut);
	check_same(&whole, &bytes);
	return 0;
}
