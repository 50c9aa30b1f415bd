/*
 * Growing byte buffer. It doubles, so appending n bytes copies O(n); it never shrinks: its owner releases it when idle.
 */
#include "rowcast/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"

#define CAP_MIN 64

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_grow(struct buf *buf, size_t more)
{
	size_t need, cap = buf->cap ? buf->cap : CAP_MIN;

	rc_check(!__builtin_add_overflow(buf->len, more, &need) && need <= PTRDIFF_MAX / 2);
	while (cap < need)
		cap *= 2;
	buf->data = rc_xrealloc(buf->data, cap);
	buf->cap = cap;
}

void buf_append(struct buf *buf, const void *bytes, size_t count)
{
	if (count == 0)
		return;
	memcpy(buf_reserve(buf, count), bytes, count);
	buf->len += count;
}

void buf_append_str(struct buf *buf, struct rc_str s)
{
	buf_append(buf, s.ptr, s.len);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	size_t room;
	int len;

	buf_reserve(buf, CAP_MIN);
	room = buf->cap - buf->len;
	va_start(args, format);
	len = vsnprintf(buf->data + buf->len, room, format, args);
	va_end(args);
	rc_check(len >= 0);
	if ((size_t)len >= room) {
		buf_reserve(buf, (size_t)len + 1);
		va_start(args, format);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t count)
{
	rc_check(count <= buf->len);
	if (count == 0)
		return;
	buf->len -= count;
	memmove(buf->data, buf->data + count, buf->len);
}

const char *buf_cstr(struct buf *buf)
{
	*buf_reserve(buf, 1) = '\0';
	return buf->data;
}
