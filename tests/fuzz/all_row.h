/*
 * A model with a column of every type, for decoders of rows: what they make must be sound. A harness may define its
 * ALL_TABLE, and the last day that its engine can write (ALL_DAY_MAX), before it includes this.
 */
#ifndef TESTS_FUZZ_ALL_ROW_H
#define TESTS_FUZZ_ALL_ROW_H

#include <stddef.h>

#include "rowcast/base/check.h"
#include "rowcast/orm.h"

#ifndef ALL_TABLE
#define ALL_TABLE "all"
#endif
#ifndef ALL_DAY_MAX
#define ALL_DAY_MAX 2932896 /* 9999-12-31 */
#endif
#define ALL_DAY_MIN (-719162) /* 0001-01-01 */

struct all {
	uint64_t nulls;
	int64_t id;
	bool flag;
	double real;
	struct rc_str text, bytes, json;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
};

/* clang-format off */
#define ALL_COLUMN(field, kind, flags) {#field, kind, flags, offsetof(struct all, field)}
/* clang-format on */

static const struct rc_column all_columns[] = {
	ALL_COLUMN(id, RC_INT, RC_COLUMN_KEY), ALL_COLUMN(flag, RC_BOOL, 0),    ALL_COLUMN(real, RC_DOUBLE, 0),
	ALL_COLUMN(text, RC_TEXT, 0),          ALL_COLUMN(bytes, RC_BYTES, 0),  ALL_COLUMN(json, RC_JSON, 0),
	ALL_COLUMN(uuid, RC_UUID, 0),          ALL_COLUMN(at, RC_TIMESTAMP, 0), ALL_COLUMN(day, RC_DATE, 0),
};

#define ALL_COLUMNS (sizeof(all_columns) / sizeof(*all_columns))

static const struct rc_model all_model = {.table = ALL_TABLE,
					  .columns = all_columns,
					  .column_count = ALL_COLUMNS,
					  .row_bytes = sizeof(struct all),
					  .key_count = 1,
					  .captured = true};

static inline void all_touch(const void *image)
{
	const struct all *row = image;
	const struct rc_str texts[] = {row->text, row->bytes, row->json};

	rc_check(row->nulls >> ALL_COLUMNS == 0);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < texts[i].len; k++)
			__asm__ volatile("" : : "r"(texts[i].ptr[k])); /* the byte is read */
	}
	rc_check(RC_ROW_IS_NULL(row, 8) || (row->day >= ALL_DAY_MIN && row->day <= ALL_DAY_MAX));
}

#endif
