/*
 * What to offer to somebody whose slot is taken. One any-of search per refusal says when anything is free; only the few
 * starts that will be offered are then looked up resource by resource.
 *
 * Order: the same resource at the nearest times (or, when any would do, whatever is nearest); the same time elsewhere; the
 * next day at the nearest time of day; then whatever is nearest. Half of the list is for the first kind, so that the others
 * get a place.
 */
#include <stdlib.h>

#include "slotcast/board/board_impl.h"
#include "slotcast/booking/zone.h"

enum { REACH_DAYS = 14 };

struct choice {
	struct board *board;
	struct page_shape shape;
	int64_t resource_id, start_us, now_us;
	struct rc_arena arena;
	struct alternative *out;
	size_t count, max;
};

static int64_t distance(int64_t a, int64_t b)
{
	return a < b ? b - a : a - b;
}

static bool session_slot(struct choice *choice, const struct catalog_resource *resource, int32_t date,
			 struct slot *slot)
{
	struct page_buffer *page = &choice->board->page;

	page_read(choice->board, &choice->shape, resource, date, choice->now_us, false, page);
	for (size_t i = 0; i < page->count; i++) {
		if (page->starts_us[i] != slot->start_us)
			continue;
		slot->end_us = page->ends_us[i];
		slot->capacity = page->capacity[i];
		slot->remaining = page->remaining[i];
		return true;
	}
	return false;
}

/* Is this start listed on this resource, with room for the party? */
static bool slot_at(struct choice *choice, const struct catalog_resource *resource, int64_t start_us, struct slot *out)
{
	const struct page_shape *shape = &choice->shape;
	int32_t date;

	*out = (struct slot){
		.service = shape->service,
		.resource = resource,
		.start_us = start_us,
		.end_us = start_us + shape->duration_min * MINUTE_US,
		.capacity = resource->capacity,
	};
	zone_to_wall(resource->venue->zone, start_us, &date, NULL);
	if (resource->kind == KIND_SESSION) {
		if (!session_slot(choice, resource, date, out))
			return false;
	} else {
		if (!rules_listed(choice->board->rules, shape->service, resource, start_us, shape->duration_min,
				  choice->now_us))
			return false;
		page_count(choice->board, shape, resource, date, &start_us, 1, &out->remaining);
	}
	out->state = page_state(resource, out->capacity, out->remaining, shape->party);
	return out->state != SLOT_BOOKED;
}

/* False: it stands there already, or there is no room in the list, or it is not free. */
static bool offer(struct choice *choice, const struct catalog_resource *resource, int64_t start_us, const char *why)
{
	struct slot slot;

	if (choice->count == choice->max || distance(start_us, choice->start_us) > REACH_DAYS * 24 * HOUR_US)
		return false;
	for (size_t i = 0; i < choice->count; i++)
		if (choice->out[i].slot.resource == resource && choice->out[i].slot.start_us == start_us)
			return false;
	if (!slot_at(choice, resource, start_us, &slot))
		return false;
	choice->out[choice->count++] = (struct alternative){slot, why};
	return true;
}

/* On the resource that was asked for if it can, else on the first other that can. */
static bool offer_any(struct choice *choice, int64_t start_us, const char *why)
{
	const struct catalog_service *service = choice->shape.service;

	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < service->resource_count; i++)
			if ((service->resources[i]->id == choice->resource_id) == own &&
			    offer(choice, service->resources[i], start_us, why))
				return true;
	return false;
}

/* Starts by their distance from the one that was wanted; the earlier first of two. */
static void nearest_first(int64_t *starts, size_t count, int64_t wanted_us)
{
	size_t after = 0, before, kept = 0;
	int64_t *sorted = rc_xcalloc(count + 1, sizeof(*sorted));

	while (after < count && starts[after] < wanted_us)
		after++;
	before = after;
	while (before > 0 || after < count) {
		bool back = after == count ||
			    (before > 0 && wanted_us - starts[before - 1] <= starts[after] - wanted_us);

		sorted[kept++] = back ? starts[--before] : starts[after++];
	}
	memcpy(starts, sorted, count * sizeof(*starts));
	free(sorted);
}

static void offer_same_resource(struct choice *choice, size_t max)
{
	struct page_shape shape = choice->shape;
	int64_t *starts;
	size_t count;

	shape.resource = catalog_resource(choice->board->catalog, choice->resource_id);
	if (!shape.resource || !service_uses(shape.service, choice->resource_id))
		return;
	count = search_run(choice->board, &shape, choice->now_us, &choice->arena, &starts);
	nearest_first(starts, count, choice->start_us);
	for (size_t i = 0; i < count && choice->count < max; i++)
		(void)offer(choice, shape.resource, starts[i], "same-resource");
}

static void offer_same_time(struct choice *choice, size_t max)
{
	const struct catalog_service *service = choice->shape.service;

	for (size_t i = 0; i < service->resource_count && choice->count < max; i++)
		if (service->resources[i]->id != choice->resource_id)
			(void)offer(choice, service->resources[i], choice->start_us, "same-time");
}

static void offer_nearest(struct choice *choice, const int64_t *nearest, size_t count, size_t max)
{
	for (size_t i = 0; i < count && choice->count < max; i++)
		(void)offer_any(choice, nearest[i], "nearest");
}

/* The next local date's start that is nearest in time of day. */
static void offer_next_day(struct choice *choice, const int64_t *starts, size_t count)
{
	const struct zone *zone = choice->shape.service->venue->zone;
	int32_t today, second, best_apart = INT32_MAX;
	int64_t best_us = 0;

	zone_to_wall(zone, choice->start_us, &today, &second);
	for (size_t i = 0; i < count; i++) {
		int32_t date, own, apart;

		zone_to_wall(zone, starts[i], &date, &own);
		apart = own > second ? own - second : second - own;
		if (date == today + 1 && apart < best_apart) {
			best_apart = apart;
			best_us = starts[i];
		}
	}
	if (best_apart < INT32_MAX)
		(void)offer_any(choice, best_us, "next-day");
}

size_t board_alternatives(struct board *board, int64_t service_id, int64_t resource_id, int64_t start_us,
			  int32_t duration_min, int32_t party, int64_t now_us, struct alternative *out, size_t max)
{
	const struct catalog_service *service = catalog_service(board->catalog, service_id);
	struct choice choice = {.board = board, .resource_id = resource_id, .start_us = start_us, .now_us = now_us};
	int64_t *starts;
	size_t count;
	int32_t date;

	if (!board->ready || !service || service->resource_count == 0 || max == 0)
		return 0;
	board_advance(board, now_us);
	/* A duration that is no longer offered cannot be booked anew: the default stands in for it. */
	choice.shape.duration_min = service_offers(service, duration_min) ? duration_min : service->durations_min[0];
	choice.shape.service = service;
	choice.shape.party = party > 0 ? party : 1;
	zone_to_wall(service->venue->zone, start_us, &date, NULL);
	choice.shape.from = date - REACH_DAYS;
	choice.shape.to = date + REACH_DAYS;
	choice.out = out;
	choice.max = max;
	rc_arena_init(&choice.arena, 65536);

	count = search_run(board, &choice.shape, now_us, &choice.arena, &starts);
	nearest_first(starts, count, start_us);
	if (resource_id)
		offer_same_resource(&choice, (max + 1) / 2);
	else
		offer_nearest(&choice, starts, count, (max + 1) / 2);
	offer_same_time(&choice, choice.count + (max + 3) / 4);
	offer_next_day(&choice, starts, count);
	offer_nearest(&choice, starts, count, max);
	/* Few starts, many resources: offer them all. */
	for (size_t i = 0; i < count && choice.count < max; i++)
		for (size_t r = 0; r < service->resource_count; r++)
			(void)offer(&choice, service->resources[r], starts[i], "nearest");
	rc_arena_release(&choice.arena);
	return choice.count;
}
