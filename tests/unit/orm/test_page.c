/* Keyset paging, against the list that the same query gives as a whole. */
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define ROWS 40

/* Values repeat and some are NULL, so that every column of the order decides somewhere. */
static void fill(struct rig *rig)
{
	static struct project rows[ROWS];

	for (int i = 0; i < ROWS; i++) {
		static const char *const titles[] = {"", "a", "ab", "\xc3\xa4", "z"};

		rows[i] = (struct project){
			.nulls = PROJECT_NULL_REVIEWER_ID,
			.owner_id = i % 2 ? rig->ann_ada : rig->ann_eve,
			.title = rc_str_from(titles[i * 7 % 5]),
			.rank = (i * 3 % 4) / 2.0 - 0.5,
			.due = 1000000 * (i % 3) - 1,
			.day = i % 6 - 3,
		};
		if (i % 5 == 0)
			rows[i].nulls |= PROJECT_NULL_RANK;
		if (i % 4 == 0)
			rows[i].nulls |= PROJECT_NULL_DUE;
		if (i % 7 == 0)
			rows[i].nulls |= PROJECT_NULL_DAY;
	}
	rig_ok(rig, project_insert_many(rig->tx, rig->ann, rows, ROWS));
	rig_project(rig, rig->bob, rig->bob_bea, "his");
}

/* Orders, each a row of calls. */
typedef void (*order_call)(struct project_query *query);
static const order_call orders[][4] = {
	{NULL},
	{project_order_by_title, NULL},
	{project_order_by_title_desc, NULL},
	{project_order_by_rank, NULL},
	{project_order_by_rank_desc, NULL},
	{project_order_by_due_desc, project_order_by_title, NULL},
	{project_order_by_day, project_order_by_rank_desc, project_order_by_title_desc, NULL},
	{project_order_by_rank_desc, project_order_by_due, project_order_by_owner_id, NULL},
	{project_order_by_title_desc, project_order_by_day_desc, NULL},
};
#define ORDERS (sizeof(orders) / sizeof(*orders))

static struct project_query *ordered(struct rig *rig, size_t order)
{
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);

	for (size_t i = 0; i < 4 && orders[order][i]; i++)
		orders[order][i](q);
	return q;
}

static void same(const struct project_list *all, size_t at, const struct project_list *part)
{
	assert_true(at + part->count <= all->count);
	for (size_t i = 0; i < part->count; i++)
		assert_memory_equal(&part->at[i]->id, &all->at[at + i]->id, sizeof(part->at[i]->id));
}

static void test_pages_of_any_size_and_order_are_the_whole_forwards_and_backwards(void **state)
{
	static const int64_t sizes[] = {1, 3, 7, ROWS - 1, ROWS, ROWS + 1};
	struct rig *rig = *state;

	fill(rig);
	for (size_t o = 0; o < ORDERS; o++) {
		struct project_page whole;

		rig_ok(rig, project_page(ordered(rig, o), 1000, &whole));
		assert_int_equal(whole.list.count, ROWS);
		assert_true(whole.previous.len == 0 && whole.next.len == 0);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			struct project_page page = {0};
			struct rc_str cursor = RC_STR_NONE;
			size_t at = 0;

			do {
				struct project_query *q = ordered(rig, o);

				project_after(q, cursor);
				rig_ok(rig, project_page(q, sizes[s], &page));
				same(&whole.list, at, &page.list);
				assert_int_equal(page.previous.len > 0, at > 0);
				at += page.list.count;
				cursor = page.next;
			} while (cursor.len);
			assert_int_equal(at, ROWS);
			cursor = RC_STR_NONE;
			do {
				struct project_query *q = ordered(rig, o);

				project_before(q, cursor);
				rig_ok(rig, project_page(q, sizes[s], &page));
				at -= page.list.count;
				same(&whole.list, at, &page.list);
				assert_int_equal(page.next.len > 0, at + page.list.count < ROWS);
				cursor = page.previous;
			} while (cursor.len);
			assert_int_equal(at, 0);
		}
	}
}

static void test_pages_have_the_order_that_was_asked_for(void **state)
{
	struct rig *rig = *state;

	fill(rig);
	for (size_t o = 1; o <= 4; o++) { /* title, title down, rank, rank down */
		struct project_query *q = ordered(rig, o);
		struct project_page page;
		struct project_list list;

		rig_ok(rig, project_page(ordered(rig, o), 1000, &page));
		rig_ok(rig, project_all(q, &list));
		for (size_t i = 0; i < ROWS; i++) {
			if (o <= 2)
				assert_true(rc_str_eq(page.list.at[i]->title, list.at[i]->title));
			else
				assert_true(page.list.at[i]->rank == list.at[i]->rank &&
					    (page.list.at[i]->nulls & PROJECT_NULL_RANK) ==
						    (list.at[i]->nulls & PROJECT_NULL_RANK));
		}
	}
}

static void test_null_is_smaller_than_every_value_on_every_engine(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);
	struct project *first, *last;

	fill(rig);
	project_order_by_rank(q);
	rig_ok(rig, project_one(q, &first));
	assert_true(first->nulls & PROJECT_NULL_RANK);
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_order_by_rank_desc(q);
	rig_ok(rig, project_one(q, &last));
	assert_false(last->nulls & PROJECT_NULL_RANK);
}

static void test_text_is_ordered_by_its_bytes_on_every_engine(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);
	struct project_list list;

	rig_project(rig, rig->ann, rig->ann_ada, "\xc3\xa4");
	rig_project(rig, rig->ann, rig->ann_ada, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "B");
	project_order_by_title(q);
	rig_ok(rig, project_all(q, &list));
	assert_true(rc_str_is(list.at[0]->title, "B"));
	assert_true(rc_str_is(list.at[1]->title, "b"));
	assert_true(rc_str_is(list.at[2]->title, "\xc3\xa4"));
}

static void test_rows_inserted_and_deleted_meanwhile_neither_repeat_nor_hide_others(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);
	struct project b = rig_project(rig, rig->ann, rig->ann_ada, "b");
	struct project_page page;

	rig_project(rig, rig->ann, rig->ann_ada, "d");
	project_order_by_title(q);
	rig_ok(rig, project_page(q, 1, &page));
	assert_true(rc_str_is(page.list.at[0]->title, "b"));
	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	rig_ok(rig, project_delete(rig->tx, rig->ann, b.id)); /* the row that the cursor is of */
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_order_by_title(q);
	project_after(q, page.next);
	rig_ok(rig, project_page(q, 5, &page));
	assert_int_equal(page.list.count, 2);
	assert_true(rc_str_is(page.list.at[0]->title, "c"));
}

static void test_a_cursor_goes_with_all_and_one_and_each_as_well(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);
	struct project_list list;
	struct project *row;
	struct rc_str cursor;
	int64_t n;

	rig_project(rig, rig->ann, rig->ann_ada, "a");
	rig_project(rig, rig->ann, rig->ann_ada, "b");
	rig_project(rig, rig->ann, rig->ann_ada, "c");
	project_order_by_title(q);
	rig_ok(rig, project_all(q, &list));
	cursor = project_cursor(q, list.at[1]);
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_order_by_title(q);
	project_before(q, cursor);
	rig_ok(rig, project_all(q, &list));
	assert_int_equal(list.count, 1);
	assert_true(rc_str_is(list.at[0]->title, "a"));
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_order_by_title(q);
	project_after(q, cursor);
	rig_ok(rig, project_one(q, &row));
	assert_true(rc_str_is(row->title, "c"));
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_after(q, cursor);
	rig_ok(rig, project_count(q, &n)); /* of all */
	assert_int_equal(n, 3);
}

static void test_a_cursor_of_another_order_version_or_making_is_refused(void **state)
{
	struct rig *rig = *state;
	struct project_query *q = project_query(rig->tx, &rig->arena, rig->ann);
	struct project_page page;
	char text[512];

	fill(rig);
	project_order_by_title(q);
	rig_ok(rig, project_page(q, 2, &page));
	snprintf(text, sizeof(text), "%.*s", RC_STR_ARG(page.next));
	q = project_query(rig->tx, &rig->arena, rig->ann);
	project_order_by_title_desc(q);
	project_after(q, rc_str_from(text));
	rig_fails(rig, project_page(q, 2, &page), RC_INVALID, "not one of this query on project");
	for (size_t i = 0; i <= strlen(text); i++) { /* each character changed; cut short; too long */
		char bad[600];

		strcpy(bad, text);
		if (i == strlen(text))
			strcat(bad, "AAAA");
		else if (i % 2)
			bad[i] = bad[i] == 'Q' ? 'R' : 'Q';
		else
			bad[i] = '\0';
		if (!*bad)
			continue;
		q = project_query(rig->tx, &rig->arena, rig->ann);
		project_order_by_title(q);
		project_after(q, rc_str_from(bad));
		assert_int_equal(project_page(q, 2, &page), RC_INVALID);
		assert_int_equal(page.list.count, 0);
	}
}

static void test_a_page_of_no_rows_is_refused(void **state)
{
	struct rig *rig = *state;
	struct project_page page;

	rig_fails(rig, project_page(project_query(rig->tx, &rig->arena, rig->ann), 0, &page), RC_INVALID,
		  "at least one row");
}

const struct engine_test page_tests[] = {
	RIG_CASE(test_pages_of_any_size_and_order_are_the_whole_forwards_and_backwards),
	RIG_CASE(test_pages_have_the_order_that_was_asked_for),
	RIG_CASE(test_null_is_smaller_than_every_value_on_every_engine),
	RIG_CASE(test_text_is_ordered_by_its_bytes_on_every_engine),
	RIG_CASE(test_rows_inserted_and_deleted_meanwhile_neither_repeat_nor_hide_others),
	RIG_CASE(test_a_cursor_goes_with_all_and_one_and_each_as_well),
	RIG_CASE(test_a_cursor_of_another_order_version_or_making_is_refused),
	RIG_CASE(test_a_page_of_no_rows_is_refused),
};

const size_t page_tests_count = sizeof(page_tests) / sizeof(*page_tests);
