/*
 * A hub, fan-outs and clients on one thread: parcels wait in queues until the test delivers them, streams take as many
 * bytes as the test allows, time stands where the test puts it. Every client folds what it gets and checks the
 * protocol's rules while doing so.
 */
#ifndef TESTS_UNIT_LIVE_RIG_H
#define TESTS_UNIT_LIVE_RIG_H

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/base/metric.h"
#include "rowcast/live/fanout.h"
#include "rowcast/live/metrics.h"

#define RIG_REACTORS 2
#define RIG_TOPICS   3
#define RIG_KEYS     6
#define RIG_STATES   4096
#define UNLIMITED    ((size_t)1 << 40)

/* What a topic held after its k-th change; value 0: no such row. */
struct state {
	uint64_t n;     /* of the newest change that time did not make alone */
	uint64_t until; /* n of the next such change, UINT64_MAX: none yet */
	uint32_t epoch;
	int values[RIG_KEYS];
};

struct model {
	int values[RIG_KEYS];
	uint64_t n[RIG_KEYS]; /* last change of each key */
	bool timed[RIG_KEYS];
	uint64_t floor;
	struct topic *topic; /* open now */
	bool refuses;
	struct state states[RIG_STATES];
	size_t state_count;
};

struct queue {
	struct parcel *first, **end;
	size_t count;
};

struct client {
	struct rig *rig;
	struct peer peer;
	bool open;
	bool packs; /* from its next reopening on: bodies come packed */
	struct buf in, queued;
	size_t room; /* bytes its stream still takes */
	size_t queued_max;
	bool waiting; /* a send was cut short: writable is due */
	/* One subscription with id "a" unless a test makes others. */
	int topic;
	enum live_mode mode;
	uint8_t rate; /* wished for by client_subscribe in mode latest */
	bool has_position, has_view, reset_seen, failed;
	bool invented; /* its position never was: a reset must come first */
	char position[RC_POSITION_TEXT_MAX];
	int values[RIG_KEYS];
	/* When the frame that is coming began, and the two deltas before it. */
	int64_t frame_us, delta_us, delta_before_us;
	bool stalled;    /* its stream did not take all since the last delta */
	bool resuming;   /* it takes bytes again: what comes is late */
	bool delta_late; /* the last delta may have come after its beat */
	/* What came. */
	int packed; /* of all messages */
	int snapshots, deltas, empty_deltas, timed_deltas, resets, errors, statuses;
	char reset_reason[128], error[512], last_state[16];
	json_t *last;   /* newest message */
	int others[26]; /* messages of subscriptions that are not "a", by the letter of their id */
};

struct rig {
	struct hub *hub;
	struct fanout *fanouts[RIG_REACTORS];
	struct queue to_hub, to_reactor[RIG_REACTORS];
	struct topic_source source;
	struct model models[RIG_TOPICS];
	struct rc_position position;
	int value; /* last one given to a row: all differ */
	size_t ring_bytes;
};

struct rig_options {
	int64_t ring_bytes, copy_bytes, pack_bytes, history_bytes, tombstones_max, topics_max, idle_rows_max;
	uint32_t branch_subs_max;
};

extern int64_t rig_now_us;  /* both clocks */
extern int64_t rig_send_us; /* what a send takes */
extern int rig_packs;       /* bodies packed */
extern bool rig_pack_grows; /* packing makes them larger */
extern const struct transport rig_transport, rig_packing;
extern struct metric rig_subscribers;

struct rig *rig_create(const struct rig_options *options); /* NULL: defaults */
void rig_destroy(struct rig *rig);
struct rig_options rig_defaults(void);

bool rig_deliver_hub(struct rig *rig);
bool rig_deliver_reactor(struct rig *rig, int reactor);
/* Deliver and run until nothing moves. */
void rig_settle(struct rig *rig);

void rig_put(struct rig *rig, int topic, int key); /* a new value */
void rig_remove(struct rig *rig, int topic, int key);
void rig_commit(struct rig *rig);                      /* a transaction */
void rig_commit_time(struct rig *rig);                 /* what time changed */
void rig_restart(struct rig *rig, const char *reason); /* a new epoch */

struct client *client_open(struct rig *rig, int reactor);
void client_close(struct client *client); /* keeps its view and its position */
void client_reopen(struct client *client, int reactor);
void client_free(struct client *client);
void client_subscribe(struct client *client, int topic, enum live_mode mode); /* from its position, if it has one */
void client_subscribe_as(struct client *client, char id, int topic);
void client_room(struct client *client, size_t bytes);
/* The same in two steps: a socket has room before its loop says so. */
void client_make_room(struct client *client, size_t bytes);
void client_say_writable(struct client *client);
void client_check_now(struct client *client); /* its view is the present one */

#endif
