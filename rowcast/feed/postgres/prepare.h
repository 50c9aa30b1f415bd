/* What both sources ask of a database before they are used, and the statements that make it so. */
#ifndef ROWCAST_FEED_POSTGRES_PREPARE_H
#define ROWCAST_FEED_POSTGRES_PREPARE_H

#include "rowcast/feed.h"
#include "rowcast/feed/postgres/conn.h"

#define PGF_PREPARE_US 15000000

/* "'booking','claim'": the captured tables as literals; as names: "booking","claim". */
void pgf_tables_append(struct buf *out, const struct rc_schema *schema, bool names);
/* Begin a transaction that only one program at a time is in. */
int pgf_prepare_begin(PGconn *conn, struct rc_fault *fault) RC_MUST_CHECK;
/* Remove what the trigger source left: triggers cost. */
int pgf_triggers_remove(PGconn *conn, const struct rc_schema *schema, struct rc_fault *fault) RC_MUST_CHECK;
/* Remove what the log source left: its publication, and slots that nobody reads. */
int pgf_publication_remove(PGconn *conn, const struct rc_schema *schema, struct rc_fault *fault) RC_MUST_CHECK;

#endif
