/* The feed on a real database file, written by other connections. */
#include <poll.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rowcast/feed.h"
#include "sample.h"

struct fixture {
	struct sample_dir dir;
	struct rc_db *db;
	struct rc_feed *feed;
	struct rc_arena arena;
	struct rc_txn txn;
	struct rc_position at;
	int rows;
};

static void feed_open(struct fixture *f)
{
	struct rc_fault fault = {0};

	if (rc_feed_open(&f->feed, f->dir.url, sample_schema(), &(struct rc_feed_options){0}, &fault) != RC_OK)
		fail_msg("%s", fault.message);
}

static void count_row(void *arg, const struct rc_model *model, const void *row)
{
	++*(int *)arg;
}

static void snapshot(struct fixture *f)
{
	struct rc_fault fault = {0};

	f->rows = 0;
	if (rc_feed_snapshot(f->feed, count_row, &f->rows, &f->at, &fault) != RC_OK)
		fail_msg("%s", fault.message);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	sample_dir_make(&f.dir);
	f.db = sample_open(&f.dir);
	rc_arena_init(&f.arena, 4096);
	feed_open(&f);
	snapshot(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_feed_close(f->feed);
	rc_arena_release(&f->arena);
	rc_db_close(f->db);
	sample_dir_remove(&f->dir);
	return 0;
}

static int next(struct fixture *f)
{
	rc_arena_reset(&f->arena);
	return rc_feed_next(f->feed, &f->arena, &f->txn);
}

#define ITEM(name) "INSERT INTO item (name, flag, at) VALUES ('" name "', 1, 5)"

static void test_nothing_new_is_again(void **state)
{
	assert_int_equal(next(*state), RC_AGAIN);
	assert_int_equal(next(*state), RC_AGAIN);
}

static void test_a_commit_is_delivered_once_with_its_images(void **state)
{
	struct fixture *f = *state;
	const struct item *old, *new;

	sample_write(f->db, ITEM("first"));
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 1);
	assert_int_equal(f->txn.changes[0].op, RC_INSERT);
	assert_ptr_equal(f->txn.changes[0].model, &item_model);
	assert_null(f->txn.changes[0].old_row);
	new = f->txn.changes[0].new_row;
	assert_int_equal(new->id, 1);
	assert_true(rc_str_is(new->name, "first"));
	assert_int_equal(new->nulls, 1 << ITEM_REAL | 1 << ITEM_DATA | 1 << ITEM_UUID | 1 << ITEM_DAY | 1 << ITEM_DOC);
	assert_int_equal(next(f), RC_AGAIN);

	sample_write(f->db, "UPDATE item SET name = 'second', real = 2.5");
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.changes[0].op, RC_UPDATE);
	old = f->txn.changes[0].old_row;
	new = f->txn.changes[0].new_row;
	assert_true(rc_str_is(old->name, "first"));
	assert_true(rc_str_is(new->name, "second"));
	assert_true(new->real == 2.5);

	sample_write(f->db, "DELETE FROM item");
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.changes[0].op, RC_DELETE);
	assert_null(f->txn.changes[0].new_row);
	assert_true(rc_str_is(((const struct item *)f->txn.changes[0].old_row)->name, "second"));
	assert_int_equal(next(f), RC_AGAIN);
}

static void test_a_transaction_comes_whole_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	uint64_t head;

	sample_exec(tx, ITEM("a"));
	sample_exec(tx, "INSERT INTO link (item_id, place, rank) VALUES (1, 1, 1)");
	assert_int_equal(next(f), RC_AGAIN);
	sample_exec(tx, "INSERT INTO pair VALUES (1, 'x', 7)");
	sample_exec(tx, "DELETE FROM item");
	assert_int_equal(rc_tx_log_head(tx, &head), RC_OK);
	sample_commit(tx);
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 5);
	assert_int_equal(f->txn.position.n, head);
	assert_ptr_equal(f->txn.changes[2].model, &pair_model);
	assert_ptr_equal(f->txn.changes[3].model, &link_model); /* the cascade */
	assert_int_equal(f->txn.changes[3].op, RC_DELETE);
	assert_ptr_equal(f->txn.changes[4].model, &item_model);
}

/* As another program writes it, without our marks. */
static void foreign_write(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->dir.url + strlen("sqlite:"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_our_transactions_are_told_apart_whatever_stands_beside_them(void **state)
{
	static const uint32_t counts[] = {2, 1, 2, 3};
	struct fixture *f = *state;

	foreign_write(f, ITEM("before") ";" ITEM("before, too")); /* two of theirs, told as one */
	sample_write(f->db, ITEM("ours"));
	sample_write(f->db, ITEM("ours again") ", ('and', 1, 5)");
	foreign_write(f, "BEGIN;" ITEM("behind") ";" ITEM("b") ";" ITEM("c") "; COMMIT");
	for (uint64_t i = 0, n = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_int_equal(next(f), RC_OK);
		assert_int_equal(f->txn.change_count, counts[i]);
		n += counts[i];
		assert_int_equal(f->txn.position.n - f->at.n, n);
	}
	assert_int_equal(next(f), RC_AGAIN);
}

static void test_what_is_rolled_back_is_not_delivered(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);

	sample_exec(tx, ITEM("a"));
	rc_tx_rollback(tx);
	tx = sample_begin(f->db);
	assert_int_equal(rc_tx_savepoint(tx), RC_OK);
	sample_exec(tx, ITEM("b"));
	assert_int_equal(rc_tx_savepoint_rollback(tx), RC_OK);
	sample_exec(tx, ITEM("c"));
	sample_commit(tx);
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 1);
	assert_true(rc_str_is(((const struct item *)f->txn.changes[0].new_row)->name, "c"));
}

static void test_the_snapshot_and_what_follows_meet_without_gap_or_double(void **state)
{
	struct fixture *f = *state;

	sample_write(f->db, ITEM("a"));
	sample_write(f->db, ITEM("b"));
	snapshot(f);
	assert_int_equal(f->rows, 2);
	assert_int_equal(next(f), RC_AGAIN);
	sample_write(f->db, ITEM("c"));
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.position.n, f->at.n + 1);
}

static void test_a_statement_that_failed_half_way_keeps_positions_true(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	uint64_t head;

	sample_exec(tx, ITEM("a"));
	assert_int_equal(rc_sql_exec(tx, "INSERT OR FAIL INTO item (name, flag, at) VALUES ('b', 1, 1), ('a', 1, 1)",
				     NULL, 0, NULL),
			 RC_CONSTRAINT);
	assert_int_equal(rc_tx_log_head(tx, &head), RC_OK);
	sample_commit(tx);
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 2);
	assert_int_equal(f->txn.position.n, head);
	sample_write(f->db, ITEM("c"));
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.position.n, head + 1);
}

static void test_the_descriptor_tells_of_another_connections_commit(void **state)
{
	struct fixture *f = *state;
	struct pollfd fd = {.fd = rc_feed_fd(f->feed), .events = POLLIN};
	int rc = RC_AGAIN;

	sample_write(f->db, ITEM("a"));
	for (int i = 0; i < 100 && rc == RC_AGAIN; i++) {
		assert_int_equal(poll(&fd, 1, 10000), 1);
		rc_feed_attend(f->feed);
		rc = next(f);
	}
	assert_int_equal(rc, RC_OK);
}

static void collect(void *arg, const struct rc_txn *txn)
{
	struct fixture *f = arg;

	f->txn = *txn;
	f->rows += (int)txn->change_count;
}

static void test_positions_outlive_the_process(void **state)
{
	struct fixture *f = *state;
	struct rc_position before;

	sample_write(f->db, ITEM("a"));
	assert_int_equal(next(f), RC_OK);
	before = f->txn.position;
	rc_feed_close(f->feed);
	sample_write(f->db, ITEM("b"));
	sample_write(f->db, "DELETE FROM item WHERE name = 'a'");
	feed_open(f);
	snapshot(f);
	assert_true(f->at.epoch == before.epoch);
	f->rows = 0;
	assert_int_equal(rc_feed_replay(f->feed, before, collect, f), RC_OK);
	assert_int_equal(f->rows, 2);
	assert_int_equal(f->txn.position.n, f->at.n);
	f->rows = 0;
	assert_int_equal(rc_feed_replay(f->feed, f->at, collect, f), RC_OK);
	assert_int_equal(f->rows, 0);
}

static void test_positions_of_another_epoch_or_ahead_are_gone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rc_feed_replay(f->feed, (struct rc_position){f->at.epoch + 1, f->at.n}, collect, f), RC_GONE);
	assert_int_equal(rc_feed_replay(f->feed, (struct rc_position){f->at.epoch, f->at.n + 1}, collect, f), RC_GONE);
	assert_int_equal(rc_feed_replay(f->feed, (struct rc_position){f->at.epoch, f->at.n}, collect, f), RC_OK);
}

static void fill(struct fixture *f, int count)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < %d)"
		 " INSERT INTO item (name, flag, at) SELECT 'item ' || i, 0, i FROM g",
		 count);
	sample_write(f->db, sql);
}

static uint64_t prune(struct fixture *f, uint64_t keep_changes, int64_t keep_us)
{
	const struct rc_feed_options options = {.keep_us = keep_us, .keep_changes = keep_changes};
	struct rc_tx *tx = sample_begin(f->db);
	uint64_t removed;

	assert_int_equal(rc_feed_prune(tx, &options, INT64_C(4000000000000000), &removed), RC_OK);
	sample_commit(tx);
	return removed;
}

static void test_pruning_keeps_the_number_that_was_asked_for(void **state)
{
	struct fixture *f = *state;

	fill(f, 10);
	assert_int_equal(prune(f, 10, 0), 0);
	assert_int_equal(prune(f, 9, 0), 1);
	assert_int_equal(prune(f, 0, 0), 8); /* the newest row stays */
	assert_int_equal(prune(f, 0, 0), 0);
}

static void test_pruning_keeps_what_is_young(void **state)
{
	struct fixture *f = *state;

	fill(f, 10);
	sample_write(f->db, "UPDATE rc_log SET at = 4000000000000000 - (20 - n)"); /* row n is 20 - n µs old */
	assert_int_equal(prune(f, 1, 20), 0);
	assert_int_equal(prune(f, 1, 15), 4);
	assert_int_equal(prune(f, 1, 15), 0);
}

static void test_pruning_goes_in_small_batches(void **state)
{
	struct fixture *f = *state;

	fill(f, 2500);
	assert_int_equal(prune(f, 1, 0), 1000);
	assert_int_equal(prune(f, 1, 0), 1000);
	assert_int_equal(prune(f, 1, 0), 499);
}

static void test_pruning_behind_the_reader_does_not_disturb_it(void **state)
{
	struct fixture *f = *state;
	struct rc_position oldest;

	fill(f, 10);
	assert_int_equal(next(f), RC_OK);
	prune(f, 1, 0);
	assert_int_equal(next(f), RC_AGAIN);
	sample_write(f->db, "UPDATE item SET flag = 1 WHERE id <= 3");
	prune(f, 3, 0); /* now the reader's own row is gone, but nothing in front of it */
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 3);
	assert_int_equal(rc_feed_oldest(f->feed, &oldest), RC_OK);
	assert_int_equal(oldest.n, f->txn.position.n - 3);
	snapshot(f);
	assert_int_equal(rc_feed_replay(f->feed, oldest, collect, f), RC_OK);
	oldest.n--;
	assert_int_equal(rc_feed_replay(f->feed, oldest, collect, f), RC_GONE);
}

static void gone_once(struct fixture *f)
{
	uint64_t epoch = f->at.epoch;

	assert_int_equal(next(f), RC_GONE);
	assert_int_equal(next(f), RC_GONE);
	snapshot(f);
	assert_false(f->at.epoch == epoch);
	assert_int_equal(next(f), RC_AGAIN);
	sample_write(f->db, ITEM("after the gap"));
	assert_int_equal(next(f), RC_OK);
	assert_true(f->txn.position.epoch == f->at.epoch);
}

static void test_rows_removed_in_front_of_the_reader_are_a_loud_gap(void **state)
{
	struct fixture *f = *state;

	fill(f, 5);
	sample_write(f->db, "DELETE FROM rc_log WHERE n <= 3");
	gone_once(f);
}

static void test_the_newest_rows_removed_are_a_loud_gap(void **state)
{
	struct fixture *f = *state;

	fill(f, 5);
	sample_write(f->db, "DELETE FROM rc_log");
	gone_once(f);
}

static void test_a_log_that_ran_backwards_is_a_loud_gap(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx;

	fill(f, 5);
	assert_int_equal(next(f), RC_OK);
	tx = sample_begin(f->db);
	sample_exec(tx, "DELETE FROM rc_log WHERE n > 3");
	sample_exec(tx, "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'rc_log'");
	sample_commit(tx);
	gone_once(f);
}

static void test_another_history_with_the_same_numbers_is_a_loud_gap(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx;

	fill(f, 5);
	assert_int_equal(next(f), RC_OK);
	tx = sample_begin(f->db);
	sample_exec(tx, "DELETE FROM rc_log WHERE n > 3");
	sample_exec(tx, "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'rc_log'");
	sample_exec(tx, "DELETE FROM item WHERE id > 2");
	sample_commit(tx);
	gone_once(f);
}

static void test_a_migration_ends_the_epoch(void **state)
{
	struct fixture *f = *state;
	struct rc_fault fault;
	uint32_t applied;

	assert_int_equal(rc_migrate_down(f->db, &fault), RC_OK);
	assert_int_equal(rc_migrate_up(f->db, &applied, &fault), RC_OK);
	gone_once(f);
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void test_a_copied_file_is_another_history(void **state)
{
	struct fixture *f = *state;
	struct rc_position before = f->at;
	char command[256];

	fill(f, 5);
	rc_feed_close(f->feed);
	rc_db_close(f->db);
	snprintf(command, sizeof(command), "cd %s && cp data.db copy.db && mv copy.db data.db", f->dir.path);
	run(command);
	f->db = sample_open(&f->dir);
	feed_open(f);
	snapshot(f);
	assert_false(f->at.epoch == before.epoch);
	assert_int_equal(rc_feed_replay(f->feed, before, collect, f), RC_GONE);
}

static void test_a_file_moved_into_place_while_open_is_followed(void **state)
{
	struct fixture *f = *state;
	struct rc_fault fault;
	struct rc_tx *tx;
	char command[256];
	int rc = RC_AGAIN;

	fill(f, 5);
	assert_int_equal(next(f), RC_OK);
	snprintf(command, sizeof(command),
		 "cd %s && sqlite3 data.db \".backup copy.db\" && rm -f data.db-wal data.db-shm && mv copy.db data.db",
		 f->dir.path);
	run(command);
	assert_int_equal(rc_tx_begin(f->db, RC_WRITE, &tx), RC_IO);
	assert_non_null(strstr(rc_db_fault(f->db)->message, "was replaced"));
	while (rc == RC_AGAIN) {
		struct pollfd fd = {.fd = rc_feed_fd(f->feed), .events = POLLIN};

		assert_int_equal(poll(&fd, 1, 10000), 1);
		rc_feed_attend(f->feed);
		rc = next(f);
	}
	assert_int_equal(rc, RC_GONE);
	rc_db_close(f->db);
	f->db = sample_open_with(&f->dir, RC_WRITE);
	assert_int_equal(rc_migrate_verify(f->db, &fault), RC_OK);
	snapshot(f);
	assert_int_equal(f->rows, 5);
	sample_write(f->db, ITEM("in the new file"));
	assert_int_equal(next(f), RC_OK);
}

static void test_an_epoch_that_cannot_be_stored_lives_in_memory(void **state)
{
	struct fixture *f = *state;
	struct rc_position before = f->at;
	struct rc_tx *tx;

	rc_feed_close(f->feed);
	sample_write(f->db, "DELETE FROM rc_meta");
	tx = sample_begin(f->db); /* somebody holds the write lock */
	feed_open(f);
	snapshot(f);
	assert_false(f->at.epoch == before.epoch);
	rc_tx_rollback(tx);
	sample_write(f->db, ITEM("a"));
	assert_int_equal(next(f), RC_OK);
	assert_true(f->txn.position.epoch == f->at.epoch);
	assert_int_equal(rc_feed_replay(f->feed, f->at, collect, f), RC_OK);
}

static void test_rows_that_are_not_ours_are_passed_over(void **state)
{
	struct fixture *f = *state;

	sample_write(f->db, "INSERT INTO rc_log (at, tbl, op) VALUES (1, 'unknown', 1), (1, 'item', 9), (1, x'00', 1), "
			    "(1, 'item', 1.5), (1, 'item', '2.5'), (1, 'item', 'one')");
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 0);
	assert_int_equal(f->txn.position.n, f->at.n + 6);
	sample_write(f->db, ITEM("a")); /* behind a row whose op is none */
	assert_int_equal(next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 1);
}

static void test_a_value_of_another_type_is_null_and_stops_nothing(void **state)
{
	struct fixture *f = *state;
	const struct item *row;

	sample_write(f->db, "INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n6, n7) VALUES (1, 'item', 1, 'x', 'name', "
			    "2, 3, '2026-13-01')");
	assert_int_equal(next(f), RC_OK);
	row = f->txn.changes[0].new_row;
	assert_true(RC_ROW_IS_NULL(row, ITEM_ID));
	assert_true(RC_ROW_IS_NULL(row, ITEM_FLAG));
	assert_true(RC_ROW_IS_NULL(row, ITEM_DAY));
	assert_true(rc_str_is(row->name, "name"));
	assert_int_equal(row->at, 3);
}

static void test_a_database_without_a_log_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rc_fault fault;
	struct rc_feed *feed;
	char url[160], command[256];

	snprintf(command, sizeof(command), "sqlite3 %s/plain.db 'CREATE TABLE t (x)'", f->dir.path);
	run(command);
	snprintf(url, sizeof(url), "sqlite:%s/plain.db", f->dir.path);
	assert_int_equal(rc_feed_open(&feed, url, sample_schema(), &(struct rc_feed_options){0}, &fault), RC_MISMATCH);
	assert_non_null(strstr(fault.message, "run the migrations"));
	snprintf(url, sizeof(url), "sqlite:%s/nowhere.db", f->dir.path);
	assert_int_equal(rc_feed_open(&feed, url, sample_schema(), &(struct rc_feed_options){0}, &fault), RC_NOT_FOUND);
	assert_int_equal(rc_feed_open(&feed, "oracle:x", sample_schema(), &(struct rc_feed_options){0}, &fault),
			 RC_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_nothing_new_is_again),
		TEST(test_a_commit_is_delivered_once_with_its_images),
		TEST(test_a_transaction_comes_whole_and_in_order),
		TEST(test_our_transactions_are_told_apart_whatever_stands_beside_them),
		TEST(test_what_is_rolled_back_is_not_delivered),
		TEST(test_the_snapshot_and_what_follows_meet_without_gap_or_double),
		TEST(test_a_statement_that_failed_half_way_keeps_positions_true),
		TEST(test_the_descriptor_tells_of_another_connections_commit),
		TEST(test_positions_outlive_the_process),
		TEST(test_positions_of_another_epoch_or_ahead_are_gone),
		TEST(test_pruning_keeps_the_number_that_was_asked_for),
		TEST(test_pruning_keeps_what_is_young),
		TEST(test_pruning_goes_in_small_batches),
		TEST(test_pruning_behind_the_reader_does_not_disturb_it),
		TEST(test_rows_removed_in_front_of_the_reader_are_a_loud_gap),
		TEST(test_the_newest_rows_removed_are_a_loud_gap),
		TEST(test_a_log_that_ran_backwards_is_a_loud_gap),
		TEST(test_another_history_with_the_same_numbers_is_a_loud_gap),
		TEST(test_a_migration_ends_the_epoch),
		TEST(test_a_copied_file_is_another_history),
		TEST(test_a_file_moved_into_place_while_open_is_followed),
		TEST(test_an_epoch_that_cannot_be_stored_lives_in_memory),
		TEST(test_rows_that_are_not_ours_are_passed_over),
		TEST(test_a_value_of_another_type_is_null_and_stops_nothing),
		TEST(test_a_database_without_a_log_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
