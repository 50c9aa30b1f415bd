#include "rowcast/feed/mariadb/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "rowcast/base/log.h"
#include "rowcast/data/time_text.h"

static bool read_double(struct rc_str text, double *out)
{
	char copy[64], *end;

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	*out = strtod(copy, &end);
	return *end == 0;
}

/* "2026-11-20 10:00:00.123456" */
static bool read_time(struct rc_str text, int64_t *us)
{
	char rfc[TIME_TEXT_MAX];

	if (text.len < 19 || text.len > 26 || text.ptr[10] != ' ')
		return false;
	memcpy(rfc, text.ptr, text.len);
	rfc[10] = 'T';
	rfc[text.len] = 'Z';
	return time_parse((struct rc_str){rfc, text.len + 1}, us) == RC_OK;
}

static bool read_value(enum rc_type type, struct rc_str text, void *field)
{
	int64_t integer;

	switch (type) {
	case RC_BOOL:
		if (rc_str_to_i64(text, &integer) != RC_OK || (integer != 0 && integer != 1))
			return false;
		*(bool *)field = integer;
		return true;
	case RC_INT:
		return rc_str_to_i64(text, field) == RC_OK;
	case RC_DOUBLE:
		return read_double(text, field);
	case RC_TEXT:
	case RC_JSON:
		*(struct rc_str *)field = text;
		return rc_str_utf8_valid(text);
	case RC_BYTES:
		*(struct rc_str *)field = text;
		return true;
	case RC_UUID:
		if (text.len != 16)
			return false;
		memcpy(field, text.ptr, 16);
		return true;
	case RC_TIMESTAMP:
		return read_time(text, field);
	case RC_DATE:
		return date_parse(text, field) == RC_OK;
	case RC_TYPE_NONE:
		break;
	}
	return false;
}

static size_t field_bytes(enum rc_type type)
{
	static const size_t sizes[] = {[RC_BOOL] = sizeof(bool),           [RC_INT] = sizeof(int64_t),
				       [RC_DOUBLE] = sizeof(double),       [RC_TEXT] = sizeof(struct rc_str),
				       [RC_BYTES] = sizeof(struct rc_str), [RC_UUID] = sizeof(struct rc_uuid),
				       [RC_TIMESTAMP] = sizeof(int64_t),   [RC_DATE] = sizeof(int32_t),
				       [RC_JSON] = sizeof(struct rc_str)};

	return sizes[type];
}

void maria_rows_value(const struct rc_model *model, uint32_t column, struct rc_str text, bool copy,
		      struct rc_arena *arena, void *row)
{
	const struct rc_column *c = &model->columns[column];
	bool stays = c->type == RC_TEXT || c->type == RC_BYTES || c->type == RC_JSON;

	if (text.ptr && copy && stays)
		text = rc_arena_copy(arena, text);
	if (text.ptr && read_value(c->type, text, RC_FIELD(row, c)))
		return;
	memset(RC_FIELD(row, c), 0, field_bytes(c->type));
	RC_ROW_NULLS(row) |= (uint64_t)1 << column;
	if (text.ptr)
		log_event(LOG_WARN, "feed-value", "a stored value is not of its column's type and is read as NULL",
			  LOG_S("table", model->table), LOG_S("column", c->name));
}

static void put_select(struct buf *sql, const struct rc_model *model)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		buf_append_str(sql, i ? RC_STR(", ") : RC_STR("SELECT "));
		maria_link_put_name(sql, model->columns[i].name);
	}
	buf_append_str(sql, RC_STR(" FROM "));
	maria_link_put_name(sql, model->table);
	for (uint32_t i = 0; i < model->key_count; i++) {
		buf_append_str(sql, i ? RC_STR(", ") : RC_STR(" ORDER BY "));
		maria_link_put_name(sql, model->columns[model->key[i]].name);
	}
}

static int model_rows(struct link *link, const struct rc_model *model, struct rc_arena *arena,
		      void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		      struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	MYSQL_RES *rows;
	MYSQL_ROW cells;
	int rc;

	put_select(&sql, model);
	rc = maria_link_run(link, buf_cstr(&sql), "read the captured tables", fault);
	buf_release(&sql);
	if (rc != RC_OK)
		return rc;
	rows = mysql_use_result(link->mysql);
	if (!rows)
		return maria_link_fault(link, "read the captured tables", fault);
	while ((cells = mysql_fetch_row(rows))) {
		const unsigned long *lengths = mysql_fetch_lengths(rows);
		void *image = rc_arena_zalloc(arena, model->row_bytes);

		for (uint32_t i = 0; i < model->column_count; i++)
			maria_rows_value(model, i, (struct rc_str){cells[i], lengths[i]}, false, arena, image);
		row(arg, model, image);
		rc_arena_reset(arena);
	}
	if (mysql_errno(link->mysql))
		rc = maria_link_fault(link, "read the captured tables", fault);
	mysql_free_result(rows);
	return rc;
}

int maria_rows_all(struct link *link, const struct rc_schema *schema,
		   void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		   struct rc_fault *fault)
{
	struct rc_arena arena;
	int rc = RC_OK;

	rc_arena_init(&arena, 16 * 1024);
	for (uint32_t i = 0; i < schema->model_count && rc == RC_OK; i++) {
		if (schema->models[i]->captured)
			rc = model_rows(link, schema->models[i], &arena, row, arg, fault);
	}
	rc_arena_release(&arena);
	return rc;
}
