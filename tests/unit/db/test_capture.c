/*
 * The log tells exactly what happened: random statements of every conflict policy, folded back, give the tables again.
 *
 * The fold is strict: a delete must find its old image, an update too, an insert must find its key free. So a missed,
 * doubled or misordered log row is found even where the final state would agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "rowcast/change.h"
#include "rowcast/db/sqlite/capture.h"

static const struct rc_column item_columns[] = {
	{"id", RC_INT, 0, 0}, {"name", RC_TEXT, 0, 0}, {"grp", RC_INT, 0, 0}, {"v", RC_DOUBLE, 0, 0}};
static const struct rc_column pair_columns[] = {{"v", RC_INT, 0, 0}, {"a", RC_INT, 0, 0}, {"b", RC_TEXT, 0, 0}};
static const struct rc_column link_columns[] = {
	{"id", RC_INT, 0, 0}, {"item", RC_INT, 0, 0}, {"place", RC_INT, 0, 0}, {"rank", RC_INT, 0, 0}};
/* A hidden rowid, a key with a collation, and names that need quotes. */
static const struct rc_column tag_columns[] = {{"ta\"g", RC_TEXT, 0, 0}, {"o1", RC_INT, 0, 0}, {"r", RC_INT, 0, 0}};

static const struct rc_model models[] = {
	{.table = "item", .columns = item_columns, .column_count = 4, .key = {0}, .key_count = 1},
	{.table = "pair", .columns = pair_columns, .column_count = 3, .key = {1, 2}, .key_count = 2},
	{.table = "link", .columns = link_columns, .column_count = 4, .key = {0}, .key_count = 1},
	{.table = "it's a \"tag\"", .columns = tag_columns, .column_count = 3, .key = {0}, .key_count = 1},
};
#define MODELS 4

static const char tables[] =
	"CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, grp INTEGER, v REAL CHECK (v < "
	"90)) STRICT;"
	"CREATE TABLE pair (v INTEGER, a INTEGER, b TEXT, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE link (id INTEGER PRIMARY KEY, item INTEGER REFERENCES item (id) ON DELETE CASCADE ON UPDATE "
	"CASCADE, place INTEGER,"
	" rank INTEGER, UNIQUE (item, place)) STRICT;"
	"CREATE UNIQUE INDEX link_rank ON link (rank) WHERE place > 3;"
	"CREATE TABLE \"it's a \"\"tag\"\"\" (\"ta\"\"g\" TEXT COLLATE NOCASE PRIMARY KEY, o1 INTEGER, r INTEGER "
	"UNIQUE);"
	/* somebody's own triggers: nested statements take on the outer conflict policy */
	"CREATE TRIGGER own1 AFTER INSERT ON item WHEN NEW.grp = 1 BEGIN INSERT OR REPLACE INTO pair VALUES (1, NEW.id "
	"% 4, 'own'); END;"
	"CREATE TRIGGER own2 AFTER DELETE ON item BEGIN INSERT OR IGNORE INTO pair VALUES (2, OLD.id % 4, 'own'); END;"
	"CREATE TRIGGER own3 BEFORE UPDATE ON item WHEN NEW.grp = 2 BEGIN DELETE FROM pair WHERE a = NEW.id % 4; END;";

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

static void write_capture(struct buf *sql)
{
	static const uint32_t name[] = {1}, place[] = {1, 2}, rank[] = {3}, r[] = {2};

	capture_write_log(sql, 4);
	capture_write_table(sql, &(struct capture_table){&models[0], CAPTURE_ROWID_KEY,
							 (struct capture_unique[]){{name, 1, NULL}}, 1});
	capture_write_table(sql, &(struct capture_table){&models[1], CAPTURE_ROWID_NONE, NULL, 0});
	capture_write_table(
		sql, &(struct capture_table){&models[2], CAPTURE_ROWID_KEY,
					     (struct capture_unique[]){{place, 2, NULL}, {rank, 1, "place > 3"}}, 2});
	capture_write_table(sql, &(struct capture_table){&models[3], CAPTURE_ROWID_HIDDEN,
							 (struct capture_unique[]){{r, 1, NULL}}, 1});
}

static sqlite3 *open_captured(void)
{
	struct buf sql = BUF_INIT;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	run(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON");
	run(db, tables);
	write_capture(&sql);
	run(db, buf_cstr(&sql));
	run(db, "CREATE TEMP TABLE fold (tbl, c0, c1, c2, c3)");
	buf_release(&sql);
	return db;
}

static int64_t query_int(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t value;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

/* Take the log's rows after `*at` into the fold. */
static void fold(sqlite3 *db, int64_t *at, const char *after)
{
	sqlite3_stmt *log, *take, *put, *free_key;

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT n, tbl, op, o0, o1, o2, o3, n0, n1, n2, n3 FROM rc_log WHERE n > ?",
					    -1, &log, NULL),
			 SQLITE_OK);
	sqlite3_prepare_v2(db,
			   "DELETE FROM fold WHERE rowid = (SELECT rowid FROM fold WHERE tbl = ? AND c0 IS ? AND c1 IS "
			   "? AND c2 IS ? AND c3 IS ?)",
			   -1, &take, NULL);
	sqlite3_prepare_v2(db, "INSERT INTO fold VALUES (?, ?, ?, ?, ?)", -1, &put, NULL);
	sqlite3_prepare_v2(
		db,
		"SELECT count(*) FROM fold WHERE tbl = ?1 AND CASE tbl WHEN 'pair' THEN c1 IS ?3 AND c2 IS ?4"
		" WHEN 'it''s a \"tag\"' THEN c0 = ?2 COLLATE NOCASE ELSE c0 IS ?2 END",
		-1, &free_key, NULL);
	sqlite3_bind_int64(log, 1, *at);
	while (sqlite3_step(log) == SQLITE_ROW) {
		int op = sqlite3_column_int(log, 2);

		*at = sqlite3_column_int64(log, 0);
		if (op != RC_INSERT) {
			sqlite3_bind_value(take, 1, sqlite3_column_value(log, 1));
			for (int i = 0; i < 4; i++)
				sqlite3_bind_value(take, 2 + i, sqlite3_column_value(log, 3 + i));
			sqlite3_step(take);
			sqlite3_reset(take);
			if (sqlite3_changes(db) != 1)
				fail_msg("log row %lld: its old image is not there; after: %s", (long long)*at, after);
		}
		if (op == RC_DELETE)
			continue;
		for (int i = 0; i < 5; i++) {
			sqlite3_bind_value(put, 1 + i, sqlite3_column_value(log, i ? 6 + i : 1));
			sqlite3_bind_value(free_key, 1 + i, sqlite3_column_value(log, i ? 6 + i : 1));
		}
		assert_int_equal(sqlite3_step(free_key), SQLITE_ROW);
		if (sqlite3_column_int(free_key, 0) != 0)
			fail_msg("log row %lld: its key is taken; after: %s", (long long)*at, after);
		sqlite3_reset(free_key);
		sqlite3_step(put);
		sqlite3_reset(put);
	}
	sqlite3_finalize(log);
	sqlite3_finalize(take);
	sqlite3_finalize(put);
	sqlite3_finalize(free_key);
}

static void compare(sqlite3 *db, const char *after)
{
	static const char *const rows[][2] = {
		{"SELECT id, name, grp, v FROM item", "SELECT c0, c1, c2, c3 FROM fold WHERE tbl = 'item'"},
		{"SELECT v, a, b FROM pair", "SELECT c0, c1, c2 FROM fold WHERE tbl = 'pair'"},
		{"SELECT id, item, place, rank FROM link", "SELECT c0, c1, c2, c3 FROM fold WHERE tbl = 'link'"},
		{"SELECT \"ta\"\"g\" COLLATE BINARY, o1, r FROM \"it's a \"\"tag\"\"\"",
		 "SELECT c0, c1, c2 FROM fold WHERE tbl = 'it''s a \"tag\"'"},
	};
	char sql[1024];

	for (int i = 0; i < MODELS; i++) {
		snprintf(sql, sizeof(sql),
			 "SELECT (SELECT count(*) FROM (%s EXCEPT %s)) + (SELECT count(*) FROM (%s)) <> (SELECT "
			 "count(*) FROM (%s))",
			 rows[i][0], rows[i][1], rows[i][0], rows[i][1]);
		if (query_int(db, sql) != 0)
			fail_msg("the folded log is not the table: %s; after: %s", rows[i][0], after);
	}
}

static uint64_t random_state;

static int pick(int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (int)(random_state % (uint64_t)below);
}

static const char *policy(void)
{
	static const char *const policies[] = {"",          "",        "OR REPLACE", "OR REPLACE",
					       "OR IGNORE", "OR FAIL", "OR ABORT",   "OR ROLLBACK"};

	return policies[pick(8)];
}

static void number_or_null(char text[16], int below)
{
	pick(6) ? snprintf(text, 16, "%d", pick(below) - 1) : snprintf(text, 16, "NULL");
}

static void random_insert(char *sql, size_t size)
{
	char id[16], other[16];

	number_or_null(id, 9);
	number_or_null(other, 6);
	switch (pick(8)) {
	case 0:
		snprintf(sql, size,
			 "INSERT %s INTO item VALUES (%s, 'n%d', %d, %d.5), (NULL, 'n%d', %d, 1), (%d, 'n%d', 0, %d)",
			 policy(), id, pick(8), pick(4), pick(95), pick(8), pick(4), pick(8), pick(8), pick(95));
		break;
	case 1:
		snprintf(sql, size,
			 "INSERT INTO item VALUES (%s, 'n%d', %d, %d) ON CONFLICT (%s) DO UPDATE SET v = v + 1, name = "
			 "excluded.name",
			 id, pick(8), pick(4), pick(95), pick(2) ? "id" : "name");
		break;
	case 2:
		snprintf(sql, size, "INSERT INTO item VALUES (%s, 'n%d', %d, 3) ON CONFLICT DO NOTHING", id, pick(8),
			 pick(4));
		break;
	case 3:
		snprintf(sql, size, "INSERT %s INTO pair VALUES (%d, %d, '%c'), (%d, %d, '%c')", policy(), pick(100),
			 pick(4), 'a' + pick(3), pick(100), pick(4), 'a' + pick(3));
		break;
	case 4:
		snprintf(
			sql, size,
			"INSERT INTO pair VALUES (%d, %d, '%c') ON CONFLICT DO UPDATE SET a = %d WHERE excluded.v > 50",
			pick(100), pick(4), 'a' + pick(3), pick(4));
		break;
	case 5:
	case 6:
		snprintf(sql, size, "INSERT %s INTO link VALUES (%s, %s, %d, %d)", policy(), id, other, pick(7),
			 pick(5));
		break;
	default:
		snprintf(
			sql, size,
			"INSERT %s INTO \"it's a \"\"tag\"\"\" (rowid, \"ta\"\"g\", o1, r) VALUES (%s, %s%c%s, %d, %s)",
			policy(), id, pick(5) ? "'" : "NULL || '", (pick(2) ? 'a' : 'A') + pick(4), "'", pick(9),
			other);
		break;
	}
}

static void random_change(char *sql, size_t size)
{
	char id[16];

	number_or_null(id, 9);
	switch (pick(9)) {
	case 0:
		snprintf(sql, size, "UPDATE %s item SET id = %d WHERE id = %s", policy(), pick(8), id);
		break;
	case 1:
		snprintf(sql, size, "UPDATE %s item SET name = 'n%d', v = v + 1, grp = %d WHERE id > %s", policy(),
			 pick(8), pick(4), id);
		break;
	case 2:
		snprintf(sql, size, "UPDATE %s item SET rowid = %d, name = 'n%d' WHERE id = %s", policy(), pick(8),
			 pick(8), id);
		break;
	case 3:
		snprintf(sql, size, "UPDATE %s pair SET a = (a + 1) %% 4, b = '%c' WHERE v > %d", policy(),
			 'a' + pick(3), pick(100));
		break;
	case 4:
		snprintf(sql, size, "UPDATE %s link SET place = %d, rank = %d WHERE id = %s", policy(), pick(7),
			 pick(5), id);
		break;
	case 5:
		snprintf(sql, size, "UPDATE %s link SET place = place + 2 WHERE rank < %d", policy(), pick(5));
		break;
	case 6:
		snprintf(sql, size,
			 "UPDATE %s \"it's a \"\"tag\"\"\" SET rowid = %d, \"ta\"\"g\" = '%c', r = %d WHERE o1 = %d",
			 policy(), pick(8), 'a' + pick(4), pick(5), pick(9));
		break;
	case 7:
		snprintf(sql, size, "DELETE FROM %s WHERE id = %s", pick(2) ? "item" : "link", id);
		break;
	default:
		snprintf(sql, size, "DELETE FROM %s",
			 (const char *[]){"pair", "link", "\"it's a \"\"tag\"\"\"", "pair WHERE a = 1"}[pick(4)]);
		break;
	}
}

static void random_statement(char *sql, size_t size)
{
	static const char *const transaction[] = {"BEGIN",       "COMMIT",    "ROLLBACK",
						  "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s"};
	int kind = pick(10);

	if (kind < 5)
		random_insert(sql, size);
	else if (kind < 8)
		random_change(sql, size);
	else
		snprintf(sql, size, "%s", transaction[pick(6)]);
}

static void storm(uint64_t seed, bool recursive)
{
	sqlite3 *db = open_captured();
	char sql[512];
	int64_t at = 0;

	random_state = seed * 0x9E3779B97F4A7C15u + 1;
	run(db, recursive ? "PRAGMA recursive_triggers = ON" : "PRAGMA recursive_triggers = OFF");
	for (int i = 0; i < 400; i++) {
		random_statement(sql, sizeof(sql));
		sqlite3_exec(db, sql, NULL, NULL, NULL); /* many are refused, which is the point */
		if (!sqlite3_get_autocommit(db))
			continue;
		fold(db, &at, sql);
		compare(db, sql);
	}
	sqlite3_close(db);
}

static void test_the_folded_log_is_the_tables_without_recursive_triggers(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++)
		storm(seed, false);
}

static void test_the_folded_log_is_the_tables_with_recursive_triggers(void **state)
{
	for (uint64_t seed = 1001; seed <= 1012; seed++)
		storm(seed, true);
}

static void check_log(sqlite3 *db, const char *wanted)
{
	sqlite3_stmt *stmt;

	sqlite3_prepare_v2(db,
			   "SELECT group_concat(tbl || ':' || op || ':' || coalesce(o0, '') || '>' || coalesce(n0, "
			   "''), ' ') FROM rc_log",
			   -1, &stmt, NULL);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), wanted);
	sqlite3_finalize(stmt);
}

static void test_a_replaced_row_is_logged_as_delete_then_insert(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "INSERT INTO item VALUES (7, 'a', 0, 1); REPLACE INTO item VALUES (7, 'b', 0, 2)");
	check_log(db, "item:1:>7 item:3:7> item:1:>7");
	sqlite3_close(db);
}

static void test_every_victim_of_one_replace_is_logged_once(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "INSERT INTO item VALUES (1, 'a', 0, 1), (2, 'b', 0, 1); REPLACE INTO item VALUES (1, 'b', 0, 2)");
	check_log(db, "item:1:>1 item:1:>2 item:3:1> item:3:2> item:1:>1");
	sqlite3_close(db);
}

static void test_an_ignored_row_leaves_no_trace_that_later_lies(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "INSERT INTO item VALUES (1, 'a', 0, 1); INSERT OR IGNORE INTO item VALUES (1, 'x', 0, 1);"
		"UPDATE item SET id = 2 WHERE id = 1; INSERT INTO item VALUES (1, 'c', 0, 1)");
	check_log(db, "item:1:>1 item:2:1>2 item:1:>1");
	assert_int_equal(query_int(db, "SELECT count(*) FROM rc_pending_item"), 0);
	sqlite3_close(db);
}

static void test_what_is_rolled_back_is_not_in_the_log(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "BEGIN; INSERT INTO item VALUES (1, 'a', 0, 1); SAVEPOINT s; REPLACE INTO item VALUES (1, 'b', 0, 1); "
		"ROLLBACK TO s; COMMIT");
	check_log(db, "item:1:>1");
	sqlite3_close(db);
}

static void test_log_numbers_are_never_used_twice(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "INSERT INTO item VALUES (1, 'a', 0, 1), (2, 'b', 0, 1); DELETE FROM rc_log; INSERT INTO item VALUES "
		"(3, 'c', 0, 1)");
	assert_int_equal(query_int(db, "SELECT n FROM rc_log"), 3);
	sqlite3_close(db);
}

static void test_values_stand_in_the_log_as_they_are(void **state)
{
	sqlite3 *db = open_captured();

	run(db, "CREATE TABLE same (x, y); INSERT INTO item VALUES (9223372036854775807, 'a' || char(0) || 'b', "
		"-9223372036854775808, 1e-310)");
	assert_int_equal(
		query_int(db,
			  "SELECT count(*) FROM rc_log, item WHERE n0 IS id AND n1 IS name AND n2 IS grp AND n3 IS v"
			  " AND typeof(n0) = 'integer' AND typeof(n1) = 'text' AND length(CAST(n1 AS BLOB)) = 3 AND "
			  "typeof(n3) = 'real'"),
		1);
	sqlite3_close(db);
}

static void test_dropping_capture_leaves_nothing_behind(void **state)
{
	sqlite3 *db = open_captured();
	struct buf sql = BUF_INIT;

	for (int i = 0; i < MODELS; i++)
		capture_write_drop(&sql, models[i].table);
	run(db, buf_cstr(&sql));
	assert_int_equal(query_int(db, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'rc_*' AND name NOT IN "
				       "('rc_log', 'rc_meta')"),
			 0);
	buf_clear(&sql);
	capture_write_log_widen(&sql, 4, 6);
	run(db, buf_cstr(&sql));
	run(db, "INSERT INTO rc_log (at, tbl, op, o5, n5) VALUES (0, 'x', 1, 1, 1)");
	buf_release(&sql);
	sqlite3_close(db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_replaced_row_is_logged_as_delete_then_insert),
		cmocka_unit_test(test_every_victim_of_one_replace_is_logged_once),
		cmocka_unit_test(test_an_ignored_row_leaves_no_trace_that_later_lies),
		cmocka_unit_test(test_what_is_rolled_back_is_not_in_the_log),
		cmocka_unit_test(test_log_numbers_are_never_used_twice),
		cmocka_unit_test(test_values_stand_in_the_log_as_they_are),
		cmocka_unit_test(test_dropping_capture_leaves_nothing_behind),
		cmocka_unit_test(test_the_folded_log_is_the_tables_without_recursive_triggers),
		cmocka_unit_test(test_the_folded_log_is_the_tables_with_recursive_triggers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
