/*
 * Reading subscriptions, and what a fault is for a client.
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/server/live_private.h"

static size_t members_left;

static int parse(void *arg, const void *params, struct buf *name, void **shape, const char **field,
		 struct rc_fault *fault)
{
	members_left = json_object_size(params);
	if (!json_object_get(params, "table")) {
		*field = "table";
		return rc_fault_set(fault, RC_INVALID, "which table?");
	}
	buf_append_str(name, rc_str_from(json_string_value(json_object_get(params, "table"))));
	*shape = rc_xcalloc(1, 1);
	return 0;
}

static struct topic_source sources[] = {{.kind = "rows", .parse = parse}, {.kind = "weather", .parse = parse}};
static struct live live = {.sources = sources, .source_count = 2};

static int set_up(void **unused)
{
	live.limits = live_limits_default();
	return 0;
}

static int read_text(const char *text, struct wanted *out, const char **field)
{
	json_t *params = json_loads(text, 0, NULL);
	struct rc_fault fault = {0};
	int err = wanted_read(&live, params, out, field, &fault);

	assert_non_null(params);
	if (err)
		assert_true(fault.message[0] != 0);
	json_decref(params);
	return err;
}

static void expect_name(const char *text, const char *name)
{
	struct wanted wanted = {0};
	const char *field;

	assert_int_equal(read_text(text, &wanted, &field), 0);
	assert_true(rc_str_is(wanted.subscription.name, name));
	free(wanted.subscription.shape);
	wanted_release(&wanted);
}

static void expect_refusal(const char *text, const char *field)
{
	struct wanted wanted = {0};
	const char *found;

	assert_int_equal(read_text(text, &wanted, &found), RC_INVALID);
	assert_string_equal(found, field);
	wanted_release(&wanted);
}

static void names_of_two_kinds_never_meet(void **unused)
{
	expect_name("{\"topic\":\"rows\",\"table\":\"x\"}", "rows:x");
	expect_name("{\"topic\":\"weather\",\"table\":\"x\"}", "weather:x");
}

static void the_source_sees_only_its_own_members(void **unused)
{
	expect_name("{\"type\":\"subscribe\",\"id\":\"a\",\"topic\":\"rows\",\"after\":\"1.1\",\"mode\":\"every\","
		    "\"wait\":\"1\",\"seen\":\"7.2\","
		    "\"table\":\"x\",\"other\":1}",
		    "rows:x");
	assert_int_equal(members_left, 2);
}

static void the_default_mode_is_latest_and_nothing_is_resumed(void **unused)
{
	struct wanted wanted = {0};
	const char *field;

	assert_int_equal(read_text("{\"topic\":\"rows\",\"table\":\"x\",\"after\":null}", &wanted, &field), 0);
	assert_int_equal(wanted.subscription.mode, LIVE_LATEST);
	assert_false(wanted.subscription.has_after);
	assert_int_equal(wanted.wait_us, 25000000);
	free(wanted.subscription.shape);
	wanted_release(&wanted);
}

static void refusals_name_the_member(void **unused)
{
	expect_refusal("{}", "topic");
	expect_refusal("{\"topic\":\"row\"}", "topic");
	expect_refusal("{\"topic\":\"rows\",\"mode\":\"\"}", "mode");
	expect_refusal("{\"topic\":\"rows\",\"mode\":\"Latest\"}", "mode");
	expect_refusal("{\"topic\":\"rows\",\"after\":\"1.1 \"}", "after");
	expect_refusal("{\"topic\":\"rows\",\"after\":5}", "after");
	expect_refusal("{\"topic\":\"rows\"}", "table");
}

static void wait_is_bounded_by_its_option(void **unused)
{
	struct wanted wanted = {0};
	const char *field;

	live.limits.poll_wait_max_us = 7000000;
	assert_int_equal(read_text("{\"topic\":\"rows\",\"table\":\"x\",\"wait\":\"7\"}", &wanted, &field), 0);
	assert_int_equal(wanted.wait_us, 7000000);
	free(wanted.subscription.shape);
	wanted_release(&wanted);
	expect_refusal("{\"topic\":\"rows\",\"table\":\"x\",\"wait\":\"8\"}", "wait");
	expect_refusal("{\"topic\":\"rows\",\"table\":\"x\",\"wait\":\"-1\"}", "wait");
	expect_refusal("{\"topic\":\"rows\",\"table\":\"x\",\"wait\":7}", "wait");
}

static void expect_problem(enum rc_err err, int status, const char *code, bool retryable)
{
	struct rc_fault fault = {.err = err, .message = "why"};
	struct http_problem problem = live_problem(&fault, NULL, 422);

	assert_int_equal(problem.status, status);
	assert_string_equal(problem.code, code);
	assert_int_equal(problem.retryable, retryable);
}

static void each_fault_has_its_code(void **unused)
{
	expect_problem(RC_INVALID, 422, "validation", false);
	expect_problem(RC_NOT_FOUND, 404, "not-found", false);
	expect_problem(RC_LIMIT, 429, "too-many", true);
	expect_problem(RC_UNAVAILABLE, 503, "unavailable", true);
	expect_problem(RC_GONE, 503, "unavailable", true);
	expect_problem(RC_IO, 503, "unavailable", true);
}

static void errors_are_objects_of_type_error(void **unused)
{
	struct rc_fault fault = {.err = RC_INVALID, .message = "no \"such\" thing"};
	struct http_problem problem = live_problem(&fault, "table", 422);
	struct buf out = BUF_INIT;

	live_error_object(&out, true, RC_STR("a\""), &problem);
	assert_string_equal(buf_cstr(&out),
			    "{\"type\":\"error\",\"id\":\"a\\\"\",\"title\":\"The request is not valid\","
			    "\"status\":422,\"code\":\"validation\",\"detail\":\"no \\\"such\\\" thing\","
			    "\"field\":\"table\",\"retryable\":false}");
	buf_clear(&out);
	live_error_object(&out, false, RC_STR("a"), &problem);
	assert_null(strstr(buf_cstr(&out), "\"id\""));
	buf_release(&out);
}

static void what_cannot_be_started_is_refused(void **unused)
{
	struct topic_source twice[] = {{.kind = "rows"}, {.kind = "rows"}};
	struct live_config config = {
		.reactor_count = 1, .sources = twice, .source_count = 2, .limits = live_limits_default()};
	struct live *out = NULL;
	struct rc_fault fault;

	assert_int_equal(live_start(&out, &config, &fault), RC_INVALID);
	config.source_count = 0;
	assert_int_equal(live_start(&out, &config, &fault), RC_INVALID);
	config.source_count = 1;
	config.reactor_count = 0;
	assert_int_equal(live_start(&out, &config, &fault), RC_INVALID);
	config.reactor_count = 1;
	config.limits.topics_max = 0;
	assert_int_equal(live_start(&out, &config, &fault), RC_INVALID);
	assert_null(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_two_kinds_never_meet),
		cmocka_unit_test(the_source_sees_only_its_own_members),
		cmocka_unit_test(the_default_mode_is_latest_and_nothing_is_resumed),
		cmocka_unit_test(refusals_name_the_member),
		cmocka_unit_test(wait_is_bounded_by_its_option),
		cmocka_unit_test(each_fault_has_its_code),
		cmocka_unit_test(errors_are_objects_of_type_error),
		cmocka_unit_test(what_cannot_be_started_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
