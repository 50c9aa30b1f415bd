/*
 * The decoder is the one of query results (sqlite_decode): log columns hold values as they are.
 */
#include "rowcast/feed/sqlite/log.h"

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"

enum { LOG_N, LOG_AT, LOG_TABLE, LOG_OP, LOG_ENDS, LOG_IMAGES };

void log_reader_init(struct log_reader *reader, const struct rc_schema *schema)
{
	*reader = (struct log_reader){.schema = schema};
	for (uint32_t i = 0; i < schema->model_count; i++) {
		const struct rc_model *model = schema->models[i];

		if (model->captured && model->column_count > reader->column_max)
			reader->column_max = model->column_count;
	}
}

void log_reader_sql(const struct log_reader *reader, struct buf *out)
{
	buf_append_str(out, RC_STR("SELECT n, at, tbl, op, ends"));
	for (uint32_t i = 0; i < reader->column_max; i++)
		buf_printf(out, ", o%u", i);
	for (uint32_t i = 0; i < reader->column_max; i++)
		buf_printf(out, ", n%u", i);
	buf_append_str(out, RC_STR(" FROM rc_log WHERE n >= ? ORDER BY n"));
}

struct log_mark log_row_mark(sqlite3_stmt *stmt)
{
	struct log_mark mark = {
		.n = (uint64_t)sqlite3_column_int64(stmt, LOG_N),
		.at_us = sqlite3_column_int64(stmt, LOG_AT),
		.op = sqlite3_column_int(stmt, LOG_OP),
		.ends = sqlite3_column_int(stmt, LOG_ENDS) != 0,
	};

	if (mark.op == RC_OP_NONE && sqlite3_column_count(stmt) > LOG_IMAGES) {
		int second = (sqlite3_column_count(stmt) - LOG_IMAGES) / 2;

		mark.mark.writer = (uint64_t)sqlite3_column_int64(stmt, LOG_IMAGES);
		mark.mark.n = (uint64_t)sqlite3_column_int64(stmt, LOG_IMAGES + second);
	}
	return mark;
}

static const struct rc_model *find_model(struct log_reader *reader, struct rc_str table)
{
	if (reader->last && rc_str_is(table, reader->last->table))
		return reader->last;
	for (uint32_t i = 0; i < reader->schema->model_count; i++) {
		const struct rc_model *model = reader->schema->models[i];

		if (model->captured && rc_str_is(table, model->table))
			return reader->last = model;
	}
	return NULL;
}

void log_bad_value(const struct rc_model *model, uint32_t column)
{
	log_event(LOG_WARN, "feed-value", "a stored value is not of its column's type and is read as NULL",
		  LOG_S("table", model->table), LOG_S("column", model->columns[column].name));
}

static const void *read_image(sqlite3_stmt *stmt, int first, const struct rc_model *model, struct rc_arena *arena)
{
	void *row = rc_arena_zalloc(arena, model->row_bytes);
	uint32_t bad;

	if (sqlite_decode(stmt, first, model->column_count, model, NULL, arena, row, &bad) != RC_OK)
		log_bad_value(model, bad);
	return row;
}

int log_row_read(struct log_reader *reader, sqlite3_stmt *stmt, struct rc_arena *arena, struct rc_change *out)
{
	const struct rc_model *model;
	int op = sqlite3_column_int(stmt, LOG_OP);

	if (sqlite3_column_type(stmt, LOG_TABLE) != SQLITE_TEXT || op < RC_INSERT || op > RC_DELETE)
		return RC_NOT_FOUND;
	model = find_model(reader, (struct rc_str){sqlite3_column_blob(stmt, LOG_TABLE),
						   (size_t)sqlite3_column_bytes(stmt, LOG_TABLE)});
	if (!model)
		return RC_NOT_FOUND;
	rc_check(sqlite3_column_count(stmt) == (int)(LOG_IMAGES + 2 * reader->column_max));
	*out = (struct rc_change){.model = model, .op = (enum rc_op)op};
	if (op != RC_INSERT)
		out->old_row = read_image(stmt, LOG_IMAGES, model, arena);
	if (op != RC_DELETE)
		out->new_row = read_image(stmt, LOG_IMAGES + (int)reader->column_max, model, arena);
	return RC_OK;
}
