/*
 * Shapes: tables as live topics. A subscription names a table and what it wants of it:
 *
 *   {"topic": "rows",   "table": "session", "columns": ["id", "taken"], "where": {"resource_id": 3}}
 *   {"topic": "totals", "table": "session", "group": ["resource_id"], "sum": ["taken"], "where": {…}}
 *
 * rows    the rows for which `where` holds (filter.h), with their key's columns and `columns` (all that may be read when it
 *         is not given). A row that no longer matches is in `remove` by its key, for those who could see it before.
 * totals  one row per combination of the group's values: these, `count`, and `sum_COLUMN` of whole numbers (NULL counts
 *         as 0). A combination without rows is no more. Its key is the array of the group's values.
 *
 * In a query string each member is text: `where` as JSON, lists as JSON or with commas. Shapes that mean the same have one
 * topic. The rows of the tables are kept in memory, from the feed's snapshot on; so a shape that is opened costs the rows that
 * it has, and a change the shapes that have it (table.h).
 *
 * Everything is the projector thread's but `parse` of the sources, which reads what shapes_create was given.
 */
#ifndef ROWCAST_SHAPE_SHAPES_H
#define ROWCAST_SHAPE_SHAPES_H

#include "rowcast/live/topic.h"

struct shapes_table {
	const struct rc_model *model;
	uint64_t columns; /* that may be read and compared, bit i = column i; the key's are among them */
};

/* What an operator may set. [default] */
struct shapes_limits {
	int64_t values_max; /* of one list in `where` [256] */
	int64_t signatures_max; /* combinations of columns that shapes of one table compare, each with an index; ≥ 1 [16] */
	int64_t departed_max; /* rows of all tables as they were before, for who resumes [100,000] */
};

struct shapes_options {
	const struct shapes_table *tables;
	size_t table_count;
	struct shapes_limits limits;
};

struct shapes *shapes_create(const struct shapes_options *options);
/* No topic of its sources is left. */
void shapes_destroy(struct shapes *shapes);

/*
 * Loading, also again after a break: clear → each row of the feed's snapshot → each retained transaction (may be left out) →
 * ready. `at`: the snapshot's position; `oldest`: where the history begins, positions before it cannot be continued.
 */
void shapes_clear(struct shapes *shapes);
void shapes_row(struct shapes *shapes, const struct rc_model *model, const void *row);
void shapes_history(struct shapes *shapes, const struct rc_txn *txn);
void shapes_ready(struct shapes *shapes, struct rc_position at, struct rc_position oldest);
/* Before hub_commit of the same transaction. */
void shapes_apply(struct shapes *shapes, const struct rc_txn *txn);

#define SHAPES_SOURCES 2
void shapes_sources(struct shapes *shapes, struct topic_source out[SHAPES_SOURCES]);

#endif
