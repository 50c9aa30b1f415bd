/* Which transactions of this server's writer are on the board, and at what position. */
#include "slotcast/api/marks.h"

#include <stdlib.h>

#include "tests/unit/suite.h"

static const struct rc_position board = {.epoch = 3, .n = 900};

static bool find(const struct marks *marks, uint64_t writer, uint64_t n, struct rc_position *position)
{
	*position = (struct rc_position){0};
	return marks_find(marks, (struct rc_mark){writer, n}, board, position);
}

static void what_was_seen_stands_at_its_own_position(void **state)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	struct rc_position position;

	assert_false(find(marks, 1, 1, &position));
	for (uint64_t n = 1; n <= 5; n++)
		marks_add(marks, (struct rc_mark){1, n}, (struct rc_position){3, 100 * n});
	assert_true(find(marks, 1, 5, &position));
	assert_int_equal(position.n, 500);
	assert_true(find(marks, 1, 2, &position));
	assert_int_equal(position.n, 200);
	assert_false(find(marks, 1, 6, &position));
	assert_false(find(marks, 2, 1, &position));
	free(marks);
}

static void what_was_passed_is_on_the_board_somewhere(void **state)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	struct rc_position position;

	marks_add(marks, (struct rc_mark){1, 4}, (struct rc_position){3, 400});
	marks_add(marks, (struct rc_mark){1, 7}, (struct rc_position){3, 700});
	assert_true(find(marks, 1, 5, &position));
	assert_int_equal(position.n, board.n);
	for (uint64_t n = 8; n < 8 + MARKS_KEPT; n++)
		marks_add(marks, (struct rc_mark){1, n}, (struct rc_position){3, 100 * n});
	assert_true(find(marks, 1, 7, &position));
	assert_int_equal(position.n, board.n);
	free(marks);
}

static void another_connection_proves_nothing(void **state)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	struct rc_position position;

	marks_add(marks, (struct rc_mark){1, 4}, (struct rc_position){3, 400});
	marks_add(marks, (struct rc_mark){2, 9}, (struct rc_position){3, 500});
	assert_false(find(marks, 1, 5, &position));
	assert_true(find(marks, 1, 4, &position));
	assert_int_equal(position.n, 400);
	free(marks);
}

static void positions_of_an_epoch_that_is_over_are_not_told(void **state)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	struct rc_position position;

	marks_add(marks, (struct rc_mark){1, 4}, (struct rc_position){2, 5000});
	assert_true(find(marks, 1, 4, &position));
	assert_int_equal(position.epoch, board.epoch);
	assert_int_equal(position.n, board.n);
	free(marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_stands_at_its_own_position),
		cmocka_unit_test(what_was_passed_is_on_the_board_somewhere),
		cmocka_unit_test(another_connection_proves_nothing),
		cmocka_unit_test(positions_of_an_epoch_that_is_over_are_not_told),
	};

	return RUN_TESTS(tests);
}
