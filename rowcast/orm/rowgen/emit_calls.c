/*
 * The calls of a table, but for conditions and order: rows by key, queries, updates of many, locks, pages. Declaration and
 * definition come from one line here, so they cannot differ.
 *
 * Tables with a scope (a tenant, soft delete) get calls that ask for the tenant and go through rc_scoped_*, and beside
 * each the bare one, whose name ends with _unscoped. docs/decisions/0026-relations-and-scopes.md
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/orm/rowgen/rowgen.h"

struct calls {
	struct buf *header, *source; /* one is NULL */
	struct rc_arena *arena;
	const struct table *table;
	const char *name;
	const char *key_params, *key_values; /* ", int64_t id"; "RC_INT_VALUE(id)" */
	const char *tenant_param;            /* ", int64_t account_id", or "" */
	const char *tenant_local;            /* declares `tenant_value`, or "" */
	const char *tenant;                  /* "&tenant_value" or "NULL" */
	bool uuid_key;
};

/* `prototype` without semicolon, body with a tab before each line. Both end here. */
static void call(const struct calls *c, const char *prototype, const char *body)
{
	if (c->header)
		buf_printf(c->header, "%s%s;\n", prototype, strncmp(prototype, "int ", 4) == 0 ? " RC_MUST_CHECK" : "");
	else
		buf_printf(c->source, "%s\n{\n%s}\n\n", prototype, body);
}

static const char *text(const struct calls *c, const char *format, ...) RC_PRINTF(2, 3);

static const char *text(const struct calls *c, const char *format, ...)
{
	struct rc_str copy;
	char *made;
	va_list args;

	va_start(args, format);
	if (vasprintf(&made, format, args) < 0)
		abort();
	va_end(args);
	copy = rc_arena_copy(c->arena, rc_str_from(made));
	free(made);
	return copy.ptr;
}

/* Column `tenant` of the key is given as the tenant already. -1: none. */
static void key_texts(struct calls *c, int32_t tenant)
{
	struct buf params = BUF_INIT, values = BUF_INIT;

	for (uint32_t i = 0; i < c->table->key_count; i++) {
		const struct column *column = &c->table->columns[c->table->key[i]];

		if ((int32_t)c->table->key[i] != tenant)
			buf_printf(&params, ", %s%s", c_type(column->type), column->name);
		buf_printf(&values, "%s%s(%s)", i ? ", " : "", type_value(column->type), column->name);
	}
	c->key_params = rc_arena_copy(c->arena, buf_str(&params)).ptr;
	c->key_values = rc_arena_copy(c->arena, buf_str(&values)).ptr;
	buf_release(&params);
	buf_release(&values);
}

static const char *key_local(const struct calls *c)
{
	return text(c, "\tconst struct rc_value key_values[] = {%s};\n", c->key_values);
}

static void tenant_texts(struct calls *c)
{
	const struct column *column;

	c->tenant_param = c->tenant_local = "";
	c->tenant = "NULL";
	if (c->table->tenant < 0)
		return;
	column = &c->table->columns[c->table->tenant];
	c->tenant_param = text(c, ", %s%s", c_type(column->type), column->name);
	c->tenant_local = text(c, "\tconst struct rc_value tenant_value = %s(%s);\n", type_value(column->type),
			       column->name);
	c->tenant = "&tenant_value";
}

/* Tables without a scope, and the unscoped calls of those with one. `suffix`: "" or "_unscoped". */
static void bare_reads(const struct calls *c, const char *suffix)
{
	const char *name = c->name;

	call(c,
	     text(c, "int %s_get%s(struct rc_tx *tx, struct rc_arena *arena%s, struct %s **out)", name, suffix,
		  c->key_params, name),
	     text(c,
		  "%s\tvoid *row;\n\tint err = rc_row_get(tx, arena, &%s_model, key_values, &row);\n\n"
		  "\t*out = err ? NULL : row;\n\treturn err;\n",
		  key_local(c), name));
	call(c, text(c, "int %s_update%s(struct rc_tx *tx, struct %s *row)", name, suffix, name),
	     text(c, "\treturn rc_row_update(tx, &%s_model, row);\n", name));
	call(c, text(c, "int %s_delete%s(struct rc_tx *tx%s)", name, suffix, c->key_params),
	     text(c, "%s\n\treturn rc_row_delete_key(tx, &%s_model, key_values);\n", key_local(c), name));
}

static void bare_inserts(const struct calls *c, const char *suffix)
{
	const char *name = c->name, *how = c->uuid_key ? "keyed" : "row";
	const char *one = c->uuid_key ? ", 1" : "", *many = c->uuid_key ? "" : "_many";

	call(c, text(c, "int %s_insert%s(struct rc_tx *tx, struct %s *row)", name, suffix, name),
	     text(c, "\treturn rc_%s_insert(tx, &%s_model, row%s);\n", how, name, one));
	call(c, text(c, "int %s_insert_many%s(struct rc_tx *tx, struct %s *rows, size_t count)", name, suffix, name),
	     text(c, "\treturn rc_%s_insert%s(tx, &%s_model, rows, count);\n", how, many, name));
	call(c, text(c, "int %s_upsert%s(struct rc_tx *tx, struct %s *row)", name, suffix, name),
	     text(c, "\treturn rc_%s_upsert(tx, &%s_model, row%s);\n", how, name, one));
	call(c, text(c, "int %s_upsert_many%s(struct rc_tx *tx, struct %s *rows, size_t count)", name, suffix, name),
	     text(c, "\treturn rc_%s_upsert%s(tx, &%s_model, rows, count);\n", how, many, name));
}

static void bare_rows(const struct calls *c, const char *suffix, bool inserts)
{
	bare_reads(c, suffix);
	if (inserts)
		bare_inserts(c, suffix);
}

static void scoped_rows(const struct calls *c)
{
	static const char *const verbs[] = {"insert", "upsert"};
	const char *name = c->name, *param = c->tenant_param, *local = c->tenant_local, *tenant = c->tenant;

	for (int i = 0; i < 2; i++) {
		call(c, text(c, "int %s_%s(struct rc_tx *tx%s, struct %s *row)", name, verbs[i], param, name),
		     text(c, "%s%s\treturn rc_scoped_%s(tx, &%s_model, %s, row, 1);\n", local, *local ? "\n" : "",
			  verbs[i], name, tenant));
		call(c,
		     text(c, "int %s_%s_many(struct rc_tx *tx%s, struct %s *rows, size_t count)", name, verbs[i], param,
			  name),
		     text(c, "%s%s\treturn rc_scoped_%s(tx, &%s_model, %s, rows, count);\n", local, *local ? "\n" : "",
			  verbs[i], name, tenant));
	}
	call(c, text(c, "int %s_update(struct rc_tx *tx%s, struct %s *row)", name, param, name),
	     text(c, "%s%s\treturn rc_scoped_update(tx, &%s_model, %s, row);\n", local, *local ? "\n" : "", name,
		  tenant));
	call(c, text(c, "int %s_delete(struct rc_tx *tx%s%s)", name, param, c->key_params),
	     text(c, "%s%s\n\treturn rc_scoped_delete(tx, &%s_model, %s, key_values);\n", local, key_local(c), name,
		  tenant));
	if (c->table->deleted >= 0)
		call(c, text(c, "int %s_restore(struct rc_tx *tx%s%s)", name, param, c->key_params),
		     text(c, "%s%s\n\treturn rc_scoped_restore(tx, &%s_model, %s, key_values);\n", local, key_local(c),
			  name, tenant));
}

/* By key, with the scope where there is one. */
static void scoped_gets(const struct calls *c, bool plain)
{
	const char *name = c->name;

	if (plain)
		call(c,
		     text(c, "int %s_get(struct rc_tx *tx, struct rc_arena *arena%s%s, struct %s **out)", name,
			  c->tenant_param, c->key_params, name),
		     text(c,
			  "%s%s\tvoid *row;\n"
			  "\tint err = rc_scoped_get(tx, arena, &%s_model, %s, key_values, RC_NO_LOCK, &row);\n\n"
			  "\t*out = err ? NULL : row;\n\treturn err;\n",
			  c->tenant_local, key_local(c), name, c->tenant));
	call(c,
	     text(c,
		  "int %s_get_locked(struct rc_tx *tx, struct rc_arena *arena%s%s, enum rc_lock rows, enum rc_lock "
		  "wait, "
		  "struct %s **out)",
		  name, c->tenant_param, c->key_params, name),
	     text(c,
		  "%s%s\tvoid *row;\n"
		  "\tint err = rc_scoped_get(tx, arena, &%s_model, %s, key_values, (uint32_t)rows | (uint32_t)wait, "
		  "&row);\n\n"
		  "\t*out = err ? NULL : row;\n\treturn err;\n",
		  c->tenant_local, key_local(c), name, c->tenant));
}

static void queries(const struct calls *c, bool scoped)
{
	const char *name = c->name;

	call(c,
	     text(c, "struct %s_query *%s_query(struct rc_tx *tx, struct rc_arena *arena%s)", name, name,
		  c->tenant_param),
	     scoped ? text(c, "%s%s\treturn (struct %s_query *)rc_query_new_scoped(tx, arena, &%s_model, %s);\n",
			   c->tenant_local, *c->tenant_local ? "\n" : "", name, name, c->tenant)
		    : text(c, "\treturn (struct %s_query *)rc_query_new(tx, arena, &%s_model);\n", name, name));
	if (scoped)
		call(c,
		     text(c, "struct %s_query *%s_query_unscoped(struct rc_tx *tx, struct rc_arena *arena)", name,
			  name),
		     text(c, "\treturn (struct %s_query *)rc_query_new_unscoped(tx, arena, &%s_model);\n", name, name));
}

static bool is_settable(const struct table *table, uint32_t column)
{
	return !(table->columns[column].flags & RC_COLUMN_KEY) && (int32_t)column != table->version &&
	       (int32_t)column != table->tenant && (int32_t)column != table->deleted;
}

static void sets(const struct calls *c)
{
	for (uint32_t i = 0; i < c->table->column_count; i++) {
		const struct column *column = &c->table->columns[i];

		if (!is_settable(c->table, i))
			continue;
		call(c,
		     text(c, "void %s_set_%s(struct %s_query *query, %s%s)", c->name, column->name, c->name,
			  c_type(column->type), column->name),
		     text(c, "\trc_query_set(&query->query, %u, %s(%s));\n", i, type_value(column->type),
			  column->name));
		if (column->flags & RC_COLUMN_NULLABLE)
			call(c, text(c, "void %s_set_%s_null(struct %s_query *query)", c->name, column->name, c->name),
			     text(c, "\trc_query_set(&query->query, %u, RC_NULL_VALUE);\n", i));
	}
}

static void many(const struct calls *c)
{
	const char *name = c->name;
	bool soft = c->table->deleted >= 0;

	sets(c);
	call(c, text(c, "int %s_update_all(struct %s_query *query, int64_t *changed)", name, name),
	     "\treturn rc_query_update(&query->query, changed);\n");
	call(c, text(c, "int %s_delete_all(struct %s_query *query, int64_t *removed)", name, name),
	     text(c, "\treturn rc_query_%s(&query->query, removed);\n", soft ? "mark_deleted" : "delete"));
	if (soft)
		call(c, text(c, "int %s_purge_all(struct %s_query *query, int64_t *removed)", name, name),
		     "\treturn rc_query_delete(&query->query, removed);\n");
	call(c, text(c, "void %s_lock(struct %s_query *query, enum rc_lock rows, enum rc_lock wait)", name, name),
	     "\trc_query_lock(&query->query, rows, wait);\n");
}

static struct calls calls_of(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table)
{
	struct calls c = {.header = header, .source = source, .arena = arena, .table = table, .name = table->name};

	c.uuid_key = table->key_count == 1 && table->columns[table->key[0]].type == RC_UUID;
	tenant_texts(&c);
	key_texts(&c, table->tenant);
	return c;
}

void emit_calls(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table)
{
	struct calls c = calls_of(header, source, arena, table);
	bool scoped = table->tenant >= 0 || table->deleted >= 0;

	if (scoped)
		scoped_rows(&c);
	else
		bare_rows(&c, "", true);
	scoped_gets(&c, scoped);
	queries(&c, scoped);
	many(&c);
	if (!scoped)
		return;
	key_texts(&c, -1);
	bare_rows(&c, "_unscoped", table->tenant >= 0);
}

/* Behind the declaration of the list. */
void emit_pages(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table)
{
	struct calls c = calls_of(header, source, arena, table);
	const char *name = table->name;

	if (header)
		buf_printf(
			header,
			"struct %s_page {\n\tstruct %s_list list;\n\tstruct rc_str previous, next; /* cursors; empty: "
			"there is no such page */\n};\n",
			name, name);
	call(&c, text(&c, "void %s_after(struct %s_query *query, struct rc_str cursor)", name, name),
	     "\trc_query_after(&query->query, cursor);\n");
	call(&c, text(&c, "void %s_before(struct %s_query *query, struct rc_str cursor)", name, name),
	     "\trc_query_before(&query->query, cursor);\n");
	call(&c, text(&c, "int %s_page(struct %s_query *query, int64_t rows, struct %s_page *out)", name, name, name),
	     text(&c,
		  "\tstruct rc_page page;\n\tint err = rc_query_page(&query->query, rows, &page);\n\n"
		  "\t*out = (struct %s_page){.previous = page.previous, .next = page.next};\n"
		  "\tout->list = (struct %s_list){.at = (struct %s **)page.rows.at, .count = page.rows.count%s};\n"
		  "\treturn err;\n",
		  name, name, name, table->relation_count ? ", .related = query->query.related" : ""));
	call(&c, text(&c, "struct rc_str %s_cursor(struct %s_query *query, const struct %s *row)", name, name, name),
	     "\treturn rc_query_cursor(&query->query, row);\n");
}
