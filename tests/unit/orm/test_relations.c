/* Relations: one query for all rows of a list, shared rows, lists of children, scope. */
#include <stdio.h>

#include "rig.h"
#include "rowcast/orm/db.h"
#include "tests/unit/base/death.h"

/* Statements run on the connection, counted at the driver. */
static uint64_t steps_begun;
static struct db_driver counting;
static const struct db_driver *counted;

static int count_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count)
{
	steps_begun += first == 0;
	return counted->bind(stmt, first, values, count);
}

static void count_statements(struct rig *rig)
{
	counted = rig->db->driver;
	counting = *counted;
	counting.bind = count_bind;
	rig->db->driver = &counting;
	steps_begun = 0;
}

static uint64_t statements(struct rig *rig)
{
	rig->db->driver = counted;
	return steps_begun;
}

static struct project_query *projects(struct rig *rig, int64_t account)
{
	struct project_query *q = project_query(rig->tx, &rig->arena, account);

	project_order_by_title(q);
	return q;
}

static void test_parents_come_with_one_query_and_are_shared(void **state)
{
	struct rig *rig = *state;
	struct project_query *q;
	struct project_list list;

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->ann, rig->ann_eve, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	q = projects(rig, rig->ann);
	project_with_owner(q);
	count_statements(rig);
	rig_ok(rig, project_all(q, &list));
	assert_int_equal(statements(rig), 2);
	assert_int_equal(list.count, 3);
	assert_true(rc_str_is(project_its_owner(&list, 0)->name, "Ada"));
	assert_true(rc_str_is(project_its_owner(&list, 1)->name, "Eve"));
	assert_ptr_equal(project_its_owner(&list, 0), project_its_owner(&list, 2));
	assert_int_equal(project_every_owner(&list).count, 2);
}

static void test_a_null_reference_has_no_parent_and_several_relations_come_together(void **state)
{
	struct rig *rig = *state;
	struct project b = rig_project(rig, rig->ann, rig->ann_ada, "b");
	struct project_query *q = projects(rig, rig->ann);
	struct project_list list;

	rig_project(rig, rig->ann, rig->ann_eve, "a");
	b.reviewer_id = rig->ann_eve;
	b.nulls &= ~PROJECT_NULL_REVIEWER_ID;
	rig_ok(rig, project_update(rig->tx, rig->ann, &b));
	project_with_owner(q);
	project_with_reviewer(q);
	project_with_reviewer(q); /* twice is once */
	project_with_account(q);
	rig_ok(rig, project_all(q, &list));
	assert_null(project_its_reviewer(&list, 0));
	assert_true(rc_str_is(project_its_reviewer(&list, 1)->name, "Eve"));
	assert_true(rc_str_is(project_its_owner(&list, 1)->name, "Ada"));
	assert_int_equal(project_its_account(&list, 0)->id, rig->ann);
}

static void test_children_come_as_lists_in_the_order_of_their_keys(void **state)
{
	struct rig *rig = *state;
	struct person_query *q = person_query(rig->tx, &rig->arena, rig->ann);
	struct person_list list;

	rig_project(rig, rig->ann, rig->ann_ada, "first");
	rig_project(rig, rig->ann, rig->ann_ada, "second");
	rig_project(rig, rig->ann, rig->ann_ada, "third");
	person_order_by_name(q);
	person_with_projects(q);
	count_statements(rig);
	rig_ok(rig, person_all(q, &list));
	assert_int_equal(statements(rig), 2);
	assert_int_equal(list.count, 2);
	assert_int_equal(person_its_projects(&list, 0).count, 3);
	assert_true(rc_str_is(person_its_projects(&list, 0).at[0]->title, "first"));
	assert_true(rc_str_is(person_its_projects(&list, 0).at[2]->title, "third"));
	assert_int_equal(person_its_projects(&list, 1).count, 0);
	assert_int_equal(person_every_projects(&list).count, 3);
}

static void test_a_table_may_refer_to_itself(void **state)
{
	struct rig *rig = *state;
	struct person_query *q = person_query(rig->tx, &rig->arena, rig->ann);
	struct person_list list;
	struct person *eve;

	rig_ok(rig, person_get(rig->tx, &rig->arena, rig->ann, rig->ann_eve, &eve));
	eve->boss_id = rig->ann_ada;
	eve->nulls &= ~PERSON_NULL_BOSS_ID;
	rig_ok(rig, person_update(rig->tx, rig->ann, eve));
	person_order_by_name(q);
	person_with_boss(q);
	person_with_reports(q);
	rig_ok(rig, person_all(q, &list));
	assert_null(person_its_boss(&list, 0));
	assert_int_equal(person_its_boss(&list, 1)->id, rig->ann_ada);
	assert_int_equal(person_its_reports(&list, 0).count, 1);
	assert_int_equal(person_its_reports(&list, 1).count, 0);
}

static void label(struct rig *rig, struct rc_uuid project, const char *key)
{
	struct label row = {.key = rc_str_from(key), .color = RC_STR("red")};
	struct project_label link = {.project_id = project, .label_key = row.key};

	rig_ok(rig, label_upsert(rig->tx, &row));
	rig_ok(rig, project_label_insert(rig->tx, &link));
}

static void remark(struct rig *rig, struct rc_uuid project, const char *key, const char *text)
{
	struct remark row = {.project_id = project, .label_key = rc_str_from(key), .text = rc_str_from(text)};

	rig_ok(rig, remark_insert(rig->tx, &row));
}

static void test_keys_of_several_columns_match_as_a_whole(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"),
		       b = rig_project(rig, rig->ann, rig->ann_ada, "b");
	struct project_label_query *q = project_label_query(rig->tx, &rig->arena);
	struct project_label_list list;

	label(rig, a.id, "x");
	label(rig, b.id, "y");
	label(rig, b.id, "x");
	remark(rig, a.id, "x", "ax");
	remark(rig, b.id, "y", "by");
	remark(rig, b.id, "y", "by2");
	project_label_order_by_label_key(q);
	project_label_with_remarks(q);
	project_label_with_label(q);
	rig_ok(rig, project_label_all(q, &list));
	assert_int_equal(list.count, 3);
	for (size_t i = 0; i < list.count; i++) {
		struct remark_list remarks = project_label_its_remarks(&list, i);
		bool is_a = memcmp(&list.at[i]->project_id, &a.id, sizeof(a.id)) == 0;
		bool is_x = rc_str_is(list.at[i]->label_key, "x");

		assert_int_equal(remarks.count, is_a ? 1 : is_x ? 0 : 2);
		assert_true(rc_str_eq(project_label_its_label(&list, i)->key, list.at[i]->label_key));
	}
}

static void test_a_second_hop_starts_from_every_row_of_the_first(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a");
	struct project_query *q = projects(rig, rig->ann);
	struct project_label_list links;
	struct project_list list;

	label(rig, a.id, "x");
	project_with_labels(q);
	rig_ok(rig, project_all(q, &list));
	links = project_every_labels(&list);
	rig_ok(rig, project_label_load_label(rig->tx, &rig->arena, &links));
	assert_true(rc_str_is(project_label_its_label(&links, 0)->color, "red"));
}

static void test_relations_keep_to_the_tenant_and_leave_out_what_is_marked(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a"), stray = a;
	struct account_query *q = account_query(rig->tx, &rig->arena);
	struct person_query *people = person_query(rig->tx, &rig->arena, rig->ann);
	struct account_list accounts;
	struct person_list list;
	struct project_list strays;

	stray.id = (struct rc_uuid){0};
	stray.owner_id = rig->bob_bea; /* of another account, which a foreign key alone does not see */
	rig_ok(rig, project_insert(rig->tx, rig->ann, &stray));
	rig_ok(rig, project_delete(rig->tx, rig->ann, a.id));
	person_with_projects(people);
	rig_ok(rig, person_all(people, &list));
	assert_int_equal(person_every_projects(&list).count, 0);
	rig_ok(rig, project_all(projects(rig, rig->ann), &strays));
	rig_ok(rig, project_load_owner(rig->tx, &rig->arena, rig->ann, &strays));
	assert_null(project_its_owner(&strays, 0));
	rig_ok(rig, project_load_owner_unscoped(rig->tx, &rig->arena, &strays));
	assert_int_equal(project_its_owner(&strays, 0)->id, rig->bob_bea);
	account_order_by_id(q);
	account_with_people(q, rig->bob);
	rig_ok(rig, account_all(q, &accounts));
	assert_int_equal(account_its_people(&accounts, 0).count, 0);
	assert_int_equal(account_its_people(&accounts, 1).count, 1);
}

static void test_an_unscoped_query_loads_unscoped_relations(void **state)
{
	struct rig *rig = *state;
	struct project a = rig_project(rig, rig->ann, rig->ann_ada, "a");
	struct person_query *q = person_query_unscoped(rig->tx, &rig->arena);
	struct person_list list;

	rig_ok(rig, project_delete(rig->tx, rig->ann, a.id));
	person_with_projects(q);
	rig_ok(rig, person_all(q, &list));
	assert_int_equal(list.count, 3);
	assert_int_equal(person_every_projects(&list).count, 1);
}

#define MANY 1300

static void test_more_keys_than_one_list_holds_take_more_queries_and_lose_nothing(void **state)
{
	struct rig *rig = *state;
	static struct person people[MANY];
	struct person_query *q = person_query(rig->tx, &rig->arena, rig->bob);
	struct person_list list;
	int64_t boss = rig->bob_bea;

	for (int i = 0; i < MANY; i++)
		people[i] = (struct person){.nulls = PERSON_NULL_BOSS_ID, .name = RC_STR("p")};
	rig_ok(rig, person_insert_many(rig->tx, rig->bob, people, MANY));
	for (int i = 0; i < MANY; i++) {
		people[i].boss_id = i ? people[i - 1].id : boss;
		people[i].nulls = 0;
		rig_ok(rig, person_update(rig->tx, rig->bob, &people[i]));
	}
	person_order_by_id(q);
	person_with_boss(q);
	count_statements(rig);
	rig_ok(rig, person_all(q, &list));
	assert_int_equal(statements(rig), 1 + (MANY + 511) / 512);
	assert_int_equal(list.count, MANY + 1);
	for (size_t i = 1; i < list.count; i++)
		assert_int_equal(person_its_boss(&list, i)->id, list.at[i - 1]->id);
}

static void test_an_empty_list_asks_nothing(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = projects(rig, rig->bob);
	struct project_list list;

	project_with_owner(q);
	count_statements(rig);
	rig_ok(rig, project_all(q, &list));
	assert_int_equal(statements(rig), 1);
	assert_int_equal(project_every_owner(&list).count, 0);
	q = projects(rig, rig->bob);
	project_where_owner_id_in(q, NULL, 0);
	project_with_owner(q);
	rig_ok(rig, project_all(q, &list));
	assert_int_equal(project_every_owner(&list).count, 0);
}

static void test_a_page_comes_with_its_relations(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = projects(rig, rig->ann);
	struct project_page page;

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->ann, rig->ann_eve, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	project_with_owner(q);
	rig_ok(rig, project_page(q, 2, &page));
	assert_int_equal(page.list.count, 2);
	assert_true(rc_str_is(project_its_owner(&page.list, 1)->name, "Eve"));
}

static struct project_list not_loaded;

static void look_at_what_was_not_loaded(void)
{
	project_its_owner(&not_loaded, 0);
}

static void test_what_was_not_loaded_stops_the_process_instead_of_asking(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = projects(rig, rig->ann);

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	project_with_reviewer(q);
	rig_ok(rig, project_all(q, &not_loaded));
	assert_true(stops_the_process(look_at_what_was_not_loaded));
}

static void test_one_row_alone_has_no_list_for_relations(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = projects(rig, rig->ann);
	struct project *row;

	project_with_owner(q);
	rig_fails(rig, project_one(q, &row), RC_INVALID, "with a limit of 1");
}

const struct engine_test relations_tests[] = {
	RIG_CASE(test_parents_come_with_one_query_and_are_shared),
	RIG_CASE(test_a_null_reference_has_no_parent_and_several_relations_come_together),
	RIG_CASE(test_children_come_as_lists_in_the_order_of_their_keys),
	RIG_CASE(test_a_table_may_refer_to_itself),
	RIG_CASE(test_keys_of_several_columns_match_as_a_whole),
	RIG_CASE(test_a_second_hop_starts_from_every_row_of_the_first),
	RIG_CASE(test_relations_keep_to_the_tenant_and_leave_out_what_is_marked),
	RIG_CASE(test_an_unscoped_query_loads_unscoped_relations),
	RIG_CASE(test_more_keys_than_one_list_holds_take_more_queries_and_lose_nothing),
	RIG_CASE(test_an_empty_list_asks_nothing),
	RIG_CASE(test_a_page_comes_with_its_relations),
	RIG_CASE(test_what_was_not_loaded_stops_the_process_instead_of_asking),
	RIG_CASE(test_one_row_alone_has_no_list_for_relations),
};

const size_t relations_tests_count = sizeof(relations_tests) / sizeof(*relations_tests);
