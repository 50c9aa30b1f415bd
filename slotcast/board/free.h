/*
 * Free time as bits: per resource and block of 32 local dates a row of bits per lane, at the grid on which everything
 * that can be booked there lies (the greatest common divisor of steps, durations, buffers and beginnings of open time,
 * often 5 or 15 minutes).
 *
 * A claim is rounded outwards to the grid. That is exact: what is asked is whether a slot with its buffers, which
 * begins and ends on the grid, meets the claim.
 */
#ifndef SLOTCAST_BOARD_FREE_H
#define SLOTCAST_BOARD_FREE_H

#include "slotcast/board/ledger.h"
#include "slotcast/booking/rules.h"

enum { FREE_BLOCK_DAYS = 32 };

/* The starts of a service and duration as bits: made once, for searches. */
struct free_starts {
	struct free_starts *next;
	const struct catalog_service *service;
	int32_t duration_min;
	const uint64_t *row; /* in the pool */
};

/*
 * Rows of starts by their content. Resources that keep the same hours have the same starts: a search over a thousand of
 * them then reads one row from the nearest cache instead of a thousand.
 */
struct free_pool {
	struct map rows;
};
void free_pool_release(struct free_pool *pool);

struct free_block {
	struct free_block *next; /* of the place */
	int32_t number;          /* of the block: dates number × 32 … */
	int64_t origin_us;       /* where bit 0 begins; the block's days lie `before` bits later */
	int64_t grid_us;
	size_t before, days, after; /* bits: reach of a slot before the block, its days, reach behind it */
	bool stale;                 /* claims changed: read them again */
	size_t lane_count;
	size_t row_words;
	uint64_t **lanes; /* NULL: free all the time */
	struct free_starts *starts;
};

int32_t free_block_number(int32_t date);

/* The block of a date, up to date. Borrowed until free_forget. */
struct free_block *free_block(struct rules *rules, const struct catalog_service *const *services, size_t service_count,
			      const struct catalog_resource *resource, struct place *place, int32_t date);
/*
 * remaining[i] = free lanes of the slot that begins at starts_us[i], buffers included. The starts ascend and lie in one
 * local date. scratch grows as needed and stays the caller's.
 */
void free_remaining(const struct free_block *block, const struct catalog_service *service, int32_t duration_min,
		    const int64_t *starts_us, size_t count, int32_t *remaining, uint64_t **scratch,
		    size_t *scratch_words);
/* The starts of a service and duration in the block's days; bit i = origin + (before + i) × grid. */
const uint64_t *free_starts(struct free_pool *pool, struct rules *rules, struct free_block *block,
			    const struct catalog_service *service, const struct catalog_resource *resource,
			    int32_t duration_min);
/* sum |= every start in the block's days at which `needed` lanes are free. days_words words. */
void free_search(const struct free_block *block, const struct catalog_service *service, int32_t duration_min,
		 const uint64_t *starts, int32_t needed, uint64_t *sum);

/* Claims in [lo_us, hi_us) came or went. */
void free_stale(struct place *place, int64_t lo_us, int64_t hi_us);
/* All blocks of a place. */
void free_forget(struct place *place);

#endif
