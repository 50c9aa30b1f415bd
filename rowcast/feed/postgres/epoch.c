#include "rowcast/feed/postgres/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/log.h"

static bool parse(const char *text, int base, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, base);
	return errno == 0 && end != text && *end == 0;
}

uint64_t pgf_epoch_draw(uint64_t broken)
{
	uint64_t number;

	do
		randombytes_buf(&number, sizeof(number));
	while (number == 0 || number == broken);
	return number;
}

static void source_of(const struct pgf_facts *facts, char text[96])
{
	snprintf(text, 96, "postgres %" PRIu64 "/%" PRIu32 "/%" PRIu64 "/%" PRIu64, facts->system, facts->timeline,
		 facts->database, facts->meta);
}

/* RC_NOT_FOUND: none that will do. */
static int look(PGconn *conn, const char *source, uint64_t broken, int64_t deadline_us, struct pgf_epoch *out,
		struct rc_fault *fault)
{
	const char *epoch = "", *start = "", *stored = "";
	PGresult *result;
	int rc = pgf_run(conn, "SELECT key, value FROM rc_meta WHERE key IN ('epoch', 'start', 'source')", deadline_us,
			 &result, fault);

	for (int i = 0; rc == RC_OK && i < PQntuples(result); i++) {
		const char *key = pgf_text(result, i, 0), *value = pgf_text(result, i, 1);

		if (strcmp(key, "epoch") == 0)
			epoch = value;
		else if (strcmp(key, "start") == 0)
			start = value;
		else
			stored = value;
	}
	if (rc == RC_OK) {
		snprintf(out->text, sizeof(out->text), "%s", epoch);
		if (!parse(epoch, 16, &out->number) || out->number == 0 || out->number == broken ||
		    !parse(start, 10, &out->start) || strcmp(stored, source) != 0)
			rc = RC_NOT_FOUND;
	}
	out->stored = rc == RC_OK;
	PQclear(result);
	return rc;
}

static int store(PGconn *conn, const char *source, const struct pgf_epoch *epoch, int64_t deadline_us,
		 struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_printf(&sql,
		   "INSERT INTO rc_meta (key, value) VALUES ('epoch', '%s'), ('start', '%" PRIu64 "'), ('source', ",
		   epoch->text, epoch->start);
	pgf_append_literal(&sql, source);
	buf_append_str(&sql, RC_STR(") ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
	rc = pgf_do(conn, buf_cstr(&sql), deadline_us, fault);
	buf_release(&sql);
	return rc;
}

/* Another process may have drawn one while we waited for the lock: theirs is good. */
static int replace(PGconn *conn, const struct pgf_facts *facts, const char *source, uint64_t broken,
		   int64_t deadline_us, struct pgf_epoch *out, struct rc_fault *fault)
{
	int rc = pgf_do(conn, "BEGIN", deadline_us, fault);

	if (rc == RC_OK)
		rc = pgf_do(conn, "LOCK TABLE rc_meta IN SHARE ROW EXCLUSIVE MODE", deadline_us, fault);
	if (rc == RC_OK) {
		rc = look(conn, source, broken, deadline_us, out, fault);
		if (rc == RC_NOT_FOUND) {
			out->number = pgf_epoch_draw(broken);
			out->start = facts->head;
			snprintf(out->text, sizeof(out->text), "%" PRIx64, out->number);
			rc = store(conn, source, out, deadline_us, fault);
		}
	}
	if (rc == RC_OK)
		rc = pgf_do(conn, "COMMIT", deadline_us, fault);
	else if (PQstatus(conn) == CONNECTION_OK)
		(void)!pgf_do(conn, "ROLLBACK", deadline_us, NULL);
	out->stored = rc == RC_OK;
	return rc;
}

int pgf_epoch_ensure(PGconn *conn, const struct pgf_facts *facts, uint64_t broken, int64_t deadline_us,
		     struct pgf_epoch *out, struct rc_fault *fault)
{
	struct rc_fault why = {0};
	char source[96];
	int rc;

	source_of(facts, source);
	rc = look(conn, source, broken, deadline_us, out, fault);
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = replace(conn, facts, source, broken, deadline_us, out, &why);
	if (rc == RC_OK || PQstatus(conn) != CONNECTION_OK) {
		if (rc != RC_OK && fault)
			*fault = why;
		return rc;
	}
	log_event(LOG_WARN, "feed-epoch", "the feed's epoch could not be stored; positions end with this process",
		  LOG_S("reason", why.message));
	out->number = pgf_epoch_draw(broken);
	out->start = facts->head;
	return RC_OK;
}
