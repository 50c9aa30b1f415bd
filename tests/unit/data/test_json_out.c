#include "tests/unit/suite.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "rowcast/data/json_out.h"
#include "tests/unit/base/death.h"

static struct buf out;
static struct json_out json;

static int begin(void **state)
{
	out = BUF_INIT;
	json_init(&json, &out);
	return 0;
}

static int end(void **state)
{
	buf_release(&out);
	return 0;
}

#define assert_written(text) assert_string_equal(buf_cstr(&out), (text))

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	json_begin_object(&json);
	json_key(&json, "a");
	json_begin_array(&json);
	json_int(&json, 1);
	json_begin_object(&json);
	json_end(&json);
	json_begin_array(&json);
	json_end(&json);
	json_end(&json);
	json_key(&json, "b");
	json_put_null(&json);
	json_key(&json, "c");
	json_bool(&json, true);
	json_end(&json);
	assert_written("{\"a\":[1,{},[]],\"b\":null,\"c\":true}");
}

static void a_new_array_begins_without_a_comma_whatever_stood_before_it(void **state)
{
	json_begin_array(&json);
	json_begin_array(&json);
	json_int(&json, 1);
	json_end(&json);
	json_begin_array(&json);
	json_int(&json, 2);
	json_int(&json, 3);
	json_end(&json);
	json_end(&json);
	assert_written("[[1],[2,3]]");
}

static void strings_escape_what_json_demands(void **state)
{
	json_str(&json, RC_STR("\"\\/\b\f\n\r\t\x01\x1F\x7F<\0>"));
	assert_written("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F<\\u0000>\"");
}

static void no_text_is_the_empty_string(void **state)
{
	json_str(&json, RC_STR_NONE);
	assert_written("\"\"");
}

static void whole_characters_pass_unchanged(void **state)
{
	json_cstr(&json, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
	assert_written("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

static void each_byte_that_is_not_utf8_becomes_a_replacement_character(void **state)
{
	json_str(&json, RC_STR("a\xFF\xC3(\xED\xA0\x80\xF0\x9F"));
	assert_written("\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void integers_reach_their_limits(void **state)
{
	json_begin_array(&json);
	json_int(&json, 0);
	json_int(&json, INT64_MAX);
	json_int(&json, INT64_MIN);
	json_id(&json, 42);
	json_end(&json);
	assert_written("[0,9223372036854775807,-9223372036854775808,\"42\"]");
}

static void assert_double(double number, const char *expected)
{
	buf_clear(&out);
	json_init(&json, &out);
	json_double(&json, number);
	assert_written(expected);
}

static void doubles_are_as_short_as_can_be(void **state)
{
	assert_double(0.0, "0");
	assert_double(-0.0, "-0");
	assert_double(0.1, "0.1");
	assert_double(0.25, "0.25");
	assert_double(100.0, "100");
	assert_double(0.1 + 0.2, "0.30000000000000004");
	assert_double(1.0 / 3, "0.3333333333333333");
	assert_double(1e21, "1e21");
	assert_double(1e-7, "1e-7");
	assert_double(1.5e300, "1.5e300");
	assert_double(5e-324, "5e-324");
	assert_double(DBL_MAX, "1.7976931348623157e308");
	assert_double(DBL_MIN, "2.2250738585072014e-308");
	assert_double(9007199254740993.0, "9007199254740992");
	assert_double(NAN, "null");
	assert_double(-INFINITY, "null");
}

static void every_double_reads_back_equal(void **state)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 50000; i++) {
		union {
			uint64_t bits;
			double number;
		} value;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		value.bits = random;
		if (!isfinite(value.number))
			continue;
		buf_clear(&out);
		json_init(&json, &out);
		json_double(&json, value.number);
		assert_true(strtod(buf_cstr(&out), NULL) == value.number);
	}
}

static void times_and_positions_have_their_contracts_form(void **state)
{
	json_begin_array(&json);
	json_time(&json, 1500000);
	json_time(&json, 2000000);
	json_position(&json, (struct rc_position){0xab, 12});
	json_end(&json);
	assert_written("[\"1970-01-01T00:00:01.500Z\",\"1970-01-01T00:00:02Z\",\"ab.12\"]");
}

static void nest(int depth)
{
	for (int i = 0; i < depth; i++)
		json_begin_array(&json);
}

static void nest_too_deep(void)
{
	nest(33);
}

static void nesting_reaches_32_and_not_33(void **state)
{
	nest(32);
	for (int i = 0; i < 32; i++)
		json_end(&json);
	assert_int_equal(out.len, 64);
	assert_true(stops_the_process(nest_too_deep));
}

static void key_in_an_array(void)
{
	json_begin_array(&json);
	json_key(&json, "a");
}

static void end_behind_a_key(void)
{
	json_begin_object(&json);
	json_key(&json, "a");
	json_end(&json);
}

static void end_too_often(void)
{
	json_end(&json);
}

static void a_key_out_of_place_or_a_missing_value_stops_the_process(void **state)
{
	assert_true(stops_the_process(key_in_an_array));
	assert_true(stops_the_process(end_behind_a_key));
	assert_true(stops_the_process(end_too_often));
}

struct sample_row {
	uint64_t nulls;
	bool paid;
	int64_t id;
	double price;
	struct rc_str name, photo, extra;
	struct rc_uuid token;
	int64_t at;
	int32_t day;
};

#define COLUMN(column_name, column_type, field)                                                                        \
	{                                                                                                              \
		.name = (column_name), .type = (column_type), .offset = offsetof(struct sample_row, field)             \
	}
static const struct rc_column columns[] = {
	COLUMN("id", RC_INT, id),       COLUMN("paid", RC_BOOL, paid),    COLUMN("price", RC_DOUBLE, price),
	COLUMN("name", RC_TEXT, name),  COLUMN("photo", RC_BYTES, photo), COLUMN("token", RC_UUID, token),
	COLUMN("at", RC_TIMESTAMP, at), COLUMN("day", RC_DATE, day),      COLUMN("extra", RC_JSON, extra),
};
static const struct rc_model model = {.table = "sample", .columns = columns, .column_count = 9};

static void a_row_is_written_by_its_descriptor(void **state)
{
	struct sample_row row = {.paid = true,
				 .id = 7,
				 .price = 1.5,
				 .name = RC_STR("A\"B"),
				 .photo = RC_STR("\0\x01\xFF\xFE"),
				 .extra = RC_STR("{\"k\":\n[1]}"),
				 .token = {{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8}},
				 .at = 1000000,
				 .day = 1};

	json_row(&json, &model, &row, UINT64_MAX);
	assert_written("{\"id\":7,\"paid\":true,\"price\":1.5,\"name\":\"A\\\"B\",\"photo\":\"AAH//g==\","
		       "\"token\":\"12345678-9abc-def0-0102-030405060708\",\"at\":\"1970-01-01T00:00:01Z\","
		       "\"day\":\"1970-01-02\",\"extra\":{\"k\": [1]}}");
}

static void null_columns_and_unwanted_ones_are_seen_as_such(void **state)
{
	struct sample_row row = {.nulls = 1 << 3 | 1 << 8, .id = 7};

	json_row(&json, &model, &row, 1 | 1 << 3 | 1 << 8);
	assert_written("{\"id\":7,\"name\":null,\"extra\":null}");
}

static void base64_pads_every_remainder(void **state)
{
	static const struct {
		struct rc_str bytes;
		const char *text;
	} cases[] = {{RC_STR(""), "{\"photo\":\"\"}"},
		     {RC_STR("f"), "{\"photo\":\"Zg==\"}"},
		     {RC_STR("fo"), "{\"photo\":\"Zm8=\"}"},
		     {RC_STR("foo"), "{\"photo\":\"Zm9v\"}"},
		     {RC_STR("foob"), "{\"photo\":\"Zm9vYg==\"}"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample_row row = {.photo = cases[i].bytes};

		buf_clear(&out);
		json_init(&json, &out);
		json_row(&json, &model, &row, 1 << 4);
		assert_written(cases[i].text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(commas_stand_between_values_and_nowhere_else),
		TEST(a_new_array_begins_without_a_comma_whatever_stood_before_it),
		TEST(strings_escape_what_json_demands),
		TEST(no_text_is_the_empty_string),
		TEST(whole_characters_pass_unchanged),
		TEST(each_byte_that_is_not_utf8_becomes_a_replacement_character),
		TEST(integers_reach_their_limits),
		TEST(doubles_are_as_short_as_can_be),
		TEST(every_double_reads_back_equal),
		TEST(times_and_positions_have_their_contracts_form),
		TEST(nesting_reaches_32_and_not_33),
		TEST(a_key_out_of_place_or_a_missing_value_stops_the_process),
		TEST(a_row_is_written_by_its_descriptor),
		TEST(null_columns_and_unwanted_ones_are_seen_as_such),
		TEST(base64_pads_every_remainder),
	};

	return RUN_TESTS(tests);
}
