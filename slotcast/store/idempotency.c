/*
 * One outcome per idempotency key (RFC draft-ietf-httpapi-idempotency-key-header): looked up in the train, written in
 * the same transaction as what it tells about, so both are durable or neither.
 *
 * Between the first look and the row a key is "in flight": an entry of the map on the writer thread, owned by the
 * request that came first. A refusal whose body needs the board (alternatives) keeps its key in flight until its
 * STORE_REMEMBER has written the row; it is the same request object, so its pointer is the proof of ownership. A
 * remember that never comes frees the key after FLIGHT_MAX_US.
 *
 * Rejected: a row "pending" in the table (a write and an fsync more per request, and a lock after a crash).
 */
#include <stdlib.h>

#include "rowcast/io/clock.h"
#include "slotcast/store/train.h"

#define FLIGHT_MAX_US (INT64_C(60) * 1000000)

struct flight {
	struct rc_str name; /* scope NUL key, behind this struct */
	const struct store_request *owner;
	int64_t begun_us;
};

static struct rc_str flight_name(const struct store_request *request, struct rc_arena *arena)
{
	size_t len = request->idem_scope.len + 1 + request->idem_key.len;
	char *name = rc_arena_alloc(arena, len);

	memcpy(name, request->idem_scope.ptr, request->idem_scope.len);
	name[request->idem_scope.len] = '\0';
	memcpy(name + request->idem_scope.len + 1, request->idem_key.ptr, request->idem_key.len);
	return (struct rc_str){name, len};
}

static void flight_add(struct store *store, struct rc_str name, const struct store_request *owner)
{
	struct flight *flight = rc_xmalloc(sizeof(*flight) + name.len);
	char *copy = (char *)(flight + 1);

	memcpy(copy, name.ptr, name.len);
	*flight = (struct flight){.name = {copy, name.len}, .owner = owner, .begun_us = clock_mono_us()};
	map_put(&store->in_flight, flight->name, flight);
}

/* A row that is kept: the first answer again, or a refusal when the payload is another one. */
static int look_up(struct decision *decision, bool *decided)
{
	struct store_request *request = decision->request;
	struct idempotency *row;
	int err = yard_key(decision->yard, request->idem_scope, request->idem_key, &row);

	if (err || !row)
		return err;
	if (row->expires_at <= decision->now_us) {
		YARD_PUSH(&decision->yard->keys_over, *row);
		return 0;
	}
	*decided = true;
	if (!rc_str_eq(row->fingerprint, request->idem_fingerprint)) {
		request->result = STORE_KEY_MISMATCH;
		return 0;
	}
	request->result = STORE_REPLAYED;
	request->replay_status = row->status;
	request->replay_body = rc_arena_copy(request->arena, row->response);
	return 0;
}

int flight_begin(struct decision *decision, bool *decided)
{
	struct store_request *request = decision->request;
	struct rc_str name;
	struct flight *flight;
	int err;

	*decided = false;
	if (!request->idem_key.len)
		return 0;
	name = flight_name(request, decision->arena);
	flight = map_get(&decision->store->in_flight, name);
	if (flight && flight->owner != request) {
		request->result = STORE_IN_FLIGHT;
		*decided = true;
		return 0;
	}
	err = look_up(decision, decided);
	if (!err && !*decided && !flight)
		flight_add(decision->store, name, request);
	return err;
}

void flight_keep(struct decision *decision, int64_t status, struct rc_str body)
{
	struct store_request *request = decision->request;
	const struct idempotency row = {
		.scope = request->idem_scope,
		.key = request->idem_key,
		.fingerprint = request->idem_fingerprint,
		.status = status,
		.response = rc_arena_copy(decision->arena, body),
		.expires_at = decision->now_us + decision->store->options.idempotency_keep_us,
	};

	YARD_PUSH(&decision->yard->keys_new, row);
}

void flight_end(struct store *store, struct store_request *request)
{
	struct rc_str name;
	struct flight *flight;

	if (!request->idem_key.len)
		return;
	name = flight_name(request, &store->arena);
	flight = map_get(&store->in_flight, name);
	if (!flight || flight->owner != request)
		return;
	map_remove(&store->in_flight, name);
	free(flight);
}

void flights_prune(struct store *store)
{
	struct map_entry *entry;
	struct flight *old = NULL;
	int64_t now_us = clock_mono_us();

	do {
		size_t cursor = 0;

		old = NULL;
		while (!old && (entry = map_next(&store->in_flight, &cursor))) {
			struct flight *flight = entry->value;

			if (now_us - flight->begun_us > FLIGHT_MAX_US)
				old = flight;
		}
		if (old) {
			map_remove(&store->in_flight, old->name);
			free(old);
		}
	} while (old);
}

void flights_release(struct store *store)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&store->in_flight, &cursor)))
		free(entry->value);
	map_release(&store->in_flight);
}
