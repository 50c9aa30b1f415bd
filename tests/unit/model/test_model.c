/* The generated functions on every engine. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "on_engines.h"
#include "slotcast/model/model.h"

struct fixture {
	struct engine *engine;
	char url[256];
	struct rc_db *db;
	struct rc_tx *tx;
	struct rc_arena arena;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct rc_db_options options = {.access = RC_WRITE, .create = true, .busy_timeout_us = 10000000};
	struct rc_fault fault;
	uint32_t applied;

	*f = (struct fixture){.engine = *state};
	engine_fresh(f->engine, f->url);
	if (rc_db_open(&f->db, f->url, &slotcast_schema, &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	if (rc_migrate_up(f->db, &applied, &fault) != RC_OK || rc_migrate_verify(f->db, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(rc_tx_begin(f->db, RC_WRITE, &f->tx), RC_OK);
	rc_arena_init(&f->arena, 4096);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rc_db_close(f->db);
	rc_arena_release(&f->arena);
	return 0;
}

/* What is refused, behind a savepoint: PostgreSQL gives up the whole transaction otherwise. */
#define REFUSED(f, call, rule)                                                                                         \
	do {                                                                                                           \
		assert_int_equal(rc_tx_savepoint((f)->tx), RC_OK);                                                     \
		assert_int_equal(call, RC_CONSTRAINT);                                                                 \
		assert_int_equal(rc_db_fault((f)->db)->constraint, rule);                                              \
		assert_int_equal(rc_tx_savepoint_rollback((f)->tx), RC_OK);                                            \
	} while (0)

static int64_t make_venue(struct fixture *f, const char *slug)
{
	struct venue venue = {.slug = rc_str_from(slug),
			      .name = RC_STR("V"),
			      .tz = RC_STR("UTC"),
			      .locale = RC_STR("en"),
			      .contact_phone = RC_STR(""),
			      .contact_email = RC_STR(""),
			      .limited_percent = 25};

	assert_int_equal(venue_insert(f->tx, &venue), RC_OK);
	return venue.id;
}

static void make_hours(struct fixture *f, int64_t venue, int32_t from, bool open_end)
{
	struct hours hours = {.nulls = HOURS_NULL_RESOURCE_ID | (open_end ? HOURS_NULL_VALID_TO : 0),
			      .venue_id = venue,
			      .rrule = RC_STR("FREQ=DAILY"),
			      .wall_start_min = 540,
			      .wall_end_min = 1080,
			      .valid_from = from,
			      .valid_to = open_end ? 0 : from + 10};

	assert_int_equal(hours_insert(f->tx, &hours), RC_OK);
}

static void test_a_row_comes_back_as_it_was_written(void **state)
{
	struct fixture *f = *state;
	int64_t id = make_venue(f, "harbour");
	struct venue *venue;
	struct hours *hours;
	struct hours_query *query = hours_query(f->tx, &f->arena);

	assert_int_equal(venue_get(f->tx, &f->arena, id, &venue), RC_OK);
	assert_true(rc_str_is(venue->slug, "harbour"));
	assert_int_equal(venue->limited_percent, 25);
	make_hours(f, id, 20000, true);
	assert_int_equal(hours_one(query, &hours), RC_OK);
	assert_int_equal(hours->valid_from, 20000);
	assert_true(hours->nulls & HOURS_NULL_VALID_TO);
	assert_true(hours->nulls & HOURS_NULL_RESOURCE_ID);
	assert_int_equal(venue_get(f->tx, &f->arena, id + 1, &venue), RC_NOT_FOUND);
	assert_null(venue);
}

static void test_a_violated_rule_comes_back_as_its_number(void **state)
{
	struct fixture *f = *state;
	struct venue venue = {
		.slug = RC_STR("twice"), .name = RC_STR("V"), .tz = RC_STR("UTC"), .limited_percent = 101};

	make_venue(f, "twice");
	venue.locale = venue.contact_phone = venue.contact_email = RC_STR("");
	REFUSED(f, venue_insert(f->tx, &venue), CONSTRAINT_VENUE_LIMITED_RANGE);
	venue.limited_percent = 100;
	REFUSED(f, venue_insert(f->tx, &venue), CONSTRAINT_VENUE_SLUG);
	venue.slug = RC_STR("once");
	assert_int_equal(venue_insert(f->tx, &venue), RC_OK);
}

static int count_row(void *arg, const struct hours *row)
{
	int *count = arg;

	return ++*count == 2 ? RC_LIMIT : 0;
}

static void test_conditions_are_joined_by_and(void **state)
{
	struct fixture *f = *state;
	int64_t a = make_venue(f, "a"), b = make_venue(f, "b"), both[] = {a, b};
	struct hours_query *query = hours_query(f->tx, &f->arena);
	struct hours_list list;
	int64_t counted;
	int seen = 0;

	for (int32_t day = 100; day < 110; day++)
		make_hours(f, day % 2 ? a : b, day, day % 3 == 0);
	hours_where_venue_id_in(query, both, 2);
	hours_where_valid_from_between(query, 101, 108);
	hours_where_valid_to_is_null(query, false);
	hours_order_by_valid_from_desc(query);
	assert_int_equal(hours_count(query, &counted), RC_OK);
	assert_int_equal(counted, 5); /* 101 103 104 106 107, for 102, 105, 108 end openly */
	hours_limit(query, 3);
	assert_int_equal(hours_all(query, &list), RC_OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.at[0]->valid_from, 107);
	assert_int_equal(list.at[2]->valid_from, 104);
	assert_int_equal(hours_each(query, count_row, &seen), RC_LIMIT);
	assert_int_equal(seen, 2);
	query = hours_query(f->tx, &f->arena);
	hours_where_venue_id_in(query, NULL, 0);
	assert_int_equal(hours_all(query, &list), RC_OK);
	assert_int_equal(list.count, 0);
}

static void test_an_old_version_does_not_overwrite_a_newer_one(void **state)
{
	struct fixture *f = *state;
	int64_t venue = make_venue(f, "v");
	struct resource resource = {
		.venue_id = venue, .key = RC_STR("r"), .name = RC_STR("R"), .kind = RC_STR("exclusive"), .capacity = 1};
	struct service service = {.venue_id = venue,
				  .key = RC_STR("s"),
				  .name = RC_STR("S"),
				  .durations_min = RC_STR("[30]"),
				  .prices_minor = RC_STR("[]"),
				  .note = RC_STR(""),
				  .step_min = 30,
				  .horizon_days = 90,
				  .hold_ttl_s = 300,
				  .party_max = 1};
	struct booking booking = {.nulls = BOOKING_NULL_CUSTOMER_ID | BOOKING_NULL_HOLD_EXPIRES_AT,
				  .ref = RC_STR("ref"),
				  .state = RC_STR("confirmed"),
				  .starts_at = 1,
				  .ends_at = 2,
				  .tz = RC_STR("UTC"),
				  .wall_start = RC_STR(""),
				  .party = 1};
	struct booking *mine, *theirs;

	assert_int_equal(resource_insert(f->tx, &resource), RC_OK);
	assert_int_equal(service_insert(f->tx, &service), RC_OK);
	booking.resource_id = resource.id;
	booking.service_id = service.id;
	assert_int_equal(booking_insert(f->tx, &booking), RC_OK);
	assert_int_equal(booking.version, 1);
	assert_int_equal(booking_by_ref(f->tx, &f->arena, RC_STR("ref"), &mine), RC_OK);
	assert_int_equal(booking_by_ref(f->tx, &f->arena, RC_STR("ref"), &theirs), RC_OK);
	theirs->party = 2;
	assert_int_equal(booking_update(f->tx, theirs), RC_OK);
	assert_int_equal(theirs->version, 2);
	assert_int_equal(booking_update(f->tx, mine), RC_STALE);
	assert_int_equal(booking_get(f->tx, &f->arena, booking.id, &mine), RC_OK);
	assert_int_equal(mine->party, 2);
}

static void test_a_composite_key_finds_updates_and_deletes_its_row(void **state)
{
	struct fixture *f = *state;
	struct idempotency row = {.scope = RC_STR("ip POST /x"),
				  .key = RC_STR("k"),
				  .fingerprint = RC_STR("f"),
				  .status = 201,
				  .response = RC_STR("{}"),
				  .expires_at = 7};
	struct idempotency *found;
	int64_t changed;

	assert_int_equal(idempotency_insert(f->tx, &row), RC_OK);
	REFUSED(f, idempotency_insert(f->tx, &row), CONSTRAINT_IDEMPOTENCY_PKEY);
	row.status = 409;
	assert_int_equal(idempotency_upsert(f->tx, &row), RC_OK);
	assert_int_equal(idempotency_get(f->tx, &f->arena, row.scope, row.key, &found), RC_OK);
	assert_int_equal(found->status, 409);
	assert_int_equal(idempotency_prune(f->tx, 6, 10, &changed), RC_OK);
	assert_int_equal(changed, 0);
	assert_int_equal(idempotency_prune(f->tx, 7, 10, &changed), RC_OK);
	assert_int_equal(changed, 1);
	assert_int_equal(idempotency_delete(f->tx, row.scope, row.key), RC_NOT_FOUND);
}

struct place {
	int64_t room, courts, yoga, service, booking, session;
};

static struct place make_place(struct fixture *f)
{
	struct resource resources[] = {
		{.key = RC_STR("room"), .name = RC_STR("R"), .kind = RC_STR("exclusive"), .capacity = 1},
		{.key = RC_STR("court"), .name = RC_STR("C"), .kind = RC_STR("pooled"), .capacity = 3000},
		{.key = RC_STR("yoga"), .name = RC_STR("Y"), .kind = RC_STR("session"), .capacity = 5},
	};
	struct service service = {.key = RC_STR("s"),
				  .name = RC_STR("S"),
				  .durations_min = RC_STR("[30]"),
				  .prices_minor = RC_STR("[]"),
				  .note = RC_STR(""),
				  .step_min = 30,
				  .horizon_days = 90,
				  .hold_ttl_s = 300,
				  .party_max = 1};
	struct booking booking = {.nulls = BOOKING_NULL_CUSTOMER_ID,
				  .ref = RC_STR("ref"),
				  .state = RC_STR("held"),
				  .starts_at = 1000,
				  .ends_at = 2000,
				  .tz = RC_STR("UTC"),
				  .wall_start = RC_STR(""),
				  .party = 1,
				  .hold_expires_at = 5000};
	struct session session = {.starts_at = 1000, .ends_at = 2000, .capacity = 5};

	service.venue_id = resources[0].venue_id = resources[1].venue_id = resources[2].venue_id = make_venue(f, "v");
	for (int i = 0; i < 3; i++)
		assert_int_equal(resource_insert(f->tx, &resources[i]), RC_OK);
	assert_int_equal(service_insert(f->tx, &service), RC_OK);
	booking.service_id = service.id;
	booking.resource_id = resources[0].id;
	session.resource_id = resources[2].id;
	session.nulls = SESSION_NULL_RULE_ID;
	assert_int_equal(booking_insert(f->tx, &booking), RC_OK);
	assert_int_equal(session_insert(f->tx, &session), RC_OK);
	return (struct place){resources[0].id, resources[1].id, resources[2].id, service.id, booking.id, session.id};
}

static struct claim claim_of(const struct place *place, int64_t resource, int64_t lane, int64_t lo, int64_t hi)
{
	return (struct claim){.nulls = CLAIM_NULL_SESSION_ID,
			      .booking_id = place->booking,
			      .resource_id = resource,
			      .lane = lane,
			      .lo = lo,
			      .hi = hi,
			      .qty = 1};
}

static void test_every_rule_of_claims_comes_back_as_its_number(void **state)
{
	struct fixture *f = *state;
	struct place place = make_place(f);
	struct claim claim = claim_of(&place, place.room, 0, 1000, 2000);
	struct session *session;

	assert_int_equal(claim_insert(f->tx, &claim), RC_OK);
	claim = claim_of(&place, place.room, 0, 1999, 2001);
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_CLAIM_NO_OVERLAP);
	claim = claim_of(&place, place.room, 0, 2000, 2000);
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_CLAIM_SPAN);
	claim = claim_of(&place, place.room, 1, 1999, 2001);
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_CLAIM_LANE);
	claim = claim_of(&place, place.yoga + 100, 0, 1999, 2001);
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_CLAIM_RESOURCE);
	claim = claim_of(&place, place.yoga, 0, 1000, 2000);
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_CLAIM_SESSION);
	claim.nulls = 0;
	claim.session_id = place.session;
	claim.qty = 6;
	REFUSED(f, claim_insert(f->tx, &claim), CONSTRAINT_SESSION_CAPACITY);
	claim.qty = 5;
	assert_int_equal(claim_insert(f->tx, &claim), RC_OK);
	assert_int_equal(session_get(f->tx, &f->arena, place.session, &session), RC_OK);
	assert_int_equal(session->taken, 5);
	session->taken = 4;
	REFUSED(f, session_update(f->tx, session), CONSTRAINT_SESSION_TAKEN);
	REFUSED(f, session_delete(f->tx, place.session), CONSTRAINT_SESSION_DELETE);
	REFUSED(f, resource_delete(f->tx, place.yoga), CONSTRAINT_RESOURCE_DELETE);
}

/* More lanes than MariaDB's recursion goes by itself; the answers of every named query. */
static void test_named_queries_answer_the_same(void **state)
{
	struct fixture *f = *state;
	struct place place = make_place(f);
	struct lanes_free_row_list lanes;
	struct lanes_blocked_row_list blocked;
	struct lane_last_row *last;
	struct session_holds_row_list holds;
	struct holds_next_end_row *end;
	struct waitlist_ahead_row *ahead;
	struct booking_list ended;
	struct booking *booking;
	struct session *session;
	int64_t gone;

	for (int64_t lane = 0; lane < 2000; lane += 1000) {
		struct claim claim = claim_of(&place, place.courts, lane, 1000, 2000);

		assert_int_equal(claim_insert(f->tx, &claim), RC_OK);
	}
	assert_int_equal(lane_last(f->tx, &f->arena, place.courts, 1000, 5000, &last), RC_OK);
	assert_int_equal(last->hi, 2000);
	assert_int_equal(lane_last(f->tx, &f->arena, place.courts, 1000, 1000, &last), RC_NOT_FOUND);
	assert_int_equal(lanes_free(f->tx, &f->arena, place.courts, 1500, 1600, 3000, 2999, &lanes), RC_OK);
	assert_int_equal(lanes.count, 2998);
	assert_int_equal(lanes.at[0]->lane, 1);
	assert_int_equal(lanes.at[2997]->lane, 2999);
	assert_int_equal(lanes_free(f->tx, &f->arena, place.courts, 2000, 2100, 3000, 2, &lanes), RC_OK);
	assert_int_equal(lanes.count, 2);
	assert_int_equal(lanes_blocked(f->tx, &f->arena, place.courts, 1500, 1600, 3000, &blocked), RC_OK);
	assert_int_equal(blocked.count, 2);
	assert_int_equal(blocked.at[1]->lane, 1000);
	assert_true(rc_str_is(blocked.at[0]->state, "held"));
	assert_int_equal(blocked.at[0]->hold_expires_at, 5000);
	assert_int_equal(session_holds(f->tx, &f->arena, place.room, 1000, 4999, &holds), RC_OK);
	assert_int_equal(holds.count, 1);
	assert_int_equal(session_holds(f->tx, &f->arena, place.room, 1000, 5000, &holds), RC_OK);
	assert_int_equal(holds.count, 0);
	assert_int_equal(holds_ended(f->tx, &f->arena, place.room, 5000, &ended), RC_OK);
	assert_int_equal(ended.count, 1);
	assert_int_equal(holds_ended_any(f->tx, &f->arena, 4999, 9, &ended), RC_OK);
	assert_int_equal(ended.count, 0);
	assert_int_equal(holds_next_end(f->tx, &f->arena, &end), RC_OK);
	assert_int_equal(end->hold_expires_at, 5000);
	assert_int_equal(booking_by_ref(f->tx, &f->arena, RC_STR("ref "), &booking), RC_NOT_FOUND);
	assert_int_equal(booking_by_ref(f->tx, &f->arena, RC_STR("REF"), &booking), RC_NOT_FOUND);
	assert_int_equal(session_at(f->tx, &f->arena, place.yoga, 1000, &session), RC_OK);
	assert_int_equal(waitlist_ahead(f->tx, &f->arena, place.service, 7, &ahead), RC_OK);
	assert_int_equal(ahead->ahead, 0);
	assert_int_equal(claims_delete(f->tx, place.booking, &gone), RC_OK);
	assert_int_equal(gone, 2);
}

/* The extension that the exclusion needs, by one who may not make it: the fault says what a superuser runs. */
static void test_a_missing_right_says_who_has_to_do_what(void **state)
{
	struct fixture *f = *state;
	struct rc_db_options options = {.access = RC_WRITE};
	struct rc_fault fault = {0};
	struct rc_db *db;
	char url[256], out[512];
	uint32_t applied;

	engine_fresh(f->engine, f->url);
	assert_int_equal(engine_sql(f->engine, f->url,
				    "CREATE ROLE plain LOGIN; GRANT USAGE, CREATE ON SCHEMA public TO plain", out,
				    sizeof(out)),
			 0);
	snprintf(url, sizeof(url), "postgres://plain@%s", strrchr(f->url, '@') + 1);
	assert_int_equal(rc_db_open(&db, url, &slotcast_schema, &options, &fault), RC_OK);
	assert_true(rc_migrate_up(db, &applied, &fault) < 0);
	if (!strstr(fault.message, "as a superuser run there: CREATE EXTENSION btree_gist"))
		fail_msg("%s", fault.message);
	assert_int_equal(engine_sql(f->engine, f->url, "CREATE EXTENSION btree_gist", out, sizeof(out)), 0);
	if (rc_migrate_up(db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(applied, slotcast_schema.migration_count);
	rc_db_close(db);
}

/* A schema of its own, beside one where other tables have the same names. */
static void test_everything_is_made_in_the_first_schema_of_the_path(void **state)
{
	struct fixture *f = *state;
	struct rc_db_options options = {.access = RC_WRITE};
	struct rc_fault fault = {0};
	struct rc_db *db;
	char url[400], out[512];
	uint32_t applied;

	assert_int_equal(rc_tx_commit(f->tx), RC_OK);
	assert_int_equal(engine_sql(f->engine, f->url, "CREATE SCHEMA \"My own\"", out, sizeof(out)), 0);
	snprintf(url, sizeof(url), "%s?options=-c%%20search_path%%3D%%22My%%5C%%20own%%22", f->url);
	assert_int_equal(rc_db_open(&db, url, &slotcast_schema, &options, &fault), RC_OK);
	if (rc_migrate_up(db, &applied, &fault) != RC_OK || rc_migrate_verify(db, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(applied, slotcast_schema.migration_count);
	rc_db_close(db);
}

/* Every statement of the hot path finds its rows through an index; only lanes count up in memory. */
static void test_no_named_query_scans_a_table(void **state)
{
	FILE *file = fopen(SOURCE_ROOT "/slotcast/model/model.c", "r");
	sqlite3 *db;
	char line[8192];
	int statements = 0;

	assert_non_null(file);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, slotcast_schema.migrations[0].up[RC_SQLITE], NULL, NULL, NULL), SQLITE_OK);
	while (fgets(line, sizeof(line), file)) {
		char explain[8300], *sql = strstr(line, "\t.sql[RC_SQLITE] = \"");
		sqlite3_stmt *stmt;

		if (!sql)
			continue;
		statements++;
		sql += strlen("\t.sql[RC_SQLITE] = \"");
		*strrchr(sql, '"') = '\0';
		snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
		assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(stmt, 3);

			if (strncmp(plan, "SCAN", 4) == 0 && strcmp(plan, "SCAN every") != 0 &&
			    strcmp(plan, "SCAN CONSTANT ROW") != 0 && !strstr(plan, "INDEX booking_hold_expiry") &&
			    !strstr(plan, "INDEX idempotency_expiry"))
				fail_msg("%s\n  %s", plan, sql);
		}
		sqlite3_finalize(stmt);
	}
	assert_int_equal(statements, slotcast_schema.statement_count);
	sqlite3_close(db);
	fclose(file);
}

#define TEST(engines, name)                                                                                            \
	{                                                                                                              \
		engines, cmocka_unit_test_setup_teardown(name, setup, teardown)                                        \
	}

int main(void)
{
	static const struct engine_test tests[] = {
		TEST(ON_ALL, test_a_row_comes_back_as_it_was_written),
		TEST(ON_ALL, test_a_violated_rule_comes_back_as_its_number),
		TEST(ON_ALL, test_conditions_are_joined_by_and),
		TEST(ON_ALL, test_an_old_version_does_not_overwrite_a_newer_one),
		TEST(ON_ALL, test_a_composite_key_finds_updates_and_deletes_its_row),
		TEST(ON_ALL, test_every_rule_of_claims_comes_back_as_its_number),
		TEST(ON_ALL, test_named_queries_answer_the_same),
		TEST(ON(RC_POSTGRES), test_a_missing_right_says_who_has_to_do_what),
		TEST(ON(RC_POSTGRES), test_everything_is_made_in_the_first_schema_of_the_path),
		{ON(RC_SQLITE), cmocka_unit_test(test_no_named_query_scans_a_table)},
	};

	return RUN_ON_ENGINES(tests);
}
