/*
 * Any-of search over many resources: erode each lane's free bits by the slot with its buffers, mask with the starts, OR
 * everything (bits.h). Resources of one venue with one grid share one union; the few that differ have their own, and
 * the unions are merged at the end.
 */
#include <stdlib.h>

#include "slotcast/board/bits.h"
#include "slotcast/board/board_impl.h"
#include "slotcast/booking/zone.h"

/* A union of rows that begin at one instant on one grid. */
struct sum {
	struct sum *next;
	int64_t begin_us, grid_us;
	size_t days, words;
	uint64_t row[];
};

struct found {
	int64_t *at;
	size_t count, capacity;
};

static void found_add(struct found *found, int64_t start_us)
{
	if (found->count == found->capacity) {
		found->capacity = found->capacity ? 2 * found->capacity : 256;
		found->at = rc_xrealloc(found->at, found->capacity * sizeof(*found->at));
	}
	found->at[found->count++] = start_us;
}

static struct sum *sum_for(struct sum **sums, const struct free_block *block, struct rc_arena *arena)
{
	int64_t begin_us = block->origin_us + (int64_t)block->before * block->grid_us;
	struct sum *sum = *sums;
	size_t words = (block->days + 63) / 64;

	while (sum && (sum->begin_us != begin_us || sum->grid_us != block->grid_us || sum->days != block->days))
		sum = sum->next;
	if (!sum) {
		sum = rc_arena_zalloc(arena, sizeof(*sum) + (words + 4) * sizeof(uint64_t));
		sum->begin_us = begin_us;
		sum->grid_us = block->grid_us;
		sum->days = block->days;
		sum->words = words;
		sum->next = *sums;
		*sums = sum;
	}
	return sum;
}

static void search_timed(struct board *board, const struct page_shape *shape, const struct catalog_resource *resource,
			 int32_t from, int32_t to, struct sum **sums, struct rc_arena *arena)
{
	const struct catalog_venue *venue = resource->venue;
	int32_t needed = places_needed(resource, shape->party);

	if (!zone_steady(venue->zone, zone_day_start(venue->zone, to), zone_day_start(venue->zone, to) + 52 * HOUR_US))
		to++;
	for (int32_t number = free_block_number(from); number <= free_block_number(to); number++) {
		struct free_block *block = free_block(board->rules, venue->services, venue->service_count, resource,
						      board->places[resource->index], number * FREE_BLOCK_DAYS);
		const uint64_t *starts = free_starts(&board->pool, board->rules, block, shape->service, resource,
						     shape->duration_min);

		free_search(block, shape->service, shape->duration_min, starts, needed,
			    sum_for(sums, block, arena)->row);
	}
}

static void search_sessions(struct board *board, const struct page_shape *shape,
			    const struct catalog_resource *resource, int32_t from, int32_t to, int64_t now_us,
			    struct found *found)
{
	for (int32_t date = from; date <= to; date++) {
		page_read(board, shape, resource, date, now_us, false, &board->page);
		for (size_t i = 0; i < board->page.count; i++)
			if (board->page.remaining[i] >= shape->party)
				found_add(found, board->page.starts_us[i]);
	}
}

/* The union's bits that lie in the dates and in the window. Where clocks are put back across midnight a date has a
 * second piece. */
static void sum_read(const struct sum *sum, const struct page_shape *shape, int64_t now_us, struct found *found)
{
	const struct zone *zone = shape->service->venue->zone;
	int64_t lo = zone_day_start(zone, shape->from), hi = zone_day_start(zone, shape->to + 1);
	bool ask = !zone_steady(zone, lo, hi + 26 * HOUR_US);

	if (ask)
		hi += 26 * HOUR_US;
	for (size_t w = 0; w < sum->words; w++) {
		for (uint64_t bits = sum->row[w]; bits; bits &= bits - 1) {
			size_t bit = w * 64 + (size_t)__builtin_ctzll(bits);
			int64_t start = sum->begin_us + (int64_t)bit * sum->grid_us;

			if (start < lo || start >= hi || !rules_in_window(shape->service, start, now_us))
				continue;
			if (ask) {
				int32_t date;

				zone_to_wall(zone, start, &date, NULL);
				if (date < shape->from || date > shape->to)
					continue;
			}
			found_add(found, start);
		}
	}
}

static int start_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t unique(int64_t *starts, size_t count)
{
	size_t kept = 0;
	bool ascending = true;

	for (size_t i = 1; i < count; i++)
		ascending &= starts[i - 1] < starts[i];
	if (!ascending)
		qsort(starts, count, sizeof(*starts), start_compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || starts[kept - 1] != starts[i])
			starts[kept++] = starts[i];
	return kept;
}

size_t search_run(struct board *board, const struct page_shape *shape, int64_t now_us, struct rc_arena *arena,
		  int64_t **starts_us)
{
	struct found found = {0};
	struct sum *sums = NULL;
	int32_t from, to;

	page_dates(shape, now_us, &from, &to);
	for (size_t i = 0; from <= to && i < shape->service->resource_count; i++) {
		const struct catalog_resource *resource = shape->service->resources[i];

		if (shape->resource && resource != shape->resource)
			continue;
		if (resource->kind == KIND_SESSION)
			search_sessions(board, shape, resource, from, to, now_us, &found);
		else
			search_timed(board, shape, resource, from, to, &sums, arena);
	}
	for (const struct sum *sum = sums; sum; sum = sum->next)
		sum_read(sum, shape, now_us, &found);
	found.count = unique(found.at, found.count);
	*starts_us = rc_arena_alloc(arena, (found.count + 1) * sizeof(**starts_us));
	if (found.count > 0)
		memcpy(*starts_us, found.at, found.count * sizeof(**starts_us));
	free(found.at);
	return found.count;
}

int board_search(struct board *board, const struct availability_query *query, int64_t now_us, struct rc_arena *arena,
		 int64_t **starts_us, size_t *count, const char **field, struct rc_fault *fault)
{
	struct page_shape shape;
	int err = page_shape_check(board->catalog, query, &shape, field, fault);

	if (err)
		return err;
	if (!board->ready)
		return rc_fault_set(fault, RC_UNAVAILABLE, "The board is being loaded; try again in a moment.");
	board_advance(board, now_us);
	*count = search_run(board, &shape, now_us, arena, starts_us);
	return RC_OK;
}
