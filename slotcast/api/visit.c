/*
 * Two hops of one message. The message is re-used for the way back, so that a visit allocates nothing.
 */
#include "slotcast/api/visit.h"

#include "slotcast/api/problems.h"

static void visit_return(struct message *message)
{
	struct visit *visit = (struct visit *)message;

	visit->back(visit);
}

static void visit_arrive(struct message *message)
{
	struct visit *visit = (struct visit *)message;

	visit->there(visit);
	message->deliver = visit_return;
	loop_post(visit->req->loop, message);
}

void visit_begin(struct visit *visit, struct http_request *req, struct loop *loop, void (*there)(struct visit *visit),
		 void (*back)(struct visit *visit))
{
	visit->req = req;
	visit->there = there;
	visit->back = back;
	visit->message.deliver = visit_arrive;
	if (loop_offer(loop, &visit->message))
		problem_reply(req, PROBLEM_UNAVAILABLE, NULL,
			      "The server has too much to do. Please try again in a moment.");
}
