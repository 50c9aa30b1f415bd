/*
 * When to look: one descriptor that becomes readable when somebody may have committed.
 *
 *             something was written in our files
 *      WATCH ─────────────────────────────────────→ HURRY   look after 20 µs, 40 µs, … 41 ms
 *        ↑                                          │  ↑
 *        └───────────── all steps done ─────────────┘  └── a look found a change: go on at 2 ms
 *
 * inotify tells of the write to the WAL, which comes before its fsync and before the commit can be seen; so one look
 * right then would mostly be too early and the next one late. Doubling pauses see a commit no later than it took,
 * whatever the disk. While the pauses are short inotify is not listened to, so that a busy writer (our own, mostly)
 * costs a few hundred wake-ups a second and not one per page. In WATCH a timer looks every 95 ms: whatever inotify does
 * not tell (network file systems, memory-mapped writes) is seen within 100 ms.
 */
#ifndef ROWCAST_FEED_SQLITE_WAKE_H
#define ROWCAST_FEED_SQLITE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "rowcast/err.h"

struct wake {
	int epoll_fd, inotify_fd, timer_fd;
	char name[256]; /* of the database file in its directory; "-wal" and the like may follow */
	enum { WAKE_WATCH, WAKE_HURRY } state;
	int64_t pause_us; /* HURRY: the next one */
};

int wake_open(struct wake *wake, const char *path, struct rc_fault *fault) RC_MUST_CHECK;
void wake_close(struct wake *wake);
/* The descriptor was readable: clear it and choose when to look next. */
void wake_attend(struct wake *wake);
/* A look found a change. */
void wake_found(struct wake *wake);

#endif
