/*
 * From events to transactions: what the server sends, in order, becomes one `struct binlog_txn` for each committed
 * transaction that touches what we follow. Bytes in, transactions out; no input, no output, no clock.
 *
 *      FORMAT            GTID                       TABLE_MAP, rows (kept when they are of our tables)
 *   ─────────→ BETWEEN ───────→ INSIDE ───────────────┐
 *                 ↑                │  ↑────────────────┘
 *                 └── XID, COMMIT ─┘   a transaction; ROLLBACK: none
 *              GTID with "standalone": the one event behind it is all
 *
 * What cannot be followed is a break, with a sentence that says why: rows that were changed by text, a table that was
 * emptied or rebuilt, two-phase transactions, an incident, GTIDs that do not grow.
 */
#ifndef ROWCAST_FEED_MARIADB_ASSEMBLE_H
#define ROWCAST_FEED_MARIADB_ASSEMBLE_H

#include "rowcast/feed/mariadb/image.h"

struct binlog_txn {
	struct gtid gtid;
	uint32_t at_s;
	struct buf events; /* kept ones: type 1, length 4, body */
	uint32_t rows;     /* events with rows of captured models */
	bool marked;       /* or of rc_mark */
	bool meta;         /* or of rc_meta */
};

struct assembler {
	const struct images *images; /* for the names of tables only */
	struct event_format format;
	uint32_t domain; /* the only one in which captured rows may change */
	uint64_t n;      /* the newest GTID of the domain that is over */
	bool n_known;
	bool rotated; /* a file was read to its end */
	enum { ASSEMBLE_BETWEEN, ASSEMBLE_INSIDE, ASSEMBLE_ALONE } state;
	bool prepared; /* the group is a prepared XA transaction */
	struct binlog_txn txn;
	struct buf space;
	struct {
		uint64_t id;
		const struct image_table *table; /* NULL: not ours */
	} maps[32];                              /* of the statement */
	uint32_t map_count;
	char why[256];
};

enum assembled {
	ASSEMBLED_NOTHING = 0,
	ASSEMBLED_TXN,    /* assembler->txn is whole; take it, or leave it: the next event forgets it */
	ASSEMBLED_OTHERS, /* a group of no interest is over: only txn.gtid counts */
	ASSEMBLED_BREAK,  /* assembler->why; txn.gtid: where */
};

void maria_assembler_init(struct assembler *assembler, const struct images *images, uint32_t domain);
/* A stream begins anew behind GTID number n of the domain (n_known), in the middle of nothing. */
void maria_assembler_restart(struct assembler *assembler, bool n_known, uint64_t n);
void maria_assembler_release(struct assembler *assembler);
/* One event as the server sends it. ASSEMBLED_… or RC_CORRUPT (assembler->why). */
int maria_assembler_take(struct assembler *assembler, const uint8_t *event, size_t len) RC_MUST_CHECK;

struct binlog_decoded {
	struct image_changes changes;
	struct rc_mark mark;
	struct rc_str epoch; /* what rc_meta's epoch became; ptr NULL: it was not touched */
	bool epoch_touched;
};
/* The kept events into changes. `events` must live as long as the arena. RC_MISMATCH, RC_CORRUPT: images->why. */
int maria_binlog_decode(struct images *images, struct rc_str events, struct rc_arena *arena,
			struct binlog_decoded *out) RC_MUST_CHECK;

#endif
