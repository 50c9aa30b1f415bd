/* A filter that can be read has a name that reads as the same filter: equal names, and the same answer for rows. */
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/shape/filter.h"
#include "tests/unit/shape/thing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_text(const char *text, size_t size, struct rc_arena *arena, struct filter *filter, struct buf *name)
{
	json_t *where = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	struct rc_fault fault = {0};
	const char *field;
	bool is = where &&
		  filter_read(where, &thing_model, THING_ALLOWED, 16, arena, filter, name, &field, &fault) == RC_OK;

	json_decref(where);
	return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct thing rows[] = {
		{0},
		{.nulls = 1 << ROOM, .id = -1, .state = RC_STR("held"), .weight = -1.5, .day = -1},
		{.id = INT64_MAX, .room = INT64_MIN, .state = RC_STR("a\0b"), .at = 1800000000000000, .open = true},
	};
	struct buf name = BUF_INIT, again_name = BUF_INIT;
	struct filter filter, again;
	struct rc_arena arena;

	rc_arena_init(&arena, 1024);
	if (read_text((const char *)data, size, &arena, &filter, &name)) {
		rc_check(read_text(name.data, name.len, &arena, &again, &again_name));
		rc_check(rc_str_eq(buf_str(&name), buf_str(&again_name)));
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			rc_check(filter_matches(&filter, &thing_model, &rows[i]) ==
				 filter_matches(&again, &thing_model, &rows[i]));
	}
	rc_arena_release(&arena);
	buf_release(&name);
	buf_release(&again_name);
	return 0;
}
