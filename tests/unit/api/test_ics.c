/*
 * A booking as an iCalendar object.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "slotcast/api/ics.h"

#define HOUR_US INT64_C(3600000000)

static struct reader_booking sample(void)
{
	return (struct reader_booking){
		.booking = {.ref = RC_STR("R1"),
			    .state = STATE_CONFIRMED,
			    .starts_us = 10 * HOUR_US,
			    .ends_us = 11 * HOUR_US,
			    .version = 3},
		.updated_us = HOUR_US + 123456,
		.service_name = RC_STR("Massage"),
		.resource_name = RC_STR("Room A"),
		.venue_name = RC_STR("Harbour"),
	};
}

static bool has(const struct buf *text, const char *part)
{
	return memmem(text->data, text->len, part, strlen(part)) != NULL;
}

static void it_has_the_booking_s_identity_and_times(void **state)
{
	struct reader_booking found = sample();
	struct buf text = BUF_INIT;

	ics_write(&text, &found, RC_STR("https://book.example/b/R1"), 0);
	assert_true(rc_str_starts(buf_str(&text), RC_STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")));
	assert_true(has(&text, "\r\nUID:R1@slotcast\r\nSEQUENCE:3\r\nDTSTAMP:19700101T010000Z\r\n"));
	assert_true(has(&text, "\r\nDTSTART:19700101T100000Z\r\nDTEND:19700101T110000Z\r\nSTATUS:CONFIRMED\r\n"));
	assert_true(has(&text, "\r\nSUMMARY:Massage – Harbour\r\nLOCATION:Harbour\\, Room A\r\n"));
	assert_true(has(&text, "\r\nURL:https://book.example/b/R1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"));
	buf_release(&text);
}

static void text_is_escaped_and_cannot_add_lines(void **state)
{
	struct reader_booking found = sample();
	struct buf text = BUF_INIT;

	found.service_name = RC_STR("a;b,c\\d\r\nATTENDEE:x");
	ics_write(&text, &found, RC_STR_NONE, 0);
	assert_true(has(&text, "\r\nSUMMARY:a\\;b\\,c\\\\d\\nATTENDEE:x – Harbour\r\n"));
	assert_false(has(&text, "\r\nURL"));
	buf_release(&text);
}

static void long_lines_are_folded_between_characters(void **state)
{
	struct reader_booking found = sample();
	struct buf text = BUF_INIT;
	struct rc_str rest;
	char name[361] = "";

	for (int i = 0; i < 120; i++)
		strcat(name, "€"); /* three bytes */
	found.service_name = rc_str_from(name);
	ics_write(&text, &found, RC_STR_NONE, 0);
	rest = buf_str(&text);
	while (rest.len) {
		struct rc_str line = rc_str_cut(&rest, '\n');

		assert_in_range(line.len, 1, 76); /* 75 and the CR */
		assert_true(rc_str_utf8_valid(line));
	}
	buf_release(&text);
}

static void the_state_is_told_as_calendars_know_it(void **state)
{
	static const struct {
		enum booking_state state;
		const char *status;
	} rows[] = {
		{STATE_HELD, "STATUS:TENTATIVE"},      {STATE_PENDING, "STATUS:TENTATIVE"},
		{STATE_CONFIRMED, "STATUS:CONFIRMED"}, {STATE_REJECTED, "STATUS:CANCELLED"},
		{STATE_EXPIRED, "STATUS:CANCELLED"},   {STATE_RELEASED, "STATUS:CANCELLED"},
		{STATE_CANCELLED, "STATUS:CANCELLED"}, {STATE_CHECKED_IN, "STATUS:CONFIRMED"},
		{STATE_NO_SHOW, "STATUS:CANCELLED"},   {STATE_COMPLETED, "STATUS:CONFIRMED"},
	};
	struct reader_booking found = sample();
	struct buf text = BUF_INIT;

	found.booking.hold_expires_us = 100;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		found.booking.state = rows[i].state;
		buf_clear(&text);
		ics_write(&text, &found, RC_STR_NONE, 99);
		assert_true(has(&text, rows[i].status));
	}
	found.booking.state = STATE_HELD;
	buf_clear(&text);
	ics_write(&text, &found, RC_STR_NONE, 100); /* ends now */
	assert_true(has(&text, "STATUS:CANCELLED"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_the_booking_s_identity_and_times),
		cmocka_unit_test(text_is_escaped_and_cannot_add_lines),
		cmocka_unit_test(long_lines_are_folded_between_characters),
		cmocka_unit_test(the_state_is_told_as_calendars_know_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ics", tests, NULL, NULL);
}
