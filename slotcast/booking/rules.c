/*
 * Open time and starts, expanded from wall-time rules in blocks of 32 local dates per resource and kept until the
 * catalog changes.
 *
 * A block is built from the rule dates of its days and of some days around them: three before (spans run past midnight,
 * and a change of the date line moves a whole day), eleven after (so that a span is known to its end as far as a slot
 * of seven days reaches). Dates are counted, never hours: a day has 23, 24 or 25 hours, or none at all.
 *
 * The caller asks for dates inside a service's horizon only; so the number of blocks is bounded by what can be booked.
 */
#include "slotcast/booking/rules.h"

#include <stdlib.h>

#include "rowcast/data/time_text.h"
#include "slotcast/booking/recurrence.h"
#include "slotcast/booking/zone.h"

enum { BLOCK_DAYS = 32, DAYS_BEFORE = 3, DAYS_AFTER = 11, DAY_MIN = 1440 };

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

struct block {
	int32_t number; /* date / BLOCK_DAYS, downwards */
	struct span *spans;
	size_t span_count;
	struct occurrence *occurrences; /* by date, then start */
	size_t occurrence_count;
};

/* What one thread remembers of a resource. */
struct resource_days {
	struct block **blocks;
	size_t count;
};

struct rule_year {
	int32_t year;
	uint64_t days[YEAR_WORDS];
};

struct rule_years {
	struct rule_year *at;
	size_t count;
};

struct span_list {
	struct span *at;
	size_t count, capacity;
};

struct rules {
	struct catalog *catalog;
	struct resource_days *resources; /* by catalog_resource.index */
	struct rule_years *rule_years;   /* by wall_rule.index */
	struct span_list open, closed;   /* scratch */
	int64_t *starts;
	size_t starts_capacity;
};

struct rules *rules_create(void)
{
	return rc_xcalloc(1, sizeof(struct rules));
}

static void rules_forget(struct rules *rules)
{
	size_t resources = rules->catalog ? rules->catalog->resource_count : 0;
	uint32_t rule_count = rules->catalog ? rules->catalog->rule_count : 0;

	for (size_t i = 0; i < resources; i++) {
		for (size_t k = 0; k < rules->resources[i].count; k++) {
			free(rules->resources[i].blocks[k]->spans);
			free(rules->resources[i].blocks[k]->occurrences);
			free(rules->resources[i].blocks[k]);
		}
		free(rules->resources[i].blocks);
	}
	for (uint32_t i = 0; i < rule_count; i++)
		free(rules->rule_years[i].at);
	free(rules->resources);
	free(rules->rule_years);
	catalog_drop(rules->catalog);
	rules->resources = NULL;
	rules->rule_years = NULL;
	rules->catalog = NULL;
}

void rules_destroy(struct rules *rules)
{
	if (!rules)
		return;
	rules_forget(rules);
	free(rules->open.at);
	free(rules->closed.at);
	free(rules->starts);
	free(rules);
}

void rules_use(struct rules *rules, struct catalog *catalog)
{
	if (rules->catalog == catalog)
		return;
	catalog_acquire(catalog);
	rules_forget(rules);
	rules->catalog = catalog;
	rules->resources = rc_xcalloc(catalog->resource_count + 1, sizeof(*rules->resources));
	rules->rule_years = rc_xcalloc(catalog->rule_count + 1, sizeof(*rules->rule_years));
}

const struct catalog *rules_catalog(const struct rules *rules)
{
	return rules->catalog;
}

static const uint64_t *rule_year(struct rules *rules, const struct wall_rule *rule, int32_t year)
{
	struct rule_years *years = &rules->rule_years[rule->index];

	for (size_t i = 0; i < years->count; i++)
		if (years->at[i].year == year)
			return years->at[i].days;
	years->at = rc_xrealloc(years->at, (years->count + 1) * sizeof(*years->at));
	years->at[years->count].year = year;
	recurrence_year(rule->recurrence, year, years->at[years->count].days);
	return years->at[years->count++].days;
}

static bool rule_occurs(struct rules *rules, const struct wall_rule *rule, int32_t date)
{
	int32_t year, month, day, bit;

	if (date < rule->valid_from || date > rule->valid_to)
		return false;
	date_to_civil(date, &year, &month, &day);
	bit = date - date_from_civil(year, 1, 1);
	return rule_year(rules, rule, year)[bit / 64] >> (bit % 64) & 1;
}

/* From and to of a rule or an exception on a date; empty when the clocks swallow it. */
static struct span wall_span(const struct zone *zone, int32_t date, int32_t start_min, int32_t end_min)
{
	if (end_min <= start_min)
		end_min += DAY_MIN;
	return (struct span){zone_to_instant(zone, date, start_min), zone_to_instant(zone, date, end_min)};
}

static void list_add(struct span_list *list, struct span span)
{
	if (span.hi_us <= span.lo_us)
		return;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 64;
		list->at = rc_xrealloc(list->at, list->capacity * sizeof(*list->at));
	}
	list->at[list->count++] = span;
}

static int span_compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->lo_us < y->lo_us ? -1 : x->lo_us > y->lo_us;
}

/* Sort, and make one of what touches or overlaps. */
static void list_merge(struct span_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->at, list->count, sizeof(*list->at), span_compare);
	for (size_t i = 1; i < list->count; i++) {
		if (list->at[i].lo_us <= list->at[kept].hi_us) {
			if (list->at[i].hi_us > list->at[kept].hi_us)
				list->at[kept].hi_us = list->at[i].hi_us;
		} else {
			list->at[++kept] = list->at[i];
		}
	}
	list->count = kept + 1;
}

/* Index of the first exception on or after a date. */
static size_t exception_from(const struct catalog_resource *resource, int32_t date)
{
	size_t lo = 0, hi = resource->exception_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (resource->exceptions[mid].date < date)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void collect_exceptions(struct rules *rules, const struct catalog_resource *resource, int32_t from, int32_t to)
{
	rules->closed.count = 0;
	for (size_t i = exception_from(resource, from); i < resource->exception_count; i++) {
		const struct wall_exception *e = &resource->exceptions[i];

		if (e->date > to)
			break;
		list_add(e->closed ? &rules->closed : &rules->open,
			 wall_span(resource->venue->zone, e->date, e->start_min, e->end_min));
	}
	list_merge(&rules->closed);
}

/* open minus closed, as far as it touches [lo, hi). */
static void block_spans(const struct rules *rules, struct block *block, int64_t lo, int64_t hi)
{
	struct span_list kept = {0};
	size_t c = 0;

	for (size_t i = 0; i < rules->open.count; i++) {
		struct span span = rules->open.at[i];

		while (c < rules->closed.count && rules->closed.at[c].hi_us <= span.lo_us)
			c++;
		for (size_t k = c; k <= rules->closed.count && span.lo_us < span.hi_us; k++) {
			struct span cut = k < rules->closed.count ? rules->closed.at[k]
								  : (struct span){INT64_MAX, INT64_MAX};
			struct span piece = {span.lo_us, cut.lo_us < span.hi_us ? cut.lo_us : span.hi_us};

			if (piece.lo_us < hi && piece.hi_us > lo)
				list_add(&kept, piece);
			if (cut.lo_us >= span.hi_us)
				break;
			span.lo_us = cut.hi_us;
		}
	}
	block->spans = kept.at;
	block->span_count = kept.count;
}

static void block_open(struct rules *rules, const struct catalog_resource *resource, struct block *block)
{
	const struct zone *zone = resource->venue->zone;
	int32_t first = block->number * BLOCK_DAYS, from = first - DAYS_BEFORE, to = first + BLOCK_DAYS + DAYS_AFTER;

	rules->open.count = 0;
	for (size_t i = 0; i < resource->hours_count; i++) {
		const struct wall_rule *rule = &resource->hours[i];

		for (int32_t date = from; date <= to; date++)
			if (rule_occurs(rules, rule, date))
				list_add(&rules->open, wall_span(zone, date, rule->start_min, rule->end_min));
	}
	collect_exceptions(rules, resource, from, to);
	list_merge(&rules->open);
	block_spans(rules, block, zone_day_start(zone, first) - 26 * HOUR_US,
		    zone_day_start(zone, first + BLOCK_DAYS) + 26 * HOUR_US);
}

static int occurrence_compare(const void *a, const void *b)
{
	const struct occurrence *x = a, *y = b;

	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	if (x->lo_us != y->lo_us)
		return x->lo_us < y->lo_us ? -1 : 1;
	return x->rule_id < y->rule_id ? -1 : x->rule_id > y->rule_id;
}

static void block_sessions(struct rules *rules, const struct catalog_resource *resource, struct block *block)
{
	const struct zone *zone = resource->venue->zone;
	int32_t first = block->number * BLOCK_DAYS;
	size_t days = BLOCK_DAYS + 2 * DAYS_BEFORE, count = 0, kept = 0;
	struct occurrence *list = rc_xcalloc(resource->session_count * days + 1, sizeof(*list));

	for (size_t i = 0; i < resource->session_count; i++) {
		const struct wall_rule *rule = &resource->sessions[i];

		for (size_t d = 0; d < days; d++) {
			int32_t date = first - DAYS_BEFORE + (int32_t)d;
			struct span span;

			if (!rule_occurs(rules, rule, date))
				continue;
			span = wall_span(zone, date, rule->start_min, rule->end_min);
			zone_to_wall(zone, span.lo_us, &date, NULL);
			if (span.lo_us < span.hi_us && date >= first && date < first + BLOCK_DAYS &&
			    !rules_closed(rules, resource, span.lo_us, span.hi_us))
				list[count++] = (struct occurrence){rule->id, date, span.lo_us, span.hi_us};
		}
	}
	qsort(list, count, sizeof(*list), occurrence_compare);
	/* Two at one instant are one session: the first rule's. */
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[kept - 1].lo_us != list[i].lo_us)
			list[kept++] = list[i];
	block->occurrences = list;
	block->occurrence_count = kept;
}

static struct block *block_of(struct rules *rules, const struct catalog_resource *resource, int32_t date)
{
	struct resource_days *days = &rules->resources[resource->index];
	int32_t number = date >= 0 ? date / BLOCK_DAYS : -((BLOCK_DAYS - 1 - date) / BLOCK_DAYS);
	struct block *block;

	for (size_t i = days->count; i-- > 0;)
		if (days->blocks[i]->number == number)
			return days->blocks[i];
	block = rc_xcalloc(1, sizeof(*block));
	block->number = number;
	if (resource->kind == KIND_SESSION)
		block_sessions(rules, resource, block);
	else
		block_open(rules, resource, block);
	days->blocks = rc_xrealloc(days->blocks, (days->count + 1) * sizeof(*days->blocks));
	days->blocks[days->count++] = block;
	return block;
}

/* The block's spans that touch [lo, hi). */
static void spans_touching(const struct block *block, int64_t lo_us, int64_t hi_us, const struct span **spans,
			   size_t *count)
{
	size_t lo = 0, hi = block->span_count, end;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (block->spans[mid].hi_us <= lo_us)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < block->span_count && block->spans[end].lo_us < hi_us; end++)
		;
	*spans = block->spans ? block->spans + lo : NULL;
	*count = end - lo;
}

void rules_open(struct rules *rules, const struct catalog_resource *resource, int32_t date, const struct span **spans,
		size_t *count)
{
	const struct zone *zone = resource->venue->zone;

	spans_touching(block_of(rules, resource, date), zone_day_start(zone, date), zone_day_start(zone, date + 1),
		       spans, count);
}

void rules_sessions(struct rules *rules, const struct catalog_resource *resource, int32_t date,
		    const struct occurrence **list, size_t *count)
{
	const struct block *block = block_of(rules, resource, date);
	size_t first = 0, end;

	while (first < block->occurrence_count && block->occurrences[first].date < date)
		first++;
	for (end = first; end < block->occurrence_count && block->occurrences[end].date == date; end++)
		;
	*list = block->occurrences + first;
	*count = end - first;
}

bool rules_closed(struct rules *rules, const struct catalog_resource *resource, int64_t lo_us, int64_t hi_us)
{
	const struct zone *zone = resource->venue->zone;
	int32_t from, to;

	zone_to_wall(zone, lo_us, &from, NULL);
	zone_to_wall(zone, hi_us, &to, NULL);
	for (size_t i = exception_from(resource, from - DAYS_BEFORE); i < resource->exception_count; i++) {
		const struct wall_exception *e = &resource->exceptions[i];
		struct span span;

		if (e->date > to + DAYS_BEFORE)
			break;
		span = wall_span(zone, e->date, e->start_min, e->end_min);
		if (e->closed && span.lo_us < span.hi_us && span.lo_us < hi_us && lo_us < span.hi_us)
			return true;
	}
	return false;
}

/*
 * Where the starts of a local date can lie: [*lo, *hi), and whether each must be asked for its date, because the clocks
 * change thereabouts. (Clocks put back across midnight give a date a second piece behind the next date's first
 * midnight.)
 */
static bool date_bounds(const struct zone *zone, int32_t date, int64_t *lo, int64_t *hi)
{
	*lo = zone_day_start(zone, date);
	*hi = zone_day_start(zone, date + 1);
	if (zone_steady(zone, *lo, *hi + 26 * HOUR_US))
		return false;
	*hi += 26 * HOUR_US;
	return true;
}

static bool is_on_date(const struct zone *zone, int64_t us, int32_t date)
{
	int32_t own;

	zone_to_wall(zone, us, &own, NULL);
	return own == date;
}

static void starts_add(struct rules *rules, size_t *count, int64_t start)
{
	if (*count == rules->starts_capacity) {
		rules->starts_capacity = rules->starts_capacity ? 2 * rules->starts_capacity : 256;
		rules->starts = rc_xrealloc(rules->starts, rules->starts_capacity * sizeof(*rules->starts));
	}
	rules->starts[(*count)++] = start;
}

void rules_starts(struct rules *rules, const struct catalog_service *service, const struct catalog_resource *resource,
		  int32_t date, int32_t duration_min, const int64_t **starts_us, size_t *count)
{
	const struct zone *zone = resource->venue->zone;
	int64_t step = service->step_min * MINUTE_US, duration = duration_min * MINUTE_US;
	int64_t midnight, end;
	bool ask = date_bounds(zone, date, &midnight, &end);
	const struct span *spans;
	size_t span_count, found = 0;

	spans_touching(block_of(rules, resource, date), midnight, end, &spans, &span_count);
	for (size_t i = 0; i < span_count; i++) {
		int64_t start = spans[i].lo_us > midnight ? spans[i].lo_us : midnight;

		for (; start < end && start + duration <= spans[i].hi_us; start += step)
			if (!ask || is_on_date(zone, start, date))
				starts_add(rules, &found, start);
	}
	*starts_us = rules->starts;
	*count = found;
}

bool rules_in_window(const struct catalog_service *service, int64_t start_us, int64_t now_us)
{
	return start_us >= now_us + service->notice_min * MINUTE_US &&
	       start_us <= now_us + service->horizon_days * 24 * HOUR_US;
}

bool rules_listed(struct rules *rules, const struct catalog_service *service, const struct catalog_resource *resource,
		  int64_t start_us, int32_t duration_min, int64_t now_us)
{
	const struct zone *zone = resource->venue->zone;
	int64_t midnight, end;
	int32_t date;
	const struct span *spans;
	size_t span_count;

	if (resource->kind == KIND_SESSION || !rules_in_window(service, start_us, now_us))
		return false;
	zone_to_wall(zone, start_us, &date, NULL);
	(void)date_bounds(zone, date, &midnight, &end);
	spans_touching(block_of(rules, resource, date), midnight, end, &spans, &span_count);
	for (size_t i = 0; i < span_count; i++) {
		int64_t first = spans[i].lo_us > midnight ? spans[i].lo_us : midnight;

		if (start_us >= first && start_us < spans[i].hi_us)
			return (start_us - first) % (service->step_min * MINUTE_US) == 0 &&
			       start_us + duration_min * MINUTE_US <= spans[i].hi_us;
	}
	return false;
}

bool service_offers(const struct catalog_service *service, int32_t duration_min)
{
	for (size_t i = 0; i < service->duration_count; i++)
		if (service->durations_min[i] == duration_min)
			return true;
	return false;
}

int32_t places_needed(const struct catalog_resource *resource, int32_t party)
{
	return resource->kind == KIND_EXCLUSIVE ? 1 : party;
}

bool places_limited(int32_t capacity, int32_t remaining, int32_t percent)
{
	return capacity > 1 && remaining <= ((int64_t)percent * capacity + 99) / 100;
}
