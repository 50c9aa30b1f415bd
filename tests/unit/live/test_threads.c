/*
 * The seam between the threads for real: a hub and two reactors on threads of their own, parcels through locked queues,
 * clients that come and go while transactions are committed. Built with -Db_sanitize=thread it shows whether anything
 * is shared outside of the parcels. In the end every client must have what was committed last.
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/metric.h"
#include "rowcast/io/clock.h"
#include "rowcast/live/fanout.h"

#define REACTORS 2
#define CLIENTS  16
#define COMMITS  3000

struct place {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct parcel *first, **end;
	bool closing;
};

struct client {
	struct peer peer;
	int deltas;
	int64_t last; /* the row's value that was seen last */
};

struct reactor {
	struct place place;
	pthread_t thread;
	struct fanout *fanout;
	struct client clients[CLIENTS];
};

static struct place hub_place;
static struct reactor reactors[REACTORS];
static struct hub *hub;
static struct topic *topic;
static sem_t there; /* a reactor whose clients all have the last value */
static struct metric subscribers = METRIC_GAUGE("threads_subscribers", "for tests", NULL);

/* ---- carrier ---- */

static void place_init(struct place *place)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&place->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&place->wake, &monotonic);
	place->end = &place->first;
}

static void post(struct place *place, struct parcel *parcel)
{
	pthread_mutex_lock(&place->lock);
	parcel->link[0] = NULL;
	*place->end = parcel;
	place->end = (struct parcel **)&parcel->link[0];
	pthread_cond_signal(&place->wake);
	pthread_mutex_unlock(&place->lock);
}

/* The next parcel; waits for one until `until_us` (monotonic; INT64_MAX: for ever). NULL: none, or closing. */
static struct parcel *take(struct place *place, int64_t until_us)
{
	struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
	struct parcel *parcel;
	int err = 0;

	pthread_mutex_lock(&place->lock);
	while (!err && !place->first && !place->closing && until_us > 0)
		err = until_us == INT64_MAX ? pthread_cond_wait(&place->wake, &place->lock)
					    : pthread_cond_timedwait(&place->wake, &place->lock, &until);
	parcel = place->first;
	if (parcel) {
		place->first = parcel->link[0];
		if (!place->first)
			place->end = &place->first;
	}
	pthread_mutex_unlock(&place->lock);
	return parcel;
}

static bool closing(struct place *place)
{
	bool yes;

	pthread_mutex_lock(&place->lock);
	yes = place->closing && !place->first;
	pthread_mutex_unlock(&place->lock);
	return yes;
}

static void close_place(struct place *place)
{
	pthread_mutex_lock(&place->lock);
	place->closing = true;
	pthread_cond_signal(&place->wake);
	pthread_mutex_unlock(&place->lock);
}

static void to_hub(void *arg, struct parcel *parcel)
{
	post(&hub_place, parcel);
}

static void to_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	post(&reactors[reactor].place, parcel);
}

/* ---- clients ---- */

static size_t client_send(struct peer *peer, const void *bytes, size_t len)
{
	struct client *client = (struct client *)((char *)peer - offsetof(struct client, peer));
	const char *text = bytes, *found = NULL, *at = text;

	while ((at = memmem(at, len - (size_t)(at - text), "\"v\":", 4)))
		found = at += 4;
	if (found) /* the bytes end where the frame does, without a NUL */
		for (client->last = 0; found < text + len && *found >= '0' && *found <= '9'; found++)
			client->last = client->last * 10 + (*found - '0');
	client->deltas++;
	return len;
}

static int client_queue(struct peer *peer, const void *bytes, size_t len)
{
	fail();
	return 0;
}

static size_t before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	return 0;
}

/* Both threads may pack a body at once. A delta that is short of its last bytes is as good to client_send. */
static void pack(struct buf *out, struct rc_str body)
{
	buf_append(out, body.ptr, body.len - 2);
}

static size_t before_packed(char out[FRAME_BEFORE_MAX], size_t head_bytes, size_t packed_bytes)
{
	return 0;
}

static void failed(struct peer *peer, struct rc_str id, const struct rc_fault *fault)
{
	fail_msg("%s", fault->message);
}

static const struct transport transport = {.name = "threads",
					   .tells_id = true,
					   .tells_status = true,
					   .subscribers = &subscribers,
					   .before = before,
					   .pack = pack,
					   .before_packed = before_packed,
					   .send = client_send,
					   .queue = client_queue,
					   .failed = failed};

static int fill(void *arg, struct topic *filled, struct rc_fault *fault)
{
	topic = filled;
	topic_put(filled, RC_STR("\"k\""), RC_STR("{\"v\":0}"), 0);
	return 0;
}

static void closed(void *arg, struct topic *gone)
{
	topic = NULL;
}

static const struct topic_source source = {.kind = "threads", .fill = fill, .closed = closed};

static void client_subscribe(struct reactor *reactor, struct client *client)
{
	struct subscription wanted = {.id = RC_STR("a"),
				      .source = &source,
				      .name = RC_STR("threads"),
				      .shape = rc_xcalloc(1, 1),
				      .mode = (client - reactor->clients) % 2 ? LIVE_EVERY : LIVE_LATEST};

	peer_open(reactor->fanout, &client->peer, &transport);
	peer_subscribe(&client->peer, &wanted);
}

static bool all_there(const struct reactor *reactor)
{
	for (int i = 0; i < CLIENTS; i++) {
		if (reactor->clients[i].last != COMMITS)
			return false;
	}
	return true;
}

static void *reactor_run(void *arg)
{
	struct reactor *reactor = arg;
	struct parcel *parcel;
	bool told = false;
	int turns = 0;

	for (int i = 0; i < CLIENTS; i++)
		client_subscribe(reactor, &reactor->clients[i]);
	while (!closing(&reactor->place)) {
		int64_t due_us = fanout_run(reactor->fanout, 5);

		if (!told && all_there(reactor)) {
			told = true;
			sem_post(&there);
		}
		parcel = take(&reactor->place, due_us <= clock_mono_us() ? 0 : due_us);
		if (parcel)
			parcel->arrive(parcel);
		/* A few come and go. */
		if (++turns % 7 == 0 && turns < COMMITS / 2) {
			struct client *client = &reactor->clients[turns % (CLIENTS / 2)];

			peer_close(&client->peer);
			client_subscribe(reactor, client);
		}
	}
	return NULL;
}

static void *hub_run(void *arg)
{
	struct rc_position position = {1, 1};
	struct parcel *parcel;
	char row[64];

	hub_restart(hub, position, NULL);
	for (int i = 1; i <= COMMITS; i++) {
		while ((parcel = take(&hub_place, i == 1 && !topic ? INT64_MAX : 0)))
			parcel->arrive(parcel);
		position.n++;
		if (topic)
			topic_put(topic, RC_STR("\"k\""),
				  (struct rc_str){row, (size_t)snprintf(row, sizeof(row), "{\"v\":%d}", i)},
				  position.n);
		hub_commit(hub, position, 1);
		if (i % 100 == 0)
			hub_status(hub, i % 200 ? LIVE_LIVE : LIVE_STALE, 0, 0);
	}
	while ((parcel = take(&hub_place, INT64_MAX)))
		parcel->arrive(parcel);
	return NULL;
}

static void clients_on_two_reactors_end_with_what_was_committed_last(void **unused)
{
	pthread_t hub_thread;

	sem_init(&there, 0, 0);
	place_init(&hub_place);
	hub = hub_create(&(struct hub_config){.carrier = {to_hub, to_reactor, NULL},
					      .reactor_count = REACTORS,
					      .topics_max = 10,
					      .topic_linger_us = 1000000,
					      .tombstones_max = 100,
					      .history_bytes_max = 100000,
					      .position_interval_us = 1000000,
					      .position_interval_n = 100});
	for (uint32_t r = 0; r < REACTORS; r++) {
		place_init(&reactors[r].place);
		reactors[r].fanout = fanout_create(&(struct fanout_config){.carrier = {to_hub, to_reactor, NULL},
									   .hub = hub,
									   .reactor = r,
									   .ring_bytes_max = 4096,
									   .copy_bytes_max = 65536,
									   .branch_subs_max = 5,
									   .mono_us = clock_mono_us,
									   .wall_us = clock_wall_us});
		hub_attach(hub, r, reactors[r].fanout);
	}
	assert_int_equal(pthread_create(&hub_thread, NULL, hub_run, NULL), 0);
	for (int r = 0; r < REACTORS; r++)
		assert_int_equal(pthread_create(&reactors[r].thread, NULL, reactor_run, &reactors[r]), 0);
	for (int r = 0; r < REACTORS; r++)
		sem_wait(&there);
	for (int r = 0; r < REACTORS; r++) {
		close_place(&reactors[r].place);
		pthread_join(reactors[r].thread, NULL);
	}
	close_place(&hub_place);
	pthread_join(hub_thread, NULL);
	for (int r = 0; r < REACTORS; r++) {
		for (int i = 0; i < CLIENTS; i++)
			peer_close(&reactors[r].clients[i].peer);
	}
	for (bool more = true; more;) {
		struct parcel *parcel = take(&hub_place, 0);

		for (int r = 0; !parcel && r < REACTORS; r++)
			parcel = take(&reactors[r].place, 0);
		more = parcel;
		if (parcel)
			parcel->arrive(parcel);
	}
	hub_destroy(hub);
	for (int r = 0; r < REACTORS; r++)
		fanout_destroy(reactors[r].fanout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(clients_on_two_reactors_end_with_what_was_committed_last)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
