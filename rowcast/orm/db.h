/*
 * One connection as the ORM keeps it: the driver's connection and every statement prepared on it so far.
 *
 * Statements are found without hashing where their number is known at build time (CRUD by model and operation, named
 * statements by id); composed queries by the bytes of their shape, raw SQL by its text. The last two are bounded: when
 * a cache is full it is emptied, because a program that makes that many texts does not reuse them.
 */
#ifndef ROWCAST_ORM_DB_H
#define ROWCAST_ORM_DB_H

#include "rowcast/base/check.h"
#include "rowcast/base/map.h"
#include "rowcast/db/db.h"
#include "rowcast/orm_generated.h"

enum crud {
	CRUD_INSERT,
	CRUD_INSERT_DRAWN, /* without the identity, which is its result (PostgreSQL) or told by the connection */
	CRUD_ARRAYS,       /* many rows, a parameter is a column's array: PostgreSQL */
	CRUD_ARRAYS_DRAWN,
	CRUD_FEW, /* SQL_FEW rows, MariaDB */
	CRUD_FEW_DRAWN,
	CRUD_MANY, /* SQL_MANY rows */
	CRUD_MANY_DRAWN,
	CRUD_UPSERT,
	CRUD_GET,
	CRUD_UPDATE,
	CRUD_DELETE,
	CRUD_DELETE_KEY,
	CRUD_EXISTS,
	CRUD_HOLD, /* lock the row with this key; its version, or 1: MariaDB */
	CRUD_COUNT
};

#define SQL_FEW  8
#define SQL_MANY 64

struct prepared {
	struct db_stmt *stmt;
	bool running; /* between its start and its reset: a row callback must not run it again */
	const struct rc_model *model;
	uint32_t *map; /* raw SQL: result column → model column */
	char *key;     /* of the cache it stands in */
};

struct rc_tx {
	struct rc_db *db;
	enum rc_access access;
	bool open;
	uint32_t savepoints;
};

struct rc_db {
	const struct db_driver *driver;
	struct db_conn *conn;
	const struct rc_schema *schema;
	enum rc_access access;
	struct rc_tx tx;
	struct prepared *crud; /* [model->id * CRUD_COUNT + enum crud] */
	struct prepared *statements;
	struct map shapes, texts;
};

#define CACHE_MAX 256

/* A fault of the ORM itself. */
int db_refuse(struct rc_db *db, enum rc_err err, const char *format, ...) RC_PRINTF(3, 4);
/* Which rule of the schema refused; returns RC_CONSTRAINT. */
int db_refused(struct rc_db *db);
/* Every driver error passes here. Inline, like all below that is so: each call to the database passes these. */
static inline int db_failed(struct rc_db *db, int rc)
{
	return rc == RC_CONSTRAINT ? db_refused(db) : rc;
}

/* statement.c */
int prepared_fill(struct rc_db *db, struct prepared *prepared, struct rc_str sql) RC_MUST_CHECK;
void prepared_release(struct rc_db *db, struct prepared *prepared);
/* The entry for `key`, made empty when new; the caller prepares it when entry->stmt is NULL. */
struct prepared *cache_entry(struct rc_db *db, struct map *cache, struct rc_str key);
void cache_release(struct rc_db *db, struct map *cache);
/* Begin: mark running and bind. End: reset. Between them driver->step and driver->read. */
static inline int prepared_start(struct rc_db *db, struct prepared *prepared, const struct rc_value *params,
				 size_t count)
{
	int rc = RC_OK;

	if (prepared->running)
		return db_refuse(db, RC_INVALID, "this statement is still delivering rows on this connection");
	if (count > 0)
		rc = db->driver->bind(prepared->stmt, 0, params, count);
	prepared->running = rc == RC_OK;
	return rc;
}
static inline void prepared_end(struct rc_db *db, struct prepared *prepared)
{
	db->driver->reset(prepared->stmt);
	prepared->running = false;
}
/* Step to the end without looking at rows; *changed (may be NULL). */
int prepared_run(struct rc_db *db, struct prepared *prepared, int64_t *changed) RC_MUST_CHECK;
/* All rows into the arena. */
int prepared_rows(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena,
		  struct rc_rows *out) RC_MUST_CHECK;
int prepared_one(struct rc_db *db, struct prepared *prepared, struct rc_arena *arena, void **row) RC_MUST_CHECK;
int prepared_each(struct rc_db *db, struct prepared *prepared, int (*each)(void *arg, const void *row),
		  void *arg) RC_MUST_CHECK;
int prepared_int(struct rc_db *db, struct prepared *prepared, int64_t *out) RC_MUST_CHECK;

/* row.c */
int row_prepare(struct rc_db *db, const struct rc_model *model, enum crud op, struct prepared *prepared) RC_MUST_CHECK;
/* The statement for one operation on a model. */
static inline int row_crud(struct rc_tx *tx, const struct rc_model *model, enum crud op, struct prepared **out)
{
	struct rc_db *db = tx->db;

	rc_check(tx->open);
	rc_check(model->id < db->schema->model_count && db->schema->models[model->id] == model);
	*out = &db->crud[model->id * CRUD_COUNT + op];
	return (*out)->stmt ? RC_OK : row_prepare(db, model, op, *out);
}

struct buf;

/* query.c: values behind the others. */
void query_add_values(struct rc_query *query, const struct rc_value *values, uint32_t count);
/* page.c: complete a paged query's order and values, once; its condition; its rows in the query's own order. */
void page_prepare(struct rc_query *query);
void page_put_seek(struct buf *out, enum rc_dialect dialect, const struct rc_query *query);
void page_turn(const struct rc_query *query, struct rc_rows *rows);
/* relation.c: what was asked with the query. */
int relations_load(struct rc_query *query, const struct rc_rows *rows) RC_MUST_CHECK;

/* sql.c: text pieces */
void sql_name(struct buf *out, enum rc_dialect dialect, const char *name);
void sql_columns(struct buf *out, enum rc_dialect dialect, const struct rc_model *model); /* "a", "b" */
void sql_write_crud(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, enum crud op);
/* The single integer column that the database fills, -1: none. */
static inline int32_t model_identity(const struct rc_model *model)
{
	uint32_t column = model->key[0];

	return model->key_count == 1 && (model->columns[column].flags & RC_COLUMN_IDENTITY) ? (int32_t)column : -1;
}
static inline bool model_is_key(const struct rc_model *model, uint32_t column)
{
	for (uint32_t i = 0; i < model->key_count; i++) {
		if (model->key[i] == column)
			return true;
	}
	return false;
}

#endif
