/*
 * Prepared statements: values in, rows out.
 *
 * Parameters go out in the binary protocol, from the caller's own memory where they are text or bytes. What MariaDB
 * cannot store as it is (NaN, an instant before the year 1000) is refused here, before the server would bend it.
 */
#include <errmsg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/data/time_text.h"
#include "rowcast/db/mariadb/mariadb.h"

#define DAY_US INT64_C(86400000000)

/* Of what each packet needs besides the values: header, types, lengths. */
#define PACKET_RESERVE_BYTES 1024

/* What the result has for columns, as `source` (this statement, or one with the same result) knows it. */
static void learn_columns(struct db_stmt *stmt, MYSQL_STMT *source)
{
	mysql_free_result(stmt->metadata);
	stmt->metadata = NULL;
	stmt->ways_model = NULL;
	stmt->column_count = mysql_stmt_field_count(source);
	if (stmt->column_count == 0)
		return;
	stmt->metadata = mysql_stmt_result_metadata(source);
	rc_check(stmt->metadata);
	stmt->fields = mysql_fetch_fields(stmt->metadata);
}

/* The last " RETURNING " of a statement that writes; NULL: none. */
static const char *returning(const char *sql)
{
	const char *at = NULL;

	for (const char *next = sql; (next = strcasestr(next, " RETURNING ")); next++)
		at = next;
	return at;
}

/*
 * INSERT … RETURNING has no columns until it is executed; but whoever prepares it wants to know. A SELECT of the same
 * list has the same ones, so it is prepared and thrown away. Only the count and the names are of use to anybody before
 * the execution, which tells the rest.
 */
static void ask_returning(struct db_stmt *stmt)
{
	struct mariadb_conn *conn = stmt->conn;
	const char *list = returning(stmt->sql);
	char table[128];
	struct buf sql = BUF_INIT;
	MYSQL_STMT *select;

	mariadb_written_table(stmt->sql, table, sizeof(table));
	if (!list || !table[0])
		return;
	buf_printf(&sql, "SELECT %s FROM `%s`", list + strlen(" RETURNING "), table);
	select = mysql_stmt_init(conn->mysql);
	rc_check(select);
	if (mariadb_call_prepare(conn, select, sql.data, sql.len) == 0) {
		stmt->likeness = select;
		learn_columns(stmt, select);
	} else {
		mariadb_call_stmt_close(conn, select);
	}
	buf_release(&sql);
}

int mariadb_prepare(struct db_conn *base, struct rc_str sql, struct db_stmt **out)
{
	struct mariadb_conn *conn = mariadb_conn_of(base);
	struct db_stmt *stmt;
	int rc = mariadb_alive(conn);

	*out = NULL;
	if (rc != RC_OK)
		return rc;
	if (sql.len > conn->packet_bytes_max)
		return rc_fault_set(&base->fault, RC_LIMIT, "the SQL statement is too long");
	stmt = rc_xcalloc(1, sizeof(*stmt));
	stmt->conn = conn;
	stmt->stmt = mysql_stmt_init(conn->mysql);
	rc_check(stmt->stmt);
	stmt->sql = rc_xmalloc(sql.len + 1);
	memcpy(stmt->sql, sql.ptr, sql.len);
	stmt->sql[sql.len] = '\0';
	mariadb_deadline(conn, conn->answer_us);
	if (mariadb_call_prepare(conn, stmt->stmt, sql.ptr, sql.len) != 0) {
		rc = mariadb_fault(conn, stmt->stmt, "prepare a statement for", stmt->sql);
		mariadb_finalize(stmt);
		return rc;
	}
	stmt->param_count = (uint32_t)mysql_stmt_param_count(stmt->stmt);
	stmt->params = rc_xcalloc(stmt->param_count + 1, sizeof(*stmt->params));
	stmt->slots = rc_xcalloc(stmt->param_count + 1, sizeof(*stmt->slots));
	for (uint32_t i = 0; i < stmt->param_count; i++) {
		stmt->slots[i].null = 1;
		stmt->params[i].buffer_type = MYSQL_TYPE_LONGLONG;
		stmt->params[i].buffer = &stmt->slots[i];
		stmt->params[i].is_null = &stmt->slots[i].null;
	}
	stmt->retyped = true;
	learn_columns(stmt, stmt->stmt);
	if (stmt->column_count == 0)
		ask_returning(stmt);
	*out = stmt;
	return RC_OK;
}

static void forget_likeness(struct db_stmt *stmt)
{
	if (!stmt->likeness)
		return;
	mariadb_call_stmt_close(stmt->conn, stmt->likeness);
	stmt->likeness = NULL;
	learn_columns(stmt, stmt->stmt);
}

void mariadb_finalize(struct db_stmt *stmt)
{
	if (!stmt)
		return;
	mariadb_deadline(stmt->conn, stmt->conn->answer_us);
	forget_likeness(stmt);
	mysql_free_result(stmt->metadata);
	mariadb_call_stmt_close(stmt->conn, stmt->stmt);
	free(stmt->params);
	free(stmt->slots);
	free(stmt->ways);
	free(stmt->sql);
	free(stmt);
}

/* The days of what DATE and DATETIME hold for sure: 1000-01-01 … 9999-12-31. */
static bool date_fill(int64_t days, MYSQL_TIME *out)
{
	int32_t year, month, day;

	if (days < -354285 || days > 2932896)
		return false;
	date_to_civil((int32_t)days, &year, &month, &day);
	*out = (MYSQL_TIME){.year = (unsigned int)year, .month = (unsigned int)month, .day = (unsigned int)day};
	return true;
}

static bool time_fill(int64_t us, MYSQL_TIME *out)
{
	int64_t days = us / DAY_US, rest = us % DAY_US;

	if (rest < 0) {
		rest += DAY_US;
		days--;
	}
	if (!date_fill(days, out))
		return false;
	out->hour = (unsigned int)(rest / 3600000000);
	out->minute = (unsigned int)(rest / 60000000 % 60);
	out->second = (unsigned int)(rest / 1000000 % 60);
	out->second_part = (unsigned long)(rest % 1000000);
	return true;
}

/* What a parameter points at; its type is told to the server only when it changes. */
static void point(struct db_stmt *stmt, uint32_t at, enum enum_field_types type, const void *bytes, size_t len)
{
	MYSQL_BIND *param = &stmt->params[at];

	stmt->retyped |= param->buffer_type != type;
	param->buffer_type = type;
	param->buffer = (void *)(uintptr_t)bytes;
	param->buffer_length = len;
	stmt->slots[at].null = 0;
}

static void point_text(struct db_stmt *stmt, uint32_t at, enum enum_field_types type, struct rc_str text)
{
	point(stmt, at, type, text.len ? text.ptr : "", text.len);
}

static const char *bind_day(struct db_stmt *stmt, uint32_t at, int64_t days)
{
	struct mariadb_slot *slot = &stmt->slots[at];

	point(stmt, at, MYSQL_TYPE_DATE, slot, sizeof(slot->time));
	return date_fill(days, &slot->time) ? NULL
					    : "is a date outside the years 1000 to 9999, which MariaDB cannot store";
}

/* NULL, or why this value cannot be stored. `field`: as in a row struct and in a value, which differ for dates only. */
static inline const char *bind_field(struct db_stmt *stmt, uint32_t at, enum rc_type type, const void *field)
{
	struct mariadb_slot *slot = &stmt->slots[at];

	switch (type) {
	case RC_TYPE_NONE:
		slot->null = 1;
		return NULL;
	case RC_BOOL:
	case RC_INT:
		slot->integer = type == RC_BOOL ? *(const bool *)field : *(const int64_t *)field;
		point(stmt, at, MYSQL_TYPE_LONGLONG, slot, sizeof(slot->integer));
		return NULL;
	case RC_DOUBLE:
		slot->real = *(const double *)field;
		point(stmt, at, MYSQL_TYPE_DOUBLE, slot, sizeof(slot->real));
		return isfinite(slot->real) ? NULL : "is not a finite number, which MariaDB cannot store";
	case RC_TEXT:
	case RC_JSON:
		point_text(stmt, at, MYSQL_TYPE_STRING, *(const struct rc_str *)field);
		return NULL;
	case RC_BYTES:
		point_text(stmt, at, MYSQL_TYPE_BLOB, *(const struct rc_str *)field);
		return NULL;
	case RC_UUID:
		slot->uuid = *(const struct rc_uuid *)field;
		point(stmt, at, MYSQL_TYPE_BLOB, slot, sizeof(slot->uuid));
		return NULL;
	case RC_TIMESTAMP:
		point(stmt, at, MYSQL_TYPE_DATETIME, slot, sizeof(slot->time));
		return time_fill(*(const int64_t *)field, &slot->time)
			       ? NULL
			       : "is an instant outside the years 1000 to 9999, which MariaDB cannot store";
	case RC_DATE:
		return bind_day(stmt, at, *(const int32_t *)field);
	}
	return "has no type";
}

static int bind_failed(struct db_stmt *stmt, uint32_t at, const char *why)
{
	return rc_fault_set(&stmt->conn->base.fault, RC_INVALID, "parameter %u %s", at + 1, why);
}

static int no_parameter(struct db_stmt *stmt, uint32_t at)
{
	return rc_fault_set(&stmt->conn->base.fault, RC_INVALID, "the statement has no parameter %u", at + 1);
}

int mariadb_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct rc_value *value = &values[i];
		const char *why;

		if (first + i >= stmt->param_count)
			return no_parameter(stmt, first + i);
		why = value->type == RC_DATE ? bind_day(stmt, first + i, value->integer)
					     : bind_field(stmt, first + i, value->type, &value->integer);
		if (why)
			return bind_failed(stmt, first + i, why);
	}
	return RC_OK;
}

int mariadb_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
			size_t count, const void *row)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = columns ? columns[i] : i;
		const struct rc_column *column = &model->columns[at];
		enum rc_type type = RC_ROW_IS_NULL(row, at) ? RC_TYPE_NONE : column->type;
		const char *why;

		if (first + i >= stmt->param_count)
			return no_parameter(stmt, first + i);
		why = bind_field(stmt, first + i, type, (const char *)row + column->offset);
		if (why)
			return bind_failed(stmt, first + i, why);
	}
	return RC_OK;
}

int mariadb_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
		  int (*row)(void *arg, size_t run), void *arg)
{
	int rc = RC_OK;

	for (size_t run = 0; run < count && rc == RC_OK; run++) {
		rc = mariadb_bind(stmt, 0, params + run * param_count, param_count);
		while (rc == RC_OK && (rc = mariadb_step(stmt)) == DB_ROW)
			rc = row(arg, run);
		mariadb_reset(stmt);
	}
	return rc;
}

/* A packet that the server refuses costs the connection, so it is not sent. */
static int size_check(struct db_stmt *stmt)
{
	uint64_t bytes = PACKET_RESERVE_BYTES;

	for (uint32_t i = 0; i < stmt->param_count; i++)
		bytes += 16 + (stmt->slots[i].null ? 0 : stmt->params[i].buffer_length);
	if (bytes <= stmt->conn->packet_bytes_max)
		return RC_OK;
	return rc_fault_set(&stmt->conn->base.fault, RC_LIMIT,
			    "the values of a statement have %llu bytes, more than database %s takes (%llu); raise the "
			    "server's max_allowed_packet",
			    (unsigned long long)bytes, stmt->conn->label,
			    (unsigned long long)stmt->conn->packet_bytes_max);
}

/*
 * mysql_stmt_bind_param copies the whole array and lets the next execution tell the types again. Where only pointers
 * and lengths are new, they are put into the library's copy.
 */
static bool give_params(struct db_stmt *stmt)
{
	MYSQL_BIND *copies = stmt->stmt->params;

	if (stmt->retyped || !copies) {
		stmt->retyped = false;
		return mysql_stmt_bind_param(stmt->stmt, stmt->params) == 0;
	}
	for (uint32_t i = 0; i < stmt->param_count; i++) {
		copies[i].buffer = stmt->params[i].buffer;
		copies[i].buffer_length = stmt->params[i].buffer_length;
	}
	return true;
}

static int execute(struct db_stmt *stmt)
{
	struct mariadb_conn *conn = stmt->conn;
	int rc = mariadb_alive(conn);

	if (rc == RC_OK && conn->tx == MARIADB_TX_LOST)
		rc = mariadb_tx_lost(conn);
	if (rc == RC_OK)
		rc = size_check(stmt);
	if (rc != RC_OK)
		return rc;
	mariadb_deadline(conn, conn->answer_us);
	forget_likeness(stmt);
	if ((stmt->param_count > 0 && !give_params(stmt)) || mariadb_call_execute(conn, stmt->stmt) != 0)
		return mariadb_fault(conn, stmt->stmt, stmt->column_count > 0 ? "read" : "write to", stmt->sql);
	if (mysql_stmt_field_count(stmt->stmt) != stmt->column_count)
		learn_columns(stmt, stmt->stmt);
	if (stmt->column_count > 0 && mariadb_call_stmt_store(conn, stmt->stmt) != 0)
		return mariadb_fault(conn, stmt->stmt, "read", stmt->sql);
	stmt->executed = true;
	stmt->next = stmt->column_count > 0 ? stmt->stmt->result.data : NULL;
	conn->changed = (int64_t)mysql_stmt_affected_rows(stmt->stmt);
	conn->identity = (int64_t)mysql_stmt_insert_id(stmt->stmt);
	return RC_OK;
}

int mariadb_step(struct db_stmt *stmt)
{
	if (!stmt->executed) {
		int rc = execute(stmt);

		if (rc != RC_OK)
			return rc;
	}
	stmt->row = stmt->next;
	if (!stmt->row)
		return RC_OK;
	stmt->next = stmt->row->next;
	return DB_ROW;
}

void mariadb_reset(struct db_stmt *stmt)
{
	if (stmt->executed && stmt->column_count > 0 && stmt->conn->mysql)
		mysql_stmt_free_result(stmt->stmt); /* from memory */
	stmt->executed = false;
	stmt->row = stmt->next = NULL;
	for (uint32_t i = 0; i < stmt->param_count; i++)
		stmt->slots[i].null = 1;
}

uint32_t mariadb_param_count(struct db_stmt *stmt)
{
	return stmt->param_count;
}

uint32_t mariadb_column_count(struct db_stmt *stmt)
{
	return stmt->column_count;
}

const char *mariadb_column_name(struct db_stmt *stmt, uint32_t column)
{
	return column < stmt->column_count ? stmt->fields[column].name : NULL;
}
