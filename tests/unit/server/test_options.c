#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rowcast/server/options.h"
#include "tests/unit/base/death.h"

struct program_options {
	struct server_options server;
	bool demo;
};

static const struct option own[] = {
	{"demo", OPTION_FLAG, offsetof(struct program_options, demo), "off", 0, 0, "General", NULL,
	 "With a demo venue."},
};

static struct program_options options;
static struct option_set set;
static struct option *rows;
static struct rc_fault fault;

static int begin(void **state)
{
	memset(&options, 0xAA, sizeof(options));
	set = (struct option_set){.env_prefix = "SERVER_TEST_", .values = &options};
	rows = server_option_table(own, 1, &set.count);
	set.options = rows;
	return 0;
}

static int end(void **state)
{
	option_release(&set);
	free(rows);
	return 0;
}

static int load_words(char **words, int count)
{
	const char *operands[2];
	int operand_count;

	return server_options_load(&set, count, words, operands, 2, &operand_count, &fault);
}

#define LOAD(...)                                                                                                      \
	load_words((char *[]){(char[]){"program"}, __VA_ARGS__}, sizeof((char *[]){NULL, __VA_ARGS__}) / sizeof(char *))
#define W(text) ((char[]){text})

static void the_defaults_are_those_of_the_contract(void **state)
{
	const struct http_limits *http = &options.server.http;

	assert_int_equal(load_words((char *[]){W("program")}, 1), RC_OK);
	assert_int_equal(http->request_line_bytes_max, 8192);
	assert_int_equal(http->header_bytes_max, 16384);
	assert_int_equal(http->header_count_max, 64);
	assert_int_equal(http->body_bytes_max, 65536);
	assert_int_equal(http->header_time_us, 10000000);
	assert_int_equal(http->tls_time_us, 5000000);
	assert_int_equal(http->body_rate_min, 500);
	assert_int_equal(http->body_grace_us, 10000000);
	assert_int_equal(http->conns_per_address_max, 100);
	assert_int_equal(http->ws_message_bytes_max, 65536);
	assert_int_equal(http->ws_burst, 120);
	assert_int_equal(http->ws_messages_per_min, 300);
	assert_int_equal(http->ping_interval_us, 25000000);
	assert_int_equal(options.server.live.subscriptions_max, 100);
	assert_int_equal(options.server.live.rate_max, 1000);
	assert_int_equal(options.server.live.poll_wait_us, 25000000);
	assert_int_equal(options.server.live.status_interval_us, 3000000);
	assert_int_equal(options.server.keep_time_us, INT64_C(600000000));
	assert_int_equal(options.server.keep_changes, 100000);
	assert_int_equal(options.server.train_max, 256);
	assert_int_equal(options.server.backlog_max, 10000);
	assert_int_equal(options.server.idempotency_keep_us, INT64_C(86400000000));
	assert_int_equal(options.server.write_rate_per_min, 60);
	assert_int_equal(options.server.write_burst, 30);
	assert_string_equal(options.server.listen, "127.0.0.1:8080");
	assert_string_equal(options.server.hosts, "");
	assert_true(options.server.rate_limits);
	assert_false(options.demo);
}

/* A row whose field lies outside the struct, or two rows on one field, would overwrite another option. */
static void every_row_has_a_field_of_its_own(void **state)
{
	for (size_t i = 0; i < server_option_count; i++) {
		assert_true(server_option_rows[i].offset < sizeof(struct server_options));
		for (size_t j = 0; j < i; j++) {
			assert_true(server_option_rows[i].offset != server_option_rows[j].offset);
			assert_string_not_equal(server_option_rows[i].name, server_option_rows[j].name);
		}
		assert_non_null(server_option_rows[i].group);
		assert_int_equal(server_option_rows[i].help[strlen(server_option_rows[i].help) - 1], '.');
	}
}

static void every_number_is_allowed_up_to_its_limits_and_not_beyond(void **state)
{
	for (size_t i = 0; i < server_option_count; i++) {
		const struct option *option = &server_option_rows[i];
		const char *unit = option->type == OPTION_DURATION ? "us" : "";
		const int64_t tries[] = {option->min, option->max, option->min - 1, option->max + 1};

		if (option->type != OPTION_INT && option->type != OPTION_BYTES && option->type != OPTION_DURATION)
			continue;
		assert_true(option->min < option->max);
		for (int k = 0; k < 4; k++) {
			char text[40];

			snprintf(text, sizeof(text), "%lld%s", (long long)tries[k], unit);
			assert_int_equal(option_set_value(&set, option->name, text, NULL, &fault),
					 k < 2 ? RC_OK : RC_INVALID);
		}
	}
}

static void rate_limits_off_lifts_the_limit_per_address_too(void **state)
{
	assert_int_equal(LOAD(W("--rate-limits"), W("off")), RC_OK);
	assert_false(options.server.rate_limits);
	assert_int_equal(options.server.http.conns_per_address_max, 0);
	assert_int_equal(options.server.http.ws_burst, 120);
}

static void threads_become_a_number(void **state)
{
	assert_int_equal(LOAD(W("--demo")), RC_OK);
	assert_in_range(options.server.threads, 1, 8);
	assert_true(options.demo);
	assert_int_equal(LOAD(W("--threads=3")), RC_OK);
	assert_int_equal(options.server.threads, 3);
}

static void the_command_line_wins_over_the_environment_and_that_over_the_file(void **state)
{
	char path[] = "/tmp/options-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(dprintf(fd, "train-max = 1\nbody-max = 1k\nheader-max = 1k\n"), 44);
	close(fd);
	setenv("SERVER_TEST_CONFIG", path, 1);
	setenv("SERVER_TEST_BODY_MAX", "2k", 1);
	setenv("SERVER_TEST_HEADER_MAX", "2k", 1);
	assert_int_equal(LOAD(W("--header-max"), W("3k")), RC_OK);
	assert_int_equal(options.server.train_max, 1);
	assert_int_equal(options.server.http.body_bytes_max, 2048);
	assert_int_equal(options.server.http.header_bytes_max, 3072);
	unsetenv("SERVER_TEST_CONFIG");
	unsetenv("SERVER_TEST_BODY_MAX");
	unsetenv("SERVER_TEST_HEADER_MAX");
	assert_int_equal(LOAD(W("--config"), path), RC_OK);
	assert_int_equal(options.server.http.body_bytes_max, 1024);
	unlink(path);
	assert_int_equal(LOAD(W("--config"), path), RC_NOT_FOUND);
}

static void a_certificate_without_its_key_is_refused(void **state)
{
	assert_int_equal(LOAD(W("--tls-cert"), W("a.pem")), RC_INVALID);
	assert_string_equal(fault.message, "tls-cert and tls-key go together; only tls-cert is given");
	assert_int_equal(LOAD(W("--tls-cert=a.pem"), W("--tls-key=b.pem")), RC_OK);
}

static void a_poll_may_wait_as_long_as_the_longest_and_no_longer(void **state)
{
	assert_int_equal(LOAD(W("--poll-wait=10s"), W("--poll-wait-max=10s")), RC_OK);
	assert_int_equal(LOAD(W("--poll-wait=11s"), W("--poll-wait-max=10s")), RC_INVALID);
}

static void help_is_given_even_when_the_rest_does_not_go_together(void **state)
{
	assert_int_equal(LOAD(W("--tls-cert=a.pem"), W("--help"), W("--config=/nowhere")), RC_OK);
	assert_true(options.server.help);
}

static void append_a_row_twice(void)
{
	const struct option twin = {"listen", OPTION_TEXT, 0, "", 0, 0, "General", NULL, "Again."};
	size_t count;

	free(server_option_table(&twin, 1, &count));
}

static void a_name_may_be_in_the_table_only_once(void **state)
{
	assert_true(stops_the_process(append_a_row_twice));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_defaults_are_those_of_the_contract),
		TEST(every_row_has_a_field_of_its_own),
		TEST(every_number_is_allowed_up_to_its_limits_and_not_beyond),
		TEST(rate_limits_off_lifts_the_limit_per_address_too),
		TEST(threads_become_a_number),
		TEST(the_command_line_wins_over_the_environment_and_that_over_the_file),
		TEST(a_certificate_without_its_key_is_refused),
		TEST(a_poll_may_wait_as_long_as_the_longest_and_no_longer),
		TEST(help_is_given_even_when_the_rest_does_not_go_together),
		TEST(a_name_may_be_in_the_table_only_once),
	};

	return RUN_TESTS(tests);
}
