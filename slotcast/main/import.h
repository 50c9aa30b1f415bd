/*
 * Bring a database to what a venue file says.
 */
#ifndef SLOTCAST_MAIN_IMPORT_H
#define SLOTCAST_MAIN_IMPORT_H

#include "rowcast/base/buf.h"
#include "rowcast/orm.h"

/* The command `slotcast import FILE --db URL`; returns the exit status. */
int import_command(const char *path, const char *url);

/*
 * Read, check and apply one file's text in one transaction. `report`: one line per thing that changed, or per fault
 * when RC_INVALID comes back. Other errors: fault tells why; nothing was changed.
 */
int import_text(struct rc_db *db, struct rc_str text, struct buf *report, struct rc_fault *fault) RC_MUST_CHECK;

#endif
