/*
 * permessage-deflate (RFC 7692), sans I/O: the negotiation, compressed payloads to send, and compressed messages that
 * came.
 *
 * Neither side takes its window over into the next message (§7.1.1). So a connection keeps nothing, and what was
 * compressed once is right for everybody.
 */
#ifndef ROWCAST_HTTP_DEFLATE_H
#define ROWCAST_HTTP_DEFLATE_H

#include "rowcast/base/buf.h"
#include "rowcast/http/ws.h"

/*
 * The first offer of a Sec-WebSocket-Extensions field that can be met, as the value to answer with, appended to
 * `answer`; false: none. Declined are unknown, repeated and malformed parameters, and a window of the server's below
 * 15 bits: the same bytes go to everybody.
 */
bool deflate_accept(struct rc_str offers, struct buf *answer);

/*
 * A compressed message is a sequence of blocks that may come from different hands: its beginning, which differs from
 * one receiver to the next, stands as it is in a stored block; the rest was compressed once, by deflate_pack.
 */
#define DEFLATE_HEAD_MAX   (WS_HEADER_MAX + 5)
#define DEFLATE_STORED_MAX 65535 /* bytes of a stored block (RFC 1951 §3.2.4) */
/* What stands before such a text message: `stored` bytes as they are, then `packed` bytes. Returns its length. */
size_t deflate_header(uint8_t out[DEFLATE_HEAD_MAX], size_t stored, size_t packed);
/* Append `bytes` as blocks that refer to nothing before them and end a message (§7.2.1). */
void deflate_pack(struct buf *out, struct rc_str bytes);

/* Reads compressed messages, one after the other; one for all connections of a thread. */
struct inflater;
struct inflater *inflater_create(void);
void inflater_destroy(struct inflater *inflater); /* NULL is legal */
/*
 * The payload of a compressed message, whole: 0 and *out, borrowed until the next call; else the close code: 1007 bad
 * data, 1009 more than bytes_max, of which not one byte more is ever kept.
 */
int inflater_message(struct inflater *inflater, struct rc_str packed, size_t bytes_max,
		     struct rc_str *out) RC_MUST_CHECK;

#endif
