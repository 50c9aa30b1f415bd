/*
 * Random numbers that a seed repeats (xorshift64*), for simulations: a failure names its seed.
 */
#ifndef TESTS_UNIT_SEEDED_H
#define TESTS_UNIT_SEEDED_H

#include <stdint.h>

static uint64_t seed_now, random_state;

static inline void seed_begin(uint64_t number)
{
	seed_now = number;
	random_state = number * 0x9e3779b97f4a7c15ull + 1;
}

/* 0 … limit - 1 */
static inline uint32_t below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % limit;
}

#endif
