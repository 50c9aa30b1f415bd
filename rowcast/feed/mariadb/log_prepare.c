/* Whether the binlog says all that the feed needs; each refusal with the server and the statement that mends it. */
#include "rowcast/feed/mariadb/log.h"

#include <stdio.h>
#include <string.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/dump.h"
#include "rowcast/feed/mariadb/prepare.h"

static const struct {
	const char *variable, *must_be;
	const char *why; /* what is wrong otherwise, and what mends it */
} settings[] = {
	{"log_bin", "1", "it has no binlog; write log_bin=binlog under [mariadbd] in its configuration and restart it"},
	{"binlog_format", "ROW",
	 "the binlog holds statements instead of rows; run SET GLOBAL binlog_format = ROW and write binlog_format=ROW "
	 "into "
	 "its configuration"},
	{"binlog_row_image", "FULL",
	 "the binlog holds parts of rows only; run SET GLOBAL binlog_row_image = FULL and write binlog_row_image=FULL "
	 "into "
	 "its configuration"},
	{"binlog_row_metadata", "FULL",
	 "the binlog does not name columns; run SET GLOBAL binlog_row_metadata = FULL and write "
	 "binlog_row_metadata=FULL "
	 "into its configuration"},
	{"sync_binlog", "1",
	 "the binlog may lose transactions in a crash; run SET GLOBAL sync_binlog = 1 and write sync_binlog=1 into its "
	 "configuration"},
};

static int check_settings(struct link *link, struct rc_fault *fault)
{
	char sql[64], value[64];
	int rc;

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(sql, sizeof(sql), "SELECT @@global.%s", settings[i].variable);
		rc = maria_link_text(link, sql, "ask for its settings", value, sizeof(value), fault);
		if (rc != RC_OK)
			return rc;
		if (strcasecmp(value, settings[i].must_be) != 0)
			return rc_fault_set(fault, RC_MISMATCH, "%s: %s is %s: %s", link->name, settings[i].variable,
					    value, settings[i].why);
	}
	return RC_OK;
}

static void warn(struct link *link, const char *sql, const char *good, const char *message)
{
	struct rc_fault ignored;
	char value[64];

	if (maria_link_text(link, sql, "ask for its settings", value, sizeof(value), &ignored) == RC_OK &&
	    strcmp(value, good) != 0)
		log_event(LOG_WARN, "feed-setting", message, LOG_S("server", link->name));
}

static int no_privilege(struct link *link, struct rc_fault *fault)
{
	char user[192];
	int rc = maria_link_text(link, "SELECT CURRENT_USER()", "ask for the user", user, sizeof(user), fault);
	char *at = strrchr(user, '@');

	if (rc != RC_OK)
		return rc;
	return rc_fault_set(
		fault, RC_MISMATCH,
		"%s: user %s may not read the binlog; run GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO "
		"'%.*s'@'%s'",
		link->name, user, (int)(at ? at - user : 0), user, at ? at + 1 : "%");
}

/* A list of databases as the server writes it: "a,b". */
static bool lists(const char *list, const char *database)
{
	struct rc_str rest = rc_str_from(list);

	while (rest.len) {
		if (rc_str_is(rc_str_cut(&rest, ','), database))
			return true;
	}
	return false;
}

/* Is this database written into the binlog, and may we read where it stands? */
static int check_filters(struct link *link, const char *database, char file[512], struct rc_fault *fault)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc = maria_link_rows(link, "SHOW MASTER STATUS", "ask for the binlog's state", &rows, fault);

	if (rc == RC_MISMATCH)
		return no_privilege(link, fault);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (!row || !row[0])
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: it has no binlog", link->name);
	else if ((row[2] && *row[2] && !lists(row[2], database)) || (row[3] && lists(row[3], database)))
		rc = rc_fault_set(
			fault, RC_MISMATCH,
			"%s: the database is left out of the binlog (binlog_do_db, binlog_ignore_db); mend its "
			"configuration and restart it",
			link->name);
	else
		snprintf(file, 512, "%s", row[0]);
	mysql_free_result(rows);
	return rc;
}

/* The surest way to know whether we may. */
static int try_dump(const struct url *url, const char *file, struct rc_fault *fault)
{
	struct dump dump = {0};
	const uint8_t *event;
	size_t len;
	int rc = maria_link_open(&dump.link, url, LINK_ANSWER_US, fault);

	if (rc == RC_OK)
		rc = maria_dump_begin(&dump, NULL, file, fault);
	if (rc == RC_OK)
		rc = maria_dump_next(&dump, &event, &len, fault);
	maria_dump_close(&dump);
	return rc;
}

static int check(struct link *link, const struct url *url, const struct rc_schema *schema, struct rc_fault *fault)
{
	char file[512];
	int rc = maria_prepare_version(link, fault);

	if (rc == RC_OK)
		rc = check_settings(link, fault);
	if (rc == RC_OK)
		rc = check_filters(link, url->database, file, fault);
	if (rc == RC_OK) {
		rc = try_dump(url, file, fault);
		if (rc == RC_MISMATCH)
			rc = no_privilege(link, fault);
	}
	if (rc == RC_OK)
		rc = maria_prepare_meta(link, fault);
	if (rc == RC_OK)
		rc = maria_prepare_tables(link, schema, fault);
	return rc;
}

int maria_log_prepare(const char *url_text, const struct rc_schema *schema, const struct rc_feed_options *options,
		      bool install, struct rc_fault *fault)
{
	struct rc_arena arena;
	struct url url;
	struct link link = {0};
	int rc;

	rc_arena_init(&arena, 1024);
	rc = maria_link_parse(url_text, &arena, &url, fault);
	if (rc == RC_OK)
		rc = maria_link_open(&link, &url, LINK_ANSWER_US, fault);
	if (rc == RC_OK)
		rc = check(&link, &url, schema, fault);
	if (rc == RC_OK) {
		warn(&link, "SELECT @@global.gtid_strict_mode", "1",
		     "gtid_strict_mode is off: a replica that was written to may take the primary's place unnoticed; "
		     "SET "
		     "GLOBAL gtid_strict_mode = 1 is advised");
		warn(&link, "SELECT @@global.innodb_flush_log_at_trx_commit", "1",
		     "innodb_flush_log_at_trx_commit is not 1: a crash of the machine may lose commits");
	}
	if (rc == RC_OK && install)
		rc = maria_prepare_mark(&link, fault);
	if (rc == RC_OK && install)
		rc = maria_prepare_drop_triggers(&link, fault);
	maria_link_close(&link);
	rc_arena_release(&arena);
	return rc;
}
