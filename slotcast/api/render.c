/*
 * What answers look like. Members stand in the order of the contract, so that a person can compare by eye.
 */
#include "slotcast/api/render.h"

#include "rowcast/base/check.h"

const char *live_state_name(enum live_state state)
{
	static const char *const names[] = {[LIVE_LIVE] = "live",
					    [LIVE_DELAYED] = "delayed",
					    [LIVE_STALE] = "stale",
					    [LIVE_UNAVAILABLE] = "unavailable"};

	return names[state];
}

static void time_or_null(struct json_out *json, int64_t us)
{
	if (us)
		json_time(json, us);
	else
		json_put_null(json);
}

void render_booking(struct buf *out, const struct store_booking *booking, int64_t now_us)
{
	struct json_out json;
	enum booking_state state = booking->state;

	if (state == STATE_HELD && booking->hold_expires_us <= now_us)
		state = STATE_EXPIRED;
	json_init(&json, out);
	json_begin_object(&json);
	json_key(&json, "ref");
	json_str(&json, booking->ref);
	json_key(&json, "state");
	json_cstr(&json, booking_state_name(state));
	json_key(&json, "service");
	json_id(&json, booking->service_id);
	json_key(&json, "resource");
	json_id(&json, booking->resource_id);
	json_key(&json, "start");
	json_time(&json, booking->starts_us);
	json_key(&json, "end");
	json_time(&json, booking->ends_us);
	json_key(&json, "tz");
	json_str(&json, booking->tz);
	json_key(&json, "party");
	json_int(&json, booking->party);
	json_key(&json, "hold_expires_at");
	time_or_null(&json, booking->hold_expires_us);
	json_key(&json, "version");
	json_int(&json, booking->version);
	json_end(&json);
}

void render_waitlist(struct buf *out, int64_t id, int64_t rank)
{
	struct json_out json;

	json_init(&json, out);
	json_begin_object(&json);
	json_key(&json, "id");
	json_id(&json, id);
	json_key(&json, "state");
	json_cstr(&json, "waiting");
	json_key(&json, "rank");
	json_int(&json, rank);
	json_end(&json);
}

void render_position(struct buf *out, struct rc_str body, struct rc_position position)
{
	const struct rc_str member = RC_STR(",\"position\":\"");
	char text[RC_POSITION_TEXT_MAX];
	size_t len = rc_position_format(position, text);
	size_t end = body.len - 1; /* of what stays, before the closing brace */

	rc_check(body.len > 2 && body.ptr[end] == '}');
	for (size_t at = end > member.len + RC_POSITION_TEXT_MAX ? end - member.len - RC_POSITION_TEXT_MAX : 1;
	     at + member.len <= end; at++) {
		if (memcmp(body.ptr + at, member.ptr, member.len) == 0) {
			end = at;
			break;
		}
	}
	buf_append(out, body.ptr, end);
	buf_append_str(out, member);
	buf_append(out, text, len);
	buf_append_str(out, RC_STR("\"}"));
}

void render_alternatives(struct buf *out, const struct alternative *list, size_t count)
{
	struct json_out json;

	buf_append_str(out, RC_STR("\"alternatives\":"));
	json_init(&json, out);
	json_begin_array(&json);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&json);
		json_key(&json, "resource");
		json_id(&json, list[i].slot.resource->id);
		json_key(&json, "start");
		json_time(&json, list[i].slot.start_us);
		json_key(&json, "end");
		json_time(&json, list[i].slot.end_us);
		json_key(&json, "remaining");
		json_int(&json, list[i].slot.remaining);
		json_key(&json, "why");
		json_cstr(&json, list[i].why);
		json_end(&json);
	}
	json_end(&json);
}

void render_held_until(struct buf *out, int64_t us)
{
	struct json_out json;

	buf_append_str(out, RC_STR(",\"held_until\":"));
	json_init(&json, out);
	json_time(&json, us);
}

void render_availability(struct buf *out, struct rc_position position, enum live_state state, int64_t age_us,
			 const struct slot *slots, size_t count)
{
	struct json_out json;

	json_init(&json, out);
	json_begin_object(&json);
	json_key(&json, "position");
	json_position(&json, position);
	json_key(&json, "status");
	json_cstr(&json, live_state_name(state));
	json_key(&json, "age_ms");
	json_int(&json, age_us / 1000);
	json_end(&json);
	out->len--; /* the slots go in before the closing brace; each is written as it goes to subscribers */
	buf_append_str(out, RC_STR(",\"slots\":["));
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_append_char(out, ',');
		slot_write(out, &slots[i]);
	}
	buf_append_str(out, RC_STR("]}"));
}

void render_venues(struct json_out *json, const struct catalog *catalog)
{
	json_begin_array(json);
	for (size_t i = 0; i < catalog->venue_count; i++) {
		const struct catalog_venue *venue = &catalog->venues[i];

		json_begin_object(json);
		json_key(json, "slug");
		json_str(json, venue->slug);
		json_key(json, "name");
		json_str(json, venue->name);
		json_key(json, "tz");
		json_str(json, venue->tz);
		json_end(json);
	}
	json_end(json);
}

static void put_identity(struct json_out *json, int64_t id, struct rc_str key, struct rc_str name)
{
	json_key(json, "id");
	json_id(json, id);
	json_key(json, "key");
	json_str(json, key);
	json_key(json, "name");
	json_str(json, name);
}

static void render_service(struct json_out *json, const struct catalog_service *service)
{
	const struct {
		const char *name;
		int32_t value;
	} numbers[] = {
		{"step_min", service->step_min},
		{"buffer_before_min", service->buffer_before_min},
		{"buffer_after_min", service->buffer_after_min},
		{"notice_min", service->notice_min},
		{"horizon_days", service->horizon_days},
		{"hold_ttl_s", service->hold_ttl_s},
		{"party_max", service->party_max},
	};

	json_begin_object(json);
	put_identity(json, service->id, service->key, service->name);
	json_key(json, "durations_min");
	json_begin_array(json);
	for (size_t i = 0; i < service->duration_count; i++)
		json_int(json, service->durations_min[i]);
	json_end(json);
	json_key(json, "note");
	json_str(json, service->note);
	json_key(json, "prices_minor");
	json_begin_array(json);
	for (size_t i = 0; i < service->price_count; i++)
		json_int(json, service->prices_minor[i]);
	json_end(json);
	json_key(json, "price_per");
	json_cstr(json, service->price_per_person ? "person" : "booking");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_key(json, numbers[i].name);
		json_int(json, numbers[i].value);
	}
	json_key(json, "resources");
	json_begin_array(json);
	for (size_t i = 0; i < service->resource_count; i++)
		json_id(json, service->resources[i]->id);
	json_end(json);
	json_end(json);
}

static void render_resource(struct json_out *json, const struct catalog_resource *resource)
{
	static const char *const kinds[] = {
		[KIND_EXCLUSIVE] = "exclusive", [KIND_POOLED] = "pooled", [KIND_SESSION] = "session"};

	json_begin_object(json);
	put_identity(json, resource->id, resource->key, resource->name);
	json_key(json, "kind");
	json_cstr(json, kinds[resource->kind]);
	json_key(json, "capacity");
	json_int(json, resource->capacity);
	json_end(json);
}

void render_venue(struct json_out *json, const struct catalog_venue *venue)
{
	json_begin_object(json);
	json_key(json, "slug");
	json_str(json, venue->slug);
	json_key(json, "name");
	json_str(json, venue->name);
	json_key(json, "tz");
	json_str(json, venue->tz);
	json_key(json, "locale");
	json_str(json, venue->locale);
	json_key(json, "currency");
	json_str(json, venue->currency);
	json_key(json, "contact");
	json_begin_object(json);
	json_key(json, "phone");
	json_str(json, venue->phone);
	json_key(json, "email");
	json_str(json, venue->email);
	json_end(json);
	json_key(json, "services");
	json_begin_array(json);
	for (size_t i = 0; i < venue->service_count; i++)
		render_service(json, venue->services[i]);
	json_end(json);
	json_key(json, "resources");
	json_begin_array(json);
	for (size_t i = 0; i < venue->resource_count; i++)
		render_resource(json, venue->resources[i]);
	json_end(json);
	json_end(json);
}
