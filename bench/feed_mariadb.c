/*
 * Ticks by hand-written libmariadb calls, and the barest reader of MariaDB's binlog: packets as they come, the values of rows
 * at the places where the table has them.
 */
#include <mysql.h>

#include <mariadb_rpl.h>
#include <unistd.h>

#include "bench/feed.h"
#include "bench/mariadb.h"

enum { HEADER = 19, CHECKSUM = 4, TABLE_MAP = 19, WRITE_ROWS_V1 = 23 };

static MYSQL *writer, *reader;
static MARIADB_RPL *dump;
static uint64_t table; /* the binlog's number of table tick */
static char text[4096];

static void must(MYSQL *db, bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "feed: %s: %s\n", what, mysql_error(db));
		exit(1);
	}
}

static void writer_open(const char *url)
{
	writer = mariadb_dial(url);
}

static void writer_close(void)
{
	mysql_close(writer);
}

static void write_ticks(int64_t first, int64_t count)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO tick (run, name, at, amount) SELECT 1, concat('Tick ', seq), '2026-11-20 00:00:00', seq "
		 "FROM seq_%ld_to_%ld",
		 (long)first, (long)(first + count - 1));
	must(writer, mysql_query(writer, sql) == 0, sql);
}

static void reader_open(const char *url)
{
	static const char *const settings[] = {
		"SET @mariadb_slave_capability = 4, @master_binlog_checksum = 'CRC32', @master_heartbeat_period = "
		"10000000000",
		"SET GLOBAL binlog_checksum = 'CRC32'", /* the default */
		"SET @slave_connect_state = @@gtid_binlog_pos",
	};

	reader = mariadb_dial(url);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		must(reader, mysql_query(reader, settings[i]) == 0, settings[i]);
	dump = mariadb_rpl_init(reader);
	mariadb_rpl_optionsv(dump, MARIADB_RPL_SERVER_ID, 0x3fff0000u | (unsigned int)(getpid() & 0xffff));
	mariadb_rpl_optionsv(dump, MARIADB_RPL_START, 4ul);
	mariadb_rpl_optionsv(dump, MARIADB_RPL_FLAGS, 0u);
	must(reader, mariadb_rpl_open(dump) == 0, "ask for the binlog");
}

static uint64_t little(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

/* DATETIME(6): 40 bits (year * 13 + month: 17, day: 5, hour: 5, minute: 6, second: 6) and 24 of microseconds, big-endian. */
static int64_t datetime(const uint8_t *at)
{
	uint64_t bits = (uint64_t)at[0] << 32 | (uint64_t)at[1] << 24 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 8 |
			at[4];
	unsigned int month = (unsigned int)(bits >> 22 & 0x1ffff);
	MYSQL_TIME time = {.year = month / 13,
			   .month = month % 13,
			   .day = bits >> 17 & 31,
			   .hour = bits >> 12 & 31,
			   .minute = bits >> 6 & 63,
			   .second = bits & 63,
			   .second_part = (unsigned long)at[5] << 16 | (unsigned long)at[6] << 8 | at[7]};

	return mariadb_us(&time);
}

/* Rows of five columns that are all there, none NULL. */
static void saw_rows(const uint8_t *at, const uint8_t *end)
{
	if (little(at, 6) != table)
		return;
	at += 8 + 1 + 1; /* table, flags, number of columns, which are present */
	while (at < end) {
		struct tick tick;

		at++; /* which are NULL */
		tick.nulls = 0;
		tick.id = (int64_t)little(at, 8);
		tick.run = (int64_t)little(at + 8, 8);
		tick.name = (struct rc_str){text, (size_t)little(at + 16, 4)};
		memcpy(text, at + 20, tick.name.len);
		at += 20 + tick.name.len;
		tick.at = datetime(at);
		tick.amount = (int64_t)little(at + 8, 8);
		at += 16;
		feed_saw(&tick);
	}
}

static void note_table(const uint8_t *at)
{
	const uint8_t *schema = at + 8, *name = schema + 1 + schema[0] + 1;

	if (name[0] == 4 && memcmp(name + 1, "tick", 4) == 0)
		table = little(at, 6);
}

static void reader_read(void)
{
	unsigned long got = mysql_net_read_packet(reader);
	const uint8_t *event = reader->net.read_pos + 1;

	must(reader, got != (unsigned long)-1 && got != 0xffffffff && got > HEADER && event[-1] == 0,
	     "read the binlog");
	if (event[4] == TABLE_MAP)
		note_table(event + HEADER);
	else if (event[4] == WRITE_ROWS_V1)
		saw_rows(event + HEADER, event + got - 1 - CHECKSUM);
}

static void reader_close(void)
{
	mariadb_rpl_close(dump);
	mysql_close(reader);
}

const struct engine engine_mariadb = {"mariadb",   writer_open, write_ticks, writer_close,
				      reader_open, reader_read, reader_close};
