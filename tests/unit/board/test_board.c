/*
 * The board: what is listed, what is left, and how holds, sessions and the catalog change it. Random cases:
 * tests/system/oracle.
 */
#include "tests/unit/suite.h"
/* first: cmocka */
#include "slotcast/board/board_impl.h"
#include "tests/unit/board/rig.h"

#define ALL_FREE                                                                                                       \
	"09:00 1/1 available, 09:30 1/1 available, 10:00 1/1 available, 10:30 1/1 available, 11:00 1/1 available"
#define TEN_TAKEN "09:00 1/1 available, 09:30 0/1 booked, 10:00 0/1 booked, 10:30 0/1 booked, 11:00 1/1 available"

static void a_claim_books_every_slot_that_it_overlaps(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");

	assert_slots(rig, ANY, ALL_FREE);
	rig_change(rig, &claim_model, NULL, &claim);
	assert_slots(rig, ANY, TEN_TAKEN);
	rig_change(rig, &claim_model, &claim, NULL);
	assert_slots(rig, ANY, ALL_FREE);
	rig_end(rig);
}

static void a_claim_that_moves_frees_what_it_leaves(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z");
	struct claim moved = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");

	rig_change(rig, &claim_model, NULL, &claim);
	assert_slots(rig, ANY, ALL_FREE);
	rig_change(rig, &claim_model, &claim, &moved);
	assert_slots(rig, ANY, TEN_TAKEN);
	rig_end(rig);
}

static void a_claim_off_the_grid_takes_what_it_touches_to_the_microsecond(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T10:30:00.000001Z");

	rig_change(rig, &claim_model, NULL, &claim);
	assert_slots(rig, ANY, TEN_TAKEN);
	claim.id = 2;
	claim.lo = at("2026-11-20T09:59:59.999999Z");
	claim.hi = at("2026-11-20T10:30:00Z");
	rig_change(rig, &claim_model, NULL, &claim);
	assert_slots(rig, ANY,
		     "09:00 0/1 booked, 09:30 0/1 booked, 10:00 0/1 booked, 10:30 0/1 booked, 11:00 1/1 available");
	rig_end(rig);
}

static void buffers_of_the_new_slot_add_to_those_of_the_old_one(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct service service = row_service(1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:15:00Z", "2026-11-20T10:45:00Z");

	service.buffer_before_min = 15;
	service.buffer_after_min = 30;
	board_row(rig->board, &service_model, &service);
	rig_ready(rig);
	rig_change(rig, &claim_model, NULL, &claim);
	/* 09:00 needs 08:45-10:30; 11:00 needs 10:45-12:30, outside of the hours, which buffers may be. */
	assert_slots(rig, ANY,
		     "09:00 0/1 booked, 09:30 0/1 booked, 10:00 0/1 booked, 10:30 0/1 booked, 11:00 1/1 available");
	rig_end(rig);
}

static void a_hold_counts_until_its_end_and_then_as_nothing(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
	struct booking hold = row_hold(5, rig->now_us + MINUTE);

	rig_apply(
		rig,
		(struct rc_change[]){{&booking_model, RC_INSERT, NULL, &hold}, {&claim_model, RC_INSERT, NULL, &claim}},
		2);
	assert_int_equal(board_next_tick(rig->board), hold.hold_expires_at);
	rig->now_us = hold.hold_expires_at - 1;
	assert_slots(rig, ANY, TEN_TAKEN);
	rig->now_us = hold.hold_expires_at;
	assert_slots(rig, ANY, ALL_FREE);
	/* Tidied: the rows go, nothing changes. */
	rig_change(rig, &claim_model, &claim, NULL);
	rig_change(rig, &booking_model, &hold, NULL);
	assert_slots(rig, ANY, ALL_FREE);
	assert_int_equal(board_next_tick(rig->board), INT64_MAX);
	rig_end(rig);
}

static void rows_of_a_hold_may_come_in_any_order(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
	struct booking hold = row_hold(5, rig->now_us + MINUTE);

	rig_change(rig, &claim_model, NULL, &claim);
	rig_change(rig, &booking_model, NULL, &hold);
	assert_slots(rig, ANY, TEN_TAKEN);
	rig->now_us += MINUTE;
	assert_slots(rig, ANY, ALL_FREE);
	rig_end(rig);
}

static void a_hold_that_is_extended_counts_longer_even_after_its_end(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
	struct booking hold = row_hold(5, rig->now_us + MINUTE), extended = row_hold(5, rig->now_us + 3 * MINUTE);

	rig_change(rig, &booking_model, NULL, &hold);
	rig_change(rig, &claim_model, NULL, &claim);
	rig->now_us += 2 * MINUTE;
	assert_slots(rig, ANY, ALL_FREE);
	rig_change(rig, &booking_model, &hold, &extended);
	assert_slots(rig, ANY, TEN_TAKEN);
	rig->now_us += MINUTE;
	assert_slots(rig, ANY, ALL_FREE);
	rig_end(rig);
}

static void a_hold_that_is_confirmed_counts_for_good(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct claim claim = row_claim(5, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
	struct booking hold = row_hold(5, rig->now_us + MINUTE), confirmed = hold;

	confirmed.state = RC_STR("confirmed");
	rig_change(rig, &booking_model, NULL, &hold);
	rig_change(rig, &claim_model, NULL, &claim);
	rig_change(rig, &booking_model, &hold, &confirmed);
	rig->now_us += HOUR;
	assert_slots(rig, ANY, TEN_TAKEN);
	assert_int_equal(board_next_tick(rig->board), INT64_MAX);
	rig_end(rig);
}

static void the_first_of_many_holds_to_end_is_the_next_tick(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	int64_t ends[64];

	for (int i = 0; i < 64; i++) {
		struct booking hold = row_hold(i + 1, rig->now_us + (1 + (i * 37) % 64) * MINUTE);

		ends[i] = hold.hold_expires_at;
		rig_change(rig, &booking_model, NULL, &hold);
	}
	for (int i = 1; i <= 64; i++) {
		assert_int_equal(board_next_tick(rig->board), at(NOW) + i * MINUTE);
		if (i % 3 == 0) { /* released before its end */
			for (int k = 0; k < 64; k++) {
				struct booking hold = row_hold(k + 1, ends[k]);

				if (ends[k] == at(NOW) + i * MINUTE)
					rig_change(rig, &booking_model, &hold, NULL);
			}
		} else {
			rig->now_us = at(NOW) + i * MINUTE;
			board_tick(rig->board, rig->now_us);
		}
	}
	assert_int_equal(board_next_tick(rig->board), INT64_MAX);
	rig_end(rig);
}

static void a_pool_counts_its_free_lanes_and_says_when_few_are_left(void **state)
{
	struct rig *rig = rig_make("UTC", "pooled", 4);

	for (int lane = 0; lane < 3; lane++) {
		struct claim claim = row_claim(lane + 1, 1, lane, "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z");

		claim.hi += lane * HOUR / 2;
		rig_change(rig, &claim_model, NULL, &claim);
	}
	assert_slots(
		rig, ANY,
		"09:00 1/4 limited, 09:30 1/4 limited, 10:00 2/4 available, 10:30 3/4 available, 11:00 4/4 available");
	assert_slots(
		rig, QUERY(.party = 2),
		"09:00 1/4 booked, 09:30 1/4 booked, 10:00 2/4 available, 10:30 3/4 available, 11:00 4/4 available");
	rig_end(rig);
}

static void a_lane_beyond_the_capacity_is_nobody_s(void **state)
{
	struct rig *rig = rig_make("UTC", "pooled", 2);
	struct claim claim = row_claim(1, 1, 2, "2026-11-20T09:00:00Z", "2026-11-20T12:00:00Z");

	rig_change(rig, &claim_model, NULL, &claim);
	claim = row_claim(2, 1, -1, "2026-11-20T09:00:00Z", "2026-11-20T12:00:00Z");
	rig_change(rig, &claim_model, NULL, &claim);
	assert_slots(rig, QUERY(.party = 2),
		     "09:00 2/2 available, 09:30 2/2 available, 10:00 2/2 available, 10:30 2/2 available, 11:00 2/2 "
		     "available");
	rig_end(rig);
}

static void sessions_are_made_by_rules_and_by_hand(void **state)
{
	struct rig *rig = rig_begin("UTC", "session", 20);
	struct session_rule rule = row_session_rule(4, 1, "FREQ=DAILY", 18 * 60, 19 * 60, "2026-01-01");
	struct session made = row_session(1, 1, 4, "2026-11-20T18:00:00Z", "2026-11-20T19:00:00Z", 12);
	struct session one_off = row_session(2, 1, 0, "2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 3);
	struct session orphan = row_session(3, 1, 99, "2026-11-20T15:00:00Z", "2026-11-20T16:00:00Z", 3);
	struct claim places = row_places(1, 1, &made, 10), more = row_places(2, 1, &one_off, 3);

	board_row(rig->board, &session_rule_model, &rule);
	rig_ready(rig);
	assert_slots(rig, ANY, "18:00 20/20 available");
	rig_change(rig, &session_model, NULL, &made);
	rig_change(rig, &claim_model, NULL, &places);
	rig_change(rig, &session_model, NULL, &one_off);
	rig_change(rig, &session_model, NULL, &orphan);
	rig_change(rig, &claim_model, NULL, &more);
	assert_slots(rig, ANY, "07:00 0/3 booked, 18:00 2/12 limited");
	assert_slots(rig, QUERY(.party = 3), "07:00 0/3 booked, 18:00 2/12 booked");
	rig_change(rig, &claim_model, &more, NULL);
	rig_change(rig, &session_model, &one_off, NULL);
	assert_slots(rig, ANY, "18:00 2/12 limited");
	rig_end(rig);
}

static void places_of_a_hold_come_back_when_it_ends(void **state)
{
	struct rig *rig = rig_begin("UTC", "session", 20);
	struct session one_off = row_session(2, 1, 0, "2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 3);
	struct booking hold = row_hold(1, rig->now_us + MINUTE);
	struct claim places = row_places(1, 1, &one_off, 2);

	board_row(rig->board, &session_model, &one_off);
	board_row(rig->board, &booking_model, &hold);
	board_row(rig->board, &claim_model, &places);
	rig_ready(rig);
	assert_slots(rig, ANY, "07:00 1/3 limited");
	rig->now_us += MINUTE;
	assert_slots(rig, ANY, "07:00 3/3 available");
	rig_end(rig);
}

static void notice_and_horizon_bound_the_list(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct service service = row_service(1);
	int32_t today = on(TODAY);

	service.notice_min = 60;
	service.horizon_days = 1;
	board_row(rig->board, &service_model, &service);
	rig_ready(rig);
	rig->now_us = at("2026-11-20T09:30:00Z");
	assert_slots(rig, ANY, "10:30 1/1 available, 11:00 1/1 available");
	assert_slots(rig, QUERY(.from = today, .to = today + 1),
		     "10:30 1/1 available, 11:00 1/1 available, 09:00 1/1 available, 09:30 1/1 available");
	rig->now_us++;
	assert_slots(rig, ANY, "11:00 1/1 available");
	rig_end(rig);
}

static void slots_come_by_start_and_then_resource(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct resource second = row_resource(2, "exclusive", 1);
	struct service_resource link = {.service_id = 1, .resource_id = 2};
	struct hours hours = row_hours(2, 2, "FREQ=DAILY", 10 * 60, 11 * 60 + 30, "2026-01-01");

	board_row(rig->board, &resource_model, &second);
	board_row(rig->board, &service_resource_model, &link);
	board_row(rig->board, &hours_model, &hours);
	rig_ready(rig);
	assert_slots(rig, ANY,
		     "09:00 1/1 available, 09:30 1/1 available, 10:00 1/1 available, r2 10:00 1/1 available, 10:30 1/1 "
		     "available, "
		     "r2 10:30 1/1 available, 11:00 1/1 available");
	assert_slots(rig, QUERY(.resource_id = 2), "r2 10:00 1/1 available, r2 10:30 1/1 available");
	rig_end(rig);
}

static void queries_that_ask_for_what_is_not_there_say_which_member(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	int32_t today = on(TODAY);

	assert_slots(rig, QUERY(.service_id = 2), "RC_NOT_FOUND service");
	assert_slots(rig, QUERY(.resource_id = 2), "RC_NOT_FOUND resource");
	assert_slots(rig, QUERY(.duration_min = 61), "RC_INVALID duration_min");
	assert_slots(rig, QUERY(.party = 10), ALL_FREE);
	assert_slots(rig, QUERY(.party = 11), "RC_INVALID party");
	assert_slots(rig, QUERY(.party = -1), "RC_INVALID party");
	assert_slots(rig, QUERY(.from = today, .to = today - 1), "RC_INVALID to");
	assert_slots(rig, QUERY(.from = today, .to = today + 92), "RC_INVALID to");
	assert_true(strncmp(slots_text(rig, QUERY(.from = today, .to = today + 91)), ALL_FREE, sizeof(ALL_FREE) - 1) ==
		    0);
	rig_end(rig);
}

static void a_catalog_row_that_changes_makes_a_new_catalog(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	uint64_t revision = board_catalog(rig->board)->revision;
	struct catalog *old = catalog_acquire(board_catalog(rig->board));
	struct exception closed = row_exception(1, 0, TODAY, 10 * 60, 11 * 60, true);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z");

	rig_change(rig, &claim_model, NULL, &claim);
	assert_int_equal(board_catalog(rig->board)->revision, revision);
	rig_change(rig, &exception_model, NULL, &closed);
	assert_true(board_catalog(rig->board)->revision > revision);
	assert_slots(rig, ANY, "09:00 0/1 booked, 11:00 1/1 available");
	rig_change(rig, &exception_model, &closed, NULL);
	assert_slots(
		rig, ANY,
		"09:00 0/1 booked, 09:30 0/1 booked, 10:00 1/1 available, 10:30 1/1 available, 11:00 1/1 available");
	catalog_drop(old);
	rig_end(rig);
}

static void claims_of_long_ago_are_forgotten_and_their_rows_may_still_change(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct claim past = row_claim(1, 1, 0, "2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z");
	struct claim recent = row_claim(2, 1, 0, "2026-11-19T09:00:00Z", "2026-11-19T10:00:00Z");

	board_row(rig->board, &claim_model, &past);
	board_row(rig->board, &claim_model, &recent);
	rig_ready(rig);
	assert_int_equal(rig->board->ledger.claims.count, 1);
	assert_int_equal(rig->board->ledger.bookings.count, 1);
	rig_change(rig, &claim_model, &past, NULL);
	rig->now_us += 30 * DAY;
	board_tick(rig->board, rig->now_us);
	assert_int_equal(rig->board->ledger.claims.count, 0);
	assert_int_equal(rig->board->ledger.bookings.count, 0);
	rig_change(rig, &claim_model, &recent, NULL);
	rig_end(rig);
}

static void sessions_of_long_ago_are_forgotten_with_their_claims(void **state)
{
	struct rig *rig = rig_begin("UTC", "session", 20);
	struct session session = row_session(2, 1, 0, "2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 3);
	struct claim places = row_places(1, 1, &session, 2);

	board_row(rig->board, &session_model, &session);
	board_row(rig->board, &claim_model, &places);
	rig_ready(rig);
	rig->now_us += 30 * DAY;
	board_tick(rig->board, rig->now_us);
	assert_int_equal(rig->board->ledger.claims.count, 0);
	assert_int_equal(rig->board->ledger.sessions.count, 0);
	rig_change(rig, &claim_model, &places, NULL);
	rig_change(rig, &session_model, &session, NULL);
	rig_end(rig);
}

static void a_board_that_is_being_loaded_says_so(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	struct alternative out[3];

	board_clear(rig->board);
	assert_slots(rig, ANY, "RC_UNAVAILABLE -");
	assert_int_equal(board_alternatives(rig->board, 1, 1, rig->now_us, 60, 1, rig->now_us, out, 3), 0);
	assert_false(board_tick(rig->board, rig->now_us));
	rig_end(rig);
}

static void ids_say_service_resource_start_and_duration(void **state)
{
	struct rig *rig = rig_make("UTC", "exclusive", 1);
	const struct catalog *catalog = board_catalog(rig->board);
	struct slot slot = {.service = catalog_service(catalog, 1),
			    .resource = catalog_resource(catalog, 1),
			    .start_us = at("2026-11-20T09:00:00Z"),
			    .end_us = at("2026-11-20T10:00:00Z"),
			    .capacity = 1,
			    .remaining = 1};
	struct buf out = BUF_INIT;

	slot_write(&out, &slot);
	assert_string_equal(
		buf_cstr(&out),
		"{\"id\":\"s1-r1-ht9z0-60\",\"service\":\"1\",\"resource\":\"1\",\"start\":\"2026-11-20T09:00:00Z\","
		"\"end\":\"2026-11-20T10:00:00Z\",\"capacity\":1,\"remaining\":1,\"state\":\"available\"}");
	buf_release(&out);
	rig_end(rig);
}

/* "same-resource 09:30, …" */
static const char *offers_text(struct rig *rig, int64_t resource_id, const char *start, size_t max)
{
	static char text[1024];
	struct alternative out[16];
	size_t count = board_alternatives(rig->board, 1, resource_id, at(start), 60, 1, rig->now_us, out, max);
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char time[TIME_TEXT_MAX];

		(void)time_format(out[i].slot.start_us, time);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s r%lld %.14s", len ? ", " : "", out[i].why,
					(long long)out[i].slot.resource->id, time + 5);
	}
	return text;
}

static void alternatives_come_in_the_order_of_use(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");

	for (int64_t id = 2; id <= 3; id++) {
		struct resource resource = row_resource(id, "exclusive", 1);
		struct service_resource link = {.service_id = 1, .resource_id = id};

		board_row(rig->board, &resource_model, &resource);
		board_row(rig->board, &service_resource_model, &link);
	}
	board_row(rig->board, &claim_model, &claim);
	rig_ready(rig);
	assert_string_equal(
		offers_text(rig, 1, "2026-11-20T10:00:00Z", 6),
		"same-resource r1 11-20T09:00:00, same-resource r1 11-20T11:00:00, same-resource r1 11-21T09:00:00, "
		"same-time r2 11-20T10:00:00, same-time r3 11-20T10:00:00, next-day r1 11-21T10:00:00");
	assert_string_equal(offers_text(rig, 1, "2026-11-20T10:00:00Z", 1), "same-resource r1 11-20T09:00:00");
	assert_string_equal(offers_text(rig, 0, "2026-11-20T10:00:00Z", 5), /* any would do: the nearest first */
			    "nearest r2 11-20T10:00:00, nearest r2 11-20T09:30:00, nearest r2 11-20T10:30:00, "
			    "same-time r3 11-20T10:00:00, next-day r1 11-21T10:00:00");
	rig_end(rig);
}

static void alternatives_end_after_fourteen_days_and_are_none_when_nothing_is_free(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);
	struct claim claim = row_claim(1, 1, 0, "2026-11-20T00:00:00Z", "2026-12-04T11:00:00Z");

	board_row(rig->board, &claim_model, &claim);
	rig_ready(rig);
	/* 12-04 11:00 is free, 14 days later to the minute. */
	assert_string_equal(offers_text(rig, 1, "2026-11-20T11:00:00Z", 3), "same-resource r1 12-04T11:00:00");
	assert_string_equal(offers_text(rig, 1, "2026-11-20T10:30:00Z", 3), "");
	rig_end(rig);
}

static void a_board_of_a_hundred_thousand_bookings_answers_right(void **state)
{
	struct rig *rig = rig_begin("UTC", "exclusive", 1);

	for (int64_t i = 0; i < 100000; i++) {
		struct claim claim = row_claim(i + 1, 1 + i % 50, 0, "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");

		claim.lo += (i / 50) * DAY - (i % 3) * 400 * DAY;
		claim.hi = claim.lo + HOUR;
		board_row(rig->board, &claim_model, &claim);
	}
	rig_ready(rig);
	assert_slots(rig, ANY, TEN_TAKEN);
	rig_end(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_books_every_slot_that_it_overlaps),
		cmocka_unit_test(a_claim_that_moves_frees_what_it_leaves),
		cmocka_unit_test(a_claim_off_the_grid_takes_what_it_touches_to_the_microsecond),
		cmocka_unit_test(buffers_of_the_new_slot_add_to_those_of_the_old_one),
		cmocka_unit_test(a_hold_counts_until_its_end_and_then_as_nothing),
		cmocka_unit_test(rows_of_a_hold_may_come_in_any_order),
		cmocka_unit_test(a_hold_that_is_extended_counts_longer_even_after_its_end),
		cmocka_unit_test(a_hold_that_is_confirmed_counts_for_good),
		cmocka_unit_test(the_first_of_many_holds_to_end_is_the_next_tick),
		cmocka_unit_test(a_pool_counts_its_free_lanes_and_says_when_few_are_left),
		cmocka_unit_test(a_lane_beyond_the_capacity_is_nobody_s),
		cmocka_unit_test(sessions_are_made_by_rules_and_by_hand),
		cmocka_unit_test(places_of_a_hold_come_back_when_it_ends),
		cmocka_unit_test(notice_and_horizon_bound_the_list),
		cmocka_unit_test(slots_come_by_start_and_then_resource),
		cmocka_unit_test(queries_that_ask_for_what_is_not_there_say_which_member),
		cmocka_unit_test(a_catalog_row_that_changes_makes_a_new_catalog),
		cmocka_unit_test(claims_of_long_ago_are_forgotten_and_their_rows_may_still_change),
		cmocka_unit_test(sessions_of_long_ago_are_forgotten_with_their_claims),
		cmocka_unit_test(a_board_that_is_being_loaded_says_so),
		cmocka_unit_test(ids_say_service_resource_start_and_duration),
		cmocka_unit_test(alternatives_come_in_the_order_of_use),
		cmocka_unit_test(alternatives_end_after_fourteen_days_and_are_none_when_nothing_is_free),
		cmocka_unit_test(a_board_of_a_hundred_thousand_bookings_answers_right),
	};

	return RUN_TESTS(tests);
}
