/*
 * The write connection: where it goes, what is done when it is lost, and whose clock counts.
 *
 * Lost: tried again after a pause with full jitter, at most some seconds. Three failures in a row raise the alert
 * `database-lost`; from then on every further try goes to the next server of the URL. A server is taken only when it is
 * a primary and the probe's row has been committed there.
 *
 * Whoever has been left is not gone back to (until a restart): an old primary that comes back does not know that it is
 * old, and what it acknowledged nobody would ever see. And what is written must be what is read: the epoch in the
 * database (rc_meta) has to be the one that the projector follows, or nothing is acknowledged.
 * docs/decisions/0025-failover.md
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

#define FILE_PROBE_US    250000
#define PAUSE_FIRST_US   200000
#define PAUSE_MAX_US     4000000
#define FAILURES_TO_TELL 3
#define LOOK_TIMEOUT_US  1500000 /* for a first look at a server that was lost */
#define CLOCK_EVERY_US   30000000
#define CLOCK_TRIP_US    250000 /* a slower answer says too little */
#define SKEW_TOLD_US     1000000

struct meta_row {
	uint64_t nulls;
	struct rc_str value;
};

static const struct rc_column meta_columns[] = {{"value", RC_TEXT, 0, offsetof(struct meta_row, value)}};
static const struct rc_model meta_model = {
	.table = "rc_meta",
	.columns = meta_columns,
	.column_count = 1,
	.row_bytes = sizeof(struct meta_row),
	.version = -1,
};

/* 0 in *epoch: it has none. */
static int read_epoch(struct rc_db *db, uint64_t *epoch)
{
	struct rc_arena arena;
	struct rc_rows rows = {0};
	struct rc_tx *tx;
	int err = rc_tx_begin(db, RC_READ, &tx);

	*epoch = 0;
	if (err)
		return err;
	rc_arena_init(&arena, 256);
	err = rc_sql_rows(tx, &arena, "SELECT rc_meta.value FROM rc_meta WHERE rc_meta.key = 'epoch'", NULL, 0,
			  &meta_model, &rows);
	if (!err && rows.count)
		*epoch = strtoull(rc_arena_copy(&arena, ((struct meta_row *)rows.at[0])->value).ptr, NULL, 16);
	rc_tx_rollback(tx);
	rc_arena_release(&arena);
	return err;
}

/*
 * Is what is written here what the projector reads? Feeds whose epoch is not in the database (a count of this process)
 * cannot be compared.
 */
int link_check(struct store *store)
{
	uint64_t wanted = atomic_load(&store->epoch), found;
	int err;

	if (!store->link.compares || store->link.epoch == wanted)
		return 0;
	err = read_epoch(store->db, &found);
	if (err)
		return err;
	store->link.epoch = found;
	if (found == wanted)
		return 0;
	log_event(LOG_WARN, "another-history",
		  "the database that is written to is not the one that is read; nothing is acknowledged until it is",
		  LOG_S("server", store->link.hosts[store->link.host - 1]));
	return RC_GONE;
}

/* The database's clock beside ours. */
static void measure_clock(struct store *store)
{
	int64_t before_us = clock_mono_us(), here_us, there_us, skew_us;
	int err = rc_db_clock(store->db, &there_us);
	int64_t trip_us = clock_mono_us() - before_us;

	store->link.measured_us = before_us;
	if (err || trip_us > CLOCK_TRIP_US)
		return;
	here_us = clock_wall_us() - trip_us / 2;
	skew_us = there_us - here_us;
	if (llabs(skew_us) <= trip_us) /* no more than the way there and back can be */
		skew_us = 0;
	atomic_store_explicit(&store->link.skew_us, skew_us, memory_order_relaxed);
	if (llabs(skew_us) > SKEW_TOLD_US && !store->link.skew_told) {
		store->link.skew_told = true;
		log_event(LOG_WARN, "clocks-differ",
			  "the clock of this machine and that of the database differ; the database's decides. Set the "
			  "wrong "
			  "one, and let both be kept right by NTP",
			  LOG_D("database_ahead_s", (double)skew_us / 1e6), LOG_I("database_us", there_us),
			  LOG_I("here_us", here_us));
	}
}

int64_t store_now_us(const struct store *store)
{
	return clock_wall_us() + atomic_load_explicit(&store->link.skew_us, memory_order_relaxed);
}

void link_tick(struct store *store)
{
	if (store->marks_all && clock_mono_us() - store->link.measured_us >= CLOCK_EVERY_US)
		measure_clock(store);
}

static int open_host(struct store *store, int host, int64_t timeout_us, struct rc_db **out, struct rc_fault *fault)
{
	const struct rc_db_options options = {
		.access = RC_WRITE, .busy_timeout_us = timeout_us, .no_auto_checkpoint = true, .host = host};

	return rc_db_open(out, store->url, &slotcast_schema, &options, fault);
}

/*
 * Marks are counted anew on each connection: what one of them was seen to have committed says nothing about what another
 * one did, maybe on another server.
 */
static void connected(struct store *store)
{
	uint64_t connection = (store->mark.writer + 1) & WRITER_CONNECTIONS;

	store->mark = (struct rc_mark){.writer = store->writer_base | connection};
	store->marks_all = rc_db_dialect(store->db) != RC_SQLITE;
	if (store->marks_all)
		measure_clock(store);
}

/* The first server of the URL that is a primary. */
static int open_first(struct store *store, struct rc_fault *fault)
{
	struct rc_arena arena;
	const char **names;
	size_t count;
	int err;

	rc_arena_init(&arena, 1024);
	err = rc_db_hosts(store->url, &arena, &names, &count, fault);
	if (!err) {
		store->link.hosts = rc_xcalloc(count, sizeof(char *));
		store->link.left = rc_xcalloc(count, sizeof(bool));
		store->link.host_count = count;
		for (size_t i = 0; i < count; i++)
			store->link.hosts[i] = rc_xstrdup(names[i]);
		err = RC_UNAVAILABLE;
	}
	for (size_t i = 0; err && i < store->link.host_count; i++) {
		err = open_host(store, count > 1 ? (int)i + 1 : 0, store->options.busy_timeout_us, &store->db, fault);
		store->link.host = i + 1;
	}
	rc_arena_release(&arena);
	return err;
}

int link_start(struct store *store, struct rc_fault *fault)
{
	uint64_t epoch = 0;
	int err = open_first(store, fault);

	if (err)
		return err;
	connected(store);
	atomic_store(&store->link.told_host, (int)store->link.host);
	if (store->marks_all && read_epoch(store->db, &epoch) == 0)
		store->link.compares = epoch == store->options.epoch;
	store->link.epoch = epoch;
	link_metrics(store);
	return 0;
}

void link_release(struct store *store)
{
	if (store->db)
		rc_db_close(store->db);
	for (size_t i = 0; i < store->link.host_count; i++)
		free(store->link.hosts[i]);
	free(store->link.hosts);
	free(store->link.left);
}

void link_close(struct store *store)
{
	rc_db_close(store->db);
	store->db = NULL;
}

/* Servers: a short look says whether it is worth the patience of a real connection. */
static int reopen(struct store *store, struct rc_fault *fault)
{
	int host = store->link.host_count > 1 ? (int)store->link.host : 0, err = 0;
	int64_t timeout_us = store->options.busy_timeout_us;

	if (store->db)
		return 0;
	if (store->marks_all && timeout_us > LOOK_TIMEOUT_US) {
		err = open_host(store, host, LOOK_TIMEOUT_US, &store->db, fault);
		if (!err)
			link_close(store);
	}
	if (!err)
		err = open_host(store, host, timeout_us, &store->db, fault);
	if (err)
		return err;
	connected(store);
	store->link.epoch = 0; /* to be read */
	return 0;
}

/* A row that is written and made durable: what a booking would need. */
static int write_probe(struct store *store)
{
	struct idempotency row = {
		.scope = RC_STR("store"),
		.key = RC_STR("probe"),
		.fingerprint = RC_STR(""),
		.response = RC_STR(""),
		.expires_at = store_now_us(store),
	};
	struct rc_tx *tx;
	int err = rc_tx_begin(store->db, RC_WRITE, &tx);

	if (err)
		return err;
	err = idempotency_upsert(tx, &row);
	if (!err)
		return rc_tx_commit(tx);
	rc_tx_rollback(tx);
	return err;
}

/* The next server that has not been left. */
static void next_host(struct store *store)
{
	for (size_t i = 0; i < store->link.host_count; i++) {
		store->link.host = store->link.host % store->link.host_count + 1;
		if (!store->link.left[store->link.host - 1])
			return;
	}
}

static void tell(struct store *store, bool lost, const char *text)
{
	if (store->options.on_link)
		store->options.on_link(store->options.on_link_arg, lost, text);
}

static void count_failure(struct store *store, const char *message)
{
	struct link *link = &store->link;

	if (!store->marks_all || ++link->failures < FAILURES_TO_TELL)
		return;
	if (link->failures == FAILURES_TO_TELL) {
		char text[768];

		snprintf(text, sizeof(text),
			 "The database cannot be reached after %d tries (%s); bookings are refused, times are shown "
			 "with "
			 "their age. %s",
			 FAILURES_TO_TELL, message,
			 link->host_count > 1 ? "The other servers of the URL are tried now"
					      : "Start it again, or start this program with another URL");
		tell(store, true, text);
	}
	next_host(store);
}

/* Back: on the same server, or on another one, and then the one that was left is left for good. */
static void resume(struct store *store)
{
	struct link *link = &store->link;
	int before = atomic_load(&link->told_host), now = (int)link->host;
	char text[512];

	link->failures = 0;
	if (before != now) {
		link->left[before - 1] = true;
		log_event(LOG_WARN, "failover",
			  "another server of the URL is the primary now; the old one is not gone back to before a "
			  "restart",
			  LOG_S("from", link->hosts[before - 1]), LOG_S("to", link->hosts[now - 1]));
		atomic_store(&link->told_host, now);
	}
	snprintf(text, sizeof(text), "The database answers again: %s.", link->hosts[now - 1]);
	tell(store, false, text);
	log_event(LOG_INFO, "store_resumed", "a probe has been committed; requests are accepted again");
}

static int64_t pause_us(const struct store *store)
{
	int64_t most_us = PAUSE_FIRST_US;

	if (!store->marks_all)
		return FILE_PROBE_US;
	for (int i = 1; i < store->link.failures && most_us < PAUSE_MAX_US; i++)
		most_us *= 2;
	return 1000 + randombytes_uniform((uint32_t)(most_us < PAUSE_MAX_US ? most_us : PAUSE_MAX_US));
}

void probe_tick(struct timer *timer)
{
	struct store *store = (struct store *)((char *)timer - offsetof(struct store, probe));
	struct rc_fault fault = {0};
	int err = reopen(store, &fault);

	if (!err) {
		err = write_probe(store);
		if (err)
			fault = *rc_db_fault(store->db);
	}
	if (!err) {
		err = link_check(store);
		if (err == RC_GONE)
			(void)rc_fault_set(&fault, RC_GONE, "its history is not the one that is shown");
	}
	if (!err)
		resume(store);
	store_turn(store, err);
	if (!err)
		return;
	/* What is read may come to this server yet: the connection stays. */
	if (store->db && err != RC_FULL && err != RC_BUSY && err != RC_GONE)
		link_close(store);
	if (err != RC_FULL && err != RC_BUSY)
		count_failure(store, fault.message);
	if (store->db && err == RC_GONE && store->link.failures >= FAILURES_TO_TELL && store->link.host_count > 1)
		link_close(store);
	timer_start(store->loop, timer, clock_mono_us() + pause_us(store), probe_tick);
}

void link_lost(struct store *store)
{
	timer_start(store->loop, &store->probe, clock_mono_us() + pause_us(store), probe_tick);
}

int store_host(const struct store *store)
{
	return store->link.host_count > 1 ? atomic_load(&store->link.told_host) : 0;
}
