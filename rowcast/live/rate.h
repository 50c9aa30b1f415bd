/*
 * Rates that subscribers of mode `latest` may wish for, in few steps: subscriptions of one step share a branch, so the
 * number of branches is bounded whatever clients ask.
 */
#ifndef ROWCAST_LIVE_RATE_H
#define ROWCAST_LIVE_RATE_H

#include <stdint.h>

enum { RATE_ANY, RATE_FASTEST, RATE_SLOWEST = 35 };

#define RATE_PER_S_MAX      1000
#define RATE_INTERVAL_S_MAX 60

/* The fastest step that is not above `per_s` deltas a second; per_s is from 1/RATE_INTERVAL_S_MAX to RATE_PER_S_MAX. */
uint8_t rate_from_per_s(double per_s);
/* From the end of a delta to the next one, µs; RATE_ANY: 0. */
int64_t rate_interval_us(uint8_t rate);

#endif
