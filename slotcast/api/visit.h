/*
 * A read that needs another thread: reactor → there → back. Embedded in the handler's own struct, which lives in the
 * request's arena; while it is away the arena belongs to the thread it visits.
 */
#ifndef SLOTCAST_API_VISIT_H
#define SLOTCAST_API_VISIT_H

#include "rowcast/http/http.h"

struct visit {
	struct message message; /* first */
	struct http_request *req;
	void (*there)(struct visit *visit); /* on the other thread: look things up */
	void (*back)(struct visit *visit);  /* on the reactor: answer */
};

/* Send the visit to `loop`; when too many wait there already, the request is answered 503 `unavailable` at once. */
void visit_begin(struct visit *visit, struct http_request *req, struct loop *loop, void (*there)(struct visit *visit),
		 void (*back)(struct visit *visit));

#endif
