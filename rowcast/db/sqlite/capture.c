/*
 * Writes the capture SQL (capture.h says what it makes).
 *
 * The hard part is REPLACE. INSERT OR REPLACE and UPDATE OR REPLACE remove the rows they collide with, and SQLite fires
 * no DELETE triggers for these victims unless the writer's connection has `PRAGMA recursive_triggers` on, which
 * outsiders never have. Nor can a trigger see which conflict policy is in force. So:
 *
 *   BEFORE INSERT/UPDATE  copies every row that shares a unique key with NEW into rc_pending_<table> (its WHEN is a
 * probe of each key, so that an ordinary insert copies nothing); AFTER INSERT/UPDATE   runs only if the row went in: a
 * pending row that has NEW's identity, or shares a key with NEW and is not in the table any more, was a victim. It is
 * logged as a delete, in front of NEW's own log row; AFTER DELETE, UPDATE  forget the pending copy of OLD: what
 * happened to it is logged by themselves. (With recursive_triggers on, the victim's DELETE trigger does the logging,
 * and AFTER INSERT finds nothing left.)
 *
 * Invariant: a pending row is the table row with the same identity, as it is stored now, or the victim of the statement
 * that is running. Copies made by a statement that then ignored its row (OR IGNORE, DO NOTHING, OR FAIL) stay behind
 * and are true: whatever changes the row clears or uses its copy. Hence they need no refresh and never become false
 * deletes.
 *
 * The inner statements bear the outer statement's conflict policy, whatever they say themselves; therefore none of them
 * can conflict (NOT EXISTS instead of OR REPLACE).
 *
 * Rejected: PRAGMA recursive_triggers (belongs to each writer); the update and preupdate hooks (see one process only);
 * sessions (lose order); tentative rows in rc_log that readers resolve (every reader would need every key's collation).
 */
#include "rowcast/db/sqlite/capture.h"

#include <stdio.h>

#include "rowcast/base/check.h"
#include "rowcast/change.h"

/* `text` between quotes, quotes inside doubled. */
static void put_quoted(struct buf *out, char quote, const char *prefix, const char *text, const char *suffix)
{
	const char *parts[] = {prefix, text, suffix};

	buf_append_char(out, quote);
	for (size_t i = 0; i < 3; i++) {
		for (const char *c = parts[i]; *c; c++) {
			if (*c == quote)
				buf_append_char(out, quote);
			buf_append_char(out, *c);
		}
	}
	buf_append_char(out, quote);
}

static void put(struct buf *out, const char *sql)
{
	buf_append_str(out, rc_str_from(sql));
}

static void put_name(struct buf *out, const char *name)
{
	put_quoted(out, '"', "", name, "");
}

static void put_pending(struct buf *out, const char *table)
{
	put_quoted(out, '"', "rc_pending_", table, "");
}

/* o0, o1, … */
static void put_images(struct buf *out, char image, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%s%c%u", i ? ", " : "", image, i);
}

/* Where a value comes from: the table's stored rows, the statement's row, or the pending copies. */
enum side { STORED, NEW, OLD, PENDING };

static void put_side(struct buf *out, const struct rc_model *model, enum side side)
{
	switch (side) {
	case STORED:
		put_name(out, model->table);
		break;
	case NEW:
		put(out, "NEW");
		break;
	case OLD:
		put(out, "OLD");
		break;
	case PENDING:
		put_pending(out, model->table);
		break;
	}
	buf_append_char(out, '.');
}

static void put_column(struct buf *out, const struct rc_model *model, enum side side, uint32_t column)
{
	put_side(out, model, side);
	if (side == PENDING)
		buf_printf(out, "o%u", column);
	else
		put_name(out, model->columns[column].name);
}

static void put_columns(struct buf *out, const struct rc_model *model, enum side side)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		put(out, i ? ", " : "");
		put_column(out, model, side, i);
	}
}

/*
 * The keys of a table, identity first: what makes two rows the same row (the rowid, or the key of a table without one),
 * then every other unique key. A key without columns is the hidden rowid.
 */
struct key {
	const uint32_t *columns;
	uint32_t count;
	const char *where;
};

static struct key table_key(const struct capture_table *table, uint32_t index)
{
	const struct capture_unique *unique;

	if (table->rowid == CAPTURE_ROWID_HIDDEN && index-- == 0)
		return (struct key){0};
	if (index == 0)
		return (struct key){table->model->key, table->model->key_count, NULL};
	unique = &table->uniques[index - 1];
	return (struct key){unique->columns, unique->count, unique->where};
}

static uint32_t key_count(const struct capture_table *table)
{
	return 1 + table->unique_count + (table->rowid == CAPTURE_ROWID_HIDDEN);
}

static bool has_partial_key(const struct capture_table *table)
{
	for (uint32_t i = 0; i < table->unique_count; i++) {
		if (table->uniques[i].where)
			return true;
	}
	return false;
}

/* a.k1 = b.k1 AND a.k2 = b.k2 on one key. The left side's collation rules: pending columns have none, so they stand
 * right. */
static void put_same(struct buf *out, const struct capture_table *table, uint32_t index, enum side a,
		     const char *compare, enum side b)
{
	const struct rc_model *model = table->model;
	struct key key = table_key(table, index);

	if (!key.columns) {
		put_side(out, model, a);
		put(out, a == PENDING ? "r " : "_rowid_ ");
		put(out, compare);
		put(out, " ");
		put_side(out, model, b);
		put(out, b == PENDING ? "r" : "_rowid_");
		return;
	}
	for (uint32_t i = 0; i < key.count; i++) {
		put(out, i ? " AND " : "");
		put_column(out, model, a, key.columns[i]);
		buf_printf(out, " %s ", compare);
		put_column(out, model, b, key.columns[i]);
	}
}

/* FROM "t" WHERE …: the stored rows that stand in NEW's way on one key. */
static void put_conflicting(struct buf *out, const struct capture_table *table, uint32_t index, bool update)
{
	struct key key = table_key(table, index);

	put(out, "FROM ");
	put_name(out, table->model->table);
	put(out, " WHERE ");
	put_same(out, table, index, STORED, "=", NEW);
	if (key.where)
		buf_printf(out, " AND (%s)", key.where);
	if (update) {
		put(out, " AND NOT (");
		put_same(out, table, 0, STORED, "=", OLD);
		put(out, ")");
	}
}

/* True where NEW's key is OLD's. */
static void put_unmoved(struct buf *out, const struct capture_table *table)
{
	for (uint32_t i = 0; i < key_count(table); i++) {
		put(out, i ? " AND " : "");
		put_same(out, table, i, NEW, "IS", OLD);
	}
}

static void put_head(struct buf *out, const struct capture_table *table, const char *suffix, const char *when)
{
	put(out, "CREATE TRIGGER ");
	put_quoted(out, '"', "rc_", table->model->table, suffix);
	buf_printf(out, " %s ON ", when);
	put_name(out, table->model->table);
}

static void put_before(struct buf *out, const struct capture_table *table, bool update)
{
	const struct rc_model *model = table->model;
	bool hidden = table->rowid == CAPTURE_ROWID_HIDDEN;

	put_head(out, table, update ? "_before_update" : "_before_insert", update ? "BEFORE UPDATE" : "BEFORE INSERT");
	put(out, "\nWHEN ");
	for (uint32_t i = 0; i < key_count(table); i++) {
		put(out, i ? "\n  OR " : "");
		if (update && !table_key(table, i).where) {
			put(out, "NOT (");
			put_same(out, table, i, NEW, "IS", OLD);
			put(out, ") AND ");
		}
		put(out, "EXISTS (SELECT 1 ");
		put_conflicting(out, table, i, update);
		put(out, ")");
	}
	put(out, " BEGIN\n");
	for (uint32_t i = 0; i < key_count(table); i++) {
		put(out, "  INSERT INTO ");
		put_pending(out, model->table);
		put(out, hidden ? " (r, " : " (");
		put_images(out, 'o', model->column_count);
		put(out, ")\n    SELECT ");
		if (hidden) {
			put_side(out, model, STORED);
			put(out, "_rowid_, ");
		}
		put_columns(out, model, STORED);
		put(out, " ");
		put_conflicting(out, table, i, update);
		put(out, "\n    AND NOT EXISTS (SELECT 1 FROM ");
		put_pending(out, model->table);
		put(out, " WHERE ");
		put_same(out, table, 0, STORED, "=", PENDING);
		put(out, ");\n");
	}
	put(out, "END;\n");
}

/* WHERE …: the pending rows that are victims of NEW on one key. */
static void put_victims(struct buf *out, const struct capture_table *table, uint32_t index)
{
	put(out, " FROM ");
	put_pending(out, table->model->table);
	put(out, " WHERE ");
	put_same(out, table, index, NEW, "=", PENDING);
	if (index == 0)
		return;
	put(out, "\n    AND NOT EXISTS (SELECT 1 FROM ");
	put_name(out, table->model->table);
	put(out, " WHERE ");
	put_same(out, table, 0, STORED, "=", PENDING);
	put(out, ")");
}

/* Victims become deletes, in front of NEW's own row. Identity first: its victims are told by identity alone, because
 * NEW stands in their place; the other keys' victims by their absence. */
static void put_settle(struct buf *out, const struct capture_table *table)
{
	const struct rc_model *model = table->model;

	for (uint32_t i = 0; i < key_count(table); i++) {
		put(out, "  INSERT INTO rc_log (at, tbl, op, ");
		put_images(out, 'o', model->column_count);
		put(out, ")\n    SELECT " CAPTURE_NOW_US ", ");
		put_quoted(out, '\'', "", model->table, "");
		buf_printf(out, ", %d, ", RC_DELETE);
		put_images(out, 'o', model->column_count);
		put_victims(out, table, i);
		put(out, ";\n  DELETE");
		put_victims(out, table, i);
		put(out, ";\n");
	}
}

static void put_forget_old(struct buf *out, const struct capture_table *table)
{
	put(out, "  DELETE FROM ");
	put_pending(out, table->model->table);
	put(out, " WHERE ");
	put_same(out, table, 0, OLD, "=", PENDING);
	put(out, ";\n");
}

static void put_log(struct buf *out, const struct rc_model *model, int op)
{
	bool old = op != RC_INSERT, new = op != RC_DELETE;

	put(out, "  INSERT INTO rc_log (at, tbl, op, ");
	if (old)
		put_images(out, 'o', model->column_count);
	put(out, old && new ? ", " : "");
	if (new)
		put_images(out, 'n', model->column_count);
	put(out, ")\n    VALUES (" CAPTURE_NOW_US ", ");
	put_quoted(out, '\'', "", model->table, "");
	buf_printf(out, ", %d, ", op);
	if (old)
		put_columns(out, model, OLD);
	put(out, old && new ? ", " : "");
	if (new)
		put_columns(out, model, NEW);
	put(out, ");\nEND;\n");
}

static void put_pending_table(struct buf *out, const struct capture_table *table)
{
	const struct rc_model *model = table->model;

	put(out, "CREATE TABLE ");
	put_pending(out, model->table);
	put(out, " (");
	if (table->rowid == CAPTURE_ROWID_HIDDEN)
		put(out, "r INTEGER PRIMARY KEY, ");
	for (uint32_t i = 0; i < model->column_count; i++) {
		bool key = table->rowid == CAPTURE_ROWID_KEY && i == model->key[0];

		buf_printf(out, "%so%u%s", i ? ", " : "", i, key ? " INTEGER PRIMARY KEY" : "");
	}
	if (table->rowid == CAPTURE_ROWID_NONE) {
		put(out, ", PRIMARY KEY (");
		for (uint32_t i = 0; i < model->key_count; i++)
			buf_printf(out, "%so%u", i ? ", " : "", model->key[i]);
		put(out, ")) WITHOUT ROWID;\n");
	} else {
		put(out, ");\n");
	}
	/* Copies may stay behind in numbers (a bulk INSERT OR IGNORE): every key needs its index. */
	for (uint32_t i = 1; i < key_count(table); i++) {
		struct key key = table_key(table, i);
		char suffix[16];

		snprintf(suffix, sizeof(suffix), "_%u", i);
		put(out, "CREATE INDEX ");
		put_quoted(out, '"', "rc_pending_", model->table, suffix);
		put(out, " ON ");
		put_pending(out, model->table);
		for (uint32_t k = 0; k < key.count; k++)
			buf_printf(out, "%so%u", k ? ", " : " (", key.columns[k]);
		put(out, ");\n");
	}
}

void capture_write_table(struct buf *out, const struct capture_table *table)
{
	const struct rc_model *model = table->model;

	rc_check(model->key_count > 0 && model->column_count > 0 && model->column_count <= 64);
	rc_check(table->rowid != CAPTURE_ROWID_KEY || model->key_count == 1);

	put_pending_table(out, table);
	put_before(out, table, false);
	put_before(out, table, true);

	put_head(out, table, "_insert", "AFTER INSERT");
	put(out, " BEGIN\n");
	put_settle(out, table);
	put_log(out, model, RC_INSERT);

	/* Most updates leave the keys alone and can have no victims. Both WHENs look at OLD and NEW only, so exactly
	 * one holds. */
	if (!has_partial_key(table)) {
		put_head(out, table, "_update", "AFTER UPDATE");
		put(out, "\nWHEN ");
		put_unmoved(out, table);
		put(out, " BEGIN\n");
		put_forget_old(out, table);
		put_log(out, model, RC_UPDATE);
	}
	put_head(out, table, "_update_key", "AFTER UPDATE");
	if (!has_partial_key(table)) {
		put(out, "\nWHEN NOT (");
		put_unmoved(out, table);
		put(out, ")");
	}
	put(out, " BEGIN\n");
	put_forget_old(out, table);
	put_settle(out, table);
	put_log(out, model, RC_UPDATE);

	put_head(out, table, "_delete", "AFTER DELETE");
	put(out, " BEGIN\n");
	put_forget_old(out, table);
	put_log(out, model, RC_DELETE);
}

void capture_write_drop(struct buf *out, const char *table)
{
	static const char *const suffixes[] = {"_before_insert", "_before_update", "_insert",
					       "_update",        "_update_key",    "_delete"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		put(out, "DROP TRIGGER IF EXISTS ");
		put_quoted(out, '"', "rc_", table, suffixes[i]);
		put(out, ";\n");
	}
	put(out, "DROP TABLE IF EXISTS ");
	put_pending(out, table);
	put(out, ";\n");
}

void capture_write_log(struct buf *out, uint32_t column_max)
{
	put(out,
	    "CREATE TABLE IF NOT EXISTS rc_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;\n"
	    "CREATE TABLE IF NOT EXISTS rc_log (n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, tbl TEXT NOT "
	    "NULL, "
	    "op INTEGER NOT NULL, ends INTEGER NOT NULL DEFAULT 0,\n  ");
	put_images(out, 'o', column_max);
	put(out, ",\n  ");
	put_images(out, 'n', column_max);
	put(out, ");\n");
}

void capture_write_log_widen(struct buf *out, uint32_t column_max_old, uint32_t column_max_new)
{
	for (uint32_t i = column_max_old; i < column_max_new; i++)
		buf_printf(out, "ALTER TABLE rc_log ADD COLUMN o%u;\nALTER TABLE rc_log ADD COLUMN n%u;\n", i, i);
}
