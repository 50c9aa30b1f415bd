#include "sample.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "rowcast/db/sqlite/capture.h"

#define COLUMN(row, field, kind, bits)                                                                                 \
	{                                                                                                              \
#field, kind, bits, offsetof(struct row, field)                                                        \
	}

static const struct rc_column item_columns[] = {
	COLUMN(item, id, RC_INT, RC_COLUMN_KEY | RC_COLUMN_IDENTITY),
	COLUMN(item, name, RC_TEXT, 0),
	COLUMN(item, flag, RC_BOOL, 0),
	COLUMN(item, real, RC_DOUBLE, RC_COLUMN_NULLABLE),
	COLUMN(item, data, RC_BYTES, RC_COLUMN_NULLABLE),
	COLUMN(item, uuid, RC_UUID, RC_COLUMN_NULLABLE),
	COLUMN(item, at, RC_TIMESTAMP, 0),
	COLUMN(item, day, RC_DATE, RC_COLUMN_NULLABLE),
	COLUMN(item, doc, RC_JSON, RC_COLUMN_NULLABLE),
	COLUMN(item, version, RC_INT, RC_COLUMN_VERSION),
};

const struct rc_model item_model = {
	.table = "item",
	.columns = item_columns,
	.column_count = ITEM_COLUMNS,
	.row_bytes = sizeof(struct item),
	.key = {ITEM_ID},
	.key_count = 1,
	.version = ITEM_VERSION,
	.id = 0,
	.captured = true,
};

static const struct rc_column pair_columns[] = {
	COLUMN(pair, a, RC_INT, RC_COLUMN_KEY),
	COLUMN(pair, b, RC_TEXT, RC_COLUMN_KEY),
	COLUMN(pair, amount, RC_INT, 0),
};

const struct rc_model pair_model = {
	.table = "pair",
	.columns = pair_columns,
	.column_count = PAIR_COLUMNS,
	.row_bytes = sizeof(struct pair),
	.key = {PAIR_A, PAIR_B},
	.key_count = 2,
	.version = -1,
	.id = 1,
	.captured = true,
};

static const struct rc_column link_columns[] = {
	COLUMN(link, id, RC_INT, RC_COLUMN_KEY | RC_COLUMN_IDENTITY),
	COLUMN(link, item_id, RC_INT, 0),
	COLUMN(link, place, RC_INT, 0),
	COLUMN(link, rank, RC_INT, 0),
};

const struct rc_model link_model = {
	.table = "link",
	.columns = link_columns,
	.column_count = LINK_COLUMNS,
	.row_bytes = sizeof(struct link),
	.key = {LINK_ID},
	.key_count = 1,
	.version = -1,
	.id = 2,
	.captured = true,
};

static const struct rc_model *const models[] = {&item_model, &pair_model, &link_model};

static const struct rc_constraint constraints[SAMPLE_CONSTRAINTS] = {
	[SAMPLE_ITEM_NAME] = {"item_name", "item", "name", RC_UNIQUE},
	[SAMPLE_PAIR_PKEY] = {"pair_pkey", "pair", "a, b", RC_PRIMARY_KEY},
	[SAMPLE_PAIR_AMOUNT] = {"pair_amount", "pair", "", RC_CHECK},
	[SAMPLE_LINK_PLACE] = {"link_place", "link", "item_id, place", RC_UNIQUE},
	[SAMPLE_LINK_GUARD] = {"link_guard", "link", "", RC_GUARD},
	[SAMPLE_ITEM_AT_NOT_NULL] = {"item_at_not_null", "item", "at", RC_NOT_NULL},
};

static const char tables_sql[] =
	"CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, flag INTEGER NOT NULL, real "
	"REAL, data BLOB,\n"
	"  uuid TEXT, at INTEGER NOT NULL, day TEXT, doc TEXT, version INTEGER NOT NULL DEFAULT 1,\n"
	"  CONSTRAINT item_name UNIQUE (name)) STRICT;\n"
	"CREATE TABLE pair (a INTEGER NOT NULL, b TEXT NOT NULL, amount INTEGER NOT NULL,\n"
	"  CONSTRAINT pair_amount CHECK (amount BETWEEN 0 AND 1000), PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE link (id INTEGER PRIMARY KEY AUTOINCREMENT, item_id INTEGER NOT NULL REFERENCES item (id) ON "
	"DELETE CASCADE,\n"
	"  place INTEGER NOT NULL, rank INTEGER NOT NULL, CONSTRAINT link_place UNIQUE (item_id, place)) STRICT;\n"
	"CREATE UNIQUE INDEX link_rank ON link (rank) WHERE place > 100;\n"
	"CREATE TRIGGER link_guard BEFORE INSERT ON link WHEN NEW.place < 0 BEGIN\n"
	"  SELECT RAISE(ABORT, 'link_guard: a place is not negative'); END;\n";

const struct rc_statement sample_big_items = {
	.id = 0,
	.sql[RC_SQLITE] =
		"SELECT id, name, flag, real, data, uuid, at, day, doc, version FROM item WHERE real >= ? ORDER BY id",
	.param_count = 1,
	.params = (const enum rc_type[]){RC_DOUBLE},
	.result = &item_model,
};

const struct rc_statement sample_item_total = {.id = 1, .sql[RC_SQLITE] = "SELECT count(*) FROM item"};

const struct rc_statement sample_rename = {
	.id = 2,
	.sql[RC_SQLITE] = "UPDATE item SET name = ? WHERE id = ?",
	.param_count = 2,
	.params = (const enum rc_type[]){RC_TEXT, RC_INT},
};

const struct rc_schema *sample_schema(void)
{
	static struct rc_migration migrations[2];
	static struct buf first;
	static const struct rc_schema schema = {
		.name = "sample",
		.version = 2,
		.models = models,
		.model_count = 3,
		.migrations = migrations,
		.migration_count = 2,
		.constraints = constraints,
		.constraint_count = SAMPLE_CONSTRAINTS,
		.statement_count = 3,
	};
	static const uint32_t name[] = {ITEM_NAME}, place[] = {LINK_ITEM_ID, LINK_PLACE}, rank[] = {LINK_RANK};

	if (first.len)
		return &schema;
	buf_append_str(&first, RC_STR(tables_sql));
	capture_write_log(&first, ITEM_COLUMNS);
	capture_write_table(&first, &(struct capture_table){&item_model, CAPTURE_ROWID_KEY,
							    (struct capture_unique[]){{name, 1, NULL}}, 1});
	capture_write_table(&first, &(struct capture_table){&pair_model, CAPTURE_ROWID_NONE, NULL, 0});
	capture_write_table(&first, &(struct capture_table){
					    &link_model, CAPTURE_ROWID_KEY,
					    (struct capture_unique[]){{place, 2, NULL}, {rank, 1, "place > 100"}}, 2});
	migrations[0] = (struct rc_migration){
		.version = 1, .name = "initial", .up[RC_SQLITE] = buf_cstr(&first), .checksum[RC_SQLITE] = "11"};
	migrations[1] = (struct rc_migration){
		.version = 2,
		.name = "notes",
		.up[RC_SQLITE] = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
		.down[RC_SQLITE] = "DROP TABLE note;",
		.checksum[RC_SQLITE] = "22",
	};
	return &schema;
}

void sample_dir_make(struct sample_dir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "/tmp/rowcast-test-XXXXXX");
	assert_non_null(mkdtemp(dir->path));
	snprintf(dir->db_path, sizeof(dir->db_path), "%s/data.db", dir->path);
	snprintf(dir->url, sizeof(dir->url), "sqlite:%s", dir->db_path);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	return remove(path);
}

void sample_dir_remove(struct sample_dir *dir)
{
	nftw(dir->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct rc_db *sample_open_with(const struct sample_dir *dir, enum rc_access access)
{
	struct rc_db_options options = {.access = access, .busy_timeout_us = 5000000, .create = access == RC_WRITE};
	struct rc_fault fault = {0};
	struct rc_db *db;

	if (rc_db_open(&db, dir->url, sample_schema(), &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	return db;
}

struct rc_db *sample_open(const struct sample_dir *dir)
{
	struct rc_db *db = sample_open_with(dir, RC_WRITE);
	struct rc_fault fault = {0};
	uint32_t applied;

	if (rc_migrate_up(db, &applied, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	return db;
}

struct rc_tx *sample_begin(struct rc_db *db)
{
	struct rc_tx *tx;

	if (rc_tx_begin(db, RC_WRITE, &tx) != RC_OK)
		fail_msg("%s", rc_db_fault(db)->message);
	return tx;
}

void sample_commit(struct rc_tx *tx)
{
	struct rc_db *db = rc_tx_db(tx);

	if (rc_tx_commit(tx) != RC_OK)
		fail_msg("%s", rc_db_fault(db)->message);
}

void sample_exec(struct rc_tx *tx, const char *sql)
{
	if (rc_sql_exec(tx, sql, NULL, 0, NULL) != RC_OK)
		fail_msg("%s: %s", sql, rc_db_fault(rc_tx_db(tx))->message);
}

void sample_write(struct rc_db *db, const char *sql)
{
	struct rc_tx *tx = sample_begin(db);

	sample_exec(tx, sql);
	sample_commit(tx);
}

int64_t sample_int(struct rc_tx *tx, const char *sql)
{
	int64_t value;

	if (rc_sql_int(tx, sql, NULL, 0, &value) != RC_OK)
		fail_msg("%s: %s", sql, rc_db_fault(rc_tx_db(tx))->message);
	return value;
}
