/*
 * One step of a UTF-8 reader (RFC 3629): shared by validation, JSON escaping and log lines, so that they agree.
 */
#ifndef ROWCAST_BASE_UTF8_H
#define ROWCAST_BASE_UTF8_H

#include <stddef.h>

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Bytes of the character at `p` (1..4), or 0 when the `left` (≥ 1) bytes there do not begin with a whole valid one. */
static inline size_t utf8_step(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t need;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	need = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (left < need)
		return 0;
	switch (p[0]) {
	case 0xE0: /* overlong */
		low = 0xA0;
		break;
	case 0xED: /* surrogates */
		high = 0x9F;
		break;
	case 0xF0: /* overlong */
		low = 0x90;
		break;
	case 0xF4: /* above U+10FFFF */
		high = 0x8F;
		break;
	}
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	return need;
}

#endif
