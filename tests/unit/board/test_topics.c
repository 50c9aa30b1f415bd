/*
 * The topic source "availability": what a subscription may say, and what its topic is told, when and how precisely.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include <jansson.h>

#include "rowcast/live/hub.h"
#include "rowcast/live/topic_impl.h"
#include "slotcast/board/board_impl.h"
#include "tests/unit/board/rig.h"

/* ---- subscriptions ---- */

/* The canonical name, or "RC_INVALID from". */
static const char *parse_text(struct rig *rig, const char *params)
{
	static char text[256];
	struct topic_source reader = board_topic_source(rig->board);
	json_t *json = json_loads(params, 0, NULL);
	struct rc_fault fault = {0};
	struct buf name = BUF_INIT;
	const char *field = NULL;
	void *shape = NULL;
	int err;

	assert_non_null(json);
	err = reader.parse(reader.arg, json, &name, &shape, &field, &fault);
	if (err) {
		assert_true(fault.message[0]);
		(void)snprintf(text, sizeof(text), "%s %s", rc_err_name(err), field ? field : "-");
	} else {
		(void)snprintf(text, sizeof(text), "%s", buf_cstr(&name));
	}
	free(shape);
	buf_release(&name);
	json_decref(json);
	return text;
}

#define DATES "\"from\":\"2026-11-20\",\"to\":\"2026-11-21\""
#define NAME  "availability?service=1&resource=0&from=2026-11-20&to=2026-11-21&duration_min=0&party=1"

static void equal_shapes_have_equal_names(void **state)
{
	struct rig *rig = rig_make("UTC", "pooled", 4);

	assert_string_equal(parse_text(rig, "{\"service\":\"1\"," DATES "}"), NAME);
	assert_string_equal(
		parse_text(rig, "{\"to\":\"2026-11-21\",\"from\":\"2026-11-20\",\"party\":1,\"service\":\"1\"}"), NAME);
	assert_string_equal(
		parse_text(rig, "{\"service\":\"1\",\"party\":\"1\",\"resource\":null,\"unknown\":[1]," DATES "}"),
		NAME);
	assert_string_equal(
		parse_text(rig, "{\"service\":\"1\",\"resource\":\"1\",\"duration_min\":\"60\",\"party\":2," DATES "}"),
		"availability?service=1&resource=1&from=2026-11-20&to=2026-11-21&duration_min=60&party=2");
	rig_end(rig);
}

static void members_that_cannot_be_read_are_named(void **state)
{
	struct rig *rig = rig_make("UTC", "pooled", 4);

	assert_string_equal(parse_text(rig, "{" DATES "}"), "RC_INVALID service");
	assert_string_equal(parse_text(rig, "{\"service\":1," DATES "}"), "RC_INVALID service");
	assert_string_equal(parse_text(rig, "{\"service\":\"x\"," DATES "}"), "RC_NOT_FOUND service");
	assert_string_equal(parse_text(rig, "{\"service\":\"7\"," DATES "}"), "RC_NOT_FOUND service");
	assert_string_equal(parse_text(rig, "{\"service\":\"99999999999999999999\"," DATES "}"),
			    "RC_NOT_FOUND service");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"resource\":\"2\"," DATES "}"),
			    "RC_NOT_FOUND resource");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"resource\":1," DATES "}"), "RC_INVALID resource");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"to\":\"2026-11-20\"}"), "RC_INVALID from");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-31\"}"),
			    "RC_INVALID to");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"from\":20261120,\"to\":\"2026-11-20\"}"),
			    "RC_INVALID from");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"from\":\"2026-11-21\",\"to\":\"2026-11-20\"}"),
			    "RC_INVALID to");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"from\":\"2026-11-20\",\"to\":\"2027-02-20\"}"),
			    "RC_INVALID to");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"party\":0," DATES "}"), "RC_INVALID party");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"party\":\"1.5\"," DATES "}"), "RC_INVALID party");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"party\":11," DATES "}"), "RC_INVALID party");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"duration_min\":45," DATES "}"),
			    "RC_INVALID duration_min");
	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"duration_min\":true," DATES "}"),
			    "RC_INVALID duration_min");
	rig_end(rig);
}

static void ninety_two_days_are_the_most(void **state)
{
	struct rig *rig = rig_make("UTC", "pooled", 4);

	assert_string_equal(parse_text(rig, "{\"service\":\"1\",\"from\":\"2026-11-20\",\"to\":\"2027-02-19\"}"),
			    "availability?service=1&resource=0&from=2026-11-20&to=2027-02-19&duration_min=0&party=1");
	rig_end(rig);
}

static void before_there_is_a_catalog_a_subscriber_is_told_to_come_back(void **state)
{
	struct rig *rig = rig_begin("UTC", "pooled", 4);

	assert_string_equal(parse_text(rig, "{\"service\":\"1\"," DATES "}"), "RC_UNAVAILABLE -");
	rig_end(rig);
}

/* ---- topics ---- */

struct watch {
	struct rig *rig;
	struct hub *hub;
	struct topic *topic;
};

static struct topic_source source; /* topics point at it */

static void to_hub(void *arg, struct parcel *parcel)
{
	rc_check(!"nobody sends");
}

static void to_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	rc_check(!"nobody listens");
}

static int watch_try(struct watch *watch, struct rig *rig, const char *params)
{
	static const struct hub_config config = {.carrier = {to_hub, to_reactor, NULL},
						 .topics_max = 10,
						 .tombstones_max = 1000,
						 .history_bytes_max = 1};
	json_t *json = json_loads(params, 0, NULL);
	struct buf name = BUF_INIT;
	struct rc_fault fault = {0};
	const char *field;
	void *shape = NULL;
	int err;

	source = board_topic_source(rig->board);
	*watch = (struct watch){.rig = rig, .hub = hub_create(&config)};
	assert_int_equal(source.parse(source.arg, json, &name, &shape, &field, &fault), 0);
	hub_restart(watch->hub, board_position(rig->board), NULL);
	watch->topic = topic_create(watch->hub, &source, buf_str(&name), shape);
	err = topic_fill(watch->topic, board_position(rig->board), &fault);
	buf_release(&name);
	json_decref(json);
	return err;
}

/* A transaction goes before, so that nobody stands at the oldest position, of whose age nothing is known: number 101.
 */
static struct watch watch_open(struct rig *rig, const char *params)
{
	struct claim far = row_claim(9999, 1, 0, "2029-11-20T10:00:00Z", "2029-11-20T11:00:00Z");
	struct watch watch;

	rig_change(rig, &claim_model, NULL, &far);
	assert_int_equal(watch_try(&watch, rig, params), 0);
	return watch;
}

static void watch_close(struct watch *watch)
{
	source.closed(source.arg, watch->topic);
	topic_destroy(watch->topic);
	hub_destroy(watch->hub);
}

/* What somebody who stands at `after` is told: "reset", "nothing", or "+09:00 0 … -ID". */
static const char *news(struct watch *watch, uint64_t after)
{
	static char text[2048];
	struct join join = {.has_after = true, .after = {9, after}};
	json_t *json, *item;
	size_t len = 0, i;
	char *object;

	topic_catch_up(watch->topic, LIVE_LATEST, board_position(watch->rig->board), &join);
	if (!join.body)
		return "nothing";
	if (join.reset) {
		body_drop(join.body);
		return "reset";
	}
	object = rc_xmalloc(join.body->len + 8);
	memcpy(object, "{\"x\":0", 6);
	memcpy(object + 6, join.body->bytes, join.body->len);
	json = json_loadb(object, join.body->len + 6, 0, NULL);
	assert_non_null(json);
	text[0] = '\0';
	json_array_foreach(json_object_get(json, "upsert"), i, item) len += (size_t)snprintf(
		text + len, sizeof(text) - len, "+%.5s %d ", json_string_value(json_object_get(item, "start")) + 11,
		(int)json_integer_value(json_object_get(item, "remaining")));
	json_array_foreach(json_object_get(json, "remove"), i, item)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "-%s ", json_string_value(item));
	json_decref(json);
	free(object);
	body_drop(join.body);
	return text;
}

static void watch_apply(struct watch *watch, const struct rc_model *model, const void *old_row, const void *new_row)
{
	rig_change(watch->rig, model, old_row, new_row);
	hub_commit(watch->hub, board_position(watch->rig->board), watch->rig->now_us);
}

static bool watch_tick(struct watch *watch)
{
	bool told = board_tick(watch->rig->board, watch->rig->now_us);

	if (told)
		hub_commit(watch->hub, board_position(watch->rig->board), watch->rig->now_us);
	return told;
}

#define SUBSCRIPTION "{\"service\":\"1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-20\"}"

static void a_booking_tells_only_the_slots_that_it_changes(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
	struct claim other_day = row_claim(2, 1, 0, "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z");
	struct claim same_time = row_claim(3, 1, 0, "2026-11-20T10:15:00Z", "2026-11-20T10:45:00Z");

	assert_int_equal(topic_row_count(watch.topic), 5);
	assert_string_equal(news(&watch, 101), "nothing");
	watch_apply(&watch, &claim_model, NULL, &claim);
	assert_string_equal(news(&watch, 101), "+09:30 0 +10:00 0 +10:30 0 ");
	watch_apply(&watch, &claim_model, NULL, &other_day);
	assert_string_equal(news(&watch, 102), "nothing");
	watch_apply(&watch, &claim_model, NULL, &same_time);
	assert_string_equal(news(&watch, 102), "nothing");
	watch_apply(&watch, &claim_model, &claim, NULL);
	assert_string_equal(news(&watch, 102), "nothing"); /* the other one still lies there */
	watch_apply(&watch, &claim_model, &same_time, NULL);
	assert_string_equal(news(&watch, 105), "+09:30 1 +10:00 1 +10:30 1 ");
	watch_close(&watch);
	rig_end(rig);
}

static void the_end_of_a_hold_is_told_at_its_instant_without_a_new_position(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);
	struct booking hold = row_hold(5, rig->now_us + MINUTE);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z");

	watch_apply(&watch, &booking_model, NULL, &hold);
	watch_apply(&watch, &claim_model, NULL, &claim);
	assert_string_equal(news(&watch, 103), "nothing");
	rig->now_us = hold.hold_expires_at - 1;
	assert_false(watch_tick(&watch));
	rig->now_us++;
	assert_int_equal(board_next_tick(rig->board), rig->now_us);
	assert_true(watch_tick(&watch));
	assert_string_equal(news(&watch, 103), "+09:00 1 ");
	watch_apply(&watch, &claim_model, &claim, NULL);
	assert_string_equal(news(&watch, 104), "nothing");
	watch_close(&watch);
	rig_end(rig);
}

static void a_read_that_sees_a_hold_end_first_does_not_hide_it_from_the_topic(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);
	struct booking hold = row_hold(5, rig->now_us + MINUTE);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z");

	watch_apply(&watch, &booking_model, NULL, &hold);
	watch_apply(&watch, &claim_model, NULL, &claim);
	rig->now_us = hold.hold_expires_at;
	assert_true(strncmp(slots_text(rig, ANY), "09:00 1/1", 9) == 0);
	assert_true(board_next_tick(rig->board) <= rig->now_us);
	assert_true(watch_tick(&watch));
	assert_string_equal(news(&watch, 103), "+09:00 1 ");
	watch_close(&watch);
	rig_end(rig);
}

static void a_slot_leaves_when_its_notice_has_passed(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);

	assert_int_equal(board_next_tick(rig->board), at("2026-11-20T09:00:00Z") + 1);
	rig->now_us = at("2026-11-20T09:00:00Z");
	assert_false(watch_tick(&watch));
	rig->now_us++;
	assert_true(watch_tick(&watch));
	assert_string_equal(news(&watch, 101), "-s1-r1-ht9z0-60 ");
	assert_int_equal(board_next_tick(rig->board), at("2026-11-20T09:30:00Z") + 1);
	rig->now_us = at("2026-11-20T12:00:00Z");
	assert_true(watch_tick(&watch));
	assert_int_equal(topic_row_count(watch.topic), 0);
	assert_int_equal(board_next_tick(rig->board), INT64_MAX);
	watch_close(&watch);
	rig_end(rig);
}

static void a_slot_enters_with_the_horizon(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, "{\"service\":\"1\",\"from\":\"2027-02-25\",\"to\":\"2027-02-25\"}");
	int64_t enters = at("2027-02-25T09:00:00Z") - 90 * DAY, due;

	assert_int_equal(topic_row_count(watch.topic), 0);
	/* It looks once or twice on the way, tells nothing, and is there at the instant. */
	while ((due = board_next_tick(rig->board)) < enters) {
		assert_true(due > rig->now_us);
		rig->now_us = due;
		assert_false(watch_tick(&watch));
	}
	assert_int_equal(due, enters);
	rig->now_us = due;
	assert_true(watch_tick(&watch));
	assert_string_equal(news(&watch, 101), "+09:00 1 ");
	watch_close(&watch);
	rig_end(rig);
}

static void another_catalog_is_told_as_the_difference_it_makes(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);
	struct exception closed = row_exception(1, 0, TODAY, 11 * 60, 12 * 60, true);
	struct service service = row_service(1);

	watch_apply(&watch, &exception_model, NULL, &closed);
	assert_string_equal(news(&watch, 101), "-s1-r1-hta1i-60 -s1-r1-hta2c-60 ");
	watch_apply(&watch, &service_model, &service, NULL);
	assert_int_equal(topic_row_count(watch.topic), 0);
	watch_apply(&watch, &service_model, NULL, &service);
	assert_int_equal(topic_row_count(watch.topic), 3);
	watch_close(&watch);
	rig_end(rig);
}

static void a_restarted_board_continues_from_what_its_history_knows(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct claim early = row_claim(1, 1, 0, "2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z");
	struct claim late = row_claim(2, 1, 0, "2026-11-20T11:30:00Z", "2026-11-20T12:00:00Z");
	struct rc_change changes[] = {{&claim_model, RC_INSERT, NULL, &early}, {&claim_model, RC_INSERT, NULL, &late}};
	struct rc_txn txns[] = {
		{.position = {9, 50}, .committed_us = rig->now_us - 3, .change_count = 1, .changes = &changes[0]},
		{.position = {9, 60}, .committed_us = rig->now_us - 2, .change_count = 1, .changes = &changes[1]},
	};
	struct watch watch;

	board_row(rig->board, &claim_model, &early);
	board_row(rig->board, &claim_model, &late);
	board_history(rig->board, &txns[0]);
	board_history(rig->board, &txns[1]);
	board_ready(rig->board, (struct rc_position){9, 60}, (struct rc_position){9, 40}, rig->now_us);
	rig->n = 60;
	assert_int_equal(watch_try(&watch, rig, SUBSCRIPTION), 0);
	assert_string_equal(news(&watch, 60), "nothing");
	assert_string_equal(news(&watch, 59), "+11:00 0 ");
	assert_string_equal(news(&watch, 50), "+11:00 0 ");
	assert_string_equal(news(&watch, 49), "+09:00 0 +11:00 0 ");
	assert_string_equal(news(&watch, 41), "+09:00 0 +11:00 0 ");
	/* The oldest position may be of any age: what time may have changed since is told again, too much rather than
	 * too little. */
	assert_string_equal(news(&watch, 40), "+09:30 1 +10:00 1 +10:30 1 +09:00 0 +11:00 0 ");
	assert_string_equal(news(&watch, 39), "reset");
	watch_close(&watch);
	rig_end(rig);
}

static void before_another_catalog_nobody_continues_on_a_new_topic(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct exception closed = row_exception(1, 0, TODAY, 11 * 60, 12 * 60, true);
	struct watch watch;

	rig_change(rig, &exception_model, NULL, &closed);
	assert_int_equal(watch_try(&watch, rig, SUBSCRIPTION), 0);
	assert_string_equal(news(&watch, 100), "reset");
	assert_string_equal(news(&watch, 101), "nothing");
	watch_close(&watch);
	rig_end(rig);
}

static void touches_are_kept_for_both_the_time_and_the_number_promised(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);

	/* Options: 600 s and 100 changes. Number reached, time not. */
	for (int i = 0; i < 300; i++) {
		struct claim claim = row_claim(i + 1, 1, 0, "2026-11-25T09:00:00Z", "2026-11-25T09:30:00Z");

		rig_change(rig, &claim_model, NULL, &claim);
		rig->now_us += 1000000;
	}
	assert_int_equal(rig->board->touches.floor, 100);
	/* Both: what is older than 600 s and more than 100 changes back is let go. */
	rig->now_us += 600 * INT64_C(1000000);
	rig_change(rig, &claim_model, NULL,
		   &(struct claim){.nulls = CLAIM_NULL_SESSION_ID,
				   .id = 999,
				   .booking_id = 1,
				   .resource_id = 1,
				   .lo = 1,
				   .hi = 2,
				   .qty = 1});
	assert_int_equal(rig->board->touches.floor, 300);
	rig_end(rig);
}

static void a_topic_survives_the_reload_of_its_board(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct watch watch = watch_open(rig, SUBSCRIPTION);
	struct rc_fault fault;
	struct venue venue = row_venue("UTC");
	struct resource resource = row_resource(1, "exclusive", 1);
	struct service service = row_service(1);
	struct service_resource link = {.service_id = 1, .resource_id = 1};
	struct hours hours = row_hours(1, 0, "FREQ=DAILY", 9 * 60, 11 * 60, "2026-01-01");
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");

	board_clear(rig->board);
	assert_int_equal(topic_fill(watch.topic, board_position(rig->board), &fault), RC_UNAVAILABLE);
	board_row(rig->board, &venue_model, &venue);
	board_row(rig->board, &resource_model, &resource);
	board_row(rig->board, &service_model, &service);
	board_row(rig->board, &service_resource_model, &link);
	board_row(rig->board, &hours_model, &hours);
	rig_ready(rig);
	assert_int_equal(topic_fill(watch.topic, board_position(rig->board), &fault), 0);
	assert_int_equal(topic_row_count(watch.topic), 3);
	watch_apply(&watch, &claim_model, NULL, &claim);
	assert_string_equal(news(&watch, 101), "+09:00 1 +09:30 0 +10:00 0 "); /* 101 is the oldest position again */
	watch_close(&watch);
	rig_end(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_shapes_have_equal_names),
		cmocka_unit_test(members_that_cannot_be_read_are_named),
		cmocka_unit_test(ninety_two_days_are_the_most),
		cmocka_unit_test(before_there_is_a_catalog_a_subscriber_is_told_to_come_back),
		cmocka_unit_test(a_booking_tells_only_the_slots_that_it_changes),
		cmocka_unit_test(the_end_of_a_hold_is_told_at_its_instant_without_a_new_position),
		cmocka_unit_test(a_read_that_sees_a_hold_end_first_does_not_hide_it_from_the_topic),
		cmocka_unit_test(a_slot_leaves_when_its_notice_has_passed),
		cmocka_unit_test(a_slot_enters_with_the_horizon),
		cmocka_unit_test(another_catalog_is_told_as_the_difference_it_makes),
		cmocka_unit_test(a_restarted_board_continues_from_what_its_history_knows),
		cmocka_unit_test(before_another_catalog_nobody_continues_on_a_new_topic),
		cmocka_unit_test(touches_are_kept_for_both_the_time_and_the_number_promised),
		cmocka_unit_test(a_topic_survives_the_reload_of_its_board),
	};

	return RUN_TESTS(tests);
}
