/*
 * Fan-outs: cursors, blocked and overrun subscribers, status, large bodies, rates.
 */
#include "tests/unit/live/rig.h"

static struct rig *rig;
static struct client *client, *other;

static int set_up_with(const struct rig_options *options)
{
	rig = rig_create(options);
	client = client_open(rig, 0);
	other = client_open(rig, 0);
	return 0;
}

static int set_up(void **unused)
{
	return set_up_with(NULL);
}

static int set_up_small_ring(void **unused)
{
	struct rig_options options = rig_defaults();

	options.ring_bytes = 600;
	options.history_bytes = 1 << 20;
	return set_up_with(&options);
}

static int set_up_no_copies(void **unused)
{
	struct rig_options options = rig_defaults();

	options.copy_bytes = 1;
	return set_up_with(&options);
}

static int tear_down(void **unused)
{
	client_free(client);
	client_free(other);
	rig_destroy(rig);
	return 0;
}

static void join_both(enum live_mode mode)
{
	client_subscribe(client, 0, mode);
	client_subscribe(other, 0, mode);
	rig_settle(rig);
}

static void put_and_commit(int times)
{
	for (int i = 0; i < times; i++) {
		rig_put(rig, 0, i % RIG_KEYS);
		rig_commit(rig);
		rig_settle(rig);
	}
}

static void a_blocked_subscriber_delays_nobody_and_goes_on_where_he_stood(void **unused)
{
	join_both(LIVE_EVERY);
	client_room(client, 0);
	put_and_commit(10);
	assert_int_equal(client->deltas, 0);
	assert_int_equal(other->deltas, 10);
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->deltas, 10);
	client_check_now(client);
}

static void nothing_of_what_waits_in_the_ring_is_kept_for_a_blocked_subscriber(void **unused)
{
	join_both(LIVE_EVERY);
	client_room(client, 0);
	put_and_commit(10);
	assert_int_equal(client->queued_max, 0);
}

static void at_most_the_rest_of_one_frame_is_kept_for_a_subscriber(void **unused)
{
	join_both(LIVE_EVERY);
	client_room(client, 10);
	put_and_commit(10);
	assert_in_range(client->queued_max, 1, 200);
	for (int i = 0; i < 200; i++)
		client_room(client, 7);
	rig_settle(rig);
	assert_true(client->deltas > 0);
	assert_in_range(client->queued_max, 1, 200);
}

static void in_mode_latest_an_overrun_subscriber_gets_one_merged_delta(void **unused)
{
	join_both(LIVE_LATEST);
	client_room(client, 0);
	put_and_commit(50);
	assert_int_equal(other->deltas, 50);
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->deltas, 1);
	assert_int_equal(client->resets, 0);
	client_check_now(client);
	put_and_commit(1);
	assert_int_equal(client->deltas, 2);
}

static void in_mode_every_an_overrun_subscriber_gets_each_delta_from_the_history(void **unused)
{
	join_both(LIVE_EVERY);
	client_room(client, 0);
	put_and_commit(50);
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->deltas, 50);
	assert_int_equal(client->resets, 0);
	put_and_commit(1);
	assert_int_equal(client->deltas, 51);
}

static void frames_that_come_under_a_sweep_leave_in_one_send(void **unused)
{
	struct client *third = client_open(rig, 0);
	int64_t sends;

	client_subscribe(third, 0, LIVE_EVERY);
	join_both(LIVE_EVERY);
	sends = atomic_load(&live_sends.value);
	for (int i = 0; i < 8; i++) {
		rig_put(rig, 0, 1);
		rig_commit(rig);
	}
	while (rig_deliver_reactor(rig, 0))
		;
	while (fanout_run(rig->fanouts[0], 1) <= rig_now_us)
		;
	assert_int_equal(third->deltas, 8);
	assert_int_equal(client->deltas, 8);
	assert_int_equal(atomic_load(&live_sends.value) - sends, 3);
	client_free(third);
}

static void a_large_delta_passes_the_ring_by(void **unused)
{
	join_both(LIVE_LATEST);
	for (int key = 0; key < RIG_KEYS; key++)
		rig_put(rig, 0, key); /* its rows are more than half the ring */
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 1);
	assert_int_equal(other->deltas, 1);
	put_and_commit(1);
	assert_int_equal(client->deltas, 2);
}

static void the_rest_of_a_large_body_is_not_copied_and_nothing_is_sent_inside_of_it(void **unused)
{
	put_and_commit(RIG_KEYS);
	client_room(client, 100);
	client_subscribe(client, 0, LIVE_EVERY);
	rig_settle(rig);
	hub_status(rig->hub, LIVE_STALE, 0, 0);
	put_and_commit(3);
	peer_say(&client->peer, RC_STR("43 {\"type\":\"status\",\"state\":\"said in between\"}\n"));
	assert_int_equal(client->snapshots, 0);
	assert_int_equal(client->queued_max, 0);
	for (int i = 0; i < 40; i++) {
		client_room(client, 20);
		rig_settle(rig);
	}
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 1);
	assert_true(client->statuses >= 2);
	client_check_now(client);
}

static void a_socket_that_has_room_again_inside_of_a_large_body_gets_nothing_before_its_rest(void **unused)
{
	put_and_commit(RIG_KEYS);
	client_subscribe(other, 0, LIVE_EVERY);
	client_subscribe(client, 0, LIVE_EVERY);
	client_make_room(client, 100);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 0);
	client_make_room(client, UNLIMITED); /* the loop has not said so yet */
	hub_status(rig->hub, LIVE_STALE, 0, 0);
	put_and_commit(3);
	assert_int_equal(client->snapshots, 0);
	client_say_writable(client);
	rig_settle(rig);
	client_check_now(client);
	assert_string_equal(client->last_state, "stale");
}

static void a_restart_inside_of_a_large_body_waits_for_its_end(void **unused)
{
	put_and_commit(RIG_KEYS);
	client_subscribe(client, 0, LIVE_LATEST);
	client_make_room(client, 100);
	rig_settle(rig);
	client_make_room(client, UNLIMITED);
	rig_restart(rig, "restored");
	rig_settle(rig);
	assert_int_equal(client->snapshots, 0);
	client_say_writable(client);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 2);
	client_check_now(client);
}

static void who_sits_down_or_leaves_under_a_sweep_makes_nobody_be_passed_over(void **unused)
{
	struct client *late = client_open(rig, 0), *early = client_open(rig, 0);

	client_subscribe(early, 0, LIVE_EVERY);
	join_both(LIVE_EVERY);
	client_subscribe(late, 0, LIVE_EVERY);
	rig_deliver_hub(rig);
	for (int i = 0; i < 3; i++) {
		rig_put(rig, 0, 1);
		rig_commit(rig);
	}
	rig_deliver_reactor(rig, 0); /* late is answered … */
	rig_deliver_reactor(rig, 0); /* … the first delta begins a sweep … */
	fanout_run(rig->fanouts[0], 2);
	client_close(early); /* … whose last seat moves to the front … */
	rig_settle(rig);
	client_check_now(client);
	client_check_now(other);
	client_check_now(late);
	client_free(late);
	client_free(early);
}

static void a_seat_taken_under_a_sweep_does_not_take_the_turn_of_another(void **unused)
{
	struct client *late = client_open(rig, 0);

	join_both(LIVE_EVERY);
	put_and_commit(1);
	rig_put(rig, 0, 1);
	rig_commit(rig);
	client_subscribe(late, 0, LIVE_EVERY);
	rig_deliver_hub(rig);
	rig_deliver_reactor(rig, 0); /* the delta begins a sweep */
	rig_deliver_reactor(rig, 0); /* late sits down under it */
	rig_settle(rig);
	client_check_now(client);
	client_check_now(other);
	client_check_now(late);
	client_free(late);
}

static void after_a_reset_only_a_snapshot_follows_even_when_the_stream_was_blocked_between_them(void **unused)
{
	struct rig_options options = rig_defaults();
	size_t reset_bytes =
		sizeof("71 {\"type\":\"reset\",\"id\":\"a\",\"reason\":\"too many rows were removed meanwhile\"}\n") -
		1;

	client_free(client);
	client_free(other);
	rig_destroy(rig);
	options.tombstones_max = 1;
	set_up_with(&options);
	put_and_commit(RIG_KEYS);
	client_subscribe(client, 0, LIVE_LATEST);
	rig_settle(rig);
	for (int key = 0; key < RIG_KEYS - 1; key++) {
		rig_remove(rig, 0, key);
		rig_commit(rig);
	}
	rig_deliver_reactor(rig, 0);
	rig_deliver_reactor(rig, 0);
	while (fanout_run(rig->fanouts[0], 10) <= rig_now_us)
		;
	client_make_room(client, reset_bytes);
	rig_settle(rig);
	assert_int_equal(client->resets, 1);
	assert_int_equal(client->snapshots, 1);
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 2);
	assert_int_equal(client->resets, 1);
	client_check_now(client);
}

/* One transaction while the crowd's sends take `send_us` each, another right behind it: does it go out at once? */
static bool second_goes_out_at_once(enum live_mode mode, int64_t send_us)
{
	bool at_once;

	join_both(mode);
	rig_now_us += 1000000;
	rig_send_us = send_us;
	put_and_commit(1);
	rig_send_us = 0;
	put_and_commit(1);
	at_once = client->deltas == 2;
	rig_now_us += 80000;
	rig_settle(rig);
	assert_int_equal(client->deltas, 2);
	client_check_now(client);
	return at_once;
}

static void short_sweeps_are_not_paced(void **unused)
{
	assert_true(
		second_goes_out_at_once(LIVE_LATEST, 2900)); /* 5.8 ms take 9.7 ms of the share, 10 ms are credited */
}

static void sweeps_of_mode_latest_that_take_more_than_their_share_are_followed_by_a_rest(void **unused)
{
	assert_false(second_goes_out_at_once(LIVE_LATEST, 20000));
}

static void a_rest_ends_80_ms_after_the_last_delta(void **unused)
{
	assert_true(second_goes_out_at_once(LIVE_LATEST, 50000));
}

static void mode_every_never_rests(void **unused)
{
	assert_true(second_goes_out_at_once(LIVE_EVERY, 20000));
}

static void rates_are_rounded_down_to_few_steps(void **unused)
{
	const struct {
		double per_s;
		int64_t interval_us;
	} rows[] = {{1000, 1000},     {999.9, 1500},      {60, 20000},         {50, 20000},
		    {10, 100000},     {3, 400000},        {1, 1000000},        {0.2, 5000000},
		    {0.02, 50000000}, {0.0199, 60000000}, {1.0 / 60, 60000000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rate_interval_us(rate_from_per_s(rows[i].per_s)), rows[i].interval_us);
	for (uint8_t rate = RATE_FASTEST; rate <= RATE_SLOWEST; rate++) {
		assert_int_equal(rate_from_per_s(1e6 / (double)rate_interval_us(rate)), rate);
		assert_true(rate_interval_us(rate) > rate_interval_us(rate - 1));
	}
}

/* Client wishes for two deltas a second, other for nothing. */
static void join_at_a_rate(void)
{
	client->rate = rate_from_per_s(2);
	join_both(LIVE_LATEST);
}

static void pass(int64_t us)
{
	rig_now_us += us;
	rig_settle(rig);
}

static void at_a_rate_the_first_change_comes_at_once_and_the_others_as_one(void **unused)
{
	join_at_a_rate();
	put_and_commit(1);
	assert_int_equal(client->deltas, 1);
	for (int i = 0; i < 4; i++) {
		put_and_commit(1);
		pass(124999);
	}
	assert_int_equal(client->deltas, 1);
	assert_int_equal(other->deltas, 5);
	pass(4);
	assert_int_equal(client->deltas, 2);
	client_check_now(client);
	pass(500000);
	put_and_commit(1); /* it was quiet for an interval */
	assert_int_equal(client->deltas, 3);
}

static void the_interval_of_a_rate_begins_when_the_last_delta_is_sent(void **unused)
{
	client->rate = other->rate = rate_from_per_s(2);
	join_both(LIVE_LATEST);
	rig_send_us = 30000;
	put_and_commit(1);
	rig_send_us = 0;
	put_and_commit(1);
	pass(499999);
	assert_int_equal(client->deltas + other->deltas, 2);
	pass(1);
	assert_int_equal(client->deltas + other->deltas, 4);
}

static void snapshots_resets_and_status_come_whatever_the_rate(void **unused)
{
	join_at_a_rate();
	put_and_commit(1);
	rig_restart(rig, "restored");
	hub_status(rig->hub, LIVE_STALE, 0, 0);
	rig_settle(rig);
	assert_int_equal(client->resets, 1);
	assert_int_equal(client->snapshots, 2);
	assert_string_equal(client->last_state, "stale");
	put_and_commit(1);
	assert_int_equal(client->deltas, 1);
	pass(500000);
	assert_int_equal(client->deltas, 2);
}

static void who_resumes_at_a_rate_is_brought_up_to_date_at_once(void **unused)
{
	join_at_a_rate();
	put_and_commit(1);
	client_close(client);
	put_and_commit(2);
	client_reopen(client, 0);
	client_subscribe(client, 0, LIVE_LATEST);
	rig_settle(rig);
	assert_int_equal(client->deltas, 2);
	client_check_now(client);
}

static void who_reads_late_at_a_rate_gets_one_merged_delta(void **unused)
{
	join_at_a_rate();
	client_room(client, 0);
	for (int i = 0; i < 5; i++) {
		put_and_commit(1);
		pass(500000);
	}
	client_room(client, UNLIMITED);
	rig_settle(rig);
	assert_int_equal(client->deltas, 1);
	assert_int_equal(client->resets, 0);
	client_check_now(client);
}

static void like_rates_share_their_deltas(void **unused)
{
	client->rate = rate_from_per_s(2.4);
	other->rate = rate_from_per_s(2);
	join_both(LIVE_LATEST);
	rig_put(rig, 0, 1);
	rig_commit(rig);
	assert_int_equal(rig->to_reactor[0].count, 1);
	rig_settle(rig);
	client_check_now(other);
}

static void status_is_told_after_the_first_snapshot_and_on_each_change_and_tick(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	rig_settle(rig);
	assert_int_equal(client->statuses, 0);
	join_both(LIVE_LATEST);
	assert_int_equal(client->statuses, 1);
	assert_string_equal(client->last_state, "live");
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	rig_settle(rig);
	assert_int_equal(client->statuses, 1);
	hub_status(rig->hub, LIVE_DELAYED, 0, 0);
	rig_settle(rig);
	assert_int_equal(client->statuses, 2);
	assert_string_equal(client->last_state, "delayed");
	fanout_tell_status(rig->fanouts[0]);
	rig_settle(rig);
	assert_int_equal(client->statuses, 3);
}

static int64_t told(const struct client *to, const char *member)
{
	return json_integer_value(json_object_get(to->last, member));
}

static void tick(void)
{
	fanout_tell_status(rig->fanouts[0]);
	rig_settle(rig);
}

static void the_age_of_a_stale_view_grows_from_tick_to_tick(void **unused)
{
	hub_status(rig->hub, LIVE_STALE, 0, 2000000);
	join_both(LIVE_LATEST);
	rig_now_us += 3000000;
	tick();
	assert_int_equal(told(client, "age_ms"), 5000);
}

static void what_was_right_when_it_was_told_grows_no_older(void **unused)
{
	hub_status(rig->hub, LIVE_UNAVAILABLE, 0, 0);
	join_both(LIVE_LATEST);
	rig_now_us += 3000000;
	tick();
	assert_string_equal(client->last_state, "unavailable");
	assert_int_equal(told(client, "age_ms"), 0);
}

/* One transaction of `rows` rows that the reactor gets `us` after its commit. */
static void commit_and_wait(int rows, int64_t us)
{
	for (int i = 0; i < rows; i++)
		rig_put(rig, 0, i);
	rig_commit(rig);
	rig_now_us += us;
	rig_settle(rig);
}

static void lag_is_that_of_the_slowest_change_of_an_interval(void **unused)
{
	struct client *late;

	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_EVERY);
	assert_int_equal(told(client, "lag_ms"), 0);
	commit_and_wait(1, 3000);
	commit_and_wait(1, 41200);
	commit_and_wait(1, 1);
	tick();
	assert_int_equal(told(client, "lag_ms"), 42);
	late = client_open(rig, 0);
	client_subscribe(late, 0, LIVE_EVERY);
	rig_settle(rig);
	assert_int_equal(told(late, "lag_ms"), 42); /* of the last whole interval */
	client_free(late);
	tick();
	assert_int_equal(told(client, "lag_ms"), 0);
}

static void a_lag_that_was_measured_is_never_told_as_0(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_EVERY);
	commit_and_wait(1, 0);
	tick();
	assert_int_equal(told(client, "lag_ms"), 1);
	rig_put(rig, 0, 0);
	rig_commit(rig);
	rig_now_us -= 5000; /* a clock that is set back */
	rig_settle(rig);
	tick();
	assert_int_equal(told(client, "lag_ms"), 1);
}

static void lag_counts_what_passes_the_ring_by(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_EVERY);
	commit_and_wait(RIG_KEYS, 7000);
	tick();
	assert_int_equal(told(client, "lag_ms"), 7);
}

static void what_a_rate_holds_back_is_no_lag(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	client->rate = rate_from_per_s(2);
	client_subscribe(client, 0, LIVE_LATEST);
	rig_settle(rig);
	put_and_commit(2);
	pass(499999);
	tick();
	pass(1);
	assert_int_equal(client->deltas, 2);
	tick();
	assert_int_equal(told(client, "lag_ms"), 1);
	put_and_commit(1);
	pass(530000); /* the reactor wakes up 30 ms late */
	tick();
	assert_int_equal(told(client, "lag_ms"), 30);
	pass(500000);
	commit_and_wait(1, 12000); /* nothing was held back */
	tick();
	assert_int_equal(told(client, "lag_ms"), 12);
}

static void while_the_source_is_behind_lag_is_at_least_that(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_EVERY);
	commit_and_wait(1, 9000);
	hub_status(rig->hub, LIVE_DELAYED, 2500000, 2600000);
	rig_settle(rig);
	assert_int_equal(told(client, "lag_ms"), 2500);
	hub_status(rig->hub, LIVE_DELAYED, 4500000, 4600000);
	rig_settle(rig);
	tick();
	assert_int_equal(told(client, "lag_ms"), 4500);
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	rig_settle(rig);
	assert_int_equal(told(client, "lag_ms"), 0);
}

static void a_blocked_peer_is_told_only_the_newest_status(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_LATEST);
	client_room(client, 0);
	for (int i = 0; i < 100; i++) {
		fanout_tell_status(rig->fanouts[0]);
		rig_settle(rig);
	}
	assert_int_equal(other->statuses, 101);
	client_room(client, UNLIMITED);
	assert_int_equal(client->statuses, 2);
}

static void nothing_comes_after_unsubscribing_even_while_the_join_is_under_way(void **unused)
{
	client_subscribe(client, 0, LIVE_LATEST);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), RC_NOT_FOUND);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 0);
	client_subscribe(client, 0, LIVE_LATEST);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
	client_subscribe(client, 0, LIVE_LATEST);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 1);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
	put_and_commit(1);
	assert_int_equal(client->deltas, 0);
}

#define SUBS 5

static void change_every_topic(void)
{
	for (int t = 0; t < RIG_TOPICS; t++)
		rig_put(rig, t, 0);
	rig_commit(rig);
	rig_settle(rig);
}

static void end_in_order(int first, int step)
{
	int before[SUBS], statuses = 0;

	client->has_view = true; /* status may come */
	for (int i = 0; i < SUBS; i++)
		client_subscribe_as(client, (char)('b' + i), i % RIG_TOPICS);
	rig_settle(rig);
	for (int ended = 0; ended < SUBS; ended++) {
		char id = (char)('b' + (first + ended * step) % SUBS);

		assert_int_equal(peer_unsubscribe(&client->peer, (struct rc_str){&id, 1}), 0);
		memcpy(before, &client->others[1], sizeof(before));
		change_every_topic();
		for (int i = 0; i < SUBS; i++)
			assert_int_equal(client->others[1 + i] - before[i],
					 peer_has(&client->peer, (struct rc_str){(char[]){(char)('b' + i)}, 1}));
		statuses = client->statuses;
		fanout_tell_status(rig->fanouts[0]);
		rig_settle(rig);
		assert_int_equal(client->statuses, statuses + 1);
	}
	assert_int_equal(peer_sub_count(&client->peer), 0);
}

static void whichever_subscription_ends_the_others_and_the_status_go_on(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	for (int i = 0; i < RIG_TOPICS; i++)
		rig_put(rig, i, 0);
	rig_commit(rig);
	client_subscribe(other, 0, LIVE_EVERY); /* somebody whose seat moves with theirs */
	for (int first = 0; first < SUBS; first++) {
		for (int step = 1; step < SUBS; step++)
			end_in_order(first, step);
	}
	client_check_now(other);
}

static void who_has_one_subscription_costs_no_extra_memory(void **unused)
{
	join_both(LIVE_LATEST);
	assert_null(client->peer.extra);
	client_subscribe_as(client, 'b', 1);
	rig_settle(rig);
	assert_non_null(client->peer.extra);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
	assert_null(client->peer.extra);
	assert_true(peer_has(&client->peer, RC_STR("b")));
}

static void a_blocked_seat_that_leads_is_told_the_newest_status_when_another_takes_the_lead(void **unused)
{
	hub_status(rig->hub, LIVE_LIVE, 0, 0);
	join_both(LIVE_EVERY);
	client_subscribe_as(client, 'b', 1);
	rig_settle(rig);
	client_room(client, 0);
	hub_status(rig->hub, LIVE_DELAYED, 0, 0);
	rig_settle(rig);
	assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
	client_room(client, UNLIMITED);
	fanout_tell_status(rig->fanouts[0]);
	rig_settle(rig);
	assert_string_equal(client->last_state, "delayed");
}

static int set_up_tiny_ring(void **unused)
{
	struct rig_options options = rig_defaults();

	options.ring_bytes = 200;
	return set_up_with(&options);
}

/* Three who take bodies packed, one of them on another reactor, and one who does not. */
static struct client *crowd[4];

static int set_up_packing(void **unused)
{
	set_up(NULL);
	rig_packs = 0;
	for (int i = 0; i < 4; i++) {
		crowd[i] = client_open(rig, i == 2);
		client_close(crowd[i]);
		crowd[i]->packs = i < 3;
		client_reopen(crowd[i], i == 2);
		client_subscribe(crowd[i], 0, LIVE_EVERY);
	}
	return 0;
}

static int tear_down_packing(void **unused)
{
	rig_pack_grows = false;
	for (int i = 0; i < 4; i++)
		client_free(crowd[i]);
	return tear_down(NULL);
}

static void check_packed(int messages)
{
	for (int i = 0; i < 4; i++) {
		assert_int_equal(crowd[i]->packed, crowd[i]->packs ? messages : 0);
		client_check_now(crowd[i]);
	}
}

static void a_body_is_packed_once_for_all_who_take_it_packed(void **unused)
{
	rig_put(rig, 0, 1);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(rig_packs, 1); /* the snapshot */
	check_packed(1);
	put_and_commit(5);
	assert_int_equal(rig_packs, 6);
	check_packed(6);
	client_close(crowd[0]);
	crowd[0]->has_position = crowd[0]->has_view = false;
	client_reopen(crowd[0], 0);
	client_subscribe(crowd[0], 0, LIVE_EVERY);
	client_subscribe(client, 0, LIVE_EVERY); /* plain: nothing is packed for him */
	rig_settle(rig);
	assert_int_equal(rig_packs, 7);
	assert_int_equal(crowd[0]->packed, 7);
	client_check_now(crowd[0]);
	client_check_now(client);
}

static void nothing_is_packed_while_nobody_takes_it_packed(void **unused)
{
	for (int i = 0; i < 3; i++)
		client_close(crowd[i]);
	put_and_commit(5);
	assert_int_equal(rig_packs, 0);
	client_check_now(crowd[3]);
}

static void what_packing_does_not_make_smaller_goes_as_it_is(void **unused)
{
	rig_pack_grows = true;
	put_and_commit(5);
	check_packed(0);
}

static void reopen_packing(void)
{
	client_close(client);
	client->packs = true;
	client_reopen(client, 0);
}

static void for_who_is_overrun_nothing_is_packed(void **unused)
{
	int packs;

	reopen_packing();
	client_subscribe(client, 0, LIVE_EVERY);
	rig_settle(rig);
	client_room(client, 0);
	put_and_commit(50);
	packs = rig_packs;
	put_and_commit(50);
	assert_int_equal(rig_packs, packs);
	client_room(client, UNLIMITED);
	rig_settle(rig);
	client_check_now(client);
}

static void the_rest_of_a_large_packed_body_is_that_of_the_packed_one(void **unused)
{
	reopen_packing();
	the_rest_of_a_large_body_is_not_copied_and_nothing_is_sent_inside_of_it(NULL);
	assert_true(client->packed > 0);
}

static void a_small_body_goes_as_it_is(void **unused)
{
	struct rig_options options = rig_defaults();

	options.pack_bytes = sizeof(",\"upsert\":[],\"remove\":[]}");
	set_up_with(&options);
	reopen_packing();
	client_subscribe(client, 0, LIVE_LATEST);
	rig_settle(rig);
	assert_int_equal(client->snapshots, 1); /* no rows yet */
	assert_int_equal(client->packed, 0);
	put_and_commit(1);
	assert_int_equal(client->packed, 1);
	client_check_now(client);
	tear_down(NULL);
}

#define NORMAL(test)    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define SMALL(test)     cmocka_unit_test_setup_teardown(test, set_up_small_ring, tear_down)
#define TINY(test)      cmocka_unit_test_setup_teardown(test, set_up_tiny_ring, tear_down)
#define NO_COPIES(test) cmocka_unit_test_setup_teardown(test, set_up_no_copies, tear_down)
#define PACKING(test)   cmocka_unit_test_setup_teardown(test, set_up_packing, tear_down_packing)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NORMAL(a_blocked_subscriber_delays_nobody_and_goes_on_where_he_stood),
		NORMAL(nothing_of_what_waits_in_the_ring_is_kept_for_a_blocked_subscriber),
		NORMAL(at_most_the_rest_of_one_frame_is_kept_for_a_subscriber),
		SMALL(in_mode_latest_an_overrun_subscriber_gets_one_merged_delta),
		SMALL(in_mode_every_an_overrun_subscriber_gets_each_delta_from_the_history),
		NORMAL(frames_that_come_under_a_sweep_leave_in_one_send),
		TINY(a_large_delta_passes_the_ring_by),
		NO_COPIES(the_rest_of_a_large_body_is_not_copied_and_nothing_is_sent_inside_of_it),
		NO_COPIES(a_socket_that_has_room_again_inside_of_a_large_body_gets_nothing_before_its_rest),
		NO_COPIES(a_restart_inside_of_a_large_body_waits_for_its_end),
		NORMAL(who_sits_down_or_leaves_under_a_sweep_makes_nobody_be_passed_over),
		NORMAL(a_seat_taken_under_a_sweep_does_not_take_the_turn_of_another),
		NORMAL(after_a_reset_only_a_snapshot_follows_even_when_the_stream_was_blocked_between_them),
		NORMAL(short_sweeps_are_not_paced),
		NORMAL(sweeps_of_mode_latest_that_take_more_than_their_share_are_followed_by_a_rest),
		NORMAL(a_rest_ends_80_ms_after_the_last_delta),
		NORMAL(mode_every_never_rests),
		NORMAL(rates_are_rounded_down_to_few_steps),
		NORMAL(at_a_rate_the_first_change_comes_at_once_and_the_others_as_one),
		NORMAL(the_interval_of_a_rate_begins_when_the_last_delta_is_sent),
		NORMAL(snapshots_resets_and_status_come_whatever_the_rate),
		NORMAL(who_resumes_at_a_rate_is_brought_up_to_date_at_once),
		NORMAL(who_reads_late_at_a_rate_gets_one_merged_delta),
		NORMAL(like_rates_share_their_deltas),
		NORMAL(status_is_told_after_the_first_snapshot_and_on_each_change_and_tick),
		NORMAL(the_age_of_a_stale_view_grows_from_tick_to_tick),
		NORMAL(what_was_right_when_it_was_told_grows_no_older),
		NORMAL(lag_is_that_of_the_slowest_change_of_an_interval),
		NORMAL(a_lag_that_was_measured_is_never_told_as_0),
		TINY(lag_counts_what_passes_the_ring_by),
		NORMAL(what_a_rate_holds_back_is_no_lag),
		NORMAL(while_the_source_is_behind_lag_is_at_least_that),
		NORMAL(a_blocked_peer_is_told_only_the_newest_status),
		NORMAL(nothing_comes_after_unsubscribing_even_while_the_join_is_under_way),
		NORMAL(whichever_subscription_ends_the_others_and_the_status_go_on),
		NORMAL(who_has_one_subscription_costs_no_extra_memory),
		NORMAL(a_blocked_seat_that_leads_is_told_the_newest_status_when_another_takes_the_lead),
		PACKING(a_body_is_packed_once_for_all_who_take_it_packed),
		PACKING(nothing_is_packed_while_nobody_takes_it_packed),
		PACKING(what_packing_does_not_make_smaller_goes_as_it_is),
		SMALL(for_who_is_overrun_nothing_is_packed),
		NO_COPIES(the_rest_of_a_large_packed_body_is_that_of_the_packed_one),
		cmocka_unit_test(a_small_body_goes_as_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
