/* Hash map and intrusive list. */
#include "tests/unit/suite.h"

#include "rowcast/base/list.h"
#include "rowcast/base/map.h"

#define KEYS 5000

static void what_was_put_is_found_and_nothing_else(void **state)
{
	struct map map = MAP_INIT;
	int a, b;

	assert_null(map_get(&map, RC_STR("a")));
	assert_null(map_remove(&map, RC_STR("a")));
	assert_null(map_put(&map, RC_STR("a"), &a));
	assert_null(map_put(&map, RC_STR(""), &b));
	assert_ptr_equal(map_get(&map, RC_STR("a")), &a);
	assert_ptr_equal(map_get(&map, RC_STR_NONE), &b);
	assert_null(map_get(&map, RC_STR("aa")));
	map_release(&map);
	assert_null(map_get(&map, RC_STR("a")));
}

static void putting_again_replaces_value_and_borrowed_key(void **state)
{
	struct map map = MAP_INIT;
	char first[] = "key", second[] = "key";
	int a, b;

	map_put(&map, rc_str_from(first), &a);
	assert_ptr_equal(map_put(&map, rc_str_from(second), &b), &a);
	first[0] = 'x';
	assert_ptr_equal(map_get(&map, RC_STR("key")), &b);
	assert_int_equal(map.count, 1);
	map_release(&map);
}

/* The same random puts and removes on the map and on a plain table. */
static void a_long_random_life_agrees_with_a_plain_table(void **state)
{
	static uint32_t keys[KEYS];
	static void *model[KEYS];
	struct map map = MAP_INIT;
	size_t count = 0;
	uint32_t random = 1;

	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = i;
	for (int round = 0; round < 200000; round++) {
		uint32_t i;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % KEYS;
		if (random >> 31) {
			void *before = map_put(&map, MAP_KEY(keys[i]), &keys[i]);

			assert_ptr_equal(before, model[i]);
			count += !model[i];
			model[i] = &keys[i];
		} else {
			assert_ptr_equal(map_remove(&map, MAP_KEY(keys[i])), model[i]);
			count -= !!model[i];
			model[i] = NULL;
		}
		assert_int_equal(map.count, count);
	}
	for (uint32_t i = 0; i < KEYS; i++)
		assert_ptr_equal(map_get(&map, MAP_KEY(keys[i])), model[i]);
	map_release(&map);
}

static void iterating_visits_every_entry_once(void **state)
{
	static int keys[1000], seen[1000];
	struct map map = MAP_INIT;
	struct map_entry *entry;
	size_t cursor = 0, visits = 0;

	for (int i = 0; i < 1000; i++) {
		keys[i] = i;
		map_put(&map, MAP_KEY(keys[i]), &keys[i]);
	}
	while ((entry = map_next(&map, &cursor))) {
		seen[*(int *)entry->value]++;
		visits++;
	}
	assert_int_equal(visits, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(seen[i], 1);
	map_release(&map);
}

struct item {
	int number;
	struct list list;
};

static void a_list_keeps_the_order_in_which_nodes_were_pushed(void **state)
{
	struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 0}};
	struct list head;
	int expected = 0;

	list_init(&head);
	assert_true(list_empty(&head));
	list_push_back(&head, &items[0].list);
	list_push_back(&head, &items[1].list);
	list_push_front(&head, &items[2].list);
	LIST_EACH (node, &head) {
		assert_int_equal(LIST_OWNER(node, struct item, list)->number, expected);
		expected++;
	}
	assert_int_equal(expected, 3);
	assert_ptr_equal(list_pop_front(&head), &items[2].list);
}

static void a_node_may_be_removed_twice_and_while_iterating(void **state)
{
	struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
	struct list head;

	list_init(&head);
	for (int i = 0; i < 4; i++)
		list_push_back(&head, &items[i].list);
	LIST_EACH_SAFE (node, &head) {
		if (LIST_OWNER(node, struct item, list)->number % 2)
			list_remove(node);
	}
	assert_true(list_idle(&items[1].list));
	list_remove(&items[1].list);
	assert_ptr_equal(list_pop_front(&head), &items[0].list);
	assert_ptr_equal(list_pop_front(&head), &items[2].list);
	assert_null(list_pop_front(&head));
}

static void a_zeroed_node_is_idle_and_may_be_removed(void **state)
{
	struct list node = {0};

	assert_true(list_idle(&node));
	list_remove(&node);
	assert_true(list_idle(&node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found_and_nothing_else),
		cmocka_unit_test(putting_again_replaces_value_and_borrowed_key),
		cmocka_unit_test(a_long_random_life_agrees_with_a_plain_table),
		cmocka_unit_test(iterating_visits_every_entry_once),
		cmocka_unit_test(a_list_keeps_the_order_in_which_nodes_were_pushed),
		cmocka_unit_test(a_node_may_be_removed_twice_and_while_iterating),
		cmocka_unit_test(a_zeroed_node_is_idle_and_may_be_removed),
	};

	return RUN_TESTS(tests);
}
