/*
 * Values in PostgreSQL's binary form, which is big-endian; instants and days count from 2000-01-01.
 *
 * The type of a parameter or column is the server's, the type of a value is the model's. Only pairs that lose nothing
 * are listed; anything else is refused by name, so that nothing is ever stored or read as something near it.
 */
#include <endian.h>

#include "rowcast/db/postgres/postgres.h"

enum {
	OID_BOOL = PG_BOOL,
	OID_BYTEA = 17,
	OID_CHAR = 18,
	OID_NAME = 19,
	OID_INT8 = PG_INT8,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = PG_TEXT,
	OID_OID = 26,
	OID_JSON = 114,
	OID_XML = 142,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = PG_FLOAT8,
	OID_UNKNOWN = 705,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIME = 1083,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = PG_TIMESTAMPTZ,
	OID_INTERVAL = 1186,
	OID_NUMERIC = 1700,
	OID_UUID = 2950,
	OID_JSONB = PG_JSONB,
	OID_FIRST_OWN = 16384, /* types made by people: enums, citext … */
};

static const struct {
	Oid array, element;
	const char *name;
} types[] = {
	{1000, OID_BOOL, "boolean"},
	{1001, OID_BYTEA, "bytea"},
	{1003, OID_NAME, "name"},
	{1016, OID_INT8, "bigint"},
	{1005, OID_INT2, "smallint"},
	{1007, OID_INT4, "integer"},
	{1009, OID_TEXT, "text"},
	{1028, OID_OID, "oid"},
	{199, OID_JSON, "json"},
	{1021, OID_FLOAT4, "real"},
	{1022, OID_FLOAT8, "double precision"},
	{1014, OID_BPCHAR, "character"},
	{1015, OID_VARCHAR, "character varying"},
	{1182, OID_DATE, "date"},
	{1183, OID_TIME, "time"},
	{1115, OID_TIMESTAMP, "timestamp without time zone"},
	{1185, OID_TIMESTAMPTZ, "timestamp with time zone"},
	{1187, OID_INTERVAL, "interval"},
	{1231, OID_NUMERIC, "numeric"},
	{2951, OID_UUID, "uuid"},
	{3807, OID_JSONB, "jsonb"},
};

Oid pg_element(Oid array)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (types[i].array == array)
			return types[i].element;
	}
	return 0;
}

const char *pg_type_name(Oid oid)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (types[i].element == oid)
			return types[i].name;
	}
	return pg_element(oid) ? "an array" : "a type of its own";
}

/* What date holds, counted from 2000: 4714-11-24 BC up to 5874897. */
#define DATE_LEAST (-2451545)
#define DATE_END   2145031949

static const char *const wrong_type = "";

static const char *put64(struct pg_scratch *scratch, int64_t value, int *length)
{
	pg_put64(scratch, value);
	*length = 8;
	return scratch->bytes;
}

static const char *put32(struct pg_scratch *scratch, uint32_t value, int *length)
{
	value = htobe32(value);
	memcpy(scratch->bytes, &value, 4);
	*length = 4;
	return scratch->bytes;
}

static const char *put16(struct pg_scratch *scratch, uint16_t value, int *length)
{
	value = htobe16(value);
	memcpy(scratch->bytes, &value, 2);
	*length = 2;
	return scratch->bytes;
}

/* numeric: count, weight of the first digit, sign, scale; digits are of base 10000. */
static const char *put_numeric(struct pg_scratch *scratch, int64_t value, int *length)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint16_t digits[5], words[9];
	uint16_t count = 0;

	for (; rest; rest /= 10000)
		digits[count++] = (uint16_t)(rest % 10000);
	words[0] = htobe16(count);
	words[1] = htobe16(count ? (uint16_t)(count - 1) : 0);
	words[2] = htobe16(value < 0 ? 0x4000 : 0);
	words[3] = 0;
	for (uint16_t i = 0; i < count; i++)
		words[4 + i] = htobe16(digits[count - 1 - i]);
	*length = 8 + 2 * count;
	memcpy(scratch->bytes, words, (size_t)*length);
	return scratch->bytes;
}

static const char *put_int(int64_t value, Oid oid, struct pg_scratch *scratch, int *length, const char **why)
{
	int64_t low = INT64_MIN, high = INT64_MAX;

	if (oid == OID_INT8)
		return put64(scratch, value, length);
	if (oid == OID_NUMERIC)
		return put_numeric(scratch, value, length);
	if (oid == OID_INT4)
		low = INT32_MIN, high = INT32_MAX;
	else if (oid == OID_INT2)
		low = INT16_MIN, high = INT16_MAX;
	else if (oid == OID_OID)
		low = 0, high = UINT32_MAX;
	else
		*why = wrong_type;
	if (!*why && (value < low || value > high))
		*why = "is too large for its column";
	if (*why)
		return NULL;
	return oid == OID_INT2 ? put16(scratch, (uint16_t)value, length) : put32(scratch, (uint32_t)value, length);
}

static const char *put_double(double value, Oid oid, struct pg_scratch *scratch, int *length, const char **why)
{
	int64_t bits;
	float single = (float)value;
	uint32_t single_bits;

	if (oid == OID_FLOAT8) {
		memcpy(&bits, &value, 8);
		return put64(scratch, bits, length);
	}
	if (oid == OID_FLOAT4 && ((double)single == value || value != value)) {
		memcpy(&single_bits, &single, 4);
		return put32(scratch, single_bits, length);
	}
	*why = oid == OID_FLOAT4 ? "has more digits than its column (real) keeps" : wrong_type;
	return NULL;
}

static bool is_text(Oid oid)
{
	return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR || oid == OID_JSON || oid == OID_NAME ||
	       oid == OID_UNKNOWN || oid == OID_XML;
}

static const char *put_text(struct rc_str text, Oid oid, int *length, const char **why)
{
	if (!is_text(oid) && oid != OID_JSONB && oid < OID_FIRST_OWN)
		*why = wrong_type;
	else if (text.len > INT32_MAX)
		*why = "is longer than a value can be";
	else if (text.len && memchr(text.ptr, '\0', text.len))
		*why = "holds a NUL character, which PostgreSQL does not store in text";
	if (*why)
		return NULL;
	*length = (int)text.len;
	return text.len ? text.ptr : "";
}

static const char *put_time(int64_t us, struct pg_scratch *scratch, int *length, const char **why)
{
	if (!pg_put_time(scratch, us)) {
		*why = "is an instant that PostgreSQL does not store (before 4714 BC or after 294276)";
		return NULL;
	}
	*length = 8;
	return scratch->bytes;
}

static const char *put_date(int64_t days, struct pg_scratch *scratch, int *length, const char **why)
{
	int64_t since = days - PG_EPOCH_DAYS;

	if (since < DATE_LEAST || since >= DATE_END) {
		*why = "is a day that PostgreSQL does not store (before 4714 BC or after 5874897)";
		return NULL;
	}
	return put32(scratch, (uint32_t)(int32_t)since, length);
}

const char *pg_encode(const struct rc_value *value, Oid oid, struct pg_scratch *scratch, int *length, const char **why)
{
	*why = NULL;
	*length = 0;
	switch (value->type) {
	case RC_TYPE_NONE:
		return NULL;
	case RC_INT:
		return put_int(value->integer, oid, scratch, length, why);
	case RC_DOUBLE:
		return put_double(value->real, oid, scratch, length, why);
	case RC_TEXT:
	case RC_JSON:
		return put_text(value->text, oid, length, why);
	case RC_BOOL:
		if (oid != OID_BOOL)
			break;
		scratch->bytes[0] = value->boolean;
		*length = 1;
		return scratch->bytes;
	case RC_BYTES:
		if (oid != OID_BYTEA)
			break;
		if (value->text.len > INT32_MAX) {
			*why = "is longer than a value can be";
			return NULL;
		}
		*length = (int)value->text.len;
		return value->text.len ? value->text.ptr : "";
	case RC_UUID:
		if (oid != OID_UUID)
			break;
		memcpy(scratch->bytes, value->uuid.bytes, 16);
		*length = 16;
		return scratch->bytes;
	case RC_TIMESTAMP:
		if (oid != OID_TIMESTAMPTZ)
			break;
		return put_time(value->integer, scratch, length, why);
	case RC_DATE:
		if (oid != OID_DATE)
			break;
		return put_date(value->integer, scratch, length, why);
	}
	*why = wrong_type;
	return NULL;
}

static uint32_t get32(const char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, 4);
	return be32toh(value);
}

static uint16_t get16(const char *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, 2);
	return be16toh(value);
}

/* A whole number that fits; anything else is not an integer. */
static bool get_numeric(const char *bytes, size_t length, int64_t *out)
{
	int64_t value = 0;
	int count, weight;
	uint16_t sign;

	if (length < 8)
		return false;
	count = get16(bytes);
	weight = (int16_t)get16(bytes + 2);
	sign = get16(bytes + 4);
	if ((sign != 0 && sign != 0x4000) || length < 8 + 2 * (size_t)count)
		return false;
	if (count == 0) {
		*out = 0;
		return true;
	}
	if (weight < 0 || weight > 4 || count > weight + 1) /* leading and trailing zeros are never stored */
		return false;
	for (int i = 0; i <= weight; i++) {
		int64_t digit = i < count ? get16(bytes + 8 + 2 * i) : 0;

		if (__builtin_mul_overflow(value, 10000, &value) ||
		    __builtin_add_overflow(value, sign ? -digit : digit, &value))
			return false;
	}
	*out = value;
	return true;
}

static bool get_int(const char *bytes, size_t length, Oid oid, int64_t *out)
{
	if (oid == OID_INT8 && length == 8)
		*out = (int64_t)pg_get64(bytes);
	else if (oid == OID_INT4 && length == 4)
		*out = (int32_t)get32(bytes);
	else if (oid == OID_INT2 && length == 2)
		*out = (int16_t)get16(bytes);
	else if (oid == OID_OID && length == 4)
		*out = get32(bytes);
	else
		return oid == OID_NUMERIC && get_numeric(bytes, length, out);
	return true;
}

static bool get_double(const char *bytes, size_t length, Oid oid, double *out)
{
	uint64_t bits;
	uint32_t single_bits;
	float single;

	if (oid == OID_FLOAT8 && length == 8) {
		bits = pg_get64(bytes);
		memcpy(out, &bits, 8);
		return true;
	}
	if (oid == OID_FLOAT4 && length == 4) {
		single_bits = get32(bytes);
		memcpy(&single, &single_bits, 4);
		*out = (double)single;
		return true;
	}
	return false;
}

static bool get_time(const char *bytes, size_t length, Oid oid, int64_t *out)
{
	return oid == OID_TIMESTAMPTZ && length == 8 && pg_get_time(bytes, out);
}

static bool get_date(const char *bytes, size_t length, Oid oid, int32_t *out)
{
	int32_t since;

	if (oid != OID_DATE || length != 4)
		return false;
	since = (int32_t)get32(bytes);
	return since != INT32_MIN && since != INT32_MAX && !__builtin_add_overflow(since, PG_EPOCH_DAYS, out);
}

static void get_bytes(const char *bytes, size_t length, struct rc_arena *arena, struct rc_str *out)
{
	*out = length ? rc_arena_copy(arena, (struct rc_str){bytes, length}) : RC_STR("");
}

bool pg_decode(const char *bytes, size_t length, Oid oid, enum rc_type type, struct rc_arena *arena, void *field)
{
	switch (type) {
	case RC_BOOL:
		if (oid != OID_BOOL || length != 1)
			return false;
		*(bool *)field = bytes[0] != 0;
		return true;
	case RC_INT:
		return get_int(bytes, length, oid, field);
	case RC_DOUBLE:
		return get_double(bytes, length, oid, field);
	case RC_TIMESTAMP:
		return get_time(bytes, length, oid, field);
	case RC_DATE:
		return get_date(bytes, length, oid, field);
	case RC_UUID:
		if (oid != OID_UUID || length != 16)
			return false;
		memcpy(field, bytes, 16);
		return true;
	case RC_JSON:
		if (oid == OID_JSONB && length > 0) { /* a version number stands in front */
			get_bytes(bytes + 1, length - 1, arena, field);
			return bytes[0] == 1;
		}
		__attribute__((fallthrough));
	case RC_TEXT:
		if (!is_text(oid))
			return false;
		get_bytes(bytes, length, arena, field);
		return true;
	case RC_BYTES:
		if (oid != OID_BYTEA)
			return false;
		get_bytes(bytes, length, arena, field);
		return true;
	case RC_TYPE_NONE:
		break;
	}
	return false;
}
