/*
 * The schema as MariaDB's DDL, then the guards. Statements end as in the mariadb client: with ";", or with what the last
 * DELIMITER line says.
 *
 * An exclusion constraint is kept by BEFORE triggers. They first lock the row that the first compared column points to
 * (FOR UPDATE), so writers of one place come one after the other whatever their isolation, and then read the neighbour
 * with a locking read, which sees what was committed meanwhile even where the transaction's snapshot is older. The lock
 * comes before the foreign keys' own shared one: taken later, two writers that hold the shared one would wait for each
 * other. PERIOD … WITHOUT OVERLAPS was rejected: it knows no condition, and its check takes no lock that holds at READ
 * COMMITTED.
 *
 * There are no partial indexes either. A plain one begins with the columns that the predicate fixes; a unique one gets a
 * hidden column that is NULL for every row the predicate leaves out, and NULLs never collide.
 */
#include <strings.h>

#include "rowcast/orm/rowgen/diff.h"

/* Reserved by MariaDB 10.11, as its parser has them. */
static const char *const reserved[] = {"accessible",
				       "add",
				       "all",
				       "alter",
				       "analyze",
				       "and",
				       "as",
				       "asc",
				       "asensitive",
				       "before",
				       "between",
				       "bigint",
				       "binary",
				       "blob",
				       "both",
				       "by",
				       "call",
				       "cascade",
				       "case",
				       "change",
				       "char",
				       "character",
				       "check",
				       "collate",
				       "column",
				       "condition",
				       "constraint",
				       "continue",
				       "convert",
				       "create",
				       "cross",
				       "current_date",
				       "current_role",
				       "current_time",
				       "current_timestamp",
				       "current_user",
				       "cursor",
				       "database",
				       "databases",
				       "day_hour",
				       "day_microsecond",
				       "day_minute",
				       "day_second",
				       "dec",
				       "decimal",
				       "declare",
				       "default",
				       "delayed",
				       "delete",
				       "delete_domain_id",
				       "desc",
				       "describe",
				       "deterministic",
				       "distinct",
				       "distinctrow",
				       "div",
				       "do_domain_ids",
				       "double",
				       "drop",
				       "dual",
				       "each",
				       "else",
				       "elseif",
				       "enclosed",
				       "escaped",
				       "except",
				       "exists",
				       "exit",
				       "explain",
				       "false",
				       "fetch",
				       "float",
				       "float4",
				       "float8",
				       "for",
				       "force",
				       "foreign",
				       "from",
				       "fulltext",
				       "general",
				       "grant",
				       "group",
				       "having",
				       "high_priority",
				       "hour_microsecond",
				       "hour_minute",
				       "hour_second",
				       "if",
				       "ignore",
				       "ignore_domain_ids",
				       "ignore_server_ids",
				       "in",
				       "index",
				       "infile",
				       "inner",
				       "inout",
				       "insensitive",
				       "insert",
				       "int",
				       "int1",
				       "int2",
				       "int3",
				       "int4",
				       "int8",
				       "integer",
				       "intersect",
				       "interval",
				       "into",
				       "is",
				       "iterate",
				       "join",
				       "key",
				       "keys",
				       "kill",
				       "leading",
				       "leave",
				       "left",
				       "like",
				       "limit",
				       "linear",
				       "lines",
				       "load",
				       "localtime",
				       "localtimestamp",
				       "lock",
				       "long",
				       "longblob",
				       "longtext",
				       "loop",
				       "low_priority",
				       "master_heartbeat_period",
				       "master_ssl_verify_server_cert",
				       "match",
				       "maxvalue",
				       "mediumblob",
				       "mediumint",
				       "mediumtext",
				       "middleint",
				       "minute_microsecond",
				       "minute_second",
				       "mod",
				       "modifies",
				       "natural",
				       "not",
				       "no_write_to_binlog",
				       "null",
				       "numeric",
				       "offset",
				       "on",
				       "optimize",
				       "option",
				       "optionally",
				       "or",
				       "order",
				       "out",
				       "outer",
				       "outfile",
				       "over",
				       "page_checksum",
				       "parse_vcol_expr",
				       "partition",
				       "position",
				       "precision",
				       "primary",
				       "procedure",
				       "purge",
				       "range",
				       "read",
				       "read_write",
				       "reads",
				       "real",
				       "recursive",
				       "ref_system_id",
				       "references",
				       "regexp",
				       "release",
				       "rename",
				       "repeat",
				       "replace",
				       "require",
				       "resignal",
				       "restrict",
				       "return",
				       "returning",
				       "revoke",
				       "right",
				       "rlike",
				       "row_number",
				       "rows",
				       "schema",
				       "schemas",
				       "second_microsecond",
				       "select",
				       "sensitive",
				       "separator",
				       "set",
				       "show",
				       "signal",
				       "slow",
				       "smallint",
				       "spatial",
				       "specific",
				       "sql",
				       "sqlexception",
				       "sqlstate",
				       "sqlwarning",
				       "sql_big_result",
				       "sql_calc_found_rows",
				       "sql_small_result",
				       "ssl",
				       "starting",
				       "stats_auto_recalc",
				       "stats_persistent",
				       "stats_sample_pages",
				       "straight_join",
				       "table",
				       "terminated",
				       "then",
				       "tinyblob",
				       "tinyint",
				       "tinytext",
				       "to",
				       "trailing",
				       "trigger",
				       "true",
				       "undo",
				       "union",
				       "unique",
				       "unlock",
				       "unsigned",
				       "update",
				       "usage",
				       "use",
				       "using",
				       "utc_date",
				       "utc_time",
				       "utc_timestamp",
				       "values",
				       "varbinary",
				       "varchar",
				       "varcharacter",
				       "varying",
				       "when",
				       "where",
				       "while",
				       "window",
				       "with",
				       "write",
				       "xor",
				       "year_month",
				       "zerofill"};

bool mariadb_reserves(const char *word)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcasecmp(reserved[i], word) == 0)
			return true;
	return false;
}

static const char *name_of(const struct schema *schema, const char *identifier)
{
	return text_name(schema->source->arena, RC_MARIADB, identifier);
}

static const char *span_text(const struct schema *schema, struct span span, const struct table *table,
			     const char *prefix)
{
	return text_sql(
		schema->source, span.from, span.to,
		&(struct text_style){.dialect = RC_MARIADB, .schema = schema, .table = table, .prefix = prefix});
}

static bool among(const uint32_t *columns, uint32_t count, uint32_t column)
{
	for (uint32_t i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return false;
}

/* An index holds VARCHAR whole, but of LONGTEXT only a beginning. */
static bool in_an_index(const struct schema *schema, const struct table *table, uint32_t column)
{
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *c = &table->constraints[i];

		if (c->kind != CONSTRAINT_CHECK && among(c->columns, c->column_count, column))
			return true;
	}
	for (uint32_t i = 0; i < schema->index_count; i++) {
		const struct sql_index *index = &schema->indexes[i];

		if (strcmp(index->table, table->name) == 0 && (among(index->columns, index->column_count, column) ||
							       among(index->fixed, index->fixed_count, column)))
			return true;
	}
	return false;
}

const char *mariadb_column_type(const struct schema *schema, const struct table *table, uint32_t column)
{
	static const char *const names[] = {
		[RC_BOOL] = "BOOLEAN",          [RC_INT] = "BIGINT",     [RC_DOUBLE] = "DOUBLE",
		[RC_TEXT] = "LONGTEXT",         [RC_BYTES] = "LONGBLOB", [RC_UUID] = "BINARY(16)",
		[RC_TIMESTAMP] = "DATETIME(6)", [RC_DATE] = "DATE",      [RC_JSON] = "JSON",
	};
	enum rc_type type = table->columns[column].type;

	if (type == RC_TEXT && in_an_index(schema, table, column))
		return "VARCHAR(255)";
	return names[type];
}

static void put_names(struct buf *out, const struct schema *schema, const struct table *table, const uint32_t *columns,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", name_of(schema, table->columns[columns[i]].name));
}

void mariadb_put_column(struct buf *out, const struct schema *schema, const struct table *table, uint32_t index)
{
	const struct column *column = &table->columns[index];

	buf_printf(out, "  %s %s", name_of(schema, column->name), mariadb_column_type(schema, table, index));
	if (!(column->flags & RC_COLUMN_NULLABLE))
		buf_printf(out, " NOT NULL");
	if (column->flags & RC_COLUMN_IDENTITY)
		buf_printf(out, " AUTO_INCREMENT");
	if (column->fallback.to)
		buf_printf(out, " DEFAULT (%s)", span_text(schema, column->fallback, NULL, NULL));
}

void mariadb_put_constraint(struct buf *out, const struct schema *schema, const struct table *table,
			    const struct constraint *c)
{
	switch (c->kind) {
	case CONSTRAINT_EXCLUDE:
		return;
	case CONSTRAINT_CHECK:
		buf_printf(out, ",\n  CONSTRAINT %s CHECK (%s)", name_of(schema, c->name),
			   span_text(schema, c->check, NULL, NULL));
		return;
	case CONSTRAINT_PRIMARY:
		buf_printf(out, ",\n  PRIMARY KEY (");
		break;
	case CONSTRAINT_UNIQUE:
		buf_printf(out, ",\n  UNIQUE KEY %s (", name_of(schema, c->name));
		break;
	case CONSTRAINT_FOREIGN:
		buf_printf(out, ",\n  CONSTRAINT %s FOREIGN KEY (", name_of(schema, c->name));
		break;
	}
	put_names(out, schema, table, c->columns, c->column_count);
	buf_append_char(out, ')');
	if (c->kind != CONSTRAINT_FOREIGN)
		return;
	buf_printf(out, " REFERENCES %s (", name_of(schema, c->foreign_table));
	for (uint32_t i = 0; i < c->foreign_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", name_of(schema, c->foreign_columns[i]));
	buf_append_char(out, ')');
}

const char *mariadb_hidden_column(const struct schema *schema, const struct sql_index *index)
{
	return name_of(schema, rc_arena_printf(schema->source->arena, "%s_counts", index->name));
}

void mariadb_put_hidden(struct buf *out, const struct schema *schema, const struct sql_index *index)
{
	buf_printf(out, ",\n  %s TINYINT GENERATED ALWAYS AS (IF(%s, 1, NULL)) VIRTUAL INVISIBLE",
		   mariadb_hidden_column(schema, index), span_text(schema, index->where, NULL, NULL));
}

void mariadb_put_index(struct buf *out, const struct schema *schema, const struct table *table,
		       const struct sql_index *index)
{
	if (index->expressions)
		fail(schema->source, index->at, "MariaDB has no indexes on expressions");
	buf_printf(out, ",\n  %sKEY %s (", index->unique ? "UNIQUE " : "", name_of(schema, index->name));
	if (!index->unique)
		for (uint32_t i = 0; i < index->fixed_count; i++)
			buf_printf(out, "%s, ", name_of(schema, table->columns[index->fixed[i]].name));
	put_names(out, schema, table, index->columns, index->column_count);
	if (index->unique && index->where.to)
		buf_printf(out, ", %s", mariadb_hidden_column(schema, index));
	buf_append_char(out, ')');
}

/* Indexes stand before the foreign keys that use them, or the engine would make one of its own for each. */
void mariadb_put_table(struct buf *out, const struct schema *schema, const struct table *table)
{
	buf_printf(out, "CREATE TABLE %s (\n", name_of(schema, table->name));
	for (uint32_t i = 0; i < table->column_count; i++) {
		buf_printf(out, i ? ",\n" : "");
		mariadb_put_column(out, schema, table, i);
	}
	for (uint32_t i = 0; i < schema->index_count; i++)
		if (strcmp(schema->indexes[i].table, table->name) == 0 && schema->indexes[i].unique &&
		    schema->indexes[i].where.to)
			mariadb_put_hidden(out, schema, &schema->indexes[i]);
	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (table->constraints[i].kind == CONSTRAINT_PRIMARY || table->constraints[i].kind == CONSTRAINT_UNIQUE)
			mariadb_put_constraint(out, schema, table, &table->constraints[i]);
	for (uint32_t i = 0; i < schema->index_count; i++)
		if (strcmp(schema->indexes[i].table, table->name) == 0)
			mariadb_put_index(out, schema, table, &schema->indexes[i]);
	for (uint32_t i = 0; i < table->constraint_count; i++)
		if (table->constraints[i].kind == CONSTRAINT_FOREIGN || table->constraints[i].kind == CONSTRAINT_CHECK)
			mariadb_put_constraint(out, schema, table, &table->constraints[i]);
	buf_printf(out, "\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;\n");
}

/* The foreign key of the first column that is compared: its row is what writers of one place queue at. */
static const struct constraint *lock_of(const struct schema *schema, const struct table *table,
					const struct constraint *c)
{
	for (uint32_t i = 0; i < table->constraint_count; i++) {
		const struct constraint *key = &table->constraints[i];

		if (key->kind == CONSTRAINT_FOREIGN && key->column_count == 1 && key->columns[0] == c->columns[0])
			return key;
	}
	fail(schema->source, c->at,
	     "MariaDB keeps an exclusion by a lock on the row that its first column refers to: %s needs a foreign key",
	     table->columns[c->columns[0]].name);
}

void mariadb_put_exclusion(struct buf *out, const struct schema *schema, const struct table *table,
			   const struct constraint *c, bool update)
{
	const struct constraint *lock = lock_of(schema, table, c);
	const struct table *queue = schema_table(schema, lock->foreign_table);
	const char *lo = name_of(schema, table->columns[c->lo].name), *name = name_of(schema, table->name);

	buf_printf(out, "CREATE TRIGGER `%s_%s` BEFORE %s ON %s FOR EACH ROW\nBEGIN\n", c->name,
		   update ? "update" : "insert", update ? "UPDATE" : "INSERT", name);
	buf_printf(out, "  DECLARE place %s;\n  DECLARE high_end DATETIME(6);\n",
		   mariadb_column_type(schema, queue,
				       column_named(schema->source, c->at, queue, lock->foreign_columns[0])));
	if (c->where.to)
		buf_printf(out, "  IF %s THEN\n", span_text(schema, c->where, table, "NEW"));
	else
		buf_printf(out, "  BEGIN\n");
	buf_printf(out, "    SELECT %s INTO place FROM %s WHERE %s = NEW.%s FOR UPDATE;\n",
		   name_of(schema, lock->foreign_columns[0]), name_of(schema, lock->foreign_table),
		   name_of(schema, lock->foreign_columns[0]), name_of(schema, table->columns[c->columns[0]].name));
	buf_printf(out, "    SELECT %s INTO high_end FROM %s WHERE ", name_of(schema, table->columns[c->hi].name),
		   name);
	for (uint32_t i = 0; i < c->column_count; i++) {
		const char *column = name_of(schema, table->columns[c->columns[i]].name);

		buf_printf(out, "%s = NEW.%s AND ", column, column);
	}
	if (c->where.to)
		buf_printf(out, "(%s) AND ", span_text(schema, c->where, NULL, NULL));
	buf_printf(out, "%s < NEW.%s AND NOT (", lo, name_of(schema, table->columns[c->hi].name));
	for (uint32_t i = 0; i < table->key_count; i++) {
		const char *key = name_of(schema, table->columns[table->key[i]].name);

		buf_printf(out, "%s%s <=> %s.%s", i ? " AND " : "", key, update ? "OLD" : "NEW", key);
	}
	buf_printf(out, ")\n      ORDER BY %s DESC LIMIT 1 LOCK IN SHARE MODE;\n    IF high_end > NEW.%s THEN\n", lo,
		   lo);
	buf_printf(out, "      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '%s: another row of %s with the same ",
		   c->name, table->name);
	for (uint32_t i = 0; i < c->column_count; i++)
		buf_printf(out, "%s%s", i ? " and " : "", table->columns[c->columns[i]].name);
	buf_printf(out, " overlaps [%s, %s) of this one';\n    END IF;\n  END%s;\nEND//\n", table->columns[c->lo].name,
		   table->columns[c->hi].name, c->where.to ? " IF" : "");
}

static void put_exclusions(struct buf *out, const struct schema *schema)
{
	bool any = false;

	for (uint32_t t = 0; t < schema->table_count; t++) {
		for (uint32_t i = 0; i < schema->tables[t].constraint_count; i++) {
			if (schema->tables[t].constraints[i].kind != CONSTRAINT_EXCLUDE)
				continue;
			buf_printf(out, any ? "" : "DELIMITER //\n");
			mariadb_put_exclusion(out, schema, &schema->tables[t], &schema->tables[t].constraints[i],
					      false);
			mariadb_put_exclusion(out, schema, &schema->tables[t], &schema->tables[t].constraints[i], true);
			any = true;
		}
	}
	buf_printf(out, any ? "DELIMITER ;\n" : "");
}

void emit_mariadb(struct buf *up, struct buf *down, const struct schema *schema, const struct source *guards)
{
	buf_printf(up, "CREATE TABLE `rc_meta` (\n  `key` VARCHAR(255) NOT NULL,\n  `value` LONGTEXT NOT NULL,\n"
		       "  PRIMARY KEY (`key`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;\n");
	for (uint32_t t = 0; t < schema->table_count; t++)
		mariadb_put_table(up, schema, &schema->tables[t]);
	put_exclusions(up, schema);
	buf_append(up, guards->text, guards->len);
	for (uint32_t t = schema->table_count; t-- > 0;)
		buf_printf(down, "DROP TABLE %s;\n", name_of(schema, schema->tables[t].name));
	buf_printf(down, "DROP TABLE `rc_meta`;\n");
}
