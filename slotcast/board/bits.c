/*
 * Erosion by doubling: a run of 2k set bits begins where a run of k begins and another k bits further, so a run of n
 * takes log2(n) steps of "and with itself shifted down", whatever n is. Lengths up to 64 bits need the word and its
 * right neighbour only and stay in registers; GCC's vector extension does two or four words at once without asking for
 * a processor.
 */
#include "slotcast/board/bits.h"

#include <string.h>

enum { VECTOR_WORDS = 4 };

typedef uint64_t vector __attribute__((vector_size(VECTOR_WORDS * 8)));

void bits_clear_range(uint64_t *row, size_t lo, size_t hi)
{
	for (; lo < hi && lo % 64; lo++)
		row[lo / 64] &= ~(UINT64_C(1) << (lo % 64));
	for (; lo + 64 <= hi; lo += 64)
		row[lo / 64] = 0;
	for (; lo < hi; lo++)
		row[lo / 64] &= ~(UINT64_C(1) << (lo % 64));
}

void bits_set_range(uint64_t *row, size_t lo, size_t hi)
{
	for (; lo < hi && lo % 64; lo++)
		bits_set(row, lo);
	for (; lo + 64 <= hi; lo += 64)
		row[lo / 64] = UINT64_MAX;
	for (; lo < hi; lo++)
		bits_set(row, lo);
}

/* The 64 bits from any bit on. */
static uint64_t window(const uint64_t *row, size_t bit)
{
	size_t word = bit / 64, shift = bit % 64;

	return shift ? row[word] >> shift | row[word + 1] << (64 - shift) : row[word];
}

void bits_erode(uint64_t *out, const uint64_t *row, size_t from, size_t count, size_t length)
{
	size_t bits = count + length, words = bits_words(bits), have = 1;

	for (size_t i = 0; i + 1 < words; i++)
		out[i] = window(row, from + 64 * i);
	out[words - 1] = 0;
	while (have < length) {
		size_t step = have < length - have ? have : length - have;
		size_t whole = step / 64, rest = step % 64;

		for (size_t i = 0; i < words; i++) {
			uint64_t low = i + whole < words ? out[i + whole] : 0;
			uint64_t high = i + whole + 1 < words ? out[i + whole + 1] : 0;

			out[i] &= rest ? low >> rest | high << (64 - rest) : low;
		}
		have += step;
	}
}

/* 64 results from two neighbouring words; bits of `high` beyond those that are still whole runs are never read. */
#define ERODE_PAIR(low, high, length)                                                                                  \
	for (size_t have = 1; have < (length);) {                                                                      \
		size_t step = have < (length)-have ? have : (length)-have;                                             \
                                                                                                                       \
		(low) &= (low) >> step | (high) << (64 - step);                                                        \
		(high) &= (high) >> step;                                                                              \
		have += step;                                                                                          \
	}

/* One word, any length. */
static uint64_t erode_word(const uint64_t *row, size_t bit, size_t length)
{
	uint64_t run = UINT64_MAX;

	for (size_t at = 0; at < length && run; at += 64) {
		uint64_t low = window(row, bit + at), high = window(row, bit + at + 64);
		size_t part = length - at < 64 ? length - at : 64;

		ERODE_PAIR(low, high, part)
		run &= low;
	}
	return run;
}

/*
 * As many whole vectors as there are; returns the words done. A vector in which every wanted start is found already is
 * not looked at: a search over many rows soon has most of them.
 */
static inline __attribute__((always_inline)) size_t erode_vectors(uint64_t *sum, const uint64_t *mask,
								  const uint64_t *row, size_t from, size_t words,
								  size_t length)
{
	const uint64_t *first = row + from / 64;
	size_t shift = from % 64, i = 0;

	for (; i + VECTOR_WORDS <= words; i += VECTOR_WORDS) {
		vector low, high, next, wanted, into;
		uint64_t left = 0;

		for (size_t k = 0; k < VECTOR_WORDS; k++)
			left |= mask[i + k] & ~sum[i + k];
		if (!left)
			continue;
		memcpy(&low, first + i, sizeof(low));
		memcpy(&high, first + i + 1, sizeof(high));
		memcpy(&wanted, mask + i, sizeof(wanted));
		memcpy(&into, sum + i, sizeof(into));
		if (shift) {
			memcpy(&next, first + i + 2, sizeof(next));
			low = low >> shift | high << (64 - shift);
			high = high >> shift | next << (64 - shift);
		}
		ERODE_PAIR(low, high, length)
		into |= low & wanted;
		memcpy(sum + i, &into, sizeof(into));
	}
	return i;
}

static size_t erode_plain(uint64_t *sum, const uint64_t *mask, const uint64_t *row, size_t from, size_t words,
			  size_t length)
{
	return erode_vectors(sum, mask, row, from, words, length);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static size_t erode_avx2(uint64_t *sum, const uint64_t *mask, const uint64_t *row,
							 size_t from, size_t words, size_t length)
{
	return erode_vectors(sum, mask, row, from, words, length);
}
#endif

void bits_erode_into(uint64_t *sum, const uint64_t *mask, const uint64_t *row, size_t from, size_t words, size_t length)
{
	size_t i = 0;

	if (length <= 64) {
#ifdef __x86_64__
		if (__builtin_cpu_supports("avx2"))
			i = erode_avx2(sum, mask, row, from, words, length);
		else
#endif
			i = erode_plain(sum, mask, row, from, words, length);
	}
	for (; i < words; i++)
		if (mask[i] & ~sum[i])
			sum[i] |= mask[i] & erode_word(row, from + 64 * i, length);
}
