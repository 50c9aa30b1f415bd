/*
 * rowgen diff: the next migrations out of two versions of schema.sql.
 *
 * What is renamed is said by the new schema (-- rowgen: renamed from x). `middle` is the old schema with the new names:
 * on the servers a migration first renames (from → middle) and then changes what is left (middle → to), by name. The
 * way down is the same written from the other end. SQLite alters little, so there tables go from → to in one step.
 */
#ifndef ROWCAST_ORM_ROWGEN_DIFF_H
#define ROWCAST_ORM_ROWGEN_DIFF_H

#include "rowcast/orm/rowgen/rowgen.h"

#define WORDS_MAX 64

struct words {
	const char *at[WORDS_MAX];
	bool used[WORDS_MAX];
	uint32_t count;
};

struct diff {
	const struct schema *from, *to, *middle;
	const struct source *guards; /* SQLite's: they go with a table that is made again */
	struct words drops;          /* TABLE, TABLE.COLUMN, constraints and indexes */
	struct words locks;          /* TABLE=REASON */
	bool down;                   /* `from` and `to` have changed places */
};

/* Migration N, and on PostgreSQL what has to wait for its commit: VALIDATE in migration N + 1. */
struct diff_text {
	struct buf up[RC_DIALECTS], down[RC_DIALECTS];
	struct buf later_up, later_down;
};

/* diff.c */
struct diff_options {
	const char *from, *to, *name, *migrations, *guards;
	struct words drops, locks;
};

int diff_main(int argc, char **argv); /* the words behind "diff"; exit status */
const struct table *diff_old_table(const struct schema *from, const struct table *table);      /* NULL: it is new */
int32_t diff_old_column(const struct table *from, const struct table *table, uint32_t column); /* -1: it is new */
/* A statement that locks `table` gets the line that allows it, or without --locks ends the program. */
void diff_lock(struct buf *out, struct diff *diff, size_t at, const char *table, const char *what, const char *instead);
const struct constraint *diff_constraint(const struct table *table, const char *name); /* NULL: it has none */
const struct sql_index *diff_index(const struct schema *schema, const char *name);
/* What a column gets in the rows that are there when it comes back. */
const char *diff_zero(enum rc_type type, enum rc_dialect dialect);
/* What is in `out`, without the comma, line break and blanks before it; releases `out`. */
const char *diff_cut(struct buf *out, struct rc_arena *arena);

/* diff_check.c: what cannot be written, or is not allowed to, ends the program with what to do instead. */
void diff_check(struct diff *diff);

void diff_sqlite(struct buf *out, const struct diff *diff);
void diff_postgres_rename(struct buf *out, const struct schema *from, const struct schema *to);
/* later_…: NULL on the way down. */
void diff_postgres(struct buf *out, struct buf *later_up, struct buf *later_down, struct diff *diff);
void diff_mariadb_triggers(struct buf *out, const struct schema *from, const struct schema *to, bool drop);
void diff_mariadb_rename(struct buf *out, const struct schema *from, const struct schema *to);
void diff_mariadb(struct buf *out, struct diff *diff);
/* Up and down on an empty SQLite: from → to → from. */
void prove_diff(const struct schema *from, const struct schema *to, const char *from_ddl, const char *to_ddl,
		struct diff_text *text);

/* emit_*.c: the parts of which the DDL is made. Constraints and MariaDB's parts begin with ",\n  ". */
bool sqlite_has_rowid_key(const struct table *table);
void sqlite_put_column(struct buf *out, const struct schema *schema, const struct table *table, uint32_t index);
void sqlite_put_constraint(struct buf *out, const struct schema *schema, const struct table *table,
			   const struct constraint *c);
void sqlite_put_table(struct buf *out, const struct schema *schema, const struct table *table);
void sqlite_put_index(struct buf *out, const struct schema *schema, const struct sql_index *index);
void sqlite_put_exclusion(struct buf *out, const struct schema *schema, const struct table *table,
			  const struct constraint *c, bool update);
void sqlite_put_capture(struct buf *out, const struct schema *schema, const struct table *table);
extern const char postgres_need_gist[];
void postgres_put_column(struct buf *out, const struct schema *schema, const struct column *column);
void postgres_put_constraint(struct buf *out, const struct schema *schema, const struct table *table,
			     const struct constraint *c);
void postgres_put_table(struct buf *out, const struct schema *schema, const struct table *table);
void postgres_put_index(struct buf *out, const struct schema *schema, const struct sql_index *index);
const char *mariadb_column_type(const struct schema *schema, const struct table *table, uint32_t column);
const char *mariadb_hidden_column(const struct schema *schema, const struct sql_index *index);
void mariadb_put_hidden(struct buf *out, const struct schema *schema, const struct sql_index *index);
void mariadb_put_column(struct buf *out, const struct schema *schema, const struct table *table, uint32_t index);
void mariadb_put_constraint(struct buf *out, const struct schema *schema, const struct table *table,
			    const struct constraint *c);
void mariadb_put_index(struct buf *out, const struct schema *schema, const struct table *table,
		       const struct sql_index *index);
void mariadb_put_table(struct buf *out, const struct schema *schema, const struct table *table);
void mariadb_put_exclusion(struct buf *out, const struct schema *schema, const struct table *table,
			   const struct constraint *c, bool update);

#endif
