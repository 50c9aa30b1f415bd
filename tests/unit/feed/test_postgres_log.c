/* The log source on a real PostgreSQL server: what is its own beside what both sources promise. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"
#include "rowcast/feed/postgres/watch.h"

static struct engine server;

static int group_setup(void **state)
{
	pgf_watch_us = 100000;
	engine_start(&server, RC_POSTGRES, (const char *[]){"fsync=off", NULL});
	return 0;
}

static int group_teardown(void **state)
{
	engine_remove(&server);
	return 0;
}

static int setup_bare(void **state)
{
	static struct pg_fixture f;

	pgt_fixture_make(&f, &server, RC_FEED_LOG);
	*state = &f;
	return 0;
}

static int setup(void **state)
{
	struct pg_fixture *f;

	setup_bare(state);
	f = *state;
	pgt_prepare(f);
	pgt_open(f);
	pgt_snapshot(f);
	return 0;
}

static int teardown(void **state)
{
	pgt_fixture_end(*state);
	return 0;
}

static void attend(struct pg_fixture *f)
{
	struct pollfd fd = {.fd = rc_feed_fd(f->feed), .events = POLLIN};

	if (poll(&fd, 1, 1000) > 0)
		rc_feed_attend(f->feed);
}

/* Go on as a program does until the server says `t`. */
static void await(struct pg_fixture *f, bool reading, const char *sql)
{
	PGconn *conn = pgt_connect(f->url);

	while (strcmp(pgt_query(conn, "%s", sql), "t") != 0) {
		if (reading)
			assert_int_equal(rc_feed_next(f->feed, &f->arena, &f->txn), RC_AGAIN);
		attend(f);
	}
	PQfinish(conn);
}

struct replayed {
	uint64_t at[32];
	int count;
};

static void replay_txn(void *arg, const struct rc_txn *txn)
{
	struct replayed *replayed = arg;

	assert_true(replayed->count < 32);
	assert_true(txn->committed_us > 0);
	if (txn->change_count == 0)
		return; /* a mark */
	replayed->at[replayed->count++] = txn->position.n;
}

static void test_history_is_replayed_from_every_boundary(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_position oldest, first = f->at;
	uint64_t at[6];

	for (int i = 0; i < 6; i++) {
		pgt_sql(f, "INSERT INTO pair VALUES (%d, 'x', 1); INSERT INTO item (id, name) VALUES (%d, 'n%d')", i, i,
			i);
		assert_int_equal(pgt_next(f), RC_OK);
		at[i] = f->at.n;
	}
	for (int from = -1; from < 6; from++) {
		struct rc_position after = {first.epoch, from < 0 ? first.n : at[from]};
		struct replayed replayed = {.count = 0};

		pgt_reopen(f);
		assert_int_equal(f->at.epoch, first.epoch);
		assert_int_equal(rc_feed_oldest(f->feed, &oldest), RC_OK);
		assert_true(oldest.n <= first.n);
		assert_int_equal(rc_feed_replay(f->feed, after, replay_txn, &replayed), RC_OK);
		assert_int_equal(replayed.count, 5 - from);
		for (int i = 0; i < replayed.count; i++)
			assert_int_equal(replayed.at[i], at[from + 1 + i]);
		pgt_nothing(f);
	}
	assert_int_equal(rc_feed_replay(f->feed, (struct rc_position){first.epoch ^ 1, first.n}, replay_txn, NULL),
			 RC_GONE);
	assert_int_equal(rc_feed_replay(f->feed, (struct rc_position){first.epoch, oldest.n - 1}, replay_txn, NULL),
			 RC_GONE);
}

struct meeting {
	struct pgt_row items[16]; /* before the close; the replay brings them to the snapshot's state */
};

static void meet_txn(void *arg, const struct rc_txn *txn)
{
	struct meeting *meeting = arg;

	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct item *old = txn->changes[i].old_row, *new = txn->changes[i].new_row;

		if (txn->changes[i].model != &item_model)
			continue;
		assert_int_equal(meeting->items[new->id].version, old->version);
		meeting->items[new->id].version = new->version;
	}
}

/* History ends at the snapshot, and next goes on behind it, while others write. */
static void test_history_meets_the_stream_under_writers(void **state)
{
	struct pg_fixture *f = *state;
	struct pgt_writers *writers;

	pgt_seed_items(f, 16);
	assert_int_equal(pgt_next(f), RC_OK);
	writers = pgt_writers_start(f, 3, 5);
	for (int round = 0; round < 3; round++) {
		struct rc_position after;
		struct meeting meeting;
		uint32_t until = f->delivered + 20;

		while (f->delivered < until)
			assert_int_equal(pgt_next(f), RC_OK);
		memcpy(meeting.items, f->items, sizeof(meeting.items));
		after = f->at;
		pgt_reopen(f);
		assert_int_equal(rc_feed_replay(f->feed, after, meet_txn, &meeting), RC_OK);
		for (int i = 0; i < 16; i++)
			assert_int_equal(meeting.items[i].version, f->items[i].version);
	}
	pgt_writers_stop(writers);
	pgt_drain(f);
}

static void drop_slot(struct pg_fixture *f)
{
	pgt_sql(f, "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = "
		   "current_database() AND "
		   "active");
	await(f, false, "SELECT count(*) = 0 FROM pg_replication_slots WHERE database = current_database() AND active");
	pgt_sql(f, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = "
		   "current_database()");
}

static void test_a_dropped_slot_is_a_gap(void **state)
{
	struct pg_fixture *f = *state;
	uint64_t epoch = f->at.epoch;

	drop_slot(f);
	pgt_seed_items(f, 3);
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_true(f->at.epoch != epoch);
	assert_int_equal(f->rows, 3);
	pgt_sql(f, "UPDATE item SET version = 2");
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_drain(f);
}

static void test_a_slot_made_anew_is_a_gap(void **state)
{
	struct pg_fixture *f = *state;
	PGconn *conn = pgt_connect(f->url);
	char name[64];

	snprintf(name, sizeof(name), "%s",
		 pgt_query(conn, "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"));
	drop_slot(f);
	pgt_seed_items(f, 3);
	pgt_exec(conn, "SELECT pg_create_logical_replication_slot('%s', 'pgoutput')", name);
	PQfinish(conn);
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_int_equal(f->rows, 3);
	pgt_nothing(f);
}

static void test_another_stored_epoch_is_a_gap(void **state)
{
	struct pg_fixture *f = *state;

	pgt_sql(f, "UPDATE rc_meta SET value = 'abc' WHERE key = 'epoch'");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_int_equal(f->at.epoch, 0xabc);
	pgt_nothing(f);
}

static void test_values_out_of_line_are_not_lost_by_other_columns_updates(void **state)
{
	struct pg_fixture *f = *state;
	const struct item *old, *new;

	pgt_sql(f, "INSERT INTO item (id, name, data) SELECT 1, 'fat', string_agg(sha256(i::text::bytea), NULL) FROM "
		   "generate_series(1, 2000) i");
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_sql(f, "UPDATE item SET version = 2");
	assert_int_equal(pgt_next(f), RC_OK);
	old = f->txn.changes[0].old_row;
	new = f->txn.changes[0].new_row;
	assert_int_equal(new->data.len, 64000);
	assert_true(rc_str_eq(old->data, new->data));
}

static void test_old_rows_that_are_not_whole_are_a_gap(void **state)
{
	struct pg_fixture *f = *state;

	pgt_seed_items(f, 2);
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_sql(f, "ALTER TABLE item REPLICA IDENTITY DEFAULT; UPDATE item SET version = 2");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_prepare(f);
	pgt_snapshot(f);
	pgt_sql(f, "UPDATE item SET version = 3");
	assert_int_equal(pgt_next(f), RC_OK);
}

static void test_a_table_that_leaves_the_publication_is_not_silent(void **state)
{
	struct pg_fixture *f = *state;
	int rc;

	pgt_sql(f, "ALTER PUBLICATION rowcast_sample DROP TABLE pair");
	while ((rc = rc_feed_next(f->feed, &f->arena, &f->txn)) == RC_AGAIN)
		attend(f);
	assert_int_equal(rc, RC_MISMATCH);
	pgt_sql(f, "INSERT INTO pair VALUES (1, 'missed', 1)");
	pgt_prepare(f);
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_int_equal(f->rows, 1);
	pgt_nothing(f);
}

/* The epoch of `before` has ended, and nobody goes on from there. */
static void another_history(struct pg_fixture *f, struct rc_position before)
{
	assert_int_not_equal(f->at.epoch, before.epoch);
	assert_int_equal(rc_feed_replay(f->feed, before, replay_txn, NULL), RC_GONE);
}

static void test_a_table_that_was_out_of_the_publication_while_nobody_read_ends_the_epoch(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_position before = f->at;

	rc_feed_close(f->feed);
	pgt_sql(f, "DROP TABLE pair; CREATE TABLE pair (a bigint, b text, amount bigint NOT NULL, PRIMARY KEY (a, b)); "
		   "INSERT INTO pair VALUES (1, 'missed', 1)");
	pgt_prepare(f);
	pgt_open(f);
	pgt_snapshot(f);
	assert_int_equal(f->rows, 1);
	another_history(f, before);
}

static void test_a_table_of_positions_made_anew_while_nobody_read_ends_the_epoch(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_position before = f->at;

	rc_feed_close(f->feed);
	pgt_sql(f, "CREATE TABLE copy AS TABLE rc_meta; DROP TABLE rc_meta; ALTER TABLE copy RENAME TO rc_meta; "
		   "ALTER TABLE rc_meta ADD PRIMARY KEY (key)");
	pgt_open(f);
	pgt_snapshot(f);
	another_history(f, before);
}

static void test_an_idle_slot_moves_while_others_write(void **state)
{
	struct pg_fixture *f = *state;
	char sql[256];
	PGconn *conn;

	rc_feed_close(f->feed);
	f->options.keep_us = 1;
	pgt_open(f);
	pgt_snapshot(f);
	conn = pgt_connect(f->url);
	pgt_exec(conn, "INSERT INTO other (text) SELECT sha256(i::text::bytea)::text FROM generate_series(1, 3000) i");
	snprintf(sql, sizeof(sql),
		 "SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE database = current_database()",
		 pgt_query(conn, "SELECT pg_current_wal_lsn()"));
	await(f, true, sql);
	PQfinish(conn);
	pgt_nothing(f);
}

static void test_only_what_was_acknowledged_is_forgotten(void **state)
{
	struct pg_fixture *f = *state;
	struct replayed replayed = {.count = 0};
	struct rc_position at[3];
	char sql[256];

	rc_feed_close(f->feed);
	f->options.manual_ack = true;
	pgt_open(f);
	pgt_snapshot(f);
	for (int i = 0; i < 3; i++) {
		pgt_sql(f, "INSERT INTO pair VALUES (%d, 'x', 1)", i);
		assert_int_equal(pgt_next(f), RC_OK);
		at[i] = f->at;
	}
	assert_int_equal(rc_feed_ack(f->feed, at[0]), RC_OK);
	snprintf(sql, sizeof(sql),
		 "SELECT confirmed_flush_lsn = '0/0'::pg_lsn + %" PRIu64
		 " FROM pg_replication_slots WHERE database = current_database()",
		 at[0].n);
	await(f, true, sql);
	pgt_reopen(f);
	assert_int_equal(rc_feed_replay(f->feed, at[0], replay_txn, &replayed), RC_OK);
	assert_int_equal(replayed.count, 2);
	assert_int_equal(replayed.at[0], at[1].n);
	pgt_nothing(f);
}

static void test_a_reader_that_stands_still_does_not_fill_the_disk(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_feed_stats stats;

	rc_feed_close(f->feed);
	f->options.keep_bytes = 1 << 20;
	pgt_open(f);
	pgt_snapshot(f);
	pgt_sql(f, "INSERT INTO item (name) SELECT repeat('x', 500) || i FROM generate_series(1, 8000) i");
	do {
		attend(f); /* alive, but it reads nothing */
		rc_feed_stats(f->feed, &stats);
	} while (stats.gaps == 0);
	await(f, false,
	      "SELECT count(*) = 0 FROM pg_replication_slots WHERE database = current_database() AND "
	      "pg_current_wal_lsn() - "
	      "restart_lsn > 1048576");
	assert_int_equal(pgt_next(f), RC_GONE);
	pgt_snapshot(f);
	assert_int_equal(f->rows, 8000);
	pgt_nothing(f);
}

static void test_two_readers_have_a_slot_each(void **state)
{
	struct pg_fixture *f = *state;
	struct pg_fixture other = *f;

	rc_arena_init(&other.arena, 4096);
	pgt_open(&other);
	pgt_snapshot(&other);
	assert_int_equal(other.at.epoch, f->at.epoch);
	pgt_sql(f, "INSERT INTO pair VALUES (1, 'both', 1)");
	assert_int_equal(pgt_next(f), RC_OK);
	assert_int_equal(pgt_next(&other), RC_OK);
	assert_int_equal(other.at.n, f->at.n);
	rc_feed_close(other.feed);
	rc_arena_release(&other.arena);
}

static void test_a_url_made_for_a_pooler_is_read(void **state)
{
	struct pg_fixture *f = *state;
	char plain[sizeof(f->url)];

	memcpy(plain, f->url, sizeof(plain));
	snprintf(f->url, sizeof(f->url), "%.200s?prepare=off&connect_timeout=9", plain);
	pgt_prepare(f);
	pgt_open(f);
	pgt_snapshot(f);
	memcpy(f->url, plain, sizeof(plain));
	pgt_sql(f, "INSERT INTO pair VALUES (1, 'a', 1)");
	assert_int_equal(pgt_next(f), RC_OK);
}

static void test_a_named_slot_that_is_read_is_refused(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_fault fault = {0};
	struct rc_feed *feed;

	rc_feed_close(f->feed);
	f->options.name = "Audit-1";
	pgt_open(f);
	assert_int_equal(rc_feed_open(&feed, f->url, sample_schema(), &f->options, &fault), RC_BUSY);
	assert_non_null(strstr(fault.message, "audit_1"));
}

/* The fault of prepare as `user` must say all of `words`. */
static void refused(struct pg_fixture *f, const char *user, const char *words, const char *remedy)
{
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;
	char url[256];

	snprintf(url, sizeof(url), "postgres://%s%s", user, strchr(f->url, '@'));
	assert_int_equal(rc_feed_prepare(url, sample_schema(), &f->options, &kind, NULL, &fault), RC_MISMATCH);
	if (!strstr(fault.message, words) || !strstr(fault.message, remedy))
		fail_msg("%s", fault.message);
}

static void test_each_missing_privilege_is_named_with_its_remedy(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;
	char url[256], why[768];

	pgt_sql(f, "DO $$ BEGIN CREATE ROLE weak LOGIN; EXCEPTION WHEN duplicate_object THEN ALTER ROLE weak "
		   "NOREPLICATION; END "
		   "$$; GRANT ALL ON rc_meta, item, pair, link TO weak");
	refused(f, "weak", "role weak may not replicate", "ALTER ROLE \"weak\" REPLICATION");
	pgt_sql(f, "ALTER ROLE weak REPLICATION");
	refused(f, "weak", "table item", "ALTER TABLE \"item\" REPLICA IDENTITY FULL");
	pgt_sql(f, "ALTER TABLE item REPLICA IDENTITY FULL; ALTER TABLE pair REPLICA IDENTITY FULL; ALTER TABLE link "
		   "REPLICA "
		   "IDENTITY FULL");
	refused(f, "weak", "no publication",
		"CREATE PUBLICATION rowcast_sample FOR TABLE \"item\", \"pair\", \"link\"");
	pgt_sql(f, "CREATE PUBLICATION rowcast_sample FOR TABLE item, pair");
	refused(f, "weak", "publication lacks",
		"ALTER PUBLICATION rowcast_sample SET TABLE \"item\", \"pair\", \"link\"");
	pgt_sql(f, "ALTER PUBLICATION rowcast_sample SET TABLE item, pair, link");
	snprintf(url, sizeof(url), "postgres://weak%s", strchr(f->url, '@'));
	if (rc_feed_prepare(url, sample_schema(), &f->options, &kind, why, &fault) != RC_OK ||
	    rc_feed_open(&f->feed, url, sample_schema(), &f->options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	pgt_snapshot(f);
	pgt_sql(f, "INSERT INTO pair VALUES (1, 'seen by weak', 1)");
	assert_int_equal(pgt_next(f), RC_OK);
	pgt_sql(f, "ALTER PUBLICATION rowcast_sample SET (publish = 'insert')");
	refused(f, "tester", "leaves out", "publish = 'insert, update, delete, truncate'");
}

static void test_tables_that_cannot_be_followed_are_named(void **state)
{
	struct pg_fixture *f = *state;

	pgt_sql(f, "ALTER TABLE pair DROP CONSTRAINT pair_pkey");
	refused(f, "tester", "table pair", "has no primary key");
	pgt_sql(f, "ALTER TABLE pair ADD PRIMARY KEY (a, b); ALTER TABLE pair SET UNLOGGED");
	refused(f, "tester", "table pair", "SET LOGGED");
	pgt_sql(f, "DROP TABLE pair");
	refused(f, "tester", "no table pair", "run the migrations");
}

static void test_without_the_privilege_triggers_are_chosen_and_the_log_removes_them(void **state)
{
	struct pg_fixture *f = *state;
	struct rc_fault fault = {0};
	enum rc_feed_kind kind;
	char url[256], why[768];
	PGconn *conn = pgt_connect(f->url);

	pgt_sql(f,
		"DO $$ BEGIN CREATE ROLE owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
		"GRANT ALL ON SCHEMA public TO owner; ALTER TABLE item OWNER TO owner; ALTER TABLE pair OWNER TO owner;"
		"ALTER TABLE link OWNER TO owner; ALTER TABLE rc_meta OWNER TO owner");
	snprintf(url, sizeof(url), "postgres://owner%s", strchr(f->url, '@'));
	f->options.kind = RC_FEED_AUTO;
	if (rc_feed_prepare(url, sample_schema(), &f->options, &kind, why, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(kind, RC_FEED_TRIGGER);
	assert_non_null(strstr(why, "ALTER ROLE \"owner\" REPLICATION"));
	assert_string_equal(pgt_query(conn, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'rc_capture%%'"), "6");
	if (rc_feed_prepare(f->url, sample_schema(), &f->options, &kind, why, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(kind, RC_FEED_LOG);
	assert_string_equal(pgt_query(conn, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'rc_capture%%'"), "0");
	PQfinish(conn);
}

#define SHARED(name) cmocka_unit_test_setup_teardown(name, setup, teardown),

int main(void)
{
	const struct CMUnitTest tests[] = {
		PGT_SHARED(SHARED)                                                    /* */
		SHARED(test_history_is_replayed_from_every_boundary)                  /* */
		SHARED(test_history_meets_the_stream_under_writers)                   /* */
		SHARED(test_a_dropped_slot_is_a_gap)                                  /* */
		SHARED(test_a_slot_made_anew_is_a_gap)                                /* */
		SHARED(test_another_stored_epoch_is_a_gap)                            /* */
		SHARED(test_values_out_of_line_are_not_lost_by_other_columns_updates) /* */
		SHARED(test_old_rows_that_are_not_whole_are_a_gap)                    /* */
		SHARED(test_a_table_that_leaves_the_publication_is_not_silent)        /* */
		SHARED(test_a_table_that_was_out_of_the_publication_while_nobody_read_ends_the_epoch)
			SHARED(test_a_table_of_positions_made_anew_while_nobody_read_ends_the_epoch)
				SHARED(test_an_idle_slot_moves_while_others_write) /* */
		SHARED(test_only_what_was_acknowledged_is_forgotten)               /* */
		SHARED(test_a_reader_that_stands_still_does_not_fill_the_disk)     /* */
		SHARED(test_two_readers_have_a_slot_each)                          /* */
		SHARED(test_a_named_slot_that_is_read_is_refused)                  /* */
		cmocka_unit_test_setup_teardown(test_a_url_made_for_a_pooler_is_read, setup_bare, teardown),
		cmocka_unit_test_setup_teardown(test_each_missing_privilege_is_named_with_its_remedy, setup_bare,
						teardown),
		cmocka_unit_test_setup_teardown(test_tables_that_cannot_be_followed_are_named, setup_bare, teardown),
		cmocka_unit_test_setup_teardown(test_without_the_privilege_triggers_are_chosen_and_the_log_removes_them,
						setup_bare, teardown),
	};

	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, group_setup, group_teardown);
}
