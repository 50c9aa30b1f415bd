#include "rowcast/feed/mariadb/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/feed/mariadb/event.h"
#include "rowcast/feed/mariadb/rows.h"

#define NULL_CELL UINT32_MAX
#define ACT       "look at the feed's tables and triggers"

enum { CELL_N, CELL_AT, CELL_CONN, CELL_TABLE, CELL_OP, CELL_IMAGES };

uint32_t maria_outbox_width(const struct rc_schema *schema)
{
	uint32_t width = 1; /* for marks */

	for (uint32_t i = 0; i < schema->model_count; i++) {
		if (schema->models[i]->captured && schema->models[i]->column_count > width)
			width = schema->models[i]->column_count;
	}
	return width;
}

/* 'a', 'b', …: the captured tables and the feed's own. */
static void put_tables(struct buf *sql, const struct rc_schema *schema)
{
	buf_append_str(sql, RC_STR("('rc_log', 'rc_seq'"));
	for (uint32_t i = 0; i < schema->model_count; i++) {
		if (!schema->models[i]->captured)
			continue;
		buf_append_str(sql, RC_STR(", "));
		maria_link_put_text(sql, schema->models[i]->table);
	}
	buf_append_char(sql, ')');
}

static uint64_t hash(uint64_t so_far, const char *text)
{
	for (; *text; text++)
		so_far = (so_far ^ (uint8_t)*text) * 1099511628211u;
	return (so_far ^ 0xff) * 1099511628211u;
}

static int hash_rows(struct link *link, struct buf *sql, uint64_t *sum, struct rc_fault *fault)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc = maria_link_rows(link, buf_cstr(sql), ACT, &rows, fault);

	buf_clear(sql);
	if (rc != RC_OK)
		return rc;
	while ((row = mysql_fetch_row(rows))) {
		for (unsigned int i = 0; i < mysql_num_fields(rows); i++)
			*sum = hash(*sum, row[i] ? row[i] : "");
	}
	mysql_free_result(rows);
	return RC_OK;
}

int maria_outbox_print(struct link *link, const struct rc_schema *schema, char out[OUTBOX_PRINT_MAX],
		       struct rc_fault *fault)
{
	struct rc_fault ignored;
	struct buf sql = BUF_INIT;
	uint64_t sum = 14695981039346656037u;
	int rc;

	buf_append_str(&sql,
		       RC_STR("SELECT table_name, create_time FROM information_schema.tables WHERE table_schema = "
			      "DATABASE() AND table_name IN "));
	put_tables(&sql, schema);
	buf_append_str(&sql, RC_STR(" ORDER BY 1"));
	rc = hash_rows(link, &sql, &sum, fault);
	buf_append_str(&sql,
		       RC_STR("SELECT trigger_name, created FROM information_schema.triggers WHERE trigger_schema = "
			      "DATABASE() AND trigger_name LIKE 'rc\\_feed\\_%' ORDER BY 1"));
	if (rc == RC_OK)
		rc = hash_rows(link, &sql, &sum, fault);
	buf_clear(&sql);
	buf_append_str(&sql,
		       RC_STR("SELECT name, table_id FROM information_schema.innodb_sys_tables WHERE "
			      "SUBSTRING_INDEX(name, '/', 1) = DATABASE() AND SUBSTRING_INDEX(name, '/', -1) IN "));
	put_tables(&sql, schema);
	buf_append_str(&sql, RC_STR(" ORDER BY 1"));
	if (rc == RC_OK && hash_rows(link, &sql, &sum, &ignored) == RC_UNAVAILABLE)
		rc = rc_fault_set(fault, RC_UNAVAILABLE, "%s", ignored.message);
	buf_release(&sql);
	snprintf(out, OUTBOX_PRINT_MAX, "%" PRIx64, sum);
	return rc;
}

void maria_outbox_put_select(struct buf *sql, const struct rc_schema *schema, uint64_t from_n, uint64_t to_n)
{
	uint32_t width = maria_outbox_width(schema);

	buf_append_str(sql, RC_STR("SELECT n, at, conn, tbl, op"));
	for (uint32_t i = 0; i < width; i++)
		buf_printf(sql, ", o%u", i);
	for (uint32_t i = 0; i < width; i++)
		buf_printf(sql, ", n%u", i);
	buf_printf(sql, " FROM rc_log WHERE n BETWEEN %" PRIu64 " AND %" PRIu64 " ORDER BY n", from_n, to_n);
}

static const struct rc_model *find_model(const struct rc_schema *schema, struct rc_str table)
{
	for (uint32_t i = 0; i < schema->model_count; i++) {
		if (schema->models[i]->captured && rc_str_is(table, schema->models[i]->table))
			return schema->models[i];
	}
	return NULL;
}

/* The driver writes numbers of 64 bits; somebody else may have written them as signed ones. */
static uint64_t read_bits(struct rc_str text)
{
	uint64_t bits = 0;
	int64_t integer;

	if (text.ptr && rc_str_to_u64(text, &bits) != RC_OK && rc_str_to_i64(text, &integer) == RC_OK)
		bits = (uint64_t)integer;
	return bits;
}

int maria_outbox_head(const struct rc_schema *schema, char *const *cells, const unsigned long *lengths,
		      struct outbox_row *out)
{
	uint32_t width = maria_outbox_width(schema);
	int64_t op;

	*out = (struct outbox_row){0};
	for (int i = 0; i < CELL_IMAGES; i++) {
		if (!cells[i])
			return RC_CORRUPT;
	}
	if (rc_str_to_u64((struct rc_str){cells[CELL_N], lengths[CELL_N]}, &out->n) != RC_OK ||
	    rc_str_to_i64((struct rc_str){cells[CELL_AT], lengths[CELL_AT]}, &out->at_us) != RC_OK ||
	    rc_str_to_u64((struct rc_str){cells[CELL_CONN], lengths[CELL_CONN]}, &out->conn) != RC_OK ||
	    rc_str_to_i64((struct rc_str){cells[CELL_OP], lengths[CELL_OP]}, &op) != RC_OK)
		return RC_CORRUPT;
	out->op = (int)op;
	if (op >= RC_INSERT && op <= RC_DELETE)
		out->model = find_model(schema, (struct rc_str){cells[CELL_TABLE], lengths[CELL_TABLE]});
	if (op == RC_OP_NONE) {
		out->mark.writer = read_bits((struct rc_str){cells[CELL_IMAGES], lengths[CELL_IMAGES]});
		out->mark.n = read_bits((struct rc_str){cells[CELL_IMAGES + width], lengths[CELL_IMAGES + width]});
	}
	return RC_OK;
}

static void pack_image(const struct rc_model *model, char *const *cells, const unsigned long *lengths, struct buf *out)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		uint32_t len = cells[i] ? (uint32_t)lengths[i] : NULL_CELL;

		buf_append(out, &len, sizeof(len));
		if (cells[i])
			buf_append(out, cells[i], lengths[i]);
	}
}

void maria_outbox_pack(const struct rc_schema *schema, const struct outbox_row *row, char *const *cells,
		       const unsigned long *lengths, struct buf *out)
{
	uint32_t width = maria_outbox_width(schema);
	uint16_t model = 0;

	if (!row->model)
		return;
	while (schema->models[model] != row->model)
		model++;
	buf_append_char(out, (char)row->op);
	buf_append(out, &model, sizeof(model));
	if (row->op != RC_INSERT)
		pack_image(row->model, cells + CELL_IMAGES, lengths + CELL_IMAGES, out);
	if (row->op != RC_DELETE)
		pack_image(row->model, cells + CELL_IMAGES + width, lengths + CELL_IMAGES + width, out);
}

static void *unpack_image(const struct rc_model *model, struct cursor *cursor, struct rc_arena *arena)
{
	void *row = rc_arena_zalloc(arena, model->row_bytes);

	for (uint32_t i = 0; i < model->column_count; i++) {
		uint32_t len = (uint32_t)maria_cursor_int(cursor, sizeof(len));
		struct rc_str cell = len == NULL_CELL ? RC_STR_NONE : maria_cursor_str(cursor, len);

		maria_rows_value(model, i, cell, false, arena, row);
	}
	return row;
}

int maria_outbox_unpack(const struct rc_schema *schema, struct rc_str packed, struct rc_arena *arena,
			struct rc_change **changes, uint32_t *count)
{
	struct cursor cursor = {(const uint8_t *)packed.ptr, (const uint8_t *)packed.ptr + packed.len, false};
	uint32_t capacity = 0;

	*changes = NULL;
	*count = 0;
	while (maria_cursor_left(&cursor) > 0) {
		struct rc_change *change;
		enum rc_op op = (enum rc_op)maria_cursor_int(&cursor, 1);
		uint64_t model = maria_cursor_int(&cursor, 2);

		if (cursor.bad || model >= schema->model_count)
			return RC_CORRUPT;
		if (*count == capacity) {
			struct rc_change *more;

			capacity = capacity ? capacity * 2 : 16;
			more = rc_arena_alloc(arena, sizeof(*more) * capacity);
			if (*count)
				memcpy(more, *changes, sizeof(*more) * *count);
			*changes = more;
		}
		change = &(*changes)[(*count)++];
		*change = (struct rc_change){.model = schema->models[model], .op = op};
		if (op != RC_INSERT)
			change->old_row = unpack_image(change->model, &cursor, arena);
		if (op != RC_DELETE)
			change->new_row = unpack_image(change->model, &cursor, arena);
		if (cursor.bad)
			return RC_CORRUPT;
	}
	return RC_OK;
}
