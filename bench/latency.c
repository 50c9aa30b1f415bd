/*
 * From a booking to the frame on another screen: one WebSocket subscriber, one booking at a time.
 *
 *   latency --port P --count N
 *
 * Prints microseconds from the first byte of POST /v1/bookings sent to the delta frame received by the subscriber, and
 * to the reply received by the booker. Bookings are spaced by their own replies plus 2 ms, so that no train carries
 * two.
 */
#include <getopt.h>
#include <poll.h>
#include <time.h>

#include "bench/stats.h"
#include "bench/websocket.h"

struct viewer {
	int fd;
	struct ws_inbox inbox;
	const char *at, *end; /* what was read and not looked at yet */
	char buffer[65536];
};

/* Wait for the next frame whose message begins with `mark`; others are dropped. */
static void await(struct viewer *viewer, const char *mark)
{
	struct ws_frame frame;
	ssize_t got;

	for (;;) {
		while (ws_take(&viewer->inbox, &viewer->at, viewer->end, &frame)) {
			if (ws_frame_has(&frame, mark))
				return;
		}
		got = read(viewer->fd, viewer->buffer, sizeof(viewer->buffer));
		if (got <= 0)
			fail("the server closed the WebSocket");
		viewer->at = viewer->buffer;
		viewer->end = viewer->buffer + got;
	}
}

static void subscribe(struct viewer *viewer, int port, const char *service, const char *resource, time_t base)
{
	char text[512], from[16], to[16];
	time_t last = base + 6 * 86400;
	struct tm utc;

	viewer->fd = ws_open(port, "/v1/live", "rowcast.v1+json");
	strftime(from, sizeof(from), "%Y-%m-%d", gmtime_r(&base, &utc));
	strftime(to, sizeof(to), "%Y-%m-%d", gmtime_r(&last, &utc));
	snprintf(text, sizeof(text),
		 "{\"type\":\"subscribe\",\"id\":\"1\",\"topic\":\"availability\",\"service\":\"%s\","
		 "\"resource\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"}",
		 service, resource, from, to);
	ws_send(viewer->fd, 1, text);
	await(viewer, "\"type\":\"snapshot\"");
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'},     {"count", 1, 0, 'n'}, {"service", 1, 0, 's'},
					      {"resource", 1, 0, 'r'}, {"first", 1, 0, 'f'}, {0}};
	const char *service = "1", *resource = "1";
	int port = 8080, letter, http;
	long count = 300, first = 0;
	struct samples frames = {0}, replies = {0};
	static struct viewer viewer;
	time_t base = (time(NULL) / 86400 + 2) * 86400;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (letter) {
		case 'p':
			port = atoi(optarg);
			break;
		case 'n':
			count = atol(optarg);
			break;
		case 's':
			service = optarg;
			break;
		case 'r':
			resource = optarg;
			break;
		case 'f':
			first = atol(optarg);
			break;
		default:
			return 2;
		}
	}
	if (first + count > 6 * 96)
		return fprintf(stderr, "latency: at most 576 slots are watched\n"), 2;
	subscribe(&viewer, port, service, resource, base);
	http = dial(port);
	for (long i = first; i < first + count; i++) {
		char body[512], request[1024], when[32], answer[8192];
		time_t start = base + i * 900;
		struct timespec pause = {.tv_nsec = 2000000};
		struct pollfd wait[2] = {{.fd = viewer.fd, .events = POLLIN}, {.fd = http, .events = POLLIN}};
		bool framed = false, replied = false;
		int64_t sent_ns;
		struct tm utc;
		int len;

		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&start, &utc));
		len = snprintf(body, sizeof(body),
			       "{\"service\":\"%s\",\"resource\":\"%s\",\"start\":\"%s\",\"customer\":{\"name\":\"L\","
			       "\"email\":\"l@x.example\"}}",
			       service, resource, when);
		len = snprintf(request, sizeof(request),
			       "POST /v1/bookings HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
			       "Idempotency-Key: latency-%d-%ld\r\nContent-Length: %d\r\n\r\n%s",
			       (int)getpid(), i, len, body);
		sent_ns = bench_now_ns();
		if (write(http, request, (size_t)len) != len)
			fail("write");
		while (!framed || !replied) {
			if (poll(wait, 2, 10000) <= 0)
				fail("no frame or reply for 10 s");
			if (wait[0].revents && !framed) {
				await(&viewer, "\"type\":\"delta\"");
				samples_add(&frames, bench_now_ns() - sent_ns);
				framed = true;
				wait[0].fd = -1;
			}
			if (wait[1].revents && !replied) {
				ssize_t got = read(http, answer, sizeof(answer));

				if (got < 12 || memcmp(answer + 9, "201", 3) != 0)
					return fprintf(stderr, "latency: %.*s\n", (int)got, answer), 1;
				samples_add(&replies, bench_now_ns() - sent_ns);
				replied = true;
				wait[1].fd = -1;
			}
		}
		nanosleep(&pause, NULL);
	}
	printf("frame p50 %ld p99 %ld us  reply p50 %ld p99 %ld us\n", (long)(samples_percentile(&frames, 0.5) / 1000),
	       (long)(samples_percentile(&frames, 0.99) / 1000), (long)(samples_percentile(&replies, 0.5) / 1000),
	       (long)(samples_percentile(&replies, 0.99) / 1000));
	return 0;
}
