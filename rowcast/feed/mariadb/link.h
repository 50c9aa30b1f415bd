/*
 * A connection to one of the servers that the URL names: the first one that answers and is not read-only.
 */
#ifndef ROWCAST_FEED_MARIADB_LINK_H
#define ROWCAST_FEED_MARIADB_LINK_H

#include <mysql.h>

#include "rowcast/base/buf.h"
#include "rowcast/db/url.h"

#define LINK_ANSWER_US 10000000 /* a server that says nothing for so long is not there */

struct link {
	MYSQL *mysql;   /* NULL: none */
	char name[160]; /* "server HOST:PORT, database NAME", for faults */
};

/* Parse once; the strings live in the arena. */
int maria_link_parse(const char *url, struct rc_arena *arena, struct url *out, struct rc_fault *fault) RC_MUST_CHECK;

/* answer_us: how long an answer is waited for. RC_UNAVAILABLE, RC_READONLY, RC_INVALID (user, password, database). */
int maria_link_open(struct link *link, const struct url *url, int64_t answer_us, struct rc_fault *fault) RC_MUST_CHECK;
void maria_link_close(struct link *link);

/* The last error of the connection: an rc_err and, in `fault`, a sentence: "server …: cannot DO: its words". */
int maria_link_fault(const struct link *link, const char *act, struct rc_fault *fault);
/* A statement without rows. `act`: what it is for ("make table rc_mark"). */
int maria_link_run(struct link *link, const char *sql, const char *act, struct rc_fault *fault) RC_MUST_CHECK;
int maria_link_runf(struct link *link, const char *act, struct rc_fault *fault, const char *format, ...)
	RC_PRINTF(4, 5) RC_MUST_CHECK;
/* All rows at once. Free with mysql_free_result. */
int maria_link_rows(struct link *link, const char *sql, const char *act, MYSQL_RES **out,
		    struct rc_fault *fault) RC_MUST_CHECK;
/* First column of the first row; RC_NOT_FOUND: no row, or NULL. Longer ones are cut. */
int maria_link_text(struct link *link, const char *sql, const char *act, char *out, size_t size,
		    struct rc_fault *fault) RC_MUST_CHECK;

void maria_link_put_name(struct buf *out, const char *name); /* `name` */
void maria_link_put_text(struct buf *out, const char *text); /* 'text'; no backslashes in it but doubled */

#endif
