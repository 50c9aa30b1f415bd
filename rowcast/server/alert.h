/*
 * Alerts: what an operator must know now. Each is a state that is raised and resolved, told when it changes and not
 * again: a log line (event "alert"), a metric, and, where a URL is given, a POST of a small JSON:
 *
 *   {"alert":"database-lost","state":"raised","text":"…","at":"2026-11-20T10:00:00Z"}
 *
 * The POST has a thread of its own with bounded time, retries and memory; nobody who raises an alert waits for it.
 */
#ifndef ROWCAST_SERVER_ALERT_H
#define ROWCAST_SERVER_ALERT_H

#include <stddef.h>

#include "rowcast/base/metric.h"
#include "rowcast/err.h"

struct alerts;

/* One that the program knows; static. Its metric is a gauge, 1 while it is raised. */
struct alert {
	const char *name; /* "database-lost" */
	struct metric *metric;
};

/* `url`: where they are posted; NULL or "": nowhere. Call before threads are started. */
int alerts_start(struct alerts **out, const struct alert *known, size_t count, const char *url,
		 struct rc_fault *fault) RC_MUST_CHECK;
/* What waits is still posted, for a second at most. NULL is legal, here and below. */
void alerts_stop(struct alerts *alerts);
/* Any thread. `name` is a known one; `text` one sentence: what happened, and what to do. */
void alert_raise(struct alerts *alerts, const char *name, const char *text);
void alert_resolve(struct alerts *alerts, const char *name, const char *text);

#endif
