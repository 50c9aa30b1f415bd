/* Migrations and transactions, on every engine. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "on_engines.h"
#include "rowcast/orm/migrate.h"
#include "sample.h"

struct fixture {
	struct engine *engine;
	enum rc_dialect dialect;
	char url[256];
	struct rc_db *db;
	struct rc_fault fault;
	struct rc_schema schema; /* a copy to spoil */
	struct rc_migration migrations[3];
	uint32_t applied;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.engine = *state};
	f.dialect = f.engine->dialect;
	engine_fresh(f.engine, f.url);
	f.schema = *sample_schema();
	f.migrations[0] = f.schema.migrations[0];
	f.migrations[1] = f.schema.migrations[1];
	f.schema.migrations = f.migrations;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_db_close(f->db);
	return 0;
}

static struct rc_db *connect_as(struct fixture *f, enum rc_access access)
{
	struct rc_db_options options = {.access = access, .create = true, .busy_timeout_us = 10000000};
	struct rc_fault fault;
	struct rc_db *db;

	if (rc_db_open(&db, f->url, &f->schema, &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	return db;
}

static void reopen(struct fixture *f)
{
	rc_db_close(f->db);
	f->db = connect_as(f, RC_WRITE);
}

/* What an outsider does. */
static void outside(struct fixture *f, const char *sql)
{
	char out[1024];

	if (engine_sql(f->engine, f->url, sql, out, sizeof(out)))
		fail_msg("%s: %s", sql, out);
}

static int64_t outside_int(struct fixture *f, const char *sql)
{
	char out[1024];

	if (engine_sql(f->engine, f->url, sql, out, sizeof(out)))
		fail_msg("%s: %s", sql, out);
	return strtoll(out, NULL, 10);
}

static void migrated(struct fixture *f)
{
	reopen(f);
	if (rc_migrate_up(f->db, &f->applied, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
}

static void verify(struct fixture *f, int err, const char *says)
{
	f->fault = (struct rc_fault){0};
	assert_int_equal(rc_migrate_verify(f->db, &f->fault), err);
	if (says && !strstr(f->fault.message, says))
		fail_msg("\"%s\" does not say \"%s\"", f->fault.message, says);
}

static void test_up_applies_what_is_missing_and_verifies(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	assert_int_equal(f->applied, 2);
	verify(f, RC_OK, NULL);
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_OK);
	assert_int_equal(f->applied, 0);
}

static void add_line(void *arg, uint32_t version, const char *name, const char *state)
{
	char *text = arg;

	sprintf(text + strlen(text), "%u %s %s;", version, name, state);
}

static void test_down_takes_back_the_newest_and_status_tells(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";

	migrated(f);
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_OK);
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial applied;2 notes pending;");
	verify(f, RC_MISMATCH, "migration 2 (notes) is not applied yet");
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_INVALID); /* the first one has no way back */
	assert_non_null(strstr(f->fault.message, "cannot be taken back"));
}

static void test_an_empty_database_has_everything_pending(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";

	reopen(f);
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial pending;2 notes pending;");
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_NOT_FOUND);
}

static void test_a_failing_migration_leaves_no_trace(void **state)
{
	struct fixture *f = *state;

	f->migrations[1].up[f->dialect] = "CREATE TABLE half (x int); CREATE TABLE item (x int);";
	reopen(f);
	assert_true(rc_migrate_up(f->db, &f->applied, &f->fault) < 0);
	assert_int_equal(f->applied, 1);
	assert_non_null(strstr(f->fault.message, "migration 2 (notes) failed and left no trace"));
	f->migrations[1] = sample_schema()->migrations[1];
	migrated(f);
	assert_int_equal(f->applied, 1);
	verify(f, RC_OK, NULL);
}

/* Where DDL commits by itself, a migration goes on where it stopped. */
static void test_a_migration_that_stopped_goes_on_at_its_statement(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";

	f->migrations[1].up[RC_MARIADB] = "CREATE TABLE half (x INT); INSERT INTO half VALUES (1); INSERT INTO absent "
					  "VALUES (1); CREATE TABLE note (id INT PRIMARY KEY, text TEXT);";
	reopen(f);
	assert_true(rc_migrate_up(f->db, &f->applied, &f->fault) < 0);
	assert_int_equal(f->applied, 1);
	assert_non_null(strstr(f->fault.message, "migration 2 (notes) stopped at statement 3 of 4 of its way up"));
	assert_non_null(strstr(f->fault.message, "absent"));
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial applied;2 notes unfinished;");
	verify(f, RC_MISMATCH, "migration 2 (notes) stopped at statement 3 of its way up");
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_MISMATCH);
	outside(f, "CREATE TABLE absent (x INT)");
	migrated(f);
	assert_int_equal(f->applied, 1);
	assert_int_equal(outside_int(f, "SELECT count(*) FROM half"), 1);
	assert_int_equal(outside_int(f, "SELECT next_statement FROM rc_migration WHERE version = 2"), 0);
}

static void test_rows_of_a_statement_that_failed_are_taken_back(void **state)
{
	struct fixture *f = *state;

	f->migrations[1].up[RC_MARIADB] =
		"CREATE TABLE half (x INT PRIMARY KEY); INSERT INTO half VALUES (1), (2), (1);";
	reopen(f);
	assert_true(rc_migrate_up(f->db, &f->applied, &f->fault) < 0);
	assert_int_equal(outside_int(f, "SELECT count(*) FROM half"), 0);
	assert_int_equal(outside_int(f, "SELECT next_statement FROM rc_migration WHERE version = 2"), 2);
}

/* As a crash leaves it between a DDL statement's own commit and that of the count. */
static void test_a_statement_whose_work_is_there_says_how_to_go_on(void **state)
{
	struct fixture *f = *state;
	const char *says;

	migrated(f);
	outside(f, "UPDATE rc_migration SET next_statement = 1 WHERE version = 2");
	assert_true(rc_migrate_up(f->db, &f->applied, &f->fault) < 0);
	assert_non_null(strstr(f->fault.message, "already exists"));
	says = strstr(f->fault.message, "UPDATE rc_migration SET next_statement = 2 WHERE version = 2");
	assert_non_null(says);
	outside(f, "UPDATE rc_migration SET next_statement = 2 WHERE version = 2");
	migrated(f);
	assert_int_equal(f->applied, 1);
	verify(f, RC_OK, NULL);
}

static void test_a_stopped_migration_whose_text_changed_is_not_continued(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	outside(f, "UPDATE rc_migration SET next_statement = 1, checksum = 'earlier' WHERE version = 2");
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_MISMATCH);
	assert_non_null(strstr(f->fault.message, "its text was changed since"));
}

static void test_a_way_down_that_stopped_goes_on_too(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";

	f->migrations[1].down[RC_MARIADB] = "CREATE TABLE trace (x INT); DROP TABLE absent; DROP TABLE note;";
	migrated(f);
	assert_true(rc_migrate_down(f->db, &f->fault) < 0);
	assert_non_null(strstr(f->fault.message, "stopped at statement 2 of 3 of its way down"));
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_MISMATCH);
	outside(f, "CREATE TABLE absent (x INT)");
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_OK);
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial applied;2 notes pending;");
}

struct starter {
	pthread_t thread;
	struct rc_db *db;
	uint32_t applied;
	int rc;
	struct rc_fault fault;
};

static void *start(void *arg)
{
	struct starter *starter = arg;

	starter->rc = rc_migrate_up(starter->db, &starter->applied, &starter->fault);
	return NULL;
}

static void test_a_crash_in_the_middle_goes_on_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct starter starter = {0};
	char out[1024] = "";

	f->migrations[1].up[RC_MARIADB] = "CREATE TABLE half (x INT); DO SLEEP(1000); CREATE TABLE note (id INT);";
	starter.db = connect_as(f, RC_WRITE);
	assert_int_equal(pthread_create(&starter.thread, NULL, start, &starter), 0);
	while (strcmp(out, "2") != 0)
		engine_sql(f->engine, f->url, "SELECT next_statement FROM rc_migration WHERE version = 2", out,
			   sizeof(out));
	engine_crash(f->engine);
	pthread_join(starter.thread, NULL);
	assert_true(starter.rc < 0);
	rc_db_close(starter.db);
	engine_again(f->engine);
	f->migrations[1].up[RC_MARIADB] = "CREATE TABLE half (x INT); DO 1; CREATE TABLE note (id INT);";
	migrated(f);
	assert_int_equal(f->applied, 1);
	verify(f, RC_OK, NULL);
}

static void test_programs_that_start_together_migrate_once(void **state)
{
	struct fixture *f = *state;
	struct starter starters[4] = {0};
	uint32_t applied = 0;

	for (int i = 0; i < 4; i++)
		starters[i].db = connect_as(f, RC_WRITE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&starters[i].thread, NULL, start, &starters[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(starters[i].thread, NULL);
	for (int i = 0; i < 4; i++) {
		if (starters[i].rc != RC_OK)
			fail_msg("%s", starters[i].fault.message);
		applied += starters[i].applied;
		rc_db_close(starters[i].db);
	}
	assert_int_equal(applied, 2);
	reopen(f);
	verify(f, RC_OK, NULL);
}

/* As of a program that waited for it in vain. */
static void test_the_lock_of_somebody_else_is_left_alone(void **state)
{
	static const char is_free[] = "SELECT IS_FREE_LOCK(CONCAT('rowcast ', MD5(DATABASE())))";
	struct fixture *f = *state;
	struct rc_db *other = connect_as(f, RC_WRITE);
	struct rc_tx *tx;

	reopen(f);
	assert_int_equal(migrate_begin(other, &tx, &f->fault), RC_OK);
	rc_tx_rollback(tx);
	migrate_unlock(f->db);
	assert_int_equal(outside_int(f, is_free), 0);
	migrate_unlock(other);
	assert_int_equal(outside_int(f, is_free), 1);
	rc_db_close(other);
}

static void test_a_migration_ends_the_epoch_of_the_feed(void **state)
{
	struct fixture *f = *state;
	const char *put = f->dialect == RC_MARIADB ? "INSERT INTO rc_meta (`key`, value) VALUES ('epoch', 'e')"
						   : "INSERT INTO rc_meta (key, value) VALUES ('epoch', 'e')";

	f->schema.migration_count = f->schema.version = 1;
	migrated(f);
	outside(f, put);
	migrated(f); /* nothing to do: nothing ends */
	assert_int_equal(outside_int(f, "SELECT count(*) FROM rc_meta WHERE value = 'e'"), 1);
	f->schema.migration_count = f->schema.version = 2;
	migrated(f);
	assert_int_equal(outside_int(f, "SELECT count(*) FROM rc_meta WHERE value = 'e'"), 0);
	outside(f, put);
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_OK);
	assert_int_equal(outside_int(f, "SELECT count(*) FROM rc_meta WHERE value = 'e'"), 0);
}

static void test_a_migration_that_breaks_references_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx;

	f->schema.migration_count = f->schema.version = 1;
	migrated(f);
	sample_write(f->db, "INSERT INTO item (id, name, flag, at) VALUES (1, 'a', 0, 0)");
	sample_write(f->db, "INSERT INTO link (item_id, place, rank) VALUES (1, 1, 1)");
	f->schema.migration_count = f->schema.version = 2;
	f->migrations[1].up[RC_SQLITE] = "DELETE FROM item;";
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_CONSTRAINT);
	assert_non_null(strstr(f->fault.message, "table link points to a row of table item"));
	tx = sample_begin(f->db);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM item"), 1);
	assert_int_equal(sample_int(tx, "PRAGMA foreign_keys"), 1);
	rc_tx_rollback(tx);
}

static void test_a_migration_edited_after_it_was_applied_is_named(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";

	migrated(f);
	f->migrations[0].checksum[f->dialect] = "edited";
	verify(f, RC_MISMATCH, "migration 1 (initial) was changed");
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_MISMATCH);
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial changed;2 notes applied;");
}

static void test_a_database_of_a_newer_program_is_left_alone(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	outside(f, f->dialect == RC_MARIADB ? "INSERT INTO rc_migration VALUES (3, 'future', '33', 0, 0)"
					    : "INSERT INTO rc_migration VALUES (3, 'future', '33', 0)");
	verify(f, RC_NEWER, "start the newer program");
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_NEWER);
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_NEWER);
}

static void test_verify_names_the_first_difference(void **state)
{
	static const char *const cases[RC_DIALECTS][6][2] = {
		[RC_SQLITE] =
			{
				{"DROP TRIGGER rc_pair_insert", "the trigger rc_pair_insert is missing"},
				{"ALTER TABLE item ADD COLUMN extra TEXT",
				 "the table item in the database is not what the migrations made"},
				{"DROP INDEX link_rank", "the index link_rank is missing"},
				{"DROP TABLE note", "the table note is missing"},
				{"CREATE UNIQUE INDEX mine ON pair (amount)",
				 "the unique index mine on table pair was added by hand"},
			},
		[RC_POSTGRES] =
			{
				{"DROP TRIGGER link_guard ON link", "the trigger link_guard is missing"},
				{"ALTER TABLE item ADD COLUMN extra text",
				 "the table item in the database is not what the migrations made"},
				{"ALTER TABLE item ALTER name TYPE varchar(9)",
				 "the table item in the database is not what the migrations made"},
				{"DROP INDEX link_rank", "the index link_rank is missing"},
				{"ALTER TABLE pair DROP CONSTRAINT pair_amount",
				 "the constraint pair_amount is missing"},
				{"CREATE OR REPLACE FUNCTION link_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
				 "RETURN NEW; END'",
				 "the function link_guard in the database is not what the migrations made"},
			},
		[RC_MARIADB] =
			{
				{"DROP TRIGGER link_guard", "the trigger link_guard is missing"},
				{"ALTER TABLE item ADD COLUMN extra TEXT",
				 "the table item in the database is not what the migrations made"},
				{"ALTER TABLE link DROP INDEX link_rank", "link_rank is missing"},
				{"ALTER TABLE pair DROP CONSTRAINT pair_amount",
				 "the table pair in the database is not what the migrations made"},
				{"DROP TABLE note", "the table note is missing"},
			},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 6 && cases[f->dialect][i][0]; i++) {
		engine_fresh(f->engine, f->url);
		migrated(f);
		verify(f, RC_OK, NULL);
		outside(f, cases[f->dialect][i][0]);
		verify(f, RC_MISMATCH, cases[f->dialect][i][1]);
	}
}

static void test_verify_lets_people_add_their_own(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	outside(f, "CREATE INDEX mine ON item (at)");
	outside(f, "CREATE TABLE theirs (x int UNIQUE)");
	outside(f, "CREATE VIEW seen AS SELECT * FROM item");
	verify(f, RC_OK, NULL);
	if (f->dialect == RC_SQLITE)
		return;
	outside(f, "CREATE UNIQUE INDEX only_one ON pair (amount)"); /* no REPLACE that capture could miss */
	verify(f, RC_OK, NULL);
}

static void test_savepoints_nest(void **state)
{
	struct fixture *f = *state;
	struct rc_tx *tx;

	migrated(f);
	tx = sample_begin(f->db);
	sample_exec(tx, "INSERT INTO note VALUES (1, 'kept')");
	assert_int_equal(rc_tx_savepoint(tx), RC_OK);
	sample_exec(tx, "INSERT INTO note VALUES (2, 'undone with the outer one')");
	assert_int_equal(rc_tx_savepoint(tx), RC_OK);
	sample_exec(tx, "INSERT INTO note VALUES (3, 'released into it')");
	assert_int_equal(rc_tx_savepoint_release(tx), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 3);
	assert_int_equal(rc_tx_savepoint_rollback(tx), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 1);
	sample_commit(tx);
	tx = sample_begin(f->db);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 1);
	rc_tx_rollback(tx);
}

struct attempt {
	struct rc_tx *other; /* ended at the second try */
	int calls, result;
};

static int attempt(struct rc_tx *tx, void *arg)
{
	struct attempt *a = arg;

	a->calls++;
	sample_exec(tx, "INSERT INTO note VALUES (1, 'once')");
	return a->result;
}

static void test_run_commits_or_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct attempt good = {0}, bad = {.result = RC_STALE};

	migrated(f);
	assert_int_equal(
		rc_run(f->db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 1000000}, attempt, &bad),
		RC_STALE);
	assert_int_equal(bad.calls, 1);
	assert_int_equal(
		rc_run(f->db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 1000000}, attempt, &good),
		RC_OK);
}

static int busy_twice(struct rc_tx *tx, void *arg)
{
	struct attempt *a = arg;

	sample_exec(tx, "INSERT INTO note VALUES (1, 'once')");
	return ++a->calls < 3 ? RC_BUSY : RC_OK;
}

static void test_run_tries_again_from_the_beginning_while_busy(void **state)
{
	struct fixture *f = *state;
	struct attempt a = {0};
	struct rc_tx *tx;

	migrated(f);
	assert_int_equal(
		rc_run(f->db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 10000000}, busy_twice, &a),
		RC_OK);
	assert_int_equal(a.calls, 3);
	tx = sample_begin(f->db);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 1);
	rc_tx_rollback(tx);
}

static void test_run_gives_up_when_its_time_is_over(void **state)
{
	struct fixture *f = *state;
	struct rc_db_options options = {.access = RC_WRITE};
	struct attempt a = {0};
	struct rc_db *other;
	struct rc_tx *tx;

	migrated(f);
	rc_db_close(f->db);
	assert_int_equal(rc_db_open(&f->db, f->url, &f->schema, &options, &f->fault), RC_OK);
	other = connect_as(f, RC_WRITE);
	tx = sample_begin(other);
	assert_int_equal(rc_run(f->db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 0}, attempt, &a),
			 RC_BUSY);
	assert_int_equal(rc_run(f->db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = 3000}, attempt, &a),
			 RC_BUSY);
	assert_int_equal(a.calls, 0);
	rc_tx_rollback(tx);
	rc_db_close(other);
}

static void test_a_connection_for_reading_begins_no_write(void **state)
{
	struct fixture *f = *state;
	struct rc_db *reader;
	struct rc_tx *tx;

	migrated(f);
	reader = connect_as(f, RC_READ);
	assert_int_equal(rc_tx_begin(reader, RC_WRITE, &tx), RC_READONLY);
	assert_int_equal(rc_tx_begin(reader, RC_READ, &tx), RC_OK);
	assert_int_equal(rc_sql_exec(tx, "DELETE FROM note", NULL, 0, NULL), RC_READONLY);
	rc_tx_rollback(tx);
	rc_db_close(reader);
}

static void test_a_read_transaction_sees_one_state(void **state)
{
	struct fixture *f = *state;
	struct rc_db *reader;
	struct rc_tx *tx;

	migrated(f);
	reader = connect_as(f, RC_READ);
	assert_int_equal(rc_tx_begin_isolated(reader, RC_READ, RC_REPEATABLE_READ, &tx), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 0);
	sample_write(f->db, "INSERT INTO note VALUES (1, 'later')");
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 0);
	assert_int_equal(rc_tx_commit(tx), RC_OK);
	rc_db_close(reader);
}

#define SERVERS (ON(RC_POSTGRES) | ON(RC_MARIADB))
#define TEST(engines, name)                                                                                            \
	{                                                                                                              \
		engines, cmocka_unit_test_setup_teardown(name, setup, teardown)                                        \
	}

int main(void)
{
	static const struct engine_test tests[] = {
		TEST(ON_ALL, test_up_applies_what_is_missing_and_verifies),
		TEST(ON_ALL, test_down_takes_back_the_newest_and_status_tells),
		TEST(ON_ALL, test_an_empty_database_has_everything_pending),
		TEST(ON(RC_SQLITE) | ON(RC_POSTGRES), test_a_failing_migration_leaves_no_trace),
		TEST(ON(RC_MARIADB), test_a_migration_that_stopped_goes_on_at_its_statement),
		TEST(ON(RC_MARIADB), test_rows_of_a_statement_that_failed_are_taken_back),
		TEST(ON(RC_MARIADB), test_a_statement_whose_work_is_there_says_how_to_go_on),
		TEST(ON(RC_MARIADB), test_a_stopped_migration_whose_text_changed_is_not_continued),
		TEST(ON(RC_MARIADB), test_a_way_down_that_stopped_goes_on_too),
		TEST(ON(RC_MARIADB), test_a_crash_in_the_middle_goes_on_where_it_was),
		TEST(ON_ALL, test_programs_that_start_together_migrate_once),
		TEST(ON(RC_MARIADB), test_the_lock_of_somebody_else_is_left_alone),
		TEST(ON_ALL, test_a_migration_ends_the_epoch_of_the_feed),
		TEST(ON(RC_SQLITE), test_a_migration_that_breaks_references_is_refused),
		TEST(ON_ALL, test_a_migration_edited_after_it_was_applied_is_named),
		TEST(ON_ALL, test_a_database_of_a_newer_program_is_left_alone),
		TEST(ON_ALL, test_verify_names_the_first_difference),
		TEST(ON_ALL, test_verify_lets_people_add_their_own),
		TEST(ON_ALL, test_savepoints_nest),
		TEST(ON_ALL, test_run_commits_or_leaves_nothing),
		TEST(ON_ALL, test_run_tries_again_from_the_beginning_while_busy),
		TEST(ON(RC_SQLITE), test_run_gives_up_when_its_time_is_over),
		TEST(ON_ALL, test_a_connection_for_reading_begins_no_write),
		TEST(ON_ALL, test_a_read_transaction_sees_one_state),
	};

	return RUN_ON_ENGINES(tests);
}
