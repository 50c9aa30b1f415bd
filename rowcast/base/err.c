/*
 * Names of error codes, and faults that a person reads.
 */
#include "rowcast/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rc_err_name(int err)
{
	switch ((enum rc_err)err) {
	case RC_OK:
		return "RC_OK";
	case RC_AGAIN:
		return "RC_AGAIN";
	case RC_INVALID:
		return "RC_INVALID";
	case RC_LIMIT:
		return "RC_LIMIT";
	case RC_NOT_FOUND:
		return "RC_NOT_FOUND";
	case RC_GONE:
		return "RC_GONE";
	case RC_STALE:
		return "RC_STALE";
	case RC_CONSTRAINT:
		return "RC_CONSTRAINT";
	case RC_BUSY:
		return "RC_BUSY";
	case RC_FULL:
		return "RC_FULL";
	case RC_IO:
		return "RC_IO";
	case RC_READONLY:
		return "RC_READONLY";
	case RC_CORRUPT:
		return "RC_CORRUPT";
	case RC_NEWER:
		return "RC_NEWER";
	case RC_CLOSED:
		return "RC_CLOSED";
	case RC_UNKNOWN:
		return "RC_UNKNOWN";
	case RC_UNAVAILABLE:
		return "RC_UNAVAILABLE";
	case RC_TIMEOUT:
		return "RC_TIMEOUT";
	case RC_MISMATCH:
		return "RC_MISMATCH";
	}
	return "RC_?";
}

/* A message that does not fit ends in "…", never inside a character. */
static void mark_truncated(char *message, size_t size)
{
	static const char ellipsis[] = "\xE2\x80\xA6";
	size_t at = size - sizeof(ellipsis);

	while (at > 0 && ((unsigned char)message[at] & 0xC0) == 0x80)
		at--;
	memcpy(message + at, ellipsis, sizeof(ellipsis));
}

int rc_fault_set(struct rc_fault *fault, enum rc_err err, const char *format, ...)
{
	va_list args;
	int len;

	if (!fault)
		return err;
	fault->err = err;
	fault->constraint = 0;
	va_start(args, format);
	len = vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	if (len >= (int)sizeof(fault->message))
		mark_truncated(fault->message, sizeof(fault->message));
	return err;
}
