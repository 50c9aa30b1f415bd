/*
 * A row as a JSON object, by its descriptor alone.
 */
#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"
#include "rowcast/data/time_text.h"
#include "rowcast/uuid.h"

static void put_base64(struct json_out *json, struct rc_str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.ptr;

	json_raw(json, RC_STR("\""));
	for (size_t left = bytes.len; left > 0; p += 3, left -= left < 3 ? left : 3) {
		uint32_t group = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) | (left > 2 ? p[2] : 0);
		char text[4] = {digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
				left > 2 ? digits[group & 63] : '='};

		buf_append(json->out, text, sizeof(text));
	}
	buf_append_char(json->out, '"');
}

static void put_uuid(struct json_out *json, const struct rc_uuid *uuid)
{
	char text[RC_UUID_TEXT];

	rc_uuid_format(*uuid, text);
	json_str(json, (struct rc_str){text, sizeof(text) - 1});
}

/* Line breaks between tokens become blanks: an event stream frames by line. Inside a string JSON has none. */
static void put_value(struct json_out *json, struct rc_str value)
{
	size_t start;

	if (value.len == 0) {
		json_put_null(json);
		return;
	}
	json_raw(json, RC_STR(""));
	start = json->out->len;
	buf_append_str(json->out, value);
	for (size_t i = start; i < json->out->len; i++) {
		if (json->out->data[i] == '\n' || json->out->data[i] == '\r')
			json->out->data[i] = ' ';
	}
}

static void put_field(struct json_out *json, enum rc_type type, const void *field)
{
	char text[TIME_TEXT_MAX];

	switch (type) {
	case RC_BOOL:
		json_bool(json, *(const bool *)field);
		return;
	case RC_INT:
		json_int(json, *(const int64_t *)field);
		return;
	case RC_DOUBLE:
		json_double(json, *(const double *)field);
		return;
	case RC_TEXT:
		json_str(json, *(const struct rc_str *)field);
		return;
	case RC_BYTES:
		put_base64(json, *(const struct rc_str *)field);
		return;
	case RC_UUID:
		put_uuid(json, field);
		return;
	case RC_TIMESTAMP:
		json_time(json, *(const int64_t *)field);
		return;
	case RC_DATE:
		json_str(json, (struct rc_str){text, date_format(*(const int32_t *)field, text)});
		return;
	case RC_JSON:
		put_value(json, *(const struct rc_str *)field);
		return;
	case RC_TYPE_NONE:
		break;
	}
	rc_check(!"a column without a type");
}

void json_value(struct json_out *json, const struct rc_value *value)
{
	if (value->type == RC_TYPE_NONE) {
		json_put_null(json);
	} else if (value->type == RC_DATE) { /* narrower in a row */
		int32_t days = (int32_t)value->integer;

		put_field(json, RC_DATE, &days);
	} else {
		put_field(json, value->type, &value->integer); /* all members begin there */
	}
}

void json_row(struct json_out *json, const struct rc_model *model, const void *row, uint64_t columns)
{
	uint64_t nulls = *(const uint64_t *)row;

	json_begin_object(json);
	for (uint32_t i = 0; i < model->column_count; i++) {
		const struct rc_column *column = &model->columns[i];

		if (!(columns >> i & 1))
			continue;
		json_key(json, column->name);
		if (nulls >> i & 1)
			json_put_null(json);
		else
			put_field(json, column->type, (const char *)row + column->offset);
	}
	json_end(json);
}
