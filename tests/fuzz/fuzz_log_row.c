/*
 * Any row in rc_log: whatever values an outsider puts there, the reader skips it or decodes it into structs that are
 * sound (a column is NULL, or its text is readable memory).
 *
 * Input: one byte per value chooses its type and length (31: and one more byte), then its bytes; values are bound in
 * the order of rc_log's columns.
 */
#include <stddef.h>

#include "rowcast/base/check.h"
#include "rowcast/feed/sqlite/log.h"

struct all {
	uint64_t nulls;
	bool flag;
	int64_t integer;
	double real;
	struct rc_str text, bytes, json;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
};

#define COLUMN(field, kind)                                                                                            \
	{                                                                                                              \
#field, kind, 0, offsetof(struct all, field)                                                           \
	}

static const struct rc_column columns[] = {
	COLUMN(flag, RC_BOOL), COLUMN(integer, RC_INT),  COLUMN(real, RC_DOUBLE),
	COLUMN(text, RC_TEXT), COLUMN(bytes, RC_BYTES),  COLUMN(json, RC_JSON),
	COLUMN(uuid, RC_UUID), COLUMN(at, RC_TIMESTAMP), COLUMN(day, RC_DATE),
};

#define COLUMNS (sizeof(columns) / sizeof(*columns))
#define HEAD    5 /* n, at, tbl, op, ends */

static const struct rc_model model = {
	.table = "all", .columns = columns, .column_count = COLUMNS, .row_bytes = sizeof(struct all), .captured = true};
static const struct rc_model *const models[] = {&model};
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

static size_t sum;

static void touch(const void *image)
{
	const struct all *row = image;
	const struct rc_str texts[] = {row->text, row->bytes, row->json};

	rc_check(row->nulls >> COLUMNS == 0);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < texts[i].len; k++)
			sum += (size_t)texts[i].ptr[k];
	}
	rc_check(RC_ROW_IS_NULL(row, 8) || (row->day >= -719162 && row->day <= 2932896)); /* 0001-01-01 … 9999-12-31 */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static sqlite3 *db;
	static sqlite3_stmt *stmt;
	static struct log_reader reader;
	static struct rc_arena arena;
	struct rc_change change;

	if (!db) {
		struct buf sql = BUF_INIT;

		log_reader_init(&reader, &schema);
		buf_append_str(&sql, RC_STR("SELECT ?"));
		for (size_t i = 1; i < HEAD + 2 * COLUMNS; i++)
			buf_append_str(&sql, RC_STR(", ?"));
		rc_check(sqlite3_open(":memory:", &db) == SQLITE_OK);
		rc_check(sqlite3_prepare_v2(db, buf_cstr(&sql), -1, &stmt, NULL) == SQLITE_OK);
		rc_arena_init(&arena, 4096);
		buf_release(&sql);
	}
	for (int i = 1; i <= (int)(HEAD + 2 * COLUMNS); i++)
		bind(stmt, i, &data, &size);
	rc_check(sqlite3_step(stmt) == SQLITE_ROW);
	(void)log_row_mark(stmt);
	if (log_row_read(&reader, stmt, &arena, &change) == RC_OK) {
		rc_check((change.old_row != NULL) == (change.op != RC_INSERT) &&
			 (change.new_row != NULL) == (change.op != RC_DELETE));
		if (change.old_row)
			touch(change.old_row);
		if (change.new_row)
			touch(change.new_row);
	}
	sqlite3_reset(stmt);
	rc_arena_reset(&arena);
	return 0;
}
