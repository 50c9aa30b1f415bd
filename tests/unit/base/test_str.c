#include "tests/unit/suite.h"

#include "rowcast/base/utf8.h"
#include "rowcast/err.h"
#include "rowcast/str.h"

static void equality_compares_bytes_and_length(void **state)
{
	assert_true(rc_str_eq(RC_STR("a\0b"), RC_STR("a\0b")));
	assert_false(rc_str_eq(RC_STR("a\0b"), RC_STR("a\0c")));
	assert_false(rc_str_eq(RC_STR("ab"), RC_STR("a")));
	assert_true(rc_str_eq(RC_STR(""), RC_STR_NONE));
	assert_true(rc_str_is(RC_STR("host"), "host"));
	assert_true(rc_str_is(RC_STR_NONE, ""));
}

static void letter_case_is_ignored_for_ascii_only(void **state)
{
	assert_true(rc_str_eq_nocase(RC_STR("Content-LENGTH"), RC_STR("content-length")));
	assert_false(rc_str_eq_nocase(RC_STR("\xC3\x84"), RC_STR("\xC3\xA4")));
	assert_false(rc_str_eq_nocase(RC_STR("["), RC_STR("{")));
	assert_false(rc_str_eq_nocase(RC_STR("@"), RC_STR("`")));
}

static void a_prefix_may_be_empty_or_everything_but_not_longer(void **state)
{
	assert_true(rc_str_starts(RC_STR("abc"), RC_STR_NONE));
	assert_true(rc_str_starts(RC_STR("abc"), RC_STR("abc")));
	assert_false(rc_str_starts(RC_STR("abc"), RC_STR("abcd")));
	assert_false(rc_str_starts(RC_STR("abc"), RC_STR("b")));
}

static void order_is_by_bytes_then_by_length(void **state)
{
	assert_true(rc_str_compare(RC_STR("a"), RC_STR("b")) < 0);
	assert_true(rc_str_compare(RC_STR("a"), RC_STR("ab")) < 0);
	assert_true(rc_str_compare(RC_STR("\xFF"), RC_STR("a")) > 0);
	assert_int_equal(rc_str_compare(RC_STR(""), RC_STR_NONE), 0);
}

static int read_i64(const char *text, int64_t *out)
{
	return rc_str_to_i64(rc_str_from(text), out);
}

static void signed_numbers_reach_exactly_their_limits(void **state)
{
	int64_t value = 7;

	assert_int_equal(read_i64("9223372036854775807", &value), RC_OK);
	assert_true(value == INT64_MAX);
	assert_int_equal(read_i64("-9223372036854775808", &value), RC_OK);
	assert_true(value == INT64_MIN);
	value = 7;
	assert_int_equal(read_i64("9223372036854775808", &value), RC_INVALID);
	assert_int_equal(read_i64("-9223372036854775809", &value), RC_INVALID);
	assert_int_equal(value, 7);
}

static void unsigned_numbers_reach_exactly_their_limits(void **state)
{
	uint64_t value = 7;

	assert_int_equal(rc_str_to_u64(RC_STR("18446744073709551615"), &value), RC_OK);
	assert_true(value == UINT64_MAX);
	value = 7;
	assert_int_equal(rc_str_to_u64(RC_STR("18446744073709551616"), &value), RC_INVALID);
	assert_int_equal(rc_str_to_u64(RC_STR("184467440737095516150"), &value), RC_INVALID);
	assert_int_equal(rc_str_to_u64(RC_STR("-1"), &value), RC_INVALID);
	assert_int_equal(value, 7);
}

static void anything_but_digits_is_no_number(void **state)
{
	static const char *const wrong[] = {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "--1", "one"};
	int64_t value = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(read_i64(wrong[i], &value), RC_INVALID);
	assert_int_equal(rc_str_to_i64((struct rc_str){"1\0", 2}, &value), RC_INVALID);
	assert_int_equal(value, 7);
}

static void cutting_takes_parts_until_nothing_is_left(void **state)
{
	struct rc_str rest = RC_STR("a,,b");

	assert_true(rc_str_is(rc_str_cut(&rest, ','), "a"));
	assert_true(rc_str_is(rc_str_cut(&rest, ','), ""));
	assert_non_null(rest.ptr);
	assert_true(rc_str_is(rc_str_cut(&rest, ','), "b"));
	assert_int_equal(rest.len, 0);
	assert_null(rest.ptr);
}

static void the_borders_of_utf8_are_valid(void **state)
{
	static const char *const right[] = {"",
					    "plain",
					    "\x7F",
					    "\xC2\x80",
					    "\xDF\xBF",
					    "\xE0\xA0\x80",
					    "\xED\x9F\xBF",
					    "\xEE\x80\x80",
					    "\xEF\xBF\xBF",
					    "\xF0\x90\x80\x80",
					    "\xF4\x8F\xBF\xBF"};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(rc_str_utf8_valid(rc_str_from(right[i])));
	assert_true(rc_str_utf8_valid((struct rc_str){"\0", 1}));
}

static void overlong_surrogate_too_high_and_cut_utf8_is_refused(void **state)
{
	static const char *const wrong[] = {"\x80",
					    "\xBF",
					    "\xC0\x80",
					    "\xC1\xBF",
					    "\xC2",
					    "\xC2\x41",
					    "\xE0\x9F\xBF",
					    "\xED\xA0\x80",
					    "\xED\xBF\xBF",
					    "\xE2\x82",
					    "\xE2\x82\x41",
					    "\xF0\x8F\xBF\xBF",
					    "\xF4\x90\x80\x80",
					    "\xF5\x80\x80\x80",
					    "\xFF",
					    "\xF0\x9F\x98",
					    "a\xF0\x9F\x98\x41"};

	assert_false(rc_str_utf8_valid((struct rc_str){"\xC3\xA9", 1}));
	assert_int_equal(utf8_step((const unsigned char *)"\xF0\x9F\x98\x80", 3), 0);
	assert_int_equal(utf8_step((const unsigned char *)"\xF0\x9F\x98\x80", 4), 4);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(rc_str_utf8_valid(rc_str_from(wrong[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_compares_bytes_and_length),
		cmocka_unit_test(letter_case_is_ignored_for_ascii_only),
		cmocka_unit_test(a_prefix_may_be_empty_or_everything_but_not_longer),
		cmocka_unit_test(order_is_by_bytes_then_by_length),
		cmocka_unit_test(signed_numbers_reach_exactly_their_limits),
		cmocka_unit_test(unsigned_numbers_reach_exactly_their_limits),
		cmocka_unit_test(anything_but_digits_is_no_number),
		cmocka_unit_test(cutting_takes_parts_until_nothing_is_left),
		cmocka_unit_test(the_borders_of_utf8_are_valid),
		cmocka_unit_test(overlong_surrogate_too_high_and_cut_utf8_is_refused),
	};

	return RUN_TESTS(tests);
}
