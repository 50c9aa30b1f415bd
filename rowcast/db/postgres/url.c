/*
 * The URL: libpq reads it; the hosts are taken apart here, because the driver connects to each by itself (it looks for
 * the primary among all of them), and `prepare=off` is ours: statements without names, for poolers that hand the
 * connection to somebody else between transactions.
 *
 * libpq's own messages about a URL may quote any part of it, the password too, so only a few of them are passed on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/db/postgres/postgres.h"

#define URL_FORM "write postgres://USER:PASSWORD@HOST:PORT/DATABASE"

/* Where the query begins; a password may hold a '?'. NULL: there is none. */
static char *find_query(char *url)
{
	char *at = strstr(url, "//") + 2;
	char *user_end = memchr(at, '@', strcspn(at, "/"));

	return strchr(user_end ? user_end + 1 : at, '?');
}

int pg_take_prepare(char *url, bool *prepare, struct rc_fault *fault)
{
	char *query = find_query(url);
	char *part = query ? query + 1 : NULL;

	*prepare = true;
	while (part && *part) {
		size_t length = strcspn(part, "&");
		struct rc_str word = {part, length};
		char *rest = part + length;

		if (!rc_str_starts(word, RC_STR("prepare="))) {
			part = *rest ? rest + 1 : rest;
			continue;
		}
		if (rc_str_is(word, "prepare=off"))
			*prepare = false;
		else if (!rc_str_is(word, "prepare=on"))
			return rc_fault_set(fault, RC_INVALID,
					    "the database URL says prepare= and neither on nor off; write prepare=off "
					    "behind a pooler, or leave it out");
		memmove(part, *rest ? rest + 1 : rest, strlen(*rest ? rest + 1 : rest) + 1);
	}
	if (query && (query[1] == '\0' || query[strlen(query) - 1] == '&'))
		query[strlen(query) - 1] = '\0';
	return RC_OK;
}

/* Element `index` of "a,b,c"; a list of one stands for all. */
static const char *element(struct rc_arena *arena, const char *list, size_t index, bool shared)
{
	struct rc_str rest = rc_str_from(list), part = RC_STR_NONE;

	if (!list)
		return NULL;
	if (shared && !strchr(list, ','))
		index = 0;
	for (size_t i = 0; i <= index; i++)
		part = rc_str_cut(&rest, ',');
	return part.len ? rc_arena_copy(arena, part).ptr : NULL;
}

static size_t element_count(const char *list)
{
	size_t count = list != NULL;

	for (; list && *list; list++)
		count += *list == ',';
	return count;
}

static const char *or_env(const char *value, const char *variable, const char *otherwise)
{
	if (!value)
		value = getenv(variable);
	return value && *value ? value : otherwise;
}

static int take_hosts(struct pg_url *url, struct rc_arena *arena, const char *host, const char *hostaddr,
		      const char *port, struct rc_fault *fault)
{
	size_t count = element_count(hostaddr ? hostaddr : host), ports = element_count(port);

	if (count == 0)
		count = 1;
	if ((host && hostaddr && element_count(host) != count) || (ports > 1 && ports != count))
		return rc_fault_set(fault, RC_INVALID,
				    "the database URL names %zu servers and %zu ports or names for them; write "
				    "HOST:PORT,HOST:PORT",
				    count, ports > 1 ? ports : element_count(host));
	url->host_count = count;
	url->hosts = RC_ARENA_ARRAY(arena, struct pg_host, count);
	for (size_t i = 0; i < count; i++) {
		struct pg_host *at = &url->hosts[i];
		const char *shown;

		*at = (struct pg_host){element(arena, host, i, false), element(arena, hostaddr, i, false),
				       element(arena, port, i, true), NULL};
		shown = or_env(at->host ? at->host : at->hostaddr, "PGHOST", "local socket");
		at->name = rc_arena_printf(arena, strchr(shown, ':') ? "[%s]:%s" : "%s:%s", shown,
					   or_env(at->port, "PGPORT", "5432"));
	}
	return RC_OK;
}

const char *pg_url_value(const struct pg_url *url, const char *keyword)
{
	for (size_t i = 0; i < url->count; i++) {
		if (strcmp(url->keywords[i], keyword) == 0)
			return url->values[i];
	}
	return NULL;
}

static int take_options(struct pg_url *url, struct rc_arena *arena, const PQconninfoOption *options,
			struct rc_fault *fault)
{
	const char *host = NULL, *hostaddr = NULL, *port = NULL, *timeout;
	size_t count = 0;

	for (const PQconninfoOption *o = options; o->keyword; o++)
		count++;
	url->keywords = RC_ARENA_ARRAY(arena, const char *, count + PG_URL_MORE + 1);
	url->values = RC_ARENA_ARRAY(arena, const char *, count + PG_URL_MORE + 1);
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		const char *value = o->val ? rc_arena_copy(arena, rc_str_from(o->val)).ptr : NULL;

		if (!value)
			continue;
		if (strcmp(o->keyword, "host") == 0) {
			host = value;
		} else if (strcmp(o->keyword, "hostaddr") == 0) {
			hostaddr = value;
		} else if (strcmp(o->keyword, "port") == 0) {
			port = value;
		} else {
			url->keywords[url->count] = rc_arena_copy(arena, rc_str_from(o->keyword)).ptr;
			url->values[url->count++] = value;
		}
	}
	timeout = pg_url_value(url, "connect_timeout");
	url->connect_us = timeout ? (int64_t)atoi(timeout) * 1000000 : 0;
	url->database = or_env(pg_url_value(url, "dbname"), "PGDATABASE",
			       or_env(pg_url_value(url, "user"), "PGUSER", "?"));
	return take_hosts(url, arena, host, hostaddr, port, fault);
}

/* What libpq says of a URL, without the parts that it quotes, but for the name of a parameter. */
static int refuse(const char *message, struct rc_fault *fault)
{
	static const char unknown[] = "invalid URI query parameter: ";

	if (message && strncmp(message, unknown, strlen(unknown)) == 0)
		return rc_fault_set(fault, RC_INVALID,
				    "the database URL has a parameter that libpq does not know: %.*s",
				    (int)strcspn(message + strlen(unknown), "\n"), message + strlen(unknown));
	return rc_fault_set(fault, RC_INVALID,
			    "the database URL cannot be read; " URL_FORM
			    ", with %%xx for any of : / ? # [ ] @ %% in a name or password");
}

int pg_url_parse(const char *address, struct rc_arena *arena, struct pg_url *out, struct rc_fault *fault)
{
	PQconninfoOption *options;
	char *text, *message = NULL;
	int rc;

	*out = (struct pg_url){0};
	if (strncmp(address, "//", 2) != 0)
		return rc_fault_set(fault, RC_INVALID, "the database URL lacks the // behind its colon; " URL_FORM);
	text = rc_arena_printf(arena, "postgres:%s", address);
	rc = pg_take_prepare(text, &out->prepare, fault);
	if (rc != RC_OK)
		return rc;
	options = PQconninfoParse(text, &message);
	rc = options ? take_options(out, arena, options, fault) : refuse(message, fault);
	PQconninfoFree(options);
	PQfreemem(message);
	return rc;
}

int pg_hosts(const char *address, struct rc_arena *arena, const char ***names, size_t *count, struct rc_fault *fault)
{
	struct pg_url url;
	int rc = pg_url_parse(address, arena, &url, fault);

	*count = 0;
	if (rc != RC_OK)
		return rc;
	*count = url.host_count;
	*names = RC_ARENA_ARRAY(arena, const char *, url.host_count);
	for (size_t i = 0; i < url.host_count; i++)
		(*names)[i] = url.hosts[i].name;
	return RC_OK;
}
