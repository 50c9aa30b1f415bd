/*
 * Messages for one subscription alone: what joins it, and its deltas while it stands apart from its branch.
 *
 * Either the whole frame is with the stream afterwards or nothing of it. The rest of a large body (a snapshot) is not
 * copied: the peer keeps a reference and goes on when its stream takes bytes; until then nothing else may be sent on
 * it, so its seats count as blocked.
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/live/fanout_impl.h"
#include "rowcast/live/metrics.h"

#define HELD_MAX 65536 /* private messages that wait behind a large body; beyond it they are dropped */

struct rest {
	struct body *body;
	struct wire wire; /* of it */
	size_t at;
	struct buf held;
};

static void rest_begin(struct peer *peer, struct body *body, struct wire wire, size_t at)
{
	peer->rest = rc_xcalloc(1, sizeof(*peer->rest));
	peer->rest->body = body_acquire(body);
	peer->rest->wire = wire;
	peer->rest->at = at;
	for (struct sub *sub = peer->subs; sub; sub = sub->next) {
		if (sub->place)
			sub->outlet->seats[sub->place - 1].blocked = 1;
	}
	if (peer->status_place)
		status_outlet(peer->fanout, peer->transport)->seats[peer->status_place - 1].blocked = 1;
}

void peer_drop_rest(struct peer *peer)
{
	if (!peer->rest)
		return;
	body_drop(peer->rest->body);
	buf_release(&peer->rest->held);
	free(peer->rest);
	peer->rest = NULL;
}

/* Send; what is not taken is queued, behind what was queued. */
static void put(struct peer *peer, const char *bytes, size_t len)
{
	size_t sent = peer->transport->send(peer->stream, bytes, len);

	peer->fanout->sent_bytes += (int64_t)len;
	/* A failure closes the stream, and the server closes the peer with it. */
	if (sent < len)
		(void)!peer->transport->queue(peer->stream, bytes + sent, len - sent);
}

static void put_after(struct peer *peer)
{
	if (peer->transport->after.len > 0)
		put(peer, peer->transport->after.ptr, peer->transport->after.len);
}

bool peer_go_on(struct peer *peer)
{
	struct rest *rest = peer->rest;
	size_t left, sent;

	if (!rest)
		return true;
	left = rest->wire.len - rest->at;
	sent = peer->transport->send(peer->stream, rest->wire.bytes + rest->at, left);
	peer->fanout->sent_bytes += (int64_t)sent;
	rest->at += sent;
	if (sent < left)
		return false;
	put_after(peer);
	if (rest->held.len > 0)
		put(peer, rest->held.data, rest->held.len);
	peer_drop_rest(peer);
	return true;
}

void peer_say(struct peer *peer, struct rc_str frame)
{
	if (!peer->rest)
		put(peer, frame.ptr, frame.len);
	else if (peer->rest->held.len + frame.len <= HELD_MAX)
		buf_append_str(&peer->rest->held, frame);
}

/* The head (or a whole frame) is in scratch. False: nothing was sent, the stream is blocked and will say when it is
 * not. */
static bool tell(struct peer *peer, struct body *body, struct wire wire)
{
	struct buf *scratch = &peer->fanout->scratch;
	bool large = wire.len > peer->fanout->config.copy_bytes_max;
	size_t sent;

	if (peer->rest)
		return false;
	if (body && !large) {
		buf_append(scratch, wire.bytes, wire.len);
		buf_append_str(scratch, peer->transport->after);
	}
	sent = peer->transport->send(peer->stream, scratch->data, scratch->len);
	peer->fanout->sends++;
	if (sent == 0)
		return false;
	peer->fanout->frames++;
	peer->fanout->sent_bytes += (int64_t)scratch->len;
	if (sent < scratch->len) {
		metric_add(&live_blocked, 1);
		/* Hardly ever with a large body: then it is copied behind its head, as one frame may not be torn here.
		 */
		(void)!peer->transport->queue(peer->stream, scratch->data + sent, scratch->len - sent);
		if (large) {
			(void)!peer->transport->queue(peer->stream, wire.bytes, wire.len);
			put_after(peer);
		}
	} else if (large) {
		sent = peer->transport->send(peer->stream, wire.bytes, wire.len);
		peer->fanout->sent_bytes += (int64_t)sent;
		if (sent < wire.len)
			rest_begin(peer, body, wire, sent);
		else
			put_after(peer);
	}
	return true;
}

bool tell_reset(struct sub *sub, const char *reason)
{
	struct fanout *fanout = sub->peer->fanout;

	buf_clear(&fanout->scratch);
	frame_reset(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, rc_str_from(reason));
	if (!tell(sub->peer, NULL, (struct wire){0}))
		return false;
	metric_add(&live_resets, 1);
	sub->has_position = false; /* from here on nothing but a snapshot may follow */
	return true;
}

bool tell_snapshot(struct sub *sub, struct body *body, struct rc_position position)
{
	struct fanout *fanout = sub->peer->fanout;
	struct wire wire = body_wire(body, sub->peer->transport, fanout->config.pack_bytes_min);

	buf_clear(&fanout->scratch);
	frame_snapshot(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, position, wire);
	if (!tell(sub->peer, body, wire))
		return false;
	sub->position = position;
	sub->has_position = true;
	return true;
}

/*
 * A delta for someone who stands at a position of his own. One that ends where he is already has nothing for him,
 * unless time changed rows after he was told: that comes with `to` = `from`, at his position.
 */
bool tell_delta(struct sub *sub, struct body *body)
{
	struct fanout *fanout = sub->peer->fanout;
	struct rc_position from = sub->position, to = body->to;
	struct wire wire;

	if (to.n <= from.n) {
		if (!body->timed || body->at < from.n)
			return true;
		to = from;
	} else if (body->from.n == body->to.n) {
		to = from; /* time alone, told along a chain that is ahead of him */
	}
	wire = body_wire(body, sub->peer->transport, fanout->config.pack_bytes_min);
	buf_clear(&fanout->scratch);
	frame_delta(&fanout->scratch, sub->peer->transport, sub->outlet->id_json, from, to, wire);
	if (!tell(sub->peer, body, wire))
		return false;
	sub->position = to;
	return true;
}

bool tell_status(struct peer *peer, const char *state, int64_t lag_ms, int64_t age_ms)
{
	buf_clear(&peer->fanout->scratch);
	frame_status(&peer->fanout->scratch, peer->transport, state, lag_ms, age_ms);
	return tell(peer, NULL, (struct wire){0});
}
