/* A position that can be read is written back as it was: there is one text per position. */
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/change.h"
#include "rowcast/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rc_str text = {(const char *)data, size};
	struct rc_position position;
	char back[RC_POSITION_TEXT_MAX];

	if (rc_position_parse(text, &position) == RC_OK)
		rc_check(rc_str_eq(text, (struct rc_str){back, rc_position_format(position, back)}));
	return 0;
}
