/*
 * WebSocket frames. The first byte says where the input is cut. Checked, with compressed messages and without: the same
 * events whole, cut and byte by byte; texts are UTF-8; messages keep their limit; close codes are legal.
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/http/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 300

static void note(struct buf *events, int err, const struct ws_event *event)
{
	buf_printf(events, "%d %d %d %zu ", err, err ? 0 : event->opcode, event->close_code,
		   err ? 0 : event->payload.len);
	if (err) {
		rc_check(err == RC_INVALID);
		rc_check(event->close_code == 1002 || event->close_code == 1007 || event->close_code == 1009);
		return;
	}
	buf_append_str(events, event->payload);
	rc_check(event->payload.len <= (event->opcode >= WS_CLOSE ? 125 : MESSAGE_MAX));
	if (event->opcode == WS_TEXT || event->opcode == WS_CLOSE)
		rc_check(rc_str_utf8_valid(event->payload));
	if (event->opcode == WS_CLOSE)
		rc_check(event->close_code >= 1000 && event->close_code < 5000 && event->close_code != 1006);
}

static struct inflater *inflater; /* NULL: compression was not agreed upon */

static void run(struct buf *events, const uint8_t *data, size_t size, size_t first, size_t step)
{
	struct ws_decoder decoder = {.message_bytes_max = MESSAGE_MAX, .inflater = inflater};
	size_t at = 0, have = first < size ? first : size;
	int err = 0;

	while (at < size && (err == 0 || err == RC_AGAIN)) {
		uint8_t *copy = malloc(have - at + 1);
		struct ws_event event;
		size_t used;

		memcpy(copy, data + at, have - at);
		err = ws_decode(&decoder, copy, have - at, &used, &event);
		rc_check(used <= have - at && (err != RC_AGAIN || used == have - at));
		at += used;
		if (err != RC_AGAIN)
			note(events, err, &event);
		free(copy);
		if (at == have)
			have = have + step < size ? have + step : size;
	}
	ws_decoder_release(&decoder);
}

static void run_all(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT, bytes = BUF_INIT;

	run(&whole, data + 1, size - 1, size - 1, size);
	run(&cut, data + 1, size - 1, data[0] ? data[0] : 1, size);
	run(&bytes, data + 1, size - 1, 1, 1);
	rc_check(rc_str_eq(buf_str(&whole), buf_str(&cut)));
	rc_check(rc_str_eq(buf_str(&whole), buf_str(&bytes)));
	buf_release(&whole);
	buf_release(&cut);
	buf_release(&bytes);
}

/* The input as offers of the extension: what is answered is one of two. */
static void negotiate(const uint8_t *data, size_t size)
{
	struct buf answer = BUF_INIT;
	bool accepted = deflate_accept((struct rc_str){(const char *)data, size}, &answer);

	rc_check(accepted ? rc_str_starts(buf_str(&answer), RC_STR("permessage-deflate; server_no_context_takeover"))
			  : answer.len == 0);
	buf_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 4096)
		return 0;
	run_all(data, size);
	inflater = inflater_create();
	run_all(data, size);
	inflater_destroy(inflater);
	inflater = NULL;
	negotiate(data, size);
	return 0;
}
