/*
 * The physical limit of a booking on SQLite: the same rows that the server writes for one booking (customer, booking,
 * claim, audit, idempotency), into the same schema with its constraints and capture triggers, by hand-written calls, in
 * batches.
 *
 *   bare_sqlite --db PATH --count N --batch B --mode spread|hot [--first F] [--pause-us U]
 *
 * WAL, synchronous=FULL, checkpoints on the commit path as SQLite does by itself. The database must be migrated and
 * hold the venue of bench/venue.py. Prints bookings a second and the percentiles of a commit (COMMIT alone) in
 * microseconds.
 */
#include <errno.h>
#include <getopt.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "bench/stats.h"

enum { CUSTOMER, BOOKING, CLAIM, AUDIT, IDEMPOTENCY, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[CUSTOMER] = "INSERT INTO customer (name, email, phone, created_at) VALUES (?1, ?2, '', ?3)",
	[BOOKING] = "INSERT INTO booking (ref, service_id, resource_id, customer_id, state, starts_at, ends_at, tz, "
		    "wall_start,"
		    " party, hold_extensions, version, created_at, updated_at)"
		    " VALUES (?1, ?2, ?3, ?4, 'confirmed', ?5, ?6, 'UTC', '2026-11-20T09:00', 1, 0, 1, ?7, ?7)",
	[CLAIM] = "INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty, session_id) VALUES (?1, ?2, 0, ?3, "
		  "?4, 1, ?5)",
	[AUDIT] = "INSERT INTO audit (at, action, ref, detail) VALUES (?1, 'booked', ?2, '')",
	[IDEMPOTENCY] = "INSERT INTO idempotency (scope, key, fingerprint, status, response, expires_at)"
			" VALUES ('127.0.0.1 POST /v1/bookings', ?1, ?2, 201, ?3, ?4)",
};

static sqlite3 *db;
static sqlite3_stmt *statements[STATEMENTS];

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bare_sqlite: %s: %s\n", what, db ? sqlite3_errmsg(db) : strerror(errno));
		exit(1);
	}
}

static void step(int which)
{
	must(sqlite3_step(statements[which]) == SQLITE_DONE, sql[which]);
	sqlite3_reset(statements[which]);
}

static sqlite3_int64 lookup(const char *query)
{
	sqlite3_stmt *statement;
	sqlite3_int64 value;

	must(sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK, query);
	must(sqlite3_step(statement) == SQLITE_ROW, query);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

struct place {
	sqlite3_int64 service, resource, session; /* session 0: timed */
	int64_t lo_us, hi_us;
};

static void book(long number, const struct place *place, int64_t now_us)
{
	char name[64], email[64], ref[40], key[48], response[512];
	sqlite3_int64 customer, booking;

	snprintf(name, sizeof(name), "Load %ld", number);
	snprintf(email, sizeof(email), "load%ld@bench.example", number);
	/* As the server's references: they grow, so that the unique index is written at its end. */
	snprintf(ref, sizeof(ref), "%08lx%016llxbare00", number, (unsigned long long)number * 0x9E3779B97F4A7C15ULL);
	snprintf(key, sizeof(key), "bare-%016llx-%ld", (unsigned long long)(number + 7) * 0xD1B54A32D192ED03ULL,
		 number);
	snprintf(response, sizeof(response),
		 "{\"ref\":\"%s\",\"state\":\"confirmed\",\"service\":\"1\",\"resource\":\"%lld\",\"start\":\"2026-11-"
		 "20T09:00:00Z\","
		 "\"end\":\"2026-11-20T09:15:00Z\",\"party\":1,\"version\":1,\"position\":\"9f3c2a10.%ld\"}",
		 ref, place->resource, number);

	sqlite3_bind_text(statements[CUSTOMER], 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[CUSTOMER], 2, email, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[CUSTOMER], 3, now_us);
	step(CUSTOMER);
	customer = sqlite3_last_insert_rowid(db);

	sqlite3_bind_text(statements[BOOKING], 1, ref, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[BOOKING], 2, place->service);
	sqlite3_bind_int64(statements[BOOKING], 3, place->resource);
	sqlite3_bind_int64(statements[BOOKING], 4, customer);
	sqlite3_bind_int64(statements[BOOKING], 5, place->lo_us);
	sqlite3_bind_int64(statements[BOOKING], 6, place->hi_us);
	sqlite3_bind_int64(statements[BOOKING], 7, now_us);
	step(BOOKING);
	booking = sqlite3_last_insert_rowid(db);

	sqlite3_bind_int64(statements[CLAIM], 1, booking);
	sqlite3_bind_int64(statements[CLAIM], 2, place->resource);
	sqlite3_bind_int64(statements[CLAIM], 3, place->lo_us);
	sqlite3_bind_int64(statements[CLAIM], 4, place->hi_us);
	if (place->session)
		sqlite3_bind_int64(statements[CLAIM], 5, place->session);
	else
		sqlite3_bind_null(statements[CLAIM], 5);
	step(CLAIM);

	sqlite3_bind_int64(statements[AUDIT], 1, now_us);
	sqlite3_bind_text(statements[AUDIT], 2, ref, -1, SQLITE_STATIC);
	step(AUDIT);

	sqlite3_bind_text(statements[IDEMPOTENCY], 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[IDEMPOTENCY], 2, ref, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[IDEMPOTENCY], 3, response, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[IDEMPOTENCY], 4, now_us + 86400000000LL);
	step(IDEMPOTENCY);
}

static void execute(const char *text)
{
	must(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"db", 1, 0, 'd'},
					      {"count", 1, 0, 'n'},
					      {"batch", 1, 0, 'b'},
					      {"mode", 1, 0, 'm'},
					      {"first", 1, 0, 'f'},
					      {"pause-us", 1, 0, 'u'},
					      {0}};
	const char *path = NULL;
	long count = 10000, batch = 64, first = 0, pause_us = 0;
	bool hot = false;
	int letter;
	struct samples commits = {0}, whole = {0};
	sqlite3_int64 rooms, room_first;
	struct place place = {0};
	int64_t base_us = (time(NULL) / 86400 + 2) * 86400000000LL, begun_ns;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (letter) {
		case 'd':
			path = optarg;
			break;
		case 'n':
			count = atol(optarg);
			break;
		case 'b':
			batch = atol(optarg);
			break;
		case 'f':
			first = atol(optarg);
			break;
		case 'u':
			pause_us = atol(optarg);
			break;
		case 'm':
			hot = strcmp(optarg, "hot") == 0;
			break;
		default:
			return 2;
		}
	}
	if (!path)
		return fprintf(stderr, "usage: bare_sqlite --db PATH\n"), 2;
	must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, path);
	execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF;");
	for (int i = 0; i < STATEMENTS; i++)
		must(sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) == SQLITE_OK,
		     sql[i]);

	rooms = lookup("SELECT count(*) FROM resource WHERE kind = 'exclusive'");
	room_first = lookup("SELECT min(id) FROM resource WHERE kind = 'exclusive'");
	place.service = lookup(hot ? "SELECT id FROM service WHERE key = 'class'"
				   : "SELECT id FROM service WHERE key = 'room'");
	if (hot) {
		char text[256];

		place.resource = lookup("SELECT id FROM resource WHERE kind = 'session'");
		place.lo_us = base_us + 18 * 3600000000LL;
		place.hi_us = place.lo_us + 3600000000LL;
		snprintf(text, sizeof(text),
			 "INSERT OR IGNORE INTO session (resource_id, starts_at, ends_at, capacity) VALUES (%lld, "
			 "%lld, %lld, 100000)",
			 place.resource, (long long)place.lo_us, (long long)place.hi_us);
		execute(text);
		place.session = lookup("SELECT max(id) FROM session");
	}

	begun_ns = bench_now_ns();
	for (long i = first; i < first + count;) {
		int64_t batch_ns = bench_now_ns(), commit_ns;

		execute("BEGIN IMMEDIATE");
		for (long end = i + batch; i < end && i < first + count; i++) {
			if (!hot) {
				place.resource = room_first + i % rooms;
				place.lo_us = base_us + i / rooms * 900000000LL;
				place.hi_us = place.lo_us + 900000000LL;
			}
			book(i, &place, base_us);
		}
		commit_ns = bench_now_ns();
		execute("COMMIT");
		samples_add(&commits, bench_now_ns() - commit_ns);
		samples_add(&whole, bench_now_ns() - batch_ns);
		if (pause_us > 0)
			nanosleep(&(struct timespec){.tv_nsec = pause_us * 1000}, NULL);
	}
	printf("%.0f bookings/s  commit p50 %ld p99 %ld us  transaction p50 %ld p99 %ld us\n",
	       (double)count * 1e9 / (double)(bench_now_ns() - begun_ns),
	       (long)(samples_percentile(&commits, 0.5) / 1000), (long)(samples_percentile(&commits, 0.99) / 1000),
	       (long)(samples_percentile(&whole, 0.5) / 1000), (long)(samples_percentile(&whole, 0.99) / 1000));
	sqlite3_close(db);
	return 0;
}
