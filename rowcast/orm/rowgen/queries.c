/*
 * queries.sql → struct queries. One statement each, behind its directives:
 *
 *   -- name: claims_over :many
 *   -- params: resource bigint, lo timestamptz, hi timestamptz
 *   SELECT * FROM claim WHERE resource_id = $1 AND lo < $3 AND hi > $2 ORDER BY lane, lo;
 *
 * A line "-- mariadb: …" above it is what MariaDB gets instead, where it cannot run the common text.
 *
 * Rows of `SELECT *` or `SELECT t.*` over one table are rows of that table; others become struct NAME_row, whose
 * columns need a name and a type: a plain column of a table in FROM, or a cast.
 */
#include <strings.h>

#include "rowcast/orm/rowgen/rowgen.h"

static struct rc_str word_cut(struct rc_str *rest)
{
	struct rc_str word = {NULL, 0};

	while (rest->len && *rest->ptr == ' ') {
		rest->ptr++;
		rest->len--;
	}
	while (rest->len && *rest->ptr != ' ') {
		word.ptr = word.ptr ? word.ptr : rest->ptr;
		word.len++;
		rest->ptr++;
		rest->len--;
	}
	return word;
}

/* The comment line "-- word: …" before the statement's text at `at`, after `from`. */
static bool directive_find(const struct source *source, size_t from, size_t at, const char *word, struct rc_str *out)
{
	const char *line = source->text + from;
	size_t len = strlen(word);

	while (line < source->text + at) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, "-- ", 3) == 0 && strncmp(line + 3, word, len) == 0 && line[3 + len] == ':') {
			*out = (struct rc_str){line + 4 + len, (size_t)(end - line) - 4 - len};
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

static enum rc_type type_parse(const struct source *source, size_t at, struct rc_str name)
{
	static const struct {
		const char *sql;
		enum rc_type type;
	} types[] = {
		{"boolean", RC_BOOL}, {"bigint", RC_INT}, {"double", RC_DOUBLE},         {"text", RC_TEXT},
		{"bytea", RC_BYTES},  {"uuid", RC_UUID},  {"timestamptz", RC_TIMESTAMP}, {"date", RC_DATE},
		{"json", RC_JSON},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (rc_str_is(name, types[i].sql))
			return types[i].type;
	fail(source, at, "%.*s is not a type of a parameter", RC_STR_ARG(name));
}

static void params_read(const struct source *source, struct query *query, struct rc_str text)
{
	while (text.len) {
		struct rc_str item = rc_str_cut(&text, ','), name = word_cut(&item), type = word_cut(&item);
		struct param *param = &query->params[query->param_count];

		if (!name.len || !type.len || word_cut(&item).len)
			fail(source, query->at, "%s: params are \"name type, name type\"", query->name);
		if (query->param_count++ == PARAMS_MAX)
			fail(source, query->at, "%s: at most %d params", query->name, PARAMS_MAX);
		param->name = rc_arena_copy(source->arena, name).ptr;
		param->type = type_parse(source, query->at, type);
	}
}

/* Every $n is declared and every declared one is used. */
static void params_check(const struct source *source, const struct query *query, size_t from, size_t to)
{
	uint64_t used = 0;
	struct token token;

	while (token_next(source, &from, to, &token)) {
		int64_t n = 0;

		if (token.kind != TOKEN_PARAM)
			continue;
		if (rc_str_to_i64((struct rc_str){source->text + token.from + 1, token.to - token.from - 1}, &n) ||
		    n < 1 || n > query->param_count)
			fail(source, token.from, "%s: this parameter is not in its params", query->name);
		used |= UINT64_C(1) << (n - 1);
	}
	if (used != (UINT64_C(1) << query->param_count) - 1)
		fail(source, query->at, "%s: not every one of its params is used", query->name);
}

struct scope {
	const json_t *with; /* WITH's list: names that are no tables; their columns need a cast */
	const struct table *tables[8];
	const char *alias[8];
	uint32_t count;
};

static void scope_add(const struct source *source, const struct schema *schema, const struct query *query,
		      const json_t *node, struct scope *scope)
{
	const json_t *range = json_object_get(node, "RangeVar");
	const json_t *join = json_object_get(node, "JoinExpr");
	const json_t *alias = json_object_get(json_object_get(range, "alias"), "aliasname");
	const char *name = json_string_value(json_object_get(range, "relname"));

	if (join) {
		scope_add(source, schema, query, json_object_get(join, "larg"), scope);
		scope_add(source, schema, query, json_object_get(join, "rarg"), scope);
		return;
	}
	for (size_t i = 0; name && i < json_array_size(scope->with); i++) {
		const json_t *cte = json_object_get(json_array_get(scope->with, i), "CommonTableExpr");

		if (strcmp(json_string_value(json_object_get(cte, "ctename")), name) == 0)
			return;
	}
	if (!range || scope->count == 8)
		fail(source, query->at, "%s: FROM may name at most 8 tables, plain or joined", query->name);
	scope->tables[scope->count] = schema_table(schema, name);
	if (!scope->tables[scope->count])
		fail(source, query->at, "%s: there is no table %s", query->name, name);
	scope->alias[scope->count++] = json_string_value(alias) ? json_string_value(alias) : name;
}

static const char *field(const json_t *fields, size_t i)
{
	return json_string_value(json_object_get(json_object_get(json_array_get(fields, i), "String"), "sval"));
}

static void target_column(const struct source *source, const struct scope *scope, struct query *query,
			  const json_t *target)
{
	struct column *column = &query->columns[query->column_count++];
	const json_t *value = json_object_get(target, "val");
	const json_t *fields = json_object_get(json_object_get(value, "ColumnRef"), "fields");
	const json_t *cast = json_object_get(value, "TypeCast");
	const char *name = json_string_value(json_object_get(target, "name"));
	size_t parts = json_array_size(fields);

	if (cast) {
		column->type = type_from_name(source, query->at, json_object_get(cast, "typeName"));
		column->flags = RC_COLUMN_NULLABLE;
	} else if (parts) {
		const char *plain = field(fields, parts - 1);

		for (uint32_t i = 0; i < scope->count && plain && !column->name; i++) {
			int32_t at = table_column(scope->tables[i], plain);

			if (at < 0 || (parts == 2 && strcmp(scope->alias[i], field(fields, 0)) != 0))
				continue;
			*column = scope->tables[i]->columns[at];
			column->flags &= RC_COLUMN_NULLABLE;
		}
	}
	if (name)
		column->name = rc_arena_printf(source->arena, "%s", name);
	if (!column->name || column->type == RC_TYPE_NONE)
		fail(source, query->at,
		     "%s: result column %u needs a name (AS) and a type (a table's column or a cast)", query->name,
		     query->column_count);
	column->note = NULL;
}

static void result_read(const struct source *source, const struct schema *schema, struct query *query,
			const json_t *select)
{
	const json_t *from = json_object_get(select, "fromClause");
	const json_t *targets = json_object_get(select, "targetList");
	struct scope scope = {.with = json_object_get(json_object_get(select, "withClause"), "ctes")};
	const json_t *first = json_object_get(json_object_get(json_array_get(targets, 0), "ResTarget"), "val");
	const json_t *fields = json_object_get(json_object_get(first, "ColumnRef"), "fields");

	if (!select)
		fail(source, query->at, "%s: only a SELECT gives rows", query->name);
	for (size_t i = 0; i < json_array_size(from); i++)
		scope_add(source, schema, query, json_array_get(from, i), &scope);
	if (fields && json_object_get(json_array_get(fields, json_array_size(fields) - 1), "A_Star")) {
		for (uint32_t i = 0; i < scope.count; i++)
			if (json_array_size(fields) == 1 || strcmp(scope.alias[i], field(fields, 0)) == 0)
				query->table = scope.tables[i];
		if (json_array_size(targets) != 1 || !query->table ||
		    (json_array_size(fields) == 1 && scope.count != 1))
			fail(source, query->at, "%s: * must stand alone and mean one table", query->name);
		return;
	}
	query->columns = RC_ARENA_ARRAY(source->arena, struct column, json_array_size(targets));
	for (size_t i = 0; i < json_array_size(targets); i++)
		target_column(source, &scope, query, json_object_get(json_array_get(targets, i), "ResTarget"));
	query->row_bytes = row_layout(query->columns, query->column_count);
}

/* The lines "-- mariadb: …" above a statement, joined: its own text for an engine that cannot run the common one. */
static bool override_find(const struct source *source, size_t from, size_t at, struct source *out)
{
	struct buf text = BUF_INIT;
	struct rc_str line;
	bool found = false;

	while (directive_find(source, from, at, "mariadb", &line)) {
		buf_append_str(&text, line);
		buf_append_char(&text, '\n');
		from = (size_t)(line.ptr + line.len - source->text);
		found = true;
	}
	*out = (struct source){.path = source->path, .arena = source->arena, .len = text.len};
	out->text = (char *)(uintptr_t)rc_arena_copy(source->arena, buf_str(&text)).ptr;
	buf_release(&text);
	return found;
}

/* MariaDB ends a recursion after 1000 rounds (max_recursive_iterations) with a mere warning and half the rows. */
static const char *recursion_unbounded(struct rc_arena *arena, const char *sql)
{
	if (strncasecmp(sql, "WITH RECURSIVE ", 15) != 0)
		return sql;
	return rc_arena_printf(arena, "SET STATEMENT max_recursive_iterations = 4294967295 FOR %s", sql);
}

static void texts_write(struct query *query, const struct source *source, const struct schema *schema, size_t from,
			size_t to)
{
	struct text_style style = {
		.schema = schema, .query = query, .binds = query->binds, .bind_count = &query->bind_count};
	struct source other;

	for (style.dialect = RC_SQLITE; style.dialect < RC_DIALECTS; style.dialect++)
		if (style.dialect == RC_MARIADB && override_find(source, from, query->at, &other))
			query->sql[style.dialect] = text_sql(&other, 0, other.len, &style);
		else
			query->sql[style.dialect] = text_sql(source, query->at, to, &style);
	query->sql[RC_MARIADB] = recursion_unbounded(source->arena, query->sql[RC_MARIADB]);
}

static void query_read(struct queries *queries, const struct source *source, const struct schema *schema,
		       const json_t *node, size_t from, size_t to)
{
	struct query *query = &queries->items[queries->count++];
	struct rc_str text, word;
	struct token token;
	size_t body = from;

	do { /* the statement's own first word */
		if (!token_next(source, &body, to, &token))
			fail(source, from, "empty statement");
	} while (token.kind == TOKEN_COMMENT);
	query->at = token.from;
	if (!directive_find(source, from, token.from, "name", &text))
		fail(source, query->at, "a query needs a line \"-- name: its_name :one|:many|:exec\" above it");
	word = word_cut(&text);
	query->name = rc_arena_copy(source->arena, word).ptr;
	word = word_cut(&text);
	if (rc_str_is(word, ":one"))
		query->kind = QUERY_ONE;
	else if (rc_str_is(word, ":many"))
		query->kind = QUERY_MANY;
	else if (rc_str_is(word, ":exec"))
		query->kind = QUERY_EXEC;
	else
		fail(source, query->at, "%s: its kind is :one, :many or :exec", query->name);
	for (uint32_t i = 0; i + 1 < queries->count; i++)
		if (strcmp(queries->items[i].name, query->name) == 0)
			fail(source, query->at, "there are two queries %s", query->name);
	if (directive_find(source, from, query->at, "params", &text))
		params_read(source, query, text);
	params_check(source, query, query->at, to);
	query_scope_check(source, schema, query, query->at, to);
	if (query->kind != QUERY_EXEC)
		result_read(source, schema, query, json_object_get(node, "SelectStmt"));
	query->note = text_note_above(source, query->at);
	texts_write(query, source, schema, from, to);
}

void queries_parse(struct queries *queries, const struct source *source, const struct schema *schema)
{
	json_t *tree = source_parse(source);
	const json_t *statements = json_object_get(tree, "stmts");
	size_t i;
	json_t *statement;

	*queries = (struct queries){.source = source};
	queries->items = RC_ARENA_ARRAY(source->arena, struct query, json_array_size(statements) + 1);
	json_array_foreach(statements, i, statement)
	{
		size_t from = (size_t)json_integer_value(json_object_get(statement, "stmt_location"));
		size_t len = (size_t)json_integer_value(json_object_get(statement, "stmt_len"));

		query_read(queries, source, schema, json_object_get(statement, "stmt"), from,
			   len ? from + len : source->len);
	}
	json_decref(tree);
}
