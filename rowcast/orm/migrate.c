/*
 * Migrations: numbered, checksummed, each one transaction, recorded in rc_migration.
 *
 * Programs that start together migrate once: SQLite's write lock, or an advisory lock of the database, lets one in, and
 * the others find the work done. On MariaDB each DDL statement is a commit, so there a migration is a row of steps
 * (migrate_steps.c).
 *
 * On SQLite foreign keys are off while a migration runs, because rebuilding a table (it cannot alter much) would
 * cascade; before its commit every reference is checked. A migration may change what captured rows look like, so it
 * also ends the feed's epoch: readers of the old shape start again with a snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rowcast/orm/db.h"
#include "rowcast/orm/migrate.h"

static const struct {
	const char *create_table;
	const char *has_table; /* of a name */
	const char *applied;
	const char *end_epoch;
	const char *lock, *unlock; /* 1: it is ours; NULL: not needed */
} texts[RC_DIALECTS] = {
	[RC_SQLITE] =
		{
			"CREATE TABLE IF NOT EXISTS rc_migration (version INTEGER PRIMARY KEY, name TEXT "
			"NOT NULL, checksum TEXT NOT NULL, "
			"applied_at INTEGER NOT NULL) STRICT",
			"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?",
			"SELECT version, name, checksum FROM rc_migration ORDER BY version",
			"DELETE FROM rc_meta WHERE key = 'epoch'",
			NULL,
			NULL,
		},
	/* The lock goes with the transaction, so it also works behind a pooler. */
	[RC_POSTGRES] =
		{
			"CREATE TABLE IF NOT EXISTS rc_migration (version bigint PRIMARY KEY, name text NOT NULL, "
			"checksum text NOT NULL, applied_at bigint NOT NULL)",
			"SELECT count(*) FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(?::text)",
			"SELECT version, name, checksum FROM rc_migration ORDER BY version",
			"DELETE FROM rc_meta WHERE key = 'epoch'",
			"SELECT CASE WHEN pg_try_advisory_xact_lock(8245935278387129188) THEN 1 ELSE 0 END::bigint",
			NULL,
		},
	/* next_statement: 0: applied; n: its way up stopped before its statement n; -n: its way down did. */
	[RC_MARIADB] =
		{
			"CREATE TABLE IF NOT EXISTS rc_migration (version BIGINT NOT NULL PRIMARY KEY, name "
			"VARCHAR(255) NOT "
			"NULL, checksum VARCHAR(255) NOT NULL, applied_at BIGINT NOT NULL, next_statement BIGINT NOT "
			"NULL) "
			"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
			"SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name "
			"= ?",
			"SELECT version, name, checksum, next_statement FROM rc_migration ORDER BY version",
			"DELETE FROM rc_meta WHERE `key` = 'epoch'",
			"SELECT GET_LOCK(CONCAT('rowcast ', MD5(DATABASE())), 0)",
			"SELECT RELEASE_LOCK(CONCAT('rowcast ', MD5(DATABASE())))",
		},
};

static const struct rc_column applied_columns[] = {
	{"version", RC_INT, RC_COLUMN_KEY, offsetof(struct applied_row, version)},
	{"name", RC_TEXT, 0, offsetof(struct applied_row, name)},
	{"checksum", RC_TEXT, 0, offsetof(struct applied_row, checksum)},
	{"next_statement", RC_INT, 0, offsetof(struct applied_row, next_statement)},
};

static const struct rc_model applied_model = {
	.table = "rc_migration",
	.columns = applied_columns,
	.column_count = 4,
	.row_bytes = sizeof(struct applied_row),
	.key_count = 1,
	.version = -1,
};

int64_t migrate_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int has_table(struct rc_tx *tx, const char *name, bool *there)
{
	struct rc_value value = RC_TEXT_VALUE(rc_str_from(name));
	int64_t count = 0;
	int rc = rc_sql_int(tx, texts[rc_db_dialect(tx->db)].has_table, &value, 1, &count);

	*there = count > 0;
	return rc;
}

int migrate_table(struct rc_tx *tx)
{
	return rc_sql_exec(tx, texts[rc_db_dialect(tx->db)].create_table, NULL, 0, NULL);
}

int migrate_applied(struct rc_tx *tx, struct rc_arena *arena, struct rc_rows *rows)
{
	bool there;
	int rc = has_table(tx, "rc_migration", &there);

	*rows = (struct rc_rows){0};
	if (rc != RC_OK || !there)
		return rc;
	return rc_sql_rows(tx, arena, texts[rc_db_dialect(tx->db)].applied, NULL, 0, &applied_model, rows);
}

/* Newest version the database has; RC_NEWER when this program does not know it, RC_MISMATCH when one was edited later.
 */
int migrate_compare(struct rc_db *db, const struct rc_rows *rows, uint32_t *newest, struct rc_fault *fault)
{
	const struct rc_schema *schema = db->schema;

	*newest = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct applied_row *row = rows->at[i];

		if (row->version > schema->version)
			return rc_fault_set(fault, RC_NEWER,
					    "the database was migrated to version %lld of schema %s by a newer "
					    "program; this one knows "
					    "version %u: start the newer program",
					    (long long)row->version, schema->name, schema->version);
		if (row->version != (int64_t)i + 1)
			return rc_fault_set(fault, RC_MISMATCH,
					    "migration %zu is missing in rc_migration; restore a backup", i + 1);
		if (!rc_str_is(row->checksum, schema->migrations[i].checksum[db->driver->dialect]))
			return rc_fault_set(fault, RC_MISMATCH,
					    "migration %zu (%s) was changed after it was applied to this database; "
					    "restore its text",
					    i + 1, schema->migrations[i].name);
		if (row->next_statement)
			return rc_fault_set(fault, RC_MISMATCH,
					    "migration %zu (%s) stopped at statement %lld of its way %s: mend the "
					    "cause, then migrate %s again and it goes on there",
					    i + 1, schema->migrations[i].name, llabs(row->next_statement),
					    row->next_statement > 0 ? "up" : "down",
					    row->next_statement > 0 ? "up" : "down");
		*newest = (uint32_t)row->version;
	}
	return RC_OK;
}

int migrate_fail(struct rc_db *db, int rc, struct rc_fault *fault)
{
	if (rc != RC_OK && fault)
		*fault = *rc_db_fault(db);
	return rc;
}

/* The feed draws a new epoch when it finds none. */
int migrate_end_epoch(struct rc_tx *tx)
{
	bool there;
	int rc = has_table(tx, "rc_meta", &there);

	if (rc == RC_OK && there)
		rc = rc_sql_exec(tx, texts[rc_db_dialect(tx->db)].end_epoch, NULL, 0, NULL);
	return rc;
}

#define LOCK_WAIT_US  60000000
#define LOCK_PAUSE_US 20000

int migrate_begin(struct rc_db *db, struct rc_tx **tx, struct rc_fault *fault)
{
	const char *lock = texts[rc_db_dialect(db)].lock;

	for (int64_t waited_us = 0;; waited_us += LOCK_PAUSE_US) {
		const struct timespec pause = {0, LOCK_PAUSE_US * 1000};
		int64_t ours = 1;
		int rc = rc_tx_begin(db, RC_WRITE, tx);

		if (rc == RC_OK && lock)
			rc = rc_sql_int(*tx, lock, NULL, 0, &ours);
		if (rc == RC_OK && ours)
			return RC_OK;
		migrate_fail(db, rc, fault);
		if (*tx)
			rc_tx_rollback(*tx);
		if (rc != RC_OK)
			return rc;
		if (waited_us >= LOCK_WAIT_US)
			return rc_fault_set(fault, RC_BUSY,
					    "another program has been migrating this database for a minute; start "
					    "again when it is done");
		nanosleep(&pause, NULL);
	}
}

void migrate_unlock(struct rc_db *db)
{
	const char *unlock = texts[rc_db_dialect(db)].unlock;
	struct rc_tx *tx;
	int64_t ours;

	if (!unlock || rc_tx_begin(db, RC_WRITE, &tx) != RC_OK)
		return;
	/* A connection that fails here is of no use any more: the lock goes with it. 0: it is somebody else's. */
	(void)!rc_sql_int(tx, unlock, NULL, 0, &ours);
	rc_tx_rollback(tx);
}

static int up_in_tx(struct rc_tx *tx, const struct rc_migration *migration, struct rc_fault *fault)
{
	struct rc_db *db = tx->db;
	struct rc_value record[] = {
		RC_INT_VALUE(migration->version),
		RC_TEXT_VALUE(rc_str_from(migration->name)),
		RC_TEXT_VALUE(rc_str_from(migration->checksum[db->driver->dialect])),
		RC_INT_VALUE(migrate_now_us()),
	};
	int rc = db->driver->script(db->conn, migration->up[db->driver->dialect]);

	if (rc == RC_OK)
		rc = migrate_table(tx);
	if (rc == RC_OK)
		rc = rc_sql_exec(tx,
				 "INSERT INTO rc_migration (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
				 record, 4, NULL);
	if (rc == RC_OK)
		rc = migrate_end_epoch(tx);
	if (rc == RC_OK && rc_db_dialect(db) == RC_SQLITE)
		rc = db->driver->foreign_keys_check(db->conn);
	if (rc != RC_OK && fault)
		rc_fault_set(fault, (enum rc_err)rc, "migration %u (%s) failed and left no trace: %s",
			     migration->version, migration->name, rc_db_fault(db)->message);
	return rc;
}

/* One migration, unless somebody else applied it meanwhile; *more: there may be another. */
static int up_one(struct rc_db *db, bool *more, struct rc_fault *fault)
{
	struct rc_arena arena = {0};
	struct rc_rows rows;
	struct rc_tx *tx;
	uint32_t newest;
	int rc;

	*more = false;
	rc_arena_init(&arena, 4096);
	rc = migrate_begin(db, &tx, fault);
	if (rc != RC_OK)
		goto out;
	rc = migrate_fail(db, migrate_applied(tx, &arena, &rows), fault);
	if (rc == RC_OK)
		rc = migrate_compare(db, &rows, &newest, fault);
	if (rc == RC_OK && newest < db->schema->migration_count) {
		rc = up_in_tx(tx, &db->schema->migrations[newest], fault);
		*more = rc == RC_OK;
	}
	if (*more)
		rc = migrate_fail(db, rc_tx_commit(tx), fault);
	else
		rc_tx_rollback(tx);
out:
	rc_arena_release(&arena);
	return rc;
}

static int foreign_keys(struct rc_db *db, bool on, struct rc_fault *fault)
{
	if (rc_db_dialect(db) != RC_SQLITE)
		return RC_OK;
	return migrate_fail(db, db->driver->foreign_keys(db->conn, on), fault);
}

int rc_migrate_up(struct rc_db *db, uint32_t *applied, struct rc_fault *fault)
{
	bool more = true;
	int rc = foreign_keys(db, false, fault);

	*applied = 0;
	while (rc == RC_OK && more) {
		rc = rc_db_dialect(db) == RC_MARIADB ? migrate_steps_up(db, &more, fault) : up_one(db, &more, fault);
		if (rc == RC_OK && more)
			++*applied;
	}
	if (foreign_keys(db, true, rc == RC_OK ? fault : NULL) != RC_OK && rc == RC_OK)
		rc = (int)rc_db_fault(db)->err;
	return rc;
}

static int down_in_tx(struct rc_tx *tx, const struct rc_migration *migration, struct rc_fault *fault)
{
	struct rc_db *db = tx->db;
	struct rc_value version = RC_INT_VALUE(migration->version);
	int rc = db->driver->script(db->conn, migration->down[db->driver->dialect]);

	if (rc == RC_OK)
		rc = rc_sql_exec(tx, "DELETE FROM rc_migration WHERE version = ?", &version, 1, NULL);
	if (rc == RC_OK)
		rc = migrate_end_epoch(tx);
	if (rc == RC_OK && rc_db_dialect(db) == RC_SQLITE)
		rc = db->driver->foreign_keys_check(db->conn);
	if (rc != RC_OK && fault)
		rc_fault_set(fault, (enum rc_err)rc, "taking back migration %u (%s) failed and left no trace: %s",
			     migration->version, migration->name, rc_db_fault(db)->message);
	return rc;
}

static int down(struct rc_db *db, struct rc_fault *fault)
{
	struct rc_arena arena = {0};
	struct rc_rows rows;
	struct rc_tx *tx;
	uint32_t newest = 0;
	int rc;

	rc_arena_init(&arena, 4096);
	rc = migrate_begin(db, &tx, fault);
	if (rc != RC_OK)
		goto out;
	rc = migrate_fail(db, migrate_applied(tx, &arena, &rows), fault);
	if (rc == RC_OK)
		rc = migrate_compare(db, &rows, &newest, fault);
	if (rc == RC_OK && newest == 0)
		rc = rc_fault_set(fault, RC_NOT_FOUND, "no migration is applied, so there is none to take back");
	if (rc == RC_OK && !db->schema->migrations[newest - 1].down[db->driver->dialect])
		rc = rc_fault_set(fault, RC_INVALID, "migration %u (%s) cannot be taken back", newest,
				  db->schema->migrations[newest - 1].name);
	if (rc == RC_OK)
		rc = down_in_tx(tx, &db->schema->migrations[newest - 1], fault);
	if (rc == RC_OK)
		rc = migrate_fail(db, rc_tx_commit(tx), fault);
	else
		rc_tx_rollback(tx);
out:
	rc_arena_release(&arena);
	return rc;
}

int rc_migrate_down(struct rc_db *db, struct rc_fault *fault)
{
	int rc = foreign_keys(db, false, fault);

	if (rc != RC_OK)
		return rc;
	rc = rc_db_dialect(db) == RC_MARIADB ? migrate_steps_down(db, fault) : down(db, fault);
	if (foreign_keys(db, true, rc == RC_OK ? fault : NULL) != RC_OK && rc == RC_OK)
		rc = (int)rc_db_fault(db)->err;
	return rc;
}

int rc_migrate_status(struct rc_db *db, void (*line)(void *arg, uint32_t version, const char *name, const char *state),
		      void *arg, struct rc_fault *fault)
{
	struct rc_arena arena = {0};
	struct rc_rows rows;
	struct rc_tx *tx;
	int rc;

	rc_arena_init(&arena, 4096);
	rc = migrate_fail(db, rc_tx_begin(db, RC_READ, &tx), fault);
	if (rc != RC_OK)
		goto out;
	rc = migrate_fail(db, migrate_applied(tx, &arena, &rows), fault);
	rc_tx_rollback(tx);
	for (uint32_t i = 0; rc == RC_OK && i < db->schema->migration_count; i++) {
		const struct rc_migration *migration = &db->schema->migrations[i];
		const char *state = "pending";

		for (size_t k = 0; k < rows.count; k++) {
			const struct applied_row *row = rows.at[k];

			if (row->version == migration->version)
				state = row->next_statement ? "unfinished"
					: rc_str_is(row->checksum, migration->checksum[db->driver->dialect])
						? "applied"
						: "changed";
		}
		line(arg, migration->version, migration->name, state);
	}
out:
	rc_arena_release(&arena);
	return rc;
}
