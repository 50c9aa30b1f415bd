/*
 * Connections, and which rule of the schema a refusal names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

int rc_db_open(struct rc_db **out, const char *url, const struct rc_schema *schema, const struct rc_db_options *options,
	       struct rc_fault *fault)
{
	const struct db_options driver_options = {
		.writable = options->access == RC_WRITE,
		.create = options->create,
		.no_auto_checkpoint = options->no_auto_checkpoint,
		.busy_timeout_us = options->busy_timeout_us,
		.host = options->host,
	};
	const struct db_driver *driver;
	const char *address;
	struct db_conn *conn;
	struct rc_db *db;
	int rc;

	*out = NULL;
	rc = db_driver_find(url, &driver, &address, fault);
	if (rc != RC_OK)
		return rc;
	rc = driver->open(&conn, address, &driver_options, fault);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < schema->model_count; i++)
		rc_check(schema->models[i]->id == i);
	db = rc_xcalloc(1, sizeof(*db));
	*db = (struct rc_db){.driver = driver, .conn = conn, .schema = schema, .access = options->access};
	db->tx.db = db;
	db->crud = rc_xcalloc((size_t)schema->model_count * CRUD_COUNT + 1, sizeof(*db->crud));
	db->statements = rc_xcalloc((size_t)schema->statement_count + 1, sizeof(*db->statements));
	*out = db;
	return RC_OK;
}

int rc_db_hosts(const char *url, struct rc_arena *arena, const char ***names, size_t *count, struct rc_fault *fault)
{
	const struct db_driver *driver;
	const char *address;
	int rc = db_driver_find(url, &driver, &address, fault);

	return rc == RC_OK ? driver->hosts(address, arena, names, count, fault) : rc;
}

void rc_db_close(struct rc_db *db)
{
	if (!db)
		return;
	if (db->tx.open)
		rc_tx_rollback(&db->tx);
	for (size_t i = 0; i < (size_t)db->schema->model_count * CRUD_COUNT; i++)
		prepared_release(db, &db->crud[i]);
	for (size_t i = 0; i < db->schema->statement_count; i++)
		prepared_release(db, &db->statements[i]);
	cache_release(db, &db->shapes);
	cache_release(db, &db->texts);
	free(db->crud);
	free(db->statements);
	db->driver->close(db->conn);
	free(db);
}

const struct rc_fault *rc_db_fault(const struct rc_db *db)
{
	return &db->conn->fault;
}

enum rc_dialect rc_db_dialect(const struct rc_db *db)
{
	return db->driver->dialect;
}

int rc_db_clock(struct rc_db *db, int64_t *us)
{
	return db->driver->clock(db->conn, us);
}

int rc_db_checkpoint(struct rc_db *db, uint32_t *wal_pages, uint32_t *moved_pages)
{
	return db_failed(db, db->driver->checkpoint(db->conn, wal_pages, moved_pages));
}

/* The name that the engine gave a key: "<table>_pkey" on PostgreSQL, PRIMARY on MariaDB. */
static bool is_primary_key(const char *table, const struct db_refusal *refusal)
{
	size_t length = strlen(table);

	if (strcmp(refusal->name, "PRIMARY") == 0)
		return strcmp(refusal->table, table) == 0;
	return strncmp(refusal->name, table, length) == 0 && strcmp(refusal->name + length, "_pkey") == 0;
}

static bool rule_matches(const struct rc_constraint *rule, const struct db_refusal *refusal)
{
	switch (refusal->by) {
	case DB_REFUSED_NAME:
		return strcmp(rule->name, refusal->name) == 0 ||
		       (rule->kind == RC_PRIMARY_KEY && is_primary_key(rule->table, refusal));
	case DB_REFUSED_KEY:
		return (rule->kind == RC_UNIQUE || rule->kind == RC_PRIMARY_KEY) &&
		       strcmp(rule->table, refusal->table) == 0 && strcmp(rule->columns, refusal->columns) == 0;
	case DB_REFUSED_NULL:
		return rule->kind == RC_NOT_NULL && strcmp(rule->table, refusal->table) == 0 &&
		       strcmp(rule->columns, refusal->columns) == 0;
	case DB_REFUSED_UNKNOWN:
		break;
	}
	return false;
}

int db_refused(struct rc_db *db)
{
	db->conn->fault.constraint = 0;
	for (uint32_t i = 1; i < db->schema->constraint_count; i++) {
		if (rule_matches(&db->schema->constraints[i], &db->conn->refusal)) {
			db->conn->fault.constraint = (int)i;
			break;
		}
	}
	return RC_CONSTRAINT;
}

int db_refuse(struct rc_db *db, enum rc_err err, const char *format, ...)
{
	char text[sizeof(db->conn->fault.message)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return rc_fault_set(&db->conn->fault, err, "%s", text);
}
