/*
 * The booking's state machine. The table is total: every pair of state and event stands in it, and a pair that is not
 * written is STATE_NONE, "not allowed". The diagram is in the header.
 */
#include "slotcast/booking/state.h"

#include "rowcast/base/check.h"

/* clang-format off */
static const enum booking_state next[STATE_COUNT][EVENT_COUNT] = {
	[STATE_HELD] = {
		[EVENT_CONFIRM] = STATE_CONFIRMED,
		[EVENT_APPROVAL_NEEDED] = STATE_PENDING,
		[EVENT_EXPIRE] = STATE_EXPIRED,
		[EVENT_RELEASE] = STATE_RELEASED,
	},
	[STATE_PENDING] = {
		[EVENT_CONFIRM] = STATE_CONFIRMED,
		[EVENT_REJECT] = STATE_REJECTED,
		[EVENT_EXPIRE] = STATE_EXPIRED,
	},
	[STATE_CONFIRMED] = {
		[EVENT_CANCEL] = STATE_CANCELLED,
		[EVENT_CHECK_IN] = STATE_CHECKED_IN,
		[EVENT_NO_SHOW] = STATE_NO_SHOW,
	},
	[STATE_CHECKED_IN] = {
		[EVENT_COMPLETE] = STATE_COMPLETED,
	},
};

static const struct {
	const char *name; /* as stored */
	bool consumes;    /* its claims stand */
} states[STATE_COUNT] = {
	[STATE_NONE] = {"", false},
	[STATE_HELD] = {"held", true},
	[STATE_PENDING] = {"pending", true},
	[STATE_CONFIRMED] = {"confirmed", true},
	[STATE_REJECTED] = {"rejected", false},
	[STATE_EXPIRED] = {"expired", false},
	[STATE_RELEASED] = {"released", false},
	[STATE_CANCELLED] = {"cancelled", false},
	[STATE_CHECKED_IN] = {"checked_in", true},
	[STATE_NO_SHOW] = {"no_show", false},
	[STATE_COMPLETED] = {"completed", false},
};
/* clang-format on */

enum booking_state booking_next(enum booking_state state, enum booking_event event)
{
	rc_check((unsigned)state < STATE_COUNT && (unsigned)event < EVENT_COUNT);
	return next[state][event];
}

const char *booking_state_name(enum booking_state state)
{
	rc_check((unsigned)state < STATE_COUNT);
	return states[state].name;
}

enum booking_state booking_state_parse(struct rc_str name)
{
	for (int state = STATE_NONE + 1; state < STATE_COUNT; state++)
		if (rc_str_is(name, states[state].name))
			return (enum booking_state)state;
	return STATE_NONE;
}

bool booking_state_consumes(enum booking_state state)
{
	rc_check((unsigned)state < STATE_COUNT);
	return states[state].consumes;
}
