/*
 * The physical limit of a booking on SQLite: the same rows that the server writes for one booking (customer, booking,
 * claim, audit, idempotency), into the same schema with its constraints and capture triggers, by hand-written calls, in
 * batches.
 *
 *   bare_sqlite --db sqlite:PATH --count N --batch B --mode spread|hot [--first F] [--pause-us U]
 *
 * WAL, synchronous=FULL, checkpoints on the commit path as SQLite does by itself. The database must be migrated and
 * hold the venue of bench/venue.py. Prints bookings a second and the percentiles of a commit (COMMIT alone) and of a
 * whole transaction in microseconds.
 */
#include <errno.h>
#include <sqlite3.h>

#include "bench/bare.h"

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
			" VALUES ('" BARE_SCOPE "', ?1, ?2, 201, ?3, ?4)",
};

static sqlite3 *db;
static sqlite3_stmt *statements[STATEMENTS];
static struct bare_options options;
static struct bare_place place;
static int64_t rooms, room_first, base_us;
static struct samples commits;

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

static void book_one(long number, int64_t now_us)
{
	struct bare_texts texts;
	sqlite3_int64 customer, booking;

	bare_write(&texts, number, place.resource);
	sqlite3_bind_text(statements[CUSTOMER], 1, texts.name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[CUSTOMER], 2, texts.email, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[CUSTOMER], 3, now_us);
	step(CUSTOMER);
	customer = sqlite3_last_insert_rowid(db);

	sqlite3_bind_text(statements[BOOKING], 1, texts.ref, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[BOOKING], 2, place.service);
	sqlite3_bind_int64(statements[BOOKING], 3, place.resource);
	sqlite3_bind_int64(statements[BOOKING], 4, customer);
	sqlite3_bind_int64(statements[BOOKING], 5, place.lo_us);
	sqlite3_bind_int64(statements[BOOKING], 6, place.hi_us);
	sqlite3_bind_int64(statements[BOOKING], 7, now_us);
	step(BOOKING);
	booking = sqlite3_last_insert_rowid(db);

	sqlite3_bind_int64(statements[CLAIM], 1, booking);
	sqlite3_bind_int64(statements[CLAIM], 2, place.resource);
	sqlite3_bind_int64(statements[CLAIM], 3, place.lo_us);
	sqlite3_bind_int64(statements[CLAIM], 4, place.hi_us);
	if (place.session)
		sqlite3_bind_int64(statements[CLAIM], 5, place.session);
	else
		sqlite3_bind_null(statements[CLAIM], 5);
	step(CLAIM);

	sqlite3_bind_int64(statements[AUDIT], 1, now_us);
	sqlite3_bind_text(statements[AUDIT], 2, texts.ref, -1, SQLITE_STATIC);
	step(AUDIT);

	sqlite3_bind_text(statements[IDEMPOTENCY], 1, texts.key, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[IDEMPOTENCY], 2, texts.ref, -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[IDEMPOTENCY], 3, texts.response, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statements[IDEMPOTENCY], 4, now_us + 86400000000LL);
	step(IDEMPOTENCY);
}

static void execute(const char *text)
{
	must(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
}

static void book(long first, long count)
{
	int64_t commit_ns;

	execute("BEGIN IMMEDIATE");
	for (long i = first; i < first + count; i++) {
		if (!options.hot)
			bare_spread(&place, i, base_us, rooms, room_first);
		book_one(i, base_us);
	}
	commit_ns = bench_now_ns();
	execute("COMMIT");
	samples_add(&commits, bench_now_ns() - commit_ns);
}

static void find_class(void)
{
	char text[256];

	place.resource = lookup("SELECT id FROM resource WHERE kind = 'session'");
	place.lo_us = base_us + 18 * 3600000000LL;
	place.hi_us = place.lo_us + 3600000000LL;
	snprintf(text, sizeof(text),
		 "INSERT OR IGNORE INTO session (resource_id, starts_at, ends_at, capacity) VALUES (%lld, %lld, %lld, "
		 "100000)",
		 (long long)place.resource, (long long)place.lo_us, (long long)place.hi_us);
	execute(text);
	place.session = lookup("SELECT max(id) FROM session");
}

int main(int argc, char **argv)
{
	const char *path;

	options = bare_parse(argc, argv, "bare_sqlite");
	path = strncmp(options.db, "sqlite:", 7) == 0 ? options.db + 7 : options.db;
	base_us = bare_base_us();
	must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, path);
	execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF;");
	for (int i = 0; i < STATEMENTS; i++)
		must(sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) == SQLITE_OK,
		     sql[i]);
	rooms = lookup("SELECT count(*) FROM resource WHERE kind = 'exclusive'");
	room_first = lookup("SELECT min(id) FROM resource WHERE kind = 'exclusive'");
	place.service = lookup(options.hot ? "SELECT id FROM service WHERE key = 'class'"
					   : "SELECT id FROM service WHERE key = 'room'");
	if (options.hot)
		find_class();
	bare_run(&options, book, &commits);
	sqlite3_close(db);
	return 0;
}
