/*
 * One value as PostgreSQL writes it, in its binary or text form, into a field of a row struct.
 *
 *   RC_BOOL bool · RC_INT int8 int4 int2 · RC_DOUBLE float8 float4 · RC_TEXT text varchar bpchar name · RC_BYTES bytea
 *   RC_UUID uuid · RC_TIMESTAMP timestamptz · RC_DATE date · RC_JSON json jsonb
 *
 * Text forms are those of a session with datestyle ISO, timezone UTC and bytea_output hex, as the feed's own are.
 */
#ifndef ROWCAST_FEED_POSTGRES_VALUE_H
#define ROWCAST_FEED_POSTGRES_VALUE_H

#include "rowcast/arena.h"
#include "rowcast/model.h"

#define PGF_EPOCH_US   946684800000000 /* 2000-01-01, where PostgreSQL counts from */
#define PGF_EPOCH_DAYS 10957

/* May a column of the server's type `oid` be read into one of ours? */
bool pgf_type_fits(uint32_t oid, enum rc_type type);
/*
 * Strings are copied into the arena. RC_MISMATCH: the value cannot be held by our type (infinity, a year beyond 9999)
 * or is malformed; the field is untouched.
 */
int pgf_value_read(uint32_t oid, bool binary, struct rc_str value, enum rc_type type, struct rc_arena *arena,
		   void *field) RC_MUST_CHECK;
/* value_text.c: the text form of bool, numbers, bytea, uuid, timestamptz and date. */
int pgf_value_read_text(struct rc_str value, enum rc_type type, struct rc_arena *arena, void *field) RC_MUST_CHECK;

static inline uint16_t pgf_be16(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t pgf_be32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t pgf_be64(const char *p)
{
	return (uint64_t)pgf_be32(p) << 32 | pgf_be32(p + 4);
}

#endif
