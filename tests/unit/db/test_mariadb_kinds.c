/* The MariaDB driver and servers of several kinds: with TLS, with a full disk, too old, or not MariaDB at all. */
#include "mariadb_rig.h"

static char folder[] = "/tmp/rowcast-tls-XXXXXX", certificate[64];

static const char *url_with(struct fixture *f, const char *parameters)
{
	return rc_arena_printf(&f->arena, "%s?%s", address(f->url), parameters);
}

static void fails(struct fixture *f, const char *url, int err, const char *words)
{
	struct db_conn *conn;

	assert_int_equal(mariadb_open(&conn, url, &writing, &f->fault), err);
	assert_null(conn);
	says(&f->fault, words);
}

/* Whether the connection is in TLS, as the server sees it. */
static bool encrypted(struct fixture *f, const char *url)
{
	MYSQL_RES *result;
	bool yes;

	if (mariadb_open(&f->other, url, &impatient, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	good(f->other, mariadb_ask(mariadb_conn_of(f->other), "SHOW SESSION STATUS LIKE 'Ssl_cipher'", &result));
	yes = mysql_fetch_row(result)[1][0] != '\0';
	mysql_free_result(result);
	return yes;
}

static void test_tls_is_used_when_asked_for(void **state)
{
	struct fixture *f = *state;

	assert_true(encrypted(f, url_with(f, "ssl=on")));
}

static void test_a_certificate_of_the_named_authority_is_believed(void **state)
{
	struct fixture *f = *state;

	assert_true(encrypted(f, url_with(f, rc_arena_printf(&f->arena, "ssl-ca=%s", certificate))));
}

static void test_a_certificate_of_somebody_else_is_not(void **state)
{
	struct fixture *f = *state;

	fails(f, url_with(f, "ssl=verify"), RC_INVALID, "cannot agree on TLS");
}

static void test_large_values_pass_through_tls(void **state)
{
	struct fixture *f = *state;
	size_t len = 3000000;
	char *bytes = rc_xmalloc(len);
	int64_t same = 0;

	memset(bytes, 'x', len);
	assert_true(encrypted(f, url_with(f, "ssl=on")));
	assert_int_equal(
		run(f, f->other, "SELECT ? = REPEAT('x', 3000000)", &RC_TEXT_VALUE(((struct rc_str){bytes, len})), 1),
		DB_ROW);
	good(f->other, mariadb_read_int(f->stmt, &same));
	assert_int_equal(same, 1);
	assert_int_equal(statement(f, f->other, "SELECT REPEAT('x', 10000000)"), DB_ROW);
	free(bytes);
}

static void test_a_frozen_server_is_a_timeout_in_tls_too(void **state)
{
	struct fixture *f = *state;

	assert_true(encrypted(f, url_with(f, "ssl=on")));
	engine_freeze(&engine, true);
	assert_int_equal(statement(f, f->other, "SELECT 1"), RC_TIMEOUT);
	engine_freeze(&engine, false);
}

/* A table in memory has an end that can be set; InnoDB's own would take the server with it. */
static void test_a_full_disk_is_full(void **state)
{
	struct fixture *f = *state;
	int rc = RC_OK;

	script(f->conn, "SET SESSION max_heap_table_size = 16384; CREATE TABLE t (a CHAR(200)) ENGINE = MEMORY");
	for (int i = 0; i < 5000 && rc == RC_OK; i++)
		rc = statement(f, f->conn, "INSERT INTO t VALUES ('x')");
	assert_int_equal(rc, RC_FULL);
	says(&f->conn->fault, "free space");
}

static void test_errors_of_files_are_full_or_io_by_their_reason(void **state)
{
	assert_int_equal(mariadb_err(1026, "HY000", "Error writing file 'x' (errno: 28 \"No space left on device\")"),
			 RC_FULL);
	assert_int_equal(mariadb_err(1030, "HY000", "Got error 28 from storage engine"), RC_FULL);
	assert_int_equal(mariadb_err(1026, "HY000", "Error writing file 'x' (errno: 5 \"Input/output error\")"), RC_IO);
	assert_int_equal(mariadb_err(1021, "HY000", "Disk full (x); waiting for someone to free some space..."),
			 RC_FULL);
	assert_int_equal(mariadb_err(1290, "HY000", "running with the --read-only option"), RC_READONLY);
	assert_int_equal(mariadb_err(1290, "HY000", "running with the --secure-file-priv option"), RC_INVALID);
	assert_int_equal(mariadb_err(1644, "45000", "rule: words"), RC_CONSTRAINT);
	assert_int_equal(mariadb_err(1644, "02000", "words"), RC_INVALID);
}

static void other_server(const char *version, const char *words)
{
	struct engine other;
	struct db_conn *conn;
	struct rc_fault fault;

	engine_start(&other, RC_MARIADB, (const char *const[]){version, NULL});
	assert_int_equal(mariadb_open(&conn, address(other.url), &writing, &fault), RC_INVALID);
	says(&fault, words);
	/* It has no TLS either: then nothing may be said to it. */
	if (strstr(version, "MariaDB")) {
		char url[256];

		snprintf(url, sizeof(url), "%s?ssl=on", address(other.url));
		assert_int_equal(mariadb_open(&conn, url, &writing, &fault), RC_INVALID);
		says(&fault, "does not speak TLS");
	}
	engine_remove(&other);
}

static void test_mysql_and_old_versions_are_refused_by_name(void **state)
{
	other_server("--version=8.0.36", "is a MySQL server (8.0.36)");
	other_server("--version=10.4.30-MariaDB", "has version 10.4.30-MariaDB; use 10.5 or newer");
}

static void make_certificate(void)
{
	char command[512];

	assert_non_null(mkdtemp(folder));
	snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s/key.pem -out %s "
		 "-days 2"
		 " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null",
		 folder, certificate);
	assert_int_equal(system(command), 0);
}

static int start(void **state)
{
	char cert[128], key[128];

	make_certificate();
	snprintf(cert, sizeof(cert), "--ssl-cert=%s", certificate);
	snprintf(key, sizeof(key), "--ssl-key=%s/key.pem", folder);
	engine_start(&engine, RC_MARIADB, (const char *const[]){cert, key, NULL});
	return 0;
}

static int stop_and_forget(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	return stop(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_tls_is_used_when_asked_for),
		TEST(test_a_certificate_of_the_named_authority_is_believed),
		TEST(test_a_certificate_of_somebody_else_is_not),
		TEST(test_large_values_pass_through_tls),
		TEST(test_a_frozen_server_is_a_timeout_in_tls_too),
		TEST(test_a_full_disk_is_full),
		cmocka_unit_test(test_errors_of_files_are_full_or_io_by_their_reason),
		TEST(test_mysql_and_old_versions_are_refused_by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop_and_forget);
}
