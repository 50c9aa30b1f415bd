/*
 * What the decisions of a train will ask for, asked beforehand and together: on a server each question costs a round
 * trip. What is missed here is asked later, one by one; so this may be wrong about what is needed, never about what is
 * true.
 *
 *   keys → bookings by reference → services and resources locked, in id order → the bookings again, locked, and their
 * customers → ended holds (expired at once) → sessions → claims around the wishes
 */
#include <stdlib.h>

#include "rowcast/base/buf.h"
#include "slotcast/store/train.h"

#define KEYS_MAX   128  /* constants in one statement */
#define IN_MAX     512  /* values of one IN */
#define WISHES_MAX 4096 /* beyond them claims are read when they are asked for */

struct gather {
	struct store *store;
	struct yard *yard;
	struct store_request *const *requests;
	size_t count;
	YARD_LIST(struct rc_value) refs;
	YARD_LIST(int64_t) bookings;  /* ids, as found by reference */
	YARD_LIST(int64_t) services;  /* whose waitlists are joined */
	YARD_LIST(int64_t) resources; /* sorted, each once, once they are locked */
	YARD_LIST(int64_t) starts;    /* of sessions */
	YARD_LIST(struct yard_wish) wishes;
};

static const char *const key_row[RC_DIALECTS] = {
	[RC_SQLITE] = "SELECT ? AS scope, ? AS name",
	[RC_MARIADB] =
		"SELECT CAST(? AS CHAR) COLLATE utf8mb4_bin AS scope, CAST(? AS CHAR) COLLATE utf8mb4_bin AS name",
};

/*
 * PostgreSQL plans a statement of many constants each time: two arrays. LATERAL and OFFSET 0: one index look-up a key, also
 * by a plan that was kept from when the table was empty; as a plain join that one reads the whole table.
 */
static int read_key_arrays(struct yard *yard, const struct rc_value *names, size_t count, struct rc_rows *rows)
{
	static const char sql[] =
		"SELECT idempotency.* FROM unnest(CAST(CAST(? AS text) AS text[]), CAST(CAST(? AS text)"
		" AS text[])) AS wish (scope, name) CROSS JOIN LATERAL (SELECT * FROM idempotency"
		" WHERE scope = wish.scope AND key = wish.name OFFSET 0) AS idempotency";
	struct rc_value arrays[2];
	struct buf text = BUF_INIT;

	for (size_t column = 0; column < 2; column++) {
		for (size_t i = 0; i < count; i++)
			yard_array_add(&text, names[2 * i + column].text);
		arrays[column] = yard_array_take(&text, yard->arena);
	}
	buf_release(&text);
	return rc_sql_rows(yard->tx, yard->arena, sql, arrays, 2, &idempotency_model, rows);
}

static int read_key_constants(struct yard *yard, const struct rc_value *names, size_t count, struct rc_rows *rows)
{
	const char *row = key_row[rc_db_dialect(rc_tx_db(yard->tx))];
	struct buf sql = BUF_INIT;
	int err;

	buf_printf(&sql, "SELECT idempotency.* FROM (%s", row);
	for (size_t i = 1; i < count; i++)
		buf_printf(&sql, " UNION ALL %s", row);
	buf_append_str(&sql, RC_STR(") AS wish CROSS JOIN idempotency WHERE idempotency.scope = wish.scope"
				    " AND idempotency.key = wish.name"));
	err = rc_sql_rows(yard->tx, yard->arena, buf_cstr(&sql), names, 2 * count, &idempotency_model, rows);
	buf_release(&sql);
	return err;
}

static int read_keys(struct gather *gather, const struct rc_value *names, size_t count)
{
	struct yard *yard = gather->yard;
	bool arrays = rc_db_dialect(rc_tx_db(yard->tx)) == RC_POSTGRES;
	struct rc_rows rows = {0};
	int err = arrays ? read_key_arrays(yard, names, count, &rows) : read_key_constants(yard, names, count, &rows);

	for (size_t i = 0; !err && i < rows.count; i++) {
		struct idempotency *found = rows.at[i];

		yard_put_key(yard, found->scope, found->key, found);
	}
	for (size_t i = 0; !err && i < count; i++)
		yard_put_key(yard, names[2 * i].text, names[2 * i + 1].text, NULL);
	return err;
}

static int gather_keys(struct gather *gather)
{
	struct rc_value *names = RC_ARENA_ARRAY(gather->yard->arena, struct rc_value, 2 * KEYS_MAX);
	size_t named = 0;
	int err = 0;

	for (size_t i = 0; !err && i <= gather->count; i++) {
		size_t padded = 1;

		if (i < gather->count && gather->requests[i]->idem_key.len) {
			names[2 * named] = RC_TEXT_VALUE(gather->requests[i]->idem_scope);
			names[2 * named++ + 1] = RC_TEXT_VALUE(gather->requests[i]->idem_key);
		}
		if (!named || (named < KEYS_MAX && i < gather->count))
			continue;
		while (padded < named) /* few texts are prepared: a power of two, the last one said again */
			padded *= 2;
		for (size_t j = named; j < padded; j++)
			memcpy(&names[2 * j], &names[2 * (named - 1)], 2 * sizeof(*names));
		err = read_keys(gather, names, padded);
		named = 0;
	}
	return err;
}

/* SELECT … FROM model WHERE column IN (values), IN_MAX at a time; `each` is handed the rows. */
struct wanted {
	const struct rc_model *model;
	uint32_t column, order;
	enum rc_lock lock;
	void (*each)(struct gather *gather, void *row);
};

static int read_in(struct gather *gather, const struct wanted *wanted, const struct rc_value *values, size_t count)
{
	int err = 0;

	for (size_t at = 0; !err && at < count; at += IN_MAX) {
		struct rc_query *query = rc_query_new(gather->yard->tx, gather->yard->arena, wanted->model);
		struct rc_rows rows;

		rc_query_in(query, wanted->column, values + at, count - at < IN_MAX ? count - at : IN_MAX);
		rc_query_order(query, wanted->order, false);
		rc_query_lock(query, wanted->lock, RC_WAIT);
		err = rc_query_rows(query, &rows);
		for (size_t i = 0; !err && wanted->each && i < rows.count; i++)
			wanted->each(gather, rows.at[i]);
	}
	return err;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sorted and each once. */
static size_t unique(int64_t *ids, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (!kept || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	return kept;
}

static struct rc_value *int_values(struct gather *gather, const int64_t *ids, size_t count, bool times)
{
	struct rc_value *values = RC_ARENA_ARRAY(gather->yard->arena, struct rc_value, count + 1);

	for (size_t i = 0; i < count; i++)
		values[i] = times ? RC_TIME_VALUE(ids[i]) : RC_INT_VALUE(ids[i]);
	return values;
}

/* Bookings */

static void note_booking(struct gather *gather, void *row)
{
	const struct booking *booking = row;

	YARD_PUSH(&gather->bookings, booking->id);
	YARD_PUSH(&gather->resources, booking->resource_id);
}

static void put_booking(struct gather *gather, void *row)
{
	yard_put_booking(gather->yard, row);
}

static void put_customer(struct gather *gather, void *row)
{
	const struct customer *customer = row;

	for (size_t i = 0; i < gather->bookings.count; i++) {
		struct yard_booking *booking = map_get(&gather->yard->bookings, MAP_KEY(gather->bookings.at[i]));

		if (booking && booking->row.customer_id == customer->id) {
			booking->who = row;
			booking->who_known = true;
		}
	}
}

static int find_bookings(struct gather *gather)
{
	static const struct wanted by_ref = {&booking_model, BOOKING_COL_REF, BOOKING_COL_ID, RC_NO_LOCK, note_booking};

	for (size_t i = 0; i < gather->count; i++)
		if (gather->requests[i]->ref.len)
			YARD_PUSH(&gather->refs, RC_TEXT_VALUE(gather->requests[i]->ref));
	return read_in(gather, &by_ref, gather->refs.at, gather->refs.count);
}

static int lock_bookings(struct gather *gather)
{
	static const struct wanted by_id = {&booking_model, BOOKING_COL_ID, BOOKING_COL_ID, RC_FOR_NO_KEY_UPDATE,
					    put_booking};
	static const struct wanted who = {&customer_model, CUSTOMER_COL_ID, CUSTOMER_COL_ID, RC_NO_LOCK, put_customer};
	YARD_LIST(int64_t) customers = {0};
	size_t count = gather->bookings.count = unique(gather->bookings.at, gather->bookings.count);
	int err = read_in(gather, &by_id, int_values(gather, gather->bookings.at, count, false), count);

	for (size_t i = 0; !err && i < count; i++) {
		const struct yard_booking *booking = map_get(&gather->yard->bookings, MAP_KEY(gather->bookings.at[i]));

		if (booking && booking->row.customer_id)
			YARD_PUSH(&customers, booking->row.customer_id);
	}
	count = unique(customers.at, customers.count);
	if (!err)
		err = read_in(gather, &who, int_values(gather, customers.at, count, false), count);
	free(customers.at);
	return err;
}

/* Where the requests may go */

static void note_places(struct gather *gather, int64_t service_id, int64_t resource_id)
{
	const struct catalog_service *service = catalog_service(rules_catalog(gather->store->rules), service_id);

	for (size_t i = 0; service && i < service->resource_count; i++)
		if (!resource_id || service->resources[i]->id == resource_id)
			YARD_PUSH(&gather->resources, service->resources[i]->id);
}

static void note_resources(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		const struct store_request *request = gather->requests[i];

		if (request->action == STORE_HOLD || request->action == STORE_BOOK)
			note_places(gather, request->service_id, request->resource_id);
		else if (request->action == STORE_RESCHEDULE && request->resource_id)
			YARD_PUSH(&gather->resources, request->resource_id);
		else if (request->action == STORE_WAITLIST)
			YARD_PUSH(&gather->services, request->service_id);
	}
}

static void mark_locked(struct gather *gather, void *row)
{
	yard_lot(gather->yard, ((const struct resource *)row)->id)->locked = true;
}

static int lock_places(struct gather *gather)
{
	static const struct wanted services = {&service_model, SERVICE_COL_ID, SERVICE_COL_ID, RC_FOR_NO_KEY_UPDATE,
					       NULL};
	static const struct wanted resources = {&resource_model, RESOURCE_COL_ID, RESOURCE_COL_ID, RC_FOR_NO_KEY_UPDATE,
						mark_locked};
	size_t count = unique(gather->services.at, gather->services.count);
	int err = read_in(gather, &services, int_values(gather, gather->services.at, count, false), count);

	count = gather->resources.count = unique(gather->resources.at, gather->resources.count);
	return err ? err : read_in(gather, &resources, int_values(gather, gather->resources.at, count, false), count);
}

/* The holds of all these resources whose end has come; from here on they hold nothing. */
static int expire_ended(struct gather *gather)
{
	struct yard *yard = gather->yard;
	size_t count = gather->resources.count;
	const struct rc_value *ids = int_values(gather, gather->resources.at, count, false);
	int err = 0;

	for (size_t at = 0; !err && at < count; at += IN_MAX) {
		struct rc_query *query = rc_query_new(yard->tx, yard->arena, &booking_model);
		struct rc_rows rows;

		rc_query_where(query, BOOKING_COL_STATE, RC_EQ, RC_TEXT_VALUE(RC_STR("held")));
		rc_query_where(query, BOOKING_COL_HOLD_EXPIRES_AT, RC_LE, RC_TIME_VALUE(yard->now_us));
		rc_query_in(query, BOOKING_COL_RESOURCE_ID, ids + at, count - at < IN_MAX ? count - at : IN_MAX);
		err = rc_query_rows(query, &rows);
		for (size_t i = 0; !err && i < rows.count; i++)
			err = yard_expire(yard, yard_put_booking(yard, rows.at[i]));
	}
	for (size_t i = 0; !err && i < count; i++)
		yard_lot(yard, gather->resources.at[i])->entered = true;
	return !err && yard->expired ? yard_write(yard) : err;
}

/* Wishes */

static void note_wish(struct gather *gather, const struct wish *wish)
{
	const struct catalog_service *service = catalog_service(rules_catalog(gather->store->rules), wish->service_id);

	if (!service || !rules_in_window(service, wish->start_us, gather->yard->now_us))
		return;
	for (size_t i = 0; i < service->resource_count; i++) {
		const struct catalog_resource *resource = service->resources[i];
		struct yard_wish around = {.lot = yard_lot(gather->yard, resource->id), .lanes = resource->capacity};

		if ((wish->resource_id && resource->id != wish->resource_id) || !around.lot->locked)
			continue;
		if (resource->kind == KIND_SESSION) {
			YARD_PUSH(&gather->starts, wish->start_us);
		} else if (gather->wishes.count < WISHES_MAX) {
			place_span(service, wish, &around.lo, &around.hi);
			YARD_PUSH(&gather->wishes, around);
		}
	}
}

static void note_wishes(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		const struct store_request *request = gather->requests[i];
		const struct yard_booking *booking = request->ref.len ? map_get(&gather->yard->refs, request->ref)
								      : NULL;
		struct wish wish;

		if (request->action == STORE_HOLD || request->action == STORE_BOOK)
			wish = wish_of_request(request);
		else if (booking && request->action == STORE_RESCHEDULE)
			wish = wish_to_move(request, booking);
		else if (booking && request->action == STORE_CONFIRM &&
			 !hold_lives(&booking->row, gather->yard->now_us))
			wish = wish_again(booking);
		else
			continue;
		note_wish(gather, &wish);
	}
}

static int compare_wishes(const void *a, const void *b)
{
	const struct yard_wish *x = a, *y = b;

	if (x->lot->resource_id != y->lot->resource_id)
		return x->lot->resource_id < y->lot->resource_id ? -1 : 1;
	return x->lo != y->lo ? (x->lo < y->lo ? -1 : 1) : (x->hi > y->hi) - (x->hi < y->hi);
}

static int read_claims(struct gather *gather)
{
	struct yard_wish *wishes = gather->wishes.at;
	size_t kept = 0;

	if (gather->wishes.count)
		qsort(wishes, gather->wishes.count, sizeof(*wishes), compare_wishes);
	for (size_t i = 0; i < gather->wishes.count; i++)
		if (!kept || compare_wishes(&wishes[kept - 1], &wishes[i]))
			wishes[kept++] = wishes[i];
	return kept ? yard_read_around(gather->yard, wishes, kept) : 0;
}

/* Of all these resources at all these instants: a few more than are wanted, and where there is none, that is known. */
static int read_sessions(struct gather *gather)
{
	struct yard *yard = gather->yard;
	size_t starts = unique(gather->starts.at, gather->starts.count);
	const struct rc_value *at = int_values(gather, gather->starts.at, starts, true);
	const struct rc_value *ids = int_values(gather, gather->resources.at, gather->resources.count, false);
	struct rc_query *query;
	struct rc_rows rows;
	int err;

	if (!starts || starts > IN_MAX / 2 || gather->resources.count > IN_MAX / 2)
		return 0;
	query = rc_query_new(yard->tx, yard->arena, &session_model);
	rc_query_in(query, SESSION_COL_RESOURCE_ID, ids, gather->resources.count);
	rc_query_in(query, SESSION_COL_STARTS_AT, at, starts);
	err = rc_query_rows(query, &rows);
	for (size_t i = 0; !err && i < rows.count; i++) {
		const struct session *row = rows.at[i];

		yard_put_session(yard, yard_lot(yard, row->resource_id), row, row->starts_at);
	}
	return err;
}

static void release(struct gather *gather)
{
	free(gather->refs.at);
	free(gather->bookings.at);
	free(gather->services.at);
	free(gather->resources.at);
	free(gather->starts.at);
	free(gather->wishes.at);
}

int gather(struct store *store, struct store_request *const *requests, size_t count)
{
	struct gather gather = {.store = store, .yard = &store->yard, .requests = requests, .count = count};
	int err = gather_keys(&gather);

	if (!err)
		err = find_bookings(&gather);
	note_resources(&gather);
	if (!err)
		err = lock_places(&gather);
	if (!err)
		err = lock_bookings(&gather);
	if (!err)
		err = expire_ended(&gather);
	if (!err)
		note_wishes(&gather);
	if (!err)
		err = read_sessions(&gather);
	if (!err)
		err = read_claims(&gather);
	release(&gather);
	return err;
}
