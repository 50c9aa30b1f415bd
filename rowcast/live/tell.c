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

static struct fanout *peer_fanout(const struct peer *peer)
{
	return peer->sub.outlet->fanout;
}

static void rest_begin(struct peer *peer, struct body *body, struct wire wire, size_t at)
{
	struct rest *rest = rc_xcalloc(1, sizeof(*rest));

	rest->body = body_acquire(body);
	rest->wire = wire;
	rest->at = at;
	peer_extra(peer)->rest = rest;
	for (uint32_t i = 0; i < peer_sub_count(peer); i++) {
		const struct sub *sub = peer_sub(peer, i);

		if (sub->state == SUB_SEATED)
			sub->outlet->seats[sub->at - 1].blocked = 1;
	}
}

void peer_drop_rest(struct peer *peer)
{
	struct rest *rest = peer_rest(peer);

	if (!rest)
		return;
	body_drop(rest->body);
	buf_release(&rest->held);
	free(rest);
	peer->extra->rest = NULL;
	peer_tidy(peer);
}

/* Send; what is not taken is queued, behind what was queued. */
static void put(struct peer *peer, const char *bytes, size_t len)
{
	size_t sent = peer_transport(peer)->send(peer, bytes, len);

	peer_fanout(peer)->sent_bytes += (int64_t)len;
	/* A failure closes the stream, and the server closes the peer with it. */
	if (sent < len)
		(void)!peer_transport(peer)->queue(peer, bytes + sent, len - sent);
}

static void put_after(struct peer *peer)
{
	if (peer_transport(peer)->after.len > 0)
		put(peer, peer_transport(peer)->after.ptr, peer_transport(peer)->after.len);
}

bool peer_go_on(struct peer *peer)
{
	struct rest *rest = peer_rest(peer);
	size_t left, sent;

	if (!rest)
		return true;
	left = rest->wire.len - rest->at;
	sent = peer_transport(peer)->send(peer, rest->wire.bytes + rest->at, left);
	peer_fanout(peer)->sent_bytes += (int64_t)sent;
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
	struct rest *rest = peer_rest(peer);

	if (!rest)
		put(peer, frame.ptr, frame.len);
	else if (rest->held.len + frame.len <= HELD_MAX)
		buf_append_str(&rest->held, frame);
}

/* The head (or a whole frame) is in scratch. False: nothing was sent, the stream is blocked and will say when it is
 * not. */
static bool tell(struct peer *peer, struct body *body, struct wire wire)
{
	struct buf *scratch = &peer_fanout(peer)->scratch;
	bool large = wire.len > peer_fanout(peer)->config.copy_bytes_max;
	size_t sent;

	if (peer_rest(peer))
		return false;
	if (body && !large) {
		buf_append(scratch, wire.bytes, wire.len);
		buf_append_str(scratch, peer_transport(peer)->after);
	}
	sent = peer_transport(peer)->send(peer, scratch->data, scratch->len);
	peer_fanout(peer)->sends++;
	if (sent == 0)
		return false;
	peer_fanout(peer)->frames++;
	peer_fanout(peer)->sent_bytes += (int64_t)scratch->len;
	if (sent < scratch->len) {
		metric_add(&live_blocked, 1);
		/* Hardly ever with a large body: then it is copied behind its head, as one frame may not be torn here.
		 */
		(void)!peer_transport(peer)->queue(peer, scratch->data + sent, scratch->len - sent);
		if (large) {
			(void)!peer_transport(peer)->queue(peer, wire.bytes, wire.len);
			put_after(peer);
		}
	} else if (large) {
		sent = peer_transport(peer)->send(peer, wire.bytes, wire.len);
		peer_fanout(peer)->sent_bytes += (int64_t)sent;
		if (sent < wire.len)
			rest_begin(peer, body, wire, sent);
		else
			put_after(peer);
	}
	return true;
}

bool tell_reset(struct peer *peer, struct outlet *outlet, struct stand *stand, const char *reason)
{
	struct buf *scratch = &outlet->fanout->scratch;

	buf_clear(scratch);
	frame_reset(scratch, outlet->transport, outlet->id_json, rc_str_from(reason));
	if (!tell(peer, NULL, (struct wire){0}))
		return false;
	metric_add(&live_resets, 1);
	stand->known = false; /* from here on nothing but a snapshot may follow */
	return true;
}

bool tell_snapshot(struct peer *peer, struct outlet *outlet, struct stand *stand, struct body *body,
		   struct rc_position position)
{
	struct buf *scratch = &outlet->fanout->scratch;
	struct wire wire = body_wire(body, outlet->transport, outlet->fanout->config.pack_bytes_min);

	buf_clear(scratch);
	frame_snapshot(scratch, outlet->transport, outlet->id_json, position, wire);
	if (!tell(peer, body, wire))
		return false;
	*stand = (struct stand){position, true};
	return true;
}

/*
 * A delta for someone who stands at a position of his own. One that ends where he is already has nothing for him,
 * unless time changed rows after he was told: that comes with `to` = `from`, at his position.
 */
bool tell_delta(struct peer *peer, struct outlet *outlet, struct stand *stand, struct body *body)
{
	struct buf *scratch = &outlet->fanout->scratch;
	struct rc_position from = stand->position, to = body->to;
	struct wire wire;

	if (to.n <= from.n) {
		if (!body->timed || body->at < from.n)
			return true;
		to = from;
	} else if (body->from.n == body->to.n) {
		to = from; /* time alone, told along a chain that is ahead of him */
	}
	wire = body_wire(body, outlet->transport, outlet->fanout->config.pack_bytes_min);
	buf_clear(scratch);
	frame_delta(scratch, outlet->transport, outlet->id_json, from, to, wire);
	if (!tell(peer, body, wire))
		return false;
	stand->position = to;
	return true;
}

bool tell_status(struct peer *peer, const char *state, int64_t lag_ms, int64_t age_ms)
{
	struct buf *scratch = &peer_fanout(peer)->scratch;

	buf_clear(scratch);
	frame_status(scratch, peer_transport(peer), state, lag_ms, age_ms);
	return tell(peer, NULL, (struct wire){0});
}
