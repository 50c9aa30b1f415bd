/*
 * rowgen: schema.sql and queries.sql (PostgreSQL dialect) → structs, descriptors, typed functions, DDL and triggers in
 * C.
 *
 * A build tool that runs for a few milliseconds: everything lives in one arena until the process ends, and a fault in
 * the input ends it at once with "file:line: what is wrong" (fail).
 * docs/decisions/0008-rowgen-parses-with-libpg-query.md
 */
#ifndef ROWCAST_ORM_ROWGEN_H
#define ROWCAST_ORM_ROWGEN_H

#include <jansson.h>

#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/dialect.h"
#include "rowcast/model.h"

#define COLUMNS_MAX 64
#define KEY_MAX     4
#define PARAMS_MAX  16
#define BINDS_MAX   64
#define GUARDS_MAX  256

/* From … to in the source; equal: nothing. */
struct span {
	size_t from, to;
};

struct source {
	const char *path; /* as shown in messages */
	char *text;       /* NUL-terminated */
	size_t len;
	struct rc_arena *arena;
};

struct column {
	const char *name;
	enum rc_type type;
	uint32_t flags;
	uint32_t offset;      /* in the struct, as every LP64 compiler lays it out; asserted in the output */
	struct span fallback; /* DEFAULT */
	const char *note;     /* comment behind the column, or NULL */
	const char *renamed;  /* what an older schema calls it, or NULL */
	size_t at;            /* byte offset in the source */
};

enum constraint_kind {
	CONSTRAINT_PRIMARY,
	CONSTRAINT_UNIQUE,
	CONSTRAINT_CHECK,
	CONSTRAINT_FOREIGN,
	CONSTRAINT_EXCLUDE
};

struct constraint {
	enum constraint_kind kind;
	const char *name;
	uint32_t columns[COLUMNS_MAX]; /* EXCLUDE: those compared by = */
	uint32_t column_count;
	struct span check; /* CHECK: expression */
	const char *foreign_table;
	const char *foreign_columns[KEY_MAX]; /* "id" */
	uint32_t foreign_count;
	uint32_t lo, hi;                      /* EXCLUDE: columns of the half-open range */
	struct span where;                    /* EXCLUDE: its predicate */
	const char *relation, *relation_many; /* FOREIGN: as a directive names them; NULL: by themselves */
	size_t at;
};

/* Of a table's rows to the rows of another one, by equal columns. */
struct relation {
	const char *name;
	const struct table *to;
	uint32_t from_columns[KEY_MAX], to_columns[KEY_MAX];
	uint32_t column_count;
	bool many;
};

struct table {
	const char *name;
	const char *note;    /* comment above CREATE TABLE, or NULL */
	const char *renamed; /* what an older schema calls it, or NULL */
	struct column *columns;
	uint32_t column_count;
	uint32_t key[KEY_MAX];
	uint32_t key_count;
	int32_t version; /* column index, -1 */
	int32_t tenant,
		deleted; /* column indexes, -1: calls keep to a tenant, to rows that are not marked as deleted */
	uint32_t row_bytes;
	bool captured;
	struct constraint *constraints;
	uint32_t constraint_count;
	struct relation *relations;
	uint32_t relation_count;
	size_t at;
};

struct sql_index {
	const char *name;
	const char *table;
	bool unique; /* then: over these columns, for rows that `where` selects */
	uint32_t columns[COLUMNS_MAX];
	uint32_t column_count;
	bool expressions;        /* not only columns */
	struct span list, where; /* between the parentheses; the predicate */
	/* Columns that the predicate compares with a constant by = or IS NULL, and nothing else than those is in it: an
	 * index that begins with them finds the same rows where an engine has no partial ones. */
	uint32_t fixed[KEY_MAX];
	uint32_t fixed_count;
	size_t at;
};

struct rule;

struct schema {
	const struct source *source;
	struct table *tables;
	uint32_t table_count;
	struct sql_index *indexes;
	uint32_t index_count;
	struct rule *rules; /* what the enum of constraints numbers; [0] is none */
	uint32_t rule_count;
};

struct rule {
	const char *name, *table, *columns, *kind; /* as in struct rc_constraint */
};

enum query_kind { QUERY_ONE, QUERY_MANY, QUERY_EXEC };

struct param {
	const char *name;
	enum rc_type type;
};

struct query {
	const char *name;
	const char *note;
	enum query_kind kind;
	struct param params[PARAMS_MAX];
	uint32_t param_count;
	const struct table *table; /* the rows are rows of this table, or NULL */
	struct column *columns;    /* else the rows are struct NAME_row of these */
	uint32_t column_count;
	uint32_t row_bytes;
	const char *sql[RC_DIALECTS];
	uint8_t binds[BINDS_MAX]; /* MariaDB: which param each ? takes */
	uint32_t bind_count;
	size_t at;
};

struct queries {
	const struct source *source;
	struct query *items;
	uint32_t count;
};

struct migration {
	uint32_t version;
	const char *name;
	const char *up[RC_DIALECTS], *down[RC_DIALECTS]; /* NULL: not for this engine */
};

struct migrations {
	struct migration *items; /* 1, 2, … */
	uint32_t count;
};

struct names {
	const char *schema;  /* "slotcast" */
	const char *include; /* "slotcast/model/model.h" */
};

/* main.c */
__attribute__((noreturn)) void fail(const struct source *source, size_t at, const char *format, ...) RC_PRINTF(3, 4);
json_t *source_parse(const struct source *source); /* libpg_query's tree; a syntax error fails */
void source_read(struct source *source, struct rc_arena *arena, const char *path); /* NULL: empty */

int file_write(const char *dir, const char *name, const struct buf *text); /* 1: it could not, and has said so */

/* migrations.c: the files of a folder; a fault fails */
void migrations_read(struct migrations *migrations, struct rc_arena *arena, const char *dir);

/* lint.c: what locks a table of many rows for long is refused, with the safe form. `path`: as shown in messages. */
void lint_migration(const char *path, const char *up, enum rc_dialect dialect, struct rc_arena *arena);

/* text.c: the source as tokens; what SQLite writes differently */
enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_PARAM,
	TOKEN_CAST,
	TOKEN_COMMENT,
	TOKEN_OTHER
};

struct token {
	enum token_kind kind;
	size_t from, to;
};

bool token_next(const struct source *source, size_t *at, size_t end, struct token *token);
bool token_is(const struct source *source, const struct token *token, const char *word); /* ASCII case ignored */
/* The part between the next "(" behind `at` and its partner. */
void text_parens(const struct source *source, size_t at, size_t *from, size_t *to);
/* Position behind the next word `word` at or behind `at`, before `end`; fails when there is none. */
size_t text_after_word(const struct source *source, size_t at, size_t end, const char *word);
struct text_style {
	enum rc_dialect dialect;
	const struct schema *schema; /* whose names MariaDB wants quoted where it reserves them; NULL: none */
	const struct table *table;
	const char *prefix;        /* columns of `table` get it, when it is set */
	const struct query *query; /* its params: PostgreSQL $1::type, MariaDB ? (which one it is goes into binds) */
	uint8_t *binds;
	uint32_t *bind_count;
};

/* [from, to) in an engine's words: comments dropped, blanks folded, casts only for PostgreSQL, $1 → ?1 for SQLite. */
const char *text_sql(const struct source *source, size_t from, size_t to, const struct text_style *style);
const char *text_sqlite(const struct source *source, size_t from, size_t to, const struct table *table,
			const char *prefix);
const char *text_quote(struct rc_arena *arena, const char *identifier); /* quoted when it is a keyword of SQLite */
const char *text_name(struct rc_arena *arena, enum rc_dialect dialect, const char *identifier);
const char *text_upper(struct rc_arena *arena, const char *name);
/* Comment behind the element that starts at `at`, on its line; directives ("-- rowgen: …") are returned apart. */
void text_notes(const struct source *source, size_t at, const char **note, const char **directive);
const char *text_note_above(const struct source *source, size_t at);

/* schema.c, index.c, guards.c, queries.c */
size_t location(const json_t *node);
const char *str_value(const struct source *source, const json_t *node);
const char *member(const struct source *source, const json_t *node, const char *name); /* NULL: it has none */
uint32_t column_named(const struct source *source, size_t at, const struct table *table, const char *name);
void index_read(struct schema *schema, const struct source *source, const json_t *node, size_t end);
void schema_parse(struct schema *schema, const struct source *source);
bool schema_names(const struct schema *schema, const char *word); /* a table or a column */
bool schema_rule_known(const struct schema *schema, const char *name);
/* SQLite's guards say which rules there are; those of the other engines raise no others. */
void schema_add_guards(struct schema *schema, const struct source *guards, enum rc_dialect dialect);
const struct table *schema_table(const struct schema *schema, const char *name);
int32_t table_column(const struct table *table, const char *name); /* -1: none */
enum rc_type type_from_name(const struct source *source, size_t at, const json_t *type_name);
uint32_t row_layout(struct column *columns, uint32_t count); /* sets offsets, returns the struct's size */
void queries_parse(struct queries *queries, const struct source *source, const struct schema *schema);

/* relations.c */
struct rc_str directive_trim(struct rc_str text);
void column_directives(const struct source *source, struct table *table, uint32_t index, const char *text);
void constraint_directives(const struct source *source, struct table *table);
void relations_collect(struct schema *schema);
/* A query on a table with a scope says so: it mentions the scope's columns, or its name ends with _unscoped. */
void query_scope_check(const struct source *source, const struct schema *schema, const struct query *query, size_t from,
		       size_t to);

/* emit_*.c */
/* Declarations into `header` or definitions into `source`; the other one is NULL. */
void emit_calls(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table);
void emit_pages(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table);
void emit_relations(struct buf *header, struct buf *source, struct rc_arena *arena, const struct table *table);
/* RC_INT_VALUE …: what makes a struct rc_value. */
const char *type_value(enum rc_type type);
void emit_header(struct buf *out, const struct names *names, const struct schema *schema,
		 const struct queries *queries);
void emit_source(struct buf *out, const struct names *names, const struct schema *schema, const struct queries *queries,
		 const struct migrations *migrations);
const char *c_type(enum rc_type type);
/* RC_INT …: the enumerator's name. */
const char *type_enumerator(enum rc_type type);
/* DDL of an engine, with its guards; `down` takes it back. */
void emit_sqlite(struct buf *up, struct buf *down, const struct schema *schema, const struct source *guards);
void emit_postgres(struct buf *up, struct buf *down, const struct schema *schema, const struct source *guards);
void emit_mariadb(struct buf *up, struct buf *down, const struct schema *schema, const struct source *guards);
const char *postgres_type(enum rc_type type);
bool mariadb_reserves(const char *word);
/* Capture of one table, dropped and made again: what a migration says that changes a captured table's columns. */
void emit_recapture(struct buf *out, const struct schema *schema, const struct table *table);

/* prove.c: SQLite itself reads the DDL and prepares every query; what it refuses fails here, not at run time. And the
 * migrations make what the DDL makes. */
void prove(const struct schema *schema, const struct queries *queries, const char *up_sql, const char *down_sql);
void prove_migrations(const struct schema *schema, const struct migrations *migrations, const char *up_sql);

#endif
