/*
 * The physical limit of a booking on PostgreSQL: the same rows that the server writes for one booking (customer, booking,
 * claim, audit, idempotency), into the same schema with its constraints and triggers, by hand-written libpq calls: a batch
 * is one prepared statement whose parameters are binary arrays, one round trip and one commit.
 *
 *   bare_postgres --db URL --count N --batch B --mode spread|hot [--first F] [--pause-us U]
 *
 * The database must be migrated and hold the venue of bench/venue.py. Prints bookings a second and the percentiles of a
 * transaction in microseconds.
 */
#include <libpq-fe.h>

#include "bench/bare.h"
#include "bench/postgres.h"

/* $1 names, $2 e-mails, $3 refs, $4 keys, $5 responses, $6 resources, $7 lo, $8 hi; $9 service, $10 session, $11 now */
enum { NAME, EMAIL, REF, KEY, RESPONSE, RESOURCE, LO, HI, ARRAYS, SERVICE = ARRAYS, SESSION, NOW, PARAMS };

static const char sql[] =
	"WITH input AS MATERIALIZED (SELECT u.*, nextval('customer_id_seq') AS customer_id,"
	"   nextval('booking_id_seq') AS booking_id"
	"   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],"
	"     $8::timestamptz[]) AS u (name, email, ref, key, response, resource_id, lo, hi)),"
	" c AS (INSERT INTO customer (id, name, email, phone, created_at)"
	"   SELECT customer_id, name, email, '', $11::timestamptz FROM input),"
	" b AS (INSERT INTO booking (id, ref, service_id, resource_id, customer_id, state, starts_at, ends_at, tz, "
	"wall_start,"
	"     party, hold_extensions, version, created_at, updated_at)"
	"   SELECT booking_id, ref, $9::bigint, resource_id, customer_id, 'confirmed', lo, hi, 'UTC', "
	"'2026-11-20T09:00', 1, 0,"
	"     1, $11, $11 FROM input),"
	" a AS (INSERT INTO audit (at, action, ref, detail) SELECT $11, 'booked', ref, '' FROM input),"
	" i AS (INSERT INTO idempotency (scope, key, fingerprint, status, response, expires_at)"
	"   SELECT '" BARE_SCOPE "', key, ref, 201, response, $11 + interval '1 day' FROM input)"
	" INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty, session_id)"
	"   SELECT booking_id, resource_id, 0, lo, hi, 1, $10::bigint FROM input";

static PGconn *db;
static struct bare_options options;
static struct bare_place place;
static int64_t rooms, room_first, base_us;

static void must(PGresult *result, ExecStatusType expected, const char *what)
{
	if (PQresultStatus(result) != expected) {
		fprintf(stderr, "bare_postgres: %s: %s", what, PQerrorMessage(db));
		exit(1);
	}
}

static int64_t lookup(const char *query)
{
	PGresult *result = PQexec(db, query);
	int64_t value;

	must(result, PGRES_TUPLES_OK, query);
	if (PQntuples(result) < 1) {
		fprintf(stderr, "bare_postgres: nothing found by %s\n", query);
		exit(1);
	}
	value = atoll(PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

#define ARRAY_BYTES (64 + BARE_BATCH_MAX * (4 + sizeof(((struct bare_texts *)0)->response)))

static char bytes[ARRAYS][ARRAY_BYTES];
static struct postgres_array arrays[ARRAYS];

static void book(long first, long count)
{
	static const uint32_t types[ARRAYS] = {OID_TEXT, OID_TEXT, OID_TEXT,        OID_TEXT,
					       OID_TEXT, OID_INT8, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ};
	static const int formats[PARAMS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	char service[8], session[8], now[8];
	const char *values[PARAMS] = {[SERVICE] = service, [SESSION] = place.session ? session : NULL, [NOW] = now};
	int lengths[PARAMS] = {[SERVICE] = 8, [SESSION] = 8, [NOW] = 8};
	PGresult *result;

	for (int i = 0; i < ARRAYS; i++)
		postgres_array_begin(&arrays[i], bytes[i], types[i], count);
	for (long i = first; i < first + count; i++) {
		struct bare_texts texts;

		if (!options.hot)
			bare_spread(&place, i, base_us, rooms, room_first);
		bare_write(&texts, i, place.resource);
		postgres_array_text(&arrays[NAME], texts.name, strlen(texts.name));
		postgres_array_text(&arrays[EMAIL], texts.email, strlen(texts.email));
		postgres_array_text(&arrays[REF], texts.ref, strlen(texts.ref));
		postgres_array_text(&arrays[KEY], texts.key, strlen(texts.key));
		postgres_array_text(&arrays[RESPONSE], texts.response, strlen(texts.response));
		postgres_array_int(&arrays[RESOURCE], place.resource);
		postgres_array_int(&arrays[LO], place.lo_us - EPOCH_2000_US);
		postgres_array_int(&arrays[HI], place.hi_us - EPOCH_2000_US);
	}
	for (int i = 0; i < ARRAYS; i++) {
		values[i] = arrays[i].bytes;
		lengths[i] = (int)arrays[i].len;
	}
	postgres_put64(service, place.service);
	postgres_put64(session, place.session);
	postgres_put64(now, base_us - EPOCH_2000_US);
	result = PQexecPrepared(db, "book", PARAMS, values, lengths, formats, 1);
	must(result, PGRES_COMMAND_OK, "book");
	PQclear(result);
}

static void find_class(void)
{
	char text[512];
	PGresult *result;

	place.resource = lookup("SELECT id FROM resource WHERE kind = 'session'");
	place.lo_us = base_us + 18 * 3600000000LL;
	place.hi_us = place.lo_us + 3600000000LL;
	snprintf(text, sizeof(text),
		 "INSERT INTO session (resource_id, starts_at, ends_at, capacity)"
		 " VALUES (%lld, to_timestamp(%lld), to_timestamp(%lld), 100000) ON CONFLICT DO NOTHING",
		 (long long)place.resource, (long long)(place.lo_us / 1000000), (long long)(place.hi_us / 1000000));
	result = PQexec(db, text);
	must(result, PGRES_COMMAND_OK, text);
	PQclear(result);
	place.session = lookup("SELECT max(id) FROM session");
}

int main(int argc, char **argv)
{
	struct samples commits = {0};
	PGresult *result;

	options = bare_parse(argc, argv, "bare_postgres");
	base_us = bare_base_us();
	db = PQconnectdb(options.db);
	if (PQstatus(db) != CONNECTION_OK)
		return fprintf(stderr, "bare_postgres: %s", PQerrorMessage(db)), 1;
	result = PQprepare(db, "book", sql, 0, NULL);
	must(result, PGRES_COMMAND_OK, "prepare");
	PQclear(result);
	rooms = lookup("SELECT count(*) FROM resource WHERE kind = 'exclusive'");
	room_first = lookup("SELECT min(id) FROM resource WHERE kind = 'exclusive'");
	place.service = lookup(options.hot ? "SELECT id FROM service WHERE key = 'class'"
					   : "SELECT id FROM service WHERE key = 'room'");
	if (options.hot)
		find_class();
	bare_run(&options, book, &commits);
	PQfinish(db);
	return 0;
}
