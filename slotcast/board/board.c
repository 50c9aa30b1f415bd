/*
 * The board: rows in, touches out. It holds the parts together and knows the order in which they hear of a change:
 *
 *   rows → keeper (catalog) and ledger (claims, sessions, holds) → touches → free bits, history → open topics
 * (topics.c)
 *
 * One thread (the projector's) owns all of it; only the shared catalog is read by others, under its lock.
 *
 * A transaction is applied whole before anything is told of it. Its touches are remembered with its number, and open
 * topics look again at what they touched; what nobody looks at costs nothing but its touch.
 */
#include "slotcast/board/board.h"

#include <stdlib.h>

#include "rowcast/base/check.h"
#include "slotcast/board/views.h"

struct board *board_create(const struct board_options *options)
{
	struct board *board = rc_xcalloc(1, sizeof(*board));

	board->touches.keep_us = options->keep_us;
	board->touches.keep_changes = options->keep_changes;
	board->touches.floor_us = board->oldest_us = INT64_MIN;
	board->rules = rules_create();
	board->catalog = keeper_build(&board->keeper, ++board->revision);
	rules_use(board->rules, board->catalog);
	list_init(&board->views);
	list_init(&board->changed);
	pthread_mutex_init(&board->shared_lock, NULL);
	return board;
}

static void places_forget(struct board *board)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&board->ledger.places, &cursor))) {
		struct place *place = entry->value;

		free_forget(place);
		touches_forget(place);
		free(place->views);
	}
}

void board_clear(struct board *board)
{
	views_forget(board);
	places_forget(board);
	free_pool_release(&board->pool);
	ledger_release(&board->ledger);
	touches_release(&board->touches);
	keeper_release(&board->keeper);
	board->oldest_us = INT64_MIN;
	board->ready = false;
}

void board_destroy(struct board *board)
{
	if (!board)
		return;
	rc_check(list_empty(&board->views));
	board_clear(board);
	free(board->places);
	rules_destroy(board->rules);
	catalog_drop(board->catalog);
	catalog_drop(board->shared);
	page_buffer_release(&board->page);
	page_buffer_release(&board->fresh);
	buf_release(&board->json);
	free(board->scratch);
	pthread_mutex_destroy(&board->shared_lock);
	free(board);
}

void board_share_catalog(struct board *board, struct catalog *catalog)
{
	struct catalog *old;

	catalog_acquire(catalog);
	pthread_mutex_lock(&board->shared_lock);
	old = board->shared;
	board->shared = catalog;
	pthread_mutex_unlock(&board->shared_lock);
	catalog_drop(old);
}

struct rc_position board_position(const struct board *board)
{
	return board->position;
}

struct catalog *board_catalog(const struct board *board)
{
	return board->catalog;
}

/* The catalog's rows changed: nothing that was derived from the old one holds. */
static void catalog_renew(struct board *board)
{
	struct catalog *old = board->catalog;
	struct map_entry *entry;
	size_t cursor = 0;

	board->catalog = keeper_build(&board->keeper, ++board->revision);
	rules_use(board->rules, board->catalog);
	while ((entry = map_next(&board->ledger.places, &cursor)))
		free_forget(entry->value);
	free_pool_release(&board->pool);
	free(board->places);
	board->places = rc_xcalloc(board->catalog->resource_count + 1, sizeof(*board->places));
	for (size_t i = 0; i < board->catalog->resource_count; i++)
		board->places[i] = ledger_place_make(&board->ledger, board->catalog->resources[i].id);
	board_share_catalog(board, board->catalog);
	catalog_drop(old);
}

static void change_apply(struct board *board, const struct rc_model *model, const void *old_row, const void *new_row)
{
	if (strcmp(model->table, claim_model.table) == 0)
		ledger_claim_change(&board->ledger, old_row, new_row);
	else if (strcmp(model->table, booking_model.table) == 0)
		ledger_booking_change(&board->ledger, old_row, new_row);
	else if (strcmp(model->table, session_model.table) == 0)
		ledger_session_change(&board->ledger, old_row, new_row);
	else
		(void)keeper_change(&board->keeper, model, old_row, new_row);
}

void board_row(void *arg, const struct rc_model *model, const void *row)
{
	struct board *board = arg;

	change_apply(board, model, NULL, row);
	ledger_touches_clear(&board->ledger);
}

/* ---- history before the snapshot ---- */

static void history_claim(struct board *board, const struct claim *row, uint64_t n)
{
	int64_t lo_us = row->lo, hi_us = row->hi;

	/* A claim on a session touches the slot at the session's start, whatever span somebody gave the claim. */
	if (!(row->nulls & CLAIM_NULL_SESSION_ID)) {
		const struct ledger_session *session = map_get(&board->ledger.sessions, MAP_KEY(row->session_id));

		if (session && session->known) {
			lo_us = session->starts_us;
			hi_us = session->ends_us;
		}
	}
	touches_add(&board->touches, ledger_place_make(&board->ledger, row->resource_id), n, lo_us, hi_us);
}

static void history_session(struct board *board, const struct rc_change *change, uint64_t n)
{
	const struct session *old_row = change->old_row, *new_row = change->new_row;

	if (old_row && (!new_row || old_row->starts_at != new_row->starts_at || old_row->ends_at != new_row->ends_at ||
			old_row->resource_id != new_row->resource_id || old_row->nulls != new_row->nulls))
		touches_break(ledger_place_make(&board->ledger, old_row->resource_id), n);
	if (new_row)
		touches_add(&board->touches, ledger_place_make(&board->ledger, new_row->resource_id), n,
			    new_row->starts_at, new_row->ends_at);
}

/* A hold that is extended after its end counts again: what it claims now was touched. (What it claimed then has touches
 * of its own.) */
static void history_booking(struct board *board, const struct rc_change *change, uint64_t n)
{
	const struct booking *row = change->new_row ? change->new_row : change->old_row;
	struct ledger_booking *booking = map_get(&board->ledger.bookings, MAP_KEY(row->id));

	if (!booking)
		return;
	LIST_EACH (node, &booking->claims) {
		const struct ledger_claim *claim = LIST_OWNER(node, struct ledger_claim, in_booking);
		const struct ledger_session *session = claim->session;

		touches_add(&board->touches, claim->place, n,
			    session && session->known ? session->starts_us : claim->lo_us,
			    session && session->known ? session->ends_us : claim->hi_us);
	}
}

void board_history(void *arg, const struct rc_txn *txn)
{
	struct board *board = arg;
	uint64_t n = txn->position.n;

	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct rc_change *change = &txn->changes[i];

		if (strcmp(change->model->table, claim_model.table) == 0) {
			if (change->old_row)
				history_claim(board, change->old_row, n);
			if (change->new_row)
				history_claim(board, change->new_row, n);
		} else if (strcmp(change->model->table, session_model.table) == 0) {
			history_session(board, change, n);
		} else if (strcmp(change->model->table, booking_model.table) == 0) {
			history_booking(board, change, n);
		} else {
			touches_raise_floor(&board->touches, n, txn->committed_us); /* another catalog: other slots */
		}
	}
	touches_mark(&board->touches, txn->position, txn->committed_us);
}

void board_oldest_time(struct board *board, int64_t committed_us)
{
	board->oldest_us = committed_us;
}

void board_ready(struct board *board, struct rc_position at, struct rc_position oldest, int64_t now_us)
{
	catalog_renew(board);
	board->position = at;
	touches_raise_floor(&board->touches, oldest.n, board->oldest_us);
	ledger_settle(&board->ledger, now_us);
	ledger_sweep(&board->ledger, now_us);
	ledger_touches_clear(&board->ledger);
	board->ready = true;
}

/* ---- changes ---- */

/* What the ledger touched: the bits of those times are read again, and open topics look at them. */
static void touches_carry(struct board *board, uint64_t n)
{
	for (size_t i = 0; i < board->ledger.touch_count; i++) {
		const struct ledger_touch *touch = &board->ledger.touches[i];

		free_stale(touch->place, touch->lo_us, touch->hi_us);
		views_touch(board, touch);
		if (n == 0)
			continue;
		touches_add(&board->touches, touch->place, n, touch->lo_us, touch->hi_us);
		if (touch->unlisted)
			touches_break(touch->place, n);
	}
	ledger_touches_clear(&board->ledger);
}

void board_advance(struct board *board, int64_t now_us)
{
	ledger_settle(&board->ledger, now_us);
	touches_carry(board, 0);
}

void board_apply(struct board *board, const struct rc_txn *txn, int64_t now_us)
{
	uint64_t n = txn->position.n;

	rc_check(board->ready);
	board_advance(board, now_us);
	for (uint32_t i = 0; i < txn->change_count; i++)
		change_apply(board, txn->changes[i].model, txn->changes[i].old_row, txn->changes[i].new_row);
	board->position = txn->position;
	touches_carry(board, n);
	touches_mark(&board->touches, txn->position, txn->committed_us);
	if (board->keeper.changed) {
		struct catalog *old = catalog_acquire(board->catalog); /* views point into it until they are renewed */

		touches_raise_floor(&board->touches, n, txn->committed_us);
		catalog_renew(board);
		views_renew(board, now_us);
		catalog_drop(old);
	}
	views_refresh(board, now_us);
}

bool board_tick(struct board *board, int64_t now_us)
{
	if (!board->ready)
		return false;
	board_advance(board, now_us);
	ledger_sweep(&board->ledger, now_us);
	return views_tick(board, now_us);
}

int64_t board_next_tick(const struct board *board)
{
	int64_t end_us = ledger_next_end(&board->ledger), view_us = views_next_tick(board);

	if (!list_empty(&board->changed))
		return 0; /* a read has seen holds end that the topics have not been told of */
	return end_us < view_us ? end_us : view_us;
}
