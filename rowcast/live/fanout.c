/*
 * Subscriptions from their beginning to their end, the status, and what arrives from the hub. fanout_impl.h has the
 * picture.
 *
 * Bounded per connection: a peer (24 bytes), a seat (16 bytes) and at most the rest of one frame that the stream keeps.
 * A subscriber who is blocked is passed over; when the ring has overrun him he loses his seat, keeps his position and
 * asks the hub again once his stream takes bytes.
 */
#include "rowcast/live/fanout.h"

#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/fanout_impl.h"
#include "rowcast/live/metrics.h"

#define SHARE_NUM 3 /* sweeps of mode latest may take 3/5 of the time */
#define SHARE_DEN 5
#define BURST_US  10000

struct fanout *fanout_create(const struct fanout_config *config)
{
	struct fanout *fanout = rc_xcalloc(1, sizeof(*fanout));

	fanout->config = *config;
	list_init(&fanout->run);
	for (size_t rate = RATE_ANY; rate <= RATE_SLOWEST; rate++)
		list_init(&fanout->resting[rate]);
	list_init(&fanout->all_branches);
	return fanout;
}

void fanout_destroy(struct fanout *fanout)
{
	while (!list_empty(&fanout->all_branches))
		branch_abandon(LIST_OWNER(fanout->all_branches.next, struct branch, all));
	for (size_t i = 0; i < TRANSPORTS_MAX && fanout->lobbies[i]; i++)
		outlet_destroy(fanout->lobbies[i]);
	map_release(&fanout->branches);
	buf_release(&fanout->scratch);
	free(fanout);
}

/* ---- subscriptions ---- */

static struct outlet *outlet_find(struct branch *branch, const struct transport *transport, struct rc_str id)
{
	struct outlet *outlet;

	LIST_EACH (node, &branch->outlets) {
		outlet = LIST_OWNER(node, struct outlet, list);
		if (outlet->transport == transport && outlet->id_len == id.len &&
		    (id.len == 0 || memcmp(outlet->id, id.ptr, id.len) == 0))
			return outlet;
	}
	outlet = outlet_create(branch->fanout, branch, transport, id);
	list_push_back(&branch->outlets, &outlet->list);
	return outlet;
}

static void outlet_hold(struct outlet *outlet)
{
	outlet->sub_count++;
	outlet->branch->sub_count++;
}

static void outlet_drop(struct outlet *outlet)
{
	struct branch *branch = outlet->branch;

	if (--outlet->sub_count == 0) {
		if (!list_idle(&outlet->run))
			outlet_swept(outlet);
		outlet_destroy(outlet);
	}
	if (--branch->sub_count == 0)
		branch_leave(branch);
}

static void sub_end(struct peer *peer, struct sub *sub)
{
	struct outlet *outlet = sub->outlet;
	bool joining = sub->state == SUB_JOINING;

	metric_add(outlet->transport->subscribers, -1);
	if (joining)
		((struct join *)sub_at(sub))->peer = NULL; /* its answer drops the outlet */
	else if (sub->state == SUB_SEATED)
		outlet_leave(outlet, (uint32_t)sub->at);
	else
		free(sub_at(sub));
	sub_remove(peer, sub);
	if (!joining)
		outlet_drop(outlet);
}

static void sub_fail(struct peer *peer, struct sub *sub, const struct rc_fault *fault)
{
	struct outlet *outlet = sub->outlet;

	outlet_hold(outlet); /* it has the id */
	sub_end(peer, sub);
	status_settle(peer);
	outlet->transport->failed(peer, (struct rc_str){outlet->id, outlet->id_len}, fault);
	outlet_drop(outlet);
}

static void sub_join(struct peer *peer, struct sub *sub, void *shape, struct stand stand)
{
	struct branch *branch = sub->outlet->branch;
	const struct carrier *carrier = &branch->fanout->config.carrier;
	struct join *join = rc_xcalloc(1, sizeof(*join));

	*join = (struct join){.parcel.arrive = hub_join_arrive,
			      .hub = branch->fanout->config.hub,
			      .tap = &branch->tap,
			      .peer = peer,
			      .outlet = sub->outlet,
			      .source = branch->source,
			      .name = {branch->key.ptr + 1, branch->key.len - 1},
			      .shape = shape,
			      .has_after = stand.known,
			      .after = stand.position};
	sub_set(sub, SUB_JOINING, join);
	carrier->to_hub(carrier->arg, &join->parcel);
}

static void sub_lost(struct sub *sub, struct stand stand)
{
	struct stand *own = rc_xmalloc(sizeof(*own));

	*own = stand;
	sub_set(sub, SUB_LOST, own);
}

static void sub_resync(struct peer *peer, struct sub *sub)
{
	struct stand *own = sub_at(sub), stand = *own;

	free(own);
	metric_add(&live_resyncs, 1);
	sub_join(peer, sub, NULL, stand);
}

void seat_lose(struct outlet *outlet, struct seat *seat, struct stand stand, bool blocked)
{
	struct peer *peer = seat->peer;
	struct sub *sub = seat_sub(outlet, seat);

	outlet_leave(outlet, (uint32_t)sub->at);
	sub_lost(sub, stand);
	status_settle(peer);
	if (!blocked)
		sub_resync(peer, sub);
}

bool peer_has(const struct peer *peer, struct rc_str id)
{
	return peer_find(peer, id) != NULL;
}

void peer_subscribe(struct peer *peer, const struct subscription *wanted)
{
	const struct transport *transport = peer_transport(peer);
	struct branch *branch = branch_find(peer->sub.outlet->fanout, wanted->source, wanted->name, wanted->mode,
					    wanted->rate);
	struct sub *sub;

	rc_check(!peer_has(peer, wanted->id));
	sub = sub_add(peer);
	sub->outlet = outlet_find(branch, transport, wanted->id);
	outlet_hold(sub->outlet);
	metric_add(transport->subscribers, 1);
	sub_join(peer, sub, wanted->shape, (struct stand){wanted->after, wanted->has_after});
}

int peer_unsubscribe(struct peer *peer, struct rc_str id)
{
	struct sub *sub = peer_find(peer, id);

	if (!sub)
		return RC_NOT_FOUND;
	sub_end(peer, sub);
	status_settle(peer);
	return 0;
}

/* ---- status ---- */

struct outlet *fanout_lobby(struct fanout *fanout, const struct transport *transport)
{
	size_t i = 0;

	while (i < TRANSPORTS_MAX && fanout->lobbies[i] && fanout->lobbies[i]->transport != transport)
		i++;
	rc_check(i < TRANSPORTS_MAX);
	if (!fanout->lobbies[i])
		fanout->lobbies[i] = outlet_create(fanout, NULL, transport, RC_STR(""));
	return fanout->lobbies[i];
}

static const char *state_name(enum live_state state)
{
	static const char *const names[] = {"live", "delayed", "stale", "unavailable"};

	return names[state];
}

/* Views that are right stay right until the hub says otherwise; others grow old. */
static int64_t age_ms(const struct fanout *fanout)
{
	int64_t age_us = fanout->age_us;

	if (age_us > 0)
		age_us += fanout->config.mono_us() - fanout->status_us;
	return age_us / 1000;
}

/* Rounded up: 0 says that nothing was shown, and is never said of something. */
static int64_t lag_ms(const struct fanout *fanout)
{
	int64_t lag_us = fanout->lag_us;

	if (lag_us < fanout->slowest_us)
		lag_us = fanout->slowest_us;
	if (lag_us < fanout->slowest_before_us)
		lag_us = fanout->slowest_before_us;
	return (lag_us + 999) / 1000;
}

void fanout_shown(struct fanout *fanout, int64_t committed_us)
{
	int64_t lag_us = fanout->config.wall_us() - committed_us;

	metric_observe_us(&live_flush_seconds, lag_us);
	if (lag_us < 1) /* commits are stamped to the millisecond, and by a clock that may be set */
		lag_us = 1;
	if (fanout->slowest_us < lag_us)
		fanout->slowest_us = lag_us;
}

void fanout_measure_anew(struct fanout *fanout)
{
	fanout->slowest_us = fanout->slowest_before_us = 0;
}

static void tell_all(struct fanout *fanout)
{
	if (!fanout->status_known)
		return;
	for (size_t i = 0; i < TRANSPORTS_MAX && fanout->lobbies[i]; i++) {
		struct outlet *lobby = fanout->lobbies[i];

		buf_clear(&lobby->status);
		frame_status(&lobby->status, lobby->transport, state_name(fanout->state), lag_ms(fanout),
			     age_ms(fanout));
		outlet_tell_status(lobby);
	}
	LIST_EACH (node, &fanout->all_branches) {
		LIST_EACH (outlet, &LIST_OWNER(node, struct branch, all)->outlets)
			outlet_tell_status(LIST_OWNER(outlet, struct outlet, list));
	}
}

void fanout_tell_status(struct fanout *fanout)
{
	fanout->slowest_before_us = 0;
	tell_all(fanout);
	fanout->slowest_before_us = fanout->slowest_us;
	fanout->slowest_us = 0;
}

void fanout_status_arrive(struct parcel *parcel)
{
	struct status_push *status = (struct status_push *)parcel;
	struct fanout *fanout = status->fanout;
	bool news = !fanout->status_known || fanout->state != status->state;

	fanout->status_known = true;
	fanout->state = status->state;
	fanout->lag_us = status->lag_us;
	fanout->age_us = status->age_us;
	fanout->status_us = fanout->config.mono_us();
	free(status);
	if (!news)
		return;
	fanout_measure_anew(fanout); /* what was slow then is no figure of the new state */
	tell_all(fanout);
}

/* The peer's first subscription has joined: from now on it is told the status. */
static void begin_status(struct peer *peer)
{
	struct fanout *fanout = peer->sub.outlet->fanout;
	bool first = !peer->sub.hears && peer_transport(peer)->tells_status;

	peer->sub.hears |= first;
	status_settle(peer);
	/* Blocked: the next tick tells it. */
	if (first && fanout->status_known)
		(void)!tell_status(peer, state_name(fanout->state), lag_ms(fanout), age_ms(fanout));
}

void peer_close(struct peer *peer)
{
	while (peer->sub.state != SUB_NONE)
		sub_end(peer, &peer->sub);
	if (peer->sub.at)
		outlet_leave(peer->sub.outlet, (uint32_t)peer->sub.at);
	peer->sub.at = 0;
	peer_drop_rest(peer);
}

void peer_writable(struct peer *peer)
{
	if (!peer_go_on(peer))
		return;
	for (uint32_t i = 0; i < peer_sub_count(peer); i++) {
		struct sub *sub = peer_sub(peer, i);

		if (sub->state == SUB_LOST)
			sub_resync(peer, sub);
		else if (sub->state == SUB_SEATED && !outlet_resume(sub->outlet, (uint32_t)sub->at))
			return;
	}
	if (peer->sub.state == SUB_NONE && peer->sub.at)
		(void)!outlet_resume(peer->sub.outlet, (uint32_t)peer->sub.at);
}

/* ---- what the hub sends ---- */

static bool take_answer(struct peer *peer, struct outlet *outlet, struct stand *stand, const struct join *join)
{
	bool told = true;

	if (join->reset)
		told = tell_reset(peer, outlet, stand, join->reset);
	if (told && join->body && join->body->kind == BODY_SNAPSHOT)
		told = tell_snapshot(peer, outlet, stand, join->body, join->position);
	else if (told && join->body)
		told = tell_delta(peer, outlet, stand, join->body);
	for (size_t i = 0; told && i < join->history_count; i++)
		told = tell_delta(peer, outlet, stand, join->history[i]);
	return told;
}

static void join_done(struct peer *peer, struct sub *sub, const struct join *join)
{
	struct outlet *outlet = sub->outlet;
	bool timed = join->body && join->body->kind == BODY_DELTA && join->body->from.n == join->body->to.n;
	struct stand stand = {join->after, join->has_after};

	outlet->branch->chain = join->chain;
	if (!take_answer(peer, outlet, &stand, join)) {
		sub_lost(sub, stand);
		return;
	}
	sub->at = outlet_sit(outlet, peer, stand.position.n != join->chain.n ? &stand : NULL);
	sub->state = SUB_SEATED;
	begin_status(peer);
	if (outlet->transport->joined)
		outlet->transport->joined(peer, timed, join->timed_us);
}

static struct sub *join_sub(const struct join *join)
{
	uint32_t i = 0;

	while (peer_sub(join->peer, i)->state != SUB_JOINING || sub_at(peer_sub(join->peer, i)) != join)
		i++;
	return peer_sub(join->peer, i);
}

void fanout_join_arrive(struct parcel *parcel)
{
	struct join *join = (struct join *)parcel;
	struct outlet *outlet = join->outlet;
	struct sub *sub = join->peer ? join_sub(join) : NULL;

	if (!join->err && outlet->branch->closed)
		join->err = rc_fault_set(&join->fault, RC_GONE, "The topic was closed; subscribe again.");
	if (!sub) {
		outlet_drop(outlet);
	} else if (join->err) {
		sub_set(sub, SUB_LOST, NULL);
		sub_fail(join->peer, sub, &join->fault);
	} else {
		join_done(join->peer, sub, join);
	}
	body_drop(join->body);
	for (size_t i = 0; i < join->history_count; i++)
		body_drop(join->history[i]);
	free(join->history);
	free(join);
}

/*
 * Who wished for a rate and has not read the last delta when the next one comes would get both at once. He loses his
 * seat, so that it is one merged delta when he reads: never more of them than there are beats.
 */
static void outlet_lose_late(struct outlet *outlet, struct rc_position head)
{
	for (uint32_t i = outlet->seat_count; outlet->behind > 0 && i-- > 0;) {
		struct seat *seat = &outlet->seats[i];

		if (!seat->apart && seat->cursor != outlet_head(outlet))
			seat_lose(outlet, seat, (struct stand){outlet_position(outlet, seat, head), true},
				  seat->blocked);
	}
}

/* A delta for those who get a frame of their own. Returns whether anybody got it. */
static bool seats_delta(struct outlet *outlet, struct body *body, bool large)
{
	bool told = false;

	for (uint32_t i = outlet->seat_count; i-- > 0;) {
		struct seat *seat = &outlet->seats[i];
		struct stand stand = {body->from, true};

		if (!seat->apart && !large)
			continue;
		if (!seat->apart && seat->cursor != outlet_head(outlet)) {
			stand.position = outlet_position(outlet, seat, body->from);
			seat_lose(outlet, seat, stand, seat->blocked);
			continue;
		}
		if (seat->apart)
			stand = *seat_stand(seat);
		if (!tell_delta(seat->peer, outlet, &stand, body)) {
			seat_lose(outlet, seat, stand, true);
			continue;
		}
		told = true;
		if (stand.position.n == body->to.n)
			outlet_rejoin(outlet, seat);
		else
			*seat_stand(seat) = stand;
	}
	return told;
}

/* A delta for one outlet: one frame for all who share the ring, frames of their own for the others. */
static void outlet_delta(struct outlet *outlet, struct body *body, int64_t committed_us)
{
	struct fanout *fanout = outlet->fanout;
	struct wire wire;
	bool large;

	if (outlet->seat_count == 0)
		return;
	wire = body_wire(body, outlet->transport, fanout->config.pack_bytes_min);
	large = wire.len > fanout->config.ring_bytes_max / 2;
	if (outlet->branch->rate != RATE_ANY)
		outlet_lose_late(outlet, body->from);
	if (!large && outlet->seat_count > outlet->apart) {
		buf_clear(&fanout->scratch);
		frame_delta(&fanout->scratch, outlet->transport, outlet->id_json, body->from, body->to, wire);
		buf_append(&fanout->scratch, wire.bytes, wire.len);
		buf_append_str(&fanout->scratch, outlet->transport->after);
		outlet_append(outlet, body->from, body->to, committed_us);
	}
	if ((large || outlet->apart > 0) && seats_delta(outlet, body, large) && committed_us > 0)
		fanout_shown(fanout, committed_us);
}

static void outlet_restart(struct outlet *outlet, const struct push *push)
{
	for (uint32_t i = outlet->seat_count; i-- > 0;) {
		struct seat *seat = &outlet->seats[i];
		struct peer *peer = seat->peer;
		struct stand stand;
		bool blocked = seat->blocked || peer_rest(peer);

		if (seat->apart)
			stand = *seat_stand(seat);
		else
			stand = (struct stand){outlet_position(outlet, seat, outlet->branch->chain), true};
		if (!blocked)
			blocked = !tell_reset(peer, outlet, &stand, push->fault.message) ||
				  !tell_snapshot(peer, outlet, &stand, push->body, push->position);
		if (blocked)
			seat_lose(outlet, seat, stand, true);
		else
			outlet_rejoin(outlet, seat);
	}
}

static void branch_end(struct branch *branch, const struct rc_fault *fault)
{
	branch_unlink(branch);
	branch->closed = true;
	branch->sub_count++; /* keep it until we are through */
	LIST_EACH_SAFE (node, &branch->outlets) {
		struct outlet *outlet = LIST_OWNER(node, struct outlet, list);

		outlet_hold(outlet);
		while (outlet->seat_count > 0) {
			const struct seat *last = &outlet->seats[outlet->seat_count - 1];

			sub_fail(last->peer, seat_sub(outlet, last), fault);
		}
		outlet_drop(outlet);
	}
	if (--branch->sub_count == 0)
		branch_leave(branch);
}

/* Since when a change is due: its commit, or what its subscribers' rate let it wait for. */
static int64_t due_since_us(const struct branch *branch, int64_t committed_us)
{
	const struct fanout_config *config = &branch->fanout->config;
	int64_t free_us = config->wall_us() - (config->mono_us() - branch->free_us);

	return branch->rate != RATE_ANY && committed_us > 0 && committed_us < free_us ? free_us : committed_us;
}

static void push_take(struct branch *branch, const struct push *push)
{
	struct fanout *fanout = branch->fanout;
	int64_t due_us;

	switch (push->kind) {
	case PUSH_DELTA:
		due_us = due_since_us(branch, push->committed_us);
		branch->pushed_us = fanout->config.mono_us();
		branch->owes_ready = branch->tap.mode == LIVE_LATEST;
		LIST_EACH (node, &branch->outlets)
			outlet_delta(LIST_OWNER(node, struct outlet, list), push->body, due_us);
		branch->chain = push->body->to;
		if (branch->owes_ready && branch->sweeping == 0)
			branch_rest(branch);
		break;
	case PUSH_RESTART:
		LIST_EACH (node, &branch->outlets)
			outlet_restart(LIST_OWNER(node, struct outlet, list), push);
		branch->chain = push->position;
		break;
	case PUSH_END:
		branch_end(branch, &push->fault);
		break;
	}
}

void fanout_push_arrive(struct parcel *parcel)
{
	struct push *push = (struct push *)parcel;

	if (!push->branch->leaving)
		push_take(push->branch, push);
	body_drop(push->body);
	free(push);
}

/* ---- sweeps ---- */

void outlet_swept(struct outlet *outlet)
{
	struct fanout *fanout = outlet->fanout;
	struct branch *branch = outlet->branch;

	list_remove(&outlet->run);
	if (outlet->oldest_us > 0)
		fanout_shown(fanout, outlet->oldest_us);
	outlet->oldest_us = 0;
	if (branch && --branch->sweeping == 0 && branch->owes_ready)
		branch_rest(branch);
}

int64_t fanout_run(struct fanout *fanout, uint32_t visits_max)
{
	int64_t begin, end = fanout->config.mono_us();
	int64_t next;
	uint32_t visits = 0;

	while (visits < visits_max && !list_empty(&fanout->run)) {
		struct outlet *outlet = LIST_OWNER(fanout->run.next, struct outlet, run);
		bool paced = outlet->branch && outlet->branch->tap.mode == LIVE_LATEST && outlet->behind > 0;

		/* Round robin: the rest of a long sweep takes its turn behind the others. */
		list_remove(&outlet->run);
		list_push_back(&fanout->run, &outlet->run);
		begin = end;
		visits += 1 + outlet_sweep(outlet, visits_max - visits);
		end = fanout->config.mono_us();
		if (paced) {
			if (fanout->paid_us < end - BURST_US)
				fanout->paid_us = end - BURST_US;
			fanout->paid_us += (end - begin) * SHARE_DEN / SHARE_NUM;
		}
		if (outlet->todo == 0)
			outlet_swept(outlet);
	}
	next = branches_awake(fanout, end);
	metric_add(&live_frames, fanout->frames);
	metric_add(&live_sends, fanout->sends);
	metric_add(&live_bytes, fanout->sent_bytes);
	fanout->frames = fanout->sends = fanout->sent_bytes = 0;
	return list_empty(&fanout->run) ? next : end;
}
