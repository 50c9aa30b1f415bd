/*
 * IANA time zones: wall time to instant and back. Immutable after loading; safe from any thread.
 * RFC 5545 §3.3.5: in a spring gap the offset before the gap counts; in an autumn overlap the first occurrence.
 */
#ifndef SLOTCAST_BOOKING_ZONE_H
#define SLOTCAST_BOOKING_ZONE_H

#include "rowcast/err.h"
#include "rowcast/str.h"

struct zone;

/* Loaded once per name and kept for the process. RC_NOT_FOUND: no such zone. Path tricks ("../") are refused. */
int zone_find(struct rc_str name, const struct zone **out) RC_MUST_CHECK;
/* Seconds east of UTC in force at an instant (µs). */
int32_t zone_offset_at(const struct zone *zone, int64_t us);
/* Wall time (date + minutes, which may be ≥ 1440 or < 0) → instant, µs UTC. */
int64_t zone_to_instant(const struct zone *zone, int32_t date, int32_t minutes);
/* Instant → local date and second of that day's clock. */
void zone_to_wall(const struct zone *zone, int64_t us, int32_t *date, int32_t *second);
/* First instant of a local date (midnight, or what follows it where midnight is skipped). */
int64_t zone_day_start(const struct zone *zone, int32_t date);
/* True when the offset does not change anywhere in [lo, hi): a day without a transition, most of them. */
bool zone_steady(const struct zone *zone, int64_t lo_us, int64_t hi_us);

#endif
