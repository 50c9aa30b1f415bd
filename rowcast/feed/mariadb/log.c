/*
 * The MariaDB feed by binlog: a thread reads it as a replica does (stream.c), the owner decodes what the queue holds.
 *
 * A position is the sequence number of a GTID of the server's domain. The epoch goes on for as long as each of these is
 * proven; else it ends, loudly, and the caller takes a snapshot:
 *
 *   while running      the server has our GTID, and it stands for the same transaction; numbers grow; nothing was done to
 *                      captured tables that rows do not tell (query.h); rc_meta holds our epoch
 *   at the next start  rc_meta's `feed` names a binlog file that is still there and was begun at the same second, and table
 *                      rc_mark's file is the one it was: another server, a binlog begun anew and files that were put back
 *                      from a backup are other histories
 *
 *   feed = "binlog DOMAIN START FILE MADE SERVER TABLE": START is the number with which the epoch began, MADE the second
 *   in which FILE was begun, SERVER the server's own id (server_uid), TABLE when rc_mark's file was made
 */
#include "rowcast/feed/mariadb/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/epoch.h"
#include "rowcast/feed/mariadb/history.h"
#include "rowcast/feed/mariadb/prepare.h"
#include "rowcast/feed/mariadb/rows.h"
#include "rowcast/feed/mariadb/stream.h"
#include "rowcast/io/clock.h"

#define KEEP_DEFAULT_US INT64_C(600000000)
#define MOMENTS_MAX     (1u << 20)

/* When a delivered position was committed. */
struct moment {
	uint64_t n;
	int64_t us;
};

struct log_feed {
	struct rc_feed base;
	struct rc_arena arena;
	struct url url;
	const struct rc_schema *schema;
	int64_t keep_us;
	struct images images; /* the owner's; the stream's thread reads names in it only */
	struct images names;
	struct stream stream;
	struct epoch epoch;
	uint32_t domain;
	uint64_t at, start; /* newest delivered, or the snapshot's; where the epoch began */
	bool gone;          /* a new epoch began; next says so until the snapshot */
	char broken[256];   /* why it has to begin, as long as it could not be written; "": nothing is broken */
	uint64_t gaps;
	/* Positions since `floor` (which has a time too), oldest first: a ring that is moved to the front now and then. */
	struct moment floor, *moments;
	size_t moment_first, moment_count, moment_capacity;
	bool moments_known; /* the past was looked up */
	uint64_t rotations; /* of the stream, when `feed` in rc_meta was written */
};

static struct log_feed *of(const struct rc_feed *feed)
{
	return (struct log_feed *)(uintptr_t)feed;
}

static void moments_clear(struct log_feed *feed, uint64_t n, int64_t us)
{
	feed->floor = (struct moment){n, us};
	feed->moment_first = feed->moment_count = 0;
}

static void moments_add(struct log_feed *feed, uint64_t n, int64_t us)
{
	if (feed->moment_first + feed->moment_count == feed->moment_capacity) {
		if (feed->moment_first < feed->moment_capacity / 2 || feed->moment_capacity == 0) {
			feed->moment_capacity = feed->moment_capacity ? feed->moment_capacity * 2 : 1024;
			feed->moments = rc_xrealloc(feed->moments, sizeof(*feed->moments) * feed->moment_capacity);
		}
		memmove(feed->moments, feed->moments + feed->moment_first, sizeof(*feed->moments) * feed->moment_count);
		feed->moment_first = 0;
	}
	feed->moments[feed->moment_first + feed->moment_count++] = (struct moment){n, us};
}

/* What is older than keep_us is not promised any more. */
static void moments_forget(struct log_feed *feed, int64_t now_us)
{
	while (feed->moment_count > 0 &&
	       (feed->moments[feed->moment_first].us < now_us - feed->keep_us || feed->moment_count > MOMENTS_MAX)) {
		feed->floor = feed->moments[feed->moment_first++];
		feed->moment_count--;
	}
}

/* What names this history, as far as the server knows. */
struct identity {
	uint32_t domain;
	char file[FILE_NAME_MAX], server[64], table[32];
};

static int read_identity(struct link *link, struct identity *out, struct rc_fault *fault)
{
	static const char act[] = "ask for the binlog's state";
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc = maria_link_rows(
		link,
		"SELECT @@gtid_domain_id, @@server_uid, (SELECT UNIX_TIMESTAMP(create_time) FROM "
		"information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'rc_mark')",
		act, &rows, fault);

	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (row && row[0] && row[1] && row[2]) {
		out->domain = (uint32_t)strtoul(row[0], NULL, 10);
		snprintf(out->server, sizeof(out->server), "%s", row[1]);
		snprintf(out->table, sizeof(out->table), "%s", row[2]);
	} else {
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: table rc_mark is missing; call rc_feed_prepare", link->name);
	}
	mysql_free_result(rows);
	if (rc != RC_OK)
		return rc;
	rc = maria_link_rows(link, "SHOW MASTER STATUS", act, &rows, fault);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (row && row[0])
		snprintf(out->file, sizeof(out->file), "%s", row[0]);
	else
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: it has no binlog", link->name);
	mysql_free_result(rows);
	return rc;
}

/* Does the stored epoch go on? RC_NOT_FOUND: it cannot be proven. */
static int check_stored(struct log_feed *feed, const struct identity *identity, struct rc_fault *fault)
{
	char file[FILE_NAME_MAX], server[64], table[32];
	struct history_file probe;
	uint32_t domain, made_s;
	uint64_t start;
	int rc;

	if (sscanf(feed->epoch.feed, "binlog %" SCNu32 " %" SCNu64 " %511s %" SCNu32 " %63s %31s", &domain, &start,
		   file, &made_s, server, table) != 6 ||
	    domain != identity->domain || strcmp(server, identity->server) != 0 || strcmp(table, identity->table) != 0)
		return RC_NOT_FOUND;
	rc = maria_history_probe(&feed->url, file, domain, &probe, fault);
	if (rc == RC_GONE || (rc == RC_OK && probe.made_s != made_s))
		return RC_NOT_FOUND;
	feed->start = start;
	return rc;
}

static int put_feed(struct log_feed *feed, const struct identity *identity, uint64_t start, char out[EPOCH_FEED_MAX],
		    struct rc_fault *fault)
{
	struct history_file probe;
	int rc = maria_history_probe(&feed->url, identity->file, identity->domain, &probe, fault);

	if (rc != RC_OK)
		return rc;
	if (snprintf(out, EPOCH_FEED_MAX, "binlog %" PRIu32 " %" PRIu64 " %s %" PRIu32 " %s %s", identity->domain,
		     start, identity->file, probe.made_s, identity->server, identity->table) >= EPOCH_FEED_MAX)
		return rc_fault_set(fault, RC_LIMIT, "the name of the binlog's file is too long: %s", identity->file);
	return RC_OK;
}

static int read_state(struct link *link, const char *sql, struct gtid_state *out, struct rc_fault *fault)
{
	char text[STREAM_DOMAINS_MAX * GTID_TEXT_MAX];
	int rc = maria_link_text(link, sql, "ask for the binlog's position", text, sizeof(text), fault);

	if (rc == RC_OK && maria_gtid_state_parse(rc_str_from(text), out) != RC_OK)
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: the GTID position %s cannot be followed", link->name, text);
	return rc;
}

static uint64_t number_of(const struct gtid_state *state, uint32_t domain)
{
	const struct gtid *gtid = maria_gtid_state_find(state, domain);

	return gtid ? gtid->n : 0;
}

/* The stored epoch, if it goes on, or a new one. `broken`: its number will not do any more; 0: any may. */
static int take_epoch(struct log_feed *feed, struct link *link, uint64_t broken, struct rc_fault *fault)
{
	struct identity identity = {0};
	struct gtid_state state;
	char text[EPOCH_FEED_MAX];
	int rc = read_identity(link, &identity, fault);

	if (rc == RC_OK)
		rc = read_state(link, "SELECT @@gtid_binlog_pos", &state, fault);
	if (rc != RC_OK)
		return rc;
	feed->domain = identity.domain;
	rc = maria_prepare_cascades(link, feed->schema, fault);
	if (rc != RC_OK)
		return rc;
	rc = maria_epoch_read(link, &feed->epoch, fault);
	if (rc == RC_OK)
		rc = feed->epoch.number == broken ? RC_NOT_FOUND : check_stored(feed, &identity, fault);
	if (rc == RC_OK && feed->start > number_of(&state, feed->domain))
		rc = RC_NOT_FOUND;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (rc == RC_OK) {
		rc = put_feed(feed, &identity, feed->start, text, fault);
		if (rc == RC_OK && strcmp(text, feed->epoch.feed) != 0) { /* name a file that will be there longer */
			memcpy(feed->epoch.feed, text, sizeof(text));
			rc = maria_epoch_store_feed(link, &feed->epoch, fault);
		}
		return rc;
	}
	feed->start = number_of(&state, feed->domain);
	rc = put_feed(feed, &identity, feed->start, text, fault);
	if (rc == RC_OK)
		rc = maria_epoch_begin(link, feed->epoch.number, text, &feed->epoch, fault);
	if (rc == RC_OK) /* it may be somebody else's */
		(void)sscanf(feed->epoch.feed, "binlog %*u %" SCNu64, &feed->start);
	return rc;
}

/* History is broken: a new epoch, and RC_GONE until the snapshot. Where it cannot be written now, the next call tries
 * again: nothing behind the break may be delivered before. */
static int end_epoch(struct log_feed *feed, const char *reason)
{
	const struct epoch before = feed->epoch;
	const uint64_t start = feed->start;
	struct rc_fault fault = {0};
	struct link link;
	int rc;

	if (reason != feed->broken)
		snprintf(feed->broken, sizeof(feed->broken), "%s", reason);
	rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);
	if (rc == RC_OK) {
		rc = take_epoch(feed, &link, feed->epoch.number, &fault);
		maria_link_close(&link);
	}
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "feed-gap", "the binlog is not continuous, and no new epoch can be begun",
			  LOG_S("reason", feed->broken), LOG_S("error", fault.message));
		feed->epoch = before;
		feed->start = start;
		return rc;
	}
	log_event(LOG_WARN, "feed-gap", "the binlog is not continuous; a new epoch begins",
		  LOG_S("reason", feed->broken));
	maria_stream_stop(&feed->stream);
	*feed->broken = 0;
	feed->gaps++;
	feed->gone = true;
	return RC_GONE;
}

static void log_close(struct rc_feed *base)
{
	struct log_feed *feed = of(base);

	maria_stream_release(&feed->stream);
	maria_images_release(&feed->images);
	maria_images_release(&feed->names);
	rc_arena_release(&feed->arena);
	free(feed->moments);
	free(feed);
}

static int begin(struct log_feed *feed, struct rc_fault *fault)
{
	struct gtid_state state;
	struct link link;
	int rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, fault);

	if (rc != RC_OK)
		return rc;
	rc = take_epoch(feed, &link, 0, fault);
	if (rc == RC_OK)
		rc = read_state(&link, "SELECT @@gtid_binlog_pos", &state, fault);
	maria_link_close(&link);
	if (rc != RC_OK)
		return rc;
	feed->at = number_of(&state, feed->domain);
	moments_clear(feed, feed->at, 0);
	return maria_stream_start(&feed->stream, feed->domain, &state, feed->epoch.text, fault);
}

static int log_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		    const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct log_feed *feed = rc_xcalloc(1, sizeof(*feed));
	int rc, parsed;

	feed->base.source = &feed_mariadb_log;
	feed->schema = schema;
	feed->keep_us = options->keep_us > 0 ? options->keep_us : KEEP_DEFAULT_US;
	rc_arena_init(&feed->arena, 1024);
	parsed = maria_link_parse(url, &feed->arena, &feed->url, fault);
	maria_images_init(&feed->images, schema, rc_str_from(parsed == RC_OK ? feed->url.database : ""));
	maria_images_init(&feed->names, schema, feed->images.database);
	rc = maria_stream_init(&feed->stream, &feed->url, &feed->names, fault);
	if (parsed != RC_OK)
		rc = parsed;
	if (rc == RC_OK)
		rc = begin(feed, fault);
	if (rc != RC_OK) {
		log_close(&feed->base);
		return rc;
	}
	*out = &feed->base;
	return RC_OK;
}

/* One item of the queue into `out`. RC_NOT_FOUND: nothing that anybody wants to know. */
static int decode(struct log_feed *feed, const struct queue_item *item, struct rc_arena *arena, struct rc_txn *out)
{
	struct rc_str events = rc_arena_copy(arena, buf_str(&item->bytes));
	struct binlog_decoded decoded;
	int rc = maria_binlog_decode(&feed->images, events, arena, &decoded);

	if (rc != RC_OK)
		return end_epoch(feed, feed->images.why);
	if (decoded.epoch_touched && !rc_str_is(decoded.epoch, feed->epoch.text))
		return end_epoch(feed, "somebody changed the stored epoch");
	feed->at = item->n;
	if (decoded.changes.count == 0 && decoded.mark.writer == 0)
		return RC_NOT_FOUND;
	moments_add(feed, item->n, item->committed_us);
	*out = (struct rc_txn){
		.position = {feed->epoch.number, item->n},
		.mark = decoded.mark,
		.committed_us = item->committed_us,
		.change_count = decoded.changes.count,
		.changes = decoded.changes.at,
	};
	return RC_OK;
}

static int log_next(struct rc_feed *base, struct rc_arena *arena, struct rc_txn *out)
{
	struct log_feed *feed = of(base);
	struct queue_item *item;
	enum queue_state state;
	int rc;

	if (feed->gone)
		return RC_GONE;
	if (*feed->broken)
		return end_epoch(feed, feed->broken);
	for (;;) {
		rc = maria_queue_pop(&feed->stream.queue, &item, &state);
		if (rc == RC_GONE)
			return end_epoch(feed, feed->stream.queue.why);
		if (rc != RC_OK)
			return rc;
		rc = decode(feed, item, arena, out);
		maria_queue_free(item);
		if (rc != RC_NOT_FOUND)
			return rc;
	}
}

/* Rows and the position that they are of, in one consistent read. */
static int snapshot_in_tx(struct log_feed *feed, struct link *link,
			  void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
			  struct gtid_state *state, struct rc_fault *fault)
{
	static const char act[] = "begin a snapshot";
	struct epoch epoch;
	MYSQL_RES *rows;
	MYSQL_ROW file = NULL, position = NULL;
	struct buf sql = BUF_INIT;
	int rc = maria_link_run(link, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", act, fault);

	if (rc == RC_OK)
		rc = maria_link_run(link, "START TRANSACTION WITH CONSISTENT SNAPSHOT", act, fault);
	if (rc == RC_OK)
		rc = maria_link_rows(link, "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'", act, &rows, fault);
	if (rc != RC_OK)
		return rc;
	for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows));) {
		if (strcasecmp(cells[0], "binlog_snapshot_file") == 0)
			file = cells;
		else if (strcasecmp(cells[0], "binlog_snapshot_position") == 0)
			position = cells;
	}
	if (!file || !position || !*file[1]) {
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: it does not say where in the binlog a snapshot is",
				  link->name);
	} else {
		buf_append_str(&sql, RC_STR("SELECT BINLOG_GTID_POS("));
		maria_link_put_text(&sql, file[1]);
		buf_printf(&sql, ", %s)", position[1]);
		rc = read_state(link, buf_cstr(&sql), state, fault);
		buf_release(&sql);
	}
	mysql_free_result(rows);
	if (rc == RC_OK)
		rc = maria_epoch_read(link, &epoch, fault);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && epoch.number != feed->epoch.number))
		return RC_GONE;
	return rc == RC_OK ? maria_rows_all(link, feed->schema, row, arg, fault) : rc;
}

static int log_snapshot(struct rc_feed *base, void (*row)(void *arg, const struct rc_model *model, const void *row),
			void *arg, struct rc_position *at, struct rc_fault *fault)
{
	struct log_feed *feed = of(base);
	struct gtid_state state = {0};
	struct link link;
	int rc;

	if (*feed->broken && (rc = end_epoch(feed, feed->broken)) != RC_GONE)
		return rc_fault_set(fault, (enum rc_err)rc,
				    "the binlog is not continuous (%s), and no new epoch can be begun now",
				    feed->broken);
	rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, fault);
	if (rc != RC_OK)
		return rc;
	maria_stream_stop(&feed->stream);
	/* Before the first row: somebody else began an epoch. Take part in it. */
	do {
		rc = snapshot_in_tx(feed, &link, row, arg, &state, fault);
		if (rc == RC_GONE) {
			rc = maria_link_run(&link, "ROLLBACK", "begin a snapshot", fault);
			if (rc == RC_OK)
				rc = take_epoch(feed, &link, 0, fault);
			rc = rc == RC_OK ? RC_GONE : rc;
		}
	} while (rc == RC_GONE);
	maria_link_close(&link);
	if (rc == RC_OK)
		rc = maria_stream_start(&feed->stream, feed->domain, &state, feed->epoch.text, fault);
	if (rc != RC_OK)
		return rc;
	feed->gone = false;
	feed->at = number_of(&state, feed->domain);
	feed->moments_known = false;
	moments_clear(feed, feed->at, 0);
	*at = (struct rc_position){feed->epoch.number, feed->at};
	return RC_OK;
}

struct past {
	struct log_feed *feed;
	int64_t from_us;
};

static int past_begin(void *arg, uint64_t n, int64_t us)
{
	struct past *past = arg;

	moments_clear(past->feed, n, us);
	return RC_OK;
}

static int past_group(void *arg, struct binlog_txn *txn, bool ours)
{
	struct past *past = arg;
	int64_t us = (int64_t)txn->at_s * 1000000 + 999999;

	if (us < past->from_us || txn->gtid.n <= past->feed->start)
		moments_clear(past->feed, txn->gtid.n, us);
	else if (ours)
		moments_add(past->feed, txn->gtid.n, us);
	return RC_OK;
}

static int past_gap(void *arg, uint64_t n, int64_t us)
{
	struct past *past = arg;

	moments_clear(past->feed, n, us);
	return RC_OK;
}

/* Look the retained positions up in the binlog, once after each snapshot. */
static int learn_past(struct log_feed *feed)
{
	struct past past = {feed, clock_wall_us() - feed->keep_us};
	const struct history history = {
		.url = &feed->url,
		.images = &feed->names,
		.domain = feed->domain,
		.from_us = past.from_us,
		.upto_n = feed->at,
		.group = past_group,
		.gap = past_gap,
		.begin = past_begin,
		.arg = &past,
	};
	struct rc_fault fault = {0};
	int rc;

	if (feed->moments_known)
		return RC_OK;
	rc = maria_history_read(&history, HISTORY_BYTES_MAX, &fault);
	if (rc == RC_CORRUPT || rc == RC_GONE) { /* nothing older than now */
		moments_clear(feed, feed->at, 0);
		rc = RC_OK;
	}
	if (feed->floor.n < feed->start)
		feed->floor = (struct moment){feed->start, 0};
	if (rc == RC_OK)
		feed->moments_known = true;
	else
		log_event(LOG_WARN, "feed-history", "the binlog's past cannot be read", LOG_S("reason", fault.message));
	return rc;
}

/* Files that were read are forgotten by the server some day: name a newer one in rc_meta as soon as there is one. */
static void renew_feed(struct log_feed *feed)
{
	uint64_t rotations = atomic_load_explicit(&feed->stream.rotations, memory_order_relaxed);
	struct identity identity = {0};
	struct rc_fault fault = {0};
	char text[EPOCH_FEED_MAX];
	struct link link;
	int rc;

	if (feed->gone || rotations == feed->rotations ||
	    !atomic_load_explicit(&feed->stream.connected, memory_order_relaxed))
		return;
	rc = maria_link_open(&link, &feed->url, LINK_ANSWER_US, &fault);
	if (rc != RC_OK)
		return;
	rc = read_identity(&link, &identity, &fault);
	if (rc == RC_OK && identity.domain == feed->domain)
		rc = put_feed(feed, &identity, feed->start, text, &fault);
	if (rc == RC_OK && identity.domain == feed->domain) {
		memcpy(feed->epoch.feed, text, sizeof(text));
		rc = maria_epoch_store_feed(&link, &feed->epoch, &fault);
	}
	if (rc == RC_OK)
		feed->rotations = rotations;
	maria_link_close(&link);
}

static int log_oldest(struct rc_feed *base, struct rc_position *out)
{
	struct log_feed *feed = of(base);
	int rc = learn_past(feed);

	if (rc != RC_OK)
		return rc;
	moments_forget(feed, clock_wall_us());
	renew_feed(feed);
	*out = (struct rc_position){feed->epoch.number, feed->floor.n};
	return RC_OK;
}

static int log_when(struct rc_feed *base, uint64_t n, int64_t *us)
{
	struct log_feed *feed = of(base);
	size_t low = feed->moment_first, high = low + feed->moment_count;

	if (n == feed->floor.n && feed->floor.us > 0) {
		*us = feed->floor.us;
		return RC_OK;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (feed->moments[middle].n == n) {
			*us = feed->moments[middle].us;
			return RC_OK;
		}
		if (feed->moments[middle].n < n)
			low = middle + 1;
		else
			high = middle;
	}
	return RC_NOT_FOUND;
}

struct replay {
	struct log_feed *feed;
	uint64_t after_n;
	void (*txn)(void *arg, const struct rc_txn *txn);
	void *arg;
	struct rc_arena arena;
};

static int replay_begin(void *arg, uint64_t n, int64_t us)
{
	return n > ((struct replay *)arg)->after_n ? RC_GONE : RC_OK;
}

static int replay_gap(void *arg, uint64_t n, int64_t us)
{
	return n > ((struct replay *)arg)->after_n ? RC_GONE : RC_OK;
}

static int replay_group(void *arg, struct binlog_txn *txn, bool ours)
{
	struct replay *replay = arg;
	struct binlog_decoded decoded;
	struct rc_txn out;
	int rc;

	if (!ours || txn->gtid.n <= replay->after_n)
		return RC_OK;
	rc = maria_binlog_decode(&replay->feed->images, buf_str(&txn->events), &replay->arena, &decoded);
	if (rc != RC_OK)
		return RC_GONE;
	out = (struct rc_txn){
		.position = {replay->feed->epoch.number, txn->gtid.n},
		.mark = decoded.mark,
		.committed_us = (int64_t)txn->at_s * 1000000 + 999999,
		.change_count = decoded.changes.count,
		.changes = decoded.changes.at,
	};
	if (out.change_count > 0)
		replay->txn(replay->arg, &out);
	rc_arena_reset(&replay->arena);
	return RC_OK;
}

static int log_replay(struct rc_feed *base, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
		      void *arg)
{
	struct log_feed *feed = of(base);
	struct replay replay = {.feed = feed, .after_n = after.n, .txn = txn, .arg = arg};
	const struct history history = {
		.url = &feed->url,
		.images = &feed->names,
		.domain = feed->domain,
		.from_us = INT64_MAX,
		.after_n = after.n,
		.upto_n = feed->at,
		.group = replay_group,
		.gap = replay_gap,
		.begin = replay_begin,
		.arg = &replay,
	};
	struct rc_fault fault = {0};
	int rc;

	if (feed->gone || *feed->broken || after.epoch != feed->epoch.number || after.n > feed->at ||
	    after.n < feed->start)
		return RC_GONE;
	if (after.n == feed->at)
		return RC_OK;
	rc_arena_init(&replay.arena, 64 * 1024);
	rc = maria_history_read(&history, HISTORY_BYTES_MAX, &fault);
	rc_arena_release(&replay.arena);
	if (rc != RC_OK && rc != RC_GONE)
		log_event(LOG_WARN, "feed-history", "the binlog's past cannot be read", LOG_S("reason", fault.message));
	return rc;
}

static int log_fd(const struct rc_feed *feed)
{
	return of(feed)->stream.queue.event_fd;
}

static void log_attend(struct rc_feed *feed)
{
	maria_queue_attend(&of(feed)->stream.queue);
}

static void log_stats(struct rc_feed *base, struct rc_feed_stats *out)
{
	struct log_feed *feed = of(base);
	out->connected = atomic_load_explicit(&feed->stream.connected, memory_order_relaxed);
	out->heard_us = atomic_load_explicit(&feed->stream.heard_us, memory_order_relaxed);
	out->gaps = feed->gaps;
	out->reconnects = atomic_load_explicit(&feed->stream.reconnects, memory_order_relaxed);
}

const struct feed_source feed_mariadb_log = {
	.scheme = "mariadb",
	.scheme_alias = "mysql",
	.kind = RC_FEED_LOG,
	.prepare = maria_log_prepare,
	.open = log_open,
	.close = log_close,
	.snapshot = log_snapshot,
	.next = log_next,
	.replay = log_replay,
	.oldest = log_oldest,
	.when = log_when,
	.stats = log_stats,
	.fd = log_fd,
	.attend = log_attend,
};
