/*
 * Connections that wait: WebSocket subscribers of one topic to which nothing happens.
 *
 *   idle --port P --service S COUNT…
 *
 * Opens as many as the first COUNT says, says so in a line when each of them has its snapshot, waits for a line of its
 * input, goes on to the next COUNT; the end of its input is its own end. Meanwhile it reads what comes and answers
 * pings, so that nobody is taken for dead.
 */
#include <getopt.h>
#include <sys/epoll.h>
#include <time.h>

#include "bench/websocket.h"

struct viewer {
	int fd;
	bool snapshot;
	struct ws_inbox inbox;
};

static struct viewer *viewers;
static int opened, snapshots, epoll_fd, port;
static char message[512];

static void viewer_read(struct viewer *viewer)
{
	static char buffer[1 << 18];
	ssize_t got = read(viewer->fd, buffer, sizeof(buffer));
	const char *at = buffer;
	struct ws_frame frame;

	if (got <= 0)
		fail("the server closed a WebSocket");
	while (ws_take(&viewer->inbox, &at, buffer + got, &frame)) {
		if (frame.opcode == 9)
			ws_send(viewer->fd, 10, "");
		if (!viewer->snapshot && ws_frame_has(&frame, "\"type\":\"snapshot\"")) {
			viewer->snapshot = true;
			snapshots++;
		}
	}
}

/* Returns when all have their snapshot; then, with `until_input`, when there is a line to read. */
static void serve(bool until_input)
{
	struct epoll_event events[256];
	bool asked = false;

	while (snapshots < opened || (until_input && !asked)) {
		int count = epoll_wait(epoll_fd, events, 256, 20000);

		if (count < 0 || (count == 0 && snapshots < opened))
			fail("no snapshot for 20 s");
		for (int i = 0; i < count; i++) {
			if (events[i].data.u32 == UINT32_MAX)
				asked = true;
			else
				viewer_read(&viewers[events[i].data.u32]);
		}
	}
}

static void await_snapshots(void)
{
	serve(false);
}

static void watch(int fd, uint32_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		fail("epoll_ctl");
}

static void viewer_open(void)
{
	struct viewer *viewer = &viewers[opened];

	viewer->fd = ws_open(port, "/v1/live", "rowcast.v1+json");
	ws_send(viewer->fd, 1, message);
	watch(viewer->fd, (uint32_t)opened++);
	if (opened % 64 == 0) /* few at a time: a crowd at the door is not what is measured */
		await_snapshots();
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"port", 1, 0, 'p'}, {"service", 1, 0, 's'}, {0}};
	const char *service = "1";
	char day[16], line[16];
	time_t when = (time(NULL) / 86400 + 3) * 86400;
	struct tm utc;
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'p')
			port = atoi(optarg);
		else if (letter == 's')
			service = optarg;
		else
			return 2;
	}
	strftime(day, sizeof(day), "%Y-%m-%d", gmtime_r(&when, &utc));
	snprintf(message, sizeof(message),
		 "{\"type\":\"subscribe\",\"id\":\"1\",\"topic\":\"availability\",\"service\":\"%s\",\"from\":\"%s\","
		 "\"to\":\"%s\"}",
		 service, day, day);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(STDIN_FILENO, UINT32_MAX);
	for (; optind < argc; optind++) {
		int count = atoi(argv[optind]);

		viewers = realloc(viewers, (size_t)count * sizeof(*viewers));
		memset(viewers + opened, 0, (size_t)(count - opened) * sizeof(*viewers));
		while (opened < count)
			viewer_open();
		await_snapshots();
		printf("%d\n", opened);
		fflush(stdout);
		serve(true);
		if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
			break;
	}
	return 0;
}
