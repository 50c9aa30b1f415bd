/* The MariaDB driver against a server of its own: values, exact both ways, or refused in words. */
#include "mariadb_rig.h"

struct row {
	uint64_t nulls;
	bool flag;
	int64_t number;
	double real;
	struct rc_str text, bytes;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
	struct rc_str json;
};

#define COLUMN(name, type)                                                                                             \
	{                                                                                                              \
#name, type, RC_COLUMN_NULLABLE, offsetof(struct row, name)                                            \
	}

static const struct rc_column columns[] = {
	COLUMN(flag, RC_BOOL),    COLUMN(number, RC_INT),  COLUMN(real, RC_DOUBLE),
	COLUMN(text, RC_TEXT),    COLUMN(bytes, RC_BYTES), COLUMN(uuid, RC_UUID),
	COLUMN(at, RC_TIMESTAMP), COLUMN(day, RC_DATE),    COLUMN(json, RC_JSON),
};

static const struct rc_model model = {
	.table = "v", .columns = columns, .column_count = 9, .row_bytes = sizeof(struct row), .version = -1};

static const char make_table[] =
	"CREATE TABLE v (flag BOOLEAN, number BIGINT, `real` DOUBLE, text LONGTEXT COLLATE utf8mb4_bin, bytes LONGBLOB,"
	" uuid BINARY(16), at DATETIME(6), day DATE, json JSON)";

static const char insert_row[] = "INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char select_row[] = "SELECT * FROM v";

static void same_str(struct rc_str a, struct rc_str b)
{
	assert_int_equal(a.len, b.len);
	if (a.len)
		assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void same_row(const struct row *a, const struct row *b)
{
	assert_int_equal(a->nulls, b->nulls);
	assert_int_equal(a->flag, b->flag);
	assert_int_equal(a->number, b->number);
	assert_memory_equal(&a->real, &b->real, sizeof(double));
	same_str(a->text, b->text);
	same_str(a->bytes, b->bytes);
	assert_memory_equal(&a->uuid, &b->uuid, sizeof(a->uuid));
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->day, b->day);
	same_str(a->json, b->json);
}

static void there_and_back(struct fixture *f, const struct row *row)
{
	struct row got = {0};

	assert_int_equal(run(f, f->conn, "DELETE FROM v", NULL, 0), RC_OK);
	mariadb_finalize(f->stmt);
	good(f->conn, mariadb_prepare(f->conn, RC_STR(insert_row), &f->stmt));
	good(f->conn, mariadb_bind_fields(f->stmt, 0, &model, NULL, 9, row));
	good(f->conn, mariadb_step(f->stmt));
	assert_int_equal(run(f, f->conn, select_row, NULL, 0), DB_ROW);
	good(f->conn, mariadb_read(f->stmt, &model, NULL, &f->arena, &got));
	same_row(&got, row);
	assert_int_equal(mariadb_step(f->stmt), RC_OK);
}

#define YEAR_1000_US INT64_C(-30610224000000000)
#define YEAR_9999_US INT64_C(253402300799999999)

static const struct row plain = {.flag = true,
				 .number = 1,
				 .real = 1.5,
				 .text = {"x", 1},
				 .bytes = {"y", 1},
				 .uuid = {{1, 2, 3}},
				 .at = 1,
				 .day = 1,
				 .json = {"{}", 2}};

static void test_extreme_values_come_back_exactly(void **state)
{
	static const double reals[] = {0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
				       0.1, 1e22};
	static const int64_t numbers[] = {INT64_MIN, INT64_MAX, 0, -1};
	static const int64_t instants[] = {YEAR_1000_US, YEAR_9999_US, -1, 0, -62135596800000, 86399999999};
	struct fixture *f = *state;
	struct row row = plain;

	script(f->conn, make_table);
	for (size_t i = 0; i < sizeof(reals) / sizeof(*reals); i++) {
		row.real = reals[i];
		there_and_back(f, &row);
	}
	for (size_t i = 0; i < 4; i++) {
		row.number = numbers[i];
		there_and_back(f, &row);
	}
	for (size_t i = 0; i < 6; i++) {
		row.at = instants[i];
		there_and_back(f, &row);
	}
	row.day = -354285;
	there_and_back(f, &row);
	row.day = 2932896;
	there_and_back(f, &row);
	row.uuid = (struct rc_uuid){0}; /* BINARY(16) of zeros keeps its length */
	row.flag = false;
	there_and_back(f, &row);
}

/* As in SQLite. No comparison tells them apart. */
static void test_a_negative_zero_is_stored_as_zero(void **state)
{
	struct fixture *f = *state;
	struct row row;

	assert_int_equal(run(f, f->conn, "SELECT 1, 1, ?", &RC_DOUBLE_VALUE(-0.0), 1), DB_ROW);
	row = (struct row){0};
	good(f->conn, mariadb_read(f->stmt, &model, NULL, &f->arena, &row));
	assert_true(row.real == 0.0);
}

static void test_texts_and_bytes_come_back_exactly(void **state)
{
	struct fixture *f = *state;
	struct row row = plain;
	size_t big = 3000000;
	char *bytes = rc_xmalloc(big);

	script(f->conn, make_table);
	row.text = RC_STR("");
	row.bytes = RC_STR_NONE;
	there_and_back(f, &row);
	row.text = RC_STR("a\0b \xF0\x9F\x98\x80 \\ ' \" ` ? \xC3\xA9 ");
	row.json = RC_STR("{ \"b\" : 1,\"a\":\"\\u0041 \xF0\x9F\x98\x80\", \"b\": 2 }");
	there_and_back(f, &row);
	randombytes_buf(bytes, big);
	for (size_t len = 0; len <= big; len = len < 70000 ? len * 2 + 251 : len + 1465000) {
		row.bytes = (struct rc_str){bytes, len};
		there_and_back(f, &row);
	}
	memset(bytes, 'x', big);
	for (size_t len = 65534; len <= 65537; len++) {
		row.text = (struct rc_str){bytes, len};
		there_and_back(f, &row);
	}
	free(bytes);
}

static void test_nulls_are_nulls_in_every_column(void **state)
{
	struct fixture *f = *state;
	struct row row = {.nulls = 0x1ff};

	script(f->conn, make_table);
	there_and_back(f, &row);
	row = plain;
	row.nulls = 0xaa;
	row.number = 0;
	row.text = RC_STR_NONE;
	row.uuid = (struct rc_uuid){0};
	row.day = 0;
	there_and_back(f, &row);
}

static int64_t any_between(int64_t low, int64_t high)
{
	uint64_t random;

	randombytes_buf(&random, sizeof(random));
	return low + (int64_t)(random % ((uint64_t)high - (uint64_t)low + 1));
}

static void test_random_values_come_back_exactly(void **state)
{
	struct fixture *f = *state;
	char bytes[300];

	script(f->conn, make_table);
	for (int i = 0; i < 200; i++) {
		struct row row = plain;
		uint64_t bits;

		do
			randombytes_buf(&bits, sizeof(bits));
		while ((bits >> 52 & 0x7ff) == 0x7ff);
		memcpy(&row.real, &bits, sizeof(bits));
		randombytes_buf(&row.number, sizeof(row.number));
		row.at = any_between(YEAR_1000_US, YEAR_9999_US);
		row.day = (int32_t)any_between(-354285, 2932896);
		randombytes_buf(&row.uuid, sizeof(row.uuid));
		randombytes_buf(bytes, sizeof(bytes));
		row.bytes = (struct rc_str){bytes, randombytes_uniform(sizeof(bytes))};
		row.flag = randombytes_uniform(2);
		there_and_back(f, &row);
	}
}

static void test_what_mariadb_cannot_store_is_refused_by_parameter(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		run(f, f->conn, "SELECT ?, ?", (struct rc_value[]){RC_INT_VALUE(1), RC_DOUBLE_VALUE(0.0 / 0.0)}, 2),
		RC_INVALID);
	says(&f->conn->fault, "parameter 2 is not a finite number");
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_DOUBLE_VALUE(1.0 / 0.0), 1), RC_INVALID);
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_TIME_VALUE(YEAR_1000_US - 1), 1), RC_INVALID);
	says(&f->conn->fault, "parameter 1 is an instant outside the years 1000 to 9999");
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_TIME_VALUE(YEAR_9999_US + 1), 1), RC_INVALID);
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_TIME_VALUE(INT64_MIN), 1), RC_INVALID);
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_TIME_VALUE(INT64_MAX), 1), RC_INVALID);
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_DATE_VALUE(-354286), 1), RC_INVALID);
	says(&f->conn->fault, "a date outside");
	assert_int_equal(run(f, f->conn, "SELECT ?", &RC_DATE_VALUE(2932897), 1), RC_INVALID);
	assert_int_equal(run(f, f->conn, "SELECT 1", &RC_INT_VALUE(1), 1), RC_INVALID);
	says(&f->conn->fault, "has no parameter 1");
}

static void test_a_text_that_is_not_utf8_is_refused_not_changed(void **state)
{
	struct fixture *f = *state;

	script(f->conn, make_table);
	assert_int_equal(run(f, f->conn, "INSERT INTO v (text) VALUES (?)", &RC_TEXT_VALUE(RC_STR("a\xff")), 1),
			 RC_INVALID);
	assert_int_equal(number(f, "SELECT COUNT(*) FROM v"), 0);
}

static void test_a_text_that_is_too_long_is_refused_not_cut(void **state)
{
	struct fixture *f = *state;

	script(f->conn, "CREATE TABLE t (a VARCHAR(3))");
	assert_int_equal(run(f, f->conn, "INSERT INTO t VALUES (?)", &RC_TEXT_VALUE(RC_STR("abcd")), 1), RC_INVALID);
}

static int read_back(struct fixture *f, const char *sql, struct row *row)
{
	*row = (struct row){0};
	assert_int_equal(run(f, f->conn, sql, NULL, 0), DB_ROW);
	return mariadb_read(f->stmt, &model, NULL, &f->arena, row);
}

static void test_a_value_of_another_type_is_a_mismatch(void **state)
{
	struct fixture *f = *state;
	struct row row;

	assert_int_equal(read_back(f, "SELECT 2", &row), RC_MISMATCH);
	assert_int_equal(row.nulls, 1);
	says(&f->conn->fault, "column flag of table v");
	assert_int_equal(read_back(f, "SELECT 1, 'x'", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, 1.5", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, CAST(18446744073709551615 AS UNSIGNED)", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, 1, 9007199254740993", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, 1, 1e0, x'ff'", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, 1, 1e0, 'a', 'b'", &row), RC_MISMATCH);
	assert_int_equal(read_back(f, "SELECT 1, 1, 1e0, 'a', x'00', x'00'", &row), RC_MISMATCH);
}

static void test_integers_of_every_width_and_sums_are_integers(void **state)
{
	struct fixture *f = *state;
	struct row row;

	script(f->conn,
	       "CREATE TABLE w (a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e TINYINT UNSIGNED, g INT UNSIGNED, h YEAR,"
	       " i BIGINT UNSIGNED, k MEDIUMINT UNSIGNED, l SMALLINT UNSIGNED);"
	       "INSERT INTO w VALUES (-128, -32768, -8388608, -2147483648, 255, 4294967295, 2155,"
	       " 9223372036854775807, 16777215, 65535)");
	assert_int_equal(number(f, "SELECT a FROM w"), -128);
	assert_int_equal(number(f, "SELECT b FROM w"), -32768);
	assert_int_equal(number(f, "SELECT c FROM w"), -8388608);
	assert_int_equal(number(f, "SELECT d FROM w"), INT32_MIN);
	assert_int_equal(number(f, "SELECT e FROM w"), 255);
	assert_int_equal(number(f, "SELECT g FROM w"), UINT32_MAX);
	assert_int_equal(number(f, "SELECT h FROM w"), 2155);
	assert_int_equal(number(f, "SELECT i FROM w"), INT64_MAX);
	assert_int_equal(number(f, "SELECT k FROM w"), 16777215);
	assert_int_equal(number(f, "SELECT l FROM w"), 65535);
	assert_int_equal(number(f, "SELECT SUM(d) FROM w"), INT32_MIN);
	good(f->conn, read_back(f, "SELECT 1 = 1, COUNT(*), AVG(a) FROM w", &row));
	assert_true(row.flag && row.number == 1 && row.real == -128.0);
}

static void test_instants_are_utc_whatever_the_server_thinks(void **state)
{
	struct fixture *f = *state;
	int64_t us;

	script(f->conn, make_table);
	assert_int_equal(run(f, f->conn, "INSERT INTO v (at) VALUES (?)", &RC_TIME_VALUE(1700000000123456), 1), RC_OK);
	assert_int_equal(number(f, "SELECT at = '2023-11-14 22:13:20.123456' FROM v"), 1);
	good(f->conn, mariadb_clock(f->conn, &us));
	assert_true(llabs(us - (int64_t)time(NULL) * 1000000) < 60000000);
}

static int start(void **state)
{
	engine_start(&engine, RC_MARIADB, (const char *const[]){"--default-time-zone=+05:30", NULL});
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_extreme_values_come_back_exactly),
		TEST(test_a_negative_zero_is_stored_as_zero),
		TEST(test_texts_and_bytes_come_back_exactly),
		TEST(test_nulls_are_nulls_in_every_column),
		TEST(test_random_values_come_back_exactly),
		TEST(test_what_mariadb_cannot_store_is_refused_by_parameter),
		TEST(test_a_text_that_is_not_utf8_is_refused_not_changed),
		TEST(test_a_text_that_is_too_long_is_refused_not_cut),
		TEST(test_a_value_of_another_type_is_a_mismatch),
		TEST(test_integers_of_every_width_and_sums_are_integers),
		TEST(test_instants_are_utc_whatever_the_server_thinks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop);
}
