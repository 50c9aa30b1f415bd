/*
 * Sending, waiting, and the order of answers.
 *
 * One exchange is: what was put off (BEGIN, savepoints, marks), the caller's commands, Sync; then the answers in the same
 * order, in libpq's pipeline mode. A command that travels alone does without that mode, which costs a result for the
 * Sync. After an error the server skips what follows up to the Sync; such answers say "aborted", and the first error
 * stands for all of them.
 *
 * Nothing here blocks without a deadline. It counts silence, not time: as long as bytes of a long answer arrive, it
 * starts anew.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/db/postgres/postgres.h"

int64_t pg_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Until something can be read (and, with `writing`, sent). */
static int wait_socket(struct pg_conn *conn, bool writing, int64_t silence_us, const char *doing)
{
	struct pollfd fd = {PQsocket(conn->pg), (short)(POLLIN | (writing ? POLLOUT : 0)), 0};
	int64_t left_us = silence_us, until_us = 0; /* the clock is asked only once a signal has come in between */

	for (;;) {
		int ready = left_us > 0 ? poll(&fd, 1, (int)((left_us + 999) / 1000)) : 0;

		if (ready > 0)
			return RC_OK;
		if (ready == 0)
			return pg_silent(conn, silence_us);
		if (errno != EINTR)
			return pg_lost(conn, doing);
		until_us = until_us ? until_us : pg_now_us() + silence_us;
		left_us = until_us - pg_now_us();
	}
}

/* The next result, NULL between commands. A lost connection may have left last words behind: they are the result. */
static int next(struct pg_conn *conn, int64_t silence_us, const char *doing, PGresult **out)
{
	*out = NULL;
	while (PQisBusy(conn->pg)) {
		int unsent = PQflush(conn->pg);
		int rc = wait_socket(conn, unsent > 0, silence_us, doing);

		if (rc != RC_OK)
			return rc;
		if (!PQconsumeInput(conn->pg))
			break;
	}
	*out = PQgetResult(conn->pg);
	if (!*out && PQstatus(conn->pg) == CONNECTION_BAD)
		return pg_lost(conn, doing);
	return RC_OK;
}

int pg_not_sent(struct pg_conn *conn, const char *doing)
{
	return pg_lost(conn, doing);
}

static bool queue(struct pg_conn *conn, const char *sql)
{
	conn->queued++;
	return PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0);
}

static bool queue_doomed(struct pg_conn *conn)
{
	char sql[64];

	for (uint32_t i = 0; i < conn->doomed_count; i++) {
		snprintf(sql, sizeof(sql), "DEALLOCATE " PG_NAME_FORMAT, conn->name_base, conn->doomed[i]);
		if (!queue(conn, sql))
			return false;
	}
	conn->doomed_count = 0;
	return true;
}

/* For readers of the log, and for those of the table that triggers fill. */
static bool queue_mark(struct pg_conn *conn)
{
	static const int lengths[] = {16, 0}, binary[] = {1, 1};
	uint64_t words[2] = {htobe64(conn->mark.writer), htobe64(conn->mark.n)};
	const char *bytes = (const char *)words;
	char writer[24], n[24];
	const char *texts[] = {writer, n};

	conn->queued++;
	if (!PQsendQueryParams(conn->pg, "SELECT pg_logical_emit_message(true, 'rowcast', $1::bytea)", 1, NULL, &bytes,
			       lengths, binary, 1))
		return false;
	if (conn->log != PG_LOG_THERE)
		return true;
	snprintf(writer, sizeof(writer), "%" PRIu64, conn->mark.writer);
	snprintf(n, sizeof(n), "%" PRIu64, conn->mark.n);
	conn->queued++;
	return PQsendQueryParams(conn->pg, "INSERT INTO rc_log (tbl, op, o0, n0) VALUES ('', 0, $1, $2)", 2, NULL,
				 texts, NULL, NULL, 1);
}

static bool queue_command(struct pg_conn *conn, enum pg_command command)
{
	switch (command) {
	case PG_BEGIN:
		return queue(conn, conn->begin) && queue_doomed(conn);
	case PG_SETTINGS:
		return queue(conn, conn->settings);
	case PG_SAVEPOINT_SET:
		return queue(conn, "SAVEPOINT rc");
	case PG_SAVEPOINT_KEEP:
		return queue(conn, "RELEASE rc");
	case PG_MARK:
		return queue_mark(conn);
	case PG_SAVEPOINT_UNDO:
		return queue(conn, "ROLLBACK TO rc") && queue(conn, "RELEASE rc");
	}
	return false;
}

static int usable(struct pg_conn *conn)
{
	if (conn->broken)
		return rc_fault_set(&conn->base.fault, (enum rc_err)conn->broken,
				    "the connection to %s was lost before; connect again", conn->where);
	if (conn->in_tx && (conn->pending_count == 0 || conn->pending[0] != PG_BEGIN) &&
	    PQtransactionStatus(conn->pg) == PQTRANS_IDLE)
		return rc_fault_set(&conn->base.fault, RC_INVALID,
				    "the transaction in %s is over already (it did not begin, or a statement ended it)",
				    conn->where);
	return RC_OK;
}

int pg_start(struct pg_conn *conn, enum pg_exchange kind)
{
	int rc = usable(conn);

	if (rc != RC_OK)
		return rc;
	conn->queued = 0;
	conn->first_err = RC_OK;
	conn->statement = PG_KNOWN;
	conn->alone = kind == PG_ONE && conn->pending_count == 0;
	if (!(conn->alone ? PQexitPipelineMode(conn->pg) : PQenterPipelineMode(conn->pg)))
		return pg_not_sent(conn, "send to");
	for (uint32_t i = 0; i < conn->pending_count; i++) {
		if (!queue_command(conn, conn->pending[i]))
			return pg_not_sent(conn, "run a statement in");
	}
	conn->pending_count = 0;
	return RC_OK;
}

int pg_sync(struct pg_conn *conn)
{
	return conn->alone || PQpipelineSync(conn->pg) ? RC_OK : pg_not_sent(conn, "send to");
}

static int judge(struct pg_conn *conn, PGresult *result, const char *doing)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return RC_OK;
	case PGRES_PIPELINE_ABORTED:
		rc_check(conn->first_err != RC_OK);
		return conn->first_err;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		conn->broken = RC_INVALID;
		return rc_fault_set(&conn->base.fault, RC_INVALID, "COPY cannot be run on this connection to %s",
				    conn->where);
	default:
		return pg_fault(conn, result, doing);
	}
}

/* One command's answer, and the NULL behind it. Outside the pipeline an error of its commit comes in between. */
static int answer(struct pg_conn *conn, const char *doing, PGresult **out)
{
	PGresult *result, *more;
	int rc = next(conn, conn->silence_us, doing, &result);

	*out = NULL;
	if (rc == RC_OK && !result)
		rc = pg_lost(conn, doing);
	if (rc == RC_OK)
		rc = judge(conn, result, doing);
	while (!conn->broken && next(conn, conn->silence_us, doing, &more) == RC_OK && more) {
		if (rc == RC_OK)
			rc = judge(conn, more, doing);
		PQclear(more);
	}
	if (rc != RC_OK && conn->first_err == RC_OK)
		conn->first_err = rc;
	if (rc == RC_OK && conn->broken)
		rc = conn->broken;
	if (rc == RC_OK)
		*out = result;
	else
		PQclear(result);
	return rc;
}

int pg_take(struct pg_conn *conn, const char *doing, PGresult **out)
{
	PGresult *ignored;

	*out = NULL;
	for (; conn->queued > 0; conn->queued--) {
		if (conn->broken)
			return conn->broken;
		if (answer(conn, "run a statement in", &ignored) == RC_OK)
			PQclear(ignored);
	}
	return conn->broken ? conn->broken : answer(conn, doing, out);
}

int pg_finish(struct pg_conn *conn)
{
	int nothing = 0;

	if (conn->alone) /* pg_take has read it to its end */
		return conn->broken ? conn->broken : conn->first_err;
	while (!conn->broken) {
		PGresult *result;
		ExecStatusType status;
		int rc = next(conn, conn->silence_us, "read the answer of", &result);

		if (rc != RC_OK)
			return rc;
		if (!result) {
			rc_check(++nothing < PG_PENDING_MAX * 4 + PG_DOOMED_MAX);
			continue;
		}
		status = PQresultStatus(result);
		if (status == PGRES_FATAL_ERROR && conn->first_err == RC_OK)
			conn->first_err = pg_fault(conn, result, "run a statement in");
		PQclear(result);
		if (status == PGRES_PIPELINE_SYNC)
			break;
	}
	conn->queued = 0;
	return conn->broken ? conn->broken : conn->first_err;
}

int pg_flush_pending(struct pg_conn *conn)
{
	int rc;

	if (conn->pending_count == 0)
		return usable(conn);
	rc = pg_start(conn, PG_MANY);
	if (rc == RC_OK)
		rc = pg_sync(conn);
	return rc == RC_OK ? pg_finish(conn) : rc;
}

int pg_simple(struct pg_conn *conn, const char *sql, int64_t silence_us, const char *doing)
{
	PGresult *result;
	int rc = pg_flush_pending(conn);

	if (rc != RC_OK)
		return rc;
	rc_check(PQexitPipelineMode(conn->pg));
	if (!PQsendQuery(conn->pg, sql))
		return pg_not_sent(conn, doing);
	conn->first_err = RC_OK;
	while (!conn->broken && next(conn, silence_us, doing, &result) == RC_OK && result) {
		int err = judge(conn, result, doing);

		if (err != RC_OK && rc == RC_OK)
			rc = err;
		PQclear(result);
	}
	return conn->broken ? conn->broken : rc;
}

int pg_query(struct pg_conn *conn, const char *sql, const char *doing, PGresult **out)
{
	int rc = pg_start(conn, PG_ONE), end;

	*out = NULL;
	if (rc != RC_OK)
		return rc;
	if (!PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0))
		return pg_not_sent(conn, doing);
	rc = pg_sync(conn);
	if (rc == RC_OK)
		rc = pg_take(conn, doing, out);
	end = pg_finish(conn);
	if (rc == RC_OK && end != RC_OK) {
		PQclear(*out);
		*out = NULL;
		rc = end;
	}
	return rc;
}
