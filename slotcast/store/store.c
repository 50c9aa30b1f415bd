/*
 * Start, stop and the queue. The writer thread is a loop: requests arrive as messages, the hook at the end of each turn
 * runs them as trains (train.c), timers tidy (tidy.c). Nothing here takes a lock: a newer catalog and epoch are handed
 * over by atomic exchange and taken up before the next train.
 */
#include <sodium.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

static void request_deliver(struct message *message)
{
	struct store_request *request = (struct store_request *)message;
	struct store *store = request->store;

	if (store->waiting_count == store->waiting_capacity) {
		store->waiting_capacity = store->waiting_capacity ? 2 * store->waiting_capacity : 256;
		store->waiting = rc_xrealloc(store->waiting, store->waiting_capacity * sizeof(struct store_request *));
	}
	store->waiting[store->waiting_count++] = request;
}

int store_submit(struct store *store, struct store_request *request)
{
	request->store = store;
	request->queued_us = clock_mono_us();
	request->message.deliver = request_deliver;
	return loop_offer(store->loop, &request->message);
}

static void stop_deliver(struct message *message)
{
	struct store *store = (struct store *)((char *)message - offsetof(struct store, stop));

	store->stopping = true;
}

static void nudge_deliver(struct message *message)
{
	struct store *store = (struct store *)((char *)message - offsetof(struct store, nudge));

	atomic_store(&store->nudged, false);
	store->mark_wanted = true;
}

static void take_catalog(struct store *store)
{
	struct catalog *catalog = atomic_exchange(&store->next_catalog, NULL);

	if (!catalog)
		return;
	rules_use(store->rules, catalog);
	catalog_drop(catalog);
}

static void writer_flush(struct loop_hook *hook)
{
	struct store *store = (struct store *)((char *)hook - offsetof(struct store, hook));
	size_t most = (size_t)store->options.train_max;

	take_catalog(store);
	for (size_t at = 0; at < store->waiting_count; at += most) {
		size_t count = store->waiting_count - at;

		train_run(store, store->waiting + at, count < most ? count : most);
	}
	store->waiting_count = 0;
	if (store->mark_wanted) {
		store->mark_wanted = false;
		train_failed(store, train_mark(store));
	}
	if (store->stopping)
		loop_stop(store->loop);
}

static void *writer_main(void *arg)
{
	struct store *store = arg;
	int err;

	pthread_setname_np(pthread_self(), "writer");
	err = loop_run(store->loop);
	if (err)
		log_event(LOG_ERROR, "writer_ended", "the writer's loop failed", LOG_S("err", rc_err_name(err)));
	return NULL;
}

static void options_default(struct store_options *options)
{
	if (!options->train_max)
		options->train_max = 256;
	if (!options->backlog_max)
		options->backlog_max = 10000;
	if (!options->idempotency_keep_us)
		options->idempotency_keep_us = INT64_C(86400) * 1000000;
	if (!options->feed.keep_us)
		options->feed.keep_us = INT64_C(600) * 1000000;
	if (!options->feed.keep_changes)
		options->feed.keep_changes = 100000;
}

static void store_free(struct store *store)
{
	struct catalog *catalog = atomic_exchange(&store->next_catalog, NULL);

	if (catalog)
		catalog_drop(catalog);
	flights_release(store);
	if (store->rules)
		rules_destroy(store->rules);
	link_release(store);
	if (store->loop)
		loop_destroy(store->loop);
	sem_destroy(&store->checkpoint_wake);
	rc_arena_release(&store->arena);
	buf_release(&store->body);
	yard_release(&store->yard);
	free(store->waiting);
	free(store->url);
	free(store);
}

int store_start(struct store **out, const char *url, const struct store_options *options, struct catalog *catalog,
		struct rc_fault *fault)
{
	struct store *store = rc_xcalloc(1, sizeof(*store));
	int err;

	*out = NULL;
	store->url = rc_xstrdup(url);
	store->options = *options;
	options_default(&store->options);
	atomic_store(&store->epoch, options->epoch);
	atomic_store(&store->checkpointing, true);
	atomic_store(&store->next_catalog, catalog_acquire(catalog));
	sem_init(&store->checkpoint_wake, 0, 0);
	rc_arena_init(&store->arena, 16384);
	store->rules = rules_create();
	randombytes_buf(&store->writer_base, sizeof(store->writer_base));
	store->writer_base &= ~WRITER_CONNECTIONS;
	err = link_start(store, fault);
	if (!err)
		err = loop_create(&store->loop, fault);
	if (err) {
		store_free(store);
		return err;
	}
	take_catalog(store);
	store_metrics_register();
	loop_set_backlog(store->loop, store->options.backlog_max);
	store->hook.run = writer_flush;
	loop_hook_add(store->loop, &store->hook);
	timer_start(store->loop, &store->tidy, clock_mono_us(), tidy_tick);
	rc_check(pthread_create(&store->writer, NULL, writer_main, store) == 0);
	if (!store->marks_all) /* a server does that itself */
		rc_check(pthread_create(&store->checkpointer, NULL, checkpoint_main, store) == 0);
	*out = store;
	return 0;
}

void store_stop(struct store *store)
{
	store->stop.deliver = stop_deliver;
	loop_post(store->loop, &store->stop);
	pthread_join(store->writer, NULL);
	atomic_store(&store->checkpointing, false);
	sem_post(&store->checkpoint_wake);
	if (!store->marks_all)
		pthread_join(store->checkpointer, NULL);
	store_free(store);
}

void store_use_catalog(struct store *store, struct catalog *catalog)
{
	struct catalog *before = atomic_exchange(&store->next_catalog, catalog_acquire(catalog));

	if (before)
		catalog_drop(before);
}

void store_use_epoch(struct store *store, uint64_t epoch)
{
	atomic_store(&store->epoch, epoch);
}

bool store_made(const struct store *store, struct rc_mark mark)
{
	return mark.writer && (mark.writer & ~WRITER_CONNECTIONS) == store->writer_base;
}

bool store_marks_all(const struct store *store)
{
	return store->marks_all;
}

void store_nudge(struct store *store)
{
	if (atomic_exchange(&store->nudged, true))
		return;
	store->nudge.deliver = nudge_deliver;
	loop_post(store->loop, &store->nudge);
}

void store_on_news(struct store *store, void (*fn)(void *arg), void *arg)
{
	store->on_news_arg = arg;
	atomic_store(&store->on_news, fn);
}

int64_t store_backlog(const struct store *store)
{
	return loop_backlog(store->loop);
}

int store_health(const struct store *store)
{
	return atomic_load(&store->health);
}
