/*
 * Opening a connection: which of the servers, as whom, with which session; and saying clearly why it cannot be opened.
 */
#include <errmsg.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/db/mariadb/mariadb.h"

#define VERSION_MIN 100500 /* INSERT … RETURNING */

static void library_init(void)
{
	rc_check(mysql_server_init(0, NULL, NULL) == 0);
}

static struct mariadb_conn *conn_create(const struct db_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct mariadb_conn *conn = rc_xcalloc(1, sizeof(*conn));

	pthread_once(&once, library_init);
	conn->base.driver = &mariadb_driver;
	conn->options = *options;
	/* The server counts lock waits in seconds; 0 is "not at all". */
	conn->lock_wait_s = (options->busy_timeout_us + 999999) / 1000000;
	conn->answer_us = conn->lock_wait_s * 1000000 + MARIADB_GRACE_US;
	rc_arena_init(&conn->arena, 1024);
	return conn;
}

static void set_options(struct mariadb_conn *conn)
{
	static const unsigned int off = 0, protocol_tcp = MYSQL_PROTOCOL_TCP, protocol_socket = MYSQL_PROTOCOL_SOCKET;
	const struct url *url = &conn->url;
	const unsigned int timeout_s = (unsigned int)(url->connect_timeout_us / 1000000);
	const my_bool yes = url->ssl != URL_SSL_OFF, verify = url->ssl == URL_SSL_VERIFY;

	mariadb_call_prepare_options(conn);
	mysql_options(conn->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(conn->mysql, MYSQL_OPT_LOCAL_INFILE, &off); /* a server may not ask for this machine's files */
	mysql_options(conn->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
	mysql_options(conn->mysql, MYSQL_OPT_PROTOCOL, conn->host->port ? &protocol_tcp : &protocol_socket);
	mysql_options4(conn->mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "rowcast");
	if (url->ssl == URL_SSL_OFF)
		return;
	mysql_ssl_set(conn->mysql, url->ssl_key, url->ssl_cert, url->ssl_ca, NULL, NULL);
	mysql_options(conn->mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(conn->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

/* Why the server did not take us, each with what mends it. */
static int connect_fault(struct mariadb_conn *conn)
{
	unsigned int number = mysql_errno(conn->mysql);
	const char *message = mysql_error(conn->mysql), *label = conn->host->label;
	struct rc_fault *fault = &conn->base.fault;

	if (conn->timed_out)
		return rc_fault_set(
			fault, RC_TIMEOUT,
			"MariaDB server %s did not answer in %lld s; see that it runs and can be reached, or "
			"correct the database URL",
			label, (long long)(conn->url.connect_timeout_us / 1000000));
	switch (number) {
	case ER_ACCESS_DENIED_ERROR:
	case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
		return rc_fault_set(
			fault, RC_INVALID,
			"MariaDB server %s does not let user \"%s\" in: the password is wrong, or there is no "
			"such user for connections from here; correct the database URL, or let an "
			"administrator CREATE USER or SET PASSWORD",
			label, conn->url.user);
	case ER_DBACCESS_DENIED_ERROR:
		return rc_fault_set(
			fault, RC_INVALID,
			"user \"%s\" may not use database \"%s\" on MariaDB server %s; correct the database "
			"URL, or let an administrator GRANT ALL PRIVILEGES on it",
			conn->url.user, conn->database, label);
	case ER_BAD_DB_ERROR:
		return rc_fault_set(
			fault, RC_NOT_FOUND,
			"there is no database \"%s\" on MariaDB server %s; correct the database URL, or CREATE "
			"DATABASE it",
			conn->database, label);
	case ER_HOST_NOT_PRIVILEGED:
		return rc_fault_set(
			fault, RC_INVALID,
			"MariaDB server %s takes no connections from this machine; let an administrator CREATE "
			"USER for it",
			label);
	case CR_UNKNOWN_HOST:
		return rc_fault_set(
			fault, RC_UNAVAILABLE,
			"the host of MariaDB server %s has no known address; correct the database URL, or the "
			"name service",
			label);
	case CR_SSL_CONNECTION_ERROR:
		return rc_fault_set(fault, RC_INVALID,
				    "MariaDB server %s and this program cannot agree on TLS: %s; correct ssl, ssl-ca, "
				    "ssl-cert and ssl-key in the database URL, or the server's certificate",
				    label, message);
	}
	return rc_fault_set(
		fault, mariadb_err(number, mysql_sqlstate(conn->mysql), message),
		"cannot connect to MariaDB server %s: %s; see that it runs and can be reached, or correct the "
		"database URL",
		label, message);
}

static int version_check(struct mariadb_conn *conn)
{
	const char *version = mysql_get_server_info(conn->mysql);

	if (!mariadb_connection(conn->mysql))
		return rc_fault_set(
			&conn->base.fault, RC_INVALID,
			"%s is a MySQL server (%s), which lacks what this program needs (INSERT … RETURNING); "
			"use MariaDB 10.5 or newer",
			conn->host->label, version);
	if (mysql_get_server_version(conn->mysql) < VERSION_MIN)
		return rc_fault_set(&conn->base.fault, RC_INVALID,
				    "MariaDB server %s has version %s; use 10.5 or newer", conn->host->label, version);
	return RC_OK;
}

/*
 * The session. Everything that a server's configuration could change about the meaning of SQL is said here:
 * double-quoted names, || and backslashes as in the other engines, no silent truncation, 0 is 0 in a key, UTC.
 */
static int session(struct mariadb_conn *conn)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_printf(&sql,
		   "SET NAMES utf8mb4 COLLATE utf8mb4_bin;"
		   "SET SESSION sql_mode = "
		   "'STRICT_ALL_TABLES,ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,"
		   "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION',"
		   "time_zone = '+00:00', autocommit = 1, completion_type = 'NO_CHAIN', foreign_key_checks = 1,"
		   "unique_checks = 1, sql_safe_updates = 0, sql_quote_show_create = 1, max_statement_time = 0,"
		   "innodb_lock_wait_timeout = %lld, lock_wait_timeout = %lld, wait_timeout = 31536000,"
		   "idle_transaction_timeout = 0, sql_select_limit = DEFAULT;"
		   "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
		   (long long)conn->lock_wait_s, (long long)conn->lock_wait_s);
	rc = mariadb_run(conn, buf_cstr(&sql), "open");
	buf_release(&sql);
	return rc;
}

/* What the server lets us do. */
static int facts(struct mariadb_conn *conn)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	bool read_only;
	int rc = mariadb_ask(conn,
			     "SELECT @@global.read_only, @@max_allowed_packet, EXISTS (SELECT * FROM"
			     " information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN"
			     " ('SUPER', 'READ_ONLY ADMIN', 'READ ONLY ADMIN')) OR CURRENT_ROLE() IS NOT NULL",
			     &result);

	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(result);
	read_only = row[0][0] != '0';
	rc_str_to_u64(rc_str_from(row[1]), &conn->packet_bytes_max);
	conn->check_read_only = row[2][0] != '0';
	mysql_free_result(result);
	if (read_only && conn->options.writable)
		return rc_fault_set(
			&conn->base.fault, RC_READONLY,
			"MariaDB server %s is read-only (a replica, or read_only=1); name the primary server in "
			"the database URL, or set read_only=0",
			conn->host->label);
	return RC_OK;
}

static int connect_to(struct mariadb_conn *conn, const char *database)
{
	const struct url_host *host = conn->host;
	const unsigned long flags = CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS;

	conn->label = rc_arena_printf(&conn->arena, "\"%s\" on MariaDB server %s", conn->database, host->label);
	conn->mysql = mysql_init(NULL);
	rc_check(conn->mysql);
	set_options(conn);
	mariadb_deadline(conn, conn->url.connect_timeout_us);
	if (!mariadb_call_connect(conn, host->port ? host->name : NULL, database, host->port,
				  host->port ? NULL : host->name, flags))
		return connect_fault(conn);
	/* The library insists on TLS only where it verifies. */
	if (conn->url.ssl != URL_SSL_OFF && !mysql_get_ssl_cipher(conn->mysql))
		return rc_fault_set(
			&conn->base.fault, RC_INVALID,
			"MariaDB server %s does not speak TLS, which the database URL asks for; set it up on the "
			"server, or leave ssl out of the URL",
			host->label);
	return version_check(conn);
}

static void put_name(struct buf *sql, const char *name)
{
	buf_append_char(sql, '`');
	for (; *name; name++) {
		if (*name == '`')
			buf_append_char(sql, '`');
		buf_append_char(sql, *name);
	}
	buf_append_char(sql, '`');
}

/* The database of the URL is made where it is missing and that is wanted. */
static int create_database(struct mariadb_conn *conn)
{
	struct buf sql = BUF_INIT;
	int rc;

	mariadb_lose(conn);
	rc = connect_to(conn, NULL);
	if (rc != RC_OK)
		return rc;
	buf_append_str(&sql, RC_STR("CREATE DATABASE IF NOT EXISTS "));
	put_name(&sql, conn->database);
	buf_append_str(&sql, RC_STR(" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; USE "));
	put_name(&sql, conn->database);
	rc = mariadb_run(conn, buf_cstr(&sql), "create");
	buf_release(&sql);
	return rc;
}

static int open_host(struct mariadb_conn *conn, const struct url_host *host)
{
	int rc;

	conn->host = host;
	rc = connect_to(conn, conn->database);
	if (rc == RC_NOT_FOUND && conn->options.create && conn->options.writable && !conn->scratch)
		rc = create_database(conn);
	if (rc == RC_OK)
		rc = session(conn);
	if (rc == RC_OK)
		rc = facts(conn);
	if (rc != RC_OK)
		mariadb_lose(conn);
	return rc;
}

/*
 * The first server that answers and, for writers, may be written. What is wrong with user, password or database is said
 * at once: it would be wrong with the next server, too, or worse, right there.
 */
static int open_any(struct mariadb_conn *conn)
{
	struct buf tried = BUF_INIT;
	int rc = RC_UNAVAILABLE;

	for (size_t i = 0; i < conn->url.host_count; i++) {
		if (conn->options.host > 0 && i + 1 != (size_t)conn->options.host)
			continue;
		rc = open_host(conn, &conn->url.hosts[i]);
		if (rc != RC_UNAVAILABLE && rc != RC_TIMEOUT && rc != RC_READONLY)
			break;
		buf_printf(&tried, "%s%s", tried.len ? "; " : "", conn->base.fault.message);
	}
	if (rc != RC_OK && conn->url.host_count > 1 && tried.len > 0 && conn->options.host == 0)
		rc_fault_set(&conn->base.fault, (enum rc_err)rc, "none of the servers in the database URL %s: %s",
			     conn->options.writable ? "can be written" : "answers", buf_cstr(&tried));
	buf_release(&tried);
	return rc;
}

int mariadb_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault)
{
	struct mariadb_conn *conn = conn_create(options);
	int rc = url_parse(address, &conn->arena, &conn->url, &conn->base.fault);

	*out = NULL;
	if (rc == RC_OK && (options->host < 0 || (size_t)options->host > conn->url.host_count))
		rc = rc_fault_set(&conn->base.fault, RC_INVALID, "the database URL names %zu servers, there is no %d.",
				  conn->url.host_count, options->host);
	conn->database = conn->url.database;
	if (rc == RC_OK)
		rc = open_any(conn);
	if (rc != RC_OK) {
		if (fault)
			*fault = conn->base.fault;
		mariadb_close(&conn->base);
		return rc;
	}
	*out = &conn->base;
	return RC_OK;
}

void mariadb_close(struct db_conn *base)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);

	if (!base)
		return;
	for (int i = 0; i < OWN_COUNT; i++)
		mariadb_finalize(conn->own[i]);
	if (conn->scratch && conn->mysql) {
		char sql[64];

		snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s", conn->database);
		(void)!mariadb_run(conn, sql, "drop");
	}
	mariadb_call_close(conn);
	rc_arena_release(&conn->arena);
	free(conn);
}

int mariadb_hosts(const char *address, struct rc_arena *arena, const char ***names, size_t *count,
		  struct rc_fault *fault)
{
	struct url url;
	int rc = url_parse(address, arena, &url, fault);

	if (rc != RC_OK)
		return rc;
	*names = RC_ARENA_ARRAY(arena, const char *, url.host_count);
	for (size_t i = 0; i < url.host_count; i++)
		(*names)[i] = url.hosts[i].label;
	*count = url.host_count;
	return RC_OK;
}

/* Another connection to the server of `live`. */
static struct mariadb_conn *conn_beside(const struct mariadb_conn *live)
{
	struct mariadb_conn *conn = conn_create(&live->options);

	conn->url = live->url; /* its strings live as long as `live` */
	conn->host = live->host;
	conn->database = live->database;
	return conn;
}

bool mariadb_server_answers(const struct mariadb_conn *live)
{
	struct mariadb_conn *conn = conn_beside(live);
	bool answers = connect_to(conn, NULL) == RC_OK && mariadb_run(conn, "DO 1", "ask") == RC_OK;

	mariadb_close(&conn->base);
	return answers;
}

/*
 * A database with a random name and the character set of the live one, so that equal definitions read equal. Should this
 * process die in between, it stays; its name says what it is.
 */
static int scratch_make(struct mariadb_conn *live, struct mariadb_conn *conn)
{
	char name[48], sql[256];
	MYSQL_RES *result;
	MYSQL_ROW row;
	int rc = mariadb_ask(
		live,
		"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
		" WHERE SCHEMA_NAME = DATABASE()",
		&result);

	if (rc != RC_OK) {
		conn->base.fault = live->base.fault;
		return rc;
	}
	row = mysql_fetch_row(result);
	snprintf(name, sizeof(name), "rowcast_scratch_%08x%08x", randombytes_random(), randombytes_random());
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s CHARACTER SET %.64s COLLATE %.64s", name,
		 row ? row[0] : "utf8mb4", row ? row[1] : "utf8mb4_bin");
	mysql_free_result(result);
	rc = connect_to(conn, NULL);
	if (rc == RC_OK)
		rc = session(conn);
	if (rc != RC_OK)
		return rc;
	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_query(conn, sql, strlen(sql)) != 0) {
		if (mysql_errno(conn->mysql) == ER_DBACCESS_DENIED_ERROR)
			return rc_fault_set(
				&conn->base.fault, RC_INVALID,
				"user \"%s\" may not create the empty database in which the migrations are tried "
				"out on MariaDB server %s; let an administrator GRANT ALL PRIVILEGES ON "
				"`rowcast\\_scratch\\_%%`.* to it",
				conn->url.user, conn->host->label);
		return mariadb_fault(conn, NULL, "make a scratch database beside", NULL);
	}
	conn->database = rc_arena_copy(&conn->arena, rc_str_from(name)).ptr;
	conn->scratch = true;
	conn->label = rc_arena_printf(&conn->arena, "\"%s\" on MariaDB server %s", name, conn->host->label);
	snprintf(sql, sizeof(sql), "USE %s", name);
	return mariadb_run(conn, sql, "use");
}

int mariadb_scratch(struct db_conn *live, struct db_conn **out, struct rc_fault *fault)
{
	struct mariadb_conn *conn = conn_beside(mariadb_conn_of(live));
	int rc = scratch_make(mariadb_conn_of(live), conn);

	*out = NULL;
	if (rc != RC_OK) {
		if (fault)
			*fault = conn->base.fault;
		mariadb_close(&conn->base);
		return rc;
	}
	*out = &conn->base;
	return RC_OK;
}
