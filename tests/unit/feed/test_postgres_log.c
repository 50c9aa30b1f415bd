/* The log source on a real PostgreSQL server. */
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

	pgt_fixture_make(&f, &server, RC_FEED_LOG);
	pgt_prepare(&f);
	pgt_open(&f);
	pgt_snapshot(&f);
	*state = &f;
	return 0;
}

/* Slots belong to the server: the next test's database must not find this one's. */
static int teardown(void **state)
{
	struct pg_fixture *f = *state;

	pgt_fixture_end(f);
	return 0;
}

#define SHARED(name) cmocka_unit_test_setup_teardown(name, setup, teardown),

int main(void)
{
	const struct CMUnitTest tests[] = {PGT_SHARED(SHARED)};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, group_setup, group_teardown);
}
