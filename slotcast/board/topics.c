/*
 * The topic source "availability": reading a subscription (on reactors, by the shared catalog) and filling a topic (on
 * the projector) so that it can be continued from any position that is still retained.
 *
 * A row's number is that of the last transaction that touched its time; what time alone changed is placed among the
 * transactions by the instant at which it happened, and marked as such. Rows that time has taken off the list since the
 * oldest retained transaction become tombstones. What the history cannot tell (another catalog, one-off sessions that
 * went) raises the floor: from before it a subscriber starts anew.
 */
#include <jansson.h>
#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "slotcast/board/views.h"
#include "slotcast/booking/zone.h"

/* Clocks of the writer and of this thread are read at different moments: place time's changes a little late rather than
 * early. */
#define LATE_US     (2 * INT64_C(1000000))
#define PAST_US_MAX (100 * 24 * HOUR_US)

/* What reactors parse; the hub frees it. */
struct topic_query {
	struct availability_query query;
	struct view *view; /* projector thread */
};

/* ---- reactors ---- */

static int member_fault(const char **field, const char *name, struct rc_fault *fault, const char *wanted)
{
	*field = name;
	return rc_fault_set(fault, RC_INVALID, "\"%s\" must be %s.", name, wanted);
}

static const json_t *member(const json_t *params, const char *name)
{
	const json_t *value = json_object_get(params, name);

	return json_is_null(value) ? NULL : value;
}

static struct rc_str text_of(const json_t *value)
{
	return json_is_string(value) ? (struct rc_str){json_string_value(value), json_string_length(value)}
				     : RC_STR_NONE;
}

/* Ids are strings of digits. One that is none names nothing that exists. */
static int read_id(const json_t *params, const char *name, bool required, int64_t *out, const char **field,
		   struct rc_fault *fault)
{
	const json_t *value = member(params, name);

	if (!value && !required)
		return RC_OK;
	if (!json_is_string(value))
		return member_fault(field, name, fault, "the id as a string");
	if (rc_str_to_i64(text_of(value), out) || *out <= 0) {
		*field = name;
		return rc_fault_set(fault, RC_NOT_FOUND, "There is no such %s.", name);
	}
	return RC_OK;
}

static int read_date(const json_t *params, const char *name, int32_t *out, const char **field, struct rc_fault *fault)
{
	const json_t *value = member(params, name);

	if (!json_is_string(value) || date_parse(text_of(value), out))
		return member_fault(field, name, fault, "a date such as 2026-11-20");
	return RC_OK;
}

/* A number, or its digits: what comes out of a query string is text. */
static int read_count(const json_t *params, const char *name, int32_t *out, const char **field, struct rc_fault *fault)
{
	const json_t *value = member(params, name);
	int64_t number = 0;

	if (!value)
		return RC_OK;
	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (!json_is_string(value) || rc_str_to_i64(text_of(value), &number))
		number = 0;
	if (number < 1 || number > INT32_MAX)
		return member_fault(field, name, fault, "a whole number of at least 1");
	*out = (int32_t)number;
	return RC_OK;
}

static struct catalog *shared_catalog(struct board *board)
{
	struct catalog *catalog;

	pthread_mutex_lock(&board->shared_lock);
	catalog = board->shared ? catalog_acquire(board->shared) : NULL;
	pthread_mutex_unlock(&board->shared_lock);
	return catalog;
}

static int query_read(const json_t *params, struct availability_query *query, const char **field,
		      struct rc_fault *fault)
{
	int err = read_id(params, "service", true, &query->service_id, field, fault);

	if (!err)
		err = read_id(params, "resource", false, &query->resource_id, field, fault);
	if (!err)
		err = read_date(params, "from", &query->from, field, fault);
	if (!err)
		err = read_date(params, "to", &query->to, field, fault);
	if (!err)
		err = read_count(params, "duration_min", &query->duration_min, field, fault);
	if (!err)
		err = read_count(params, "party", &query->party, field, fault);
	return err;
}

static int topic_parse(void *arg, const void *params, struct buf *name, void **shape, const char **field,
		       struct rc_fault *fault)
{
	struct board *board = arg;
	struct catalog *catalog = shared_catalog(board);
	struct availability_query query = {.party = 1};
	struct page_shape checked;
	char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
	int err;

	*field = NULL;
	if (!catalog)
		return rc_fault_set(fault, RC_UNAVAILABLE, "The server is still loading; try again in a moment.");
	err = query_read(params, &query, field, fault);
	if (!err)
		err = page_shape_check(catalog, &query, &checked, field, fault);
	if (err)
		goto out;
	(void)date_format(query.from, from);
	(void)date_format(query.to, to);
	/* The default duration stays a default: it is whatever the catalog says while the topic is open. */
	buf_printf(name, "availability?service=%lld&resource=%lld&from=%s&to=%s&duration_min=%d&party=%d",
		   (long long)query.service_id, (long long)query.resource_id, from, to, query.duration_min,
		   query.party);
	*shape = rc_xcalloc(1, sizeof(struct topic_query));
	((struct topic_query *)*shape)->query = query;
out:
	catalog_drop(catalog);
	return err;
}

/* ---- the projector: filling ---- */

/* Number of each slot's last change, while a page is being filled. */
struct origin {
	uint64_t n;
	bool timed;
};

struct fill {
	struct view *view;
	struct board *board;
	int64_t now_us, since_us;
	struct origin *origins; /* of all pages' slots, in order */
	size_t *first;          /* of a page, in origins */
};

/* A transaction and time at one number: time came after it. */
static void origin_raise(struct origin *origin, uint64_t n, bool timed)
{
	if (n > origin->n || (n == origin->n && timed)) {
		origin->n = n;
		origin->timed = timed;
	}
}

static void raise_touched(struct fill *fill, size_t resource, int64_t lo_us, int64_t hi_us, uint64_t n, bool timed)
{
	struct view *view = fill->view;
	const struct catalog_resource *shown = view->resources[resource];
	int32_t from, to;

	view_reach(view, shown, &lo_us, &hi_us);
	zone_to_wall(shown->venue->zone, lo_us, &from, NULL);
	zone_to_wall(shown->venue->zone, hi_us, &to, NULL);
	from = from - 1 > view->shape.from ? from - 1 : view->shape.from;
	to = to + 1 < view->shape.to ? to + 1 : view->shape.to;
	for (int32_t date = from; date <= to; date++) {
		size_t index = resource * (size_t)view->days + (size_t)(date - view->shape.from);
		const struct view_page *page = &view->pages[index];

		for (size_t i = 0; i < page->count && page->slots[i].start_us < hi_us; i++)
			if (page->slots[i].start_us > lo_us)
				origin_raise(&fill->origins[fill->first[index] + i], n, timed);
	}
}

static uint64_t n_at(const struct fill *fill, int64_t us)
{
	return touches_n_at(&fill->board->touches, us + LATE_US);
}

/* Everything that transactions touched on this resource, and holds that ended without one. */
static void raise_history(struct fill *fill, size_t resource)
{
	struct place *place = ledger_place(&fill->board->ledger, fill->view->resources[resource]->id);
	const struct touch_history *touches = place->touches;

	for (size_t i = 0; touches && i < touches->count; i++) {
		const struct touch *touch = &touches->at[touches->first + i];

		raise_touched(fill, resource, touch->lo_us, touch->hi_us, touch->n, false);
	}
	for (size_t i = 0; i < place->claim_count; i++) {
		const struct ledger_claim *claim = place->claims[i];

		if (!claim->counts)
			raise_touched(fill, resource, claim->lo_us, claim->hi_us,
				      n_at(fill, claim->booking->hold_ends_us), true);
	}
	for (size_t i = 0; i < place->session_count; i++) {
		const struct ledger_session *session = place->sessions[i];

		if (session->hold_ended_us)
			raise_touched(fill, resource, session->starts_us, session->ends_us,
				      n_at(fill, session->hold_ended_us), true);
	}
}

/* Rows that entered the horizon since. */
static void raise_entered(struct fill *fill, size_t index)
{
	const struct view_page *page = &fill->view->pages[index];
	int64_t horizon_us = fill->view->shape.service->horizon_days * 24 * HOUR_US;

	for (size_t i = 0; i < page->count; i++)
		if (page->slots[i].start_us > fill->since_us + horizon_us)
			origin_raise(&fill->origins[fill->first[index] + i],
				     n_at(fill, page->slots[i].start_us - horizon_us), true);
}

/* A slot that was listed once; in the past since `gone_us` if that is retained. */
static void bury(struct fill *fill, const struct catalog_resource *resource, int64_t start_us, int64_t end_us)
{
	int64_t gone_us = start_us - fill->view->shape.service->notice_min * MINUTE_US;

	if (gone_us < fill->now_us && gone_us >= fill->since_us)
		view_remove(fill->view, resource->id, start_us, end_us, n_at(fill, gone_us));
}

/* Slots that passed their notice since: no longer listed, but a subscriber may have them. */
static void fill_tombstones(struct fill *fill)
{
	struct view *view = fill->view;
	const struct page_shape *shape = &view->shape;
	int64_t notice_us = shape->service->notice_min * MINUTE_US;
	struct page_buffer *page = &fill->board->fresh;
	int32_t from, to;

	zone_to_wall(shape->service->venue->zone, fill->since_us + notice_us, &from, NULL);
	zone_to_wall(shape->service->venue->zone, fill->now_us + notice_us, &to, NULL);
	from = from - 1 > shape->from ? from - 1 : shape->from;
	to = to + 1 < shape->to ? to + 1 : shape->to;
	for (size_t r = 0; r < view->resource_count; r++) {
		const struct catalog_resource *resource = view->resources[r];

		for (int32_t date = from; date <= to; date++) {
			const struct occurrence *list = NULL;
			size_t count = 0;

			page_read(fill->board, shape, resource, date, fill->now_us, true, page);
			for (size_t i = 0; i < page->count; i++)
				bury(fill, resource, page->starts_us[i], page->ends_us[i]);
			/* As their rules made them, before rows said otherwise (fill_replaced). */
			if (resource->kind == KIND_SESSION)
				rules_sessions(fill->board->rules, resource, date, &list, &count);
			for (size_t i = 0; i < count; i++)
				bury(fill, resource, list[i].lo_us, list[i].hi_us);
		}
	}
}

/*
 * A session's row may say another end than the rule does that made the session, and then its slot has another id: from
 * the row's coming on the rule's slot is gone. (Rows that bookings make say the same; this is for rows written by
 * hand.)
 */
static void fill_replaced(struct fill *fill, size_t index)
{
	struct view *view = fill->view;
	const struct catalog_resource *resource = view->resources[index / (size_t)view->days];
	const struct view_page *page = &view->pages[index];
	const struct occurrence *list;
	size_t count;

	if (resource->kind != KIND_SESSION || page->count == 0)
		return;
	rules_sessions(fill->board->rules, resource, view->shape.from + (int32_t)(index % (size_t)view->days), &list,
		       &count);
	for (size_t o = 0; o < count; o++)
		for (size_t i = 0; i < page->count; i++)
			if (page->slots[i].start_us == list[o].lo_us && page->slots[i].end_us != list[o].hi_us)
				view_remove(view, resource->id, list[o].lo_us, list[o].hi_us,
					    fill->origins[fill->first[index] + i].n);
}

static void fill_rows(struct fill *fill, bool timed)
{
	struct view *view = fill->view;

	topic_set_timed(view->topic, timed);
	for (size_t p = 0; p < view->resource_count * (size_t)view->days; p++) {
		for (size_t i = 0; i < view->pages[p].count; i++) {
			const struct origin *origin = &fill->origins[fill->first[p] + i];

			if (origin->timed == timed)
				view_put(view, view->resources[p / (size_t)view->days], &view->pages[p].slots[i],
					 origin->n);
		}
	}
	if (timed)
		fill_tombstones(fill);
}

static void fill_topic(struct fill *fill)
{
	struct view *view = fill->view;
	size_t pages = view->resource_count * (size_t)view->days, slots = 0;

	topic_set_floor(view->topic, fill->board->touches.floor);
	fill->first = rc_xcalloc(pages + 1, sizeof(*fill->first));
	for (size_t p = 0; p < pages; p++) {
		fill->first[p] = slots;
		slots += view->pages[p].count;
	}
	fill->origins = rc_xcalloc(slots + 1, sizeof(*fill->origins));
	for (size_t r = 0; r < view->resource_count; r++) {
		const struct place *place = ledger_place(&fill->board->ledger, view->resources[r]->id);

		if (place->touches)
			topic_set_floor(view->topic, place->touches->floor);
		raise_history(fill, r);
	}
	for (size_t p = 0; p < pages; p++) {
		fill_replaced(fill, p);
		raise_entered(fill, p);
	}
	fill_rows(fill, false);
	fill_rows(fill, true);
	free(fill->origins);
	free(fill->first);
}

static int topic_source_fill(void *arg, struct topic *topic, struct rc_fault *fault)
{
	struct board *board = arg;
	struct topic_query *query = topic_shape(topic);
	struct fill fill = {.board = board, .now_us = board->ledger.now_us};
	int err;

	if (!board->ready)
		return rc_fault_set(fault, RC_UNAVAILABLE, "The server is still loading; try again in a moment.");
	if (!query->view)
		query->view = view_create(board, topic, &query->query);
	fill.view = query->view;
	fill.since_us = board->touches.floor_us;
	if (fill.since_us < fill.now_us - PAST_US_MAX)
		fill.since_us = fill.now_us - PAST_US_MAX;
	err = view_open(query->view, fill.now_us, fault);
	if (!err)
		fill_topic(&fill);
	return err;
}

static void topic_source_closed(void *arg, struct topic *topic)
{
	struct topic_query *query = topic_shape(topic);

	if (query->view)
		view_destroy(query->view);
	query->view = NULL;
}

struct topic_source board_topic_source(struct board *board)
{
	return (struct topic_source){
		.kind = "availability",
		.parse = topic_parse,
		.fill = topic_source_fill,
		.order = slot_key_order,
		.closed = topic_source_closed,
		.arg = board,
	};
}
