/*
 * Chunks of 64 KiB at addresses that are multiples of it. A chunk asks malloc for a little less, so that malloc's own
 * header fits between two of them.
 *
 * Rejected: one large reservation of addresses (a limit on the process's addresses would hit it), numbers kept in the
 * records (four bytes each for what a division tells).
 */
#include "rowcast/base/slab.h"

#include <stdlib.h>
#include <string.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__ /* a record that was given back is as forbidden as memory that was freed */
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

#define CHUNK_BYTES (SLAB_CHUNK_BYTES - 64)

void slab_init(struct slab *slab, size_t record_bytes, void *owner)
{
	size_t bytes = (record_bytes + 7) / 8 * 8;

	*slab = (struct slab){.owner = owner, .record_bytes = bytes};
	slab->per_chunk = (uint32_t)((CHUNK_BYTES - sizeof(struct slab_chunk)) / bytes);
	rc_check(slab->per_chunk > 0);
	list_init(&slab->roomy);
}

static char *chunk_records(struct slab_chunk *chunk)
{
	return (char *)(chunk + 1);
}

static void chunk_free(struct slab_chunk *chunk)
{
	ASAN_UNPOISON_MEMORY_REGION(chunk, CHUNK_BYTES);
	free(chunk);
}

void slab_release(struct slab *slab)
{
	for (uint32_t i = 0; i < slab->chunk_count; i++) {
		if (slab->chunks[i])
			chunk_free(slab->chunks[i]);
	}
	free(slab->chunks);
	*slab = (struct slab){0};
}

static struct slab_chunk *chunk_create(struct slab *slab)
{
	struct slab_chunk *chunk;
	uint32_t index = 0;
	void *memory;

	rc_check(posix_memalign(&memory, SLAB_CHUNK_BYTES, CHUNK_BYTES) == 0);
	chunk = memory;
	while (index < slab->chunk_count && slab->chunks[index])
		index++;
	if (index == slab->chunk_count) {
		slab->chunks = rc_xrealloc(slab->chunks, (slab->chunk_count + 1) * sizeof(*slab->chunks));
		slab->chunk_count++;
	}
	slab->chunks[index] = chunk;
	*chunk = (struct slab_chunk){.slab = slab, .index = index};
	list_push_back(&slab->roomy, &chunk->roomy);
	ASAN_POISON_MEMORY_REGION(chunk_records(chunk), CHUNK_BYTES - sizeof(*chunk));
	return chunk;
}

void *slab_take(struct slab *slab)
{
	struct slab_chunk *chunk = list_empty(&slab->roomy) ? chunk_create(slab)
							    : LIST_OWNER(slab->roomy.next, struct slab_chunk, roomy);
	void *record = chunk->free;

	if (!record)
		record = chunk_records(chunk) + chunk->fresh++ * slab->record_bytes;
	ASAN_UNPOISON_MEMORY_REGION(record, slab->record_bytes);
	if (record == chunk->free)
		memcpy(&chunk->free, record, sizeof(void *));
	if (++chunk->taken == slab->per_chunk)
		list_remove(&chunk->roomy);
	if (slab->spare == chunk)
		slab->spare = NULL;
	return memset(record, 0, slab->record_bytes);
}

/* Empty: one such chunk is kept, or each connection that comes and goes alone would take and free one. */
static void chunk_emptied(struct slab_chunk *chunk)
{
	struct slab *slab = chunk->slab;

	if (!slab->spare) {
		slab->spare = chunk;
		return;
	}
	list_remove(&chunk->roomy);
	slab->chunks[chunk->index] = NULL;
	chunk_free(chunk);
}

void slab_give(void *record)
{
	struct slab_chunk *chunk = slab_chunk_of(record);
	struct slab *slab = chunk->slab;

	memcpy(record, &chunk->free, sizeof(void *));
	chunk->free = record;
	ASAN_POISON_MEMORY_REGION(record, slab->record_bytes);
	if (chunk->taken-- == slab->per_chunk)
		list_push_front(&slab->roomy, &chunk->roomy);
	if (chunk->taken == 0)
		chunk_emptied(chunk);
}

uint32_t slab_taken(const struct slab *slab)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < slab->chunk_count; i++)
		taken += slab->chunks[i] ? slab->chunks[i]->taken : 0;
	return taken;
}

/* ---- lists ---- */

static uint32_t number_of(const void *record) /* from 1 on */
{
	struct slab_chunk *chunk = slab_chunk_of(record);
	size_t at = (size_t)((const char *)record - chunk_records(chunk));

	return chunk->index * chunk->slab->per_chunk + (uint32_t)(at / chunk->slab->record_bytes) + 1;
}

static void *record_at(const struct slab_list *list, uint32_t number)
{
	const struct slab *slab = list->slab;

	if (number == 0)
		return NULL;
	number--;
	return chunk_records(slab->chunks[number / slab->per_chunk]) + number % slab->per_chunk * slab->record_bytes;
}

static struct slab_link *link_of(const struct slab_list *list, const void *record)
{
	return (struct slab_link *)((uintptr_t)record + list->offset);
}

void slab_list_push(struct slab_list *list, void *record)
{
	struct slab_link *link = link_of(list, record);
	void *before = record_at(list, list->last);

	*link = (struct slab_link){.prev = list->last};
	list->last = number_of(record);
	if (before)
		link_of(list, before)->next = list->last;
	else
		list->first = list->last;
}

void slab_list_remove(struct slab_list *list, void *record)
{
	struct slab_link *link = link_of(list, record);
	void *before = record_at(list, link->prev), *behind = record_at(list, link->next);

	if (before)
		link_of(list, before)->next = link->next;
	else
		list->first = link->next;
	if (behind)
		link_of(list, behind)->prev = link->prev;
	else
		list->last = link->prev;
}

void *slab_list_first(const struct slab_list *list)
{
	return record_at(list, list->first);
}

void *slab_list_next(const struct slab_list *list, const void *record)
{
	return record_at(list, link_of(list, record)->next);
}
