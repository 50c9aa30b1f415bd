/*
 * From one schema to another on SQLite, which adds and drops plain columns; everything else makes the table again: a
 * copy of the rows, DROP, CREATE with the very text of the DDL, the rows, and what went with the old table (indexes,
 * triggers, guards, the next AUTOINCREMENT). Nothing is renamed: ALTER TABLE … RENAME would rewrite the text of triggers
 * and of other tables' foreign keys. The migration runs with foreign keys off and checks them before its commit.
 */
#include "rowcast/db/sqlite/capture.h"
#include "rowcast/orm/rowgen/diff.h"

enum act { ACT_NONE, ACT_ADD, ACT_DROP, ACT_REBUILD, ACT_NEW };

static const char *quoted(const struct diff *diff, const char *name)
{
	return text_quote(diff->to->source->arena, name);
}

static const char *column_text(const struct schema *schema, const struct table *table, uint32_t column)
{
	struct buf out = BUF_INIT;

	sqlite_put_column(&out, schema, table, column);
	return diff_cut(&out, schema->source->arena);
}

static const char *constraints_text(const struct schema *schema, const struct table *table)
{
	struct buf out = BUF_INIT;

	for (uint32_t i = 0; i < table->constraint_count; i++)
		sqlite_put_constraint(&out, schema, table, &table->constraints[i]);
	return diff_cut(&out, schema->source->arena);
}

static const char *capture_text(const struct schema *schema, const struct table *table)
{
	struct buf out = BUF_INIT;

	if (table->captured)
		sqlite_put_capture(&out, schema, table);
	return diff_cut(&out, schema->source->arena);
}

static const char *index_text(const struct schema *schema, const struct sql_index *index)
{
	struct buf out = BUF_INIT;

	sqlite_put_index(&out, schema, index);
	return diff_cut(&out, schema->source->arena);
}

static const char *exclusions_text(const struct schema *schema, const struct table *table)
{
	struct buf out = BUF_INIT;

	for (uint32_t i = 0; i < table->constraint_count; i++) {
		if (table->constraints[i].kind != CONSTRAINT_EXCLUDE)
			continue;
		sqlite_put_exclusion(&out, schema, table, &table->constraints[i], false);
		sqlite_put_exclusion(&out, schema, table, &table->constraints[i], true);
	}
	return diff_cut(&out, schema->source->arena);
}

/* The columns that both have are written alike and stand in one order. */
static bool same_columns(const struct schema *a, const struct table *few, const struct schema *b,
			 const struct table *many, bool at_front)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < many->column_count && k < few->column_count; i++) {
		if (strcmp(many->columns[i].name, few->columns[k].name) == 0 &&
		    strcmp(column_text(a, few, k), column_text(b, many, i)) == 0)
			k++;
		else if (at_front)
			return false;
	}
	return k == few->column_count;
}

static enum act act_of(const struct diff *diff, const struct table *to)
{
	const struct table *from = diff_old_table(diff->from, to);

	if (!from)
		return ACT_NEW;
	if (strcmp(from->name, to->name) != 0 ||
	    strcmp(constraints_text(diff->from, from), constraints_text(diff->to, to)) != 0)
		return ACT_REBUILD;
	if (to->column_count < from->column_count)
		return same_columns(diff->to, to, diff->from, from, false) ? ACT_DROP : ACT_REBUILD;
	if (!same_columns(diff->from, from, diff->to, to, true))
		return ACT_REBUILD;
	for (uint32_t i = from->column_count; i < to->column_count; i++)
		if (!(to->columns[i].flags & RC_COLUMN_NULLABLE) && !to->columns[i].fallback.to)
			return ACT_REBUILD;
	return to->column_count > from->column_count ? ACT_ADD : ACT_NONE;
}

static bool recaptured(const struct diff *diff, const struct table *from, const struct table *to)
{
	return act_of(diff, to) == ACT_REBUILD ||
	       strcmp(capture_text(diff->from, from), capture_text(diff->to, to)) != 0;
}

/* Triggers are told by their names' two ends, as sqlite_put_exclusion writes them. */
static void drop_exclusions(struct buf *out, const struct table *table)
{
	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (table->constraints[i].kind == CONSTRAINT_EXCLUDE)
			buf_printf(out, "DROP TRIGGER %s_insert;\nDROP TRIGGER %s_update;\n",
				   table->constraints[i].name, table->constraints[i].name);
}

static bool reexcluded(const struct diff *diff, const struct table *from, const struct table *to)
{
	enum act act = act_of(diff, to);

	return act == ACT_REBUILD || act == ACT_DROP ||
	       strcmp(exclusions_text(diff->from, from), exclusions_text(diff->to, to)) != 0;
}

static const struct table *new_table(const struct diff *diff, const struct table *from)
{
	for (uint32_t t = 0; t < diff->to->table_count; t++)
		if (diff_old_table(diff->from, &diff->to->tables[t]) == from)
			return &diff->to->tables[t];
	return NULL;
}

static void drop_triggers(struct buf *out, const struct diff *diff)
{
	for (uint32_t t = 0; t < diff->from->table_count; t++) {
		const struct table *from = &diff->from->tables[t], *to = new_table(diff, from);

		if (from->captured && (!to || recaptured(diff, from, to)))
			capture_write_drop(out, from->name);
		if (to && act_of(diff, to) != ACT_REBUILD && reexcluded(diff, from, to))
			drop_exclusions(out, from);
	}
}

/* Not those of tables that are made again: they go with them. */
static bool index_stays(const struct diff *diff, const struct sql_index *index)
{
	const struct sql_index *other = diff_index(diff->to, index->name);

	return other && strcmp(index_text(diff->from, index), index_text(diff->to, other)) == 0;
}

static bool index_is_gone(const struct diff *diff, const struct sql_index *index)
{
	const struct table *to = new_table(diff, schema_table(diff->from, index->table));

	return !to || act_of(diff, to) == ACT_REBUILD;
}

static void drop_indexes(struct buf *out, const struct diff *diff)
{
	for (uint32_t x = 0; x < diff->from->index_count; x++) {
		const struct sql_index *index = &diff->from->indexes[x];

		if (!index_is_gone(diff, index) && !index_stays(diff, index))
			buf_printf(out, "DROP INDEX %s;\n", index->name);
	}
}

static void alter_columns(struct buf *out, const struct diff *diff)
{
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = diff_old_table(diff->from, to);
		enum act act = act_of(diff, to);

		for (uint32_t i = act == ACT_ADD ? from->column_count : UINT32_MAX; i < to->column_count; i++)
			buf_printf(out, "ALTER TABLE %s ADD COLUMN %s;\n", quoted(diff, to->name),
				   column_text(diff->to, to, i));
		for (uint32_t i = 0; act == ACT_DROP && i < from->column_count; i++)
			if (table_column(to, from->columns[i].name) < 0)
				buf_printf(out, "ALTER TABLE %s DROP COLUMN %s;\n", quoted(diff, to->name),
					   quoted(diff, from->columns[i].name));
	}
}

static void put_copy(struct buf *out, const struct diff *diff, const char *name, bool numbered)
{
	buf_printf(out, "CREATE TABLE rc_copy_%s AS SELECT * FROM %s;\n", name, quoted(diff, name));
	if (numbered)
		buf_printf(out, "CREATE TABLE rc_next_%s AS SELECT seq FROM sqlite_sequence WHERE name = '%s';\n", name,
			   name);
	buf_printf(out, "DROP TABLE %s;\n", quoted(diff, name));
}

/* Ids of rows that were deleted are not given out again. */
static void put_next(struct buf *out, const char *from, const char *to, bool numbered)
{
	buf_printf(out, "DROP TABLE rc_copy_%s;\n", from);
	if (numbered)
		buf_printf(out,
			   "DELETE FROM sqlite_sequence WHERE name = '%s';\n"
			   "INSERT INTO sqlite_sequence (name, seq) SELECT '%s', seq FROM rc_next_%s;\n"
			   "DROP TABLE rc_next_%s;\n",
			   to, to, from, from);
}

static void fill(struct buf *out, const struct diff *diff, const struct table *from, const struct table *to)
{
	buf_printf(out, "INSERT INTO %s (", quoted(diff, to->name));
	for (uint32_t i = 0; i < to->column_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", quoted(diff, to->columns[i].name));
	buf_printf(out, ")\n  SELECT ");
	for (uint32_t i = 0; i < to->column_count; i++) {
		const struct column *column = &to->columns[i];
		int32_t old = diff_old_column(from, to, i);

		buf_printf(out, i ? ", " : "");
		if (old >= 0)
			buf_printf(out, "%s", quoted(diff, from->columns[old].name));
		else if (column->fallback.to)
			buf_printf(
				out, "%s",
				text_sqlite(diff->to->source, column->fallback.from, column->fallback.to, NULL, NULL));
		else
			buf_printf(out, "%s",
				   column->flags & RC_COLUMN_NULLABLE ? "NULL" : diff_zero(column->type, RC_SQLITE));
	}
	buf_printf(out, " FROM rc_copy_%s;\n", from->name);
}

static void make_tables(struct buf *out, const struct diff *diff)
{
	for (uint32_t t = diff->from->table_count; t-- > 0;) {
		const struct table *from = &diff->from->tables[t], *to = new_table(diff, from);

		if (!to)
			buf_printf(out, "DROP TABLE %s;\n", quoted(diff, from->name));
		else if (act_of(diff, to) == ACT_REBUILD)
			put_copy(out, diff, from->name, sqlite_has_rowid_key(from));
	}
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = diff_old_table(diff->from, to);
		enum act act = act_of(diff, to);

		if (act == ACT_NEW || act == ACT_REBUILD)
			sqlite_put_table(out, diff->to, to);
		if (act != ACT_REBUILD)
			continue;
		fill(out, diff, from, to);
		put_next(out, from->name, to->name, sqlite_has_rowid_key(from));
	}
}

static void make_indexes(struct buf *out, const struct diff *diff)
{
	for (uint32_t x = 0; x < diff->to->index_count; x++) {
		const struct sql_index *index = &diff->to->indexes[x], *old = diff_index(diff->from, index->name);

		if (!old || index_is_gone(diff, old) || !index_stays(diff, old))
			sqlite_put_index(out, diff->to, index);
	}
}

/* The guards on one table: "CREATE TRIGGER name … ON table …" up to a line "END;". */
static void make_guards(struct buf *out, const struct diff *diff, const char *table)
{
	static const char begin[] = "CREATE TRIGGER ";
	const struct source *guards = diff->guards;

	for (const char *at = guards->text; (at = strstr(at, begin));) {
		size_t from = (size_t)(at - guards->text), on = text_after_word(guards, from, guards->len, "on");
		const char *end = strstr(at, "\nEND;");
		struct token token;

		if (!end)
			fail(guards, from, "this trigger has no line END;");
		end += strlen("\nEND;");
		(void)token_next(guards, &on, guards->len, &token);
		if (token_is(guards, &token, table))
			buf_printf(out, "%.*s\n", (int)(end - at), at);
		at = end;
	}
}

static uint32_t widest(const struct schema *schema)
{
	uint32_t most = 0;

	for (uint32_t t = 0; t < schema->table_count; t++)
		if (schema->tables[t].captured && schema->tables[t].column_count > most)
			most = schema->tables[t].column_count;
	return most;
}

/* rc_log is as wide as the widest captured table. What is in it keeps its numbers; readers start again anyway. */
static void make_log(struct buf *out, const struct diff *diff)
{
	static const char head[] = "n, at, tbl, op, ends";
	uint32_t old = widest(diff->from), now = widest(diff->to), both = old < now ? old : now;

	if (old == now)
		return;
	if (!old) {
		capture_write_log(out, now);
		return;
	}
	if (!now) {
		buf_printf(out, "DROP TABLE rc_log;\nDROP TABLE rc_meta;\n");
		return;
	}
	put_copy(out, diff, "rc_log", true);
	capture_write_log(out, now);
	buf_printf(out, "INSERT INTO rc_log (%s", head);
	for (uint32_t i = 0; i < both; i++)
		buf_printf(out, ", o%u, n%u", i, i);
	buf_printf(out, ")\n  SELECT %s", head);
	for (uint32_t i = 0; i < both; i++)
		buf_printf(out, ", o%u, n%u", i, i);
	buf_printf(out, " FROM rc_copy_rc_log;\n");
	put_next(out, "rc_log", "rc_log", true);
}

void diff_sqlite(struct buf *out, const struct diff *diff)
{
	drop_triggers(out, diff);
	drop_indexes(out, diff);
	alter_columns(out, diff);
	make_tables(out, diff);
	make_indexes(out, diff);
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = diff_old_table(diff->from, to);

		if (!from || reexcluded(diff, from, to))
			buf_printf(out, "%s", exclusions_text(diff->to, to));
		if (act_of(diff, to) == ACT_REBUILD || act_of(diff, to) == ACT_NEW)
			make_guards(out, diff, to->name);
	}
	make_log(out, diff);
	for (uint32_t t = 0; t < diff->to->table_count; t++) {
		const struct table *to = &diff->to->tables[t], *from = diff_old_table(diff->from, to);

		if (to->captured && (!from || recaptured(diff, from, to)))
			sqlite_put_capture(out, diff->to, to);
	}
}
