/* Rows in and out, by descriptor. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample.h"

struct fixture {
	struct sample_dir dir;
	struct rc_db *db;
	struct rc_arena arena;
};

static int setup(void **state)
{
	static struct fixture f;

	sample_dir_make(&f.dir);
	f.db = sample_open(&f.dir);
	rc_arena_init(&f.arena, 4096);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_arena_release(&f->arena);
	rc_db_close(f->db);
	sample_dir_remove(&f->dir);
	return 0;
}

static struct item full_item(const char *name)
{
	return (struct item){
		.name = rc_str_from(name),
		.flag = true,
		.real = 0.1 + 0.2,
		.data = RC_STR("\0\1\377 binary"),
		.uuid = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32,
			  0x10}},
		.at = sample_limits[sample_dialect].at_most,
		.day = sample_limits[sample_dialect].day_least,
		.doc = RC_STR("{\"a\":[1,2]}"),
	};
}

static void insert(struct rc_tx *tx, struct item *item)
{
	assert_int_equal(rc_row_insert(tx, &item_model, item), RC_OK);
}

static struct item *get(struct fixture *f, struct rc_tx *tx, int64_t id)
{
	void *row;

	assert_int_equal(rc_row_get(tx, &f->arena, &item_model, &RC_INT_VALUE(id), &row), RC_OK);
	return row;
}

static void test_an_insert_fills_identity_and_version(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item one = full_item("one"), two = full_item("two");

	insert(tx, &one);
	insert(tx, &two);
	assert_int_equal(one.id, 1);
	assert_int_equal(two.id, 2);
	assert_int_equal(two.version, 1);
	sample_commit(tx);
}

static void test_an_identity_that_was_given_is_kept(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item one = full_item("one");

	one.id = 4711;
	insert(tx, &one);
	assert_int_equal(one.id, 4711);
	assert_int_equal(get(f, tx, 4711)->id, 4711);
	sample_commit(tx);
}

static void test_every_type_comes_back_exactly(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("every type"), *out;

	in.name = sample_limits[sample_dialect].nul ? RC_STR("nul \0 inside, \xF0\x9F\x8E\xBE and 'quotes'")
						    : RC_STR("no nul, \xF0\x9F\x8E\xBE and 'quotes'");
	insert(tx, &in);
	out = get(f, tx, in.id);
	assert_int_equal(out->nulls, 0);
	assert_true(rc_str_eq(out->name, in.name));
	assert_true(out->flag);
	assert_true(out->real == in.real);
	assert_true(rc_str_eq(out->data, in.data));
	assert_memory_equal(&out->uuid, &in.uuid, 16);
	assert_true(out->at == in.at);
	assert_int_equal(out->day, in.day);
	assert_true(rc_str_eq(out->doc, in.doc));
	sample_commit(tx);
}

static void test_extreme_numbers_come_back_exactly(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	static const double doubles[] = {
		DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, INFINITY, -INFINITY, 9007199254740993.0, 1e23, 0};
	const struct sample_limits *limits = &sample_limits[sample_dialect];
	const int64_t times[] = {limits->at_least,       limits->at_least + 1, -1, 0,
				 ((int64_t)1 << 53) + 1, limits->at_most};

	for (size_t i = 0; i < sizeof(doubles) / sizeof(*doubles); i++) {
		char name[16];
		struct item in = full_item(name);

		snprintf(name, sizeof(name), "%zu", i);
		in.name = rc_str_from(name);
		in.real = isfinite(doubles[i]) || limits->infinity ? doubles[i] : 0.5;
		in.at = times[i % 6];
		insert(tx, &in);
		assert_true(get(f, tx, in.id)->real == in.real);
		assert_true(get(f, tx, in.id)->at == times[i % 6]);
	}
	sample_commit(tx);
}

static void test_nulls_are_told_by_their_bits(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("nulls"), *out;

	in.nulls = 1 << ITEM_REAL | 1 << ITEM_DATA | 1 << ITEM_UUID | 1 << ITEM_DAY | 1 << ITEM_DOC;
	insert(tx, &in);
	out = get(f, tx, in.id);
	assert_int_equal(out->nulls, in.nulls);
	assert_true(out->real == 0);
	assert_int_equal(out->data.len, 0);
	sample_commit(tx);
}

static void test_empty_text_is_not_null(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item(""), *out;

	in.name = RC_STR_NONE;
	in.data = RC_STR_NONE;
	insert(tx, &in);
	out = get(f, tx, in.id);
	assert_int_equal(out->nulls, 0);
	assert_int_equal(out->name.len, 0);
	assert_int_equal(out->data.len, 0);
	sample_commit(tx);
}

static void test_nan_is_stored_or_refused_not_changed(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("nan");

	in.real = NAN;
	in.id = 7;
	if (sample_limits[sample_dialect].nan) {
		insert(tx, &in);
		assert_true(isnan(get(f, tx, 7)->real));
	} else {
		assert_int_equal(rc_row_insert(tx, &item_model, &in), RC_INVALID);
		assert_non_null(strstr(rc_db_fault(f->db)->message, "parameter 4"));
	}
	rc_tx_rollback(tx);
}

static void test_an_update_raises_the_version_in_row_and_struct(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("before");

	insert(tx, &in);
	in.name = RC_STR("after");
	assert_int_equal(rc_row_update(tx, &item_model, &in), RC_OK);
	assert_int_equal(in.version, 2);
	assert_int_equal(get(f, tx, in.id)->version, 2);
	assert_true(rc_str_is(get(f, tx, in.id)->name, "after"));
	sample_commit(tx);
}

static void test_an_update_of_an_old_version_is_stale(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item mine = full_item("row"), theirs;

	insert(tx, &mine);
	theirs = mine;
	assert_int_equal(rc_row_update(tx, &item_model, &theirs), RC_OK);
	mine.flag = false;
	assert_int_equal(rc_row_update(tx, &item_model, &mine), RC_STALE);
	assert_int_equal(mine.version, 1);
	assert_true(get(f, tx, mine.id)->flag);
	sample_commit(tx);
}

static void test_an_update_of_no_row_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("nowhere");
	struct pair pair = {.a = 1, .b = RC_STR("x")};

	in.id = 99;
	in.version = 1;
	assert_int_equal(rc_row_update(tx, &item_model, &in), RC_NOT_FOUND);
	assert_int_equal(rc_row_update(tx, &pair_model, &pair), RC_NOT_FOUND);
	rc_tx_rollback(tx);
}

static void test_delete_compares_the_version_and_delete_by_key_does_not(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("gone"), old;

	insert(tx, &in);
	old = in;
	assert_int_equal(rc_row_update(tx, &item_model, &in), RC_OK);
	assert_int_equal(rc_row_delete(tx, &item_model, &old), RC_STALE);
	assert_int_equal(rc_row_delete(tx, &item_model, &in), RC_OK);
	assert_int_equal(rc_row_delete(tx, &item_model, &in), RC_NOT_FOUND);
	in.id = in.version = 0;
	insert(tx, &in);
	assert_int_equal(rc_row_delete_key(tx, &item_model, &RC_INT_VALUE(in.id)), RC_OK);
	assert_int_equal(rc_row_delete_key(tx, &item_model, &RC_INT_VALUE(in.id)), RC_NOT_FOUND);
	sample_commit(tx);
}

static void test_keys_of_two_columns_find_their_row(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct pair rows[] = {{.a = 1, .b = RC_STR("x"), .amount = 1}, {.a = 1, .b = RC_STR("y"), .amount = 2}};
	struct rc_value key[] = {RC_INT_VALUE(1), RC_TEXT_VALUE(RC_STR("y"))};
	void *row;

	assert_int_equal(rc_row_insert_many(tx, &pair_model, rows, 2), RC_OK);
	assert_int_equal(rc_row_get(tx, &f->arena, &pair_model, key, &row), RC_OK);
	assert_int_equal(((struct pair *)row)->amount, 2);
	rows[1].amount = 7;
	assert_int_equal(rc_row_update(tx, &pair_model, &rows[1]), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT amount FROM pair WHERE b = 'y'"), 7);
	key[1] = RC_TEXT_VALUE(RC_STR("z"));
	assert_int_equal(rc_row_get(tx, &f->arena, &pair_model, key, &row), RC_NOT_FOUND);
	assert_null(row);
	sample_commit(tx);
}

static void test_an_upsert_inserts_then_overwrites(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item in = full_item("upsert");
	struct pair pair = {.a = 1, .b = RC_STR("x"), .amount = 1};

	in.id = 5;
	assert_int_equal(rc_row_upsert(tx, &item_model, &in), RC_OK);
	assert_int_equal(in.version, 1);
	in.flag = false;
	assert_int_equal(rc_row_upsert(tx, &item_model, &in), RC_OK);
	assert_int_equal(in.version, 2);
	assert_false(get(f, tx, 5)->flag);
	assert_int_equal(rc_row_upsert(tx, &pair_model, &pair), RC_OK);
	pair.amount = 9;
	assert_int_equal(rc_row_upsert(tx, &pair_model, &pair), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT sum(amount) FROM pair"), 9);
	sample_commit(tx);
}

static void refused(struct rc_tx *tx, int rc, int constraint)
{
	assert_int_equal(rc, RC_CONSTRAINT);
	assert_int_equal(rc_db_fault(rc_tx_db(tx))->constraint, constraint);
	assert_int_equal(rc_tx_savepoint_rollback(tx), RC_OK);
}

/* Behind a savepoint, because on PostgreSQL a refusal ends what was begun. */
#define REFUSED(tx, call, constraint)                                                                                  \
	(assert_int_equal(rc_tx_savepoint(tx), RC_OK), refused((tx), (call), (constraint)))

static void test_a_refusal_names_the_constraint(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item item = full_item("same"), again = full_item("same");
	struct pair pair = {.a = 1, .b = RC_STR("x"), .amount = 1000};
	struct link link = {.place = 3, .rank = 1};

	insert(tx, &item);
	REFUSED(tx, rc_row_insert(tx, &item_model, &again), SAMPLE_ITEM_NAME);
	assert_int_equal(again.id, 0);
	assert_int_equal(again.version, 0);
	assert_int_equal(rc_row_insert(tx, &pair_model, &pair), RC_OK);
	REFUSED(tx, rc_row_insert(tx, &pair_model, &pair), SAMPLE_PAIR_PKEY);
	pair.a = 2;
	pair.amount = 1001;
	REFUSED(tx, rc_row_insert(tx, &pair_model, &pair), SAMPLE_PAIR_AMOUNT);
	link.item_id = item.id;
	assert_int_equal(rc_row_insert(tx, &link_model, &link), RC_OK);
	link.id = 0;
	REFUSED(tx, rc_row_insert(tx, &link_model, &link), SAMPLE_LINK_PLACE);
	link.place = -1;
	REFUSED(tx, rc_row_insert(tx, &link_model, &link), SAMPLE_LINK_GUARD);
	link.place = 4;
	link.item_id = 12345;
	REFUSED(tx, rc_row_insert(tx, &link_model, &link), 0);
	REFUSED(tx, rc_sql_exec(tx, "UPDATE item SET at = NULL", NULL, 0, NULL), SAMPLE_ITEM_AT_NOT_NULL);
	sample_commit(tx);
}

static void test_a_refused_row_leaves_the_transaction_usable(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item rows[] = {full_item("a"), full_item("b"), full_item("a")};

	REFUSED(tx, rc_row_insert_many(tx, &item_model, rows, 3), SAMPLE_ITEM_NAME);
	assert_int_equal(rows[2].version, 0);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), 0);
	rows[2] = full_item("c");
	insert(tx, &rows[2]);
	sample_commit(tx);
}

/* 300 rows: 1 … 100 and 201 … 300 draw their number, the others bring theirs. */
static void test_many_rows_get_the_numbers_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	static struct item rows[300];
	static char names[300][8];

	for (int i = 0; i < 300; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		rows[i] = full_item(names[i]);
		rows[i].id = i >= 100 && i < 200 ? 5000 + i : 0;
		rows[i].version = i % 3;
	}
	assert_int_equal(rc_row_insert_many(tx, &item_model, rows, 300), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), 300);
	for (int i = 0; i < 300; i++) {
		const struct item *out = get(f, tx, rows[i].id);

		assert_true(rc_str_is(out->name, names[i]));
		assert_int_equal(out->version, i % 3 ? i % 3 : 1);
		assert_int_equal(rows[i].version, out->version);
	}
	assert_int_equal(rows[150].id, 5150);
	assert_int_equal(rc_row_insert_many(tx, &item_model, rows, 0), RC_OK);
	sample_commit(tx);
}

static void test_an_upsert_does_not_touch_a_row_that_shares_another_key(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct item one = full_item("same"), other = full_item("same"), drawn = full_item("drawn");

	insert(tx, &one);
	other.id = one.id + 50;
	other.flag = false;
	REFUSED(tx, rc_row_upsert(tx, &item_model, &other), SAMPLE_ITEM_NAME);
	assert_int_equal(other.version, 0);
	assert_true(get(f, tx, one.id)->flag);
	assert_int_equal(rc_row_upsert(tx, &item_model, &drawn), RC_OK);
	assert_true(drawn.id > one.id);
	assert_int_equal(drawn.version, 1);
	sample_commit(tx);
}

static void test_a_value_of_another_type_is_a_mismatch(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx = sample_begin(f->db);
	struct rc_rows rows;

	assert_int_equal(rc_sql_rows(tx, &f->arena, "SELECT 'x' AS id", NULL, 0, &item_model, &rows), RC_MISMATCH);
	assert_int_equal(rc_sql_rows(tx, &f->arena, "SELECT 2 AS flag", NULL, 0, &item_model, &rows), RC_MISMATCH);
	assert_int_equal(rc_sql_rows(tx, &f->arena, "SELECT '2026-02-30' AS day", NULL, 0, &item_model, &rows),
			 RC_MISMATCH);
	assert_int_equal(rc_sql_rows(tx, &f->arena, "SELECT '0123' AS uuid", NULL, 0, &item_model, &rows), RC_MISMATCH);
	assert_int_equal(rc_sql_rows(tx, &f->arena, "SELECT x'00' AS name", NULL, 0, &item_model, &rows), RC_MISMATCH);
	assert_non_null(strstr(rc_db_fault(f->db)->message, "column name of table item"));
	rc_tx_rollback(tx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_an_insert_fills_identity_and_version),
		TEST(test_an_identity_that_was_given_is_kept),
		TEST(test_every_type_comes_back_exactly),
		TEST(test_extreme_numbers_come_back_exactly),
		TEST(test_nulls_are_told_by_their_bits),
		TEST(test_empty_text_is_not_null),
		TEST(test_nan_is_stored_or_refused_not_changed),
		TEST(test_an_update_raises_the_version_in_row_and_struct),
		TEST(test_an_update_of_an_old_version_is_stale),
		TEST(test_an_update_of_no_row_is_not_found),
		TEST(test_delete_compares_the_version_and_delete_by_key_does_not),
		TEST(test_keys_of_two_columns_find_their_row),
		TEST(test_an_upsert_inserts_then_overwrites),
		TEST(test_a_refusal_names_the_constraint),
		TEST(test_a_refused_row_leaves_the_transaction_usable),
		TEST(test_many_rows_get_the_numbers_of_their_own),
		TEST(test_an_upsert_does_not_touch_a_row_that_shares_another_key),
		TEST(test_a_value_of_another_type_is_a_mismatch),
	};

	return SAMPLE_RUN(argc, argv, tests);
}
