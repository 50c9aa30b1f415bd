#include "rowcast/feed/postgres/tuple.h"

#include <stdio.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/value.h"

static struct rc_str skip(struct rc_str s, size_t count)
{
	return (struct rc_str){s.ptr + count, s.len - count};
}

/* TupleData at the front of *rest: one cell for each column of the relation. */
static int take_tuple(struct rc_str *rest, const struct pgoutput_relation *relation, struct pgoutput_cell *cells)
{
	uint32_t length;

	if (rest->len < 2 || pgf_be16(rest->ptr) != relation->column_count)
		return RC_CORRUPT;
	*rest = skip(*rest, 2);
	for (uint32_t i = 0; i < relation->column_count; i++) {
		if (rest->len < 1)
			return RC_CORRUPT;
		cells[i] = (struct pgoutput_cell){.kind = *rest->ptr};
		*rest = skip(*rest, 1);
		switch (cells[i].kind) {
		case 'n':
		case 'u':
			break;
		case 't':
		case 'b':
			if (rest->len < 4)
				return RC_CORRUPT;
			length = pgf_be32(rest->ptr);
			if (length > rest->len - 4)
				return RC_CORRUPT;
			cells[i].value = (struct rc_str){rest->ptr + 4, length};
			*rest = skip(*rest, 4 + (size_t)length);
			break;
		default:
			return RC_CORRUPT;
		}
	}
	return RC_OK;
}

/* What cannot be held by our type is NULL: one bad value must not stop the feed. */
static void *decode_row(const struct pgoutput_relation *relation, const struct pgoutput_cell *cells,
			struct rc_arena *arena)
{
	const struct rc_model *model = relation->model;
	char *row = rc_arena_zalloc(arena, model->row_bytes);
	uint64_t nulls = relation->missing;

	for (uint32_t i = 0; i < relation->column_count; i++) {
		const struct pgoutput_column *column = &relation->columns[i];
		const struct rc_column *to;

		if (column->at < 0)
			continue;
		to = &model->columns[column->at];
		if (cells[i].kind == 'n') {
			nulls |= UINT64_C(1) << column->at;
		} else if (pgf_value_read(column->oid, cells[i].kind == 'b', cells[i].value, to->type, arena,
					  row + to->offset) != RC_OK) {
			nulls |= UINT64_C(1) << column->at;
			log_event(LOG_WARN, "feed-value",
				  "a stored value cannot be held by the program's type and is read as NULL",
				  LOG_S("table", model->table), LOG_S("column", to->name));
		}
	}
	*(uint64_t *)(void *)row = nulls;
	return row;
}

static int gap(struct pgoutput *decoder, const char *why)
{
	snprintf(decoder->gap, sizeof(decoder->gap), "%s", why);
	return RC_GONE;
}

/* Values that were not sent again are those of the old row. */
static int fill_unchanged(struct pgoutput *decoder, const struct pgoutput_relation *relation, bool old)
{
	for (uint32_t i = 0; i < relation->column_count; i++) {
		if (decoder->new_cells[i].kind != 'u')
			continue;
		if (!old || decoder->old_cells[i].kind == 'u')
			return RC_GONE;
		decoder->new_cells[i] = decoder->old_cells[i];
	}
	return RC_OK;
}

/* Both tuples into the decoder's cells. *old: there was an old one, and whole. */
static int read_tuples(struct pgoutput *decoder, const struct pgoutput_relation *relation, struct rc_str rest,
		       char kind, bool *old)
{
	char tag = 0;

	*old = false;
	if (rest.len < 1)
		return RC_CORRUPT;
	tag = *rest.ptr;
	if (kind != 'I' && (tag == 'O' || tag == 'K')) {
		rest = skip(rest, 1);
		if (take_tuple(&rest, relation, decoder->old_cells) != RC_OK)
			return RC_CORRUPT;
		*old = tag == 'O';
		tag = rest.len > 0 ? *rest.ptr : 0;
	} else if (kind == 'D') {
		return RC_CORRUPT;
	}
	if (kind != 'D') {
		if (tag != 'N')
			return RC_CORRUPT;
		rest = skip(rest, 1);
		if (take_tuple(&rest, relation, decoder->new_cells) != RC_OK)
			return RC_CORRUPT;
	}
	return rest.len == 0 ? RC_OK : RC_CORRUPT;
}

int pgoutput_row_read(struct pgoutput *decoder, struct rc_str message, struct rc_arena *arena, struct rc_change *out)
{
	const struct pgoutput_relation *relation;
	char kind = *message.ptr;
	bool old;

	if (message.len < 5)
		return RC_CORRUPT;
	relation = pgoutput_relation_find(decoder, pgf_be32(message.ptr + 1));
	if (!relation)
		return RC_CORRUPT;
	if (!relation->model || !arena)
		return 0;
	if (*relation->unfit)
		return gap(decoder, relation->unfit);
	if (read_tuples(decoder, relation, skip(message, 5), kind, &old) != RC_OK)
		return RC_CORRUPT;
	if (kind != 'I' && !old)
		return gap(decoder, "an old row was not sent whole: REPLICA IDENTITY was not FULL");
	if (kind != 'D' && fill_unchanged(decoder, relation, old) != RC_OK)
		return gap(decoder, "an unchanged value was sent nowhere");
	*out = (struct rc_change){.model = relation->model,
				  .op = kind == 'I'   ? RC_INSERT
					: kind == 'U' ? RC_UPDATE
						      : RC_DELETE};
	if (kind != 'I')
		out->old_row = decode_row(relation, decoder->old_cells, arena);
	if (kind != 'D')
		out->new_row = decode_row(relation, decoder->new_cells, arena);
	return PGOUTPUT_CHANGE;
}
