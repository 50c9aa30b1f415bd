/*
 * Bit rows: one bit per grid step of a stretch of time, bit 0 first. Pure arithmetic on words.
 */
#ifndef SLOTCAST_BOARD_BITS_H
#define SLOTCAST_BOARD_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of a row of so many bits, and one more that readers of word i + 1 may touch. */
static inline size_t bits_words(size_t bits)
{
	return (bits + 63) / 64 + 1;
}

static inline bool bits_get(const uint64_t *row, size_t bit)
{
	return row[bit / 64] >> (bit % 64) & 1;
}

static inline void bits_set(uint64_t *row, size_t bit)
{
	row[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* Clear [lo, hi). */
void bits_clear_range(uint64_t *row, size_t lo, size_t hi);
/* Set [lo, hi). */
void bits_set_range(uint64_t *row, size_t lo, size_t hi);
/*
 * out bit i (0 ≤ i < count) = the bits [from + i, from + i + length) of `row` are all set: every place where a stretch
 * of `length` free steps begins. `row` must hold from + count + length bits; out has bits_words(count + length) words.
 * log2(length) steps.
 */
void bits_erode(uint64_t *out, const uint64_t *row, size_t from, size_t count, size_t length);
/*
 * The same for a whole row with a mask, and straight into a union: sum |= mask & erode(row shifted down by `from`).
 * `row` must have bits_words(from + 64 × words + length) words. Without a buffer in between: this is what a search over
 * many rows does.
 */
void bits_erode_into(uint64_t *sum, const uint64_t *mask, const uint64_t *row, size_t from, size_t words,
		     size_t length);

#endif
