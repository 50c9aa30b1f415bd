/*
 * Raw SQL: the way out for what the generated functions do not say, which still decodes into models.
 */
#include <strings.h>

#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

static int raw(struct rc_tx *tx, const char *sql, const struct rc_value *params, size_t param_count,
	       struct prepared **out)
{
	struct rc_db *db = tx->db;
	struct prepared *prepared = cache_entry(db, &db->texts, rc_str_from(sql));
	int rc = RC_OK;

	rc_check(tx->open);
	*out = prepared;
	if (!prepared->stmt)
		rc = prepared_fill(db, prepared, rc_str_from(sql));
	if (rc == RC_OK && db->driver->param_count(prepared->stmt) != param_count)
		rc = db_refuse(db, RC_INVALID, "the SQL has %u parameters, %zu values were given",
			       db->driver->param_count(prepared->stmt), param_count);
	return rc == RC_OK ? prepared_start(db, prepared, params, param_count) : rc;
}

/* Which model column each result column is, by name. Kept with the statement. */
static int map_columns(struct rc_db *db, struct prepared *prepared, const struct rc_model *model)
{
	uint32_t count = db->driver->column_count(prepared->stmt);
	uint64_t taken = 0;

	if (prepared->model == model)
		return RC_OK;
	prepared->model = NULL;
	prepared->map = rc_xrealloc(prepared->map, sizeof(*prepared->map) * (count + 1));
	for (uint32_t i = 0; i < count; i++) {
		const char *name = db->driver->column_name(prepared->stmt, i);
		uint32_t column = 0;

		while (column < model->column_count && strcasecmp(model->columns[column].name, name) != 0)
			column++;
		if (column == model->column_count)
			return db_refuse(db, RC_MISMATCH, "the result column %s is not a column of %s", name,
					 model->table);
		if (taken >> column & 1)
			return db_refuse(db, RC_MISMATCH, "the result has two columns named %s", name);
		taken |= (uint64_t)1 << column;
		prepared->map[i] = column;
	}
	prepared->model = model;
	return RC_OK;
}

int rc_sql_rows(struct rc_tx *tx, struct rc_arena *arena, const char *sql, const struct rc_value *params,
		size_t param_count, const struct rc_model *model, struct rc_rows *out)
{
	struct prepared *prepared;
	int rc = raw(tx, sql, params, param_count, &prepared);

	*out = (struct rc_rows){0};
	if (rc != RC_OK)
		return rc;
	rc = map_columns(tx->db, prepared, model);
	if (rc == RC_OK)
		rc = prepared_rows(tx->db, prepared, arena, out);
	prepared_end(tx->db, prepared);
	return rc;
}

int rc_sql_exec(struct rc_tx *tx, const char *sql, const struct rc_value *params, size_t param_count, int64_t *changed)
{
	struct prepared *prepared;
	int rc = raw(tx, sql, params, param_count, &prepared);

	if (rc != RC_OK)
		return rc;
	rc = prepared_run(tx->db, prepared, changed);
	prepared_end(tx->db, prepared);
	return rc;
}

int rc_sql_int(struct rc_tx *tx, const char *sql, const struct rc_value *params, size_t param_count, int64_t *out)
{
	struct prepared *prepared;
	int rc = raw(tx, sql, params, param_count, &prepared);

	if (rc != RC_OK)
		return rc;
	rc = prepared_int(tx->db, prepared, out);
	prepared_end(tx->db, prepared);
	return rc;
}
