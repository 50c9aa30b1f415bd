/*
 * JSON writer into a buffer: our own, because frames are written on the hot path straight from rows. No tree, no
 * allocation but the buffer's. Commas are placed by the writer; nesting at most 32. No name here is one of jansson's: a
 * program links both.
 *
 *   json_begin_object(&j); json_key(&j, "slots"); json_begin_array(&j); … json_end(&j); json_end(&j);
 */
#ifndef ROWCAST_DATA_JSON_OUT_H
#define ROWCAST_DATA_JSON_OUT_H

#include "rowcast/base/buf.h"
#include "rowcast/change.h"
#include "rowcast/value.h"

struct json_out {
	struct buf *out;
	uint8_t depth;
	bool has_value[33]; /* a value stands at this depth already */
	char closer[33];
	bool after_key;
};

void json_init(struct json_out *json, struct buf *out);
void json_begin_object(struct json_out *json);
void json_begin_array(struct json_out *json);
void json_end(struct json_out *json); /* closes the innermost object or array */
void json_key(struct json_out *json, const char *name);
void json_str(struct json_out *json, struct rc_str text); /* must be UTF-8; bytes that are not become U+FFFD */
void json_cstr(struct json_out *json, const char *text);
void json_int(struct json_out *json, int64_t number);
void json_double(struct json_out *json, double number); /* shortest that reads back equal; not finite: null */
void json_bool(struct json_out *json, bool truth);
void json_put_null(struct json_out *json);
void json_raw(struct json_out *json, struct rc_str value); /* one complete JSON value */
void json_id(struct json_out *json, int64_t id);           /* an id as string: "42" */
void json_position(struct json_out *json, struct rc_position position);
void json_time(struct json_out *json, int64_t us); /* RFC 3339 UTC; milliseconds only when they are not zero */
void json_value(struct json_out *json, const struct rc_value *value);
/* One row as an object, by its descriptor; bit i of `columns` = column i is written. */
void json_row(struct json_out *json, const struct rc_model *model, const void *row, uint64_t columns);

#endif
