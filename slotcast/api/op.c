/*
 * The asynchronous operation. op_step is the whole of it: one arrow of the diagram in op.h per case. Which thread runs
 * a case is fixed by the step, so nothing here is locked.
 *
 * Which refusals are kept for a key: all 4xx but 401, 408, 429 and the two about the key itself. Those that need
 * alternatives are written on the projector, after the train, and go through a train once more (OP_KEEP); the others
 * are rendered inside it.
 */
#include "slotcast/api/op.h"

#include <sodium.h>

#include "rowcast/base/check.h"
#include "rowcast/io/clock.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/outcome.h"
#include "slotcast/api/render.h"

#define KEY_BYTES_MAX     255
#define FINGERPRINT_BYTES 32

static void op_step(struct op *op);

static void answer(struct message *message)
{
	op_step((struct op *)message);
}

static void to_reactor(struct op *op)
{
	op->step = OP_ANSWER;
	op->store.message.deliver = answer;
	loop_post(op->req->loop, &op->store.message);
}

/* Any thread but the reactor's own handler: the answer is complete. */
static void set_answer(struct op *op, int status, struct buf *body)
{
	op->status = status;
	op->answer = rc_arena_copy(op->store.arena, buf_str(body));
	buf_release(body);
}

static void set_problem(struct op *op, const struct http_problem *problem)
{
	struct buf body = BUF_INIT;

	problem_write(&body, problem, op->req->id);
	set_answer(op, problem->status, &body);
}

static void set_problem_code(struct op *op, enum problem_code code)
{
	struct http_problem problem = problem_of(code);

	set_problem(op, &problem);
}

static void set_unavailable(struct op *op)
{
	op->store.result = STORE_UNAVAILABLE;
	set_problem_code(op, PROBLEM_UNAVAILABLE);
}

/* Writer thread, inside the transaction: the body that is kept for the key. */
static int render_kept(struct store_request *request, struct buf *out)
{
	struct op *op = (struct op *)request;
	size_t begin = out->len;

	if (op->step == OP_KEEP) {
		buf_append_str(out, op->answer);
		return op->status;
	}
	if (outcome_needs_board(request))
		return 0;
	op->status = outcome_write(op, out);
	op->answer = rc_arena_copy(request->arena, (struct rc_str){out->data + begin, out->len - begin});
	return op->status;
}

static void settled(struct store_request *request)
{
	op_step((struct op *)request);
}

static void submit(struct op *op)
{
	op->store.render = render_kept;
	op->store.settled = settled;
	op->store.queued_us = clock_mono_us();
	if (store_submit(op->api->config.store, &op->store) == 0)
		return;
	set_unavailable(op);
	to_reactor(op);
}

static void fingerprint(struct op *op, struct rc_str if_match)
{
	unsigned char hash[FINGERPRINT_BYTES];
	char text[2 * FINGERPRINT_BYTES + 1];
	crypto_generichash_state state;
	struct rc_str body = op->body.root ? decode_canonical(&op->body) : op->req->body;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)body.ptr, body.len);
	crypto_generichash_update(&state, (const unsigned char *)"\n", 1);
	crypto_generichash_update(&state, (const unsigned char *)if_match.ptr, if_match.len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	op->store.idem_fingerprint = rc_arena_copy(op->store.arena, rc_str_from(text));
}

/* 1..255 visible ASCII characters, one header field. */
static bool key_valid(struct rc_str key)
{
	if (!key.len || key.len > KEY_BYTES_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] < 0x21 || key.ptr[i] > 0x7e)
			return false;
	return true;
}

struct op *op_open(struct api *api, struct http_request *req, enum store_action action, int success_status,
		   enum op_key key, bool body_empty_ok)
{
	struct rc_str value = http_header(req, "Idempotency-Key");
	struct op *op;

	if (!api_admit(api, req))
		return NULL;
	if (!value.len && key == OP_KEY_REQUIRED) {
		problem_reply(req, PROBLEM_IDEMPOTENCY_MISSING, NULL, NULL);
		return NULL;
	}
	if (value.len && !key_valid(value)) {
		problem_reply(req, PROBLEM_BAD_REQUEST, "Idempotency-Key",
			      "Idempotency-Key must be given once and have 1 to 255 visible ASCII characters.");
		return NULL;
	}
	op = RC_ARENA_NEW(&req->arena, struct op);
	op->api = api;
	op->req = req;
	op->success_status = success_status;
	op->store.arena = &req->arena;
	op->store.action = action;
	decode_begin(&op->body, &req->arena, req->body, body_empty_ok);
	if (value.len) {
		op->store.idem_key = value;
		op->store.idem_scope = rc_str_from(rc_arena_printf(&req->arena, "%.*s %.*s %.*s", RC_STR_ARG(req->peer),
								   RC_STR_ARG(req->method), RC_STR_ARG(req->path)));
		fingerprint(op, http_header(req, "If-Match"));
	}
	return op;
}

void op_slot_fields(struct op *op)
{
	struct decode *body = &op->body;

	op->store.service_id = decode_id(body, "service", true);
	op->store.resource_id = decode_id(body, "resource", false);
	op->store.start_us = decode_time(body, "start");
	op->store.duration_min = decode_int(body, "duration_min", 1, INT32_MAX, 0);
	op->store.party = decode_int(body, "party", 1, INT32_MAX, 1);
}

void op_by_ref(struct api *api, struct http_request *req, enum store_action action)
{
	struct op *op = op_open(api, req, action, 200, OP_KEY_OPTIONAL, true);

	if (!op)
		return;
	op->store.ref = req->params[0];
	op_begin(op);
}

/* Refused before the store was asked. With a key the refusal is its outcome and is kept like any other. */
static void refuse(struct op *op)
{
	struct http_problem problem = problem_of(op->body.fault);

	if (op->body.field)
		problem.field = rc_str_from(op->body.field);
	if (op->body.detail)
		problem.detail = rc_str_from(op->body.detail);
	set_problem(op, &problem);
	if (!op->store.idem_key.len) {
		op->step = OP_ANSWER;
		op_step(op);
		return;
	}
	op->step = OP_KEEP;
	op->store.action = STORE_REMEMBER;
	op->store.remember_body = op->answer;
	op->store.replay_status = op->status;
	submit(op);
}

void op_begin(struct op *op)
{
	decode_end(&op->body);
	if (op->body.fault) {
		refuse(op);
		return;
	}
	if (atomic_load_explicit(&op->api->refusing, memory_order_relaxed)) {
		set_unavailable(op);
		op->step = OP_ANSWER;
		op_step(op);
		return;
	}
	op->step = OP_STORE;
	submit(op);
}

/* Writer thread. What tells of no change of the board needs no board. */
static bool needs_no_board(enum store_result result)
{
	return result == STORE_IN_FLIGHT || result == STORE_KEY_MISMATCH || result == STORE_UNAVAILABLE ||
	       result == STORE_UNKNOWN;
}

/* Writer thread: the key's outcome is durable, or cannot be kept. */
static void kept(struct op *op)
{
	struct buf body = BUF_INIT;

	if (op->store.result == STORE_DONE)
		return;
	/* Not kept: say so, for a repetition may find another answer. */
	op->status = outcome_write(op, &body);
	set_answer(op, op->status, &body);
}

/* What tells of a success says which state shows it. */
static void add_position(struct op *op)
{
	struct buf body = BUF_INIT;

	if (op->status >= 300)
		return;
	render_position(&body, op->answer, op->position);
	set_answer(op, op->status, &body);
}

/* Projector thread: the board shows what happened (or did not come in time). */
void op_finish(struct op *op)
{
	struct store_request *store = &op->store;
	struct buf body = BUF_INIT;

	if (!op->position.epoch)
		op->position = board_position(op->api->config.board);
	if (op->expired && (store->result == STORE_DONE || store->result == STORE_REPLAYED)) {
		set_problem_code(op, PROBLEM_OUTCOME_UNKNOWN);
	} else if (store->result == STORE_REPLAYED) {
		op->status = (int)store->replay_status;
		op->answer = store->replay_body;
		op->replayed = true;
	} else if (outcome_needs_board(store)) {
		op->status = outcome_write_with_alternatives(op, &body);
		set_answer(op, op->status, &body);
		if (store->idem_key.len) {
			op->step = OP_KEEP;
			store->action = STORE_REMEMBER;
			store->remember_body = op->answer;
			store->replay_status = op->status;
			submit(op);
			return;
		}
	} else if (!op->status) {
		op->status = outcome_write(op, &body);
		set_answer(op, op->status, &body);
	}
	add_position(op);
	to_reactor(op);
}

bool op_visible(struct op *op)
{
	return op->store.mark.writer &&
	       marks_find(&op->api->marks, op->store.mark, board_position(op->api->config.board), &op->position);
}

void op_arrive(struct message *message)
{
	struct op *op = (struct op *)message;

	if (op_visible(op))
		op_finish(op);
	else
		api_wait_for_board(op->api, &op->waiting, &op->deadline_us);
}

static void reply(struct op *op)
{
	struct http_request *req = op->req;
	const struct store_booking *booking = &op->store.booking;

	outcome_count(op);
	if (op->replayed)
		http_reply_header(req, "Idempotency-Replayed", RC_STR("true"));
	else if (op->status == op->success_status && booking->ref.len) {
		http_reply_header(req, "ETag",
				  rc_str_from(rc_arena_printf(&req->arena, "\"%lld\"", (long long)booking->version)));
		if (op->status == 201)
			http_reply_header(req, "Location",
					  rc_str_from(rc_arena_printf(&req->arena, "/v1/bookings/%.*s",
								      RC_STR_ARG(booking->ref))));
	}
	if (op->status == 503)
		http_reply_header(req, "Retry-After", RC_STR("1"));
	api_reply_json(req, op->status, op->answer);
}

static void op_step(struct op *op)
{
	struct buf body = BUF_INIT;

	/* Somebody else's outcome stands under the key: it is answered like any replay. */
	if (op->step == OP_KEEP && op->store.result == STORE_REPLAYED)
		op->step = OP_STORE;
	switch (op->step) {
	case OP_OPEN:
	case OP_BOARD:
		rc_check(!"an operation is not stepped while it is open or waits for the board");
		break;
	case OP_STORE: /* writer thread */
		if (needs_no_board(op->store.result)) {
			op->status = outcome_write(op, &body);
			set_answer(op, op->status, &body);
			to_reactor(op);
			break;
		}
		op->step = OP_BOARD;
		op->position = (struct rc_position){0};
		op->store.message.deliver = op_arrive;
		loop_post(op->api->config.projector, &op->store.message);
		break;
	case OP_KEEP: /* writer thread */
		kept(op);
		to_reactor(op);
		break;
	case OP_ANSWER: /* reactor */
		reply(op);
		break;
	}
}
