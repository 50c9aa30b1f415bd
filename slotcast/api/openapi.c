/*
 * GET /v1/openapi.json: the description of this interface, made from protocol/openapi.yaml when the program is built.
 */
#include "slotcast/api/api_private.h"

extern const char openapi_json[];
extern const size_t openapi_json_len;

void openapi_get(struct http_request *req, void *arg)
{
	http_reply_header(req, "Cache-Control", RC_STR("max-age=300"));
	http_reply(req, 200, "application/json", (struct rc_str){openapi_json, openapi_json_len});
}
