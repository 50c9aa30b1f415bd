/*
 * From one schema to another on MariaDB. What the server can do beside writers says LOCK=NONE, so that it refuses
 * rather than locks; the rest needs --locks: rules over rows that are there (it has no NOT VALID), other types, and
 * everything that writes rows anew in a table with a hidden column in an index.
 *
 * A foreign key has an index of its own name unless another one begins with its columns.
 */
#include "rowcast/orm/rowgen/diff.h"

struct side {
	const struct schema *schema;
	const struct table *table;
};

static const char *name_of(const struct schema *schema, const char *name)
{
	return text_name(schema->source->arena, RC_MARIADB, name);
}

static const char *constraint_text(const struct side *side, const struct constraint *c)
{
	struct buf out = BUF_INIT;

	mariadb_put_constraint(&out, side->schema, side->table, c);
	return diff_cut(&out, side->schema->source->arena);
}

static const char *index_text(const struct side *side, const struct sql_index *index)
{
	struct buf out = BUF_INIT;

	mariadb_put_index(&out, side->schema, side->table, index);
	if (index->unique && index->where.to)
		mariadb_put_hidden(&out, side->schema, index);
	return diff_cut(&out, side->schema->source->arena);
}

static const char *key_text(const struct side *side, const struct sql_index *index)
{
	struct buf out = BUF_INIT;

	mariadb_put_index(&out, side->schema, side->table, index);
	return diff_cut(&out, side->schema->source->arena);
}

static const char *column_text(const struct side *side, uint32_t column)
{
	struct buf out = BUF_INIT;

	mariadb_put_column(&out, side->schema, side->table, column);
	return diff_cut(&out, side->schema->source->arena);
}

static bool begins_with(const uint32_t *columns, uint32_t count, const struct constraint *c)
{
	return count >= c->column_count && memcmp(columns, c->columns, c->column_count * sizeof(*columns)) == 0;
}

static bool has_own_index(const struct side *side, const struct constraint *foreign)
{
	const struct table *table = side->table;

	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *c = &table->constraints[i];

		if ((c->kind == CONSTRAINT_PRIMARY || c->kind == CONSTRAINT_UNIQUE) &&
		    begins_with(c->columns, c->column_count, foreign))
			return false;
		if (c == foreign)
			continue;
		/* The index of an earlier foreign key serves a later one. */
		if (c->kind == CONSTRAINT_FOREIGN && c < foreign && begins_with(c->columns, c->column_count, foreign))
			return false;
	}
	for (uint32_t i = 0; i < side->schema->index_count; i++) {
		const struct sql_index *index = &side->schema->indexes[i];
		uint32_t columns[COLUMNS_MAX + KEY_MAX], count = 0;

		if (strcmp(index->table, table->name) != 0)
			continue;
		for (uint32_t k = 0; !index->unique && k < index->fixed_count; k++)
			columns[count++] = index->fixed[k];
		for (uint32_t k = 0; k < index->column_count; k++)
			columns[count++] = index->columns[k];
		if (begins_with(columns, count, foreign))
			return false;
	}
	return true;
}

static bool has_hidden(const struct side *side)
{
	for (uint32_t i = 0; i < side->schema->index_count; i++) {
		const struct sql_index *index = &side->schema->indexes[i];

		if (index->unique && index->where.to && strcmp(index->table, side->table->name) == 0)
			return true;
	}
	return false;
}

static bool same_constraint(const struct side *a, const struct side *b, const struct constraint *c)
{
	const struct constraint *other = diff_constraint(b->table, c->name);

	return other && other->kind == c->kind && strcmp(constraint_text(a, c), constraint_text(b, other)) == 0;
}

static bool same_index(const struct side *a, const struct side *b, const struct sql_index *index)
{
	const struct sql_index *other = diff_index(b->schema, index->name);

	return other && strcmp(other->table, b->table->name) == 0 &&
	       strcmp(index_text(a, index), index_text(b, other)) == 0;
}

static void exclusions(struct buf *out, const struct side *side, const struct side *other, bool drop, bool *any)
{
	for (uint32_t i = 0; i < side->table->constraint_count; i++) {
		const struct constraint *c = &side->table->constraints[i];
		struct buf text = BUF_INIT, old = BUF_INIT;
		const struct constraint *d = other->table ? diff_constraint(other->table, c->name) : NULL;

		if (c->kind != CONSTRAINT_EXCLUDE)
			continue;
		mariadb_put_exclusion(&text, side->schema, side->table, c, false);
		mariadb_put_exclusion(&text, side->schema, side->table, c, true);
		if (d && d->kind == CONSTRAINT_EXCLUDE) {
			mariadb_put_exclusion(&old, other->schema, other->table, d, false);
			mariadb_put_exclusion(&old, other->schema, other->table, d, true);
		}
		if (strcmp(buf_cstr(&text), buf_cstr(&old)) != 0 && drop) {
			buf_printf(out, "DROP TRIGGER `%s_insert`;\nDROP TRIGGER `%s_update`;\n", c->name, c->name);
		} else if (strcmp(buf_cstr(&text), buf_cstr(&old)) != 0) {
			buf_printf(out, "%s%s", *any ? "" : "DELIMITER //\n", buf_cstr(&text));
			*any = true;
		}
		buf_release(&text);
		buf_release(&old);
	}
}

/* Exclusions are triggers: before everything those of `from` that change are dropped, behind it those of `to` are made. */
void diff_mariadb_triggers(struct buf *out, const struct schema *from, const struct schema *to, bool drop)
{
	const struct schema *schema = drop ? from : to, *others = drop ? to : from;
	bool any = false;

	for (uint32_t t = 0; t < schema->table_count; t++) {
		const struct side side = {schema, &schema->tables[t]};
		const struct side other = {others, schema_table(others, side.table->name)};

		/* With a table that is dropped they go by themselves; one that is renamed drops them first. */
		exclusions(out, &side, &other, drop, &any);
	}
	buf_printf(out, any ? "DELIMITER ;\n" : "");
}

static void rename_parts(struct buf *out, const struct side *from, const struct side *to)
{
	const char *table = name_of(to->schema, to->table->name);

	for (uint32_t i = 0; i < to->table->column_count; i++)
		if (strcmp(from->table->columns[i].name, to->table->columns[i].name) != 0)
			buf_printf(out, "ALTER TABLE %s RENAME COLUMN %s TO %s, LOCK=NONE;\n", table,
				   name_of(to->schema, from->table->columns[i].name),
				   name_of(to->schema, to->table->columns[i].name));
	for (uint32_t i = 0; i < to->table->constraint_count; i++) {
		const struct constraint *old = &from->table->constraints[i], *new = &to->table->constraints[i];

		if (strcmp(old->name, new->name) == 0)
			continue;
		if (old->kind == CONSTRAINT_UNIQUE)
			buf_printf(out, "ALTER TABLE %s RENAME KEY `%s` TO `%s`, LOCK=NONE;\n", table, old->name,
				   new->name);
		if (old->kind == CONSTRAINT_FOREIGN) {
			/* It held under its old name, so nothing has to be looked for again. */
			buf_printf(out, "ALTER TABLE %s DROP FOREIGN KEY `%s`;\n", table, old->name);
			if (has_own_index(from, old))
				buf_printf(out, "ALTER TABLE %s RENAME KEY `%s` TO `%s`, LOCK=NONE;\n", table,
					   old->name, new->name);
			buf_printf(out, "SET STATEMENT foreign_key_checks = 0 FOR ALTER TABLE %s ADD %s, LOCK=NONE;\n",
				   table, constraint_text(to, new));
		}
	}
}

/* Names of checks cannot be changed; those are left to diff_mariadb, which makes them again. */
void diff_mariadb_rename(struct buf *out, const struct schema *from, const struct schema *to)
{
	for (uint32_t t = 0; t < to->table_count; t++) {
		const struct side old = {from, &from->tables[t]}, new = {to, &to->tables[t]};

		if (strcmp(old.table->name, new.table->name) != 0)
			buf_printf(out, "ALTER TABLE %s RENAME TO %s;\n", name_of(from, old.table->name),
				   name_of(to, new.table->name));
	}
	for (uint32_t t = 0; t < to->table_count; t++)
		rename_parts(out, &(struct side){from, &from->tables[t]}, &(struct side){to, &to->tables[t]});
	for (uint32_t x = 0; x < to->index_count; x++) {
		const char *old = from->indexes[x].name, *new = to->indexes[x].name;

		if (strcmp(old, new) == 0)
			continue;
		buf_printf(out, "ALTER TABLE %s RENAME KEY `%s` TO `%s`, LOCK=NONE;\n",
			   name_of(to, to->indexes[x].table), old, new);
		if (to->indexes[x].unique && to->indexes[x].where.to)
			buf_printf(out, "ALTER TABLE %s RENAME COLUMN %s TO %s, LOCK=NONE;\n",
				   name_of(to, to->indexes[x].table), mariadb_hidden_column(from, &from->indexes[x]),
				   mariadb_hidden_column(to, &to->indexes[x]));
	}
}

static void drop_rules(struct buf *out, const struct diff *diff, enum constraint_kind kind)
{
	for (uint32_t t = 0; t < diff->from->table_count; t++) {
		const struct side from = {diff->from, &diff->from->tables[t]};
		const struct side to = {diff->to, schema_table(diff->to, from.table->name)};

		for (uint32_t i = 0; to.table && i < from.table->constraint_count; i++) {
			const struct constraint *c = &from.table->constraints[i];

			if (c->kind == kind && !same_constraint(&from, &to, c))
				buf_printf(out, "ALTER TABLE %s DROP %s `%s`;\n", name_of(diff->to, to.table->name),
					   kind == CONSTRAINT_FOREIGN ? "FOREIGN KEY" : "CONSTRAINT", c->name);
		}
	}
}

/* The clauses of one ALTER TABLE. */
struct clauses {
	struct buf text;
	bool copies; /* it cannot be done beside writers */
	size_t at;   /* for whom asks why */
};

static void clause(struct clauses *clauses, const char *text)
{
	buf_printf(&clauses->text, "%s\n  %s", clauses->text.len ? "," : "", text);
}

static void change_columns(struct clauses *clauses, const struct side *from, const struct side *to)
{
	struct rc_arena *arena = to->schema->source->arena;
	bool hidden = has_hidden(from) || has_hidden(to);

	for (uint32_t i = 0; i < from->table->column_count; i++)
		if (table_column(to->table, from->table->columns[i].name) < 0)
			clause(clauses, rc_arena_printf(arena, "DROP COLUMN %s",
							name_of(to->schema, from->table->columns[i].name)));
	for (uint32_t i = 0; i < to->table->column_count; i++) {
		const struct column *column = &to->table->columns[i];
		int32_t old = table_column(from->table, column->name);
		const char *text = column_text(to, i);
		bool zero = old < 0 && !(column->flags & RC_COLUMN_NULLABLE) && !column->fallback.to;

		if (old >= 0 && strcmp(column_text(from, (uint32_t)old), text) == 0)
			continue;
		if (old >= 0 && (hidden || strcmp(mariadb_column_type(from->schema, from->table, (uint32_t)old),
						  mariadb_column_type(to->schema, to->table, i)) != 0))
			clauses->copies = true;
		clauses->at = column->at;
		clause(clauses,
		       rc_arena_printf(arena, "%s COLUMN %s%s%s%s%s", old < 0 ? "ADD" : "MODIFY", text,
				       zero ? " DEFAULT " : "", zero ? diff_zero(column->type, RC_MARIADB) : "",
				       old >= 0 ? ""
				       : i      ? " AFTER "
						: " FIRST",
				       old < 0 && i ? name_of(to->schema, to->table->columns[i - 1].name) : ""));
	}
}

static void drop_keys(struct clauses *clauses, const struct side *from, const struct side *to)
{
	struct rc_arena *arena = to->schema->source->arena;

	for (uint32_t i = 0; i < from->table->constraint_count; i++) {
		const struct constraint *c = &from->table->constraints[i];
		const struct constraint *other = diff_constraint(to->table, c->name);

		if (c->kind == CONSTRAINT_UNIQUE && !same_constraint(from, to, c))
			clause(clauses, rc_arena_printf(arena, "DROP KEY `%s`", c->name));
		if (c->kind == CONSTRAINT_FOREIGN && has_own_index(from, c) &&
		    !(other && same_constraint(from, to, c) && has_own_index(to, other)))
			clause(clauses, rc_arena_printf(arena, "DROP KEY IF EXISTS `%s`", c->name));
	}
	for (uint32_t i = 0; i < from->schema->index_count; i++) {
		const struct sql_index *index = &from->schema->indexes[i];

		if (strcmp(index->table, from->table->name) != 0 || same_index(from, to, index))
			continue;
		clause(clauses, rc_arena_printf(arena, "DROP KEY `%s`", index->name));
		if (index->unique && index->where.to)
			clause(clauses,
			       rc_arena_printf(arena, "DROP COLUMN %s", mariadb_hidden_column(from->schema, index)));
	}
}

static void add_keys(struct clauses *clauses, const struct side *from, const struct side *to)
{
	struct rc_arena *arena = to->schema->source->arena;

	for (uint32_t i = 0; i < to->table->constraint_count; i++) {
		const struct constraint *c = &to->table->constraints[i], *old = diff_constraint(from->table, c->name);

		if (c->kind == CONSTRAINT_UNIQUE && !same_constraint(to, from, c))
			clause(clauses, rc_arena_printf(arena, "ADD %s", constraint_text(to, c)));
		/* The index that it used goes: it gets one of its own. */
		if (c->kind == CONSTRAINT_FOREIGN && old && same_constraint(to, from, c) && has_own_index(to, c) &&
		    !has_own_index(from, old)) {
			struct buf list = BUF_INIT;

			for (uint32_t k = 0; k < c->column_count; k++)
				buf_printf(&list, "%s`%s`", k ? ", " : "", to->table->columns[c->columns[k]].name);
			clause(clauses, rc_arena_printf(arena, "ADD KEY `%s` (%s)", c->name, buf_cstr(&list)));
			buf_release(&list);
		}
	}
	for (uint32_t i = 0; i < to->schema->index_count; i++) {
		const struct sql_index *index = &to->schema->indexes[i];

		if (strcmp(index->table, to->table->name) == 0 && !same_index(to, from, index) &&
		    !(index->unique && index->where.to))
			clause(clauses, rc_arena_printf(arena, "ADD %s", key_text(to, index)));
	}
}

static void put_clauses(struct buf *out, struct diff *diff, const struct table *table, struct clauses *clauses)
{
	if (clauses->copies && clauses->text.len)
		diff_lock(out, diff, clauses->at, table->name, "writing every row anew for another type (on MariaDB)",
			  "there is no way to do it beside writers; add a column, fill it in parts, drop the old one "
			  "later");
	if (clauses->text.len)
		buf_printf(out, "ALTER TABLE %s%s%s;\n", name_of(diff->to, table->name), buf_cstr(&clauses->text),
			   clauses->copies ? "" : ",\n  LOCK=NONE");
	buf_release(&clauses->text);
}

/* Unique ones with a predicate: the hidden column first, which no row is written for, then the index over it. */
static void add_hidden(struct buf *out, const struct side *from, const struct side *to)
{
	const char *table = name_of(to->schema, to->table->name);

	for (uint32_t i = 0; i < to->schema->index_count; i++) {
		const struct sql_index *index = &to->schema->indexes[i];
		struct buf hidden = BUF_INIT;

		if (strcmp(index->table, to->table->name) != 0 || !index->unique || !index->where.to ||
		    same_index(to, from, index))
			continue;
		mariadb_put_hidden(&hidden, to->schema, index);
		buf_printf(out, "ALTER TABLE %s ADD COLUMN %s, LOCK=NONE;\n", table,
			   diff_cut(&hidden, to->schema->source->arena));
		buf_printf(out, "ALTER TABLE %s ADD %s, LOCK=NONE;\n", table, key_text(to, index));
	}
}

static void add_rules(struct buf *out, struct diff *diff, enum constraint_kind kind)
{
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct side to = {diff->to, &diff->to->tables[t]};
		const struct side from = {diff->from, schema_table(diff->from, to.table->name)};

		for (uint32_t i = 0; from.table && i < to.table->constraint_count; i++) {
			const struct constraint *c = &to.table->constraints[i];

			if (c->kind != kind || same_constraint(&to, &from, c))
				continue;
			diff_lock(out, diff, c->at, to.table->name, "reading every row for a new rule (on MariaDB)",
				  "it has no NOT VALID: do it in a pause, after a look for rows that break it");
			buf_printf(out, "ALTER TABLE %s ADD %s;\n", name_of(diff->to, to.table->name),
				   constraint_text(&to, c));
		}
	}
}

/* What NOT NULL has been given for rows that were there, and no default of its own. */
static void drop_zeros(struct buf *out, const struct side *from, const struct side *to)
{
	for (uint32_t i = 0; i < to->table->column_count; i++) {
		const struct column *column = &to->table->columns[i];

		if (table_column(from->table, column->name) < 0 && !(column->flags & RC_COLUMN_NULLABLE) &&
		    !column->fallback.to)
			buf_printf(out, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT;\n",
				   name_of(to->schema, to->table->name), name_of(to->schema, column->name));
	}
}

void diff_mariadb(struct buf *out, struct diff *diff)
{
	drop_rules(out, diff, CONSTRAINT_FOREIGN);
	drop_rules(out, diff, CONSTRAINT_CHECK);
	for (uint32_t t = diff->from->table_count; t-- > 0;)
		if (!schema_table(diff->to, diff->from->tables[t].name))
			buf_printf(out, "DROP TABLE %s;\n", name_of(diff->from, diff->from->tables[t].name));
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct side to = {diff->to, &diff->to->tables[t]};
		const struct side from = {diff->from, schema_table(diff->from, to.table->name)};
		struct clauses clauses = {.at = to.table->at};

		if (!from.table)
			continue;
		drop_keys(&clauses, &from, &to);
		change_columns(&clauses, &from, &to);
		add_keys(&clauses, &from, &to);
		put_clauses(out, diff, to.table, &clauses);
		drop_zeros(out, &from, &to);
		add_hidden(out, &from, &to);
	}
	for (uint32_t t = 0; t < diff->to->table_count; t++)
		if (!schema_table(diff->from, diff->to->tables[t].name))
			mariadb_put_table(out, diff->to, &diff->to->tables[t]);
	add_rules(out, diff, CONSTRAINT_CHECK);
	add_rules(out, diff, CONSTRAINT_FOREIGN);
}
