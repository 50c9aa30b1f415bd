/*
 * The board: what is free, kept in memory by the feed, on the projector thread alone. Reads never touch SQL. It is
 * advice; only the claim decides.
 *
 * Per (resource, lane) the claims by time; per (resource, local date) bitmaps at the day's grid, made when first looked
 * at and dropped when a claim of that day changes. A ring of recent touches (position, resource, span) lets any topic
 * be resumed, also after a restart: what was touched since is simply listed again.
 */
#ifndef SLOTCAST_BOARD_BOARD_H
#define SLOTCAST_BOARD_BOARD_H

#include "rowcast/change.h"
#include "rowcast/live/topic.h"
#include "slotcast/booking/rules.h"

struct board;

struct board_options {
	int64_t keep_us; /* history of touches, as the feed's */
	uint64_t keep_changes;
};

struct board *board_create(const struct board_options *options);
void board_destroy(struct board *board);

/* Load: board_row for every row of the feed's snapshot, board_history for what feed_replay retains, then board_ready.
 */
void board_row(void *board, const struct rc_model *model, const void *row);
void board_history(void *board, const struct rc_txn *txn);
void board_ready(struct board *board, struct rc_position at, struct rc_position oldest, int64_t now_us);
/* Before board_ready, where it is known: when `oldest` was committed. Else whoever resumes from there is told all that
 * time may have changed in months. */
void board_oldest_time(struct board *board, int64_t committed_us);
/* Forget everything (new epoch), before loading again. */
void board_clear(struct board *board);

/* Apply one committed transaction and bring every open topic up to date (the caller then calls hub_commit). */
void board_apply(struct board *board, const struct rc_txn *txn, int64_t now_us);
/* Apply what time alone changed up to now_us (holds ended, notice passed, horizon reached). True: topics changed →
 * hub_commit. */
bool board_tick(struct board *board, int64_t now_us);
/* When board_tick is needed next, µs UTC; INT64_MAX: never. */
int64_t board_next_tick(const struct board *board);
struct rc_position board_position(const struct board *board);
/* The catalog in force; its revision changes when one of its rows does. Borrowed; acquire it to keep it. */
struct catalog *board_catalog(const struct board *board);

enum slot_state { SLOT_AVAILABLE, SLOT_LIMITED, SLOT_BOOKED };

struct slot {
	const struct catalog_service *service;
	const struct catalog_resource *resource;
	int64_t start_us, end_us;
	int32_t capacity, remaining;
	enum slot_state state;
};

struct availability_query {
	int64_t service_id, resource_id; /* resource 0: all that serve */
	int32_t from, to;                /* local dates, inclusive, at most 92 days */
	int32_t duration_min;            /* 0: default */
	int32_t party;                   /* 0: 1 */
};

/* RC_NOT_FOUND / RC_INVALID with *field; RC_UNAVAILABLE between board_clear and board_ready. Slots in the arena, by
 * start, then resource. */
int board_availability(struct board *board, const struct availability_query *query, int64_t now_us,
		       struct rc_arena *arena, struct slot **slots, size_t *count, const char **field,
		       struct rc_fault *fault) RC_MUST_CHECK;
/* "SERVICE-RESOURCE-START-DURATION" as one opaque id; KEY in `remove`. Written as JSON object {id, service, …}. */
void slot_write(struct buf *out, const struct slot *slot);

/*
 * Any-of search: the starts in [from, to] at which at least one resource that the query allows can take the party,
 * ascending, each once, in the arena. 1,000 resources over 30 days in well under a millisecond (bench/search.c). Errors
 * as board_availability.
 */
int board_search(struct board *board, const struct availability_query *query, int64_t now_us, struct rc_arena *arena,
		 int64_t **starts_us, size_t *count, const char **field, struct rc_fault *fault) RC_MUST_CHECK;

/* Free places for the same service, party and duration within 14 days of `start_us`, best first: same resource nearest
 * time, same time elsewhere, next day, then nearest. At most `max`. `why`: "same-resource" | "same-time" | "next-day" |
 * "nearest". */
struct alternative {
	struct slot slot;
	const char *why;
};
size_t board_alternatives(struct board *board, int64_t service_id, int64_t resource_id, int64_t start_us,
			  int32_t duration_min, int32_t party, int64_t now_us, struct alternative *out, size_t max);

/* Topic source "availability" (slotcast/board/topics.c). */
struct topic_source board_topic_source(struct board *board);
/* Parsing happens on reactors and needs names and zones only: give it the catalog in force (takes a reference). Any
 * thread. */
void board_share_catalog(struct board *board, struct catalog *catalog);

#endif
