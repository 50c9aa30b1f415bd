#include "on_engines.h"

#include <stdio.h>
#include <stdlib.h>

static struct engine engines[RC_DIALECTS];

const char *engine_name(enum rc_dialect dialect)
{
	static const char *const names[RC_DIALECTS] = {"sqlite", "postgres", "mariadb"};

	return names[dialect];
}

static int start_all(void **state)
{
	/* MariaDB syncs for each of many DDL statements. What is written but not synced survives the server, if not the
	 * machine. */
	static const char *const faster[] = {"--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2", NULL};

	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		engine_start(&engines[dialect], dialect, dialect == RC_MARIADB ? faster : NULL);
	return 0;
}

static int remove_all(void **state)
{
	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++)
		engine_remove(&engines[dialect]);
	return 0;
}

int run_on_engines(const struct engine_test *tests, size_t count)
{
	struct CMUnitTest *all = calloc(count * RC_DIALECTS, sizeof(*all));
	char(*names)[160] = calloc(count * RC_DIALECTS, sizeof(*names));
	size_t used = 0;
	int status;

	for (enum rc_dialect dialect = RC_SQLITE; dialect < RC_DIALECTS; dialect++) {
		for (size_t i = 0; i < count; i++) {
			if (tests[i].engines && !(tests[i].engines & ON(dialect)))
				continue;
			snprintf(names[used], sizeof(*names), "%s: %s", engine_name(dialect), tests[i].test.name);
			all[used] = tests[i].test;
			all[used].name = names[used];
			all[used++].initial_state = &engines[dialect];
		}
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	status = _cmocka_run_group_tests("engines", all, used, start_all, remove_all);
	free(all);
	free(names);
	return status;
}
