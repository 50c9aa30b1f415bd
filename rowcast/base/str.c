/*
 * String views: comparison, numbers, UTF-8. ASCII rules only; no locale is ever asked.
 */
#include "rowcast/str.h"

#include "rowcast/base/utf8.h"
#include "rowcast/err.h"

bool rc_str_starts(struct rc_str s, struct rc_str prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool rc_str_eq_nocase(struct rc_str a, struct rc_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

int rc_str_compare(struct rc_str a, struct rc_str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

int rc_str_to_u64(struct rc_str s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return RC_INVALID;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return RC_INVALID;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
			return RC_INVALID;
	}
	*out = value;
	return RC_OK;
}

int rc_str_to_i64(struct rc_str s, int64_t *out)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	uint64_t magnitude;

	if (negative) {
		s.ptr++;
		s.len--;
	}
	if (rc_str_to_u64(s, &magnitude) != RC_OK || magnitude > (uint64_t)INT64_MAX + negative)
		return RC_INVALID;
	*out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return RC_OK;
}

struct rc_str rc_str_cut(struct rc_str *rest, char sep)
{
	struct rc_str part = *rest;
	const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;

	if (!at) {
		*rest = RC_STR_NONE;
		return part;
	}
	part.len = (size_t)(at - part.ptr);
	rest->ptr += part.len + 1;
	rest->len -= part.len + 1;
	return part;
}

bool rc_str_utf8_valid(struct rc_str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t left = s.len;

	while (left > 0) {
		size_t step = utf8_step(p, left);

		if (step == 0)
			return false;
		p += step;
		left -= step;
	}
	return true;
}
