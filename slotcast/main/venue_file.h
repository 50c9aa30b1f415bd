/*
 * A venue file, read and checked as a whole: either everything in it is valid, or the path of every fault is told and
 * nothing is made of it. Rows come out ready for the database, but for the ids that only the database knows.
 */
#ifndef SLOTCAST_MAIN_VENUE_FILE_H
#define SLOTCAST_MAIN_VENUE_FILE_H

#include "rowcast/base/buf.h"
#include "slotcast/model/model.h"

#define NO_RESOURCE SIZE_MAX

static inline const char *price_per_name(bool per_person)
{
	return per_person ? "person" : "booking";
}

struct file_service {
	struct service row;
	size_t *resources; /* indexes */
	size_t resource_count;
};

struct file_hours {
	struct hours row;
	size_t resource; /* index, or NO_RESOURCE: the venue's */
};

struct file_exception {
	struct exception row;
	size_t resource; /* index, or NO_RESOURCE: all */
};

struct file_session {
	struct session_rule row;
	size_t resource;
};

struct venue_file {
	struct venue venue;
	struct resource *resources;
	size_t resource_count;
	struct file_service *services;
	size_t service_count;
	struct file_hours *hours;
	size_t hours_count;
	struct file_exception *exceptions;
	size_t exception_count;
	struct file_session *sessions;
	size_t session_count;
};

/*
 * text is the file's content; strings of the result live in the arena. RC_INVALID: `faults` has one line per fault,
 * "services[0].step_min: must be 1..1440". `notes` gets one line per member that is not known and was ignored.
 */
int venue_file_read(struct venue_file *out, struct rc_arena *arena, struct rc_str text, struct buf *faults,
		    struct buf *notes) RC_MUST_CHECK;

#endif
