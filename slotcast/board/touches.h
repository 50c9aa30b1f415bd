/*
 * Touches: what the retained transactions changed, per resource, so that a topic can be filled with the number of each
 * row's last change and resumed from any retained position, also after a restart. And when those transactions were, so
 * that what time alone changed can be placed among them.
 */
#ifndef SLOTCAST_BOARD_TOUCHES_H
#define SLOTCAST_BOARD_TOUCHES_H

#include "rowcast/change.h"
#include "slotcast/board/ledger.h"

struct touch {
	uint64_t n;
	int64_t lo_us, hi_us;
};

/* Of one place, oldest first. */
struct touch_history {
	struct touch *at;
	size_t first, count, capacity;
	uint64_t floor; /* before it rows may have gone that nobody remembers */
};

struct touch_mark {
	uint64_t n;
	int64_t committed_us;
};

/* The transactions, oldest first. */
struct touches {
	struct touch_mark *marks;
	size_t first, count, capacity;
	uint64_t floor;   /* positions before it cannot be continued */
	int64_t floor_us; /* when that position was new; INT64_MIN: unknown */
	int64_t keep_us;
	uint64_t keep_changes;
};

void touches_release(struct touches *touches);
void touches_add(struct touches *touches, struct place *place, uint64_t n, int64_t lo_us, int64_t hi_us);
/* Rows of this place may have gone from the list at n: it is continued from n on only. */
void touches_break(struct place *place, uint64_t n);
/* A transaction was applied; forget what is older than both limits. */
void touches_mark(struct touches *touches, struct rc_position position, int64_t committed_us);
/* The newest retained transaction at or before an instant, or the floor. */
uint64_t touches_n_at(const struct touches *touches, int64_t us);
/* Positions before n cannot be continued; n was committed then (INT64_MIN: unknown). A lower n than the floor changes
 * nothing. */
void touches_raise_floor(struct touches *touches, uint64_t n, int64_t committed_us);
void touches_forget(struct place *place);

#endif
