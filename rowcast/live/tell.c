/*
 * Messages for one subscription alone: what joins it, and its deltas while it stands apart from its branch.
 *
 * Either the whole frame is with the stream afterwards (sent, or its rest queued there) or nothing of it.
 */
#include "rowcast/live/fanout_impl.h"
#include "rowcast/live/metrics.h"

#define COPY_MAX 65536 /* bodies up to here are put behind their head and sent in one piece */

/* Send, or queue behind what was queued. Returns how much was sent at once. */
static size_t put(struct peer *peer, const char *bytes, size_t len, bool *blocked)
{
	size_t sent = *blocked ? 0 : peer->transport->send(peer->stream, bytes, len);

	peer->fanout->sent_bytes += (int64_t)len;
	*blocked |= sent < len;
	return sent;
}

static void put_rest(struct peer *peer, const char *bytes, size_t len, bool *blocked)
{
	size_t sent = put(peer, bytes, len, blocked);

	/* A failure closes the stream, and the server closes the peer with it. */
	if (sent < len)
		(void)!peer->transport->queue(peer->stream, bytes + sent, len - sent);
}

/* The head (or a whole frame) is in scratch. False: nothing was sent, the stream is blocked and will say when it is
 * not. */
static bool tell(struct peer *peer, const struct body *body)
{
	struct buf *scratch = &peer->fanout->scratch;
	struct rc_str after = peer->transport->after;
	bool apart = body && body->len > COPY_MAX, blocked = false;
	size_t sent;

	if (body && !apart) {
		buf_append(scratch, body->bytes, body->len);
		buf_append_str(scratch, after);
	}
	sent = put(peer, scratch->data, scratch->len, &blocked);
	peer->fanout->sends++;
	if (sent == 0)
		return false;
	peer->fanout->frames++;
	metric_add(&live_blocked, blocked);
	if (blocked)
		(void)!peer->transport->queue(peer->stream, scratch->data + sent, scratch->len - sent);
	if (apart) {
		put_rest(peer, body->bytes, body->len, &blocked);
		put_rest(peer, after.ptr, after.len, &blocked);
	}
	return true;
}

bool tell_reset(struct sub *sub, const char *reason)
{
	struct fanout *fanout = sub->peer->fanout;

	buf_clear(&fanout->scratch);
	frame_reset(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, rc_str_from(reason));
	if (!tell(sub->peer, NULL))
		return false;
	metric_add(&live_resets, 1);
	sub->has_position = false; /* from here on nothing but a snapshot may follow */
	return true;
}

bool tell_snapshot(struct sub *sub, const struct body *body, struct rc_position position)
{
	struct fanout *fanout = sub->peer->fanout;

	buf_clear(&fanout->scratch);
	frame_snapshot(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, position, body->len);
	if (!tell(sub->peer, body))
		return false;
	sub->position = position;
	sub->has_position = true;
	return true;
}

/*
 * A delta for someone who stands at a position of his own. One that ends where he is already has nothing for him,
 * unless time changed rows after he was told: that comes with `to` = `from`, at his position.
 */
bool tell_delta(struct sub *sub, const struct body *body)
{
	struct fanout *fanout = sub->peer->fanout;
	struct rc_position from = sub->position, to = body->to;

	if (to.n <= from.n) {
		if (!body->timed || body->at < from.n)
			return true;
		to = from;
	} else if (body->from.n == body->to.n) {
		to = from; /* time alone, told along a chain that is ahead of him */
	}
	buf_clear(&fanout->scratch);
	frame_delta(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, from, to, body->len);
	if (!tell(sub->peer, body))
		return false;
	sub->position = to;
	return true;
}

bool tell_status(struct peer *peer, const char *state, int64_t lag_ms, int64_t age_ms)
{
	buf_clear(&peer->fanout->scratch);
	frame_status(&peer->fanout->scratch, peer->transport, state, lag_ms, age_ms);
	return tell(peer, NULL);
}
