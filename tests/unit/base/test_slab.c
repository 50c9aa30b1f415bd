/* Records of one size, and lists among them. */
#include "tests/unit/suite.h"

#include "rowcast/base/slab.h"

struct thing {
	uint64_t value;
	struct slab_link link;
	char rest[64];
};

#define MANY 5000 /* several chunks */

static struct slab slab;
static struct thing *things[MANY];

static void take_all(void)
{
	slab_init(&slab, sizeof(struct thing), &slab);
	for (size_t i = 0; i < MANY; i++) {
		things[i] = slab_take(&slab);
		things[i]->value = i;
	}
}

static uint32_t chunks(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < slab.chunk_count; i++)
		count += slab.chunks[i] != NULL;
	return count;
}

static void records_are_apart_and_know_whose_they_are(void **state)
{
	take_all();
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(things[i]->value, i);
		assert_ptr_equal(slab_owner(things[i]), &slab);
	}
	slab_release(&slab);
}

static void a_record_costs_no_more_than_its_bytes(void **state)
{
	take_all();
	assert_in_range(chunks() * (size_t)SLAB_CHUNK_BYTES, MANY * sizeof(struct thing),
			MANY * sizeof(struct thing) + SLAB_CHUNK_BYTES + MANY);
	slab_release(&slab);
}

static void a_record_that_was_given_back_comes_again_and_is_zeroed(void **state)
{
	take_all();
	slab_give(things[7]);
	assert_ptr_equal(slab_take(&slab), things[7]);
	assert_int_equal(things[7]->value, 0);
	slab_release(&slab);
}

static void chunks_without_a_record_go_back_but_for_one(void **state)
{
	take_all();
	assert_true(chunks() > 3);
	assert_int_equal(slab_taken(&slab), MANY);
	for (size_t i = 0; i < MANY; i++)
		slab_give(things[i]);
	assert_int_equal(chunks(), 1);
	assert_int_equal(slab_taken(&slab), 0);
	for (size_t i = 0; i < MANY; i++)
		things[i] = slab_take(&slab);
	assert_int_equal(chunks(), slab.chunk_count);
	slab_release(&slab);
}

static void a_list_keeps_its_order_whoever_leaves(void **state)
{
	struct slab_list list = {.slab = &slab, .offset = offsetof(struct thing, link)};
	uint64_t before = 0;
	size_t seen = 0;

	take_all();
	for (size_t i = 0; i < MANY; i++)
		slab_list_push(&list, things[i]);
	for (size_t i = 0; i < MANY; i++) { /* the first and the last among them */
		if (i % 3 == 0 || i == MANY - 1)
			slab_list_remove(&list, things[i]);
	}
	slab_list_push(&list, things[MANY - 1]);
	for (struct thing *thing = slab_list_first(&list); thing; thing = slab_list_next(&list, thing)) {
		assert_true(thing->value > before && thing->value % 3 > 0);
		before = thing->value;
		seen++;
	}
	assert_int_equal(seen, MANY - (MANY + 2) / 3);
	assert_int_equal(before, MANY - 1);
	slab_release(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_apart_and_know_whose_they_are),
		cmocka_unit_test(a_record_costs_no_more_than_its_bytes),
		cmocka_unit_test(a_record_that_was_given_back_comes_again_and_is_zeroed),
		cmocka_unit_test(chunks_without_a_record_go_back_but_for_one),
		cmocka_unit_test(a_list_keeps_its_order_whoever_leaves),
	};

	return RUN_TESTS(tests);
}
