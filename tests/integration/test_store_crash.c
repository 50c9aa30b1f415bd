/*
 * kill -9 in the midst of bookings: whatever was acknowledged is there when the file is opened again, whole (booking,
 * claim, key), and nothing overlaps. The moment of the kill comes from a seed, printed on failure.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/rig.h"

#define ROUNDS  6
#define CLIENTS 8
#define REF_LEN 30

struct client {
	struct rig *rig;
	int number, round, pipe;
};

static void *client_main(void *arg)
{
	struct client *client = arg;

	for (int i = 0;; i++) {
		struct call *call = i % 2 ? hold_call(client->rig, 2, 3, 8 + 24 * (i / 12 % 80), i % 12 * 60, 1)
					  : book_call(client->rig, 1, 1 + client->number % 2, 8 + 24 * (i / 12 % 80),
						      i % 12 * 60, 1);
		char key[40];

		snprintf(key, sizeof(key), "%d-%d-%d", client->round, client->number, i);
		call_key(call, key, "f");
		if (call_run(client->rig, call) == STORE_DONE &&
		    write(client->pipe, call->request.booking.ref.ptr, REF_LEN) != REF_LEN)
			_exit(1);
		call_free(call);
	}
	return NULL;
}

static void child_main(struct rig *rig, int round, int pipe)
{
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rig_store_start(rig, NULL);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){rig, i, round, pipe};
		if (pthread_create(&threads[i], NULL, client_main, &clients[i]) != 0)
			_exit(1);
	}
	for (;;)
		pause();
}

/* Read references until `enough`, kill, read the rest. */
static size_t harvest(pid_t child, int pipe, size_t enough, char (*refs)[REF_LEN + 1], size_t room)
{
	size_t count = 0;
	int status;

	while (count < room && read(pipe, refs[count], REF_LEN) == REF_LEN) {
		refs[count][REF_LEN] = '\0';
		if (++count == enough)
			assert_int_equal(kill(child, SIGKILL), 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return count;
}

#define REFS_AT_ONCE 50

static void check_all_there(struct rig *rig, char (*refs)[REF_LEN + 1], size_t count)
{
	assert_int_equal(rig_number(rig, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
			 1);
	for (size_t at = 0; at < count; at += REFS_AT_ONCE) {
		size_t more = count - at < REFS_AT_ONCE ? count - at : REFS_AT_ONCE;
		char list[REFS_AT_ONCE * (REF_LEN + 3) + 1];
		size_t len = 0;

		for (size_t i = at; i < at + more; i++)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s'%s'", i > at ? "," : "", refs[i]);
		assert_int_equal(rig_number(rig,
					    "SELECT count(*) FROM booking b WHERE ref IN (%s)"
					    " AND EXISTS (SELECT 1 FROM claim WHERE booking_id = b.id)"
					    " AND EXISTS (SELECT 1 FROM idempotency WHERE instr(response, b.ref))",
					    list),
				 more);
	}
	rig_check_truth(rig);
}

static void test_what_was_acknowledged_survives_kill_9(void **state)
{
	static char refs[20000][REF_LEN + 1];
	struct rig *rig = rig_create();
	unsigned int seed = getenv("SEED") ? (unsigned int)atoi(getenv("SEED")) : 20261120;

	print_message("# SEED=%u\n", seed);
	rc_db_close(rig->reader);
	srand(seed);
	for (int round = 0; round < ROUNDS; round++) {
		int ends[2];
		size_t count;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0)
			child_main(rig, round, ends[1]);
		close(ends[1]);
		count = harvest(child, ends[0], 1 + (size_t)rand() % 200, refs, 20000);
		close(ends[0]);
		assert_true(count > 0);
		check_all_there(rig, refs, count);
	}
	rig->reader = NULL;
	rig_stop(rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_acknowledged_survives_kill_9),
	};

	return RIG_MAIN(tests);
}
