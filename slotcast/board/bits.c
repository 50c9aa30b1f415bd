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

void bits_erode_into(uint64_t *sum, const uint64_t *mask, const uint64_t *row, size_t from, size_t words, size_t length)
{
	size_t i = 0;
	const uint64_t *first = row + from / 64;
	size_t shift = from % 64;

	if (length > 64) {
		for (; i < words; i++) {
			uint64_t run = UINT64_MAX;

			if (!mask[i])
				continue;
			for (size_t at = 0; at < length && run; at += 64) {
				uint64_t low = window(row, from + 64 * i + at),
					 high = window(row, from + 64 * (i + 1) + at);
				size_t part = length - at < 64 ? length - at : 64;

				ERODE_PAIR(low, high, part)
				run &= low;
			}
			sum[i] |= mask[i] & run;
		}
		return;
	}
	/* Runs that begin at bit `shift` of each word: the erosion of the word pair, shifted down with its neighbour.
	 */
	for (; i + VECTOR_WORDS <= words; i += VECTOR_WORDS) {
		vector low, high, next, wanted, into;

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
	for (; i < words; i++) {
		uint64_t low = window(row, from + 64 * i), high = window(row, from + 64 * (i + 1));

		ERODE_PAIR(low, high, length)
		sum[i] |= low & mask[i];
	}
}
