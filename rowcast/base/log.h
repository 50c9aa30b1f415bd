/*
 * Log lines: one JSON object a line on standard error, written with one write(2) from any thread.
 *
 *   log_event(LOG_INFO, "listening", "ready", LOG_S("address", text), LOG_I("port", port));
 *   {"time":"2026-11-20T10:00:00.000000Z","level":"info","event":"listening","message":"ready","address":"…","port":80}
 *
 * Never log tokens, names, addresses or phone numbers of customers.
 */
#ifndef ROWCAST_BASE_LOG_H
#define ROWCAST_BASE_LOG_H

#include "rowcast/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name; /* NULL ends the list */
	enum { LOG_FIELD_STRING, LOG_FIELD_INT, LOG_FIELD_DOUBLE } kind;
	struct rc_str text;
	int64_t integer;
	double real;
};

#define LOG_S(field, cstring)                                                                                          \
	((struct log_field){.name = (field), .kind = LOG_FIELD_STRING, .text = rc_str_from(cstring)})
#define LOG_STR(field, view) ((struct log_field){.name = (field), .kind = LOG_FIELD_STRING, .text = (view)})
#define LOG_I(field, number) ((struct log_field){.name = (field), .kind = LOG_FIELD_INT, .integer = (int64_t)(number)})
#define LOG_D(field, number) ((struct log_field){.name = (field), .kind = LOG_FIELD_DOUBLE, .real = (number)})

#define log_event(level, event, message, ...)                                                                          \
	log_write((level), (event), (message), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})

void log_write(enum log_level level, const char *event, const char *message, const struct log_field *fields);
void log_set_level(enum log_level least);
/* "debug" | "info" | "warn" | "error" */
int log_level_parse(struct rc_str name, enum log_level *out);

#endif
