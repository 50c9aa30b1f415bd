/* Servers that crash, freeze, fail over or are set up otherwise, under the feed from PostgreSQL's log. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"
#include "rowcast/feed/postgres/watch.h"

static struct engine server;

static int group_setup(void **state)
{
	pgf_watch_us = 200000;
	engine_start(&server, RC_POSTGRES, (const char *[]){"fsync=off", "max_replication_slots=4", NULL});
	return 0;
}

static int group_teardown(void **state)
{
	engine_remove(&server);
	return 0;
}

static int setup(void **state)
{
	static struct pg_fixture f;

	pgt_fixture_make(&f, &server, RC_FEED_LOG);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	pgt_fixture_end(*state);
	return 0;
}

static void begin(struct pg_fixture *f)
{
	pgt_prepare(f);
	pgt_open(f);
	pgt_snapshot(f);
}

static void test_a_crash_loses_and_doubles_nothing(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_feed_stats stats;

	begin(f);
	pgt_seed_items(f, 16);
	assert_int_equal(pgt_next(f), RC_OK);
	f->total_fixed = true;
	for (unsigned int round = 0; round < 2; round++) {
		struct pgt_writers *writers = pgt_writers_start(f, 4, 31 + round);
		uint32_t until = f->delivered + 30;

		while (f->delivered < until)
			assert_int_equal(pgt_next(f), RC_OK);
		engine_crash(&server);
		pgt_writers_stop(writers);
		engine_again(&server);
		pgt_drain(f);
	}
	rc_feed_stats(f->feed, &stats);
	assert_int_equal(stats.gaps, 0);
	assert_true(stats.connected);
}

static void test_a_server_that_does_not_answer_is_not_called_quiet(void **state)
{
	struct pg_fixture *f = *state;
	int rc;

	begin(f);
	engine_freeze(&server, true);
	while ((rc = rc_feed_next(f->feed, &f->arena, &f->txn)) == RC_AGAIN) {
		struct pollfd fd = {.fd = rc_feed_fd(f->feed), .events = POLLIN};

		if (poll(&fd, 1, 1000) > 0)
			rc_feed_attend(f->feed);
	}
	engine_freeze(&server, false);
	assert_int_equal(rc, RC_UNAVAILABLE);
	pgt_nothing(f);
}

static void test_no_slot_left_is_named(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;

	pgt_sql(f, "SELECT pg_create_physical_replication_slot('taken_' || i) FROM generate_series(1, 3) i");
	assert_int_equal(rc_feed_prepare(f->url, sample_schema(), &f->options, &kind, NULL, &fault), RC_MISMATCH);
	assert_non_null(strstr(fault.message, "max_replication_slots"));
	pgt_sql(f,
		"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'taken%%'");
	begin(f);
}

/* A script of tests/servers; its output without the line's end. */
static void script(char *out, size_t size, const char *words, const char *folder, const char *of)
{
	char command[512];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s/postgres %s %s %s 2>&1", SERVERS, words, folder, of);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(out, 1, size - 1, pipe);
	out[len] = 0;
	out[strcspn(out, "\n")] = 0;
	if (pclose(pipe) != 0)
		fail_msg("%s: %s", command, out);
}

static void test_a_promoted_standby_is_another_history(void **state)
{
	struct pg_fixture *f = *state;
	char folder[80], url[256], out[512], *slash;
	struct rc_feed_stats stats;
	uint64_t epoch;

	snprintf(folder, sizeof(folder), "%s-standby", server.folder);
	script(url, sizeof(url), "standby", folder, server.folder);
	/* Both servers in one URL: HOST:PORT,HOST:PORT/DATABASE. */
	slash = strrchr(f->url, '/');
	snprintf(out, sizeof(out), "%.*s,%.*s%s", (int)(slash - f->url), f->url,
		 (int)(strrchr(url, '/') - strchr(url, '@') - 1), strchr(url, '@') + 1, slash);
	snprintf(f->url, sizeof(f->url), "%.255s", out);
	begin(f);
	epoch = f->at.epoch;
	pgt_seed_items(f, 4);
	assert_int_equal(pgt_next(f), RC_OK);
	engine_stop(&server); /* in order: the standby has everything */
	script(out, sizeof(out), "promote", folder, "");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_true(f->at.epoch != epoch);
	assert_int_equal(f->rows, 4);
	pgt_sql(f, "UPDATE item SET version = 2");
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_drain(f);
	rc_feed_stats(f->feed, &stats);
	assert_int_equal(stats.gaps, 1);
	rc_feed_close(f->feed);
	f->feed = NULL;
	script(out, sizeof(out), "stop", folder, "immediate");
	snprintf(out, sizeof(out), "rm -rf %s", folder);
	assert_int_equal(system(out), 0);
	engine_again(&server);
}

static void shell(const char *format)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && %s", server.folder, format);
	assert_int_equal(system(command), 0);
}

/* Same system, same timeline, and its log has grown past our position again: only the last transaction tells. */
static void test_an_older_copy_of_the_server_is_another_history(void **state)
{
	struct pg_fixture *f = *state;
	uint64_t epoch;

	begin(f);
	epoch = f->at.epoch;
	pgt_seed_items(f, 4);
	assert_int_equal(pgt_next(f), RC_OK);
	engine_stop(&server);
	shell("cp -a data older");
	engine_again(&server);
	pgt_sql(f, "UPDATE item SET version = 2");
	assert_int_equal(pgt_next(f), RC_OK);
	engine_stop(&server);
	shell("rm -rf data && mv older data");
	engine_again(&server);
	pgt_sql(f, "INSERT INTO other (text) SELECT repeat('x', 100) FROM generate_series(1, 5000)");
	pgt_sql(f, "UPDATE item SET version = 5");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_true(f->at.epoch != epoch);
	assert_int_equal(f->items[1].version, 5);
	pgt_nothing(f);
}

static void test_a_log_without_rows_is_refused_with_the_statement(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;

	pgt_sql(f, "ALTER SYSTEM SET wal_level = replica");
	pgt_sql(f, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active");
	engine_stop(&server);
	engine_again(&server);
	assert_int_equal(rc_feed_prepare(f->url, sample_schema(), &f->options, &kind, NULL, &fault), RC_MISMATCH);
	assert_non_null(strstr(fault.message, "ALTER SYSTEM SET wal_level = logical"));
	f->options.kind = RC_FEED_AUTO;
	assert_int_equal(rc_feed_prepare(f->url, sample_schema(), &f->options, &kind, NULL, &fault), RC_OK);
	assert_int_equal(kind, RC_FEED_TRIGGER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_slot_left_is_named),
		TEST(test_a_crash_loses_and_doubles_nothing),
		TEST(test_a_server_that_does_not_answer_is_not_called_quiet),
		TEST(test_an_older_copy_of_the_server_is_another_history),
		TEST(test_a_promoted_standby_is_another_history),
		TEST(test_a_log_without_rows_is_refused_with_the_statement),
	};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, group_setup, group_teardown);
}
