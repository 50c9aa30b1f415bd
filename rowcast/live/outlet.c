/*
 * One outlet: a contiguous ring of ready frames and a dense array of who reads it. See fanout_impl.h for the picture.
 *
 * A sweep visits every seat once, in slices, round and round: a frame that comes while it is under way joins the ring
 * and makes the round longer, so whoever is visited later gets several frames in one send. Who has nothing to get costs
 * his seat, 16 bytes, and nothing else is touched; who has is known by his peer, and that is the connection's record.
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
	outlet->lobby = branch ? fanout_lobby(fanout, transport) : outlet;
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
	buf_release(&outlet->status);
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

		if (!seat->apart && seat->cursor < base)
			seat_lose(outlet, seat, (struct stand){outlet_position(outlet, seat, head), true},
				  seat->blocked);
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

/* Positions of their own are few and pass: they are kept beside. */
static void seat_set_apart(struct outlet *outlet, struct seat *seat, const struct stand *stand)
{
	struct stand *own = rc_xmalloc(sizeof(*own));

	*own = *stand;
	seat->cursor = (uintptr_t)own >> SEAT_STAND_SHIFT;
	seat->apart = 1;
	outlet->apart++;
}

uint32_t outlet_sit(struct outlet *outlet, struct peer *peer, const struct stand *apart)
{
	struct seat *seat;

	if (outlet->seat_count == outlet->seat_cap) {
		outlet->seat_cap = outlet->seat_cap ? outlet->seat_cap + outlet->seat_cap / 2 + 1 : 1;
		outlet->seats = rc_xrealloc(outlet->seats, outlet->seat_cap * sizeof(struct seat));
	}
	seat = &outlet->seats[outlet->seat_count++];
	*seat = (struct seat){.peer = peer, .cursor = outlet_head(outlet), .blocked = peer_rest(peer) != NULL};
	if (apart)
		seat_set_apart(outlet, seat, apart);
	go_round_again(outlet);
	return outlet->seat_count;
}

static void caught_up(struct outlet *outlet)
{
	if (--outlet->behind == 0)
		ring_empty(outlet);
}

void outlet_leave(struct outlet *outlet, uint32_t place)
{
	struct seat *seat = &outlet->seats[place - 1], *last = &outlet->seats[outlet->seat_count - 1];
	bool behind = !seat->apart && seat->cursor != outlet_head(outlet);

	rc_check(place > 0 && place <= outlet->seat_count);
	if (seat->apart)
		free(seat_stand(seat));
	outlet->apart -= seat->apart;
	outlet->untold -= seat->untold;
	if (seat != last) {
		seat_sub(outlet, last)->at = place;
		*seat = *last;
	}
	outlet->seat_count--;
	go_round_again(outlet);
	if (outlet->scan >= outlet->seat_count)
		outlet->scan = 0;
	if (behind)
		caught_up(outlet);
}

void outlet_rejoin(struct outlet *outlet, struct seat *seat)
{
	bool behind = !seat->apart && seat->cursor != outlet_head(outlet);

	if (seat->apart)
		free(seat_stand(seat));
	outlet->apart -= seat->apart;
	seat->apart = 0;
	seat->cursor = outlet_head(outlet);
	if (behind)
		caught_up(outlet);
}

/* ---- sending ---- */

static void seat_block(struct seat *seat)
{
	metric_add(&live_blocked, !seat->blocked);
	seat->blocked = 1;
}

/* Send the seat what is new in the ring. False: its stream is blocked. */
static bool visit_ring(struct outlet *outlet, struct seat *seat)
{
	struct ring *ring = &outlet->ring;
	uint64_t head = outlet_head(outlet);
	const char *from = ring->bytes.data + ring->start + (seat->cursor - ring->base);
	size_t len = head - seat->cursor, sent = outlet->transport->send(seat->peer, from, len);
	const struct mark *mark;

	outlet->fanout->sent_bytes += (int64_t)sent;
	outlet->fanout->sends++;
	if (sent == len) {
		seat->cursor = head;
		seat->blocked = 0;
		caught_up(outlet);
		return true;
	}
	seat_block(seat);
	if (sent == 0)
		return false;
	mark = ring_mark_behind(ring, seat->cursor + sent - 1);
	if (mark->end > seat->cursor + sent) /* a failure closes the stream, and its peer with it */
		(void)!outlet->transport->queue(seat->peer, from + sent, mark->end - seat->cursor - sent);
	seat->cursor = mark->end;
	if (seat->cursor == head)
		caught_up(outlet);
	return false;
}

static bool visit_status(struct outlet *outlet, struct seat *seat)
{
	const struct buf *frame = &outlet->lobby->status;
	size_t sent = outlet->transport->send(seat->peer, frame->data, frame->len);

	outlet->fanout->sent_bytes += (int64_t)sent;
	outlet->fanout->sends++;
	if (sent < frame->len)
		seat_block(seat);
	if (sent == 0)
		return false;
	if (sent < frame->len)
		(void)!outlet->transport->queue(seat->peer, frame->data + sent, frame->len - sent);
	seat->untold = 0;
	outlet->untold--;
	return !seat->blocked;
}

/* Send the seat everything that it has not. False: its stream is blocked. */
static bool visit(struct outlet *outlet, struct seat *seat)
{
	if (!seat->apart && seat->cursor != outlet_head(outlet) && !visit_ring(outlet, seat))
		return false;
	return !seat->untold || visit_status(outlet, seat);
}

static void begin_sweep(struct outlet *outlet)
{
	outlet->todo = outlet->seat_count;
	if (!list_idle(&outlet->run))
		return;
	list_push_back(&outlet->fanout->run, &outlet->run);
	if (outlet->branch)
		outlet->branch->sweeping++;
}

void outlet_tell_status(struct outlet *outlet)
{
	for (uint32_t i = 0; i < outlet->seat_count; i++) {
		struct seat *seat = &outlet->seats[i];

		outlet->untold += seat->lead & !seat->untold;
		outlet->fanout->frames += seat->lead;
		seat->untold = seat->lead;
	}
	if (outlet->untold > 0)
		begin_sweep(outlet);
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
	if (committed_us > 0 && outlet->oldest_us == 0)
		outlet->oldest_us = committed_us;
	fanout->frames += shared;
	begin_sweep(outlet);
	if (ring->bytes.len - ring->start > fanout->config.ring_bytes_max)
		ring_trim(outlet);
}

uint32_t outlet_sweep(struct outlet *outlet, uint32_t visits_max)
{
	uint32_t visits = 0;

	while (outlet->todo > 0 && outlet->behind + outlet->untold > 0 && visits < visits_max) {
		struct seat *seat;

		if (outlet->scan >= outlet->seat_count)
			outlet->scan = 0;
		seat = &outlet->seats[outlet->scan++];
		outlet->todo--;
		visits++;
		if (!seat->blocked)
			visit(outlet, seat);
	}
	if (outlet->behind + outlet->untold == 0)
		outlet->todo = 0;
	return visits;
}

bool outlet_resume(struct outlet *outlet, uint32_t place)
{
	struct seat *seat = &outlet->seats[place - 1];

	seat->blocked = 0;
	return visit(outlet, seat);
}
