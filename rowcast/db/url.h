/*
 * URLs of MariaDB servers, for the driver and the feed:
 *
 *   mariadb://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]…]/DATABASE[?PARAMETER=VALUE[&…]]      mysql:// is the same
 *
 * HOST is a name, an IPv4 address or [an IPv6 address]; it may be missing where `socket` is given. User, password,
 * database and values are percent-decoded. Everything is strict: what is not understood is refused, because a
 * parameter that is passed over in silence may be the one that asked for TLS. `localhost` means TCP.
 *
 *   socket=PATH           a unix socket instead of hosts (the host is then empty or "localhost")
 *   connect_timeout=N     seconds for each host, 1 … 3600
 *   ssl=off|on|verify     verify: the certificate must be signed by ssl-ca (or a CA of the machine) and name the host
 *   ssl-ca=FILE           means ssl=verify unless ssl says otherwise
 *   ssl-cert=FILE, ssl-key=FILE   this client's own certificate; both or none
 *
 * A fault never shows anything of the part before the database: where a URL is badly written, nobody knows what of it
 * is the password.
 */
#ifndef ROWCAST_DB_URL_H
#define ROWCAST_DB_URL_H

#include "rowcast/arena.h"

#define URL_HOSTS_MAX              16
#define URL_PORT_DEFAULT           3306
#define URL_CONNECT_TIMEOUT_US     5000000
#define URL_CONNECT_TIMEOUT_S_MAX  3600
#define URL_DATABASE_CHARACTER_MAX 64

enum url_ssl { URL_SSL_OFF, URL_SSL_ON, URL_SSL_VERIFY };

struct url_host {
	const char *name;  /* without brackets; the socket's path */
	uint16_t port;     /* 0: a unix socket */
	const char *label; /* for people: "db.example:3306", "[::1]:3306", "/run/mysqld/mysqld.sock" */
};

struct url {
	const char *user;
	const char *password; /* "": none */
	const char *database;
	struct url_host *hosts;
	size_t host_count; /* at least 1 */
	int64_t connect_timeout_us;
	enum url_ssl ssl;
	const char *ssl_ca, *ssl_cert, *ssl_key; /* NULL: not given */
};

/* `text`: the URL, or what follows its scheme's colon ("//user@host/db"). Strings live in the arena. RC_INVALID. */
int url_parse(const char *text, struct rc_arena *arena, struct url *out, struct rc_fault *fault) RC_MUST_CHECK;

#endif
