#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

void rig_ok(struct rig *rig, int rc)
{
	if (rc != RC_OK)
		fail_msg("%s: %s", rc_err_name(rc), rc_db_fault(rig->db)->message);
}

void rig_fails(struct rig *rig, int rc, int err, const char *says)
{
	if (rc != err)
		fail_msg("%s instead of %s: %s", rc_err_name(rc), rc_err_name(err), rc_db_fault(rig->db)->message);
	if (!strstr(rc_db_fault(rig->db)->message, says))
		fail_msg("\"%s\" does not say \"%s\"", rc_db_fault(rig->db)->message, says);
}

struct rc_db *rig_open(struct rig *rig)
{
	struct rc_db_options options = {.access = RC_WRITE, .create = true, .busy_timeout_us = 5000000};
	struct rc_fault fault;
	struct rc_db *db;

	if (rc_db_open(&db, rig->url, &shop_schema, &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	return db;
}

static int64_t account(struct rig *rig, const char *name)
{
	struct account row = {.name = rc_str_from(name)};

	rig_ok(rig, account_insert(rig->tx, &row));
	return row.id;
}

static int64_t person(struct rig *rig, int64_t account, const char *name)
{
	struct person row = {.nulls = PERSON_NULL_BOSS_ID, .name = rc_str_from(name)};

	rig_ok(rig, person_insert(rig->tx, account, &row));
	assert_int_equal(row.account_id, account);
	return row.id;
}

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct rc_fault fault;
	uint32_t applied;

	rig->engine = *state;
	engine_fresh(rig->engine, rig->url);
	rig->db = rig_open(rig);
	if (rc_migrate_up(rig->db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	rc_arena_init(&rig->arena, 4096);
	rig_ok(rig, rc_tx_begin(rig->db, RC_WRITE, &rig->tx));
	rig->ann = account(rig, "Ann's");
	rig->bob = account(rig, "Bob's");
	rig->ann_ada = person(rig, rig->ann, "Ada");
	rig->ann_eve = person(rig, rig->ann, "Eve");
	rig->bob_bea = person(rig, rig->bob, "Bea");
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	rc_db_close(rig->db);
	rc_arena_release(&rig->arena);
	free(rig);
	return 0;
}

void rig_commit(struct rig *rig)
{
	rig_ok(rig, rc_tx_commit(rig->tx));
	rig_ok(rig, rc_tx_begin(rig->db, RC_WRITE, &rig->tx));
}

struct project rig_project(struct rig *rig, int64_t account, int64_t owner, const char *title)
{
	struct project row = {
		.nulls = PROJECT_NULL_REVIEWER_ID | PROJECT_NULL_RANK | PROJECT_NULL_DUE | PROJECT_NULL_DAY,
		.owner_id = owner,
		.title = rc_str_from(title),
	};

	rig_ok(rig, project_insert(rig->tx, account, &row));
	return row;
}

int64_t rig_count(struct rig *rig, const char *table)
{
	char sql[96];
	int64_t count;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	rig_ok(rig, rc_sql_int(rig->tx, sql, NULL, 0, &count));
	return count;
}
