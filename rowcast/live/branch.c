/*
 * Branches: a topic on one reactor, in one mode and at one rate. A crowd is divided into branches of at most
 * branch_subs_max subscribers, so that in mode `latest` each gets merged deltas at its own pace while the reactor goes
 * round.
 *
 * Pace: as long as sweeps of mode `latest` take less than their share of the reactor's time, the next delta is asked
 * for at once; beyond it the branch rests, at most PERIOD_MAX_US from its last delta on. Idle time is credited up to
 * BURST_US, so nothing waits on a server that is not busy. Figures: docs/decisions/0012-cursors-rings-recency.md.
 *
 * Rate: a branch whose subscribers wish for one rests at least its interval, from the end of a sweep on, so between two
 * deltas of any of them lies at least that. See outlet_delta for those who do not read in time.
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/live/fanout_impl.h"

#define PERIOD_MAX_US 80000

#define KEY_EVERY     'e'
#define KEY_LATEST    'l' /* + rate */

static void branch_key(struct buf *out, struct rc_str name, enum live_mode mode, uint8_t rate)
{
	buf_append_char(out, mode == LIVE_EVERY ? KEY_EVERY : (char)(KEY_LATEST + rate));
	buf_append_str(out, name);
}

static struct branch *branch_create(struct fanout *fanout, const struct topic_source *source, struct rc_str key,
				    enum live_mode mode, uint8_t rate)
{
	struct branch *branch = rc_xcalloc(1, sizeof(*branch) + key.len + 1);

	memcpy(branch->name, key.ptr, key.len);
	branch->key = (struct rc_str){branch->name, key.len};
	branch->fanout = fanout;
	branch->source = source;
	branch->tap.branch = branch;
	branch->tap.reactor = fanout->config.reactor;
	branch->tap.mode = mode;
	branch->rate = rate;
	list_init(&branch->outlets);
	list_push_back(&fanout->all_branches, &branch->all);
	return branch;
}

struct branch *branch_find(struct fanout *fanout, const struct topic_source *source, struct rc_str name,
			   enum live_mode mode, uint8_t rate)
{
	struct buf key = BUF_INIT;
	struct branch *first, *branch;

	rc_check(rate == RATE_ANY || (mode == LIVE_LATEST && rate <= RATE_SLOWEST));
	branch_key(&key, name, mode, rate);
	first = map_get(&fanout->branches, buf_str(&key));
	for (branch = first; branch && branch->sub_count >= fanout->config.branch_subs_max; branch = branch->kin)
		;
	if (!branch) {
		branch = branch_create(fanout, source, buf_str(&key), mode, rate);
		if (first) {
			branch->kin = first->kin;
			first->kin = branch;
		} else {
			map_put(&fanout->branches, branch->key, branch);
		}
	}
	buf_release(&key);
	return branch;
}

void branch_unlink(struct branch *branch)
{
	struct branch *at = map_get(&branch->fanout->branches, branch->key);

	if (at == branch) {
		map_remove(&branch->fanout->branches, branch->key);
		if (branch->kin)
			map_put(&branch->fanout->branches, branch->kin->key, branch->kin);
	} else {
		while (at && at->kin != branch)
			at = at->kin;
		if (at)
			at->kin = branch->kin;
	}
	branch->kin = NULL;
}

void branch_leave(struct branch *branch)
{
	const struct carrier *carrier = &branch->fanout->config.carrier;

	rc_check(branch->sub_count == 0 && list_empty(&branch->outlets));
	if (!branch->closed)
		branch_unlink(branch);
	branch->leaving = true;
	list_remove(&branch->rest);
	branch->leave = (struct leave){
		.parcel.arrive = hub_leave_arrive, .hub = branch->fanout->config.hub, .tap = &branch->tap};
	carrier->to_hub(carrier->arg, &branch->leave.parcel);
}

static void branch_free(struct branch *branch)
{
	list_remove(&branch->all);
	free(branch);
}

void branch_abandon(struct branch *branch)
{
	LIST_EACH_SAFE (node, &branch->outlets)
		outlet_destroy(LIST_OWNER(node, struct outlet, list));
	list_remove(&branch->rest);
	branch_free(branch);
}

void fanout_leave_arrive(struct parcel *parcel)
{
	branch_free(LIST_OWNER(parcel, struct branch, leave.parcel));
}

void branch_send_ready(struct branch *branch)
{
	const struct carrier *carrier = &branch->fanout->config.carrier;

	list_remove(&branch->rest);
	branch->owes_ready = false;
	branch->ready = (struct ready){
		.parcel.arrive = hub_ready_arrive, .hub = branch->fanout->config.hub, .tap = &branch->tap};
	carrier->to_hub(carrier->arg, &branch->ready.parcel);
}

void branch_rest(struct branch *branch)
{
	struct fanout *fanout = branch->fanout;
	int64_t now = fanout->config.mono_us(), due = fanout->paid_us;
	struct list *resting = &fanout->resting[branch->rate], *place = resting->prev;

	if (!list_idle(&branch->rest)) /* what was swept now is a status, which came while it rests */
		return;
	branch->free_us = now + rate_interval_us(branch->rate);
	if (due > branch->pushed_us + PERIOD_MAX_US)
		due = branch->pushed_us + PERIOD_MAX_US;
	if (due < branch->free_us)
		due = branch->free_us;
	if (due <= now) {
		branch_send_ready(branch);
		return;
	}
	branch->due_us = due;
	while (place != resting && LIST_OWNER(place, struct branch, rest)->due_us > due)
		place = place->prev;
	list_insert_after(place, &branch->rest);
}

int64_t branches_awake(struct fanout *fanout, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t rate = RATE_ANY; rate <= RATE_SLOWEST; rate++) {
		struct list *resting = &fanout->resting[rate];

		while (!list_empty(resting) && LIST_OWNER(resting->next, struct branch, rest)->due_us <= now)
			branch_send_ready(LIST_OWNER(resting->next, struct branch, rest));
		if (!list_empty(resting) && LIST_OWNER(resting->next, struct branch, rest)->due_us < next)
			next = LIST_OWNER(resting->next, struct branch, rest)->due_us;
	}
	return next;
}
