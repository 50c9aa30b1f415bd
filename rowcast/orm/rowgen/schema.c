/*
 * schema.sql → struct schema, from libpg_query's tree. What the three engines cannot all do is refused here, with its
 * line.
 */
#include "rowcast/orm/rowgen/rowgen.h"

size_t location(const json_t *node)
{
	return (size_t)json_integer_value(json_object_get(node, "location")); /* 0 is left out of the tree */
}

const char *str_value(const struct source *source, const json_t *node)
{
	const char *text = json_string_value(json_object_get(json_object_get(node, "String"), "sval"));

	return text ? rc_arena_printf(source->arena, "%s", text) : "";
}

const char *member(const struct source *source, const json_t *node, const char *name)
{
	const char *text = json_string_value(json_object_get(node, name));

	return text ? rc_arena_printf(source->arena, "%s", text) : NULL;
}

const struct table *schema_table(const struct schema *schema, const char *name)
{
	for (uint32_t i = 0; i < schema->table_count; i++)
		if (strcmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	return NULL;
}

bool schema_names(const struct schema *schema, const char *word)
{
	for (uint32_t i = 0; i < schema->table_count; i++)
		if (strcmp(schema->tables[i].name, word) == 0 || table_column(&schema->tables[i], word) >= 0)
			return true;
	return false;
}

int32_t table_column(const struct table *table, const char *name)
{
	for (uint32_t i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return (int32_t)i;
	return -1;
}

uint32_t column_named(const struct source *source, size_t at, const struct table *table, const char *name)
{
	int32_t i = table_column(table, name);

	if (i < 0)
		fail(source, at, "table %s has no column %s", table->name, name);
	return (uint32_t)i;
}

enum rc_type type_from_name(const struct source *source, size_t at, const json_t *type_name)
{
	static const struct {
		const char *sql;
		enum rc_type type;
	} types[] = {
		{"bool", RC_BOOL},   {"int8", RC_INT},   {"float8", RC_DOUBLE},         {"text", RC_TEXT},
		{"bytea", RC_BYTES}, {"uuid", RC_UUID},  {"timestamptz", RC_TIMESTAMP}, {"date", RC_DATE},
		{"json", RC_JSON},   {"jsonb", RC_JSON},
	};
	const json_t *names = json_object_get(type_name, "names");
	const char *name = str_value(source, json_array_get(names, json_array_size(names) - 1));

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].sql, name) == 0 && !json_object_get(type_name, "arrayBounds"))
			return types[i].type;
	fail(source, at,
	     "type %s is not supported; use boolean, bigint, double precision, text, bytea, uuid, timestamptz, date or "
	     "json",
	     name);
}

static uint32_t type_bytes(enum rc_type type, uint32_t *align)
{
	switch (type) {
	case RC_BOOL:
		return *align = 1;
	case RC_UUID:
		*align = 1;
		return 16;
	case RC_DATE:
		return *align = 4;
	case RC_TEXT:
	case RC_BYTES:
	case RC_JSON:
		*align = 8;
		return 16;
	default:
		return *align = 8;
	}
}

uint32_t row_layout(struct column *columns, uint32_t count)
{
	uint32_t at = 8; /* nulls */

	for (uint32_t i = 0; i < count; i++) {
		uint32_t align, bytes = type_bytes(columns[i].type, &align);

		at = (at + align - 1) / align * align;
		columns[i].offset = at;
		at += bytes;
	}
	return (at + 7) / 8 * 8;
}

static struct constraint *constraint_add(const struct source *source, struct table *table, enum constraint_kind kind,
					 const char *name, size_t at)
{
	struct constraint *grown = RC_ARENA_ARRAY(source->arena, struct constraint, table->constraint_count + 1);

	if (table->constraint_count)
		memcpy(grown, table->constraints, sizeof(*grown) * table->constraint_count);
	table->constraints = grown;
	grown += table->constraint_count++;
	*grown = (struct constraint){.kind = kind, .name = name, .at = at};
	return grown;
}

static void keys_read(const struct source *source, const struct table *table, const json_t *keys,
		      struct constraint *out)
{
	size_t i;
	json_t *key;

	json_array_foreach(keys, i, key)
		out->columns[out->column_count++] = column_named(source, out->at, table, str_value(source, key));
}

static void set_primary(const struct source *source, struct table *table, const struct constraint *primary)
{
	if (table->key_count)
		fail(source, primary->at, "table %s has two primary keys", table->name);
	if (primary->column_count > KEY_MAX)
		fail(source, primary->at, "a primary key has at most %d columns", KEY_MAX);
	for (uint32_t i = 0; i < primary->column_count; i++) {
		table->key[table->key_count++] = primary->columns[i];
		table->columns[primary->columns[i]].flags |= RC_COLUMN_KEY;
		table->columns[primary->columns[i]].flags &= ~(uint32_t)RC_COLUMN_NULLABLE;
	}
}

static const char *default_name(const struct source *source, const struct table *table, const struct constraint *c,
				const char *suffix)
{
	const char *name = table->name;

	for (uint32_t i = 0; i < c->column_count; i++)
		name = rc_arena_printf(source->arena, "%s_%s", name, table->columns[c->columns[i]].name);
	return rc_arena_printf(source->arena, "%s_%s", name, suffix);
}

static void foreign_read(const struct source *source, struct table *table, const json_t *node, struct constraint *out)
{
	const json_t *attrs = json_object_get(node, "pk_attrs");
	const char *actions[] = {member(source, node, "fk_upd_action"), member(source, node, "fk_del_action")};

	out->foreign_table = member(source, json_object_get(node, "pktable"), "relname");
	if (table->captured && (strcmp(actions[0], "a") != 0 || strcmp(actions[1], "a") != 0))
		fail(source, out->at, "no cascades on the captured table %s: no engine's log shows them reliably",
		     table->name);
	if (strcmp(actions[0], "a") != 0 || strcmp(actions[1], "a") != 0)
		fail(source, out->at,
		     "ON DELETE and ON UPDATE actions are not supported; say in SQL what is to be deleted");
	if (!json_array_size(attrs) || json_array_size(attrs) > KEY_MAX)
		fail(source, out->at, "say which columns of %s are referenced, at most %d", out->foreign_table,
		     KEY_MAX);
	for (size_t i = 0; i < json_array_size(attrs); i++)
		out->foreign_columns[out->foreign_count++] = str_value(source, json_array_get(attrs, i));
	if (!out->name)
		out->name = default_name(source, table, out, "fkey");
}

/* EXCLUDE USING gist (a WITH =, b WITH =, tstzrange(lo, hi) WITH &&) [WHERE (…)] and nothing else. */
static void exclude_read(const struct source *source, struct table *table, const json_t *node, struct constraint *out)
{
	static const char form[] =
		"only EXCLUDE USING gist (column WITH =, …, tstzrange(lo, hi) WITH &&) can be kept on every engine";
	size_t i;
	json_t *item;
	bool range = false;

	json_array_foreach(json_object_get(node, "exclusions"), i, item)
	{
		const json_t *pair = json_object_get(json_object_get(item, "List"), "items");
		const json_t *elem = json_object_get(json_array_get(pair, 0), "IndexElem");
		const json_t *ops = json_object_get(json_object_get(json_array_get(pair, 1), "List"), "items");
		const char *op = str_value(source, json_array_get(ops, 0));
		const json_t *call = json_object_get(json_object_get(elem, "expr"), "FuncCall");
		const json_t *args = json_object_get(call, "args");

		if (strcmp(op, "=") == 0 && json_object_get(elem, "name")) {
			out->columns[out->column_count++] = column_named(source, out->at, table,
									 member(source, elem, "name"));
		} else if (strcmp(op, "&&") == 0 && !range && json_array_size(args) == 2 &&
			   strcmp(str_value(source, json_array_get(json_object_get(call, "funcname"), 0)),
				  "tstzrange") == 0) {
			const char *ends[2];

			for (size_t k = 0; k < 2; k++) {
				const json_t *ref = json_object_get(json_array_get(args, k), "ColumnRef");

				ends[k] = str_value(source, json_array_get(json_object_get(ref, "fields"), 0));
			}
			out->lo = column_named(source, out->at, table, ends[0]);
			out->hi = column_named(source, out->at, table, ends[1]);
			range = true;
		} else {
			fail(source, out->at, "%s", form);
		}
	}
	if (!range || !out->column_count || !out->name)
		fail(source, out->at, "%s, and it needs a name", form);
	if (json_object_get(node, "where_clause")) {
		size_t from, to, at = text_after_word(source, out->at, source->len, "gist");

		text_parens(source, at, &from, &to);
		at = text_after_word(source, to, source->len, "where");
		text_parens(source, at, &out->where.from, &out->where.to);
	}
}

/* `column`: the column that carries the constraint, -1 for a constraint of the table. */
static void constraint_read(const struct source *source, struct table *table, int32_t column, const json_t *node)
{
	const char *type = member(source, node, "contype");
	const char *name = member(source, node, "conname");
	size_t at = location(node);
	struct column *owner = column >= 0 ? &table->columns[column] : NULL;
	struct constraint *out;

	if (strcmp(type, "CONSTR_NOTNULL") == 0 || strcmp(type, "CONSTR_NULL") == 0 ||
	    strcmp(type, "CONSTR_DEFAULT") == 0 || strcmp(type, "CONSTR_IDENTITY") == 0)
		return; /* column_read */
	if (strcmp(type, "CONSTR_PRIMARY") == 0) {
		out = constraint_add(source, table, CONSTRAINT_PRIMARY, name, at);
		keys_read(source, table, json_object_get(node, "keys"), out);
	} else if (strcmp(type, "CONSTR_UNIQUE") == 0) {
		out = constraint_add(source, table, CONSTRAINT_UNIQUE, name, at);
		keys_read(source, table, json_object_get(node, "keys"), out);
	} else if (strcmp(type, "CONSTR_CHECK") == 0) {
		out = constraint_add(source, table, CONSTRAINT_CHECK, name, at);
		text_parens(source, text_after_word(source, at, source->len, "check"), &out->check.from,
			    &out->check.to);
	} else if (strcmp(type, "CONSTR_FOREIGN") == 0) {
		out = constraint_add(source, table, CONSTRAINT_FOREIGN, name, at);
		keys_read(source, table, json_object_get(node, "fk_attrs"), out);
	} else if (strcmp(type, "CONSTR_EXCLUSION") == 0) {
		out = constraint_add(source, table, CONSTRAINT_EXCLUDE, name, at);
		exclude_read(source, table, node, out);
	} else {
		fail(source, at, "%s is not supported", type);
	}
	if (owner && !out->column_count)
		out->columns[out->column_count++] = (uint32_t)column;
	if (out->kind == CONSTRAINT_PRIMARY)
		set_primary(source, table, out);
	if (out->kind == CONSTRAINT_FOREIGN)
		foreign_read(source, table, node, out);
	if (!out->name)
		out->name = out->kind == CONSTRAINT_PRIMARY
				    ? rc_arena_printf(source->arena, "%s_pkey", table->name)
				    : default_name(source, table, out,
						   out->kind == CONSTRAINT_UNIQUE ? "key" : "check");
}

/* The text of DEFAULT …: up to the next constraint word or the comma at depth 0. */
static struct span default_span(const struct source *source, size_t at)
{
	size_t from = text_after_word(source, at, source->len, "default"), to = from, next = from;
	struct token token;
	int depth = 0;

	while (token_next(source, &next, source->len, &token)) {
		char c = source->text[token.from];

		if (token.kind == TOKEN_OTHER && c == '(')
			depth++;
		if (depth == 0 &&
		    (token.kind == TOKEN_COMMENT || c == ',' || c == ')' || token_is(source, &token, "not") ||
		     token_is(source, &token, "constraint") || token_is(source, &token, "references") ||
		     token_is(source, &token, "check") || token_is(source, &token, "unique")))
			break;
		if (token.kind == TOKEN_OTHER && c == ')')
			depth--;
		to = token.to;
	}
	return (struct span){from, to};
}

static void column_read(const struct source *source, struct table *table, const json_t *node)
{
	struct column *column = &table->columns[table->column_count];
	size_t i;
	json_t *item;

	column->at = location(node);
	column->name = member(source, node, "colname");
	if (table_column(table, column->name) >= 0)
		fail(source, column->at, "table %s has two columns %s", table->name, column->name);
	column->type = type_from_name(source, column->at, json_object_get(node, "typeName"));
	column->flags = RC_COLUMN_NULLABLE;
	json_array_foreach(json_object_get(node, "constraints"), i, item)
	{
		const json_t *constraint = json_object_get(item, "Constraint");
		const char *type = member(source, constraint, "contype");

		if (strcmp(type, "CONSTR_NOTNULL") == 0 || strcmp(type, "CONSTR_IDENTITY") == 0)
			column->flags &= ~(uint32_t)RC_COLUMN_NULLABLE;
		if (strcmp(type, "CONSTR_IDENTITY") == 0)
			column->flags |= RC_COLUMN_IDENTITY;
		if (strcmp(type, "CONSTR_DEFAULT") == 0)
			column->fallback = default_span(source, location(constraint));
	}
	table->column_count++;
}

static void table_directive(const struct source *source, struct table *table, const char *directive)
{
	struct rc_str rest = rc_str_from(directive);

	while (rest.len) {
		struct rc_str word = directive_trim(rc_str_cut(&rest, ';'));

		if (rc_str_is(word, "captured"))
			table->captured = true;
		else if (rc_str_starts(word, RC_STR("renamed from ")))
			table->renamed = rc_arena_copy(source->arena,
						       directive_trim((struct rc_str){word.ptr + 13, word.len - 13}))
						 .ptr;
		else
			fail(source, table->at,
			     "unknown directive \"%.*s\" on a table; there are: captured, renamed from",
			     RC_STR_ARG(word));
	}
}

static void table_finish(const struct source *source, struct table *table)
{
	uint32_t identities = 0;

	if (!table->key_count)
		fail(source, table->at, "table %s needs a primary key", table->name);
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		if (!(column->flags & RC_COLUMN_IDENTITY))
			continue;
		identities++;
		if (column->type != RC_INT || table->key_count != 1 || table->key[0] != i)
			fail(source, column->at, "an identity column is bigint and the whole primary key");
	}
	if (identities > 1)
		fail(source, table->at, "table %s has two identity columns", table->name);
	table->row_bytes = row_layout(table->columns, table->column_count);
}

static void table_read(struct schema *schema, const struct source *source, const json_t *node, size_t begin)
{
	struct table *table = &schema->tables[schema->table_count];
	const json_t *relation = json_object_get(node, "relation");
	const json_t *elements = json_object_get(node, "tableElts");
	const char *note, *directive;
	size_t i, k;
	json_t *element, *item;

	table->at = location(relation);
	table->name = member(source, relation, "relname");
	table->version = table->tenant = table->deleted = -1;
	table->note = text_note_above(source, table->at);
	if (schema_table(schema, table->name))
		fail(source, table->at, "there are two tables %s", table->name);
	if (json_array_size(elements) > COLUMNS_MAX)
		fail(source, table->at, "a table has at most %d columns and constraints", COLUMNS_MAX);
	text_notes(source, table->at, &note, &directive);
	if (directive)
		table_directive(source, table, directive);
	table->columns = RC_ARENA_ARRAY(source->arena, struct column, json_array_size(elements));
	json_array_foreach(elements, i, element)
	{
		const json_t *column = json_object_get(element, "ColumnDef");

		if (column)
			column_read(source, table, column);
	}
	json_array_foreach(elements, i, element)
	{
		const json_t *column = json_object_get(element, "ColumnDef");
		int32_t index = column ? table_column(table, json_string_value(json_object_get(column, "colname")))
				       : -1;

		if (json_object_get(element, "Constraint"))
			constraint_read(source, table, -1, json_object_get(element, "Constraint"));
		json_array_foreach(json_object_get(column, "constraints"), k, item)
			constraint_read(source, table, index, json_object_get(item, "Constraint"));
	}
	for (uint32_t c = 0; c < table->column_count; c++) {
		text_notes(source, table->columns[c].at, &table->columns[c].note, &directive);
		if (directive)
			column_directives(source, table, c, directive);
	}
	constraint_directives(source, table);
	table_finish(source, table);
	schema->table_count++;
}

static const char *column_list(const struct source *source, const struct table *table, const uint32_t *columns,
			       uint32_t count)
{
	const char *list = "";

	for (uint32_t i = 0; i < count; i++)
		list = rc_arena_printf(source->arena, "%s%s%s", list, i ? ", " : "", table->columns[columns[i]].name);
	return list;
}

bool schema_rule_known(const struct schema *schema, const char *name)
{
	for (uint32_t i = 1; i < schema->rule_count; i++)
		if (strcmp(schema->rules[i].name, name) == 0)
			return true;
	return false;
}

static void rules_collect(struct schema *schema, const struct source *source)
{
	static const char *const kinds[] = {"RC_PRIMARY_KEY", "RC_UNIQUE", "RC_CHECK", "RC_FOREIGN_KEY",
					    "RC_EXCLUSION"};

	for (uint32_t t = 0; t < schema->table_count; t++) {
		const struct table *table = &schema->tables[t];

		for (uint32_t i = 0; i < table->constraint_count; i++) {
			const struct constraint *c = &table->constraints[i];

			if (schema_rule_known(schema, c->name))
				fail(source, c->at, "there are two constraints %s", c->name);
			schema->rules[schema->rule_count++] = (struct rule){
				c->name, table->name, column_list(source, table, c->columns, c->column_count),
				kinds[c->kind]};
		}
	}
	for (uint32_t x = 0; x < schema->index_count; x++) {
		const struct sql_index *index = &schema->indexes[x];
		const struct table *table = schema_table(schema, index->table);

		if (schema_rule_known(schema, index->name))
			fail(source, index->at, "there are two constraints %s", index->name);
		if (index->unique)
			schema->rules[schema->rule_count++] = (struct rule){
				index->name, index->table,
				column_list(source, table, index->columns, index->column_count), "RC_UNIQUE"};
	}
}

static void references_check(const struct schema *schema)
{
	for (uint32_t t = 0; t < schema->table_count; t++) {
		for (uint32_t i = 0; i < schema->tables[t].constraint_count; i++) {
			const struct constraint *c = &schema->tables[t].constraints[i];

			if (c->foreign_table && !schema_table(schema, c->foreign_table))
				fail(schema->source, c->at, "there is no table %s to refer to", c->foreign_table);
		}
	}
}

/* A directive that no table and no column carries is a slip of the pen, not a comment. */
static void directives_check(const struct source *source, const struct schema *schema)
{
	const char *at = source->text;

	while ((at = strstr(at, "-- rowgen:"))) {
		size_t begin = (size_t)(at - source->text);
		bool known = false;

		while (begin > 0 && source->text[begin - 1] != '\n')
			begin--;
		for (uint32_t t = 0; t < schema->table_count && !known; t++) {
			const struct table *table = &schema->tables[t];

			known = table->at >= begin && table->at < (size_t)(at - source->text);
			for (uint32_t c = 0; c < table->column_count && !known; c++)
				known = table->columns[c].at >= begin &&
					table->columns[c].at < (size_t)(at - source->text);
			for (uint32_t c = 0; c < table->constraint_count && !known; c++)
				known = table->constraints[c].kind == CONSTRAINT_FOREIGN &&
					table->constraints[c].at >= begin &&
					table->constraints[c].at < (size_t)(at - source->text);
		}
		if (!known)
			fail(source, (size_t)(at - source->text),
			     "this directive stands on no table's, column's or foreign key's line");
		at++;
	}
}

void schema_parse(struct schema *schema, const struct source *source)
{
	json_t *tree = source_parse(source);
	const json_t *statements = json_object_get(tree, "stmts");
	size_t count = json_array_size(statements), i, names = 1;
	json_t *statement;

	*schema = (struct schema){.source = source};
	schema->tables = RC_ARENA_ARRAY(source->arena, struct table, count + 1);
	schema->indexes = RC_ARENA_ARRAY(source->arena, struct sql_index, count + 1);
	json_array_foreach(statements, i, statement)
	{
		const json_t *node = json_object_get(statement, "stmt");
		size_t begin = (size_t)json_integer_value(json_object_get(statement, "stmt_location"));
		size_t len = (size_t)json_integer_value(json_object_get(statement, "stmt_len"));

		if (json_object_get(node, "CreateStmt")) {
			table_read(schema, source, json_object_get(node, "CreateStmt"), begin);
			names += schema->tables[schema->table_count - 1].constraint_count;
		} else if (json_object_get(node, "IndexStmt")) {
			index_read(schema, source, json_object_get(node, "IndexStmt"), len ? begin + len : source->len);
			names++;
		} else {
			fail(source, begin, "only CREATE TABLE and CREATE INDEX are understood here");
		}
	}
	json_decref(tree);
	if (!schema->table_count)
		fail(source, 0, "there is no table");
	schema->rules = RC_ARENA_ARRAY(source->arena, struct rule, names + GUARDS_MAX);
	schema->rules[0] = (struct rule){"", "", "", NULL};
	schema->rule_count = 1;
	rules_collect(schema, source);
	references_check(schema);
	relations_collect(schema);
	directives_check(source, schema);
}
