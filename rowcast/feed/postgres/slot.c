#include "rowcast/feed/postgres/slot.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "rowcast/base/log.h"
#include "rowcast/io/clock.h"

#define QUERY_US  10000000
#define CREATE_US 60000000
#define SLICE_US  1000000

void pgf_slot_name(char out[64], const char *name)
{
	size_t i = 0;

	for (; name[i] && i < 48; i++) {
		char c = name[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[i] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
	}
	out[i] = 0;
}

void pgf_slot_list_sql(struct buf *out, const char *prefix, const char *name, int server_version)
{
	buf_append_str(out, RC_STR("SELECT slot_name, substring(slot_name FROM '_([0-9]{1,4})$'), active, "
				   "coalesce(database = current_database() AND plugin = 'pgoutput', false), "));
	buf_append_str(out, server_version >= 130000 ? RC_STR("wal_status = 'lost', ") : RC_STR("false, "));
	buf_append_str(out, RC_STR("(coalesce(pg_current_wal_lsn() - restart_lsn, 0))::text FROM pg_replication_slots "
				   "WHERE NOT temporary AND (slot_name ~ "));
	buf_printf(out, "'^%s_[1-9][0-9]*$'", prefix);
	if (name) {
		buf_append_str(out, RC_STR(" OR slot_name = "));
		pgf_append_literal(out, name);
	}
	buf_append_str(out, RC_STR(") ORDER BY length(slot_name), slot_name"));
}

int pgf_slot_drop(PGconn *sql, const char *slot, const char *why, struct rc_fault *fault)
{
	struct buf text = BUF_INIT;
	int rc;

	buf_append_str(&text, RC_STR("SELECT pg_drop_replication_slot("));
	pgf_append_literal(&text, slot);
	buf_append_char(&text, ')');
	rc = pgf_do(sql, buf_cstr(&text), clock_mono_us() + QUERY_US, fault);
	if (rc == RC_OK)
		log_event(LOG_WARN, "feed-slot-dropped", "a replication slot was dropped", LOG_S("slot", slot),
			  LOG_S("reason", why));
	buf_release(&text);
	return rc;
}

/* Why the server makes us wait: a sentence that a person can act on. */
static int slow(PGconn *conn, struct rc_fault *fault)
{
	char place[160];

	return rc_fault_set(fault, RC_TIMEOUT,
			    "%s did not make a replication slot in %d s: it waits for transactions that are open; end "
			    "them (SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL "
			    "ORDER BY xact_start)",
			    pgf_place(conn, place), CREATE_US / 1000000);
}

/* Send and wait in slices, so that the caller's other connection is looked after. */
static int run_patiently(PGconn *conn, const char *sql, int64_t deadline_us, void (*wait)(void *arg), void *arg,
			 PGresult **out, struct rc_fault *fault)
{
	int rc;

	*out = NULL;
	if (!PQsendQuery(conn, sql))
		return pgf_refused(conn, NULL, fault);
	for (;;) {
		PGresult *result;
		int64_t slice_us = clock_mono_us() + SLICE_US;

		rc = pgf_result(conn, slice_us < deadline_us ? slice_us : deadline_us, &result);
		if (rc == RC_TIMEOUT && clock_mono_us() < deadline_us) {
			if (wait)
				wait(arg);
			continue;
		}
		if (rc != RC_OK || !result)
			break;
		PQclear(*out);
		*out = result;
	}
	if (rc == RC_TIMEOUT)
		return slow(conn, fault);
	if (rc != RC_OK || !*out || PQresultStatus(*out) == PGRES_FATAL_ERROR)
		return pgf_refused(conn, *out, fault);
	return RC_OK;
}

static int create(PGconn *replication, const char *slot, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	PGresult *result;
	char place[160];
	int rc;

	buf_append_str(&sql, RC_STR("CREATE_REPLICATION_SLOT "));
	pgf_append_name(&sql, slot);
	buf_append_str(&sql, RC_STR(" LOGICAL pgoutput NOEXPORT_SNAPSHOT"));
	rc = run_patiently(replication, buf_cstr(&sql), clock_mono_us() + CREATE_US, NULL, NULL, &result, fault);
	if (rc == RC_OK)
		log_event(LOG_INFO, "feed-slot", "a replication slot was made", LOG_S("slot", slot));
	else if (pgf_state_is(result, "42710"))
		rc = RC_BUSY; /* somebody was faster */
	else if (pgf_state_is(result, "53400"))
		rc = rc_fault_set(fault, RC_LIMIT,
				  "%s has no replication slot left; raise max_replication_slots (ALTER SYSTEM SET "
				  "max_replication_slots = …, and restart it), or drop one that nobody reads",
				  pgf_place(replication, place));
	PQclear(result);
	buf_release(&sql);
	return rc;
}

/* Row `i` of the list can be read by us: free, ours, and not keeping too much. Lost or fat ones are dropped. */
static bool take(PGconn *sql, const PGresult *list, int i, uint64_t keep_bytes)
{
	const char *slot = pgf_text(list, i, 0);
	const char *why = NULL;

	if (pgf_bool(list, i, 2) || !pgf_bool(list, i, 3))
		return false;
	if (pgf_bool(list, i, 4))
		why = "the server has removed log that it needs";
	else if (keep_bytes && pgf_u64(list, i, 5) > keep_bytes)
		why = "it kept more log than is allowed, and nobody read it";
	if (!why)
		return true;
	(void)!pgf_slot_drop(sql, slot, why, NULL);
	return false;
}

static int choose_named(PGconn *sql, PGconn *replication, const PGresult *list, const char *name, uint64_t keep_bytes,
			char slot[64], struct rc_fault *fault)
{
	char place[160];

	pgf_slot_name(slot, name);
	for (int i = 0; i < PQntuples(list); i++) {
		if (strcmp(pgf_text(list, i, 0), slot) != 0)
			continue;
		if (pgf_bool(list, i, 2) || !pgf_bool(list, i, 3))
			return rc_fault_set(
				fault, RC_BUSY,
				"replication slot %s is used by another program or database (%s); give this "
				"one another name",
				slot, pgf_place(sql, place));
		if (take(sql, list, i, keep_bytes))
			return RC_OK;
	}
	return create(replication, slot, fault);
}

static int choose_free(PGconn *sql, PGconn *replication, const PGresult *list, const char *prefix, uint64_t keep_bytes,
		       uint64_t *avoid, char slot[64], struct rc_fault *fault)
{
	uint64_t there = 0;
	char place[160];

	for (int i = 0; i < PQntuples(list); i++) {
		uint64_t number = pgf_u64(list, i, 1);

		if (number < 1 || number > PGF_SLOTS_MAX)
			continue;
		if (!(*avoid >> number & 1) && take(sql, list, i, keep_bytes)) {
			*avoid |= UINT64_C(1) << number;
			snprintf(slot, 64, "%s", pgf_text(list, i, 0));
			return RC_OK;
		}
		there |= UINT64_C(1) << number;
	}
	for (uint64_t number = 1; number <= PGF_SLOTS_MAX; number++) {
		int rc;

		if ((there | *avoid) >> number & 1)
			continue;
		*avoid |= UINT64_C(1) << number;
		snprintf(slot, 64, "%.52s_%" PRIu64, prefix, number);
		rc = create(replication, slot, fault);
		if (rc != RC_BUSY)
			return rc;
	}
	return rc_fault_set(fault, RC_LIMIT,
			    "%d replication slots named %s_… are in use on %s; drop those that nobody needs (SELECT "
			    "pg_drop_replication_slot('…'))",
			    PGF_SLOTS_MAX, prefix, pgf_place(sql, place));
}

int pgf_slot_choose(PGconn *sql, PGconn *replication, const struct rc_schema *schema,
		    const struct rc_feed_options *options, uint64_t *avoid, char slot[64], struct rc_fault *fault)
{
	struct buf text = BUF_INIT;
	PGresult *list;
	char prefix[64], name[64];
	int rc;

	pgf_slot_name(prefix, schema->name);
	if (options->name)
		pgf_slot_name(name, options->name);
	pgf_slot_list_sql(&text, prefix, options->name ? name : NULL, PQserverVersion(sql));
	rc = pgf_run(sql, buf_cstr(&text), clock_mono_us() + QUERY_US, &list, fault);
	if (rc == RC_OK && options->name)
		rc = choose_named(sql, replication, list, name, options->keep_bytes, slot, fault);
	else if (rc == RC_OK)
		rc = choose_free(sql, replication, list, prefix, options->keep_bytes, avoid, slot, fault);
	PQclear(list);
	buf_release(&text);
	return rc;
}

int pgf_slot_snapshot(PGconn *replication, int64_t deadline_us, void (*wait)(void *arg), void *arg, uint64_t *at,
		      char name[64], struct rc_fault *fault)
{
	char sql[160], place[160];
	PGresult *result;
	int rc;

	snprintf(sql, sizeof(sql),
		 "CREATE_REPLICATION_SLOT \"rowcast_copy_%08" PRIx32 "%08" PRIx32
		 "\" TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT",
		 randombytes_random(), randombytes_random());
	rc = run_patiently(replication, sql, deadline_us, wait, arg, &result, fault);
	if (rc == RC_OK) {
		snprintf(name, 64, "%s", pgf_text(result, 0, 2));
		if (!*name || pgf_lsn_parse(pgf_text(result, 0, 1), at) != RC_OK)
			rc = rc_fault_set(fault, RC_CORRUPT, "%s made a slot without a snapshot",
					  pgf_place(replication, place));
	} else if (pgf_state_is(result, "53400")) {
		rc = rc_fault_set(fault, RC_LIMIT,
				  "%s has no replication slot left for reading the tables; raise max_replication_slots "
				  "(ALTER SYSTEM SET max_replication_slots = …, and restart it)",
				  pgf_place(replication, place));
	}
	PQclear(result);
	return rc;
}
