/* value.h lists the forms. */
#include "rowcast/feed/postgres/value.h"

/* Object ids of built-in types, which never change (pg_type.dat). */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_JSON = 114,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802
};

#define DAY_MIN (-719162) /* 0001-01-01 */
#define DAY_MAX 2932896   /* 9999-12-31 */

static enum rc_type type_of(uint32_t oid)
{
	switch (oid) {
	case OID_BOOL:
		return RC_BOOL;
	case OID_BYTEA:
		return RC_BYTES;
	case OID_INT8:
	case OID_INT4:
	case OID_INT2:
		return RC_INT;
	case OID_FLOAT8:
	case OID_FLOAT4:
		return RC_DOUBLE;
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_BPCHAR:
	case OID_NAME:
		return RC_TEXT;
	case OID_JSON:
	case OID_JSONB:
		return RC_JSON;
	case OID_DATE:
		return RC_DATE;
	case OID_TIMESTAMPTZ:
		return RC_TIMESTAMP;
	case OID_UUID:
		return RC_UUID;
	default:
		return RC_TYPE_NONE;
	}
}

bool pgf_type_fits(uint32_t oid, enum rc_type type)
{
	return type != RC_TYPE_NONE && type_of(oid) == type;
}

static int read_int(struct rc_str value, void *field)
{
	switch (value.len) {
	case 8:
		*(int64_t *)field = (int64_t)pgf_be64(value.ptr);
		return RC_OK;
	case 4:
		*(int64_t *)field = (int32_t)pgf_be32(value.ptr);
		return RC_OK;
	case 2:
		*(int64_t *)field = (int16_t)pgf_be16(value.ptr);
		return RC_OK;
	default:
		return RC_MISMATCH;
	}
}

static int read_double(struct rc_str value, void *field)
{
	if (value.len == 8) {
		uint64_t bits = pgf_be64(value.ptr);

		memcpy(field, &bits, 8);
		return RC_OK;
	}
	if (value.len == 4) {
		uint32_t bits = pgf_be32(value.ptr);
		float number;

		memcpy(&number, &bits, 4);
		*(double *)field = (double)number;
		return RC_OK;
	}
	return RC_MISMATCH;
}

static int read_timestamp(struct rc_str value, void *field)
{
	int64_t us;

	if (value.len != 8)
		return RC_MISMATCH;
	us = (int64_t)pgf_be64(value.ptr);
	if (us == INT64_MAX || us == INT64_MIN || us > INT64_MAX - PGF_EPOCH_US)
		return RC_MISMATCH; /* infinity */
	*(int64_t *)field = us + PGF_EPOCH_US;
	return RC_OK;
}

static int read_date(struct rc_str value, void *field)
{
	int32_t day;

	if (value.len != 4)
		return RC_MISMATCH;
	day = (int32_t)pgf_be32(value.ptr);
	if (day < DAY_MIN - PGF_EPOCH_DAYS || day > DAY_MAX - PGF_EPOCH_DAYS)
		return RC_MISMATCH;
	*(int32_t *)field = day + PGF_EPOCH_DAYS;
	return RC_OK;
}

static int read_json(uint32_t oid, bool binary, struct rc_str value, struct rc_arena *arena, void *field)
{
	if (oid == OID_JSONB && binary) {
		if (value.len < 1 || value.ptr[0] != 1) /* the version of its form */
			return RC_MISMATCH;
		value = (struct rc_str){value.ptr + 1, value.len - 1};
	}
	*(struct rc_str *)field = rc_arena_copy(arena, value);
	return RC_OK;
}

int pgf_value_read(uint32_t oid, bool binary, struct rc_str value, enum rc_type type, struct rc_arena *arena,
		   void *field)
{
	if (!pgf_type_fits(oid, type))
		return RC_MISMATCH;
	if (type == RC_JSON)
		return read_json(oid, binary, value, arena, field);
	if (type == RC_TEXT) {
		*(struct rc_str *)field = rc_arena_copy(arena, value);
		return RC_OK;
	}
	if (!binary)
		return pgf_value_read_text(value, type, arena, field);
	switch (type) {
	case RC_BOOL:
		if (value.len != 1)
			return RC_MISMATCH;
		*(bool *)field = value.ptr[0] != 0;
		return RC_OK;
	case RC_INT:
		return read_int(value, field);
	case RC_DOUBLE:
		return read_double(value, field);
	case RC_BYTES:
		*(struct rc_str *)field = rc_arena_copy(arena, value);
		return RC_OK;
	case RC_UUID:
		if (value.len != 16)
			return RC_MISMATCH;
		memcpy(field, value.ptr, 16);
		return RC_OK;
	case RC_TIMESTAMP:
		return read_timestamp(value, field);
	case RC_DATE:
		return read_date(value, field);
	default:
		return RC_MISMATCH;
	}
}
