/*
 * The MariaDB driver, as its own files see it.
 *
 * Wherever libmariadb would wait, a function of ours waits, under a deadline (call.c): a server that is frozen, cut off
 * or waits for a lock can never hold a thread for longer than it may. Results are taken from the socket
 * whole by the first step, so that statements may be nested while rows are read; a row is decoded from the packet
 * itself, straight into the struct. docs/decisions/0020-mariadb-driver.md has the reasons.
 *
 * When the connection is lost, libmariadb's is closed at once and `mysql` is NULL from then on; ours stays, and says so
 * to every call, until its owner closes it.
 */
#ifndef ROWCAST_DB_MARIADB_MARIADB_H
#define ROWCAST_DB_MARIADB_MARIADB_H

#include <mysql.h>

#include "rowcast/db/db.h"
#include "rowcast/db/url.h"

/* What a server may need for itself, besides waiting for locks: a slow disk, a busy machine. */
#define MARIADB_GRACE_US 2000000

/* Of the transaction. LOST: the server, or we, rolled it back behind an error that asks for a retry of the whole; what
 * is still sent to it must not be run, because the server would commit each statement by itself. */
enum mariadb_tx { MARIADB_TX_NONE, MARIADB_TX_OPEN, MARIADB_TX_LOST };

/* Statements of the driver itself, prepared when first used. */
enum mariadb_own { OWN_CLOCK, OWN_MARK, OWN_MARK_ROW, OWN_COUNT };

struct mariadb_conn {
	struct db_conn base;
	MYSQL *mysql; /* NULL: lost */
	struct rc_arena arena;
	struct url url;
	const struct url_host *host; /* the one that is connected to */
	struct db_options options;
	const char *label;    /* "\"shop\" on MariaDB server db:3306": behind "database" in faults */
	const char *database; /* of the connection: the URL's, or a scratch one */
	bool scratch;         /* it is dropped with the connection */

	int64_t lock_wait_s;  /* as the server was told */
	int64_t answer_us;    /* how long a statement may take */
	int64_t deadline_us;  /* CLOCK_MONOTONIC, of the call under way */
	bool patient;         /* no deadline while the server answers others: scripts may build an index for an hour */
	bool timed_out;       /* the call under way was given up */
	bool check_read_only; /* this user could write to a read-only server; so every transaction asks */

	enum mariadb_tx tx;
	uint32_t savepoints;
	unsigned int error; /* number of the last one */
	int64_t changed, identity;
	uint64_t packet_bytes_max; /* the server's max_allowed_packet */
	struct db_stmt *own[OWN_COUNT];
	int64_t mark_row_looked_us; /* when table rc_log was looked for in vain */
};

/* A parameter: what its MYSQL_BIND points at, where that is not the caller's own memory. */
struct mariadb_slot {
	union {
		int64_t integer;
		double real;
		MYSQL_TIME time;
		struct rc_uuid uuid;
	};
	my_bool null;
};

struct db_stmt {
	struct mariadb_conn *conn;
	MYSQL_STMT *stmt;
	uint32_t param_count, column_count;
	MYSQL_BIND *params;
	struct mariadb_slot *slots;
	bool retyped; /* a parameter has another type than the server knows from the last execution */
	const MYSQL_FIELD *fields;
	/* How each column comes into a row of ways_model by ways_map (NULL: not decided yet). */
	struct mariadb_way *ways;
	const struct rc_model *ways_model;
	const uint32_t *ways_map;
	MYSQL_RES *metadata;
	MYSQL_STMT *likeness;  /* before the first execution: whose columns are shown as its own */
	const MYSQL_ROWS *row; /* the current one: a packet of the binary protocol */
	const MYSQL_ROWS *next;
	bool executed;
	char *sql; /* for faults: which table */
};

extern const struct db_driver mariadb_driver;

static inline struct mariadb_conn *mariadb_conn_of(struct db_conn *conn)
{
	return (struct mariadb_conn *)conn;
}

/* call.c: libmariadb's calls under conn->deadline_us. What they return is the library's: 0 is success. */
int64_t mariadb_now_us(void);
void mariadb_deadline(struct mariadb_conn *conn, int64_t allowance_us); /* of the calls that follow */
void mariadb_call_prepare_options(struct mariadb_conn *conn);           /* before it connects */
bool mariadb_call_connect(struct mariadb_conn *conn, const char *host, const char *database, unsigned int port,
			  const char *socket, unsigned long flags);
int mariadb_call_query(struct mariadb_conn *conn, const char *sql, size_t len);
MYSQL_RES *mariadb_call_store(struct mariadb_conn *conn);
int mariadb_call_next_result(struct mariadb_conn *conn);
int mariadb_call_prepare(struct mariadb_conn *conn, MYSQL_STMT *stmt, const char *sql, size_t len);
int mariadb_call_execute(struct mariadb_conn *conn, MYSQL_STMT *stmt);
int mariadb_call_stmt_store(struct mariadb_conn *conn, MYSQL_STMT *stmt);
void mariadb_call_stmt_close(struct mariadb_conn *conn, MYSQL_STMT *stmt);
void mariadb_call_close(struct mariadb_conn *conn);
/* Close libmariadb's connection without a word to the server. */
void mariadb_lose(struct mariadb_conn *conn);

/* fault.c */
enum rc_err mariadb_err(unsigned int number, const char *sqlstate, const char *message);
/*
 * Fill conn->fault (and refusal) from the connection's (stmt NULL) or the statement's last error while `doing` ("commit
 * to": what stands before "database …"); returns the rc_err. `sql`: of the statement, may be NULL. Does what the error
 * asks for: the whole transaction is rolled back, or the connection closed.
 */
int mariadb_fault(struct mariadb_conn *conn, MYSQL_STMT *stmt, const char *doing, const char *sql);
/* The table of "INSERT INTO `t` …", "UPDATE t …", "REPLACE INTO …", "DELETE FROM …"; "" where there is none. */
void mariadb_written_table(const char *sql, char *out, size_t size);
/* RC_OK, or the fault of a lost connection. */
int mariadb_alive(struct mariadb_conn *conn);
/* The fault of a transaction that was rolled back. */
int mariadb_tx_lost(struct mariadb_conn *conn);

/* open.c */
int mariadb_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault);
int mariadb_scratch(struct db_conn *live, struct db_conn **out, struct rc_fault *fault);
void mariadb_close(struct db_conn *conn);
int mariadb_hosts(const char *address, struct rc_arena *arena, const char ***names, size_t *count,
		  struct rc_fault *fault);
/* Does the server of this connection still answer others? */
bool mariadb_server_answers(const struct mariadb_conn *conn);

/* statement.c */
int mariadb_prepare(struct db_conn *conn, struct rc_str sql, struct db_stmt **out);
void mariadb_finalize(struct db_stmt *stmt);
int mariadb_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count);
int mariadb_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
			size_t count, const void *row);
int mariadb_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
		  int (*row)(void *arg, size_t run), void *arg);
int mariadb_step(struct db_stmt *stmt);
void mariadb_reset(struct db_stmt *stmt);
uint32_t mariadb_param_count(struct db_stmt *stmt);
uint32_t mariadb_column_count(struct db_stmt *stmt);
const char *mariadb_column_name(struct db_stmt *stmt, uint32_t column);

/* decode.c */
int mariadb_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena,
		 void *row);
int mariadb_read_int(struct db_stmt *stmt, int64_t *out);

/* transaction.c */
/* Text without parameters; results, if any, are passed over. */
int mariadb_run(struct mariadb_conn *conn, const char *sql, const char *doing);
/* One SELECT as text: *out is freed by mysql_free_result. */
int mariadb_ask(struct mariadb_conn *conn, const char *sql, MYSQL_RES **out);
int mariadb_begin(struct db_conn *conn, bool write, enum rc_isolation isolation);
int mariadb_commit(struct db_conn *conn);
void mariadb_rollback(struct db_conn *conn);
int mariadb_savepoint(struct db_conn *conn, enum db_savepoint act);
int mariadb_script(struct db_conn *conn, const char *sql);
int mariadb_mark(struct db_conn *conn, struct rc_mark mark);
int mariadb_clock(struct db_conn *conn, int64_t *us);
int mariadb_checkpoint(struct db_conn *conn, uint32_t *wal_pages, uint32_t *moved_pages);

/* catalog.c */
int mariadb_catalog(struct db_conn *conn, struct rc_arena *arena, struct db_object **objects, size_t *count);
int mariadb_foreign_keys(struct db_conn *conn, bool on);
int mariadb_foreign_keys_check(struct db_conn *conn);

#endif
