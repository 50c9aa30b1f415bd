/*
 * What people are told about the data, decided in one place from what is known:
 *
 *   bookings are refused: nothing can be written, or   unavailable   POST answers 503 `unavailable`, /readyz 503
 *   what is written cannot be read back
 *   behind by 10 s or more                             stale
 *   behind by 2 s or more                              delayed
 *   else                                               live
 *
 * The status of live connections, GET /v1/availability and the answer to POST all follow from it, so they cannot
 * disagree. A full disk makes nothing old: the times are right while bookings are refused.
 */
#ifndef SLOTCAST_MAIN_FRESHNESS_H
#define SLOTCAST_MAIN_FRESHNESS_H

#include "rowcast/live/topic.h"

struct freshness_facts {
	int store_err;     /* why the store cannot write (store_health); 0: it can */
	int feed_err;      /* why the change feed could not be read last, or the board not be loaded; 0: it was */
	int64_t lag_us;    /* behind the newest transaction read is more, and this old is it; 0: there is no more */
	int64_t behind_us; /* since everything committed was on the board for the last time */
};

struct freshness {
	enum live_state state;
	int64_t lag_us, age_us; /* as hub_status has them */
};

struct freshness freshness_judge(const struct freshness_facts *facts);
/* Whether who was told `before` must be told `now`: while all stays well, nothing is said. */
bool freshness_is_news(const struct freshness *before, const struct freshness *now);

/*
 * When a transaction was committed, for measuring. Its writer stamped it at its last statement, by a clock that may be
 * set; and people's transactions may stay open for long. It was certainly not committed before the log was seen empty.
 */
int64_t freshness_committed_us(int64_t stamped_us, int64_t empty_us);

#endif
