/*
 * The commit train: all requests that wait leave together, in one transaction with one fsync, each with an outcome of
 * its own.
 *
 *   BEGIN → what the decisions will ask for is gathered (servers) → each request is decided, in memory, in arrival
 * order → what they want is written → answers are rendered and kept for their keys → mark → COMMIT → the projector is
 * woken → settled() in arrival order
 *
 * Latency stays about one commit, throughput grows with load: what arrives during a commit is the next train. Every
 * decision sees what those before it did.
 *
 * Nothing is acknowledged that is not committed. A train that the database refuses (somebody's raw SQL came between, or
 * a rule that decisions do not know) is run once more on what is there then, and after that request by request, so that
 * only the guilty one fails. Deadlocks and lost races are run again after a pause. When the disk is full, unwritable or
 * lost, everybody gets STORE_UNAVAILABLE and the store stops trying until a probe has been committed (link.c).
 * docs/decisions/0009-commit-train.md, 0024-gather-decide-write.md
 */
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

#define PAUSE_FIRST_US 1000
#define PAUSE_MAX_US   50000

struct seat {
	struct store_request *request;
	bool foreign; /* decided by its key alone: nothing of its own to keep */
	bool awaits;  /* its answer is remembered later: the key stays in flight */
};

static int (*const actions[])(struct decision *decision) = {
	[STORE_HOLD] = hold_make,          [STORE_BOOK] = booking_make,
	[STORE_CONFIRM] = booking_confirm, [STORE_EXTEND] = hold_extend,
	[STORE_RELEASE] = hold_release,    [STORE_CANCEL] = booking_cancel,
	[STORE_WAITLIST] = waitlist_join,  [STORE_RESCHEDULE] = booking_reschedule,
};

static void request_reset(struct store_request *request)
{
	request->result = STORE_UNAVAILABLE;
	request->field = NULL;
	request->detail = RC_STR_NONE;
	request->held_until_us = 0;
	request->mark = (struct rc_mark){0};
}

static int decide(struct store *store, struct seat *seat)
{
	struct store_request *request = seat->request;
	struct decision decision = {.store = store,
				    .request = request,
				    .yard = &store->yard,
				    .arena = &store->arena,
				    .now_us = store->yard.now_us};
	int err;

	request_reset(request);
	err = flight_begin(&decision, &seat->foreign);
	if (err || seat->foreign)
		return err;
	if (request->action == STORE_REMEMBER) {
		request->result = STORE_DONE;
		return 0;
	}
	return actions[request->action](&decision);
}

/* Whether the outcome is one: unavailable and unknown are none and leave no trace. */
static bool is_outcome(enum store_result result)
{
	return result != STORE_UNAVAILABLE && result != STORE_UNKNOWN;
}

static void keep(struct store *store, struct seat *seat)
{
	struct store_request *request = seat->request;
	struct decision decision = {.store = store,
				    .request = request,
				    .yard = &store->yard,
				    .arena = &store->arena,
				    .now_us = store->yard.now_us};
	int status;

	seat->awaits = false;
	if (seat->foreign || !request->idem_key.len || !is_outcome(request->result))
		return;
	if (request->action == STORE_REMEMBER) {
		flight_keep(&decision, request->replay_status, request->remember_body);
		return;
	}
	if (!request->render)
		return;
	buf_clear(&store->body);
	status = request->render(request, &store->body);
	seat->awaits = status == 0;
	if (status)
		flight_keep(&decision, status, buf_str(&store->body));
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

static int gather_seats(struct store *store, struct seat *seats, size_t count)
{
	struct store_request **requests = RC_ARENA_ARRAY(&store->arena, struct store_request *, count);

	for (size_t i = 0; i < count; i++)
		requests[i] = seats[i].request;
	return gather(store, requests, count);
}

static int carry(struct store *store, struct rc_tx *tx, struct seat *seats, size_t count)
{
	struct yard *yard = &store->yard;
	int err = yard->locks ? gather_seats(store, seats, count) : 0;

	for (size_t i = 0; i < count && !err; i++)
		err = decide(store, &seats[i]);
	if (!err)
		err = yard_write(yard);
	for (size_t i = 0; i < count && !err; i++)
		keep(store, &seats[i]);
	if (!err)
		err = yard_write_keys(yard);
	if (!err)
		err = mark(store, tx, yard->told, seats, count);
	return err;
}

/* Why, without what stood in the row: MariaDB quotes it, and it may be a customer's. */
static const char *reason(const struct store *store, int err)
{
	const struct rc_fault *fault = rc_db_fault(store->db);

	if (err != RC_CONSTRAINT)
		return fault->message;
	if (fault->constraint)
		return slotcast_schema.constraints[fault->constraint].name;
	return rc_db_dialect(store->db) == RC_MARIADB ? "a rule that this program does not know" : fault->message;
}

static int execute(struct store *store, struct seat *seats, size_t count)
{
	struct rc_tx *tx;
	int err = train_begin(store, &tx);

	if (err)
		return err;
	err = carry(store, tx, seats, count);
	yard_end(&store->yard);
	if (!err)
		return train_commit(store, tx);
	log_event(LOG_WARN, "train_undone", reason(store, err), LOG_S("err", rc_err_name(err)));
	rc_tx_rollback(tx);
	return err;
}

int train_begin(struct store *store, struct rc_tx **tx)
{
	int err;

	if (!store->db || atomic_load(&store->health))
		return RC_UNAVAILABLE;
	rc_arena_reset(&store->arena);
	err = link_check(store);
	if (!err)
		err = rc_tx_begin(store->db, RC_WRITE, tx);
	if (!err)
		yard_begin(&store->yard, *tx, &store->arena, store_now_us(store));
	return err;
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
	yard_end(&store->yard);
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
	/* When it is not healthy already, probes are under way. On servers a lock keeps some rows, not everything. */
	if (!err || !concerns_all(err) || !store->db || atomic_load(&store->health) ||
	    (err == RC_BUSY && store->marks_all))
		return;
	log_event(LOG_ERROR, "store_stopped", store->db ? rc_db_fault(store->db)->message : "the database is not open",
		  LOG_S("err", rc_err_name(err)));
	/* After a failed sync the kernel may have dropped dirty pages: what this connection believes is not to be
	 * trusted. */
	if (err != RC_FULL && err != RC_BUSY && err != RC_GONE)
		link_close(store);
	store_turn(store, err);
	link_lost(store);
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

/*
 * One request, and still the database refuses: a rule that the decision does not know. Where it is the one about places,
 * somebody who is not of this program has taken it, and that is an answer; so is a value that the engine cannot store.
 */
static int refused_by_rule(struct store *store, struct seat *seat, int err)
{
	const struct rc_fault *fault = rc_db_fault(store->db);
	struct store_request *request = seat->request;
	bool taken = err == RC_CONSTRAINT && (fault->constraint == CONSTRAINT_CLAIM_NO_OVERLAP ||
					      fault->constraint == CONSTRAINT_SESSION_CAPACITY);

	log_event(LOG_ERROR, "decision_refused", reason(store, err), LOG_I("action", request->action));
	request_reset(request);
	if (!taken && err != RC_INVALID)
		return 0;
	request->result = err == RC_INVALID                  ? STORE_INVALID
			  : request->action == STORE_CONFIRM ? STORE_HOLD_EXPIRED
							     : STORE_SLOT_FULL;
	if (err == RC_INVALID)
		request->detail = RC_STR("One of these values cannot be stored. Please choose another one.");
	buf_clear(&store->body);
	seat->awaits = request->idem_key.len && request->render && !request->render(request, &store->body);
	err = train_mark(store);
	request->mark = store->mark;
	return err;
}

/* Run it until it is through, or is refused for good. */
static int run_again(struct store *store, struct seat *seats, size_t count)
{
	int64_t until_us = clock_mono_us() + store->options.busy_timeout_us;
	int64_t pause_us = PAUSE_FIRST_US;
	bool fresh = false;
	int err;

	while ((err = execute(store, seats, count))) {
		struct timespec pause = {0};

		if (err == RC_BUSY && clock_mono_us() < until_us) { /* full jitter: who collided does not again */
			pause.tv_nsec = (long)(1 + randombytes_uniform((uint32_t)pause_us)) * 1000;
			nanosleep(&pause, NULL);
			pause_us = pause_us < PAUSE_MAX_US ? 2 * pause_us : PAUSE_MAX_US;
		} else if (!concerns_all(err) && !fresh) {
			fresh = true;
		} else {
			break;
		}
		store_count_retry();
	}
	return err;
}

void train_run(struct store *store, struct store_request **requests, size_t count)
{
	struct seat *seats = rc_xcalloc(count, sizeof(*seats));
	int64_t begun_us = clock_mono_us();
	int err;

	for (size_t i = 0; i < count; i++)
		seats[i].request = requests[i];
	err = run_again(store, seats, count);
	if (err && !concerns_all(err) && count > 1) {
		for (size_t i = 0; i < count; i++)
			train_run(store, &requests[i], 1);
	} else {
		if (err && !concerns_all(err))
			err = refused_by_rule(store, seats, err);
		train_failed(store, err);
		if (!err) {
			store_count_train(count, clock_mono_us() - begun_us);
			checkpoint_note(store, count);
		}
		settle(store, seats, count, err, begun_us);
	}
	free(seats);
}
