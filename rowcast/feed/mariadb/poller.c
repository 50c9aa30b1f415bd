#include "rowcast/feed/mariadb/poller.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/epoch.h"
#include "rowcast/io/clock.h"

#define LOOK_FIRST_US  5000
#define LOOK_LAST_US   50000
#define PRINT_US       1000000
#define PAUSE_FIRST_US 20000
#define PAUSE_LAST_US  5000000
#define ANSWER_US      5000000

int maria_poller_init(struct poller *poller, const struct url *url, const struct rc_schema *schema,
		      struct rc_fault *fault)
{
	*poller = (struct poller){.url = url, .schema = schema, .queue = {.event_fd = -1}};
	return maria_queue_init(&poller->queue, fault);
}

void maria_poller_release(struct poller *poller)
{
	maria_poller_stop(poller);
	maria_queue_release(&poller->queue);
}

static bool same(const struct outbox_row *a, const struct outbox_row *b)
{
	return a->n == b->n && a->at_us == b->at_us && a->conn == b->conn && a->op == b->op;
}

/* A row behind the others: does it go on with their transaction? A mark is the last row of one. */
static bool goes_on(const struct outbox_group *group, const struct outbox_row *row)
{
	return group->last.n == 0 || (group->last.op != RC_OP_NONE && group->last.conn == row->conn);
}

static int hand_over(struct outbox_group *group, struct outbox_row *at, bool *at_known,
		     int (*take)(void *arg, struct outbox_group *group), void *arg)
{
	int rc;

	if (group->last.n == 0)
		return RC_OK;
	*at = group->last;
	*at_known = true;
	rc = take(arg, group);
	group->last = (struct outbox_row){0};
	buf_clear(&group->packed);
	return rc;
}

static int read_row(const struct rc_schema *schema, MYSQL_ROW cells, const unsigned long *lengths,
		    struct outbox_group *group, struct outbox_row *at, bool *at_known, bool *own_seen,
		    int (*take)(void *arg, struct outbox_group *group), void *arg, const char **why)
{
	uint64_t expected = (group->last.n ? group->last.n : at->n) + 1;
	struct outbox_row row;
	int rc = RC_OK;

	if (maria_outbox_head(schema, cells, lengths, &row) != RC_OK) {
		*why = "a row of rc_log cannot be read";
		return RC_GONE;
	}
	if (row.n == at->n && !*own_seen && group->last.n == 0) {
		*own_seen = true;
		if (*at_known && !same(&row, at)) {
			*why = "the row at the feed's position was replaced by another";
			return RC_GONE;
		}
		*at = row;
		*at_known = true;
		return RC_OK;
	}
	if (row.n != expected) {
		*why = "rows in front of the feed's position were removed";
		return RC_GONE;
	}
	if (!goes_on(group, &row))
		rc = hand_over(group, at, at_known, take, arg);
	group->last = row;
	maria_outbox_pack(schema, &row, cells, lengths, &group->packed);
	return rc;
}

int maria_outbox_read(struct link *link, const struct rc_schema *schema, uint64_t to_n, struct outbox_row *at,
		      bool *at_known, int (*take)(void *arg, struct outbox_group *group), void *arg, const char **why,
		      struct rc_fault *fault)
{
	struct outbox_group group = {0};
	struct buf sql = BUF_INIT;
	bool own_seen = false;
	MYSQL_RES *rows;
	MYSQL_ROW cells;
	int rc;

	maria_outbox_put_select(&sql, schema, at->n, to_n);
	rc = maria_link_run(link, buf_cstr(&sql), "read table rc_log", fault);
	buf_release(&sql);
	if (rc != RC_OK)
		return rc;
	rows = mysql_use_result(link->mysql);
	if (!rows)
		return maria_link_fault(link, "read table rc_log", fault);
	while (rc == RC_OK && (cells = mysql_fetch_row(rows)))
		rc = read_row(schema, cells, mysql_fetch_lengths(rows), &group, at, at_known, &own_seen, take, arg,
			      why);
	if (rc == RC_OK && mysql_errno(link->mysql))
		rc = maria_link_fault(link, "read table rc_log", fault);
	if (rc == RC_OK)
		rc = hand_over(&group, at, at_known, take, arg);
	mysql_free_result(rows);
	buf_release(&group.packed);
	return rc;
}

static int push(void *arg, struct outbox_group *group)
{
	struct poller *poller = arg;
	struct queue_item item = {.n = group->last.n,
				  .committed_us = group->last.at_us,
				  .mark = group->last.mark,
				  .bytes = group->packed};

	group->packed = BUF_INIT;
	return maria_queue_push(&poller->queue, &item) ? RC_OK : RC_CLOSED;
}

static int broken(struct poller *poller, enum queue_state state, const char *why)
{
	maria_queue_say(&poller->queue, state, why);
	return RC_GONE;
}

/* The newest number. */
static int glance(struct poller *poller, struct link *link, uint64_t *n, struct rc_fault *fault)
{
	static const char act[] = "look at table rc_seq";
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int rc = maria_link_rows(link, "SELECT s.n, e.value FROM rc_seq s LEFT JOIN rc_meta e ON e.`key` = 'epoch'",
				 act, &rows, fault);

	if (rc == RC_MISMATCH)
		return broken(poller, QUEUE_BROKEN, fault->message);
	if (rc != RC_OK)
		return rc;
	row = mysql_fetch_row(rows);
	if (!row || rc_str_to_u64(rc_str_from(row[0]), n) != RC_OK)
		rc = broken(poller, QUEUE_BROKEN, "the counter of table rc_seq is missing");
	else if (!row[1] || strcmp(row[1], poller->epoch) != 0)
		rc = broken(poller, QUEUE_ANOTHER, "the stored epoch is another");
	mysql_free_result(rows);
	return rc;
}

static int look(struct poller *poller, struct link *link, bool *found, struct rc_fault *fault)
{
	const char *why = NULL;
	uint64_t n, before = poller->at.n;
	int rc = glance(poller, link, &n, fault);

	*found = false;
	if (rc != RC_OK || (n == before && poller->at_known))
		return rc;
	if (n < before)
		return broken(poller, QUEUE_BROKEN, "the log ends in front of the feed's position");
	rc = maria_outbox_read(link, poller->schema, INT64_MAX, &poller->at, &poller->at_known, push, poller, &why,
			       fault);
	if (rc == RC_GONE)
		return broken(poller, QUEUE_BROKEN, why);
	if (rc == RC_OK && poller->at.n < n)
		return broken(poller, QUEUE_BROKEN, "the newest rows of the log were removed");
	poller->at_known = true; /* or there is no row yet */
	*found = poller->at.n != before;
	return rc;
}

static int check_print(struct poller *poller, struct link *link, int64_t *checked_us, struct rc_fault *fault)
{
	char print[OUTBOX_PRINT_MAX];
	int rc;

	if (clock_mono_us() - *checked_us < PRINT_US)
		return RC_OK;
	*checked_us = clock_mono_us();
	rc = maria_outbox_print(link, poller->schema, print, fault);
	if (rc == RC_OK && strcmp(print, poller->print) != 0)
		return broken(poller, QUEUE_BROKEN, "a captured table or a trigger was emptied, altered or replaced");
	return rc;
}

static int serve(struct poller *poller, bool *was_connected, struct rc_fault *fault)
{
	int64_t pause_us = LOOK_FIRST_US, checked_us = -PRINT_US;
	struct link link;
	bool found;
	int rc = maria_link_open(&link, poller->url, ANSWER_US, fault);

	while (rc == RC_OK) {
		/* Before the look: what is delivered was seen with the tables that we know. */
		rc = check_print(poller, &link, &checked_us, fault);
		if (rc == RC_OK)
			rc = look(poller, &link, &found, fault);
		if (rc != RC_OK)
			break;
		atomic_store_explicit(&poller->heard_us, clock_mono_us(), memory_order_relaxed);
		*was_connected = true;
		if (!atomic_exchange_explicit(&poller->connected, true, memory_order_relaxed))
			maria_queue_say(&poller->queue, QUEUE_READING, NULL);
		pause_us = found ? LOOK_FIRST_US : pause_us * 2 < LOOK_LAST_US ? pause_us * 2 : LOOK_LAST_US;
		if (!maria_queue_sleep(&poller->queue, pause_us))
			rc = RC_CLOSED;
	}
	maria_link_close(&link);
	atomic_store_explicit(&poller->connected, false, memory_order_relaxed);
	return rc;
}

static void *run(void *arg)
{
	struct poller *poller = arg;
	int64_t pause_us = PAUSE_FIRST_US;

	sigset_t pipe;

	/* OpenSSL writes to closed sockets without MSG_NOSIGNAL. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	pthread_setname_np(pthread_self(), "rc_log");
	for (;;) {
		struct rc_fault fault = {0};
		bool was_connected = false;
		int rc = serve(poller, &was_connected, &fault);

		if (rc == RC_GONE || rc == RC_CLOSED)
			return NULL;
		if (was_connected)
			pause_us = PAUSE_FIRST_US;
		maria_queue_say(&poller->queue, QUEUE_UNAVAILABLE, fault.message);
		log_event(LOG_DEBUG, "feed-connection", "table rc_log cannot be read; trying again",
			  LOG_S("reason", fault.message));
		if (!maria_queue_sleep(&poller->queue, pause_us / 2 + randombytes_uniform((uint32_t)pause_us / 2)))
			return NULL;
		atomic_fetch_add_explicit(&poller->reconnects, 1, memory_order_relaxed);
		pause_us = pause_us * 2 < PAUSE_LAST_US ? pause_us * 2 : PAUSE_LAST_US;
	}
}

int maria_poller_start(struct poller *poller, const struct outbox_row *at, bool at_known, const char *epoch,
		       const char *print, struct rc_fault *fault)
{
	maria_poller_stop(poller);
	maria_queue_clear(&poller->queue);
	poller->at = *at;
	poller->at_known = at_known;
	snprintf(poller->epoch, sizeof(poller->epoch), "%s", epoch);
	snprintf(poller->print, sizeof(poller->print), "%s", print);
	if (pthread_create(&poller->thread, NULL, run, poller) != 0)
		return rc_fault_set(fault, RC_IO, "cannot start the thread that reads rc_log");
	poller->running = true;
	return RC_OK;
}

void maria_poller_stop(struct poller *poller)
{
	if (!poller->running)
		return;
	maria_queue_stop(&poller->queue);
	pthread_join(poller->thread, NULL);
	poller->running = false;
}
