/*
 * Blocks of free time. See the header.
 *
 * The grid belongs to the block, not to the service: every service that can take the resource, in every duration, lies
 * on it, so one row of bits per lane serves all of them. What does not lie on it are claims that somebody wrote by
 * hand; rounding outwards treats them exactly (header).
 *
 * Rejected: bits per single day. Slots with their buffers reach over midnight, 23- and 25-hour days have different
 * lengths, and a search would have to piece days together; a block has margins as wide as the widest slot and pieces
 * nothing.
 */
#include "slotcast/board/free.h"

#include <stdlib.h>

#include "rowcast/base/check.h"
#include "slotcast/board/bits.h"
#include "slotcast/booking/zone.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

int32_t free_block_number(int32_t date)
{
	return date >= 0 ? date / FREE_BLOCK_DAYS : -((FREE_BLOCK_DAYS - 1 - date) / FREE_BLOCK_DAYS);
}

static int64_t gcd(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a < 0 ? -a : a;
}

static size_t row_bits(const struct free_block *block)
{
	return block->before + block->days + block->after;
}

/* Grid and reach: everything that may be asked about the block must come out as whole bits inside of it. */
static void block_measure(struct free_block *block, struct rules *rules, const struct catalog_service *const *services,
			  size_t service_count, const struct catalog_resource *resource)
{
	const struct zone *zone = resource->venue->zone;
	int32_t first = block->number * FREE_BLOCK_DAYS;
	int64_t begin = zone_day_start(zone, first), end = zone_day_start(zone, first + FREE_BLOCK_DAYS);
	int64_t grid = gcd(end - begin, 0), before = 0, after = 0;

	for (size_t s = 0; s < service_count; s++) {
		const struct catalog_service *service = services[s];

		if (!service_uses(service, resource->id))
			continue;
		grid = gcd(grid, service->step_min * MINUTE_US);
		grid = gcd(grid, service->buffer_before_min * MINUTE_US);
		grid = gcd(grid, service->buffer_after_min * MINUTE_US);
		before = service->buffer_before_min > before ? service->buffer_before_min : before;
		for (size_t d = 0; d < service->duration_count; d++) {
			int64_t reach = service->durations_min[d] + service->buffer_after_min;

			grid = gcd(grid, service->durations_min[d] * MINUTE_US);
			after = reach > after ? reach : after;
		}
	}
	for (int32_t date = first; date < first + FREE_BLOCK_DAYS; date++) {
		const struct span *spans;
		size_t count;

		grid = gcd(grid, zone_day_start(zone, date) - begin);
		rules_open(rules, resource, date, &spans, &count);
		for (size_t i = 0; i < count; i++)
			grid = gcd(grid, spans[i].lo_us - begin);
	}
	/* Clocks put back across midnight: the last date may begin slots after the block's end. */
	after += 26 * 60;
	block->grid_us = grid;
	block->before = (size_t)(before * MINUTE_US / grid);
	block->days = (size_t)((end - begin) / grid);
	block->after = (size_t)((after * MINUTE_US + grid - 1) / grid);
	block->origin_us = begin - (int64_t)block->before * grid;
}

static void lane_claim(struct free_block *block, size_t lane, int64_t lo_us, int64_t hi_us)
{
	int64_t end_us = block->origin_us + (int64_t)row_bits(block) * block->grid_us;
	uint64_t *row;

	if (lane >= block->lane_count || hi_us <= block->origin_us || lo_us >= end_us)
		return;
	lo_us = lo_us > block->origin_us ? lo_us - block->origin_us : 0;
	hi_us = (hi_us < end_us ? hi_us : end_us) - block->origin_us;
	row = block->lanes[lane];
	if (!row) {
		row = rc_xcalloc(block->row_words, sizeof(*row));
		bits_set_range(row, 0, row_bits(block));
		block->lanes[lane] = row;
	}
	bits_clear_range(row, (size_t)(lo_us / block->grid_us),
			 (size_t)((hi_us + block->grid_us - 1) / block->grid_us));
}

static void block_read_claims(struct free_block *block, struct place *place)
{
	int64_t end_us = block->origin_us + (int64_t)row_bits(block) * block->grid_us;

	for (size_t lane = 0; lane < block->lane_count; lane++)
		if (block->lanes[lane])
			bits_set_range(block->lanes[lane], 0, row_bits(block));
	for (size_t i = place_claims_from(place, block->origin_us); i < place->claim_count; i++) {
		const struct ledger_claim *claim = place->claims[i];

		if (claim->lo_us >= end_us)
			break;
		if (claim->counts)
			lane_claim(block, (size_t)claim->lane, claim->lo_us, claim->hi_us);
	}
	block->stale = false;
}

struct free_block *free_block(struct rules *rules, const struct catalog_service *const *services, size_t service_count,
			      const struct catalog_resource *resource, struct place *place, int32_t date)
{
	int32_t number = free_block_number(date);
	struct free_block *block = place->blocks;

	while (block && block->number != number)
		block = block->next;
	if (!block) {
		block = rc_xcalloc(1, sizeof(*block));
		block->number = number;
		block_measure(block, rules, services, service_count, resource);
		block->row_words = bits_words(row_bits(block)) + 4; /* readers go four words at a time */
		block->lane_count = (size_t)resource->capacity;
		block->lanes = rc_xcalloc(block->lane_count, sizeof(*block->lanes));
		block->stale = true;
		block->next = place->blocks;
		place->blocks = block;
	}
	if (block->stale)
		block_read_claims(block, place);
	return block;
}

void free_remaining(const struct free_block *block, const struct catalog_service *service, int32_t duration_min,
		    const int64_t *starts_us, size_t count, int32_t *remaining, uint64_t **scratch,
		    size_t *scratch_words)
{
	int64_t before_us = service->buffer_before_min * MINUTE_US;
	int64_t slot_us = before_us + (duration_min + service->buffer_after_min) * MINUTE_US;
	size_t length = (size_t)(slot_us / block->grid_us);
	size_t from, bits;
	int32_t untouched = 0;

	if (count == 0)
		return;
	from = (size_t)((starts_us[0] - before_us - block->origin_us) / block->grid_us);
	bits = (size_t)((starts_us[count - 1] - starts_us[0]) / block->grid_us) + 1;
	rc_check(starts_us[0] - before_us >= block->origin_us && from + bits + length - 1 <= row_bits(block));
	if (bits_words(bits + length) > *scratch_words) {
		*scratch_words = bits_words(bits + length);
		*scratch = rc_xrealloc(*scratch, *scratch_words * sizeof(**scratch));
	}
	memset(remaining, 0, count * sizeof(*remaining));
	for (size_t lane = 0; lane < block->lane_count; lane++) {
		if (!block->lanes[lane]) {
			untouched++;
			continue;
		}
		bits_erode(*scratch, block->lanes[lane], from, bits, length);
		for (size_t i = 0; i < count; i++)
			remaining[i] += bits_get(*scratch, (size_t)((starts_us[i] - starts_us[0]) / block->grid_us));
	}
	for (size_t i = 0; i < count; i++)
		remaining[i] += untouched;
}

void free_pool_release(struct free_pool *pool)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&pool->rows, &cursor)))
		free(entry->value);
	map_release(&pool->rows);
}

/* The pool's row with this content; takes `row`. */
static const uint64_t *pool_take(struct free_pool *pool, uint64_t *row, size_t words)
{
	struct rc_str key = {(const char *)row, words * sizeof(*row)};
	uint64_t *known = map_get(&pool->rows, key);

	if (!known) {
		map_put(&pool->rows, key, row);
		return row;
	}
	free(row);
	return known;
}

static uint64_t *starts_make(struct rules *rules, const struct free_block *block, const struct catalog_service *service,
			     const struct catalog_resource *resource, int32_t duration_min, size_t words)
{
	int64_t begin_us = block->origin_us + (int64_t)block->before * block->grid_us;
	uint64_t *row = rc_xcalloc(words, sizeof(*row));
	int32_t day = 0;

	/* The day before may have a second piece in here, if clocks are put back across midnight. */
	if (!zone_steady(resource->venue->zone, begin_us - 26 * HOUR_US, begin_us + 26 * HOUR_US))
		day = -1;
	for (; day < FREE_BLOCK_DAYS; day++) {
		const int64_t *list;
		size_t count;

		rules_starts(rules, service, resource, block->number * FREE_BLOCK_DAYS + day, duration_min, &list,
			     &count);
		for (size_t i = 0; i < count; i++) {
			int64_t offset_us = list[i] - begin_us;

			if (offset_us >= 0 && offset_us % block->grid_us == 0 &&
			    offset_us / block->grid_us < (int64_t)block->days)
				bits_set(row, (size_t)(offset_us / block->grid_us));
		}
	}
	return row;
}

const uint64_t *free_starts(struct free_pool *pool, struct rules *rules, struct free_block *block,
			    const struct catalog_service *service, const struct catalog_resource *resource,
			    int32_t duration_min)
{
	struct free_starts *starts = block->starts;
	size_t words = bits_words(block->days) + 4;

	while (starts && (starts->service != service || starts->duration_min != duration_min))
		starts = starts->next;
	if (!starts) {
		starts = rc_xcalloc(1, sizeof(*starts));
		starts->service = service;
		starts->duration_min = duration_min;
		starts->row = pool_take(pool, starts_make(rules, block, service, resource, duration_min, words), words);
		starts->next = block->starts;
		block->starts = starts;
	}
	return starts->row;
}

/* Several lanes at once: count them per bit in planes of a binary number, then compare with `needed`. */
static void search_party(const struct free_block *block, size_t from, size_t words, size_t length,
			 const uint64_t *starts, int32_t needed, uint64_t *sum)
{
	enum { PLANES = 11 };
	uint64_t *lane_row = rc_xcalloc(words, sizeof(*lane_row));
	uint64_t *planes[PLANES];

	for (int p = 0; p < PLANES; p++)
		planes[p] = rc_xcalloc(words, sizeof(uint64_t));
	for (size_t lane = 0; lane < block->lane_count; lane++) {
		memset(lane_row, 0, words * sizeof(*lane_row));
		if (block->lanes[lane])
			bits_erode_into(lane_row, starts, block->lanes[lane], from, words, length);
		else
			memcpy(lane_row, starts, words * sizeof(*lane_row));
		for (size_t w = 0; w < words; w++) {
			uint64_t carry = lane_row[w];

			for (int p = 0; p < PLANES && carry; p++) {
				uint64_t both = planes[p][w] & carry;

				planes[p][w] ^= carry;
				carry = both;
			}
		}
	}
	/* From the highest plane down: greater where a plane has what `needed` lacks while all above are equal. */
	for (size_t w = 0; w < words; w++) {
		uint64_t greater = 0, equal = UINT64_MAX;

		for (int p = PLANES - 1; p >= 0; p--) {
			uint64_t wanted = needed >> p & 1 ? UINT64_MAX : 0;

			greater |= equal & planes[p][w] & ~wanted;
			equal &= ~(planes[p][w] ^ wanted);
		}
		sum[w] |= (greater | equal) & starts[w];
	}
	for (int p = 0; p < PLANES; p++)
		free(planes[p]);
	free(lane_row);
}

void free_search(const struct free_block *block, const struct catalog_service *service, int32_t duration_min,
		 const uint64_t *starts, int32_t needed, uint64_t *sum)
{
	int64_t before_us = service->buffer_before_min * MINUTE_US;
	int64_t slot_us = before_us + (duration_min + service->buffer_after_min) * MINUTE_US;
	size_t from = block->before - (size_t)(before_us / block->grid_us);
	size_t words = (block->days + 63) / 64, length = (size_t)(slot_us / block->grid_us);

	if (needed > (int32_t)block->lane_count)
		return;
	if (needed > 1) {
		search_party(block, from, words, length, starts, needed, sum);
		return;
	}
	for (size_t lane = 0; lane < block->lane_count; lane++) {
		if (block->lanes[lane]) {
			bits_erode_into(sum, starts, block->lanes[lane], from, words, length);
			continue;
		}
		for (size_t w = 0; w < words; w++)
			sum[w] |= starts[w];
		return; /* a lane that is free all the time: no other can add anything */
	}
}

void free_stale(struct place *place, int64_t lo_us, int64_t hi_us)
{
	for (struct free_block *block = place->blocks; block; block = block->next) {
		int64_t end_us = block->origin_us + (int64_t)row_bits(block) * block->grid_us;

		if (lo_us < end_us && hi_us > block->origin_us)
			block->stale = true;
	}
}

void free_forget(struct place *place)
{
	while (place->blocks) {
		struct free_block *block = place->blocks;

		place->blocks = block->next;
		for (size_t lane = 0; lane < block->lane_count; lane++)
			free(block->lanes[lane]);
		while (block->starts) {
			struct free_starts *starts = block->starts;

			block->starts = starts->next;
			free(starts);
		}
		free(block->lanes);
		free(block);
	}
}
