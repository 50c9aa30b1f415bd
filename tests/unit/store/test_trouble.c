/* The disk is full, unwritable or locked: nothing is acknowledged that is not there, and service resumes by itself. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "rowcast/io/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/unit/store/rig.h"

/* Ask until it is no longer unavailable. */
static void await_service(struct rig *rig, int hour)
{
	for (int64_t deadline = clock_mono_us() + 5000000;;) {
		struct call *call = book_call(rig, 1, 2, hour, 0, 1);
		enum store_result result = call_run(rig, call);

		call_free(call);
		if (result == STORE_DONE)
			break;
		assert_int_equal(result, STORE_UNAVAILABLE);
		assert_true(clock_mono_us() < deadline);
		sched_yield();
	}
	assert_int_equal(store_health(rig->store), RC_OK);
}

static void test_a_full_disk_refuses_and_service_resumes(void **state)
{
	struct rig *rig = *state;
	int done = 0;
	enum store_result result;

	RIG_SQLITE_ONLY(rig);
	rig_on_writer(rig, "PRAGMA max_page_count = 1"); /* SQLite makes it the present size */
	do {
		struct call *call = book_call(rig, 1, 1, 8 + 24 * (done % 80), 0, 1);

		call_key(call, rc_arena_printf(&call->arena, "%d", done), "f");
		result = call_run(rig, call);
		call_free(call);
		done += result == STORE_DONE;
	} while (result == STORE_DONE);
	assert_int_equal(result, STORE_UNAVAILABLE);
	assert_int_equal(store_health(rig->store), RC_FULL);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), done);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM idempotency WHERE scope <> 'store'"), done);
	rig_on_writer(rig, "PRAGMA max_page_count = 1000000");
	await_service(rig, 10);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), done + 1);
}

static void test_a_failed_write_closes_the_connection_and_service_resumes(void **state)
{
	struct rig *rig = *state;
	struct rlimit limit, none;
	struct call *call;

	RIG_SQLITE_ONLY(rig);
	signal(SIGXFSZ, SIG_IGN);
	rig_on_writer(rig, "PRAGMA max_page_count = 77777"); /* a mark that only this connection bears */
	expect(rig, book_call(rig, 1, 1, 8, 0, 1), STORE_DONE);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
	limit = none;
	limit.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	call = expect_kept(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_UNAVAILABLE);
	assert_int_equal(store_health(rig->store), RC_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
	await_service(rig, 12);
	assert_int_not_equal(rig_on_writer(rig, "PRAGMA max_page_count"), 77777);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 2);
	call_free(call);
}

static void test_another_programs_lock_refuses_and_service_resumes(void **state)
{
	struct store_options options = {.epoch = 7, .busy_timeout_us = 1000};
	struct rig *rig = *state;

	store_stop(rig->store);
	rig_store_start(rig, &options);
	rig_lock(rig);
	while (sem_trywait(&rig->committed) == 0)
		;
	expect(rig, book_call(rig, 1, 1, 8, 0, 1), STORE_UNAVAILABLE);
	if (rig->dialect == RC_SQLITE) {
		assert_int_equal(store_health(rig->store), RC_BUSY);
		/* Nothing was committed, but whoever tells people has to know. */
		assert_int_equal(sem_trywait(&rig->committed), 0);
	} else { /* a server locks rows, not everything */
		expect(rig, book_call(rig, 1, 2, 8, 0, 1), STORE_DONE);
	}
	rig_unlock(rig);
	await_service(rig, 10);
}

/* One train with a request for room 1, which must fail, and one for room 2, which must not. */
static void run_pair(struct rig *rig)
{
	struct call *guilty = book_call(rig, 1, 1, 10, 0, 1), *other = book_call(rig, 1, 2, 10, 0, 1);
	struct gate gate;

	gate_close(rig, &gate);
	call_submit(rig, guilty);
	call_submit(rig, other);
	gate_open(&gate);
	assert_int_equal(call_wait(guilty), STORE_UNAVAILABLE);
	assert_int_equal(call_wait(other), STORE_DONE);
	assert_int_equal(store_health(rig->store), RC_OK);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking WHERE resource_id = 2"), 1);
	call_free(guilty);
	call_free(other);
}

static void test_a_rule_that_refuses_one_request_spares_the_others(void **state)
{
	struct rig *rig = *state;

	rig_refuse(rig, "claim", "resource_id = 1");
	run_pair(rig);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM customer"), 1);
}

static void test_a_train_that_one_request_spoils_is_run_again_one_by_one(void **state)
{
	struct rig *rig = *state;

	expect(rig, hold_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	rig_refuse(rig, "booking", "state = 'expired'");
	rig_sql(rig, "UPDATE booking SET hold_expires_at = %s", rig_time(rig, clock_wall_us()));
	run_pair(rig);
	rig_allow(rig, "booking");
}

static void test_a_full_backlog_is_told_at_once(void **state)
{
	struct store_options options = {.epoch = 7, .busy_timeout_us = 60000000, .backlog_max = 4};
	struct rig *rig = *state;
	struct call *calls[6], *first;
	int accepted = 0;

	store_stop(rig->store);
	rig_store_start(rig, &options);
	first = book_call(rig, 1, 1, 15, 0, 1);
	call_submit(rig, first);
	assert_int_equal(call_wait(first), STORE_DONE); /* and the first tidying, which writes too, is over */
	call_free(first);
	rig_lock(rig); /* the writer waits in its next train */
	calls[0] = book_call(rig, 1, 1, 8, 0, 1);
	call_submit(rig, calls[0]);
	while (loop_backlog(rig->store->loop) > 0)
		sched_yield();
	for (int i = 1; i < 6; i++) {
		calls[i] = book_call(rig, 1, 1, 8 + i, 0, 1);
		if (store_submit(rig->store, &calls[i]->request) == RC_OK)
			accepted++;
		else
			assert_int_equal(i, 5);
	}
	assert_int_equal(accepted, 4);
	rig_unlock(rig);
	for (int i = 0; i < 5; i++)
		assert_int_equal(call_wait(calls[i]), STORE_DONE);
	for (int i = 0; i < 6; i++)
		call_free(calls[i]);
}

static void test_what_waits_is_finished_when_the_store_stops(void **state)
{
	struct rig *rig = *state;
	struct call *calls[20];

	for (int i = 0; i < 20; i++) {
		calls[i] = book_call(rig, 1, 1, 8 + 24 * i, 0, 1);
		call_submit(rig, calls[i]);
	}
	store_stop(rig->store);
	rig->store = NULL;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(sem_trywait(&calls[i]->settled), 0);
		assert_int_equal(calls[i]->request.result, STORE_DONE);
		call_free(calls[i]);
	}
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 20);
}

static void test_an_acknowledged_booking_is_in_the_file_of_a_copy(void **state)
{
	struct rig *rig = *state;
	const char *path = rig->url + strlen("sqlite:");
	char command[900];
	struct call *call;
	sqlite3 *copy;
	sqlite3_stmt *stmt;

	RIG_SQLITE_ONLY(rig);
	call = expect_kept(rig, book_call(rig, 1, 1, 8, 0, 1), STORE_DONE);
	/* What a crash would leave: the files as they are now, opened by somebody else. */
	snprintf(command, sizeof(command), "cp %s %s-copy && cp %s-wal %s-copy-wal", path, path, path, path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s-copy", path);
	assert_int_equal(sqlite3_open(command, &copy), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(copy, "SELECT ref FROM booking", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_true(rc_str_is(call->request.booking.ref, (const char *)sqlite3_column_text(stmt, 0)));
	sqlite3_finalize(stmt);
	sqlite3_close(copy);
	call_free(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_full_disk_refuses_and_service_resumes),
		TEST(test_a_failed_write_closes_the_connection_and_service_resumes),
		TEST(test_another_programs_lock_refuses_and_service_resumes),
		TEST(test_a_rule_that_refuses_one_request_spares_the_others),
		TEST(test_a_train_that_one_request_spoils_is_run_again_one_by_one),
		TEST(test_a_full_backlog_is_told_at_once),
		TEST(test_what_waits_is_finished_when_the_store_stops),
		TEST(test_an_acknowledged_booking_is_in_the_file_of_a_copy),
	};

	return RIG_MAIN(tests);
}
