/*
 * PostgreSQL's binary forms, by hand.
 */
#ifndef BENCH_POSTGRES_H
#define BENCH_POSTGRES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define OID_BOOL        16
#define OID_INT8        20
#define OID_TEXT        25
#define OID_FLOAT8      701
#define OID_TIMESTAMPTZ 1184
#define EPOCH_2000_US   946684800000000LL

static inline void postgres_put32(char *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}

static inline void postgres_put64(char *to, int64_t value)
{
	uint64_t bits = htobe64((uint64_t)value);

	memcpy(to, &bits, sizeof(bits));
}

static inline uint32_t postgres_get32(const char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return be32toh(value);
}

static inline int64_t postgres_get64(const char *from)
{
	uint64_t bits;

	memcpy(&bits, from, sizeof(bits));
	return (int64_t)be64toh(bits);
}

/* A one-dimensional array that is being written; the caller knows that `bytes` is large enough. */
struct postgres_array {
	char *bytes;
	size_t len;
};

static inline void postgres_array_begin(struct postgres_array *array, char *bytes, uint32_t type, long count)
{
	array->bytes = bytes;
	postgres_put32(bytes, 1);     /* dimensions */
	postgres_put32(bytes + 4, 0); /* no NULLs */
	postgres_put32(bytes + 8, type);
	postgres_put32(bytes + 12, (uint32_t)count);
	postgres_put32(bytes + 16, 1); /* the first index */
	array->len = 20;
}

static inline void postgres_array_text(struct postgres_array *array, const char *text, size_t len)
{
	postgres_put32(array->bytes + array->len, (uint32_t)len);
	memcpy(array->bytes + array->len + 4, text, len);
	array->len += 4 + len;
}

static inline void postgres_array_int(struct postgres_array *array, int64_t value)
{
	postgres_put32(array->bytes + array->len, 8);
	postgres_put64(array->bytes + array->len + 4, value);
	array->len += 12;
}

static inline void postgres_array_bool(struct postgres_array *array, int value)
{
	postgres_put32(array->bytes + array->len, 1);
	array->bytes[array->len + 4] = (char)(value != 0);
	array->len += 5;
}

static inline void postgres_array_null(struct postgres_array *array)
{
	postgres_put32(array->bytes + 4, 1);
	postgres_put32(array->bytes + array->len, UINT32_MAX);
	array->len += 4;
}

#endif
