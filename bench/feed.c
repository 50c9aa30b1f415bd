/*
 * The change feed against a bare reader of the same log.
 *
 *   feed --url URL --side ours|bare --what latency|rate|burst [--count N] [--batch N] [--skip N]
 *        [--kind log|trigger]
 *
 * The database is to be empty. One thread writes ticks by hand-written calls, another reads their changes: by rc_feed_*
 * (ours) or by a hand-written reader of the same log (bare). Prints microseconds and changes a second; lines
 * "FIGURE name value" are for bench/feed.sh.
 *
 * latency: N transactions of one row, 3 to 9 ms apart; from the statement sent and from the commit acknowledged to the
 *   decoded change. A change may be there before its writer has its answer: that counts as 0.
 * rate: N rows in transactions of B are in the log before the reader begins; changes a second, and processor time of this
 *   process per change. The clock runs from change number S on: a reader that has a thread reads ahead as far as its queue
 *   allows, and that is not to be counted.
 * burst: the writer writes as fast as the database takes it, the reader reads beside it; from the last commit
 *   acknowledged to the last change.
 */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/feed.h"
#include "bench/stats.h"
#include "rowcast/feed.h"

#define WARM 50 /* transactions of `latency` that are not counted */

static int64_t seen, expected; /* the reader's thread; read by others when it has ended */
static int64_t *saw_ns;        /* of each amount; NULL: nobody asks */
static int64_t check_sum;

void feed_saw(const struct tick *tick)
{
	if (tick->amount != seen || tick->name.len < 6 || tick->run != 1) {
		fprintf(stderr, "feed: change %ld came as number %ld\n", (long)tick->amount, (long)seen);
		exit(1);
	}
	if (saw_ns)
		saw_ns[seen] = bench_now_ns();
	check_sum += tick->id + tick->at + tick->name.ptr[tick->name.len - 1];
	seen++;
}

static void fault_check(int rc, const char *what, const struct rc_fault *fault)
{
	if (rc != RC_OK) {
		fprintf(stderr, "feed: %s: %s\n", what, fault->message);
		exit(1);
	}
}

/* Ours */

static struct rc_feed *feed;
static struct rc_arena arena;
static struct rc_feed_options feed_options = {.keep_us = 600000000, .keep_changes = 100000, .keep_bytes = 1 << 30};

static void no_row(void *arg, const struct rc_model *model, const void *row) {}

static void ours_open(const char *url)
{
	enum rc_feed_kind kind;
	struct rc_position at;
	struct rc_fault fault;
	char why[768];

	fault_check(rc_feed_prepare(url, &bench_schema, &feed_options, &kind, why, &fault), "prepare", &fault);
	fault_check(rc_feed_open(&feed, url, &bench_schema, &feed_options, &fault), "open", &fault);
	fault_check(rc_feed_snapshot(feed, no_row, NULL, &at, &fault), "snapshot", &fault);
	rc_arena_init(&arena, 65536);
	fprintf(stderr, "feed: %s\n", why);
}

static void ours_read(void)
{
	struct pollfd ready = {.fd = rc_feed_fd(feed), .events = POLLIN};
	struct rc_txn txn;
	int rc;

	for (rc = RC_OK; seen < expected && (rc = rc_feed_next(feed, &arena, &txn)) == RC_OK;) {
		for (uint32_t i = 0; i < txn.change_count; i++)
			feed_saw(txn.changes[i].new_row);
		rc_arena_reset(&arena);
	}
	if (rc != RC_OK && rc != RC_AGAIN) {
		fprintf(stderr, "feed: the feed ended with %d\n", rc);
		exit(1);
	}
	if (seen >= expected)
		return;
	poll(&ready, 1, 1000);
	if (ready.revents)
		rc_feed_attend(feed);
}

static void ours_close(void)
{
	rc_feed_close(feed);
	rc_arena_release(&arena);
}

/* The work */

static const struct engine *engine;
static void (*reader_read)(void);
static atomic_bool reader_runs;

static void *read_all(void *unused)
{
	atomic_store(&reader_runs, true);
	while (seen < expected)
		reader_read();
	return NULL;
}

static pthread_t start_reader(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, read_all, NULL) != 0)
		abort();
	while (!atomic_load(&reader_runs))
		usleep(1000);
	return thread;
}

static void latency(int64_t count)
{
	struct samples sent = {0}, acked = {0};
	int64_t *sent_ns = calloc((size_t)count + WARM, sizeof(*sent_ns)),
		*acked_ns = calloc((size_t)count + WARM, sizeof(*acked_ns));
	uint32_t draw = 1;
	pthread_t reader;

	expected = count + WARM;
	saw_ns = calloc((size_t)expected, sizeof(*saw_ns));
	if (!saw_ns || !sent_ns || !acked_ns)
		abort();
	reader = start_reader();
	for (int64_t i = 0; i < expected; i++) {
		draw = draw * 1664525 + 1013904223;
		usleep(3000 + (draw >> 16) % 6000);
		sent_ns[i] = bench_now_ns();
		engine->write(i, 1);
		acked_ns[i] = bench_now_ns();
	}
	pthread_join(reader, NULL);
	for (int64_t i = WARM; i < expected; i++) {
		samples_add(&sent, saw_ns[i] - sent_ns[i]);
		samples_add(&acked, saw_ns[i] > acked_ns[i] ? saw_ns[i] - acked_ns[i] : 0);
	}
	printf("acknowledged -> change p50 %.1f p99 %.1f us  sent -> change p50 %.1f p99 %.1f us\n",
	       (double)samples_percentile(&acked, 0.5) / 1e3, (double)samples_percentile(&acked, 0.99) / 1e3,
	       (double)samples_percentile(&sent, 0.5) / 1e3, (double)samples_percentile(&sent, 0.99) / 1e3);
	printf("FIGURE acked_p50 %.1f\nFIGURE acked_p99 %.1f\nFIGURE sent_p50 %.1f\n",
	       (double)samples_percentile(&acked, 0.5) / 1e3, (double)samples_percentile(&acked, 0.99) / 1e3,
	       (double)samples_percentile(&sent, 0.5) / 1e3);
}

static void write_all(int64_t count, int64_t batch)
{
	for (int64_t i = 0; i < count; i += batch)
		engine->write(i, count - i < batch ? count - i : batch);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void rate(int64_t count, int64_t batch, int64_t skip)
{
	int64_t begun_ns, begun_cpu_ns, begun;
	double seconds;

	write_all(count, batch);
	expected = skip;
	read_all(NULL);
	expected = count;
	begun = seen;
	begun_cpu_ns = cpu_ns();
	begun_ns = bench_now_ns();
	read_all(NULL);
	seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
	printf("%.0f row changes/s  %.2f us of processor time here per change\n", (double)(count - begun) / seconds,
	       (double)(cpu_ns() - begun_cpu_ns) / 1e3 / (double)(count - begun));
	printf("FIGURE rate %.0f\n", (double)(count - begun) / seconds);
}

static void burst(int64_t count, int64_t batch)
{
	int64_t begun_ns, written_ns;
	pthread_t reader;

	expected = count;
	reader = start_reader();
	begun_ns = bench_now_ns();
	write_all(count, batch);
	written_ns = bench_now_ns();
	pthread_join(reader, NULL);
	printf("%.0f rows/s written  last change %.2f ms after the last commit\n",
	       (double)count * 1e9 / (double)(written_ns - begun_ns), (double)(bench_now_ns() - written_ns) / 1e6);
	printf("FIGURE written %.0f\nFIGURE lag_ms %.2f\n", (double)count * 1e9 / (double)(written_ns - begun_ns),
	       (double)(bench_now_ns() - written_ns) / 1e6);
}

static void migrate(const char *url)
{
	static const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 10000000, .create = true};
	struct rc_fault fault;
	struct rc_db *db;
	uint32_t applied;

	fault_check(rc_db_open(&db, url, &bench_schema, &options, &fault), "open", &fault);
	fault_check(rc_migrate_up(db, &applied, &fault), "migrate", &fault);
	rc_db_close(db);
}

static const struct engine *find_engine(const char *url)
{
	static const struct engine *const all[] = {&engine_sqlite, &engine_postgres, &engine_mariadb};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strncmp(url, all[i]->scheme, strlen(all[i]->scheme)) == 0)
			return all[i];
	}
	fprintf(stderr, "feed: no hand-written reader for %s\n", url);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{"url", 1, 0, 'u'},   {"side", 1, 0, 's'}, {"what", 1, 0, 'w'}, {"count", 1, 0, 'n'},
		{"batch", 1, 0, 'b'}, {"kind", 1, 0, 'k'}, {"skip", 1, 0, 'x'}, {0}};
	const char *given[256] = {
		['u'] = "", ['s'] = "ours", ['w'] = "latency", ['n'] = "0", ['b'] = "64", ['k'] = "", ['x'] = "0"};
	bool ours;
	int letter;
	long count;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return 2;
		given[letter] = optarg;
	}
	count = atol(given['n']);
	ours = strcmp(given['s'], "ours") == 0;
	feed_options.kind = *given['k'] == 'l' ? RC_FEED_LOG : *given['k'] == 't' ? RC_FEED_TRIGGER : RC_FEED_AUTO;
	engine = find_engine(given['u']);
	reader_read = ours ? ours_read : engine->reader_read;
	alarm(300); /* a change that never comes */
	migrate(given['u']);
	(ours ? ours_open : engine->reader_open)(given['u']);
	engine->writer_open(given['u']);
	if (strcmp(given['w'], "latency") == 0)
		latency(count ? count : 500);
	else if (strcmp(given['w'], "rate") == 0)
		rate(count ? count : 200000, atol(given['b']), atol(given['x']));
	else if (strcmp(given['w'], "burst") == 0)
		burst(count ? count : 50000, atol(given['b']));
	else
		return fprintf(stderr, "feed: --what latency, rate or burst\n"), 2;
	engine->writer_close();
	(ours ? ours_close : engine->reader_close)();
	return 0;
}
