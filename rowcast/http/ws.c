/*
 * WebSocket framing, RFC 6455, sans I/O.
 *
 * The decoder takes bytes in any pieces. A frame's header is gathered in `header` (at most 14 bytes) and judged as soon
 * as each part of it is there, so that a hostile length is refused before its payload. Payload is unmasked straight
 * into `message`, text is checked as UTF-8 while it comes (§8.1 allows to fail at once), control frames go to `control`
 * because they may come between the fragments of a message (§5.4). A compressed message is judged when it is whole.
 *
 * Rejected: waiting for whole frames (a 64 KiB frame would be kept twice), a table of states (two of them: header,
 * payload).
 */
#include "rowcast/http/ws.h"

#include <openssl/evp.h>

#include "rowcast/base/check.h"
#include "rowcast/http/deflate.h"

#define FIN  0x80
#define RSV  0x70
#define MASK 0x80

size_t ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, uint64_t payload)
{
	int length_bytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8;

	out[0] = FIN | (uint8_t)opcode;
	out[1] = length_bytes == 0 ? (uint8_t)payload : length_bytes == 2 ? 126 : 127;
	for (int i = 0; i < length_bytes; i++)
		out[2 + i] = (uint8_t)(payload >> (8 * (length_bytes - 1 - i)));
	return 2 + (size_t)length_bytes;
}

void ws_accept(struct rc_str key, char out[29])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* §1.3 */
	char text[128];
	unsigned char digest[20];
	unsigned int digest_len = 0;

	rc_check(key.len + sizeof(guid) <= sizeof(text));
	memcpy(text, key.ptr, key.len);
	memcpy(text + key.len, guid, sizeof(guid) - 1);
	rc_check(EVP_Digest(text, key.len + sizeof(guid) - 1, digest, &digest_len, EVP_sha1(), NULL) == 1);
	rc_check(EVP_EncodeBlock((unsigned char *)out, digest, (int)digest_len) == 28);
}

/*
 * One byte of UTF-8 (RFC 3629). The state packs how many bytes are still to come and the bounds of the next one, which
 * are narrower than 80..BF only behind E0, ED, F0 and F4. 0: between two characters. Returns false when the byte is
 * wrong.
 */
static bool utf8_next(uint32_t *state, uint8_t byte)
{
	uint32_t left = *state & 0xFF, low = *state >> 8 & 0xFF, high = *state >> 16 & 0xFF;

	if (left == 0) {
		if (byte < 0x80)
			return true;
		if (byte < 0xC2 || byte > 0xF4)
			return false;
		left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
		low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
		high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
	} else {
		if (byte < low || byte > high)
			return false;
		left--;
		low = 0x80;
		high = 0xBF;
	}
	*state = left == 0 ? 0 : left | low << 8 | high << 16;
	return true;
}

static bool utf8_feed(uint32_t *state, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!utf8_next(state, (uint8_t)bytes[i]))
			return false;
	}
	return true;
}

static bool close_code_valid(int code) /* §7.4 and the IANA registry; 1004–1006 and 1015 are never sent */
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static int refuse(struct ws_event *event, int code)
{
	*event = (struct ws_event){.close_code = code};
	return RC_INVALID;
}

static bool is_control(uint8_t opcode)
{
	return opcode >= 8;
}

/* The first two bytes say how long the header is; returns 0 or the close code. */
static int header_begin(struct ws_decoder *decoder)
{
	uint8_t first = decoder->header[0], second = decoder->header[1];
	uint8_t opcode = first & 0x0F, length = second & 0x7F;
	bool packed = first & WS_RSV1;

	if (first & RSV & ~WS_RSV1 || !(second & MASK))
		return 1002;
	if (packed && (!decoder->inflater || is_control(opcode) || opcode == WS_CONTINUATION)) /* RFC 7692 §6 */
		return 1002;
	if (is_control(opcode)) {
		if (opcode > WS_PONG || !(first & FIN) || length > 125)
			return 1002;
	} else if (opcode > WS_BINARY || (opcode == WS_CONTINUATION) != (decoder->message_opcode != 0)) {
		return 1002;
	}
	decoder->header_need = (uint8_t)(6 + (length == 126 ? 2 : length == 127 ? 8 : 0));
	return 0;
}

/* The header is whole; returns 0 or the close code. */
static int header_end(struct ws_decoder *decoder)
{
	uint8_t opcode = decoder->header[0] & 0x0F, length = decoder->header[1] & 0x7F;
	int length_bytes = decoder->header_need - 6;
	uint64_t payload = length;

	if (length_bytes > 0) {
		payload = 0;
		for (int i = 0; i < length_bytes; i++)
			payload = payload << 8 | decoder->header[2 + i];
		if (payload < (length_bytes == 2 ? 126 : 65536) || payload >> 63) /* §5.2: the shortest form only */
			return 1002;
	}
	decoder->payload_left = payload;
	decoder->mask_at = 0;
	if (is_control(opcode)) {
		decoder->control_len = 0;
		return 0;
	}
	if (opcode != WS_CONTINUATION) {
		decoder->message_opcode = opcode;
		decoder->packed = decoder->header[0] & WS_RSV1;
		decoder->utf8_state = 0;
		buf_clear(&decoder->message);
	}
	return payload > decoder->message_bytes_max - decoder->message.len ? 1009 : 0;
}

static void unmask(struct ws_decoder *decoder, char *out, const uint8_t *in, size_t len)
{
	const uint8_t *mask = decoder->header + decoder->header_need - 4;
	uint8_t turned[4];
	uint64_t wide;
	size_t i = 0;

	for (int k = 0; k < 4; k++)
		turned[k] = mask[(decoder->mask_at + (uint32_t)k) & 3];
	memcpy(&wide, turned, 4);
	memcpy((char *)&wide + 4, turned, 4);
	for (; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, in + i, 8);
		word ^= wide;
		memcpy(out + i, &word, 8);
	}
	for (; i < len; i++)
		out[i] = (char)(in[i] ^ turned[i & 3]);
	decoder->mask_at = (decoder->mask_at + (uint32_t)len) & 3;
}

/* Returns 0 or the close code. */
static int payload_take(struct ws_decoder *decoder, const uint8_t *bytes, size_t len)
{
	char *out;

	if (is_control(decoder->header[0] & 0x0F)) {
		unmask(decoder, (char *)decoder->control + decoder->control_len, bytes, len);
		decoder->control_len = (uint8_t)(decoder->control_len + len);
		return 0;
	}
	out = buf_reserve(&decoder->message, len);
	unmask(decoder, out, bytes, len);
	decoder->message.len += len;
	if (decoder->message_opcode == WS_TEXT && !decoder->packed && !utf8_feed(&decoder->utf8_state, out, len))
		return 1007;
	return 0;
}

static int close_event(struct ws_decoder *decoder, struct ws_event *event)
{
	struct rc_str payload = {(const char *)decoder->control, decoder->control_len};
	int code = 1005;

	if (payload.len == 1)
		return refuse(event, 1002);
	if (payload.len >= 2) {
		code = decoder->control[0] << 8 | decoder->control[1];
		payload.ptr += 2;
		payload.len -= 2;
		if (!close_code_valid(code))
			return refuse(event, 1002);
		if (!rc_str_utf8_valid(payload))
			return refuse(event, 1007);
	}
	*event = (struct ws_event){.opcode = WS_CLOSE, .payload = payload, .close_code = code};
	return 0;
}

/* A frame is whole: 0 and the event, RC_AGAIN when its message goes on, RC_INVALID. */
static int frame_end(struct ws_decoder *decoder, struct ws_event *event)
{
	uint8_t opcode = decoder->header[0] & 0x0F;
	bool final = decoder->header[0] & FIN;
	struct rc_str payload;
	int code = 0;

	decoder->header_len = decoder->header_need = 0;
	if (opcode == WS_CLOSE)
		return close_event(decoder, event);
	if (is_control(opcode)) {
		*event = (struct ws_event){.opcode = opcode,
					   .payload = {(const char *)decoder->control, decoder->control_len}};
		return 0;
	}
	if (!final)
		return RC_AGAIN;
	payload = buf_str(&decoder->message);
	if (decoder->packed)
		code = inflater_message(decoder->inflater, payload, decoder->message_bytes_max, &payload);
	if (!code && decoder->message_opcode == WS_TEXT &&
	    (decoder->packed ? !rc_str_utf8_valid(payload) : decoder->utf8_state != 0))
		code = 1007;
	if (code)
		return refuse(event, code);
	*event = (struct ws_event){.opcode = decoder->message_opcode, .payload = payload};
	decoder->message_opcode = 0;
	return 0;
}

int ws_decode(struct ws_decoder *decoder, const uint8_t *bytes, size_t len, size_t *used, struct ws_event *event)
{
	size_t at = 0;
	int code = 0, err = RC_AGAIN;

	while (err == RC_AGAIN) {
		bool in_header = decoder->header_len < 2 || decoder->header_len < decoder->header_need;

		if (in_header) {
			if (at == len)
				break;
			decoder->header[decoder->header_len++] = bytes[at++];
			if (decoder->header_len == 2)
				code = header_begin(decoder);
			else if (decoder->header_len > 2 && decoder->header_len == decoder->header_need)
				code = header_end(decoder);
			in_header = decoder->header_len < 2 || decoder->header_len < decoder->header_need;
		} else {
			size_t take = len - at < decoder->payload_left ? len - at : (size_t)decoder->payload_left;

			if (take == 0)
				break;
			code = payload_take(decoder, bytes + at, take);
			at += take;
			decoder->payload_left -= take;
		}
		if (code)
			err = refuse(event, code);
		else if (!in_header && decoder->payload_left == 0)
			err = frame_end(decoder, event);
	}
	*used = at;
	return err;
}

void ws_decoder_release(struct ws_decoder *decoder)
{
	size_t message_bytes_max = decoder->message_bytes_max;

	buf_release(&decoder->message);
	*decoder = (struct ws_decoder){.message_bytes_max = message_bytes_max};
}
