/*
 * A store on a real database of any engine with three services, and requests that wait for their outcome. A program of
 * these tests is given the engine as its argument: sqlite (without one), postgres, mariadb.
 *
 *   service 1: rooms 1 and 2 (exclusive), 30 or 60 min, every 15 min, 10 min buffer after, party up to 4, holds 300 s
 *   service 2: courts 3 (pooled, 3 lanes), 60 min, party up to 4
 *   service 3: yoga 4 (session, 5 places), daily 18:00 to 19:00, party up to 5
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include <semaphore.h>

#include "slotcast/store/train.h"
#include "tests/servers/engine.h"
#include "tests/unit/suite.h"

struct rig {
	enum rc_dialect dialect;
	char url[256];
	struct catalog *catalog;
	struct store *store;
	struct rc_db *reader;
	struct rc_tx *lock;
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
#define RIG_SQLITE_ONLY(rig)                                                                                           \
	do {                                                                                                           \
		if ((rig)->dialect != RC_SQLITE) {                                                                     \
			print_message("# a test of SQLite alone\n");                                                   \
			return;                                                                                        \
		}                                                                                                      \
	} while (0)
/* Runs the tests on the engine that the program was given. */
int rig_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);
#define RIG_MAIN(tests) rig_main(argc, argv, (tests), sizeof(tests) / sizeof((tests)[0]))
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

/* What somebody does with the engine's own command-line program; a number: the first value that it prints. */
int64_t rig_number(struct rig *rig, const char *sql, ...) RC_PRINTF(2, 3);
void rig_sql(struct rig *rig, const char *sql, ...) RC_PRINTF(2, 3);
/* An instant as SQL of the engine; good until the fourth call after it. */
const char *rig_time(const struct rig *rig, int64_t us);
/* Another program's transaction keeps everything from being booked in room 1 (SQLite: from being written), until it ends. */
void rig_lock(struct rig *rig);
void rig_unlock(struct rig *rig);
/* From now on the database refuses rows of `table` where `condition` holds, by a rule that no decision knows. */
void rig_refuse(struct rig *rig, const char *table, const char *condition);
void rig_allow(struct rig *rig, const char *table);
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
