/*
 * Pruning rc_log where its numbers are in commit order (SQLite; triggers of MariaDB): a row goes only when it is older than keep_us AND more than keep_changes rows stand behind it.
 *
 * Always a prefix, so that numbers keep following each other without a gap, which is what the reader proves continuity
 * by; never the newest row, which it compares. In small batches, so that a call in the writer's way costs little:
 * called after every few commits it keeps up with any rate.
 */
#include "rowcast/feed/source.h"

#define BATCH 1000

static int run_int(struct rc_tx *tx, const char *sql, int64_t a, int64_t b, size_t count, int64_t *out)
{
	const struct rc_value values[] = {RC_INT_VALUE(a), RC_INT_VALUE(b)};

	return rc_sql_int(tx, sql, values, count, out);
}

int feed_log_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us, uint64_t *removed)
{
	uint64_t keep = options->keep_changes > 0 ? options->keep_changes : 1;
	int64_t first = 0, last = 0, end, young = 0, changed = 0;
	struct rc_value limit;
	int rc;

	*removed = 0;
	rc = run_int(tx, "SELECT min(n) FROM rc_log", 0, 0, 0, &first);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	if (rc == RC_OK)
		rc = run_int(tx, "SELECT max(n) FROM rc_log", 0, 0, 0, &last);
	if (rc != RC_OK)
		return rc;
	if ((uint64_t)(last - first) < keep)
		return RC_OK;
	end = last - (int64_t)keep + 1; /* rows before `end` are beyond the number */
	if (end > first + BATCH)
		end = first + BATCH;
	rc = run_int(tx, "SELECT n FROM rc_log WHERE n < ? AND at >= ? ORDER BY n LIMIT 1", end,
		     now_us - options->keep_us, 2, &young);
	if (rc == RC_OK)
		end = young; /* and before it, of age */
	else if (rc != RC_NOT_FOUND)
		return rc;
	if (end <= first)
		return RC_OK;
	limit = RC_INT_VALUE(end);
	rc = rc_sql_exec(tx, "DELETE FROM rc_log WHERE n < ?", &limit, 1, &changed);
	*removed = (uint64_t)changed;
	return rc;
}
