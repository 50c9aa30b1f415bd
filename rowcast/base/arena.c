/*
 * Arena and the malloc family that never returns NULL (docs/decisions/0002-out-of-memory-stops.md).
 *
 * Chunks in a list, newest first; a block is cut from the newest. Chunk sizes double up to CHUNK_BYTES_MAX; a larger
 * block gets a chunk of its own size. Reset keeps the largest chunk that is not larger than that, so that one huge
 * request does not pin its memory. Under AddressSanitizer what is not handed out is poisoned and a red zone stands
 * between blocks: overruns inside a chunk are found as they are on the heap.
 */
#include "rowcast/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"

#ifdef RC_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, bytes)   ASAN_POISON_MEMORY_REGION((ptr), (bytes))
#define UNPOISON(ptr, bytes) ASAN_UNPOISON_MEMORY_REGION((ptr), (bytes))
#define RED_ZONE             16
#else
#define POISON(ptr, bytes)   ((void)0)
#define UNPOISON(ptr, bytes) ((void)0)
#define RED_ZONE             0
#endif

#define CHUNK_BYTES_MIN 256
#define CHUNK_BYTES_MAX ((size_t)256 * 1024)
#define ALIGN           16

struct rc_arena_chunk {
	struct rc_arena_chunk *older;
	size_t bytes; /* behind this header */
	_Alignas(ALIGN) char data[];
};

void rc_arena_init(struct rc_arena *arena, size_t chunk_bytes)
{
	*arena = (struct rc_arena){.chunk_bytes = chunk_bytes};
}

static void free_chunk(struct rc_arena_chunk *chunk)
{
	UNPOISON(chunk->data, chunk->bytes);
	free(chunk);
}

void rc_arena_release(struct rc_arena *arena)
{
	while (arena->chunk) {
		struct rc_arena_chunk *chunk = arena->chunk;

		arena->chunk = chunk->older;
		free_chunk(chunk);
	}
	arena->next = arena->end = NULL;
}

static void use_chunk(struct rc_arena *arena, struct rc_arena_chunk *chunk)
{
	arena->chunk = chunk;
	arena->next = chunk->data;
	arena->end = chunk->data + chunk->bytes;
	POISON(chunk->data, chunk->bytes);
}

void rc_arena_reset(struct rc_arena *arena)
{
	struct rc_arena_chunk *keep = NULL;

	while (arena->chunk) {
		struct rc_arena_chunk *chunk = arena->chunk;

		arena->chunk = chunk->older;
		if (chunk->bytes <= CHUNK_BYTES_MAX && (!keep || chunk->bytes > keep->bytes)) {
			struct rc_arena_chunk *smaller = keep;

			keep = chunk;
			chunk = smaller;
		}
		if (chunk)
			free_chunk(chunk);
	}
	arena->next = arena->end = NULL;
	if (keep) {
		keep->older = NULL;
		use_chunk(arena, keep);
	}
}

static void add_chunk(struct rc_arena *arena, size_t need)
{
	struct rc_arena_chunk *chunk;
	size_t bytes = arena->chunk_bytes < CHUNK_BYTES_MIN ? CHUNK_BYTES_MIN : arena->chunk_bytes;

	if (bytes < CHUNK_BYTES_MAX)
		arena->chunk_bytes = bytes * 2 < CHUNK_BYTES_MAX ? bytes * 2 : CHUNK_BYTES_MAX;
	if (bytes < need)
		bytes = need;
	chunk = rc_xmalloc(sizeof(*chunk) + bytes);
	chunk->bytes = bytes;
	chunk->older = arena->chunk;
	use_chunk(arena, chunk);
}

void *rc_arena_more(struct rc_arena *arena, size_t bytes)
{
	size_t step;
	char *block;

	rc_check(bytes <= PTRDIFF_MAX - 4096);
	step = (bytes + RED_ZONE + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!arena->next || step > (size_t)(arena->end - arena->next))
		add_chunk(arena, step);
	block = arena->next;
	arena->next += step;
	UNPOISON(block, bytes);
	return block;
}

void *rc_arena_zalloc(struct rc_arena *arena, size_t bytes)
{
	return memset(rc_arena_alloc(arena, bytes), 0, bytes);
}

char *rc_arena_printf(struct rc_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	rc_check(len >= 0);
	text = rc_arena_alloc(arena, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

__attribute__((noreturn)) static void out_of_memory(size_t bytes)
{
	log_event(LOG_ERROR, "out_of_memory", "the system gives no more memory; stopping", LOG_I("bytes", bytes));
	abort();
}

void *rc_xmalloc(size_t bytes)
{
	void *block = malloc(bytes ? bytes : 1);

	if (!block)
		out_of_memory(bytes);
	return block;
}

void *rc_xcalloc(size_t count, size_t bytes)
{
	void *block = calloc(count ? count : 1, bytes ? bytes : 1);

	if (!block)
		out_of_memory(bytes);
	return block;
}

void *rc_xrealloc(void *old, size_t bytes)
{
	void *block = realloc(old, bytes ? bytes : 1);

	if (!block)
		out_of_memory(bytes);
	return block;
}

char *rc_xstrdup(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(rc_xmalloc(bytes), text, bytes);
}
