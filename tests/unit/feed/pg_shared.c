/* What both PostgreSQL feeds promise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pg.h"

void test_nothing_new_is_again(void **state)
{
	struct pg_fixture *f = *state;

	pgt_nothing(f);
	pgt_sql(f, "INSERT INTO other (text) VALUES ('not captured')");
	pgt_nothing(f);
}

void test_a_commit_is_delivered_once_with_its_images(void **state)
{
	struct pg_fixture *f = *state;
	const struct item *old, *new;

	pgt_sql(f, "INSERT INTO item (id, name, flag) VALUES (1, 'first', true)");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 1);
	assert_int_equal(f->txn.mark.writer, 0);
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

void test_a_transaction_comes_whole_and_without_what_it_undid(void **state)
{
	struct pg_fixture *f = *state;
	PGconn *conn = pgt_connect(f->url);

	pgt_exec(conn, "BEGIN");
	pgt_exec(conn, "INSERT INTO item (id, name) VALUES (1, 'a')");
	pgt_exec(conn, "INSERT INTO link (item_id, place) VALUES (1, 1)");
	pgt_nothing(f);
	pgt_exec(conn, "SAVEPOINT s; INSERT INTO pair VALUES (9, 'undone', 1); ROLLBACK TO s");
	pgt_exec(conn, "INSERT INTO other (text) VALUES ('x'); INSERT INTO pair VALUES (1, 'x', 7)");
	pgt_exec(conn, "DELETE FROM item");
	pgt_exec(conn, "COMMIT");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 5);
	assert_ptr_equal(f->txn.changes[2].model, &pair_model);
	assert_int_equal(((const struct pair *)f->txn.changes[2].new_row)->amount, 7);
	assert_ptr_equal(f->txn.changes[3].model, &item_model);
	assert_int_equal(f->txn.changes[3].op, RC_DELETE);
	assert_ptr_equal(f->txn.changes[4].model, &link_model); /* the cascade */
	pgt_exec(conn, "BEGIN; INSERT INTO item (name) VALUES ('never'); ROLLBACK");
	pgt_nothing(f);
	PQfinish(conn);
}

void test_writers_that_cross_keep_the_order_of_every_row_and_the_sum(void **state)
{
	struct pg_fixture *f = *state;
	struct pgt_writers *writers;
	uint32_t before, committed;

	pgt_seed_items(f, 16);
	assert_int_equal(pgt_next(f), RC_OK);
	f->total_fixed = true;
	before = f->delivered;
	writers = pgt_writers_start(f, 6, 20261120);
	while (f->delivered < before + 400)
		assert_int_equal(pgt_next(f), RC_OK);
	committed = pgt_writers_stop(writers);
	pgt_drain(f);
	assert_int_equal(f->delivered, before + committed + 1); /* and the mark */
}

void test_what_is_written_during_the_copy_is_neither_lost_nor_doubled(void **state)
{
	struct pg_fixture *f = *state;
	struct pgt_writers *writers;

	pgt_seed_items(f, 16);
	writers = pgt_writers_start(f, 4, 4711);
	for (int round = 0; round < 4; round++) {
		uint32_t until;

		f->total_fixed = false;
		pgt_reopen(f);
		assert_int_equal(f->total, 16000);
		f->total_fixed = true;
		until = f->delivered + 30;
		while (f->delivered < until)
			assert_int_equal(pgt_next(f), RC_OK);
	}
	pgt_writers_stop(writers);
	pgt_drain(f);
}

/* Anything that the types can hold, at the edges more often than not. */
static void random_values(PGconn *conn, unsigned int *seed, char *out, size_t size)
{
	static const char *const reals[] = {
		"'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "5e-324", "1.7976931348623157e308", "NULL"};
	static const char *const docs[] = {
		"'null'",    "NULL",    "'{\"a\":1}'", "' {\"b\" : [1, 2.50,\t\"\\u0041\\n\"] } '",
		"'\"x,}\"'", "'1e400'", "'[]'",        "'\n[{\"k\":\"\\\\\"}, null ,{}]'"};
	static const char *const texts[] = {
		"", "null", "\"", "\\", "{\"a\":1}", "a, b)", "żółć 🎉 \u2028", "tab\tline\nend\r", "\x01\x1f\x7f"};
	static const char *const days[] = {"0001-01-01", "9999-12-31", "1970-01-01", "2026-02-28"};
	char bytes[128] = "\\x", real[64], uuid[33] = "", name[128], *quoted;
	int pick = rand_r(seed) % 20;

	for (int i = rand_r(seed) % 40; i > 0; i--)
		snprintf(bytes + strlen(bytes), 3, "%02x", rand_r(seed) & 255);
	for (int i = 0; i < 16; i++)
		snprintf(uuid + strlen(uuid), 3, "%02x", rand_r(seed) & 255);
	if (pick < 7)
		snprintf(real, sizeof(real), "%s", reals[pick]);
	else
		snprintf(real, sizeof(real), "%.17g", (double)rand_r(seed) / 3.0 * (pick < 14 ? 1e-300 : 1e200));
	snprintf(name, sizeof(name), "%s %u", texts[rand_r(seed) % 9], (unsigned int)rand_r(seed));
	quoted = PQescapeLiteral(conn, name, strlen(name));
	snprintf(out, size, "%s, %s, %s, %s, '%s', '%s %02d:%02d:%02d.%06d+00', '%s', %s", quoted,
		 rand_r(seed) % 2 ? "true" : "false", real, rand_r(seed) % 5 ? "" : "NULL", uuid,
		 days[rand_r(seed) % 4], rand_r(seed) % 24, rand_r(seed) % 60, rand_r(seed) % 60,
		 rand_r(seed) % 1000000, days[rand_r(seed) % 4], docs[rand_r(seed) % 8]);
	PQfreemem(quoted);
	/* bytea needs its quotes only when it is there */
	if (!strstr(out, ", NULL, '")) {
		char *gap = strstr(out, ", , '");
		char rest[2048];

		snprintf(rest, sizeof(rest), "%s", gap + 2);
		snprintf(gap + 2, size - (size_t)(gap + 2 - out), "'%s'%s", bytes, rest);
	}
}

static void same_value(const struct rc_model *model, uint32_t column, const void *a, const void *b)
{
	struct rc_value x = rc_row_value(model, a, column), y = rc_row_value(model, b, column);
	bool same = x.type == y.type;

	switch (x.type) {
	case RC_TEXT:
	case RC_BYTES:
	case RC_JSON:
		same = same && rc_str_eq(x.text, y.text);
		break;
	case RC_DOUBLE:
		same = same && memcmp(&x.real, &y.real, sizeof(double)) == 0;
		break;
	case RC_UUID:
		same = same && memcmp(&x.uuid, &y.uuid, 16) == 0;
		break;
	case RC_BOOL:
		same = same && x.boolean == y.boolean;
		break;
	case RC_TYPE_NONE:
		break;
	default:
		same = same && x.integer == y.integer;
	}
	if (!same)
		fail_msg("column %s.%s differs", model->table, model->columns[column].name);
}

struct compare {
	const struct item *rows[256];
	int seen;
};

static void compare_row(void *arg, const struct rc_model *model, const void *row)
{
	struct compare *compare = arg;
	const struct item *item = row;

	if (model != &item_model)
		return;
	assert_true(item->id >= 1000 && item->id < 1256 && compare->rows[item->id - 1000]);
	for (uint32_t i = 0; i < model->column_count; i++)
		same_value(model, i, compare->rows[item->id - 1000], row);
	compare->seen++;
}

void test_random_values_are_those_that_a_select_reads(void **state)
{
	struct pg_fixture *f = *state;
	struct compare compare = {.seen = 0};
	struct rc_fault fault = {0};
	PGconn *conn = pgt_connect(f->url);
	unsigned int seed = 7;
	struct rc_arena arena;
	char values[4096];

	/* A writer whose settings are hostile to text. */
	pgt_exec(conn,
		 "SET extra_float_digits = -10; SET bytea_output = 'escape'; SET timezone = 'Asia/Kathmandu'; SET "
		 "datestyle = 'German'");
	pgt_exec(conn, "BEGIN");
	for (int i = 0; i < 256; i++) {
		random_values(conn, &seed, values, sizeof(values));
		pgt_exec(conn, "SET LOCAL datestyle = 'ISO'");
		pgt_exec(conn,
			 "INSERT INTO item (id, name, flag, \"real\", data, uuid, at, day, doc) VALUES (%d, %s); SET "
			 "LOCAL "
			 "datestyle = 'German'",
			 1000 + i, values);
	}
	pgt_exec(conn, "COMMIT");
	pgt_exec(conn, "UPDATE item SET version = version + 1");
	rc_arena_init(&arena, 65536);
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 256);
	while (rc_feed_next(f->feed, &arena, &f->txn) != RC_OK)
		;
	assert_int_equal(f->txn.change_count, 256);
	for (uint32_t i = 0; i < 256; i++) {
		const struct item *old = f->txn.changes[i].old_row, *new = f->txn.changes[i].new_row;

		compare.rows[new->id - 1000] = new;
		for (uint32_t k = 0; k < ITEM_VERSION; k++)
			same_value(&item_model, k, old, new);
	}
	assert_int_equal(rc_feed_snapshot(f->feed, compare_row, &compare, &f->at, &fault), RC_OK);
	assert_int_equal(compare.seen, 256);
	rc_arena_release(&arena);
	PQfinish(conn);
}

void test_a_truncate_is_a_gap(void **state)
{
	struct pg_fixture *f = *state;
	uint64_t epoch = f->at.epoch;

	pgt_seed_items(f, 4);
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_sql(f, "TRUNCATE other");
	pgt_nothing(f);
	pgt_sql(f, "BEGIN; INSERT INTO pair VALUES (1, 'a', 1); TRUNCATE item CASCADE; COMMIT");
	assert_int_equal(pgt_next(f), RC_GONE);
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_true(f->at.epoch != epoch);
	assert_int_equal(f->rows, 1);
	pgt_seed_items(f, 4);
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_drain(f);
}

void test_columns_that_come_and_go_in_a_transaction(void **state)
{
	struct pg_fixture *f = *state;
	const struct item *row;

	pgt_sql(f, "BEGIN; INSERT INTO item (id, name, doc) VALUES (1, 'before', '[1]');"
		   "ALTER TABLE item ADD COLUMN extra text DEFAULT 'new', ADD COLUMN more int;"
		   "UPDATE item SET name = 'between'; ALTER TABLE item DROP COLUMN doc;"
		   "UPDATE item SET name = 'after', \"real\" = 3; COMMIT");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(f->txn.change_count, 3);
	row = f->txn.changes[1].new_row;
	assert_true(rc_str_is(row->name, "between") && rc_str_is(row->doc, "[1]"));
	row = f->txn.changes[2].new_row;
	assert_true(rc_str_is(row->name, "after") && row->real == 3);
	assert_true(RC_ROW_IS_NULL(row, ITEM_DOC));
	pgt_nothing(f);
}

void test_a_key_that_goes_is_a_gap(void **state)
{
	struct pg_fixture *f = *state;

	pgt_sql(f, "ALTER TABLE item RENAME COLUMN id TO number");
	pgt_nothing(f);
	pgt_sql(f, "INSERT INTO item (name) VALUES ('nameless')");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_sql(f, "ALTER TABLE item RENAME COLUMN number TO id");
	pgt_snapshot(f);
	assert_int_equal(f->rows, 1);
	pgt_nothing(f);
}

void test_a_connection_that_is_cut_loses_nothing(void **state)
{
	struct pg_fixture *f = *state;
	struct pgt_writers *writers;
	struct rc_feed_stats stats;

	pgt_seed_items(f, 16);
	assert_int_equal(pgt_next(f), RC_OK);
	f->total_fixed = true;
	writers = pgt_writers_start(f, 4, 99);
	for (int cut = 0; cut < 4; cut++) {
		pgt_sql(f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rowcast "
			   "feed' AND "
			   "datname = current_database()");
		do {
			assert_int_equal(pgt_next(f), RC_OK);
			rc_feed_stats(f->feed, &stats);
		} while (stats.reconnects <= (uint64_t)cut);
		assert_int_equal(stats.gaps, 0);
	}
	pgt_writers_stop(writers);
	pgt_drain(f);
}
