/*
 * --demo: something to look at. A database without a venue gets the studio of examples/venues/harbour.json, and
 * believable bookings over the next weeks, made through the store like anybody else's.
 */
#ifndef SLOTCAST_MAIN_DEMO_H
#define SLOTCAST_MAIN_DEMO_H

#include "slotcast/board/board.h"
#include "slotcast/store/store.h"

/* Import the venue when there is none; *made tells whether it did. */
int demo_import(const char *url, bool *made, struct rc_fault *fault) RC_MUST_CHECK;
/* Book in the venue that was just made. The projector does not run yet: the board is this thread's. */
int demo_book(struct board *board, struct store *store, struct rc_fault *fault) RC_MUST_CHECK;

#endif
