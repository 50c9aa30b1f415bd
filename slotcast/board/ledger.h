/*
 * The ledger: which claims stand, per resource, and which of them still count. Kept from rows as they come, in any
 * order that a transaction may have them in; knows nothing of services, hours or topics.
 *
 * A claim counts until the hold that it belongs to ends; a claim whose booking is not a hold (or is not known) counts
 * for good. The end of a hold is a predicate on time: ledger_settle applies it up to an instant, whether or not the
 * rows are still there.
 *
 * What changed is told as touches: (place, span of time). The board carries them on.
 */
#ifndef SLOTCAST_BOARD_LEDGER_H
#define SLOTCAST_BOARD_LEDGER_H

#include "rowcast/base/list.h"
#include "rowcast/base/map.h"
#include "slotcast/model/model.h"

struct free_block; /* free.h */

/* Everything of one resource, by id; it outlives the catalog's resource of that id. */
struct place {
	int64_t resource_id;
	struct ledger_claim **claims; /* of timed claims, by lo once sorted */
	size_t claim_count, claim_capacity;
	bool sorted;
	int64_t claim_us_max; /* longest claim ever seen: how far back to look for one that reaches into a span */
	struct ledger_session **sessions; /* by start once sorted */
	size_t session_count, session_capacity;
	bool sessions_sorted;
	struct free_block *blocks;     /* free.c's */
	struct touch_history *touches; /* touches.c's */
	struct view_link *views;       /* topics.c's: open topics that show it */
	size_t view_count, view_capacity;
};

struct ledger_claim {
	int64_t id, lo_us, hi_us;
	struct place *place;
	struct ledger_booking *booking;
	struct ledger_session *session; /* NULL: timed */
	struct list in_booking;
	int32_t lane, quantity;
	bool counts;
};

struct ledger_session {
	int64_t id, rule_id, starts_us, ends_us;
	bool known, one_off; /* not known: claims came before the row */
	int32_t capacity;
	int32_t counted;       /* places of claims that count */
	int64_t hold_ended_us; /* latest end of a hold that gave places back; 0: none */
	uint32_t claims;
	struct place *place;
};

/* Exists while it is a hold or has claims. */
struct ledger_booking {
	int64_t id;
	int64_t hold_ends_us; /* INT64_MAX: it is no hold */
	size_t heap_index;    /* among the holds that have not ended; SIZE_MAX: not there */
	struct list claims;
};

struct ledger_touch {
	struct place *place;
	int64_t lo_us, hi_us;
	bool unlisted; /* a one-off session may have gone from the list */
};

struct ledger {
	struct map places, claims, bookings, sessions; /* by id */
	struct ledger_booking **holds;                 /* heap by hold_ends_us */
	size_t hold_count, hold_capacity;
	struct ledger_touch *touches; /* since ledger_touches_clear */
	size_t touch_count, touch_capacity;
	int64_t now_us; /* settled up to here */
	int64_t swept_us;
};

void ledger_release(struct ledger *ledger);
/* NULL: nothing is known of this resource. */
struct place *ledger_place(const struct ledger *ledger, int64_t resource_id);
struct place *ledger_place_make(struct ledger *ledger, int64_t resource_id);

/* old_row or new_row may be NULL. */
void ledger_claim_change(struct ledger *ledger, const struct claim *old_row, const struct claim *new_row);
void ledger_session_change(struct ledger *ledger, const struct session *old_row, const struct session *new_row);
void ledger_booking_change(struct ledger *ledger, const struct booking *old_row, const struct booking *new_row);
void ledger_touches_clear(struct ledger *ledger);

/* Holds that ended up to now_us count no more. Time never runs backwards here. */
void ledger_settle(struct ledger *ledger, int64_t now_us);
/* When ledger_settle will change something; INT64_MAX: never. */
int64_t ledger_next_end(const struct ledger *ledger);
/* Forget what ended so long ago that no slot can reach it. */
void ledger_sweep(struct ledger *ledger, int64_t now_us);

/* Index of the first claim that may reach beyond lo_us; the claims from there on are by lo. */
size_t place_claims_from(struct place *place, int64_t lo_us);
/* Index of the first session that starts at or after us. */
size_t place_sessions_from(struct place *place, int64_t us);

#endif
