/* What every source of MariaDB must do, whatever it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maria.h"
#include "tests/unit/suite.h"

void test_values_of_every_type_come_as_they_are(void **state)
{
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1;

	for (int i = 0; i < 400; i++)
		maria_disturb(m->sql, &seed);
	maria_check(m);
	assert_true(m->changes > 300);
}

void test_writers_that_cross_leave_no_gap_and_no_double(void **state)
{
	struct maria *m = *state;
	struct storm storm;

	storm_begin(&storm, m, 4, 250);
	for (int i = 0; i < 40; i++)
		assert_int_equal(maria_next(m), RC_OK);
	maria_snapshot(m); /* under load: goes on exactly behind it */
	storm_join(&storm);
	maria_check(m);
}

/* Money is moved between accounts; whoever applies whole transactions always counts the same sum. */
static void same_sum(const struct rc_txn *txn)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct pair *old = txn->changes[i].old_row, *new = txn->changes[i].new_row;

		if (txn->changes[i].model == &pair_model && old && new)
			sum += new->amount - old->amount;
	}
	assert_int_equal(sum, 0);
}

void test_transactions_are_never_torn(void **state)
{
	struct maria *m = *state;
	MYSQL *others[3];

	for (int i = 0; i < 8; i++)
		maria_sql(m, "INSERT INTO pair VALUES (%d, 'account', 100)", i);
	for (int i = 0; i < 3; i++)
		others[i] = maria_connect(m->url);
	maria_drain(m);
	m->each = same_sum;
	for (int i = 0; i < 90; i++) {
		int amount = (int)(maria_random() % 50) + 1;

		maria_exec(others[i % 3],
			   "START TRANSACTION; UPDATE pair SET amount = amount - %d WHERE a = %d; UPDATE pair SET "
			   "amount = amount + %d WHERE a = %d; COMMIT",
			   amount, i % 8, amount, (i + 3) % 8);
	}
	maria_check(m);
	m->each = NULL;
	for (int i = 0; i < 3; i++)
		mysql_close(others[i]);
}

void test_it_goes_on_from_every_position(void **state)
{
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1, epoch = m->at.epoch;

	for (int i = 0; i < 12; i++) {
		maria_close(m);
		maria_disturb(m->sql, &seed);
		maria_open(m);
		maria_snapshot(m);
		assert_int_equal(m->at.epoch, epoch);
		maria_disturb(m->sql, &seed);
		maria_check(m);
	}
}

struct replayed {
	struct mirror mirror;
	uint64_t n, changes;
};

static void replay_one(void *arg, const struct rc_txn *txn)
{
	struct replayed *replayed = arg;

	assert_true(txn->position.n > replayed->n);
	replayed->n = txn->position.n;
	replayed->changes += txn->change_count;
	mirror_apply(&replayed->mirror, txn);
}

void test_the_past_can_be_read_again(void **state)
{
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1;
	struct rc_position oldest, middle;
	struct replayed replayed = {0};
	int64_t us;

	for (int i = 0; i < 100; i++) {
		maria_disturb(m->sql, &seed);
		if (i % 30 == 0)
			maria_sql(m, "FLUSH BINARY LOGS");
	}
	maria_drain(m);
	middle = m->at;
	maria_snapshot(m);
	assert_int_equal(rc_feed_oldest(m->feed, &oldest), RC_OK);
	assert_int_equal(oldest.epoch, m->at.epoch);
	assert_true(oldest.n <= middle.n);
	assert_int_equal(rc_feed_when(m->feed, middle.n, &us), RC_OK);
	assert_true(us > INT64_C(1700000000) * 1000000);
	assert_int_equal(rc_feed_when(m->feed, middle.n + 1000, &us), RC_NOT_FOUND);
	/* From the begin of the tables on: the mirror is empty then. */
	assert_int_equal(rc_feed_replay(m->feed, oldest, replay_one, &replayed), RC_OK);
	assert_true(replayed.changes > 50);
	mirror_same(&replayed.mirror, &m->mirror);
	mirror_clear(&replayed.mirror);
	replayed.changes = 0;
	assert_int_equal(rc_feed_replay(m->feed, m->at, replay_one, &replayed), RC_OK);
	assert_int_equal(replayed.changes, 0);
	middle.epoch++;
	assert_int_equal(rc_feed_replay(m->feed, middle, replay_one, &replayed), RC_GONE);
}

void test_a_crashed_server_loses_nothing(void **state)
{
	struct maria *m = *state;
	uint64_t seed = maria_random() | 1, before = m->changes;

	for (int i = 0; i < 50; i++)
		maria_disturb(m->sql, &seed);
	while (m->changes < before + 10) /* of triggers, transactions of one connection may come as one */
		assert_int_equal(maria_next(m), RC_OK);
	engine_crash(m->engine);
	engine_again(m->engine);
	maria_reconnect(m);
	for (int i = 0; i < 50; i++)
		maria_disturb(m->sql, &seed);
	maria_check(m);
}
