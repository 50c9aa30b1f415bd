/*
 * Rows out of the packets of the binary protocol.
 *
 * libmariadb keeps a result as the packets that came, in a list; they are decoded from there in one walk, straight into
 * the struct, and only text and bytes are copied (into the arena). mysql_stmt_fetch would want buffers of the right size
 * beforehand, and two more calls per value. Types are strict: what does not fit its column's type exactly is reported,
 * not converted. Integers of every width and exact decimals (SUM) are integers.
 *
 *   packet: 0, a bit per column that says NULL (from bit 2 on), the values that are not; integers little-endian,
 *   texts and the like behind their length
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/time_text.h"
#include "rowcast/db/mariadb/mariadb.h"
#include "rowcast/uuid.h"

#define CHARSET_BINARY 63

/* A value in the packet; no pointer: NULL. */
struct cell {
	const uint8_t *at;
	size_t len;
};

struct walk {
	const uint8_t *nulls, *at, *end;
};

/* Column → field: the commonest pairs of types, which need no call of ours, and all others. */
struct mariadb_way {
	enum { WAY_OTHER, WAY_WORD, WAY_BOOL, WAY_TIME, WAY_TEXT } by;
	uint32_t at, offset; /* model column, its field */
};

static uint16_t little16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static uint32_t little32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t little64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static struct walk walk_begin(const struct db_stmt *stmt)
{
	const uint8_t *packet = (const uint8_t *)stmt->row->data;

	return (struct walk){packet + 1, packet + 1 + (stmt->column_count + 9) / 8, packet + stmt->row->length};
}

/* A length of 1, 3, 4 or 9 bytes. */
__attribute__((noinline)) static uint64_t walk_length(struct walk *walk)
{
	const uint8_t *at = walk->at;
	size_t left = (size_t)(walk->end - at);
	uint8_t first = left ? at[0] : 0;

	if (first < 0xfb || left < 9) {
		size_t bytes = first == 0xfc ? 3 : first == 0xfd ? 4 : 1;

		rc_check(left >= bytes && first != 0xfe);
		walk->at += bytes;
		return bytes == 1 ? first : bytes == 3 ? little16(at + 1) : little16(at + 1) | (uint64_t)at[3] << 16;
	}
	walk->at += first == 0xfc ? 3 : first == 0xfd ? 4 : 9;
	return first == 0xfc ? little16(at + 1) : first == 0xfd ? little32(at) >> 8 : little64(at + 1);
}

static size_t fixed_bytes(enum enum_field_types type)
{
	switch (type) {
	case MYSQL_TYPE_TINY:
		return 1;
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_YEAR:
		return 2;
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_FLOAT:
		return 4;
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_DOUBLE:
		return 8;
	default:
		return 0;
	}
}

/* The next column's value. */
static struct cell walk_next(struct walk *walk, uint32_t column, enum enum_field_types type)
{
	struct cell cell = {0};

	if (walk->nulls[(column + 2) / 8] >> ((column + 2) % 8) & 1)
		return cell;
	cell.len = fixed_bytes(type);
	if (cell.len == 0)
		cell.len = walk_length(walk);
	rc_check(cell.len <= (size_t)(walk->end - walk->at));
	cell.at = walk->at;
	walk->at += cell.len;
	return cell;
}

static bool read_integer(const MYSQL_FIELD *field, struct cell cell, int64_t *out)
{
	bool is_unsigned = field->flags & UNSIGNED_FLAG;
	uint64_t value;

	switch (field->type) {
	case MYSQL_TYPE_TINY:
		*out = is_unsigned ? (int64_t)cell.at[0] : (int64_t)(int8_t)cell.at[0];
		return true;
	case MYSQL_TYPE_YEAR:
		*out = (int64_t)little16(cell.at);
		return true;
	case MYSQL_TYPE_SHORT:
		*out = is_unsigned ? (int64_t)little16(cell.at) : (int64_t)(int16_t)little16(cell.at);
		return true;
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
		*out = is_unsigned ? (int64_t)little32(cell.at) : (int64_t)(int32_t)little32(cell.at);
		return true;
	case MYSQL_TYPE_LONGLONG:
		value = little64(cell.at);
		*out = (int64_t)value;
		return !is_unsigned || value <= INT64_MAX;
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL:
		return rc_str_to_i64((struct rc_str){(const char *)cell.at, cell.len}, out) == RC_OK;
	default:
		return false;
	}
}

static bool read_double(const MYSQL_FIELD *field, struct cell cell, double *out)
{
	int64_t integer;
	uint64_t bits;
	uint32_t bits32;
	float narrow;
	char text[128];

	switch (field->type) {
	case MYSQL_TYPE_DOUBLE:
		bits = little64(cell.at);
		memcpy(out, &bits, sizeof(*out));
		return true;
	case MYSQL_TYPE_FLOAT:
		bits32 = (uint32_t)little32(cell.at);
		memcpy(&narrow, &bits32, sizeof(narrow));
		*out = (double)narrow;
		return true;
	case MYSQL_TYPE_DECIMAL: /* AVG and the like: the nearest */
	case MYSQL_TYPE_NEWDECIMAL:
		if (cell.len >= sizeof(text))
			return false;
		memcpy(text, cell.at, cell.len);
		text[cell.len] = '\0';
		*out = strtod(text, NULL);
		return true;
	default:
		if (!read_integer(field, cell, &integer) || integer > INT64_C(1) << 53 || integer < -(INT64_C(1) << 53))
			return false;
		*out = (double)integer;
		return true;
	}
}

static bool is_string(const MYSQL_FIELD *field)
{
	switch (field->type) {
	case MYSQL_TYPE_STRING:
	case MYSQL_TYPE_VAR_STRING:
	case MYSQL_TYPE_VARCHAR:
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
	case MYSQL_TYPE_JSON:
		return true;
	default:
		return false;
	}
}

static bool read_string(const MYSQL_FIELD *field, struct cell cell, bool binary, struct rc_arena *arena,
			struct rc_str *out)
{
	if (!is_string(field) || (field->charsetnr == CHARSET_BINARY) != binary)
		return false;
	*out = cell.len > 0 ? rc_arena_copy(arena, (struct rc_str){(const char *)cell.at, cell.len}) : RC_STR("");
	return true;
}

/* BINARY(16), or the text of MariaDB's own type UUID. */
static bool read_uuid(const MYSQL_FIELD *field, struct cell cell, struct rc_uuid *out)
{
	if (!is_string(field))
		return false;
	if (field->charsetnr == CHARSET_BINARY && cell.len == sizeof(out->bytes)) {
		memcpy(out->bytes, cell.at, sizeof(out->bytes));
		return true;
	}
	return field->charsetnr != CHARSET_BINARY &&
	       rc_uuid_parse((struct rc_str){(const char *)cell.at, cell.len}, out) == RC_OK;
}

/* The day of a DATE, DATETIME or TIMESTAMP; zero dates and days that do not exist are none. */
static bool read_day(struct cell cell, int32_t *days)
{
	static const uint8_t month_days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t year, month, day;

	if (cell.len < 4)
		return false;
	year = (int32_t)little16(cell.at);
	month = cell.at[2];
	day = cell.at[3];
	if (year == 0 || month == 0 || month > 12 || day == 0 || day > month_days[month] ||
	    (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return false;
	*days = date_from_civil(year, month, day);
	return true;
}

static bool is_time(const MYSQL_FIELD *field)
{
	return field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;
}

static bool read_time(struct cell cell, int64_t *out)
{
	int32_t days;

	if (!read_day(cell, &days))
		return false;
	*out = (int64_t)days * 86400000000;
	if (cell.len >= 7)
		*out += (cell.at[4] * INT64_C(3600) + cell.at[5] * 60 + cell.at[6]) * 1000000;
	if (cell.len >= 11)
		*out += (int64_t)little32(cell.at + 7);
	return true;
}

static bool read_field(const MYSQL_FIELD *field, struct cell cell, enum rc_type type, struct rc_arena *arena, void *out)
{
	int64_t integer;

	switch (type) {
	case RC_BOOL:
		if (!read_integer(field, cell, &integer) || (integer != 0 && integer != 1))
			return false;
		*(bool *)out = integer;
		return true;
	case RC_INT:
		if (!read_integer(field, cell, &integer))
			return false;
		*(int64_t *)out = integer;
		return true;
	case RC_DOUBLE:
		return read_double(field, cell, out);
	case RC_TEXT:
	case RC_JSON:
		return read_string(field, cell, false, arena, out);
	case RC_BYTES:
		return read_string(field, cell, true, arena, out);
	case RC_UUID:
		return read_uuid(field, cell, out);
	case RC_TIMESTAMP:
		return is_time(field) && read_time(cell, out);
	case RC_DATE:
		return field->type == MYSQL_TYPE_DATE && read_day(cell, out);
	case RC_TYPE_NONE:
		break;
	}
	return false;
}

static int way_of(const MYSQL_FIELD *field, enum rc_type type)
{
	if (type == RC_INT && field->type == MYSQL_TYPE_LONGLONG && !(field->flags & UNSIGNED_FLAG))
		return WAY_WORD;
	if (type == RC_DOUBLE && field->type == MYSQL_TYPE_DOUBLE)
		return WAY_WORD;
	if (type == RC_BOOL && field->type == MYSQL_TYPE_TINY)
		return WAY_BOOL;
	if (type == RC_TIMESTAMP && is_time(field))
		return WAY_TIME;
	if ((type == RC_TEXT || type == RC_JSON) && is_string(field) && field->charsetnr != CHARSET_BINARY)
		return WAY_TEXT;
	return WAY_OTHER;
}

__attribute__((noinline)) static void choose_ways(struct db_stmt *stmt, const struct rc_model *model,
						  const uint32_t *map)
{
	stmt->ways = rc_xrealloc(stmt->ways, stmt->column_count * sizeof(*stmt->ways));
	for (uint32_t i = 0; i < stmt->column_count; i++) {
		uint32_t at = map ? map[i] : i;
		const struct rc_column *column = &model->columns[at];

		stmt->ways[i] = (struct mariadb_way){way_of(&stmt->fields[i], column->type), at, column->offset};
	}
	stmt->ways_model = model;
	stmt->ways_map = map;
}

/* A value that way->by has no place for. */
__attribute__((noinline)) static int read_other(struct db_stmt *stmt, uint32_t i, struct walk *walk,
						struct rc_arena *arena, void *row)
{
	const struct mariadb_way *way = &stmt->ways[i];
	const struct rc_column *column = &stmt->ways_model->columns[way->at];
	struct cell cell = walk_next(walk, i, stmt->fields[i].type);

	if (read_field(&stmt->fields[i], cell, column->type, arena, (char *)row + way->offset))
		return RC_OK;
	RC_ROW_NULLS(row) |= (uint64_t)1 << way->at;
	return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH,
			    "column %s of table %s holds a value that is not of its type; database %s", column->name,
			    stmt->ways_model->table, stmt->conn->label);
}

/* False: nothing is read, see read_other. Lengths of one byte alone. */
static inline bool read_usual(const struct mariadb_way *way, struct walk *walk, struct rc_arena *arena, char *row)
{
	const uint8_t *at = walk->at;
	ptrdiff_t left = walk->end - at;
	struct cell cell = {at + 1, left > 0 ? *at : 0};

	switch (way->by) {
	case WAY_WORD:
		if (left < 8)
			return false;
		*(uint64_t *)(row + way->offset) = little64(at);
		walk->at = at + 8;
		return true;
	case WAY_BOOL:
		if (left < 1 || *at > 1)
			return false;
		*(bool *)(row + way->offset) = *at;
		walk->at = at + 1;
		return true;
	case WAY_TIME:
		if (left <= (ptrdiff_t)cell.len || !read_time(cell, (int64_t *)(row + way->offset)))
			return false;
		break;
	case WAY_TEXT:
		if (left <= (ptrdiff_t)cell.len || cell.len >= 0xfb || cell.len == 0)
			return false;
		*(struct rc_str *)(row + way->offset) = rc_arena_copy(arena,
								      (struct rc_str){(const char *)cell.at, cell.len});
		break;
	case WAY_OTHER:
		return false;
	}
	walk->at = cell.at + cell.len;
	return true;
}

int mariadb_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena,
		 void *row)
{
	struct walk walk = walk_begin(stmt);
	uint32_t count = stmt->column_count;
	int rc = RC_OK;

	if (__builtin_expect(stmt->ways_model != model || stmt->ways_map != map, false))
		choose_ways(stmt, model, map);
	for (uint32_t i = 0; i < count; i++) {
		const struct mariadb_way *way = &stmt->ways[i];

		if (walk.nulls[(i + 2) / 8] >> ((i + 2) % 8) & 1)
			RC_ROW_NULLS(row) |= (uint64_t)1 << way->at;
		else if (!read_usual(way, &walk, arena, row) && read_other(stmt, i, &walk, arena, row) != RC_OK)
			rc = RC_MISMATCH;
	}
	return rc;
}

int mariadb_read_int(struct db_stmt *stmt, int64_t *out)
{
	struct walk walk = walk_begin(stmt);
	struct cell cell = walk_next(&walk, 0, stmt->fields[0].type);

	if (!cell.at)
		return RC_NOT_FOUND;
	if (!read_integer(&stmt->fields[0], cell, out))
		return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH, "the result is not an integer");
	return RC_OK;
}
