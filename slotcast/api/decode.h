/*
 * JSON bodies into fields, strictly: UTF-8, one object, no key twice, depth at most 32, exact types. Members that
 * nobody asks for are ignored. The first fault stays; later calls then do nothing, so a handler reads all its fields
 * and looks once.
 */
#ifndef SLOTCAST_API_DECODE_H
#define SLOTCAST_API_DECODE_H

#include "rowcast/http/http.h"
#include "slotcast/api/problems.h"

struct json_t;

#define DECODE_DEPTH_MAX 32
#define DECODE_NAME_MAX  200 /* characters of a customer's name */
#define DECODE_EMAIL_MAX 254
#define DECODE_PHONE_MAX 40

struct decode {
	struct rc_arena *arena;
	struct json_t *root;
	enum problem_code fault; /* PROBLEM_NONE: all well so far */
	const char *field;       /* static */
	const char *detail;      /* in the arena or static */
};

struct contact {
	struct rc_str name, email, phone;
};

/* Parse; `empty_ok`: no bytes at all count as {}. PROBLEM_BAD_REQUEST when it cannot be read. */
void decode_begin(struct decode *decode, struct rc_arena *arena, struct rc_str body, bool empty_ok);
void decode_end(struct decode *decode);
bool decode_has(const struct decode *decode, const char *field); /* there and not null */
void decode_fail(struct decode *decode, enum problem_code code, const char *field, const char *detail);

/* An id: a string of digits. Absent: 0, a fault when `required`. A string that cannot be an id: not-found. */
int64_t decode_id(struct decode *decode, const char *field, bool required);
/* RFC 3339 → µs UTC. */
int64_t decode_time(struct decode *decode, const char *field);
/* YYYY-MM-DD, or RFC 3339; `is_date` tells which. */
int64_t decode_date_or_time(struct decode *decode, const char *field, bool *is_date);
int32_t decode_int(struct decode *decode, const char *field, int32_t min, int32_t max, int32_t absent);
struct rc_str decode_text(struct decode *decode, const char *field, bool required, size_t characters_max);
struct contact decode_customer(struct decode *decode);
/* The same JSON in one form, whatever its blanks and the order of its members: what an idempotency fingerprint is made
 * of. */
struct rc_str decode_canonical(const struct decode *decode);

#endif
