/*
 * The source as tokens, and the few things that the engines write differently.
 *
 * Expressions are carried over as text, not printed from the tree: what the schema's author wrote is what the database
 * gets. The tree says where they are. Rejected: a printer for PostgreSQL's expression grammar, a thousand lines to say
 * the same.
 */
#include <ctype.h>
#include <pg_query.h>
#include <sqlite3.h>
#include <strings.h>

#include "rowcast/orm/rowgen/rowgen.h"

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t quoted_end(const struct source *source, size_t at, char quote)
{
	size_t begin = at++;

	for (; at < source->len; at++) {
		if (source->text[at] != quote)
			continue;
		if (source->text[at + 1] != quote)
			return at + 1;
		at++;
	}
	fail(source, begin, "this quote is not closed");
}

static size_t comment_end(const struct source *source, size_t at)
{
	const char *text = source->text + at;
	const char *end = text[0] == '-' ? strchr(text, '\n') : strstr(text + 2, "*/");

	if (!end)
		return source->len;
	return (size_t)(end - source->text) + (text[0] == '-' ? 0 : 2);
}

static size_t run_end(const struct source *source, size_t at, bool (*belongs)(char c))
{
	while (at < source->len && belongs(source->text[at]))
		at++;
	return at;
}

bool token_next(const struct source *source, size_t *at, size_t end, struct token *token)
{
	const char *text = source->text;

	while (*at < end && isspace((unsigned char)text[*at]))
		(*at)++;
	token->from = *at;
	token->kind = TOKEN_OTHER;
	token->to = *at + 1;
	if (*at >= end) {
		token->kind = TOKEN_END;
		token->to = *at;
	} else if ((text[*at] == '-' && text[*at + 1] == '-') || (text[*at] == '/' && text[*at + 1] == '*')) {
		token->kind = TOKEN_COMMENT;
		token->to = comment_end(source, *at);
	} else if (text[*at] == '\'') {
		token->kind = TOKEN_STRING;
		token->to = quoted_end(source, *at, '\'');
	} else if (text[*at] == '"') {
		token->kind = TOKEN_QUOTED;
		token->to = quoted_end(source, *at, '"');
	} else if (text[*at] == '$' && isdigit((unsigned char)text[*at + 1])) {
		token->kind = TOKEN_PARAM;
		token->to = run_end(source, *at + 1, word_char);
	} else if (text[*at] == ':' && text[*at + 1] == ':') {
		token->kind = TOKEN_CAST;
		token->to = *at + 2;
	} else if (word_char(text[*at])) {
		token->kind = isdigit((unsigned char)text[*at]) ? TOKEN_NUMBER : TOKEN_WORD;
		token->to = run_end(source, *at, word_char);
	}
	*at = token->to;
	return token->kind != TOKEN_END;
}

bool token_is(const struct source *source, const struct token *token, const char *word)
{
	size_t len = strlen(word);

	return token->to - token->from == len && strncasecmp(source->text + token->from, word, len) == 0;
}

void text_parens(const struct source *source, size_t at, size_t *from, size_t *to)
{
	struct token token;
	int depth = 0;
	size_t begin = at;

	while (token_next(source, &at, source->len, &token)) {
		if (token.kind != TOKEN_OTHER)
			continue;
		if (source->text[token.from] == '(' && depth++ == 0)
			*from = token.to;
		if (source->text[token.from] == ')' && --depth == 0) {
			*to = token.from;
			return;
		}
	}
	fail(source, begin, "no matching parentheses here");
}

size_t text_after_word(const struct source *source, size_t at, size_t end, const char *word)
{
	struct token token;
	size_t begin = at;

	while (token_next(source, &at, end, &token))
		if (token.kind == TOKEN_WORD && token_is(source, &token, word))
			return token.to;
	fail(source, begin, "no %s here", word);
}

static struct rc_str token_text(const struct source *source, const struct token *token)
{
	return (struct rc_str){source->text + token->from, token->to - token->from};
}

/* PostgreSQL's type words are known to follow a cast: one word, and "(…)" or "[]" is not used by the types we have. */
static void skip_cast(const struct source *source, size_t *at, size_t end)
{
	struct token token;

	if (!token_next(source, at, end, &token) || token.kind != TOKEN_WORD)
		fail(source, *at, "a type name must follow ::");
}

static void put_param(struct buf *out, const struct source *source, const struct token *token,
		      const struct text_style *style)
{
	struct rc_str digits = {source->text + token->from + 1, token->to - token->from - 1};
	int64_t n = 0;

	if (style->dialect == RC_SQLITE || !style->query) {
		buf_append_char(out, style->dialect == RC_SQLITE ? '?' : '$');
		buf_append_str(out, digits);
		return;
	}
	if (rc_str_to_i64(digits, &n) || n < 1 || n > style->query->param_count)
		fail(source, token->from, "%s: this parameter is not in its params", style->query->name);
	if (style->dialect == RC_POSTGRES) {
		buf_printf(out, "$%d::%s", (int)n, postgres_type(style->query->params[n - 1].type));
		return;
	}
	if (*style->bind_count == BINDS_MAX)
		fail(source, token->from, "%s: at most %d places for parameters", style->query->name, BINDS_MAX);
	style->binds[(*style->bind_count)++] = (uint8_t)(n - 1);
	buf_printf(out, style->query->params[n - 1].type == RC_TIMESTAMP ? "CAST(? AS DATETIME(6))" : "?");
}

/* The one star of `SELECT *` and `SELECT t.*`: the columns by name, so that one added by hand changes nothing. */
static void put_star(struct buf *out, const struct source *source, const struct token *token,
		     const struct text_style *style)
{
	const struct table *table = style->query->table;
	size_t dot = token->from;
	struct rc_str owner = {NULL, 0};

	if (dot > 0 && source->text[dot - 1] == '.') {
		size_t begin = dot - 1;

		while (begin > 0 && word_char(source->text[begin - 1]))
			begin--;
		owner = (struct rc_str){source->text + begin, dot - begin};
	}
	for (uint32_t i = 0; i < table->column_count; i++)
		buf_printf(out, "%s%.*s%s", i ? ", " : "", i ? (int)owner.len : 0, owner.len ? owner.ptr : "",
			   text_name(source->arena, style->dialect, table->columns[i].name));
}

/* A word that names something and means something else to MariaDB, which reserves more than PostgreSQL. */
static void put_word(struct buf *out, const struct source *source, const struct token *token,
		     const struct text_style *style)
{
	struct rc_str text = token_text(source, token);
	const char *word = rc_arena_copy(source->arena, text).ptr;

	if (style->prefix && table_column(style->table, word) >= 0)
		buf_printf(out, "%s.%s", style->prefix,
			   style->dialect == RC_MARIADB ? text_name(source->arena, RC_MARIADB, word) : word);
	else if (style->dialect == RC_MARIADB && style->schema && schema_names(style->schema, word) &&
		 mariadb_reserves(word))
		buf_printf(out, "`%s`", word);
	else
		buf_append_str(out, text);
}

static void put_quoted(struct buf *out, const struct source *source, const struct token *token,
		       const struct text_style *style)
{
	struct rc_str text = token_text(source, token);

	if (style->dialect != RC_MARIADB) {
		buf_append_str(out, text);
		return;
	}
	if (memchr(text.ptr, '\\', text.len) || memchr(text.ptr, '`', text.len))
		fail(source, token->from, "a backslash or ` here means something else to MariaDB");
	if (token->kind == TOKEN_QUOTED)
		buf_printf(out, "`%.*s`", (int)text.len - 2, text.ptr + 1);
	else
		buf_append_str(out, text);
}

static void put_token(struct buf *out, const struct source *source, const struct token *token,
		      const struct text_style *style, bool *starred)
{
	char c = source->text[token->from];

	if (token->kind == TOKEN_PARAM) {
		put_param(out, source, token, style);
	} else if (token->kind == TOKEN_WORD) {
		put_word(out, source, token, style);
	} else if (token->kind == TOKEN_QUOTED || token->kind == TOKEN_STRING) {
		put_quoted(out, source, token, style);
	} else if (c == '*' && style->query && style->query->table && style->dialect != RC_SQLITE && !*starred) {
		put_star(out, source, token, style);
		*starred = true;
	} else if (token->kind != TOKEN_COMMENT) {
		if (style->dialect == RC_MARIADB && c == '|' && source->text[token->to] == '|')
			fail(source, token->from, "|| is OR in MariaDB; write concat()");
		buf_append_str(out, token_text(source, token));
	}
}

const char *text_sql(const struct source *source, size_t from, size_t to, const struct text_style *style)
{
	struct buf out = BUF_INIT;
	struct token token;
	size_t at = from, last = from;
	bool starred = false;
	const char *copy;

	while (token_next(source, &at, to, &token)) {
		if (token.kind == TOKEN_CAST && style->dialect != RC_POSTGRES) {
			skip_cast(source, &at, to);
			last = at;
			continue;
		}
		if (out.len && token.from > last && token.kind != TOKEN_CAST)
			buf_append_char(&out, ' ');
		last = token.to;
		put_token(&out, source, &token, style, &starred);
	}
	copy = rc_arena_copy(source->arena, buf_str(&out)).ptr;
	buf_release(&out);
	return copy;
}

const char *text_sqlite(const struct source *source, size_t from, size_t to, const struct table *table,
			const char *prefix)
{
	return text_sql(source, from, to, &(struct text_style){.dialect = RC_SQLITE, .table = table, .prefix = prefix});
}

const char *text_quote(struct rc_arena *arena, const char *identifier)
{
	if (!sqlite3_keyword_check(identifier, (int)strlen(identifier)))
		return identifier;
	return rc_arena_printf(arena, "\"%s\"", identifier);
}

const char *text_upper(struct rc_arena *arena, const char *name)
{
	char *upper = rc_arena_printf(arena, "%s", name);

	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return upper;
}

/* As a name of this engine. MariaDB's are always quoted; PostgreSQL's where its own parser wants it. */
const char *text_name(struct rc_arena *arena, enum rc_dialect dialect, const char *identifier)
{
	PgQueryParseResult result;
	bool plain;

	if (dialect == RC_SQLITE)
		return text_quote(arena, identifier);
	if (dialect == RC_MARIADB)
		return rc_arena_printf(arena, "`%s`", identifier);
	result = pg_query_parse(rc_arena_printf(arena, "CREATE TABLE %s (%s int)", identifier, identifier));
	plain = !result.error && strspn(identifier, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(identifier);
	pg_query_free_parse_result(result);
	return plain ? identifier : rc_arena_printf(arena, "\"%s\"", identifier);
}

static struct rc_str trimmed(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return (struct rc_str){from, (size_t)(to - from)};
}

void text_notes(const struct source *source, size_t at, const char **note, const char **directive)
{
	const char *line_end = strchrnul(source->text + at, '\n');
	struct token token;
	struct rc_str text;

	*note = *directive = NULL;
	while (token_next(source, &at, (size_t)(line_end - source->text), &token)) {
		if (token.kind != TOKEN_COMMENT || source->text[token.from] != '-')
			continue;
		text = trimmed(source->text + token.from + 2, line_end);
		if (rc_str_starts(text, RC_STR("rowgen:"))) {
			text = trimmed(text.ptr + 7, line_end);
			*directive = rc_arena_copy(source->arena, text).ptr;
		} else {
			*note = rc_arena_copy(source->arena, text).ptr;
		}
		return;
	}
}

const char *text_note_above(const struct source *source, size_t at)
{
	struct buf out = BUF_INIT;
	size_t first = at;
	const char *copy = NULL;

	/* Walk up while the line above is a comment, then down again. */
	while (first > 0 && source->text[first - 1] != '\n')
		first--;
	at = first;
	while (first > 0) {
		size_t line = first - 1;

		while (line > 0 && source->text[line - 1] != '\n')
			line--;
		if (strncmp(source->text + line, "--", 2) != 0)
			break;
		first = line;
	}
	for (const char *line = source->text + first; line < source->text + at;) {
		const char *end = strchrnul(line, '\n');
		struct rc_str text = trimmed(line + 2, end);

		line = end + 1;
		if (rc_str_starts(text, RC_STR("rowgen:")) || rc_str_starts(text, RC_STR("name:")) ||
		    rc_str_starts(text, RC_STR("params:")) || rc_str_starts(text, RC_STR("mariadb:")))
			continue;
		if (out.len)
			buf_append(&out, "\n * ", 4);
		buf_append_str(&out, text);
	}
	if (out.len)
		copy = rc_arena_copy(source->arena, buf_str(&out)).ptr;
	buf_release(&out);
	return copy;
}
