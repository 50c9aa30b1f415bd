/*
 * What the decisions of a train see, and what they add. docs/decisions/0024-gather-decide-write.md
 */
#include "slotcast/store/yard.h"

#include <stdlib.h>

#include "rowcast/base/check.h"

static char absent; /* in maps: looked for, and not there */

#define FIRST_ROOM 16

void yard_room(void **at, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return;
	*capacity = *capacity ? 2 * *capacity : FIRST_ROOM;
	*at = rc_xrealloc(*at, *capacity * size);
}

void yard_begin(struct yard *yard, struct rc_tx *tx, struct rc_arena *arena, int64_t now_us)
{
	yard->tx = tx;
	yard->arena = arena;
	yard->now_us = now_us;
	yard->locks = rc_db_dialect(rc_tx_db(tx)) != RC_SQLITE;
	yard->told = false;
	yard->expired = 0;
}

void yard_end(struct yard *yard)
{
	for (size_t i = 0; i < yard->lots.count; i++) {
		struct yard_lot *lot = yard->lots.at[i];

		free(lot->known.at);
		free(lot->claims.at);
		free(lot->sessions.at);
	}
	yard->lots.count = 0;
	map_release(&yard->refs);
	map_release(&yard->bookings);
	map_release(&yard->claims);
	map_release(&yard->keys);
	yard->refs = yard->bookings = yard->claims = yard->keys = MAP_INIT;
	yard->dropped.count = yard->changed.count = yard->sessions.count = yard->session_owners.count = 0;
	yard->customers.count = yard->bookings_new.count = yard->booking_customers.count = 0;
	yard->claims_new.count = yard->claim_links.count = 0;
	yard->waitlist.count = yard->waiters.count = yard->audits.count = 0;
	yard->keys_over.count = yard->keys_new.count = 0;
}

void yard_release(struct yard *yard)
{
	yard_end(yard);
	free(yard->lots.at);
	free(yard->dropped.at);
	free(yard->changed.at);
	free(yard->sessions.at);
	free(yard->session_owners.at);
	free(yard->customers.at);
	free(yard->bookings_new.at);
	free(yard->booking_customers.at);
	free(yard->claims_new.at);
	free(yard->claim_links.at);
	free(yard->waitlist.at);
	free(yard->waiters.at);
	free(yard->audits.at);
	free(yard->keys_over.at);
	free(yard->keys_new.at);
}

/* Bookings */

struct yard_booking *yard_put_booking(struct yard *yard, struct booking *row)
{
	struct yard_booking *booking = map_get(&yard->bookings, MAP_KEY(row->id));

	if (booking) /* as decided since */
		return booking;
	booking = RC_ARENA_NEW(yard->arena, struct yard_booking);
	booking->row = *row;
	booking->customer = YARD_NONE;
	map_put(&yard->bookings, MAP_KEY(booking->row.id), booking);
	map_put(&yard->refs, booking->row.ref, booking);
	return booking;
}

/* The row again, now that it is locked: nobody else changes it any more. */
static int lock_booking(struct yard *yard, struct booking **row)
{
	struct rc_query *query = rc_query_new(yard->tx, yard->arena, &booking_model);

	rc_query_where(query, BOOKING_COL_ID, RC_EQ, RC_INT_VALUE((*row)->id));
	rc_query_lock(query, RC_FOR_NO_KEY_UPDATE, RC_WAIT);
	return rc_query_one(query, (void **)row);
}

static int lock_lot(struct yard *yard, struct yard_lot *lot)
{
	struct rc_query *query;
	void *row;
	int err;

	if (!yard->locks || lot->locked)
		return 0;
	query = rc_query_new(yard->tx, yard->arena, &resource_model);
	rc_query_where(query, RESOURCE_COL_ID, RC_EQ, RC_INT_VALUE(lot->resource_id));
	rc_query_lock(query, RC_FOR_NO_KEY_UPDATE, RC_WAIT);
	err = rc_query_one(query, &row);
	lot->locked = !err;
	return err == RC_NOT_FOUND ? 0 : err;
}

int yard_booking(struct yard *yard, struct rc_str ref, struct yard_booking **out)
{
	void *known = map_get(&yard->refs, ref);
	struct booking *row;
	int err;

	*out = known == &absent ? NULL : known;
	if (known)
		return 0;
	err = booking_by_ref(yard->tx, yard->arena, ref, &row);
	if (!err && yard->locks) {
		err = lock_lot(yard, yard_lot(yard, row->resource_id));
		if (!err)
			err = lock_booking(yard, &row);
	}
	if (err == RC_NOT_FOUND) {
		map_put(&yard->refs, rc_arena_copy(yard->arena, ref), &absent);
		return 0;
	}
	if (!err)
		*out = yard_put_booking(yard, row);
	return err;
}

int yard_customer(struct yard *yard, struct yard_booking *booking, struct customer **out)
{
	int err = 0;

	if (!booking->who_known && booking->row.customer_id) {
		err = customer_get(yard->tx, yard->arena, booking->row.customer_id, &booking->who);
		if (err == RC_NOT_FOUND)
			err = 0;
	}
	booking->who_known = !err;
	*out = booking->who;
	return err;
}

int yard_change(struct yard *yard, struct yard_booking *booking)
{
	int err = booking->changed ? yard_write(yard) : 0;

	if (err)
		return err;
	booking->changed = true;
	yard_lot(yard, booking->row.resource_id)->dirty = true;
	YARD_PUSH(&yard->changed, booking);
	return 0;
}

int yard_expire(struct yard *yard, struct yard_booking *booking)
{
	const struct audit note = {
		.at = yard->now_us, .action = RC_STR("expire"), .ref = booking->row.ref, .detail = RC_STR("")};
	int err = yard_change(yard, booking);

	if (err)
		return err;
	yard_drop_claims(yard, booking);
	booking->row.state = RC_STR("expired");
	booking->row.updated_at = yard->now_us;
	YARD_PUSH(&yard->audits, note);
	yard->expired++;
	return 0;
}

/* Keys */

static struct rc_str key_name(struct rc_arena *arena, struct rc_str scope, struct rc_str key)
{
	char *name = rc_arena_alloc(arena, scope.len + 1 + key.len);

	memcpy(name, scope.ptr, scope.len);
	name[scope.len] = '\0';
	memcpy(name + scope.len + 1, key.ptr, key.len);
	return (struct rc_str){name, scope.len + 1 + key.len};
}

void yard_put_key(struct yard *yard, struct rc_str scope, struct rc_str key, struct idempotency *row)
{
	struct rc_str name = key_name(yard->arena, scope, key);

	if (!map_get(&yard->keys, name))
		map_put(&yard->keys, name, row ? (void *)row : &absent);
}

int yard_key(struct yard *yard, struct rc_str scope, struct rc_str key, struct idempotency **out)
{
	struct rc_str name = key_name(yard->arena, scope, key);
	void *known = map_get(&yard->keys, name);
	int err;

	*out = known == &absent ? NULL : known;
	if (known)
		return 0;
	err = idempotency_get(yard->tx, yard->arena, scope, key, out);
	if (err && err != RC_NOT_FOUND)
		return err;
	map_put(&yard->keys, name, err ? (void *)&absent : *out);
	return 0;
}

/* Lots */

struct yard_lot *yard_lot(struct yard *yard, int64_t resource_id)
{
	struct yard_lot *lot;

	for (size_t i = 0; i < yard->lots.count; i++)
		if (yard->lots.at[i]->resource_id == resource_id)
			return yard->lots.at[i];
	lot = RC_ARENA_NEW(yard->arena, struct yard_lot);
	lot->resource_id = resource_id;
	YARD_PUSH(&yard->lots, lot);
	return lot;
}

/* What waits for the lot goes out before the database is asked about it. */
static int settle_lot(struct yard *yard, const struct yard_lot *lot)
{
	return lot->dirty ? yard_write(yard) : 0;
}

int yard_enter(struct yard *yard, struct yard_lot *lot)
{
	struct booking_list ended;
	int err;

	if (lot->entered)
		return 0;
	err = lock_lot(yard, lot);
	if (!err)
		err = settle_lot(yard, lot);
	if (!err)
		err = holds_ended(yard->tx, yard->arena, lot->resource_id, yard->now_us, &ended);
	for (size_t i = 0; !err && i < ended.count; i++) {
		struct yard_booking *booking = yard_put_booking(yard, ended.at[i]);

		if (rc_str_is(booking->row.state, "held"))
			err = yard_expire(yard, booking);
	}
	lot->entered = !err;
	return err;
}

void yard_put_claim(struct yard *yard, struct yard_lot *lot, const struct yard_claim *claim)
{
	struct yard_claim *copy;

	if (map_get(&yard->claims, MAP_KEY(claim->id)))
		return;
	copy = RC_ARENA_NEW(yard->arena, struct yard_claim);
	*copy = *claim;
	map_put(&yard->claims, MAP_KEY(copy->id), copy);
	YARD_PUSH(&lot->claims, copy);
}

static bool spans(const struct yard_lot *lot, int64_t lo, int64_t hi)
{
	for (size_t i = 0; i < lot->known.count; i++)
		if (lot->known.at[i].lo <= lo && lot->known.at[i].hi >= hi)
			return true;
	return false;
}

int yard_claims(struct yard *yard, struct yard_lot *lot, int64_t lanes, int64_t lo, int64_t hi)
{
	const struct yard_wish wish = {lot, lanes, lo, hi};
	struct lane_last_row *last;
	int err;

	if (spans(lot, lo, hi))
		return 0;
	err = settle_lot(yard, lot);
	if (err)
		return err;
	if (lanes == 1 && !yard->locks) { /* one look-up says that nothing is there, as it mostly is */
		err = lane_last(yard->tx, yard->arena, lot->resource_id, 0, hi, &last);
		if (err == RC_NOT_FOUND || (!err && last->hi <= lo)) {
			YARD_PUSH(&lot->known, (struct yard_span){lo, hi});
			return 0;
		}
	}
	return err ? err : yard_read_around(yard, &wish, 1);
}

int64_t yard_held_until(const struct yard *yard, const struct yard_claim *claim)
{
	const struct yard_booking *booking = claim->booking_id ? map_get(&yard->bookings, MAP_KEY(claim->booking_id))
							       : NULL;

	if (!booking)
		return claim->held_until_us;
	return rc_str_is(booking->row.state, "held") ? booking->row.hold_expires_at : INT64_MAX;
}

static struct yard_session *find_session(const struct yard_lot *lot, int64_t start_us)
{
	for (size_t i = 0; i < lot->sessions.count; i++)
		if (lot->sessions.at[i]->row.starts_at == start_us)
			return lot->sessions.at[i];
	return NULL;
}

struct yard_session *yard_put_session(struct yard *yard, struct yard_lot *lot, const struct session *row,
				      int64_t start_us)
{
	struct yard_session *session = RC_ARENA_NEW(yard->arena, struct yard_session);

	session->row.starts_at = start_us;
	if (row)
		session->row = *row;
	session->taken = session->row.taken;
	YARD_PUSH(&lot->sessions, session);
	return session;
}

int yard_session(struct yard *yard, struct yard_lot *lot, int64_t start_us, struct yard_session **out)
{
	struct yard_session *session = find_session(lot, start_us);
	struct session *row;
	int err = session ? 0 : settle_lot(yard, lot);

	if (!session && !err) {
		err = session_at(yard->tx, yard->arena, lot->resource_id, start_us, &row);
		if (err && err != RC_NOT_FOUND)
			return err;
		session = yard_put_session(yard, lot, err ? NULL : row, start_us);
		err = 0;
	}
	*out = session && session->row.resource_id ? session : NULL;
	return err;
}

int yard_session_holds(struct yard *yard, struct yard_lot *lot, struct yard_session *session)
{
	int err;

	if (session->holds_known && !lot->dirty)
		return 0;
	err = settle_lot(yard, lot);
	if (!err)
		err = session_holds(yard->tx, yard->arena, lot->resource_id, session->row.starts_at, yard->now_us,
				    &session->holds);
	session->holds_known = !err;
	return err;
}

/* Adding */

size_t yard_add_customer(struct yard *yard, const struct customer *row)
{
	YARD_PUSH(&yard->customers, *row);
	return yard->customers.count - 1;
}

size_t yard_add_booking(struct yard *yard, const struct booking *row, size_t customer)
{
	YARD_PUSH(&yard->bookings_new, *row);
	YARD_PUSH(&yard->booking_customers, customer);
	return yard->bookings_new.count - 1;
}

struct yard_session *yard_add_session(struct yard *yard, struct yard_lot *lot, const struct session *row)
{
	struct yard_session *session = find_session(lot, row->starts_at);

	rc_check(session && !session->row.resource_id);
	session->row = *row;
	YARD_PUSH(&yard->sessions, *row);
	YARD_PUSH(&yard->session_owners, session);
	lot->dirty = true;
	return session;
}

void yard_add_claim(struct yard *yard, struct yard_lot *lot, const struct claim *row, size_t booking,
		    struct yard_session *session, int64_t held_until_us)
{
	struct yard_claim *claim = NULL;

	if (session) {
		session->taken += row->qty;
	} else {
		claim = RC_ARENA_NEW(yard->arena, struct yard_claim);
		*claim = (struct yard_claim){.booking_id = booking == YARD_NONE ? row->booking_id : 0,
					     .lane = row->lane,
					     .lo = row->lo,
					     .hi = row->hi,
					     .held_until_us = held_until_us};
		YARD_PUSH(&lot->claims, claim);
	}
	YARD_PUSH(&yard->claims_new, *row);
	YARD_PUSH(&yard->claim_links, (struct yard_claim_link){booking, session, claim});
	lot->dirty = true;
}

void yard_drop_claims(struct yard *yard, const struct yard_booking *booking)
{
	struct yard_lot *lot = yard_lot(yard, booking->row.resource_id);
	struct yard_session *session = find_session(lot, booking->row.starts_at);

	for (size_t i = 0; i < lot->claims.count; i++)
		if (lot->claims.at[i]->booking_id == booking->row.id)
			lot->claims.at[i]->gone = true;
	if (session)
		session->taken -= booking->row.party;
	YARD_PUSH(&yard->dropped, booking->row.id);
	lot->dirty = true;
}
