/*
 * Items by hand-written SQLite calls, as a careful programmer writes them who knows the table: statements prepared once,
 * columns read straight into the struct, text copied because SQLite's own dies with the next step.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/orm.h"

enum { BEGIN, ROLLBACK, GET, LIST, INSERT, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[ROLLBACK] = "ROLLBACK",
	[GET] = "SELECT id, shelf, name, place, price, open, starts_at, ends_at, party, note FROM item WHERE id = ?1",
	[LIST] =
		"SELECT id, shelf, name, place, price, open, starts_at, ends_at, party, note FROM item WHERE shelf = ?1"
		" ORDER BY id LIMIT ?2",
	[INSERT] = "INSERT INTO item (shelf, name, place, price, open, starts_at, ends_at, party, note)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};

static sqlite3 *db;
static sqlite3_stmt *statements[STATEMENTS];
static struct item rows[LIST_ROWS];
static char text[LIST_ROWS * 3 * ITEM_TEXT_MAX], *text_next;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "orm: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot be opened");
		exit(1);
	}
}

static void run(int which)
{
	must(sqlite3_step(statements[which]) == SQLITE_DONE, sql[which]);
	sqlite3_reset(statements[which]);
}

static void bare_open(const char *url)
{
	must(sqlite3_open_v2(url + strlen("sqlite:"), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		     SQLITE_OK,
	     url);
	must(sqlite3_exec(db,
			  "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF; PRAGMA"
			  " trusted_schema = OFF; PRAGMA cache_size = -16384; PRAGMA journal_mode = WAL",
			  NULL, NULL, NULL) == SQLITE_OK,
	     url);
	for (int i = 0; i < STATEMENTS; i++)
		must(sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) == SQLITE_OK,
		     sql[i]);
}

static void bare_close(void)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(statements[i]);
	sqlite3_close(db);
}

static void bare_begin(void)
{
	run(BEGIN);
}

static void bare_rollback(void)
{
	run(ROLLBACK);
}

static struct rc_str copy(sqlite3_stmt *stmt, int column)
{
	struct rc_str out = {text_next, (size_t)sqlite3_column_bytes(stmt, column)};

	memcpy(text_next, sqlite3_column_text(stmt, column), out.len + 1);
	text_next += out.len + 1;
	return out;
}

static void read_row(sqlite3_stmt *stmt, struct item *out)
{
	out->nulls = 0;
	out->id = sqlite3_column_int64(stmt, 0);
	out->shelf = sqlite3_column_int64(stmt, 1);
	out->name = copy(stmt, 2);
	out->place = copy(stmt, 3);
	out->price = sqlite3_column_double(stmt, 4);
	out->open = sqlite3_column_int(stmt, 5);
	out->starts_at = sqlite3_column_int64(stmt, 6);
	out->ends_at = sqlite3_column_int64(stmt, 7);
	out->party = sqlite3_column_int64(stmt, 8);
	if (sqlite3_column_type(stmt, 9) == SQLITE_NULL) {
		out->note = RC_STR_NONE;
		out->nulls = ITEM_NULL_NOTE;
	} else {
		out->note = copy(stmt, 9);
	}
}

static void bare_get(int64_t id, const struct item **out)
{
	sqlite3_stmt *stmt = statements[GET];

	text_next = text;
	sqlite3_bind_int64(stmt, 1, id);
	must(sqlite3_step(stmt) == SQLITE_ROW, sql[GET]);
	read_row(stmt, &rows[0]);
	sqlite3_reset(stmt);
	*out = &rows[0];
}

static int64_t bare_list(int64_t shelf)
{
	sqlite3_stmt *stmt = statements[LIST];
	size_t count = 0;
	int64_t sum = 0;
	int result;

	text_next = text;
	sqlite3_bind_int64(stmt, 1, shelf);
	sqlite3_bind_int64(stmt, 2, LIST_ROWS);
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW)
		read_row(stmt, &rows[count++]);
	must(result == SQLITE_DONE, sql[LIST]);
	sqlite3_reset(stmt);
	for (size_t i = 0; i < count; i++)
		sum += item_sum(&rows[i]);
	return sum;
}

static void bare_insert(struct item *row)
{
	sqlite3_stmt *stmt = statements[INSERT];

	sqlite3_bind_int64(stmt, 1, row->shelf);
	sqlite3_bind_text(stmt, 2, row->name.ptr, (int)row->name.len, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, row->place.ptr, (int)row->place.len, SQLITE_STATIC);
	sqlite3_bind_double(stmt, 4, row->price);
	sqlite3_bind_int(stmt, 5, row->open);
	sqlite3_bind_int64(stmt, 6, row->starts_at);
	sqlite3_bind_int64(stmt, 7, row->ends_at);
	sqlite3_bind_int64(stmt, 8, row->party);
	if (row->nulls & ITEM_NULL_NOTE)
		sqlite3_bind_null(stmt, 9);
	else
		sqlite3_bind_text(stmt, 9, row->note.ptr, (int)row->note.len, SQLITE_STATIC);
	run(INSERT);
	row->id = sqlite3_last_insert_rowid(db);
}

static void bare_insert_many(struct item *many, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bare_insert(&many[i]);
}

const struct side side_sqlite = {"sqlite",  bare_open,   bare_begin,       bare_rollback, bare_get,
				 bare_list, bare_insert, bare_insert_many, bare_close};
