/*
 * What a statement in the binlog means for the rows that we follow. Rows are logged as rows; text is logged for DDL, for
 * the ends of transactions, and by sessions that chose binlog_format=STATEMENT.
 *
 * Judged with little knowledge of SQL and therefore with caution: what may have changed captured rows without telling
 * them breaks the history. Known to be harmless are the changes of a table that leave the model's columns alone (keys,
 * constraints, columns that no model has).
 */
#ifndef ROWCAST_FEED_MARIADB_QUERY_H
#define ROWCAST_FEED_MARIADB_QUERY_H

#include "rowcast/feed/mariadb/image.h"

enum query_means {
	QUERY_NOTHING,
	QUERY_COMMIT,
	QUERY_ROLLBACK,
	QUERY_BREAKS, /* captured rows may have changed in a way that cannot be followed */
};

/* `why` (of QUERY_BREAKS): a sentence. */
enum query_means maria_query_judge(const struct images *images, const struct event_query *query, char why[256]);

#endif
