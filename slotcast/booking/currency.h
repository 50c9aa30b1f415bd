/*
 * Prices: whole minor units of a currency of ISO 4217, written by people as decimals ("45.00"). They are shown, never
 * charged; so nothing here adds or converts.
 */
#ifndef SLOTCAST_BOOKING_CURRENCY_H
#define SLOTCAST_BOOKING_CURRENCY_H

#include "rowcast/err.h"
#include "rowcast/str.h"

#define PRICE_MINOR_MAX INT64_C(999999999999)

bool currency_valid(struct rc_str code); /* three capitals */
int currency_digits(struct rc_str code); /* behind the point: EUR 2, JPY 0, KWD 3 */
/* "45", "45.5", "45.00" → 4500 when digits is 2. RC_INVALID: no such amount. */
int price_parse(struct rc_str text, int digits, int64_t *minor) RC_MUST_CHECK;

#endif
