/*
 * Bookings: made straight, made from a hold, cancelled.
 */
#include "slotcast/store/train.h"

int booking_make(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct wish wish = {request->service_id,   request->resource_id, request->start_us,
			    request->duration_min, request->party,       false};
	struct place place;
	struct booking *booking;
	int64_t customer;
	int err = place_find(decision, &wish, &place);

	if (err || request->result != STORE_DONE)
		return err;
	err = decision_write(decision);
	if (!err)
		err = customer_make(decision, &customer);
	if (!err)
		err = booking_insert_at(decision, &place, "confirmed", customer, 0, &booking);
	if (!err)
		err = audit(decision, "book", booking);
	if (!err)
		answer_booking(decision, booking);
	return err;
}

static int confirm(struct decision *decision, struct booking *booking)
{
	int64_t customer;
	int err = customer_make(decision, &customer);

	if (err)
		return err;
	booking->customer_id = customer;
	booking->state = RC_STR("confirmed");
	booking->hold_expires_at = 0;
	booking->updated_at = decision->now_us;
	booking->nulls |= BOOKING_NULL_HOLD_EXPIRES_AT;
	booking->nulls &= ~BOOKING_NULL_CUSTOMER_ID;
	err = booking_update(decision->tx, booking);
	if (!err)
		err = audit(decision, "confirm", booking);
	if (!err)
		answer_booking(decision, booking);
	return err;
}

/* The hold's end has come before the booking: try to win its place again. */
static int confirm_again(struct decision *decision, struct booking *booking)
{
	struct store_request *request = decision->request;
	struct wish wish = {.service_id = booking->service_id,
			    .resource_id = booking->resource_id,
			    .start_us = booking->starts_at,
			    .duration_min = (int32_t)((booking->ends_at - booking->starts_at) / 60000000),
			    .party = booking->party,
			    .any_duration = true};
	struct place place;
	int err = 0;

	if (request->booking.state == STATE_HELD)
		err = hold_expire(decision->tx, booking, decision->now_us);
	if (!err)
		err = place_find(decision, &wish, &place);
	if (err)
		return err;
	if (request->result != STORE_DONE) {
		request->result = STORE_HOLD_EXPIRED;
		request->field = NULL;
		request->held_until_us = 0;
		return 0;
	}
	err = decision_write(decision);
	if (!err)
		err = place_claim(decision, &place, booking->id);
	booking->ends_at = place.end_us;
	return err ? err : confirm(decision, booking);
}

int booking_confirm(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct booking *booking;
	int err = booking_find(decision, &booking);

	if (err)
		return err;
	if (!booking) {
		request->field = "hold";
		return 0;
	}
	if (hold_lives(booking, decision->now_us)) {
		request->result = STORE_DONE;
		err = decision_write(decision);
		return err ? err : confirm(decision, booking);
	}
	if (request->booking.state == STATE_HELD || request->booking.state == STATE_EXPIRED)
		return confirm_again(decision, booking);
	request->result = STORE_WRONG_STATE;
	return 0;
}

int booking_cancel(struct decision *decision)
{
	struct store_request *request = decision->request;
	enum booking_state next;
	struct booking *booking;
	int err = booking_find(decision, &booking);

	if (err || !booking)
		return err;
	next = booking_next(request->booking.state, EVENT_CANCEL);
	request->result = next || request->booking.state == STATE_CANCELLED ? STORE_DONE : STORE_WRONG_STATE;
	if (!next)
		return 0; /* not allowed, or cancelled before: the same answer again */
	err = decision_write(decision);
	if (!err)
		err = claims_delete(decision->tx, booking->id, NULL);
	booking->state = rc_str_from(booking_state_name(next));
	booking->updated_at = decision->now_us;
	if (!err)
		err = booking_update(decision->tx, booking);
	if (!err)
		err = audit(decision, "cancel", booking);
	if (!err)
		answer_booking(decision, booking);
	return err;
}
