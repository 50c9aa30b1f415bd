#include "tests/unit/store/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "rowcast/io/clock.h"

#define DAY_US (INT64_C(86400) * 1000000)

static struct engine engine;

/* {key}: a column whose name is a word of SQL on MariaDB. */
static const char seed[] =
	"INSERT INTO venue (id, slug, name, tz) VALUES (1, 'v', 'Venue', 'UTC');"
	"INSERT INTO resource (id, venue_id, {key}, name, kind, capacity) VALUES (1, 1, 'room-1', 'Room 1', "
	"'exclusive', "
	"1),"
	"  (2, 1, 'room-2', 'Room 2', 'exclusive', 1), (3, 1, 'court', 'Courts', 'pooled', 3), (4, 1, 'yoga', 'Yoga', "
	"'session', 5);"
	"INSERT INTO service (id, venue_id, {key}, name, durations_min, step_min, buffer_after_min, party_max) VALUES"
	"  (1, 1, 'rooms', 'Rooms', '[30,60]', 15, 10, 4), (2, 1, 'courts', 'Courts', '[60]', 15, 0, 4), (3, 1, "
	"'yoga', 'Yoga', '[60]', 15, 0, 5);"
	"INSERT INTO service_resource VALUES (1, 1), (1, 2), (2, 3), (3, 4);"
	"INSERT INTO hours (venue_id, rrule, wall_start_min, wall_end_min, valid_from) VALUES (1, 'FREQ=DAILY', 480, "
	"1200, '2026-01-01');"
	"INSERT INTO session_rule (id, resource_id, rrule, wall_start_min, wall_end_min, valid_from)"
	"  VALUES (1, 4, 'FREQ=DAILY', 1080, 1140, '2026-01-01');";

static void plant(struct rig *rig)
{
	struct buf sql = BUF_INIT;
	const char *rest = seed, *key;

	while ((key = strstr(rest, "{key}"))) {
		buf_append(&sql, rest, (size_t)(key - rest));
		buf_append_str(&sql, rig->dialect == RC_MARIADB ? RC_STR("`key`") : RC_STR("key"));
		rest = key + strlen("{key}");
	}
	buf_append_str(&sql, rc_str_from(rest));
	rig_sql(rig, "%s", buf_cstr(&sql));
	buf_release(&sql);
}

/* clang-format off */
#define READ_ALL(name) do { \
	struct name##_list list; \
	assert_int_equal(name##_all(name##_query(tx, &arena), &list), RC_OK); \
	rows.name##s = (const struct name **)(void *)list.at; \
	rows.name##_count = list.count; \
} while (0)
/* clang-format on */

static struct catalog *catalog_read(struct rc_db *db)
{
	struct catalog_rows rows = {0};
	struct rc_arena arena;
	struct catalog *catalog;
	struct hours_list hours;
	struct rc_tx *tx;

	rc_arena_init(&arena, 4096);
	assert_int_equal(rc_tx_begin(db, RC_READ, &tx), RC_OK);
	READ_ALL(venue);
	READ_ALL(resource);
	READ_ALL(service);
	READ_ALL(service_resource);
	READ_ALL(exception);
	READ_ALL(session_rule);
	assert_int_equal(hours_all(hours_query(tx, &arena), &hours), RC_OK);
	rows.hours = (const struct hours **)(void *)hours.at;
	rows.hours_count = hours.count;
	catalog = catalog_build(&rows, 1);
	rc_tx_rollback(tx);
	rc_arena_release(&arena);
	return catalog;
}

static void on_commit(void *arg)
{
	sem_post(arg);
}

void rig_store_start(struct rig *rig, const struct store_options *options)
{
	struct store_options defaults = {.epoch = 7, .busy_timeout_us = 5000000};
	struct rc_fault fault;

	if (store_start(&rig->store, rig->url, options ? options : &defaults, rig->catalog, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	store_on_news(rig->store, on_commit, &rig->committed);
}

struct rig *rig_create(void)
{
	struct rc_db_options db_options = {.access = RC_WRITE, .create = true, .busy_timeout_us = 5000000};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct rc_fault fault;
	uint32_t applied;

	rig->dialect = engine.dialect;
	engine_fresh(&engine, rig->url);
	sem_init(&rig->committed, 0, 0);
	if (rc_db_open(&rig->reader, rig->url, &slotcast_schema, &db_options, &fault))
		fail_msg("%s", fault.message);
	if (rc_migrate_up(rig->reader, &applied, &fault))
		fail_msg("%s", fault.message);
	plant(rig);
	rig->catalog = catalog_read(rig->reader);
	rig->day_us = (clock_wall_us() / DAY_US + 1) * DAY_US;
	return rig;
}

struct rig *rig_start(const struct store_options *options)
{
	struct rig *rig = rig_create();

	rig_store_start(rig, options);
	return rig;
}

void rig_stop(struct rig *rig)
{
	if (rig->store)
		store_stop(rig->store);
	catalog_drop(rig->catalog);
	rc_db_close(rig->reader);
	sem_destroy(&rig->committed);
	free(rig);
}

int rig_setup(void **state)
{
	*state = rig_start(NULL);
	return 0;
}

int rig_teardown(void **state)
{
	rig_check_truth(*state);
	rig_stop(*state);
	return 0;
}

static bool place_refused(const struct store_request *request)
{
	return request->result == STORE_SLOT_FULL || request->result == STORE_SLOT_HELD;
}

static int call_render(struct store_request *request, struct buf *out)
{
	struct call *call = (struct call *)request;

	call->rendered++;
	buf_printf(out, "{\"result\":%d,\"ref\":\"%.*s\"}", request->result, RC_STR_ARG(request->booking.ref));
	return call->status >= 0 ? call->status : place_refused(request) ? 0 : 200;
}

static void call_settled(struct store_request *request)
{
	sem_post(&((struct call *)request)->settled);
}

struct call *call_new(enum store_action action)
{
	struct call *call = calloc(1, sizeof(*call));

	rc_arena_init(&call->arena, 1024);
	sem_init(&call->settled, 0, 0);
	call->status = -1;
	call->request.arena = &call->arena;
	call->request.action = action;
	call->request.render = call_render;
	call->request.settled = call_settled;
	call->request.customer_name = RC_STR("Ann");
	call->request.customer_email = RC_STR("ann@example.org");
	return call;
}

void call_free(struct call *call)
{
	rc_arena_release(&call->arena);
	sem_destroy(&call->settled);
	free(call);
}

void call_submit(struct rig *rig, struct call *call)
{
	assert_int_equal(store_submit(rig->store, &call->request), RC_OK);
}

enum store_result call_wait(struct call *call)
{
	while (sem_wait(&call->settled) != 0)
		continue;
	return call->request.result;
}

enum store_result call_run(struct rig *rig, struct call *call)
{
	call_submit(rig, call);
	return call_wait(call);
}

static struct call *place_call(struct rig *rig, enum store_action action, int64_t service, int64_t resource, int hour,
			       int minute, int party)
{
	struct call *call = call_new(action);

	call->request.service_id = service;
	call->request.resource_id = resource;
	call->request.start_us = rig->day_us + (hour * 60 + minute) * INT64_C(60000000);
	call->request.party = party;
	return call;
}

struct call *hold_call(struct rig *rig, int64_t service, int64_t resource, int hour, int minute, int party)
{
	return place_call(rig, STORE_HOLD, service, resource, hour, minute, party);
}

struct call *book_call(struct rig *rig, int64_t service, int64_t resource, int hour, int minute, int party)
{
	return place_call(rig, STORE_BOOK, service, resource, hour, minute, party);
}

struct call *ref_call(enum store_action action, const struct call *made)
{
	struct call *call = call_new(action);

	call->request.ref = rc_arena_copy(&call->arena, made->request.booking.ref);
	return call;
}

void call_key(struct call *call, const char *key, const char *fingerprint)
{
	call->request.idem_scope = RC_STR("127.0.0.1 POST /v1/holds");
	call->request.idem_key = rc_str_from(key);
	call->request.idem_fingerprint = rc_str_from(fingerprint);
}

struct call *expect_kept(struct rig *rig, struct call *call, enum store_result result)
{
	assert_int_equal(call_run(rig, call), result);
	return call;
}

void expect(struct rig *rig, struct call *call, enum store_result result)
{
	call_free(expect_kept(rig, call, result));
}

static RC_PRINTF(2, 0) void ask(struct rig *rig, const char *format, va_list args, char *out, size_t size)
{
	static const char patience[] = ".timeout 5000\n";
	char text[4096];
	size_t begin = rig->dialect == RC_SQLITE ? sizeof(patience) - 1 : 0;

	memcpy(text, patience, begin);
	vsnprintf(text + begin, sizeof(text) - begin, format, args);
	if (engine_sql(&engine, rig->url, text, out, size))
		fail_msg("%s: %s", text, out);
}

void rig_sql(struct rig *rig, const char *sql, ...)
{
	char out[512];
	va_list args;

	va_start(args, sql);
	ask(rig, sql, args, out, sizeof(out));
	va_end(args);
}

int64_t rig_number(struct rig *rig, const char *sql, ...)
{
	char out[512];
	va_list args;

	va_start(args, sql);
	ask(rig, sql, args, out, sizeof(out));
	va_end(args);
	return strtoll(out, NULL, 10);
}

const char *rig_time(const struct rig *rig, int64_t us)
{
	static char texts[4][80];
	static int next;
	char *text = texts[next++ % 4];

	if (rig->dialect == RC_POSTGRES)
		snprintf(text, sizeof(texts[0]), "(timestamptz 'epoch' + interval '%lld microseconds')", (long long)us);
	else if (rig->dialect == RC_MARIADB)
		snprintf(text, sizeof(texts[0]), "TIMESTAMPADD(MICROSECOND, %lld, '1970-01-01 00:00:00')",
			 (long long)us);
	else
		snprintf(text, sizeof(texts[0]), "%lld", (long long)us);
	return text;
}

void rig_lock(struct rig *rig)
{
	struct rc_arena arena;
	struct rc_query *query;
	void *row;

	rc_arena_init(&arena, 1024);
	assert_int_equal(rc_tx_begin(rig->reader, RC_WRITE, &rig->lock), RC_OK);
	query = rc_query_new(rig->lock, &arena, &resource_model);
	rc_query_where(query, RESOURCE_COL_ID, RC_EQ, RC_INT_VALUE(1));
	rc_query_lock(query, RC_FOR_UPDATE, RC_WAIT);
	assert_int_equal(rc_query_one(query, &row), RC_OK);
	rc_arena_release(&arena);
}

void rig_unlock(struct rig *rig)
{
	rc_tx_rollback(rig->lock);
}

void rig_refuse(struct rig *rig, const char *table, const char *condition)
{
	if (rig->dialect == RC_SQLITE)
		for (int i = 0; i < 2; i++)
			rig_sql(rig,
				"CREATE TRIGGER no_%s AFTER %s ON %s WHEN EXISTS (SELECT 1 FROM %s WHERE id = NEW.id "
				"AND"
				" %s) BEGIN SELECT RAISE(ABORT, 'no: no'); END",
				i ? "update" : "insert", i ? "UPDATE" : "INSERT", table, table, condition);
	else
		rig_sql(rig, "%sALTER TABLE %s ADD CONSTRAINT no_way CHECK (NOT (%s))%s",
			rig->dialect == RC_MARIADB ? "SET check_constraint_checks = 0; " : "", table, condition,
			rig->dialect == RC_POSTGRES ? " NOT VALID" : "");
}

void rig_allow(struct rig *rig, const char *table)
{
	if (rig->dialect == RC_SQLITE)
		rig_sql(rig, "DROP TRIGGER no_insert; DROP TRIGGER no_update");
	else
		rig_sql(rig, "ALTER TABLE %s DROP CONSTRAINT no_way", table);
}

static int start_engine(void **state)
{
	engine_start(&engine, engine.dialect, NULL);
	return 0;
}

static int remove_engine(void **state)
{
	engine_remove(&engine);
	return 0;
}

int rig_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
	static const char *const names[RC_DIALECTS] = {"sqlite", "postgres", "mariadb"};

	for (int i = 0; argc > 1 && i < RC_DIALECTS; i++)
		if (!strcmp(argv[1], names[i]))
			engine.dialect = (enum rc_dialect)i;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("tests", tests, count, start_engine, remove_engine);
}

struct errand {
	struct message message;
	struct store *store;
	const char *sql;
	sem_t done;
	int64_t value;
	int err;
};

static void errand_deliver(struct message *message)
{
	struct errand *errand = (struct errand *)message;

	if (errand->store->db) {
		struct rc_tx *tx;

		errand->err = rc_tx_begin(errand->store->db, RC_READ, &tx);
		if (!errand->err) {
			errand->err = rc_sql_int(tx, errand->sql, NULL, 0, &errand->value);
			rc_tx_rollback(tx);
		}
	}
	sem_post(&errand->done);
}

int64_t rig_on_writer(struct rig *rig, const char *sql)
{
	struct errand errand = {.message.deliver = errand_deliver, .store = rig->store, .sql = sql};

	sem_init(&errand.done, 0, 0);
	loop_post(rig->store->loop, &errand.message);
	while (sem_wait(&errand.done) != 0)
		continue;
	assert_int_equal(errand.err, RC_OK);
	sem_destroy(&errand.done);
	return errand.value;
}

static void gate_deliver(struct message *message)
{
	struct gate *gate = (struct gate *)message;

	sem_post(&gate->reached);
	while (sem_wait(&gate->open) != 0)
		continue;
}

void gate_close(struct rig *rig, struct gate *gate)
{
	*gate = (struct gate){.message.deliver = gate_deliver};
	sem_init(&gate->reached, 0, 0);
	sem_init(&gate->open, 0, 0);
	loop_post(rig->store->loop, &gate->message);
	while (sem_wait(&gate->reached) != 0)
		continue;
}

void gate_open(struct gate *gate)
{
	sem_post(&gate->open);
}

void rig_check_truth(struct rig *rig)
{
	assert_int_equal(rig_number(rig,
				    "SELECT count(*) FROM claim a JOIN claim b ON a.id < b.id"
				    " AND a.resource_id = b.resource_id AND a.lane = b.lane AND a.session_id IS NULL"
				    " AND b.session_id IS NULL AND a.lo < b.hi AND b.lo < a.hi"),
			 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM session s WHERE taken > capacity OR taken <>"
					 " (SELECT coalesce(sum(qty), 0) FROM claim WHERE session_id = s.id)"),
			 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking b WHERE (state IN ('held', 'confirmed')) <>"
					 " EXISTS (SELECT 1 FROM claim WHERE booking_id = b.id)"),
			 0);
	assert_int_equal(
		rig_number(
			rig,
			"SELECT count(*) FROM booking b JOIN resource r ON r.id = b.resource_id"
			" WHERE state IN ('held', 'confirmed') AND (SELECT sum(qty) FROM claim WHERE booking_id = b.id)"
			" <> CASE r.kind WHEN 'exclusive' THEN 1 ELSE b.party END"),
		0);
}
