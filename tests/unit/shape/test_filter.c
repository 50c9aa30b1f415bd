/* Filters: what they say, how they are named, what they refuse. */
#include "rowcast/shape/filter.h"
#include "tests/unit/shape/thing.h"

#define VALUES_MAX 4

static struct rc_arena arena;
static struct filter filter;
static struct buf name;
static struct rc_fault fault;
static const char *field;

static int set_up(void **state)
{
	rc_arena_init(&arena, 256);
	buf_clear(&name);
	field = NULL;
	fault = (struct rc_fault){0};
	return 0;
}

static int tear_down(void **state)
{
	rc_arena_release(&arena);
	buf_release(&name);
	return 0;
}

static int read_filter(const char *text)
{
	json_t *where = json_loads(text, JSON_DECODE_ANY, NULL);
	int err;

	assert_non_null(where);
	buf_clear(&name);
	err = filter_read(where, &thing_model, THING_ALLOWED, VALUES_MAX, &arena, &filter, &name, &field, &fault);
	json_decref(where);
	return err;
}

static void refused(const char *text, int err, const char *message)
{
	assert_int_equal(read_filter(text), err);
	assert_string_equal(field, "where");
	if (!strstr(fault.message, message))
		fail_msg("%s: %s", text, fault.message);
}

static void named(const char *text, const char *wanted)
{
	assert_int_equal(read_filter(text), 0);
	assert_string_equal(buf_cstr(&name), wanted);
	assert_int_equal(read_filter(wanted), 0);
	assert_string_equal(buf_cstr(&name), wanted);
}

static bool holds(const char *text, struct thing row)
{
	assert_int_equal(read_filter(text), 0);
	return filter_matches(&filter, &thing_model, &row);
}

static void test_filters_that_mean_the_same_have_one_name(void **state)
{
	named("{}", "{}");
	named("{\"room\":3}", "{\"room\":[3]}");
	named("{\"room\":\"3\"}", "{\"room\":[3]}");
	named("{\"room\":[9,3,\"9\",-1]}", "{\"room\":[-1,3,9]}");
	named("{\"state\":\"b\",\"id\":1}", "{\"id\":[1],\"state\":[\"b\"]}");
	named("{\"room\":null}", "{\"room\":null}");
	named("{\"at\":{\"lt\":\"2026-11-20T11:00:00+01:00\",\"gte\":\"2026-11-20T09:00:00Z\"}}",
	      "{\"at\":{\"gte\":\"2026-11-20T09:00:00Z\",\"lt\":\"2026-11-20T10:00:00Z\"}}");
	named("{\"weight\":[1,-0.0,0]}", "{\"weight\":[0,1]}");
	named("{\"open\":true,\"day\":\"2026-11-20\",\"ref\":\"0190B3A0-0000-7000-8000-000000000001\"}",
	      "{\"open\":[true],\"day\":[\"2026-11-20\"],\"ref\":[\"0190b3a0-0000-7000-8000-000000000001\"]}");
}

static void test_every_type_is_compared_in_its_own_order(void **state)
{
	const struct thing row = {.id = -5, .room = 7, .state = RC_STR("held"), .at = -1, .weight = -1.5, .day = 3};

	assert_true(holds("{\"id\":-5}", row));
	assert_true(holds("{\"id\":{\"lt\":0}}", row));
	assert_false(holds("{\"id\":{\"gt\":-5}}", row));
	assert_true(holds("{\"id\":{\"gte\":-5,\"lte\":-5}}", row));
	assert_false(holds("{\"id\":{\"lt\":-5}}", row));
	assert_true(holds("{\"at\":{\"lt\":\"1970-01-01T00:00:00Z\"}}", row));
	assert_true(holds("{\"weight\":{\"gt\":-2,\"lt\":-1}}", row));
	assert_false(holds("{\"weight\":{\"gt\":-1}}", row));
	assert_true(holds("{\"state\":{\"gte\":\"h\",\"lt\":\"i\"}}", row));
	assert_false(holds("{\"state\":{\"gt\":\"held\"}}", row));
	assert_true(holds("{\"state\":{\"lte\":\"held\"}}", row));
	assert_true(holds("{\"state\":{\"lt\":\"held!\"}}", row));
	assert_true(holds("{\"open\":false,\"day\":{\"gt\":\"1970-01-03\"}}", row));
	assert_true(holds("{\"state\":[\"a\",\"held\",\"z\"],\"room\":[1,7]}", row));
	assert_false(holds("{\"state\":[\"a\",\"hel\",\"held2\"]}", row));
	assert_true(holds("{\"state\":\"\"}", (struct thing){0}));
}

static void test_null_equals_nothing_but_itself(void **state)
{
	const struct thing without = {.nulls = 1 << ROOM}, with = {.room = 0};

	assert_true(holds("{\"room\":null}", without));
	assert_false(holds("{\"room\":null}", with));
	assert_false(holds("{\"room\":0}", without));
	assert_true(holds("{\"room\":0}", with));
	assert_false(holds("{\"room\":{\"lt\":9}}", without));
}

static void test_what_cannot_be_meant_is_refused_by_name(void **state)
{
	refused("[]", RC_INVALID, "must be an object");
	refused("{\"nothing\":1}", RC_INVALID, "there is no column \"nothing\"");
	refused("{\"secret\":\"x\"}", RC_INVALID, "there is no column \"secret\"");
	refused("{\"room\":\"x\"}", RC_INVALID, "room must be a whole number");
	refused("{\"room\":1.5}", RC_INVALID, "room must be a whole number");
	refused("{\"room\":[1,null]}", RC_INVALID, "room must be a whole number");
	refused("{\"room\":[]}", RC_INVALID, "at least one value");
	refused("{\"room\":{}}", RC_INVALID, "a range of");
	refused("{\"room\":{\"eq\":1}}", RC_INVALID, "a range of");
	refused("{\"room\":{\"gt\":1,\"gte\":1}}", RC_INVALID, "a range of");
	refused("{\"room\":{\"gt\":null}}", RC_INVALID, "room must be a whole number");
	refused("{\"at\":\"yesterday\"}", RC_INVALID, "an instant such as");
	refused("{\"day\":\"2026-02-30\"}", RC_INVALID, "a date such as");
	refused("{\"open\":1}", RC_INVALID, "true or false");
	refused("{\"ref\":\"1\"}", RC_INVALID, "a UUID");
}

static void test_a_list_has_at_most_so_many_values(void **state)
{
	assert_int_equal(read_filter("{\"room\":[1,2,3,4]}"), 0);
	refused("{\"room\":[1,2,3,4,5]}", RC_LIMIT, "room has 5 values; at most 4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_filters_that_mean_the_same_have_one_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_type_is_compared_in_its_own_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_null_equals_nothing_but_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_meant_is_refused_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_list_has_at_most_so_many_values, set_up, tear_down),
	};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL);
}
