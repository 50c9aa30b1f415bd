/*
 * Options: one table per program, one row per option; it serves the command line (--name value, --name=value), the
 * INI file ([section] is ignored, name = value), the environment (PREFIX_NAME), --help, the reference page and the
 * limits' tests. Later sources win: default < file < environment < command line.
 */
#ifndef ROWCAST_BASE_OPTION_H
#define ROWCAST_BASE_OPTION_H

#include "rowcast/err.h"
#include "rowcast/str.h"

enum option_type {
	OPTION_FLAG,     /* bool; on the command line without a value, elsewhere on|off|true|false|1|0 */
	OPTION_SWITCH,   /* bool; always with a value: on|off */
	OPTION_INT,      /* int64_t, min..max */
	OPTION_BYTES,    /* int64_t; 65536, 64k, 1m; min..max */
	OPTION_DURATION, /* int64_t µs; 250ms, 10s, 5m, 24h; bare numbers are seconds; min..max in µs */
	OPTION_TEXT,     /* const char *, owned by the option set */
	OPTION_CHOICE,   /* the same, one of the words of `value`: "debug|info|warn|error" */
};

struct option {
	const char *name; /* "request-line-max" */
	enum option_type type;
	size_t offset;        /* of the field in the program's options struct */
	const char *fallback; /* default, as it would be written */
	int64_t min, max;     /* INT, BYTES, DURATION */
	const char *group;    /* heading in --help and reference: "Listening", "Limits" */
	const char *value;    /* placeholder: "HOST:PORT" */
	const char *help;     /* one sentence */
};

struct option_set {
	const struct option *options;
	size_t count;
	const char *env_prefix; /* "SLOTCAST_" */
	void *values;           /* the program's struct */
	char **owned;           /* texts to free */
	size_t owned_count;
};

/* Fill every field with its default. */
void option_defaults(struct option_set *set);
/* Read an INI file; a fault names file, line, option and what is allowed. */
int option_load_file(struct option_set *set, const char *path, struct rc_fault *fault) RC_MUST_CHECK;
/* The same from memory; `name` stands for the file in faults. Section headings are allowed and mean nothing. */
int option_load_ini(struct option_set *set, struct rc_str text, const char *name, struct rc_fault *fault) RC_MUST_CHECK;
/* PREFIX_NAME of every option. */
int option_load_env(struct option_set *set, struct rc_fault *fault) RC_MUST_CHECK;
/* Log variables that have the prefix and are no option. Not a fault: others (Kubernetes) invent such names. */
void option_warn_env(const struct option_set *set);
/* Parse argv[1..]; words that are no options go to `operands` (more than operand_max is a fault). `--` ends options. */
int option_load_args(struct option_set *set, int argc, char **argv, const char **operands, int operand_max,
		     int *operand_count, struct rc_fault *fault) RC_MUST_CHECK;
int option_set_value(struct option_set *set, const char *name, const char *value, const char *where,
		     struct rc_fault *fault) RC_MUST_CHECK;
void option_release(struct option_set *set);
const struct option *option_find(const struct option_set *set, struct rc_str name); /* NULL: none */

struct buf;
/* What is allowed: "1..256", "1k..64m", "on | off". For faults and the reference. */
void option_print_allowed(const struct option *option, struct buf *out);
void option_print_help(const struct option_set *set, struct buf *out);      /* terminal */
void option_print_reference(const struct option_set *set, struct buf *out); /* Markdown table */

#endif
