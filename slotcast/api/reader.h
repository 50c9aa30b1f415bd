/*
 * Looks up single bookings in the database, on a thread and a read connection of its own.
 *
 * Neither the reactors nor the projector may wait for a disk: one slow page read would hold up every connection or
 * every subscriber. Readers do not wait for the writer either, so a lookup sees every commit that ended before it
 * began.
 */
#ifndef SLOTCAST_API_READER_H
#define SLOTCAST_API_READER_H

#include "rowcast/base/buf.h"
#include "rowcast/io/loop.h"
#include "slotcast/store/store.h"

struct reader;

/* Reads where `store` writes. */
int reader_start(struct reader **out, const char *url, const struct store *store, struct rc_fault *fault) RC_MUST_CHECK;
void reader_stop(struct reader *reader);
struct loop *reader_loop(const struct reader *reader);

/* What a page or a calendar entry needs beside the booking itself. */
struct reader_booking {
	struct store_booking booking;
	uint64_t log_head; /* of the state that was read; 0: the engine does not tell */
	int64_t updated_us;
	struct rc_str service_name, resource_name;
	struct rc_str venue_slug, venue_name, venue_phone, venue_email;
};

/* Reader thread. RC_NOT_FOUND, or why the database cannot be read now. Strings live in the arena. */
int reader_booking(struct reader *reader, struct rc_arena *arena, struct rc_str ref,
		   struct reader_booking *out) RC_MUST_CHECK;

#endif
