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

#define RC_QUERY_CONDITIONS_MAX 16
#define RC_QUERY_ORDER_MAX      4
#define RC_QUERY_VALUES_MAX     1024 /* values of all conditions together, each IN rounded up to a power of two */
#define RC_QUERY_WITH_MAX       8
#define RC_KEY_MAX              4 /* columns of a primary key */

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
	} order[RC_QUERY_ORDER_MAX + RC_KEY_MAX]; /* the key joins them when the query is paged */
	uint32_t order_count;
	uint32_t lock;           /* enum rc_lock: strength | waiting */
	struct rc_value *values; /* of all conditions, in order */
	uint32_t value_count, value_capacity;
	int64_t limit; /* -1: none */
	int err;
	bool never; /* an IN with no values: no row matches */
	/* Keyset paging: the order's columns are compared with seek_count values behind those of the conditions. */
	enum { RC_SEEK_NONE, RC_SEEK_AFTER, RC_SEEK_BEFORE } seek;
	bool seek_ready; /* order and values are complete */
	struct rc_str cursor;
	uint32_t seek_count, seek_nulls; /* columns; bit i: its value is NULL */
	/* What rc_query_update writes. */
	struct rc_query_assignment {
		uint32_t column;
		struct rc_value value;
	} * sets;
	uint32_t set_count;
	/* Scope, for the relations that are loaded with it. */
	bool unscoped;
	struct rc_value tenant; /* RC_TYPE_NONE: none */
	struct rc_query_with {
		const struct rc_relation *relation;
		struct rc_value tenant;
	} with[RC_QUERY_WITH_MAX];
	uint32_t with_count;
	struct rc_related *related; /* of the rows last read; NULL: none */
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
/* Every row that the conditions select gets these values, and a version that is greater by 1. RC_INVALID: nothing was set.
 */
void rc_query_set(struct rc_query *query, uint32_t column, struct rc_value value);
int rc_query_update(struct rc_query *query, int64_t *changed) RC_MUST_CHECK;

/*
 * Keyset paging (page.c): the rows behind or before a row, by the query's order and then by the primary key, so that
 * nothing is skipped or told twice while others insert and delete, and the last page costs what the first does.
 *
 * A cursor is text for others to keep (base64url): the row's values of those columns, with a version and a check. It
 * belongs to one table and one order; anything else is RC_INVALID. It hides nothing and grants nothing: conditions and
 * scope are the query's own.
 */
void rc_query_after(struct rc_query *query, struct rc_str cursor); /* empty: from the first row on */
/* The nearest rows before it, in the query's own order all the same. Empty: the last rows. */
void rc_query_before(struct rc_query *query, struct rc_str cursor);
struct rc_page {
	struct rc_rows rows;
	struct rc_str previous, next; /* for rc_query_before and rc_query_after; empty: there is no such page */
};
/* At most `limit` rows, and where the neighbours begin. Without rows both cursors are empty. */
int rc_query_page(struct rc_query *query, int64_t limit, struct rc_page *out) RC_MUST_CHECK;
/* The cursor of a row that this query found, in the query's arena. */
struct rc_str rc_query_cursor(struct rc_query *query, const void *row);

/*
 * Scopes (scope.c): the tenant's rows only, and none that is marked as deleted. `tenant`: a value of the type of the
 * model's tenant column, NULL where it has none; the run time stops the process when one is missing.
 * docs/decisions/0026-relations-and-scopes.md
 */
struct rc_query *rc_query_new_scoped(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model,
				     const struct rc_value *tenant);
struct rc_query *rc_query_new_unscoped(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model);
/* `lock`: strength | waiting, RC_NO_LOCK. Also for models without a scope. */
int rc_scoped_get(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model, const struct rc_value *tenant,
		  const struct rc_value *key, uint32_t lock, void **row) RC_MUST_CHECK;
/* A tenant field that is 0 or empty is filled in; RC_INVALID: the row belongs to another one. The rows come as not
 * deleted. */
int rc_scoped_insert(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *rows,
		     size_t count) RC_MUST_CHECK;
/* As rc_row_upsert, and a row marked as deleted comes back. RC_CONSTRAINT: the key is another tenant's. */
int rc_scoped_upsert(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *rows,
		     size_t count) RC_MUST_CHECK;
int rc_scoped_update(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant,
		     void *row) RC_MUST_CHECK;
/* Marks the row where the model has soft delete, else removes it. */
int rc_scoped_delete(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant,
		     const struct rc_value *key) RC_MUST_CHECK;
/* Takes the mark away. RC_NOT_FOUND: no such row, or it is not marked. */
int rc_scoped_restore(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant,
		      const struct rc_value *key) RC_MUST_CHECK;
/* Mark what the query finds. */
int rc_query_mark_deleted(struct rc_query *query, int64_t *marked) RC_MUST_CHECK;

/* Rows one by one where each costs a statement: versions and keys are filled in as by rc_row_upsert. */
int rc_row_upsert_many(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count) RC_MUST_CHECK;
/* As rc_row_insert and its kin; a single key of type RC_UUID that is zero is drawn first (rc_uuid_v7). */
int rc_keyed_insert(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count) RC_MUST_CHECK;
int rc_keyed_upsert(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count) RC_MUST_CHECK;

/*
 * Relations (relation.c), from foreign keys: the rows that the rows of a list refer to, or that refer to them, read with
 * one query for all of them (IN of the distinct keys; more than 512 keys: one query for each 512).
 */
struct rc_relation {
	const char *name;
	const struct rc_model *from, *to;
	uint32_t column_count;
	uint32_t from_columns[RC_KEY_MAX], to_columns[RC_KEY_MAX];
	bool many;      /* rows that refer to ours; else the row that ours refers to */
	uint32_t index; /* among the model's relations */
	uint32_t total; /* how many those are */
};

/* One relation of one list, loaded. */
struct rc_related {
	const struct rc_relation *relation; /* NULL: not loaded */
	void **at;                          /* the distinct rows; of each group together */
	size_t count;
	size_t list_count; /* rows of the list */
	uint32_t *group;   /* of row i of the list; UINT32_MAX: it has none */
	uint32_t *first;   /* group g is at[first[g]] … at[first[g + 1] - 1] */
};

/* Load it together with the rows. `tenant`: of the target, where the query itself has none; NULL. */
void rc_query_with(struct rc_query *query, const struct rc_relation *relation, const struct rc_value *tenant);
/* Load it for rows that are there. *related: of the list; made when it is NULL. */
int rc_relation_load(struct rc_tx *tx, struct rc_arena *arena, const struct rc_relation *relation,
		     const struct rc_value *tenant, bool unscoped, void *const *rows, size_t count,
		     struct rc_related **related) RC_MUST_CHECK;
/* The row, or NULL; the rows; all distinct rows. A relation that was not loaded stops the process. */
void *rc_related_one(const struct rc_related *related, const struct rc_relation *relation, size_t i);
struct rc_rows rc_related_many(const struct rc_related *related, const struct rc_relation *relation, size_t i);
struct rc_rows rc_related_all(const struct rc_related *related, const struct rc_relation *relation);

#endif
