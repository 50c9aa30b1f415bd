/*
 * Hash map: linear probing, at most three quarters full, removal shifts the run back (no tombstones, so a long-lived
 * map does not slow down). The hash is kept in the entry: growing never hashes again and most unequal keys are told
 * apart without touching their bytes.
 *
 * SipHash-2-4 with one random key per process. Rejected: a faster unkeyed hash, because clients choose many of the
 * keys.
 */
#include "rowcast/base/map.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"

#define CAPACITY_MIN 16

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	rc_check(sodium_init() >= 0);
	crypto_shorthash_keygen(hash_key);
}

static uint64_t hash_of(struct rc_str key)
{
	uint64_t hash;

	pthread_once(&hash_key_once, make_hash_key);
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.ptr, key.len, hash_key);
	return hash;
}

void map_release(struct map *map)
{
	free(map->entries);
	*map = MAP_INIT;
}

/* The entry of `key`, or the empty place where it belongs. The map is not empty of places. */
static struct map_entry *probe(const struct map *map, struct rc_str key, uint64_t hash)
{
	size_t mask = map->capacity - 1;
	size_t i = (size_t)hash & mask;

	while (map->entries[i].value) {
		struct map_entry *entry = &map->entries[i];

		if (entry->hash == hash && rc_str_eq(entry->key, key))
			return entry;
		i = (i + 1) & mask;
	}
	return &map->entries[i];
}

static void grow(struct map *map)
{
	struct map old = *map;

	map->capacity = old.capacity ? old.capacity * 2 : CAPACITY_MIN;
	map->entries = rc_xcalloc(map->capacity, sizeof(*map->entries));
	for (size_t i = 0; i < old.capacity; i++) {
		size_t at = (size_t)old.entries[i].hash & (map->capacity - 1);

		if (!old.entries[i].value)
			continue;
		while (map->entries[at].value)
			at = (at + 1) & (map->capacity - 1);
		map->entries[at] = old.entries[i];
	}
	free(old.entries);
}

void *map_get(const struct map *map, struct rc_str key)
{
	return map->count ? probe(map, key, hash_of(key))->value : NULL;
}

void *map_put(struct map *map, struct rc_str key, void *value)
{
	uint64_t hash = hash_of(key);
	struct map_entry *entry;
	void *before;

	rc_check(value);
	if (map->count + 1 > map->capacity - map->capacity / 4)
		grow(map);
	entry = probe(map, key, hash);
	before = entry->value;
	map->count += !before;
	*entry = (struct map_entry){.key = key, .hash = hash, .value = value};
	return before;
}

void *map_remove(struct map *map, struct rc_str key)
{
	size_t mask = map->capacity - 1, hole, i;
	struct map_entry *entry;
	void *value;

	if (map->count == 0)
		return NULL;
	entry = probe(map, key, hash_of(key));
	value = entry->value;
	if (!value)
		return NULL;
	hole = (size_t)(entry - map->entries);
	for (i = (hole + 1) & mask; map->entries[i].value; i = (i + 1) & mask) {
		size_t home = (size_t)map->entries[i].hash & mask;

		/* It may move into the hole unless its home lies behind the hole, on the way to i. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->entries[hole] = map->entries[i];
			hole = i;
		}
	}
	map->entries[hole] = (struct map_entry){0};
	map->count--;
	return value;
}

struct map_entry *map_next(const struct map *map, size_t *cursor)
{
	while (*cursor < map->capacity) {
		struct map_entry *entry = &map->entries[(*cursor)++];

		if (entry->value)
			return entry;
	}
	return NULL;
}
