/*
 * Directives of columns, relations out of foreign keys, and which named queries forget a scope.
 *
 *   account_id bigint NOT NULL REFERENCES account (id), -- rowgen: tenant
 *   deleted_at timestamptz,                             -- rowgen: soft delete
 *   author_id bigint REFERENCES person (id),            -- rowgen: relation author articles
 *
 * Several stand on one line with ";" between them. A foreign key makes two relations: of the row to the one that it refers
 * to, named as the column without what it refers to (_id), and of that one to the rows that refer to it, named as their table in the plural.
 * "relation ONE MANY" names them otherwise; a foreign key of several columns carries it on the line of its constraint.
 */
#include "rowcast/orm/rowgen/rowgen.h"

struct rc_str directive_trim(struct rc_str text)
{
	while (text.len && *text.ptr == ' ') {
		text.ptr++;
		text.len--;
	}
	while (text.len && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text;
}

static const char *copy(const struct source *source, struct rc_str text)
{
	return rc_arena_copy(source->arena, text).ptr;
}

static void relation_named(const struct source *source, struct constraint *foreign, struct rc_str words)
{
	struct rc_str one = directive_trim(rc_str_cut(&words, ' '));
	struct rc_str many = directive_trim(words);

	for (size_t i = 0; i < many.len; i++)
		if (many.ptr[i] == ' ')
			fail(source, foreign->at, "a relation is named \"relation ONE MANY\"");
	if (!one.len)
		fail(source, foreign->at, "a relation is named \"relation ONE MANY\", or \"relation ONE\"");
	foreign->relation = copy(source, one);
	foreign->relation_many = many.len ? copy(source, many) : NULL;
}

static void column_relation(const struct source *source, struct table *table, uint32_t index, struct rc_str words)
{
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		struct constraint *c = &table->constraints[i];

		if (c->kind == CONSTRAINT_FOREIGN && c->column_count == 1 && c->columns[0] == index) {
			relation_named(source, c, words);
			return;
		}
	}
	fail(source, table->columns[index].at, "column %s refers to no table, so there is no relation to name",
	     table->columns[index].name);
}

static void version_column(const struct source *source, struct table *table, uint32_t index)
{
	struct column *column = &table->columns[index];

	if (table->version >= 0)
		fail(source, column->at, "table %s has two version columns", table->name);
	if (column->type != RC_INT || (column->flags & RC_COLUMN_NULLABLE))
		fail(source, column->at, "a version column is bigint NOT NULL");
	table->version = (int32_t)index;
	column->flags |= RC_COLUMN_VERSION;
}

static void tenant_column(const struct source *source, struct table *table, uint32_t index)
{
	const struct column *column = &table->columns[index];

	if (table->tenant >= 0)
		fail(source, column->at, "table %s has two tenant columns", table->name);
	if ((column->type != RC_INT && column->type != RC_TEXT && column->type != RC_UUID) ||
	    (column->flags & (RC_COLUMN_NULLABLE | RC_COLUMN_IDENTITY)))
		fail(source, column->at, "a tenant column is bigint, text or uuid, and NOT NULL");
	table->tenant = (int32_t)index;
}

static void deleted_column(const struct source *source, struct table *table, uint32_t index)
{
	const struct column *column = &table->columns[index];

	if (table->deleted >= 0)
		fail(source, column->at, "table %s has two columns for soft delete", table->name);
	if (column->type != RC_TIMESTAMP || !(column->flags & RC_COLUMN_NULLABLE) || (column->flags & RC_COLUMN_KEY))
		fail(source, column->at, "a column for soft delete is timestamptz and may be NULL");
	table->deleted = (int32_t)index;
}

void column_directives(const struct source *source, struct table *table, uint32_t index, const char *text)
{
	struct rc_str rest = rc_str_from(text);

	while (rest.len) {
		struct rc_str word = directive_trim(rc_str_cut(&rest, ';'));

		if (rc_str_is(word, "version"))
			version_column(source, table, index);
		else if (rc_str_is(word, "tenant"))
			tenant_column(source, table, index);
		else if (rc_str_is(word, "soft delete"))
			deleted_column(source, table, index);
		else if (rc_str_starts(word, RC_STR("relation ")))
			column_relation(source, table, index, (struct rc_str){word.ptr + 9, word.len - 9});
		else if (rc_str_starts(word, RC_STR("renamed from ")))
			table->columns[index].renamed = copy(
				source, directive_trim((struct rc_str){word.ptr + 13, word.len - 13}));
		else
			fail(source, table->columns[index].at,
			     "unknown directive \"%.*s\" on a column; there are: version, tenant, soft delete, "
			     "relation, renamed from",
			     RC_STR_ARG(word));
	}
}

void constraint_directives(const struct source *source, struct table *table)
{
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		struct constraint *c = &table->constraints[i];
		const char *note, *directive;
		struct rc_str word;

		if (c->kind != CONSTRAINT_FOREIGN || c->column_count == 1)
			continue;
		text_notes(source, c->at, &note, &directive);
		if (!directive)
			continue;
		word = directive_trim(rc_str_from(directive));
		if (!rc_str_starts(word, RC_STR("relation ")))
			fail(source, c->at, "unknown directive \"%s\" on a foreign key; there is: relation", directive);
		relation_named(source, c, (struct rc_str){word.ptr + 9, word.len - 9});
	}
}

/* Relations */

static const char *plural(struct rc_arena *arena, const char *name)
{
	size_t len = strlen(name);
	char last = name[len - 1], before = len > 1 ? name[len - 2] : '\0';

	if (last == 's')
		return name;
	if (last == 'y' && !strchr("aeiou", before))
		return rc_arena_printf(arena, "%.*sies", (int)len - 1, name);
	if (last == 'x' || last == 'z' || (last == 'h' && (before == 'c' || before == 's')))
		return rc_arena_printf(arena, "%ses", name);
	return rc_arena_printf(arena, "%ss", name);
}

/* The column without "_" and what it refers to, or without "_id": label_key → label, owner_id → owner, owner → owner. */
static const char *one_name(struct rc_arena *arena, const struct table *table, const struct constraint *foreign)
{
	uint32_t last = foreign->column_count - 1;
	const char *column = table->columns[foreign->columns[last]].name;
	const char *const tails[] = {foreign->foreign_columns[last], "id"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(column), tail = strlen(tails[i]);

		if (len > tail + 1 && column[len - tail - 1] == '_' && strcmp(column + len - tail, tails[i]) == 0)
			return rc_arena_printf(arena, "%.*s", (int)(len - tail - 1), column);
	}
	return column;
}

static struct relation *relation_add(struct schema *schema, struct table *table, const char *name,
				     const struct constraint *foreign)
{
	struct rc_arena *arena = schema->source->arena;
	struct relation *grown = RC_ARENA_ARRAY(arena, struct relation, table->relation_count + 1);

	for (uint32_t i = 0; i < table->relation_count; i++) {
		if (strcmp(table->relations[i].name, name) == 0)
			fail(schema->source, foreign->at,
			     "table %s would have two relations %s; name them: -- rowgen: relation ONE MANY",
			     table->name, name);
		grown[i] = table->relations[i];
	}
	table->relations = grown;
	grown += table->relation_count++;
	grown->name = name;
	grown->column_count = foreign->column_count;
	return grown;
}

static void relate(struct schema *schema, struct table *from, struct table *to, const struct constraint *foreign)
{
	const struct source *source = schema->source;
	struct relation *one, *many;

	if (from->tenant >= 0 && to->tenant >= 0 && from->columns[from->tenant].type != to->columns[to->tenant].type)
		fail(source, foreign->at, "the tenants of %s and %s are not of one type", from->name, to->name);
	one = relation_add(schema, from, foreign->relation ? foreign->relation : one_name(source->arena, from, foreign),
			   foreign);
	one->to = to;
	for (uint32_t i = 0; i < foreign->column_count; i++) {
		one->from_columns[i] = foreign->columns[i];
		one->to_columns[i] = column_named(source, foreign->at, to, foreign->foreign_columns[i]);
		if (from->columns[one->from_columns[i]].type != to->columns[one->to_columns[i]].type)
			fail(source, foreign->at, "%s.%s and %s.%s are not of one type", from->name,
			     from->columns[one->from_columns[i]].name, to->name, to->columns[one->to_columns[i]].name);
	}
	many = relation_add(schema, to,
			    foreign->relation_many ? foreign->relation_many : plural(source->arena, from->name),
			    foreign);
	many->to = from;
	many->many = true;
	one = &from->relations[from->relation_count - (from == to ? 2 : 1)];
	memcpy(many->from_columns, one->to_columns, sizeof(many->from_columns));
	memcpy(many->to_columns, one->from_columns, sizeof(many->to_columns));
}

void relations_collect(struct schema *schema)
{
	for (uint32_t t = 0; t < schema->table_count; t++) {
		for (uint32_t i = 0; i < schema->tables[t].constraint_count; i++) {
			const struct constraint *c = &schema->tables[t].constraints[i];

			if (c->kind != CONSTRAINT_FOREIGN)
				continue;
			if (c->column_count != c->foreign_count)
				fail(schema->source, c->at, "the foreign key has %u columns and refers to %u",
				     c->column_count, c->foreign_count);
			for (uint32_t k = 0; k < schema->table_count; k++)
				if (strcmp(schema->tables[k].name, c->foreign_table) == 0)
					relate(schema, &schema->tables[t], &schema->tables[k], c);
		}
	}
}

/* Named queries */

static bool mentions(const struct source *source, size_t from, size_t to, const char *name)
{
	struct token token;

	while (token_next(source, &from, to, &token)) {
		struct rc_str text = {source->text + token.from, token.to - token.from};

		if (token.kind == TOKEN_QUOTED && text.len > 2)
			text = (struct rc_str){text.ptr + 1, text.len - 2};
		if ((token.kind == TOKEN_WORD || token.kind == TOKEN_QUOTED) &&
		    rc_str_eq_nocase(text, rc_str_from(name)))
			return true;
	}
	return false;
}

void query_scope_check(const struct source *source, const struct schema *schema, const struct query *query, size_t from,
		       size_t to)
{
	size_t len = strlen(query->name), tail = strlen("_unscoped");

	if (len > tail && strcmp(query->name + len - tail, "_unscoped") == 0)
		return;
	for (uint32_t t = 0; t < schema->table_count; t++) {
		const struct table *table = &schema->tables[t];
		const int32_t columns[] = {table->tenant, table->deleted};

		if ((table->tenant < 0 && table->deleted < 0) || !mentions(source, from, to, table->name))
			continue;
		for (size_t i = 0; i < 2; i++)
			if (columns[i] >= 0 && !mentions(source, from, to, table->columns[columns[i]].name))
				fail(source, query->at,
				     "%s: it does not say which %s of %s it means; compare that column, or name the "
				     "query "
				     "%s_unscoped",
				     query->name, table->columns[columns[i]].name, table->name, query->name);
	}
}
