/* triggers.h has the design. */
#include "rowcast/feed/postgres/triggers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/copy.h"
#include "rowcast/feed/postgres/epoch.h"
#include "rowcast/feed/postgres/image.h"
#include "rowcast/feed/postgres/link.h"
#include "rowcast/io/clock.h"

#define PAUSE_US_MIN 5000
#define PAUSE_US_MAX 50000
#define CONNECT_US   5000000
#define QUERY_US     10000000
#define ANSWER_US    30000000
#define SILENT_US    3000000
#define BACK_OFF_US  500000
#define RECENT       1024

/* Columns of a look; those behind SNAPSHOT are of rows. */
enum {
	LOOK_SNAPSHOT,
	LOOK_PRUNED,
	LOOK_LAST,
	LOOK_ID,
	LOOK_XID,
	LOOK_AT,
	LOOK_TABLE,
	LOOK_OP,
	LOOK_O0,
	LOOK_N0,
	LOOK_O1,
	LOOK_N1
};

struct trigger_feed {
	struct rc_feed base;
	struct pgf_address address;
	const struct rc_schema *schema;
	int64_t keep_us;
	int epoll_fd, timer_fd;
	struct pgf_link link;
	enum { DOWN, CONNECTING, IDENTIFYING, IDLE, LOOKING } state;
	size_t host;
	int64_t retry_us, asked_us, heard_us;
	bool down;
	struct buf sql;

	uint64_t epoch, n;
	bool gone;
	char identity[96]; /* of the server whose snapshots these are */
	char *cursor;      /* what was delivered: a snapshot's text form */
	uint64_t last_id;  /* a row that was read; it must still be there, unless pruned */
	uint64_t last_xid;
	PGresult *rows; /* of the last look; `row` is the next to be delivered */
	int row;
	int64_t pause_us;
	struct trigger_when {
		uint64_t n;
		int64_t committed_us, at_us; /* at: monotonic, when it was delivered */
	} recent[RECENT];
	uint32_t recent_count;
	uint64_t start; /* n of the snapshot */
	uint64_t gaps, reconnects;
};

static struct trigger_feed *of(const struct rc_feed *feed)
{
	return (struct trigger_feed *)(uintptr_t)feed;
}

static void timer_set(struct trigger_feed *feed, int64_t us)
{
	struct itimerspec when = {.it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 + 1}};

	timerfd_settime(feed->timer_fd, 0, &when, NULL);
}

static void drop_rows(struct trigger_feed *feed)
{
	PQclear(feed->rows);
	feed->rows = NULL;
	feed->row = 0;
}

static int gap(struct trigger_feed *feed, const char *why)
{
	log_event(LOG_WARN, "feed-gap", "the change log is not continuous; a new epoch begins", LOG_S("reason", why));
	feed->gone = true;
	feed->gaps++;
	drop_rows(feed);
	return RC_GONE;
}

static int lost(struct trigger_feed *feed, int rc, const struct rc_fault *fault)
{
	if (!feed->down) {
		log_event(LOG_WARN, "feed-lost", "the change log cannot be read; trying again",
			  LOG_S("reason", fault->message));
		feed->reconnects++;
	}
	feed->down = true;
	pgf_link_close(&feed->link);
	feed->state = DOWN;
	feed->host++;
	feed->asked_us = 0;
	feed->retry_us = clock_mono_us() + BACK_OFF_US;
	timer_set(feed, BACK_OFF_US);
	return rc;
}

/* System, timeline and database, and whether it is the primary. */
#define IDENTITY_SQL                                                                                                   \
	"SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE (SELECT system_identifier FROM "                     \
	"pg_control_system()) "                                                                                        \
	"|| '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || (SELECT oid FROM pg_database WHERE "       \
	"datname "                                                                                                     \
	"= current_database()) END"

static void look_sql(struct trigger_feed *feed)
{
	buf_clear(&feed->sql);
	buf_printf(
		&feed->sql,
		"SELECT pg_current_snapshot(), (SELECT value::xid8 FROM rc_meta WHERE key = 'log_pruned') > "
		"pg_snapshot_xmin('%s'), EXISTS (SELECT FROM rc_log WHERE id = %" PRIu64 " AND xid = '%" PRIu64
		"') OR '%" PRIu64 "' < coalesce((SELECT value::xid8 FROM rc_meta WHERE key = 'log_pruned'), '0') AND "
		"pg_snapshot_xmax('%s') <= pg_snapshot_xmax(pg_current_snapshot()), l.* FROM (SELECT 1) one LEFT JOIN "
		"(SELECT id, xid, (extract(epoch FROM at) * 1000000)::bigint, tbl, op, o0, n0, o1, n1, max(id) OVER "
		"(PARTITION BY xid) AS turn FROM rc_log WHERE xid >= pg_snapshot_xmin('%s') AND NOT "
		"pg_visible_in_snapshot(xid, '%s')) l ON true ORDER BY turn, id",
		feed->cursor, feed->last_id, feed->last_xid, feed->last_xid, feed->cursor, feed->cursor, feed->cursor);
}

static int step_down(struct trigger_feed *feed)
{
	if (clock_mono_us() < feed->retry_us)
		return RC_UNAVAILABLE;
	pgf_link_open(&feed->link, &feed->address, feed->host, PGF_SQL, clock_mono_us() + CONNECT_US);
	feed->state = CONNECTING;
	return RC_OK;
}

static int ask(struct trigger_feed *feed, const char *sql, unsigned int then)
{
	struct rc_fault fault;
	int rc = pgf_link_send(&feed->link, sql, clock_mono_us() + ANSWER_US, &fault);

	feed->state = then;
	feed->asked_us = clock_mono_us();
	return rc == RC_OK ? RC_OK : lost(feed, rc, &fault);
}

/* Is it the server whose snapshots we have? */
static int identified(struct trigger_feed *feed)
{
	const char *identity = pgf_text(feed->link.result, 0, 0);
	const struct rc_fault standby = {.err = RC_UNAVAILABLE, .message = "the server is a standby"};

	if (strcmp(identity, "standby") == 0)
		return lost(feed, RC_UNAVAILABLE, &standby);
	feed->state = IDLE;
	if (strcmp(identity, feed->identity) != 0)
		return gap(feed, "another server, timeline or database answers");
	if (feed->down)
		log_event(LOG_INFO, "feed-back", "the change log is read again");
	feed->down = false;
	return RC_OK;
}

/* The answer to a look. RC_OK: there are rows. */
static int looked(struct trigger_feed *feed)
{
	const PGresult *result = feed->link.result;
	bool any = PQntuples(result) > 0 && !PQgetisnull(result, 0, LOOK_ID);

	feed->state = IDLE;
	if (pgf_bool(result, 0, LOOK_PRUNED))
		return gap(feed, "rows were removed from the log before they were read");
	if (feed->last_id && !pgf_bool(result, 0, LOOK_LAST))
		return gap(feed, "the row that was read last is not in the log any more");
	free(feed->cursor);
	feed->cursor = rc_xstrdup(pgf_text(result, 0, LOOK_SNAPSHOT));
	feed->pause_us = any ? PAUSE_US_MIN : feed->pause_us * 2 > PAUSE_US_MAX ? PAUSE_US_MAX : feed->pause_us * 2;
	timer_set(feed, feed->pause_us);
	if (!any)
		return RC_AGAIN;
	feed->rows = feed->link.result;
	feed->link.result = NULL;
	feed->row = 0;
	return RC_OK;
}

/* RC_OK: rows stand ready. RC_AGAIN: nothing new, or the answer is awaited. */
static int step(struct trigger_feed *feed)
{
	struct rc_fault fault = {0};
	int rc = RC_OK;

	while (rc == RC_OK) {
		switch (feed->state) {
		case DOWN:
			rc = step_down(feed);
			break;
		case CONNECTING:
			rc = pgf_link_connect(&feed->link, &fault);
			if (rc == RC_OK)
				rc = ask(feed, IDENTITY_SQL, IDENTIFYING);
			else if (rc != RC_AGAIN)
				return lost(feed, rc, &fault);
			break;
		case IDLE:
			look_sql(feed);
			rc = ask(feed, buf_cstr(&feed->sql), LOOKING);
			break;
		default:
			rc = pgf_link_result(&feed->link, &fault);
			if (rc == RC_AGAIN)
				break;
			if (rc != RC_OK)
				return lost(feed, rc, &fault);
			feed->heard_us = clock_mono_us();
			feed->asked_us = 0;
			if (feed->state == LOOKING)
				return looked(feed);
			rc = identified(feed);
		}
	}
	if (rc == RC_AGAIN && feed->state == LOOKING && clock_mono_us() - feed->asked_us > SILENT_US)
		return RC_UNAVAILABLE;
	return rc == RC_AGAIN && feed->down ? RC_UNAVAILABLE : rc;
}

static const struct rc_model *find_model(const struct trigger_feed *feed, const char *table)
{
	for (uint32_t i = 0; i < feed->schema->model_count; i++) {
		if (feed->schema->models[i]->captured && strcmp(feed->schema->models[i]->table, table) == 0)
			return feed->schema->models[i];
	}
	return NULL;
}

static struct rc_str cell(const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return RC_STR_NONE;
	return (struct rc_str){PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column)};
}

static int read_image(struct trigger_feed *feed, int row, const struct rc_model *model, bool old,
		      struct rc_arena *arena, const void **out)
{
	void *image = NULL;
	int rc = pgf_image_read(model, cell(feed->rows, row, old ? LOOK_O0 : LOOK_N0),
				cell(feed->rows, row, old ? LOOK_O1 : LOOK_N1), arena, &image);

	*out = image;
	if (rc == RC_GONE)
		return gap(feed, "a key column is not there any more");
	return rc == RC_OK ? RC_OK : gap(feed, "a row of the log cannot be read");
}

/* One row of the log. 1: a change; 0: none for us. */
static int read_row(struct trigger_feed *feed, int row, struct rc_arena *arena, struct rc_mark *mark,
		    struct rc_change *out)
{
	int op = atoi(pgf_text(feed->rows, row, LOOK_OP));
	const struct rc_model *model = find_model(feed, pgf_text(feed->rows, row, LOOK_TABLE));
	int rc = RC_OK;

	if (op == RC_OP_NONE) {
		mark->writer = strtoull(pgf_text(feed->rows, row, LOOK_O0), NULL, 10);
		mark->n = strtoull(pgf_text(feed->rows, row, LOOK_N0), NULL, 10);
		return 0;
	}
	if (!model)
		return 0;
	if (op == TRIGGERS_TRUNCATED)
		return gap(feed, "a captured table was truncated");
	if (op < RC_INSERT || op > RC_DELETE)
		return gap(feed, "a row of the log cannot be read");
	*out = (struct rc_change){.model = model, .op = (enum rc_op)op};
	if (op != RC_INSERT)
		rc = read_image(feed, row, model, true, arena, &out->old_row);
	if (rc == RC_OK && op != RC_DELETE)
		rc = read_image(feed, row, model, false, arena, &out->new_row);
	return rc == RC_OK ? 1 : rc;
}

static void remember(struct trigger_feed *feed, int64_t committed_us)
{
	feed->recent[feed->recent_count++ % RECENT] = (struct trigger_when){feed->n, committed_us, clock_mono_us()};
}

/* The rows of one transaction. RC_NOT_FOUND: none of them is for the caller. */
static int take_transaction(struct trigger_feed *feed, struct rc_arena *arena, struct rc_txn *out)
{
	uint64_t xid = pgf_u64(feed->rows, feed->row, LOOK_XID);
	int first = feed->row, end = first, count = 0;
	struct rc_change *changes;
	struct rc_mark mark = {0};
	int64_t at_us;

	while (end < PQntuples(feed->rows) && pgf_u64(feed->rows, end, LOOK_XID) == xid)
		end++;
	changes = RC_ARENA_ARRAY(arena, struct rc_change, end - first);
	for (int row = first; row < end; row++) {
		int rc = read_row(feed, row, arena, &mark, &changes[count]);

		if (rc < 0)
			return rc;
		count += rc;
	}
	at_us = (int64_t)pgf_u64(feed->rows, end - 1, LOOK_AT);
	feed->last_id = pgf_u64(feed->rows, end - 1, LOOK_ID);
	feed->last_xid = xid;
	feed->row = end;
	if (end == PQntuples(feed->rows))
		drop_rows(feed);
	if (count == 0 && mark.writer == 0)
		return RC_NOT_FOUND;
	feed->n++;
	remember(feed, at_us);
	*out = (struct rc_txn){
		.position = {feed->epoch, feed->n},
		.mark = mark,
		.committed_us = at_us,
		.change_count = (uint32_t)count,
		.changes = changes,
	};
	return RC_OK;
}

static int triggers_next(struct rc_feed *base, struct rc_arena *arena, struct rc_txn *out)
{
	struct trigger_feed *feed = of(base);
	int rc = RC_NOT_FOUND;

	while (rc == RC_NOT_FOUND) {
		if (feed->gone)
			return RC_GONE;
		rc = feed->rows ? RC_OK : step(feed);
		if (rc == RC_OK)
			rc = take_transaction(feed, arena, out);
	}
	return rc;
}

/* The read transaction of the first copy: its snapshot is where the feed goes on. */
static int copy(struct trigger_feed *feed, struct pgf_copy *copy, char **cursor, char identity[96],
		struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + QUERY_US;
	PGresult *result;
	int rc = pgf_connect(&copy->conn, &feed->address, PGF_SQL, deadline_us, fault);

	if (rc != RC_OK)
		return rc;
	rc = pgf_run(copy->conn, IDENTITY_SQL, deadline_us, &result, fault);
	snprintf(identity, 96, "%s", pgf_text(result, 0, 0));
	PQclear(result);
	if (rc == RC_OK)
		rc = pgf_do(copy->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", deadline_us, fault);
	if (rc == RC_OK) {
		rc = pgf_run(copy->conn, "SELECT pg_current_snapshot()", deadline_us, &result, fault);
		*cursor = rc_xstrdup(pgf_text(result, 0, 0));
		PQclear(result);
	}
	if (rc == RC_OK)
		rc = pgf_copy_tables(copy, fault);
	if (rc == RC_OK)
		rc = pgf_do(copy->conn, "COMMIT", clock_mono_us() + QUERY_US, fault);
	PQfinish(copy->conn);
	return rc;
}

static int triggers_snapshot(struct rc_feed *base,
			     void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
			     struct rc_position *at, struct rc_fault *fault)
{
	struct trigger_feed *feed = of(base);
	struct pgf_copy work = {.schema = feed->schema, .row = row, .arg = arg};
	char identity[96] = "", *cursor = NULL;
	int rc = copy(feed, &work, &cursor, identity, fault);

	if (rc != RC_OK) {
		free(cursor);
		return rc;
	}
	drop_rows(feed);
	pgf_link_close(&feed->link); /* a look may be under way with the former cursor */
	feed->state = DOWN;
	feed->retry_us = 0;
	free(feed->cursor);
	feed->cursor = cursor;
	snprintf(feed->identity, sizeof(feed->identity), "%s", identity);
	feed->last_id = 0;
	if (feed->gone)
		feed->epoch = pgf_epoch_draw(feed->epoch);
	feed->gone = false;
	feed->start = ++feed->n; /* what was behind the former position is in the copy: another place in the count */
	*at = (struct rc_position){feed->epoch, feed->n};
	return RC_OK;
}

static int triggers_oldest(struct rc_feed *base, struct rc_position *out)
{
	const struct trigger_feed *feed = of(base);
	int64_t until_us = clock_mono_us() - feed->keep_us;
	uint64_t n = feed->start;

	for (uint32_t i = 0; i < RECENT && i < feed->recent_count; i++) {
		if (feed->recent[i].at_us <= until_us && feed->recent[i].n > n)
			n = feed->recent[i].n;
	}
	if (feed->recent_count > RECENT && feed->recent[feed->recent_count % RECENT].n > n &&
	    feed->recent[feed->recent_count % RECENT].at_us <= until_us)
		n = feed->recent[feed->recent_count % RECENT].n;
	*out = (struct rc_position){feed->epoch, n};
	return RC_OK;
}

/* Nothing is retained that could be replayed: counts end with the process. */
static int triggers_replay(struct rc_feed *base, struct rc_position after,
			   void (*txn)(void *arg, const struct rc_txn *txn), void *arg)
{
	const struct trigger_feed *feed = of(base);

	return !feed->gone && after.epoch == feed->epoch && after.n == feed->n ? RC_OK : RC_GONE;
}

static int triggers_when(struct rc_feed *base, uint64_t n, int64_t *us)
{
	const struct trigger_feed *feed = of(base);

	for (uint32_t i = 0; i < RECENT && i < feed->recent_count; i++) {
		if (feed->recent[i].n == n) {
			*us = feed->recent[i].committed_us;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}

static void triggers_stats(struct rc_feed *base, struct rc_feed_stats *out)
{
	const struct trigger_feed *feed = of(base);

	out->connected = feed->state >= IDLE;
	out->heard_us = feed->heard_us;
	out->gaps = feed->gaps;
	out->reconnects = feed->reconnects;
}

static int triggers_fd(const struct rc_feed *base)
{
	return of(base)->epoll_fd;
}

/* The caller looks next; the timer is set again by what it finds. */
static void triggers_attend(struct rc_feed *base)
{
	struct trigger_feed *feed = of(base);
	uint64_t turns;

	if (read(feed->timer_fd, &turns, sizeof(turns)) == sizeof(turns))
		timer_set(feed, 1000000); /* should nobody look */
}

static void triggers_close(struct rc_feed *base)
{
	struct trigger_feed *feed = of(base);

	drop_rows(feed);
	pgf_link_close(&feed->link);
	pgf_address_release(&feed->address);
	buf_release(&feed->sql);
	if (feed->timer_fd >= 0)
		close(feed->timer_fd);
	if (feed->epoll_fd >= 0)
		close(feed->epoll_fd);
	free(feed->cursor);
	free(feed);
}

/* What open promises: the newest position. */
static int look_up(struct trigger_feed *feed, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + QUERY_US;
	PGresult *result;
	PGconn *conn;
	int rc = pgf_connect(&conn, &feed->address, PGF_SQL, deadline_us, fault);

	if (rc != RC_OK)
		return rc;
	rc = pgf_run(conn, IDENTITY_SQL, deadline_us, &result, fault);
	snprintf(feed->identity, sizeof(feed->identity), "%s", pgf_text(result, 0, 0));
	PQclear(result);
	if (rc == RC_OK) {
		rc = pgf_run(conn, "SELECT pg_current_snapshot() FROM (SELECT max(id) FROM rc_log) there", deadline_us,
			     &result, fault);
		feed->cursor = rc_xstrdup(pgf_text(result, 0, 0));
		PQclear(result);
	}
	PQfinish(conn);
	return rc;
}

static int triggers_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
			 const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct trigger_feed *feed = rc_xcalloc(1, sizeof(*feed));
	struct epoll_event event = {.events = EPOLLIN};
	int rc;

	feed->base.source = &feed_postgres_triggers;
	feed->schema = schema;
	feed->keep_us = options->keep_us;
	feed->pause_us = PAUSE_US_MIN;
	feed->epoch = pgf_epoch_draw(0);
	feed->n = feed->start = 1;
	feed->epoll_fd = feed->link.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	feed->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	event.data.fd = feed->timer_fd;
	rc = pgf_address_parse(&feed->address, url, fault);
	if (rc == RC_OK && (feed->epoll_fd < 0 || feed->timer_fd < 0 ||
			    epoll_ctl(feed->epoll_fd, EPOLL_CTL_ADD, feed->timer_fd, &event) != 0))
		rc = rc_fault_set(fault, RC_IO, "cannot make the feed's timer: %s", strerror(errno));
	if (rc == RC_OK)
		rc = look_up(feed, fault);
	if (rc != RC_OK) {
		triggers_close(&feed->base);
		return rc;
	}
	timer_set(feed, PAUSE_US_MIN);
	*out = &feed->base;
	return RC_OK;
}

const struct feed_source feed_postgres_triggers = {
	.scheme = "postgres",
	.scheme_alias = "postgresql",
	.kind = RC_FEED_TRIGGER,
	.prepare = triggers_prepare,
	.prune = triggers_prune,
	.open = triggers_open,
	.close = triggers_close,
	.snapshot = triggers_snapshot,
	.next = triggers_next,
	.replay = triggers_replay,
	.oldest = triggers_oldest,
	.when = triggers_when,
	.stats = triggers_stats,
	.fd = triggers_fd,
	.attend = triggers_attend,
};
