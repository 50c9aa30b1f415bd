/*
 * Reading rc_log (rowcast/db/sqlite/capture.h has its layout) into changes.
 */
#ifndef ROWCAST_FEED_SQLITE_LOG_H
#define ROWCAST_FEED_SQLITE_LOG_H

#include "rowcast/base/buf.h"
#include "rowcast/db/sqlite/sqlite.h"
#include "rowcast/feed.h"

struct log_reader {
	const struct rc_schema *schema;
	const struct rc_model *last; /* most rows are of the table of the row before */
	uint32_t column_max;         /* of the widest captured model */
};

/* One row's head; what tells two histories apart where they have the same numbers. */
struct log_mark {
	uint64_t n;
	int64_t at_us;
	int op;
	struct rc_mark mark; /* op 0: what it says */
	bool ends;           /* a transaction ends here, as far as its writer knew to say so */
};

void log_reader_init(struct log_reader *reader, const struct rc_schema *schema);
/* SELECT n, at, tbl, op, ends, o0 …, n0 … FROM rc_log WHERE n >= ? ORDER BY n */
void log_reader_sql(const struct log_reader *reader, struct buf *out);
struct log_mark log_row_mark(sqlite3_stmt *stmt);
/*
 * Decode the current row; images in the arena. RC_NOT_FOUND: it is not of a captured table, or no log row at all; skip
 * it. A value that is not of its column's type (a table that is not STRICT may hold one) is delivered as NULL and
 * logged: one bad value must not stop the feed.
 */
int log_row_read(struct log_reader *reader, sqlite3_stmt *stmt, struct rc_arena *arena,
		 struct rc_change *out) RC_MUST_CHECK;
/* prune.c */
int log_prune(struct rc_tx *tx, const struct rc_feed_options *options, int64_t now_us, uint64_t *removed) RC_MUST_CHECK;
/* Warn about a value that could not be read. */
void log_bad_value(const struct rc_model *model, uint32_t column);

#endif
