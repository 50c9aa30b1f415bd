/*
 * The client's side of a WebSocket, for the load programs: the handshake, messages to send, and frames as they come.
 */
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H

#include <stdbool.h>

#include "bench/dial.h"

#define WS_HEAD_BYTES 192 /* of a frame that are kept: its header and how its message begins */

struct ws_inbox {
	uint64_t rest; /* bytes of the payload still to come */
	uint32_t have; /* bytes in `head` */
	char head[WS_HEAD_BYTES];
};

struct ws_frame {
	int opcode; /* 1: text, 9: ping */
	const char *text;
	size_t len;     /* of the beginning that was kept */
	uint64_t bytes; /* of the whole frame */
};

static inline void ws_write(int fd, const void *bytes, size_t len)
{
	if (write(fd, bytes, len) != (ssize_t)len)
		fail("write");
}

/* The head of an answer, which must have this status. Byte by byte: what comes behind it belongs to the first message. */
static inline void ws_read_head(int fd, const char *status)
{
	char answer[1024];
	size_t have = 0;

	while (have < sizeof(answer) - 1 && (have < 4 || memcmp(answer + have - 4, "\r\n\r\n", 4) != 0)) {
		if (read(fd, answer + have, 1) != 1)
			fail("subscribing");
		have++;
	}
	answer[have] = 0;
	if (memcmp(answer + 9, status, 3) != 0)
		fail(answer);
}

static inline int ws_open(int port, const char *path, const char *protocol)
{
	char text[512];
	int fd = dial(port);

	ws_write(fd, text,
		 (size_t)snprintf(
			 text, sizeof(text),
			 "GET %s HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s%s%s\r\n",
			 path, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
			 protocol ? "\r\n" : ""));
	ws_read_head(fd, "101");
	return fd;
}

/* One masked frame of less than 64 KiB; the mask is zero, which is legal and leaves the payload readable. */
static inline void ws_send(int fd, int opcode, const char *text)
{
	size_t len = strlen(text), head = len < 126 ? 2 : 4;
	char frame[2048] = {(char)(0x80 | opcode), (char)(0x80 | (len < 126 ? len : 126))};

	if (head + 4 + len > sizeof(frame))
		fail("a message is too long");
	if (head == 4) {
		frame[2] = (char)(len >> 8);
		frame[3] = (char)len;
	}
	memcpy(frame + head + 4, text, len);
	ws_write(fd, frame, head + 4 + len);
}

/* How long the frame's header is, once that is known; and how long its payload. */
static inline uint32_t ws_header_bytes(const struct ws_inbox *inbox, uint64_t *payload)
{
	const unsigned char *head = (const unsigned char *)inbox->head;
	uint32_t len = inbox->have < 2 ? 0 : (head[1] & 127) == 126 ? 4 : (head[1] & 127) == 127 ? 10 : 2;

	if (len == 0 || inbox->have < len)
		return 0;
	*payload = len == 2 ? head[1] & 127u : 0;
	for (uint32_t i = 2; i < len; i++)
		*payload = *payload << 8 | head[i];
	return len;
}

/* Move *at on to the end of the next frame, or of what is there. True: a frame ends here; valid until the next call. */
static inline bool ws_take(struct ws_inbox *inbox, const char **at, const char *end, struct ws_frame *frame)
{
	while (*at < end) {
		uint64_t payload = 0, size;
		uint32_t head = ws_header_bytes(inbox, &payload), room;

		if (head == 0) {
			inbox->head[inbox->have++] = *(*at)++;
			head = ws_header_bytes(inbox, &payload);
			if (head == 0)
				continue;
			inbox->rest = payload;
		}
		size = inbox->rest < (size_t)(end - *at) ? inbox->rest : (size_t)(end - *at);
		room = WS_HEAD_BYTES - inbox->have < size ? WS_HEAD_BYTES - inbox->have : (uint32_t)size;
		memcpy(inbox->head + inbox->have, *at, room);
		inbox->have += room;
		inbox->rest -= size;
		*at += size;
		if (inbox->rest == 0) {
			*frame = (struct ws_frame){inbox->head[0] & 15, inbox->head + head, inbox->have - head,
						   head + payload};
			inbox->have = 0;
			return true;
		}
	}
	return false;
}

static inline bool ws_frame_has(const struct ws_frame *frame, const char *mark)
{
	return memmem(frame->text, frame->len, mark, strlen(mark)) != NULL;
}

#endif
