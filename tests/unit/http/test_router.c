/* Paths, routes and the methods of an address. */
#include "rowcast/http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct router router;
static struct rc_arena arena;
static struct rc_str params[4];
static char allow[96];

static const struct http_route routes[] = {
	{"GET", "/", NULL, (void *)(uintptr_t) "root"},
	{"GET", "/v1/things/{ref}", NULL, (void *)(uintptr_t) "thing"},
	{"PATCH", "/v1/things/{ref}", NULL, (void *)(uintptr_t) "patch"},
	{"GET", "/v1/things/{ref}.ics", NULL, (void *)(uintptr_t) "ics"},
	{"POST", "/v1/things/{ref}:cancel", NULL, (void *)(uintptr_t) "cancel"},
	{"GET", "/v1/things/special", NULL, (void *)(uintptr_t) "special"},
	{"POST", "/v1/things", NULL, (void *)(uintptr_t) "create"},
	{"GET", "/assets/{*}", NULL, (void *)(uintptr_t) "asset"},
	{"GET", "/{a}/{b}/{c}/{d}", NULL, (void *)(uintptr_t) "four"},
};

static const char *find(const char *method, const char *raw)
{
	const struct http_route *route;
	struct path_parts parts;
	struct rc_str path;

	if (path_decode(&arena, rc_str_from(raw), &path, &parts) != 0)
		return "invalid";
	route = router_find(&router, rc_str_from(method), &parts, params, allow);
	return route ? route->arg : "none";
}

static int setup(void **state)
{
	rc_arena_init(&arena, 1024);
	return router_init(&router, routes, sizeof(routes) / sizeof(routes[0]), NULL);
}

static int teardown(void **state)
{
	router_release(&router);
	rc_arena_release(&arena);
	return 0;
}

static void the_pattern_with_more_literal_text_wins(void **state)
{
	assert_string_equal(find("GET", "/"), "root");
	assert_string_equal(find("GET", "/v1/things/abc"), "thing");
	assert_true(rc_str_is(params[0], "abc"));
	assert_string_equal(find("GET", "/v1/things/special"), "special");
	assert_string_equal(find("GET", "/v1/things/abc.ics"), "ics");
	assert_true(rc_str_is(params[0], "abc"));
	assert_string_equal(find("POST", "/v1/things/abc:cancel"), "cancel");
	assert_true(rc_str_is(params[0], "abc"));
	assert_string_equal(find("GET", "/v1/things/.ics"), "thing"); /* a parameter is never empty */
	assert_string_equal(find("GET", "/1/2/3/4"), "four");
	assert_true(rc_str_is(params[3], "4"));
}

static void the_rest_pattern_takes_everything_behind_it(void **state)
{
	assert_string_equal(find("GET", "/assets/a/b.js"), "asset");
	assert_true(rc_str_is(params[0], "a/b.js"));
	assert_string_equal(find("GET", "/assets/"), "none");
	assert_string_equal(find("GET", "/assets"), "none");
}

static void head_is_served_by_get(void **state)
{
	assert_string_equal(find("HEAD", "/v1/things/abc"), "thing");
	assert_string_equal(find("HEAD", "/v1/things"), "none");
}

static void an_address_lists_its_own_methods_only(void **state)
{
	assert_string_equal(find("DELETE", "/v1/things/abc"), "none");
	assert_string_equal(allow, "GET, HEAD, PATCH, OPTIONS");
	assert_string_equal(find("GET", "/v1/things/abc:cancel"), "none");
	assert_string_equal(allow, "POST, OPTIONS");
	assert_string_equal(find("PATCH", "/v1/things/special"), "none");
	assert_string_equal(allow, "GET, HEAD, OPTIONS");
	assert_string_equal(find("GET", "/nothing"), "none");
	assert_string_equal(allow, "");
}

static void an_encoded_slash_stays_inside_its_segment(void **state)
{
	assert_string_equal(find("GET", "/v1/things/a%2fb"), "thing");
	assert_true(rc_str_is(params[0], "a/b"));
	assert_string_equal(find("GET", "/v1%2fthings/a"), "none");
	assert_string_equal(find("GET", "/v1/%74hings/a"), "thing");
}

static void wrong_encodings_are_invalid(void **state)
{
	static const char *const wrong[] = {"/%", "/%a", "/%ag", "/%g0", "/a%0", "/%00", "/%ff", "/%c0%80", "/a/%"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_string_equal(find("GET", wrong[i]), "invalid");
}

static void a_path_of_too_many_segments_matches_nothing(void **state)
{
	assert_string_equal(find("GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"), "none");
	assert_string_equal(find("GET", "/assets/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"), "asset");
	assert_string_equal(find("GET", "/assets/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"), "none");
}

static void wrong_patterns_are_named(void **state)
{
	static const struct http_route wrong[] = {
		{"GET", "no-slash", NULL, NULL},
		{"GET", "/{a", NULL, NULL},
		{"GET", "/{*}/more", NULL, NULL},
		{"GET", "/{a}/{b}/{c}/{d}/{e}", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct router bad;
		struct rc_fault fault = {0};

		assert_int_equal(router_init(&bad, &wrong[i], 1, &fault), RC_INVALID);
		assert_non_null(strstr(fault.message, wrong[i].pattern));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pattern_with_more_literal_text_wins),
		cmocka_unit_test(the_rest_pattern_takes_everything_behind_it),
		cmocka_unit_test(head_is_served_by_get),
		cmocka_unit_test(an_address_lists_its_own_methods_only),
		cmocka_unit_test(an_encoded_slash_stays_inside_its_segment),
		cmocka_unit_test(wrong_encodings_are_invalid),
		cmocka_unit_test(a_path_of_too_many_segments_matches_nothing),
		cmocka_unit_test(wrong_patterns_are_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
