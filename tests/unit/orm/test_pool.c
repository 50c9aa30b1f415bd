/* The pool of connections: who gets one, when one is replaced, who is told. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

#include "rowcast/orm/db.h"
#include "rowcast/orm/run.h"
#include "rowcast/pool.h"
#include "sample.h"

#define LONG_US 60000000

struct fixture {
	struct sample_dir dir;
	struct rc_pool *pool;
	struct rc_pool_options options;
	struct rc_pool_stats stats;
	struct rc_fault fault;
	struct rc_pool_held held[16];
	int reports;
};

static void take_report(void *arg, const struct rc_pool_held *held)
{
	struct fixture *f = arg;

	f->held[f->reports++] = *held;
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.options = {.db.access = RC_WRITE, .size = 2, .report = take_report}};
	f.options.report_arg = &f;
	sample_dir_make(&f.dir);
	rc_db_close(sample_open(&f.dir));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_pool_close(f->pool);
	sample_dir_remove(&f->dir);
	return 0;
}

static void open_pool(struct fixture *f)
{
	if (rc_pool_open(&f->pool, f->dir.url, sample_schema(), &f->options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
}

static struct rc_db *acquire(struct fixture *f)
{
	struct rc_db *db;

	if (rc_pool_acquire(f->pool, LONG_US, &db, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	return db;
}

static void test_a_connection_is_used_again_and_more_are_opened_when_needed(void **state)
{
	struct fixture *f = *state;
	struct rc_db *a, *b;

	open_pool(f);
	a = acquire(f);
	rc_pool_drop(f->pool, a);
	b = acquire(f);
	assert_ptr_equal(a, b);
	a = acquire(f);
	assert_ptr_not_equal(a, b);
	rc_pool_drop(f->pool, a);
	rc_pool_drop(f->pool, b);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->stats.opened, 2);
	assert_int_equal(f->stats.acquired, 3);
	assert_int_equal(f->stats.open, 2);
	assert_int_equal(f->stats.idle, 2);
}

static void test_a_wrong_url_is_known_when_the_pool_is_opened(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rc_pool_open(&f->pool, "sqlite:/nowhere/x.db", sample_schema(), &f->options, &f->fault),
			 RC_NOT_FOUND);
	assert_null(f->pool);
	assert_non_null(strstr(f->fault.message, "/nowhere/x.db"));
}

static void test_when_all_are_in_use_the_fault_names_who_has_one_longest(void **state)
{
	struct fixture *f = *state;
	struct rc_db *a, *b, *c;
	char says[64];

	open_pool(f);
	snprintf(says, sizeof(says), "test_pool.c:%d", __LINE__ + 1);
	assert_int_equal(rc_pool_acquire(f->pool, LONG_US, &a, &f->fault), RC_OK);
	b = acquire(f);
	assert_int_equal(rc_pool_acquire(f->pool, 0, &c, &f->fault), RC_TIMEOUT);
	assert_null(c);
	if (!strstr(f->fault.message, says))
		fail_msg("\"%s\" does not say %s", f->fault.message, says);
	assert_int_equal(rc_pool_acquire(f->pool, 2000, &c, &f->fault), RC_TIMEOUT);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->stats.timeouts, 2);
	assert_int_equal(f->stats.waited, 1);
	rc_pool_drop(f->pool, a);
	c = acquire(f);
	rc_pool_drop(f->pool, b);
	rc_pool_drop(f->pool, c);
}

static void test_an_open_transaction_is_rolled_back_when_the_connection_comes_back(void **state)
{
	struct fixture *f = *state;
	struct rc_db *db;
	struct rc_tx *tx;

	open_pool(f);
	db = acquire(f);
	sample_exec(sample_begin(db), "INSERT INTO item (name, flag, at) VALUES ('a', 0, 0)");
	rc_pool_drop(f->pool, db);
	db = acquire(f);
	tx = sample_begin(db);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), 0);
	rc_tx_rollback(tx);
	rc_pool_drop(f->pool, db);
}

static void test_a_connection_that_is_too_old_is_replaced(void **state)
{
	struct fixture *f = *state;

	f->options.lifetime_us = 1;
	open_pool(f);
	rc_pool_drop(f->pool, acquire(f));
	rc_pool_drop(f->pool, acquire(f));
	rc_pool_stats(f->pool, &f->stats);
	assert_true(f->stats.closed_old >= 2);
	assert_int_equal(f->stats.opened, f->stats.closed_old + f->stats.open);
}

static int dead_clock(struct db_conn *conn, int64_t *us)
{
	return rc_fault_set(&conn->fault, RC_UNAVAILABLE, "the server hung up");
}

static struct db_driver dead;

/* As if its server were gone. */
static void kill_connection(struct rc_db *db)
{
	dead = *db->driver;
	dead.clock = dead_clock;
	db->driver = &dead;
}

static void test_a_connection_that_died_while_idle_is_not_handed_out(void **state)
{
	struct fixture *f = *state;
	struct rc_db *db;
	int64_t us;

	f->options.idle_check_us = 1;
	open_pool(f);
	db = acquire(f);
	kill_connection(db);
	rc_pool_drop(f->pool, db);
	for (int64_t dropped_us = run_now_us(); run_now_us() <= dropped_us;)
		; /* a microsecond of idleness */
	db = acquire(f);
	assert_int_equal(rc_db_clock(db, &us), RC_OK);
	rc_pool_drop(f->pool, db);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->stats.closed_broken, 1);
}

static void test_a_connection_that_comes_back_broken_is_closed(void **state)
{
	struct fixture *f = *state;
	struct rc_db *db;
	int64_t us;

	open_pool(f);
	db = acquire(f);
	kill_connection(db);
	assert_int_equal(rc_db_clock(db, &us), RC_UNAVAILABLE);
	rc_pool_drop(f->pool, db);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->stats.closed_broken, 1);
	assert_int_equal(f->stats.open, 0);
	rc_pool_drop(f->pool, acquire(f));
}

static void test_who_holds_one_too_long_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct rc_db *db;
	int line;

	f->options.held_us_max = 1;
	open_pool(f);
	line = __LINE__ + 1;
	assert_int_equal(rc_pool_acquire(f->pool, LONG_US, &db, &f->fault), RC_OK);
	while (f->reports == 0)
		rc_pool_stats(f->pool, &f->stats);
	rc_pool_drop(f->pool, db);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->reports, 1);
	assert_int_equal(f->held[0].line, line);
	assert_non_null(strstr(f->held[0].file, "test_pool.c"));
	assert_false(f->held[0].closing);
	assert_int_equal(f->stats.held_too_long, 1);
}

static void test_closing_names_every_connection_that_is_out_and_takes_it_back_later(void **state)
{
	struct fixture *f = *state;
	struct rc_db *a, *b, *c;
	int line;

	f->options.size = 12;
	open_pool(f);
	line = __LINE__ + 1;
	assert_int_equal(rc_pool_acquire(f->pool, LONG_US, &a, &f->fault), RC_OK);
	b = acquire(f);
	assert_int_equal(rc_pool_close(f->pool), 2);
	assert_int_equal(f->reports, 2);
	assert_int_equal(f->held[0].line, line);
	assert_true(f->held[0].closing && f->held[1].closing);
	assert_int_equal(rc_pool_acquire(f->pool, LONG_US, &c, &f->fault), RC_CLOSED);
	rc_pool_drop(f->pool, a);
	rc_pool_drop(f->pool, b); /* the last one frees the pool: a leak would be seen */
	f->pool = NULL;
}

/* Threads */

static _Atomic int waiting_ended;

static void *wait_for_one(void *arg)
{
	struct fixture *f = arg;
	struct rc_fault fault;
	struct rc_db *db;
	int rc = rc_pool_acquire(f->pool, LONG_US, &db, &fault);

	atomic_fetch_add(&waiting_ended, 1);
	if (rc == RC_OK)
		rc_pool_drop(f->pool, db);
	return rc == RC_OK ? NULL : arg;
}

static void await_waiting(struct fixture *f, uint32_t count)
{
	do
		rc_pool_stats(f->pool, &f->stats);
	while (f->stats.waiting != count);
}

static void test_closing_sends_away_who_waits(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	struct rc_db *db;
	void *refused;

	f->options.size = 1;
	open_pool(f);
	db = acquire(f);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, f), 0);
	await_waiting(f, 1);
	assert_int_equal(rc_pool_close(f->pool), 1);
	assert_int_equal(pthread_join(thread, &refused), 0);
	assert_non_null(refused);
	rc_pool_drop(f->pool, db);
	f->pool = NULL;
}

static void test_a_connection_that_comes_back_goes_to_who_waits_not_to_who_comes(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	struct rc_db *db, *mine;
	void *refused;

	f->options.size = 1;
	waiting_ended = 0;
	open_pool(f);
	db = acquire(f);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, f), 0);
	await_waiting(f, 1);
	rc_pool_drop(f->pool, db); /* it is the waiter's now, although he has not woken yet */
	mine = acquire(f);
	assert_int_equal(waiting_ended, 1);
	assert_int_equal(pthread_join(thread, &refused), 0);
	assert_null(refused);
	rc_pool_drop(f->pool, mine);
}

static int add_one(struct rc_tx *tx, void *arg)
{
	return rc_sql_exec(tx, "UPDATE pair SET amount = amount + 1 WHERE a = 1", NULL, 0, NULL);
}

#define THREADS 4
#define ROUNDS  25

static void *add_many(void *arg)
{
	struct fixture *f = arg;
	struct rc_run_options options = {.access = RC_WRITE, .deadline_us = LONG_US};

	for (int i = 0; i < ROUNDS; i++) {
		struct rc_fault fault;

		if (rc_pool_run(f->pool, &options, add_one, NULL, &fault) != RC_OK) {
			fprintf(stderr, "# %s\n", fault.message);
			return arg;
		}
	}
	return NULL;
}

static void test_many_threads_share_few_connections_and_lose_nothing(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	struct rc_db *db;
	struct rc_tx *tx;

	open_pool(f);
	db = acquire(f);
	sample_write(db, "INSERT INTO pair VALUES (1, 'x', 0)");
	rc_pool_drop(f->pool, db);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, f), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	db = acquire(f);
	tx = sample_begin(db);
	assert_int_equal(sample_int(tx, "SELECT amount FROM pair"), THREADS * ROUNDS);
	rc_tx_rollback(tx);
	rc_pool_drop(f->pool, db);
	rc_pool_stats(f->pool, &f->stats);
	assert_true(f->stats.opened <= 2);
}

/* Runs */

struct attempt {
	int runs, fails;
	enum rc_err err;
};

static int attempt(struct rc_tx *tx, void *arg)
{
	struct attempt *a = arg;

	a->runs++;
	return a->runs <= a->fails ? rc_fault_set(&tx->db->conn->fault, a->err, "for a test") : RC_OK;
}

static void test_a_lost_connection_is_replaced_and_the_function_runs_again(void **state)
{
	struct fixture *f = *state;
	struct attempt a = {.fails = 1, .err = RC_UNAVAILABLE};

	open_pool(f);
	assert_int_equal(
		rc_pool_run(f->pool, &(struct rc_run_options){.access = RC_WRITE, .tries = 3}, attempt, &a, &f->fault),
		RC_OK);
	assert_int_equal(a.runs, 2);
	rc_pool_stats(f->pool, &f->stats);
	assert_int_equal(f->stats.closed_broken, 1);
}

static int answerless_commit(struct db_conn *conn)
{
	return rc_fault_set(&conn->fault, RC_UNKNOWN, "no answer to COMMIT");
}

static int commit_unanswered(struct rc_tx *tx, void *arg)
{
	static struct db_driver mute;

	++*(int *)arg;
	tx->db->driver->rollback(tx->db->conn);
	mute = *tx->db->driver;
	mute.commit = answerless_commit;
	tx->db->driver = &mute;
	return RC_OK;
}

static void test_an_unanswered_commit_is_never_tried_again(void **state)
{
	struct fixture *f = *state;
	int runs = 0;

	open_pool(f);
	assert_int_equal(rc_pool_run(f->pool,
				     &(struct rc_run_options){.access = RC_WRITE, .tries = 5, .deadline_us = LONG_US},
				     commit_unanswered, &runs, &f->fault),
			 RC_UNKNOWN);
	assert_int_equal(runs, 1);
	assert_string_equal(f->fault.message, "no answer to COMMIT");
}

static void test_tries_bound_the_runs_and_other_errors_end_them(void **state)
{
	struct fixture *f = *state;
	struct attempt busy = {.fails = 9, .err = RC_BUSY}, stale = {.fails = 9, .err = RC_STALE};
	struct rc_db *db = sample_open(&f->dir);

	assert_int_equal(rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .tries = 3}, attempt, &busy), RC_BUSY);
	assert_int_equal(busy.runs, 3);
	assert_int_equal(rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .tries = 3}, attempt, &stale),
			 RC_STALE);
	assert_int_equal(stale.runs, 1);
	rc_db_close(db);
}

/* Savepoints */

static int insert_then_fail(struct rc_tx *tx, void *arg)
{
	sample_exec(tx, "INSERT INTO item (name, flag, at) VALUES ('inner', 0, 0)");
	return *(int *)arg;
}

static int outer(struct rc_tx *tx, void *arg)
{
	int kept = RC_OK;

	sample_exec(tx, "INSERT INTO item (name, flag, at) VALUES ('outer', 0, 0)");
	assert_int_equal(rc_savepoint_run(tx, insert_then_fail, arg), *(int *)arg);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), *(int *)arg ? 1 : 2);
	if (*(int *)arg)
		assert_int_equal(rc_savepoint_run(tx, insert_then_fail, &kept), RC_OK);
	return RC_OK;
}

static void test_a_savepoint_keeps_or_undoes_its_part_only(void **state)
{
	struct fixture *f = *state;
	struct rc_db *db = sample_open(&f->dir);
	struct rc_tx *tx;
	int fails = RC_STALE;

	assert_int_equal(rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .tries = 1}, outer, &fails), RC_OK);
	tx = sample_begin(db);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), 2);
	rc_tx_rollback(tx);
	rc_db_close(db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_connection_is_used_again_and_more_are_opened_when_needed),
		CASE(test_a_wrong_url_is_known_when_the_pool_is_opened),
		CASE(test_when_all_are_in_use_the_fault_names_who_has_one_longest),
		CASE(test_an_open_transaction_is_rolled_back_when_the_connection_comes_back),
		CASE(test_a_connection_that_is_too_old_is_replaced),
		CASE(test_a_connection_that_died_while_idle_is_not_handed_out),
		CASE(test_a_connection_that_comes_back_broken_is_closed),
		CASE(test_who_holds_one_too_long_is_told_once),
		CASE(test_closing_names_every_connection_that_is_out_and_takes_it_back_later),
		CASE(test_closing_sends_away_who_waits),
		CASE(test_a_connection_that_comes_back_goes_to_who_waits_not_to_who_comes),
		CASE(test_many_threads_share_few_connections_and_lose_nothing),
		CASE(test_a_lost_connection_is_replaced_and_the_function_runs_again),
		CASE(test_an_unanswered_commit_is_never_tried_again),
		CASE(test_tries_bound_the_runs_and_other_errors_end_them),
		CASE(test_a_savepoint_keeps_or_undoes_its_part_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
