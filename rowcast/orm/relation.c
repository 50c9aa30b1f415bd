/*
 * Relations: for the rows of a list, the rows of another table that they point to, or that point to them.
 *
 * The distinct keys of the list become one IN list, the answer is sorted into groups by the same keys, and each row of the
 * list knows the number of its group. So one row that many point to is read once and shared, and a row is reached without
 * a search. Keys of several columns ask for each column's values and compare the whole key here: the answer may hold
 * rows that nobody asked for, never the other way round.
 *
 * Nothing is ever loaded by being looked at: rc_related_one of what was not asked for stops the process, at the first run
 * of a wrong program, instead of hiding a query in a loop.
 */
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

#define KEYS_AT_ONCE                                                                                                   \
	512 /* half of RC_QUERY_VALUES_MAX: an IN list is padded to a power of two, and the scope needs room */

struct loading {
	const struct rc_relation *relation;
	struct rc_arena *arena;
	struct rc_related *out;
	struct buf scratch;
	struct map groups;           /* key → group number + 1 */
	const struct rc_value *keys; /* of group g: keys[g * column_count …] */
	uint32_t group_count;
	struct rc_rows rows; /* all that were read */
	uint32_t *row_group;
};

/* The key as bytes, in `scratch`; false: a part of it is NULL. */
static bool key_bytes(struct buf *scratch, const struct rc_model *model, const uint32_t *columns, uint32_t count,
		      const void *row, struct rc_value *values)
{
	buf_clear(scratch);
	for (uint32_t i = 0; i < count; i++) {
		const struct rc_value value = rc_row_value(model, row, columns[i]);

		values[i] = value;
		if (value.type == RC_TYPE_NONE)
			return false;
		if (value.type == RC_TEXT || value.type == RC_BYTES || value.type == RC_JSON) {
			buf_append(scratch, &value.text.len, sizeof(value.text.len));
			buf_append_str(scratch, value.text);
		} else if (value.type == RC_UUID) {
			buf_append(scratch, &value.uuid, sizeof(value.uuid));
		} else if (value.type == RC_BOOL) {
			buf_append(scratch, &value.boolean, sizeof(value.boolean));
		} else if (value.type == RC_DOUBLE) {
			buf_append(scratch, &value.real, sizeof(value.real));
		} else {
			buf_append(scratch, &value.integer, sizeof(value.integer));
		}
	}
	return true;
}

/* Numbers each distinct key of the list. */
static void number_keys(struct loading *loading, void *const *rows, size_t count)
{
	const struct rc_relation *relation = loading->relation;
	uint32_t columns = relation->column_count;
	struct rc_value *keys = RC_ARENA_ARRAY(loading->arena, struct rc_value, count * columns + 1);

	loading->out->group = RC_ARENA_ARRAY(loading->arena, uint32_t, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct rc_value *values = &keys[(size_t)loading->group_count * columns];
		uintptr_t number;

		loading->out->group[i] = UINT32_MAX;
		if (!key_bytes(&loading->scratch, relation->from, relation->from_columns, columns, rows[i], values))
			continue;
		number = (uintptr_t)map_get(&loading->groups, buf_str(&loading->scratch));
		if (!number) {
			number = ++loading->group_count;
			map_put(&loading->groups, rc_arena_copy(loading->arena, buf_str(&loading->scratch)),
				(void *)number);
		}
		loading->out->group[i] = (uint32_t)(number - 1);
	}
	loading->keys = keys;
}

/* One query: the rows of the groups from `first` on. */
static int read_some(struct loading *loading, struct rc_tx *tx, const struct rc_value *tenant, bool unscoped,
		     uint32_t first, uint32_t count)
{
	const struct rc_relation *relation = loading->relation;
	struct rc_query *query = unscoped ? rc_query_new_unscoped(tx, loading->arena, relation->to)
					  : rc_query_new_scoped(tx, loading->arena, relation->to, tenant);
	struct rc_value *values = RC_ARENA_ARRAY(loading->arena, struct rc_value, count);
	struct rc_rows rows;
	void **all;
	int rc;

	for (uint32_t c = 0; c < relation->column_count; c++) {
		for (uint32_t i = 0; i < count; i++)
			values[i] = loading->keys[(size_t)(first + i) * relation->column_count + c];
		rc_query_in(query, relation->to_columns[c], values, count);
	}
	for (uint32_t k = 0; k < relation->to->key_count && relation->many; k++)
		rc_query_order(query, relation->to->key[k], false);
	rc = rc_query_rows(query, &rows);
	if (rc != RC_OK || rows.count == 0)
		return rc;
	all = RC_ARENA_ARRAY(loading->arena, void *, loading->rows.count + rows.count);
	if (loading->rows.count)
		memcpy(all, loading->rows.at, sizeof(*all) * loading->rows.count);
	memcpy(all + loading->rows.count, rows.at, sizeof(*all) * rows.count);
	loading->rows = (struct rc_rows){all, loading->rows.count + rows.count};
	return RC_OK;
}

/* Which group each row that was read belongs to, and how large the groups are: first[g + 1]. */
static void find_groups(struct loading *loading)
{
	const struct rc_relation *relation = loading->relation;
	struct rc_value values[RC_KEY_MAX];

	loading->row_group = RC_ARENA_ARRAY(loading->arena, uint32_t, loading->rows.count + 1);
	loading->out->first = RC_ARENA_ARRAY(loading->arena, uint32_t, (size_t)loading->group_count + 1);
	for (size_t i = 0; i < loading->rows.count; i++) {
		uintptr_t number = 0;

		if (key_bytes(&loading->scratch, relation->to, relation->to_columns, relation->column_count,
			      loading->rows.at[i], values))
			number = (uintptr_t)map_get(&loading->groups, buf_str(&loading->scratch));
		loading->row_group[i] = number ? (uint32_t)(number - 1) : UINT32_MAX;
		if (number)
			loading->out->first[number]++;
	}
}

/* The rows, group by group, in the order that they were read in. */
static void sort_into_groups(struct loading *loading)
{
	struct rc_related *out = loading->out;
	uint32_t *next = RC_ARENA_ARRAY(loading->arena, uint32_t, (size_t)loading->group_count + 1);

	find_groups(loading);
	for (uint32_t g = 0; g < loading->group_count; g++) {
		out->first[g + 1] += out->first[g];
		next[g] = out->first[g];
	}
	out->count = out->first[loading->group_count];
	out->at = RC_ARENA_ARRAY(loading->arena, void *, out->count + 1);
	for (size_t i = 0; i < loading->rows.count; i++) {
		if (loading->row_group[i] != UINT32_MAX)
			out->at[next[loading->row_group[i]]++] = loading->rows.at[i];
	}
}

int rc_relation_load(struct rc_tx *tx, struct rc_arena *arena, const struct rc_relation *relation,
		     const struct rc_value *tenant, bool unscoped, void *const *rows, size_t count,
		     struct rc_related **related)
{
	struct loading loading = {.relation = relation, .arena = arena, .groups = MAP_INIT};
	uint32_t at_once = KEYS_AT_ONCE >> (relation->column_count - 1);
	int rc = RC_OK;

	if (!*related)
		*related = RC_ARENA_ARRAY(arena, struct rc_related, relation->total);
	loading.out = &(*related)[relation->index];
	*loading.out = (struct rc_related){.list_count = count};
	rc_check(count < UINT32_MAX);
	number_keys(&loading, rows, count);
	for (uint32_t first = 0; first < loading.group_count && rc == RC_OK; first += at_once) {
		uint32_t left = loading.group_count - first;

		rc = read_some(&loading, tx, tenant, unscoped, first, left < at_once ? left : at_once);
	}
	if (rc == RC_OK) {
		sort_into_groups(&loading);
		loading.out->relation = relation;
	}
	map_release(&loading.groups);
	buf_release(&loading.scratch);
	return rc;
}

void rc_query_with(struct rc_query *query, const struct rc_relation *relation, const struct rc_value *tenant)
{
	rc_check(relation->from == query->model);
	for (uint32_t i = 0; i < query->with_count; i++) {
		if (query->with[i].relation == relation)
			return;
	}
	if (query->with_count == RC_QUERY_WITH_MAX) {
		query->err = RC_LIMIT;
		return;
	}
	query->with[query->with_count++] = (struct rc_query_with){relation, tenant ? *tenant : RC_NULL_VALUE};
}

/* The tenant of a relation's rows: given with it, else the query's own. */
int relations_load(struct rc_query *query, const struct rc_rows *rows)
{
	int rc = RC_OK;

	query->related = NULL;
	for (uint32_t i = 0; i < query->with_count && rc == RC_OK; i++) {
		const struct rc_query_with *with = &query->with[i];
		const struct rc_scope *scope = with->relation->to->scope;
		const struct rc_value *tenant = with->tenant.type != RC_TYPE_NONE ? &with->tenant : &query->tenant;

		rc = rc_relation_load(query->tx, query->arena, with->relation,
				      scope && scope->tenant >= 0 ? tenant : NULL, query->unscoped, rows->at,
				      rows->count, &query->related);
	}
	return rc;
}

/* What was loaded of this relation. */
static const struct rc_related *loaded(const struct rc_related *related, const struct rc_relation *relation)
{
	rc_check(related && "TABLE_with_RELATION or TABLE_load_RELATION comes first");
	rc_check(related[relation->index].relation == relation &&
		 "TABLE_with_RELATION or TABLE_load_RELATION comes first");
	return &related[relation->index];
}

void *rc_related_one(const struct rc_related *related, const struct rc_relation *relation, size_t i)
{
	struct rc_rows rows = rc_related_many(related, relation, i);

	return rows.count ? rows.at[0] : NULL;
}

struct rc_rows rc_related_many(const struct rc_related *related, const struct rc_relation *relation, size_t i)
{
	const struct rc_related *of = loaded(related, relation);
	uint32_t group;

	rc_check(i < of->list_count);
	group = of->group[i];
	if (group == UINT32_MAX)
		return (struct rc_rows){0};
	return (struct rc_rows){of->at + of->first[group], of->first[group + 1] - of->first[group]};
}

struct rc_rows rc_related_all(const struct rc_related *related, const struct rc_relation *relation)
{
	const struct rc_related *of = loaded(related, relation);

	return (struct rc_rows){of->at, of->count};
}
