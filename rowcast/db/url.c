/*
 * The URL is cut from the left: scheme, authority (up to the first / or ?), database, parameters. An @ stands exactly
 * once, inside the authority: a second one, or one further right, means that the password holds a character that had to
 * be encoded, and everything behind would be taken for something else.
 */
#include "rowcast/db/url.h"

#include <arpa/inet.h>
#include <stdio.h>

#define FORM "mariadb://USER:PASSWORD@HOST:PORT/DATABASE"

struct parser {
	struct rc_arena *arena;
	struct url *url;
	struct rc_fault *fault;
	const char *socket;
	bool ssl_given;
	uint32_t seen; /* bit i: parameter i was given */
};

static int bad(struct parser *parser, const char *what)
{
	return rc_fault_set(parser->fault, RC_INVALID, "the database URL %s", what);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded, NUL-terminated, valid UTF-8 without control characters; NULL: it is not. */
static const char *decode(struct parser *parser, struct rc_str text)
{
	char *out = rc_arena_alloc(parser->arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.ptr[i];

		if (c == '%') {
			if (text.len - i < 3 || hex(text.ptr[i + 1]) < 0 || hex(text.ptr[i + 2]) < 0)
				return NULL;
			c = hex(text.ptr[i + 1]) << 4 | hex(text.ptr[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return NULL;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return rc_str_utf8_valid((struct rc_str){out, len}) ? out : NULL;
}

static int set_socket(struct parser *parser, const char *value)
{
	parser->socket = value;
	return value[0] == '/' ? RC_OK : bad(parser, "gives a socket that is not an absolute path; write socket=/PATH");
}

static int set_connect_timeout(struct parser *parser, const char *value)
{
	int64_t seconds;

	if (rc_str_to_i64(rc_str_from(value), &seconds) != RC_OK || seconds < 1 || seconds > URL_CONNECT_TIMEOUT_S_MAX)
		return bad(parser, "gives a connect_timeout that is not a number of seconds from 1 to 3600");
	parser->url->connect_timeout_us = seconds * 1000000;
	return RC_OK;
}

static int set_ssl(struct parser *parser, const char *value)
{
	static const char *const names[] = {[URL_SSL_OFF] = "off", [URL_SSL_ON] = "on", [URL_SSL_VERIFY] = "verify"};

	parser->ssl_given = true;
	for (int i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			parser->url->ssl = (enum url_ssl)i;
			return RC_OK;
		}
	}
	return bad(parser, "gives an unknown value for ssl; write off, on or verify");
}

static int set_ssl_ca(struct parser *parser, const char *value)
{
	parser->url->ssl_ca = value;
	return RC_OK;
}

static int set_ssl_cert(struct parser *parser, const char *value)
{
	parser->url->ssl_cert = value;
	return RC_OK;
}

static int set_ssl_key(struct parser *parser, const char *value)
{
	parser->url->ssl_key = value;
	return RC_OK;
}

#define PARAMETERS "socket, connect_timeout, ssl, ssl-ca, ssl-cert, ssl-key"

static const struct {
	const char *name;
	int (*set)(struct parser *parser, const char *value);
} parameters[] = {
	{"socket", set_socket},     {"connect_timeout", set_connect_timeout},
	{"ssl", set_ssl},           {"ssl-ca", set_ssl_ca},
	{"ssl-cert", set_ssl_cert}, {"ssl-key", set_ssl_key},
};

static int unknown_parameter(struct parser *parser, struct rc_str name)
{
	size_t known = 0;

	while (known < name.len &&
	       ((name.ptr[known] >= 'a' && name.ptr[known] <= 'z') || name.ptr[known] == '-' || name.ptr[known] == '_'))
		known++;
	/* Only what looks like a name is repeated. */
	if (known < name.len || name.len == 0 || name.len > 32)
		return bad(parser, "has a parameter that does not exist; there are " PARAMETERS);
	return rc_fault_set(parser->fault, RC_INVALID,
			    "the database URL has a parameter \"%.*s\", which does not exist; there are " PARAMETERS,
			    RC_STR_ARG(name));
}

static int parse_parameter(struct parser *parser, struct rc_str text)
{
	struct rc_str name = rc_str_cut(&text, '=');
	const char *value;

	for (uint32_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		if (!rc_str_is(name, parameters[i].name))
			continue;
		if (parser->seen & 1u << i)
			return rc_fault_set(parser->fault, RC_INVALID, "the database URL gives %s twice",
					    parameters[i].name);
		parser->seen |= 1u << i;
		value = decode(parser, text);
		if (!value || !value[0])
			return rc_fault_set(parser->fault, RC_INVALID,
					    "the database URL gives %s without a value, or one that is not "
					    "percent-encoded UTF-8",
					    parameters[i].name);
		return parameters[i].set(parser, value);
	}
	return unknown_parameter(parser, name);
}

static int parse_parameters(struct parser *parser, struct rc_str text)
{
	struct url *url = parser->url;
	int rc = RC_OK;

	while (text.ptr && rc == RC_OK)
		rc = parse_parameter(parser, rc_str_cut(&text, '&'));
	if (rc != RC_OK)
		return rc;
	if (!url->ssl_cert != !url->ssl_key)
		return bad(parser, "gives only one of ssl-cert and ssl-key; they belong together");
	if (!parser->ssl_given && (url->ssl_ca || url->ssl_cert))
		url->ssl = URL_SSL_VERIFY;
	if (url->ssl == URL_SSL_OFF && (url->ssl_ca || url->ssl_cert))
		return bad(parser, "asks for ssl=off and gives certificates; leave one of them out");
	return RC_OK;
}

static int parse_database(struct parser *parser, struct rc_str text)
{
	size_t characters = 0;

	parser->url->database = decode(parser, text);
	if (text.len > 0 && memchr(text.ptr, '/', text.len))
		return bad(parser, "has more than one name behind the host; write " FORM " and %2F for a / in a name");
	if (!parser->url->database)
		return bad(parser, "has a database name that is not percent-encoded UTF-8");
	for (const char *at = parser->url->database; *at; at++)
		characters += (*at & 0xc0) != 0x80;
	if (characters == 0)
		return bad(parser, "names no database; write " FORM);
	if (characters > URL_DATABASE_CHARACTER_MAX)
		return bad(parser, "has a database name of more than 64 characters");
	return RC_OK;
}

static int parse_port(struct parser *parser, struct rc_str text, uint16_t *out)
{
	uint64_t port;

	if (text.len > 5 || rc_str_to_u64(text, &port) != RC_OK || port < 1 || port > 65535)
		return bad(parser, "has a port that is not a number from 1 to 65535; write " FORM
				   ", with /, ?, #, @, :, and % in user and password percent-encoded");
	*out = (uint16_t)port;
	return RC_OK;
}

static bool name_valid(struct rc_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i], lower = c | 0x20;

		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
			return false;
	}
	return name.len > 0 && name.len <= 255;
}

/* "name", "name:port", "[address]", "[address]:port". */
static int parse_host(struct parser *parser, struct rc_str text, struct url_host *out)
{
	bool bracket = text.len > 0 && text.ptr[0] == '[';
	struct in6_addr address;
	struct rc_str name, port;

	if (bracket && !memchr(text.ptr, ']', text.len))
		return bad(parser, "has a host that begins with [ and has no ]");
	port = bracket ? (struct rc_str){text.ptr + 1, text.len - 1} : text;
	name = rc_str_cut(&port, bracket ? ']' : ':');
	out->name = rc_arena_copy(parser->arena, name).ptr;
	if (bracket ? inet_pton(AF_INET6, out->name, &address) != 1 : !name_valid(name))
		return bad(parser, "has a host that is neither a name nor an address; write " FORM
				   " and [ ] around IPv6 addresses");
	if (bracket && port.len > 0 && port.ptr[0] != ':')
		return bad(parser, "has something else than a port behind the ] of a host");
	if (bracket)
		port = port.len > 0 ? (struct rc_str){port.ptr + 1, port.len - 1} : RC_STR_NONE;
	out->port = URL_PORT_DEFAULT;
	if (port.ptr && parse_port(parser, port, &out->port) != RC_OK)
		return RC_INVALID;
	out->label = rc_arena_printf(parser->arena, bracket ? "[%s]:%u" : "%s:%u", out->name, out->port);
	return RC_OK;
}

static int parse_hosts(struct parser *parser, struct rc_str text)
{
	struct url *url = parser->url;
	bool more = true;

	if (parser->socket) {
		if (text.len > 0 && !rc_str_is(text, "localhost"))
			return bad(parser, "gives both hosts and a socket; leave one of them out");
		url->hosts[0] = (struct url_host){.name = parser->socket, .label = parser->socket};
		url->host_count = 1;
		return RC_OK;
	}
	if (text.len == 0)
		return bad(parser, "names no host; write " FORM ", or give socket=/PATH");
	while (more) {
		struct rc_str one;
		int rc;

		if (url->host_count == URL_HOSTS_MAX)
			return bad(parser, "names more than 16 hosts");
		more = memchr(text.ptr, ',', text.len) != NULL;
		one = rc_str_cut(&text, ',');
		rc = parse_host(parser, one, &url->hosts[url->host_count]);
		if (rc != RC_OK)
			return rc;
		url->host_count++;
	}
	return RC_OK;
}

static int parse_user(struct parser *parser, struct rc_str text)
{
	struct url *url = parser->url;
	struct rc_str user = rc_str_cut(&text, ':');

	if (text.len > 0 && memchr(text.ptr, ':', text.len))
		return bad(parser, "has a : in its password; write %3A for it");
	url->user = decode(parser, user);
	url->password = decode(parser, text);
	if (!url->user || !url->password)
		return bad(parser, "has a user or password that is not percent-encoded UTF-8; write %25 for a %");
	if (!url->user[0])
		return bad(parser, "names no user; write " FORM);
	return RC_OK;
}

/* Behind the scheme and "//". */
static int parse_rest(struct parser *parser, struct rc_str text)
{
	size_t authority_len = 0;
	struct rc_str authority, user, database;
	const char *at;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c <= ' ' || c == 0x7f || c == '#')
			return bad(parser, "contains a space, a control character or a #; write %20 and %23 for them");
	}
	while (authority_len < text.len && text.ptr[authority_len] != '/' && text.ptr[authority_len] != '?')
		authority_len++;
	authority = (struct rc_str){text.ptr, authority_len};
	text = (struct rc_str){text.ptr + authority_len, text.len - authority_len};
	at = memchr(authority.ptr, '@', authority.len);
	if (memchr(text.ptr, '@', text.len) ||
	    (at && memchr(at + 1, '@', authority.len - (size_t)(at + 1 - authority.ptr))))
		return bad(parser,
			   "has an @ that does not end user and password; write %40, %2F, %3F and %23 for @, /, "
			   "? and # in them");
	if (!at)
		return bad(parser, "names no user; write " FORM);
	user = rc_str_cut(&authority, '@');
	database = rc_str_cut(&text, '?');
	if (database.len > 0)
		database = (struct rc_str){database.ptr + 1, database.len - 1}; /* the slash */
	if (parse_user(parser, user) != RC_OK || parse_parameters(parser, text) != RC_OK ||
	    parse_hosts(parser, authority) != RC_OK)
		return RC_INVALID;
	return parse_database(parser, database);
}

int url_parse(const char *text, struct rc_arena *arena, struct url *out, struct rc_fault *fault)
{
	static const char *const schemes[] = {"//", "mariadb://", "mysql://"};
	struct parser parser = {.arena = arena, .url = out, .fault = fault};

	*out = (struct url){.connect_timeout_us = URL_CONNECT_TIMEOUT_US,
			    .hosts = RC_ARENA_ARRAY(arena, struct url_host, URL_HOSTS_MAX)};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		struct rc_str scheme = rc_str_from(schemes[i]);

		if (strncmp(text, scheme.ptr, scheme.len) == 0)
			return parse_rest(&parser, rc_str_from(text + scheme.len));
	}
	return bad(&parser, "is not one of a MariaDB server; write " FORM);
}
