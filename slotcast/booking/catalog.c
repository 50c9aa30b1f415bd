/*
 * Building a catalog from rows. Everything lives in the catalog's arena; nothing points back into the rows.
 *
 * The rows come from the database, where raw SQL may write anything that the constraints allow, so each row is checked
 * once more here and left out with a log line when the program could not follow it. A resource whose own hours are all
 * unreadable is closed; it does not fall back to the venue's hours, which would open it at times that nobody meant.
 *
 * Rows of many owners (hours, exceptions, session rules) are sorted by owner once and then cut into ranges; so building
 * is O(n log n) in all rows.
 */
#include "slotcast/booking/catalog.h"

#include <jansson.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "slotcast/booking/currency.h"
#include "slotcast/booking/recurrence.h"
#include "slotcast/booking/zone.h"

enum {
	DAY_MIN = 1440,
	DURATION_MIN_MAX = 10080,
	BUFFER_MIN_MAX = 10080,
	NOTICE_MIN_MAX = 525600,
	HORIZON_DAYS_MAX = 12000
};
enum { CAPACITY_MAX = 100000, LANES_MAX = 1000, DURATIONS_MAX = 64 };

/* A row under its owner: a venue (for all of its resources), a resource or a service. */
struct owned {
	bool by_venue;
	int64_t owner, id;
	const void *row;
};

struct owned_list {
	struct owned *at;
	size_t count;
};

struct build {
	struct catalog *catalog;
	struct rc_arena *arena;
	struct rc_arena scratch;
	const struct catalog_rows *rows;
	struct catalog_venue *venues;
	struct catalog_resource *resources;
	struct catalog_service *services;
	struct owned_list hours, exceptions, session_rules, links;
};

static void left_out(const char *table, int64_t id, const char *why)
{
	log_event(LOG_WARN, "catalog", "a row that cannot be followed was left out", LOG_S("table", table),
		  LOG_I("id", id), LOG_S("why", why));
}

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* Order of rows by owner, then id. */
static int owned_compare(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	if (x->by_venue != y->by_venue)
		return x->by_venue - y->by_venue;
	return x->owner != y->owner ? compare(x->owner, y->owner) : compare(x->id, y->id);
}

static void owned_init(struct build *b, struct owned_list *list, size_t count)
{
	list->at = RC_ARENA_ARRAY(&b->scratch, struct owned, count + 1);
	list->count = 0;
}

static void owned_add(struct owned_list *list, bool by_venue, int64_t owner, int64_t id, const void *row)
{
	list->at[list->count++] = (struct owned){by_venue, owner, id, row};
}

static void owned_sort(struct owned_list *list)
{
	qsort(list->at, list->count, sizeof(*list->at), owned_compare);
}

/* The rows of one owner, by id. */
static struct owned_list owned_of(const struct owned_list *list, bool by_venue, int64_t owner)
{
	struct owned key = {by_venue, owner, INT64_MIN, NULL};
	size_t lo = 0, hi = list->count, end;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (owned_compare(&list->at[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < list->count && list->at[end].by_venue == by_venue && list->at[end].owner == owner; end++)
		;
	return (struct owned_list){list->at + lo, end - lo};
}

static void build_owned(struct build *b)
{
	const struct catalog_rows *rows = b->rows;

	owned_init(b, &b->hours, rows->hours_count);
	for (size_t i = 0; i < rows->hours_count; i++) {
		const struct hours *row = rows->hours[i];
		bool for_all = row->nulls & HOURS_NULL_RESOURCE_ID;

		owned_add(&b->hours, for_all, for_all ? row->venue_id : row->resource_id, row->id, row);
	}
	owned_init(b, &b->exceptions, rows->exception_count);
	for (size_t i = 0; i < rows->exception_count; i++) {
		const struct exception *row = rows->exceptions[i];
		bool for_all = row->nulls & EXCEPTION_NULL_RESOURCE_ID;

		owned_add(&b->exceptions, for_all, for_all ? row->venue_id : row->resource_id, row->id, row);
	}
	owned_init(b, &b->session_rules, rows->session_rule_count);
	for (size_t i = 0; i < rows->session_rule_count; i++)
		owned_add(&b->session_rules, false, rows->session_rules[i]->resource_id, rows->session_rules[i]->id,
			  rows->session_rules[i]);
	owned_init(b, &b->links, rows->service_resource_count);
	for (size_t i = 0; i < rows->service_resource_count; i++)
		owned_add(&b->links, false, rows->service_resources[i]->service_id,
			  rows->service_resources[i]->resource_id, rows->service_resources[i]);
	owned_sort(&b->hours);
	owned_sort(&b->exceptions);
	owned_sort(&b->session_rules);
	owned_sort(&b->links);
}

/* Rows of one table by id: pointers into the caller's rows. */
#define SORTED_BY_ID(type)                                                                                             \
	static int type##_by_id(const void *a, const void *b)                                                          \
	{                                                                                                              \
		return compare((*(const struct type *const *)a)->id, (*(const struct type *const *)b)->id);            \
	}                                                                                                              \
	static const struct type **type##_sorted(struct build *b, const struct type **rows, size_t count)              \
	{                                                                                                              \
		const struct type **copy = RC_ARENA_ARRAY(&b->scratch, const struct type *, count + 1);                \
                                                                                                                       \
		for (size_t i = 0; i < count; i++)                                                                     \
			copy[i] = rows[i];                                                                             \
		qsort(copy, count, sizeof(*copy), type##_by_id);                                                       \
		return copy;                                                                                           \
	}
SORTED_BY_ID(venue)
SORTED_BY_ID(resource)
SORTED_BY_ID(service)

static bool between(int64_t value, int64_t min, int64_t max)
{
	return value >= min && value <= max;
}

static bool wall_is_valid(int64_t start_min, int64_t end_min)
{
	return between(start_min, 0, DAY_MIN - 1) && between(end_min, 0, DAY_MIN);
}

static void build_venues(struct build *b)
{
	const struct venue **rows = venue_sorted(b, b->rows->venues, b->rows->venue_count);

	b->venues = RC_ARENA_ARRAY(b->arena, struct catalog_venue, b->rows->venue_count + 1);
	for (size_t i = 0; i < b->rows->venue_count; i++) {
		const struct venue *row = rows[i];
		const struct zone *zone;

		if (zone_find(row->tz, &zone)) {
			left_out("venue", row->id, "unknown time zone");
			continue;
		}
		b->venues[b->catalog->venue_count++] = (struct catalog_venue){
			.id = row->id,
			.slug = rc_arena_copy(b->arena, row->slug),
			.name = rc_arena_copy(b->arena, row->name),
			.tz = rc_arena_copy(b->arena, row->tz),
			.locale = rc_arena_copy(b->arena, row->locale),
			.phone = rc_arena_copy(b->arena, row->contact_phone),
			.email = rc_arena_copy(b->arena, row->contact_email),
			.currency = currency_valid(row->currency) ? rc_arena_copy(b->arena, row->currency) : RC_STR(""),
			.limited_percent = (int32_t)(between(row->limited_percent, 0, 100) ? row->limited_percent : 25),
			.zone = zone,
		};
	}
	b->catalog->venues = b->venues;
}

static const struct catalog_venue *venue_of(const struct build *b, int64_t id)
{
	size_t lo = 0, hi = b->catalog->venue_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (b->venues[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < b->catalog->venue_count && b->venues[lo].id == id ? &b->venues[lo] : NULL;
}

/* RC_INVALID was logged. */
static int rule_set(struct build *b, struct wall_rule *rule, const char *table, int64_t id, struct rc_str rrule,
		    int64_t start_min, int64_t end_min, int32_t valid_from, int32_t valid_to)
{
	struct recurrence *recurrence = RC_ARENA_NEW(b->arena, struct recurrence);
	struct rc_fault fault = {0};

	if (!wall_is_valid(start_min, end_min)) {
		left_out(table, id, "wall times outside the day");
		return RC_INVALID;
	}
	if (recurrence_parse(recurrence, rrule, &fault)) {
		left_out(table, id, fault.message);
		return RC_INVALID;
	}
	recurrence_begin(recurrence, valid_from);
	*rule = (struct wall_rule){
		.id = id,
		.rrule = rc_arena_copy(b->arena, rrule),
		.start_min = (int32_t)start_min,
		.end_min = (int32_t)end_min,
		.valid_from = valid_from,
		.valid_to = valid_to,
		.recurrence = recurrence,
		.index = b->catalog->rule_count++,
	};
	return RC_OK;
}

/* All hours of an owner. */
static const struct wall_rule *build_hours(struct build *b, struct owned_list own, size_t *count)
{
	struct wall_rule *rules = RC_ARENA_ARRAY(b->arena, struct wall_rule, own.count + 1);

	*count = 0;
	for (size_t i = 0; i < own.count; i++) {
		const struct hours *row = own.at[i].row;
		int32_t valid_to = row->nulls & HOURS_NULL_VALID_TO ? INT32_MAX : row->valid_to;

		if (!rule_set(b, &rules[*count], "hours", row->id, row->rrule, row->wall_start_min, row->wall_end_min,
			      row->valid_from, valid_to))
			(*count)++;
	}
	return rules;
}

static void build_sessions(struct build *b, struct catalog_resource *resource)
{
	struct owned_list own = owned_of(&b->session_rules, false, resource->id);
	struct wall_rule *rules = RC_ARENA_ARRAY(b->arena, struct wall_rule, own.count + 1);

	for (size_t i = 0; i < own.count; i++) {
		const struct session_rule *row = own.at[i].row;
		int32_t valid_to = row->nulls & SESSION_RULE_NULL_VALID_TO ? INT32_MAX : row->valid_to;

		if (!rule_set(b, &rules[resource->session_count], "session_rule", row->id, row->rrule,
			      row->wall_start_min, row->wall_end_min, row->valid_from, valid_to))
			resource->session_count++;
	}
	resource->sessions = rules;
}

static int exception_by_date(const void *a, const void *b)
{
	return compare(((const struct wall_exception *)a)->date, ((const struct wall_exception *)b)->date);
}

static void build_exceptions(struct build *b, struct catalog_resource *resource)
{
	struct owned_list lists[2] = {owned_of(&b->exceptions, true, resource->venue->id),
				      owned_of(&b->exceptions, false, resource->id)};
	struct wall_exception *list = RC_ARENA_ARRAY(b->arena, struct wall_exception,
						     lists[0].count + lists[1].count + 1);

	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < lists[l].count; i++) {
			const struct exception *row = lists[l].at[i].row;
			bool no_start = row->nulls & EXCEPTION_NULL_WALL_START_MIN;
			bool no_end = row->nulls & EXCEPTION_NULL_WALL_END_MIN;

			if (no_start != no_end ||
			    (!no_start && !wall_is_valid(row->wall_start_min, row->wall_end_min))) {
				left_out("exception", row->id, "wall times outside the day");
				continue;
			}
			list[resource->exception_count++] = (struct wall_exception){
				.date = row->date,
				.whole_day = no_start,
				.start_min = no_start ? 0 : (int32_t)row->wall_start_min,
				.end_min = no_start ? DAY_MIN : (int32_t)row->wall_end_min,
				.closed = row->closed,
			};
		}
	}
	qsort(list, resource->exception_count, sizeof(*list), exception_by_date);
	resource->exceptions = list;
}

static bool kind_parse(struct rc_str text, enum resource_kind *kind)
{
	static const char *const names[] = {"exclusive", "pooled", "session"};

	for (int i = 0; i < 3; i++) {
		if (rc_str_is(text, names[i])) {
			*kind = (enum resource_kind)i;
			return true;
		}
	}
	return false;
}

static void build_resources(struct build *b)
{
	const struct resource **rows = resource_sorted(b, b->rows->resources, b->rows->resource_count);
	size_t venues = b->catalog->venue_count;
	const struct wall_rule **shared = RC_ARENA_ARRAY(&b->scratch, const struct wall_rule *, venues + 1);
	size_t *shared_count = RC_ARENA_ARRAY(&b->scratch, size_t, venues + 1);

	for (size_t v = 0; v < venues; v++)
		shared[v] = build_hours(b, owned_of(&b->hours, true, b->venues[v].id), &shared_count[v]);
	b->resources = RC_ARENA_ARRAY(b->arena, struct catalog_resource, b->rows->resource_count + 1);
	for (size_t i = 0; i < b->rows->resource_count; i++) {
		const struct resource *row = rows[i];
		const struct catalog_venue *venue = venue_of(b, row->venue_id);
		struct catalog_resource *resource = &b->resources[b->catalog->resource_count];
		struct owned_list own = owned_of(&b->hours, false, row->id);
		enum resource_kind kind;

		if (!venue || !kind_parse(row->kind, &kind) ||
		    !between(row->capacity, 1, kind == KIND_POOLED ? LANES_MAX : CAPACITY_MAX)) {
			left_out("resource", row->id, "no such venue, kind or capacity");
			continue;
		}
		*resource = (struct catalog_resource){
			.id = row->id,
			.key = rc_arena_copy(b->arena, row->key),
			.name = rc_arena_copy(b->arena, row->name),
			.kind = kind,
			.capacity = kind == KIND_EXCLUSIVE ? 1 : (int32_t)row->capacity,
			.venue = venue,
			.index = (uint32_t)b->catalog->resource_count++,
		};
		if (own.count > 0) {
			resource->hours = build_hours(b, own, &resource->hours_count);
		} else {
			resource->hours = shared[venue - b->venues];
			resource->hours_count = shared_count[venue - b->venues];
		}
		build_exceptions(b, resource);
		build_sessions(b, resource);
	}
	b->catalog->resources = b->resources;
}

/* [30,60]: whole minutes, each once or more, the first is the default. */
static bool durations_parse(struct build *b, struct rc_str text, struct catalog_service *service)
{
	json_t *json = text.ptr ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
	size_t count = json_array_size(json);
	int32_t *durations = RC_ARENA_ARRAY(b->arena, int32_t, count + 1);
	bool valid = count > 0 && count <= DURATIONS_MAX;

	for (size_t i = 0; valid && i < count; i++) {
		const json_t *item = json_array_get(json, i);

		valid = json_is_integer(item) && between(json_integer_value(item), 1, DURATION_MIN_MAX);
		if (valid)
			durations[i] = (int32_t)json_integer_value(item);
	}
	json_decref(json);
	service->durations_min = durations;
	service->duration_count = count;
	return valid;
}

/* [4500,8000]. Prices are only shown, so a service whose prices cannot be followed is kept and shows none. */
static void prices_parse(struct build *b, const struct service *row, struct catalog_service *service)
{
	json_t *json = row->prices_minor.ptr ? json_loadb(row->prices_minor.ptr, row->prices_minor.len, 0, NULL) : NULL;
	size_t count = json_array_size(json);
	bool valid = count == 1 || count == service->duration_count;
	int64_t *prices = RC_ARENA_ARRAY(b->arena, int64_t, count + 1);

	for (size_t i = 0; valid && i < count; i++) {
		const json_t *item = json_array_get(json, i);

		valid = json_is_integer(item) && between(json_integer_value(item), 0, PRICE_MINOR_MAX);
		prices[i] = json_integer_value(item);
	}
	json_decref(json);
	if (count && !valid)
		left_out("service", row->id, "its prices are not one for all durations, nor one each");
	service->prices_minor = prices;
	service->price_count = valid && service->venue->currency.len ? count : 0;
}

static bool service_is_valid(const struct service *row)
{
	return between(row->step_min, 1, DAY_MIN) && between(row->buffer_before_min, 0, BUFFER_MIN_MAX) &&
	       between(row->buffer_after_min, 0, BUFFER_MIN_MAX) && between(row->notice_min, 0, NOTICE_MIN_MAX) &&
	       between(row->horizon_days, 1, HORIZON_DAYS_MAX) && between(row->hold_ttl_s, 1, 86400) &&
	       between(row->party_max, 1, CAPACITY_MAX);
}

static void build_service_resources(struct build *b, struct catalog_service *service)
{
	struct owned_list links = owned_of(&b->links, false, service->id);
	const struct catalog_resource **list = RC_ARENA_ARRAY(b->arena, const struct catalog_resource *,
							      links.count + 1);

	for (size_t i = 0; i < links.count; i++) {
		const struct catalog_resource *resource = catalog_resource(b->catalog, links.at[i].id);

		if (!resource || resource->venue != service->venue) {
			left_out("service_resource", links.at[i].id, "no such resource at the service's venue");
			continue;
		}
		list[service->resource_count++] = resource;
	}
	service->resources = list;
}

static void build_services(struct build *b)
{
	const struct service **rows = service_sorted(b, b->rows->services, b->rows->service_count);

	b->services = RC_ARENA_ARRAY(b->arena, struct catalog_service, b->rows->service_count + 1);
	for (size_t i = 0; i < b->rows->service_count; i++) {
		const struct service *row = rows[i];
		const struct catalog_venue *venue = venue_of(b, row->venue_id);
		struct catalog_service *service = &b->services[b->catalog->service_count];

		*service = (struct catalog_service){
			.id = row->id,
			.key = rc_arena_copy(b->arena, row->key),
			.name = rc_arena_copy(b->arena, row->name),
			.venue = venue,
			.step_min = (int32_t)row->step_min,
			.buffer_before_min = (int32_t)row->buffer_before_min,
			.buffer_after_min = (int32_t)row->buffer_after_min,
			.notice_min = (int32_t)row->notice_min,
			.horizon_days = (int32_t)row->horizon_days,
			.hold_ttl_s = (int32_t)row->hold_ttl_s,
			.party_max = (int32_t)row->party_max,
			.note = rc_arena_copy(b->arena, row->note),
			.price_per_person = row->price_per_person,
			.index = (uint32_t)b->catalog->service_count,
		};
		if (!venue || !service_is_valid(row) || !durations_parse(b, row->durations_min, service)) {
			left_out("service", row->id, "no such venue, or a number out of its range");
			continue;
		}
		prices_parse(b, row, service);
		build_service_resources(b, service);
		b->catalog->service_count++;
	}
	b->catalog->services = b->services;
}

/* Each venue's own resources and services, by id. */
static void build_venue_lists(struct build *b)
{
	struct catalog *catalog = b->catalog;

	for (size_t v = 0; v < catalog->venue_count; v++) {
		struct catalog_venue *venue = &b->venues[v];
		const struct catalog_resource **resources;
		const struct catalog_service **services;

		for (size_t i = 0; i < catalog->resource_count; i++)
			venue->resource_count += catalog->resources[i].venue == venue;
		for (size_t i = 0; i < catalog->service_count; i++)
			venue->service_count += catalog->services[i].venue == venue;
		resources = RC_ARENA_ARRAY(b->arena, const struct catalog_resource *, venue->resource_count + 1);
		services = RC_ARENA_ARRAY(b->arena, const struct catalog_service *, venue->service_count + 1);
		venue->resources = resources;
		venue->services = services;
		for (size_t i = 0; i < catalog->resource_count; i++)
			if (catalog->resources[i].venue == venue)
				*resources++ = &catalog->resources[i];
		for (size_t i = 0; i < catalog->service_count; i++)
			if (catalog->services[i].venue == venue)
				*services++ = &catalog->services[i];
	}
}

struct catalog *catalog_build(const struct catalog_rows *rows, uint64_t revision)
{
	struct catalog *catalog = rc_xcalloc(1, sizeof(*catalog));
	struct build b = {.catalog = catalog, .arena = &catalog->arena, .rows = rows};

	atomic_init(&catalog->references, 1);
	catalog->revision = revision;
	rc_arena_init(&catalog->arena, 16384);
	rc_arena_init(&b.scratch, 16384);
	build_owned(&b);
	build_venues(&b);
	build_resources(&b);
	build_services(&b);
	build_venue_lists(&b);
	rc_arena_release(&b.scratch);
	return catalog;
}

struct catalog *catalog_acquire(struct catalog *catalog)
{
	int before = atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);

	rc_check(before > 0);
	return catalog;
}

void catalog_drop(struct catalog *catalog)
{
	if (catalog && atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel) == 1) {
		rc_arena_release(&catalog->arena);
		free(catalog);
	}
}

const struct catalog_venue *catalog_venue(const struct catalog *catalog, struct rc_str slug)
{
	for (size_t i = 0; i < catalog->venue_count; i++)
		if (rc_str_eq(catalog->venues[i].slug, slug))
			return &catalog->venues[i];
	return NULL;
}

const struct catalog_service *catalog_service(const struct catalog *catalog, int64_t id)
{
	size_t lo = 0, hi = catalog->service_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (catalog->services[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < catalog->service_count && catalog->services[lo].id == id ? &catalog->services[lo] : NULL;
}

const struct catalog_resource *catalog_resource(const struct catalog *catalog, int64_t id)
{
	size_t lo = 0, hi = catalog->resource_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (catalog->resources[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < catalog->resource_count && catalog->resources[lo].id == id ? &catalog->resources[lo] : NULL;
}

bool service_uses(const struct catalog_service *service, int64_t resource_id)
{
	size_t lo = 0, hi = service->resource_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (service->resources[mid]->id < resource_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < service->resource_count && service->resources[lo]->id == resource_id;
}
