/*
 * What a client would rather have: weighted lists (RFC 9110 §12.4.2, "de-AT, en;q=0.8") and cookies (RFC 6265 §4.2).
 * Pure, and nothing that a client writes there is an error: what cannot be read is not wished.
 */
#ifndef ROWCAST_HTTP_NEGOTIATE_H
#define ROWCAST_HTTP_NEGOTIATE_H

#include "rowcast/str.h"

/* Without blanks and tabs at its ends. */
struct rc_str str_trimmed(struct rc_str s);

/*
 * Split off the next member of a list; false: no more.
 *
 * weight  in thousandths, 1000 when none is written, 0 when it is malformed.
 */
bool wish_next(struct rc_str *list, struct rc_str *name, int *weight);

/* The first cookie of that name in a Cookie field, without quotes around it; RC_STR_NONE: there is none. */
struct rc_str cookie_find(struct rc_str field, const char *name);

#endif
