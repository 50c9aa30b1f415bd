/*
 * Long-poll: a subscription that lives for one answer. Its peer collects objects instead of sending them; at the end of
 * the turn the list is the reply.
 *
 * What time alone changed has no position of its own, so a poller who comes from the present position is told it again
 * each time. Answered at once he would spin; so such an answer waits: one second while the change is young (he may have
 * missed it between two polls), else until the end of his wait. A change that comes while he waits is told at once.
 * He who sends back what Rowcast-Seen told him last, as `seen`, is not told again: then nothing new is a 204. It is the
 * instant of the last such change, and compared for equality only, so a clock that is set back hides nothing.
 *
 * Caching (RFC 9111): the question is all that an answer depends on, so a crowd that waits behind a cache costs one poll.
 * An answer may be kept when it leads on to another question: nobody is given it twice, and what it tells stays true for
 * whoever asks from there. A position that moves does that. Where it does not, Rowcast-Seen counts the turns, for those
 * who send it back; who does not would spin on a kept answer, so his is not kept. A proxy's lock hands on only what it may
 * keep, so without turns a quiet crowd would come through one by one (docs/decisions/0029-polls-behind-a-cache.md).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/base/metric.h"
#include "rowcast/io/clock.h"
#include "rowcast/server/live_private.h"

#define TIMED_YOUNG_US 90000000
#define TIMED_WAIT_US  1000000
#define CACHE_STEP     "public, max-age=5" /* leads from one question to the next */
#define CACHE_PRESENT  "public, max-age=1, must-revalidate"

struct poll {
	struct peer peer;
	struct endpoint *endpoint;
	struct http_request *req;
	struct list list; /* endpoint->polls or ->polls_ready */
	struct timer timer;
	int64_t end_us; /* monotonic */
	bool has_seen;
	int64_t seen_us, seen_turn; /* what the client has been told of time's changes */
	int64_t timed_us;           /* what he has been told now */
	struct buf objects;         /* "{…},{…}," */
	bool joined, ended;         /* ended: answered already, only to be freed */
	bool has_after;
	struct rc_position after;
};

static struct metric poll_subscribers = METRIC_GAUGE("rowcast_live_subscribers", "Subscriptions open",
						     "transport=\"poll\"");

void live_poll_register(void)
{
	metric_register(&poll_subscribers);
}

static void poll_ready(struct poll *poll)
{
	list_remove(&poll->list);
	list_push_back(&poll->endpoint->polls_ready, &poll->list);
}

/* ---- transport ---- */

static size_t poll_before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	return 0;
}

/* Objects come whole or in pieces; what arrives after the join, or before its end, goes out at the end of the turn. */
static size_t poll_send(struct peer *peer, const void *bytes, size_t len)
{
	struct poll *poll = LIST_OWNER(peer, struct poll, peer);

	buf_append(&poll->objects, bytes, len);
	if (poll->joined && !poll->ended)
		poll_ready(poll);
	return len;
}

static int poll_queue(struct peer *peer, const void *bytes, size_t len)
{
	rc_check(!"a poll takes everything");
	return RC_LIMIT;
}

static void poll_expired(struct timer *timer)
{
	poll_ready(LIST_OWNER(timer, struct poll, timer));
}

static void poll_joined(struct peer *peer, bool timed, int64_t changed_us)
{
	struct poll *poll = LIST_OWNER(peer, struct poll, peer);
	int64_t due_us = poll->end_us;

	poll->joined = true;
	poll->timed_us = changed_us;
	if (timed && changed_us == poll->seen_us) {
		buf_clear(&poll->objects);
		timed = false;
	}
	if (poll->objects.len > 0 && !timed) {
		poll_ready(poll);
		return;
	}
	if (timed && clock_wall_us() - changed_us < TIMED_YOUNG_US &&
	    loop_now_us(poll->endpoint->loop) + TIMED_WAIT_US < due_us)
		due_us = loop_now_us(poll->endpoint->loop) + TIMED_WAIT_US;
	timer_start(poll->endpoint->loop, &poll->timer, due_us, poll_expired);
}

static void poll_failed(struct peer *peer, struct rc_str id, const struct rc_fault *fault)
{
	struct poll *poll = LIST_OWNER(peer, struct poll, peer);
	struct http_problem problem = live_problem(fault, NULL, 400);

	http_problem(poll->req, &problem);
	poll->ended = true;
	poll_ready(poll);
}

static const struct transport long_poll = {.name = "poll",
					   .subscribers = &poll_subscribers,
					   .before = poll_before,
					   .after = {",", 1},
					   .send = poll_send,
					   .queue = poll_queue,
					   .joined = poll_joined,
					   .failed = poll_failed};

/* ---- answers ---- */

static void poll_free(struct poll *poll)
{
	timer_stop(poll->endpoint->loop, &poll->timer);
	peer_close(&poll->peer);
	list_remove(&poll->list);
	buf_release(&poll->objects);
	free(poll);
}

/* Nothing new, or only what time has changed: the client's next question is from the same position. */
static bool stays(const struct poll *poll)
{
	char still[128], after[RC_POSITION_TEXT_MAX];

	if (!poll->has_after || poll->objects.len == 0)
		return poll->has_after;
	rc_position_format(poll->after, after);
	snprintf(still, sizeof(still), "{\"type\":\"delta\",\"from\":\"%s\",\"to\":\"%s\"", after, after);
	return rc_str_starts(buf_str(&poll->objects), rc_str_from(still));
}

static void reply_headers(struct poll *poll)
{
	bool same = stays(poll), delta = rc_str_starts(buf_str(&poll->objects), RC_STR("{\"type\":\"delta\","));
	const char *cache = same && !poll->has_seen ? "no-store" : same || delta ? CACHE_STEP : CACHE_PRESENT;
	int64_t turn = same && poll->has_seen ? poll->seen_turn + 1 : 0;
	char seen[48];

	snprintf(seen, sizeof(seen), "%" PRId64 ".%" PRId64, poll->timed_us, turn);
	http_reply_header(poll->req, "Rowcast-Seen", rc_str_from(seen));
	http_reply_header(poll->req, "Cache-Control", rc_str_from(cache));
}

/* Without Rowcast-Seen, so not the end of a turn: the server leaves. */
static void reply_leaving(struct http_request *req)
{
	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	http_reply(req, 204, NULL, RC_STR_NONE);
}

static void poll_reply(struct poll *poll)
{
	struct buf list = BUF_INIT;

	poll->ended = true;
	if (poll->objects.len == 0 && poll->endpoint->draining) {
		reply_leaving(poll->req);
		return;
	}
	reply_headers(poll);
	if (poll->objects.len == 0) {
		http_reply(poll->req, 204, NULL, RC_STR_NONE);
		return;
	}
	buf_append_char(&list, '[');
	buf_append(&list, poll->objects.data, poll->objects.len - 1);
	buf_append_char(&list, ']');
	http_reply(poll->req, 200, "application/json", buf_str(&list));
	buf_release(&list);
}

void polls_answer(struct endpoint *endpoint)
{
	while (!list_empty(&endpoint->polls_ready)) {
		struct poll *poll = LIST_OWNER(endpoint->polls_ready.next, struct poll, list);

		if (!poll->ended)
			poll_reply(poll);
		poll_free(poll);
	}
}

void polls_drain(struct endpoint *endpoint)
{
	LIST_EACH_SAFE (node, &endpoint->polls)
		poll_ready(LIST_OWNER(node, struct poll, list));
	polls_answer(endpoint);
}

void polls_free(struct endpoint *endpoint)
{
	LIST_EACH_SAFE (node, &endpoint->polls)
		poll_free(LIST_OWNER(node, struct poll, list));
	LIST_EACH_SAFE (ready, &endpoint->polls_ready)
		poll_free(LIST_OWNER(ready, struct poll, list));
}

void live_poll(struct http_request *req, void *arg)
{
	struct endpoint *endpoint = arg;
	struct wanted wanted = {.subscription.id = RC_STR("")};
	struct rc_fault fault = {0};
	const char *field = NULL;
	json_t *params = NULL;
	struct poll *poll;

	if (wanted_from_query(req, RC_STR_NONE, &params, &field, &fault) ||
	    wanted_read(endpoint->live, params, &wanted, &field, &fault)) {
		struct http_problem problem = live_problem(&fault, field, 400);

		http_problem(req, &problem);
	} else if (endpoint->draining) {
		free(wanted.subscription.shape);
		reply_leaving(req);
	} else {
		poll = rc_xcalloc(1, sizeof(*poll));
		poll->endpoint = endpoint;
		poll->req = req;
		poll->end_us = loop_now_us(endpoint->loop) + wanted.wait_us;
		poll->has_seen = wanted.has_seen;
		poll->seen_us = wanted.seen_us;
		poll->seen_turn = wanted.seen_turn;
		poll->has_after = wanted.subscription.has_after;
		poll->after = wanted.subscription.after;
		wanted.subscription.rate = RATE_ANY; /* how often he asks is a poller's own to choose */
		list_push_back(&endpoint->polls, &poll->list);
		peer_open(endpoint->fanout, &poll->peer, &long_poll);
		peer_subscribe(&poll->peer, &wanted.subscription);
	}
	json_decref(params);
	wanted_release(&wanted);
}
