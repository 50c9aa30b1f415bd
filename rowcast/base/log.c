/*
 * Log lines. A line is built in a stack buffer and written with one write(2): lines of threads and processes that share
 * a pipe do not mix, because a line is never longer than PIPE_BUF. It allocates nothing and takes no lock, so it also
 * works when memory is out. A value that is too long ends in "…"; fields that do not fit any more are left out and
 * `"truncated":true` says so. A write that fails is dropped: there is nobody to tell.
 */
#include "rowcast/base/log.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "rowcast/base/utf8.h"
#include "rowcast/err.h"

#define LINE_BYTES_MAX  PIPE_BUF
#define VALUE_BYTES_MAX 1024 /* as escaped */
#define TAIL            ",\"truncated\":true}\n"
#define ELLIPSIS        "\xE2\x80\xA6"

struct line {
	size_t len;
	bool full;
	char text[LINE_BYTES_MAX];
};

static _Atomic int least_level = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level least)
{
	atomic_store_explicit(&least_level, least, memory_order_relaxed);
}

int log_level_parse(struct rc_str name, enum log_level *out)
{
	for (int i = 0; i < (int)(sizeof(level_names) / sizeof(level_names[0])); i++) {
		if (rc_str_is(name, level_names[i])) {
			*out = (enum log_level)i;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

/* Room for the tail is always kept. */
static void put(struct line *line, const char *bytes, size_t count)
{
	if (line->full || count > sizeof(line->text) - (sizeof(TAIL) - 1) - line->len) {
		line->full = true;
		return;
	}
	memcpy(line->text + line->len, bytes, count);
	line->len += count;
}

static void put_cstr(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

/* One character as JSON; returns how many bytes of the source it used. */
static size_t escape(const unsigned char *p, size_t left, char out[8], size_t *out_len)
{
	size_t step = utf8_step(p, left);

	if (step == 0) {
		memcpy(out, UTF8_REPLACEMENT, 3);
		*out_len = 3;
		return 1;
	}
	if (*p == '"' || *p == '\\') {
		out[0] = '\\';
		out[1] = (char)*p;
		*out_len = 2;
	} else if (*p < 0x20 || *p == 0x7F) {
		*out_len = (size_t)snprintf(out, 8, "\\u%04x", *p);
	} else {
		memcpy(out, p, step);
		*out_len = step;
	}
	return step;
}

static void put_string(struct line *line, struct rc_str value)
{
	const unsigned char *p = (const unsigned char *)value.ptr;
	size_t left = value.len, written = 0;

	put(line, "\"", 1);
	while (left > 0) {
		char out[8];
		size_t out_len, used = escape(p, left, out, &out_len);

		if (written + out_len > VALUE_BYTES_MAX) {
			put_cstr(line, ELLIPSIS);
			break;
		}
		put(line, out, out_len);
		written += out_len;
		p += used;
		left -= used;
	}
	put(line, "\"", 1);
}

static void put_time(struct line *line)
{
	struct timespec now;
	struct tm utc;
	char text[128];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	snprintf(text, sizeof(text), "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\"", utc.tm_year + 1900,
		 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000);
	put_cstr(line, text);
}

static void put_member(struct line *line, const struct log_field *field)
{
	char number[32];

	put(line, ",", 1);
	put_string(line, rc_str_from(field->name));
	put(line, ":", 1);
	switch (field->kind) {
	case LOG_FIELD_STRING:
		put_string(line, field->text);
		return;
	case LOG_FIELD_INT:
		snprintf(number, sizeof(number), "%lld", (long long)field->integer);
		break;
	case LOG_FIELD_DOUBLE:
		snprintf(number, sizeof(number), isfinite(field->real) ? "%.9g" : "null", field->real);
		break;
	}
	put_cstr(line, number);
}

static void send_line(const struct line *line)
{
	while (write(STDERR_FILENO, line->text, line->len) < 0 && errno == EINTR)
		;
}

void log_write(enum log_level level, const char *event, const char *message, const struct log_field *fields)
{
	struct line line;
	int saved_errno = errno;

	if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
		return;
	line.len = 0;
	line.full = false;
	put_time(&line);
	put_member(&line, &LOG_S("level", level_names[level]));
	put_member(&line, &LOG_S("event", event));
	put_member(&line, &LOG_S("message", message));
	for (; fields && fields->name; fields++) {
		size_t before = line.len;

		put_member(&line, fields);
		if (line.full) {
			line.len = before;
			break;
		}
	}
	if (line.full) {
		memcpy(line.text + line.len, TAIL, sizeof(TAIL) - 1);
		line.len += sizeof(TAIL) - 1;
	} else {
		memcpy(line.text + line.len, "}\n", 2);
		line.len += 2;
	}
	send_line(&line);
	errno = saved_errno;
}
