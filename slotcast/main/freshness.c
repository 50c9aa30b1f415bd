#include "slotcast/main/freshness.h"

#define DELAYED_FROM_US 2000000
#define STALE_FROM_US   10000000

struct freshness freshness_judge(const struct freshness_facts *facts)
{
	/* What cannot be read may be behind by all the time that it was not read. */
	int64_t lag_us = facts->feed_err ? facts->behind_us : facts->lag_us;
	struct freshness judged = {0};

	if (facts->store_err || facts->feed_err)
		judged.state = LIVE_UNAVAILABLE;
	else if (lag_us >= STALE_FROM_US)
		judged.state = LIVE_STALE;
	else if (lag_us >= DELAYED_FROM_US)
		judged.state = LIVE_DELAYED;
	else
		judged.state = LIVE_LIVE;
	if (judged.state != LIVE_LIVE)
		judged.lag_us = lag_us;
	if (facts->feed_err || lag_us >= DELAYED_FROM_US)
		judged.age_us = facts->behind_us > 0 ? facts->behind_us : 1;
	return judged;
}

bool freshness_is_news(const struct freshness *before, const struct freshness *now)
{
	return before->state != now->state || before->lag_us != now->lag_us || before->age_us || now->age_us;
}

int64_t freshness_committed_us(int64_t stamped_us, int64_t empty_us)
{
	return stamped_us > empty_us ? stamped_us : empty_us;
}
