/*
 * Reading options: from the table's defaults, an INI file, the environment and the command line, all through
 * option_set_value, so that each source accepts the same values and faults read alike: where it stands, what is
 * allowed, what was found.
 *
 * A fault in any source is the end: a server that starts with half of its options is worse than one that does not
 * start. inih splits the lines; it is fed one line at a time so that the number of the line is known when the handler
 * is called.
 */
#include "rowcast/base/option.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/base/log.h"

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define LINE_BYTES_MAX 4096
#define NAME_BYTES_MAX 64

extern char **environ;

const struct option *option_find(const struct option_set *set, struct rc_str name)
{
	for (size_t i = 0; i < set->count; i++) {
		if (rc_str_is(name, set->options[i].name))
			return &set->options[i];
	}
	return NULL;
}

/* Edits between two names; NAME_BYTES_MAX bounds the row. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_BYTES_MAX + 1], a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_BYTES_MAX || b_len > NAME_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = change < gap ? change : gap;
		}
	}
	return row[b_len];
}

static const struct option *nearest(const struct option_set *set, const char *name)
{
	size_t len = strlen(name);
	size_t best_distance = len < 4 ? 1 : len < 9 ? 2 : len / 3; /* more edits than that: no resemblance */
	const struct option *best = NULL;

	for (size_t i = 0; i < set->count; i++) {
		size_t distance = edit_distance(name, set->options[i].name);

		if (distance < best_distance || (distance == best_distance && !best)) {
			best_distance = distance;
			best = &set->options[i];
		}
	}
	return best;
}

/* `shown` is the name as it stands in its source, with "FILE:LINE: " where there is one. */
static int unknown(const struct option_set *set, const char *name, const char *shown, const char *dashes,
		   struct rc_fault *fault)
{
	const struct option *near = nearest(set, name);

	if (near)
		return rc_fault_set(fault, RC_INVALID, "%s is not an option; did you mean %s%s?", shown, dashes,
				    near->name);
	return rc_fault_set(fault, RC_INVALID, "%s is not an option; --help lists them all", shown);
}

static int parse_bool(const char *value, bool words_too, bool *out)
{
	static const char *const yes[] = {"on", "true", "1"}, *const no[] = {"off", "false", "0"};

	for (int i = 0; i < (words_too ? 3 : 1); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*out = strcmp(value, yes[i]) == 0;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit int_units[] = {{"", 1}, {NULL, 0}};
static const struct unit bytes_units[] = {
	{"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {"g", 1024 * 1024 * 1024}, {NULL, 0},
};
static const struct unit duration_units[] = {
	{"", 1000000},
	{"us", 1},
	{"ms", 1000},
	{"s", 1000000},
	{"m", 60000000},
	{"h", INT64_C(3600000000)},
	{"d", INT64_C(86400000000)},
	{NULL, 0},
};

static int parse_number(const char *value, const struct unit *units, int64_t *out)
{
	size_t digits = value[0] == '-';
	int64_t number;

	digits += strspn(value + digits, "0123456789");
	if (rc_str_to_i64((struct rc_str){value, digits}, &number) != RC_OK)
		return RC_INVALID;
	for (; units->suffix; units++) {
		if (!rc_str_eq_nocase(rc_str_from(value + digits), rc_str_from(units->suffix)))
			continue;
		return __builtin_mul_overflow(number, units->factor, out) ? RC_INVALID : RC_OK;
	}
	return RC_INVALID;
}

static void keep_text(struct option_set *set, const char **field, const char *value)
{
	char *copy = rc_xstrdup(value);

	set->owned = rc_xrealloc(set->owned, (set->owned_count + 1) * sizeof(*set->owned));
	set->owned[set->owned_count++] = copy;
	*field = copy;
}

static bool is_choice(const char *words, const char *value)
{
	struct rc_str rest = rc_str_from(words);

	while (rest.ptr) {
		if (rc_str_is(rc_str_cut(&rest, '|'), value))
			return true;
	}
	return false;
}

static int store_value(struct option_set *set, const struct option *option, const char *value)
{
	void *field = (char *)set->values + option->offset;
	const struct unit *units = int_units;
	int64_t number;

	switch (option->type) {
	case OPTION_FLAG:
		return parse_bool(value, true, field);
	case OPTION_SWITCH:
		return parse_bool(value, false, field);
	case OPTION_CHOICE:
		if (!is_choice(option->value, value))
			return RC_INVALID;
		keep_text(set, field, value);
		return RC_OK;
	case OPTION_TEXT:
		if (!rc_str_utf8_valid(rc_str_from(value)))
			return RC_INVALID;
		keep_text(set, field, value);
		return RC_OK;
	case OPTION_INT:
		break;
	case OPTION_BYTES:
		units = bytes_units;
		break;
	case OPTION_DURATION:
		units = duration_units;
		break;
	}
	if (parse_number(value, units, &number) != RC_OK || number < option->min || number > option->max)
		return RC_INVALID;
	*(int64_t *)field = number;
	return RC_OK;
}

/* `shown`: the option as it stands in its source. */
static int set_value(struct option_set *set, const struct option *option, const char *value, const char *shown,
		     struct rc_fault *fault)
{
	struct buf allowed = BUF_INIT;

	if (store_value(set, option, value) == RC_OK)
		return RC_OK;
	option_print_allowed(option, &allowed);
	rc_fault_set(fault, RC_INVALID, "%s must be %s, not \"%.80s\"", shown, buf_cstr(&allowed), value);
	buf_release(&allowed);
	return RC_INVALID;
}

int option_set_value(struct option_set *set, const char *name, const char *value, const char *where,
		     struct rc_fault *fault)
{
	const struct option *option = option_find(set, rc_str_from(name));
	char shown[512];

	snprintf(shown, sizeof(shown), "%s%s%.80s", where ? where : "", where ? ": " : "", name);
	if (!option)
		return unknown(set, name, shown, "", fault);
	return set_value(set, option, value, shown, fault);
}

void option_defaults(struct option_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct option *option = &set->options[i];

		rc_check(option->fallback || option->type == OPTION_TEXT || option->type == OPTION_CHOICE);
		if (option->fallback)
			rc_check(store_value(set, option, option->fallback) == RC_OK);
		else
			*(const char **)((char *)set->values + option->offset) = NULL;
	}
}

void option_release(struct option_set *set)
{
	for (size_t i = 0; i < set->owned_count; i++)
		free(set->owned[i]);
	free(set->owned);
	set->owned = NULL;
	set->owned_count = 0;
}

/* An INI text on its way through inih, line by line. */
struct ini_source {
	struct option_set *set;
	struct rc_fault *fault;
	const char *name;
	struct rc_str rest;
	int line;
	int err;
};

static int ini_fault(struct ini_source *source, const char *what)
{
	source->err = rc_fault_set(source->fault, RC_INVALID, "%s:%d: %s", source->name, source->line, what);
	return source->err;
}

/* inih's fgets: the next line, or NULL at the end and after a fault. */
static char *ini_next_line(char *line, int size, void *arg)
{
	struct ini_source *source = arg;
	struct rc_str text;

	if (source->err || source->rest.len == 0)
		return NULL;
	text = rc_str_cut(&source->rest, '\n');
	source->line++;
	if (text.len + 3 > (size_t)size) {
		ini_fault(source, "the line is longer than 4096 bytes");
		return NULL;
	}
	if (memchr(text.ptr ? text.ptr : "", '\0', text.len)) {
		ini_fault(source, "the line holds a NUL byte");
		return NULL;
	}
	if (text.len)
		memcpy(line, text.ptr, text.len);
	memcpy(line + text.len, "\n", 2);
	return line;
}

static int ini_take(void *arg, const char *section, const char *name, const char *value)
{
	struct ini_source *source = arg;
	char where[512];

	snprintf(where, sizeof(where), "%.400s:%d", source->name, source->line);
	if (!source->err)
		source->err = option_set_value(source->set, name, value, where, source->fault);
	return source->err == RC_OK;
}

int option_load_ini(struct option_set *set, struct rc_str text, const char *name, struct rc_fault *fault)
{
	struct ini_source source = {.set = set, .fault = fault, .name = name, .rest = text};

	ini_use_stack = false;
	ini_max_line = ini_initial_alloc = LINE_BYTES_MAX + 3;
	ini_allow_multiline = false;
	ini_stop_on_first_error = true;
	if (ini_parse_stream(ini_next_line, &source, ini_take, &source) != 0 && !source.err)
		ini_fault(&source, "expected `name = value`, `[section]` or a comment");
	return source.err;
}

static int read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t got;

	if (fd < 0)
		return errno;
	do {
		got = read(fd, buf_reserve(out, 4096), 4096);
		if (got > 0)
			out->len += (size_t)got;
		else if (got < 0 && errno != EINTR)
			err = errno;
		if (out->len > FILE_BYTES_MAX)
			err = EFBIG;
	} while (!err && (got > 0 || (got < 0 && errno == EINTR)));
	close(fd);
	return err;
}

int option_load_file(struct option_set *set, const char *path, struct rc_fault *fault)
{
	struct buf text = BUF_INIT;
	int error = read_whole(path, &text), err;

	if (error)
		err = rc_fault_set(fault, error == ENOENT ? RC_NOT_FOUND : RC_IO, "cannot read %.400s: %s", path,
				   strerrordesc_np(error));
	else
		err = option_load_ini(set, buf_str(&text), path, fault);
	buf_release(&text);
	return err;
}

static void env_name(const struct option_set *set, const char *name, char *out, size_t size)
{
	size_t at = (size_t)snprintf(out, size, "%s", set->env_prefix);

	for (; *name && at + 1 < size; name++)
		out[at++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	out[at < size ? at : size - 1] = '\0';
}

int option_load_env(struct option_set *set, struct rc_fault *fault)
{
	for (size_t i = 0; i < set->count; i++) {
		char name[NAME_BYTES_MAX * 2], shown[NAME_BYTES_MAX * 3];
		const char *value;
		int err;

		env_name(set, set->options[i].name, name, sizeof(name));
		value = getenv(name);
		if (!value)
			continue;
		snprintf(shown, sizeof(shown), "environment variable %s", name);
		err = set_value(set, &set->options[i], value, shown, fault);
		if (err != RC_OK)
			return err;
	}
	return RC_OK;
}

void option_warn_env(const struct option_set *set)
{
	size_t prefix = strlen(set->env_prefix);

	for (char **entry = environ; entry && *entry; entry++) {
		char name[NAME_BYTES_MAX * 2] = "", known[NAME_BYTES_MAX * 2];
		size_t len = strcspn(*entry, "="), i;

		if (prefix == 0 || strncmp(*entry, set->env_prefix, prefix) != 0 || len >= sizeof(name))
			continue;
		memcpy(name, *entry, len);
		for (i = 0; i < set->count; i++) {
			env_name(set, set->options[i].name, known, sizeof(known));
			if (strcmp(name, known) == 0)
				break;
		}
		if (i == set->count)
			log_event(LOG_WARN, "option_unknown",
				  "this environment variable is no option and means nothing", LOG_S("variable", name));
	}
}

/* argv[*at] begins with '-'. Leaves *at on the last word that it used. */
static int take_option(struct option_set *set, int argc, char **argv, int *at, struct rc_fault *fault)
{
	const char *word = strcmp(argv[*at], "-h") == 0 ? "--help" : argv[*at];
	const char *value;
	const struct option *option;
	struct rc_str name;
	char shown[NAME_BYTES_MAX * 2], plain[NAME_BYTES_MAX * 2];

	snprintf(shown, sizeof(shown), "%.*s", (int)strcspn(word, "="), word);
	snprintf(plain, sizeof(plain), "%s", shown + strspn(shown, "-"));
	name = rc_str_from(plain);
	option = strncmp(word, "--", 2) == 0 ? option_find(set, name) : NULL;
	if (!option)
		return unknown(set, plain, shown, "--", fault);
	value = strchr(word, '=');
	if (value) {
		value++;
	} else if (option->type == OPTION_FLAG) {
		value = "on";
	} else {
		if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
			return rc_fault_set(fault, RC_INVALID, "%s needs a value: %s %s", shown, shown,
					    option->value ? option->value : "VALUE");
		value = argv[++*at];
	}
	return set_value(set, option, value, shown, fault);
}

int option_load_args(struct option_set *set, int argc, char **argv, const char **operands, int operand_max,
		     int *operand_count, struct rc_fault *fault)
{
	bool options_end = false;

	*operand_count = 0;
	for (int i = 1; i < argc; i++) {
		int err;

		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
		} else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
			err = take_option(set, argc, argv, &i, fault);
			if (err != RC_OK)
				return err;
		} else if (*operand_count == operand_max) {
			return rc_fault_set(fault, RC_INVALID, "\"%.80s\" is one word too many", argv[i]);
		} else {
			operands[(*operand_count)++] = argv[i];
		}
	}
	return RC_OK;
}
