/*
 * What a migration cannot be guessed for: names that vanish, rows that would have to be converted, orders that no engine
 * can change. Each refusal says what to write instead.
 */
#include "rowcast/orm/rowgen/diff.h"

static bool dropped(struct diff *diff, const char *name)
{
	for (uint32_t i = 0; i < diff->drops.count; i++) {
		if (strcmp(diff->drops.at[i], name) != 0)
			continue;
		diff->drops.used[i] = true;
		return true;
	}
	return false;
}

static void tables_vanished(struct diff *diff)
{
	for (uint32_t t = 0; t < diff->from->table_count; t++) {
		const struct table *old = &diff->from->tables[t], *like = NULL;

		if (schema_table(diff->to, diff->middle->tables[t].name) || dropped(diff, old->name))
			continue;
		for (uint32_t i = 0; i < diff->to->table_count; i++)
			if (!diff_old_table(diff->from, &diff->to->tables[i]))
				like = &diff->to->tables[i];
		if (like)
			fail(diff->to->source, like->at,
			     "table %s is gone and table %s is new: if it is the same one, write behind its name "
			     "-- rowgen: renamed from %s; if not, say --drop %s",
			     old->name, like->name, old->name, old->name);
		fail(diff->from->source, old->at, "table %s is gone: say --drop %s", old->name, old->name);
	}
}

static void column_vanished(struct diff *diff, const struct table *old, const struct table *table, uint32_t index)
{
	const struct column *column = &old->columns[index], *like = NULL;
	const char *name = rc_arena_printf(diff->to->source->arena, "%s.%s", table->name, column->name);

	if (dropped(diff, name))
		return;
	for (uint32_t i = 0; i < table->column_count; i++)
		if (diff_old_column(old, table, i) < 0 && table->columns[i].type == column->type)
			like = &table->columns[i];
	if (like)
		fail(diff->to->source, like->at,
		     "column %s is gone and %s.%s of the same type is new: if it is the same one, write behind it "
		     "-- rowgen: renamed from %s; if not, say --drop %s",
		     name, table->name, like->name, column->name, name);
	fail(diff->from->source, column->at, "column %s is gone: say --drop %s", name, name);
}

static bool column_goes(const struct table *old, const struct table *table, const uint32_t *columns, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (table_column(table, old->columns[columns[i]].name) < 0)
			return true;
	return false;
}

/* Of tables that stay: what is named and not there any more, unless a column of it goes. */
static void rules_vanished(struct diff *diff)
{
	for (uint32_t t = 0; t < diff->middle->table_count; t++) {
		const struct table *old = &diff->middle->tables[t], *table = schema_table(diff->to, old->name);

		for (uint32_t i = 0; table && i < old->constraint_count; i++) {
			const struct constraint *c = &old->constraints[i];

			if (!diff_constraint(table, c->name) && !column_goes(old, table, c->columns, c->column_count) &&
			    !dropped(diff, c->name))
				fail(diff->from->source, diff->from->tables[t].constraints[i].at,
				     "constraint %s of %s is gone: say --drop %s", c->name, table->name, c->name);
		}
	}
	for (uint32_t x = 0; x < diff->middle->index_count; x++) {
		const struct sql_index *index = &diff->middle->indexes[x];
		const struct table *table = schema_table(diff->to, index->table);

		if (table && !diff_index(diff->to, index->name) &&
		    !column_goes(schema_table(diff->middle, index->table), table, index->columns,
				 index->column_count) &&
		    !dropped(diff, index->name))
			fail(diff->from->source, diff->from->indexes[x].at, "index %s of %s is gone: say --drop %s",
			     index->name, table->name, index->name);
	}
}

static const char *type_name(enum rc_type type)
{
	return postgres_type(type);
}

static bool in_a_key(const struct table *table, uint32_t column)
{
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *c = &table->constraints[i];

		for (uint32_t k = 0;
		     (c->kind == CONSTRAINT_FOREIGN || c->kind == CONSTRAINT_PRIMARY) && k < c->column_count; k++)
			if (c->columns[k] == column)
				return true;
	}
	return false;
}

/* Values that every engine takes over as they are. */
static bool widens(enum rc_type from, enum rc_type to)
{
	return (from == RC_JSON && to == RC_TEXT) || (from == RC_BOOL && to == RC_INT);
}

static void column_changed(const struct diff *diff, const struct table *table, uint32_t index, const struct column *old)
{
	const struct source *source = diff->to->source;
	const struct column *column = &table->columns[index];

	if ((old->flags ^ column->flags) & RC_COLUMN_IDENTITY)
		fail(source, column->at,
		     "column %s.%s begins or ceases to be an identity: write by hand what numbers the rows that are "
		     "there",
		     table->name, column->name);
	if (old->type == column->type || (widens(old->type, column->type) && !in_a_key(table, index)))
		return;
	fail(source, column->at,
	     "column %s.%s is %s and was %s, which needs a conversion that cannot be guessed: add a column of the new "
	     "type "
	     "under another name, write by hand the UPDATE that fills it, and drop the old one in a later migration",
	     table->name, column->name, type_name(column->type), type_name(old->type));
}

static void column_added(const struct diff *diff, const struct table *table, uint32_t index, bool last)
{
	const struct source *source = diff->to->source;
	const struct column *column = &table->columns[index];

	if (!(column->flags & RC_COLUMN_NULLABLE) && !column->fallback.to)
		fail(source, column->at,
		     "column %s.%s is new, NOT NULL and has no DEFAULT for the rows that are there: give it one, or "
		     "add it "
		     "without NOT NULL, write by hand the UPDATE that fills it, and set NOT NULL in a later migration",
		     table->name, column->name);
	if (!last)
		fail(source, column->at,
		     "column %s.%s is new and stands before columns that are there; PostgreSQL adds columns at the "
		     "end, so "
		     "write it there",
		     table->name, column->name);
}

static void table_changed(struct diff *diff, const struct table *old, const struct table *middle,
			  const struct table *table)
{
	int32_t place = -1;
	uint32_t added = 0;

	for (uint32_t i = 0; i < old->column_count; i++)
		if (table_column(table, middle->columns[i].name) < 0)
			column_vanished(diff, old, table, i);
	for (uint32_t i = 0; i < table->column_count; i++)
		added += table_column(middle, table->columns[i].name) < 0;
	for (uint32_t i = 0; i < table->column_count; i++) {
		int32_t was = table_column(middle, table->columns[i].name);

		if (was < 0) {
			column_added(diff, table, i, i >= table->column_count - added);
			continue;
		}
		if (was < place)
			fail(diff->to->source, table->columns[i].at,
			     "column %s.%s stands in another place than before, and PostgreSQL cannot move columns: "
			     "leave "
			     "them in their order",
			     table->name, table->columns[i].name);
		place = was;
		column_changed(diff, table, i, &middle->columns[was]);
	}
	for (uint32_t i = 0; i < table->key_count || i < middle->key_count; i++)
		if (table->key_count != middle->key_count ||
		    strcmp(table->columns[table->key[i]].name, middle->columns[middle->key[i]].name) != 0)
			fail(diff->to->source, table->at,
			     "the primary key of %s is another one, and what refers to its rows would have to follow: "
			     "write "
			     "this migration by hand",
			     table->name);
}

void diff_check(struct diff *diff)
{
	tables_vanished(diff);
	for (uint32_t t = 0; t < diff->middle->table_count; t++) {
		const struct table *middle = &diff->middle->tables[t], *table = schema_table(diff->to, middle->name);

		if (table)
			table_changed(diff, &diff->from->tables[t], middle, table);
	}
	rules_vanished(diff);
	for (uint32_t i = 0; i < diff->drops.count; i++)
		if (!diff->drops.used[i])
			fail(diff->to->source, 0,
			     "--drop %s: nothing of this name is gone; a column is named TABLE.COLUMN",
			     diff->drops.at[i]);
}
