/*
 * The promise of docs/guarantees.md to whoever applies the feed elsewhere: exactly once, when the cursor is stored in the
 * transaction of the effect. A consumer keeps copies of two tables in a SQLite file of its own; it is killed with
 * SIGKILL at any moment (KILLS times, default 20), its writers too, and once the database's server. It ends itself with a sentence when a position comes
 * twice, when a change does not begin where the one before ended, when half a transfer is told, and when what was
 * replayed is not what the snapshot reads.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "on_engines.h"
#include "rowcast/feed.h"
#include "sample.h"

#define ACCOUNTS 8
#define EACH     500
#define END      999 /* a pair: the last change of all */
#define PATIENCE 30000

/* The tables, as far as they are used. */
struct copy {
	int64_t amount[ACCOUNTS], version[ACCOUNTS];
	int64_t ended;
};

struct fixture {
	struct engine *engine;
	enum rc_feed_kind kind;
	char url[256], sink[96], name[32];
	struct rc_feed_options options;
	int pipe; /* a byte for each step of the consumer */
};

static _Noreturn void die(const char *what, const char *detail)
{
	fprintf(stderr, "consumer: %s: %s\n", what, detail);
	_exit(3);
}

static void sink_exec(sqlite3 *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void sink_exec(sqlite3 *sink, const char *format, ...)
{
	char sql[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	if (sqlite3_exec(sink, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(sink));
}

static int64_t sink_int(sqlite3 *sink, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t value = -1;

	if (sqlite3_prepare_v2(sink, sql, -1, &stmt, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(sink));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static sqlite3 *sink_open(const char *path)
{
	sqlite3 *sink;

	if (sqlite3_open(path, &sink) != SQLITE_OK)
		die("the sink", sqlite3_errmsg(sink));
	sqlite3_busy_timeout(sink, 10000);
	sink_exec(sink, "PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS cursor (epoch, n);"
			"CREATE TABLE IF NOT EXISTS seen (epoch, n, PRIMARY KEY (epoch, n));"
			"CREATE TABLE IF NOT EXISTS copy (id INTEGER PRIMARY KEY, amount, version);"
			"CREATE TABLE IF NOT EXISTS gap (epoch)");
	return sink;
}

struct consumer {
	struct fixture *f;
	sqlite3 *sink;
	struct rc_feed *feed;
	struct copy copy, snapshot;
	struct rc_position at;
	bool replaying;
};

static void step(struct consumer *c)
{
	if (write(c->f->pipe, "", 1) != 1)
		_exit(0); /* the test is gone */
}

static void take_row(struct copy *copy, const struct rc_model *model, const void *row)
{
	const struct pair *pair = row;
	const struct item *item = row;

	if (model == &pair_model && pair->a == END)
		copy->ended = 1;
	else if (model == &pair_model)
		copy->amount[pair->a] = pair->amount;
	else if (model == &item_model)
		copy->version[item->id - 1] = item->version;
}

static void snapshot_row(void *arg, const struct rc_model *model, const void *row)
{
	take_row(arg, model, row);
}

/* Each change must begin where the one before ended, and no transaction may be half, but for SQLite's replay, whose log does
 * not tell where others' transactions end: it comes by statements. */
static void apply(struct copy *copy, const struct rc_txn *txn, bool whole)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct rc_change *change = &txn->changes[i];
		const struct pair *pair = change->old_row;
		const struct item *item = change->old_row, *new_item = change->new_row;

		if (change->model == &pair_model && pair && copy->amount[pair->a] != pair->amount)
			die("order", "the old amount is another one");
		if (change->model == &item_model && item &&
		    (copy->version[item->id - 1] != item->version || new_item->version != item->version + 1))
			die("order", "a version is missing or came twice");
		if (change->new_row)
			take_row(copy, change->model, change->new_row);
	}
	for (int i = 0; i < ACCOUNTS; i++)
		sum += copy->amount[i];
	if (whole && sum != ACCOUNTS * EACH)
		die("atomic", "half a transfer");
}

/* The effect and the cursor in one transaction. */
static void store(struct consumer *c, struct rc_position at)
{
	for (int i = 0; i < ACCOUNTS; i++)
		sink_exec(c->sink, "REPLACE INTO copy VALUES (%d, %lld, %lld)", i, (long long)c->copy.amount[i],
			  (long long)c->copy.version[i]);
	sink_exec(c->sink, "DELETE FROM cursor; INSERT INTO cursor VALUES (%lld, %lld)", (long long)at.epoch,
		  (long long)at.n);
	step(c);
	sink_exec(c->sink, "COMMIT");
	step(c);
	c->at = at;
	if (rc_feed_ack(c->feed, at) != RC_OK)
		die("ack", "refused");
}

static void consume(void *arg, const struct rc_txn *txn)
{
	struct consumer *c = arg;

	if (txn->change_count == 0)
		return;
	step(c);
	sink_exec(c->sink, "BEGIN IMMEDIATE; INSERT INTO seen VALUES (%lld, %lld)", (long long)txn->position.epoch,
		  (long long)txn->position.n); /* refused when it comes twice */
	apply(&c->copy, txn, !c->replaying || c->f->engine->dialect != RC_SQLITE);
	store(c, txn->position);
}

static void load(struct consumer *c, struct rc_position at)
{
	sink_exec(c->sink, "BEGIN IMMEDIATE; INSERT INTO gap VALUES (%lld)", (long long)at.epoch);
	c->copy = c->snapshot;
	store(c, at);
}

static void snapshot(struct consumer *c, bool resume)
{
	struct rc_fault fault = {0};
	struct rc_position at;
	int rc;

	memset(&c->snapshot, 0, sizeof(c->snapshot));
	if (rc_feed_snapshot(c->feed, snapshot_row, &c->snapshot, &at, &fault) != RC_OK)
		die("snapshot", fault.message);
	c->replaying = true;
	rc = resume ? rc_feed_replay(c->feed, c->at, consume, c) : RC_GONE;
	c->replaying = false;
	if (rc == RC_GONE)
		load(c, at);
	else if (rc != RC_OK)
		die("replay", rc_err_name(rc));
	else if (memcmp(&c->copy, &c->snapshot, sizeof(c->copy)) != 0)
		die("hand-over", "what was replayed is not what the snapshot reads");
	else
		c->at = at;
}

/* Where the consumer before this one stopped. */
static bool remember(struct consumer *c)
{
	char sql[80];

	c->sink = sink_open(c->f->sink);
	if (sink_int(c->sink, "SELECT count(*) FROM cursor") == 0)
		return false;
	c->at.epoch = (uint64_t)sink_int(c->sink, "SELECT epoch FROM cursor");
	c->at.n = (uint64_t)sink_int(c->sink, "SELECT n FROM cursor");
	for (int i = 0; i < ACCOUNTS; i++) {
		snprintf(sql, sizeof(sql), "SELECT amount FROM copy WHERE id = %d", i);
		c->copy.amount[i] = sink_int(c->sink, sql);
		snprintf(sql, sizeof(sql), "SELECT version FROM copy WHERE id = %d", i);
		c->copy.version[i] = sink_int(c->sink, sql);
	}
	return true;
}

static int open_feed(struct fixture *f, struct rc_feed **feed, struct rc_fault *fault)
{
	int rc;

	/* The server may not have noticed yet that the one before is gone. */
	do
		rc = rc_feed_open(feed, f->url, sample_schema(), &f->options, fault);
	while (rc == RC_BUSY);
	return rc;
}

/* Until the last change of all. */
static void consumer_main(struct fixture *f)
{
	static struct consumer c;
	struct rc_fault fault = {0};
	struct rc_arena arena;
	struct rc_txn txn;
	bool resume;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	c.f = f;
	resume = remember(&c);
	rc = open_feed(f, &c.feed, &fault);
	if (rc != RC_OK)
		die("open", fault.message);
	step(&c);
	snapshot(&c, resume);
	rc_arena_init(&arena, 4096);
	while (!c.copy.ended && !c.snapshot.ended) {
		struct pollfd fd = {.fd = rc_feed_fd(c.feed), .events = POLLIN};

		rc = rc_feed_next(c.feed, &arena, &txn);
		if (rc == RC_OK)
			consume(&c, &txn);
		else if (rc == RC_GONE)
			snapshot(&c, false);
		else if (rc != RC_AGAIN)
			die("next", rc_err_name(rc));
		else if (poll(&fd, 1, PATIENCE) == 1)
			rc_feed_attend(c.feed);
		else
			die("next", "nothing comes");
		rc_arena_reset(&arena);
	}
	_exit(0);
}

static pid_t start_consumer(struct fixture *f, int *ends)
{
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		f->pipe = ends[1];
		consumer_main(f);
	}
	close(ends[1]);
	assert_true(pid > 0);
	return pid;
}

/* Transfers by the engine's own program, without end. */
static pid_t start_writer(struct fixture *f, unsigned int seed)
{
	static const char *const begin[RC_DIALECTS] = {"BEGIN IMMEDIATE", "BEGIN", "START TRANSACTION"};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		setpgid(pid, pid);
		return pid;
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		char sql[16384] = "";
		size_t len = 0;

		if (f->engine->dialect == RC_SQLITE)
			len = (size_t)snprintf(sql, sizeof(sql), ".bail on\n");
		for (int i = 0; i < 20; i++) {
			int from = rand_r(&seed) % ACCOUNTS, to = (from + 1 + rand_r(&seed) % 7) % ACCOUNTS;

			len += (size_t)snprintf(sql + len, sizeof(sql) - len,
						"%s; UPDATE pair SET amount = amount - 1 WHERE a = %d;\n"
						"UPDATE item SET version = version + 1 WHERE id = %d;\n"
						"UPDATE pair SET amount = amount + 1 WHERE a = %d; COMMIT;\n",
						begin[f->engine->dialect], from, rand_r(&seed) % ACCOUNTS + 1, to);
		}
		engine_sql(f->engine, f->url, sql, NULL, 0); /* deadlocks end a script of a server */
	}
}

static void end_writer(pid_t pid)
{
	int status;

	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void sql(struct fixture *f, const char *text, char *out, size_t size)
{
	if (engine_sql(f->engine, f->url, text, out, size) != 0)
		fail_msg("%s: %s", text, out ? out : "");
}

static struct fixture *begin(struct engine *engine, enum rc_feed_kind kind)
{
	static struct fixture f;
	struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 5000000, .create = true};
	const char *now = engine->dialect == RC_SQLITE ? "1" : "CURRENT_TIMESTAMP";
	const char *yes = engine->dialect == RC_POSTGRES ? "true" : "1";
	struct rc_fault fault = {0};
	char text[2048] = "", out[512];
	size_t len = 0;
	struct rc_db *db;
	uint32_t applied;

	f = (struct fixture){.engine = engine,
			     .kind = kind,
			     .options = {.kind = kind, .name = f.name, .manual_ack = kind == RC_FEED_LOG}};
	engine_fresh(engine, f.url);
	snprintf(f.name, sizeof(f.name), "consumer_%u", engine->databases); /* slots belong to the whole server */
	snprintf(f.sink, sizeof(f.sink), "%s/sink-%d-%d.db", engine->folder, engine->dialect, kind);
	if (rc_db_open(&db, f.url, sample_schema(), &options, &fault) != RC_OK ||
	    rc_migrate_up(db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	rc_db_close(db);
	if (engine->dialect == RC_MARIADB) /* the log is asked to be durable */
		sql(&f, "SET GLOBAL sync_binlog = 1; SET GLOBAL innodb_flush_log_at_trx_commit = 1;", out, sizeof(out));
	if (rc_feed_prepare(f.url, sample_schema(), &f.options, &f.kind, NULL, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	for (int i = 0; i < ACCOUNTS; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len,
			"INSERT INTO pair VALUES (%d, 'account', %d); INSERT INTO item (id, name, flag, at) "
			"VALUES (%d, 'n%d', %s, %s);\n",
			i, EACH, i + 1, i, yes, now);
	sql(&f, text, out, sizeof(out));
	return &f;
}

/* Do positions outlive the process? */
static bool lasting(const struct fixture *f)
{
	return f->engine->dialect != RC_POSTGRES || f->kind == RC_FEED_LOG;
}

/* The consumer ends by itself: everything is there. */
static void finish(struct fixture *f)
{
	char out[512], sql_text[64];
	int ends[2], status;
	pid_t consumer;
	char steps[4096];
	sqlite3 *sink;

	snprintf(sql_text, sizeof(sql_text), "INSERT INTO pair VALUES (%d, 'end', 0);", END);
	sql(f, sql_text, out, sizeof(out));
	consumer = start_consumer(f, ends);
	while (read(ends[0], steps, sizeof(steps)) > 0)
		;
	close(ends[0]);
	waitpid(consumer, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	sink = sink_open(f->sink);
	for (int i = 0; i < ACCOUNTS; i++) {
		char query[128];

		snprintf(query, sizeof(query), "SELECT amount FROM pair WHERE a = %d;", i);
		sql(f, query, out, sizeof(out));
		snprintf(query, sizeof(query), "SELECT amount FROM copy WHERE id = %d", i);
		assert_int_equal(sink_int(sink, query), atoll(out));
		snprintf(query, sizeof(query), "SELECT version FROM item WHERE id = %d;", i + 1);
		sql(f, query, out, sizeof(out));
		snprintf(query, sizeof(query), "SELECT version FROM copy WHERE id = %d", i);
		assert_int_equal(sink_int(sink, query), atoll(out));
	}
	assert_true(sink_int(sink, "SELECT count(*) FROM seen") > 10); /* something happened at all */
	if (lasting(f))                                                /* kills are no gaps */
		assert_int_equal(sink_int(sink, "SELECT count(*) FROM gap"), 1);
	sqlite3_close(sink);
}

static void survive(struct engine *engine, enum rc_feed_kind kind)
{
	unsigned int seed = getenv("SEED") ? (unsigned int)atoi(getenv("SEED")) : 20261120;
	int kills = getenv("KILLS") ? atoi(getenv("KILLS")) : 20;
	int count = engine->dialect == RC_SQLITE ? 1 : 2; /* a script of sqlite3 goes on after a refusal */
	struct fixture *f = begin(engine, kind);
	pid_t writers[2];

	print_message("# SEED=%u KILLS=%d\n", seed, kills);
	for (int i = 0; i < count; i++)
		writers[i] = start_writer(f, seed + (unsigned int)i);
	for (int round = 0; round < kills; round++) {
		int ends[2], status, steps = rand_r(&seed) % 40;
		pid_t consumer = start_consumer(f, ends);
		char byte;

		while (steps-- > 0 && read(ends[0], &byte, 1) == 1)
			;
		kill(consumer, SIGKILL);
		waitpid(consumer, &status, 0);
		close(ends[0]);
		if (!WIFSIGNALED(status)) {
			for (int i = 0; i < count; i++)
				end_writer(writers[i]);
			fail_msg("the consumer ended in round %d", round);
		}
		if (round == kills / 2) {
			engine_crash(engine);
			engine_again(engine);
		}
		if (round % 8 == 7) {
			end_writer(writers[0]);
			writers[0] = start_writer(f, (unsigned int)rand_r(&seed));
		}
	}
	for (int i = 0; i < count; i++)
		end_writer(writers[i]);
	finish(f);
}

static void test_a_consumer_killed_at_any_moment_applies_each_change_once_from_the_log(void **state)
{
	survive(*state, RC_FEED_LOG);
}

static void test_a_consumer_killed_at_any_moment_applies_each_change_once_from_triggers(void **state)
{
	survive(*state, RC_FEED_TRIGGER);
}

/* Prefixes */

#define PREFIXES 25

struct prefix {
	struct rc_position at;
	struct copy copy;
};

struct replayed {
	struct copy copy;
	uint64_t n;
	int count;
	bool whole;
};

static void replay_one(void *arg, const struct rc_txn *txn)
{
	struct replayed *replayed = arg;

	assert_true(txn->position.n > replayed->n);
	replayed->n = txn->position.n;
	if (txn->change_count == 0)
		return;
	apply(&replayed->copy, txn, replayed->whole);
	replayed->count++;
}

static void follow_one(struct rc_feed *feed, struct rc_arena *arena, struct prefix *to)
{
	struct rc_txn txn;
	int rc;

	do {
		struct pollfd fd = {.fd = rc_feed_fd(feed), .events = POLLIN};

		while ((rc = rc_feed_next(feed, arena, &txn)) == RC_AGAIN) {
			assert_int_equal(poll(&fd, 1, PATIENCE), 1);
			rc_feed_attend(feed);
		}
		assert_int_equal(rc, RC_OK);
	} while (txn.change_count == 0);
	apply(&to->copy, &txn, true);
	to->at = txn.position;
	rc_arena_reset(arena);
}

/* What is known at a position, and the replay behind it, are the whole: for every position there was. */
static void replay_all(struct engine *engine, enum rc_feed_kind kind)
{
	static struct prefix prefixes[PREFIXES + 1];
	struct fixture *f = begin(engine, kind);
	struct rc_fault fault = {0};
	struct rc_arena arena;
	struct rc_feed *feed;
	struct copy last = {0};
	struct rc_position at;
	char out[512];

	memset(prefixes, 0, sizeof(prefixes));
	f->options.manual_ack = false;
	assert_int_equal(rc_feed_open(&feed, f->url, sample_schema(), &f->options, &fault), RC_OK);
	assert_int_equal(rc_feed_snapshot(feed, snapshot_row, &prefixes[0].copy, &prefixes[0].at, &fault), RC_OK);
	rc_arena_init(&arena, 4096);
	for (int i = 1; i <= PREFIXES; i++) {
		snprintf(out, sizeof(out),
			 "BEGIN; UPDATE pair SET amount = amount - %d WHERE a = %d; UPDATE item SET version = version "
			 "+ 1 "
			 "WHERE id = %d; UPDATE pair SET amount = amount + %d WHERE a = %d; COMMIT;",
			 i, i % 8, i % 5 + 1, i, (i + 3) % 8);
		sql(f, out, NULL, 0);
		prefixes[i] = prefixes[i - 1];
		follow_one(feed, &arena, &prefixes[i]);
	}
	for (int i = 0; i <= PREFIXES; i++) {
		struct replayed replayed = {
			.copy = prefixes[i].copy, .n = prefixes[i].at.n, .whole = engine->dialect != RC_SQLITE};

		rc_feed_close(feed);
		assert_int_equal(open_feed(f, &feed, &fault), RC_OK);
		assert_int_equal(rc_feed_snapshot(feed, snapshot_row, &last, &at, &fault), RC_OK);
		if (!lasting(f)) { /* positions end with their reader, and it says so */
			assert_int_equal(rc_feed_replay(feed, prefixes[i].at, replay_one, &replayed), RC_GONE);
			continue;
		}
		assert_int_equal(rc_feed_replay(feed, prefixes[i].at, replay_one, &replayed), RC_OK);
		if (replayed.whole)
			assert_int_equal(replayed.count, PREFIXES - i);
		assert_memory_equal(&replayed.copy, &last, sizeof(last));
	}
	rc_arena_release(&arena);
	rc_feed_close(feed);
}

static void test_every_prefix_and_the_replay_behind_it_are_the_whole_from_the_log(void **state)
{
	replay_all(*state, RC_FEED_LOG);
}

static void test_every_prefix_and_the_replay_behind_it_are_the_whole_from_triggers(void **state)
{
	replay_all(*state, RC_FEED_TRIGGER);
}

#define SERVERS_ONLY (ON(RC_POSTGRES) | ON(RC_MARIADB))

int main(void)
{
	static const struct engine_test tests[] = {
		{SERVERS_ONLY,
		 cmocka_unit_test(test_a_consumer_killed_at_any_moment_applies_each_change_once_from_the_log)},
		{0, cmocka_unit_test(test_a_consumer_killed_at_any_moment_applies_each_change_once_from_triggers)},
		{SERVERS_ONLY, cmocka_unit_test(test_every_prefix_and_the_replay_behind_it_are_the_whole_from_the_log)},
		{0, cmocka_unit_test(test_every_prefix_and_the_replay_behind_it_are_the_whole_from_triggers)},
	};

	return RUN_ON_ENGINES(tests);
}
