/*
 * shapes.h tells what shapes are. A change here is the row as it was, taken out of the table, and the row as it is, put into
 * it; who watched the one and who watches the other decides what each topic is told. The old image is our own: it is the
 * same that the topics were told of.
 */
#include "rowcast/shape/shapes.h"

#include <jansson.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/shape/shape.h"

struct shape_source {
	struct shapes *shapes;
	const struct shape_kind *kind;
};

struct shapes {
	struct table *tables;
	size_t table_count, values_max;
	struct shape_source sources[SHAPES_SOURCES];
	/* Rows before their last changes; a ring, oldest first. Each `n` is that of the change which ended it. */
	struct departed {
		struct table *table;
		struct stored *stored;
	} * departed;
	size_t departed_first, departed_count, departed_max;
	uint64_t floor, n;
	struct buf scratch;
};

struct shapes *shapes_create(const struct shapes_options *options)
{
	struct shapes *shapes = rc_xcalloc(1, sizeof(*shapes));

	shapes->tables = rc_xcalloc(options->table_count + 1, sizeof(*shapes->tables));
	for (size_t i = 0; i < options->table_count; i++) {
		const struct shapes_table *table = &options->tables[i];

		for (uint32_t k = 0; k < table->model->key_count; k++)
			rc_check(table->columns >> table->model->key[k] & 1);
		table_init(&shapes->tables[shapes->table_count++], table->model, table->columns,
			   (size_t)options->limits.signatures_max);
	}
	shapes->values_max = (size_t)options->limits.values_max;
	shapes->departed_max = (size_t)options->limits.departed_max;
	shapes->departed = rc_xcalloc(shapes->departed_max + 1, sizeof(*shapes->departed));
	return shapes;
}

static void forget_oldest(struct shapes *shapes)
{
	struct departed *oldest = &shapes->departed[shapes->departed_first];

	if (oldest->stored->n > shapes->floor)
		shapes->floor = oldest->stored->n;
	stored_free(oldest->stored);
	shapes->departed_first = (shapes->departed_first + 1) % (shapes->departed_max + 1);
	shapes->departed_count--;
}

void shapes_clear(struct shapes *shapes)
{
	while (shapes->departed_count > 0)
		forget_oldest(shapes);
	shapes->floor = 0;
	for (size_t i = 0; i < shapes->table_count; i++)
		table_clear(&shapes->tables[i]);
}

void shapes_destroy(struct shapes *shapes)
{
	shapes_clear(shapes);
	for (size_t i = 0; i < shapes->table_count; i++)
		table_release(&shapes->tables[i]);
	free(shapes->tables);
	free(shapes->departed);
	buf_release(&shapes->scratch);
	free(shapes);
}

/* ---- rows ---- */

/* NULL: not one of ours. */
static struct table *table_of(struct shapes *shapes, const struct rc_model *model)
{
	for (size_t i = 0; i < shapes->table_count; i++)
		if (shapes->tables[i].model == model)
			return &shapes->tables[i];
	return NULL;
}

/* The row was as it is in `stored`, which we own from here on, until change `n`. */
static void depart(struct shapes *shapes, struct table *table, struct stored *stored, uint64_t n)
{
	size_t ring = shapes->departed_max + 1;

	stored->n = n;
	shapes->departed[(shapes->departed_first + shapes->departed_count++) % ring] = (struct departed){table, stored};
	if (shapes->departed_count > shapes->departed_max)
		forget_oldest(shapes);
}

void shapes_row(struct shapes *shapes, const struct rc_model *model, const void *row)
{
	struct table *table = table_of(shapes, model);

	if (table)
		table_add(table, stored_create(model, row, 0));
}

/* The rows are those of the snapshot, behind all of this. */
void shapes_history(struct shapes *shapes, const struct rc_txn *txn)
{
	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct rc_change *change = &txn->changes[i];
		struct table *table = table_of(shapes, change->model);
		struct stored *now;

		if (!table)
			continue;
		if (change->old_row)
			depart(shapes, table, stored_create(change->model, change->old_row, 0), txn->position.n);
		if (!change->new_row)
			continue;
		buf_clear(&shapes->scratch);
		row_key(change->model, change->new_row, &shapes->scratch);
		now = map_get(&table->rows, buf_str(&shapes->scratch));
		if (now)
			now->n = txn->position.n;
	}
}

void shapes_ready(struct shapes *shapes, struct rc_position at, struct rc_position oldest)
{
	shapes->n = at.n;
	if (oldest.n > shapes->floor)
		shapes->floor = oldest.n;
}

struct news {
	const struct stored *stored;
	uint64_t n;
};

static void tell_gone(void *arg, struct watcher *watcher)
{
	struct shape *shape = LIST_OWNER(watcher, struct shape, watcher);
	const struct news *news = arg;

	shape->kind->gone(shape, news->stored, news->n);
}

static void tell_put(void *arg, struct watcher *watcher)
{
	struct shape *shape = LIST_OWNER(watcher, struct shape, watcher);
	const struct news *news = arg;

	shape->kind->put(shape, news->stored, news->n);
}

/* The row of this key goes out of the table; NULL: it had none. */
static struct stored *take(struct shapes *shapes, struct table *table, const void *row)
{
	buf_clear(&shapes->scratch);
	row_key(table->model, row, &shapes->scratch);
	return table_take(table, buf_str(&shapes->scratch));
}

/* The row of this key is there no more. */
static void lose(struct shapes *shapes, struct table *table, const void *row, uint64_t n)
{
	struct stored *old = take(shapes, table, row);
	struct news news = {old, n};

	if (!old)
		return;
	table_watchers(table, old->row, tell_gone, &news);
	depart(shapes, table, old, n);
}

static void apply(struct shapes *shapes, struct table *table, const struct rc_change *change, uint64_t n)
{
	struct news news = {.n = n};
	struct stored *new;

	if (change->old_row)
		lose(shapes, table, change->old_row, n);
	if (!change->new_row)
		return;
	lose(shapes, table, change->new_row, n); /* one that was replaced: not every program's triggers tell */
	new = stored_create(table->model, change->new_row, n);
	news.stored = new;
	table_add(table, new);
	table_watchers(table, new->row, tell_put, &news);
}

void shapes_apply(struct shapes *shapes, const struct rc_txn *txn)
{
	shapes->n = txn->position.n;
	for (uint32_t i = 0; i < txn->change_count; i++) {
		struct table *table = table_of(shapes, txn->changes[i].model);

		if (table)
			apply(shapes, table, &txn->changes[i], txn->position.n);
	}
}

/* ---- what the kinds ask ---- */

void shape_departed(struct shape *shape, void (*found)(void *arg, const struct stored *stored), void *arg)
{
	const struct shapes *shapes = shape->shapes;

	for (size_t i = 0; i < shapes->departed_count; i++) {
		const struct departed *departed =
			&shapes->departed[(shapes->departed_first + i) % (shapes->departed_max + 1)];

		if (departed->table == shape->request->table)
			found(arg, departed->stored);
	}
}

uint64_t shape_floor(const struct shape *shape)
{
	return shape->shapes->floor;
}

uint64_t shape_position(const struct shape *shape)
{
	return shape->shapes->n;
}

struct buf *shape_scratch(struct shape *shape)
{
	buf_clear(&shape->shapes->scratch);
	return &shape->shapes->scratch;
}

/* ---- subscriptions ---- */

static int refuse(const char **field, const char *member, struct rc_fault *fault, const char *message)
{
	*field = member;
	return rc_fault_set(fault, RC_INVALID, "%s", message);
}

/* A member that a query string has as text. The caller drops it; NULL: not there, or (*bad) not JSON. */
static json_t *member(const json_t *params, const char *name, bool *bad)
{
	json_t *value = json_object_get(params, name);

	*bad = false;
	if (!json_is_string(value))
		return json_is_null(value) ? NULL : json_incref(value);
	value = json_loadb(json_string_value(value), json_string_length(value), JSON_REJECT_DUPLICATES, NULL);
	*bad = value == NULL;
	return value;
}

static int add_column(const struct table *table, struct rc_str name, const char *member_name, uint64_t *out,
		      const char **field, struct rc_fault *fault)
{
	for (uint32_t i = 0; i < table->model->column_count; i++) {
		if ((table->allowed >> i & 1) && rc_str_is(name, table->model->columns[i].name)) {
			*out |= UINT64_C(1) << i;
			return RC_OK;
		}
	}
	*field = member_name;
	return rc_fault_set(fault, RC_INVALID, "\"%s\": there is no column \"%.*s\".", member_name,
			    name.len < 64 ? (int)name.len : 64, name.ptr);
}

int shape_read_columns(const json_t *params, const char *name, const struct table *table, uint64_t *out,
		       const char **field, struct rc_fault *fault)
{
	const json_t *value = json_object_get(params, name);
	struct rc_str rest = {json_string_value(value), json_string_length(value)};
	int err = RC_OK;

	*out = 0;
	if (json_is_array(value)) {
		for (size_t i = 0; !err && i < json_array_size(value); i++) {
			const json_t *item = json_array_get(value, i);
			struct rc_str column = {json_string_value(item), json_string_length(item)};

			err = add_column(table, column.ptr ? column : RC_STR(""), name, out, field, fault);
		}
		return err;
	}
	if (value && !json_is_null(value) && !rest.ptr)
		return refuse(field, name, fault, "A list of columns must be an array of names, or names with commas.");
	for (bool more = rest.len > 0; !err && more;) {
		more = memchr(rest.ptr, ',', rest.len) != NULL;
		err = add_column(table, rc_str_cut(&rest, ','), name, out, field, fault);
	}
	return err;
}

static int read_table(struct shapes *shapes, const json_t *params, struct table **out, const char **field,
		      struct rc_fault *fault)
{
	const char *name = json_string_value(json_object_get(params, "table"));

	for (size_t i = 0; name && i < shapes->table_count; i++) {
		if (strcmp(name, shapes->tables[i].model->table) == 0) {
			*out = &shapes->tables[i];
			return RC_OK;
		}
	}
	*field = "table";
	return rc_fault_set(fault, name ? RC_NOT_FOUND : RC_INVALID,
			    name ? "There is no such table here." : "\"table\" must be the name of a table.");
}

static int read_where(struct shapes *shapes, const struct table *table, const json_t *params, struct buf *name,
		      const char **field, struct rc_fault *fault)
{
	struct rc_arena arena = {0};
	struct filter filter;
	bool bad;
	json_t *where = member(params, "where", &bad);
	int err = bad ? refuse(field, "where", fault, "\"where\" is not JSON.") : RC_OK;

	rc_arena_init(&arena, 4096);
	if (!err)
		err = filter_read(where, table->model, table->allowed, shapes->values_max, &arena, &filter, name, field,
				  fault);
	rc_arena_release(&arena);
	json_decref(where);
	return err;
}

/* Reactor thread. */
static int source_parse(void *arg, const void *params, struct buf *name, void **shape, const char **field,
			struct rc_fault *fault)
{
	const struct shape_source *source = arg;
	struct request request = {0}, *copy;
	struct buf where = BUF_INIT;
	int err = read_table(source->shapes, params, &request.table, field, fault);

	if (!err)
		err = source->kind->read(params, &request, field, fault);
	if (!err)
		err = read_where(source->shapes, request.table, params, &where, field, fault);
	if (!err) {
		buf_printf(name, "%s?columns=%llx&group=%llx&sum=%llx&where=", request.table->model->table,
			   (unsigned long long)request.columns, (unsigned long long)request.group,
			   (unsigned long long)request.sums);
		buf_append_str(name, buf_str(&where));
		copy = rc_xcalloc(1, sizeof(request) + where.len + 1);
		*copy = request;
		memcpy(copy->where, where.data, where.len);
		*shape = copy;
	}
	buf_release(&where);
	return err;
}

static struct shape *shape_open(const struct shape_source *source, struct topic *topic, struct request *request)
{
	struct shape *shape = rc_xcalloc(1, sizeof(*shape));
	json_t *where = json_loads(request->where, 0, NULL);
	struct buf name = BUF_INIT;
	const char *field;
	int err;

	shape->shapes = source->shapes;
	shape->kind = source->kind;
	shape->topic = topic;
	shape->request = request;
	rc_arena_init(&shape->arena, 512);
	err = filter_read(where, request->table->model, request->table->allowed, source->shapes->values_max,
			  &shape->arena, &shape->filter, &name, &field, NULL);
	rc_check(!err && strcmp(buf_cstr(&name), request->where) == 0);
	json_decref(where);
	buf_release(&name);
	shape->watcher.filter = &shape->filter;
	table_watch(request->table, &shape->watcher);
	return shape;
}

static int source_fill(void *arg, struct topic *topic, struct rc_fault *fault)
{
	struct request *request = topic_shape(topic);

	if (!request->open)
		request->open = shape_open(arg, topic, request);
	request->open->kind->fill(request->open);
	return RC_OK;
}

static void source_closed(void *arg, struct topic *topic)
{
	struct request *request = topic_shape(topic);
	struct shape *shape = request->open;

	if (!shape)
		return;
	table_unwatch(request->table, &shape->watcher);
	shape->kind->release(shape);
	rc_arena_release(&shape->arena);
	free(shape);
	request->open = NULL;
}

void shapes_sources(struct shapes *shapes, struct topic_source out[SHAPES_SOURCES])
{
	static const struct shape_kind *const kinds[SHAPES_SOURCES] = {&shape_rows, &shape_totals};

	for (size_t i = 0; i < SHAPES_SOURCES; i++) {
		shapes->sources[i] = (struct shape_source){shapes, kinds[i]};
		out[i] = (struct topic_source){
			.kind = kinds[i]->name,
			.parse = source_parse,
			.fill = source_fill,
			.closed = source_closed,
			.arg = &shapes->sources[i],
		};
	}
}
