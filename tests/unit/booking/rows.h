/*
 * Rows for tests of booking and board: one small venue, whose rows a test changes before it uses them.
 */
#ifndef TESTS_UNIT_BOOKING_ROWS_H
#define TESTS_UNIT_BOOKING_ROWS_H

#include <stdio.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "slotcast/booking/catalog.h"
#include "slotcast/booking/zone.h"

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static inline int32_t on(const char *date)
{
	int32_t days = 0;

	if (date_parse(rc_str_from(date), &days))
		fail_msg("%s is not a date", date);
	return days;
}

static inline int64_t at(const char *time)
{
	int64_t us = 0;

	if (time_parse(rc_str_from(time), &us))
		fail_msg("%s is not a time", time);
	return us;
}

static inline struct venue row_venue(const char *tz)
{
	return (struct venue){.id = 1,
			      .slug = RC_STR("harbour"),
			      .name = RC_STR("Harbour"),
			      .tz = rc_str_from(tz),
			      .locale = RC_STR("pt"),
			      .limited_percent = 25};
}

static inline struct resource row_resource(int64_t id, const char *kind, int64_t capacity)
{
	return (struct resource){.id = id,
				 .venue_id = 1,
				 .key = RC_STR("key"),
				 .name = RC_STR("Name"),
				 .kind = rc_str_from(kind),
				 .capacity = capacity};
}

/* An hour, every half hour, no buffers, no notice, 90 days. */
static inline struct service row_service(int64_t id)
{
	return (struct service){.id = id,
				.venue_id = 1,
				.key = RC_STR("service"),
				.name = RC_STR("Service"),
				.durations_min = RC_STR("[60]"),
				.step_min = 30,
				.horizon_days = 90,
				.hold_ttl_s = 300,
				.party_max = 10};
}

/* resource_id 0: the venue's. */
static inline struct hours row_hours(int64_t id, int64_t resource_id, const char *rrule, int start_min, int end_min,
				     const char *valid_from)
{
	return (struct hours){.nulls = HOURS_NULL_VALID_TO | (resource_id ? 0 : HOURS_NULL_RESOURCE_ID),
			      .id = id,
			      .venue_id = 1,
			      .resource_id = resource_id,
			      .rrule = rc_str_from(rrule),
			      .wall_start_min = start_min,
			      .wall_end_min = end_min,
			      .valid_from = on(valid_from)};
}

/* start_min < 0: the whole day; resource_id 0: all. */
static inline struct exception row_exception(int64_t id, int64_t resource_id, const char *date, int start_min,
					     int end_min, bool closed)
{
	uint64_t nulls = (resource_id ? 0 : EXCEPTION_NULL_RESOURCE_ID) |
			 (start_min < 0 ? EXCEPTION_NULL_WALL_START_MIN | EXCEPTION_NULL_WALL_END_MIN : 0);

	return (struct exception){.nulls = nulls,
				  .id = id,
				  .venue_id = 1,
				  .resource_id = resource_id,
				  .date = on(date),
				  .wall_start_min = start_min < 0 ? 0 : start_min,
				  .wall_end_min = start_min < 0 ? 0 : end_min,
				  .closed = closed};
}

static inline struct session_rule row_session_rule(int64_t id, int64_t resource_id, const char *rrule, int start_min,
						   int end_min, const char *valid_from)
{
	return (struct session_rule){.nulls = SESSION_RULE_NULL_VALID_TO,
				     .id = id,
				     .resource_id = resource_id,
				     .rrule = rc_str_from(rrule),
				     .wall_start_min = start_min,
				     .wall_end_min = end_min,
				     .valid_from = on(valid_from)};
}

#endif
