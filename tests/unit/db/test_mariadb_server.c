/* The MariaDB driver and servers that are not there, not ready, frozen, killed, or of another kind. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mariadb_rig.h"

/* Opening */

/* The fixture's URL with another user ("name" or "name:password"), host list (NULL: the server's) or database. */
static const char *url_as(struct fixture *f, const char *user, const char *hosts, const char *rest)
{
	const char *host = strchr(f->url, '@') + 1, *slash = strrchr(f->url, '/');

	return rc_arena_printf(&f->arena, "//%s@%.*s%s%s", user, hosts ? 0 : (int)(slash - host), host,
			       hosts ? hosts : "", rest ? rest : slash);
}

static const char *here(const struct fixture *f)
{
	static char host[64];

	snprintf(host, sizeof(host), "%.*s", (int)(strrchr(f->url, '/') - strchr(f->url, '@') - 1),
		 strchr(f->url, '@') + 1);
	return host;
}

static void fails(struct fixture *f, const char *url, const struct db_options *options, int err, const char *words)
{
	struct db_conn *conn;

	f->fault = (struct rc_fault){0};
	assert_int_equal(mariadb_open(&conn, url, options, &f->fault), err);
	assert_null(conn);
	assert_int_equal(f->fault.err, err);
	says(&f->fault, words);
	if (strstr(f->fault.message, "s3cret"))
		fail_msg("\"%s\" shows the password", f->fault.message);
}

static struct db_conn *opens(struct fixture *f, const char *url, const struct db_options *options)
{
	struct db_conn *conn;

	if (mariadb_open(&conn, url, options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	return conn;
}

/* A port of this machine; with `listening` somebody takes connections there and never says a word. */
static unsigned int silent_port(bool listening, int *fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &len), 0);
	if (listening)
		assert_int_equal(listen(*fd, 4), 0);
	return ntohs(address.sin_port);
}

static void test_a_wrong_password_is_said_and_not_shown(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE OR REPLACE USER ann@'%' IDENTIFIED BY 'right s3cret'");
	script(f->conn, "GRANT ALL ON *.* TO ann@'%'");
	fails(f, url_as(f, "ann:wrong%20s3cret", NULL, NULL), &writing, RC_INVALID, "does not let user \"ann\" in");
	fails(f, url_as(f, "ann", NULL, NULL), &writing, RC_INVALID, "the password is wrong");
	fails(f, url_as(f, "nobody:s3cret", NULL, NULL), &writing, RC_INVALID, "there is no such user");
	f->other = opens(f, url_as(f, "ann:right%20s3cret", NULL, NULL), &writing);
}

static void test_an_unknown_database_is_said_or_made(void **state)
{
	struct fixture *f = *state;
	struct db_options creating = writing;
	const char *url = url_as(f, "tester", NULL, "/new%20`one`");

	script(f->conn, "DROP DATABASE IF EXISTS `new ``one```");
	fails(f, url, &writing, RC_NOT_FOUND, "there is no database \"new `one`\"");
	creating.create = true;
	f->other = opens(f, url, &creating);
	script(f->other, "CREATE TABLE t (a INT)");
	assert_int_equal(number(f, "SELECT COUNT(*) FROM `new ``one```.t"), 0);
	script(f->conn, "DROP DATABASE `new ``one```");
}

static void test_a_database_without_privileges_is_said(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE OR REPLACE USER bob@'%'");
	fails(f, url_as(f, "bob", NULL, NULL), &writing, RC_INVALID, "GRANT ALL PRIVILEGES");
}

static void test_a_missing_privilege_is_said(void **state)
{
	struct fixture *f = *state;
	struct db_conn *scratch;

	script(f->conn, "CREATE TABLE t (a INT); CREATE OR REPLACE USER eve@'%'; GRANT SELECT ON *.* TO eve@'%'");
	f->other = opens(f, url_as(f, "eve", NULL, NULL), &writing);
	assert_int_equal(statement(f, f->other, "INSERT INTO t VALUES (1)"), RC_INVALID);
	says(&f->other->fault, "GRANT ALL PRIVILEGES");
	assert_int_equal(mariadb_scratch(f->other, &scratch, &f->fault), RC_INVALID);
	says(&f->fault, "GRANT ALL PRIVILEGES ON `rowcast\\_scratch\\_%`.*");
}

static void test_a_server_that_is_not_there_is_unavailable(void **state)
{
	struct fixture *f = *state;
	char hosts[64];
	int fd;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%u", silent_port(false, &fd));
	fails(f, url_as(f, "tester", hosts, NULL), &writing, RC_UNAVAILABLE, hosts);
	says(&f->fault, "see that it runs");
	fails(f, "//tester@/test?socket=/nowhere/socket", &writing, RC_UNAVAILABLE, "/nowhere/socket");
	fails(f, "//tester@name.invalid/test", &writing, RC_UNAVAILABLE, "no known address");
	close(fd);
}

static void test_a_server_that_never_answers_is_given_up(void **state)
{
	struct fixture *f = *state;
	char hosts[64];
	int fd;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%u", silent_port(true, &fd));
	fails(f, url_as(f, "tester", hosts, "/test?connect_timeout=1"), &writing, RC_TIMEOUT, "did not answer in 1 s");
	close(fd);
}

static void test_the_first_server_that_answers_is_taken(void **state)
{
	struct fixture *f = *state;
	char hosts[128];
	struct db_options one = writing;
	const char **names, *url;
	size_t count;
	int fd;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%u,%s", silent_port(false, &fd), here(f));
	url = url_as(f, "tester", hosts, NULL);
	f->other = opens(f, url, &writing);
	good(f->conn, mariadb_hosts(url, &f->arena, &names, &count, &f->fault));
	assert_int_equal(count, 2);
	assert_string_equal(names[1], here(f));
	one.host = 1;
	fails(f, url, &one, RC_UNAVAILABLE, names[0]);
	one.host = 2;
	mariadb_close(f->other);
	f->other = opens(f, url, &one);
	one.host = 3;
	fails(f, url, &one, RC_INVALID, "there is no 3.");
	snprintf(hosts, sizeof(hosts), "%s,%s", names[0], names[0]);
	fails(f, url_as(f, "tester", hosts, NULL), &writing, RC_UNAVAILABLE, "none of the servers");
	close(fd);
}

static void test_a_socket_is_a_way_in(void **state)
{
	struct fixture *f = *state;

	f->other = opens(
		f, rc_arena_printf(&f->arena, "//tester@%s?socket=%s/socket", strrchr(f->url, '/'), engine.folder),
		&writing);
}

/* Read-only servers */

static void read_only(struct fixture *f, bool on)
{
	assert_int_equal(
		engine_sql(&engine, f->url, on ? "SET GLOBAL read_only = 1" : "SET GLOBAL read_only = 0", NULL, 0), 0);
}

static void test_a_read_only_server_is_for_readers(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT); CREATE OR REPLACE USER carl@'%'; GRANT ALL ON test.* TO carl@'%'");
	f->other = opens(f, url_as(f, "carl", NULL, "/test"), &writing);
	read_only(f, true);
	fails(f, address(f->url), &writing, RC_READONLY, "is read-only");
	assert_int_equal(mariadb_begin(f->conn, true, RC_ISOLATION_DEFAULT), RC_READONLY);
	says(&f->conn->fault, "read-only now");
	assert_int_equal(mariadb_begin(f->other, true, RC_ISOLATION_DEFAULT), RC_READONLY);
	mariadb_close(f->other);
	f->other = opens(f, address(f->url), &reading);
	good(f->other, mariadb_begin(f->other, false, RC_ISOLATION_DEFAULT));
	mariadb_rollback(f->other);
	read_only(f, false);
	begin(f->conn);
	mariadb_rollback(f->conn);
}

static void test_a_transaction_on_a_server_that_became_read_only_is_refused(void **state)
{
	struct fixture *f = *state;

	script(f->conn,
	       "CREATE TABLE test.r (a INT); CREATE OR REPLACE USER carl@'%'; GRANT ALL ON test.* TO carl@'%'");
	f->other = opens(f, url_as(f, "carl", NULL, "/test"), &writing);
	begin(f->other);
	read_only(f, true);
	assert_int_equal(statement(f, f->other, "INSERT INTO r VALUES (1)"), RC_READONLY);
	mariadb_rollback(f->other);
	read_only(f, false);
	script(f->conn, "DROP TABLE test.r");
}

/* Lost servers */

static void test_a_connection_that_was_killed_says_so_until_it_is_closed(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	char sql[64];
	int64_t us;

	f->other = connect_as(f, &writing);
	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT 1"), &stmt));
	begin(f->conn);
	snprintf(sql, sizeof(sql), "KILL %lu", mysql_thread_id(mariadb_conn_of(f->conn)->mysql));
	script(f->other, sql);
	assert_int_equal(mariadb_step(stmt), RC_UNAVAILABLE);
	says(&f->conn->fault, "open the database again");
	assert_int_equal(mariadb_step(stmt), RC_UNAVAILABLE);
	says(&f->conn->fault, "is lost");
	assert_int_equal(mariadb_clock(f->conn, &us), RC_UNAVAILABLE);
	assert_int_equal(mariadb_savepoint(f->conn, DB_SAVEPOINT_SET), RC_UNAVAILABLE);
	assert_int_equal(mariadb_commit(f->conn), RC_UNAVAILABLE);
	assert_int_equal(mariadb_begin(f->conn, true, RC_ISOLATION_DEFAULT), RC_UNAVAILABLE);
	mariadb_rollback(f->conn);
	mariadb_finalize(stmt);
}

static void test_rows_that_were_read_outlive_the_connection(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t value;

	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT 1 UNION ALL SELECT 2"), &stmt));
	assert_int_equal(mariadb_step(stmt), DB_ROW);
	mariadb_lose(mariadb_conn_of(f->conn));
	assert_int_equal(mariadb_step(stmt), DB_ROW);
	good(f->conn, mariadb_read_int(stmt, &value));
	assert_int_equal(value, 2);
	assert_int_equal(mariadb_step(stmt), RC_OK);
	mariadb_reset(stmt);
	assert_int_equal(mariadb_step(stmt), RC_UNAVAILABLE);
	mariadb_finalize(stmt);
}

static void test_a_frozen_server_is_a_timeout(void **state)
{
	struct fixture *f = *state;

	f->other = connect_as(f, &impatient);
	engine_freeze(&engine, true);
	assert_int_equal(statement(f, f->other, "SELECT 1"), RC_TIMEOUT);
	engine_freeze(&engine, false);
	says(&f->other->fault, "did not answer in 2000 ms");
	assert_int_equal(statement(f, f->other, "SELECT 1"), RC_UNAVAILABLE);
}

static void test_a_commit_without_an_answer_is_unknown(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT)");
	f->other = connect_as(f, &impatient);
	begin(f->other);
	assert_int_equal(statement(f, f->other, "INSERT INTO t VALUES (1)"), RC_OK);
	engine_freeze(&engine, true);
	assert_int_equal(mariadb_commit(f->other), RC_UNKNOWN);
	engine_freeze(&engine, false);
	says(&f->other->fault, "may or may not be stored");
}

static void test_a_script_may_take_longer_than_an_answer_while_the_server_lives(void **state)
{
	struct fixture *f = *state;

	f->other = connect_as(f, &impatient);
	good(f->other, mariadb_script(f->other, "DO SLEEP(2.5)"));
	assert_int_equal(statement(f, f->other, "SELECT SLEEP(60)"), RC_TIMEOUT);
}

static void test_a_script_on_a_frozen_server_ends(void **state)
{
	struct fixture *f = *state;
	char url[320];

	snprintf(url, sizeof(url), "%s?connect_timeout=1", address(f->url));
	f->other = opens(f, url, &impatient);
	engine_freeze(&engine, true);
	assert_int_equal(mariadb_script(f->other, "DO 1"), RC_TIMEOUT);
	engine_freeze(&engine, false);
}

/* Two at once */

struct step {
	struct db_conn *conn;
	const char *sql;
	int rc;
};

static void *run_step(void *arg)
{
	struct step *step = arg;
	struct db_stmt *stmt;

	step->rc = mariadb_prepare(step->conn, rc_str_from(step->sql), &stmt);
	if (step->rc != RC_OK)
		return NULL;
	step->rc = mariadb_step(stmt);
	mariadb_finalize(stmt);
	return NULL;
}

static void test_of_two_that_wait_for_each_other_one_is_busy_and_the_other_goes_on(void **state)
{
	struct fixture *f = *state;
	struct step step = {.sql = "UPDATE t SET b = 1 WHERE a = 2"};
	pthread_t thread;
	int rc;

	script(f->conn, "CREATE TABLE t (a INT PRIMARY KEY, b INT); INSERT INTO t VALUES (1, 0), (2, 0)");
	step.conn = f->other = connect_as(f, &writing);
	begin(f->conn);
	begin(f->other);
	assert_int_equal(statement(f, f->other, "UPDATE t SET b = 2 WHERE a = 1"), RC_OK);
	assert_int_equal(statement(f, f->conn, "UPDATE t SET b = 3 WHERE a = 2"), RC_OK);
	assert_int_equal(pthread_create(&thread, NULL, run_step, &step), 0);
	rc = statement(f, f->conn, "UPDATE t SET b = 4 WHERE a = 1");
	pthread_join(thread, NULL);
	assert_true((rc == RC_BUSY && step.rc == RC_OK) || (rc == RC_OK && step.rc == RC_BUSY));
	assert_int_equal(mariadb_commit(f->conn), rc);
	assert_int_equal(mariadb_commit(f->other), step.rc);
	assert_int_equal(number(f, "SELECT SUM(b) FROM t"), rc == RC_OK ? 7 : 3);
}

/* Crashes */

struct writer {
	struct db_conn *conn;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int64_t stored; /* commits that were confirmed */
	int rc;         /* of what ended it */
};

static int write_one(struct db_conn *conn, int64_t value)
{
	struct db_stmt *stmt;
	int rc = mariadb_begin(conn, true, RC_ISOLATION_DEFAULT);

	if (rc != RC_OK)
		return rc;
	rc = mariadb_prepare(conn, RC_STR("INSERT INTO t VALUES (?)"), &stmt);
	if (rc != RC_OK)
		return rc;
	rc = mariadb_bind(stmt, 0, &RC_INT_VALUE(value), 1);
	if (rc == RC_OK)
		rc = mariadb_step(stmt);
	mariadb_finalize(stmt);
	return rc == RC_OK ? mariadb_commit(conn) : rc;
}

static void *write_on(void *arg)
{
	struct writer *writer = arg;

	while (writer->rc == RC_OK) {
		int rc = write_one(writer->conn, writer->stored + 1);

		pthread_mutex_lock(&writer->lock);
		writer->rc = rc;
		writer->stored += rc == RC_OK;
		pthread_cond_signal(&writer->moved);
		pthread_mutex_unlock(&writer->lock);
	}
	return NULL;
}

static void test_a_crash_loses_no_confirmed_commit(void **state)
{
	struct fixture *f = *state;
	struct writer writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
	pthread_t thread;
	int64_t stored;

	script(f->conn, "CREATE TABLE t (a INT)");
	for (int round = 0; round < 3; round++) {
		script(f->conn, "DELETE FROM t");
		writer.rc = RC_OK;
		writer.stored = 0;
		writer.conn = connect_as(f, &writing);
		assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
		pthread_mutex_lock(&writer.lock);
		while (writer.stored < 20 && writer.rc == RC_OK)
			pthread_cond_wait(&writer.moved, &writer.lock);
		pthread_mutex_unlock(&writer.lock);
		engine_crash(&engine);
		pthread_join(thread, NULL);
		if (writer.rc != RC_UNKNOWN && writer.rc != RC_UNAVAILABLE)
			fail_msg("%s", writer.conn->fault.message);
		mariadb_close(writer.conn);
		engine_again(&engine);
		mariadb_finalize(f->stmt);
		f->stmt = NULL;
		mariadb_close(f->conn);
		f->conn = connect_as(f, &writing);
		stored = number(f, "SELECT COUNT(*) FROM t");
		assert_true(stored == writer.stored || (stored == writer.stored + 1 && writer.rc == RC_UNKNOWN));
	}
}

static int start(void **state)
{
	engine_start(&engine, RC_MARIADB, NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_wrong_password_is_said_and_not_shown),
		TEST(test_an_unknown_database_is_said_or_made),
		TEST(test_a_database_without_privileges_is_said),
		TEST(test_a_missing_privilege_is_said),
		TEST(test_a_server_that_is_not_there_is_unavailable),
		TEST(test_a_server_that_never_answers_is_given_up),
		TEST(test_the_first_server_that_answers_is_taken),
		TEST(test_a_socket_is_a_way_in),
		TEST(test_a_read_only_server_is_for_readers),
		TEST(test_a_transaction_on_a_server_that_became_read_only_is_refused),
		TEST(test_a_connection_that_was_killed_says_so_until_it_is_closed),
		TEST(test_rows_that_were_read_outlive_the_connection),
		TEST(test_a_frozen_server_is_a_timeout),
		TEST(test_a_commit_without_an_answer_is_unknown),
		TEST(test_a_script_may_take_longer_than_an_answer_while_the_server_lives),
		TEST(test_a_script_on_a_frozen_server_ends),
		TEST(test_of_two_that_wait_for_each_other_one_is_busy_and_the_other_goes_on),
		TEST(test_a_crash_loses_no_confirmed_commit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop);
}
