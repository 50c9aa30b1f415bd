/*
 * The schema as SQLite's DDL: STRICT tables, the exclusion constraint as triggers, then the guards and the capture
 * triggers.
 *
 * The overlap rule looks at one row: ranges of one place never overlap, so only the one with the greatest low end
 * before NEW's high end can reach into NEW. It runs AFTER the row went in, because only then the row is what it will be
 * (affinity applied, NEW.id drawn, REPLACE's victims gone); RAISE(ABORT) takes the statement back. A BEFORE trigger
 * would see -1 for an id that is yet to be drawn, and could not tell it from a row whose id is -1.
 */
#include "rowcast/db/sqlite/capture.h"
#include "rowcast/orm/rowgen/diff.h"

static const char *sqlite_type(enum rc_type type)
{
	switch (type) {
	case RC_BOOL:
	case RC_INT:
	case RC_TIMESTAMP:
		return "INTEGER";
	case RC_DOUBLE:
		return "REAL";
	case RC_BYTES:
		return "BLOB";
	default:
		return "TEXT";
	}
}

static const char *span_sqlite(const struct schema *schema, struct span span)
{
	return text_sqlite(schema->source, span.from, span.to, NULL, NULL);
}

static void put_names(struct buf *out, const struct schema *schema, const struct table *table, const uint32_t *columns,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? ", " : "",
			   text_quote(schema->source->arena, table->columns[columns[i]].name));
}

bool sqlite_has_rowid_key(const struct table *table)
{
	return table->key_count == 1 && table->columns[table->key[0]].type == RC_INT;
}

void sqlite_put_column(struct buf *out, const struct schema *schema, const struct table *table, uint32_t index)
{
	const struct column *column = &table->columns[index];
	const char *name = text_quote(schema->source->arena, column->name);

	buf_printf(out, "%s %s", name, sqlite_type(column->type));
	if (sqlite_has_rowid_key(table) && table->key[0] == index) {
		buf_printf(out, " PRIMARY KEY AUTOINCREMENT");
		return;
	}
	if (!(column->flags & RC_COLUMN_NULLABLE))
		buf_printf(out, " NOT NULL");
	if (column->fallback.to)
		buf_printf(out, " DEFAULT (%s)", span_sqlite(schema, column->fallback));
	if (column->type == RC_BOOL)
		buf_printf(out, " CHECK (%s IN (0, 1))", name);
	if (column->type == RC_DATE)
		buf_printf(out, " CHECK (%s IS date(%s))", name, name);
}

void sqlite_put_constraint(struct buf *out, const struct schema *schema, const struct table *table,
			   const struct constraint *c)
{
	if (c->kind == CONSTRAINT_EXCLUDE || (c->kind == CONSTRAINT_PRIMARY && sqlite_has_rowid_key(table)))
		return;
	buf_printf(out, ",\n  CONSTRAINT %s ", text_quote(schema->source->arena, c->name));
	if (c->kind == CONSTRAINT_CHECK) {
		buf_printf(out, "CHECK (%s)", span_sqlite(schema, c->check));
		return;
	}
	buf_printf(out, "%s (",
		   c->kind == CONSTRAINT_PRIMARY  ? "PRIMARY KEY"
		   : c->kind == CONSTRAINT_UNIQUE ? "UNIQUE"
						  : "FOREIGN KEY");
	put_names(out, schema, table, c->columns, c->column_count);
	buf_append_char(out, ')');
	if (c->kind != CONSTRAINT_FOREIGN)
		return;
	buf_printf(out, " REFERENCES %s (", text_quote(schema->source->arena, c->foreign_table));
	for (uint32_t i = 0; i < c->foreign_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", text_quote(schema->source->arena, c->foreign_columns[i]));
	buf_append_char(out, ')');
}

void sqlite_put_table(struct buf *out, const struct schema *schema, const struct table *table)
{
	buf_printf(out, "CREATE TABLE %s (", text_quote(schema->source->arena, table->name));
	for (uint32_t i = 0; i < table->column_count; i++) {
		buf_printf(out, i ? ",\n  " : "\n  ");
		sqlite_put_column(out, schema, table, i);
	}
	for (uint32_t i = 0; i < table->constraint_count; i++)
		sqlite_put_constraint(out, schema, table, &table->constraints[i]);
	buf_printf(out, "\n) STRICT%s;\n", sqlite_has_rowid_key(table) ? "" : ", WITHOUT ROWID");
}

void sqlite_put_index(struct buf *out, const struct schema *schema, const struct sql_index *index)
{
	buf_printf(out, "CREATE %sINDEX %s ON %s (%s)", index->unique ? "UNIQUE " : "", index->name,
		   text_quote(schema->source->arena, index->table), span_sqlite(schema, index->list));
	if (index->where.to)
		buf_printf(out, " WHERE %s", span_sqlite(schema, index->where));
	buf_printf(out, ";\n");
}

void sqlite_put_exclusion(struct buf *out, const struct schema *schema, const struct table *table,
			  const struct constraint *c, bool update)
{
	const struct source *source = schema->source;
	const char *name = text_quote(source->arena, table->name);
	const char *lo = text_quote(source->arena, table->columns[c->lo].name);
	const char *hi = text_quote(source->arena, table->columns[c->hi].name);
	bool where = c->where.to > 0;

	buf_printf(out, "CREATE TRIGGER %s_%s AFTER %s ON %s", c->name, update ? "update" : "insert",
		   update ? "UPDATE" : "INSERT", name);
	if (where)
		buf_printf(out, "\nWHEN %s", text_sqlite(source, c->where.from, c->where.to, table, "NEW"));
	buf_printf(out, " BEGIN\n  SELECT RAISE(ABORT, '%s: another row of %s with the same ", c->name, table->name);
	for (uint32_t i = 0; i < c->column_count; i++)
		buf_printf(out, "%s%s", i ? " and " : "", table->columns[c->columns[i]].name);
	buf_printf(out, " overlaps [%s, %s) of this one')\n    FROM (SELECT %s AS high_end FROM %s WHERE ",
		   table->columns[c->lo].name, table->columns[c->hi].name, hi, name);
	for (uint32_t i = 0; i < c->column_count; i++) {
		const char *column = text_quote(source->arena, table->columns[c->columns[i]].name);

		buf_printf(out, "%s = NEW.%s AND ", column, column);
	}
	if (where)
		buf_printf(out, "(%s) AND ", span_sqlite(schema, c->where));
	buf_printf(out, "%s < NEW.%s AND NOT (", lo, hi);
	for (uint32_t i = 0; i < table->key_count; i++) {
		const char *key = text_quote(source->arena, table->columns[table->key[i]].name);

		buf_printf(out, "%s%s = NEW.%s", i ? " AND " : "", key, key);
	}
	buf_printf(out, ")\n      ORDER BY %s DESC LIMIT 1) WHERE high_end > NEW.%s;\nEND;\n", lo, lo);
}

static void model_make(const struct schema *schema, const struct table *table, struct rc_model *model)
{
	struct rc_column *columns = RC_ARENA_ARRAY(schema->source->arena, struct rc_column, table->column_count);

	for (uint32_t i = 0; i < table->column_count; i++)
		columns[i] = (struct rc_column){table->columns[i].name, table->columns[i].type, table->columns[i].flags,
						table->columns[i].offset};
	*model = (struct rc_model){
		.table = table->name,
		.columns = columns,
		.column_count = table->column_count,
		.row_bytes = table->row_bytes,
		.key_count = table->key_count,
		.version = table->version,
		.id = (uint32_t)(table - schema->tables),
		.captured = true,
	};
	memcpy(model->key, table->key, sizeof(model->key));
}

void sqlite_put_capture(struct buf *out, const struct schema *schema, const struct table *table)
{
	struct rc_model model;
	struct capture_unique *uniques = RC_ARENA_ARRAY(schema->source->arena, struct capture_unique,
							table->constraint_count + schema->index_count + 1);
	struct capture_table capture = {.model = &model, .uniques = uniques};

	model_make(schema, table, &model);
	capture.rowid = sqlite_has_rowid_key(table) ? CAPTURE_ROWID_KEY : CAPTURE_ROWID_NONE;
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *c = &table->constraints[i];

		if (c->kind == CONSTRAINT_UNIQUE)
			uniques[capture.unique_count++] = (struct capture_unique){c->columns, c->column_count, NULL};
	}
	for (uint32_t i = 0; i < schema->index_count; i++) {
		const struct sql_index *index = &schema->indexes[i];

		if (index->unique && strcmp(index->table, table->name) == 0)
			uniques[capture.unique_count++] = (struct capture_unique){
				index->columns, index->column_count,
				index->where.to ? span_sqlite(schema, index->where) : NULL};
	}
	capture_write_table(out, &capture);
}

void emit_recapture(struct buf *out, const struct schema *schema, const struct table *table)
{
	capture_write_drop(out, table->name);
	sqlite_put_capture(out, schema, table);
}

void emit_sqlite(struct buf *up, struct buf *down, const struct schema *schema, const struct source *guards)
{
	uint32_t widest = 0;

	for (uint32_t t = 0; t < schema->table_count; t++)
		sqlite_put_table(up, schema, &schema->tables[t]);
	for (uint32_t x = 0; x < schema->index_count; x++)
		sqlite_put_index(up, schema, &schema->indexes[x]);
	for (uint32_t t = 0; t < schema->table_count; t++) {
		const struct table *table = &schema->tables[t];

		for (uint32_t i = 0; i < table->constraint_count; i++) {
			if (table->constraints[i].kind != CONSTRAINT_EXCLUDE)
				continue;
			sqlite_put_exclusion(up, schema, table, &table->constraints[i], false);
			sqlite_put_exclusion(up, schema, table, &table->constraints[i], true);
		}
		if (table->captured && table->column_count > widest)
			widest = table->column_count;
	}
	buf_append(up, guards->text, guards->len);
	if (widest)
		capture_write_log(up, widest);
	for (uint32_t t = 0; t < schema->table_count; t++) {
		if (!schema->tables[t].captured)
			continue;
		sqlite_put_capture(up, schema, &schema->tables[t]);
		capture_write_drop(down, schema->tables[t].name);
	}
	for (uint32_t t = schema->table_count; t-- > 0;)
		buf_printf(down, "DROP TABLE %s;\n", text_quote(schema->source->arena, schema->tables[t].name));
	if (widest)
		buf_printf(down, "DROP TABLE rc_log;\nDROP TABLE rc_meta;\n");
}
