/* What an operator asks of a running server, over real sockets. */
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rowcast/base/metric.h"
#include "rowcast/server/operate.h"
#include "rowcast/server/options.h"

static struct loop *loop;
static struct http_server *server;
static struct http_census *census;
static struct operate operate;
static struct server_options options;
static struct option_set set;
static struct metric seen = METRIC_COUNTER("test_seen_total", "Seen.", NULL);

static const char *database_missing, *board_missing;

static const char *look(void *arg)
{
	return *(const char **)arg;
}

static const struct operate_check checks[] = {{"database", look, &database_missing}, {"board", look, &board_missing}};

static int begin(void **state)
{
	static struct http_route routes[OPERATE_ROUTES]; /* borrowed by the server */
	struct rc_fault fault;

	set = (struct option_set){server_option_rows, server_option_count, "OPERATE_TEST_", &options, NULL, 0};
	option_defaults(&set);
	operate = (struct operate){.checks = checks, .check_count = 2};
	database_missing = board_missing = NULL;
	operate_routes(&operate, routes);
	assert_int_equal(loop_create(&loop, &fault), RC_OK);
	census = http_census_create();
	assert_int_equal(http_server_create(&server, loop,
					    &(struct http_config){.listen = "127.0.0.1:0",
								  .limits = &options.http,
								  .census = census,
								  .routes = routes,
								  .route_count = OPERATE_ROUTES},
					    &fault),
			 RC_OK);
	return 0;
}

static int end(void **state)
{
	http_server_destroy(server);
	loop_destroy(loop);
	http_census_destroy(census);
	option_release(&set);
	return 0;
}

static char answer[256 * 1024];

/* GET `path` and leave the whole answer, until the server closes, in `answer`. */
static void get(const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server))};
	int fd = socket(AF_INET, SOCK_STREAM, 0), len;
	char request[200];
	size_t used = 0;
	ssize_t got;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		       path);
	assert_int_equal(send(fd, request, (size_t)len, 0), len);
	do {
		assert_int_equal(loop_turn(loop, 0), RC_OK);
		got = recv(fd, answer + used, sizeof(answer) - 1 - used, MSG_DONTWAIT);
		used += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	answer[used] = '\0';
	close(fd);
}

static void assert_has(const char *text)
{
	if (!strstr(answer, text))
		fail_msg("no \"%s\" in:\n%.2000s", text, answer);
}

static void a_living_process_says_so_even_when_it_is_not_ready(void **state)
{
	database_missing = "the disk is full";
	get("/healthz");
	assert_has("HTTP/1.1 200 ");
	assert_has("{\"status\":\"ok\",\"version\":\"" ROWCAST_VERSION "\"}");
	assert_has("Cache-Control: no-store\r\n");
}

static void it_is_ready_when_every_check_is(void **state)
{
	get("/readyz");
	assert_has("HTTP/1.1 200 ");
	assert_has("{\"status\":\"ready\"}");
}

static void what_is_not_ready_is_named_for_people_and_machines(void **state)
{
	database_missing = "the disk is full";
	board_missing = "loading";
	get("/readyz");
	assert_has("HTTP/1.1 503 ");
	assert_has("application/problem+json");
	assert_has("Retry-After: 1\r\n");
	assert_has("\"detail\":\"database: the disk is full; board: loading\"");
	assert_has("\"not_ready\":[\"database\",\"board\"]");
	database_missing = NULL;
	get("/readyz");
	assert_has("\"not_ready\":[\"board\"]");
	board_missing = NULL;
	get("/readyz");
	assert_has("HTTP/1.1 200 ");
}

static void a_draining_server_is_not_ready_but_alive(void **state)
{
	operate_drain(&operate);
	get("/readyz");
	assert_has("HTTP/1.1 503 ");
	assert_has("\"not_ready\":[\"draining\"]");
	get("/healthz");
	assert_has("HTTP/1.1 200 ");
}

static void metrics_have_the_formats_type_and_the_current_numbers(void **state)
{
	metric_register(&seen);
	metric_set(&seen, 41);
	get("/metrics");
	assert_has("text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_has("\n# TYPE test_seen_total counter\ntest_seen_total 41\n");
	assert_has("\nprocess_resident_memory_bytes ");
	metric_add(&seen, 1);
	get("/metrics");
	assert_has("\ntest_seen_total 42\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_living_process_says_so_even_when_it_is_not_ready),
		TEST(it_is_ready_when_every_check_is),
		TEST(what_is_not_ready_is_named_for_people_and_machines),
		TEST(a_draining_server_is_not_ready_but_alive),
		TEST(metrics_have_the_formats_type_and_the_current_numbers),
	};

	return RUN_TESTS(tests);
}
