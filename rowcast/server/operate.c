/*
 * Health, readiness and metrics over HTTP. Readiness asks its checks on every request: they only look at atomics, and
 * an answer from memory would be wrong exactly when it matters.
 */
#include "rowcast/server/operate.h"

#include "rowcast/server/metrics.h"

static void reply(struct http_request *req, const char *content_type, struct rc_str body)
{
	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	http_reply(req, 200, content_type, body);
}

static void handle_health(struct http_request *req, void *arg)
{
	reply(req, "application/json", RC_STR("{\"status\":\"ok\",\"version\":\"" ROWCAST_VERSION "\"}"));
}

/* Appends what is missing to `detail` for people and to `members` for machines; returns how many things. */
static size_t find_missing(const struct operate *operate, struct buf *detail, struct buf *members)
{
	size_t missing = 0;

	for (size_t i = 0; i < operate->check_count; i++) {
		const struct operate_check *check = &operate->checks[i];
		const char *why = check->missing(check->arg);

		if (!why)
			continue;
		buf_printf(detail, "%s%s: %s", missing ? "; " : "", check->name, why);
		buf_printf(members, "%s\"%s\"", missing ? "," : "", check->name);
		missing++;
	}
	if (atomic_load_explicit(&operate->draining, memory_order_relaxed)) {
		buf_printf(detail, "%sthe server is stopping", missing ? "; " : "");
		buf_printf(members, "%s\"draining\"", missing ? "," : "");
		missing++;
	}
	return missing;
}

static void handle_ready(struct http_request *req, void *arg)
{
	const struct operate *operate = arg;
	struct buf detail = BUF_INIT, members = BUF_INIT;

	buf_append_str(&members, RC_STR("\"not_ready\":["));
	if (find_missing(operate, &detail, &members) == 0) {
		reply(req, "application/json", RC_STR("{\"status\":\"ready\"}"));
	} else {
		buf_append_char(&members, ']');
		http_problem(req, &(struct http_problem){.status = 503,
							 .code = "unavailable",
							 .title = "Not ready",
							 .detail = buf_str(&detail),
							 .retryable = true,
							 .retry_after_s = 1,
							 .extra = buf_str(&members)});
	}
	buf_release(&detail);
	buf_release(&members);
}

static void handle_metrics(struct http_request *req, void *arg)
{
	struct buf body = BUF_INIT;

	metrics_print(&body);
	reply(req, METRICS_CONTENT_TYPE, buf_str(&body));
	buf_release(&body);
}

void operate_routes(struct operate *operate, struct http_route routes[OPERATE_ROUTES])
{
	routes[0] = (struct http_route){"GET", "/healthz", handle_health, operate};
	routes[1] = (struct http_route){"GET", "/readyz", handle_ready, operate};
	routes[2] = (struct http_route){"GET", "/metrics", handle_metrics, operate};
}

void operate_drain(struct operate *operate)
{
	atomic_store_explicit(&operate->draining, true, memory_order_relaxed);
}
