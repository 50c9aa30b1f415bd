/*
 * The event loop: one per thread, level-triggered epoll, one turn readable on one screen (loop.c, loop_turn):
 *
 *   read clock → epoll_wait → ready descriptors → messages from other threads → due timers → hooks (flush) → deferred
 * frees
 *
 * Only the last phase frees, so a handler may end any object, its own included, in mid-turn.
 * Everything but loop_post, loop_offer and loop_stop belongs to the loop's own thread.
 */
#ifndef ROWCAST_IO_LOOP_H
#define ROWCAST_IO_LOOP_H

#include <stdatomic.h>
#include <stdint.h>

#include "rowcast/base/list.h"
#include "rowcast/err.h"

struct loop;

int loop_create(struct loop **out, struct rc_fault *fault) RC_MUST_CHECK;
void loop_destroy(struct loop *loop);
/* Run turns until loop_stop; returns 0. */
int loop_run(struct loop *loop) RC_MUST_CHECK;
/* One turn: waits at most wait_us (0: poll, -1: until an event). For tests and for loops that live inside another one.
 */
int loop_turn(struct loop *loop, int64_t wait_us) RC_MUST_CHECK;
void loop_stop(struct loop *loop); /* any thread, also a signal handler */
/* Monotonic µs, read once per turn. */
int64_t loop_now_us(const struct loop *loop);

/* A watched descriptor, embedded in its owner. There may be very many, of few kinds: so it has a kind, no pointer. */
struct watch {
	int fd;
	uint16_t events; /* EPOLLIN | EPOLLOUT as armed */
	uint8_t kind;    /* the loop's number for `ready` */
};

typedef void watch_ready(struct watch *watch, uint32_t events);
int watch_add(struct loop *loop, struct watch *watch, uint32_t events, watch_ready *ready) RC_MUST_CHECK;
int watch_change(struct loop *loop, struct watch *watch, uint32_t events) RC_MUST_CHECK;
void watch_remove(struct loop *loop, struct watch *watch); /* no more calls, not even in this turn; the fd stays open */

/* A timer, embedded in its owner; zeroed = stopped. Starting a started one moves it. */
struct timer {
	int64_t due_us; /* monotonic */
	uint32_t index; /* place in the heap + 1; 0: stopped */
	void (*fire)(struct timer *timer);
};

void timer_start(struct loop *loop, struct timer *timer, int64_t due_us, void (*fire)(struct timer *timer));
void timer_stop(struct loop *loop, struct timer *timer);

/* Called at the end of every turn, in the order of adding: the place to flush. */
struct loop_hook {
	struct list list;
	void (*run)(struct loop_hook *hook);
};

void loop_hook_add(struct loop *loop, struct loop_hook *hook);
void loop_hook_remove(struct loop_hook *hook);

/* Free something when the turn is over. */
struct deferred {
	struct deferred *next;
	void (*run)(struct deferred *deferred);
};

void loop_defer(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *deferred));

/*
 * A message to another thread's loop: embedded in the operation that it carries, so that passing it allocates nothing.
 * It belongs to the receiver from the call until `deliver` is called there. Lock-free, FIFO per sender.
 */
struct message {
	_Atomic(struct message *) next;
	void (*deliver)(struct message *message);
};

/* Answers and completions: always accepted; their number is bounded by the operations that were admitted. */
void loop_post(struct loop *loop, struct message *message);
/* New work: RC_AGAIN when `loop_set_backlog` messages wait already. */
int loop_offer(struct loop *loop, struct message *message) RC_MUST_CHECK;
void loop_set_backlog(struct loop *loop, int64_t messages_max);
int64_t loop_backlog(const struct loop *loop); /* messages waiting now, for metrics */

#endif
