/*
 * The schema by hand: `serve` and `import` bring a database up by themselves; this is for looking, for stepping back,
 * and for doing it beforehand.
 */
#include "slotcast/main/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "slotcast/model/model.h"

#define LOCK_WAIT_US 10000000

static int up(struct rc_db *db, struct rc_fault *fault)
{
	uint32_t applied = 0;
	int err = rc_migrate_up(db, &applied, fault);

	if (!err)
		printf("%" PRIu32 " applied\n", applied);
	return err;
}

static int down(struct rc_db *db, struct rc_fault *fault)
{
	int err = rc_migrate_down(db, fault);

	if (!err)
		puts("1 taken back");
	return err;
}

static void print_line(void *arg, uint32_t version, const char *name, const char *state)
{
	printf("%04" PRIu32 " %s %s\n", version, name, state);
}

static int status(struct rc_db *db, struct rc_fault *fault)
{
	return rc_migrate_status(db, print_line, NULL, fault);
}

static int verify(struct rc_db *db, struct rc_fault *fault)
{
	int err = rc_migrate_verify(db, fault);

	if (!err)
		puts("the database has the schema of this version");
	return err;
}

int migrate_command(const char *what, const char *url)
{
	static const struct {
		const char *name;
		int (*run)(struct rc_db *db, struct rc_fault *fault);
		enum rc_access access;
	} steps[] = {{"up", up, RC_WRITE},
		     {"down", down, RC_WRITE},
		     {"status", status, RC_READ},
		     {"verify", verify, RC_READ}};
	struct rc_db_options options = {.busy_timeout_us = LOCK_WAIT_US};
	struct rc_fault fault = {0};
	struct rc_db *db = NULL;
	size_t i = 0;
	int err;

	while (i < 4 && strcmp(steps[i].name, what))
		i++;
	if (i == 4) {
		fprintf(stderr, "slotcast migrate: %s is none of up, down, status, verify\n", what);
		return 2;
	}
	options.access = steps[i].access;
	options.create = i == 0;
	err = rc_db_open(&db, url, &slotcast_schema, &options, &fault);
	if (!err)
		err = steps[i].run(db, &fault);
	if (err)
		fprintf(stderr, "slotcast migrate %s: %s\n", what, fault.message);
	rc_db_close(db);
	return err ? 1 : 0;
}
