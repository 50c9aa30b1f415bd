#include "rowcast/feed/postgres/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/slot.h"
#include "rowcast/io/clock.h"

#define CONNECT_US 5000000
#define ANSWER_US  20000000

int64_t pgf_watch_us = 10000000;

void pgf_watch_init(struct pgf_watch *watch, const struct pgf_address *address, const struct rc_schema *schema,
		    uint64_t keep_bytes, int epoll_fd)
{
	*watch = (struct pgf_watch){
		.address = address, .schema = schema, .keep_bytes = keep_bytes, .link = {.epoll_fd = epoll_fd}};
	watch->next_us = clock_mono_us() + pgf_watch_us;
}

void pgf_watch_release(struct pgf_watch *watch)
{
	pgf_link_close(&watch->link);
	buf_release(&watch->sql);
}

void pgf_watch_restart(struct pgf_watch *watch)
{
	if (watch->state == PGF_WATCH_IDLE)
		return;
	pgf_link_close(&watch->link);
	watch->state = PGF_WATCH_DOWN;
	watch->next_us = clock_mono_us() + pgf_watch_us;
}

static void down(struct pgf_watch *watch)
{
	pgf_link_close(&watch->link);
	watch->state = PGF_WATCH_DOWN;
	watch->host++;
	watch->next_us = clock_mono_us() + (pgf_watch_us < 1000000 ? pgf_watch_us : 1000000);
}

/* Also our own, when we gave up because it keeps too much. */
static void fat_condition(struct pgf_watch *watch, const char *slot)
{
	char prefix[64];

	pgf_slot_name(prefix, watch->schema->name);
	buf_printf(&watch->sql, "pg_replication_slots WHERE (slot_name ~ '^%s_[1-9][0-9]*$' OR slot_name = ", prefix);
	pgf_append_literal(&watch->sql, slot);
	buf_printf(&watch->sql,
		   ") AND NOT active AND NOT temporary AND database = current_database() AND pg_current_wal_lsn() - "
		   "restart_lsn > %" PRIu64,
		   watch->keep_bytes ? watch->keep_bytes : (uint64_t)INT64_MAX);
}

static void look_sql(struct pgf_watch *watch, const char *slot, const char *publication, bool beat)
{
	struct buf *sql = &watch->sql;
	uint32_t tables = 0;

	buf_clear(sql);
	buf_append_str(sql, RC_STR("SELECT (SELECT value FROM rc_meta WHERE key = 'epoch'), "
				   "(pg_current_wal_lsn() - '0/0')::text, (SELECT (restart_lsn - '0/0')::text FROM "
				   "pg_replication_slots WHERE slot_name = "));
	pgf_append_literal(sql, slot);
	buf_append_str(sql, RC_STR("), (SELECT count(*) FROM pg_publication_tables WHERE schemaname = "
				   "current_schema() AND pubname = "));
	pgf_append_literal(sql, publication);
	buf_append_str(sql, RC_STR(" AND tablename IN (NULL"));
	for (uint32_t i = 0; i < watch->schema->model_count; i++) {
		if (!watch->schema->models[i]->captured)
			continue;
		tables++;
		buf_append_char(sql, ',');
		pgf_append_literal(sql, watch->schema->models[i]->table);
	}
	buf_printf(sql, ")) - %" PRIu32 ", (SELECT count(*) FROM ", tables);
	fat_condition(watch, slot);
	buf_append_char(sql, ')');
	if (beat)
		buf_append_str(sql, RC_STR(", pg_logical_emit_message(true, 'rowcast', '')"));
}

static bool query(struct pgf_watch *watch, unsigned int state)
{
	if (pgf_link_send(&watch->link, buf_cstr(&watch->sql), clock_mono_us() + ANSWER_US, NULL) != RC_OK) {
		down(watch);
		return false;
	}
	watch->state = state;
	return true;
}

static void read_sight(const PGresult *result, struct pgf_sight *sight)
{
	*sight = (struct pgf_sight){
		.head = pgf_u64(result, 0, 1),
		.restart = pgf_u64(result, 0, 2),
		.tables_missing = (uint32_t) - (int64_t)strtoll(pgf_text(result, 0, 3), NULL, 10),
		.fat_slots = (uint32_t)pgf_u64(result, 0, 4),
	};
	snprintf(sight->epoch, sizeof(sight->epoch), "%s", pgf_text(result, 0, 0));
}

static void drop_fat(struct pgf_watch *watch, const char *slot)
{
	buf_clear(&watch->sql);
	buf_append_str(&watch->sql, RC_STR("SELECT slot_name, pg_drop_replication_slot(slot_name) FROM "));
	fat_condition(watch, slot);
	query(watch, PGF_WATCH_DROPPING);
}

static bool looked(struct pgf_watch *watch, const char *slot, struct pgf_sight *sight)
{
	const PGresult *result = watch->link.result;

	if (watch->state == PGF_WATCH_LOOKING) {
		read_sight(result, sight);
		watch->state = PGF_WATCH_IDLE;
		watch->next_us = clock_mono_us() + pgf_watch_us;
		if (sight->fat_slots > 0)
			drop_fat(watch, slot);
		return true;
	}
	for (int i = 0; i < PQntuples(result); i++)
		log_event(LOG_WARN, "feed-slot-dropped",
			  "a replication slot was dropped: it kept more log than is allowed, and nobody read it",
			  LOG_S("slot", pgf_text(result, i, 0)));
	watch->state = PGF_WATCH_IDLE;
	return false;
}

bool pgf_watch_step(struct pgf_watch *watch, const char *slot, const char *publication, bool beat,
		    struct pgf_sight *sight)
{
	struct rc_fault fault = {0};
	int rc = RC_OK;

	if (watch->state <= PGF_WATCH_IDLE && watch->state != PGF_WATCH_CONNECTING && clock_mono_us() < watch->next_us)
		return false;
	if (watch->state == PGF_WATCH_DOWN) {
		pgf_link_open(&watch->link, watch->address, watch->host, PGF_SQL, clock_mono_us() + CONNECT_US);
		watch->state = PGF_WATCH_CONNECTING;
	}
	if (watch->state == PGF_WATCH_CONNECTING) {
		rc = pgf_link_connect(&watch->link, &fault);
		if (rc == RC_OK)
			watch->state = PGF_WATCH_IDLE;
	}
	if (watch->state == PGF_WATCH_IDLE) {
		look_sql(watch, slot, publication, beat);
		query(watch, PGF_WATCH_LOOKING);
		return false;
	}
	if (rc == RC_OK && watch->state != PGF_WATCH_DOWN)
		rc = pgf_link_result(&watch->link, &fault);
	if (rc == RC_OK && watch->state != PGF_WATCH_DOWN)
		return looked(watch, slot, sight);
	if (rc != RC_AGAIN) {
		log_event(LOG_INFO, "feed-watch", "what the server keeps cannot be asked now",
			  LOG_S("reason", fault.message));
		down(watch);
	}
	return false;
}
