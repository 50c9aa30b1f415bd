/*
 * A visit to the reader.
 */
#include "slotcast/api/lookup.h"

#include "slotcast/api/api_private.h"
#include "slotcast/api/problems.h"

static void look(struct visit *visit)
{
	struct lookup *lookup = (struct lookup *)visit;

	lookup->position = api_position(lookup->api); /* before it is read: what is read is that new, or newer */
	lookup->err = reader_booking(lookup->api->reader, &visit->req->arena, visit->req->params[0], &lookup->found);
	if (lookup->found.log_head)
		lookup->position.n = lookup->found.log_head;
}

void lookup_begin(struct api *api, struct http_request *req, void (*back)(struct visit *visit))
{
	struct lookup *lookup = RC_ARENA_NEW(&req->arena, struct lookup);

	lookup->api = api;
	visit_begin(&lookup->visit, req, reader_loop(api->reader), look, back);
}

bool lookup_failed(struct lookup *lookup)
{
	if (lookup->err == RC_NOT_FOUND)
		problem_reply(lookup->visit.req, PROBLEM_NOT_FOUND, "ref", "There is no booking with this reference.");
	else if (lookup->err)
		problem_reply(
			lookup->visit.req, PROBLEM_UNAVAILABLE, NULL,
			"The booking cannot be looked up at the moment. It is safe; please try again in a moment.");
	return lookup->err != 0;
}
