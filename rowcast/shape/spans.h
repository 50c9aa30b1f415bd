/*
 * Intervals of values, and who watches each: which of them hold a value is answered in O(log n + found).
 *
 * An array in order of `lo`, read as the balanced tree whose root is its middle; `reach` is the furthest `hi` below a node.
 * It is computed anew before the first question after a change, so opening many shapes costs one pass.
 */
#ifndef ROWCAST_SHAPE_SPANS_H
#define ROWCAST_SHAPE_SPANS_H

#include "rowcast/arena.h"
#include "rowcast/str.h"

struct span {
	struct rc_str lo, hi; /* lo <= value < hi; hi.ptr NULL: without end. Borrowed */
	void *watcher;
};

struct spans {
	struct span *at;
	struct rc_str *reach;
	size_t count, cap;
	bool stale;
};

void spans_release(struct spans *spans);
void spans_add(struct spans *spans, struct span span);
/* The one of this watcher with this `lo`. */
void spans_remove(struct spans *spans, const void *watcher, struct rc_str lo);
void spans_find(struct spans *spans, struct rc_str value, void (*found)(void *arg, void *watcher), void *arg);

#endif
