/*
 * What a peer has: its subscriptions, the seat by which it hears the status, and what it needs only now and then.
 *
 * Nearly every peer has one subscription, so that one is inside of it; further ones, and the rest of a large body, are
 * in an extra record. A subscription may move in memory whenever another one ends: nobody keeps its address. Seats and
 * joins know the peer, and find the subscription in it.
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/fanout_impl.h"

void peer_open(struct fanout *fanout, struct peer *peer, const struct transport *transport)
{
	*peer = (struct peer){.sub.outlet = fanout_lobby(fanout, transport)};
}

void *peer_owner(const struct peer *peer)
{
	return peer->sub.outlet->fanout->config.owner;
}

const struct transport *peer_transport(const struct peer *peer)
{
	return peer->sub.outlet->transport;
}

uint32_t peer_sub_count(const struct peer *peer)
{
	if (peer->sub.state == SUB_NONE)
		return 0;
	return 1 + (peer->extra ? peer->extra->more_count : 0);
}

struct sub *peer_sub(const struct peer *peer, uint32_t i)
{
	return i == 0 ? (struct sub *)(uintptr_t)&peer->sub : &peer->extra->more[i - 1];
}

struct sub *peer_find(const struct peer *peer, struct rc_str id)
{
	for (uint32_t i = 0; i < peer_sub_count(peer); i++) {
		const struct outlet *outlet = peer_sub(peer, i)->outlet;

		if (rc_str_eq((struct rc_str){outlet->id, outlet->id_len}, id))
			return peer_sub(peer, i);
	}
	return NULL;
}

/* ---- the extra record ---- */

struct peer_extra *peer_extra(struct peer *peer)
{
	if (!peer->extra)
		peer->extra = rc_xcalloc(1, sizeof(*peer->extra));
	return peer->extra;
}

void peer_tidy(struct peer *peer)
{
	struct peer_extra *extra = peer->extra;

	if (!extra || extra->rest || extra->more_count > 0)
		return;
	free(extra->more);
	free(extra);
	peer->extra = NULL;
}

/* ---- subscriptions ---- */

struct sub *sub_add(struct peer *peer)
{
	struct peer_extra *extra;

	if (peer->sub.state == SUB_NONE) {
		if (peer->sub.at)
			outlet_leave(peer->sub.outlet, (uint32_t)peer->sub.at);
		peer->sub.at = 0;
		return &peer->sub;
	}
	extra = peer_extra(peer);
	extra->more = rc_xrealloc(extra->more, (extra->more_count + 1) * sizeof(struct sub));
	extra->more[extra->more_count] = (struct sub){0};
	return &extra->more[extra->more_count++];
}

void sub_remove(struct peer *peer, struct sub *sub)
{
	struct outlet *lobby = sub->outlet->lobby;
	unsigned int hears = peer->sub.hears & 1;

	if (peer_sub_count(peer) > 1)
		*sub = peer->extra->more[--peer->extra->more_count];
	else
		*sub = (struct sub){.outlet = lobby};
	peer->sub.hears = hears & 1;
	peer_tidy(peer);
}

struct sub *seat_sub(const struct outlet *outlet, const struct seat *seat)
{
	uint32_t i = 0;

	if (outlet == outlet->lobby)
		return &seat->peer->sub;
	while (peer_sub(seat->peer, i)->outlet != outlet || peer_sub(seat->peer, i)->state != SUB_SEATED)
		i++;
	return peer_sub(seat->peer, i);
}

/* ---- status ---- */

void status_settle(struct peer *peer)
{
	struct seat *first = NULL;

	if (!peer->sub.hears)
		return;
	if (peer->sub.state == SUB_NONE && !peer->sub.at)
		peer->sub.at = outlet_sit(peer->sub.outlet, peer, NULL);
	if (peer->sub.state == SUB_NONE)
		first = &peer->sub.outlet->seats[peer->sub.at - 1];
	for (uint32_t i = 0; i < peer_sub_count(peer); i++) {
		const struct sub *sub = peer_sub(peer, i);

		if (sub->state != SUB_SEATED)
			continue;
		if (!first)
			first = &sub->outlet->seats[sub->at - 1];
		if (sub->outlet->seats[sub->at - 1].lead)
			return;
	}
	if (first)
		first->lead = 1;
}
