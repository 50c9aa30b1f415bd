/*
 * The reader's thread. The connection is opened at the first lookup and again after one failed, so that a database that
 * comes back is found without a restart.
 */
#include "slotcast/api/reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"

#define BUSY_TIMEOUT_US 1000000
#define BACKLOG_MAX     20000

struct reader {
	pthread_t thread;
	struct loop *loop;
	const char *url;
	const struct store *store;
	struct rc_db *db; /* NULL: not open */
	int host;         /* that it is open on */
};

static void *run(void *arg)
{
	struct reader *reader = arg;

	pthread_setname_np(pthread_self(), "reader");
	rc_check(loop_run(reader->loop) == 0);
	rc_db_close(reader->db);
	return NULL;
}

int reader_start(struct reader **out, const char *url, const struct store *store, struct rc_fault *fault)
{
	struct reader *reader = rc_xcalloc(1, sizeof(*reader));
	int err;

	reader->url = url;
	reader->store = store;
	err = loop_create(&reader->loop, fault);
	if (err)
		goto out;
	loop_set_backlog(reader->loop, BACKLOG_MAX);
	if (pthread_create(&reader->thread, NULL, run, reader)) {
		loop_destroy(reader->loop);
		err = rc_fault_set(fault, RC_IO, "cannot start the reader's thread");
	}
out:
	if (err)
		free(reader);
	else
		*out = reader;
	return err;
}

void reader_stop(struct reader *reader)
{
	loop_stop(reader->loop);
	pthread_join(reader->thread, NULL);
	loop_destroy(reader->loop);
	free(reader);
}

struct loop *reader_loop(const struct reader *reader)
{
	return reader->loop;
}

static void fill(struct reader_booking *out, const struct booking *row)
{
	out->booking = (struct store_booking){
		.ref = row->ref,
		.state = booking_state_parse(row->state),
		.service_id = row->service_id,
		.resource_id = row->resource_id,
		.starts_us = row->starts_at,
		.ends_us = row->ends_at,
		.party = row->party,
		.hold_expires_us = row->hold_expires_at,
		.version = row->version,
		.tz = row->tz,
	};
	out->updated_us = row->updated_at;
}

static int look_up(struct rc_tx *tx, struct rc_arena *arena, struct rc_str ref, struct reader_booking *out)
{
	struct booking_query *query = booking_query(tx, arena);
	struct booking *row;
	struct service *service;
	struct resource *resource;
	struct venue *venue;
	int err;

	booking_where_ref_eq(query, ref);
	err = booking_one(query, &row);
	if (!err)
		err = service_get(tx, arena, row->service_id, &service);
	if (!err)
		err = resource_get(tx, arena, row->resource_id, &resource);
	if (!err)
		err = venue_get(tx, arena, service->venue_id, &venue);
	if (!err && rc_db_dialect(rc_tx_db(tx)) == RC_SQLITE)
		err = rc_tx_log_head(tx, &out->log_head);
	if (err)
		return err;
	fill(out, row);
	out->service_name = service->name;
	out->resource_name = resource->name;
	out->venue_slug = venue->slug;
	out->venue_name = venue->name;
	out->venue_phone = venue->contact_phone;
	out->venue_email = venue->contact_email;
	return 0;
}

int reader_booking(struct reader *reader, struct rc_arena *arena, struct rc_str ref, struct reader_booking *out)
{
	struct rc_db_options options = {
		.access = RC_READ, .busy_timeout_us = BUSY_TIMEOUT_US, .host = store_host(reader->store)};
	struct rc_fault fault = {0};
	struct rc_tx *tx;
	int err = 0;

	if (reader->db && reader->host != options.host) {
		rc_db_close(reader->db);
		reader->db = NULL;
	}
	reader->host = options.host;
	if (!reader->db)
		err = rc_db_open(&reader->db, reader->url, &slotcast_schema, &options, &fault);
	if (!err) {
		err = rc_tx_begin(reader->db, RC_READ, &tx);
		if (!err) {
			err = look_up(tx, arena, ref, out);
			rc_tx_rollback(tx);
		}
		if (err && err != RC_NOT_FOUND)
			fault = *rc_db_fault(reader->db);
	}
	if (err && err != RC_NOT_FOUND) {
		log_event(LOG_WARN, "read-failed", "a booking could not be looked up", LOG_S("reason", fault.message));
		rc_db_close(reader->db);
		reader->db = NULL;
	}
	return err;
}
