/*
 * SQL of the row operations, written from the descriptor, once per model and connection.
 */
#include "rowcast/base/buf.h"
#include "rowcast/orm/db.h"

static void put(struct buf *out, const char *text)
{
	buf_append_str(out, rc_str_from(text));
}

void sql_name(struct buf *out, enum rc_dialect dialect, const char *name)
{
	char quote = dialect == RC_MARIADB ? '`' : '"';

	buf_append_char(out, quote);
	for (; *name; name++) {
		if (*name == quote)
			buf_append_char(out, quote);
		buf_append_char(out, *name);
	}
	buf_append_char(out, quote);
}

void sql_columns(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		put(out, i ? ", " : "");
		sql_name(out, dialect, model->columns[i].name);
	}
}

static void put_where(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, bool with_version)
{
	put(out, " WHERE ");
	for (uint32_t i = 0; i < model->key_count; i++) {
		put(out, i ? " AND " : "");
		sql_name(out, dialect, model->columns[model->key[i]].name);
		put(out, " = ?");
	}
	if (with_version && model->version >= 0) {
		put(out, " AND ");
		sql_name(out, dialect, model->columns[model->version].name);
		put(out, " = ?");
	}
}

/* INSERT INTO "t" ("a", "b"); without: a column that is left to the database, -1: none. */
static void put_into(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, int32_t without)
{
	uint32_t written = 0;

	put(out, "INSERT INTO ");
	sql_name(out, dialect, model->table);
	put(out, " (");
	for (uint32_t i = 0; i < model->column_count; i++) {
		if ((int32_t)i == without)
			continue;
		put(out, written++ ? ", " : "");
		sql_name(out, dialect, model->columns[i].name);
	}
	put(out, ") ");
}

static void put_returning(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, int32_t column)
{
	if (column < 0)
		return;
	put(out, " RETURNING ");
	sql_name(out, dialect, model->columns[column].name);
}

static void put_insert(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, int32_t without,
		       uint32_t rows)
{
	put_into(out, dialect, model, without);
	put(out, "VALUES ");
	for (uint32_t row = 0; row < rows; row++) {
		uint32_t written = 0;

		put(out, row ? ", (" : "(");
		for (uint32_t i = 0; i < model->column_count; i++) {
			if ((int32_t)i != without)
				put(out, written++ ? ", ?" : "?");
		}
		put(out, ")");
	}
	if (dialect == RC_POSTGRES || rows > 1) /* of one row, the others' connections tell the number */
		put_returning(out, dialect, model, without);
}

/* Rows come out of arrays in their order: numbers are drawn in it, and RETURNING tells them in it. */
static void put_arrays(struct buf *out, const struct rc_model *model, int32_t without)
{
	static const char *const types[] = {
		[RC_BOOL] = "boolean",
		[RC_INT] = "bigint",
		[RC_DOUBLE] = "double precision",
		[RC_TEXT] = "text",
		[RC_BYTES] = "bytea",
		[RC_UUID] = "uuid",
		[RC_DATE] = "date",
		[RC_TIMESTAMP] = "timestamptz",
		[RC_JSON] = "json",
	};
	uint32_t written = 0;

	put_into(out, RC_POSTGRES, model, without);
	put(out, "SELECT ");
	for (uint32_t i = 0; i < model->column_count; i++) {
		if ((int32_t)i != without)
			buf_printf(out, "%sc%u", written++ ? ", " : "", i);
	}
	put(out, " FROM unnest(");
	written = 0;
	for (uint32_t i = 0; i < model->column_count; i++) {
		if ((int32_t)i != without)
			buf_printf(out, "%s?::%s[]", written++ ? ", " : "", types[model->columns[i].type]);
	}
	put(out, ") WITH ORDINALITY AS rows (");
	for (uint32_t i = 0; i < model->column_count; i++) {
		if ((int32_t)i != without)
			buf_printf(out, "c%u, ", i);
	}
	put(out, "n) ORDER BY n");
	put_returning(out, RC_POSTGRES, model, without);
}

static void put_conflict(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	if (dialect == RC_MARIADB) {
		put(out, " ON DUPLICATE KEY UPDATE ");
		return;
	}
	put(out, " ON CONFLICT (");
	for (uint32_t i = 0; i < model->key_count; i++) {
		put(out, i ? ", " : "");
		sql_name(out, dialect, model->columns[model->key[i]].name);
	}
	put(out, ") DO ");
}

/* The stored row's or the new row's column: "t"."a", excluded."a"; VALUES(`a`). */
static void put_side(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, uint32_t column,
		     bool stored)
{
	const char *name = model->columns[column].name;

	if (stored)
		sql_name(out, dialect, model->table);
	put(out, stored ? "." : dialect == RC_MARIADB ? "VALUES(" : "excluded.");
	sql_name(out, dialect, name);
	put(out, !stored && dialect == RC_MARIADB ? ")" : "");
}

static void put_upsert(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	uint32_t written = 0;

	put_insert(out, dialect, model, -1, 1);
	put_conflict(out, dialect, model);
	for (uint32_t i = 0; i < model->column_count; i++) {
		bool version = (int32_t)i == model->version;

		if (model_is_key(model, i))
			continue;
		put(out, written++ ? ", " : dialect == RC_MARIADB ? "" : "UPDATE SET ");
		sql_name(out, dialect, model->columns[i].name);
		put(out, " = ");
		put_side(out, dialect, model, i, version);
		put(out, version ? " + 1" : "");
	}
	if (!written && dialect == RC_MARIADB) {
		sql_name(out, dialect, model->columns[model->key[0]].name);
		put(out, " = ");
		put_side(out, dialect, model, model->key[0], true);
	} else if (!written) {
		put(out, "NOTHING");
	}
	put_returning(out, dialect, model, model->version);
}

static void put_update(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	uint32_t written = 0;

	put(out, "UPDATE ");
	sql_name(out, dialect, model->table);
	put(out, " SET ");
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (model_is_key(model, i))
			continue;
		put(out, written++ ? ", " : "");
		sql_name(out, dialect, model->columns[i].name);
		put(out, " = ?");
	}
	if (!written) { /* nothing but a key: says only whether the row is there */
		sql_name(out, dialect, model->columns[model->key[0]].name);
		put(out, " = ");
		sql_name(out, dialect, model->columns[model->key[0]].name);
	}
	put_where(out, dialect, model, true);
}

static void put_select(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, enum crud op)
{
	put(out, "SELECT ");
	if (op == CRUD_GET)
		sql_columns(out, dialect, model);
	else if (op == CRUD_HOLD && model->version >= 0)
		sql_name(out, dialect, model->columns[model->version].name);
	else
		put(out, "1");
	put(out, " FROM ");
	sql_name(out, dialect, model->table);
	put_where(out, dialect, model, false);
	put(out, op == CRUD_HOLD ? " FOR UPDATE" : "");
}

void sql_write_crud(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, enum crud op)
{
	switch (op) {
	case CRUD_INSERT:
		put_insert(out, dialect, model, -1, 1);
		break;
	case CRUD_INSERT_DRAWN:
		put_insert(out, dialect, model, model_identity(model), 1);
		break;
	case CRUD_FEW:
	case CRUD_FEW_DRAWN:
		put_insert(out, dialect, model, op == CRUD_FEW ? -1 : model_identity(model), SQL_FEW);
		break;
	case CRUD_MANY:
	case CRUD_MANY_DRAWN:
		put_insert(out, dialect, model, op == CRUD_MANY ? -1 : model_identity(model), SQL_MANY);
		break;
	case CRUD_ARRAYS:
	case CRUD_ARRAYS_DRAWN:
		put_arrays(out, model, op == CRUD_ARRAYS ? -1 : model_identity(model));
		break;
	case CRUD_UPSERT:
		put_upsert(out, dialect, model);
		break;
	case CRUD_UPDATE:
		put_update(out, dialect, model);
		break;
	case CRUD_GET:
	case CRUD_EXISTS:
	case CRUD_HOLD:
		put_select(out, dialect, model, op);
		break;
	case CRUD_DELETE:
	case CRUD_DELETE_KEY:
		put(out, "DELETE FROM ");
		sql_name(out, dialect, model->table);
		put_where(out, dialect, model, op == CRUD_DELETE);
		break;
	case CRUD_COUNT:
		break;
	}
}
