#include "rowcast/feed/mariadb/assemble.h"

#include <stdio.h>

#include "rowcast/feed/mariadb/query.h"

#define TXN_BYTES_MAX  ((size_t)1 << 30)
#define STATEMENT_ENDS 1 /* flag of rows */
#define MAPS_MAX       (sizeof(((struct assembler *)0)->maps) / sizeof(((struct assembler *)0)->maps[0]))

void maria_assembler_init(struct assembler *assembler, const struct images *images, uint32_t domain)
{
	*assembler = (struct assembler){.images = images, .domain = domain};
}

void maria_assembler_restart(struct assembler *assembler, bool n_known, uint64_t n)
{
	assembler->format = (struct event_format){0};
	assembler->n_known = n_known;
	assembler->n = n;
	assembler->rotated = false;
	assembler->state = ASSEMBLE_BETWEEN;
	assembler->map_count = 0;
	buf_clear(&assembler->txn.events);
}

void maria_assembler_release(struct assembler *assembler)
{
	buf_release(&assembler->txn.events);
	buf_release(&assembler->space);
}

static int broken(struct assembler *assembler, const char *why)
{
	if (why != assembler->why)
		snprintf(assembler->why, sizeof(assembler->why), "%s", why);
	return ASSEMBLED_BREAK;
}

static int corrupt(struct assembler *assembler, const char *why)
{
	if (why != assembler->why)
		snprintf(assembler->why, sizeof(assembler->why), "%s", why);
	return RC_CORRUPT;
}

static int take_gtid(struct assembler *assembler, const struct event *event)
{
	struct buf events = assembler->txn.events;
	uint8_t flags;

	buf_clear(&events);
	assembler->txn = (struct binlog_txn){.events = events, .at_s = event->at_s};
	assembler->map_count = 0;
	if (maria_event_gtid(event, &assembler->txn.gtid, &flags) != RC_OK)
		return corrupt(assembler, "a GTID event is too short");
	if (assembler->state != ASSEMBLE_BETWEEN)
		return corrupt(assembler, "a transaction begins inside another");
	if (assembler->txn.gtid.domain == assembler->domain) {
		if (assembler->n_known && assembler->txn.gtid.n <= assembler->n)
			return broken(assembler, "the binlog's numbers (GTID) do not grow");
		assembler->n = assembler->txn.gtid.n;
		assembler->n_known = true;
	}
	assembler->prepared = flags & GTID_PREPARED_XA;
	assembler->state = flags & GTID_STANDALONE ? ASSEMBLE_ALONE : ASSEMBLE_INSIDE;
	if (flags & GTID_COMPLETED_XA)
		return broken(assembler,
			      "a transaction was committed in two phases (XA), whose rows are not in the log here");
	return ASSEMBLED_NOTHING;
}

static int take_rotate(struct assembler *assembler, const struct event *event)
{
	assembler->rotated |= !(event->flags & EVENT_ARTIFICIAL);
	return ASSEMBLED_NOTHING;
}

/* A new file behind the one that was read to its end: what it says was before it must be what we have read. */
static int take_gtid_list(struct assembler *assembler, const struct event *event)
{
	struct gtid gtid = {0};
	int rc = maria_event_gtid_list(event, assembler->domain, &gtid);

	if (rc == RC_CORRUPT)
		return corrupt(assembler, "the list of GTIDs cannot be read");
	if (event->flags & EVENT_ARTIFICIAL || !assembler->n_known || !assembler->rotated)
		return ASSEMBLED_NOTHING;
	assembler->rotated = false;
	return gtid.n < assembler->n ? broken(assembler, "the binlog was begun anew (RESET MASTER)")
				     : ASSEMBLED_NOTHING;
}

static int end_group(struct assembler *assembler, bool committed)
{
	struct binlog_txn *txn = &assembler->txn;
	bool ours = txn->rows || txn->marked || txn->meta;

	assembler->state = ASSEMBLE_BETWEEN;
	assembler->map_count = 0;
	if (!committed || !ours)
		return ASSEMBLED_OTHERS;
	if (txn->gtid.domain != assembler->domain && txn->rows)
		return broken(assembler, "captured rows were changed in a GTID domain that is not the server's");
	return txn->gtid.domain == assembler->domain ? ASSEMBLED_TXN : ASSEMBLED_OTHERS;
}

static int take_query(struct assembler *assembler, const struct event *event)
{
	struct event_query query;

	if (maria_event_query(event, &assembler->space, &query) != RC_OK)
		return corrupt(assembler, "a statement cannot be read");
	switch (maria_query_judge(assembler->images, &query, assembler->why)) {
	case QUERY_BREAKS:
		if (assembler->state == ASSEMBLE_ALONE)
			assembler->state = ASSEMBLE_BETWEEN;
		return ASSEMBLED_BREAK;
	case QUERY_COMMIT:
		return end_group(assembler, true);
	case QUERY_ROLLBACK:
		return end_group(assembler, false);
	case QUERY_NOTHING:
		break;
	}
	return assembler->state == ASSEMBLE_ALONE ? end_group(assembler, true) : ASSEMBLED_NOTHING;
}

static bool too_large(const struct assembler *assembler, size_t more)
{
	return assembler->txn.events.len + more > TXN_BYTES_MAX;
}

static void keep(struct assembler *assembler, uint8_t type, const uint8_t *body, size_t len)
{
	uint32_t size = (uint32_t)len;

	buf_append_char(&assembler->txn.events, (char)type);
	buf_append(&assembler->txn.events, &size, sizeof(size));
	buf_append(&assembler->txn.events, body, len);
}

static int take_map(struct assembler *assembler, const struct event *event)
{
	uint64_t id;
	const struct image_table *table = maria_images_find(assembler->images, event->body, event->len, &id);
	uint32_t i = 0;

	while (i < assembler->map_count && assembler->maps[i].id != id)
		i++;
	if (!table) {
		if (i < assembler->map_count)
			assembler->maps[i].table = NULL;
		return ASSEMBLED_NOTHING;
	}
	if (i == MAPS_MAX)
		return broken(assembler, "one statement changed more captured tables than can be followed");
	assembler->maps[i].id = id;
	assembler->maps[i].table = table;
	assembler->map_count += i == assembler->map_count;
	keep(assembler, event->type, event->body, event->len);
	return ASSEMBLED_NOTHING;
}

/* The rows' head (table, width, which columns) is never compressed. */
static int keep_uncompressed(struct assembler *assembler, uint8_t type, const struct event *event)
{
	struct cursor cursor = {event->body, event->body + event->len, false};
	uint64_t width;

	maria_cursor_bytes(&cursor, 8);
	width = maria_cursor_lenenc(&cursor);
	if (width > 65536)
		return RC_CORRUPT;
	maria_cursor_bytes(&cursor, ((size_t)width + 7) / 8 * (type == EVENT_UPDATE_ROWS ? 2 : 1));
	if (cursor.bad)
		return RC_CORRUPT;
	buf_clear(&assembler->space);
	buf_append(&assembler->space, event->body, (size_t)(cursor.at - event->body));
	if (maria_event_uncompress(cursor.at, maria_cursor_left(&cursor), &assembler->space) != RC_OK)
		return RC_CORRUPT;
	keep(assembler, type, (const uint8_t *)assembler->space.data, assembler->space.len);
	return RC_OK;
}

static const struct image_table *table_of(const struct assembler *assembler, const struct event *event)
{
	struct cursor cursor = {event->body, event->body + event->len, false};
	uint64_t id = maria_cursor_int(&cursor, 6);

	for (uint32_t i = 0; i < assembler->map_count; i++) {
		if (assembler->maps[i].id == id)
			return assembler->maps[i].table;
	}
	return NULL;
}

static int take_rows(struct assembler *assembler, const struct event *event)
{
	const struct image_table *table = table_of(assembler, event);
	struct binlog_txn *txn = &assembler->txn;

	if (assembler->state == ASSEMBLE_BETWEEN)
		return corrupt(assembler, "rows stand outside of a transaction");
	if (event->len >= 8 && event->body[6] & STATEMENT_ENDS)
		assembler->map_count = 0;
	if (!table)
		return ASSEMBLED_NOTHING;
	if (too_large(assembler, event->len))
		return broken(assembler, "a transaction is larger than can be followed (1 GiB)");
	if (event->type < EVENT_WRITE_ROWS_COMPRESSED)
		keep(assembler, event->type, event->body, event->len);
	else if (keep_uncompressed(assembler, event->type - EVENT_WRITE_ROWS_COMPRESSED + EVENT_WRITE_ROWS, event) !=
		 RC_OK)
		return corrupt(assembler, "compressed rows cannot be read");
	if (table->model == &image_mark_model)
		txn->marked = true;
	else if (table->model == &image_meta_model)
		txn->meta = true;
	else
		txn->rows++;
	return ASSEMBLED_NOTHING;
}

static int take_xid(struct assembler *assembler, const struct event *event)
{
	return assembler->state == ASSEMBLE_BETWEEN ? corrupt(assembler, "a transaction ends that has not begun")
						    : end_group(assembler, true);
}

/* Its rows are not committed yet; their commit is a break. */
static int take_xa_prepare(struct assembler *assembler, const struct event *event)
{
	return end_group(assembler, !assembler->prepared);
}

static int take_incident(struct assembler *assembler, const struct event *event)
{
	return broken(assembler, "the server says that its binlog is incomplete (incident)");
}

static int take_load(struct assembler *assembler, const struct event *event)
{
	return broken(assembler,
		      "a session with binlog_format=STATEMENT loaded rows, which are then not in the binlog");
}

static int take_nothing(struct assembler *assembler, const struct event *event)
{
	return ASSEMBLED_NOTHING;
}

static int (*const takers[256])(struct assembler *assembler, const struct event *event) = {
	[EVENT_QUERY] = take_query,
	[EVENT_QUERY_COMPRESSED] = take_query,
	[EVENT_XID] = take_xid,
	[EVENT_XA_PREPARE] = take_xa_prepare,
	[EVENT_TABLE_MAP] = take_map,
	[EVENT_WRITE_ROWS] = take_rows,
	[EVENT_UPDATE_ROWS] = take_rows,
	[EVENT_DELETE_ROWS] = take_rows,
	[EVENT_WRITE_ROWS_COMPRESSED] = take_rows,
	[EVENT_UPDATE_ROWS_COMPRESSED] = take_rows,
	[EVENT_DELETE_ROWS_COMPRESSED] = take_rows,
	[EVENT_GTID] = take_gtid,
	[EVENT_GTID_LIST] = take_gtid_list,
	[EVENT_INCIDENT] = take_incident,
	[EVENT_BEGIN_LOAD] = take_load,
	[EVENT_EXECUTE_LOAD] = take_load,
	[EVENT_STOP] = take_nothing,
	[EVENT_ROTATE] = take_rotate,
	[EVENT_FORMAT] = take_nothing,
	[EVENT_INTVAR] = take_nothing,
	[EVENT_RAND] = take_nothing,
	[EVENT_USER_VAR] = take_nothing,
	[EVENT_HEARTBEAT] = take_nothing,
	[EVENT_ANNOTATE] = take_nothing,
	[EVENT_CHECKPOINT] = take_nothing,
	[EVENT_START_ENCRYPTION] = take_nothing,
};

int maria_assembler_take(struct assembler *assembler, const uint8_t *bytes, size_t len)
{
	struct event event;
	const char *why;

	if (maria_event_read(&assembler->format, bytes, len, &event, &why) != RC_OK)
		return corrupt(assembler, why);
	if (takers[event.type])
		return takers[event.type](assembler, &event);
	if (event.flags & EVENT_IGNORABLE)
		return ASSEMBLED_NOTHING;
	snprintf(assembler->why, sizeof(assembler->why), "the binlog has an event of kind %u, which is not known",
		 event.type);
	return ASSEMBLED_BREAK;
}

/* Rows of our own tables are no changes. */
static void sort_out(const struct image_changes *rows, struct rc_arena *arena, struct binlog_decoded *out)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rows->count; i++) {
		const struct rc_change *change = &rows->at[i];

		if (change->model == &image_mark_model && change->new_row) {
			const struct image_mark *mark = change->new_row;

			out->mark = (struct rc_mark){(uint64_t)mark->writer, (uint64_t)mark->n};
		} else if (change->model == &image_meta_model) {
			const struct image_meta *meta = change->new_row ? change->new_row : change->old_row;

			if (rc_str_is(meta->key, "epoch")) {
				out->epoch_touched = true;
				out->epoch = change->new_row ? meta->value : RC_STR_NONE;
			}
		} else if (change->model != &image_mark_model) {
			rows->at[kept++] = *change;
		}
	}
	out->changes = *rows;
	out->changes.count = kept;
}

int maria_binlog_decode(struct images *images, struct rc_str events, struct rc_arena *arena, struct binlog_decoded *out)
{
	struct cursor cursor = {(const uint8_t *)events.ptr, (const uint8_t *)events.ptr + events.len, false};
	struct image_changes rows = {0};
	int rc = RC_OK;

	*out = (struct binlog_decoded){0};
	*images->why = 0;
	maria_images_forget(images);
	while (rc == RC_OK && maria_cursor_left(&cursor) > 0) {
		uint8_t type = (uint8_t)maria_cursor_int(&cursor, 1);
		size_t len = (size_t)maria_cursor_int(&cursor, 4);
		const uint8_t *body = maria_cursor_bytes(&cursor, len);

		if (!body)
			rc = RC_CORRUPT;
		else if (type == EVENT_TABLE_MAP)
			rc = maria_images_map(images, body, len);
		else
			rc = maria_images_rows(images, type, body, len, arena, &rows);
	}
	if (rc == RC_CORRUPT && !*images->why)
		snprintf(images->why, sizeof(images->why), "a row in the binlog cannot be read");
	if (rc == RC_OK)
		sort_out(&rows, arena, out);
	return rc;
}
