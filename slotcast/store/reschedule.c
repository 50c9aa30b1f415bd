/*
 * Rescheduling: the new place is looked for as if the booking's own claims were not there; only when it is won do they go
 * and the new ones come. So the old place is lost only when the new one is won, and a booking never stands in its own way.
 */
#include "slotcast/store/train.h"

static int move(struct decision *decision, struct yard_booking *booking, struct place *place)
{
	struct booking *row = &booking->row;
	int err = yard_change(decision->yard, booking);

	if (err)
		return err;
	yard_drop_claims(decision->yard, booking);
	place_claim(decision, place, row->id, YARD_NONE, INT64_MAX);
	row->resource_id = place->resource->id;
	row->starts_at = place->start_us;
	row->ends_at = place->end_us;
	row->wall_start = wall_text(decision->arena, place->service->venue->zone, place->start_us);
	row->tz = place->service->venue->tz;
	booking_changed(decision, "reschedule", booking);
	decision->request->field = NULL;
	return 0;
}

int booking_reschedule(struct decision *decision)
{
	struct store_request *request = decision->request;
	struct yard_booking *booking;
	struct place place;
	struct wish wish;
	int err = booking_find(decision, &booking);

	if (err || !booking)
		return err;
	if (yard_version(booking) != request->version) {
		request->result = STORE_STALE_VERSION;
		return 0;
	}
	if (request->booking.state != STATE_CONFIRMED) {
		request->result = STORE_WRONG_STATE;
		return 0;
	}
	wish = wish_to_move(request, booking);
	err = place_find(decision, &wish, &place);
	if (err || request->result != STORE_DONE)
		return err;
	return move(decision, booking, &place);
}
