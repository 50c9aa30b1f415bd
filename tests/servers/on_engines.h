/*
 * One list of tests, run on every engine: a test's name gets the engine's, and what its setup finds in *state is the
 * `struct engine`, started. One server of each kind per program.
 */
#ifndef TESTS_ON_ENGINES_H
#define TESTS_ON_ENGINES_H

#include "engine.h"
#include "tests/unit/suite.h"

#define ON(engine) (1u << (engine))
#define ON_ALL     (ON(RC_SQLITE) | ON(RC_POSTGRES) | ON(RC_MARIADB))

struct engine_test {
	unsigned int engines; /* ON(…) | …; 0: all */
	struct CMUnitTest test;
};

const char *engine_name(enum rc_dialect dialect);
/* Exit status of the program. */
int run_on_engines(const struct engine_test *tests, size_t count);

#define RUN_ON_ENGINES(tests) run_on_engines((tests), sizeof(tests) / sizeof((tests)[0]))

#endif
