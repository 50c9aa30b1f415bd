/*
 * rowgen diff --from OLD --to NEW --name NAME --migrations DIR [--guards FILE] [--drop NAME]… [--locks TABLE=REASON]…
 *
 * Writes DIR/NNNN-NAME.sql, .postgres.sql and .mariadb.sql (those of the engines that the first migration is for) and
 * prints their names. Where PostgreSQL has to validate a rule behind a commit, there is a migration NNNN+1,
 * NAME-validate. SQLite runs them before anything is written; the servers' are looked through by the lint.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/orm/rowgen/diff.h"
#include "rowcast/orm/rowgen/diff_names.h"

/* Renames are told by the younger schema, whichever of the two that is. */
const struct table *diff_old_table(const struct schema *from, const struct table *table)
{
	const struct table *old = schema_table(from, table->name);

	if (!old && table->renamed)
		old = schema_table(from, table->renamed);
	for (uint32_t t = 0; !old && t < from->table_count; t++)
		if (from->tables[t].renamed && strcmp(from->tables[t].renamed, table->name) == 0)
			old = &from->tables[t];
	return old;
}

int32_t diff_old_column(const struct table *from, const struct table *table, uint32_t column)
{
	const struct column *c = &table->columns[column];
	int32_t old = table_column(from, c->name);

	if (old < 0 && c->renamed)
		old = table_column(from, c->renamed);
	for (uint32_t i = 0; old < 0 && i < from->column_count; i++)
		if (from->columns[i].renamed && strcmp(from->columns[i].renamed, c->name) == 0)
			old = (int32_t)i;
	return old;
}

const struct constraint *diff_constraint(const struct table *table, const char *name)
{
	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (strcmp(table->constraints[i].name, name) == 0)
			return &table->constraints[i];
	return NULL;
}

const struct sql_index *diff_index(const struct schema *schema, const char *name)
{
	for (uint32_t x = 0; x < schema->index_count; x++)
		if (strcmp(schema->indexes[x].name, name) == 0)
			return &schema->indexes[x];
	return NULL;
}

const char *diff_zero(enum rc_type type, enum rc_dialect dialect)
{
	static const char *const zeros[][RC_DIALECTS] = {
		[RC_BOOL] = {"0", "false", "(0)"},
		[RC_INT] = {"0", "0", "(0)"},
		[RC_DOUBLE] = {"0", "0", "(0)"},
		[RC_TEXT] = {"''", "''", "('')"},
		[RC_BYTES] = {"x''", "''", "('')"},
		[RC_UUID] = {"'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000000'",
			     "(x'00000000000000000000000000000000')"},
		[RC_TIMESTAMP] = {"0", "'epoch'", "('1970-01-01')"},
		[RC_DATE] = {"'1970-01-01'", "'1970-01-01'", "('1970-01-01')"},
		[RC_JSON] = {"'null'", "'null'", "('null')"},
	};

	return zeros[type][dialect];
}

const char *diff_cut(struct buf *out, struct rc_arena *arena)
{
	const char *text = buf_cstr(out), *copy = rc_arena_printf(arena, "%s", text + strspn(text, ", \n"));

	buf_release(out);
	return copy;
}

void diff_lock(struct buf *out, struct diff *diff, size_t at, const char *table, const char *what, const char *instead)
{
	size_t len = strlen(table);

	if (diff->down)
		return;
	for (uint32_t i = 0; i < diff->locks.count; i++) {
		const char *word = diff->locks.at[i];

		if (strncmp(word, table, len) != 0 || word[len] != '=' || !word[len + 1])
			continue;
		diff->locks.used[i] = true;
		buf_printf(out, "-- rowgen: locks %s because %s\n", table, word + len + 1);
		return;
	}
	fail(diff->to->source, at,
	     "%s locks %s for as long as it has rows: %s; or, where that is no matter, say --locks %s=REASON", what,
	     table, instead, table);
}

/* A directive whose work is done is no rename; one that names nothing, or what is still there, is a slip of the pen. */
static void renames_check(const struct schema *from, struct schema *to)
{
	for (uint32_t t = 0; t < to->table_count; t++) {
		struct table *table = &to->tables[t];
		const struct table *old;

		if (table->renamed && schema_table(from, table->name))
			table->renamed = NULL;
		if (table->renamed && (!schema_table(from, table->renamed) || schema_table(to, table->renamed)))
			fail(to->source, table->at, "table %s cannot be renamed from %s: %s", table->name,
			     table->renamed,
			     schema_table(to, table->renamed) ? "that one is still there"
							      : "the old schema has no such table");
		old = diff_old_table(from, table);
		for (uint32_t i = 0; i < table->column_count; i++) {
			struct column *column = &table->columns[i];

			if (!old || table_column(old, column->name) >= 0)
				column->renamed = NULL;
			if (column->renamed &&
			    (table_column(old, column->renamed) < 0 || table_column(table, column->renamed) >= 0))
				fail(to->source, column->at, "column %s.%s cannot be renamed from %s: %s", table->name,
				     column->name, column->renamed,
				     table_column(table, column->renamed) >= 0 ? "that one is still there"
									       : "the old table has no such column");
		}
	}
}

/* Old schemas carry directives of older renames. */
static void renames_forget(struct schema *schema)
{
	for (uint32_t t = 0; t < schema->table_count; t++) {
		schema->tables[t].renamed = NULL;
		for (uint32_t i = 0; i < schema->tables[t].column_count; i++)
			schema->tables[t].columns[i].renamed = NULL;
	}
}

static void write_sqlite(struct diff_text *text, const struct diff *diff)
{
	const struct diff back = {.from = diff->to, .to = diff->from, .guards = diff->guards, .down = true};

	diff_sqlite(&text->up[RC_SQLITE], diff);
	diff_sqlite(&text->down[RC_SQLITE], &back);
}

static void write_postgres(struct diff_text *text, struct diff *diff)
{
	struct diff there = *diff, back = *diff;

	there.from = diff->middle;
	back.from = diff->to;
	back.to = diff->middle;
	back.down = true;
	diff_postgres_rename(&text->up[RC_POSTGRES], diff->from, diff->middle);
	diff_postgres(&text->up[RC_POSTGRES], &text->later_up, &text->later_down, &there);
	diff_postgres(&text->down[RC_POSTGRES], NULL, NULL, &back);
	diff_postgres_rename(&text->down[RC_POSTGRES], diff->middle, diff->from);
	memcpy(diff->locks.used, there.locks.used, sizeof(diff->locks.used));
}

static void write_mariadb(struct diff_text *text, struct diff *diff)
{
	struct diff there = *diff, back = *diff;
	struct buf *up = &text->up[RC_MARIADB], *down = &text->down[RC_MARIADB];

	there.from = diff->middle;
	back.from = diff->to;
	back.to = diff->middle;
	back.down = true;
	diff_mariadb_triggers(up, diff->from, diff->to, true);
	diff_mariadb_rename(up, diff->from, diff->middle);
	diff_mariadb(up, &there);
	diff_mariadb_triggers(up, diff->from, diff->to, false);
	diff_mariadb_triggers(down, diff->to, diff->from, true);
	diff_mariadb(down, &back);
	diff_mariadb_rename(down, diff->middle, diff->from);
	diff_mariadb_triggers(down, diff->to, diff->from, false);
	memcpy(diff->locks.used, there.locks.used, sizeof(diff->locks.used));
}

static const char *const suffixes[RC_DIALECTS] = {".sql", ".postgres.sql", ".mariadb.sql"};

/* An engine for which a migration has nothing to do runs a statement that does nothing. */
static const char *const nothing[RC_DIALECTS] = {"SELECT 1;\n", "SELECT 1;\n", "DO 0;\n"};

struct target {
	const struct diff_options *options;
	uint32_t version;
	const char *tail; /* of the name */
	struct rc_arena *arena;
};

/* `lint`: only looks it through, so that nothing is written when one of them is refused. */
static int write_file(const struct target *target, enum rc_dialect dialect, struct buf *up, struct buf *down, bool lint)
{
	const char *name = rc_arena_printf(target->arena, "%04u-%s%s%s", target->version, target->options->name,
					   target->tail, suffixes[dialect]);
	const char *path = rc_arena_printf(target->arena, "%s/%s", target->options->migrations, name);
	const char *up_text = up->len ? buf_cstr(up) : nothing[dialect];
	struct buf text = BUF_INIT;
	int status;

	if (lint) {
		lint_migration(path, up_text, dialect, target->arena);
		return 0;
	}
	buf_printf(&text, "%s-- down\n%s", up_text, down->len ? buf_cstr(down) : nothing[dialect]);
	status = file_write(target->options->migrations, name, &text);
	if (!status)
		printf("%s\n", path);
	buf_release(&text);
	return status;
}

static int write_files(const struct diff_options *options, struct diff_text *text, const struct migrations *migrations,
		       struct rc_arena *arena, bool lint)
{
	struct target target = {options, migrations->count + 1, "", arena};
	struct buf none = BUF_INIT;
	int status = 0;

	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		if (migrations->items[0].up[dialect])
			status |= write_file(&target, dialect, &text->up[dialect], &text->down[dialect], lint);
	if (!text->later_up.len)
		return status;
	target.version++;
	target.tail = "-validate";
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		if (migrations->items[0].up[dialect])
			status |= write_file(&target, dialect, dialect == RC_POSTGRES ? &text->later_up : &none,
					     dialect == RC_POSTGRES ? &text->later_down : &none, lint);
	return status;
}

static void text_release(struct diff_text *text)
{
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		buf_release(&text->up[dialect]);
		buf_release(&text->down[dialect]);
	}
	buf_release(&text->later_up);
	buf_release(&text->later_down);
}

static void prove_text(const struct schema *from, const struct schema *to, const struct source *guards,
		       struct diff_text *text)
{
	struct buf old = BUF_INIT, new = BUF_INIT, down = BUF_INIT;

	emit_sqlite(&old, &down, from, guards);
	emit_sqlite(&new, &down, to, guards);
	prove_diff(from, to, buf_cstr(&old), buf_cstr(&new), text);
	buf_release(&old);
	buf_release(&new);
	buf_release(&down);
}

static int diff_run(const struct diff_options *options, struct rc_arena *arena)
{
	struct source from_text, to_text, guards;
	struct schema from, to, middle;
	struct migrations migrations;
	struct diff diff = {.from = &from, .to = &to, .middle = &middle, .guards = &guards};
	struct diff_text text = {0};
	bool any = false;
	int status;

	source_read(&from_text, arena, options->from);
	source_read(&to_text, arena, options->to);
	source_read(&guards, arena, options->guards);
	schema_parse(&from, &from_text);
	schema_parse(&to, &to_text);
	migrations_read(&migrations, arena, options->migrations);
	diff.drops = options->drops;
	diff.locks = options->locks;
	renames_forget(&from);
	renames_check(&from, &to);
	schema_parse(&middle, diff_renamed(&from, &to));
	diff_check(&diff);
	write_sqlite(&text, &diff);
	if (migrations.items[0].up[RC_POSTGRES])
		write_postgres(&text, &diff);
	if (migrations.items[0].up[RC_MARIADB])
		write_mariadb(&text, &diff);
	for (uint32_t i = 0; i < diff.locks.count; i++)
		if (!diff.locks.used[i])
			fail(&to_text, 0, "--locks %s: nothing here locks that table; it is written TABLE=REASON",
			     diff.locks.at[i]);
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		any = any || text.up[dialect].len;
	if (!any)
		fail(&to_text, 0, "there is no difference that a database would show");
	prove_text(&from, &to, &guards, &text);
	(void)write_files(options, &text, &migrations, arena, true);
	status = write_files(options, &text, &migrations, arena, false);
	text_release(&text);
	return status;
}

static int word_add(struct words *words, const char *word)
{
	if (words->count == WORDS_MAX) {
		fprintf(stderr, "rowgen: at most %d of one option\n", WORDS_MAX);
		return 2;
	}
	words->at[words->count++] = word;
	return 0;
}

static int options_read(int argc, char **argv, struct diff_options *out)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'},   {"to", required_argument, NULL, 't'},
		{"name", required_argument, NULL, 'n'},   {"migrations", required_argument, NULL, 'm'},
		{"guards", required_argument, NULL, 'g'}, {"drop", required_argument, NULL, 'd'},
		{"locks", required_argument, NULL, 'l'},  {NULL, 0, NULL, 0},
	};
	int option, bad = 0;

	while (!bad && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **place = option == 'f'   ? &out->from
				     : option == 't' ? &out->to
				     : option == 'n' ? &out->name
				     : option == 'm' ? &out->migrations
				     : option == 'g' ? &out->guards
						     : NULL;

		if (place)
			*place = optarg;
		else if (option == 'd' || option == 'l')
			bad = word_add(option == 'd' ? &out->drops : &out->locks, optarg);
		else
			bad = 2;
	}
	if (bad || optind != argc || !out->from || !out->to || !out->name || !out->migrations)
		return 2;
	if (!*out->name || out->name[strspn(out->name, "abcdefghijklmnopqrstuvwxyz0123456789-_")]) {
		fprintf(stderr, "rowgen: --name is lower-case letters, digits, - and _\n");
		return 2;
	}
	return 0;
}

int diff_main(int argc, char **argv)
{
	struct diff_options options = {0};
	struct rc_arena arena;
	int status = options_read(argc, argv, &options);

	if (status)
		return status;
	rc_arena_init(&arena, 1 << 16);
	status = diff_run(&options, &arena);
	rc_arena_release(&arena);
	return status;
}
