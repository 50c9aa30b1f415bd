/*
 * The rules that live in the database, against raw SQL as an outsider would type it: foreign_keys and
 * recursive_triggers off, every conflict policy. What is refused says why; what is allowed is counted right.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slotcast/model/model.h"
#include "tests/unit/suite.h"

static const char seed[] =
	"INSERT INTO venue (id, slug, name, tz) VALUES (1, 'v', 'V', 'UTC');"
	"INSERT INTO resource (id, venue_id, key, name, kind, capacity) VALUES (1, 1, 'room', 'Room', 'exclusive', 1),"
	"  (2, 1, 'court', 'Courts', 'pooled', 3), (3, 1, 'yoga', 'Yoga', 'session', 5);"
	"INSERT INTO service (id, venue_id, key, name, durations_min, step_min) VALUES (1, 1, 's', 'S', '[30]', 15);"
	"INSERT INTO booking (id, ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, "
	"created_at, updated_at)"
	"  VALUES (1, 'r1', 1, 1, 'confirmed', 1, 2, 'UTC', '', 1, 0, 0), (2, 'r2', 1, 3, 'confirmed', 1, 2, 'UTC', "
	"'', 4, 0, 0);"
	"INSERT INTO session (id, resource_id, rule_id, starts_at, ends_at, capacity) VALUES (1, 3, 1, "
	"4000000000000000,"
	"  4000000060000000, 5), (2, 3, 1, 4000000100000000, 4000000160000000, 5);"
	"INSERT INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, 100, 200), (2, 1, 1, 0, "
	"200, 300),"
	"  (3, 1, 2, 1, 100, 200), (5, 1, 2, 2, 4000000000000000, 4000000060000000);"
	"INSERT INTO claim (id, booking_id, resource_id, session_id, lane, lo, hi, qty)"
	"  VALUES (4, 2, 3, 1, 0, 4000000000000000, 4000000060000000, 4);";

static int setup(void **state)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, slotcast_schema.migrations[0].up[RC_SQLITE], NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, seed, NULL, NULL, NULL), SQLITE_OK);
	*state = db;
	return 0;
}

static int teardown(void **state)
{
	return sqlite3_close(*state);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

/* session.taken is what its claims add up to, and no two claims of a place overlap: told by SQL that uses none of the
 * rules. */
static void check_truth(sqlite3 *db)
{
	assert_int_equal(number(db,
				"SELECT count(*) FROM session s WHERE taken <> (SELECT coalesce(sum(qty), 0) FROM claim"
				" WHERE session_id = s.id) OR taken > capacity"),
			 0);
	assert_int_equal(
		number(db, "SELECT count(*) FROM claim a JOIN claim b ON a.id < b.id AND a.resource_id = b.resource_id"
			   " AND a.lane = b.lane AND a.session_id IS NULL AND b.session_id IS NULL"
			   " AND a.lo < b.hi AND b.lo < a.hi"),
		0);
}

static void refused(sqlite3 *db, const char *rule, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK)
		fail_msg("not refused: %s", sql);
	if (!strstr(message, rule))
		fail_msg("%s\n  was refused by \"%s\", not by %s", sql, message, rule);
	sqlite3_free(message);
	check_truth(db);
}

static void allowed(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s\n  was refused: %s", sql, message);
	check_truth(db);
}

static void test_claims_of_a_lane_never_overlap(void **state)
{
	static const char *const policies[] = {"", "OR IGNORE", "OR REPLACE", "OR FAIL", "OR ABORT", "OR ROLLBACK"};
	static const char *const spans[] = {"99, 101",  "100, 200", "150, 160", "199, 201",
					    "299, 400", "0, 1000",  "-5, 101"};
	char sql[200];

	for (size_t p = 0; p < 6; p++) {
		for (size_t s = 0; s < 7; s++) {
			snprintf(sql, sizeof(sql),
				 "INSERT %s INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, %s)",
				 policies[p], spans[s]);
			refused(*state, "claim_no_overlap: ", sql);
		}
	}
}

static void test_claims_that_touch_or_use_another_lane_are_allowed(void **state)
{
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, 300, 301)");
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 0, 0, 100)");
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 0, 100, 200)");
	allowed(*state, "UPDATE claim SET lo = 110, hi = 190 WHERE id = 1");
	allowed(*state, "REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, 120, 180)");
}

static void test_moving_a_claim_onto_another_is_refused(void **state)
{
	refused(*state, "claim_no_overlap: ", "UPDATE claim SET hi = 201 WHERE id = 1");
	refused(*state, "claim_no_overlap: ", "UPDATE OR REPLACE claim SET lo = 199 WHERE id = 2");
	refused(*state, "claim_no_overlap: ", "UPDATE claim SET resource_id = 1, lane = 0 WHERE id = 3");
	refused(*state, "claim_id: ", "UPDATE OR REPLACE claim SET id = 1 WHERE id = 2");
	refused(*state, "claim_id: ",
		"INSERT INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (-1, 1, 1, 0, 500, 600)");
	refused(*state, "claim_no_overlap: ",
		"REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 0, 150, 250)");
}

static void test_a_claim_uses_only_lanes_that_there_are(void **state)
{
	refused(*state,
		"claim_lane: ", "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 1, 1, 100, 200)");
	refused(*state,
		"claim_lane: ", "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 3, 100, 200)");
	refused(*state, "claim_lane: ",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, -1, 100, 200)");
	refused(*state, "claim_lane: ",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES (1, 2, 0, 1, 2, 2)");
	refused(*state, "claim_lane: ", "UPDATE claim SET lane = 3 WHERE id = 3");
	refused(*state,
		"claim_resource: ", "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 9, 0, 1, 2)");
	refused(*state, "claim_resource: ", "UPDATE claim SET resource_id = 3 WHERE id = 3");
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, lane, lo, hi) VALUES (1, 2, 2, 100, 200)");
}

static void test_a_session_is_never_taken_beyond_its_capacity(void **state)
{
	static const char *const policies[] = {"", "OR IGNORE", "OR REPLACE"};
	char sql[200];

	for (size_t p = 0; p < 3; p++) {
		snprintf(sql, sizeof(sql),
			 "INSERT %s INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, "
			 "1, 0, 1, 2, 2)",
			 policies[p]);
		refused(*state, "session_capacity: ", sql);
	}
	allowed(*state, "INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, "
			"0, 1, 2, 1)");
	refused(*state, "session_capacity: ",
		"INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 1, 0, 1, 2, "
		"1)");
	refused(*state, "session_capacity", "UPDATE session SET capacity = 4 WHERE id = 1");
	refused(*state, "claim_session: ",
		"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES (2, 3, 0, 1, 2, 1)");
	refused(*state, "claim_session: ",
		"INSERT INTO claim (booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (2, 3, 9, 0, 1, 2, "
		"1)");
}

static void test_places_taken_cannot_be_set_by_hand(void **state)
{
	refused(*state, "session_taken: ", "UPDATE session SET taken = 0");
	refused(*state, "session_taken: ", "UPDATE session SET taken = taken - 1 WHERE id = 1");
	refused(*state, "session_taken: ", "UPDATE OR REPLACE session SET taken = NULL WHERE id = 1");
	refused(*state, "session_taken: ", "UPDATE OR IGNORE session SET taken = 1 WHERE id = 1");
	refused(*state, "session_taken: ",
		"INSERT INTO session (resource_id, starts_at, ends_at, capacity, taken) VALUES (3, 7, 8, 5, 2)");
	refused(*state, "session_replace: ",
		"REPLACE INTO session (id, resource_id, starts_at, ends_at, capacity) VALUES (1, 3, 7, 8, 5)");
	refused(*state, "session_replace: ",
		"REPLACE INTO session (resource_id, starts_at, ends_at, capacity) VALUES (3, 4000000000000000, "
		"4000000060000000, 5)");
	refused(*state, "session_replace: ", "UPDATE OR REPLACE session SET starts_at = 4000000000000000 WHERE id = 2");
	refused(*state, "session_replace: ", "UPDATE session SET id = 9 WHERE id = 1");
	refused(*state, "session_delete: ", "DELETE FROM session WHERE id = 1");
	allowed(*state, "DELETE FROM session WHERE id = 2");
	allowed(*state, "UPDATE session SET ends_at = ends_at + 1, taken = taken WHERE id = 1");
}

static void test_a_claim_on_a_session_is_not_replaced_or_changed(void **state)
{
	refused(*state, "claim_replace: ",
		"REPLACE INTO claim (id, booking_id, resource_id, session_id, lane, lo, hi, qty) VALUES (4, 2, 3, 1, "
		"0, 1, 2, 1)");
	refused(*state, "claim_replace: ",
		"REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi) VALUES (4, 1, 1, 0, 500, 600)");
	refused(*state, "claim_session: ", "UPDATE claim SET qty = 1 WHERE id = 4");
	refused(*state, "claim_session: ", "UPDATE claim SET session_id = 1 WHERE id = 1");
	allowed(*state, "DELETE FROM claim WHERE id = 4");
	assert_int_equal(number(*state, "SELECT taken FROM session WHERE id = 1"), 0);
}

static void test_a_resource_keeps_what_its_claims_rely_on(void **state)
{
	refused(*state, "resource_replace: ", "UPDATE resource SET kind = 'pooled', capacity = 3 WHERE id = 1");
	refused(*state, "resource_replace: ", "UPDATE resource SET id = 9 WHERE id = 3");
	refused(*state, "resource_replace: ",
		"REPLACE INTO resource (id, venue_id, key, name, kind, capacity) VALUES (2, 1, 'court', 'C', 'pooled', "
		"1)");
	refused(*state, "resource_delete: ", "DELETE FROM resource WHERE id = 3");
	refused(*state, "resource_capacity: ", "UPDATE resource SET capacity = 2 WHERE id = 2");
	refused(*state, "resource_capacity: ", "UPDATE resource SET capacity = 3 WHERE id = 3");
	allowed(*state, "UPDATE resource SET capacity = 9 WHERE id = 3");
	assert_int_equal(number(*state, "SELECT capacity FROM session WHERE id = 1"), 9);
	allowed(*state, "INSERT INTO resource (id, venue_id, key, name, kind, capacity) VALUES (2, 1, 'court', 'C', "
			"'pooled', 4)"
			" ON CONFLICT (id) DO UPDATE SET capacity = excluded.capacity");
}

static void test_a_cancellation_by_hand_gives_the_place_back(void **state)
{
	allowed(*state, "UPDATE booking SET state = 'cancelled' WHERE id = 2");
	assert_int_equal(number(*state, "SELECT count(*) FROM claim WHERE booking_id = 2"), 0);
	refused(*state, "booking_claims: ", "UPDATE booking SET state = 'confirmed' WHERE id = 2");
}

static void test_a_booking_that_goes_gives_its_place_back(void **state)
{
	static const char replace[] =
		"REPLACE INTO booking (id, ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, "
		"party, created_at, updated_at) VALUES (2, 'r2', 1, 3, 'cancelled', 1, 2, 'UTC', '', 4, 0, 0)";

	allowed(*state, "DELETE FROM booking WHERE id = 1");
	assert_int_equal(number(*state, "SELECT count(*) FROM claim WHERE booking_id = 1"), 0);
	allowed(*state, replace);
	assert_int_equal(number(*state, "SELECT count(*) FROM claim WHERE booking_id = 2"), 0);
	assert_int_equal(number(*state, "SELECT taken FROM session WHERE id = 1"), 0);
}

static void test_a_hold_has_an_end(void **state)
{
	refused(*state, "booking_hold", "UPDATE booking SET state = 'held' WHERE id = 1");
	allowed(*state, "UPDATE booking SET state = 'held', hold_expires_at = 5 WHERE id = 1");
}

static void test_an_overlap_is_found_by_one_look_up(void **state)
{
	sqlite3 *db = *state;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_claims_of_a_lane_never_overlap),
		TEST(test_claims_that_touch_or_use_another_lane_are_allowed),
		TEST(test_moving_a_claim_onto_another_is_refused),
		TEST(test_a_claim_uses_only_lanes_that_there_are),
		TEST(test_a_session_is_never_taken_beyond_its_capacity),
		TEST(test_places_taken_cannot_be_set_by_hand),
		TEST(test_a_claim_on_a_session_is_not_replaced_or_changed),
		TEST(test_a_resource_keeps_what_its_claims_rely_on),
		TEST(test_a_cancellation_by_hand_gives_the_place_back),
		TEST(test_a_booking_that_goes_gives_its_place_back),
		TEST(test_a_hold_has_an_end),
		TEST(test_an_overlap_is_found_by_one_look_up),
	};

	return RUN_TESTS(tests);
}
