/*
 * model.h: what a C programmer sees of the schema.
 *
 * Conditions are TABLE_where_COLUMN_op: without "where", session.rule_id and session_rule.id would make the same name.
 * Each table has a query type of its own, so a condition of one table on a query of another does not compile.
 */
#include "rowcast/orm/rowgen/rowgen.h"

const char *c_type(enum rc_type type)
{
	switch (type) {
	case RC_BOOL:
		return "bool ";
	case RC_INT:
	case RC_TIMESTAMP:
		return "int64_t ";
	case RC_DOUBLE:
		return "double ";
	case RC_UUID:
		return "struct rc_uuid ";
	case RC_DATE:
		return "int32_t ";
	default:
		return "struct rc_str ";
	}
}

static const char *type_note(enum rc_type type)
{
	return type == RC_TIMESTAMP ? "µs UTC"
	       : type == RC_DATE    ? "days since 1970-01-01"
	       : type == RC_JSON    ? "JSON"
				    : NULL;
}

static void emit_note(struct buf *out, const char *before, const char *note)
{
	if (note)
		buf_printf(out, "%s/* %s */\n", before, note);
}

static void emit_fields(struct buf *out, const struct column *columns, uint32_t count)
{
	buf_printf(out, "\tuint64_t nulls;\n");
	for (uint32_t i = 0; i < count; i++) {
		const struct column *column = &columns[i];
		const char *unit = type_note(column->type);

		buf_printf(out, "\t%s%s;", c_type(column->type), column->name);
		if (unit || column->note || (column->flags & RC_COLUMN_NULLABLE))
			buf_printf(out, " /* %s%s%s%s%s */", unit ? unit : "",
				   unit && (column->note || (column->flags & RC_COLUMN_NULLABLE)) ? "; " : "",
				   column->flags & RC_COLUMN_NULLABLE ? "may be NULL" : "",
				   column->flags & RC_COLUMN_NULLABLE && column->note ? "; " : "",
				   column->note ? column->note : "");
		buf_append_char(out, '\n');
	}
}

static void emit_columns(struct buf *out, struct rc_arena *arena, const char *name, const struct column *columns,
			 uint32_t count)
{
	const char *upper = text_upper(arena, name);

	buf_printf(out, "enum %s_column {\n", name);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "\t%s_COL_%s,\n", upper, text_upper(arena, columns[i].name));
	buf_printf(out, "\t%s_COL_COUNT,\n};\n", upper);
	for (uint32_t i = 0; i < count; i++)
		if (columns[i].flags & RC_COLUMN_NULLABLE)
			buf_printf(out, "#define %s_NULL_%s (UINT64_C(1) << %s_COL_%s)\n", upper,
				   text_upper(arena, columns[i].name), upper, text_upper(arena, columns[i].name));
}

static void emit_conditions(struct buf *out, const struct table *table)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];
		const char *type = c_type(column->type);
		bool ordered = column->type != RC_BOOL && column->type != RC_JSON && column->type != RC_UUID;

		if (column->type != RC_JSON) {
			buf_printf(out, "void %s_where_%s_eq(struct %s_query *query, %s%s);\n", table->name,
				   column->name, table->name, type, column->name);
			buf_printf(out, "void %s_where_%s_in(struct %s_query *query, const %s*values, size_t count);\n",
				   table->name, column->name, table->name, type);
		}
		if (ordered) {
			buf_printf(out, "void %s_where_%s_between(struct %s_query *query, %slo, %shi);\n", table->name,
				   column->name, table->name, type, type);
			buf_printf(out, "void %s_where_%s_lt(struct %s_query *query, %s%s);\n", table->name,
				   column->name, table->name, type, column->name);
			buf_printf(out, "void %s_where_%s_gt(struct %s_query *query, %s%s);\n", table->name,
				   column->name, table->name, type, column->name);
			buf_printf(out, "void %s_order_by_%s(struct %s_query *query);\n", table->name, column->name,
				   table->name);
			buf_printf(out, "void %s_order_by_%s_desc(struct %s_query *query);\n", table->name,
				   column->name, table->name);
		}
		if (column->flags & RC_COLUMN_NULLABLE)
			buf_printf(out, "void %s_where_%s_is_null(struct %s_query *query, bool is_null);\n",
				   table->name, column->name, table->name);
	}
}

static void emit_table(struct buf *out, struct rc_arena *arena, const struct table *table)
{
	const char *name = table->name;

	emit_note(out, "", table->note);
	buf_printf(out, "struct %s {\n", name);
	emit_fields(out, table->columns, table->column_count);
	buf_printf(out, "};\n\n");
	emit_columns(out, arena, name, table->columns, table->column_count);
	buf_printf(out, "\nstruct %s_list {\n\tstruct %s **at;\n\tsize_t count;\n%s};\n\nstruct %s_query;\n\n", name,
		   name, table->relation_count ? "\tstruct rc_related *related;\n" : "", name);
	buf_printf(out, "extern const struct rc_model %s_model;\n\n", name);
	emit_calls(out, NULL, arena, table);
	buf_append_char(out, '\n');
	emit_conditions(out, table);
	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (table->constraints[i].kind == CONSTRAINT_EXCLUDE)
			buf_printf(out, "void %s_where_overlaps(struct %s_query *query, int64_t lo, int64_t hi);\n",
				   name, name);
	buf_printf(out, "void %s_limit(struct %s_query *query, int64_t rows);\n", name, name);
	buf_printf(out, "int %s_all(struct %s_query *query, struct %s_list *out) RC_MUST_CHECK;\n", name, name, name);
	buf_printf(out, "int %s_one(struct %s_query *query, struct %s **out) RC_MUST_CHECK;\n", name, name, name);
	buf_printf(out,
		   "int %s_each(struct %s_query *query, int (*row)(void *arg, const struct %s *row), void *arg)\n"
		   "\tRC_MUST_CHECK;\n\n",
		   name, name, name);
	buf_printf(out, "int %s_count(struct %s_query *query, int64_t *out) RC_MUST_CHECK;\n", name, name);
	emit_pages(out, NULL, arena, table);
	buf_append_char(out, '\n');
}

static void emit_query(struct buf *out, struct rc_arena *arena, const struct query *query)
{
	const char *row = query->table ? query->table->name : rc_arena_printf(arena, "%s_row", query->name);

	if (query->kind != QUERY_EXEC && !query->table) {
		buf_printf(out, "struct %s {\n", row);
		emit_fields(out, query->columns, query->column_count);
		buf_printf(out, "};\n\n");
		emit_columns(out, arena, row, query->columns, query->column_count);
		buf_printf(out, "\n");
		if (query->kind == QUERY_MANY)
			buf_printf(out, "struct %s_list {\n\tstruct %s **at;\n\tsize_t count;\n};\n\n", row, row);
	}
	emit_note(out, "", query->note);
	buf_printf(out, "int %s(struct rc_tx *tx", query->name);
	if (query->kind != QUERY_EXEC)
		buf_printf(out, ", struct rc_arena *arena");
	for (uint32_t i = 0; i < query->param_count; i++)
		buf_printf(out, ", %s%s", c_type(query->params[i].type), query->params[i].name);
	if (query->kind == QUERY_ONE)
		buf_printf(out, ", struct %s **out) RC_MUST_CHECK;\n\n", row);
	else if (query->kind == QUERY_MANY)
		buf_printf(out, ", struct %s_list *out) RC_MUST_CHECK;\n\n", row);
	else
		buf_printf(out, ", int64_t *changed) RC_MUST_CHECK;\n\n");
}

static void emit_constraints(struct buf *out, struct rc_arena *arena, const struct schema *schema, const char *name)
{
	buf_printf(out,
		   "/* rc_fault.constraint: which rule refused a row. */\nenum %s_constraint {\n\tCONSTRAINT_NONE,\n",
		   name);
	for (uint32_t i = 1; i < schema->rule_count; i++)
		buf_printf(out, "\tCONSTRAINT_%s,\n", text_upper(arena, schema->rules[i].name));
	buf_printf(out, "\tCONSTRAINT_COUNT,\n};\n\n");
}

/* clang-format off */
static const char head[] =
	"/*\n"
	" * Generated by rowgen from schema.sql and queries.sql; do not edit (script/model writes it, a test compares it).\n"
	" *\n"
	" * Per table: TABLE_get by key (RC_NOT_FOUND), TABLE_insert (fills an identity or uuid key left 0, and the version),\n"
	" * TABLE_upsert (overwrites the row with the same key), TABLE_update by key (RC_STALE when the version is not the stored one,\n"
	" * which it then increments; RC_NOT_FOUND), TABLE_delete by key (RC_NOT_FOUND); …_many for arrays. Composable queries:\n"
	" * TABLE_query, any TABLE_where_COLUMN_… (all must hold; between: both ends belong to it), TABLE_order_by_COLUMN or …_desc,\n"
	" * TABLE_limit, TABLE_lock, then one of TABLE_all, TABLE_one (the first row; RC_NOT_FOUND), TABLE_each (a row is borrowed\n"
	" * during the call; the first negative return ends it and is returned), TABLE_count, TABLE_update_all (writes what\n"
	" * TABLE_set_COLUMN said), TABLE_delete_all (these three know no limit), or TABLE_page, behind TABLE_after or TABLE_before a\n"
	" * cursor. Relations: TABLE_with_NAME before TABLE_all or TABLE_page, or TABLE_load_NAME behind it; then TABLE_its_NAME(list, i).\n"
	" * Where a table has a tenant, calls ask for it and see nothing else; where it has soft delete, TABLE_delete marks and\n"
	" * nothing sees marked rows; …_unscoped knows neither. The guide: docs/orm.md.\n"
	" * A column is NULL when its bit in `nulls` is set: row->nulls |= TABLE_NULL_COLUMN. Rows read live in the arena given.\n"
	" */\n"
	"/* clang-format off */\n";
/* clang-format on */

void emit_header(struct buf *out, const struct names *names, const struct schema *schema, const struct queries *queries)
{
	struct rc_arena *arena = schema->source->arena;
	char *guard = rc_arena_printf(arena, "%s", text_upper(arena, names->include));

	for (char *c = guard; *c; c++)
		if (*c == '/' || *c == '.')
			*c = '_';
	buf_printf(out, "%s#ifndef %s\n#define %s\n\n#include \"rowcast/orm.h\"\n\n", head, guard, guard);
	buf_printf(out, "extern const struct rc_schema %s_schema;\n\n", names->schema);
	emit_constraints(out, arena, schema, names->schema);
	for (uint32_t i = 0; i < schema->table_count; i++)
		emit_table(out, arena, &schema->tables[i]);
	buf_printf(out, "/* Relations */\n\n");
	for (uint32_t i = 0; i < schema->table_count; i++)
		emit_relations(out, NULL, arena, &schema->tables[i]);
	if (queries->count)
		buf_printf(out, "/* queries.sql */\n\n");
	for (uint32_t i = 0; i < queries->count; i++)
		emit_query(out, arena, &queries->items[i]);
	buf_printf(out, "#endif\n");
}
