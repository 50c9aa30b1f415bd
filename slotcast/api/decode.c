/*
 * JSON bodies into fields. jansson checks UTF-8, refuses duplicate keys and a second value behind the first; the depth
 * is looked at before it, because its own limit (2048) is fixed when it is built. Texts are copied into the request's
 * arena, so the tree is freed before the handler goes on.
 */
#include "slotcast/api/decode.h"

#include <jansson.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"

/* Brackets outside of strings; the text may be broken, which jansson will then say. */
static bool too_deep(struct rc_str text)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DECODE_DEPTH_MAX)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

void decode_fail(struct decode *decode, enum problem_code code, const char *field, const char *detail)
{
	if (decode->fault)
		return;
	decode->fault = code;
	decode->field = field;
	decode->detail = detail;
}

void decode_begin(struct decode *decode, struct rc_arena *arena, struct rc_str body, bool empty_ok)
{
	json_error_t error;

	*decode = (struct decode){.arena = arena};
	if (body.len == 0 && empty_ok) {
		decode->root = json_object();
		return;
	}
	if (too_deep(body)) {
		decode_fail(decode, PROBLEM_BAD_REQUEST, NULL, "The body is nested more than 32 levels deep.");
		return;
	}
	decode->root = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &error);
	if (!decode->root && (json_error_code(&error) == json_error_numeric_overflow ||
			      json_error_code(&error) == json_error_null_character))
		/* JSON, but nothing that a field of ours takes: a number beyond 64 bits, NUL in a text. */
		decode_fail(decode, PROBLEM_VALIDATION, NULL,
			    rc_arena_printf(arena, "The value in line %d, column %d is out of range.", error.line,
					    error.column));
	else if (!decode->root)
		decode_fail(decode, PROBLEM_BAD_REQUEST, NULL,
			    rc_arena_printf(arena, "The body is not valid JSON: line %d, column %d: %s.", error.line,
					    error.column, error.text));
	else if (!json_is_object(decode->root))
		decode_fail(decode, PROBLEM_BAD_REQUEST, NULL, "The body must be one JSON object.");
}

void decode_end(struct decode *decode)
{
	json_decref(decode->root);
	decode->root = NULL;
}

/* The member, or NULL when it is absent, null, or a fault was found before. */
static const json_t *member(const struct decode *decode, const json_t *object, const char *name)
{
	const json_t *value = decode->fault ? NULL : json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

bool decode_has(const struct decode *decode, const char *field)
{
	return member(decode, decode->root, field) != NULL;
}

static void missing(struct decode *decode, const char *field)
{
	decode_fail(decode, PROBLEM_VALIDATION, field, rc_arena_printf(decode->arena, "\"%s\" is required.", field));
}

static void wrong_type(struct decode *decode, const char *field, const char *wanted)
{
	decode_fail(decode, PROBLEM_VALIDATION, field,
		    rc_arena_printf(decode->arena, "\"%s\" must be %s.", field, wanted));
}

static struct rc_str string_of(const json_t *value)
{
	return (struct rc_str){json_string_value(value), json_string_length(value)};
}

int64_t decode_id(struct decode *decode, const char *field, bool required)
{
	const json_t *value = member(decode, decode->root, field);
	int64_t id = 0;

	if (!value) {
		if (required)
			missing(decode, field);
		return 0;
	}
	if (!json_is_string(value)) {
		wrong_type(decode, field, "an id, which is a string");
		return 0;
	}
	if (rc_str_to_i64(string_of(value), &id) || id <= 0)
		decode_fail(decode, PROBLEM_NOT_FOUND, field,
			    rc_arena_printf(decode->arena, "There is no such %s.", field));
	return id;
}

int64_t decode_time(struct decode *decode, const char *field)
{
	const json_t *value = member(decode, decode->root, field);
	int64_t us = 0;

	if (!value)
		missing(decode, field);
	else if (!json_is_string(value) || time_parse(string_of(value), &us))
		wrong_type(decode, field, "a time such as 2026-11-20T10:00:00Z");
	return us;
}

int64_t decode_date_or_time(struct decode *decode, const char *field, bool *is_date)
{
	const json_t *value = member(decode, decode->root, field);
	int32_t days;

	*is_date = json_is_string(value) && date_parse(string_of(value), &days) == 0;
	return *is_date ? days : decode_time(decode, field);
}

int32_t decode_int(struct decode *decode, const char *field, int32_t min, int32_t max, int32_t absent)
{
	const json_t *value = member(decode, decode->root, field);

	if (!value)
		return absent;
	if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
		wrong_type(decode, field, rc_arena_printf(decode->arena, "a whole number from %d to %d", min, max));
		return absent;
	}
	return (int32_t)json_integer_value(value);
}

static bool has_control(struct rc_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	return false;
}

static size_t characters(struct rc_str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return count;
}

static struct rc_str text_of(struct decode *decode, const json_t *object, const char *name, const char *field,
			     bool required, size_t characters_max)
{
	const json_t *value = member(decode, object, name);
	struct rc_str text;

	if (!value) {
		if (required)
			missing(decode, field);
		return RC_STR_NONE;
	}
	text = string_of(value);
	if (!json_is_string(value) || has_control(text) || characters(text) > characters_max) {
		wrong_type(
			decode, field,
			rc_arena_printf(decode->arena, "one line of text of at most %zu characters", characters_max));
		return RC_STR_NONE;
	}
	while (text.len && text.ptr[0] == ' ')
		text.ptr++, text.len--;
	while (text.len && text.ptr[text.len - 1] == ' ')
		text.len--;
	if (required && !text.len)
		missing(decode, field);
	return rc_arena_copy(decode->arena, text);
}

struct rc_str decode_text(struct decode *decode, const char *field, bool required, size_t characters_max)
{
	return text_of(decode, decode->root, field, field, required, characters_max);
}

/* Something before and behind one '@', no blanks: enough to catch slips; only a mail that arrives proves an address. */
static bool email_plausible(struct rc_str email)
{
	const char *at = memchr(email.ptr, '@', email.len);

	return at && at > email.ptr && at + 1 < email.ptr + email.len && !memchr(email.ptr, ' ', email.len) &&
	       !memchr(at + 1, '@', (size_t)(email.ptr + email.len - at - 1));
}

struct contact decode_customer(struct decode *decode)
{
	const json_t *object = member(decode, decode->root, "customer");
	struct contact customer = {0};

	if (!object) {
		missing(decode, "customer");
		return customer;
	}
	if (!json_is_object(object)) {
		wrong_type(decode, "customer", "an object with name and email");
		return customer;
	}
	customer.name = text_of(decode, object, "name", "customer.name", true, DECODE_NAME_MAX);
	customer.email = text_of(decode, object, "email", "customer.email", true, DECODE_EMAIL_MAX);
	customer.phone = text_of(decode, object, "phone", "customer.phone", false, DECODE_PHONE_MAX);
	if (!decode->fault && !email_plausible(customer.email))
		wrong_type(decode, "customer.email", "an e-mail address");
	return customer;
}

struct rc_str decode_canonical(const struct decode *decode)
{
	char *text = decode->root ? json_dumps(decode->root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct rc_str copy = text ? rc_arena_copy(decode->arena, rc_str_from(text)) : RC_STR_NONE;

	free(text);
	return copy;
}
