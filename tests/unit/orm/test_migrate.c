/* Migrations and transactions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample.h"

struct fixture {
	struct sample_dir dir;
	struct rc_db *db;
	struct rc_fault fault;
	struct rc_schema schema; /* a copy to spoil */
	struct rc_migration migrations[3];
	uint32_t applied;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	sample_dir_make(&f.dir);
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
	sample_dir_remove(&f->dir);
	return 0;
}

static void reopen(struct fixture *f)
{
	struct rc_db_options options = {.access = RC_WRITE, .create = true};

	rc_db_close(f->db);
	if (rc_db_open(&f->db, f->dir.url, &f->schema, &options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
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

	f->migrations[1].up[RC_SQLITE] = "CREATE TABLE half (x); CREATE TABLE item (x);";
	reopen(f);
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_INVALID);
	assert_int_equal(f->applied, 1);
	assert_non_null(strstr(f->fault.message, "migration 2 (notes) failed and left no trace"));
	f->migrations[1] = sample_schema()->migrations[1];
	migrated(f);
	assert_int_equal(f->applied, 1);
	verify(f, RC_OK, NULL);
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
	f->migrations[0].checksum[RC_SQLITE] = "edited";
	verify(f, RC_MISMATCH, "migration 1 (initial) was changed");
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_MISMATCH);
	assert_int_equal(rc_migrate_status(f->db, add_line, text, &f->fault), RC_OK);
	assert_string_equal(text, "1 initial changed;2 notes applied;");
}

static void test_a_database_of_a_newer_program_is_left_alone(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	sample_write(f->db, "INSERT INTO rc_migration VALUES (3, 'future', '33', 0)");
	verify(f, RC_NEWER, "start the newer program");
	assert_int_equal(rc_migrate_up(f->db, &f->applied, &f->fault), RC_NEWER);
	assert_int_equal(rc_migrate_down(f->db, &f->fault), RC_NEWER);
}

static void test_verify_names_the_first_difference(void **state)
{
	static const char *const cases[][2] = {
		{"DROP TRIGGER rc_pair_insert", "the trigger rc_pair_insert is missing"},
		{"ALTER TABLE item ADD COLUMN extra TEXT",
		 "the table item in the database is not what the migrations made"},
		{"DROP INDEX link_rank", "the index link_rank is missing"},
		{"DROP TABLE note", "the table note is missing"},
		{"CREATE UNIQUE INDEX mine ON pair (amount)", "the unique index mine on table pair was added by hand"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		sample_dir_remove(&f->dir);
		sample_dir_make(&f->dir);
		migrated(f);
		sample_write(f->db, cases[i][0]);
		verify(f, RC_MISMATCH, cases[i][1]);
	}
}

static void test_verify_lets_people_add_their_own(void **state)
{
	struct fixture *f = *state;

	migrated(f);
	sample_write(f->db, "CREATE INDEX mine ON item (at)");
	sample_write(f->db, "CREATE TABLE theirs (x UNIQUE)");
	sample_write(f->db, "CREATE VIEW seen AS SELECT * FROM item");
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
	struct attempt a = {0};
	struct rc_db *other;
	struct rc_tx *tx;

	migrated(f);
	assert_int_equal(
		rc_db_open(&other, f->dir.url, &f->schema, &(struct rc_db_options){.access = RC_WRITE}, &f->fault),
		RC_OK);
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
	reader = sample_open_with(&f->dir, RC_READ);
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
	reader = sample_open_with(&f->dir, RC_READ);
	assert_int_equal(rc_tx_begin(reader, RC_READ, &tx), RC_OK);
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 0);
	sample_write(f->db, "INSERT INTO note VALUES (1, 'later')");
	assert_int_equal(sample_int(tx, "SELECT count(*) FROM note"), 0);
	assert_int_equal(rc_tx_commit(tx), RC_OK);
	rc_db_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_up_applies_what_is_missing_and_verifies),
		TEST(test_down_takes_back_the_newest_and_status_tells),
		TEST(test_an_empty_database_has_everything_pending),
		TEST(test_a_failing_migration_leaves_no_trace),
		TEST(test_a_migration_that_breaks_references_is_refused),
		TEST(test_a_migration_edited_after_it_was_applied_is_named),
		TEST(test_a_database_of_a_newer_program_is_left_alone),
		TEST(test_verify_names_the_first_difference),
		TEST(test_verify_lets_people_add_their_own),
		TEST(test_savepoints_nest),
		TEST(test_run_commits_or_leaves_nothing),
		TEST(test_run_tries_again_from_the_beginning_while_busy),
		TEST(test_run_gives_up_when_its_time_is_over),
		TEST(test_a_connection_for_reading_begins_no_write),
		TEST(test_a_read_transaction_sees_one_state),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
