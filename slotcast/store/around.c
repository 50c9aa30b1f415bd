/*
 * Claims around wishes: one statement for many, so that a train pays one round trip. The wishes are rows, one per lane:
 * of constants, or on PostgreSQL, which would plan a statement of many constants each time, of arrays. claims of a lane
 * never overlap, so what may reach into [lo, hi) begins with the last one that begins at or before lo: one index look-up
 * each, however long the history is. Resources with very many lanes are read by the span alone.
 */
#include "rowcast/base/buf.h"
#include "rowcast/data/time_text.h"
#include "slotcast/store/yard.h"

#define ROWS_MAX  128 /* constants in one statement; SQLite takes 500 */
#define LANES_MAX 64

struct around_row {
	uint64_t nulls;
	int64_t id, booking_id, resource_id, lane, lo, hi, hold_expires_at;
	struct rc_str state;
};

/* clang-format off */
#define AT(field) offsetof(struct around_row, field)
static const struct rc_column around_columns[] = {
	{"id", RC_INT, 0, AT(id)},
	{"booking_id", RC_INT, 0, AT(booking_id)},
	{"resource_id", RC_INT, 0, AT(resource_id)},
	{"lane", RC_INT, 0, AT(lane)},
	{"lo", RC_TIMESTAMP, 0, AT(lo)},
	{"hi", RC_TIMESTAMP, 0, AT(hi)},
	{"hold_expires_at", RC_TIMESTAMP, RC_COLUMN_NULLABLE, AT(hold_expires_at)},
	{"state", RC_TEXT, 0, AT(state)},
};
/* clang-format on */

static const struct rc_model around_model = {
	.table = "claim",
	.columns = around_columns,
	.column_count = sizeof(around_columns) / sizeof(around_columns[0]),
	.row_bytes = sizeof(struct around_row),
	.version = -1,
};

static const char result[] = "SELECT claim.id, claim.booking_id, claim.resource_id, claim.lane, claim.lo, claim.hi,"
			     " booking.hold_expires_at, booking.state FROM ";
static const char by_lane[] =
	" AS wish CROSS JOIN claim CROSS JOIN booking"
	" WHERE claim.session_id IS NULL AND claim.resource_id = wish.resource_id AND claim.lane = wish.lane"
	" AND claim.lo < wish.hi AND claim.hi > wish.lo"
	" AND claim.lo >= coalesce((SELECT max(earlier.lo) FROM claim AS earlier WHERE earlier.session_id IS NULL"
	" AND earlier.resource_id = wish.resource_id AND earlier.lane = wish.lane AND earlier.lo <= wish.lo), wish.lo)"
	" AND booking.id = claim.booking_id";
static const char by_span[] = "claim CROSS JOIN booking WHERE claim.session_id IS NULL AND claim.resource_id = ?"
			      " AND claim.lo < ? AND claim.hi > ? AND booking.id = claim.booking_id";

/* One row of constants; servers must be told what they are. */
static const char *const constants[RC_DIALECTS] = {
	[RC_SQLITE] = "SELECT ? AS resource_id, ? AS lane, ? AS lo, ? AS hi",
	[RC_MARIADB] =
		"SELECT CAST(? AS SIGNED) AS resource_id, CAST(? AS SIGNED) AS lane, CAST(? AS DATETIME(6)) AS lo,"
		" CAST(? AS DATETIME(6)) AS hi",
};

struct around {
	struct yard *yard;
	struct rc_value *values; /* four a row */
	size_t rows;
};

static void put_rows(struct yard *yard, const struct rc_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct around_row *row = rows->at[i];
		bool held = rc_str_is(row->state, "held") && row->hold_expires_at > 0;
		const struct yard_claim claim = {
			.id = row->id,
			.booking_id = row->booking_id,
			.lane = row->lane,
			.lo = row->lo,
			.hi = row->hi,
			.held_until_us = held ? row->hold_expires_at : INT64_MAX,
		};

		yard_put_claim(yard, yard_lot(yard, row->resource_id), &claim);
	}
}

void yard_array_add(struct buf *array, struct rc_str element)
{
	buf_append_str(array, array->len ? RC_STR(",\"") : RC_STR("{\""));
	for (size_t i = 0; i < element.len; i++) {
		if (element.ptr[i] == '"' || element.ptr[i] == '\\')
			buf_append_char(array, '\\');
		buf_append_char(array, element.ptr[i]);
	}
	buf_append_char(array, '"');
}

struct rc_value yard_array_take(struct buf *array, struct rc_arena *arena)
{
	struct rc_value value;

	buf_append_str(array, array->len ? RC_STR("}") : RC_STR("{}"));
	value = RC_TEXT_VALUE(rc_arena_copy(arena, buf_str(array)));
	buf_clear(array);
	return value;
}

static void add_value(struct buf *array, const struct rc_value *value)
{
	char text[TIME_TEXT_MAX];

	if (value->type == RC_TIMESTAMP)
		yard_array_add(array, (struct rc_str){text, time_format(value->integer, text)});
	else
		buf_printf(array, "%s%lld", array->len ? "," : "{", (long long)value->integer);
}

/*
 * PostgreSQL: one short text, whatever their number. Its plan is kept, and was perhaps made when there were no claims: LATERAL
 * and OFFSET 0 leave it no other way than a look-up for each wish, in the index that keeps claims apart.
 */
static int read_arrays(struct around *around, struct rc_rows *rows)
{
	static const char by_wish[] =
		"unnest(CAST(CAST(? AS text) AS bigint[]), CAST(CAST(? AS text) AS bigint[]), CAST(CAST(? AS text) AS"
		" timestamptz[]), CAST(CAST(? AS text) AS timestamptz[])) AS wish (resource_id, lane, lo, hi)"
		" CROSS JOIN LATERAL (SELECT * FROM claim WHERE session_id IS NULL AND resource_id = wish.resource_id"
		" AND lane = wish.lane AND tstzrange(lo, hi) && tstzrange(wish.lo, wish.hi) OFFSET 0) AS claim"
		" CROSS JOIN LATERAL (SELECT * FROM booking WHERE id = claim.booking_id OFFSET 0) AS booking";
	struct yard *yard = around->yard;
	struct rc_value arrays[4];
	struct buf text = BUF_INIT;
	int err;

	for (size_t column = 0; column < 4; column++) {
		for (size_t i = 0; i < around->rows; i++)
			add_value(&text, &around->values[4 * i + column]);
		arrays[column] = yard_array_take(&text, yard->arena);
	}
	buf_printf(&text, "%s%s", result, by_wish);
	err = rc_sql_rows(yard->tx, yard->arena, buf_cstr(&text), arrays, 4, &around_model, rows);
	buf_release(&text);
	return err;
}

/* A power of two of rows, so that few texts are prepared: the last one is said again. */
static int read_constants(struct around *around, struct rc_rows *rows)
{
	struct yard *yard = around->yard;
	const char *row = constants[rc_db_dialect(rc_tx_db(yard->tx))];
	struct buf sql = BUF_INIT;
	size_t count = 1;
	int err;

	while (count < around->rows)
		count *= 2;
	for (size_t i = around->rows; i < count; i++)
		memcpy(&around->values[4 * i], &around->values[4 * (around->rows - 1)], 4 * sizeof(struct rc_value));
	buf_printf(&sql, "%s(%s", result, row);
	for (size_t i = 1; i < count; i++)
		buf_printf(&sql, " UNION ALL %s", row);
	buf_printf(&sql, ")%s", by_lane);
	err = rc_sql_rows(yard->tx, yard->arena, buf_cstr(&sql), around->values, 4 * count, &around_model, rows);
	buf_release(&sql);
	return err;
}

static int flush(struct around *around)
{
	bool arrays = rc_db_dialect(rc_tx_db(around->yard->tx)) == RC_POSTGRES;
	struct rc_rows rows = {0};
	int err = 0;

	if (around->rows)
		err = arrays ? read_arrays(around, &rows) : read_constants(around, &rows);
	around->rows = 0;
	if (!err)
		put_rows(around->yard, &rows);
	return err;
}

static int read_span(struct yard *yard, const struct yard_wish *wish)
{
	const struct rc_value values[] = {RC_INT_VALUE(wish->lot->resource_id), RC_TIME_VALUE(wish->hi),
					  RC_TIME_VALUE(wish->lo)};
	struct rc_rows rows = {0};
	struct buf sql = BUF_INIT;
	int err;

	buf_printf(&sql, "%s%s", result, by_span);
	err = rc_sql_rows(yard->tx, yard->arena, buf_cstr(&sql), values, 3, &around_model, &rows);
	buf_release(&sql);
	if (!err)
		put_rows(yard, &rows);
	return err;
}

static int add(struct around *around, const struct yard_wish *wish)
{
	int err = 0;

	for (int64_t lane = 0; !err && lane < wish->lanes; lane++) {
		struct rc_value *values = &around->values[4 * around->rows++];

		values[0] = RC_INT_VALUE(wish->lot->resource_id);
		values[1] = RC_INT_VALUE(lane);
		values[2] = RC_TIME_VALUE(wish->lo);
		values[3] = RC_TIME_VALUE(wish->hi);
		if (around->rows == ROWS_MAX)
			err = flush(around);
	}
	return err;
}

int yard_read_around(struct yard *yard, const struct yard_wish *wishes, size_t count)
{
	struct around around = {.yard = yard, .values = RC_ARENA_ARRAY(yard->arena, struct rc_value, 4 * ROWS_MAX)};
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = wishes[i].lanes > LANES_MAX ? read_span(yard, &wishes[i]) : add(&around, &wishes[i]);
	if (!err)
		err = flush(&around);
	for (size_t i = 0; !err && i < count; i++)
		YARD_PUSH(&wishes[i].lot->known, (struct yard_span){wishes[i].lo, wishes[i].hi});
	return err;
}
