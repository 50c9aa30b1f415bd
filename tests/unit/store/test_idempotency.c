/* Idempotency keys: one outcome per key, whatever happens in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store/rig.h"

static struct call *keyed(struct call *call, const char *key, const char *fingerprint)
{
	call_key(call, key, fingerprint);
	return call;
}

static void test_the_same_key_and_payload_gets_the_first_answer_again(void **state)
{
	struct rig *rig = *state;
	struct call *first = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_DONE);
	struct call *again = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_REPLAYED);
	char body[200];

	snprintf(body, sizeof(body), "{\"result\":0,\"ref\":\"%.*s\"}", RC_STR_ARG(first->request.booking.ref));
	assert_int_equal(again->request.replay_status, 200);
	assert_true(rc_str_is(again->request.replay_body, body));
	assert_int_equal(again->rendered, 0);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
	call_free(first);
	call_free(again);
}

static void test_another_payload_under_the_same_key_is_refused(void **state)
{
	struct rig *rig = *state;

	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_DONE);
	expect(rig, keyed(hold_call(rig, 1, 1, 12, 0, 1), "k", "g"), STORE_KEY_MISMATCH);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
}

static void test_keys_of_another_scope_are_other_keys(void **state)
{
	struct rig *rig = *state;
	struct call *other = keyed(hold_call(rig, 1, 1, 12, 0, 1), "k", "f");

	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_DONE);
	other->request.idem_scope = RC_STR("127.0.0.2 POST /v1/holds");
	expect(rig, other, STORE_DONE);
}

static void test_a_refusal_is_kept_for_its_key(void **state)
{
	struct rig *rig = *state;
	struct call *again, *refused = keyed(hold_call(rig, 1, 1, 10, 7, 1), "k", "f");

	refused->status = 422;
	expect(rig, refused, STORE_OUTSIDE_HOURS);
	again = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 7, 1), "k", "f"), STORE_REPLAYED);
	assert_int_equal(again->request.replay_status, 422);
	call_free(again);
}

static void test_the_same_key_in_one_train_is_in_flight(void **state)
{
	struct rig *rig = *state;
	struct call *first = keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f");
	struct call *second = keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f");
	struct gate gate;

	gate_close(rig, &gate);
	call_submit(rig, first);
	call_submit(rig, second);
	gate_open(&gate);
	assert_int_equal(call_wait(first), STORE_DONE);
	assert_int_equal(call_wait(second), STORE_IN_FLIGHT);
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM booking"), 1);
	call_free(first);
	call_free(second);
}

static void test_a_key_stays_in_flight_until_its_refusal_is_remembered(void **state)
{
	struct rig *rig = *state;
	struct call *refused, *again;

	expect(rig, book_call(rig, 1, 1, 10, 0, 1), STORE_DONE);
	refused = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_SLOT_FULL);
	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_IN_FLIGHT);
	refused->request.action = STORE_REMEMBER;
	refused->request.replay_status = 409;
	refused->request.remember_body = RC_STR("{\"code\":\"slot-full\"}");
	assert_int_equal(call_run(rig, refused), STORE_DONE);
	again = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_REPLAYED);
	assert_int_equal(again->request.replay_status, 409);
	assert_true(rc_str_is(again->request.replay_body, "{\"code\":\"slot-full\"}"));
	call_free(refused);
	call_free(again);
}

static void test_a_refusal_without_a_decision_is_remembered_too(void **state)
{
	struct rig *rig = *state;
	struct call *call = keyed(call_new(STORE_REMEMBER), "k", "f");

	call->request.replay_status = 400;
	call->request.remember_body = RC_STR("{}");
	expect(rig, call, STORE_DONE);
	call = expect_kept(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_REPLAYED);
	assert_int_equal(call->request.replay_status, 400);
	call_free(call);
	call = keyed(call_new(STORE_REMEMBER), "k", "other");
	expect(rig, call, STORE_KEY_MISMATCH);
}

static void test_a_key_whose_time_is_over_can_be_used_again(void **state)
{
	struct rig *rig = *state;

	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_DONE);
	rig_sql(rig, "UPDATE idempotency SET expires_at = %s", rig_time(rig, 1));
	expect(rig, keyed(hold_call(rig, 1, 1, 12, 0, 1), "k", "g"), STORE_DONE);
	expect(rig, keyed(hold_call(rig, 1, 1, 12, 0, 1), "k", "g"), STORE_REPLAYED);
}

static void test_keys_survive_a_restart(void **state)
{
	struct rig *rig = *state;

	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_DONE);
	store_stop(rig->store);
	rig_store_start(rig, NULL);
	expect(rig, keyed(hold_call(rig, 1, 1, 10, 0, 1), "k", "f"), STORE_REPLAYED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_key_and_payload_gets_the_first_answer_again),
		TEST(test_another_payload_under_the_same_key_is_refused),
		TEST(test_keys_of_another_scope_are_other_keys),
		TEST(test_a_refusal_is_kept_for_its_key),
		TEST(test_the_same_key_in_one_train_is_in_flight),
		TEST(test_a_key_stays_in_flight_until_its_refusal_is_remembered),
		TEST(test_a_refusal_without_a_decision_is_remembered_too),
		TEST(test_a_key_whose_time_is_over_can_be_used_again),
		TEST(test_keys_survive_a_restart),
	};

	return RIG_MAIN(tests);
}
