#include "rowcast/feed/postgres/link.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "rowcast/io/clock.h"

/* A closed socket leaves the set by itself, and its number may come again: so MOD first, and ADD where it is not in. */
static void listen_for(struct pgf_link *link, uint32_t events)
{
	struct epoll_event event = {.events = events};
	int fd = PQsocket(link->conn);

	event.data.fd = fd;
	link->events = events;
	if (fd >= 0 && epoll_ctl(link->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
		epoll_ctl(link->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void pgf_link_open(struct pgf_link *link, const struct pgf_address *address, size_t host, enum pgf_mode mode,
		   int64_t deadline_us)
{
	pgf_link_close(link);
	link->conn = pgf_connect_start(address, host, mode);
	link->want = PGRES_POLLING_WRITING;
	link->deadline_us = deadline_us;
	listen_for(link, EPOLLOUT);
}

void pgf_link_close(struct pgf_link *link)
{
	PQclear(link->result);
	link->result = NULL;
	if (link->conn)
		PQfinish(link->conn);
	link->conn = NULL;
}

static bool ready(const struct pgf_link *link)
{
	struct pollfd fd = {.fd = PQsocket(link->conn),
			    .events = link->want == PGRES_POLLING_READING ? POLLIN : POLLOUT};

	return poll(&fd, 1, 0) > 0;
}

int pgf_link_connect(struct pgf_link *link, struct rc_fault *fault)
{
	char place[160], words[256];

	while (PQstatus(link->conn) != CONNECTION_BAD && link->want != PGRES_POLLING_OK && ready(link)) {
		link->want = PQconnectPoll(link->conn);
		if (link->want == PGRES_POLLING_FAILED)
			break;
		listen_for(link, link->want == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN);
	}
	if (link->want == PGRES_POLLING_OK && PQsetnonblocking(link->conn, 1) == 0)
		return RC_OK;
	if (PQstatus(link->conn) == CONNECTION_BAD || link->want == PGRES_POLLING_FAILED)
		return rc_fault_set(fault, RC_UNAVAILABLE, "cannot connect to %s: %s", pgf_place(link->conn, place),
				    pgf_words(link->conn, NULL, words));
	if (clock_mono_us() >= link->deadline_us)
		return rc_fault_set(fault, RC_TIMEOUT, "%s does not answer", pgf_place(link->conn, place));
	return RC_AGAIN;
}

int pgf_link_flush(struct pgf_link *link)
{
	int rc = PQflush(link->conn);
	uint32_t events;

	if (rc < 0)
		return RC_UNAVAILABLE;
	events = rc == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN;
	if (events != link->events)
		listen_for(link, events);
	return RC_OK;
}

int pgf_link_send(struct pgf_link *link, const char *sql, int64_t deadline_us, struct rc_fault *fault)
{
	link->deadline_us = deadline_us;
	PQclear(link->result);
	link->result = NULL;
	if (!PQsendQuery(link->conn, sql) || pgf_link_flush(link) != RC_OK)
		return pgf_refused(link->conn, NULL, fault);
	return RC_OK;
}

int pgf_link_result(struct pgf_link *link, struct rc_fault *fault)
{
	char place[160];
	PGresult *result;

	if (pgf_link_flush(link) != RC_OK || !PQconsumeInput(link->conn))
		return pgf_refused(link->conn, NULL, fault);
	while (!PQisBusy(link->conn)) {
		result = PQgetResult(link->conn);
		if (result) {
			PQclear(link->result);
			link->result = result;
		}
		if (result && PQresultStatus(result) != PGRES_COPY_BOTH)
			continue;
		switch (PQresultStatus(link->result)) {
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
		case PGRES_COPY_BOTH:
			return RC_OK;
		default:
			return pgf_refused(link->conn, link->result, fault);
		}
	}
	if (clock_mono_us() >= link->deadline_us)
		return rc_fault_set(fault, RC_TIMEOUT, "%s does not answer", pgf_place(link->conn, place));
	return RC_AGAIN;
}
