/*
 * WebSocket framing, RFC 6455, sans I/O: a decoder that is fed bytes, and headers for frames to send.
 */
#ifndef ROWCAST_HTTP_WS_H
#define ROWCAST_HTTP_WS_H

#include "rowcast/base/buf.h"

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

#define WS_HEADER_MAX 10   /* bytes of an unmasked frame header */
#define WS_RSV1       0x40 /* in its first byte: the message is compressed */

/* Header of an unmasked, final frame with `payload` bytes; returns its length. */
size_t ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, uint64_t payload);
/* Value of Sec-WebSocket-Accept for a key. out: 29 bytes with the NUL. */
void ws_accept(struct rc_str key, char out[29]);

struct inflater;
struct ws_decoder {
	size_t message_bytes_max;  /* as it comes and, when it is compressed, as it was */
	struct inflater *inflater; /* borrowed; NULL: compression was not agreed upon */
	struct buf message;        /* payload of the message under way */
	/* private */
	uint8_t header[14];
	uint8_t header_len, header_need;
	uint8_t message_opcode; /* 0: none under way */
	bool packed;            /* it is compressed */
	uint8_t control_len;
	uint8_t control[125];
	uint64_t payload_left;
	uint32_t mask_at;
	uint32_t utf8_state;
};

struct ws_event {
	enum ws_opcode opcode; /* TEXT, BINARY, CLOSE, PING, PONG: a whole message */
	struct rc_str payload; /* borrowed until the next call */
	int close_code;        /* CLOSE: the peer's code, 1005 when it gave none */
};

/*
 * Consume bytes until one event is complete: 0 and *event, with *used bytes taken; RC_AGAIN: all taken, no event.
 * A protocol error is RC_INVALID with event->close_code = 1002, 1007 or 1009 to answer with.
 */
int ws_decode(struct ws_decoder *decoder, const uint8_t *bytes, size_t len, size_t *used,
	      struct ws_event *event) RC_MUST_CHECK;
/* True between two messages: the decoder holds nothing of the peer's, and another one may go on in its place. */
static inline bool ws_decoder_idle(const struct ws_decoder *decoder)
{
	return decoder->header_len == 0 && decoder->message_opcode == 0;
}
void ws_decoder_release(struct ws_decoder *decoder);

#endif
