/*
 * The catalog: everything of a database that says what could be booked, without what has been booked: venues,
 * resources, services, hours, exceptions, session rules. Immutable once built and shared between threads by reference
 * count; a change of any of these rows builds a new one (seldom) with the next revision.
 */
#ifndef SLOTCAST_BOOKING_CATALOG_H
#define SLOTCAST_BOOKING_CATALOG_H

#include <stdatomic.h>

#include "rowcast/arena.h"
#include "slotcast/model/model.h"

enum resource_kind { KIND_EXCLUSIVE, KIND_POOLED, KIND_SESSION };

/* A weekly, monthly … rule in wall time, or an exception; minutes after local midnight. */
struct wall_rule {
	int64_t id;
	struct rc_str rrule;
	int32_t start_min, end_min;          /* end ≤ start: next day */
	int32_t valid_from, valid_to;        /* dates; valid_to INT32_MAX: open */
	const struct recurrence *recurrence; /* `rrule`, begun at valid_from */
	uint32_t index;                      /* dense, 0.. in the catalog; hours that resources share have one */
};

struct wall_exception {
	int32_t date;
	bool whole_day;
	int32_t start_min, end_min;
	bool closed;
};

struct zone;       /* zone.h */
struct recurrence; /* recurrence.h */

struct catalog_resource {
	int64_t id;
	struct rc_str key, name;
	enum resource_kind kind;
	int32_t capacity; /* lanes or places; exclusive: 1 */
	const struct catalog_venue *venue;
	const struct wall_rule *hours; /* its own, or the venue's */
	size_t hours_count;
	const struct wall_exception *exceptions; /* its own and those for all, by date */
	size_t exception_count;
	const struct wall_rule *sessions;
	size_t session_count;
	uint32_t index; /* dense, 0.. in the catalog */
};

struct catalog_service {
	int64_t id;
	struct rc_str key, name;
	const struct catalog_venue *venue;
	const int32_t *durations_min; /* the first is the default */
	size_t duration_count;
	const int64_t *prices_minor; /* none, one for all durations, or one each; in the venue's currency */
	size_t price_count;
	bool price_per_person;
	struct rc_str note;
	int32_t step_min, buffer_before_min, buffer_after_min, notice_min, horizon_days, hold_ttl_s, party_max;
	const struct catalog_resource *const *resources; /* by id */
	size_t resource_count;
	uint32_t index;
};

struct catalog_venue {
	int64_t id;
	struct rc_str slug, name, tz, locale, phone, email;
	struct rc_str currency; /* empty: no prices */
	int32_t limited_percent;
	const struct zone *zone;
	const struct catalog_resource *const *resources;
	size_t resource_count;
	const struct catalog_service *const *services;
	size_t service_count;
};

struct catalog {
	_Atomic int references;
	uint64_t revision;
	struct rc_arena arena;
	const struct catalog_venue *venues;
	size_t venue_count;
	const struct catalog_resource *resources; /* by id */
	size_t resource_count;
	const struct catalog_service *services; /* by id */
	size_t service_count;
	uint32_t rule_count; /* of wall_rule.index */
};

/* Rows as the feed delivers them; arrays of pointers, borrowed. A row that cannot be understood (unknown zone, bad
 * rrule; raw SQL may write anything) is left out with a log line, never fatal. */
struct catalog_rows {
	const struct venue **venues;
	size_t venue_count;
	const struct resource **resources;
	size_t resource_count;
	const struct service **services;
	size_t service_count;
	const struct service_resource **service_resources;
	size_t service_resource_count;
	const struct hours **hours;
	size_t hours_count;
	const struct exception **exceptions;
	size_t exception_count;
	const struct session_rule **session_rules;
	size_t session_rule_count;
};

struct catalog *catalog_build(const struct catalog_rows *rows, uint64_t revision);
struct catalog *catalog_acquire(struct catalog *catalog);
void catalog_drop(struct catalog *catalog);
const struct catalog_venue *catalog_venue(const struct catalog *catalog, struct rc_str slug); /* NULL: none */
const struct catalog_service *catalog_service(const struct catalog *catalog, int64_t id);
const struct catalog_resource *catalog_resource(const struct catalog *catalog, int64_t id);
bool service_uses(const struct catalog_service *service, int64_t resource_id);

#endif
