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
#include <stdbool.h>
#include <time.h>

#include "bench/dial.h"
#include "bench/stats.h"

/* One masked client frame; the mask is zero, which is legal and leaves the payload readable. */
static void ws_send(int fd, const char *text)
{
	unsigned char frame[1024] = {0x81};
	size_t len = strlen(text), head = 2;

	if (len < 126) {
		frame[1] = (unsigned char)(0x80 | len);
	} else {
		frame[1] = 0x80 | 126;
		frame[2] = (unsigned char)(len >> 8);
		frame[3] = (unsigned char)len;
		head = 4;
	}
	memset(frame + head, 0, 4);
	memcpy(frame + head + 4, text, len);
	if (write(fd, frame, head + 4 + len) < 0)
		fail("write");
}

struct inbox {
	int fd;
	unsigned char *data;
	size_t have, capacity;
};

/* Take one whole frame out of the inbox: its payload, or NULL when it is not whole yet. */
static const char *ws_take(struct inbox *inbox, size_t *len, size_t *whole)
{
	size_t head = 2, payload;

	if (inbox->have < 2)
		return NULL;
	payload = inbox->data[1] & 127;
	if (payload == 126) {
		head = 4;
		if (inbox->have < head)
			return NULL;
		payload = (size_t)inbox->data[2] << 8 | inbox->data[3];
	} else if (payload == 127) {
		head = 10;
		if (inbox->have < head)
			return NULL;
		payload = 0;
		for (int i = 2; i < 10; i++)
			payload = payload << 8 | inbox->data[i];
	}
	if (inbox->have < head + payload)
		return NULL;
	*len = payload;
	*whole = head + payload;
	return (const char *)inbox->data + head;
}

static void fill(struct inbox *inbox)
{
	ssize_t got;

	if (inbox->capacity - inbox->have < 65536) {
		inbox->capacity = inbox->capacity * 2 + 131072;
		inbox->data = realloc(inbox->data, inbox->capacity);
		if (!inbox->data)
			fail("memory");
	}
	got = read(inbox->fd, inbox->data + inbox->have, inbox->capacity - inbox->have);
	if (got <= 0)
		fail("the server closed the WebSocket");
	inbox->have += (size_t)got;
}

/* Wait for the next frame whose text holds `mark`; others are dropped. */
static void await(struct inbox *inbox, const char *mark)
{
	for (;;) {
		size_t len, whole;
		const char *text;

		while ((text = ws_take(inbox, &len, &whole))) {
			bool found = memmem(text, len, mark, strlen(mark)) != NULL;

			memmove(inbox->data, inbox->data + whole, inbox->have - whole);
			inbox->have -= whole;
			if (found)
				return;
		}
		fill(inbox);
	}
}

static void subscribe(struct inbox *inbox, int port, const char *service, const char *resource, time_t base)
{
	char request[512], from[16], to[16], answer[1024];
	time_t last = base + 6 * 86400;
	size_t have = 0;
	struct tm utc;

	inbox->fd = dial(port);
	snprintf(request, sizeof(request),
		 "GET /v1/live HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: "
		 "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: rowcast.v1+json\r\n\r\n");
	if (write(inbox->fd, request, strlen(request)) < 0)
		fail("write");
	while (have < sizeof(answer) - 1 && (have < 4 || memcmp(answer + have - 4, "\r\n\r\n", 4) != 0)) {
		if (read(inbox->fd, answer + have, 1) != 1)
			fail("WebSocket handshake");
		have++;
	}
	strftime(from, sizeof(from), "%Y-%m-%d", gmtime_r(&base, &utc));
	strftime(to, sizeof(to), "%Y-%m-%d", gmtime_r(&last, &utc));
	snprintf(request, sizeof(request),
		 "{\"type\":\"subscribe\",\"id\":\"1\",\"topic\":\"availability\",\"service\":\"%s\",\"resource\":\"%"
		 "s\",\"from\":\"%s\","
		 "\"to\":\"%s\"}",
		 service, resource, from, to);
	ws_send(inbox->fd, request);
	await(inbox, "\"type\":\"snapshot\"");
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'},     {"count", 1, 0, 'n'}, {"service", 1, 0, 's'},
					      {"resource", 1, 0, 'r'}, {"first", 1, 0, 'f'}, {0}};
	const char *service = "1", *resource = "1";
	int port = 8080, letter, http;
	long count = 300, first = 0;
	struct samples frames = {0}, replies = {0};
	struct inbox inbox = {0};
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
	subscribe(&inbox, port, service, resource, base);
	http = dial(port);
	for (long i = first; i < first + count; i++) {
		char body[512], request[1024], when[32], answer[8192];
		time_t start = base + i * 900;
		struct timespec pause = {.tv_nsec = 2000000};
		struct pollfd wait[2] = {{.fd = inbox.fd, .events = POLLIN}, {.fd = http, .events = POLLIN}};
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
				await(&inbox, "\"type\":\"delta\"");
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
