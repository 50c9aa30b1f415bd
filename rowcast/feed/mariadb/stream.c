#include "rowcast/feed/mariadb/stream.h"

#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/feed/mariadb/epoch.h"
#include "rowcast/feed/mariadb/history.h"
#include "rowcast/io/clock.h"

#define PAUSE_FIRST_US 20000
#define PAUSE_LAST_US  5000000
#define CORRUPT_MAX    3

int maria_gtid_state_parse(struct rc_str text, struct gtid_state *out)
{
	out->count = 0;
	while (text.len > 0) {
		struct rc_str one = rc_str_cut(&text, ',');

		while (one.len && (*one.ptr == ' ' || *one.ptr == '\n')) {
			one.ptr++;
			one.len--;
		}
		if (out->count == STREAM_DOMAINS_MAX)
			return RC_LIMIT;
		if (maria_gtid_parse(one, &out->at[out->count++]) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

const struct gtid *maria_gtid_state_find(const struct gtid_state *state, uint32_t domain)
{
	for (uint32_t i = 0; i < state->count; i++) {
		if (state->at[i].domain == domain)
			return &state->at[i];
	}
	return NULL;
}

static bool state_set(struct gtid_state *state, const struct gtid *gtid)
{
	for (uint32_t i = 0; i < state->count; i++) {
		if (state->at[i].domain == gtid->domain) {
			state->at[i] = *gtid;
			return true;
		}
	}
	if (state->count == STREAM_DOMAINS_MAX)
		return false;
	state->at[state->count++] = *gtid;
	return true;
}

int maria_stream_init(struct stream *stream, const struct url *url, const struct images *images, struct rc_fault *fault)
{
	*stream = (struct stream){.url = url, .images = images, .socket = -1, .queue = {.event_fd = -1}};
	rc_check(pthread_mutex_init(&stream->socket_lock, NULL) == 0);
	return maria_queue_init(&stream->queue, fault);
}

void maria_stream_release(struct stream *stream)
{
	maria_stream_stop(stream);
	maria_queue_release(&stream->queue);
	maria_assembler_release(&stream->assembler);
	pthread_mutex_destroy(&stream->socket_lock);
}

/* False: the stream is to end, and nobody would cut this one. */
static bool set_socket(struct stream *stream, int socket)
{
	bool stopping;

	pthread_mutex_lock(&stream->socket_lock);
	stream->socket = socket;
	stopping = stream->stopping;
	pthread_mutex_unlock(&stream->socket_lock);
	return !stopping;
}

/* Where to ask from: one transaction back, where that one is known. */
static void put_state(const struct stream *stream, char text[STREAM_DOMAINS_MAX * GTID_TEXT_MAX])
{
	size_t len = 0;

	*text = 0;
	for (uint32_t i = 0; i < stream->state.count; i++) {
		const struct gtid *gtid = &stream->state.at[i];
		char one[GTID_TEXT_MAX];

		if (gtid->domain == stream->domain && stream->before_known)
			gtid = &stream->before;
		maria_gtid_format(gtid, one);
		len += (size_t)sprintf(text + len, "%s%s", len ? "," : "", one);
	}
}

static int broken(struct stream *stream, const char *why)
{
	maria_queue_say(&stream->queue, QUEUE_BROKEN, why);
	return RC_GONE;
}

/*
 * Where nothing was read since the start, no transaction can be compared, and a binlog that was begun anew meanwhile may
 * have our number, too: the file that `feed` of rc_meta names (log.c) must still be there, unless it is another server's.
 */
static int check_file(struct stream *stream, struct link *link, const char *feed, struct rc_fault *fault)
{
	char file[FILE_NAME_MAX], server[64], now[64];
	struct history_file probe;
	uint32_t made_s;
	int rc;

	if (sscanf(feed, "binlog %*u %*u %511s %" SCNu32 " %63s", file, &made_s, server) != 3)
		return broken(stream, "the stored name of the history cannot be read");
	rc = maria_link_text(link, "SELECT @@server_uid", "ask who it is", now, sizeof(now), fault);
	if (rc != RC_OK || strcmp(now, server) != 0)
		return rc;
	rc = maria_history_probe(stream->url, file, stream->domain, &probe, fault);
	if (rc == RC_GONE || (rc == RC_OK && probe.made_s != made_s))
		return broken(stream, "the binlog was begun anew (RESET MASTER), or its files were purged");
	return rc;
}

static int connect_dump(struct stream *stream, struct dump *dump, struct rc_fault *fault)
{
	char text[STREAM_DOMAINS_MAX * GTID_TEXT_MAX];
	const struct gtid *newest = maria_gtid_state_find(&stream->state, stream->domain);
	struct epoch epoch;
	int rc = maria_link_open(&dump->link, stream->url, DUMP_ANSWER_US, fault);

	dump->rpl = NULL;
	if (rc != RC_OK)
		return rc;
	if (!set_socket(stream, (int)mysql_get_socket(dump->link.mysql)))
		return RC_CLOSED;
	rc = maria_epoch_read(&dump->link, &epoch, fault);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && strcmp(epoch.text, stream->epoch) != 0)) {
		maria_queue_say(&stream->queue, QUEUE_ANOTHER, "the stored epoch is another");
		return RC_GONE;
	}
	put_state(stream, text);
	if (rc == RC_OK && !stream->before_known)
		rc = check_file(stream, &dump->link, epoch.feed, fault);
	if (rc == RC_OK)
		rc = maria_dump_begin(dump, text, NULL, fault);
	stream->again = stream->before_known;
	maria_assembler_restart(&stream->assembler, newest != NULL,
				stream->again ? stream->before.n
				: newest      ? newest->n
					      : 0);
	return rc;
}

/* The transaction that we know comes first: it must still be the same. */
static int compare(struct stream *stream, const struct binlog_txn *txn)
{
	const struct gtid *newest = maria_gtid_state_find(&stream->state, stream->domain);

	stream->again = false;
	if (txn->gtid.server != newest->server || txn->gtid.n != newest->n || txn->at_s != stream->newest_at_s ||
	    txn->rows != stream->newest_rows)
		return broken(stream, "the transaction at the feed's position is another one now");
	return RC_OK;
}

/* The header knows seconds only; what has just been committed was committed when it came. */
static int64_t committed_us(uint32_t at_s, int64_t now_us)
{
	int64_t first_us = (int64_t)at_s * 1000000, last_us = first_us + 999999;

	return now_us < first_us ? first_us : now_us > last_us ? last_us : now_us;
}

static int group_over(struct stream *stream, bool ours)
{
	struct binlog_txn *txn = &stream->assembler.txn;
	struct queue_item item = {.n = txn->gtid.n};
	const struct gtid *newest;

	if (txn->gtid.domain == stream->domain) {
		if (stream->again)
			return compare(stream, txn);
		newest = maria_gtid_state_find(&stream->state, stream->domain);
		stream->before_known = newest != NULL;
		if (newest)
			stream->before = *newest;
		stream->newest_at_s = txn->at_s;
		stream->newest_rows = txn->rows;
	}
	stream->corrupt = 0;
	if (!state_set(&stream->state, &txn->gtid))
		return broken(stream, "the binlog has more GTID domains than can be followed");
	if (!ours)
		return RC_OK;
	item.committed_us = committed_us(txn->at_s, clock_wall_us());
	item.bytes = txn->events;
	txn->events = BUF_INIT;
	return maria_queue_push(&stream->queue, &item) ? RC_OK : RC_CLOSED;
}

/* Until the connection breaks, or history does (RC_GONE), or the owner wants it to end (RC_CLOSED). */
static int read_events(struct stream *stream, struct dump *dump, struct rc_fault *fault)
{
	const uint8_t *event;
	uint32_t made_s;
	size_t len;
	int rc;

	while ((rc = maria_dump_next(dump, &event, &len, fault)) == RC_OK) {
		atomic_store_explicit(&stream->heard_us, clock_mono_us(), memory_order_relaxed);
		if (!atomic_exchange_explicit(&stream->connected, true, memory_order_relaxed)) {
			if (stream->connected_once)
				atomic_fetch_add_explicit(&stream->reconnects, 1, memory_order_relaxed);
			stream->connected_once = true;
			maria_queue_say(&stream->queue, QUEUE_READING, NULL);
		}
		made_s = stream->assembler.format.made_s;
		rc = maria_assembler_take(&stream->assembler, event, len);
		if (stream->assembler.format.made_s != made_s)
			atomic_fetch_add_explicit(&stream->rotations, 1, memory_order_relaxed);
		if (rc == ASSEMBLED_TXN || rc == ASSEMBLED_OTHERS)
			rc = group_over(stream, rc == ASSEMBLED_TXN);
		else if (rc == ASSEMBLED_BREAK)
			rc = broken(stream, stream->assembler.why);
		else if (rc < 0) /* bytes that a connection spoiled come well the next time */
			rc = ++stream->corrupt < CORRUPT_MAX
				     ? rc_fault_set(fault, RC_CORRUPT, "%s: %s", dump->link.name, stream->assembler.why)
				     : broken(stream, stream->assembler.why);
		if (rc != RC_OK)
			return rc;
	}
	if (rc == RC_GONE)
		return broken(stream, fault->message);
	return rc == RC_NOT_FOUND
		       ? rc_fault_set(fault, RC_UNAVAILABLE, "%s: the server ended the binlog's dump", dump->link.name)
		       : rc;
}

static int serve(struct stream *stream, bool *was_connected, struct rc_fault *fault)
{
	struct dump dump = {0};
	int rc = connect_dump(stream, &dump, fault);

	if (rc == RC_OK)
		rc = read_events(stream, &dump, fault);
	(void)set_socket(stream, -1);
	maria_dump_close(&dump);
	*was_connected = atomic_exchange_explicit(&stream->connected, false, memory_order_relaxed);
	return rc;
}

static void *run(void *arg)
{
	struct stream *stream = arg;
	int64_t pause_us = PAUSE_FIRST_US;

	sigset_t pipe;

	/* OpenSSL writes to closed sockets without MSG_NOSIGNAL. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	pthread_setname_np(pthread_self(), "binlog");
	for (;;) {
		struct rc_fault fault = {0};
		bool was_connected;
		int rc = serve(stream, &was_connected, &fault);

		if (rc == RC_GONE || rc == RC_CLOSED)
			return NULL;
		if (was_connected)
			pause_us = PAUSE_FIRST_US;
		maria_queue_say(&stream->queue, QUEUE_UNAVAILABLE, fault.message);
		log_event(LOG_DEBUG, "feed-connection", "the binlog cannot be read; trying again",
			  LOG_S("reason", fault.message));
		if (!maria_queue_sleep(&stream->queue, pause_us / 2 + randombytes_uniform((uint32_t)pause_us / 2)))
			return NULL;
		pause_us = pause_us * 2 < PAUSE_LAST_US ? pause_us * 2 : PAUSE_LAST_US;
	}
}

int maria_stream_start(struct stream *stream, uint32_t domain, const struct gtid_state *state, const char *epoch,
		       struct rc_fault *fault)
{
	maria_stream_stop(stream);
	maria_queue_clear(&stream->queue);
	stream->domain = domain;
	stream->state = *state;
	stream->before_known = false;
	stream->stopping = stream->connected_once = false;
	stream->corrupt = 0;
	snprintf(stream->epoch, sizeof(stream->epoch), "%s", epoch);
	maria_assembler_release(&stream->assembler);
	maria_assembler_init(&stream->assembler, stream->images, domain);
	if (pthread_create(&stream->thread, NULL, run, stream) != 0)
		return rc_fault_set(fault, RC_IO, "cannot start the thread that reads the binlog");
	stream->running = true;
	return RC_OK;
}

void maria_stream_stop(struct stream *stream)
{
	if (!stream->running)
		return;
	maria_queue_stop(&stream->queue);
	pthread_mutex_lock(&stream->socket_lock);
	stream->stopping = true;
	if (stream->socket >= 0)
		shutdown(stream->socket, SHUT_RDWR);
	pthread_mutex_unlock(&stream->socket_lock);
	pthread_join(stream->thread, NULL);
	stream->running = false;
}
