/*
 * The rows of a table that shapes can be made of, in memory, and which shapes watch which of them. Projector thread.
 *
 * The index: a signature is a set of columns that shapes compare for equality, and perhaps one that they bound. Each has its
 * buckets by the values of those columns, and a bucket has the rows that stand there and the intervals that shapes watch. So
 * a change asks once per signature, not once per shape, and a shape that is opened reads the rows of its buckets:
 *
 *   {"room": 7}                            signature (room)          bucket (7)
 *   {"room": [7, 8]}                       signature (room)          buckets (7), (8)
 *   {"room": 7, "at": {"gte": …}}          signature (room; at)      bucket (7), interval […, ∞)
 *   {} or {"note": null}                   signature ()              the only bucket
 *
 * What the signature leaves open, the filter decides. A table has signatures_max of them; beyond that, one that nobody
 * uses gives way, and else a shape is watched under (), where each change asks its filter.
 */
#ifndef ROWCAST_SHAPE_TABLE_H
#define ROWCAST_SHAPE_TABLE_H

#include "rowcast/base/list.h"
#include "rowcast/base/map.h"
#include "rowcast/shape/filter.h"
#include "rowcast/shape/spans.h"

struct stored {
	uint64_t n;           /* number of its last change, as far as known; 0: older */
	struct entry *places; /* in buckets, by `next` */
	struct rc_str key;    /* JSON */
	const void *row;      /* the model's struct; with the texts in the same block */
};

struct watcher {
	const struct filter *filter;
	struct signature *signature;
};

struct table {
	const struct rc_model *model;
	uint64_t allowed; /* columns that may be read and compared */
	struct map rows;  /* by key */
	struct signature **signatures;
	size_t signature_count, signatures_max;
};

void table_init(struct table *table, const struct rc_model *model, uint64_t allowed, size_t signatures_max);
/* No watchers are left. */
void table_release(struct table *table);
/* All rows go; watchers stay. */
void table_clear(struct table *table);

/* A copy of `row`. */
struct stored *stored_create(const struct rc_model *model, const void *row, uint64_t n);
void stored_free(struct stored *stored);
/* The primary key as JSON: one value, or an array of them. */
void row_key(const struct rc_model *model, const void *row, struct buf *out);

/* The table takes it; there is none of this key. */
void table_add(struct table *table, struct stored *stored);
/* Out of the table; the caller's from here on. NULL: there is none. */
struct stored *table_take(struct table *table, struct rc_str key);

void table_watch(struct table *table, struct watcher *watcher);
void table_unwatch(struct table *table, struct watcher *watcher);
/* Everybody whose filter holds for the row, once each. */
void table_watchers(struct table *table, const void *row, void (*found)(void *arg, struct watcher *watcher), void *arg);
/* Every row for which the watcher's filter holds. */
void table_rows(struct table *table, const struct watcher *watcher,
		void (*found)(void *arg, const struct stored *stored), void *arg);

#endif
