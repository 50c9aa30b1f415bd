/* The generated functions on a real database file. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slotcast/model/model.h"
#include "tests/unit/suite.h"

struct fixture {
	char dir[32], url[64];
	struct rc_db *db;
	struct rc_tx *tx;
	struct rc_arena arena;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rc_db_options options = {.access = RC_WRITE, .create = true};
	struct rc_fault fault;
	uint32_t applied;

	strcpy(f->dir, "/tmp/slotcast-model-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->url, sizeof(f->url), "sqlite:%s/m.db", f->dir);
	if (rc_db_open(&f->db, f->url, &slotcast_schema, &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	if (rc_migrate_up(f->db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(rc_migrate_verify(f->db, &fault), RC_OK);
	assert_int_equal(rc_tx_begin(f->db, RC_WRITE, &f->tx), RC_OK);
	rc_arena_init(&f->arena, 4096);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	rc_tx_rollback(f->tx);
	rc_db_close(f->db);
	rc_arena_release(&f->arena);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

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
	assert_int_equal(venue_insert(f->tx, &venue), RC_CONSTRAINT);
	assert_int_equal(rc_db_fault(f->db)->constraint, CONSTRAINT_VENUE_LIMITED_RANGE);
	venue.limited_percent = 100;
	assert_int_equal(venue_insert(f->tx, &venue), RC_CONSTRAINT);
	assert_int_equal(rc_db_fault(f->db)->constraint, CONSTRAINT_VENUE_SLUG);
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
	assert_int_equal(idempotency_insert(f->tx, &row), RC_CONSTRAINT);
	assert_int_equal(rc_db_fault(f->db)->constraint, CONSTRAINT_IDEMPOTENCY_PKEY);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_row_comes_back_as_it_was_written),
		TEST(test_a_violated_rule_comes_back_as_its_number),
		TEST(test_conditions_are_joined_by_and),
		TEST(test_an_old_version_does_not_overwrite_a_newer_one),
		TEST(test_a_composite_key_finds_updates_and_deletes_its_row),
		cmocka_unit_test(test_no_named_query_scans_a_table),
	};

	return RUN_TESTS(tests);
}
