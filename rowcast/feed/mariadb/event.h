/*
 * One event of MariaDB's binlog, as the server sends it: header, checksum, and the few bodies that everybody needs.
 * No input and no output: bytes in, structs out; every length is checked against what is there.
 */
#ifndef ROWCAST_FEED_MARIADB_EVENT_H
#define ROWCAST_FEED_MARIADB_EVENT_H

#include "rowcast/base/buf.h"

enum event_type {
	EVENT_QUERY = 2,
	EVENT_STOP = 3,
	EVENT_ROTATE = 4,
	EVENT_INTVAR = 5,
	EVENT_RAND = 13,
	EVENT_USER_VAR = 14,
	EVENT_FORMAT = 15,
	EVENT_XID = 16,
	EVENT_BEGIN_LOAD = 17,
	EVENT_EXECUTE_LOAD = 18,
	EVENT_TABLE_MAP = 19,
	EVENT_WRITE_ROWS = 23,
	EVENT_UPDATE_ROWS = 24,
	EVENT_DELETE_ROWS = 25,
	EVENT_INCIDENT = 26,
	EVENT_HEARTBEAT = 27,
	EVENT_XA_PREPARE = 38,
	EVENT_ANNOTATE = 160,
	EVENT_CHECKPOINT = 161,
	EVENT_GTID = 162,
	EVENT_GTID_LIST = 163,
	EVENT_START_ENCRYPTION = 164,
	EVENT_QUERY_COMPRESSED = 165,
	EVENT_WRITE_ROWS_COMPRESSED = 166,
	EVENT_UPDATE_ROWS_COMPRESSED = 167,
	EVENT_DELETE_ROWS_COMPRESSED = 168,
};

enum {
	EVENT_ARTIFICIAL = 0x20, /* header flag: made for us, not in the file */
	EVENT_IGNORABLE = 0x80,
	GTID_STANDALONE = 1, /* the next event is the whole group */
	GTID_PREPARED_XA = 64,
	GTID_COMPLETED_XA = 128,
};

#define EVENT_BYTES_MAX ((size_t)1 << 30) /* as max_allowed_packet */

/* Reading from the front; past the end everything is 0 and `bad`. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

uint64_t maria_cursor_int(struct cursor *cursor, size_t bytes); /* little-endian, at most 8 */
const uint8_t *maria_cursor_bytes(struct cursor *cursor, size_t count);
struct rc_str maria_cursor_str(struct cursor *cursor, size_t count);
uint64_t maria_cursor_lenenc(struct cursor *cursor); /* the protocol's length-encoded integer */
size_t maria_cursor_left(const struct cursor *cursor);

struct event {
	uint32_t at_s; /* when its statement began, seconds UTC by the writer's clock; 0: artificial */
	uint32_t server_id;
	uint16_t flags;
	uint8_t type;
	const uint8_t *body; /* behind the header, without the checksum */
	size_t len;
};

/* What the newest FORMAT event said. */
struct event_format {
	bool known;
	bool checksum;   /* events end in a CRC32 */
	uint32_t made_s; /* when the file was begun */
};

struct gtid {
	uint32_t domain, server;
	uint64_t n;
};

/* RC_CORRUPT: it is not an event, or its checksum is wrong; `why` says so. A FORMAT event changes *format. */
int maria_event_read(struct event_format *format, const uint8_t *bytes, size_t len, struct event *out,
		     const char **why) RC_MUST_CHECK;

int maria_event_gtid(const struct event *event, struct gtid *out, uint8_t *flags) RC_MUST_CHECK;
/* The newest GTID of `domain` in front of the file; RC_NOT_FOUND: none of that domain. */
int maria_event_gtid_list(const struct event *event, uint32_t domain, struct gtid *out) RC_MUST_CHECK;

struct event_query {
	struct rc_str database, sql;
};
/* `space` holds the text of a compressed one. */
int maria_event_query(const struct event *event, struct buf *space, struct event_query *out) RC_MUST_CHECK;

/* Behind compressed rows' head. Appends what they were to `out`. */
int maria_event_uncompress(const uint8_t *bytes, size_t len, struct buf *out) RC_MUST_CHECK;

/* "0-1-42"; a list has commas and may be empty. */
#define GTID_TEXT_MAX 48
void maria_gtid_format(const struct gtid *gtid, char text[GTID_TEXT_MAX]);
int maria_gtid_parse(struct rc_str text, struct gtid *out) RC_MUST_CHECK;

#endif
