/* What is PostgreSQL's alone: parameters, URLs, poolers, arrays, failed transactions, standbys, marks. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine.h"
#include "rowcast/db/postgres/postgres.h"

static struct engine engine;

struct fixture {
	char url[256];
	struct db_conn *conn;
	struct rc_arena arena;
	struct rc_fault fault;
};

static const struct db_options writing = {.writable = true, .busy_timeout_us = 1000000};

static struct db_conn *open_url(struct fixture *f, const char *url, const struct db_options *options)
{
	struct db_conn *conn;

	if (pg_open(&conn, strchr(url, ':') + 1, options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	return conn;
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	engine_fresh(&engine, f.url);
	rc_arena_init(&f.arena, 4096);
	f.conn = open_url(&f, f.url, &writing);
	*state = &f;
	return 0;
}

static RC_PRINTF(1, 2) int shell(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pg_close(f->conn);
	rc_arena_release(&f->arena);
	shell("if [ -f %1$s/bouncer/pid ]; then kill $(cat %1$s/bouncer/pid); fi", engine.folder);
	return 0;
}

static void ok(struct db_conn *conn, int rc)
{
	if (rc < 0)
		fail_msg("%s: %s", rc_err_name(rc), conn->fault.message);
}

static int run(struct db_conn *conn, const char *sql)
{
	struct db_stmt *stmt;
	int rc = pg_prepare(conn, rc_str_from(sql), &stmt);

	if (rc != RC_OK)
		return rc;
	rc = pg_step(stmt);
	pg_finalize(stmt);
	return rc;
}

static int64_t number_of(struct db_conn *conn, const char *sql)
{
	struct db_stmt *stmt;
	int64_t number = -1;

	ok(conn, pg_prepare(conn, rc_str_from(sql), &stmt));
	ok(conn, pg_step(stmt));
	ok(conn, pg_read_int(stmt, &number));
	pg_finalize(stmt);
	return number;
}

static void script(struct db_conn *conn, const char *sql)
{
	ok(conn, pg_begin(conn, true, RC_ISOLATION_DEFAULT));
	ok(conn, pg_script(conn, sql));
	ok(conn, pg_commit(conn));
}

static void begin(struct db_conn *conn)
{
	ok(conn, pg_begin(conn, true, RC_ISOLATION_DEFAULT));
}

static void test_parameters_are_numbered_where_they_are_parameters(void **state)
{
	static const char *const cases[][2] = {
		{"SELECT ?, ?", "SELECT $1, $2"},
		{"SELECT ?::bigint[?]", "SELECT $1::bigint[$2]"},
		{"SELECT '?' || ? || 'it''s ?'", "SELECT '?' || $1 || 'it''s ?'"},
		{"SELECT E'\\'?' || ?", "SELECT E'\\'?' || $1"},
		{"SELECT '\\' || ?", "SELECT '\\' || $1"},
		{"SELECT nameE'?' || ?", "SELECT nameE'?' || $1"},
		{"SELECT \"a?\"\"?\", ?", "SELECT \"a?\"\"?\", $1"},
		{"SELECT $$?$$, $a$?$$?$a$, ?", "SELECT $$?$$, $a$?$$?$a$, $1"},
		{"SELECT a$b$, ?, $b$?", "SELECT a$b$, $1, $b$?"},
		{"SELECT ? -- ?\n, ?", "SELECT $1 -- ?\n, $2"},
		{"SELECT /* ? /* ? */ ? */ ?", "SELECT /* ? /* ? */ ? */ $1"},
		{"SELECT j ?? ? AND j ??| ?", "SELECT j ? $1 AND j ?| $2"},
		{"SELECT j ? 'key' AND id = $1", "SELECT j ? 'key' AND id = $1"},
		{"SELECT '$1', ?", "SELECT '$1', $1"},
		{"SELECT '?", "SELECT '?"},
		{"SELECT $$?", "SELECT $$?"},
		{"SELECT ?-?", "SELECT $1-$2"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT;

		pg_rewrite(&out, rc_str_from(cases[i][0]));
		assert_string_equal(buf_cstr(&out), cases[i][1]);
		buf_release(&out);
	}
}

static void test_a_url_names_its_servers(void **state)
{
	struct fixture *f = *state;
	const char **names;
	size_t count;

	assert_int_equal(pg_hosts("//u:p@a,b:5433,[::1]:99/x?prepare=off", &f->arena, &names, &count, &f->fault),
			 RC_OK);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], "a:5432");
	assert_string_equal(names[1], "b:5433");
	assert_string_equal(names[2], "[::1]:99");
}

static void test_prepare_is_taken_out_wherever_it_stands(void **state)
{
	static const char *const urls[] = {
		"//u:p?w@h/x?prepare=off",
		"//u@h/x?prepare=off&sslmode=disable",
		"//u@h/x?sslmode=disable&prepare=off",
		"//u@h/x?sslmode=disable&prepare=off&connect_timeout=3",
	};
	struct fixture *f = *state;
	struct pg_url url;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		assert_int_equal(pg_url_parse(urls[i], &f->arena, &url, &f->fault), RC_OK);
		assert_false(url.prepare);
		assert_string_equal(url.database, "x");
		if (i > 0)
			assert_string_equal(pg_url_value(&url, "sslmode"), "disable");
	}
	assert_string_equal(pg_url_value(&url, "connect_timeout"), "3");
	assert_int_equal(pg_url_parse("//u@h/x?sslmode=disable", &f->arena, &url, &f->fault), RC_OK);
	assert_true(url.prepare);
}

static void test_a_wrong_url_is_refused_without_showing_it(void **state)
{
	static const char *const urls[] = {
		"u:secret@h/x",
		"//u:secret%zz@h/x",
		"//u:secret@[::1/x",
		"//u:secret@h/x?secret",
		"//u:secret@h:1,i:2,j:3,k/x?port=secret,4",
		"//u:secret@h/x?prepare=secret",
	};
	struct fixture *f = *state;
	struct pg_url url;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		assert_int_equal(pg_url_parse(urls[i], &f->arena, &url, &f->fault), RC_INVALID);
		assert_null(strstr(f->fault.message, "secret"));
	}
	assert_int_equal(pg_url_parse("//u@h/x?nonsense=1", &f->arena, &url, &f->fault), RC_INVALID);
	assert_non_null(strstr(f->fault.message, "nonsense"));
}

/* Poolers */

static void mixed_work(struct db_conn *a, struct db_conn *b)
{
	struct db_stmt *put_a, *put_b;
	struct rc_value value = RC_INT_VALUE(1);

	ok(a, pg_prepare(a, RC_STR("INSERT INTO t (n) VALUES (?)"), &put_a));
	ok(b, pg_prepare(b, RC_STR("INSERT INTO t (n) VALUES (? * 1000)"), &put_b));
	for (int i = 0; i < 10; i++) {
		struct db_conn *conn = i % 2 ? b : a;
		struct db_stmt *stmt = i % 2 ? put_b : put_a;

		begin(conn);
		ok(conn, pg_bind(stmt, 0, &value, 1));
		ok(conn, pg_step(stmt));
		pg_reset(stmt);
		ok(conn, pg_savepoint(conn, DB_SAVEPOINT_SET));
		ok(conn, pg_bind(stmt, 0, &value, 1));
		ok(conn, pg_step(stmt));
		pg_reset(stmt);
		ok(conn, pg_savepoint(conn, DB_SAVEPOINT_UNDO));
		assert_int_equal(number_of(conn, "SELECT current_setting('lock_timeout') = '1s'"), 1);
		ok(conn, pg_commit(conn));
	}
	pg_finalize(put_a);
	pg_finalize(put_b);
	assert_int_equal(number_of(a, "SELECT sum(n) FROM t"), 5 * 1001);
}

static void test_without_prepared_statements_everything_works(void **state)
{
	struct fixture *f = *state;
	char url[300];
	struct db_conn *a, *b;

	script(f->conn, "CREATE TABLE t (n bigint)");
	snprintf(url, sizeof(url), "%s?prepare=off", f->url);
	a = open_url(f, url, &writing);
	b = open_url(f, url, &writing);
	mixed_work(a, b);
	begin(a);
	assert_int_equal(number_of(a, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"), 0);
	pg_rollback(a);
	pg_close(a);
	pg_close(b);
}

static int port_of(const char *folder)
{
	char path[128];
	FILE *file;
	int port = 0;

	snprintf(path, sizeof(path), "%s/port", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &port), 1);
	fclose(file);
	return port;
}

static const char as_owner[] = "if [ $(id -u) = 0 ]; then chown postgres %1$s/bouncer*; setpriv --reuid=postgres "
			       "--regid=postgres --clear-groups --inh-caps=+dac_read_search "
			       "--ambient-caps=+dac_read_search -- %2$s; else %2$s; fi";

static void test_two_clients_share_one_connection_of_a_pooler(void **state)
{
	struct fixture *f = *state;
	const char *port = strrchr(f->url, ':') + 1;
	char command[256], url[300], script_text[1024];
	struct db_conn *a, *b;
	int64_t end_us = pg_now_us() + 20000000;
	int listen;

	script(f->conn, "CREATE TABLE t (n bigint)");
	assert_int_equal(shell("mkdir -p %1$s/bouncer && python3 -c 'import socket; s = socket.socket();"
			       " s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])' >%1$s/bouncer/port",
			       engine.folder),
			 0);
	snprintf(command, sizeof(command), "%s/bouncer", engine.folder);
	listen = port_of(command);
	snprintf(script_text, sizeof(script_text),
		 "chmod a+rx %1$s && printf '[databases]\\n* = host=127.0.0.1 port=%2$d "
		 "user=tester\\n"
		 "[pgbouncer]\\nlisten_addr = 127.0.0.1\\nlisten_port = %3$d\\nauth_type = any\\nunix_socket_dir =\\n"
		 "pool_mode = transaction\\ndefault_pool_size = 1\\npidfile = %1$s/bouncer/pid\\n"
		 "logfile = %1$s/bouncer/log\\n' >%1$s/bouncer/ini",
		 engine.folder, atoi(port), listen);
	assert_int_equal(shell("%s", script_text), 0);
	snprintf(command, sizeof(command), "/usr/sbin/pgbouncer -q -d %s/bouncer/ini", engine.folder);
	snprintf(script_text, sizeof(script_text), as_owner, engine.folder, command);
	assert_int_equal(shell("%s", script_text), 0);
	snprintf(url, sizeof(url), "postgres://tester@127.0.0.1:%d/%s?prepare=off", listen, strrchr(f->url, '/') + 1);
	while (pg_open(&a, strchr(url, ':') + 1, &writing, &f->fault) == RC_UNAVAILABLE && pg_now_us() < end_us)
		; /* it listens a moment after its parent ended */
	if (!a)
		fail_msg("%s", f->fault.message);
	b = open_url(f, url, &writing);
	mixed_work(a, b);
	pg_close(a);
	pg_close(b);
}

/* Arrays */

struct pair {
	uint64_t nulls;
	int64_t id;
	struct rc_str text;
	double real;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
	bool truth;
	struct rc_str bytes, json;
};

static const struct rc_column pair_columns[] = {
	{"id", RC_INT, RC_COLUMN_KEY, offsetof(struct pair, id)},
	{"text", RC_TEXT, RC_COLUMN_NULLABLE, offsetof(struct pair, text)},
	{"real", RC_DOUBLE, RC_COLUMN_NULLABLE, offsetof(struct pair, real)},
	{"uuid", RC_UUID, RC_COLUMN_NULLABLE, offsetof(struct pair, uuid)},
	{"at", RC_TIMESTAMP, RC_COLUMN_NULLABLE, offsetof(struct pair, at)},
	{"day", RC_DATE, RC_COLUMN_NULLABLE, offsetof(struct pair, day)},
	{"truth", RC_BOOL, RC_COLUMN_NULLABLE, offsetof(struct pair, truth)},
	{"bytes", RC_BYTES, RC_COLUMN_NULLABLE, offsetof(struct pair, bytes)},
	{"json", RC_JSON, RC_COLUMN_NULLABLE, offsetof(struct pair, json)},
};

#define PAIR_COLUMNS 9

static const struct rc_model pair_model = {.table = "t",
					   .columns = pair_columns,
					   .column_count = PAIR_COLUMNS,
					   .row_bytes = sizeof(struct pair),
					   .key_count = 1};

static void fill(struct pair *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct pair){
			.nulls = i % 4 == 3 ? 0x1fe : 0,
			.id = (int64_t)i,
			.text = i % 4 ? RC_STR("{\"ä\", NULL}") : RC_STR(""),
			.real = (double)i / 3,
			.uuid = {{(uint8_t)i, 1, 2}},
			.at = (int64_t)i * 1000003,
			.day = (int32_t)i - 50,
			.truth = i & 1,
			.bytes = RC_STR("\0\377"),
			.json = RC_STR("{\"a\":  1}"),
		};
		if (i % 4 == 3)
			rows[i] = (struct pair){.nulls = 0x1fe, .id = (int64_t)i};
	}
}

static void test_arrays_carry_every_type_and_null(void **state)
{
	struct fixture *f = *state;
	struct pair rows[100], read;
	struct db_stmt *stmt;

	script(f->conn,
	       "CREATE TABLE t (id bigint, text text, real double precision, uuid uuid, at timestamptz, day date,"
	       " truth boolean, bytes bytea, json json)");
	fill(rows, 100);
	begin(f->conn);
	ok(f->conn,
	   pg_prepare(f->conn,
		      RC_STR("INSERT INTO t SELECT * FROM unnest(?::bigint[], ?::text[], ?::double precision[],"
			     " ?::uuid[], ?::timestamptz[], ?::date[], ?::boolean[], ?::bytea[], ?::json[])"),
		      &stmt));
	ok(f->conn, pg_bind_arrays(stmt, 0, &pair_model, NULL, PAIR_COLUMNS, rows, 100));
	ok(f->conn, pg_step(stmt));
	pg_reset(stmt);
	ok(f->conn, pg_bind_arrays(stmt, 0, &pair_model, NULL, PAIR_COLUMNS, rows, 0));
	ok(f->conn, pg_step(stmt));
	pg_finalize(stmt);
	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT * FROM t ORDER BY id"), &stmt));
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(pg_step(stmt), DB_ROW);
		read = (struct pair){0};
		ok(f->conn, pg_read(stmt, &pair_model, NULL, &f->arena, &read));
		assert_true(read.nulls == rows[i].nulls && read.id == rows[i].id && read.real == rows[i].real);
		assert_true(read.at == rows[i].at && read.day == rows[i].day && read.truth == rows[i].truth);
		assert_memory_equal(&read.uuid, &rows[i].uuid, 16);
		assert_true(rc_str_eq(read.text, rows[i].text) && rc_str_eq(read.bytes, rows[i].bytes));
		assert_true(rc_str_eq(read.json, rows[i].json));
	}
	assert_int_equal(pg_step(stmt), RC_OK);
	pg_finalize(stmt);
	ok(f->conn, pg_commit(f->conn));
}

static void test_numbers_fit_their_columns_or_are_refused(void **state)
{
	static const int64_t numbers[] = {
		0, 1, -1, 9999, 10000, -10000, 65535, INT64_MAX, INT64_MIN + 1, INT64_MIN, 100000000, 123456789012345};
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t number;

	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT ?::numeric * 1"), &stmt));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		ok(f->conn, pg_bind(stmt, 0, &RC_INT_VALUE(numbers[i]), 1));
		assert_int_equal(pg_step(stmt), DB_ROW);
		ok(f->conn, pg_read_int(stmt, &number));
		assert_true(number == numbers[i]);
		pg_reset(stmt);
	}
	pg_finalize(stmt);
	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT ?::smallint"), &stmt));
	assert_int_equal(pg_bind(stmt, 0, &RC_INT_VALUE(40000), 1), RC_INVALID);
	assert_int_equal(pg_bind(stmt, 0, &RC_TEXT_VALUE(RC_STR("x")), 1), RC_INVALID);
	assert_non_null(strstr(f->conn->fault.message, "smallint"));
	pg_finalize(stmt);
	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT 1.5"), &stmt));
	assert_int_equal(pg_step(stmt), DB_ROW);
	assert_int_equal(pg_read_int(stmt, &number), RC_MISMATCH);
	pg_finalize(stmt);
}

/* Transactions */

static void test_a_commit_after_a_failed_statement_is_refused(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (n bigint CONSTRAINT t_n UNIQUE)");
	begin(f->conn);
	ok(f->conn, run(f->conn, "INSERT INTO t VALUES (1)"));
	assert_int_equal(run(f->conn, "INSERT INTO t VALUES (1)"), RC_CONSTRAINT);
	assert_int_equal(pg_commit(f->conn), RC_CONSTRAINT);
	assert_non_null(strstr(f->conn->fault.message, "not committed"));
	assert_int_equal(number_of(f->conn, "SELECT count(*) FROM t"), 0);
}

static void test_a_rule_that_waits_for_the_commit_refuses_it(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (n bigint CONSTRAINT t_n UNIQUE DEFERRABLE INITIALLY DEFERRED)");
	begin(f->conn);
	ok(f->conn, run(f->conn, "INSERT INTO t VALUES (1), (1)"));
	assert_int_equal(pg_commit(f->conn), RC_CONSTRAINT);
	assert_string_equal(f->conn->refusal.name, "t_n");
	begin(f->conn);
	ok(f->conn, run(f->conn, "INSERT INTO t VALUES (1), (1)"));
	assert_int_equal(pg_foreign_keys_check(f->conn), RC_CONSTRAINT);
	pg_rollback(f->conn);
	assert_int_equal(number_of(f->conn, "SELECT count(*) FROM t"), 0);
}

static void test_a_guard_is_named_by_its_constraint_or_its_message(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f->conn, "DO $$ BEGIN RAISE 'no: x' USING CONSTRAINT = 'by_field'; END $$"),
			 RC_CONSTRAINT);
	assert_string_equal(f->conn->refusal.name, "by_field");
	assert_int_equal(run(f->conn, "DO $$ BEGIN RAISE 'by_text: x: y'; END $$"), RC_CONSTRAINT);
	assert_string_equal(f->conn->refusal.name, "by_text");
	assert_int_equal(run(f->conn, "DO $$ BEGIN RAISE 'no name: x'; END $$"), RC_CONSTRAINT);
	assert_int_equal(f->conn->refusal.by, DB_REFUSED_UNKNOWN);
}

static void test_a_statement_that_ends_the_transaction_is_noticed(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (n bigint)");
	begin(f->conn);
	ok(f->conn, run(f->conn, "ROLLBACK"));
	assert_int_equal(run(f->conn, "INSERT INTO t VALUES (1)"), RC_INVALID);
	assert_int_not_equal(pg_commit(f->conn), RC_OK);
	assert_int_equal(number_of(f->conn, "SELECT count(*) FROM t"), 0);
}

static void test_a_forgotten_statement_is_busy_once(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t number;

	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT 7::bigint"), &stmt));
	script(f->conn, "DEALLOCATE ALL");
	begin(f->conn);
	assert_int_equal(pg_step(stmt), RC_BUSY);
	assert_non_null(strstr(f->conn->fault.message, "prepare=off"));
	pg_reset(stmt);
	pg_rollback(f->conn);
	begin(f->conn);
	ok(f->conn, pg_step(stmt));
	ok(f->conn, pg_read_int(stmt, &number));
	assert_int_equal(number, 7);
	pg_finalize(stmt);
	ok(f->conn, pg_commit(f->conn));
}

/* What a lock refused is not prepared again, and what a changed table outdated is not kept. */
static void test_the_server_keeps_no_statement_that_is_not_used(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;

	script(f->conn, "CREATE TABLE t (n bigint)");
	ok(f->conn, pg_prepare(f->conn, RC_STR("SELECT * FROM t"), &stmt));
	script(f->conn, "ALTER TABLE t ADD COLUMN m bigint");
	assert_int_equal(pg_step(stmt), RC_BUSY);
	pg_reset(stmt);
	assert_int_equal(pg_step(stmt), RC_MISMATCH); /* it has more columns now */
	pg_finalize(stmt);
	begin(f->conn);
	assert_int_equal(
		number_of(f->conn, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM t'"), 0);
	ok(f->conn, pg_commit(f->conn));
}

static void test_an_ended_connection_is_unavailable_and_its_commit_certain(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other = open_url(f, f->url, &writing);
	char sql[128];

	script(f->conn, "CREATE TABLE t (n bigint)");
	begin(other);
	ok(other, run(other, "INSERT INTO t VALUES (1)"));
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 5000)",
		 (long long)number_of(other, "SELECT pg_backend_pid()"));
	assert_int_equal(number_of(f->conn, sql), 1);
	assert_int_equal(pg_commit(other), RC_UNAVAILABLE);
	pg_close(other);
	assert_int_equal(number_of(f->conn, "SELECT count(*) FROM t"), 0);
}

static void test_a_commit_that_no_standby_confirmed_is_unknown(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other;

	script(f->conn, "CREATE TABLE t (n bigint)");
	assert_int_equal(engine_sql(&engine, f->url,
				    "ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf();",
				    NULL, 0),
			 0);
	other = open_url(f, f->url, &(struct db_options){.writable = true, .busy_timeout_us = 100000});
	while (number_of(other, "SELECT current_setting('synchronous_standby_names') = 'nobody'") == 0)
		;
	begin(other);
	ok(other, run(other, "INSERT INTO t VALUES (1)"));
	assert_int_equal(pg_commit(other), RC_UNKNOWN);
	pg_close(other);
	assert_int_equal(engine_sql(&engine, f->url,
				    "ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();", NULL, 0),
			 0);
}

static void test_a_mark_is_in_the_log_and_in_its_table(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other;
	char out[256];

	assert_int_equal(engine_sql(&engine, f->url,
				    "CREATE PUBLICATION p; SELECT pg_create_logical_replication_slot('s', 'pgoutput');",
				    NULL, 0),
			 0);
	begin(f->conn);
	ok(f->conn, pg_mark(f->conn, (struct rc_mark){UINT64_MAX, 258}));
	ok(f->conn, pg_commit(f->conn));
	assert_int_equal(engine_sql(&engine, f->url,
				    "SELECT encode(data, 'hex') FROM pg_logical_slot_get_binary_changes('s',"
				    " NULL, NULL, 'proto_version', '1', 'publication_names', 'p', 'messages', 'true')"
				    " WHERE get_byte(data, 0) = ascii('M'); SELECT pg_drop_replication_slot('s');",
				    out, sizeof(out)),
			 0);
	assert_non_null(strstr(out, "ffffffffffffffff0000000000000102"));
	script(f->conn, "CREATE TABLE rc_log (tbl text, op smallint, o0 text, n0 text)");
	other = open_url(f, f->url, &writing);
	begin(other);
	ok(other, pg_mark(other, (struct rc_mark){UINT64_MAX, 7}));
	ok(other, pg_commit(other));
	begin(other);
	ok(other, pg_savepoint(other, DB_SAVEPOINT_SET));
	ok(other, pg_mark(other, (struct rc_mark){UINT64_MAX, 8}));
	ok(other, pg_savepoint(other, DB_SAVEPOINT_KEEP));
	ok(other, pg_commit(other));
	assert_int_equal(number_of(f->conn, "SELECT count(*) FROM rc_log WHERE tbl = '' AND op = 0 AND"
					    " o0 = '18446744073709551615' AND n0 IN ('7', '8')"),
			 2);
	/* The log takes the triggers' place, and their table with it. */
	script(f->conn, "DROP TABLE rc_log");
	begin(other);
	ok(other, pg_mark(other, (struct rc_mark){UINT64_MAX, 9}));
	assert_int_not_equal(pg_flush_pending(pg_conn_of(other)), RC_OK);
	pg_rollback(other);
	begin(other);
	ok(other, pg_mark(other, (struct rc_mark){UINT64_MAX, 9}));
	ok(other, pg_flush_pending(pg_conn_of(other)));
	ok(other, pg_commit(other));
	pg_close(other);
}

/* Servers */

static void fails(struct fixture *f, const char *url, int err, const char *words)
{
	struct db_conn *conn;

	assert_int_equal(pg_open(&conn, strchr(url, ':') + 1, &writing, &f->fault), err);
	if (!strstr(f->fault.message, words))
		fail_msg("%s", f->fault.message);
	assert_null(strstr(f->fault.message, "secret"));
}

static void test_who_is_not_let_in_reads_why(void **state)
{
	struct fixture *f = *state;
	const char *place = strchr(f->url, '@');
	char url[300];

	assert_int_equal(engine_sql(&engine, f->url,
				    "CREATE USER guarded PASSWORD 'right'; CREATE USER nobody_here; REVOKE CONNECT ON "
				    "DATABASE test FROM PUBLIC;",
				    NULL, 0),
			 0);
	shell("sed -i '1i host all guarded 127.0.0.1/32 scram-sha-256\\nhost all barred 127.0.0.1/32 reject' "
	      "%s/data/pg_hba.conf",
	      engine.folder);
	engine_stop(&engine);
	engine_again(&engine);
	snprintf(url, sizeof(url), "postgres://guarded:secret%s", place);
	fails(f, url, RC_INVALID, "password of user guarded");
	snprintf(url, sizeof(url), "postgres://guarded%s", place);
	fails(f, url, RC_INVALID, "wants a password");
	snprintf(url, sizeof(url), "postgres://barred%s", place);
	fails(f, url, RC_INVALID, "pg_hba.conf");
	snprintf(url, sizeof(url), "postgres://nobody_here%.*s/test", (int)(strrchr(place, '/') - place), place);
	fails(f, url, RC_INVALID, "GRANT CONNECT");
	snprintf(url, sizeof(url), "postgres://guarded:right%s", place);
	pg_close(open_url(f, url, &writing));
}

static void test_who_may_not_write_reads_why(void **state)
{
	struct fixture *f = *state;
	char url[300];
	struct db_conn *conn;

	script(f->conn, "CREATE TABLE t (n bigint); CREATE USER visitor");
	snprintf(url, sizeof(url), "postgres://visitor%s", strchr(f->url, '@'));
	conn = open_url(f, url, &writing);
	begin(conn);
	assert_int_equal(run(conn, "INSERT INTO t VALUES (1)"), RC_READONLY);
	assert_non_null(strstr(conn->fault.message, "GRANT"));
	pg_rollback(conn);
	pg_close(conn);
}

static int64_t port_in_use(struct db_conn *conn)
{
	return number_of(conn, "SELECT current_setting('port')::bigint");
}

static void test_a_writer_finds_the_primary_and_of_two_the_promoted_one(void **state)
{
	struct fixture *f = *state;
	struct db_options reading = {.busy_timeout_us = 1000000, .host = 1}, second = writing;
	char standby[96], url[300], first[300];
	struct db_conn *conn;
	int primary_port = port_of(engine.folder), standby_port;

	snprintf(standby, sizeof(standby), "%s/standby", engine.folder);
	assert_int_equal(shell("%s/postgres standby %s %s >/dev/null 2>&1", SERVERS, standby, engine.folder), 0);
	standby_port = port_of(standby);
	snprintf(url, sizeof(url), "postgres://tester@127.0.0.1:%d,127.0.0.1:%d/test", standby_port, primary_port);
	conn = open_url(f, url, &writing);
	assert_int_equal(port_in_use(conn), primary_port);
	pg_close(conn);
	conn = open_url(f, url, &reading);
	assert_int_equal(port_in_use(conn), standby_port);
	pg_close(conn);
	second.host = 1;
	assert_int_equal(pg_open(&conn, strchr(url, ':') + 1, &second, &f->fault), RC_READONLY);
	snprintf(first, sizeof(first), "127.0.0.1:%d", standby_port);
	assert_non_null(strstr(f->fault.message, first));
	second.host = 3;
	assert_int_equal(pg_open(&conn, strchr(url, ':') + 1, &second, &f->fault), RC_INVALID);
	assert_int_equal(shell("%s/postgres promote %s >/dev/null 2>&1", SERVERS, standby), 0);
	snprintf(url, sizeof(url), "postgres://tester@127.0.0.1:%d,127.0.0.1:%d/test", primary_port, standby_port);
	conn = open_url(f, url, &writing);
	assert_int_equal(port_in_use(conn), standby_port);
	pg_close(conn);
	assert_int_equal(shell("%s/postgres stop %s immediate >/dev/null 2>&1", SERVERS, standby), 0);
	conn = open_url(f, url, &writing);
	assert_int_equal(port_in_use(conn), primary_port);
	pg_close(conn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_parameters_are_numbered_where_they_are_parameters),
		TEST(test_a_url_names_its_servers),
		TEST(test_prepare_is_taken_out_wherever_it_stands),
		TEST(test_a_wrong_url_is_refused_without_showing_it),
		TEST(test_without_prepared_statements_everything_works),
		TEST(test_two_clients_share_one_connection_of_a_pooler),
		TEST(test_arrays_carry_every_type_and_null),
		TEST(test_numbers_fit_their_columns_or_are_refused),
		TEST(test_a_commit_after_a_failed_statement_is_refused),
		TEST(test_a_rule_that_waits_for_the_commit_refuses_it),
		TEST(test_a_guard_is_named_by_its_constraint_or_its_message),
		TEST(test_a_statement_that_ends_the_transaction_is_noticed),
		TEST(test_a_forgotten_statement_is_busy_once),
		TEST(test_the_server_keeps_no_statement_that_is_not_used),
		TEST(test_an_ended_connection_is_unavailable_and_its_commit_certain),
		TEST(test_a_commit_that_no_standby_confirmed_is_unknown),
		TEST(test_a_mark_is_in_the_log_and_in_its_table),
		TEST(test_who_is_not_let_in_reads_why),
		TEST(test_who_may_not_write_reads_why),
		TEST(test_a_writer_finds_the_primary_and_of_two_the_promoted_one),
	};
	int failed;

	engine_start(&engine, RC_POSTGRES, NULL);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_remove(&engine);
	return failed;
}
