/* Weighted lists and cookies, as clients write them and as they should not. */
#include <stdio.h>

#include "rowcast/http/negotiate.h"
#include "tests/unit/suite.h"

/* "de=1000 en=500" */
static const char *wishes(const char *field)
{
	static char text[256];
	struct rc_str list = rc_str_from(field), name;
	int weight, at = 0;

	text[0] = 0;
	while (wish_next(&list, &name, &weight))
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%.*s=%d", at ? " " : "", RC_STR_ARG(name),
			       weight);
	return text;
}

static void a_list_gives_its_members_with_their_weights(void **state)
{
	assert_string_equal(wishes("de-AT, en;q=0.5,*;q=0.001"), "de-AT=1000 en=500 *=1");
	assert_string_equal(wishes("fr ;\tQ=1.000 ,  it;q=0"), "fr=1000 it=0");
}

static void a_doubtful_weight_is_none_and_an_empty_member_is_skipped(void **state)
{
	assert_string_equal(wishes("a;q=2,b;q=,c;q=.5,d;q=0.1234,e;x=1,f;q=-1"), "a=0 b=0 c=0 d=0 e=0 f=0");
	assert_string_equal(wishes(", ,;q=1,,de,"), "de=1000");
	assert_string_equal(wishes(""), "");
	assert_string_equal(wishes(";;;=,,"), "");
}

static struct rc_str cookie(const char *field)
{
	return cookie_find(rc_str_from(field), "lang");
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
	assert_true(rc_str_is(cookie("a=b; lang=de; c=d"), "de"));
	assert_true(rc_str_is(cookie("slang=en;lang = \"pt\" ;lang=ar"), "pt"));
	assert_true(rc_str_is(cookie("lang=a=b"), "a=b"));
}

static void without_the_cookie_or_with_nonsense_there_is_nothing(void **state)
{
	assert_int_equal(cookie("").len, 0);
	assert_int_equal(cookie("language=de; Lang=de").len, 0);
	assert_int_equal(cookie("lang").len, 0);
	assert_int_equal(cookie(";;=;\"").len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_gives_its_members_with_their_weights),
		cmocka_unit_test(a_doubtful_weight_is_none_and_an_empty_member_is_skipped),
		cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
		cmocka_unit_test(without_the_cookie_or_with_nonsense_there_is_nothing),
	};

	return RUN_TESTS(tests);
}
