/*
 * Views: the open availability topics, page by page, so that a touch costs the slots that it can have changed and time
 * costs the pages whose instant has come.
 */
#ifndef SLOTCAST_BOARD_VIEWS_H
#define SLOTCAST_BOARD_VIEWS_H

#include "slotcast/board/board_impl.h"

struct view_slot {
	int64_t start_us, end_us;
	int32_t remaining, capacity;
};

/* What the topic shows of one resource and local date. */
struct view_page {
	struct view_slot *slots; /* by start */
	size_t count;
	int64_t due_us; /* when time changes it next */
	bool dirty;
	bool whole;                           /* read it all again */
	int64_t touched_lo_us, touched_hi_us; /* else only slots that these can have changed */
};

struct view {
	struct list in_board, in_changed;
	struct board *board;
	struct topic *topic;
	struct availability_query query;
	struct page_shape shape;                   /* as the catalog in force has it */
	const struct catalog_resource **resources; /* that it shows */
	size_t resource_count;
	int32_t days;
	struct view_page *pages; /* resource × day */
	size_t *dirty;           /* indexes into pages */
	size_t dirty_count, dirty_capacity;
	int64_t due_us; /* least of the pages' */
	bool told;      /* the topic was changed since views_told */
};

/* A place knows who shows it. */
struct view_link {
	struct view *view;
	size_t resource; /* index in view->resources */
};

struct view *view_create(struct board *board, struct topic *topic, const struct availability_query *query);
void view_destroy(struct view *view);
/* Read all pages. RC_NOT_FOUND, RC_INVALID: the query does not fit the catalog. RC_LIMIT: too many slots. Tells the
 * topic nothing. */
int view_open(struct view *view, int64_t now_us, struct rc_fault *fault) RC_MUST_CHECK;
/* The slots that a span of claimed time can change: starts in (*lo_us, *hi_us). */
void view_reach(const struct view *view, const struct catalog_resource *resource, int64_t *lo_us, int64_t *hi_us);
void view_put(struct view *view, const struct catalog_resource *resource, const struct view_slot *slot, uint64_t n);
void view_remove(struct view *view, int64_t resource_id, int64_t start_us, int64_t end_us, uint64_t n);

void views_touch(struct board *board, const struct ledger_touch *touch);
/* The catalog changed: everything is looked at anew. */
void views_renew(struct board *board, int64_t now_us);
/* Look again at what was touched. */
void views_refresh(struct board *board, int64_t now_us);
/* Apply what time changed. True: a topic was changed. */
bool views_tick(struct board *board, int64_t now_us);
int64_t views_next_tick(const struct board *board);
/* Before a reload: nothing points at the catalog or at places any more. */
void views_forget(struct board *board);

#endif
