/* Messages between threads: nothing lost, order kept per sender, no wake-up missed. Run under -Db_sanitize=thread too.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rowcast/io/mailbox.h"

#define SENDERS  4
#define MESSAGES 20000

struct letter {
	struct message message;
	int sender, number;
};

static struct loop *loop;
static int next_of[SENDERS], received, out_of_order;

static void on_letter(struct message *message)
{
	struct letter *letter = LIST_OWNER(message, struct letter, message);

	out_of_order += letter->number != next_of[letter->sender];
	next_of[letter->sender] = letter->number + 1;
	if (++received == SENDERS * MESSAGES)
		loop_stop(loop);
}

static void *send_all(void *arg)
{
	struct letter *letters = arg;

	for (int i = 0; i < MESSAGES; i++)
		loop_post(loop, &letters[i].message);
	return NULL;
}

static void all_messages_of_all_senders_arrive_in_order(void **state)
{
	static struct letter letters[SENDERS][MESSAGES];
	pthread_t threads[SENDERS];

	assert_int_equal(loop_create(&loop, NULL), 0);
	for (int s = 0; s < SENDERS; s++) {
		for (int i = 0; i < MESSAGES; i++)
			letters[s][i] = (struct letter){.message.deliver = on_letter, .sender = s, .number = i};
		assert_int_equal(pthread_create(&threads[s], NULL, send_all, letters[s]), 0);
	}
	assert_int_equal(loop_run(loop), 0); /* sleeps between bursts: a lost wake-up would hang here */
	for (int s = 0; s < SENDERS; s++)
		pthread_join(threads[s], NULL);
	assert_int_equal(received, SENDERS * MESSAGES);
	assert_int_equal(out_of_order, 0);
	assert_int_equal(loop_backlog(loop), 0);
	loop_destroy(loop);
}

struct ping {
	struct message message;
	struct loop *from, *to;
	int left;
};

static void on_ping(struct message *message)
{
	struct ping *ping = LIST_OWNER(message, struct ping, message);
	struct loop *back = ping->from;

	if (ping->left-- == 0) {
		loop_stop(ping->from);
		loop_stop(ping->to);
		return;
	}
	ping->from = ping->to;
	ping->to = back;
	loop_post(ping->to, message);
}

static void *run_loop(void *arg)
{
	int err = loop_run(arg);

	return err ? arg : NULL;
}

static void two_sleeping_loops_wake_each_other(void **state)
{
	struct ping ping = {.message.deliver = on_ping, .left = 20000};
	pthread_t thread;
	void *failed;

	assert_int_equal(loop_create(&ping.from, NULL), 0);
	assert_int_equal(loop_create(&ping.to, NULL), 0);
	struct loop *a = ping.from, *b = ping.to;

	assert_int_equal(pthread_create(&thread, NULL, run_loop, a), 0);
	loop_post(b, &ping.message);
	assert_int_equal(loop_run(b), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	loop_destroy(a);
	loop_destroy(b);
}

static void a_sender_wakes_only_a_receiver_that_may_sleep(void **state)
{
	struct mailbox box;
	struct message messages[3] = {{.deliver = NULL}};

	mailbox_init(&box);
	assert_false(mailbox_put(&box, &messages[0]));
	assert_false(mailbox_may_sleep(&box));
	assert_ptr_equal(mailbox_take(&box), &messages[0]);
	assert_null(mailbox_take(&box));
	assert_true(mailbox_may_sleep(&box));
	assert_true(mailbox_put(&box, &messages[1]));
	assert_false(mailbox_put(&box, &messages[2])); /* once is enough */
	mailbox_awake(&box);
	assert_ptr_equal(mailbox_take(&box), &messages[1]);
	assert_ptr_equal(mailbox_take(&box), &messages[2]);
	assert_null(mailbox_take(&box));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_messages_of_all_senders_arrive_in_order),
		cmocka_unit_test(two_sleeping_loops_wake_each_other),
		cmocka_unit_test(a_sender_wakes_only_a_receiver_that_may_sleep),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
