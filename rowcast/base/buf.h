/*
 * A growing byte buffer with a read end: bytes are appended at `len` and consumed from the front.
 */
#ifndef ROWCAST_BASE_BUF_H
#define ROWCAST_BASE_BUF_H

#include "rowcast/err.h"
#include "rowcast/str.h"

struct buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
};

#define BUF_INIT ((struct buf){0})

void buf_release(struct buf *buf);
static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}
/* For buf_reserve: there is no room. */
void buf_grow(struct buf *buf, size_t more);
/* Make room for `more` bytes behind len; returns where they go. */
static inline char *buf_reserve(struct buf *buf, size_t more)
{
	if (more > buf->cap - buf->len || !buf->data)
		buf_grow(buf, more);
	return buf->data + buf->len;
}
void buf_append(struct buf *buf, const void *bytes, size_t count);
void buf_append_str(struct buf *buf, struct rc_str s);
static inline void buf_append_char(struct buf *buf, char c)
{
	*buf_reserve(buf, 1) = c;
	buf->len++;
}
void buf_printf(struct buf *buf, const char *format, ...) RC_PRINTF(2, 3);
/* Drop `count` bytes from the front. */
void buf_consume(struct buf *buf, size_t count);
/* A NUL behind the bytes (not counted in len). */
const char *buf_cstr(struct buf *buf);
static inline struct rc_str buf_str(const struct buf *buf)
{
	return (struct rc_str){buf->data, buf->len};
}

#endif
