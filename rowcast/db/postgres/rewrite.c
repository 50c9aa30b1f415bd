/*
 * `?` → `$1`, `$2`, …, but not inside strings, names, dollar quotes and comments. SQL that numbers its parameters itself
 * is PostgreSQL's own text and is left as it is; elsewhere the JSON operators with a `?` are written `??`.
 */
#include "rowcast/db/postgres/postgres.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Behind the closing quote; doubled quotes, and backslashes in E'…', do not close. */
static size_t skip_quoted(struct rc_str sql, size_t at, bool escapes)
{
	char quote = sql.ptr[at++];

	while (at < sql.len) {
		if (escapes && sql.ptr[at] == '\\')
			at += 2;
		else if (sql.ptr[at++] != quote)
			continue;
		else if (at < sql.len && sql.ptr[at] == quote)
			at++;
		else
			return at;
	}
	return sql.len;
}

static size_t skip_line(struct rc_str sql, size_t at)
{
	while (at < sql.len && sql.ptr[at] != '\n')
		at++;
	return at;
}

static size_t skip_comment(struct rc_str sql, size_t at)
{
	size_t depth = 0;

	while (at + 1 < sql.len) {
		if (sql.ptr[at] == '/' && sql.ptr[at + 1] == '*') {
			depth++;
			at += 2;
		} else if (sql.ptr[at] == '*' && sql.ptr[at + 1] == '/') {
			at += 2;
			if (--depth == 0)
				return at;
		} else {
			at++;
		}
	}
	return sql.len;
}

/* $tag$ … $tag$; the dollar itself where it opens no quote. */
static size_t skip_dollar(struct rc_str sql, size_t at)
{
	size_t end = at + 1, tag;
	const char *close;

	if (end < sql.len && is_digit(sql.ptr[end]))
		return end;
	while (end < sql.len && is_word(sql.ptr[end]))
		end++;
	if (end == sql.len || sql.ptr[end] != '$')
		return at + 1;
	end++;
	tag = end - at;
	close = memmem(sql.ptr + end, sql.len - end, sql.ptr + at, tag);
	return close ? (size_t)(close - sql.ptr) + tag : sql.len;
}

/* E'…' and not some_nameE'…' */
static bool is_escape_string(struct rc_str sql, size_t quote)
{
	return quote > 0 && (sql.ptr[quote - 1] == 'E' || sql.ptr[quote - 1] == 'e') &&
	       (quote == 1 || !is_word(sql.ptr[quote - 2]));
}

/* The end of what stands at `at`: a whole quoted or commented part, a whole word, or one character. */
static size_t skip(struct rc_str sql, size_t at)
{
	char c = sql.ptr[at];
	char next = at + 1 < sql.len ? sql.ptr[at + 1] : '\0';

	if (c == '\'')
		return skip_quoted(sql, at, is_escape_string(sql, at));
	if (c == '"')
		return skip_quoted(sql, at, false);
	if (c == '-' && next == '-')
		return skip_line(sql, at);
	if (c == '/' && next == '*')
		return skip_comment(sql, at);
	if (c == '$')
		return skip_dollar(sql, at);
	if (is_word(c)) { /* a dollar inside a word belongs to it */
		while (at < sql.len && (is_word(sql.ptr[at]) || sql.ptr[at] == '$'))
			at++;
		return at;
	}
	return at + 1;
}

static bool numbers_itself(struct rc_str sql)
{
	for (size_t at = 0; at < sql.len; at = skip(sql, at)) {
		if (sql.ptr[at] == '$' && at + 1 < sql.len && is_digit(sql.ptr[at + 1]))
			return true;
	}
	return false;
}

void pg_rewrite(struct buf *out, struct rc_str sql)
{
	uint32_t number = 0;
	size_t end;

	if (numbers_itself(sql)) {
		buf_append_str(out, sql);
		return;
	}
	for (size_t at = 0; at < sql.len; at = end) {
		end = skip(sql, at);
		if (end > sql.len)
			end = sql.len;
		if (sql.ptr[at] != '?') {
			buf_append(out, sql.ptr + at, end - at);
		} else if (end < sql.len && sql.ptr[end] == '?') {
			buf_append_char(out, '?');
			end++;
		} else {
			buf_printf(out, "$%u", ++number);
		}
	}
}
