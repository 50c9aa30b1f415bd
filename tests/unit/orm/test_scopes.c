/* Tenants and soft delete: what one tenant's calls see and touch, and what is marked as deleted. */
#include <pthread.h>

#include "rig.h"

static void test_an_insert_fills_in_tenant_key_and_version(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a");

	assert_int_equal(a.account_id, rig->ann);
	assert_false(rc_uuid_is_zero(a.id));
	assert_int_equal(a.id.bytes[6] >> 4, 7);
	assert_int_equal(a.version, 1);
}

static void test_a_given_uuid_key_stays_and_a_refused_insert_leaves_the_struct(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), again = a, lost = {.owner_id = -1};

	rig_ok(rig, rc_tx_savepoint(rig->tx));
	again.version = 0;
	assert_int_equal(project_insert(rig->tx, rig->ann, &again), RC_CONSTRAINT);
	assert_int_equal(rc_db_fault(rig->db)->constraint, CONSTRAINT_PROJECT_PKEY);
	assert_memory_equal(&again.id, &a.id, sizeof(a.id));
	assert_int_equal(again.version, 0);
	rig_ok(rig, rc_tx_savepoint_rollback(rig->tx));
	rig_ok(rig, rc_tx_savepoint(rig->tx));
	assert_int_equal(project_insert(rig->tx, rig->ann, &lost), RC_CONSTRAINT); /* that owner is not there */
	assert_true(rc_uuid_is_zero(lost.id));
	rig_ok(rig, rc_tx_savepoint_rollback(rig->tx));
}

static void test_another_tenants_row_is_refused_by_insert_update_and_upsert(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), other = a;

	rig_fails(rig, project_insert(rig->tx, rig->bob, &other), RC_INVALID, "belongs to another account_id");
	rig_fails(rig, project_update(rig->tx, rig->bob, &other), RC_INVALID, "belongs to another account_id");
	rig_fails(rig, project_upsert(rig->tx, rig->bob, &other), RC_INVALID, "belongs to another account_id");
	other.account_id = rig->bob; /* forged: his tenant, her key */
	rig_fails(rig, project_update(rig->tx, rig->bob, &other), RC_NOT_FOUND, "for this tenant");
	rig_ok(rig, rc_tx_savepoint(rig->tx));
	rig_fails(rig, project_upsert(rig->tx, rig->bob, &other), RC_CONSTRAINT, "taken by another account_id");
	rig_ok(rig, rc_tx_savepoint_rollback(rig->tx));
}

static void test_no_call_with_another_tenant_finds_or_touches_a_row(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;
	struct project_list list;
	struct project_query *q;
	int64_t n;

	assert_int_equal(project_get(rig->tx, &rig->arena, rig->bob, a.id, &found), RC_NOT_FOUND);
	assert_null(found);
	assert_int_equal(project_get_locked(rig->tx, &rig->arena, rig->bob, a.id, RC_FOR_UPDATE, RC_WAIT, &found),
			 RC_NOT_FOUND);
	assert_int_equal(project_delete(rig->tx, rig->bob, a.id), RC_NOT_FOUND);
	assert_int_equal(project_restore(rig->tx, rig->bob, a.id), RC_NOT_FOUND);
	rig_ok(rig, project_all(project_query(rig->tx, &rig->arena, rig->bob), &list));
	assert_int_equal(list.count, 0);
	rig_ok(rig, project_count(project_query(rig->tx, &rig->arena, rig->bob), &n));
	assert_int_equal(n, 0);
	q = project_query(rig->tx, &rig->arena, rig->bob);
	project_set_title(q, RC_STR("stolen"));
	rig_ok(rig, project_update_all(q, &n));
	assert_int_equal(n, 0);
	rig_ok(rig, project_delete_all(project_query(rig->tx, &rig->arena, rig->bob), &n));
	assert_int_equal(n, 0);
	rig_ok(rig, project_purge_all(project_query(rig->tx, &rig->arena, rig->bob), &n));
	assert_int_equal(n, 0);
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, a.id, &found));
	assert_true(rc_str_is(found->title, "a"));
	assert_int_equal(found->version, 1);
}

static void test_delete_marks_and_restore_takes_the_mark_away(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;

	assert_int_equal(project_restore(rig->tx, rig->ann, a.id), RC_NOT_FOUND); /* it is not marked */
	rig_ok(rig, project_delete(rig->tx, rig->ann, a.id));
	assert_int_equal(project_delete(rig->tx, rig->ann, a.id), RC_NOT_FOUND);
	assert_int_equal(project_get(rig->tx, &rig->arena, rig->ann, a.id, &found), RC_NOT_FOUND);
	assert_int_equal(project_update(rig->tx, rig->ann, &a), RC_NOT_FOUND);
	assert_int_equal(rig_count(rig, "project"), 1);
	rig_ok(rig, project_get_unscoped(rig->tx, &rig->arena, a.id, &found));
	assert_false(found->nulls & PROJECT_NULL_DELETED_AT);
	assert_true(found->deleted_at > INT64_C(1700000000) * 1000000);
	rig_ok(rig, project_restore(rig->tx, rig->ann, a.id));
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, a.id, &found));
	assert_int_equal(project_update(rig->tx, rig->ann, &a), RC_STALE); /* deleting and restoring were changes */
	rig_ok(rig, project_update(rig->tx, rig->ann, found));
}

static void test_a_struct_never_marks_a_row_as_deleted(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;

	/* rig_project left out PROJECT_NULL_DELETED_AT: a plain insert would have said 1970 */
	a.nulls &= ~PROJECT_NULL_DELETED_AT;
	a.deleted_at = 7;
	rig_ok(rig, project_update(rig->tx, rig->ann, &a));
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, a.id, &found));
	assert_true(found->nulls & PROJECT_NULL_DELETED_AT);
	assert_int_equal(found->version, 2);
	assert_int_equal(a.version, 2);
}

static void test_an_upsert_inserts_overwrites_and_brings_back(void **state)
{
	struct rig *rig = *state;
	struct project a = {.owner_id = rig->ann_ada, .title = RC_STR("a")}, *found;

	a.nulls = PROJECT_NULL_REVIEWER_ID | PROJECT_NULL_RANK | PROJECT_NULL_DUE | PROJECT_NULL_DAY;
	rig_ok(rig, project_upsert(rig->tx, rig->ann, &a));
	assert_int_equal(a.version, 1);
	a.title = RC_STR("b");
	rig_ok(rig, project_upsert(rig->tx, rig->ann, &a));
	assert_int_equal(a.version, 2);
	rig_ok(rig, project_delete(rig->tx, rig->ann, a.id));
	rig_ok(rig, project_upsert(rig->tx, rig->ann, &a));
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, a.id, &found));
	assert_true(rc_str_is(found->title, "b"));
	assert_int_equal(found->version, 4);
	assert_int_equal(a.version, 4);
	assert_int_equal(rig_count(rig, "project"), 1);
}

static void test_a_tenant_in_the_key_keeps_two_of_one_name_apart(void **state)
{
	struct rig *rig = *state;
	struct setting mine = {.name = RC_STR("theme"), .value = RC_STR("dark")};
	struct setting his = {.name = RC_STR("theme"), .value = RC_STR("light")}, *found;

	rig_ok(rig, setting_upsert(rig->tx, rig->ann, &mine));
	rig_ok(rig, setting_upsert(rig->tx, rig->bob, &his));
	mine.value = RC_STR("darker");
	rig_ok(rig, setting_upsert(rig->tx, rig->ann, &mine));
	rig_ok(rig, setting_get(rig->tx, &rig->arena, rig->bob, RC_STR("theme"), &found));
	assert_true(rc_str_is(found->value, "light"));
	rig_ok(rig, setting_delete(rig->tx, rig->ann, RC_STR("theme")));
	assert_int_equal(setting_get(rig->tx, &rig->arena, rig->ann, RC_STR("theme"), &found), RC_NOT_FOUND);
	assert_int_equal(rig_count(rig, "setting"), 1); /* without soft delete it is gone */
}

static void test_many_rows_at_once_are_one_tenants(void **state)
{
	struct rig *rig = *state;
	struct person people[20];
	int64_t n;

	for (int i = 0; i < 20; i++)
		people[i] = (struct person){.nulls = PERSON_NULL_BOSS_ID, .name = RC_STR("p")};
	rig_ok(rig, person_insert_many(rig->tx, rig->bob, people, 20));
	for (int i = 0; i < 20; i++) {
		assert_int_equal(people[i].account_id, rig->bob);
		assert_true(people[i].id > 0);
	}
	people[7].account_id = rig->ann;
	rig_fails(rig, person_insert_many(rig->tx, rig->bob, people, 20), RC_INVALID, "another account_id");
	rig_ok(rig, person_count(person_query(rig->tx, &rig->arena, rig->bob), &n));
	assert_int_equal(n, 21);
}

static void test_the_unscoped_calls_know_no_tenant_and_no_mark(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"),
		       b = rig_project(rig, rig->bob, rig->bob_bea, "b");
	struct project_query *q = project_query_unscoped(rig->tx, &rig->arena);
	int64_t n;

	rig_ok(rig, project_delete(rig->tx, rig->ann, a.id));
	rig_ok(rig, project_count(q, &n));
	assert_int_equal(n, 2);
	project_where_deleted_at_is_null(q, false);
	rig_ok(rig, project_purge_all(q, &n));
	assert_int_equal(n, 1);
	rig_ok(rig, project_delete_unscoped(rig->tx, b.id));
	assert_int_equal(rig_count(rig, "project"), 0);
}

static void test_an_update_of_many_writes_what_was_set_and_raises_versions(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;
	struct project_query *q;
	int64_t n;

	rig_project(rig, rig->ann, rig->ann_ada, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_where_title_lt(q, RC_STR("c"));
	project_set_rank(q, 1.5);
	project_set_due(q, 1000000);
	project_set_due_null(q); /* the last word counts */
	rig_ok(rig, project_update_all(q, &n));
	assert_int_equal(n, 2);
	assert_int_equal(project_update(rig->tx, rig->ann, &a), RC_STALE);
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, a.id, &found));
	assert_true(found->rank == 1.5);
	assert_true(found->nulls & PROJECT_NULL_DUE);
	assert_int_equal(found->version, 2);
	rig_ok(rig, person_count(person_query(rig->tx, &rig->arena, rig->ann), &n));
	rig_fails(rig, person_update_all(person_query(rig->tx, &rig->arena, rig->ann), &n), RC_INVALID,
		  "sets no column");
}

static void test_named_queries_say_their_scope(void **state)
{
	struct rig *rig = *state;
	struct projects_everywhere_unscoped_row *all;
	struct project_list list;

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->bob, rig->bob_bea, "a");
	rig_ok(rig, projects_titled(rig->tx, &rig->arena, rig->bob, RC_STR("a"), &list));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.at[0]->account_id, rig->bob);
	rig_ok(rig, projects_everywhere_unscoped(rig->tx, &rig->arena, &all));
	assert_int_equal(all->n, 2);
}

static int count_row(void *arg, const struct project *row)
{
	return ++*(int *)arg == 2 ? RC_STALE : RC_OK;
}

static void test_rows_come_one_by_one_until_the_caller_ends_it(void **state)
{
	struct rig *rig = *state;
	int seen = 0;

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->ann, rig->ann_ada, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	assert_int_equal(project_each(project_query(rig->tx, &rig->arena, rig->ann), count_row, &seen), RC_STALE);
	assert_int_equal(seen, 2);
}

static void test_locks_are_asked_for_in_writing_transactions_only(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;
	struct project_query *q;
	struct project_list list;

	rig_ok(rig, project_get_locked(rig->tx, &rig->arena, rig->ann, a.id, RC_FOR_UPDATE, RC_NOWAIT, &found));
	assert_true(rc_str_is(found->title, "a"));
	rig_commit(rig);
	rc_tx_rollback(rig->tx);
	rig_ok(rig, rc_tx_begin(rig->db, RC_READ, &rig->tx));
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_lock(q, RC_FOR_SHARE, RC_SKIP_LOCKED);
	rig_fails(rig, project_all(q, &list), RC_READONLY, "begun to write");
}

/* Another transaction's rows. */
static void test_skip_locked_leaves_out_what_another_transaction_holds(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), *found;
	struct rc_db *other = rig_open(rig);
	struct project_query *q;
	struct project_list list;
	struct rc_tx *tx;

	rig_project(rig, rig->ann, rig->ann_ada, "b");
	rig_commit(rig);
	rig_ok(rig, project_get_locked(rig->tx, &rig->arena, rig->ann, a.id, RC_FOR_UPDATE, RC_WAIT, &found));
	assert_int_equal(rc_tx_begin(other, RC_WRITE, &tx), RC_OK);
	q = project_query(tx, &rig->arena, rig->ann);
	project_lock(q, RC_FOR_UPDATE, RC_SKIP_LOCKED);
	assert_int_equal(project_all(q, &list), RC_OK);
	assert_int_equal(list.count, 1);
	assert_true(rc_str_is(list.at[0]->title, "b"));
	assert_int_equal(project_get_locked(tx, &rig->arena, rig->ann, a.id, RC_FOR_UPDATE, RC_NOWAIT, &found),
			 RC_BUSY);
	rc_db_close(other);
}

/* Two upserts of one key */

struct late {
	struct rig *rig;
	struct project row;
	int rc;
	struct rc_fault fault;
};

static int upsert_late(struct rc_tx *tx, void *arg)
{
	struct late *late = arg;

	return project_upsert(tx, late->rig->ann, &late->row);
}

static void *run_late(void *arg)
{
	struct late *late = arg;
	struct rc_db *db = rig_open(late->rig);

	late->rc = rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .tries = 3}, upsert_late, late);
	late->fault = *rc_db_fault(db);
	rc_db_close(db);
	return NULL;
}

static void await_somebody_waiting(struct rig *rig)
{
	static const char *const asks[RC_DIALECTS] = {
		[RC_POSTGRES] = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
		[RC_MARIADB] = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"};
	char out[256];

	do
		assert_int_equal(engine_sql(rig->engine, rig->url, asks[rig->engine->dialect], out, sizeof(out)), 0);
	while (strcmp(out, "0") == 0);
}

static void test_an_upsert_that_meets_an_insert_of_the_same_key_overwrites_it(void **state)
{
	struct rig *rig = *state;
	struct late late = {.rig = rig};
	struct project first, *found;
	pthread_t thread;

	rig_commit(rig);
	first = rig_project(rig, rig->ann, rig->ann_ada, "first");
	late.row = first;
	late.row.title = RC_STR("second");
	late.row.version = 0;
	assert_int_equal(pthread_create(&thread, NULL, run_late, &late), 0);
	await_somebody_waiting(rig);
	rig_commit(rig);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (late.rc != RC_OK)
		fail_msg("%s", late.fault.message);
	rig_commit(rig);
	rig_ok(rig, project_get(rig->tx, &rig->arena, rig->ann, first.id, &found));
	assert_true(rc_str_is(found->title, "second"));
	assert_int_equal(found->version, 2);
	assert_int_equal(late.row.version, 2);
}

const struct engine_test scopes_tests[] = {
	RIG_CASE(test_an_insert_fills_in_tenant_key_and_version),
	RIG_CASE(test_a_given_uuid_key_stays_and_a_refused_insert_leaves_the_struct),
	RIG_CASE(test_another_tenants_row_is_refused_by_insert_update_and_upsert),
	RIG_CASE(test_no_call_with_another_tenant_finds_or_touches_a_row),
	RIG_CASE(test_delete_marks_and_restore_takes_the_mark_away),
	RIG_CASE(test_a_struct_never_marks_a_row_as_deleted),
	RIG_CASE(test_an_upsert_inserts_overwrites_and_brings_back),
	RIG_CASE(test_a_tenant_in_the_key_keeps_two_of_one_name_apart),
	RIG_CASE(test_many_rows_at_once_are_one_tenants),
	RIG_CASE(test_the_unscoped_calls_know_no_tenant_and_no_mark),
	RIG_CASE(test_an_update_of_many_writes_what_was_set_and_raises_versions),
	RIG_CASE(test_named_queries_say_their_scope),
	RIG_CASE(test_rows_come_one_by_one_until_the_caller_ends_it),
	RIG_CASE(test_locks_are_asked_for_in_writing_transactions_only),
	{ON(RC_POSTGRES) | ON(RC_MARIADB),
	 cmocka_unit_test_setup_teardown(test_skip_locked_leaves_out_what_another_transaction_holds, rig_setup,
					 rig_teardown)},
	{ON(RC_POSTGRES) | ON(RC_MARIADB),
	 cmocka_unit_test_setup_teardown(test_an_upsert_that_meets_an_insert_of_the_same_key_overwrites_it, rig_setup,
					 rig_teardown)},
};

const size_t scopes_tests_count = sizeof(scopes_tests) / sizeof(*scopes_tests);
