#include "rowcast/feed/mariadb/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"

int maria_queue_init(struct queue *queue, struct rc_fault *fault)
{
	pthread_condattr_t attributes;

	*queue = (struct queue){.bytes_max = QUEUE_BYTES_MAX};
	list_init(&queue->items);
	queue->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->event_fd < 0)
		return rc_fault_set(fault, RC_IO, "cannot make the feed's descriptor: %s", strerror(errno));
	rc_check(pthread_mutex_init(&queue->lock, NULL) == 0);
	rc_check(pthread_condattr_init(&attributes) == 0);
	rc_check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	rc_check(pthread_cond_init(&queue->changed, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
	return RC_OK;
}

void maria_queue_free(struct queue_item *item)
{
	buf_release(&item->bytes);
	free(item);
}

static void drop_all(struct queue *queue)
{
	struct list *node;

	while ((node = list_pop_front(&queue->items)))
		maria_queue_free(LIST_OWNER(node, struct queue_item, node));
	queue->bytes = 0;
}

void maria_queue_release(struct queue *queue)
{
	if (queue->event_fd < 0)
		return;
	drop_all(queue);
	close(queue->event_fd);
	queue->event_fd = -1;
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
}

void maria_queue_clear(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	drop_all(queue);
	queue->state = QUEUE_STARTING;
	queue->stopping = false;
	pthread_mutex_unlock(&queue->lock);
}

static void wake_owner(struct queue *queue)
{
	const uint64_t one = 1;

	/* Full: it is readable already. */
	if (write(queue->event_fd, &one, sizeof(one)) < 0)
		rc_check(errno == EAGAIN);
}

bool maria_queue_push(struct queue *queue, const struct queue_item *item)
{
	struct queue_item *copy = rc_xmalloc(sizeof(*copy));
	bool stopping, was_empty;

	*copy = *item;
	pthread_mutex_lock(&queue->lock);
	while (!queue->stopping && queue->bytes > 0 && queue->bytes + item->bytes.len > queue->bytes_max)
		pthread_cond_wait(&queue->changed, &queue->lock);
	stopping = queue->stopping;
	was_empty = list_empty(&queue->items);
	if (!stopping) {
		list_push_back(&queue->items, &copy->node);
		queue->bytes += item->bytes.len;
	}
	pthread_mutex_unlock(&queue->lock);
	if (stopping)
		maria_queue_free(copy);
	else if (was_empty)
		wake_owner(queue);
	return !stopping;
}

void maria_queue_say(struct queue *queue, enum queue_state state, const char *why)
{
	bool news;

	pthread_mutex_lock(&queue->lock);
	news = queue->state != state;
	queue->state = state;
	if (why != queue->why)
		snprintf(queue->why, sizeof(queue->why), "%s", why ? why : "");
	pthread_mutex_unlock(&queue->lock);
	if (news)
		wake_owner(queue);
}

bool maria_queue_sleep(struct queue *queue, int64_t us)
{
	struct timespec until;
	int result = 0;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += us % 1000000 * 1000;
	until.tv_sec += us / 1000000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&queue->lock);
	while (!queue->stopping && result == 0)
		result = pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
	stopping = queue->stopping;
	pthread_mutex_unlock(&queue->lock);
	return !stopping;
}

int maria_queue_pop(struct queue *queue, struct queue_item **out, enum queue_state *state)
{
	struct list *node;

	pthread_mutex_lock(&queue->lock);
	node = list_pop_front(&queue->items);
	*state = queue->state;
	if (node) {
		*out = LIST_OWNER(node, struct queue_item, node);
		queue->bytes -= (*out)->bytes.len;
		pthread_cond_broadcast(&queue->changed);
	}
	pthread_mutex_unlock(&queue->lock);
	if (node)
		return RC_OK;
	switch (*state) {
	case QUEUE_STARTING:
	case QUEUE_READING:
		return RC_AGAIN;
	case QUEUE_UNAVAILABLE:
		return RC_UNAVAILABLE;
	case QUEUE_BROKEN:
	case QUEUE_ANOTHER:
		break;
	}
	return RC_GONE;
}

void maria_queue_stop(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void maria_queue_attend(struct queue *queue)
{
	uint64_t count;

	if (read(queue->event_fd, &count, sizeof(count)) < 0)
		rc_check(errno == EAGAIN || errno == EINTR);
}
