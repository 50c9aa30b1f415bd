/*
 * Real database servers for tests: private, on loopback, in a folder of their own, gone with the test. Built on the
 * scripts beside this file. Every failure ends the test with the server's own words.
 */
#ifndef TESTS_ENGINE_H
#define TESTS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "rowcast/dialect.h"

struct engine {
	enum rc_dialect dialect;
	char folder[64];
	char url[192]; /* of its database `test`, as the user `tester`, who may do everything */
	unsigned int databases;
};

/* `settings`: further words for the script ("wal_level=replica", "--binlog-format=MIXED"), NULL-terminated; NULL: none.
 * RC_SQLITE: no server, only the folder. */
void engine_start(struct engine *engine, enum rc_dialect dialect, const char *const *settings);
/* A new empty database of this server (SQLite: file); `url` gets its URL. */
void engine_fresh(struct engine *engine, char url[256]);
void engine_stop(struct engine *engine);            /* orderly */
void engine_crash(struct engine *engine);           /* kill -9 of the server and what belongs to it */
void engine_freeze(struct engine *engine, bool on); /* SIGSTOP, SIGCONT: it is there and does not answer */
void engine_again(struct engine *engine);           /* start it again: same folder, same port */
void engine_remove(struct engine *engine);          /* stop and delete */
/* What an outsider does: SQL by psql, mariadb or sqlite3 on the database of `url`. Writes what it printed (rows as lines,
 * columns by |) into `out` (may be NULL), and returns its exit status. */
int engine_sql(struct engine *engine, const char *url, const char *sql, char *out, size_t size);

#endif
