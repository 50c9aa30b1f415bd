/*
 * The table of refusals. A detail says what happened, what it means for the reader and what can be done; handlers
 * replace it where they know more.
 */
#include "slotcast/api/problems.h"

#include "rowcast/base/check.h"

struct problem_row {
	int status;
	const char *code, *title;
	bool retryable;
	const char *detail;
};

static const struct problem_row rows[PROBLEM_CODE_COUNT] = {
	[PROBLEM_BAD_REQUEST] = {400, "bad-request", "The request cannot be read", false,
				 "The request could not be read; nothing was changed."},
	[PROBLEM_VALIDATION] = {422, "validation", "A field is not valid", false,
				"One of the fields has a value that is not allowed; nothing was changed."},
	[PROBLEM_NOT_FOUND] = {404, "not-found", "Not found", false, "There is nothing with this name here."},
	[PROBLEM_SLOT_FULL] = {409, "slot-full", "This time is taken", false,
			       "This time has just been taken. Please choose one of the free times nearby."},
	[PROBLEM_SLOT_HELD] =
		{409, "slot-held", "Somebody is booking this time", true,
		 "Somebody else is completing a booking for this time. It may become free again when their hold "
		 "ends; or choose one of the free times nearby."},
	[PROBLEM_HOLD_EXPIRED] = {410, "hold-expired", "The hold has ended", false,
				  "Your hold on this time has ended. Please choose a time again."},
	[PROBLEM_OUTSIDE_HOURS] =
		{422, "outside-hours", "This time is not offered", false,
		 "This time is not on offer: it is outside opening hours, too soon or too far ahead, or not one "
		 "of the listed starts."},
	[PROBLEM_STALE_VERSION] =
		{412, "stale-version", "The booking has changed meanwhile", false,
		 "The booking has changed since you looked at it. Please load it again and repeat your change."},
	[PROBLEM_WRONG_STATE] = {409, "wrong-state", "Not possible in this state", false,
				 "The booking is in a state that does not allow this."},
	[PROBLEM_PRECONDITION_REQUIRED] =
		{428, "precondition-required", "If-Match is required", false,
		 "Send If-Match with the version of the booking that you are changing, for example "
		 "If-Match: \"3\"."},
	[PROBLEM_EXTEND_LIMIT] =
		{409, "extend-limit", "The hold cannot be extended again", false,
		 "A hold can be extended 3 times. Please complete the booking or choose a time again."},
	[PROBLEM_IDEMPOTENCY_MISSING] =
		{400, "idempotency-missing", "Idempotency-Key is required", false,
		 "Send an Idempotency-Key header with a value of your own that is new for every booking, "
		 "so that a repeated request cannot book twice."},
	[PROBLEM_IDEMPOTENCY_MISMATCH] =
		{422, "idempotency-mismatch", "This Idempotency-Key was used for something else", false,
		 "This Idempotency-Key belongs to an earlier request with other contents. Use a new key."},
	[PROBLEM_IN_FLIGHT] =
		{409, "in-flight", "The first request is still being worked on", true,
		 "A request with this Idempotency-Key is being worked on. Repeat it in a moment to get its answer."},
	[PROBLEM_RATE_LIMITED] = {429, "rate-limited", "Too many requests", true,
				  "Too many requests came from this address. Please wait a moment and try again."},
	[PROBLEM_UNAVAILABLE] = {503, "unavailable", "Booking is not possible at the moment", true,
				 "Nothing was changed. Please try again in a moment."},
	[PROBLEM_OUTCOME_UNKNOWN] =
		{503, "outcome-unknown", "The outcome is not known yet", true,
		 "Your request may or may not have been carried out. Repeat it with the same Idempotency-Key to "
		 "learn its outcome; it will not be carried out twice."},
};

struct http_problem problem_of(enum problem_code code)
{
	const struct problem_row *row = &rows[code];

	rc_check(code > PROBLEM_NONE && code < PROBLEM_CODE_COUNT);
	return (struct http_problem){
		.status = row->status,
		.code = row->code,
		.title = row->title,
		.detail = rc_str_from(row->detail),
		.retryable = row->retryable,
		.retry_after_s = row->status == 503 ? 1 : 0,
	};
}

void problem_write(struct buf *out, const struct http_problem *problem, struct rc_str request_id)
{
	buf_append_char(out, '{');
	http_problem_members(out, problem, request_id);
	buf_append_char(out, '}');
}

void problem_query(struct http_request *req, const char *field, const char *detail)
{
	struct http_problem problem = problem_of(PROBLEM_VALIDATION);

	problem.status = 400;
	problem.field = rc_str_from(field);
	problem.detail = rc_str_from(detail);
	http_problem(req, &problem);
}

void problem_reply(struct http_request *req, enum problem_code code, const char *field, const char *detail)
{
	struct http_problem problem = problem_of(code);

	if (field)
		problem.field = rc_str_from(field);
	if (detail)
		problem.detail = rc_str_from(detail);
	http_problem(req, &problem);
}
