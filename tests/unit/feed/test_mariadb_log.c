/* The feed by binlog on real servers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maria.h"
#include "rowcast/feed/mariadb/queue.h"
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

/* While nobody looked, and so far that the old number is there again. */
static void test_a_binlog_begun_anew_behind_our_back_is_a_gap(void **state)
{
	struct maria *m = *state;
	uint64_t n = m->at.n;

	assert_int_equal(rc_feed_next(m->feed, &m->arena, &m->txn), RC_AGAIN); /* nothing was read since the snapshot */
	maria_sql(m, "SET GLOBAL read_only = 1");                              /* keeps the feed out, and not us */
	while (maria_int(m->sql, "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Binlog Dump'"))
		kill_dump(m);
	maria_sql(m, "RESET MASTER");
	for (uint64_t i = 0; i < n + 3; i++)
		maria_sql(m, "INSERT INTO pair VALUES (%d, 'x', 1)", (int)i);
	maria_sql(m, "SET GLOBAL read_only = 0");
	maria_expect_gone(m);
}

static void test_a_key_that_changes_rows_by_itself_stops_the_feed(void **state)
{
	struct maria *m = *state;

	maria_sql(m, ITEM "('a', 1, NOW()); INSERT INTO link (item_id, place, rank) VALUES (1, 1, 1)");
	maria_drain(m);
	maria_sql(m, "ALTER TABLE link ADD CONSTRAINT of FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE");
	maria_sql(m, "DELETE FROM item");
	assert_int_equal(maria_next(m), RC_MISMATCH);
	assert_int_equal(maria_next(m), RC_MISMATCH);
	maria_sql(m, "ALTER TABLE link DROP FOREIGN KEY of");
	maria_expect_gone(m);
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
		"SET STATEMENT max_statement_time = 60, sql_mode = '' FOR TRUNCATE TABLE pair",
		"SET SESSION binlog_format = STATEMENT; SET STATEMENT lock_wait_timeout = 5 FOR UPDATE pair SET amount "
		"= 7; SET SESSION binlog_format = ROW",
		"SET SESSION binlog_format = STATEMENT; ANALYZE FORMAT = JSON DELETE FROM pair; SET SESSION "
		"binlog_format = ROW",
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

/* A break that cannot be written down yet (the server is read-only): what lies behind it must wait, too. */
static void test_nothing_behind_a_gap_comes_before_the_gap(void **state)
{
	struct maria *m = *state;
	int first, second, replay;

	maria_sql(m, "INSERT INTO pair VALUES (1, 'x', 1)");
	maria_drain(m);
	maria_sql(m,
		  "SET GLOBAL read_only = 1; SET SESSION binlog_row_image = MINIMAL; UPDATE pair SET amount = 2; SET "
		  "SESSION binlog_row_image = FULL; INSERT INTO pair VALUES (2, 'x', 1)");
	first = maria_next(m);
	second = maria_next(m);
	replay = rc_feed_replay(m->feed, m->at, NULL, NULL);
	maria_sql(m, "SET GLOBAL read_only = 0");
	assert_int_equal(first, RC_READONLY);
	assert_int_equal(second, RC_READONLY);
	assert_int_equal(replay, RC_GONE);
	maria_expect_gone(m);
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

/* What the server is told to do, and undone behind the test. */
static void set_global(struct maria *m, const char *what)
{
	maria_sql(m, "SET GLOBAL %s", what);
}

static void test_compressed_and_unchecked_events_are_read(void **state)
{
	static const char *const settings[] = {"log_bin_compress = ON", "binlog_checksum = NONE",
					       "binlog_checksum = CRC32", "log_bin_compress = OFF"};
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1;

	set_global(m, "log_bin_compress_min_len = 10");
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		set_global(m, settings[i]);
		maria_sql(m, "REPLACE INTO item (id, name, flag, at, data) VALUES (500, 'long', 1, NOW(), "
			     "REPEAT('abc', 5000))");
		for (int k = 0; k < 40; k++)
			maria_disturb(m->sql, &seed);
		maria_check(m);
	}
	set_global(m, "log_bin_compress_min_len = 256");
}

static void prepare_fails(struct maria *m, const char *url, enum rc_err err, const char *words)
{
	const struct rc_feed_options options = {.kind = RC_FEED_LOG};
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;
	int rc = rc_feed_prepare(url ? url : m->url, sample_schema(), &options, &kind, NULL, &fault);

	if (rc != err || !strstr(fault.message, words))
		fail_msg("%s, and not \"%s\": %s", rc_err_name(rc), words, fault.message);
}

static void test_every_wrong_setting_is_named_with_what_mends_it(void **state)
{
	static const struct {
		const char *wrong, *right, *words;
	} cases[] = {
		{"binlog_format = MIXED", "binlog_format = ROW", "run SET GLOBAL binlog_format = ROW"},
		{"binlog_row_image = MINIMAL", "binlog_row_image = FULL", "run SET GLOBAL binlog_row_image = FULL"},
		{"binlog_row_metadata = MINIMAL", "binlog_row_metadata = FULL",
		 "run SET GLOBAL binlog_row_metadata = FULL"},
		{"sync_binlog = 0", "sync_binlog = 1", "run SET GLOBAL sync_binlog = 1"},
	};
	struct maria *m = *state;
	const char *database = strrchr(m->url, '/') + 1, *at = strchr(m->url, '@');
	char url[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set_global(m, cases[i].wrong);
		prepare_fails(m, NULL, RC_MISMATCH, cases[i].words);
		set_global(m, cases[i].right);
	}
	maria_sql(m,
		  "CREATE OR REPLACE USER poor@'%%'; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON %s.* TO poor@'%%'",
		  database);
	snprintf(url, sizeof(url), "mariadb://poor%s", at);
	prepare_fails(m, url, RC_MISMATCH, "run GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'poor'@'%'");
	maria_sql(m, "GRANT BINLOG MONITOR ON *.* TO poor@'%%'");
	prepare_fails(m, url, RC_MISMATCH, "run GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'poor'@'%'");
	maria_sql(m, "DROP USER poor@'%%'");
	snprintf(url, sizeof(url), "mariadb://nobody:secret%s", at);
	prepare_fails(m, url, RC_INVALID, "cannot connect: Access denied for user 'nobody'");
	prepare_fails(m, "mariadb://tester@127.0.0.1:1/test", RC_UNAVAILABLE,
		      "server 127.0.0.1:1, database test: cannot connect");
}

static void test_every_wrong_table_is_named_with_what_mends_it(void **state)
{
	struct maria *m = *state;

	maria_sql(m, "ALTER TABLE pair ENGINE = Aria");
	prepare_fails(m, NULL, RC_MISMATCH, "run ALTER TABLE `pair` ENGINE=InnoDB");
	maria_sql(m, "ALTER TABLE pair ENGINE = InnoDB, DROP PRIMARY KEY");
	prepare_fails(m, NULL, RC_MISMATCH, "run ALTER TABLE `pair` ADD PRIMARY KEY");
	maria_sql(m, "ALTER TABLE pair ADD PRIMARY KEY (a, b)");
	maria_sql(
		m,
		"ALTER TABLE link ADD CONSTRAINT of_item FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE");
	prepare_fails(m, NULL, RC_MISMATCH, "foreign key of_item of table link to item has ON DELETE CASCADE");
	maria_sql(m, "ALTER TABLE link DROP FOREIGN KEY of_item");
	maria_sql(m, "RENAME TABLE link TO other");
	prepare_fails(m, NULL, RC_MISMATCH, "table link is missing; run the migrations");
	maria_sql(m, "RENAME TABLE other TO link");
	maria_expect_gone(m);
}

/* The server of these tests has no certificate. */
static void test_a_url_that_asks_for_tls_is_never_followed_in_clear_text(void **state)
{
	struct maria *m = *state;
	const struct rc_feed_options options = {.kind = RC_FEED_LOG};
	struct rc_fault fault = {0};
	struct rc_feed *feed;
	char url[300];

	snprintf(url, sizeof(url), "%s%cssl=on", m->url, strchr(m->url, '?') ? '&' : '?');
	prepare_fails(m, url, RC_INVALID, "does not speak TLS");
	assert_int_equal(rc_feed_open(&feed, url, sample_schema(), &options, &fault), RC_INVALID);
	assert_non_null(strstr(fault.message, "does not speak TLS"));
}

static void test_the_log_is_preferred_and_triggers_stand_in_for_it(void **state)
{
	struct maria *m = *state;
	const struct rc_feed_options options = {.kind = RC_FEED_AUTO};
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;
	char why[768];

	assert_int_equal(rc_feed_prepare(m->url, sample_schema(), &options, &kind, why, &fault), RC_OK);
	assert_int_equal(kind, RC_FEED_LOG);
	maria_close(m);
	set_global(m, "binlog_row_metadata = NO_LOG");
	assert_int_equal(rc_feed_prepare(m->url, sample_schema(), &options, &kind, why, &fault), RC_OK);
	set_global(m, "binlog_row_metadata = FULL");
	assert_int_equal(kind, RC_FEED_TRIGGER);
	assert_non_null(strstr(why, "run SET GLOBAL binlog_row_metadata = FULL"));
	m->kind = RC_FEED_TRIGGER;
	maria_open(m);
	maria_snapshot(m);
	maria_check(m);
}

static void test_a_server_that_is_not_there_is_passed_over(void **state)
{
	struct maria *m = *state;
	char url[256];

	maria_close(m);
	snprintf(url, sizeof(url), "mariadb://tester@127.0.0.1:1,%s", strchr(m->url, '@') + 1);
	memcpy(m->url, url, sizeof(url));
	maria_open(m);
	maria_snapshot(m);
	maria_check(m);
}

/* More than the queue holds: the rest waits at the server, and comes. */
static void test_who_does_not_read_holds_a_bounded_number_of_bytes(void **state)
{
	struct maria *m = *state;

	maria_sql(m, "INSERT INTO item (id, name, flag, at, data) VALUES (1, 'large', 1, NOW(), REPEAT('x', 2000000))");
	for (int i = 0; i < 25; i++)
		maria_sql(m, "UPDATE item SET data = REPEAT('%c', 2000000)", 'a' + i);
	while (maria_int(m->sql,
			 "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Binlog Dump' AND state "
			 "LIKE 'Writing to net%'") == 0)
		;
	maria_check(m);
	assert_int_equal(m->transactions, 1 + 25 + 1);
}

/* A replica takes the primary's place: the feed goes on behind the same GTID, in the same epoch. */
static void test_another_server_of_the_cluster_goes_on(void **state)
{
	static const char *const settings[] = {"--server-id=2", "--log-slave-updates=1", "--read-only=1", NULL};
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1, epoch;
	const char *place;
	struct engine second;
	char url[256], position[64];
	struct rc_position oldest;
	MYSQL *replica;

	maria_sql(m, "RESET MASTER"); /* so that a replica can begin with what comes */
	maria_teardown(m);
	maria_setup(m, &engine, RC_FEED_LOG);
	epoch = m->at.epoch;
	place = strchr(m->url, '@') + 1;
	engine_start(&second, RC_MARIADB, settings);
	replica = maria_connect(second.url);
	maria_exec(replica,
		   "RESET MASTER; SET GLOBAL gtid_slave_pos = ''; CHANGE MASTER TO master_host = '127.0.0.1', "
		   "master_port = "
		   "%d, master_user = 'tester', master_use_gtid = slave_pos; START SLAVE",
		   atoi(strchr(place, ':') + 1));
	maria_close(m);
	snprintf(url, sizeof(url), "mariadb://tester@%.*s,%s", (int)(strchr(place, '/') - place), place,
		 strchr(second.url, '@') + 1);
	snprintf(strrchr(url, '/'), 32, "%s", strrchr(m->url, '/'));
	memcpy(m->url, url, sizeof(url));
	maria_open(m);
	maria_snapshot(m);
	for (int i = 0; i < 30; i++)
		maria_disturb(m->sql, &seed);
	for (int i = 0; i < 5; i++)
		assert_int_equal(maria_next(m), RC_OK);
	maria_text(m->sql, "SELECT @@gtid_binlog_pos", position, sizeof(position));
	maria_exec(replica, "DO MASTER_GTID_WAIT('%s', 20)", position);
	engine_crash(m->engine);
	maria_exec(replica, "STOP SLAVE; SET GLOBAL read_only = 0");
	mysql_close(m->sql);
	snprintf(url, sizeof(url), "%.*s%s", (int)(strrchr(second.url, '/') - second.url), second.url,
		 strrchr(m->url, '/'));
	m->sql = maria_connect(url);
	for (int i = 0; i < 30; i++)
		maria_disturb(m->sql, &seed);
	maria_drain(m);
	assert_int_equal(rc_feed_oldest(m->feed, &oldest), RC_OK); /* which notes the new server in rc_meta */
	maria_check(m);
	assert_true(m->at.epoch == epoch);
	mysql_close(replica);
	maria_close(m);
	engine_remove(&second);
	engine_again(m->engine);
}

static void *push_all(void *arg)
{
	struct queue *queue = arg;

	for (uint64_t i = 1; i <= 100; i++) {
		struct queue_item item = {.n = i};

		buf_append(&item.bytes, "0123456789", 10);
		if (!maria_queue_push(queue, &item))
			return NULL;
	}
	maria_queue_say(queue, QUEUE_BROKEN, "the end");
	return NULL;
}

static void test_a_queue_is_bounded_and_keeps_order(void **state)
{
	struct queue queue;
	struct queue_item *item;
	enum queue_state how;
	pthread_t thread;
	uint64_t n = 0;
	int rc;

	assert_int_equal(maria_queue_init(&queue, NULL), RC_OK);
	queue.bytes_max = 35;
	assert_int_equal(pthread_create(&thread, NULL, push_all, &queue), 0);
	while ((rc = maria_queue_pop(&queue, &item, &how)) != RC_GONE) {
		pthread_mutex_lock(&queue.lock);
		assert_true(queue.bytes <= 35);
		pthread_mutex_unlock(&queue.lock);
		if (rc != RC_OK)
			continue;
		assert_int_equal(item->n, ++n);
		maria_queue_free(item);
	}
	assert_int_equal(n, 100);
	assert_string_equal(queue.why, "the end");
	pthread_join(thread, NULL);
	/* Whoever waits for room is let go. */
	maria_queue_clear(&queue);
	assert_int_equal(pthread_create(&thread, NULL, push_all, &queue), 0);
	maria_queue_stop(&queue);
	pthread_join(thread, NULL);
	maria_queue_release(&queue);
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
		TEST(a_binlog_begun_anew_behind_our_back_is_a_gap),
		TEST(a_key_that_changes_rows_by_itself_stops_the_feed),
		TEST(what_rows_do_not_tell_is_a_gap),
		TEST(nothing_behind_a_gap_comes_before_the_gap),
		TEST(changes_that_rows_tell_are_no_gap),
		TEST(compressed_and_unchecked_events_are_read),
		TEST(every_wrong_setting_is_named_with_what_mends_it),
		TEST(every_wrong_table_is_named_with_what_mends_it),
		TEST(a_url_that_asks_for_tls_is_never_followed_in_clear_text),
		TEST(the_log_is_preferred_and_triggers_stand_in_for_it),
		TEST(a_server_that_is_not_there_is_passed_over),
		TEST(who_does_not_read_holds_a_bounded_number_of_bytes),
		TEST(another_server_of_the_cluster_goes_on),
		cmocka_unit_test(test_a_queue_is_bounded_and_keeps_order),
	};
	int failed;

	engine_start(&engine, RC_MARIADB, NULL);
	failed = RUN_TESTS(tests);
	engine_remove(&engine);
	return failed;
}
