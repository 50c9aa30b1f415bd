/* Arena, buffer, and what happens when memory ends. */
#include "tests/unit/suite.h"

#include <stdlib.h>

#include "death.h"
#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"

static void every_block_is_aligned_and_apart_from_the_others(void **state)
{
	struct rc_arena arena;
	char *blocks[200];

	rc_arena_init(&arena, 512);
	for (size_t i = 0; i < 200; i++) {
		blocks[i] = rc_arena_alloc(&arena, i);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)i, i);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i; k++)
			assert_int_equal((unsigned char)blocks[i][k], i);
	}
	rc_arena_release(&arena);
}

static void a_block_larger_than_a_chunk_is_given(void **state)
{
	struct rc_arena arena;
	char *big;

	rc_arena_init(&arena, 256);
	big = rc_arena_zalloc(&arena, 1000000);
	assert_int_equal(big[0] | big[999999], 0);
	rc_arena_release(&arena);
}

static void reset_keeps_a_chunk_so_that_the_next_round_takes_the_same_memory(void **state)
{
	struct rc_arena arena;
	void *first;

	rc_arena_init(&arena, 4096);
	first = rc_arena_alloc(&arena, 100);
	rc_arena_reset(&arena);
	assert_ptr_equal(rc_arena_alloc(&arena, 100), first);
	rc_arena_release(&arena);
}

static void reset_gives_a_huge_chunk_back(void **state)
{
	struct rc_arena arena;
	void *small;

	rc_arena_init(&arena, 4096);
	small = rc_arena_alloc(&arena, 100);
	rc_arena_alloc(&arena, 10 * 1024 * 1024);
	rc_arena_reset(&arena);
	assert_ptr_equal(rc_arena_alloc(&arena, 100), small);
	rc_arena_release(&arena);
}

static void release_may_be_called_twice_and_on_a_zeroed_arena(void **state)
{
	struct rc_arena arena = {0};

	rc_arena_release(&arena);
	assert_non_null(rc_arena_alloc(&arena, 1));
	rc_arena_release(&arena);
	rc_arena_release(&arena);
	assert_null(arena.chunk);
}

static void copies_end_in_nul_and_keep_inner_ones(void **state)
{
	struct rc_arena arena;
	struct rc_str copy;

	rc_arena_init(&arena, 256);
	copy = rc_arena_copy(&arena, RC_STR("a\0b"));
	assert_memory_equal(copy.ptr, "a\0b\0", 4);
	assert_int_equal(copy.len, 3);
	copy = rc_arena_copy(&arena, RC_STR_NONE);
	assert_string_equal(copy.ptr, "");
	assert_string_equal(rc_arena_printf(&arena, "%s-%d", "slot", 7), "slot-7");
	rc_arena_release(&arena);
}

static void overflow_the_arena(void)
{
	struct rc_arena arena = {0};

	rc_arena_alloc(&arena, SIZE_MAX - 8);
}

static void a_size_that_cannot_be_stops_the_process(void **state)
{
	assert_true(stops_the_process(overflow_the_arena));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED /* their shadow memory does not fit below a limit */
static void ask_for_more_than_there_is(void)
{
	const struct rlimit little = {64 << 20, 64 << 20};

	setrlimit(RLIMIT_AS, &little);
	rc_xmalloc((size_t)1 << 40);
}

static void out_of_memory_stops_the_process(void **state)
{
	assert_true(stops_the_process(ask_for_more_than_there_is));
}
#endif

static void break_an_invariant(void)
{
	rc_check(1 + 1 == 3);
}

static void keep_an_invariant(void)
{
	rc_check(1 + 1 == 2);
}

static void a_broken_invariant_stops_the_process_and_a_kept_one_does_not(void **state)
{
	assert_true(stops_the_process(break_an_invariant));
	assert_false(stops_the_process(keep_an_invariant));
}

static void a_buffer_grows_and_keeps_its_bytes(void **state)
{
	struct buf buf = BUF_INIT;

	for (int i = 0; i < 10000; i++)
		buf_append_char(&buf, (char)('a' + i % 26));
	assert_int_equal(buf.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	buf_release(&buf);
	assert_int_equal(buf.len + buf.cap, 0);
}

static void consuming_drops_bytes_from_the_front(void **state)
{
	struct buf buf = BUF_INIT;

	buf_append_str(&buf, RC_STR("abcdef"));
	buf_consume(&buf, 2);
	assert_string_equal(buf_cstr(&buf), "cdef");
	buf_consume(&buf, 4);
	assert_string_equal(buf_cstr(&buf), "");
	buf_release(&buf);
}

static void consume_too_much(void)
{
	struct buf buf = BUF_INIT;

	buf_append_char(&buf, 'a');
	buf_consume(&buf, 2);
}

static void consuming_more_than_there_is_stops_the_process(void **state)
{
	assert_true(stops_the_process(consume_too_much));
}

static void printing_appends_texts_of_any_length(void **state)
{
	struct buf buf = BUF_INIT;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_printf(&buf, "%d,", 42);
	buf_printf(&buf, "%s!", text);
	assert_int_equal(buf.len, 3 + 999 + 1);
	assert_memory_equal(buf.data, "42,x", 4);
	assert_int_equal(buf.data[buf.len - 1], '!');
	buf_release(&buf);
}

static void printing_loses_no_byte_whatever_room_there_is(void **state)
{
	for (int len = 0; len < 300; len++) {
		struct buf buf = BUF_INIT;

		buf_printf(&buf, "%*s", len, "");
		buf_append_char(&buf, '!');
		assert_int_equal(buf.len, len + 1);
		assert_int_equal(strspn(buf_cstr(&buf), " "), len);
		buf_release(&buf);
	}
}

static void the_closing_nul_is_not_counted(void **state)
{
	struct buf buf = BUF_INIT;

	assert_string_equal(buf_cstr(&buf), "");
	assert_int_equal(buf.len, 0);
	buf_append(&buf, NULL, 0);
	buf_append_str(&buf, RC_STR("ab"));
	assert_string_equal(buf_cstr(&buf), "ab");
	assert_true(rc_str_is(buf_str(&buf), "ab"));
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_aligned_and_apart_from_the_others),
		cmocka_unit_test(a_block_larger_than_a_chunk_is_given),
		cmocka_unit_test(reset_keeps_a_chunk_so_that_the_next_round_takes_the_same_memory),
		cmocka_unit_test(reset_gives_a_huge_chunk_back),
		cmocka_unit_test(release_may_be_called_twice_and_on_a_zeroed_arena),
		cmocka_unit_test(copies_end_in_nul_and_keep_inner_ones),
		cmocka_unit_test(a_size_that_cannot_be_stops_the_process),
#ifndef SANITIZED
		cmocka_unit_test(out_of_memory_stops_the_process),
#endif
		cmocka_unit_test(a_broken_invariant_stops_the_process_and_a_kept_one_does_not),
		cmocka_unit_test(a_buffer_grows_and_keeps_its_bytes),
		cmocka_unit_test(consuming_drops_bytes_from_the_front),
		cmocka_unit_test(consuming_more_than_there_is_stops_the_process),
		cmocka_unit_test(printing_appends_texts_of_any_length),
		cmocka_unit_test(printing_loses_no_byte_whatever_room_there_is),
		cmocka_unit_test(the_closing_nul_is_not_counted),
	};

	return RUN_TESTS(tests);
}
