/*
 * From one schema to another on PostgreSQL. A migration is one transaction and keeps every lock until its commit, so a
 * rule that all rows have to be read for is added NOT VALID (new rows keep it at once) and validated by the next
 * migration, under a lock that stops nobody. What cannot be done like that needs --locks.
 */
#include "rowcast/orm/rowgen/diff.h"

struct out {
	struct buf *now, *later_up, *later_down; /* later…: NULL on the way down */
	struct buf last;                         /* of later_up: what needs a short lock, behind all that takes long */
	struct diff *diff;
};

static const char *name_of(const struct schema *schema, const char *name)
{
	return text_name(schema->source->arena, RC_POSTGRES, name);
}

static const char *constraint_text(const struct schema *schema, const struct table *table, const struct constraint *c)
{
	struct buf out = BUF_INIT;

	postgres_put_constraint(&out, schema, table, c);
	return diff_cut(&out, schema->source->arena);
}

static const char *index_text(const struct schema *schema, const struct sql_index *index)
{
	struct buf out = BUF_INIT;

	postgres_put_index(&out, schema, index);
	return diff_cut(&out, schema->source->arena);
}

static const char *default_text(const struct schema *schema, const struct column *column)
{
	return text_sql(schema->source, column->fallback.from, column->fallback.to,
			&(struct text_style){.dialect = RC_POSTGRES});
}

static void rename_columns(struct buf *out, const struct schema *schema, const struct table *from,
			   const struct table *to)
{
	for (uint32_t i = 0; i < to->column_count; i++) {
		const char *old = from->columns[i].name, *new = to->columns[i].name;

		if (strcmp(old, new) != 0)
			buf_printf(out, "ALTER TABLE %s RENAME COLUMN %s TO %s;\n", name_of(schema, to->name),
				   name_of(schema, old), name_of(schema, new));
		if ((to->columns[i].flags & RC_COLUMN_IDENTITY) &&
		    (strcmp(old, new) != 0 || strcmp(from->name, to->name) != 0))
			buf_printf(out, "ALTER SEQUENCE %s_%s_seq RENAME TO %s_%s_seq;\n", from->name, old, to->name,
				   new);
	}
	for (uint32_t i = 0; i < to->constraint_count; i++)
		if (strcmp(from->constraints[i].name, to->constraints[i].name) != 0)
			buf_printf(out, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s;\n", name_of(schema, to->name),
				   name_of(schema, from->constraints[i].name),
				   name_of(schema, to->constraints[i].name));
}

/* Both have the same tables, columns, constraints and indexes in the same order. */
void diff_postgres_rename(struct buf *out, const struct schema *from, const struct schema *to)
{
	for (uint32_t t = 0; t < to->table_count; t++) {
		const struct table *old = &from->tables[t], *new = &to->tables[t];

		if (strcmp(old->name, new->name) != 0)
			buf_printf(out, "ALTER TABLE %s RENAME TO %s;\n", name_of(from, old->name),
				   name_of(to, new->name));
		rename_columns(out, to, old, new);
	}
	for (uint32_t x = 0; x < to->index_count; x++)
		if (strcmp(from->indexes[x].name, to->indexes[x].name) != 0)
			buf_printf(out, "ALTER INDEX %s RENAME TO %s;\n", name_of(from, from->indexes[x].name),
				   name_of(to, to->indexes[x].name));
}

static bool same_constraint(const struct diff *diff, const struct table *from, const struct table *to, const char *name)
{
	const struct constraint *a = diff_constraint(from, name), *b = diff_constraint(to, name);

	return a && b && strcmp(constraint_text(diff->from, from, a), constraint_text(diff->to, to, b)) == 0;
}

static void drop_constraints(struct out *out, bool foreign)
{
	const struct diff *diff = out->diff;

	for (uint32_t t = 0; t < diff->from->table_count; t++) {
		const struct table *from = &diff->from->tables[t], *to = schema_table(diff->to, from->name);

		for (uint32_t i = 0; to && i < from->constraint_count; i++) {
			const struct constraint *c = &from->constraints[i];

			if ((c->kind == CONSTRAINT_FOREIGN) == foreign && !same_constraint(diff, from, to, c->name))
				buf_printf(out->now, "ALTER TABLE %s DROP CONSTRAINT %s;\n",
					   name_of(diff->to, to->name), name_of(diff->from, c->name));
		}
	}
}

static bool index_stays(const struct schema *from, const struct sql_index *index, const struct schema *to)
{
	const struct sql_index *other = diff_index(to, index->name);

	return other && strcmp(index_text(from, index), index_text(to, other)) == 0;
}

static void drop_indexes_and_tables(struct out *out)
{
	const struct diff *diff = out->diff;

	for (uint32_t x = 0; x < diff->from->index_count; x++) {
		const struct sql_index *index = &diff->from->indexes[x];

		if (schema_table(diff->to, index->table) && !index_stays(diff->from, index, diff->to))
			buf_printf(out->now, "DROP INDEX %s;\n", name_of(diff->from, index->name));
	}
	for (uint32_t t = diff->from->table_count; t-- > 0;)
		if (!schema_table(diff->to, diff->from->tables[t].name))
			buf_printf(out->now, "DROP TABLE %s;\n", name_of(diff->from, diff->from->tables[t].name));
}

static void change_type(struct out *out, const struct table *table, const struct column *from,
			const struct column *column)
{
	struct diff *diff = out->diff;
	const char *name = name_of(diff->to, column->name);

	/* A default of the old type stands in the way; set_default puts the new one. */
	if (from->fallback.to)
		buf_printf(out->now, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT;\n", name_of(diff->to, table->name),
			   name);
	diff_lock(out->now, diff, column->at, table->name, "writing every row anew for another type",
		  "add a column of the new type, fill it in parts, drop the old one in a later migration");
	buf_printf(out->now, "ALTER TABLE %s ALTER COLUMN %s TYPE %s%s USING ", name_of(diff->to, table->name), name,
		   postgres_type(column->type), column->type == RC_TEXT ? " COLLATE \"C\"" : "");
	if (from->type == RC_BOOL)
		buf_printf(out->now, "%s::integer;\n", name);
	else if (column->type == RC_BOOL) /* what is not 0 or 1 stops it */
		buf_printf(out->now,
			   "CASE %s WHEN 0 THEN false WHEN 1 THEN true ELSE ('this is no boolean: ' || %s)::boolean "
			   "END;\n",
			   name, name);
	else
		buf_printf(out->now, "%s::%s;\n", name, postgres_type(column->type));
}

static void set_default(struct out *out, const struct table *table, const struct column *from,
			const struct column *column)
{
	const struct diff *diff = out->diff;
	bool same = from->type == column->type && !from->fallback.to == !column->fallback.to;

	if (same && strcmp(default_text(diff->from, from), default_text(diff->to, column)) == 0)
		return;
	if (!column->fallback.to && from->type != column->type)
		return; /* change_type has dropped it */
	buf_printf(out->now, "ALTER TABLE %s ALTER COLUMN %s ", name_of(diff->to, table->name),
		   name_of(diff->to, column->name));
	if (column->fallback.to)
		buf_printf(out->now, "SET DEFAULT %s;\n", default_text(diff->to, column));
	else
		buf_printf(out->now, "DROP DEFAULT;\n");
}

/* A valid check lets SET NOT NULL believe it without reading the rows. */
static void set_not_null(struct out *out, const struct table *table, const struct column *column)
{
	const struct schema *schema = out->diff->to;
	const char *name = name_of(schema, table->name), *field = name_of(schema, column->name);
	bool required = !(column->flags & RC_COLUMN_NULLABLE);
	const char *rule = rc_arena_printf(schema->source->arena, "rc_%s_%s_not_null", table->name, column->name);

	if (out->later_up && required) {
		buf_printf(out->now, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n", name, rule,
			   field);
		buf_printf(out->later_up, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", name, rule);
		buf_printf(&out->last,
			   "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
			   "ALTER TABLE %s DROP CONSTRAINT %s;\n",
			   name, field, name, rule);
		buf_printf(out->later_down,
			   "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;\n"
			   "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n",
			   name, field, name, rule, field);
	} else if (out->diff->down && !required) { /* the way down of the next migration has dropped NOT NULL */
		buf_printf(out->now, "ALTER TABLE %s DROP CONSTRAINT %s;\n", name, rule);
	} else {
		buf_printf(out->now, "ALTER TABLE %s ALTER COLUMN %s %s NOT NULL;\n", name, field,
			   required ? "SET" : "DROP");
	}
}

static void add_column(struct out *out, const struct table *table, const struct column *column)
{
	const struct diff *diff = out->diff;
	const char *name = name_of(diff->to, table->name);
	bool zero = !(column->flags & RC_COLUMN_NULLABLE) && !column->fallback.to;
	struct buf text = BUF_INIT;

	postgres_put_column(&text, diff->to, column);
	buf_printf(out->now, "ALTER TABLE %s ADD COLUMN %s", name, diff_cut(&text, diff->to->source->arena));
	if (zero)
		buf_printf(out->now, " DEFAULT %s;\nALTER TABLE %s ALTER COLUMN %s DROP DEFAULT",
			   diff_zero(column->type, RC_POSTGRES), name, name_of(diff->to, column->name));
	buf_printf(out->now, ";\n");
}

static void change_columns(struct out *out, const struct table *from, const struct table *to)
{
	const struct diff *diff = out->diff;

	for (uint32_t i = 0; i < from->column_count; i++)
		if (table_column(to, from->columns[i].name) < 0)
			buf_printf(out->now, "ALTER TABLE %s DROP COLUMN %s;\n", name_of(diff->to, to->name),
				   name_of(diff->from, from->columns[i].name));
	for (uint32_t i = 0; i < to->column_count; i++) {
		const struct column *column = &to->columns[i];
		int32_t old = table_column(from, column->name);

		if (old < 0) {
			add_column(out, to, column);
			continue;
		}
		if (from->columns[old].type != column->type)
			change_type(out, to, &from->columns[old], column);
		set_default(out, to, &from->columns[old], column);
		if ((from->columns[old].flags ^ column->flags) & RC_COLUMN_NULLABLE)
			set_not_null(out, to, column);
	}
}

static void add_constraint(struct out *out, const struct table *table, const struct constraint *c)
{
	struct diff *diff = out->diff;
	const char *name = name_of(diff->to, table->name), *rule = name_of(diff->to, c->name);
	const char *text = constraint_text(diff->to, table, c);
	bool later = out->later_up && (c->kind == CONSTRAINT_CHECK || c->kind == CONSTRAINT_FOREIGN);

	if (c->kind == CONSTRAINT_EXCLUDE) {
		buf_printf(out->now, "%s", postgres_need_gist);
		diff_lock(out->now, diff, c->at, table->name, "building the index of an exclusion constraint",
			  "there is no way to build it beside writers");
	} else if (c->kind == CONSTRAINT_UNIQUE || c->kind == CONSTRAINT_PRIMARY) {
		diff_lock(
			out->now, diff, c->at, table->name, "building the index of a unique constraint",
			"by hand: CREATE UNIQUE INDEX CONCURRENTLY, and ADD CONSTRAINT ... USING INDEX in a migration "
			"that you write");
	}
	buf_printf(out->now, "ALTER TABLE %s ADD %s%s;\n", name, text, later ? " NOT VALID" : "");
	if (!later)
		return;
	buf_printf(out->later_up, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", name, rule);
	buf_printf(out->later_down, "ALTER TABLE %s DROP CONSTRAINT %s;\nALTER TABLE %s ADD %s NOT VALID;\n", name,
		   rule, name, text);
}

static void add_constraints(struct out *out, bool foreign)
{
	const struct diff *diff = out->diff;

	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = schema_table(diff->from, to->name);

		for (uint32_t i = 0; from && i < to->constraint_count; i++)
			if ((to->constraints[i].kind == CONSTRAINT_FOREIGN) == foreign &&
			    !same_constraint(diff, from, to, to->constraints[i].name))
				add_constraint(out, to, &to->constraints[i]);
	}
}

static void add_tables(struct out *out)
{
	const struct diff *diff = out->diff;
	bool gist = false;

	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t];

		if (schema_table(diff->from, to->name))
			continue;
		for (uint32_t i = 0; i < to->constraint_count && !gist; i++)
			if (to->constraints[i].kind == CONSTRAINT_EXCLUDE) {
				buf_printf(out->now, "%s", postgres_need_gist);
				gist = true;
			}
		postgres_put_table(out->now, diff->to, to);
	}
}

static void add_indexes(struct out *out)
{
	struct diff *diff = out->diff;

	for (uint32_t x = 0; x < diff->to->index_count; x++) {
		const struct sql_index *index = &diff->to->indexes[x], *old = diff_index(diff->from, index->name);
		const char *text = index_text(diff->to, index);

		if (old && index_stays(diff->to, index, diff->from))
			continue;
		if (schema_table(diff->from, index->table))
			diff_lock(out->now, diff, index->at, index->table, "building an index",
				  "by hand, while the program runs: CREATE INDEX CONCURRENTLY; the migration then "
				  "finds it "
				  "made");
		text = strstr(text, "INDEX ") + strlen("INDEX ");
		buf_printf(out->now, "CREATE %sINDEX %s%s\n", index->unique ? "UNIQUE " : "",
			   schema_table(diff->from, index->table) && !diff->down ? "IF NOT EXISTS " : "", text);
	}
}

void diff_postgres(struct buf *now, struct buf *later_up, struct buf *later_down, struct diff *diff)
{
	struct out out = {.now = now, .later_up = later_up, .later_down = later_down, .diff = diff};

	drop_constraints(&out, true);
	drop_constraints(&out, false);
	drop_indexes_and_tables(&out);
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = schema_table(diff->from, to->name);

		if (from)
			change_columns(&out, from, to);
	}
	add_constraints(&out, false);
	add_tables(&out);
	add_constraints(&out, true);
	add_indexes(&out);
	if (later_up)
		buf_append(later_up, out.last.data, out.last.len);
	buf_release(&out.last);
}
