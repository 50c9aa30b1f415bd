#include "rowcast/feed/postgres/image.h"

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/value.h"

struct reader {
	struct rc_str rest;
	struct rc_str record;
	uint32_t field; /* of the record that stands at its front */
	struct rc_arena *arena;
};

static bool take(struct rc_str *rest, char c)
{
	if (rest->len == 0 || *rest->ptr != c)
		return false;
	*rest = (struct rc_str){rest->ptr + 1, rest->len - 1};
	return true;
}

static int hex4(const char *p, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
							: 16;

		if (digit == 16)
			return RC_CORRUPT;
		*out = *out << 4 | digit;
	}
	return RC_OK;
}

/* The server writes \u only for control characters; all of the first plane is read. */
static size_t utf8_put(char *to, uint32_t code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3f));
	to[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* One escape behind the backslash, at the front of *rest. */
static int take_escape(struct rc_str *rest, char *to, size_t *length)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *known;
	uint32_t code;

	if (rest->len == 0)
		return RC_CORRUPT;
	known = memchr(from, *rest->ptr, sizeof(from) - 1);
	if (known) {
		to[(*length)++] = into[known - from];
		*rest = (struct rc_str){rest->ptr + 1, rest->len - 1};
		return RC_OK;
	}
	if (*rest->ptr != 'u' || rest->len < 5 || hex4(rest->ptr + 1, &code) != RC_OK)
		return RC_CORRUPT;
	*length += utf8_put(to + *length, code);
	*rest = (struct rc_str){rest->ptr + 5, rest->len - 5};
	return RC_OK;
}

/* A string behind its first quote; what is read is never longer than what is written. */
static int take_string(struct reader *reader, struct rc_str *out)
{
	struct rc_str *rest = &reader->rest;
	const char *end = rest->ptr;
	size_t length = 0;
	char *text;

	while (end < rest->ptr + rest->len && *end != '"' && *end != '\\')
		end++;
	if (end < rest->ptr + rest->len && *end == '"') { /* the usual one: nothing is escaped */
		*out = (struct rc_str){rest->ptr, (size_t)(end - rest->ptr)};
		*rest = (struct rc_str){end + 1, rest->len - out->len - 1};
		return RC_OK;
	}
	text = rc_arena_alloc(reader->arena, rest->len + 1);
	while (rest->len > 0 && *rest->ptr != '"') {
		char c = *rest->ptr;

		*rest = (struct rc_str){rest->ptr + 1, rest->len - 1};
		if (c != '\\')
			text[length++] = c;
		else if (take_escape(rest, text, &length) != RC_OK)
			return RC_CORRUPT;
	}
	*out = (struct rc_str){text, length};
	return take(rest, '"') ? RC_OK : RC_CORRUPT;
}

/* Anything up to the comma or brace behind it: the server writes no blank of its own, so blanks belong to the value. */
static int take_raw(struct reader *reader, struct rc_str *out)
{
	const struct rc_str rest = reader->rest;
	bool quoted = false;
	size_t depth = 0, i;

	for (i = 0; i < rest.len; i++) {
		char c = rest.ptr[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (depth == 0 && (c == ',' || c == '}')) {
			break;
		} else if (c == '}' || c == ']') {
			if (depth-- == 0)
				return RC_CORRUPT;
		}
	}
	if (i >= rest.len || i == 0)
		return RC_CORRUPT;
	*out = (struct rc_str){rest.ptr, i};
	reader->rest = (struct rc_str){rest.ptr + i, rest.len - i};
	return RC_OK;
}

/* Field `at` of the record's text form, (1,"a, b",,t): is it NULL, which is nothing between the commas? */
static bool record_null(struct reader *reader, uint32_t at)
{
	struct rc_str *rest = &reader->record;
	bool quoted = false;
	size_t i = 0;

	if (!rest->ptr)
		return true;
	if (reader->field == 0 && at > 0 && rest->len > 0 && *rest->ptr != '(')
		return true;
	for (; reader->field <= at && i < rest->len; i++) { /* to the opening bracket or comma in front of it */
		char c = rest->ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || (c == '(' && reader->field == 0 && i == 0)))
			reader->field++;
	}
	*rest = (struct rc_str){rest->ptr + (i < rest->len ? i : rest->len), i < rest->len ? rest->len - i : 0};
	return rest->len == 0 || *rest->ptr == ',' || *rest->ptr == ')';
}

static int32_t find_column(const struct rc_model *model, struct rc_str name, uint32_t guess)
{
	if (guess < model->column_count && rc_str_is(name, model->columns[guess].name))
		return (int32_t)guess;
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (rc_str_is(name, model->columns[i].name))
			return (int32_t)i;
	}
	return -1;
}

static void bad_value(const struct rc_model *model, uint32_t column)
{
	log_event(LOG_WARN, "feed-value", "a stored value cannot be held by the program's type and is read as NULL",
		  LOG_S("table", model->table), LOG_S("column", model->columns[column].name));
}

/* The value at the front into column `at` (-1: none of ours); *is_null. `place`: which of the row's columns it is. */
static int take_value(struct reader *reader, const struct rc_model *model, int32_t at, uint32_t place, char *row,
		      bool *is_null)
{
	const struct rc_column *column = at >= 0 ? &model->columns[at] : NULL;
	bool string = reader->rest.len > 0 && *reader->rest.ptr == '"' && (!column || column->type != RC_JSON);
	struct rc_str value;

	*is_null = false;
	if (string) {
		take(&reader->rest, '"');
		if (take_string(reader, &value) != RC_OK)
			return RC_CORRUPT;
	} else if (take_raw(reader, &value) != RC_OK) {
		return RC_CORRUPT;
	}
	if (!column)
		return RC_OK;
	if (!string && rc_str_is(value, "null") && (column->type != RC_JSON || record_null(reader, place))) {
		*is_null = true;
		return RC_OK;
	}
	if (pgf_value_read_text(value, column->type, reader->arena, row + column->offset) != RC_OK) {
		bad_value(model, (uint32_t)at);
		*is_null = true;
	}
	return RC_OK;
}

/* Columns that the image does not have. */
static int missing(const struct rc_model *model, uint64_t there)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (there >> i & 1)
			continue;
		if (model->columns[i].flags & RC_COLUMN_KEY)
			return RC_GONE;
		log_event(LOG_WARN, "feed-shape", "a column of the program is not in the database; its values are NULL",
			  LOG_S("table", model->table), LOG_S("column", model->columns[i].name));
	}
	return RC_OK;
}

int pgf_image_read(const struct rc_model *model, struct rc_str json, struct rc_str record, struct rc_arena *arena,
		   void **row)
{
	struct reader reader = {.rest = json, .record = record, .arena = arena};
	char *out = rc_arena_zalloc(arena, model->row_bytes);
	uint64_t there = 0, nulls = 0;
	uint32_t place = 0;

	if (!take(&reader.rest, '{'))
		return RC_CORRUPT;
	do {
		struct rc_str name;
		bool is_null;
		int32_t at;

		if (!take(&reader.rest, '"') || take_string(&reader, &name) != RC_OK || !take(&reader.rest, ':'))
			return RC_CORRUPT;
		at = find_column(model, name, place);
		if (take_value(&reader, model, at, place, out, &is_null) != RC_OK)
			return RC_CORRUPT;
		if (at >= 0) {
			there |= UINT64_C(1) << at;
			nulls |= (uint64_t)is_null << at;
		}
		place++;
	} while (take(&reader.rest, ','));
	if (!take(&reader.rest, '}') || reader.rest.len > 0)
		return RC_CORRUPT;
	for (uint32_t i = 0; i < model->column_count; i++)
		nulls |= (uint64_t) !(there >> i & 1) << i;
	*(uint64_t *)(void *)out = nulls;
	*row = out;
	return missing(model, there);
}
