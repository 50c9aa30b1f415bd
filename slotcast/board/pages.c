/*
 * Pages: the slots of a service on a resource and a local date. Made from rules (which starts there are) and bits (how
 * many lanes are free) whenever they are asked for; that is so cheap that nothing is kept but what open topics show
 * (topics.c).
 *
 * A session resource's slots are its sessions: what its rules make, and rows without a rule. A row tells its own end
 * and capacity.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"
#include "slotcast/board/board_impl.h"
#include "slotcast/booking/zone.h"

enum { DAYS_MAX = 92, SLOTS_MAX = 200000 };

void page_buffer_release(struct page_buffer *page)
{
	free(page->starts_us);
	free(page->ends_us);
	free(page->remaining);
	free(page->capacity);
	memset(page, 0, sizeof(*page));
}

void page_add(struct page_buffer *page, int64_t start_us, int64_t end_us, int32_t capacity, int32_t remaining)
{
	if (page->count == page->space) {
		page->space = page->space ? 2 * page->space : 64;
		page->starts_us = rc_xrealloc(page->starts_us, page->space * sizeof(*page->starts_us));
		page->ends_us = rc_xrealloc(page->ends_us, page->space * sizeof(*page->ends_us));
		page->remaining = rc_xrealloc(page->remaining, page->space * sizeof(*page->remaining));
		page->capacity = rc_xrealloc(page->capacity, page->space * sizeof(*page->capacity));
	}
	page->starts_us[page->count] = start_us;
	page->ends_us[page->count] = end_us;
	page->capacity[page->count] = capacity;
	page->remaining[page->count++] = remaining;
}

enum slot_state page_state(const struct catalog_resource *resource, int32_t capacity, int32_t remaining, int32_t party)
{
	if (remaining < places_needed(resource, party))
		return SLOT_BOOKED;
	return places_limited(capacity, remaining, resource->venue->limited_percent) ? SLOT_LIMITED : SLOT_AVAILABLE;
}

void page_dates(const struct page_shape *shape, int64_t now_us, int32_t *from, int32_t *to)
{
	const struct catalog_service *service = shape->service;
	int32_t first, last;

	zone_to_wall(service->venue->zone, now_us + service->notice_min * MINUTE_US, &first, NULL);
	zone_to_wall(service->venue->zone, now_us + service->horizon_days * 24 * HOUR_US, &last, NULL);
	/* One more on either side: clocks may be put back across midnight. */
	*from = shape->from > first - 1 ? shape->from : first - 1;
	*to = shape->to < last + 1 ? shape->to : last + 1;
}

/* ---- sessions ---- */

/* The row of the session that starts then; NULL: nobody has booked it yet. */
static const struct ledger_session *session_row(struct place *place, int64_t start_us)
{
	size_t i = place_sessions_from(place, start_us);

	return i < place->session_count && place->sessions[i]->starts_us == start_us ? place->sessions[i] : NULL;
}

static int32_t session_left(const struct ledger_session *row)
{
	return row->capacity > row->counted ? row->capacity - row->counted : 0;
}

static void add_one_offs(struct board *board, const struct catalog_resource *resource, struct place *place,
			 int32_t date, const struct occurrence *list, size_t count, struct page_buffer *out)
{
	const struct zone *zone = resource->venue->zone;
	int64_t end_us = zone_day_start(zone, date + 1) + 26 * HOUR_US;

	for (size_t i = place_sessions_from(place, zone_day_start(zone, date)); i < place->session_count; i++) {
		const struct ledger_session *row = place->sessions[i];
		bool of_rule = false;
		int32_t own;

		if (row->starts_us >= end_us)
			break;
		for (size_t k = 0; k < count; k++)
			of_rule |= list[k].lo_us == row->starts_us;
		zone_to_wall(zone, row->starts_us, &own, NULL);
		if (row->one_off && !of_rule && own == date &&
		    !rules_closed(board->rules, resource, row->starts_us, row->ends_us))
			page_add(out, row->starts_us, row->ends_us, row->capacity, session_left(row));
	}
}

static void swap(struct page_buffer *page, size_t a, size_t b)
{
	struct page_buffer *p = page;
	int64_t start = p->starts_us[a], end = p->ends_us[a];
	int32_t remaining = p->remaining[a], capacity = p->capacity[a];

	p->starts_us[a] = p->starts_us[b];
	p->ends_us[a] = p->ends_us[b];
	p->remaining[a] = p->remaining[b];
	p->capacity[a] = p->capacity[b];
	p->starts_us[b] = start;
	p->ends_us[b] = end;
	p->remaining[b] = remaining;
	p->capacity[b] = capacity;
}

static void read_sessions(struct board *board, const struct catalog_resource *resource, struct place *place,
			  int32_t date, struct page_buffer *out)
{
	const struct occurrence *list;
	size_t count;

	rules_sessions(board->rules, resource, date, &list, &count);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_session *row = session_row(place, list[i].lo_us);

		if (row)
			page_add(out, row->starts_us, row->ends_us, row->capacity, session_left(row));
		else
			page_add(out, list[i].lo_us, list[i].hi_us, resource->capacity, resource->capacity);
	}
	add_one_offs(board, resource, place, date, list, count, out);
	/* One-off sessions are few and came last: put each in its place. */
	for (size_t i = count; i < out->count; i++)
		for (size_t k = i; k > 0 && out->starts_us[k - 1] > out->starts_us[k]; k--)
			swap(out, k - 1, k);
}

/* ---- timed slots ---- */

void page_count(struct board *board, const struct page_shape *shape, const struct catalog_resource *resource,
		int32_t date, const int64_t *starts_us, size_t count, int32_t *remaining)
{
	const struct catalog_venue *venue = resource->venue;
	const struct free_block *block = free_block(board->rules, venue->services, venue->service_count, resource,
						    board->places[resource->index], date);

	free_remaining(block, shape->service, shape->duration_min, starts_us, count, remaining, &board->scratch,
		       &board->scratch_words);
}

/* ---- both ---- */

void page_window(const struct catalog_service *service, int64_t now_us, struct page_buffer *page)
{
	size_t kept = 0;

	for (size_t i = 0; i < page->count; i++) {
		if (!rules_in_window(service, page->starts_us[i], now_us))
			continue;
		if (kept != i)
			swap(page, kept, i);
		kept++;
	}
	page->count = kept;
}

void page_read(struct board *board, const struct page_shape *shape, const struct catalog_resource *resource,
	       int32_t date, int64_t now_us, bool any_time, struct page_buffer *out)
{
	const int64_t *starts;
	size_t count;

	out->count = 0;
	if (resource->kind == KIND_SESSION) {
		read_sessions(board, resource, board->places[resource->index], date, out);
		if (!any_time)
			page_window(shape->service, now_us, out);
		return;
	}
	rules_starts(board->rules, shape->service, resource, date, shape->duration_min, &starts, &count);
	for (size_t i = 0; i < count; i++)
		page_add(out, starts[i], starts[i] + shape->duration_min * MINUTE_US, resource->capacity, 0);
	if (!any_time)
		page_window(shape->service, now_us, out);
	if (out->count > 0)
		page_count(board, shape, resource, date, out->starts_us, out->count, out->remaining);
}

static bool all_sessions(const struct catalog_service *service)
{
	for (size_t i = 0; i < service->resource_count; i++)
		if (service->resources[i]->kind != KIND_SESSION)
			return false;
	return service->resource_count > 0;
}

int page_shape_check(const struct catalog *catalog, const struct availability_query *query, struct page_shape *out,
		     const char **field, struct rc_fault *fault)
{
	const struct catalog_service *service = catalog_service(catalog, query->service_id);

	*out = (struct page_shape){.service = service, .from = query->from, .to = query->to};
	*field = "service";
	if (!service)
		return rc_fault_set(fault, RC_NOT_FOUND, "There is no such service.");
	*field = "resource";
	if (query->resource_id && !service_uses(service, query->resource_id))
		return rc_fault_set(fault, RC_NOT_FOUND, "There is no such resource for this service.");
	if (query->resource_id)
		out->resource = catalog_resource(catalog, query->resource_id);
	*field = "to";
	if (query->to < query->from)
		return rc_fault_set(fault, RC_INVALID, "\"to\" lies before \"from\".");
	if (query->to - query->from >= DAYS_MAX)
		return rc_fault_set(fault, RC_INVALID, "At most %d days can be asked for at once.", DAYS_MAX);
	*field = "duration_min";
	out->duration_min = query->duration_min;
	if (query->duration_min == 0 || all_sessions(service))
		out->duration_min = service->durations_min[0];
	else if (!service_offers(service, query->duration_min))
		return rc_fault_set(fault, RC_INVALID, "This duration is not offered by the service.");
	*field = "party";
	out->party = query->party ? query->party : 1;
	if (out->party < 1 || out->party > service->party_max)
		return rc_fault_set(fault, RC_INVALID, "The party must be from 1 to %d people.", service->party_max);
	*field = NULL;
	return RC_OK;
}

static int slot_compare(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	return x->resource->id < y->resource->id ? -1 : x->resource->id > y->resource->id;
}

struct slot_list {
	struct slot *at;
	size_t count, capacity;
	struct rc_arena *arena;
};

static void slots_add(struct slot_list *list, const struct page_shape *shape, const struct catalog_resource *resource,
		      const struct page_buffer *page)
{
	if (list->count + page->count > list->capacity) {
		struct slot *old = list->at;

		list->capacity = 2 * list->capacity + page->count + 64;
		list->at = rc_arena_alloc(list->arena, list->capacity * sizeof(*list->at));
		if (list->count > 0)
			memcpy(list->at, old, list->count * sizeof(*old));
	}
	for (size_t i = 0; i < page->count; i++)
		list->at[list->count++] = (struct slot){
			.service = shape->service,
			.resource = resource,
			.start_us = page->starts_us[i],
			.end_us = page->ends_us[i],
			.capacity = page->capacity[i],
			.remaining = page->remaining[i],
			.state = page_state(resource, page->capacity[i], page->remaining[i], shape->party),
		};
}

static bool in_order(const struct slot_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (slot_compare(&list->at[i - 1], &list->at[i]) > 0)
			return false;
	return true;
}

int board_availability(struct board *board, const struct availability_query *query, int64_t now_us,
		       struct rc_arena *arena, struct slot **slots, size_t *count, const char **field,
		       struct rc_fault *fault)
{
	struct slot_list list = {.arena = arena};
	struct page_shape shape;
	int32_t from, to;
	int err = page_shape_check(board->catalog, query, &shape, field, fault);

	if (err)
		return err;
	if (!board->ready)
		return rc_fault_set(fault, RC_UNAVAILABLE, "The board is being loaded; try again in a moment.");
	board_advance(board, now_us);
	page_dates(&shape, now_us, &from, &to);
	for (int32_t date = from; date <= to; date++) {
		size_t first = list.count;

		for (size_t i = 0; i < shape.service->resource_count; i++) {
			const struct catalog_resource *resource = shape.service->resources[i];

			if (shape.resource && resource != shape.resource)
				continue;
			page_read(board, &shape, resource, date, now_us, false, &board->page);
			slots_add(&list, &shape, resource, &board->page);
			if (list.count > SLOTS_MAX) {
				*field = "to";
				return rc_fault_set(fault, RC_INVALID,
						    "That is more than %d times; ask for fewer days or one resource.",
						    SLOTS_MAX);
			}
		}
		if (list.count > first)
			qsort(list.at + first, list.count - first, sizeof(*list.at), slot_compare);
	}
	if (!in_order(&list))
		qsort(list.at, list.count, sizeof(*list.at), slot_compare);
	*slots = list.at;
	*count = list.count;
	return RC_OK;
}

/* ---- as JSON ---- */

static const char *const state_names[] = {"available", "limited", "booked"};

size_t slot_key(char text[SLOT_KEY_MAX], int64_t service_id, int64_t resource_id, int64_t start_us, int64_t end_us)
{
	char digits[16];
	size_t at = sizeof(digits);
	bool whole = start_us % MINUTE_US == 0; /* sessions written by hand may begin between minutes */
	uint64_t number = (uint64_t)(whole ? start_us / MINUTE_US : start_us);

	while (at == sizeof(digits) || number > 0) {
		digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
		number /= 36;
	}
	return (size_t)snprintf(text, SLOT_KEY_MAX, "s%lld-r%lld-%s%.*s-%lld", (long long)service_id,
				(long long)resource_id, whole ? "" : "u", (int)(sizeof(digits) - at), digits + at,
				(long long)((end_us - start_us) / MINUTE_US));
}

void slot_key_order(struct rc_str key, int64_t order[2])
{
	struct rc_str rest = key, service = rc_str_cut(&rest, '-'), resource = rc_str_cut(&rest, '-');
	struct rc_str start = rc_str_cut(&rest, '-');
	bool whole = start.ptr[0] != 'u';
	int64_t number = 0;

	rc_check(service.len > 0 && resource.len > 1 && start.len > 0);
	for (size_t i = !whole; i < start.len; i++) {
		char c = start.ptr[i];

		number = number * 36 + (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	order[0] = whole ? number * MINUTE_US : number;
	rc_check(rc_str_to_i64((struct rc_str){resource.ptr + 1, resource.len - 1}, &order[1]) == 0);
}

void slot_write(struct buf *out, const struct slot *slot)
{
	struct json_out json;
	char key[SLOT_KEY_MAX];
	size_t len = slot_key(key, slot->service->id, slot->resource->id, slot->start_us, slot->end_us);

	json_init(&json, out);
	json_begin_object(&json);
	json_key(&json, "id");
	json_str(&json, (struct rc_str){key, len});
	json_key(&json, "service");
	json_id(&json, slot->service->id);
	json_key(&json, "resource");
	json_id(&json, slot->resource->id);
	json_key(&json, "start");
	json_time(&json, slot->start_us);
	json_key(&json, "end");
	json_time(&json, slot->end_us);
	json_key(&json, "capacity");
	json_int(&json, slot->capacity);
	json_key(&json, "remaining");
	json_int(&json, slot->remaining);
	json_key(&json, "state");
	json_cstr(&json, state_names[slot->state]);
	json_end(&json);
}
