/* Whatever an INI file holds: every option keeps to its limits, and a refusal says why in valid UTF-8 or in the file's
 * bytes. */
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/base/option.h"

struct values {
	int64_t number, size, time;
	const char *text, *choice;
	bool flag, toggle;
};

static const struct option rows[] = {
	{"number", OPTION_INT, offsetof(struct values, number), "1", -5, 100, "G", "N", "A number."},
	{"size-max", OPTION_BYTES, offsetof(struct values, size), "64k", 1, 1 << 20, "G", "BYTES", "A size."},
	{"time", OPTION_DURATION, offsetof(struct values, time), "10s", 1, 3600000000, "G", "TIME", "A time."},
	{"text", OPTION_TEXT, offsetof(struct values, text), "", 0, 0, "G", "TEXT", "A text."},
	{"choice", OPTION_CHOICE, offsetof(struct values, choice), "a", 0, 0, "G", "a|b", "A choice."},
	{"flag", OPTION_FLAG, offsetof(struct values, flag), "off", 0, 0, "G", NULL, "A flag."},
	{"toggle", OPTION_SWITCH, offsetof(struct values, toggle), "on", 0, 0, "G", NULL, "A switch."},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct values values;
	struct option_set set = {
		.options = rows, .count = sizeof(rows) / sizeof(rows[0]), .env_prefix = "F_", .values = &values};
	struct rc_fault fault = {.err = RC_OK};
	int err;

	option_defaults(&set);
	err = option_load_ini(&set, (struct rc_str){(const char *)data, size}, "fuzz.ini", &fault);
	rc_check(err == RC_OK || (err == RC_INVALID && fault.err == err &&
				  rc_str_starts(rc_str_from(fault.message), RC_STR("fuzz.ini:"))));
	rc_check(values.number >= -5 && values.number <= 100);
	rc_check(values.size >= 1 && values.size <= 1 << 20);
	rc_check(values.time >= 1 && values.time <= 3600000000);
	rc_check(rc_str_utf8_valid(rc_str_from(values.text)));
	rc_check(rc_str_is(RC_STR("a"), values.choice) || rc_str_is(RC_STR("b"), values.choice));
	option_release(&set);
	return 0;
}
