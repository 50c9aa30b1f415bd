/*
 * Prepared statements: named ones, raw SQL, and the loop that turns results into rows.
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

int prepared_fill(struct rc_db *db, struct prepared *prepared, struct rc_str sql)
{
	return db_failed(db, db->driver->prepare(db->conn, sql, &prepared->stmt));
}

void prepared_release(struct rc_db *db, struct prepared *prepared)
{
	if (prepared->stmt)
		db->driver->finalize(prepared->stmt);
	free(prepared->map);
	free(prepared->key);
	*prepared = (struct prepared){0};
}

void cache_release(struct rc_db *db, struct map *cache)
{
	struct map_entry *entry;

	for (size_t i = 0; (entry = map_next(cache, &i));) {
		prepared_release(db, entry->value);
		free(entry->value);
	}
	map_release(cache);
	*cache = MAP_INIT;
}

static bool cache_running(const struct map *cache)
{
	struct map_entry *entry;

	for (size_t i = 0; (entry = map_next(cache, &i));) {
		if (((struct prepared *)entry->value)->running)
			return true;
	}
	return false;
}

struct prepared *cache_entry(struct rc_db *db, struct map *cache, struct rc_str key)
{
	struct prepared *prepared = map_get(cache, key);

	if (prepared)
		return prepared;
	if (cache->count >= CACHE_MAX && !cache_running(cache))
		cache_release(db, cache);
	prepared = rc_xcalloc(1, sizeof(*prepared));
	prepared->key = rc_xmalloc(key.len + 1);
	memcpy(prepared->key, key.ptr, key.len);
	map_put(cache, (struct rc_str){prepared->key, key.len}, prepared);
	return prepared;
}

int prepared_run(struct rc_db *db, struct prepared *prepared, int64_t *changed)
{
	int rc;

	while ((rc = db->driver->step(prepared->stmt)) == DB_ROW)
		;
	if (rc == RC_OK && changed)
		*changed = db->driver->changed(db->conn);
	return db_failed(db, rc);
}

/* The current row, in `arena`. */
static inline int read_row(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena, void **row)
{
	const struct rc_model *model = prepared->model;

	*row = memset(rc_arena_alloc(arena, model->row_bytes), 0, model->row_bytes);
	return db->driver->read(prepared->stmt, model, prepared->map, arena, *row);
}

#define ROWS_FIRST 16

/* The current row behind the others; their number says when the array is full: 16, 32, … */
static inline int rows_add(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena, struct rc_rows *rows)
{
	void *row;
	int rc = read_row(db, prepared, arena, &row);

	if (rc != RC_OK)
		return rc;
	if (rows->count == 0 || (rows->count >= ROWS_FIRST && (rows->count & (rows->count - 1)) == 0)) {
		void **more = RC_ARENA_ARRAY(arena, void *, rows->count ? rows->count * 2 : ROWS_FIRST);

		if (rows->count)
			memcpy(more, rows->at, rows->count * sizeof(*more));
		rows->at = more;
	}
	rows->at[rows->count++] = row;
	return RC_OK;
}

int prepared_rows(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena, struct rc_rows *out)
{
	int rc;

	*out = (struct rc_rows){0};
	while ((rc = db->driver->step(prepared->stmt)) == DB_ROW) {
		rc = rows_add(db, prepared, arena, out);
		if (rc != RC_OK)
			break;
	}
	return db_failed(db, rc);
}

int prepared_one(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena, void **row)
{
	int rc = db->driver->step(prepared->stmt);

	*row = NULL;
	if (rc == RC_OK)
		return db_refuse(db, RC_NOT_FOUND, "no such row of table %s", prepared->model->table);
	if (rc != DB_ROW)
		return db_failed(db, rc);
	rc = read_row(db, prepared, arena, row);
	if (rc != RC_OK)
		*row = NULL;
	return rc;
}

int prepared_each(struct rc_db *db, struct prepared *prepared, int (*each)(void *arg, const void *row), void *arg)
{
	struct rc_arena arena;
	int rc;

	rc_arena_init(&arena, prepared->model->row_bytes + 1024);
	while ((rc = db->driver->step(prepared->stmt)) == DB_ROW) {
		void *row;

		rc = read_row(db, prepared, &arena, &row);
		if (rc == RC_OK)
			rc = each(arg, row);
		if (rc != RC_OK)
			break;
		rc_arena_reset(&arena);
	}
	rc_arena_release(&arena);
	return db_failed(db, rc);
}

int prepared_int(struct rc_db *db, struct prepared *prepared, int64_t *out)
{
	int rc = db->driver->step(prepared->stmt);

	if (rc == RC_OK)
		return db_refuse(db, RC_NOT_FOUND, "the statement found nothing");
	if (rc != DB_ROW)
		return db_failed(db, rc);
	return db->driver->read_int(prepared->stmt, out);
}

/* Named statements */

enum { BINDS_MAX = 64 }; /* rowgen writes no more */

/* How many parameters the text has for this engine. */
static uint32_t bound_count(const struct rc_db *db, const struct rc_statement *statement)
{
	return statement->binds && db->driver->dialect == RC_MARIADB ? statement->bind_count : statement->param_count;
}

/* The values of `runs` runs as the text's own parameters take them. */
static const struct rc_value *bound_values(const struct rc_db *db, const struct rc_statement *statement,
					   const struct rc_value *params, size_t runs, struct rc_value *room)
{
	if (!statement->binds || db->driver->dialect != RC_MARIADB)
		return params;
	for (size_t run = 0; run < runs; run++)
		for (uint32_t i = 0; i < statement->bind_count; i++)
			room[run * statement->bind_count + i] =
				params[run * statement->param_count + statement->binds[i]];
	return room;
}

/* Prepared, not started. */
static int find_named(struct rc_tx *tx, const struct rc_statement *statement, struct prepared **out)
{
	struct rc_db *db = tx->db;
	struct prepared *prepared;
	int rc;

	rc_check(tx->open);
	rc_check(statement->id < db->schema->statement_count && statement->bind_count <= BINDS_MAX);
	prepared = *out = &db->statements[statement->id];
	if (prepared->stmt)
		return RC_OK;
	if (!statement->sql[db->driver->dialect])
		return db_refuse(db, RC_INVALID, "this query has no text for %s databases", db->driver->scheme);
	rc = prepared_fill(db, prepared, rc_str_from(statement->sql[db->driver->dialect]));
	if (rc != RC_OK)
		return rc;
	prepared->model = statement->result;
	rc_check(db->driver->param_count(prepared->stmt) == bound_count(db, statement));
	rc_check(!statement->result || db->driver->column_count(prepared->stmt) == statement->result->column_count);
	return RC_OK;
}

static int named(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		 struct prepared **out)
{
	struct rc_value room[BINDS_MAX];
	int rc = find_named(tx, statement, out);

	if (rc != RC_OK)
		return rc;
	return prepared_start(tx->db, *out, bound_values(tx->db, statement, params, 1, room),
			      bound_count(tx->db, statement));
}

int rc_statement_rows(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		      const struct rc_value *params, struct rc_rows *out)
{
	struct prepared *prepared;
	int rc = named(tx, statement, params, &prepared);

	*out = (struct rc_rows){0};
	if (rc != RC_OK)
		return rc;
	rc = prepared_rows(tx->db, prepared, arena, out);
	prepared_end(tx->db, prepared);
	return rc;
}

struct batch {
	struct rc_db *db;
	struct prepared *prepared;
	struct rc_arena *arena;
	struct rc_rows *out;
};

static int batch_row(void *arg, size_t run)
{
	struct batch *batch = arg;

	return rows_add(batch->db, batch->prepared, batch->arena, &batch->out[run]);
}

int rc_statement_batch(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		       const struct rc_value *params, size_t count, struct rc_rows *out)
{
	struct batch batch = {.db = tx->db, .arena = arena, .out = out};
	struct rc_value *room;
	int rc = find_named(tx, statement, &batch.prepared);

	memset(out, 0, count * sizeof(*out));
	if (rc == RC_OK)
		rc = prepared_start(tx->db, batch.prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	room = RC_ARENA_ARRAY(arena, struct rc_value, count * (statement->binds ? statement->bind_count : 0) + 1);
	params = bound_values(tx->db, statement, params, count, room);
	rc = tx->db->driver->batch(batch.prepared->stmt, params, bound_count(tx->db, statement), count, batch_row,
				   &batch);
	prepared_end(tx->db, batch.prepared);
	return db_failed(tx->db, rc);
}

int rc_statement_one(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		     const struct rc_value *params, void **row)
{
	struct prepared *prepared;
	int rc = named(tx, statement, params, &prepared);

	*row = NULL;
	if (rc != RC_OK)
		return rc;
	rc = prepared_one(tx->db, prepared, arena, row);
	prepared_end(tx->db, prepared);
	return rc;
}

int rc_statement_each(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		      int (*each)(void *arg, const void *row), void *arg)
{
	struct prepared *prepared;
	int rc = named(tx, statement, params, &prepared);

	if (rc != RC_OK)
		return rc;
	rc = prepared_each(tx->db, prepared, each, arg);
	prepared_end(tx->db, prepared);
	return rc;
}

int rc_statement_run(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		     int64_t *changed)
{
	struct prepared *prepared;
	int rc = named(tx, statement, params, &prepared);

	if (rc != RC_OK)
		return rc;
	rc = prepared_run(tx->db, prepared, changed);
	prepared_end(tx->db, prepared);
	return rc;
}

int rc_statement_int(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		     int64_t *out)
{
	struct prepared *prepared;
	int rc = named(tx, statement, params, &prepared);

	if (rc != RC_OK)
		return rc;
	rc = prepared_int(tx->db, prepared, out);
	prepared_end(tx->db, prepared);
	return rc;
}
