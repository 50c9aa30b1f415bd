/*
 * The store: booking decisions made durable. One writer thread owns the write connection; requests that are waiting
 * leave together as one train: one transaction, one fsync, each with an outcome of its own (train.c).
 *
 * A request is an operation object of the caller: filled on a reactor, given to the store, and given back through
 * `settled` on the WRITER thread once its fate is durable (or refused). From there the caller takes it on (api/ posts
 * it to the projector, which waits for the position, adds alternatives and answers).
 */
#ifndef SLOTCAST_STORE_STORE_H
#define SLOTCAST_STORE_STORE_H

#include "rowcast/change.h"
#include "rowcast/feed.h"
#include "rowcast/io/loop.h"
#include "rowcast/orm.h"
#include "slotcast/booking/catalog.h"
#include "slotcast/booking/state.h"

struct store;
struct buf;

enum store_action {
	STORE_HOLD,    /* make a hold */
	STORE_BOOK,    /* book straight */
	STORE_CONFIRM, /* a hold becomes a booking */
	STORE_EXTEND,
	STORE_RELEASE,
	STORE_CANCEL,
	STORE_RESCHEDULE,
	STORE_WAITLIST,
	STORE_REMEMBER, /* write this outcome's response for its idempotency key (refusals with alternatives) */
};

enum store_result {
	STORE_DONE,
	STORE_REPLAYED,      /* idempotency: `replay_status` and `replay_body` are the first answer */
	STORE_IN_FLIGHT,     /* the same key is being worked on */
	STORE_KEY_MISMATCH,  /* the key was used for another payload */
	STORE_NOT_FOUND,     /* no such booking, service, resource: `field` says which */
	STORE_INVALID,       /* party, duration: `field` and `detail` */
	STORE_OUTSIDE_HOURS, /* the start is not listed */
	STORE_SLOT_FULL,
	STORE_SLOT_HELD,    /* `held_until_us`: when the earliest hold that would free it ends */
	STORE_HOLD_EXPIRED, /* ended hold: extend, release (410); confirm that could not win the place again (409) */
	STORE_EXTEND_LIMIT,
	STORE_STALE_VERSION,
	STORE_WRONG_STATE,
	STORE_UNAVAILABLE, /* nothing was written: disk full, database locked, read-only */
	STORE_UNKNOWN,     /* COMMIT unanswered: retry with the same key */
};

/* The booking as answered. Strings live in the request's arena. */
struct store_booking {
	struct rc_str ref;
	enum booking_state state;
	int64_t service_id, resource_id;
	int64_t starts_us, ends_us;
	int64_t party;
	int64_t hold_expires_us; /* 0: none */
	int64_t version;
	struct rc_str tz;
	struct rc_str customer_name, customer_email, customer_phone;
};

struct store_request {
	struct message message; /* first: how it travels */
	struct store *store;    /* set by store_submit */
	struct rc_arena *arena; /* of the request; strings below live in it */
	enum store_action action;

	/* what is asked */
	struct rc_str ref;
	int64_t service_id;
	int64_t resource_id;             /* 0: any that can serve */
	int64_t start_us, window_end_us; /* window_end: waitlist */
	int32_t duration_min;            /* 0: the service's default; -1: keep (reschedule) */
	int32_t party;
	int64_t version; /* reschedule: expected */
	struct rc_str customer_name, customer_email, customer_phone;
	struct rc_str idem_scope, idem_key, idem_fingerprint; /* idem_key.len 0: none */

	/* what became of it */
	enum store_result result;
	struct store_booking booking;
	int64_t waitlist_id, waitlist_rank;
	struct rc_mark mark; /* of the transaction that made it, as the feed will deliver it; writer 0: it has none */
	int64_t held_until_us;
	const char *field; /* static */
	struct rc_str detail;
	int64_t replay_status;
	struct rc_str replay_body;
	int64_t queued_us, committed_us; /* monotonic, for metrics */

	/* The body to keep for the key, asked for on the writer thread inside the transaction, before its position is
	 * known. Writes it to `out` and returns its status, or 0 when it cannot be written yet (refusals that need
	 * alternatives: remembered later). */
	int (*render)(struct store_request *request, struct buf *out);
	struct rc_str remember_body;                    /* STORE_REMEMBER: body; status in replay_status */
	void (*settled)(struct store_request *request); /* writer thread */
};

struct store_options {
	int64_t train_max;   /* requests in one transaction, default 256 */
	int64_t backlog_max; /* requests waiting; beyond it 503, default 10,000 */
	int64_t busy_timeout_us;
	int64_t idempotency_keep_us; /* default 24 h */
	struct rc_feed_options feed;
	uint64_t epoch; /* of the feed */
	/* Writer thread: the database is lost for longer than a moment, or found again; one sentence. NULL: nobody is told. */
	void (*on_link)(void *arg, bool lost, const char *text);
	void *on_link_arg;
};

/* Opens the write connection (schema already migrated and verified) and starts the writer and checkpoint threads. */
int store_start(struct store **out, const char *url, const struct store_options *options, struct catalog *catalog,
		struct rc_fault *fault) RC_MUST_CHECK;
/* Finish what waits, stop the threads, close. */
void store_stop(struct store *store);
/* Any thread. RC_AGAIN: the backlog is full; nothing happened. */
int store_submit(struct store *store, struct store_request *request) RC_MUST_CHECK;
/* Any thread: decide by this catalog from the next train on (takes a reference). */
void store_use_catalog(struct store *store, struct catalog *catalog);
/* Any thread: the feed began a new epoch. */
void store_use_epoch(struct store *store, uint64_t epoch);
/* Any thread: is this a mark of this store's writer? */
bool store_made(const struct store *store, struct rc_mark mark);
/*
 * Whether a train that writes nothing is marked too: where the feed comes from the database's log, its being empty
 * proves nothing, so that only a mark tells that everything before it has been read.
 */
bool store_marks_all(const struct store *store);
/* Any thread: commit a mark soon, so that whoever waits for an older one learns that it has been passed. */
void store_nudge(struct store *store);
/* Called on the writer thread after every commit and whenever store_health is another, before any `settled`: wakes the
 * projector. */
void store_on_news(struct store *store, void (*fn)(void *arg), void *arg);
/* Can it write now? For /readyz: RC_OK, RC_FULL, RC_READONLY, RC_IO … as the last try ended. */
int store_health(const struct store *store);
/* Any thread: the database's clock, µs UTC. Instants that decide are compared by it. */
int64_t store_now_us(const struct store *store);
/* Any thread: which server of the URL is written to, for rc_db_options.host; 0: it names but one. */
int store_host(const struct store *store);
/* Any thread: requests that wait for a train. */
int64_t store_backlog(const struct store *store);

#endif
