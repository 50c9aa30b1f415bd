/*
 * The shop of shop/schema.sql on an engine: a fresh database, migrated, one transaction open.
 */
#ifndef TESTS_ORM_RIG_H
#define TESTS_ORM_RIG_H

#include "model.h"
#include "on_engines.h"
#include "rowcast/uuid.h"

struct rig {
	struct engine *engine;
	struct rc_db *db;
	struct rc_tx *tx;
	struct rc_arena arena;
	char url[256];
	int64_t ann, bob; /* accounts */
	int64_t ann_ada, ann_eve, bob_bea;
};

/* *state: in, the engine; out, the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

struct rc_db *rig_open(struct rig *rig);
/* 0, or the test fails with the connection's fault. */
void rig_ok(struct rig *rig, int rc);
/* `err`, and the fault's words hold `says`. */
void rig_fails(struct rig *rig, int rc, int err, const char *says);
/* Commit, and begin anew. */
void rig_commit(struct rig *rig);
/* A project of an account; version and id as inserted. */
struct project rig_project(struct rig *rig, int64_t account, int64_t owner, const char *title);
/* Rows of the table, marked ones and other tenants' too. */
int64_t rig_count(struct rig *rig, const char *table);

#define RIG_CASE(name)                                                                                                 \
	{                                                                                                              \
		0, cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)                                      \
	}

/* The lists of the files beside this one, which are one program: servers are started once. */
extern const struct engine_test scopes_tests[], relations_tests[], page_tests[];
extern const size_t scopes_tests_count, relations_tests_count, page_tests_count;

#endif
