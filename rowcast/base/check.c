/*
 * The end of a process whose invariants do not hold: one log line that says which, then a core dump.
 */
#include "rowcast/base/check.h"

#include <stdlib.h>

#include "rowcast/base/log.h"

void rc_check_failed(const char *condition, const char *file, int line)
{
	log_event(LOG_ERROR, "invariant_broken", "the program is wrong; stopping before data is",
		  LOG_S("condition", condition), LOG_S("file", file), LOG_I("line", line));
	abort();
}
