/*
 * What a migration may not do to a table that is large and in use: wait for every row of it under a lock. Refused are
 * the statements that do, outside the first migration (whose tables are empty) and for tables that the migration itself
 * makes; a line above a statement allows it:
 *
 *   -- rowgen: locks TABLE because REASON
 *
 * PostgreSQL's statements are read by its own parser; MariaDB's are tokens. Only ways up are looked at: a way down is
 * for emergencies. What a DO block or a procedure does is not seen.
 */
#include "rowcast/orm/rowgen/rowgen.h"

#define NAMES_MAX 256

struct lint {
	struct source source;
	size_t begin, at, end; /* the statement: with the comments above it, its first word, its end */
	const char *made[NAMES_MAX], *added[NAMES_MAX]; /* tables; constraints that are NOT VALID yet */
	const char *proven[NAMES_MAX];                  /* tables with a VALIDATE in this migration */
	uint32_t made_count, added_count, proven_count;
};

static bool noted(const char *const *names, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void note(const struct lint *lint, const char **names, uint32_t *count, const char *name)
{
	if (*count == NAMES_MAX)
		fail(&lint->source, lint->at, "a migration makes at most %d tables and constraints", NAMES_MAX);
	names[(*count)++] = name;
}

/* Finds the statement's first word behind its comments. */
static void statement_at(struct lint *lint, size_t begin, size_t end)
{
	struct token token;
	size_t at = begin;

	lint->begin = lint->at = begin;
	lint->end = end;
	while (token_next(&lint->source, &at, end, &token)) {
		lint->at = token.from;
		if (token.kind != TOKEN_COMMENT)
			return;
	}
}

/* The line above: rowgen: locks TABLE because REASON */
static bool allowed(const struct lint *lint, const char *table)
{
	static const char lead[] = "-- rowgen: locks ";
	struct token token;
	size_t at = lint->begin;

	while (token_next(&lint->source, &at, lint->at, &token)) {
		struct rc_str text = {lint->source.text + token.from, token.to - token.from}, name;

		if (!rc_str_starts(text, rc_str_from(lead)))
			continue;
		text = (struct rc_str){text.ptr + sizeof(lead) - 1, text.len - (sizeof(lead) - 1)};
		name = rc_str_cut(&text, ' ');
		if (!rc_str_starts(text, RC_STR("because ")) || text.len < sizeof("because "))
			fail(&lint->source, token.from, "write: -- rowgen: locks TABLE because REASON");
		if (rc_str_is(name, table))
			return true;
	}
	return false;
}

static void refuse(const struct lint *lint, const char *table, const char *what, const char *instead)
{
	if (noted(lint->made, lint->made_count, table) || allowed(lint, table))
		return;
	fail(&lint->source, lint->at,
	     "%s locks %s for as long as it has rows; %s (or above the statement: -- rowgen: locks %s because REASON)",
	     what, table, instead, table);
}

/* PostgreSQL */

static const char *relation_name(const struct lint *lint, const json_t *node)
{
	const char *name = member(&lint->source, json_object_get(node, "relation"), "relname");

	return name ? name : "";
}

static bool is_type(const json_t *node, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(node, key));

	return text && strcmp(text, value) == 0;
}

/* now() and its like are the same for all rows: they are computed once and kept in the catalog. */
static bool calls_per_row(const struct lint *lint, const json_t *constraint)
{
	const json_t *call = json_object_get(json_object_get(constraint, "raw_expr"), "FuncCall");
	const json_t *names = json_object_get(call, "funcname");

	return call && strcmp(str_value(&lint->source, json_array_get(names, json_array_size(names) - 1)), "now") != 0;
}

static const char not_null[] = "add it with a DEFAULT, or without NOT NULL; then fill it, and set NOT NULL later";
static const char not_valid[] = "ADD CONSTRAINT ... NOT VALID here, VALIDATE CONSTRAINT in the next migration";
static const char unique[] = "first, by hand, CREATE UNIQUE INDEX CONCURRENTLY while the program runs, then here "
			     "ADD CONSTRAINT ... UNIQUE USING INDEX";

static void lint_column(const struct lint *lint, const char *table, const json_t *column)
{
	bool wanted = false, given = false;
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(column, "constraints"), i, item)
	{
		const json_t *c = json_object_get(item, "Constraint");

		if (is_type(c, "contype", "CONSTR_DEFAULT") && calls_per_row(lint, c))
			refuse(lint, table, "ADD COLUMN with a DEFAULT that is computed for each row",
			       "add it without the DEFAULT, set the DEFAULT, then fill it in parts");
		if (is_type(c, "contype", "CONSTR_IDENTITY") || is_type(c, "contype", "CONSTR_GENERATED"))
			refuse(lint, table, "ADD COLUMN with a value that is computed for each row",
			       "add a plain column and fill it in parts");
		if (is_type(c, "contype", "CONSTR_UNIQUE") || is_type(c, "contype", "CONSTR_PRIMARY"))
			refuse(lint, table, "ADD COLUMN with UNIQUE or PRIMARY KEY", unique);
		if (is_type(c, "contype", "CONSTR_FOREIGN") || is_type(c, "contype", "CONSTR_CHECK"))
			refuse(lint, table, "ADD COLUMN with REFERENCES or CHECK", not_valid);
		wanted = wanted || is_type(c, "contype", "CONSTR_NOTNULL");
		given = given || is_type(c, "contype", "CONSTR_DEFAULT");
	}
	if (wanted && !given)
		refuse(lint, table, "ADD COLUMN NOT NULL without DEFAULT", not_null);
}

static void lint_constraint(struct lint *lint, const char *table, const json_t *c)
{
	const char *name = member(&lint->source, c, "conname");
	bool later = json_is_true(json_object_get(c, "skip_validation"));

	if (later && name)
		note(lint, lint->added, &lint->added_count, name);
	else if (is_type(c, "contype", "CONSTR_FOREIGN"))
		refuse(lint, table, "ADD FOREIGN KEY without NOT VALID", not_valid);
	else if (is_type(c, "contype", "CONSTR_CHECK"))
		refuse(lint, table, "ADD CHECK without NOT VALID", not_valid);
	else if (is_type(c, "contype", "CONSTR_EXCLUSION"))
		refuse(lint, table, "ADD EXCLUDE",
		       "PostgreSQL has no way to build it beside writers: do it in a pause");
	else if (!json_object_get(c, "indexname"))
		refuse(lint, table, "ADD UNIQUE or PRIMARY KEY", unique);
}

static void lint_command(struct lint *lint, const char *table, const json_t *command)
{
	const json_t *def = json_object_get(command, "def");
	const char *name = member(&lint->source, command, "name");

	if (is_type(command, "subtype", "AT_AddColumn"))
		lint_column(lint, table, json_object_get(def, "ColumnDef"));
	if (is_type(command, "subtype", "AT_AddConstraint"))
		lint_constraint(lint, table, json_object_get(def, "Constraint"));
	if (is_type(command, "subtype", "AT_AlterColumnType"))
		refuse(lint, table, "ALTER COLUMN TYPE writes every row anew and",
		       "add a column of the new type, fill it in parts, and drop the old one in a later migration");
	if (is_type(command, "subtype", "AT_SetNotNull") && !noted(lint->proven, lint->proven_count, table))
		refuse(lint, table, "SET NOT NULL",
		       "ADD CONSTRAINT ... CHECK (... IS NOT NULL) NOT VALID here; in the next migration VALIDATE it, "
		       "SET "
		       "NOT NULL and drop it");
	if (is_type(command, "subtype", "AT_ValidateConstraint") && name) {
		if (noted(lint->added, lint->added_count, name))
			refuse(lint, table, "VALIDATE CONSTRAINT in the transaction that added it",
			       "the lock of ADD is held until the commit: VALIDATE it in the next migration");
		note(lint, lint->proven, &lint->proven_count, table);
	}
}

static bool has_option(const json_t *options, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(options, i,
			   item) if (is_type(json_object_get(item, "DefElem"), "defname", name)) return true;
	return false;
}

static void lint_maintenance(struct lint *lint, const json_t *node)
{
	const json_t *vacuum = json_object_get(node, "VacuumStmt"), *item;
	const json_t *lock = json_object_get(node, "LockStmt"), *cluster = json_object_get(node, "ClusterStmt");
	const json_t *reindex = json_object_get(node, "ReindexStmt");
	size_t i;

	if (vacuum && has_option(json_object_get(vacuum, "options"), "full")) {
		item = json_array_get(json_object_get(vacuum, "rels"), 0);
		item = item ? json_object_get(item, "VacuumRelation") : NULL;
		refuse(lint, relation_name(lint, item), "VACUUM FULL", "it is not a migration's: run it in a pause");
	}
	if (cluster)
		refuse(lint, relation_name(lint, cluster), "CLUSTER", "it is not a migration's: run it in a pause");
	if (reindex)
		refuse(lint, relation_name(lint, reindex), "REINDEX",
		       "run REINDEX ... CONCURRENTLY by hand while the program runs");
	json_array_foreach(json_object_get(lock, "relations"), i, item)
		refuse(lint, member(&lint->source, json_object_get(item, "RangeVar"), "relname"), "LOCK TABLE",
		       "leave it out: each statement takes the lock that it needs");
}

static void lint_postgres(struct lint *lint)
{
	json_t *tree = source_parse(&lint->source), *statement, *item;
	size_t i, k;

	json_array_foreach(json_object_get(tree, "stmts"), i, statement)
	{
		const json_t *node = json_object_get(statement, "stmt");
		const json_t *alter = json_object_get(node, "AlterTableStmt");
		const json_t *index = json_object_get(node, "IndexStmt");
		size_t begin = (size_t)json_integer_value(json_object_get(statement, "stmt_location"));
		size_t len = (size_t)json_integer_value(json_object_get(statement, "stmt_len"));

		statement_at(lint, begin, len ? begin + len : lint->source.len);
		if (json_object_get(node, "CreateStmt"))
			note(lint, lint->made, &lint->made_count,
			     relation_name(lint, json_object_get(node, "CreateStmt")));
		if (index && json_is_true(json_object_get(index, "concurrent")))
			fail(&lint->source, lint->at,
			     "a migration is one transaction, and CREATE INDEX CONCURRENTLY cannot run inside one; run "
			     "it "
			     "by hand while the program runs, and write here CREATE INDEX IF NOT EXISTS below the line "
			     "-- rowgen: locks %s because it is made beforehand",
			     relation_name(lint, index));
		if (index)
			refuse(lint, relation_name(lint, index), "CREATE INDEX",
			       "run CREATE INDEX CONCURRENTLY by hand while the program runs, and write here CREATE "
			       "INDEX IF NOT EXISTS, which finds it made");
		json_array_foreach(json_object_get(alter, "cmds"), k, item)
			lint_command(lint, relation_name(lint, alter), json_object_get(item, "AlterTableCmd"));
		lint_maintenance(lint, node);
	}
	json_decref(tree);
}

/* MariaDB */

/* Whether `words` ("NOT NULL") stand in [from, to), outside of parentheses. */
static bool says(const struct lint *lint, size_t from, size_t to, const char *words)
{
	struct rc_str rest = rc_str_from(words), word = rc_str_cut(&rest, ' ');
	struct token token;
	int depth = 0;

	while (token_next(&lint->source, &from, to, &token)) {
		char c = lint->source.text[token.from];

		depth += token.kind == TOKEN_OTHER && c == '(' ? 1 : token.kind == TOKEN_OTHER && c == ')' ? -1 : 0;
		if (token.kind == TOKEN_COMMENT || depth > 0 || c == ')')
			continue;
		if (!rc_str_eq_nocase((struct rc_str){lint->source.text + token.from, token.to - token.from}, word)) {
			rest = rc_str_from(words);
			word = rc_str_cut(&rest, ' ');
			continue;
		}
		if (!rest.len)
			return true;
		word = rc_str_cut(&rest, ' ');
	}
	return false;
}

/* One of ALTER TABLE's clauses, between commas. `online`: the statement says LOCK=NONE, so the server itself refuses. */
static void lint_clause(const struct lint *lint, const char *table, size_t from, size_t to, bool online)
{
	static const char none[] =
		"say LOCK=NONE, so that the server refuses rather than locks, where it can do without";
	struct token first = {0}, second = {0};
	size_t at = from;

	while (token_next(&lint->source, &at, to, &first) && first.kind == TOKEN_COMMENT)
		;
	(void)token_next(&lint->source, &at, to, &second);
	if (token_is(&lint->source, &first, "add") && !says(lint, from, to, "foreign key") &&
	    !token_is(&lint->source, &second, "constraint") && says(lint, from, to, "not null") &&
	    !says(lint, from, to, "default") && !says(lint, from, to, "as"))
		refuse(lint, table, "ADD COLUMN NOT NULL without DEFAULT", not_null);
	if (online)
		return;
	if (token_is(&lint->source, &first, "add") && says(lint, from, to, "foreign key"))
		refuse(lint, table, "ADD FOREIGN KEY",
		       "MariaDB has no NOT VALID: do it in a pause, after a look for rows that break it");
	else if (token_is(&lint->source, &first, "add") && says(lint, from, to, "check"))
		refuse(lint, table, "ADD CHECK",
		       "MariaDB has no NOT VALID: do it in a pause, after a look for rows that break it");
	else if (token_is(&lint->source, &first, "modify") || token_is(&lint->source, &first, "change"))
		refuse(lint, table, "MODIFY and CHANGE may write every row anew: it", none);
	else if (says(lint, from, to, "primary key") || token_is(&lint->source, &first, "convert") ||
		 token_is(&lint->source, &first, "force") || token_is(&lint->source, &first, "engine"))
		refuse(lint, table, "This writes every row anew and", none);
}

/* The name, without its quotes. */
static const char *name_at(const struct lint *lint, size_t *at)
{
	const char *text = lint->source.text;
	struct token token;
	size_t from;

	if (!token_next(&lint->source, at, lint->end, &token))
		return "";
	if (text[token.from] != '`')
		return rc_arena_printf(lint->source.arena, "%.*s", (int)(token.to - token.from), text + token.from);
	from = token.to;
	while (*at < lint->end && text[*at] != '`')
		++*at;
	++*at;
	return rc_arena_printf(lint->source.arena, "%.*s", (int)(*at - 1 - from), text + from);
}

static void lint_alter(const struct lint *lint, size_t at)
{
	const char *table = name_at(lint, &at);
	bool online = says(lint, at, lint->end, "lock = none") || says(lint, at, lint->end, "algorithm = instant") ||
		      says(lint, at, lint->end, "algorithm = nocopy");
	size_t from = at;
	struct token token;
	int depth = 0;

	while (token_next(&lint->source, &at, lint->end, &token)) {
		char c = lint->source.text[token.from];

		if (token.kind != TOKEN_OTHER)
			continue;
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (c != ',' || depth)
			continue;
		lint_clause(lint, table, from, token.from, online);
		from = token.to;
	}
	lint_clause(lint, table, from, lint->end, online);
}

static void lint_mariadb_statement(struct lint *lint)
{
	struct token first = {0}, second = {0};
	size_t at = lint->at;

	(void)token_next(&lint->source, &at, lint->end, &first);
	(void)token_next(&lint->source, &at, lint->end, &second);
	if (token_is(&lint->source, &first, "create") && token_is(&lint->source, &second, "table"))
		note(lint, lint->made, &lint->made_count, name_at(lint, &at));
	else if (token_is(&lint->source, &first, "alter") && token_is(&lint->source, &second, "table"))
		lint_alter(lint, at);
	else if (token_is(&lint->source, &first, "lock") || token_is(&lint->source, &first, "optimize"))
		refuse(lint, name_at(lint, &at), "LOCK or OPTIMIZE TABLE", "it is not a migration's: leave it out");
}

/* Statements up to ";". Between DELIMITER lines there are only triggers and procedures, which lock nothing for long. */
static void lint_mariadb(struct lint *lint)
{
	const struct source *source = &lint->source;
	struct token token;
	size_t at = 0, begin = 0;
	bool bodies = false;

	while (token_next(source, &at, source->len, &token)) {
		if (token.kind == TOKEN_WORD && token_is(source, &token, "delimiter") &&
		    (token.from == 0 || source->text[token.from - 1] == '\n')) {
			const char *line = strchrnul(source->text + token.to, '\n');

			bodies = strncmp(source->text + token.to, " ;", 2) != 0;
			begin = at = (size_t)(line - source->text);
		} else if (!bodies && token.kind == TOKEN_OTHER && source->text[token.from] == ';') {
			statement_at(lint, begin, token.from);
			lint_mariadb_statement(lint);
			begin = token.to;
		}
	}
}

void lint_migration(const char *path, const char *up, enum rc_dialect dialect, struct rc_arena *arena)
{
	struct lint *lint = RC_ARENA_ARRAY(arena, struct lint, 1);

	*lint = (struct lint){
		.source = {.path = path, .text = rc_arena_printf(arena, "%s", up), .len = strlen(up), .arena = arena}};
	if (dialect == RC_POSTGRES)
		lint_postgres(lint);
	if (dialect == RC_MARIADB)
		lint_mariadb(lint);
}
