/*
 * The messages of the `pgoutput` plugin, protocol version 1, decoded into changes by the model descriptors. No I/O:
 * messages come in, changes go out.
 * https://www.postgresql.org/docs/15/protocol-logicalrep-message-formats.html
 *
 *   B … R I U D T M O Y … C     one committed transaction, in commit order
 *
 * R (a relation) precedes the first change of a table and comes again after DDL, also in the middle of a transaction.
 * Columns are matched by NAME, so that what a program does not know is skipped:
 *
 *   a column of the model is not there      its value is NULL, said once in the log
 *   a key column is not there, a type does
 *   not fit, old rows are not sent whole    the table's next change is a gap
 *   TRUNCATE of a captured table            a gap: the rows it deleted are not listed
 *
 * A value that was not changed and is stored out of line (TOAST) comes as `u` and is taken from the old row, which
 * REPLICA IDENTITY FULL sends whole.
 */
#ifndef ROWCAST_FEED_POSTGRES_PGOUTPUT_H
#define ROWCAST_FEED_POSTGRES_PGOUTPUT_H

#include "rowcast/arena.h"
#include "rowcast/change.h"
#include "rowcast/orm.h"

struct pgoutput_relation;

struct pgoutput {
	const struct rc_schema *schema;
	char *space; /* the server's schema that our tables are in; NULL: any */
	struct pgoutput_relation **relations;
	size_t relation_count;
	struct pgoutput_relation *last; /* most changes are of the table of the one before */
	struct pgoutput_cell *old_cells, *new_cells;
	char gap[256]; /* behind RC_GONE: why, one clause */
};

/* What frames a transaction. */
struct pgoutput_begin {
	uint64_t final_lsn; /* where its commit record begins */
	int64_t at_us;      /* µs UTC, by the server's clock */
	uint32_t xid;
};

struct pgoutput_commit {
	uint64_t lsn, end_lsn; /* of the commit record; what follows begins at end_lsn */
	int64_t at_us;
};

/* A logical message of this library: empty content is a heartbeat. */
struct pgoutput_message {
	bool transactional, ours, marked;
	struct rc_mark mark;
};

/* `space`: borrowed for the call; NULL: tables of every schema. */
void pgoutput_init(struct pgoutput *decoder, const struct rc_schema *schema, const char *space);
void pgoutput_release(struct pgoutput *decoder);
/* Forget the relations: a new connection sends them again. */
void pgoutput_restart(struct pgoutput *decoder);

/* First byte of a message; 0: it is empty. */
static inline char pgoutput_kind(struct rc_str message)
{
	return message.len > 0 ? *message.ptr : 0;
}

/* Errors  RC_CORRUPT: not of the required form. */
int pgoutput_begin_read(struct rc_str message, struct pgoutput_begin *out) RC_MUST_CHECK;
int pgoutput_commit_read(struct rc_str message, struct pgoutput_commit *out) RC_MUST_CHECK;
int pgoutput_message_read(struct rc_str message, struct pgoutput_message *out) RC_MUST_CHECK;

enum { PGOUTPUT_CHANGE = 1 };

/*
 * One message between B and C. PGOUTPUT_CHANGE: *out is a change, its rows in the arena; 0: nothing for us (a relation,
 * another table). A change may be skipped (`arena` NULL): relations are kept, rows not decoded.
 * Errors  RC_GONE: decoder->gap says why the history cannot be followed; RC_CORRUPT.
 */
int pgoutput_change(struct pgoutput *decoder, struct rc_str message, struct rc_arena *arena,
		    struct rc_change *out) RC_MUST_CHECK;

#endif
