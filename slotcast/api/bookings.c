/*
 * POST /v1/bookings, GET and PATCH /v1/bookings/{ref}, POST /v1/bookings/{ref}:cancel.
 */
#include "rowcast/io/clock.h"
#include "slotcast/api/api_private.h"
#include "slotcast/api/lookup.h"
#include "slotcast/api/op.h"
#include "slotcast/api/render.h"

#define REF_BYTES_MAX 64

void bookings_create(struct http_request *req, void *arg)
{
	struct op *op = op_open(arg, req, STORE_BOOK, 201, OP_KEY_REQUIRED, false);
	struct contact customer;

	if (!op)
		return;
	if (decode_has(&op->body, "hold")) {
		op->store.action = STORE_CONFIRM;
		op->store.ref = decode_text(&op->body, "hold", true, REF_BYTES_MAX);
		if (decode_has(&op->body, "service") || decode_has(&op->body, "start"))
			decode_fail(&op->body, PROBLEM_VALIDATION, "hold",
				    "Give either \"hold\", or \"service\" and \"start\"; not both.");
	} else {
		op_slot_fields(op);
	}
	customer = decode_customer(&op->body);
	op->store.customer_name = customer.name;
	op->store.customer_email = customer.email;
	op->store.customer_phone = customer.phone;
	op_begin(op);
}

void bookings_cancel(struct http_request *req, void *arg)
{
	op_by_ref(arg, req, STORE_CANCEL);
}

/*
 * If-Match names the version that the visitor looked at. A tag that no version has ("x", weak ones) matches nothing:
 * 412, when the booking exists. `*` names none: the place is given up for another one, so the version is required.
 */
static bool if_match(struct http_request *req, int64_t *version)
{
	struct rc_str tag = http_header(req, "If-Match");

	if (!tag.len || rc_str_is(tag, "*"))
		return false;
	*version = -1;
	if (tag.len > 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"' &&
	    rc_str_to_i64((struct rc_str){tag.ptr + 1, tag.len - 2}, version))
		*version = -1;
	return true;
}

void bookings_reschedule(struct http_request *req, void *arg)
{
	struct op *op = op_open(arg, req, STORE_RESCHEDULE, 200, OP_KEY_OPTIONAL, false);

	if (!op)
		return;
	op->store.ref = req->params[0];
	if (!if_match(req, &op->store.version))
		decode_fail(&op->body, PROBLEM_PRECONDITION_REQUIRED, "If-Match", NULL);
	op->store.start_us = decode_time(&op->body, "start");
	op->store.resource_id = decode_id(&op->body, "resource", false);
	op->store.duration_min = -1;
	op_begin(op);
}

static void get_back(struct visit *visit)
{
	struct lookup *lookup = (struct lookup *)visit;
	const struct store_booking *booking = &lookup->found.booking;
	struct buf text = BUF_INIT, body = BUF_INIT;

	if (lookup_failed(lookup))
		return;
	render_booking(&text, booking, store_now_us(lookup->api->config.store));
	render_position(&body, buf_str(&text), lookup->position);
	buf_release(&text);
	http_reply_header(visit->req, "ETag",
			  rc_str_from(rc_arena_printf(&visit->req->arena, "\"%lld\"", (long long)booking->version)));
	api_reply_json(visit->req, 200, buf_str(&body));
	buf_release(&body);
}

void bookings_get(struct http_request *req, void *arg)
{
	lookup_begin(arg, req, get_back);
}
