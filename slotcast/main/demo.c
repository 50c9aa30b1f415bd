/*
 * The demo. Which slots are taken comes from a fixed seed and the slots themselves: fuller in the evening and in the
 * days to come than in three weeks. Nothing is written behind the store's back, so the demo cannot hold what a visitor
 * could not have booked.
 */
#include "slotcast/main/demo.h"

#include <semaphore.h>
#include <stdlib.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"
#include "slotcast/booking/zone.h"
#include "slotcast/main/import.h"

#define LOCK_WAIT_US 10000000
#define DAYS         28
#define BOOKINGS_MAX 1500
#define CANCEL_EVERY 17
#define HOUR_S       3600

extern const char demo_venue[];
extern const size_t demo_venue_len;

struct demo {
	struct board *board;
	struct store *store;
	struct rc_arena arena;
	uint64_t seed;
	sem_t settled;
	struct store_request *requests[BOOKINGS_MAX];
	size_t count;
};

/* splitmix64 */
static uint64_t next_random(struct demo *demo)
{
	uint64_t z = demo->seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t below(struct demo *demo, int64_t limit)
{
	return (int64_t)(next_random(demo) % (uint64_t)limit);
}

static int has_venue(struct rc_tx *tx, void *arg)
{
	int64_t count;
	int err = rc_sql_int(tx, "SELECT count(*) FROM venue", NULL, 0, &count);

	*(bool *)arg = !err && count > 0;
	return err;
}

int demo_import(const char *url, bool *made, struct rc_fault *fault)
{
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = LOCK_WAIT_US};
	struct buf report = BUF_INIT;
	struct rc_db *db = NULL;
	bool there = false;
	int err = rc_db_open(&db, url, &slotcast_schema, &options, fault);

	*made = false;
	if (!err) {
		err = rc_run(db, &(struct rc_run_options){.access = RC_READ, .deadline_us = LOCK_WAIT_US}, has_venue,
			     &there);
		if (err)
			*fault = *rc_db_fault(db);
	}
	if (!err && !there) {
		err = import_text(db, (struct rc_str){demo_venue, demo_venue_len}, &report, fault);
		*made = !err;
	}
	rc_db_close(db);
	buf_release(&report);
	return err;
}

static void settled(struct store_request *request)
{
	struct demo *demo = *(struct demo **)(request + 1);

	rc_check(sem_post(&demo->settled) == 0);
}

/* A request of the demo; the pointer back to it stands behind the request. */
static struct store_request *new_request(struct demo *demo, enum store_action action)
{
	struct store_request *request = rc_arena_zalloc(&demo->arena, sizeof(*request) + sizeof(demo));

	request->arena = &demo->arena;
	request->action = action;
	request->settled = settled;
	memcpy(request + 1, &demo, sizeof(demo));
	return request;
}

static void name_customer(struct demo *demo, struct store_request *request)
{
	static const char *const first[] = {"Ana",  "Bruno", "Carla", "Diogo", "Eva",   "Filipe", "Graça",  "Hugo",
					    "Inês", "João",  "Katja", "Luís",  "Maria", "Nuno",   "Olga",   "Pedro",
					    "Rita", "Sofia", "Tomás", "Vera",  "Yara",  "Zoe",    "Mateus", "Leonor"};
	static const char *const last[] = {"Almeida", "Barros",    "Costa",  "Duarte",  "Esteves", "Ferreira",
					   "Gomes",   "Henriques", "Lopes",  "Martins", "Neves",   "Oliveira",
					   "Pereira", "Ramos",     "Santos", "Teixeira"};
	const char *given = first[below(demo, sizeof(first) / sizeof(first[0]))];
	const char *family = last[below(demo, sizeof(last) / sizeof(last[0]))];

	request->customer_name = rc_str_from(rc_arena_printf(&demo->arena, "%s %s", given, family));
	request->customer_email = rc_str_from(
		rc_arena_printf(&demo->arena, "guest%lld@example.com", (long long)below(demo, 9000) + 1000));
	request->customer_phone = rc_str_from(rc_arena_printf(
		&demo->arena, "+351 91 %03lld %04lld", (long long)below(demo, 1000), (long long)below(demo, 10000)));
}

/* In percent: how likely somebody has booked this slot. */
static int64_t popularity(const struct slot *slot, int64_t now_us)
{
	int64_t days = (slot->start_us - now_us) / INT64_C(86400000000);
	int32_t date, second;
	int64_t percent = days < 3 ? 34 : days < 7 ? 24 : days < 14 ? 14 : 6;

	zone_to_wall(slot->service->venue->zone, slot->start_us, &date, &second);
	if (second >= 17 * HOUR_S && second < 20 * HOUR_S)
		percent += 18;
	if (second >= 12 * HOUR_S && second < 14 * HOUR_S)
		percent += 8;
	/* Where there is one place, a booking takes the starts around it too. */
	if (slot->resource->kind == KIND_EXCLUSIVE)
		percent = percent * slot->service->step_min * INT64_C(60000000) / (slot->end_us - slot->start_us);
	return percent;
}

static void plan_slot(struct demo *demo, const struct slot *slot, int64_t now_us)
{
	int64_t tries = slot->capacity > 1 ? 1 + slot->capacity / 3 : 1;

	for (int64_t i = 0; i < tries && demo->count < BOOKINGS_MAX; i++) {
		struct store_request *request;
		int64_t party_max = slot->service->party_max < 4 ? slot->service->party_max : 4;

		if (below(demo, 100) >= popularity(slot, now_us))
			continue;
		request = new_request(demo, STORE_BOOK);
		request->service_id = slot->service->id;
		request->resource_id = slot->resource->id;
		request->start_us = slot->start_us;
		request->party = (int32_t)(1 + below(demo, party_max));
		name_customer(demo, request);
		demo->requests[demo->count++] = request;
	}
}

static int plan_service(struct demo *demo, const struct catalog_service *service, int64_t now_us,
			struct rc_fault *fault)
{
	struct availability_query query = {.service_id = service->id};
	const char *field;
	struct slot *slots;
	int32_t second;
	size_t count;
	int err;

	zone_to_wall(service->venue->zone, now_us, &query.from, &second);
	query.to = query.from + DAYS - 1;
	err = board_availability(demo->board, &query, now_us, &demo->arena, &slots, &count, &field, fault);
	for (size_t i = 0; !err && i < count; i++)
		plan_slot(demo, &slots[i], now_us);
	return err;
}

/* Give `count` requests to the store and wait until each has its outcome. */
static int settle(struct demo *demo, struct store_request **requests, size_t count)
{
	size_t given = 0;
	int err = 0;

	while (given < count && !err) {
		err = store_submit(demo->store, requests[given]);
		given += !err;
	}
	for (size_t i = 0; i < given; i++)
		while (sem_wait(&demo->settled))
			;
	return err;
}

int demo_book(struct board *board, struct store *store, struct rc_fault *fault)
{
	struct demo *demo = rc_xcalloc(1, sizeof(*demo));
	const struct catalog *catalog = board_catalog(board);
	int64_t now_us = clock_wall_us();
	size_t booked = 0;
	int err = 0;

	demo->board = board;
	demo->store = store;
	demo->seed = 20261120;
	rc_arena_init(&demo->arena, 1 << 20);
	rc_check(sem_init(&demo->settled, 0, 0) == 0);
	for (size_t i = 0; !err && i < catalog->service_count; i++)
		err = plan_service(demo, &catalog->services[i], now_us, fault);
	if (!err)
		err = settle(demo, demo->requests, demo->count);
	for (size_t i = 0; !err && i < demo->count; i++) {
		struct store_request *cancel, *made = demo->requests[i];

		if (made->result != STORE_DONE || booked++ % CANCEL_EVERY)
			continue;
		cancel = new_request(demo, STORE_CANCEL);
		cancel->ref = made->booking.ref;
		err = settle(demo, &cancel, 1);
	}
	if (err && !*fault->message)
		rc_fault_set(fault, err, "the demo's bookings cannot be made: %s", rc_err_name(err));
	log_event(LOG_INFO, "demo", "made a venue with bookings to look at", LOG_I("bookings", booked));
	sem_destroy(&demo->settled);
	rc_arena_release(&demo->arena);
	free(demo);
	return err;
}
