/*
 * What waits in the yard goes out, many rows a statement, always in the same order of tables, so that two servers never
 * wait for each other in a circle.
 *
 * Claims go before bookings that leave and before claims that come, for a place may pass from one to the other inside a
 * train; a booking that holds nothing may come back only once its new claims are there.
 */
#include <stdlib.h>

#include "slotcast/store/store.h"
#include "slotcast/store/yard.h"

#define IN_MAX                  512 /* values of one IN */
#define INSERT_ALL(table, rows) ((rows).count ? table##_insert_many(yard->tx, (rows).at, (rows).count) : 0)

static int drop_claims(struct yard *yard)
{
	int err = 0;

	if (yard->dropped.count == 1)
		return claims_delete(yard->tx, yard->dropped.at[0], NULL);
	for (size_t at = 0; !err && at < yard->dropped.count; at += IN_MAX) {
		size_t left = yard->dropped.count - at;
		struct claim_query *query = claim_query(yard->tx, yard->arena);
		int64_t removed;

		claim_where_booking_id_in(query, yard->dropped.at + at, left < IN_MAX ? left : IN_MAX);
		err = claim_delete_all(query, &removed);
	}
	return err;
}

/* Does a booking in this state hold no place? */
static bool has_left(struct rc_str state)
{
	return rc_str_is(state, "expired") || rc_str_is(state, "released") || rc_str_is(state, "cancelled") ||
	       rc_str_is(state, "rejected");
}

static int write_changed(struct yard *yard, bool left)
{
	int err = 0;

	for (size_t i = 0; !err && i < yard->changed.count; i++) {
		struct yard_booking *booking = yard->changed.at[i];

		if (has_left(booking->row.state) != left)
			continue;
		if (booking->customer != YARD_NONE)
			booking->row.customer_id = yard->customers.at[booking->customer].id;
		booking->customer = YARD_NONE;
		err = booking_update(yard->tx, &booking->row);
		booking->changed = false;
	}
	return err;
}

static int add_sessions(struct yard *yard)
{
	int err = INSERT_ALL(session, yard->sessions);

	for (size_t i = 0; !err && i < yard->sessions.count; i++)
		yard->session_owners.at[i]->row.id = yard->sessions.at[i].id;
	return err;
}

static int add_bookings(struct yard *yard)
{
	for (size_t i = 0; i < yard->bookings_new.count; i++)
		if (yard->booking_customers.at[i] != YARD_NONE)
			yard->bookings_new.at[i].customer_id = yard->customers.at[yard->booking_customers.at[i]].id;
	return INSERT_ALL(booking, yard->bookings_new);
}

static int add_claims(struct yard *yard)
{
	int err;

	for (size_t i = 0; i < yard->claims_new.count; i++) {
		const struct yard_claim_link *link = &yard->claim_links.at[i];

		if (link->booking != YARD_NONE)
			yard->claims_new.at[i].booking_id = yard->bookings_new.at[link->booking].id;
		if (link->session)
			yard->claims_new.at[i].session_id = link->session->row.id;
	}
	err = INSERT_ALL(claim, yard->claims_new);
	for (size_t i = 0; !err && i < yard->claims_new.count; i++) {
		struct yard_claim *claim = yard->claim_links.at[i].claim;

		if (!claim)
			continue;
		claim->id = yard->claims_new.at[i].id;
		claim->booking_id = yard->claims_new.at[i].booking_id;
		map_put(&yard->claims, MAP_KEY(claim->id), claim);
	}
	return err;
}

/* Who waits learns his rank, which counts those before him. */
static int add_waiters(struct yard *yard)
{
	int err;

	for (size_t i = 0; i < yard->waitlist.count; i++)
		yard->waitlist.at[i].customer_id = yard->customers.at[yard->waiters.at[i].customer].id;
	err = INSERT_ALL(waitlist, yard->waitlist);
	for (size_t i = 0; !err && i < yard->waitlist.count; i++) {
		const struct waitlist *row = &yard->waitlist.at[i];
		struct store_request *request = yard->waiters.at[i].request;
		const struct audit note = {
			.at = yard->now_us,
			.action = RC_STR("waitlist"),
			.ref = RC_STR(""),
			.detail = rc_str_from(rc_arena_printf(yard->arena, "entry %lld", (long long)row->id)),
		};
		struct waitlist_ahead_row *ahead;

		err = waitlist_ahead(yard->tx, yard->arena, row->service_id, row->id, &ahead);
		if (err)
			break;
		request->waitlist_id = row->id;
		request->waitlist_rank = ahead->ahead + 1;
		YARD_PUSH(&yard->audits, note);
	}
	return err;
}

static void forget_waiting(struct yard *yard)
{
	if (yard->dropped.count || yard->changed.count || yard->sessions.count || yard->bookings_new.count ||
	    yard->claims_new.count)
		yard->told = true;
	yard->dropped.count = yard->changed.count = yard->sessions.count = yard->session_owners.count = 0;
	yard->customers.count = yard->bookings_new.count = yard->booking_customers.count = 0;
	yard->claims_new.count = yard->claim_links.count = 0;
	yard->waitlist.count = yard->waiters.count = yard->audits.count = 0;
	for (size_t i = 0; i < yard->lots.count; i++) {
		struct yard_lot *lot = yard->lots.at[i];

		if (!lot->dirty)
			continue;
		lot->dirty = false;
		for (size_t j = 0; j < lot->sessions.count; j++)
			lot->sessions.at[j]->holds_known = false;
	}
}

int yard_write(struct yard *yard)
{
	int err = drop_claims(yard);

	if (!err)
		err = write_changed(yard, true);
	if (!err)
		err = add_sessions(yard);
	if (!err)
		err = INSERT_ALL(customer, yard->customers);
	if (!err)
		err = add_bookings(yard);
	if (!err)
		err = add_claims(yard);
	if (!err)
		err = write_changed(yard, false);
	if (!err)
		err = add_waiters(yard);
	if (!err)
		err = INSERT_ALL(audit, yard->audits);
	if (!err)
		forget_waiting(yard);
	return err;
}

static int compare_keys(const void *a, const void *b)
{
	const struct idempotency *x = a, *y = b;
	int scopes = rc_str_compare(x->scope, y->scope);

	return scopes ? scopes : rc_str_compare(x->key, y->key);
}

/* In key order: two servers that are given the same keys meet at the first one. */
int yard_write_keys(struct yard *yard)
{
	int err = 0;

	for (size_t i = 0; !err && i < yard->keys_over.count; i++) {
		err = idempotency_delete(yard->tx, yard->keys_over.at[i].scope, yard->keys_over.at[i].key);
		if (err == RC_NOT_FOUND)
			err = 0;
	}
	if (!err && yard->keys_new.count) {
		qsort(yard->keys_new.at, yard->keys_new.count, sizeof(*yard->keys_new.at), compare_keys);
		err = INSERT_ALL(idempotency, yard->keys_new);
	}
	yard->keys_over.count = yard->keys_new.count = 0;
	return err;
}
