/* table.h tells how rows and watchers find each other. */
#include "rowcast/shape/table.h"

#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"

#define BUCKETS_MAX 1024 /* of one shape: combinations of the values in its lists */

struct entry {
	struct list list; /* in a bucket's rows */
	struct signature *signature;
	struct bucket *bucket;
	struct stored *stored;
	struct entry *next;
};

struct bucket {
	struct list rows;
	struct spans spans;
	size_t key_len;
	char key[];
};

struct signature {
	uint64_t equal; /* columns */
	int32_t ranged; /* column, -1: none */
	struct map buckets;
	size_t watcher_count;
};

/* ---- rows ---- */

static bool is_text(enum rc_type type)
{
	return type == RC_TEXT || type == RC_BYTES || type == RC_JSON;
}

struct stored *stored_create(const struct rc_model *model, const void *row, uint64_t n)
{
	size_t bytes = model->row_bytes;
	struct buf key = BUF_INIT;
	struct stored *stored;
	char *copy, *text;

	row_key(model, row, &key);
	for (uint32_t i = 0; i < model->column_count; i++)
		if (is_text(model->columns[i].type))
			bytes += rc_row_value(model, row, i).text.len;
	stored = rc_xcalloc(1, sizeof(*stored) + bytes + key.len);
	copy = (char *)(stored + 1);
	text = copy + model->row_bytes;
	memcpy(copy, row, model->row_bytes);
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_str *field = RC_FIELD(copy, &model->columns[i]);

		if (!is_text(model->columns[i].type) || field->len == 0)
			continue;
		memcpy(text, field->ptr, field->len);
		field->ptr = text;
		text += field->len;
	}
	memcpy(text, key.data, key.len);
	stored->key = (struct rc_str){text, key.len};
	stored->row = copy;
	stored->n = n;
	buf_release(&key);
	return stored;
}

void stored_free(struct stored *stored)
{
	free(stored);
}

void row_key(const struct rc_model *model, const void *row, struct buf *out)
{
	struct json_out json;

	json_init(&json, out);
	if (model->key_count > 1)
		json_begin_array(&json);
	for (uint32_t i = 0; i < model->key_count; i++) {
		struct rc_value value = rc_row_value(model, row, model->key[i]);

		json_value(&json, &value);
	}
	if (model->key_count > 1)
		json_end(&json);
}

/* ---- buckets ---- */

static void add_part(struct buf *key, struct rc_str bytes)
{
	uint32_t len = (uint32_t)bytes.len;

	buf_append(key, &len, sizeof(len));
	buf_append_str(key, bytes);
}

/* The bucket of the row. False: a value is NULL, and nothing equals that. */
static bool key_of_row(const struct signature *signature, const struct rc_model *model, const void *row,
		       struct buf *key)
{
	char fixed[VALUE_BYTES_MAX];

	buf_clear(key);
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_str bytes;

		if (!(signature->equal >> i & 1))
			continue;
		bytes = value_bytes(model, row, i, fixed);
		if (!bytes.ptr)
			return false;
		add_part(key, bytes);
	}
	return true;
}

static struct bucket *bucket_get(struct signature *signature, struct rc_str key)
{
	struct bucket *bucket = map_get(&signature->buckets, key);

	if (bucket)
		return bucket;
	bucket = rc_xcalloc(1, sizeof(*bucket) + key.len + 1);
	list_init(&bucket->rows);
	memcpy(bucket->key, key.ptr ? key.ptr : "", key.len);
	bucket->key_len = key.len;
	map_put(&signature->buckets, (struct rc_str){bucket->key, key.len}, bucket);
	return bucket;
}

static void bucket_tidy(struct signature *signature, struct bucket *bucket)
{
	if (!list_empty(&bucket->rows) || bucket->spans.count)
		return;
	map_remove(&signature->buckets, (struct rc_str){bucket->key, bucket->key_len});
	spans_release(&bucket->spans);
	free(bucket);
}

static void enter(struct signature *signature, const struct rc_model *model, struct stored *stored, struct buf *key)
{
	struct entry *entry;

	if (!key_of_row(signature, model, stored->row, key))
		return;
	entry = rc_xcalloc(1, sizeof(*entry));
	entry->signature = signature;
	entry->bucket = bucket_get(signature, buf_str(key));
	entry->stored = stored;
	entry->next = stored->places;
	stored->places = entry;
	list_push_back(&entry->bucket->rows, &entry->list);
}

static void leave(struct stored *stored)
{
	while (stored->places) {
		struct entry *entry = stored->places;

		stored->places = entry->next;
		list_remove(&entry->list);
		bucket_tidy(entry->signature, entry->bucket);
		free(entry);
	}
}

/* ---- signatures ---- */

static struct signature *signature_create(struct table *table, uint64_t equal, int32_t ranged)
{
	struct signature *signature = rc_xcalloc(1, sizeof(*signature));
	struct map_entry *row;
	struct buf key = BUF_INIT;
	size_t cursor = 0;

	signature->equal = equal;
	signature->ranged = ranged;
	while ((row = map_next(&table->rows, &cursor)))
		enter(signature, table->model, row->value, &key);
	buf_release(&key);
	return signature;
}

static void signature_free(struct signature *signature)
{
	struct map_entry *place;
	size_t cursor = 0;

	rc_check(signature->watcher_count == 0);
	while ((place = map_next(&signature->buckets, &cursor))) {
		struct bucket *bucket = place->value;

		LIST_EACH_SAFE (node, &bucket->rows) {
			struct entry *entry = LIST_OWNER(node, struct entry, list), **at = &entry->stored->places;

			while (*at != entry)
				at = &(*at)->next;
			*at = entry->next;
			free(entry);
		}
		spans_release(&bucket->spans);
		free(bucket);
	}
	map_release(&signature->buckets);
	free(signature);
}

/* The one of these columns; () when there is no room for another. */
static struct signature *signature_get(struct table *table, uint64_t equal, int32_t ranged)
{
	size_t place = table->signature_count;

	for (size_t i = 0; i < table->signature_count; i++) {
		if (table->signatures[i]->equal == equal && table->signatures[i]->ranged == ranged)
			return table->signatures[i];
	}
	for (size_t i = 1; place == table->signatures_max && i < table->signature_count; i++) {
		if (table->signatures[i]->watcher_count == 0) {
			signature_free(table->signatures[i]);
			place = i;
		}
	}
	if (place == table->signatures_max)
		return table->signatures[0];
	table->signatures[place] = signature_create(table, equal, ranged);
	table->signature_count += place == table->signature_count;
	return table->signatures[place];
}

/* ---- the table ---- */

void table_init(struct table *table, const struct rc_model *model, uint64_t allowed, size_t signatures_max)
{
	*table = (struct table){.model = model, .allowed = allowed, .signatures_max = signatures_max};
	rc_check(signatures_max >= 1);
	table->signatures = rc_xcalloc(signatures_max, sizeof(*table->signatures));
	table->signatures[table->signature_count++] = signature_create(table, 0, -1);
}

void table_clear(struct table *table)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&table->rows, &cursor))) {
		leave(entry->value);
		stored_free(entry->value);
	}
	map_release(&table->rows);
	table->rows = MAP_INIT;
}

void table_release(struct table *table)
{
	table_clear(table);
	for (size_t i = 0; i < table->signature_count; i++)
		signature_free(table->signatures[i]);
	free(table->signatures);
}

void table_add(struct table *table, struct stored *stored)
{
	struct buf key = BUF_INIT;

	rc_check(!map_put(&table->rows, stored->key, stored));
	for (size_t i = 0; i < table->signature_count; i++)
		enter(table->signatures[i], table->model, stored, &key);
	buf_release(&key);
}

struct stored *table_take(struct table *table, struct rc_str key)
{
	struct stored *stored = map_remove(&table->rows, key);

	if (stored)
		leave(stored);
	return stored;
}

/* ---- watchers ---- */

/* What a shape's filter says of its signature's columns. */
struct plan {
	const struct condition *lists[64];
	size_t list_count;
	uint64_t equal;
	const struct condition *range; /* NULL: none */
};

static int by_values(const void *a, const void *b)
{
	const struct condition *x = *(const struct condition *const *)a, *y = *(const struct condition *const *)b;

	if (x->value_count != y->value_count)
		return x->value_count < y->value_count ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

static int by_column(const void *a, const void *b)
{
	const struct condition *x = *(const struct condition *const *)a, *y = *(const struct condition *const *)b;

	return (x->column > y->column) - (x->column < y->column);
}

/* Short lists first, as many as make no more than BUCKETS_MAX combinations. */
static struct plan plan_of(const struct filter *filter)
{
	struct plan plan = {0};
	size_t buckets = 1, kept = 0;

	for (size_t i = 0; i < filter->count; i++) {
		const struct condition *condition = &filter->conditions[i];

		if (condition->ranged)
			plan.range = plan.range ? plan.range : condition;
		else if (condition->value_count)
			plan.lists[plan.list_count++] = condition;
	}
	qsort(plan.lists, plan.list_count, sizeof(plan.lists[0]), by_values);
	while (kept < plan.list_count && plan.lists[kept]->value_count <= BUCKETS_MAX / buckets) {
		buckets *= plan.lists[kept]->value_count;
		plan.equal |= UINT64_C(1) << plan.lists[kept++]->column;
	}
	plan.list_count = kept;
	qsort(plan.lists, plan.list_count, sizeof(plan.lists[0]), by_column);
	return plan;
}

/* Each bucket of the watcher: every combination of the values in its lists. */
static void each_bucket(const struct watcher *watcher, const struct plan *plan,
			void (*visit)(void *arg, const struct watcher *watcher, struct rc_str key,
				      const struct condition *range),
			void *arg)
{
	bool whole = watcher->signature->equal == plan->equal;
	size_t count = whole ? plan->list_count : 0, at[64] = {0}, i;
	struct buf key = BUF_INIT;

	do {
		buf_clear(&key);
		for (i = 0; i < count; i++)
			add_part(&key, plan->lists[i]->values[at[i]]);
		visit(arg, watcher, buf_str(&key), watcher->signature->ranged >= 0 ? plan->range : NULL);
		for (i = 0; i < count && ++at[i] == plan->lists[i]->value_count; i++)
			at[i] = 0;
	} while (i < count);
	buf_release(&key);
}

static void watch_bucket(void *arg, const struct watcher *watcher, struct rc_str key, const struct condition *range)
{
	const struct span span = {range ? range->lo : RC_STR(""), range ? range->hi : RC_STR_NONE, arg};

	spans_add(&bucket_get(watcher->signature, key)->spans, span);
}

static void unwatch_bucket(void *arg, const struct watcher *watcher, struct rc_str key, const struct condition *range)
{
	struct bucket *bucket = map_get(&watcher->signature->buckets, key);

	rc_check(bucket);
	spans_remove(&bucket->spans, arg, range ? range->lo : RC_STR(""));
	bucket_tidy(watcher->signature, bucket);
}

void table_watch(struct table *table, struct watcher *watcher)
{
	const struct plan plan = plan_of(watcher->filter);

	watcher->signature = signature_get(table, plan.equal, plan.range ? (int32_t)plan.range->column : -1);
	watcher->signature->watcher_count++;
	each_bucket(watcher, &plan, watch_bucket, watcher);
}

void table_unwatch(struct table *table, struct watcher *watcher)
{
	const struct plan plan = plan_of(watcher->filter);

	each_bucket(watcher, &plan, unwatch_bucket, watcher);
	watcher->signature->watcher_count--;
	watcher->signature = NULL;
}

struct match {
	const struct rc_model *model;
	const void *row;
	void (*found)(void *arg, struct watcher *watcher);
	void *arg;
};

static void found_span(void *arg, void *owner)
{
	const struct match *match = arg;
	struct watcher *watcher = owner;

	if (filter_matches(watcher->filter, match->model, match->row))
		match->found(match->arg, watcher);
}

void table_watchers(struct table *table, const void *row, void (*found)(void *arg, struct watcher *watcher), void *arg)
{
	struct match match = {table->model, row, found, arg};
	char fixed[VALUE_BYTES_MAX];
	struct buf key = BUF_INIT;

	for (size_t i = 0; i < table->signature_count; i++) {
		struct signature *signature = table->signatures[i];
		struct rc_str value = RC_STR("");
		struct bucket *bucket;

		if (signature->watcher_count == 0 || !key_of_row(signature, table->model, row, &key))
			continue;
		bucket = map_get(&signature->buckets, buf_str(&key));
		if (signature->ranged >= 0)
			value = value_bytes(table->model, row, (uint32_t)signature->ranged, fixed);
		if (bucket && value.ptr)
			spans_find(&bucket->spans, value, found_span, &match);
	}
	buf_release(&key);
}

struct reading {
	const struct rc_model *model;
	void (*found)(void *arg, const struct stored *stored);
	void *arg;
};

static void read_bucket(void *arg, const struct watcher *watcher, struct rc_str key, const struct condition *range)
{
	const struct reading *reading = arg;
	struct bucket *bucket = map_get(&watcher->signature->buckets, key);

	if (!bucket)
		return;
	LIST_EACH (node, &bucket->rows) {
		const struct stored *stored = LIST_OWNER(node, struct entry, list)->stored;

		if (filter_matches(watcher->filter, reading->model, stored->row))
			reading->found(reading->arg, stored);
	}
}

void table_rows(struct table *table, const struct watcher *watcher,
		void (*found)(void *arg, const struct stored *stored), void *arg)
{
	struct reading reading = {table->model, found, arg};
	const struct plan plan = plan_of(watcher->filter);

	each_bucket(watcher, &plan, read_bucket, &reading);
}
