/*
 * What a change costs when many shapes are open: `topics` shapes, each of another room, and `matching` more that all watch the
 * room which changes. From the change to the rows of each topic, as the projector does it; without subscribers.
 *
 *   shapes [SECONDS_EACH]
 *
 * Prints for each pair: nanoseconds per change and what of it is per matching shape; then the growth over topics that do not
 * match, and over those that do.
 */
#include <jansson.h>
#include <string.h>

#include "bench/stats.h"
#include "rowcast/arena.h"
#include "rowcast/live/hub.h"
#include "rowcast/live/topic_impl.h"
#include "rowcast/shape/shapes.h"

struct seat {
	uint64_t nulls;
	int64_t id, room, at, taken;
};

static const struct rc_column columns[] = {
	{"id", RC_INT, RC_COLUMN_KEY, offsetof(struct seat, id)},
	{"room", RC_INT, 0, offsetof(struct seat, room)},
	{"at", RC_TIMESTAMP, 0, offsetof(struct seat, at)},
	{"taken", RC_INT, 0, offsetof(struct seat, taken)},
};

static const struct rc_model model = {.table = "seat",
				      .columns = columns,
				      .column_count = 4,
				      .row_bytes = sizeof(struct seat),
				      .key = {0},
				      .key_count = 1,
				      .version = -1};

struct bench {
	struct hub *hub;
	struct shapes *shapes;
	struct topic_source sources[SHAPES_SOURCES];
	struct topic **topics;
	size_t topic_count;
	struct rc_position position;
};

static void open_topic(struct bench *bench, int64_t room, int64_t from_us)
{
	const struct topic_source *source = &bench->sources[0];
	json_t *params = json_pack("{s:s,s:{s:I,s:{s:s}}}", "table", "seat", "where", "room", (json_int_t)room, "at",
				   "gte", from_us ? "2026-11-20T00:00:00Z" : "1970-01-01T00:00:00Z");
	struct rc_fault fault = {0};
	struct buf name = BUF_INIT;
	const char *field;
	void *shape;

	if (source->parse(source->arg, params, &name, &shape, &field, &fault)) {
		fprintf(stderr, "shapes: %s\n", fault.message);
		exit(1);
	}
	bench->topics = rc_xrealloc(bench->topics, (bench->topic_count + 1) * sizeof(struct topic *));
	bench->topics[bench->topic_count] = topic_create(bench->hub, source, buf_str(&name), shape);
	if (topic_fill(bench->topics[bench->topic_count++], bench->position, &fault))
		exit(1);
	json_decref(params);
	buf_release(&name);
}

/* Room 0 is the one that changes. */
static struct bench bench_create(size_t topics, size_t matching)
{
	static const struct shapes_table tables[] = {{&model, 15}};
	const struct shapes_options options = {.tables = tables,
					       .table_count = 1,
					       .limits = {.values_max = 8, .signatures_max = 8, .departed_max = 1000}};
	const struct hub_config config = {.reactor_count = 1, .topics_max = 1 << 20, .tombstones_max = 1000};
	struct bench bench = {.hub = hub_create(&config), .shapes = shapes_create(&options), .position = {1, 1}};

	shapes_sources(bench.shapes, bench.sources);
	for (int64_t i = 0; i < 10000; i++) {
		struct seat seat = {.id = i, .room = i % 1000, .at = 1800000000000000, .taken = 0};

		shapes_row(bench.shapes, &model, &seat);
	}
	shapes_ready(bench.shapes, bench.position, bench.position);
	hub_restart(bench.hub, bench.position, NULL);
	for (size_t i = 0; i < matching; i++)
		open_topic(&bench, 0, i % 2);
	for (size_t i = 0; i < topics; i++)
		open_topic(&bench, 1 + (int64_t)i, i % 2);
	return bench;
}

static void bench_end(struct bench *bench)
{
	for (size_t i = 0; i < bench->topic_count; i++) {
		bench->topics[i]->source->closed(bench->topics[i]->source->arg, bench->topics[i]);
		topic_destroy(bench->topics[i]);
	}
	free(bench->topics);
	shapes_destroy(bench->shapes);
	hub_destroy(bench->hub);
}

static double measure(size_t topics, size_t matching, double seconds)
{
	struct bench bench = bench_create(topics, matching);
	struct seat old = {.id = 0, .room = 0, .at = 1800000000000000}, new = old;
	int64_t begun = bench_now_ns(), ended = begun;
	uint64_t changes = 0;
	double each;

	while ((double)(ended - begun) < seconds * 1e9) {
		for (int i = 0; i < 100; i++) {
			const struct rc_change change = {&model, RC_UPDATE, &old, &new};
			struct rc_txn txn = {.change_count = 1, .changes = &change};

			new.taken = old.taken + 1;
			bench.position.n++;
			txn.position = bench.position;
			shapes_apply(bench.shapes, &txn);
			hub_commit(bench.hub, bench.position, 0);
			old = new;
			changes++;
		}
		ended = bench_now_ns();
	}
	each = (double)(ended - begun) / (double)changes;
	printf("%8zu topics that do not match, %5zu that do: %8.0f ns a change, %6.0f per matching one\n", topics,
	       matching, each, each / (double)(matching ? matching : 1));
	bench_end(&bench);
	return each;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5, few, many, ten, thousand;

	few = measure(100, 1, seconds);
	measure(1000, 1, seconds);
	measure(10000, 1, seconds);
	many = measure(100000, 1, seconds);
	ten = measure(1000, 10, seconds);
	measure(1000, 100, seconds);
	thousand = measure(1000, 1000, seconds);
	printf("FIGURE growth_other %.2f\n", many / few);
	printf("FIGURE growth_matching %.2f\n", thousand / 1000 / (ten / 10));
	return 0;
}
