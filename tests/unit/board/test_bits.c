/*
 * Bit rows against the obvious loop, over lengths around every power of two and every offset.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include <stdlib.h>
#include <string.h>

#include "slotcast/board/bits.h"

enum { BITS = 1500, WORDS = BITS / 64 + 8 };

static uint64_t seed = 1;

static uint64_t draw(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 11;
}

/* Mostly set, in runs, as free time is. */
static void fill(uint64_t *row)
{
	memset(row, 0, WORDS * sizeof(*row));
	for (size_t bit = 0; bit < BITS;) {
		size_t run = draw() % 200;

		bits_set_range(row, bit, bit + run < BITS ? bit + run : BITS);
		bit += run + 1 + draw() % 3;
	}
}

static bool free_from(const uint64_t *row, size_t from, size_t length)
{
	for (size_t i = from; i < from + length; i++)
		if (!bits_get(row, i))
			return false;
	return true;
}

static const size_t lengths[] = {1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 63, 64, 65, 66, 100, 127, 128, 129, 200, 300};
enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };

static void erosion_finds_every_place_where_a_run_begins(void **state)
{
	uint64_t row[WORDS], out[WORDS];

	for (size_t l = 0; l < LENGTHS; l++) {
		for (size_t from = 0; from < 130; from += 1 + draw() % 7) {
			size_t count = 1 + draw() % 700;

			fill(row);
			bits_erode(out, row, from, count, lengths[l]);
			for (size_t i = 0; i < count; i++)
				assert_int_equal(bits_get(out, i), free_from(row, from + i, lengths[l]));
		}
	}
}

static void erosion_into_a_union_adds_the_masked_starts_and_nothing_else(void **state)
{
	uint64_t row[WORDS], mask[WORDS], sum[WORDS], before[WORDS];

	for (size_t l = 0; l < LENGTHS; l++) {
		for (size_t from = 0; from < 130; from += 1 + draw() % 7) {
			size_t words = 1 + draw() % 16;

			fill(row);
			for (size_t w = 0; w < WORDS; w++) {
				mask[w] = draw() % 4 ? draw() << 20 ^ draw() : 0;
				sum[w] = draw() % 3 ? draw() & draw() : UINT64_MAX;
				before[w] = sum[w];
			}
			bits_erode_into(sum, mask, row, from, words, lengths[l]);
			for (size_t i = 0; i < words * 64; i++)
				assert_int_equal(bits_get(sum, i),
						 bits_get(before, i) ||
							 (bits_get(mask, i) && free_from(row, from + i, lengths[l])));
			assert_memory_equal(sum + words, before + words, (WORDS - words) * sizeof(*sum));
		}
	}
}

static void ranges_are_half_open(void **state)
{
	uint64_t row[4];

	for (size_t lo = 0; lo <= 192; lo++) {
		for (size_t hi = lo; hi <= 192; hi += 1 + draw() % 5) {
			memset(row, 0xff, sizeof(row));
			bits_clear_range(row, lo, hi);
			for (size_t i = 0; i < 256; i++)
				assert_int_equal(bits_get(row, i), i < lo || i >= hi);
			bits_set_range(row, lo, hi);
			for (size_t i = 0; i < 256; i++)
				assert_true(bits_get(row, i));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(erosion_finds_every_place_where_a_run_begins),
		cmocka_unit_test(erosion_into_a_union_adds_the_masked_starts_and_nothing_else),
		cmocka_unit_test(ranges_are_half_open),
	};

	return RUN_TESTS(tests);
}
