/* A table with one column of each type that can be compared, for the tests of shapes. */
#ifndef TESTS_UNIT_SHAPE_THING_H
#define TESTS_UNIT_SHAPE_THING_H

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "rowcast/model.h"

struct thing {
	uint64_t nulls;
	int64_t id, room; /* room may be NULL */
	struct rc_str state;
	int64_t at;
	double weight;
	bool open;
	int32_t day;
	struct rc_uuid ref;
	struct rc_str secret;
};

enum thing_column { ID, ROOM, STATE, AT, WEIGHT, OPEN, DAY, REF, SECRET, THING_COLUMNS };

#define THING_ALLOWED ((UINT64_C(1) << SECRET) - 1)
#define FIELD(name)   (uint32_t) offsetof(struct thing, name)

static const struct rc_column thing_columns[] = {
	[ID] = {"id", RC_INT, RC_COLUMN_KEY, FIELD(id)},
	[ROOM] = {"room", RC_INT, RC_COLUMN_NULLABLE, FIELD(room)},
	[STATE] = {"state", RC_TEXT, 0, FIELD(state)},
	[AT] = {"at", RC_TIMESTAMP, 0, FIELD(at)},
	[WEIGHT] = {"weight", RC_DOUBLE, 0, FIELD(weight)},
	[OPEN] = {"open", RC_BOOL, 0, FIELD(open)},
	[DAY] = {"day", RC_DATE, 0, FIELD(day)},
	[REF] = {"ref", RC_UUID, 0, FIELD(ref)},
	[SECRET] = {"secret", RC_TEXT, 0, FIELD(secret)},
};

static const struct rc_model thing_model = {
	.table = "thing",
	.columns = thing_columns,
	.column_count = THING_COLUMNS,
	.row_bytes = sizeof(struct thing),
	.key = {ID},
	.key_count = 1,
	.version = -1,
	.captured = true,
};

#endif
