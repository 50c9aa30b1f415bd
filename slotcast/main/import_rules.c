/*
 * Hours, exceptions and session rules: a stored row that equals one of the file stays, the others are replaced.
 */
#include "rowcast/data/time_text.h"
#include "slotcast/main/import_private.h"

static bool same_hours(const struct hours *a, const struct hours *b)
{
	return a->nulls == b->nulls && a->resource_id == b->resource_id && rc_str_eq(a->rrule, b->rrule) &&
	       a->wall_start_min == b->wall_start_min && a->wall_end_min == b->wall_end_min &&
	       a->valid_from == b->valid_from && a->valid_to == b->valid_to;
}

int import_hours(struct import *import)
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

int import_exceptions(struct import *import)
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

int import_sessions(struct import *import)
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
