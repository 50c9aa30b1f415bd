/* filter.h tells what a filter is. */
#include "rowcast/shape/filter.h"

#include <stdlib.h>

#include "rowcast/data/json_out.h"
#include "rowcast/data/time_text.h"
#include "rowcast/uuid.h"

/* A value while it is read: as it is compared, and as it is written. */
struct read_value {
	struct rc_str bytes;
	struct rc_value value;
};

struct reader {
	const struct rc_model *model;
	uint64_t allowed;
	size_t values_max;
	struct rc_arena *arena;
	const char **field;
	struct rc_fault *fault;
};

/* A condition and what its name is made of. */
struct read_condition {
	struct condition condition;
	struct read_value *values;  /* of a list */
	struct read_value bound[4]; /* gt, gte, lt, lte; bytes.ptr NULL: not there */
};

static const char *const bound_names[] = {"gt", "gte", "lt", "lte"};

static struct rc_str big_endian(uint64_t bits, char fixed[VALUE_BYTES_MAX])
{
	for (int i = 0; i < 8; i++)
		fixed[i] = (char)(bits >> (56 - 8 * i));
	return (struct rc_str){fixed, 8};
}

static uint64_t double_bits(double number)
{
	uint64_t bits;

	number += 0.0; /* -0 equals 0 */
	memcpy(&bits, &number, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static struct rc_str bytes_of(const struct rc_value *value, char fixed[VALUE_BYTES_MAX])
{
	switch (value->type) {
	case RC_BOOL:
		fixed[0] = value->boolean;
		return (struct rc_str){fixed, 1};
	case RC_INT:
	case RC_TIMESTAMP:
	case RC_DATE:
		return big_endian((uint64_t)value->integer ^ UINT64_C(1) << 63, fixed);
	case RC_DOUBLE:
		return big_endian(double_bits(value->real), fixed);
	case RC_TEXT:
		return (struct rc_str){value->text.ptr ? value->text.ptr : "", value->text.len};
	case RC_UUID:
		memcpy(fixed, value->uuid.bytes, sizeof(value->uuid.bytes));
		return (struct rc_str){fixed, sizeof(value->uuid.bytes)};
	case RC_BYTES:
	case RC_JSON:
	case RC_TYPE_NONE:
		break;
	}
	return RC_STR_NONE;
}

struct rc_str value_bytes(const struct rc_model *model, const void *row, uint32_t column, char fixed[VALUE_BYTES_MAX])
{
	struct rc_value value = rc_row_value(model, row, column);

	return bytes_of(&value, fixed);
}

/* ---- reading ---- */

static int refuse(const struct reader *reader, const char *column, const char *wanted)
{
	*reader->field = "where";
	return rc_fault_set(reader->fault, RC_INVALID, "\"where\": %s must be %s.", column, wanted);
}

static bool read_typed(const json_t *json, enum rc_type type, struct rc_value *out)
{
	struct rc_str text = json_is_string(json) ? (struct rc_str){json_string_value(json), json_string_length(json)}
						  : RC_STR_NONE;
	int32_t days;

	out->type = type;
	switch (type) {
	case RC_BOOL:
		out->boolean = json_is_true(json);
		return json_is_boolean(json);
	case RC_INT:
		out->integer = json_integer_value(json);
		return json_is_integer(json) || (text.ptr && rc_str_to_i64(text, &out->integer) == RC_OK);
	case RC_DOUBLE:
		out->real = json_number_value(json) + 0.0; /* one name for -0 and 0 */
		return json_is_number(json);
	case RC_TEXT:
		out->text = text;
		return text.ptr != NULL;
	case RC_TIMESTAMP:
		return text.ptr && time_parse(text, &out->integer) == RC_OK;
	case RC_DATE:
		if (!text.ptr || date_parse(text, &days) != RC_OK)
			return false;
		out->integer = days;
		return true;
	case RC_UUID:
		return text.ptr && rc_uuid_parse(text, &out->uuid) == RC_OK;
	case RC_BYTES:
	case RC_JSON:
	case RC_TYPE_NONE:
		break;
	}
	return false;
}

static int read_value(const struct reader *reader, const json_t *json, uint32_t column, struct read_value *out)
{
	static const char *const wanted[] = {
		[RC_BOOL] = "true or false",
		[RC_INT] = "a whole number",
		[RC_DOUBLE] = "a number",
		[RC_TEXT] = "a string",
		[RC_BYTES] = "left out: it cannot be compared",
		[RC_UUID] = "a UUID",
		[RC_TIMESTAMP] = "an instant such as 2026-11-20T09:00:00Z",
		[RC_DATE] = "a date such as 2026-11-20",
		[RC_JSON] = "left out: it cannot be compared",
	};
	const struct rc_column *c = &reader->model->columns[column];
	char fixed[VALUE_BYTES_MAX];

	if (!read_typed(json, c->type, &out->value))
		return refuse(reader, c->name, wanted[c->type]);
	out->bytes = rc_arena_copy(reader->arena, bytes_of(&out->value, fixed));
	if (c->type == RC_TEXT)
		out->value.text = out->bytes;
	return RC_OK;
}

static int by_bytes(const void *a, const void *b)
{
	return rc_str_compare(((const struct read_value *)a)->bytes, ((const struct read_value *)b)->bytes);
}

/* A list, or a single value as one of one. */
static int read_list(const struct reader *reader, const json_t *json, struct read_condition *out)
{
	uint32_t column = out->condition.column;
	size_t count = json_is_array(json) ? json_array_size(json) : 1, kept = 0;
	struct read_value *values;

	if (count == 0)
		return refuse(reader, reader->model->columns[column].name, "a list of at least one value");
	if (count > reader->values_max) {
		*reader->field = "where";
		return rc_fault_set(reader->fault, RC_LIMIT, "\"where\": %s has %zu values; at most %zu are allowed.",
				    reader->model->columns[column].name, count, reader->values_max);
	}
	values = RC_ARENA_ARRAY(reader->arena, struct read_value, count);
	for (size_t i = 0; i < count; i++) {
		int err = read_value(reader, json_is_array(json) ? json_array_get(json, i) : json, column, &values[i]);

		if (err)
			return err;
	}
	qsort(values, count, sizeof(*values), by_bytes);
	out->condition.values = RC_ARENA_ARRAY(reader->arena, struct rc_str, count);
	for (size_t i = 0; i < count; i++) {
		if (kept && rc_str_eq(values[kept - 1].bytes, values[i].bytes))
			continue;
		values[kept] = values[i];
		out->condition.values[kept++] = values[i].bytes;
	}
	out->values = values;
	out->condition.value_count = kept;
	return RC_OK;
}

/* The smallest bytes behind all that begin with a value of this length: the value and a NUL. */
static struct rc_str behind(struct rc_arena *arena, struct rc_str bytes)
{
	struct rc_str copy = rc_arena_copy(arena, bytes);

	return (struct rc_str){copy.ptr, copy.len + 1}; /* rc_arena_copy ends with a NUL */
}

static int read_range(const struct reader *reader, json_t *json, struct read_condition *out)
{
	struct condition *condition = &out->condition;
	const char *column = reader->model->columns[condition->column].name;
	const struct read_value *gt = &out->bound[0], *gte = &out->bound[1], *lt = &out->bound[2],
				*lte = &out->bound[3];
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value)
	{
		int which = 0, err;

		while (which < 4 && strcmp(name, bound_names[which]) != 0)
			which++;
		if (which == 4)
			return refuse(reader, column, "a range of gt or gte, and lt or lte");
		err = read_value(reader, value, condition->column, &out->bound[which]);
		if (err)
			return err;
	}
	if (json_object_size(json) == 0 || (gt->bytes.ptr && gte->bytes.ptr) || (lt->bytes.ptr && lte->bytes.ptr))
		return refuse(reader, column, "a range of gt or gte, and lt or lte");
	condition->ranged = true;
	condition->lo = gt->bytes.ptr ? behind(reader->arena, gt->bytes) : gte->bytes.ptr ? gte->bytes : RC_STR("");
	condition->hi = lte->bytes.ptr ? behind(reader->arena, lte->bytes) : lt->bytes;
	return RC_OK;
}

static int find_column(const struct reader *reader, const char *name, uint32_t *out)
{
	for (uint32_t i = 0; i < reader->model->column_count; i++) {
		if ((reader->allowed >> i & 1) && strcmp(reader->model->columns[i].name, name) == 0) {
			*out = i;
			return RC_OK;
		}
	}
	*reader->field = "where";
	return rc_fault_set(reader->fault, RC_INVALID, "\"where\": there is no column \"%.64s\".", name);
}

static int by_column(const void *a, const void *b)
{
	const struct read_condition *x = a, *y = b;

	return (x->condition.column > y->condition.column) - (x->condition.column < y->condition.column);
}

static void write_condition(struct json_out *json, const struct reader *reader, const struct read_condition *read)
{
	json_key(json, reader->model->columns[read->condition.column].name);
	if (read->condition.ranged) {
		json_begin_object(json);
		for (int i = 0; i < 4; i++) {
			if (!read->bound[i].bytes.ptr)
				continue;
			json_key(json, bound_names[i]);
			json_value(json, &read->bound[i].value);
		}
		json_end(json);
	} else if (read->condition.value_count == 0) {
		json_put_null(json);
	} else {
		json_begin_array(json);
		for (size_t i = 0; i < read->condition.value_count; i++)
			json_value(json, &read->values[i].value);
		json_end(json);
	}
}

static void write_name(const struct reader *reader, const struct read_condition *conditions, size_t count,
		       struct buf *name)
{
	struct json_out json;

	json_init(&json, name);
	json_begin_object(&json);
	for (size_t i = 0; i < count; i++)
		write_condition(&json, reader, &conditions[i]);
	json_end(&json);
}

int filter_read(const json_t *where, const struct rc_model *model, uint64_t allowed, size_t values_max,
		struct rc_arena *arena, struct filter *out, struct buf *name, const char **field,
		struct rc_fault *fault)
{
	const struct reader reader = {model, allowed, values_max, arena, field, fault};
	struct read_condition *read;
	const char *column;
	json_t *value;
	size_t count = 0;

	*out = (struct filter){0};
	if (where && !json_is_object(where)) {
		*field = "where";
		return rc_fault_set(fault, RC_INVALID, "\"where\" must be an object of columns and their values.");
	}
	read = RC_ARENA_ARRAY(arena, struct read_condition, json_object_size(where) + 1);
	json_object_foreach((json_t *)(uintptr_t)where, column, value)
	{
		int err = find_column(&reader, column, &read[count].condition.column);

		if (!err && json_is_object(value))
			err = read_range(&reader, value, &read[count]);
		else if (!err && !json_is_null(value))
			err = read_list(&reader, value, &read[count]);
		if (err)
			return err;
		count++;
	}
	qsort(read, count, sizeof(*read), by_column);
	out->conditions = RC_ARENA_ARRAY(arena, struct condition, count + 1);
	for (size_t i = 0; i < count; i++)
		out->conditions[out->count++] = read[i].condition;
	write_name(&reader, read, count, name);
	return RC_OK;
}

/* ---- matching ---- */

static int by_text(const void *a, const void *b)
{
	return rc_str_compare(*(const struct rc_str *)a, *(const struct rc_str *)b);
}

bool filter_matches(const struct filter *filter, const struct rc_model *model, const void *row)
{
	char fixed[VALUE_BYTES_MAX];

	for (size_t i = 0; i < filter->count; i++) {
		const struct condition *condition = &filter->conditions[i];
		struct rc_str value;
		bool holds;

		if (!condition->ranged && condition->value_count == 0) {
			if (!RC_ROW_IS_NULL(row, condition->column))
				return false;
			continue;
		}
		value = value_bytes(model, row, condition->column, fixed);
		if (!value.ptr)
			return false;
		if (condition->ranged)
			holds = rc_str_compare(condition->lo, value) <= 0 &&
				(!condition->hi.ptr || rc_str_compare(value, condition->hi) < 0);
		else
			holds = bsearch(&value, condition->values, condition->value_count, sizeof(value), by_text) !=
				NULL;
		if (!holds)
			return false;
	}
	return true;
}
