/*
 * Row images of the binlog into rows of models: a TABLE_MAP event says which columns there are and how they are stored,
 * the events behind it hold rows. Columns are matched by name (binlog_row_metadata=FULL), so their order does not
 * matter, and what no model has is skipped by its length.
 *
 *   model        column
 *   RC_BOOL      TINYINT … BIGINT of 0 or 1
 *   RC_INT       TINYINT … BIGINT
 *   RC_DOUBLE    DOUBLE, FLOAT
 *   RC_TEXT      VARCHAR, CHAR, TEXT of every size; UTF-8
 *   RC_JSON      the same
 *   RC_BYTES     VARBINARY, BINARY (padded again), BLOB of every size
 *   RC_UUID      BINARY(16)
 *   RC_TIMESTAMP DATETIME, TIMESTAMP with up to 6 digits
 *   RC_DATE      DATE
 */
#ifndef ROWCAST_FEED_MARIADB_IMAGE_H
#define ROWCAST_FEED_MARIADB_IMAGE_H

#include "rowcast/feed/mariadb/event.h"
#include "rowcast/orm.h"

struct image_column {
	uint8_t how;  /* enum in image.c */
	uint8_t type; /* the model's, 0: skip it */
	bool is_unsigned;
	uint8_t prefix; /* bytes of a length in front of the value, 0: it has `size` */
	uint32_t size;  /* of the value, or what it is padded to */
	uint32_t field; /* column of the model */
};

/* One table whose rows are wanted. */
struct image_table {
	const struct rc_model *model;
	struct buf map; /* the TABLE_MAP that the columns were made of, without the table's id */
	struct image_column *columns;
	uint32_t column_count, column_capacity;
	int err;     /* RC_MISMATCH: its columns are not the model's */
	uint64_t id; /* of the newest TABLE_MAP */
	bool live;   /* id is valid in this statement */
};

struct images {
	struct rc_str database;
	struct image_table *tables;
	uint32_t table_count;
	char why[256]; /* what does not fit */
};

/* Marks of writers: mark_model's rows are these. Unsigned columns keep their bits. */
struct image_mark {
	uint64_t nulls;
	int64_t writer, n;
};
/* rc_meta. */
struct image_meta {
	uint64_t nulls;
	struct rc_str key, value;
};
extern const struct rc_model image_mark_model, image_meta_model;

/* Captured models, rc_mark and rc_meta. `database` is borrowed. */
void maria_images_init(struct images *images, const struct rc_schema *schema, struct rc_str database);
void maria_images_release(struct images *images);

/* Which of the tables a TABLE_MAP's body is about, without looking at its columns; NULL: none. *id: the table's. */
struct image_table *maria_images_find(const struct images *images, const uint8_t *body, size_t len, uint64_t *id);
/* A new statement's tables follow. */
void maria_images_forget(struct images *images);

struct image_changes {
	struct rc_change *at;
	uint32_t count, capacity;
};

/* Take a TABLE_MAP in. RC_MISMATCH: its columns are not the model's (images->why); RC_CORRUPT. */
int maria_images_map(struct images *images, const uint8_t *body, size_t len) RC_MUST_CHECK;
/* Rows of a WRITE, UPDATE or DELETE event, uncompressed. Text points into `body`, which must live as long as `arena`.
 * RC_MISMATCH: columns are missing in the images; RC_CORRUPT: they are not rows. */
int maria_images_rows(struct images *images, uint8_t type, const uint8_t *body, size_t len, struct rc_arena *arena,
		      struct image_changes *out) RC_MUST_CHECK;

#endif
