/* The decoder of PostgreSQL's log, without a server: what a healthy one never sends. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "rowcast/base/buf.h"
#include "rowcast/feed/postgres/pgoutput.h"
#include "rowcast/feed/postgres/value.h"
#include "sample.h"

static struct pgoutput decoder;
static struct rc_arena arena;
static struct buf message;
static struct rc_change change;

static int setup(void **state)
{
	pgoutput_init(&decoder, sample_schema(), "public");
	rc_arena_init(&arena, 4096);
	return 0;
}

static int teardown(void **state)
{
	pgoutput_release(&decoder);
	rc_arena_release(&arena);
	buf_release(&message);
	return 0;
}

static void put(uint32_t value, int bytes)
{
	while (bytes-- > 0)
		buf_append_char(&message, (char)(value >> 8 * bytes));
}

static void put_text(const char *text)
{
	buf_append(&message, text, strlen(text) + 1);
}

/* R: table pair (a bigint, b text, amount TYPE) */
static void relation(char identity, const char *third, uint32_t type)
{
	buf_clear(&message);
	buf_append_char(&message, 'R');
	put(77, 4);
	put_text("public");
	put_text("pair");
	buf_append_char(&message, identity);
	put(3, 2);
	for (int i = 0; i < 3; i++) {
		buf_append_char(&message, 1);
		put_text(i == 0 ? "a" : i == 1 ? "b" : third);
		put(i == 0 ? 20 : i == 1 ? 25 : type, 4);
		put(0xffffffff, 4);
	}
}

static void tuple(char tag, const char *b)
{
	buf_append_char(&message, tag);
	put(3, 2);
	buf_append_char(&message, 'b');
	put(8, 4);
	put(0, 4);
	put(5, 4);
	buf_append_char(&message, b ? 't' : 'u');
	if (b) {
		put((uint32_t)strlen(b), 4);
		buf_append(&message, b, strlen(b));
	}
	buf_append_char(&message, 'b');
	put(8, 4);
	put(0, 4);
	put(9, 4);
}

static int decode(void)
{
	return pgoutput_change(&decoder, buf_str(&message), &arena, &change);
}

static void change_begin(char kind)
{
	buf_clear(&message);
	buf_append_char(&message, kind);
	put(77, 4);
}

static void know_pair(void)
{
	relation('f', "amount", 20);
	assert_int_equal(decode(), 0);
}

static void test_an_unchanged_value_is_the_old_rows(void **state)
{
	const struct pair *new;

	know_pair();
	change_begin('U');
	tuple('O', "long");
	tuple('N', NULL);
	assert_int_equal(decode(), PGOUTPUT_CHANGE);
	new = change.new_row;
	assert_true(rc_str_is(new->b, "long") && new->a == 5 && new->amount == 9 && new->nulls == 0);
}

static void test_an_unchanged_value_without_an_old_row_is_a_gap(void **state)
{
	know_pair();
	change_begin('U');
	tuple('N', NULL);
	assert_int_equal(decode(), RC_GONE);
	change_begin('I');
	tuple('N', NULL);
	assert_int_equal(decode(), RC_GONE);
	change_begin('D');
	tuple('K', "key only");
	assert_int_equal(decode(), RC_GONE);
}

static void test_a_type_that_changed_is_a_gap_and_a_name_a_null(void **state)
{
	relation('f', "amount", 25);
	assert_int_equal(decode(), 0);
	change_begin('I');
	tuple('N', "x");
	assert_int_equal(decode(), RC_GONE);
	relation('f', "quantity", 20);
	assert_int_equal(decode(), 0);
	change_begin('I');
	tuple('N', "x");
	assert_int_equal(decode(), PGOUTPUT_CHANGE);
	assert_int_equal(*(const uint64_t *)change.new_row, 1 << PAIR_AMOUNT);
}

/* Every prefix of every message is refused, and a byte too many, too. */
static void test_no_length_is_believed(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		size_t whole;

		know_pair();
		if (kind == 0) {
			relation('f', "amount", 20);
		} else {
			change_begin(kind == 1 ? 'U' : 'D');
			tuple('O', "old");
			if (kind == 1)
				tuple('N', "new");
		}
		whole = message.len;
		for (message.len = 0; message.len < whole; message.len++) {
			char *copy = malloc(message.len + 1); /* its end is watched by the sanitizer */

			memcpy(copy, message.data, message.len);
			copy = realloc(copy, message.len ? message.len : 1);
			assert_int_equal(pgoutput_change(&decoder, (struct rc_str){copy, message.len}, &arena, &change),
					 RC_CORRUPT);
			free(copy);
		}
		buf_append_char(&message, 0);
		assert_int_equal(decode(), RC_CORRUPT);
	}
}

static void test_a_truncate_of_ours_is_a_gap(void **state)
{
	know_pair();
	buf_clear(&message);
	buf_append_char(&message, 'T');
	put(2, 4);
	buf_append_char(&message, 0);
	put(76, 4);
	put(77, 4);
	assert_int_equal(decode(), RC_GONE);
	assert_non_null(strstr(decoder.gap, "pair"));
	message.len -= 4;
	assert_int_equal(decode(), RC_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The server's last years are beyond µs from 1970 in 64 bits. */
static void test_an_instant_that_no_field_can_hold_is_refused(void **state)
{
	int64_t us;

	assert_int_equal(pgf_value_read_text(RC_STR("294246-12-31 23:59:59.999999+00"), RC_TIMESTAMP, &arena, &us),
			 RC_OK);
	assert_true(us > 0);
	assert_int_equal(pgf_value_read_text(RC_STR("294276-12-31 23:59:59+00"), RC_TIMESTAMP, &arena, &us),
			 RC_MISMATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_unchanged_value_is_the_old_rows),
		TEST(test_an_unchanged_value_without_an_old_row_is_a_gap),
		TEST(test_a_type_that_changed_is_a_gap_and_a_name_a_null),
		TEST(test_no_length_is_believed),
		TEST(test_a_truncate_of_ours_is_a_gap),
		TEST(test_an_instant_that_no_field_can_hold_is_refused),
	};

	return RUN_TESTS(tests);
}
