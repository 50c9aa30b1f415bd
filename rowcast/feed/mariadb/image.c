#include "rowcast/feed/mariadb/image.h"

#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/log.h"
#include "rowcast/data/time_text.h"

#define COLUMNS_MAX 4096 /* of a table of MariaDB */

/* Column types as TABLE_MAP names them. */
enum {
	T_TINY = 1,
	T_SHORT = 2,
	T_LONG = 3,
	T_FLOAT = 4,
	T_DOUBLE = 5,
	T_NULL = 6,
	T_TIMESTAMP = 7,
	T_LONGLONG = 8,
	T_INT24 = 9,
	T_DATE = 10,
	T_TIME = 11,
	T_DATETIME = 12,
	T_YEAR = 13,
	T_NEWDATE = 14,
	T_VARCHAR = 15,
	T_BIT = 16,
	T_TIMESTAMP2 = 17,
	T_DATETIME2 = 18,
	T_TIME2 = 19,
	T_BLOB_COMPRESSED = 140,
	T_VARCHAR_COMPRESSED = 141,
	T_DECIMAL = 246,
	T_ENUM = 247,
	T_SET = 248,
	T_BLOB = 252,
	T_VAR_STRING = 253,
	T_STRING = 254,
	T_GEOMETRY = 255,
};

/* What a value looks like. */
enum {
	HOW_INT,
	HOW_REAL,
	HOW_STRING,
	HOW_DATE,
	HOW_DATETIME2,
	HOW_TIMESTAMP2,
	HOW_OTHER, /* may only be skipped */
};

/* Kinds of optional metadata. */
enum { META_SIGNEDNESS = 1, META_NAMES = 4 };

#define COLUMN(row, name, kind)                                                                                        \
	{                                                                                                              \
#name, kind, 0, offsetof(struct row, name)                                                             \
	}

static const struct rc_column mark_columns[] = {COLUMN(image_mark, writer, RC_INT), COLUMN(image_mark, n, RC_INT)};
static const struct rc_column meta_columns[] = {COLUMN(image_meta, key, RC_TEXT), COLUMN(image_meta, value, RC_TEXT)};

const struct rc_model image_mark_model = {
	.table = "rc_mark", .columns = mark_columns, .column_count = 2, .row_bytes = sizeof(struct image_mark)};
const struct rc_model image_meta_model = {
	.table = "rc_meta", .columns = meta_columns, .column_count = 2, .row_bytes = sizeof(struct image_meta)};

void maria_images_init(struct images *images, const struct rc_schema *schema, struct rc_str database)
{
	*images = (struct images){.database = database};
	images->tables = rc_xcalloc(schema->model_count + 2, sizeof(*images->tables));
	for (uint32_t i = 0; i < schema->model_count; i++) {
		if (schema->models[i]->captured)
			images->tables[images->table_count++].model = schema->models[i];
	}
	images->tables[images->table_count++].model = &image_mark_model;
	images->tables[images->table_count++].model = &image_meta_model;
}

void maria_images_release(struct images *images)
{
	for (uint32_t i = 0; i < images->table_count; i++) {
		buf_release(&images->tables[i].map);
		free(images->tables[i].columns);
	}
	free(images->tables);
	*images = (struct images){0};
}

void maria_images_forget(struct images *images)
{
	for (uint32_t i = 0; i < images->table_count; i++)
		images->tables[i].live = false;
}

/* Behind the id and the flags: database and table. */
static struct image_table *find(const struct images *images, struct cursor *cursor, uint64_t *id)
{
	struct rc_str database, table;

	*id = maria_cursor_int(cursor, 6);
	maria_cursor_int(cursor, 2);
	database = maria_cursor_str(cursor, (size_t)maria_cursor_int(cursor, 1));
	maria_cursor_int(cursor, 1);
	table = maria_cursor_str(cursor, (size_t)maria_cursor_int(cursor, 1));
	maria_cursor_int(cursor, 1);
	if (cursor->bad || !rc_str_eq(database, images->database))
		return NULL;
	for (uint32_t i = 0; i < images->table_count; i++) {
		if (rc_str_is(table, images->tables[i].model->table))
			return &images->tables[i];
	}
	return NULL;
}

struct image_table *maria_images_find(const struct images *images, const uint8_t *body, size_t len, uint64_t *id)
{
	struct cursor cursor = {body, body + len, false};

	return find(images, &cursor, id);
}

static uint32_t decimal_bytes(uint32_t digits)
{
	static const uint8_t rest[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};

	return digits / 9 * 4 + rest[digits % 9];
}

static void fixed(struct image_column *column, uint8_t how, uint32_t size)
{
	column->how = how;
	column->size = size;
}

static void prefixed(struct image_column *column, uint8_t how, uint32_t bytes)
{
	column->how = how;
	column->prefix = (uint8_t)bytes;
}

/* CHAR, BINARY, ENUM, SET: the first byte of the metadata is the real type, with two bits of the length mixed in. */
static void read_string_type(struct image_column *column, uint32_t first, uint32_t second)
{
	uint32_t length = second;

	if ((first & 0x30) != 0x30)
		length |= ((first & 0x30) ^ 0x30) << 4;
	else if (first == T_ENUM || first == T_SET) {
		fixed(column, HOW_OTHER, second);
		return;
	}
	prefixed(column, HOW_STRING, length > 255 ? 2 : 1);
	column->size = length;
}

/* One column's type and its metadata. RC_CORRUPT: nobody knows how long its values are. */
static int read_type(struct image_column *column, uint8_t type, struct cursor *meta)
{
	uint32_t a, b;

	switch (type) {
	case T_TINY:
		fixed(column, HOW_INT, 1);
		break;
	case T_SHORT:
		fixed(column, HOW_INT, 2);
		break;
	case T_INT24:
		fixed(column, HOW_INT, 3);
		break;
	case T_LONG:
		fixed(column, HOW_INT, 4);
		break;
	case T_LONGLONG:
		fixed(column, HOW_INT, 8);
		break;
	case T_FLOAT:
	case T_DOUBLE:
		fixed(column, HOW_REAL, (uint32_t)maria_cursor_int(meta, 1));
		if (column->size != 4 && column->size != 8)
			return RC_CORRUPT;
		break;
	case T_DATE:
	case T_NEWDATE:
		fixed(column, HOW_DATE, 3);
		break;
	case T_TIMESTAMP2:
	case T_DATETIME2:
	case T_TIME2:
		a = (uint32_t)maria_cursor_int(meta, 1);
		if (a > 6)
			return RC_CORRUPT;
		a = (a + 1) / 2;
		if (type == T_TIMESTAMP2)
			fixed(column, HOW_TIMESTAMP2, 4 + a);
		else
			fixed(column, type == T_DATETIME2 ? HOW_DATETIME2 : HOW_OTHER,
			      (type == T_DATETIME2 ? 5 : 3) + a);
		break;
	case T_NULL:
		fixed(column, HOW_OTHER, 0);
		break;
	case T_YEAR:
		fixed(column, HOW_OTHER, 1);
		break;
	case T_TIME:
		fixed(column, HOW_OTHER, 3);
		break;
	case T_TIMESTAMP:
		fixed(column, HOW_OTHER, 4);
		break;
	case T_DATETIME:
		fixed(column, HOW_OTHER, 8);
		break;
	case T_VARCHAR:
	case T_VAR_STRING:
	case T_VARCHAR_COMPRESSED:
		a = (uint32_t)maria_cursor_int(meta, 2);
		prefixed(column, type == T_VARCHAR_COMPRESSED ? HOW_OTHER : HOW_STRING, a > 255 ? 2 : 1);
		break;
	case T_BLOB:
	case T_BLOB_COMPRESSED:
	case T_GEOMETRY:
		a = (uint32_t)maria_cursor_int(meta, 1);
		if (a < 1 || a > 4)
			return RC_CORRUPT;
		prefixed(column, type == T_BLOB ? HOW_STRING : HOW_OTHER, a);
		break;
	case T_BIT:
		a = (uint32_t)maria_cursor_int(meta, 1);
		b = (uint32_t)maria_cursor_int(meta, 1);
		fixed(column, HOW_OTHER, b + (a > 0));
		break;
	case T_DECIMAL:
		a = (uint32_t)maria_cursor_int(meta, 1);
		b = (uint32_t)maria_cursor_int(meta, 1);
		if (b > a)
			return RC_CORRUPT;
		fixed(column, HOW_OTHER, decimal_bytes(a - b) + decimal_bytes(b));
		break;
	case T_ENUM:
	case T_SET:
		maria_cursor_int(meta, 1);
		fixed(column, HOW_OTHER, (uint32_t)maria_cursor_int(meta, 1));
		break;
	case T_STRING:
		a = (uint32_t)maria_cursor_int(meta, 1);
		b = (uint32_t)maria_cursor_int(meta, 1);
		read_string_type(column, a, b);
		break;
	default:
		return RC_CORRUPT;
	}
	return RC_OK;
}

static bool is_numeric(uint8_t type)
{
	return type == T_TINY || type == T_SHORT || type == T_INT24 || type == T_LONG || type == T_LONGLONG ||
	       type == T_FLOAT || type == T_DOUBLE || type == T_DECIMAL;
}

static bool fits(const struct image_column *column, enum rc_type type)
{
	switch (type) {
	case RC_BOOL:
	case RC_INT:
		return column->how == HOW_INT;
	case RC_DOUBLE:
		return column->how == HOW_REAL;
	case RC_TEXT:
	case RC_JSON:
	case RC_BYTES:
		return column->how == HOW_STRING;
	case RC_UUID:
		return column->how == HOW_STRING && column->size == 16;
	case RC_TIMESTAMP:
		return column->how == HOW_DATETIME2 || column->how == HOW_TIMESTAMP2;
	case RC_DATE:
		return column->how == HOW_DATE;
	case RC_TYPE_NONE:
		break;
	}
	return false;
}

static int mismatch(struct images *images, const struct image_table *table, const char *column, const char *what)
{
	snprintf(images->why, sizeof(images->why), "column %s of table %s %s", column, table->model->table, what);
	return RC_MISMATCH;
}

/* Which column of the model each one is. */
static int read_names(struct images *images, struct image_table *table, struct cursor *names)
{
	const struct rc_model *model = table->model;
	uint64_t found = 0;

	for (uint32_t i = 0; i < table->column_count; i++) {
		struct rc_str name = maria_cursor_str(names, (size_t)maria_cursor_lenenc(names));

		for (uint32_t k = 0; k < model->column_count && !names->bad; k++) {
			if (!rc_str_is(name, model->columns[k].name))
				continue;
			table->columns[i].field = k;
			table->columns[i].type = (uint8_t)model->columns[k].type;
			found |= (uint64_t)1 << k;
			if (!fits(&table->columns[i], model->columns[k].type))
				return mismatch(images, table, model->columns[k].name, "is not of the model's type");
		}
	}
	if (names->bad)
		return RC_CORRUPT;
	for (uint32_t k = 0; k < model->column_count; k++) {
		if (!(found >> k & 1))
			return mismatch(images, table, model->columns[k].name, "is missing");
	}
	return RC_OK;
}

static void read_signs(struct image_table *table, const uint8_t *types, struct cursor *signs)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < table->column_count; i++) {
		if (!is_numeric(types[i]))
			continue;
		if (seen / 8 >= maria_cursor_left(signs))
			return;
		table->columns[i].is_unsigned = signs->at[seen / 8] >> (7 - seen % 8) & 1;
		seen++;
	}
}

static int read_optional(struct images *images, struct image_table *table, const uint8_t *types, struct cursor *cursor)
{
	struct cursor names = {0};
	bool named = false;

	while (maria_cursor_left(cursor) > 0) {
		uint64_t kind = maria_cursor_int(cursor, 1);
		size_t len = (size_t)maria_cursor_lenenc(cursor);
		const uint8_t *value = maria_cursor_bytes(cursor, len);
		struct cursor part;

		if (!value)
			return RC_CORRUPT;
		part = (struct cursor){value, value + len, false};
		if (kind == META_SIGNEDNESS)
			read_signs(table, types, &part);
		if (kind == META_NAMES) {
			names = part;
			named = true;
		}
	}
	if (!named) {
		snprintf(images->why, sizeof(images->why),
			 "the binlog does not name the columns of table %s (binlog_row_metadata is not FULL)",
			 table->model->table);
		return RC_MISMATCH;
	}
	return read_names(images, table, &names);
}

/* The columns behind the names. */
static int read_columns(struct images *images, struct image_table *table, struct cursor *cursor)
{
	uint64_t count = maria_cursor_lenenc(cursor);
	const uint8_t *types;
	struct rc_str packed;
	struct cursor meta;

	if (cursor->bad || count > COLUMNS_MAX)
		return RC_CORRUPT;
	types = maria_cursor_bytes(cursor, (size_t)count);
	packed = maria_cursor_str(cursor, (size_t)maria_cursor_lenenc(cursor));
	maria_cursor_bytes(cursor, ((size_t)count + 7) / 8); /* which may be NULL */
	if (cursor->bad)
		return RC_CORRUPT;
	if (count > table->column_capacity) {
		table->columns = rc_xrealloc(table->columns, sizeof(*table->columns) * (size_t)count);
		table->column_capacity = (uint32_t)count;
	}
	table->column_count = (uint32_t)count;
	meta = (struct cursor){(const uint8_t *)packed.ptr, (const uint8_t *)packed.ptr + packed.len, false};
	for (uint32_t i = 0; i < table->column_count; i++) {
		table->columns[i] = (struct image_column){0};
		if (read_type(&table->columns[i], types[i], &meta) != RC_OK || meta.bad) {
			snprintf(images->why, sizeof(images->why),
				 "table %s has a column of a type (%u) that this program does not know",
				 table->model->table, types[i]);
			return RC_MISMATCH;
		}
	}
	return read_optional(images, table, types, cursor);
}

int maria_images_map(struct images *images, const uint8_t *body, size_t len)
{
	struct cursor cursor = {body, body + len, false};
	struct image_table *table;
	struct rc_str map;
	uint64_t id;

	table = find(images, &cursor, &id);
	if (!table)
		return cursor.bad ? RC_CORRUPT : RC_OK;
	map = (struct rc_str){(const char *)cursor.at, maria_cursor_left(&cursor)};
	if (!table->map.data || !rc_str_eq(map, buf_str(&table->map))) {
		buf_clear(&table->map);
		buf_append_str(&table->map, map);
		table->err = read_columns(images, table, &cursor);
	}
	if (table->err != RC_OK)
		buf_clear(&table->map); /* say why again the next time */
	for (uint32_t i = 0; i < images->table_count; i++)
		images->tables[i].live &= images->tables[i].id != id;
	table->id = id;
	table->live = table->err == RC_OK;
	return table->err;
}

static bool read_int(const struct image_column *column, const uint8_t *at, bool bits, int64_t *out)
{
	struct cursor cursor = {at, at + column->size, false};
	uint64_t value = maria_cursor_int(&cursor, column->size);
	uint32_t shift = 64 - 8 * column->size;

	*out = column->is_unsigned ? (int64_t)value : (int64_t)(value << shift) >> shift;
	return bits || !column->is_unsigned || value <= INT64_MAX;
}

static double read_real(const struct image_column *column, const uint8_t *at)
{
	double wide;
	float narrow;

	if (column->size == 8) {
		memcpy(&wide, at, 8);
		return wide;
	}
	memcpy(&narrow, at, 4);
	return narrow;
}

static uint64_t big_endian(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* Up to 3 bytes hold 2, 4 or 6 digits. */
static int64_t read_fraction(const uint8_t *at, size_t bytes)
{
	static const int64_t unit_us[] = {0, 10000, 100, 1};

	return (int64_t)big_endian(at, bytes) * unit_us[bytes];
}

static bool civil(uint32_t year, uint32_t month, uint32_t day, int32_t *days)
{
	int32_t y, m, d;

	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	*days = date_from_civil((int32_t)year, (int32_t)month, (int32_t)day);
	date_to_civil(*days, &y, &m, &d);
	return d == (int32_t)day && m == (int32_t)month;
}

/* 1 bit sign, 17 year * 13 + month, 5 day, 5 hour, 6 minute, 6 second; then the fraction. */
static bool read_datetime(const struct image_column *column, const uint8_t *at, int64_t *us)
{
	uint64_t packed = big_endian(at, 5);
	uint32_t months = (uint32_t)(packed >> 22 & 0x1ffff), clock = (uint32_t)(packed & 0x1ffff);
	uint32_t hour = clock >> 12, minute = clock >> 6 & 63, second = clock & 63;
	int32_t days;

	if (!(packed >> 39 & 1) || hour > 23 || minute > 59 || second > 59 ||
	    !civil(months / 13, months % 13, packed >> 17 & 31, &days))
		return false;
	*us = ((int64_t)days * 86400 + hour * 3600 + minute * 60 + second) * 1000000 +
	      read_fraction(at + 5, column->size - 5);
	return true;
}

static bool read_date(const uint8_t *at, int32_t *days)
{
	uint32_t packed = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;

	return civil(packed >> 9, packed >> 5 & 15, packed & 31, days);
}

/* BINARY loses its zeros at the end in the log; its type says how many there were. */
static struct rc_str padded(struct rc_arena *arena, const struct image_column *column, struct rc_str value)
{
	char *all;

	if (value.len >= column->size)
		return value;
	all = rc_arena_zalloc(arena, column->size);
	if (value.len)
		memcpy(all, value.ptr, value.len);
	return (struct rc_str){all, column->size};
}

/* One value into its field; false: it is not of the column's type. */
static bool read_value(const struct image_column *column, const struct rc_model *model, struct rc_str value,
		       struct rc_arena *arena, void *field)
{
	const uint8_t *at = (const uint8_t *)value.ptr;
	int64_t integer;

	switch ((enum rc_type)column->type) {
	case RC_BOOL:
		if (!read_int(column, at, false, &integer) || (integer != 0 && integer != 1))
			return false;
		*(bool *)field = integer;
		return true;
	case RC_INT:
		return read_int(column, at, model == &image_mark_model, field);
	case RC_DOUBLE:
		*(double *)field = read_real(column, at);
		return true;
	case RC_TEXT:
	case RC_JSON:
		*(struct rc_str *)field = value;
		return rc_str_utf8_valid(value);
	case RC_BYTES:
		*(struct rc_str *)field = padded(arena, column, value);
		return true;
	case RC_UUID:
		if (value.len > 16)
			return false;
		memset(field, 0, 16);
		if (value.len)
			memcpy(field, value.ptr, value.len);
		return true;
	case RC_TIMESTAMP:
		if (column->how == HOW_DATETIME2)
			return read_datetime(column, at, field);
		*(int64_t *)field = (int64_t)big_endian(at, 4) * 1000000 + read_fraction(at + 4, column->size - 4);
		return big_endian(at, 4) != 0;
	case RC_DATE:
		return read_date(at, field);
	case RC_TYPE_NONE:
		break;
	}
	return false;
}

/* A bad value must not stop the feed. */
static void bad_value(const struct rc_model *model, const struct image_column *column, void *row)
{
	static const size_t sizes[] = {[RC_BOOL] = sizeof(bool),
				       [RC_INT] = 8,
				       [RC_DOUBLE] = 8,
				       [RC_TEXT] = sizeof(struct rc_str),
				       [RC_BYTES] = sizeof(struct rc_str),
				       [RC_UUID] = 16,
				       [RC_TIMESTAMP] = 8,
				       [RC_DATE] = 4,
				       [RC_JSON] = sizeof(struct rc_str)};

	memset(RC_FIELD(row, &model->columns[column->field]), 0, sizes[column->type]);
	RC_ROW_NULLS(row) |= (uint64_t)1 << column->field;
	log_event(LOG_WARN, "feed-value", "a stored value is not of its column's type and is read as NULL",
		  LOG_S("table", model->table), LOG_S("column", model->columns[column->field].name));
}

static bool bit(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

/* One image: a bitmap of NULLs over the columns that are there, then their values. */
static int read_image(const struct image_table *table, const uint8_t *present, uint32_t present_count,
		      struct cursor *cursor, struct rc_arena *arena, void **out)
{
	const struct rc_model *model = table->model;
	const uint8_t *nulls = maria_cursor_bytes(cursor, (present_count + 7) / 8);
	void *row;

	if (!nulls)
		return RC_CORRUPT;
	row = rc_arena_zalloc(arena, model->row_bytes);
	for (uint32_t i = 0, k = 0; i < table->column_count; i++) {
		const struct image_column *column = &table->columns[i];
		struct rc_str value;

		if (!bit(present, i))
			continue;
		if (bit(nulls, k++)) {
			if (column->type)
				RC_ROW_NULLS(row) |= (uint64_t)1 << column->field;
			continue;
		}
		value = maria_cursor_str(cursor, column->prefix ? (size_t)maria_cursor_int(cursor, column->prefix)
								: column->size);
		if (cursor->bad)
			return RC_CORRUPT;
		if (column->type &&
		    !read_value(column, model, value, arena, RC_FIELD(row, &model->columns[column->field])))
			bad_value(model, column, row);
	}
	*out = row;
	return RC_OK;
}

/* How many columns are in the image; every one of the model's must be. */
static int count_present(struct images *images, const struct image_table *table, const uint8_t *present, uint32_t *out)
{
	*out = 0;
	for (uint32_t i = 0; i < table->column_count; i++) {
		*out += bit(present, i);
		if (table->columns[i].type && !bit(present, i))
			return mismatch(images, table, table->model->columns[table->columns[i].field].name,
					"is not in a row's image (binlog_row_image is not FULL)");
	}
	return RC_OK;
}

static struct rc_change *add(struct image_changes *changes, struct rc_arena *arena)
{
	if (changes->count == changes->capacity) {
		uint32_t capacity = changes->capacity ? changes->capacity * 2 : 16;
		struct rc_change *more = rc_arena_alloc(arena, sizeof(*more) * capacity);

		if (changes->count)
			memcpy(more, changes->at, sizeof(*more) * changes->count);
		changes->at = more;
		changes->capacity = capacity;
	}
	return &changes->at[changes->count++];
}

static struct image_table *find_live(const struct images *images, uint64_t id)
{
	for (uint32_t i = 0; i < images->table_count; i++) {
		if (images->tables[i].live && images->tables[i].id == id)
			return &images->tables[i];
	}
	return NULL;
}

int maria_images_rows(struct images *images, uint8_t type, const uint8_t *body, size_t len, struct rc_arena *arena,
		      struct image_changes *out)
{
	struct cursor cursor = {body, body + len, false};
	const struct image_table *table = find_live(images, maria_cursor_int(&cursor, 6));
	bool has_old = type != EVENT_WRITE_ROWS, has_new = type != EVENT_DELETE_ROWS;
	const uint8_t *old_bits, *new_bits;
	uint32_t old_count, new_count;
	uint64_t width;
	int rc;

	maria_cursor_int(&cursor, 2);
	width = maria_cursor_lenenc(&cursor);
	if (cursor.bad || !table || width != table->column_count)
		return RC_CORRUPT;
	old_bits = new_bits = maria_cursor_bytes(&cursor, ((size_t)width + 7) / 8);
	if (type == EVENT_UPDATE_ROWS)
		new_bits = maria_cursor_bytes(&cursor, ((size_t)width + 7) / 8);
	if (cursor.bad)
		return RC_CORRUPT;
	rc = count_present(images, table, old_bits, &old_count);
	if (rc == RC_OK)
		rc = count_present(images, table, new_bits, &new_count);
	while (rc == RC_OK && maria_cursor_left(&cursor) > 0) {
		const uint8_t *begin = cursor.at;
		void *old_row = NULL, *new_row = NULL;

		if (has_old)
			rc = read_image(table, old_bits, old_count, &cursor, arena, &old_row);
		if (rc == RC_OK && has_new)
			rc = read_image(table, new_bits, new_count, &cursor, arena, &new_row);
		if (rc == RC_OK && cursor.at == begin)
			rc = RC_CORRUPT;
		if (rc == RC_OK)
			*add(out, arena) = (struct rc_change){
				.model = table->model,
				.op = !has_old  ? RC_INSERT
				      : has_new ? RC_UPDATE
						: RC_DELETE,
				.old_row = old_row,
				.new_row = new_row,
			};
	}
	return rc;
}
