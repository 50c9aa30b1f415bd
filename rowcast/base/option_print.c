/*
 * What people read about options: --help, the reference page, and what is allowed. All of it comes from the one table.
 */
#include <ctype.h>
#include <stdint.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/option.h"

#define HELP_COLUMN 36

struct scale {
	int64_t factor;
	const char *suffix;
};

/* The number with the largest unit that divides it. */
static void print_scaled(int64_t number, const struct scale *scales, struct buf *out)
{
	while (scales->factor > 1 && (number == 0 || number % scales->factor != 0))
		scales++;
	buf_printf(out, "%lld%s", (long long)(number / scales->factor), number == 0 ? "" : scales->suffix);
}

static void print_number(enum option_type type, int64_t number, struct buf *out)
{
	static const struct scale plain[] = {{1, ""}};
	static const struct scale bytes[] = {{1024 * 1024 * 1024, "g"}, {1024 * 1024, "m"}, {1024, "k"}, {1, ""}};
	static const struct scale durations[] = {
		{INT64_C(86400000000), "d"},
		{INT64_C(3600000000), "h"},
		{60000000, "m"},
		{1000000, "s"},
		{1000, "ms"},
		{1, "us"},
	};

	print_scaled(number, type == OPTION_BYTES ? bytes : type == OPTION_DURATION ? durations : plain, out);
}

static void print_range(const struct option *option, struct buf *out)
{
	switch (option->type) {
	case OPTION_FLAG:
	case OPTION_SWITCH:
		buf_append_str(out, RC_STR("on or off"));
		return;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		buf_append_str(out, rc_str_from(option->value ? option->value : "text"));
		return;
	case OPTION_INT:
	case OPTION_BYTES:
	case OPTION_DURATION:
		break;
	}
	print_number(option->type, option->min, out);
	if (option->max == INT64_MAX) {
		buf_append_str(out, RC_STR(" or more"));
	} else {
		buf_append_str(out, RC_STR(".."));
		print_number(option->type, option->max, out);
	}
}

void option_print_allowed(const struct option *option, struct buf *out)
{
	print_range(option, out);
	if (option->type == OPTION_BYTES)
		buf_append_str(out, RC_STR(" (bytes; k, m and g are units)"));
	else if (option->type == OPTION_DURATION)
		buf_append_str(out, RC_STR(" (units us, ms, s, m, h, d; seconds without)"));
}

static void print_env(const struct option_set *set, const struct option *option, struct buf *out)
{
	buf_append_str(out, rc_str_from(set->env_prefix));
	for (const char *c = option->name; *c; c++)
		buf_append_char(out, *c == '-' ? '_' : (char)toupper((unsigned char)*c));
}

static bool same_group(const struct option *a, const struct option *b)
{
	return rc_str_eq(rc_str_from(a->group), rc_str_from(b->group));
}

/* True for the first option of its group: there the heading is printed and all of the group behind it. */
static bool opens_group(const struct option_set *set, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (same_group(&set->options[i], &set->options[at]))
			return false;
	}
	return true;
}

static void print_help_row(const struct option *option, struct buf *out)
{
	size_t start = out->len;

	buf_printf(out, "  --%s", option->name);
	if (option->type == OPTION_SWITCH)
		buf_append_str(out, RC_STR(" on|off"));
	else if (option->type != OPTION_FLAG)
		buf_printf(out, " %s", option->value ? option->value : "VALUE");
	if (out->len - start >= HELP_COLUMN) {
		buf_append_char(out, '\n');
		start = out->len;
	}
	while (out->len - start < HELP_COLUMN)
		buf_append_char(out, ' ');
	buf_append_str(out, rc_str_from(option->help));
	if (option->fallback && *option->fallback && option->type != OPTION_FLAG)
		buf_printf(out, " [%s]", option->fallback);
	buf_append_char(out, '\n');
}

void option_print_help(const struct option_set *set, struct buf *out)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!opens_group(set, i))
			continue;
		buf_printf(out, "%s%s:\n", out->len ? "\n" : "",
			   set->options[i].group ? set->options[i].group : "Options");
		for (size_t j = i; j < set->count; j++) {
			if (same_group(&set->options[i], &set->options[j]))
				print_help_row(&set->options[j], out);
		}
	}
	buf_printf(out,
		   "\nEach option may also stand in the file of --config as `name = value`, and in the environment as "
		   "%sNAME\n"
		   "(capitals, _ for -). The command line wins over the environment, that over the file.\n",
		   set->env_prefix);
}

/* '|' would end the cell. */
static void print_cell(const char *text, struct buf *out)
{
	for (; text && *text; text++) {
		if (*text == '|')
			buf_append_char(out, '\\');
		buf_append_char(out, *text);
	}
}

static void print_reference_row(const struct option_set *set, const struct option *option, struct buf *out)
{
	struct buf allowed = BUF_INIT;

	print_range(option, &allowed);
	buf_printf(out, "| `--%s`<br>`", option->name);
	print_env(set, option, out);
	buf_append_str(out, RC_STR("` | "));
	if (option->fallback && *option->fallback) {
		buf_append_char(out, '`');
		print_cell(option->fallback, out);
		buf_append_char(out, '`');
	}
	buf_append_str(out, RC_STR(" | "));
	print_cell(buf_cstr(&allowed), out);
	buf_append_str(out, RC_STR(" | "));
	print_cell(option->help, out);
	buf_append_str(out, RC_STR(" |\n"));
	buf_release(&allowed);
}

void option_print_reference(const struct option_set *set, struct buf *out)
{
	static const char intro[] = "# Options\n\nPrinted by `--help-markdown` from the table that the program itself "
				    "reads. An option stands on the command\n"
				    "line (`--name value`), in the environment, or in the file of `--config` (`name = "
				    "value`); the command line wins over\n"
				    "the environment, that over the file. Sizes are bytes or take `k`, `m`, `g`; times "
				    "take `us`, `ms`, `s`, `m`, `h`, `d`\n"
				    "and are seconds without.\n";

	buf_append_str(out, RC_STR(intro));
	for (size_t i = 0; i < set->count; i++) {
		if (!opens_group(set, i))
			continue;
		buf_printf(out, "\n## %s\n\n| Option | Default | Allowed | Meaning |\n|---|---|---|---|\n",
			   set->options[i].group ? set->options[i].group : "Options");
		for (size_t j = i; j < set->count; j++) {
			if (same_group(&set->options[i], &set->options[j]))
				print_reference_row(set, &set->options[j], out);
		}
	}
}
