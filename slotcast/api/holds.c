/*
 * POST /v1/holds, POST /v1/holds/{ref}:release and :extend.
 */
#include "slotcast/api/api_private.h"
#include "slotcast/api/op.h"

void holds_create(struct http_request *req, void *arg)
{
	struct op *op = op_open(arg, req, STORE_HOLD, 201, OP_KEY_REQUIRED, false);

	if (!op)
		return;
	op_slot_fields(op);
	op_begin(op);
}

void holds_release(struct http_request *req, void *arg)
{
	op_by_ref(arg, req, STORE_RELEASE);
}

void holds_extend(struct http_request *req, void *arg)
{
	op_by_ref(arg, req, STORE_EXTEND);
}
