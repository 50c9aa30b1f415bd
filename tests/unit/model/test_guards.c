/*
 * The rules that live in the database, against raw SQL as an outsider would send it, by the engine's own library and
 * without anything of ours: on SQLite with foreign_keys and recursive_triggers off, with every conflict policy each engine
 * knows. What is refused says
 * why; what is allowed is counted right, also when many write at once.
 *
 * SQL here is written once: @5 is the instant 5 µs after 1970, #key a name that MariaDB reserves.
 */
#include <ctype.h>
#include <libpq-fe.h>
#include <mysql.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "on_engines.h"
#include "slotcast/model/model.h"

static const char seed[] =
	"INSERT INTO venue (id, slug, name, tz) VALUES (1, 'v', 'V', 'UTC');\n"
	"INSERT INTO resource (id, venue_id, #key, name, kind, capacity) VALUES (1, 1, 'room', 'Room', 'exclusive', 1),"
	"  (2, 1, 'court', 'Courts', 'pooled', 3), (3, 1, 'yoga', 'Yoga', 'session', 5);\n"
	"INSERT INTO service (id, venue_id, #key, name, durations_min, step_min) VALUES (1, 1, 's', 'S', '[30]', 15);\n"
	"INSERT INTO booking (id, ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, "
	"created_at, updated_at)"
	"  VALUES (1, 'r1', 1, 1, 'confirmed', @1, @2, 'UTC', '', 1, @0, @0), (2, 'r2', 1, 3, 'confirmed', @1, @2, "
	"'UTC', "
	"'', 4, @0, @0);\n"
	"INSERT INTO session (id, resource_id, rule_id, starts_at, ends_at, capacity) VALUES (1, 3, 1, "
	"@4000000000000000,"
	"  @4000000060000000, 5), (2, 3, 1, @4000000100000000, @4000000160000000, 5);\n"
	"INSERT INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, @100, @200), (2, 1, 1, 0, "
	"@200, @300),"
	"  (3, 1, 2, 1, @100, @200), (5, 1, 2, 2, @4000000000000000, @4000000060000000);\n"
	"INSERT INTO claim (id, booking_id, resource_id, session_id, lane, lo, hi, qty)"
	"  VALUES (4, 2, 3, 1, 0, @4000000000000000, @4000000060000000, 4);\n";

/* The next numbers behind those of the seed: PostgreSQL's sequences do not see numbers that were given. */
static const char sequences[] = "ALTER TABLE claim ALTER id RESTART WITH 100; ALTER TABLE session ALTER id RESTART "
				"WITH 100; ALTER TABLE booking ALTER id RESTART WITH 100;\n";

struct fixture {
	struct engine *engine;
	char url[256];
	sqlite3 *sqlite;
	PGconn *postgres;
	MYSQL *mariadb;
};

static bool is_on(const struct fixture *f, enum rc_dialect dialect)
{
	return f->engine->dialect == dialect;
}

/* `text` in the engine's words; the caller frees it. */
static char *words(const struct engine *engine, const char *text)
{
	size_t size = strlen(text) * 6 + 1, len = 0;
	char *sql = malloc(size);

	while (*text) {
		if (*text == '#') {
			len += (size_t)snprintf(sql + len, size - len, engine->dialect == RC_MARIADB ? "`key`" : "key");
			text += 4;
		} else if (*text == '@' && (isdigit((unsigned char)text[1]) || text[1] == '-')) {
			long long us = strtoll(text + 1, (char **)(uintptr_t)&text, 10);

			len += (size_t)snprintf(sql + len, size - len,
						engine->dialect == RC_SQLITE ? "%lld"
						: engine->dialect == RC_POSTGRES
							? "to_timestamp(0) + interval '%lld us'"
							: "TIMESTAMPADD(MICROSECOND, %lld, '1970-01-01')",
						us);
		} else {
			sql[len++] = *text++;
		}
	}
	sql[len] = '\0';
	return sql;
}

static int keep_value(void *arg, int count, char **values, char **names)
{
	snprintf(arg, 64, "%s", values[0] ? values[0] : "");
	return 0;
}

static int run_sqlite(const struct fixture *f, const char *sql, char *out, size_t size)
{
	char *message = NULL;
	int status = sqlite3_exec(f->sqlite, sql, keep_value, out, &message);

	if (message)
		snprintf(out, size, "%s", message);
	sqlite3_free(message);
	return status;
}

static int run_postgres(const struct fixture *f, const char *sql, char *out, size_t size)
{
	PGresult *result = PQexec(f->postgres, sql);
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!good)
		snprintf(out, size, "%s", PQresultErrorMessage(result));
	else if (PQntuples(result) > 0)
		snprintf(out, size, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return !good;
}

static int run_mariadb(const struct fixture *f, const char *sql, char *out, size_t size)
{
	int status = mysql_query(f->mariadb, sql);

	while (status == 0) {
		MYSQL_RES *result = mysql_store_result(f->mariadb);
		MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;

		if (row && row[0])
			snprintf(out, size, "%s", row[0]);
		mysql_free_result(result);
		status = mysql_next_result(f->mariadb);
	}
	if (status > 0)
		snprintf(out, size, "%s", mysql_error(f->mariadb));
	return status > 0;
}

/* 0, and `out` is the first value of the result; else why not. */
static int run(const struct fixture *f, const char *text, char *out, size_t size)
{
	char *sql = words(f->engine, text);
	int status = is_on(f, RC_SQLITE)     ? run_sqlite(f, sql, out, size)
		     : is_on(f, RC_POSTGRES) ? run_postgres(f, sql, out, size)
					     : run_mariadb(f, sql, out, size);

	free(sql);
	return status;
}

static void connect_raw(struct fixture *f)
{
	char socket[128];

	if (is_on(f, RC_SQLITE)) {
		assert_int_equal(sqlite3_open(f->url + strlen("sqlite:"), &f->sqlite), SQLITE_OK);
		assert_int_equal(sqlite3_exec(f->sqlite, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
	} else if (is_on(f, RC_POSTGRES)) {
		f->postgres = PQconnectdb(f->url);
		assert_int_equal(PQstatus(f->postgres), CONNECTION_OK);
	} else {
		snprintf(socket, sizeof(socket), "%s/socket", f->engine->folder);
		f->mariadb = mysql_init(NULL);
		assert_non_null(mysql_real_connect(f->mariadb, NULL, "tester", NULL, strrchr(f->url, '/') + 1, 0,
						   socket, CLIENT_MULTI_STATEMENTS));
	}
}

/* Schema and rows in one go. PostgreSQL's and SQLite's migrations are one transaction each; MariaDB's commit anyway. */
static int setup(void **state)
{
	static struct fixture f;
	static const char *const first[RC_DIALECTS] = {
		"PRAGMA synchronous = OFF;\n", "SET client_min_messages = error; SET synchronous_commit = off;\n", ""};
	char *rows, *text, out[2048];
	size_t size = 1 << 18, len;

	f = (struct fixture){.engine = *state};
	engine_fresh(f.engine, f.url);
	text = malloc(size);
	len = (size_t)snprintf(text, size, "%s", first[f.engine->dialect]);
	for (uint32_t i = 0; i < slotcast_schema.migration_count; i++)
		len += (size_t)snprintf(text + len, size - len,
					is_on(&f, RC_MARIADB) ? "%s\n" : "BEGIN;\n%s\nCOMMIT;\n",
					slotcast_schema.migrations[i].up[f.engine->dialect]);
	rows = words(f.engine, seed);
	len += (size_t)snprintf(text + len, size - len, "%s%s", rows, is_on(&f, RC_POSTGRES) ? sequences : "");
	assert_true(len < size);
	if (engine_sql(f.engine, f.url, text, out, sizeof(out)))
		fail_msg("%s", out);
	free(rows);
	free(text);
	connect_raw(&f);
	*state = &f;
	return 0;
}

static int64_t number(const struct fixture *f, const char *sql)
{
	char out[2048] = "";

	if (run(f, sql, out, sizeof(out)))
		fail_msg("%s\n  %s", sql, out);
	return strtoll(out, NULL, 10);
}

/* session.taken is what its claims add up to, and no two claims of a place overlap: told by SQL that uses none of the
 * rules. */
static void check_truth(const struct fixture *f)
{
	assert_int_equal(
		number(f,
		       "SELECT (SELECT count(*) FROM session s WHERE taken <> (SELECT coalesce(sum(qty), 0) FROM claim"
		       " WHERE session_id = s.id) OR taken > capacity) + "
		       "(SELECT count(*) FROM claim a JOIN claim b ON a.id < b.id AND a.resource_id = b.resource_id"
		       " AND a.lane = b.lane AND a.session_id IS NULL AND b.session_id IS NULL"
		       " AND a.lo < b.hi AND b.lo < a.hi)"),
		0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	check_truth(f);
	sqlite3_close(f->sqlite);
	PQfinish(f->postgres);
	if (f->mariadb)
		mysql_close(f->mariadb);
	return 0;
}

/* The whole name, not the beginning of another one. */
static bool names(const char *message, const char *rule)
{
	for (const char *at = message; (at = strstr(at, rule)); at++)
		if (!isalnum((unsigned char)at[strlen(rule)]) && at[strlen(rule)] != '_')
			return true;
	return false;
}

static void refused(const struct fixture *f, const char *rule, const char *sql)
{
	char message[2048];

	if (run(f, sql, message, sizeof(message)) == 0)
		fail_msg("not refused: %s", sql);
	if (!names(message, rule))
		fail_msg("%s\n  was refused by \"%s\", not by %s", sql, message, rule);
}

static void allowed(const struct fixture *f, const char *sql)
{
	char message[2048];

	if (run(f, sql, message, sizeof(message)))
		fail_msg("%s\n  was refused: %s", sql, message);
}

/* Each policy of each engine: those that only skip a row must leave it out. */
static const char *const policies[RC_DIALECTS][6][2] = {
	[RC_SQLITE] = {{"INSERT", ""},
		       {"INSERT OR IGNORE", ""},
		       {"INSERT OR REPLACE", ""},
		       {"INSERT OR FAIL", ""},
		       {"INSERT OR ABORT", ""},
		       {"INSERT OR ROLLBACK", ""}},
	[RC_POSTGRES] = {{"INSERT", ""}},
	[RC_MARIADB] = {{"INSERT", ""},
			{"INSERT IGNORE", ""},
			{"REPLACE", ""},
			{"INSERT", "ON DUPLICATE KEY UPDATE qty = 1"}},
};

static void refused_by_every_policy(const struct fixture *f, const char *rule, const char *into)
{
	char sql[400];

	for (size_t p = 0; p < 6 && policies[f->engine->dialect][p][0]; p++) {
		const char *const *policy = policies[f->engine->dialect][p];

		snprintf(sql, sizeof(sql), "%s INTO %s %s", policy[0], into, policy[1]);
		refused(f, rule, sql);
	}
}

static void test_claims_of_a_lane_never_overlap(void **state)
{
	static const char *const spans[] = {"@99, @101",  "@100, @200", "@150, @160", "@199, @201",
					    "@299, @400", "@0, @1000",  "@-5, @101"};
	char into[200];

	for (size_t s = 0; s < 7; s++) {
		snprintf(into, sizeof(into), "claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, %s)",
			 spans[s]);
		refused_by_every_policy(*state, "claim_no_overlap", into);
	}
}

static void test_an_overlap_that_is_ignored_is_left_out(void **state)
{
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, @150, @160) "
			"ON CONFLICT DO NOTHING");
	assert_int_equal(number(*state, "SELECT count(*) FROM claim WHERE resource_id = 1"), 2);
}

static void test_claims_that_touch_or_use_another_lane_are_allowed(void **state)
{
	struct fixture *f = *state;

	allowed(f, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, @300, @301)");
	allowed(f, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, @0, @100)");
	allowed(f, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 0, @100, @200)");
	allowed(f, "UPDATE claim SET lo = @110, hi = @190 WHERE id = 1");
	if (!is_on(f, RC_POSTGRES))
		allowed(f, "REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, @120, "
			   "@180)");
}

static void test_moving_a_claim_onto_another_is_refused(void **state)
{
	struct fixture *f = *state;

	refused(f, "claim_no_overlap", "UPDATE claim SET hi = @201 WHERE id = 1");
	refused(f, "claim_no_overlap", "UPDATE claim SET lo = @199 WHERE id = 2");
	refused(f, "claim_no_overlap", "UPDATE claim SET resource_id = 1, lane = 0 WHERE id = 3");
	refused(f, "claim_id", "UPDATE claim SET id = 1 WHERE id = 2");
	refused(f, "claim_id",
		"INSERT INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (-1, 1, 1, 0, @500, @600)");
	if (!is_on(f, RC_POSTGRES))
		refused(f, "claim_no_overlap",
			"REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, @150, "
			"@250)");
	if (!is_on(f, RC_SQLITE))
		return;
	refused(f, "claim_no_overlap", "UPDATE OR REPLACE claim SET lo = 199 WHERE id = 2");
	refused(f, "claim_id", "UPDATE OR REPLACE claim SET id = 1 WHERE id = 2");
}

static void test_a_claim_uses_only_lanes_that_there_are(void **state)
{
	struct fixture *f = *state;

	refused(f, "claim_lane",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, @100, @200)");
	refused(f, "claim_lane",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 3, @100, @200)");
	refused(f, "claim_lane",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, -1, @100, @200)");
	refused(f, "claim_lane",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES (1, 2, 0, @1, @2, 2)");
	refused(f, "claim_lane", "UPDATE claim SET lane = 3 WHERE id = 3");
	refused(f, "claim_resource",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 9, 0, @1, @2)");
	refused(f, "claim_resource", "UPDATE claim SET resource_id = 3 WHERE id = 3");
	allowed(f, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 2, @100, @200)");
}

static void test_a_session_is_never_taken_beyond_its_capacity(void **state)
{
	struct fixture *f = *state;

	refused_by_every_policy(
		f, "session_capacity",
		"claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, 0, @1, @2, 2)");
	allowed(f, "INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, "
		   "0, @1, @2, 1)");
	refused(f, "session_capacity",
		"INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, 0, @1, "
		"@2, 1)");
	refused(f, "session_capacity", "UPDATE session SET capacity = 4 WHERE id = 1");
	refused(f, "claim_session",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES (2, 3, 0, @1, @2, 1)");
	refused(f, "claim_session",
		"INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 9, 0, @1, "
		"@2, 1)");
}

static void test_several_claims_of_one_statement_are_counted_each(void **state)
{
	struct fixture *f = *state;

	allowed(f, "INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES "
		   "(2, 3, 2, 0, @1, @2, 1), (2, 3, 2, 0, @1, @2, 2), (2, 3, 2, 0, @1, @2, 2)");
	assert_int_equal(number(f, "SELECT taken FROM session WHERE id = 2"), 5);
	refused(f, "claim_no_overlap",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, @500, @600), (1, 1, 0, "
		"@599, @601)");
	assert_int_equal(number(f, "SELECT count(*) FROM claim WHERE resource_id = 1"), 2);
}

static void test_places_taken_cannot_be_set_by_hand(void **state)
{
	struct fixture *f = *state;

	refused(f, "session_taken", "UPDATE session SET taken = 0");
	refused(f, "session_taken", "UPDATE session SET taken = taken - 1 WHERE id = 1");
	refused(f, "session_taken",
		"INSERT INTO session (resource_id, starts_at, ends_at, capacity, taken) VALUES (3, @7, @8, 5, 2)");
	refused(f, "session_replace", "UPDATE session SET id = 9 WHERE id = 1");
	refused(f, "session_replace", "UPDATE session SET starts_at = @4000000000000000 WHERE id = 2");
	refused(f, "session_delete", "DELETE FROM session WHERE id = 1");
	if (!is_on(f, RC_POSTGRES)) {
		refused(f, "session_replace",
			"REPLACE INTO session (id, resource_id, starts_at, ends_at, capacity) VALUES (1, 3, @7, @8, "
			"5)");
		refused(f, "session_replace",
			"REPLACE INTO session (resource_id, starts_at, ends_at, capacity) VALUES (3, "
			"@4000000000000000, @4000000060000000, 5)");
	}
	if (is_on(f, RC_SQLITE)) {
		refused(f, "session_taken", "UPDATE OR REPLACE session SET taken = NULL WHERE id = 1");
		refused(f, "session_taken", "UPDATE OR IGNORE session SET taken = 1 WHERE id = 1");
		refused(f, "session_replace",
			"UPDATE OR REPLACE session SET starts_at = @4000000000000000 WHERE id = 2");
	}
	allowed(f, "DELETE FROM session WHERE id = 2");
	allowed(f, "UPDATE session SET ends_at = @4000000060000001, taken = taken WHERE id = 1");
}

static void test_a_claim_on_a_session_is_not_replaced_or_changed(void **state)
{
	struct fixture *f = *state;

	if (!is_on(f, RC_POSTGRES)) {
		refused(f, "claim_replace",
			"REPLACE INTO claim (id, booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (4, "
			"2, 3, 1, 0, @1, @2, 1)");
		refused(f, "claim_replace",
			"REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (4, 1, 1, 0, @500, "
			"@600)");
	}
	refused(f, "claim_session", "UPDATE claim SET qty = 1 WHERE id = 4");
	refused(f, "claim_session", "UPDATE claim SET session_id = 1 WHERE id = 1");
	allowed(f, "DELETE FROM claim WHERE id = 4");
	assert_int_equal(number(f, "SELECT taken FROM session WHERE id = 1"), 0);
}

static void test_a_resource_keeps_what_its_claims_rely_on(void **state)
{
	struct fixture *f = *state;

	refused(f, "resource_replace", "UPDATE resource SET kind = 'pooled', capacity = 3 WHERE id = 1");
	refused(f, "resource_replace", "UPDATE resource SET id = 9 WHERE id = 3");
	if (!is_on(f, RC_POSTGRES)) /* MariaDB deletes what is in the way */
		refused(f, is_on(f, RC_SQLITE) ? "resource_replace" : "resource_delete",
			"REPLACE INTO resource (id, venue_id, #key, name, kind, capacity) VALUES (2, 1, 'court', 'C', "
			"'pooled', 1)");
	refused(f, "resource_delete", "DELETE FROM resource WHERE id = 3");
	refused(f, "resource_capacity", "UPDATE resource SET capacity = 2 WHERE id = 2");
	refused(f, "resource_capacity", "UPDATE resource SET capacity = 3 WHERE id = 3");
	allowed(f, "UPDATE resource SET capacity = 9 WHERE id = 3");
	assert_int_equal(number(f, "SELECT capacity FROM session WHERE id = 1"), 9);
	allowed(f, is_on(f, RC_MARIADB)
			   ? "INSERT INTO resource (id, venue_id, #key, name, kind, capacity) VALUES (2, 1, 'court', "
			     "'C', 'pooled', 4) ON DUPLICATE KEY UPDATE capacity = VALUES (capacity)"
			   : "INSERT INTO resource (id, venue_id, #key, name, kind, capacity) VALUES (2, 1, 'court', "
			     "'C', 'pooled', 4) ON CONFLICT (id) DO UPDATE SET capacity = excluded.capacity");
	assert_int_equal(number(f, "SELECT capacity FROM resource WHERE id = 2"), 4);
}

static void test_a_cancellation_by_hand_gives_the_place_back(void **state)
{
	allowed(*state, "UPDATE booking SET state = 'cancelled' WHERE id = 2");
	assert_int_equal(number(*state, "SELECT count(*) FROM claim WHERE booking_id = 2"), 0);
	refused(*state, "booking_claims", "UPDATE booking SET state = 'confirmed' WHERE id = 2");
}

static void test_a_booking_that_goes_gives_its_place_back(void **state)
{
	struct fixture *f = *state;

	allowed(f, "DELETE FROM booking WHERE id = 1");
	assert_int_equal(number(f, "SELECT count(*) FROM claim WHERE booking_id = 1"), 0);
	allowed(f, is_on(f, RC_POSTGRES)
			   ? "DELETE FROM booking WHERE id = 2"
			   : "REPLACE INTO booking (id, ref, service_id, resource_id, state, starts_at, ends_at, tz, "
			     "wall_start, party, created_at, updated_at) VALUES (2, 'r2', 1, 3, 'cancelled', @1, @2, "
			     "'UTC', '', 4, @0, @0)");
	assert_int_equal(number(f, "SELECT count(*) FROM claim WHERE booking_id = 2"), 0);
	assert_int_equal(number(f, "SELECT taken FROM session WHERE id = 1"), 0);
}

static void test_a_hold_has_an_end(void **state)
{
	refused(*state, "booking_hold", "UPDATE booking SET state = 'held' WHERE id = 1");
	allowed(*state, "UPDATE booking SET state = 'held', hold_expires_at = @5 WHERE id = 1");
}

static void test_claims_are_not_truncated_beneath_their_sessions(void **state)
{
	refused(*state, "claim_session", "TRUNCATE claim");
	allowed(*state, "DELETE FROM claim; TRUNCATE claim");
}

/* Names that hide ours, a role that may only insert: the rules look at neither. */
static void test_rules_hold_for_outsiders_with_another_search_path(void **state)
{
	struct fixture *f = *state;
	static const char hidden[] =
		"CREATE SCHEMA evil; CREATE TABLE evil.resource AS SELECT id, 'pooled' AS kind, 99 AS capacity FROM "
		"public.resource; CREATE TABLE evil.session AS SELECT id, resource_id, 0 AS taken, 99 AS capacity, 0 "
		"AS taken_by FROM public.session; CREATE FUNCTION evil.less(bigint, bigint) RETURNS boolean LANGUAGE "
		"sql AS 'SELECT false'; CREATE OPERATOR evil.>= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = "
		"evil.less); DO $$ BEGIN CREATE ROLE outsider; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
		"GRANT USAGE ON SCHEMA evil TO outsider; GRANT SELECT ON ALL TABLES IN SCHEMA evil TO outsider; "
		"GRANT INSERT, DELETE ON claim TO outsider";
	static const char as[] = "SET LOCAL ROLE outsider; SET LOCAL search_path = evil, pg_catalog, public; CREATE "
				 "TEMP TABLE session ON COMMIT DROP AS SELECT 1 AS id; %s";
	char sql[600];

	allowed(f, hidden);
	snprintf(sql, sizeof(sql), as,
		 "INSERT INTO public.claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, @100, @200)");
	refused(f, "claim_lane", sql);
	snprintf(sql, sizeof(sql), as,
		 "INSERT INTO public.claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, "
		 "0, @1, @2, 2)");
	refused(f, "session_capacity", sql);
	snprintf(sql, sizeof(sql), as,
		 "INSERT INTO public.claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, "
		 "0, @1, @2, 1)");
	allowed(f, sql);
	assert_int_equal(number(f, "SELECT taken FROM session WHERE id = 1"), 5);
}

#define WRITERS 3
#define ROUNDS  60

struct writer {
	const struct fixture *f;
	const char *isolation;
	const char *insert; /* of [low, high): an hour of its own for each round, shifted by the writer's number */
	int number;
	int status;
	char out[1024];
	pthread_t thread;
};

/* Rounds of one short transaction each, in the server, so that they meet: what is refused is taken back, and anything but
 * a refusal ends it; after a deadlock the round is run again. The read before fixes the snapshot where the isolation has one. */
static void *write_rounds(void *arg)
{
	struct writer *writer = arg;
	char sql[1600];

	if (is_on(writer->f, RC_POSTGRES))
		snprintf(sql, sizeof(sql),
			 "SET default_transaction_isolation = '%s';\n"
			 "DO $$ DECLARE i int := 0; low timestamptz; high timestamptz; BEGIN WHILE i < %d LOOP BEGIN\n"
			 "  low := to_timestamp(i * 3600 + %d); high := low + interval '30 min'; i := i + 1;\n"
			 "  PERFORM count(*) FROM claim; %s; PERFORM pg_sleep(0.0005);\n"
			 "EXCEPTION WHEN exclusion_violation OR check_violation THEN NULL;\n"
			 "WHEN deadlock_detected OR serialization_failure THEN i := i - 1; END; COMMIT; END LOOP; END "
			 "$$;\n",
			 writer->isolation, ROUNDS, writer->number, writer->insert);
	else
		snprintf(sql, sizeof(sql),
			 "SET SESSION TRANSACTION ISOLATION LEVEL %s;\n"
			 "DELIMITER //\n"
			 "BEGIN NOT ATOMIC DECLARE i, n INT DEFAULT 0; DECLARE low, high DATETIME(6);\n"
			 "DECLARE CONTINUE HANDLER FOR SQLSTATE '45000' ROLLBACK;\n"
			 "DECLARE CONTINUE HANDLER FOR SQLSTATE '40001' BEGIN ROLLBACK; SET i = i - 1; END;\n"
			 "WHILE i < %d DO SET low = TIMESTAMPADD(SECOND, i * 3600 + %d, '1970-01-01'), "
			 "high = low + INTERVAL 30 MINUTE, i = i + 1;\n"
			 "  START TRANSACTION; SELECT count(*) INTO n FROM claim; %s; DO SLEEP(0.0005); COMMIT;\n"
			 "END WHILE; END//\n",
			 writer->isolation, ROUNDS, writer->number, writer->insert);
	writer->status = engine_sql(writer->f->engine, writer->f->url, sql, writer->out, sizeof(writer->out));
	return NULL;
}

static void storm(const struct fixture *f, const char *isolation, const char *insert)
{
	struct writer writers[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.f = f, .isolation = isolation, .insert = insert, .number = i};
		assert_int_equal(pthread_create(&writers[i].thread, NULL, write_rounds, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	for (int i = 0; i < WRITERS; i++)
		if (writers[i].status)
			fail_msg("%s", writers[i].out);
	check_truth(f);
}

/* In every round all writers want the same hour, each a little shifted: one has it. */
static void overlap_storm(const struct fixture *f, const char *isolation)
{
	storm(f, isolation, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 0, low, high)");
	assert_int_equal(number(f, "SELECT count(*) FROM claim WHERE resource_id = 2 AND lane = 0"), ROUNDS);
	allowed(f, "DELETE FROM claim WHERE resource_id = 2 AND lane = 0");
}

static void test_writers_at_once_never_overlap(void **state)
{
	overlap_storm(*state, "READ COMMITTED");
	overlap_storm(*state, "REPEATABLE READ");
}

static void session_storm(const struct fixture *f, const char *isolation)
{
	char sql[100];
	int64_t before = number(f, "SELECT count(*) FROM claim WHERE session_id = 2");

	assert_int_equal(before, 0);
	snprintf(sql, sizeof(sql), "UPDATE session SET capacity = %d WHERE id = 2", ROUNDS);
	allowed(f, sql);
	storm(f, isolation,
	      "INSERT INTO claim (booking_id, resource_id, session_id, lo, hi, qty) VALUES (2, 3, 2, low, high, 1)");
}

static void test_writers_at_once_fill_a_session_and_no_more(void **state)
{
	session_storm(*state, "READ COMMITTED");
	assert_int_equal(number(*state, "SELECT taken FROM session WHERE id = 2"), ROUNDS);
	allowed(*state, "DELETE FROM claim WHERE session_id = 2");
	session_storm(*state, "REPEATABLE READ");
	assert_int_equal(number(*state, "SELECT taken FROM session WHERE id = 2"), ROUNDS);
}

static void test_an_overlap_is_found_by_one_look_up(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = f->sqlite;
	sqlite3_stmt *stmt;
	int steps[2];

	for (int round = 0; round < 2; round++) {
		char sql[300];

		snprintf(sql, sizeof(sql),
			 "WITH RECURSIVE i (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM i WHERE n < %d)"
			 "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) SELECT 1, 1, 0, 1000 + 10 * n, "
			 "1010 + 10 * n FROM i",
			 round ? 101 : 0, round ? 10000 : 100);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_prepare_v2(db,
						    "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES "
						    "(1, 1, 0, 1005, 1006)",
						    -1, &stmt, NULL),
				 SQLITE_OK);
		assert_int_equal(sqlite3_step(stmt), SQLITE_CONSTRAINT);
		steps[round] = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
		sqlite3_finalize(stmt);
	}
	assert_int_equal(steps[0], steps[1]);
}

/* MariaDB's rule is a look-up too: rows read do not grow with the rows there are. */
static void test_an_overlap_is_found_by_one_look_up_in_mariadb(void **state)
{
	struct fixture *f = *state;
	int64_t reads[2];

	for (int round = 0; round < 2; round++) {
		char sql[600];

		snprintf(sql, sizeof(sql),
			 "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) SELECT 1, 1, 0, "
			 "TIMESTAMPADD(SECOND, 10 * seq, '2020-01-01'), TIMESTAMPADD(SECOND, 10 * seq + 10, "
			 "'2020-01-01') FROM seq_%d_to_%d; ANALYZE TABLE claim; FLUSH STATUS; "
			 "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, "
			 "'2020-01-01 00:00:05', '2020-01-01 00:00:06')",
			 round ? 101 : 0, round ? 2000 : 100);
		refused(f, "claim_no_overlap", sql);
		snprintf(sql, sizeof(sql),
			 "FLUSH STATUS; START TRANSACTION; INSERT INTO claim (booking_id, resource_id, lane, lo, hi) "
			 "VALUES (1, 1, 0, '2019-12-31 00:00:05', '2019-12-31 00:00:06'); SELECT sum(variable_value) "
			 "FROM "
			 "information_schema.session_status WHERE variable_name LIKE 'HANDLER_READ%%'; ROLLBACK");
		reads[round] = number(f, sql);
	}
	assert_int_equal(reads[0], reads[1]);
}

#define TEST(name)                                                                                                     \
	{                                                                                                              \
		0, cmocka_unit_test_setup_teardown(name, setup, teardown)                                              \
	}

int main(void)
{
	static const struct engine_test tests[] = {
		TEST(test_claims_of_a_lane_never_overlap),
		{ON(RC_POSTGRES),
		 cmocka_unit_test_setup_teardown(test_an_overlap_that_is_ignored_is_left_out, setup, teardown)},
		TEST(test_claims_that_touch_or_use_another_lane_are_allowed),
		TEST(test_moving_a_claim_onto_another_is_refused),
		TEST(test_a_claim_uses_only_lanes_that_there_are),
		TEST(test_a_session_is_never_taken_beyond_its_capacity),
		TEST(test_several_claims_of_one_statement_are_counted_each),
		TEST(test_places_taken_cannot_be_set_by_hand),
		TEST(test_a_claim_on_a_session_is_not_replaced_or_changed),
		TEST(test_a_resource_keeps_what_its_claims_rely_on),
		TEST(test_a_cancellation_by_hand_gives_the_place_back),
		TEST(test_a_booking_that_goes_gives_its_place_back),
		TEST(test_a_hold_has_an_end),
		{ON(RC_POSTGRES), cmocka_unit_test_setup_teardown(test_claims_are_not_truncated_beneath_their_sessions,
								  setup, teardown)},
		{ON(RC_POSTGRES), cmocka_unit_test_setup_teardown(
					  test_rules_hold_for_outsiders_with_another_search_path, setup, teardown)},
		{ON(RC_POSTGRES) | ON(RC_MARIADB),
		 cmocka_unit_test_setup_teardown(test_writers_at_once_never_overlap, setup, teardown)},
		{ON(RC_POSTGRES) | ON(RC_MARIADB),
		 cmocka_unit_test_setup_teardown(test_writers_at_once_fill_a_session_and_no_more, setup, teardown)},
		{ON(RC_SQLITE),
		 cmocka_unit_test_setup_teardown(test_an_overlap_is_found_by_one_look_up, setup, teardown)},
		{ON(RC_MARIADB),
		 cmocka_unit_test_setup_teardown(test_an_overlap_is_found_by_one_look_up_in_mariadb, setup, teardown)},
	};

	return RUN_ON_ENGINES(tests);
}
