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

static void put_insert(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	put(out, "INSERT INTO ");
	sql_name(out, dialect, model->table);
	put(out, " (");
	sql_columns(out, dialect, model);
	put(out, ") VALUES (");
	for (uint32_t i = 0; i < model->column_count; i++)
		put(out, i ? ", ?" : "?");
	put(out, ")");
}

static void put_upsert(struct buf *out, enum rc_dialect dialect, const struct rc_model *model)
{
	uint32_t written = 0;

	put_insert(out, dialect, model);
	put(out, " ON CONFLICT (");
	for (uint32_t i = 0; i < model->key_count; i++) {
		put(out, i ? ", " : "");
		sql_name(out, dialect, model->columns[model->key[i]].name);
	}
	put(out, ") DO ");
	for (uint32_t i = 0; i < model->column_count; i++) {
		const char *name = model->columns[i].name;

		if (model_is_key(model, i))
			continue;
		put(out, written++ ? ", " : "UPDATE SET ");
		sql_name(out, dialect, name);
		put(out, " = ");
		if ((int32_t)i == model->version) {
			sql_name(out, dialect, model->table);
			put(out, ".");
			sql_name(out, dialect, name);
			put(out, " + 1");
		} else {
			put(out, "excluded.");
			sql_name(out, dialect, name);
		}
	}
	if (!written)
		put(out, "NOTHING");
	if (model->version >= 0) {
		put(out, " RETURNING ");
		sql_name(out, dialect, model->columns[model->version].name);
	}
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

void sql_write_crud(struct buf *out, enum rc_dialect dialect, const struct rc_model *model, enum crud op)
{
	switch (op) {
	case CRUD_INSERT:
		put_insert(out, dialect, model);
		break;
	case CRUD_UPSERT:
		put_upsert(out, dialect, model);
		break;
	case CRUD_UPDATE:
		put_update(out, dialect, model);
		break;
	case CRUD_GET:
	case CRUD_EXISTS:
		put(out, "SELECT ");
		if (op == CRUD_GET)
			sql_columns(out, dialect, model);
		else
			put(out, "1");
		put(out, " FROM ");
		sql_name(out, dialect, model->table);
		put_where(out, dialect, model, false);
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
