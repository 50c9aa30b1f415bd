/* epoch.h tells what an epoch is. */
#include "rowcast/feed/sqlite/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rowcast/base/log.h"

#define WRITE_WAIT_US 2000000

int epoch_file_identity(const char *path, char out[48])
{
	struct stat info;

	if (stat(path, &info) != 0)
		return errno == ENOENT || errno == ENOTDIR ? RC_NOT_FOUND : RC_IO;
	snprintf(out, 48, "%" PRIu64 ":%" PRIu64, (uint64_t)info.st_dev, (uint64_t)info.st_ino);
	return RC_OK;
}

/* Values are short; what is longer is not ours. */
static int read_value(sqlite3 *db, const char *key, char out[48])
{
	sqlite3_stmt *stmt = NULL;
	int rc = RC_NOT_FOUND;

	*out = 0;
	if (sqlite3_prepare_v2(db, "SELECT value FROM rc_meta WHERE key = ?", -1, &stmt, NULL) != SQLITE_OK)
		return sqlite_err(db, sqlite3_errcode(db));
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		if (sqlite3_column_bytes(stmt, 0) < 48 && sqlite3_column_text(stmt, 0)) {
			snprintf(out, 48, "%s", (const char *)sqlite3_column_text(stmt, 0));
			rc = RC_OK;
		}
		break;
	case SQLITE_DONE:
		break;
	default:
		rc = sqlite_err(db, sqlite3_errcode(db));
	}
	sqlite3_finalize(stmt);
	return rc;
}

static bool parse(const char *text, int base, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, base);
	return errno == 0 && end != text && *end == 0;
}

int epoch_read(sqlite3 *db, const char *file, struct epoch *out)
{
	char start[48];
	int rc = read_value(db, "epoch", out->text);

	if (rc == RC_OK)
		rc = read_value(db, "start", start);
	if (rc == RC_OK)
		rc = read_value(db, "file", out->file);
	if (rc != RC_OK)
		return rc;
	out->stored = true;
	if (!parse(out->text, 16, &out->number) || out->number == 0 || !parse(start, 10, &out->start) ||
	    strcmp(out->file, file) != 0)
		return RC_NOT_FOUND;
	return RC_OK;
}

static uint64_t draw(uint64_t broken)
{
	uint64_t number;

	do
		randombytes_buf(&number, sizeof(number));
	while (number == 0 || number == broken);
	return number;
}

static int write_value(sqlite3 *db, const char *key, const char *value)
{
	sqlite3_stmt *stmt = NULL;
	int result = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO rc_meta (key, value) VALUES (?, ?)", -1, &stmt,
					NULL);

	if (result != SQLITE_OK)
		return sqlite_err(db, result);
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	sqlite3_step(stmt);
	return sqlite_err(db, sqlite3_finalize(stmt));
}

static int write_epoch(sqlite3 *db, const struct epoch *epoch)
{
	char start[48];
	int rc = write_value(db, "epoch", epoch->text);

	snprintf(start, sizeof(start), "%" PRIu64, epoch->start);
	if (rc == RC_OK)
		rc = write_value(db, "start", start);
	if (rc == RC_OK)
		rc = write_value(db, "file", epoch->file);
	return rc;
}

/* Inside the write transaction. Another process may have drawn one meanwhile: theirs is good. */
static int ensure_in_tx(struct db_conn *conn, uint64_t broken, struct epoch *out)
{
	sqlite3 *db = sqlite_conn_of(conn)->db;
	char file[48];
	int rc;

	snprintf(file, sizeof(file), "%s", out->file);
	rc = epoch_read(db, file, out);
	if (rc == RC_OK && out->number != broken)
		return RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	snprintf(out->file, sizeof(out->file), "%s", file);
	rc = sqlite_log_head(conn, &out->start);
	if (rc != RC_OK)
		return rc;
	out->number = draw(broken);
	out->stored = true;
	snprintf(out->text, sizeof(out->text), "%" PRIx64, out->number);
	return write_epoch(db, out);
}

static int ensure_stored(const char *path, uint64_t broken, struct epoch *out, struct rc_fault *fault)
{
	const struct db_options options = {.writable = true, .busy_timeout_us = WRITE_WAIT_US};
	struct db_conn *conn;
	int rc = sqlite_open(&conn, path, &options, fault);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_begin(conn, true, RC_ISOLATION_DEFAULT);
	if (rc == RC_OK) {
		rc = ensure_in_tx(conn, broken, out);
		if (rc == RC_OK)
			rc = sqlite_commit(conn);
		else
			sqlite_rollback(conn);
	}
	if (rc != RC_OK)
		rc_fault_set(fault, (enum rc_err)rc, "%s",
			     conn->fault.message[0] ? conn->fault.message
						    : "the feed's tables (rc_log, rc_meta) cannot be used");
	sqlite_close(conn);
	return rc;
}

/* A look at what is stored, and at the head for an epoch that only lives in memory. */
static int look(const char *path, uint64_t broken, struct epoch *out, struct rc_fault *fault)
{
	const struct db_options options = {.busy_timeout_us = WRITE_WAIT_US};
	struct epoch stored = {0};
	struct db_conn *conn;
	sqlite3 *db;
	int rc = sqlite_open(&conn, path, &options, fault);

	if (rc != RC_OK)
		return rc;
	db = sqlite_conn_of(conn)->db;
	rc = epoch_read(db, out->file, &stored);
	if (rc == RC_OK && stored.number != broken) {
		*out = stored;
		sqlite_close(conn);
		return RC_OK;
	}
	rc = rc == RC_OK || rc == RC_NOT_FOUND ? sqlite_log_head(conn, &out->start) : rc;
	if (rc != RC_OK)
		rc_fault_set(fault, (enum rc_err)rc, "cannot read the change log of database %s: %s", path,
			     sqlite3_errmsg(db));
	sqlite_close(conn);
	return rc == RC_OK ? RC_AGAIN : rc;
}

int epoch_ensure(const char *path, uint64_t broken, struct epoch *out, struct rc_fault *fault)
{
	struct rc_fault why = {0};
	int rc;

	*out = (struct epoch){0};
	if (epoch_file_identity(path, out->file) != RC_OK)
		return rc_fault_set(fault, RC_NOT_FOUND, "database %s is not there", path);
	rc = look(path, broken, out, fault);
	if (rc != RC_AGAIN)
		return rc;
	rc = ensure_stored(path, broken, out, &why);
	if (rc == RC_OK)
		return RC_OK;
	log_event(LOG_WARN, "feed-epoch", "the feed's epoch could not be stored; positions end with this process",
		  LOG_S("reason", why.message));
	out->number = draw(broken);
	out->stored = false;
	return RC_OK;
}
