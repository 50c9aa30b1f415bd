/*
 * The kind "totals": how many rows there are, and what their columns add up to, for each combination of values of the
 * group's columns. A change costs what it changes: the old row is taken off, the new one added. Only whole numbers
 * are summed: what was added to a floating sum cannot be taken off again.
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"
#include "rowcast/shape/shape.h"

#define SUM_TEXT_MAX 48 /* of 128 bits */

struct group {
	int64_t count;
	struct rc_str key; /* JSON array of the group's values */
	__int128 sums[];   /* of the columns in request->sums, in order */
};

static int sums_are_whole(const struct request *request, const char **field, struct rc_fault *fault)
{
	const struct rc_model *model = request->table->model;

	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!(request->sums >> i & 1) || model->columns[i].type == RC_INT)
			continue;
		*field = "sum";
		return rc_fault_set(fault, RC_INVALID, "\"sum\": %s is not of whole numbers.", model->columns[i].name);
	}
	return RC_OK;
}

static int totals_read(const json_t *params, struct request *request, const char **field, struct rc_fault *fault)
{
	int err = shape_read_columns(params, "group", request->table, &request->group, field, fault);

	if (!err)
		err = shape_read_columns(params, "sum", request->table, &request->sums, field, fault);
	return err ? err : sums_are_whole(request, field, fault);
}

static void write_key(const struct request *request, const void *row, struct buf *out)
{
	const struct rc_model *model = request->table->model;
	struct json_out json;

	json_init(&json, out);
	json_begin_array(&json);
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_value value = rc_row_value(model, row, i);

		if (request->group >> i & 1)
			json_value(&json, &value);
	}
	json_end(&json);
}

static struct group *group_of(struct shape *shape, const struct stored *stored)
{
	const struct request *request = shape->request;
	struct buf *key = shape_scratch(shape);
	struct group *group;

	write_key(request, stored->row, key);
	group = map_get(&shape->groups, buf_str(key));
	if (!group) {
		size_t sums = (size_t)__builtin_popcountll(request->sums) * sizeof(__int128);
		char *text;

		group = rc_xcalloc(1, sizeof(*group) + sums + key->len);
		text = (char *)group->sums + sums;
		memcpy(text, key->data, key->len);
		group->key = (struct rc_str){text, key->len};
		map_put(&shape->groups, group->key, group);
	}
	return group;
}

static void add(struct shape *shape, struct group *group, const struct stored *stored, int sign)
{
	const struct rc_model *model = shape->request->table->model;
	__int128 *sum = group->sums;

	group->count += sign;
	rc_check(group->count >= 0);
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_value value = rc_row_value(model, stored->row, i);

		if (!(shape->request->sums >> i & 1))
			continue;
		if (value.type == RC_INT)
			*sum += sign * (__int128)value.integer;
		sum++;
	}
}

static struct rc_str sum_text(__int128 sum, char text[SUM_TEXT_MAX])
{
	unsigned __int128 left = sum < 0 ? -(unsigned __int128)sum : (unsigned __int128)sum;
	char *at = text + SUM_TEXT_MAX;

	do
		*--at = (char)('0' + (int)(left % 10));
	while (left /= 10);
	if (sum < 0)
		*--at = '-';
	return (struct rc_str){at, (size_t)(text + SUM_TEXT_MAX - at)};
}

/* `row`: any of the group. */
static void put_group(struct shape *shape, const struct group *group, const void *row, uint64_t n)
{
	const struct rc_model *model = shape->request->table->model;
	struct buf *text = shape_scratch(shape);
	const __int128 *sum = group->sums;
	char digits[SUM_TEXT_MAX], name[128];
	struct json_out json;

	json_init(&json, text);
	json_begin_object(&json);
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_value value = rc_row_value(model, row, i);

		if (!(shape->request->group >> i & 1))
			continue;
		json_key(&json, model->columns[i].name);
		json_value(&json, &value);
	}
	json_key(&json, "count");
	json_int(&json, group->count);
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!(shape->request->sums >> i & 1))
			continue;
		snprintf(name, sizeof(name), "sum_%s", model->columns[i].name);
		json_key(&json, name);
		json_raw(&json, sum_text(*sum++, digits));
	}
	json_end(&json);
	topic_put(shape->topic, group->key, buf_str(text), n);
}

static void totals_put(struct shape *shape, const struct stored *stored, uint64_t n)
{
	struct group *group = group_of(shape, stored);

	add(shape, group, stored, 1);
	put_group(shape, group, stored->row, n);
}

static void totals_gone(struct shape *shape, const struct stored *stored, uint64_t n)
{
	struct group *group = group_of(shape, stored);

	add(shape, group, stored, -1);
	if (group->count > 0) {
		put_group(shape, group, stored->row, n);
		return;
	}
	topic_remove(shape->topic, group->key, n);
	map_remove(&shape->groups, group->key);
	free(group);
}

static void fill_row(void *arg, const struct stored *stored)
{
	struct shape *shape = arg;

	totals_put(shape, stored, shape_position(shape));
}

static void totals_release(struct shape *shape)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&shape->groups, &cursor)))
		free(entry->value);
	map_release(&shape->groups);
	shape->groups = MAP_INIT;
}

/* When each total changed last is not known. */
static void totals_fill(struct shape *shape)
{
	totals_release(shape);
	topic_set_floor(shape->topic, shape_position(shape));
	table_rows(shape->request->table, &shape->watcher, fill_row, shape);
}

const struct shape_kind shape_totals = {
	.name = "totals",
	.read = totals_read,
	.fill = totals_fill,
	.put = totals_put,
	.gone = totals_gone,
	.release = totals_release,
};
