/*
 * Runs generated cases through the real catalog, rules, board, hub and topic, one JSON object a line, and prints what
 * came out; tests/system/oracle/availability.py makes the cases, knows the right answers by a slow computation of its
 * own, and compares.
 *
 * A case is: rows at the beginning, a query, steps in time (each a transaction, or only time) and the end. Besides the
 * answer the driver checks what must hold between the parts, and reports each failure by name: topic    the rows of a
 * topic that was open all the time are the board's answer at the end reload   a board that loads only the final state
 * gives the same answer resume   a subscriber who left after any step and comes back after a restart has the same rows
 * in the end search   the any-of search finds exactly the starts that have room order    slots come by start, then
 * resource offers   alternatives are slots with room, each once
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/time_text.h"
#include "rowcast/live/hub.h"
#include "rowcast/live/topic_impl.h"
#include "slotcast/board/board.h"

enum { STEPS_MAX = 64, OFFERS = 6 };

static const struct rc_model *model_named(const char *table)
{
	for (uint32_t i = 0; i < slotcast_schema.model_count; i++)
		if (strcmp(slotcast_schema.models[i]->table, table) == 0)
			return slotcast_schema.models[i];
	fprintf(stderr, "no table %s\n", table);
	exit(2);
}

/* A row struct from {"column": value}; what is not named is NULL. */
static void *row_make(struct rc_arena *arena, const struct rc_model *model, json_t *json)
{
	void *row = rc_arena_zalloc(arena, model->row_bytes);

	if (json_is_null(json))
		return NULL;
	for (uint32_t i = 0; i < model->column_count; i++) {
		const struct rc_column *column = &model->columns[i];
		json_t *value = json_object_get(json, column->name);
		void *field = RC_FIELD(row, column);

		if (!value || json_is_null(value)) {
			RC_ROW_NULLS(row) |= UINT64_C(1) << i;
			continue;
		}
		switch (column->type) {
		case RC_BOOL:
			*(bool *)field = json_is_true(value);
			break;
		case RC_INT:
		case RC_TIMESTAMP:
			*(int64_t *)field = json_integer_value(value);
			break;
		case RC_DATE:
			rc_check(date_parse(rc_str_from(json_string_value(value)), field) == 0);
			break;
		default:
			*(struct rc_str *)field = rc_arena_copy(arena, rc_str_from(json_string_value(value)));
		}
	}
	return row;
}

struct run {
	struct board *board;
	struct hub *hub;
	struct topic_source source;
	struct topic *topic;
};

static void to_nowhere(void *arg, struct parcel *parcel)
{
	rc_check(!"no subscriber, no parcel");
}

static void to_no_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	rc_check(!"no reactor, no parcel");
}

static struct run run_begin(void)
{
	static const struct board_options options = {.keep_us = INT64_C(1) << 50, .keep_changes = 1000000};
	static const struct hub_config config = {.carrier = {to_nowhere, to_no_reactor, NULL},
						 .topics_max = 10,
						 .topic_linger_us = 1,
						 .tombstones_max = 1000000,
						 .history_bytes_max = 1,
						 .position_interval_us = INT64_MAX,
						 .position_interval_n = UINT64_MAX};
	struct run run = {.board = board_create(&options), .hub = hub_create(&config)};

	run.source = board_topic_source(run.board);
	return run;
}

static void run_end(struct run *run)
{
	if (run->topic) {
		run->source.closed(run->source.arg, run->topic);
		topic_destroy(run->topic);
	}
	hub_destroy(run->hub);
	board_destroy(run->board);
}

static void load_rows(struct board *board, json_t *rows, struct rc_arena *arena)
{
	size_t i;
	json_t *pair;

	json_array_foreach(rows, i, pair)
	{
		const struct rc_model *model = model_named(json_string_value(json_array_get(pair, 0)));

		board_row(board, model, row_make(arena, model, json_array_get(pair, 1)));
	}
}

/* False: the subscription is refused, which the answer will tell too. */
static bool run_open(struct run *run, json_t *subscription)
{
	struct rc_position position = board_position(run->board);
	struct buf name = BUF_INIT;
	struct rc_fault fault = {0};
	const char *field;
	void *shape = NULL;
	int err = run->source.parse(run->source.arg, subscription, &name, &shape, &field, &fault);

	if (!err) {
		hub_restart(run->hub, position, NULL);
		run->topic = topic_create(run->hub, &run->source, buf_str(&name), shape);
		rc_check(topic_fill(run->topic, position, &fault) == 0);
	}
	buf_release(&name);
	return !err;
}

/* {id: row} from a list of rows. */
static json_t *by_id(json_t *rows)
{
	json_t *map = json_object(), *row;
	size_t i;

	json_array_foreach(rows, i, row) json_object_set(map, json_string_value(json_object_get(row, "id")), row);
	return map;
}

static json_t *body_members(const struct body *body)
{
	char *text = rc_xmalloc(body->len + 16);
	json_t *json;
	json_error_t error;

	/* The shared part of a message begins with the comma behind its own head. */
	text[0] = '{';
	memcpy(text + 1, "\"x\":0", 5);
	memcpy(text + 6, body->bytes, body->len);
	json = json_loadb(text, 6 + body->len, 0, &error);
	if (!json)
		fprintf(stderr, "%s: %.*s\n", error.text, (int)body->len, body->bytes);
	rc_check(json);
	free(text);
	return json;
}

static json_t *topic_rows(struct run *run)
{
	json_t *members = body_members(topic_snapshot(run->topic, board_position(run->board)));
	json_t *map = by_id(json_object_get(members, "rows"));

	json_decref(members);
	return map;
}

static struct availability_query query_read(json_t *query)
{
	struct availability_query out = {
		.service_id = atoll(json_string_value(json_object_get(query, "service"))),
		.resource_id = json_object_get(query, "resource")
				       ? atoll(json_string_value(json_object_get(query, "resource")))
				       : 0,
		.duration_min = (int32_t)json_integer_value(json_object_get(query, "duration_min")),
		.party = (int32_t)json_integer_value(json_object_get(query, "party")),
	};

	rc_check(date_parse(rc_str_from(json_string_value(json_object_get(query, "from"))), &out.from) == 0);
	rc_check(date_parse(rc_str_from(json_string_value(json_object_get(query, "to"))), &out.to) == 0);
	return out;
}

static struct rc_txn txn_make(struct rc_arena *arena, json_t *step, uint64_t n)
{
	json_t *changes = json_object_get(step, "changes"), *change;
	struct rc_change *list = RC_ARENA_ARRAY(arena, struct rc_change, json_array_size(changes) + 1);
	size_t i;

	json_array_foreach(changes, i, change)
	{
		list[i].model = model_named(json_string_value(json_array_get(change, 0)));
		list[i].old_row = row_make(arena, list[i].model, json_array_get(change, 1));
		list[i].new_row = row_make(arena, list[i].model, json_array_get(change, 2));
		list[i].op = !list[i].old_row ? RC_INSERT : !list[i].new_row ? RC_DELETE : RC_UPDATE;
	}
	return (struct rc_txn){.position = {7, n},
			       .committed_us = json_integer_value(json_object_get(step, "at")),
			       .change_count = (uint32_t)json_array_size(changes),
			       .changes = list};
}

/* Let time pass as the projector does: tick whenever the board wants it. */
static void pass_time(struct run *run, int64_t from_us, int64_t to_us)
{
	for (int64_t at_us = board_next_tick(run->board); at_us <= to_us; at_us = board_next_tick(run->board)) {
		at_us = at_us > from_us ? at_us : from_us;
		if (board_tick(run->board, at_us) && run->topic)
			hub_commit(run->hub, board_position(run->board), at_us);
		from_us = at_us + 1;
		if (from_us > to_us)
			break;
	}
	if (board_tick(run->board, to_us) && run->topic)
		hub_commit(run->hub, board_position(run->board), to_us);
}

static json_t *answer(struct board *board, const struct availability_query *query, int64_t now_us, json_t *faults)
{
	struct rc_arena arena;
	struct rc_fault fault = {0};
	struct slot *slots;
	const char *field = NULL;
	size_t count = 0;
	json_t *list = json_array();
	int err;

	rc_arena_init(&arena, 65536);
	err = board_availability(board, query, now_us, &arena, &slots, &count, &field, &fault);
	if (err) {
		json_decref(list);
		list = json_pack("{s:s,s:s}", "error", rc_err_name(err), "field", field ? field : "");
	}
	for (size_t i = 0; !err && i < count; i++) {
		struct buf text = BUF_INIT;

		slot_write(&text, &slots[i]);
		json_array_append_new(list, json_loadb(text.data, text.len, 0, NULL));
		buf_release(&text);
		if (i > 0 &&
		    (slots[i - 1].start_us > slots[i].start_us || (slots[i - 1].start_us == slots[i].start_us &&
								   slots[i - 1].resource->id >= slots[i].resource->id)))
			json_array_append_new(faults, json_string("order"));
	}
	rc_arena_release(&arena);
	return list;
}

static void check_search(struct board *board, const struct availability_query *query, int64_t now_us, json_t *slots,
			 json_t *faults)
{
	struct rc_arena arena;
	struct rc_fault fault = {0};
	const char *field;
	int64_t *starts;
	size_t count, at = 0, i;
	json_t *slot;
	int64_t last = INT64_MIN;

	rc_arena_init(&arena, 65536);
	rc_check(board_search(board, query, now_us, &arena, &starts, &count, &field, &fault) == 0);
	json_array_foreach(slots, i, slot)
	{
		int64_t start;

		rc_check(time_parse(rc_str_from(json_string_value(json_object_get(slot, "start"))), &start) == 0);
		if (strcmp(json_string_value(json_object_get(slot, "state")), "booked") == 0 || start == last)
			continue;
		last = start;
		if (at >= count || starts[at++] != start) {
			json_array_append_new(faults, json_string("search"));
			break;
		}
	}
	if (i == json_array_size(slots) && at != count)
		json_array_append_new(faults, json_string("search"));
	rc_arena_release(&arena);
}

static void check_offers(struct board *board, const struct availability_query *query, int64_t now_us, json_t *slots,
			 json_t *faults)
{
	json_t *slot, *known = by_id(slots);
	struct alternative offers[OFFERS];
	int64_t start = now_us;
	size_t i, count, room = 0;

	json_array_foreach(slots, i, slot)
		room += strcmp(json_string_value(json_object_get(slot, "state")), "booked") != 0;
	if (json_array_size(slots) > 0)
		rc_check(time_parse(rc_str_from(json_string_value(json_object_get(
					    json_array_get(slots, json_array_size(slots) / 2), "start"))),
				    &start) == 0);
	count = board_alternatives(board, query->service_id, query->resource_id, start, query->duration_min,
				   query->party, now_us, offers, OFFERS);
	for (size_t k = 0; k < count; k++) {
		struct buf text = BUF_INIT;
		json_t *row, *same;

		slot_write(&text, &offers[k].slot);
		row = json_loadb(text.data, text.len, 0, NULL);
		same = json_object_get(known, json_string_value(json_object_get(row, "id")));
		if (offers[k].slot.state == SLOT_BOOKED || (same && !json_equal(same, row)))
			json_array_append_new(faults, json_string("offers"));
		for (size_t j = 0; j < k; j++)
			if (offers[j].slot.resource == offers[k].slot.resource &&
			    offers[j].slot.start_us == offers[k].slot.start_us)
				json_array_append_new(faults, json_string("offers"));
		json_decref(row);
		buf_release(&text);
	}
	/* The query spans less than the fourteen days, so what it has room for can be offered. */
	if (count < OFFERS && count < room)
		json_array_append_new(faults, json_string("offers"));
	json_decref(known);
}

/* What a subscriber had when he left. */
struct left {
	struct rc_position position;
	json_t *rows;
};

static bool same_rows(json_t *expected, json_t *got, const char *what)
{
	const char *id;
	json_t *row;
	bool same = json_equal(expected, got);

	if (same)
		return true;
	json_object_foreach(expected, id, row) if (!json_equal(row, json_object_get(got, id)))
		fprintf(stderr, "%s: %s differs or is missing\n", what, id);
	json_object_foreach(got, id, row) if (!json_object_get(expected, id))
		fprintf(stderr, "%s: %s should be gone\n", what, id);
	return false;
}

/* Come back to a restarted server: the tail of the topic, or a reset. */
static void check_resume(struct run *fresh, const struct left *left, json_t *expected, json_t *faults, size_t *resets)
{
	struct join join = {.has_after = true, .after = left->position};
	json_t *rows = json_deep_copy(left->rows), *members, *row;
	size_t i;

	topic_catch_up(fresh->topic, LIVE_LATEST, board_position(fresh->board), &join);
	if (join.reset) {
		(*resets)++;
		json_object_clear(rows);
	}
	if (join.body) {
		members = body_members(join.body);
		json_array_foreach(json_object_get(members, "rows"), i, row)
			json_object_set(rows, json_string_value(json_object_get(row, "id")), row);
		json_array_foreach(json_object_get(members, "upsert"), i, row)
			json_object_set(rows, json_string_value(json_object_get(row, "id")), row);
		json_array_foreach(json_object_get(members, "remove"), i, row)
			json_object_del(rows, json_string_value(row));
		json_decref(members);
		body_drop(join.body);
	}
	if (!same_rows(expected, rows, "resume"))
		json_array_append_new(faults, json_string("resume"));
	json_decref(rows);
}

static json_t *case_run(json_t *input)
{
	json_t *faults = json_array(), *steps = json_object_get(input, "steps"), *step, *slots, *expected, *again;
	json_t *subscription = json_object_get(input, "query");
	struct availability_query query = query_read(subscription);
	int64_t begin_us = json_integer_value(json_object_get(input, "begin"));
	int64_t now_us = json_integer_value(json_object_get(input, "now")), at_us = begin_us;
	struct run live = run_begin(), fresh = run_begin();
	struct left left[2 * STEPS_MAX + 1];
	struct rc_txn txns[STEPS_MAX];
	struct rc_arena arena;
	size_t left_count = 0, txn_count = 0, resets = 0, i;
	bool open;

	rc_arena_init(&arena, 65536);
	load_rows(live.board, json_object_get(input, "rows"), &arena);
	board_ready(live.board, (struct rc_position){7, 100}, (struct rc_position){7, 100}, begin_us);
	open = run_open(&live, subscription);
	json_array_foreach(steps, i, step)
	{
		int64_t step_us = json_integer_value(json_object_get(step, "at"));
		/* Two or so leave in each case: every place is met in some case, and a case stays quick. */
		bool leaves = open && ((size_t)begin_us + i) % (json_array_size(steps) / 2 + 1) == 0;

		rc_check(txn_count < STEPS_MAX);
		if (leaves)
			left[left_count++] = (struct left){board_position(live.board), topic_rows(&live)};
		pass_time(&live, at_us, step_us);
		at_us = step_us;
		if (leaves)
			left[left_count++] = (struct left){board_position(live.board), topic_rows(&live)};
		txns[txn_count] = txn_make(&arena, step, 101 + i);
		board_apply(live.board, &txns[txn_count], at_us);
		if (open)
			hub_commit(live.hub, board_position(live.board), at_us);
		txn_count++;
	}
	if (open)
		left[left_count++] = (struct left){board_position(live.board), topic_rows(&live)};
	pass_time(&live, at_us, now_us);
	slots = answer(live.board, &query, now_us, faults);

	load_rows(fresh.board, json_object_get(input, "final"), &arena);
	for (i = 0; i < txn_count; i++)
		board_history(fresh.board, &txns[i]);
	board_ready(fresh.board, board_position(live.board), (struct rc_position){7, 100}, now_us);
	again = answer(fresh.board, &query, now_us, faults);
	if (!json_equal(slots, again))
		json_array_append_new(faults, json_string("reload"));
	if (open && json_is_array(slots)) {
		expected = by_id(slots);
		again = (json_decref(again), topic_rows(&live));
		if (!same_rows(expected, again, "topic"))
			json_array_append_new(faults, json_string("topic"));
		check_search(live.board, &query, now_us, slots, faults);
		check_offers(live.board, &query, now_us, slots, faults);
		rc_check(run_open(&fresh, subscription));
		for (i = 0; i < left_count; i++)
			check_resume(&fresh, &left[i], expected, faults, &resets);
		json_decref(expected);
	}
	for (i = 0; i < left_count; i++)
		json_decref(left[i].rows);
	json_decref(again);
	run_end(&live);
	run_end(&fresh);
	rc_arena_release(&arena);
	return json_pack("{s:o,s:o,s:i,s:i}", "slots", slots, "faults", faults, "resumes", (int)left_count, "resets",
			 (int)resets);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		json_error_t error;
		json_t *input = json_loadb(line, (size_t)len, 0, &error), *output;

		if (!input) {
			fprintf(stderr, "not a case: %s\n", error.text);
			return 2;
		}
		output = case_run(input);
		json_dumpf(output, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(output);
		json_decref(input);
	}
	free(line);
	return 0;
}
