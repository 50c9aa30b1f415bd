/*
 * JSON writer (RFC 8259). Strings are copied in runs: most text has nothing to escape. U+2028, U+2029 and '<' stay as
 * they are: the output is JSON, not script; pages must not embed it raw.
 */
#include "rowcast/data/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/utf8.h"
#include "rowcast/data/time_text.h"

#define DEPTH_MAX       32
#define DOUBLE_TEXT_MAX 32

void json_init(struct json_out *json, struct buf *out)
{
	*json = (struct json_out){.out = out};
}

/* The comma in front of a value or key, where one belongs. */
static void separate(struct json_out *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->has_value[json->depth])
		buf_append_char(json->out, ',');
	json->has_value[json->depth] = true;
}

static void open_nested(struct json_out *json, char opener, char closer)
{
	rc_check(json->depth < DEPTH_MAX);
	separate(json);
	buf_append_char(json->out, opener);
	json->depth++;
	json->has_value[json->depth] = false;
	json->closer[json->depth] = closer;
}

void json_begin_object(struct json_out *json)
{
	open_nested(json, '{', '}');
}

void json_begin_array(struct json_out *json)
{
	open_nested(json, '[', ']');
}

void json_end(struct json_out *json)
{
	rc_check(json->depth > 0 && !json->after_key);
	buf_append_char(json->out, json->closer[json->depth]);
	json->depth--;
}

static void put_escape(struct buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	static const struct {
		char from, to;
	} brief[] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\b', 'b'}, {'\f', 'f'}};

	for (size_t i = 0; i < sizeof(brief) / sizeof(brief[0]); i++) {
		if (c == (unsigned char)brief[i].from) {
			text[1] = brief[i].to;
			buf_append(out, text, 2);
			return;
		}
	}
	buf_append(out, text, sizeof(text));
}

/* One-byte characters that stand in a string as they are. */
static const bool plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5B] = true, [0x5D ... 0x7F] = true};

static void put_string(struct buf *out, struct rc_str text)
{
	const unsigned char *p = (const unsigned char *)(text.len ? text.ptr : "");
	size_t run = 0, i = 0;

	buf_reserve(out, text.len + 2);
	buf_append_char(out, '"');
	while (i < text.len) {
		size_t step;

		while (i < text.len && plain[p[i]])
			i++;
		if (i == text.len)
			break;
		step = utf8_step(p + i, text.len - i);
		if (step > 1) {
			i += step;
			continue;
		}
		buf_append(out, p + run, i - run);
		if (step == 0)
			buf_append(out, UTF8_REPLACEMENT, 3);
		else
			put_escape(out, p[i]);
		run = ++i;
	}
	buf_append(out, p + run, i - run);
	buf_append_char(out, '"');
}

void json_key(struct json_out *json, const char *name)
{
	rc_check(json->depth > 0 && json->closer[json->depth] == '}' && !json->after_key);
	separate(json);
	put_string(json->out, rc_str_from(name));
	buf_append_char(json->out, ':');
	json->after_key = true;
}

void json_str(struct json_out *json, struct rc_str text)
{
	separate(json);
	put_string(json->out, text);
}

void json_cstr(struct json_out *json, const char *text)
{
	json_str(json, rc_str_from(text));
}

static void put_int(struct buf *out, int64_t number)
{
	char text[24], *at = text + sizeof(text);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (number < 0)
		*--at = '-';
	buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

void json_int(struct json_out *json, int64_t number)
{
	separate(json);
	put_int(json->out, number);
}

/* "1e+05" → "1e5"; and a point whatever the program's locale says. */
static size_t tidy_exponent(char *text)
{
	char *to = text;
	bool exponent = false;

	for (const char *from = text; *from; from++) {
		if (exponent && (*from == '+' || (*from == '0' && (to[-1] == 'e' || to[-1] == '-'))))
			continue;
		exponent |= *from == 'e';
		*to++ = *from == ',' ? '.' : *from;
	}
	*to = '\0';
	return (size_t)(to - text);
}

/*
 * Every double has a text of 17 digits that reads back equal; 15 digits are always distinguished in the normal range,
 * so if 15 suffice %g has dropped what is not needed. Below it fewer digits may do.
 */
static size_t format_double(double number, char text[DOUBLE_TEXT_MAX])
{
	for (int digits = fabs(number) < 2.2250738585072014e-308 ? 1 : 15; digits < 17; digits++) {
		snprintf(text, DOUBLE_TEXT_MAX, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			return tidy_exponent(text);
	}
	snprintf(text, DOUBLE_TEXT_MAX, "%.17g", number);
	return tidy_exponent(text);
}

void json_double(struct json_out *json, double number)
{
	char text[DOUBLE_TEXT_MAX];

	if (!isfinite(number)) {
		json_put_null(json);
		return;
	}
	separate(json);
	buf_append(json->out, text, format_double(number, text));
}

void json_bool(struct json_out *json, bool truth)
{
	json_raw(json, truth ? RC_STR("true") : RC_STR("false"));
}

void json_put_null(struct json_out *json)
{
	json_raw(json, RC_STR("null"));
}

void json_raw(struct json_out *json, struct rc_str value)
{
	separate(json);
	buf_append_str(json->out, value);
}

void json_id(struct json_out *json, int64_t id)
{
	separate(json);
	buf_append_char(json->out, '"');
	put_int(json->out, id);
	buf_append_char(json->out, '"');
}

/* Text that is known to need no escaping. */
static void put_plain(struct json_out *json, const char *text, size_t len)
{
	separate(json);
	buf_append_char(json->out, '"');
	buf_append(json->out, text, len);
	buf_append_char(json->out, '"');
}

void json_position(struct json_out *json, struct rc_position position)
{
	char text[RC_POSITION_TEXT_MAX];

	put_plain(json, text, rc_position_format(position, text));
}

void json_time(struct json_out *json, int64_t us)
{
	char text[TIME_TEXT_MAX];

	put_plain(json, text, time_format(us, text));
}
