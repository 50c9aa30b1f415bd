/* log.h tells how the parts hang together. */
#include "rowcast/feed/postgres/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"

#define KEEP_DEFAULT_US INT64_C(600000000)
#define TICK_US         1000000
#define ASK_US          1000000   /* of silence: ask whether it is there */
#define SILENT_US       3000000   /* without an answer: what we know may be old */
#define DEAD_US         120000000 /* connect anew */
#define BEAT_BYTES      16384     /* of others' log before a heartbeat is written */

static void arm(struct log_feed *feed, int64_t first_us)
{
	int64_t tick_us = pgf_watch_us < TICK_US ? pgf_watch_us : TICK_US;
	struct itimerspec when;

	if (first_us < 1000)
		first_us = 1000;
	if (first_us > tick_us)
		first_us = tick_us;
	when.it_interval = (struct timespec){.tv_sec = tick_us / 1000000, .tv_nsec = tick_us % 1000000 * 1000};
	when.it_value = (struct timespec){.tv_sec = first_us / 1000000, .tv_nsec = first_us % 1000000 * 1000};
	timerfd_settime(feed->timer_fd, 0, &when, NULL);
}

int log_gap(struct log_feed *feed, const char *why)
{
	log_event(LOG_WARN, "feed-gap", "the change log is not continuous; a new epoch begins", LOG_S("reason", why),
		  LOG_S("slot", feed->stream.slot));
	feed->gone = true;
	feed->unpublished = false; /* what is still missing is seen again */
	feed->gaps++;
	pgf_stream_stop(&feed->stream);
	log_restart(feed);
	return RC_GONE;
}

/* Where we were keep_us ago; samples are taken often enough that the ring holds keep_us. */
static uint64_t kept_from(struct log_feed *feed, uint64_t safe)
{
	int64_t now_us = clock_mono_us(), keep_us = feed->options.keep_us;
	const struct log_sample *last = &feed->samples[(feed->sample_count - 1) % LOG_SAMPLES];
	uint64_t lsn = feed->flushed;

	if (keep_us <= 0)
		keep_us = KEEP_DEFAULT_US;
	if (feed->sample_count == 0 || now_us - last->at_us >= keep_us / (LOG_SAMPLES - 2))
		feed->samples[feed->sample_count++ % LOG_SAMPLES] = (struct log_sample){now_us, safe};
	for (uint32_t i = 0; i < LOG_SAMPLES && i < feed->sample_count; i++) {
		const struct log_sample *sample = &feed->samples[i];

		if (sample->at_us <= now_us - keep_us && sample->lsn > lsn)
			lsn = sample->lsn;
	}
	return lsn;
}

/* The last transaction stays until the next one, as proof. Before version 14 there are no heartbeats to follow it. */
static uint64_t safe_lsn(const struct log_feed *feed)
{
	bool beats = feed->stream.link.conn && PQserverVersion(feed->stream.link.conn) >= 140000;

	return feed->proof.valid && (beats || feed->ready) ? feed->proof.after : feed->seen;
}

static uint64_t wanted_flush(struct log_feed *feed)
{
	uint64_t safe = safe_lsn(feed), lsn;

	if (feed->options.manual_ack)
		lsn = feed->acked >= feed->delivered ? safe : feed->acked;
	else
		lsn = kept_from(feed, safe);
	if (!feed->options.manual_ack && feed->options.keep_bytes && feed->head > feed->options.keep_bytes &&
	    lsn < feed->head - feed->options.keep_bytes)
		lsn = feed->head - feed->options.keep_bytes;
	return lsn < safe ? lsn : safe;
}

void log_status(struct log_feed *feed, bool ask)
{
	uint64_t flush = wanted_flush(feed);

	if (flush > feed->flushed)
		feed->flushed = flush;
	if (feed->flushed > feed->oldest)
		feed->oldest = feed->flushed;
	pgf_stream_status(&feed->stream, feed->seen, feed->flushed, ask);
}

/* The server's answer after a reconnect: is it the history that we know, and can we go on behind what we read? */
static int judge(struct log_feed *feed)
{
	const struct pgf_facts *facts = &feed->stream.facts;
	uint64_t from = feed->proof.valid && feed->proof.after >= facts->confirmed ? feed->proof.after : feed->seen;
	char place[160];

	pgf_place(feed->stream.link.conn, place);
	if (facts->standby) {
		rc_fault_set(&feed->stream.fault, RC_UNAVAILABLE, "%s is a standby", place);
		pgf_stream_fail(&feed->stream);
		return RC_UNAVAILABLE;
	}
	if (facts->system != feed->identity.system || facts->timeline != feed->identity.timeline ||
	    facts->database != feed->identity.database)
		return log_gap(feed, "another server, timeline or database answers");
	if (facts->meta != feed->identity.meta)
		return log_gap(feed, "a backup was put back");
	if (feed->epoch.stored && strcmp(facts->epoch, feed->epoch.text) != 0)
		return log_gap(feed, "the stored epoch is another");
	if (!facts->slot_there || !facts->slot_ours || facts->slot_lost) {
		feed->slot_useless = facts->slot_lost;
		return log_gap(feed, facts->slot_lost ? "the server has removed log that we had not read"
						      : "the replication slot is not there any more");
	}
	if (facts->head < feed->seen)
		return log_gap(feed, "the server's log ends in front of what was read");
	if (facts->confirmed > from)
		return log_gap(feed, "the replication slot stands behind what was read");
	if (facts->slot_active) {
		rc_fault_set(&feed->stream.fault, RC_BUSY, "replication slot %s is read by somebody else on %s",
			     feed->stream.slot, place);
		pgf_stream_fail(&feed->stream);
		return RC_BUSY;
	}
	log_restart(feed);
	feed->proving = feed->proof.valid && from == feed->proof.after;
	feed->catch_to = facts->head;
	pgf_stream_start(&feed->stream, from);
	return RC_OK;
}

/* It is down, or not up yet. */
static int lost(struct log_feed *feed, int rc)
{
	if (strcmp(feed->stream.sqlstate, "42704") == 0 && strstr(feed->stream.fault.message, "publication")) {
		feed->slot_useless = true;
		*feed->stream.sqlstate = 0;
		return log_gap(feed, "the publication is not there, or was made after the slot");
	}
	if (!feed->down && rc != RC_AGAIN) {
		log_event(LOG_WARN, "feed-lost", "the server's log cannot be read; trying again",
			  LOG_S("reason", feed->stream.fault.message));
		feed->down = true;
		feed->reconnects++;
	}
	arm(feed, feed->stream.state == PGF_DOWN ? feed->stream.retry_us - clock_mono_us() : TICK_US);
	return rc == RC_AGAIN ? RC_UNAVAILABLE : rc;
}

static void up(struct log_feed *feed)
{
	if (feed->down)
		log_event(LOG_INFO, "feed-back", "the server's log is read again", LOG_S("slot", feed->stream.slot));
	feed->down = false;
}

/* Nothing is there to be read: is that because nothing happened? */
static int quiet(struct log_feed *feed)
{
	int64_t now_us = clock_mono_us();

	if (feed->stream.asked_us && now_us - feed->stream.asked_us > DEAD_US) {
		rc_fault_set(&feed->stream.fault, RC_TIMEOUT, "the server has not answered for %d s",
			     DEAD_US / 1000000);
		pgf_stream_fail(&feed->stream);
		return lost(feed, RC_UNAVAILABLE);
	}
	if (feed->stream.asked_us && now_us - feed->stream.asked_us > SILENT_US)
		return RC_UNAVAILABLE;
	if (feed->catch_to > feed->seen)
		return RC_UNAVAILABLE;
	feed->catch_to = 0;
	up(feed);
	return RC_AGAIN;
}

int log_pump(struct log_feed *feed)
{
	struct pgf_frame frame;
	int rc = RC_OK;

	while (rc == RC_OK && !feed->ready) {
		rc = pgf_stream_step(&feed->stream, &frame);
		if (rc == PGF_STREAM_JUDGE)
			rc = judge(feed);
		else if (rc == PGF_STREAM_FRAME)
			rc = log_frame(feed, &frame);
		else if (rc == RC_AGAIN && feed->stream.state == PGF_STREAMING)
			return quiet(feed);
		else
			return lost(feed, rc);
	}
	if (rc == RC_OK)
		up(feed);
	return rc == RC_OK || rc == RC_GONE ? rc : lost(feed, rc);
}

/* What the second connection saw. */
static int seen_from_aside(struct log_feed *feed, const struct pgf_sight *sight)
{
	uint64_t limit = feed->options.keep_bytes, read = feed->options.manual_ack ? feed->acked : safe_lsn(feed);

	feed->kept_bytes = sight->restart && sight->head > sight->restart ? (int64_t)(sight->head - sight->restart) : 0;
	if (feed->gone)
		return RC_GONE;
	if (feed->epoch.stored && strcmp(sight->epoch, feed->epoch.text) != 0)
		return log_gap(feed, "the stored epoch is another");
	if (sight->tables_missing > 0 && !feed->unpublished)
		log_event(LOG_ERROR, "feed-publication",
			  "captured tables are not in the publication; their changes are missed",
			  LOG_I("tables", sight->tables_missing), LOG_S("publication", feed->stream.publication));
	if (sight->tables_missing == 0 && feed->unpublished)
		return log_gap(feed, "captured tables were not in the publication for a while");
	feed->unpublished = sight->tables_missing > 0;
	if (limit && sight->head > read && sight->head - read > limit)
		return log_gap(feed, "the reader stands still, and the server keeps more log than is allowed");
	return RC_OK;
}

static int look_aside(struct log_feed *feed)
{
	bool beat = !feed->in_txn && !feed->gone && feed->head > feed->proof.end + BEAT_BYTES;
	struct pgf_sight sight;

	if (!*feed->stream.slot ||
	    !pgf_watch_step(&feed->watch, feed->stream.slot, feed->stream.publication, beat, &sight))
		return RC_OK;
	return seen_from_aside(feed, &sight);
}

static int log_next(struct rc_feed *base, struct rc_arena *arena, struct rc_txn *out)
{
	struct log_feed *feed = log_of(base);
	int rc = look_aside(feed);

	while (rc == RC_OK || rc == RC_NOT_FOUND) {
		if (feed->gone)
			return RC_GONE;
		if (feed->unpublished)
			return RC_MISMATCH;
		rc = log_pump(feed);
		if (rc != RC_OK)
			break;
		if (feed->commit.end_lsn > feed->skip_to) {
			rc = log_decode(feed, arena, out);
			if (rc == RC_OK)
				return RC_OK;
		} else {
			rc = log_decode(feed, NULL, NULL);
		}
	}
	return rc;
}

static void log_attend(struct rc_feed *base)
{
	struct log_feed *feed = log_of(base);
	uint64_t turns;

	(void)!look_aside(feed);
	if (read(feed->timer_fd, &turns, sizeof(turns)) != sizeof(turns))
		return;
	log_status(feed, clock_mono_us() - feed->stream.heard_us > ASK_US);
}

static int log_oldest(struct rc_feed *base, struct rc_position *out)
{
	const struct log_feed *feed = log_of(base);
	uint64_t n = feed->oldest > feed->epoch.start ? feed->oldest : feed->epoch.start;

	*out = (struct rc_position){feed->epoch.number, n};
	return RC_OK;
}

static int log_when(struct rc_feed *base, uint64_t n, int64_t *us)
{
	const struct log_feed *feed = log_of(base);

	for (uint32_t i = 0; i < LOG_RECENT && i < feed->recent_count; i++) {
		if (feed->recent[i].n == n) {
			*us = feed->recent[i].us;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}

static int log_ack(struct rc_feed *base, struct rc_position position)
{
	struct log_feed *feed = log_of(base);

	if (position.epoch != feed->epoch.number)
		return RC_GONE;
	if (position.n > feed->acked)
		feed->acked = position.n;
	return RC_OK;
}

static void log_stats(struct rc_feed *base, struct rc_feed_stats *out)
{
	const struct log_feed *feed = log_of(base);

	out->connected = feed->stream.state == PGF_STREAMING;
	out->kept_bytes = feed->kept_bytes;
	out->behind_bytes = feed->head > feed->seen ? (int64_t)(feed->head - feed->seen) : 0;
	out->heard_us = feed->stream.heard_us;
	out->gaps = feed->gaps;
	out->reconnects = feed->reconnects;
}

static int log_fd(const struct rc_feed *base)
{
	return log_of(base)->epoll_fd;
}

static void log_close(struct rc_feed *base)
{
	struct log_feed *feed = log_of(base);

	pgf_stream_release(&feed->stream); /* so that a restarted program finds its slot free */
	pgf_watch_release(&feed->watch);
	pgoutput_release(&feed->decoder);
	pgf_address_release(&feed->address);
	buf_release(&feed->raw);
	if (feed->timer_fd >= 0)
		close(feed->timer_fd);
	if (feed->epoll_fd >= 0)
		close(feed->epoll_fd);
	free(feed->name);
	free(feed);
}

static int make_timer(struct log_feed *feed, struct rc_fault *fault)
{
	struct epoll_event event = {.events = EPOLLIN};

	feed->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	feed->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	event.data.fd = feed->timer_fd;
	if (feed->epoll_fd < 0 || feed->timer_fd < 0 ||
	    epoll_ctl(feed->epoll_fd, EPOLL_CTL_ADD, feed->timer_fd, &event) != 0)
		return rc_fault_set(fault, RC_IO, "cannot make the feed's timer: %s", strerror(errno));
	arm(feed, TICK_US);
	return RC_OK;
}

static int log_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		    const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct log_feed *feed = rc_xcalloc(1, sizeof(*feed));
	int rc;

	feed->base.source = &feed_postgres_log;
	feed->schema = schema;
	feed->options = *options;
	if (options->name)
		feed->options.name = feed->name = rc_xstrdup(options->name);
	feed->timer_fd = -1;
	feed->kept_bytes = -1;
	rc = make_timer(feed, fault);
	if (rc == RC_OK)
		rc = pgf_address_parse(&feed->address, url, fault);
	pgf_stream_init(&feed->stream, &feed->address, feed->epoll_fd);
	pgf_watch_init(&feed->watch, &feed->address, schema, options->keep_bytes, feed->epoll_fd);
	log_publication_name(feed->stream.publication, schema);
	if (rc == RC_OK)
		rc = log_acquire(feed, true, fault);
	if (rc != RC_OK) {
		log_close(&feed->base);
		return rc;
	}
	feed->skip_to = feed->delivered = feed->stream.facts.head; /* the newest one */
	*out = &feed->base;
	return RC_OK;
}

const struct feed_source feed_postgres_log = {
	.scheme = "postgres",
	.scheme_alias = "postgresql",
	.kind = RC_FEED_LOG,
	.prepare = log_prepare,
	.open = log_open,
	.close = log_close,
	.snapshot = log_snapshot,
	.next = log_next,
	.replay = log_replay,
	.oldest = log_oldest,
	.when = log_when,
	.ack = log_ack,
	.stats = log_stats,
	.fd = log_fd,
	.attend = log_attend,
};
