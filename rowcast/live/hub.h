/*
 * The hub: all topics, on the projector thread. Between the source of changes (topic.h) and the reactors (traffic.h).
 */
#ifndef ROWCAST_LIVE_HUB_H
#define ROWCAST_LIVE_HUB_H

#include "rowcast/live/traffic.h"

struct hub_config {
	struct carrier carrier;
	uint32_t reactor_count;
	int64_t topics_max;           /* open at once; idle ones give way, oldest first */
	int64_t topic_linger_us;      /* kept this long after the last subscriber left */
	int64_t idle_rows_max;        /* kept of all idle topics together, oldest topics go first; 0: no limit */
	int64_t tombstones_max;       /* of one topic */
	int64_t history_bytes_max;    /* of one topic, single transactions for mode `every` */
	int64_t position_interval_us; /* subscribers of an idle topic are moved on after this time … */
	uint64_t position_interval_n; /* … or after so many changes elsewhere */
};

struct hub *hub_create(const struct hub_config *config);
/* The fan-out of reactor `reactor` exists now. Before the threads run. */
void hub_attach(struct hub *hub, uint32_t reactor, struct fanout *fanout);
/* No parcel is delivered any more; before fanout_destroy. */
void hub_destroy(struct hub *hub);
/* Once a second or so: idle topics, idle positions. µs UTC. */
void hub_tick(struct hub *hub, int64_t now_us);
/* Positions before `n` are no longer retained by the log: who comes from there gets `reset`. */
void hub_retain(struct hub *hub, uint64_t n);
struct rc_position hub_position(const struct hub *hub);
size_t hub_topic_count(const struct hub *hub);

#endif
