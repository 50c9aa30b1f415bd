/*
 * One SQL value outside a row: parameters of statements and conditions. Text and bytes are borrowed until the call
 * returns.
 */
#ifndef ROWCAST_VALUE_H
#define ROWCAST_VALUE_H

#include "rowcast/model.h"

struct rc_value {
	enum rc_type type; /* RC_TYPE_NONE: NULL */
	union {
		bool boolean;
		int64_t integer; /* RC_INT, RC_TIMESTAMP, RC_DATE */
		double real;
		struct rc_str text; /* RC_TEXT, RC_BYTES, RC_JSON */
		struct rc_uuid uuid;
	};
};

#define RC_NULL_VALUE      ((struct rc_value){.type = RC_TYPE_NONE})
#define RC_BOOL_VALUE(b)   ((struct rc_value){.type = RC_BOOL, .boolean = (b)})
#define RC_INT_VALUE(i)    ((struct rc_value){.type = RC_INT, .integer = (i)})
#define RC_DOUBLE_VALUE(d) ((struct rc_value){.type = RC_DOUBLE, .real = (d)})
#define RC_TEXT_VALUE(s)   ((struct rc_value){.type = RC_TEXT, .text = (s)})
#define RC_BYTES_VALUE(s)  ((struct rc_value){.type = RC_BYTES, .text = (s)})
#define RC_UUID_VALUE(u)   ((struct rc_value){.type = RC_UUID, .uuid = (u)})
#define RC_TIME_VALUE(us)  ((struct rc_value){.type = RC_TIMESTAMP, .integer = (us)})
#define RC_DATE_VALUE(d)   ((struct rc_value){.type = RC_DATE, .integer = (d)})
#define RC_JSON_VALUE(s)   ((struct rc_value){.type = RC_JSON, .text = (s)})

/* The value of one column of a row; NULL where the row says so. */
static inline struct rc_value rc_row_value(const struct rc_model *model, const void *row, uint32_t column)
{
	const struct rc_column *c = &model->columns[column];
	const void *field = (const char *)row + c->offset;
	struct rc_value value = {.type = c->type};

	if ((*(const uint64_t *)row >> column) & 1)
		return RC_NULL_VALUE;
	switch (c->type) {
	case RC_BOOL:
		value.boolean = *(const bool *)field;
		break;
	case RC_INT:
	case RC_TIMESTAMP:
		value.integer = *(const int64_t *)field;
		break;
	case RC_DATE:
		value.integer = *(const int32_t *)field;
		break;
	case RC_DOUBLE:
		value.real = *(const double *)field;
		break;
	case RC_TEXT:
	case RC_BYTES:
	case RC_JSON:
		value.text = *(const struct rc_str *)field;
		break;
	case RC_UUID:
		value.uuid = *(const struct rc_uuid *)field;
		break;
	case RC_TYPE_NONE:
		break;
	}
	return value;
}

#endif
