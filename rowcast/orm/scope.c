/*
 * Calls that keep to a tenant's rows and leave out what is marked as deleted. Each is a composed query whose first
 * conditions are the scope's, so there is one place that adds them (rc_query_new_scoped) and nothing that could leave
 * them out; single rows cost a look into the cache of shapes more than unscoped ones.
 *
 * A row struct says whose it is: a tenant field that is 0 or empty is filled in, another tenant's is refused. The mark of
 * deletion is never written from a struct, where a forgotten NULL bit would mean "deleted in 1970": only delete and
 * restore write it.
 */
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"
#include "rowcast/uuid.h"

static const struct rc_scope no_scope = {-1, -1};

static const struct rc_scope *scope_of(const struct rc_model *model)
{
	return model->scope ? model->scope : &no_scope;
}

struct rc_query *rc_query_new_unscoped(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model)
{
	struct rc_query *query = rc_query_new(tx, arena, model);

	query->unscoped = true;
	return query;
}

/* The tenant's condition alone. */
static struct rc_query *query_of_tenant(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model,
					const struct rc_value *tenant)
{
	const struct rc_scope *scope = scope_of(model);
	struct rc_query *query = rc_query_new(tx, arena, model);

	if (scope->tenant < 0) {
		rc_check(!tenant);
		return query;
	}
	rc_check(tenant && tenant->type == model->columns[scope->tenant].type);
	query->tenant = *tenant;
	rc_query_where(query, (uint32_t)scope->tenant, RC_EQ, *tenant);
	return query;
}

struct rc_query *rc_query_new_scoped(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model,
				     const struct rc_value *tenant)
{
	struct rc_query *query = query_of_tenant(tx, arena, model, tenant);

	if (scope_of(model)->deleted >= 0)
		rc_query_null(query, (uint32_t)scope_of(model)->deleted, true);
	return query;
}

static void where_key(struct rc_query *query, const struct rc_value *key)
{
	for (uint32_t i = 0; i < query->model->key_count; i++)
		rc_query_where(query, query->model->key[i], RC_EQ, key[i]);
}

static void key_of(const struct rc_model *model, const void *row, struct rc_value key[RC_KEY_MAX])
{
	for (uint32_t i = 0; i < model->key_count; i++)
		key[i] = rc_row_value(model, row, model->key[i]);
}

static int say_no_row(struct rc_tx *tx, const struct rc_model *model)
{
	return db_refuse(tx->db, RC_NOT_FOUND, "table %s has no row with this key%s", model->table,
			 scope_of(model)->tenant >= 0 ? " for this tenant" : "");
}

int rc_scoped_get(struct rc_tx *tx, struct rc_arena *arena, const struct rc_model *model, const struct rc_value *tenant,
		  const struct rc_value *key, uint32_t lock, void **row)
{
	struct rc_query *query = rc_query_new_scoped(tx, arena, model, tenant);
	int rc;

	where_key(query, key);
	query->lock = lock;
	rc = rc_query_one(query, row);
	return rc == RC_NOT_FOUND ? say_no_row(tx, model) : rc;
}

/* The struct's tenant and mark */

static bool is_empty(const struct rc_value *value)
{
	switch (value->type) {
	case RC_INT:
		return value->integer == 0;
	case RC_TEXT:
		return value->text.len == 0;
	case RC_UUID:
		return rc_uuid_is_zero(value->uuid);
	default:
		return false;
	}
}

static bool is_same(const struct rc_value *a, const struct rc_value *b)
{
	switch (a->type) {
	case RC_INT:
		return a->integer == b->integer;
	case RC_TEXT:
		return rc_str_eq(a->text, b->text);
	case RC_UUID:
		return memcmp(&a->uuid, &b->uuid, sizeof(a->uuid)) == 0;
	default:
		return false;
	}
}

static void fill(void *field, const struct rc_value *value)
{
	if (value->type == RC_INT)
		*(int64_t *)field = value->integer;
	else if (value->type == RC_TEXT)
		*(struct rc_str *)field = value->text;
	else
		*(struct rc_uuid *)field = value->uuid;
}

static int take_in(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *row)
{
	const struct rc_scope *scope = scope_of(model);

	if (scope->deleted >= 0) {
		RC_ROW_NULLS(row) |= UINT64_C(1) << scope->deleted;
		*(int64_t *)RC_FIELD(row, &model->columns[scope->deleted]) = 0;
	}
	if (scope->tenant >= 0) {
		const struct rc_column *column = &model->columns[scope->tenant];
		struct rc_value own = rc_row_value(model, row, (uint32_t)scope->tenant);

		rc_check(tenant && tenant->type == column->type);
		if (is_empty(&own))
			fill(RC_FIELD(row, column), tenant);
		else if (!is_same(&own, tenant))
			return db_refuse(tx->db, RC_INVALID, "the row of %s belongs to another %s than the one given",
					 model->table, column->name);
	}
	return RC_OK;
}

/* Keys */

static struct rc_uuid *uuid_key(const struct rc_model *model, void *row)
{
	const struct rc_column *key = &model->columns[model->key[0]];

	return model->key_count == 1 && key->type == RC_UUID ? RC_FIELD(row, key) : NULL;
}

/* Draw keys that are zero; `undo`: of rows that were not written they become zero again. */
static void draw_keys(const struct rc_model *model, char *rows, size_t count, bool *drawn, bool undo)
{
	for (size_t i = 0; i < count; i++) {
		struct rc_uuid *key = uuid_key(model, rows + i * model->row_bytes);

		if (undo && drawn[i])
			*key = (struct rc_uuid){0};
		if (undo)
			continue;
		drawn[i] = rc_uuid_is_zero(*key);
		if (drawn[i])
			*key = rc_uuid_v7();
	}
}

static int write_keyed(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count,
		       int (*write)(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count))
{
	struct rc_arena arena;
	bool *drawn;
	int rc;

	if (count == 0 || !uuid_key(model, rows))
		return write(tx, model, rows, count);
	rc_arena_init(&arena, count + 64);
	drawn = RC_ARENA_ARRAY(&arena, bool, count);
	draw_keys(model, rows, count, drawn, false);
	rc = write(tx, model, rows, count);
	if (rc != RC_OK)
		draw_keys(model, rows, count, drawn, true);
	rc_arena_release(&arena);
	return rc;
}

static int insert_some(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	return count == 1 ? rc_row_insert(tx, model, rows) : rc_row_insert_many(tx, model, rows, count);
}

int rc_row_upsert_many(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	int rc = RC_OK;

	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = rc_row_upsert(tx, model, (char *)rows + i * model->row_bytes);
	return rc;
}

int rc_keyed_insert(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	return write_keyed(tx, model, rows, count, insert_some);
}

int rc_keyed_upsert(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	return write_keyed(tx, model, rows, count, rc_row_upsert_many);
}

/* Insert, upsert, update */

int rc_scoped_insert(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *rows,
		     size_t count)
{
	int rc = RC_OK;

	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = take_in(tx, model, tenant, (char *)rows + i * model->row_bytes);
	return rc == RC_OK ? rc_keyed_insert(tx, model, rows, count) : rc;
}

/* Set every column that a struct may write. */
static void set_from_row(struct rc_query *query, const void *row)
{
	const struct rc_model *model = query->model;
	const struct rc_scope *scope = scope_of(model);

	for (uint32_t i = 0; i < model->column_count; i++) {
		if (model_is_key(model, i) || (int32_t)i == model->version || (int32_t)i == scope->tenant ||
		    (int32_t)i == scope->deleted)
			continue;
		rc_query_set(query, i, rc_row_value(model, row, i));
	}
}

/* Nothing was changed: no such row, or another version? `query`: without the version's condition. */
static int explain_miss(struct rc_query *query)
{
	int64_t there = 0;
	int rc = query->model->version >= 0 ? rc_query_count(query, &there) : RC_OK;

	if (rc != RC_OK)
		return rc;
	if (there)
		return db_refuse(query->tx->db, RC_STALE,
				 "the row of table %s was changed by somebody else since it was read",
				 query->model->table);
	return say_no_row(query->tx, query->model);
}

int rc_scoped_update(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *row)
{
	struct rc_value key[RC_KEY_MAX];
	struct rc_query *query;
	struct rc_arena arena;
	int64_t changed = 0;
	int rc = take_in(tx, model, tenant, row);

	if (rc != RC_OK)
		return rc;
	rc_arena_init(&arena, 4096);
	query = rc_query_new_scoped(tx, &arena, model, tenant);
	key_of(model, row, key);
	where_key(query, key);
	set_from_row(query, row);
	if (model->version >= 0)
		rc_query_where(query, (uint32_t)model->version, RC_EQ,
			       rc_row_value(model, row, (uint32_t)model->version));
	if (query->set_count || model->version >= 0)
		rc = rc_query_update(query, &changed);
	else
		rc = rc_query_count(query, &changed);
	if (rc == RC_OK && changed == 0) {
		query = rc_query_new_scoped(tx, &arena, model, tenant);
		where_key(query, key);
		rc = explain_miss(query);
	} else if (rc == RC_OK && model->version >= 0) {
		++*(int64_t *)RC_FIELD(row, &model->columns[model->version]);
	}
	rc_arena_release(&arena);
	return rc;
}

/* Overwrite the row with this key, which is the tenant's, marked or not. RC_NOT_FOUND: there is none. */
static int overwrite(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *row)
{
	const struct rc_scope *scope = scope_of(model);
	struct rc_value key[RC_KEY_MAX];
	struct rc_arena arena;
	struct rc_query *query;
	void *stored;
	int64_t changed;
	int rc;

	rc_arena_init(&arena, 4096);
	key_of(model, row, key);
	query = rc_query_new_unscoped(tx, &arena, model);
	where_key(query, key);
	rc_query_lock(query, RC_FOR_UPDATE, RC_WAIT);
	rc = rc_query_one(query, &stored);
	if (rc == RC_OK && scope->tenant >= 0) {
		struct rc_value owner = rc_row_value(model, stored, (uint32_t)scope->tenant);

		if (!is_same(&owner, tenant))
			rc = db_refuse(tx->db, RC_CONSTRAINT, "the key of the row of %s is taken by another %s",
				       model->table, model->columns[scope->tenant].name);
	}
	if (rc == RC_OK) {
		query = query_of_tenant(tx, &arena, model, tenant);
		where_key(query, key);
		set_from_row(query, row);
		if (scope->deleted >= 0)
			rc_query_set(query, (uint32_t)scope->deleted, RC_NULL_VALUE);
		if (query->set_count || model->version >= 0)
			rc = rc_query_update(query, &changed);
	}
	if (rc == RC_OK && model->version >= 0)
		*(int64_t *)RC_FIELD(row, &model->columns[model->version]) =
			rc_row_value(model, stored, (uint32_t)model->version).integer + 1;
	rc_arena_release(&arena);
	return rc;
}

struct one_row {
	const struct rc_model *model;
	void *row;
};

static int insert_one(struct rc_tx *tx, void *arg)
{
	const struct one_row *one = arg;

	return rc_keyed_insert(tx, one->model, one->row, 1);
}

/*
 * In two steps, because ON CONFLICT knows no tenant: overwrite the row, or insert it. Between the two somebody may have
 * inserted the same key: then the insert is refused, and there is a row to overwrite.
 */
static int upsert_one(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *row)
{
	struct one_row one = {model, row};
	struct rc_fault refusal;
	int rc = take_in(tx, model, tenant, row);

	if (rc == RC_OK)
		rc = overwrite(tx, model, tenant, row);
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = rc_savepoint_run(tx, insert_one, &one);
	if (rc != RC_CONSTRAINT)
		return rc;
	refusal = tx->db->conn->fault;
	rc = overwrite(tx, model, tenant, row);
	if (rc != RC_NOT_FOUND)
		return rc;
	tx->db->conn->fault = refusal; /* another rule refused it */
	return RC_CONSTRAINT;
}

int rc_scoped_upsert(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant, void *rows,
		     size_t count)
{
	const struct rc_scope *scope = scope_of(model);
	int rc = RC_OK;

	if (scope->deleted < 0 &&
	    model_is_key(model, (uint32_t)scope->tenant)) { /* no other tenant's key is the same */
		for (size_t i = 0; i < count && rc == RC_OK; i++)
			rc = take_in(tx, model, tenant, (char *)rows + i * model->row_bytes);
		return rc == RC_OK ? rc_keyed_upsert(tx, model, rows, count) : rc;
	}
	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = upsert_one(tx, model, tenant, (char *)rows + i * model->row_bytes);
	return rc;
}

/* Delete, restore */

int rc_query_mark_deleted(struct rc_query *query, int64_t *marked)
{
	const struct rc_scope *scope = scope_of(query->model);
	int64_t now_us;
	int rc = rc_db_clock(query->tx->db, &now_us);

	*marked = 0;
	rc_check(scope->deleted >= 0);
	if (rc != RC_OK)
		return rc;
	rc_query_set(query, (uint32_t)scope->deleted, RC_TIME_VALUE(now_us));
	return rc_query_update(query, marked);
}

int rc_scoped_delete(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant,
		     const struct rc_value *key)
{
	struct rc_arena arena;
	struct rc_query *query;
	int64_t gone;
	int rc;

	rc_arena_init(&arena, 4096);
	query = rc_query_new_scoped(tx, &arena, model, tenant);
	where_key(query, key);
	rc = scope_of(model)->deleted >= 0 ? rc_query_mark_deleted(query, &gone) : rc_query_delete(query, &gone);
	if (rc == RC_OK && gone == 0)
		rc = say_no_row(tx, model);
	rc_arena_release(&arena);
	return rc;
}

int rc_scoped_restore(struct rc_tx *tx, const struct rc_model *model, const struct rc_value *tenant,
		      const struct rc_value *key)
{
	uint32_t deleted = (uint32_t)scope_of(model)->deleted;
	struct rc_arena arena;
	struct rc_query *query;
	int64_t back;
	int rc;

	rc_check(scope_of(model)->deleted >= 0);
	rc_arena_init(&arena, 4096);
	query = query_of_tenant(tx, &arena, model, tenant);
	where_key(query, key);
	rc_query_null(query, deleted, false);
	rc_query_set(query, deleted, RC_NULL_VALUE);
	rc = rc_query_update(query, &back);
	if (rc == RC_OK && back == 0)
		rc = say_no_row(tx, model);
	rc_arena_release(&arena);
	return rc;
}
