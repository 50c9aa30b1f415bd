/*
 * Holds: made, extended, released. A hold is a booking in the state `held`; it keeps its reference when it becomes a
 * booking.
 *
 * It ends by predicate (hold_expires_at > now), to the millisecond; tidying comes later (tidy.c).
 */
#include "slotcast/store/train.h"

/* now + ttl, on a whole millisecond: what is answered is what is stored. */
static int64_t hold_end(const struct catalog_service *service, int64_t now_us)
{
	return now_us / 1000 * 1000 + service->hold_ttl_s * INT64_C(1000000);
}

int hold_make(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct wish wish = wish_of_request(request);
	struct place place;
	int err = place_find(decision, &wish, &place);

	if (!err && request->result == STORE_DONE)
		booking_add(decision, &place, "hold", "held", YARD_NONE, hold_end(place.service, decision->now_us));
	return err;
}

/* The living hold that the request names; *out NULL: refused. */
static int hold_find(struct decision *decision, struct yard_booking **out)
{
	struct store_request *request = decision->request;
	struct yard_booking *booking;
	enum booking_state state;
	int err = booking_find(decision, &booking);

	*out = NULL;
	if (err || !booking)
		return err;
	state = request->booking.state;
	if (hold_lives(&booking->row, decision->now_us)) {
		request->result = STORE_DONE;
		*out = booking;
	} else {
		request->result = state == STATE_HELD || state == STATE_EXPIRED || state == STATE_RELEASED
					  ? STORE_HOLD_EXPIRED
					  : STORE_WRONG_STATE;
	}
	return 0;
}

int hold_extend(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct catalog_service *service;
	struct yard_booking *booking;
	int err = hold_find(decision, &booking);

	if (err || !booking)
		return err;
	service = catalog_service(rules_catalog(decision->store->rules), booking->row.service_id);
	if (!service) {
		request->result = STORE_NOT_FOUND;
		request->field = "service";
		return 0;
	}
	if (booking->row.hold_extensions >= HOLD_EXTENSIONS_MAX) {
		request->result = STORE_EXTEND_LIMIT;
		return 0;
	}
	err = yard_change(decision->yard, booking);
	if (err)
		return err;
	booking->row.hold_extensions++;
	booking->row.hold_expires_at = hold_end(service, decision->now_us);
	booking_changed(decision, "extend", booking);
	return 0;
}

int hold_release(struct decision *decision)
{
	struct yard_booking *booking;
	int err = hold_find(decision, &booking);

	if (err || !booking)
		return err;
	err = yard_change(decision->yard, booking);
	if (err)
		return err;
	yard_drop_claims(decision->yard, booking);
	booking->row.state = rc_str_from(booking_state_name(booking_next(STATE_HELD, EVENT_RELEASE)));
	booking_changed(decision, "release", booking);
	return 0;
}
