/* The trigger source on a real PostgreSQL server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"

static struct engine server;

static int group_setup(void **state)
{
	engine_start(&server, RC_POSTGRES, (const char *[]){"fsync=off", NULL});
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

	pgt_fixture_make(&f, &server, RC_FEED_TRIGGER);
	pgt_prepare(&f);
	pgt_open(&f);
	pgt_snapshot(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	pgt_fixture_end(*state);
	return 0;
}

static struct rc_db *orm_open(struct pg_fixture *f)
{
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 5000000};
	struct rc_fault fault = {0};
	struct rc_db *db;

	if (rc_db_open(&db, f->url, sample_schema(), &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	return db;
}

static uint64_t prune(struct rc_db *db, int64_t now_us)
{
	const struct rc_feed_options options = {.kind = RC_FEED_TRIGGER, .keep_us = 1000000};
	struct rc_tx *tx;
	uint64_t removed;

	assert_int_equal(rc_tx_begin(db, RC_WRITE, &tx), RC_OK);
	assert_int_equal(rc_feed_prune(tx, &options, now_us, &removed), RC_OK);
	assert_int_equal(rc_tx_commit(tx), RC_OK);
	return removed;
}

/* By transactions, not by the time of rows: what a long one wrote is old when it commits. */
static void test_pruning_spares_what_a_long_transaction_wrote(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_db *db = orm_open(f);
	PGconn *conn = pgt_connect(f->url);

	pgt_exec(conn, "BEGIN; INSERT INTO pair VALUES (1, 'long', 1)");
	pgt_sql(f, "INSERT INTO pair VALUES (2, 'short', 1)");
	assert_int_equal(pgt_next(f), RC_OK);
	for (int64_t now_us = 0; now_us < 20000000; now_us += 2000000)
		prune(db, now_us);
	pgt_exec(conn, "COMMIT");
	for (int64_t now_us = 20000000; now_us < 21000000; now_us += 250000)
		prune(db, now_us);
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(((const struct pair *)f->txn.changes[0].new_row)->a, 1);
	pgt_nothing(f);
	PQfinish(conn);
	rc_db_close(db);
}

static void test_pruning_frees_the_log_and_a_reader_that_missed_it_is_told(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_db *db = orm_open(f);
	uint64_t removed = 0;

	pgt_sql(f, "INSERT INTO pair SELECT i, 'x', 1 FROM generate_series(1, 1500) i");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(prune(db, 0), 0);
	pgt_nothing(f); /* a look behind the mark that was made: everything in front of it was read */
	for (int64_t now_us = 1000000; now_us < 2000000; now_us += 300000)
		removed += prune(db, now_us);
	assert_int_equal(removed, 1500);
	pgt_nothing(f);
	pgt_sql(f, "INSERT INTO pair VALUES (0, 'unread', 1)");
	for (int64_t now_us = 10000000; now_us < 20000000; now_us += 1000000)
		prune(db, now_us);
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_int_equal(f->rows, 1501);
	pgt_nothing(f);
	rc_db_close(db);
}

static void test_rows_that_somebody_removed_are_a_gap(void **state)
{
	struct pg_fixture *f = *state;

	pgt_sql(f, "INSERT INTO pair VALUES (1, 'x', 1)");
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_sql(f, "DELETE FROM rc_log");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	pgt_nothing(f);
}

#define SHARED(name) cmocka_unit_test_setup_teardown(name, setup, teardown),

int main(void)
{
	const struct CMUnitTest tests[] = {
		PGT_SHARED(SHARED)                                                     /* */
		SHARED(test_pruning_spares_what_a_long_transaction_wrote)              /* */
		SHARED(test_pruning_frees_the_log_and_a_reader_that_missed_it_is_told) /* */
		SHARED(test_rows_that_somebody_removed_are_a_gap)                      /* */
	};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, group_setup, group_teardown);
}
