/*
 * What the two halves of the binlog source share: log.c follows, log_prepare.c checks and makes.
 */
#ifndef ROWCAST_FEED_MARIADB_LOG_H
#define ROWCAST_FEED_MARIADB_LOG_H

#include "rowcast/feed/mariadb/link.h"
#include "rowcast/feed/source.h"

int maria_log_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		      bool install, struct rc_fault *fault);

#endif
