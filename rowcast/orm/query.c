/*
 * Queries put together at run time. A query's shape (model, what is asked, conditions, order, whether there is a limit)
 * is a short byte string; the statement of a shape is written and prepared when it is first seen on a connection and
 * found by those bytes afterwards, so that a repeated query costs no text at all.
 *
 * IN lists are padded to the next power of two with their last value: a handful of shapes instead of one per length.
 */
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

struct rc_query *rc_query_new(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model)
{
	struct rc_query *query = RC_ARENA_NEW(arena, struct rc_query);

	query->tx = tx;
	query->arena = arena;
	query->model = model;
	query->limit = -1;
	return query;
}

void query_add_values(struct rc_query *query, const struct rc_value *values, uint32_t count)
{
	if (query->value_count + count > query->value_capacity) {
		uint32_t capacity = query->value_capacity ? query->value_capacity * 2 : 8;
		struct rc_value *more;

		while (capacity < query->value_count + count)
			capacity *= 2;
		more = rc_arena_alloc(query->arena, sizeof(*more) * capacity);
		if (query->value_count)
			memcpy(more, query->values, sizeof(*more) * query->value_count);
		query->values = more;
		query->value_capacity = capacity;
	}
	memcpy(query->values + query->value_count, values, sizeof(*values) * count);
	query->value_count += count;
}

static void add_condition(struct rc_query *query, uint32_t column, enum rc_compare compare,
			  const struct rc_value *values, size_t count)
{
	rc_check(column < query->model->column_count);
	if (query->condition_count == RC_QUERY_CONDITIONS_MAX || count > RC_QUERY_VALUES_MAX - query->value_count) {
		query->err = RC_LIMIT;
		return;
	}
	query->conditions[query->condition_count++] = (struct rc_query_condition){compare, column, (uint32_t)count};
	if (count > 0)
		query_add_values(query, values, (uint32_t)count);
}

void rc_query_where(struct rc_query *query, uint32_t column, enum rc_compare compare, struct rc_value value)
{
	if (value.type == RC_TYPE_NONE && (compare == RC_EQ || compare == RC_NE))
		rc_query_null(query, column, compare == RC_EQ);
	else
		add_condition(query, column, compare, &value, 1);
}

void rc_query_between(struct rc_query *query, uint32_t column, struct rc_value low, struct rc_value high)
{
	add_condition(query, column, RC_GE, &low, 1);
	add_condition(query, column, RC_LE, &high, 1);
}

void rc_query_in(struct rc_query *query, uint32_t column, const struct rc_value *values, size_t count)
{
	size_t padded = 1;

	if (count == 0) {
		query->never = true;
		return;
	}
	while (padded < count)
		padded *= 2;
	if (padded > RC_QUERY_VALUES_MAX - query->value_count) {
		query->err = RC_LIMIT;
		return;
	}
	add_condition(query, column, RC_IN, values, count);
	if (query->err != RC_OK)
		return;
	query->conditions[query->condition_count - 1].count = (uint32_t)padded;
	for (size_t i = count; i < padded; i++)
		query_add_values(query, &values[count - 1], 1);
}

void rc_query_null(struct rc_query *query, uint32_t column, bool is_null)
{
	add_condition(query, column, is_null ? RC_IS_NULL : RC_NOT_NULL_VALUE, NULL, 0);
}

void rc_query_overlaps(struct rc_query *query, uint32_t low_column, uint32_t high_column, struct rc_value low,
		       struct rc_value high)
{
	rc_query_where(query, low_column, RC_LT, high);
	rc_query_where(query, high_column, RC_GT, low);
}

void rc_query_order(struct rc_query *query, uint32_t column, bool descending)
{
	rc_check(column < query->model->column_count);
	if (query->order_count >= RC_QUERY_ORDER_MAX)
		query->err = RC_LIMIT;
	else
		query->order[query->order_count++] = (struct rc_query_order){column, descending};
}

void rc_query_limit(struct rc_query *query, int64_t limit)
{
	query->limit = limit < 0 ? -1 : limit;
}

void rc_query_lock(struct rc_query *query, enum rc_lock rows, enum rc_lock wait)
{
	query->lock = (uint32_t)rows | (uint32_t)wait;
}

void rc_query_set(struct rc_query *query, uint32_t column, struct rc_value value)
{
	rc_check(column < query->model->column_count && !model_is_key(query->model, column));
	if (!query->sets)
		query->sets = RC_ARENA_ARRAY(query->arena, struct rc_query_assignment, query->model->column_count);
	for (uint32_t i = 0; i < query->set_count; i++) {
		if (query->sets[i].column == column) {
			query->sets[i].value = value;
			return;
		}
	}
	query->sets[query->set_count++] = (struct rc_query_assignment){column, value};
}

enum ask { ASK_ROWS, ASK_COUNT, ASK_DELETE, ASK_UPDATE };

#define SHAPE_MAX (2 + sizeof(uint32_t) + RC_QUERY_CONDITIONS_MAX * 4 + (RC_QUERY_ORDER_MAX + RC_KEY_MAX) * 2 + 5 + 64)

static size_t write_shape(const struct rc_query *query, enum ask ask, char shape[SHAPE_MAX])
{
	char *to = shape;

	memcpy(to, &query->model->id, sizeof(uint32_t));
	to += sizeof(uint32_t);
	*to++ = (char)ask;
	for (uint32_t i = 0; i < query->condition_count; i++) {
		const struct rc_query_condition *c = &query->conditions[i];

		*to++ = (char)c->compare;
		*to++ = (char)c->column;
		*to++ = (char)(c->count >> 8);
		*to++ = (char)c->count;
	}
	*to++ = 0; /* conditions end: no comparison is 0 */
	for (uint32_t i = 0; i < query->set_count && ask == ASK_UPDATE; i++)
		*to++ = (char)query->sets[i].column;
	if (ask != ASK_ROWS)
		return (size_t)(to - shape);
	for (uint32_t i = 0; i < query->order_count; i++) {
		*to++ = (char)(query->order[i].column + 1);
		*to++ = (char)query->order[i].descending;
	}
	*to++ = query->limit >= 0 ? 0 : -1;
	*to++ = (char)query->lock;
	*to++ = (char)query->seek_count;
	*to++ = (char)query->seek_nulls;
	return (size_t)(to - shape);
}

static void put(struct buf *out, const char *text)
{
	buf_append_str(out, rc_str_from(text));
}

static void put_condition(struct buf *out, enum rc_dialect dialect, const struct rc_query *query,
			  const struct rc_query_condition *c)
{
	static const char *const operators[] = {
		[RC_EQ] = " = ?",   [RC_NE] = " <> ?",         [RC_LT] = " < ?",
		[RC_LE] = " <= ?",  [RC_GT] = " > ?",          [RC_GE] = " >= ?",
		[RC_IN] = " IN (?", [RC_IS_NULL] = " IS NULL", [RC_NOT_NULL_VALUE] = " IS NOT NULL",
	};

	sql_name(out, dialect, query->model->columns[c->column].name);
	put(out, operators[c->compare]);
	if (c->compare != RC_IN)
		return;
	for (uint32_t i = 1; i < c->count; i++)
		put(out, ", ?");
	put(out, ")");
}

static void put_lock(struct buf *out, enum rc_dialect dialect, uint32_t lock)
{
	static const char *const strengths[] = {
		[RC_NO_LOCK] = "",
		[RC_FOR_KEY_SHARE] = " FOR KEY SHARE",
		[RC_FOR_SHARE] = " FOR SHARE",
		[RC_FOR_NO_KEY_UPDATE] = " FOR NO KEY UPDATE",
		[RC_FOR_UPDATE] = " FOR UPDATE",
	};
	uint32_t strength = lock & 7;

	if (strength == RC_NO_LOCK || dialect == RC_SQLITE)
		return;
	if (dialect == RC_POSTGRES)
		put(out, strengths[strength]);
	else
		put(out, strength <= RC_FOR_SHARE ? " LOCK IN SHARE MODE" : " FOR UPDATE");
	put(out, lock & RC_NOWAIT ? " NOWAIT" : lock & RC_SKIP_LOCKED ? " SKIP LOCKED" : "");
}

/* NULL is smaller than every value, as it is on SQLite and MariaDB by themselves. */
static void put_order(struct buf *out, enum rc_dialect dialect, const struct rc_query *query)
{
	for (uint32_t i = 0; i < query->order_count; i++) {
		const struct rc_column *column = &query->model->columns[query->order[i].column];
		bool descending = query->order[i].descending;

		put(out, i ? ", " : " ORDER BY ");
		sql_name(out, dialect, column->name);
		put(out, descending ? " DESC" : "");
		if (dialect == RC_POSTGRES && (column->flags & RC_COLUMN_NULLABLE))
			put(out, descending ? " NULLS LAST" : " NULLS FIRST");
	}
}

/* UPDATE t SET a = ?, version = version + 1 */
static void put_sets(struct buf *out, enum rc_dialect dialect, const struct rc_query *query)
{
	const struct rc_model *model = query->model;

	put(out, "UPDATE ");
	sql_name(out, dialect, model->table);
	put(out, " SET ");
	for (uint32_t i = 0; i < query->set_count; i++) {
		put(out, i ? ", " : "");
		sql_name(out, dialect, model->columns[query->sets[i].column].name);
		put(out, " = ?");
	}
	if (model->version < 0)
		return;
	put(out, query->set_count ? ", " : "");
	sql_name(out, dialect, model->columns[model->version].name);
	put(out, " = ");
	sql_name(out, dialect, model->columns[model->version].name);
	put(out, " + 1");
}

static void write_sql(struct buf *out, enum rc_dialect dialect, const struct rc_query *query, enum ask ask)
{
	if (ask == ASK_UPDATE) {
		put_sets(out, dialect, query);
	} else {
		put(out, ask == ASK_DELETE ? "DELETE" : "SELECT ");
		if (ask == ASK_ROWS)
			sql_columns(out, dialect, query->model);
		else if (ask == ASK_COUNT)
			put(out, "count(*)");
		put(out, " FROM ");
		sql_name(out, dialect, query->model->table);
	}
	for (uint32_t i = 0; i < query->condition_count; i++) {
		put(out, i ? " AND " : " WHERE ");
		put_condition(out, dialect, query, &query->conditions[i]);
	}
	if (ask != ASK_ROWS)
		return;
	if (query->seek_count) {
		put(out, query->condition_count ? " AND " : " WHERE ");
		page_put_seek(out, dialect, query);
	}
	put_order(out, dialect, query);
	if (query->limit >= 0)
		put(out, " LIMIT ?");
	put_lock(out, dialect, query->lock);
}

/* What cannot be asked, in words. */
static int refuse(const struct rc_query *query, enum ask ask)
{
	struct rc_db *db = query->tx->db;
	const char *table = query->model->table;

	if (query->err == RC_INVALID)
		return db_refuse(db, RC_INVALID, "the cursor is not one of this query on %s; begin without one", table);
	if (query->err != RC_OK)
		return db_refuse(db, (enum rc_err)query->err, "the query on %s has too many conditions or values",
				 table);
	if (query->lock && query->tx->access != RC_WRITE)
		return db_refuse(db, RC_READONLY,
				 "rows of %s can be locked only in a transaction that was begun to write", table);
	if (ask == ASK_UPDATE && query->set_count == 0 && query->model->version < 0)
		return db_refuse(db, RC_INVALID, "the update of %s sets no column", table);
	return RC_OK;
}

/* Values in the order of their places: SET, conditions with those of the page. */
static const struct rc_value *all_values(const struct rc_query *query, enum ask ask, uint32_t *count)
{
	struct rc_value *values;

	*count = query->value_count;
	if (ask != ASK_UPDATE)
		return query->values;
	*count += query->set_count;
	values = RC_ARENA_ARRAY(query->arena, struct rc_value, *count + 1);
	for (uint32_t i = 0; i < query->set_count; i++)
		values[i] = query->sets[i].value;
	if (query->value_count)
		memcpy(values + query->set_count, query->values, sizeof(*values) * query->value_count);
	return values;
}

static int start(struct rc_query *query, enum ask ask, struct prepared **out)
{
	struct rc_db *db = query->tx->db;
	char shape[SHAPE_MAX];
	struct prepared *prepared;
	const struct rc_value *values;
	uint32_t count;
	int rc;

	rc_check(query->tx->open);
	if (ask == ASK_ROWS)
		page_prepare(query);
	rc = refuse(query, ask);
	if (rc != RC_OK)
		return rc;
	prepared = *out = cache_entry(db, &db->shapes, (struct rc_str){shape, write_shape(query, ask, shape)});
	if (!prepared->stmt) {
		struct buf sql = BUF_INIT;

		write_sql(&sql, db->driver->dialect, query, ask);
		rc = prepared_fill(db, prepared, buf_str(&sql));
		prepared->model = query->model;
		buf_release(&sql);
	}
	values = all_values(query, ask, &count);
	if (rc == RC_OK)
		rc = prepared_start(db, prepared, values, count);
	if (rc == RC_OK && ask == ASK_ROWS && query->limit >= 0)
		rc = db->driver->bind(prepared->stmt, count, &RC_INT_VALUE(query->limit), 1);
	return rc;
}

int rc_query_rows(struct rc_query *query, struct rc_rows *out)
{
	struct prepared *prepared;
	int rc;

	*out = (struct rc_rows){0};
	if (query->never)
		return relations_load(query, out);
	rc = start(query, ASK_ROWS, &prepared);
	if (rc != RC_OK)
		return rc;
	rc = prepared_rows(query->tx->db, prepared, query->arena, out);
	prepared_end(query->tx->db, prepared);
	if (rc == RC_OK)
		page_turn(query, out);
	return rc == RC_OK ? relations_load(query, out) : rc;
}

/* Rows that come alone have no list that relations could be kept with, and rows told one by one cannot be turned round. */
static int refuse_lists_only(struct rc_query *query, bool each)
{
	if (query->with_count)
		return db_refuse(query->tx->db, RC_INVALID,
				 "relations of %s are loaded with a list: use …_all, with a limit of 1 for one row",
				 query->model->table);
	if (each && query->seek == RC_SEEK_BEFORE)
		return db_refuse(query->tx->db, RC_INVALID, "the rows before a cursor come as a list: use …_all");
	return RC_OK;
}

int rc_query_one(struct rc_query *query, void **row)
{
	struct prepared *prepared;
	int rc;

	*row = NULL;
	rc = refuse_lists_only(query, false);
	if (rc != RC_OK)
		return rc;
	if (query->never)
		return db_refuse(query->tx->db, RC_NOT_FOUND, "no such row of table %s", query->model->table);
	if (query->limit != 0)
		query->limit = 1;
	rc = start(query, ASK_ROWS, &prepared);
	if (rc != RC_OK)
		return rc;
	rc = prepared_one(query->tx->db, prepared, query->arena, row);
	prepared_end(query->tx->db, prepared);
	return rc;
}

int rc_query_each(struct rc_query *query, int (*each)(void *arg, const void *row), void *arg)
{
	struct prepared *prepared;
	int rc = refuse_lists_only(query, true);

	if (rc != RC_OK || query->never)
		return rc;
	rc = start(query, ASK_ROWS, &prepared);
	if (rc != RC_OK)
		return rc;
	rc = prepared_each(query->tx->db, prepared, each, arg);
	prepared_end(query->tx->db, prepared);
	return rc;
}

int rc_query_count(struct rc_query *query, int64_t *out)
{
	struct prepared *prepared;
	int rc;

	*out = 0;
	if (query->never)
		return RC_OK;
	rc = start(query, ASK_COUNT, &prepared);
	if (rc != RC_OK)
		return rc;
	rc = prepared_int(query->tx->db, prepared, out);
	prepared_end(query->tx->db, prepared);
	return rc;
}

static int write_many(struct rc_query *query, enum ask ask, int64_t *changed)
{
	struct prepared *prepared;
	int rc;

	*changed = 0;
	if (query->never)
		return RC_OK;
	rc = start(query, ask, &prepared);
	if (rc != RC_OK)
		return rc;
	rc = prepared_run(query->tx->db, prepared, changed);
	prepared_end(query->tx->db, prepared);
	return rc;
}

int rc_query_delete(struct rc_query *query, int64_t *removed)
{
	return write_many(query, ASK_DELETE, removed);
}

int rc_query_update(struct rc_query *query, int64_t *changed)
{
	return write_many(query, ASK_UPDATE, changed);
}
