/*
 * MariaDB's errors as ours, and messages that say which database and what to do.
 */
#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>

#include "rowcast/db/mariadb/mariadb.h"

static const struct {
	unsigned int number;
	enum rc_err err;
} errors[] = {
	{ER_LOCK_WAIT_TIMEOUT, RC_BUSY},
	{ER_LOCK_DEADLOCK, RC_BUSY},
	{ER_CHECKREAD, RC_BUSY}, /* somebody else changed the row since this transaction's snapshot */
	{ER_LOCK_ABORTED, RC_BUSY},
	{ER_TABLE_DEF_CHANGED, RC_BUSY},
	{ER_NEED_REPREPARE, RC_BUSY},
	{ER_DUP_ENTRY, RC_CONSTRAINT},
	{ER_DUP_ENTRY_WITH_KEY_NAME, RC_CONSTRAINT},
	{ER_DUP_KEY, RC_CONSTRAINT},
	{ER_DUP_UNIQUE, RC_CONSTRAINT},
	{ER_CONSTRAINT_FAILED, RC_CONSTRAINT},
	{ER_NO_REFERENCED_ROW, RC_CONSTRAINT},
	{ER_NO_REFERENCED_ROW_2, RC_CONSTRAINT},
	{ER_ROW_IS_REFERENCED, RC_CONSTRAINT},
	{ER_ROW_IS_REFERENCED_2, RC_CONSTRAINT},
	{ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO, RC_CONSTRAINT},
	{ER_FOREIGN_DUPLICATE_KEY_WITHOUT_CHILD_INFO, RC_CONSTRAINT},
	{ER_BAD_NULL_ERROR, RC_CONSTRAINT},
	{ER_NO_DEFAULT_FOR_FIELD, RC_CONSTRAINT},
	{ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, RC_READONLY},
	{ER_READ_ONLY_MODE, RC_READONLY},
	{ER_OPEN_AS_READONLY, RC_READONLY},
	{ER_DISK_FULL, RC_FULL},
	{ER_RECORD_FILE_FULL, RC_FULL},
	{ER_TRANS_CACHE_FULL, RC_LIMIT},
	{ER_NET_PACKET_TOO_LARGE, RC_LIMIT},
	{ER_TOO_LONG_STRING, RC_LIMIT},
	{ER_TOO_BIG_ROWSIZE, RC_LIMIT},
	{ER_MAX_PREPARED_STMT_COUNT_REACHED, RC_LIMIT},
	{ER_PS_MANY_PARAM, RC_LIMIT},
	{CR_NET_PACKET_TOO_LARGE, RC_LIMIT},
	{ER_STATEMENT_TIMEOUT, RC_TIMEOUT},
	{ER_QUERY_INTERRUPTED, RC_TIMEOUT},
	{CR_CONNECTION_ERROR, RC_UNAVAILABLE},
	{CR_CONN_HOST_ERROR, RC_UNAVAILABLE},
	{CR_UNKNOWN_HOST, RC_UNAVAILABLE},
	{CR_IPSOCK_ERROR, RC_UNAVAILABLE},
	{CR_SERVER_GONE_ERROR, RC_UNAVAILABLE},
	{CR_SERVER_LOST, RC_UNAVAILABLE},
	{CR_SERVER_LOST_EXTENDED, RC_UNAVAILABLE},
	{CR_SERVER_HANDSHAKE_ERR, RC_UNAVAILABLE},
	{CR_STMT_CLOSED, RC_UNAVAILABLE},
	{CR_MALFORMED_PACKET, RC_UNAVAILABLE},
	{CR_SSL_CONNECTION_ERROR, RC_UNAVAILABLE},
	{ER_SERVER_SHUTDOWN, RC_UNAVAILABLE},
	{ER_NORMAL_SHUTDOWN, RC_UNAVAILABLE},
	{ER_CONNECTION_KILLED, RC_UNAVAILABLE},
	{ER_NEW_ABORTING_CONNECTION, RC_UNAVAILABLE},
	{ER_ABORTING_CONNECTION, RC_UNAVAILABLE},
	{ER_NET_READ_ERROR, RC_UNAVAILABLE},
	{ER_NET_READ_INTERRUPTED, RC_UNAVAILABLE},
	{ER_NET_ERROR_ON_WRITE, RC_UNAVAILABLE},
	{ER_NET_WRITE_INTERRUPTED, RC_UNAVAILABLE},
	{ER_CON_COUNT_ERROR, RC_UNAVAILABLE},
	{ER_TOO_MANY_USER_CONNECTIONS, RC_UNAVAILABLE},
	{ER_USER_LIMIT_REACHED, RC_UNAVAILABLE},
	{ER_HOST_IS_BLOCKED, RC_UNAVAILABLE},
	{ER_UNKNOWN_COM_ERROR, RC_UNAVAILABLE}, /* Galera: the node is not part of the cluster yet */
	{ER_BAD_DB_ERROR, RC_NOT_FOUND},
	{ER_NOT_KEYFILE, RC_CORRUPT},
	{ER_INDEX_CORRUPT, RC_CORRUPT},
	{ER_CRASHED_ON_USAGE, RC_CORRUPT},
	{ER_TABLE_CORRUPT, RC_CORRUPT},
	{CR_NEW_STMT_METADATA, RC_MISMATCH},
	{ER_GET_ERRNO, RC_IO},
	{ER_ERROR_ON_READ, RC_IO},
	{ER_ERROR_ON_WRITE, RC_IO},
	{ER_ERROR_ON_CLOSE, RC_IO},
	{ER_ERROR_DURING_COMMIT, RC_IO},
	{ER_CANT_CREATE_FILE, RC_IO},
	{ER_CANT_OPEN_FILE, RC_IO},
	{ER_FILE_NOT_FOUND, RC_IO},
	{ER_OUT_OF_RESOURCES, RC_UNAVAILABLE},
	{ER_OUTOFMEMORY, RC_UNAVAILABLE},
};

enum rc_err mariadb_err(unsigned int number, const char *sqlstate, const char *message)
{
	if (strcmp(sqlstate, "45000") == 0)
		return RC_CONSTRAINT; /* SIGNAL, of a trigger */
	/* 1290 names many options; only one of them is about writing. */
	if (number == ER_OPTION_PREVENTS_STATEMENT)
		return strstr(message, "read-only") || strstr(message, "read_only") ? RC_READONLY : RC_INVALID;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].number != number)
			continue;
		if (errors[i].err == RC_IO && (strstr(message, "No space left") || strstr(message, "error 28 ") ||
					       strstr(message, "Errcode: 28") || strstr(message, "errno: 28")))
			return RC_FULL;
		return errors[i].err;
	}
	return RC_INVALID;
}

/* What a person can do about it; "" where the server's own words are all there is. */
static const char *remedy(enum rc_err err, unsigned int number)
{
	switch (number) {
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_SPECIFIC_ACCESS_DENIED_ERROR:
	case ER_PROCACCESS_DENIED_ERROR:
		return "; let an administrator GRANT ALL PRIVILEGES on the database to this user";
	case ER_BINLOG_STMT_MODE_AND_ROW_ENGINE:
		return "; set binlog_format=ROW on the server";
	case ER_BINLOG_CREATE_ROUTINE_NEED_SUPER:
		return "; set log_bin_trust_function_creators=1 on the server, or grant this user SUPER";
	case ER_CON_COUNT_ERROR:
		return "; raise the server's max_connections, or let fewer programs use it";
	}
	switch (err) {
	case RC_BUSY:
		return "; the whole transaction was rolled back and may be tried again";
	case RC_FULL:
		return "; nothing was written: free space on the server's disk and try again";
	case RC_READONLY:
		return "; write to the primary server, or set read_only=0 on this one";
	case RC_CORRUPT:
		return "; stop, keep a copy of the data directory and restore a backup";
	case RC_IO:
		return "; look into the server's error log";
	case RC_MISMATCH:
		return "; the schema changed: run the migrations, then start again";
	case RC_UNAVAILABLE:
		return "; see that the server runs and can be reached, and open the database again";
	default:
		return "";
	}
}

/*
 * The name in quotes behind `before`; *rest goes on behind it. The server quotes by sql_mode in some messages and with
 * backticks in others.
 */
static struct rc_str quoted(const char **rest, const char *before)
{
	const char *from = strstr(*rest, before), *end;

	if (!from || !from[strlen(before)])
		return RC_STR_NONE;
	from += strlen(before);
	end = strchr(from + 1, *from);
	if (!end)
		return RC_STR_NONE;
	*rest = end + 1;
	return (struct rc_str){from + 1, (size_t)(end - from - 1)};
}

/* The second name of `database`.`table`. */
static struct rc_str qualified_table(const char **rest)
{
	const char *dot = *rest;

	while ((dot = strchr(dot + 1, '.'))) {
		if ((dot[-1] == '`' || dot[-1] == '"') && dot[1] == dot[-1]) {
			*rest = dot;
			return quoted(rest, ".");
		}
	}
	return RC_STR_NONE;
}

static void put(char *out, size_t size, struct rc_str text)
{
	snprintf(out, size, "%.*s", RC_STR_ARG(text));
}

void mariadb_written_table(const char *sql, char *out, size_t size)
{
	static const char *const verbs[] = {"INSERT INTO ", "INSERT IGNORE INTO ", "UPDATE ", "REPLACE INTO ",
					    "DELETE FROM "};

	out[0] = '\0';
	for (size_t i = 0; sql && i < sizeof(verbs) / sizeof(*verbs); i++) {
		size_t len = strlen(verbs[i]);
		char end;

		if (strncasecmp(sql, verbs[i], len) != 0)
			continue;
		sql += len;
		end = *sql == '`' || *sql == '"' ? *sql++ : '\0';
		len = end ? strcspn(sql, end == '`' ? "`" : "\"") : strcspn(sql, " (\n\t.");
		put(out, size, (struct rc_str){sql, len});
		return;
	}
}

/* "Duplicate entry 'it's' for key 'name'": the value is anything, so the name is looked for from the end. */
static struct rc_str key_name(const char *message)
{
	static const char mark[] = "' for key '";
	const char *at = NULL;

	for (const char *next = message; (next = strstr(next, mark)); next++)
		at = next;
	if (!at)
		return RC_STR_NONE;
	at += sizeof(mark) - 1;
	return (struct rc_str){at, strcspn(at, "'")};
}

static void refusal_read(struct db_refusal *refusal, unsigned int number, const char *sqlstate, const char *message,
			 const char *sql)
{
	const char *rest = message;

	*refusal = (struct db_refusal){0};
	mariadb_written_table(sql, refusal->table, sizeof(refusal->table));
	if (strcmp(sqlstate, "45000") == 0) {
		const char *end = strstr(message, ": ");

		refusal->by = DB_REFUSED_NAME;
		put(refusal->name, sizeof(refusal->name),
		    end ? (struct rc_str){message, (size_t)(end - message)} : rc_str_from(message));
		return;
	}
	switch (number) {
	case ER_DUP_ENTRY:
	case ER_DUP_ENTRY_WITH_KEY_NAME:
		refusal->by = DB_REFUSED_NAME;
		put(refusal->name, sizeof(refusal->name), key_name(message));
		break;
	case ER_CONSTRAINT_FAILED: /* CONSTRAINT `name` failed for `database`.`table` */
		refusal->by = DB_REFUSED_NAME;
		put(refusal->name, sizeof(refusal->name), quoted(&rest, "CONSTRAINT "));
		put(refusal->table, sizeof(refusal->table), qualified_table(&rest));
		break;
	case ER_NO_REFERENCED_ROW_2: /* … fails ("database"."table", CONSTRAINT "name" FOREIGN KEY …) */
	case ER_ROW_IS_REFERENCED_2:
		refusal->by = DB_REFUSED_NAME;
		put(refusal->table, sizeof(refusal->table), qualified_table(&rest));
		put(refusal->name, sizeof(refusal->name), quoted(&rest, "CONSTRAINT "));
		break;
	case ER_BAD_NULL_ERROR: /* Column 'x' cannot be null */
	case ER_NO_DEFAULT_FOR_FIELD:
		refusal->by = DB_REFUSED_NULL;
		put(refusal->columns, sizeof(refusal->columns), quoted(&rest, *message == 'C' ? "Column " : "Field "));
		break;
	}
}

/* Behind such an error the server may have rolled back the statement or all; for the caller it is always all. */
static void rolled_back(struct mariadb_conn *conn)
{
	if (conn->tx != MARIADB_TX_OPEN)
		return;
	conn->tx = MARIADB_TX_LOST;
	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_query(conn, "ROLLBACK", 8) != 0)
		mariadb_lose(conn);
}

static int timed_out(struct mariadb_conn *conn, const char *doing)
{
	mariadb_lose(conn);
	return rc_fault_set(&conn->base.fault, RC_TIMEOUT,
			    "cannot %s database %s: it did not answer in %lld ms; see whether the server is "
			    "overloaded or cut off, and open the database again",
			    doing, conn->label, (long long)(conn->answer_us / 1000));
}

int mariadb_alive(struct mariadb_conn *conn)
{
	if (conn->mysql)
		return RC_OK;
	return rc_fault_set(&conn->base.fault, RC_UNAVAILABLE, "the connection to database %s is lost; open it again",
			    conn->label);
}

int mariadb_tx_lost(struct mariadb_conn *conn)
{
	return rc_fault_set(&conn->base.fault, RC_BUSY,
			    "the transaction in database %s was rolled back, because it stood in the way of another; "
			    "begin it again",
			    conn->label);
}

int mariadb_fault(struct mariadb_conn *conn, MYSQL_STMT *stmt, const char *doing, const char *sql)
{
	unsigned int number = stmt ? mysql_stmt_errno(stmt) : mysql_errno(conn->mysql);
	const char *sqlstate = stmt ? mysql_stmt_sqlstate(stmt) : mysql_sqlstate(conn->mysql);
	const char *message = stmt ? mysql_stmt_error(stmt) : mysql_error(conn->mysql);
	enum rc_err err = mariadb_err(number, sqlstate, message);

	conn->error = number;
	conn->base.fault.constraint = 0;
	if (conn->timed_out)
		return timed_out(conn, doing);
	if (err == RC_CONSTRAINT) {
		refusal_read(&conn->base.refusal, number, sqlstate, message, sql);
		return rc_fault_set(&conn->base.fault, err, "%s", message);
	}
	rc_fault_set(&conn->base.fault, err, "cannot %s database %s: %s%s", doing, conn->label, message,
		     remedy(err, number));
	if (err == RC_BUSY)
		rolled_back(conn);
	else if (err == RC_UNAVAILABLE || err == RC_TIMEOUT || err == RC_MISMATCH)
		mariadb_lose(conn);
	return err;
}
