/*
 * One compiled tz file → one table of transitions (RFC 9636 §3, the 64-bit block and the footer). Pure: bytes in, table
 * out.
 */
#ifndef SLOTCAST_BOOKING_TZFILE_H
#define SLOTCAST_BOOKING_TZFILE_H

#include "rowcast/err.h"
#include "rowcast/str.h"

#define TZFILE_CYCLE_S INT64_C(12622780800) /* 400 Gregorian years, seconds */

struct zone {
	int64_t *at;     /* seconds since 1970, strictly ascending */
	int32_t *offset; /* seconds east of UTC from at[i] on */
	size_t count;
	int32_t first_offset; /* before at[0] */
	bool folds; /* a daylight-saving rule goes on for ever: instants from fold_end on repeat every cycle */
	int64_t fold_end;
};

/* Fill a zeroed zone. RC_INVALID: not such a file (or one with leap seconds); the message says what is wrong. */
int tzfile_read(struct zone *zone, struct rc_str bytes, struct rc_fault *fault) RC_MUST_CHECK;
void tzfile_release(struct zone *zone);

#endif
