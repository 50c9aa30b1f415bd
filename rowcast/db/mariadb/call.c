/*
 * libmariadb's calls under a deadline.
 *
 * The library never blocks in send or recv: where it would have to wait for the socket, it calls our wait_for()
 * (MARIADB_OPT_IO_WAIT), which polls until the deadline of the connection that this thread is calling at most. Refused
 * there, the call ends with an error and has freed what it held, whatever it was doing: connecting, a TLS handshake,
 * half a row. (The library's _start/_cont twins give the same, but run each call on a stack of its own, which costs a
 * tenth of the client's time for a small row, and leave the handshake of TLS out.)
 *
 * The one thing without a deadline of ours is the look-up of a host's name (getaddrinfo), which has its own, in
 * resolv.conf.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "rowcast/db/mariadb/mariadb.h"

/* Whose call runs in this thread. */
static _Thread_local struct mariadb_conn *calling;

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

/* 1: the socket is ready; 0: it is given up. */
static int wait_for(my_socket socket, my_bool to_read, int library_timeout_ms)
{
	struct mariadb_conn *conn = calling;
	struct pollfd fd = {.fd = socket, .events = to_read ? POLLIN : POLLOUT};

	while (conn) {
		int64_t left_us = conn->deadline_us - mariadb_now_us();
		int count;

		if (left_us <= 0 && conn->patient && mariadb_server_answers(conn)) {
			conn->deadline_us = mariadb_now_us() + conn->answer_us;
			continue;
		}
		if (left_us <= 0)
			break;
		count = poll(&fd, 1, left_us < 3600000000 ? (int)((left_us + 999) / 1000) : 3600000);
		if (count > 0)
			return 1;
		if (count < 0 && errno != EINTR)
			break;
	}
	if (conn)
		conn->timed_out = true;
	errno = ETIMEDOUT;
	return 0;
}

void mariadb_call_prepare_options(struct mariadb_conn *conn)
{
	mysql_optionsv(conn->mysql, MARIADB_OPT_IO_WAIT, wait_for);
}

struct call {
	struct mariadb_conn *outer;
	sigset_t mask;
};

/* OpenSSL writes to closed sockets without MSG_NOSIGNAL; the signal would end programs that did not think of it. */
static struct call call_begin(struct mariadb_conn *conn)
{
	struct call call = {.outer = calling};

	calling = conn;
	if (conn->url.ssl != URL_SSL_OFF) {
		sigset_t pipe;

		sigemptyset(&pipe);
		sigaddset(&pipe, SIGPIPE);
		pthread_sigmask(SIG_BLOCK, &pipe, &call.mask);
	}
	return call;
}

static void call_end(struct mariadb_conn *conn, const struct call *call)
{
	calling = call->outer;
	if (conn->url.ssl != URL_SSL_OFF && !sigismember(&call->mask, SIGPIPE)) {
		const struct timespec now = {0};
		sigset_t pipe;

		sigemptyset(&pipe);
		sigaddset(&pipe, SIGPIPE);
		while (sigtimedwait(&pipe, NULL, &now) == SIGPIPE)
			;
		pthread_sigmask(SIG_SETMASK, &call->mask, NULL);
	}
}

bool mariadb_call_connect(struct mariadb_conn *conn, const char *host, const char *database, unsigned int port,
			  const char *socket, unsigned long flags)
{
	struct call call = call_begin(conn);
	bool ok = mysql_real_connect(conn->mysql, host, conn->url.user, conn->url.password, database, port, socket,
				     flags) != NULL;

	/* OpenSSL reads and writes without MSG_DONTWAIT. */
	if (ok) {
		int fd = mysql_get_socket(conn->mysql);

		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	}
	call_end(conn, &call);
	return ok;
}

int mariadb_call_query(struct mariadb_conn *conn, const char *sql, size_t len)
{
	struct call call = call_begin(conn);
	int result = mysql_real_query(conn->mysql, sql, len);

	call_end(conn, &call);
	return result;
}

MYSQL_RES *mariadb_call_store(struct mariadb_conn *conn)
{
	struct call call = call_begin(conn);
	MYSQL_RES *result = mysql_store_result(conn->mysql);

	call_end(conn, &call);
	return result;
}

int mariadb_call_next_result(struct mariadb_conn *conn)
{
	struct call call = call_begin(conn);
	int result = mysql_next_result(conn->mysql);

	call_end(conn, &call);
	return result;
}

int mariadb_call_prepare(struct mariadb_conn *conn, MYSQL_STMT *stmt, const char *sql, size_t len)
{
	struct call call = call_begin(conn);
	int result = mysql_stmt_prepare(stmt, sql, len);

	call_end(conn, &call);
	return result;
}

int mariadb_call_execute(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	struct call call = call_begin(conn);
	int result = mysql_stmt_execute(stmt);

	call_end(conn, &call);
	return result;
}

int mariadb_call_stmt_store(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	struct call call = call_begin(conn);
	int result = mysql_stmt_store_result(stmt);

	call_end(conn, &call);
	return result;
}

void mariadb_call_stmt_close(struct mariadb_conn *conn, MYSQL_STMT *stmt)
{
	struct call call = call_begin(conn);

	mysql_stmt_close(stmt);
	call_end(conn, &call);
}

void mariadb_call_close(struct mariadb_conn *conn)
{
	struct call call;

	if (!conn->mysql)
		return;
	mariadb_deadline(conn, MARIADB_GRACE_US);
	call = call_begin(conn);
	mysql_close(conn->mysql);
	call_end(conn, &call);
	conn->mysql = NULL;
}

void mariadb_lose(struct mariadb_conn *conn)
{
	bool timed_out = conn->timed_out;

	if (!conn->mysql)
		return;
	/* The word of good-bye would be written into a connection that may never take it. */
	shutdown(mysql_get_socket(conn->mysql), SHUT_RDWR);
	mariadb_call_close(conn);
	conn->timed_out = timed_out;
}
