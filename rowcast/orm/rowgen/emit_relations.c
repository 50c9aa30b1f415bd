/*
 * Relations: TABLE_with_X asks for them together with a query's rows, TABLE_load_X for rows that are there,
 * TABLE_its_X(list, i) reaches what was loaded, TABLE_every_X is all of it as a list, for one more hop.
 *
 * What is loaded belongs to the list, not to the row: rows stay plain structs that the feed decodes too, and a row that many
 * point to is one object. "its" keeps the names apart from those of tables and queries.
 */
#include "rowcast/orm/rowgen/rowgen.h"

struct emit {
	struct buf *header, *source;
	struct rc_arena *arena;
	const struct table *table;
	const struct relation *relation;
};

static void call(const struct emit *e, const char *prototype, const char *body)
{
	if (e->header)
		buf_printf(e->header, "%s%s;\n", prototype, strncmp(prototype, "int ", 4) == 0 ? " RC_MUST_CHECK" : "");
	else
		buf_printf(e->source, "%s\n{\n%s}\n\n", prototype, body);
}

static void descriptor(const struct emit *e)
{
	const struct relation *r = e->relation;

	buf_printf(e->source,
		   "static const struct rc_relation %s_%s_relation = {\n\t.name = \"%s\",\n\t.from = &%s_model,\n"
		   "\t.to = &%s_model,\n\t.column_count = %u,\n\t.from_columns = {",
		   e->table->name, r->name, r->name, e->table->name, r->to->name, r->column_count);
	for (uint32_t i = 0; i < r->column_count; i++)
		buf_printf(e->source, "%s%u", i ? ", " : "", r->from_columns[i]);
	buf_printf(e->source, "},\n\t.to_columns = {");
	for (uint32_t i = 0; i < r->column_count; i++)
		buf_printf(e->source, "%s%u", i ? ", " : "", r->to_columns[i]);
	buf_printf(e->source, "},\n\t.many = %s,\n\t.index = %u,\n\t.total = %u,\n};\n\n", r->many ? "true" : "false",
		   (uint32_t)(r - e->table->relations), e->table->relation_count);
}

static void load(const struct emit *e, const char *suffix, const char *param, const char *local, const char *tenant)
{
	const char *name = e->table->name, *relation = e->relation->name;

	call(e,
	     rc_arena_printf(e->arena,
			     "int %s_load_%s%s(struct rc_tx *tx, struct rc_arena *arena%s, struct %s_list *list)", name,
			     relation, suffix, param, name),
	     rc_arena_printf(
		     e->arena,
		     "%s%s\treturn rc_relation_load(tx, arena, &%s_%s_relation, %s, %s, (void *const *)list->at, "
		     "list->count, &list->related);\n",
		     local, *local ? "\n" : "", name, relation, tenant, *suffix ? "true" : "false"));
}

static void loads(const struct emit *e)
{
	const struct table *to = e->relation->to;
	const char *name = e->table->name, *relation = e->relation->name;
	const char *param = "", *local = "", *tenant = "NULL";
	bool asks;

	if (to->tenant >= 0) {
		const struct column *column = &to->columns[to->tenant];

		param = rc_arena_printf(e->arena, ", %s%s", c_type(column->type), column->name);
		local = rc_arena_printf(e->arena, "\tconst struct rc_value tenant_value = %s(%s);\n",
					type_value(column->type), column->name);
		tenant = "&tenant_value";
	}
	asks = to->tenant >= 0 && e->table->tenant < 0; /* else it is the query's own */
	call(e,
	     rc_arena_printf(e->arena, "void %s_with_%s(struct %s_query *query%s)", name, relation, name,
			     asks ? param : ""),
	     rc_arena_printf(e->arena, "%s%s\trc_query_with(&query->query, &%s_%s_relation, %s);\n", asks ? local : "",
			     asks ? "\n" : "", name, relation, asks ? tenant : "NULL"));
	load(e, "", param, local, tenant);
	if (to->tenant >= 0 || to->deleted >= 0)
		load(e, "_unscoped", "", "", "NULL");
}

static void list_call(const struct emit *e, const char *verb, const char *param, const char *function, const char *arg)
{
	const char *name = e->table->name, *relation = e->relation->name, *to = e->relation->to->name;

	call(e,
	     rc_arena_printf(e->arena, "struct %s_list %s_%s_%s(const struct %s_list *list%s)", to, name, verb,
			     relation, name, param),
	     rc_arena_printf(e->arena,
			     "\tstruct rc_rows rows = %s(list->related, &%s_%s_relation%s);\n\n"
			     "\treturn (struct %s_list){.at = (struct %s **)rows.at, .count = rows.count};\n",
			     function, name, relation, arg, to, to));
}

static void reach(const struct emit *e)
{
	const char *name = e->table->name, *relation = e->relation->name;

	if (e->relation->many)
		list_call(e, "its", ", size_t i", "rc_related_many", ", i");
	else
		call(e,
		     rc_arena_printf(e->arena, "struct %s *%s_its_%s(const struct %s_list *list, size_t i)",
				     e->relation->to->name, name, relation, name),
		     rc_arena_printf(e->arena, "\treturn rc_related_one(list->related, &%s_%s_relation, i);\n", name,
				     relation));
	list_call(e, "every", "", "rc_related_all", "");
}

void emit_relations(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table)
{
	for (uint32_t i = 0; i < table->relation_count; i++) {
		const struct emit e = {header, source, arena, table, &table->relations[i]};

		if (source)
			descriptor(&e);
		loads(&e);
		reach(&e);
	}
	if (header && table->relation_count)
		buf_append_char(header, '\n');
}
