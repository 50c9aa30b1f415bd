/* The feed by binlog on real servers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maria.h"
#include "tests/unit/suite.h"

static struct engine engine;

static int setup(void **state)
{
	static struct maria maria;

	maria_setup(&maria, &engine, RC_FEED_LOG);
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

	assert_int_equal(rc_feed_next(m->feed, &m->arena, &m->txn), RC_AGAIN);
	maria_sql(m, ITEM "('first', 1, '1970-01-01 00:00:00.000005')");
	assert_int_equal(maria_next(m), RC_OK);
	assert_int_equal(m->txn.change_count, 1);
	assert_int_equal(m->txn.changes[0].op, RC_INSERT);
	assert_ptr_equal(m->txn.changes[0].model, &item_model);
	new = m->txn.changes[0].new_row;
	assert_int_equal(new->id, 1);
	assert_int_equal(new->at, 5);
	assert_true(new->flag &&rc_str_is(new->name, "first"));
	assert_int_equal(new->nulls, 1 << ITEM_REAL | 1 << ITEM_DATA | 1 << ITEM_UUID | 1 << ITEM_DAY | 1 << ITEM_DOC);

	maria_sql(m, "UPDATE item SET name = 'second', `real` = 2.5");
	assert_int_equal(maria_next(m), RC_OK);
	old = m->txn.changes[0].old_row;
	new = m->txn.changes[0].new_row;
	assert_true(rc_str_is(old->name, "first") && rc_str_is(new->name, "second") && new->real == 2.5);

	maria_sql(m, "DELETE FROM item");
	assert_int_equal(maria_next(m), RC_OK);
	assert_int_equal(m->txn.changes[0].op, RC_DELETE);
	maria_expect_nothing(m);
}

static void test_a_mark_comes_with_its_transaction(void **state)
{
	struct maria *m = *state;
	static const char mark[] = "INSERT INTO rc_mark VALUES (18446744073709551615, %d) ON DUPLICATE KEY UPDATE n = "
				   "VALUES(n)";

	for (int i = 1; i <= 3; i++) {
		maria_sql(m, "START TRANSACTION");
		if (i < 3)
			maria_sql(m, "INSERT INTO pair VALUES (%d, 'x', 1)", i);
		maria_sql(m, mark, i);
		maria_sql(m, "COMMIT");
		assert_int_equal(maria_next(m), RC_OK);
		assert_true(m->txn.mark.writer == UINT64_MAX);
		assert_int_equal(m->txn.mark.n, i);
		assert_int_equal(m->txn.change_count, i < 3);
	}
	maria_sql(m, "INSERT INTO pair VALUES (9, 'x', 1)");
	assert_int_equal(maria_next(m), RC_OK);
	assert_int_equal(m->txn.mark.writer, 0);
}

/* The dump's own connection. */
static void kill_dump(struct maria *m)
{
	uint64_t id = maria_int(m->sql, "SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump' "
					"ORDER BY id DESC LIMIT 1");

	if (id)
		(void)mysql_kill(m->sql, id);
}

static void test_a_cut_connection_loses_nothing(void **state)
{
	struct maria *m = *state;
	struct rc_feed_stats stats;
	struct storm storm;

	storm_begin(&storm, m, 2, 200);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(maria_next(m), RC_OK);
		if (i % 6 == 0)
			kill_dump(m);
	}
	storm_join(&storm);
	maria_check(m);
	kill_dump(m);
	maria_check(m);
	rc_feed_stats(m->feed, &stats);
	assert_true(stats.reconnects > 0);
	assert_int_equal(stats.gaps, 0);
}

static void test_rotated_files_are_followed(void **state)
{
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1;

	for (int i = 0; i < 60; i++) {
		maria_disturb(m->sql, &seed);
		if (i % 10 == 0)
			maria_sql(m, "FLUSH BINARY LOGS");
	}
	maria_check(m);
}

/* Files that somebody reads, or that a crash would need, are kept: again until it is done. */
static void purge(struct maria *m, bool all)
{
	char file[64], first[64];

	if (all)
		maria_sql(m, "FLUSH BINARY LOGS");
	maria_text(m->sql, "SHOW MASTER STATUS", file, sizeof(file));
	do {
		maria_sql(m, "PURGE BINARY LOGS TO '%s'", file);
		maria_text(m->sql, "SHOW BINARY LOGS", first, sizeof(first));
	} while (strcmp(file, first) != 0);
}

static void test_a_binlog_purged_in_front_of_us_is_a_gap(void **state)
{
	struct maria *m = *state;
	struct rc_position at;

	maria_drain(m);
	at = m->at;
	maria_close(m);
	maria_sql(m, "INSERT INTO pair VALUES (1, 'x', 1)");
	purge(m, true); /* and with it the file that proves the history */
	maria_open(m);
	assert_int_equal(rc_feed_replay(m->feed, at, NULL, NULL), RC_GONE);
	maria_snapshot(m);
	assert_true(m->at.epoch != at.epoch);
	maria_check(m);
}

static void test_files_that_were_read_may_be_forgotten(void **state)
{
	struct maria *m = *state;
	struct rc_position oldest;
	uint64_t epoch = m->at.epoch;

	maria_sql(m, "FLUSH BINARY LOGS");
	maria_drain(m);
	assert_int_equal(rc_feed_oldest(m->feed, &oldest), RC_OK); /* which looks at the files now and then */
	maria_close(m);
	purge(m, false);
	maria_open(m);
	maria_snapshot(m);
	assert_true(m->at.epoch == epoch);
	maria_check(m);
}

static void test_a_binlog_begun_anew_is_a_gap(void **state)
{
	struct maria *m = *state;
	uint64_t epoch;

	maria_sql(m, "INSERT INTO pair VALUES (1, 'x', 1)");
	maria_drain(m);
	maria_sql(m, "RESET MASTER");
	maria_sql(m, "INSERT INTO pair VALUES (2, 'x', 1)");
	maria_expect_gone(m);
	maria_close(m);
	maria_sql(m, "FLUSH BINARY LOGS");
	maria_open(m);
	maria_snapshot(m);
	epoch = m->at.epoch;
	maria_close(m);
	maria_sql(m, "RESET MASTER");
	for (int i = 3; i < 40; i++)
		maria_sql(m, "INSERT INTO pair VALUES (%d, 'x', 1)", i);
	maria_open(m);
	maria_snapshot(m);
	assert_true(m->at.epoch != epoch);
	maria_check(m);
}

static void test_what_rows_do_not_tell_is_a_gap(void **state)
{
	static const char *const statements[] = {
		"TRUNCATE TABLE pair",
		"/*!50000 TRUNCATE */ `pair`",
		"ALTER TABLE item MODIFY name VARCHAR(200) COLLATE utf8mb4_bin NOT NULL",
		"CREATE OR REPLACE TABLE pair (a BIGINT, b VARCHAR(255) COLLATE utf8mb4_bin, amount BIGINT NOT NULL, "
		"PRIMARY "
		"KEY (a, b)) CHARACTER SET utf8mb4",
		"RENAME TABLE pair TO other; RENAME TABLE other TO pair",
		"SET SESSION binlog_format = STATEMENT; INSERT INTO link (item_id, place, rank) VALUES (5, 5, 5); SET "
		"SESSION "
		"binlog_format = ROW",
		"SET SESSION binlog_row_image = MINIMAL; UPDATE pair SET amount = amount + 1; SET SESSION "
		"binlog_row_image = "
		"FULL",
		"XA START 'x'; INSERT INTO pair VALUES (77, 'x', 1); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'; DELETE "
		"FROM "
		"pair WHERE a = 77",
	};
	struct maria *m = *state;

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		maria_sql(m, "REPLACE INTO pair VALUES (1, 'x', 1)");
		maria_drain(m);
		maria_sql(m, "%s", statements[i]);
		maria_expect_gone(m);
	}
}

static void test_changes_that_rows_tell_are_no_gap(void **state)
{
	static const char *const statements[] = {
		"ALTER TABLE item ADD COLUMN extra ENUM('a', 'b') NOT NULL DEFAULT 'a' AFTER id",
		"ALTER TABLE item ADD more DECIMAL(30, 5), ADD INDEX (extra), ADD CONSTRAINT c CHECK (flag < 7)",
		"ALTER TABLE item ADD t TIME(3), ADD y YEAR, ADD b BIT(11), ADD s SET('x', 'y') DEFAULT 'y', ADD p "
		"POINT",
		"ALTER TABLE item ADD v VARCHAR(300) COMPRESSED DEFAULT 'abc', ADD c CHAR(200), ADD d DATETIME, ADD f "
		"FLOAT",
		"ALTER TABLE item ADD u UUID, ADD i6 INET6 DEFAULT '::1', ADD m MEDIUMINT UNSIGNED, ADD ts "
		"TIMESTAMP(2)",
		"UPDATE item SET more = 1.5, t = '-10:20:30.123', y = 2026, b = 1025, s = 'x,y', p = POINT(1, 2), c = "
		"'c', m = "
		"16000000, u = UUID()",
		"CREATE TABLE other (a INT PRIMARY KEY, item_id BIGINT); INSERT INTO other VALUES (1, 1); TRUNCATE "
		"other; DROP "
		"TABLE other",
		"CREATE TEMPORARY TABLE item2 LIKE item; INSERT INTO item2 SELECT * FROM item; DROP TEMPORARY TABLE "
		"item2",
		"CREATE OR REPLACE VIEW pairs AS SELECT * FROM pair; CREATE INDEX rank_of ON link (rank); OPTIMIZE "
		"TABLE pair",
		"ALTER TABLE item DROP COLUMN extra, DROP INDEX extra, ALGORITHM=COPY",
		"START TRANSACTION; SAVEPOINT a; DELETE FROM item; ROLLBACK TO a; RELEASE SAVEPOINT a; COMMIT",
	};
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1;

	for (int i = 0; i < 20; i++)
		maria_disturb(m->sql, &seed);
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		maria_sql(m, "%s", statements[i]);
		for (int k = 0; k < 5; k++)
			maria_disturb(m->sql, &seed);
		maria_check(m);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_is_delivered_once_with_its_images),
		TEST(values_of_every_type_come_as_they_are),
		TEST(writers_that_cross_leave_no_gap_and_no_double),
		TEST(transactions_are_never_torn),
		TEST(a_mark_comes_with_its_transaction),
		TEST(a_cut_connection_loses_nothing),
		TEST(it_goes_on_from_every_position),
		TEST(the_past_can_be_read_again),
		TEST(a_crashed_server_loses_nothing),
		TEST(rotated_files_are_followed),
		TEST(a_binlog_purged_in_front_of_us_is_a_gap),
		TEST(files_that_were_read_may_be_forgotten),
		TEST(a_binlog_begun_anew_is_a_gap),
		TEST(what_rows_do_not_tell_is_a_gap),
		TEST(changes_that_rows_tell_are_no_gap),
	};
	int failed;

	engine_start(&engine, RC_MARIADB, NULL);
	failed = RUN_TESTS(tests);
	engine_remove(&engine);
	return failed;
}
