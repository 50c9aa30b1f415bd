/*
 * The options that every program of this project has: one table, one row each. A program appends rows of its own:
 *
 *   struct slotcast_options { struct server_options server; bool demo; };      server stands first
 *   static const struct option own[] = {{"demo", OPTION_FLAG, offsetof(struct slotcast_options, demo), …}};
 *
 *   struct slotcast_options options;
 *   size_t count;
 *   struct option *rows = server_option_table(own, 1, &count);
 *   struct option_set set = {.options = rows, .count = count, .env_prefix = "SLOTCAST_", .values = &options};
 *   err = server_options_load(&set, argc, argv, words, 2, &word_count, &fault);
 *   …
 *   option_release(&set); free(rows);
 */
#ifndef ROWCAST_SERVER_OPTIONS_H
#define ROWCAST_SERVER_OPTIONS_H

#include "rowcast/base/option.h"
#include "rowcast/http/http.h"
#include "rowcast/server/live.h"
#include "rowcast/shape/shapes.h"

struct server_options {
	bool help, help_markdown, version; /* asked instead of run; nothing else is checked then */

	const char *config; /* INI file, or NULL */
	const char *db;     /* URL, or NULL */
	const char *listen;
	bool share_port;                /* with other processes of this user */
	const char *operator_listen;    /* "" : none */
	bool public_metrics;            /* /metrics also on the main listener */
	const char *public_url;         /* "" : not known */
	const char *tls_cert, *tls_key; /* "" : plain */
	const char *hosts;
	const char *allowed_origins;
	const char *log_level;
	const char *alert_webhook; /* "": none */
	int64_t threads;           /* reactors, ≥ 1 after server_options_load */
	int64_t drain_time_us;     /* after SIGTERM; then what is still open is cut */

	bool rate_limits; /* off: no limit per caller or address */
	int64_t write_rate_per_min;
	int64_t write_burst;
	int64_t rate_callers_max; /* remembered at once */

	struct http_limits http;
	struct live_limits live;
	struct shapes_limits shapes;

	int64_t keep_time_us; /* change log */
	int64_t keep_changes;
	const char *feed;      /* "auto", "log", "trigger" */
	const char *feed_db;   /* "": db */
	const char *feed_name; /* "": the first that is free */
	int64_t feed_keep_bytes;
	int64_t train_max;   /* requests in one transaction */
	int64_t backlog_max; /* requests waiting for the writer */
	int64_t busy_time_us;
	int64_t idempotency_keep_us;
	int64_t visible_time_us; /* an answer waits at most this long until reads see its write */
};

extern const struct option server_option_rows[];
extern const size_t server_option_count;

/* The shared rows, then `own`; free() it. No two rows may have one name. */
struct option *server_option_table(const struct option *own, size_t own_count, size_t *count);

/*
 * Defaults, then the file that --config or PREFIX_CONFIG names, the environment and the command line; then what follows
 * from them: `--rate-limits off` lifts conns_per_address too, `threads` 0 becomes a number. Rules between options are
 * checked. set->values is a struct that begins with a struct server_options.
 */
int server_options_load(struct option_set *set, int argc, char **argv, const char **operands, int operand_max,
			int *operand_count, struct rc_fault *fault) RC_MUST_CHECK;

#endif
