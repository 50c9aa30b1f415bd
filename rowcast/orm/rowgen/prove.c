/*
 * SQLite itself reads what was made: the DDL runs up and down on an empty database and every query is prepared, so that
 * a slip is an error of the generator with its line, not of the program at run time.
 */
#include <sqlite3.h>

#include "rowcast/orm/rowgen/rowgen.h"

static void prove_query(const struct queries *queries, const struct query *query, sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int columns;

	if (sqlite3_prepare_v2(db, query->sql, -1, &stmt, NULL) != SQLITE_OK)
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
