/* Requests at every split point: the outcome must not depend on how the bytes arrive. */
#include "rowcast/http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct http_limits limits = {
	.request_line_bytes_max = 40, .header_bytes_max = 80, .header_count_max = 4, .body_bytes_max = 10};

static struct parser parser;
static struct http_request req;

static void describe(char out[256], int err, size_t unread)
{
	if (err == RC_AGAIN)
		snprintf(out, 256, "more");
	else if (err)
		snprintf(out, 256, "%d", parser.status);
	else
		snprintf(out, 256, "%.*s %.*s %zu fields, body '%.*s', %s, %zu unread", RC_STR_ARG(req.method),
			 RC_STR_ARG(req.target), parser.field_count, (int)req.body.len,
			 req.body.len ? req.body.ptr : "", parser.keep_alive ? "keep" : "close", unread);
}

/* Give the input in pieces of `first` and then `step` bytes, as a connection does: what is not taken comes again. */
static void run(const char *input, size_t len, size_t first, size_t step, char out[256])
{
	size_t at = 0, have = first < len ? first : len;
	int err;

	rc_arena_init(&req.arena, 1024);
	parser_begin(&parser, &req, &limits);
	for (;;) {
		char *copy = malloc(have - at + 1);
		size_t used;

		memcpy(copy, input + at, have - at);
		err = parser_feed(&parser, copy, have - at, &used);
		free(copy);
		assert_true(used <= have - at);
		at += used;
		if (err != RC_AGAIN || have == len)
			break;
		have = have + step < len ? have + step : len;
	}
	describe(out, err, len - at);
	parser_release(&parser);
	rc_arena_release(&req.arena);
	req = (struct http_request){0};
}

static void check_bytes(const char *input, size_t len, const char *expected)
{
	char out[256];

	for (size_t split = 0; split <= len; split++) {
		run(input, len, split, len, out);
		if (strcmp(out, expected) != 0)
			fail_msg("split at %zu of %s: %s, not %s", split, input, out, expected);
	}
	run(input, len, 1, 1, out);
	assert_string_equal(out, expected);
}

#define CHECK(input, expected) check_bytes((input), sizeof(input) - 1, (expected))
#define HOST                   "Host: a\r\n"
#define GET                    "GET / HTTP/1.1\r\n" HOST
#define CHUNKED                "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static void whole_requests_are_taken_and_no_byte_more(void **state)
{
	CHECK(GET "\r\n", "GET / 1 fields, body '', keep, 0 unread");
	CHECK("\r\n" GET "\r\n", "GET / 1 fields, body '', keep, 0 unread");
	CHECK("GET /a?b=c HTTP/1.0\r\n\r\n", "GET /a?b=c 0 fields, body '', close, 0 unread");
	CHECK("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nConnection: close\r\n\r\nabc",
	      "POST / 3 fields, body 'abc', close, 0 unread");
	CHECK(CHUNKED "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n", "POST / 2 fields, body 'abcde', keep, 0 unread");
	CHECK(GET "Empty:\r\nOws: \t x y \r\n\r\n", "GET / 3 fields, body '', keep, 0 unread");
	CHECK(GET "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "GET / 3 fields, body '', keep, 0 unread");
}

static void incomplete_requests_wait(void **state)
{
	CHECK(GET, "more");
	CHECK("GET / HTTP/1.1\r", "more");
	CHECK("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab", "more");
	CHECK(CHUNKED "3\r\nabc\r\n0\r\n", "more");
}

/* A piece may end in the next request; then those bytes are left where they are. */
static void a_pipelined_request_stays_unread(void **state)
{
	static const char input[] = GET "\r\n" GET "\r\n";
	char out[256];

	run(input, sizeof(input) - 1, sizeof(input) - 1, 1, out);
	assert_string_equal(out, "GET / 1 fields, body '', keep, 27 unread");
	static const char chunks[] = CHUNKED "1\r\na\r\n0\r\n\r\nGET";

	run(chunks, sizeof(chunks) - 1, sizeof(chunks) - 1, 1, out);
	assert_string_equal(out, "POST / 2 fields, body 'a', keep, 3 unread");
}

static void what_two_readers_could_take_differently_is_refused(void **state)
{
	CHECK(GET "X: a\r\n b\r\n\r\n", "400");
	CHECK(GET "X: a\nY: b\r\n\r\n", "400");
	CHECK(GET "X: a\rY: b\r\n\r\n", "400");
	CHECK(GET "X: \0\r\n\r\n", "400");
	CHECK(GET "X : a\r\n\r\n", "400");
	CHECK(GET HOST "\r\n", "400");
	CHECK("GET / HTTP/1.1\r\n\r\n", "400");
	CHECK(GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400");
	CHECK(GET "Content-Length: 1, 1\r\n\r\na", "400");
	CHECK(GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400");
	CHECK(GET "Transfer-Encoding: gzip, chunked\r\n\r\n", "400");
	CHECK(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400");
	CHECK("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400");
	CHECK(CHUNKED "3\r\nabcd\r\n", "400");
	CHECK(CHUNKED "3\nabc\r\n", "400");
	CHECK(CHUNKED "g\r\n", "400");
	CHECK(CHUNKED "0\r\nX : y\r\n\r\n", "400");
	CHECK("\r\n\r\n" GET "\r\n", "400");
}

static void methods_and_versions_that_we_do_not_speak(void **state)
{
	CHECK("FROB / HTTP/1.1\r\n" HOST "\r\n", "501");
	CHECK("GET / HTTP/2.0\r\n" HOST "\r\n", "505");
	CHECK("GET / HTTP/1.1 \r\n", "400");
	CHECK("GET  / HTTP/1.1\r\n", "400");
	CHECK(GET "Expect: the worst\r\n\r\n", "417");
}

#define X10 "xxxxxxxxxx"

static void limits_hold_at_the_maximum_and_one_past_it(void **state)
{
	/* request line of 40 */
	CHECK("GET /" X10 X10 "xxxxxx HTTP/1.1\r\n" HOST "\r\n",
	      "GET /" X10 X10 "xxxxxx 1 fields, body '', keep, 0 unread");
	CHECK("GET /" X10 X10 "xxxxxxx HTTP/1.1\r\n" HOST "\r\n", "414");
	/* block of 80: 9 + 71 */
	CHECK(GET "X: " X10 X10 X10 X10 X10 X10 "xxxxxx\r\n\r\n", "GET / 2 fields, body '', keep, 0 unread");
	CHECK(GET "X: " X10 X10 X10 X10 X10 X10 "xxxxxxx\r\n\r\n", "431");
	/* four fields */
	CHECK(GET "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", "GET / 4 fields, body '', keep, 0 unread");
	CHECK(GET "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", "431");
	/* body of 10 */
	CHECK(GET "Content-Length: 10\r\n\r\n" X10, "GET / 2 fields, body '" X10 "', keep, 0 unread");
	CHECK(GET "Content-Length: 11\r\n\r\n" X10 "x", "413");
	CHECK(CHUNKED "a\r\n" X10 "\r\n0\r\n\r\n", "POST / 2 fields, body '" X10 "', keep, 0 unread");
	CHECK(CHUNKED "b\r\n" X10 "x\r\n0\r\n\r\n", "413");
	CHECK(CHUNKED "a\r\n" X10 "\r\n1\r\nx\r\n", "413");
	/* chunk extensions of 80 altogether */
	CHECK(CHUNKED "1;" X10 X10 X10 X10 X10 X10 X10 "xxxxxxxxx\r\na\r\n0\r\n\r\n",
	      "POST / 2 fields, body 'a', keep, 0 unread");
	CHECK(CHUNKED "1;" X10 X10 X10 X10 X10 X10 X10 X10 "\r\na\r\n0\r\n\r\n", "431");
	/* trailers of 80 and four */
	CHECK(CHUNKED "0\r\nX: " X10 X10 X10 X10 X10 X10 X10 "xxxxx\r\n\r\n",
	      "POST / 2 fields, body '', keep, 0 unread");
	CHECK(CHUNKED "0\r\nX: " X10 X10 X10 X10 X10 X10 X10 "xxxxxx\r\n\r\n", "431");
	CHECK(CHUNKED "0\r\nA:1\r\nB:1\r\nC:1\r\nD:1\r\n\r\n", "POST / 2 fields, body '', keep, 0 unread");
	CHECK(CHUNKED "0\r\nA:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\n\r\n", "431");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_requests_are_taken_and_no_byte_more),
		cmocka_unit_test(incomplete_requests_wait),
		cmocka_unit_test(a_pipelined_request_stays_unread),
		cmocka_unit_test(what_two_readers_could_take_differently_is_refused),
		cmocka_unit_test(methods_and_versions_that_we_do_not_speak),
		cmocka_unit_test(limits_hold_at_the_maximum_and_one_past_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
