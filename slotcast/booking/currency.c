/*
 * Most currencies have hundredths; the table has the others, as ISO 4217 lists them.
 */
#include "slotcast/booking/currency.h"

#include <string.h>

static const struct {
	const char *codes; /* four characters each */
	int digits;
} others[] = {
	{"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ", 0},
	{"BHD IQD JOD KWD LYD OMR TND ", 3},
	{"CLF UYW ", 4},
};

bool currency_valid(struct rc_str code)
{
	for (size_t i = 0; i < code.len; i++)
		if (code.ptr[i] < 'A' || code.ptr[i] > 'Z')
			return false;
	return code.len == 3;
}

int currency_digits(struct rc_str code)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (const char *at = others[i].codes; *at; at += 4)
			if (code.len == 3 && memcmp(at, code.ptr, 3) == 0)
				return others[i].digits;
	return 2;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int price_parse(struct rc_str text, int digits, int64_t *minor)
{
	int64_t amount = 0;
	size_t i = 0, whole;
	int behind = 0;

	while (i < text.len && is_digit(text.ptr[i]) && amount <= PRICE_MINOR_MAX)
		amount = amount * 10 + (text.ptr[i++] - '0');
	whole = i;
	if (i < text.len && text.ptr[i] == '.')
		for (i++; i < text.len && is_digit(text.ptr[i]) && behind < digits; behind++)
			amount = amount * 10 + (text.ptr[i++] - '0');
	if (i < text.len || !whole || (whole > 1 && text.ptr[0] == '0') || text.ptr[text.len - 1] == '.')
		return RC_INVALID;
	for (; behind < digits && amount <= PRICE_MINOR_MAX; behind++)
		amount *= 10;
	*minor = amount;
	return amount <= PRICE_MINOR_MAX ? RC_OK : RC_INVALID;
}
