/* Inside of the decoder: relations and the rows of I, U and D. */
#ifndef ROWCAST_FEED_POSTGRES_TUPLE_H
#define ROWCAST_FEED_POSTGRES_TUPLE_H

#include "rowcast/feed/postgres/pgoutput.h"

#define PGOUTPUT_COLUMNS_MAX 1664 /* MaxTupleAttributeNumber */

struct pgoutput_column {
	uint32_t oid; /* of its type */
	int32_t at;   /* column of the model; -1: the program does not know it */
};

struct pgoutput_relation {
	uint32_t id;
	const struct rc_model *model; /* NULL: not captured */
	char identity;                /* REPLICA IDENTITY: d(efault) n(othing) f(ull) i(ndex) */
	uint64_t missing;             /* columns of the model that the table does not have */
	char unfit[192];              /* why its changes cannot be followed; "": they can */
	uint32_t column_count;
	struct pgoutput_column columns[];
};

struct pgoutput_cell {
	char kind; /* n(ull) u(nchanged) t(ext) b(inary) */
	struct rc_str value;
};

struct pgoutput_relation *pgoutput_relation_find(struct pgoutput *decoder, uint32_t id);
int pgoutput_row_read(struct pgoutput *decoder, struct rc_str message, struct rc_arena *arena,
		      struct rc_change *out) RC_MUST_CHECK;

#endif
