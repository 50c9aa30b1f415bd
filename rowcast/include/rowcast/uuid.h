/*
 * UUIDs that grow with time (RFC 9562, version 7): 48 bits of milliseconds, 12 bits of their fraction, 62 random bits.
 * New keys land side by side in an index, and no server has to be asked for one.
 */
#ifndef ROWCAST_UUID_H
#define ROWCAST_UUID_H

#include "rowcast/err.h"
#include "rowcast/model.h"

#define RC_UUID_TEXT 37 /* bytes of its text, with the NUL */

/*
 * A new one, greater than every one that this process drew before, from any thread, also when the clock is set back;
 * drawn faster than 4 million a second they run ahead of the clock. They tell when they were made: where a key must not be
 * guessed, 62 bits are random.
 */
struct rc_uuid rc_uuid_v7(void);
bool rc_uuid_is_zero(struct rc_uuid uuid);
/* 8-4-4-4-12 lower-case hex digits. */
void rc_uuid_format(struct rc_uuid uuid, char text[RC_UUID_TEXT]);
/* Upper-case digits are taken too; RC_INVALID: not of this form. */
int rc_uuid_parse(struct rc_str text, struct rc_uuid *out) RC_MUST_CHECK;

#endif
