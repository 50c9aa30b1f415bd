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

#include "rowcast/data/time_text.h"
#include "rowcast/io/clock.h"
#include "slotcast/main/venue_file.h"

#define FILE_BYTES_MAX (64 << 20)
#define LOCK_WAIT_US   10000000

struct import {
	struct rc_tx *tx;
	struct rc_arena arena; /* of this try */
	const struct venue_file *file;
	struct buf *report;
	struct rc_fault *fault;
	int64_t venue_id;
	int64_t *resource_ids; /* by index in the file */
};

/* One compared column: prints the difference and copies the new value. */
static bool text_differs(struct import *import, const char *what, const char *name, struct rc_str *stored,
			 struct rc_str wanted)
{
	if (rc_str_eq(*stored, wanted))
		return false;
	buf_printf(import->report, "~ %s: %s \"%.*s\" → \"%.*s\"\n", what, name, RC_STR_ARG(*stored),
		   RC_STR_ARG(wanted));
	*stored = wanted;
	return true;
}

static bool number_differs(struct import *import, const char *what, const char *name, int64_t *stored, int64_t wanted)
{
	if (*stored == wanted)
		return false;
	buf_printf(import->report, "~ %s: %s %lld → %lld\n", what, name, (long long)*stored, (long long)wanted);
	*stored = wanted;
	return true;
}

static const char *label(struct import *import, const char *kind, struct rc_str key)
{
	return rc_arena_printf(&import->arena, "%s %.*s", kind, RC_STR_ARG(key));
}

static int import_venue(struct import *import)
{
	struct venue_query *query = venue_query(import->tx, &import->arena);
	struct venue wanted = import->file->venue, *stored;
	const char *what = label(import, "venue", wanted.slug);
	bool differs = false;
	int err;

	venue_where_slug_eq(query, wanted.slug);
	err = venue_one(query, &stored);
	if (err == RC_NOT_FOUND) {
		err = venue_insert(import->tx, &wanted);
		import->venue_id = wanted.id;
		buf_printf(import->report, "+ %s\n", what);
		return err;
	}
	if (err)
		return err;
	import->venue_id = stored->id;
	differs |= text_differs(import, what, "name", &stored->name, wanted.name);
	differs |= text_differs(import, what, "tz", &stored->tz, wanted.tz);
	differs |= text_differs(import, what, "locale", &stored->locale, wanted.locale);
	differs |= text_differs(import, what, "phone", &stored->contact_phone, wanted.contact_phone);
	differs |= text_differs(import, what, "email", &stored->contact_email, wanted.contact_email);
	differs |= number_differs(import, what, "limited_threshold in percent", &stored->limited_percent,
				  wanted.limited_percent);
	return differs ? venue_update(import->tx, stored) : 0;
}

/* Claims say what a resource must stay: its kind, and its lanes as far as they are taken from now on. */
static int check_claims(struct import *import, const struct resource *stored, const struct resource *wanted,
			const char *what)
{
	const struct rc_value params[] = {RC_INT_VALUE(stored->id), RC_INT_VALUE(clock_wall_us())};
	int64_t lane;
	int err = rc_sql_int(import->tx, "SELECT max(lane) FROM claim WHERE resource_id = ? AND hi > ?", params, 2,
			     &lane);

	if (err)
		return err == RC_NOT_FOUND ? 0 : err;
	if (!rc_str_eq(stored->kind, wanted->kind))
		return rc_fault_set(import->fault, RC_CONSTRAINT,
				    "%s: its kind cannot change from %.*s to %.*s while it has bookings; give the new "
				    "kind a key of "
				    "its own",
				    what, RC_STR_ARG(stored->kind), RC_STR_ARG(wanted->kind));
	if (lane >= wanted->capacity && rc_str_is(wanted->kind, "pooled"))
		return rc_fault_set(import->fault, RC_CONSTRAINT,
				    "%s: its capacity cannot become %lld while number %lld of it is booked; cancel or "
				    "wait for those "
				    "bookings first",
				    what, (long long)wanted->capacity, (long long)lane + 1);
	return 0;
}

/* Occurrences that have been written down already follow their resource's capacity, as far as their bookings allow. */
static int resize_sessions(struct import *import, const struct resource *row)
{
	const struct rc_value params[] = {RC_INT_VALUE(row->capacity), RC_INT_VALUE(row->id),
					  RC_INT_VALUE(clock_wall_us())};

	return rc_sql_exec(
		import->tx,
		"UPDATE session SET capacity = max(taken, ?) WHERE resource_id = ? AND rule_id IS NOT NULL AND "
		"ends_at > ?",
		params, 3, NULL);
}

static int import_resource(struct import *import, size_t index)
{
	struct resource wanted = import->file->resources[index], *stored;
	struct resource_query *query = resource_query(import->tx, &import->arena);
	const char *what = label(import, "resource", wanted.key);
	bool differs = false, resized;
	int err;

	wanted.venue_id = import->venue_id;
	resource_where_venue_id_eq(query, import->venue_id);
	resource_where_key_eq(query, wanted.key);
	err = resource_one(query, &stored);
	if (err == RC_NOT_FOUND) {
		err = resource_insert(import->tx, &wanted);
		import->resource_ids[index] = wanted.id;
		buf_printf(import->report, "+ %s\n", what);
		return err;
	}
	if (err)
		return err;
	import->resource_ids[index] = stored->id;
	err = check_claims(import, stored, &wanted, what);
	if (err)
		return err;
	differs |= text_differs(import, what, "name", &stored->name, wanted.name);
	differs |= text_differs(import, what, "kind", &stored->kind, wanted.kind);
	resized = number_differs(import, what, "capacity", &stored->capacity, wanted.capacity);
	if (differs || resized)
		err = resource_update(import->tx, stored);
	if (!err && resized && rc_str_is(wanted.kind, "session"))
		err = resize_sessions(import, stored);
	return err;
}

static int import_service_resources(struct import *import, const struct file_service *wanted, int64_t service_id,
				    const char *what)
{
	struct service_resource_query *query = service_resource_query(import->tx, &import->arena);
	struct service_resource_list stored;
	bool *there = RC_ARENA_ARRAY(&import->arena, bool, wanted->resource_count + 1);
	int err;

	service_resource_where_service_id_eq(query, service_id);
	err = service_resource_all(query, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < wanted->resource_count &&
		       import->resource_ids[wanted->resources[j]] != stored.at[i]->resource_id)
			j++;
		if (j < wanted->resource_count) {
			there[j] = true;
			continue;
		}
		buf_printf(import->report, "- %s: a resource\n", what);
		err = service_resource_delete(import->tx, service_id, stored.at[i]->resource_id);
	}
	for (size_t j = 0; !err && j < wanted->resource_count; j++) {
		struct service_resource row = {.service_id = service_id,
					       .resource_id = import->resource_ids[wanted->resources[j]]};

		if (there[j])
			continue;
		buf_printf(import->report, "+ %s: resource %.*s\n", what,
			   RC_STR_ARG(import->file->resources[wanted->resources[j]].key));
		err = service_resource_insert(import->tx, &row);
	}
	return err;
}

static bool service_differs(struct import *import, const char *what, struct service *stored,
			    const struct service *wanted)
{
	bool differs = false;

	differs |= text_differs(import, what, "name", &stored->name, wanted->name);
	differs |= text_differs(import, what, "durations_min", &stored->durations_min, wanted->durations_min);
	differs |= number_differs(import, what, "step_min", &stored->step_min, wanted->step_min);
	differs |= number_differs(import, what, "buffer_before_min", &stored->buffer_before_min,
				  wanted->buffer_before_min);
	differs |= number_differs(import, what, "buffer_after_min", &stored->buffer_after_min,
				  wanted->buffer_after_min);
	differs |= number_differs(import, what, "notice_min", &stored->notice_min, wanted->notice_min);
	differs |= number_differs(import, what, "horizon_days", &stored->horizon_days, wanted->horizon_days);
	differs |= number_differs(import, what, "hold_ttl_s", &stored->hold_ttl_s, wanted->hold_ttl_s);
	differs |= number_differs(import, what, "party_max", &stored->party_max, wanted->party_max);
	return differs;
}

static int import_service(struct import *import, size_t index)
{
	const struct file_service *wanted = &import->file->services[index];
	struct service row = wanted->row, *stored;
	struct service_query *query = service_query(import->tx, &import->arena);
	const char *what = label(import, "service", row.key);
	int err;

	row.venue_id = import->venue_id;
	service_where_venue_id_eq(query, import->venue_id);
	service_where_key_eq(query, row.key);
	err = service_one(query, &stored);
	if (err == RC_NOT_FOUND) {
		buf_printf(import->report, "+ %s\n", what);
		err = service_insert(import->tx, &row);
		stored = &row;
	} else if (!err && service_differs(import, what, stored, &row)) {
		err = service_update(import->tx, stored);
	}
	return err ? err : import_service_resources(import, wanted, stored->id, what);
}

/* Rows without a name: `same` finds the stored row that needs no change. */

static bool same_hours(const struct hours *a, const struct hours *b)
{
	return a->nulls == b->nulls && a->resource_id == b->resource_id && rc_str_eq(a->rrule, b->rrule) &&
	       a->wall_start_min == b->wall_start_min && a->wall_end_min == b->wall_end_min &&
	       a->valid_from == b->valid_from && a->valid_to == b->valid_to;
}

static int import_hours(struct import *import)
{
	const struct venue_file *file = import->file;
	struct hours_query *query = hours_query(import->tx, &import->arena);
	struct hours_list stored;
	bool *there = RC_ARENA_ARRAY(&import->arena, bool, file->hours_count + 1);
	struct hours *rows = RC_ARENA_ARRAY(&import->arena, struct hours, file->hours_count + 1);
	int err;

	for (size_t j = 0; j < file->hours_count; j++) {
		rows[j] = file->hours[j].row;
		rows[j].venue_id = import->venue_id;
		if (file->hours[j].resource != NO_RESOURCE)
			rows[j].resource_id = import->resource_ids[file->hours[j].resource];
	}
	hours_where_venue_id_eq(query, import->venue_id);
	err = hours_all(query, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < file->hours_count && (there[j] || !same_hours(stored.at[i], &rows[j])))
			j++;
		if (j < file->hours_count) {
			there[j] = true;
			continue;
		}
		buf_printf(import->report, "- hours: %.*s\n", RC_STR_ARG(stored.at[i]->rrule));
		err = hours_delete(import->tx, stored.at[i]->id);
	}
	for (size_t j = 0; !err && j < file->hours_count; j++) {
		if (there[j])
			continue;
		buf_printf(import->report, "+ hours[%zu]: %.*s\n", j, RC_STR_ARG(rows[j].rrule));
		err = hours_insert(import->tx, &rows[j]);
	}
	return err;
}

static bool same_exception(const struct exception *a, const struct exception *b)
{
	return a->nulls == b->nulls && a->resource_id == b->resource_id && a->date == b->date &&
	       a->wall_start_min == b->wall_start_min && a->wall_end_min == b->wall_end_min && a->closed == b->closed &&
	       rc_str_eq(a->reason, b->reason);
}

static void report_exception(struct import *import, char sign, const struct exception *row)
{
	struct buf *report = import->report;
	char date[TIME_TEXT_MAX];

	date_format(row->date, date);
	buf_printf(report, "%c exception: %s %s\n", sign, date, row->closed ? "closed" : "open");
}

static int import_exceptions(struct import *import)
{
	const struct venue_file *file = import->file;
	struct exception_query *query = exception_query(import->tx, &import->arena);
	struct exception_list stored;
	bool *there = RC_ARENA_ARRAY(&import->arena, bool, file->exception_count + 1);
	struct exception *rows = RC_ARENA_ARRAY(&import->arena, struct exception, file->exception_count + 1);
	int err;

	for (size_t j = 0; j < file->exception_count; j++) {
		rows[j] = file->exceptions[j].row;
		rows[j].venue_id = import->venue_id;
		if (file->exceptions[j].resource != NO_RESOURCE)
			rows[j].resource_id = import->resource_ids[file->exceptions[j].resource];
	}
	exception_where_venue_id_eq(query, import->venue_id);
	err = exception_all(query, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < file->exception_count && (there[j] || !same_exception(stored.at[i], &rows[j])))
			j++;
		if (j < file->exception_count) {
			there[j] = true;
			continue;
		}
		report_exception(import, '-', stored.at[i]);
		err = exception_delete(import->tx, stored.at[i]->id);
	}
	for (size_t j = 0; !err && j < file->exception_count; j++) {
		if (there[j])
			continue;
		report_exception(import, '+', &rows[j]);
		err = exception_insert(import->tx, &rows[j]);
	}
	return err;
}

static bool same_session(const struct session_rule *a, const struct session_rule *b)
{
	return a->nulls == b->nulls && a->resource_id == b->resource_id && rc_str_eq(a->rrule, b->rrule) &&
	       a->wall_start_min == b->wall_start_min && a->wall_end_min == b->wall_end_min &&
	       a->valid_from == b->valid_from && a->valid_to == b->valid_to;
}

/* Occurrences of a rule that goes are kept only where somebody has a place. */
static int delete_session_rule(struct import *import, const struct session_rule *row)
{
	const struct rc_value rule = RC_INT_VALUE(row->id);
	int err;

	buf_printf(import->report, "- sessions: %.*s\n", RC_STR_ARG(row->rrule));
	err = rc_sql_exec(import->tx,
			  "DELETE FROM session WHERE rule_id = ? AND taken = 0 AND id NOT IN "
			  "(SELECT session_id FROM claim WHERE session_id IS NOT NULL)",
			  &rule, 1, NULL);
	return err ? err : session_rule_delete(import->tx, row->id);
}

static int import_sessions(struct import *import)
{
	const struct venue_file *file = import->file;
	const struct rc_value venue = RC_INT_VALUE(import->venue_id);
	bool *there = RC_ARENA_ARRAY(&import->arena, bool, file->session_count + 1);
	struct session_rule *rows = RC_ARENA_ARRAY(&import->arena, struct session_rule, file->session_count + 1);
	struct rc_rows stored;
	int err;

	for (size_t j = 0; j < file->session_count; j++) {
		rows[j] = file->sessions[j].row;
		rows[j].resource_id = import->resource_ids[file->sessions[j].resource];
	}
	err = rc_sql_rows(import->tx, &import->arena,
			  "SELECT s.* FROM session_rule s JOIN resource r ON r.id = s.resource_id WHERE r.venue_id = ? "
			  "ORDER BY s.id",
			  &venue, 1, &session_rule_model, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < file->session_count && (there[j] || !same_session(stored.at[i], &rows[j])))
			j++;
		if (j < file->session_count)
			there[j] = true;
		else
			err = delete_session_rule(import, stored.at[i]);
	}
	for (size_t j = 0; !err && j < file->session_count; j++) {
		if (there[j])
			continue;
		buf_printf(import->report, "+ sessions[%zu]: %.*s\n", j, RC_STR_ARG(rows[j].rrule));
		err = session_rule_insert(import->tx, &rows[j]);
	}
	return err;
}

/* What the file does not have any more. */

static int count(struct import *import, const char *sql, int64_t id, int64_t *out)
{
	const struct rc_value param = RC_INT_VALUE(id);

	return rc_sql_int(import->tx, sql, &param, 1, out);
}

static int run(struct import *import, const char *sql, int64_t id)
{
	const struct rc_value param = RC_INT_VALUE(id);

	return rc_sql_exec(import->tx, sql, &param, 1, NULL);
}

static int drop_service(struct import *import, const struct service *row)
{
	int64_t used, linked;
	int err = count(import,
			"SELECT (SELECT count(*) FROM booking WHERE service_id = ?1) + "
			"(SELECT count(*) FROM waitlist WHERE service_id = ?1)",
			row->id, &used);

	if (!err)
		err = count(import, "SELECT count(*) FROM service_resource WHERE service_id = ?", row->id, &linked);
	if (err)
		return err;
	if (used && linked)
		buf_printf(import->report, "- service %.*s: cannot be booked any more; kept for its bookings\n",
			   RC_STR_ARG(row->key));
	else if (!used)
		buf_printf(import->report, "- service %.*s\n", RC_STR_ARG(row->key));
	err = run(import, "DELETE FROM service_resource WHERE service_id = ?", row->id);
	return err || used ? err : service_delete(import->tx, row->id);
}

static int drop_services(struct import *import)
{
	struct service_query *query = service_query(import->tx, &import->arena);
	struct service_list stored;
	int err;

	service_where_venue_id_eq(query, import->venue_id);
	err = service_all(query, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < import->file->service_count &&
		       !rc_str_eq(import->file->services[j].row.key, stored.at[i]->key))
			j++;
		if (j == import->file->service_count)
			err = drop_service(import, stored.at[i]);
	}
	return err;
}

static int drop_resource(struct import *import, const struct resource *row)
{
	int64_t used, linked;
	int err = count(
		import,
		"SELECT (SELECT count(*) FROM booking WHERE resource_id = ?1) + (SELECT count(*) FROM claim WHERE "
		"resource_id = ?1) + (SELECT count(*) FROM waitlist WHERE resource_id = ?1)",
		row->id, &used);

	if (!err)
		err = count(import, "SELECT count(*) FROM service_resource WHERE resource_id = ?", row->id, &linked);
	if (err)
		return err;
	if (used && linked)
		buf_printf(import->report, "- resource %.*s: cannot be booked any more; kept for its bookings\n",
			   RC_STR_ARG(row->key));
	else if (!used)
		buf_printf(import->report, "- resource %.*s\n", RC_STR_ARG(row->key));
	err = run(import, "DELETE FROM service_resource WHERE resource_id = ?", row->id);
	if (!err && !used)
		err = run(import, "DELETE FROM session WHERE resource_id = ?", row->id);
	return err || used ? err : resource_delete(import->tx, row->id);
}

static int drop_resources(struct import *import)
{
	struct resource_query *query = resource_query(import->tx, &import->arena);
	struct resource_list stored;
	int err;

	resource_where_venue_id_eq(query, import->venue_id);
	err = resource_all(query, &stored);
	for (size_t i = 0; !err && i < stored.count; i++) {
		size_t j = 0;

		while (j < import->file->resource_count &&
		       !rc_str_eq(import->file->resources[j].key, stored.at[i]->key))
			j++;
		if (j == import->file->resource_count)
			err = drop_resource(import, stored.at[i]);
	}
	return err;
}

/* One try; the transaction may be repeated from its beginning. Rows that others refer to come first and go last. */
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
	err = rc_run(db, RC_WRITE, LOCK_WAIT_US, apply, &import);
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
