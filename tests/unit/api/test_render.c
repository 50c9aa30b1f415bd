/*
 * What answers look like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "slotcast/api/problems.h"
#include "slotcast/api/render.h"

static const struct rc_position position = {.epoch = 0xab, .n = 7};

static struct store_booking held(void)
{
	return (struct store_booking){.ref = RC_STR("R1"),
				      .state = STATE_HELD,
				      .service_id = 3,
				      .resource_id = 4,
				      .starts_us = 0,
				      .ends_us = INT64_C(3600000000),
				      .party = 2,
				      .hold_expires_us = 5123000,
				      .version = 1,
				      .tz = RC_STR("UTC")};
}

static void expect(struct buf *text, const char *wanted)
{
	assert_string_equal(buf_cstr(text), wanted);
	buf_release(text);
}

static void a_hold_tells_its_end_to_the_millisecond(void **state)
{
	struct store_booking booking = held();
	struct buf text = BUF_INIT;

	render_booking(&text, &booking, 0);
	expect(&text, "{\"ref\":\"R1\",\"state\":\"held\",\"service\":\"3\",\"resource\":\"4\",\"start\":\"1970-01-"
		      "01T00:00:00Z\","
		      "\"end\":\"1970-01-01T01:00:00Z\",\"tz\":\"UTC\",\"party\":2,\"hold_expires_at\":\"1970-01-01T00:"
		      "00:05.123Z\","
		      "\"version\":1}");
}

static void a_hold_is_expired_from_its_end_on(void **state)
{
	struct store_booking booking = held();
	struct buf text = BUF_INIT;

	render_booking(&text, &booking, booking.hold_expires_us - 1);
	assert_non_null(strstr(buf_cstr(&text), "\"state\":\"held\""));
	buf_clear(&text);
	render_booking(&text, &booking, booking.hold_expires_us);
	assert_non_null(strstr(buf_cstr(&text), "\"state\":\"expired\""));
	buf_release(&text);
}

static void a_booking_has_no_end_of_hold(void **state)
{
	struct store_booking booking = held();
	struct buf text = BUF_INIT;

	booking.state = STATE_CONFIRMED;
	booking.hold_expires_us = 0;
	render_booking(&text, &booking, INT64_MAX);
	assert_non_null(strstr(buf_cstr(&text), "\"state\":\"confirmed\""));
	assert_non_null(strstr(buf_cstr(&text), "\"hold_expires_at\":null"));
	buf_release(&text);
}

static void a_position_is_the_last_member_of_an_answer(void **state)
{
	struct buf text = BUF_INIT;

	render_position(&text, RC_STR("{\"a\":1}"), position);
	expect(&text, "{\"a\":1,\"position\":\"ab.7\"}");
	render_position(&text, RC_STR("{\"a\":1,\"position\":\"ffffffffffffffff.18446744073709551615\"}"), position);
	expect(&text, "{\"a\":1,\"position\":\"ab.7\"}");
	render_position(&text, RC_STR("{\"a\":\",\\\"position\\\":\\\"\"}"), position);
	expect(&text, "{\"a\":\",\\\"position\\\":\\\"\",\"position\":\"ab.7\"}");
}

static void availability_without_slots_is_an_empty_list(void **state)
{
	struct buf text = BUF_INIT;

	render_availability(&text, position, LIVE_STALE, 12345678, NULL, 0);
	expect(&text, "{\"position\":\"ab.7\",\"status\":\"stale\",\"age_ms\":12345,\"slots\":[]}");
}

static void alternatives_and_the_end_of_a_hold_are_members_of_a_problem(void **state)
{
	const struct catalog_resource resource = {.id = 9};
	const struct alternative list[] = {
		{.slot = {.resource = &resource, .start_us = 0, .end_us = 60000000, .remaining = 3},
		 .why = "same-time"}};
	struct buf text = BUF_INIT;

	render_alternatives(&text, list, 1);
	render_held_until(&text, 1000);
	expect(&text, "\"alternatives\":[{\"resource\":\"9\",\"start\":\"1970-01-01T00:00:00Z\",\"end\":\"1970-01-"
		      "01T00:01:00Z\","
		      "\"remaining\":3,\"why\":\"same-time\"}],\"held_until\":\"1970-01-01T00:00:00.001Z\"");
	render_alternatives(&text, NULL, 0);
	expect(&text, "\"alternatives\":[]");
}

static void every_code_has_a_status_a_title_and_a_sentence(void **state)
{
	for (int code = PROBLEM_NONE + 1; code < PROBLEM_CODE_COUNT; code++) {
		struct http_problem problem = problem_of((enum problem_code)code);

		assert_in_range(problem.status, 400, 503);
		assert_non_null(problem.code);
		assert_non_null(problem.title);
		assert_int_equal(problem.detail.ptr[problem.detail.len - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hold_tells_its_end_to_the_millisecond),
		cmocka_unit_test(a_hold_is_expired_from_its_end_on),
		cmocka_unit_test(a_booking_has_no_end_of_hold),
		cmocka_unit_test(a_position_is_the_last_member_of_an_answer),
		cmocka_unit_test(availability_without_slots_is_an_empty_list),
		cmocka_unit_test(alternatives_and_the_end_of_a_hold_are_members_of_a_problem),
		cmocka_unit_test(every_code_has_a_status_a_title_and_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
