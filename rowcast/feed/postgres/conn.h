/*
 * Connections of the feed: libpq directly, because replication needs what the driver interface does not have. Blocking
 * calls have a deadline; the streaming side (stream.c) drives the same connection without ever waiting.
 *
 * A URL may name several servers. Each attempt goes to one of them, so that one that does not answer cannot hold up the
 * others.
 */
#ifndef ROWCAST_FEED_POSTGRES_CONN_H
#define ROWCAST_FEED_POSTGRES_CONN_H

#include <libpq-fe.h>

#include "rowcast/base/buf.h"
#include "rowcast/err.h"
#include "rowcast/str.h"

struct pgf_address {
	PQconninfoOption *options; /* as the URL says */
	size_t host_count;         /* at least 1 */
};

enum pgf_mode { PGF_SQL, PGF_REPLICATION };

int pgf_address_parse(struct pgf_address *out, const char *url, struct rc_fault *fault) RC_MUST_CHECK;
void pgf_address_release(struct pgf_address *address);

/* Begin to connect to server number `host` (counted round); drive it with PQconnectPoll. Never NULL. */
PGconn *pgf_connect_start(const struct pgf_address *address, size_t host, enum pgf_mode mode);
/* Wait for it: the first server that answers and is not a standby (a standby only when it is the only one there is).
 * `deadline_us`: monotonic. Errors  RC_UNAVAILABLE, RC_TIMEOUT. */
int pgf_connect(PGconn **out, const struct pgf_address *address, enum pgf_mode mode, int64_t deadline_us,
		struct rc_fault *fault) RC_MUST_CHECK;

/* "database D on HOST:PORT" for faults. */
const char *pgf_place(const PGconn *conn, char text[160]);
/* Wait until the connection's socket can be read (or written, too); RC_TIMEOUT. */
int pgf_wait(const PGconn *conn, bool writing, int64_t deadline_us) RC_MUST_CHECK;
/* The next result of what was sent; *out NULL: there is none any more. */
int pgf_result(PGconn *conn, int64_t deadline_us, PGresult **out) RC_MUST_CHECK;
/*
 * Run a statement or replication command and take its last result. *out is set (to be cleared) also when the server
 * refused it; NULL when the connection failed.
 */
int pgf_run(PGconn *conn, const char *sql, int64_t deadline_us, PGresult **out, struct rc_fault *fault) RC_MUST_CHECK;
/* The same, and the result is of no interest. */
int pgf_do(PGconn *conn, const char *sql, int64_t deadline_us, struct rc_fault *fault) RC_MUST_CHECK;
/* What the server's refusal is for us; fills the fault with its words. */
int pgf_refused(const PGconn *conn, const PGresult *result, struct rc_fault *fault);
bool pgf_state_is(const PGresult *result, const char *sqlstate);
/* The server's own sentence, in one line. */
const char *pgf_words(const PGconn *conn, const PGresult *result, char text[256]);

/* A text value of a result; "" for NULL and for what is not there. */
const char *pgf_text(const PGresult *result, int row, int column);
uint64_t pgf_u64(const PGresult *result, int row, int column);
bool pgf_bool(const PGresult *result, int row, int column);

/* Quoted for SQL: an identifier, a literal. */
void pgf_append_name(struct buf *out, const char *name);
void pgf_append_literal(struct buf *out, const char *text);

/* "16/B374D848" */
#define PGF_LSN_TEXT_MAX 24
int pgf_lsn_parse(const char *text, uint64_t *out) RC_MUST_CHECK;
const char *pgf_lsn_format(uint64_t lsn, char text[PGF_LSN_TEXT_MAX]);

#endif
