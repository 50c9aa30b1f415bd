/*
 * A board with one small venue for tests: rows go in as the feed would bring them, answers come out as text.
 */
#ifndef TESTS_UNIT_BOARD_RIG_H
#define TESTS_UNIT_BOARD_RIG_H

#include "rowcast/base/check.h"
#include "slotcast/board/board.h"
#include "tests/unit/booking/rows.h"

struct rig {
	struct board *board;
	struct rc_arena arena;
	uint64_t n;
	int64_t now_us;
	int64_t last_id;
};

/* 2026-11-20 is a Friday. Open every day 09:00-12:00 UTC; service 1 (an hour, every half hour) on resource 1. */
#define TODAY "2026-11-20"
#define NOW   "2026-11-20T00:00:00Z"

static inline struct rig *rig_begin(const char *tz, const char *kind, int64_t capacity)
{
	static const struct board_options options = {.keep_us = 600 * INT64_C(1000000), .keep_changes = 100};
	struct rig *rig = rc_xcalloc(1, sizeof(*rig));
	struct venue venue = row_venue(tz);
	struct resource resource = row_resource(1, kind, capacity);
	struct service service = row_service(1);
	struct service_resource link = {.service_id = 1, .resource_id = 1};
	struct hours hours = row_hours(1, 0, "FREQ=DAILY", 9 * 60, 12 * 60, "2026-01-01");

	rig->board = board_create(&options);
	rig->n = 100;
	rig->now_us = at(NOW);
	rc_arena_init(&rig->arena, 4096);
	board_row(rig->board, &venue_model, &venue);
	board_row(rig->board, &resource_model, &resource);
	board_row(rig->board, &service_model, &service);
	board_row(rig->board, &service_resource_model, &link);
	board_row(rig->board, &hours_model, &hours);
	return rig;
}

static inline void rig_ready(struct rig *rig)
{
	struct rc_position position = {9, rig->n};

	board_ready(rig->board, position, position, rig->now_us);
}

static inline struct rig *rig_make(const char *tz, const char *kind, int64_t capacity)
{
	struct rig *rig = rig_begin(tz, kind, capacity);

	rig_ready(rig);
	return rig;
}

static inline void rig_end(struct rig *rig)
{
	board_destroy(rig->board);
	rc_arena_release(&rig->arena);
	free(rig);
}

static inline void rig_apply(struct rig *rig, const struct rc_change *changes, uint32_t count)
{
	struct rc_txn txn = {
		.position = {9, ++rig->n}, .committed_us = rig->now_us, .change_count = count, .changes = changes};

	board_apply(rig->board, &txn, rig->now_us);
}

static inline void rig_change(struct rig *rig, const struct rc_model *model, const void *old_row, const void *new_row)
{
	enum rc_op op = !old_row ? RC_INSERT : !new_row ? RC_DELETE : RC_UPDATE;

	rig_apply(rig, &(struct rc_change){model, op, old_row, new_row}, 1);
}

/* A claim of a booking that is no hold, unless one is made for its id. */
static inline struct claim row_claim(int64_t id, int64_t resource_id, int64_t lane, const char *lo, const char *hi)
{
	return (struct claim){.nulls = CLAIM_NULL_SESSION_ID,
			      .id = id,
			      .booking_id = id,
			      .resource_id = resource_id,
			      .lane = lane,
			      .lo = at(lo),
			      .hi = at(hi),
			      .qty = 1};
}

static inline struct booking row_hold(int64_t id, int64_t ends_us)
{
	return (struct booking){.nulls = BOOKING_NULL_CUSTOMER_ID,
				.id = id,
				.service_id = 1,
				.resource_id = 1,
				.state = RC_STR("held"),
				.party = 1,
				.hold_expires_at = ends_us,
				.version = 1};
}

static inline struct session row_session(int64_t id, int64_t resource_id, int64_t rule_id, const char *starts,
					 const char *ends, int64_t capacity)
{
	return (struct session){.nulls = rule_id ? 0 : SESSION_NULL_RULE_ID,
				.id = id,
				.resource_id = resource_id,
				.rule_id = rule_id,
				.starts_at = at(starts),
				.ends_at = at(ends),
				.capacity = capacity};
}

static inline struct claim row_places(int64_t id, int64_t resource_id, const struct session *session, int64_t places)
{
	return (struct claim){.id = id,
			      .booking_id = id,
			      .resource_id = resource_id,
			      .lo = session->starts_at,
			      .hi = session->ends_at,
			      .qty = places,
			      .session_id = session->id};
}

/* "09:00 1/1 available, …" of one date, times in UTC; several resources: "r2 09:00 …". */
static inline const char *slots_text(struct rig *rig, struct availability_query query)
{
	static const char *const states[] = {"available", "limited", "booked"};
	static char text[4096];
	struct rc_fault fault = {0};
	struct slot *slots;
	const char *field;
	size_t count, len = 0;
	int err;

	rc_arena_reset(&rig->arena);
	if (!query.service_id)
		query.service_id = 1;
	if (!query.from)
		query.from = query.to = on(TODAY);
	err = board_availability(rig->board, &query, rig->now_us, &rig->arena, &slots, &count, &field, &fault);
	if (err) {
		(void)snprintf(text, sizeof(text), "%s %s", rc_err_name(err), field ? field : "-");
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < count && len < sizeof(text); i++) {
		char time[TIME_TEXT_MAX], resource[32] = "";

		(void)time_format(slots[i].start_us, time);
		if (slots[i].resource->id != 1)
			(void)snprintf(resource, sizeof(resource), "r%lld ", (long long)slots[i].resource->id);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%.5s %d/%d %s", len ? ", " : "", resource,
					time + 11, slots[i].remaining, slots[i].capacity, states[slots[i].state]);
	}
	return text;
}

/* assert_slots(rig, QUERY(.party = 2), "…"): today, service 1, unless the query says otherwise. */
#define assert_slots(rig, query, expected) assert_string_equal(slots_text((rig), (query)), (expected))
#define QUERY(...)                         ((struct availability_query){__VA_ARGS__})
#define ANY                                QUERY(0)

#endif
