/*
 * Rows that the server sends as text: snapshots, and the images in rc_log, which are stored in the same form.
 */
#ifndef ROWCAST_FEED_MARIADB_ROWS_H
#define ROWCAST_FEED_MARIADB_ROWS_H

#include "rowcast/feed/mariadb/link.h"
#include "rowcast/orm.h"

/* One value as text into its field of `row`; ptr NULL: NULL. What is not of the column's type becomes NULL and is logged.
 * Text is copied into the arena where `copy`, else it must live as long as the row. */
void maria_rows_value(const struct rc_model *model, uint32_t column, struct rc_str text, bool copy,
		      struct rc_arena *arena, void *row);
/* Every row of every captured model (model order, key order), inside the caller's transaction. */
int maria_rows_all(struct link *link, const struct rc_schema *schema,
		   void (*row)(void *arg, const struct rc_model *model, const void *row), void *arg,
		   struct rc_fault *fault) RC_MUST_CHECK;

#endif
