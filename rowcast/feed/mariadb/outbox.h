/*
 * What the trigger source keeps in the database, and how it is read.
 *
 *   rc_seq(one, n)   one row: the newest number. Its row lock, held until the writer's commit, makes numbers follow each
 *                    other without a gap in commit order; a rollback takes its numbers back.
 *   rc_log(n, at, conn, tbl, op, o0 … oK, n0 … nK)
 *     n     position; set, with `at` and `conn`, by a trigger of rc_log itself, so that whoever inserts into it is numbered
 *     at    µs UTC by the server's clock; conn: the writer's connection
 *     tbl   table name; op 1 = insert, 2 = update, 3 = delete (enum rc_op)
 *     o0…   old image, n0… new image: column i of the model as the text that a SELECT would send (LONGBLOB): exact for every
 *           type, and read by the decoder of snapshots
 *   A row with op 0 and an empty table name is a mark (struct rc_mark): o0 is the writer, n0 what it counts. It is the last
 *   row of its transaction.
 *
 * Triggers see no commits. Neighbours of one connection are taken for one transaction, up to a mark: what one connection
 * of another program commits back to back between two looks comes as one.
 */
#ifndef ROWCAST_FEED_MARIADB_OUTBOX_H
#define ROWCAST_FEED_MARIADB_OUTBOX_H

#include "rowcast/feed/mariadb/link.h"
#include "rowcast/feed/source.h"

/* The widest captured model. */
uint32_t maria_outbox_width(const struct rc_schema *schema);
/* Tables, triggers. *made: something was not there or was another, so that changes may be missing. */
int maria_outbox_make(struct link *link, const struct rc_schema *schema, bool *made,
		      struct rc_fault *fault) RC_MUST_CHECK;
/* RC_MISMATCH: a trigger or a table is missing. */
int maria_outbox_check(struct link *link, const struct rc_schema *schema, struct rc_fault *fault) RC_MUST_CHECK;

/*
 * Names the tables and triggers as they are now: another one after TRUNCATE, ALTER, DROP, and where files were put back
 * from a backup. TRUNCATE is seen only by a user with the privilege PROCESS.
 */
#define OUTBOX_PRINT_MAX 20
int maria_outbox_print(struct link *link, const struct rc_schema *schema, char out[OUTBOX_PRINT_MAX],
		       struct rc_fault *fault) RC_MUST_CHECK;

/* One row's head; what tells two histories apart where they have the same numbers. */
struct outbox_row {
	uint64_t n;
	int64_t at_us;
	uint64_t conn;
	int op;
	struct rc_mark mark;          /* op 0: what it says */
	const struct rc_model *model; /* NULL: a mark, or nobody's */
};

/* SELECT … FROM rc_log, both numbers inclusive; the columns that the functions below know. */
void maria_outbox_put_select(struct buf *sql, const struct rc_schema *schema, uint64_t from_n, uint64_t to_n);
/* RC_CORRUPT: it is no row of rc_log. */
int maria_outbox_head(const struct rc_schema *schema, char *const *cells, const unsigned long *lengths,
		      struct outbox_row *out) RC_MUST_CHECK;
/* The row's images, as bytes for a queue. */
void maria_outbox_pack(const struct rc_schema *schema, const struct outbox_row *row, char *const *cells,
		       const unsigned long *lengths, struct buf *out);
/* Packed rows into changes; text points into them. RC_CORRUPT. */
int maria_outbox_unpack(const struct rc_schema *schema, struct rc_str packed, struct rc_arena *arena,
			struct rc_change **changes, uint32_t *count) RC_MUST_CHECK;

#endif
