/* From frames to transactions. Messages are kept as they came until the commit; then they are decoded in one go. */
#include "rowcast/feed/postgres/log.h"
#include "rowcast/feed/postgres/value.h"

void log_restart(struct log_feed *feed)
{
	buf_clear(&feed->raw);
	feed->in_txn = feed->ready = false;
	pgoutput_restart(&feed->decoder);
}

static void keep(struct log_feed *feed, struct rc_str message)
{
	uint32_t length = (uint32_t)message.len;

	buf_append(&feed->raw, &length, sizeof(length));
	buf_append_str(&feed->raw, message);
}

/* The messages in front of *rest. */
static struct rc_str take(struct rc_str *rest)
{
	struct rc_str message;
	uint32_t length;

	memcpy(&length, rest->ptr, sizeof(length));
	message = (struct rc_str){rest->ptr + sizeof(length), length};
	*rest = (struct rc_str){message.ptr + length, rest->len - sizeof(length) - length};
	return message;
}

static struct rc_change *grow(struct rc_arena *arena, struct rc_change *changes, uint32_t count, uint32_t *capacity)
{
	struct rc_change *more;

	if (count < *capacity)
		return changes;
	*capacity = *capacity ? *capacity * 2 : 16;
	more = rc_arena_alloc(arena, sizeof(*more) * *capacity);
	if (count)
		memcpy(more, changes, sizeof(*more) * count);
	return more;
}

int log_decode(struct log_feed *feed, struct rc_arena *arena, struct rc_txn *out)
{
	struct rc_str rest = buf_str(&feed->raw);
	struct rc_change *changes = NULL, scratch;
	struct pgoutput_message said;
	uint32_t count = 0, capacity = 0;
	struct rc_mark mark = {0};

	feed->ready = feed->fresh = false;
	while (rest.len > 0) {
		struct rc_str message = take(&rest);
		int rc;

		if (pgoutput_kind(message) == 'M') {
			if (pgoutput_message_read(message, &said) != RC_OK)
				return log_gap(feed, "a message of the server cannot be read");
			mark = said.marked ? said.mark : mark;
			continue;
		}
		if (arena)
			changes = grow(arena, changes, count, &capacity);
		rc = pgoutput_change(&feed->decoder, message, arena, arena ? &changes[count] : &scratch);
		if (rc < 0)
			return log_gap(feed,
				       rc == RC_GONE ? feed->decoder.gap : "a message of the server cannot be read");
		count += rc == PGOUTPUT_CHANGE;
	}
	if (!arena || (count == 0 && mark.writer == 0))
		return RC_NOT_FOUND;
	*out = (struct rc_txn){
		.position = {feed->epoch.number, feed->commit.end_lsn},
		.mark = mark,
		.committed_us = feed->begin.at_us,
		.change_count = count,
		.changes = changes,
	};
	feed->delivered = feed->commit.end_lsn;
	feed->recent[feed->recent_count++ % LOG_RECENT] = (struct log_when){feed->commit.end_lsn, feed->begin.at_us};
	return RC_OK;
}

static int commit(struct log_feed *feed)
{
	const struct log_proof now = {
		.valid = true,
		.after = feed->seen,
		.end = feed->commit.end_lsn,
		.xid = feed->begin.xid,
		.at_us = feed->begin.at_us,
	};

	feed->in_txn = false;
	if (feed->proving) {
		feed->proving = false;
		if (now.end != feed->proof.end || now.xid != feed->proof.xid || now.at_us != feed->proof.at_us)
			return log_gap(feed, "the transaction that was read last is not the server's any more");
	} else if (now.end > feed->seen) {
		feed->proof = now;
		feed->seen = now.end;
		feed->ready = true;
		return RC_OK;
	}
	(void)!log_decode(feed, NULL, NULL); /* relations that it told of */
	return feed->gone ? RC_GONE : RC_OK;
}

static int keepalive(struct log_feed *feed, const struct pgf_frame *frame)
{
	if (!feed->in_txn && feed->proving && frame->end >= feed->proof.end)
		return log_gap(feed, "the transaction that was read last is not in the server's log any more");
	if (!feed->in_txn && !feed->proving && frame->end > feed->seen)
		feed->seen = frame->end;
	if (frame->reply_wanted)
		log_status(feed, false);
	return RC_OK;
}

int log_frame(struct log_feed *feed, const struct pgf_frame *frame)
{
	struct rc_str message = frame->payload;

	if (frame->end > feed->head)
		feed->head = frame->end;
	if (frame->keepalive)
		return keepalive(feed, frame);
	switch (pgoutput_kind(message)) {
	case 'B':
		if (feed->in_txn || pgoutput_begin_read(message, &feed->begin) != RC_OK)
			return log_gap(feed, "a message of the server cannot be read");
		buf_clear(&feed->raw);
		feed->in_txn = true;
		return RC_OK;
	case 'C':
		if (!feed->in_txn || pgoutput_commit_read(message, &feed->commit) != RC_OK)
			return log_gap(feed, "a message of the server cannot be read");
		return commit(feed);
	default:
		if (!feed->in_txn)
			return RC_OK; /* a message outside of transactions */
		if (feed->options.keep_bytes && feed->raw.len + message.len > feed->options.keep_bytes)
			return log_gap(feed, "a transaction is larger than the log that may be kept");
		keep(feed, message);
		return RC_OK;
	}
}
