#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rowcast/base/metric.h"
#include "rowcast/server/metrics.h"

static struct metric ok = METRIC_COUNTER("t_requests_total", "Requests\nwith a \\ and \"quotes\".", "code=\"2xx\"");
static struct metric failed = METRIC_COUNTER("t_requests_total", "Requests.", "code=\"5xx\"");
static struct metric depth = METRIC_GAUGE("t_queue_depth", "Waiting.", NULL);
static struct metric latency = METRIC_HISTOGRAM("t_wait_seconds", "Waited.", "kind=\"a\"");

static struct buf out;

static int begin(void **state)
{
	metric_register(&ok);
	metric_register(&failed);
	metric_register(&depth);
	metric_register(&latency);
	out = BUF_INIT;
	return 0;
}

static int end(void **state)
{
	buf_release(&out);
	return 0;
}

static void assert_has(const char *text)
{
	if (!strstr(buf_cstr(&out), text))
		fail_msg("not found: %s", text);
}

static size_t times_found(const char *text)
{
	size_t times = 0;

	for (const char *at = buf_cstr(&out); (at = strstr(at, text)); at++)
		times++;
	return times;
}

static void counters_and_gauges_stand_below_one_heading_per_name(void **state)
{
	metric_set(&ok, 7);
	metric_set(&failed, 0);
	metric_set(&depth, -2);
	metrics_print_registry(&out);
	assert_has("# HELP t_requests_total Requests\\nwith a \\\\ and \"quotes\".\n# TYPE t_requests_total counter\n"
		   "t_requests_total{code=\"2xx\"} 7\nt_requests_total{code=\"5xx\"} 0\n");
	assert_has("# TYPE t_queue_depth gauge\nt_queue_depth -2\n");
	assert_int_equal(times_found("# HELP t_requests_total"), 1);
	assert_int_equal(times_found("# TYPE t_requests_total"), 1);
}

static void histograms_are_cumulative_and_in_seconds(void **state)
{
	metric_observe_us(&latency, 1);
	metric_observe_us(&latency, 2);
	metric_observe_us(&latency, 2);
	metric_observe_us(&latency, 9000000);
	metrics_print_registry(&out);
	assert_has("# TYPE t_wait_seconds histogram\nt_wait_seconds_bucket{kind=\"a\",le=\"0.000001\"} 1\n"
		   "t_wait_seconds_bucket{kind=\"a\",le=\"0.000002\"} 3\n");
	assert_has(
		"t_wait_seconds_bucket{kind=\"a\",le=\"4.194304\"} 3\nt_wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 4\n"
		"t_wait_seconds_sum{kind=\"a\"} 9.000005\nt_wait_seconds_count{kind=\"a\"} 4\n");
	assert_int_equal(times_found("t_wait_seconds_bucket{"), METRIC_BUCKETS);
}

static void label_values_are_escaped(void **state)
{
	metrics_label(&out, "path", RC_STR("a\\b\"c\nd"));
	assert_string_equal(buf_cstr(&out), "path=\"a\\\\b\\\"c\\nd\"");
}

static double value_of(const char *name)
{
	const char *at = strstr(buf_cstr(&out), name);

	assert_non_null(at);
	return strtod(at + strlen(name), NULL);
}

static void the_process_tells_its_memory_files_start_and_cpu_time(void **state)
{
	metrics_print(&out);
	assert_true(value_of("\nprocess_resident_memory_bytes ") > 100000);
	assert_true(value_of("\nprocess_open_fds ") >= 3);
	assert_true(value_of("\nprocess_max_fds ") >= value_of("\nprocess_open_fds "));
	assert_true(value_of("\nprocess_start_time_seconds ") > 1600000000);
	assert_true(value_of("\nprocess_cpu_seconds_total ") >= 0);
	assert_true(value_of("\nprocess_threads ") >= 1);
	assert_has("\nrowcast_build_info{version=\"" ROWCAST_VERSION "\"} 1\n");
}

/* Every line is a comment, or a name, perhaps labels, one blank and a number. */
static void every_line_has_the_form_of_the_format(void **state)
{
	char *line, *rest;

	metrics_print(&out);
	buf_cstr(&out);
	assert_int_equal(out.data[out.len - 1], '\n');
	for (line = strtok_r(out.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *number = strrchr(line, ' '), *after;

		if (*line == '#')
			continue;
		assert_non_null(number);
		strtod(number + 1, &after);
		assert_int_equal(*after, '\0');
		assert_true((*line >= 'a' && *line <= 'z'));
		assert_true(number[-1] == '}' || !strchr(line, '{'));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(counters_and_gauges_stand_below_one_heading_per_name),
		TEST(histograms_are_cumulative_and_in_seconds),
		TEST(label_values_are_escaped),
		TEST(the_process_tells_its_memory_files_start_and_cpu_time),
		TEST(every_line_has_the_form_of_the_format),
	};

	return RUN_TESTS(tests);
}
