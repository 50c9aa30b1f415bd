/*
 * The state machine against the diagram, spelled out once more here: every pair.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include "slotcast/booking/state.h"

static const struct {
	enum booking_state from;
	enum booking_event event;
	enum booking_state to;
} allowed[] = {
	{STATE_HELD, EVENT_CONFIRM, STATE_CONFIRMED},        {STATE_HELD, EVENT_APPROVAL_NEEDED, STATE_PENDING},
	{STATE_HELD, EVENT_EXPIRE, STATE_EXPIRED},           {STATE_HELD, EVENT_RELEASE, STATE_RELEASED},
	{STATE_PENDING, EVENT_CONFIRM, STATE_CONFIRMED},     {STATE_PENDING, EVENT_REJECT, STATE_REJECTED},
	{STATE_PENDING, EVENT_EXPIRE, STATE_EXPIRED},        {STATE_CONFIRMED, EVENT_CANCEL, STATE_CANCELLED},
	{STATE_CONFIRMED, EVENT_CHECK_IN, STATE_CHECKED_IN}, {STATE_CONFIRMED, EVENT_NO_SHOW, STATE_NO_SHOW},
	{STATE_CHECKED_IN, EVENT_COMPLETE, STATE_COMPLETED},
};

static void every_pair_of_state_and_event_is_as_in_the_diagram(void **unused)
{
	for (int state = 0; state < STATE_COUNT; state++) {
		for (int event = 0; event < EVENT_COUNT; event++) {
			enum booking_state expected = STATE_NONE;

			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
				if ((int)allowed[i].from == state && (int)allowed[i].event == event)
					expected = allowed[i].to;
			assert_int_equal(booking_next((enum booking_state)state, (enum booking_event)event), expected);
		}
	}
}

static void names_read_back_as_their_states(void **unused)
{
	for (int state = STATE_HELD; state < STATE_COUNT; state++)
		assert_int_equal(booking_state_parse(rc_str_from(booking_state_name((enum booking_state)state))),
				 state);
	assert_int_equal(booking_state_parse(RC_STR("")), STATE_NONE);
	assert_int_equal(booking_state_parse(RC_STR("Held")), STATE_NONE);
	assert_int_equal(booking_state_parse(RC_STR_NONE), STATE_NONE);
}

static void states_that_hold_claims_are_those_before_an_end(void **unused)
{
	for (int state = 0; state < STATE_COUNT; state++) {
		bool consumes = state == STATE_HELD || state == STATE_PENDING || state == STATE_CONFIRMED ||
				state == STATE_CHECKED_IN;

		assert_int_equal(booking_state_consumes((enum booking_state)state), consumes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_state_and_event_is_as_in_the_diagram),
		cmocka_unit_test(names_read_back_as_their_states),
		cmocka_unit_test(states_that_hold_claims_are_those_before_an_end),
	};

	return RUN_TESTS(tests);
}
