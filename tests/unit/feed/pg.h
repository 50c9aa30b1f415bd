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
	/* The state of the tables as the feed tells it: item → real, version; pair → amount. */
	struct pg_row {
		bool there;
		int64_t number, version;
	} items[64];
	int64_t total; /* of items there */
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
/* Nothing comes, as far as a mark written now tells: the mark comes next. */
void pgt_nothing(struct pg_fixture *f);
/* Look until `done` or 20 s have passed. RC_OK: done. */
int pgt_until(struct pg_fixture *f, bool (*done)(struct pg_fixture *f));

PGconn *pgt_connect(const char *url);
/* Run; the test fails unless it succeeds. */
void pgt_exec(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first value; "" for none. Borrowed until the next call of this thread. */
const char *pgt_query(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Outsiders' SQL, on a connection of its own. */
void pgt_sql(struct pg_fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
