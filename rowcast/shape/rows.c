/* The kind "rows": the rows themselves. */
#include <stdlib.h>

#include "rowcast/data/json_out.h"
#include "rowcast/shape/shape.h"

static int rows_read(const json_t *params, struct request *request, const char **field, struct rc_fault *fault)
{
	const struct rc_model *model = request->table->model;
	int err = shape_read_columns(params, "columns", request->table, &request->columns, field, fault);

	if (!request->columns)
		request->columns = request->table->allowed;
	for (uint32_t i = 0; i < model->key_count; i++)
		request->columns |= UINT64_C(1) << model->key[i];
	return err;
}

static void rows_put(struct shape *shape, const struct stored *stored, uint64_t n)
{
	struct buf *text = shape_scratch(shape);
	struct json_out json;

	json_init(&json, text);
	json_row(&json, shape->request->table->model, stored->row, shape->request->columns);
	topic_put(shape->topic, stored->key, buf_str(text), n);
}

/* Where a row of this key comes behind it, the topic takes both as one change. */
static void rows_gone(struct shape *shape, const struct stored *stored, uint64_t n)
{
	topic_remove(shape->topic, stored->key, n);
}

static void fill_row(void *arg, const struct stored *stored)
{
	rows_put(arg, stored, stored->n);
}

/* Who comes back from before then has it, unless its key matches today. */
static void fill_departed(void *arg, const struct stored *stored)
{
	struct shape *shape = arg;
	const struct table *table = shape->request->table;
	const struct stored *now = map_get(&table->rows, stored->key);

	if (filter_matches(&shape->filter, table->model, stored->row) &&
	    !(now && filter_matches(&shape->filter, table->model, now->row)))
		topic_remove(shape->topic, stored->key, stored->n);
}

static void rows_fill(struct shape *shape)
{
	topic_set_floor(shape->topic, shape_floor(shape));
	table_rows(shape->request->table, &shape->watcher, fill_row, shape);
	shape_departed(shape, fill_departed, shape);
}

static void rows_release(struct shape *shape) {}

const struct shape_kind shape_rows = {
	.name = "rows",
	.read = rows_read,
	.fill = rows_fill,
	.put = rows_put,
	.gone = rows_gone,
	.release = rows_release,
};
