/* What can be read as an instant or a date, written and read again, is the same instant or date. */
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/data/time_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rc_str text = {(const char *)data, size};
	char back[TIME_TEXT_MAX];
	int64_t us, us_again;
	int32_t days, days_again;

	if (time_parse(text, &us) == RC_OK) {
		const struct rc_str written = {back, time_format(us, back)};

		rc_check(time_parse(written, &us_again) == RC_OK && us_again == us);
	}
	if (date_parse(text, &days) == RC_OK) {
		const struct rc_str written = {back, date_format(days, back)};

		rc_check(rc_str_eq(text, written));
		rc_check(date_parse(written, &days_again) == RC_OK && days_again == days);
	}
	return 0;
}
