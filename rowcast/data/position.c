/*
 * Positions as text. One text per position: a parser that also took other spellings would break caches and comparisons.
 */
#include "rowcast/change.h"

#include <stdio.h>

#include "rowcast/err.h"

size_t rc_position_format(struct rc_position position, char text[RC_POSITION_TEXT_MAX])
{
	return (size_t)snprintf(text, RC_POSITION_TEXT_MAX, "%llx.%llu", (unsigned long long)position.epoch,
				(unsigned long long)position.n);
}

static int parse_hex(struct rc_str text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 16)
		return RC_INVALID;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return RC_INVALID;
	}
	*out = value;
	return RC_OK;
}

static bool has_leading_zero(struct rc_str text)
{
	return text.len > 1 && text.ptr[0] == '0';
}

int rc_position_parse(struct rc_str text, struct rc_position *out)
{
	struct rc_str n = text;
	struct rc_str epoch = rc_str_cut(&n, '.');
	struct rc_position position;

	if (has_leading_zero(epoch) || has_leading_zero(n))
		return RC_INVALID;
	if (parse_hex(epoch, &position.epoch) != RC_OK || rc_str_to_u64(n, &position.n) != RC_OK)
		return RC_INVALID;
	*out = position;
	return RC_OK;
}
