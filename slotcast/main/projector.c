/*
 * One turn: whatever woke the loop only asks for a reading; the hook at the end of the turn does it. So a hundred
 * wake-ups cost one reading, and everything that arrived in the turn waits for that one.
 *
 *   feed → board_apply → hub_commit, transaction by transaction; then the answers that waited for it
 *
 * When the feed cannot be read, reads go on from memory with their age, bookings are refused (nobody could be told what
 * became of them), and the reading is tried again; when its history broke (RC_GONE), the board is loaded anew and every
 * subscriber gets `reset`. When the store has gone over to another server of the database, the feed follows it, likewise.
 * What people are told of all this is decided in freshness.c.
 */
#include "slotcast/main/projector.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/base/metric.h"
#include "rowcast/io/clock.h"
#include "rowcast/live/hub.h"
#include "rowcast/server/alert.h"
#include "slotcast/api/render.h"
#include "slotcast/main/freshness.h"
#include "slotcast/main/one_host.h"
#include "slotcast/model/model.h"

#define TRANSACTIONS_PER_TURN 64
#define RETRY_US              200000
#define BACKLOG_MAX           20000
#define TICK_US_MAX           1000000 /* wall time may be set: look again at least this often */
#define FORGET_US             10000000

struct projector {
	pthread_t thread;
	struct loop *loop;
	struct projector_config config;
	struct rc_feed *feed; /* NULL: to be opened, on the server that the store writes to */
	int host;             /* the one that it is open on; 0: any */
	struct board *board;
	struct shapes *shapes;
	struct hub *hub;
	struct api *api;
	struct store *store;

	struct watch feed_watch;
	struct timer tick, retry;
	struct loop_hook end_of_turn;
	struct message wake; /* posted when `woken` goes from false to true */
	atomic_bool woken;
	bool wanted;        /* read the feed at the end of this turn */
	bool reload_wanted; /* the history broke; the board has to be loaded */
	atomic_bool stopping;
	sem_t *started; /* posted once subscribers may come */
	struct rc_arena txn_arena;

	int64_t forgot_us; /* monotonic: when topics were last told what the log has forgotten */
	int64_t good_us;   /* when the feed was last empty, monotonic */
	int64_t lag_us;    /* of the newest transaction when the reading stopped before the feed was empty; else 0 */
	struct freshness told;
	_Atomic int failing; /* rc_err of the last reading; 0: all well */
};

static struct metric transactions = METRIC_COUNTER("slotcast_feed_transactions_total",
						   "Transactions read from the change feed", NULL);
static struct metric lag_seconds = METRIC_HISTOGRAM("slotcast_feed_lag_seconds",
						    "From a commit to the board and the subscribers", NULL);
static struct metric reloads = METRIC_COUNTER("slotcast_board_reloads_total",
					      "Times the board was loaded after a break", NULL);

static struct metric feed_figures[] = {
	METRIC_GAUGE("slotcast_feed_connected", "1 while the change feed hears its server", NULL),
	METRIC_GAUGE("slotcast_feed_kept_bytes", "Of the database's log that is kept for this program; -1: not known",
		     NULL),
	METRIC_GAUGE("slotcast_feed_behind_bytes", "Of it not read yet; -1: not known", NULL),
	METRIC_GAUGE("slotcast_feed_gaps", "Times that its history broke since it was opened", NULL),
	METRIC_GAUGE("slotcast_feed_reconnects", "Times that it connected again since it was opened", NULL),
	METRIC_GAUGE("slotcast_feed_kind", "1: where changes are read", "kind=\"log\""),
	METRIC_GAUGE("slotcast_feed_kind", "1: where changes are read", "kind=\"trigger\""),
};

/* What the feed says of itself, for metrics, and for whoever has to see to it. */
static void look_at_feed(struct projector *projector)
{
	struct rc_feed_stats stats;
	char text[256];
	int64_t limit = (int64_t)projector->config.feed.keep_bytes;

	if (!projector->feed)
		return;
	rc_feed_stats(projector->feed, &stats);
	metric_set(&feed_figures[0], stats.connected);
	metric_set(&feed_figures[1], stats.kept_bytes);
	metric_set(&feed_figures[2], stats.behind_bytes);
	metric_set(&feed_figures[3], (int64_t)stats.gaps);
	metric_set(&feed_figures[4], (int64_t)stats.reconnects);
	metric_set(&feed_figures[5], stats.kind == RC_FEED_LOG);
	metric_set(&feed_figures[6], stats.kind == RC_FEED_TRIGGER);
	if (limit && stats.kept_bytes > limit / 4 * 3) {
		snprintf(text, sizeof(text),
			 "The database keeps %lld bytes of its log for this program, of %lld that it may; see whether "
			 "it "
			 "keeps up, before its place in the log is lost.",
			 (long long)stats.kept_bytes, (long long)limit);
		alert_raise(projector->config.alerts, "feed-behind", text);
	} else if (stats.kept_bytes >= 0 && stats.kept_bytes < limit / 2) {
		alert_resolve(projector->config.alerts, "feed-behind",
			      "The database keeps little for this program again.");
	}
}

/* The database's clock; before there is a store, ours. */
static int64_t clock_us(const struct projector *projector)
{
	return projector->store ? store_now_us(projector->store) : clock_wall_us();
}

static int open_feed(struct projector *projector, struct rc_fault *fault)
{
	char *url = one_host(projector->config.url, projector->host);
	int err = rc_feed_open(&projector->feed, url, &slotcast_schema, &projector->config.feed, fault);

	free(url);
	if (err)
		projector->feed = NULL;
	return err;
}

/* Tables that anybody may watch: what the venue's page shows of them anyway. */
static struct shapes *make_shapes(const struct shapes_limits *limits)
{
#define ALL_COLUMNS(count) ((UINT64_C(1) << (count)) - 1)
	const struct shapes_table tables[] = {
		{&venue_model, ALL_COLUMNS(VENUE_COL_COUNT)},
		{&resource_model, ALL_COLUMNS(RESOURCE_COL_COUNT)},
		{&service_model, ALL_COLUMNS(SERVICE_COL_COUNT)},
		{&session_model, ALL_COLUMNS(SESSION_COL_COUNT) & ~(UINT64_C(1) << SESSION_COL_TAKEN_BY)},
	};
#undef ALL_COLUMNS
	const struct shapes_options options = {
		.tables = tables, .table_count = sizeof(tables) / sizeof(tables[0]), .limits = *limits};

	return shapes_create(&options);
}

static void snapshot_row(void *arg, const struct rc_model *model, const void *row)
{
	struct projector *projector = arg;

	board_row(projector->board, model, row);
	shapes_row(projector->shapes, model, row);
}

static void retained_txn(void *arg, const struct rc_txn *txn)
{
	struct projector *projector = arg;

	board_history(projector->board, txn);
	shapes_history(projector->shapes, txn);
}

/* Load the board and the tables from one consistent read, and from the retained history what can be resumed. */
static int load(struct projector *projector, struct rc_fault *fault)
{
	struct rc_position at, oldest;
	int64_t oldest_us;
	int err;

	board_clear(projector->board);
	shapes_clear(projector->shapes);
	err = rc_feed_snapshot(projector->feed, snapshot_row, projector, &at, fault);
	if (err)
		return err;
	err = rc_feed_oldest(projector->feed, &oldest);
	if (!err && rc_feed_when(projector->feed, oldest.n, &oldest_us) == 0)
		board_oldest_time(projector->board, oldest_us);
	if (!err)
		err = rc_feed_replay(projector->feed, oldest, retained_txn, projector);
	if (err == RC_GONE) { /* pruned meanwhile: nothing older can be resumed */
		oldest = at;
		err = 0;
	}
	if (err)
		return rc_fault_set(fault, err, "the change log cannot be read: %s", rc_err_name(err));
	board_ready(projector->board, at, oldest, clock_us(projector));
	shapes_ready(projector->shapes, at, oldest);
	board_share_catalog(projector->board, board_catalog(projector->board));
	return 0;
}

int projector_create(struct projector **out, const struct projector_config *config, struct rc_fault *fault)
{
	struct projector *projector = rc_xcalloc(1, sizeof(*projector));
	const struct board_options options = {.keep_us = config->feed.keep_us,
					      .keep_changes = config->feed.keep_changes};
	int err;

	projector->config = *config;
	rc_arena_init(&projector->txn_arena, 65536);
	projector->board = board_create(&options);
	projector->shapes = make_shapes(&config->shapes);
	err = loop_create(&projector->loop, fault);
	if (err)
		goto out;
	loop_set_backlog(projector->loop, BACKLOG_MAX);
	projector->host = config->host;
	err = open_feed(projector, fault);
	if (!err)
		err = load(projector, fault);
	metric_register(&transactions);
	metric_register(&lag_seconds);
	metric_register(&reloads);
	for (size_t i = 0; i < sizeof(feed_figures) / sizeof(feed_figures[0]); i++)
		metric_register(&feed_figures[i]);
out:
	if (err)
		projector_destroy(projector);
	else
		*out = projector;
	return err;
}

struct loop *projector_loop(const struct projector *projector)
{
	return projector->loop;
}

struct board *projector_board(const struct projector *projector)
{
	return projector->board;
}

struct shapes *projector_shapes(const struct projector *projector)
{
	return projector->shapes;
}

const char *projector_missing(void *arg)
{
	struct projector *projector = arg;

	return atomic_load_explicit(&projector->failing, memory_order_relaxed)
		       ? "the change feed cannot be read; what is shown may be out of date"
		       : NULL;
}

/* Tell everybody how fresh the data is, if that changed. `now_us`: monotonic. */
static void tell(struct projector *projector, int64_t now_us)
{
	const struct freshness_facts facts = {
		.store_err = store_health(projector->store),
		.feed_err = atomic_load_explicit(&projector->failing, memory_order_relaxed),
		.lag_us = projector->lag_us,
		.behind_us = now_us - projector->good_us,
	};
	struct freshness now = freshness_judge(&facts);

	if (!freshness_is_news(&projector->told, &now))
		return;
	if (now.state != projector->told.state)
		log_event(now.state == LIVE_LIVE ? LOG_INFO : LOG_WARN, "freshness",
			  "what readers are told about the data changed", LOG_S("state", live_state_name(now.state)));
	projector->told = now;
	api_status(projector->api, now.state, now.age_us ? projector->good_us : 0);
	hub_status(projector->hub, now.state, now.lag_us, now.age_us);
}

static void tick(struct timer *timer);

static void arm_tick(struct projector *projector)
{
	int64_t wait_us = board_next_tick(projector->board) - clock_us(projector);

	if (wait_us > TICK_US_MAX)
		wait_us = TICK_US_MAX;
	timer_start(projector->loop, &projector->tick, loop_now_us(projector->loop) + (wait_us > 0 ? wait_us : 0),
		    tick);
}

/* What the log does not keep any more, topics need not remember either. */
static void forget(struct projector *projector)
{
	struct rc_position oldest;

	if (loop_now_us(projector->loop) - projector->forgot_us < FORGET_US)
		return;
	projector->forgot_us = loop_now_us(projector->loop);
	if (projector->feed && rc_feed_oldest(projector->feed, &oldest) == 0 &&
	    oldest.epoch == board_position(projector->board).epoch)
		hub_retain(projector->hub, oldest.n);
}

static void tick(struct timer *timer)
{
	struct projector *projector = LIST_OWNER(timer, struct projector, tick);
	int64_t now_us = clock_us(projector);

	forget(projector);
	look_at_feed(projector);
	if (board_tick(projector->board, now_us))
		hub_commit(projector->hub, board_position(projector->board), now_us);
	arm_tick(projector);
}

static void retry(struct timer *timer)
{
	LIST_OWNER(timer, struct projector, retry)->wanted = true;
}

/* The feed cannot be read now: say so, and try again soon. */
static void failed(struct projector *projector, int err)
{
	if (atomic_exchange_explicit(&projector->failing, err, memory_order_relaxed) != err)
		log_event(LOG_ERROR, "feed-failed", "the change feed cannot be read; trying again",
			  LOG_S("error", rc_err_name(err)));
	tell(projector, clock_mono_us());
	timer_start(projector->loop, &projector->retry, loop_now_us(projector->loop) + RETRY_US, retry);
}

static void reads_again(struct projector *projector)
{
	if (atomic_exchange_explicit(&projector->failing, 0, memory_order_relaxed))
		log_event(LOG_INFO, "feed-recovered", "the change feed can be read again");
}

static void caught_up(struct projector *projector)
{
	reads_again(projector);
	projector->good_us = clock_mono_us();
	projector->lag_us = 0;
	tell(projector, projector->good_us);
	api_advanced(projector->api);
	api_caught_up(projector->api);
	arm_tick(projector);
}

static int reload(struct projector *projector)
{
	struct rc_fault fault = {0};
	struct rc_position position;
	int err = load(projector, &fault);

	if (err) {
		log_event(LOG_ERROR, "reload-failed", "the board cannot be loaded", LOG_S("reason", fault.message));
		return err;
	}
	projector->reload_wanted = false;
	alert_resolve(projector->config.alerts, "feed-gap", "The board has been loaded again.");
	position = board_position(projector->board);
	metric_add(&reloads, 1);
	log_event(LOG_WARN, "epoch", "the change log's history broke; subscribers start again from a snapshot",
		  LOG_I("position", position.n));
	store_use_epoch(projector->store, position.epoch);
	store_use_catalog(projector->store, board_catalog(projector->board));
	if (store_marks_all(projector->store))
		store_nudge(projector->store);
	hub_restart(projector->hub, position, "the history of changes begins anew");
	return 0;
}

static void feed_ready(struct watch *watch, uint32_t events)
{
	struct projector *projector = LIST_OWNER(watch, struct projector, feed_watch);

	rc_feed_attend(projector->feed);
	projector->wanted = true;
}

static int watch_feed(struct projector *projector)
{
	projector->feed_watch = (struct watch){.fd = rc_feed_fd(projector->feed)};
	return watch_add(projector->loop, &projector->feed_watch, EPOLLIN, feed_ready);
}

/* The store writes to another server than the one that is read: read that one. */
static int follow_store(struct projector *projector)
{
	int host = store_host(projector->store), err;
	struct rc_fault fault = {0};

	if (projector->feed && host == projector->host)
		return 0;
	if (projector->feed) {
		watch_remove(projector->loop, &projector->feed_watch);
		rc_feed_close(projector->feed);
		projector->feed = NULL;
	}
	projector->host = host;
	projector->reload_wanted = true;
	err = open_feed(projector, &fault);
	if (!err)
		err = watch_feed(projector);
	if (err)
		log_event(LOG_ERROR, "feed-failed", "the change feed of the other server cannot be opened",
			  LOG_S("reason", fault.message));
	return err;
}

static void apply(struct projector *projector, const struct rc_txn *txn, int64_t committed_us)
{
	int64_t now_us = clock_us(projector);
	const struct catalog *before = board_catalog(projector->board);

	board_apply(projector->board, txn, now_us);
	shapes_apply(projector->shapes, txn);
	if (board_catalog(projector->board) != before) {
		store_use_catalog(projector->store, board_catalog(projector->board));
		board_share_catalog(projector->board, board_catalog(projector->board));
	}
	hub_commit(projector->hub, txn->position, committed_us);
	if (store_made(projector->store, txn->mark))
		api_seen(projector->api, txn->mark, txn->position);
	metric_add(&transactions, 1);
	if (now_us > committed_us)
		metric_observe_us(&lag_seconds, now_us - committed_us);
}

/* Some transactions; 0: there are more, RC_AGAIN: the feed is empty, else why it cannot be read. */
static int read_some(struct projector *projector)
{
	struct rc_txn txn;
	int64_t empty_us, committed_us = 0;
	int err = 0;

	err = follow_store(projector);
	if (!err && projector->reload_wanted)
		err = reload(projector);
	if (err)
		return err;
	empty_us = clock_us(projector) - (clock_mono_us() - projector->good_us);
	for (int i = 0; i < TRANSACTIONS_PER_TURN; i++) {
		err = rc_feed_next(projector->feed, &projector->txn_arena, &txn);
		if (err)
			return err;
		committed_us = freshness_committed_us(txn.committed_us, empty_us);
		apply(projector, &txn, committed_us);
		rc_arena_reset(&projector->txn_arena);
	}
	projector->lag_us = clock_us(projector) - committed_us;
	return 0;
}

static void read_feed(struct projector *projector)
{
	int err;

	projector->wanted = false;
	api_catching_up(projector->api);
	err = read_some(projector);
	if (err == RC_GONE) {
		projector->reload_wanted = true;
		alert_raise(projector->config.alerts, "feed-gap",
			    "The history of changes broke (see feed-gap above); the board is loaded again and every "
			    "subscriber starts from a snapshot.");
		err = read_some(projector);
	}
	if (err == RC_AGAIN) {
		caught_up(projector);
	} else if (err == 0) {
		reads_again(projector);
		tell(projector, clock_mono_us());
		api_advanced(projector->api);
		projector_wake(projector); /* the rest in the next turn, so that messages get theirs */
	} else {
		failed(projector, err);
	}
}

static void end_of_turn(struct loop_hook *hook)
{
	struct projector *projector = LIST_OWNER(hook, struct projector, end_of_turn);

	if (projector->wanted)
		read_feed(projector);
}

static void woken(struct message *message)
{
	struct projector *projector = LIST_OWNER(message, struct projector, wake);

	atomic_store(&projector->woken, false); /* before the reading: what is committed from here on wakes again */
	projector->wanted = true;
	tell(projector, loop_now_us(projector->loop)); /* before any answer: the store may have stopped, or go on */
	if (atomic_load(&projector->stopping))
		loop_stop(projector->loop);
}

void projector_wake(void *arg)
{
	struct projector *projector = arg;

	if (!atomic_exchange(&projector->woken, true)) {
		projector->wake.deliver = woken;
		loop_post(projector->loop, &projector->wake);
	}
}

void projector_catch_up(void *arg)
{
	struct projector *projector = arg;

	projector->wanted = true;
}

static void *run(void *arg)
{
	struct projector *projector = arg;

	pthread_setname_np(pthread_self(), "projector");
	projector->good_us = clock_mono_us();
	hub_restart(projector->hub, board_position(projector->board), NULL);
	hub_status(projector->hub, LIVE_LIVE, 0, 0);
	arm_tick(projector);
	projector->wanted = true;
	rc_check(sem_post(projector->started) == 0);
	rc_check(loop_run(projector->loop) == 0);
	return NULL;
}

int projector_start(struct projector *projector, struct hub *hub, struct api *api, struct store *store,
		    struct rc_fault *fault)
{
	sem_t started;
	int err;

	projector->hub = hub;
	projector->api = api;
	projector->store = store;
	projector->end_of_turn.run = end_of_turn;
	loop_hook_add(projector->loop, &projector->end_of_turn);
	err = watch_feed(projector);
	if (err)
		return rc_fault_set(fault, err, "the change feed cannot be watched");
	rc_check(sem_init(&started, 0, 0) == 0);
	projector->started = &started;
	if (pthread_create(&projector->thread, NULL, run, projector))
		err = rc_fault_set(fault, RC_IO, "cannot start the projector's thread");
	while (!err && sem_wait(&started))
		;
	sem_destroy(&started);
	return err;
}

void projector_stop(struct projector *projector)
{
	atomic_store(&projector->stopping, true);
	projector_wake(projector);
	pthread_join(projector->thread, NULL);
}

void projector_destroy(struct projector *projector)
{
	if (!projector)
		return;
	rc_feed_close(projector->feed);
	if (projector->loop)
		loop_destroy(projector->loop);
	board_destroy(projector->board);
	shapes_destroy(projector->shapes);
	rc_arena_release(&projector->txn_arena);
	free(projector);
}
