#include "rowcast/feed/mariadb/dump.h"

#include <mysql.h>

#include <mariadb_rpl.h>
#include <mysqld_error.h>
#include <sodium.h>

#include "rowcast/base/check.h"

#define FIRST_EVENT 4

static int set_up(struct dump *dump, const char *gtids, struct rc_fault *fault)
{
	const char *act = "ask for the binlog";
	int rc = maria_link_runf(
		&dump->link, act, fault,
		"SET @mariadb_slave_capability = 4, @master_binlog_checksum = @@global.binlog_checksum, "
		"@master_heartbeat_period = %d000, @slave_gtid_strict_mode = 1, "
		"@slave_gtid_ignore_duplicates = 0",
		DUMP_HEARTBEAT_US);

	if (rc == RC_OK && gtids)
		rc = maria_link_runf(&dump->link, act, fault, "SET @slave_connect_state = '%s'", gtids);
	return rc;
}

/* A server ends the dump of one reader when another comes with its id; two numbers in 2^31 hardly meet, and who is thrown
 * out comes back with another. */
static unsigned int draw_id(void)
{
	return 0x40000000u + randombytes_uniform(0x3fffffff);
}

int maria_dump_begin(struct dump *dump, const char *gtids, const char *file, struct rc_fault *fault)
{
	int rc = set_up(dump, gtids, fault);

	dump->rpl = NULL;
	if (rc != RC_OK)
		return rc;
	dump->rpl = mariadb_rpl_init(dump->link.mysql);
	rc_check(dump->rpl);
	mariadb_rpl_optionsv(dump->rpl, MARIADB_RPL_SERVER_ID, draw_id());
	mariadb_rpl_optionsv(dump->rpl, MARIADB_RPL_START, (unsigned long)FIRST_EVENT);
	mariadb_rpl_optionsv(dump->rpl, MARIADB_RPL_FLAGS,
			     (unsigned int)(gtids ? 0 : MARIADB_RPL_BINLOG_DUMP_NON_BLOCK));
	if (file)
		mariadb_rpl_optionsv(dump->rpl, MARIADB_RPL_FILENAME, file, strlen(file));
	return mariadb_rpl_open(dump->rpl) == 0 ? RC_OK : maria_link_fault(&dump->link, "ask for the binlog", fault);
}

void maria_dump_close(struct dump *dump)
{
	if (dump->rpl)
		mariadb_rpl_close(dump->rpl);
	dump->rpl = NULL;
	maria_link_close(&dump->link);
}

/* What the server says when another reader came with our id is the same error number; it hangs up as well, and the
 * next try has another id. */
static int refused(struct dump *dump, struct rc_fault *fault)
{
	int rc = maria_link_fault(&dump->link, "read the binlog", fault);

	if (mysql_errno(dump->link.mysql) != ER_MASTER_FATAL_ERROR_READING_BINLOG)
		return rc;
	return strstr(mysql_error(dump->link.mysql), "same server_") ? RC_UNAVAILABLE : RC_GONE;
}

int maria_dump_next(struct dump *dump, const uint8_t **event, size_t *len, struct rc_fault *fault)
{
	MYSQL *mysql = dump->link.mysql;
	unsigned long got = mysql_net_read_packet(mysql);

	if (got == (unsigned long)-1 || got == 0xffffffff)
		return refused(dump, fault);
	if (got < 9 && got > 0 && mysql->net.read_pos[0] == 0xfe)
		return RC_NOT_FOUND;
	if (got < 1 || mysql->net.read_pos[0] != 0)
		return rc_fault_set(fault, RC_UNAVAILABLE, "%s: what the server sends is no binlog", dump->link.name);
	*event = mysql->net.read_pos + 1;
	*len = got - 1;
	return RC_OK;
}
