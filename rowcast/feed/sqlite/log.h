/*
 * Reading rc_log (rowcast/db/sqlite/capture.h has its layout) into changes.
 *
 * Rows are not fetched, SQLite brings them: the statement of log_walk calls functions of ours for every row, which get the
 * values as they lie in the virtual machine. That saves a step and some ten checked calls per row, and CASE evaluates only
 * those images that the row's op has.
 */
#ifndef ROWCAST_FEED_SQLITE_LOG_H
#define ROWCAST_FEED_SQLITE_LOG_H

#include "rowcast/base/buf.h"
#include "rowcast/db/sqlite/sqlite.h"
#include "rowcast/feed.h"

/* One row's head; what tells two histories apart where they have the same numbers. */
struct log_mark {
	uint64_t n;
	int64_t at_us;
	int op;
	struct rc_mark mark; /* op 0: what it says */
	bool ends;           /* a transaction ends here, as far as its writer knew to say so */
};

/*
 * What to do with a row: where its change is to be decoded to, or NULL to skip it; *stop: end the walk in front of it.
 * `model`: whose change it is; NULL: not one of a captured table, nothing to decode.
 */
typedef struct rc_change *log_row_fn(void *arg, const struct log_mark *mark, const struct rc_model *model, bool *stop);

struct log_reader {
	const struct rc_schema *schema;
	const struct rc_model *last; /* most rows are of the table of the row before */
	uint32_t column_max;         /* of the widest captured model */
	sqlite3_stmt *walk;
	/* of the walk that runs */
	log_row_fn *row;
	void *arg;
	struct rc_arena *arena;
	struct rc_change *change; /* of the row that is decoded, NULL: none */
};

void log_reader_init(struct log_reader *reader, const struct rc_schema *schema);
/* Returns SQLite's result. The connection's functions refer to the reader from then on. */
int log_reader_open(struct log_reader *reader, sqlite3 *db) RC_MUST_CHECK;
void log_reader_close(struct log_reader *reader);
/*
 * Rows from number `first` on, in their order; images go to the arena. Returns SQLITE_ROW when `row` stopped, SQLITE_DONE
 * behind the last row, or SQLite's error. A value that is not of its column's type (a table that is not STRICT may hold
 * one) is delivered as NULL and logged: one bad value must not stop the feed.
 */
int log_walk(struct log_reader *reader, uint64_t first, struct rc_arena *arena, log_row_fn *row,
	     void *arg) RC_MUST_CHECK;
/* Warn about a value that could not be read. */
void log_bad_value(const struct rc_model *model, uint32_t column);

#endif
