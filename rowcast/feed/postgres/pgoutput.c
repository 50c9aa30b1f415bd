/* Frames and relations; tuple.c has the rows. */
#include "rowcast/feed/postgres/pgoutput.h"

#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/tuple.h"
#include "rowcast/feed/postgres/value.h"

#define MARK_BYTES 16

void pgoutput_init(struct pgoutput *decoder, const struct rc_schema *schema, const char *space)
{
	*decoder = (struct pgoutput){.schema = schema, .space = space ? rc_xstrdup(space) : NULL};
	decoder->old_cells = rc_xcalloc(PGOUTPUT_COLUMNS_MAX, sizeof(*decoder->old_cells));
	decoder->new_cells = rc_xcalloc(PGOUTPUT_COLUMNS_MAX, sizeof(*decoder->new_cells));
}

void pgoutput_restart(struct pgoutput *decoder)
{
	for (size_t i = 0; i < decoder->relation_count; i++)
		free(decoder->relations[i]);
	decoder->relation_count = 0;
	decoder->last = NULL;
}

void pgoutput_release(struct pgoutput *decoder)
{
	pgoutput_restart(decoder);
	free(decoder->relations);
	free(decoder->space);
	free(decoder->old_cells);
	free(decoder->new_cells);
	*decoder = (struct pgoutput){0};
}

int pgoutput_begin_read(struct rc_str message, struct pgoutput_begin *out)
{
	if (message.len != 21 || *message.ptr != 'B')
		return RC_CORRUPT;
	*out = (struct pgoutput_begin){
		.final_lsn = pgf_be64(message.ptr + 1),
		.at_us = (int64_t)(pgf_be64(message.ptr + 9) + PGF_EPOCH_US),
		.xid = pgf_be32(message.ptr + 17),
	};
	return RC_OK;
}

int pgoutput_commit_read(struct rc_str message, struct pgoutput_commit *out)
{
	if (message.len != 26 || *message.ptr != 'C')
		return RC_CORRUPT;
	*out = (struct pgoutput_commit){
		.lsn = pgf_be64(message.ptr + 2),
		.end_lsn = pgf_be64(message.ptr + 10),
		.at_us = (int64_t)(pgf_be64(message.ptr + 18) + PGF_EPOCH_US),
	};
	return RC_OK;
}

int pgoutput_message_read(struct rc_str message, struct pgoutput_message *out)
{
	struct rc_str prefix, content;
	size_t length;

	*out = (struct pgoutput_message){0};
	if (message.len < 11 || *message.ptr != 'M')
		return RC_CORRUPT;
	out->transactional = message.ptr[1] & 1;
	prefix = (struct rc_str){message.ptr + 10, 0};
	length = strnlen(prefix.ptr, message.len - 10);
	if (10 + length + 1 + 4 > message.len)
		return RC_CORRUPT;
	prefix.len = length;
	content = (struct rc_str){prefix.ptr + length + 5, message.len - 10 - length - 5};
	if (content.len != pgf_be32(content.ptr - 4))
		return RC_CORRUPT;
	out->ours = rc_str_is(prefix, "rowcast");
	if (out->ours && content.len == MARK_BYTES) {
		out->marked = true;
		out->mark = (struct rc_mark){.writer = pgf_be64(content.ptr), .n = pgf_be64(content.ptr + 8)};
	}
	return RC_OK;
}

struct pgoutput_relation *pgoutput_relation_find(struct pgoutput *decoder, uint32_t id)
{
	if (decoder->last && decoder->last->id == id)
		return decoder->last;
	for (size_t i = 0; i < decoder->relation_count; i++) {
		if (decoder->relations[i]->id == id)
			return decoder->last = decoder->relations[i];
	}
	return NULL;
}

static void relation_put(struct pgoutput *decoder, struct pgoutput_relation *relation)
{
	decoder->last = NULL;
	for (size_t i = 0; i < decoder->relation_count; i++) {
		if (decoder->relations[i]->id == relation->id) {
			free(decoder->relations[i]);
			decoder->relations[i] = relation;
			return;
		}
	}
	decoder->relations = rc_xrealloc(decoder->relations,
					 sizeof(struct pgoutput_relation *) * (decoder->relation_count + 1));
	decoder->relations[decoder->relation_count++] = relation;
}

static const struct rc_model *find_model(const struct pgoutput *decoder, struct rc_str space, struct rc_str table)
{
	if (decoder->space && !rc_str_is(space, decoder->space))
		return NULL;
	for (uint32_t i = 0; i < decoder->schema->model_count; i++) {
		const struct rc_model *model = decoder->schema->models[i];

		if (model->captured && rc_str_is(table, model->table))
			return model;
	}
	return NULL;
}

static int32_t find_column(const struct rc_model *model, struct rc_str name)
{
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (rc_str_is(name, model->columns[i].name))
			return (int32_t)i;
	}
	return -1;
}

/* A NUL-terminated string at the front. */
static int take_string(struct rc_str *rest, struct rc_str *out)
{
	size_t length = strnlen(rest->ptr, rest->len);

	if (length == rest->len)
		return RC_CORRUPT;
	*out = (struct rc_str){rest->ptr, length};
	*rest = (struct rc_str){rest->ptr + length + 1, rest->len - length - 1};
	return RC_OK;
}

/* What the relation's columns mean for the model; the first reason against it is kept. */
static void relation_judge(struct pgoutput_relation *relation, uint64_t there)
{
	const struct rc_model *model = relation->model;

	if (relation->identity != 'f')
		snprintf(relation->unfit, sizeof(relation->unfit), "REPLICA IDENTITY of table %s is not FULL any more",
			 model->table);
	for (uint32_t i = 0; i < model->column_count; i++) {
		const struct rc_column *column = &model->columns[i];

		if (there >> i & 1)
			continue;
		if (column->flags & RC_COLUMN_KEY) {
			snprintf(relation->unfit, sizeof(relation->unfit), "key column %s.%s is not there any more",
				 model->table, column->name);
			return;
		}
		log_event(LOG_WARN, "feed-shape", "a column of the program is not in the database; its values are NULL",
			  LOG_S("table", model->table), LOG_S("column", column->name));
	}
	relation->missing = ~there & (model->column_count < 64 ? (UINT64_C(1) << model->column_count) - 1 : UINT64_MAX);
}

static int read_columns(struct pgoutput_relation *relation, struct rc_str rest)
{
	uint64_t there = 0;

	for (uint32_t i = 0; i < relation->column_count; i++) {
		struct pgoutput_column *column = &relation->columns[i];
		struct rc_str name;

		if (rest.len < 1)
			return RC_CORRUPT;
		rest = (struct rc_str){rest.ptr + 1, rest.len - 1}; /* flags: part of the replica identity */
		if (take_string(&rest, &name) != RC_OK || rest.len < 8)
			return RC_CORRUPT;
		column->oid = pgf_be32(rest.ptr);
		rest = (struct rc_str){rest.ptr + 8, rest.len - 8};
		column->at = relation->model ? find_column(relation->model, name) : -1;
		if (column->at < 0)
			continue;
		there |= UINT64_C(1) << column->at;
		if (!pgf_type_fits(column->oid, relation->model->columns[column->at].type))
			snprintf(relation->unfit, sizeof(relation->unfit),
				 "column %s.%s has another type than the program's", relation->model->table,
				 relation->model->columns[column->at].name);
	}
	if (rest.len > 0)
		return RC_CORRUPT;
	if (relation->model)
		relation_judge(relation, there);
	return RC_OK;
}

static int relation_read(struct pgoutput *decoder, struct rc_str message)
{
	struct pgoutput_relation *relation;
	struct rc_str rest, space, name;
	uint32_t id, count;

	if (message.len < 5)
		return RC_CORRUPT;
	id = pgf_be32(message.ptr + 1);
	rest = (struct rc_str){message.ptr + 5, message.len - 5};
	if (take_string(&rest, &space) != RC_OK || take_string(&rest, &name) != RC_OK || rest.len < 3)
		return RC_CORRUPT;
	count = pgf_be16(rest.ptr + 1);
	if (count > PGOUTPUT_COLUMNS_MAX)
		return RC_CORRUPT;
	relation = rc_xcalloc(1, sizeof(*relation) + count * sizeof(*relation->columns));
	relation->id = id;
	relation->identity = *rest.ptr;
	relation->column_count = count;
	relation->model = find_model(decoder, space, name);
	if (read_columns(relation, (struct rc_str){rest.ptr + 3, rest.len - 3}) != RC_OK) {
		free(relation);
		return RC_CORRUPT;
	}
	relation_put(decoder, relation);
	return RC_OK;
}

static int truncate_read(struct pgoutput *decoder, struct rc_str message)
{
	uint32_t count;

	if (message.len < 6)
		return RC_CORRUPT;
	count = pgf_be32(message.ptr + 1);
	if ((message.len - 6) / 4 != count || (message.len - 6) % 4 != 0)
		return RC_CORRUPT;
	for (uint32_t i = 0; i < count; i++) {
		const struct pgoutput_relation *relation = pgoutput_relation_find(
			decoder, pgf_be32(message.ptr + 6 + (size_t)4 * i));

		if (relation && relation->model) {
			snprintf(decoder->gap, sizeof(decoder->gap), "table %s was truncated", relation->model->table);
			return RC_GONE;
		}
	}
	return RC_OK;
}

int pgoutput_change(struct pgoutput *decoder, struct rc_str message, struct rc_arena *arena, struct rc_change *out)
{
	switch (pgoutput_kind(message)) {
	case 'R':
		return relation_read(decoder, message);
	case 'I':
	case 'U':
	case 'D':
		return pgoutput_row_read(decoder, message, arena, out);
	case 'T':
		return arena ? truncate_read(decoder, message) : RC_OK;
	case 'O': /* origin */
	case 'Y': /* a type's name */
	case 'M':
		return RC_OK;
	default:
		return RC_CORRUPT;
	}
}
