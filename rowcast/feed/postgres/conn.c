/* conn.h tells what this is for. */
#include "rowcast/feed/postgres/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/db/postgres/postgres.h"
#include "rowcast/io/clock.h"

#define KEYWORDS_MAX    80
#define HOST_TRY_US     4000000 /* one server's share of a connect while others may answer */
#define SESSION_OPTIONS "-c datestyle=ISO -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex"

static const char *option_of(const struct pgf_address *address, const char *keyword)
{
	for (const PQconninfoOption *o = address->options; o->keyword; o++) {
		if (strcmp(o->keyword, keyword) == 0)
			return o->val && *o->val ? o->val : NULL;
	}
	return NULL;
}

static size_t list_length(const char *list)
{
	size_t count = 1;

	for (; list && *list; list++)
		count += *list == ',';
	return count;
}

int pgf_address_parse(struct pgf_address *out, const char *url, struct rc_fault *fault)
{
	char *words = NULL, *plain = rc_xstrdup(url);
	size_t by_name, by_address;
	bool prepare; /* nothing is prepared here */
	int rc = strstr(plain, "//") ? pg_take_prepare(plain, &prepare, fault) : RC_OK;

	*out = (struct pgf_address){.options = rc == RC_OK ? PQconninfoParse(plain, &words) : NULL};
	free(plain);
	if (rc != RC_OK)
		return rc;
	PQfreemem(words); /* may hold a part of the password */
	if (!out->options)
		return rc_fault_set(fault, RC_INVALID,
				    "the PostgreSQL URL cannot be read; write "
				    "postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for special characters");
	by_name = list_length(option_of(out, "host"));
	by_address = list_length(option_of(out, "hostaddr"));
	out->host_count = by_name > by_address ? by_name : by_address;
	return RC_OK;
}

void pgf_address_release(struct pgf_address *address)
{
	PQconninfoFree(address->options);
	*address = (struct pgf_address){0};
}

/* Entry `host` of a comma-separated list; a list of one counts for every host. */
static void pick(const char *list, size_t host, char *out, size_t size)
{
	struct rc_str rest = rc_str_from(list), entry = rc_str_cut(&rest, ',');

	if (list_length(list) > 1) {
		for (; host > 0; host--)
			entry = rc_str_cut(&rest, ',');
	}
	snprintf(out, size, "%.*s", RC_STR_ARG(entry));
}

static bool is_list(const char *keyword)
{
	return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 || strcmp(keyword, "port") == 0;
}

/* What we say ourselves, whatever the URL says. */
static bool is_ours(const char *keyword)
{
	static const char *const ours[] = {"replication", "client_encoding", "options", "target_session_attrs"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		if (strcmp(keyword, ours[i]) == 0)
			return true;
	}
	return false;
}

struct keywords {
	const char *names[KEYWORDS_MAX + 1], *values[KEYWORDS_MAX + 1];
	size_t count;
};

static void put(struct keywords *words, const char *name, const char *value)
{
	rc_check(words->count < KEYWORDS_MAX);
	words->names[words->count] = name;
	words->values[words->count++] = value;
}

PGconn *pgf_connect_start(const struct pgf_address *address, size_t host, enum pgf_mode mode)
{
	/* A peer that vanished without a word is noticed by TCP, not only by us. */
	static const char *const defaults[][2] = {{"keepalives_idle", "10"},
						  {"keepalives_interval", "5"},
						  {"keepalives_count", "3"},
						  {"application_name", "rowcast feed"}};
	char picked[3][512], options[1024];
	const char *theirs = option_of(address, "options");
	struct keywords words = {0};
	size_t lists = 0;
	PGconn *conn;

	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		if (!option_of(address, defaults[i][0]))
			put(&words, defaults[i][0], defaults[i][1]);
	}
	for (const PQconninfoOption *o = address->options; o->keyword; o++) {
		if (!o->val || !*o->val || is_ours(o->keyword))
			continue;
		if (is_list(o->keyword)) {
			pick(o->val, host % address->host_count, picked[lists], sizeof(*picked));
			put(&words, o->keyword, picked[lists++]);
		} else {
			put(&words, o->keyword, o->val);
		}
	}
	snprintf(options, sizeof(options), "%s%s%s", theirs ? theirs : "", theirs ? " " : "", SESSION_OPTIONS);
	put(&words, "options", options);
	put(&words, "client_encoding", "UTF8");
	if (mode == PGF_REPLICATION)
		put(&words, "replication", "database");
	conn = PQconnectStartParams(words.names, words.values, 0);
	rc_check(conn); /* NULL: out of memory */
	return conn;
}

const char *pgf_place(const PGconn *conn, char text[160])
{
	const char *host = PQhost(conn), *port = PQport(conn), *db = PQdb(conn);

	snprintf(text, 160, "database %s on %s:%s", db ? db : "?", host && *host ? host : "localhost",
		 port && *port ? port : "5432");
	return text;
}

int pgf_wait(const PGconn *conn, bool writing, int64_t deadline_us)
{
	struct pollfd poll_fd = {.fd = PQsocket(conn), .events = (short)(POLLIN | (writing ? POLLOUT : 0))};

	for (;;) {
		int64_t left_us = deadline_us - clock_mono_us();
		int rc;

		if (left_us <= 0)
			return RC_TIMEOUT;
		rc = poll(&poll_fd, 1, (int)(left_us / 1000 + 1));
		if (rc > 0)
			return RC_OK;
		if (rc < 0 && errno != EINTR)
			return RC_IO;
	}
}

static void one_line(char *text)
{
	size_t len = strlen(text);

	for (char *c = text; *c; c++) {
		if (*c == '\n' || *c == '\t' || *c == '\r')
			*c = ' ';
	}
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = 0;
}

const char *pgf_words(const PGconn *conn, const PGresult *result, char text[256])
{
	const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (!primary)
		primary = PQerrorMessage(conn);
	snprintf(text, 256, "%s", primary && *primary ? primary : "the server closed the connection");
	one_line(text);
	return text;
}

/* One server; *conn is there in any case. */
static int connect_one(PGconn **conn, const struct pgf_address *address, size_t host, enum pgf_mode mode,
		       int64_t deadline_us)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	*conn = pgf_connect_start(address, host, mode);
	if (PQstatus(*conn) == CONNECTION_BAD)
		return RC_UNAVAILABLE;
	while (status != PGRES_POLLING_OK) {
		struct pollfd fd = {.fd = PQsocket(*conn),
				    .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
		int64_t left_us = deadline_us - clock_mono_us();

		if (left_us <= 0)
			return RC_TIMEOUT;
		if (poll(&fd, 1, (int)(left_us / 1000 + 1)) > 0)
			status = PQconnectPoll(*conn);
		if (status == PGRES_POLLING_FAILED)
			return RC_UNAVAILABLE;
	}
	return PQsetnonblocking(*conn, 1) == 0 ? RC_OK : RC_UNAVAILABLE;
}

static bool is_standby(PGconn *conn, int64_t deadline_us)
{
	PGresult *result = NULL;
	int rc = pgf_run(conn, "SELECT pg_is_in_recovery()", deadline_us, &result, NULL);
	bool standby = rc != RC_OK || pgf_bool(result, 0, 0);

	PQclear(result);
	return standby;
}

int pgf_connect(PGconn **out, const struct pgf_address *address, enum pgf_mode mode, int64_t deadline_us,
		struct rc_fault *fault)
{
	char place[160], words[256];
	int rc = RC_UNAVAILABLE;

	*out = NULL;
	for (size_t host = 0; host < address->host_count; host++) {
		int64_t until_us = deadline_us;

		if (address->host_count > 1 && until_us > clock_mono_us() + HOST_TRY_US)
			until_us = clock_mono_us() + HOST_TRY_US;
		rc = connect_one(out, address, host, mode, until_us);
		if (rc == RC_OK && (address->host_count == 1 || !is_standby(*out, until_us)))
			return RC_OK;
		if (rc == RC_TIMEOUT)
			rc_fault_set(fault, RC_TIMEOUT, "%s does not answer", pgf_place(*out, place));
		else if (rc == RC_OK)
			rc_fault_set(fault, RC_UNAVAILABLE, "%s is a standby, and no server of the URL is a primary",
				     pgf_place(*out, place));
		else
			rc_fault_set(fault, RC_UNAVAILABLE, "cannot connect to %s: %s", pgf_place(*out, place),
				     pgf_words(*out, NULL, words));
		PQfinish(*out);
		*out = NULL;
	}
	return rc == RC_OK ? RC_UNAVAILABLE : rc;
}

int pgf_result(PGconn *conn, int64_t deadline_us, PGresult **out)
{
	int flushing;
	int rc;

	*out = NULL;
	while ((flushing = PQflush(conn)) == 1 || PQisBusy(conn)) {
		rc = pgf_wait(conn, flushing == 1, deadline_us);
		if (rc != RC_OK)
			return rc;
		if (!PQconsumeInput(conn))
			return RC_UNAVAILABLE;
	}
	*out = PQgetResult(conn);
	return flushing < 0 ? RC_UNAVAILABLE : RC_OK;
}

bool pgf_state_is(const PGresult *result, const char *sqlstate)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

	return state && strncmp(state, sqlstate, strlen(sqlstate)) == 0;
}

int pgf_refused(const PGconn *conn, const PGresult *result, struct rc_fault *fault)
{
	/* Classes (two letters) behind what is said more exactly. */
	static const struct {
		const char *state;
		enum rc_err err;
	} meanings[] = {{"55006", RC_BUSY},     {"55P03", RC_BUSY},     {"40", RC_BUSY},       {"42704", RC_NOT_FOUND},
			{"53400", RC_LIMIT},    {"53", RC_UNAVAILABLE}, {"57014", RC_TIMEOUT}, {"57", RC_UNAVAILABLE},
			{"08", RC_UNAVAILABLE}, {"25006", RC_READONLY}, {"58", RC_IO},         {"XX", RC_CORRUPT},
			{"42", RC_MISMATCH},    {"0A", RC_MISMATCH},    {"55000", RC_MISMATCH}};
	char place[160], words[256];
	enum rc_err err = result ? RC_IO : RC_UNAVAILABLE;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (pgf_state_is(result, meanings[i].state)) {
			err = meanings[i].err;
			break;
		}
	}
	if (PQstatus(conn) == CONNECTION_BAD)
		err = RC_UNAVAILABLE;
	return rc_fault_set(fault, err, "%s: %s", pgf_place(conn, place), pgf_words(conn, result, words));
}

int pgf_run(PGconn *conn, const char *sql, int64_t deadline_us, PGresult **out, struct rc_fault *fault)
{
	char place[160];
	PGresult *result;
	int rc = RC_OK;

	*out = NULL;
	if (!PQsendQuery(conn, sql))
		return pgf_refused(conn, NULL, fault);
	for (;;) {
		rc = pgf_result(conn, deadline_us, &result);
		if (rc != RC_OK || !result)
			break;
		PQclear(*out);
		*out = result;
		if (PQresultStatus(result) == PGRES_COPY_BOTH)
			break;
	}
	if (rc == RC_TIMEOUT)
		return rc_fault_set(fault, RC_TIMEOUT, "%s does not answer", pgf_place(conn, place));
	if (rc != RC_OK || !*out)
		return pgf_refused(conn, NULL, fault);
	switch (PQresultStatus(*out)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_COPY_BOTH:
		return RC_OK;
	default:
		return pgf_refused(conn, *out, fault);
	}
}

int pgf_do(PGconn *conn, const char *sql, int64_t deadline_us, struct rc_fault *fault)
{
	PGresult *result = NULL;
	int rc = pgf_run(conn, sql, deadline_us, &result, fault);

	PQclear(result);
	return rc;
}

const char *pgf_text(const PGresult *result, int row, int column)
{
	return row < PQntuples(result) && column < PQnfields(result) ? PQgetvalue(result, row, column) : "";
}

uint64_t pgf_u64(const PGresult *result, int row, int column)
{
	return strtoull(pgf_text(result, row, column), NULL, 10);
}

bool pgf_bool(const PGresult *result, int row, int column)
{
	return strcmp(pgf_text(result, row, column), "t") == 0;
}

static void append_quoted(struct buf *out, const char *text, char quote)
{
	buf_append_char(out, quote);
	for (; *text; text++) {
		if (*text == quote)
			buf_append_char(out, quote);
		buf_append_char(out, *text);
	}
	buf_append_char(out, quote);
}

void pgf_append_name(struct buf *out, const char *name)
{
	append_quoted(out, name, '"');
}

/* standard_conforming_strings is on since PostgreSQL 9.1; a backslash is written so that it does not matter. */
void pgf_append_literal(struct buf *out, const char *text)
{
	if (strchr(text, '\\')) {
		buf_append_str(out, RC_STR(" E'"));
		for (; *text; text++) {
			if (*text == '\'' || *text == '\\')
				buf_append_char(out, *text);
			buf_append_char(out, *text);
		}
		buf_append_char(out, '\'');
		return;
	}
	append_quoted(out, text, '\'');
}

int pgf_lsn_parse(const char *text, uint64_t *out)
{
	unsigned int high, low;
	int end = 0;

	if (sscanf(text, "%8x/%8x%n", &high, &low, &end) != 2 || text[end] != 0)
		return RC_INVALID;
	*out = (uint64_t)high << 32 | low;
	return RC_OK;
}

const char *pgf_lsn_format(uint64_t lsn, char text[PGF_LSN_TEXT_MAX])
{
	snprintf(text, PGF_LSN_TEXT_MAX, "%X/%X", (unsigned int)(lsn >> 32), (unsigned int)lsn);
	return text;
}
