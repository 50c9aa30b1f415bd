/* docs/orm.md: each function of the guide does what the guide says, on every engine. guide.c is extracted from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "on_engines.h"

#include "guide.c"

#define HOUR INT64_C(3600000000)
#define NOON (INT64_C(1795176000) * 1000000)

struct rig {
	char url[256];
	struct rc_db *db;
	struct rc_tx *tx;
	struct rc_arena arena;
	struct rc_fault fault;
	int64_t venue, room, hall;
};

static void ok(struct rig *rig, int rc)
{
	if (rc != RC_OK)
		fail_msg("%s: %s", rc_err_name(rc), rc_db_fault(rig->db)->message);
}

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	engine_fresh(*state, rig->url);
	if (open_hotel(rig->url, &rig->db, &rig->fault) != RC_OK)
		fail_msg("%s", rig->fault.message);
	rc_arena_init(&rig->arena, 4096);
	ok(rig, rc_tx_begin(rig->db, RC_WRITE, &rig->tx));
	ok(rig, add_venue(rig->tx, "Harbour", &rig->venue));
	ok(rig, add_room(rig->tx, rig->venue, "Small room", 2, &rig->room));
	ok(rig, add_room(rig->tx, rig->venue, "Hall", 80, &rig->hall));
	ok(rig, rc_tx_commit(rig->tx));
	ok(rig, rc_tx_begin(rig->db, RC_WRITE, &rig->tx));
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	rc_db_close(rig->db);
	rc_arena_release(&rig->arena);
	free(rig);
	return 0;
}

static struct wish wish(int64_t room, const char *guest, int64_t from, int64_t to)
{
	return (struct wish){
		.room_id = room, .guest = guest, .starts_at = NOON + from * HOUR, .ends_at = NOON + to * HOUR};
}

static struct wish booked(struct rig *rig, int64_t room, const char *guest, int64_t from, int64_t to)
{
	struct wish one = wish(room, guest, from, to);

	ok(rig, book(rig->tx, &one));
	return one;
}

static void test_rows(void **state)
{
	struct rig *rig = *state;
	struct room *room;
	struct booking *booking, stale;
	struct wish one = booked(rig, rig->room, "Ada", 0, 1);

	ok(rig, room_get(rig->tx, &rig->arena, rig->room, &room));
	assert_true(room->nulls & ROOM_NULL_NOTE);
	ok(rig, enlarge(rig->tx, &rig->arena, rig->room));
	ok(rig, room_get(rig->tx, &rig->arena, rig->room, &room));
	assert_int_equal(room->seats, 3);
	assert_true(rc_str_is(room->note, "one more chair"));
	assert_int_equal(enlarge(rig->tx, &rig->arena, 4711), RC_NOT_FOUND);
	ok(rig, booking_get(rig->tx, &rig->arena, one.made, &booking));
	stale = *booking;
	ok(rig, rename_guest(rig->tx, booking, "Eve"));
	assert_int_equal(rename_guest(rig->tx, &stale, "Bob"), RC_STALE);
}

static void test_transactions_and_refusals(void **state)
{
	struct rig *rig = *state;
	struct wish wishes[] = {wish(rig->room, "Ada", 0, 2), wish(rig->room, "Eve", 1, 3),
				wish(rig->room, "Bob", 2, 3)};
	struct wish backwards = wish(rig->hall, "Bea", 2, 1);
	struct party party = {.wishes = wishes, .count = 3};
	int rc;

	ok(rig, book_what_fits(rig->tx, &party));
	assert_int_equal(party.booked, 2);
	ok(rig, rc_tx_commit(rig->tx));
	rc = book_now(rig->db, &wishes[1]);
	assert_int_equal(rc, RC_CONSTRAINT);
	assert_string_equal(why_not(rig->db, rc), "somebody else has the room then");
	rc = book_now(rig->db, &backwards);
	assert_string_equal(why_not(rig->db, rc), "it ends before it begins");
	ok(rig, rc_tx_begin(rig->db, RC_WRITE, &rig->tx));
}

static void test_queries(void **state)
{
	struct rig *rig = *state;
	struct room_list rooms;
	int64_t seats;
	bool is_free;

	booked(rig, rig->hall, "Ada", 0, 1);
	ok(rig, free_evening(rig->tx, &rig->arena, rig->hall, NOON - HOUR, NOON + 1, &is_free));
	assert_false(is_free);
	ok(rig, free_evening(rig->tx, &rig->arena, rig->hall, NOON + HOUR, NOON + 2 * HOUR, &is_free));
	assert_true(is_free); /* they touch */
	ok(rig, large_rooms(rig->tx, &rig->arena, &rig->venue, 1, &rooms));
	assert_int_equal(rooms.count, 1);
	assert_int_equal(rooms.at[0]->id, rig->hall);
	ok(rig, large_rooms(rig->tx, &rig->arena, NULL, 0, &rooms));
	assert_int_equal(rooms.count, 0);
	ok(rig, all_seats(rig->tx, &rig->arena, &seats));
	assert_int_equal(seats, 82);
}

static void test_many_rows(void **state)
{
	struct rig *rig = *state;
	struct room rooms[30];
	int64_t n;

	for (int i = 0; i < 30; i++)
		rooms[i] = (struct room){.nulls = ROOM_NULL_NOTE, .name = RC_STR("cell"), .seats = 1 + i % 3};
	ok(rig, add_rooms(rig->tx, rig->venue, rooms, 30));
	assert_true(rooms[29].id > 0);
	ok(rig, close_floor(rig->tx, &rig->arena, rig->venue, &n));
	assert_int_equal(n, 21); /* 20 of them and the small room */
	booked(rig, rig->hall, "Ada", 0, 1);
	booked(rig, rig->hall, "Ada", 5, 6);
	ok(rig, forget_before(rig->tx, &rig->arena, NOON + 2 * HOUR, &n));
	assert_int_equal(n, 1);
}

static char printed[256];

static int print_line(const char *guest, const char *room)
{
	snprintf(printed + strlen(printed), sizeof(printed) - strlen(printed), "%s in %s; ", guest, room);
	return RC_OK;
}

static void test_relations(void **state)
{
	struct rig *rig = *state;
	struct booking_list bookings;
	struct venue_list venues;
	size_t most;

	booked(rig, rig->hall, "Ada", 0, 1);
	booked(rig, rig->room, "Eve", 1, 2);
	booked(rig, rig->hall, "Bob", 2, 3);
	*printed = '\0';
	ok(rig, print_bookings(rig->tx, &rig->arena, print_line));
	assert_string_equal(printed, "Ada in Hall; Eve in Small room; Bob in Hall; ");
	ok(rig, bookings_by_room(rig->tx, &rig->arena, rig->venue, &most));
	assert_int_equal(most, 2);
	ok(rig, booking_all(booking_query(rig->tx, &rig->arena), &bookings));
	ok(rig, venues_of(rig->tx, &rig->arena, &bookings, &venues));
	assert_int_equal(venues.count, 1);
	assert_true(rc_str_is(venues.at[0]->name, "Harbour"));
}

static void test_pages_and_locks(void **state)
{
	struct rig *rig = *state;
	struct booking *next;
	struct room_page page;
	struct room rooms[30], *room;

	for (int i = 0; i < 30; i++)
		rooms[i] = (struct room){.nulls = ROOM_NULL_NOTE, .name = RC_STR("cell"), .seats = 1};
	ok(rig, add_rooms(rig->tx, rig->venue, rooms, 30));
	ok(rig, room_page_after(rig->tx, &rig->arena, RC_STR_NONE, &page));
	assert_int_equal(page.list.count, 20);
	ok(rig, room_page_after(rig->tx, &rig->arena, page.next, &page));
	assert_int_equal(page.list.count, 12);
	assert_int_equal(page.next.len, 0);
	assert_int_equal(room_page_after(rig->tx, &rig->arena, RC_STR("nonsense"), &page), RC_INVALID);
	booked(rig, rig->hall, "Bob", 2, 3);
	booked(rig, rig->hall, "Ada", 0, 1);
	ok(rig, next_to_clean(rig->tx, &rig->arena, &next));
	assert_true(rc_str_is(next->guest, "Ada"));
	ok(rig, hold_room(rig->tx, &rig->arena, rig->hall, &room));
	assert_int_equal(room->seats, 80);
}

static void test_tenants_and_soft_delete(void **state)
{
	struct rig *rig = *state;
	struct invoice_list list;
	struct rc_uuid first, second;
	int64_t other, n;

	ok(rig, add_venue(rig->tx, "Hill", &other));
	ok(rig, bill(rig->tx, rig->venue, "1", 4500, &first));
	ok(rig, bill(rig->tx, other, "1", 100, &second));
	assert_int_equal(cancel_bill(rig->tx, other, first), RC_NOT_FOUND);
	ok(rig, owed(rig->tx, &rig->arena, rig->venue, &list));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.at[0]->total_cents, 4500);
	ok(rig, cancel_bill(rig->tx, rig->venue, first));
	ok(rig, owed(rig->tx, &rig->arena, rig->venue, &list));
	assert_int_equal(list.count, 0);
	ok(rig, purge(rig->tx, &rig->arena, INT64_C(4000000000) * 1000000, &n));
	assert_int_equal(n, 1);
	ok(rig, rc_sql_int(rig->tx, "SELECT count(*) FROM invoice", NULL, 0, &n));
	assert_int_equal(n, 1);
}

static void test_sql_of_ones_own(void **state)
{
	struct rig *rig = *state;
	struct rc_str name;
	struct rc_rows rows;
	int64_t n;

	booked(rig, rig->hall, "Ada", 0, 1);
	booked(rig, rig->hall, "Ada", 2, 3);
	booked(rig, rig->room, "Eve", 2, 3);
	ok(rig, busy(rig->tx, &rig->arena, NOON, &n, &name));
	assert_int_equal(n, 2);
	assert_true(rc_str_is(name, "Hall"));
	ok(rig, rename_room(rig->tx, rig->hall, RC_STR("Great hall"), &n));
	assert_int_equal(n, 1);
	ok(rig, rooms_like(rig->tx, &rig->arena, "Great%", &rows));
	assert_int_equal(rows.count, 1);
	assert_int_equal(((struct room *)rows.at[0])->seats, 80);
	ok(rig, count_guests(rig->tx, &n));
	assert_int_equal(n, 2);
}

static void test_pool_and_migrations(void **state)
{
	struct rig *rig = *state;
	struct wish one = wish(rig->hall, "Ada", 0, 1);
	uint32_t count;

	rc_tx_rollback(rig->tx);
	if (serve(rig->url, &one, &rig->fault) != RC_OK)
		fail_msg("%s", rig->fault.message);
	assert_false(rc_uuid_is_zero(one.made));
	assert_int_equal(pending(rig->db, &count, &rig->fault), RC_OK);
	assert_int_equal(count, 0);
}

#define GUIDE(name)                                                                                                    \
	{                                                                                                              \
		0, cmocka_unit_test_setup_teardown(name, setup, teardown)                                              \
	}

int main(void)
{
	const struct engine_test tests[] = {
		GUIDE(test_rows),
		GUIDE(test_transactions_and_refusals),
		GUIDE(test_queries),
		GUIDE(test_many_rows),
		GUIDE(test_relations),
		GUIDE(test_pages_and_locks),
		GUIDE(test_tenants_and_soft_delete),
		GUIDE(test_sql_of_ones_own),
		GUIDE(test_pool_and_migrations),
	};

	return RUN_ON_ENGINES(tests);
}
