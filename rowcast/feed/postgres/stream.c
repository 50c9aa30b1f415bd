/* stream.h has the states. https://www.postgresql.org/docs/15/protocol-replication.html */
#include "rowcast/feed/postgres/stream.h"

#include <sodium.h>
#include <stdio.h>

#include "rowcast/feed/postgres/value.h"
#include "rowcast/io/clock.h"

#define CONNECT_US      5000000
#define ANSWER_US       10000000
#define RELEASE_US      1000000
#define BACK_OFF_US     100000 /* doubles, with jitter, up to */
#define BACK_OFF_US_MAX 5000000

void pgf_stream_init(struct pgf_stream *stream, const struct pgf_address *address, int epoll_fd)
{
	*stream = (struct pgf_stream){.address = address, .link = {.epoll_fd = epoll_fd}};
}

void pgf_stream_stop(struct pgf_stream *stream)
{
	PQfreemem(stream->copy);
	stream->copy = NULL;
	if (stream->link.conn && PQbackendPID(stream->link.conn))
		stream->old_backend = PQbackendPID(stream->link.conn);
	pgf_link_close(&stream->link);
	stream->state = PGF_DOWN;
	stream->retry_us = 0;
	stream->asked_us = 0;
}

void pgf_stream_release(struct pgf_stream *stream)
{
	int64_t deadline_us = clock_mono_us() + RELEASE_US;
	PGconn *conn = stream->link.conn;
	int length = stream->state == PGF_STREAMING && PQputCopyEnd(conn, NULL) == 1 ? 0 : -2;

	while (length >= 0) { /* what was on its way; then the server's own end */
		char *copy = NULL;

		length = PQgetCopyData(conn, &copy, 1);
		PQfreemem(copy);
		if (length == 0 &&
		    (PQflush(conn) < 0 || pgf_wait(conn, false, deadline_us) != RC_OK || !PQconsumeInput(conn)))
			length = -2;
	}
	if (length == -1) {
		PGresult *result;

		while (pgf_result(conn, deadline_us, &result) == RC_OK && result)
			PQclear(result);
	}
	pgf_stream_stop(stream);
}

void pgf_stream_fail(struct pgf_stream *stream)
{
	int64_t pause_us = BACK_OFF_US << (stream->failures < 6 ? stream->failures : 6);

	if (pause_us > BACK_OFF_US_MAX)
		pause_us = BACK_OFF_US_MAX;
	pgf_stream_stop(stream);
	stream->failures++;
	stream->host++;
	stream->retry_us = clock_mono_us() + pause_us / 2 + (int64_t)randombytes_uniform((uint32_t)pause_us / 2);
}

static int fail(struct pgf_stream *stream, int rc)
{
	const char *state = stream->link.result ? PQresultErrorField(stream->link.result, PG_DIAG_SQLSTATE) : NULL;

	snprintf(stream->sqlstate, sizeof(stream->sqlstate), "%s", state ? state : "");
	pgf_stream_fail(stream);
	return rc;
}

void pgf_facts_sql(struct buf *out, const char *slot, const char *publication, int server_version, int old_backend)
{
	buf_append_str(out,
		       RC_STR("SELECT pg_is_in_recovery(), (CASE WHEN pg_is_in_recovery() THEN "
			      "pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0')::text, "
			      "d.oid, to_regclass('rc_meta')::oid, (SELECT value FROM rc_meta WHERE key = 'epoch'), "
			      "s.slot_name IS NOT NULL, "
			      "s.active, s.plugin = 'pgoutput' AND s.database = d.datname, "
			      "(s.confirmed_flush_lsn - '0/0')::text, (s.restart_lsn - '0/0')::text, "));
	buf_append_str(out, server_version >= 130000 ? RC_STR("s.wal_status = 'lost', ") : RC_STR("false, "));
	buf_append_str(out, RC_STR("EXISTS (SELECT FROM pg_publication WHERE pubname = "));
	pgf_append_literal(out, publication);
	/* Our own former connection may hold the slot until the server notices that it is dead. */
	buf_printf(out,
		   "), CASE WHEN s.active_pid = %d AND s.active_pid <> pg_backend_pid() THEN "
		   "pg_terminate_backend(s.active_pid) END FROM pg_database d LEFT JOIN pg_replication_slots s ON "
		   "s.slot_name = ",
		   old_backend);
	pgf_append_literal(out, slot);
	buf_append_str(out, RC_STR(" WHERE d.datname = current_database()"));
}

void pgf_facts_read(struct pgf_facts *facts, const PGresult *result)
{
	facts->standby = pgf_bool(result, 0, 0);
	facts->head = pgf_u64(result, 0, 1);
	facts->database = pgf_u64(result, 0, 2);
	facts->meta = pgf_u64(result, 0, 3);
	snprintf(facts->epoch, sizeof(facts->epoch), "%s", pgf_text(result, 0, 4));
	facts->slot_there = pgf_bool(result, 0, 5);
	facts->slot_active = pgf_bool(result, 0, 6);
	facts->slot_ours = pgf_bool(result, 0, 7);
	facts->confirmed = pgf_u64(result, 0, 8);
	facts->restart = pgf_u64(result, 0, 9);
	facts->slot_lost = pgf_bool(result, 0, 10);
	facts->published = pgf_bool(result, 0, 11);
}

void pgf_facts_identify(struct pgf_facts *facts, const PGresult *result)
{
	facts->system = pgf_u64(result, 0, 0);
	facts->timeline = (uint32_t)pgf_u64(result, 0, 1);
}

static int command(struct pgf_stream *stream, const char *sql, enum pgf_stream_state then)
{
	int rc = pgf_link_send(&stream->link, sql, clock_mono_us() + ANSWER_US, &stream->fault);

	if (rc != RC_OK)
		return fail(stream, rc);
	stream->state = then;
	return RC_OK;
}

static int step_down(struct pgf_stream *stream)
{
	if (clock_mono_us() < stream->retry_us)
		return stream->fault.err ? stream->fault.err : RC_UNAVAILABLE;
	stream->facts = (struct pgf_facts){0};
	pgf_link_open(&stream->link, stream->address, stream->host, PGF_REPLICATION, clock_mono_us() + CONNECT_US);
	stream->state = PGF_CONNECTING;
	return RC_OK;
}

static int step_connecting(struct pgf_stream *stream)
{
	int rc = pgf_link_connect(&stream->link, &stream->fault);

	if (rc == RC_AGAIN)
		return rc;
	return rc == RC_OK ? command(stream, "IDENTIFY_SYSTEM", PGF_IDENTIFYING) : fail(stream, rc);
}

static int step_identifying(struct pgf_stream *stream)
{
	struct buf sql = BUF_INIT;
	int rc = pgf_link_result(&stream->link, &stream->fault);

	if (rc == RC_AGAIN)
		return rc;
	if (rc != RC_OK)
		return fail(stream, rc);
	pgf_facts_identify(&stream->facts, stream->link.result);
	pgf_facts_sql(&sql, stream->slot, stream->publication, PQserverVersion(stream->link.conn), stream->old_backend);
	rc = command(stream, buf_cstr(&sql), PGF_INSPECTING);
	buf_release(&sql);
	return rc;
}

static int step_inspecting(struct pgf_stream *stream)
{
	int rc = pgf_link_result(&stream->link, &stream->fault);

	if (rc == RC_AGAIN)
		return rc;
	if (rc != RC_OK)
		return fail(stream, rc);
	pgf_facts_read(&stream->facts, stream->link.result);
	stream->state = PGF_JUDGED;
	return PGF_STREAM_JUDGE;
}

void pgf_stream_start(struct pgf_stream *stream, uint64_t lsn)
{
	char text[PGF_LSN_TEXT_MAX];
	struct buf sql = BUF_INIT;

	buf_append_str(&sql, RC_STR("START_REPLICATION SLOT "));
	pgf_append_name(&sql, stream->slot);
	buf_printf(&sql, " LOGICAL %s (proto_version '1', publication_names '\"%s\"'", pgf_lsn_format(lsn, text),
		   stream->publication);
	if (PQserverVersion(stream->link.conn) >= 140000)
		buf_append_str(&sql, RC_STR(", messages 'true', binary 'true'"));
	buf_append_char(&sql, ')');
	(void)command(stream, buf_cstr(&sql), PGF_STARTING);
	buf_release(&sql);
}

static int step_starting(struct pgf_stream *stream)
{
	int rc = pgf_link_result(&stream->link, &stream->fault);

	if (rc == RC_AGAIN)
		return rc;
	if (rc != RC_OK || PQresultStatus(stream->link.result) != PGRES_COPY_BOTH)
		return fail(stream, rc != RC_OK ? rc : RC_CORRUPT);
	stream->state = PGF_STREAMING;
	stream->failures = 0;
	stream->fault = (struct rc_fault){0};
	stream->heard_us = clock_mono_us();
	return RC_OK;
}

static int frame_read(struct pgf_stream *stream, int length, struct pgf_frame *frame)
{
	const char *p = stream->copy;

	stream->heard_us = clock_mono_us();
	stream->asked_us = 0;
	if (length >= 25 && *p == 'w') {
		*frame = (struct pgf_frame){.end = pgf_be64(p + 9), .payload = {p + 25, (size_t)length - 25}};
		return PGF_STREAM_FRAME;
	}
	if (length == 18 && *p == 'k') {
		*frame = (struct pgf_frame){.keepalive = true, .end = pgf_be64(p + 1), .reply_wanted = p[17] != 0};
		return PGF_STREAM_FRAME;
	}
	return fail(stream, rc_fault_set(&stream->fault, RC_CORRUPT, "the server sent a frame that is none"));
}

/* The server ended the copy: its refusal follows. */
static int step_ended(struct pgf_stream *stream)
{
	int rc = pgf_link_result(&stream->link, &stream->fault);

	if (rc == RC_OK || rc == RC_AGAIN)
		rc = pgf_refused(stream->link.conn, NULL, &stream->fault);
	return fail(stream, rc);
}

static int step_streaming(struct pgf_stream *stream, struct pgf_frame *frame)
{
	bool consumed = false;

	for (;;) {
		int length;

		PQfreemem(stream->copy);
		stream->copy = NULL;
		length = PQgetCopyData(stream->link.conn, &stream->copy, 1);
		if (length > 0)
			return frame_read(stream, length, frame);
		if (length < 0)
			return step_ended(stream);
		if (consumed)
			break;
		if (!PQconsumeInput(stream->link.conn) || pgf_link_flush(&stream->link) != RC_OK)
			return fail(stream, pgf_refused(stream->link.conn, NULL, &stream->fault));
		consumed = true;
	}
	return RC_AGAIN;
}

int pgf_stream_step(struct pgf_stream *stream, struct pgf_frame *frame)
{
	int rc = RC_OK;

	while (rc == RC_OK) {
		switch (stream->state) {
		case PGF_DOWN:
			rc = step_down(stream);
			break;
		case PGF_CONNECTING:
			rc = step_connecting(stream);
			break;
		case PGF_IDENTIFYING:
			rc = step_identifying(stream);
			break;
		case PGF_INSPECTING:
			rc = step_inspecting(stream);
			break;
		case PGF_JUDGED:
			rc = PGF_STREAM_JUDGE;
			break;
		case PGF_STARTING:
			rc = step_starting(stream);
			break;
		case PGF_STREAMING:
			rc = step_streaming(stream, frame);
			break;
		}
	}
	return rc;
}

static void put_be64(char *p, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		p[i] = (char)(value >> (56 - 8 * i));
}

void pgf_stream_status(struct pgf_stream *stream, uint64_t written, uint64_t flushed, bool ask)
{
	char status[34] = {'r'};

	if (stream->state != PGF_STREAMING)
		return;
	put_be64(status + 1, written);
	put_be64(status + 9, flushed);
	put_be64(status + 17, flushed);
	put_be64(status + 25, (uint64_t)(clock_wall_us() - PGF_EPOCH_US));
	status[33] = ask;
	if (ask && !stream->asked_us)
		stream->asked_us = clock_mono_us();
	/* A lost connection is noticed by the next reading. */
	if (PQputCopyData(stream->link.conn, status, sizeof(status)) == 1)
		(void)!pgf_link_flush(&stream->link);
}
