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

static void test_nothing_new_is_again(void **state)
{
	pgt_nothing(*state);
}

static void test_a_commit_is_delivered_once_with_its_images(void **state)
{
	struct pg_fixture *f = *state;
	const struct item *old, *new;

	pgt_sql(f, "INSERT INTO item (id, name, flag) VALUES (1, 'first', true)");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 1);
	assert_int_equal(f->txn.changes[0].op, RC_INSERT);
	assert_ptr_equal(f->txn.changes[0].model, &item_model);
	assert_null(f->txn.changes[0].old_row);
	new = f->txn.changes[0].new_row;
	assert_true(rc_str_is(new->name, "first"));
	assert_true(new->flag);
	assert_int_equal(new->nulls, 1 << ITEM_REAL | 1 << ITEM_DATA | 1 << ITEM_UUID | 1 << ITEM_DAY | 1 << ITEM_DOC);

	pgt_sql(f, "UPDATE item SET name = 'second', \"real\" = 2.5");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.changes[0].op, RC_UPDATE);
	old = f->txn.changes[0].old_row;
	new = f->txn.changes[0].new_row;
	assert_true(rc_str_is(old->name, "first"));
	assert_true(rc_str_is(new->name, "second"));
	assert_true(new->real == 2.5);

	pgt_sql(f, "DELETE FROM item");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.changes[0].op, RC_DELETE);
	assert_null(f->txn.changes[0].new_row);
	assert_true(rc_str_is(((const struct item *)f->txn.changes[0].old_row)->name, "second"));
	pgt_nothing(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_new_is_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_commit_is_delivered_once_with_its_images, setup, teardown),
	};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, group_setup, group_teardown);
}
