/*
 * Seeded simulation: rows come, change, change their key and go; shapes of random filters are opened and closed; each has a
 * reader who folds deltas, sleeps through some and comes back, also to a topic that was closed meanwhile. What the readers
 * see is held against a filter that is not the program's: plain C over all rows.
 *
 *   test_shapes [seeds [first seed]]
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/live/hub.h"
#include "rowcast/live/topic_impl.h"
#include "rowcast/shape/shapes.h"
#include "tests/unit/seeded.h"
#include "tests/unit/shape/thing.h"

#define IDS     12
#define ROOMS   4
#define READERS 8
#define STEPS   120
#define PAST    8
#define CHANGES 4

static long seed_count = 300, seed_first = 1;

/* ---- the world ---- */

static const char *const states[] = {"", "free", "held", "held too"};

struct world {
	struct hub *hub;
	struct shapes *shapes;
	struct topic_source sources[SHAPES_SOURCES];
	struct rc_position position;
	bool there[IDS];
	struct thing rows[IDS];
	/* The newest transactions, as a feed retains them. */
	struct past {
		struct rc_txn txn;
		struct rc_change changes[CHANGES];
		struct thing rows[2 * CHANGES];
	} past[PAST];
	size_t past_count;
	uint64_t oldest; /* what happened behind this number is retained, unless `forgets` */
	bool forgets;
};

static struct thing random_thing(int64_t id)
{
	struct thing thing = {.id = id,
			      .room = below(ROOMS),
			      .state = rc_str_from(states[below(4)]),
			      .at = (int64_t)below(10) * 1000000,
			      .weight = below(3),
			      .open = below(2)};

	if (below(5) == 0) {
		thing.nulls = 1 << ROOM;
		thing.room = 0;
	}
	return thing;
}

static struct rc_change random_change(struct world *world, struct thing *old, struct thing *new)
{
	uint32_t at = below(IDS), to = below(8) ? at : below(IDS);
	struct rc_change change = {.model = &thing_model};

	if (world->there[at]) {
		*old = world->rows[at];
		change.old_row = old;
	}
	world->there[at] = false;
	if (change.old_row && below(4) == 0) {
		change.op = RC_DELETE;
		return change;
	}
	if (to != at && world->there[to]) /* its key is taken */
		to = at;
	*new = random_thing(to);
	world->rows[to] = *new;
	world->there[to] = true;
	change.new_row = new;
	change.op = change.old_row ? RC_UPDATE : RC_INSERT;
	return change;
}

static void commit(struct world *world)
{
	struct past *past = &world->past[world->past_count++ % PAST];

	past->txn = (struct rc_txn){.changes = past->changes, .change_count = below(CHANGES)};
	for (uint32_t i = 0; i < past->txn.change_count; i++)
		past->changes[i] = random_change(world, &past->rows[2 * i], &past->rows[2 * i + 1]);
	world->position.n += 1 + below(3);
	past->txn.position = world->position;
	shapes_apply(world->shapes, &past->txn);
	hub_commit(world->hub, world->position, 0);
}

static void no_parcel(void *arg, struct parcel *parcel)
{
	fail_msg("nobody is joined");
}

static void no_parcel_to(void *arg, uint32_t reactor, struct parcel *parcel)
{
	fail_msg("nobody is joined");
}

/* From a snapshot, and what is retained of the history. */
static void load(struct world *world)
{
	struct rc_position oldest = world->position;
	size_t first = world->past_count > PAST ? world->past_count - PAST : 0;

	shapes_clear(world->shapes);
	for (int i = 0; i < IDS; i++)
		if (world->there[i])
			shapes_row(world->shapes, &thing_model, &world->rows[i]);
	if (first < world->past_count) /* who stands before its first change does not have it */
		oldest.n = world->past[first % PAST].txn.position.n;
	for (size_t i = first + 1; i < world->past_count; i++)
		shapes_history(world->shapes, &world->past[i % PAST].txn);
	shapes_ready(world->shapes, world->position, oldest);
	world->oldest = oldest.n;
	hub_restart(world->hub, world->position, NULL);
}

static struct world *world_create(void)
{
	static const struct shapes_table tables[] = {{&thing_model, THING_ALLOWED}};
	bool forgets = below(2);
	const struct shapes_options options = {.tables = tables,
					       .table_count = 1,
					       .limits = {.values_max = 8,
							  .signatures_max = 1 + below(6),
							  .departed_max = forgets ? below(40) : 10000}};
	const struct hub_config config = {.carrier = {no_parcel, no_parcel_to, NULL},
					  .reactor_count = 1,
					  .topics_max = 8,
					  .tombstones_max = 1000};
	struct world *world = rc_xcalloc(1, sizeof(*world));

	world->forgets = forgets;
	world->position = (struct rc_position){1, 1};
	world->hub = hub_create(&config);
	world->shapes = shapes_create(&options);
	shapes_sources(world->shapes, world->sources);
	for (int i = 0; i < IDS; i++) {
		world->there[i] = below(2);
		world->rows[i] = random_thing(i);
	}
	load(world);
	return world;
}

/* ---- what is asked for, as JSON and as C ---- */

struct wish {
	bool rooms, null_room, is_state, after, before, totals;
	bool room[ROOMS];
	const char *state;
	int64_t from, to; /* seconds */
	bool strict;      /* gt and lte instead of gte and lt */
};

static struct wish random_wish(void)
{
	struct wish wish = {.totals = below(2), .strict = below(2), .state = states[below(4)]};

	wish.rooms = below(2);
	wish.null_room = !wish.rooms && below(4) == 0;
	for (int i = 0; i < ROOMS; i++)
		wish.room[i] = below(2);
	wish.room[below(ROOMS)] = true;
	wish.is_state = below(3) == 0;
	wish.after = below(2);
	wish.before = below(3) == 0;
	wish.from = below(10);
	wish.to = below(10);
	return wish;
}

static json_t *wish_json(const struct wish *wish)
{
	json_t *where = json_object(), *rooms = json_array(), *at = json_object();
	char from[32], to[32];

	snprintf(from, sizeof(from), "1970-01-01T00:00:%02dZ", (int)wish->from);
	snprintf(to, sizeof(to), "1970-01-01T00:00:%02dZ", (int)wish->to);
	for (int i = 0; i < ROOMS; i++)
		if (wish->room[i])
			json_array_append_new(rooms, json_integer(i));
	if (wish->rooms)
		json_object_set(where, "room", rooms);
	if (wish->null_room)
		json_object_set_new(where, "room", json_null());
	if (wish->is_state)
		json_object_set_new(where, "state", json_string(wish->state));
	if (wish->after)
		json_object_set_new(at, wish->strict ? "gt" : "gte", json_string(from));
	if (wish->before)
		json_object_set_new(at, wish->strict ? "lte" : "lt", json_string(to));
	if (wish->after || wish->before)
		json_object_set(where, "at", at);
	json_decref(rooms);
	json_decref(at);
	return wish->totals ? json_pack("{s:s,s:o,s:s,s:s}", "table", "thing", "where", where, "group", "state,open",
					"sum", "room,id")
			    : json_pack("{s:s,s:o,s:s}", "table", "thing", "where", where, "columns", "room,state");
}

static bool wanted(const struct wish *wish, const struct thing *row)
{
	bool null = row->nulls != 0;
	int64_t at = row->at / 1000000;

	if (wish->rooms && (null || !wish->room[row->room]))
		return false;
	if (wish->null_room && !null)
		return false;
	if (wish->is_state && !rc_str_is(row->state, wish->state))
		return false;
	if (wish->after && (wish->strict ? at <= wish->from : at < wish->from))
		return false;
	return !wish->before || (wish->strict ? at <= wish->to : at < wish->to);
}

/* By key, as a reader should see it. */
static json_t *expected_rows(const struct world *world, const struct wish *wish)
{
	json_t *view = json_object();
	char key[32];

	for (int i = 0; i < IDS; i++) {
		const struct thing *row = &world->rows[i];

		if (!world->there[i] || !wanted(wish, row))
			continue;
		snprintf(key, sizeof(key), "%d", i);
		json_object_set_new(view, key,
				    json_pack("{s:i,s:o,s:s%}", "id", i, "room",
					      row->nulls ? json_null() : json_integer(row->room), "state",
					      row->state.ptr, row->state.len));
	}
	return view;
}

static void raise_by(json_t *total, const char *name, int64_t by)
{
	json_t *number = json_object_get(total, name);

	json_integer_set(number, json_integer_value(number) + by);
}

static json_t *expected_totals(const struct world *world, const struct wish *wish)
{
	json_t *view = json_object();
	char key[64];

	for (int i = 0; i < IDS; i++) {
		const struct thing *row = &world->rows[i];
		json_t *total;

		if (!world->there[i] || !wanted(wish, row))
			continue;
		snprintf(key, sizeof(key), "[\"%s\",%s]", row->state.ptr, row->open ? "true" : "false");
		total = json_object_get(view, key);
		if (!total) {
			total = json_pack("{s:s,s:b,s:i,s:i,s:i}", "state", row->state.ptr, "open", row->open, "count",
					  0, "sum_room", 0, "sum_id", 0);
			json_object_set_new(view, key, total);
		}
		raise_by(total, "count", 1);
		raise_by(total, "sum_room", row->room);
		raise_by(total, "sum_id", row->id);
	}
	return view;
}

/* ---- readers ---- */

struct reader {
	struct wish wish;
	struct topic *topic; /* NULL: closed */
	json_t *view;        /* by key */
	bool has_position;
	struct rc_position position;
};

static char *key_text(const json_t *key)
{
	return json_dumps(key, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void fold_rows(struct reader *reader, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		json_t *key = reader->wish.totals
				      ? json_pack("[O,O]", json_object_get(row, "state"), json_object_get(row, "open"))
				      : json_incref(json_object_get(row, "id"));
		char *text = key_text(key);

		json_object_set(reader->view, text, row);
		json_decref(key);
		free(text);
	}
}

static void fold(struct reader *reader, const struct body *body)
{
	struct buf text = BUF_INIT;
	json_t *message;
	size_t i;
	json_t *key;

	buf_append_str(&text, RC_STR("{\"x\":0"));
	buf_append(&text, body->bytes, body->len);
	message = json_loadb(text.data, text.len, 0, NULL);
	assert_non_null(message);
	if (body->kind == BODY_SNAPSHOT)
		json_object_clear(reader->view);
	fold_rows(reader, json_object_get(message, body->kind == BODY_SNAPSHOT ? "rows" : "upsert"));
	json_array_foreach(json_object_get(message, "remove"), i, key)
	{
		char *name = key_text(key);

		json_object_del(reader->view, name);
		free(name);
	}
	json_decref(message);
	buf_release(&text);
}

static void catch_up(const struct world *world, struct reader *reader)
{
	struct join join = {.has_after = reader->has_position, .after = reader->position};

	topic_catch_up(reader->topic, LIVE_LATEST, world->position, &join);
	if (join.has_after && join.after.epoch == world->position.epoch && join.after.n >= world->oldest &&
	    !world->forgets && !reader->wish.totals)
		assert_null(join.reset);
	if (join.body)
		fold(reader, join.body);
	body_drop(join.body);
	reader->has_position = true;
	reader->position = world->position;
}

static void check(const struct world *world, const struct reader *reader)
{
	json_t *expected = reader->wish.totals ? expected_totals(world, &reader->wish)
					       : expected_rows(world, &reader->wish);

	if (!json_equal(expected, reader->view))
		fail_msg("seed %llu: expected %s, seen %s", (unsigned long long)seed_now,
			 json_dumps(expected, JSON_SORT_KEYS), json_dumps(reader->view, JSON_SORT_KEYS));
	json_decref(expected);
}

static void reader_open(struct world *world, struct reader *reader)
{
	const struct topic_source *source = &world->sources[reader->wish.totals];
	json_t *params = wish_json(&reader->wish);
	struct rc_fault fault = {0};
	struct buf name = BUF_INIT;
	const char *field = NULL;
	void *shape;

	if (source->parse(source->arg, params, &name, &shape, &field, &fault))
		fail_msg("%s", fault.message);
	reader->topic = topic_create(world->hub, source, buf_str(&name), shape);
	assert_int_equal(topic_fill(reader->topic, world->position, &fault), 0);
	json_decref(params);
	buf_release(&name);
}

static void reader_close(struct reader *reader)
{
	reader->topic->source->closed(reader->topic->source->arg, reader->topic);
	topic_destroy(reader->topic);
	reader->topic = NULL;
}

static void step(struct world *world, struct reader *readers)
{
	struct reader *reader = &readers[below(READERS)];

	switch (below(6)) {
	case 0:
		if (reader->topic)
			reader_close(reader);
		else
			reader_open(world, reader);
		break;
	case 1:
		if (reader->topic)
			reader_close(reader);
		json_object_clear(reader->view);
		reader->has_position = false;
		reader->wish = random_wish();
		break;
	case 2:
		if (!reader->topic)
			reader_open(world, reader);
		catch_up(world, reader);
		check(world, reader);
		break;
	default:
		commit(world);
	}
}

/* All is read again: the program was restarted, or the history broke; every open topic is filled anew. */
static void reload(struct world *world, struct reader *readers)
{
	struct rc_fault fault = {0};

	if (below(2)) {
		world->position.epoch++;
		world->past_count = 0;
	}
	load(world);
	for (int i = 0; i < READERS; i++) {
		if (readers[i].topic)
			assert_int_equal(topic_fill(readers[i].topic, world->position, &fault), 0);
	}
}

static void run(uint64_t seed)
{
	struct reader readers[READERS] = {0};
	struct world *world;

	seed_begin(seed);
	world = world_create();
	for (int i = 0; i < READERS; i++) {
		readers[i].wish = random_wish();
		readers[i].view = json_object();
	}
	for (int i = 0; i < STEPS; i++) {
		step(world, readers);
		if (below(60) == 0)
			reload(world, readers);
	}
	for (int i = 0; i < READERS; i++) {
		if (!readers[i].topic)
			reader_open(world, &readers[i]);
		catch_up(world, &readers[i]);
		check(world, &readers[i]);
		reader_close(&readers[i]);
		json_decref(readers[i].view);
	}
	shapes_destroy(world->shapes);
	hub_destroy(world->hub);
	free(world);
}

static void test_every_reader_sees_what_the_filter_says(void **state)
{
	for (long i = 0; i < seed_count; i++)
		run((uint64_t)(seed_first + i));
}

/* ---- what is refused ---- */

static void refused(struct world *world, int source, const char *params_text, const char *member, const char *message)
{
	json_t *params = json_loads(params_text, 0, NULL);
	struct rc_fault fault = {0};
	struct buf name = BUF_INIT;
	const char *field = NULL;
	void *shape = NULL;

	assert_non_null(params);
	assert_int_not_equal(
		world->sources[source].parse(world->sources[source].arg, params, &name, &shape, &field, &fault), 0);
	assert_null(shape);
	assert_string_equal(field, member);
	if (!strstr(fault.message, message))
		fail_msg("%s: %s", params_text, fault.message);
	json_decref(params);
	buf_release(&name);
}

static void test_what_cannot_be_shown_is_refused_by_name(void **state)
{
	struct world *world = world_create();

	refused(world, 0, "{}", "table", "must be the name of a table");
	refused(world, 0, "{\"table\":\"other\"}", "table", "no such table");
	refused(world, 0, "{\"table\":\"thing\",\"columns\":[\"secret\"]}", "columns", "no column \"secret\"");
	refused(world, 0, "{\"table\":\"thing\",\"columns\":\"id,\"}", "columns", "no column \"\"");
	refused(world, 0, "{\"table\":\"thing\",\"columns\":7}", "columns", "array of names");
	refused(world, 0, "{\"table\":\"thing\",\"columns\":[7]}", "columns", "no column \"\"");
	refused(world, 0, "{\"table\":\"thing\",\"where\":\"{\"}", "where", "not JSON");
	refused(world, 0, "{\"table\":\"thing\",\"where\":7}", "where", "must be an object");
	refused(world, 1, "{\"table\":\"thing\",\"group\":\"secret\"}", "group", "no column \"secret\"");
	refused(world, 1, "{\"table\":\"thing\",\"sum\":[\"weight\"]}", "sum", "weight is not of whole numbers");
	shapes_destroy(world->shapes);
	hub_destroy(world->hub);
	free(world);
}

static void test_a_query_string_says_the_same(void **state)
{
	struct world *world = world_create();
	const struct topic_source *source = &world->sources[0];
	static const char *const ways[] = {
		"{\"table\":\"thing\",\"columns\":[\"room\",\"id\"],\"where\":{\"room\":[2,1],\"state\":\"held\"}}",
		"{\"table\":\"thing\",\"columns\":\"id,room\",\"where\":\"{\\\"state\\\":\\\"held\\\",\\\"room\\\":[1,"
		"2]}\"}",
		"{\"table\":\"thing\",\"columns\":\"room\",\"where\":\"{\\\"state\\\":\\\"held\\\",\\\"room\\\":["
		"\\\"1\\\",2]}\"}",
	};
	struct buf names[3] = {0};

	for (int i = 0; i < 3; i++) {
		json_t *params = json_loads(ways[i], 0, NULL);
		struct rc_fault fault = {0};
		const char *field;
		void *shape;

		assert_int_equal(source->parse(source->arg, params, &names[i], &shape, &field, &fault), 0);
		assert_string_equal(buf_cstr(&names[i]), buf_cstr(&names[0]));
		free(shape);
		json_decref(params);
	}
	for (int i = 0; i < 3; i++)
		buf_release(&names[i]);
	shapes_destroy(world->shapes);
	hub_destroy(world->hub);
	free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reader_sees_what_the_filter_says),
		cmocka_unit_test(test_what_cannot_be_shown_is_refused_by_name),
		cmocka_unit_test(test_a_query_string_says_the_same),
	};

	if (argc > 1)
		seed_count = strtol(argv[1], NULL, 10);
	if (argc > 2)
		seed_first = strtol(argv[2], NULL, 10);
	return cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL);
}
