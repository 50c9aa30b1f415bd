#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/option.h"

struct sample {
	bool demo, limits;
	int64_t threads, body, wait;
	const char *listen, *db, *level;
};

#define AT(field) offsetof(struct sample, field)
static const struct option rows[] = {
	{"listen", OPTION_TEXT, AT(listen), "127.0.0.1:8080", 0, 0, "Listening", "HOST:PORT", "Where to listen."},
	{"db", OPTION_TEXT, AT(db), NULL, 0, 0, "Database", "URL", "The database."},
	{"threads", OPTION_INT, AT(threads), "2", 1, 256, "Listening", "N", "Reactors."},
	{"body-max", OPTION_BYTES, AT(body), "64k", 1024, 64 << 20, "Limits", "BYTES", "Largest body | request."},
	{"wait", OPTION_DURATION, AT(wait), "10s", 1000, 3600000000, "Limits", "TIME", "Time for headers."},
	{"demo", OPTION_FLAG, AT(demo), "off", 0, 0, "Listening", NULL, "With a demo venue."},
	{"level", OPTION_CHOICE, AT(level), "info", 0, 0, "Log", "info|warn", "Least level."},
	{"rate-limits", OPTION_SWITCH, AT(limits), "on", 0, 0, "Limits", NULL, "Limits per caller."},
};

static struct sample values;
static struct option_set set;
static struct rc_fault fault;

static int fresh(void **state)
{
	set = (struct option_set){rows, sizeof(rows) / sizeof(rows[0]), "SAMPLE_", &values, NULL, 0};
	memset(&values, 0xAA, sizeof(values));
	option_defaults(&set);
	return 0;
}

static int done(void **state)
{
	option_release(&set);
	return 0;
}

static int set_to(const char *name, const char *value)
{
	return option_set_value(&set, name, value, "here", &fault);
}

static void defaults_fill_every_field(void **state)
{
	assert_string_equal(values.listen, "127.0.0.1:8080");
	assert_null(values.db);
	assert_int_equal(values.threads, 2);
	assert_int_equal(values.body, 65536);
	assert_int_equal(values.wait, 10000000);
	assert_false(values.demo);
	assert_true(values.limits);
}

/* max and max + 1, min and min - 1 of every number in the table */
static void every_limit_is_allowed_and_one_beyond_it_is_not(void **state)
{
	for (size_t i = 0; i < set.count; i++) {
		const struct option *option = &rows[i];
		const char *unit = option->type == OPTION_DURATION ? "us" : "";
		char text[40];

		if (option->type != OPTION_INT && option->type != OPTION_BYTES && option->type != OPTION_DURATION)
			continue;
		snprintf(text, sizeof(text), "%lld%s", (long long)option->max, unit);
		assert_int_equal(set_to(option->name, text), RC_OK);
		assert_int_equal(*(int64_t *)((char *)&values + option->offset), option->max);
		snprintf(text, sizeof(text), "%lld%s", (long long)option->max + 1, unit);
		assert_int_equal(set_to(option->name, text), RC_INVALID);
		snprintf(text, sizeof(text), "%lld%s", (long long)option->min, unit);
		assert_int_equal(set_to(option->name, text), RC_OK);
		snprintf(text, sizeof(text), "%lld%s", (long long)option->min - 1, unit);
		assert_int_equal(set_to(option->name, text), RC_INVALID);
		assert_int_equal(*(int64_t *)((char *)&values + option->offset), option->min);
	}
}

static void sizes_and_durations_take_units(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t value;
	} cases[] = {
		{"body-max", "65536", 65536}, {"body-max", "64k", 65536}, {"body-max", "1M", 1 << 20},
		{"wait", "250ms", 250000},    {"wait", "1500us", 1500},   {"wait", "30", 30000000},
		{"wait", "10s", 10000000},    {"wait", "5m", 300000000},  {"wait", "1h", 3600000000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(set_to(cases[i].name, cases[i].text), RC_OK);
		assert_int_equal(strcmp(cases[i].name, "wait") ? values.body : values.wait, cases[i].value);
	}
}

static void malformed_numbers_are_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "k",
					    "12x",
					    "1.5k",
					    "-5",
					    "0x10",
					    "1 k",
					    " 64k",
					    "64k ",
					    "+64k",
					    "99999999999999999999",
					    "9223372036854775807g"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(set_to("body-max", wrong[i]), RC_INVALID);
		assert_int_equal(set_to("wait", wrong[i]), RC_INVALID);
	}
	assert_int_equal(set_to("threads", "2k"), RC_INVALID);
	assert_int_equal(values.body, 65536);
}

static void a_fault_says_where_what_is_allowed_and_what_was_found(void **state)
{
	assert_int_equal(set_to("threads", "300"), RC_INVALID);
	assert_string_equal(fault.message, "here: threads must be 1..256, not \"300\"");
	assert_int_equal(set_to("body-max", "banana"), RC_INVALID);
	assert_string_equal(fault.message,
			    "here: body-max must be 1k..64m (bytes; k, m and g are units), not \"banana\"");
	assert_int_equal(set_to("rate-limits", "true"), RC_INVALID);
	assert_string_equal(fault.message, "here: rate-limits must be on or off, not \"true\"");
}

static void a_misspelled_name_gets_the_nearest_one_and_a_strange_one_gets_none(void **state)
{
	assert_int_equal(set_to("treads", "3"), RC_INVALID);
	assert_string_equal(fault.message, "here: treads is not an option; did you mean threads?");
	assert_int_equal(set_to("rate-limit", "off"), RC_INVALID);
	assert_string_equal(fault.message, "here: rate-limit is not an option; did you mean rate-limits?");
	assert_int_equal(set_to("quetzalcoatl", "1"), RC_INVALID);
	assert_string_equal(fault.message, "here: quetzalcoatl is not an option; --help lists them all");
}

static int load_args(const char *const *words, int count, const char **operands, int *operand_count)
{
	char *argv[16] = {(char[]){"program"}};

	for (int i = 0; i < count; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	return option_load_args(&set, count + 1, argv, operands, 2, operand_count, &fault);
}

#define ARGS(...)                                                                                                      \
	load_args((const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),          \
		  operands, &count)

static void the_command_line_takes_both_spellings_and_keeps_operands(void **state)
{
	const char *operands[2];
	int count;

	assert_int_equal(ARGS("serve", "--listen", ":0", "--threads=4", "--demo", "--db=a=b", "file"), RC_OK);
	assert_string_equal(values.listen, ":0");
	assert_int_equal(values.threads, 4);
	assert_true(values.demo);
	assert_string_equal(values.db, "a=b");
	assert_int_equal(count, 2);
	assert_string_equal(operands[0], "serve");
	assert_string_equal(operands[1], "file");
}

static void a_flag_may_be_switched_off_with_a_value(void **state)
{
	const char *operands[2];
	int count;

	assert_int_equal(ARGS("--demo", "--demo=off"), RC_OK);
	assert_false(values.demo);
	assert_int_equal(ARGS("--rate-limits", "off"), RC_OK);
	assert_false(values.limits);
}

static void words_behind_two_dashes_and_a_single_dash_are_operands(void **state)
{
	const char *operands[2];
	int count;

	assert_int_equal(ARGS("-", "--", "--demo"), RC_OK);
	assert_string_equal(operands[0], "-");
	assert_string_equal(operands[1], "--demo");
	assert_false(values.demo);
}

static void wrong_words_on_the_command_line_are_named(void **state)
{
	const char *operands[2];
	int count;

	assert_int_equal(ARGS("--threads", "0"), RC_INVALID);
	assert_string_equal(fault.message, "--threads must be 1..256, not \"0\"");
	assert_int_equal(ARGS("--thread=3"), RC_INVALID);
	assert_string_equal(fault.message, "--thread is not an option; did you mean --threads?");
	assert_int_equal(ARGS("--listen"), RC_INVALID);
	assert_string_equal(fault.message, "--listen needs a value: --listen HOST:PORT");
	assert_int_equal(ARGS("--listen", "--demo"), RC_INVALID);
	assert_int_equal(ARGS("-x"), RC_INVALID);
	assert_string_equal(fault.message, "-x is not an option; --help lists them all");
	assert_int_equal(ARGS("a", "b", "c"), RC_INVALID);
	assert_string_equal(fault.message, "\"c\" is one word too many");
}

static int load_ini(const char *text)
{
	return option_load_ini(&set, rc_str_from(text), "a.ini", &fault);
}

static void an_ini_text_sets_options_whatever_the_section(void **state)
{
	assert_int_equal(
		load_ini("# comment\n; another\n[net]\nthreads = 8\n  listen=:1 ; inline\r\n\n[x]\ndemo = true"),
		RC_OK);
	assert_int_equal(values.threads, 8);
	assert_string_equal(values.listen, ":1");
	assert_true(values.demo);
}

static void a_fault_in_a_file_names_file_and_line(void **state)
{
	assert_int_equal(load_ini("\n[a]\nthreads = many\nthreads = 3\n"), RC_INVALID);
	assert_string_equal(fault.message, "a.ini:3: threads must be 1..256, not \"many\"");
	assert_int_equal(values.threads, 2);
	assert_int_equal(load_ini("threads = 3\nlisten\n"), RC_INVALID);
	assert_string_equal(fault.message, "a.ini:2: expected `name = value`, `[section]` or a comment");
	assert_int_equal(load_ini("lisen = :0\n"), RC_INVALID);
	assert_string_equal(fault.message, "a.ini:1: lisen is not an option; did you mean listen?");
	assert_int_equal(option_load_ini(&set, RC_STR("threads\0 = 3\n"), "a.ini", &fault), RC_INVALID);
	assert_string_equal(fault.message, "a.ini:1: the line holds a NUL byte");
}

static void an_ini_line_may_have_4096_bytes_and_not_one_more(void **state)
{
	char text[4099];

	memset(text, 'x', sizeof(text));
	memcpy(text, "db=", 3);
	text[4096] = '\n';
	assert_int_equal(option_load_ini(&set, (struct rc_str){text, 4097}, "a.ini", &fault), RC_OK);
	assert_int_equal(strlen(values.db), 4093);
	text[4096] = 'x';
	text[4097] = '\n';
	assert_int_equal(option_load_ini(&set, (struct rc_str){text, 4098}, "a.ini", &fault), RC_INVALID);
	assert_string_equal(fault.message, "a.ini:1: the line is longer than 4096 bytes");
}

static void a_file_is_read_and_a_missing_one_is_named(void **state)
{
	char path[] = "/tmp/option-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "threads = 5\n", 12), 12);
	assert_int_equal(option_load_file(&set, path, &fault), RC_OK);
	assert_int_equal(values.threads, 5);
	close(fd);
	unlink(path);
	assert_int_equal(option_load_file(&set, path, &fault), RC_NOT_FOUND);
	assert_non_null(strstr(fault.message, path));
	assert_int_equal(option_load_file(&set, "/tmp", &fault), RC_IO);
}

static void the_environment_sets_options_and_strange_names_are_ignored(void **state)
{
	setenv("SAMPLE_BODY_MAX", "2k", 1);
	setenv("SAMPLE_PORT_8080_TCP", "tcp://10.0.0.1:8080", 1);
	assert_int_equal(option_load_env(&set, &fault), RC_OK);
	assert_int_equal(values.body, 2048);
	setenv("SAMPLE_BODY_MAX", "", 1);
	assert_int_equal(option_load_env(&set, &fault), RC_INVALID);
	assert_string_equal(fault.message,
			    "environment variable SAMPLE_BODY_MAX must be 1k..64m (bytes; k, m and g are units), "
			    "not \"\"");
	unsetenv("SAMPLE_BODY_MAX");
	unsetenv("SAMPLE_PORT_8080_TCP");
}

static void strange_names_in_the_environment_are_logged_and_known_ones_are_not(void **state)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char text[4096];
	ssize_t got;

	setenv("SAMPLE_BODY_MAX", "2k", 1);
	setenv("SAMPLE_BODY", "2k", 1);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	option_warn_env(&set);
	dup2(saved, STDERR_FILENO);
	got = read(ends[0], text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = '\0';
	assert_non_null(strstr(text, "\"variable\":\"SAMPLE_BODY\""));
	assert_null(strstr(text, "SAMPLE_BODY_MAX"));
	close(saved);
	close(ends[0]);
	close(ends[1]);
	unsetenv("SAMPLE_BODY_MAX");
	unsetenv("SAMPLE_BODY");
}

static void a_choice_is_one_of_its_words(void **state)
{
	assert_string_equal(values.level, "info");
	assert_int_equal(set_to("level", "warn"), RC_OK);
	assert_string_equal(values.level, "warn");
	assert_int_equal(set_to("level", "info|warn"), RC_INVALID);
	assert_int_equal(set_to("level", ""), RC_INVALID);
	assert_int_equal(set_to("level", "Info"), RC_INVALID);
	assert_string_equal(fault.message, "here: level must be info|warn, not \"Info\"");
}

static void texts_must_be_utf8(void **state)
{
	assert_int_equal(set_to("db", "caf\xC3\xA9"), RC_OK);
	assert_int_equal(set_to("db", "caf\xE9"), RC_INVALID);
	assert_string_equal(values.db, "caf\xC3\xA9");
}

static void help_groups_the_options_and_shows_defaults(void **state)
{
	struct buf out = BUF_INIT;
	const char *text;

	option_print_help(&set, &out);
	text = buf_cstr(&out);
	assert_non_null(strstr(text,
			       "Listening:\n  --listen HOST:PORT                Where to listen. [127.0.0.1:8080]\n"
			       "  --threads N                       Reactors. [2]\n"
			       "  --demo                            With a demo venue.\n\nDatabase:\n"));
	assert_non_null(strstr(text, "  --rate-limits on|off "));
	assert_non_null(strstr(text, "SAMPLE_NAME"));
	buf_release(&out);
}

static void the_reference_is_a_table_with_every_option(void **state)
{
	struct buf out = BUF_INIT;
	const char *text;

	option_print_reference(&set, &out);
	text = buf_cstr(&out);
	assert_non_null(strstr(text, "## Limits\n\n| Option | Default | Allowed | Meaning |\n|---|---|---|---|\n"
				     "| `--body-max`<br>`SAMPLE_BODY_MAX` | `64k` | 1k..64m | "
				     "Largest body \\| request. |\n"));
	for (size_t i = 0; i < set.count; i++)
		assert_non_null(strstr(text, rows[i].name));
	buf_release(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
	const struct CMUnitTest tests[] = {
		TEST(defaults_fill_every_field),
		TEST(every_limit_is_allowed_and_one_beyond_it_is_not),
		TEST(sizes_and_durations_take_units),
		TEST(malformed_numbers_are_refused),
		TEST(a_fault_says_where_what_is_allowed_and_what_was_found),
		TEST(a_misspelled_name_gets_the_nearest_one_and_a_strange_one_gets_none),
		TEST(the_command_line_takes_both_spellings_and_keeps_operands),
		TEST(a_flag_may_be_switched_off_with_a_value),
		TEST(words_behind_two_dashes_and_a_single_dash_are_operands),
		TEST(wrong_words_on_the_command_line_are_named),
		TEST(an_ini_text_sets_options_whatever_the_section),
		TEST(a_fault_in_a_file_names_file_and_line),
		TEST(an_ini_line_may_have_4096_bytes_and_not_one_more),
		TEST(a_file_is_read_and_a_missing_one_is_named),
		TEST(the_environment_sets_options_and_strange_names_are_ignored),
		TEST(strange_names_in_the_environment_are_logged_and_known_ones_are_not),
		TEST(a_choice_is_one_of_its_words),
		TEST(texts_must_be_utf8),
		TEST(help_groups_the_options_and_shows_defaults),
		TEST(the_reference_is_a_table_with_every_option),
	};

	return RUN_TESTS(tests);
}
