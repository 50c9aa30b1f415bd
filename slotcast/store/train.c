/*
 * The commit train: all requests that wait leave together, in one transaction with one fsync, each with an outcome of
 * its own.
 *
 *   BEGIN IMMEDIATE → per request: idempotency key, decision (savepoint from its first write on) → answers are rendered
 * and kept for their keys → mark → COMMIT → the projector is woken → settled() in arrival order
 *
 * Latency stays about one commit, throughput grows with load: what arrives during a commit is the next train. Within
 * the train the order is arrival; every decision sees what those before it did.
 *
 * Nothing is acknowledged that is not committed. A train that fails because of one request is run again request by
 * request, so that only the guilty one fails. When the disk is full, unwritable or lost, everybody gets
 * STORE_UNAVAILABLE and the store stops trying until a probe has been committed (tidy.c).
 * docs/decisions/0009-commit-train.md
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

struct seat {
	struct store_request *request;
	int64_t now_us; /* of its decision */
	bool foreign;   /* decided by its key alone: nothing of its own to keep */
	bool awaits;    /* its answer is remembered later: the key stays in flight */
};

static int (*const actions[])(struct decision *decision) = {
	[STORE_HOLD] = hold_make,          [STORE_BOOK] = booking_make,
	[STORE_CONFIRM] = booking_confirm, [STORE_EXTEND] = hold_extend,
	[STORE_RELEASE] = hold_release,    [STORE_CANCEL] = booking_cancel,
	[STORE_WAITLIST] = waitlist_join,  [STORE_RESCHEDULE] = booking_reschedule,
};

int decision_write(struct decision *decision)
{
	int err;

	rc_check(!decision->writing);
	err = rc_tx_savepoint(decision->tx);
	decision->writing = !err;
	return err;
}

static void request_reset(struct store_request *request)
{
	request->result = STORE_UNAVAILABLE;
	request->field = NULL;
	request->detail = RC_STR_NONE;
	request->held_until_us = 0;
	request->mark = (struct rc_mark){0};
}

/* A rule of the database refused what the decision thought right. */
static int refused_by_rule(struct decision *decision, int err)
{
	const struct rc_fault *fault = rc_db_fault(rc_tx_db(decision->tx));
	struct store_request *request = decision->request;

	if (err != RC_CONSTRAINT && err != RC_STALE)
		return err;
	if (!decision->writing)
		return err;
	request->result = fault->constraint == CONSTRAINT_CLAIM_NO_OVERLAP ||
					  fault->constraint == CONSTRAINT_SESSION_CAPACITY
				  ? STORE_SLOT_FULL
				  : STORE_UNAVAILABLE;
	log_event(LOG_ERROR, "decision_refused", fault->message, LOG_I("action", request->action));
	return 0;
}

static int decide(struct store *store, struct rc_tx *tx, struct seat *seat)
{
	struct store_request *request = seat->request;
	struct decision decision = {.store = store, .request = request, .tx = tx, .arena = &store->arena};
	int err;

	rc_arena_reset(&store->arena);
	request_reset(request);
	decision.now_us = seat->now_us = clock_wall_us();
	err = flight_begin(&decision, &seat->foreign);
	if (err || seat->foreign)
		return err;
	if (request->action == STORE_REMEMBER) {
		request->result = STORE_DONE;
		return 0;
	}
	err = refused_by_rule(&decision, actions[request->action](&decision));
	if (!decision.writing || err)
		return err;
	return request->result == STORE_DONE ? rc_tx_savepoint_release(tx) : rc_tx_savepoint_rollback(tx);
}

/* Whether the outcome is one: unavailable and unknown are none and leave no trace. */
static bool is_outcome(enum store_result result)
{
	return result != STORE_UNAVAILABLE && result != STORE_UNKNOWN;
}

static int keep(struct store *store, struct rc_tx *tx, struct seat *seat)
{
	struct store_request *request = seat->request;
	struct decision decision = {
		.store = store, .request = request, .tx = tx, .arena = &store->arena, .now_us = seat->now_us};
	int status;

	seat->awaits = false;
	if (seat->foreign || !request->idem_key.len || !is_outcome(request->result))
		return 0;
	if (request->action == STORE_REMEMBER)
		return flight_keep(&decision, request->replay_status, request->remember_body);
	if (!request->render)
		return 0;
	buf_clear(&store->body);
	status = request->render(request, &store->body);
	seat->awaits = status == 0;
	return status ? flight_keep(&decision, status, buf_str(&store->body)) : 0;
}

/* Has the transaction written what the feed will tell? */
static int wrote(struct rc_tx *tx, uint64_t head_before, bool *out)
{
	uint64_t head;
	int err = rc_tx_log_head(tx, &head);

	*out = head != head_before;
	return err;
}

/* Marked: what the feed tells of, and where its silence proves nothing, everything. */
static int mark(struct store *store, struct rc_tx *tx, bool wanted, struct seat *seats, size_t count)
{
	if (!wanted && !store->marks_all)
		return 0;
	store->mark.n++;
	for (size_t i = 0; i < count; i++)
		seats[i].request->mark = store->mark;
	return rc_tx_mark(tx, store->mark);
}

static int execute(struct store *store, struct seat *seats, size_t count)
{
	uint64_t head = 0;
	bool visible = false;
	struct rc_tx *tx;
	int err = train_begin(store, &tx);

	if (err)
		return err;
	if (!store->marks_all)
		err = rc_tx_log_head(tx, &head);
	for (size_t i = 0; i < count && !err; i++)
		err = decide(store, tx, &seats[i]);
	for (size_t i = 0; i < count && !err; i++)
		err = keep(store, tx, &seats[i]);
	if (!err && !store->marks_all)
		err = wrote(tx, head, &visible);
	if (!err)
		err = mark(store, tx, visible, seats, count);
	if (err) {
		log_event(LOG_WARN, "train_undone", rc_db_fault(store->db)->message, LOG_S("err", rc_err_name(err)));
		rc_tx_rollback(tx);
		return err;
	}
	return train_commit(store, tx);
}

int train_begin(struct store *store, struct rc_tx **tx)
{
	if (!store->db || atomic_load(&store->health))
		return RC_UNAVAILABLE;
	return rc_tx_begin(store->db, RC_WRITE, tx);
}

static void tell_news(struct store *store)
{
	void (*on_news)(void *arg) = atomic_load(&store->on_news);

	if (on_news)
		on_news(store->on_news_arg);
}

int train_commit(struct store *store, struct rc_tx *tx)
{
	int err = rc_tx_commit(tx);

	if (!err)
		tell_news(store);
	return err;
}

int train_mark(struct store *store)
{
	struct rc_tx *tx;
	int err = train_begin(store, &tx);

	if (err)
		return err;
	err = mark(store, tx, true, NULL, 0);
	if (!err)
		return train_commit(store, tx);
	rc_tx_rollback(tx);
	return err;
}

void store_turn(struct store *store, int health)
{
	if (atomic_exchange(&store->health, health) != health)
		tell_news(store);
}

/* Errors of the place where the data lives, not of one request. */
static bool concerns_all(int err)
{
	return err != RC_CONSTRAINT && err != RC_STALE && err != RC_INVALID && err != RC_LIMIT && err != RC_NOT_FOUND &&
	       err != RC_MISMATCH;
}

void train_failed(struct store *store, int err)
{
	if (!err || err == RC_UNAVAILABLE || !concerns_all(err))
		return;
	log_event(LOG_ERROR, "store_stopped", store->db ? rc_db_fault(store->db)->message : "the database is not open",
		  LOG_S("err", rc_err_name(err)));
	/* After a failed sync the kernel may have dropped dirty pages: what this connection believes is not to be
	 * trusted. */
	if (store->db && err != RC_FULL && err != RC_BUSY) {
		rc_db_close(store->db);
		store->db = NULL;
	}
	store_turn(store, err);
	timer_start(store->loop, &store->probe, clock_mono_us() + 250000, probe_tick);
}

static void settle(struct store *store, struct seat *seats, size_t count, int err, int64_t begun_us)
{
	int64_t now_us = clock_mono_us();

	for (size_t i = 0; i < count; i++) {
		struct store_request *request = seats[i].request;

		if (err) {
			request_reset(request);
			request->result = err == RC_UNKNOWN ? STORE_UNKNOWN : STORE_UNAVAILABLE;
			seats[i].awaits = false;
		}
		request->committed_us = now_us;
		if (!seats[i].awaits)
			flight_end(store, request);
		store_count_request(request, begun_us);
	}
	rc_arena_reset(&store->arena);
	for (size_t i = 0; i < count; i++)
		seats[i].request->settled(seats[i].request);
}

void train_run(struct store *store, struct store_request **requests, size_t count)
{
	struct seat *seats = rc_xcalloc(count, sizeof(*seats));
	int64_t begun_us = clock_mono_us();
	int err;

	for (size_t i = 0; i < count; i++)
		seats[i].request = requests[i];
	err = execute(store, seats, count);
	if (err && !concerns_all(err) && count > 1) {
		store_count_retry();
		for (size_t i = 0; i < count; i++)
			train_run(store, &requests[i], 1);
	} else {
		train_failed(store, err);
		if (!err) {
			store_count_train(count, clock_mono_us() - begun_us);
			checkpoint_note(store, count);
		}
		settle(store, seats, count, err, begun_us);
	}
	free(seats);
}
