/*
 * Boot order, one step a function, each needing only what stands above it:
 *
 *   schema      migrate the database up, and verify it
 *   feed        choose where changes are read, and make in the database what that needs
 *   projector   open the feed, load the board
 *   store       the writer, deciding by the board's catalog
 *   demo        with --demo and no venue: make one, with bookings
 *   wire        reactors' loops, live endpoints, the interface
 *   run         projector, then reactors: nobody is let in before the board stands
 *   listen      and say so, in one line on standard output
 *
 * SIGTERM: not ready any more, streams are told to come back later (1012), open requests are answered, then down in
 * reverse.
 */
#include "slotcast/main/serve.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/base/metric.h"
#include "rowcast/io/clock.h"
#include "rowcast/server/alert.h"
#include "rowcast/server/live.h"
#include "rowcast/server/operate.h"
#include "rowcast/server/rate_limiter.h"
#include "slotcast/main/demo.h"
#include "slotcast/main/projector.h"
#include "slotcast/main/web_files.h"

#define DRAIN_LOOK_US 10000
#define HEADERS_PLAIN                                                                                                  \
	"X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"                 \
	"Cross-Origin-Opener-Policy: same-origin\r\n"
#define HEADERS_TLS HEADERS_PLAIN "Strict-Transport-Security: max-age=31536000\r\n"

struct reactor {
	pthread_t thread;
	struct loop *loop;
	struct http_server *server;
	struct http_route *routes;
	struct message drain;
};

struct serve {
	const struct server_options *options;
	const struct slotcast_options *own;
	struct alerts *alerts;
	enum rc_feed_kind feed; /* as chosen */
	int host;               /* of the URL: the primary at the beginning; 0: it names but one */
	struct projector *projector;
	struct store *store;
	struct rate_limiter *writes;
	struct api *api;
	struct live *live;
	struct operate operate;
	struct operate_check checks[2];
	struct operate_signals signals;

	struct loop *loop; /* the main thread's: signals and the operator's listener */
	struct http_server *operator_server;
	struct http_route operator_routes[OPERATE_ROUTES];
	struct http_census *census, *operator_census;
	struct ssl_ctx_st *tls;
	struct reactor *reactors;
	size_t reactor_count, running; /* running: threads that were started */
	bool projecting;               /* its thread was started */
	bool demo_made;
	struct timer drain_timer;
	int64_t drain_until_us;
};

static int boot_alerts(struct serve *serve, struct rc_fault *fault)
{
#define ALERT(label) METRIC_GAUGE("slotcast_alert", "1 while an alert stands", "name=\"" label "\"")
	static struct metric metrics[] = {ALERT("database-lost"), ALERT("feed-behind"), ALERT("feed-gap")};
	static const struct alert known[] = {
		{"database-lost", &metrics[0]}, {"feed-behind", &metrics[1]}, {"feed-gap", &metrics[2]}};

	return alerts_start(&serve->alerts, known, sizeof(known) / sizeof(known[0]), serve->options->alert_webhook,
			    fault);
}

/* Where the URL names several servers: which one is the primary. */
static int find_primary(struct serve *serve, struct rc_fault *fault)
{
	struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = serve->options->busy_time_us};
	struct rc_arena arena;
	struct rc_db *db;
	const char **names;
	size_t count;
	int err;

	rc_arena_init(&arena, 1024);
	err = rc_db_hosts(serve->options->db, &arena, &names, &count, fault);
	if (!err && count > 1) {
		do {
			options.host = ++serve->host;
			err = rc_db_open(&db, serve->options->db, &slotcast_schema, &options, fault);
		} while (err && serve->host < (int)count);
		if (!err)
			rc_db_close(db);
	}
	rc_arena_release(&arena);
	return err;
}

static int boot_schema(struct serve *serve, struct rc_fault *fault)
{
	const struct rc_db_options options = {
		.access = RC_WRITE, .busy_timeout_us = serve->options->busy_time_us, .create = true};
	struct rc_db *db = NULL;
	uint32_t applied = 0;
	int err = rc_db_open(&db, serve->options->db, &slotcast_schema, &options, fault);

	if (!err)
		err = rc_migrate_up(db, &applied, fault);
	if (!err)
		err = rc_migrate_verify(db, fault);
	if (!err && applied)
		log_event(LOG_INFO, "migrated", "the database was brought to this version's schema",
			  LOG_I("steps", applied));
	rc_db_close(db);
	return err ? err : find_primary(serve, fault);
}

static struct rc_feed_options feed_options(const struct serve *serve)
{
	return (struct rc_feed_options){.keep_us = serve->options->keep_time_us,
					.keep_changes = (uint64_t)serve->options->keep_changes,
					.keep_bytes = (uint64_t)serve->options->feed_keep_bytes,
					.kind = serve->feed,
					.name = *serve->options->feed_name ? serve->options->feed_name : NULL};
}

/* Past a pooler, through which no log can be read. */
static const char *feed_url(const struct serve *serve)
{
	return *serve->options->feed_db ? serve->options->feed_db : serve->options->db;
}

static int boot_feed(struct serve *serve, struct rc_fault *fault)
{
	static const char *const kinds[] = {
		[RC_FEED_AUTO] = "auto", [RC_FEED_LOG] = "log", [RC_FEED_TRIGGER] = "trigger"};
	struct rc_feed_options options;
	char why[768] = "";
	int err;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(serve->options->feed, kinds[i]))
			serve->feed = (enum rc_feed_kind)i;
	options = feed_options(serve);
	err = rc_feed_prepare(feed_url(serve), &slotcast_schema, &options, &serve->feed, why, fault);
	if (!err)
		log_event(LOG_INFO, "feed", why, LOG_S("kind", kinds[serve->feed]));
	return err;
}

static int boot_projector(struct serve *serve, struct rc_fault *fault)
{
	const struct projector_config config = {.url = feed_url(serve),
						.feed = feed_options(serve),
						.host = serve->host,
						.shapes = serve->options->shapes,
						.alerts = serve->alerts};

	return projector_create(&serve->projector, &config, fault);
}

static void tell_link(void *alerts, bool lost, const char *text)
{
	if (lost)
		alert_raise(alerts, "database-lost", text);
	else
		alert_resolve(alerts, "database-lost", text);
}

static int boot_store(struct serve *serve, struct rc_fault *fault)
{
	struct board *board = projector_board(serve->projector);
	const struct store_options options = {
		.train_max = serve->options->train_max,
		.backlog_max = serve->options->backlog_max,
		.busy_timeout_us = serve->options->busy_time_us,
		.idempotency_keep_us = serve->options->idempotency_keep_us,
		.feed = feed_options(serve),
		.epoch = board_position(board).epoch,
		.on_link = tell_link,
		.on_link_arg = serve->alerts,
	};

	return store_start(&serve->store, serve->options->db, &options, board_catalog(board), fault);
}

/* A venue must stand on the board before it can be booked, so the demo's first step runs before the board is loaded. */
static int boot_demo_venue(struct serve *serve, struct rc_fault *fault)
{
	return serve->own->demo ? demo_import(serve->options->db, &serve->demo_made, fault) : 0;
}

static int boot_demo_bookings(struct serve *serve, struct rc_fault *fault)
{
	return serve->demo_made ? demo_book(projector_board(serve->projector), serve->store, fault) : 0;
}

static const char *store_missing(void *arg)
{
	return store_health(((struct serve *)arg)->store) ? "the database cannot be written at the moment" : NULL;
}

static int boot_wire(struct serve *serve, struct rc_fault *fault)
{
	const struct server_options *options = serve->options;
	struct topic_source sources[1 + SHAPES_SOURCES] = {board_topic_source(projector_board(serve->projector))};
	struct loop **loops = rc_xcalloc(serve->reactor_count, sizeof(struct loop *));
	const struct api_config api = {
		.projector = projector_loop(serve->projector),
		.board = projector_board(serve->projector),
		.store = serve->store,
		.url = options->db,
		.writes = serve->writes,
		.public_url = options->public_url,
		.files = web_files,
		.visible_time_us = options->visible_time_us,
		.catch_up = projector_catch_up,
		.arg = serve->projector,
	};
	struct live_config live = {
		.reactors = loops,
		.reactor_count = serve->reactor_count,
		.projector = projector_loop(serve->projector),
		.sources = sources,
		.source_count = sizeof(sources) / sizeof(sources[0]),
		.allowed_origins = options->allowed_origins,
		.limits = options->live,
	};
	int err = 0;

	shapes_sources(projector_shapes(serve->projector), sources + 1);
	for (size_t i = 0; !err && i < serve->reactor_count; i++) {
		err = loop_create(&serve->reactors[i].loop, fault);
		loops[i] = serve->reactors[i].loop;
	}
	if (!err)
		err = live_start(&serve->live, &live, fault);
	if (!err)
		err = api_create(&serve->api, &api, fault);
	free(loops);
	return err;
}

static int boot_run(struct serve *serve, struct rc_fault *fault)
{
	int err;

	store_on_news(serve->store, projector_wake, serve->projector);
	err = projector_start(serve->projector, live_hub(serve->live), serve->api, serve->store, fault);
	serve->projecting = !err;
	return err;
}

/* The routes of one reactor: the interface, live, the operator's public ones, the web build's files. */
static struct http_route *routes_of(struct serve *serve, size_t reactor, size_t *count)
{
	size_t own, operate = serve->options->public_metrics ? OPERATE_ROUTES : OPERATE_ROUTES_PUBLIC;
	const struct http_route *api = api_routes(serve->api, &own);
	struct http_route *routes = rc_xcalloc(own + LIVE_ROUTES + OPERATE_ROUTES + 1, sizeof(*routes));
	struct http_route operator_routes[OPERATE_ROUTES];

	memcpy(routes, api, own * sizeof(*routes));
	*count = own;
	live_routes(serve->live, reactor, routes + *count);
	*count += LIVE_ROUTES;
	operate_routes(&serve->operate, operator_routes);
	memcpy(routes + *count, operator_routes, operate * sizeof(*routes));
	*count += operate;
	/* static_handle takes its table as the route's argument, and the table is constant */
	routes[(*count)++] = (struct http_route){"GET", "/assets/{*}", static_handle, (void *)(uintptr_t)web_files};
	return routes;
}

static void *reactor_run(void *arg)
{
	struct reactor *reactor = arg;

	pthread_setname_np(pthread_self(), "reactor");
	rc_check(loop_run(reactor->loop) == 0);
	return NULL;
}

/* "HOST" of "HOST:PORT"; nothing before the colon means every address. */
static struct rc_str host_of(const char *listen)
{
	const char *colon = strrchr(listen, ':');

	return (struct rc_str){listen, colon ? (size_t)(colon - listen) : strlen(listen)};
}

static int boot_listen(struct serve *serve, struct rc_fault *fault)
{
	const struct server_options *options = serve->options;
	struct rc_str host = host_of(options->listen);
	char same_port[512];
	struct http_config config = {
		.listen = options->listen,
		.port_shared = options->share_port,
		.limits = &options->http,
		.census = serve->census,
		.stream_room = LIVE_STREAM_ROOM,
		.hosts = options->hosts,
		.tls = serve->tls,
		.server_headers = serve->tls ? HEADERS_TLS : HEADERS_PLAIN,
	};
	int err = 0;

	for (size_t i = 0; !err && i < serve->reactor_count; i++) {
		struct reactor *reactor = &serve->reactors[i];

		config.routes = reactor->routes = routes_of(serve, i, &config.route_count);
		err = http_server_create(&reactor->server, reactor->loop, &config, fault);
		if (!err && i == 0) { /* port 0 has become a number: the others share it */
			snprintf(same_port, sizeof(same_port), "%.*s:%d", RC_STR_ARG(host),
				 http_server_port(reactor->server));
			config.listen = same_port;
			config.port_shared = true;
		}
	}
	for (size_t i = 0; !err && i < serve->reactor_count; i++) {
		if (pthread_create(&serve->reactors[i].thread, NULL, reactor_run, &serve->reactors[i]))
			err = rc_fault_set(fault, RC_IO, "cannot start a reactor's thread");
		else
			serve->running++;
	}
	if (err)
		return err;
	if (!host.len)
		host = RC_STR("127.0.0.1");
	printf("listening %s://%.*s:%d\n", serve->tls ? "https" : "http", RC_STR_ARG(host),
	       http_server_port(serve->reactors[0].server));
	fflush(stdout);
	return 0;
}

/* How much waits for the two threads that everything goes through. */
static int64_t writer_backlog(void *store)
{
	return store_backlog(store);
}

static int64_t projector_backlog(void *loop)
{
	return loop_backlog(loop);
}

static void count_queues(const struct serve *serve)
{
	static struct metric queues[] = {
		METRIC_GAUGE("slotcast_queue_length", "Messages that wait for a thread", "thread=\"projector\""),
		METRIC_GAUGE("slotcast_queue_length", "Messages that wait for a thread", "thread=\"writer\""),
	};

	queues[0].read = projector_backlog;
	queues[0].arg = projector_loop(serve->projector);
	queues[1].read = writer_backlog;
	queues[1].arg = serve->store;
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		metric_register(&queues[i]);
}

static int boot_operator(struct serve *serve, struct rc_fault *fault)
{
	struct http_config config = {
		.listen = serve->options->operator_listen,
		.limits = &serve->options->http,
		.census = serve->operator_census,
		.routes = serve->operator_routes,
		.route_count = OPERATE_ROUTES,
		.server_headers = HEADERS_PLAIN,
	};
	int err;

	serve->checks[0] = (struct operate_check){"database", store_missing, serve};
	serve->checks[1] = (struct operate_check){"feed", projector_missing, serve->projector};
	serve->operate.checks = serve->checks;
	serve->operate.check_count = 2;
	count_queues(serve);
	if (!config.listen || !*config.listen)
		return 0;
	operate_routes(&serve->operate, serve->operator_routes);
	err = http_server_create(&serve->operator_server, serve->loop, &config, fault);
	if (!err)
		log_event(LOG_INFO, "operator-listening", "health and metrics for operators",
			  LOG_I("port", http_server_port(serve->operator_server)));
	return err;
}

static void drain_reactor(struct message *message)
{
	http_server_drain(LIST_OWNER(message, struct reactor, drain)->server);
}

static void drain_look(struct timer *timer)
{
	struct serve *serve = LIST_OWNER(timer, struct serve, drain_timer);
	int64_t open = http_census_total(serve->census);

	if (open && loop_now_us(serve->loop) < serve->drain_until_us) {
		timer_start(serve->loop, timer, loop_now_us(serve->loop) + DRAIN_LOOK_US, drain_look);
		return;
	}
	if (open)
		log_event(LOG_WARN, "drain-cut", "connections that were still open are cut",
			  LOG_I("connections", open));
	loop_stop(serve->loop);
}

static void stop_wanted(void *arg)
{
	struct serve *serve = arg;

	log_event(LOG_INFO, "draining", "no new connections; open requests are answered",
		  LOG_I("connections", http_census_total(serve->census)));
	operate_drain(&serve->operate);
	live_drain(serve->live);
	for (size_t i = 0; i < serve->running; i++) {
		serve->reactors[i].drain.deliver = drain_reactor;
		loop_post(serve->reactors[i].loop, &serve->reactors[i].drain);
	}
	serve->drain_until_us = loop_now_us(serve->loop) + serve->options->drain_time_us;
	drain_look(&serve->drain_timer);
}

/*
 * Down: first whoever gives work, then whoever does it. After a complete drain nothing is under way; after one that was
 * cut, what is still decided stays decided, only its answer has nobody left to go to. Requests live until their server
 * is destroyed.
 */
static void shut_down(struct serve *serve)
{
	for (size_t i = 0; i < serve->running; i++)
		loop_stop(serve->reactors[i].loop);
	for (size_t i = 0; i < serve->running; i++)
		pthread_join(serve->reactors[i].thread, NULL);
	if (serve->projecting)
		projector_stop(serve->projector);
	if (serve->store)
		store_stop(serve->store);
	for (size_t i = 0; i < serve->reactor_count; i++)
		if (serve->reactors[i].server)
			http_server_destroy(serve->reactors[i].server);
	if (serve->operator_server)
		http_server_destroy(serve->operator_server);
	if (serve->live)
		live_destroy(serve->live);
	api_destroy(serve->api);
	projector_destroy(serve->projector);
	for (size_t i = 0; i < serve->reactor_count; i++) {
		if (serve->reactors[i].loop)
			loop_destroy(serve->reactors[i].loop);
		free(serve->reactors[i].routes);
	}
	operate_signals_release(&serve->signals);
	if (serve->loop)
		loop_destroy(serve->loop);
	rate_limiter_destroy(serve->writes);
	http_census_destroy(serve->census);
	http_census_destroy(serve->operator_census);
	if (serve->tls)
		http_tls_destroy(serve->tls);
	alerts_stop(serve->alerts);
	free(serve->reactors);
}

static int boot(struct serve *serve, struct rc_fault *fault)
{
	const struct server_options *options = serve->options;
	const struct rate_limiter_config writes = {.per_min = options->write_rate_per_min,
						   .burst = options->write_burst,
						   .callers_max = options->rate_callers_max};
	int err;

	operate_raise_file_limit();
	serve->reactor_count = (size_t)options->threads;
	serve->reactors = rc_xcalloc(serve->reactor_count, sizeof(*serve->reactors));
	serve->census = http_census_create();
	serve->operator_census = http_census_create();
	if (options->rate_limits)
		serve->writes = rate_limiter_create(&writes);
	err = loop_create(&serve->loop, fault);
	if (!err) /* before any thread is created */
		err = operate_signals_start(&serve->signals, serve->loop, stop_wanted, serve, fault);
	if (!err && *options->tls_cert)
		err = http_tls_create(&serve->tls, options->tls_cert, options->tls_key, fault);
	if (!err)
		err = boot_alerts(serve, fault);
	if (!err)
		err = boot_schema(serve, fault);
	if (!err)
		err = boot_feed(serve, fault);
	if (!err)
		err = boot_demo_venue(serve, fault);
	if (!err)
		err = boot_projector(serve, fault);
	if (!err)
		err = boot_store(serve, fault);
	if (!err)
		err = boot_demo_bookings(serve, fault);
	if (!err)
		err = boot_wire(serve, fault);
	if (!err)
		err = boot_run(serve, fault);
	if (!err)
		err = boot_operator(serve, fault);
	if (!err)
		err = boot_listen(serve, fault);
	return err;
}

int serve_command(const struct slotcast_options *options)
{
	struct serve serve = {.options = &options->server, .own = options};
	struct rc_fault fault = {0};
	int err = boot(&serve, &fault);

	if (err)
		fprintf(stderr, "slotcast serve: %s\n", fault.message);
	else
		err = loop_run(serve.loop);
	shut_down(&serve);
	return err ? err == RC_INVALID ? 2 : 1 : 0;
}
