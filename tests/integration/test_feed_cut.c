/*
 * The connection of the feed is cut at any byte of what the server says: in the middle of a handshake, of a message, of a
 * transaction. Nothing is lost, nothing comes twice, nothing comes half. A proxy stands between, in a process of its own, and
 * cuts after a number of bytes that it draws anew each time.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "on_engines.h"
#include "rowcast/feed.h"
#include "sample.h"

#define ACCOUNTS  8
#define EACH      500
#define TRANSFERS 200
#define CUTS      8
#define CUT_MAX   12000 /* bytes; a handshake is some thousands */
#define PAIRS     64
#define PATIENCE  30000

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Proxy */

struct relay {
	int client, server;
};

static void cut(struct relay *relay)
{
	close(relay->client);
	close(relay->server);
	*relay = (struct relay){-1, -1};
}

/* Pass on at most `left` bytes; false: the relay ended. */
static bool pass(struct relay *relay, int from, int to, long *left)
{
	char bytes[4096];
	ssize_t got = recv(from, bytes, left && *left < (long)sizeof(bytes) ? (size_t)*left : sizeof(bytes), 0);

	if (got <= 0 || send(to, bytes, (size_t)got, MSG_NOSIGNAL) != got) {
		cut(relay);
		return false;
	}
	if (left)
		*left -= got;
	return true;
}

static void take_client(struct relay *relay, int listener, int port)
{
	struct sockaddr_in to = loopback(port);

	relay->client = accept(listener, NULL, NULL);
	relay->server = socket(AF_INET, SOCK_STREAM, 0);
	if (relay->client < 0 || connect(relay->server, (struct sockaddr *)&to, sizeof(to)) != 0)
		cut(relay);
}

static _Noreturn void proxy_main(int listener, int port, int told, unsigned int seed)
{
	struct relay relays[PAIRS];
	long left = rand_r(&seed) % CUT_MAX + 1;
	int cuts = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(relays, -1, sizeof(relays));
	for (;;) {
		struct pollfd fds[1 + 2 * PAIRS] = {{.fd = listener, .events = POLLIN}};

		for (int i = 0; i < PAIRS; i++) {
			fds[1 + 2 * i] = (struct pollfd){.fd = relays[i].client, .events = POLLIN};
			fds[2 + 2 * i] = (struct pollfd){.fd = relays[i].server, .events = POLLIN};
		}
		poll(fds, 1 + 2 * PAIRS, -1);
		for (int i = 0; i < PAIRS; i++) {
			struct relay *relay = &relays[i];

			if (relay->client >= 0 && fds[1 + 2 * i].revents)
				pass(relay, relay->client, relay->server, NULL);
			if (relay->client < 0 || !fds[2 + 2 * i].revents)
				continue;
			if (pass(relay, relay->server, relay->client, cuts < CUTS ? &left : NULL) && left == 0) {
				cut(relay);
				left = rand_r(&seed) % CUT_MAX + 1;
				if (++cuts == CUTS && write(told, "", 1) != 1)
					_exit(0);
			}
		}
		for (int i = 0; fds[0].revents && i < PAIRS; i++) {
			if (relays[i].client < 0) {
				take_client(&relays[i], listener, port);
				break;
			}
		}
	}
}

struct fixture {
	struct engine *engine;
	enum rc_feed_kind kind;
	char url[256], through[300];
	struct rc_feed_options options;
	struct rc_feed *feed;
	pid_t proxy;
	int told; /* a byte when it has cut often enough */
	int64_t amount[ACCOUNTS];
	int changes;
};

static void start_proxy(struct fixture *f, unsigned int seed)
{
	const char *at = strchr(f->url, '@') + 1, *slash = strrchr(f->url, '/');
	int listener = socket(AF_INET, SOCK_STREAM, 0), port = atoi(strchr(at, ':') + 1), ends[2];
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	snprintf(f->through, sizeof(f->through), "%.*s127.0.0.1:%d%s", (int)(at - f->url), f->url,
		 ntohs(address.sin_port), slash);
	assert_int_equal(pipe(ends), 0);
	f->proxy = fork();
	assert_true(f->proxy >= 0);
	if (f->proxy == 0)
		proxy_main(listener, port, ends[1], seed);
	close(listener);
	close(ends[1]);
	f->told = ends[0];
}

/* The feed */

static void take(void *arg, const struct rc_model *model, const void *row)
{
	struct fixture *f = arg;
	const struct pair *pair = row;

	if (model == &pair_model)
		f->amount[pair->a] = pair->amount;
}

static void apply(struct fixture *f, const struct rc_txn *txn)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct pair *old = txn->changes[i].old_row, *new = txn->changes[i].new_row;

		assert_int_equal(f->amount[old->a], old->amount); /* neither lost nor twice */
		f->amount[new->a] = new->amount;
	}
	for (int i = 0; i < ACCOUNTS; i++)
		sum += f->amount[i];
	assert_int_equal(sum, ACCOUNTS * EACH); /* nor half */
	f->changes += (int)txn->change_count;
}

static bool is_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void follow(struct fixture *f, struct rc_arena *arena)
{
	struct rc_txn txn;
	int rc = rc_feed_next(f->feed, arena, &txn);

	if (rc == RC_OK) {
		apply(f, &txn);
	} else if (rc == RC_GONE) {
		fail_msg("a cut is called a gap");
	} else {
		assert_true(is_readable(rc_feed_fd(f->feed), PATIENCE));
		rc_feed_attend(f->feed);
	}
	rc_arena_reset(arena);
}

static void transfer(struct fixture *f, int count, unsigned int *seed)
{
	char sql[16384] = "";
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		int from = rand_r(seed) % ACCOUNTS, to = (from + 1 + rand_r(seed) % 7) % ACCOUNTS;

		len += (size_t)snprintf(sql + len, sizeof(sql) - len,
					"BEGIN; UPDATE pair SET amount = amount - 1 WHERE a = %d; UPDATE pair SET "
					"amount = amount + 1 WHERE a = %d; COMMIT;\n",
					from, to);
	}
	assert_int_equal(engine_sql(f->engine, f->url, sql, NULL, 0), 0);
}

static void begin(struct fixture *f)
{
	const struct rc_db_options options = {.access = RC_WRITE, .create = true};
	struct rc_fault fault = {0};
	char sql[256], out[512];
	struct rc_db *db;
	uint32_t applied;

	engine_fresh(f->engine, f->url);
	snprintf(out, sizeof(out), "cut_%u", f->engine->databases);
	f->options.name = out;
	f->options.kind = f->kind;
	if (rc_db_open(&db, f->url, sample_schema(), &options, &fault) != RC_OK ||
	    rc_migrate_up(db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	rc_db_close(db);
	if (f->engine->dialect == RC_MARIADB) /* the log is asked to be durable */
		engine_sql(f->engine, f->url,
			   "SET GLOBAL sync_binlog = 1; SET GLOBAL innodb_flush_log_at_trx_commit = 1", NULL, 0);
	for (int i = 0; i < ACCOUNTS; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO pair VALUES (%d, 'account', %d)", i, EACH);
		assert_int_equal(engine_sql(f->engine, f->url, sql, NULL, 0), 0);
	}
	if (rc_feed_prepare(f->url, sample_schema(), &f->options, &f->kind, NULL, &fault) != RC_OK)
		fail_msg("%s", fault.message);
}

/* Opening and the first copy may fail where they are cut; then they are asked for again, as a program does. */
static void open_through(struct fixture *f)
{
	struct rc_position at;
	struct rc_fault fault;
	int rc;

	do {
		rc_feed_close(f->feed);
		f->feed = NULL;
		rc = rc_feed_open(&f->feed, f->through, sample_schema(), &f->options, &fault);
		if (rc == RC_OK)
			rc = rc_feed_snapshot(f->feed, take, f, &at, &fault);
	} while (rc != RC_OK);
}

static void cut_anywhere(struct engine *engine, enum rc_feed_kind kind)
{
	unsigned int seed = getenv("SEED") ? (unsigned int)atoi(getenv("SEED")) : 20261120;
	struct fixture f = {.engine = engine, .kind = kind};
	struct rc_arena arena;
	int status, made = 0;
	char name[32];

	print_message("# SEED=%u\n", seed);
	begin(&f);
	snprintf(name, sizeof(name), "cut_%u", engine->databases);
	f.options.name = name;
	start_proxy(&f, seed);
	open_through(&f);
	rc_arena_init(&arena, 4096);
	while (!is_readable(f.told, 0) || made < TRANSFERS) {
		transfer(&f, 20, &seed);
		made += 20;
		while (f.changes < 2 * made)
			follow(&f, &arena);
	}
	assert_int_equal(f.changes, 2 * made);
	rc_arena_release(&arena);
	rc_feed_close(f.feed);
	kill(f.proxy, SIGKILL);
	waitpid(f.proxy, &status, 0);
	close(f.told);
}

static void test_a_stream_cut_at_any_byte_loses_and_doubles_nothing_from_the_log(void **state)
{
	cut_anywhere(*state, RC_FEED_LOG);
}

static void test_a_stream_cut_at_any_byte_loses_and_doubles_nothing_from_triggers(void **state)
{
	cut_anywhere(*state, RC_FEED_TRIGGER);
}

#define SERVERS_ONLY (ON(RC_POSTGRES) | ON(RC_MARIADB))

int main(void)
{
	static const struct engine_test tests[] = {
		{SERVERS_ONLY, cmocka_unit_test(test_a_stream_cut_at_any_byte_loses_and_doubles_nothing_from_the_log)},
		{SERVERS_ONLY, cmocka_unit_test(test_a_stream_cut_at_any_byte_loses_and_doubles_nothing_from_triggers)},
	};

	return RUN_ON_ENGINES(tests);
}
