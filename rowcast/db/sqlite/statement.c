/*
 * Prepared statements: values in, rows out.
 *
 * Decoding goes straight from SQLite's row buffer into the struct, by descriptor; only text and bytes are copied (into
 * the arena), because SQLite's own die with the next step. Types are strict: STRICT tables cannot hold anything else,
 * and other people's tables that do are reported, not guessed at.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "rowcast/db/sqlite/sqlite.h"
#include "rowcast/uuid.h"

struct db_stmt {
	struct sqlite_conn *conn;
	sqlite3_stmt *stmt;
};

int sqlite_prepare(struct db_conn *base, struct rc_str sql, struct db_stmt **out)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	sqlite3_stmt *stmt;
	int result;

	*out = NULL;
	if (sql.len > INT32_MAX)
		return rc_fault_set(&base->fault, RC_LIMIT, "the SQL statement is too long");
	result = sqlite3_prepare_v3(conn->db, sql.ptr, (int)sql.len, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (result != SQLITE_OK)
		return sqlite_fault(conn, result, "prepare a statement for");
	if (!stmt)
		return rc_fault_set(&base->fault, RC_INVALID, "the SQL statement is empty");
	*out = rc_xmalloc(sizeof(**out));
	**out = (struct db_stmt){conn, stmt};
	return RC_OK;
}

void sqlite_finalize(struct db_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_finalize(stmt->stmt);
	free(stmt);
}

/* SQLite takes a NULL pointer for NULL; an empty string is not one. */
static const char *or_empty(struct rc_str s)
{
	return s.ptr ? s.ptr : "";
}

/* Apart, so that the others do not pay for its buffer. */
__attribute__((noinline)) static int bind_uuid(sqlite3_stmt *stmt, int at, const struct rc_uuid *uuid)
{
	char text[RC_UUID_TEXT];

	rc_uuid_format(*uuid, text);
	return sqlite3_bind_text(stmt, at, text, RC_UUID_TEXT - 1, SQLITE_TRANSIENT);
}

__attribute__((noinline)) static int bind_date(sqlite3_stmt *stmt, int at, int64_t day)
{
	char text[TIME_TEXT_MAX];
	size_t length = date_format((int32_t)day, text);

	return sqlite3_bind_text(stmt, at, text, (int)length, SQLITE_TRANSIENT);
}

/* `field`: as in a row struct and in a value, which differ for dates only. */
static inline int bind_field(sqlite3_stmt *stmt, int at, enum rc_type type, const void *field)
{
	const struct rc_str *text = field;
	double real;

	switch (type) {
	case RC_INT:
	case RC_TIMESTAMP:
		return sqlite3_bind_int64(stmt, at, *(const int64_t *)field);
	case RC_TEXT:
	case RC_JSON:
		return sqlite3_bind_text64(stmt, at, or_empty(*text), text->len, SQLITE_STATIC, SQLITE_UTF8);
	case RC_BOOL:
		return sqlite3_bind_int(stmt, at, *(const bool *)field);
	case RC_DOUBLE:
		/* SQLite stores NaN as NULL: refused rather than changed. */
		real = *(const double *)field;
		return real == real ? sqlite3_bind_double(stmt, at, real) : SQLITE_MISMATCH;
	case RC_BYTES:
		return sqlite3_bind_blob64(stmt, at, or_empty(*text), text->len, SQLITE_STATIC);
	case RC_UUID:
		return bind_uuid(stmt, at, field);
	case RC_DATE:
		return bind_date(stmt, at, *(const int32_t *)field);
	case RC_TYPE_NONE:
		return sqlite3_bind_null(stmt, at);
	}
	return SQLITE_MISUSE;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct rc_value *value)
{
	if (value->type == RC_DATE)
		return bind_date(stmt, at, value->integer);
	return bind_field(stmt, at, value->type, &value->integer);
}

static int bind_failed(struct db_stmt *stmt, int result, uint32_t at)
{
	switch (result) {
	case SQLITE_MISMATCH:
		return rc_fault_set(&stmt->conn->base.fault, RC_INVALID,
				    "parameter %u is not a number (NaN), which cannot be stored", at + 1);
	case SQLITE_RANGE:
		return rc_fault_set(&stmt->conn->base.fault, RC_INVALID, "the statement has no parameter %u", at + 1);
	default:
		return sqlite_fault(stmt->conn, result, "bind a parameter for");
	}
}

int sqlite_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int result = bind_one(stmt->stmt, (int)(first + i + 1), &values[i]);

		if (result != SQLITE_OK)
			return bind_failed(stmt, result, first + i);
	}
	return RC_OK;
}

int sqlite_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		       size_t count, const void *row)
{
	const struct rc_column *all = model->columns;
	sqlite3_stmt *to = stmt->stmt;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = columns ? columns[i] : i;
		enum rc_type type = RC_ROW_IS_NULL(row, at) ? RC_TYPE_NONE : all[at].type;
		int result = bind_field(to, (int)(first + i + 1), type, (const char *)row + all[at].offset);

		if (result != SQLITE_OK)
			return bind_failed(stmt, result, first + i);
	}
	return RC_OK;
}

int sqlite_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
		 int (*row)(void *arg, size_t run), void *arg)
{
	int rc = RC_OK;

	for (size_t run = 0; run < count && rc == RC_OK; run++) {
		rc = sqlite_bind(stmt, 0, params + run * param_count, param_count);
		while (rc == RC_OK && (rc = sqlite_step(stmt)) == DB_ROW)
			rc = row(arg, run);
		sqlite_reset(stmt);
	}
	return rc;
}

int sqlite_step(struct db_stmt *stmt)
{
	int result = sqlite3_step(stmt->stmt);

	if (result == SQLITE_ROW)
		return DB_ROW;
	if (result == SQLITE_DONE)
		return RC_OK;
	return sqlite_fault(stmt->conn, result, sqlite3_stmt_readonly(stmt->stmt) ? "read" : "write to");
}

/*
 * Values are read through sqlite3_column_value: one bounds check per column instead of one per question. Such a value
 * is "unprotected", which means not safe between threads; a connection of ours belongs to one thread.
 */
static struct rc_str text_view(sqlite3_value *value)
{
	/* blob, not text: no conversion, and bytes behind a NUL count too. */
	const char *bytes = sqlite3_value_blob(value);

	return (struct rc_str){bytes, (size_t)sqlite3_value_bytes(value)};
}

static inline bool read_text(sqlite3_value *value, struct rc_arena *arena, struct rc_str *out)
{
	struct rc_str view = text_view(value);

	*out = view.len > 0 ? rc_arena_copy(arena, view) : RC_STR("");
	return true;
}

/* Apart, so that the common types do not pay for its registers. */
__attribute__((noinline)) static bool read_other(sqlite3_value *value, enum rc_type type, struct rc_arena *arena,
						 void *field)
{
	int stored = sqlite3_value_type(value);
	struct rc_str text;

	if (type == RC_BYTES)
		return stored == SQLITE_BLOB && read_text(value, arena, field);
	if (type == RC_DOUBLE && stored == SQLITE_INTEGER) {
		*(double *)field = sqlite3_value_double(value);
		return true;
	}
	if (stored != SQLITE_TEXT || (type != RC_UUID && type != RC_DATE))
		return false;
	text = text_view(value);
	if (type == RC_UUID)
		return rc_uuid_parse(text, field) == RC_OK;
	return text.len > 0 && date_parse(text, field) == RC_OK;
}

/*
 * False: the value is NULL, or not of the column's type; the field is then zero. The column is looked at only behind the
 * calls, so that little has to be kept over them: this is half of what reading a row costs us.
 */
static inline __attribute__((always_inline)) bool read_field(sqlite3_value *value, const struct rc_column *column,
							     struct rc_arena *arena, void *row)
{
	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		if (column->type == RC_INT || column->type == RC_TIMESTAMP) {
			int64_t integer = sqlite3_value_int64(value);

			*(int64_t *)RC_FIELD(row, column) = integer;
			return true;
		}
		if (column->type == RC_BOOL) {
			int64_t integer = sqlite3_value_int64(value);

			*(bool *)RC_FIELD(row, column) = integer == 1;
			return integer == 0 || integer == 1;
		}
		break;
	case SQLITE_TEXT:
		if (column->type == RC_TEXT || column->type == RC_JSON)
			return read_text(value, arena, RC_FIELD(row, column));
		break;
	case SQLITE_FLOAT:
		if (column->type == RC_DOUBLE) {
			double real = sqlite3_value_double(value);

			*(double *)RC_FIELD(row, column) = real;
			return true;
		}
		break;
	case SQLITE_NULL:
		return false;
	}
	return read_other(value, column->type, arena, RC_FIELD(row, column));
}

/* Model column `at` becomes NULL; its bit, where the stored value is not NULL but of another type. */
__attribute__((noinline)) static uint64_t miss(sqlite3_value *value, uint32_t at, void *row)
{
	RC_ROW_NULLS(row) |= (uint64_t)1 << at;
	return sqlite3_value_type(value) != SQLITE_NULL ? (uint64_t)1 << at : 0;
}

/* Both return the bad columns. */
static uint64_t decode(sqlite3_stmt *stmt, const struct rc_column *column, struct rc_arena *arena, void *row)
{
	int count = sqlite3_column_count(stmt);
	uint64_t bad = 0;

	for (int i = 0; i < count; i++, column++) {
		sqlite3_value *value = sqlite3_column_value(stmt, i);

		if (!read_field(value, column, arena, row))
			bad |= miss(value, (uint32_t)i, row);
	}
	return bad;
}

static uint64_t decode_mapped(sqlite3_stmt *stmt, const struct rc_column *columns, const uint32_t *map,
			      struct rc_arena *arena, void *row)
{
	int count = sqlite3_column_count(stmt);
	uint64_t bad = 0;

	for (int i = 0; i < count; i++) {
		sqlite3_value *value = sqlite3_column_value(stmt, i);

		if (!read_field(value, &columns[map[i]], arena, row))
			bad |= miss(value, map[i], row);
	}
	return bad;
}

static uint32_t last_of(uint64_t columns)
{
	return 63 - (uint32_t)__builtin_clzll(columns);
}

int sqlite_decode(sqlite3_value **values, const struct rc_model *model, struct rc_arena *arena, void *row,
		  uint32_t *bad)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!read_field(values[i], &model->columns[i], arena, row))
			wrong |= miss(values[i], i, row);
	}
	if (!wrong)
		return RC_OK;
	*bad = last_of(wrong);
	return RC_MISMATCH;
}

int sqlite_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena,
		void *row)
{
	uint64_t wrong = map ? decode_mapped(stmt->stmt, model->columns, map, arena, row)
			     : decode(stmt->stmt, model->columns, arena, row);

	if (!wrong)
		return RC_OK;
	return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH,
			    "column %s of table %s holds a value that is not of its type; database %s",
			    model->columns[last_of(wrong)].name, model->table, stmt->conn->path);
}

int sqlite_read_int(struct db_stmt *stmt, int64_t *out)
{
	if (sqlite3_column_type(stmt->stmt, 0) == SQLITE_NULL)
		return RC_NOT_FOUND;
	if (sqlite3_column_type(stmt->stmt, 0) != SQLITE_INTEGER)
		return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH, "the result is not an integer");
	*out = sqlite3_column_int64(stmt->stmt, 0);
	return RC_OK;
}

void sqlite_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt->stmt);
}

uint32_t sqlite_param_count(struct db_stmt *stmt)
{
	return (uint32_t)sqlite3_bind_parameter_count(stmt->stmt);
}

uint32_t sqlite_column_count(struct db_stmt *stmt)
{
	return (uint32_t)sqlite3_column_count(stmt->stmt);
}

const char *sqlite_column_name(struct db_stmt *stmt, uint32_t column)
{
	return sqlite3_column_name(stmt->stmt, (int)column);
}
