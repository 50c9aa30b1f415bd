/*
 * POST /v1/waitlist: a place in the line for a service and a window of time.
 */
#include "slotcast/api/api_private.h"
#include "slotcast/api/op.h"
#include "slotcast/booking/zone.h"

/* `from` and `to` are local dates (both included) or instants. Dates need the venue's zone, so the service is looked up
 * here. */
static void window(struct op *op)
{
	struct catalog *catalog = api_catalog(op->api);
	const struct catalog_service *service = catalog_service(catalog, op->store.service_id);
	bool from_is_date, to_is_date;

	op->store.start_us = decode_date_or_time(&op->body, "from", &from_is_date);
	op->store.window_end_us = decode_date_or_time(&op->body, "to", &to_is_date);
	if (op->body.fault)
		goto out;
	if (!service) {
		decode_fail(&op->body, PROBLEM_NOT_FOUND, "service", "There is no such service.");
		goto out;
	}
	if (from_is_date)
		op->store.start_us = zone_day_start(service->venue->zone, (int32_t)op->store.start_us);
	if (to_is_date)
		op->store.window_end_us = zone_day_start(service->venue->zone, (int32_t)op->store.window_end_us + 1);
	if (op->store.window_end_us <= op->store.start_us)
		decode_fail(&op->body, PROBLEM_VALIDATION, "to", "\"to\" lies before \"from\".");
out:
	catalog_drop(catalog);
}

void waitlist_enter(struct http_request *req, void *arg)
{
	struct op *op = op_open(arg, req, STORE_WAITLIST, 201, OP_KEY_OPTIONAL, false);
	struct contact customer;

	if (!op)
		return;
	op->store.service_id = decode_id(&op->body, "service", true);
	op->store.resource_id = decode_id(&op->body, "resource", false);
	op->store.party = decode_int(&op->body, "party", 1, INT32_MAX, 1);
	window(op);
	customer = decode_customer(&op->body);
	op->store.customer_name = customer.name;
	op->store.customer_email = customer.email;
	op->store.customer_phone = customer.phone;
	op_begin(op);
}
