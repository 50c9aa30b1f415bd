/*
 * Any row in rc_log: whatever values an outsider puts there, the reader skips it or decodes it into structs that are
 * sound (a column is NULL, or its text is readable memory).
 *
 * Input: one byte per value chooses its type and length (31: and one more byte), then its bytes; values are bound in
 * the order of rc_log's columns.
 */
#include "all_row.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/sqlite/log.h"

#define VALUES (5 + 2 * ALL_COLUMNS) /* n, at, tbl, op, ends; the old image; the new one */

static const struct rc_model *const models[] = {&all_model};
static const struct rc_schema schema = {.models = models, .model_count = 1};

static void bind(sqlite3_stmt *stmt, int at, const uint8_t **data, size_t *size)
{
	uint8_t kind = *size ? *(*data)++ : 0;
	size_t length;

	*size -= *size > 0;
	length = kind >> 3;
	if (length == 31 && *size) {
		length += *(*data)++;
		--*size;
	}
	length = length > *size ? *size : length;
	switch (kind & 7) {
	case 0:
		sqlite3_bind_null(stmt, at);
		length = 0;
		break;
	case 1: {
		int64_t number = 0;

		memcpy(&number, *data, length = length > 8 ? 8 : length);
		sqlite3_bind_int64(stmt, at, number);
		break;
	}
	case 2: {
		double number = 0;

		memcpy(&number, *data, length = length > 8 ? 8 : length);
		sqlite3_bind_double(stmt, at, number);
		break;
	}
	case 3:
		sqlite3_bind_blob(stmt, at, *data, (int)length, SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_text(stmt, at, (const char *)*data, (int)length, SQLITE_TRANSIENT);
	}
	*data += length;
	*size -= length;
}

/* No column has a type here: values stay as they were bound. */
static sqlite3 *open_log(void)
{
	struct buf sql = BUF_INIT;
	sqlite3 *db;

	buf_append_str(&sql, RC_STR("CREATE TABLE rc_log (n, at, tbl, op, ends"));
	for (const char *image = "on"; *image; image++)
		for (size_t i = 0; i < ALL_COLUMNS; i++)
			buf_printf(&sql, ", %c%zu", *image, i);
	buf_append_str(&sql, RC_STR(")"));
	rc_check(sqlite3_open(":memory:", &db) == SQLITE_OK);
	rc_check(sqlite3_exec(db, buf_cstr(&sql), NULL, NULL, NULL) == SQLITE_OK);
	buf_release(&sql);
	return db;
}

static sqlite3_stmt *prepare_insert(sqlite3 *db)
{
	struct buf sql = BUF_INIT;
	sqlite3_stmt *stmt;

	buf_append_str(&sql, RC_STR("INSERT INTO rc_log VALUES (?"));
	for (size_t i = 1; i < VALUES; i++)
		buf_append_str(&sql, RC_STR(", ?"));
	buf_append_str(&sql, RC_STR(")"));
	rc_check(sqlite3_prepare_v2(db, buf_cstr(&sql), -1, &stmt, NULL) == SQLITE_OK);
	buf_release(&sql);
	return stmt;
}

static struct rc_change *take(void *arg, const struct log_mark *mark, const struct rc_model *model, bool *stop)
{
	rc_check(!model || (model == &all_model && mark->op >= RC_INSERT && mark->op <= RC_DELETE));
	return model ? arg : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static sqlite3 *db;
	static sqlite3_stmt *insert;
	static struct log_reader reader;
	static struct rc_arena arena;
	struct rc_change change = {0};

	if (!db) {
		log_set_level(LOG_ERROR);
		db = open_log();
		insert = prepare_insert(db);
		log_reader_init(&reader, &schema);
		rc_check(log_reader_open(&reader, db) == SQLITE_OK);
		rc_arena_init(&arena, 4096);
	}
	for (int i = 1; i <= (int)VALUES; i++)
		bind(insert, i, &data, &size);
	rc_check(sqlite3_step(insert) == SQLITE_DONE);
	sqlite3_reset(insert);
	rc_check(log_walk(&reader, 0, &arena, take, &change) == SQLITE_DONE);
	if (change.model) {
		rc_check((change.old_row != NULL) == (change.op != RC_INSERT) &&
			 (change.new_row != NULL) == (change.op != RC_DELETE));
		if (change.old_row)
			all_touch(change.old_row);
		if (change.new_row)
			all_touch(change.new_row);
	}
	rc_check(sqlite3_exec(db, "DELETE FROM rc_log", NULL, NULL, NULL) == SQLITE_OK);
	rc_arena_reset(&arena);
	return 0;
}
