/* Whatever bytes a string has, what is written is JSON; and when they are UTF-8, it is read back as the same bytes. */
#include <jansson.h>
#include <math.h>
#include <stdint.h>

#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rc_str text = {(const char *)data, size};
	struct buf out = BUF_INIT;
	struct json_out json;
	json_t *read, *back;
	double number = 0;

	memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
	json_init(&json, &out);
	json_begin_array(&json);
	json_str(&json, text);
	json_double(&json, number);
	json_end(&json);
	read = json_loadb(out.data, out.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	rc_check(read);
	back = json_array_get(read, 0);
	if (rc_str_utf8_valid(text))
		rc_check(rc_str_eq(text, (struct rc_str){json_string_value(back), json_string_length(back)}));
	if (isfinite(number))
		rc_check(json_number_value(json_array_get(read, 1)) == number);
	json_decref(read);
	buf_release(&out);
	return 0;
}
