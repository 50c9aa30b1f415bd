/*
 * Statements: values in, rows out.
 *
 * `prepare` asks the server for the types of parameters and columns (one round trip), so values go and come in binary
 * form and are checked before they are sent. A run is one round trip: what was put off, Bind, Execute, Sync. The whole
 * result is received before the first row is read, so that a row callback may run other statements; it lies in libpq's
 * memory, which is allocated by blocks, and fields are decoded from there straight into the struct.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/db/postgres/postgres.h"

/* Runs of a batch that are on the way together. */
#define BATCH_WINDOW      512

#define RETIRED_BYTES_MAX ((size_t)1024 * 1024)

/* Column → field: the commonest pairs of types, which need no call of ours, and all others. */
struct pg_way {
	enum { WAY_OTHER, WAY_WORD, WAY_TIME, WAY_TEXT, WAY_BOOL } by;
	uint32_t at, offset; /* model column, its field */
};

static void release_types(struct db_stmt *stmt)
{
	for (uint32_t i = 0; i < stmt->column_count; i++)
		free(stmt->column_names[i]);
	for (uint32_t i = 0; stmt->wide && i < stmt->param_count; i++)
		buf_release(&stmt->wide[i]);
	free(stmt->column_names);
	free(stmt->column_types);
	free(stmt->ways);
	free(stmt->param_types);
	free(stmt->values);
	free(stmt->lengths);
	free(stmt->formats);
	free(stmt->scratch);
	free(stmt->wide);
}

static void keep_types(struct db_stmt *stmt, const PGresult *result)
{
	uint32_t params = stmt->param_count = (uint32_t)PQnparams(result);
	uint32_t columns = stmt->column_count = (uint32_t)PQnfields(result);

	stmt->param_types = rc_xcalloc(params + 1, sizeof(*stmt->param_types));
	stmt->values = rc_xcalloc(params + 1, sizeof(*stmt->values));
	stmt->lengths = rc_xcalloc(params + 1, sizeof(*stmt->lengths));
	stmt->formats = rc_xcalloc(params + 1, sizeof(*stmt->formats));
	stmt->scratch = rc_xcalloc(params + 1, sizeof(*stmt->scratch));
	for (uint32_t i = 0; i < params; i++) {
		stmt->param_types[i] = PQparamtype(result, (int)i);
		stmt->formats[i] = 1;
	}
	stmt->column_types = rc_xcalloc(columns + 1, sizeof(*stmt->column_types));
	stmt->ways = rc_xcalloc(columns + 1, sizeof(*stmt->ways));
	stmt->column_names = rc_xcalloc(columns + 1, sizeof(*stmt->column_names));
	for (uint32_t i = 0; i < columns; i++) {
		stmt->column_types[i] = PQftype(result, (int)i);
		stmt->column_names[i] = rc_xstrdup(PQfname(result, (int)i));
	}
}

/* Parse under a new name; *result: what the server says of it. */
static int describe(struct db_stmt *stmt, PGresult **result)
{
	struct pg_conn *conn = stmt->conn;
	PGresult *parsed = NULL;
	const char *name = stmt->name_text;
	int rc = pg_start(conn, PG_MANY), end;

	*result = NULL;
	if (rc != RC_OK)
		return rc;
	stmt->name = ++conn->names;
	if (conn->named)
		snprintf(stmt->name_text, sizeof(stmt->name_text), PG_NAME_FORMAT, conn->name_base, stmt->name);
	if (!PQsendPrepare(conn->pg, name, stmt->sql, 0, NULL) || !PQsendDescribePrepared(conn->pg, name))
		return pg_not_sent(conn, "prepare a statement for");
	rc = pg_sync(conn);
	if (rc == RC_OK)
		rc = pg_take(conn, "prepare a statement for", &parsed);
	if (rc == RC_OK)
		rc = pg_take(conn, "prepare a statement for", result);
	PQclear(parsed);
	end = pg_finish(conn);
	return rc == RC_OK ? end : rc;
}

int pg_prepare(struct db_conn *base, struct rc_str sql, struct db_stmt **out)
{
	struct pg_conn *conn = pg_conn_of(base);
	struct buf text = BUF_INIT;
	PGresult *result;
	struct db_stmt *stmt;
	int rc;

	*out = NULL;
	if (sql.len == 0)
		return rc_fault_set(&base->fault, RC_INVALID, "the SQL statement is empty");
	stmt = rc_xcalloc(1, sizeof(*stmt));
	stmt->conn = conn;
	pg_rewrite(&text, sql);
	stmt->sql = rc_xstrdup(buf_cstr(&text));
	buf_release(&text);
	rc = describe(stmt, &result);
	if (rc == RC_OK) {
		keep_types(stmt, result);
		*out = stmt;
	} else {
		free(stmt->sql);
		free(stmt);
	}
	PQclear(result);
	return rc;
}

static void doom(struct db_stmt *stmt)
{
	struct pg_conn *conn = stmt->conn;

	if (conn->named && conn->doomed_count < PG_DOOMED_MAX)
		conn->doomed[conn->doomed_count++] = stmt->name;
}

void pg_finalize(struct db_stmt *stmt)
{
	if (!stmt)
		return;
	PQclear(stmt->result);
	doom(stmt);
	release_types(stmt);
	free(stmt->sql);
	free(stmt);
}

/* The server forgot it, or the tables changed under it. */
static int prepare_again(struct db_stmt *stmt)
{
	PGresult *result;
	int rc;

	rc = describe(stmt, &result);
	if (rc == RC_OK &&
	    ((uint32_t)PQnparams(result) != stmt->param_count || (uint32_t)PQnfields(result) != stmt->column_count))
		rc = rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH,
				  "the tables of %s changed under a statement; start this program again",
				  stmt->conn->where);
	for (uint32_t i = 0; rc == RC_OK && i < stmt->column_count; i++)
		stmt->column_types[i] = PQftype(result, (int)i);
	stmt->ways_model = NULL;
	PQclear(result);
	stmt->stale = rc != RC_OK;
	return rc;
}

/* Parameters */

static int refuse_param(struct db_stmt *stmt, uint32_t at, const struct rc_value *value, const char *why)
{
	static const char *const kinds[] = {
		[RC_TYPE_NONE] = "NULL", [RC_BOOL] = "a boolean",
		[RC_INT] = "an integer", [RC_DOUBLE] = "a double",
		[RC_TEXT] = "text",      [RC_BYTES] = "bytes",
		[RC_UUID] = "a UUID",    [RC_TIMESTAMP] = "an instant",
		[RC_DATE] = "a date",    [RC_JSON] = "JSON",
	};
	struct rc_fault *fault = &stmt->conn->base.fault;

	if (*why)
		return rc_fault_set(fault, RC_INVALID, "parameter %u %s", at + 1, why);
	return rc_fault_set(fault, RC_INVALID, "parameter %u is %s, and the statement wants %s there; write a CAST",
			    at + 1, kinds[value->type], pg_type_name(stmt->param_types[at]));
}

static struct buf *wide(struct db_stmt *stmt, uint32_t at)
{
	if (!stmt->wide)
		stmt->wide = rc_xcalloc(stmt->param_count, sizeof(*stmt->wide));
	buf_clear(&stmt->wide[at]);
	return &stmt->wide[at];
}

static int bind_one(struct db_stmt *stmt, uint32_t at, const struct rc_value *value)
{
	const char *why;

	if (at >= stmt->param_count)
		return rc_fault_set(&stmt->conn->base.fault, RC_INVALID, "the statement has no parameter %u", at + 1);
	stmt->values[at] = pg_encode(value, stmt->param_types[at], &stmt->scratch[at], &stmt->lengths[at], &why);
	if (why)
		return refuse_param(stmt, at, value, why);
	if (stmt->param_types[at] == PG_JSONB && stmt->values[at]) {
		struct buf *built = wide(stmt, at);

		buf_append_char(built, 1); /* version of the form */
		buf_append(built, stmt->values[at], (size_t)stmt->lengths[at]);
		stmt->values[at] = built->data;
		stmt->lengths[at] = (int)built->len;
	}
	return RC_OK;
}

/* The commonest types, inline; false: it is none of them, or may not fit. `field`: as in a row or in a value. */
static inline __attribute__((always_inline)) bool bind_field(Oid oid, enum rc_type type, const void *field,
							     struct pg_scratch *scratch, const char **value,
							     int *length)
{
	const struct rc_str *text = field;

	*value = scratch->bytes;
	*length = 8;
	switch (type) {
	case RC_TYPE_NONE:
		*value = NULL;
		return true;
	case RC_INT:
		pg_put64(scratch, *(const int64_t *)field);
		return oid == PG_INT8;
	case RC_DOUBLE:
		pg_put64(scratch, *(const int64_t *)field);
		return oid == PG_FLOAT8;
	case RC_TIMESTAMP:
		return oid == PG_TIMESTAMPTZ && pg_put_time(scratch, *(const int64_t *)field);
	case RC_BOOL:
		scratch->bytes[0] = *(const bool *)field;
		*length = 1;
		return oid == PG_BOOL;
	case RC_TEXT:
		*value = text->ptr;
		*length = (int)text->len;
		return oid == PG_TEXT && text->len - 1 < INT32_MAX && !memchr(text->ptr, '\0', text->len);
	default:
		return false;
	}
}

int pg_bind(struct db_stmt *stmt, uint32_t first, const struct rc_value *values, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = first + i;
		int rc;

		if (at < stmt->param_count && bind_field(stmt->param_types[at], values[i].type, &values[i].integer,
							 &stmt->scratch[at], &stmt->values[at], &stmt->lengths[at]))
			continue;
		rc = bind_one(stmt, at, &values[i]);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

int pg_bind_fields(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		   size_t count, const void *row)
{
	const Oid *oids = stmt->param_types + first;
	struct pg_scratch *scratch = stmt->scratch + first;
	const char **values = stmt->values + first;
	int *lengths = stmt->lengths + first;
	uint64_t nulls = *(const uint64_t *)row;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = columns ? columns[i] : i;
		const struct rc_column *column = &model->columns[at];
		enum rc_type type = (nulls >> at) & 1 ? RC_TYPE_NONE : column->type;
		struct rc_value value;
		int rc;

		if (first + i < stmt->param_count &&
		    bind_field(oids[i], type, (const char *)row + column->offset, &scratch[i], &values[i], &lengths[i]))
			continue;
		value = rc_row_value(model, row, at);
		rc = bind_one(stmt, first + i, &value);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static void put_word(struct buf *out, uint32_t word)
{
	word = htobe32(word);
	buf_append(out, &word, 4);
}

/* One element: its length (NULL: -1) and its bytes, which are made in their place where they are not borrowed. */
static int put_element(struct db_stmt *stmt, uint32_t at, Oid element, const struct rc_value *value, struct buf *out)
{
	char *to = buf_reserve(out, 5 + sizeof(struct pg_scratch));
	const char *why, *bytes;
	bool version = element == PG_JSONB && value->type != RC_TYPE_NONE;
	uint32_t word;
	int length;

	to[4] = 1; /* jsonb has a version in front */
	bytes = pg_encode(value, element, (struct pg_scratch *)(to + 4 + version), &length, &why);
	if (why)
		return refuse_param(stmt, at, value, why);
	word = htobe32(bytes ? (uint32_t)length + version : UINT32_MAX);
	memcpy(to, &word, 4);
	out->len += 4 + version;
	if (bytes == to + 4 + version)
		out->len += (size_t)length;
	else if (bytes)
		buf_append(out, bytes, (size_t)length);
	return RC_OK;
}

/* The same of the commonest types, inline; false: it is none of them, or may not fit. */
static inline bool put_usual(Oid element, enum rc_type type, const void *field, struct buf *out)
{
	char *to = buf_reserve(out, 4 + sizeof(struct pg_scratch));
	struct pg_scratch *scratch = (struct pg_scratch *)(to + 4);
	const struct rc_str *text = field;
	uint32_t length = 8, word;

	switch (type) {
	case RC_TYPE_NONE:
		put_word(out, UINT32_MAX);
		return true;
	case RC_INT:
	case RC_DOUBLE:
		if (element != (type == RC_INT ? PG_INT8 : PG_FLOAT8))
			return false;
		pg_put64(scratch, *(const int64_t *)field);
		break;
	case RC_TIMESTAMP:
		if (element != PG_TIMESTAMPTZ || !pg_put_time(scratch, *(const int64_t *)field))
			return false;
		break;
	case RC_BOOL:
		if (element != PG_BOOL)
			return false;
		scratch->bytes[0] = *(const bool *)field;
		length = 1;
		break;
	case RC_TEXT:
		if (element != PG_TEXT || text->len - 1 >= INT32_MAX || memchr(text->ptr, '\0', text->len))
			return false;
		length = (uint32_t)text->len;
		to = buf_reserve(out, 4 + text->len);
		memcpy(to + 4, text->ptr, text->len);
		break;
	default:
		return false;
	}
	word = htobe32(length);
	memcpy(to, &word, 4);
	out->len += 4 + length;
	return true;
}

static int bind_array(struct db_stmt *stmt, uint32_t at, const struct rc_model *model, uint32_t column,
		      const void *rows, size_t count)
{
	Oid element = at < stmt->param_count ? pg_element(stmt->param_types[at]) : 0;
	const struct rc_column *c = &model->columns[column];
	bool nulls = false;
	uint32_t flag;
	struct buf *out;

	if (!element || count > INT32_MAX)
		return rc_fault_set(&stmt->conn->base.fault, RC_INVALID, "parameter %u takes no array of %zu values",
				    at + 1, count);
	out = wide(stmt, at);
	put_word(out, count > 0); /* dimensions */
	put_word(out, 0);         /* has NULLs: below */
	put_word(out, element);
	if (count > 0) {
		put_word(out, (uint32_t)count);
		put_word(out, 1); /* its first index */
	}
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * model->row_bytes;
		bool null = RC_ROW_IS_NULL(row, column);
		struct rc_value value;
		int rc;

		nulls |= null;
		if (put_usual(element, null ? RC_TYPE_NONE : c->type, row + c->offset, out))
			continue;
		value = rc_row_value(model, row, column);
		rc = put_element(stmt, at, element, &value, out);
		if (rc != RC_OK)
			return rc;
	}
	flag = htobe32(nulls);
	memcpy(out->data + 4, &flag, 4);
	if (out->len > INT32_MAX)
		return rc_fault_set(&stmt->conn->base.fault, RC_LIMIT, "parameter %u is longer than a value can be",
				    at + 1);
	stmt->values[at] = out->data;
	stmt->lengths[at] = (int)out->len;
	return RC_OK;
}

int pg_bind_arrays(struct db_stmt *stmt, uint32_t first, const struct rc_model *model, const uint32_t *columns,
		   size_t column_count, const void *rows, size_t count)
{
	int rc = RC_OK;

	for (uint32_t i = 0; i < column_count && rc == RC_OK; i++)
		rc = bind_array(stmt, first + i, model, columns ? columns[i] : i, rows, count);
	return rc;
}

/* Runs */

static bool send_run(struct db_stmt *stmt)
{
	int params = (int)stmt->param_count;

	if (!stmt->conn->named)
		return PQsendQueryParams(stmt->conn->pg, stmt->sql, params, stmt->param_types, stmt->values,
					 stmt->lengths, stmt->formats, 1);
	return PQsendQueryPrepared(stmt->conn->pg, stmt->name_text, params, stmt->values, stmt->lengths, stmt->formats,
				   1);
}

static void note_result(struct db_stmt *stmt, PGresult *result)
{
	if (stmt->result)
		PQclear(stmt->result);
	stmt->result = result;
	stmt->row = -1;
	stmt->row_count = PQntuples(result);
	/* A command that returns rows returns one for each that it changed. */
	stmt->conn->changed = PQnfields(result) > 0 ? stmt->row_count : atoll(PQcmdTuples(result));
	if (stmt->conn->named)
		return; /* what is prepared under a name keeps its types */
	for (uint32_t i = 0; i < stmt->column_count && i < (uint32_t)PQnfields(result); i++)
		stmt->column_types[i] = PQftype(result, (int)i);
	stmt->ways_model = NULL;
}

/* After a failed run: must the next one prepare anew? A name whose plan does not fit any more is given up. */
static void note_failure(struct db_stmt *stmt)
{
	stmt->stale = stmt->conn->statement != PG_KNOWN;
	if (stmt->conn->statement == PG_CHANGED)
		doom(stmt);
}

__attribute__((noinline)) static int run(struct db_stmt *stmt)
{
	struct pg_conn *conn = stmt->conn;
	PGresult *result = NULL;
	int rc = RC_OK, end;

	if (stmt->stale)
		rc = prepare_again(stmt);
	if (rc == RC_OK)
		rc = pg_start(conn, PG_ONE);
	if (rc != RC_OK)
		return rc;
	if (!send_run(stmt))
		return pg_not_sent(conn, "run a statement in");
	rc = pg_sync(conn);
	if (rc == RC_OK)
		rc = pg_take(conn, "run a statement in", &result);
	end = pg_finish(conn);
	if (rc == RC_OK)
		rc = end;
	if (rc != RC_OK) {
		PQclear(result);
		note_failure(stmt);
		return rc;
	}
	note_result(stmt, result);
	return RC_OK;
}

int pg_step(struct db_stmt *stmt)
{
	if (!stmt->ran) {
		int rc = run(stmt);

		if (rc != RC_OK)
			return rc;
		stmt->ran = true;
	}
	if (stmt->row + 1 >= stmt->row_count)
		return RC_OK;
	stmt->row++;
	return DB_ROW;
}

/*
 * A result is freed behind the next one. Freed at once, it is mostly what lies at the heap's end, which malloc gives back to
 * the system, to fetch it again, page by page, for the next. What is really large does not wait.
 */
static void retire(struct pg_conn *conn, PGresult *result)
{
	if (PQresultMemorySize(result) > RETIRED_BYTES_MAX) {
		PQclear(result);
		return;
	}
	PQclear(conn->retired);
	conn->retired = result;
}

void pg_reset(struct db_stmt *stmt)
{
	if (stmt->result)
		retire(stmt->conn, stmt->result);
	stmt->result = NULL;
	stmt->row = -1;
	stmt->row_count = 0;
	stmt->ran = false;
	memset(stmt->values, 0, stmt->param_count * sizeof(*stmt->values));
}

/* Runs first … first + count - 1, sent together. */
static int batch_window(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t first,
			size_t count, int (*row)(void *arg, size_t run), void *arg)
{
	struct pg_conn *conn = stmt->conn;
	size_t sent = 0;
	int bound = RC_OK, rc = pg_start(conn, PG_MANY), end;

	if (rc != RC_OK)
		return rc;
	for (; sent < count; sent++) {
		bound = pg_bind(stmt, 0, params + (first + sent) * param_count, param_count);
		if (bound != RC_OK)
			break;
		if (!send_run(stmt))
			return pg_not_sent(conn, "run a statement in");
	}
	rc = pg_sync(conn);
	for (size_t i = 0; i < sent && rc == RC_OK; i++) {
		PGresult *result;

		rc = pg_take(conn, "run a statement in", &result);
		if (rc != RC_OK)
			break;
		note_result(stmt, result);
		while (rc == RC_OK && ++stmt->row < stmt->row_count)
			rc = row(arg, first + i);
	}
	end = pg_finish(conn);
	if (rc == RC_OK)
		rc = bound != RC_OK ? bound : end;
	return rc;
}

int pg_batch(struct db_stmt *stmt, const struct rc_value *params, size_t param_count, size_t count,
	     int (*row)(void *arg, size_t run), void *arg)
{
	int rc = stmt->stale ? prepare_again(stmt) : RC_OK;

	for (size_t first = 0; first < count && rc == RC_OK; first += BATCH_WINDOW)
		rc = batch_window(stmt, params, param_count, first,
				  count - first < BATCH_WINDOW ? count - first : BATCH_WINDOW, row, arg);
	if (rc != RC_OK)
		note_failure(stmt);
	return rc;
}

/* Rows */

static int bad_column(struct db_stmt *stmt, const struct rc_model *model, uint32_t at, uint32_t column)
{
	return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH,
			    "column %s of table %s holds a value that is not of its type (it came as %s); %s",
			    model->columns[at].name, model->table, pg_type_name(stmt->column_types[column]),
			    stmt->conn->where);
}

static int way_of(enum rc_type type, Oid oid)
{
	if ((type == RC_INT && oid == PG_INT8) || (type == RC_DOUBLE && oid == PG_FLOAT8))
		return WAY_WORD;
	if (type == RC_TIMESTAMP && oid == PG_TIMESTAMPTZ)
		return WAY_TIME;
	if (type == RC_TEXT && oid == PG_TEXT)
		return WAY_TEXT;
	return type == RC_BOOL && oid == PG_BOOL ? WAY_BOOL : WAY_OTHER;
}

__attribute__((noinline)) static void choose_ways(struct db_stmt *stmt, const struct rc_model *model,
						  const uint32_t *map)
{
	for (uint32_t i = 0; i < stmt->column_count; i++) {
		uint32_t at = map ? map[i] : i;
		const struct rc_column *column = &model->columns[at];

		stmt->ways[i] = (struct pg_way){way_of(column->type, stmt->column_types[i]), at, column->offset};
	}
	stmt->ways_model = model;
	stmt->ways_map = map;
}

/* A value that way->by has no place for. */
__attribute__((noinline)) static int read_other(struct db_stmt *stmt, uint32_t i, struct rc_arena *arena, void *row)
{
	const struct pg_way *way = &stmt->ways[i];
	const struct rc_model *model = stmt->ways_model;
	size_t length = (size_t)PQgetlength(stmt->result, stmt->row, (int)i);

	if (PQgetisnull(stmt->result, stmt->row, (int)i)) {
		RC_ROW_NULLS(row) |= (uint64_t)1 << way->at;
		return RC_OK;
	}
	if (!pg_decode(PQgetvalue(stmt->result, stmt->row, (int)i), length, stmt->column_types[i],
		       model->columns[way->at].type, arena, (char *)row + way->offset))
		return bad_column(stmt, model, way->at, i);
	return RC_OK;
}

/* False: see read_other. A NULL has no length. */
static inline bool read_usual(const PGresult *result, int at, int i, const struct pg_way *way, struct rc_arena *arena,
			      char *row)
{
	int length = PQgetlength(result, at, i);
	const char *bytes;

	switch (way->by) {
	case WAY_WORD:
		if (length != 8)
			return false;
		bytes = PQgetvalue(result, at, i);
		*(uint64_t *)(row + way->offset) = pg_get64(bytes);
		return true;
	case WAY_TIME:
		return length == 8 && pg_get_time(PQgetvalue(result, at, i), (int64_t *)(row + way->offset));
	case WAY_TEXT:
		if (length == 0)
			return false;
		*(struct rc_str *)(row + way->offset) = rc_arena_copy(
			arena, (struct rc_str){PQgetvalue(result, at, i), (size_t)length});
		return true;
	case WAY_BOOL:
		if (length != 1)
			return false;
		bytes = PQgetvalue(result, at, i);
		*(bool *)(row + way->offset) = *bytes != 0;
		return true;
	case WAY_OTHER:
		break;
	}
	return false;
}

int pg_read(struct db_stmt *stmt, const struct rc_model *model, const uint32_t *map, struct rc_arena *arena, void *row)
{
	const PGresult *result = stmt->result;
	const struct pg_way *way;
	int count = (int)stmt->column_count, at = stmt->row, rc;

	if (__builtin_expect(stmt->ways_model != model || stmt->ways_map != map, false))
		choose_ways(stmt, model, map);
	way = stmt->ways;
	for (int i = 0; i < count; i++, way++) {
		if (__builtin_expect(read_usual(result, at, i, way, arena, row), true))
			continue;
		rc = read_other(stmt, (uint32_t)i, arena, row);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

int pg_read_int(struct db_stmt *stmt, int64_t *out)
{
	const char *bytes = PQgetvalue(stmt->result, stmt->row, 0);
	size_t length = (size_t)PQgetlength(stmt->result, stmt->row, 0);
	Oid type = stmt->column_count ? stmt->column_types[0] : 0;
	bool truth;

	if (stmt->column_count == 0)
		return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH, "the statement has no result");
	if (type == PG_INT8 && length == 8) { /* a NULL has no length */
		*out = (int64_t)pg_get64(bytes);
		return RC_OK;
	}
	if (PQgetisnull(stmt->result, stmt->row, 0))
		return RC_NOT_FOUND;
	if (pg_decode(bytes, length, type, RC_INT, NULL, out) ||
	    pg_decode(bytes, length, type, RC_TIMESTAMP, NULL, out))
		return RC_OK;
	if (!pg_decode(bytes, length, type, RC_BOOL, NULL, &truth))
		return rc_fault_set(&stmt->conn->base.fault, RC_MISMATCH, "the result is not an integer but %s",
				    pg_type_name(type));
	*out = truth;
	return RC_OK;
}
