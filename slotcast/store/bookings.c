/*
 * Bookings: made straight, made from a hold, cancelled.
 */
#include "slotcast/store/train.h"

int booking_make(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct wish wish = wish_of_request(request);
	struct place place;
	int err = place_find(decision, &wish, &place);

	if (!err && request->result == STORE_DONE)
		booking_add(decision, &place, "book", "confirmed", customer_add(decision), 0);
	return err;
}

/* `end_us`: of the place that it has. */
static int confirm(struct decision *decision, struct yard_booking *booking, int64_t end_us)
{
	int err = yard_change(decision->yard, booking);

	if (err)
		return err;
	booking->customer = customer_add(decision);
	booking->row.ends_at = end_us;
	booking->row.state = RC_STR("confirmed");
	booking->row.hold_expires_at = 0;
	booking->row.nulls |= BOOKING_NULL_HOLD_EXPIRES_AT;
	booking->row.nulls &= ~BOOKING_NULL_CUSTOMER_ID;
	booking_changed(decision, "confirm", booking);
	return 0;
}

/* The hold's end has come before the booking: try to win its place again. */
static int confirm_again(struct decision *decision, struct yard_booking *booking)
{
	struct store_request *request = decision->request;
	struct wish wish = wish_again(booking);
	struct place place;
	int err = yard_enter(decision->yard, yard_lot(decision->yard, wish.resource_id)); /* it expires there */

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
	place_claim(decision, &place, booking->row.id, YARD_NONE, INT64_MAX);
	return confirm(decision, booking, place.end_us);
}

int booking_confirm(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct yard_booking *booking;
	int err = booking_find(decision, &booking);

	if (err)
		return err;
	if (!booking) {
		request->field = "hold";
		return 0;
	}
	if (hold_lives(&booking->row, decision->now_us)) {
		request->result = STORE_DONE;
		return confirm(decision, booking, booking->row.ends_at);
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
	struct yard_booking *booking;
	int err = booking_find(decision, &booking);

	if (err || !booking)
		return err;
	next = booking_next(request->booking.state, EVENT_CANCEL);
	request->result = next || request->booking.state == STATE_CANCELLED ? STORE_DONE : STORE_WRONG_STATE;
	if (!next)
		return 0; /* not allowed, or cancelled before: the same answer again */
	err = yard_change(decision->yard, booking);
	if (err)
		return err;
	yard_drop_claims(decision->yard, booking);
	booking->row.state = rc_str_from(booking_state_name(next));
	booking_changed(decision, "cancel", booking);
	return 0;
}
