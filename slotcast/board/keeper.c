/*
 * Copies of catalog rows by primary key. A copy is one block of memory: the row struct and behind it its texts, which
 * the descriptor finds; so one function serves every table.
 */
#include "slotcast/board/keeper.h"

#include <stdlib.h>

#include "rowcast/base/check.h"

struct kept {
	int64_t key[4];
	struct rc_str key_view;
	max_align_t row[];
};

static const struct rc_model *const models[KEEPER_TABLES] = {
	&venue_model, &resource_model,  &service_model,      &service_resource_model,
	&hours_model, &exception_model, &session_rule_model,
};

static bool is_text(enum rc_type type)
{
	return type == RC_TEXT || type == RC_JSON || type == RC_BYTES;
}

static struct kept *kept_create(const struct rc_model *model, const void *row)
{
	size_t text = 0;
	struct kept *kept;
	char *end;

	for (uint32_t i = 0; i < model->column_count; i++)
		if (is_text(model->columns[i].type))
			text += ((const struct rc_str *)((const char *)row + model->columns[i].offset))->len;
	kept = rc_xcalloc(1, sizeof(*kept) + model->row_bytes + text);
	memcpy(kept->row, row, model->row_bytes);
	end = (char *)kept->row + model->row_bytes;
	for (uint32_t i = 0; i < model->column_count; i++) {
		struct rc_str *s = (struct rc_str *)RC_FIELD(kept->row, &model->columns[i]);

		if (!is_text(model->columns[i].type) || s->len == 0)
			continue;
		memcpy(end, s->ptr, s->len);
		s->ptr = end;
		end += s->len;
	}
	return kept;
}

/* Keys of these tables are integers. */
static struct rc_str row_key(const struct rc_model *model, const void *row, int64_t key[4])
{
	for (uint32_t i = 0; i < model->key_count; i++) {
		const struct rc_column *column = &model->columns[model->key[i]];

		rc_check(column->type == RC_INT);
		memcpy(&key[i], (const char *)row + column->offset, sizeof(key[i]));
	}
	return (struct rc_str){(const char *)key, model->key_count * sizeof(key[0])};
}

bool keeper_change(struct keeper *keeper, const struct rc_model *model, const void *old_row, const void *new_row)
{
	int64_t key[4];
	size_t table = 0;

	while (table < KEEPER_TABLES && strcmp(models[table]->table, model->table) != 0)
		table++;
	if (table == KEEPER_TABLES)
		return false;
	if (old_row)
		free(map_remove(&keeper->tables[table], row_key(model, old_row, key)));
	if (new_row) {
		struct kept *kept = kept_create(model, new_row);

		kept->key_view = row_key(model, new_row, kept->key);
		free(map_remove(&keeper->tables[table], kept->key_view));
		map_put(&keeper->tables[table], kept->key_view, kept);
	}
	keeper->changed = true;
	return true;
}

struct catalog *keeper_build(struct keeper *keeper, uint64_t revision)
{
	struct catalog_rows rows = {0};
	struct catalog *catalog;
	const void **lists[KEEPER_TABLES];
	size_t counts[KEEPER_TABLES];

	for (size_t t = 0; t < KEEPER_TABLES; t++) {
		struct map_entry *entry;
		size_t cursor = 0;

		counts[t] = 0;
		lists[t] = rc_xcalloc(keeper->tables[t].count + 1, sizeof(*lists[t]));
		while ((entry = map_next(&keeper->tables[t], &cursor)))
			lists[t][counts[t]++] = ((struct kept *)entry->value)->row;
	}
	rows.venues = (const struct venue **)lists[0];
	rows.venue_count = counts[0];
	rows.resources = (const struct resource **)lists[1];
	rows.resource_count = counts[1];
	rows.services = (const struct service **)lists[2];
	rows.service_count = counts[2];
	rows.service_resources = (const struct service_resource **)lists[3];
	rows.service_resource_count = counts[3];
	rows.hours = (const struct hours **)lists[4];
	rows.hours_count = counts[4];
	rows.exceptions = (const struct exception **)lists[5];
	rows.exception_count = counts[5];
	rows.session_rules = (const struct session_rule **)lists[6];
	rows.session_rule_count = counts[6];
	catalog = catalog_build(&rows, revision);
	for (size_t t = 0; t < KEEPER_TABLES; t++)
		free(lists[t]);
	keeper->changed = false;
	return catalog;
}

void keeper_release(struct keeper *keeper)
{
	for (size_t t = 0; t < KEEPER_TABLES; t++) {
		struct map_entry *entry;
		size_t cursor = 0;

		while ((entry = map_next(&keeper->tables[t], &cursor)))
			free(entry->value);
		map_release(&keeper->tables[t]);
	}
	keeper->changed = false;
}
