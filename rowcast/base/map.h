/*
 * Hash map from byte strings to pointers: open addressing, SipHash with a random key, so that nobody can choose
 * collisions. Keys are borrowed and must outlive their entry.
 */
#ifndef ROWCAST_BASE_MAP_H
#define ROWCAST_BASE_MAP_H

#include "rowcast/str.h"

struct map_entry {
	struct rc_str key;
	uint64_t hash;
	void *value; /* NULL: empty place */
};

struct map {
	struct map_entry *entries;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

#define MAP_INIT ((struct map){0})

void map_release(struct map *map);                       /* the values are the caller's */
void *map_get(const struct map *map, struct rc_str key); /* NULL: not there */
/* Insert or replace; returns the value that was there before, or NULL. `value` must not be NULL. */
void *map_put(struct map *map, struct rc_str key, void *value);
void *map_remove(struct map *map, struct rc_str key); /* the removed value, or NULL */
/* Iterate: for (size_t i = 0; (e = map_next(map, &i)); ) — no insertion meanwhile. */
struct map_entry *map_next(const struct map *map, size_t *cursor);
/* An integer as key: borrows the caller's variable. */
#define MAP_KEY(lvalue) ((struct rc_str){(const char *)&(lvalue), sizeof(lvalue)})

#endif
