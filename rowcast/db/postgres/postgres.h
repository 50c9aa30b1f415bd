/*
 * The PostgreSQL driver, as its own files see it.
 *
 * libpq does the protocol and TLS; the socket is non-blocking and everything that waits, waits in wire.c, with a
 * deadline. The connection stays in pipeline mode: BEGIN and savepoints are put off (`pending`) and travel with the
 * statement that follows them, so a transaction of one statement costs two round trips, not three. Parameters and
 * results are binary. docs/decisions/0019-postgres-driver.md has the reasons.
 *
 *   url.c        the URL: hosts, our own parameters
 *   open.c       connecting, choosing the primary, settings of the session
 *   wire.c       sending, waiting, results
 *   fault.c      SQLSTATE → rc_err, refusals
 *   rewrite.c    `?` → `$1`
 *   value.c      rc_value ↔ binary
 *   statement.c  statements
 *   transaction.c, catalog.c
 */
#ifndef ROWCAST_DB_POSTGRES_POSTGRES_H
#define ROWCAST_DB_POSTGRES_POSTGRES_H

#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>

#include "rowcast/base/buf.h"
#include "rowcast/db/db.h"

#define PG_VERSION_LEAST 120000
#define PG_PENDING_MAX   64
#define PG_DOOMED_MAX    256
#define PG_NAME_FORMAT   "rc_%016" PRIx64 "_%u"

enum pg_command { PG_BEGIN, PG_SETTINGS, PG_SAVEPOINT_SET, PG_SAVEPOINT_KEEP, PG_SAVEPOINT_UNDO, PG_MARK };

struct pg_conn {
	struct db_conn base;
	PGconn *pg;
	char *url;   /* with the password, for a second connection */
	char *where; /* "database x on server h:5432" */
	struct db_options options;
	bool named;         /* statements are prepared under a name */
	int broken;         /* rc_err since when the connection is of no use; 0: it is fine */
	int64_t silence_us; /* how long the server may be silent while it owes us an answer */
	char settings[768]; /* SELECT set_config(…) */

	/* The transaction, as the caller sees it; `pending` of it is not sent yet. */
	bool in_tx;
	bool failed; /* a statement of it failed, and it was not rolled back since */
	char begin[64];
	enum pg_command pending[PG_PENDING_MAX];
	uint32_t pending_count;
	uint32_t queued; /* of `pending`: in the pipeline, answers awaited */
	int first_err;   /* of the exchange that runs */
	bool alone;      /* it is one command, outside the pipeline */
	uint32_t savepoints;
	struct rc_fault failure; /* the first one */

	uint64_t name_base; /* statement names do not meet those of others behind a pooler */
	uint32_t names;
	uint32_t doomed[PG_DOOMED_MAX]; /* names to deallocate */
	uint32_t doomed_count;
	int64_t changed;
	enum { PG_KNOWN, PG_FORGOTTEN, PG_CHANGED } statement; /* what the server said of the one that ran last */
	bool unreplicated;   /* the server said that it stopped waiting for its standby */
	struct rc_mark mark; /* of PG_MARK */
	enum { PG_LOG_UNKNOWN, PG_LOG_NONE, PG_LOG_THERE } log; /* table rc_log */
	struct db_stmt *clock;
	PGresult *retired; /* of the statement before: see pg_reset */
};

struct db_stmt {
	struct pg_conn *conn;
	char *sql; /* with $1 … */
	uint32_t name;
	char name_text[48]; /* "": without a name */
	bool stale;         /* the server has forgotten it, or its plan: prepare it again */
	uint32_t param_count, column_count;
	Oid *param_types, *column_types;
	char **column_names;
	const char **values; /* of the parameters, for libpq */
	int *lengths, *formats;
	struct pg_scratch *scratch;
	/* How each column comes into a row of ways_model by ways_map (NULL: not decided yet). */
	struct pg_way *ways;
	const struct rc_model *ways_model;
	const uint32_t *ways_map;
	struct buf *wide; /* parameters that are built: arrays, jsonb; one for each, NULL: not used yet */
	PGresult *result;
	int row, row_count;
	bool ran;
};

/* Bytes of one value that is not borrowed. */
struct pg_scratch {
	char bytes[24];
};

extern const struct db_driver postgres_driver;

static inline struct pg_conn *pg_conn_of(struct db_conn *conn)
{
	return (struct pg_conn *)conn;
}

/* url.c: everything of a URL, as libpq's keywords. */
struct pg_url {
	const char **keywords, **values; /* NULL-terminated, without host and port; room for PG_URL_MORE more */
	size_t count;
	struct pg_host {
		const char *host, *hostaddr, *port; /* NULL: not given */
		const char *name;                   /* "db1:5432" */
	} * hosts;
	size_t host_count;
	const char *database;
	bool prepare;
	int64_t connect_us; /* 0: not given */
};
#define PG_URL_MORE 16
/* Cut prepare=… out of a URL's query, in place: libpq does not know it. */
int pg_take_prepare(char *url, bool *prepare, struct rc_fault *fault) RC_MUST_CHECK;
int pg_url_parse(const char *address, struct rc_arena *arena, struct pg_url *out, struct rc_fault *fault) RC_MUST_CHECK;
const char *pg_url_value(const struct pg_url *url, const char *keyword); /* NULL: not given */
int pg_hosts(const char *address, struct rc_arena *arena, const char ***names, size_t *count, struct rc_fault *fault);

/* open.c */
int pg_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault);
void pg_close(struct db_conn *conn);

/* connect.c: one connection to the right server of the URL. *host: its index. */
struct pg_connected {
	PGconn *pg;
	size_t host;
};
int pg_connect(const struct pg_url *url, const struct db_options *options, int64_t deadline_us,
	       struct pg_connected *out, struct rc_fault *fault) RC_MUST_CHECK;

/* wire.c */
int64_t pg_now_us(void);
/* Begin an exchange: what was put off goes into the pipeline. Then the caller queues its own commands, of which there may
 * be one or many, and pg_sync ends it. */
enum pg_exchange { PG_ONE, PG_MANY };
int pg_start(struct pg_conn *conn, enum pg_exchange kind) RC_MUST_CHECK;
int pg_sync(struct pg_conn *conn) RC_MUST_CHECK;
/* The answer to the next command of the caller's: 0 and its result, or an error with the fault set while `doing`. */
int pg_take(struct pg_conn *conn, const char *doing, PGresult **out) RC_MUST_CHECK;
/* The end of the exchange. Answers that were not taken are dropped. */
int pg_finish(struct pg_conn *conn) RC_MUST_CHECK;
/* Send what was put off, by itself. */
int pg_flush_pending(struct pg_conn *conn) RC_MUST_CHECK;
/* A query by the simple protocol, outside the pipeline; every result is dropped. */
int pg_simple(struct pg_conn *conn, const char *sql, int64_t silence_us, const char *doing) RC_MUST_CHECK;
/* libpq refused to send: why. */
int pg_not_sent(struct pg_conn *conn, const char *doing) RC_MUST_CHECK;
/* One statement without parameters, text results; for the driver's own use. */
int pg_query(struct pg_conn *conn, const char *sql, const char *doing, PGresult **out) RC_MUST_CHECK;

/* fault.c */
int pg_err(const char *sqlstate);
int pg_fault(struct pg_conn *conn, const PGresult *result, const char *doing);
int pg_lost(struct pg_conn *conn, const char *doing);
int pg_silent(struct pg_conn *conn, int64_t silence_us);
/* The first line of libpq's message, without its prefix. */
struct rc_str pg_message(const char *text);

/* rewrite.c: `?` → `$n`; a text with `$1` of its own is left alone, `??` is the operator `?`. */
void pg_rewrite(struct buf *out, struct rc_str sql);

/* value.c. Bytes for a parameter of type `oid`: NULL and *why where it does not fit. */
const char *pg_encode(const struct rc_value *value, Oid oid, struct pg_scratch *scratch, int *length, const char **why);
bool pg_decode(const char *bytes, size_t length, Oid oid, enum rc_type type, struct rc_arena *arena, void *field);
Oid pg_element(Oid array); /* 0: not an array that we know */
const char *pg_type_name(Oid oid);
#define PG_BOOL        16
#define PG_INT8        20
#define PG_TEXT        25
#define PG_FLOAT8      701
#define PG_TIMESTAMPTZ 1184
#define PG_JSONB       3802

/* Instants and days count from 2000. */
#define PG_EPOCH_DAYS 10957
#define PG_EPOCH_US   (PG_EPOCH_DAYS * INT64_C(86400000000))
/* What timestamptz holds, counted from then: 4714-11-24 BC up to 294276. */
#define PG_TIMESTAMP_LEAST INT64_C(-211813488000000000)
#define PG_TIMESTAMP_END   INT64_C(9223371331200000000)

static inline uint64_t pg_get64(const char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, 8);
	return be64toh(value);
}

static inline void pg_put64(struct pg_scratch *scratch, int64_t value)
{
	uint64_t word = htobe64((uint64_t)value);

	memcpy(scratch->bytes, &word, 8);
}

/* False: not an instant that timestamptz holds. */
static inline bool pg_put_time(struct pg_scratch *scratch, int64_t us)
{
	int64_t since;

	if (__builtin_sub_overflow(us, PG_EPOCH_US, &since) || since < PG_TIMESTAMP_LEAST || since >= PG_TIMESTAMP_END)
		return false;
	pg_put64(scratch, since);
	return true;
}

/* False: infinity and -infinity are no instants. */
static inline bool pg_get_time(const char *bytes, int64_t *out)
{
	int64_t since = (int64_t)pg_get64(bytes);

	return since != INT64_MIN && since != INT64_MAX && !__builtin_add_overflow(since, PG_EPOCH_US, out);
}

/* statement.c */
int pg_prepare(struct db_conn *conn, struct rc_str sql, struct db_stmt **out);
void pg_finalize(struct db_stmt *stmt);
int pg_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count);
int pg_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		   size_t count, const void *row);
int pg_bind_arrays(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		   size_t column_count, const void *rows, size_t count);
int pg_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
	     int (*row)(void *arg, size_t run), void *arg);
int pg_step(struct db_stmt *stmt);
int pg_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena, void *row);
int pg_read_int(struct db_stmt *stmt, int64_t *out);
void pg_reset(struct db_stmt *stmt);

/* transaction.c */
int pg_begin(struct db_conn *conn, bool write, enum rc_isolation isolation);
int pg_commit(struct db_conn *conn);
void pg_rollback(struct db_conn *conn);
int pg_savepoint(struct db_conn *conn, enum db_savepoint act);
int pg_script(struct db_conn *conn, const char *sql);
int pg_mark(struct db_conn *conn, struct rc_mark mark);
int pg_clock(struct db_conn *conn, int64_t *us);
int pg_checkpoint(struct db_conn *conn, uint32_t *wal_pages, uint32_t *moved_pages);
int pg_foreign_keys(struct db_conn *conn, bool on);
int pg_foreign_keys_check(struct db_conn *conn);

/* catalog.c */
int pg_catalog(struct db_conn *conn, struct rc_arena *arena, struct db_object **objects, size_t *count);
int pg_scratch(struct db_conn *live, struct db_conn **out, struct rc_fault *fault);

#endif
