/*
 * The MariaDB feed by triggers: where the binlog may not be read, triggers write every change into rc_log in the writer's
 * own transaction (outbox.h), a thread reads it (poller.c), and the owner decodes what the queue holds.
 *
 * A position is a number of rc_log. Continuity is proven at every look, as SQLite's source does: the stored epoch is ours,
 * the row at our position is the one we read, numbers follow without a gap; and once a second and at each start that
 * tables and triggers are the ones that the epoch began with (`print`). Any of these failing ends the epoch.
 *
 *   rc_meta  feed = "triggers START PRINT": START is the number with which the epoch began
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/epoch.h"
#include "rowcast/feed/mariadb/outbox.h"
#include "rowcast/feed/mariadb/poller.h"
#include "rowcast/feed/mariadb/prepare.h"
#include "rowcast/feed/mariadb/rows.h"
#include "rowcast/feed/source.h"

struct trigger_feed {
	struct rc_feed base;
	struct rc_arena arena;
	struct url url;
	const struct rc_schema *schema;
	struct poller poller;
	struct epoch epoch;
	char print[OUTBOX_PRINT_MAX];
	uint64_t at, start; /* newest delivered, or the snapshot's; where the epoch began */
	bool gone;          /* a new epoch began; next says so until the snapshot */
	uint64_t gaps;
	bool asked_once; /* since the snapshot, behind which the thread may not be connected yet */
};

static struct trigger_feed *of(const struct rc_feed *feed)
{
	return (struct trigger_feed *)(uintptr_t)feed;
}

static int newest(struct link *link, uint64_t *n, struct rc_fault *fault)
{
	char text[32];
	int rc = maria_link_text(link, "SELECT n FROM rc_seq", "look at table rc_seq", text, sizeof(text), fault);

	if (rc == RC_OK && rc_str_to_u64(rc_str_from(text), n) != RC_OK)
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: the counter of table rc_seq is no number", link->name);
	return rc;
}

/* The stored epoch, if it goes on, or a new one. `broken`: its number will not do any more; 0: any may. */
static int take_epoch(struct trigger_feed *feed, struct link *link, uint64_t broken, struct rc_fault *fault)
{
	char print[OUTBOX_PRINT_MAX], text[EPOCH_FEED_MAX];
	uint64_t head;
	int rc = maria_outbox_check(link, feed->schema, fault);

	if (rc == RC_OK)
		rc = maria_prepare_cascades(link, feed->schema, fault);
	if (rc == RC_OK)
		rc = maria_outbox_print(link, feed->schema, feed->print, fault);
	if (rc == RC_OK)
		rc = newest(link, &head, fault);
	if (rc != RC_OK)
		return rc;
	rc = maria_epoch_read(link, &feed->epoch, fault);
	if (rc == RC_OK && feed->epoch.number != broken &&
	    sscanf(feed->epoch.feed, "triggers %" SCNu64 " %19s", &feed->start, print) == 2 &&
	    strcmp(print, feed->print) == 0 && feed->start <= head)
		return RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	feed->start = head;
	snprintf(text, sizeof(text), "triggers %" PRIu64 " %s", head, feed->print);
	rc = maria_epoch_begin(link, feed->epoch.number, text, &feed->epoch, fault);
	if (rc == RC_OK) /* it may be somebody else's */
		(void)sscanf(feed->epoch.feed, "triggers %" SCNu64, &feed->start);
	return rc;
}

/* History is broken: a new epoch, and RC_GONE until the snapshot. Where it cannot be written now, later. */
static int end_epoch(struct trigger_feed *feed, const char *reason)
{
	const struct epoch before = feed->epoch;
	const uint64_t start = feed->start;
	struct rc_fault fault = {0};
	struct link link;
	int rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);

	if (rc == RC_OK) {
		rc = take_epoch(feed, &link, feed->epoch.number, &fault);
		maria_link_close(&link);
	}
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "feed-gap", "the change log is not continuous, and no new epoch can be begun",
			  LOG_S("reason", reason), LOG_S("error", fault.message));
		feed->epoch = before;
		feed->start = start;
		return rc;
	}
	log_event(LOG_WARN, "feed-gap", "the change log is not continuous; a new epoch begins",
		  LOG_S("reason", reason));
	maria_poller_stop(&feed->poller);
	feed->gaps++;
	feed->gone = true;
	return RC_GONE;
}

static void trigger_close(struct rc_feed *base)
{
	struct trigger_feed *feed = of(base);

	maria_poller_release(&feed->poller);
	rc_arena_release(&feed->arena);
	free(feed);
}

static int begin(struct trigger_feed *feed, struct rc_fault *fault)
{
	struct outbox_row at = {0};
	struct link link;
	int rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, fault);

	if (rc != RC_OK)
		return rc;
	rc = take_epoch(feed, &link, 0, fault);
	if (rc == RC_OK)
		rc = newest(&link, &at.n, fault);
	maria_link_close(&link);
	if (rc != RC_OK)
		return rc;
	feed->at = at.n;
	return maria_poller_start(&feed->poller, &at, false, feed->epoch.text, feed->print, fault);
}

static int trigger_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
			const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct trigger_feed *feed = rc_xcalloc(1, sizeof(*feed));
	int rc;

	feed->base.source = &feed_mariadb_triggers;
	feed->schema = schema;
	rc_arena_init(&feed->arena, 1024);
	rc = maria_poller_init(&feed->poller, &feed->url, schema, fault);
	if (rc == RC_OK)
		rc = maria_link_parse(url, &feed->arena, &feed->url, fault);
	if (rc == RC_OK)
		rc = begin(feed, fault);
	if (rc != RC_OK) {
		trigger_close(&feed->base);
		return rc;
	}
	*out = &feed->base;
	return RC_OK;
}

static int trigger_next(struct rc_feed *base, struct rc_arena *arena, struct rc_txn *out)
{
	struct trigger_feed *feed = of(base);
	struct rc_change *changes;
	struct queue_item *item;
	enum queue_state state;
	uint32_t count;
	int rc;

	if (feed->gone)
		return RC_GONE;
	do {
		rc = maria_queue_pop(&feed->poller.queue, &item, &state);
		if (rc == RC_GONE)
			return end_epoch(feed, feed->poller.queue.why);
		if (rc != RC_OK)
			return rc;
		rc = maria_outbox_unpack(feed->schema, rc_arena_copy(arena, buf_str(&item->bytes)), arena, &changes,
					 &count);
		rc_check(rc == RC_OK); /* we packed it */
		feed->at = item->n;
		*out = (struct rc_txn){
			.position = {feed->epoch.number, item->n},
			.mark = item->mark,
			.committed_us = item->committed_us,
			.change_count = count,
			.changes = changes,
		};
		maria_queue_free(item);
	} while (out->change_count == 0 && out->mark.writer == 0);
	return RC_OK;
}

static int no_group(void *arg, struct outbox_group *group)
{
	return RC_OK; /* only the row at our own position is read */
}

/* The row at the snapshot's position, if there is one. */
static int read_own_row(struct trigger_feed *feed, struct link *link, struct outbox_row *at, bool *known,
			struct rc_fault *fault)
{
	const char *why = NULL;
	return maria_outbox_read(link, feed->schema, at->n, at, known, no_group, NULL, &why, fault);
}

/* In one consistent read: number, rows. RC_GONE: the epoch or the tables are others now. */
static int snapshot_in_tx(struct trigger_feed *feed, struct link *link,
			  void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
			  struct outbox_row *at, bool *known, struct rc_fault *fault)
{
	static const char act[] = "begin a snapshot";
	struct epoch epoch;
	int rc = maria_link_run(link, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", act, fault);

	*at = (struct outbox_row){0};
	*known = false;
	if (rc == RC_OK)
		rc = maria_link_run(link, "START TRANSACTION WITH CONSISTENT SNAPSHOT", act, fault);
	if (rc == RC_OK)
		rc = newest(link, &at->n, fault);
	if (rc == RC_OK)
		rc = read_own_row(feed, link, at, known, fault);
	if (rc != RC_OK)
		return rc;
	rc = maria_epoch_read(link, &epoch, fault);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && epoch.number != feed->epoch.number))
		return RC_GONE;
	return rc == RC_OK ? maria_rows_all(link, feed->schema, row, arg, fault) : rc;
}

static int trigger_snapshot(struct rc_feed *base, void (*row)(void *arg, const struct rc_model *model, const void *row),
			    void *arg, struct rc_position *at, struct rc_fault *fault)
{
	struct trigger_feed *feed = of(base);
	struct outbox_row own;
	struct link link;
	bool known;
	int rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, fault);

	if (rc != RC_OK)
		return rc;
	maria_poller_stop(&feed->poller);
	/* Before the first row: somebody else began an epoch. Take part in it. */
	do {
		rc = snapshot_in_tx(feed, &link, row, arg, &own, &known, fault);
		if (rc == RC_GONE) {
			rc = maria_link_run(&link, "ROLLBACK", "begin a snapshot", fault);
			if (rc == RC_OK)
				rc = take_epoch(feed, &link, 0, fault);
			rc = rc == RC_OK ? RC_GONE : rc;
		}
	} while (rc == RC_GONE);
	maria_link_close(&link);
	if (rc == RC_OK)
		rc = maria_poller_start(&feed->poller, &own, known, feed->epoch.text, feed->print, fault);
	if (rc != RC_OK)
		return rc;
	feed->gone = feed->asked_once = false;
	feed->at = own.n;
	*at = (struct rc_position){feed->epoch.number, own.n};
	return RC_OK;
}

/* The oldest row's number, less one; where there is none, our own position. */
static int read_oldest(struct trigger_feed *feed, struct link *link, uint64_t *n, struct rc_fault *fault)
{
	char text[32];
	int rc = maria_link_text(link, "SELECT n - 1 FROM rc_log ORDER BY n LIMIT 1", "read table rc_log", text,
				 sizeof(text), fault);

	*n = feed->at;
	if (rc == RC_OK && rc_str_to_u64(rc_str_from(text), n) != RC_OK)
		return rc_fault_set(fault, RC_CORRUPT, "%s: a row of rc_log cannot be read", link->name);
	if (*n < feed->start)
		*n = feed->start;
	if (*n > feed->at)
		*n = feed->at;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static void cannot(const struct rc_fault *fault)
{
	log_event(LOG_WARN, "feed-history", "the change log's past cannot be read", LOG_S("reason", fault->message));
}

static int trigger_oldest(struct rc_feed *base, struct rc_position *out)
{
	struct trigger_feed *feed = of(base);
	struct rc_fault fault = {0};
	struct link link;
	uint64_t n = 0;
	int rc;

	/* Asked every few seconds by somebody who cannot wait for a server that is not there. */
	if (!feed->gone && !atomic_load_explicit(&feed->poller.connected, memory_order_relaxed) && feed->asked_once)
		return RC_UNAVAILABLE;
	feed->asked_once = true;
	rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);

	if (rc == RC_OK)
		rc = read_oldest(feed, &link, &n, &fault);
	maria_link_close(&link);
	if (rc != RC_OK)
		cannot(&fault);
	*out = (struct rc_position){feed->epoch.number, n};
	return rc;
}

static int trigger_when(struct rc_feed *base, uint64_t n, int64_t *us)
{
	struct trigger_feed *feed = of(base);
	struct rc_fault fault = {0};
	struct link link;
	char sql[96], text[32];
	int rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);

	snprintf(sql, sizeof(sql), "SELECT at FROM rc_log WHERE n = %" PRIu64, n);
	if (rc == RC_OK)
		rc = maria_link_text(&link, sql, "read table rc_log", text, sizeof(text), &fault);
	maria_link_close(&link);
	if (rc == RC_OK && rc_str_to_i64(rc_str_from(text), us) != RC_OK)
		rc = RC_CORRUPT;
	return rc;
}

struct replay {
	struct trigger_feed *feed;
	void (*txn)(void *arg, const struct rc_txn *txn);
	void *arg;
	struct rc_arena arena;
};

static int replay_group(void *arg, struct outbox_group *group)
{
	struct replay *replay = arg;
	struct rc_change *changes;
	struct rc_txn out;
	uint32_t count;

	if (maria_outbox_unpack(replay->feed->schema, buf_str(&group->packed), &replay->arena, &changes, &count) !=
	    RC_OK)
		return RC_GONE;
	out = (struct rc_txn){
		.position = {replay->feed->epoch.number, group->last.n},
		.mark = group->last.mark,
		.committed_us = group->last.at_us,
		.change_count = count,
		.changes = changes,
	};
	if (count > 0)
		replay->txn(replay->arg, &out);
	rc_arena_reset(&replay->arena);
	return RC_OK;
}

static int trigger_replay(struct rc_feed *base, struct rc_position after,
			  void (*txn)(void *arg, const struct rc_txn *txn), void *arg)
{
	struct trigger_feed *feed = of(base);
	struct replay replay = {.feed = feed, .txn = txn, .arg = arg};
	struct outbox_row at = {.n = after.n};
	const char *why = NULL;
	struct rc_fault fault = {0};
	struct link link;
	uint64_t oldest;
	bool known = false;
	int rc;

	if (feed->gone || after.epoch != feed->epoch.number || after.n > feed->at || after.n < feed->start)
		return RC_GONE;
	rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);
	if (rc == RC_OK)
		rc = read_oldest(feed, &link, &oldest, &fault);
	if (rc == RC_OK && after.n < oldest)
		rc = RC_GONE;
	if (rc == RC_OK) {
		rc_arena_init(&replay.arena, 64 * 1024);
		rc = maria_outbox_read(&link, feed->schema, feed->at, &at, &known, replay_group, &replay, &why, &fault);
		rc_arena_release(&replay.arena);
	}
	maria_link_close(&link);
	if (rc != RC_OK && rc != RC_GONE)
		cannot(&fault);
	return rc;
}

/* Without PROCESS nobody tells us of TRUNCATE. */
static void warn_truncate(struct link *link)
{
	struct rc_fault ignored;
	char text[32];

	if (maria_link_text(link, "SELECT COUNT(*) FROM information_schema.innodb_sys_tables", "look", text,
			    sizeof(text), &ignored) != RC_OK)
		log_event(LOG_WARN, "feed-setting",
			  "TRUNCATE TABLE of a captured table will not be noticed; GRANT PROCESS ON *.* TO the user is "
			  "advised",
			  LOG_S("server", link->name));
}

static int install(struct link *link, const struct rc_schema *schema, struct rc_fault *fault)
{
	bool made = false;
	int rc = maria_prepare_mark(link, fault);

	if (rc == RC_OK)
		rc = maria_outbox_make(link, schema, &made, fault);
	/* Changes may have gone by: whoever follows an older epoch has to begin anew. */
	if (rc == RC_OK && made)
		rc = maria_link_run(link, "DELETE FROM rc_meta WHERE `key` IN ('epoch', 'feed')",
				    "read or write table rc_meta", fault);
	return rc;
}

static int trigger_prepare(const char *url_text, const struct rc_schema *schema, const struct rc_feed_options *options,
			   bool wanted, struct rc_fault *fault)
{
	struct rc_arena arena;
	struct url url;
	struct link link = {0};
	int rc;

	rc_arena_init(&arena, 1024);
	rc = maria_link_parse(url_text, &arena, &url, fault);
	if (rc == RC_OK)
		rc = maria_link_open(&link, &url, LINK_ANSWER_US, fault);
	if (rc == RC_OK)
		rc = maria_prepare_version(&link, fault);
	if (rc == RC_OK)
		rc = maria_prepare_meta(&link, fault);
	if (rc == RC_OK)
		rc = maria_prepare_tables(&link, schema, fault);
	if (rc == RC_OK && wanted) {
		rc = install(&link, schema, fault);
		warn_truncate(&link);
	}
	maria_link_close(&link);
	rc_arena_release(&arena);
	return rc;
}

static int trigger_fd(const struct rc_feed *feed)
{
	return of(feed)->poller.queue.event_fd;
}

static void trigger_attend(struct rc_feed *feed)
{
	maria_queue_attend(&of(feed)->poller.queue);
}

static void trigger_stats(struct rc_feed *base, struct rc_feed_stats *out)
{
	struct trigger_feed *feed = of(base);

	out->connected = atomic_load_explicit(&feed->poller.connected, memory_order_relaxed);
	out->heard_us = atomic_load_explicit(&feed->poller.heard_us, memory_order_relaxed);
	out->gaps = feed->gaps;
	out->reconnects = atomic_load_explicit(&feed->poller.reconnects, memory_order_relaxed);
}

const struct feed_source feed_mariadb_triggers = {
	.scheme = "mariadb",
	.scheme_alias = "mysql",
	.kind = RC_FEED_TRIGGER,
	.prepare = trigger_prepare,
	.open = trigger_open,
	.close = trigger_close,
	.snapshot = trigger_snapshot,
	.next = trigger_next,
	.replay = trigger_replay,
	.oldest = trigger_oldest,
	.when = trigger_when,
	.stats = trigger_stats,
	.prune = feed_log_prune,
	.fd = trigger_fd,
	.attend = trigger_attend,
};
