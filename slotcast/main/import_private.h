/*
 * One import under way; its steps, each a part of one transaction.
 */
#ifndef SLOTCAST_MAIN_IMPORT_PRIVATE_H
#define SLOTCAST_MAIN_IMPORT_PRIVATE_H

#include "slotcast/main/venue_file.h"

struct import {
	struct rc_tx *tx;
	struct rc_arena arena; /* of this try */
	const struct venue_file *file;
	struct buf *report;
	struct rc_fault *fault;
	int64_t venue_id;
	int64_t *resource_ids; /* by index in the file */
};

/* import_named.c: what has a slug or a key. */
int import_venue(struct import *import) RC_MUST_CHECK;
int import_resource(struct import *import, size_t index) RC_MUST_CHECK;
int import_service(struct import *import, size_t index) RC_MUST_CHECK;
/* What the file does not name any more. */
int drop_services(struct import *import) RC_MUST_CHECK;
int drop_resources(struct import *import) RC_MUST_CHECK;

/* import_rules.c: rows without a name. */
int import_hours(struct import *import) RC_MUST_CHECK;
int import_exceptions(struct import *import) RC_MUST_CHECK;
int import_sessions(struct import *import) RC_MUST_CHECK;

#endif
