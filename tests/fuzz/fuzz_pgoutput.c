/*
 * Any stream of pgoutput messages: each is refused or decoded into rows that are sound.
 *
 * Input: messages, each behind its length (two bytes, big-endian; cut at the end of the input).
 */
#include <stdlib.h>

#include "all_row.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/pgoutput.h"

static const struct rc_model *const models[] = {&all_model};
static const struct rc_schema schema = {.models = models, .model_count = 1};

static void take(struct pgoutput *decoder, struct rc_arena *arena, struct rc_str message)
{
	struct pgoutput_begin begin;
	struct pgoutput_commit commit;
	struct pgoutput_message said;
	struct rc_change change;

	(void)!pgoutput_begin_read(message, &begin);
	(void)!pgoutput_commit_read(message, &commit);
	(void)!pgoutput_message_read(message, &said);
	if (pgoutput_change(decoder, message, arena, &change) != PGOUTPUT_CHANGE)
		return;
	rc_check((change.old_row != NULL) == (change.op != RC_INSERT) &&
		 (change.new_row != NULL) == (change.op != RC_DELETE));
	if (change.old_row)
		all_touch(change.old_row);
	if (change.new_row)
		all_touch(change.new_row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pgoutput decoder;
	struct rc_arena arena;

	log_set_level(LOG_ERROR);
	pgoutput_init(&decoder, &schema, "public");
	rc_arena_init(&arena, 4096);
	while (size >= 2) {
		size_t length = (size_t)data[0] << 8 | data[1];
		char *copy;

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		copy = rc_xmalloc(length + 1);
		memcpy(copy, data, length);
		copy = rc_xrealloc(copy, length ? length : 1); /* its end is watched by the sanitizer */
		take(&decoder, &arena, (struct rc_str){copy, length});
		free(copy);
		data += length;
		size -= length;
	}
	pgoutput_release(&decoder);
	rc_arena_release(&arena);
	return 0;
}
