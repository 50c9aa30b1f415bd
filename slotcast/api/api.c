/*
 * The room's own object: routes, the shared catalog, and the operations that wait on the projector for the board.
 *
 * Waiting: an operation that arrives before its transaction is on the board joins `arrived` and asks for the feed to be
 * read. It is visible when its mark has come out of the feed (marks.h). When a reading begins, everything in `arrived`
 * moves to `waiting`; all of it was committed before, so where a look at the feed is a look at the database (SQLite) it
 * is visible too when the feed is empty: replays and refusals, which wrote nothing, and whoever waits across a new epoch.
 * Elsewhere every train is marked, and after a new epoch one that carries nothing passes those that the feed does not
 * deliver any more. Whoever waits longer than visible_time_us is told that the outcome is unknown, never something
 * untrue.
 */
#include "slotcast/api/api.h"

#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/server/rate_limiter.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/op.h"
#include "slotcast/api/outcome.h"
#include "slotcast/api/problems.h"
#include "slotcast/api/reader.h"
#include "slotcast/api/shell.h"

static const struct http_route routes[] = {
	{"GET", "/v1/venues", venues_list, NULL},
	{"GET", "/v1/venues/{slug}", venues_get, NULL},
	{"GET", "/v1/availability", availability_get, NULL},
	{"POST", "/v1/holds", holds_create, NULL},
	{"POST", "/v1/holds/{ref}:release", holds_release, NULL},
	{"POST", "/v1/holds/{ref}:extend", holds_extend, NULL},
	{"POST", "/v1/bookings", bookings_create, NULL},
	{"POST", "/v1/bookings/{ref}:cancel", bookings_cancel, NULL},
	{"GET", "/v1/bookings/{ref}.ics", bookings_calendar, NULL},
	{"GET", "/v1/bookings/{ref}", bookings_get, NULL},
	{"PATCH", "/v1/bookings/{ref}", bookings_reschedule, NULL},
	{"POST", "/v1/waitlist", waitlist_enter, NULL},
	{"GET", "/v1/openapi.json", openapi_get, NULL},
	{"GET", "/", pages_home, NULL},
	{"GET", "/v/{slug}", pages_venue, NULL},
	{"GET", "/b/{ref}", pages_booking, NULL},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))
#define PAGE_ROUTES 3 /* the last ones; only where the web build is embedded */

/* What other threads are told of the board. Only this thread writes it. */
static void publish(struct api *api)
{
	struct catalog *fresh = board_catalog(api->config.board), *old = api->catalog;

	if (fresh != old)
		catalog_acquire(fresh);
	pthread_mutex_lock(&api->lock);
	api->position = board_position(api->config.board);
	api->catalog = fresh;
	pthread_mutex_unlock(&api->lock);
	if (old && fresh != old)
		catalog_drop(old);
}

struct rc_position api_position(struct api *api)
{
	struct rc_position position;

	pthread_mutex_lock(&api->lock);
	position = api->position;
	pthread_mutex_unlock(&api->lock);
	return position;
}

struct catalog *api_catalog(struct api *api)
{
	struct catalog *catalog;

	pthread_mutex_lock(&api->lock);
	catalog = catalog_acquire(api->catalog);
	pthread_mutex_unlock(&api->lock);
	return catalog;
}

int api_create(struct api **out, const struct api_config *config, struct rc_fault *fault)
{
	struct api *api = rc_xcalloc(1, sizeof(*api));
	int err;

	api->config = *config;
	list_init(&api->arrived);
	list_init(&api->waiting);
	pthread_mutex_init(&api->lock, NULL);
	err = reader_start(&api->reader, config->url, config->store, fault);
	if (err) {
		free(api);
		return err;
	}
	publish(api);
	outcome_register_metrics();
	api->route_count = shell_any(config->files) ? ROUTE_COUNT : ROUTE_COUNT - PAGE_ROUTES;
	api->routes = rc_xcalloc(ROUTE_COUNT + 1, sizeof(*api->routes));
	memcpy(api->routes, routes, sizeof(routes));
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		api->routes[i].arg = api;
	*out = api;
	return 0;
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	reader_stop(api->reader);
	catalog_drop(api->catalog);
	pthread_mutex_destroy(&api->lock);
	buf_release(&api->memo.text);
	free(api->routes);
	free(api);
}

const struct http_route *api_routes(const struct api *api, size_t *count)
{
	*count = api->route_count;
	return api->routes;
}

void api_reply_json(struct http_request *req, int status, struct rc_str body)
{
	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	http_reply(req, status, status < 400 ? "application/json" : "application/problem+json", body);
}

bool api_admit(struct api *api, struct http_request *req)
{
	struct http_problem problem = problem_of(PROBLEM_RATE_LIMITED);
	char text[RATE_LIMITER_PEER_MAX];

	if (!rate_limiter_take(api->config.writes, rate_limiter_peer(req->peer, text), req->begun_us,
			       &problem.retry_after_s))
		return true;
	http_problem(req, &problem);
	return false;
}

static void release_visible(struct list *list)
{
	LIST_EACH_SAFE (node, list) {
		struct op *op = LIST_OWNER(node, struct op, waiting);

		if (!op_visible(op))
			continue;
		list_remove(node);
		op_finish(op);
	}
}

void api_catching_up(struct api *api)
{
	struct list *node;

	while ((node = list_pop_front(&api->arrived)))
		list_push_back(&api->waiting, node);
}

void api_advanced(struct api *api)
{
	publish(api);
	release_visible(&api->waiting);
	release_visible(&api->arrived);
}

void api_caught_up(struct api *api)
{
	struct list *node;

	while (!store_marks_all(api->config.store) && (node = list_pop_front(&api->waiting)))
		op_finish(LIST_OWNER(node, struct op, waiting));
}

void api_seen(struct api *api, struct rc_mark mark, struct rc_position position)
{
	marks_add(&api->marks, mark, position);
}

static void expire(struct api *api, struct list *list, int64_t now_us, int64_t *next_us)
{
	LIST_EACH_SAFE (node, list) {
		struct op *op = LIST_OWNER(node, struct op, waiting);

		if (op->deadline_us > now_us) {
			if (op->deadline_us < *next_us)
				*next_us = op->deadline_us;
			continue;
		}
		list_remove(node);
		op->expired = true;
		op_finish(op);
	}
}

static void deadline_passed(struct timer *timer)
{
	struct api *api = LIST_OWNER(timer, struct api, deadline);
	int64_t next_us = INT64_MAX;

	expire(api, &api->waiting, loop_now_us(api->config.projector), &next_us);
	expire(api, &api->arrived, loop_now_us(api->config.projector), &next_us);
	if (next_us < INT64_MAX)
		timer_start(api->config.projector, timer, next_us, deadline_passed);
}

void api_wait_for_board(struct api *api, struct list *node, int64_t *deadline_us)
{
	*deadline_us = loop_now_us(api->config.projector) + api->config.visible_time_us;
	list_push_back(&api->arrived, node);
	if (!api->deadline.index)
		timer_start(api->config.projector, &api->deadline, *deadline_us, deadline_passed);
	api->config.catch_up(api->config.arg);
}

void api_status(struct api *api, enum live_state state, int64_t behind_since_us)
{
	api->state = state;
	api->behind_since_us = behind_since_us;
	atomic_store_explicit(&api->refusing, state == LIVE_UNAVAILABLE, memory_order_relaxed);
}
