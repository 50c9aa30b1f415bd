/*
 * Any bytes as a stream of binlog events: the assembler refuses them or makes transactions of them, and the decoder makes
 * rows of those that are sound (a column is NULL, or its text is readable memory).
 *
 * Input: events as in a binlog file behind its first four bytes; each is as long as its own header says, or what is left.
 */
#include <stddef.h>
#include <string.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/assemble.h"

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

#define COLUMN(field, kind)                                                                                            \
	{                                                                                                              \
#field, kind, 0, offsetof(struct all, field)                                                           \
	}

static const struct rc_column columns[] = {
	COLUMN(id, RC_INT),    COLUMN(flag, RC_BOOL),    COLUMN(real, RC_DOUBLE),
	COLUMN(text, RC_TEXT), COLUMN(bytes, RC_BYTES),  COLUMN(json, RC_JSON),
	COLUMN(uuid, RC_UUID), COLUMN(at, RC_TIMESTAMP), COLUMN(day, RC_DATE),
};

#define COLUMNS (sizeof(columns) / sizeof(*columns))

static const struct rc_model model = {.table = "everything",
				      .columns = columns,
				      .column_count = COLUMNS,
				      .row_bytes = sizeof(struct all),
				      .key_count = 1,
				      .captured = true};
static const struct rc_model *const models[] = {&model};
static const struct rc_schema schema = {.models = models, .model_count = 1};

static size_t sum;

static void touch(const void *image)
{
	const struct all *row = image;
	const struct rc_str texts[] = {row->text, row->bytes, row->json};

	rc_check(row->nulls >> COLUMNS == 0);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < texts[i].len; k++)
			sum += (size_t)texts[i].ptr[k];
	}
	rc_check(RC_ROW_IS_NULL(row, 8) || (row->day >= -719162 && row->day <= 11248737)); /* 0001-01-01 … year 32767 */
}

static void decode(struct images *images, const struct binlog_txn *txn, struct rc_arena *arena)
{
	struct binlog_decoded decoded;

	if (maria_binlog_decode(images, buf_str(&txn->events), arena, &decoded) == RC_OK) {
		for (uint32_t i = 0; i < decoded.changes.count; i++) {
			const struct rc_change *change = &decoded.changes.at[i];

			rc_check(change->model == &model && (change->old_row != NULL) == (change->op != RC_INSERT) &&
				 (change->new_row != NULL) == (change->op != RC_DELETE));
			if (change->old_row)
				touch(change->old_row);
			if (change->new_row)
				touch(change->new_row);
		}
	}
	rc_arena_reset(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct images images;
	struct assembler assembler;
	struct rc_arena arena;

	log_set_level(LOG_ERROR);
	maria_images_init(&images, &schema, RC_STR("test"));
	maria_assembler_init(&assembler, &images, 0);
	rc_arena_init(&arena, 4096);
	while (size > 0) {
		uint32_t len = 0;
		int rc;

		if (size >= 13)
			memcpy(&len, data + 9, sizeof(len));
		if (len == 0 || len > size)
			len = (uint32_t)size;
		rc = maria_assembler_take(&assembler, data, len);
		if (rc == ASSEMBLED_TXN)
			decode(&images, &assembler.txn, &arena);
		if (rc < 0) /* as after a new connection */
			maria_assembler_restart(&assembler, false, 0);
		data += len;
		size -= len;
	}
	rc_arena_release(&arena);
	maria_assembler_release(&assembler);
	maria_images_release(&images);
	return 0;
}
