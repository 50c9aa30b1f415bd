/*
 * Transactions, savepoints, scripts, marks.
 */
#include <mysqld_error.h>
#include <stdio.h>

#include "rowcast/base/check.h"
#include "rowcast/db/mariadb/mariadb.h"

/* Read every result of the text that was sent. */
static int drain(struct mariadb_conn *conn)
{
	int more;

	do {
		if (mysql_field_count(conn->mysql) > 0) {
			MYSQL_RES *result = mariadb_call_store(conn);

			if (!result)
				return -1;
			mysql_free_result(result);
		}
		more = mariadb_call_next_result(conn);
	} while (more == 0);
	return more > 0 ? -1 : 0;
}

int mariadb_run(struct mariadb_conn *conn, const char *sql, const char *doing)
{
	int rc = mariadb_alive(conn);

	if (rc != RC_OK)
		return rc;
	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_query(conn, sql, strlen(sql)) != 0 || drain(conn) != 0)
		return mariadb_fault(conn, NULL, doing, NULL);
	return RC_OK;
}

int mariadb_ask(struct mariadb_conn *conn, const char *sql, MYSQL_RES **out)
{
	int rc = mariadb_alive(conn);

	*out = NULL;
	if (rc != RC_OK)
		return rc;
	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_query(conn, sql, strlen(sql)) != 0 || !(*out = mariadb_call_store(conn)))
		return mariadb_fault(conn, NULL, "read", NULL);
	return RC_OK;
}

/* The answer of "START TRANSACTION …; SELECT @@global.read_only": both in one round trip. */
static int begin_checked(struct mariadb_conn *conn, const char *sql)
{
	MYSQL_RES *result;
	bool read_only;

	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_query(conn, sql, strlen(sql)) != 0)
		return mariadb_fault(conn, NULL, "begin a transaction in", NULL);
	do {
		if (mariadb_call_next_result(conn) != 0)
			return mariadb_fault(conn, NULL, "begin a transaction in", NULL);
	} while (mysql_field_count(conn->mysql) == 0);
	result = mariadb_call_store(conn);
	if (!result)
		return mariadb_fault(conn, NULL, "begin a transaction in", NULL);
	read_only = mysql_fetch_row(result)[0][0] != '0';
	mysql_free_result(result);
	if (!read_only)
		return RC_OK;
	(void)!mariadb_run(conn, "ROLLBACK", "roll back");
	return rc_fault_set(
		&conn->base.fault, RC_READONLY,
		"cannot begin a transaction in database %s: the server is read-only now; write to the primary "
		"server, or set read_only=0 on this one",
		conn->label);
}

int mariadb_begin(struct db_conn *base, bool write, enum rc_isolation isolation)
{
	static const char *const levels[] = {
		[RC_ISOLATION_DEFAULT] = "",
		[RC_READ_COMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ",
		[RC_REPEATABLE_READ] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; ",
		[RC_SERIALIZABLE] = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ",
	};
	struct mariadb_conn *conn = mariadb_conn_of(base);
	char sql[160];
	int rc = mariadb_alive(conn);

	if (rc != RC_OK)
		return rc;
	conn->tx = MARIADB_TX_NONE;
	snprintf(sql, sizeof(sql), "%sSTART TRANSACTION %s", levels[isolation],
		 !write                  ? "READ ONLY"
		 : conn->check_read_only ? "READ WRITE; SELECT @@global.read_only"
					 : "READ WRITE");
	rc = write && conn->check_read_only ? begin_checked(conn, sql)
					    : mariadb_run(conn, sql, "begin a transaction in");
	if (rc != RC_OK)
		return rc;
	conn->tx = MARIADB_TX_OPEN;
	conn->savepoints = 0;
	return RC_OK;
}

void mariadb_rollback(struct db_conn *base)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	enum mariadb_tx was = conn->tx;

	conn->tx = MARIADB_TX_NONE;
	if (was == MARIADB_TX_OPEN && conn->mysql && mariadb_run(conn, "ROLLBACK", "roll back") != RC_OK)
		mariadb_lose(conn);
}

/*
 * A COMMIT whose answer did not come is not certain either way: the server may have it in its log, or never have seen
 * it. An error that the server itself gives while it commits is no better, unless it says that it rolled back.
 */
int mariadb_commit(struct db_conn *base)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	enum mariadb_tx was = conn->tx;
	struct rc_fault why;
	int rc = mariadb_alive(conn);

	conn->tx = MARIADB_TX_NONE;
	if (was == MARIADB_TX_LOST)
		return mariadb_tx_lost(conn);
	if (rc != RC_OK)
		return rc;
	rc = mariadb_run(conn, "COMMIT", "commit to");
	if (rc == RC_OK)
		return RC_OK;
	why = base->fault;
	if (conn->mysql && mariadb_run(conn, "ROLLBACK", "roll back") != RC_OK)
		mariadb_lose(conn);
	if (rc == RC_BUSY || rc == RC_READONLY) { /* the server has rolled back */
		base->fault = why;
		return rc;
	}
	return rc_fault_set(&base->fault, RC_UNKNOWN, "%.300s; so it may or may not be stored: look it up",
			    why.message);
}

/*
 * Savepoints are numbered by depth; setting one again removes the old one of that name, so none has to be released.
 */
int mariadb_savepoint(struct db_conn *base, enum db_savepoint act)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	char sql[48];
	int rc;

	rc_check(act == DB_SAVEPOINT_SET || conn->savepoints > 0);
	conn->savepoints += act == DB_SAVEPOINT_SET ? 1 : -1u;
	if (conn->tx == MARIADB_TX_LOST)
		return mariadb_tx_lost(conn);
	if (act == DB_SAVEPOINT_KEEP)
		return mariadb_alive(conn);
	snprintf(sql, sizeof(sql), "%s rc%u", act == DB_SAVEPOINT_SET ? "SAVEPOINT" : "ROLLBACK TO SAVEPOINT",
		 conn->savepoints + (act == DB_SAVEPOINT_UNDO));
	rc = mariadb_run(conn, sql, "keep a savepoint in");
	if (rc != RC_OK && act == DB_SAVEPOINT_SET)
		conn->savepoints--;
	return rc;
}

int mariadb_script(struct db_conn *base, const char *sql)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	int rc;

	if (conn->tx == MARIADB_TX_LOST)
		return mariadb_tx_lost(conn);
	conn->patient = true;
	rc = mariadb_run(conn, sql, "run a script in");
	conn->patient = false;
	return rc;
}

/* A statement of the driver's own. RC_NOT_FOUND: its table does not exist. */
static int own(struct mariadb_conn *conn, enum mariadb_own which, struct db_stmt **out)
{
	static const char *const sql[OWN_COUNT] = {
		[OWN_CLOCK] = "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
		[OWN_MARK] = "INSERT INTO rc_mark (writer, n) VALUES (?, ?) ON DUPLICATE KEY UPDATE n = VALUES(n)",
		[OWN_MARK_ROW] = "INSERT INTO rc_log (tbl, op, o0, n0) VALUES ('', 0, ?, ?)",
	};
	int rc = RC_OK;

	if (!conn->own[which])
		rc = mariadb_prepare(&conn->base, rc_str_from(sql[which]), &conn->own[which]);
	*out = conn->own[which];
	return rc;
}

int mariadb_clock(struct db_conn *base, int64_t *us)
{
	struct db_stmt *stmt;
	int rc = own(mariadb_conn_of(base), OWN_CLOCK, &stmt);

	if (rc == RC_OK)
		rc = mariadb_step(stmt);
	if (rc != DB_ROW)
		return rc;
	rc = mariadb_read_int(stmt, us);
	mariadb_reset(stmt);
	return rc;
}

int mariadb_checkpoint(struct db_conn *base, uint32_t *wal_pages, uint32_t *moved_pages)
{
	*wal_pages = *moved_pages = 0; /* the server does it */
	return RC_OK;
}

/* Write a mark into one of the tables; where that does not exist, nobody reads marks there. */
static int mark_in(struct mariadb_conn *conn, enum mariadb_own which, struct rc_mark mark, bool *missing)
{
	struct rc_value values[2] = {RC_INT_VALUE((int64_t)mark.writer), RC_INT_VALUE((int64_t)mark.n)};
	struct db_stmt *stmt;
	int rc = own(conn, which, &stmt);

	*missing = false;
	if (rc == RC_OK)
		rc = mariadb_bind(stmt, 0, values, 2);
	if (rc == RC_OK) {
		stmt->params[0].is_unsigned = stmt->params[1].is_unsigned = 1;
		rc = mariadb_step(stmt);
		mariadb_reset(stmt);
	}
	if (rc != RC_INVALID || conn->error != ER_NO_SUCH_TABLE)
		return rc;
	*missing = true;
	mariadb_finalize(conn->own[which]);
	conn->own[which] = NULL;
	return RC_OK;
}

/* How long a table that was looked for in vain is taken to be missing: each look is a round trip. */
#define MARK_ROW_LOOK_US 1000000

int mariadb_mark(struct db_conn *base, struct rc_mark mark)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	bool missing;
	int rc = mark_in(conn, OWN_MARK, mark, &missing);

	if (rc != RC_OK || (!conn->own[OWN_MARK_ROW] && mariadb_now_us() - conn->mark_row_looked_us < MARK_ROW_LOOK_US))
		return rc;
	rc = mark_in(conn, OWN_MARK_ROW, mark, &missing);
	if (missing)
		conn->mark_row_looked_us = mariadb_now_us();
	return rc;
}
