/*
 * Transactions and savepoints, marks, the clock, scripts.
 *
 * BEGIN, savepoints and marks are noted and sent with what follows; a savepoint that nothing followed is forgotten. So the
 * state below is the caller's view, and the server's is reached with the next exchange.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/db/postgres/postgres.h"

/* Migrations may take their time. */
#define SCRIPT_SILENCE_US INT64_C(3600000000)

int pg_begin(struct db_conn *base, bool write, enum rc_isolation isolation)
{
	static const char *const levels[] = {
		[RC_ISOLATION_DEFAULT] = "READ COMMITTED",
		[RC_READ_COMMITTED] = "READ COMMITTED",
		[RC_REPEATABLE_READ] = "REPEATABLE READ",
		[RC_SERIALIZABLE] = "SERIALIZABLE",
	};
	struct pg_conn *conn = pg_conn_of(base);

	rc_check(!conn->in_tx);
	if (conn->broken)
		return rc_fault_set(&base->fault, (enum rc_err)conn->broken,
				    "the connection to %s was lost before; connect again", conn->where);
	snprintf(conn->begin, sizeof(conn->begin), "BEGIN ISOLATION LEVEL %s%s", levels[isolation],
		 write ? "" : " READ ONLY");
	conn->in_tx = true;
	conn->failed = false;
	conn->savepoints = 0;
	conn->pending_count = 0;
	conn->pending[conn->pending_count++] = PG_BEGIN;
	if (!conn->named) /* the next transaction may be on another server connection of the pooler */
		conn->pending[conn->pending_count++] = PG_SETTINGS;
	return RC_OK;
}

static bool begin_unsent(const struct pg_conn *conn)
{
	return conn->pending_count > 0 && conn->pending[0] == PG_BEGIN;
}

static bool mark_unsent(const struct pg_conn *conn)
{
	for (uint32_t i = 0; i < conn->pending_count; i++) {
		if (conn->pending[i] == PG_MARK)
			return true;
	}
	return false;
}

void pg_rollback(struct db_conn *base)
{
	struct pg_conn *conn = pg_conn_of(base);
	struct rc_fault fault = base->fault; /* the reason for the rollback is what people want to read */
	bool nothing = begin_unsent(conn);
	PGresult *result;

	conn->in_tx = conn->failed = false;
	conn->pending_count = 0;
	if (nothing || conn->broken || PQtransactionStatus(conn->pg) == PQTRANS_IDLE)
		return;
	if (pg_query(conn, "ROLLBACK", "roll back in", &result) == RC_OK)
		PQclear(result);
	else if (!conn->broken)
		conn->broken = RC_UNAVAILABLE;
	base->fault = fault;
}

/* COMMIT of a transaction in which a statement failed rolls back and says so by its tag only. */
static int not_committed(struct pg_conn *conn)
{
	return rc_fault_set(&conn->base.fault, conn->failed ? conn->failure.err : RC_INVALID,
			    "the transaction was not committed, because a statement in it had failed: %s",
			    conn->failed ? conn->failure.message : "");
}

static int unknown(struct pg_conn *conn)
{
	struct rc_fault why = conn->base.fault;

	return rc_fault_set(&conn->base.fault, RC_UNKNOWN,
			    "a commit was not confirmed: it may or may not be stored; look it up (%s)", why.message);
}

static int judge_commit(struct pg_conn *conn, int rc, PGresult *result)
{
	bool rolled_back = result && strcmp(PQcmdStatus(result), "COMMIT") != 0;

	PQclear(result);
	if (conn->broken)
		return unknown(conn);
	if (rc != RC_OK) {
		conn->log = PG_LOG_UNKNOWN; /* may be what failed */
		pg_rollback(&conn->base);
		return rc;
	}
	conn->in_tx = false;
	if (rolled_back)
		return not_committed(conn);
	if (conn->unreplicated) {
		rc_fault_set(&conn->base.fault, RC_UNKNOWN, "no standby of %s confirmed it in time", conn->where);
		return unknown(conn);
	}
	return RC_OK;
}

int pg_commit(struct db_conn *base)
{
	struct pg_conn *conn = pg_conn_of(base);
	PGresult *result = NULL;
	int rc;

	if (begin_unsent(conn) && !mark_unsent(conn)) { /* nothing was done */
		conn->in_tx = false;
		conn->pending_count = 0;
		return RC_OK;
	}
	if (conn->failed) {
		rc = not_committed(conn);
		pg_rollback(base);
		return rc;
	}
	conn->unreplicated = false;
	/* A server that hung up before cannot have committed: first its last words are read, then the end. */
	if (!conn->broken && (!PQconsumeInput(conn->pg) || !PQconsumeInput(conn->pg)))
		pg_lost(conn, "commit to");
	rc = pg_start(conn, PG_MANY);
	if (rc != RC_OK) {
		pg_rollback(base);
		return rc;
	}
	if (PQsendQueryParams(conn->pg, "COMMIT", 0, NULL, NULL, NULL, NULL, 0))
		rc = pg_sync(conn);
	else
		rc = pg_not_sent(conn, "commit to");
	if (rc == RC_OK)
		rc = pg_take(conn, "commit to", &result);
	if (!conn->broken && pg_finish(conn) != RC_OK && rc == RC_OK)
		rc = conn->first_err;
	rc = judge_commit(conn, rc, result);
	conn->in_tx = conn->failed = false;
	return rc;
}

int pg_savepoint(struct db_conn *base, enum db_savepoint act)
{
	static const enum pg_command commands[] = {
		[DB_SAVEPOINT_SET] = PG_SAVEPOINT_SET,
		[DB_SAVEPOINT_KEEP] = PG_SAVEPOINT_KEEP,
		[DB_SAVEPOINT_UNDO] = PG_SAVEPOINT_UNDO,
	};
	struct pg_conn *conn = pg_conn_of(base);
	int rc = RC_OK;

	rc_check(conn->in_tx && (act == DB_SAVEPOINT_SET || conn->savepoints > 0));
	conn->savepoints += act == DB_SAVEPOINT_SET ? 1 : -1u;
	if (act != DB_SAVEPOINT_SET && conn->pending_count > 0 &&
	    conn->pending[conn->pending_count - 1] == PG_SAVEPOINT_SET) {
		conn->pending_count--; /* nothing happened inside */
		return RC_OK;
	}
	if (conn->pending_count == PG_PENDING_MAX)
		rc = pg_flush_pending(conn);
	if (rc != RC_OK)
		return rc;
	if (act == DB_SAVEPOINT_UNDO)
		conn->failed = false;
	conn->pending[conn->pending_count++] = commands[act];
	return RC_OK;
}

int pg_script(struct db_conn *base, const char *sql)
{
	struct pg_conn *conn = pg_conn_of(base);
	struct buf text = BUF_INIT;
	int rc;

	if (conn->in_tx)
		buf_append_str(&text, RC_STR("SET LOCAL statement_timeout = 0;\n"));
	buf_append_str(&text, rc_str_from(sql));
	rc = pg_simple(conn, buf_cstr(&text), SCRIPT_SILENCE_US, "run a script in");
	buf_release(&text);
	return rc;
}

/* One of the driver's own statements, prepared when first used; its first row is current. */
static int run_own(struct pg_conn *conn, struct db_stmt **own, const char *sql, const struct rc_value *params,
		   size_t count)
{
	int rc = *own ? RC_OK : pg_prepare(&conn->base, rc_str_from(sql), own);

	if (rc == RC_OK)
		rc = pg_bind(*own, 0, params, count);
	if (rc == RC_OK)
		rc = pg_step(*own);
	if (rc < 0 && *own)
		pg_reset(*own);
	return rc;
}

/* Sent with what follows: at the latest with COMMIT. */
int pg_mark(struct db_conn *base, struct rc_mark mark)
{
	struct pg_conn *conn = pg_conn_of(base);
	PGresult *result;
	int rc = RC_OK;

	rc_check(conn->in_tx);
	if (conn->log == PG_LOG_UNKNOWN) {
		rc = pg_query(conn, "SELECT to_regclass('rc_log') IS NOT NULL", "read the catalog of", &result);
		if (rc != RC_OK)
			return rc;
		conn->log = PQgetvalue(result, 0, 0)[0] == 't' ? PG_LOG_THERE : PG_LOG_NONE;
		PQclear(result);
	}
	if (conn->pending_count == PG_PENDING_MAX)
		rc = pg_flush_pending(conn);
	if (rc != RC_OK)
		return rc;
	conn->mark = mark;
	conn->pending[conn->pending_count++] = PG_MARK;
	return RC_OK;
}

int pg_clock(struct db_conn *base, int64_t *us)
{
	struct pg_conn *conn = pg_conn_of(base);
	int rc = run_own(conn, &conn->clock, "SELECT clock_timestamp()", NULL, 0);

	if (rc < 0)
		return rc;
	rc = pg_read_int(conn->clock, us);
	pg_reset(conn->clock);
	return rc;
}

/* The server's own affair. */
int pg_checkpoint(struct db_conn *base, uint32_t *wal_pages, uint32_t *moved_pages)
{
	*wal_pages = *moved_pages = 0;
	return RC_OK;
}

/* They are always enforced: ALTER TABLE rebuilds nothing by hand here. */
int pg_foreign_keys(struct db_conn *base, bool on)
{
	return RC_OK;
}

int pg_foreign_keys_check(struct db_conn *base)
{
	struct pg_conn *conn = pg_conn_of(base);
	PGresult *result;
	int rc = pg_query(conn, "SET CONSTRAINTS ALL IMMEDIATE", "check foreign keys of", &result);

	PQclear(result);
	return rc;
}
