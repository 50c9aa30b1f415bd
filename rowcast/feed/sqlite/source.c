/*
 * The SQLite feed: reads rc_log on a connection of its own.
 *
 * One look is one read transaction, so a transaction is never torn (SQLite has one writer at a time, and AUTOINCREMENT
 * numbers grow in commit order). What is visible behind our position is delivered up to the first row that says that a
 * transaction ends there, as our own do; other programs' transactions that stand back to back come as one. A look that
 * finds nothing costs one PRAGMA data_version.
 *
 * Continuity is proven at every look, not assumed:
 *   the stored epoch is ours          else a migration, a restore or another process began a new one
 *   the row at our position is still
 *   the one we read                   else the log was restored from a backup, in place
 *   numbers follow without a gap      else rows were deleted in front of us
 *   (now and then) the path still
 *   names the file we have open       else a file was moved into its place
 * Any of these failing ends the epoch: RC_GONE, and the caller takes a snapshot.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/source.h"
#include "rowcast/feed/sqlite/epoch.h"
#include "rowcast/feed/sqlite/log.h"
#include "rowcast/feed/sqlite/wake.h"
#include "rowcast/io/clock.h"

#define IDENTITY_CHECK_US 100000
#define READ_WAIT_US      1000000
#define REPLAY_GROUP_MAX  4096

struct sqlite_feed {
	struct rc_feed base;
	char *path;
	const struct rc_schema *schema;
	struct db_conn *conn;
	sqlite3 *db;
	sqlite3_stmt *read_head, *read_epoch, *data_version;
	struct log_reader reader;
	struct wake wake;
	struct epoch epoch;
	struct log_mark at; /* the newest row delivered, or where the epoch or the snapshot began */
	bool at_known;      /* the row `at` was seen; else only its number is known */
	bool gone;          /* a new epoch began; next says so until the snapshot */
	bool read_failed;   /* disconnected because of that; not because another file stands there */
	bool look_again;    /* more is there, or the file under us may have changed: data_version says nothing */
	int64_t version_seen;
	int64_t identity_checked_us;
};

static struct sqlite_feed *of(const struct rc_feed *feed)
{
	return (struct sqlite_feed *)(uintptr_t)feed;
}

static void disconnect(struct sqlite_feed *feed)
{
	log_reader_close(&feed->reader);
	sqlite3_finalize(feed->read_head);
	sqlite3_finalize(feed->read_epoch);
	sqlite3_finalize(feed->data_version);
	feed->read_head = feed->read_epoch = feed->data_version = NULL;
	if (feed->conn)
		sqlite_close(feed->conn);
	feed->conn = NULL;
	feed->db = NULL;
}

static int failed(struct sqlite_feed *feed, int result)
{
	return sqlite_fault(sqlite_conn_of(feed->conn), result, "read the change log of");
}

static int prepare(struct sqlite_feed *feed, const char *sql, sqlite3_stmt **out)
{
	int result = sqlite3_prepare_v3(feed->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

	return result == SQLITE_OK ? RC_OK : failed(feed, result);
}

static int connect_file(struct sqlite_feed *feed, struct rc_fault *fault)
{
	const struct db_options options = {.busy_timeout_us = READ_WAIT_US};
	int rc = sqlite_open(&feed->conn, feed->path, &options, fault), result;

	if (rc != RC_OK)
		return rc;
	feed->db = sqlite_conn_of(feed->conn)->db;
	result = log_reader_open(&feed->reader, feed->db);
	if (result != SQLITE_OK)
		rc = failed(feed, result);
	if (rc == RC_OK)
		rc = prepare(feed,
			     "SELECT n, at, CASE WHEN op IN (0, 1, 2, 3) THEN op ELSE -1 END FROM rc_log WHERE n >= ? "
			     "ORDER BY n LIMIT 1",
			     &feed->read_head);
	if (rc == RC_OK)
		rc = prepare(feed, "SELECT value FROM rc_meta WHERE key = 'epoch'", &feed->read_epoch);
	if (rc == RC_OK)
		rc = prepare(feed, "PRAGMA data_version", &feed->data_version);
	if (rc != RC_OK) {
		rc_fault_set(fault, RC_MISMATCH,
			     "database %s has no change log that this program can read (%s); run the migrations",
			     feed->path, feed->conn->fault.message);
		disconnect(feed);
		return RC_MISMATCH;
	}
	feed->look_again = true;
	return RC_OK;
}

/* History is broken, or the file is another: a new epoch that starts at its present head. */
static int begin_epoch(struct sqlite_feed *feed, uint64_t broken, struct rc_fault *fault)
{
	int rc = epoch_ensure(feed->path, broken, &feed->epoch, fault);

	if (rc != RC_OK)
		return rc;
	feed->at = (struct log_mark){.n = feed->epoch.start};
	feed->at_known = false;
	return RC_OK;
}

static void feed_close(struct rc_feed *base)
{
	struct sqlite_feed *feed = of(base);

	disconnect(feed);
	wake_close(&feed->wake);
	free(feed->path);
	free(feed);
}

/* The head of the row at `n`, or of the first one behind it; its number is 0 where there is none. */
static int read_head(struct sqlite_feed *feed, uint64_t n, struct log_mark *out)
{
	int result;

	*out = (struct log_mark){0};
	sqlite3_bind_int64(feed->read_head, 1, (sqlite3_int64)n);
	result = sqlite3_step(feed->read_head);
	if (result == SQLITE_ROW)
		*out = (struct log_mark){
			.n = (uint64_t)sqlite3_column_int64(feed->read_head, 0),
			.at_us = sqlite3_column_int64(feed->read_head, 1),
			.op = sqlite3_column_int(feed->read_head, 2),
		};
	sqlite3_reset(feed->read_head);
	return result == SQLITE_ROW || result == SQLITE_DONE ? RC_OK : failed(feed, result);
}

/* Remember the row at `n`, so that the next look can tell whether it is still the same. */
static int read_mark(struct sqlite_feed *feed, uint64_t n, bool *there)
{
	struct log_mark mark;
	int rc = read_head(feed, n, &mark);

	*there = rc == RC_OK && mark.n == n && n > 0;
	if (*there)
		feed->at = mark;
	return rc;
}

static int feed_open(struct rc_feed **out, const char *url, const struct rc_schema *schema,
		     const struct rc_feed_options *options, struct rc_fault *fault)
{
	struct sqlite_feed *feed = rc_xcalloc(1, sizeof(*feed));
	const char *path = url + strlen("sqlite:");
	char full[4096];
	int rc;

	if (strncmp(path, "///", 3) == 0)
		path += 2;
	feed->base.source = &feed_sqlite;
	feed->path = rc_xstrdup(realpath(path, full) ? full : path);
	feed->schema = schema;
	feed->wake = (struct wake){.epoll_fd = -1, .inotify_fd = -1, .timer_fd = -1};
	log_reader_init(&feed->reader, schema);
	rc = connect_file(feed, fault);
	if (rc == RC_OK)
		rc = begin_epoch(feed, 0, fault);
	if (rc == RC_OK)
		rc = wake_open(&feed->wake, feed->path, fault);
	if (rc == RC_OK) {
		rc = sqlite_log_head(feed->conn, &feed->at.n);
		if (rc == RC_OK)
			rc = read_mark(feed, feed->at.n, &feed->at_known);
		if (rc != RC_OK && fault)
			*fault = feed->conn->fault;
	}
	if (rc != RC_OK) {
		feed_close(&feed->base);
		return rc;
	}
	*out = &feed->base;
	return RC_OK;
}

/* RC_GONE when the stored epoch is not ours any more. */
static int check_epoch(struct sqlite_feed *feed)
{
	bool same = false;
	int result;

	if (!feed->epoch.stored)
		return RC_OK;
	result = sqlite3_step(feed->read_epoch);
	if (result == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(feed->read_epoch, 0);

		same = text && strcmp(text, feed->epoch.text) == 0;
	}
	sqlite3_reset(feed->read_epoch);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return failed(feed, result);
	return same ? RC_OK : RC_GONE;
}

/* The path names another file now: open that one. */
static int follow_file(struct sqlite_feed *feed)
{
	struct rc_fault fault = {0};
	int rc;

	disconnect(feed);
	rc = connect_file(feed, &fault);
	if (rc == RC_OK)
		rc = begin_epoch(feed, feed->epoch.number, &fault);
	if (rc != RC_OK) {
		disconnect(feed);
		log_event(LOG_ERROR, "feed-file", "the database file cannot be read", LOG_S("reason", fault.message));
		return rc;
	}
	feed->gone = true;
	return RC_GONE;
}

/*
 * After a failed read the connection may hold pages that are not what is in the file any more, and nothing tells it to
 * drop them before the next commit. So it is opened again; the epoch goes on when the row at our position is still the
 * one we know.
 */
static int reconnect(struct sqlite_feed *feed)
{
	struct rc_fault fault = {0};
	int rc = connect_file(feed, &fault);

	if (rc != RC_OK)
		log_event(LOG_DEBUG, "feed-file", "the database file cannot be read", LOG_S("reason", fault.message));
	return rc;
}

static int check_file(struct sqlite_feed *feed)
{
	char file[48];
	int rc;

	if (!feed->conn && !feed->read_failed)
		return follow_file(feed);
	rc = epoch_file_identity(feed->path, file);
	if (rc == RC_OK && strcmp(file, feed->epoch.file) != 0)
		return follow_file(feed);
	if (rc == RC_OK && !feed->conn)
		return reconnect(feed);
	return rc == RC_OK ? RC_OK : RC_IO;
}

/* End the epoch: say so once in the log, and to the caller until the snapshot. */
static int end_epoch(struct sqlite_feed *feed, const char *reason)
{
	struct rc_fault fault = {0};
	int rc;

	log_event(LOG_WARN, "feed-gap", "the change log is not continuous; a new epoch begins",
		  LOG_S("reason", reason));
	rc = begin_epoch(feed, feed->epoch.number, &fault);
	if (rc != RC_OK)
		return rc;
	feed->gone = true;
	return RC_GONE;
}

/* 1: something was committed since the last look; 0: nothing. */
static int has_news(struct sqlite_feed *feed)
{
	int result = sqlite3_step(feed->data_version);
	int64_t version = sqlite3_column_int64(feed->data_version, 0);

	sqlite3_reset(feed->data_version);
	if (result != SQLITE_ROW)
		return failed(feed, result);
	if (version == feed->version_seen && !feed->look_again)
		return 0;
	feed->version_seen = version;
	return 1;
}

static void grow(struct rc_arena *arena, struct rc_change **changes, uint32_t count, uint32_t *capacity)
{
	struct rc_change *more;

	if (count < *capacity)
		return;
	*capacity = *capacity ? *capacity * 2 : 16;
	more = rc_arena_alloc(arena, sizeof(*more) * *capacity);
	if (count)
		memcpy(more, *changes, sizeof(*more) * count);
	*changes = more;
}

struct reading {
	const struct log_mark *known; /* the feed's position before */
	bool at_known;
	struct rc_arena *arena;
	struct rc_change *changes;
	uint32_t count, capacity;
	struct log_mark at;
	struct rc_mark writer;
	bool own_row_seen;
	const char *broken;
};

/* Rows up to the end of the transaction; the row at our own position comes first. */
static struct rc_change *reading_row(void *arg, const struct log_mark *mark, const struct rc_model *model, bool *stop)
{
	struct reading *reading = arg;

	if (mark->n == reading->known->n) {
		reading->own_row_seen = true;
		if (reading->at_known && (mark->at_us != reading->known->at_us || mark->op != reading->known->op))
			reading->broken = "the row at the feed's position was replaced by another";
		*stop = reading->broken != NULL;
		return NULL;
	}
	if (reading->at.ends && reading->at.n != reading->known->n)
		*stop = true;
	else if (mark->n != reading->at.n + 1)
		reading->broken = "rows in front of the feed's position were removed";
	if (*stop || reading->broken) {
		*stop = true;
		return NULL;
	}
	reading->at = *mark;
	if (mark->mark.writer)
		reading->writer = mark->mark;
	if (!model)
		return NULL;
	grow(reading->arena, &reading->changes, reading->count, &reading->capacity);
	return &reading->changes[reading->count++];
}

/*
 * The next transaction behind feed->at; *more: another one stands behind it. The row at our own position comes first:
 * it must be the one we know, unless it has been pruned (then the next one must follow it).
 */
static int read_changes(struct sqlite_feed *feed, struct rc_arena *arena, struct rc_txn *out, bool *more,
			const char **broken)
{
	struct reading reading = {.known = &feed->at, .at_known = feed->at_known, .arena = arena, .at = feed->at};
	int result = log_walk(&feed->reader, feed->at.n, arena, reading_row, &reading);

	*broken = reading.broken;
	if (*broken)
		return RC_GONE;
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		return failed(feed, result);
	*more = result == SQLITE_ROW;
	if (reading.at.n == feed->at.n) {
		uint64_t head = 0;
		int rc = reading.own_row_seen ? RC_OK : sqlite_log_head(feed->conn, &head);

		if (rc == RC_OK && !reading.own_row_seen && head != feed->at.n)
			*broken = head < feed->at.n ? "the log ends in front of the feed's position"
						    : "the newest rows of the log were removed";
		return rc != RC_OK ? rc : *broken ? RC_GONE : RC_AGAIN;
	}
	feed->at = reading.at;
	feed->at_known = true;
	*out = (struct rc_txn){
		.position = {feed->epoch.number, feed->at.n},
		.mark = reading.writer,
		.committed_us = feed->at.at_us,
		.change_count = reading.count,
		.changes = reading.changes,
	};
	return RC_OK;
}

static int look(struct sqlite_feed *feed, struct rc_arena *arena, struct rc_txn *out)
{
	const char *broken = NULL;
	bool more = false;
	int64_t now_us = clock_mono_us();
	int rc;

	if (feed->gone)
		return RC_GONE;
	if (!feed->conn || now_us - feed->identity_checked_us >= IDENTITY_CHECK_US) {
		feed->identity_checked_us = now_us;
		rc = check_file(feed);
		if (rc != RC_OK)
			return rc;
	}
	rc = has_news(feed);
	if (rc <= 0)
		return rc == 0 ? RC_AGAIN : rc;
	feed->look_again = true; /* until this look has succeeded */
	rc = sqlite_begin(feed->conn, false, RC_ISOLATION_DEFAULT);
	if (rc != RC_OK)
		return rc;
	rc = check_epoch(feed);
	if (rc == RC_GONE)
		broken = "the stored epoch is another";
	if (rc == RC_OK)
		rc = read_changes(feed, arena, out, &more, &broken);
	sqlite_rollback(feed->conn);
	if (rc == RC_GONE)
		return end_epoch(feed, broken);
	if (rc == RC_OK || rc == RC_AGAIN)
		feed->look_again = more;
	if (rc == RC_OK)
		wake_found(&feed->wake);
	return rc;
}

static int feed_next(struct rc_feed *base, struct rc_arena *arena, struct rc_txn *out)
{
	struct sqlite_feed *feed = of(base);
	int rc = look(feed, arena, out);

	if (rc == RC_CORRUPT || rc == RC_IO) {
		disconnect(feed);
		feed->read_failed = true;
	} else if (rc == RC_OK || rc == RC_AGAIN) {
		feed->read_failed = false;
	}
	return rc;
}

static int snapshot_model(struct sqlite_feed *feed, const struct rc_model *model, struct rc_arena *arena,
			  void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg)
{
	sqlite3_str *sql = sqlite3_str_new(feed->db);
	sqlite3_value *values[64];
	sqlite3_stmt *stmt = NULL;
	char *text;
	int result;

	for (uint32_t i = 0; i < model->column_count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"", i ? ", " : "SELECT ", model->columns[i].name);
	sqlite3_str_appendf(sql, " FROM \"%w\"", model->table);
	for (uint32_t i = 0; i < model->key_count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"", i ? ", " : " ORDER BY ", model->columns[model->key[i]].name);
	text = sqlite3_str_finish(sql);
	rc_check(text);
	result = sqlite3_prepare_v2(feed->db, text, -1, &stmt, NULL);
	sqlite3_free(text);
	if (result != SQLITE_OK)
		return failed(feed, result);
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		void *image = rc_arena_zalloc(arena, model->row_bytes);
		uint32_t bad;

		for (uint32_t i = 0; i < model->column_count; i++)
			values[i] = sqlite3_column_value(stmt, (int)i);
		if (sqlite_decode(values, model, arena, image, &bad) != RC_OK)
			log_bad_value(model, bad);
		row(arg, model, image);
		rc_arena_reset(arena);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? RC_OK : failed(feed, result);
}

/* Inside one read transaction. */
static int snapshot_rows(struct sqlite_feed *feed,
			 void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg)
{
	struct rc_arena arena;
	uint64_t head = 0;
	int rc = check_epoch(feed);

	if (rc == RC_OK)
		rc = sqlite_log_head(feed->conn, &head);
	if (rc != RC_OK)
		return rc;
	rc_arena_init(&arena, 16 * 1024);
	for (uint32_t i = 0; i < feed->schema->model_count && rc == RC_OK; i++) {
		if (feed->schema->models[i]->captured)
			rc = snapshot_model(feed, feed->schema->models[i], &arena, row, arg);
	}
	rc_arena_release(&arena);
	feed->at = (struct log_mark){.n = head};
	return rc == RC_OK ? read_mark(feed, head, &feed->at_known) : rc;
}

static int feed_snapshot(struct rc_feed *base, void (*row)(void *arg, const struct rc_model *model, const void *row),
			 void *arg, struct rc_position *at, struct rc_fault *fault)
{
	struct sqlite_feed *feed = of(base);
	int rc = check_file(feed);

	if (rc != RC_OK && rc != RC_GONE)
		return rc_fault_set(fault, (enum rc_err)rc, "database %s cannot be read now", feed->path);
	rc = sqlite_begin(feed->conn, false, RC_ISOLATION_DEFAULT);
	if (rc == RC_OK) {
		rc = snapshot_rows(feed, row, arg);
		sqlite_rollback(feed->conn);
	}
	/* Before the first row: somebody else began an epoch. Take part in it. */
	if (rc == RC_GONE) {
		rc = begin_epoch(feed, feed->epoch.number, fault);
		return rc == RC_OK ? feed_snapshot(base, row, arg, at, fault) : rc;
	}
	if (rc != RC_OK) {
		if (fault)
			*fault = feed->conn->fault;
		return rc;
	}
	feed->gone = false;
	feed->look_again = true;
	*at = (struct rc_position){feed->epoch.number, feed->at.n};
	return RC_OK;
}

static int feed_oldest(struct rc_feed *base, struct rc_position *out)
{
	struct sqlite_feed *feed = of(base);
	struct log_mark mark;
	uint64_t first;
	int rc;

	if (!feed->conn)
		return RC_IO;
	rc = read_head(feed, 0, &mark);
	if (rc != RC_OK)
		return rc;
	first = mark.n ? mark.n - 1 : feed->at.n;
	*out = (struct rc_position){feed->epoch.number, first > feed->epoch.start ? first : feed->epoch.start};
	return RC_OK;
}

static int feed_when(struct rc_feed *base, uint64_t n, int64_t *us)
{
	struct sqlite_feed *feed = of(base);
	struct log_mark mark;
	int rc;

	if (!feed->conn)
		return RC_IO;
	rc = read_head(feed, n, &mark);
	if (rc != RC_OK)
		return rc;
	if (mark.n == 0 || mark.n != n)
		return RC_NOT_FOUND;
	*us = mark.at_us;
	return RC_OK;
}

struct replay {
	struct sqlite_feed *feed;
	void (*txn)(void *arg, const struct rc_txn *txn);
	void *arg;
	struct rc_arena arena;
	struct rc_change *changes;
	uint32_t count, capacity;
	struct log_mark last;
};

static void replay_flush(struct replay *replay)
{
	const struct rc_txn txn = {
		.position = {replay->feed->epoch.number, replay->last.n},
		.committed_us = replay->last.at_us,
		.change_count = replay->count,
		.changes = replay->changes,
	};

	if (replay->count > 0)
		replay->txn(replay->arg, &txn);
	rc_arena_reset(&replay->arena);
	replay->changes = NULL;
	replay->count = replay->capacity = 0;
}

/* Rows of one statement bear one time: what is delivered together here is never less than a statement, up to a bound.
 */
static struct rc_change *replay_row(void *arg, const struct log_mark *mark, const struct rc_model *model, bool *stop)
{
	struct replay *replay = arg;

	*stop = replay->last.n >= replay->feed->at.n || mark->n != replay->last.n + 1;
	if (*stop)
		return NULL;
	if (mark->at_us != replay->last.at_us || replay->count == REPLAY_GROUP_MAX)
		replay_flush(replay);
	replay->last = *mark;
	if (!model)
		return NULL;
	grow(&replay->arena, &replay->changes, replay->count, &replay->capacity);
	return &replay->changes[replay->count++];
}

static int replay_rows(struct sqlite_feed *feed, struct replay *replay, uint64_t after)
{
	int result;

	replay->last = (struct log_mark){.n = after};
	result = log_walk(&feed->reader, after + 1, &replay->arena, replay_row, replay);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return failed(feed, result);
	replay_flush(replay);
	return replay->last.n == feed->at.n ? RC_OK : RC_GONE;
}

static int feed_replay(struct rc_feed *base, struct rc_position after, void (*txn)(void *arg, const struct rc_txn *txn),
		       void *arg)
{
	struct sqlite_feed *feed = of(base);
	struct replay replay = {.feed = feed, .txn = txn, .arg = arg};
	struct rc_position oldest;
	int rc;

	if (feed->gone || after.epoch != feed->epoch.number || after.n > feed->at.n)
		return RC_GONE;
	rc = sqlite_begin(feed->conn, false, RC_ISOLATION_DEFAULT);
	if (rc != RC_OK)
		return rc;
	rc = feed_oldest(base, &oldest);
	if (rc == RC_OK && after.n < oldest.n)
		rc = RC_GONE;
	if (rc == RC_OK) {
		rc_arena_init(&replay.arena, 64 * 1024);
		rc = replay_rows(feed, &replay, after.n);
		rc_arena_release(&replay.arena);
	}
	sqlite_rollback(feed->conn);
	return rc;
}

static int feed_fd(const struct rc_feed *feed)
{
	return of(feed)->wake.epoll_fd;
}

static void feed_attend(struct rc_feed *feed)
{
	wake_attend(&of(feed)->wake);
}

/* Migrations made the log and its triggers; a transaction's ends and marks need nothing else. */
static int feed_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
			bool install, struct rc_fault *fault)
{
	return RC_OK;
}

const struct feed_source feed_sqlite = {
	.scheme = "sqlite",
	.kind = RC_FEED_TRIGGER,
	.prepare = feed_prepare,
	.prune = feed_log_prune,
	.open = feed_open,
	.close = feed_close,
	.snapshot = feed_snapshot,
	.next = feed_next,
	.replay = feed_replay,
	.oldest = feed_oldest,
	.when = feed_when,
	.fd = feed_fd,
	.attend = feed_attend,
};
