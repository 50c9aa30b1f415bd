/*
 * Error codes of the whole project: 0 or one negative `enum rc_err`.
 *
 * Expected failure returns a code that must be looked at; a broken invariant stops the process (`rc_check` in
 * rowcast/base/check.h), in release builds too. Where a person has to read why, the function also fills a
 * `struct rc_fault` with one sentence that says what was wrong and where.
 */
#ifndef ROWCAST_ERR_H
#define ROWCAST_ERR_H

#define RC_MUST_CHECK                 __attribute__((warn_unused_result))
#define RC_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

enum rc_err {
	RC_OK = 0,
	RC_AGAIN = -1,        /* nothing there yet, or no room: call again after the awaited event */
	RC_INVALID = -2,      /* the input is not of the required form */
	RC_LIMIT = -3,        /* the input is larger than a configured limit */
	RC_NOT_FOUND = -4,    /* no such row, topic, file */
	RC_GONE = -5,         /* it existed but is not retained any more; continuity is lost */
	RC_STALE = -6,        /* the row's version is not the expected one */
	RC_CONSTRAINT = -7,   /* the database refused the row; rc_fault.constraint says which rule */
	RC_BUSY = -8,         /* locked by another writer; the whole transaction may be retried */
	RC_FULL = -9,         /* no space left on the device; nothing was written */
	RC_IO = -10,          /* the operating system failed a read, write or sync */
	RC_READONLY = -11,    /* the database or file may not be written */
	RC_CORRUPT = -12,     /* stored bytes are not what was written */
	RC_NEWER = -13,       /* written by a newer version of this program */
	RC_CLOSED = -14,      /* the peer or the object is closed */
	RC_UNKNOWN = -15,     /* the outcome of a COMMIT is not known; look it up, never guess */
	RC_UNAVAILABLE = -16, /* the service behind it does not answer */
	RC_TIMEOUT = -17,     /* the deadline passed */
	RC_MISMATCH = -18,    /* schema or descriptor does not match what is stored */
};

struct rc_fault {
	enum rc_err err;
	int constraint;    /* generated enum of the schema's constraints; 0: none */
	char message[512]; /* one sentence for a person, no trailing newline */
};

/* The code's name, for logs: "RC_BUSY". Never NULL. */
const char *rc_err_name(int err);

/* Fill `fault` (may be NULL) and return `err`, so that `return rc_fault_set(f, RC_INVALID, "…")` reads in one line. */
int rc_fault_set(struct rc_fault *fault, enum rc_err err, const char *format, ...) RC_PRINTF(3, 4);

#endif
