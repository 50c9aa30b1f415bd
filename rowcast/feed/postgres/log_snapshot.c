/*
 * Taking a slot, the first copy, and the history in front of it.
 *
 *   slot S    streams every commit that ends behind F (its confirmed_flush), in order, while S is ours
 *   copy      a second, temporary slot is made behind it; its exported snapshot sees exactly the commits that end at or
 *             before its consistent point c, and F ≤ c because S was there first
 *   so        what S streams up to c is in the copy: history (replay, or dropped); what it streams behind c is not: next
 *
 * One thing is left: a commit is in the log a moment before its rows can be seen. A snapshot built from the log may
 * count such a transaction as done; so nothing is read before all of those are done for everybody (await_visible).
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/copy.h"
#include "rowcast/feed/postgres/log.h"
#include "rowcast/feed/postgres/slot.h"
#include "rowcast/io/clock.h"

#define CONNECT_US  10000000
#define QUERY_US    10000000
#define SNAPSHOT_US 60000000
#define START_US    15000000
#define REPLAY_US   60000000 /* without progress */
#define BUSY_US     3000000  /* for a slot with a name of its own */
#define PAUSE_MS    20

/* Until something arrives, or a moment has passed. */
static void pause_for(struct log_feed *feed)
{
	struct pollfd fd = {.fd = feed->epoll_fd, .events = POLLIN};
	uint64_t turns;

	if (read(feed->timer_fd, &turns, sizeof(turns)) == sizeof(turns))
		log_status(feed, false);
	poll(&fd, 1, PAUSE_MS);
}

static void keep_alive(void *arg)
{
	log_status(arg, false);
}

/* The server's word on itself: take part in the history that it has, from where the slot stands or from now on. */
static int accept_server(struct log_feed *feed, PGconn *sql, bool history, struct rc_fault *fault)
{
	const struct pgf_facts *facts = &feed->stream.facts;
	char place[160];
	int rc;

	pgf_place(feed->stream.link.conn, place);
	if (facts->standby)
		return rc_fault_set(fault, RC_UNAVAILABLE, "%s is a standby", place);
	if (!facts->published)
		return rc_fault_set(fault, RC_MISMATCH, "%s has no publication %s; prepare the feed first", place,
				    feed->stream.publication);
	if (!facts->slot_there || !facts->slot_ours || facts->slot_lost)
		return RC_NOT_FOUND;
	if (facts->slot_active)
		return rc_fault_set(fault, RC_BUSY, "replication slot %s is read by somebody else on %s",
				    feed->stream.slot, place);
	rc = pgf_epoch_ensure(sql, facts, feed->gone ? feed->epoch.number : 0, clock_mono_us() + QUERY_US, &feed->epoch,
			      fault);
	if (rc != RC_OK)
		return rc;
	feed->identity = *facts;
	feed->flushed = feed->acked = facts->confirmed;
	feed->seen = feed->oldest = history ? facts->confirmed : facts->head;
	feed->head = facts->head;
	feed->catch_to = 0;
	pgf_stream_start(&feed->stream, history ? 0 : facts->head);
	return RC_OK;
}

/* Drive the stream until it streams. RC_BUSY: somebody else has the slot; RC_NOT_FOUND: it is not there. */
static int start(struct log_feed *feed, PGconn *sql, bool history, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + START_US;
	int rc;

	pgf_stream_stop(&feed->stream);
	log_restart(feed);
	feed->proof = (struct log_proof){0};
	feed->proving = false;
	feed->sample_count = 0;
	for (;;) {
		struct pgf_frame frame;

		rc = pgf_stream_step(&feed->stream, &frame);
		if (rc == PGF_STREAM_JUDGE) {
			rc = accept_server(feed, sql, history, fault);
			if (rc == RC_UNAVAILABLE && feed->address.host_count > 1)
				pgf_stream_fail(&feed->stream); /* to the next one */
			else if (rc != RC_OK)
				return rc;
			continue;
		}
		if (rc == PGF_STREAM_FRAME)
			return log_frame(feed, &frame);
		if (rc == RC_AGAIN && feed->stream.state == PGF_STREAMING)
			return RC_OK;
		if (rc != RC_AGAIN && (feed->address.host_count == 1 || rc == RC_BUSY))
			break;
		if (clock_mono_us() > deadline_us)
			break;
		pause_for(feed);
	}
	if (rc == RC_AGAIN)
		return rc_fault_set(fault, RC_TIMEOUT, "the server does not begin to stream slot %s",
				    feed->stream.slot);
	if (fault)
		*fault = feed->stream.fault;
	return rc;
}

/* Our former connection may still hold the slot; the server needs a moment to notice that it is closed. */
static int await_release(struct log_feed *feed, PGconn *sql, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + QUERY_US;
	bool held = true;
	char text[160];
	int rc = RC_OK;

	if (!feed->stream.old_backend)
		return RC_OK;
	snprintf(text, sizeof(text), "SELECT count(*) > 0 FROM pg_replication_slots WHERE active_pid = %d",
		 feed->stream.old_backend);
	while (rc == RC_OK && held && clock_mono_us() < deadline_us) {
		PGresult *result;

		rc = pgf_run(sql, text, deadline_us, &result, fault);
		held = rc == RC_OK && pgf_bool(result, 0, 0);
		PQclear(result);
		if (held)
			poll(NULL, 0, 2);
	}
	return rc;
}

static int learn_space(struct log_feed *feed, PGconn *sql, struct rc_fault *fault)
{
	PGresult *result;
	int rc = pgf_run(sql, "SELECT current_schema()", clock_mono_us() + QUERY_US, &result, fault);

	if (rc == RC_OK) {
		pgoutput_release(&feed->decoder);
		pgoutput_init(&feed->decoder, feed->schema, pgf_text(result, 0, 0));
	}
	PQclear(result);
	return rc;
}

static int acquire(struct log_feed *feed, PGconn *sql, PGconn *replication, bool history, struct rc_fault *fault)
{
	int64_t patience_us = clock_mono_us() + BUSY_US;
	uint64_t avoid = 0;
	int rc = await_release(feed, sql, fault);

	if (rc == RC_OK && *feed->stream.slot && feed->slot_useless)
		(void)!pgf_slot_drop(sql, feed->stream.slot, "it cannot be read any more", NULL);
	else if (rc == RC_OK && *feed->stream.slot && start(feed, sql, history, NULL) == RC_OK)
		return RC_OK;
	feed->slot_useless = false;
	while (rc == RC_OK) {
		rc = pgf_slot_choose(sql, replication, feed->schema, &feed->options, &avoid, feed->stream.slot, fault);
		if (rc == RC_OK)
			rc = start(feed, sql, history, fault);
		else if (!feed->options.name)
			break;
		if (rc == RC_OK || (rc != RC_BUSY && rc != RC_NOT_FOUND))
			break;
		if (feed->options.name) { /* perhaps the server has not noticed yet that its reader died */
			if (clock_mono_us() > patience_us)
				break;
			poll(NULL, 0, PAUSE_MS);
		}
		rc = RC_OK;
	}
	return rc;
}

int log_acquire(struct log_feed *feed, bool history, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + CONNECT_US;
	PGconn *sql = NULL, *replication = NULL;
	int rc;

	pgf_stream_stop(&feed->stream);
	rc = pgf_connect(&sql, &feed->address, PGF_SQL, deadline_us, fault);
	if (rc == RC_OK)
		rc = pgf_connect(&replication, &feed->address, PGF_REPLICATION, deadline_us, fault);
	if (rc == RC_OK)
		rc = learn_space(feed, sql, fault);
	if (rc == RC_OK)
		rc = acquire(feed, sql, replication, history, fault);
	pgf_watch_restart(&feed->watch);
	feed->fresh = rc == RC_OK && history;
	feed->stream.old_backend = 0;
	PQfinish(sql);
	PQfinish(replication);
	return rc;
}

/*
 * A snapshot's text form, as functions take it. One that was built from the log may begin behind its own end (xmin > xmax,
 * when the newest transactions it saw are all done); what is below xmin is done, so that is its end, too.
 */
static void append_snapshot(struct buf *out, const char *text)
{
	uint64_t begin = 0, end = 0;

	if (sscanf(text, "%" SCNu64 ":%" SCNu64, &begin, &end) == 2 && begin > end)
		buf_printf(out, "'%" PRIu64 ":%" PRIu64 ":'", begin, begin);
	else
		pgf_append_literal(out, text);
}

/* Until no transaction runs that the snapshot counts as done. */
static int await_visible(struct log_feed *feed, PGconn *sql, PGconn *other, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + QUERY_US;
	struct buf text = BUF_INIT;
	PGresult *result;
	bool clear = false;
	int rc;

	if (PQserverVersion(sql) < 130000)
		return RC_OK;
	rc = pgf_run(sql, "SELECT pg_current_snapshot()", deadline_us, &result, fault);
	buf_append_str(&text, RC_STR("SELECT count(*) = 0 FROM pg_snapshot_xip(pg_current_snapshot()) x WHERE "
				     "pg_visible_in_snapshot(x, "));
	append_snapshot(&text, rc == RC_OK ? pgf_text(result, 0, 0) : "");
	buf_append_char(&text, ')');
	PQclear(result);
	while (rc == RC_OK && !clear) {
		rc = pgf_run(other, buf_cstr(&text), deadline_us, &result, fault);
		clear = rc == RC_OK && pgf_bool(result, 0, 0);
		PQclear(result);
		if (rc == RC_OK && !clear && clock_mono_us() > deadline_us)
			rc = rc_fault_set(fault, RC_TIMEOUT, "a commit of the server does not come to its end");
	}
	buf_release(&text);
	return rc;
}

static int import(struct log_feed *feed, PGconn *sql, PGconn *replication, uint64_t *at, struct rc_fault *fault)
{
	struct buf text = BUF_INIT;
	char name[64];
	int rc = pgf_slot_snapshot(replication, clock_mono_us() + SNAPSHOT_US, keep_alive, feed, at, name, fault);

	if (rc == RC_OK)
		rc = pgf_do(sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", clock_mono_us() + QUERY_US, fault);
	buf_append_str(&text, RC_STR("SET TRANSACTION SNAPSHOT "));
	pgf_append_literal(&text, rc == RC_OK ? name : "");
	if (rc == RC_OK)
		rc = pgf_do(sql, buf_cstr(&text), clock_mono_us() + QUERY_US, fault);
	buf_release(&text);
	return rc == RC_OK ? await_visible(feed, sql, replication, fault) : rc;
}

static int copy(struct log_feed *feed, void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		uint64_t *at, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + CONNECT_US;
	struct pgf_copy copy = {.schema = feed->schema, .row = row, .arg = arg, .wait = keep_alive, .wait_arg = feed};
	PGconn *replication = NULL;
	int rc = pgf_connect(&copy.conn, &feed->address, PGF_SQL, deadline_us, fault);

	if (rc == RC_OK)
		rc = pgf_connect(&replication, &feed->address, PGF_REPLICATION, deadline_us, fault);
	if (rc == RC_OK)
		rc = import(feed, copy.conn, replication, at, fault);
	PQfinish(replication); /* the temporary slot ends; our transaction has the snapshot */
	if (rc == RC_OK)
		rc = pgf_copy_tables(&copy, fault);
	if (rc == RC_OK)
		rc = pgf_do(copy.conn, "COMMIT", clock_mono_us() + QUERY_US, fault);
	PQfinish(copy.conn);
	return rc;
}

int log_snapshot(struct rc_feed *base, void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		 struct rc_position *position, struct rc_fault *fault)
{
	struct log_feed *feed = log_of(base);
	bool new_history = feed->gone;
	uint64_t at = 0;
	int rc = RC_OK;

	if (feed->gone || !feed->fresh || feed->stream.state != PGF_STREAMING)
		rc = log_acquire(feed, !new_history, fault);
	if (rc == RC_OK) {
		feed->gone = false; /* a new epoch has begun, whatever becomes of the copy */
		rc = copy(feed, row, arg, &at, fault);
	}
	if (rc != RC_OK) {
		feed->gone |= new_history;
		return rc;
	}
	if (new_history)
		feed->oldest = at;
	feed->skip_to = feed->delivered = at;
	*position = (struct rc_position){feed->epoch.number, at};
	return RC_OK;
}

/* A transaction is ready. True: it lies behind the snapshot, and waits there. */
static bool replay_one(struct log_feed *feed, uint64_t after, struct rc_arena *arena,
		       void (*txn)(void *arg, const struct rc_txn *txn), void *arg)
{
	struct rc_txn out;

	if (feed->commit.end_lsn > feed->skip_to)
		return true;
	if (feed->commit.end_lsn <= after)
		(void)!log_decode(feed, NULL, NULL);
	else if (log_decode(feed, arena, &out) == RC_OK)
		txn(arg, &out);
	rc_arena_reset(arena);
	return false;
}

int log_replay(struct rc_feed *base, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
	       void *arg)
{
	struct log_feed *feed = log_of(base);
	int64_t progress_us = clock_mono_us();
	uint64_t seen = feed->seen;
	size_t arrived = feed->raw.len; /* of the transaction under way, which may be long */
	struct rc_position oldest;
	struct rc_arena arena;
	int rc = base->source->oldest(base, &oldest);

	if (rc != RC_OK)
		return rc;
	if (feed->gone || after.epoch != feed->epoch.number || after.n > feed->skip_to || after.n < oldest.n ||
	    (!feed->fresh && after.n < feed->skip_to))
		return RC_GONE;
	rc_arena_init(&arena, 65536);
	while (feed->seen < feed->skip_to || feed->ready) {
		rc = feed->gone ? RC_GONE : log_pump(feed);
		if (rc == RC_GONE)
			break;
		if (rc == RC_OK || feed->seen > seen || feed->raw.len != arrived)
			progress_us = clock_mono_us();
		seen = feed->seen;
		arrived = feed->raw.len;
		if (rc == RC_OK) {
			if (replay_one(feed, after.n, &arena, txn, arg))
				break;
			continue;
		}
		if (clock_mono_us() - progress_us > REPLAY_US)
			break;
		log_status(feed, true);
		pause_for(feed);
	}
	rc_arena_release(&arena);
	if (feed->gone)
		return RC_GONE;
	if (feed->seen < feed->skip_to) /* the rest of it is missing */
		return rc == RC_AGAIN ? RC_TIMEOUT : rc;
	feed->delivered = feed->skip_to;
	return RC_OK;
}
