#include "rowcast/live/metrics.h"

#include <stddef.h>

struct metric live_topics = METRIC_GAUGE("rowcast_live_topics", "Topics open, those without subscribers included",
					 NULL);
struct metric live_frames = METRIC_COUNTER("rowcast_live_frames_total", "Messages due to subscribers", NULL);
struct metric live_sends = METRIC_COUNTER("rowcast_live_sends_total", "Sends that carried them", NULL);
struct metric live_bytes = METRIC_COUNTER("rowcast_live_sent_bytes", "Bytes handed to sockets", NULL);
struct metric live_resyncs = METRIC_COUNTER("rowcast_live_resyncs_total",
					    "Slow subscribers brought up to date from the topic", NULL);
struct metric live_resets = METRIC_COUNTER("rowcast_live_resets_total", "Resets told to subscribers", NULL);
struct metric live_blocked = METRIC_COUNTER("rowcast_live_blocked_total", "Sends that a socket did not take whole",
					    NULL);
struct metric live_flush_seconds = METRIC_HISTOGRAM("rowcast_live_flush_seconds",
						    "Commit until its frame is with the last socket of a sweep", NULL);

void live_metrics_register(void)
{
	metric_register(&live_topics);
	metric_register(&live_frames);
	metric_register(&live_sends);
	metric_register(&live_bytes);
	metric_register(&live_resyncs);
	metric_register(&live_resets);
	metric_register(&live_blocked);
	metric_register(&live_flush_seconds);
}
