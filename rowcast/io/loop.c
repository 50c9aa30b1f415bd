/*
 * The event loop. loop_turn() below is the whole of it; the rest of the file serves its phases.
 *
 * Design: level-triggered epoll, so that a handler may read as little as it likes and nothing is ever missed; a binary
 * heap of timers; a mailbox for other threads; hooks at the end of the turn, where what the turn produced is flushed;
 * frees last.
 *
 * Rejected: edge-triggered epoll (each handler must drain its socket, so one greedy peer delays the others), io_uring
 * (measured: brings nothing for this load, see docs), libuv (a dependency for 300 lines, and a handle per object).
 *
 * Invariants: a removed watch is not called again, not even for an event that this turn has already fetched; a phase
 * handles what was there when it began, so no phase can starve the others.
 */
#include "rowcast/io/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/io/clock.h"
#include "rowcast/io/mailbox.h"

#define EVENTS_PER_TURN   256
#define MESSAGES_PER_TURN 4096
#define WATCH_KINDS       16

struct loop {
	struct mailbox mailbox;
	_Atomic bool stopping;
	int64_t backlog_max;
	watch_ready *kinds[WATCH_KINDS];
	int epoll_fd, wake_fd;
	bool coarse_wait; /* a kernel without epoll_pwait2 */
	int64_t now_us;
	struct watch wake;
	struct epoll_event events[EVENTS_PER_TURN];
	int event_count, event_at;
	struct timer **timers; /* binary heap, earliest first */
	size_t timer_count, timer_capacity;
	struct list hooks;
	struct deferred *deferred, **deferred_end;
};

static int64_t loop_wait_us(struct loop *loop, int64_t wait_us);
static int loop_poll(struct loop *loop, int64_t wait_us) RC_MUST_CHECK;
static void loop_dispatch(struct loop *loop);
static void loop_deliver(struct loop *loop);
static void loop_fire(struct loop *loop);
static void loop_flush(struct loop *loop);
static void loop_free(struct loop *loop);

int loop_turn(struct loop *loop, int64_t wait_us)
{
	int err = loop_poll(loop, loop_wait_us(loop, wait_us));

	if (err)
		return err;
	loop->now_us = clock_mono_us();
	loop_dispatch(loop);
	loop_deliver(loop);
	loop_fire(loop);
	loop_flush(loop);
	loop_free(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	while (!err && !atomic_load_explicit(&loop->stopping, memory_order_acquire))
		err = loop_turn(loop, -1);
	atomic_store(&loop->stopping, false);
	return err;
}

static void wake_ready(struct watch *watch, uint32_t events)
{
	uint64_t count;

	if (read(watch->fd, &count, sizeof(count)) < 0)
		rc_check(errno == EAGAIN || errno == EINTR);
}

int loop_create(struct loop **out, struct rc_fault *fault)
{
	struct loop *loop = aligned_alloc(64, (sizeof(*loop) + 63) / 64 * 64);
	int err = 0;

	rc_check(loop);
	*loop = (struct loop){.backlog_max = INT64_MAX, .epoll_fd = -1, .wake_fd = -1};
	mailbox_init(&loop->mailbox);
	atomic_init(&loop->stopping, false);
	list_init(&loop->hooks);
	loop->deferred_end = &loop->deferred;
	loop->now_us = clock_mono_us();
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0) {
		err = rc_fault_set(fault, RC_IO, "cannot create an event loop: error %d of the system", errno);
		goto out;
	}
	loop->wake = (struct watch){.fd = loop->wake_fd};
	err = watch_add(loop, &loop->wake, EPOLLIN, wake_ready);
	if (err)
		rc_fault_set(fault, err, "cannot create an event loop: error %d of the system", errno);
out:
	if (err) {
		loop_destroy(loop);
		loop = NULL;
	}
	*out = loop;
	return err;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->deferred)
		loop_free(loop);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop->timers);
	free(loop);
}

static void loop_wake(struct loop *loop)
{
	uint64_t one = 1;
	ssize_t written = write(loop->wake_fd, &one, sizeof(one)); /* EAGAIN: it is awake by 2^64 calls already */

	(void)written;
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopping, true);
	loop_wake(loop);
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

/* Waiting. */

static int64_t loop_wait_us(struct loop *loop, int64_t wait_us)
{
	int64_t until_timer_us;

	if (loop->deferred)
		return 0;
	if (loop->timer_count == 0 || wait_us == 0)
		return wait_us;
	until_timer_us = loop->timers[0]->due_us - clock_mono_us();
	if (until_timer_us < 0)
		until_timer_us = 0;
	return wait_us < 0 || until_timer_us < wait_us ? until_timer_us : wait_us;
}

static int loop_poll(struct loop *loop, int64_t wait_us)
{
	struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};

	if (wait_us != 0 && !mailbox_may_sleep(&loop->mailbox))
		wait = (struct timespec){0}, wait_us = 0;
	loop->event_at = loop->event_count = 0;
	if (!loop->coarse_wait) {
		loop->event_count = epoll_pwait2(loop->epoll_fd, loop->events, EVENTS_PER_TURN,
						 wait_us < 0 ? NULL : &wait, NULL);
		if (loop->event_count < 0 && (errno == ENOSYS || errno == EPERM))
			loop->coarse_wait = true;
	}
	if (loop->coarse_wait) {
		int64_t wait_ms = wait_us < 0 ? -1 : (wait_us + 999) / 1000;

		loop->event_count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN,
					       wait_ms > 3600000 ? 3600000 : (int)wait_ms);
	}
	mailbox_awake(&loop->mailbox);
	if (loop->event_count >= 0)
		return 0;
	loop->event_count = 0;
	return errno == EINTR ? 0 : RC_IO;
}

/* Descriptors. */

static void loop_dispatch(struct loop *loop)
{
	while (loop->event_at < loop->event_count) {
		const struct epoll_event *event = &loop->events[loop->event_at++];
		struct watch *watch = event->data.ptr;

		if (watch)
			loop->kinds[watch->kind](watch, event->events);
	}
}

static int watch_control(struct loop *loop, struct watch *watch, int op, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (epoll_ctl(loop->epoll_fd, op, watch->fd, &event) != 0)
		return RC_IO;
	watch->events = (uint16_t)events;
	return 0;
}

int watch_add(struct loop *loop, struct watch *watch, uint32_t events, watch_ready *ready)
{
	watch->kind = 0;
	while (loop->kinds[watch->kind] && loop->kinds[watch->kind] != ready)
		watch->kind++;
	rc_check(watch->kind < WATCH_KINDS - 1); /* the last one stays NULL */
	loop->kinds[watch->kind] = ready;
	return watch_control(loop, watch, EPOLL_CTL_ADD, events);
}

int watch_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return watch->events == events ? 0 : watch_control(loop, watch, EPOLL_CTL_MOD, events);
}

void watch_remove(struct loop *loop, struct watch *watch)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	for (int i = loop->event_at; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	}
}

/* Messages. */

void loop_post(struct loop *loop, struct message *message)
{
	atomic_fetch_add_explicit(&loop->mailbox.waiting, 1, memory_order_relaxed);
	if (mailbox_put(&loop->mailbox, message))
		loop_wake(loop);
}

int loop_offer(struct loop *loop, struct message *message)
{
	if (atomic_fetch_add_explicit(&loop->mailbox.waiting, 1, memory_order_relaxed) >= loop->backlog_max) {
		atomic_fetch_sub_explicit(&loop->mailbox.waiting, 1, memory_order_relaxed);
		return RC_AGAIN;
	}
	if (mailbox_put(&loop->mailbox, message))
		loop_wake(loop);
	return 0;
}

void loop_set_backlog(struct loop *loop, int64_t messages_max)
{
	loop->backlog_max = messages_max;
}

int64_t loop_backlog(const struct loop *loop)
{
	return atomic_load_explicit(&loop->mailbox.waiting, memory_order_relaxed);
}

static void loop_deliver(struct loop *loop)
{
	int64_t left = atomic_load_explicit(&loop->mailbox.waiting, memory_order_relaxed);
	struct message *message;

	if (left > MESSAGES_PER_TURN)
		left = MESSAGES_PER_TURN;
	while (left-- > 0 && (message = mailbox_take(&loop->mailbox))) {
		atomic_fetch_sub_explicit(&loop->mailbox.waiting, 1, memory_order_relaxed);
		message->deliver(message);
	}
}

/* Timers. */

static void heap_place(struct loop *loop, size_t at, struct timer *timer)
{
	loop->timers[at] = timer;
	timer->index = (uint32_t)at + 1;
}

static void heap_up(struct loop *loop, size_t at, struct timer *timer)
{
	while (at > 0 && loop->timers[(at - 1) / 2]->due_us > timer->due_us) {
		heap_place(loop, at, loop->timers[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_place(loop, at, timer);
}

static void heap_down(struct loop *loop, size_t at, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= loop->timer_count)
			break;
		if (child + 1 < loop->timer_count && loop->timers[child + 1]->due_us < loop->timers[child]->due_us)
			child++;
		if (loop->timers[child]->due_us >= timer->due_us)
			break;
		heap_place(loop, at, loop->timers[child]);
		at = child;
	}
	heap_place(loop, at, timer);
}

void timer_start(struct loop *loop, struct timer *timer, int64_t due_us, void (*fire)(struct timer *timer))
{
	timer_stop(loop, timer);
	timer->due_us = due_us;
	timer->fire = fire;
	if (loop->timer_count == loop->timer_capacity) {
		loop->timer_capacity = loop->timer_capacity ? loop->timer_capacity * 2 : 64;
		loop->timers = rc_xrealloc(loop->timers, loop->timer_capacity * sizeof(struct timer *));
	}
	heap_up(loop, loop->timer_count++, timer);
}

void timer_stop(struct loop *loop, struct timer *timer)
{
	size_t at = timer->index;
	struct timer *last;

	if (at-- == 0)
		return;
	rc_check(at < loop->timer_count && loop->timers[at] == timer);
	timer->index = 0;
	last = loop->timers[--loop->timer_count];
	if (last == timer)
		return;
	if (at > 0 && loop->timers[(at - 1) / 2]->due_us > last->due_us)
		heap_up(loop, at, last);
	else
		heap_down(loop, at, last);
}

/* A timer may start itself anew, even due at once: `left` ends the phase all the same. */
static void loop_fire(struct loop *loop)
{
	size_t left = loop->timer_count;

	while (left-- > 0 && loop->timer_count > 0 && loop->timers[0]->due_us <= loop->now_us) {
		struct timer *timer = loop->timers[0];

		timer_stop(loop, timer);
		timer->fire(timer);
	}
}

/* The end of the turn. */

void loop_hook_add(struct loop *loop, struct loop_hook *hook)
{
	list_push_back(&loop->hooks, &hook->list);
}

void loop_hook_remove(struct loop_hook *hook)
{
	list_remove(&hook->list);
}

static void loop_flush(struct loop *loop)
{
	LIST_EACH_SAFE (node, &loop->hooks) {
		struct loop_hook *hook = LIST_OWNER(node, struct loop_hook, list);

		hook->run(hook);
	}
}

void loop_defer(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *deferred))
{
	deferred->next = NULL;
	deferred->run = run;
	*loop->deferred_end = deferred;
	loop->deferred_end = &deferred->next;
}

static void loop_free(struct loop *loop)
{
	struct deferred *deferred = loop->deferred;

	loop->deferred = NULL;
	loop->deferred_end = &loop->deferred;
	while (deferred) {
		struct deferred *next = deferred->next;

		deferred->run(deferred);
		deferred = next;
	}
}
