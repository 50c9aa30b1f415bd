#include "rowcast/feed/mariadb/link.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rowcast/base/check.h"

int maria_link_parse(const char *url, struct rc_arena *arena, struct url *out, struct rc_fault *fault)
{
	return url_parse(url, arena, out, fault);
}

static void begin_library(void)
{
	rc_check(mysql_library_init(0, NULL, NULL) == 0);
}

static const struct {
	unsigned int number;
	int err;
} errors[] = {
	{ER_LOCK_DEADLOCK, RC_BUSY},
	{ER_LOCK_WAIT_TIMEOUT, RC_BUSY},
	{ER_ACCESS_DENIED_ERROR, RC_INVALID},
	{ER_DBACCESS_DENIED_ERROR, RC_INVALID},
	{ER_BAD_DB_ERROR, RC_INVALID},
	{ER_SPECIFIC_ACCESS_DENIED_ERROR, RC_MISMATCH},
	{ER_TABLEACCESS_DENIED_ERROR, RC_MISMATCH},
	{ER_COLUMNACCESS_DENIED_ERROR, RC_MISMATCH},
	{ER_NO_SUCH_TABLE, RC_MISMATCH},
	{ER_BAD_FIELD_ERROR, RC_MISMATCH},
	{ER_OPTION_PREVENTS_STATEMENT, RC_READONLY},
	{ER_READ_ONLY_MODE, RC_READONLY},
	{ER_DISK_FULL, RC_FULL},
	{ER_RECORD_FILE_FULL, RC_FULL},
	{ER_CON_COUNT_ERROR, RC_UNAVAILABLE},
	{ER_SERVER_SHUTDOWN, RC_UNAVAILABLE},
	{ER_CONNECTION_KILLED, RC_UNAVAILABLE},
	{ER_QUERY_INTERRUPTED, RC_UNAVAILABLE},
};

int maria_link_fault(const struct link *link, const char *act, struct rc_fault *fault)
{
	unsigned int number = mysql_errno(link->mysql);
	int err = number >= CR_MIN_ERROR && number <= CR_MAX_ERROR ? RC_UNAVAILABLE : RC_IO;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].number == number)
			err = errors[i].err;
	}
	return rc_fault_set(fault, (enum rc_err)err, "%s: cannot %s: %s", link->name, act, mysql_error(link->mysql));
}

static void set_options(MYSQL *mysql, const struct url *url, const struct url_host *host, int64_t answer_us)
{
	unsigned int protocol = host->port ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	unsigned int connect_s = (unsigned int)((url->connect_timeout_us + 999999) / 1000000);
	unsigned int answer_s = (unsigned int)((answer_us + 999999) / 1000000);
	unsigned int no = 0;
	my_bool yes = 1, verify = url->ssl == URL_SSL_VERIFY;

	mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (url->ssl == URL_SSL_OFF)
		return;
	mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (url->ssl_ca)
		mysql_options(mysql, MYSQL_OPT_SSL_CA, url->ssl_ca);
	if (url->ssl_cert) {
		mysql_options(mysql, MYSQL_OPT_SSL_CERT, url->ssl_cert);
		mysql_options(mysql, MYSQL_OPT_SSL_KEY, url->ssl_key);
	}
}

/* Connected, it may still be a replica. */
static int open_host(struct link *link, const struct url *url, const struct url_host *host, int64_t answer_us,
		     struct rc_fault *fault)
{
	char read_only[8];
	int rc;

	link->mysql = mysql_init(NULL);
	rc_check(link->mysql);
	snprintf(link->name, sizeof(link->name), "server %s, database %s", host->label, url->database);
	set_options(link->mysql, url, host, answer_us);
	if (!mysql_real_connect(link->mysql, host->port ? host->name : NULL, url->user, url->password, url->database,
				host->port, host->port ? NULL : host->name, 0))
		return maria_link_fault(link, "connect", fault);
	/* The library insists on TLS only where it verifies. */
	if (url->ssl != URL_SSL_OFF && !mysql_get_ssl_cipher(link->mysql))
		return rc_fault_set(fault, RC_INVALID,
				    "%s: it does not speak TLS, which the database URL asks for; set it up on the "
				    "server, or leave ssl out of the URL",
				    link->name);
	rc = maria_link_text(link, "SELECT @@global.read_only", "ask what it is", read_only, sizeof(read_only), fault);
	if (rc == RC_OK && strcmp(read_only, "0") != 0)
		rc = rc_fault_set(fault, RC_READONLY, "%s: it is read-only (a replica)", link->name);
	if (rc == RC_OK)
		rc = maria_link_run(link, "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'",
				    "prepare the connection", fault);
	return rc;
}

int maria_link_open(struct link *link, const struct url *url, int64_t answer_us, struct rc_fault *fault)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc = RC_UNAVAILABLE;

	rc_check(pthread_once(&once, begin_library) == 0);
	*link = (struct link){0};
	for (size_t i = 0; i < url->host_count; i++) {
		rc = open_host(link, url, &url->hosts[i], answer_us, fault);
		if (rc == RC_OK)
			return RC_OK;
		maria_link_close(link);
	}
	return rc;
}

void maria_link_close(struct link *link)
{
	if (link->mysql)
		mysql_close(link->mysql);
	link->mysql = NULL;
}

int maria_link_run(struct link *link, const char *sql, const char *act, struct rc_fault *fault)
{
	return mysql_real_query(link->mysql, sql, strlen(sql)) == 0 ? RC_OK : maria_link_fault(link, act, fault);
}

int maria_link_runf(struct link *link, const char *act, struct rc_fault *fault, const char *format, ...)
{
	char sql[2048]; /* the longest: a GTID of each of STREAM_DOMAINS_MAX domains */
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	rc_check(len > 0 && (size_t)len < sizeof(sql));
	return maria_link_run(link, sql, act, fault);
}

int maria_link_rows(struct link *link, const char *sql, const char *act, MYSQL_RES **out, struct rc_fault *fault)
{
	int rc = maria_link_run(link, sql, act, fault);

	*out = NULL;
	if (rc != RC_OK)
		return rc;
	*out = mysql_store_result(link->mysql);
	return *out ? RC_OK : maria_link_fault(link, act, fault);
}

int maria_link_text(struct link *link, const char *sql, const char *act, char *out, size_t size, struct rc_fault *fault)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc = maria_link_rows(link, sql, act, &rows, fault);

	*out = 0;
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (row && row[0])
		snprintf(out, size, "%s", row[0]);
	else
		rc = rc_fault_set(fault, RC_NOT_FOUND, "%s: cannot %s: there is no answer", link->name, act);
	mysql_free_result(rows);
	return rc;
}

void maria_link_put_name(struct buf *out, const char *name)
{
	buf_append_char(out, '`');
	for (; *name; name++) {
		if (*name == '`')
			buf_append_char(out, '`');
		buf_append_char(out, *name);
	}
	buf_append_char(out, '`');
}

void maria_link_put_text(struct buf *out, const char *text)
{
	buf_append_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_append_char(out, *text);
		buf_append_char(out, *text);
	}
	buf_append_char(out, '\'');
}
