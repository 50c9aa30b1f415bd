/*
 * Import: compare what the file says with what the database has, and write the differences, all in one transaction; so
 * a server on the same database sees either the old venue or the new one, and an import of the same file changes
 * nothing.
 *
 * Things are found again by what people call them: the venue by slug, resources and services by key; so ids, and the
 * bookings that refer to them, stay. Hours, exceptions and session rules have no name: a row that is the same stays,
 * the rest is replaced.
 *
 * What is no longer in the file is deleted, unless bookings refer to it: then the row stays, for they must keep their
 * meaning, but without services it cannot be booked any more. (Refusing the file was rejected: a venue that has closed
 * a room cannot wait until last year's bookings of it are gone.) A change of kind that would contradict existing claims
 * is refused.
 */
#include "slotcast/main/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slotcast/main/import_private.h"

#define FILE_BYTES_MAX (64 << 20)
#define LOCK_WAIT_US   10000000

/* One try; the transaction may be repeated from its beginning. Rows that others refer to come first and go
   last. */
static int apply(struct rc_tx *tx, void *arg)
{
	struct import *import = arg;
	int err;

	rc_arena_reset(&import->arena);
	buf_clear(import->report);
	import->tx = tx;
	import->resource_ids = RC_ARENA_ARRAY(&import->arena, int64_t, import->file->resource_count + 1);
	err = import_venue(import);
	for (size_t i = 0; !err && i < import->file->resource_count; i++)
		err = import_resource(import, i);
	for (size_t i = 0; !err && i < import->file->service_count; i++)
		err = import_service(import, i);
	if (!err)
		err = import_hours(import);
	if (!err)
		err = import_exceptions(import);
	if (!err)
		err = import_sessions(import);
	if (!err)
		err = drop_services(import);
	if (!err)
		err = drop_resources(import);
	return err;
}

int import_text(struct rc_db *db, struct rc_str text, struct buf *report, struct rc_fault *fault)
{
	struct rc_arena arena;
	struct venue_file file;
	struct buf notes = BUF_INIT;
	struct import import = {.file = &file, .report = report, .fault = fault};
	int err;

	rc_arena_init(&arena, 65536);
	rc_arena_init(&import.arena, 65536);
	err = venue_file_read(&file, &arena, text, report, &notes);
	if (err) {
		rc_fault_set(fault, RC_INVALID, "the file is not valid; nothing was changed");
		goto out;
	}
	err = rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = LOCK_WAIT_US}, apply, &import);
	if (err && !*fault->message)
		*fault = *rc_db_fault(db);
	if (!err)
		buf_append_str(report, buf_str(&notes));
out:
	rc_arena_release(&import.arena);
	rc_arena_release(&arena);
	buf_release(&notes);
	return err;
}

static int read_file(const char *path, struct buf *out, struct rc_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat info;
	ssize_t got;

	if (fd < 0 || fstat(fd, &info)) {
		err = rc_fault_set(fault, errno == ENOENT ? RC_NOT_FOUND : RC_IO, "cannot read %s: %s", path,
				   strerror(errno));
		goto out;
	}
	if (S_ISDIR(info.st_mode) || info.st_size > FILE_BYTES_MAX) {
		err = rc_fault_set(fault, RC_INVALID, "%s is %s", path,
				   S_ISDIR(info.st_mode) ? "a folder, not a venue file" : "larger than 64 MiB");
		goto out;
	}
	while ((got = read(fd, buf_reserve(out, 65536), 65536)) > 0) {
		out->len += (size_t)got;
		if (out->len > FILE_BYTES_MAX) {
			err = rc_fault_set(fault, RC_INVALID, "%s is larger than 64 MiB", path);
			goto out;
		}
	}
	if (got < 0)
		err = rc_fault_set(fault, RC_IO, "cannot read %s: %s", path, strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	return err;
}

int import_command(const char *path, const char *url)
{
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = LOCK_WAIT_US, .create = true};
	struct rc_fault fault = {0};
	struct buf text = BUF_INIT, report = BUF_INIT;
	struct rc_db *db = NULL;
	uint32_t applied;
	int err;

	err = read_file(path, &text, &fault);
	if (!err)
		err = rc_db_open(&db, url, &slotcast_schema, &options, &fault);
	if (!err)
		err = rc_migrate_up(db, &applied, &fault);
	if (!err)
		err = rc_migrate_verify(db, &fault);
	if (!err)
		err = import_text(db, buf_str(&text), &report, &fault);
	if (err == RC_INVALID && report.len)
		fprintf(stderr, "%s%s: %s\n", buf_cstr(&report), path, fault.message);
	else if (err)
		fprintf(stderr, "slotcast import: %s\n", fault.message);
	else
		fputs(report.len ? buf_cstr(&report) : "nothing changed\n", stdout);
	rc_db_close(db);
	buf_release(&text);
	buf_release(&report);
	return err ? 1 : 0;
}
