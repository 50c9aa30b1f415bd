/*
 * The physical limit of a booking on MariaDB: the same rows that the server writes for one booking (customer, booking,
 * claim, audit, idempotency), into the same schema with its constraints and triggers, by hand-written libmariadb calls: a
 * batch is one prepared INSERT of many rows per table and one commit.
 *
 *   bare_mariadb --db mariadb://USER@HOST:PORT/DATABASE --count N --batch B --mode spread|hot [--first F] [--pause-us U]
 *
 * The server gives the rows of one INSERT consecutive numbers (innodb_autoinc_lock_mode=1, the default), so that a
 * batch's bookings are known from the first. The database must be migrated and hold the venue of bench/venue.py. Prints
 * bookings a second and the percentiles of a commit and of a whole transaction in microseconds.
 */
#include <mysql.h>

#include "bench/bare.h"
#include "bench/mariadb.h"

enum { CUSTOMER, BOOKING, CLAIM, AUDIT, IDEMPOTENCY, STATEMENTS };

#define FIELDS_MAX 5

static struct insert {
	const char *head;
	char row[512]; /* constants are part of the text */
	unsigned int fields;
	MYSQL_STMT *stmt;
	MYSQL_BIND binds[BARE_BATCH_MAX * FIELDS_MAX];
} inserts[STATEMENTS] = {
	[CUSTOMER] = {"INSERT INTO customer (name, email, phone, created_at) VALUES ", .fields = 2},
	[BOOKING] = {"INSERT INTO booking (ref, service_id, resource_id, customer_id, state, starts_at, ends_at, tz,"
		     " wall_start, party, hold_extensions, version, created_at, updated_at) VALUES ",
		     .fields = 5},
	[CLAIM] = {"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty, session_id) VALUES ", .fields = 4},
	[AUDIT] = {"INSERT INTO audit (at, action, ref, detail) VALUES ", .fields = 1},
	[IDEMPOTENCY] = {"INSERT INTO idempotency (scope, `key`, fingerprint, status, response, expires_at) VALUES ",
			 .fields = 3},
};

static MYSQL *db;
static struct bare_options options;
static struct bare_place place;
static int64_t rooms, room_first, base_us;
static long prepared_rows;
static struct samples commits;

/* What the binds point at. */
static struct values {
	struct bare_texts texts;
	int64_t resource, customer, booking;
	MYSQL_TIME lo, hi;
} values[BARE_BATCH_MAX];

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bare_mariadb: %s: %s\n", what, mysql_error(db));
		exit(1);
	}
}

static int64_t lookup(const char *query)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	int64_t value;

	must(mysql_query(db, query) == 0, query);
	result = mysql_store_result(db);
	must(result != NULL, query);
	row = mysql_fetch_row(result);
	must(row && row[0], query);
	value = atoll(row[0]);
	mysql_free_result(result);
	return value;
}

static void bind_text(MYSQL_BIND *bind, char *text)
{
	*bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = text};
}

static void bind_int(MYSQL_BIND *bind, int64_t *value)
{
	*bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = value};
}

static void bind_time(MYSQL_BIND *bind, MYSQL_TIME *time)
{
	*bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DATETIME, .buffer = time};
}

static void point_binds(long i)
{
	struct values *v = &values[i];
	MYSQL_BIND *to = &inserts[CUSTOMER].binds[i * 2];

	bind_text(&to[0], v->texts.name);
	bind_text(&to[1], v->texts.email);
	to = &inserts[BOOKING].binds[i * 5];
	bind_text(&to[0], v->texts.ref);
	bind_int(&to[1], &v->resource);
	bind_int(&to[2], &v->customer);
	bind_time(&to[3], &v->lo);
	bind_time(&to[4], &v->hi);
	to = &inserts[CLAIM].binds[i * 4];
	bind_int(&to[0], &v->booking);
	bind_int(&to[1], &v->resource);
	bind_time(&to[2], &v->lo);
	bind_time(&to[3], &v->hi);
	bind_text(&inserts[AUDIT].binds[i], v->texts.ref);
	to = &inserts[IDEMPOTENCY].binds[i * 3];
	bind_text(&to[0], v->texts.key);
	bind_text(&to[1], v->texts.ref);
	bind_text(&to[2], v->texts.response);
}

static void prepare(long rows)
{
	for (int i = 0; i < STATEMENTS; i++) {
		struct insert *insert = &inserts[i];
		size_t size = strlen(insert->head) + (size_t)rows * (strlen(insert->row) + 1) + 1, len;
		char *text = malloc(size);

		if (!text)
			abort();
		len = (size_t)snprintf(text, size, "%s", insert->head);
		for (long row = 0; row < rows; row++)
			len += (size_t)snprintf(text + len, size - len, "%s%s", row ? "," : "", insert->row);
		if (insert->stmt)
			mysql_stmt_close(insert->stmt);
		insert->stmt = mysql_stmt_init(db);
		must(insert->stmt && mysql_stmt_prepare(insert->stmt, text, len) == 0, insert->head);
		free(text);
	}
	prepared_rows = rows;
}

/* Returns the number that the first row got. */
static int64_t run(int which, long count)
{
	struct insert *insert = &inserts[which];

	for (long i = 0; i < count * insert->fields; i++) {
		MYSQL_BIND *bind = &insert->binds[i];

		if (bind->buffer_type == MYSQL_TYPE_STRING)
			bind->buffer_length = strlen(bind->buffer);
	}
	if (mysql_stmt_bind_param(insert->stmt, insert->binds) || mysql_stmt_execute(insert->stmt)) {
		fprintf(stderr, "bare_mariadb: %s: %s\n", insert->head, mysql_stmt_error(insert->stmt));
		exit(1);
	}
	return (int64_t)mysql_stmt_insert_id(insert->stmt);
}

static void book(long first, long count)
{
	int64_t commit_ns, number;

	if (count != prepared_rows)
		prepare(count);
	for (long i = 0; i < count; i++) {
		if (!options.hot)
			bare_spread(&place, first + i, base_us, rooms, room_first);
		bare_write(&values[i].texts, first + i, place.resource);
		values[i].resource = place.resource;
		mariadb_time(place.lo_us, &values[i].lo);
		mariadb_time(place.hi_us, &values[i].hi);
	}
	number = run(CUSTOMER, count);
	for (long i = 0; i < count; i++)
		values[i].customer = number + i;
	number = run(BOOKING, count);
	for (long i = 0; i < count; i++)
		values[i].booking = number + i;
	run(CLAIM, count);
	run(AUDIT, count);
	run(IDEMPOTENCY, count);
	commit_ns = bench_now_ns();
	must(mysql_commit(db) == 0, "commit");
	samples_add(&commits, bench_now_ns() - commit_ns);
}

static void time_text(int64_t us, char text[32])
{
	MYSQL_TIME time;

	mariadb_time(us, &time);
	snprintf(text, 32, "'%04u-%02u-%02u %02u:%02u:%02u'", time.year, time.month, time.day, time.hour, time.minute,
		 time.second);
}

static void find_class(void)
{
	char text[512], lo[32], hi[32];

	place.resource = lookup("SELECT id FROM resource WHERE kind = 'session'");
	place.lo_us = base_us + 18 * 3600000000LL;
	place.hi_us = place.lo_us + 3600000000LL;
	time_text(place.lo_us, lo);
	time_text(place.hi_us, hi);
	snprintf(text, sizeof(text), "SELECT count(*) FROM session WHERE resource_id = %lld AND starts_at = %s",
		 (long long)place.resource, lo);
	if (lookup(text) == 0) {
		snprintf(text, sizeof(text),
			 "INSERT INTO session (resource_id, starts_at, ends_at, capacity, taken, taken_by)"
			 " VALUES (%lld, %s, %s, 100000, 0, 0)",
			 (long long)place.resource, lo, hi);
		must(mysql_query(db, text) == 0, text);
	}
	place.session = lookup("SELECT max(id) FROM session");
	must(mysql_commit(db) == 0, "commit");
}

/* What is the same in every row of a run is part of the text. */
static void write_rows(void)
{
	char now[32], later[32], session[24] = "NULL";

	time_text(base_us, now);
	time_text(base_us + 86400000000LL, later);
	if (place.session)
		snprintf(session, sizeof(session), "%lld", (long long)place.session);
	snprintf(inserts[CUSTOMER].row, sizeof(inserts->row), "(?,?,'',%s)", now);
	snprintf(inserts[BOOKING].row, sizeof(inserts->row),
		 "(?,%lld,?,?,'confirmed',?,?,'UTC','2026-11-20T09:00',1,0,1,%s,%s)", (long long)place.service, now,
		 now);
	snprintf(inserts[CLAIM].row, sizeof(inserts->row), "(?,?,0,?,?,1,%s)", session);
	snprintf(inserts[AUDIT].row, sizeof(inserts->row), "(%s,'booked',?,'')", now);
	snprintf(inserts[IDEMPOTENCY].row, sizeof(inserts->row), "('" BARE_SCOPE "',?,?,201,?,%s)", later);
}

int main(int argc, char **argv)
{
	options = bare_parse(argc, argv, "bare_mariadb");
	base_us = bare_base_us();
	db = mariadb_dial(options.db);
	must(mysql_autocommit(db, 0) == 0, "autocommit");
	rooms = lookup("SELECT count(*) FROM resource WHERE kind = 'exclusive'");
	room_first = lookup("SELECT min(id) FROM resource WHERE kind = 'exclusive'");
	place.service = lookup(options.hot ? "SELECT id FROM service WHERE `key` = 'class'"
					   : "SELECT id FROM service WHERE `key` = 'room'");
	if (options.hot)
		find_class();
	write_rows();
	for (long i = 0; i < options.batch; i++)
		point_binds(i);
	bare_run(&options, book, &commits);
	mysql_close(db);
	return 0;
}
