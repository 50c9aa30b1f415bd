/*
 * The ORM against hand-written calls of the engine's own library: get by key, list 1,000 rows, insert, insert 1,000 rows.
 *
 *   orm --url URL [--rounds N] [--slices N]        both in alternation; makes and fills the tables when they are not there
 *   orm --url URL --op get --side ours --count N   one of them alone, for a profiler
 *
 * Both sides work inside an open transaction that is rolled back, begin and rollback not counted: a commit's wait for the
 * disk would hide what the library costs. A slice is some 5 ms of one operation; slices of the two alternate, who goes
 * first too. Prints medians in microseconds per call, the median of the slices' ratios with its spread over rounds, and
 * the ratio of processor time in this process; lines "FIGURE name value" are for bench/orm.sh.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/orm.h"
#include "bench/stats.h"

#define SHELVES 10

static struct rc_db *db;
static struct rc_tx *tx;
static struct rc_arena arena;
static struct item many[LIST_ROWS];

static void must(int rc, const char *what)
{
	if (rc != RC_OK) {
		fprintf(stderr, "orm: %s: %s\n", what, db ? rc_db_fault(db)->message : "failed");
		exit(1);
	}
}

/* Ours */

static void ours_open(const char *url)
{
	static const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = 10000000, .create = true};
	struct rc_fault fault;
	uint32_t applied;

	if (rc_db_open(&db, url, &bench_schema, &options, &fault) != RC_OK ||
	    rc_migrate_up(db, &applied, &fault) != RC_OK) {
		fprintf(stderr, "orm: %s\n", fault.message);
		exit(1);
	}
	rc_arena_init(&arena, 4096);
}

static void ours_close(void)
{
	rc_arena_release(&arena);
	rc_db_close(db);
}

static void ours_get(int64_t id, const struct item **out)
{
	struct item *item;

	rc_arena_reset(&arena);
	must(item_get(tx, &arena, id, &item), "get");
	*out = item;
}

static void ours_begin(void)
{
	must(rc_tx_begin(db, RC_WRITE, &tx), "begin");
}

static void ours_rollback(void)
{
	rc_tx_rollback(tx);
}

static int64_t ours_list(int64_t shelf)
{
	struct item_query *query;
	struct item_list list;
	int64_t sum = 0;

	rc_arena_reset(&arena);
	query = item_query(tx, &arena);
	item_where_shelf_eq(query, shelf);
	item_order_by_id(query);
	item_limit(query, LIST_ROWS);
	must(item_all(query, &list), "list");
	for (size_t i = 0; i < list.count; i++)
		sum += item_sum(list.at[i]);
	return sum;
}

static void ours_insert(struct item *row)
{
	row->id = 0;
	must(item_insert(tx, row), "insert");
}

static void ours_insert_many(struct item *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rows[i].id = 0;
	must(item_insert_many(tx, rows, count), "insert many");
}

static const struct side side_ours = {"ours",    ours_open,   ours_begin,       ours_rollback, ours_get,
				      ours_list, ours_insert, ours_insert_many, ours_close};

/* The work */

static void make_item(struct item *item, long number, struct rc_arena *keep)
{
	*item = (struct item){
		.shelf = number % SHELVES,
		.price = (double)(number % 97) * 1.25,
		.open = number % 3 == 0,
		.starts_at = 1795000000000000 + number * 900000000,
		.ends_at = 1795000000000000 + number * 900000000 + 3600000000 + number % 1000,
		.party = number % 8 + 1,
		.nulls = number % 3 ? ITEM_NULL_NOTE : 0,
	};
	item->name = rc_str_from(rc_arena_printf(keep, "Court %ld by the river", number));
	item->place = rc_str_from(rc_arena_printf(keep, "Second floor, room %ld", number % 100));
	if (number % 3 == 0)
		item->note = rc_str_from(rc_arena_printf(keep, "Bring shoes with light soles (%ld)", number));
}

static void fill(void)
{
	struct rc_arena keep;
	int64_t have;

	rc_arena_init(&keep, 65536);
	for (long i = 0; i < LIST_ROWS; i++)
		make_item(&many[i], i, &keep);
	ours_begin();
	must(item_count(item_query(tx, &arena), &have), "count");
	for (long i = 0; have == 0 && i < SHELVES; i++)
		ours_insert_many(many, LIST_ROWS);
	must(rc_tx_commit(tx), "commit");
	if (have != 0 && have != SHELVES * LIST_ROWS) {
		fprintf(stderr, "orm: the database holds %ld items of another kind; name an empty one\n", (long)have);
		exit(1);
	}
}

static void work_get(const struct side *side, long count)
{
	static uint64_t at;
	const struct item *item;

	for (long i = 0; i < count; i++) {
		at = at * 6364136223846793005 + 1442695040888963407;
		side->get((int64_t)((at >> 33) % (SHELVES * LIST_ROWS)) + 1, &item);
		if (!item)
			must(RC_NOT_FOUND, "get");
	}
}

static void work_list(const struct side *side, long count)
{
	for (long i = 0; i < count; i++)
		side->list(i % SHELVES);
}

static void work_insert(const struct side *side, long count)
{
	for (long i = 0; i < count; i++)
		side->insert(&many[i % LIST_ROWS]);
}

static void work_bulk(const struct side *side, long count)
{
	for (long i = 0; i < count; i++)
		side->insert_many(many, LIST_ROWS);
}

struct op {
	const char *name;
	void (*work)(const struct side *side, long count);
};

static const struct op ops[] = {{"get", work_get}, {"list", work_list}, {"insert", work_insert}, {"bulk", work_bulk}};
enum { OPS = sizeof(ops) / sizeof(ops[0]) };

/* Both must read the same, or the comparison means nothing. */
static void agree(const struct side *bare)
{
	const struct item *item;
	int64_t a[2], b[2];

	for (int side = 0; side < 2; side++) {
		const struct side *who = side ? bare : &side_ours;

		who->begin();
		who->get(4711, &item);
		a[side] = item_sum(item);
		b[side] = who->list(7);
		who->rollback();
	}
	if (a[0] != a[1] || b[0] != b[1]) {
		fprintf(stderr, "orm: the library and the hand-written calls read different rows (%ld %ld, %ld %ld)\n",
			(long)a[0], (long)a[1], (long)b[0], (long)b[1]);
		exit(1);
	}
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

struct slice {
	int64_t wall_ns, cpu_ns;
};

static struct slice slice(const struct side *side, const struct op *op, long count)
{
	struct slice taken;
	const struct item *item;

	side->begin();
	side->get(1, &item);
	taken.cpu_ns = cpu_ns();
	taken.wall_ns = bench_now_ns();
	op->work(side, count);
	taken.wall_ns = bench_now_ns() - taken.wall_ns;
	taken.cpu_ns = cpu_ns() - taken.cpu_ns;
	side->rollback();
	return taken;
}

static void measure(const struct side *bare, const struct op *op, int rounds, int slices)
{
	const struct side *sides[2] = {bare, &side_ours};
	struct samples each[2] = {0}, wall = {0}, cpu = {0}, round_ratio = {0};
	long count = 1;

	while (slice(bare, op, count).wall_ns < 4000000)
		count *= 2;
	for (int round = 0; round < rounds; round++) {
		struct samples ratio = {0};

		for (int i = 0; i < slices; i++) {
			struct slice taken[2];

			for (int turn = 0; turn < 2; turn++)
				taken[turn ^ (i & 1)] = slice(sides[turn ^ (i & 1)], op, count);
			samples_add(&each[0], taken[0].wall_ns / count);
			samples_add(&each[1], taken[1].wall_ns / count);
			samples_add(&ratio, taken[1].wall_ns * 1000000 / taken[0].wall_ns);
			samples_add(&wall, taken[1].wall_ns * 1000000 / taken[0].wall_ns);
			samples_add(&cpu, taken[1].cpu_ns * 1000000 / taken[0].cpu_ns);
		}
		samples_add(&round_ratio, samples_percentile(&ratio, 0.5));
		free(ratio.at);
	}
	printf("%-7s limit %9.2f us  ours %9.2f us  ratio %.3f (rounds %.3f..%.3f)  processor time here %.3f\n",
	       op->name, (double)samples_percentile(&each[0], 0.5) / 1e3,
	       (double)samples_percentile(&each[1], 0.5) / 1e3, (double)samples_percentile(&wall, 0.5) / 1e6,
	       (double)samples_percentile(&round_ratio, 0) / 1e6, (double)samples_percentile(&round_ratio, 1) / 1e6,
	       (double)samples_percentile(&cpu, 0.5) / 1e6);
	printf("FIGURE %s.%s %.4f\n", bare->name, op->name, (double)samples_percentile(&wall, 0.5) / 1e6);
	fflush(stdout);
}

static const struct side *side_of(const char *url)
{
	static const struct side *const sides[] = {&side_sqlite, &side_postgres, &side_mariadb};

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		if (strncmp(url, sides[i]->name, strlen(sides[i]->name)) == 0)
			return sides[i];
	}
	fprintf(stderr, "orm: no hand-written calls for %s\n", url);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"url", 1, 0, 'u'},
					      {"rounds", 1, 0, 'r'},
					      {"slices", 1, 0, 's'},
					      {"op", 1, 0, 'o'},
					      {"side", 1, 0, 'w'},
					      {"count", 1, 0, 'n'},
					      {0}};
	const char *given[256] = {
		['u'] = NULL, ['r'] = "5", ['s'] = "60", ['o'] = NULL, ['w'] = "ours", ['n'] = "1000"};
	const struct side *bare;
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return 2;
		given[letter] = optarg;
	}
	if (!given['u'])
		return fprintf(stderr, "usage: orm --url URL\n"), 2;
	bare = side_of(given['u']);
	ours_open(given['u']);
	fill();
	bare->open(given['u']);
	agree(bare);
	for (int i = 0; i < OPS; i++) {
		if (!given['o'])
			measure(bare, &ops[i], atoi(given['r']), atoi(given['s']));
		else if (strcmp(given['o'], ops[i].name) == 0)
			slice(strcmp(given['w'], "ours") == 0 ? &side_ours : bare, &ops[i], atol(given['n']));
	}
	bare->close();
	ours_close();
	return 0;
}
