/*
 * A store on a real database file with three services, and requests that wait for their outcome.
 *
 *   service 1: rooms 1 and 2 (exclusive), 30 or 60 min, every 15 min, 10 min buffer after, party up to 4, holds 300 s
 *   service 2: courts 3 (pooled, 3 lanes), 60 min, party up to 4
 *   service 3: yoga 4 (session, 5 places), daily 18:00 to 19:00, party up to 5
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include <semaphore.h>
#include <sqlite3.h>

#include "slotcast/store/train.h"
#include "tests/unit/suite.h"

struct rig {
	char dir[40], path[60], url[70];
	sqlite3 *outsider; /* another connection, knows none of our code */
	struct catalog *catalog;
	struct store *store;
	struct rc_db *reader;
	struct rc_arena arena;
	sem_t committed;
	int64_t day_us; /* tomorrow 00:00 UTC */
};

struct call {
	struct store_request request; /* first */
	struct rc_arena arena;
	sem_t settled;
	int status;   /* what render answers; -1: 0 for refusals of the place, 200 else */
	int rendered; /* how often it was asked */
};

struct rig *rig_start(const struct store_options *options);
struct rig *rig_create(void); /* the database only */
void rig_stop(struct rig *rig);
void rig_store_start(struct rig *rig, const struct store_options *options);
/* For cmocka: default options, state = the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* A request that says only what it is; everything else is set by the test. Freed by call_free. */
struct call *call_new(enum store_action action);
void call_free(struct call *call);
void call_submit(struct rig *rig, struct call *call);
enum store_result call_wait(struct call *call);
enum store_result call_run(struct rig *rig, struct call *call);

struct call *hold_call(struct rig *rig, int64_t service, int64_t resource, int hour, int minute, int party);
struct call *book_call(struct rig *rig, int64_t service, int64_t resource, int hour, int minute, int party);
/* An action on a reference that another call made. */
struct call *ref_call(enum store_action action, const struct call *made);
void call_key(struct call *call, const char *key, const char *fingerprint);
/* Run, expect, and free unless it must be looked at. */
void expect(struct rig *rig, struct call *call, enum store_result result);
struct call *expect_kept(struct rig *rig, struct call *call, enum store_result result);

int64_t rig_number(struct rig *rig, const char *sql, ...) RC_PRINTF(2, 3);
void rig_sql(struct rig *rig, const char *sql, ...) RC_PRINTF(2, 3);
/* Runs `sql` on the writer's own connection, on its thread; its first value. */
int64_t rig_on_writer(struct rig *rig, const char *sql);
/* While the gate is closed the writer stands still: what is submitted meanwhile leaves as one train. */
struct gate {
	struct message message;
	sem_t reached, open;
};

void gate_close(struct rig *rig, struct gate *gate);
void gate_open(struct gate *gate);
/* No two claims of a lane overlap, no session is overbooked, consuming bookings have claims and others have none. */
void rig_check_truth(struct rig *rig);

#endif
