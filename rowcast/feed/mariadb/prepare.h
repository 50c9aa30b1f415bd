/*
 * What both sources ask of a database, and make in it.
 */
#ifndef ROWCAST_FEED_MARIADB_PREPARE_H
#define ROWCAST_FEED_MARIADB_PREPARE_H

#include "rowcast/feed/mariadb/link.h"
#include "rowcast/feed/source.h"

#define VERSION_MIN 100500

/* "MariaDB 10.5 or newer". */
int maria_prepare_version(struct link *link, struct rc_fault *fault) RC_MUST_CHECK;
/* Captured tables are there, InnoDB, and have a primary key; no foreign key changes rows of theirs by itself. */
int maria_prepare_tables(struct link *link, const struct rc_schema *schema, struct rc_fault *fault) RC_MUST_CHECK;
/* The last of these alone. */
int maria_prepare_cascades(struct link *link, const struct rc_schema *schema, struct rc_fault *fault) RC_MUST_CHECK;
/* rc_meta is there. */
int maria_prepare_meta(struct link *link, struct rc_fault *fault) RC_MUST_CHECK;
/* CREATE TABLE rc_mark, where it is not. */
int maria_prepare_mark(struct link *link, struct rc_fault *fault) RC_MUST_CHECK;
/* 1: there is a table of this name; 0: none. */
int maria_prepare_has_table(struct link *link, const char *table, struct rc_fault *fault) RC_MUST_CHECK;
/* Drop every trigger, table and counter that the trigger source made. */
int maria_prepare_drop_triggers(struct link *link, struct rc_fault *fault) RC_MUST_CHECK;

#endif
