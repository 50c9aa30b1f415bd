#include "rowcast/feed/mariadb/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACT "look at the captured tables"

int maria_prepare_version(struct link *link, struct rc_fault *fault)
{
	unsigned long version = mysql_get_server_version(link->mysql);
	const char *name = mysql_get_server_info(link->mysql);

	if (!strstr(name, "MariaDB"))
		return rc_fault_set(fault, RC_MISMATCH, "%s: it is %s; the feed needs MariaDB 10.5 or newer",
				    link->name, name);
	if (version < VERSION_MIN)
		return rc_fault_set(fault, RC_MISMATCH, "%s: it is MariaDB %s; the feed needs 10.5 or newer",
				    link->name, name);
	return RC_OK;
}

int maria_prepare_has_table(struct link *link, const char *table, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	char answer[8];
	int rc;

	buf_append_str(&sql, RC_STR("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
				    "AND table_name = "));
	maria_link_put_text(&sql, table);
	rc = maria_link_text(link, buf_cstr(&sql), ACT, answer, sizeof(answer), fault);
	buf_release(&sql);
	return rc == RC_OK ? *answer != '0' : rc;
}

int maria_prepare_meta(struct link *link, struct rc_fault *fault)
{
	int there = maria_prepare_has_table(link, "rc_meta", fault);

	if (there == 0)
		return rc_fault_set(fault, RC_MISMATCH, "%s: table rc_meta is missing; run the migrations", link->name);
	return there < 0 ? there : RC_OK;
}

int maria_prepare_mark(struct link *link, struct rc_fault *fault)
{
	int there = maria_prepare_has_table(link, "rc_mark", fault);

	if (there != 0)
		return there < 0 ? there : RC_OK;
	return maria_link_run(link,
			      "CREATE TABLE IF NOT EXISTS rc_mark (writer BIGINT UNSIGNED NOT NULL PRIMARY KEY, "
			      "n BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB",
			      "make table rc_mark (the user needs CREATE on the database)", fault);
}

static int check_table(struct link *link, const struct rc_model *model, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc;

	buf_append_str(&sql,
		       RC_STR("SELECT t.engine, (SELECT COUNT(*) FROM information_schema.statistics s WHERE "
			      "s.table_schema = t.table_schema AND s.table_name = t.table_name AND s.index_name = "
			      "'PRIMARY') FROM information_schema.tables t WHERE t.table_schema = DATABASE() AND "
			      "t.table_type = 'BASE TABLE' AND t.table_name = "));
	maria_link_put_text(&sql, model->table);
	rc = maria_link_rows(link, buf_cstr(&sql), ACT, &rows, fault);
	buf_release(&sql);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (!row)
		rc = rc_fault_set(fault, RC_MISMATCH, "%s: table %s is missing; run the migrations", link->name,
				  model->table);
	else if (!row[0] || strcmp(row[0], "InnoDB") != 0)
		rc = rc_fault_set(
			fault, RC_MISMATCH,
			"%s: table %s is kept by the engine %s, which has no transactions; run ALTER TABLE `%s` "
			"ENGINE=InnoDB",
			link->name, model->table, row[0] ? row[0] : "?", model->table);
	else if (strcmp(row[1], "0") == 0)
		rc = rc_fault_set(fault, RC_MISMATCH,
				  "%s: table %s has no primary key, so nobody could tell which row changed; run ALTER "
				  "TABLE `%s` ADD PRIMARY KEY (…)",
				  link->name, model->table, model->table);
	mysql_free_result(rows);
	return rc;
}

/* Rows that a foreign key changes are seen by neither the binlog nor triggers. */
static int check_cascades(struct link *link, const struct rc_model *model, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc;

	buf_append_str(&sql,
		       RC_STR("SELECT constraint_name, referenced_table_name, IF(delete_rule NOT IN ('RESTRICT', "
			      "'NO ACTION'), CONCAT('ON DELETE ', delete_rule), CONCAT('ON UPDATE ', update_rule)) "
			      "FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() "
			      "AND (delete_rule NOT IN ('RESTRICT', 'NO ACTION') OR update_rule NOT IN ('RESTRICT', "
			      "'NO ACTION')) AND table_name = "));
	maria_link_put_text(&sql, model->table);
	rc = maria_link_rows(link, buf_cstr(&sql), ACT, &rows, fault);
	buf_release(&sql);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (row)
		rc = rc_fault_set(
			fault, RC_MISMATCH,
			"%s: foreign key %s of table %s to %s has %s, and rows that it changes are not in any "
			"log; run ALTER TABLE `%s` DROP FOREIGN KEY `%s` and add it again without the action",
			link->name, row[0], model->table, row[1], row[2], model->table, row[0]);
	mysql_free_result(rows);
	return rc;
}

int maria_prepare_cascades(struct link *link, const struct rc_schema *schema, struct rc_fault *fault)
{
	int rc = RC_OK;

	for (uint32_t i = 0; i < schema->model_count && rc == RC_OK; i++) {
		if (schema->models[i]->captured)
			rc = check_cascades(link, schema->models[i], fault);
	}
	return rc;
}

int maria_prepare_tables(struct link *link, const struct rc_schema *schema, struct rc_fault *fault)
{
	int rc = RC_OK;

	for (uint32_t i = 0; i < schema->model_count && rc == RC_OK; i++) {
		if (!schema->models[i]->captured)
			continue;
		rc = check_table(link, schema->models[i], fault);
	}
	return rc == RC_OK ? maria_prepare_cascades(link, schema, fault) : rc;
}

int maria_prepare_drop_triggers(struct link *link, struct rc_fault *fault)
{
	static const char act[] = "remove what the feed by triggers left";
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int there, rc = maria_link_rows(
			   link,
			   "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() "
			   "AND trigger_name LIKE 'rc\\_feed\\_%'",
			   act, &rows, fault);

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && (row = mysql_fetch_row(rows))) {
		struct buf sql = BUF_INIT;

		buf_append_str(&sql, RC_STR("DROP TRIGGER IF EXISTS "));
		maria_link_put_name(&sql, row[0]);
		rc = maria_link_run(link, buf_cstr(&sql), act, fault);
		buf_release(&sql);
	}
	mysql_free_result(rows);
	there = rc == RC_OK ? maria_prepare_has_table(link, "rc_log", fault) : rc;
	if (there <= 0)
		return there;
	return maria_link_run(link, "DROP TABLE IF EXISTS rc_log, rc_seq", act, fault);
}
