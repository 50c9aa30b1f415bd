/*
 * Every refusal of the interface: one row per code, and the words that people read (RFC 9457).
 */
#ifndef SLOTCAST_API_PROBLEMS_H
#define SLOTCAST_API_PROBLEMS_H

#include "rowcast/http/http.h"

enum problem_code {
	PROBLEM_NONE,
	PROBLEM_BAD_REQUEST,
	PROBLEM_VALIDATION,
	PROBLEM_NOT_FOUND,
	PROBLEM_SLOT_FULL,
	PROBLEM_SLOT_HELD,
	PROBLEM_HOLD_EXPIRED,
	PROBLEM_OUTSIDE_HOURS,
	PROBLEM_STALE_VERSION,
	PROBLEM_WRONG_STATE,
	PROBLEM_PRECONDITION_REQUIRED,
	PROBLEM_EXTEND_LIMIT,
	PROBLEM_IDEMPOTENCY_MISSING,
	PROBLEM_IDEMPOTENCY_MISMATCH,
	PROBLEM_IN_FLIGHT,
	PROBLEM_RATE_LIMITED,
	PROBLEM_UNAVAILABLE,
	PROBLEM_OUTCOME_UNKNOWN,
	PROBLEM_CODE_COUNT,
};

/* Fill status, code, title and retryable; detail starts as the code's own sentence. */
struct http_problem problem_of(enum problem_code code);
/* The whole body, for an answer that is kept and repeated. */
void problem_write(struct buf *out, const struct http_problem *problem, struct rc_str request_id);
/* A query's fault: `validation` with 400. */
void problem_query(struct http_request *req, const char *field, const char *detail);
/* Answer with the code's own sentence, or with `detail`. */
void problem_reply(struct http_request *req, enum problem_code code, const char *field, const char *detail);

#endif
