/* Clocks in microseconds. */
#ifndef ROWCAST_IO_CLOCK_H
#define ROWCAST_IO_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void); /* monotonic: timers, latencies, limits */
int64_t clock_wall_us(void); /* UTC since 1970: what is stored and shown; safety never rests on it */

#endif
