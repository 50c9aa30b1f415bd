/*
 * What the store made of an operation, in the words of the interface: one table from result to code, and the
 * alternatives that go with a place that was not won.
 */
#include "slotcast/api/outcome.h"

#include "rowcast/base/metric.h"
#include "rowcast/io/clock.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/render.h"

#define RESULT_COUNT (STORE_UNKNOWN + 1)

static const enum problem_code codes[RESULT_COUNT] = {
	[STORE_DONE] = PROBLEM_NONE,
	[STORE_REPLAYED] = PROBLEM_NONE,
	[STORE_IN_FLIGHT] = PROBLEM_IN_FLIGHT,
	[STORE_KEY_MISMATCH] = PROBLEM_IDEMPOTENCY_MISMATCH,
	[STORE_NOT_FOUND] = PROBLEM_NOT_FOUND,
	[STORE_INVALID] = PROBLEM_VALIDATION,
	[STORE_OUTSIDE_HOURS] = PROBLEM_OUTSIDE_HOURS,
	[STORE_SLOT_FULL] = PROBLEM_SLOT_FULL,
	[STORE_SLOT_HELD] = PROBLEM_SLOT_HELD,
	[STORE_HOLD_EXPIRED] = PROBLEM_HOLD_EXPIRED,
	[STORE_EXTEND_LIMIT] = PROBLEM_EXTEND_LIMIT,
	[STORE_STALE_VERSION] = PROBLEM_STALE_VERSION,
	[STORE_WRONG_STATE] = PROBLEM_WRONG_STATE,
	[STORE_UNAVAILABLE] = PROBLEM_UNAVAILABLE,
	[STORE_UNKNOWN] = PROBLEM_OUTCOME_UNKNOWN,
};

#define OUTCOME(label)                                                                                                 \
	METRIC_COUNTER("slotcast_operations_total", "Holds, bookings and changes, by outcome", "outcome=\"" label "\"")

static struct metric outcomes[RESULT_COUNT] = {
	[STORE_DONE] = OUTCOME("done"),
	[STORE_REPLAYED] = OUTCOME("replayed"),
	[STORE_IN_FLIGHT] = OUTCOME("in-flight"),
	[STORE_KEY_MISMATCH] = OUTCOME("idempotency-mismatch"),
	[STORE_NOT_FOUND] = OUTCOME("not-found"),
	[STORE_INVALID] = OUTCOME("validation"),
	[STORE_OUTSIDE_HOURS] = OUTCOME("outside-hours"),
	[STORE_SLOT_FULL] = OUTCOME("slot-full"),
	[STORE_SLOT_HELD] = OUTCOME("slot-held"),
	[STORE_HOLD_EXPIRED] = OUTCOME("hold-expired"),
	[STORE_EXTEND_LIMIT] = OUTCOME("extend-limit"),
	[STORE_STALE_VERSION] = OUTCOME("stale-version"),
	[STORE_WRONG_STATE] = OUTCOME("wrong-state"),
	[STORE_UNAVAILABLE] = OUTCOME("unavailable"),
	[STORE_UNKNOWN] = OUTCOME("outcome-unknown"),
};

static struct metric seconds = METRIC_HISTOGRAM("slotcast_operation_seconds",
						"From the request to the answer of a hold, booking or change", NULL);

void outcome_register_metrics(void)
{
	for (size_t i = 0; i < RESULT_COUNT; i++)
		metric_register(&outcomes[i]);
	metric_register(&seconds);
}

void outcome_count(const struct op *op)
{
	metric_add(&outcomes[op->store.result], 1);
	metric_observe_us(&seconds, clock_mono_us() - op->req->begun_us);
}

bool outcome_needs_board(const struct store_request *request)
{
	return request->result == STORE_SLOT_FULL || request->result == STORE_SLOT_HELD ||
	       (request->result == STORE_HOLD_EXPIRED && request->action == STORE_CONFIRM);
}

static struct http_problem problem_for(const struct store_request *request)
{
	struct http_problem problem = problem_of(codes[request->result]);

	if (request->field)
		problem.field = rc_str_from(request->field);
	if (request->detail.len)
		problem.detail = request->detail;
	return problem;
}

int outcome_write(struct op *op, struct buf *out)
{
	const struct store_request *request = &op->store;
	struct http_problem problem;

	if (request->result == STORE_DONE) {
		if (request->action == STORE_WAITLIST)
			render_waitlist(out, request->waitlist_id, request->waitlist_rank);
		else
			render_booking(out, &request->booking, store_now_us(op->api->config.store));
		return op->success_status;
	}
	problem = problem_for(request);
	problem_write(out, &problem, op->req->id);
	return problem.status;
}

/* What the visitor wanted: of the request, or of the booking that was to be confirmed or moved. */
static void wanted(const struct store_request *request, struct alternatives_memo *out)
{
	const struct store_booking *booking = &request->booking;
	bool own = request->action == STORE_CONFIRM || request->action == STORE_RESCHEDULE;

	out->service_id = own ? booking->service_id : request->service_id;
	out->resource_id = request->action == STORE_CONFIRM || (own && !request->resource_id) ? booking->resource_id
											      : request->resource_id;
	out->start_us = request->action == STORE_CONFIRM ? booking->starts_us : request->start_us;
	out->duration_min = own ? (int32_t)((booking->ends_us - booking->starts_us) / 60000000) : request->duration_min;
	out->party = own ? (int32_t)booking->party : request->party;
}

static bool memo_holds(const struct alternatives_memo *memo, const struct alternatives_memo *key)
{
	return memo->text.len && memo->turn_us == key->turn_us && memo->service_id == key->service_id &&
	       memo->resource_id == key->resource_id && memo->start_us == key->start_us &&
	       memo->duration_min == key->duration_min && memo->party == key->party;
}

static struct rc_str alternatives_for(struct op *op)
{
	struct api *api = op->api;
	struct alternatives_memo key = {.turn_us = loop_now_us(api->config.projector)};
	struct alternative list[ALTERNATIVES_MAX];
	size_t count;

	wanted(&op->store, &key);
	if (memo_holds(&api->memo, &key))
		return buf_str(&api->memo.text);
	count = board_alternatives(api->config.board, key.service_id, key.resource_id, key.start_us, key.duration_min,
				   key.party, store_now_us(api->config.store), list, ALTERNATIVES_MAX);
	key.text = api->memo.text;
	buf_clear(&key.text);
	render_alternatives(&key.text, list, count);
	api->memo = key;
	return buf_str(&api->memo.text);
}

int outcome_write_with_alternatives(struct op *op, struct buf *out)
{
	struct http_problem problem = problem_for(&op->store);
	struct buf extra = BUF_INIT;

	if (op->store.result == STORE_HOLD_EXPIRED) {
		problem.status = 409;
		if (!op->store.detail.len)
			problem.detail = RC_STR(
				"Your hold on this time has ended and the time has been taken meanwhile. Please "
				"choose one of the free times nearby.");
	}
	buf_append_str(&extra, alternatives_for(op));
	if (op->store.result == STORE_SLOT_HELD)
		render_held_until(&extra, op->store.held_until_us);
	problem.extra = buf_str(&extra);
	problem_write(out, &problem, op->req->id);
	buf_release(&extra);
	return problem.status;
}
