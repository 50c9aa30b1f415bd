/*
 * What bench/feed.c needs of an engine: a writer of ticks and the barest reader of its log, both hand-written with the
 * engine's own library. They stop the program when something fails.
 */
#ifndef BENCH_FEED_H
#define BENCH_FEED_H

#include "bench/model.h"

struct engine {
	const char *scheme;
	void (*writer_open)(const char *url);
	/* One transaction: inserts ticks whose amounts are first, first + 1, …; returns when it is durable. */
	void (*write)(int64_t first, int64_t count);
	void (*writer_close)(void);
	/* Reads from now on. */
	void (*reader_open)(const char *url);
	/* Waits for something new and calls feed_saw for each change; may return without one. */
	void (*reader_read)(void);
	void (*reader_close)(void);
};

extern const struct engine engine_sqlite, engine_postgres, engine_mariadb;

/* Every reader decodes a change into the struct and hands it here. */
void feed_saw(const struct tick *tick);

#endif
