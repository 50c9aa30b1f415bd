/*
 * A borrowed view of bytes: pointer and length, not NUL-terminated unless said so.
 */
#ifndef ROWCAST_STR_H
#define ROWCAST_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rc_str {
	const char *ptr;
	size_t len;
};

#define RC_STR(literal) ((struct rc_str){(literal), sizeof(literal) - 1})
#define RC_STR_NONE     ((struct rc_str){NULL, 0})
/* For printf: "%.*s", RC_STR_ARG(s) */
#define RC_STR_ARG(s) (int)(s).len, (s).ptr

static inline struct rc_str rc_str_from(const char *text)
{
	return (struct rc_str){text, text ? strlen(text) : 0};
}

static inline bool rc_str_eq(struct rc_str a, struct rc_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool rc_str_is(struct rc_str a, const char *text)
{
	return rc_str_eq(a, rc_str_from(text));
}

bool rc_str_starts(struct rc_str s, struct rc_str prefix);
bool rc_str_eq_nocase(struct rc_str a, struct rc_str b); /* ASCII only */
/* Memory order, shorter first when one is a prefix of the other: <0, 0, >0. */
int rc_str_compare(struct rc_str a, struct rc_str b);
/* Whole string is a decimal integer that fits; else RC_INVALID and *out untouched. */
int rc_str_to_i64(struct rc_str s, int64_t *out);
int rc_str_to_u64(struct rc_str s, uint64_t *out);
/* Split off the part before the first `sep` (or everything); *rest is advanced behind it. */
struct rc_str rc_str_cut(struct rc_str *rest, char sep);
/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool rc_str_utf8_valid(struct rc_str s);

#endif
