/*
 * Changes as they leave the feed: committed transactions, in commit order, whole.
 */
#ifndef ROWCAST_CHANGE_H
#define ROWCAST_CHANGE_H

#include "rowcast/model.h"

/*
 * EPOCH.N: `epoch` names an unbroken history (a restore or a lost log starts a new one); `n` grows with commit order
 * inside it and may be compared. Text form: lower-case hex, a dot, decimal: "9f3c2a10.481".
 */
struct rc_position {
	uint64_t epoch;
	uint64_t n;
};

#define RC_POSITION_TEXT_MAX 40 /* bytes, with the NUL */

/* Writes the text form and returns its length. */
size_t rc_position_format(struct rc_position position, char text[RC_POSITION_TEXT_MAX]);
/* RC_INVALID when it cannot be read; upper-case hex, signs, blanks and leading zeros are refused. */
int rc_position_parse(struct rc_str text, struct rc_position *out);

enum rc_op { RC_OP_NONE, RC_INSERT, RC_UPDATE, RC_DELETE };

struct rc_change {
	const struct rc_model *model;
	enum rc_op op;
	const void *old_row; /* NULL for an insert */
	const void *new_row; /* NULL for a delete */
};

/* Whose transaction it is: `writer` is a number that a writer drew at random, `n` counts what it committed. Writer 0:
 * not marked. */
struct rc_mark {
	uint64_t writer;
	uint64_t n;
};

struct rc_txn {
	struct rc_position position; /* of its last change */
	struct rc_mark mark;         /* as rc_tx_mark wrote it */
	int64_t committed_us;        /* µs UTC by the writer's clock, as far as known; else when it was read */
	uint32_t change_count;
	const struct rc_change *changes;
};

#endif
