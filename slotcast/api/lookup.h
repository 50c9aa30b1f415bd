/*
 * A visit to the reader for one booking; three handlers answer it differently: JSON, calendar, page.
 */
#ifndef SLOTCAST_API_LOOKUP_H
#define SLOTCAST_API_LOOKUP_H

#include "slotcast/api/api.h"
#include "slotcast/api/reader.h"
#include "slotcast/api/visit.h"

struct lookup {
	struct visit visit; /* first */
	struct api *api;
	int err;
	struct reader_booking found;
	struct rc_position position; /* of the state that was read */
};

/* Look up the booking that the first path parameter names. */
void lookup_begin(struct api *api, struct http_request *req, void (*back)(struct visit *visit));
/* True: it was not found or cannot be read, and the request has been answered with a problem. */
bool lookup_failed(struct lookup *lookup);

#endif
