/*
 * The SQLite driver, as its own files and the SQLite side of the feed see it.
 *
 * Settings of every connection of ours: WAL; synchronous=FULL (a commit that returned is on disk; grouping makes it
 * cheap, so nothing is gained by less); foreign keys on; secure_delete off (Debian's build turns it on: every delete
 * would rewrite pages with zeros); extended result codes. docs/decisions/0007-wal-and-checkpoints.md has the reasons
 * and the measurements.
 */
#ifndef ROWCAST_DB_SQLITE_SQLITE_H
#define ROWCAST_DB_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "rowcast/db/db.h"

enum sqlite_fixed {
	FIXED_BEGIN_READ,
	FIXED_BEGIN_WRITE,
	FIXED_COMMIT,
	FIXED_ROLLBACK,
	FIXED_LOG_HEAD,
	FIXED_LOG_ENDS,
	FIXED_MARK,
	FIXED_COUNT
};

struct sqlite_conn {
	struct db_conn base;
	sqlite3 *db;
	char *path;
	bool writable;
	uint32_t savepoints; /* open ones */
	int busy_timeout_ms;
	sqlite3_stmt *fixed[FIXED_COUNT]; /* prepared when first used */
	sqlite3_stmt *savepoint[3];       /* by enum db_savepoint */
	bool logged;                      /* in a write transaction of a database that has a change log */
	uint64_t log_begin;               /* its newest row when the transaction began */
};

extern const struct db_driver sqlite_driver;

static inline struct sqlite_conn *sqlite_conn_of(struct db_conn *conn)
{
	return (struct sqlite_conn *)conn;
}

/* open.c */
int sqlite_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault);
int sqlite_scratch(struct db_conn *live, struct db_conn **out, struct rc_fault *fault);
void sqlite_close(struct db_conn *conn);

/* fault.c: SQLite's result as rc_err, without a message. */
int sqlite_err(sqlite3 *db, int result);
/* Fill conn->fault (and refusal) from the connection's last error while `doing` ("commit to", "read": what stands
 * before "database PATH"); returns the rc_err.
 */
int sqlite_fault(struct sqlite_conn *conn, int result, const char *doing);

/* statement.c. Decode one value for each column of the model. A value that is not of its column's type is left zero and
 * NULL, the others are still read, and the result is RC_MISMATCH with *bad the last such column. */
int sqlite_decode(sqlite3_value **values, const struct rc_model *model, struct rc_arena *arena, void *row,
		  uint32_t *bad);
int sqlite_prepare(struct db_conn *conn, struct rc_str sql, struct db_stmt **out);
void sqlite_finalize(struct db_stmt *stmt);
int sqlite_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count);
int sqlite_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		       size_t count, const void *row);
int sqlite_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
		 int (*row)(void *arg, size_t run), void *arg);
int sqlite_step(struct db_stmt *stmt);
int sqlite_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena,
		void *row);
int sqlite_read_int(struct db_stmt *stmt, int64_t *out);
void sqlite_reset(struct db_stmt *stmt);
uint32_t sqlite_param_count(struct db_stmt *stmt);
uint32_t sqlite_column_count(struct db_stmt *stmt);
const char *sqlite_column_name(struct db_stmt *stmt, uint32_t column);

/* transaction.c */
int sqlite_begin(struct db_conn *conn, bool write, enum rc_isolation isolation);
int sqlite_commit(struct db_conn *conn);
void sqlite_rollback(struct db_conn *conn);
int sqlite_savepoint(struct db_conn *conn, enum db_savepoint act);
int sqlite_script(struct db_conn *conn, const char *sql);
int sqlite_log_head(struct db_conn *conn, uint64_t *n);
int sqlite_mark(struct db_conn *conn, struct rc_mark mark);
int sqlite_clock(struct db_conn *conn, int64_t *us);
int sqlite_checkpoint(struct db_conn *conn, uint32_t *wal_pages, uint32_t *moved_pages);
int sqlite_foreign_keys(struct db_conn *conn, bool on);
int sqlite_foreign_keys_check(struct db_conn *conn);
int sqlite_catalog(struct db_conn *conn, struct rc_arena *arena, struct db_object **objects, size_t *count);

#endif
