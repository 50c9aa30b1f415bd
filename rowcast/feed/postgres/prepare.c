/* May the log be read, and what it takes: every refusal names the server, what is missing, and the statement for it. */
#include "rowcast/feed/postgres/prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/feed/postgres/log.h"
#include "rowcast/feed/postgres/slot.h"
#include "rowcast/io/clock.h"

#define VERSION_MIN 120000

void log_publication_name(char out[80], const struct rc_schema *schema)
{
	char name[64];

	pgf_slot_name(name, schema->name);
	snprintf(out, 80, "rowcast_%s", name);
}

void pgf_tables_append(struct buf *out, const struct rc_schema *schema, bool names)
{
	bool first = true;

	for (uint32_t i = 0; i < schema->model_count; i++) {
		if (!schema->models[i]->captured)
			continue;
		if (!first)
			buf_append_str(out, RC_STR(", "));
		first = false;
		if (names)
			pgf_append_name(out, schema->models[i]->table);
		else
			pgf_append_literal(out, schema->models[i]->table);
	}
}

int pgf_prepare_begin(PGconn *conn, struct rc_fault *fault)
{
	int64_t deadline_us = clock_mono_us() + PGF_PREPARE_US;
	int rc = pgf_do(conn, "BEGIN", deadline_us, fault);

	if (rc == RC_OK)
		rc = pgf_do(conn, "SET LOCAL lock_timeout = '10s'", deadline_us, fault);
	return rc == RC_OK
		       ? pgf_do(conn, "SELECT pg_advisory_xact_lock(hashtext('rowcast prepare'))", deadline_us, fault)
		       : rc;
}

/* Settings and privileges, one row. */
#define SERVER_SQL                                                                                                     \
	"SELECT pg_is_in_recovery(), current_setting('wal_level'), r.rolreplication OR r.rolsuper, current_user, "     \
	"current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots), "                \
	"current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication), "                       \
	"current_setting('max_replication_slots'), current_setting('max_wal_senders'), "                               \
	"has_database_privilege(current_database(), 'CREATE'), current_database(), "                                   \
	"(SELECT count(*) FROM pg_replication_slots WHERE NOT active AND database = current_database() AND "           \
	"slot_name ~ '^%s_[1-9][0-9]*$') FROM pg_roles r WHERE r.rolname = current_user"

struct server {
	char place[160];
	bool may_create;
	char user[64], database[64];
};

static int check_room(const PGresult *result, const char *place, struct rc_fault *fault)
{
	int64_t slots = strtoll(pgf_text(result, 0, 4), NULL, 10) + strtoll(pgf_text(result, 0, 10), NULL, 10);
	int64_t senders = strtoll(pgf_text(result, 0, 5), NULL, 10);

	if (slots < 2) /* ours, and one while the tables are read */
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s has no two replication slots left (max_replication_slots is %s); as superuser: "
				    "ALTER SYSTEM SET max_replication_slots = 20; then restart the server",
				    place, pgf_text(result, 0, 6));
	if (senders < 2)
		return rc_fault_set(
			fault, RC_MISMATCH,
			"%s has no two WAL senders left (max_wal_senders is %s); as superuser: ALTER SYSTEM "
			"SET max_wal_senders = 20; then restart the server",
			place, pgf_text(result, 0, 7));
	return RC_OK;
}

static int check_settings(const PGresult *result, struct server *server, struct rc_fault *fault)
{
	const char *place = server->place;

	snprintf(server->user, sizeof(server->user), "%s", pgf_text(result, 0, 3));
	snprintf(server->database, sizeof(server->database), "%s", pgf_text(result, 0, 9));
	server->may_create = pgf_bool(result, 0, 8);
	if (pgf_bool(result, 0, 0))
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s is a standby, whose log cannot be followed; name the primary in the URL",
				    place);
	if (strcmp(pgf_text(result, 0, 1), "logical") != 0)
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s has wal_level = %s; as superuser: ALTER SYSTEM SET wal_level = logical; then "
				    "restart the server",
				    place, pgf_text(result, 0, 1));
	if (!pgf_bool(result, 0, 2))
		return rc_fault_set(fault, RC_MISMATCH,
				    "role %s may not replicate from %s; as superuser: ALTER ROLE \"%s\" REPLICATION",
				    server->user, place, server->user);
	return check_room(result, place, fault);
}

static int check_server(PGconn *conn, const struct rc_schema *schema, struct server *server, struct rc_fault *fault)
{
	char sql[1536], prefix[64];
	PGresult *result;
	int rc;

	pgf_place(conn, server->place);
	if (PQserverVersion(conn) < VERSION_MIN)
		return rc_fault_set(fault, RC_MISMATCH, "%s is PostgreSQL %d; its log can be followed from 12 on",
				    server->place, PQserverVersion(conn) / 10000);
	pgf_slot_name(prefix, schema->name);
	snprintf(sql, sizeof(sql), SERVER_SQL, prefix);
	rc = pgf_run(conn, sql, clock_mono_us() + PGF_PREPARE_US, &result, fault);
	if (rc == RC_OK)
		rc = check_settings(result, server, fault);
	PQclear(result);
	return rc;
}

/* One table; *alter: its replica identity has to be set. */
static int check_table(const PGresult *list, int i, const struct server *server, bool install, bool *alter,
		       struct rc_fault *fault)
{
	const char *table = pgf_text(list, i, 0);

	*alter = false;
	if (!pgf_bool(list, i, 1))
		return rc_fault_set(fault, RC_MISMATCH, "%s has no table %s; run the migrations", server->place, table);
	if (!pgf_bool(list, i, 2))
		return rc_fault_set(
			fault, RC_MISMATCH,
			"table %s of %s has no primary key; give it one: ALTER TABLE \"%s\" ADD PRIMARY KEY (…)", table,
			server->place, table);
	if (*pgf_text(list, i, 3) != 'p')
		return rc_fault_set(fault, RC_MISMATCH,
				    "table %s of %s is not in the log; ALTER TABLE \"%s\" SET LOGGED", table,
				    server->place, table);
	if (*pgf_text(list, i, 4) == 'f')
		return RC_OK;
	if (!install || !pgf_bool(list, i, 5))
		return rc_fault_set(
			fault, RC_MISMATCH,
			"table %s of %s does not write whole old rows into the log; as its owner: ALTER TABLE "
			"\"%s\" REPLICA IDENTITY FULL",
			table, server->place, table);
	*alter = true;
	return RC_OK;
}

static int prepare_tables(PGconn *conn, const struct rc_schema *schema, const struct server *server, bool install,
			  struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	PGresult *list;
	int rc;

	buf_append_str(&sql, RC_STR("SELECT t.name, c.oid IS NOT NULL, EXISTS (SELECT FROM pg_index i WHERE i.indrelid "
				    "= c.oid AND i.indisprimary), c.relpersistence, c.relreplident, "
				    "pg_has_role(c.relowner, 'USAGE') FROM unnest(ARRAY["));
	pgf_tables_append(&sql, schema, false);
	buf_append_str(&sql, RC_STR("]) t(name) LEFT JOIN pg_class c ON c.relname = t.name AND c.relnamespace = "
				    "current_schema()::regnamespace AND c.relkind IN ('r', 'p') ORDER BY t.name"));
	rc = pgf_run(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, &list, fault);
	for (int i = 0; rc == RC_OK && i < PQntuples(list); i++) {
		bool alter;

		rc = check_table(list, i, server, install, &alter, fault);
		if (rc != RC_OK || !alter)
			continue;
		buf_clear(&sql);
		buf_append_str(&sql, RC_STR("ALTER TABLE "));
		pgf_append_name(&sql, pgf_text(list, i, 0));
		buf_append_str(&sql, RC_STR(" REPLICA IDENTITY FULL"));
		rc = pgf_do(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, fault);
	}
	PQclear(list);
	buf_release(&sql);
	return rc;
}

/* What a DBA has to run; the whole statement in the fault, as far as there is room. */
static int ask_for_publication(PGconn *conn, const struct rc_schema *schema, const struct server *server,
			       const char *name, const char *why, bool there, struct rc_fault *fault)
{
	struct buf tables = BUF_INIT;
	int rc;

	pgf_tables_append(&tables, schema, true);
	rc = rc_fault_set(fault, RC_MISMATCH, "%s: %s; as superuser: %s%s%s PUBLICATION %s %s TABLE %s", server->place,
			  why, there ? "" : "GRANT CREATE ON DATABASE … TO …, or ", there ? "ALTER" : "CREATE", "",
			  name, there ? "SET" : "FOR", buf_cstr(&tables));
	buf_release(&tables);
	return rc;
}

static int exists(PGconn *conn, const char *table, bool *there, struct rc_fault *fault)
{
	PGresult *result;
	char sql[128];
	int rc;

	snprintf(sql, sizeof(sql), "SELECT to_regclass(quote_ident(current_schema()) || '.%s') IS NOT NULL", table);
	rc = pgf_run(conn, sql, clock_mono_us() + PGF_PREPARE_US, &result, fault);
	*there = rc == RC_OK && pgf_bool(result, 0, 0);
	PQclear(result);
	return rc;
}

/* What the tables were before was not in the log: positions from then must not go on. */
static int end_epoch(PGconn *conn, struct rc_fault *fault)
{
	bool there;
	int rc = exists(conn, "rc_meta", &there, fault);

	if (rc != RC_OK || !there)
		return rc;
	return pgf_do(conn, "DELETE FROM rc_meta WHERE key = 'epoch'", clock_mono_us() + PGF_PREPARE_US, fault);
}

static int run_publication(PGconn *conn, const struct rc_schema *schema, const char *format, const char *name,
			   struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_append_str(&sql, rc_str_from(format));
	buf_append_str(&sql, RC_STR(" PUBLICATION "));
	pgf_append_name(&sql, name);
	buf_append_str(&sql, *format == 'C' ? RC_STR(" FOR TABLE ") : RC_STR(" SET TABLE "));
	pgf_tables_append(&sql, schema, true);
	rc = pgf_do(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, fault);
	buf_release(&sql);
	return rc == RC_OK ? end_epoch(conn, fault) : rc;
}

static void publication_sql(PGconn *conn, const struct rc_schema *schema, const char *name, struct buf *sql)
{
	buf_append_str(sql,
		       RC_STR("SELECT pg_has_role(p.pubowner, 'USAGE'), p.puballtables, p.pubinsert AND "
			      "p.pubupdate AND p.pubdelete AND p.pubtruncate, (SELECT count(*) FROM unnest(ARRAY["));
	pgf_tables_append(sql, schema, false);
	buf_append_str(sql, RC_STR("]) t(name) WHERE NOT EXISTS (SELECT FROM pg_publication_tables x WHERE x.pubname = "
				   "p.pubname AND x.schemaname = current_schema() AND x.tablename = t.name)), "));
	buf_append_str(sql, PQserverVersion(conn) >= 150000
				    ? RC_STR("EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND "
					     "(r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))")
				    : RC_STR("false"));
	buf_append_str(sql, RC_STR(" FROM pg_publication p WHERE p.pubname = "));
	pgf_append_literal(sql, name);
}

static int prepare_publication(PGconn *conn, const struct rc_schema *schema, const struct server *server, bool install,
			       struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	char name[80];
	PGresult *result;
	int rc;

	log_publication_name(name, schema);
	publication_sql(conn, schema, name, &sql);
	rc = pgf_run(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, &result, fault);
	if (rc != RC_OK)
		goto out;
	if (PQntuples(result) == 0) {
		rc = install && server->may_create
			     ? run_publication(conn, schema, "CREATE", name, fault)
			     : ask_for_publication(conn, schema, server, name,
						   "there is no publication, and this role may not make it", false,
						   fault);
		goto out;
	}
	if (!pgf_bool(result, 0, 2))
		rc = rc_fault_set(
			fault, RC_MISMATCH,
			"publication %s of %s leaves out kinds of changes; as its owner: ALTER PUBLICATION %s "
			"SET (publish = 'insert, update, delete, truncate')",
			name, server->place, name);
	else if (pgf_bool(result, 0, 4) || (pgf_u64(result, 0, 3) > 0 && !pgf_bool(result, 0, 1)))
		rc = install && pgf_bool(result, 0, 0)
			     ? run_publication(conn, schema, "ALTER", name, fault)
			     : ask_for_publication(conn, schema, server, name,
						   "the publication lacks tables, or filters rows or columns", true,
						   fault);
out:
	PQclear(result);
	buf_release(&sql);
	return rc;
}

int pgf_triggers_remove(PGconn *conn, const struct rc_schema *schema, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	bool there;
	int rc = exists(conn, "rc_log", &there, fault);

	if (rc != RC_OK || !there)
		return rc;
	for (uint32_t i = 0; i < schema->model_count; i++) {
		static const char *const triggers[] = {"rc_capture", "rc_capture_truncate"};

		for (size_t k = 0; schema->models[i]->captured && k < 2; k++) {
			buf_printf(&sql, "DROP TRIGGER IF EXISTS %s ON ", triggers[k]);
			pgf_append_name(&sql, schema->models[i]->table);
			buf_append_char(&sql, ';');
		}
	}
	buf_append_str(&sql, RC_STR("DROP FUNCTION IF EXISTS rc_capture(); DROP FUNCTION IF EXISTS "
				    "rc_capture_truncate(); DROP TABLE rc_log"));
	rc = pgf_do(conn, buf_cstr(&sql), clock_mono_us() + PGF_PREPARE_US, fault);
	buf_release(&sql);
	return rc;
}

static int prepare(PGconn *conn, const struct rc_schema *schema, bool install, struct rc_fault *fault)
{
	struct server server = {0};
	int rc = check_server(conn, schema, &server, fault);

	if (rc == RC_OK && install)
		rc = pgf_prepare_begin(conn, fault);
	if (rc == RC_OK)
		rc = prepare_tables(conn, schema, &server, install, fault);
	if (rc == RC_OK)
		rc = prepare_publication(conn, schema, &server, install, fault);
	if (rc == RC_OK && install)
		rc = pgf_triggers_remove(conn, schema, fault);
	return rc == RC_OK && install ? pgf_do(conn, "COMMIT", clock_mono_us() + PGF_PREPARE_US, fault) : rc;
}

int log_prepare(const char *url, const struct rc_schema *schema, const struct rc_feed_options *options, bool install,
		struct rc_fault *fault)
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
