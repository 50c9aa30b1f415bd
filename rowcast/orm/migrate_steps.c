/*
 * Migrations on MariaDB, where every DDL statement commits by itself: a migration is a row of steps. Its row of
 * rc_migration is written first and counts them (next_statement), so a migration that stopped, by an error or a crash,
 * goes on where it stopped when it is run again. A statement that changes rows commits together with the count; behind a
 * DDL statement the count is a commit of its own, and a crash just between them shows as a statement that finds its work
 * done ("already exists"): the fault then says how to go on.
 *
 * The lock is the session's (GET_LOCK), for it has to outlive those commits.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "rowcast/orm/db.h"
#include "rowcast/orm/migrate.h"

/* Behind the quote or comment that begins at `at`, or `at` when none does. */
static const char *skip_quoted(const char *at)
{
	const char *begin = at;

	if (*at == '#' || (at[0] == '-' && at[1] == '-' && (isspace((unsigned char)at[2]) || !at[2])))
		return strchrnul(at, '\n');
	if (at[0] == '/' && at[1] == '*') {
		const char *end = strstr(at + 2, "*/");

		return end ? end + 2 : at + strlen(at);
	}
	if (*at != '\'' && *at != '"' && *at != '`')
		return at;
	for (at++; *at && *at != *begin; at++)
		if (*at == '\\' && *begin != '`' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* Blanks, comments and DELIMITER lines before a statement. */
static void skip_gap(struct script *script)
{
	static const char word[] = "DELIMITER ";

	for (;;) {
		const char *at = script->at, *comment;

		while (isspace((unsigned char)*at))
			at++;
		if (strncasecmp(at, word, sizeof(word) - 1) == 0) {
			const char *end = strchrnul(at, '\n');
			size_t len = 0;

			for (at += sizeof(word) - 1; at < end && !isspace((unsigned char)*at); at++)
				if (len + 1 < sizeof(script->delimiter))
					script->delimiter[len++] = *at;
			script->delimiter[len] = '\0';
			script->at = end;
			continue;
		}
		comment = *at == '\'' || *at == '"' || *at == '`' ? at : skip_quoted(at);
		script->at = comment;
		if (comment == at)
			return;
	}
}

bool script_next(struct script *script, struct rc_str *statement)
{
	size_t len;
	const char *at;

	skip_gap(script);
	len = strlen(script->delimiter);
	for (at = script->at; *at && strncmp(at, script->delimiter, len) != 0;) {
		const char *behind = skip_quoted(at);

		at = behind > at ? behind : at + 1;
	}
	*statement = (struct rc_str){script->at, (size_t)(at - script->at)};
	while (statement->len && isspace((unsigned char)statement->ptr[statement->len - 1]))
		statement->len--;
	script->at = *at ? at + len : at;
	return statement->len > 0;
}

static int run(struct db_conn *conn, struct rc_str statement)
{
	char *copy = strndup(statement.ptr, statement.len);
	int rc = conn->driver->script(conn, copy);

	free(copy);
	return rc;
}

int migrate_script(struct db_conn *conn, const char *text)
{
	struct script script = {text, ";"};
	struct rc_str statement;
	int rc = RC_OK;

	if (conn->driver->dialect != RC_MARIADB)
		return conn->driver->script(conn, text);
	while (rc == RC_OK && script_next(&script, &statement))
		rc = run(conn, statement);
	return rc;
}

static int count_step(struct rc_tx *tx, uint32_t version, int64_t next)
{
	const struct rc_value values[] = {RC_INT_VALUE(next), RC_INT_VALUE(version)};

	return rc_sql_exec(tx, "UPDATE rc_migration SET next_statement = ? WHERE version = ?", values, 2, NULL);
}

static int step(struct rc_db *db, uint32_t version, struct rc_str statement, int64_t next)
{
	struct rc_tx *tx;
	int rc = rc_tx_begin(db, RC_WRITE, &tx);

	if (rc != RC_OK)
		return rc;
	rc = run(db->conn, statement);
	if (rc == RC_OK)
		rc = count_step(tx, version, next);
	if (rc == RC_OK)
		return rc_tx_commit(tx);
	rc_tx_rollback(tx);
	return rc;
}

static int64_t statements_in(const char *text)
{
	struct script script = {text, ";"};
	struct rc_str statement;
	int64_t count = 0;

	while (script_next(&script, &statement))
		count++;
	return count;
}

/* From statement `first` (1, 2, …) on; `sign` is -1 on the way down. */
static int steps(struct rc_db *db, const struct rc_migration *migration, const char *text, int64_t first, int sign,
		 struct rc_fault *fault)
{
	struct script script = {text, ";"};
	struct rc_str statement;
	int64_t number = 0;
	int rc = RC_OK;

	while (rc == RC_OK && script_next(&script, &statement)) {
		if (++number < first)
			continue;
		rc = step(db, migration->version, statement, sign * (number + 1));
	}
	if (rc == RC_OK || !fault)
		return rc;
	return rc_fault_set(
		fault, (enum rc_err)rc,
		"migration %u (%s) stopped at statement %lld of %lld of its way %s: %.320s; mend it and "
		"migrate %s again (if its work is there: UPDATE rc_migration SET next_statement = %lld WHERE "
		"version = %u)",
		migration->version, migration->name, (long long)number, (long long)statements_in(text),
		sign > 0 ? "up" : "down", rc_db_fault(db)->message, sign > 0 ? "up" : "down",
		(long long)(sign * (number + 1)), migration->version);
}

/* What to do: the migration, and where to begin. */
struct plan {
	const struct rc_migration *migration; /* NULL: nothing */
	int64_t first;
	bool recorded;
};

/* The last row, when its migration stopped on the way that is asked for (sign), is taken up where it stopped. */
static int plan_make(struct rc_db *db, const struct rc_rows *rows, int sign, struct plan *plan, struct rc_fault *fault)
{
	const struct applied_row *last = rows->count ? rows->at[rows->count - 1] : NULL;
	struct rc_rows whole = *rows;
	uint32_t newest;
	int rc;

	*plan = (struct plan){.first = 1};
	if (last && last->next_statement * sign > 0 && last->version <= db->schema->migration_count) {
		const struct rc_migration *migration = &db->schema->migrations[last->version - 1];

		if (!rc_str_is(last->checksum, migration->checksum[RC_MARIADB]))
			return rc_fault_set(fault, RC_MISMATCH,
					    "migration %u (%s) stopped at statement %lld and its text was changed "
					    "since; restore it, or take back by hand what its earlier statements "
					    "did and delete its row of rc_migration",
					    migration->version, migration->name, llabs(last->next_statement));
		*plan = (struct plan){migration, llabs(last->next_statement), true};
		whole.count--;
	}
	rc = migrate_compare(db, &whole, &newest, fault);
	if (rc != RC_OK || plan->migration)
		return rc;
	if (sign > 0 && newest < db->schema->migration_count)
		plan->migration = &db->schema->migrations[newest];
	if (sign < 0 && newest > 0)
		*plan = (struct plan){&db->schema->migrations[newest - 1], 1, true};
	return RC_OK;
}

/* Under the lock, committed before the first step. */
static int record(struct rc_tx *tx, const struct plan *plan)
{
	const struct rc_migration *migration = plan->migration;
	struct rc_value values[] = {
		RC_INT_VALUE(migration->version),
		RC_TEXT_VALUE(rc_str_from(migration->name)),
		RC_TEXT_VALUE(rc_str_from(migration->checksum[RC_MARIADB])),
		RC_INT_VALUE(migrate_now_us()),
	};
	int rc = migrate_table(tx);

	if (rc != RC_OK || plan->recorded)
		return rc;
	return rc_sql_exec(tx,
			   "INSERT INTO rc_migration (version, name, checksum, applied_at, next_statement) "
			   "VALUES (?, ?, ?, ?, 1)",
			   values, 4, NULL);
}

static int begin(struct rc_db *db, int sign, struct plan *plan, struct rc_fault *fault)
{
	struct rc_arena arena = {0};
	struct rc_rows rows;
	struct rc_tx *tx;
	int rc = migrate_begin(db, &tx, fault);

	*plan = (struct plan){0};
	if (rc != RC_OK)
		return rc;
	rc_arena_init(&arena, 4096);
	rc = migrate_fail(db, migrate_applied(tx, &arena, &rows), fault);
	if (rc == RC_OK)
		rc = plan_make(db, &rows, sign, plan, fault);
	if (rc == RC_OK && plan->migration && sign > 0)
		rc = migrate_fail(db, record(tx, plan), fault);
	if (rc == RC_OK)
		rc = migrate_fail(db, rc_tx_commit(tx), fault);
	else
		rc_tx_rollback(tx);
	rc_arena_release(&arena);
	return rc;
}

static int finish(struct rc_db *db, uint32_t version, int sign, struct rc_fault *fault)
{
	const struct rc_value value = RC_INT_VALUE(version);
	struct rc_tx *tx;
	int rc = rc_tx_begin(db, RC_WRITE, &tx);

	if (rc != RC_OK)
		return migrate_fail(db, rc, fault);
	rc = sign > 0 ? count_step(tx, version, 0)
		      : rc_sql_exec(tx, "DELETE FROM rc_migration WHERE version = ?", &value, 1, NULL);
	if (rc == RC_OK)
		rc = migrate_end_epoch(tx);
	if (rc == RC_OK)
		return migrate_fail(db, rc_tx_commit(tx), fault);
	migrate_fail(db, rc, fault);
	rc_tx_rollback(tx);
	return rc;
}

int migrate_steps_up(struct rc_db *db, bool *more, struct rc_fault *fault)
{
	struct plan plan;
	int rc = begin(db, 1, &plan, fault);

	*more = rc == RC_OK && plan.migration;
	if (*more) {
		rc = steps(db, plan.migration, plan.migration->up[RC_MARIADB], plan.first, 1, fault);
		if (rc == RC_OK)
			rc = finish(db, plan.migration->version, 1, fault);
	}
	migrate_unlock(db);
	return rc;
}

int migrate_steps_down(struct rc_db *db, struct rc_fault *fault)
{
	struct plan plan;
	int rc = begin(db, -1, &plan, fault);

	if (rc == RC_OK && !plan.migration)
		rc = rc_fault_set(fault, RC_NOT_FOUND, "no migration is applied, so there is none to take back");
	if (rc == RC_OK && !plan.migration->down[RC_MARIADB])
		rc = rc_fault_set(fault, RC_INVALID, "migration %u (%s) cannot be taken back", plan.migration->version,
				  plan.migration->name);
	if (rc == RC_OK)
		rc = steps(db, plan.migration, plan.migration->down[RC_MARIADB], plan.first, -1, fault);
	if (rc == RC_OK)
		rc = finish(db, plan.migration->version, -1, fault);
	migrate_unlock(db);
	return rc;
}
