/*
 * The lost-update storm: threads read a row, count it up and write it back under the version that they read. Each version has
 * one winner; who is told RC_STALE reads again; nothing that was counted is missing.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "on_engines.h"
#include "sample.h"

#define THREADS 4
#define WINS    25 /* of each thread */

struct storm {
	char url[256];
	atomic_int winners[THREADS * WINS + 2]; /* of each version */
	atomic_int stale;
	pthread_barrier_t together;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

static struct rc_db *open_db(const char *url)
{
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 20000000, .create = true};
	struct rc_fault fault = {0};
	struct rc_db *db;

	if (rc_db_open(&db, url, sample_schema(), &options, &fault) != RC_OK)
		die("open", fault.message);
	return db;
}

static void read_row(struct rc_db *db, struct rc_arena *arena, struct item *out)
{
	const struct rc_value key = RC_INT_VALUE(1);
	struct rc_tx *tx;
	void *row;

	if (rc_tx_begin(db, RC_READ, &tx) != RC_OK || rc_row_get(tx, arena, &item_model, &key, &row) != RC_OK)
		die("read", rc_db_fault(db)->message);
	*out = *(struct item *)row;
	rc_tx_rollback(tx);
}

/* RC_STALE and RC_BUSY: not won. */
static int try_to_win(struct rc_db *db, struct item *item)
{
	struct rc_tx *tx;
	int rc = rc_tx_begin(db, RC_WRITE, &tx);

	if (rc != RC_OK)
		return rc;
	item->real += 1;
	rc = rc_row_update(tx, &item_model, item);
	if (rc == RC_OK)
		return rc_tx_commit(tx);
	rc_tx_rollback(tx);
	return rc;
}

static void *thread_main(void *arg)
{
	struct storm *storm = arg;
	struct rc_db *db = open_db(storm->url);
	struct rc_arena arena;

	rc_arena_init(&arena, 4096);
	pthread_barrier_wait(&storm->together);
	for (int won = 0; won < WINS;) {
		struct item item;
		int64_t version;
		int rc;

		read_row(db, &arena, &item);
		version = item.version;
		rc = try_to_win(db, &item);
		if (rc == RC_OK) {
			won++;
			atomic_fetch_add(&storm->winners[version], 1);
		} else if (rc == RC_STALE) {
			atomic_fetch_add(&storm->stale, 1);
		} else if (rc != RC_BUSY) {
			die("update", rc_db_fault(db)->message);
		}
		rc_arena_reset(&arena);
	}
	rc_arena_release(&arena);
	rc_db_close(db);
	return NULL;
}

static void test_every_version_has_one_winner_and_nothing_counted_is_missing(void **state)
{
	static struct storm storm;
	struct engine *engine = *state;
	pthread_t threads[THREADS];
	struct rc_fault fault = {0};
	struct rc_arena arena;
	struct item item;
	struct rc_db *db;
	uint32_t applied;

	storm = (struct storm){.stale = 0};
	engine_fresh(engine, storm.url);
	pthread_barrier_init(&storm.together, NULL, THREADS);
	db = open_db(storm.url);
	if (rc_migrate_up(db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	sample_write(db,
		     engine->dialect == RC_POSTGRES
			     ? "INSERT INTO item (id, name, flag, \"real\", at) VALUES (1, 'counter', true, 0, now())"
		     : engine->dialect == RC_MARIADB
			     ? "INSERT INTO item (id, name, flag, `real`, at) VALUES (1, 'counter', 1, 0, NOW(6))"
			     : "INSERT INTO item (id, name, flag, real, at) VALUES (1, 'counter', 1, 0, 1)");
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &storm), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rc_arena_init(&arena, 4096);
	read_row(db, &arena, &item);
	assert_int_equal(item.version, THREADS * WINS + 1);
	assert_true(item.real == THREADS * WINS);
	for (int version = 1; version <= THREADS * WINS; version++)
		assert_int_equal(storm.winners[version], 1);
	print_message("# %d were told that somebody was faster\n", storm.stale);
	rc_arena_release(&arena);
	rc_db_close(db);
	pthread_barrier_destroy(&storm.together);
}

int main(void)
{
	static const struct engine_test tests[] = {
		{0, cmocka_unit_test(test_every_version_has_one_winner_and_nothing_counted_is_missing)},
	};

	return RUN_ON_ENGINES(tests);
}
