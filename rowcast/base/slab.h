/*
 * Records of one size, many of them: no header and no rounding for each, as malloc has, and lists among them whose
 * links are numbers of 32 bits. For what a process has as many of as it has connections.
 *
 * A record does not move. What it belongs to (the slab's `owner`) is found from its address, so it need not say so. A
 * chunk whose last record is given back goes back to the system, but for one. One thread.
 */
#ifndef ROWCAST_BASE_SLAB_H
#define ROWCAST_BASE_SLAB_H

#include <stdint.h>

#include "rowcast/base/list.h"

#define SLAB_CHUNK_BYTES 65536 /* and their alignment */

struct slab {
	void *owner;
	size_t record_bytes;
	uint32_t per_chunk;
	struct slab_chunk **chunks; /* by the numbers of their records; NULL: none */
	uint32_t chunk_count;
	struct list roomy; /* chunks with a free record */
	struct slab_chunk *spare;
};

struct slab_chunk {
	struct slab *slab;
	struct list roomy;
	uint32_t index; /* in slab->chunks */
	uint32_t taken; /* records */
	uint32_t fresh; /* those from here on were never taken, their memory was never touched */
	void *free;     /* records that were given back; each begins with the next one's address */
};

/* record_bytes is rounded up to a multiple of 8. */
void slab_init(struct slab *slab, size_t record_bytes, void *owner);
void slab_release(struct slab *slab); /* all records with it */
void *slab_take(struct slab *slab);   /* zeroed */
void slab_give(void *record);
uint32_t slab_taken(const struct slab *slab); /* records, counted by chunk */

static inline struct slab_chunk *slab_chunk_of(const void *record)
{
	return (struct slab_chunk *)((uintptr_t)record & ~(uintptr_t)(SLAB_CHUNK_BYTES - 1));
}
static inline void *slab_owner(const void *record)
{
	return slab_chunk_of(record)->slab->owner;
}

/* A list of records through the link that each has at `offset`; a record is in at most one list at a time. */
struct slab_link {
	uint32_t prev, next; /* record's number + 1; 0: the end */
};
struct slab_list {
	struct slab *slab;
	size_t offset;
	uint32_t first, last;
};

void slab_list_push(struct slab_list *list, void *record); /* at the end */
void slab_list_remove(struct slab_list *list, void *record);
void *slab_list_first(const struct slab_list *list); /* NULL: none */
void *slab_list_next(const struct slab_list *list, const void *record);

#endif
