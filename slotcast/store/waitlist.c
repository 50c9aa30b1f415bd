/*
 * The waitlist: who comes first is asked first. The rank is how many wait for the same service before, plus one.
 *
 * Whoever asks a second time for the same gets a second place, behind; the first one stands. To answer with the place that
 * is there would be kinder to somebody who has forgotten, but anybody can ask in his name: who knows an e-mail address would
 * learn what its owner waits for. Not even a hidden second place would do, because ranks can be counted. A second click is
 * no second wish: pages send an Idempotency-Key.
 */
#include "slotcast/store/train.h"

/* False: refused. */
static bool check(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct catalog_service *service = catalog_service(rules_catalog(decision->store->rules),
								request->service_id);

	request->result = STORE_INVALID;
	if (!service || !service->resource_count ||
	    (request->resource_id && !service_uses(service, request->resource_id))) {
		request->result = STORE_NOT_FOUND;
		request->field = service && service->resource_count ? "resource" : "service";
	} else if (request->party < 1 || request->party > service->party_max) {
		request->field = "party";
		request->detail = rc_str_from(
			rc_arena_printf(request->arena, "The party must be from 1 to %d people.", service->party_max));
	} else if (request->window_end_us <= request->start_us) {
		request->field = "to";
		request->detail = RC_STR("The window must end after it begins.");
	} else if (request->window_end_us <= decision->now_us) {
		request->field = "to";
		request->detail = RC_STR("This time has passed. Please choose a later one.");
	} else {
		request->result = STORE_DONE;
	}
	return request->result == STORE_DONE;
}

int waitlist_join(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct waitlist row = {
		.nulls = request->resource_id ? 0 : WAITLIST_NULL_RESOURCE_ID,
		.service_id = request->service_id,
		.resource_id = request->resource_id,
		.window_start = request->start_us,
		.window_end = request->window_end_us,
		.party = request->party,
		.state = RC_STR("waiting"),
		.created_at = decision->now_us,
	};

	if (!check(decision))
		return 0;
	YARD_PUSH(&decision->yard->waitlist, row);
	YARD_PUSH(&decision->yard->waiters, (struct yard_waiter){customer_add(decision), request});
	return 0;
}
