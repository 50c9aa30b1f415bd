/*
 * One open shape, from the inside: shapes.c keeps the rows and asks who watches them; rows.c and totals.c say what that means
 * for their topics.
 */
#ifndef ROWCAST_SHAPE_SHAPE_H
#define ROWCAST_SHAPE_SHAPE_H

#include "rowcast/shape/shapes.h"
#include "rowcast/shape/table.h"

/* What reactors make of a subscription; the hub frees it. */
struct request {
	struct table *table;
	uint64_t columns;     /* rows: that are shown */
	uint64_t group, sums; /* totals */
	struct shape *open;   /* projector thread */
	char where[];         /* canonical */
};

struct shape {
	struct watcher watcher;
	struct shapes *shapes;
	const struct shape_kind *kind;
	const struct request *request;
	struct topic *topic;
	struct filter filter;
	struct rc_arena arena; /* the filter's */
	struct map groups;     /* totals: by key */
};

struct shape_kind {
	const char *name;
	/* The members that only this kind has; the rest of *request is made already. */
	int (*read)(const json_t *params, struct request *request, const char **field, struct rc_fault *fault);
	/* All rows that match into the topic. */
	void (*fill)(struct shape *shape);
	/* Change `n`: a row was there, and a row is there, which may be of the same key. */
	void (*gone)(struct shape *shape, const struct stored *stored, uint64_t n);
	void (*put)(struct shape *shape, const struct stored *stored, uint64_t n);
	void (*release)(struct shape *shape);
};

extern const struct shape_kind shape_rows, shape_totals;

/* A list of columns, as an array or as text; bit i = column i. Not there: 0. */
int shape_read_columns(const json_t *params, const char *member, const struct table *table, uint64_t *out,
		       const char **field, struct rc_fault *fault) RC_MUST_CHECK;
/* Rows as they were before a change that is still retained, oldest first. */
void shape_departed(struct shape *shape, void (*found)(void *arg, const struct stored *stored), void *arg);
/* Positions before it cannot be continued. */
uint64_t shape_floor(const struct shape *shape);
/* Of the newest change that was applied. */
uint64_t shape_position(const struct shape *shape);
struct buf *shape_scratch(struct shape *shape);

#endif
