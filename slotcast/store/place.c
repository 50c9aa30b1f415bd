/*
 * Where a booking goes: service, party, duration and start are checked against the catalog, then room is looked for in
 * the claims of the lot, stored ones and those of the train, so that what is seen free is free until the commit.
 *
 * A hold counts until its end and not a moment longer: whoever enters a lot expires those whose end has come, whatever
 * becomes of his request. Nobody waits for the sweeper.
 *
 * Timed: the lowest lanes that no claim uses in the wish's span. Session: the row's counter.
 */
#include <stdlib.h>

#include "slotcast/store/train.h"

struct search {
	struct decision *decision;
	const struct catalog_service *service;
	const struct wish *wish;
	int32_t duration_min;
	bool listed;           /* some resource lists this start */
	int64_t held_until_us; /* earliest end of holds that would free it; INT64_MAX: none */
};

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool stands_in_the_way(const struct yard_claim *claim, const struct wish *wish, int64_t lo, int64_t hi)
{
	return !claim->gone && claim->lo < hi && claim->hi > lo &&
	       !(wish->self && claim->booking_id == wish->self->row.id);
}

/*
 * When each of the first `lanes` lanes becomes free: 0: it is, INT64_MAX: no hold keeps it. Only as many lanes as there
 * are claims in the way, and those wanted, are looked at, for the lowest free ones are among them.
 */
static int64_t *lanes_free_at(struct search *search, const struct yard_lot *lot, int64_t lo, int64_t hi, int64_t *lanes,
			      int64_t wanted)
{
	int64_t in_the_way = 0, *free_at;

	for (size_t i = 0; i < lot->claims.count; i++)
		in_the_way += stands_in_the_way(lot->claims.at[i], search->wish, lo, hi);
	if (*lanes > in_the_way + wanted)
		*lanes = in_the_way + wanted;
	free_at = RC_ARENA_ARRAY(search->decision->arena, int64_t, *lanes);
	for (size_t i = 0; in_the_way && i < lot->claims.count; i++) {
		const struct yard_claim *claim = lot->claims.at[i];
		int64_t until;

		if (claim->lane < 0 || claim->lane >= *lanes || !stands_in_the_way(claim, search->wish, lo, hi))
			continue;
		until = yard_held_until(search->decision->yard, claim);
		if (until > free_at[claim->lane])
			free_at[claim->lane] = until;
	}
	return free_at;
}

static int find_lanes(struct search *search, const struct catalog_resource *resource, int64_t lo, int64_t hi,
		      int64_t wanted, struct place *place)
{
	struct decision *decision = search->decision;
	struct yard_lot *lot = yard_lot(decision->yard, resource->id);
	int64_t lanes = resource->capacity, *free_at;
	int err = yard_enter(decision->yard, lot);

	if (!err)
		err = yard_claims(decision->yard, lot, resource->capacity, lo, hi);
	if (err)
		return err;
	free_at = lanes_free_at(search, lot, lo, hi, &lanes, wanted);
	place->lanes = RC_ARENA_ARRAY(decision->arena, int64_t, wanted);
	for (int64_t lane = 0; lane < lanes && place->lane_count < (size_t)wanted; lane++)
		if (!free_at[lane])
			place->lanes[place->lane_count++] = lane;
	if (place->lane_count == (size_t)wanted)
		return 0;
	qsort(free_at, (size_t)lanes, sizeof(*free_at), compare_times);
	if (free_at[wanted - 1] < search->held_until_us)
		search->held_until_us = free_at[wanted - 1];
	return RC_NOT_FOUND;
}

struct wish wish_of_request(const struct store_request *request)
{
	return (struct wish){
		.service_id = request->service_id,
		.resource_id = request->resource_id,
		.start_us = request->start_us,
		.duration_min = request->duration_min,
		.party = request->party,
	};
}

static int32_t duration_of(const struct booking *row)
{
	return (int32_t)((row->ends_at - row->starts_at) / 60000000);
}

struct wish wish_to_move(const struct store_request *request, const struct yard_booking *booking)
{
	return (struct wish){
		.service_id = booking->row.service_id,
		.resource_id = request->resource_id ? request->resource_id : booking->row.resource_id,
		.start_us = request->start_us,
		.duration_min = request->duration_min < 0 ? duration_of(&booking->row) : request->duration_min,
		.party = booking->row.party,
		.any_duration = request->duration_min < 0,
		.self = booking,
	};
}

struct wish wish_again(const struct yard_booking *booking)
{
	return (struct wish){
		.service_id = booking->row.service_id,
		.resource_id = booking->row.resource_id,
		.start_us = booking->row.starts_at,
		.duration_min = duration_of(&booking->row),
		.party = booking->row.party,
		.any_duration = true,
	};
}

void place_span(const struct catalog_service *service, const struct wish *wish, int64_t *lo_us, int64_t *hi_us)
{
	int32_t duration_min = wish->duration_min ? wish->duration_min : service->durations_min[0];
	int64_t end_us = wish->start_us + duration_min * INT64_C(60000000);

	*lo_us = wish->start_us - service->buffer_before_min * INT64_C(60000000);
	*hi_us = end_us + service->buffer_after_min * INT64_C(60000000);
}

/* 0: *place is set. RC_NOT_FOUND: not here. */
static int try_timed(struct search *search, const struct catalog_resource *resource, struct place *place)
{
	const struct catalog_service *service = search->service;
	const struct wish *wish = search->wish;
	int64_t end = wish->start_us + search->duration_min * INT64_C(60000000), lo, hi;
	int64_t wanted = resource->kind == KIND_EXCLUSIVE ? 1 : wish->party;

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
	place_span(service, wish, &lo, &hi);
	return find_lanes(search, resource, lo, hi, wanted, place);
}

/* The session of a resource at an instant: its row, or the occurrence that its rules make. False: none is listed. */
static bool session_listed(struct search *search, const struct catalog_resource *resource, struct yard_session *session,
			   struct place *place)
{
	struct rules *rules = search->decision->store->rules;
	const struct session *row = session ? &session->row : NULL;
	int64_t start = search->wish->start_us;
	const struct occurrence *list;
	int32_t date, second;
	size_t count;
	bool found = false;

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
		place->session = session;
		place->session_capacity = row->capacity;
	}
	return found;
}

static int session_held_until(struct search *search, struct yard_lot *lot, struct yard_session *session,
			      int64_t missing)
{
	int err = yard_session_holds(search->decision->yard, lot, session);

	for (size_t i = 0; !err && i < session->holds.count && missing > 0; i++) {
		missing -= session->holds.at[i]->party;
		if (missing <= 0 && session->holds.at[i]->hold_expires_at < search->held_until_us)
			search->held_until_us = session->holds.at[i]->hold_expires_at;
	}
	return err;
}

static int try_session(struct search *search, const struct catalog_resource *resource, struct place *place)
{
	struct yard *yard = search->decision->yard;
	struct yard_lot *lot = yard_lot(yard, resource->id);
	const struct wish *wish = search->wish;
	const struct booking *self = wish->self ? &wish->self->row : NULL;
	struct yard_session *session = NULL;
	int64_t free_places;
	int err;

	/* an instant far away may be one that the engine cannot even compare with */
	if (!rules_in_window(search->service, wish->start_us, search->decision->now_us))
		return RC_NOT_FOUND;
	err = yard_enter(yard, lot);
	if (!err)
		err = yard_session(yard, lot, wish->start_us, &session);
	if (err)
		return err;
	*place = (struct place){
		.service = search->service, .resource = resource, .start_us = wish->start_us, .party = wish->party};
	if (!session_listed(search, resource, session, place))
		return RC_NOT_FOUND;
	search->listed = true;
	free_places = place->session_capacity - (session ? session->taken : 0);
	if (self && self->resource_id == resource->id && self->starts_at == wish->start_us)
		free_places += self->party;
	if (free_places >= wish->party)
		return 0;
	if (session && wish->party <= place->session_capacity) {
		err = session_held_until(search, lot, session, wish->party - free_places);
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

static void session_ensure(struct decision *decision, struct yard_lot *lot, struct place *place)
{
	const struct session row = {
		.nulls = place->session_rule_id ? 0 : SESSION_NULL_RULE_ID,
		.resource_id = place->resource->id,
		.rule_id = place->session_rule_id,
		.starts_at = place->start_us,
		.ends_at = place->end_us,
		.capacity = place->session_capacity,
	};

	if (!place->session)
		place->session = yard_add_session(decision->yard, lot, &row);
}

void place_claim(struct decision *decision, struct place *place, int64_t booking_id, size_t waiting,
		 int64_t held_until_us)
{
	struct yard_lot *lot = yard_lot(decision->yard, place->resource->id);
	const struct catalog_service *service = place->service;
	struct claim claim = {
		.nulls = CLAIM_NULL_SESSION_ID,
		.booking_id = booking_id,
		.resource_id = place->resource->id,
		.lo = place->start_us - service->buffer_before_min * INT64_C(60000000),
		.hi = place->end_us + service->buffer_after_min * INT64_C(60000000),
		.qty = 1,
	};

	if (!place->timed) {
		session_ensure(decision, lot, place);
		claim.nulls = 0;
		claim.lo = place->start_us;
		claim.hi = place->end_us;
		claim.qty = place->party;
		yard_add_claim(decision->yard, lot, &claim, waiting, place->session, held_until_us);
		return;
	}
	for (size_t i = 0; i < place->lane_count; i++) {
		claim.lane = place->lanes[i];
		yard_add_claim(decision->yard, lot, &claim, waiting, NULL, held_until_us);
	}
}
