/*
 * Peers, subscriptions, and what arrives from the hub. fanout_impl.h has the picture.
 *
 * Bounded per connection: a subscription, a seat (24 bytes) and at most the rest of one frame that the stream keeps. A
 * subscriber who is blocked is passed over; when the ring has overrun him he loses his seat, keeps his position and
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
	list_init(&fanout->resting);
	list_init(&fanout->all_branches);
	return fanout;
}

void fanout_destroy(struct fanout *fanout)
{
	while (!list_empty(&fanout->all_branches))
		branch_abandon(LIST_OWNER(fanout->all_branches.next, struct branch, all));
	for (size_t i = 0; i < STATUS_OUTLETS_MAX && fanout->status[i]; i++)
		outlet_destroy(fanout->status[i]);
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

static void outlet_drop(struct outlet *outlet)
{
	if (--outlet->sub_count > 0)
		return;
	if (!list_idle(&outlet->run))
		outlet_swept(outlet);
	outlet_destroy(outlet);
}

/* It is in no peer's list any more. */
static void sub_free(struct sub *sub)
{
	struct outlet *outlet = sub->outlet;
	struct branch *branch = outlet->branch;

	if (sub->place)
		outlet_leave(outlet, sub->place);
	free(sub);
	outlet_drop(outlet);
	if (--branch->sub_count == 0)
		branch_leave(branch);
}

static void sub_end(struct sub *sub)
{
	struct peer *peer = sub->peer;
	struct sub **link = &peer->subs;

	while (*link != sub)
		link = &(*link)->next;
	*link = sub->next;
	peer->sub_count--;
	metric_add(peer->transport->subscribers, -1);
	sub->peer = NULL;
	if (sub->state != SUB_JOINING) /* else its answer frees it */
		sub_free(sub);
}

static void sub_fail(struct sub *sub, const struct rc_fault *fault)
{
	struct outlet *outlet = sub->outlet;

	sub->peer->transport->failed(sub->peer, (struct rc_str){outlet->id, outlet->id_len}, fault);
	sub_end(sub);
}

static void sub_join(struct sub *sub, void *shape)
{
	struct branch *branch = sub->outlet->branch;
	const struct carrier *carrier = &branch->fanout->config.carrier;
	struct join *join = rc_xcalloc(1, sizeof(*join));

	sub->state = SUB_JOINING;
	*join = (struct join){.parcel.arrive = hub_join_arrive,
			      .hub = branch->fanout->config.hub,
			      .tap = &branch->tap,
			      .sub = sub,
			      .source = branch->source,
			      .name = {branch->key.ptr + 1, branch->key.len - 1},
			      .shape = shape,
			      .has_after = sub->has_position,
			      .after = sub->position};
	carrier->to_hub(carrier->arg, &join->parcel);
}

static void sub_resync(struct sub *sub)
{
	metric_add(&live_resyncs, 1);
	sub_join(sub, NULL);
}

void sub_lose(struct sub *sub, struct rc_position position, bool blocked)
{
	if (sub->place)
		outlet_leave(sub->outlet, sub->place);
	sub->position = position;
	sub->state = SUB_LOST;
	if (!blocked)
		sub_resync(sub);
}

void peer_open(struct fanout *fanout, struct peer *peer, void *stream, const struct transport *transport)
{
	*peer = (struct peer){.fanout = fanout, .stream = stream, .transport = transport};
}

bool peer_has(const struct peer *peer, struct rc_str id)
{
	for (const struct sub *sub = peer->subs; sub; sub = sub->next) {
		if (rc_str_eq((struct rc_str){sub->outlet->id, sub->outlet->id_len}, id))
			return true;
	}
	return false;
}

void peer_subscribe(struct peer *peer, const struct subscription *wanted)
{
	struct branch *branch = branch_find(peer->fanout, wanted->source, wanted->name, wanted->mode);
	struct sub *sub = rc_xcalloc(1, sizeof(*sub));

	rc_check(!peer_has(peer, wanted->id));
	sub->peer = peer;
	sub->outlet = outlet_find(branch, peer->transport, wanted->id);
	sub->outlet->sub_count++;
	branch->sub_count++;
	sub->next = peer->subs;
	peer->subs = sub;
	peer->sub_count++;
	metric_add(peer->transport->subscribers, 1);
	sub->has_position = wanted->has_after;
	sub->position = wanted->after;
	sub_join(sub, wanted->shape);
}

int peer_unsubscribe(struct peer *peer, struct rc_str id)
{
	for (struct sub *sub = peer->subs; sub; sub = sub->next) {
		if (rc_str_eq((struct rc_str){sub->outlet->id, sub->outlet->id_len}, id)) {
			sub_end(sub);
			return 0;
		}
	}
	return RC_NOT_FOUND;
}

/* ---- status ---- */

struct outlet *status_outlet(struct fanout *fanout, const struct transport *transport)
{
	size_t i = 0;

	while (i < STATUS_OUTLETS_MAX && fanout->status[i] && fanout->status[i]->transport != transport)
		i++;
	rc_check(i < STATUS_OUTLETS_MAX);
	if (!fanout->status[i])
		fanout->status[i] = outlet_create(fanout, NULL, transport, RC_STR(""));
	return fanout->status[i];
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
	struct rc_position none = {0};

	for (size_t i = 0; i < STATUS_OUTLETS_MAX && fanout->status[i] && fanout->status_known; i++) {
		buf_clear(&fanout->scratch);
		frame_status(&fanout->scratch, fanout->status[i]->transport, state_name(fanout->state), lag_ms(fanout),
			     age_ms(fanout));
		outlet_append(fanout->status[i], none, none, 0);
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

static void sit(struct peer *peer, struct outlet *outlet, uint32_t *place, bool apart)
{
	outlet_sit(outlet, peer->stream, place, apart);
	outlet->seats[*place - 1].blocked = peer->rest != NULL;
}

/* The peer's first subscription has joined: from now on it is told the status. */
static void begin_status(struct peer *peer)
{
	struct fanout *fanout = peer->fanout;

	if (peer->status_place || !peer->transport->tells_status)
		return;
	sit(peer, status_outlet(fanout, peer->transport), &peer->status_place, false);
	/* Blocked: the next tick tells it. */
	if (fanout->status_known)
		(void)!tell_status(peer, state_name(fanout->state), lag_ms(fanout), age_ms(fanout));
}

void peer_close(struct peer *peer)
{
	while (peer->subs)
		sub_end(peer->subs);
	if (peer->status_place)
		outlet_leave(status_outlet(peer->fanout, peer->transport), peer->status_place);
	peer_drop_rest(peer);
}

void peer_writable(struct peer *peer)
{
	if (!peer_go_on(peer))
		return;
	for (struct sub *sub = peer->subs; sub; sub = sub->next) {
		if (sub->state == SUB_LOST)
			sub_resync(sub);
		else if (sub->state == SUB_SEATED && !outlet_resume(sub->outlet, sub->place))
			return;
	}
	if (peer->status_place)
		(void)!outlet_resume(status_outlet(peer->fanout, peer->transport), peer->status_place);
}

/* ---- what the hub sends ---- */

static bool take_answer(struct sub *sub, const struct join *join)
{
	bool told = true;

	if (join->reset)
		told = tell_reset(sub, join->reset);
	if (told && join->body && join->body->kind == BODY_SNAPSHOT)
		told = tell_snapshot(sub, join->body, join->position);
	else if (told && join->body)
		told = tell_delta(sub, join->body);
	for (size_t i = 0; told && i < join->history_count; i++)
		told = tell_delta(sub, join->history[i]);
	return told;
}

static void join_done(struct sub *sub, const struct join *join)
{
	struct peer *peer = sub->peer;
	bool timed = join->body && join->body->kind == BODY_DELTA && join->body->from.n == join->body->to.n;
	bool apart;

	sub->outlet->branch->chain = join->chain;
	if (!take_answer(sub, join)) {
		sub->state = SUB_LOST;
		return;
	}
	apart = sub->position.n != join->chain.n;
	sub->state = SUB_SEATED;
	sit(peer, sub->outlet, &sub->place, apart);
	begin_status(peer);
	if (peer->transport->joined)
		peer->transport->joined(peer, timed, join->timed_us);
}

void fanout_join_arrive(struct parcel *parcel)
{
	struct join *join = (struct join *)parcel;
	struct sub *sub = join->sub;

	if (!join->err && sub->outlet->branch->closed)
		join->err = rc_fault_set(&join->fault, RC_GONE, "The topic was closed; subscribe again.");
	if (!sub->peer) {
		sub_free(sub);
	} else if (join->err) {
		sub->state = SUB_LOST;
		sub_fail(sub, &join->fault);
	} else {
		join_done(sub, join);
	}
	body_drop(join->body);
	for (size_t i = 0; i < join->history_count; i++)
		body_drop(join->history[i]);
	free(join->history);
	free(join);
}

/* A delta for one outlet: one frame for all who share the ring, frames of their own for the others. */
static void outlet_delta(struct outlet *outlet, struct body *body, int64_t committed_us)
{
	struct fanout *fanout = outlet->fanout;
	bool large, told = false;
	struct wire wire;

	if (outlet->seat_count == 0)
		return;
	wire = body_wire(body, outlet->transport, fanout->config.pack_bytes_min);
	large = wire.len > fanout->config.ring_bytes_max / 2;
	if (!large && outlet->seat_count > outlet->apart) {
		buf_clear(&fanout->scratch);
		frame_delta(&fanout->scratch, outlet->transport, outlet->id_json, body->from, body->to, wire);
		buf_append(&fanout->scratch, wire.bytes, wire.len);
		buf_append_str(&fanout->scratch, outlet->transport->after);
		outlet_append(outlet, body->from, body->to, committed_us);
	}
	if (!large && outlet->apart == 0)
		return;
	for (uint32_t i = outlet->seat_count; i-- > 0;) {
		struct seat *seat = &outlet->seats[i];
		struct sub *sub = seat_sub(seat);

		if (!seat->apart && !large)
			continue;
		if (!seat->apart && seat->cursor != outlet_head(outlet)) {
			sub_lose(sub, outlet_position(outlet, seat, body->from), seat->blocked);
			continue;
		}
		if (!seat->apart)
			sub->position = body->from;
		if (!tell_delta(sub, body)) {
			sub_lose(sub, sub->position, true);
			continue;
		}
		told = true;
		if (sub->position.n == body->to.n)
			outlet_rejoin(outlet, seat);
	}
	if (told && committed_us > 0)
		fanout_shown(fanout, committed_us);
}

static void outlet_restart(struct outlet *outlet, const struct push *push)
{
	for (uint32_t i = outlet->seat_count; i-- > 0;) {
		struct seat *seat = &outlet->seats[i];
		struct sub *sub = seat_sub(seat);
		bool blocked = seat->blocked || sub->peer->rest;

		if (!seat->apart)
			sub->position = outlet_position(outlet, seat, outlet->branch->chain);
		if (!blocked)
			blocked = !tell_reset(sub, push->fault.message) ||
				  !tell_snapshot(sub, push->body, push->position);
		if (blocked)
			sub_lose(sub, sub->position, true);
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

		outlet->sub_count++;
		while (outlet->seat_count > 0)
			sub_fail(seat_sub(&outlet->seats[outlet->seat_count - 1]), fault);
		outlet_drop(outlet);
	}
	if (--branch->sub_count == 0)
		branch_leave(branch);
}

static void push_take(struct branch *branch, const struct push *push)
{
	struct fanout *fanout = branch->fanout;

	switch (push->kind) {
	case PUSH_DELTA:
		branch->pushed_us = fanout->config.mono_us();
		branch->owes_ready = branch->tap.mode == LIVE_LATEST;
		LIST_EACH (node, &branch->outlets)
			outlet_delta(LIST_OWNER(node, struct outlet, list), push->body, push->committed_us);
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
	struct list *node;
	uint32_t visits = 0;

	while (visits < visits_max && !list_empty(&fanout->run)) {
		struct outlet *outlet = LIST_OWNER(fanout->run.next, struct outlet, run);
		bool paced = outlet->branch && outlet->branch->tap.mode == LIVE_LATEST;

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
	while ((node = fanout->resting.next) != &fanout->resting &&
	       LIST_OWNER(node, struct branch, rest)->due_us <= end)
		branch_send_ready(LIST_OWNER(node, struct branch, rest));
	metric_add(&live_frames, fanout->frames);
	metric_add(&live_sends, fanout->sends);
	metric_add(&live_bytes, fanout->sent_bytes);
	fanout->frames = fanout->sends = fanout->sent_bytes = 0;
	if (!list_empty(&fanout->run))
		return end;
	return list_empty(&fanout->resting) ? INT64_MAX : LIST_OWNER(fanout->resting.next, struct branch, rest)->due_us;
}
