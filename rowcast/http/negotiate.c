/*
 * Reading of wishes: see negotiate.h.
 */
#include "rowcast/http/negotiate.h"

struct rc_str str_trimmed(struct rc_str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = (struct rc_str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* "q=0.25" → 250; what is not of that form → 0, so that a doubtful wish is none. */
static int weight_parse(struct rc_str text)
{
	int weight = 0, scale = 1000;

	if (text.len < 3 || text.len > 7 || (text.ptr[0] | 0x20) != 'q' || text.ptr[1] != '=')
		return 0;
	for (size_t i = 2; i < text.len; i++) {
		if (i == 3 ? text.ptr[i] != '.' : text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		if (i != 3) {
			weight += (text.ptr[i] - '0') * scale;
			scale /= 10;
		}
	}
	return weight <= 1000 ? weight : 0;
}

bool wish_next(struct rc_str *list, struct rc_str *name, int *weight)
{
	while (list->len > 0) {
		struct rc_str params = rc_str_cut(list, ',');

		*name = str_trimmed(rc_str_cut(&params, ';'));
		*weight = params.len > 0 ? weight_parse(str_trimmed(params)) : 1000;
		if (name->len > 0)
			return true;
	}
	return false;
}

struct rc_str cookie_find(struct rc_str field, const char *name)
{
	while (field.len > 0) {
		struct rc_str value = rc_str_cut(&field, ';'), found = str_trimmed(rc_str_cut(&value, '='));

		if (!rc_str_is(found, name))
			continue;
		value = str_trimmed(value);
		if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
			value = (struct rc_str){value.ptr + 1, value.len - 2};
		return value;
	}
	return RC_STR_NONE;
}
