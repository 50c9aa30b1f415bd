/*
 * Booking load over HTTP: C keep-alive connections in a closed loop, each with one request in flight.
 *
 *   load --port P --connections C --count N --mode spread|hot|peer [--first F]
 *
 * spread: every booking has a slot of its own (room i mod 100, next quarter of an hour). hot: every booking takes one
 * place of the same class. peer: as spread, for a server that knows no venue. Each request carries an Idempotency-Key,
 * as every client must. The first tenth warms up and is not counted.
 *
 * Prints one line: bookings a second, latency percentiles in microseconds, and how many answers were not 201.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>

#include "bench/dial.h"
#include "bench/stats.h"

#define ROOMS_MAX  256
#define ANSWER_MAX 65536

struct target {
	char room_service[24], class_service[24];
	char rooms[ROOMS_MAX][24];
	int room_count;
};

struct conn {
	int fd;
	int64_t sent_ns;
	size_t have;
	char answer[ANSWER_MAX];
};

/* Bytes of the first whole answer in `text`, 0 if it is not whole yet; the status goes to *status. */
static size_t answer_length(const char *text, size_t len, int *status)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);
	const char *field;
	size_t head, body = 0;

	if (!end)
		return 0;
	head = (size_t)(end - text) + 4;
	field = memmem(text, head, "ontent-", 7);
	while (field && strncasecmp(field, "ontent-length:", 14) != 0)
		field = memmem(field + 1, head - (size_t)(field + 1 - text), "ontent-", 7);
	if (field)
		body = strtoul(field + 14, NULL, 10);
	*status = atoi(text + 9);
	return len >= head + body ? head + body : 0;
}

static json_t *get_json(int port, const char *path)
{
	char request[512], *text = malloc(1 << 20);
	size_t have = 0, whole = 0;
	int fd = dial(port), status = 0;
	json_t *document;

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path);
	if (!text || write(fd, request, strlen(request)) < 0)
		fail("GET");
	while (!whole) {
		ssize_t got = read(fd, text + have, (1 << 20) - have);

		if (got <= 0)
			fail("GET");
		have += (size_t)got;
		whole = answer_length(text, have, &status);
	}
	text[whole < (1 << 20) ? whole : (1 << 20) - 1] = 0;
	document = json_loads(strstr(text, "\r\n\r\n") + 4, 0, NULL);
	if (status != 200 || !document)
		fail("GET answered no JSON");
	close(fd);
	free(text);
	return document;
}

static void find_target(int port, struct target *target)
{
	json_t *venue = get_json(port, "/v1/venues/bench"), *item;
	size_t i;

	json_array_foreach(json_object_get(venue, "services"), i, item)
	{
		bool room = strcmp(json_string_value(json_object_get(item, "key")), "room") == 0;

		snprintf(room ? target->room_service : target->class_service, 24, "%s",
			 json_string_value(json_object_get(item, "id")));
	}
	json_array_foreach(json_object_get(venue, "resources"), i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "kind")), "exclusive") == 0 &&
		    target->room_count < ROOMS_MAX)
			snprintf(target->rooms[target->room_count++], 24, "%s",
				 json_string_value(json_object_get(item, "id")));
	}
	json_decref(venue);
}

static void send_booking(struct conn *conn, const struct target *target, bool hot, long number, time_t base)
{
	char body[512], request[1024], when[32];
	time_t start = hot ? base + 18 * 3600 : base + number / target->room_count * 900;
	struct tm utc;
	int len;

	gmtime_r(&start, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (hot)
		len = snprintf(body, sizeof(body), "{\"service\":\"%s\",\"start\":\"%s\"", target->class_service, when);
	else
		len = snprintf(body, sizeof(body), "{\"service\":\"%s\",\"resource\":\"%s\",\"start\":\"%s\"",
			       target->room_service, target->rooms[number % target->room_count], when);
	len += snprintf(body + len, sizeof(body) - (size_t)len,
			",\"customer\":{\"name\":\"Load %ld\",\"email\":\"load%ld@bench.example\"}}", number, number);
	len = snprintf(request, sizeof(request),
		       "POST /v1/bookings HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
		       "Idempotency-Key: load-%d-%ld\r\nContent-Length: %d\r\n\r\n%s",
		       (int)getpid(), number, len, body);
	conn->sent_ns = bench_now_ns();
	if (write(conn->fd, request, (size_t)len) != len)
		fail("write");
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"count", 1, 0, 'n'},
					      {"mode", 1, 0, 'm'}, {"first", 1, 0, 'f'},       {0}};
	long count = 10000, first = 0, sent = 0, done = 0, refused = 0, warm;
	int port = 8080, connections = 64, letter, epoll = epoll_create1(0);
	bool hot = false, peer = false;
	struct target target = {.room_service = "1"};
	struct samples latency = {0};
	struct epoll_event events[256];
	struct conn *conns;
	time_t base = (time(NULL) / 86400 + 2) * 86400;
	int64_t counted_ns = 0, finished_ns = 0;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (letter) {
		case 'p':
			port = atoi(optarg);
			break;
		case 'c':
			connections = atoi(optarg);
			break;
		case 'n':
			count = atol(optarg);
			break;
		case 'f':
			first = atol(optarg);
			break;
		case 'm':
			hot = strcmp(optarg, "hot") == 0;
			peer = strcmp(optarg, "peer") == 0;
			break;
		default:
			return 2;
		}
	}
	if (peer)
		for (; target.room_count < 100; target.room_count++)
			snprintf(target.rooms[target.room_count], 24, "room-%d", target.room_count);
	else
		find_target(port, &target);
	conns = calloc((size_t)connections, sizeof(*conns));
	if (!conns)
		fail("memory");
	warm = count / 10;
	for (int i = 0; i < connections && sent < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &conns[i]};

		conns[i].fd = dial(port);
		epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &event);
		send_booking(&conns[i], &target, hot, first + sent++, base);
	}
	while (done < sent) {
		int ready = epoll_wait(epoll, events, 256, 30000);

		if (ready <= 0)
			fail("no answer for 30 s");
		for (int i = 0; i < ready; i++) {
			struct conn *conn = events[i].data.ptr;
			ssize_t got = read(conn->fd, conn->answer + conn->have, ANSWER_MAX - conn->have);
			int status = 0;

			if (got <= 0)
				fail("the server closed a connection");
			conn->have += (size_t)got;
			if (!answer_length(conn->answer, conn->have, &status))
				continue;
			if (status != 201 && refused++ == 0)
				fprintf(stderr, "load: first refusal: %.*s\n", (int)conn->have, conn->answer);
			conn->have = 0;
			finished_ns = bench_now_ns();
			if (++done > warm)
				samples_add(&latency, finished_ns - conn->sent_ns);
			else if (done == warm)
				counted_ns = finished_ns;
			if (sent < count)
				send_booking(conn, &target, hot, first + sent++, base);
		}
	}
	printf("%.0f bookings/s  p50 %ld p99 %ld max %ld us  refused %ld\n",
	       (double)(done - warm) * 1e9 / (double)(finished_ns - counted_ns),
	       (long)(samples_percentile(&latency, 0.5) / 1000), (long)(samples_percentile(&latency, 0.99) / 1000),
	       (long)(samples_percentile(&latency, 1) / 1000), refused);
	return refused ? 1 : 0;
}
