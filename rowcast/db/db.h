/*
 * The driver interface: what the ORM needs of an engine. Each engine is a folder beside this file (sqlite/) that
 * defines one `const struct db_driver`, listed in db.c; nothing above db/ asks which engine it is.
 *
 * The unit of work is a whole parameter list in and a whole row out, decoded straight into a model struct, so that an
 * engine may execute at `bind` (libpq: send, pipeline) or at the first `step` (SQLite), and one indirect call is paid
 * per row, not per value.
 *
 * Contract of every driver
 * - A connection, with its statements, belongs to one thread at a time. No function blocks but on the engine itself.
 * - A function returns 0 (step: also DB_ROW) or a negative rc_err, and then conn->fault says why, in one sentence that
 * names the file or server and, where a person can do something, the remedy. RC_CONSTRAINT also fills conn->refusal.
 * - Out of memory stops the process.
 * - Parameters are written `?` in SQL; a driver whose engine wants another form rewrites them in `prepare`.
 * - Values are exact both ways for every rc_type, as the table in rowcast/model.h lists storage; a stored value that is
 * not of its column's type is RC_MISMATCH, never a guess.
 * - The connection survives a failed statement; inside a transaction only a rollback (to a savepoint, or of the whole)
 * may be possible behind it. After a failed commit no transaction is open.
 * - A server that does not answer within busy_timeout_us is RC_TIMEOUT, one that hung up RC_UNAVAILABLE; the connection is
 * of no use any more then, and its owner closes it. Faults name server and database, never a password.
 * - `savepoint` and `begin` may be sent together with what follows them.
 */
#ifndef ROWCAST_DB_DB_H
#define ROWCAST_DB_DB_H

#include "rowcast/arena.h"
#include "rowcast/change.h"
#include "rowcast/dialect.h"
#include "rowcast/value.h"

struct db_driver;
struct db_stmt; /* the driver's own */

struct db_options {
	bool writable;
	bool create;             /* make the database when it is not there (writable only) */
	bool no_auto_checkpoint; /* commits never checkpoint: the owner does, on another connection */
	int64_t busy_timeout_us; /* how long a lock, or a server that does not answer, is waited for */
	int host;                /* of a URL that names several: only this one, from 1 on; 0: as rc_db_options */
};

/* Which rule refused a row, as far as the engine tells: its name, or the table and the columns of a key ("a, b"). */
struct db_refusal {
	enum { DB_REFUSED_UNKNOWN, DB_REFUSED_NAME, DB_REFUSED_KEY, DB_REFUSED_NULL } by;
	char name[128];
	char table[128];
	char columns[256];
};

/* First member of every driver's connection. */
struct db_conn {
	const struct db_driver *driver;
	struct rc_fault fault;
	struct db_refusal refusal;
};

enum { DB_ROW = 1 };

enum db_savepoint { DB_SAVEPOINT_SET, DB_SAVEPOINT_KEEP, DB_SAVEPOINT_UNDO };

/* One object of the catalog (table, index, trigger, view), as the engine itself describes it. */
struct db_object {
	const char *type, *name, *table;
	const char *sql; /* its definition */
	bool unique;     /* an index that refuses duplicates */
};

struct db_driver {
	const char *scheme;       /* "sqlite": the part of a URL before the colon; `address` is what follows */
	const char *scheme_alias; /* "postgresql", "mysql"; NULL: none */
	enum rc_dialect dialect;

	/* The servers that the address names, in its order ("HOST:PORT"; SQLite: the file). */
	int (*hosts)(const char *address, struct rc_arena *arena, const char ***names, size_t *count,
		     struct rc_fault *fault);
	int (*open)(struct db_conn **out, const char *address, const struct db_options *options,
		    struct rc_fault *fault);
	void (*close)(struct db_conn *conn); /* every statement is finalized before */

	/* Transactions. write: take the write lock now (SQLite), or be refused by a server that is not primary. commit:
	 * 0; RC_UNKNOWN where the change may or may not survive a crash, or the answer did not come; any other error:
	 * nothing was written. */
	int (*begin)(struct db_conn *conn, bool write, enum rc_isolation isolation);
	int (*commit)(struct db_conn *conn);
	void (*rollback)(struct db_conn *conn);
	/* Savepoints nest; UNDO rolls the innermost one back and removes it. */
	int (*savepoint)(struct db_conn *conn, enum db_savepoint act);

	/* Several statements without parameters and results, inside the open transaction: migrations. */
	int (*script)(struct db_conn *conn, const char *sql);

	int (*prepare)(struct db_conn *conn, struct rc_str sql, struct db_stmt **out);
	void (*finalize)(struct db_stmt *stmt);
	/* Parameters from number `first` (0-based) on. Text and bytes are borrowed until reset. bind_fields: the
	 * columns listed of a row struct (NULL: 0, 1, …). */
	int (*bind)(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count);
	int (*bind_fields)(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
			   size_t count, const void *row);
	/* For one INSERT of many rows: parameter first + i is the array of column columns[i] (NULL: i) of all `count`
	 * structs, model->row_bytes apart. NULL: the engine has no arrays. */
	int (*bind_arrays)(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
			   size_t column_count, const void *rows, size_t count);
	/* Bind and run `count` times, run i with params[i * param_count …], in one round trip where the engine can.
	 * `row` is called for each row, in order: it decodes with `read`; an answer other than 0 ends it. */
	int (*batch)(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
		     int (*row)(void *arg, size_t run), void *arg);
	int (*step)(struct db_stmt *stmt); /* DB_ROW: a row stands ready; 0: done */
	/* Decode the current row: result column i into model column map[i] (NULL: i). Strings go into the arena. Fields
	 * of other columns are not touched; `row` was zeroed by the caller. */
	int (*read)(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena,
		    void *row);
	/* First column of the current row as integer; RC_NOT_FOUND: NULL. */
	int (*read_int)(struct db_stmt *stmt, int64_t *out);
	void (*reset)(struct db_stmt *stmt); /* forget rows and parameters; ready to bind again */
	uint32_t (*param_count)(struct db_stmt *stmt);
	uint32_t (*column_count)(struct db_stmt *stmt);
	const char *(*column_name)(struct db_stmt *stmt, uint32_t column);

	int64_t (*changed)(struct db_conn *conn); /* rows written by the last statement itself, without triggers */
	/* Number drawn by the last insert; NULL: the engine tells it by INSERT … RETURNING. */
	int64_t (*identity)(struct db_conn *conn);
	int (*log_head)(struct db_conn *conn, uint64_t *n); /* NULL: positions are known only behind the commit */
	/* Inside a write transaction: what the feed will deliver it with. */
	int (*mark)(struct db_conn *conn, struct rc_mark mark);
	int (*clock)(struct db_conn *conn, int64_t *us); /* the database's, µs UTC */
	int (*checkpoint)(struct db_conn *conn, uint32_t *wal_pages, uint32_t *moved_pages);
	/* Outside transactions: enforce foreign keys or not (migrations that rebuild tables). */
	int (*foreign_keys)(struct db_conn *conn, bool on);
	/* Inside a transaction: RC_CONSTRAINT names the first row that points nowhere. */
	int (*foreign_keys_check)(struct db_conn *conn);
	int (*catalog)(struct db_conn *conn, struct rc_arena *arena, struct db_object **objects, size_t *count);
	/* An empty database (or schema) of its own, to build what migrations should make, on the server of `live`. `script`
	 * may be called on it at once; what was made is gone when it is closed. */
	int (*scratch)(struct db_conn *live, struct db_conn **out, struct rc_fault *fault);
};

/* The driver and the address of "scheme:address"; RC_INVALID names what is wrong with the URL. */
int db_driver_find(const char *url, const struct db_driver **driver, const char **address,
		   struct rc_fault *fault) RC_MUST_CHECK;

#endif
