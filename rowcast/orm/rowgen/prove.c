/*
 * SQLite itself reads what was made: the DDL runs up and down on an empty database and every query is prepared, so that
 * a slip is an error of the generator with its line, not of the program at run time. Where there are migrations they are
 * run too: together they must make the same objects as the DDL, and each one's way down must leave what was there
 * before it.
 */
#include <sqlite3.h>

#include "rowcast/orm/rowgen/diff.h"

static void prove_query(const struct queries *queries, const struct query *query, sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int columns;

	if (sqlite3_prepare_v2(db, query->sql[RC_SQLITE], -1, &stmt, NULL) != SQLITE_OK)
		fail(queries->source, query->at, "%s: SQLite: %s", query->name, sqlite3_errmsg(db));
	columns = (int)(query->table ? query->table->column_count : query->column_count);
	if (query->kind != QUERY_EXEC && sqlite3_column_count(stmt) != columns)
		fail(queries->source, query->at, "%s: SQLite gives %d columns instead of %d", query->name,
		     sqlite3_column_count(stmt), columns);
	if ((uint32_t)sqlite3_bind_parameter_count(stmt) != query->param_count)
		fail(queries->source, query->at, "%s: SQLite sees %d parameters", query->name,
		     sqlite3_bind_parameter_count(stmt));
	sqlite3_finalize(stmt);
}

static int leftover(void *arg, int count, char **values, char **names)
{
	const struct schema *schema = arg;

	fail(schema->source, 0, "migrating down leaves %s behind", values[0]);
}

void prove(const struct schema *schema, const struct queries *queries, const char *up_sql, const char *down_sql)
{
	sqlite3 *db = NULL;
	char *message = NULL;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA trusted_schema = OFF", NULL, NULL, &message) !=
		    SQLITE_OK || /* as our connections */
	    sqlite3_exec(db, up_sql, NULL, NULL, &message) != SQLITE_OK)
		fail(schema->source, 0, "SQLite refuses the DDL: %s", message ? message : sqlite3_errmsg(db));
	for (uint32_t i = 0; i < queries->count; i++)
		prove_query(queries, &queries->items[i], db);
	if (sqlite3_exec(db, down_sql, NULL, NULL, &message) != SQLITE_OK)
		fail(schema->source, 0, "SQLite refuses the way down: %s", message ? message : sqlite3_errmsg(db));
	if (sqlite3_exec(db, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'", leftover,
			 (void *)(uintptr_t)schema, &message) != SQLITE_OK)
		fail(schema->source, 0, "%s", message ? message : sqlite3_errmsg(db));
	sqlite3_close(db);
}

struct object {
	const char *name, *sql;
};

struct catalog {
	struct object *at; /* by name */
	size_t count;
};

static void run(const struct schema *schema, sqlite3 *db, const char *sql, const char *what, uint32_t version)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail(schema->source, 0, "SQLite refuses %s %u: %s", what, version,
		     message ? message : sqlite3_errmsg(db));
}

static sqlite3 *empty_database(const struct schema *schema)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		fail(schema->source, 0, "SQLite does not open: %s", sqlite3_errmsg(db));
	run(schema, db, "PRAGMA trusted_schema = OFF", "the setting", 0);
	return db;
}

enum { OBJECTS_MAX = 4096 };

/* Without blanks: SQLite keeps a column that was added later in another layout than one that was there. */
static const char *folded(struct rc_arena *arena, const char *sql)
{
	char *copy = rc_arena_alloc(arena, strlen(sql) + 1), *end = copy;

	for (; *sql; sql++)
		if (*sql != ' ' && *sql != '\n' && *sql != '\t')
			*end++ = *sql;
	*end = '\0';
	return copy;
}

static struct catalog catalog_of(const struct schema *schema, sqlite3 *db)
{
	struct rc_arena *arena = schema->source->arena;
	struct catalog catalog = {RC_ARENA_ARRAY(arena, struct object, OBJECTS_MAX), 0};
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
			       -1, &stmt, NULL) != SQLITE_OK)
		fail(schema->source, 0, "%s", sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(stmt, 1);

		if (catalog.count == OBJECTS_MAX)
			fail(schema->source, 0, "there are more than %d tables, indexes and triggers", OBJECTS_MAX);
		catalog.at[catalog.count++] = (struct object){
			rc_arena_printf(arena, "%s", (const char *)sqlite3_column_text(stmt, 0)),
			folded(arena, sql ? sql : "")};
	}
	sqlite3_finalize(stmt);
	return catalog;
}

static void same_catalog(const struct schema *schema, const struct catalog *got, const struct catalog *wanted,
			 const char *why)
{
	for (size_t i = 0; i < got->count || i < wanted->count; i++) {
		const struct object *a = i < got->count ? &got->at[i] : NULL;
		const struct object *b = i < wanted->count ? &wanted->at[i] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);

		if (order)
			fail(schema->source, 0, "%s: %s is %s", why, order < 0 ? a->name : b->name,
			     order < 0 ? "too much" : "missing");
		if (strcmp(a->sql, b->sql) != 0)
			fail(schema->source, 0, "%s: %s is\n  %s\nand should be\n  %s", why, a->name, a->sql, b->sql);
	}
}

void prove_migrations(const struct schema *schema, const struct migrations *migrations, const char *up_sql)
{
	struct catalog *before = RC_ARENA_ARRAY(schema->source->arena, struct catalog, migrations->count);
	sqlite3 *db = empty_database(schema), *fresh = empty_database(schema);
	struct catalog got, wanted;

	run(schema, fresh, up_sql, "the schema, version", migrations->count);
	wanted = catalog_of(schema, fresh);
	for (uint32_t i = 0; i < migrations->count; i++) {
		before[i] = catalog_of(schema, db);
		run(schema, db, migrations->items[i].up[RC_SQLITE], "migration", migrations->items[i].version);
	}
	got = catalog_of(schema, db);
	same_catalog(schema, &got, &wanted, "the migrations do not make this schema; write another one");
	for (uint32_t i = migrations->count; i-- > 0;) {
		run(schema, db, migrations->items[i].down[RC_SQLITE], "the way back of migration",
		    migrations->items[i].version);
		got = catalog_of(schema, db);
		same_catalog(schema, &got, &before[i], migrations->items[i].name);
	}
	sqlite3_close(db);
	sqlite3_close(fresh);
}

void prove_diff(const struct schema *from, const struct schema *to, const char *from_ddl, const char *to_ddl,
		struct diff_text *text)
{
	sqlite3 *db = empty_database(from), *fresh = empty_database(to);
	struct catalog before, got, wanted;

	run(from, db, from_ddl, "the schema, version", 1);
	before = catalog_of(from, db);
	run(to, fresh, to_ddl, "the schema, version", 2);
	wanted = catalog_of(to, fresh);
	run(to, db, buf_cstr(&text->up[RC_SQLITE]), "what diff wrote, version", 2);
	got = catalog_of(to, db);
	same_catalog(to, &got, &wanted, "what diff wrote does not make this schema");
	run(from, db, buf_cstr(&text->down[RC_SQLITE]), "what diff wrote, down to version", 1);
	got = catalog_of(from, db);
	same_catalog(from, &got, &before, "what diff wrote does not take it back");
	sqlite3_close(db);
	sqlite3_close(fresh);
}
