/*
 * GET /v1/availability: what is free, from the board's memory. The projector finds the slots; the reactor writes them
 * out, so that a long list does not hold up subscribers. The slots point into the catalog, which the visit keeps alive.
 */
#include "rowcast/data/time_text.h"
#include "rowcast/io/clock.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/problems.h"
#include "slotcast/api/render.h"
#include "slotcast/api/visit.h"

#define DAYS_MAX 92

struct look {
	struct visit visit; /* first */
	struct api *api;
	struct availability_query query;

	int err;
	const char *field;
	struct rc_fault fault;
	struct catalog *catalog;
	struct slot *slots;
	size_t count;
	struct rc_position position;
	enum live_state state;
	int64_t age_us;
};

static void look_there(struct visit *visit)
{
	struct look *look = (struct look *)visit;
	struct api *api = look->api;

	look->err = board_availability(api->config.board, &look->query, store_now_us(api->config.store),
				       &visit->req->arena, &look->slots, &look->count, &look->field, &look->fault);
	look->catalog = catalog_acquire(board_catalog(api->config.board));
	look->position = board_position(api->config.board);
	look->state = api->state;
	look->age_us = api->behind_since_us ? loop_now_us(api->config.projector) - api->behind_since_us : 0;
}

static void look_back(struct visit *visit)
{
	struct look *look = (struct look *)visit;
	struct buf body = BUF_INIT;

	if (look->err == RC_NOT_FOUND) {
		problem_reply(visit->req, PROBLEM_NOT_FOUND, look->field, look->fault.message);
	} else if (look->err == RC_UNAVAILABLE) {
		problem_reply(visit->req, PROBLEM_UNAVAILABLE, NULL, look->fault.message);
	} else if (look->err) {
		problem_query(visit->req, look->field, look->fault.message);
	} else {
		render_availability(&body, look->position, look->state, look->age_us, look->slots, look->count);
		api_reply_json(visit->req, 200, buf_str(&body));
		buf_release(&body);
	}
	catalog_drop(look->catalog);
}

/* The readers below answer the request and return false when the parameter is at fault. */

static bool parameter(struct http_request *req, const char *name, bool required, struct rc_str *out)
{
	int err = http_query(req, name, out);

	if (!err && out->len)
		return true;
	*out = RC_STR_NONE;
	if (!required && (!err || err == RC_NOT_FOUND))
		return true;
	problem_query(
		req, name,
		rc_arena_printf(&req->arena, "\"%s\" must be given once, and not be empty or badly encoded.", name));
	return false;
}

static bool parameter_id(struct http_request *req, const char *name, bool required, int64_t *out)
{
	struct rc_str text;

	if (!parameter(req, name, required, &text))
		return false;
	if (!text.len || (rc_str_to_i64(text, out) == 0 && *out > 0))
		return true;
	problem_reply(req, PROBLEM_NOT_FOUND, name, rc_arena_printf(&req->arena, "There is no such %s.", name));
	return false;
}

static bool parameter_date(struct http_request *req, const char *name, int32_t *out)
{
	struct rc_str text;

	if (!parameter(req, name, true, &text))
		return false;
	if (date_parse(text, out) == 0)
		return true;
	problem_query(req, name, rc_arena_printf(&req->arena, "\"%s\" must be a date such as 2026-11-20.", name));
	return false;
}

static bool parameter_int(struct http_request *req, const char *name, int32_t *out)
{
	struct rc_str text;
	int64_t number;

	if (!parameter(req, name, false, &text))
		return false;
	if (!text.len)
		return true;
	if (rc_str_to_i64(text, &number) == 0 && number >= 1 && number <= INT32_MAX) {
		*out = (int32_t)number;
		return true;
	}
	problem_query(req, name, rc_arena_printf(&req->arena, "\"%s\" must be a whole number of at least 1.", name));
	return false;
}

void availability_get(struct http_request *req, void *arg)
{
	struct look *look = RC_ARENA_NEW(&req->arena, struct look);
	struct availability_query *query = &look->query;

	look->api = arg;
	if (!parameter_id(req, "service", true, &query->service_id) ||
	    !parameter_id(req, "resource", false, &query->resource_id) || !parameter_date(req, "from", &query->from) ||
	    !parameter_date(req, "to", &query->to) || !parameter_int(req, "duration_min", &query->duration_min) ||
	    !parameter_int(req, "party", &query->party))
		return;
	if (query->to < query->from)
		problem_query(req, "to", "\"to\" lies before \"from\".");
	else if (query->to - query->from >= DAYS_MAX)
		problem_query(req, "to", "At most 92 days can be asked for at once.");
	else
		visit_begin(&look->visit, req, look->api->config.projector, look_there, look_back);
}
