/*
 * What the tests of the MariaDB driver share: one server for the program, a fresh database and a connection for each test.
 */
#ifndef TESTS_UNIT_DB_MARIADB_RIG_H
#define TESTS_UNIT_DB_MARIADB_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "engine.h"
#include "rowcast/db/mariadb/mariadb.h"

static struct engine engine;

struct fixture {
	char url[256];
	struct rc_arena arena;
	struct rc_fault fault;
	struct db_conn *conn, *other;
	struct db_stmt *stmt;
};

__attribute__((unused)) static const struct db_options writing = {.writable = true, .busy_timeout_us = 5000000};
__attribute__((unused)) static const struct db_options impatient = {.writable = true, .busy_timeout_us = 0};
__attribute__((unused)) static const struct db_options reading = {.busy_timeout_us = 5000000};

__attribute__((unused)) static const char *address(const char *url)
{
	return strchr(url, ':') + 1;
}

__attribute__((unused)) static struct db_conn *connect_as(struct fixture *f, const struct db_options *options)
{
	struct db_conn *conn;

	if (mariadb_open(&conn, address(f->url), options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	return conn;
}

__attribute__((unused)) static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	engine_fresh(&engine, f.url);
	rc_arena_init(&f.arena, 4096);
	f.conn = connect_as(&f, &writing);
	*state = &f;
	return 0;
}

__attribute__((unused)) static int teardown(void **state)
{
	struct fixture *f = *state;

	mariadb_finalize(f->stmt);
	mariadb_close(f->conn);
	mariadb_close(f->other);
	rc_arena_release(&f->arena);
	return 0;
}

__attribute__((unused)) static void good(struct db_conn *conn, int rc)
{
	if (rc != RC_OK)
		fail_msg("%s: %s", rc_err_name(rc), conn->fault.message);
}

__attribute__((unused)) static void script(struct db_conn *conn, const char *sql)
{
	good(conn, mariadb_script(conn, sql));
}

__attribute__((unused)) static void begin(struct db_conn *conn)
{
	good(conn, mariadb_begin(conn, true, RC_ISOLATION_DEFAULT));
}

/* Prepare, bind and run; the first row stands ready where there is one. */
__attribute__((unused)) static int run(struct fixture *f, struct db_conn *conn, const char *sql,
				       const struct rc_value *values, size_t count)
{
	int rc;

	mariadb_finalize(f->stmt);
	f->stmt = NULL;
	rc = mariadb_prepare(conn, rc_str_from(sql), &f->stmt);
	if (rc == RC_OK)
		rc = mariadb_bind(f->stmt, 0, values, count);
	return rc == RC_OK ? mariadb_step(f->stmt) : rc;
}

__attribute__((unused)) static int64_t number(struct fixture *f, const char *sql)
{
	int64_t value;

	assert_int_equal(run(f, f->conn, sql, NULL, 0), DB_ROW);
	good(f->conn, mariadb_read_int(f->stmt, &value));
	return value;
}

__attribute__((unused)) static int statement(struct fixture *f, struct db_conn *conn, const char *sql)
{
	return run(f, conn, sql, NULL, 0);
}

__attribute__((unused)) static void says(const struct rc_fault *fault, const char *words)
{
	if (!strstr(fault->message, words))
		fail_msg("\"%s\" does not say \"%s\"", fault->message, words);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

__attribute__((unused)) static int stop(void **state)
{
	engine_remove(&engine);
	return 0;
}

#endif
