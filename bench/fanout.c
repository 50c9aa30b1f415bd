/*
 * Fan-out load: N WebSocket subscribers of one topic, and changes of it in a closed loop: as many as FLIGHT are made at
 * once, and the next ones when every subscriber has them all.
 *
 *   fanout --port P --pid PID [--thread NAME] --subscribers N --seconds S [--flight K] --slotcast SERVICE | --bytes B
 *          [--sse]
 *
 * slotcast: a change is a booking of the class, over HTTP; the subscribers are of its availability in mode `every`.
 * bytes: a server that knows nothing (GET /sub subscribes, POST /pub is sent to all), messages of B bytes.
 * sse: the subscribers take server-sent events instead.
 *
 * Prints one line: deliveries a second of processor time (of the server's threads called NAME, and of all) and of the
 * clock, from a change sent to the last subscriber (p50, p99, microseconds), and the mean length of what was delivered.
 * A message that carries several changes counts as that many deliveries.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/stats.h"
#include "bench/websocket.h"

#define FLIGHT_MAX 64

struct viewer {
	int fd;
	struct ws_inbox inbox;
	uint64_t seen; /* the newest position */
	bool snapshot;
};

static struct viewer *viewers;
static int viewer_count = 1000, epoll_fd;
static uint64_t wanted;      /* position that everybody shall have */
static int waiting;          /* who does not have it */
static int64_t bytes, texts; /* delivered */

static int publishers[FLIGHT_MAX], flight = 1, port;
static const char *service;
static bool sse;
static int message_bytes = 128;

/* Positions are "EPOCH.N". */
static uint64_t number_behind(const char *text, size_t len, const char *name)
{
	const char *at = memmem(text, len, name, strlen(name)), *end = text + len;
	uint64_t n = 0;

	if (!at)
		return 0;
	while (at < end && *at != '.')
		at++;
	for (at++; at < end && *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return n;
}

static void take_text(struct viewer *viewer, const struct ws_frame *frame)
{
	uint64_t n;

	if (ws_frame_has(frame, "\"type\":\"snapshot\""))
		viewer->snapshot = true;
	if (!ws_frame_has(frame, "\"type\":\"delta\""))
		return;
	n = number_behind(frame->text, frame->len, "\"to\":\"");
	texts++;
	if (viewer->seen < wanted && n >= wanted)
		waiting--;
	viewer->seen = n;
}

static void take(struct viewer *viewer, const char *at, const char *end)
{
	struct ws_frame frame;

	while (ws_take(&viewer->inbox, &at, end, &frame)) {
		bytes += (int64_t)frame.bytes;
		take_text(viewer, &frame);
	}
}

/* Lines of an event stream; of each the beginning is kept. A message is one line. */
static void take_lines(struct viewer *viewer, const char *at, const char *end)
{
	struct ws_inbox *inbox = &viewer->inbox;
	const char *line_end;

	bytes += end - at;
	for (; at < end; at = line_end + 1) {
		size_t part, room = WS_HEAD_BYTES - inbox->have;

		line_end = memchr(at, '\n', (size_t)(end - at));
		part = (size_t)((line_end ? line_end : end) - at);
		memcpy(inbox->head + inbox->have, at, part < room ? part : room);
		inbox->have += (uint32_t)(part < room ? part : room);
		if (!line_end)
			return;
		if (inbox->have > 6 && memcmp(inbox->head, "data: ", 6) == 0) {
			const struct ws_frame frame = {.text = inbox->head + 6, .len = inbox->have - 6};

			take_text(viewer, &frame);
		}
		inbox->have = 0;
	}
}

static void read_viewers(bool (*done)(void))
{
	static char buffer[1 << 18];
	struct epoll_event events[512];

	while (!done()) {
		int count = epoll_wait(epoll_fd, events, 512, 20000);

		if (count <= 0)
			fail("no message for 20 s");
		for (int i = 0; i < count; i++) {
			struct viewer *viewer = &viewers[events[i].data.u32];
			ssize_t got = read(viewer->fd, buffer, sizeof(buffer));

			if (got <= 0)
				fail("the server closed a connection");
			(sse ? take_lines : take)(viewer, buffer, buffer + got);
		}
	}
}

static bool all_have_it(void)
{
	return waiting == 0;
}

static bool all_have_snapshots(void)
{
	static int first;

	while (first < viewer_count && viewers[first].snapshot)
		first++;
	return first == viewer_count;
}

static void subscribe_events(struct viewer *viewer, const char *day)
{
	char path[256] = "/sub", text[512];

	if (service)
		snprintf(path, sizeof(path), "/v1/live/sse?topic=availability&mode=every&service=%s&from=%s&to=%s",
			 service, day, day);
	viewer->fd = dial(port);
	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n", path);
	ws_write(viewer->fd, text, strlen(text));
	ws_read_head(viewer->fd, "200");
}

static void subscribe_websocket(struct viewer *viewer, const char *day)
{
	char text[512];

	viewer->fd = ws_open(port, service ? "/v1/live" : "/sub", service ? "rowcast.v1+json" : NULL);
	snprintf(text, sizeof(text),
		 "{\"type\":\"subscribe\",\"id\":\"1\",\"topic\":\"availability\",\"mode\":\"every\","
		 "\"service\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"}",
		 service, day, day);
	if (service)
		ws_send(viewer->fd, 1, text);
}

static void subscribe(struct viewer *viewer, uint32_t index, const char *day)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};

	viewer->snapshot = !service;
	(sse ? subscribe_events : subscribe_websocket)(viewer, day);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, viewer->fd, &event) != 0)
		fail("epoll_ctl");
}

static uint64_t sent;

static void send_change(int fd, const char *start)
{
	char body[65536], request[66000];
	int len;

	sent++;
	if (service)
		len = snprintf(
			body, sizeof(body),
			"{\"service\":\"%s\",\"start\":\"%s\",\"customer\":{\"name\":\"L\",\"email\":\"l@x.example\"}}",
			service, start);
	else
		len = snprintf(body, sizeof(body), "{\"type\":\"delta\",\"to\":\"0.%010llu\",\"pad\":\"%*s\"}",
			       (unsigned long long)sent, message_bytes - 45, "");
	len = snprintf(request, sizeof(request),
		       "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
		       "Idempotency-Key: fanout-%d-%llu\r\nContent-Length: %d\r\n\r\n%s",
		       service ? "/v1/bookings" : "/pub", (int)getpid(), (unsigned long long)sent, len, body);
	ws_write(fd, request, (size_t)len);
}

/* The answer's position, or that of the message that was sent. */
static uint64_t read_answer(int fd)
{
	static char answer[65536];
	ssize_t got = read(fd, answer, sizeof(answer));

	if (got < 12 || answer[9] != '2') {
		fprintf(stderr, "fanout: %.*s\n", (int)got, answer);
		exit(1);
	}
	return service ? number_behind(answer, (size_t)got, "\"position\":\"") : sent;
}

/* The file's first word. */
__attribute__((format(printf, 2, 3))) static bool read_first(char out[32], const char *format, ...)
{
	char path[320];
	va_list args;
	FILE *file;
	bool got;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	file = fopen(path, "r");
	got = file && fscanf(file, "%31s", out) == 1;
	if (file)
		fclose(file);
	return got;
}

/* What the server's threads of that name have used so far (NULL: all), by /proc/PID/task/TID/schedstat. */
static int64_t processor_ns(const char *pid, const char *thread)
{
	char path[320], name[32];
	struct dirent *entry;
	int64_t sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	if (!tasks)
		fail(path);
	while ((entry = readdir(tasks))) {
		long long used;

		if (entry->d_name[0] == '.' || !read_first(name, "/proc/%s/task/%s/comm", pid, entry->d_name))
			continue;
		if (thread && strcmp(name, thread) != 0)
			continue;
		if (read_first(name, "/proc/%s/task/%s/schedstat", pid, entry->d_name) &&
		    sscanf(name, "%lld", &used) == 1)
			sum += used;
	}
	closedir(tasks);
	return sum;
}

static void round_of_changes(const char *start, struct samples *latency)
{
	int64_t begun = bench_now_ns();

	wanted = UINT64_MAX;
	for (int i = 0; i < flight; i++)
		send_change(publishers[i], start);
	for (int i = 0; i < flight; i++) {
		uint64_t n = read_answer(publishers[i]);

		if (i == 0 || n > wanted)
			wanted = n;
	}
	waiting = 0;
	for (int i = 0; i < viewer_count; i++)
		waiting += viewers[i].seen < wanted;
	read_viewers(all_have_it);
	if (latency)
		samples_add(latency, bench_now_ns() - begun);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'},        {"pid", 1, 0, 'i'},
					      {"subscribers", 1, 0, 'n'}, {"seconds", 1, 0, 's'},
					      {"flight", 1, 0, 'k'},      {"slotcast", 1, 0, 'c'},
					      {"bytes", 1, 0, 'b'},       {"thread", 1, 0, 't'},
					      {"sse", 0, 0, 'e'},         {0}};
	const char *given[256] = {['n'] = "1000", ['s'] = "3", ['k'] = "1", ['b'] = "128"};
	struct rlimit files = {.rlim_cur = 20000, .rlim_max = 20000};
	struct samples latency = {0};
	int64_t begun, used, used_by, rounds = 0, elapsed;
	double deliveries;
	char day[16], start[32];
	time_t when = (time(NULL) / 86400 + 3) * 86400 + 18 * 3600;
	struct tm utc;
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return 2;
		given[letter] = optarg ? optarg : "";
	}
	if (!given['p'] || !given['i'])
		return fprintf(stderr, "usage: fanout --port P --pid PID\n"), 2;
	port = atoi(given['p']);
	service = given['c'];
	sse = given['e'];
	message_bytes = atoi(given['b']);
	viewer_count = atoi(given['n']);
	flight = atoi(given['k']);
	if (flight > FLIGHT_MAX || message_bytes < 46 || message_bytes > 65000)
		return fprintf(stderr, "fanout: at most %d in flight, 46 to 65000 bytes\n", FLIGHT_MAX), 2;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	strftime(day, sizeof(day), "%Y-%m-%d", gmtime_r(&when, &utc));
	strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%SZ", &utc);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	viewers = calloc((size_t)viewer_count, sizeof(*viewers));
	for (int i = 0; i < viewer_count; i++)
		subscribe(&viewers[i], (uint32_t)i, day);
	read_viewers(all_have_snapshots);
	for (int i = 0; i < flight; i++)
		publishers[i] = dial(port);
	for (int i = 0; i < 20; i++)
		round_of_changes(start, NULL);
	bytes = texts = 0;
	used = processor_ns(given['i'], NULL);
	used_by = processor_ns(given['i'], given['t']);
	begun = bench_now_ns();
	while ((elapsed = bench_now_ns() - begun) < atoi(given['s']) * 1000000000LL) {
		round_of_changes(start, &latency);
		rounds++;
	}
	used = processor_ns(given['i'], NULL) - used;
	used_by = processor_ns(given['i'], given['t']) - used_by;
	deliveries = (double)rounds * flight * viewer_count;
	printf("per core %.0f /s  all threads %.0f /s  by the clock %.0f /s  last subscriber p50 %ld p99 %ld us  %.2f "
	       "messages of %.0f "
	       "bytes for %d changes\n",
	       deliveries * 1e9 / (double)used_by, deliveries * 1e9 / (double)used, deliveries * 1e9 / (double)elapsed,
	       (long)(samples_percentile(&latency, 0.5) / 1000), (long)(samples_percentile(&latency, 0.99) / 1000),
	       (double)texts / (double)(rounds * viewer_count), texts ? (double)bytes / (double)texts : 0, flight);
	return 0;
}
