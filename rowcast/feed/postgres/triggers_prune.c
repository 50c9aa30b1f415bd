/*
 * Pruning the outbox, by transactions and not by the time of rows: a row of a long transaction is old when it is
 * committed, and its readers have not seen it yet.
 *
 *   rc_meta  log_mark    "TIME XID": at TIME (µs), every transaction below XID was over
 *            log_pruned  XID: rows below it are being removed
 *
 * When the mark is keep_us old it becomes log_pruned, and a new mark is made; so rows stay between once and twice that
 * long after their commit. A reader whose last snapshot still waits for transactions below log_pruned has missed
 * something, and says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/feed/postgres/triggers.h"

#define BATCH 1000

static int run(struct rc_tx *tx, const char *sql, int64_t *changed)
{
	return rc_sql_exec(tx, sql, NULL, 0, changed);
}

/* A new mark in place of the old one; several programs prune, one of them gets it. */
static int advance(struct rc_tx *tx, int64_t now_us, int64_t keep_us)
{
	char sql[512];
	int64_t changed;
	int rc;

	snprintf(sql, sizeof(sql),
		 "INSERT INTO rc_meta (key, value) SELECT 'log_pruned', split_part(value, ' ', 2) FROM rc_meta WHERE "
		 "key = "
		 "'log_mark' AND split_part(value, ' ', 1)::bigint <= %" PRId64
		 " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		 now_us - keep_us);
	rc = run(tx, sql, &changed);
	if (rc != RC_OK || changed == 0)
		return rc;
	snprintf(sql, sizeof(sql),
		 "UPDATE rc_meta SET value = '%" PRId64
		 " ' || pg_snapshot_xmin(pg_current_snapshot())::text WHERE key = 'log_mark'",
		 now_us);
	return run(tx, sql, &changed);
}

int triggers_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us, uint64_t *removed)
{
	char sql[512];
	int64_t changed = 0, age_us = 0;
	int rc;

	*removed = 0;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM rc_log WHERE id IN (SELECT id FROM rc_log WHERE xid < (SELECT value::xid8 FROM rc_meta "
		 "WHERE "
		 "key = 'log_pruned') LIMIT %d)",
		 BATCH);
	rc = run(tx, sql, &changed);
	if (rc != RC_OK)
		return rc;
	*removed = (uint64_t)changed;
	if (changed == BATCH)
		return RC_OK;
	snprintf(sql, sizeof(sql),
		 "SELECT %" PRId64 " - split_part(value, ' ', 1)::bigint FROM rc_meta WHERE key = 'log_mark'", now_us);
	rc = rc_sql_int(tx, sql, NULL, 0, &age_us);
	if (rc == RC_OK)
		return age_us >= options->keep_us ? advance(tx, now_us, options->keep_us) : RC_OK;
	if (rc != RC_NOT_FOUND)
		return rc;
	snprintf(sql, sizeof(sql),
		 "INSERT INTO rc_meta (key, value) VALUES ('log_mark', '%" PRId64
		 " ' || pg_snapshot_xmin(pg_current_snapshot())::text) ON CONFLICT (key) DO NOTHING",
		 now_us);
	return run(tx, sql, &changed);
}
