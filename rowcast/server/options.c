/*
 * The shared option table. Every limit of the project that an operator may move is a row here, so it is parsed,
 * bounded, explained and documented alike. Defaults are those of the contract (protocol/); the tests hold them against
 * it.
 */
#include "rowcast/server/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/rate.h"

#define THREADS_AUTO_MAX 8

#define AT(field)        offsetof(struct server_options, field)
#define MS               INT64_C(1000)
#define SECOND           INT64_C(1000000)
#define MINUTE           (60 * SECOND)
#define HOUR             (60 * MINUTE)
#define DAY              (24 * HOUR)
#define KIB              INT64_C(1024)
#define MIB              (KIB * KIB)
#define GIB              (KIB * MIB)

/* clang-format off */
const struct option server_option_rows[] = {
	{"help", OPTION_FLAG, AT(help), "off", 0, 0, "General", NULL, "Show this help and exit."},
	{"help-markdown", OPTION_FLAG, AT(help_markdown), "off", 0, 0, "General", NULL, "Print the reference of all options and exit."},
	{"version", OPTION_FLAG, AT(version), "off", 0, 0, "General", NULL, "Show the version and exit."},
	{"config", OPTION_TEXT, AT(config), NULL, 0, 0, "General", "FILE", "Read options from this INI file first."},
	{"db", OPTION_TEXT, AT(db), NULL, 0, 0, "General", "URL", "The database: sqlite:PATH, postgres://…, mariadb://…; the last two may name several servers of one database."},
	{"log-level", OPTION_CHOICE, AT(log_level), "info", 0, 0, "General", "debug|info|warn|error", "Least important lines that are logged."},
	{"alert-webhook", OPTION_TEXT, AT(alert_webhook), "", 0, 0, "General", "URL", "Alerts are posted there as JSON, besides the log and the metric slotcast_alert; empty: nowhere."},
	{"threads", OPTION_INT, AT(threads), "0", 0, 256, "General", "N", "Threads that serve connections; 0: one per processor, at most 8."},
	{"drain-time", OPTION_DURATION, AT(drain_time_us), "10s", 0, HOUR, "General", "TIME", "After SIGTERM, wait this long for requests under way."},

	{"listen", OPTION_TEXT, AT(listen), "127.0.0.1:8080", 0, 0, "Listening", "HOST:PORT", "Address for everybody; port 0 picks a free one."},
	{"share-port", OPTION_SWITCH, AT(share_port), "off", 0, 0, "Listening", NULL, "Other processes of this user that have this option may listen there too; the kernel gives each its part of the connections."},
	{"operator-listen", OPTION_TEXT, AT(operator_listen), "127.0.0.1:0", 0, 0, "Listening", "HOST:PORT", "Second address for operators: /healthz, /readyz, /metrics; port 0 takes a free one, which the log names; empty: none. Keep it private."},
	{"public-metrics", OPTION_SWITCH, AT(public_metrics), "off", 0, 0, "Listening", NULL, "Serve /metrics on the main address too."},
	{"public-url", OPTION_TEXT, AT(public_url), "", 0, 0, "Listening", "URL", "How the outside reaches this server, for links in calendars."},
	{"tls-cert", OPTION_TEXT, AT(tls_cert), "", 0, 0, "Listening", "FILE", "Certificate chain, PEM. With --tls-key: HTTPS."},
	{"tls-key", OPTION_TEXT, AT(tls_key), "", 0, 0, "Listening", "FILE", "Private key of the certificate, PEM."},
	{"hosts", OPTION_TEXT, AT(hosts), "", 0, 0, "Listening", "NAME,NAME", "Host names that are served; others get 421. Empty: any."},
	{"allowed-origins", OPTION_TEXT, AT(allowed_origins), "", 0, 0, "Listening", "URL,URL", "Other origins whose pages may open a WebSocket."},

	{"rate-limits", OPTION_SWITCH, AT(rate_limits), "on", 0, 0, "Callers", NULL, "Limits per caller and address; off for tests and behind a gateway that has its own."},
	{"write-rate", OPTION_INT, AT(write_rate_per_min), "60", 1, 1000000, "Callers", "N", "Writes that one caller may make in a minute (429)."},
	{"write-burst", OPTION_INT, AT(write_burst), "30", 1, 1000000, "Callers", "N", "Writes that one caller may make at once."},
	{"callers-max", OPTION_INT, AT(rate_callers_max), "100000", 1, 10000000, "Callers", "N", "Callers whose rate is remembered."},

	{"request-line-max", OPTION_BYTES, AT(http.request_line_bytes_max), "8k", 256, 64 * KIB, "HTTP limits", "BYTES", "Request line (414)."},
	{"header-max", OPTION_BYTES, AT(http.header_bytes_max), "16k", 512, MIB, "HTTP limits", "BYTES", "All header fields of a request (431)."},
	{"header-count-max", OPTION_INT, AT(http.header_count_max), "64", 4, 1000, "HTTP limits", "N", "Header fields of a request (431)."},
	{"body-max", OPTION_BYTES, AT(http.body_bytes_max), "64k", 256, 64 * MIB, "HTTP limits", "BYTES", "Body of a request (413)."},
	{"header-time", OPTION_DURATION, AT(http.header_time_us), "10s", 100 * MS, HOUR, "HTTP limits", "TIME", "From a request's first byte to the end of its header (408)."},
	{"tls-time", OPTION_DURATION, AT(http.tls_time_us), "5s", 100 * MS, HOUR, "HTTP limits", "TIME", "TLS handshake."},
	{"body-rate-min", OPTION_BYTES, AT(http.body_rate_min), "500", 0, 64 * MIB, "HTTP limits", "BYTES", "Bytes a second that a body must bring after body-grace (408)."},
	{"body-grace", OPTION_DURATION, AT(http.body_grace_us), "10s", 0, HOUR, "HTTP limits", "TIME", "A body may be slower than body-rate-min for this long."},
	{"idle-time", OPTION_DURATION, AT(http.idle_time_us), "60s", 100 * MS, DAY, "HTTP limits", "TIME", "An idle connection is closed after this."},
	{"send-buffer-max", OPTION_BYTES, AT(http.send_buffer_bytes_max), "4m", 64 * KIB, GIB, "HTTP limits", "BYTES", "Unsent bytes of one connection; beyond it is closed."},
	{"conns-max", OPTION_INT, AT(http.conns_max), "100000", 1, 10000000, "HTTP limits", "N", "Connections of this process."},
	{"conns-per-address", OPTION_INT, AT(http.conns_per_address_max), "100", 0, 10000000, "HTTP limits", "N", "Connections of one address; 0: no limit."},

	{"ws-message-max", OPTION_BYTES, AT(http.ws_message_bytes_max), "64k", 125, 64 * MIB, "Live limits", "BYTES", "Message of a WebSocket client (close 1009)."},
	{"ws-burst", OPTION_INT, AT(http.ws_burst), "120", 1, 1000000, "Live limits", "N", "Messages of a WebSocket client at once (close 1008)."},
	{"ws-messages-per-min", OPTION_INT, AT(http.ws_messages_per_min), "300", 1, 60000000, "Live limits", "N", "Messages of a WebSocket client in a minute (close 1008)."},
	{"ping-interval", OPTION_DURATION, AT(http.ping_interval_us), "25s", 100 * MS, HOUR, "Live limits", "TIME", "WebSocket ping; closed after two unanswered."},
	{"subscriptions-max", OPTION_INT, AT(live.subscriptions_max), "100", 1, 100000, "Live limits", "N", "Subscriptions of one connection."},
	{"rate-max", OPTION_INT, AT(live.rate_max), "1000", 1, RATE_PER_S_MAX, "Live limits", "N", "Largest max_per_s of a subscription: deltas a second that it wishes for at most."},
	{"subscription-id-max", OPTION_BYTES, AT(live.id_bytes_max), "64", 1, 4 * KIB, "Live limits", "BYTES", "Length of a subscription's id."},
	{"compress-min", OPTION_BYTES, AT(live.compress_bytes_min), "1k", 0, GIB, "Live limits", "BYTES", "Messages to a WebSocket with at least so many bytes of rows are compressed (permessage-deflate); 0: never."},
	{"ring-max", OPTION_BYTES, AT(live.ring_bytes_max), "256k", 4 * KIB, GIB, "Live limits", "BYTES", "Ready frames kept of one topic; who stands before them is brought up to date."},
	{"topic-history-max", OPTION_BYTES, AT(live.history_bytes_max), "1m", 4 * KIB, GIB, "Live limits", "BYTES", "Single transactions kept of one topic for mode \"every\"."},
	{"tombstones-max", OPTION_INT, AT(live.tombstones_max), "100000", 1, 100000000, "Live limits", "N", "Removed rows that one topic remembers."},
	{"topics-max", OPTION_INT, AT(live.topics_max), "10000", 1, 10000000, "Live limits", "N", "Topics open at once."},
	{"topic-linger", OPTION_DURATION, AT(live.topic_linger_us), "10m", MS, DAY, "Live limits", "TIME", "A topic without subscribers is kept this long."},
	{"idle-rows-max", OPTION_INT, AT(live.idle_rows_max), "200000", 1, 1000000000, "Live limits", "N", "Rows kept of all topics without subscribers together (some 600 bytes each)."},
	{"status-interval", OPTION_DURATION, AT(live.status_interval_us), "3s", 10 * MS, HOUR, "Live limits", "TIME", "How often clients are told how fresh their view is."},
	{"position-interval", OPTION_DURATION, AT(live.position_interval_us), "60s", 10 * MS, DAY, "Live limits", "TIME", "How often the position of a quiet subscription moves on."},
	{"poll-wait", OPTION_DURATION, AT(live.poll_wait_us), "25s", MS, HOUR, "Live limits", "TIME", "Long-poll that names no wait."},
	{"poll-wait-max", OPTION_DURATION, AT(live.poll_wait_max_us), "60s", MS, HOUR, "Live limits", "TIME", "Longest wait of a long-poll."},
	{"where-values-max", OPTION_INT, AT(shapes.values_max), "256", 1, 10000, "Live limits", "N", "Values of one list in a subscription's \"where\"."},
	{"where-indexes-max", OPTION_INT, AT(shapes.signatures_max), "16", 1, 1000, "Live limits", "N", "Combinations of columns that \"where\" compares, of one table, that have an index; the others are filtered one by one."},
	{"rows-before-max", OPTION_INT, AT(shapes.departed_max), "100000", 0, 100000000, "Live limits", "N", "Changed rows of live tables that are kept as they were before, for subscribers who resume."},

	{"keep-time", OPTION_DURATION, AT(keep_time_us), "10m", SECOND, 365 * DAY, "Changes", "TIME", "Positions can be resumed at least this long."},
	{"keep-changes", OPTION_INT, AT(keep_changes), "100000", 1, INT64_C(1000000000), "Changes", "N", "And at least this many changes back."},
	{"feed", OPTION_CHOICE, AT(feed), "auto", 0, 0, "Changes", "auto|log|trigger", "Where changes are read: the database's own log, or triggers that write one; auto: the log where it can be read."},
	{"feed-db", OPTION_TEXT, AT(feed_db), "", 0, 0, "Changes", "URL", "Where changes are read when --db leads to a pooler: the same database on its own server. Empty: --db."},
	{"feed-name", OPTION_TEXT, AT(feed_name), "", 0, 0, "Changes", "NAME", "What the database calls this reader of its log; two programs on one database need two. Empty: the first free name."},
	{"feed-keep-bytes", OPTION_BYTES, AT(feed_keep_bytes), "1g", 0, 1024 * GIB, "Changes", "BYTES", "Of the database's own log, at most this is kept for this program while it is away; 0: no limit."},
	{"train-max", OPTION_INT, AT(train_max), "256", 1, 10000, "Writes", "N", "Requests that share one commit."},
	{"backlog-max", OPTION_INT, AT(backlog_max), "10000", 1, 1000000, "Writes", "N", "Requests that wait for the writer (503)."},
	{"busy-time", OPTION_DURATION, AT(busy_time_us), "5s", 0, MINUTE, "Writes", "TIME", "Wait for a lock that another program holds."},
	{"idempotency-keep", OPTION_DURATION, AT(idempotency_keep_us), "24h", MINUTE, 30 * DAY, "Writes", "TIME", "Outcomes are repeated to the same Idempotency-Key this long."},
	{"visible-time", OPTION_DURATION, AT(visible_time_us), "5s", 10 * MS, MINUTE, "Writes", "TIME", "An answer waits at most this long until reads see its write."},
};
/* clang-format on */

const size_t server_option_count = sizeof(server_option_rows) / sizeof(server_option_rows[0]);

struct option *server_option_table(const struct option *own, size_t own_count, size_t *count)
{
	struct option *rows = rc_xcalloc(server_option_count + own_count, sizeof(*rows));
	struct option_set shared = {.options = rows, .count = server_option_count};

	memcpy(rows, server_option_rows, sizeof(server_option_rows));
	for (size_t i = 0; i < own_count; i++) {
		shared.count = server_option_count + i;
		rc_check(!option_find(&shared, rc_str_from(own[i].name)));
		rows[shared.count] = own[i];
	}
	*count = server_option_count + own_count;
	return rows;
}

static bool only_asks(const struct server_options *options)
{
	return options->help || options->help_markdown || options->version;
}

/* Which file: the environment and the command line are asked before everything else. */
static int load_file(struct option_set *set, int argc, char **argv, const char **operands, int operand_max,
		     int *operand_count, struct rc_fault *fault)
{
	const struct server_options *options = set->values;
	const char *path;
	int err;

	err = option_load_env(set, fault);
	if (err == RC_OK)
		err = option_load_args(set, argc, argv, operands, operand_max, operand_count, fault);
	if (err != RC_OK || only_asks(options))
		return err;
	path = options->config;
	option_defaults(set);
	return path ? option_load_file(set, path, fault) : RC_OK;
}

static int check_together(const struct server_options *options, struct rc_fault *fault)
{
	if (!*options->tls_cert != !*options->tls_key)
		return rc_fault_set(fault, RC_INVALID, "tls-cert and tls-key go together; only %s is given",
				    *options->tls_cert ? "tls-cert" : "tls-key");
	if (options->live.poll_wait_us > options->live.poll_wait_max_us)
		return rc_fault_set(fault, RC_INVALID, "poll-wait must not be longer than poll-wait-max");
	return RC_OK;
}

static void derive(struct server_options *options)
{
	if (options->threads == 0) {
		options->threads = sysconf(_SC_NPROCESSORS_ONLN);
		if (options->threads < 1)
			options->threads = 1;
		if (options->threads > THREADS_AUTO_MAX)
			options->threads = THREADS_AUTO_MAX;
	}
	if (!options->rate_limits)
		options->http.conns_per_address_max = 0;
}

int server_options_load(struct option_set *set, int argc, char **argv, const char **operands, int operand_max,
			int *operand_count, struct rc_fault *fault)
{
	struct server_options *options = set->values;
	int err;

	option_defaults(set);
	option_warn_env(set);
	err = load_file(set, argc, argv, operands, operand_max, operand_count, fault);
	if (err == RC_OK)
		err = option_load_env(set, fault);
	if (err == RC_OK)
		err = option_load_args(set, argc, argv, operands, operand_max, operand_count, fault);
	if (err == RC_OK && !only_asks(options))
		err = check_together(options, fault);
	if (err == RC_OK)
		derive(options);
	return err;
}
