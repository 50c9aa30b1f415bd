/*
 * Version 7 UUIDs. The last time that was used is one atomic number, in 1/4096 ms; whoever would not be later than it
 * takes the next one, so order holds across threads and over a clock that was set back, without a lock.
 */
#include "rowcast/uuid.h"

#include <sodium.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic uint64_t last_tick;

static uint64_t next_tick(void)
{
	struct timespec now;
	uint64_t tick, before = atomic_load(&last_tick), next;

	clock_gettime(CLOCK_REALTIME, &now);
	tick = (uint64_t)now.tv_sec * 1000 * 4096 + (uint64_t)now.tv_nsec * 4096 / 1000000;
	do
		next = tick > before ? tick : before + 1;
	while (!atomic_compare_exchange_weak(&last_tick, &before, next));
	return next;
}

struct rc_uuid rc_uuid_v7(void)
{
	struct rc_uuid uuid;
	uint64_t tick = next_tick(), ms = tick >> 12;

	randombytes_buf(uuid.bytes + 8, 8);
	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid.bytes[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0f));
	uuid.bytes[7] = (uint8_t)tick;
	uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
	return uuid;
}

bool rc_uuid_is_zero(struct rc_uuid uuid)
{
	static const struct rc_uuid zero;

	return memcmp(&uuid, &zero, sizeof(zero)) == 0;
}

void rc_uuid_format(struct rc_uuid uuid, char text[RC_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = digits[uuid.bytes[i] >> 4];
		*text++ = digits[uuid.bytes[i] & 15];
	}
	*text = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int rc_uuid_parse(struct rc_str text, struct rc_uuid *out)
{
	struct rc_uuid uuid;
	size_t at = 0;

	if (text.len != RC_UUID_TEXT - 1)
		return RC_INVALID;
	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && text.ptr[at++] != '-')
			return RC_INVALID;
		high = digit(text.ptr[at++]);
		low = digit(text.ptr[at++]);
		if (high < 0 || low < 0)
			return RC_INVALID;
		uuid.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*out = uuid;
	return RC_OK;
}
