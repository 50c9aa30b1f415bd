/*
 * todo URL: a to-do list that is live in every terminal that shows it.
 *
 * Commands write to the database and nothing else. What is on the screen comes from the feed: the snapshot first, then every
 * committed transaction, whoever made it: this program, the same one in another terminal, or sqlite3 on the command line.
 * So there is one way for a change to the screen, and it cannot show what was not committed.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "list.h"
#include "rowcast/feed.h"

struct todo {
	const char *url;
	struct rc_db *db;     /* writes */
	struct rc_feed *feed; /* has a connection of its own */
	struct rc_feed_options feed_options;
	struct list list;
	struct rc_arena arena;
	char line[1024]; /* of standard input, so far */
	size_t line_len;
};

static const struct rc_run_options writing = {.access = RC_WRITE, .deadline_us = 5000000};

/* Commands */

struct command {
	struct todo *todo;
	const char *word; /* "add", "done" … */
	const char *rest;
	int64_t id;
};

static int run_command(struct rc_tx *tx, void *arg)
{
	const struct command *command = arg;
	struct task *task, new_task = {.text = rc_str_from(command->rest)};
	uint64_t removed;
	int64_t now_us;
	int rc = rc_db_clock(rc_tx_db(tx), &now_us);

	rc_arena_reset(&command->todo->arena);
	if (rc == RC_OK) /* the log of changes need not be older than the feed's limits */
		rc = rc_feed_prune(tx, &command->todo->feed_options, now_us, &removed);
	if (rc != RC_OK)
		return rc;
	if (strcmp(command->word, "add") == 0) {
		new_task.created_at = now_us;
		return task_insert(tx, &new_task);
	}
	if (strcmp(command->word, "rm") == 0)
		return task_delete(tx, command->id);
	rc = task_get(tx, &command->todo->arena, command->id, &task);
	if (rc != RC_OK)
		return rc;
	task->done = strcmp(command->word, "done") == 0;
	return task_update(tx, task);
}

static void explain(const struct todo *todo, const struct command *command, int rc)
{
	const struct rc_fault *fault = rc_db_fault(todo->db);

	if (rc == RC_NOT_FOUND)
		printf("-- there is no task %" PRId64 "\n", command->id);
	else if (rc == RC_CONSTRAINT && fault->constraint == CONSTRAINT_TASK_TEXT)
		printf("-- a task needs words\n");
	else if (rc == RC_UNKNOWN)
		printf("-- the database did not answer; look whether it is there before trying again\n");
	else
		printf("-- %s\n", fault->message);
	fflush(stdout);
}

/* False: quit. */
static bool obey(struct todo *todo, char *line)
{
	static const char *const words[] = {"add", "done", "undo", "rm"};
	char *rest = line + strcspn(line, " ");
	struct command command = {.todo = todo, .word = line};
	int rc;

	if (*rest)
		*rest++ = '\0';
	command.rest = rest;
	command.id = strtoll(rest, NULL, 10);
	if (strcmp(line, "quit") == 0)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(line, words[i]) != 0)
			continue;
		rc = rc_run(todo->db, &writing, run_command, &command);
		if (rc != RC_OK)
			explain(todo, &command, rc);
		return true;
	}
	list_show(&todo->list);
	return true;
}

static bool read_input(struct todo *todo)
{
	ssize_t got = read(STDIN_FILENO, todo->line + todo->line_len, sizeof(todo->line) - 1 - todo->line_len);
	char *end;

	if (got <= 0)
		return false;
	todo->line_len += (size_t)got;
	todo->line[todo->line_len] = '\0';
	while ((end = strchr(todo->line, '\n'))) {
		*end = '\0';
		if (!obey(todo, todo->line))
			return false;
		todo->line_len -= (size_t)(end + 1 - todo->line);
		memmove(todo->line, end + 1, todo->line_len + 1);
	}
	if (todo->line_len == sizeof(todo->line) - 1) /* too long for a task */
		todo->line_len = 0;
	return true;
}

/* The feed */

static void snapshot_row(void *arg, const struct rc_model *model, const void *row)
{
	struct todo *todo = arg;

	if (model == &task_model)
		list_put(&todo->list, row);
}

static int load(struct todo *todo, struct rc_fault *fault)
{
	struct rc_position at;
	int rc;

	list_clear(&todo->list);
	rc = rc_feed_snapshot(todo->feed, snapshot_row, todo, &at, fault);
	if (rc == RC_OK)
		list_show(&todo->list);
	return rc;
}

static void apply(struct list *list, const struct rc_change *change)
{
	const struct task *before = change->old_row;

	if (change->model != &task_model)
		return;
	if (before)
		list_remove(list, before->id);
	if (change->new_row)
		list_put(list, change->new_row);
}

/* Every transaction that there is. */
static int follow(struct todo *todo, struct rc_fault *fault)
{
	struct rc_txn txn;
	bool changed = false;
	int rc;

	rc_feed_attend(todo->feed);
	for (;;) {
		rc_arena_reset(&todo->arena);
		rc = rc_feed_next(todo->feed, &todo->arena, &txn);
		if (rc != RC_OK)
			break;
		for (uint32_t i = 0; i < txn.change_count; i++)
			apply(&todo->list, &txn.changes[i]);
		changed = true;
	}
	if (rc == RC_GONE) /* a restored backup, a lost log: what was known may be wrong */
		return load(todo, fault);
	if (changed)
		list_show(&todo->list);
	return rc == RC_AGAIN || rc == RC_BUSY || rc == RC_IO || rc == RC_UNAVAILABLE ? RC_OK : rc;
}

static int open_all(struct todo *todo, struct rc_fault *fault)
{
	struct rc_db_options options = {.access = RC_WRITE, .create = true, .busy_timeout_us = 2000000};
	enum rc_feed_kind kind;
	uint32_t applied;
	int rc = rc_db_open(&todo->db, todo->url, &todo_schema, &options, fault);

	if (rc == RC_OK)
		rc = rc_migrate_up(todo->db, &applied, fault);
	if (rc == RC_OK)
		rc = rc_feed_prepare(todo->url, &todo_schema, &todo->feed_options, &kind, NULL, fault);
	if (rc == RC_OK)
		rc = rc_feed_open(&todo->feed, todo->url, &todo_schema, &todo->feed_options, fault);
	return rc == RC_OK ? load(todo, fault) : rc;
}

int main(int argc, char **argv)
{
	struct todo todo = {.url = argc == 2 ? argv[1] : NULL};
	struct rc_fault fault = {0};
	int rc;

	if (!todo.url) {
		fprintf(stderr,
			"usage: todo URL    (sqlite:todo.db, postgres://user@host/db, mariadb://user@host/db)\n");
		return 2;
	}
	todo.feed_options = (struct rc_feed_options){.keep_us = 600000000, .keep_changes = 1000, .keep_bytes = 1 << 26};
	rc_arena_init(&todo.arena, 4096);
	rc = open_all(&todo, &fault);
	while (rc == RC_OK) {
		struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
					 {.fd = rc_feed_fd(todo.feed), .events = POLLIN}};

		if (poll(ready, 2, -1) < 0)
			break;
		if (ready[0].revents && !read_input(&todo))
			break;
		if (ready[1].revents)
			rc = follow(&todo, &fault);
	}
	if (rc != RC_OK)
		fprintf(stderr, "todo: %s\n", *fault.message ? fault.message : rc_err_name(rc));
	rc_feed_close(todo.feed);
	rc_db_close(todo.db);
	list_clear(&todo.list);
	rc_arena_release(&todo.arena);
	return rc == RC_OK ? 0 : 1;
}
