/* Makes rc_seq, rc_log and the triggers that fill it; outbox.h tells what they are. */
#include "rowcast/feed/mariadb/outbox.h"

#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rowcast/feed/mariadb/prepare.h"

#define ACT_TABLES     "make tables rc_log and rc_seq (the user needs CREATE and ALTER on the database)"
#define ACT_TRIGGERS   "make triggers"
#define NAME_MAX_BYTES 48 /* of a table, in a trigger's name, which has 64 */

static void put(struct buf *out, const char *sql)
{
	buf_append_str(out, rc_str_from(sql));
}

static int make_tables(struct link *link, const struct rc_schema *schema, bool *made, struct rc_fault *fault)
{
	static const char *const statements[] = {
		"CREATE TABLE IF NOT EXISTS rc_seq (one TINYINT PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB",
		"INSERT IGNORE INTO rc_seq VALUES (1, 0)",
		"CREATE TABLE IF NOT EXISTS rc_log (n BIGINT NOT NULL DEFAULT 0 PRIMARY KEY, at BIGINT NOT NULL "
		"DEFAULT 0, "
		"conn BIGINT UNSIGNED NOT NULL DEFAULT 0, tbl VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin "
		"NOT "
		"NULL, op TINYINT NOT NULL, o0 LONGBLOB, n0 LONGBLOB) ENGINE=InnoDB",
	};
	char sql[192], columns[16];
	int rc = maria_prepare_has_table(link, "rc_log", fault);

	if (rc < 0)
		return rc;
	*made |= rc == 0;
	rc = RC_OK;
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements) && rc == RC_OK; i++)
		rc = maria_link_run(link, statements[i], ACT_TABLES, fault);
	for (uint32_t i = 0, width = maria_outbox_width(schema); i < width && rc == RC_OK; i++) {
		snprintf(sql, sizeof(sql),
			 "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND "
			 "table_name = "
			 "'rc_log' AND column_name IN ('o%u', 'n%u')",
			 i, i);
		rc = maria_link_text(link, sql, ACT_TABLES, columns, sizeof(columns), fault);
		if (rc == RC_OK && strcmp(columns, "2") != 0)
			rc = maria_link_runf(
				link, ACT_TABLES, fault,
				"ALTER TABLE rc_log ADD COLUMN IF NOT EXISTS o%u LONGBLOB, ADD COLUMN IF NOT "
				"EXISTS n%u LONGBLOB",
				i, i);
	}
	return rc;
}

/* What binds the triggers of a table with a long name to it is its place among the models. */
static void trigger_name(const struct rc_model *model, const char *what, char out[65])
{
	if (!model)
		snprintf(out, 65, "rc_feed_number");
	else if (strlen(model->table) <= NAME_MAX_BYTES)
		snprintf(out, 65, "rc_feed_%s_%s", model->table, what);
	else
		snprintf(out, 65, "rc_feed_%u_%s", model->id, what);
}

static void put_image(struct buf *out, const struct rc_model *model, char image, bool values)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!values) {
			buf_printf(out, ", %c%u", image, i);
			continue;
		}
		put(out, image == 'o' ? ", OLD." : ", NEW.");
		maria_link_put_name(out, model->columns[i].name);
	}
}

static void put_same(struct buf *out, const struct rc_model *model, const uint32_t *columns, uint32_t count,
		     const char *left, const char *right)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *name = model->columns[columns ? columns[i] : i].name;

		put(out, i ? " AND " : "");
		put(out, left);
		maria_link_put_name(out, name);
		put(out, " <=> ");
		put(out, right);
		maria_link_put_name(out, name);
	}
}

/* UPDATE IGNORE runs the trigger for rows that it left alone, too: NEW must be stored, and OLD's key be free or NEW's. */
static void put_if_updated(struct buf *out, const struct rc_model *model)
{
	put(out, "IF EXISTS (SELECT 1 FROM ");
	maria_link_put_name(out, model->table);
	put(out, " t WHERE ");
	put_same(out, model, model->key, model->key_count, "t.", "NEW.");
	put(out, " AND ");
	put_same(out, model, NULL, model->column_count, "t.", "NEW.");
	put(out, ") AND ((");
	put_same(out, model, model->key, model->key_count, "OLD.", "NEW.");
	put(out, ") OR NOT EXISTS (SELECT 1 FROM ");
	maria_link_put_name(out, model->table);
	put(out, " t WHERE ");
	put_same(out, model, model->key, model->key_count, "t.", "OLD.");
	put(out, ")) THEN ");
}

static void put_body(struct buf *out, const struct rc_model *model, enum rc_op op)
{
	if (!model) {
		put(out, "BEGIN UPDATE rc_seq SET n = n + 1; SET NEW.n = (SELECT n FROM rc_seq), NEW.at = "
			 "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED), NEW.conn = CONNECTION_ID(); END");
		return;
	}
	if (op == RC_UPDATE)
		put_if_updated(out, model);
	put(out, "INSERT INTO rc_log (tbl, op");
	if (op != RC_INSERT)
		put_image(out, model, 'o', false);
	if (op != RC_DELETE)
		put_image(out, model, 'n', false);
	put(out, ") VALUES (");
	maria_link_put_text(out, model->table);
	buf_printf(out, ", %d", op);
	if (op != RC_INSERT)
		put_image(out, model, 'o', true);
	if (op != RC_DELETE)
		put_image(out, model, 'n', true);
	put(out, op == RC_UPDATE ? "); END IF" : ")");
}

/* 1: it is there as it should be; 0: not. */
static int is_there(struct link *link, const char *name, const char *body, struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	char answer[8];
	int rc;

	put(&sql,
	    "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name = ");
	maria_link_put_text(&sql, name);
	if (body) {
		put(&sql, " AND action_statement = ");
		maria_link_put_text(&sql, body);
	}
	rc = maria_link_text(link, buf_cstr(&sql), "look at the feed's triggers", answer, sizeof(answer), fault);
	buf_release(&sql);
	return rc == RC_OK ? strcmp(answer, "1") == 0 : rc;
}

static int cannot_make(struct link *link, struct rc_fault *fault)
{
	unsigned int number = mysql_errno(link->mysql);
	int rc = maria_link_fault(link, ACT_TRIGGERS, fault);

	if (number == ER_BINLOG_CREATE_ROUTINE_NEED_SUPER)
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s: the user may not make triggers while the binlog is on; run SET GLOBAL "
				    "log_bin_trust_function_creators = 1, or grant the user SUPER",
				    link->name);
	if (number == ER_TABLEACCESS_DENIED_ERROR)
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s: the user may not make triggers; run GRANT TRIGGER ON the database TO it (%s)",
				    link->name, mysql_error(link->mysql));
	return rc;
}

static int make_trigger(struct link *link, const struct rc_model *model, enum rc_op op, bool *made,
			struct rc_fault *fault)
{
	static const char *const whats[] = {
		[RC_OP_NONE] = "number", [RC_INSERT] = "insert", [RC_UPDATE] = "update", [RC_DELETE] = "delete"};
	struct buf body = BUF_INIT, sql = BUF_INIT;
	char name[65];
	int rc;

	trigger_name(model, whats[op], name);
	put_body(&body, model, op);
	rc = is_there(link, name, buf_cstr(&body), fault);
	if (rc == 0) {
		*made = true;
		put(&sql, "CREATE OR REPLACE TRIGGER "); /* in one step, so that no change slips through */
		maria_link_put_name(&sql, name);
		buf_printf(&sql, " %s %s ON ", model ? "AFTER" : "BEFORE", model ? whats[op] : "INSERT");
		maria_link_put_name(&sql, model ? model->table : "rc_log");
		put(&sql, " FOR EACH ROW ");
		buf_append_str(&sql, buf_str(&body));
		rc = mysql_real_query(link->mysql, sql.data, (unsigned long)sql.len) == 0 ? RC_OK
											  : cannot_make(link, fault);
	}
	buf_release(&sql);
	buf_release(&body);
	return rc < 0 ? rc : RC_OK;
}

int maria_outbox_make(struct link *link, const struct rc_schema *schema, bool *made, struct rc_fault *fault)
{
	int rc = make_tables(link, schema, made, fault);

	if (rc == RC_OK)
		rc = make_trigger(link, NULL, RC_OP_NONE, made, fault);
	for (uint32_t i = 0; i < schema->model_count && rc == RC_OK; i++) {
		for (enum rc_op op = RC_INSERT; op <= RC_DELETE && rc == RC_OK; op++) {
			if (schema->models[i]->captured)
				rc = make_trigger(link, schema->models[i], op, made, fault);
		}
	}
	return rc;
}

static int check_trigger(struct link *link, const struct rc_model *model, enum rc_op op, const char *what,
			 struct rc_fault *fault)
{
	struct buf body = BUF_INIT;
	char name[65];
	int rc;

	trigger_name(model, what, name);
	put_body(&body, model, op);
	rc = is_there(link, name, buf_cstr(&body), fault);
	buf_release(&body);
	if (rc == 0)
		return rc_fault_set(fault, RC_MISMATCH,
				    "%s: trigger %s is missing or is not this program's; prepare the feed again",
				    link->name, name);
	return rc < 0 ? rc : RC_OK;
}

int maria_outbox_check(struct link *link, const struct rc_schema *schema, struct rc_fault *fault)
{
	int rc = check_trigger(link, NULL, RC_OP_NONE, "number", fault);

	for (uint32_t i = 0; i < schema->model_count && rc == RC_OK; i++) {
		if (!schema->models[i]->captured)
			continue;
		rc = check_trigger(link, schema->models[i], RC_INSERT, "insert", fault);
		if (rc == RC_OK)
			rc = check_trigger(link, schema->models[i], RC_UPDATE, "update", fault);
		if (rc == RC_OK)
			rc = check_trigger(link, schema->models[i], RC_DELETE, "delete", fault);
	}
	return rc;
}
