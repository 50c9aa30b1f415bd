/* Composed queries, named statements and raw SQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample.h"

struct fixture {
	struct sample_dir dir;
	struct rc_db *db;
	struct rc_tx *tx;
	struct rc_arena arena;
	struct rc_query *q;
	struct rc_rows rows;
};

static void fill(struct rc_db *db)
{
	struct rc_tx *tx = sample_begin(db);
	struct item items[20];
	char names[20][8];

	for (int i = 1; i <= 20; i++) {
		snprintf(names[i - 1], sizeof(names[0]), "n%d", i);
		items[i - 1] = (struct item){
			.nulls = 1 << ITEM_DATA | 1 << ITEM_UUID | 1 << ITEM_DOC | (i % 2) << ITEM_DAY,
			.name = rc_str_from(names[i - 1]),
			.flag = i % 2,
			.real = i / 2.0,
			.at = i * 10,
			.day = i % 2 ? 0 : 20777, /* 2026-11-20 */
		};
	}
	assert_int_equal(rc_row_insert_many(tx, &item_model, items, 20), RC_OK);
	sample_commit(tx);
}

/* Items 1 … 20, real = id / 2, day NULL for the odd ones; at = id * 10. */
static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	sample_dir_make(&f.dir);
	f.db = sample_open(&f.dir);
	rc_arena_init(&f.arena, 4096);
	fill(f.db);
	f.tx = sample_begin(f.db);
	f.q = rc_query_new(f.tx, &f.arena, &item_model);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_tx_rollback(f->tx);
	rc_arena_release(&f->arena);
	rc_db_close(f->db);
	sample_dir_remove(&f->dir);
	return 0;
}

/* The ids that the query finds, as text. */
static void finds(struct fixture *f, const char *wanted)
{
	char text[256] = "";
	size_t used = 0;

	if (rc_query_rows(f->q, &f->rows) != RC_OK)
		fail_msg("%s", rc_db_fault(f->db)->message);
	for (size_t i = 0; i < f->rows.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%lld", i ? " " : "",
					 (long long)((struct item *)f->rows.at[i])->id);
	assert_string_equal(text, wanted);
}

static void again(struct fixture *f)
{
	f->q = rc_query_new(f->tx, &f->arena, &item_model);
}

static void test_every_comparison_means_what_it_says(void **state)
{
	static const struct {
		enum rc_compare compare;
		const char *wanted;
	} cases[] = {
		{RC_EQ, "3"}, {RC_LT, "1 2"}, {RC_LE, "1 2 3"}, {RC_GT, "4 5"}, {RC_GE, "3 4 5"}, {RC_NE, "1 2 4 5"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		again(f);
		rc_query_where(f->q, ITEM_ID, RC_LE, RC_INT_VALUE(5));
		rc_query_where(f->q, ITEM_ID, cases[i].compare, RC_INT_VALUE(3));
		rc_query_order(f->q, ITEM_ID, false);
		finds(f, cases[i].wanted);
	}
}

static void test_conditions_of_all_types_bind_exactly(void **state)
{
	struct fixture *f = *state;

	rc_query_where(f->q, ITEM_NAME, RC_EQ, RC_TEXT_VALUE(RC_STR("n4")));
	rc_query_where(f->q, ITEM_FLAG, RC_EQ, RC_BOOL_VALUE(false));
	rc_query_where(f->q, ITEM_REAL, RC_EQ, RC_DOUBLE_VALUE(2.0));
	rc_query_where(f->q, ITEM_AT, RC_EQ, RC_TIME_VALUE(40));
	rc_query_where(f->q, ITEM_DAY, RC_EQ, RC_DATE_VALUE(20777)); /* 2026-11-20 */
	finds(f, "4");
}

static void test_a_null_value_asks_for_null(void **state)
{
	struct fixture *f = *state;

	rc_query_where(f->q, ITEM_DAY, RC_EQ, RC_NULL_VALUE);
	rc_query_between(f->q, ITEM_ID, RC_INT_VALUE(4), RC_INT_VALUE(7));
	finds(f, "5 7");
	again(f);
	rc_query_null(f->q, ITEM_DAY, false);
	rc_query_between(f->q, ITEM_ID, RC_INT_VALUE(4), RC_INT_VALUE(7));
	finds(f, "4 6");
}

static void test_in_lists_of_any_length_find_their_rows_once(void **state)
{
	struct fixture *f = *state;
	struct rc_value ids[6];

	for (int count = 0; count <= 6; count++) {
		static const char *const wanted[] = {"", "1", "1 2", "1 2 3", "1 2 3 4", "1 2 3 4 5", "1 2 3 4 5 6"};

		again(f);
		for (int i = 0; i < count; i++)
			ids[i] = RC_INT_VALUE(i + 1);
		rc_query_in(f->q, ITEM_ID, ids, (size_t)count);
		rc_query_order(f->q, ITEM_ID, false);
		finds(f, wanted[count]);
	}
}

static void test_order_and_limit_cut_the_right_end(void **state)
{
	struct fixture *f = *state;

	rc_query_order(f->q, ITEM_FLAG, true);
	rc_query_order(f->q, ITEM_ID, true);
	rc_query_limit(f->q, 3);
	finds(f, "19 17 15");
	again(f);
	rc_query_limit(f->q, 0);
	finds(f, "");
}

static void test_half_open_ranges_that_touch_do_not_overlap(void **state)
{
	struct fixture *f = *state;

	/* a row covers [id, at) = [i, 10 i) */
	rc_query_overlaps(f->q, ITEM_ID, ITEM_AT, RC_TIME_VALUE(20), RC_INT_VALUE(100));
	rc_query_where(f->q, ITEM_ID, RC_LE, RC_INT_VALUE(4));
	rc_query_order(f->q, ITEM_ID, false);
	finds(f, "3 4"); /* 2 ends at 20 */
}

static void test_one_counts_and_deletes(void **state)
{
	struct fixture *f = *state;
	int64_t count;
	void *row;

	rc_query_where(f->q, ITEM_ID, RC_GT, RC_INT_VALUE(15));
	assert_int_equal(rc_query_count(f->q, &count), RC_OK);
	assert_int_equal(count, 5);
	rc_query_order(f->q, ITEM_ID, true);
	assert_int_equal(rc_query_one(f->q, &row), RC_OK);
	assert_int_equal(((struct item *)row)->id, 20);
	assert_int_equal(rc_query_delete(f->q, &count), RC_OK);
	assert_int_equal(count, 5);
	assert_int_equal(rc_query_one(f->q, &row), RC_NOT_FOUND);
	assert_null(row);
}

struct walk {
	struct fixture *f;
	int seen, stop_at;
};

static int step(void *arg, const void *row)
{
	struct walk *walk = arg;

	assert_int_equal(((const struct item *)row)->id, ++walk->seen);
	return walk->seen == walk->stop_at ? RC_CLOSED : RC_OK;
}

static int run_same(void *arg, const void *row)
{
	struct walk *walk = arg;

	walk->seen = rc_query_rows(walk->f->q, &walk->f->rows);
	return RC_OK;
}

static void test_each_streams_and_stops_when_told(void **state)
{
	struct fixture *f = *state;
	struct walk all = {.f = f}, some = {.f = f, .stop_at = 7};

	rc_query_order(f->q, ITEM_ID, false);
	assert_int_equal(rc_query_each(f->q, step, &all), RC_OK);
	assert_int_equal(all.seen, 20);
	assert_int_equal(rc_query_each(f->q, step, &some), RC_CLOSED);
	assert_int_equal(some.seen, 7);
}

static void test_a_statement_that_delivers_rows_does_not_run_again_inside(void **state)
{
	struct fixture *f = *state;
	struct walk walk = {.f = f};

	assert_int_equal(rc_query_each(f->q, run_same, &walk), RC_OK);
	assert_int_equal(walk.seen, RC_INVALID);
	finds(f, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
}

static void test_sixteen_conditions_fit_and_seventeen_are_a_limit(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < RC_QUERY_CONDITIONS_MAX; i++)
		rc_query_where(f->q, ITEM_ID, RC_EQ, RC_INT_VALUE(2));
	finds(f, "2");
	rc_query_where(f->q, ITEM_ID, RC_EQ, RC_INT_VALUE(2));
	assert_int_equal(rc_query_rows(f->q, &f->rows), RC_LIMIT);
}

static void test_a_thousand_and_twenty_four_values_fit_and_more_are_a_limit(void **state)
{
	struct fixture *f = *state;
	static struct rc_value ids[RC_QUERY_VALUES_MAX + 1];

	for (int i = 0; i <= RC_QUERY_VALUES_MAX; i++)
		ids[i] = RC_INT_VALUE(i + 20);
	rc_query_in(f->q, ITEM_ID, ids, RC_QUERY_VALUES_MAX);
	finds(f, "20");
	again(f);
	rc_query_in(f->q, ITEM_ID, ids, RC_QUERY_VALUES_MAX + 1);
	assert_int_equal(rc_query_rows(f->q, &f->rows), RC_LIMIT);
}

static void test_many_shapes_do_not_fill_memory_and_all_work(void **state)
{
	struct fixture *f = *state;
	int64_t count;

	for (int shape = 0; shape < 600; shape++) {
		again(f);
		for (int bit = 0; bit < 10; bit++) {
			if (shape >> bit & 1)
				rc_query_where(f->q, ITEM_ID, (enum rc_compare)(RC_LT + (bit & 3)),
					       RC_INT_VALUE(bit & 2 ? 0 : 100));
		}
		assert_int_equal(rc_query_count(f->q, &count), RC_OK);
		assert_int_equal(count, 20);
	}
}

static void test_a_lock_asks_for_a_write_transaction(void **state)
{
	struct fixture *f = *state;

	rc_query_where(f->q, ITEM_ID, RC_LE, RC_INT_VALUE(2));
	rc_query_order(f->q, ITEM_ID, false);
	rc_query_lock(f->q, RC_FOR_UPDATE, RC_SKIP_LOCKED);
	finds(f, "1 2");
	rc_tx_rollback(f->tx);
	assert_int_equal(rc_tx_begin(f->db, RC_READ, &f->tx), RC_OK);
	assert_int_equal(rc_query_rows(f->q, &f->rows), RC_READONLY);
}

static void test_a_locked_row_is_busy_or_left_out(void **state)
{
	struct fixture *f = *state;
	struct rc_db *other_db = sample_open_with(&f->dir, RC_WRITE);
	struct rc_tx *mine = f->tx, *other;

	rc_query_where(f->q, ITEM_ID, RC_EQ, RC_INT_VALUE(2));
	rc_query_lock(f->q, RC_FOR_NO_KEY_UPDATE, RC_WAIT);
	finds(f, "2");
	if (sample_dialect != RC_SQLITE) { /* there the other could not even begin */
		other = sample_begin(other_db);
		f->q = rc_query_new(other, &f->arena, &item_model);
		rc_query_where(f->q, ITEM_ID, RC_LE, RC_INT_VALUE(3));
		rc_query_order(f->q, ITEM_ID, false);
		rc_query_lock(f->q, RC_FOR_UPDATE, RC_SKIP_LOCKED);
		finds(f, "1 3");
		rc_query_lock(f->q, RC_FOR_UPDATE, RC_NOWAIT);
		assert_int_equal(rc_query_rows(f->q, &f->rows), RC_BUSY);
		rc_tx_rollback(other);
	}
	f->tx = mine;
	rc_db_close(other_db);
}

static void test_named_statements_run_decode_and_count(void **state)
{
	struct fixture *f = *state;
	const struct rc_value rename[] = {RC_TEXT_VALUE(RC_STR("renamed")), RC_INT_VALUE(20)};
	int64_t number;
	void *row;

	assert_int_equal(rc_statement_rows(f->tx, &f->arena, &sample_big_items, &RC_DOUBLE_VALUE(9.5), &f->rows),
			 RC_OK);
	assert_int_equal(f->rows.count, 2);
	assert_int_equal(rc_statement_int(f->tx, &sample_item_total, NULL, &number), RC_OK);
	assert_int_equal(number, 20);
	assert_int_equal(rc_statement_run(f->tx, &sample_rename, rename, &number), RC_OK);
	assert_int_equal(number, 1);
	assert_int_equal(rc_statement_one(f->tx, &f->arena, &sample_big_items, &RC_DOUBLE_VALUE(10), &row), RC_OK);
	assert_true(rc_str_is(((struct item *)row)->name, "renamed"));
	assert_int_equal(rc_statement_one(f->tx, &f->arena, &sample_big_items, &RC_DOUBLE_VALUE(11), &row),
			 RC_NOT_FOUND);
}

static void test_raw_sql_decodes_by_column_name(void **state)
{
	struct fixture *f = *state;
	const struct item *row;

	assert_int_equal(rc_sql_rows(f->tx, &f->arena, "SELECT name, id AS ID FROM item WHERE id = ?", &RC_INT_VALUE(7),
				     1, &item_model, &f->rows),
			 RC_OK);
	row = f->rows.at[0];
	assert_int_equal(row->id, 7);
	assert_true(rc_str_is(row->name, "n7"));
	assert_int_equal(
		rc_sql_rows(f->tx, &f->arena, "SELECT id, 1 AS extra FROM item", NULL, 0, &item_model, &f->rows),
		RC_MISMATCH);
	assert_int_equal(rc_sql_rows(f->tx, &f->arena, "SELECT id, id FROM item", NULL, 0, &item_model, &f->rows),
			 RC_MISMATCH);
}

static void test_raw_sql_with_the_wrong_number_of_values_is_refused(void **state)
{
	struct fixture *f = *state;
	int64_t number;

	assert_int_equal(rc_sql_int(f->tx, "SELECT ?", NULL, 0, &number), RC_INVALID);
	assert_int_equal(rc_sql_exec(f->tx, "SELEKT", NULL, 0, NULL), RC_INVALID);
	rc_tx_rollback(f->tx);
	f->tx = sample_begin(f->db);
	assert_int_equal(rc_sql_exec(f->tx, "", NULL, 0, NULL), RC_INVALID);
	assert_int_equal(rc_sql_int(f->tx, "SELECT id FROM item WHERE 1 = 0", NULL, 0, &number), RC_NOT_FOUND);
	assert_int_equal(rc_sql_int(f->tx, "SELECT NULL", NULL, 0, &number), RC_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_every_comparison_means_what_it_says),
		TEST(test_conditions_of_all_types_bind_exactly),
		TEST(test_a_null_value_asks_for_null),
		TEST(test_in_lists_of_any_length_find_their_rows_once),
		TEST(test_order_and_limit_cut_the_right_end),
		TEST(test_half_open_ranges_that_touch_do_not_overlap),
		TEST(test_one_counts_and_deletes),
		TEST(test_each_streams_and_stops_when_told),
		TEST(test_a_statement_that_delivers_rows_does_not_run_again_inside),
		TEST(test_sixteen_conditions_fit_and_seventeen_are_a_limit),
		TEST(test_a_thousand_and_twenty_four_values_fit_and_more_are_a_limit),
		TEST(test_many_shapes_do_not_fill_memory_and_all_work),
		TEST(test_a_lock_asks_for_a_write_transaction),
		TEST(test_a_locked_row_is_busy_or_left_out),
		TEST(test_named_statements_run_decode_and_count),
		TEST(test_raw_sql_decodes_by_column_name),
		TEST(test_raw_sql_with_the_wrong_number_of_values_is_refused),
	};

	return SAMPLE_RUN(argc, argv, tests);
}
