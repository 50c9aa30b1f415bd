#include "slotcast/api/marks.h"

void marks_add(struct marks *marks, struct rc_mark mark, struct rc_position position)
{
	marks->seen[marks->count++ % MARKS_KEPT] = (struct marks_seen){mark, position};
}

bool marks_find(const struct marks *marks, struct rc_mark mark, struct rc_position board, struct rc_position *position)
{
	uint64_t oldest = marks->count > MARKS_KEPT ? marks->count - MARKS_KEPT : 0;
	bool passed = false;

	for (uint64_t i = marks->count; i > oldest; i--) {
		const struct marks_seen *seen = &marks->seen[(i - 1) % MARKS_KEPT];

		if (seen->mark.writer != mark.writer)
			continue;
		if (seen->mark.n < mark.n)
			break;
		passed = true;
		if (seen->mark.n > mark.n)
			continue;
		*position = seen->position.epoch == board.epoch ? seen->position : board;
		return true;
	}
	if (passed)
		*position = board;
	return passed;
}
