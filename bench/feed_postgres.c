/*
 * Ticks by hand-written libpq calls, and the barest reader of PostgreSQL's own log: a temporary slot, pgoutput in binary
 * form over the replication protocol, columns read straight into the struct.
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/feed.h"
#include "bench/postgres.h"

static PGconn *writer, *reader;
static uint32_t relation; /* of table tick */
static char text[4096];

static void must(PGconn *db, bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "feed: %s: %s", what, PQerrorMessage(db));
		exit(1);
	}
}

static void run(PGconn *db, const char *sql, ExecStatusType status)
{
	PGresult *result = PQexec(db, sql);

	must(db, PQresultStatus(result) == status, sql);
	PQclear(result);
}

static PGconn *dial(const char *url, const char *replication)
{
	const char *const names[] = {"dbname", "replication", NULL}, *const values[] = {url, replication, NULL};
	PGconn *db = PQconnectdbParams(names, values, 1);

	must(db, PQstatus(db) == CONNECTION_OK, "connect");
	return db;
}

static void writer_open(const char *url)
{
	PGresult *result;

	writer = dial(url, NULL);
	result = PQprepare(writer, "write",
			   "INSERT INTO tick (run, name, at, amount) SELECT 1, 'Tick ' || n, '2026-11-20T00:00:00Z', n"
			   " FROM generate_series($1::bigint, $2::bigint) AS n",
			   0, NULL);
	must(writer, PQresultStatus(result) == PGRES_COMMAND_OK, "prepare");
	PQclear(result);
}

static void writer_close(void)
{
	PQfinish(writer);
}

static void write_ticks(int64_t first, int64_t count)
{
	static const int lengths[2] = {8, 8}, formats[2] = {1, 1};
	char from[8], to[8];
	const char *const values[2] = {from, to};
	PGresult *result;

	postgres_put64(from, first);
	postgres_put64(to, first + count - 1);
	result = PQexecPrepared(writer, "write", 2, values, lengths, formats, 1);
	must(writer, PQresultStatus(result) == PGRES_COMMAND_OK, "write");
	PQclear(result);
}

static void reader_open(const char *url)
{
	PGconn *db = dial(url, NULL);
	char sql[256];

	/* The publication before the slot: decoding cannot know one that came later. */
	run(db, "CREATE PUBLICATION bench_bare FOR TABLE tick", PGRES_COMMAND_OK);
	run(db, "ALTER TABLE tick REPLICA IDENTITY FULL", PGRES_COMMAND_OK);
	PQfinish(db);
	reader = dial(url, "database");
	snprintf(sql, sizeof(sql), "CREATE_REPLICATION_SLOT bench_%d TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')",
		 (int)getpid());
	run(reader, sql, PGRES_TUPLES_OK);
	snprintf(sql, sizeof(sql),
		 "START_REPLICATION SLOT bench_%d LOGICAL 0/0 (proto_version '1', publication_names 'bench_bare', "
		 "binary 'true')",
		 (int)getpid());
	run(reader, sql, PGRES_COPY_BOTH);
}

static void answer(int64_t lsn)
{
	char message[34] = "r";

	postgres_put64(message + 1, lsn);
	postgres_put64(message + 9, lsn);
	postgres_put64(message + 17, lsn);
	must(reader, PQputCopyData(reader, message, sizeof(message)) == 1 && PQflush(reader) == 0, "answer");
}

static struct rc_str column(const char **at)
{
	struct rc_str out = {*at + 5, postgres_get32(*at + 1)};

	*at += 5 + out.len;
	return out;
}

static void saw_insert(const char *at)
{
	struct tick tick = {0};

	if (postgres_get32(at + 1) != relation)
		return;
	at += 8; /* 'I', relation, 'N', number of columns */
	tick.id = postgres_get64(column(&at).ptr);
	tick.run = postgres_get64(column(&at).ptr);
	tick.name = column(&at);
	memcpy(text, tick.name.ptr, tick.name.len);
	tick.name.ptr = text;
	tick.at = postgres_get64(column(&at).ptr) + EPOCH_2000_US;
	tick.amount = postgres_get64(column(&at).ptr);
	feed_saw(&tick);
}

/* "R", relation, schema, name. */
static void note_relation(const char *at)
{
	const char *table = at + 5 + strlen(at + 5) + 1;

	if (strcmp(table, "tick") == 0)
		relation = postgres_get32(at + 1);
}

static void saw_message(const char *message)
{
	if (*message == 'k' && message[17])
		answer(postgres_get64(message + 1));
	if (*message != 'w')
		return;
	message += 25;
	if (*message == 'I')
		saw_insert(message);
	else if (*message == 'R')
		note_relation(message);
}

static void reader_read(void)
{
	struct pollfd ready = {.fd = PQsocket(reader), .events = POLLIN};
	bool found = false;
	char *message;
	int got;

	while ((got = PQgetCopyData(reader, &message, 1)) > 0) {
		saw_message(message);
		PQfreemem(message);
		found = true;
	}
	must(reader, got == 0, "read the log");
	if (found)
		return;
	poll(&ready, 1, 1000);
	must(reader, PQconsumeInput(reader) == 1, "read the log");
}

static void reader_close(void)
{
	PQfinish(reader);
}

const struct engine engine_postgres = {"postgres",  writer_open, write_ticks, writer_close,
				       reader_open, reader_read, reader_close};
