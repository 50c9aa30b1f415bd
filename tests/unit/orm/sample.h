/*
 * A small schema for tests of the ORM and the feed: every column type, every kind of table and key, on every engine.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "rowcast/orm_generated.h"

struct item {
	uint64_t nulls;
	int64_t id;
	struct rc_str name; /* unique */
	bool flag;
	double real;
	struct rc_str data;
	struct rc_uuid uuid;
	int64_t at;
	int32_t day;
	struct rc_str doc;
	int64_t version;
};

enum {
	ITEM_ID,
	ITEM_NAME,
	ITEM_FLAG,
	ITEM_REAL,
	ITEM_DATA,
	ITEM_UUID,
	ITEM_AT,
	ITEM_DAY,
	ITEM_DOC,
	ITEM_VERSION,
	ITEM_COLUMNS
};

struct pair { /* WITHOUT ROWID */
	uint64_t nulls;
	int64_t a;
	struct rc_str b;
	int64_t amount; /* 0 … 1000 */
};

enum { PAIR_A, PAIR_B, PAIR_AMOUNT, PAIR_COLUMNS };

struct link { /* points to an item; a key of two columns and a partial one */
	uint64_t nulls;
	int64_t id;
	int64_t item_id;
	int64_t place;
	int64_t rank; /* unique where place > 100 */
};

enum { LINK_ID, LINK_ITEM_ID, LINK_PLACE, LINK_RANK, LINK_COLUMNS };

enum {
	SAMPLE_NONE,
	SAMPLE_ITEM_NAME,
	SAMPLE_PAIR_PKEY,
	SAMPLE_PAIR_AMOUNT,
	SAMPLE_LINK_PLACE,
	SAMPLE_LINK_GUARD,
	SAMPLE_ITEM_AT_NOT_NULL,
	SAMPLE_CONSTRAINTS
};

extern const struct rc_model item_model, pair_model, link_model;
extern const struct rc_statement sample_big_items; /* (least real) → items */
extern const struct rc_statement sample_item_total;
extern const struct rc_statement sample_rename; /* (name, id) */

/* The schema; its migration text is written when this is first called. */
const struct rc_schema *sample_schema(void);

/*
 * The engine that the program's first argument names ("postgres", "mariadb"; none or "sqlite": SQLite) is started, the
 * tests run on it, each in a database of its own, and it is removed.
 */
#define SAMPLE_RUN(argc, argv, tests)                                                                                  \
	(sample_start(argc, argv), cmocka_set_message_output(CM_OUTPUT_TAP),                                           \
	 sample_stop(cmocka_run_group_tests(tests, NULL, NULL)))
void sample_start(int argc, char **argv);
int sample_stop(int failed);
/* What it is, and what it can store. */
extern enum rc_dialect sample_dialect;
extern const struct sample_limits {
	int64_t at_least, at_most;
	int32_t day_least;
	bool infinity, nan, nul;
} sample_limits[RC_DIALECTS];

/* A directory of its own for each test: made, and removed with what is in it. */
struct sample_dir {
	char path[64];
	char db_path[96];
	char url[256];
};
void sample_dir_make(struct sample_dir *dir);
void sample_dir_remove(struct sample_dir *dir);

/* Open for writing, created and migrated. Fails the test on any error. */
struct rc_db *sample_open(const struct sample_dir *dir);
struct rc_db *sample_open_with(const struct sample_dir *dir, enum rc_access access);
struct rc_tx *sample_begin(struct rc_db *db);
void sample_commit(struct rc_tx *tx);
void sample_exec(struct rc_tx *tx, const char *sql);
/* In a transaction of its own. */
void sample_write(struct rc_db *db, const char *sql);
int64_t sample_int(struct rc_tx *tx, const char *sql);

#endif
