/*
 * What generated code calls: the run time behind the thin typed functions that rowgen writes. People call those.
 *
 *   int venue_insert(struct rc_tx *tx, struct venue *row) { return rc_row_insert(tx, &venue_model, row); }
 *
 * Insert, get, update and delete need no SQL from the generator: the run time writes it once per connection from the
 * descriptor, in the connection's dialect. Rows and strings read live in the caller's arena; nothing is allocated per
 * row elsewhere. Every function returns 0 or a negative rc_err; rc_db_fault(rc_tx_db(tx)) says the reason in words and,
 * for RC_CONSTRAINT, which rule of the schema refused.
 *
 * Storage that the generated SQLite DDL must agree with: tables are STRICT; a single RC_INT key is `INTEGER PRIMARY KEY
 * AUTOINCREMENT`; any other key makes the table WITHOUT ROWID; types as in rowcast/model.h.
 */
#ifndef ROWCAST_ORM_GENERATED_H
#define ROWCAST_ORM_GENERATED_H

#include "rowcast/orm.h"

/*
 * Insert one row: all columns are written as the struct says (database DEFAULTs do not apply). An RC_COLUMN_IDENTITY
 * field that is 0 is filled with the number that the database drew; a version field that is 0 becomes 1.
 */
int rc_row_insert(struct rc_tx *tx, const struct rc_model *model, void *row) RC_MUST_CHECK;
/* `rows`: an array of `count` structs; few statements where the engine can (PostgreSQL: one, by arrays). Identities and
 * versions are filled in as by rc_row_insert. After a refusal some rows may stay inserted (use a savepoint). */
int rc_row_insert_many(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count) RC_MUST_CHECK;
/* Insert, or overwrite the row with the same primary key; the version, where there is one, grows by 1 and is filled in.
 */
int rc_row_upsert(struct rc_tx *tx, const struct rc_model *model, void *row) RC_MUST_CHECK;
/* `key`: model->key_count values in the order of model->key. RC_NOT_FOUND: *row is NULL. */
int rc_row_get(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model, const struct rc_value *key,
	       void **row) RC_MUST_CHECK;
/*
 * Write every column of the row with this primary key. With a version column: only if the stored version is the
 * struct's, which then grows by 1 in both; RC_STALE: another version is stored. RC_NOT_FOUND: no such row.
 */
int rc_row_update(struct rc_tx *tx, const struct rc_model *model, void *row) RC_MUST_CHECK;
/* Delete the row with this primary key (and version, where there is one). RC_STALE, RC_NOT_FOUND as above. */
int rc_row_delete(struct rc_tx *tx, const struct rc_model *model, const void *row) RC_MUST_CHECK;
/* Delete by key alone, whatever its version. */
int rc_row_delete_key(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *key) RC_MUST_CHECK;

/*
 * Statements of queries.sql. `params`: statement->param_count values. Results are decoded by POSITION: column i of the
 * result is column i of statement->result.
 */
int rc_statement_rows(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		      const struct rc_value *params, struct rc_rows *out) RC_MUST_CHECK;
/* The first row; RC_NOT_FOUND: *row is NULL. */
int rc_statement_one(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		     const struct rc_value *params, void **row) RC_MUST_CHECK;
/* Call `each` per row; the row is borrowed during the call. A negative answer stops and is returned. */
int rc_statement_each(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		      int (*each)(void *arg, const void *row), void *arg) RC_MUST_CHECK;
/* No result; *changed (may be NULL): rows written. */
int rc_statement_run(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		     int64_t *changed) RC_MUST_CHECK;
/*
 * The statement `count` times, run i with the values params[i * statement->param_count …]: one round trip where the
 * engine can (PostgreSQL pipelines). out[i]: the rows of run i.
 */
int rc_statement_batch(struct rc_tx *tx, struct rc_arena *arena, const struct rc_statement *statement,
		       const struct rc_value *params, size_t count, struct rc_rows *out) RC_MUST_CHECK;
/* First column of the first row; RC_NOT_FOUND: no row, or NULL. */
int rc_statement_int(struct rc_tx *tx, const struct rc_statement *statement, const struct rc_value *params,
		     int64_t *out) RC_MUST_CHECK;

/*
 * A query that is put together at run time. Conditions are joined by AND. The SQL of each shape (model, conditions,
 * order) is written once and kept prepared on the connection; values are always bound, never pasted.
 *
 *   struct rc_query *q = rc_query_new(tx, arena, &booking_model);
 *   rc_query_where(q, BOOKING_STATE, RC_EQ, RC_TEXT_VALUE(RC_STR("held")));
 *   rc_query_order(q, BOOKING_STARTS_AT, false);
 *   rc = rc_query_rows(q, &rows);
 *
 * Building never fails; what was wrong (too many conditions) is returned by the function that runs it, as RC_LIMIT.
 */
enum rc_compare { RC_EQ = 1, RC_NE, RC_LT, RC_LE, RC_GT, RC_GE, RC_IN, RC_IS_NULL, RC_NOT_NULL_VALUE };

/*
 * Locks on the rows that a query finds, held until the transaction ends: how strong, and what is done about rows that
 * another transaction holds. RC_NOWAIT: RC_BUSY at once; RC_SKIP_LOCKED: they are left out. MariaDB knows two
 * strengths: share (for the two SHAREs) and update. On SQLite a write transaction holds every row already, so a lock
 * asks for one and adds nothing.
 */
enum rc_lock {
	RC_NO_LOCK,
	RC_FOR_KEY_SHARE,
	RC_FOR_SHARE,
	RC_FOR_NO_KEY_UPDATE,
	RC_FOR_UPDATE,
	RC_WAIT = 0,
	RC_NOWAIT = 8,
	RC_SKIP_LOCKED = 16,
};

#define RC_QUERY_CONDITIONS_MAX 16
#define RC_QUERY_ORDER_MAX      4
#define RC_QUERY_VALUES_MAX     1024 /* values of all conditions together, each IN rounded up to a power of two */

struct rc_query {
	struct rc_tx *tx;
	struct rc_arena *arena;
	const struct rc_model *model;
	struct rc_query_condition {
		enum rc_compare compare;
		uint32_t column;
		uint32_t count; /* values */
	} conditions[RC_QUERY_CONDITIONS_MAX];
	uint32_t condition_count;
	struct rc_query_order {
		uint32_t column;
		bool descending;
	} order[RC_QUERY_ORDER_MAX];
	uint32_t order_count;
	uint32_t lock;           /* enum rc_lock: strength | waiting */
	struct rc_value *values; /* of all conditions, in order */
	uint32_t value_count, value_capacity;
	int64_t limit; /* -1: none */
	int err;
	bool never; /* an IN with no values: no row matches */
};

struct rc_query *rc_query_new(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model);
/* One value; a NULL value with RC_EQ or RC_NE asks IS NULL or IS NOT NULL. */
void rc_query_where(struct rc_query *query, uint32_t column, enum rc_compare compare, struct rc_value value);
void rc_query_between(struct rc_query *query, uint32_t column, struct rc_value low,
		      struct rc_value high); /* both inclusive */
void rc_query_in(struct rc_query *query, uint32_t column, const struct rc_value *values, size_t count);
void rc_query_null(struct rc_query *query, uint32_t column, bool is_null);
/* Half-open ranges [low_column, high_column) that overlap [low, high). */
void rc_query_overlaps(struct rc_query *query, uint32_t low_column, uint32_t high_column, struct rc_value low,
		       struct rc_value high);
void rc_query_order(struct rc_query *query, uint32_t column, bool descending);
void rc_query_limit(struct rc_query *query, int64_t limit);
/* `rows`: RC_FOR_…; `wait`: RC_WAIT, RC_NOWAIT or RC_SKIP_LOCKED. RC_READONLY by what runs it, outside RC_WRITE. */
void rc_query_lock(struct rc_query *query, enum rc_lock rows, enum rc_lock wait);

int rc_query_rows(struct rc_query *query, struct rc_rows *out) RC_MUST_CHECK;
int rc_query_one(struct rc_query *query, void **row) RC_MUST_CHECK; /* the first; RC_NOT_FOUND */
int rc_query_each(struct rc_query *query, int (*each)(void *arg, const void *row), void *arg) RC_MUST_CHECK;
int rc_query_count(struct rc_query *query, int64_t *out) RC_MUST_CHECK;      /* limit and order do not matter */
int rc_query_delete(struct rc_query *query, int64_t *removed) RC_MUST_CHECK; /* limit and order do not matter */

#endif
