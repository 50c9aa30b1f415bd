/* The loop: turns, watches, timers, hooks, deferred frees. Time is the loop's own; nothing here sleeps. */
#include "rowcast/io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "rowcast/io/clock.h"

static struct loop *loop;
static int calls;
static int64_t order[4096];

static int setup(void **state)
{
	calls = 0;
	return loop_create(&loop, NULL);
}

static int teardown(void **state)
{
	loop_destroy(loop);
	return 0;
}

static void turn(void)
{
	assert_int_equal(loop_turn(loop, 0), 0);
}

struct pair {
	struct watch read, other;
	int fds[2];
};

static struct pair both[2];

static void count_call(struct watch *watch, uint32_t events)
{
	calls++;
}

static void drop_both(struct watch *watch, uint32_t events)
{
	calls++;
	for (int i = 0; i < 2; i++)
		watch_remove(loop, &both[i].read);
}

static void pipes_open(void (*ready)(struct watch *, uint32_t))
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(both[i].fds), 0);
		both[i].read = (struct watch){.fd = both[i].fds[0]};
		assert_int_equal(watch_add(loop, &both[i].read, EPOLLIN, ready), 0);
	}
}

static void pipes_close(void)
{
	for (int i = 0; i < 2; i++) {
		close(both[i].fds[0]);
		close(both[i].fds[1]);
	}
}

static void a_ready_descriptor_calls_every_turn_until_it_is_read(void **state)
{
	char byte;

	pipes_open(count_call);
	turn();
	assert_int_equal(calls, 0);
	assert_int_equal(write(both[0].fds[1], "x", 1), 1);
	turn();
	turn();
	assert_int_equal(calls, 2);
	assert_int_equal(read(both[0].fds[0], &byte, 1), 1);
	turn();
	assert_int_equal(calls, 2);
	pipes_close();
}

static void a_removed_watch_is_not_called_even_when_its_event_was_fetched(void **state)
{
	pipes_open(drop_both);
	for (int i = 0; i < 2; i++)
		assert_int_equal(write(both[i].fds[1], "x", 1), 1);
	turn();
	turn();
	assert_int_equal(calls, 1);
	pipes_close();
}

static void a_watch_is_called_only_for_what_it_asks(void **state)
{
	pipes_open(count_call);
	assert_int_equal(watch_change(loop, &both[0].read, 0), 0);
	assert_int_equal(write(both[0].fds[1], "x", 1), 1);
	turn();
	assert_int_equal(calls, 0);
	assert_int_equal(watch_change(loop, &both[0].read, EPOLLIN), 0);
	turn();
	assert_int_equal(calls, 1);
	pipes_close();
}

static void note_due(struct timer *timer)
{
	assert_int_equal(timer->index, 0);
	order[calls++] = timer->due_us;
}

static void timers_fire_in_the_order_of_their_due_times(void **state)
{
	static struct timer timers[1000];
	int64_t now_us = clock_mono_us();
	unsigned int seed = 7;

	for (int i = 0; i < 1000; i++)
		timer_start(loop, &timers[i], now_us - (int64_t)(seed = seed * 1103515245 + 12345) % 100000 - 1,
			    note_due);
	for (int i = 0; i < 1000; i += 3)
		timer_stop(loop, &timers[i]);
	for (int i = 1; i < 1000; i += 3) /* moved */
		timer_start(loop, &timers[i], now_us - 200000 - i, note_due);
	turn();
	assert_int_equal(calls, 666);
	for (int i = 1; i < calls; i++)
		assert_true(order[i - 1] <= order[i]);
	turn();
	assert_int_equal(calls, 666);
}

static void a_timer_fires_neither_early_nor_twice(void **state)
{
	struct timer timer = {0};

	timer_start(loop, &timer, clock_mono_us() + 3600000000, note_due);
	turn();
	assert_int_equal(calls, 0);
	timer_stop(loop, &timer);
	timer_stop(loop, &timer);
	assert_int_equal(timer.index, 0);
}

static void the_wait_ends_when_a_timer_is_due(void **state)
{
	struct timer timer = {0};
	int64_t due_us = clock_mono_us() + 2000;

	timer_start(loop, &timer, due_us, note_due);
	while (calls == 0)
		assert_int_equal(loop_turn(loop, -1), 0);
	assert_true(loop_now_us(loop) >= due_us);
}

static void start_again(struct timer *timer)
{
	calls++;
	timer_start(loop, timer, loop_now_us(loop), start_again);
}

static void a_timer_that_restarts_itself_does_not_hold_up_the_turn(void **state)
{
	struct timer timer = {0};

	timer_start(loop, &timer, 0, start_again);
	turn();
	assert_int_equal(calls, 1);
	turn();
	assert_int_equal(calls, 2);
}

struct step {
	struct loop_hook hook;
	struct deferred deferred;
	struct message message;
	struct timer timer;
};

static void on_hook(struct loop_hook *hook)
{
	order[calls++] = 3;
}

static void on_deferred(struct deferred *deferred)
{
	order[calls++] = 4;
}

static void on_message(struct message *message)
{
	order[calls++] = 1;
}

static void on_timer(struct timer *timer)
{
	order[calls++] = 2;
}

static void a_turn_delivers_fires_flushes_and_frees_in_that_order(void **state)
{
	struct step step = {.hook.run = on_hook, .message.deliver = on_message};

	loop_hook_add(loop, &step.hook);
	loop_defer(loop, &step.deferred, on_deferred);
	timer_start(loop, &step.timer, 0, on_timer);
	loop_post(loop, &step.message);
	assert_int_equal(loop_turn(loop, -1), 0); /* does not sleep on what is there */
	assert_int_equal(calls, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(order[i], i + 1);
	loop_hook_remove(&step.hook);
	turn();
	assert_int_equal(calls, 4);
}

static void remove_itself(struct loop_hook *hook)
{
	calls++;
	loop_hook_remove(hook);
}

static void a_hook_may_remove_itself(void **state)
{
	struct loop_hook hooks[3] = {{.run = remove_itself}, {.run = remove_itself}, {.run = remove_itself}};

	for (int i = 0; i < 3; i++)
		loop_hook_add(loop, &hooks[i]);
	turn();
	turn();
	assert_int_equal(calls, 3);
}

static void an_offer_is_refused_when_the_backlog_is_full(void **state)
{
	struct message messages[4] = {{.deliver = NULL}};

	for (int i = 0; i < 4; i++)
		messages[i].deliver = on_message;
	loop_set_backlog(loop, 2);
	assert_int_equal(loop_offer(loop, &messages[0]), 0);
	assert_int_equal(loop_offer(loop, &messages[1]), 0);
	assert_int_equal(loop_offer(loop, &messages[2]), RC_AGAIN);
	loop_post(loop, &messages[3]); /* an answer always gets through */
	assert_int_equal(loop_backlog(loop), 3);
	turn();
	assert_int_equal(calls, 3);
	assert_int_equal(loop_backlog(loop), 0);
	assert_int_equal(loop_offer(loop, &messages[2]), 0);
	turn();
	assert_int_equal(calls, 4);
}

static void post_again(struct message *message)
{
	calls++;
	loop_post(loop, message);
}

static void a_message_posted_while_one_is_delivered_waits_for_the_next_turn(void **state)
{
	struct message message = {.deliver = post_again};

	loop_post(loop, &message);
	turn();
	assert_int_equal(calls, 1);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(calls, 2);
}

static void run_ends_when_it_is_stopped(void **state)
{
	loop_stop(loop);
	assert_int_equal(loop_run(loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ready_descriptor_calls_every_turn_until_it_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_watch_is_not_called_even_when_its_event_was_fetched, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_watch_is_called_only_for_what_it_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(timers_fire_in_the_order_of_their_due_times, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_fires_neither_early_nor_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(the_wait_ends_when_a_timer_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_that_restarts_itself_does_not_hold_up_the_turn, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_turn_delivers_fires_flushes_and_frees_in_that_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hook_may_remove_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(an_offer_is_refused_when_the_backlog_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(a_message_posted_while_one_is_delivered_waits_for_the_next_turn, setup,
						teardown),
		cmocka_unit_test_setup_teardown(run_ends_when_it_is_stopped, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
