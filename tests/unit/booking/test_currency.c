/*
 * Prices as people write them.
 */
#include "slotcast/booking/currency.h"
#include "tests/unit/suite.h"

static int64_t minor(const char *text, int digits)
{
	int64_t amount = -1;

	return price_parse(rc_str_from(text), digits, &amount) ? -1 : amount;
}

static void test_a_code_has_three_capitals(void **state)
{
	assert_true(currency_valid(RC_STR("EUR")));
	for (size_t i = 0; i < 6; i++)
		assert_false(currency_valid(
			rc_str_from((const char *const[]){"", "EU", "EURO", "eur", "E1R", "\xc3\x84R"}[i])));
}

static void test_most_currencies_have_hundredths(void **state)
{
	assert_int_equal(currency_digits(RC_STR("EUR")), 2);
	assert_int_equal(currency_digits(RC_STR("JPY")), 0);
	assert_int_equal(currency_digits(RC_STR("BIF")), 0);
	assert_int_equal(currency_digits(RC_STR("XPF")), 0);
	assert_int_equal(currency_digits(RC_STR("KWD")), 3);
	assert_int_equal(currency_digits(RC_STR("UYW")), 4);
	assert_int_equal(currency_digits(RC_STR("")), 2);
}

static void test_a_price_is_read_into_minor_units(void **state)
{
	assert_int_equal(minor("45", 2), 4500);
	assert_int_equal(minor("45.5", 2), 4550);
	assert_int_equal(minor("45.00", 2), 4500);
	assert_int_equal(minor("0", 2), 0);
	assert_int_equal(minor("0.05", 2), 5);
	assert_int_equal(minor("4500", 0), 4500);
	assert_int_equal(minor("1.234", 3), 1234);
	assert_int_equal(minor("9999999999.99", 2), PRICE_MINOR_MAX);
}

static void test_what_is_no_price_is_refused(void **state)
{
	static const char *const texts[] = {"",      ".",   "45.", ".5",     "-1",    "+1",    "1e3",
					    "45,00", "045", " 45", "45.001", "1.2.3", "45 EUR"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (minor(texts[i], 2) != -1)
			fail_msg("\"%s\" was taken", texts[i]);
	assert_int_equal(minor("45.0", 0), -1);
	assert_int_equal(minor("10000000000.00", 2), -1);
	assert_int_equal(minor("10000000000", 2), -1);
	assert_int_equal(minor("99999999999999999999999999", 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_code_has_three_capitals),
		cmocka_unit_test(test_most_currencies_have_hundredths),
		cmocka_unit_test(test_a_price_is_read_into_minor_units),
		cmocka_unit_test(test_what_is_no_price_is_refused),
	};

	return RUN_TESTS(tests);
}
