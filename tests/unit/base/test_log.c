/* Log lines and faults. Lines are read back from a pipe that stands in for standard error. */
#include "tests/unit/suite.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/err.h"

static char line[2 * PIPE_BUF];

/* Standard error is a pipe between these two; end_capture leaves in `line` what one read gives. */
static int saved_stderr, pipe_end;

static void begin_capture(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pipe_end = ends[0];
}

static size_t end_capture(void)
{
	ssize_t got;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	got = read(pipe_end, line, sizeof(line) - 1);
	close(pipe_end);
	assert_true(got >= 0);
	line[got] = '\0';
	return (size_t)got;
}

static void a_line_is_one_json_object_with_its_fields_in_order(void **state)
{
	begin_capture();
	log_event(LOG_INFO, "listening", "ready", LOG_S("address", "::1"), LOG_I("port", 8080), LOG_D("load", 0.5));
	end_capture();
	assert_memory_equal(line, "{\"time\":\"20", 11);
	assert_string_equal(strstr(line, "Z\",") + 3,
			    "\"level\":\"info\",\"event\":\"listening\",\"message\":\"ready\","
			    "\"address\":\"::1\",\"port\":8080,\"load\":0.5}\n");
}

static void a_line_needs_no_fields(void **state)
{
	begin_capture();
	log_event(LOG_ERROR, "e", "m");
	end_capture();
	assert_non_null(strstr(line, "\"level\":\"error\",\"event\":\"e\",\"message\":\"m\"}\n"));
}

static void nobody_can_forge_a_line_or_a_field(void **state)
{
	begin_capture();
	log_event(LOG_WARN, "e", "m", LOG_STR("x", RC_STR("a\"\\\n\x1B\x7F\0\xFFz")));
	end_capture();
	assert_non_null(strstr(line, "\"x\":\"a\\\"\\\\\\u000a\\u001b\\u007f\\u0000\xEF\xBF\xBDz\"}\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_value_that_is_too_long_ends_visibly_and_in_a_whole_character(void **state)
{
	char value[2000];

	memset(value, 'x', sizeof(value));
	memcpy(value + 1023, "\xC3\xA4", 2);
	begin_capture();
	log_event(LOG_INFO, "e", "m", LOG_STR("v", ((struct rc_str){value, sizeof(value)})), LOG_I("after", 1));
	end_capture();
	assert_non_null(strstr(line, "xxx\xE2\x80\xA6\",\"after\":1}\n"));
	assert_null(strchr(line, '\xC3'));
}

static void a_value_of_exactly_the_limit_is_whole(void **state)
{
	char value[1024];

	memset(value, 'x', sizeof(value));
	begin_capture();
	log_event(LOG_INFO, "e", "m", LOG_STR("v", ((struct rc_str){value, sizeof(value)})));
	end_capture();
	assert_non_null(strstr(line, "xxx\"}\n"));
}

static void a_line_that_is_too_long_leaves_fields_out_and_says_so(void **state)
{
	char value[1000];
	struct rc_str text = {value, sizeof(value)};
	size_t len;

	memset(value, 'x', sizeof(value));
	begin_capture();
	log_event(LOG_INFO, "e", "m", LOG_STR("a", text), LOG_STR("b", text), LOG_STR("c", text), LOG_STR("d", text),
		  LOG_STR("e", text));
	len = end_capture();
	assert_true(len <= PIPE_BUF);
	assert_non_null(strstr(line, "\"c\":\"xxx"));
	assert_null(strstr(line, "\"d\":"));
	assert_string_equal(line + len - strlen("x\",\"truncated\":true}\n"), "x\",\"truncated\":true}\n");
}

static void lines_below_the_least_level_are_not_written(void **state)
{
	begin_capture();
	log_set_level(LOG_WARN);
	log_event(LOG_INFO, "quiet", "m");
	log_event(LOG_WARN, "loud", "m");
	log_set_level(LOG_INFO);
	end_capture();
	assert_null(strstr(line, "quiet"));
	assert_non_null(strstr(line, "loud"));
}

static void numbers_that_json_lacks_are_null(void **state)
{
	begin_capture();
	log_event(LOG_INFO, "e", "m", LOG_D("nan", NAN), LOG_D("inf", INFINITY));
	end_capture();
	assert_non_null(strstr(line, "\"nan\":null,\"inf\":null}\n"));
}

static void logging_leaves_errno_alone_even_when_nobody_can_be_told(void **state)
{
	begin_capture();
	close(STDERR_FILENO);
	errno = ENOTDIR;
	log_event(LOG_INFO, "e", "m");
	assert_int_equal(errno, ENOTDIR);
	end_capture();
}

static void level_names_are_read_exactly(void **state)
{
	enum log_level level = LOG_DEBUG;

	assert_int_equal(log_level_parse(RC_STR("error"), &level), RC_OK);
	assert_int_equal(level, LOG_ERROR);
	assert_int_equal(log_level_parse(RC_STR("Error"), &level), RC_INVALID);
	assert_int_equal(log_level_parse(RC_STR("errors"), &level), RC_INVALID);
	assert_int_equal(level, LOG_ERROR);
}

static void every_error_has_a_name_and_no_other_number_has(void **state)
{
	for (int err = RC_MISMATCH; err <= RC_OK; err++)
		assert_string_not_equal(rc_err_name(err), "RC_?");
	assert_string_equal(rc_err_name(RC_BUSY), "RC_BUSY");
	assert_string_equal(rc_err_name(RC_MISMATCH - 1), "RC_?");
	assert_string_equal(rc_err_name(1), "RC_?");
}

static void a_fault_carries_its_sentence_and_returns_the_code(void **state)
{
	struct rc_fault fault = {.constraint = 3};

	assert_int_equal(rc_fault_set(&fault, RC_LIMIT, "body: %d bytes", 9), RC_LIMIT);
	assert_int_equal(fault.err, RC_LIMIT);
	assert_int_equal(fault.constraint, 0);
	assert_string_equal(fault.message, "body: 9 bytes");
	assert_int_equal(rc_fault_set(NULL, RC_IO, "nobody asks"), RC_IO);
}

static void a_fault_that_is_too_long_ends_visibly_and_in_a_whole_character(void **state)
{
	struct rc_fault fault;
	char text[600] = "";

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text + 507, "\xC3\xA4", 2);
	assert_int_equal(rc_fault_set(&fault, RC_INVALID, "%s", text), RC_INVALID);
	assert_true(rc_str_utf8_valid(rc_str_from(fault.message)));
	assert_string_equal(fault.message + strlen(fault.message) - 4, "x\xE2\x80\xA6");
	text[512] = '\0';
	assert_int_equal(rc_fault_set(&fault, RC_INVALID, "%s", text), RC_INVALID);
	assert_string_equal(fault.message + strlen(fault.message) - 3, "\xE2\x80\xA6");
	text[511] = '\0';
	assert_int_equal(rc_fault_set(&fault, RC_INVALID, "%s", text), RC_INVALID);
	assert_string_equal(fault.message, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_json_object_with_its_fields_in_order),
		cmocka_unit_test(a_line_needs_no_fields),
		cmocka_unit_test(nobody_can_forge_a_line_or_a_field),
		cmocka_unit_test(a_value_that_is_too_long_ends_visibly_and_in_a_whole_character),
		cmocka_unit_test(a_value_of_exactly_the_limit_is_whole),
		cmocka_unit_test(a_line_that_is_too_long_leaves_fields_out_and_says_so),
		cmocka_unit_test(lines_below_the_least_level_are_not_written),
		cmocka_unit_test(numbers_that_json_lacks_are_null),
		cmocka_unit_test(logging_leaves_errno_alone_even_when_nobody_can_be_told),
		cmocka_unit_test(level_names_are_read_exactly),
		cmocka_unit_test(every_error_has_a_name_and_no_other_number_has),
		cmocka_unit_test(a_fault_carries_its_sentence_and_returns_the_code),
		cmocka_unit_test(a_fault_that_is_too_long_ends_visibly_and_in_a_whole_character),
	};

	return RUN_TESTS(tests);
}
