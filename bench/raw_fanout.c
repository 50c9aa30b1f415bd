/*
 * The limit of a fan-out: a server that does nothing but read a message (POST /pub) and send it, framed once, to every WebSocket
 * (GET /sub), one send for each, from an array. What is in flight together is sent together.
 *
 *   raw_fanout        prints its port
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 20000

static int subscribers[CONNECTIONS_MAX], subscriber_count;
static char frames[1 << 20];
static size_t frames_len;

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void frame(const char *body, size_t len)
{
	unsigned char head[4] = {0x81, (unsigned char)len};
	size_t head_len = 2;

	if (len > 125) {
		head[1] = 126;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		head_len = 4;
	}
	must(frames_len + head_len + len <= sizeof(frames), "too much in flight");
	memcpy(frames + frames_len, head, head_len);
	memcpy(frames + frames_len + head_len, body, len);
	frames_len += head_len + len;
}

/* Requests come whole: the load program writes each with one call. */
static void serve(int fd, int epoll_fd)
{
	static const char hello[] =
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
	static const char done[] = "HTTP/1.1 204 No Content\r\n\r\n";
	static char request[1 << 17];
	ssize_t got = read(fd, request, sizeof(request) - 1);
	const char *body;

	if (got <= 0) {
		close(fd);
		return;
	}
	request[got] = 0;
	if (memcmp(request, "GET", 3) == 0) {
		must(write(fd, hello, sizeof(hello) - 1) > 0, "write");
		must(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL) == 0, "epoll_ctl");
		subscribers[subscriber_count++] = fd;
		return;
	}
	body = strstr(request, "\r\n\r\n") + 4;
	frame(body, (size_t)(request + got - body));
	must(write(fd, done, sizeof(done) - 1) > 0, "write");
}

int main(void)
{
	struct rlimit files = {.rlim_cur = CONNECTIONS_MAX, .rlim_max = CONNECTIONS_MAX};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event events[256], event = {.events = EPOLLIN};
	socklen_t len = sizeof(address);
	int epoll_fd = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	(void)setrlimit(RLIMIT_NOFILE, &files);
	must(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 1024) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &len) == 0, "getsockname");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event.data.fd = listener;
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
	for (;;) {
		int count = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd != listener) {
				serve(fd, epoll_fd);
				continue;
			}
			fd = accept(listener, NULL, NULL);
			must(fd >= 0, "accept");
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			event.data.fd = fd;
			must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
		}
		for (int i = 0; frames_len > 0 && i < subscriber_count; i++)
			(void)!send(subscribers[i], frames, frames_len, MSG_DONTWAIT | MSG_NOSIGNAL);
		frames_len = 0;
	}
}
