/*
 * Which of this server's transactions are on the board, and where: the marks that came out of the feed, newest last.
 * A writer commits one transaction after the other, so whoever has seen one of its marks has seen everything that it did
 * before on the same connection.
 */
#ifndef SLOTCAST_API_MARKS_H
#define SLOTCAST_API_MARKS_H

#include <stdbool.h>

#include "rowcast/change.h"

#define MARKS_KEPT 1024

struct marks {
	struct marks_seen {
		struct rc_mark mark;
		struct rc_position position;
	} seen[MARKS_KEPT]; /* a ring */
	uint64_t count;     /* ever added */
};

void marks_add(struct marks *marks, struct rc_mark mark, struct rc_position position);
/* Is the transaction on the board? *position is exactly its own; the board's where that is forgotten or of an epoch that
 * is over. */
bool marks_find(const struct marks *marks, struct rc_mark mark, struct rc_position board, struct rc_position *position);

#endif
