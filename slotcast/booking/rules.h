/*
 * What may be booked when: opening hours and sessions expanded from wall-time rules, and the exact list of starts
 * (docs: "slot arithmetic"). Pure: (catalog, time) in, spans and starts out; no clock, no I/O.
 *
 * `struct rules` is one thread's evaluator: it remembers expanded days of one catalog revision, so that a day is
 * expanded once.
 */
#ifndef SLOTCAST_BOOKING_RULES_H
#define SLOTCAST_BOOKING_RULES_H

#include "slotcast/booking/catalog.h"

struct rules;

struct rules *rules_create(void);
void rules_destroy(struct rules *rules);
/* Use this catalog from now on (takes a reference; forgets days of another revision). */
void rules_use(struct rules *rules, struct catalog *catalog);
const struct catalog *rules_catalog(const struct rules *rules);

struct span {
	int64_t lo_us, hi_us; /* [lo, hi) */
};

/* Open spans of a timed resource that touch the local date, merged, sorted; not cut at midnight (but a span that goes
 * on for ever is cut days beyond any slot's end). Ask only for dates near a service's window: expanded days are kept.
 * Borrowed until rules_use. */
void rules_open(struct rules *rules, const struct catalog_resource *resource, int32_t date, const struct span **spans,
		size_t *count);

struct occurrence {
	int64_t rule_id;
	int32_t date; /* local date of lo_us */
	int64_t lo_us, hi_us;
};

/* Sessions that the rules of a session resource make on a local date (closing exceptions applied), by start. */
void rules_sessions(struct rules *rules, const struct catalog_resource *resource, int32_t date,
		    const struct occurrence **list, size_t *count);
/* True when a closing exception overlaps [lo, hi) of this resource: a one-off session is off the list too. */
bool rules_closed(struct rules *rules, const struct catalog_resource *resource, int64_t lo_us, int64_t hi_us);

/* All grid starts of a service on a resource and local date for a duration, without notice, horizon and claims.
 * Ascending. Borrowed until the next call. */
void rules_starts(struct rules *rules, const struct catalog_service *service, const struct catalog_resource *resource,
		  int32_t date, int32_t duration_min, const int64_t **starts_us, size_t *count);

/* Notice and horizon: true when a start may be listed and booked at `now_us`. */
bool rules_in_window(const struct catalog_service *service, int64_t start_us, int64_t now_us);

/* Is this start listed on a timed resource (grid, open, window)? */
bool rules_listed(struct rules *rules, const struct catalog_service *service, const struct catalog_resource *resource,
		  int64_t start_us, int32_t duration_min, int64_t now_us);

bool service_offers(const struct catalog_service *service, int32_t duration_min);

/* Lanes or places that a party takes, all or nothing: an exclusive resource its one lane whatever the party. */
int32_t places_needed(const struct catalog_resource *resource, int32_t party);
/* Few left: capacity > 1 and remaining ≤ ⌈percent × capacity / 100⌉, in whole numbers. */
bool places_limited(int32_t capacity, int32_t remaining, int32_t percent);

#endif
