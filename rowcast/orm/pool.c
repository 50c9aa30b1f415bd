/*
 * The pool. One mutex guards the places and the queue of waiters; nothing that speaks to a server happens under it.
 *
 * A place (struct place) is the right to one connection. It is empty, idle (a connection rests in it) or taken. Whoever
 * takes a place brings it into order himself, outside the mutex: closes what is old or broken, opens what is missing. So
 * a slow server delays those who need a new connection and nobody else.
 *
 *   empty ──take──▶ taken ──drop──▶ idle ──take──▶ taken        taken ──drop: broken, old, pool closed──▶ empty
 *
 * Waiters stand in a queue, each with a condition of its own; a place that comes free is handed to the first, never put
 * back for whoever comes by, so nobody starves. Idle places are taken newest first: those that nobody needs grow old and
 * are closed.
 *
 * Invariants: somebody waits only while every place is taken. A closed pool is freed by whoever gives the last place
 * back.
 */
#include "rowcast/pool.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/base/list.h"
#include "rowcast/base/log.h"
#include "rowcast/orm/db.h"
#include "rowcast/orm/run.h"

#define SIZE_DEFAULT          8
#define LIFETIME_DEFAULT_US   (INT64_C(30) * 60 * 1000000)
#define IDLE_CHECK_DEFAULT_US (INT64_C(10) * 1000000)
#define REPORTS_AT_ONCE       8

struct place {
	enum { PLACE_EMPTY, PLACE_IDLE, PLACE_TAKEN } state;
	bool reported;    /* held too long, and said so */
	struct rc_db *db; /* NULL: none */
	int64_t end_us;   /* of the connection's life, monotonic */
	int64_t idle_us;  /* since when it rests */
	int64_t taken_us; /* since when somebody has it */
	const char *file; /* who took it */
	int line;
};

struct waiter {
	struct list node;
	pthread_cond_t wake;
	struct place *place; /* handed over; NULL: not yet */
};

struct rc_pool {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* closed, or a server answered again */
	char *url;
	const struct rc_schema *schema;
	struct rc_pool_options options;
	struct place *places;
	uint32_t taken;
	uint32_t inside; /* threads in rc_pool_acquire */
	struct list waiters;
	bool closed;
	struct rc_pool_stats stats;
};

static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	rc_check(pthread_cond_init(cond, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
}

/* False: end_us has passed. */
static bool cond_wait(struct rc_pool *pool, pthread_cond_t *cond, int64_t end_us)
{
	struct timespec end = {.tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000};

	return pthread_cond_timedwait(cond, &pool->mutex, &end) == 0;
}

static void lock(struct rc_pool *pool)
{
	rc_check(pthread_mutex_lock(&pool->mutex) == 0);
}

static void unlock(struct rc_pool *pool)
{
	rc_check(pthread_mutex_unlock(&pool->mutex) == 0);
}

/* Reports: collected under the mutex, told outside it. */

struct reports {
	struct rc_pool_held items[REPORTS_AT_ONCE];
	uint32_t count;
};

/* Places that are held too long and were not reported yet; closing: all that are held, at most so many at once. */
static bool reports_collect(struct rc_pool *pool, struct reports *reports, bool closing)
{
	int64_t now_us = run_now_us();

	reports->count = 0;
	for (uint32_t i = 0; i < pool->options.size && reports->count < REPORTS_AT_ONCE; i++) {
		struct place *place = &pool->places[i];
		int64_t held_us = now_us - place->taken_us;

		if (place->state != PLACE_TAKEN || place->reported)
			continue;
		if (!closing && (pool->options.held_us_max == 0 || held_us <= pool->options.held_us_max))
			continue;
		place->reported = true;
		pool->stats.held_too_long += !closing;
		reports->items[reports->count++] = (struct rc_pool_held){place->file, place->line, held_us, closing};
	}
	return reports->count > 0;
}

static void reports_tell(struct rc_pool *pool, const struct reports *reports)
{
	for (uint32_t i = 0; i < reports->count; i++) {
		const struct rc_pool_held *held = &reports->items[i];

		if (pool->options.report)
			pool->options.report(pool->options.report_arg, held);
		else
			log_event(LOG_WARN, "pool_connection_held",
				  held->closing ? "the pool is closed and this connection was not given back"
						: "a connection is held longer than held_us_max",
				  LOG_S("file", held->file), LOG_I("line", held->line),
				  LOG_I("held_us", held->held_us));
	}
}

/* Places */

static struct place *take_free(struct rc_pool *pool)
{
	struct place *best = NULL;

	for (uint32_t i = 0; i < pool->options.size; i++) {
		struct place *place = &pool->places[i];

		if (place->state == PLACE_TAKEN)
			continue;
		if (!best ||
		    (place->state == PLACE_IDLE && (best->state == PLACE_EMPTY || place->idle_us > best->idle_us)))
			best = place;
	}
	if (!best)
		return NULL;
	best->state = PLACE_TAKEN;
	pool->taken++;
	return best;
}

static void destroy(struct rc_pool *pool)
{
	for (uint32_t i = 0; i < pool->options.size; i++)
		rc_db_close(pool->places[i].db);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->places);
	free(pool->url);
	free(pool);
}

/* Under the mutex: the place is handed on, or rests. True: the pool is closed and nobody is left in it. */
static bool give_back(struct rc_pool *pool, struct place *place)
{
	struct list *node = list_pop_front(&pool->waiters);

	place->idle_us = run_now_us();
	if (node) {
		struct waiter *waiter = LIST_OWNER(node, struct waiter, node);

		waiter->place = place;
		pthread_cond_signal(&waiter->wake);
		return false;
	}
	place->state = place->db ? PLACE_IDLE : PLACE_EMPTY;
	pool->taken--;
	return pool->closed && pool->taken == 0 && pool->inside == 0;
}

/* The server of this connection is gone: the driver's contract says that it is of no use any more. */
static bool is_broken(const struct rc_db *db)
{
	switch (rc_db_fault(db)->err) {
	case RC_UNAVAILABLE:
	case RC_TIMEOUT:
	case RC_UNKNOWN:
	case RC_CLOSED:
		return true;
	default:
		return false;
	}
}

static void count(struct rc_pool *pool, uint64_t *counter)
{
	lock(pool);
	++*counter;
	unlock(pool);
}

static void place_close(struct rc_pool *pool, struct place *place, uint64_t *counter)
{
	rc_db_close(place->db);
	place->db = NULL;
	count(pool, counter);
}

static int place_open(struct rc_pool *pool, struct place *place, struct rc_fault *fault)
{
	int64_t life_us = pool->options.lifetime_us, shorter_us = life_us / 10;
	int rc = rc_db_open(&place->db, pool->url, pool->schema, &pool->options.db, fault);

	if (rc != RC_OK) {
		place->db = NULL;
		count(pool, &pool->stats.open_failed);
		return rc;
	}
	/* Not all at the same moment. */
	if (shorter_us > 0)
		life_us -= (int64_t)((double)shorter_us * randombytes_uniform(1024) / 1024);
	place->end_us = life_us < 0 ? INT64_MAX : run_end_us(life_us);
	lock(pool);
	pool->stats.opened++;
	pthread_cond_broadcast(&pool->changed); /* the server answers: nobody need pause any more */
	unlock(pool);
	return RC_OK;
}

/* Try until it opens, a fault that time does not mend, or the deadline. */
static int place_open_until(struct rc_pool *pool, struct place *place, int64_t end_us, struct rc_fault *fault)
{
	int64_t pause_us = 0;

	for (;;) {
		int rc = place_open(pool, place, fault);
		int64_t again_us = run_now_us() + run_jitter_us(&pause_us);
		bool closed;

		if ((rc != RC_UNAVAILABLE && rc != RC_TIMEOUT && rc != RC_BUSY) || again_us >= end_us)
			return rc;
		lock(pool);
		if (!pool->closed)
			cond_wait(pool, &pool->changed, again_us);
		closed = pool->closed;
		unlock(pool);
		if (closed)
			return rc_fault_set(fault, RC_CLOSED, "the pool was closed");
	}
}

/* A taken place gets a connection that lives. */
static int place_ready(struct rc_pool *pool, struct place *place, int64_t end_us, struct rc_fault *fault)
{
	int64_t now_us = run_now_us(), idle_us = now_us - place->idle_us, clock_us;

	if (place->db && place->end_us <= now_us)
		place_close(pool, place, &pool->stats.closed_old);
	if (place->db && pool->options.idle_check_us >= 0 && idle_us >= pool->options.idle_check_us &&
	    rc_db_clock(place->db, &clock_us) != RC_OK)
		place_close(pool, place, &pool->stats.closed_broken);
	return place->db ? RC_OK : place_open_until(pool, place, end_us, fault);
}

/* Acquire and drop */

/* Under the mutex: wait in the queue. NULL: the deadline passed, or the pool was closed. */
static struct place *wait_in_queue(struct rc_pool *pool, int64_t end_us)
{
	struct waiter waiter = {.place = NULL};
	int64_t began_us = run_now_us(), waited_us;

	cond_init(&waiter.wake);
	list_push_back(&pool->waiters, &waiter.node);
	pool->stats.waiting++;
	pool->stats.waited++;
	while (!waiter.place && !pool->closed && cond_wait(pool, &waiter.wake, end_us))
		;
	pool->stats.waiting--;
	list_remove(&waiter.node);
	pthread_cond_destroy(&waiter.wake);
	waited_us = run_now_us() - began_us;
	if (waited_us > pool->stats.wait_us_max)
		pool->stats.wait_us_max = waited_us;
	return waiter.place;
}

/* Under the mutex. */
static int say_none_free(struct rc_pool *pool, struct rc_fault *fault)
{
	const struct place *longest = NULL;

	if (pool->closed)
		return rc_fault_set(fault, RC_CLOSED, "the pool is closed");
	pool->stats.timeouts++;
	for (uint32_t i = 0; i < pool->options.size; i++) {
		if (!longest || pool->places[i].taken_us < longest->taken_us)
			longest = &pool->places[i];
	}
	return rc_fault_set(
		fault, RC_TIMEOUT,
		"all %u connections of the pool are in use; the one taken at %s:%d for %lld ms: give them back "
		"sooner, or open the pool with a larger size",
		pool->options.size, longest->file, longest->line,
		(long long)((run_now_us() - longest->taken_us) / 1000));
}

static int take(struct rc_pool *pool, int64_t end_us, const char *file, int line, struct place **out,
		struct rc_fault *fault)
{
	struct reports reports;
	struct place *place = NULL;
	int rc = RC_OK;

	lock(pool);
	pool->inside++;
	if (!pool->closed)
		place = list_empty(&pool->waiters) ? take_free(pool) : NULL;
	if (!place && !pool->closed && end_us > run_now_us())
		place = wait_in_queue(pool, end_us);
	if (place) {
		place->file = file;
		place->line = line;
		place->taken_us = run_now_us();
		place->reported = false;
	} else {
		rc = say_none_free(pool, fault);
	}
	reports_collect(pool, &reports, false);
	unlock(pool);
	reports_tell(pool, &reports);
	*out = place;
	return rc;
}

/* End of rc_pool_acquire; `failed`: a place to give back, or NULL. */
static void leave(struct rc_pool *pool, struct place *failed, bool acquired)
{
	bool last;

	lock(pool);
	pool->inside--;
	last = failed ? give_back(pool, failed) : pool->closed && pool->taken == 0 && pool->inside == 0;
	pool->stats.acquired += acquired;
	unlock(pool);
	if (last)
		destroy(pool);
}

int rc_pool_acquire_at(const char *file, int line, struct rc_pool *pool, int64_t deadline_us, struct rc_db **out,
		       struct rc_fault *fault)
{
	int64_t end_us = run_end_us(deadline_us);
	struct place *place;
	int rc = take(pool, end_us, file, line, &place, fault);

	*out = NULL;
	if (rc == RC_OK)
		rc = place_ready(pool, place, end_us, fault);
	if (rc == RC_OK)
		*out = place->db;
	leave(pool, rc == RC_OK ? NULL : place, rc == RC_OK);
	return rc;
}

void rc_pool_drop(struct rc_pool *pool, struct rc_db *db)
{
	struct reports reports;
	struct place *place = NULL;
	bool closed, old, last;

	if (!db)
		return;
	if (db->tx.open)
		rc_tx_rollback(&db->tx);
	lock(pool);
	for (uint32_t i = 0; i < pool->options.size && !place; i++) {
		if (pool->places[i].db == db)
			place = &pool->places[i];
	}
	rc_check(place && place->state == PLACE_TAKEN);
	reports_collect(pool, &reports, false);
	closed = pool->closed;
	old = place->end_us <= run_now_us();
	unlock(pool);
	reports_tell(pool, &reports);
	if (is_broken(db))
		place_close(pool, place, &pool->stats.closed_broken);
	else if (old || closed)
		place_close(pool, place, &pool->stats.closed_old);
	lock(pool);
	last = give_back(pool, place);
	unlock(pool);
	if (last)
		destroy(pool);
}

/* The pool itself */

int rc_pool_open(struct rc_pool **out, const char *url, const struct rc_schema *schema,
		 const struct rc_pool_options *options, struct rc_fault *fault)
{
	struct rc_pool *pool = rc_xcalloc(1, sizeof(*pool));
	int rc;

	*out = NULL;
	pool->url = rc_xstrdup(url);
	pool->schema = schema;
	pool->options = *options;
	if (!options->size)
		pool->options.size = SIZE_DEFAULT;
	if (!options->lifetime_us)
		pool->options.lifetime_us = LIFETIME_DEFAULT_US;
	if (!options->idle_check_us)
		pool->options.idle_check_us = IDLE_CHECK_DEFAULT_US;
	pool->places = rc_xcalloc(pool->options.size, sizeof(*pool->places));
	rc_check(pthread_mutex_init(&pool->mutex, NULL) == 0);
	cond_init(&pool->changed);
	list_init(&pool->waiters);
	rc = place_open(pool, &pool->places[0], fault);
	if (rc != RC_OK) {
		destroy(pool);
		return rc;
	}
	pool->places[0].state = PLACE_IDLE;
	pool->places[0].idle_us = run_now_us();
	*out = pool;
	return RC_OK;
}

uint32_t rc_pool_close(struct rc_pool *pool)
{
	struct reports reports;
	uint32_t out;
	bool last;

	if (!pool)
		return 0;
	lock(pool);
	pool->closed = true;
	for (uint32_t i = 0; i < pool->options.size; i++)
		pool->places[i].reported = false;
	LIST_EACH (node, &pool->waiters)
		pthread_cond_signal(&LIST_OWNER(node, struct waiter, node)->wake);
	pthread_cond_broadcast(&pool->changed);
	pool->inside++; /* until it is told who has one */
	while (reports_collect(pool, &reports, true)) {
		unlock(pool);
		reports_tell(pool, &reports);
		lock(pool);
	}
	pool->inside--;
	for (uint32_t i = 0; i < pool->options.size; i++) {
		struct place *place = &pool->places[i];

		if (place->state != PLACE_IDLE)
			continue;
		rc_db_close(place->db);
		place->db = NULL;
		place->state = PLACE_EMPTY;
	}
	out = pool->taken;
	last = pool->taken == 0 && pool->inside == 0;
	unlock(pool);
	if (last)
		destroy(pool);
	return out;
}

void rc_pool_stats(struct rc_pool *pool, struct rc_pool_stats *out)
{
	struct reports reports;

	lock(pool);
	reports_collect(pool, &reports, false);
	*out = pool->stats;
	out->size = pool->options.size;
	for (uint32_t i = 0; i < pool->options.size; i++) {
		out->open += pool->places[i].state != PLACE_EMPTY;
		out->idle += pool->places[i].state == PLACE_IDLE;
	}
	unlock(pool);
	reports_tell(pool, &reports);
}

/* Before its COMMIT nothing of a lost transaction was kept, so another connection may run it. */
static bool may_run_again(int rc, bool committing)
{
	return rc == RC_BUSY || (rc == RC_UNAVAILABLE && !committing);
}

/* The connection's fault, when it is the one that ended the transaction. */
static void tell_fault(const struct rc_db *db, int rc, struct rc_fault *fault)
{
	if (fault && rc_db_fault(db)->err == (enum rc_err)rc)
		*fault = *rc_db_fault(db);
	else
		rc_fault_set(fault, (enum rc_err)rc, "the transaction's function answered %s", rc_err_name(rc));
}

int rc_pool_run_at(const char *file, int line, struct rc_pool *pool, const struct rc_run_options *options,
		   int (*fn)(struct rc_tx *tx, void *arg), void *arg, struct rc_fault *fault)
{
	struct run_pace pace;

	run_pace_begin(&pace, options);
	for (;;) {
		int64_t left_us = pace.end_us - run_now_us(), pause_us;
		bool committing;
		struct rc_db *db;
		struct timespec pause;
		int rc = rc_pool_acquire_at(file, line, pool, left_us > 0 ? left_us : 0, &db, fault);

		if (rc != RC_OK)
			return rc;
		rc = run_once(db, options, fn, arg, &committing);
		if (rc != RC_OK)
			tell_fault(db, rc, fault);
		rc_pool_drop(pool, db);
		pause_us = may_run_again(rc, committing) ? run_pace_next(&pace) : -1;
		if (pause_us < 0)
			return rc;
		pause = (struct timespec){.tv_nsec = (long)pause_us * 1000};
		nanosleep(&pause, NULL);
	}
}
