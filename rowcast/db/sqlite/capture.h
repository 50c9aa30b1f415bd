/*
 * Change capture for SQLite: the SQL of the triggers that write every change of a table into `rc_log`, in the writer's
 * own transaction, whoever the writer is (docs/decisions/0006-sqlite-feed-by-triggers.md).
 *
 *   rc_log(n INTEGER PRIMARY KEY AUTOINCREMENT, at, tbl, op, ends, o0 … oK, n0 … nK)
 *     n    position; commit order, never used twice
 *     at   µs UTC by SQLite's clock (milliseconds)
 *     tbl  table name; op 1 = insert, 2 = update, 3 = delete (enum rc_op)
 *     ends 1: a transaction ends with this row. Our own transactions mark themselves and whoever came before them;
 *          triggers cannot, so what other programs commit back to back may be read as one
 *     o0…  old image, n0… new image: column i of the model in o<i> / n<i>, as the value itself. No encoding: SQLite
 * keeps 64-bit integers, doubles, blobs and text with any character exactly, writing costs no formatting, and the
 * decoder of query results reads it. Columns behind the model's last one, and the image that an op has not, are NULL.
 *   A row with op 0 and an empty table name is a mark (struct rc_mark): o0 is the writer, n0 what it counts.
 *   rc_meta(key TEXT PRIMARY KEY, value)   epoch, epoch_start, file: kept by the feed
 *   rc_pending_<table>                     rows that a REPLACE may be about to remove; empty between statements but for
 * rows that turned out to stay, which later statements clear
 *
 * The SQL is plain text, so that rowgen puts it into migrations and a gateway runs it at run time; both must run
 * capture_write_log before the first table's triggers. The table must exist before its triggers.
 */
#ifndef ROWCAST_DB_SQLITE_CAPTURE_H
#define ROWCAST_DB_SQLITE_CAPTURE_H

#include "rowcast/base/buf.h"
#include "rowcast/model.h"

/* julianday is exact to 40 µs in a double; SQLite's clock gives milliseconds. One value per statement. */
#define CAPTURE_NOW_US "CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000"

enum capture_rowid {
	CAPTURE_ROWID_KEY,    /* INTEGER PRIMARY KEY: the key is the rowid */
	CAPTURE_ROWID_HIDDEN, /* a rowid besides the key: REPLACE INTO t(rowid, …) can hit it too */
	CAPTURE_ROWID_NONE,   /* WITHOUT ROWID */
};

/* A UNIQUE constraint or index besides the primary key. `where`: predicate of a partial index over bare column names,
 * or NULL. An index on expressions cannot be captured. */
struct capture_unique {
	const uint32_t *columns;
	uint32_t count;
	const char *where;
};

struct capture_table {
	const struct rc_model *model;
	enum capture_rowid rowid;
	const struct capture_unique *uniques;
	uint32_t unique_count;
};

/* CREATE TABLE IF NOT EXISTS rc_log, rc_meta. `column_max`: of the widest captured model. */
void capture_write_log(struct buf *out, uint32_t column_max);
/* ALTER TABLE rc_log ADD COLUMN … when a later migration captures a wider table. */
void capture_write_log_widen(struct buf *out, uint32_t column_max_old, uint32_t column_max_new);
/* rc_pending_<table> and the triggers rc_<table>_… Each statement ends in ";\n". */
void capture_write_table(struct buf *out, const struct capture_table *table);
/* DROP them, for a migration that changes the table's columns or keys (then capture_write_table again), or drops it. */
void capture_write_drop(struct buf *out, const char *table);

#endif
