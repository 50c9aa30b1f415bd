#include "rowcast/feed/mariadb/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#define HEADER_BYTES   19
#define CHECKSUM_BYTES 4
#define SERVER_BYTES   50
#define DEFLATE_MAX    1040 /* zlib cannot make more out of a byte */

size_t maria_cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

const uint8_t *maria_cursor_bytes(struct cursor *cursor, size_t count)
{
	const uint8_t *at = cursor->at;

	if (cursor->bad || count > maria_cursor_left(cursor)) {
		cursor->bad = true;
		return NULL;
	}
	cursor->at += count;
	return at;
}

struct rc_str maria_cursor_str(struct cursor *cursor, size_t count)
{
	const uint8_t *at = maria_cursor_bytes(cursor, count);

	return at ? (struct rc_str){(const char *)at, count} : RC_STR_NONE;
}

uint64_t maria_cursor_int(struct cursor *cursor, size_t bytes)
{
	const uint8_t *at = maria_cursor_bytes(cursor, bytes);
	uint64_t value = 0;

	for (size_t i = 0; at && i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint64_t maria_cursor_lenenc(struct cursor *cursor)
{
	uint64_t first = maria_cursor_int(cursor, 1);

	switch (first) {
	case 252:
		return maria_cursor_int(cursor, 2);
	case 253:
		return maria_cursor_int(cursor, 3);
	case 254:
		return maria_cursor_int(cursor, 8);
	case 251:
	case 255:
		cursor->bad = true;
		return 0;
	default:
		return first;
	}
}

static int bad(const char **why, const char *text)
{
	*why = text;
	return RC_CORRUPT;
}

/* Its own checksum is as long as any, and the byte in front of it says what the others have. */
static int read_format(struct event_format *format, struct event *event, const char **why)
{
	struct cursor cursor = {event->body, event->body + event->len, false};
	uint64_t version = maria_cursor_int(&cursor, 2), header;
	uint8_t algorithm;

	maria_cursor_bytes(&cursor, SERVER_BYTES);
	maria_cursor_int(&cursor, 4);
	header = maria_cursor_int(&cursor, 1);
	if (cursor.bad || maria_cursor_left(&cursor) < 1 + CHECKSUM_BYTES + EVENT_DELETE_ROWS)
		return bad(why, "the format description is too short");
	/* A post-header of 8 bytes: table ids of 6, and flags. */
	if (version != 4 || header != HEADER_BYTES || cursor.at[EVENT_TABLE_MAP - 1] != 8 ||
	    cursor.at[EVENT_WRITE_ROWS - 1] != 8 || cursor.at[EVENT_QUERY - 1] != 13)
		return bad(why, "the binlog is of a form that this program does not know");
	algorithm = event->body[event->len - CHECKSUM_BYTES - 1];
	if (algorithm > 1)
		return bad(why, "the binlog's checksum is of a kind that this program does not know");
	*format = (struct event_format){.known = true, .checksum = algorithm == 1, .made_s = event->at_s};
	return RC_OK;
}

static bool checksum_fits(const uint8_t *bytes, size_t len)
{
	struct cursor cursor = {bytes + len - CHECKSUM_BYTES, bytes + len, false};

	return crc32(0, bytes, (uInt)(len - CHECKSUM_BYTES)) == maria_cursor_int(&cursor, CHECKSUM_BYTES);
}

int maria_event_read(struct event_format *format, const uint8_t *bytes, size_t len, struct event *out, const char **why)
{
	struct cursor cursor = {bytes, bytes + len, false};
	bool pretended;
	uint64_t size;
	int rc;

	out->at_s = (uint32_t)maria_cursor_int(&cursor, 4);
	out->type = (uint8_t)maria_cursor_int(&cursor, 1);
	out->server_id = (uint32_t)maria_cursor_int(&cursor, 4);
	size = maria_cursor_int(&cursor, 4);
	maria_cursor_int(&cursor, 4);
	out->flags = (uint16_t)maria_cursor_int(&cursor, 2);
	out->body = cursor.at;
	out->len = maria_cursor_left(&cursor);
	if (cursor.bad || size != len || len > EVENT_BYTES_MAX)
		return bad(why, "an event's length is not what its header says");
	if (out->type == EVENT_FORMAT) {
		rc = read_format(format, out, why);
		if (rc == RC_OK && format->checksum && !checksum_fits(bytes, len))
			return bad(why, "the checksum of the format description is wrong");
		out->len -= rc == RC_OK ? CHECKSUM_BYTES + 1 : 0;
		return rc;
	}
	/* The name of the file that follows is sent before its format is known; nobody needs it. */
	pretended = out->type == EVENT_ROTATE && (out->flags & EVENT_ARTIFICIAL || !format->known);
	if (pretended)
		return RC_OK;
	if (!format->known)
		return bad(why, "the first event is no format description");
	if (!format->checksum)
		return RC_OK;
	if (out->len < CHECKSUM_BYTES || !checksum_fits(bytes, len))
		return bad(why, "an event's checksum is wrong");
	out->len -= CHECKSUM_BYTES;
	return RC_OK;
}

int maria_event_gtid(const struct event *event, struct gtid *out, uint8_t *flags)
{
	struct cursor cursor = {event->body, event->body + event->len, false};

	out->n = maria_cursor_int(&cursor, 8);
	out->domain = (uint32_t)maria_cursor_int(&cursor, 4);
	out->server = event->server_id;
	*flags = (uint8_t)maria_cursor_int(&cursor, 1);
	return cursor.bad ? RC_CORRUPT : RC_OK;
}

int maria_event_gtid_list(const struct event *event, uint32_t domain, struct gtid *out)
{
	struct cursor cursor = {event->body, event->body + event->len, false};
	uint64_t count = maria_cursor_int(&cursor, 4) & 0x0fffffff;
	int rc = RC_NOT_FOUND;

	if (count > maria_cursor_left(&cursor) / 16)
		return RC_CORRUPT;
	/* Of one domain and several servers, the newest stands last. */
	for (; count > 0; count--) {
		struct gtid gtid;

		gtid.domain = (uint32_t)maria_cursor_int(&cursor, 4);
		gtid.server = (uint32_t)maria_cursor_int(&cursor, 4);
		gtid.n = maria_cursor_int(&cursor, 8);
		if (gtid.domain == domain) {
			*out = gtid;
			rc = RC_OK;
		}
	}
	return cursor.bad ? RC_CORRUPT : rc;
}

int maria_event_query(const struct event *event, struct buf *space, struct event_query *out)
{
	struct cursor cursor = {event->body, event->body + event->len, false};
	size_t database, status;

	maria_cursor_int(&cursor, 8); /* thread, duration */
	database = (size_t)maria_cursor_int(&cursor, 1);
	maria_cursor_int(&cursor, 2); /* error */
	status = (size_t)maria_cursor_int(&cursor, 2);
	maria_cursor_bytes(&cursor, status);
	out->database = maria_cursor_str(&cursor, database);
	maria_cursor_int(&cursor, 1);
	out->sql = maria_cursor_str(&cursor, maria_cursor_left(&cursor));
	if (cursor.bad)
		return RC_CORRUPT;
	if (event->type != EVENT_QUERY_COMPRESSED)
		return RC_OK;
	buf_clear(space);
	if (maria_event_uncompress((const uint8_t *)out->sql.ptr, out->sql.len, space) != RC_OK)
		return RC_CORRUPT;
	out->sql = buf_str(space);
	return RC_OK;
}

/* 1 ccc 0 lll: kind of compression (0 = zlib) and how many bytes, big-endian, say the length; then zlib's stream. */
int maria_event_uncompress(const uint8_t *bytes, size_t len, struct buf *out)
{
	struct cursor cursor = {bytes, bytes + len, false};
	uint8_t head = (uint8_t)maria_cursor_int(&cursor, 1);
	size_t size = 0;
	uLongf got;

	if ((head & 0xf8) != 0x80 || (head & 7) < 1 || (head & 7) > 4)
		return RC_CORRUPT;
	for (int i = head & 7; i > 0; i--)
		size = size << 8 | (size_t)maria_cursor_int(&cursor, 1);
	if (cursor.bad || size > EVENT_BYTES_MAX || size > DEFLATE_MAX * maria_cursor_left(&cursor))
		return RC_CORRUPT;
	got = size;
	if (uncompress((Bytef *)buf_reserve(out, size + 1), &got, cursor.at, (uLong)maria_cursor_left(&cursor)) !=
		    Z_OK ||
	    got != size)
		return RC_CORRUPT;
	out->len += size;
	return RC_OK;
}

void maria_gtid_format(const struct gtid *gtid, char text[GTID_TEXT_MAX])
{
	snprintf(text, GTID_TEXT_MAX, "%" PRIu32 "-%" PRIu32 "-%" PRIu64, gtid->domain, gtid->server, gtid->n);
}

int maria_gtid_parse(struct rc_str text, struct gtid *out)
{
	uint64_t parts[3];

	for (int i = 0; i < 3; i++) {
		if (rc_str_to_u64(rc_str_cut(&text, '-'), &parts[i]) != RC_OK)
			return RC_INVALID;
	}
	if (text.len || parts[0] > UINT32_MAX || parts[1] > UINT32_MAX)
		return RC_INVALID;
	*out = (struct gtid){(uint32_t)parts[0], (uint32_t)parts[1], parts[2]};
	return RC_OK;
}
