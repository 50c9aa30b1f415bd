/*
 * What db.h promises, on every engine: one list of tests; the engine is the program's argument. What only a
 * server can do (freeze, crash, hang up) stands last and is left out on SQLite.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "engine.h"
#include "rowcast/db/db.h"

struct row {
	uint64_t nulls;
	int64_t id;
	bool truth;
	int64_t number;
	double real;
	struct rc_str text;
	struct rc_str bytes;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
	struct rc_str json;
};

enum { ID, TRUTH, NUMBER, REAL, TEXT, BYTES, UUID, AT, DAY, JSON, COLUMNS };

#define COLUMN(field, kind, bits)                                                                                      \
	{                                                                                                              \
#field, kind, bits, offsetof(struct row, field)                                                        \
	}

static const struct rc_column columns[COLUMNS] = {
	COLUMN(id, RC_INT, RC_COLUMN_KEY),          COLUMN(truth, RC_BOOL, RC_COLUMN_NULLABLE),
	COLUMN(number, RC_INT, RC_COLUMN_NULLABLE), COLUMN(real, RC_DOUBLE, RC_COLUMN_NULLABLE),
	COLUMN(text, RC_TEXT, RC_COLUMN_NULLABLE),  COLUMN(bytes, RC_BYTES, RC_COLUMN_NULLABLE),
	COLUMN(uuid, RC_UUID, RC_COLUMN_NULLABLE),  COLUMN(at, RC_TIMESTAMP, RC_COLUMN_NULLABLE),
	COLUMN(day, RC_DATE, RC_COLUMN_NULLABLE),   COLUMN(json, RC_JSON, RC_COLUMN_NULLABLE),
};

static const struct rc_model model = {
	.table = "kinds",
	.columns = columns,
	.column_count = COLUMNS,
	.row_bytes = sizeof(struct row),
	.key_count = 1,
	.version = -1,
};

/* What differs between the engines: the tables, and what they can store. */
static const struct dialect {
	const char *name, *tables;
	double reals[8];
	int64_t at_least, at_most;
	int32_t day_least, day_most;
	bool nan_stored, nul_stored, key_named;
} dialects[RC_DIALECTS] = {
	[RC_SQLITE] =
		{"sqlite",
		 "CREATE TABLE kinds (id INTEGER PRIMARY KEY, truth INTEGER, number INTEGER, real REAL, text TEXT,"
		 " bytes BLOB, uuid TEXT, at INTEGER, day TEXT, json TEXT) STRICT;"
		 "CREATE TABLE rules (id INTEGER NOT NULL PRIMARY KEY, a INTEGER NOT NULL, b INTEGER,"
		 " kind INTEGER REFERENCES kinds (id), CONSTRAINT rules_a_b UNIQUE (a, b), CONSTRAINT rules_a CHECK (a "
		 "> 0))"
		 " STRICT, WITHOUT ROWID;"
		 "CREATE TRIGGER rules_guard BEFORE INSERT ON rules WHEN NEW.b < 0 BEGIN"
		 " SELECT RAISE(ABORT, 'rules_guard: b is not negative'); END;",
		 {DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, INFINITY, -INFINITY, 1e23, -1.5},
		 INT64_MIN,
		 INT64_MAX,
		 -719162,
		 2932896,
		 false,
		 true,
		 false},
	[RC_POSTGRES] =
		{"postgres",
		 "CREATE TABLE kinds (id bigint PRIMARY KEY, truth boolean, number bigint, real double precision, text "
		 "text,"
		 " bytes bytea, uuid uuid, at timestamptz, day date, json json);"
		 "CREATE TABLE rules (id bigint PRIMARY KEY, a bigint NOT NULL, b bigint,"
		 " kind bigint CONSTRAINT rules_kind REFERENCES kinds (id), CONSTRAINT rules_a_b UNIQUE (a, b),"
		 " CONSTRAINT rules_a CHECK (a > 0));"
		 "CREATE FUNCTION rules_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.b < 0 THEN"
		 " RAISE EXCEPTION 'rules_guard: b is not negative' USING ERRCODE = '23514'; END IF; RETURN NEW; END "
		 "$$;"
		 "CREATE TRIGGER rules_guard BEFORE INSERT ON rules FOR EACH ROW EXECUTE FUNCTION rules_guard();",
		 {DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, INFINITY, -INFINITY, 1e23, -1.5},
		 INT64_C(-210866803200000000),
		 INT64_MAX,
		 -2440588,
		 2145042905,
		 true,
		 false,
		 true},
	[RC_MARIADB] =
		{"mariadb",
		 "CREATE TABLE kinds (id BIGINT PRIMARY KEY, truth BOOLEAN, number BIGINT, `real` DOUBLE,"
		 " text LONGTEXT COLLATE utf8mb4_bin, bytes LONGBLOB, uuid BINARY(16), at DATETIME(6), day DATE,"
		 " json JSON) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin;"
		 "CREATE TABLE rules (id BIGINT PRIMARY KEY, a BIGINT NOT NULL, b BIGINT, kind BIGINT,"
		 " CONSTRAINT rules_kind FOREIGN KEY (kind) REFERENCES kinds (id), CONSTRAINT rules_a_b UNIQUE (a, b),"
		 " CONSTRAINT rules_a CHECK (a > 0)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin;"
		 "CREATE TRIGGER rules_guard BEFORE INSERT ON rules FOR EACH ROW IF NEW.b < 0 THEN"
		 " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'rules_guard: b is not negative'; END IF;",
		 {DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324, 0.1, 9007199254740993.0, 1e23, -1.5},
		 INT64_C(-30610224000000000), /* year 1000 */
		 INT64_C(253402300799999999),
		 -354285,
		 2932896,
		 false,
		 true,
		 true},
};

static struct engine engine;
static const struct dialect *dialect;

struct fixture {
	char url[256];
	const struct db_driver *driver;
	const char *address;
	struct db_conn *conn;
	struct rc_arena arena;
	struct rc_fault fault;
};

static struct db_conn *open_with(struct fixture *f, struct db_options options)
{
	struct db_conn *conn;

	if (f->driver->open(&conn, f->address, &options, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	return conn;
}

static void ok(struct fixture *f, int rc)
{
	if (rc < 0)
		fail_msg("%s: %s", rc_err_name(rc), f->conn->fault.message);
}

static void begin(struct fixture *f)
{
	ok(f, f->driver->begin(f->conn, true, RC_ISOLATION_DEFAULT));
}

static void commit(struct fixture *f)
{
	ok(f, f->driver->commit(f->conn));
}

static struct db_stmt *prepare(struct fixture *f, const char *sql)
{
	struct db_stmt *stmt;

	ok(f, f->driver->prepare(f->conn, rc_str_from(sql), &stmt));
	return stmt;
}

/* Run `sql` with integers; its error, or 0. */
static int exec(struct fixture *f, struct db_conn *conn, const char *sql, size_t count, const int64_t *numbers)
{
	struct rc_value values[8];
	struct db_stmt *stmt;
	int rc = f->driver->prepare(conn, rc_str_from(sql), &stmt);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < count; i++)
		values[i] = RC_INT_VALUE(numbers[i]);
	rc = f->driver->bind(stmt, 0, values, count);
	while (rc == RC_OK && (rc = f->driver->step(stmt)) == DB_ROW)
		rc = RC_OK;
	f->driver->finalize(stmt);
	return rc;
}

#define EXEC(f, sql, ...)                                                                                              \
	exec((f), (f)->conn, (sql), sizeof((int64_t[]){0 __VA_OPT__(, ) __VA_ARGS__}) / 8 - 1,                         \
	     (int64_t[]){0 __VA_OPT__(, ) __VA_ARGS__} + 1)

static int64_t number_of(struct fixture *f, struct db_conn *conn, const char *sql)
{
	struct db_stmt *stmt;
	int64_t number = -1;

	if (f->driver->prepare(conn, rc_str_from(sql), &stmt) != RC_OK || f->driver->step(stmt) != DB_ROW ||
	    f->driver->read_int(stmt, &number) != RC_OK)
		fail_msg("%s: %s", sql, conn->fault.message);
	f->driver->finalize(stmt);
	return number;
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	engine_fresh(&engine, f.url);
	rc_arena_init(&f.arena, 4096);
	assert_int_equal(db_driver_find(f.url, &f.driver, &f.address, &f.fault), RC_OK);
	assert_int_equal(f.driver->dialect, engine.dialect);
	f.conn = open_with(&f, (struct db_options){.writable = true, .create = true, .busy_timeout_us = 1000000});
	begin(&f);
	ok(&f, f.driver->script(f.conn, dialect->tables));
	commit(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	engine_freeze(&engine, false); /* where a test failed inside */
	f->driver->close(f->conn);
	rc_arena_release(&f->arena);
	return 0;
}

/* Values */

static const char *const insert_sql[RC_DIALECTS] = {
	"INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	"INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	"INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};

static int put(struct fixture *f, const struct row *row)
{
	struct db_stmt *stmt = prepare(f, insert_sql[engine.dialect]);
	int rc = f->driver->bind_fields(stmt, 0, &model, NULL, COLUMNS, row);

	if (rc == RC_OK)
		rc = f->driver->step(stmt);
	f->driver->finalize(stmt);
	return rc;
}

static struct row *get(struct fixture *f, int64_t id)
{
	struct db_stmt *stmt = prepare(f, "SELECT * FROM kinds WHERE id = ?");
	struct row *row = RC_ARENA_NEW(&f->arena, struct row);

	ok(f, f->driver->bind(stmt, 0, &RC_INT_VALUE(id), 1));
	assert_int_equal(f->driver->step(stmt), DB_ROW);
	ok(f, f->driver->read(stmt, &model, NULL, &f->arena, row));
	assert_int_equal(f->driver->step(stmt), RC_OK);
	f->driver->finalize(stmt);
	return row;
}

static void assert_row(const struct row *a, const struct row *b)
{
	assert_true(a->nulls == b->nulls);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->truth, b->truth);
	assert_true(a->number == b->number);
	assert_true(a->real == b->real || (isnan(a->real) && isnan(b->real)));
	assert_true(rc_str_eq(a->text, b->text));
	assert_true(rc_str_eq(a->bytes, b->bytes));
	assert_memory_equal(&a->uuid, &b->uuid, 16);
	assert_true(a->at == b->at);
	assert_int_equal(a->day, b->day);
	assert_true(rc_str_eq(a->json, b->json));
}

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int64_t draw_between(int64_t least, int64_t most)
{
	uint64_t span = (uint64_t)most - (uint64_t)least;

	return (int64_t)((uint64_t)least + (span == UINT64_MAX ? draw() : draw() % (span + 1)));
}

/* Text of characters of every length in UTF-8. */
static struct rc_str draw_text(struct rc_arena *arena)
{
	static const char *const pieces[] = {"a", "ß", "€", "🎾", "'", "\\", "\"", "?", "$1", "\n", " "};
	char *text = rc_arena_alloc(arena, 512);
	size_t len = 0;

	for (uint64_t left = draw() % 60; left > 0; left--) {
		const char *piece = pieces[draw() % 11];

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return (struct rc_str){text, len};
}

static struct rc_str draw_bytes(struct rc_arena *arena)
{
	size_t len = draw() % 300;
	char *bytes = rc_arena_alloc(arena, len + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)draw();
	return (struct rc_str){bytes, len};
}

static double draw_real(void)
{
	double real;

	do {
		uint64_t bits = draw();

		memcpy(&real, &bits, 8);
	} while (!isfinite(real));
	return real;
}

static struct row draw_row(struct rc_arena *arena, int64_t id)
{
	struct row row = {
		.id = id,
		.truth = draw() & 1,
		.number = (int64_t)draw(),
		.real = draw_real(),
		.text = draw_text(arena),
		.bytes = draw_bytes(arena),
		.at = draw_between(dialect->at_least, dialect->at_most),
		.day = (int32_t)draw_between(dialect->day_least, dialect->day_most),
	};

	for (int i = 0; i < 16; i++)
		row.uuid.bytes[i] = (uint8_t)draw();
	row.json = rc_str_from(rc_arena_printf(arena, "{ \"b\":%llu,\"a\" : [1.0, 2e3, \"\\u00e9\"], \"a\":null}",
					       (unsigned long long)draw()));
	return row;
}

static void test_random_values_of_every_type_come_back_exactly(void **state)
{
	struct fixture *f = *state;

	begin(f);
	for (int64_t id = 1; id <= 300; id++) {
		struct row row = draw_row(&f->arena, id);

		ok(f, put(f, &row));
		assert_row(get(f, id), &row);
	}
	commit(f);
}

static void test_extreme_values_come_back_exactly(void **state)
{
	struct fixture *f = *state;
	static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, ((int64_t)1 << 53) + 1, INT64_MAX, 42};

	begin(f);
	for (size_t i = 0; i < 8; i++) {
		struct row row = draw_row(&f->arena, (int64_t)i + 1);

		row.number = numbers[i];
		row.real = dialect->reals[i];
		row.at = i < 2 ? dialect->at_least + (int64_t)i : dialect->at_most - (int64_t)i + 2;
		row.day = i < 2 ? dialect->day_least + (int32_t)i : dialect->day_most - (int32_t)i + 2;
		row.text = i ? row.text : RC_STR_NONE;
		row.bytes = i ? row.bytes : RC_STR_NONE;
		ok(f, put(f, &row));
		assert_row(get(f, row.id), &row);
	}
	commit(f);
}

static void test_megabytes_come_back_exactly(void **state)
{
	struct fixture *f = *state;
	struct row row = draw_row(&f->arena, 1);
	char *bytes = rc_arena_alloc(&f->arena, 3 << 20);

	for (size_t i = 0; i < 3 << 20; i++)
		bytes[i] = (char)('a' + i % 26);
	row.bytes = (struct rc_str){bytes, 3 << 20};
	row.text = (struct rc_str){bytes, 2 << 20};
	begin(f);
	ok(f, put(f, &row));
	assert_row(get(f, 1), &row);
	commit(f);
}

static void test_nulls_are_told_by_their_bits(void **state)
{
	struct fixture *f = *state;
	struct row in = {.nulls = (1u << COLUMNS) - 2, .id = 5}, *out;

	begin(f);
	ok(f, put(f, &in));
	out = get(f, 5);
	assert_row(out, &in);
	commit(f);
}

static void unstored(struct fixture *f, const struct row *row, const char *parameter)
{
	assert_int_equal(put(f, row), RC_INVALID);
	assert_non_null(strstr(f->conn->fault.message, parameter));
}

static void test_what_cannot_be_stored_is_refused_by_parameter(void **state)
{
	struct fixture *f = *state;
	struct row row = {.nulls = (1u << COLUMNS) - 2, .id = 1};
	struct row nan = row, nul = row, at = row, day = row;

	nan.nulls -= 1 << REAL;
	nan.real = NAN;
	nul.nulls -= 1 << TEXT;
	nul.text = RC_STR("a\0b");
	at.nulls -= 1 << AT;
	at.at = (int64_t)((uint64_t)dialect->at_least - 86400000000);
	day.nulls -= 1 << DAY;
	day.day = INT32_MAX;
	begin(f);
	if (!dialect->nan_stored)
		unstored(f, &nan, "parameter 4");
	if (!dialect->nul_stored)
		unstored(f, &nul, "parameter 5");
	if (dialect->at_least > INT64_MIN)
		unstored(f, &at, "parameter 8");
	if (engine.dialect != RC_SQLITE)
		unstored(f, &day, "parameter 9");
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM kinds"), 0);
	f->driver->rollback(f->conn);
	if (dialect->nan_stored) {
		begin(f);
		ok(f, put(f, &nan));
		assert_true(isnan(get(f, 1)->real));
		commit(f);
	}
}

static void test_an_integer_result_may_be_a_sum_a_truth_or_null(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t number;

	begin(f);
	ok(f, EXEC(f, "INSERT INTO rules VALUES (1, 3000000000, NULL, NULL)"));
	ok(f, EXEC(f, "INSERT INTO rules VALUES (2, 4000000000000, 7, NULL)"));
	assert_int_equal(number_of(f, f->conn, "SELECT sum(a) FROM rules"), 4003000000000);
	assert_int_equal(number_of(f, f->conn, "SELECT -sum(a) FROM rules"), -4003000000000);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 2);
	assert_int_equal(number_of(f, f->conn, "SELECT EXISTS (SELECT 1 FROM rules)"), 1);
	stmt = prepare(f, "SELECT b FROM rules ORDER BY id");
	assert_int_equal(f->driver->step(stmt), DB_ROW);
	assert_int_equal(f->driver->read_int(stmt, &number), RC_NOT_FOUND);
	assert_int_equal(f->driver->step(stmt), DB_ROW);
	ok(f, f->driver->read_int(stmt, &number));
	assert_int_equal(number, 7);
	f->driver->finalize(stmt);
	commit(f);
}

/* Statements */

static void test_question_marks_in_quotes_and_comments_are_no_parameters(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt = prepare(f, "SELECT count(*) FROM rules /* ? */ WHERE '?' <> 'it''s ?' AND a = ? -- ?");

	assert_int_equal(f->driver->param_count(stmt), 1);
	assert_int_equal(f->driver->column_count(stmt), 1);
	f->driver->finalize(stmt);
	stmt = prepare(f, "SELECT id AS one, a AS two FROM rules");
	assert_int_equal(f->driver->column_count(stmt), 2);
	assert_string_equal(f->driver->column_name(stmt, 1), "two");
	f->driver->finalize(stmt);
}

static void test_a_parameter_too_many_is_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(EXEC(f, "DELETE FROM rules WHERE id = ?", 1, 2), RC_INVALID);
	f->driver->rollback(f->conn);
}

static void test_wrong_sql_says_so_and_the_connection_lives(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(EXEC(f, "SELEKT 1"), RC_INVALID);
	assert_non_null(strstr(f->conn->fault.message, "SELEKT"));
	assert_int_equal(EXEC(f, ""), RC_INVALID);
	f->driver->rollback(f->conn);
	begin(f);
	assert_int_equal(EXEC(f, "SELECT 1 FROM nowhere"), RC_INVALID);
	f->driver->rollback(f->conn);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 0);
}

static void test_statements_run_between_the_rows_of_another(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt;
	int64_t id, seen = 0;

	begin(f);
	for (id = 1; id <= 100; id++)
		ok(f, EXEC(f, "INSERT INTO rules VALUES (?, ?, NULL, NULL)", id, id));
	stmt = prepare(f, "SELECT id FROM rules ORDER BY id");
	while (f->driver->step(stmt) == DB_ROW) {
		ok(f, f->driver->read_int(stmt, &id));
		assert_int_equal(id, ++seen);
		ok(f, EXEC(f, "UPDATE rules SET b = ? WHERE id = ?", id * 2, id));
		assert_int_equal(f->driver->changed(f->conn), 1);
	}
	f->driver->finalize(stmt);
	assert_int_equal(seen, 100);
	assert_int_equal(number_of(f, f->conn, "SELECT sum(b) FROM rules"), 10100);
	commit(f);
}

static void test_changed_counts_rows_that_were_found(void **state)
{
	struct fixture *f = *state;

	begin(f);
	ok(f, EXEC(f, "INSERT INTO rules VALUES (1, 1, 1, NULL)"));
	ok(f, EXEC(f, "UPDATE rules SET b = 1"));
	assert_int_equal(f->driver->changed(f->conn), 1);
	ok(f, EXEC(f, "DELETE FROM rules WHERE id = 99"));
	assert_int_equal(f->driver->changed(f->conn), 0);
	commit(f);
}

static void test_a_prepared_statement_survives_a_changed_table(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *stmt = prepare(f, "SELECT id FROM rules WHERE a = ?");
	int rc = RC_BUSY;

	begin(f);
	ok(f, f->driver->script(f->conn, "ALTER TABLE rules ADD COLUMN more INTEGER"));
	ok(f, EXEC(f, "INSERT INTO rules (id, a) VALUES (1, 1)"));
	commit(f);
	for (int tries = 0; tries < 2 && rc == RC_BUSY; tries++) {
		begin(f);
		ok(f, f->driver->bind(stmt, 0, &RC_INT_VALUE(1), 1));
		rc = f->driver->step(stmt);
		f->driver->reset(stmt);
		f->driver->rollback(f->conn);
	}
	assert_int_equal(rc, DB_ROW);
	f->driver->finalize(stmt);
}

static void test_a_thousand_statements_come_and_go(void **state)
{
	struct fixture *f = *state;
	char sql[64];

	for (int i = 0; i < 1000; i++) {
		begin(f);
		snprintf(sql, sizeof(sql), "SELECT count(*) + %d FROM rules", i);
		assert_int_equal(number_of(f, f->conn, sql), i);
		commit(f);
	}
}

struct heard {
	struct fixture *f;
	struct db_stmt *stmt;
	int64_t numbers[64];
	size_t runs[64], count, most;
};

static int hear(void *arg, size_t run)
{
	struct heard *heard = arg;

	if (heard->count == heard->most)
		return RC_LIMIT;
	heard->runs[heard->count] = run;
	return heard->f->driver->read_int(heard->stmt, &heard->numbers[heard->count++]);
}

static void test_a_batch_tells_each_row_with_its_run(void **state)
{
	struct fixture *f = *state;
	struct heard heard = {.f = f, .most = 64};
	struct rc_value params[40];

	begin(f);
	for (int64_t id = 1; id <= 20; id++)
		ok(f, EXEC(f, "INSERT INTO rules VALUES (?, ?, ?, NULL)", id, id % 5 + 1, id));
	for (size_t i = 0; i < 40; i++)
		params[i] = RC_INT_VALUE((int64_t)i % 7);
	heard.stmt = prepare(f, "SELECT id FROM rules WHERE a = ? ORDER BY id");
	ok(f, f->driver->batch(heard.stmt, params, 1, 7, hear, &heard));
	assert_int_equal(heard.count, 20); /* runs 1 … 5 find four each */
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(heard.runs[i], 1 + i / 4);
		assert_int_equal(heard.numbers[i] % 5 + 1, heard.runs[i]);
	}
	heard.count = 0;
	heard.most = 3;
	assert_int_equal(f->driver->batch(heard.stmt, params, 1, 40, hear, &heard), RC_LIMIT);
	assert_int_equal(heard.count, 3);
	f->driver->finalize(heard.stmt);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 20);
	commit(f);
}

static void test_a_batch_of_thousands_writes_all_and_a_refusal_ends_it(void **state)
{
	struct fixture *f = *state;
	struct heard heard = {.f = f};
	struct rc_value params[2 * 1500];

	for (int64_t i = 0; i < 1500; i++) {
		params[2 * i] = RC_INT_VALUE(i);
		params[2 * i + 1] = RC_INT_VALUE(i + 1);
	}
	begin(f);
	heard.stmt = prepare(f, "INSERT INTO rules (id, a) VALUES (?, ?)");
	ok(f, f->driver->batch(heard.stmt, params, 2, 1500, hear, &heard));
	commit(f);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 1500);
	begin(f);
	assert_int_equal(f->driver->batch(heard.stmt, params, 2, 10, hear, &heard), RC_CONSTRAINT);
	f->driver->finalize(heard.stmt);
	f->driver->rollback(f->conn);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 1500);
}

/* Refusals */

static void refused(struct fixture *f, int rc, int by, const char *name, const char *key)
{
	const struct db_refusal *refusal = &f->conn->refusal;

	assert_int_equal(rc, RC_CONSTRAINT);
	if (by == DB_REFUSED_KEY && dialect->key_named)
		by = DB_REFUSED_NAME;
	assert_int_equal(refusal->by, by);
	if (by == DB_REFUSED_NAME)
		assert_string_equal(refusal->name, name);
	else if (by != DB_REFUSED_UNKNOWN) {
		assert_string_equal(refusal->columns, key);
		assert_string_equal(refusal->table, "rules");
	}
	ok(f, f->driver->savepoint(f->conn, DB_SAVEPOINT_UNDO));
	ok(f, f->driver->savepoint(f->conn, DB_SAVEPOINT_SET));
}

static void test_a_refusal_names_its_rule_and_a_savepoint_saves_the_rest(void **state)
{
	static const char *const primary[] = {"", "rules_pkey", "PRIMARY"};
	struct fixture *f = *state;
	static const char sql[] = "INSERT INTO rules (id, a, b, kind) VALUES (?, ?, ?, NULL)";

	begin(f);
	ok(f, EXEC(f, sql, 1, 1, 1));
	ok(f, f->driver->savepoint(f->conn, DB_SAVEPOINT_SET));
	refused(f, EXEC(f, sql, 1, 2, 2), DB_REFUSED_KEY, primary[engine.dialect], "id");
	refused(f, EXEC(f, sql, 2, 1, 1), DB_REFUSED_KEY, "rules_a_b", "a, b");
	refused(f, EXEC(f, sql, 2, 0, 2), DB_REFUSED_NAME, "rules_a", "");
	refused(f, EXEC(f, sql, 2, 2, -1), DB_REFUSED_NAME, "rules_guard", "");
	refused(f, EXEC(f, "UPDATE rules SET a = NULL"), DB_REFUSED_NULL, "", "a");
	if (engine.dialect == RC_SQLITE) /* does not say which */
		refused(f, EXEC(f, "UPDATE rules SET kind = 9"), DB_REFUSED_UNKNOWN, "", "");
	else
		refused(f, EXEC(f, "UPDATE rules SET kind = 9"), DB_REFUSED_NAME, "rules_kind", "");
	ok(f, f->driver->savepoint(f->conn, DB_SAVEPOINT_KEEP));
	ok(f, EXEC(f, sql, 2, 2, 2));
	commit(f);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 2);
}

/* Transactions */

static void insert(struct fixture *f, int64_t id)
{
	ok(f, EXEC(f, "INSERT INTO rules (id, a) VALUES (?, ?)", id, id));
}

static void savepoint(struct fixture *f, enum db_savepoint act)
{
	ok(f, f->driver->savepoint(f->conn, act));
}

static void test_savepoints_nest_and_undo_the_innermost(void **state)
{
	struct fixture *f = *state;

	begin(f);
	savepoint(f, DB_SAVEPOINT_SET);
	insert(f, 1);
	savepoint(f, DB_SAVEPOINT_SET);
	insert(f, 2);
	savepoint(f, DB_SAVEPOINT_SET);
	savepoint(f, DB_SAVEPOINT_UNDO);
	savepoint(f, DB_SAVEPOINT_UNDO);
	savepoint(f, DB_SAVEPOINT_SET);
	insert(f, 3);
	savepoint(f, DB_SAVEPOINT_KEEP);
	savepoint(f, DB_SAVEPOINT_KEEP);
	insert(f, 4);
	commit(f);
	assert_int_equal(number_of(f, f->conn, "SELECT sum(id) FROM rules"), 8);
}

static void test_a_hundred_savepoints_nest(void **state)
{
	struct fixture *f = *state;

	begin(f);
	for (int i = 0; i < 100; i++)
		savepoint(f, DB_SAVEPOINT_SET);
	insert(f, 1);
	for (int i = 0; i < 99; i++)
		savepoint(f, DB_SAVEPOINT_KEEP);
	insert(f, 2);
	savepoint(f, DB_SAVEPOINT_UNDO);
	insert(f, 3);
	commit(f);
	assert_int_equal(number_of(f, f->conn, "SELECT sum(id) FROM rules"), 3);
}

static void test_a_rollback_leaves_nothing_and_a_commit_is_seen_by_others(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other = open_with(f, (struct db_options){.busy_timeout_us = 1000000});

	begin(f);
	commit(f); /* of nothing */
	begin(f);
	insert(f, 1);
	f->driver->rollback(f->conn);
	begin(f);
	insert(f, 2);
	assert_int_equal(number_of(f, other, "SELECT count(*) FROM rules"), 0);
	commit(f);
	assert_int_equal(number_of(f, other, "SELECT sum(id) FROM rules"), 2);
	f->driver->close(other);
}

static void test_a_reader_may_not_write(void **state)
{
	struct fixture *f = *state;
	struct db_conn *reader = open_with(f, (struct db_options){.busy_timeout_us = 1000000});

	ok(f, f->driver->begin(reader, false, RC_ISOLATION_DEFAULT));
	assert_int_equal(exec(f, reader, "INSERT INTO rules (id, a) VALUES (1, 1)", 0, NULL), RC_READONLY);
	f->driver->rollback(reader);
	f->driver->close(reader);
}

static void test_a_repeatable_read_keeps_its_picture(void **state)
{
	struct fixture *f = *state;
	struct db_conn *reader = open_with(f, (struct db_options){.busy_timeout_us = 1000000});

	ok(f, f->driver->begin(reader, false, RC_REPEATABLE_READ));
	assert_int_equal(number_of(f, reader, "SELECT count(*) FROM rules"), 0);
	begin(f);
	insert(f, 1);
	commit(f);
	assert_int_equal(number_of(f, reader, "SELECT count(*) FROM rules"), 0);
	f->driver->rollback(reader);
	assert_int_equal(number_of(f, reader, "SELECT count(*) FROM rules"), 1);
	f->driver->close(reader);
}

static void test_a_lock_that_does_not_come_is_busy(void **state)
{
	struct fixture *f = *state;
	struct db_conn *other = open_with(f, (struct db_options){.writable = true, .busy_timeout_us = 10000});
	int rc;

	begin(f);
	insert(f, 1);
	commit(f);
	begin(f);
	ok(f, EXEC(f, "UPDATE rules SET b = 1"));
	rc = f->driver->begin(other, true, RC_ISOLATION_DEFAULT);
	if (rc == RC_OK) {
		rc = exec(f, other, "UPDATE rules SET b = 2", 0, NULL);
		f->driver->rollback(other);
	}
	assert_int_equal(rc, RC_BUSY);
	commit(f);
	ok(f, f->driver->begin(other, true, RC_ISOLATION_DEFAULT));
	assert_int_equal(exec(f, other, "UPDATE rules SET b = 2", 0, NULL), RC_OK);
	assert_int_equal(f->driver->commit(other), RC_OK);
	f->driver->close(other);
}

static void test_the_clock_is_the_databases(void **state)
{
	struct fixture *f = *state;
	int64_t first, second, here = (int64_t)time(NULL) * 1000000;

	ok(f, f->driver->clock(f->conn, &first));
	begin(f);
	ok(f, f->driver->clock(f->conn, &second));
	f->driver->rollback(f->conn);
	assert_true(second > first);
	assert_true(llabs(first - here) < INT64_C(3600000000));
}

/* The catalog */

static const struct db_object *find(const struct db_object *objects, size_t count, const char *type, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(objects[i].type, type) == 0 && strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

static void test_a_scratch_makes_the_same_catalog_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct db_object *live, *built, *after;
	size_t live_count, built_count, after_count;
	struct db_conn *scratch;

	ok(f, f->driver->catalog(f->conn, &f->arena, &live, &live_count));
	assert_non_null(find(live, live_count, "table", "rules"));
	assert_non_null(find(live, live_count, "trigger", "rules_guard"));
	if (f->driver->scratch(f->conn, &scratch, &f->fault) != RC_OK)
		fail_msg("%s", f->fault.message);
	if (f->driver->script(scratch, dialect->tables) != RC_OK)
		fail_msg("%s", scratch->fault.message);
	assert_int_equal(f->driver->catalog(scratch, &f->arena, &built, &built_count), RC_OK);
	assert_int_equal(live_count, built_count);
	for (size_t i = 0; i < built_count; i++) {
		const struct db_object *same = find(live, live_count, built[i].type, built[i].name);

		assert_non_null(same);
		assert_string_equal(same->sql, built[i].sql);
		assert_int_equal(same->unique, built[i].unique);
	}
	f->driver->close(scratch);
	ok(f, f->driver->catalog(f->conn, &f->arena, &after, &after_count));
	assert_int_equal(after_count, live_count);
}

static void test_a_changed_column_changes_the_catalog(void **state)
{
	struct fixture *f = *state;
	struct db_object *before, *after;
	size_t before_count, after_count;

	ok(f, f->driver->catalog(f->conn, &f->arena, &before, &before_count));
	begin(f);
	ok(f, f->driver->script(f->conn, "ALTER TABLE rules ADD COLUMN more INTEGER"));
	commit(f);
	ok(f, f->driver->catalog(f->conn, &f->arena, &after, &after_count));
	assert_string_not_equal(find(before, before_count, "table", "rules")->sql,
				find(after, after_count, "table", "rules")->sql);
}

/* Servers */

static void reopen(struct fixture *f)
{
	f->driver->close(f->conn);
	f->conn = open_with(f, (struct db_options){.writable = true, .busy_timeout_us = 1000000});
}

static void test_a_frozen_server_is_a_timeout_and_the_next_connection_works(void **state)
{
	struct fixture *f = *state;
	int rc;

	begin(f);
	insert(f, 1);
	engine_freeze(&engine, true);
	assert_int_equal(EXEC(f, "INSERT INTO rules (id, a) VALUES (2, 2)"), RC_TIMEOUT);
	rc = EXEC(f, "INSERT INTO rules (id, a) VALUES (3, 3)");
	assert_true(rc == RC_TIMEOUT || rc == RC_UNAVAILABLE);
	f->driver->rollback(f->conn);
	engine_freeze(&engine, false);
	reopen(f);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 0);
}

static void test_a_frozen_server_is_not_connected_to(void **state)
{
	struct fixture *f = *state;
	struct db_options options = {.busy_timeout_us = 10000};
	struct db_conn *conn;

	engine_freeze(&engine, true);
	assert_int_equal(f->driver->open(&conn, f->address, &options, &f->fault), RC_TIMEOUT);
	engine_freeze(&engine, false);
	assert_non_null(strstr(f->fault.message, "127.0.0.1"));
}

static void test_a_commit_without_an_answer_is_unknown(void **state)
{
	struct fixture *f = *state;

	begin(f);
	insert(f, 1);
	engine_freeze(&engine, true);
	assert_int_equal(f->driver->commit(f->conn), RC_UNKNOWN);
	engine_freeze(&engine, false);
	reopen(f);
}

static void test_a_crash_is_unavailable_and_nothing_of_the_transaction_stays(void **state)
{
	struct fixture *f = *state;
	int rc;

	begin(f);
	insert(f, 1);
	engine_crash(&engine);
	assert_int_equal(EXEC(f, "INSERT INTO rules (id, a) VALUES (2, 2)"), RC_UNAVAILABLE);
	assert_non_null(strstr(f->conn->fault.message, "127.0.0.1"));
	f->driver->rollback(f->conn);
	assert_int_not_equal(f->driver->begin(f->conn, true, RC_ISOLATION_DEFAULT), RC_OK);
	engine_again(&engine);
	reopen(f);
	assert_int_equal(number_of(f, f->conn, "SELECT count(*) FROM rules"), 0);
	begin(f);
	insert(f, 1);
	engine_crash(&engine);
	rc = f->driver->commit(f->conn);
	assert_true(rc == RC_UNKNOWN || rc == RC_UNAVAILABLE);
	engine_again(&engine);
	reopen(f);
}

static void test_an_unreachable_server_is_told_with_its_name(void **state)
{
	struct fixture *f = *state;
	struct db_options options = {.writable = true, .busy_timeout_us = 10000};
	struct db_conn *conn;

	engine_stop(&engine);
	assert_int_equal(f->driver->open(&conn, f->address, &options, &f->fault), RC_UNAVAILABLE);
	assert_non_null(strstr(f->fault.message, "127.0.0.1"));
	engine_again(&engine);
}

static void test_a_database_that_is_not_there_is_not_found_or_made(void **state)
{
	struct fixture *f = *state;
	struct db_options options = {.writable = true, .busy_timeout_us = 1000000};
	struct db_conn *conn;
	char address[256];

	snprintf(address, sizeof(address), "%.*s/fresh_one", (int)(strrchr(f->address, '/') - f->address), f->address);
	assert_int_equal(f->driver->open(&conn, address, &options, &f->fault), RC_NOT_FOUND);
	assert_non_null(strstr(f->fault.message, "fresh_one"));
	options.create = true;
	assert_int_equal(f->driver->open(&conn, address, &options, &f->fault), RC_OK);
	assert_int_equal(number_of(f, conn, "SELECT 1"), 1);
	f->driver->close(conn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define EVERYWHERE 25 /* the first ones; then what only a server can do */

static const struct CMUnitTest tests[] = {
	TEST(test_random_values_of_every_type_come_back_exactly),
	TEST(test_extreme_values_come_back_exactly),
	TEST(test_megabytes_come_back_exactly),
	TEST(test_nulls_are_told_by_their_bits),
	TEST(test_what_cannot_be_stored_is_refused_by_parameter),
	TEST(test_an_integer_result_may_be_a_sum_a_truth_or_null),
	TEST(test_question_marks_in_quotes_and_comments_are_no_parameters),
	TEST(test_a_parameter_too_many_is_refused),
	TEST(test_wrong_sql_says_so_and_the_connection_lives),
	TEST(test_statements_run_between_the_rows_of_another),
	TEST(test_changed_counts_rows_that_were_found),
	TEST(test_a_prepared_statement_survives_a_changed_table),
	TEST(test_a_thousand_statements_come_and_go),
	TEST(test_a_batch_tells_each_row_with_its_run),
	TEST(test_a_batch_of_thousands_writes_all_and_a_refusal_ends_it),
	TEST(test_a_refusal_names_its_rule_and_a_savepoint_saves_the_rest),
	TEST(test_savepoints_nest_and_undo_the_innermost),
	TEST(test_a_hundred_savepoints_nest),
	TEST(test_a_rollback_leaves_nothing_and_a_commit_is_seen_by_others),
	TEST(test_a_reader_may_not_write),
	TEST(test_a_repeatable_read_keeps_its_picture),
	TEST(test_a_lock_that_does_not_come_is_busy),
	TEST(test_the_clock_is_the_databases),
	TEST(test_a_scratch_makes_the_same_catalog_and_leaves_nothing),
	TEST(test_a_changed_column_changes_the_catalog),
	TEST(test_a_frozen_server_is_a_timeout_and_the_next_connection_works),
	TEST(test_a_frozen_server_is_not_connected_to),
	TEST(test_a_commit_without_an_answer_is_unknown),
	TEST(test_a_crash_is_unavailable_and_nothing_of_the_transaction_stays),
	TEST(test_an_unreachable_server_is_told_with_its_name),
	TEST(test_a_database_that_is_not_there_is_not_found_or_made),
};

int main(int argc, char **argv)
{
	int failed;

	for (int i = 0; i < RC_DIALECTS; i++) {
		if (argc > 1 && strcmp(argv[1], dialects[i].name) == 0)
			dialect = &dialects[i];
	}
	if (!dialect)
		return 2;
	engine_start(&engine, (enum rc_dialect)(dialect - dialects), NULL);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("contract", tests,
					 engine.dialect == RC_SQLITE ? EVERYWHERE : sizeof(tests) / sizeof(*tests),
					 NULL, NULL);
	engine_remove(&engine);
	return failed;
}
