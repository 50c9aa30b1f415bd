/*
 * SQLite's result codes as ours, and messages that say which file and what to do.
 */
#include <errno.h>
#include <stdio.h>

#include "rowcast/base/check.h"
#include "rowcast/db/sqlite/sqlite.h"

/* Some calls report a full disk as an I/O error and leave the reason to errno. */
static bool out_of_space(sqlite3 *db)
{
	int reason = sqlite3_system_errno(db);

	return reason == ENOSPC || reason == EDQUOT;
}

int sqlite_err(sqlite3 *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return RC_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return RC_BUSY;
	case SQLITE_FULL:
		return RC_FULL;
	case SQLITE_IOERR:
		return out_of_space(db) ? RC_FULL : RC_IO;
	case SQLITE_READONLY:
		return RC_READONLY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return RC_CORRUPT;
	case SQLITE_CONSTRAINT:
		return RC_CONSTRAINT;
	case SQLITE_TOOBIG:
		return RC_LIMIT;
	case SQLITE_INTERRUPT:
		return RC_TIMEOUT;
	case SQLITE_CANTOPEN:
		return out_of_space(db) ? RC_FULL : RC_IO;
	case SQLITE_SCHEMA:
		return RC_MISMATCH;
	case SQLITE_NOMEM:
		rc_check(!"out of memory");
		return RC_IO;
	default:
		return RC_INVALID;
	}
}

/* "t.a, t.b" → table "t", columns "a, b". */
static void split_columns(struct db_refusal *refusal, const char *text)
{
	struct rc_str rest = rc_str_from(text);
	size_t used = 0;

	while (rest.len > 0) {
		struct rc_str part = rc_str_cut(&rest, ',');
		struct rc_str table;

		if (part.len > 0 && part.ptr[0] == ' ')
			part = (struct rc_str){part.ptr + 1, part.len - 1};
		table = rc_str_cut(&part, '.');
		snprintf(refusal->table, sizeof(refusal->table), "%.*s", RC_STR_ARG(table));
		if (used < sizeof(refusal->columns))
			used += (size_t)snprintf(refusal->columns + used, sizeof(refusal->columns) - used, "%s%.*s",
						 used ? ", " : "", RC_STR_ARG(part));
	}
}

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static void refusal_read(struct db_refusal *refusal, int result, const char *message)
{
	const char *rest, *end;

	*refusal = (struct db_refusal){0};
	if ((rest = after(message, "UNIQUE constraint failed: index '"))) {
		end = strrchr(rest, '\'');
		refusal->by = DB_REFUSED_NAME;
		snprintf(refusal->name, sizeof(refusal->name), "%.*s", end ? (int)(end - rest) : 0, rest);
	} else if ((rest = after(message, "UNIQUE constraint failed: "))) {
		refusal->by = DB_REFUSED_KEY;
		split_columns(refusal, rest);
	} else if ((rest = after(message, "NOT NULL constraint failed: "))) {
		refusal->by = DB_REFUSED_NULL;
		split_columns(refusal, rest);
	} else if ((rest = after(message, "CHECK constraint failed: "))) {
		refusal->by = DB_REFUSED_NAME;
		snprintf(refusal->name, sizeof(refusal->name), "%s", rest);
	} else if (result == SQLITE_CONSTRAINT_TRIGGER && (end = strstr(message, ": "))) {
		refusal->by = DB_REFUSED_NAME;
		snprintf(refusal->name, sizeof(refusal->name), "%.*s", (int)(end - message), message);
	}
}

/* What a person can do about it; "" where the engine's own words are all there is. */
static const char *remedy(int err, int result)
{
	switch (err) {
	case RC_BUSY:
		return "; another program holds its write lock: end its transaction, or wait and try again";
	case RC_FULL:
		return "; nothing was written: free space on that disk and try again";
	case RC_READONLY:
		return "; give this user write access to the file and its directory";
	case RC_CORRUPT:
		return (result & 0xff) == SQLITE_NOTADB ? "; the path names something else than an SQLite database: "
							  "correct it, or restore the file"
							: "; stop, keep a copy of the file and restore a backup";
	case RC_IO:
		return "; look for disk errors in the system's log, and at the permissions of the file and its "
		       "directory";
	case RC_MISMATCH:
		return "; the schema changed: run the migrations, then start again";
	default:
		return "";
	}
}

int sqlite_fault(struct sqlite_conn *conn, int result, const char *doing)
{
	int err = sqlite_err(conn->db, result);
	const char *message = sqlite3_errmsg(conn->db);

	conn->base.fault.constraint = 0;
	if (err == RC_CONSTRAINT) {
		refusal_read(&conn->base.refusal, sqlite3_extended_errcode(conn->db), message);
		return rc_fault_set(&conn->base.fault, RC_CONSTRAINT, "%s", message);
	}
	return rc_fault_set(&conn->base.fault, (enum rc_err)err, "cannot %s database %s: %s%s", doing, conn->path,
			    message, remedy(err, result));
}
