/*
 * Rows in rc_log: what the trigger's row_to_json() wrote, read back by column NAME. No value is changed on the way: the
 * trigger function fixes the settings that its text depends on, JSON columns are taken as they stand, byte for byte.
 *
 *   o0, n0   {"id":1,"name":"first","doc":{"a": 1},"at":"2026-11-20T10:00:00.000001+00:00",…}
 *   o1, n1   the row's own text form, only where a JSON column may be null: there, SQL NULL and JSON null differ
 */
#ifndef ROWCAST_FEED_POSTGRES_IMAGE_H
#define ROWCAST_FEED_POSTGRES_IMAGE_H

#include "rowcast/arena.h"
#include "rowcast/model.h"

/*
 * Decode into *row (in the arena). `record`: the text form, ptr NULL: there is none. A value that our type cannot hold is
 * NULL and said in the log, as is a column that is not there.
 * Errors  RC_CORRUPT: not such an image; RC_GONE: a key column is not there.
 */
int pgf_image_read(const struct rc_model *model, struct rc_str json, struct rc_str record, struct rc_arena *arena,
		   void **row) RC_MUST_CHECK;

#endif
