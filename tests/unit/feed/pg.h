/* What the tests of both PostgreSQL feeds share: a server, a database with the sample's tables, writers, a reader. */
#ifndef TESTS_FEED_PG_H
#define TESTS_FEED_PG_H

#include <libpq-fe.h>

#include "../suite.h"
#include "engine.h"
#include "rowcast/feed.h"
#include "sample.h"

struct pg_fixture {
	struct engine *server;
	char url[256];
	struct rc_feed_options options;
	struct rc_feed *feed;
	struct rc_arena arena;
	struct rc_txn txn;
	struct rc_position at;
	uint32_t rows; /* of the last snapshot */
	/* Table item as the feed tells it, ids 0 to 63. Each change must begin where the one before ended. */
	struct pgt_row {
		bool there;
		int64_t number, version; /* real, version */
	} items[64];
	int64_t total;    /* of numbers */
	bool total_fixed; /* every transaction must leave it as it was */
	uint32_t delivered;
};

/* The tables of the sample and rc_meta, in the order of the models' columns. */
extern const char pgt_tables[];

void pgt_fixture_make(struct pg_fixture *f, struct engine *server, enum rc_feed_kind kind);
void pgt_fixture_end(struct pg_fixture *f);
/* Prepare and open; the test fails with the fault's words. */
void pgt_prepare(struct pg_fixture *f);
void pgt_open(struct pg_fixture *f);
void pgt_snapshot(struct pg_fixture *f);
/* Wait for the next transaction as a program does: by the descriptor. Anything but RC_OK and RC_GONE fails after 20 s; while
 * the server cannot be reached it is waited for. */
int pgt_next(struct pg_fixture *f);
/* Everything that is committed by now; the tables are then as the feed said. */
void pgt_drain(struct pg_fixture *f);
void pgt_nothing(struct pg_fixture *f);
/* Close and open again, snapshot, and replay what is kept behind `after`. */
void pgt_reopen(struct pg_fixture *f);

/* Writers on connections of their own: each transaction moves a part of one item to another and counts both versions. */
struct pgt_writers;
void pgt_seed_items(struct pg_fixture *f, int count);
struct pgt_writers *pgt_writers_start(struct pg_fixture *f, int threads, unsigned int seed);
/* Ends them; how many transactions they committed. A server that went away ends them, too. */
uint32_t pgt_writers_stop(struct pgt_writers *writers);

PGconn *pgt_connect(const char *url);
/* Run; the test fails unless it succeeds. */
void pgt_exec(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first value; "" for none. Borrowed until the next call of this thread. */
const char *pgt_query(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Outsiders' SQL, on a connection of its own. */
void pgt_sql(struct pg_fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tests of both sources (pg_shared.c); state: struct pg_fixture, opened, with a snapshot. */
#define PGT_SHARED(each)                                                                                               \
	each(test_nothing_new_is_again) each(test_a_commit_is_delivered_once_with_its_images)                          \
		each(test_a_transaction_comes_whole_and_without_what_it_undid)                                         \
			each(test_writers_that_cross_keep_the_order_of_every_row_and_the_sum) each(                    \
				test_what_is_written_during_the_copy_is_neither_lost_nor_doubled)                      \
				each(test_random_values_are_those_that_a_select_reads) each(test_a_truncate_is_a_gap)  \
					each(test_columns_that_come_and_go_in_a_transaction)                           \
						each(test_a_key_that_goes_is_a_gap)                                    \
							each(test_a_connection_that_is_cut_loses_nothing)

#define PGT_DECLARE(name) void name(void **state);
PGT_SHARED(PGT_DECLARE)

#endif
