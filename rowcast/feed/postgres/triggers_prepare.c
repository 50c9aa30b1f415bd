/* The outbox and its triggers. Safe to run again: what is there already is left alone, so that no table is locked. */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/feed/postgres/log.h"
#include "rowcast/feed/postgres/prepare.h"
#include "rowcast/feed/postgres/slot.h"
#include "rowcast/feed/postgres/triggers.h"
#include "rowcast/io/clock.h"

#define VERSION_MIN 130000 /* xid8, pg_current_snapshot */

/* CACHE 1: ids are drawn one by one, in the order of row locks. */
static const char log_sql[] = "CREATE TABLE IF NOT EXISTS rc_log (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) "
			      "PRIMARY KEY, xid xid8 NOT NULL "
			      "DEFAULT pg_current_xact_id(), at timestamptz NOT NULL DEFAULT clock_timestamp(), tbl "
			      "text NOT NULL, op smallint NOT "
			      "NULL, o0 text, n0 text, o1 text, n1 text);"
			      "CREATE INDEX IF NOT EXISTS rc_log_xid ON rc_log (xid);";

/* The settings are those that the text of values depends on; a writer may have others. */
#define FUNCTION_HEAD                                                                                                  \
	"RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET "                 \
	"extra_float_digits = "                                                                                        \
	"3 SET bytea_output = 'hex' SET datestyle = 'ISO' AS $rc$ "

static void functions_sql(struct buf *sql, const char *space)
{
	buf_append_str(sql,
		       RC_STR("CREATE OR REPLACE FUNCTION rc_capture() " FUNCTION_HEAD
			      "DECLARE o text; n text; o1 text; n1 text; BEGIN "
			      "IF TG_OP <> 'INSERT' THEN o := row_to_json(OLD); "
			      "IF TG_NARGS > 0 AND position(':null' IN o) > 0 THEN o1 := OLD::text; END IF; END IF; "
			      "IF TG_OP <> 'DELETE' THEN n := row_to_json(NEW); "
			      "IF TG_NARGS > 0 AND position(':null' IN n) > 0 THEN n1 := NEW::text; END IF; END IF; "
			      "INSERT INTO "));
	pgf_append_name(sql, space);
	buf_append_str(sql,
		       RC_STR(".rc_log (tbl, op, o0, n0, o1, n1) VALUES (TG_TABLE_NAME, CASE TG_OP WHEN 'INSERT' "
			      "THEN 1 WHEN 'UPDATE' THEN 2 ELSE 3 END, o, n, o1, n1); RETURN NULL; END $rc$;"
			      "CREATE OR REPLACE FUNCTION rc_capture_truncate() " FUNCTION_HEAD "BEGIN INSERT INTO "));
	pgf_append_name(sql, space);
	buf_printf(sql, ".rc_log (tbl, op) VALUES (TG_TABLE_NAME, %d); RETURN NULL; END $rc$;", TRIGGERS_TRUNCATED);
}

static bool has_json(const struct rc_schema *schema, const char *table)
{
	for (uint32_t i = 0; i < schema->model_count; i++) {
		const struct rc_model *model = schema->models[i];

		for (uint32_t k = 0; strcmp(model->table, table) == 0 && k < model->column_count; k++) {
			if (model->columns[k].type == RC_JSON)
				return true;
		}
	}
	return false;
}

/* ALWAYS: also for what logical replication writes. */
static void trigger_sql(struct buf *sql, const char *table, bool json)
{
	struct buf name = BUF_INIT;

	pgf_append_name(&name, table);
	buf_cstr(&name);
	buf_printf(sql,
		   "DROP TRIGGER IF EXISTS rc_capture ON %s; DROP TRIGGER IF EXISTS rc_capture_truncate ON %s;"
		   "CREATE TRIGGER rc_capture AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION "
		   "rc_capture(%s); CREATE TRIGGER rc_capture_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE "
		   "FUNCTION rc_capture_truncate(); ALTER TABLE %s ENABLE ALWAYS TRIGGER rc_capture, ENABLE ALWAYS "
		   "TRIGGER "
		   "rc_capture_truncate;",
		   name.data, name.data, name.data, json ? "'json'" : "", name.data, name.data);
	buf_release(&name);
}

static int check_table(const PGresult *list, int i, const char *place, bool install, bool *make, struct rc_fault *fault)
{
	const char *table = pgf_text(list, i, 0);

	*make = false;
	if (!pgf_bool(list, i, 1))
		return rc_fault_set(fault, RC_MISMATCH, "%s has no table %s; run the migrations", place, table);
	if (!pgf_bool(list, i, 2))
		return rc_fault_set(
			fault, RC_MISMATCH,
			"table %s of %s has no primary key; give it one: ALTER TABLE \"%s\" ADD PRIMARY KEY (…)", table,
			place, table);
	if (pgf_u64(list, i, 4) == 2)
		return RC_OK;
	if (!install)
		return rc_fault_set(fault, RC_MISMATCH, "table %s of %s has no capture triggers; prepare the feed",
				    table, place);
	if (!pgf_bool(list, i, 3))
		return rc_fault_set(
			fault, RC_MISMATCH,
			"table %s of %s belongs to role %s, and only its owner can give it triggers: ALTER TABLE "
			"\"%s\" OWNER TO …, or GRANT \"%s\" TO the program's role",
			table, place, pgf_text(list, i, 5), table, pgf_text(list, i, 5));
	*make = true;
	return RC_OK;
}

static int prepare_tables(PGconn *conn, const struct rc_schema *schema, bool install, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	char place[160];
	PGresult *list;
	int rc;

	pgf_place(conn, place);
	buf_append_str(
		&sql,
		RC_STR("SELECT t.name, c.oid IS NOT NULL, EXISTS (SELECT FROM pg_index i WHERE i.indrelid "
		       "= c.oid AND i.indisprimary), pg_has_role(c.relowner, 'USAGE'), (SELECT count(*) FROM "
		       "pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled = 'A' AND g.tgname IN ('rc_capture', "
		       "'rc_capture_truncate')), pg_get_userbyid(c.relowner) FROM unnest(ARRAY["));
	pgf_tables_append(&sql, schema, false);
	buf_append_str(&sql, RC_STR("]) t(name) LEFT JOIN pg_class c ON c.relname = t.name AND c.relnamespace = "
				    "current_schema()::regnamespace AND c.relkind IN ('r', 'p') ORDER BY t.name"));
	rc = pgf_run(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, &list, fault);
	buf_clear(&sql);
	for (int i = 0; rc == RC_OK && i < PQntuples(list); i++) {
		bool make;

		rc = check_table(list, i, place, install, &make, fault);
		if (make)
			trigger_sql(&sql, pgf_text(list, i, 0), has_json(schema, pgf_text(list, i, 0)));
	}
	PQclear(list);
	if (rc == RC_OK && sql.len > 0)
		rc = pgf_do(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, fault);
	buf_release(&sql);
	return rc;
}

static int make_log(PGconn *conn, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + PGF_PREPARE_US;
	struct buf sql = BUF_INIT;
	PGresult *result;
	int rc = pgf_run(conn, "SELECT current_schema()", deadline_us, &result, fault);

	buf_append_str(&sql, rc_str_from(log_sql));
	functions_sql(&sql, pgf_text(result, 0, 0));
	PQclear(result);
	if (rc == RC_OK)
		rc = pgf_do(conn, "SET LOCAL client_min_messages = warning", deadline_us, fault);
	if (rc == RC_OK)
		rc = pgf_do(conn, buf_cstr(&sql), deadline_us, fault);
	buf_release(&sql);
	return rc;
}

/* Slots that nobody reads keep the server's log for ever; they go where we may. A publication costs nothing, but the next
 * reader would take it as prepared. */
int pgf_publication_remove(PGconn *conn, const struct rc_schema *schema, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + PGF_PREPARE_US;
	char publication[80], prefix[64], sql[512];
	int rc;

	log_publication_name(publication, schema);
	pgf_slot_name(prefix, schema->name);
	snprintf(sql, sizeof(sql),
		 "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots, pg_roles r WHERE r.rolname = "
		 "current_user AND (r.rolsuper OR r.rolreplication) AND NOT active AND database = current_database() "
		 "AND "
		 "slot_name ~ '^%s_[1-9][0-9]*$'",
		 prefix);
	rc = pgf_do(conn, sql, deadline_us, fault);
	snprintf(sql, sizeof(sql),
		 "DO $$ BEGIN IF EXISTS (SELECT FROM pg_publication WHERE pubname = '%s' AND pg_has_role(pubowner, "
		 "'USAGE')) THEN DROP PUBLICATION %s; END IF; END $$",
		 publication, publication);
	return rc == RC_OK ? pgf_do(conn, sql, deadline_us, fault) : rc;
}

static int prepare(PGconn *conn, const struct rc_schema *schema, bool install, struct rc_fault *fault)
{
	char place[160];
	int rc = RC_OK;

	pgf_place(conn, place);
	if (PQserverVersion(conn) < VERSION_MIN)
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s is PostgreSQL %d; changes can be followed by triggers from 13 on", place,
				    PQserverVersion(conn) / 10000);
	if (install) {
		rc = pgf_prepare_begin(conn, fault);
		if (rc == RC_OK)
			rc = make_log(conn, fault);
	}
	if (rc == RC_OK)
		rc = prepare_tables(conn, schema, install, fault);
	if (rc == RC_OK && install)
		rc = pgf_do(conn, "COMMIT", clock_mono_us() + PGF_PREPARE_US, fault);
	return rc == RC_OK && install ? pgf_publication_remove(conn, schema, fault) : rc;
}

int triggers_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options,
		     bool install, struct rc_fault *fault)
{
	struct pgf_address address;
	PGconn *conn;
	int rc = pgf_address_parse(&address, url, fault);

	if (rc != RC_OK)
		return rc;
	rc = pgf_connect(&conn, &address, PGF_SQL, clock_mono_us() + PGF_PREPARE_US, fault);
	if (rc == RC_OK)
		rc = prepare(conn, schema, install, fault);
	PQfinish(conn);
	pgf_address_release(&address);
	return rc;
}
