/*
 * Opening: connect, then make the session ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/db/postgres/postgres.h"

#define CONNECT_US 2000000 /* besides busy_timeout_us, where the URL has no connect_timeout */
/* A statement may take this long, and a quarter more than locks are waited for; silence is judged a second later. */
#define STATEMENT_LEAST_MS  2000
#define SILENCE_MORE_US     1000000
#define IDLE_TRANSACTION_MS 300000

/*
 * The session. lock_timeout is what busy_timeout_us promises; the statement's own limit lies above it, so that a lock
 * is told from a slow statement, and the client's patience above that, so that the server speaks first. A server set to
 * acknowledge commits before they are on disk is asked not to, here.
 */
static void write_settings(struct pg_conn *conn)
{
	int64_t busy_ms = (conn->options.busy_timeout_us + 999) / 1000;
	int64_t statement_ms = busy_ms + busy_ms / 4;

	if (busy_ms > INT32_MAX / 2)
		busy_ms = statement_ms = INT32_MAX / 2;
	if (statement_ms < STATEMENT_LEAST_MS)
		statement_ms = STATEMENT_LEAST_MS;
	conn->silence_us = statement_ms * 1000 + SILENCE_MORE_US;
	snprintf(conn->settings, sizeof(conn->settings),
		 "SELECT set_config('TimeZone', 'UTC', %1$s), set_config('lock_timeout', '%2$lld', %1$s),"
		 " set_config('statement_timeout', '%3$lld', %1$s),"
		 " set_config('idle_in_transaction_session_timeout', '%4$d', %1$s),"
		 " set_config('client_min_messages', 'warning', %1$s),"
		 " set_config('standard_conforming_strings', 'on', %1$s),"
		 " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
		 " ELSE current_setting('synchronous_commit') END, %1$s), current_setting('fsync')",
		 conn->named ? "false" : "true", (long long)(busy_ms > 0 ? busy_ms : 1), (long long)statement_ms,
		 IDLE_TRANSACTION_MS);
}

/* A commit that a standby did not confirm in time is told by a warning only. */
static void notice(void *arg, const PGresult *result)
{
	struct pg_conn *conn = arg;
	const char *from = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	if (from && strcmp(from, "SyncRepWaitForLSN") == 0)
		conn->unreplicated = true;
}

static int settle_in(struct pg_conn *conn)
{
	PGresult *result;
	int rc;

	if (getrandom(&conn->name_base, sizeof(conn->name_base), 0) != sizeof(conn->name_base))
		conn->name_base = (uint64_t)pg_now_us();
	PQsetNoticeReceiver(conn->pg, notice, conn);
	write_settings(conn);
	rc_check(PQenterPipelineMode(conn->pg));
	rc = pg_query(conn, conn->settings, "open", &result);
	if (rc != RC_OK)
		return rc;
	if (conn->options.writable && strcmp(PQgetvalue(result, 0, 7), "on") != 0)
		log_event(LOG_WARN, "database_not_durable",
			  "the server runs with fsync off: a crash of its machine loses commits that were acknowledged",
			  LOG_S("database", conn->where));
	PQclear(result);
	return RC_OK;
}

static int64_t connect_us(const struct pg_url *url, const struct db_options *options)
{
	return url->connect_us ? url->connect_us : options->busy_timeout_us + CONNECT_US;
}

/* CREATE DATABASE, from the database that every server has. */
static int make_database(const struct pg_url *url, const struct db_options *options, struct rc_fault *fault)
{
	struct pg_url other = *url;
	struct pg_connected connected;
	struct pg_conn conn = {.options = *options};
	struct buf sql = BUF_INIT;
	char where[] = "the server";
	char *name;
	int rc;

	for (size_t i = 0; i < other.count; i++) {
		if (strcmp(other.keywords[i], "dbname") == 0)
			other.values[i] = "postgres";
	}
	rc = pg_connect(&other, options, connect_us(url, options), &connected, fault);
	for (size_t i = 0; i < other.count; i++) {
		if (strcmp(other.keywords[i], "dbname") == 0)
			other.values[i] = url->database;
	}
	if (rc != RC_OK)
		return rc;
	conn.pg = connected.pg;
	conn.where = where;
	name = PQescapeIdentifier(conn.pg, url->database, strlen(url->database));
	buf_printf(&sql, "CREATE DATABASE %s", name);
	rc_check(PQenterPipelineMode(conn.pg));
	rc = pg_simple(&conn, buf_cstr(&sql), 60000000, "make a database on");
	if (rc != RC_OK)
		rc_fault_set(fault, (enum rc_err)rc, "database %s does not exist, and %s", url->database,
			     conn.base.fault.message);
	PQfreemem(name);
	buf_release(&sql);
	PQfinish(conn.pg);
	return rc;
}

static int reach(const struct pg_url *url, const struct db_options *options, struct pg_connected *out,
		 struct rc_fault *fault)
{
	int rc = pg_connect(url, options, connect_us(url, options), out, fault);

	if (rc != RC_NOT_FOUND || !options->create || !options->writable || !pg_url_value(url, "dbname"))
		return rc;
	rc = make_database(url, options, fault);
	return rc == RC_OK ? pg_connect(url, options, connect_us(url, options), out, fault) : rc;
}

int pg_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault)
{
	struct rc_fault unseen;
	struct pg_connected connected;
	struct rc_arena arena;
	struct pg_conn *conn;
	struct pg_url url;
	int rc;

	*out = NULL;
	if (!fault)
		fault = &unseen;
	rc_arena_init(&arena, 4096);
	rc = pg_url_parse(address, &arena, &url, fault);
	if (rc == RC_OK)
		rc = reach(&url, options, &connected, fault);
	if (rc == RC_OK) {
		conn = rc_xcalloc(1, sizeof(*conn));
		conn->base.driver = &postgres_driver;
		conn->pg = connected.pg;
		conn->options = *options;
		conn->options.host = (int)connected.host + 1;
		conn->named = url.prepare;
		conn->url = rc_xstrdup(address);
		conn->where = rc_xmalloc(512);
		snprintf(conn->where, 512, "database %s on server %s", PQdb(conn->pg), url.hosts[connected.host].name);
		rc = settle_in(conn);
		if (rc == RC_OK) {
			*out = &conn->base;
		} else {
			*fault = conn->base.fault;
			pg_close(&conn->base);
		}
	}
	rc_arena_release(&arena);
	return rc;
}

void pg_close(struct db_conn *base)
{
	struct pg_conn *conn = pg_conn_of(base);

	if (!base)
		return;
	pg_finalize(conn->clock);
	PQclear(conn->retired);
	PQfinish(conn->pg);
	free(conn->url);
	free(conn->where);
	free(conn);
}
