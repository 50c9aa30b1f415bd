/*
 * A write in progress: one struct that carries the request through the threads, in the request's arena.
 *
 *   reactor             writer              projector                     reactor
 *   op_open, op_begin → OP_STORE ─settled─→ OP_BOARD (wait, alternatives) → OP_ANSWER
 *                                               │ a refusal to keep           ↑
 *   op_refuse, with a key ─→ OP_KEEP (writer) ←─┘ ─────────settled────────────┘
 *
 * An answer leaves only when the board shows what it tells, so that every read that starts after it sees the write.
 * docs/decisions/0014-idempotency-and-remembered-refusals.md
 */
#ifndef SLOTCAST_API_OP_H
#define SLOTCAST_API_OP_H

#include "slotcast/api/api.h"
#include "slotcast/api/decode.h"

enum op_step {
	OP_OPEN,   /* the handler reads its fields */
	OP_STORE,  /* the store decides */
	OP_BOARD,  /* the board catches up; refusals get their alternatives */
	OP_KEEP,   /* the refusal is being kept for its key */
	OP_ANSWER, /* on its way back */
};

struct op {
	struct store_request store; /* first: its message is how the operation travels */
	struct api *api;
	struct http_request *req;
	enum op_step step;
	struct decode body;          /* open until op_begin or op_refuse */
	struct list waiting;         /* on the projector, for the board */
	int64_t deadline_us;         /* there: monotonic */
	bool expired;                /* the board did not come in time */
	struct rc_position position; /* of the state that shows what the answer tells */
	int success_status;          /* 200 or 201 */
	int status;                  /* of the answer */
	struct rc_str answer;        /* its body */
	bool replayed;
};

enum op_key { OP_KEY_OPTIONAL, OP_KEY_REQUIRED };

/*
 * Start an operation for a POST or PATCH: limits, Idempotency-Key, body. NULL: the request has been answered.
 * Read the body's fields from op->body, fill op->store, then call op_begin.
 */
struct op *op_open(struct api *api, struct http_request *req, enum store_action action, int success_status,
		   enum op_key key, bool body_empty_ok);
/* The members that name a place: service, resource, start, duration, party. */
void op_slot_fields(struct op *op);
/* The whole handler of a POST that says nothing but the reference in its path. */
void op_by_ref(struct api *api, struct http_request *req, enum store_action action);
/* Give it to the store, or refuse it when decoding found a fault. */
void op_begin(struct op *op);

/* Projector thread, called by api.c. */
void op_arrive(struct message *message);
/* Is what it wrote on the board? Then op->position is set. */
bool op_visible(struct op *op);
void op_finish(struct op *op);

#endif
