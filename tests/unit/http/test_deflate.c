/* permessage-deflate: every kind of offer, and messages put together out of a head and a packed rest (RFC 7692). What
 * clients send is test_ws.c's. */
#include "rowcast/http/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PLAIN "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define SIZED PLAIN "; server_max_window_bits=15"

static void the_first_offer_that_can_be_met_is_accepted(void **state)
{
	static const struct {
		const char *offers, *answer; /* NULL: declined */
	} rows[] = {
		{"", NULL},
		{"permessage-deflate", PLAIN},
		{"permessage-deflate; client_max_window_bits", PLAIN}, /* Chromium's */
		{"permessage-deflate;client_max_window_bits=8", PLAIN},
		{"permessage-deflate; client_max_window_bits=\"15\"", PLAIN},
		{"permessage-deflate; server_no_context_takeover; client_no_context_takeover", PLAIN},
		{" permessage-deflate\t; server_max_window_bits = 15 ", SIZED},
		{"permessage-deflate; server_max_window_bits=\"15\"; client_max_window_bits", SIZED},
		/* A smaller window of ours: declined, unless the client would do without. */
		{"permessage-deflate; server_max_window_bits=14", NULL},
		{"permessage-deflate; server_max_window_bits=8, permessage-deflate", PLAIN},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=15", SIZED},
		/* Unknown, repeated, malformed. */
		{"permessage-deflate; x", NULL},
		{"permessage-deflate; x, bbf-usp-protocol, permessage-deflate", PLAIN},
		{"permessage-deflate; Server_No_Context_Takeover", NULL},
		{"permessage-deflate; client_no_context_takeover; client_no_context_takeover", NULL},
		{"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits=15", NULL},
		{"permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", NULL},
		{"permessage-deflate; server_no_context_takeover=1", NULL},
		{"permessage-deflate; client_no_context_takeover=", NULL},
		{"permessage-deflate; server_max_window_bits", NULL},
		{"permessage-deflate; server_max_window_bits=", NULL},
		{"permessage-deflate; server_max_window_bits=015", NULL},
		{"permessage-deflate; server_max_window_bits=16", NULL},
		{"permessage-deflate; server_max_window_bits=\"15", NULL},
		{"permessage-deflate; client_max_window_bits=7", NULL},
		{"permessage-deflate; client_max_window_bits=16", NULL},
		{"permessage-deflate; client_max_window_bits=20", NULL},
		{"permessage-deflate; client_max_window_bits=1x", NULL},
		{"permessage-deflate; client_max_window_bits=", NULL},
		{"permessage-deflate; client_max_window_bits=\"\"", NULL},
		{"permessage-deflate;", NULL},
		{"permessage-deflate; ; client_max_window_bits", NULL},
		{"permessage-deflate=1", NULL},
		{"permessage-deflat, permessage-deflates, x-webkit-deflate-frame", NULL},
		{", ,permessage-deflate", PLAIN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf answer = BUF_INIT;
		bool accepted = deflate_accept(rc_str_from(rows[i].offers), &answer);

		if (accepted != (rows[i].answer != NULL))
			fail_msg("\"%s\" was %s", rows[i].offers, accepted ? "accepted" : "declined");
		assert_string_equal(buf_cstr(&answer), rows[i].answer ? rows[i].answer : "");
		buf_release(&answer);
	}
}

/* The payload of a frame that begins with deflate_header. */
static size_t header_bytes(const uint8_t *header)
{
	return header[1] < 126 ? 2 : header[1] == 126 ? 4 : 10;
}

static void heads_that_differ_go_before_what_was_packed_once(void **state)
{
	static const size_t heads[] = {0, 1, 100, 65535}, bodies[] = {0, 1, 3000, 1 << 20};
	struct inflater *inflater = inflater_create();
	char *text = malloc(65535 + (1 << 20));

	for (size_t i = 0; i < 65535 + (1 << 20); i++)
		text[i] = (char)('a' + i * i % 23);
	for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++) {
		struct buf packed = BUF_INIT;

		deflate_pack(&packed, (struct rc_str){text + 65535, bodies[b]});
		assert_true(bodies[b] < 3000 || packed.len < bodies[b] / 2);
		for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
			struct buf message = BUF_INIT;
			uint8_t header[DEFLATE_HEAD_MAX], plain[WS_HEADER_MAX];
			size_t len = deflate_header(header, heads[h], packed.len), at = header_bytes(header);
			struct rc_str out;

			assert_int_equal(ws_header(plain, WS_TEXT, len - at + heads[h] + packed.len), at);
			plain[0] |= WS_RSV1;
			assert_memory_equal(header, plain, at);
			buf_append(&message, header + at, len - at);
			buf_append(&message, text + 65535 - heads[h], heads[h]);
			buf_append_str(&message, buf_str(&packed));
			assert_int_equal(inflater_message(inflater, buf_str(&message), 2 << 20, &out), 0);
			assert_int_equal(out.len, heads[h] + bodies[b]);
			assert_true(out.len == 0 || memcmp(out.ptr, text + 65535 - heads[h], out.len) == 0);
			buf_release(&message);
		}
		buf_release(&packed);
	}
	free(text);
	inflater_destroy(inflater);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_offer_that_can_be_met_is_accepted),
		cmocka_unit_test(heads_that_differ_go_before_what_was_packed_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
