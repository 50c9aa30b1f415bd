/*
 * What a reading thread hands to the feed's owner: whole transactions in order, a bounded number of bytes of them, and
 * one descriptor that is readable when there is something to look at.
 */
#ifndef ROWCAST_FEED_MARIADB_QUEUE_H
#define ROWCAST_FEED_MARIADB_QUEUE_H

#include <pthread.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/list.h"
#include "rowcast/change.h"
#include "rowcast/feed/mariadb/event.h"

#define QUEUE_BYTES_MAX ((size_t)64 << 20) /* one transaction may be larger */

struct queue_item {
	struct list node;
	uint64_t n;
	int64_t committed_us;
	struct rc_mark mark; /* where the bytes do not hold it */
	struct buf bytes;
};

enum queue_state {
	QUEUE_STARTING,
	QUEUE_READING,
	QUEUE_UNAVAILABLE, /* the server cannot be read now */
	QUEUE_BROKEN,      /* behind the last item: history cannot be followed; `why` */
	QUEUE_ANOTHER,     /* somebody else began an epoch; `why` */
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* room, or stopping */
	struct list items;
	size_t bytes, bytes_max;
	enum queue_state state;
	bool stopping;
	int event_fd;
	char why[256];
};

int maria_queue_init(struct queue *queue, struct rc_fault *fault) RC_MUST_CHECK;
void maria_queue_release(struct queue *queue);
/* Before the thread starts: empty, QUEUE_STARTING. */
void maria_queue_clear(struct queue *queue);

/* The reader's side. push waits for room; false: stop. Takes item->bytes. */
bool maria_queue_push(struct queue *queue, const struct queue_item *item);
void maria_queue_say(struct queue *queue, enum queue_state state, const char *why);
/* Wait; false: stop. */
bool maria_queue_sleep(struct queue *queue, int64_t us);

/* The owner's side. RC_OK: free the item with queue_free; RC_AGAIN; RC_UNAVAILABLE; RC_GONE: *state says how. */
int maria_queue_pop(struct queue *queue, struct queue_item **out, enum queue_state *state) RC_MUST_CHECK;
void maria_queue_free(struct queue_item *item);
void maria_queue_stop(struct queue *queue);
void maria_queue_attend(struct queue *queue);

#endif
