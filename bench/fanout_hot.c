/*
 * A hot venue: sessions whose capacity another program changes by SQL, paced and open loop, and N WebSocket subscribers of
 * them all in mode `latest`. Every hundredth folds its rows as a page does; the others only take their bytes.
 *
 *   fanout_hot --port P --pid PID --db FILE --service ID --day DATE --subscribers N --seconds S [--rate 1000]
 *
 * The sessions are those of FILE without a rule. Change k makes the capacity of session k mod COUNT k, so that what a
 * screen shows tells which changes it has seen: a later one of the same session stands for those before. The clock of a
 * change starts before its COMMIT; the first second is not counted.
 *
 * Prints one line, and fails when a screen's rows are not in the end what GET /v1/availability answers.
 */
#include <getopt.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/dial.h"
#include "bench/stats.h"

#define SESSIONS_MAX 200
#define TOGETHER     5 /* changes in a transaction */
#define SAMPLED      100
#define SECOND       1000000000LL

struct screen {
	int fd;
	size_t have;
	json_t *rows; /* by id; NULL: no snapshot yet */
	long seen[SESSIONS_MAX];
	char inbox[1 << 17];
};

static struct screen *screens;
static int screen_count, port, session_count;
static sqlite3_int64 sessions[SESSIONS_MAX];
static sqlite3 *db;

/* Changes are FIRST to LAST; those before COUNTED are not counted. */
static long rate = 1000, first = 100001, last, counted; /* first: more than any place of bench/venue.py has */
static _Atomic int64_t *asked_ns;                       /* when the COMMIT of each began */
static int64_t late_ns;                                 /* how far behind its schedule the writer ever was */
static atomic_bool written;
static _Atomic int64_t drained;

static struct samples delays;
static long frames, frame_bytes;

static void must_sql(int got, int wanted)
{
	if (got == wanted)
		return;
	fprintf(stderr, "fanout_hot: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void find_sessions(const char *path)
{
	sqlite3_stmt *ask;

	must_sql(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	must_sql(sqlite3_prepare_v2(db, "SELECT id FROM session WHERE rule_id IS NULL", -1, &ask, NULL), SQLITE_OK);
	while (session_count < SESSIONS_MAX && sqlite3_step(ask) == SQLITE_ROW)
		sessions[session_count++] = sqlite3_column_int64(ask, 0);
	sqlite3_finalize(ask);
}

static void *write_changes(void *arg)
{
	int64_t begun = bench_now_ns(), due, now;
	sqlite3_stmt *update;

	(void)arg;
	must_sql(sqlite3_prepare_v2(db, "UPDATE session SET capacity = ? WHERE id = ?", -1, &update, NULL), SQLITE_OK);
	for (long k = first; k <= last;) {
		due = begun + (k - first) * SECOND / rate;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				&(struct timespec){.tv_sec = due / SECOND, .tv_nsec = due % SECOND}, NULL);
		if (late_ns < bench_now_ns() - due)
			late_ns = bench_now_ns() - due;
		must_sql(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
		for (int i = 0; i < TOGETHER; i++) {
			sqlite3_bind_int64(update, 1, k + i);
			sqlite3_bind_int64(update, 2, sessions[(k + i) % session_count]);
			must_sql(sqlite3_step(update), SQLITE_DONE);
			sqlite3_reset(update);
		}
		now = bench_now_ns();
		for (int i = 0; i < TOGETHER; i++)
			atomic_store(&asked_ns[k++], now);
		must_sql(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	}
	sqlite3_finalize(update);
	atomic_store(&written, true);
	return NULL;
}

/* Those who only take their bytes: nothing is copied out of the kernel. */
static void *drain(void *arg)
{
	int epoll_fd = *(int *)arg;
	struct epoll_event events[512];

	for (;;) {
		int count = epoll_wait(epoll_fd, events, 512, -1);

		for (int i = 0; i < count; i++) {
			ssize_t got = recv(events[i].data.fd, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);

			if (got == 0 || (got < 0 && errno != EAGAIN))
				fail("the server closed a WebSocket");
			if (got > 0)
				atomic_fetch_add(&drained, got);
		}
	}
	return NULL;
}

static void show(struct screen *screen, json_t *row, int64_t now)
{
	long k = (long)json_integer_value(json_object_get(row, "capacity")), *seen = &screen->seen[k % session_count];

	json_object_set(screen->rows, json_string_value(json_object_get(row, "id")), row);
	if (k < first || k > last)
		return;
	for (long shown = *seen ? *seen + session_count : first + (k - first) % session_count; shown <= k;
	     shown += session_count) {
		if (shown >= counted)
			samples_add(&delays, now - atomic_load(&asked_ns[shown]));
	}
	*seen = k;
}

static void take_message(struct screen *screen, const char *text, size_t len)
{
	int64_t now = bench_now_ns();
	json_t *message = json_loadb(text, len, 0, NULL), *row;
	const char *type = json_string_value(json_object_get(message, "type"));
	size_t i;

	if (!type || strcmp(type, "error") == 0 || strcmp(type, "reset") == 0) {
		fprintf(stderr, "fanout_hot: %.*s\n", (int)len, text);
		exit(1);
	}
	if (strcmp(type, "snapshot") == 0) {
		screen->rows = json_object();
		json_array_foreach(json_object_get(message, "rows"), i, row) show(screen, row, now);
	} else if (strcmp(type, "delta") == 0) {
		frames++;
		frame_bytes += (long)len;
		json_array_foreach(json_object_get(message, "upsert"), i, row) show(screen, row, now);
		json_array_foreach(json_object_get(message, "remove"), i, row)
			json_object_del(screen->rows, json_string_value(row));
	}
	json_decref(message);
}

/* Bytes of the first frame's head, and of its payload; 0: not whole yet. */
static size_t frame_head(const unsigned char *at, size_t have, size_t *payload)
{
	size_t head = have < 2 ? 0 : (at[1] & 127) == 126 ? 4 : (at[1] & 127) == 127 ? 10 : 2;

	if (head == 0 || have < head)
		return 0;
	*payload = head == 2 ? at[1] : 0;
	for (size_t i = 2; i < head; i++)
		*payload = *payload << 8 | at[i];
	return have - head < *payload ? 0 : head;
}

static void take(struct screen *screen)
{
	ssize_t got = read(screen->fd, screen->inbox + screen->have, sizeof(screen->inbox) - screen->have);
	size_t head, payload, used = 0;

	if (got <= 0)
		fail("the server closed a WebSocket, or a frame is too long");
	screen->have += (size_t)got;
	while ((head = frame_head((unsigned char *)screen->inbox + used, screen->have - used, &payload))) {
		take_message(screen, screen->inbox + used + head, payload);
		used += head + payload;
	}
	screen->have -= used;
	memmove(screen->inbox, screen->inbox + used, screen->have);
}

static int subscribe(const char *service, const char *day)
{
	static const char hello[] =
		"GET /v1/live HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
		"Sec-WebSocket-Protocol: rowcast.v1+json\r\n\r\n";
	char text[512], answer[1024] = {0};
	int fd = dial(port);
	size_t len, have = 0;

	if (write(fd, hello, sizeof(hello) - 1) < 0)
		fail("write");
	while (have < sizeof(answer) - 1 && !strstr(answer, "\r\n\r\n")) {
		if (read(fd, answer + have++, 1) != 1)
			fail("WebSocket handshake");
	}
	/* One masked frame of 126 bytes at least; the mask is zero, which is legal. */
	len = (size_t)snprintf(text + 8, sizeof(text) - 8,
			       "{\"type\":\"subscribe\",\"id\":\"1\",\"topic\":\"availability\",\"service\":\"%s\","
			       "\"from\":\"%s\",\"to\":\"%s\"}%126s",
			       service, day, day, "");
	memcpy(text, (char[]){(char)0x81, (char)(0x80 | 126), (char)(len >> 8), (char)len, 0, 0, 0, 0}, 8);
	if (write(fd, text, len + 8) < 0)
		fail("write");
	return fd;
}

/* What GET /v1/availability answers, by id. */
static json_t *ask_rows(const char *service, const char *day)
{
	static char text[1 << 20];
	json_t *rows = json_object(), *answer, *row;
	int fd = dial(port);
	ssize_t got;
	size_t have = 0, i;

	dprintf(fd,
		"GET /v1/availability?service=%s&from=%s&to=%s HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n",
		service, day, day);
	while ((got = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)got;
	close(fd);
	answer = have ? json_loads(strstr(text, "\r\n\r\n") + 4, 0, NULL) : NULL;
	json_array_foreach(json_object_get(answer, "slots"), i, row)
		json_object_set(rows, json_string_value(json_object_get(row, "id")), row);
	json_decref(answer);
	return rows;
}

static bool all_shown(void)
{
	for (int i = 0; i < screen_count; i++) {
		for (long k = last - session_count + 1; k <= last; k++) {
			if (screens[i].seen[k % session_count] != k)
				return false;
		}
	}
	return true;
}

static bool all_begun(void)
{
	static int begun;

	while (begun < screen_count && screens[begun].rows)
		begun++;
	return begun == screen_count;
}

static void read_screens(int epoll_fd, int timeout_ms)
{
	struct epoll_event events[SAMPLED];
	int count = epoll_wait(epoll_fd, events, SAMPLED, timeout_ms);

	for (int i = 0; i < count; i++)
		take(events[i].data.ptr);
}

/* The last subscriber is a screen too: it has its rows when all have. */
static void connect_all(int viewers, int read_fd, int drain_fd, const char *service, const char *day)
{
	screens = calloc(SAMPLED, sizeof(*screens));
	for (int64_t i = 1; i <= viewers; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = subscribe(service, day)};
		bool folds = i * SAMPLED / viewers > screen_count || viewers < SAMPLED;
		int fd = event.data.fd;

		if (folds) {
			screens[screen_count].fd = fd;
			event.data.ptr = &screens[screen_count++];
		}
		if (epoll_ctl(folds ? read_fd : drain_fd, EPOLL_CTL_ADD, fd, &event) != 0)
			fail("epoll_ctl");
	}
}

static bool all_right(json_t *rows)
{
	for (int i = 0; i < screen_count; i++) {
		if (!json_equal(screens[i].rows, rows))
			return false;
	}
	return json_object_size(rows) > 0;
}

static int64_t processor_ns(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		fail("the server's processor time");
	return used.tv_sec * SECOND + used.tv_nsec;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'},    {"pid", 1, 0, 'i'},  {"db", 1, 0, 'd'},
					      {"service", 1, 0, 'v'}, {"day", 1, 0, 'y'},  {"subscribers", 1, 0, 'n'},
					      {"seconds", 1, 0, 's'}, {"rate", 1, 0, 'r'}, {0}};
	const char *given[256] = {['n'] = "10000", ['s'] = "10", ['r'] = "1000"};
	struct rlimit files = {.rlim_cur = 20000, .rlim_max = 20000};
	int letter, read_fd = epoll_create1(0), drain_fd = epoll_create1(0);
	int64_t begun, used, elapsed, deadline;
	pthread_t writer, drainer;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return 2;
		given[letter] = optarg;
	}
	if (!given['p'] || !given['i'] || !given['d'] || !given['v'] || !given['y'])
		return fprintf(stderr, "usage: fanout_hot --port P --pid PID --db FILE --service ID --day DATE\n"), 2;
	port = atoi(given['p']);
	rate = atol(given['r']);
	counted = first + rate;
	last = first + rate * (1 + atol(given['s'])) / TOGETHER * TOGETHER - 1;
	find_sessions(given['d']);
	if (session_count == 0)
		return fprintf(stderr, "fanout_hot: no sessions to change\n"), 1;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	asked_ns = calloc((size_t)last + 1, sizeof(*asked_ns));
	connect_all(atoi(given['n']), read_fd, drain_fd, given['v'], given['y']);
	if (pthread_create(&drainer, NULL, drain, &drain_fd) != 0)
		fail("thread");
	while (!all_begun())
		read_screens(read_fd, 1000);
	if (pthread_create(&writer, NULL, write_changes, NULL) != 0)
		fail("thread");
	for (begun = bench_now_ns(); bench_now_ns() < begun + SECOND;)
		read_screens(read_fd, 10);
	used = processor_ns(atoi(given['i']));
	begun = bench_now_ns();
	atomic_store(&drained, 0);
	frames = frame_bytes = 0;
	while (!atomic_load(&written))
		read_screens(read_fd, 10);
	elapsed = bench_now_ns() - begun;
	used = processor_ns(atoi(given['i'])) - used;
	deadline = bench_now_ns() + 5 * SECOND;
	while (!all_shown() && bench_now_ns() < deadline)
		read_screens(read_fd, 100);
	if (!all_right(ask_rows(given['v'], given['y'])))
		return fprintf(stderr, "fanout_hot: not every screen shows what GET /v1/availability answers\n"), 1;
	printf("commit to frame p50 %.1f p99 %.1f max %.1f ms  server %.3f cores  ",
	       (double)samples_percentile(&delays, 0.5) / 1e6, (double)samples_percentile(&delays, 0.99) / 1e6,
	       (double)samples_percentile(&delays, 1) / 1e6, (double)used / (double)elapsed);
	printf("a screen has %.1f frames/s of %.0f bytes  the others %.0f MB/s  ",
	       (double)frames * 1e9 / (double)elapsed / screen_count, (double)frame_bytes / (double)frames,
	       (double)atomic_load(&drained) * 1e3 / (double)elapsed);
	printf("writer at most %.0f ms late  %d screens right\n", (double)late_ns / 1e6, screen_count);
	return 0;
}
