/*
 * What is in the database, in words that two databases with the same schema share.
 *
 * A table's definition is the server's own (SHOW CREATE TABLE) without AUTO_INCREMENT=n, which is data; its indexes are
 * objects of their own, as elsewhere, so that one which somebody added is not a changed table. Their names are unique
 * only within a table, hence "table.index".
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/buf.h"
#include "rowcast/db/mariadb/mariadb.h"

struct list {
	struct rc_arena *arena;
	struct db_object *at;
	size_t count, capacity;
};

static void add(struct list *list, struct db_object object)
{
	if (list->count == list->capacity) {
		struct db_object *more = RC_ARENA_ARRAY(list->arena, struct db_object,
							list->capacity = list->capacity ? list->capacity * 2 : 64);

		if (list->count)
			memcpy(more, list->at, list->count * sizeof(*more));
		list->at = more;
	}
	list->at[list->count++] = object;
}

static char *keep(struct rc_arena *arena, struct rc_str text)
{
	return (char *)(uintptr_t)rc_arena_copy(arena, text).ptr;
}

/* `  UNIQUE KEY "name" (…)` is an index; true when `line` is one. */
static bool add_index(struct list *list, const char *table, struct rc_str line)
{
	bool unique = rc_str_starts(line, RC_STR("UNIQUE KEY "));
	const char *name, *end;

	if (!unique && !rc_str_starts(line, RC_STR("KEY ")) && !rc_str_starts(line, RC_STR("FULLTEXT KEY ")) &&
	    !rc_str_starts(line, RC_STR("SPATIAL KEY ")))
		return false;
	name = memchr(line.ptr, '"', line.len);
	end = name ? memchr(name + 1, '"', line.len - (size_t)(name + 1 - line.ptr)) : NULL;
	if (!end)
		return false;
	add(list, (struct db_object){
			  .type = "index",
			  .name = rc_arena_printf(list->arena, "%s.%.*s", table, (int)(end - name - 1), name + 1),
			  .table = table,
			  .sql = keep(list->arena, line),
			  .unique = unique,
		  });
	return true;
}

/* ") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT …" without the number. */
static void put_options(struct buf *out, struct rc_str line)
{
	static const char mark[] = " AUTO_INCREMENT=";
	const char *at = memmem(line.ptr, line.len, mark, sizeof(mark) - 1), *end = line.ptr + line.len;
	const char *rest = at ? at + sizeof(mark) - 1 : end;

	buf_append(out, line.ptr, (size_t)((at ? at : end) - line.ptr));
	while (rest < end && *rest >= '0' && *rest <= '9')
		rest++;
	buf_append(out, rest, (size_t)(end - rest));
}

/* The definition line by line: indexes into the list, the rest into the table's text. */
static void add_table(struct list *list, const char *name, const char *definition)
{
	struct rc_str rest = rc_str_from(definition);
	struct buf sql = BUF_INIT;

	while (rest.len > 0) {
		struct rc_str line = rc_str_cut(&rest, '\n');

		if (line.len > 0 && line.ptr[0] == ')') {
			put_options(&sql, line);
			continue;
		}
		while (line.len > 0 && line.ptr[0] == ' ')
			line = (struct rc_str){line.ptr + 1, line.len - 1};
		if (line.len > 0 && line.ptr[line.len - 1] == ',')
			line.len--;
		if (add_index(list, name, line))
			continue;
		buf_append_str(&sql, line);
		buf_append_char(&sql, '\n');
	}
	add(list,
	    (struct db_object){.type = "table", .name = name, .table = name, .sql = keep(list->arena, buf_str(&sql))});
	buf_release(&sql);
}

static int show_table(struct mariadb_conn *conn, struct list *list, const char *name)
{
	struct buf sql = BUF_INIT;
	MYSQL_RES *result;
	MYSQL_ROW row;
	int rc;

	buf_append_str(&sql, RC_STR("SHOW CREATE TABLE `"));
	for (const char *at = name; *at; at++)
		buf_append(&sql, *at == '`' ? "``" : at, *at == '`' ? 2 : 1);
	buf_append_char(&sql, '`');
	rc = mariadb_ask(conn, buf_cstr(&sql), &result);
	buf_release(&sql);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(result);
	if (row)
		add_table(list, name, row[1]);
	mysql_free_result(result);
	return RC_OK;
}

static int add_tables(struct mariadb_conn *conn, struct list *list)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	int rc = mariadb_ask(conn,
			     "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND"
			     " TABLE_TYPE = 'BASE TABLE'",
			     &result);

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && (row = mysql_fetch_row(result)))
		rc = show_table(conn, list, keep(list->arena, rc_str_from(row[0])));
	mysql_free_result(result);
	return rc;
}

/* What is a row of the information schema: type, name, table, definition. */
static int add_others(struct mariadb_conn *conn, struct list *list)
{
	/* A view's text names its database, which is not the same in a scratch one. */
	static const char sql[] = "SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, CONCAT(ACTION_TIMING, ' ', "
				  "EVENT_MANIPULATION, ' ON ',"
				  " EVENT_OBJECT_TABLE, ' ', ACTION_STATEMENT) FROM information_schema.TRIGGERS"
				  " WHERE TRIGGER_SCHEMA = DATABASE()"
				  " UNION ALL SELECT 'view', TABLE_NAME, TABLE_NAME, REPLACE(REPLACE(VIEW_DEFINITION,"
				  " CONCAT('`', DATABASE(), '`.'), ''), CONCAT('\"', DATABASE(), '\".'), '')"
				  " FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"
				  " UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, '', ROUTINE_DEFINITION"
				  " FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()";
	MYSQL_RES *result;
	MYSQL_ROW row;
	int rc = mariadb_ask(conn, sql, &result);

	if (rc != RC_OK)
		return rc;
	while ((row = mysql_fetch_row(result)))
		add(list, (struct db_object){
				  .type = keep(list->arena, rc_str_from(row[0])),
				  .name = keep(list->arena, rc_str_from(row[1])),
				  .table = keep(list->arena, rc_str_from(row[2])),
				  .sql = keep(list->arena, rc_str_from(row[3] ? row[3] : "")),
			  });
	mysql_free_result(result);
	return RC_OK;
}

static int by_type_and_name(const void *a, const void *b)
{
	const struct db_object *left = a, *right = b;
	int order = strcmp(left->type, right->type);

	return order ? order : strcmp(left->name, right->name);
}

int mariadb_catalog(struct db_conn *base, struct rc_arena *arena, struct db_object **objects, size_t *count)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	struct list list = {.arena = arena};
	int rc = add_tables(conn, &list);

	if (rc == RC_OK)
		rc = add_others(conn, &list);
	if (list.count > 0)
		qsort(list.at, list.count, sizeof(*list.at), by_type_and_name);
	*objects = list.at;
	*count = rc == RC_OK ? list.count : 0;
	return rc;
}

int mariadb_foreign_keys(struct db_conn *base, bool on)
{
	return mariadb_run(mariadb_conn_of(base),
			   on ? "SET SESSION foreign_key_checks = 1" : "SET SESSION foreign_key_checks = 0",
			   "set the foreign keys of");
}

/* The server does not look back at rows that were written while it did not check, so each key is asked. */
int mariadb_foreign_keys_check(struct db_conn *base)
{
	static const char keys[] =
		"SELECT TABLE_NAME, REFERENCED_TABLE_NAME, CONCAT('SELECT 1 FROM `', TABLE_NAME, '` c WHERE ',"
		" GROUP_CONCAT('c.`', COLUMN_NAME, '` IS NOT NULL' SEPARATOR ' AND '),"
		" ' AND NOT EXISTS (SELECT 1 FROM `', REFERENCED_TABLE_NAME, '` p WHERE ',"
		" GROUP_CONCAT('p.`', REFERENCED_COLUMN_NAME, '` = c.`', COLUMN_NAME, '`' SEPARATOR ' AND '),"
		" ') LIMIT 1') FROM information_schema.KEY_COLUMN_USAGE"
		" WHERE CONSTRAINT_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL"
		" GROUP BY CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME";
	struct mariadb_conn *conn = mariadb_conn_of(base);
	MYSQL_RES *list, *result;
	MYSQL_ROW row;
	int rc = mariadb_ask(conn, keys, &list);

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && (row = mysql_fetch_row(list))) {
		rc = mariadb_ask(conn, row[2], &result);
		if (rc == RC_OK && mysql_num_rows(result) > 0)
			rc = rc_fault_set(&base->fault, RC_CONSTRAINT,
					  "a row of table %s points to a row of table %s that does not exist", row[0],
					  row[1]);
		mysql_free_result(result);
	}
	mysql_free_result(list);
	return rc;
}
