/*
 * A server for tests/integration/test_live.py: live endpoints on two reactors over a toy topic source, driven by lines
 * on standard input. Prints its port, then one line of answer per command: the position, or "ok".
 *
 *   put T K BYTES    row K of table tT gets a new value of BYTES bytes     remove T K
 *   commit           the changes so far are one transaction                time      … were made by time alone
 *   skip N           N transactions that change nothing                    restart REASON
 *   status STATE     live delayed stale unavailable                        drain     retain N
 *
 * Ends when standard input does. Arguments: name=value for limits.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <jansson.h>

#include "rowcast/base/check.h"
#include "rowcast/io/clock.h"
#include "rowcast/live/hub.h"
#include "rowcast/server/live.h"

#define REACTORS  2
#define TABLES    4
#define KEYS      20000
#define LINE_MAX_ 256

struct cell {
	int64_t value; /* 0: no such row */
	size_t bytes;
	uint64_t n;
	bool timed;
};

static struct cell cells[TABLES][KEYS];
static struct topic *topics[TABLES];
static struct rc_position position = {0xabc1, 1000};
static int64_t last_value;

static struct live *live;
static struct loop *projector, *loops[REACTORS];
static struct http_server *servers[REACTORS];
static struct buf commands;
static struct watch commands_watch;

/* ---- source ---- */

static int parse(void *arg, const void *params_json, struct buf *name, void **shape, const char **field,
		 struct rc_fault *fault)
{
	const json_t *params = params_json;
	const char *table = json_string_value(json_object_get(params, "table"));
	int *which;

	*field = "table";
	if (!table || table[0] != 't' || json_object_size(params) != 1)
		return rc_fault_set(fault, RC_INVALID, "\"table\" must name a table.");
	which = rc_xmalloc(sizeof(*which));
	*which = atoi(table + 1);
	*shape = which;
	buf_append_str(name, rc_str_from(table));
	return 0;
}

static struct rc_str key_of(int key, char text[16])
{
	return (struct rc_str){text, (size_t)snprintf(text, 16, "\"k%d\"", key)};
}

static void put(struct topic *topic, int table, int key)
{
	const struct cell *cell = &cells[table][key];
	struct buf row = BUF_INIT;
	char text[16];

	if (cell->value) {
		buf_printf(&row, "{\"id\":\"k%d\",\"v\":%lld,\"pad\":\"", key, (long long)cell->value);
		memset(buf_reserve(&row, cell->bytes), 'x', cell->bytes);
		row.len += cell->bytes;
		buf_append_str(&row, RC_STR("\"}"));
		topic_put(topic, key_of(key, text), buf_str(&row), cell->n);
	} else {
		topic_remove(topic, key_of(key, text), cell->n);
	}
	buf_release(&row);
}

static int fill(void *arg, struct topic *topic, struct rc_fault *fault)
{
	int table = *(int *)topic_shape(topic);

	if (table < 0 || table >= TABLES)
		return rc_fault_set(fault, RC_NOT_FOUND, "There is no such table.");
	for (int key = 0; key < KEYS; key++) {
		topic_set_timed(topic, cells[table][key].timed);
		if (cells[table][key].n)
			put(topic, table, key);
	}
	topics[table] = topic;
	return 0;
}

static void closed(void *arg, struct topic *topic)
{
	int table = *(int *)topic_shape(topic);

	if (table >= 0 && table < TABLES)
		topics[table] = NULL;
}

/* ---- commands ---- */

static void change(int table, int key, int64_t value, size_t bytes)
{
	struct cell *cell = &cells[table][key];

	cell->value = value;
	cell->bytes = bytes;
	cell->n = 0; /* of the transaction under way */
	if (topics[table])
		put(topics[table], table, key);
}

static void commit(bool timed)
{
	position.n += timed ? 0 : 1;
	for (int table = 0; table < TABLES; table++) {
		for (int key = 0; key < KEYS; key++) {
			struct cell *cell = &cells[table][key];

			if (cell->n == 0 && (cell->value || cell->bytes)) {
				cell->n = position.n;
				cell->timed = timed;
			}
		}
	}
	hub_commit(live_hub(live), position, clock_wall_us());
}

static void set_state(const char *name)
{
	static const char *const names[] = {"live", "delayed", "stale", "unavailable"};

	for (int i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) == 0)
			hub_status(live_hub(live), (enum live_state)i, 7000, i ? 1500000 : 0);
	}
}

static void command(char *line)
{
	char verb[16] = "", text[LINE_MAX_] = "";
	int table = 0, key = 0, bytes = 0;

	sscanf(line, "%15s %255[^\n]", verb, text);
	sscanf(text, "%d %d %d", &table, &key, &bytes);
	if (strcmp(verb, "put") == 0) {
		change(table, key, ++last_value, (size_t)bytes);
	} else if (strcmp(verb, "remove") == 0) {
		change(table, key, 0, 1);
	} else if (strcmp(verb, "commit") == 0) {
		commit(false);
	} else if (strcmp(verb, "time") == 0) {
		commit(true);
	} else if (strcmp(verb, "skip") == 0) {
		for (int i = 0; i < table; i++)
			commit(false);
	} else if (strcmp(verb, "restart") == 0) {
		position.epoch++;
		hub_restart(live_hub(live), position, text);
	} else if (strcmp(verb, "status") == 0) {
		set_state(text);
	} else if (strcmp(verb, "retain") == 0) {
		hub_retain(live_hub(live), (uint64_t)table);
	} else if (strcmp(verb, "drain") == 0) {
		live_drain(live);
	} else {
		rc_check(!"unknown command");
	}
	printf("%llx.%llu\n", (unsigned long long)position.epoch, (unsigned long long)position.n);
	fflush(stdout);
}

static void commands_ready(struct watch *watch, uint32_t events)
{
	ssize_t got = read(watch->fd, buf_reserve(&commands, 4096), 4096);
	char *end;

	if (got <= 0) {
		watch_remove(projector, watch);
		loop_stop(projector);
		return;
	}
	commands.len += (size_t)got;
	while (commands.len > 0 && (end = memchr(commands.data, '\n', commands.len))) {
		*end = 0;
		command(commands.data);
		buf_consume(&commands, (size_t)(end - commands.data) + 1);
	}
}

/* ---- wiring ---- */

static struct http_limits http_limits = {
	.request_line_bytes_max = 8192,
	.header_bytes_max = 16384,
	.header_count_max = 64,
	.body_bytes_max = 65536,
	.header_time_us = 10000000,
	.tls_time_us = 5000000,
	.body_rate_min = 500,
	.body_grace_us = 10000000,
	.idle_time_us = 60000000,
	.send_buffer_bytes_max = 262144,
	.conns_max = 10000,
	.conns_per_address_max = 10000,
	.ws_message_bytes_max = 65536,
	.ws_burst = 100000,
	.ws_messages_per_min = 6000000,
	.ping_interval_us = 25000000,
};

static void limits_read(struct live_limits *limits, int argc, char **argv)
{
	const struct {
		const char *name;
		int64_t *value;
	} rows[] = {
		{"status_interval_us", &limits->status_interval_us},
		{"topic_linger_us", &limits->topic_linger_us},
		{"topics_max", &limits->topics_max},
		{"rate_max", &limits->rate_max},
		{"ring_bytes_max", &limits->ring_bytes_max},
		{"compress_bytes_min", &limits->compress_bytes_min},
		{"position_interval_us", &limits->position_interval_us},
		{"ping_interval_us", &http_limits.ping_interval_us},
	};

	for (int a = 1; a < argc; a++) {
		struct rc_str value = rc_str_from(argv[a]), name = rc_str_cut(&value, '=');
		bool found = false;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (!rc_str_is(name, rows[i].name))
				continue;
			found = true;
			rc_check(rc_str_to_i64(value, rows[i].value) == 0);
		}
		rc_check(found);
	}
}

/* Both reactors are up before the port is told, so what was posted to them has arrived. */
static struct message hello[REACTORS];
static sem_t up;

static void say_hello(struct message *message)
{
	sem_post(&up);
}

static void *loop_main(void *arg)
{
	rc_check(loop_run(arg) == 0);
	return NULL;
}

int main(int argc, char **argv)
{
	struct topic_source source = {.kind = "rows", .parse = parse, .fill = fill, .closed = closed};
	struct live_config config = {.reactors = loops,
				     .reactor_count = REACTORS,
				     .sources = &source,
				     .source_count = 1,
				     .allowed_origins = "https://friend.example",
				     .limits = live_limits_default()};
	struct http_route routes[REACTORS][LIVE_ROUTES];
	struct http_census *census = http_census_create();
	pthread_t threads[REACTORS];
	char listen[64] = "127.0.0.1:0";
	struct rc_fault fault;

	signal(SIGPIPE, SIG_IGN);
	limits_read(&config.limits, argc, argv);
	rc_check(loop_create(&projector, &fault) == 0);
	for (int i = 0; i < REACTORS; i++)
		rc_check(loop_create(&loops[i], &fault) == 0);
	config.projector = projector;
	rc_check(live_start(&live, &config, &fault) == 0);
	hub_restart(live_hub(live), position, NULL);
	hub_status(live_hub(live), LIVE_LIVE, 0, 0);
	for (int i = 0; i < REACTORS; i++) {
		struct http_config http = {.listen = listen,
					   .port_shared = i > 0,
					   .reuse_port_fd = -1,
					   .limits = &http_limits,
					   .census = census,
					   .stream_room = LIVE_STREAM_ROOM,
					   .routes = routes[i],
					   .route_count = LIVE_ROUTES};

		live_routes(live, (size_t)i, routes[i]);
		rc_check(http_server_create(&servers[i], loops[i], &http, &fault) == 0);
		snprintf(listen, sizeof(listen), "127.0.0.1:%d", http_server_port(servers[i]));
	}
	commands_watch = (struct watch){.fd = STDIN_FILENO};
	rc_check(watch_add(projector, &commands_watch, EPOLLIN, commands_ready) == 0);
	sem_init(&up, 0, 0);
	for (int i = 0; i < REACTORS; i++) {
		hello[i].deliver = say_hello;
		loop_post(loops[i], &hello[i]);
		rc_check(pthread_create(&threads[i], NULL, loop_main, loops[i]) == 0);
	}
	for (int i = 0; i < REACTORS; i++)
		sem_wait(&up);
	printf("%d\n", http_server_port(servers[0]));
	fflush(stdout);
	rc_check(loop_run(projector) == 0);
	for (int i = 0; i < REACTORS; i++) {
		loop_stop(loops[i]);
		pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < REACTORS; i++)
		http_server_destroy(servers[i]);
	live_destroy(live);
	for (int i = 0; i < REACTORS; i++)
		loop_destroy(loops[i]);
	loop_destroy(projector);
	http_census_destroy(census);
	buf_release(&commands);
	return 0;
}
