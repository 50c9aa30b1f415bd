/*
 * Epochs: the name of an unbroken history, kept in rc_meta so that positions outlive the process.
 *
 *   rc_meta  epoch   lower-case hex of a random number
 *            start   log number at which it began; older positions are gone
 *            file    "device:inode" of the file it belongs to: a copied or restored file is another history
 */
#ifndef ROWCAST_FEED_SQLITE_EPOCH_H
#define ROWCAST_FEED_SQLITE_EPOCH_H

#include "rowcast/db/sqlite/sqlite.h"
#include "rowcast/feed.h"

struct epoch {
	uint64_t number;
	char text[48]; /* as stored */
	uint64_t start;
	char file[48];
	bool stored; /* false: it could not be written and ends with this process */
};

/* "device:inode" of the file at `path`; RC_NOT_FOUND: there is none now. */
int epoch_file_identity(const char *path, char out[48]) RC_MUST_CHECK;
/* What is stored, read inside the caller's transaction. RC_NOT_FOUND: none, or one of another file. */
int epoch_read(sqlite3 *db, const char *file, struct epoch *out) RC_MUST_CHECK;
/*
 * The stored epoch of this file, or a new one, written by a short transaction of its own. `broken`: history is broken,
 * so a stored epoch with that number will not do. Where the database cannot be written (full, locked, read-only) the
 * new epoch lives in memory only: safe, but clients reset after a restart.
 */
int epoch_ensure(const char *path, uint64_t broken, struct epoch *out, struct rc_fault *fault) RC_MUST_CHECK;

#endif
