/*
 * Ticks by hand-written SQLite calls, and the barest reader of the log that the capture triggers write: told by inotify that
 * the WAL grows (which is before the commit can be seen), it asks again and again with growing pauses.
 */
#include <limits.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bench/feed.h"

static sqlite3 *writer, *reader;
static sqlite3_stmt *insert, *begin, *commit, *next;
static int64_t last;
static int inotify;
static char text[4096];

static void must(sqlite3 *db, bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "feed: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot be opened");
		exit(1);
	}
}

static sqlite3 *dial(const char *url)
{
	sqlite3 *db;

	must(NULL,
	     sqlite3_open_v2(url + strlen("sqlite:"), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		     SQLITE_OK,
	     url);
	must(db,
	     sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384", NULL,
			  NULL, NULL) == SQLITE_OK,
	     url);
	sqlite3_busy_timeout(db, 10000);
	return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	must(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) == SQLITE_OK, sql);
	return stmt;
}

static void run(sqlite3_stmt *stmt)
{
	must(writer, sqlite3_step(stmt) == SQLITE_DONE, sqlite3_sql(stmt));
	sqlite3_reset(stmt);
}

static void writer_open(const char *url)
{
	writer = dial(url);
	begin = prepare(writer, "BEGIN IMMEDIATE");
	commit = prepare(writer, "COMMIT");
	insert = prepare(writer, "INSERT INTO tick (run, name, at, amount) VALUES (1, ?1, 1795000000000000, ?2)");
}

static void writer_close(void)
{
	sqlite3_finalize(begin);
	sqlite3_finalize(commit);
	sqlite3_finalize(insert);
	sqlite3_close(writer);
}

static void write_ticks(int64_t first, int64_t count)
{
	char name[32];

	run(begin);
	for (int64_t i = first; i < first + count; i++) {
		sqlite3_bind_text(insert, 1, name, snprintf(name, sizeof(name), "Tick %ld", (long)i), SQLITE_STATIC);
		sqlite3_bind_int64(insert, 2, i);
		run(insert);
	}
	run(commit);
}

static void reader_open(const char *url)
{
	char directory[PATH_MAX];

	reader = dial(url);
	next = prepare(reader, "SELECT n, tbl, op, n0, n1, n2, n3, n4 FROM rc_log WHERE n > ?1 ORDER BY n");
	inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(directory, sizeof(directory), "%s", url + strlen("sqlite:"));
	*strrchr(directory, '/') = '\0';
	must(NULL, inotify_add_watch(inotify, directory, IN_MODIFY | IN_CREATE) >= 0, directory);
}

static bool read_new(void)
{
	int64_t before = last;
	int result;

	sqlite3_bind_int64(next, 1, last);
	while ((result = sqlite3_step(next)) == SQLITE_ROW) {
		struct tick tick = {.id = sqlite3_column_int64(next, 3),
				    .run = sqlite3_column_int64(next, 4),
				    .at = sqlite3_column_int64(next, 6),
				    .amount = sqlite3_column_int64(next, 7)};
		const unsigned char *table = sqlite3_column_text(next, 1), *name;

		last = sqlite3_column_int64(next, 0);
		if (strcmp((const char *)table, "tick") != 0 || sqlite3_column_int(next, 2) != 1)
			continue;
		name = sqlite3_column_text(next, 5);
		tick.name = (struct rc_str){text, (size_t)sqlite3_column_bytes(next, 5)};
		memcpy(text, name, tick.name.len + 1);
		feed_saw(&tick);
	}
	must(reader, result == SQLITE_DONE, "read the log");
	sqlite3_reset(next);
	return last > before;
}

static void reader_read(void)
{
	_Alignas(struct inotify_event) char events[8192];
	struct pollfd told = {.fd = inotify, .events = POLLIN};
	useconds_t pause = 20;

	if (read_new())
		return;
	poll(&told, 1, 100);
	while (read(inotify, events, sizeof(events)) > 0)
		;
	for (; !read_new() && pause < 2500; pause *= 2)
		usleep(pause);
}

static void reader_close(void)
{
	sqlite3_finalize(next);
	sqlite3_close(reader);
	close(inotify);
}

const struct engine engine_sqlite = {"sqlite:",   writer_open, write_ticks, writer_close,
				     reader_open, reader_read, reader_close};
