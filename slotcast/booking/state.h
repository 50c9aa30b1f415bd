/*
 * The booking's state machine, one total table.
 *
 *   held ─→ confirmed | pending | expired | released      pending ─→ confirmed | rejected | expired
 *   confirmed ─→ cancelled | checked_in | no_show          checked_in ─→ completed
 */
#ifndef SLOTCAST_BOOKING_STATE_H
#define SLOTCAST_BOOKING_STATE_H

#include "rowcast/err.h"
#include "rowcast/str.h"

enum booking_state {
	STATE_NONE, /* blank; never stored */
	STATE_HELD,
	STATE_PENDING,
	STATE_CONFIRMED,
	STATE_REJECTED,
	STATE_EXPIRED,
	STATE_RELEASED,
	STATE_CANCELLED,
	STATE_CHECKED_IN,
	STATE_NO_SHOW,
	STATE_COMPLETED,
	STATE_COUNT,
};

enum booking_event {
	EVENT_CONFIRM,
	EVENT_APPROVAL_NEEDED,
	EVENT_REJECT,
	EVENT_EXPIRE,
	EVENT_RELEASE,
	EVENT_CANCEL,
	EVENT_CHECK_IN,
	EVENT_NO_SHOW,
	EVENT_COMPLETE,
	EVENT_COUNT,
};

/* STATE_NONE: not allowed (409 wrong-state). */
enum booking_state booking_next(enum booking_state state, enum booking_event event);
const char *booking_state_name(enum booking_state state);
enum booking_state booking_state_parse(struct rc_str name); /* STATE_NONE: unknown */
bool booking_state_consumes(enum booking_state state);      /* holds claims */

#endif
