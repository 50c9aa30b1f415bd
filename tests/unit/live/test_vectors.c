/*
 * The golden sessions of protocol/vectors/live-sessions.json, as the server's side: byte for byte what WebSocket and
 * SSE clients get. The TypeScript client loads the same file.
 *
 *   test_live_vectors FILE
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/metric.h"
#include "rowcast/live/fanout.h"

static const char *path;
static struct hub *hub;
static struct fanout *fanout;
static struct topic *topic;
static const json_t *session;
static struct buf wire; /* what the session's stream got and has not been looked at */
static struct peer peer;
static struct metric subscribers = METRIC_GAUGE("vectors_subscribers", "for tests", NULL);
static struct parcel *first, **end = &first;

/* ---- a world with one thread ---- */

static void post(struct parcel *parcel)
{
	parcel->link[0] = NULL;
	*end = parcel;
	end = (struct parcel **)&parcel->link[0];
}

static void to_hub(void *arg, struct parcel *parcel)
{
	post(parcel);
}

static void to_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	post(parcel);
}

static int64_t no_time(void)
{
	return 1;
}

static void settle(void)
{
	do {
		while (first) {
			struct parcel *parcel = first;

			first = parcel->link[0];
			if (!first)
				end = &first;
			parcel->arrive(parcel);
		}
	} while (fanout_run(fanout, 100) <= no_time() || first);
}

static size_t wire_send(struct peer *who, const void *bytes, size_t len)
{
	buf_append(&wire, bytes, len);
	return len;
}

static int wire_queue(struct peer *who, const void *bytes, size_t len)
{
	fail();
	return 0;
}

static void wire_failed(struct peer *who, struct rc_str id, const struct rc_fault *fault)
{
	fail_msg("%s", fault->message);
}

/* Stands for the WebSocket header: what is compared is the object. */
static size_t ws_before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	return (size_t)snprintf(out, FRAME_BEFORE_MAX, "%zu:", object_bytes);
}

static size_t sse_before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	if (position.len == 0)
		return (size_t)snprintf(out, FRAME_BEFORE_MAX, "event: %s\ndata: ", type);
	return (size_t)snprintf(out, FRAME_BEFORE_MAX, "event: %s\nid: %.*s\ndata: ", type, RC_STR_ARG(position));
}

static const struct transport websocket = {.name = "websocket",
					   .tells_id = true,
					   .tells_status = true,
					   .subscribers = &subscribers,
					   .before = ws_before,
					   .send = wire_send,
					   .queue = wire_queue,
					   .failed = wire_failed};
static const struct transport sse = {.name = "sse",
				     .tells_status = true,
				     .subscribers = &subscribers,
				     .before = sse_before,
				     .after = {"\n\n", 2},
				     .send = wire_send,
				     .queue = wire_queue,
				     .failed = wire_failed};

static struct rc_str text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return (struct rc_str){json_string_value(value), json_string_length(value)};
}

static struct rc_position position_of(const json_t *object, const char *name)
{
	struct rc_position position;

	assert_int_equal(rc_position_parse(text(object, name), &position), 0);
	return position;
}

static int fill(void *arg, struct topic *filled, struct rc_fault *fault)
{
	const json_t *rows = json_object_get(session, "rows"), *row;
	size_t i;

	topic = filled;
	json_array_foreach(rows, i, row)
	{
		struct rc_str json = {json_string_value(row), json_string_length(row)};
		json_t *object = json_loadb(json.ptr, json.len, 0, NULL);
		char *key = json_dumps(json_object_get(object, "id"), JSON_ENCODE_ANY);

		topic_put(filled, rc_str_from(key), json, 0);
		free(key);
		json_decref(object);
	}
	return 0;
}

static void closed(void *arg, struct topic *gone)
{
	topic = NULL;
}

static const struct topic_source source = {.kind = "vectors", .fill = fill, .closed = closed};

/* ---- steps ---- */

static void set_status(const json_t *step)
{
	static const char *const names[] = {"live", "delayed", "stale", "unavailable"};

	for (int i = 0; i < 4; i++) {
		if (rc_str_is(text(step, "state"), names[i]))
			hub_status(hub, (enum live_state)i, json_integer_value(json_object_get(step, "lag_ms")) * 1000,
				   json_integer_value(json_object_get(step, "age_ms")) * 1000);
	}
}

static void do_step(const json_t *step)
{
	struct rc_str verb = text(step, "do"), reason = text(step, "reason");

	if (rc_str_is(verb, "put"))
		topic_put(topic, text(step, "key"), text(step, "row"), 0);
	else if (rc_str_is(verb, "remove"))
		topic_remove(topic, text(step, "key"), 0);
	else if (rc_str_is(verb, "commit"))
		hub_commit(hub, position_of(step, "position"), 1);
	else if (rc_str_is(verb, "restart"))
		hub_restart(hub, position_of(step, "position"), reason.ptr);
	else if (rc_str_is(verb, "status"))
		set_status(step);
	else
		fail_msg("unknown step %s", verb.ptr);
}

static void expect(const json_t *step, const struct transport *transport)
{
	struct rc_str wanted = text(step, transport == &sse ? "sse" : "receive");
	char length[32];
	size_t skip = transport == &sse ? 0 : (size_t)snprintf(length, sizeof(length), "%zu:", wanted.len);

	settle();
	assert_true(wire.len >= skip + wanted.len);
	if (skip)
		assert_memory_equal(wire.data, length, skip);
	assert_memory_equal(wire.data + skip, wanted.ptr, wanted.len);
	buf_consume(&wire, skip + wanted.len);
}

static void subscribe(const struct transport *transport, enum live_mode mode, bool resume)
{
	struct subscription wanted = {.id = transport->tells_id ? text(session, "id") : RC_STR(""),
				      .source = &source,
				      .name = RC_STR("vectors"),
				      .shape = rc_xcalloc(1, 1),
				      .mode = mode,
				      .has_after = resume && json_object_get(session, "after")};

	if (wanted.has_after)
		wanted.after = position_of(session, "after");
	peer_open(fanout, &peer, transport);
	peer_subscribe(&peer, &wanted);
	settle();
}

static void run(const struct transport *transport)
{
	enum live_mode mode = rc_str_is(text(session, "mode"), "every") ? LIVE_EVERY : LIVE_LATEST;
	const json_t *steps = json_object_get(session, "steps"), *before = json_object_get(session, "before"), *step;
	size_t i;

	print_message("# %s (%s)\n", text(session, "name").ptr, transport->name);
	hub = hub_create(&(struct hub_config){.carrier = {to_hub, to_reactor, NULL},
					      .reactor_count = 1,
					      .topics_max = 10,
					      .topic_linger_us = 1000000,
					      .tombstones_max = 100,
					      .history_bytes_max = 100000,
					      .position_interval_us = INT64_MAX,
					      .position_interval_n = UINT64_MAX});
	fanout = fanout_create(&(struct fanout_config){.carrier = {to_hub, to_reactor, NULL},
						       .hub = hub,
						       .ring_bytes_max = 65536,
						       .copy_bytes_max = 65536,
						       .branch_subs_max = 10,
						       .mono_us = no_time,
						       .wall_us = no_time});
	hub_attach(hub, 0, fanout);
	hub_restart(hub, position_of(session, "position"), NULL);
	hub_status(hub, LIVE_LIVE, 0, 0);
	if (before) { /* somebody opened the topic earlier */
		subscribe(transport, mode, false);
		json_array_foreach(before, i, step) do_step(step);
		peer_close(&peer);
		settle();
		buf_clear(&wire);
	}
	subscribe(transport, mode, true);
	json_array_foreach(steps, i, step)
	{
		if (json_object_get(step, "do"))
			do_step(step);
		else if (json_object_get(step, "receive"))
			expect(step, transport);
	}
	settle();
	assert_int_equal(wire.len, 0);
	peer_close(&peer);
	settle();
	hub_destroy(hub);
	fanout_destroy(fanout);
}

static void every_golden_session_is_served_byte_for_byte(void **unused)
{
	json_t *file = json_load_file(path, 0, NULL), *sessions = json_object_get(file, "sessions");
	size_t i;

	assert_true(json_array_size(sessions) > 0);
	for (i = 0; i < json_array_size(sessions); i++) {
		session = json_array_get(sessions, i);
		run(&websocket);
		run(&sse);
	}
	buf_release(&wire);
	json_decref(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_golden_session_is_served_byte_for_byte)};

	path = argc > 1 ? argv[1] : "protocol/vectors/live-sessions.json";
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
