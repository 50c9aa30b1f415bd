/*
 * What the bare_* programs share: their words, the texts of one booking, and what they print. Each writes the same rows
 * by hand-written calls of one engine's library.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "bench/stats.h"

#define BARE_BATCH_MAX 1024

struct bare_options {
	const char *db;
	long count, batch, first, pause_us;
	bool hot; /* every booking in one class, instead of each in a slot of its own */
};

static inline void bare_usage(const char *name)
{
	fprintf(stderr,
		"usage: %s --db URL [--count N] [--batch 1..%d] [--mode spread|hot] [--first N] [--pause-us N]\n", name,
		BARE_BATCH_MAX);
	exit(2);
}

static inline struct bare_options bare_parse(int argc, char **argv, const char *name)
{
	static const struct option names[] = {{"db", 1, 0, 'd'},
					      {"count", 1, 0, 'n'},
					      {"batch", 1, 0, 'b'},
					      {"mode", 1, 0, 'm'},
					      {"first", 1, 0, 'f'},
					      {"pause-us", 1, 0, 'u'},
					      {0}};
	struct bare_options options = {.count = 10000, .batch = 64};
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'd')
			options.db = optarg;
		else if (letter == 'm')
			options.hot = strcmp(optarg, "hot") == 0;
		else if (letter == 'n')
			options.count = atol(optarg);
		else if (letter == 'b')
			options.batch = atol(optarg);
		else if (letter == 'f')
			options.first = atol(optarg);
		else if (letter == 'u')
			options.pause_us = atol(optarg);
		else
			bare_usage(name);
	}
	if (!options.db || options.batch < 1 || options.batch > BARE_BATCH_MAX)
		bare_usage(name);
	return options;
}

struct bare_place {
	int64_t service, resource, session; /* session 0: timed */
	int64_t lo_us, hi_us;
};

/* Midnight of the day after tomorrow. */
static inline int64_t bare_base_us(void)
{
	return (time(NULL) / 86400 + 2) * 86400000000LL;
}

/* The place of booking `number` in spread mode. */
static inline void bare_spread(struct bare_place *place, long number, int64_t base_us, int64_t rooms,
			       int64_t room_first)
{
	place->resource = room_first + number % rooms;
	place->lo_us = base_us + number / rooms * 900000000LL;
	place->hi_us = place->lo_us + 900000000LL;
}

struct bare_texts {
	char name[64], email[64], ref[40], key[48], response[512];
};

#define BARE_SCOPE "127.0.0.1 POST /v1/bookings"

static inline void bare_write(struct bare_texts *texts, long number, int64_t resource)
{
	snprintf(texts->name, sizeof(texts->name), "Load %ld", number);
	snprintf(texts->email, sizeof(texts->email), "load%ld@bench.example", number);
	/* As the server's references: they grow, so that the unique index is written at its end. */
	snprintf(texts->ref, sizeof(texts->ref), "%08lx%016llxbare00", number,
		 (unsigned long long)number * 0x9E3779B97F4A7C15ULL);
	snprintf(texts->key, sizeof(texts->key), "bare-%016llx-%ld",
		 (unsigned long long)(number + 7) * 0xD1B54A32D192ED03ULL, number);
	snprintf(texts->response, sizeof(texts->response),
		 "{\"ref\":\"%s\",\"state\":\"confirmed\",\"service\":\"1\",\"resource\":\"%lld\",\"start\":\"2026-11-"
		 "20T09:00:00Z\","
		 "\"end\":\"2026-11-20T09:15:00Z\",\"party\":1,\"version\":1,\"position\":\"9f3c2a10.%ld\"}",
		 texts->ref, (long long)resource, number);
}

/* Run `book(first, count)` in batches, print the rate and the percentiles of `commits` (may be empty) and transactions. */
static inline void bare_run(const struct bare_options *options, void (*book)(long first, long count),
			    struct samples *commits)
{
	int64_t begun_ns = bench_now_ns();
	struct samples whole = {0};

	for (long done = 0; done < options->count;) {
		long count = options->count - done < options->batch ? options->count - done : options->batch;
		int64_t batch_ns = bench_now_ns();

		book(options->first + done, count);
		done += count;
		samples_add(&whole, bench_now_ns() - batch_ns);
		if (options->pause_us > 0)
			nanosleep(&(struct timespec){.tv_nsec = options->pause_us * 1000}, NULL);
	}
	printf("%.0f bookings/s  ", (double)options->count * 1e9 / (double)(bench_now_ns() - begun_ns));
	if (commits->count)
		printf("commit p50 %ld p99 %ld us  ", (long)(samples_percentile(commits, 0.5) / 1000),
		       (long)(samples_percentile(commits, 0.99) / 1000));
	printf("transaction p50 %ld p99 %ld us\n", (long)(samples_percentile(&whole, 0.5) / 1000),
	       (long)(samples_percentile(&whole, 0.99) / 1000));
}

#endif
