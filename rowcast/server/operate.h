/*
 * What an operator touches: health, readiness and metrics over HTTP, signals, file limits.
 */
#ifndef ROWCAST_SERVER_OPERATE_H
#define ROWCAST_SERVER_OPERATE_H

#include "rowcast/http/http.h"

/* One thing that must work before requests can be served. */
struct operate_check {
	const char *name; /* "database" */
	/* Any reactor thread: looks at atomics, never waits. NULL: ready; else a sentence that says what is missing. */
	const char *(*missing)(void *arg);
	void *arg;
};

struct operate {
	const struct operate_check *checks;
	size_t check_count;
	_Atomic bool draining; /* set by operate_drain: not ready any more */
};

#define OPERATE_ROUTES_PUBLIC 2 /* the first: /healthz, /readyz */
#define OPERATE_ROUTES        3 /* and /metrics */

/* Fill the routes; they and `operate` must outlive the servers. Handlers run on whatever loop the server has. */
void operate_routes(struct operate *operate, struct http_route routes[OPERATE_ROUTES]);
/* From now on /readyz answers 503, so that a load balancer looks elsewhere. Any thread. */
void operate_drain(struct operate *operate);

/*
 * Signals. Call operate_signals_start on the main thread before any other thread is created: they inherit its mask. The
 * first SIGTERM, SIGINT or SIGHUP calls `stop` on the loop; the second ends the process at once with status 1, even
 * when the loop hangs. SIGPIPE is ignored.
 */
struct operate_signals {
	struct watch watch;
	struct loop *loop;
	void (*stop)(void *arg);
	void *arg;
};

int operate_signals_start(struct operate_signals *signals, struct loop *loop, void (*stop)(void *arg), void *arg,
			  struct rc_fault *fault) RC_MUST_CHECK;
void operate_signals_release(struct operate_signals *signals);

/* Raise the limit of open files to what the system allows, log it and return it. */
int64_t operate_raise_file_limit(void);

#endif
