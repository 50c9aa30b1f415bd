/*
 * What nobody asks for: ended holds are taken away (within about a second; they count as nothing from their end on
 * anyway), old log rows and idempotency rows are pruned. All on the writer thread, in transactions of their own and in small batches, so that no request waits long for
 * them.
 */
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

#define TIDY_US      500000
#define PRUNE_US     10000000
#define BATCH_MAX    256
#define PRUNE_ROUNDS 4 /* of the log, 1,000 rows each */

/* Is anything due? A read that takes no write lock. */
static int next_end(struct store *store, int64_t *us)
{
	struct holds_next_end_row *row;
	struct rc_tx *tx;
	int err = rc_tx_begin(store->db, RC_READ, &tx);

	*us = INT64_MAX;
	if (err)
		return err;
	err = holds_next_end(tx, &store->arena, &row);
	if (!err)
		*us = row->hold_expires_at;
	rc_tx_rollback(tx);
	return err == RC_NOT_FOUND ? 0 : err;
}

/* Whoever enters a lot expires its ended holds; a batch says whose. Locks in id order. */
static int expire_lots(struct store *store, const struct booking_list *ended)
{
	struct yard *yard = &store->yard;
	int err = 0;

	for (;;) {
		int64_t next = INT64_MAX;

		for (size_t i = 0; i < ended->count; i++) {
			int64_t id = ended->at[i]->resource_id;

			if (id < next && !yard_lot(yard, id)->entered)
				next = id;
		}
		if (next == INT64_MAX || err)
			return err;
		err = yard_enter(yard, yard_lot(yard, next));
	}
}

static int expire_batch(struct store *store, struct rc_tx *tx, int64_t *done)
{
	struct booking_list ended;
	int err = holds_ended_any(tx, &store->arena, store->yard.now_us, BATCH_MAX, &ended);

	if (!err)
		err = expire_lots(store, &ended);
	if (!err)
		err = yard_write(&store->yard);
	*done = store->yard.expired;
	return err;
}

/* One of them. A hold that some rule of the database will not let go is left alone, and the others go without it. */
static int expire_one(struct store *store, struct rc_tx *tx, struct rc_str ref, int64_t *done)
{
	struct yard_booking *booking;
	int err = yard_booking(&store->yard, ref, &booking);

	if (err || !booking || !rc_str_is(booking->row.state, "held") ||
	    booking->row.hold_expires_at > store->yard.now_us)
		return err;
	err = yard_expire(&store->yard, booking);
	if (!err)
		err = yard_write(&store->yard);
	if (!err)
		++*done;
	return err;
}

static int prune_batch(struct store *store, struct rc_tx *tx, int64_t *done)
{
	int64_t now_us = store_now_us(store);
	uint64_t removed = 0;
	int64_t keys = 0;
	int err = 0;

	for (int i = 0; !err && i < PRUNE_ROUNDS; i++) {
		err = rc_feed_prune(tx, &store->options.feed, now_us, &removed);
		*done += (int64_t)removed;
		if (!removed)
			break;
	}
	if (!err)
		err = idempotency_prune(tx, now_us, BATCH_MAX, &keys);
	*done += keys;
	return err;
}

static int finish(struct store *store, struct rc_tx *tx, int err)
{
	yard_end(&store->yard);
	if (!err)
		return train_commit(store, tx);
	rc_tx_rollback(tx);
	return err;
}

/* `fn` in a write transaction of its own. */
static int in_transaction(struct store *store, int (*fn)(struct store *store, struct rc_tx *tx, int64_t *done),
			  int64_t *done)
{
	struct rc_tx *tx;
	int err = train_begin(store, &tx);

	return err ? err : finish(store, tx, fn(store, tx, done));
}

/* The batch was refused: each in a transaction of its own. */
static int expire_each(struct store *store, int64_t *done)
{
	struct rc_arena arena;
	struct booking_list ended;
	struct rc_tx *tx;
	int err = rc_tx_begin(store->db, RC_READ, &tx);

	if (err)
		return err;
	rc_arena_init(&arena, 16384);
	err = holds_ended_any(tx, &arena, store_now_us(store), BATCH_MAX, &ended);
	rc_tx_rollback(tx);
	for (size_t i = 0; !err && i < ended.count; i++) {
		err = train_begin(store, &tx);
		if (!err)
			err = finish(store, tx, expire_one(store, tx, ended.at[i]->ref, done));
		if (err == RC_CONSTRAINT || err == RC_STALE) {
			log_event(LOG_WARN, "hold_stays", rc_db_fault(store->db)->message,
				  LOG_I("booking", ended.at[i]->id));
			err = 0;
		}
	}
	rc_arena_release(&arena);
	return err;
}

/* Expire, else prune; *more: there was enough to do to come again at once (behind the requests that wait). */
static int tidy(struct store *store, bool *more)
{
	int64_t now_us = clock_mono_us(), done = 0, end_us;
	int err = next_end(store, &end_us);

	if (err)
		return err;
	if (end_us <= store_now_us(store)) {
		err = in_transaction(store, expire_batch, &done);
		if (err == RC_CONSTRAINT || err == RC_STALE) {
			done = 0;
			err = expire_each(store, &done);
		}
		store_count_tidied(done);
		*more = done > 0;
	} else if (now_us - store->pruned_us >= PRUNE_US) {
		err = in_transaction(store, prune_batch, &done);
		*more = done >= BATCH_MAX;
		if (!*more)
			store->pruned_us = now_us;
	}
	if (!err)
		checkpoint_note(store, (size_t)done);
	return err;
}

void tidy_tick(struct timer *timer)
{
	struct store *store = (struct store *)((char *)timer - offsetof(struct store, tidy));
	bool more = false;
	int err = 0;

	rc_arena_reset(&store->arena);
	flights_prune(store);
	if (store->db && !atomic_load(&store->health)) {
		link_tick(store);
		err = tidy(store, &more);
	}
	if (err) {
		log_event(LOG_WARN, "tidy_failed", store->db ? rc_db_fault(store->db)->message : "",
			  LOG_S("err", rc_err_name(err)));
		if (err != RC_BUSY)
			train_failed(store, err);
	}
	timer_start(store->loop, &store->tidy, clock_mono_us() + (more && !err ? 1000 : TIDY_US), tidy_tick);
}
