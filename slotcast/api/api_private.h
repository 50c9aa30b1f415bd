/*
 * What the files of this room share.
 */
#ifndef SLOTCAST_API_API_PRIVATE_H
#define SLOTCAST_API_API_PRIVATE_H

#include <pthread.h>

#include "slotcast/api/api.h"
#include "slotcast/api/marks.h"

struct reader;

#define ALTERNATIVES_MAX 5

/* The last list of alternatives: in a storm for one slot everybody asks for the same one. Projector thread. */
struct alternatives_memo {
	int64_t turn_us; /* the turn that made it; older ones are stale */
	int64_t service_id, resource_id, start_us;
	int32_t duration_min, party;
	struct buf text;
};

struct api {
	struct api_config config;
	struct http_route *routes;
	size_t route_count;
	struct reader *reader;
	_Atomic bool refusing; /* the state is `unavailable`: no write is begun */

	pthread_mutex_t lock; /* guards these two only, for an instant */
	struct catalog *catalog;
	struct rc_position position; /* of the board */

	/* projector thread */
	struct list arrived; /* operations that came since the feed was last opened for reading */
	struct list waiting; /* operations that are answered when this reading ends */
	struct timer deadline;
	struct marks marks; /* this server's newest transactions on the board */
	enum live_state state;
	int64_t behind_since_us;
	struct alternatives_memo memo;
};

/* The catalog in force, acquired. Any thread; takes a lock for an instant, so not for the hot path. */
struct catalog *api_catalog(struct api *api);
/* The board's position as answers have told it, or newer. Any thread. */
struct rc_position api_position(struct api *api);
/* Common fields of every answer of /v1. */
void api_reply_json(struct http_request *req, int status, struct rc_str body);
/* A write: false when the caller had too many and has been answered. */
bool api_admit(struct api *api, struct http_request *req);
/* Projector thread. */
void api_wait_for_board(struct api *api, struct list *node, int64_t *deadline_us);

/* Handlers; arg is the struct api. */
void venues_list(struct http_request *req, void *arg);
void venues_get(struct http_request *req, void *arg);
void availability_get(struct http_request *req, void *arg);
void holds_create(struct http_request *req, void *arg);
void holds_release(struct http_request *req, void *arg);
void holds_extend(struct http_request *req, void *arg);
void bookings_create(struct http_request *req, void *arg);
void bookings_get(struct http_request *req, void *arg);
void bookings_calendar(struct http_request *req, void *arg);
void bookings_cancel(struct http_request *req, void *arg);
void bookings_reschedule(struct http_request *req, void *arg);
void waitlist_enter(struct http_request *req, void *arg);
void openapi_get(struct http_request *req, void *arg);
void pages_home(struct http_request *req, void *arg);
void pages_venue(struct http_request *req, void *arg);
void pages_booking(struct http_request *req, void *arg);

#endif
