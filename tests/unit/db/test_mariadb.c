/* The MariaDB driver against a server of its own: refusals, transactions, marks, the catalog. */
#include "mariadb_rig.h"

/* Refusals */

static void refused(struct fixture *f, const char *sql, int by, const char *name, const char *table, const char *fields)
{
	const struct db_refusal *refusal = &f->conn->refusal;

	assert_int_equal(statement(f, f->conn, sql), RC_CONSTRAINT);
	assert_int_equal(refusal->by, by);
	assert_string_equal(refusal->name, name);
	assert_string_equal(refusal->table, table);
	assert_string_equal(refusal->columns, fields);
}

static const char rules[] =
	"CREATE TABLE p (id BIGINT PRIMARY KEY, a VARCHAR(40) NOT NULL, CONSTRAINT p_a_key UNIQUE (a),"
	" CONSTRAINT p_positive CHECK (id > 0));"
	"CREATE TABLE c (id BIGINT PRIMARY KEY, p BIGINT, CONSTRAINT c_p_fkey FOREIGN KEY (p) REFERENCES p (id));"
	"CREATE TRIGGER p_guard BEFORE INSERT ON p FOR EACH ROW BEGIN IF NEW.id = 13 THEN"
	" SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'p_no_13: thirteen is not sold'; END IF; END;"
	"INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1, 1)";

static void test_a_refused_row_names_the_rule_and_the_table(void **state)
{
	struct fixture *f = *state;

	script(f->conn, rules);
	refused(f, "INSERT INTO `p` VALUES (2, 'one')", DB_REFUSED_NAME, "p_a_key", "p", "");
	refused(f, "INSERT INTO p VALUES (1, 'two')", DB_REFUSED_NAME, "PRIMARY", "p", "");
	refused(f, "INSERT INTO p VALUES (-1, 'x')", DB_REFUSED_NAME, "p_positive", "p", "");
	refused(f, "INSERT INTO c VALUES (2, 9)", DB_REFUSED_NAME, "c_p_fkey", "c", "");
	refused(f, "DELETE FROM p WHERE id = 1", DB_REFUSED_NAME, "c_p_fkey", "c", "");
	refused(f, "UPDATE `p` SET a = NULL", DB_REFUSED_NULL, "", "p", "a");
	refused(f, "INSERT INTO p (id) VALUES (3)", DB_REFUSED_NULL, "", "p", "a");
	refused(f, "INSERT INTO p VALUES (13, 'x')", DB_REFUSED_NAME, "p_no_13", "p", "");
	says(&f->conn->fault, "thirteen is not sold");
}

static void test_a_key_s_name_is_found_behind_any_value(void **state)
{
	struct fixture *f = *state;

	script(f->conn, rules);
	script(f->conn, "INSERT INTO p VALUES (5, 'it''s '' for key ''x'''' `')");
	refused(f, "INSERT INTO p VALUES (6, 'it''s '' for key ''x'''' `')", DB_REFUSED_NAME, "p_a_key", "p", "");
}

static void test_a_refused_statement_leaves_the_transaction_open(void **state)
{
	struct fixture *f = *state;

	script(f->conn, rules);
	begin(f->conn);
	assert_int_equal(statement(f, f->conn, "INSERT INTO p VALUES (2, 'two')"), RC_OK);
	assert_int_equal(statement(f, f->conn, "INSERT INTO p VALUES (2, 'two')"), RC_CONSTRAINT);
	assert_int_equal(statement(f, f->conn, "INSERT INTO p VALUES (3, 'three')"), RC_OK);
	good(f->conn, mariadb_commit(f->conn));
	assert_int_equal(number(f, "SELECT COUNT(*) FROM p"), 3);
}

static void test_a_statement_with_an_error_says_so_and_the_connection_lives(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(statement(f, f->conn, "SELEKT 1"), RC_INVALID);
	says(&f->conn->fault, "SELEKT");
	says(&f->conn->fault, "\"t");
	assert_int_equal(statement(f, f->conn, "SELECT * FROM nowhere"), RC_INVALID);
	assert_int_equal(number(f, "SELECT 7"), 7);
}

static void test_values_beyond_the_server_s_packet_are_refused_and_the_connection_lives(void **state)
{
	struct fixture *f = *state;
	size_t len = 17 << 20;
	char *bytes = rc_xcalloc(1, len);

	assert_int_equal(run(f, f->conn, "SELECT LENGTH(?)", &RC_BYTES_VALUE(((struct rc_str){bytes, len})), 1),
			 RC_LIMIT);
	says(&f->conn->fault, "max_allowed_packet");
	assert_int_equal(number(f, "SELECT 7"), 7);
	free(bytes);
}

/* Statements */

static void test_inserts_tell_their_number_and_updates_the_rows_they_found(void **state)
{
	struct fixture *f = *state;
	int64_t id;

	script(f->conn, "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT)");
	assert_int_equal(statement(f, f->conn, "INSERT INTO t VALUES (NULL, 1)"), RC_OK);
	assert_int_equal(mariadb_driver.identity(f->conn), 1);
	assert_int_equal(mariadb_driver.changed(f->conn), 1);
	assert_int_equal(run(f, f->conn, "INSERT INTO t VALUES (?, 2) RETURNING id", &RC_NULL_VALUE, 1), DB_ROW);
	assert_int_equal(mariadb_column_count(f->stmt), 1);
	good(f->conn, mariadb_read_int(f->stmt, &id));
	assert_int_equal(id, 2);
	assert_int_equal(mariadb_step(f->stmt), RC_OK);
	assert_int_equal(statement(f, f->conn, "UPDATE t SET a = 1"), RC_OK);
	assert_int_equal(mariadb_driver.changed(f->conn), 2); /* found, although one of them was 1 already */
	assert_int_equal(statement(f, f->conn, "INSERT INTO t VALUES (0, 5)"), RC_OK);
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t WHERE id = 0"), 1);
}

static void test_columns_are_known_before_a_statement_runs(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;

	script(f->conn, "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT)");
	good(f->conn,
	     mariadb_prepare(f->conn, RC_STR("INSERT INTO `t` VALUES (NULL, 1) RETURNING id, a + 1 AS b"), &stmt));
	assert_int_equal(mariadb_column_count(stmt), 2);
	assert_string_equal(mariadb_column_name(stmt, 1), "b");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mariadb_step(stmt), DB_ROW);
		assert_int_equal(mariadb_column_count(stmt), 2);
		assert_string_equal(mariadb_column_name(stmt, 0), "id");
		mariadb_reset(stmt);
	}
	mariadb_finalize(stmt);
	good(f->conn, mariadb_prepare(f->conn, RC_STR("DELETE FROM t RETURNING a"), &stmt));
	assert_int_equal(mariadb_column_count(stmt), 1);
	assert_null(mariadb_column_name(stmt, 1));
	mariadb_finalize(stmt);
	good(f->conn, mariadb_prepare(f->conn, RC_STR("UPDATE t SET a = 1"), &stmt));
	assert_int_equal(mariadb_column_count(stmt), 0);
	mariadb_finalize(stmt);
}

static void test_statements_nest_while_rows_are_read(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *outer, *inner;
	int64_t sum = 0, value;

	script(f->conn, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3)");
	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT a FROM t"), &outer));
	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT ? * 10"), &inner));
	while (mariadb_step(outer) == DB_ROW) {
		good(f->conn, mariadb_read_int(outer, &value));
		good(f->conn, mariadb_bind(inner, 0, &RC_INT_VALUE(value), 1));
		assert_int_equal(mariadb_step(inner), DB_ROW);
		good(f->conn, mariadb_read_int(inner, &value));
		mariadb_reset(inner);
		sum += value;
	}
	assert_int_equal(sum, 60);
	mariadb_finalize(inner);
	mariadb_finalize(outer);
}

static void test_a_statement_runs_again_after_reset_with_other_types(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t value;

	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT ? + 1"), &stmt));
	assert_int_equal(mariadb_param_count(stmt), 1);
	assert_int_equal(mariadb_column_count(stmt), 1);
	good(f->conn, mariadb_bind(stmt, 0, &RC_INT_VALUE(41), 1));
	assert_int_equal(mariadb_step(stmt), DB_ROW);
	good(f->conn, mariadb_read_int(stmt, &value));
	assert_int_equal(value, 42);
	mariadb_reset(stmt);
	assert_int_equal(mariadb_step(stmt), DB_ROW); /* parameters are forgotten */
	assert_int_equal(mariadb_read_int(stmt, &value), RC_NOT_FOUND);
	mariadb_finalize(stmt);
}

struct sum {
	struct fixture *f;
	struct db_stmt *stmt;
	int64_t of[3];
};

static int add_row(void *arg, size_t at)
{
	struct sum *sum = arg;
	int64_t value;
	int rc = mariadb_read_int(sum->stmt, &value);

	sum->of[at] += value;
	return rc;
}

static void test_a_batch_runs_once_for_each_set_of_values(void **state)
{
	struct fixture *f = *state;
	struct sum sum = {.f = f};
	const struct rc_value values[] = {RC_INT_VALUE(1), RC_INT_VALUE(2), RC_INT_VALUE(3)};

	script(f->conn, "CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 10), (1, 11), (3, 30)");
	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT b FROM t WHERE a = ?"), &sum.stmt));
	good(f->conn, mariadb_batch(sum.stmt, values, 1, 3, add_row, &sum));
	assert_int_equal(sum.of[0], 21);
	assert_int_equal(sum.of[1], 0);
	assert_int_equal(sum.of[2], 30);
	mariadb_finalize(sum.stmt);
}

static void test_a_table_that_changed_under_a_statement_is_said(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;

	script(f->conn, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)");
	good(f->conn, mariadb_prepare(f->conn, RC_STR("SELECT * FROM t"), &stmt));
	assert_int_equal(mariadb_step(stmt), DB_ROW);
	mariadb_reset(stmt);
	script(f->conn, "ALTER TABLE t ADD COLUMN b INT");
	assert_int_equal(mariadb_step(stmt), RC_MISMATCH);
	mariadb_finalize(stmt);
}

/* Transactions */

static void test_a_rollback_leaves_nothing_and_a_commit_everything(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT)");
	begin(f->conn);
	assert_int_equal(statement(f, f->conn, "INSERT INTO t VALUES (1)"), RC_OK);
	mariadb_rollback(f->conn);
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 0);
	begin(f->conn);
	assert_int_equal(statement(f, f->conn, "INSERT INTO t VALUES (1)"), RC_OK);
	good(f->conn, mariadb_commit(f->conn));
	mariadb_rollback(f->conn);
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 1);
}

static void insert(struct fixture *f, int64_t value)
{
	assert_int_equal(run(f, f->conn, "INSERT INTO t VALUES (?)", &RC_INT_VALUE(value), 1), RC_OK);
}

static void test_savepoints_nest(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT)");
	begin(f->conn);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_SET));
	insert(f, 1);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_SET));
	insert(f, 2);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_UNDO));
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_SET));
	insert(f, 4);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_KEEP));
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_KEEP));
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_SET));
	insert(f, 8);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_SET));
	insert(f, 16);
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_KEEP));
	good(f->conn, mariadb_savepoint(f->conn, DB_SAVEPOINT_UNDO));
	good(f->conn, mariadb_commit(f->conn));
	assert_int_equal(number(f, "SELECT SUM(a) FROM t"), 5);
}

static void test_a_read_transaction_cannot_write(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT)");
	good(f->conn, mariadb_begin(f->conn, false, RC_ISOLATION_DEFAULT));
	assert_int_equal(statement(f, f->conn, "INSERT INTO t VALUES (1)"), RC_READONLY);
	mariadb_rollback(f->conn);
}

static void test_isolation_is_chosen_for_each_transaction(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT)");
	f->other = connect_as(f, &writing);
	good(f->conn, mariadb_begin(f->conn, false, RC_REPEATABLE_READ));
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 0);
	script(f->other, "INSERT INTO t VALUES (1)");
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 0);
	mariadb_rollback(f->conn);
	good(f->conn, mariadb_begin(f->conn, false, RC_ISOLATION_DEFAULT));
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 1);
	script(f->other, "INSERT INTO t VALUES (1)");
	assert_int_equal(number(f, "SELECT COUNT(*) FROM t"), 2);
	mariadb_rollback(f->conn);
}

static void test_a_lock_that_is_held_is_busy_and_undoes_the_whole_transaction(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
	f->other = connect_as(f, &impatient);
	begin(f->conn);
	assert_int_equal(statement(f, f->conn, "UPDATE t SET a = 11 WHERE a = 1"), RC_OK);
	begin(f->other);
	assert_int_equal(statement(f, f->other, "UPDATE t SET a = 22 WHERE a = 2"), RC_OK);
	assert_int_equal(statement(f, f->other, "UPDATE t SET a = 21 WHERE a = 1"), RC_BUSY);
	says(&f->other->fault, "tried again");
	/* What follows must not be committed statement by statement. */
	assert_int_equal(statement(f, f->other, "INSERT INTO t VALUES (3)"), RC_BUSY);
	assert_int_equal(mariadb_savepoint(f->other, DB_SAVEPOINT_SET), RC_BUSY);
	assert_int_equal(mariadb_script(f->other, "INSERT INTO t VALUES (3)"), RC_BUSY);
	assert_int_equal(mariadb_commit(f->other), RC_BUSY);
	good(f->conn, mariadb_commit(f->conn));
	begin(f->other);
	assert_int_equal(statement(f, f->other, "UPDATE t SET a = 21 WHERE a = 11"), RC_OK);
	good(f->other, mariadb_commit(f->other));
	assert_int_equal(number(f, "SELECT SUM(a) FROM t"), 23);
}

static void test_a_row_may_be_asked_for_without_waiting(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
	f->other = connect_as(f, &writing);
	begin(f->conn);
	assert_int_equal(number(f, "SELECT a FROM t WHERE a = 1 FOR UPDATE"), 1);
	begin(f->other);
	assert_int_equal(statement(f, f->other, "SELECT a FROM t WHERE a = 1 FOR UPDATE SKIP LOCKED"), RC_OK);
	assert_int_equal(statement(f, f->other, "SELECT a FROM t WHERE a = 1 FOR UPDATE NOWAIT"), RC_BUSY);
	mariadb_rollback(f->other);
}

/* Marks, catalog, scratch */

static void test_a_mark_is_written_where_somebody_reads_it(void **state)
{
	struct fixture *f = *state;
	struct rc_mark mark = {.writer = UINT64_MAX, .n = UINT64_C(1) << 63};

	begin(f->conn);
	good(f->conn, mariadb_mark(f->conn, mark)); /* no table, no mark, no error */
	good(f->conn, mariadb_commit(f->conn));
	script(f->conn, "CREATE TABLE rc_mark (writer BIGINT UNSIGNED PRIMARY KEY, n BIGINT UNSIGNED NOT NULL)");
	for (int i = 0; i < 2; i++) {
		begin(f->conn);
		mark.n += (uint64_t)i;
		good(f->conn, mariadb_mark(f->conn, mark));
		good(f->conn, mariadb_commit(f->conn));
	}
	assert_int_equal(number(f, "SELECT COUNT(*) FROM rc_mark WHERE writer = 18446744073709551615 AND"
				   " n = 9223372036854775809"),
			 1);
	script(f->conn, "DROP TABLE rc_mark");
	begin(f->conn);
	good(f->conn, mariadb_mark(f->conn, mark));
	good(f->conn, mariadb_commit(f->conn));
}

static const struct db_object *object(const struct db_object *objects, size_t count, const char *type, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(objects[i].type, type) == 0 && strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

static const char schema[] =
	"CREATE TABLE p (id BIGINT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(40) NOT NULL, b INT, CONSTRAINT p_a_key "
	"UNIQUE (a),"
	" CONSTRAINT p_positive CHECK (b > 0)) AUTO_INCREMENT = 100;"
	"CREATE INDEX p_b_idx ON p (b);"
	"CREATE TABLE c (id BIGINT PRIMARY KEY, p BIGINT, CONSTRAINT c_p_fkey FOREIGN KEY (p) REFERENCES p (id));"
	"CREATE TRIGGER p_guard BEFORE INSERT ON p FOR EACH ROW BEGIN SET NEW.b = 1; END;"
	"CREATE VIEW w AS SELECT a FROM p";

static void test_a_scratch_database_with_the_same_schema_has_the_same_catalog(void **state)
{
	struct fixture *f = *state;
	struct db_object *live, *made;
	size_t live_count, made_count;

	script(f->conn, schema);
	script(f->conn, "INSERT INTO p (a) VALUES ('x')");
	good(f->conn, mariadb_scratch(f->conn, &f->other, &f->fault));
	script(f->other, schema);
	good(f->conn, mariadb_catalog(f->conn, &f->arena, &live, &live_count));
	good(f->other, mariadb_catalog(f->other, &f->arena, &made, &made_count));
	assert_int_equal(live_count, made_count);
	for (size_t i = 0; i < live_count; i++) {
		assert_string_equal(live[i].type, made[i].type);
		assert_string_equal(live[i].name, made[i].name);
		assert_string_equal(live[i].table, made[i].table);
		assert_string_equal(live[i].sql, made[i].sql);
		assert_int_equal(live[i].unique, made[i].unique);
	}
	assert_non_null(object(live, live_count, "table", "p"));
	assert_true(object(live, live_count, "index", "p.p_a_key")->unique);
	assert_false(object(live, live_count, "index", "p.p_b_idx")->unique);
	assert_non_null(object(live, live_count, "trigger", "p_guard"));
	assert_non_null(object(live, live_count, "view", "w"));
	assert_null(strstr(object(live, live_count, "table", "p")->sql, "AUTO_INCREMENT="));
}

static void test_an_index_added_by_hand_is_no_changed_table(void **state)
{
	struct fixture *f = *state;
	struct db_object *before, *after;
	size_t before_count, after_count;

	script(f->conn, schema);
	good(f->conn, mariadb_catalog(f->conn, &f->arena, &before, &before_count));
	script(f->conn, "CREATE UNIQUE INDEX mine ON p (b)");
	good(f->conn, mariadb_catalog(f->conn, &f->arena, &after, &after_count));
	assert_int_equal(after_count, before_count + 1);
	assert_true(object(after, after_count, "index", "p.mine")->unique);
	assert_string_equal(object(after, after_count, "index", "p.mine")->table, "p");
	assert_string_equal(object(after, after_count, "table", "p")->sql,
			    object(before, before_count, "table", "p")->sql);
	script(f->conn, "ALTER TABLE p MODIFY b BIGINT");
	good(f->conn, mariadb_catalog(f->conn, &f->arena, &after, &after_count));
	assert_string_not_equal(object(after, after_count, "table", "p")->sql,
				object(before, before_count, "table", "p")->sql);
}

static void test_a_scratch_database_is_gone_with_its_connection(void **state)
{
	struct fixture *f = *state;
	struct db_conn *scratch;
	static const char count[] =
		"SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'rowcast%'";

	good(f->conn, mariadb_scratch(f->conn, &scratch, &f->fault));
	script(scratch, "CREATE TABLE t (a INT)");
	assert_int_equal(number(f, count), 1);
	mariadb_close(scratch);
	assert_int_equal(number(f, count), 0);
}

static void test_rows_that_point_nowhere_are_found(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b)); CREATE TABLE c (a INT, b INT,"
			" FOREIGN KEY (a, b) REFERENCES p (a, b)); INSERT INTO p VALUES (1, 2);"
			"INSERT INTO c VALUES (1, 2), (NULL, 5)");
	good(f->conn, mariadb_foreign_keys_check(f->conn));
	good(f->conn, mariadb_foreign_keys(f->conn, false));
	script(f->conn, "INSERT INTO c VALUES (1, 3)");
	good(f->conn, mariadb_foreign_keys(f->conn, true));
	assert_int_equal(mariadb_foreign_keys_check(f->conn), RC_CONSTRAINT);
	says(&f->conn->fault, "a row of table c points to a row of table p");
	assert_int_equal(mariadb_script(f->conn, "INSERT INTO c VALUES (1, 4)"), RC_CONSTRAINT);
}

static int start(void **state)
{
	engine_start(&engine, RC_MARIADB, NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_refused_row_names_the_rule_and_the_table),
		TEST(test_a_key_s_name_is_found_behind_any_value),
		TEST(test_a_refused_statement_leaves_the_transaction_open),
		TEST(test_a_statement_with_an_error_says_so_and_the_connection_lives),
		TEST(test_values_beyond_the_server_s_packet_are_refused_and_the_connection_lives),
		TEST(test_inserts_tell_their_number_and_updates_the_rows_they_found),
		TEST(test_columns_are_known_before_a_statement_runs),
		TEST(test_statements_nest_while_rows_are_read),
		TEST(test_a_statement_runs_again_after_reset_with_other_types),
		TEST(test_a_batch_runs_once_for_each_set_of_values),
		TEST(test_a_table_that_changed_under_a_statement_is_said),
		TEST(test_a_rollback_leaves_nothing_and_a_commit_everything),
		TEST(test_savepoints_nest),
		TEST(test_a_read_transaction_cannot_write),
		TEST(test_isolation_is_chosen_for_each_transaction),
		TEST(test_a_lock_that_is_held_is_busy_and_undoes_the_whole_transaction),
		TEST(test_a_row_may_be_asked_for_without_waiting),
		TEST(test_a_mark_is_written_where_somebody_reads_it),
		TEST(test_a_scratch_database_with_the_same_schema_has_the_same_catalog),
		TEST(test_an_index_added_by_hand_is_no_changed_table),
		TEST(test_a_scratch_database_is_gone_with_its_connection),
		TEST(test_rows_that_point_nowhere_are_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop);
}
