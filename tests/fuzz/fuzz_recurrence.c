/*
 * Recurrence rules from a venue file, and compiled tz files: whatever the bytes are, the answer is a rule or a zone
 * that can be asked, or a refusal. The first byte says which.
 */
#include <stddef.h>
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/data/time_text.h"
#include "slotcast/booking/recurrence.h"
#include "slotcast/booking/tzfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rule(struct rc_str text)
{
	struct recurrence rule;
	struct rc_fault fault;
	uint64_t days[YEAR_WORDS];

	if (recurrence_parse(&rule, text, &fault))
		return;
	recurrence_begin(&rule, date_from_civil(2024, 2, 29));
	for (int32_t year = 2023; year < 2029; year++) {
		recurrence_year(&rule, year, days);
		rc_check(year > 2023 || !(days[0] | days[1] | days[2] | days[3] | days[4] | days[5]));
		/* No year has a 367th day. */
		rc_check(!(days[5] >> (366 - 320)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rc_str rest = {(const char *)data + 1, size - 1};

	if (size == 0)
		return 0;
	if (data[0] % 2) {
		struct zone zone = {0};

		if (tzfile_read(&zone, rest, NULL) == 0)
			for (size_t i = 1; i < zone.count; i++)
				rc_check(zone.at[i - 1] < zone.at[i]);
		tzfile_release(&zone);
	} else {
		rule(rest);
	}
	return 0;
}
