/*
 * The decoder is the one of query results (sqlite_decode): log columns hold values as they are.
 */
#include "rowcast/feed/sqlite/log.h"

#include "rowcast/base/log.h"

/* Arguments of rc_log_row; an image, or what a mark says, stands behind them. */
enum { LOG_N, LOG_AT, LOG_OP, LOG_ENDS, LOG_TABLE, LOG_IMAGE };

void log_reader_init(struct log_reader *reader, const struct rc_schema *schema)
{
	*reader = (struct log_reader){.schema = schema};
	for (uint32_t i = 0; i < schema->model_count; i++) {
		const struct rc_model *model = schema->models[i];

		if (model->captured && model->column_count > reader->column_max)
			reader->column_max = model->column_count;
	}
}

static const struct rc_model *find_model(struct log_reader *reader, sqlite3_value *table)
{
	struct rc_str name = {sqlite3_value_blob(table), (size_t)sqlite3_value_bytes(table)};

	if (reader->last && rc_str_is(name, reader->last->table))
		return reader->last;
	for (uint32_t i = 0; i < reader->schema->model_count; i++) {
		const struct rc_model *model = reader->schema->models[i];

		if (model->captured && rc_str_is(name, model->table))
			return reader->last = model;
	}
	return NULL;
}

void log_bad_value(const struct rc_model *model, uint32_t column)
{
	log_event(LOG_WARN, "feed-value", "a stored value is not of its column's type and is read as NULL",
		  LOG_S("table", model->table), LOG_S("column", model->columns[column].name));
}

static const void *read_image(struct log_reader *reader, sqlite3_value **values)
{
	const struct rc_model *model = reader->change->model;
	void *row = rc_arena_zalloc(reader->arena, model->row_bytes);
	uint32_t bad;

	if (sqlite_decode(values, model, reader->arena, row, &bad) != RC_OK)
		log_bad_value(model, bad);
	return row;
}

/* rc_log_row(n, at, op, ends, tbl, image…): 1 ends the walk. The image is the new one of an insert, else the old one. */
static void row_begins(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct log_reader *reader = sqlite3_user_data(context);
	struct log_mark mark = {
		.n = (uint64_t)sqlite3_value_int64(values[LOG_N]),
		.at_us = sqlite3_value_int64(values[LOG_AT]),
		.op = sqlite3_value_int(values[LOG_OP]),
		.ends = sqlite3_value_int(values[LOG_ENDS]) != 0,
	};
	const struct rc_model *model = NULL;
	bool stop = false;

	if (mark.op >= RC_INSERT && mark.op <= RC_DELETE) {
		if (sqlite3_value_type(values[LOG_TABLE]) == SQLITE_TEXT)
			model = find_model(reader, values[LOG_TABLE]);
	} else if (mark.op == RC_OP_NONE && count == LOG_IMAGE + 2) {
		mark.mark.writer = (uint64_t)sqlite3_value_int64(values[LOG_IMAGE]);
		mark.mark.n = (uint64_t)sqlite3_value_int64(values[LOG_IMAGE + 1]);
	}
	reader->change = reader->row(reader->arg, &mark, model, &stop);
	if (reader->change) {
		*reader->change = (struct rc_change){.model = model, .op = (enum rc_op)mark.op};
		if (mark.op == RC_INSERT)
			reader->change->new_row = read_image(reader, values + LOG_IMAGE);
		else
			reader->change->old_row = read_image(reader, values + LOG_IMAGE);
	}
	sqlite3_result_int(context, stop);
}

/* rc_log_new(rc_log_row(…), new image…): the other half of an update. */
static void row_goes_on(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct log_reader *reader = sqlite3_user_data(context);

	if (reader->change)
		reader->change->new_row = read_image(reader, values + 1);
	sqlite3_result_value(context, values[0]);
}

static void write_image(struct buf *out, const char *letter, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, ", %s%u", letter, i);
}

/*
 * ORDER BY is the table's own order: nothing is sorted, and what stands behind the end of the walk is not read. Each branch
 * hands over its own op, not the stored one: an outsider's 1.5 is no insert, and has no image.
 */
static void write_walk(struct buf *out, uint32_t columns)
{
	buf_append_str(
		out,
		RC_STR("SELECT n FROM rc_log WHERE n >= ? AND CASE op WHEN 1 THEN rc_log_row(n, at, 1, ends, tbl"));
	write_image(out, "n", columns);
	buf_append_str(out, RC_STR(") WHEN 2 THEN rc_log_new(rc_log_row(n, at, 2, ends, tbl"));
	write_image(out, "o", columns);
	buf_append_str(out, RC_STR(")"));
	write_image(out, "n", columns);
	buf_append_str(out, RC_STR(") WHEN 3 THEN rc_log_row(n, at, 3, ends, tbl"));
	write_image(out, "o", columns);
	buf_append_str(out, RC_STR(") WHEN 0 THEN rc_log_row(n, at, 0, ends, tbl"));
	if (columns > 0)
		buf_append_str(out, RC_STR(", o0, n0"));
	buf_append_str(out, RC_STR(") ELSE rc_log_row(n, at, -1, ends, tbl) END ORDER BY n"));
}

int log_reader_open(struct log_reader *reader, sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	struct buf sql = BUF_INIT;
	int result = sqlite3_create_function(db, "rc_log_row", -1, flags, reader, row_begins, NULL, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_create_function(db, "rc_log_new", -1, flags, reader, row_goes_on, NULL, NULL);
	write_walk(&sql, reader->column_max);
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v3(db, buf_cstr(&sql), -1, SQLITE_PREPARE_PERSISTENT, &reader->walk, NULL);
	buf_release(&sql);
	return result;
}

void log_reader_close(struct log_reader *reader)
{
	sqlite3_finalize(reader->walk);
	reader->walk = NULL;
}

int log_walk(struct log_reader *reader, uint64_t first, struct rc_arena *arena, log_row_fn *row, void *arg)
{
	int result;

	reader->row = row;
	reader->arg = arg;
	reader->arena = arena;
	sqlite3_bind_int64(reader->walk, 1, (sqlite3_int64)first);
	result = sqlite3_step(reader->walk);
	sqlite3_reset(reader->walk);
	return result;
}
