/* spans.h tells how they lie. */
#include "rowcast/shape/spans.h"

#include <stdlib.h>

#include "rowcast/base/check.h"

void spans_release(struct spans *spans)
{
	free(spans->at);
	free(spans->reach);
	*spans = (struct spans){0};
}

/* Index of the first that begins at or behind `lo`. */
static size_t first_from(const struct spans *spans, struct rc_str lo)
{
	size_t from = 0, to = spans->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (rc_str_compare(spans->at[middle].lo, lo) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void spans_add(struct spans *spans, struct span span)
{
	size_t place = first_from(spans, span.lo);

	if (spans->count == spans->cap) {
		spans->cap = spans->cap ? 2 * spans->cap : 1;
		spans->at = rc_xrealloc(spans->at, spans->cap * sizeof(*spans->at));
		spans->reach = rc_xrealloc(spans->reach, spans->cap * sizeof(*spans->reach));
	}
	memmove(spans->at + place + 1, spans->at + place, (spans->count - place) * sizeof(*spans->at));
	spans->at[place] = span;
	spans->count++;
	spans->stale = true;
}

void spans_remove(struct spans *spans, const void *watcher, struct rc_str lo)
{
	size_t place = first_from(spans, lo);

	while (place < spans->count && spans->at[place].watcher != watcher)
		place++;
	rc_check(place < spans->count);
	spans->count--;
	memmove(spans->at + place, spans->at + place + 1, (spans->count - place) * sizeof(*spans->at));
	spans->stale = true;
}

/* True: the end `a` lies behind `b`. */
static bool further(struct rc_str a, struct rc_str b)
{
	return b.ptr && (!a.ptr || rc_str_compare(a, b) > 0);
}

/* The furthest end of [from, to), which is not empty. */
static struct rc_str measure(struct spans *spans, size_t from, size_t to)
{
	size_t middle = from + (to - from) / 2;
	struct rc_str reach = spans->at[middle].hi, below;

	if (from < middle) {
		below = measure(spans, from, middle);
		reach = further(below, reach) ? below : reach;
	}
	if (middle + 1 < to) {
		below = measure(spans, middle + 1, to);
		reach = further(below, reach) ? below : reach;
	}
	spans->reach[middle] = reach;
	return reach;
}

struct question {
	struct spans *spans;
	struct rc_str value;
	void (*found)(void *arg, void *watcher);
	void *arg;
};

static void ask(const struct question *question, size_t from, size_t to)
{
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct span *span = &question->spans->at[middle];

		if (!further(question->spans->reach[middle], question->value))
			return;
		ask(question, from, middle);
		if (rc_str_compare(span->lo, question->value) > 0)
			return;
		if (further(span->hi, question->value))
			question->found(question->arg, span->watcher);
		from = middle + 1;
	}
}

void spans_find(struct spans *spans, struct rc_str value, void (*found)(void *arg, void *watcher), void *arg)
{
	const struct question question = {spans, value, found, arg};

	if (spans->stale && spans->count)
		(void)measure(spans, 0, spans->count);
	spans->stale = false;
	ask(&question, 0, spans->count);
}
