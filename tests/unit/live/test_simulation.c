/*
 * Seeded simulation: topics, clients of both modes on two reactors, streams that stall and break anywhere, packed bodies and plain ones, resumes from
 * old, foreign and invented positions, time-driven changes, restarts with a new epoch, pruning, topics that come and
 * go, rates. Each client checks every message while it folds it, and that its rate is kept (rig.c); in the end all
 * streams flow, every view must be the present one, and what is changed then must come as soon as the rate allows.
 *
 *   test_live_simulation [seeds [first seed]]
 */
#include "tests/unit/live/rig.h"
#include "tests/unit/seeded.h"

#define CLIENTS 7

static uint8_t seed_rates[3]; /* the first is none */
static long seed_count = 2000, seed_first = 1;

static void subscribe(struct client *client, int topic)
{
	client->rate = seed_rates[below(3)];
	client_subscribe(client, topic, below(3) ? LIVE_LATEST : LIVE_EVERY);
}

static struct rig_options random_options(void)
{
	struct rig_options options = rig_defaults();

	options.ring_bytes = below(2) ? 300 + below(600) : 1 << 16;
	options.copy_bytes = below(2) ? 20 + below(200) : 1 << 16;
	options.pack_bytes = below(2) ? below(100) : 0;
	options.history_bytes = below(2) ? 200 + below(3000) : 1 << 20;
	options.tombstones_max = 1 + below(RIG_KEYS);
	options.topics_max = 1 + below(4);
	options.branch_subs_max = 1 + below(4);
	return options;
}

static void random_changes(struct rig *rig)
{
	for (uint32_t i = below(4); i > 0; i--) {
		int topic = (int)below(RIG_TOPICS), key = (int)below(RIG_KEYS);

		if (below(3))
			rig_put(rig, topic, key);
		else
			rig_remove(rig, topic, key);
	}
	if (below(5))
		rig_commit(rig);
	else
		rig_commit_time(rig);
}

static void random_client(struct client *client)
{
	const struct rig *rig = client->rig;

	if (client->open && below(3) == 0) {
		if (below(2) && peer_sub_count(&client->peer) > 0)
			assert_int_equal(peer_unsubscribe(&client->peer, RC_STR("a")), 0);
		client_close(client);
		return;
	}
	if (!client->open || client->failed) {
		int topic = client->topic;

		client_close(client);
		client->packs = below(2);
		client_reopen(client, (int)below(RIG_REACTORS));
		if (below(6) == 0) {
			topic = (int)below(RIG_TOPICS);
			client->has_position = client->has_view = client->invented = false;
		} else if (below(12) == 0 && client->has_position) {
			snprintf(client->position, sizeof(client->position), "%x.%llu",
				 below(2) ? 0xabcu : (unsigned)rig->position.epoch,
				 (unsigned long long)rig->position.n + 100000);
			client->invented = true;
		}
		subscribe(client, topic);
	}
}

static void random_step(struct rig *rig, struct client **clients)
{
	struct client *client = clients[below(CLIENTS)];

	switch (below(16)) {
	case 0:
	case 1:
	case 2:
		random_changes(rig);
		break;
	case 3:
		random_client(client);
		break;
	case 4:
		client_make_room(client, below(3) ? below(200) : UNLIMITED);
		if (below(2))
			client_say_writable(client);
		break;
	case 5:
		if (below(30) == 0)
			rig_restart(rig, "simulated");
		break;
	case 6:
		rig_now_us += below(2000000);
		if (below(20) == 0)
			rig_now_us += 61000000;
		hub_tick(rig->hub, rig_now_us);
		break;
	case 7:
		if (below(20) == 0)
			hub_retain(rig->hub, rig->position.n - below(30));
		if (below(4) == 0)
			hub_status(rig->hub, below(2) ? LIVE_LIVE : LIVE_STALE, 0, 5000);
		if (below(4) == 0)
			fanout_tell_status(rig->fanouts[below(RIG_REACTORS)]);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
		rig_deliver_hub(rig);
		break;
	case 12:
	case 13:
		rig_deliver_reactor(rig, (int)below(RIG_REACTORS));
		break;
	default:
		fanout_run(rig->fanouts[below(RIG_REACTORS)], 1 + below(3));
	}
}

static void check_now(struct client *client)
{
	if (client->open && !client->failed)
		client_check_now(client);
}

static void check_all_now(struct client **clients)
{
	for (int i = 0; i < CLIENTS; i++)
		check_now(clients[i]);
}

static void change_all(struct rig *rig)
{
	for (int topic = 0; topic < RIG_TOPICS; topic++)
		rig_put(rig, topic, (int)below(RIG_KEYS));
	rig_commit(rig);
}

static void simulate(uint64_t seed)
{
	struct rig_options options;
	struct client *clients[CLIENTS];
	struct rig *rig;

	seed_begin(seed);
	options = random_options();
	for (int i = 1; i < 3; i++)
		seed_rates[i] = (uint8_t)(RATE_FASTEST + below(RATE_SLOWEST));
	rig = rig_create(&options);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = client_open(rig, (int)below(RIG_REACTORS));
		subscribe(clients[i], (int)below(RIG_TOPICS));
	}
	for (int i = 0; i < 400; i++)
		random_step(rig, clients);
	rig_settle(rig);
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < CLIENTS; i++)
			client_room(clients[i], UNLIMITED);
		rig_now_us += 61000000; /* more than the longest rest */
		rig_settle(rig);
	}
	check_all_now(clients);
	change_all(rig); /* after a quiet time it comes at once … */
	rig_settle(rig);
	check_all_now(clients);
	change_all(rig); /* … and the next within the interval of whoever wished for one */
	rig_settle(rig);
	for (uint8_t rate = RATE_ANY; rate <= RATE_SLOWEST; rate++) {
		rig_now_us += rate_interval_us(rate) - (rate == RATE_ANY ? 0 : rate_interval_us(rate - 1));
		rig_settle(rig);
		for (int i = 0; i < CLIENTS; i++) {
			if (clients[i]->mode == LIVE_EVERY || clients[i]->rate <= rate)
				check_now(clients[i]);
		}
	}
	for (int i = 0; i < CLIENTS; i++)
		client_free(clients[i]);
	rig_destroy(rig);
}

static void every_view_is_right_at_every_position_whatever_happens(void **unused)
{
	for (long i = 0; i < seed_count; i++)
		simulate((uint64_t)(seed_first + i));
}

static int name_seed(void **unused)
{
	print_message("# last seed: %llu\n", (unsigned long long)seed_now);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_view_is_right_at_every_position_whatever_happens, name_seed),
	};

	if (argc > 1)
		seed_count = atol(argv[1]);
	if (argc > 2)
		seed_first = atol(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
