/*
 * CREATE INDEX of schema.sql. A partial index is kept as it is by SQLite and PostgreSQL. MariaDB has none, so what its
 * predicate compares is noted: columns in front of the index's own find the same rows.
 */
#include "rowcast/orm/rowgen/rowgen.h"

static void columns_read(struct sql_index *index, const struct source *source, const struct table *table,
			 const json_t *params)
{
	for (size_t i = 0; i < json_array_size(params); i++) {
		const char *name = member(source, json_object_get(json_array_get(params, i), "IndexElem"), "name");

		if (!name && index->unique)
			fail(source, index->at, "a unique index on expressions cannot be captured");
		if (name)
			index->columns[index->column_count++] = column_named(source, index->at, table, name);
		else
			index->expressions = true;
	}
}

/* column = constant, column IS NULL, and these joined by AND; false: something else is in it too. */
static bool fixed_read(struct sql_index *index, const struct source *source, const struct table *table,
		       const json_t *node)
{
	const json_t *both = json_object_get(node, "BoolExpr"), *equal = json_object_get(node, "A_Expr");
	const json_t *null = json_object_get(node, "NullTest"), *fields, *column;
	bool good = true;
	size_t i;
	json_t *part;

	if (both) {
		good = strcmp(member(source, both, "boolop"), "AND_EXPR") == 0;
		json_array_foreach(json_object_get(both, "args"), i, part)
			good = good && fixed_read(index, source, table, part);
		return good;
	}
	if (equal && strcmp(str_value(source, json_array_get(json_object_get(equal, "name"), 0)), "=") == 0 &&
	    json_object_get(json_object_get(equal, "rexpr"), "A_Const"))
		column = json_object_get(equal, "lexpr");
	else if (null && strcmp(member(source, null, "nulltesttype"), "IS_NULL") == 0)
		column = json_object_get(null, "arg");
	else
		return false;
	fields = json_object_get(json_object_get(column, "ColumnRef"), "fields");
	if (json_array_size(fields) != 1 || index->fixed_count == KEY_MAX)
		return false;
	index->fixed[index->fixed_count++] = column_named(source, index->at, table,
							  str_value(source, json_array_get(fields, 0)));
	return true;
}

void index_read(struct schema *schema, const struct source *source, const json_t *node, size_t end)
{
	struct sql_index *index = &schema->indexes[schema->index_count++];
	const struct table *table;

	index->at = location(json_object_get(node, "relation"));
	index->name = member(source, node, "idxname");
	index->table = member(source, json_object_get(node, "relation"), "relname");
	index->unique = json_is_true(json_object_get(node, "unique"));
	table = schema_table(schema, index->table);
	if (!table)
		fail(source, index->at, "there is no table %s before this index", index->table);
	if (!index->name)
		fail(source, index->at, "an index needs a name");
	if (strcmp(json_string_value(json_object_get(node, "accessMethod")), "btree") != 0)
		fail(source, index->at, "only btree indexes exist on every engine");
	text_parens(source, index->at, &index->list.from, &index->list.to);
	columns_read(index, source, table, json_object_get(node, "indexParams"));
	if (!json_object_get(node, "whereClause"))
		return;
	index->where = (struct span){text_after_word(source, index->list.to, end, "where"), end};
	if (!fixed_read(index, source, table, json_object_get(node, "whereClause")))
		index->fixed_count = 0;
}
