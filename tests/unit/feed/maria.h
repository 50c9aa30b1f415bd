/*
 * A MariaDB server with the sample schema, a feed on it, and a mirror of the tables that is kept by the feed alone: every
 * change must fit what the mirror holds, and in the end the mirror must be the tables.
 */
#ifndef TESTS_FEED_MARIA_H
#define TESTS_FEED_MARIA_H

#include <mysql.h>
#include <pthread.h>

#include "engine.h"
#include "rowcast/feed.h"
#include "sample.h"

struct mirror_row {
	const struct rc_model *model;
	uint64_t hash; /* of the key */
	struct rc_str key, image;
};

struct mirror {
	struct mirror_row *rows;
	size_t count, capacity;
};

struct maria {
	struct engine *engine;
	enum rc_feed_kind kind;
	char url[256];
	MYSQL *sql;
	struct rc_feed *feed;
	struct rc_arena arena;
	struct rc_txn txn;
	struct rc_position at; /* of the snapshot, then of the newest transaction */
	struct mirror mirror;
	uint64_t changes, transactions;
	void (*each)(const struct rc_txn *txn); /* called for each transaction, where set */
	int64_t sentinel;
};

/* A fresh database of the server with the sample's tables, a prepared feed, a snapshot in the mirror. */
void maria_setup(struct maria *maria, struct engine *engine, enum rc_feed_kind kind);
void maria_teardown(struct maria *maria);

MYSQL *maria_connect(const char *url);
/* Fails the test with the server's words. */
void maria_exec(MYSQL *sql, const char *format, ...) RC_PRINTF(2, 3);
#define maria_sql(maria, ...) maria_exec((maria)->sql, __VA_ARGS__)
uint64_t maria_int(MYSQL *sql, const char *query);
void maria_text(MYSQL *sql, const char *query, char *out, size_t size);
/* After a crash or a stop. */
void maria_reconnect(struct maria *maria);

void maria_open(struct maria *maria);
void maria_close(struct maria *maria);
void maria_snapshot(struct maria *maria); /* anew into the mirror */
/* Wait for the next transaction and put it into the mirror; what cannot be read now is waited for, RC_GONE comes back. */
int maria_next(struct maria *maria);
void maria_expect_nothing(struct maria *maria);
/* Everything that is committed now; fails on a gap. */
void maria_drain(struct maria *maria);
void maria_expect_gone(struct maria *maria);
/* Drain, and compare with what the tables hold. */
void maria_check(struct maria *maria);

void mirror_clear(struct mirror *mirror);
void mirror_put(void *mirror, const struct rc_model *model, const void *row);
void mirror_apply(struct mirror *mirror, const struct rc_txn *txn);
void mirror_same(const struct mirror *a, const struct mirror *b);

/* One statement at random on the sample's tables: values of every type, every kind of insert, updates, deletes; some are
 * refused. */
void maria_disturb(MYSQL *sql, uint64_t *seed);
/* Threads of writers that disturb. */
struct storm {
	pthread_t threads[8];
	struct storm_writer {
		const char *url;
		uint64_t seed;
		int statements;
	} writers[8];
	int count;
};
void storm_begin(struct storm *storm, struct maria *maria, int writers, int statements);
void storm_join(struct storm *storm);

/* maria_tests.c */
void test_values_of_every_type_come_as_they_are(void **state);
void test_writers_that_cross_leave_no_gap_and_no_double(void **state);
void test_transactions_are_never_torn(void **state);
void test_it_goes_on_from_every_position(void **state);
void test_the_past_can_be_read_again(void **state);
void test_a_crashed_server_loses_nothing(void **state);

uint64_t maria_random(void); /* seeded by SEED in the environment, else always the same */

#endif
