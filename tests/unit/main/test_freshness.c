/* What people are told: every combination of what can be wrong. */
#include "tests/unit/suite.h"

#include "slotcast/main/freshness.h"

#define S INT64_C(1000000)

static void every_combination_has_its_state(void **unused)
{
	static const struct {
		int store_err, feed_err;
		int64_t lag_us, behind_us;
		struct freshness told;
	} rows[] = {
		{0, 0, 0, 0, {LIVE_LIVE, 0, 0}},
		{0, 0, 0, 90 * S, {LIVE_LIVE, 0, 0}},
		{0, 0, 2 * S - 1, 3 * S, {LIVE_LIVE, 0, 0}},
		{0, 0, 2 * S, 3 * S, {LIVE_DELAYED, 2 * S, 3 * S}},
		{0, 0, 10 * S - 1, 10 * S, {LIVE_DELAYED, 10 * S - 1, 10 * S}},
		{0, 0, 10 * S, 11 * S, {LIVE_STALE, 10 * S, 11 * S}},
		/* Nothing can be written: the times are right all the same, unless the feed is behind besides. */
		{RC_FULL, 0, 0, 50000, {LIVE_UNAVAILABLE, 0, 0}},
		{RC_BUSY, 0, 0, 0, {LIVE_UNAVAILABLE, 0, 0}},
		{RC_READONLY, 0, 1 * S, 2 * S, {LIVE_UNAVAILABLE, 1 * S, 0}},
		{RC_IO, 0, 3 * S, 4 * S, {LIVE_UNAVAILABLE, 3 * S, 4 * S}},
		/* Nothing can be read: it is as old as the last reading, from the first moment on. */
		{0, RC_IO, 0, 0, {LIVE_UNAVAILABLE, 0, 1}},
		{0, RC_BUSY, 0, 200000, {LIVE_UNAVAILABLE, 200000, 200000}},
		{0, RC_GONE, 5 * S, 30 * S, {LIVE_UNAVAILABLE, 30 * S, 30 * S}},
		{RC_CORRUPT, RC_CORRUPT, 0, 4 * S, {LIVE_UNAVAILABLE, 4 * S, 4 * S}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct freshness_facts facts = {.store_err = rows[i].store_err,
						      .feed_err = rows[i].feed_err,
						      .lag_us = rows[i].lag_us,
						      .behind_us = rows[i].behind_us};
		struct freshness told = freshness_judge(&facts);

		if (told.state != rows[i].told.state || told.lag_us != rows[i].told.lag_us ||
		    told.age_us != rows[i].told.age_us)
			fail_msg("row %zu: state %d, lag %lld, age %lld", i, told.state, (long long)told.lag_us,
				 (long long)told.age_us);
	}
}

static void nothing_is_said_while_all_stays_well_or_stays_as_it_is(void **unused)
{
	const struct freshness live = {LIVE_LIVE, 0, 0}, full = {LIVE_UNAVAILABLE, 0, 0},
			       lost = {LIVE_UNAVAILABLE, 5, 5}, late = {LIVE_DELAYED, 3 * S, 3 * S},
			       later = {LIVE_DELAYED, 4 * S, 4 * S};

	assert_false(freshness_is_news(&live, &live));
	assert_false(freshness_is_news(&full, &full));
	assert_true(freshness_is_news(&live, &full));
	assert_true(freshness_is_news(&full, &live));
	assert_true(freshness_is_news(&full, &lost));
	assert_true(freshness_is_news(&lost, &full));
	assert_true(freshness_is_news(&late, &later));
	assert_true(freshness_is_news(&late, &live));
}

static void a_commit_is_no_older_than_the_last_look_that_found_nothing(void **unused)
{
	assert_int_equal(freshness_committed_us(500, 400), 500);
	assert_int_equal(freshness_committed_us(300, 400), 400); /* a transaction that was open for long */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_has_its_state),
		cmocka_unit_test(nothing_is_said_while_all_stays_well_or_stays_as_it_is),
		cmocka_unit_test(a_commit_is_no_older_than_the_last_look_that_found_nothing),
	};

	return RUN_TESTS(tests);
}
