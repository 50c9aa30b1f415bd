/*
 * model.c: descriptors, thin functions, statements, migrations. The functions only name the descriptor and give values
 * their type; the work is the run time's (rowcast/orm_generated.h). Sizes and offsets are asserted, so that a
 * descriptor and the compiler cannot disagree.
 */
#include <sodium.h>

#include "rowcast/orm/rowgen/rowgen.h"

static const struct {
	const char *enumerator, *value, *helper;
} type_names[] = {
	[RC_BOOL] = {"RC_BOOL", "RC_BOOL_VALUE", "bool"},           [RC_INT] = {"RC_INT", "RC_INT_VALUE", "int"},
	[RC_DOUBLE] = {"RC_DOUBLE", "RC_DOUBLE_VALUE", "double"},   [RC_TEXT] = {"RC_TEXT", "RC_TEXT_VALUE", "text"},
	[RC_BYTES] = {"RC_BYTES", "RC_BYTES_VALUE", "bytes"},       [RC_UUID] = {"RC_UUID", "RC_UUID_VALUE", "uuid"},
	[RC_TIMESTAMP] = {"RC_TIMESTAMP", "RC_TIME_VALUE", "time"}, [RC_DATE] = {"RC_DATE", "RC_DATE_VALUE", "date"},
	[RC_JSON] = {"RC_JSON", "RC_JSON_VALUE", "json"},
};

const char *type_enumerator(enum rc_type type)
{
	return type_names[type].enumerator;
}

const char *type_value(enum rc_type type)
{
	return type_names[type].value;
}

static void emit_flags(struct buf *out, uint32_t flags)
{
	static const char *const names[] = {"RC_COLUMN_NULLABLE", "RC_COLUMN_KEY", "RC_COLUMN_IDENTITY",
					    "RC_COLUMN_VERSION"};
	bool any = false;

	for (uint32_t i = 0; i < 4; i++) {
		if (!(flags & (1u << i)))
			continue;
		buf_printf(out, "%s%s", any ? " | " : "", names[i]);
		any = true;
	}
	if (!any)
		buf_append_char(out, '0');
}

static void emit_descriptor(struct buf *out, const char *name, const struct column *columns, uint32_t count,
			    uint32_t row_bytes)
{
	buf_printf(out, "static const struct rc_column %s_columns[] = {\n", name);
	for (uint32_t i = 0; i < count; i++) {
		buf_printf(out, "\t{\"%s\", %s, ", columns[i].name, type_enumerator(columns[i].type));
		emit_flags(out, columns[i].flags);
		buf_printf(out, ", offsetof(struct %s, %s)},\n", name, columns[i].name);
	}
	buf_printf(out, "};\n_Static_assert(sizeof(struct %s) == %u, \"layout\");\n", name, row_bytes);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "_Static_assert(offsetof(struct %s, %s) == %u, \"layout\");\n", name, columns[i].name,
			   columns[i].offset);
}

static void emit_model(struct buf *out, const struct schema *schema, const struct table *table)
{
	bool scoped = table->tenant >= 0 || table->deleted >= 0;

	emit_descriptor(out, table->name, table->columns, table->column_count, table->row_bytes);
	if (scoped)
		buf_printf(out, "static const struct rc_scope %s_scope = {.tenant = %d, .deleted = %d};\n", table->name,
			   table->tenant, table->deleted);
	buf_printf(out, "const struct rc_model %s_model = {\n", table->name);
	buf_printf(out, "\t.table = \"%s\",\n\t.columns = %s_columns,\n\t.column_count = %u,\n", table->name,
		   table->name, table->column_count);
	buf_printf(out, "\t.row_bytes = sizeof(struct %s),\n\t.key = {", table->name);
	for (uint32_t i = 0; i < table->key_count; i++)
		buf_printf(out, "%s%u", i ? ", " : "", table->key[i]);
	buf_printf(out, "},\n\t.key_count = %u,\n\t.version = %d,\n\t.id = %u,\n\t.captured = %s,\n", table->key_count,
		   table->version, (uint32_t)(table - schema->tables), table->captured ? "true" : "false");
	if (scoped)
		buf_printf(out, "\t.scope = &%s_scope,\n", table->name);
	buf_printf(out, "};\n\n");
	buf_printf(out, "struct %s_query {\n\tstruct rc_query query;\n};\n\n", table->name);
}

static void emit_compare(struct buf *out, const char *table, const char *column, enum rc_type type, uint32_t index,
			 const char *suffix, const char *compare)
{
	buf_printf(out,
		   "void %s_where_%s_%s(struct %s_query *query, %s%s)\n{\n"
		   "\trc_query_where(&query->query, %u, %s, %s(%s));\n}\n\n",
		   table, column, suffix, table, c_type(type), column, index, compare, type_names[type].value, column);
}

static void emit_conditions(struct buf *out, const struct table *table, uint32_t index)
{
	const struct column *column = &table->columns[index];
	const char *name = table->name, *col = column->name, *type = c_type(column->type);
	bool ordered = column->type != RC_BOOL && column->type != RC_JSON && column->type != RC_UUID;

	if (column->type != RC_JSON) {
		emit_compare(out, name, col, column->type, index, "eq", "RC_EQ");
		buf_printf(
			out,
			"void %s_where_%s_in(struct %s_query *query, const %s*values, size_t count)\n{\n"
			"\trc_query_in(&query->query, %u, values_%s(query->query.arena, values, count), count);\n}\n\n",
			name, col, name, type, index, type_names[column->type].helper);
	}
	if (ordered) {
		buf_printf(out,
			   "void %s_where_%s_between(struct %s_query *query, %slo, %shi)\n{\n"
			   "\trc_query_between(&query->query, %u, %s(lo), %s(hi));\n}\n\n",
			   name, col, name, type, type, index, type_names[column->type].value,
			   type_names[column->type].value);
		emit_compare(out, name, col, column->type, index, "lt", "RC_LT");
		emit_compare(out, name, col, column->type, index, "gt", "RC_GT");
		buf_printf(out,
			   "void %s_order_by_%s(struct %s_query *query)\n{\n\trc_query_order(&query->query, %u, "
			   "false);\n}\n\n"
			   "void %s_order_by_%s_desc(struct %s_query *query)\n{\n\trc_query_order(&query->query, %u, "
			   "true);\n}\n\n",
			   name, col, name, index, name, col, name, index);
	}
	if (column->flags & RC_COLUMN_NULLABLE)
		buf_printf(out,
			   "void %s_where_%s_is_null(struct %s_query *query, bool is_null)\n{\n"
			   "\trc_query_null(&query->query, %u, is_null);\n}\n\n",
			   name, col, name, index);
}

static void emit_run(struct buf *out, const struct table *table)
{
	const char *name = table->name;

	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (table->constraints[i].kind == CONSTRAINT_EXCLUDE)
			buf_printf(out,
				   "void %s_where_overlaps(struct %s_query *query, int64_t lo, int64_t hi)\n{\n"
				   "\trc_query_overlaps(&query->query, %u, %u, RC_TIME_VALUE(lo), "
				   "RC_TIME_VALUE(hi));\n}\n\n",
				   name, name, table->constraints[i].lo, table->constraints[i].hi);
	buf_printf(
		out,
		"void %s_limit(struct %s_query *query, int64_t rows)\n{\n\trc_query_limit(&query->query, rows);\n}\n\n",
		name, name);
	buf_printf(
		out,
		"int %s_all(struct %s_query *query, struct %s_list *out)\n{\n\tstruct rc_rows rows = {0};\n"
		"\tint err = rc_query_rows(&query->query, &rows);\n\n"
		"\t*out = (struct %s_list){.at = (struct %s **)rows.at, .count = rows.count%s};\n\treturn err;\n}\n\n",
		name, name, name, name, name, table->relation_count ? ", .related = query->query.related" : "");
	buf_printf(out,
		   "int %s_one(struct %s_query *query, struct %s **out)\n{\n\tvoid *row;\n"
		   "\tint err = rc_query_one(&query->query, &row);\n\n\t*out = err ? NULL : row;\n\treturn err;\n}\n\n",
		   name, name, name);
	buf_printf(out,
		   "struct %s_each {\n\tint (*row)(void *arg, const struct %s *row);\n\tvoid *arg;\n};\n\n"
		   "static int %s_each_row(void *arg, const void *row)\n{\n\tconst struct %s_each *each = arg;\n\n"
		   "\treturn each->row(each->arg, row);\n}\n\n",
		   name, name, name, name);
	buf_printf(out,
		   "int %s_each(struct %s_query *query, int (*row)(void *arg, const struct %s *row), void *arg)\n{\n"
		   "\tstruct %s_each each = {row, arg};\n\n\treturn rc_query_each(&query->query, %s_each_row, "
		   "&each);\n}\n\n",
		   name, name, name, name, name);
	buf_printf(out,
		   "int %s_count(struct %s_query *query, int64_t *out)\n{\n\treturn rc_query_count(&query->query, "
		   "out);\n}\n\n",
		   name, name);
}

static const char *const dialect_names[RC_DIALECTS] = {"RC_SQLITE", "RC_POSTGRES", "RC_MARIADB"};

/* As the inside of a C string of one line. */
static void emit_escaped(struct buf *out, const char *sql)
{
	for (; *sql; sql++) {
		if (*sql == '"' || *sql == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, *sql);
	}
}

/* MariaDB's places for parameters are not simply 1, 2, … */
static bool binds_needed(const struct query *query)
{
	for (uint32_t i = 0; i < query->bind_count; i++)
		if (query->binds[i] != i)
			return true;
	return query->bind_count != query->param_count;
}

static void emit_binds(struct buf *out, const struct query *query)
{
	if (!binds_needed(query))
		return;
	buf_printf(out, "static const uint8_t %s_binds[] = {", query->name);
	for (uint32_t i = 0; i < query->bind_count; i++)
		buf_printf(out, "%s%u", i ? ", " : "", query->binds[i]);
	buf_printf(out, "};\n");
}

static void emit_statement(struct buf *out, struct rc_arena *arena, const struct query *query, uint32_t id)
{
	const char *row = query->table ? query->table->name : rc_arena_printf(arena, "%s_row", query->name);
	bool rows = query->kind != QUERY_EXEC;

	if (rows && !query->table) {
		emit_descriptor(out, row, query->columns, query->column_count, query->row_bytes);
		buf_printf(out,
			   "static const struct rc_model %s_model = {\n\t.table = \"%s\",\n\t.columns = %s_columns,\n"
			   "\t.column_count = %u,\n\t.row_bytes = sizeof(struct %s),\n\t.version = -1,\n};\n\n",
			   row, row, row, query->column_count, row);
	}
	if (query->param_count) {
		buf_printf(out, "static const enum rc_type %s_params[] = {", query->name);
		for (uint32_t i = 0; i < query->param_count; i++)
			buf_printf(out, "%s%s", i ? ", " : "", type_enumerator(query->params[i].type));
		buf_printf(out, "};\n");
	}
	emit_binds(out, query);
	buf_printf(out, "static const struct rc_statement %s_statement = {\n\t.id = %u,\n", query->name, id);
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		buf_printf(out, "\t.sql[%s] = \"", dialect_names[dialect]);
		emit_escaped(out, query->sql[dialect]);
		buf_printf(out, "\",\n");
	}
	if (binds_needed(query))
		buf_printf(out, "\t.binds = %s_binds,\n\t.bind_count = %u,\n", query->name, query->bind_count);
	buf_printf(out, "\t.param_count = %u,\n", query->param_count);
	if (query->param_count)
		buf_printf(out, "\t.params = %s_params,\n", query->name);
	if (rows)
		buf_printf(out, "\t.result = &%s_model,\n", row);
	buf_printf(out, "};\n\n");
}

static void emit_query(struct buf *out, struct rc_arena *arena, const struct query *query)
{
	const char *row = query->table ? query->table->name : rc_arena_printf(arena, "%s_row", query->name);

	buf_printf(out, "int %s(struct rc_tx *tx%s", query->name,
		   query->kind != QUERY_EXEC ? ", struct rc_arena *arena" : "");
	for (uint32_t i = 0; i < query->param_count; i++)
		buf_printf(out, ", %s%s", c_type(query->params[i].type), query->params[i].name);
	if (query->kind == QUERY_EXEC)
		buf_printf(out, ", int64_t *changed)\n{\n");
	else
		buf_printf(out, ", struct %s%s*out)\n{\n", row, query->kind == QUERY_ONE ? " *" : "_list ");
	if (query->param_count) {
		buf_printf(out, "\tconst struct rc_value params[] = {");
		for (uint32_t i = 0; i < query->param_count; i++)
			buf_printf(out, "%s%s(%s)", i ? ", " : "", type_names[query->params[i].type].value,
				   query->params[i].name);
		buf_printf(out, "};\n");
	} else {
		buf_printf(out, "\tconst struct rc_value *params = NULL;\n");
	}
	if (query->kind == QUERY_EXEC)
		buf_printf(out, "\n\treturn rc_statement_run(tx, &%s_statement, params, changed);\n}\n\n", query->name);
	else if (query->kind == QUERY_ONE)
		buf_printf(out,
			   "\tvoid *row;\n\tint err = rc_statement_one(tx, arena, &%s_statement, params, &row);\n\n"
			   "\t*out = err ? NULL : row;\n\treturn err;\n}\n\n",
			   query->name);
	else
		buf_printf(out,
			   "\tstruct rc_rows rows = {0};\n\tint err = rc_statement_rows(tx, arena, &%s_statement, "
			   "params, &rows);\n\n"
			   "\t*out = (struct %s_list){.at = (struct %s **)rows.at, .count = rows.count};\n\treturn "
			   "err;\n}\n\n",
			   query->name, row, row);
}

/* SQL text as a C string, a line each. */
static void emit_string(struct buf *out, const char *name, const char *sql)
{
	buf_printf(out, "static const char %s[] =\n\t\"", name);
	for (; *sql; sql++) {
		if (*sql == '\n')
			buf_printf(out, sql[1] ? "\\n\"\n\t\"" : "\\n");
		else if (*sql == '"' || *sql == '\\')
			buf_printf(out, "\\%c", *sql);
		else
			buf_append_char(out, *sql);
	}
	buf_printf(out, "\";\n\n");
}

static void emit_migration(struct buf *out, struct buf *table, const struct migration *migration,
			   enum rc_dialect dialect)
{
	static const char *const suffixes[RC_DIALECTS] = {"", "_postgres", "_mariadb"};
	const char *up = migration->up[dialect], *in = dialect_names[dialect];
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1], name[64];

	if (!up)
		return;
	crypto_hash_sha256(hash, (const unsigned char *)up, strlen(up));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(name, sizeof(name), "migration_%u_up%s", migration->version, suffixes[dialect]);
	emit_string(out, name, up);
	buf_printf(table, "\t .up[%s] = %s, ", in, name);
	snprintf(name, sizeof(name), "migration_%u_down%s", migration->version, suffixes[dialect]);
	emit_string(out, name, migration->down[dialect]);
	buf_printf(table, ".down[%s] = %s,\n\t .checksum[%s] = \"%s\",\n", in, name, in, hex);
}

/* The texts, then the table of them. Versions tell them apart: migration_2_up. */
static void emit_migrations(struct buf *out, const struct migrations *migrations)
{
	struct buf table = BUF_INIT;

	for (uint32_t i = 0; i < migrations->count; i++) {
		const struct migration *migration = &migrations->items[i];

		buf_printf(&table, "\t{%u, \"%s\",\n", migration->version, migration->name);
		for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
			emit_migration(out, &table, migration, dialect);
		buf_printf(&table, "\t},\n");
	}
	buf_printf(out, "static const struct rc_migration migrations[] = {\n%s};\n\n", buf_cstr(&table));
	buf_release(&table);
}

static void emit_schema(struct buf *out, const struct names *names, const struct schema *schema,
			const struct queries *queries, const struct migrations *migrations)
{
	buf_printf(out, "static const struct rc_model *const models[] = {\n");
	for (uint32_t i = 0; i < schema->table_count; i++)
		buf_printf(out, "\t&%s_model,\n", schema->tables[i].name);
	buf_printf(out, "};\n\nstatic const struct rc_constraint constraints[] = {\n\t{\"\", \"\", \"\", 0},\n");
	for (uint32_t i = 1; i < schema->rule_count; i++) {
		const struct rule *rule = &schema->rules[i];

		buf_printf(out, "\t{\"%s\", \"%s\", \"%s\", %s},\n", rule->name, rule->table, rule->columns,
			   rule->kind);
	}
	buf_printf(out, "};\n\n");
	emit_migrations(out, migrations);
	buf_printf(out, "const struct rc_schema %s_schema = {\n\t.name = \"%s\",\n\t.version = %u,\n", names->schema,
		   names->schema, migrations->count);
	buf_printf(out, "\t.models = models,\n\t.model_count = %u,\n", schema->table_count);
	buf_printf(out, "\t.migrations = migrations,\n\t.migration_count = %u,\n", migrations->count);
	buf_printf(out, "\t.constraints = constraints,\n\t.constraint_count = %u,\n\t.statement_count = %u,\n};\n",
		   schema->rule_count, queries->count);
}

/* values_int(arena, values, count) …: an array of plain values as rc_values, for those types that a column has. */
static void emit_helpers(struct buf *out, const struct schema *schema)
{
	uint32_t used = 0;

	for (uint32_t t = 0; t < schema->table_count; t++)
		for (uint32_t c = 0; c < schema->tables[t].column_count; c++)
			used |= 1u << schema->tables[t].columns[c].type;
	for (uint32_t type = RC_BOOL; type < RC_JSON; type++) {
		if (!(used & (1u << type)))
			continue;
		buf_printf(out,
			   "static const struct rc_value *values_%s(struct rc_arena *arena, const %s*values, size_t "
			   "count)\n{\n"
			   "\tstruct rc_value *list = RC_ARENA_ARRAY(arena, struct rc_value, count);\n\n"
			   "\tfor (size_t i = 0; i < count; i++)\n\t\tlist[i] = %s(values[i]);\n\treturn list;\n}\n\n",
			   type_names[type].helper, c_type((enum rc_type)type), type_names[type].value);
	}
}

void emit_source(struct buf *out, const struct names *names, const struct schema *schema, const struct queries *queries,
		 const struct migrations *migrations)
{
	struct rc_arena *arena = schema->source->arena;

	buf_printf(out,
		   "/* Generated by rowgen from schema.sql and queries.sql; do not edit (script/model writes it). */\n"
		   "/* clang-format off */\n#include <stddef.h>\n\n#include \"%s\"\n#include "
		   "\"rowcast/orm_generated.h\"\n\n",
		   names->include);
	emit_helpers(out, schema);
	for (uint32_t t = 0; t < schema->table_count; t++) {
		const struct table *table = &schema->tables[t];

		emit_model(out, schema, table);
		emit_calls(NULL, out, arena, table);
		emit_pages(NULL, out, arena, table);
		for (uint32_t c = 0; c < table->column_count; c++)
			emit_conditions(out, table, c);
		emit_run(out, table);
	}
	for (uint32_t t = 0; t < schema->table_count; t++)
		emit_relations(NULL, out, arena, &schema->tables[t]);
	for (uint32_t i = 0; i < queries->count; i++) {
		emit_statement(out, arena, &queries->items[i], i);
		emit_query(out, arena, &queries->items[i]);
	}
	emit_schema(out, names, schema, queries, migrations);
}
