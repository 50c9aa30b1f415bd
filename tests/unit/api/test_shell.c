/* Which language a page is served in. */
#include "slotcast/api/shell.h"
#include "tests/unit/suite.h"

static const struct static_file files[] = {
	{.path = "/assets/shell.fr.html"}, {.path = "/shell.ar.html"},
	{.path = "/shell.de.html"},        {.path = "/shell.en.html"},
	{.path = "/shell.html"},           {.path = "/shell.pt.html"},
	{.path = "/shell.zh-Hant.html"},   {.path = "/shell..html"},
	{.path = "/shell.it.html.js"},     {.path = NULL},
};

static void expect(const char *language, struct language_wishes wishes)
{
	struct shell shell;

	assert_true(shell_choose(&shell, files, &wishes));
	if (!rc_str_is(shell.language, language))
		fail_msg("expected %s, got %.*s", language, RC_STR_ARG(shell.language));
}

#define ACCEPTED(text) ((struct language_wishes){.accepted = rc_str_from(text)})

static void the_address_wins_then_the_cookie_then_the_browser_then_the_venue(void **state)
{
	struct language_wishes wishes = {RC_STR("ar"), RC_STR("de"), RC_STR("pt"), RC_STR("zh-Hant")};

	expect("ar", wishes);
	wishes.asked = RC_STR("fr");
	expect("de", wishes);
	wishes.chosen = RC_STR_NONE;
	expect("pt", wishes);
	wishes.accepted = RC_STR("fr, *");
	expect("zh-Hant", wishes);
	wishes.spoken = RC_STR_NONE;
	expect("en", wishes);
}

static void the_browser_s_weights_are_heard(void **state)
{
	expect("de", ACCEPTED("fr, en;q=0.7, de;q=0.9"));
	expect("en", ACCEPTED("en;q=0.8, de;q=0.8"));
	expect("pt", ACCEPTED("de;q=0, pt;q=0.001"));
}

static void a_region_is_met_by_its_language_and_not_the_other_way(void **state)
{
	expect("de", ACCEPTED("de-AT"));
	expect("de", ACCEPTED("DE-1996-x-private"));
	expect("pt", ACCEPTED("pt-BR,en;q=0.9"));
	expect("zh-Hant", ACCEPTED("zh-hant-TW"));
	expect("en", ACCEPTED("zh"));
	expect("en", ACCEPTED("zh-Hans"));
}

static void nonsense_is_no_wish(void **state)
{
	static const char *const fields[] = {"",      "-",     "--",    "-de",    ";q=1",          "d",
					     "de_AT", "shell", "../de", "de;q=7", "\xff\xfe,\x01", "a-b-c-d-e-f-g-h-i"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct rc_str nonsense = rc_str_from(fields[i]);

		expect("en", ACCEPTED(fields[i]));
		expect("de", (struct language_wishes){.asked = nonsense, .chosen = nonsense, .spoken = RC_STR("de")});
	}
}

static void without_english_any_shell_serves_and_without_shells_none(void **state)
{
	static const struct static_file others[] = {{.path = "/icon.svg"}, {.path = "/shell.pt.html"}, {.path = NULL}};
	static const struct static_file none[] = {{.path = "/icon.svg"}, {.path = NULL}};
	struct shell shell;

	assert_true(shell_choose(&shell, others, &ACCEPTED("de")));
	assert_true(rc_str_is(shell.language, "pt"));
	assert_true(shell_any(others));
	assert_false(shell_any(none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_address_wins_then_the_cookie_then_the_browser_then_the_venue),
		cmocka_unit_test(the_browser_s_weights_are_heard),
		cmocka_unit_test(a_region_is_met_by_its_language_and_not_the_other_way),
		cmocka_unit_test(nonsense_is_no_wish),
		cmocka_unit_test(without_english_any_shell_serves_and_without_shells_none),
	};

	return RUN_TESTS(tests);
}
