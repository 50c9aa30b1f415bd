/*
 * Any bytes as a stream of binlog events: the assembler refuses them or makes transactions of them, and the decoder makes
 * rows of those that are sound (a column is NULL, or its text is readable memory).
 *
 * Input: events as in a binlog file behind its first four bytes; each is as long as its own header says, or what is left.
 */
#define ALL_TABLE   "everything"
#define ALL_DAY_MAX 11248737 /* the year 32767 */

#include "all_row.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/assemble.h"

static const struct rc_model *const models[] = {&all_model};
static const struct rc_schema schema = {.models = models, .model_count = 1};

static void decode(struct images *images, const struct binlog_txn *txn, struct rc_arena *arena)
{
	struct binlog_decoded decoded;

	if (maria_binlog_decode(images, buf_str(&txn->events), arena, &decoded) == RC_OK) {
		for (uint32_t i = 0; i < decoded.changes.count; i++) {
			const struct rc_change *change = &decoded.changes.at[i];

			rc_check(change->model == &all_model &&
				 (change->old_row != NULL) == (change->op != RC_INSERT) &&
				 (change->new_row != NULL) == (change->op != RC_DELETE));
			if (change->old_row)
				all_touch(change->old_row);
			if (change->new_row)
				all_touch(change->new_row);
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
