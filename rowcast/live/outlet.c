/*
 * One outlet: a contiguous ring of ready frames and a dense array of who reads it. See fanout_impl.h for the picture.
 *
 * A sweep visits every seat once, in slices, round and round: a frame that comes while it is under way joins the ring
 * and makes the round longer, so whoever is visited later gets several frames in one send. Per visit only the seat and
 * the ring are touched; the subscription, the peer and the connection stay cold.
 *
 * The rest of a partly sent frame goes to the stream (transport->queue), so every cursor stands between two frames.
 *
 * Rejected: a queue per connection (memory grows with slowness), writev of separate frames (slower than one range).
 */
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"
#include "rowcast/live/fanout_impl.h"
#include "rowcast/live/metrics.h"

#define KEEP_BUFFER_SEATS 64 /* outlets with fewer give their empty ring's memory back */

struct outlet *outlet_create(struct fanout *fanout, struct branch *branch, const struct transport *transport,
			     struct rc_str id)
{
	struct buf text = BUF_INIT;
	struct json_out json;
	struct outlet *outlet;

	json_init(&json, &text);
	json_str(&json, id);
	outlet = rc_xcalloc(1, sizeof(*outlet) + id.len + text.len);
	outlet->fanout = fanout;
	outlet->branch = branch;
	outlet->transport = transport;
	outlet->id_len = id.len;
	if (id.len > 0)
		memcpy(outlet->id, id.ptr, id.len);
	memcpy(outlet->id + id.len, text.data, text.len);
	outlet->id_json = (struct rc_str){outlet->id + id.len, text.len};
	buf_release(&text);
	return outlet;
}

void outlet_destroy(struct outlet *outlet)
{
	rc_check(outlet->seat_count == 0);
	list_remove(&outlet->list);
	list_remove(&outlet->run);
	buf_release(&outlet->ring.bytes);
	free(outlet->ring.marks);
	free(outlet->seats);
	free(outlet);
}

/* ---- ring ---- */

uint64_t outlet_head(const struct outlet *outlet)
{
	return outlet->ring.base + (outlet->ring.bytes.len - outlet->ring.start);
}

/* Everybody has everything. */
static void ring_empty(struct outlet *outlet)
{
	struct ring *ring = &outlet->ring;

	if (ring->mark_count > 0)
		ring->base_position = ring->marks[ring->mark_count - 1].to;
	ring->base = outlet_head(outlet);
	ring->start = 0;
	ring->mark_count = 0;
	buf_clear(&ring->bytes);
	if (outlet->seat_count < KEEP_BUFFER_SEATS) {
		buf_release(&ring->bytes);
		free(ring->marks);
		ring->marks = NULL;
		ring->mark_cap = 0;
	}
}

/* First frame that ends behind `offset`. */
static const struct mark *ring_mark_behind(const struct ring *ring, uint64_t offset)
{
	size_t low = 0, high = ring->mark_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ring->marks[mid].end > offset)
			high = mid;
		else
			low = mid + 1;
	}
	rc_check(low < ring->mark_count);
	return &ring->marks[low];
}

static void ring_mark(struct ring *ring, uint64_t end, struct rc_position to)
{
	if (ring->mark_count == ring->mark_cap) {
		ring->mark_cap = ring->mark_cap ? ring->mark_cap * 2 : 4;
		ring->marks = rc_xrealloc(ring->marks, ring->mark_cap * sizeof(struct mark));
	}
	ring->marks[ring->mark_count++] = (struct mark){end, to};
}

struct rc_position outlet_position(const struct outlet *outlet, const struct seat *seat, struct rc_position head)
{
	const struct ring *ring = &outlet->ring;

	if (seat->cursor == outlet_head(outlet))
		return head;
	return seat->cursor > ring->base ? ring_mark_behind(ring, seat->cursor - 1)->to : ring->base_position;
}

/* Drop the older frames until at most half the ring is left; who stands there is lost and keeps only his position. */
static void ring_trim(struct outlet *outlet)
{
	struct ring *ring = &outlet->ring;
	size_t keep = outlet->fanout->config.ring_bytes_max / 2, dropped = 0;
	uint64_t base = ring->base;
	struct rc_position base_position = ring->base_position, head;

	while (dropped + 1 < ring->mark_count && outlet_head(outlet) - base > keep) {
		base = ring->marks[dropped].end;
		base_position = ring->marks[dropped].to;
		dropped++;
	}
	head = ring->marks[ring->mark_count - 1].to;
	for (uint32_t i = outlet->seat_count; i-- > 0;) {
		struct seat *seat = &outlet->seats[i];

		if (seat->apart || seat->cursor >= base)
			continue;
		if (outlet->branch)
			sub_lose(seat_sub(seat), outlet_position(outlet, seat, head), seat->blocked);
		else
			seat->cursor = base; /* an old status says nothing */
	}
	if (ring->mark_count == 0)
		return; /* the last one was lost, the ring is empty */
	ring->start += base - ring->base;
	ring->base = base;
	ring->base_position = base_position;
	ring->mark_count -= dropped;
	memmove(ring->marks, ring->marks + dropped, ring->mark_count * sizeof(struct mark));
	buf_consume(&ring->bytes, ring->start);
	ring->start = 0;
}

/* ---- seats ---- */

/* Seats have moved or been added under a sweep, so it could miss one: another round, which costs no needless sends. */
static void go_round_again(struct outlet *outlet)
{
	if (outlet->todo > 0)
		outlet->todo = outlet->seat_count;
}

void outlet_sit(struct outlet *outlet, void *stream, uint32_t *place, bool apart)
{
	if (outlet->seat_count == outlet->seat_cap) {
		outlet->seat_cap = outlet->seat_cap ? outlet->seat_cap + outlet->seat_cap / 2 + 1 : 1;
		outlet->seats = rc_xrealloc(outlet->seats, outlet->seat_cap * sizeof(struct seat));
	}
	outlet->seats[outlet->seat_count] = (struct seat){
		.stream = stream, .place = place, .cursor = outlet_head(outlet), .apart = apart};
	*place = ++outlet->seat_count;
	outlet->apart += apart;
	go_round_again(outlet);
}

static void caught_up(struct outlet *outlet)
{
	if (--outlet->behind == 0)
		ring_empty(outlet);
}

void outlet_leave(struct outlet *outlet, uint32_t place)
{
	struct seat *seat = &outlet->seats[place - 1], *last = &outlet->seats[outlet->seat_count - 1];
	bool apart = seat->apart, behind = !apart && seat->cursor != outlet_head(outlet);

	rc_check(place > 0 && place <= outlet->seat_count);
	*seat->place = 0;
	if (seat != last) {
		*seat = *last;
		*seat->place = place;
	}
	outlet->seat_count--;
	outlet->apart -= apart;
	go_round_again(outlet);
	if (outlet->scan >= outlet->seat_count)
		outlet->scan = 0;
	if (behind)
		caught_up(outlet);
}

void outlet_rejoin(struct outlet *outlet, struct seat *seat)
{
	bool behind = !seat->apart && seat->cursor != outlet_head(outlet);

	outlet->apart -= seat->apart;
	seat->apart = 0;
	seat->cursor = outlet_head(outlet);
	if (behind)
		caught_up(outlet);
}

/* ---- sending ---- */

/* Send the seat everything new. False: its stream is blocked. */
static bool visit(struct outlet *outlet, struct seat *seat)
{
	struct ring *ring = &outlet->ring;
	uint64_t head = outlet_head(outlet);
	const char *from = ring->bytes.data + ring->start + (seat->cursor - ring->base);
	size_t len = head - seat->cursor, sent = outlet->transport->send(seat->stream, from, len);
	const struct mark *mark;

	outlet->fanout->sent_bytes += (int64_t)sent;
	outlet->fanout->sends++;
	if (sent == len) {
		seat->cursor = head;
		seat->blocked = 0;
		caught_up(outlet);
		return true;
	}
	metric_add(&live_blocked, !seat->blocked);
	seat->blocked = 1;
	if (sent == 0)
		return false;
	mark = ring_mark_behind(ring, seat->cursor + sent - 1);
	if (mark->end > seat->cursor + sent) /* a failure closes the stream, and its peer with it */
		(void)!outlet->transport->queue(seat->stream, from + sent, mark->end - seat->cursor - sent);
	seat->cursor = mark->end;
	if (seat->cursor == head)
		caught_up(outlet);
	return false;
}

void outlet_append(struct outlet *outlet, struct rc_position from, struct rc_position to, int64_t committed_us)
{
	struct fanout *fanout = outlet->fanout;
	struct ring *ring = &outlet->ring;
	uint32_t shared = outlet->seat_count - outlet->apart;

	if (shared == 0)
		return;
	if (ring->mark_count == 0)
		ring->base_position = from;
	buf_append(&ring->bytes, fanout->scratch.data, fanout->scratch.len);
	ring_mark(ring, outlet_head(outlet), to);
	outlet->behind = shared;
	outlet->todo = outlet->seat_count;
	if (committed_us > 0 && outlet->oldest_us == 0)
		outlet->oldest_us = committed_us;
	fanout->frames += shared;
	if (list_idle(&outlet->run)) {
		list_push_back(&fanout->run, &outlet->run);
		if (outlet->branch)
			outlet->branch->sweeping++;
	}
	if (ring->bytes.len - ring->start > fanout->config.ring_bytes_max)
		ring_trim(outlet);
}

uint32_t outlet_sweep(struct outlet *outlet, uint32_t visits_max)
{
	uint32_t visits = 0;

	while (outlet->todo > 0 && outlet->behind > 0 && visits < visits_max) {
		struct seat *seat;

		if (outlet->scan >= outlet->seat_count)
			outlet->scan = 0;
		seat = &outlet->seats[outlet->scan++];
		outlet->todo--;
		visits++;
		if (!seat->apart && !seat->blocked && seat->cursor != outlet_head(outlet))
			visit(outlet, seat);
	}
	if (outlet->behind == 0)
		outlet->todo = 0;
	return visits;
}

bool outlet_resume(struct outlet *outlet, uint32_t place)
{
	const struct ring *ring = &outlet->ring;
	struct seat *seat = &outlet->seats[place - 1];

	seat->blocked = 0;
	/* Of status only the newest says anything. */
	if (!outlet->branch && ring->mark_count > 1 && seat->cursor < ring->marks[ring->mark_count - 2].end)
		seat->cursor = ring->marks[ring->mark_count - 2].end;
	if (seat->apart || seat->cursor == outlet_head(outlet))
		return true;
	return visit(outlet, seat);
}
