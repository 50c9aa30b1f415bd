/*
 * The board from the inside.
 */
#ifndef SLOTCAST_BOARD_BOARD_IMPL_H
#define SLOTCAST_BOARD_BOARD_IMPL_H

#include <pthread.h>

#include "slotcast/board/board.h"
#include "slotcast/board/free.h"
#include "slotcast/board/keeper.h"
#include "slotcast/board/ledger.h"
#include "slotcast/board/touches.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

/* Slots of one page: a service on a resource and a local date in one duration. Arrays grow and are used again. */
struct page_buffer {
	int64_t *starts_us, *ends_us;
	int32_t *remaining, *capacity;
	size_t count, space;
};

struct board {
	struct keeper keeper; /* the catalog's rows */
	struct catalog *catalog;
	uint64_t revision;
	struct rules *rules;
	struct ledger ledger;
	struct place **places; /* by catalog_resource.index */
	struct free_pool pool;
	struct touches touches;
	struct rc_position position;
	int64_t oldest_us; /* when the oldest retained position was committed; INT64_MIN: not known */
	bool ready;

	struct list views;   /* open topics, topics.c */
	struct list changed; /* those with pages to look at again */
	struct page_buffer page, fresh;
	struct buf json;
	uint64_t *scratch;
	size_t scratch_words;

	pthread_mutex_t shared_lock;
	struct catalog *shared; /* what reactors parse by */
};

/* What an availability_query means once it is checked. */
struct page_shape {
	const struct catalog_service *service;
	const struct catalog_resource *resource; /* NULL: all that serve */
	int32_t from, to, duration_min, party;
};

/* Check against a catalog. RC_NOT_FOUND or RC_INVALID with *field. */
int page_shape_check(const struct catalog *catalog, const struct availability_query *query, struct page_shape *out,
		     const char **field, struct rc_fault *fault) RC_MUST_CHECK;

/* All listed slots of a page at now_us; `any_time`: as if notice and horizon did not exist. */
void page_read(struct board *board, const struct page_shape *shape, const struct catalog_resource *resource,
	       int32_t date, int64_t now_us, bool any_time, struct page_buffer *out);
void page_add(struct page_buffer *page, int64_t start_us, int64_t end_us, int32_t capacity, int32_t remaining);
void page_buffer_release(struct page_buffer *page);
enum { SLOT_KEY_MAX = 96 };
/* A slot's id, opaque to clients. Returns its length. */
size_t slot_key(char text[SLOT_KEY_MAX], int64_t service_id, int64_t resource_id, int64_t start_us, int64_t end_us);
/* By start, then resource; the keys stand in quotes, as topics have them. */
void slot_key_order(struct rc_str key, int64_t order[2]);
/* Holds that ended up to now_us count no more; remembers for the next tick what that touched. */
void board_advance(struct board *board, int64_t now_us);
enum slot_state page_state(const struct catalog_resource *resource, int32_t capacity, int32_t remaining, int32_t party);
/* Bring `remaining` of the given slots up to date. */
void page_count(struct board *board, const struct page_shape *shape, const struct catalog_resource *resource,
		int32_t date, const int64_t *starts_us, size_t count, int32_t *remaining);
/* Local dates of a service's window at now_us, inclusive. */
void page_dates(const struct page_shape *shape, int64_t now_us, int32_t *from, int32_t *to);

/* board_search for a shape that was checked. */
size_t search_run(struct board *board, const struct page_shape *shape, int64_t now_us, struct rc_arena *arena,
		  int64_t **starts_us);

/* Drop the slots outside of notice and horizon. */
void page_window(const struct catalog_service *service, int64_t now_us, struct page_buffer *page);

#endif
