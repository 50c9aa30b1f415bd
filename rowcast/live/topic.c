/*
 * Rows in recency order, and everything that is written from them: snapshots, deltas, the way back of a subscriber.
 *
 * A transaction only marks rows as touched; topic_settle compares each with what was committed last, so a row that is
 * changed and changed back tells nothing. Rejected: a log of changes per topic. It grows with the messages and not with
 * the rows, has to be compacted, and gives a slow client every step of what he wants only the end of.
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/topic_impl.h"

static struct rc_str row_key(const struct row *row)
{
	return (struct rc_str){row->key, row->key_len};
}

static bool text_eq(struct text a, struct text b)
{
	return !a.ptr == !b.ptr && a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static struct text text_copy(struct rc_str s)
{
	struct text text = {rc_xmalloc(s.len), s.len};

	memcpy(text.ptr, s.ptr, s.len);
	return text;
}

static void row_free(struct row *row)
{
	list_remove(&row->place);
	list_remove(&row->dirty);
	list_remove(&row->grave);
	free(row->json.ptr);
	free(row->before.ptr);
	free(row);
}

static struct row *row_create(struct topic *topic, struct rc_str key)
{
	struct row *row = rc_xcalloc(1, sizeof(*row) + key.len);

	row->key_len = key.len;
	memcpy(row->key, key.ptr, key.len);
	map_put(&topic->rows, row_key(row), row);
	return row;
}

static void forget_bodies(struct topic *topic)
{
	body_drop(topic->snapshot);
	body_drop(topic->delta);
	topic->snapshot = topic->delta = NULL;
}

static void clear_rows(struct topic *topic)
{
	LIST_EACH_SAFE (node, &topic->recency)
		row_free(LIST_OWNER(node, struct row, place));
	LIST_EACH_SAFE (node, &topic->dirty)
		row_free(LIST_OWNER(node, struct row, dirty));
	map_release(&topic->rows);
	topic->row_count = topic->grave_count = 0;
	forget_bodies(topic);
}

struct topic *topic_create(struct hub *hub, const struct topic_source *source, struct rc_str name, void *shape_take)
{
	struct topic *topic = rc_xcalloc(1, sizeof(*topic));

	topic->hub = hub;
	topic->source = source;
	topic->name = rc_xcalloc(1, name.len + 1);
	memcpy(topic->name, name.ptr, name.len);
	topic->shape = shape_take;
	list_init(&topic->recency);
	list_init(&topic->dirty);
	list_init(&topic->graves);
	list_init(&topic->taps);
	return topic;
}

void topic_destroy(struct topic *topic)
{
	rc_check(list_empty(&topic->taps));
	topic_forget_history(topic);
	clear_rows(topic);
	list_remove(&topic->changed);
	list_remove(&topic->idle);
	free(topic->history);
	free(topic->shape);
	free(topic->name);
	free(topic);
}

struct rc_str topic_name(const struct topic *topic)
{
	return rc_str_from(topic->name);
}

void *topic_shape(const struct topic *topic)
{
	return topic->shape;
}

size_t topic_row_count(const struct topic *topic)
{
	return topic->row_count;
}

void topic_set_floor(struct topic *topic, uint64_t n)
{
	if (n > topic->floor)
		topic->floor = n;
}

void topic_set_timed(struct topic *topic, bool timed)
{
	rc_check(topic->filling);
	topic->fill_timed = timed;
}

static void fill_row(struct topic *topic, struct rc_str key, struct text json, uint64_t n)
{
	struct row *row = map_get(&topic->rows, key);

	if (!row)
		row = row_create(topic, key);
	free(row->json.ptr);
	row->json = json;
	row->timed = n >= row->n ? topic->fill_timed : row->timed;
	row->n = n > row->n ? n : row->n;
	if (list_idle(&row->place))
		list_push_back(&topic->recency, &row->place);
}

static void touch(struct topic *topic, struct row *row, struct text json)
{
	if (row->touched) {
		free(row->json.ptr);
	} else {
		row->touched = true;
		row->before = row->json;
		list_push_back(&topic->dirty, &row->dirty);
		hub_topic_changed(topic->hub, topic);
	}
	row->json = json;
}

void topic_put(struct topic *topic, struct rc_str key, struct rc_str json, uint64_t n)
{
	struct row *row;

	rc_check(json.len > 0 && !memchr(json.ptr, '\n', json.len));
	if (topic->filling) {
		fill_row(topic, key, text_copy(json), n);
		return;
	}
	row = map_get(&topic->rows, key);
	if (!row)
		row = row_create(topic, key);
	else if (row->json.ptr && rc_str_eq((struct rc_str){row->json.ptr, row->json.len}, json))
		return;
	touch(topic, row, text_copy(json));
}

void topic_remove(struct topic *topic, struct rc_str key, uint64_t n)
{
	struct row *row;

	if (topic->filling) {
		fill_row(topic, key, (struct text){0}, n);
		return;
	}
	row = map_get(&topic->rows, key);
	if (row && row->json.ptr)
		touch(topic, row, (struct text){0});
}

/* The row's place among the tombstones or outside of them. */
static void lay(struct topic *topic, struct row *row)
{
	if (!list_idle(&row->grave)) {
		list_remove(&row->grave);
		topic->grave_count--;
	}
	if (!row->json.ptr) {
		list_push_back(&topic->graves, &row->grave);
		topic->grave_count++;
	}
}

static int by_change(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	if (x->timed != y->timed)
		return x->timed ? 1 : -1;
	return x->serial < y->serial ? -1 : 1; /* here: the order in which the source put them */
}

/* Sources put rows in the order that suits them; the recency list needs the order of change. */
static void sort_filled(struct topic *topic)
{
	struct row **rows = rc_xcalloc(topic->rows.count + 1, sizeof(struct row *)), *last = NULL;
	size_t count = 0;

	LIST_EACH (node, &topic->recency) {
		rows[count] = LIST_OWNER(node, struct row, place);
		rows[count]->serial = count;
		count++;
	}
	qsort(rows, count, sizeof(rows[0]), by_change);
	list_init(&topic->recency);
	for (size_t i = 0; i < count; i++) {
		struct row *row = rows[i];

		if (!last || last->n != row->n || last->timed != row->timed)
			topic->serial++;
		row->serial = topic->serial;
		list_push_back(&topic->recency, &row->place);
		topic->row_count += row->json.ptr != NULL;
		lay(topic, row);
		last = row;
	}
	free(rows);
}

int topic_fill(struct topic *topic, struct rc_position position, struct rc_fault *fault)
{
	int err;

	clear_rows(topic);
	topic->floor = 0;
	topic->serial++;
	topic->pruned_serial = 0;
	topic->filling = true;
	topic->fill_timed = false;
	err = topic->source->fill(topic->source->arg, topic, fault);
	topic->filling = false;
	if (err)
		clear_rows(topic);
	else
		sort_filled(topic);
	/* A row tells only its last change; transactions may stand behind one that time made. */
	topic->log_n = position.n;
	topic->log_serial = topic->serial;
	topic_begin_history(topic, position);
	return err;
}

bool topic_settle(struct topic *topic, uint64_t n, bool timed, int64_t committed_us)
{
	uint64_t serial = topic->serial + 1;
	struct list *node;
	bool changed = false;

	while ((node = list_pop_front(&topic->dirty))) {
		struct row *row = LIST_OWNER(node, struct row, dirty);
		bool existed = row->before.ptr != NULL, same = text_eq(row->before, row->json);

		row->touched = false;
		free(row->before.ptr);
		row->before = (struct text){0};
		if (same) {
			if (list_idle(&row->place)) {
				map_remove(&topic->rows, row_key(row));
				row_free(row);
			}
			continue;
		}
		changed = true;
		row->n = n;
		row->serial = serial;
		row->timed = timed;
		topic->row_count += (size_t)(row->json.ptr != NULL) - (size_t)existed;
		list_remove(&row->place);
		list_push_back(&topic->recency, &row->place);
		lay(topic, row);
	}
	if (!changed)
		return false;
	topic->serial = serial;
	if (timed) {
		topic->timed_us = committed_us;
	} else {
		topic->log_serial = serial;
		topic->log_n = n;
	}
	forget_bodies(topic);
	return true;
}

void topic_prune(struct topic *topic, uint64_t n, size_t tombstones_max)
{
	while (!list_empty(&topic->graves)) {
		struct row *row = LIST_OWNER(topic->graves.next, struct row, grave);

		if (topic->grave_count <= tombstones_max && row->n >= n)
			break;
		topic_set_floor(topic, row->n + row->timed);
		topic->pruned_serial = row->serial > topic->pruned_serial ? row->serial : topic->pruned_serial;
		topic->grave_count--;
		map_remove(&topic->rows, row_key(row));
		row_free(row);
	}
}

/* A key is read once, not at each comparison: a snapshot may have 100,000 rows, and every newcomer to a topic that changes
 * all the time needs one. */
struct stand {
	int64_t order[2];
	const struct row *row;
};

static int by_order(const void *a, const void *b)
{
	const struct stand *x = a, *y = b;
	int i = x->order[0] == y->order[0];

	return (x->order[i] > y->order[i]) - (x->order[i] < y->order[i]);
}

/* The rows that are there, in the order of a snapshot; to be freed. */
static struct stand *line_up(const struct topic *topic, size_t *count)
{
	struct stand *stands = rc_xcalloc(topic->rows.count + 1, sizeof(*stands));

	*count = 0;
	LIST_EACH (node, &topic->recency) {
		const struct row *row = LIST_OWNER(node, struct row, place);

		if (!row->json.ptr)
			continue;
		stands[*count].row = row;
		if (topic->source->order)
			topic->source->order(row_key(row), stands[*count].order);
		++*count;
	}
	if (topic->source->order)
		qsort(stands, *count, sizeof(*stands), by_order);
	return stands;
}

struct body *topic_snapshot(struct topic *topic, struct rc_position position)
{
	struct buf out = BUF_INIT;
	struct stand *rows;
	size_t count;

	if (topic->snapshot && topic->snapshot_serial == topic->serial)
		return topic->snapshot;
	body_drop(topic->snapshot);
	rows = line_up(topic, &count);
	buf_append_str(&out, RC_STR(",\"rows\":["));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_char(&out, ',');
		buf_append(&out, rows[i].row->json.ptr, rows[i].row->json.len);
	}
	buf_append_str(&out, RC_STR("]}"));
	free(rows);
	topic->snapshot = body_create(BODY_SNAPSHOT, buf_str(&out));
	topic->snapshot->from = topic->snapshot->to = position;
	topic->snapshot_serial = topic->serial;
	buf_release(&out);
	return topic->snapshot;
}

struct body *topic_delta_since(struct topic *topic, uint64_t serial, struct rc_position from, struct rc_position to,
			       uint64_t at)
{
	struct buf upsert = BUF_INIT, removed = BUF_INIT;
	struct list *first = &topic->recency;
	struct body *body = topic->delta;
	bool timed = false;

	if (body && topic->delta_from_serial == serial && body->from.epoch == from.epoch && body->from.n == from.n &&
	    body->to.n == to.n)
		return body_acquire(body);
	while (first->prev != &topic->recency && LIST_OWNER(first->prev, struct row, place)->serial > serial)
		first = first->prev;
	buf_append_str(&upsert, RC_STR(",\"upsert\":["));
	for (size_t ups = 0; first != &topic->recency; first = first->next) {
		const struct row *row = LIST_OWNER(first, struct row, place);

		timed |= row->timed;
		if (row->json.ptr) {
			if (ups++)
				buf_append_char(&upsert, ',');
			buf_append(&upsert, row->json.ptr, row->json.len);
		} else {
			if (removed.len > 0)
				buf_append_char(&removed, ',');
			buf_append(&removed, row->key, row->key_len);
		}
	}
	buf_append_str(&upsert, RC_STR("],\"remove\":["));
	buf_append(&upsert, removed.data, removed.len);
	buf_append_str(&upsert, RC_STR("]}"));
	body = body_create(BODY_DELTA, buf_str(&upsert));
	body->from = from;
	body->to = to;
	body->timed = timed;
	body->at = at;
	buf_release(&upsert);
	buf_release(&removed);
	body_drop(topic->delta);
	topic->delta = body_acquire(body);
	topic->delta_from_serial = serial;
	return body;
}

struct body *topic_empty_delta(struct rc_position from, struct rc_position to)
{
	struct body *body = body_create(BODY_DELTA, RC_STR(",\"upsert\":[],\"remove\":[]}"));

	body->from = from;
	body->to = to;
	body->at = to.n;
	return body;
}
