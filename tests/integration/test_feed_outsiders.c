/*
 * Other programs write the database (the sqlite3 command, which knows nothing of us) while a feed follows: what the
 * feed delivered, folded, is what the tables hold; every delivered transaction is whole; a killed writer leaves nothing
 * behind.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rowcast/base/map.h"
#include "rowcast/data/json_out.h"
#include "rowcast/feed.h"
#include "sample.h"

#define WRITERS      3
#define TRANSACTIONS 150
#define PAIRS        8
#define PAIR_SUM     (PAIRS * 100)
#define KILLS        15

/* Rows by table and key, each as its JSON: what a subscriber would hold. */
struct copy {
	struct map rows;
	int64_t pair_sum;
};

struct held {
	char *key, *json;
};

static void held_free(struct held *held)
{
	if (!held)
		return;
	free(held->key);
	free(held->json);
	free(held);
}

static void copy_release(struct copy *copy)
{
	struct map_entry *entry;

	for (size_t i = 0; (entry = map_next(&copy->rows, &i));)
		held_free(entry->value);
	map_release(&copy->rows);
}

static char *as_json(const struct rc_model *model, const void *row, uint64_t columns)
{
	struct buf out = BUF_INIT;
	struct json_out json;

	buf_append_str(&out, rc_str_from(model->table));
	json_init(&json, &out);
	json_row(&json, model, row, columns);
	buf_cstr(&out);
	return out.data;
}

static char *as_key(const struct rc_model *model, const void *row)
{
	uint64_t columns = 0;

	for (uint32_t i = 0; i < model->key_count; i++)
		columns |= (uint64_t)1 << model->key[i];
	return as_json(model, row, columns);
}

static void take(struct copy *copy, const struct rc_model *model, const void *row)
{
	char *key = as_key(model, row), *json = as_json(model, row, UINT64_MAX);
	struct held *held = map_remove(&copy->rows, rc_str_from(key));

	if (!held)
		fail_msg("the feed removes a row that is not there: %s", json);
	assert_string_equal(held->json, json); /* its old image is what it was */
	if (model == &pair_model)
		copy->pair_sum -= ((const struct pair *)row)->amount;
	held_free(held);
	free(key);
	free(json);
}

static void put(struct copy *copy, const struct rc_model *model, const void *row)
{
	struct held *held = rc_xmalloc(sizeof(*held));

	held->key = as_key(model, row);
	held->json = as_json(model, row, UINT64_MAX);
	if (map_put(&copy->rows, rc_str_from(held->key), held))
		fail_msg("the feed inserts a row that is there: %s", held->json);
	if (model == &pair_model)
		copy->pair_sum += ((const struct pair *)row)->amount;
}

static void put_row(void *copy, const struct rc_model *model, const void *row)
{
	put(copy, model, row);
}

struct fixture {
	struct sample_dir dir;
	struct rc_db *db;
	struct rc_feed *feed;
	struct rc_arena arena;
	struct copy copy;
	struct rc_position at;
};

static int setup(void **state)
{
	static struct fixture f;
	struct rc_fault fault;

	f = (struct fixture){0};
	sample_dir_make(&f.dir);
	f.db = sample_open(&f.dir);
	sample_write(f.db, "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 8) INSERT INTO "
			   "pair SELECT i, 'x', 100 FROM g");
	rc_arena_init(&f.arena, 65536);
	if (rc_feed_open(&f.feed, f.dir.url, sample_schema(), &(struct rc_feed_options){0}, &fault) != RC_OK ||
	    rc_feed_snapshot(f.feed, put_row, &f.copy, &f.at, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	copy_release(&f->copy);
	rc_feed_close(f->feed);
	rc_arena_release(&f->arena);
	rc_db_close(f->db);
	sample_dir_remove(&f->dir);
	return 0;
}

/* Everything the feed has now. */
static void follow(struct fixture *f)
{
	struct rc_txn txn;
	int rc;

	while ((rc = rc_feed_next(f->feed, &f->arena, &txn)) == RC_OK) {
		assert_true(txn.position.epoch == f->at.epoch && txn.position.n > f->at.n);
		f->at = txn.position;
		for (uint32_t i = 0; i < txn.change_count; i++) {
			const struct rc_change *change = &txn.changes[i];

			if (change->old_row)
				take(&f->copy, change->model, change->old_row);
			if (change->new_row)
				put(&f->copy, change->model, change->new_row);
		}
		assert_int_equal(f->copy.pair_sum, PAIR_SUM); /* never half a transfer */
		rc_arena_reset(&f->arena);
	}
	assert_int_equal(rc, RC_AGAIN);
}

/* The copy is the tables. */
static void compare(struct fixture *f)
{
	struct copy fresh = {0};
	struct rc_position at;
	struct rc_fault fault;
	struct map_entry *entry;

	if (rc_feed_snapshot(f->feed, put_row, &fresh, &at, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_true(at.epoch == f->at.epoch && at.n == f->at.n);
	assert_int_equal(fresh.rows.count, f->copy.rows.count);
	for (size_t i = 0; (entry = map_next(&fresh.rows, &i));) {
		struct held *held = map_get(&f->copy.rows, entry->key);

		assert_non_null(held);
		assert_string_equal(held->json, ((struct held *)entry->value)->json);
	}
	copy_release(&fresh);
}

static uint32_t random_state = 1;

static int pick(int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return (int)(random_state % (uint32_t)below);
}

static void write_statement(FILE *out)
{
	int id = pick(12) + 1, name = pick(12);

	switch (pick(10)) {
	case 0:
		fprintf(out, "REPLACE INTO item (id, name, flag, at) VALUES (%d, 'n%d', 0, %d);\n", id, name,
			pick(1000));
		break;
	case 1:
		fprintf(out,
			"INSERT INTO item (name, flag, at, doc) VALUES ('n%d', 1, 2, '[%d]') ON CONFLICT (name) DO "
			"UPDATE SET at = at + 1, doc = excluded.doc;\n",
			name, id);
		break;
	case 2:
		fprintf(out,
			"INSERT OR IGNORE INTO item (id, name, flag, at) VALUES (%d, 'n%d', 1, 1), (%d, 'n%d', 0, "
			"1);\n",
			id, name, id + 1, name + 1);
		break;
	case 3:
		fprintf(out, "UPDATE OR REPLACE item SET name = 'n%d', real = %d.25 WHERE id = %d;\n", name, id, id);
		break;
	case 4:
		fprintf(out, "DELETE FROM item WHERE id = %d;\n", id);
		break;
	case 5:
		fprintf(out,
			"INSERT OR REPLACE INTO link (item_id, place, rank) SELECT id, %d, %d FROM item WHERE id = "
			"%d;\n",
			pick(3) + 99, pick(4), id);
		break;
	case 6:
		fprintf(out, "UPDATE OR IGNORE link SET place = place + 1, rank = %d;\n", pick(4));
		break;
	case 7:
		fprintf(out,
			"INSERT OR FAIL INTO item (id, name, flag, at, data) VALUES (%d, 'n%d', 1, 1, x'00ff'), (%d, "
			"'n%d', 0, 1, NULL);\n",
			id, name, id, name);
		break;
	default: /* a transfer; the CHECK may refuse it, then both halves or none must go */
		fprintf(out,
			"SAVEPOINT move; UPDATE OR ROLLBACK pair SET amount = amount - 30 WHERE a = %d; UPDATE OR "
			"ROLLBACK pair SET amount = amount + 30"
			" WHERE a = %d; RELEASE move;\n",
			pick(PAIRS) + 1, pick(PAIRS) + 1);
	}
}

static void write_script(FILE *out)
{
	fprintf(out, ".timeout 20000\nPRAGMA foreign_keys = %s;\nPRAGMA recursive_triggers = %s;\n", "ON",
		pick(2) ? "ON" : "OFF");
	for (int i = 0; i < TRANSACTIONS; i++) {
		int statements = pick(5);

		/* .bail off: a refused statement does not end the transaction, as careless scripts do */
		fprintf(out, "BEGIN IMMEDIATE;\n");
		for (int k = 0; k <= statements; k++) {
			if (pick(4) == 0)
				fprintf(out, "SAVEPOINT s;\n");
			write_statement(out);
			if (pick(6) == 0)
				fprintf(out, "ROLLBACK TO s;\n");
		}
		fprintf(out, pick(8) ? "COMMIT;\n" : "ROLLBACK;\n");
	}
}

/* Run the sqlite3 command on a script of its own. */
static pid_t start_writer(struct fixture *f, int number)
{
	char path[128];
	FILE *script;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/script%d", f->dir.path, number);
	script = fopen(path, "w");
	assert_non_null(script);
	write_script(script);
	fclose(script);
	pid = fork();
	if (pid == 0) {
		if (!freopen(path, "r", stdin) || !freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(1);
		execlp("sqlite3", "sqlite3", f->dir.db_path, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static void attend(struct fixture *f)
{
	struct pollfd fd = {.fd = rc_feed_fd(f->feed), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 10000), 1);
	rc_feed_attend(f->feed);
	follow(f);
}

static void test_the_folded_feed_is_the_tables(void **state)
{
	struct fixture *f = *state;
	pid_t writers[WRITERS];
	int left = WRITERS;

	for (int i = 0; i < WRITERS; i++)
		writers[i] = start_writer(f, i);
	while (left > 0) {
		int status;

		attend(f);
		for (int i = 0; i < WRITERS; i++) {
			if (writers[i] == 0 || waitpid(writers[i], &status, WNOHANG) == 0)
				continue;
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 127);
			writers[i] = 0;
			left--;
		}
	}
	follow(f);
	assert_true(f->at.n > TRANSACTIONS); /* something happened at all */
	compare(f);
}

static void test_a_killed_writer_leaves_whole_transactions(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < KILLS; i++) {
		uint64_t before = f->at.n;
		int status, wanted = pick(60);
		pid_t writer = start_writer(f, 0), ended = 0;

		while (f->at.n < before + (uint64_t)wanted && (ended = waitpid(writer, &status, WNOHANG)) == 0)
			attend(f);
		if (ended == 0) {
			kill(writer, SIGKILL);
			waitpid(writer, &status, 0);
		}
		follow(f);
		compare(f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_folded_feed_is_the_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_killed_writer_leaves_whole_transactions, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
