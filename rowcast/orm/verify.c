/*
 * Verify: is the live catalog what the migrations make?
 *
 * They are run in an empty database of their own (SQLite: in memory), and the two catalogs are compared object by object,
 * by the text the engine keeps. So every table, column, constraint, index and trigger counts, without a parser of our
 * own. Objects that people added beside ours are theirs; but on SQLite a unique index on one of our tables is refused,
 * because REPLACE would remove rows through it that capture cannot see. Last, every model's SELECT is prepared: descriptor and table fit.
 */
#include "rowcast/base/buf.h"
#include "rowcast/orm/db.h"
#include "rowcast/orm/migrate.h"

static int verify_versions(struct rc_db *db, struct rc_arena *arena, struct rc_fault *fault)
{
	struct rc_rows rows;
	struct rc_tx *tx;
	uint32_t newest = 0;
	int rc = rc_tx_begin(db, RC_READ, &tx);

	if (rc != RC_OK) {
		*fault = *rc_db_fault(db);
		return rc;
	}
	rc = migrate_applied(tx, arena, &rows);
	if (rc != RC_OK)
		*fault = *rc_db_fault(db);
	rc_tx_rollback(tx);
	if (rc == RC_OK)
		rc = migrate_compare(db, &rows, &newest, fault);
	if (rc == RC_OK && newest < db->schema->migration_count)
		rc = rc_fault_set(fault, RC_MISMATCH, "migration %u (%s) is not applied yet; run the migrations",
				  newest + 1, db->schema->migrations[newest].name);
	return rc;
}

static int expected_catalog(struct rc_db *db, struct rc_arena *arena, struct db_object **objects, size_t *count,
			    struct rc_fault *fault)
{
	struct db_conn *scratch;
	int rc = db->driver->scratch(db->conn, &scratch, fault);

	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < db->schema->migration_count && rc == RC_OK; i++)
		rc = migrate_script(scratch, db->schema->migrations[i].up[db->driver->dialect]);
	if (rc == RC_OK)
		rc = db->driver->catalog(scratch, arena, objects, count);
	if (rc != RC_OK)
		*fault = scratch->fault;
	db->driver->close(scratch);
	return rc;
}

static const struct db_object *find(const struct db_object *objects, size_t count, const char *type, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(objects[i].type, type) == 0 && strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

static int compare_catalogs(enum rc_dialect dialect, const struct db_object *live, size_t live_count,
			    const struct db_object *wanted, size_t wanted_count, struct rc_fault *fault)
{
	for (size_t i = 0; i < wanted_count; i++) {
		const struct db_object *there = find(live, live_count, wanted[i].type, wanted[i].name);

		if (!there)
			return rc_fault_set(fault, RC_MISMATCH,
					    "the %s %s is missing in the database; restore it or a backup",
					    wanted[i].type, wanted[i].name);
		if (strcmp(there->sql, wanted[i].sql) != 0)
			return rc_fault_set(fault, RC_MISMATCH,
					    "the %s %s in the database is not what the migrations made; somebody "
					    "changed it by hand",
					    wanted[i].type, wanted[i].name);
	}
	for (size_t i = 0; dialect == RC_SQLITE && i < live_count; i++) {
		if (live[i].unique && !find(wanted, wanted_count, "index", live[i].name) &&
		    find(wanted, wanted_count, "table", live[i].table))
			return rc_fault_set(fault, RC_MISMATCH,
					    "the unique index %s on table %s was added by hand; the change feed would "
					    "miss rows that "
					    "REPLACE removes through it: drop it, or make it not unique",
					    live[i].name, live[i].table);
	}
	return RC_OK;
}

static int verify_models(struct rc_db *db, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	int rc = RC_OK;

	for (uint32_t i = 0; i < db->schema->model_count && rc == RC_OK; i++) {
		struct db_stmt *stmt;

		buf_clear(&sql);
		sql_write_crud(&sql, db->driver->dialect, db->schema->models[i], CRUD_GET);
		rc = db->driver->prepare(db->conn, buf_str(&sql), &stmt);
		if (rc == RC_OK)
			db->driver->finalize(stmt);
		else
			rc = rc_fault_set(fault, RC_MISMATCH, "table %s is not what this program expects: %s",
					  db->schema->models[i]->table, rc_db_fault(db)->message);
	}
	buf_release(&sql);
	return rc;
}

int rc_migrate_verify(struct rc_db *db, struct rc_fault *fault)
{
	struct rc_fault unseen;
	struct rc_arena arena = {0};
	struct db_object *live, *wanted;
	size_t live_count, wanted_count;
	int rc;

	if (!fault)
		fault = &unseen;
	rc_arena_init(&arena, 64 * 1024);
	rc = verify_versions(db, &arena, fault);
	if (rc == RC_OK)
		rc = expected_catalog(db, &arena, &wanted, &wanted_count, fault);
	if (rc == RC_OK) {
		rc = db->driver->catalog(db->conn, &arena, &live, &live_count);
		if (rc != RC_OK)
			*fault = *rc_db_fault(db);
	}
	if (rc == RC_OK)
		rc = compare_catalogs(rc_db_dialect(db), live, live_count, wanted, wanted_count, fault);
	if (rc == RC_OK)
		rc = verify_models(db, fault);
	rc_arena_release(&arena);
	return rc;
}
