/*
 * The server's answers as ours: which error, which rule refused, and what mends it.
 */
#include <stdio.h>

#include "rowcast/db/postgres/postgres.h"

/* A whole SQLSTATE, or a class; the first that fits. */
static const struct {
	const char *state;
	enum rc_err err;
} states[] = {
	{"23", RC_CONSTRAINT},     {"P0001", RC_CONSTRAINT}, /* RAISE EXCEPTION */
	{"40001", RC_BUSY},        {"40P01", RC_BUSY},
	{"55P03", RC_BUSY},        {"53100", RC_FULL},
	{"53400", RC_LIMIT},       {"53", RC_UNAVAILABLE},
	{"54", RC_LIMIT},          {"25006", RC_READONLY},
	{"42501", RC_READONLY},    {"57014", RC_TIMEOUT},
	{"57", RC_UNAVAILABLE},    {"08", RC_UNAVAILABLE},
	{"25P03", RC_UNAVAILABLE}, {"58", RC_IO},
	{"XX001", RC_CORRUPT},     {"XX002", RC_CORRUPT},
};

int pg_err(const char *sqlstate)
{
	for (size_t i = 0; sqlstate && i < sizeof(states) / sizeof(*states); i++) {
		if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0)
			return states[i].err;
	}
	return RC_INVALID;
}

struct rc_str pg_message(const char *text)
{
	const char *failed;
	size_t length;

	while (*text == ' ' || *text == '\n')
		text++;
	length = strcspn(text, "\n");
	failed = memmem(text, length, " failed: ", 9);
	if (failed && strncmp(text, "connection to server", 20) == 0) {
		length -= (size_t)(failed + 9 - text);
		text = failed + 9;
	}
	return (struct rc_str){text, length};
}

static const char *field(const PGresult *result, int which)
{
	const char *text = PQresultErrorField(result, which);

	return text ? text : "";
}

/* A rule that has no name in the catalog: RAISE … with CONSTRAINT, or a message that begins with "name: ". */
static void name_from_message(struct db_refusal *refusal, const char *message)
{
	const char *end = strstr(message, ": ");

	if (!end || strcspn(message, " ") < (size_t)(end - message))
		return;
	refusal->by = DB_REFUSED_NAME;
	snprintf(refusal->name, sizeof(refusal->name), "%.*s", (int)(end - message), message);
}

static void refusal_read(struct db_refusal *refusal, const PGresult *result)
{
	const char *name = field(result, PG_DIAG_CONSTRAINT_NAME);

	*refusal = (struct db_refusal){0};
	snprintf(refusal->table, sizeof(refusal->table), "%s", field(result, PG_DIAG_TABLE_NAME));
	if (strcmp(field(result, PG_DIAG_SQLSTATE), "23502") == 0) {
		refusal->by = DB_REFUSED_NULL;
		snprintf(refusal->columns, sizeof(refusal->columns), "%s", field(result, PG_DIAG_COLUMN_NAME));
	} else if (*name) {
		refusal->by = DB_REFUSED_NAME;
		snprintf(refusal->name, sizeof(refusal->name), "%s", name);
	} else {
		name_from_message(refusal, field(result, PG_DIAG_MESSAGE_PRIMARY));
	}
}

static const char *remedy(int err, const char *sqlstate)
{
	switch (err) {
	case RC_BUSY:
		return "; another transaction is in the way: try again";
	case RC_FULL:
		return "; nothing was written: free space on the server's disk and try again";
	case RC_READONLY:
		return strcmp(sqlstate, "42501") == 0
			       ? "; GRANT this user the right, or use another"
			       : "; the server is a standby or is set read-only: name the primary in the URL";
	case RC_TIMEOUT:
		return "; the statement took longer than this program waits";
	case RC_CORRUPT:
		return "; stop, keep a copy of the data directory and restore a backup";
	default:
		return strncmp(sqlstate, "26000", 5) == 0 || strncmp(sqlstate, "42P05", 5) == 0
			       ? "; behind a pooler of transactions add prepare=off to the URL"
			       : "";
	}
}

/* Remember why the transaction cannot be committed any more. */
static int failed(struct pg_conn *conn)
{
	if (conn->in_tx && !conn->failed) {
		conn->failed = true;
		conn->failure = conn->base.fault;
	}
	return conn->base.fault.err;
}

int pg_fault(struct pg_conn *conn, const PGresult *result, const char *doing)
{
	const char *sqlstate = field(result, PG_DIAG_SQLSTATE),
		   *severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = field(result, PG_DIAG_MESSAGE_PRIMARY);
	int err = pg_err(sqlstate);

	if (!*sqlstate)
		return pg_lost(conn, doing);
	/* The server has forgotten a statement, or its plan fits no more: prepared anew, it works. */
	if (strcmp(sqlstate, "26000") == 0)
		conn->statement = PG_FORGOTTEN;
	else if (strcmp(field(result, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0)
		conn->statement = PG_CHANGED;
	if (conn->statement != PG_KNOWN)
		err = RC_BUSY;
	if (strcmp(sqlstate, "42P01") == 0) /* no such table: rc_log may be the one that is gone */
		conn->log = PG_LOG_UNKNOWN;
	if (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0) {
		if (err != RC_FULL)
			err = RC_UNAVAILABLE;
		conn->broken = err;
	}
	if (err == RC_CONSTRAINT) {
		refusal_read(&conn->base.refusal, result);
		rc_fault_set(&conn->base.fault, RC_CONSTRAINT, "%s", message);
	} else {
		rc_fault_set(&conn->base.fault, (enum rc_err)err, "cannot %s %s: %s%s", doing, conn->where, message,
			     err == RC_BUSY && strcmp(sqlstate, "26000") == 0 ? remedy(RC_OK, sqlstate)
									      : remedy(err, sqlstate));
	}
	return failed(conn);
}

int pg_lost(struct pg_conn *conn, const char *doing)
{
	struct rc_str said = pg_message(PQerrorMessage(conn->pg));

	conn->broken = RC_UNAVAILABLE;
	rc_fault_set(&conn->base.fault, RC_UNAVAILABLE, "cannot %s %s: the connection was lost (%.*s); connect again",
		     doing, conn->where, RC_STR_ARG(said));
	return failed(conn);
}

int pg_silent(struct pg_conn *conn, int64_t silence_us)
{
	conn->broken = RC_TIMEOUT;
	rc_fault_set(&conn->base.fault, RC_TIMEOUT,
		     "%s did not answer within %.1f s; look at the server and the network, then connect again",
		     conn->where, (double)silence_us / 1e6);
	return failed(conn);
}
