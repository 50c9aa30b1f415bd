/*
 * The store's inside: what the writer thread owns, and the decision that each action's file fills.
 *
 * An action reads through the yard and the immutable catalog, sets request->result, and adds what is to be written only
 * once it has decided. It returns 0 then, or the error of the database: the whole train is undone.
 */
#ifndef SLOTCAST_STORE_TRAIN_H
#define SLOTCAST_STORE_TRAIN_H

#include <pthread.h>
#include <semaphore.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/map.h"
#include "slotcast/booking/rules.h"
#include "slotcast/booking/zone.h"
#include "slotcast/store/store.h"
#include "slotcast/store/yard.h"

#define HOLD_EXTENSIONS_MAX 3
#define WRITER_CONNECTIONS  UINT64_C(0xffff)
#define REF_TIME_BYTES      6 /* of a booking's reference: 30 characters in all */
#define REF_RANDOM_BYTES    16

/* The writer's connection; link.c */
struct link {
	char **hosts; /* of the URL */
	bool *left;   /* no longer gone to */
	size_t host_count;
	size_t host;           /* the one that is tried or used, from 1 on */
	_Atomic int told_host; /* the one in use, for others */
	int failures;          /* in a row */
	bool compares;         /* the feed's epoch stands in the database */
	uint64_t epoch;        /* that stands there, as read last */
	_Atomic int64_t skew_us;
	int64_t measured_us;
	bool skew_told;
};

struct store {
	char *url;
	struct store_options options;
	void (*_Atomic on_news)(void *arg);
	void *on_news_arg;

	/* between threads */
	_Atomic(struct catalog *) next_catalog; /* NULL: none newer */
	_Atomic uint64_t epoch;
	_Atomic bool nudged;
	_Atomic int health;
	_Atomic int64_t written; /* requests committed since the last checkpoint */
	_Atomic bool checkpointing;
	sem_t checkpoint_wake;
	struct message stop, nudge;
	uint64_t writer_base; /* of all its marks; the low bits count its connections */
	bool marks_all;

	/* the writer thread's */
	struct loop *loop;
	pthread_t writer, checkpointer;
	struct rc_db *db;    /* NULL: to be opened again before anything is acknowledged */
	struct rc_mark mark; /* the newest; its writer is new with every connection */
	bool mark_wanted;
	struct link link;
	struct loop_hook hook;
	struct rules *rules;
	struct rc_arena arena; /* of one train */
	struct yard yard;
	struct buf body;                /* of one answer */
	struct store_request **waiting; /* arrival order, from `first` */
	size_t waiting_count, waiting_capacity;
	struct map in_flight; /* idempotency: scope NUL key → struct flight */
	struct timer tidy, probe;
	int64_t pruned_us;
	bool stopping;
};

struct decision {
	struct store *store;
	struct store_request *request;
	struct yard *yard;
	struct rc_arena *arena; /* of the train */
	int64_t now_us;         /* the train's */
};

/* holds.c, bookings.c, reschedule.c, waitlist.c */
int hold_make(struct decision *decision) RC_MUST_CHECK;
int hold_extend(struct decision *decision) RC_MUST_CHECK;
int hold_release(struct decision *decision) RC_MUST_CHECK;
int booking_make(struct decision *decision) RC_MUST_CHECK;
int booking_confirm(struct decision *decision) RC_MUST_CHECK;
int booking_cancel(struct decision *decision) RC_MUST_CHECK;
int booking_reschedule(struct decision *decision) RC_MUST_CHECK;
int waitlist_join(struct decision *decision) RC_MUST_CHECK;

/* place.c: where a booking goes */
struct place {
	const struct catalog_service *service;
	const struct catalog_resource *resource;
	int64_t start_us, end_us;
	int64_t party;
	bool timed;
	int64_t *lanes; /* timed: the free lanes that it takes */
	size_t lane_count;
	struct yard_session *session; /* NULL: its row is yet to be written */
	int64_t session_rule_id, session_capacity;
};

/*
 * Check service, party, duration and start, and find room: on `resource_id`, or on the first resource of the service
 * that has some (0). Sets request->result: STORE_DONE: *place is where; else why not. `duration_min` 0: the default.
 */
struct wish {
	int64_t service_id, resource_id;
	int64_t start_us;
	int32_t duration_min;
	int64_t party;
	bool any_duration;               /* a booking that exists keeps what it has */
	const struct yard_booking *self; /* and its own claims do not stand in its way; NULL: there is none */
};

struct wish wish_of_request(const struct store_request *request);
struct wish wish_to_move(const struct store_request *request, const struct yard_booking *booking);
struct wish wish_again(const struct yard_booking *booking); /* of a hold that has ended */
/* What a claim of it would cover, buffers and all. */
void place_span(const struct catalog_service *service, const struct wish *wish, int64_t *lo_us, int64_t *hi_us);
int place_find(struct decision *decision, const struct wish *wish, struct place *place) RC_MUST_CHECK;
/* For the booking `booking_id`, or the waiting one `waiting`. */
void place_claim(struct decision *decision, struct place *place, int64_t booking_id, size_t waiting,
		 int64_t held_until_us);

/* gather.c: for servers; what decisions will ask the yard for is there then. */
int gather(struct store *store, struct store_request *const *requests, size_t count) RC_MUST_CHECK;

/* rows.c: rows as answered */
struct rc_str ref_make(struct rc_arena *arena, int64_t now_us);
int booking_find(struct decision *decision, struct yard_booking **out) RC_MUST_CHECK; /* STORE_NOT_FOUND: NULL */
/* A new booking at its place; audited and answered. `customer`: the waiting one, or YARD_NONE. */
void booking_add(struct decision *decision, struct place *place, const char *action, const char *state, size_t customer,
		 int64_t hold_expires_us);
/* A booking that was changed: audited and answered. */
void booking_changed(struct decision *decision, const char *action, struct yard_booking *booking);
size_t customer_add(struct decision *decision);
struct rc_str wall_text(struct rc_arena *arena, const struct zone *zone, int64_t us);
static inline bool hold_lives(const struct booking *booking, int64_t now_us)
{
	return rc_str_is(booking->state, "held") && booking->hold_expires_at > now_us;
}

/* idempotency.c */
/* True: decided already (replayed, mismatch, in flight). Else the key is this request's until flight_end. */
int flight_begin(struct decision *decision, bool *decided) RC_MUST_CHECK;
void flight_keep(struct decision *decision, int64_t status, struct rc_str body);
void flight_end(struct store *store, struct store_request *request);
void flights_prune(struct store *store);
void flights_release(struct store *store);

/* train.c */
void train_run(struct store *store, struct store_request **requests, size_t count);
int train_begin(struct store *store, struct rc_tx **tx) RC_MUST_CHECK;
/* Commit, tell the projector; on failure note the store's health and what must be reopened. */
int train_commit(struct store *store, struct rc_tx *tx) RC_MUST_CHECK;
void train_failed(struct store *store, int err);
/* A transaction that says only that those before it are over. */
int train_mark(struct store *store) RC_MUST_CHECK;
/* From now on it can write (0), or not, and say so. */
void store_turn(struct store *store, int health);

/* tidy.c */
void tidy_tick(struct timer *timer);

/* link.c */
int link_start(struct store *store, struct rc_fault *fault) RC_MUST_CHECK;
void link_release(struct store *store);
void link_close(struct store *store);
/* Before a train: 0: what it writes is what people are shown. */
int link_check(struct store *store) RC_MUST_CHECK;
/* It cannot write: try again soon. */
void link_lost(struct store *store);
void link_tick(struct store *store); /* now and then */
void probe_tick(struct timer *timer);

/* checkpoint.c */
void *checkpoint_main(void *store);
void checkpoint_note(struct store *store, size_t written);

/* metrics.c */
void store_metrics_register(void);
void link_metrics(struct store *store);
void store_count_train(size_t requests, int64_t commit_us);
void store_count_request(const struct store_request *request, int64_t begun_us);
void store_count_retry(void);
void store_count_tidied(int64_t holds);

#endif
