/*
 * Which driver serves a URL.
 */
#include "rowcast/db/db.h"

/* Each is defined in its folder's driver.c; the folders' headers are their own. */
extern const struct db_driver sqlite_driver, postgres_driver, mariadb_driver;

static const struct db_driver *const drivers[] = {&sqlite_driver, &postgres_driver, &mariadb_driver};

/* Never the URL itself: it may hold a password. */
#define FORMS "sqlite:PATH, postgres://USER@HOST/DATABASE or mariadb://USER@HOST/DATABASE"

int db_driver_find(const char *url, const struct db_driver **driver, const char **address, struct rc_fault *fault)
{
	const char *colon = strchr(url, ':');
	struct rc_str scheme = {url, colon ? (size_t)(colon - url) : 0};

	if (!colon || scheme.len == 0)
		return rc_fault_set(fault, RC_INVALID, "this is not a database URL; write " FORMS);
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		if (!rc_str_is(scheme, drivers[i]->scheme) &&
		    !(drivers[i]->scheme_alias && rc_str_is(scheme, drivers[i]->scheme_alias)))
			continue;
		if (!colon[1])
			return rc_fault_set(fault, RC_INVALID,
					    "the database URL \"%s:\" names no database; write " FORMS,
					    drivers[i]->scheme);
		*driver = drivers[i];
		*address = colon + 1;
		return RC_OK;
	}
	return rc_fault_set(fault, RC_INVALID, "there is no driver for \"%.*s\" databases; write " FORMS,
			    RC_STR_ARG(scheme));
}
