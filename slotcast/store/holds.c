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
	struct wish wish = {request->service_id,   request->resource_id, request->start_us,
			    request->duration_min, request->party,       false};
	struct place place;
	struct booking *booking;
	int err = place_find(decision, &wish, &place);

	if (err || request->result != STORE_DONE)
		return err;
	err = decision_write(decision);
	if (!err)
		err = booking_insert_at(decision, &place, "held", 0, hold_end(place.service, decision->now_us),
					&booking);
	if (!err)
		err = audit(decision, "hold", booking);
	if (!err)
		answer_booking(decision, booking);
	return err;
}

/* The living hold that the request names; *out NULL: refused. */
static int hold_find(struct decision *decision, struct booking **out)
{
	struct store_request *request = decision->request;
	struct booking *booking;
	enum booking_state state;
	int err = booking_find(decision, &booking);

	*out = NULL;
	if (err || !booking)
		return err;
	state = request->booking.state;
	if (hold_lives(booking, decision->now_us)) {
		request->result = STORE_DONE;
		*out = booking;
	} else {
		request->result = state == STATE_HELD || state == STATE_EXPIRED || state == STATE_RELEASED
					  ? STORE_HOLD_EXPIRED
					  : STORE_WRONG_STATE;
	}
	return 0;
}

static int hold_change(struct decision *decision, struct booking *booking, const char *action)
{
	int err;

	booking->updated_at = decision->now_us;
	err = booking_update(decision->tx, booking);
	if (!err)
		err = audit(decision, action, booking);
	if (!err)
		answer_booking(decision, booking);
	return err;
}

int hold_extend(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct catalog_service *service;
	struct booking *booking;
	int err = hold_find(decision, &booking);

	if (err || !booking)
		return err;
	service = catalog_service(rules_catalog(decision->store->rules), booking->service_id);
	if (!service) {
		request->result = STORE_NOT_FOUND;
		request->field = "service";
		return 0;
	}
	if (booking->hold_extensions >= HOLD_EXTENSIONS_MAX) {
		request->result = STORE_EXTEND_LIMIT;
		return 0;
	}
	err = decision_write(decision);
	if (err)
		return err;
	booking->hold_extensions++;
	booking->hold_expires_at = hold_end(service, decision->now_us);
	return hold_change(decision, booking, "extend");
}

int hold_release(struct decision *decision)
{
	struct booking *booking;
	int err = hold_find(decision, &booking);

	if (err || !booking)
		return err;
	err = decision_write(decision);
	if (!err)
		err = claims_delete(decision->tx, booking->id, NULL);
	if (err)
		return err;
	booking->state = rc_str_from(booking_state_name(booking_next(STATE_HELD, EVENT_RELEASE)));
	return hold_change(decision, booking, "release");
}
