#ifndef ROWCAST_LIVE_METRICS_H
#define ROWCAST_LIVE_METRICS_H

#include "rowcast/base/metric.h"

extern struct metric live_topics, live_frames, live_sends, live_bytes, live_resyncs, live_resets, live_blocked,
	live_flush_seconds;

/* Into the registry, at start. */
void live_metrics_register(void);

#endif
