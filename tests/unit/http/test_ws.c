/* The WebSocket codec at every split point: messages, fragments, control frames between them, every refusal (RFC 6455).
 */
#include "rowcast/http/ws.h"

#include "rowcast/http/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A script of events as text: "T:hello", "B:2", "C:1000:bye", "P:x", "O:x" (pong), "!1002". */
static struct buf seen;

static void note(int err, const struct ws_event *event)
{
	if (err == RC_INVALID) {
		buf_printf(&seen, "!%d ", event->close_code);
		return;
	}
	switch (event->opcode) {
	case WS_TEXT:
		buf_printf(&seen, "T:%.*s ", RC_STR_ARG(event->payload));
		break;
	case WS_BINARY:
		buf_printf(&seen, "B:%zu ", event->payload.len);
		break;
	case WS_CLOSE:
		buf_printf(&seen, "C:%d:%.*s ", event->close_code, RC_STR_ARG(event->payload));
		break;
	default:
		buf_printf(&seen, "%s:%.*s ", event->opcode == WS_PING ? "P" : "O", RC_STR_ARG(event->payload));
	}
}

/* Feed a copy of exactly these bytes, so that a read past the end is found by a sanitizer. */
static bool feed(struct ws_decoder *decoder, const char *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	size_t at = 0;
	int err;

	memcpy(copy, bytes, len);
	do {
		struct ws_event event;
		size_t used;

		err = ws_decode(decoder, copy + at, len - at, &used, &event);
		assert_true(used <= len - at);
		at += used;
		if (err != RC_AGAIN)
			note(err, &event);
	} while (err == 0);
	free(copy);
	assert_true(err == RC_INVALID || at == len);
	return err == RC_AGAIN;
}

static struct inflater *inflater; /* NULL: compression was not agreed upon */

static void check(struct buf *frames, size_t max, const char *expected)
{
	for (size_t split = 0; split <= frames->len; split += frames->len > 4096 ? 997 : 1) {
		struct ws_decoder decoder = {.message_bytes_max = max, .inflater = inflater};

		buf_clear(&seen);
		if (feed(&decoder, frames->data, split))
			feed(&decoder, frames->data + split, frames->len - split);
		assert_string_equal(buf_cstr(&seen), expected);
		ws_decoder_release(&decoder);
	}
	/* and byte by byte */
	struct ws_decoder decoder = {.message_bytes_max = max, .inflater = inflater};

	buf_clear(&seen);
	for (size_t i = 0; i < frames->len && feed(&decoder, frames->data + i, 1); i++)
		;
	assert_string_equal(buf_cstr(&seen), expected);
	ws_decoder_release(&decoder);
	buf_release(frames);
}

#define FIN 0x80

static void frame(struct buf *out, int first, struct rc_str payload)
{
	static const uint8_t mask[4] = {0xA1, 0x02, 0xF3, 0x44};

	buf_append_char(out, (char)first);
	if (payload.len < 126) {
		buf_append_char(out, (char)(0x80 | payload.len));
	} else if (payload.len < 65536) {
		buf_append_char(out, (char)(0x80 | 126));
		buf_append_char(out, (char)(payload.len >> 8));
		buf_append_char(out, (char)payload.len);
	} else {
		buf_append_char(out, (char)(0x80 | 127));
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_append_char(out, (char)((uint64_t)payload.len >> shift));
	}
	buf_append(out, mask, 4);
	for (size_t i = 0; i < payload.len; i++)
		buf_append_char(out, (char)((uint8_t)payload.ptr[i] ^ mask[i % 4]));
}

static void text_frame(struct buf *out, int first, const char *payload)
{
	frame(out, first, rc_str_from(payload));
}

static void messages_fragments_and_interleaved_control_frames_come_whole(void **state)
{
	struct buf frames = BUF_INIT;

	text_frame(&frames, FIN | WS_TEXT, "hello");
	text_frame(&frames, WS_TEXT, "fr");
	text_frame(&frames, FIN | WS_PING, "between");
	text_frame(&frames, WS_CONTINUATION, "");
	text_frame(&frames, FIN | WS_PONG, "");
	text_frame(&frames, FIN | WS_CONTINUATION, "ag");
	text_frame(&frames, FIN | WS_TEXT, "");
	text_frame(&frames, FIN | WS_BINARY, "\x01\x02");
	frame(&frames, FIN | WS_CLOSE,
	      RC_STR("\x03\xe8"
		     "bye"));
	check(&frames, 100, "T:hello P:between O: T:frag T: B:2 C:1000:bye ");
}

static void a_character_may_be_split_between_fragments(void **state)
{
	struct buf frames = BUF_INIT;

	text_frame(&frames, WS_TEXT, "\xf0\x9f");
	text_frame(&frames, FIN | WS_PING, "");
	text_frame(&frames, WS_CONTINUATION, "\x98");
	text_frame(&frames, FIN | WS_CONTINUATION, "\x80!");
	check(&frames, 100, "P: T:\xf0\x9f\x98\x80! ");
}

static void text_that_is_not_utf8_is_1007(void **state)
{
	static const char *const wrong[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
					    "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5",
					    "\xff",         "a\xc3(",           "\xe2\x28",         "\xc3"};
	static const char *const right[] = {"\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",     "\xed\x9f\xbf",
					    "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbf"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf frames = BUF_INIT;

		text_frame(&frames, FIN | WS_TEXT, wrong[i]);
		check(&frames, 100, "!1007 ");
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct buf frames = BUF_INIT;
		char expected[16];

		text_frame(&frames, FIN | WS_TEXT, right[i]);
		snprintf(expected, sizeof(expected), "T:%s ", right[i]);
		check(&frames, 100, expected);
	}
}

static void wrong_utf8_is_refused_before_its_message_is_whole(void **state)
{
	struct ws_decoder decoder = {.message_bytes_max = 100};
	struct buf frames = BUF_INIT;

	text_frame(&frames, WS_TEXT, "ab\xff-------");
	buf_clear(&seen);
	assert_false(feed(&decoder, frames.data, 9)); /* header, mask, and the three bytes */
	assert_string_equal(buf_cstr(&seen), "!1007 ");
	buf_release(&frames);
	ws_decoder_release(&decoder);
}

static void check_raw(const char *bytes, size_t len, const char *expected)
{
	struct buf frames = BUF_INIT;

	buf_append(&frames, bytes, len);
	check(&frames, 65536, expected);
}

#define RAW(bytes, expected) check_raw((bytes), sizeof(bytes) - 1, (expected))

static void frames_that_break_the_protocol_are_1002(void **state)
{
	RAW("\x81\x01x", "!1002 ");    /* not masked */
	RAW("\xc1\x80mask", "!1002 "); /* RSV1 */
	RAW("\xa1\x80mask", "!1002 "); /* RSV2 */
	RAW("\x91\x80mask", "!1002 "); /* RSV3 */
	RAW("\x83\x80mask", "!1002 "); /* opcodes 3..7 and 11..15 */
	RAW("\x87\x80mask", "!1002 ");
	RAW("\x8b\x80mask", "!1002 ");
	RAW("\x8f\x80mask", "!1002 ");
	RAW("\x80\x80mask", "!1002 ");             /* nothing to continue */
	RAW("\x01\x80mask\x81\x80mask", "!1002 "); /* a message inside a message */
	RAW("\x09\x80mask", "!1002 ");             /* control frames are not fragmented … */
	RAW("\x08\x80mask", "!1002 ");
	RAW("\x89\xfe\x00\x7emask", "!1002 ");                         /* … nor long */
	RAW("\x81\xfe\x00\x7dmask", "!1002 ");                         /* 125 in two bytes */
	RAW("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xffmask", "!1002 "); /* 65535 in eight */
	RAW("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", "!1002 "); /* the highest bit */
	RAW("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", "!1009 ");
}

static void control_frames_carry_at_most_125_bytes(void **state)
{
	struct buf frames = BUF_INIT;
	char payload[126], expected[140];

	memset(payload, 'p', sizeof(payload));
	frame(&frames, FIN | WS_PING, (struct rc_str){payload, 125});
	snprintf(expected, sizeof(expected), "P:%.125s ", payload);
	check(&frames, 10, expected);
	frame(&frames, FIN | WS_PING, (struct rc_str){payload, 126});
	check(&frames, 1000, "!1002 ");
}

static void a_message_of_the_maximum_passes_and_one_byte_more_is_1009(void **state)
{
	static char payload[65537];
	struct buf frames = BUF_INIT, expected = BUF_INIT;

	memset(payload, 'm', sizeof(payload));
	buf_printf(&expected, "T:%.65536s ", payload);
	frame(&frames, FIN | WS_TEXT, (struct rc_str){payload, 65536});
	check(&frames, 65536, buf_cstr(&expected));
	frame(&frames, FIN | WS_TEXT, (struct rc_str){payload, 65537});
	check(&frames, 65536, "!1009 ");
	frame(&frames, WS_TEXT, (struct rc_str){payload, 65536});
	frame(&frames, FIN | WS_CONTINUATION, (struct rc_str){payload, 1});
	check(&frames, 65536, "!1009 ");
	frame(&frames, WS_TEXT, (struct rc_str){payload, 60000});
	frame(&frames, WS_CONTINUATION, (struct rc_str){payload, 5536});
	frame(&frames, FIN | WS_CONTINUATION, RC_STR(""));
	check(&frames, 65536, buf_cstr(&expected));
	buf_release(&expected);
}

static bool close_code_is_legal(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void every_close_code_is_judged(void **state)
{
	for (int code = 0; code < 5100; code++) {
		struct ws_decoder decoder = {.message_bytes_max = 10};
		char payload[2] = {(char)(code >> 8), (char)code}, expected[32];
		struct buf frames = BUF_INIT;

		frame(&frames, FIN | WS_CLOSE, (struct rc_str){payload, 2});
		snprintf(expected, sizeof(expected), close_code_is_legal(code) ? "C:%d: " : "!1002 ", code);
		buf_clear(&seen);
		feed(&decoder, frames.data, frames.len);
		assert_string_equal(buf_cstr(&seen), expected);
		buf_release(&frames);
	}
}

static void close_frames_without_a_code_or_with_half_of_one(void **state)
{
	struct buf frames = BUF_INIT;

	text_frame(&frames, FIN | WS_CLOSE, "");
	check(&frames, 10, "C:1005: ");
	text_frame(&frames, FIN | WS_CLOSE, "\x03");
	check(&frames, 10, "!1002 ");
	frame(&frames, FIN | WS_CLOSE, RC_STR("\x03\xe8\xff"));
	check(&frames, 10, "!1007 ");
}

static void headers_to_send_take_the_shortest_form(void **state)
{
	uint8_t out[WS_HEADER_MAX];

	assert_int_equal(ws_header(out, WS_TEXT, 125), 2);
	assert_memory_equal(out, "\x81\x7d", 2);
	assert_int_equal(ws_header(out, WS_TEXT, 126), 4);
	assert_memory_equal(out, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(ws_header(out, WS_PING, 65535), 4);
	assert_memory_equal(out, "\x89\x7e\xff\xff", 4);
	assert_int_equal(ws_header(out, WS_TEXT, 65536), 10);
	assert_memory_equal(out, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static void the_accept_value_is_that_of_the_standard(void **state)
{
	char accept[29];

	ws_accept(RC_STR("dGhlIHNhbXBsZSBub25jZQ=="), accept); /* RFC 6455 §1.3 */
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void a_decoder_is_idle_only_between_messages(void **state)
{
	struct ws_decoder decoder = {.message_bytes_max = 100};
	struct buf frames = BUF_INIT;

	text_frame(&frames, WS_TEXT, "a");
	text_frame(&frames, FIN | WS_CONTINUATION, "b");
	for (size_t i = 0; i < frames.len; i++) {
		assert_int_equal(ws_decoder_idle(&decoder), i == 0);
		feed(&decoder, frames.data + i, 1);
	}
	assert_true(ws_decoder_idle(&decoder));
	buf_release(&frames);
	ws_decoder_release(&decoder);
}

/* ---- compressed messages (RFC 7692) ---- */

#define PACKED (FIN | WS_RSV1)
#define HELLO  "\xf2\x48\xcd\xc9\xc9\x07\x00"

static int agree(void **state)
{
	inflater = inflater_create();
	return 0;
}

static int part(void **state)
{
	inflater_destroy(inflater);
	inflater = NULL;
	return 0;
}

static void the_compressed_messages_of_the_standard_are_read(void **state)
{
	static const struct rc_str ways[] = {
		RC_STR(HELLO),                                                  /* §7.2.3.1 */
		RC_STR("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),         /* §7.2.3.3: stored */
		RC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),                     /* §7.2.3.4: BFINAL */
		RC_STR("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), /* §7.2.3.5: two blocks */
	};
	struct buf frames = BUF_INIT;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		frame(&frames, PACKED | WS_TEXT, ways[i]);
		check(&frames, 100, "T:Hello ");
	}
	frame(&frames, WS_RSV1 | WS_TEXT, RC_STR("\xf2\x48\xcd")); /* fragments, and a ping between them */
	text_frame(&frames, FIN | WS_PING, "between");
	frame(&frames, FIN | WS_CONTINUATION, RC_STR("\xc9\xc9\x07\x00"));
	frame(&frames, PACKED | WS_TEXT, RC_STR("\x00")); /* §7.2.3.6: empty */
	text_frame(&frames, FIN | WS_TEXT, "plain");
	frame(&frames, PACKED | WS_BINARY, RC_STR(HELLO));
	check(&frames, 100, "P:between T:Hello T: T:plain B:5 ");
}

static void each_compressed_message_stands_for_itself(void **state)
{
	struct buf frames = BUF_INIT;

	frame(&frames, PACKED | WS_TEXT, RC_STR(HELLO));
	frame(&frames, PACKED | WS_TEXT, RC_STR(HELLO));
	frame(&frames, PACKED | WS_TEXT, RC_STR("\xf2\x00\x11\x00\x00")); /* §7.2.3.2: it refers to the one before */
	check(&frames, 100, "T:Hello T:Hello !1007 ");
}

static void compressed_data_that_is_bad_or_not_whole_is_1007(void **state)
{
	static const struct rc_str wrong[] = {
		RC_STR(""),
		RC_STR("\x07"),                          /* a block of the fourth kind */
		RC_STR("\x00\x05\x00\xfa\xff\x48"),      /* stored: 5 bytes are told, one is there */
		RC_STR("\x00\x05\x00\x00\x00Hello\x00"), /* its length and the complement disagree */
		RC_STR("\xf2\x48\xcd"),
		RC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00"), /* BFINAL without the byte behind it */
		RC_STR("Hello"),
		RC_STR("\x00\x02\x00\xfd\xff\xc3(\x00"), /* well compressed, not UTF-8 */
		RC_STR("\x00\x01\x00\xfe\xff\xc3\x00"),
	};
	struct buf frames = BUF_INIT;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		frame(&frames, PACKED | WS_TEXT, wrong[i]);
		check(&frames, 100, "!1007 ");
	}
}

static void compression_is_told_once_a_message_and_only_where_it_was_agreed_upon(void **state)
{
	struct inflater *agreed = inflater;

	RAW("\xc9\x80mask", "!1002 "); /* control frames are never compressed */
	RAW("\xc8\x80mask", "!1002 ");
	RAW("\xca\x80mask", "!1002 ");
	RAW("\x41\x80mask\xc0\x80mask", "!1002 "); /* a continuation */
	RAW("\xe1\x80mask", "!1002 ");             /* RSV2 as well */
	RAW("\xd1\x80mask", "!1002 ");
	inflater = NULL;
	RAW("\xc1\x80mask", "!1002 ");
	RAW("\xc2\x80mask", "!1002 ");
	inflater = agreed;
}

static struct rc_str packed_letters(struct buf *packed, size_t count)
{
	char *letters = malloc(count);

	memset(letters, 'm', count);
	deflate_pack(packed, (struct rc_str){letters, count});
	free(letters);
	return buf_str(packed);
}

static void what_a_message_becomes_has_the_same_maximum(void **state)
{
	static const size_t maxima[] = {10, 4095, 4096, 4097, 65536, 100000};
	struct buf frames = BUF_INIT, packed = BUF_INIT, expected = BUF_INIT;

	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		size_t max = maxima[i];

		buf_clear(&packed);
		buf_clear(&expected);
		buf_append_str(&expected, RC_STR("T:"));
		memset(buf_reserve(&expected, max), 'm', max);
		expected.len += max;
		buf_append_char(&expected, ' ');
		frame(&frames, PACKED | WS_TEXT, packed_letters(&packed, max));
		check(&frames, max, buf_cstr(&expected));
		buf_clear(&packed);
		frame(&frames, PACKED | WS_TEXT, packed_letters(&packed, max + 1));
		check(&frames, max, "!1009 ");
	}
	buf_clear(&packed);
	frame(&frames, PACKED | WS_TEXT, packed_letters(&packed, 50 << 20)); /* a bomb */
	assert_true(packed.len < 65536 * 4);
	check(&frames, 65536 * 4, "!1009 ");
	buf_release(&packed);
	buf_release(&expected);
}

static int release(void **state)
{
	buf_release(&seen);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_fragments_and_interleaved_control_frames_come_whole),
		cmocka_unit_test(a_character_may_be_split_between_fragments),
		cmocka_unit_test(text_that_is_not_utf8_is_1007),
		cmocka_unit_test(wrong_utf8_is_refused_before_its_message_is_whole),
		cmocka_unit_test(frames_that_break_the_protocol_are_1002),
		cmocka_unit_test(control_frames_carry_at_most_125_bytes),
		cmocka_unit_test(a_message_of_the_maximum_passes_and_one_byte_more_is_1009),
		cmocka_unit_test(every_close_code_is_judged),
		cmocka_unit_test(close_frames_without_a_code_or_with_half_of_one),
		cmocka_unit_test(headers_to_send_take_the_shortest_form),
		cmocka_unit_test(the_accept_value_is_that_of_the_standard),
		cmocka_unit_test(a_decoder_is_idle_only_between_messages),
		cmocka_unit_test_setup_teardown(the_compressed_messages_of_the_standard_are_read, agree, part),
		cmocka_unit_test_setup_teardown(each_compressed_message_stands_for_itself, agree, part),
		cmocka_unit_test_setup_teardown(compressed_data_that_is_bad_or_not_whole_is_1007, agree, part),
		cmocka_unit_test_setup_teardown(compression_is_told_once_a_message_and_only_where_it_was_agreed_upon,
						agree, part),
		cmocka_unit_test_setup_teardown(what_a_message_becomes_has_the_same_maximum, agree, part),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
