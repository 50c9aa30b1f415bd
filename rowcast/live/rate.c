#include "rowcast/live/rate.h"

#define STEPS 7 /* in a power of ten */

int64_t rate_interval_us(uint8_t rate)
{
	static const int64_t first_us[STEPS] = {1000, 1500, 2000, 2500, 4000, 5000, 7500};
	int64_t interval_us;

	if (rate == RATE_ANY)
		return 0;
	interval_us = first_us[(rate - RATE_FASTEST) % STEPS];
	for (int tens = (rate - RATE_FASTEST) / STEPS; tens > 0; tens--)
		interval_us *= 10;
	return rate < RATE_SLOWEST ? interval_us : RATE_INTERVAL_S_MAX * INT64_C(1000000);
}

uint8_t rate_from_per_s(double per_s)
{
	uint8_t rate = RATE_FASTEST;

	while (rate < RATE_SLOWEST && (double)rate_interval_us(rate) * (1 + 1e-9) < 1e6 / per_s)
		rate++;
	return rate;
}
