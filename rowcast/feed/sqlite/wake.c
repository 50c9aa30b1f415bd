/* The states are drawn in wake.h. */
#include "rowcast/feed/sqlite/wake.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "rowcast/base/log.h"

#define HURRY_FIRST_US 20
#define HURRY_LAST_US  40960
#define FOUND_US       2000 /* the pause after a change; shorter ones do not listen to inotify */
#define SAFETY_US      95000

static void timer_set(struct wake *wake, int64_t us)
{
	const struct itimerspec when = {.it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}};

	timerfd_settime(wake->timer_fd, 0, &when, NULL);
}

static void hear(struct wake *wake, bool on)
{
	struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.fd = wake->inotify_fd};

	if (wake->inotify_fd >= 0)
		epoll_ctl(wake->epoll_fd, EPOLL_CTL_MOD, wake->inotify_fd, &event);
}

static void enter_watch(struct wake *wake)
{
	wake->state = WAKE_WATCH;
	hear(wake, true);
	timer_set(wake, SAFETY_US);
}

static void enter_hurry(struct wake *wake, int64_t pause_us)
{
	wake->state = WAKE_HURRY;
	wake->pause_us = pause_us;
	hear(wake, pause_us > FOUND_US);
	timer_set(wake, pause_us);
}

/* Watch the directory: the WAL comes and goes, and a restored file is moved into place. */
static void watch_directory(struct wake *wake, const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct epoll_event event = {.events = EPOLLIN};

	snprintf(wake->name, sizeof(wake->name), "%s", slash ? slash + 1 : path);
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	wake->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (wake->inotify_fd >= 0 &&
	    inotify_add_watch(wake->inotify_fd, directory, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		int reason = errno;

		close(wake->inotify_fd);
		wake->inotify_fd = -1;
		errno = reason;
	}
	if (wake->inotify_fd < 0) {
		log_event(LOG_WARN, "feed-inotify",
			  "other programs' changes are seen after up to 100 ms: the directory cannot be watched",
			  LOG_S("directory", directory), LOG_S("reason", strerror(errno)));
		return;
	}
	event.data.fd = wake->inotify_fd;
	epoll_ctl(wake->epoll_fd, EPOLL_CTL_ADD, wake->inotify_fd, &event);
}

int wake_open(struct wake *wake, const char *path, struct rc_fault *fault)
{
	struct epoll_event event = {.events = EPOLLIN};

	*wake = (struct wake){.inotify_fd = -1};
	wake->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	wake->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	event.data.fd = wake->timer_fd;
	if (wake->epoll_fd < 0 || wake->timer_fd < 0 ||
	    epoll_ctl(wake->epoll_fd, EPOLL_CTL_ADD, wake->timer_fd, &event) != 0) {
		wake_close(wake);
		return rc_fault_set(fault, RC_IO, "cannot make the feed's timer: %s", strerror(errno));
	}
	watch_directory(wake, path);
	enter_watch(wake);
	return RC_OK;
}

void wake_close(struct wake *wake)
{
	if (wake->epoll_fd >= 0)
		close(wake->epoll_fd);
	if (wake->timer_fd >= 0)
		close(wake->timer_fd);
	if (wake->inotify_fd >= 0)
		close(wake->inotify_fd);
	*wake = (struct wake){.epoll_fd = -1, .timer_fd = -1, .inotify_fd = -1};
}

/* Empty the queue; true when one of the events was about our files. */
static bool drain(struct wake *wake)
{
	_Alignas(struct inotify_event) char events[8192];
	size_t name_length = strlen(wake->name);
	bool ours = false;
	ssize_t got;

	if (wake->inotify_fd < 0)
		return false;
	while ((got = read(wake->inotify_fd, events, sizeof(events))) > 0) {
		for (const char *at = events; at < events + got;) {
			const struct inotify_event *event = (const void *)at;

			ours |= event->mask & IN_Q_OVERFLOW ||
				(event->len > 0 && strncmp(event->name, wake->name, name_length) == 0);
			at += sizeof(*event) + event->len;
		}
		if (got < (ssize_t)sizeof(events) / 2)
			break;
	}
	return ours;
}

void wake_attend(struct wake *wake)
{
	uint64_t turns;
	bool timer = read(wake->timer_fd, &turns, sizeof(turns)) == sizeof(turns);
	bool quiet = wake->state == WAKE_HURRY && wake->pause_us <= FOUND_US;

	if (!quiet && drain(wake))
		enter_hurry(wake, HURRY_FIRST_US);
	else if (timer && wake->state == WAKE_HURRY && wake->pause_us < HURRY_LAST_US)
		enter_hurry(wake, wake->pause_us * 2);
	else if (timer)
		enter_watch(wake);
}

void wake_found(struct wake *wake)
{
	if (wake->state == WAKE_HURRY && wake->pause_us < FOUND_US)
		enter_hurry(wake, FOUND_US);
}
