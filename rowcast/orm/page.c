/*
 * Keyset paging: "behind this row" instead of "behind the 40th row". The order is completed by the primary key, so it is
 * total, and the condition says which rows stand behind one row in it:
 *
 *   a, b, key ascending, values A, B, K:   a >= A AND (a > A OR (b >= B AND (b > B OR key > K)))
 *
 * The outermost comparison is one range, so an index on (a, …) is entered at A on every engine; row values
 * ((a, b) > (A, B)) would say the same only where all columns have one direction and no NULLs. NULL is smaller than every
 * value (put_order in query.c). Backwards, every direction is turned and the rows are turned back in memory.
 *
 * A cursor: version, check, then per column 0 (NULL) or 1 and its bytes. The check covers table, columns, directions and
 * values: it finds mistakes, not forgers, who would gain nothing.
 */
#include <sodium.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

#define CURSOR_VERSION 1
#define CHECK_BYTES    16
#define CURSOR_MAX     (1 << 16) /* characters */

void rc_query_after(struct rc_query *query, struct rc_str cursor)
{
	query->seek = RC_SEEK_AFTER;
	query->cursor = cursor;
}

void rc_query_before(struct rc_query *query, struct rc_str cursor)
{
	query->seek = RC_SEEK_BEFORE;
	query->cursor = cursor;
}

/* The order */

static void complete_order(struct rc_query *query)
{
	bool descending = query->order_count && query->order[query->order_count - 1].descending;

	for (uint32_t k = 0; k < query->model->key_count; k++) {
		bool there = false;

		for (uint32_t i = 0; i < query->order_count; i++)
			there = there || query->order[i].column == query->model->key[k];
		if (!there)
			query->order[query->order_count++] = (struct rc_query_order){query->model->key[k], descending};
	}
}

static void turn_order(struct rc_query *query)
{
	for (uint32_t i = 0; i < query->order_count; i++)
		query->order[i].descending = !query->order[i].descending;
}

/* Cursors */

static void put_u64(struct buf *out, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		buf_append_char(out, (char)(n >> (8 * i)));
}

static void put_value(struct buf *out, const struct rc_value *value)
{
	uint64_t bits = 0;

	buf_append_char(out, value->type != RC_TYPE_NONE);
	switch (value->type) {
	case RC_TYPE_NONE:
		break;
	case RC_BOOL:
		put_u64(out, value->boolean);
		break;
	case RC_INT:
	case RC_TIMESTAMP:
	case RC_DATE:
		put_u64(out, (uint64_t)value->integer);
		break;
	case RC_DOUBLE:
		memcpy(&bits, &value->real, sizeof(bits));
		put_u64(out, bits);
		break;
	case RC_UUID:
		buf_append(out, value->uuid.bytes, sizeof(value->uuid.bytes));
		break;
	case RC_TEXT:
	case RC_BYTES:
	case RC_JSON:
		put_u64(out, value->text.len);
		buf_append_str(out, value->text);
		break;
	}
}

static bool take_bytes(struct rc_str *rest, void *to, size_t count)
{
	if (rest->len < count)
		return false;
	memcpy(to, rest->ptr, count);
	rest->ptr += count;
	rest->len -= count;
	return true;
}

static bool take_u64(struct rc_str *rest, uint64_t *n)
{
	uint8_t bytes[8];

	*n = 0;
	if (!take_bytes(rest, bytes, sizeof(bytes)))
		return false;
	for (int i = 0; i < 8; i++)
		*n |= (uint64_t)bytes[i] << (8 * i);
	return true;
}

static bool take_value(struct rc_str *rest, enum rc_type type, struct rc_value *value)
{
	uint8_t present;
	uint64_t n = 0;

	*value = (struct rc_value){.type = RC_TYPE_NONE};
	if (!take_bytes(rest, &present, 1) || present > 1)
		return false;
	if (!present)
		return true;
	value->type = type;
	if (type == RC_UUID)
		return take_bytes(rest, value->uuid.bytes, sizeof(value->uuid.bytes));
	if (!take_u64(rest, &n))
		return false;
	if (type == RC_TEXT || type == RC_BYTES || type == RC_JSON) {
		if (n > rest->len)
			return false;
		value->text = (struct rc_str){rest->ptr, (size_t)n};
		rest->ptr += n;
		rest->len -= (size_t)n;
	} else if (type == RC_DOUBLE) {
		memcpy(&value->real, &n, sizeof(n));
	} else if (type == RC_BOOL) {
		value->boolean = n == 1;
		return n <= 1;
	} else {
		value->integer = (int64_t)n;
	}
	return true;
}

/* Of the table, the order as the caller sees it, and the values. */
static void check_write(const struct rc_query *query, bool turned, struct rc_str values, unsigned char out[CHECK_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, CHECK_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)query->model->table, strlen(query->model->table) + 1);
	for (uint32_t i = 0; i < query->order_count; i++) {
		const struct rc_column *column = &query->model->columns[query->order[i].column];
		unsigned char about[2] = {(unsigned char)column->type, query->order[i].descending != turned};

		crypto_generichash_update(&state, (const unsigned char *)column->name, strlen(column->name) + 1);
		crypto_generichash_update(&state, about, sizeof(about));
	}
	crypto_generichash_update(&state, (const unsigned char *)values.ptr, values.len);
	crypto_generichash_final(&state, out, CHECK_BYTES);
}

struct rc_str rc_query_cursor(struct rc_query *query, const void *row)
{
	struct buf bytes = BUF_INIT;
	unsigned char check[CHECK_BYTES] = {0};
	size_t head = 1 + CHECK_BYTES, size;
	bool turned = query->seek_ready && query->seek == RC_SEEK_BEFORE;
	char *text;

	if (!query->seek_ready)
		complete_order(query);
	buf_append_char(&bytes, CURSOR_VERSION);
	buf_append(&bytes, check, sizeof(check));
	for (uint32_t i = 0; i < query->order_count; i++) {
		struct rc_value value = rc_row_value(query->model, row, query->order[i].column);

		put_value(&bytes, &value);
	}
	check_write(query, turned, (struct rc_str){bytes.data + head, bytes.len - head}, check);
	memcpy(bytes.data + 1, check, sizeof(check));
	size = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	text = rc_arena_alloc(query->arena, size);
	sodium_bin2base64(text, size, (const unsigned char *)bytes.data, bytes.len,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buf_release(&bytes);
	return rc_str_from(text);
}

/* The values of the order's columns, in the query's arena. */
static bool cursor_read(const struct rc_query *query, struct rc_value *values)
{
	unsigned char check[CHECK_BYTES], *bytes;
	struct rc_str rest;
	size_t len;

	if (query->cursor.len > CURSOR_MAX)
		return false;
	bytes = rc_arena_alloc(query->arena, query->cursor.len + 1);
	if (sodium_base642bin(bytes, query->cursor.len + 1, query->cursor.ptr, query->cursor.len, NULL, &len, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	if (len < 1 + CHECK_BYTES || bytes[0] != CURSOR_VERSION)
		return false;
	rest = (struct rc_str){(const char *)bytes + 1 + CHECK_BYTES, len - 1 - CHECK_BYTES};
	check_write(query, false, rest, check);
	if (memcmp(check, bytes + 1, CHECK_BYTES) != 0)
		return false;
	for (uint32_t i = 0; i < query->order_count; i++) {
		const struct rc_column *column = &query->model->columns[query->order[i].column];

		if (!take_value(&rest, column->type, &values[i]))
			return false;
	}
	return rest.len == 0;
}

/* The condition */

/* How many places a column's comparison has: none for NULL. Every column but the last is compared twice. */
static void add_seek_values(struct rc_query *query, const struct rc_value *values)
{
	query->seek_count = query->order_count;
	for (uint32_t i = 0; i < query->seek_count; i++) {
		if (values[i].type == RC_TYPE_NONE) {
			query->seek_nulls |= 1u << i;
			continue;
		}
		for (int times = i + 1 < query->seek_count ? 2 : 1; times > 0; times--)
			query_add_values(query, &values[i], 1);
	}
}

void page_prepare(struct rc_query *query)
{
	struct rc_value values[RC_QUERY_ORDER_MAX + RC_KEY_MAX];

	if (query->seek == RC_SEEK_NONE || query->seek_ready || query->err != RC_OK)
		return;
	query->seek_ready = true;
	complete_order(query);
	if (query->cursor.len && !cursor_read(query, values)) {
		query->err = RC_INVALID;
		return;
	}
	if (query->seek == RC_SEEK_BEFORE)
		turn_order(query);
	if (query->cursor.len)
		add_seek_values(query, values);
}

static void put(struct buf *out, const char *text)
{
	buf_append_str(out, rc_str_from(text));
}

/* Column number i of the order against its value; strict: behind it, else behind it or equal. */
static void put_behind(struct buf *out, enum rc_dialect dialect, const struct rc_query *query, uint32_t i, bool strict)
{
	const struct rc_column *column = &query->model->columns[query->order[i].column];
	bool null = query->seek_nulls >> i & 1, descending = query->order[i].descending;
	bool or_null = !null && descending && (column->flags & RC_COLUMN_NULLABLE);

	if (null && strict == descending) { /* nothing is smaller than NULL; everything is greater or equal */
		put(out, strict ? "1 = 0" : "1 = 1");
		return;
	}
	put(out, or_null ? "(" : "");
	sql_name(out, dialect, column->name);
	if (null)
		put(out, strict ? " IS NOT NULL" : " IS NULL");
	else
		put(out, descending ? (strict ? " < ?" : " <= ?") : (strict ? " > ?" : " >= ?"));
	if (or_null) {
		put(out, " OR ");
		sql_name(out, dialect, column->name);
		put(out, " IS NULL)");
	}
}

void page_put_seek(struct buf *out, enum rc_dialect dialect, const struct rc_query *query)
{
	uint32_t last = query->seek_count - 1;

	for (uint32_t i = 0; i < last; i++) {
		put(out, "(");
		put_behind(out, dialect, query, i, false);
		put(out, " AND (");
		put_behind(out, dialect, query, i, true);
		put(out, " OR ");
	}
	put_behind(out, dialect, query, last, true);
	for (uint32_t i = 0; i < last; i++)
		put(out, "))");
}

/* Pages */

void page_turn(const struct rc_query *query, struct rc_rows *rows)
{
	if (query->seek != RC_SEEK_BEFORE)
		return;
	for (size_t i = 0; i < rows->count / 2; i++) {
		void *row = rows->at[i];

		rows->at[i] = rows->at[rows->count - 1 - i];
		rows->at[rows->count - 1 - i] = row;
	}
}

int rc_query_page(struct rc_query *query, int64_t limit, struct rc_page *out)
{
	bool before, more;
	uint32_t with_count = query->with_count;
	int rc;

	*out = (struct rc_page){0};
	if (limit < 1 || limit == INT64_MAX)
		return db_refuse(query->tx->db, RC_INVALID, "a page of %s has at least one row", query->model->table);
	if (query->seek == RC_SEEK_NONE)
		rc_query_after(query, RC_STR_NONE);
	before = query->seek == RC_SEEK_BEFORE;
	query->limit = limit + 1; /* one more tells whether there is a neighbour */
	query->with_count = 0;
	rc = rc_query_rows(query, &out->rows);
	query->with_count = with_count;
	if (rc != RC_OK || out->rows.count == 0)
		return rc;
	more = out->rows.count > (size_t)limit;
	if (more && before)
		out->rows.at++;
	out->rows.count -= more;
	if (before ? more : query->cursor.len > 0)
		out->previous = rc_query_cursor(query, out->rows.at[0]);
	if (before ? query->cursor.len > 0 : more)
		out->next = rc_query_cursor(query, out->rows.at[out->rows.count - 1]);
	return relations_load(query, &out->rows);
}
