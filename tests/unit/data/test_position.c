#include "tests/unit/suite.h"

#include "rowcast/change.h"
#include "rowcast/err.h"

static void a_position_is_lower_case_hex_a_dot_and_a_decimal(void **state)
{
	char text[RC_POSITION_TEXT_MAX];

	assert_int_equal(rc_position_format((struct rc_position){0x9f3c2a10, 481}, text), 12);
	assert_string_equal(text, "9f3c2a10.481");
	rc_position_format((struct rc_position){0, 0}, text);
	assert_string_equal(text, "0.0");
}

static void the_largest_position_fits_and_reads_back(void **state)
{
	struct rc_position position = {0};
	char text[RC_POSITION_TEXT_MAX];
	size_t len = rc_position_format((struct rc_position){UINT64_MAX, UINT64_MAX}, text);

	assert_string_equal(text, "ffffffffffffffff.18446744073709551615");
	assert_int_equal(rc_position_parse((struct rc_str){text, len}, &position), RC_OK);
	assert_true(position.epoch == UINT64_MAX && position.n == UINT64_MAX);
}

static void any_other_spelling_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		".",
		"1",
		"1.",
		".1",
		"A.1",
		"0x1.1",
		"1.-1",
		"-1.1",
		"1.+1",
		" 1.1",
		"1.1 ",
		"01.1",
		"1.01",
		"00.0",
		"1.0.0",
		"1.1.",
		"g.1",
		"1.a",
		"1,1",
		"1..1",
		"10000000000000000.1",
		"1.18446744073709551616",
	};
	struct rc_position position = {7, 7};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(rc_position_parse(rc_str_from(wrong[i]), &position), RC_INVALID);
	assert_int_equal(rc_position_parse((struct rc_str){"1.1\0", 4}, &position), RC_INVALID);
	assert_true(position.epoch == 7 && position.n == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_is_lower_case_hex_a_dot_and_a_decimal),
		cmocka_unit_test(the_largest_position_fits_and_reads_back),
		cmocka_unit_test(any_other_spelling_is_refused),
	};

	return RUN_TESTS(tests);
}
