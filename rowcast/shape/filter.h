/*
 * Filters: which rows of a table a shape has. One condition a column, all of them must hold:
 *
 *   {"venue_id": 3}                        equal
 *   {"state": ["held", "confirmed"]}       one of these
 *   {"starts_at": {"gte": "…", "lt": "…"}} gt, gte, lt, lte
 *   {"rule_id": null}                      IS NULL; every other condition refuses NULL
 *
 * Values are compared as bytes whose memory order is the order of the type (text: by code point), so that equality, ranges
 * and the index (index.h) need one comparison.
 */
#ifndef ROWCAST_SHAPE_FILTER_H
#define ROWCAST_SHAPE_FILTER_H

#include <jansson.h>

#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/err.h"
#include "rowcast/model.h"
#include "rowcast/value.h"

#define VALUE_BYTES_MAX 17 /* of what is not text */

struct condition {
	uint32_t column;
	bool ranged;           /* lo <= value < hi; else one of `values`, or NULL when there are none */
	struct rc_str *values; /* in order, each once */
	size_t value_count;
	struct rc_str lo, hi; /* hi.ptr NULL: without end */
};

struct filter {
	struct condition *conditions; /* by column */
	size_t count;
};

/*
 * `where`: an object, or NULL for all rows. Columns outside of `allowed` (bit i = column i) do not exist here. The canonical
 * text goes to `name`: equal filters have equal names, and it can be read again. *field is "where" and the message for the
 * client when it is refused: RC_INVALID; RC_LIMIT: more than values_max values in a list.
 */
int filter_read(const json_t *where, const struct rc_model *model, uint64_t allowed, size_t values_max,
		struct rc_arena *arena, struct filter *out, struct buf *name, const char **field,
		struct rc_fault *fault) RC_MUST_CHECK;
bool filter_matches(const struct filter *filter, const struct rc_model *model, const void *row);
/* The column's bytes, borrowed from the row or in `fixed`; ptr NULL: NULL, or of a type that is not compared. */
struct rc_str value_bytes(const struct rc_model *model, const void *row, uint32_t column, char fixed[VALUE_BYTES_MAX]);

#endif
