/* What migrate.c and verify.c share. */
#ifndef ROWCAST_ORM_MIGRATE_H
#define ROWCAST_ORM_MIGRATE_H

#include "rowcast/orm.h"

/* Rows of rc_migration, oldest first; none when there is no such table. */
int migrate_applied(struct rc_tx *tx, struct rc_arena *arena, struct rc_rows *rows) RC_MUST_CHECK;
/* Are they a beginning of the schema's migrations, unchanged? *newest: the last one's version. */
int migrate_compare(struct rc_db *db, const struct rc_rows *rows, uint32_t *newest,
		    struct rc_fault *fault) RC_MUST_CHECK;

#endif
