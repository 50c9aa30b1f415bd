/*
 * Transactions, savepoints, checkpoints and the catalog.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/db/sqlite/capture.h"
#include "rowcast/db/sqlite/sqlite.h"

/* A WAL beyond this is taken back to its beginning by force (RESTART) when PASSIVE checkpoints cannot get there. */
#define WAL_RESTART_PAGES 4096 /* 16 MiB */
/* How long RESTART may wait for readers, holding the write lock. */
#define RESTART_WAIT_MS 5
/* How long a writer lets a RESTART go first. */
#define TURNSTILE_MS 100

/*
 * SQLite's locks have no queue: a writer that begins again right after its commit would keep RESTART out for ever, and
 * the WAL would grow. So writers of this process stand back for a moment while one waits.
 */
static atomic_int restarts_waiting;

static const char *const fixed_sql[FIXED_COUNT] = {
	[FIXED_BEGIN_READ] = "BEGIN",
	[FIXED_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[FIXED_COMMIT] = "COMMIT",
	[FIXED_ROLLBACK] = "ROLLBACK",
	/* Both: the sequence outlives pruned rows; the rows are right where OR FAIL ended a statement before it wrote
	   the sequence. */
	[FIXED_LOG_HEAD] = ("SELECT max((SELECT coalesce(max(n), 0) FROM rc_log),"
			    " (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'rc_log'))"),
	[FIXED_LOG_ENDS] = "UPDATE rc_log SET ends = 1 WHERE n IN (?1, ?2) AND ends = 0",
	[FIXED_MARK] = ("INSERT INTO rc_log (at, tbl, op, o0, n0)"
			" VALUES (" CAPTURE_NOW_US ", '', 0, ?1, ?2)"),
};

static int fixed(struct sqlite_conn *conn, enum sqlite_fixed which, sqlite3_stmt **out)
{
	int result = SQLITE_OK;

	if (!conn->fixed[which])
		result = sqlite3_prepare_v3(conn->db, fixed_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					    &conn->fixed[which], NULL);
	*out = conn->fixed[which];
	return result;
}

static int run_fixed(struct sqlite_conn *conn, enum sqlite_fixed which)
{
	sqlite3_stmt *stmt;
	int result = fixed(conn, which, &stmt);

	if (result != SQLITE_OK)
		return result;
	result = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int read_log_head(struct sqlite_conn *conn, uint64_t *n)
{
	sqlite3_stmt *stmt;
	int result = fixed(conn, FIXED_LOG_HEAD, &stmt);

	if (result != SQLITE_OK)
		return result;
	result = sqlite3_step(stmt);
	*n = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void let_restart_go_first(void)
{
	const struct timespec pause = {.tv_nsec = 100000};
	int64_t until_ms = mono_ms() + TURNSTILE_MS;

	while (atomic_load_explicit(&restarts_waiting, memory_order_relaxed) > 0 && mono_ms() < until_ms)
		nanosleep(&pause, NULL);
}

int sqlite_begin(struct db_conn *base, bool write, enum rc_isolation isolation)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	int moved = 0;
	int result;

	/* Writing on into a file that was unlinked or replaced would acknowledge what nobody will ever read. */
	if (write && sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return rc_fault_set(&base->fault, RC_IO,
				    "database file %s was replaced, moved or deleted while it was in use; start again "
				    "to open the one "
				    "that is there now",
				    conn->path);
	if (write && atomic_load_explicit(&restarts_waiting, memory_order_relaxed) > 0)
		let_restart_go_first();
	result = run_fixed(conn, write ? FIXED_BEGIN_WRITE : FIXED_BEGIN_READ);
	if (result != SQLITE_OK)
		return sqlite_fault(conn, result, "begin a transaction in");
	conn->savepoints = 0;
	conn->logged = write && read_log_head(conn, &conn->log_begin) == SQLITE_OK; /* fails: there is no log */
	return RC_OK;
}

/*
 * The log itself cannot tell where a transaction ends: triggers see rows, not commits. Ours say it: the newest row at
 * BEGIN is the last of whoever committed before, the newest at COMMIT is our own last. So a reader cuts exactly there,
 * also where another program's transactions stand directly before and behind.
 */
static int mark_ends(struct sqlite_conn *conn)
{
	uint64_t head;
	sqlite3_stmt *stmt;
	int result = read_log_head(conn, &head);

	if (result != SQLITE_OK || head == conn->log_begin)
		return result;
	result = fixed(conn, FIXED_LOG_ENDS, &stmt);
	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)conn->log_begin);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)head);
	result = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

void sqlite_rollback(struct db_conn *base)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);

	conn->logged = false;
	/* Some errors have rolled back by themselves. */
	if (!sqlite3_get_autocommit(conn->db) && run_fixed(conn, FIXED_ROLLBACK) != SQLITE_OK)
		rc_check(sqlite3_get_autocommit(conn->db));
}

/*
 * A commit whose fsync failed is not certain either way: its last frame is in the WAL file already, so a crash before
 * the next commit overwrites it would bring it back.
 */
int sqlite_commit(struct db_conn *base)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	int result = conn->logged ? mark_ends(conn) : SQLITE_OK;
	int rc;

	conn->logged = false;
	if (result == SQLITE_OK)
		result = run_fixed(conn, FIXED_COMMIT);
	if (result == SQLITE_OK)
		return RC_OK;
	rc = sqlite_fault(conn, result, "commit to");
	if (result == SQLITE_IOERR_FSYNC)
		rc = rc_fault_set(&base->fault, RC_UNKNOWN,
				  "the disk of database %s did not confirm a commit (%s): it may or may not be stored; "
				  "look it up",
				  conn->path, sqlite3_errmsg(conn->db));
	sqlite_rollback(base);
	return rc;
}

int sqlite_savepoint(struct db_conn *base, enum db_savepoint act)
{
	static const char *const sql[] = {
		[DB_SAVEPOINT_SET] = "SAVEPOINT rc",
		[DB_SAVEPOINT_KEEP] = "RELEASE rc",
		[DB_SAVEPOINT_UNDO] = "ROLLBACK TO rc",
	};
	struct sqlite_conn *conn = sqlite_conn_of(base);
	sqlite3_stmt **cached = &conn->savepoint[act];
	int result = SQLITE_OK;

	rc_check(act == DB_SAVEPOINT_SET || conn->savepoints > 0);
	if (!*cached)
		result = sqlite3_prepare_v3(conn->db, sql[act], -1, SQLITE_PREPARE_PERSISTENT, cached, NULL);
	if (result == SQLITE_OK) {
		sqlite3_step(*cached);
		result = sqlite3_reset(*cached);
	}
	if (result != SQLITE_OK)
		return sqlite_fault(conn, result, "keep a savepoint in");
	if (act == DB_SAVEPOINT_UNDO)
		return sqlite_savepoint(base, DB_SAVEPOINT_KEEP); /* rolled back, it is still there */
	conn->savepoints += act == DB_SAVEPOINT_SET ? 1 : -1u;
	return RC_OK;
}

int sqlite_script(struct db_conn *base, const char *sql)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	int result = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK ? RC_OK : sqlite_fault(conn, result, "run a script in");
}

int sqlite_mark(struct db_conn *base, struct rc_mark mark)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	sqlite3_stmt *stmt;
	int result = fixed(conn, FIXED_MARK, &stmt);

	if (result != SQLITE_OK)
		return sqlite_fault(conn, result, "write a mark into the change log of");
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)mark.writer);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)mark.n);
	result = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return result == SQLITE_DONE ? RC_OK : sqlite_fault(conn, result, "write a mark into the change log of");
}

int sqlite_clock(struct db_conn *base, int64_t *us)
{
	struct timespec now;

	/* The database is in this process: its clock is this one. */
	clock_gettime(CLOCK_REALTIME, &now);
	*us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	return RC_OK;
}

int sqlite_log_head(struct db_conn *base, uint64_t *n)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	int result = read_log_head(conn, n);

	return result == SQLITE_OK ? RC_OK : sqlite_fault(conn, result, "read the change log of");
}

/* RESTART's own patience: the write lock is held while it waits for readers to leave. */
static int restart_wait(void *deadline_ms, int calls)
{
	const struct timespec pause = {.tv_nsec = 250000};

	if (mono_ms() >= *(int64_t *)deadline_ms)
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

int sqlite_checkpoint(struct db_conn *base, uint32_t *wal_pages, uint32_t *moved_pages)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	int wal = 0, moved = 0;
	int result = sqlite3_wal_checkpoint_v2(conn->db, "main", SQLITE_CHECKPOINT_PASSIVE, &wal, &moved);

	/* Nearly everything has been moved and synced by now, so what RESTART does under the write lock is short. */
	if (result == SQLITE_OK && wal > WAL_RESTART_PAGES) {
		int64_t deadline_ms = mono_ms() + RESTART_WAIT_MS;
		int again_wal = wal, again_moved = moved;

		atomic_fetch_add(&restarts_waiting, 1);
		sqlite3_busy_handler(conn->db, restart_wait, &deadline_ms);
		result = sqlite3_wal_checkpoint_v2(conn->db, "main", SQLITE_CHECKPOINT_RESTART, &again_wal,
						   &again_moved);
		sqlite3_busy_timeout(conn->db, conn->busy_timeout_ms);
		atomic_fetch_sub(&restarts_waiting, 1);
		if (result == SQLITE_OK || result == SQLITE_BUSY) {
			wal = again_wal;
			moved = again_moved;
		}
	}
	*wal_pages = wal > 0 ? (uint32_t)wal : 0;
	*moved_pages = moved > 0 ? (uint32_t)moved : 0;
	if (result == SQLITE_OK ||
	    result == SQLITE_BUSY) /* busy: another program does it, or a reader stays; next time */
		return RC_OK;
	return sqlite_fault(conn, result, "checkpoint");
}

int sqlite_foreign_keys(struct db_conn *base, bool on)
{
	return sqlite_script(base, on ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
}

int sqlite_foreign_keys_check(struct db_conn *base)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);
	sqlite3_stmt *stmt = NULL;
	int result = sqlite3_prepare_v2(conn->db, "PRAGMA foreign_key_check", -1, &stmt, NULL);
	int rc = RC_OK;

	if (result == SQLITE_OK)
		result = sqlite3_step(stmt);
	if (result == SQLITE_ROW)
		rc = rc_fault_set(&base->fault, RC_CONSTRAINT,
				  "a row of table %s points to a row of table %s that does not exist",
				  sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 2));
	else if (result != SQLITE_DONE)
		rc = sqlite_fault(conn, result, "check foreign keys of");
	sqlite3_finalize(stmt);
	return rc;
}

static const char *copy_column(sqlite3_stmt *stmt, int column, struct rc_arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return rc_arena_copy(arena, text ? rc_str_from(text) : RC_STR("")).ptr;
}

int sqlite_catalog(struct db_conn *base, struct rc_arena *arena, struct db_object **objects, size_t *count)
{
	static const char sql[] = "SELECT type, name, tbl_name, sql, sql LIKE 'CREATE UNIQUE INDEX%' FROM sqlite_schema"
				  " WHERE name NOT GLOB 'sqlite_*' ORDER BY type, name";
	struct sqlite_conn *conn = sqlite_conn_of(base);
	sqlite3_stmt *stmt = NULL;
	int result = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
	size_t capacity = 0;
	struct db_object *list = NULL;

	*count = 0;
	while (result == SQLITE_OK || result == SQLITE_ROW) {
		result = sqlite3_step(stmt);
		if (result != SQLITE_ROW)
			break;
		if (*count == capacity) {
			struct db_object *more = RC_ARENA_ARRAY(arena, struct db_object,
								capacity = capacity ? capacity * 2 : 64);

			if (*count)
				memcpy(more, list, *count * sizeof(*list));
			list = more;
		}
		list[(*count)++] = (struct db_object){
			.type = copy_column(stmt, 0, arena),
			.name = copy_column(stmt, 1, arena),
			.table = copy_column(stmt, 2, arena),
			.sql = copy_column(stmt, 3, arena),
			.unique = sqlite3_column_int(stmt, 4),
		};
	}
	*objects = list;
	if (result != SQLITE_DONE)
		sqlite_fault(conn, result, "read the catalog of");
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? RC_OK : (int)base->fault.err;
}
