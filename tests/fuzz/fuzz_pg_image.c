/*
 * Any row image in PostgreSQL's rc_log, where an outsider may write, too: refused or decoded into a sound row.
 *
 * Input: the image, and behind a zero byte the row's text form, if there is one.
 */
#include <stdlib.h>

#include "all_row.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/image.h"

static char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = rc_xmalloc(size ? size : 1);

	memcpy(copy, data, size);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	size_t length = zero ? (size_t)(zero - data) : size;
	char *json = copy_of(data, length), *record = zero ? copy_of(zero + 1, size - length - 1) : NULL;
	struct rc_arena arena;
	void *row = NULL;
	int rc;

	log_set_level(LOG_ERROR);
	rc_arena_init(&arena, 4096);
	rc = pgf_image_read(&all_model, (struct rc_str){json, length},
			    (struct rc_str){record, zero ? size - length - 1 : 0}, &arena, &row);
	if (rc == RC_OK)
		all_touch(row);
	rc_arena_release(&arena);
	free(json);
	free(record);
	return 0;
}
