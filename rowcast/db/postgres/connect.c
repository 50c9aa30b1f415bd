/*
 * Connecting to the right one of the URL's servers.
 *
 * All are tried at the same time: a dead one costs nothing where another answers, and a writer has to see all of them
 * anyway, because after a failover that went wrong two may say that they are the primary. Then the higher timeline is
 * the promoted one.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/log.h"
#include "rowcast/db/postgres/postgres.h"

/* How long the other servers are waited for when one is found that would do. */
#define GRACE_US 500000

enum state { CONNECTING, ASKING, READY, FAILED };

struct attempt {
	PGconn *pg;
	const struct pg_host *host;
	enum state state;
	PostgresPollingStatusType wants;
	bool standby;
	uint32_t timeline;
	struct rc_fault fault;
};

struct search {
	const struct pg_url *url;
	const struct db_options *options;
	struct attempt *attempts;
	size_t count;
	int64_t found_us; /* since when one of them would do; 0: none */
};

/* pg_walfile_name knows the new timeline at once; the control file only after a checkpoint. */
static const char probe_sql[] =
	"SELECT pg_is_in_recovery(), CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END,"
	" pg_encoding_to_char((SELECT encoding FROM pg_database WHERE datname = current_database()))";

/* The SQLSTATE in a message of verbose form: "FATAL:  28P01: password …". */
static void read_sqlstate(const char *message, char sqlstate[6])
{
	const char *at = strstr(message, ":  ");

	sqlstate[0] = '\0';
	if (at && strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':')
		snprintf(sqlstate, 6, "%.5s", at + 3);
}

static struct rc_str words(const char *message, const char *sqlstate)
{
	const char *at = *sqlstate ? strstr(message, sqlstate) : NULL;

	return pg_message(at ? at + 7 : message);
}

static void give_up(struct search *search, struct attempt *attempt)
{
	const char *message = PQerrorMessage(attempt->pg), *user = PQuser(attempt->pg);
	const char *database = search->url->database, *server = attempt->host->name;
	struct rc_fault *fault = &attempt->fault;
	char sqlstate[6];
	struct rc_str said;

	read_sqlstate(message, sqlstate);
	said = words(message, sqlstate);
	attempt->state = FAILED;
	if (strcmp(sqlstate, "28P01") == 0)
		rc_fault_set(
			fault, RC_INVALID,
			"server %s refuses the password of user %s; correct it in the URL, PGPASSWORD or ~/.pgpass",
			server, user);
	else if (PQconnectionNeedsPassword(attempt->pg))
		rc_fault_set(fault, RC_INVALID,
			     "server %s wants a password of user %s; give it in the URL "
			     "(postgres://USER:PASSWORD@…), PGPASSWORD or ~/.pgpass",
			     server, user);
	else if (strncmp(sqlstate, "28", 2) == 0)
		rc_fault_set(fault, RC_INVALID, "server %s does not let user %s in: %.*s; its pg_hba.conf decides this",
			     server, user, RC_STR_ARG(said));
	else if (strcmp(sqlstate, "3D000") == 0)
		rc_fault_set(fault, RC_NOT_FOUND,
			     "server %s has no database %s; correct the URL, or make it with createdb", server,
			     database);
	else if (strcmp(sqlstate, "42501") == 0)
		rc_fault_set(fault, RC_INVALID,
			     "user %s may not use database %s on server %s; GRANT CONNECT ON DATABASE %s TO %s", user,
			     database, server, database, user);
	else if (strcmp(sqlstate, "53300") == 0)
		rc_fault_set(fault, RC_UNAVAILABLE,
			     "server %s has no connection left for us (%.*s); raise its max_connections or end others",
			     server, RC_STR_ARG(said));
	else
		rc_fault_set(fault, RC_UNAVAILABLE, "cannot connect to database %s on server %s: %.*s", database,
			     server, RC_STR_ARG(said));
}

#define FAIL(attempt, err, format, ...)                                                                                \
	((attempt)->state = FAILED,                                                                                    \
	 (void)rc_fault_set(&(attempt)->fault, err, format, (attempt)->host->name __VA_OPT__(, ) __VA_ARGS__))

static void begin(struct search *search, struct attempt *attempt)
{
	const struct pg_url *url = search->url;
	const char **keywords = url->keywords, **values = url->values;
	const struct {
		const char *keyword, *value;
	} more[] = {
		{"host", attempt->host->host},
		{"hostaddr", attempt->host->hostaddr},
		{"port", attempt->host->port},
		{"client_encoding", "UTF8"},
		{"fallback_application_name", "rowcast"},
		{"keepalives_idle", "10"},
		{"keepalives_interval", "5"},
		{"keepalives_count", "3"},
		{"tcp_user_timeout", "20000"},
	};
	size_t count = url->count;

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		if (!more[i].value || (i > 3 && pg_url_value(url, more[i].keyword)))
			continue;
		keywords[count] = more[i].keyword;
		values[count++] = more[i].value; /* the later of two counts */
	}
	keywords[count] = values[count] = NULL;
	attempt->pg = PQconnectStartParams(keywords, values, 0);
	if (!attempt->pg) {
		FAIL(attempt, RC_LIMIT, "no memory for a connection to server %s");
		return;
	}
	PQsetErrorVerbosity(attempt->pg, PQERRORS_VERBOSE);
	attempt->wants = PGRES_POLLING_WRITING;
	if (PQstatus(attempt->pg) == CONNECTION_BAD)
		give_up(search, attempt);
}

static void ask(struct search *search, struct attempt *attempt)
{
	char version[16];
	int number = PQserverVersion(attempt->pg);

	PQsetErrorVerbosity(attempt->pg, PQERRORS_DEFAULT);
	if (number < PG_VERSION_LEAST) {
		snprintf(version, sizeof(version), "%d.%d", number / 10000, number / 100 % 100);
		FAIL(attempt, RC_INVALID, "server %s runs PostgreSQL %s; version 12 is the oldest that works", version);
		return;
	}
	attempt->state = ASKING;
	attempt->wants = PGRES_POLLING_READING;
	if (PQsetnonblocking(attempt->pg, 1) != 0 || !PQsendQuery(attempt->pg, probe_sql) || PQflush(attempt->pg) < 0)
		give_up(search, attempt);
}

static void read_answer(struct search *search, struct attempt *attempt)
{
	PGresult *result = PQgetResult(attempt->pg), *more;

	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
		give_up(search, attempt);
	} else if (strcmp(PQgetvalue(result, 0, 2), "UTF8") != 0) {
		FAIL(attempt, RC_MISMATCH,
		     "the database on server %s stores text as %s; make it anew with ENCODING 'UTF8'",
		     PQgetvalue(result, 0, 2));
	} else {
		char timeline[9];

		snprintf(timeline, sizeof(timeline), "%.8s", PQgetvalue(result, 0, 1));
		attempt->standby = PQgetvalue(result, 0, 0)[0] == 't';
		attempt->timeline = (uint32_t)strtoul(timeline, NULL, 16);
		attempt->state = READY;
		if (attempt->standby && search->options->writable)
			FAIL(attempt, RC_READONLY,
			     "server %s is a standby and may not be written; name the primary in the URL, or all "
			     "servers separated by commas");
	}
	PQclear(result);
	while ((more = PQgetResult(attempt->pg)))
		PQclear(more);
}

static void step(struct search *search, struct attempt *attempt)
{
	if (attempt->state == CONNECTING) {
		attempt->wants = PQconnectPoll(attempt->pg);
		if (attempt->wants == PGRES_POLLING_OK)
			ask(search, attempt);
		else if (attempt->wants == PGRES_POLLING_FAILED)
			give_up(search, attempt);
	} else if (!PQconsumeInput(attempt->pg)) {
		give_up(search, attempt);
	} else if (!PQisBusy(attempt->pg)) {
		read_answer(search, attempt);
	}
}

/* Nothing better can come: all have answered; or one that would do is there and no earlier one may still (reading). */
static bool settled(struct search *search, int64_t now_us)
{
	bool open = false, best = true;

	for (size_t i = 0; i < search->count; i++) {
		enum state state = search->attempts[i].state;

		if (state == READY && !search->found_us)
			search->found_us = now_us;
		if (state == READY && best && !search->options->writable)
			return true;
		open |= state < READY;
		best &= state == FAILED;
	}
	return !open || (search->found_us && now_us - search->found_us >= GRACE_US);
}

static void wait(struct search *search, struct rc_arena *arena, int64_t deadline_us)
{
	struct pollfd *fds = RC_ARENA_ARRAY(arena, struct pollfd, search->count);

	for (;;) {
		int64_t now_us = pg_now_us(), until_us = deadline_us;

		if (settled(search, now_us) || now_us >= deadline_us)
			return;
		if (search->found_us && search->found_us + GRACE_US < until_us)
			until_us = search->found_us + GRACE_US;
		for (size_t i = 0; i < search->count; i++) {
			struct attempt *attempt = &search->attempts[i];

			fds[i].fd = attempt->state < READY ? PQsocket(attempt->pg) : -1;
			fds[i].events = attempt->wants == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
			fds[i].revents = 0;
		}
		if (poll(fds, search->count, (int)((until_us - now_us + 999) / 1000)) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < search->count; i++) {
			if (fds[i].fd >= 0 && fds[i].revents)
				step(search, &search->attempts[i]);
		}
	}
}

static void warn_of_two(const struct search *search, const struct attempt *a, const struct attempt *b,
			const struct attempt *taken)
{
	log_event(
		LOG_WARN, "database_two_primaries",
		"two servers of one URL both say that they are the primary; the one with the higher timeline is used: "
		"stop the other",
		LOG_S("database", search->url->database), LOG_S("server", a->host->name),
		LOG_I("timeline", a->timeline), LOG_S("other_server", b->host->name),
		LOG_I("other_timeline", b->timeline), LOG_S("used", taken->host->name));
}

static struct attempt *choose(struct search *search)
{
	struct attempt *best = NULL;

	for (size_t i = 0; i < search->count; i++) {
		struct attempt *attempt = &search->attempts[i], *better = attempt;

		if (attempt->state != READY)
			continue;
		if (best && !search->options->writable)
			continue;
		if (best && attempt->timeline <= best->timeline)
			better = best;
		if (best)
			warn_of_two(search, best, attempt, better);
		best = better;
	}
	return best;
}

/* Why none would do: the one server's own fault, or one line of all of them. */
static int explain(struct search *search, struct rc_arena *arena, int64_t waited_us, struct rc_fault *fault)
{
	const char *all = "";
	int err = RC_READONLY;

	for (size_t i = 0; i < search->count; i++) {
		struct attempt *attempt = &search->attempts[i];

		if (attempt->state < READY)
			rc_fault_set(&attempt->fault, RC_TIMEOUT,
				     "server %s did not answer within %.1f s; is it up, and reachable from here?",
				     attempt->host->name, (double)waited_us / 1e6);
		if (attempt->fault.err != RC_READONLY)
			err = RC_UNAVAILABLE;
		all = rc_arena_printf(arena, "%s%s%s", all, i ? "; " : "", attempt->fault.message);
	}
	if (search->count > 1)
		return rc_fault_set(fault, (enum rc_err)err, "no server of database %s can be used: %s",
				    search->url->database, all);
	if (fault)
		*fault = search->attempts[0].fault;
	return search->attempts[0].fault.err;
}

int pg_connect(const struct pg_url *url, const struct db_options *options, int64_t timeout_us, struct pg_connected *out,
	       struct rc_fault *fault)
{
	struct search search = {.url = url, .options = options, .count = url->host_count};
	const struct pg_host *first = url->hosts;
	struct attempt *chosen;
	struct rc_arena arena;
	int rc = RC_OK;

	if (options->host < 0 || (size_t)options->host > url->host_count)
		return rc_fault_set(fault, RC_INVALID, "the database URL names %zu servers, not %d", url->host_count,
				    options->host);
	if (options->host > 0) {
		first += options->host - 1;
		search.count = 1;
	}
	rc_arena_init(&arena, 4096);
	search.attempts = RC_ARENA_ARRAY(&arena, struct attempt, search.count);
	for (size_t i = 0; i < search.count; i++) {
		search.attempts[i].host = &first[i];
		begin(&search, &search.attempts[i]);
	}
	wait(&search, &arena, pg_now_us() + timeout_us);
	chosen = choose(&search);
	if (chosen) {
		*out = (struct pg_connected){chosen->pg, (size_t)(chosen->host - url->hosts)};
		chosen->pg = NULL;
	} else {
		rc = explain(&search, &arena, timeout_us, fault);
	}
	for (size_t i = 0; i < search.count; i++)
		PQfinish(search.attempts[i].pg);
	rc_arena_release(&arena);
	return rc;
}
