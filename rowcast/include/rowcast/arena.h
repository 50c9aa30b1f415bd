/*
 * Arena: memory of one request, one transaction or one query result; everything in it dies together.
 *
 * Out of memory stops the process (docs/decisions/0002-out-of-memory-stops.md): allocation never returns NULL, and
 * every size that an outsider controls is bounded by an option before it reaches an arena.
 */
#ifndef ROWCAST_ARENA_H
#define ROWCAST_ARENA_H

#include "rowcast/err.h"
#include "rowcast/str.h"

#if defined(__SANITIZE_ADDRESS__)
#define RC_ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RC_ARENA_ASAN 1
#endif
#endif

struct rc_arena {
	struct rc_arena_chunk *chunk; /* newest first */
	char *next, *end;
	size_t chunk_bytes; /* size of the next chunk */
};

/* chunk_bytes: first chunk's size, e.g. 4096; nothing is allocated until it is needed. */
void rc_arena_init(struct rc_arena *arena, size_t chunk_bytes);
/* Free everything; legal on a zeroed arena and twice. */
void rc_arena_release(struct rc_arena *arena);
/* Forget everything but keep one chunk, so that a steady state allocates nothing. */
void rc_arena_reset(struct rc_arena *arena);
/* rc_arena_alloc where the newest chunk has no room; also what checks every block under AddressSanitizer. */
void *rc_arena_more(struct rc_arena *arena, size_t bytes);

/* 16-byte aligned, not zeroed. Inline: a row read is a handful of these. */
static inline void *rc_arena_alloc(struct rc_arena *arena, size_t bytes)
{
#ifndef RC_ARENA_ASAN
	size_t step = (bytes + 15) & ~(size_t)15; /* 0 where the sum overflows: that is no room, below */

	if (step - 1 < (size_t)(arena->end - arena->next)) {
		void *block = arena->next;

		arena->next += step;
		return block;
	}
#endif
	return rc_arena_more(arena, bytes);
}

void *rc_arena_zalloc(struct rc_arena *arena, size_t bytes);
#define RC_ARENA_NEW(arena, type)          ((type *)rc_arena_zalloc((arena), sizeof(type)))
#define RC_ARENA_ARRAY(arena, type, count) ((type *)rc_arena_zalloc((arena), sizeof(type) * (size_t)(count)))
/* Copies; the result is also NUL-terminated. */
static inline struct rc_str rc_arena_copy(struct rc_arena *arena, struct rc_str s)
{
	char *copy = (char *)rc_arena_alloc(arena, s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct rc_str){copy, s.len};
}

char *rc_arena_printf(struct rc_arena *arena, const char *format, ...) RC_PRINTF(2, 3);

/* malloc family that stops the process instead of returning NULL. Free with free(). */
void *rc_xmalloc(size_t bytes);
void *rc_xcalloc(size_t count, size_t bytes);
void *rc_xrealloc(void *old, size_t bytes);
char *rc_xstrdup(const char *text);

#endif
