/*
 * Open topics. See the header.
 *
 * A touch marks pages; views_refresh looks at them once, however many touches a transaction had. Of a page only the
 * slots that the touched time can have changed are counted again, and only those whose count differs are written; so a
 * booking costs a topic a few words of bits and the JSON of the slots that really changed.
 *
 * Time: each page knows the next instant at which it changes by itself: its first slot passes its notice, or its first
 * slot behind the horizon enters it. Pages behind the horizon are not read before they come near it.
 */
#include "slotcast/board/views.h"

#include <stdlib.h>

#include "slotcast/booking/zone.h"

enum { SLOTS_MAX = 200000 };

struct view *view_create(struct board *board, struct topic *topic, const struct availability_query *query)
{
	struct view *view = rc_xcalloc(1, sizeof(*view));

	view->board = board;
	view->topic = topic;
	view->query = *query;
	view->due_us = INT64_MAX;
	list_push_back(&board->views, &view->in_board);
	return view;
}

static void pages_free(struct view_page *pages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(pages[i].slots);
	free(pages);
}

static void links_drop(struct view *view)
{
	for (size_t r = 0; r < view->resource_count; r++) {
		struct place *place = ledger_place(&view->board->ledger, view->resources[r]->id);

		for (size_t i = 0; place && i < place->view_count; i++) {
			if (place->views[i].view != view)
				continue;
			place->views[i] = place->views[--place->view_count];
			break;
		}
	}
}

static void view_empty(struct view *view)
{
	pages_free(view->pages, view->resource_count * (size_t)view->days);
	free(view->resources);
	list_remove(&view->in_changed);
	view->pages = NULL;
	view->resources = NULL;
	view->resource_count = 0;
	view->dirty_count = 0;
	view->due_us = INT64_MAX;
}

void view_destroy(struct view *view)
{
	links_drop(view);
	view_empty(view);
	list_remove(&view->in_board);
	free(view->dirty);
	free(view);
}

void views_forget(struct board *board)
{
	LIST_EACH (node, &board->views) {
		struct view *view = LIST_OWNER(node, struct view, in_board);

		links_drop(view);
		view_empty(view);
	}
}

static void link_add(struct view *view, size_t resource)
{
	struct place *place = ledger_place_make(&view->board->ledger, view->resources[resource]->id);

	if (place->view_count == place->view_capacity) {
		place->view_capacity = place->view_capacity ? 2 * place->view_capacity : 4;
		place->views = rc_xrealloc(place->views, place->view_capacity * sizeof(*place->views));
	}
	place->views[place->view_count++] = (struct view_link){view, resource};
}

/* ---- telling the topic ---- */

void view_put(struct view *view, const struct catalog_resource *resource, const struct view_slot *slot, uint64_t n)
{
	struct buf *json = &view->board->json;
	char key[SLOT_KEY_MAX + 2] = "\"";
	size_t len = slot_key(key + 1, view->query.service_id, resource->id, slot->start_us, slot->end_us) + 1;

	key[len++] = '"';
	buf_clear(json);
	slot_write(json, &(struct slot){
				 .service = view->shape.service,
				 .resource = resource,
				 .start_us = slot->start_us,
				 .end_us = slot->end_us,
				 .capacity = slot->capacity,
				 .remaining = slot->remaining,
				 .state = page_state(resource, slot->capacity, slot->remaining, view->shape.party),
			 });
	topic_put(view->topic, (struct rc_str){key, len}, buf_str(json), n);
	view->told = true;
}

void view_remove(struct view *view, int64_t resource_id, int64_t start_us, int64_t end_us, uint64_t n)
{
	char key[SLOT_KEY_MAX + 2] = "\"";
	size_t len = slot_key(key + 1, view->query.service_id, resource_id, start_us, end_us) + 1;

	key[len++] = '"';
	topic_remove(view->topic, (struct rc_str){key, len}, n);
	view->told = true;
}

/* ---- pages ---- */

static void page_take(struct view_page *page, const struct page_buffer *fresh)
{
	page->slots = rc_xrealloc(page->slots, (fresh->count + 1) * sizeof(*page->slots));
	page->count = fresh->count;
	for (size_t i = 0; i < fresh->count; i++)
		page->slots[i] = (struct view_slot){fresh->starts_us[i], fresh->ends_us[i], fresh->remaining[i],
						    fresh->capacity[i]};
}

/* Read the page's slots into board->fresh; returns when time changes them next. */
static int64_t page_fresh(const struct view *view, size_t index, int64_t now_us)
{
	const struct catalog_resource *resource = view->resources[index / (size_t)view->days];
	const struct catalog_service *service = view->shape.service;
	int32_t date = view->shape.from + (int32_t)(index % (size_t)view->days), first, last;
	int64_t notice_us = service->notice_min * MINUTE_US, horizon_us = service->horizon_days * 24 * HOUR_US;
	struct page_buffer *fresh = &view->board->fresh;
	int64_t due_us = INT64_MAX;

	fresh->count = 0;
	zone_to_wall(resource->venue->zone, now_us + notice_us, &first, NULL);
	zone_to_wall(resource->venue->zone, now_us + horizon_us, &last, NULL);
	if (date < first - 1)
		return INT64_MAX;
	/* Far behind the horizon: read it when it comes near. (Not so where the date line makes days shorter than
	 * this.) */
	if (date > last + 1) {
		due_us = zone_day_start(resource->venue->zone, date) - horizon_us - 20 * HOUR_US;
		if (due_us > now_us)
			return due_us;
		due_us = INT64_MAX;
	}
	page_read(view->board, &view->shape, resource, date, now_us, true, fresh);
	for (size_t i = 0; i < fresh->count; i++) {
		int64_t start_us = fresh->starts_us[i];
		int64_t at_us = start_us > now_us + horizon_us ? start_us - horizon_us : start_us - notice_us + 1;

		if (start_us >= now_us + notice_us && at_us < due_us)
			due_us = at_us;
	}
	page_window(service, now_us, fresh);
	return due_us;
}

/* Make the page what `fresh` says and tell the topic the difference. */
static void page_change(struct view *view, size_t index, const struct page_buffer *fresh)
{
	struct view_page *page = &view->pages[index];
	const struct catalog_resource *resource = view->resources[index / (size_t)view->days];
	uint64_t n = view->board->position.n;
	size_t old = 0;

	for (size_t i = 0; i < fresh->count; i++) {
		struct view_slot slot = {fresh->starts_us[i], fresh->ends_us[i], fresh->remaining[i],
					 fresh->capacity[i]};
		bool same = false;

		for (; old < page->count && page->slots[old].start_us <= slot.start_us; old++) {
			const struct view_slot *was = &page->slots[old];

			if (was->start_us == slot.start_us && was->end_us == slot.end_us)
				same = was->remaining == slot.remaining && was->capacity == slot.capacity;
			else
				view_remove(view, resource->id, was->start_us, was->end_us, n);
		}
		if (!same)
			view_put(view, resource, &slot, n);
	}
	for (; old < page->count; old++)
		view_remove(view, resource->id, page->slots[old].start_us, page->slots[old].end_us, n);
	page_take(page, fresh);
}

static void page_renew(struct view *view, size_t index, int64_t now_us)
{
	view->pages[index].due_us = page_fresh(view, index, now_us);
	page_change(view, index, &view->board->fresh);
}

/* Count again only the slots that begin in (lo, hi). */
static void page_recount(struct view *view, size_t index, int64_t lo_us, int64_t hi_us)
{
	struct view_page *page = &view->pages[index];
	const struct catalog_resource *resource = view->resources[index / (size_t)view->days];
	struct page_buffer *fresh = &view->board->fresh;
	size_t first = 0;

	fresh->count = 0;
	while (first < page->count && page->slots[first].start_us <= lo_us)
		first++;
	for (size_t i = first; i < page->count && page->slots[i].start_us < hi_us; i++)
		page_add(fresh, page->slots[i].start_us, page->slots[i].end_us, page->slots[i].capacity, 0);
	if (fresh->count == 0)
		return;
	page_count(view->board, &view->shape, resource, view->shape.from + (int32_t)(index % (size_t)view->days),
		   fresh->starts_us, fresh->count, fresh->remaining);
	for (size_t i = 0; i < fresh->count; i++) {
		struct view_slot *slot = &page->slots[first + i];

		if (slot->remaining == fresh->remaining[i])
			continue;
		slot->remaining = fresh->remaining[i];
		view_put(view, resource, slot, view->board->position.n);
	}
}

static void due_settle(struct view *view)
{
	view->due_us = INT64_MAX;
	for (size_t i = 0; i < view->resource_count * (size_t)view->days; i++)
		if (view->pages[i].due_us < view->due_us)
			view->due_us = view->pages[i].due_us;
}

/* ---- opening and renewing ---- */

static int view_shape(struct view *view, struct rc_fault *fault)
{
	const struct catalog_service *service;
	const char *field;
	int err = page_shape_check(view->board->catalog, &view->query, &view->shape, &field, fault);

	if (err)
		return err;
	service = view->shape.service;
	view->days = view->shape.to - view->shape.from + 1;
	view->resources = rc_xcalloc(service->resource_count + 1, sizeof(*view->resources));
	for (size_t i = 0; i < service->resource_count; i++)
		if (!view->shape.resource || service->resources[i] == view->shape.resource)
			view->resources[view->resource_count++] = service->resources[i];
	view->pages = rc_xcalloc(view->resource_count * (size_t)view->days + 1, sizeof(*view->pages));
	for (size_t i = 0; i < view->resource_count; i++)
		link_add(view, i);
	return RC_OK;
}

int view_open(struct view *view, int64_t now_us, struct rc_fault *fault)
{
	size_t slots = 0;
	int err;

	links_drop(view);
	view_empty(view);
	err = view_shape(view, fault);
	for (size_t i = 0; !err && i < view->resource_count * (size_t)view->days; i++) {
		view->pages[i].due_us = page_fresh(view, i, now_us);
		page_take(&view->pages[i], &view->board->fresh);
		slots += view->pages[i].count;
		if (slots > SLOTS_MAX)
			err = rc_fault_set(fault, RC_INVALID,
					   "That is more than %d times; ask for fewer days or one resource.",
					   SLOTS_MAX);
	}
	if (err) {
		links_drop(view);
		view_empty(view);
	} else {
		due_settle(view);
	}
	return err;
}

/* The pages of a view as they were, by resource id. */
struct old_pages {
	struct view_page *pages;
	int64_t *resource_ids;
	size_t resource_count;
	int32_t days;
};

static struct old_pages pages_move(struct view *view)
{
	struct old_pages old = {view->pages, rc_xcalloc(view->resource_count + 1, sizeof(int64_t)),
				view->resource_count, view->days};

	for (size_t i = 0; i < view->resource_count; i++)
		old.resource_ids[i] = view->resources[i]->id;
	links_drop(view);
	view->pages = NULL;
	view->resource_count = 0;
	view_empty(view);
	return old;
}

/* Give an old resource's pages to the resource of the same id; tell the topic that they are gone where there is none.
 */
static void pages_inherit(struct view *view, struct old_pages *old, size_t resource)
{
	struct view_page *pages = old->pages + resource * (size_t)old->days;
	size_t to = 0;

	while (to < view->resource_count && view->resources[to]->id != old->resource_ids[resource])
		to++;
	for (size_t day = 0; day < (size_t)old->days; day++) {
		if (to < view->resource_count) {
			view->pages[to * (size_t)view->days + day] = pages[day];
			pages[day].slots = NULL;
			continue;
		}
		for (size_t i = 0; i < pages[day].count; i++)
			view_remove(view, old->resource_ids[resource], pages[day].slots[i].start_us,
				    pages[day].slots[i].end_us, view->board->position.n);
	}
}

static void view_renew(struct view *view, int64_t now_us)
{
	struct old_pages old = pages_move(view);
	int err = view_shape(view, NULL);

	for (size_t i = 0; i < old.resource_count; i++)
		pages_inherit(view, &old, i);
	for (size_t i = 0; !err && i < view->resource_count * (size_t)view->days; i++) {
		view->pages[i].dirty = false;
		/* Capacity, limits and names may have changed: everything is written again, the topic knows what is
		 * equal. */
		view->pages[i].due_us = page_fresh(view, i, now_us);
		for (size_t k = 0; k < view->pages[i].count; k++)
			view->pages[i].slots[k].remaining = -1;
		page_change(view, i, &view->board->fresh);
	}
	due_settle(view);
	pages_free(old.pages, old.resource_count * (size_t)old.days);
	free(old.resource_ids);
}

void views_renew(struct board *board, int64_t now_us)
{
	LIST_EACH (node, &board->views)
		view_renew(LIST_OWNER(node, struct view, in_board), now_us);
}

/* ---- touches ---- */

void view_reach(const struct view *view, const struct catalog_resource *resource, int64_t *lo_us, int64_t *hi_us)
{
	const struct catalog_service *service = view->shape.service;

	if (resource->kind == KIND_SESSION) {
		*hi_us = *lo_us + 1;
		*lo_us = *lo_us - 1;
		return;
	}
	*lo_us -= (view->shape.duration_min + service->buffer_after_min) * MINUTE_US;
	*hi_us += service->buffer_before_min * MINUTE_US;
}

static void page_mark(struct view *view, size_t index, int64_t lo_us, int64_t hi_us, bool whole)
{
	struct view_page *page = &view->pages[index];

	if (!page->dirty) {
		if (view->dirty_count == view->dirty_capacity) {
			view->dirty_capacity = view->dirty_capacity ? 2 * view->dirty_capacity : 16;
			view->dirty = rc_xrealloc(view->dirty, view->dirty_capacity * sizeof(*view->dirty));
		}
		view->dirty[view->dirty_count++] = index;
		page->dirty = true;
		page->whole = whole;
		page->touched_lo_us = lo_us;
		page->touched_hi_us = hi_us;
		return;
	}
	page->whole |= whole;
	page->touched_lo_us = lo_us < page->touched_lo_us ? lo_us : page->touched_lo_us;
	page->touched_hi_us = hi_us > page->touched_hi_us ? hi_us : page->touched_hi_us;
}

static void view_touch(struct view *view, size_t resource, const struct ledger_touch *touch)
{
	const struct catalog_resource *shown = view->resources[resource];
	int64_t lo_us = touch->lo_us, hi_us = touch->hi_us;
	int32_t from, to;

	view_reach(view, shown, &lo_us, &hi_us);
	zone_to_wall(shown->venue->zone, lo_us, &from, NULL);
	zone_to_wall(shown->venue->zone, hi_us, &to, NULL);
	from = from - 1 > view->shape.from ? from - 1 : view->shape.from;
	to = to + 1 < view->shape.to ? to + 1 : view->shape.to;
	for (int32_t date = from; date <= to; date++)
		page_mark(view, resource * (size_t)view->days + (size_t)(date - view->shape.from), lo_us, hi_us,
			  shown->kind == KIND_SESSION);
	if (view->dirty_count > 0 && list_idle(&view->in_changed))
		list_push_back(&view->board->changed, &view->in_changed);
}

void views_touch(struct board *board, const struct ledger_touch *touch)
{
	for (size_t i = 0; i < touch->place->view_count; i++)
		view_touch(touch->place->views[i].view, touch->place->views[i].resource, touch);
}

void views_refresh(struct board *board, int64_t now_us)
{
	struct list *node;

	while ((node = list_pop_front(&board->changed))) {
		struct view *view = LIST_OWNER(node, struct view, in_changed);
		bool whole = false;

		for (size_t i = 0; i < view->dirty_count; i++) {
			struct view_page *page = &view->pages[view->dirty[i]];

			if (page->whole)
				page_renew(view, view->dirty[i], now_us);
			else
				page_recount(view, view->dirty[i], page->touched_lo_us, page->touched_hi_us);
			whole |= page->whole;
			page->dirty = false;
		}
		view->dirty_count = 0;
		if (whole)
			due_settle(view);
	}
}

/* ---- time ---- */

bool views_tick(struct board *board, int64_t now_us)
{
	bool told = false;

	LIST_EACH (node, &board->views)
		LIST_OWNER(node, struct view, in_board)->told = false;
	views_refresh(board, now_us);
	LIST_EACH (node, &board->views) {
		struct view *view = LIST_OWNER(node, struct view, in_board);

		if (view->due_us <= now_us) {
			for (size_t i = 0; i < view->resource_count * (size_t)view->days; i++)
				if (view->pages[i].due_us <= now_us)
					page_renew(view, i, now_us);
			due_settle(view);
		}
		told |= view->told;
	}
	return told;
}

int64_t views_next_tick(const struct board *board)
{
	int64_t due_us = INT64_MAX;

	LIST_EACH (node, &board->views) {
		const struct view *view = LIST_OWNER(node, const struct view, in_board);

		if (view->due_us < due_us)
			due_us = view->due_us;
	}
	return due_us;
}
