/*
 * The old schema with the new names, written in the common dialect and read again: so that everything behind it can
 * compare by name. Expressions keep their text but for columns that are called otherwise now.
 */
#include <ctype.h>

#include "rowcast/orm/rowgen/diff_names.h"

static const struct table *new_table(const struct names_map *map, const struct table *old)
{
	for (uint32_t t = 0; t < map->to->table_count; t++)
		if (diff_old_table(map->from, &map->to->tables[t]) == old)
			return &map->to->tables[t];
	return NULL;
}

static const char *table_name(const struct names_map *map, const char *name)
{
	const struct table *table = new_table(map, schema_table(map->from, name));

	return table ? table->name : name;
}

static const char *column_name(const struct names_map *map, const struct table *old, const char *name)
{
	const struct table *table = new_table(map, old);
	int32_t column = table_column(old, name);

	for (uint32_t i = 0; table && column >= 0 && i < table->column_count; i++)
		if (diff_old_column(old, table, i) == column)
			return table->columns[i].name;
	return name;
}

static void put_name(struct buf *out, const struct names_map *map, const char *name)
{
	buf_printf(out, "%s", text_name(map->from->source->arena, RC_POSTGRES, name));
}

/* An expression over one table's columns. */
static void put_text(struct buf *out, const struct names_map *map, const struct table *old, struct span span)
{
	const struct source *whole = map->from->source;
	struct source text = *whole;
	struct token token;
	size_t at = 0, last = 0;

	text.text = (char *)(uintptr_t)text_sql(whole, span.from, span.to,
						&(struct text_style){.dialect = RC_POSTGRES});
	text.len = strlen(text.text);
	while (token_next(&text, &at, text.len, &token)) {
		bool quoted = token.kind == TOKEN_QUOTED;
		struct rc_str word = {text.text + token.from + quoted, token.to - token.from - 2 * (size_t)quoted};
		const char *name = rc_arena_copy(whole->arena, word).ptr;
		const char *now = token.kind == TOKEN_WORD || quoted ? column_name(map, old, name) : name;

		buf_append(out, text.text + last, token.from - last);
		last = token.to;
		if (strcmp(now, name) != 0)
			put_name(out, map, now);
		else
			buf_append(out, text.text + token.from, token.to - token.from);
	}
	buf_append(out, text.text + last, text.len - last);
}

static void put_columns(struct buf *out, const struct names_map *map, const struct table *old, const uint32_t *columns,
			uint32_t count, const char *tail)
{
	for (uint32_t i = 0; i < count; i++) {
		buf_printf(out, i ? ", " : "");
		put_name(out, map, column_name(map, old, old->columns[columns[i]].name));
		buf_printf(out, "%s", tail);
	}
}

static void put_body(struct buf *out, const struct names_map *map, const struct table *old, const struct constraint *c)
{
	static const char *const words[] = {[CONSTRAINT_PRIMARY] = "PRIMARY KEY (",
					    [CONSTRAINT_UNIQUE] = "UNIQUE (",
					    [CONSTRAINT_CHECK] = "CHECK (",
					    [CONSTRAINT_FOREIGN] = "FOREIGN KEY (",
					    [CONSTRAINT_EXCLUDE] = "EXCLUDE USING gist ("};
	const uint32_t range[] = {c->lo, c->hi};

	buf_printf(out, "%s", words[c->kind]);
	if (c->kind == CONSTRAINT_CHECK)
		put_text(out, map, old, c->check);
	else
		put_columns(out, map, old, c->columns, c->column_count, c->kind == CONSTRAINT_EXCLUDE ? " WITH =" : "");
	if (c->kind == CONSTRAINT_EXCLUDE) {
		buf_printf(out, ", tstzrange(");
		put_columns(out, map, old, range, 2, "");
		buf_printf(out, ") WITH &&");
	}
	buf_append_char(out, ')');
	if (c->kind == CONSTRAINT_EXCLUDE && c->where.to) {
		buf_printf(out, " WHERE (");
		put_text(out, map, old, c->where);
		buf_append_char(out, ')');
	}
	if (c->kind != CONSTRAINT_FOREIGN)
		return;
	buf_printf(out, " REFERENCES ");
	put_name(out, map, table_name(map, c->foreign_table));
	for (uint32_t i = 0; i < c->foreign_count; i++) {
		buf_printf(out, i ? ", " : " (");
		put_name(out, map, column_name(map, schema_table(map->from, c->foreign_table), c->foreign_columns[i]));
	}
	buf_append_char(out, ')');
}

static const char *body(const struct names_map *map, const struct table *table, const struct constraint *c)
{
	struct buf out = BUF_INIT;

	put_body(&out, map, table, c);
	return diff_cut(&out, map->from->source->arena);
}

/* A constraint that is what it was is not dropped because its name, made of renamed columns, is another one now. */
static const char *constraint_name(const struct names_map *map, const struct table *old, const struct constraint *c)
{
	const struct table *table = new_table(map, old);
	const struct names_map same = {map->to, map->to};

	if (!table || diff_constraint(table, c->name))
		return c->name;
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *d = &table->constraints[i];

		if (d->kind == c->kind && !diff_constraint(old, d->name) &&
		    strcmp(body(map, old, c), body(&same, table, d)) == 0)
			return d->name;
	}
	return c->name;
}

static void put_index_body(struct buf *out, const struct names_map *map, const struct sql_index *index)
{
	const struct table *old = schema_table(map->from, index->table);

	buf_printf(out, " ON ");
	put_name(out, map, table_name(map, index->table));
	buf_printf(out, " (");
	put_text(out, map, old, index->list);
	buf_append_char(out, ')');
	if (index->where.to) {
		buf_printf(out, " WHERE ");
		put_text(out, map, old, index->where);
	}
}

static const char *index_body(const struct names_map *map, const struct sql_index *index)
{
	struct buf out = BUF_INIT;

	put_index_body(&out, map, index);
	return diff_cut(&out, map->from->source->arena);
}

static const char *index_name(const struct names_map *map, const struct sql_index *index)
{
	const struct names_map same = {map->to, map->to};

	if (diff_index(map->to, index->name))
		return index->name;
	for (uint32_t i = 0; i < map->to->index_count; i++) {
		const struct sql_index *other = &map->to->indexes[i];

		if (other->unique == index->unique && !diff_index(map->from, other->name) &&
		    strcmp(index_body(map, index), index_body(&same, other)) == 0)
			return other->name;
	}
	return index->name;
}

/* A foreign key's relations are of no interest here, but two of one name would be refused. */
static void put_column(struct buf *out, const struct names_map *map, const struct table *old, uint32_t index)
{
	const struct column *column = &old->columns[index];

	buf_printf(out, "  ");
	put_name(out, map, column_name(map, old, column->name));
	buf_printf(out, " %s", postgres_type(column->type));
	if (column->flags & RC_COLUMN_IDENTITY)
		buf_printf(out, " GENERATED BY DEFAULT AS IDENTITY");
	else if (!(column->flags & RC_COLUMN_NULLABLE))
		buf_printf(out, " NOT NULL");
	if (column->fallback.to) {
		buf_printf(out, " DEFAULT ");
		put_text(out, map, old, column->fallback);
	}
	buf_append_char(out, ',');
	for (uint32_t i = 0; i < old->constraint_count; i++) {
		const struct constraint *c = &old->constraints[i];

		if (c->kind != CONSTRAINT_FOREIGN || c->column_count != 1 || c->columns[0] != index)
			continue;
		buf_printf(out, " -- rowgen: relation %s_one %s_many", c->name, c->name);
		break;
	}
	buf_append_char(out, '\n');
}

static void put_table(struct buf *out, const struct names_map *map, const struct table *old)
{
	buf_printf(out, "CREATE TABLE ");
	put_name(out, map, table_name(map, old->name));
	buf_printf(out, " (%s\n", old->captured ? " -- rowgen: captured" : "");
	for (uint32_t i = 0; i < old->column_count; i++)
		put_column(out, map, old, i);
	for (uint32_t i = 0; i < old->constraint_count; i++) {
		const struct constraint *c = &old->constraints[i];

		buf_printf(out, "  CONSTRAINT ");
		put_name(out, map, constraint_name(map, old, c));
		buf_append_char(out, ' ');
		put_body(out, map, old, c);
		buf_printf(out, i + 1 < old->constraint_count ? "," : "");
		if (c->kind == CONSTRAINT_FOREIGN && c->column_count > 1)
			buf_printf(out, " -- rowgen: relation %s_one %s_many", c->name, c->name);
		buf_append_char(out, '\n');
	}
	buf_printf(out, ");\n");
}

const struct source *diff_renamed(const struct schema *from, const struct schema *to)
{
	const struct names_map map = {from, to};
	struct source *source = RC_ARENA_ARRAY(from->source->arena, struct source, 1);
	struct buf out = BUF_INIT;

	for (uint32_t t = 0; t < from->table_count; t++)
		put_table(&out, &map, &from->tables[t]);
	for (uint32_t x = 0; x < from->index_count; x++) {
		buf_printf(&out, "CREATE %sINDEX ", from->indexes[x].unique ? "UNIQUE " : "");
		put_name(&out, &map, index_name(&map, &from->indexes[x]));
		put_index_body(&out, &map, &from->indexes[x]);
		buf_printf(&out, ";\n");
	}
	*source = *from->source;
	source->path = rc_arena_printf(source->arena, "%s (renamed)", source->path);
	source->text = (char *)(uintptr_t)diff_cut(&out, source->arena);
	source->len = strlen(source->text);
	return source;
}
