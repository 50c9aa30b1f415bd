/*
 * Rescheduling: the old claims go and the new ones come in one savepoint. When the new place is not won the savepoint
 * is undone, so the old place is lost only when the new one is won; and a booking's own claims never stand in its way.
 */
#include "slotcast/store/train.h"

static int move(struct decision *decision, struct booking *booking, struct place *place)
{
	struct store_request *request = decision->request;
	int err = place_claim(decision, place, booking->id);

	booking->resource_id = place->resource->id;
	booking->starts_at = place->start_us;
	booking->ends_at = place->end_us;
	booking->wall_start = wall_text(decision->arena, place->service->venue->zone, place->start_us);
	booking->tz = place->service->venue->tz;
	booking->updated_at = decision->now_us;
	if (!err)
		err = booking_update(decision->tx, booking);
	if (!err)
		err = audit(decision, "reschedule", booking);
	if (!err)
		answer_booking(decision, booking);
	request->field = NULL;
	return err;
}

int booking_reschedule(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct booking *booking;
	struct place place;
	struct wish wish;
	int err = booking_find(decision, &booking);

	if (err || !booking)
		return err;
	if (booking->version != request->version) {
		request->result = STORE_STALE_VERSION;
		return 0;
	}
	if (request->booking.state != STATE_CONFIRMED) {
		request->result = STORE_WRONG_STATE;
		return 0;
	}
	wish = (struct wish){
		.service_id = booking->service_id,
		.resource_id = request->resource_id ? request->resource_id : booking->resource_id,
		.start_us = request->start_us,
		.duration_min = request->duration_min < 0
					? (int32_t)((booking->ends_at - booking->starts_at) / 60000000)
					: request->duration_min,
		.party = booking->party,
		.any_duration = request->duration_min < 0,
	};
	err = decision_write(decision);
	if (!err)
		err = claims_delete(decision->tx, booking->id, NULL);
	if (!err)
		err = place_find(decision, &wish, &place);
	if (err || request->result != STORE_DONE)
		return err;
	return move(decision, booking, &place);
}
