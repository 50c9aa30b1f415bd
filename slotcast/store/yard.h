/*
 * The yard: where a train is put together. What its decisions have read stands here, and what they want written waits
 * here, so every decision sees what those before it did, and the whole leaves in few statements (write.c). Nothing is
 * undone request by request: a decision adds what it writes only when it has decided.
 *
 * Nothing is read twice. What is asked for and not here is read at that moment (SQLite answers in this process); where a
 * question costs a round trip, gather.c has asked them all together before. The database never knows less of a resource
 * than was decided when it is asked about it: what waits is written first.
 *
 * A resource is a lot. On servers its row is locked before anything of it is read, in id order, so what was read stays
 * true until the commit, beside other servers of this program too.
 * docs/decisions/0024-gather-decide-write.md
 */
#ifndef SLOTCAST_STORE_YARD_H
#define SLOTCAST_STORE_YARD_H

#include "rowcast/base/map.h"
#include "rowcast/orm_generated.h"
#include "slotcast/model/model.h"

struct store_request;

/* clang-format off */
#define YARD_LIST(type) struct { type *at; size_t count, capacity; }
#define YARD_PUSH(list, ...) \
	(yard_room((void **)(void *)&(list)->at, (list)->count, &(list)->capacity, sizeof(*(list)->at)), \
	 (list)->at[(list)->count++] = (__VA_ARGS__))
/* clang-format on */
void yard_room(void **at, size_t count, size_t *capacity, size_t size);

#define YARD_NONE SIZE_MAX

/* A booking that was there before the train. */
struct yard_booking {
	struct booking row; /* as decided; its version as stored */
	bool changed;       /* waits to be written */
	size_t customer;    /* the waiting one that it is to get; YARD_NONE */
	struct customer *who;
	bool who_known;
};

struct yard_claim {
	int64_t id;         /* 0: waits to be written */
	int64_t booking_id; /* 0: of one that waits */
	int64_t lane, lo, hi;
	int64_t held_until_us; /* INT64_MAX: by no hold */
	bool gone;
};

struct yard_session {
	struct session row; /* id 0: waits */
	int64_t taken;
	struct session_holds_row_list holds;
	bool holds_known;
};

struct yard_span {
	int64_t lo, hi;
};

struct yard_lot {
	int64_t resource_id;
	bool locked;
	bool entered;                      /* ended holds are gone */
	bool dirty;                        /* something of it waits */
	YARD_LIST(struct yard_span) known; /* where all claims are here */
	YARD_LIST(struct yard_claim *) claims;
	YARD_LIST(struct yard_session *) sessions; /* row.resource_id 0: there is none at row.starts_at */
};

struct yard {
	struct rc_tx *tx;
	struct rc_arena *arena; /* of the train */
	int64_t now_us;         /* the database's clock; one instant for all */
	bool locks;             /* a server: others may write at the same time */
	bool told;              /* something was written that the feed tells of */
	int64_t expired;        /* holds */
	struct map refs;        /* booking's ref → yard_booking or `absent` */
	struct map bookings;    /* id → yard_booking */
	struct map claims;      /* id → yard_claim */
	struct map keys;        /* scope NUL key → struct idempotency or `absent` */
	YARD_LIST(struct yard_lot *) lots;

	/* what waits, in the order of its decisions */
	YARD_LIST(int64_t) dropped; /* bookings whose claims go */
	YARD_LIST(struct yard_booking *) changed;
	YARD_LIST(struct session) sessions;
	YARD_LIST(struct yard_session *) session_owners;
	YARD_LIST(struct customer) customers;
	YARD_LIST(struct booking) bookings_new;
	YARD_LIST(size_t) booking_customers;
	YARD_LIST(struct claim) claims_new;
	YARD_LIST(struct yard_claim_link {
		size_t booking; /* the waiting one; YARD_NONE: claim.booking_id */
		struct yard_session *session;
		struct yard_claim *claim;
	})
	claim_links;
	YARD_LIST(struct waitlist) waitlist;
	YARD_LIST(struct yard_waiter {
		size_t customer;
		struct store_request *request;
	})
	waiters;
	YARD_LIST(struct audit) audits;
	YARD_LIST(struct idempotency) keys_over; /* their time has passed */
	YARD_LIST(struct idempotency) keys_new;
};

void yard_begin(struct yard *yard, struct rc_tx *tx, struct rc_arena *arena, int64_t now_us);
/* Forget everything, written or not. */
void yard_end(struct yard *yard);
void yard_release(struct yard *yard);

/* Reading. *out NULL: there is none. */
int yard_booking(struct yard *yard, struct rc_str ref, struct yard_booking **out) RC_MUST_CHECK;
int yard_customer(struct yard *yard, struct yard_booking *booking, struct customer **out) RC_MUST_CHECK;
int yard_key(struct yard *yard, struct rc_str scope, struct rc_str key, struct idempotency **out) RC_MUST_CHECK;
struct yard_lot *yard_lot(struct yard *yard, int64_t resource_id);
/* Locked where others write, and its ended holds expired: from here on what is read of it stays true. */
int yard_enter(struct yard *yard, struct yard_lot *lot) RC_MUST_CHECK;
/* All claims of its lanes that overlap [lo, hi) are in lot->claims; others may be too. Timed resources. */
int yard_claims(struct yard *yard, struct yard_lot *lot, int64_t lanes, int64_t lo, int64_t hi) RC_MUST_CHECK;
/* When the hold that a claim belongs to ends; INT64_MAX: it is no hold's. */
int64_t yard_held_until(const struct yard *yard, const struct yard_claim *claim);
int yard_session(struct yard *yard, struct yard_lot *lot, int64_t start_us, struct yard_session **out) RC_MUST_CHECK;
/* Living holds on it, the first to end first. */
int yard_session_holds(struct yard *yard, struct yard_lot *lot, struct yard_session *session) RC_MUST_CHECK;

/* Writing. */
size_t yard_add_customer(struct yard *yard, const struct customer *row);
size_t yard_add_booking(struct yard *yard, const struct booking *row, size_t customer);
struct yard_session *yard_add_session(struct yard *yard, struct yard_lot *lot, const struct session *row);
/* Of booking row->booking_id, or of the waiting one `booking`. */
void yard_add_claim(struct yard *yard, struct yard_lot *lot, const struct claim *row, size_t booking,
		    struct yard_session *session, int64_t held_until_us);
void yard_drop_claims(struct yard *yard, const struct yard_booking *booking);
/* Before a stored booking's row is changed. What it was changed to before in this train is written first. */
int yard_change(struct yard *yard, struct yard_booking *booking) RC_MUST_CHECK;
/* The version that it has, or will have when it is written. */
static inline int64_t yard_version(const struct yard_booking *booking)
{
	return booking->row.version + booking->changed;
}
/* Its end has come: expired, claims gone, audited. */
int yard_expire(struct yard *yard, struct yard_booking *booking) RC_MUST_CHECK;

/* write.c: everything that waits but keys; then those. */
int yard_write(struct yard *yard) RC_MUST_CHECK;
int yard_write_keys(struct yard *yard) RC_MUST_CHECK;

/* What gather.c puts here. */
/* NULL: there is none; what is known already stays. */
void yard_put_key(struct yard *yard, struct rc_str scope, struct rc_str key, struct idempotency *row);
struct yard_booking *yard_put_booking(struct yard *yard, struct booking *row);
void yard_put_claim(struct yard *yard, struct yard_lot *lot, const struct yard_claim *claim);
struct yard_session *yard_put_session(struct yard *yard, struct yard_lot *lot, const struct session *row,
				      int64_t start_us);

/* around.c: an array of PostgreSQL as text, element by element; taken, it is a parameter in the arena, and begun anew. */
struct buf;
void yard_array_add(struct buf *array, struct rc_str element);
struct rc_value yard_array_take(struct buf *array, struct rc_arena *arena);
/* around.c: claims around wishes, many in one statement. Puts what it finds. */
struct yard_wish {
	struct yard_lot *lot;
	int64_t lanes, lo, hi;
};
int yard_read_around(struct yard *yard, const struct yard_wish *wishes, size_t count) RC_MUST_CHECK;

#endif
