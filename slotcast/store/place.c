/*
 * Where a booking goes: service, party, duration and start are checked against the catalog, then room is looked for in
 * the claims, inside the train's transaction, so that what is seen free is free until the commit.
 *
 * A hold counts until its end and not a moment longer: holds whose end has come are expired here, before lanes are
 * looked at and before the request's savepoint, so that this stays whatever becomes of the request. Nobody waits for
 * the sweeper.
 *
 * Timed: a lane is free when its last claim beginning before the wish's end ends at or before the wish's beginning: one
 * index look-up per lane (claims of a lane never overlap). Session: the row's counter.
 */
#include <stdlib.h>

#include "slotcast/store/train.h"

int hold_expire(struct rc_tx *tx, struct booking *booking, int64_t now_us)
{
	struct audit row = {.at = now_us, .action = RC_STR("expire"), .ref = booking->ref, .detail = RC_STR("")};
	int err = claims_delete(tx, booking->id, NULL);

	booking->state = RC_STR("expired");
	booking->updated_at = now_us;
	if (!err)
		err = booking_update(tx, booking);
	return err ? err : audit_insert(tx, &row);
}

/* Expire the resource's holds whose end has come. */
static int expire_ended(struct decision *decision, int64_t resource_id)
{
	struct booking_list ended;
	int err = holds_ended(decision->tx, decision->arena, resource_id, decision->now_us, &ended);

	for (size_t i = 0; !err && i < ended.count; i++)
		err = hold_expire(decision->tx, ended.at[i], decision->now_us);
	return err;
}

struct search {
	struct decision *decision;
	const struct catalog_service *service;
	const struct wish *wish;
	int32_t duration_min;
	bool listed;           /* some resource lists this start */
	int64_t held_until_us; /* earliest end of holds that would free it; INT64_MAX: none */
};

/* When would `wanted` of these be free, if each becomes free at its time? INT64_MAX: never. */
static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t lanes_held_until(struct decision *decision, const struct lanes_blocked_row_list *blocked, int64_t lanes,
				int64_t wanted)
{
	int64_t *free_at = RC_ARENA_ARRAY(decision->arena, int64_t, lanes);

	for (size_t i = 0; i < blocked->count; i++) {
		const struct lanes_blocked_row *row = blocked->at[i];
		bool held = rc_str_is(row->state, "held") && row->hold_expires_at > 0;
		int64_t until = held ? row->hold_expires_at : INT64_MAX;

		if (row->lane >= 0 && row->lane < lanes && until > free_at[row->lane])
			free_at[row->lane] = until;
	}
	qsort(free_at, (size_t)lanes, sizeof(*free_at), compare_times);
	return free_at[wanted - 1];
}

static int find_lanes(struct search *search, const struct catalog_resource *resource, int64_t lo, int64_t hi,
		      int64_t wanted, struct place *place)
{
	struct decision *decision = search->decision;
	struct lanes_free_row_list free_lanes = {0};
	struct lanes_blocked_row_list blocked;
	struct lane_last_row *last;
	int64_t until;
	int err;

	place->lanes = RC_ARENA_ARRAY(decision->arena, int64_t, wanted);
	if (resource->capacity == 1) {
		err = lane_last(decision->tx, decision->arena, resource->id, 0, hi, &last);
		if (err && err != RC_NOT_FOUND)
			return err;
		place->lane_count = err == RC_NOT_FOUND || last->hi <= lo; /* lane 0 */
	} else {
		err = lanes_free(decision->tx, decision->arena, resource->id, lo, hi, resource->capacity, wanted,
				 &free_lanes);
		if (err)
			return err;
		for (place->lane_count = 0; place->lane_count < free_lanes.count; place->lane_count++)
			place->lanes[place->lane_count] = free_lanes.at[place->lane_count]->lane;
	}
	if (place->lane_count == (size_t)wanted)
		return 0;
	err = lanes_blocked(decision->tx, decision->arena, resource->id, lo, hi, resource->capacity, &blocked);
	if (err)
		return err;
	until = lanes_held_until(decision, &blocked, resource->capacity, wanted);
	if (until < search->held_until_us)
		search->held_until_us = until;
	return RC_NOT_FOUND;
}

/* 0: *place is set. RC_NOT_FOUND: not here. */
static int try_timed(struct search *search, const struct catalog_resource *resource, struct place *place)
{
	const struct catalog_service *service = search->service;
	const struct wish *wish = search->wish;
	int64_t end = wish->start_us + search->duration_min * INT64_C(60000000);
	int64_t lo = wish->start_us - service->buffer_before_min * INT64_C(60000000);
	int64_t hi = end + service->buffer_after_min * INT64_C(60000000);
	int64_t wanted = resource->kind == KIND_EXCLUSIVE ? 1 : wish->party;
	int err;

	if (!rules_listed(search->decision->store->rules, service, resource, wish->start_us, search->duration_min,
			  search->decision->now_us))
		return RC_NOT_FOUND;
	search->listed = true;
	if (wanted > resource->capacity)
		return RC_NOT_FOUND;
	*place = (struct place){.service = service,
				.resource = resource,
				.start_us = wish->start_us,
				.end_us = end,
				.party = wish->party,
				.timed = true};
	err = expire_ended(search->decision, resource->id);
	return err ? err : find_lanes(search, resource, lo, hi, wanted, place);
}

/* The session of a resource at an instant: its row, or the occurrence that its rules make. False: none is listed. */
static bool session_listed(struct search *search, const struct catalog_resource *resource, const struct session *row,
			   struct place *place)
{
	struct rules *rules = search->decision->store->rules;
	int64_t start = search->wish->start_us;
	const struct occurrence *list;
	int32_t date, second;
	size_t count;
	bool found = false;

	if (!rules_in_window(search->service, start, search->decision->now_us))
		return false;
	zone_to_wall(resource->venue->zone, start, &date, &second);
	rules_sessions(rules, resource, date, &list, &count);
	for (size_t i = 0; i < count && !found; i++) {
		if (list[i].lo_us != start)
			continue;
		found = true;
		place->end_us = list[i].hi_us;
		place->session_rule_id = list[i].rule_id;
		place->session_capacity = resource->capacity;
	}
	if (row && (row->nulls & SESSION_NULL_RULE_ID) && !rules_closed(rules, resource, row->starts_at, row->ends_at))
		found = true;
	if (found && row) {
		place->end_us = row->ends_at;
		place->session_id = row->id;
		place->session_capacity = row->capacity;
	}
	return found;
}

static int session_held_until(struct search *search, const struct catalog_resource *resource, int64_t missing)
{
	struct decision *decision = search->decision;
	struct session_holds_row_list holds;
	int err = session_holds(decision->tx, decision->arena, resource->id, search->wish->start_us, decision->now_us,
				&holds);

	for (size_t i = 0; !err && i < holds.count && missing > 0; i++) {
		missing -= holds.at[i]->party;
		if (missing <= 0 && holds.at[i]->hold_expires_at < search->held_until_us)
			search->held_until_us = holds.at[i]->hold_expires_at;
	}
	return err;
}

static int try_session(struct search *search, const struct catalog_resource *resource, struct place *place)
{
	struct decision *decision = search->decision;
	const struct wish *wish = search->wish;
	struct session *row = NULL;
	int64_t free_places;
	int err = expire_ended(decision, resource->id);

	if (!err)
		err = session_at(decision->tx, decision->arena, resource->id, wish->start_us, &row);
	if (err && err != RC_NOT_FOUND)
		return err;
	*place = (struct place){
		.service = search->service, .resource = resource, .start_us = wish->start_us, .party = wish->party};
	if (!session_listed(search, resource, row, place))
		return RC_NOT_FOUND;
	search->listed = true;
	free_places = place->session_capacity - (row ? row->taken : 0);
	if (free_places >= wish->party)
		return 0;
	if (wish->party <= place->session_capacity) {
		err = session_held_until(search, resource, wish->party - free_places);
		if (err)
			return err;
	}
	return RC_NOT_FOUND;
}

static void refuse(struct decision *decision, enum store_result result, const char *field, const char *detail)
{
	decision->request->result = result;
	decision->request->field = field;
	decision->request->detail = rc_str_from(detail);
}

/* Service, resource, party and duration. False: refused. */
static bool wish_check(struct search *search)
{
	struct decision *decision = search->decision;
	const struct catalog *catalog = rules_catalog(decision->store->rules);
	const struct wish *wish = search->wish;
	struct rc_arena *arena = decision->request->arena;
	const struct catalog_service *service = catalog_service(catalog, wish->service_id);
	bool timed;

	search->service = service;
	if (!service || !service->resource_count) {
		refuse(decision, STORE_NOT_FOUND, "service", NULL);
		return false;
	}
	if (wish->resource_id && !service_uses(service, wish->resource_id)) {
		refuse(decision, STORE_NOT_FOUND, "resource", NULL);
		return false;
	}
	if (wish->party < 1 || wish->party > service->party_max) {
		refuse(decision, STORE_INVALID, "party",
		       rc_arena_printf(arena, "The party must be from 1 to %d people.", service->party_max));
		return false;
	}
	timed = service->resources[0]->kind != KIND_SESSION;
	search->duration_min = wish->duration_min ? wish->duration_min : service->durations_min[0];
	if (timed && !wish->any_duration && !service_offers(service, search->duration_min)) {
		refuse(decision, STORE_INVALID, "duration_min", "This duration is not offered by the service.");
		return false;
	}
	return true;
}

int place_find(struct decision *decision, const struct wish *wish, struct place *place)
{
	struct search search = {.decision = decision, .wish = wish, .held_until_us = INT64_MAX};
	struct store_request *request = decision->request;

	if (!wish_check(&search))
		return 0;
	for (size_t i = 0; i < search.service->resource_count; i++) {
		const struct catalog_resource *resource = search.service->resources[i];
		int err;

		if (wish->resource_id && resource->id != wish->resource_id)
			continue;
		err = resource->kind == KIND_SESSION ? try_session(&search, resource, place)
						     : try_timed(&search, resource, place);
		if (!err)
			request->result = STORE_DONE;
		if (err != RC_NOT_FOUND)
			return err;
	}
	request->held_until_us = search.held_until_us == INT64_MAX ? 0 : search.held_until_us;
	request->result = !search.listed           ? STORE_OUTSIDE_HOURS
			  : request->held_until_us ? STORE_SLOT_HELD
						   : STORE_SLOT_FULL;
	request->field = search.listed ? NULL : "start";
	return 0;
}

static int session_ensure(struct decision *decision, struct place *place)
{
	struct session row = {
		.nulls = place->session_rule_id ? 0 : SESSION_NULL_RULE_ID,
		.resource_id = place->resource->id,
		.rule_id = place->session_rule_id,
		.starts_at = place->start_us,
		.ends_at = place->end_us,
		.capacity = place->session_capacity,
	};
	int err = 0;

	if (!place->session_id) {
		err = session_insert(decision->tx, &row);
		place->session_id = row.id;
	}
	return err;
}

int place_claim(struct decision *decision, struct place *place, int64_t booking_id)
{
	const struct catalog_service *service = place->service;
	struct claim claim = {
		.nulls = CLAIM_NULL_SESSION_ID,
		.booking_id = booking_id,
		.resource_id = place->resource->id,
		.lo = place->start_us - service->buffer_before_min * INT64_C(60000000),
		.hi = place->end_us + service->buffer_after_min * INT64_C(60000000),
		.qty = 1,
	};
	int err = 0;

	if (!place->timed) {
		err = session_ensure(decision, place);
		claim.nulls = 0;
		claim.session_id = place->session_id;
		claim.lo = place->start_us;
		claim.hi = place->end_us;
		claim.qty = place->party;
		return err ? err : claim_insert(decision->tx, &claim);
	}
	for (size_t i = 0; i < place->lane_count && !err; i++) {
		claim.id = 0;
		claim.lane = place->lanes[i];
		err = claim_insert(decision->tx, &claim);
	}
	return err;
}
