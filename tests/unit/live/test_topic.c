/*
 * Topics and the hub: what is told, to whom, from where. Deltas and positions as the protocol words them.
 */
#include "tests/unit/live/rig.h"

static struct rig *rig;
static struct client *client;

static int set_up(void **unused)
{
	rig = rig_create(NULL);
	client = client_open(rig, 0);
	return 0;
}

static int tear_down(void **unused)
{
	client_free(client);
	rig_destroy(rig);
	return 0;
}

static int set_up_small(void **unused)
{
	struct rig_options options = rig_defaults();

	options.tombstones_max = 2;
	options.topics_max = 2;
	options.history_bytes = 400;
	options.ring_bytes = 1024;
	options.branch_subs_max = 2;
	rig = rig_create(&options);
	client = client_open(rig, 0);
	return 0;
}

static int set_up_few_idle_rows(void **unused)
{
	struct rig_options options = rig_defaults();

	options.idle_rows_max = 2 * RIG_KEYS;
	rig = rig_create(&options);
	client = client_open(rig, 0);
	return 0;
}

static void join(struct client *who, int topic, enum live_mode mode)
{
	client_subscribe(who, topic, mode);
	rig_settle(rig);
}

static void put_and_commit(int topic, int key)
{
	rig_put(rig, topic, key);
	rig_commit(rig);
}

static const char *member(const char *name)
{
	return json_string_value(json_object_get(client->last, name));
}

static size_t count(const char *name)
{
	return json_array_size(json_object_get(client->last, name));
}

static void a_subscription_begins_with_one_snapshot(void **unused)
{
	put_and_commit(0, 1);
	put_and_commit(0, 2);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->snapshots, 1);
	assert_int_equal(client->deltas, 0);
	assert_int_equal(count("rows"), 2);
}

static void a_transaction_becomes_one_delta(void **unused)
{
	join(client, 0, LIVE_LATEST);
	rig_put(rig, 0, 1);
	rig_put(rig, 0, 2);
	rig_put(rig, 0, 2);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 1);
	assert_int_equal(count("upsert"), 2);
	assert_int_equal(count("remove"), 0);
}

static void a_transaction_that_changes_nothing_in_a_topic_sends_nothing(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_EVERY);
	put_and_commit(1, 1);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 0);
}

static void a_row_changed_and_changed_back_is_nothing(void **unused)
{
	struct rc_str key = RC_STR("\"k1\""), row = RC_STR("{\"id\":\"k1\",\"v\":1}");

	put_and_commit(0, 1);
	join(client, 0, LIVE_EVERY);
	topic_put(rig->models[0].topic, key, RC_STR("{\"id\":\"k1\",\"v\":2}"), 0);
	topic_remove(rig->models[0].topic, key, 0);
	topic_put(rig->models[0].topic, key, row, 0);
	topic_put(rig->models[0].topic, RC_STR("\"k2\""), row, 0);
	topic_remove(rig->models[0].topic, RC_STR("\"k2\""), 0);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 0);
}

static void an_equal_value_is_nothing(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	topic_put(rig->models[0].topic, RC_STR("\"k1\""), RC_STR("{\"id\":\"k1\",\"v\":1}"), 0);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 0);
}

static void a_remove_of_what_the_topic_does_not_hold_is_nothing(void **unused)
{
	join(client, 0, LIVE_LATEST);
	rig_remove(rig, 0, 3);
	rig_commit(rig);
	rig_settle(rig);
	assert_int_equal(client->deltas, 0);
}

static void from_is_the_last_position_sent_on_that_subscription(void **unused)
{
	struct client *late = client_open(rig, 0);
	char joined[RC_POSITION_TEXT_MAX];

	join(client, 0, LIVE_LATEST);
	put_and_commit(1, 1);
	rig_commit(rig);
	join(late, 0, LIVE_LATEST);
	memcpy(joined, late->position, sizeof(joined));
	assert_string_not_equal(joined, client->position);
	put_and_commit(0, 1);
	rig_settle(rig); /* rig.c compares every `from` */
	assert_int_equal(late->deltas, 1);
	assert_string_equal(json_string_value(json_object_get(late->last, "from")), joined);
	assert_string_equal(late->position, client->position);
	put_and_commit(0, 1);
	rig_settle(rig);
	assert_int_equal(late->deltas, 2);
	client_free(late);
}

static void what_time_changed_comes_with_to_equal_from(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	rig_commit(rig); /* elsewhere: the hub's position is ahead of the subscription's */
	rig_remove(rig, 0, 1);
	rig_commit_time(rig);
	rig_settle(rig);
	assert_int_equal(client->timed_deltas, 1);
	assert_string_equal(member("from"), member("to"));
	client_check_now(client);
}

static void what_time_changed_comes_again_after_a_resume(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	client_close(client);
	rig_settle(rig);
	rig_remove(rig, 0, 1);
	rig_commit_time(rig);
	for (int i = 1; i <= 2; i++) {
		client_reopen(client, 0);
		join(client, 0, i == 1 ? LIVE_LATEST : LIVE_EVERY);
		assert_int_equal(client->timed_deltas, i);
		assert_int_equal(client->resets, 0);
		client_check_now(client);
		client_close(client);
		rig_settle(rig);
	}
}

static void each_resume_gets_all_that_time_has_changed_by_then(void **unused)
{
	for (int key = 1; key <= 3; key++)
		rig_put(rig, 0, key);
	rig_commit(rig);
	join(client, 0, LIVE_LATEST);
	for (int key = 1; key <= 2; key++) {
		client_close(client);
		rig_settle(rig);
		rig_remove(rig, 0, key);
		rig_commit_time(rig);
		client_reopen(client, 0);
		join(client, 0, LIVE_LATEST);
		assert_int_equal(count("remove"), key);
		client_check_now(client);
	}
}

static void what_time_changed_keeps_a_resumers_own_position(void **unused)
{
	struct client *ahead = client_open(rig, 0);
	char position[RC_POSITION_TEXT_MAX];

	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	memcpy(position, client->position, sizeof(position));
	client_close(client);
	rig_settle(rig);
	rig_commit(rig);
	join(ahead, 0, LIVE_LATEST); /* the branch stands where he joined, later than the resumer */
	client_reopen(client, 0);
	join(client, 0, LIVE_LATEST);
	rig_remove(rig, 0, 1);
	rig_commit_time(rig);
	rig_settle(rig);
	assert_int_equal(client->timed_deltas, 1);
	assert_string_equal(client->position, position);
	assert_int_equal(ahead->timed_deltas, 1);
	client_free(ahead);
}

static void what_time_changed_while_the_topic_was_closed_is_told_by_its_source(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	client_close(client);
	rig_settle(rig);
	rig_now_us += 1000000;
	hub_tick(rig->hub, rig_now_us);
	assert_null(rig->models[0].topic);
	rig_remove(rig, 0, 1);
	rig_commit_time(rig);
	client_reopen(client, 0);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->resets, 0);
	client_check_now(client);
}

static void a_resume_continues_with_a_delta_or_nothing(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	client_close(client);
	rig_settle(rig);
	rig_commit(rig);
	client_reopen(client, 1);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->deltas, 0);
	client_close(client);
	rig_settle(rig);
	put_and_commit(0, 1);
	put_and_commit(0, 2);
	client_reopen(client, 0);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->deltas, 1);
	assert_int_equal(client->snapshots, 1);
	client_check_now(client);
}

static void mode_every_resumes_transaction_by_transaction(void **unused)
{
	join(client, 0, LIVE_EVERY);
	client_close(client);
	rig_settle(rig);
	for (int i = 0; i < 5; i++)
		put_and_commit(0, i % 2);
	client_reopen(client, 0);
	join(client, 0, LIVE_EVERY);
	assert_int_equal(client->deltas, 5);
	assert_int_equal(client->snapshots, 1);
}

static void mode_every_resumes_from_where_time_had_changed_rows_before_anybody_came(void **unused)
{
	put_and_commit(0, 1);
	rig_put(rig, 0, 2);
	rig_commit_time(rig);
	join(client, 0, LIVE_EVERY);
	client_close(client);
	rig_settle(rig);
	put_and_commit(0, 1);
	put_and_commit(0, 3);
	client_reopen(client, 0);
	join(client, 0, LIVE_EVERY);
	assert_int_equal(client->resets, 0);
	assert_int_equal(client->timed_deltas, 1); /* told again; it is idempotent */
	assert_int_equal(client->deltas, 3);
	client_check_now(client);
}

static void mode_every_starts_again_when_its_history_does_not_reach_back(void **unused)
{
	join(client, 0, LIVE_EVERY);
	client_close(client);
	rig_settle(rig);
	for (int i = 0; i < 10; i++)
		put_and_commit(0, i % 2);
	client_reopen(client, 0);
	join(client, 0, LIVE_EVERY);
	assert_int_equal(client->resets, 1);
	assert_int_equal(client->snapshots, 2);
	client_check_now(client);
}

static void mode_every_never_merges_and_mode_latest_may(void **unused)
{
	struct client *latest = client_open(rig, 1);

	join(client, 0, LIVE_EVERY);
	join(latest, 0, LIVE_LATEST);
	for (int i = 0; i < 5; i++)
		put_and_commit(0, 1); /* the reactors hear of them only now: */
	rig_settle(rig);
	assert_int_equal(client->deltas, 5);
	assert_int_equal(latest->deltas, 2);
	client_check_now(latest);
	client_free(latest);
}

static void expect_reset(const char *position, const char *reason)
{
	int resets = client->resets;

	client->invented = client->has_position = client->has_view = true;
	snprintf(client->position, sizeof(client->position), "%s", position);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->resets, resets + 1);
	assert_string_equal(client->reset_reason, reason);
	client_check_now(client);
	client_close(client);
	rig_settle(rig);
	client_reopen(client, 0);
}

static void positions_that_cannot_be_continued_get_reset_then_a_snapshot(void **unused)
{
	char text[64];

	put_and_commit(0, 1);
	expect_reset("1.1", "the position is of another history");
	snprintf(text, sizeof(text), "%x.%llu", (unsigned)rig->position.epoch, (unsigned long long)rig->position.n + 1);
	expect_reset(text, "the position is in the future");
	snprintf(text, sizeof(text), "%x.%llu", (unsigned)rig->position.epoch,
		 (unsigned long long)rig->models[0].floor - 1);
	expect_reset(text, "the position is older than what is kept");
}

static void the_oldest_position_that_the_log_keeps_can_be_continued_and_the_one_before_cannot(void **unused)
{
	char text[64];
	uint64_t n;

	rig_commit(rig);
	rig_commit(rig);
	rig_commit(rig);
	n = rig->position.n - 1;
	hub_retain(rig->hub, n);
	client->has_position = client->has_view = true;
	snprintf(client->position, sizeof(client->position), "%x.%llu", (unsigned)rig->position.epoch,
		 (unsigned long long)n);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->resets, 0);
	client_close(client);
	rig_settle(rig);
	client_reopen(client, 0);
	snprintf(text, sizeof(text), "%x.%llu", (unsigned)rig->position.epoch, (unsigned long long)n - 1);
	expect_reset(text, "the position is older than what is kept");
}

static void a_restart_resets_everybody_and_an_old_position_too(void **unused)
{
	put_and_commit(0, 1);
	join(client, 0, LIVE_LATEST);
	rig_restart(rig, "restored");
	rig_settle(rig);
	assert_int_equal(client->resets, 1);
	assert_string_equal(client->reset_reason, "restored");
	assert_int_equal(client->snapshots, 2);
	put_and_commit(0, 2);
	rig_settle(rig);
	client_check_now(client);
}

static void a_topic_that_is_no_more_after_a_restart_ends_its_subscriptions(void **unused)
{
	struct client *other = client_open(rig, 1);

	join(client, 0, LIVE_LATEST);
	join(other, 1, LIVE_LATEST);
	rig->models[0].refuses = true;
	rig_restart(rig, "restored");
	rig_settle(rig);
	assert_true(client->failed);
	assert_string_equal(client->error, "no such topic");
	assert_int_equal(peer_sub_count(&client->peer), 0);
	assert_false(other->failed);
	client_free(other);
}

static void a_topic_that_cannot_be_filled_is_an_error_and_leaves_nothing_behind(void **unused)
{
	rig->models[0].refuses = true;
	join(client, 0, LIVE_LATEST);
	assert_true(client->failed);
	assert_int_equal(hub_topic_count(rig->hub), 0);
	rig->models[0].refuses = false;
	client->failed = false;
	join(client, 0, LIVE_LATEST);
	client_check_now(client);
}

static void an_idle_position_is_moved_on_seldom(void **unused)
{
	struct client *every = client_open(rig, 0);

	join(client, 0, LIVE_LATEST);
	join(every, 0, LIVE_EVERY);
	rig_commit(rig);
	hub_tick(rig->hub, rig_now_us);
	rig_settle(rig);
	assert_int_equal(client->deltas, 0);
	rig_now_us += 60000000;
	hub_tick(rig->hub, rig_now_us);
	rig_settle(rig);
	assert_int_equal(client->empty_deltas, 1);
	assert_int_equal(every->empty_deltas, 1);
	assert_string_equal(client->position, every->position);
	rig_now_us += 60000000;
	hub_tick(rig->hub, rig_now_us); /* nothing has happened since */
	rig_settle(rig);
	assert_int_equal(client->empty_deltas, 1);
	client_free(every);
}

static void a_topic_lingers_after_its_last_subscriber_and_then_goes(void **unused)
{
	join(client, 0, LIVE_LATEST);
	client_close(client);
	rig_settle(rig);
	rig_now_us += 999999;
	hub_tick(rig->hub, rig_now_us);
	assert_int_equal(hub_topic_count(rig->hub), 1);
	rig_now_us += 1;
	hub_tick(rig->hub, rig_now_us);
	assert_int_equal(hub_topic_count(rig->hub), 0);
	assert_null(rig->models[0].topic);
}

static void leave(struct client *who)
{
	client_close(who);
	rig_settle(rig);
}

static void idle_topics_give_way_when_they_have_too_many_rows_together(void **unused)
{
	struct client *who[] = {client, client_open(rig, 0), client_open(rig, 1)};

	for (int topic = 0; topic < 3; topic++) /* each begins with RIG_KEYS rows */
		join(who[topic], topic, LIVE_LATEST);
	leave(who[0]);
	leave(who[1]);
	assert_int_equal(hub_topic_count(rig->hub), 3); /* two are idle, with the most rows there may be */
	leave(who[2]);
	assert_int_equal(hub_topic_count(rig->hub), 2);
	assert_null(rig->models[0].topic); /* idle longest */
	client_reopen(who[1], 0);
	join(who[1], 1, LIVE_LATEST); /* is looked at again, so its rows do not count */
	client_reopen(who[0], 0);
	join(who[0], 0, LIVE_LATEST);
	leave(who[0]);
	assert_int_equal(hub_topic_count(rig->hub), 3);
	client_free(who[1]);
	client_free(who[2]);
}

static void at_topics_max_the_topic_that_is_idle_longest_gives_way_and_else_one_more_is_refused(void **unused)
{
	struct client *others[2] = {client_open(rig, 0), client_open(rig, 1)};

	join(client, 0, LIVE_LATEST);
	join(others[0], 1, LIVE_LATEST);
	assert_int_equal(hub_topic_count(rig->hub), 2);
	join(others[1], 2, LIVE_LATEST);
	assert_true(others[1]->failed);
	client_close(others[0]);
	rig_settle(rig);
	client_close(client);
	rig_settle(rig);
	client_close(others[1]);
	client_reopen(others[1], 0);
	join(others[1], 2, LIVE_LATEST);
	assert_false(others[1]->failed);
	assert_null(rig->models[1].topic);
	assert_non_null(rig->models[0].topic);
	client_free(others[0]);
	client_free(others[1]);
}

static void remove_keys(int first, int last)
{
	for (int key = first; key <= last; key++) {
		rig_remove(rig, 0, key);
		rig_commit(rig);
	}
}

static void as_many_tombstones_as_allowed_are_kept_and_one_more_forgets_the_oldest(void **unused)
{
	char before[RC_POSITION_TEXT_MAX];

	for (int key = 0; key < 4; key++)
		rig_put(rig, 0, key);
	rig_commit(rig);
	join(client, 0, LIVE_LATEST);
	memcpy(before, client->position, sizeof(before));
	client_close(client);
	rig_settle(rig);
	remove_keys(0, 1);
	client_reopen(client, 0);
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->resets, 0);
	assert_int_equal(count("remove"), 2);
	client_close(client);
	rig_settle(rig);
	remove_keys(2, 2);
	client_reopen(client, 0);
	memcpy(client->position, before, sizeof(before));
	join(client, 0, LIVE_LATEST);
	assert_int_equal(client->resets, 1);
	client_check_now(client);
}

static void a_branch_that_needs_a_forgotten_tombstone_starts_again(void **unused)
{
	for (int key = 0; key < 5; key++)
		rig_put(rig, 0, key);
	rig_commit(rig);
	join(client, 0, LIVE_LATEST);
	remove_keys(0,
		    4); /* the first is pushed; the others wait until the branch is ready, and are more than are kept */
	rig_settle(rig);
	assert_int_equal(client->resets, 1);
	client_check_now(client);
}

static void a_crowd_of_one_topic_is_divided_into_branches(void **unused)
{
	struct client *crowd[7];

	for (int i = 0; i < 7; i++) {
		crowd[i] = client_open(rig, 0);
		join(crowd[i], 0, LIVE_LATEST);
	}
	assert_int_equal(hub_topic_count(rig->hub), 1);
	put_and_commit(0, 1);
	rig_settle(rig);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(crowd[i]->deltas, 1);
		client_free(crowd[i]);
		rig_settle(rig);
	}
}

#define NORMAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define SMALL(test)  cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NORMAL(a_subscription_begins_with_one_snapshot),
		NORMAL(a_transaction_becomes_one_delta),
		NORMAL(a_transaction_that_changes_nothing_in_a_topic_sends_nothing),
		NORMAL(a_row_changed_and_changed_back_is_nothing),
		NORMAL(an_equal_value_is_nothing),
		NORMAL(a_remove_of_what_the_topic_does_not_hold_is_nothing),
		NORMAL(from_is_the_last_position_sent_on_that_subscription),
		NORMAL(what_time_changed_comes_with_to_equal_from),
		NORMAL(what_time_changed_comes_again_after_a_resume),
		NORMAL(each_resume_gets_all_that_time_has_changed_by_then),
		NORMAL(what_time_changed_keeps_a_resumers_own_position),
		NORMAL(what_time_changed_while_the_topic_was_closed_is_told_by_its_source),
		NORMAL(a_resume_continues_with_a_delta_or_nothing),
		NORMAL(mode_every_resumes_transaction_by_transaction),
		NORMAL(mode_every_resumes_from_where_time_had_changed_rows_before_anybody_came),
		SMALL(mode_every_starts_again_when_its_history_does_not_reach_back),
		NORMAL(mode_every_never_merges_and_mode_latest_may),
		NORMAL(positions_that_cannot_be_continued_get_reset_then_a_snapshot),
		NORMAL(the_oldest_position_that_the_log_keeps_can_be_continued_and_the_one_before_cannot),
		NORMAL(a_restart_resets_everybody_and_an_old_position_too),
		NORMAL(a_topic_that_is_no_more_after_a_restart_ends_its_subscriptions),
		NORMAL(a_topic_that_cannot_be_filled_is_an_error_and_leaves_nothing_behind),
		NORMAL(an_idle_position_is_moved_on_seldom),
		NORMAL(a_topic_lingers_after_its_last_subscriber_and_then_goes),
		cmocka_unit_test_setup_teardown(idle_topics_give_way_when_they_have_too_many_rows_together,
						set_up_few_idle_rows, tear_down),
		SMALL(at_topics_max_the_topic_that_is_idle_longest_gives_way_and_else_one_more_is_refused),
		SMALL(as_many_tombstones_as_allowed_are_kept_and_one_more_forgets_the_oldest),
		SMALL(a_branch_that_needs_a_forgotten_tombstone_starts_again),
		SMALL(a_crowd_of_one_topic_is_divided_into_branches),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
