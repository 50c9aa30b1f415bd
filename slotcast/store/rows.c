/*
 * Rows of bookings and customers: made, found, and copied into what is answered.
 */
#include <sodium.h>

#include "slotcast/store/train.h"

#include "rowcast/data/time_text.h"

/*
 * Milliseconds of time, then random bits: who has one cannot guess another, and the unique index grows at its end. With
 * random bits alone every booking of a train dirties a page of its own, which is a third of what a commit writes.
 */
struct rc_str ref_make(struct rc_arena *arena, int64_t now_us)
{
	unsigned char bytes[REF_TIME_BYTES + REF_RANDOM_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	int64_t ms = now_us / 1000;

	for (int i = REF_TIME_BYTES - 1; i >= 0; i--, ms >>= 8)
		bytes[i] = (unsigned char)ms;
	randombytes_buf(bytes + REF_TIME_BYTES, REF_RANDOM_BYTES);
	sodium_bin2base64(text, sizeof(text), bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return rc_arena_copy(arena, (struct rc_str){text, sizeof(text) - 1});
}

struct rc_str wall_text(struct rc_arena *arena, const struct zone *zone, int64_t us)
{
	char text[TIME_TEXT_MAX];
	int32_t date, second;
	size_t len;

	zone_to_wall(zone, us, &date, &second);
	len = date_format(date, text);
	return rc_str_from(rc_arena_printf(arena, "%.*sT%02d:%02d", (int)len, text, second / 3600, second / 60 % 60));
}

static void answer_booking(struct decision *decision, const struct booking *booking, int64_t version)
{
	struct store_request *request = decision->request;
	struct rc_arena *arena = request->arena;

	request->booking = (struct store_booking){
		.ref = rc_arena_copy(arena, booking->ref),
		.state = booking_state_parse(booking->state),
		.service_id = booking->service_id,
		.resource_id = booking->resource_id,
		.starts_us = booking->starts_at,
		.ends_us = booking->ends_at,
		.party = booking->party,
		.hold_expires_us = booking->hold_expires_at,
		.version = version,
		.tz = rc_arena_copy(arena, booking->tz),
		.customer_name = request->booking.customer_name,
		.customer_email = request->booking.customer_email,
		.customer_phone = request->booking.customer_phone,
	};
}

static int answer_customer(struct decision *decision, struct yard_booking *found)
{
	struct store_booking *booking = &decision->request->booking;
	struct rc_arena *arena = decision->request->arena;
	struct customer *customer;
	int err = yard_customer(decision->yard, found, &customer);

	if (err || !customer)
		return err;
	booking->customer_name = rc_arena_copy(arena, customer->name);
	booking->customer_email = rc_arena_copy(arena, customer->email);
	booking->customer_phone = rc_arena_copy(arena, customer->phone);
	return 0;
}

int booking_find(struct decision *decision, struct yard_booking **out)
{
	struct store_request *request = decision->request;
	int err = yard_booking(decision->yard, request->ref, out);

	request->booking = (struct store_booking){0};
	if (!err && !*out) {
		request->result = STORE_NOT_FOUND;
		request->field = "ref";
		return 0;
	}
	if (!err)
		err = answer_customer(decision, *out);
	if (!err)
		answer_booking(decision, &(*out)->row, yard_version(*out));
	return err;
}

size_t customer_add(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct customer customer = {
		.name = request->customer_name,
		.email = request->customer_email,
		.phone = request->customer_phone.ptr ? request->customer_phone : RC_STR(""),
		.created_at = decision->now_us,
	};

	request->booking.customer_name = customer.name;
	request->booking.customer_email = customer.email;
	request->booking.customer_phone = customer.phone;
	return yard_add_customer(decision->yard, &customer);
}

/* `version`: as it will be. */
static void audit(struct decision *decision, const char *action, const struct booking *booking, int64_t version)
{
	char time[TIME_TEXT_MAX];
	size_t len = time_format(booking->starts_at, time);
	const struct audit row = {
		.at = decision->now_us,
		.action = rc_str_from(action),
		.ref = booking->ref,
		.detail = rc_str_from(rc_arena_printf(decision->arena, "resource %lld, %.*s, party %lld, version %lld",
						      (long long)booking->resource_id, (int)len, time,
						      (long long)booking->party, (long long)version)),
	};

	YARD_PUSH(&decision->yard->audits, row);
}

void booking_add(struct decision *decision, struct place *place, const char *action, const char *state, size_t customer,
		 int64_t hold_expires_us)
{
	const struct catalog_venue *venue = place->service->venue;
	const struct booking booking = {
		.nulls = (customer != YARD_NONE ? 0 : BOOKING_NULL_CUSTOMER_ID) |
			 (hold_expires_us ? 0 : BOOKING_NULL_HOLD_EXPIRES_AT),
		.ref = ref_make(decision->arena, decision->now_us),
		.service_id = place->service->id,
		.resource_id = place->resource->id,
		.state = rc_str_from(state),
		.starts_at = place->start_us,
		.ends_at = place->end_us,
		.tz = venue->tz,
		.wall_start = wall_text(decision->arena, venue->zone, place->start_us),
		.party = place->party,
		.hold_expires_at = hold_expires_us,
		.version = 1,
		.created_at = decision->now_us,
		.updated_at = decision->now_us,
	};

	place_claim(decision, place, 0, yard_add_booking(decision->yard, &booking, customer),
		    hold_expires_us ? hold_expires_us : INT64_MAX);
	audit(decision, action, &booking, booking.version);
	answer_booking(decision, &booking, booking.version);
}

void booking_changed(struct decision *decision, const char *action, struct yard_booking *booking)
{
	booking->row.updated_at = decision->now_us;
	audit(decision, action, &booking->row, yard_version(booking));
	answer_booking(decision, &booking->row, yard_version(booking));
}
