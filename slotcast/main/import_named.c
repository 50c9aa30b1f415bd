/*
 * The venue, its resources and its services: found again by slug and key, so that their ids stay.
 */
#include "rowcast/io/clock.h"
#include "slotcast/main/import_private.h"

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

int import_venue(struct import *import)
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
	differs |= text_differs(import, what, "currency", &stored->currency, wanted.currency);
	differs |= number_differs(import, what, "limited_threshold in percent", &stored->limited_percent,
				  wanted.limited_percent);
	return differs ? venue_update(import->tx, stored) : 0;
}

/* Claims say what a resource must stay: its kind, and its lanes as far as they are taken from now on. */
static int check_claims(struct import *import, const struct resource *stored, const struct resource *wanted,
			const char *what)
{
	const struct rc_value params[] = {RC_INT_VALUE(stored->id), RC_TIME_VALUE(clock_wall_us())};
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
	const struct rc_value params[] = {RC_INT_VALUE(row->capacity), RC_INT_VALUE(row->capacity),
					  RC_INT_VALUE(row->id), RC_TIME_VALUE(clock_wall_us())};

	return rc_sql_exec(
		import->tx,
		"UPDATE session SET capacity = CASE WHEN taken > ? THEN taken ELSE ? END WHERE resource_id = ?"
		" AND rule_id IS NOT NULL AND ends_at > ?",
		params, 4, NULL);
}

int import_resource(struct import *import, size_t index)
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

static bool price_per_differs(struct import *import, const char *what, struct service *stored,
			      const struct service *wanted)
{
	struct rc_str before = rc_str_from(price_per_name(stored->price_per_person));

	stored->price_per_person = wanted->price_per_person;
	return text_differs(import, what, "price_per", &before, rc_str_from(price_per_name(wanted->price_per_person)));
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
	differs |= text_differs(import, what, "note", &stored->note, wanted->note);
	differs |= text_differs(import, what, "prices in minor units", &stored->prices_minor, wanted->prices_minor);
	differs |= price_per_differs(import, what, stored, wanted);
	return differs;
}

int import_service(struct import *import, size_t index)
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

/* What the file does not have any more. */

static int count(struct import *import, const char *sql, int64_t id, int64_t *out)
{
	const struct rc_value param = RC_INT_VALUE(id);

	return rc_sql_int(import->tx, sql, &param, 1, out);
}

/* Added to *out: rows that stay whatever the file says. */
static int count_more(struct import *import, const char *sql, int64_t id, int64_t *out)
{
	int64_t more = 0;
	int err = count(import, sql, id, &more);

	*out += more;
	return err;
}

static int run(struct import *import, const char *sql, int64_t id)
{
	const struct rc_value param = RC_INT_VALUE(id);

	return rc_sql_exec(import->tx, sql, &param, 1, NULL);
}

static int drop_service(struct import *import, const struct service *row)
{
	int64_t used = 0, linked;
	int err = count_more(import, "SELECT count(*) FROM booking WHERE service_id = ?", row->id, &used);

	if (!err)
		err = count_more(import, "SELECT count(*) FROM waitlist WHERE service_id = ?", row->id, &used);
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

int drop_services(struct import *import)
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
	int64_t used = 0, linked;
	int err = count_more(import, "SELECT count(*) FROM booking WHERE resource_id = ?", row->id, &used);

	if (!err)
		err = count_more(import, "SELECT count(*) FROM claim WHERE resource_id = ?", row->id, &used);
	if (!err)
		err = count_more(import, "SELECT count(*) FROM waitlist WHERE resource_id = ?", row->id, &used);
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

int drop_resources(struct import *import)
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
