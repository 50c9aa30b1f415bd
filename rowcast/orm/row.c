/*
 * One row in, out, changed or gone.
 *
 * A struct is touched only when its write succeeded: a refused insert leaves identity and version as they were.
 */
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

int row_prepare(struct rc_db *db, const struct rc_model *model, enum crud op, struct prepared *prepared)
{
	struct buf sql = BUF_INIT;
	int rc;

	sql_write_crud(&sql, db->driver->dialect, model, op);
	rc = prepared_fill(db, prepared, buf_str(&sql));
	prepared->model = model;
	buf_release(&sql);
	return rc;
}

static int64_t *version_field(const struct rc_model *model, void *row)
{
	return model->version >= 0 ? RC_FIELD(row, &model->columns[model->version]) : NULL;
}

static int64_t *identity_field(const struct rc_model *model, void *row)
{
	int32_t identity = model_identity(model);

	return identity >= 0 ? RC_FIELD(row, &model->columns[identity]) : NULL;
}

/* Does the database choose the identity? */
static bool is_drawn(const struct rc_model *model, void *row)
{
	const int64_t *identity = identity_field(model, row);

	return identity && *identity == 0;
}

/* The columns but the identity; returns their number. */
static uint32_t other_columns(const struct rc_model *model, uint32_t columns[64])
{
	int32_t identity = model_identity(model);
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->column_count; i++) {
		if ((int32_t)i != identity)
			columns[count++] = i;
	}
	return count;
}

static int bind_others(struct rc_db *db, struct prepared *prepared, const struct rc_model *model, const void *row)
{
	uint32_t columns[64];
	uint32_t count = other_columns(model, columns);

	return db->driver->bind_fields(prepared->stmt, 0, model, columns, count, row);
}

/* The usual place of an identity is the first. */
static inline int bind_undrawn(struct rc_db *db, struct prepared *prepared, const struct rc_model *model,
			       const void *row)
{
	static const uint32_t behind_first[] = {
		1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
		22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
		43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
	};

	if (model->key[0] != 0)
		return bind_others(db, prepared, model, row);
	return db->driver->bind_fields(prepared->stmt, 0, model, behind_first, model->column_count - 1, row);
}

/* Apart, so that the engines whose connection tells it do not pay for the number's stack guard. */
__attribute__((noinline)) static int take_returned(struct rc_db *db, struct prepared *prepared, int64_t *identity)
{
	int64_t number;
	int rc = prepared_int(db, prepared, &number);

	if (rc == RC_OK)
		*identity = number;
	return rc;
}

/* The identity is drawn where its column is not written: the connection tells it (SQLite), or RETURNING. */
static inline int insert_drawn(struct rc_db *db, struct prepared *prepared, const struct rc_model *model, void *row,
			       int64_t *identity)
{
	int rc = bind_undrawn(db, prepared, model, row);

	if (rc != RC_OK)
		return rc;
	if (!db->driver->identity)
		return take_returned(db, prepared, identity);
	rc = prepared_run(db, prepared, NULL);
	if (rc == RC_OK)
		*identity = db->driver->identity(db->conn);
	return rc;
}

static int insert_given(struct rc_db *db, struct prepared *prepared, const struct rc_model *model, const void *row)
{
	int rc = db->driver->bind_fields(prepared->stmt, 0, model, NULL, model->column_count, row);

	return rc == RC_OK ? prepared_run(db, prepared, NULL) : rc;
}

int rc_row_insert(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	struct rc_db *db = tx->db;
	int64_t *version = version_field(model, row);
	int64_t *identity = identity_field(model, row);
	bool first_version = version && *version == 0, drawn = identity && *identity == 0;
	struct prepared *prepared;
	int rc = row_crud(tx, model, drawn ? CRUD_INSERT_DRAWN : CRUD_INSERT, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	if (first_version)
		*version = 1;
	rc = drawn ? insert_drawn(db, prepared, model, row, identity) : insert_given(db, prepared, model, row);
	if (rc != RC_OK && first_version)
		*version = 0;
	prepared_end(db, prepared);
	return rc;
}

/* Another unique rule than the key: then ON DUPLICATE KEY could overwrite some other row. */
static bool has_other_key(const struct rc_db *db, const struct rc_model *model)
{
	for (uint32_t i = 1; i < db->schema->constraint_count; i++) {
		const struct rc_constraint *rule = &db->schema->constraints[i];

		if (rule->kind == RC_UNIQUE && strcmp(rule->table, model->table) == 0)
			return true;
	}
	return false;
}

/* In two steps: hold the row with this key and write it, or insert. */
static int upsert_held(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	int64_t *version = version_field(model, row);
	int64_t version_before = version ? *version : 0, stored;
	struct prepared *prepared;
	int rc = row_crud(tx, model, CRUD_HOLD, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(tx->db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	rc = tx->db->driver->bind_fields(prepared->stmt, 0, model, model->key, model->key_count, row);
	if (rc == RC_OK)
		rc = prepared_int(tx->db, prepared, &stored);
	prepared_end(tx->db, prepared);
	if (rc == RC_NOT_FOUND)
		return rc_row_insert(tx, model, row);
	if (rc != RC_OK)
		return rc;
	if (version)
		*version = stored;
	rc = rc_row_update(tx, model, row);
	if (rc != RC_OK && version)
		*version = version_before;
	return rc;
}

int rc_row_upsert(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	struct rc_db *db = tx->db;
	int64_t *version = version_field(model, row);
	int64_t version_before = version ? *version : 0;
	int64_t stored = 0;
	struct prepared *prepared;
	int rc;

	if (is_drawn(model, row))
		return rc_row_insert(tx, model, row);
	if (db->driver->dialect == RC_MARIADB && has_other_key(db, model))
		return upsert_held(tx, model, row);
	rc = row_crud(tx, model, CRUD_UPSERT, &prepared);
	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	if (version && *version == 0)
		*version = 1;
	rc = db->driver->bind_fields(prepared->stmt, 0, model, NULL, model->column_count, row);
	if (rc == RC_OK)
		rc = version ? prepared_int(db, prepared, &stored) : prepared_run(db, prepared, NULL);
	if (version)
		*version = rc == RC_OK ? stored : version_before;
	prepared_end(db, prepared);
	return rc;
}

int rc_row_get(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model, const struct rc_value *key,
	       void **row)
{
	struct prepared *prepared;
	int rc = row_crud(tx, model, CRUD_GET, &prepared);

	*row = NULL;
	if (rc == RC_OK)
		rc = prepared_start(tx->db, prepared, key, model->key_count);
	if (rc != RC_OK)
		return rc;
	rc = prepared_one(tx->db, prepared, arena, row);
	prepared_end(tx->db, prepared);
	return rc;
}

/* No row was written: is it another version, or no row at all? */
static int explain_miss(struct rc_tx *tx, const struct rc_model *model, const void *row)
{
	struct prepared *prepared;
	int64_t one;
	int rc;

	if (model->version < 0)
		return db_refuse(tx->db, RC_NOT_FOUND, "table %s has no row with this key", model->table);
	rc = row_crud(tx, model, CRUD_EXISTS, &prepared);
	if (rc == RC_OK)
		rc = prepared_start(tx->db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	rc = tx->db->driver->bind_fields(prepared->stmt, 0, model, model->key, model->key_count, row);
	if (rc == RC_OK)
		rc = prepared_int(tx->db, prepared, &one);
	prepared_end(tx->db, prepared);
	if (rc == RC_OK)
		return db_refuse(tx->db, RC_STALE, "the row of table %s was changed by somebody else since it was read",
				 model->table);
	if (rc == RC_NOT_FOUND)
		return db_refuse(tx->db, RC_NOT_FOUND, "table %s has no row with this key", model->table);
	return rc;
}

int rc_row_update(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	struct rc_db *db = tx->db;
	int64_t *version = version_field(model, row);
	struct rc_value stored_version = RC_INT_VALUE(version ? *version : 0);
	uint32_t columns[64], count = 0;
	int64_t changed = 0;
	struct prepared *prepared;
	int rc = row_crud(tx, model, CRUD_UPDATE, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!model_is_key(model, i))
			columns[count++] = i;
	}
	for (uint32_t i = 0; i < model->key_count; i++)
		columns[count++] = model->key[i];
	if (version)
		++*version;
	rc = db->driver->bind_fields(prepared->stmt, 0, model, columns, count, row);
	if (rc == RC_OK && version)
		rc = db->driver->bind(prepared->stmt, count, &stored_version, 1);
	if (rc == RC_OK)
		rc = prepared_run(db, prepared, &changed);
	prepared_end(db, prepared);
	if (rc == RC_OK && changed == 1)
		return RC_OK;
	if (version)
		--*version;
	return rc != RC_OK ? rc : explain_miss(tx, model, row);
}

int rc_row_delete(struct rc_tx *tx, const struct rc_model *model, const void *row)
{
	struct rc_db *db = tx->db;
	int64_t changed = 0;
	struct prepared *prepared;
	int rc = row_crud(tx, model, CRUD_DELETE, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	rc = db->driver->bind_fields(prepared->stmt, 0, model, model->key, model->key_count, row);
	if (rc == RC_OK && model->version >= 0) {
		struct rc_value version = rc_row_value(model, row, (uint32_t)model->version);

		rc = db->driver->bind(prepared->stmt, model->key_count, &version, 1);
	}
	if (rc == RC_OK)
		rc = prepared_run(db, prepared, &changed);
	prepared_end(db, prepared);
	return rc != RC_OK || changed == 1 ? rc : explain_miss(tx, model, row);
}

int rc_row_delete_key(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *key)
{
	int64_t changed = 0;
	struct prepared *prepared;
	int rc = row_crud(tx, model, CRUD_DELETE_KEY, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(tx->db, prepared, key, model->key_count);
	if (rc != RC_OK)
		return rc;
	rc = prepared_run(tx->db, prepared, &changed);
	prepared_end(tx->db, prepared);
	if (rc == RC_OK && changed == 0)
		rc = db_refuse(tx->db, RC_NOT_FOUND, "table %s has no row with this key", model->table);
	return rc;
}
