/*
 * GET /v1/venues and GET /v1/venues/{slug}: the catalog as it is, from memory.
 */
#include "slotcast/api/api_private.h"
#include "slotcast/api/problems.h"
#include "slotcast/api/render.h"

void venues_list(struct http_request *req, void *arg)
{
	struct catalog *catalog = api_catalog(arg);
	struct buf body = BUF_INIT;
	struct json_out json;

	json_init(&json, &body);
	json_begin_object(&json);
	json_key(&json, "venues");
	render_venues(&json, catalog);
	json_end(&json);
	catalog_drop(catalog);
	api_reply_json(req, 200, buf_str(&body));
	buf_release(&body);
}

void venues_get(struct http_request *req, void *arg)
{
	struct catalog *catalog = api_catalog(arg);
	const struct catalog_venue *venue = catalog_venue(catalog, req->params[0]);
	struct buf body = BUF_INIT;
	struct json_out json;

	if (venue) {
		json_init(&json, &body);
		render_venue(&json, venue);
		api_reply_json(req, 200, buf_str(&body));
	} else {
		problem_reply(req, PROBLEM_NOT_FOUND, "slug", "There is no venue with this name.");
	}
	catalog_drop(catalog);
	buf_release(&body);
}
