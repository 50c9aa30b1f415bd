/* The pool and a server that goes away and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine.h"
#include "model.h"
#include "rowcast/pool.h"

#define LONG_US 60000000

struct rig {
	struct engine engine;
	struct rc_pool *pool;
	struct rc_fault fault;
};

static int start(void **state, enum rc_dialect dialect)
{
	static struct rig rig;
	char url[256];

	rig = (struct rig){0};
	engine_start(&rig.engine, dialect, NULL);
	engine_fresh(&rig.engine, url);
	if (rc_pool_open(&rig.pool, url, &shop_schema,
			 &(struct rc_pool_options){.db = {.access = RC_WRITE, .busy_timeout_us = 10000000}, .size = 3},
			 &rig.fault) != RC_OK)
		fail_msg("%s", rig.fault.message);
	*state = &rig;
	return 0;
}

static int start_postgres(void **state)
{
	return start(state, RC_POSTGRES);
}

static int start_mariadb(void **state)
{
	return start(state, RC_MARIADB);
}

static int stop(void **state)
{
	struct rig *rig = *state;

	rc_pool_close(rig->pool);
	engine_remove(&rig->engine);
	return 0;
}

static int ask(struct rc_tx *tx, void *arg)
{
	int64_t one;

	++*(int *)arg;
	return rc_sql_int(tx, "SELECT 1", NULL, 0, &one);
}

static void run(struct rig *rig, int64_t deadline_us, int wanted)
{
	int runs = 0;
	int rc = rc_pool_run(rig->pool, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = deadline_us}, ask,
			     &runs, &rig->fault);

	if (rc != wanted)
		fail_msg("%s: %s", rc_err_name(rc), rig->fault.message);
}

static void test_connections_that_a_crash_broke_are_replaced(void **state)
{
	struct rig *rig = *state;
	struct rc_db *held[3];
	struct rc_pool_stats stats;

	for (int i = 0; i < 3; i++)
		assert_int_equal(rc_pool_acquire(rig->pool, LONG_US, &held[i], &rig->fault), RC_OK);
	for (int i = 0; i < 3; i++)
		rc_pool_drop(rig->pool, held[i]);
	run(rig, LONG_US, RC_OK);
	engine_crash(&rig->engine);
	run(rig, 20000, RC_UNAVAILABLE);
	engine_again(&rig->engine);
	run(rig, LONG_US, RC_OK);
	rc_pool_stats(rig->pool, &stats);
	assert_true(stats.closed_broken >= 1);
	assert_true(stats.open_failed >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connections_that_a_crash_broke_are_replaced, start_postgres, stop),
		cmocka_unit_test_setup_teardown(test_connections_that_a_crash_broke_are_replaced, start_mariadb, stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
