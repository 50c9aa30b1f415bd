/*
 * permessage-deflate: see deflate.h. zlib does the work.
 *
 * Rejected: a window that is kept (256 KiB to send and 32 KiB to receive for each connection, and every frame compressed
 * for each of them), inflating while a message comes (then every connection inside one needs a state).
 */
#include "rowcast/http/deflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/http/negotiate.h"

#define LEVEL       1 /* docs/decisions/0030-compression.md has the figures */
#define WINDOW_BITS 15
#define MEMORY      8                  /* zlib's default */
#define TAIL        "\x00\x00\xff\xff" /* of a flushed stream; not sent (§7.2.1) */
#define TAIL_BYTES  4
#define ROOM_MIN    4096

/* ---- negotiation ---- */

enum { SERVER_NO_TAKEOVER = 1, CLIENT_NO_TAKEOVER = 2, SERVER_BITS = 4, CLIENT_BITS = 8 };

/* 8..15 without a leading zero, in quotes or not; 0: no such number. */
static int window_bits(struct rc_str value)
{
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
		value = (struct rc_str){value.ptr + 1, value.len - 2};
	if (value.len == 1 && (value.ptr[0] == '8' || value.ptr[0] == '9'))
		return value.ptr[0] - '0';
	if (value.len == 2 && value.ptr[0] == '1' && value.ptr[1] >= '0' && value.ptr[1] <= '5')
		return 10 + value.ptr[1] - '0';
	return 0;
}

/* Which parameter it is, as a bit of `seen`; 0: the offer is declined. */
static int parameter(struct rc_str text)
{
	bool valued = text.len > 0 && memchr(text.ptr, '=', text.len);
	struct rc_str name = str_trimmed(rc_str_cut(&text, '='));
	int bits = window_bits(str_trimmed(text));

	if (rc_str_is(name, "server_no_context_takeover"))
		return valued ? 0 : SERVER_NO_TAKEOVER;
	if (rc_str_is(name, "client_no_context_takeover"))
		return valued ? 0 : CLIENT_NO_TAKEOVER;
	if (rc_str_is(name, "client_max_window_bits"))
		return valued && !bits ? 0 : CLIENT_BITS;
	return rc_str_is(name, "server_max_window_bits") && bits == WINDOW_BITS ? SERVER_BITS : 0;
}

static bool offer_accept(struct rc_str offer, struct buf *answer)
{
	int seen = 0;

	if (offer.len == 0 || offer.ptr[offer.len - 1] == ';' ||
	    !rc_str_is(str_trimmed(rc_str_cut(&offer, ';')), "permessage-deflate"))
		return false;
	while (offer.len > 0) {
		int one = parameter(rc_str_cut(&offer, ';'));

		if (!one || seen & one)
			return false;
		seen |= one;
	}
	buf_append_str(answer, RC_STR("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
	if (seen & SERVER_BITS)
		buf_append_str(answer, RC_STR("; server_max_window_bits=15"));
	return true;
}

bool deflate_accept(struct rc_str offers, struct buf *answer)
{
	while (offers.len > 0) {
		if (offer_accept(str_trimmed(rc_str_cut(&offers, ',')), answer))
			return true;
	}
	return false;
}

/* ---- sending ---- */

size_t deflate_header(uint8_t out[DEFLATE_HEAD_MAX], size_t stored, size_t packed)
{
	size_t len = ws_header(out, WS_TEXT, 5 + stored + packed);
	/* Not the last block, stored; then the length and its complement, little-endian. */
	const uint8_t block[5] = {0, (uint8_t)stored, (uint8_t)(stored >> 8), (uint8_t)~stored,
				  (uint8_t)(~stored >> 8)};

	rc_check(stored <= DEFLATE_STORED_MAX);
	out[0] |= WS_RSV1;
	memcpy(out + len, block, sizeof(block));
	return len + sizeof(block);
}

void deflate_pack(struct buf *out, struct rc_str bytes)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes.ptr, .avail_in = (uInt)bytes.len};

	rc_check(bytes.len <= UINT32_MAX);
	rc_check(deflateInit2(&stream, LEVEL, Z_DEFLATED, -WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK);
	do {
		char *room = buf_reserve(out, ROOM_MIN);
		uInt had = out->cap - out->len > UINT32_MAX ? UINT32_MAX : (uInt)(out->cap - out->len);

		stream.next_out = (Bytef *)room;
		stream.avail_out = had;
		rc_check(deflate(&stream, Z_SYNC_FLUSH) != Z_STREAM_ERROR);
		out->len += had - stream.avail_out;
	} while (stream.avail_out == 0);
	deflateEnd(&stream);
	out->len -= TAIL_BYTES;
	rc_check(memcmp(out->data + out->len, TAIL, TAIL_BYTES) == 0);
}

/* ---- receiving ---- */

struct inflater {
	z_stream stream;
	char *text;
	size_t room; /* bytes of it */
};

struct inflater *inflater_create(void)
{
	struct inflater *inflater = rc_xcalloc(1, sizeof(*inflater));

	rc_check(inflateInit2(&inflater->stream, -WINDOW_BITS) == Z_OK);
	return inflater;
}

void inflater_destroy(struct inflater *inflater)
{
	if (!inflater)
		return;
	inflateEnd(&inflater->stream);
	free(inflater->text);
	free(inflater);
}

/* Room behind `len` bytes of text, never more than bytes_max in all. Returns how much there is. */
static uInt make_room(struct inflater *inflater, size_t len, size_t bytes_max)
{
	if (len == inflater->room && len < bytes_max) {
		inflater->room = len ? 2 * len : ROOM_MIN;
		if (inflater->room > bytes_max)
			inflater->room = bytes_max;
		inflater->text = rc_xrealloc(inflater->text, inflater->room);
	}
	return (uInt)((inflater->room < bytes_max ? inflater->room : bytes_max) - len);
}

static bool between_blocks(const z_stream *stream) /* as zlib.h says of inflate() */
{
	return stream->data_type & 128;
}

int inflater_message(struct inflater *inflater, struct rc_str packed, size_t bytes_max, struct rc_str *out)
{
	z_stream *stream = &inflater->stream;
	size_t len = 0;
	int err = Z_STREAM_END;
	bool tailed = false;

	rc_check(packed.len <= UINT32_MAX && bytes_max <= UINT32_MAX);
	stream->next_in = (Bytef *)(uintptr_t)packed.ptr;
	stream->avail_in = (uInt)packed.len;
	do {
		uInt room = make_room(inflater, len, bytes_max);
		Bytef beyond;

		if (stream->avail_in == 0 && !tailed) {
			stream->next_in = (Bytef *)(uintptr_t)TAIL;
			stream->avail_in = TAIL_BYTES;
			tailed = true;
		}
		if (err == Z_STREAM_END) /* a last block need not be a message's (§7.2.3.4) */
			rc_check(inflateReset(stream) == Z_OK);
		stream->next_out = room ? (Bytef *)inflater->text + len : &beyond;
		stream->avail_out = room ? room : 1;
		err = inflate(stream, Z_SYNC_FLUSH);
		rc_check(err != Z_MEM_ERROR && err != Z_STREAM_ERROR);
		if (err != Z_OK && err != Z_STREAM_END && err != Z_BUF_ERROR)
			return 1007;
		if (!room && stream->avail_out == 0)
			return 1009;
		len += room ? room - stream->avail_out : 0;
	} while (!tailed || stream->avail_in > 0 || (stream->avail_out == 0 && !between_blocks(stream)));
	*out = (struct rc_str){inflater->text, len};
	return between_blocks(stream) ? 0 : 1007; /* else something is missing */
}
