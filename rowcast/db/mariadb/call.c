/*
 * libmariadb's calls under a deadline.
 *
 * Each blocking call of the library has a twin that stops where it would block and says what it waits for; poll()
 * waits, until the deadline at most. When that has passed, the socket is shut down and the call is let run to its end,
 * which is then an error: so the library frees what it holds, whatever it was doing (TLS has no other way).
 *
 * The one thing without a deadline is the look-up of a host's name (getaddrinfo), which has its own, in resolv.conf.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "rowcast/db/mariadb/mariadb.h"

int64_t mariadb_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void mariadb_deadline(struct mariadb_conn *conn, int64_t allowance_us)
{
	conn->deadline_us = mariadb_now_us() + allowance_us;
	conn->timed_out = false;
}

static int give_up(struct mariadb_conn *conn, int fd, int wanted)
{
	conn->timed_out = true;
	shutdown(fd, SHUT_RDWR);
	return MYSQL_WAIT_TIMEOUT | wanted;
}

/* Wait for what the library asks for (MYSQL_WAIT_…); returns what happened. */
static int await(struct mariadb_conn *conn, int wanted)
{
	struct pollfd fd = {.fd = mysql_get_socket(conn->mysql)};

	wanted &= MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT;
	fd.events = (short)((wanted & MYSQL_WAIT_READ ? POLLIN : 0) | (wanted & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
			    (wanted & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
	if (conn->timed_out)
		return give_up(conn, fd.fd, wanted);
	for (;;) {
		int64_t left_us = conn->deadline_us - mariadb_now_us();
		int count;

		if (left_us <= 0 && conn->patient && mariadb_server_answers(conn)) {
			conn->deadline_us = mariadb_now_us() + conn->answer_us;
			continue;
		}
		if (left_us <= 0)
			return give_up(conn, fd.fd, wanted);
		count = poll(&fd, 1, left_us < 3600000000 ? (int)((left_us + 999) / 1000) : 3600000);
		if (count > 0)
			return (fd.revents & (POLLIN | POLLHUP | POLLERR) ? wanted & MYSQL_WAIT_READ : 0) |
			       (fd.revents & (POLLOUT | POLLHUP | POLLERR) ? wanted & MYSQL_WAIT_WRITE : 0) |
			       (fd.revents & POLLPRI ? wanted & MYSQL_WAIT_EXCEPT : 0);
		if (count < 0 && errno != EINTR)
			return give_up(conn, fd.fd, wanted);
	}
}

bool mariadb_call_connect(struct mariadb_conn *conn, const char *host, const char *database, unsigned int port,
			  const char *socket, unsigned long flags)
{
	MYSQL *result = NULL;
	int wanted = mysql_real_connect_start(&result, conn->mysql, host, conn->url.user, conn->url.password, database,
					      port, socket, flags);

	while (wanted)
		wanted = mysql_real_connect_cont(&result, conn->mysql, await(conn, wanted));
	return result != NULL;
}

int mariadb_call_query(struct mariadb_conn *conn, const char *sql, size_t len)
{
	int result = 0;
	int wanted = mysql_real_query_start(&result, conn->mysql, sql, len);

	while (wanted)
		wanted = mysql_real_query_cont(&result, conn->mysql, await(conn, wanted));
	return result;
}

MYSQL_RES *mariadb_call_store(struct mariadb_conn *conn)
{
	MYSQL_RES *result = NULL;
	int wanted = mysql_store_result_start(&result, conn->mysql);

	while (wanted)
		wanted = mysql_store_result_cont(&result, conn->mysql, await(conn, wanted));
	return result;
}

int mariadb_call_next_result(struct mariadb_conn *conn)
{
	int result = 0;
	int wanted = mysql_next_result_start(&result, conn->mysql);

	while (wanted)
		wanted = mysql_next_result_cont(&result, conn->mysql, await(conn, wanted));
	return result;
}

int mariadb_call_prepare(struct mariadb_conn *conn, MYSQL_STMT *stmt, const char *sql, size_t len)
{
	int result = 0;
	int wanted = mysql_stmt_prepare_start(&result, stmt, sql, len);

	while (wanted)
		wanted = mysql_stmt_prepare_cont(&result, stmt, await(conn, wanted));
	return result;
}

int mariadb_call_execute(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	int result = 0;
	int wanted = mysql_stmt_execute_start(&result, stmt);

	while (wanted)
		wanted = mysql_stmt_execute_cont(&result, stmt, await(conn, wanted));
	return result;
}

int mariadb_call_stmt_store(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	int result = 0;
	int wanted = mysql_stmt_store_result_start(&result, stmt);

	while (wanted)
		wanted = mysql_stmt_store_result_cont(&result, stmt, await(conn, wanted));
	return result;
}

void mariadb_call_stmt_close(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	my_bool result = 0;
	int wanted;

	/* Of a connection that is gone there is only memory to free; the twin would look for the connection. */
	if (!conn->mysql) {
		mysql_stmt_close(stmt);
		return;
	}
	wanted = mysql_stmt_close_start(&result, stmt);
	while (wanted)
		wanted = mysql_stmt_close_cont(&result, stmt, await(conn, wanted));
}

void mariadb_lose(struct mariadb_conn *conn)
{
	if (!conn->mysql)
		return;
	/* COM_QUIT would be written into a connection that may never take it. */
	shutdown(mysql_get_socket(conn->mysql), SHUT_RDWR);
	mysql_close(conn->mysql);
	conn->mysql = NULL;
}
