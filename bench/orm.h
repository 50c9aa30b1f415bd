/*
 * What bench/orm.c measures, once through the library and once by hand: the same work on the same database with the same
 * settings. A side keeps its own connection and stops the program when something fails.
 */
#ifndef BENCH_ORM_H
#define BENCH_ORM_H

#include "bench/model.h"

#define ITEM_TEXT_MAX 64 /* bytes of one text of an item; hand-written buffers rely on it */
#define LIST_ROWS     1000

struct side {
	const char *name;
	void (*open)(const char *url);
	void (*begin)(void); /* and one statement, so that what is sent late is sent */
	void (*rollback)(void);
	/* Results stay valid until the next call. */
	void (*get)(int64_t id, const struct item **out);
	/* The LIST_ROWS items of a shelf, by id. Returns a checksum of all fields. */
	int64_t (*list)(int64_t shelf);
	void (*insert)(struct item *row); /* fills the id */
	void (*insert_many)(struct item *rows, size_t count);
	void (*close)(void);
};

extern const struct side side_sqlite, side_postgres, side_mariadb;

/* What a caller does with a row: look at every field. */
static inline int64_t item_sum(const struct item *item)
{
	return item->id + item->shelf + (int64_t)item->name.len + (int64_t)item->place.len + (int64_t)item->price +
	       item->open + item->starts_at + item->ends_at + item->party + (int64_t)item->note.len +
	       (int64_t)item->nulls;
}

#endif
