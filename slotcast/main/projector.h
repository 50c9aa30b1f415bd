/*
 * The projector: the one thread that reads the change feed and turns it into what people see. It owns the feed, the
 * board and the hub's topics; others talk to it through messages to its loop.
 */
#ifndef SLOTCAST_MAIN_PROJECTOR_H
#define SLOTCAST_MAIN_PROJECTOR_H

#include "rowcast/shape/shapes.h"
#include "slotcast/api/api.h"

struct projector;

struct projector_config {
	const char *url;
	struct rc_feed_options feed;
	int host; /* of a URL that names several servers: the one to read, from 1 on; 0: any */
	struct shapes_limits shapes;
	struct alerts *alerts; /* told of `feed-gap` and `feed-behind`; NULL: nobody */
};

/* Open the feed and load the board on the calling thread; nothing runs yet. */
int projector_create(struct projector **out, const struct projector_config *config,
		     struct rc_fault *fault) RC_MUST_CHECK;
struct loop *projector_loop(const struct projector *projector);
struct board *projector_board(const struct projector *projector);
struct shapes *projector_shapes(const struct projector *projector);
/* Who is told: the hub of the live endpoints, the interface's waiting answers, the store when a new epoch begins. Then
 * run. */
int projector_start(struct projector *projector, struct hub *hub, struct api *api, struct store *store,
		    struct rc_fault *fault) RC_MUST_CHECK;
/* Any thread: something was committed, or the store stopped or goes on (store_on_news), or must be read now. `arg` is
 * the projector. */
void projector_wake(void *arg);
/* For struct api_config: the same from the projector's own thread. */
void projector_catch_up(void *arg);
/* NULL: it follows the database; else a sentence that says what is wrong. Any thread. */
const char *projector_missing(void *arg);
/* Stop the thread; what was committed before is applied first. */
void projector_stop(struct projector *projector);
void projector_destroy(struct projector *projector);

#endif
