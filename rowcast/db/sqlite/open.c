/*
 * Opening a database file, and saying clearly why it cannot be opened: SQLite itself answers most of these with "unable
 * to open database file", so the path is looked at first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rowcast/db/sqlite/sqlite.h"

static const char memory_path[] = ":memory:";

static int directory_check(const char *path, struct rc_fault *fault)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : rc_xstrdup(".");
	struct stat info;
	int rc = RC_OK;

	if (stat(directory, &info) != 0 || !S_ISDIR(info.st_mode))
		rc = rc_fault_set(
			fault, RC_NOT_FOUND,
			"cannot create database %s: the directory %s does not exist; make it or correct the path", path,
			directory);
	else if (euidaccess(directory, W_OK | X_OK) != 0)
		rc = rc_fault_set(
			fault, RC_READONLY,
			"cannot create database %s: this user may not write to the directory %s; change its owner or "
			"mode, or choose another path",
			path, directory);
	free(directory);
	return rc;
}

/* Everything about the path that can be said before SQLite sees it. */
static int path_check(const char *path, const struct db_options *options, struct rc_fault *fault)
{
	struct stat info;

	if (stat(path, &info) != 0) {
		if (errno == EACCES)
			return rc_fault_set(fault, RC_IO,
					    "cannot reach database %s: permission denied on its directory", path);
		if (errno != ENOENT && errno != ENOTDIR)
			return rc_fault_set(fault, RC_IO, "cannot reach database %s: %s", path, strerror(errno));
		if (!options->create || !options->writable)
			return rc_fault_set(
				fault, RC_NOT_FOUND,
				"database %s does not exist; correct the path, or create it by running the migrations",
				path);
		return directory_check(path, fault);
	}
	if (S_ISDIR(info.st_mode))
		return rc_fault_set(fault, RC_INVALID,
				    "%s is a directory; the database URL must name a file in it, such as %s/%s", path,
				    path, "data.db");
	if (!S_ISREG(info.st_mode))
		return rc_fault_set(fault, RC_INVALID, "%s is not a regular file; the database URL must name one",
				    path);
	if (euidaccess(path, R_OK) != 0)
		return rc_fault_set(fault, RC_IO,
				    "cannot read database %s: permission denied; give this user access to it", path);
	if (options->writable && euidaccess(path, W_OK) != 0)
		return rc_fault_set(
			fault, RC_READONLY,
			"database %s is read-only for this user; give it write access to the file and its directory",
			path);
	return RC_OK;
}

static int settings(struct sqlite_conn *conn, const struct db_options *options)
{
	static const char always[] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
				     "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;";
	int result = sqlite3_exec(conn->db, always, NULL, NULL, NULL);

	if (result == SQLITE_OK && options->no_auto_checkpoint)
		result = sqlite3_wal_autocheckpoint(conn->db, 0);
	/* The first look into the file: says whether it is a database at all. */
	if (result == SQLITE_OK)
		result = sqlite3_exec(conn->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	if (result == SQLITE_OK && options->writable)
		result = sqlite3_exec(conn->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (result == SQLITE_OK && !options->writable)
		result = sqlite3_exec(conn->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	return result;
}

static int open_path(struct db_conn **out, const char *path, const struct db_options *options, struct rc_fault *fault)
{
	struct sqlite_conn *conn = rc_xcalloc(1, sizeof(*conn));
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE;
	int result, rc = RC_OK;

	*out = NULL;
	conn->base.driver = &sqlite_driver;
	conn->path = rc_xstrdup(path);
	conn->writable = options->writable;
	conn->busy_timeout_ms = (int)((options->busy_timeout_us + 999) / 1000);
	if (options->create && options->writable)
		flags |= SQLITE_OPEN_CREATE;
	/* A reader too needs to write the shared memory file; where it may not, SQLite does what it can without. */
	if (!options->writable && strcmp(path, memory_path) != 0 && euidaccess(path, W_OK) != 0)
		flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
	result = sqlite3_open_v2(path, &conn->db, flags, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_busy_timeout(conn->db, conn->busy_timeout_ms);
	if (result == SQLITE_OK)
		result = settings(conn, options);
	if (result != SQLITE_OK)
		rc = sqlite_fault(conn, result, "open");
	else if (options->writable && sqlite3_db_readonly(conn->db, "main") == 1)
		rc = rc_fault_set(&conn->base.fault, RC_READONLY,
				  "database %s is read-only; give this user write access to the file and its directory",
				  path);
	if (rc != RC_OK) {
		if (fault)
			*fault = conn->base.fault;
		sqlite_close(&conn->base);
		return rc;
	}
	*out = &conn->base;
	return RC_OK;
}

int sqlite_open(struct db_conn **out, const char *address, const struct db_options *options, struct rc_fault *fault)
{
	int rc;

	*out = NULL;
	/* sqlite:///absolute/path, as other tools write it */
	if (strncmp(address, "///", 3) == 0)
		address += 2;
	if (strcmp(address, memory_path) == 0)
		return rc_fault_set(fault, RC_INVALID,
				    "a database in memory cannot be shared between connections; name a file, such as "
				    "sqlite:data.db");
	rc = path_check(address, options, fault);
	return rc == RC_OK ? open_path(out, address, options, fault) : rc;
}

int sqlite_scratch(struct db_conn *live, struct db_conn **out, struct rc_fault *fault)
{
	return open_path(out, memory_path, &(struct db_options){.writable = true, .create = true}, fault);
}

void sqlite_close(struct db_conn *base)
{
	struct sqlite_conn *conn = sqlite_conn_of(base);

	if (!base)
		return;
	for (int i = 0; i < FIXED_COUNT; i++)
		sqlite3_finalize(conn->fixed[i]);
	for (int i = 0; i < 3; i++)
		sqlite3_finalize(conn->savepoint[i]);
	sqlite3_close(conn->db);
	free(conn->path);
	free(conn);
}
