/*
 * One row in, out, changed or gone.
 *
 * A struct is touched only when its write succeeded: a refused insert leaves identity and version as they were.
 */
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

static int crud(struct rc_tx *tx, const struct rc_model *model, enum crud op, struct prepared **out)
{
	struct rc_db *db = tx->db;
	struct prepared *prepared;
	struct buf sql = BUF_INIT;
	int rc = RC_OK;

	rc_check(tx->open);
	rc_check(model->id < db->schema->model_count && db->schema->models[model->id] == model);
	prepared = *out = &db->crud[model->id * CRUD_COUNT + op];
	if (prepared->stmt)
		return RC_OK;
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

/* The single integer column that the database fills, -1: none. */
static int32_t identity_column(const struct rc_model *model)
{
	uint32_t column = model->key[0];

	return model->key_count == 1 && (model->columns[column].flags & RC_COLUMN_IDENTITY) ? (int32_t)column : -1;
}

/* Bind a whole row for INSERT; *drawn: the database chooses the identity. */
static int bind_insert(struct rc_db *db, struct prepared *prepared, const struct rc_model *model, void *row,
		       bool *drawn)
{
	int32_t identity = identity_column(model);
	int rc = db->driver->bind_fields(prepared->stmt, 0, model, NULL, model->column_count, row);

	*drawn = identity >= 0 && *(int64_t *)RC_FIELD(row, &model->columns[identity]) == 0;
	if (rc == RC_OK && *drawn)
		rc = db->driver->bind(prepared->stmt, (uint32_t)identity, &RC_NULL_VALUE, 1);
	return rc;
}

int rc_row_insert(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	struct rc_db *db = tx->db;
	int64_t *version = version_field(model, row);
	bool first_version = version && *version == 0, drawn = false;
	struct prepared *prepared;
	int rc = crud(tx, model, CRUD_INSERT, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	if (first_version)
		*version = 1;
	rc = bind_insert(db, prepared, model, row, &drawn);
	if (rc == RC_OK)
		rc = prepared_run(db, prepared, NULL);
	if (rc == RC_OK && drawn)
		*(int64_t *)RC_FIELD(row, &model->columns[model->key[0]]) = db->driver->identity(db->conn);
	if (rc != RC_OK && first_version)
		*version = 0;
	prepared_end(db, prepared);
	return rc;
}

int rc_row_insert_many(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	int rc = RC_OK;

	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = rc_row_insert(tx, model, (char *)rows + i * model->row_bytes);
	return rc;
}

int rc_row_upsert(struct rc_tx *tx, const struct rc_model *model, void *row)
{
	struct rc_db *db = tx->db;
	int64_t *version = version_field(model, row);
	int64_t version_before = version ? *version : 0;
	int64_t stored = 0;
	bool drawn = false;
	struct prepared *prepared;
	int rc = crud(tx, model, CRUD_UPSERT, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	if (version && *version == 0)
		*version = 1;
	rc = bind_insert(db, prepared, model, row, &drawn);
	if (rc == RC_OK)
		rc = version ? prepared_int(db, prepared, &stored) : prepared_run(db, prepared, NULL);
	if (version)
		*version = rc == RC_OK ? stored : version_before;
	if (rc == RC_OK && drawn)
		*(int64_t *)RC_FIELD(row, &model->columns[model->key[0]]) = db->driver->identity(db->conn);
	prepared_end(db, prepared);
	return rc;
}

int rc_row_get(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model, const struct rc_value *key,
	       void **row)
{
	struct prepared *prepared;
	int rc = crud(tx, model, CRUD_GET, &prepared);

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
	rc = crud(tx, model, CRUD_EXISTS, &prepared);
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
	int rc = crud(tx, model, CRUD_UPDATE, &prepared);

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
	int rc = crud(tx, model, CRUD_DELETE, &prepared);

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
	int rc = crud(tx, model, CRUD_DELETE_KEY, &prepared);

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
