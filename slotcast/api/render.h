/*
 * What answers look like: bookings, slots, alternatives. Pure: rows in, JSON out.
 */
#ifndef SLOTCAST_API_RENDER_H
#define SLOTCAST_API_RENDER_H

#include "rowcast/data/json_out.h"
#include "slotcast/board/board.h"
#include "slotcast/store/store.h"

/* The object of a hold or booking; a hold whose end has come is `expired`, whatever its row says. Its position is added
 * when it is answered, as is the waitlist's: a body that is kept for a key is written before there is one. */
void render_booking(struct buf *out, const struct store_booking *booking, int64_t now_us);
void render_waitlist(struct buf *out, int64_t id, int64_t rank);
/* `body`, an object, with `position` as its last member, in place of one that it has. */
void render_position(struct buf *out, struct rc_str body, struct rc_position position);
/* "alternatives":[…] as raw members for a problem. */
void render_alternatives(struct buf *out, const struct alternative *list, size_t count);
/* ,"held_until":"…" behind it. */
void render_held_until(struct buf *out, int64_t us);
void render_availability(struct buf *out, struct rc_position position, enum live_state state, int64_t age_us,
			 const struct slot *slots, size_t count);
void render_venues(struct json_out *json, const struct catalog *catalog); /* [{slug, name, tz}] */
void render_venue(struct json_out *json, const struct catalog_venue *venue);
const char *live_state_name(enum live_state state);

#endif
