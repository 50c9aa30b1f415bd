/*
 * How often a caller may do something: a token bucket per key, `burst` at once and `per_min` over time.
 */
#ifndef ROWCAST_SERVER_RATE_LIMITER_H
#define ROWCAST_SERVER_RATE_LIMITER_H

#include "rowcast/err.h"
#include "rowcast/str.h"

struct rate_limiter;

struct rate_limiter_config {
	int64_t per_min;
	int64_t burst;
	int64_t callers_max; /* remembered at once; beyond it who was quiet for longest is forgotten */
};

struct rate_limiter *rate_limiter_create(const struct rate_limiter_config *config);
void rate_limiter_destroy(struct rate_limiter *limiter); /* NULL is fine */

/*
 * One event of the caller named `key` (any bytes). Any thread. `limiter` NULL: no limit.
 *
 * now_us         monotonic.
 * retry_after_s  after RC_LIMIT: whole seconds until the next event is allowed, ≥ 1. May be NULL.
 * Errors         RC_LIMIT: too many; this one does not count.
 */
int rate_limiter_take(struct rate_limiter *limiter, struct rc_str key, int64_t now_us,
		      int *retry_after_s) RC_MUST_CHECK;
size_t rate_limiter_callers(struct rate_limiter *limiter); /* remembered now */

#define RATE_LIMITER_PEER_MAX 48
/*
 * The key of an anonymous caller by its address: IPv4 as it is, IPv6 by its /64 (one customer of a provider has at
 * least that many addresses), IPv4 inside IPv6 as IPv4. What is no address is its own key.
 */
struct rc_str rate_limiter_peer(struct rc_str address, char text[RATE_LIMITER_PEER_MAX]);

#endif
