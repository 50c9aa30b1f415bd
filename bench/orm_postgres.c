/*
 * Items by hand-written libpq calls, as a careful programmer writes them who knows the table: statements prepared once,
 * parameters and results binary, text left where libpq has it, a thousand rows sent as one statement of arrays.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/orm.h"
#include "bench/postgres.h"

#define COLUMNS "shelf, name, place, price, open, starts_at, ends_at, party, note"

static PGconn *db;
static PGresult *result;
static struct item rows[LIST_ROWS];

static void expect(PGresult *now, ExecStatusType status, const char *what)
{
	PQclear(result);
	result = now;
	if (PQresultStatus(result) != status) {
		fprintf(stderr, "orm: %s: %s", what, PQerrorMessage(db));
		exit(1);
	}
}

static void prepare(const char *name, const char *sql)
{
	expect(PQprepare(db, name, sql, 0, NULL), PGRES_COMMAND_OK, sql);
}

static void bare_open(const char *url)
{
	db = PQconnectdb(url);
	if (PQstatus(db) != CONNECTION_OK) {
		fprintf(stderr, "orm: %s", PQerrorMessage(db));
		exit(1);
	}
	prepare("get", "SELECT id, " COLUMNS " FROM item WHERE id = $1");
	prepare("list", "SELECT id, " COLUMNS " FROM item WHERE shelf = $1 ORDER BY id LIMIT $2");
	prepare("insert", "INSERT INTO item (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id");
	prepare("bulk", "INSERT INTO item (" COLUMNS
			") SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[],"
			" $5::boolean[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::text[]) RETURNING id");
}

static void bare_close(void)
{
	PQclear(result);
	PQfinish(db);
}

static void bare_begin(void)
{
	expect(PQexec(db, "BEGIN"), PGRES_COMMAND_OK, "begin");
}

static void bare_rollback(void)
{
	expect(PQexec(db, "ROLLBACK"), PGRES_COMMAND_OK, "rollback");
}

static int64_t get_int(int row, int column)
{
	return postgres_get64(PQgetvalue(result, row, column));
}

static struct rc_str get_text(int row, int column)
{
	return (struct rc_str){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

static void read_row(int row, struct item *out)
{
	int64_t price = get_int(row, 4);

	out->nulls = 0;
	out->id = get_int(row, 0);
	out->shelf = get_int(row, 1);
	out->name = get_text(row, 2);
	out->place = get_text(row, 3);
	memcpy(&out->price, &price, sizeof(price));
	out->open = *PQgetvalue(result, row, 5);
	out->starts_at = get_int(row, 6) + EPOCH_2000_US;
	out->ends_at = get_int(row, 7) + EPOCH_2000_US;
	out->party = get_int(row, 8);
	out->note = RC_STR_NONE;
	if (PQgetisnull(result, row, 9))
		out->nulls = ITEM_NULL_NOTE;
	else
		out->note = get_text(row, 9);
}

static void bare_get(int64_t id, const struct item **out)
{
	static const int length = 8, format = 1;
	const char *value;
	char key[8];

	postgres_put64(key, id);
	value = key;
	expect(PQexecPrepared(db, "get", 1, &value, &length, &format, 1), PGRES_TUPLES_OK, "get");
	read_row(0, &rows[0]);
	*out = PQntuples(result) == 1 ? &rows[0] : NULL;
}

static int64_t bare_list(int64_t shelf)
{
	static const int lengths[2] = {8, 8}, formats[2] = {1, 1};
	char key[8], limit[8];
	const char *const values[2] = {key, limit};
	int64_t sum = 0;
	int count;

	postgres_put64(key, shelf);
	postgres_put64(limit, LIST_ROWS);
	expect(PQexecPrepared(db, "list", 2, values, lengths, formats, 1), PGRES_TUPLES_OK, "list");
	count = PQntuples(result);
	for (int i = 0; i < count; i++)
		read_row(i, &rows[i]);
	for (int i = 0; i < count; i++)
		sum += item_sum(&rows[i]);
	return sum;
}

static void bare_insert(struct item *row)
{
	static const int formats[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	const bool noted = !(row->nulls & ITEM_NULL_NOTE);
	char shelf[8], price[8], open = row->open, starts[8], ends[8], party[8];
	const char *const values[9] = {
		shelf, row->name.ptr, row->place.ptr, price, &open, starts, ends, party, noted ? row->note.ptr : NULL};
	const int lengths[9] = {8, (int)row->name.len, (int)row->place.len, 8, 1, 8, 8, 8, (int)row->note.len};
	int64_t bits;

	memcpy(&bits, &row->price, sizeof(bits));
	postgres_put64(shelf, row->shelf);
	postgres_put64(price, bits);
	postgres_put64(starts, row->starts_at - EPOCH_2000_US);
	postgres_put64(ends, row->ends_at - EPOCH_2000_US);
	postgres_put64(party, row->party);
	expect(PQexecPrepared(db, "insert", 9, values, lengths, formats, 1), PGRES_TUPLES_OK, "insert");
	row->id = get_int(0, 0);
}

enum { SHELF, NAME, PLACE, PRICE, OPEN, STARTS_AT, ENDS_AT, PARTY, NOTE, FIELDS };

static void bare_insert_many(struct item *many, size_t count)
{
	static const uint32_t types[FIELDS] = {OID_INT8,        OID_TEXT,        OID_TEXT, OID_FLOAT8, OID_BOOL,
					       OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_INT8, OID_TEXT};
	static const int formats[FIELDS] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	static char bytes[FIELDS][64 + LIST_ROWS * (4 + ITEM_TEXT_MAX)];
	struct postgres_array a[FIELDS];
	const char *values[FIELDS];
	int lengths[FIELDS];

	for (int i = 0; i < FIELDS; i++)
		postgres_array_begin(&a[i], bytes[i], types[i], (long)count);
	for (size_t i = 0; i < count; i++) {
		const struct item *row = &many[i];
		int64_t bits;

		memcpy(&bits, &row->price, sizeof(bits));
		postgres_array_int(&a[SHELF], row->shelf);
		postgres_array_text(&a[NAME], row->name.ptr, row->name.len);
		postgres_array_text(&a[PLACE], row->place.ptr, row->place.len);
		postgres_array_int(&a[PRICE], bits);
		postgres_array_bool(&a[OPEN], row->open);
		postgres_array_int(&a[STARTS_AT], row->starts_at - EPOCH_2000_US);
		postgres_array_int(&a[ENDS_AT], row->ends_at - EPOCH_2000_US);
		postgres_array_int(&a[PARTY], row->party);
		if (row->nulls & ITEM_NULL_NOTE)
			postgres_array_null(&a[NOTE]);
		else
			postgres_array_text(&a[NOTE], row->note.ptr, row->note.len);
	}
	for (int i = 0; i < FIELDS; i++) {
		values[i] = a[i].bytes;
		lengths[i] = (int)a[i].len;
	}
	expect(PQexecPrepared(db, "bulk", FIELDS, values, lengths, formats, 1), PGRES_TUPLES_OK, "bulk");
	for (size_t i = 0; i < count; i++)
		many[i].id = get_int((int)i, 0);
}

const struct side side_postgres = {"postgres", bare_open,   bare_begin,       bare_rollback, bare_get,
				   bare_list,  bare_insert, bare_insert_many, bare_close};
