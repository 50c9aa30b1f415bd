/*
 * The waitlist: who comes first is asked first. The rank is how many wait for the same service before, plus one.
 */
#include "slotcast/store/train.h"

int waitlist_join(struct decision *decision)
{
	struct store_request *request = decision->request;
	const struct catalog_service *service = catalog_service(rules_catalog(decision->store->rules),
								request->service_id);
	struct waitlist row = {
		.nulls = request->resource_id ? 0 : WAITLIST_NULL_RESOURCE_ID,
		.service_id = request->service_id,
		.resource_id = request->resource_id,
		.window_start = request->start_us,
		.window_end = request->window_end_us,
		.party = request->party,
		.state = RC_STR("waiting"),
		.created_at = decision->now_us,
	};
	struct audit note = {.at = decision->now_us, .action = RC_STR("waitlist"), .ref = RC_STR("")};
	struct waitlist_ahead_row *ahead;
	int err;

	request->result = STORE_INVALID;
	if (!service || (request->resource_id && !service_uses(service, request->resource_id))) {
		request->result = STORE_NOT_FOUND;
		request->field = service ? "resource" : "service";
		return 0;
	}
	if (request->party < 1 || request->party > service->party_max) {
		request->field = "party";
		request->detail = rc_str_from(
			rc_arena_printf(request->arena, "The party must be from 1 to %d people.", service->party_max));
		return 0;
	}
	if (request->window_end_us <= request->start_us) {
		request->field = "to";
		request->detail = RC_STR("The window must end after it begins.");
		return 0;
	}
	request->result = STORE_DONE;
	err = decision_write(decision);
	if (!err)
		err = customer_make(decision, &row.customer_id);
	if (!err)
		err = waitlist_insert(decision->tx, &row);
	if (!err)
		err = waitlist_ahead(decision->tx, decision->arena, row.service_id, row.id, &ahead);
	if (err)
		return err;
	request->waitlist_id = row.id;
	request->waitlist_rank = ahead->ahead + 1;
	note.detail = rc_str_from(rc_arena_printf(decision->arena, "entry %lld", (long long)row.id));
	return audit_insert(decision->tx, &note);
}
