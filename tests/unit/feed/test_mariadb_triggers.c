/* The feed by triggers on real servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maria.h"
#include "rowcast/orm_generated.h"
#include "tests/unit/suite.h"

static struct engine engine;

static int setup(void **state)
{
	static struct maria maria;

	maria_setup(&maria, &engine, RC_FEED_TRIGGER);
	*state = &maria;
	return 0;
}

static int teardown(void **state)
{
	maria_teardown(*state);
	return 0;
}

#define ITEM "INSERT INTO item (name, flag, at) VALUES "

static void test_a_commit_is_delivered_once_with_its_images(void **state)
{
	struct maria *m = *state;
	const struct item *old, *new;

	maria_sql(m, ITEM "('first', 1, '1970-01-01 00:00:00.000005')");
	assert_int_equal(maria_next(m), RC_OK);
	assert_int_equal(m->txn.change_count, 1);
	new = m->txn.changes[0].new_row;
	assert_int_equal(new->at, 5);
	assert_true(new->flag &&rc_str_is(new->name, "first"));
	maria_sql(m, "UPDATE item SET name = 'second', `real` = 2.5");
	assert_int_equal(maria_next(m), RC_OK);
	old = m->txn.changes[0].old_row;
	new = m->txn.changes[0].new_row;
	assert_true(rc_str_is(old->name, "first") && rc_str_is(new->name, "second") && new->real == 2.5);
	maria_sql(m, "START TRANSACTION; DELETE FROM item; ROLLBACK");
	maria_sql(m, "DELETE FROM item");
	assert_int_equal(maria_next(m), RC_OK);
	assert_int_equal(m->txn.changes[0].op, RC_DELETE);
	maria_expect_nothing(m);
}

/* As our own writers do it: the mark stands last, and what one connection commits back to back comes apart. */
static void test_marked_transactions_come_apart(void **state)
{
	struct maria *m = *state;
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 1000000};
	struct rc_fault fault = {0};
	struct rc_db *db;

	if (rc_db_open(&db, m->url, sample_schema(), &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	for (uint64_t i = 1; i <= 20; i++) {
		struct rc_tx *tx = sample_begin(db);

		sample_exec(
			tx,
			"INSERT INTO link (item_id, place, rank) SELECT COALESCE(MAX(item_id), 0) + 1, 1, 1 FROM link");
		sample_exec(tx, "UPDATE link SET rank = rank + 1 ORDER BY id DESC LIMIT 1");
		assert_int_equal(rc_tx_mark(tx, (struct rc_mark){UINT64_MAX - 5, i}), RC_OK);
		sample_commit(tx);
	}
	for (uint64_t i = 1; i <= 20; i++) {
		assert_int_equal(maria_next(m), RC_OK);
		assert_true(m->txn.mark.writer == UINT64_MAX - 5);
		assert_int_equal(m->txn.mark.n, i);
		assert_int_equal(m->txn.change_count, 2);
	}
	rc_db_close(db);
	maria_check(m);
}

static void test_a_cut_connection_loses_nothing(void **state)
{
	struct maria *m = *state;
	struct storm storm;
	struct rc_feed_stats stats;

	storm_begin(&storm, m, 2, 100);
	for (int i = 0; i < 12; i++) {
		uint64_t id = maria_int(m->sql,
					"SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND "
					"info LIKE 'SELECT s.n,%' AND id <> CONNECTION_ID() LIMIT 1");

		if (id)
			(void)mysql_kill(m->sql, id);
		assert_int_equal(maria_next(m), RC_OK);
	}
	storm_join(&storm);
	maria_check(m);
	rc_feed_stats(m->feed, &stats);
	assert_int_equal(stats.gaps, 0);
}

static void test_what_triggers_do_not_see_is_a_gap(void **state)
{
	static const char lost[] =
		"START TRANSACTION; INSERT INTO pair VALUES (49, 'x', 1); DELETE FROM rc_log ORDER BY n "
		"DESC LIMIT 1; INSERT INTO pair VALUES (50, 'x', 1); COMMIT";
	static const char *const statements[] = {
		"TRUNCATE TABLE pair",
		"ALTER TABLE item ADD COLUMN extra INT",
		"DROP TRIGGER rc_feed_pair_insert; CREATE TRIGGER rc_feed_pair_insert AFTER INSERT ON pair FOR EACH "
		"ROW INSERT "
		"INTO rc_log (tbl, op, n0, n1, n2) VALUES ('pair', 1, NEW.`a`, NEW.`b`, NEW.`amount`)",
		lost,
		"UPDATE rc_seq SET n = n + 5; INSERT INTO pair VALUES (51, 'x', 1)",
		"UPDATE rc_log SET at = at - 1 ORDER BY n DESC LIMIT 1; INSERT INTO pair VALUES (52, 'x', 1)",
		"UPDATE rc_seq SET n = 1",
		"UPDATE rc_meta SET value = '5' WHERE `key` = 'epoch'",
	};
	struct maria *m = *state;

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		maria_sql(m, "REPLACE INTO pair VALUES (1, 'x', 1)");
		maria_drain(m);
		maria_sql(m, "%s", statements[i]);
		if (strstr(statements[i], "SET n = 1")) /* or every number would be taken */
			maria_sql(m, "DELETE FROM rc_log");
		maria_expect_gone(m);
	}
}

static void test_what_happened_while_nobody_looked_is_a_gap_too(void **state)
{
	struct maria *m = *state;
	uint64_t epoch = m->at.epoch;
	enum rc_feed_kind kind;
	struct rc_fault fault = {0};
	const struct rc_feed_options options = {.kind = RC_FEED_TRIGGER};

	maria_close(m);
	maria_sql(m, "TRUNCATE pair");
	maria_open(m);
	maria_snapshot(m);
	assert_true(m->at.epoch != epoch);
	epoch = m->at.epoch;
	maria_close(m);
	maria_sql(m, "DROP TRIGGER rc_feed_item_update");
	assert_int_equal(rc_feed_open(&m->feed, m->url, sample_schema(), &options, &fault), RC_MISMATCH);
	assert_non_null(strstr(fault.message, "trigger rc_feed_item_update is missing"));
	assert_int_equal(rc_feed_prepare(m->url, sample_schema(), &options, &kind, NULL, &fault), RC_OK);
	maria_open(m);
	maria_snapshot(m);
	assert_true(m->at.epoch != epoch);
	epoch = m->at.epoch;
	/* What is there already is left alone. */
	assert_int_equal(rc_feed_prepare(m->url, sample_schema(), &options, &kind, NULL, &fault), RC_OK);
	maria_check(m);
	assert_true(m->at.epoch == epoch);
}

static void test_the_log_is_pruned_and_goes_on(void **state)
{
	struct maria *m = *state;
	const struct rc_db_options open = {.access = RC_WRITE, .busy_timeout_us = 1000000};
	const struct rc_feed_options options = {.kind = RC_FEED_TRIGGER, .keep_changes = 10, .keep_us = 0};
	struct rc_position oldest, before;
	struct rc_fault fault = {0};
	uint64_t removed;
	struct rc_db *db;
	struct rc_tx *tx;

	for (int i = 0; i < 50; i++)
		maria_sql(m, "INSERT INTO pair VALUES (%d, 'x', 1)", i);
	maria_drain(m);
	assert_int_equal(rc_feed_oldest(m->feed, &before), RC_OK);
	assert_int_equal(rc_db_open(&db, m->url, sample_schema(), &open, &fault), RC_OK);
	tx = sample_begin(db);
	assert_int_equal(rc_feed_prune(tx, &options, INT64_MAX / 2, &removed), RC_OK);
	sample_commit(tx);
	rc_db_close(db);
	assert_int_equal(removed, 51 - 10);
	assert_int_equal(rc_feed_oldest(m->feed, &oldest), RC_OK);
	assert_int_equal(oldest.n, before.n + removed);
	assert_int_equal(rc_feed_replay(m->feed, before, NULL, NULL), RC_GONE);
	maria_check(m);
}

static void test_the_other_kind_is_removed(void **state)
{
	struct maria *m = *state;
	const struct rc_feed_options options = {.kind = RC_FEED_LOG};
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;

	maria_close(m);
	if (rc_feed_prepare(m->url, sample_schema(), &options, &kind, NULL, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(maria_int(m->sql, "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = "
					   "DATABASE()"),
			 0);
	assert_int_equal(maria_int(m->sql,
				   "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
				   "AND table_name IN ('rc_log', 'rc_seq')"),
			 0);
	m->kind = RC_FEED_LOG;
	maria_open(m);
	maria_snapshot(m);
	maria_check(m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_is_delivered_once_with_its_images),
		TEST(values_of_every_type_come_as_they_are),
		TEST(writers_that_cross_leave_no_gap_and_no_double),
		TEST(transactions_are_never_torn),
		TEST(marked_transactions_come_apart),
		TEST(a_cut_connection_loses_nothing),
		TEST(it_goes_on_from_every_position),
		TEST(the_past_can_be_read_again),
		TEST(a_crashed_server_loses_nothing),
		TEST(what_triggers_do_not_see_is_a_gap),
		TEST(what_happened_while_nobody_looked_is_a_gap_too),
		TEST(the_log_is_pruned_and_goes_on),
		TEST(the_other_kind_is_removed),
	};
	int failed;

	engine_start(&engine, RC_MARIADB, NULL);
	failed = RUN_TESTS(tests);
	engine_remove(&engine);
	return failed;
}
