#include "rowcast/feed/mariadb/query.h"

#include <stdio.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_TEXT, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct rc_str text; /* without quotes; quotes inside stay doubled: such a name is none of ours */
};

struct reader {
	struct rc_str rest;
	struct token now;
};

static bool is_word(unsigned char c)
{
	return c >= 0x80 || c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static void skip(struct rc_str *text, size_t count)
{
	count = count < text->len ? count : text->len;
	text->ptr += count;
	text->len -= count;
}

/* Behind the next `end`. */
static void skip_to(struct rc_str *text, const char *end)
{
	const char *found = text->len ? memmem(text->ptr, text->len, end, strlen(end)) : NULL;

	skip(text, found ? (size_t)(found - text->ptr) + strlen(end) : text->len);
}

/* Blanks and comments; what stands in an executable comment is text like other. */
static void skip_blank(struct rc_str *text)
{
	for (;;) {
		if (text->len == 0)
			return;
		if ((unsigned char)*text->ptr <= ' ')
			skip(text, 1);
		else if (rc_str_starts(*text, RC_STR("/*!")) || rc_str_starts(*text, RC_STR("/*M!"))) {
			skip(text, text->ptr[2] == '!' ? 3 : 4);
			while (text->len && *text->ptr >= '0' && *text->ptr <= '9')
				skip(text, 1);
		} else if (rc_str_starts(*text, RC_STR("/*")))
			skip_to(text, "*/");
		else if (rc_str_starts(*text, RC_STR("*/")))
			skip(text, 2);
		else if (*text->ptr == '#' || rc_str_starts(*text, RC_STR("-- ")))
			skip_to(text, "\n");
		else
			return;
	}
}

/* `rest` begins with the quote. */
static struct rc_str read_quoted(struct rc_str *rest, bool escapes)
{
	char quote = *rest->ptr;
	size_t i = 1;
	struct rc_str text;

	for (; i < rest->len; i++) {
		if (escapes && rest->ptr[i] == '\\')
			i++;
		else if (rest->ptr[i] == quote && (i + 1 == rest->len || rest->ptr[i + 1] != quote))
			break;
		else if (rest->ptr[i] == quote)
			i++;
	}
	if (i > rest->len)
		i = rest->len;
	text = (struct rc_str){rest->ptr + 1, i - 1};
	skip(rest, i + 1);
	return text;
}

static const struct token *next(struct reader *reader)
{
	struct rc_str *rest = &reader->rest;
	size_t len = 0;

	skip_blank(rest);
	reader->now = (struct token){TOKEN_END, RC_STR_NONE};
	if (rest->len == 0)
		return &reader->now;
	switch (*rest->ptr) {
	case '`':
	case '"': /* a name where sql_mode has ANSI_QUOTES; taken for one always */
		reader->now = (struct token){TOKEN_QUOTED, read_quoted(rest, false)};
		return &reader->now;
	case '\'':
		reader->now = (struct token){TOKEN_TEXT, read_quoted(rest, true)};
		return &reader->now;
	}
	while (len < rest->len && is_word((unsigned char)rest->ptr[len]))
		len++;
	reader->now = (struct token){len ? TOKEN_WORD : TOKEN_SIGN, {rest->ptr, len ? len : 1}};
	skip(rest, reader->now.text.len);
	return &reader->now;
}

static bool is(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && rc_str_eq_nocase(token->text, rc_str_from(word));
}

static bool is_one_of(const struct token *token, const char *const *words)
{
	for (; *words; words++) {
		if (is(token, *words))
			return true;
	}
	return false;
}

static bool is_sign(const struct token *token, char sign)
{
	return token->kind == TOKEN_SIGN && *token->text.ptr == sign;
}

static bool is_name(const struct token *token)
{
	return token->kind == TOKEN_WORD || token->kind == TOKEN_QUOTED;
}

static const struct rc_model *captured(const struct images *images, struct rc_str name)
{
	for (uint32_t i = 0; i < images->table_count; i++) {
		const struct rc_model *model = images->tables[i].model;

		if (model != &image_mark_model && model != &image_meta_model &&
		    rc_str_eq_nocase(name, rc_str_from(model->table)))
			return model;
	}
	return NULL;
}

/* The captured table that is named from here on, taken for ours unless another database stands in front of it. */
static const struct rc_model *mentions(const struct images *images, struct reader reader, struct rc_str database)
{
	struct rc_str before = database, last = RC_STR_NONE;
	const struct rc_model *model;

	for (; reader.now.kind != TOKEN_END; next(&reader)) {
		if (is_sign(&reader.now, '.')) {
			before = last;
			continue;
		}
		if (is_name(&reader.now)) {
			model = captured(images, reader.now.text);
			if (model && rc_str_eq_nocase(before, images->database))
				return model;
			last = reader.now.text;
		}
		before = database;
	}
	return NULL;
}

static bool mentions_database(const struct images *images, struct reader reader)
{
	for (; reader.now.kind != TOKEN_END; next(&reader)) {
		if (is_name(&reader.now) && rc_str_eq_nocase(reader.now.text, images->database))
			return true;
	}
	return false;
}

static bool in_model(const struct rc_model *model, struct rc_str name)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (rc_str_eq_nocase(name, rc_str_from(model->columns[i].name)))
			return true;
	}
	return false;
}

static void skip_words(struct reader *reader, const char *const *words)
{
	while (is_one_of(&reader->now, words))
		next(reader);
}

/* One clause of ALTER TABLE on the table of `model`; the reader stands on its first word. */
static bool clause_is_harmless(const struct rc_model *model, struct reader *reader)
{
	static const char *const nothing[] = {"COMMENT", "AUTO_INCREMENT", "ALTER", "ALGORITHM", "LOCK", "FORCE", NULL};
	static const char *const rules[] = {"INDEX",   "KEY",        "UNIQUE",  "FULLTEXT", "SPATIAL",
					    "PRIMARY", "CONSTRAINT", "FOREIGN", "CHECK",    NULL};
	static const char *const others[] = {"PARTITION", "PERIOD", "SYSTEM", NULL};
	static const char *const column[] = {"COLUMN", "IF", "NOT", "EXISTS", NULL};

	if (is_one_of(&reader->now, nothing))
		return true;
	if (is(&reader->now, "RENAME")) {
		next(reader);
		return is(&reader->now, "INDEX") || is(&reader->now, "KEY");
	}
	if (!is(&reader->now, "ADD") && !is(&reader->now, "DROP"))
		return false;
	next(reader);
	if (is_one_of(&reader->now, rules))
		return true;
	if (is_one_of(&reader->now, others))
		return false;
	skip_words(reader, column);
	return is_name(&reader->now) && !in_model(model, reader->now.text);
}

/* To the comma behind a clause, or the end. False: ON DELETE CASCADE and the like, whose rows are in no log. */
static bool skip_clause(struct reader *reader)
{
	int depth = 0;

	while (reader->now.kind != TOKEN_END && !(depth == 0 && is_sign(&reader->now, ','))) {
		bool on = is(&reader->now, "DELETE") || is(&reader->now, "UPDATE");

		depth += is_sign(&reader->now, '(') - is_sign(&reader->now, ')');
		next(reader);
		if (on && (is(&reader->now, "CASCADE") || is(&reader->now, "SET")))
			return false;
	}
	return true;
}

/* The reader stands behind the table's name. */
static bool alter_is_harmless(const struct rc_model *model, struct reader *reader)
{
	for (;;) {
		if (!clause_is_harmless(model, reader) || !skip_clause(reader))
			return false;
		if (reader->now.kind == TOKEN_END)
			return true;
		next(reader);
	}
}

static enum query_means breaks(char why[256], const char *what, const struct rc_model *model)
{
	snprintf(why, 256, "%s%s%s", what, model ? " " : "", model ? model->table : "");
	return QUERY_BREAKS;
}

static enum query_means judge_alter(const struct images *images, struct reader *reader, struct rc_str database,
				    char why[256])
{
	static const char *const before[] = {"ONLINE", "IGNORE", "TABLE", "IF", "EXISTS", NULL};
	static const char *const database_words[] = {"DATABASE", "SCHEMA", NULL};
	const struct rc_model *model, *any = mentions(images, *reader, database);
	struct rc_str name;

	if (is_one_of(&reader->now, database_words) || !any)
		return QUERY_NOTHING;
	if (!is(&reader->now, "ONLINE") && !is(&reader->now, "IGNORE") && !is(&reader->now, "TABLE"))
		return QUERY_NOTHING; /* a view, a user, a sequence … */
	skip_words(reader, before);
	name = reader->now.text;
	next(reader);
	if (is_sign(&reader->now, '.')) {
		database = name;
		name = next(reader)->text;
		next(reader);
	}
	model = rc_str_eq_nocase(database, images->database) ? captured(images, name) : NULL;
	if (model)
		return alter_is_harmless(model, reader) ? QUERY_NOTHING : breaks(why, "somebody altered table", model);
	/* Another table that takes the name or the rows of ours, or only points to it. */
	return is(&reader->now, "ADD") ? QUERY_NOTHING
				       : breaks(why, "somebody altered a table that has to do with", any);
}

static enum query_means judge_drop(const struct images *images, struct reader *reader, struct rc_str database,
				   char why[256])
{
	const struct rc_model *model;

	if (is(&reader->now, "DATABASE") || is(&reader->now, "SCHEMA"))
		return mentions_database(images, *reader) ? breaks(why, "somebody dropped the database", NULL)
							  : QUERY_NOTHING;
	if (!is(&reader->now, "TABLE"))
		return QUERY_NOTHING; /* an index, a trigger, a temporary table */
	model = mentions(images, *reader, database);
	return model ? breaks(why, "somebody dropped table", model) : QUERY_NOTHING;
}

static enum query_means judge_create(const struct images *images, struct reader *reader, struct rc_str database,
				     char why[256])
{
	const struct rc_model *model;

	if (!is(&reader->now, "OR"))
		return QUERY_NOTHING;
	next(reader);
	next(reader);
	if (!is(&reader->now, "TABLE"))
		return QUERY_NOTHING;
	model = mentions(images, *reader, database);
	return model ? breaks(why, "somebody replaced table", model) : QUERY_NOTHING;
}

static enum query_means judge_table(const struct images *images, struct reader *reader, struct rc_str database,
				    char why[256], const char *what)
{
	const struct rc_model *model = mentions(images, *reader, database);

	return model ? breaks(why, what, model) : QUERY_NOTHING;
}

static enum query_means judge_truncate(const struct images *images, struct reader *reader, struct rc_str database,
				       char why[256])
{
	return judge_table(images, reader, database, why, "somebody truncated table");
}

static enum query_means judge_rename(const struct images *images, struct reader *reader, struct rc_str database,
				     char why[256])
{
	return judge_table(images, reader, database, why, "somebody renamed table");
}

/* Triggers and functions hide what it did, so the whole database is meant. */
static enum query_means judge_rows(const struct images *images, struct reader *reader, struct rc_str database,
				   char why[256])
{
	if (!rc_str_eq_nocase(database, images->database) && !mentions_database(images, *reader))
		return QUERY_NOTHING;
	return breaks(why, "a session with binlog_format=STATEMENT changed rows, which are then not in the binlog",
		      NULL);
}

/* "ROLLBACK TO x" keeps the transaction open, but rows that were logged are undone. */
static enum query_means judge_rollback(const struct images *images, struct reader *reader, struct rc_str database,
				       char why[256])
{
	return reader->now.kind == TOKEN_END
		       ? QUERY_ROLLBACK
		       : breaks(why, "a transaction was undone in part after it was logged", NULL);
}

static enum query_means judge_commit(const struct images *images, struct reader *reader, struct rc_str database,
				     char why[256])
{
	return QUERY_COMMIT;
}

/* What stands in front of the statement that is run: SET STATEMENT a = 1, b = 2 FOR …; ANALYZE FORMAT = JSON … */
static void skip_before(struct reader *reader)
{
	static const char *const asks[] = {"ANALYZE", "FORMAT", "JSON", "TRADITIONAL", NULL};

	next(reader);
	if (is(&reader->now, "SET")) {
		struct reader behind = *reader;

		if (!is(next(&behind), "STATEMENT"))
			return;
		*reader = behind;
		while (reader->now.kind != TOKEN_END && !is(&reader->now, "FOR"))
			next(reader);
		next(reader);
	}
	while (is_one_of(&reader->now, asks) || is_sign(&reader->now, '='))
		next(reader);
}

enum query_means maria_query_judge(const struct images *images, const struct event_query *query, char why[256])
{
	static const struct {
		const char *word;
		enum query_means (*judge)(const struct images *images, struct reader *reader, struct rc_str database,
					  char why[256]);
	} first[] = {
		{"COMMIT", judge_commit}, {"ROLLBACK", judge_rollback}, {"TRUNCATE", judge_truncate},
		{"ALTER", judge_alter},   {"DROP", judge_drop},         {"CREATE", judge_create},
		{"RENAME", judge_rename}, {"INSERT", judge_rows},       {"UPDATE", judge_rows},
		{"DELETE", judge_rows},   {"REPLACE", judge_rows},      {"LOAD", judge_rows},
		{"CALL", judge_rows},     {"SELECT", judge_rows},       {"DO", judge_rows},
		{"WITH", judge_rows},     {"MERGE", judge_rows},
	};
	struct reader reader = {.rest = query->sql};

	skip_before(&reader);
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		if (is(&reader.now, first[i].word)) {
			next(&reader);
			return first[i].judge(images, &reader, query->database, why);
		}
	}
	return QUERY_NOTHING;
}
