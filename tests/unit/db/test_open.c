/* Every way a database file can be unusable says so: which path, and what to do. */
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "rowcast/db/sqlite/sqlite.h"

struct fixture {
	char directory[64], path[96];
	struct rc_fault fault;
	struct db_conn *conn;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.directory = "/tmp/rowcast-test-XXXXXX"};
	assert_non_null(mkdtemp(f.directory));
	snprintf(f.path, sizeof(f.path), "%s/data.db", f.directory);
	*state = &f;
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sqlite_close(f->conn);
	nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static const struct db_options writing = {.writable = true, .create = true}, using = {.writable = true}, reading = {0};

static void open_ok(struct fixture *f, const struct db_options *options)
{
	if (sqlite_open(&f->conn, f->path, options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
}

static void fails(struct fixture *f, const char *path, const struct db_options *options, int err, const char *remedy)
{
	struct db_conn *conn;

	f->fault = (struct rc_fault){0};
	assert_int_equal(sqlite_open(&conn, path, options, &f->fault), err);
	assert_null(conn);
	assert_int_equal(f->fault.err, err);
	if (!strstr(f->fault.message, path) || !strstr(f->fault.message, remedy))
		fail_msg("\"%s\" does not name \"%s\" and \"%s\"", f->fault.message, path, remedy);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/*
 * As fails(), where permissions count for root too: in a child without the capabilities that pass them over. Another user would
 * not do: on some machines / is closed to him.
 */
static void fails_by_permission(struct fixture *f, const struct db_options *options, int err, const char *remedy)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
		struct __user_cap_data_struct sets[2];
		uint32_t keep = ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
		struct db_conn *conn;

		if (syscall(SYS_capget, &header, sets) != 0)
			_exit(2);
		sets[0].permitted &= keep;
		sets[0].effective &= keep;
		sets[0].inheritable &= keep;
		if (syscall(SYS_capset, &header, sets) != 0)
			_exit(2);
		if (sqlite_open(&conn, f->path, options, &f->fault) == err && strstr(f->fault.message, f->path) &&
		    strstr(f->fault.message, remedy))
			_exit(0);
		fprintf(stderr, "\"%s\" does not name \"%s\"\n", f->fault.message, remedy);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int64_t number(struct fixture *f, const char *sql)
{
	sqlite3 *db = sqlite_conn_of(f->conn)->db;
	sqlite3_stmt *stmt;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static void test_a_new_database_has_our_settings(void **state)
{
	struct fixture *f = *state;

	open_ok(f, &writing);
	assert_int_equal(number(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	assert_int_equal(number(f, "PRAGMA synchronous"), 2);
	assert_int_equal(number(f, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(f, "PRAGMA secure_delete"), 0);
	assert_int_equal(number(f, "PRAGMA wal_autocheckpoint"), 1000);
}

static void test_an_owner_of_checkpoints_has_no_automatic_ones(void **state)
{
	struct fixture *f = *state;
	struct db_options options = writing;

	options.no_auto_checkpoint = true;
	open_ok(f, &options);
	assert_int_equal(number(f, "PRAGMA wal_autocheckpoint"), 0);
}

static void test_a_missing_file_is_not_found(void **state)
{
	struct fixture *f = *state;

	fails(f, f->path, &using, RC_NOT_FOUND, "create it by running the migrations");
	fails(f, f->path, &reading, RC_NOT_FOUND, "does not exist");
}

static void test_a_missing_directory_is_named(void **state)
{
	struct fixture *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/none/data.db", f->directory);
	fails(f, path, &writing, RC_NOT_FOUND, "/none does not exist; make it");
}

static void test_a_directory_is_no_database(void **state)
{
	struct fixture *f = *state;

	fails(f, f->directory, &writing, RC_INVALID, "is a directory");
}

static void test_a_device_is_no_database(void **state)
{
	fails(*state, "/dev/null", &writing, RC_INVALID, "not a regular file");
}

static void test_a_read_only_file_is_readonly_for_writers_only(void **state)
{
	struct fixture *f = *state;

	open_ok(f, &writing);
	sqlite_close(f->conn);
	f->conn = NULL;
	chmod(f->directory, 0755);
	chmod(f->path, 0444);
	fails_by_permission(f, &using, RC_READONLY, "give it write access");
}

static void test_an_unreadable_file_is_permission_denied(void **state)
{
	struct fixture *f = *state;

	write_file(f->path, "");
	chmod(f->directory, 0755);
	chmod(f->path, 0);
	fails_by_permission(f, &reading, RC_IO, "permission denied");
}

static void test_a_directory_without_write_permission_is_readonly(void **state)
{
	struct fixture *f = *state;

	chmod(f->directory, 0555);
	fails_by_permission(f, &writing, RC_READONLY, "may not write to the directory");
	chmod(f->directory, 0755);
}

static void test_some_other_file_is_not_a_database(void **state)
{
	struct fixture *f = *state;

	write_file(f->path,
		   "This is a shopping list, and long enough to be taken for a header: eggs, flour, milk, salt, "
		   "butter, and a little patience.");
	fails(f, f->path, &using, RC_CORRUPT, "something else than an SQLite database");
}

static void test_a_damaged_database_is_corrupt(void **state)
{
	struct fixture *f = *state;
	char junk[200];
	int fd;

	open_ok(f, &writing);
	assert_int_equal(sqlite_script(f->conn, "CREATE TABLE t (x)"), RC_OK);
	sqlite_close(f->conn);
	f->conn = NULL;
	memset(junk, 0xa5, sizeof(junk));
	fd = open(f->path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 100), sizeof(junk)); /* the schema's page, behind the header */
	close(fd);
	fails(f, f->path, &using, RC_CORRUPT, "restore a backup");
}

static void test_a_locked_database_is_busy(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (x); BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	fails(f, f->path, &using, RC_BUSY, "another program holds its write lock");
	sqlite3_close(other);
}

static void test_a_second_writer_is_busy_at_begin(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other;

	open_ok(f, &writing);
	assert_int_equal(sqlite_open(&other, f->path, &using, &f->fault), RC_OK);
	assert_int_equal(sqlite_begin(f->conn, true, RC_ISOLATION_DEFAULT), RC_OK);
	assert_int_equal(sqlite_begin(other, true, RC_ISOLATION_DEFAULT), RC_BUSY);
	assert_int_equal(sqlite_begin(other, false, RC_ISOLATION_DEFAULT), RC_OK);
	sqlite_rollback(other);
	sqlite_rollback(f->conn);
	assert_int_equal(sqlite_begin(other, true, RC_ISOLATION_DEFAULT), RC_OK);
	sqlite_rollback(other);
	sqlite_close(other);
}

static void test_a_full_database_is_full_and_keeps_what_it_had(void **state)
{
	struct fixture *f = *state;

	open_ok(f, &writing);
	assert_int_equal(
		sqlite_script(f->conn, "CREATE TABLE t (x); INSERT INTO t VALUES (1); PRAGMA max_page_count = 8"),
		RC_OK);
	assert_int_equal(sqlite_begin(f->conn, true, RC_ISOLATION_DEFAULT), RC_OK);
	assert_int_equal(sqlite_script(f->conn, "INSERT INTO t VALUES (zeroblob(100000))"), RC_FULL);
	assert_non_null(strstr(f->conn->fault.message, f->path));
	assert_non_null(strstr(f->conn->fault.message, "free space"));
	sqlite_rollback(f->conn);
	assert_int_equal(number(f, "SELECT count(*) FROM t"), 1);
}

static void test_a_reader_cannot_write(void **state)
{
	struct fixture *f = *state;

	open_ok(f, &writing);
	assert_int_equal(sqlite_script(f->conn, "CREATE TABLE t (x)"), RC_OK);
	sqlite_close(f->conn);
	open_ok(f, &reading);
	assert_int_equal(sqlite_script(f->conn, "INSERT INTO t VALUES (1)"), RC_READONLY);
}

static void test_urls_of_other_kinds_are_refused_by_name(void **state)
{
	const struct db_driver *driver;
	const char *address;
	struct rc_fault fault;

	assert_int_equal(db_driver_find("sqlite:a/b.db", &driver, &address, &fault), RC_OK);
	assert_string_equal(address, "a/b.db");
	assert_ptr_equal(driver, &sqlite_driver);
	assert_int_equal(db_driver_find("oracle://x", &driver, &address, &fault), RC_INVALID);
	assert_non_null(strstr(fault.message, "oracle"));
	assert_int_equal(db_driver_find("data.db", &driver, &address, &fault), RC_INVALID);
	assert_int_equal(db_driver_find(":memory:", &driver, &address, &fault), RC_INVALID);
	assert_int_equal(db_driver_find("sqlite:", &driver, &address, &fault), RC_INVALID);
}

static void test_checkpoints_move_the_log_into_the_file_and_reuse_it_in_place(void **state)
{
	struct fixture *f = *state;
	struct db_options options = writing;
	uint32_t wal, moved;
	struct stat before, after;
	char log_path[128];

	options.no_auto_checkpoint = true;
	open_ok(f, &options);
	snprintf(log_path, sizeof(log_path), "%s-wal", f->path);
	assert_int_equal(sqlite_script(f->conn, "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(20000000))"),
			 RC_OK);
	assert_int_equal(sqlite_checkpoint(f->conn, &wal, &moved), RC_OK);
	assert_true(wal > 4096);
	assert_int_equal(moved, wal);
	stat(log_path, &before);
	assert_int_equal(sqlite_script(f->conn, "INSERT INTO t VALUES (1)"), RC_OK);
	assert_int_equal(sqlite_checkpoint(f->conn, &wal, &moved), RC_OK);
	assert_true(wal < 10); /* written at its beginning again */
	stat(log_path, &after);
	assert_int_equal(before.st_size, after.st_size);
}

static void test_a_checkpoint_does_not_wait_for_a_reader_that_stays(void **state)
{
	struct fixture *f = *state;
	struct db_conn *reader;
	uint32_t wal, moved;

	open_ok(f, &(struct db_options){.writable = true, .create = true, .no_auto_checkpoint = true});
	assert_int_equal(sqlite_script(f->conn, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"), RC_OK);
	assert_int_equal(sqlite_open(&reader, f->path, &reading, &f->fault), RC_OK);
	assert_int_equal(sqlite_begin(reader, false, RC_ISOLATION_DEFAULT), RC_OK);
	assert_int_equal(sqlite_script(reader, "SELECT * FROM t"), RC_OK);
	assert_int_equal(sqlite_script(f->conn, "INSERT INTO t VALUES (zeroblob(20000000))"), RC_OK);
	assert_int_equal(sqlite_checkpoint(f->conn, &wal, &moved), RC_OK);
	assert_true(moved < wal);
	assert_int_equal(sqlite_script(f->conn, "INSERT INTO t VALUES (2)"), RC_OK);
	sqlite_rollback(reader);
	sqlite_close(reader);
	assert_int_equal(sqlite_checkpoint(f->conn, &wal, &moved), RC_OK);
	assert_int_equal(moved, wal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_new_database_has_our_settings),
		TEST(test_an_owner_of_checkpoints_has_no_automatic_ones),
		TEST(test_a_missing_file_is_not_found),
		TEST(test_a_missing_directory_is_named),
		TEST(test_a_directory_is_no_database),
		TEST(test_a_device_is_no_database),
		TEST(test_a_read_only_file_is_readonly_for_writers_only),
		TEST(test_an_unreadable_file_is_permission_denied),
		TEST(test_a_directory_without_write_permission_is_readonly),
		TEST(test_some_other_file_is_not_a_database),
		TEST(test_a_damaged_database_is_corrupt),
		TEST(test_a_locked_database_is_busy),
		TEST(test_a_second_writer_is_busy_at_begin),
		TEST(test_a_full_database_is_full_and_keeps_what_it_had),
		TEST(test_a_reader_cannot_write),
		TEST(test_urls_of_other_kinds_are_refused_by_name),
		TEST(test_checkpoints_move_the_log_into_the_file_and_reuse_it_in_place),
		TEST(test_a_checkpoint_does_not_wait_for_a_reader_that_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
