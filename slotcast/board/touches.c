/*
 * Recent touches. See the header.
 *
 * Kept per place, because a topic asks for its own resources only, and trimmed when the place is touched again: what
 * lies below the floor is of no use to anybody. Rejected: one ring for all; every new topic would have to walk 100,000
 * entries.
 */
#include "slotcast/board/touches.h"

#include <stdlib.h>

#include "rowcast/arena.h"

void touches_release(struct touches *touches)
{
	free(touches->marks);
	touches->marks = NULL;
	touches->first = touches->count = touches->capacity = 0;
	touches->floor = 0;
	touches->floor_us = INT64_MIN;
}

void touches_raise_floor(struct touches *touches, uint64_t n, int64_t committed_us)
{
	if (n <= touches->floor)
		return;
	touches->floor = n;
	touches->floor_us = committed_us;
}

static void history_trim(struct touch_history *history, uint64_t floor)
{
	while (history->count > 0 && history->at[history->first].n <= floor) {
		history->first++;
		history->count--;
	}
}

void touches_add(struct touches *touches, struct place *place, uint64_t n, int64_t lo_us, int64_t hi_us)
{
	struct touch_history *history = place->touches;

	if (!history)
		history = place->touches = rc_xcalloc(1, sizeof(*history));
	if (history->first + history->count == history->capacity) {
		history_trim(history, touches->floor);
		if (history->first > 0)
			memmove(history->at, history->at + history->first, history->count * sizeof(*history->at));
		history->first = 0;
		if (history->count * 2 >= history->capacity) {
			history->capacity = history->capacity ? 2 * history->capacity : 16;
			history->at = rc_xrealloc(history->at, history->capacity * sizeof(*history->at));
		}
	}
	history->at[history->first + history->count++] = (struct touch){n, lo_us, hi_us};
}

void touches_break(struct place *place, uint64_t n)
{
	if (!place->touches)
		place->touches = rc_xcalloc(1, sizeof(*place->touches));
	if (n > place->touches->floor)
		place->touches->floor = n;
}

void touches_mark(struct touches *touches, struct rc_position position, int64_t committed_us)
{
	if (touches->first + touches->count == touches->capacity) {
		if (touches->first > 0)
			memmove(touches->marks, touches->marks + touches->first,
				touches->count * sizeof(*touches->marks));
		touches->first = 0;
		if (touches->count * 2 >= touches->capacity) {
			touches->capacity = touches->capacity ? 2 * touches->capacity : 256;
			touches->marks = rc_xrealloc(touches->marks, touches->capacity * sizeof(*touches->marks));
		}
	}
	touches->marks[touches->first + touches->count++] = (struct touch_mark){position.n, committed_us};
	while (touches->count > 0) {
		const struct touch_mark *oldest = &touches->marks[touches->first];

		if (committed_us - oldest->committed_us <= touches->keep_us ||
		    position.n - oldest->n <= touches->keep_changes)
			break;
		touches_raise_floor(touches, oldest->n, oldest->committed_us);
		touches->first++;
		touches->count--;
	}
}

uint64_t touches_n_at(const struct touches *touches, int64_t us)
{
	size_t lo = 0, hi = touches->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (touches->marks[touches->first + mid].committed_us <= us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? touches->marks[touches->first + lo - 1].n : touches->floor;
}

void touches_forget(struct place *place)
{
	if (place->touches)
		free(place->touches->at);
	free(place->touches);
	place->touches = NULL;
}
