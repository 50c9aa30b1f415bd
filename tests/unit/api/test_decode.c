/*
 * Bodies are read strictly: what is not exactly what was asked for is refused, with the member's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "slotcast/api/decode.h"

struct fixture {
	struct rc_arena arena;
	struct decode decode;
};

static int setup(void **state)
{
	struct fixture *f = rc_xcalloc(1, sizeof(*f));

	rc_arena_init(&f->arena, 4096);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	decode_end(&f->decode);
	rc_arena_release(&f->arena);
	free(f);
	return 0;
}

static struct decode *begin(struct fixture *f, struct rc_str body)
{
	decode_end(&f->decode);
	decode_begin(&f->decode, &f->arena, body, false);
	return &f->decode;
}

static void expect_fault(const struct decode *decode, enum problem_code code, const char *field)
{
	assert_int_equal(decode->fault, code);
	if (field)
		assert_string_equal(decode->field, field);
	assert_non_null(decode->detail);
}

static void nested(char *out, int depth)
{
	memset(out, '[', (size_t)depth);
	memset(out + depth, ']', (size_t)depth);
	out[2 * depth] = '\0';
}

static void what_is_no_object_cannot_be_read(void **state)
{
	static const char *const bodies[] = {"",
					     "{",
					     "[]",
					     "5",
					     "null",
					     "x",
					     "{\"a\":}",
					     "{\"a\":1,\"a\":2}",
					     "{} {}",
					     "{\"a\":\"\xc3\x28\"}",
					     "{\"a\":\"\\ud800\"}",
					     "{\"a\":01}"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect_fault(begin(*state, rc_str_from(bodies[i])), PROBLEM_BAD_REQUEST, NULL);
}

static void json_that_no_field_could_take_is_a_fault_of_its_value(void **state)
{
	static const char *const bodies[] = {"{\"a\":\"\\u0000\"}", "{\"a\":1e999}", "{\"a\":18446744073709551616}"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect_fault(begin(*state, rc_str_from(bodies[i])), PROBLEM_VALIDATION, NULL);
}

static void nothing_at_all_is_an_empty_object_where_that_is_allowed(void **state)
{
	struct fixture *f = *state;

	decode_begin(&f->decode, &f->arena, RC_STR_NONE, true);
	assert_int_equal(f->decode.fault, PROBLEM_NONE);
	assert_false(decode_has(&f->decode, "start"));
}

static void thirty_two_levels_are_read_and_thirty_three_are_not(void **state)
{
	char inner[2 * DECODE_DEPTH_MAX + 1], body[sizeof(inner) + 16];

	nested(inner, DECODE_DEPTH_MAX - 1);
	snprintf(body, sizeof(body), "{\"a\":%s}", inner);
	assert_int_equal(begin(*state, rc_str_from(body))->fault, PROBLEM_NONE);
	nested(inner, DECODE_DEPTH_MAX);
	snprintf(body, sizeof(body), "{\"a\":%s}", inner);
	expect_fault(begin(*state, rc_str_from(body)), PROBLEM_BAD_REQUEST, NULL);
}

static void brackets_in_strings_are_no_levels(void **state)
{
	struct decode *decode = begin(
		*state, RC_STR("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\",\"b\":\"\\\\\",\"c\":[1]}"));

	assert_int_equal(decode->fault, PROBLEM_NONE);
}

static void an_id_is_a_string_of_digits(void **state)
{
	struct decode *decode = begin(*state, RC_STR("{\"service\":\"42\"}"));

	assert_int_equal(decode_id(decode, "service", true), 42);
	assert_int_equal(decode_id(decode, "resource", false), 0);
	assert_int_equal(decode->fault, PROBLEM_NONE);

	decode = begin(*state, RC_STR("{\"service\":42}"));
	decode_id(decode, "service", true);
	expect_fault(decode, PROBLEM_VALIDATION, "service");

	decode = begin(*state, RC_STR("{\"service\":null}"));
	decode_id(decode, "service", true);
	expect_fault(decode, PROBLEM_VALIDATION, "service");

	static const char *const unknown[] = {"\"\"", "\"0\"", "\"-1\"", "\"x\"", "\" 1\"", "\"9223372036854775808\""};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char body[64];

		snprintf(body, sizeof(body), "{\"service\":%s}", unknown[i]);
		decode = begin(*state, rc_str_from(body));
		decode_id(decode, "service", true);
		expect_fault(decode, PROBLEM_NOT_FOUND, "service");
	}
}

static void a_number_is_whole_and_inside_its_bounds(void **state)
{
	static const char *const wrong[] = {"0", "5", "1.0", "\"2\"", "true", "[1]", "1e2", "99999999999"};
	struct decode *decode = begin(*state, RC_STR("{\"least\":1,\"most\":4,\"none\":null}"));

	assert_int_equal(decode_int(decode, "least", 1, 4, 9), 1);
	assert_int_equal(decode_int(decode, "most", 1, 4, 9), 4);
	assert_int_equal(decode_int(decode, "none", 1, 4, 9), 9);
	assert_int_equal(decode_int(decode, "absent", 1, 4, 9), 9);
	assert_int_equal(decode->fault, PROBLEM_NONE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char body[64];

		snprintf(body, sizeof(body), "{\"party\":%s}", wrong[i]);
		decode = begin(*state, rc_str_from(body));
		decode_int(decode, "party", 1, 4, 1);
		expect_fault(decode, PROBLEM_VALIDATION, "party");
	}
}

static void the_first_fault_stays(void **state)
{
	struct decode *decode = begin(*state, RC_STR("{\"party\":0,\"service\":5}"));

	decode_int(decode, "party", 1, 4, 1);
	decode_id(decode, "service", true);
	decode_time(decode, "start");
	expect_fault(decode, PROBLEM_VALIDATION, "party");
}

static void a_customer_has_a_name_and_an_address(void **state)
{
	static const struct {
		const char *body, *field;
	} wrong[] = {
		{"{}", "customer"},
		{"{\"customer\":[]}", "customer"},
		{"{\"customer\":{\"email\":\"a@b\"}}", "customer.name"},
		{"{\"customer\":{\"name\":\"  \",\"email\":\"a@b\"}}", "customer.name"},
		{"{\"customer\":{\"name\":\"A\\tB\",\"email\":\"a@b\"}}", "customer.name"},
		{"{\"customer\":{\"name\":\"A\"}}", "customer.email"},
		{"{\"customer\":{\"name\":\"A\",\"email\":\"a@\"}}", "customer.email"},
		{"{\"customer\":{\"name\":\"A\",\"email\":\"@b\"}}", "customer.email"},
		{"{\"customer\":{\"name\":\"A\",\"email\":\"a@b@c\"}}", "customer.email"},
		{"{\"customer\":{\"name\":\"A\",\"email\":\"a b@c\"}}", "customer.email"},
		{"{\"customer\":{\"name\":\"A\",\"email\":\"a@b\",\"phone\":7}}", "customer.phone"},
	};
	struct decode *decode = begin(*state,
				      RC_STR("{\"customer\":{\"name\":\" Ada \",\"email\":\"a@b\",\"phone\":null}}"));
	struct contact customer = decode_customer(decode);

	assert_int_equal(decode->fault, PROBLEM_NONE);
	assert_true(rc_str_is(customer.name, "Ada"));
	assert_true(rc_str_is(customer.email, "a@b"));
	assert_int_equal(customer.phone.len, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		decode = begin(*state, rc_str_from(wrong[i].body));
		decode_customer(decode);
		expect_fault(decode, PROBLEM_VALIDATION, wrong[i].field);
	}
}

static void a_text_is_counted_in_characters(void **state)
{
	struct decode *decode = begin(*state, RC_STR("{\"a\":\"äöü\",\"b\":\"äöüx\"}"));
	struct rc_str text = decode_text(decode, "a", true, 3);

	assert_true(rc_str_is(text, "äöü"));
	decode_text(decode, "b", true, 3);
	expect_fault(decode, PROBLEM_VALIDATION, "b");
}

static void the_canonical_form_knows_no_blanks_and_no_order(void **state)
{
	struct fixture *f = *state;
	struct rc_str one = decode_canonical(begin(f, RC_STR(" { \"b\" : 2, \"a\" : \"x\" } ")));
	struct rc_str same = decode_canonical(begin(f, RC_STR("{\"a\":\"\\u0078\",\"b\":2}")));
	struct rc_str other = decode_canonical(begin(f, RC_STR("{\"a\":\"x\",\"b\":3}")));

	assert_true(rc_str_eq(one, same));
	assert_false(rc_str_eq(one, other));
}

static void a_window_is_given_in_dates_or_in_times(void **state)
{
	struct decode *decode = begin(
		*state, RC_STR("{\"a\":\"1970-01-02\",\"b\":\"1970-01-02T00:00:00+01:00\",\"c\":\"soon\"}"));
	bool is_date;

	assert_int_equal(decode_date_or_time(decode, "a", &is_date), 1);
	assert_true(is_date);
	assert_int_equal(decode_date_or_time(decode, "b", &is_date), INT64_C(82800000000));
	assert_false(is_date);
	decode_date_or_time(decode, "c", &is_date);
	expect_fault(decode, PROBLEM_VALIDATION, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_no_object_cannot_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(json_that_no_field_could_take_is_a_fault_of_its_value, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_at_all_is_an_empty_object_where_that_is_allowed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(thirty_two_levels_are_read_and_thirty_three_are_not, setup, teardown),
		cmocka_unit_test_setup_teardown(brackets_in_strings_are_no_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(an_id_is_a_string_of_digits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_number_is_whole_and_inside_its_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_fault_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_customer_has_a_name_and_an_address, setup, teardown),
		cmocka_unit_test_setup_teardown(a_text_is_counted_in_characters, setup, teardown),
		cmocka_unit_test_setup_teardown(the_canonical_form_knows_no_blanks_and_no_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_window_is_given_in_dates_or_in_times, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
