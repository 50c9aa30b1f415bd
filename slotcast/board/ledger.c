/*
 * Claims, sessions and holds in memory. See the header.
 *
 * Arrays of a place are sorted when they are first read and then kept sorted by insertion: a load of 100,000 claims is
 * one sort, and a claim that comes later costs one move of pointers. Rejected: a balanced tree per lane; reads walk
 * spans in order far more often than claims come, and the arrays are what they want.
 *
 * Invariants: a session's `counted` is the sum of the quantities of its claims with `counts`; a booking is in the heap
 * exactly while it is a hold that has not ended.
 */
#include "slotcast/board/ledger.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "slotcast/booking/state.h"

/* Nothing that ended earlier can meet a slot that may still be listed: buffers are at most seven days. */
#define KEEP_US        (INT64_C(8) * 24 * 3600 * 1000000)
#define SWEEP_EVERY_US (INT64_C(3600) * 1000000)

static void touch(struct ledger *ledger, struct place *place, int64_t lo_us, int64_t hi_us, bool unlisted)
{
	if (ledger->touch_count == ledger->touch_capacity) {
		ledger->touch_capacity = ledger->touch_capacity ? 2 * ledger->touch_capacity : 64;
		ledger->touches = rc_xrealloc(ledger->touches, ledger->touch_capacity * sizeof(*ledger->touches));
	}
	ledger->touches[ledger->touch_count++] = (struct ledger_touch){place, lo_us, hi_us, unlisted};
}

void ledger_touches_clear(struct ledger *ledger)
{
	ledger->touch_count = 0;
}

struct place *ledger_place(const struct ledger *ledger, int64_t resource_id)
{
	return map_get(&ledger->places, MAP_KEY(resource_id));
}

struct place *ledger_place_make(struct ledger *ledger, int64_t resource_id)
{
	struct place *place = ledger_place(ledger, resource_id);

	if (!place) {
		place = rc_xcalloc(1, sizeof(*place));
		place->resource_id = resource_id;
		map_put(&ledger->places, MAP_KEY(place->resource_id), place);
	}
	return place;
}

/* ---- the heap of holds ---- */

static void heap_put(struct ledger *ledger, size_t index, struct ledger_booking *booking)
{
	ledger->holds[index] = booking;
	booking->heap_index = index;
}

static void heap_up(struct ledger *ledger, size_t index)
{
	struct ledger_booking *booking = ledger->holds[index];

	for (; index > 0 && ledger->holds[(index - 1) / 2]->hold_ends_us > booking->hold_ends_us;
	     index = (index - 1) / 2)
		heap_put(ledger, index, ledger->holds[(index - 1) / 2]);
	heap_put(ledger, index, booking);
}

static void heap_down(struct ledger *ledger, size_t index)
{
	struct ledger_booking *booking = ledger->holds[index];

	for (;;) {
		size_t child = 2 * index + 1;

		if (child + 1 < ledger->hold_count &&
		    ledger->holds[child + 1]->hold_ends_us < ledger->holds[child]->hold_ends_us)
			child++;
		if (child >= ledger->hold_count || ledger->holds[child]->hold_ends_us >= booking->hold_ends_us)
			break;
		heap_put(ledger, index, ledger->holds[child]);
		index = child;
	}
	heap_put(ledger, index, booking);
}

static void heap_add(struct ledger *ledger, struct ledger_booking *booking)
{
	if (ledger->hold_count == ledger->hold_capacity) {
		ledger->hold_capacity = ledger->hold_capacity ? 2 * ledger->hold_capacity : 64;
		ledger->holds = rc_xrealloc(ledger->holds, ledger->hold_capacity * sizeof(*ledger->holds));
	}
	heap_put(ledger, ledger->hold_count++, booking);
	heap_up(ledger, booking->heap_index);
}

static void heap_remove(struct ledger *ledger, struct ledger_booking *booking)
{
	size_t index = booking->heap_index;
	struct ledger_booking *last = ledger->holds[--ledger->hold_count];

	booking->heap_index = SIZE_MAX;
	if (last == booking)
		return;
	heap_put(ledger, index, last);
	heap_up(ledger, index);
	heap_down(ledger, last->heap_index);
}

/* ---- bookings ---- */

static bool booking_counts(const struct ledger *ledger, const struct ledger_booking *booking)
{
	return booking->hold_ends_us > ledger->now_us;
}

static struct ledger_booking *booking_make(struct ledger *ledger, int64_t id)
{
	struct ledger_booking *booking = map_get(&ledger->bookings, MAP_KEY(id));

	if (!booking) {
		booking = rc_xcalloc(1, sizeof(*booking));
		booking->id = id;
		booking->hold_ends_us = INT64_MAX;
		booking->heap_index = SIZE_MAX;
		list_init(&booking->claims);
		map_put(&ledger->bookings, MAP_KEY(booking->id), booking);
	}
	return booking;
}

/* Drop it when there is nothing to remember of it. */
static void booking_settle(struct ledger *ledger, struct ledger_booking *booking)
{
	if (!list_empty(&booking->claims) || booking->hold_ends_us != INT64_MAX)
		return;
	map_remove(&ledger->bookings, MAP_KEY(booking->id));
	free(booking);
}

static void claim_set(struct ledger_claim *claim, bool counts)
{
	if (claim->counts == counts)
		return;
	claim->counts = counts;
	if (claim->session)
		claim->session->counted += counts ? claim->quantity : -claim->quantity;
}

static void touch_claim(struct ledger *ledger, const struct ledger_claim *claim)
{
	if (claim->session && claim->session->known)
		touch(ledger, claim->place, claim->session->starts_us, claim->session->ends_us, false);
	else
		touch(ledger, claim->place, claim->lo_us, claim->hi_us, false);
}

/* Let the claims say what the booking's hold says now. */
static void booking_recount(struct ledger *ledger, struct ledger_booking *booking)
{
	bool counts = booking_counts(ledger, booking);

	LIST_EACH (node, &booking->claims) {
		struct ledger_claim *claim = LIST_OWNER(node, struct ledger_claim, in_booking);

		if (claim->counts == counts)
			continue;
		claim_set(claim, counts);
		if (claim->session && !counts)
			claim->session->hold_ended_us = booking->hold_ends_us;
		touch_claim(ledger, claim);
	}
}

void ledger_booking_change(struct ledger *ledger, const struct booking *old_row, const struct booking *new_row)
{
	int64_t id = new_row ? new_row->id : old_row->id;
	bool held = new_row && booking_state_parse(new_row->state) == STATE_HELD &&
		    !(new_row->nulls & BOOKING_NULL_HOLD_EXPIRES_AT);
	struct ledger_booking *booking = held ? booking_make(ledger, id) : map_get(&ledger->bookings, MAP_KEY(id));

	if (!booking)
		return;
	if (booking->heap_index != SIZE_MAX)
		heap_remove(ledger, booking);
	booking->hold_ends_us = held ? new_row->hold_expires_at : INT64_MAX;
	if (held && booking_counts(ledger, booking))
		heap_add(ledger, booking);
	booking_recount(ledger, booking);
	booking_settle(ledger, booking);
}

void ledger_settle(struct ledger *ledger, int64_t now_us)
{
	if (now_us <= ledger->now_us)
		return;
	ledger->now_us = now_us;
	while (ledger->hold_count > 0 && ledger->holds[0]->hold_ends_us <= now_us) {
		struct ledger_booking *booking = ledger->holds[0];

		heap_remove(ledger, booking);
		booking_recount(ledger, booking);
	}
}

int64_t ledger_next_end(const struct ledger *ledger)
{
	return ledger->hold_count > 0 ? ledger->holds[0]->hold_ends_us : INT64_MAX;
}

/* ---- sessions ---- */

static struct ledger_session *session_make(struct ledger *ledger, int64_t id)
{
	struct ledger_session *session = map_get(&ledger->sessions, MAP_KEY(id));

	if (!session) {
		session = rc_xcalloc(1, sizeof(*session));
		session->id = id;
		map_put(&ledger->sessions, MAP_KEY(session->id), session);
	}
	return session;
}

static int session_compare(const void *a, const void *b)
{
	const struct ledger_session *x = *(struct ledger_session *const *)a, *y = *(struct ledger_session *const *)b;

	return x->starts_us < y->starts_us ? -1 : x->starts_us > y->starts_us;
}

size_t place_sessions_from(struct place *place, int64_t us)
{
	size_t lo = 0, hi = place->session_count;

	if (!place->sessions_sorted) {
		if (place->session_count > 1)
			qsort(place->sessions, place->session_count, sizeof(struct ledger_session *), session_compare);
		place->sessions_sorted = true;
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (place->sessions[mid]->starts_us < us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void session_unlist(struct ledger_session *session)
{
	struct place *place = session->place;

	for (size_t i = 0; place && i < place->session_count; i++) {
		if (place->sessions[i] != session)
			continue;
		memmove(place->sessions + i, place->sessions + i + 1, (--place->session_count - i) * sizeof(session));
		break;
	}
	session->place = NULL;
}

static void session_list(struct place *place, struct ledger_session *session)
{
	if (place->session_count == place->session_capacity) {
		place->session_capacity = place->session_capacity ? 2 * place->session_capacity : 16;
		place->sessions = rc_xrealloc(place->sessions, place->session_capacity * sizeof(session));
	}
	place->sessions[place->session_count++] = session;
	place->sessions_sorted = false;
	session->place = place;
}

static void session_settle(struct ledger *ledger, struct ledger_session *session)
{
	if (session->known || session->claims > 0)
		return;
	map_remove(&ledger->sessions, MAP_KEY(session->id));
	free(session);
}

void ledger_session_change(struct ledger *ledger, const struct session *old_row, const struct session *new_row)
{
	struct ledger_session *session;
	bool moved;

	if (!new_row && !map_get(&ledger->sessions, MAP_KEY(old_row->id)))
		return;
	session = session_make(ledger, new_row ? new_row->id : old_row->id);
	moved = session->known &&
		(!new_row || session->starts_us != new_row->starts_at || session->ends_us != new_row->ends_at ||
		 !session->place || session->place->resource_id != new_row->resource_id ||
		 session->one_off != !!(new_row->nulls & SESSION_NULL_RULE_ID));
	if (moved) {
		touch(ledger, session->place, session->starts_us, session->ends_us, true);
		session_unlist(session);
	}
	if (!new_row) {
		session->known = false;
		session_settle(ledger, session);
		return;
	}
	session->rule_id = new_row->rule_id;
	session->one_off = new_row->nulls & SESSION_NULL_RULE_ID;
	session->starts_us = new_row->starts_at;
	session->ends_us = new_row->ends_at;
	if (!session->known || moved)
		session_list(ledger_place_make(ledger, new_row->resource_id), session);
	if (!session->known || moved || session->capacity != new_row->capacity)
		touch(ledger, session->place, session->starts_us, session->ends_us, false);
	session->capacity = (int32_t)new_row->capacity;
	session->known = true;
}

/* ---- claims ---- */

static int claim_compare(const void *a, const void *b)
{
	const struct ledger_claim *x = *(struct ledger_claim *const *)a, *y = *(struct ledger_claim *const *)b;

	if (x->lo_us != y->lo_us)
		return x->lo_us < y->lo_us ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void place_sort(struct place *place)
{
	if (place->sorted)
		return;
	if (place->claim_count > 1) /* a place that never had one has no array either */
		qsort(place->claims, place->claim_count, sizeof(struct ledger_claim *), claim_compare);
	place->sorted = true;
}

/* First claim that is not before `claim`. */
static size_t claim_rank(const struct place *place, const struct ledger_claim *claim)
{
	size_t lo = 0, hi = place->claim_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (claim_compare(&place->claims[mid], &claim) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t place_claims_from(struct place *place, int64_t lo_us)
{
	struct ledger_claim key = {.id = INT64_MIN, .lo_us = lo_us - place->claim_us_max};

	place_sort(place);
	return claim_rank(place, &key);
}

static void place_add(struct place *place, struct ledger_claim *claim)
{
	size_t at = place->claim_count;

	if (place->claim_count == place->claim_capacity) {
		place->claim_capacity = place->claim_capacity ? 2 * place->claim_capacity : 16;
		place->claims = rc_xrealloc(place->claims, place->claim_capacity * sizeof(claim));
	}
	if (place->sorted) {
		at = claim_rank(place, claim);
		memmove(place->claims + at + 1, place->claims + at, (place->claim_count - at) * sizeof(claim));
	}
	place->claims[at] = claim;
	place->claim_count++;
	if (claim->hi_us - claim->lo_us > place->claim_us_max)
		place->claim_us_max = claim->hi_us - claim->lo_us;
}

static void place_take(struct place *place, struct ledger_claim *claim)
{
	size_t at;

	place_sort(place);
	at = claim_rank(place, claim);
	rc_check(at < place->claim_count && place->claims[at] == claim);
	memmove(place->claims + at, place->claims + at + 1, (--place->claim_count - at) * sizeof(claim));
}

/* Everything but the place's array. */
static void claim_forget(struct ledger *ledger, struct ledger_claim *claim)
{
	struct ledger_booking *booking = claim->booking;
	struct ledger_session *session = claim->session;

	claim_set(claim, false);
	map_remove(&ledger->claims, MAP_KEY(claim->id));
	list_remove(&claim->in_booking);
	free(claim);
	booking_settle(ledger, booking);
	if (session) {
		session->claims--;
		session_settle(ledger, session);
	}
}

static void claim_remove(struct ledger *ledger, int64_t id)
{
	struct ledger_claim *claim = map_get(&ledger->claims, MAP_KEY(id));

	if (!claim)
		return;
	if (claim->counts)
		touch_claim(ledger, claim);
	if (!claim->session)
		place_take(claim->place, claim);
	claim_forget(ledger, claim);
}

void ledger_claim_change(struct ledger *ledger, const struct claim *old_row, const struct claim *new_row)
{
	struct ledger_claim *claim;

	if (old_row)
		claim_remove(ledger, old_row->id);
	if (!new_row)
		return;
	claim_remove(ledger, new_row->id);
	if (new_row->hi < ledger->now_us - KEEP_US && (new_row->nulls & CLAIM_NULL_SESSION_ID))
		return;
	claim = rc_xcalloc(1, sizeof(*claim));
	claim->id = new_row->id;
	claim->lo_us = new_row->lo;
	claim->hi_us = new_row->hi;
	claim->lane = new_row->lane >= 0 && new_row->lane <= INT32_MAX ? (int32_t)new_row->lane : INT32_MAX;
	claim->quantity = new_row->qty <= INT32_MAX ? (int32_t)new_row->qty : INT32_MAX;
	claim->place = ledger_place_make(ledger, new_row->resource_id);
	claim->booking = booking_make(ledger, new_row->booking_id);
	list_push_back(&claim->booking->claims, &claim->in_booking);
	if (new_row->nulls & CLAIM_NULL_SESSION_ID) {
		place_add(claim->place, claim);
	} else {
		claim->session = session_make(ledger, new_row->session_id);
		claim->session->claims++;
	}
	map_put(&ledger->claims, MAP_KEY(claim->id), claim);
	if (booking_counts(ledger, claim->booking)) {
		claim_set(claim, true);
		touch_claim(ledger, claim);
	}
}

/* ---- the past ---- */

static void place_sweep(struct ledger *ledger, struct place *place, int64_t before_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < place->claim_count; i++) {
		if (place->claims[i]->hi_us < before_us)
			claim_forget(ledger, place->claims[i]);
		else
			place->claims[kept++] = place->claims[i];
	}
	place->claim_count = kept;
}

/* Claims of sessions that ended, then the sessions. Collected first: the maps do not change under a cursor. */
static void sessions_sweep(struct ledger *ledger, int64_t before_us)
{
	struct ledger_claim **claims = rc_xcalloc(ledger->claims.count + 1, sizeof(*claims));
	struct ledger_session **sessions = rc_xcalloc(ledger->sessions.count + 1, sizeof(*sessions));
	struct map_entry *entry;
	size_t cursor = 0, claim_count = 0, session_count = 0;

	while ((entry = map_next(&ledger->claims, &cursor))) {
		struct ledger_claim *claim = entry->value;

		if (claim->session && claim->session->known && claim->session->ends_us < before_us)
			claims[claim_count++] = claim;
	}
	for (cursor = 0; (entry = map_next(&ledger->sessions, &cursor));) {
		struct ledger_session *session = entry->value;

		if (session->known && session->ends_us < before_us)
			sessions[session_count++] = session;
	}
	for (size_t i = 0; i < claim_count; i++)
		claim_forget(ledger, claims[i]);
	for (size_t i = 0; i < session_count; i++) {
		session_unlist(sessions[i]);
		sessions[i]->known = false;
		session_settle(ledger, sessions[i]);
	}
	free(claims);
	free(sessions);
}

void ledger_sweep(struct ledger *ledger, int64_t now_us)
{
	struct map_entry *entry;
	size_t cursor = 0;

	if (now_us - ledger->swept_us < SWEEP_EVERY_US)
		return;
	ledger->swept_us = now_us;
	while ((entry = map_next(&ledger->places, &cursor)))
		place_sweep(ledger, entry->value, now_us - KEEP_US);
	sessions_sweep(ledger, now_us - KEEP_US);
}

static void free_values(struct map *map)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(map, &cursor)))
		free(entry->value);
	map_release(map);
}

void ledger_release(struct ledger *ledger)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&ledger->places, &cursor))) {
		struct place *place = entry->value;

		free(place->claims);
		free(place->sessions);
	}
	free_values(&ledger->places);
	free_values(&ledger->claims);
	free_values(&ledger->bookings);
	free_values(&ledger->sessions);
	free(ledger->holds);
	free(ledger->touches);
	memset(ledger, 0, sizeof(*ledger));
}
