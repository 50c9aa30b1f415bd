#include "maria.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rowcast/base/buf.h"
#include "rowcast/db/url.h"

#define PATIENCE_MS 30000 /* far beyond what anything takes; a test that waits so long has failed */

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1d >> 8;
}

uint64_t maria_random(void)
{
	static uint64_t state;

	if (!state)
		state = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) | 1 : 0x9e3779b97f4a7c15;
	return draw(&state);
}

static void put_hex(struct buf *out, const char *before, const void *bytes, size_t len, const char *after)
{
	buf_append_str(out, rc_str_from(before));
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
	buf_append_str(out, rc_str_from(after));
}

/* Text of one to four bytes a character, with NUL, quotes and blanks at the end. */
static void put_text(struct buf *out, uint64_t *seed, size_t max)
{
	static const char *const parts[] = {"a", "'", "\\", "\0", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", " "};
	struct buf text = BUF_INIT;
	size_t count = draw(seed) % (max + 1);

	for (size_t i = 0; i < count; i++) {
		size_t part = draw(seed) % 8;

		buf_append(&text, parts[part], part == 3 ? 1 : strlen(parts[part]));
	}
	put_hex(out, "CONVERT(x'", text.data, text.len, "' USING utf8mb4)");
	buf_release(&text);
}

static void put_double(struct buf *out, uint64_t *seed)
{
	static const char *const edges[] = {"0", "5e-324", "1.7976931348623157e308", "0.1", "-2.2250738585072014e-308"};
	uint64_t bits = draw(seed) << 8 ^ draw(seed);
	double value;

	memcpy(&value, &bits, sizeof(value));
	if (draw(seed) % 4 == 0 || value != value || value - value != 0)
		buf_append_str(out, rc_str_from(edges[draw(seed) % 5]));
	else
		buf_printf(out, "%.17g", value);
}

static void put_item(struct buf *out, uint64_t *seed)
{
	uint8_t bytes[400];
	size_t len = draw(seed) % 20 == 0 ? sizeof(bytes) : draw(seed) % 20;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = draw(seed) % 3 ? (uint8_t)draw(seed) : 0;
	buf_printf(out, "(%d, CONCAT('n%d', ", (int)(draw(seed) % 60) + 1, (int)(draw(seed) % 60));
	put_text(out, seed, 0);
	buf_printf(out, "), %d, ", (int)(draw(seed) % 2));
	if (draw(seed) % 5)
		put_double(out, seed);
	else
		buf_append_str(out, RC_STR("NULL"));
	put_hex(out, ", x'", bytes, len, "', ");
	if (draw(seed) % 3)
		put_hex(out, "x'", bytes, 16, "', ");
	else
		put_hex(out, "CONCAT(x'", bytes, 8, "', x'0000000000000000'), ");
	buf_printf(out, "'%04d-%02d-%02d %02d:%02d:%02d.%06d', ",
		   (int)(draw(seed) % 2) ? 2026 : (int)(draw(seed) % 9000) + 1000, (int)(draw(seed) % 12) + 1,
		   (int)(draw(seed) % 28) + 1, (int)(draw(seed) % 24), (int)(draw(seed) % 60), (int)(draw(seed) % 60),
		   (int)(draw(seed) % 1000000));
	buf_append_str(out, draw(seed) % 3 ? RC_STR("'1969-12-31', '{\"a\": [1,  2]}', ") : RC_STR("NULL, NULL, "));
	buf_printf(out, "%lld)", (long long)(draw(seed) << 8 ^ draw(seed)));
}

void maria_disturb(MYSQL *sql, uint64_t *seed)
{
	static const char item[] = "item (id, name, flag, `real`, data, uuid, at, day, doc, version) VALUES ";
	struct buf text = BUF_INIT;

	switch (draw(seed) % 10) {
	case 0:
	case 1:
		buf_printf(&text, "INSERT IGNORE INTO %s", item);
		put_item(&text, seed);
		buf_append_char(&text, ',');
		put_item(&text, seed);
		break;
	case 2:
	case 3:
		buf_printf(&text, "REPLACE INTO %s", item);
		put_item(&text, seed);
		break;
	case 4:
		buf_printf(&text, "INSERT INTO %s", item);
		put_item(&text, seed);
		buf_append_str(&text, RC_STR(" ON DUPLICATE KEY UPDATE version = version % 1000 + 1, flag = NOT flag"));
		break;
	case 5:
		buf_printf(&text, "UPDATE IGNORE item SET id = %d, data = ", (int)(draw(seed) % 60) + 1);
		put_text(&text, seed, 300);
		buf_printf(&text, " WHERE id = %d", (int)(draw(seed) % 60) + 1);
		break;
	case 6:
		buf_printf(&text, "DELETE FROM item WHERE id %% 20 = %d", (int)(draw(seed) % 20));
		break;
	case 7:
		buf_printf(&text, "REPLACE INTO pair VALUES (%d, ", (int)(draw(seed) % 5));
		put_text(&text, seed, 3);
		buf_printf(&text, ", %d)", (int)(draw(seed) % 1000));
		break;
	case 8:
		buf_printf(&text, "REPLACE INTO link (id, item_id, place, rank) VALUES (%d, %d, %d, %d)",
			   (int)(draw(seed) % 20) + 1, (int)(draw(seed) % 4), (int)(draw(seed) % 4),
			   (int)(draw(seed) % 9));
		break;
	case 9:
		buf_printf(&text, "UPDATE pair SET amount = amount + 1 WHERE a = %d", (int)(draw(seed) % 5));
		break;
	}
	(void)mysql_real_query(sql, text.data, (unsigned long)text.len); /* some are refused */
	buf_release(&text);
}

static void *blow(void *arg)
{
	struct storm_writer *writer = arg;
	MYSQL *sql = maria_connect(writer->url);

	for (int i = 0; i < writer->statements;) {
		int together = draw(&writer->seed) % 3 ? 1 : (int)(draw(&writer->seed) % 6) + 2;

		maria_exec(sql, "START TRANSACTION");
		for (int k = 0; k < together; k++, i++)
			maria_disturb(sql, &writer->seed);
		(void)mysql_query(sql, draw(&writer->seed) % 8 ? "COMMIT" : "ROLLBACK");
	}
	mysql_close(sql);
	mysql_thread_end();
	return NULL;
}

void storm_begin(struct storm *storm, struct maria *maria, int writers, int statements)
{
	storm->count = writers;
	for (int i = 0; i < writers; i++) {
		storm->writers[i] = (struct storm_writer){maria->url, maria_random() | 1, statements};
		assert_int_equal(pthread_create(&storm->threads[i], NULL, blow, &storm->writers[i]), 0);
	}
}

void storm_join(struct storm *storm)
{
	for (int i = 0; i < storm->count; i++)
		pthread_join(storm->threads[i], NULL);
}

/* The values of some columns, one after the other, so that equal bytes are equal values. */
static struct rc_str put_values(const struct rc_model *model, const void *row, const uint32_t *columns, uint32_t count)
{
	struct buf out = BUF_INIT;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t column = columns ? columns[i] : i;
		struct rc_value value = rc_row_value(model, row, column);

		buf_append_char(&out, (char)value.type);
		switch (value.type) {
		case RC_TYPE_NONE:
			break;
		case RC_BOOL:
			buf_append_char(&out, (char)value.boolean);
			break;
		case RC_INT:
		case RC_TIMESTAMP:
		case RC_DATE:
			buf_append(&out, &value.integer, 8);
			break;
		case RC_DOUBLE:
			buf_append(&out, &value.real, 8);
			break;
		case RC_TEXT:
		case RC_BYTES:
		case RC_JSON:
			buf_append(&out, &value.text.len, sizeof(value.text.len));
			if (value.text.len)
				buf_append_str(&out, value.text);
			break;
		case RC_UUID:
			buf_append(&out, &value.uuid, 16);
			break;
		}
	}
	return buf_str(&out);
}

static uint64_t hash_of(const struct rc_model *model, struct rc_str key)
{
	uint64_t hash = 14695981039346656037u ^ model->id;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.ptr[i]) * 1099511628211u;
	return hash;
}

static void drop(struct rc_str s)
{
	free((char *)(uintptr_t)s.ptr);
}

static struct mirror_row *find(const struct mirror *mirror, const struct rc_model *model, struct rc_str key)
{
	uint64_t hash = hash_of(model, key);

	for (size_t i = 0; i < mirror->count; i++) {
		struct mirror_row *row = &mirror->rows[i];

		if (row->hash == hash && row->model == model && rc_str_eq(row->key, key))
			return row;
	}
	return NULL;
}

void mirror_put(void *arg, const struct rc_model *model, const void *row)
{
	struct mirror *mirror = arg;
	struct rc_str key = put_values(model, row, model->key, model->key_count);

	if (find(mirror, model, key))
		fail_msg("a row of %s is inserted that is there", model->table);
	if (mirror->count == mirror->capacity) {
		mirror->capacity = mirror->capacity ? mirror->capacity * 2 : 64;
		mirror->rows = rc_xrealloc(mirror->rows, sizeof(*mirror->rows) * mirror->capacity);
	}
	mirror->rows[mirror->count++] = (struct mirror_row){model, hash_of(model, key), key,
							    put_values(model, row, NULL, model->column_count)};
}

static void take_out(struct mirror *mirror, const struct rc_model *model, const void *row)
{
	struct rc_str key = put_values(model, row, model->key, model->key_count);
	struct rc_str image = put_values(model, row, NULL, model->column_count);
	struct mirror_row *found = find(mirror, model, key);

	if (!found)
		fail_msg("a row of %s is removed that is not there", model->table);
	else if (!rc_str_eq(found->image, image))
		fail_msg("the old image of a row of %s is not what the row was", model->table);
	drop(key);
	drop(image);
	drop(found->key);
	drop(found->image);
	*found = mirror->rows[--mirror->count];
}

void mirror_apply(struct mirror *mirror, const struct rc_txn *txn)
{
	for (uint32_t i = 0; i < txn->change_count; i++) {
		const struct rc_change *change = &txn->changes[i];

		assert_int_equal(change->old_row != NULL, change->op != RC_INSERT);
		assert_int_equal(change->new_row != NULL, change->op != RC_DELETE);
		if (change->old_row)
			take_out(mirror, change->model, change->old_row);
		if (change->new_row)
			mirror_put(mirror, change->model, change->new_row);
	}
}

void mirror_clear(struct mirror *mirror)
{
	for (size_t i = 0; i < mirror->count; i++) {
		drop(mirror->rows[i].key);
		drop(mirror->rows[i].image);
	}
	free(mirror->rows);
	*mirror = (struct mirror){0};
}

void mirror_same(const struct mirror *a, const struct mirror *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct mirror_row *row = find(b, a->rows[i].model, a->rows[i].key);

		if (!row)
			fail_msg("a row of %s is in the mirror and not in the table", a->rows[i].model->table);
		else if (!rc_str_eq(row->image, a->rows[i].image))
			fail_msg("a row of %s is not what it is in the mirror", row->model->table);
	}
	assert_int_equal(a->count, b->count);
}

MYSQL *maria_connect(const char *text)
{
	struct rc_arena arena;
	struct rc_fault fault;
	struct url url;
	MYSQL *sql = mysql_init(NULL);

	rc_arena_init(&arena, 1024);
	assert_int_equal(url_parse(text, &arena, &url, &fault), RC_OK);
	mysql_options(sql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (!mysql_real_connect(sql, url.hosts[0].name, url.user, url.password, url.database, url.hosts[0].port, NULL,
				CLIENT_MULTI_STATEMENTS))
		fail_msg("%s", mysql_error(sql));
	rc_arena_release(&arena);
	maria_exec(sql, "SET time_zone = '+00:00'");
	return sql;
}

void maria_exec(MYSQL *sql, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	int len, more;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	va_start(args, format);
	vsnprintf(buf_reserve(&text, (size_t)len + 1), (size_t)len + 1, format, args);
	va_end(args);
	if (mysql_real_query(sql, text.data, (unsigned long)len))
		fail_msg("%.300s: %s", text.data, mysql_error(sql));
	do {
		MYSQL_RES *rows = mysql_store_result(sql);

		if (rows)
			mysql_free_result(rows);
		more = mysql_next_result(sql);
	} while (more == 0);
	if (more > 0)
		fail_msg("%.300s: %s", text.data, mysql_error(sql));
	buf_release(&text);
}

void maria_text(MYSQL *sql, const char *query, char *out, size_t size)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;

	if (mysql_query(sql, query))
		fail_msg("%s: %s", query, mysql_error(sql));
	rows = mysql_store_result(sql);
	row = mysql_fetch_row(rows);
	snprintf(out, size, "%s", row && row[0] ? row[0] : "");
	mysql_free_result(rows);
}

uint64_t maria_int(MYSQL *sql, const char *query)
{
	char text[64];

	maria_text(sql, query, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

void maria_reconnect(struct maria *maria)
{
	mysql_close(maria->sql);
	maria->sql = maria_connect(maria->url);
}

void maria_open(struct maria *maria)
{
	const struct rc_feed_options options = {.kind = maria->kind};
	struct rc_fault fault = {0};

	if (rc_feed_open(&maria->feed, maria->url, sample_schema(), &options, &fault) != RC_OK)
		fail_msg("%s", fault.message);
}

void maria_close(struct maria *maria)
{
	rc_feed_close(maria->feed);
	maria->feed = NULL;
}

void maria_snapshot(struct maria *maria)
{
	struct rc_fault fault = {0};

	mirror_clear(&maria->mirror);
	if (rc_feed_snapshot(maria->feed, mirror_put, &maria->mirror, &maria->at, &fault) != RC_OK)
		fail_msg("%s", fault.message);
}

static void make_tables(struct maria *maria)
{
	maria_sql(
		maria,
		"CREATE TABLE rc_meta (`key` VARCHAR(255) COLLATE utf8mb4_bin PRIMARY KEY, value LONGTEXT NOT NULL);"
		"CREATE TABLE item (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) COLLATE utf8mb4_bin NOT "
		"NULL UNIQUE, flag BOOLEAN NOT NULL, `real` DOUBLE, data LONGBLOB, uuid BINARY(16), at DATETIME(6) NOT "
		"NULL, day DATE, doc JSON, version BIGINT NOT NULL DEFAULT 1) CHARACTER SET utf8mb4;"
		"CREATE TABLE pair (a BIGINT, b VARCHAR(255) COLLATE utf8mb4_bin, amount BIGINT NOT NULL, PRIMARY KEY "
		"(a, b)) CHARACTER SET utf8mb4;"
		"CREATE TABLE link (id BIGINT PRIMARY KEY AUTO_INCREMENT, item_id BIGINT NOT NULL, place BIGINT NOT "
		"NULL, rank BIGINT NOT NULL, UNIQUE (item_id, place));");
}

void maria_setup(struct maria *maria, struct engine *engine, enum rc_feed_kind kind)
{
	const struct rc_feed_options options = {.kind = kind};
	struct rc_fault fault = {0};
	enum rc_feed_kind chosen;

	*maria = (struct maria){.engine = engine, .kind = kind};
	rc_arena_init(&maria->arena, 65536);
	engine_fresh(engine, maria->url);
	maria->sql = maria_connect(maria->url);
	make_tables(maria);
	if (rc_feed_prepare(maria->url, sample_schema(), &options, &chosen, NULL, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(chosen, kind);
	maria_open(maria);
	maria_snapshot(maria);
}

void maria_teardown(struct maria *maria)
{
	rc_feed_close(maria->feed);
	mirror_clear(&maria->mirror);
	rc_arena_release(&maria->arena);
	mysql_close(maria->sql);
}

int maria_next(struct maria *maria)
{
	for (;;) {
		struct pollfd ready = {.fd = rc_feed_fd(maria->feed), .events = POLLIN};
		int rc;

		rc_feed_attend(maria->feed);
		rc_arena_reset(&maria->arena);
		rc = rc_feed_next(maria->feed, &maria->arena, &maria->txn);
		if (rc == RC_OK) {
			if (maria->txn.position.epoch != maria->at.epoch || maria->txn.position.n <= maria->at.n)
				fail_msg("a position that does not grow");
			maria->at = maria->txn.position;
			maria->changes += maria->txn.change_count;
			maria->transactions++;
			mirror_apply(&maria->mirror, &maria->txn);
			if (maria->each)
				maria->each(&maria->txn);
			return rc;
		}
		if (rc != RC_AGAIN && rc != RC_UNAVAILABLE)
			return rc;
		if (poll(&ready, 1, PATIENCE_MS) != 1)
			fail_msg("the feed says nothing any more (%s)", rc_err_name(rc));
	}
}

void maria_drain(struct maria *maria)
{
	int64_t sentinel = --maria->sentinel;

	maria_sql(maria, "INSERT INTO pair VALUES (%lld, 'sentinel', 0)", (long long)sentinel);
	for (;;) {
		const struct rc_change *last;

		if (maria_next(maria) != RC_OK)
			fail_msg("the feed lost continuity");
		last = maria->txn.change_count ? &maria->txn.changes[maria->txn.change_count - 1] : NULL;
		if (last && last->model == &pair_model && last->op == RC_INSERT &&
		    ((const struct pair *)last->new_row)->a == sentinel)
			return;
	}
}

void maria_expect_nothing(struct maria *maria)
{
	uint64_t before = maria->changes;

	maria_drain(maria);
	assert_int_equal(maria->changes, before + 1);
}

void maria_expect_gone(struct maria *maria)
{
	uint64_t epoch = maria->at.epoch;
	int rc;

	while ((rc = maria_next(maria)) == RC_OK)
		;
	assert_int_equal(rc, RC_GONE);
	assert_int_equal(rc_feed_next(maria->feed, &maria->arena, &maria->txn), RC_GONE);
	maria_snapshot(maria);
	assert_true(maria->at.epoch != epoch);
	maria_check(maria);
}

void maria_check(struct maria *maria)
{
	struct mirror now = {0};
	struct rc_position at;
	struct rc_fault fault = {0};
	const struct rc_feed_options options = {.kind = maria->kind};
	struct rc_feed *other;

	maria_drain(maria);
	assert_int_equal(rc_feed_open(&other, maria->url, sample_schema(), &options, &fault), RC_OK);
	if (rc_feed_snapshot(other, mirror_put, &now, &at, &fault) != RC_OK)
		fail_msg("%s", fault.message);
	rc_feed_close(other);
	assert_int_equal(at.epoch, maria->at.epoch);
	mirror_same(&maria->mirror, &now);
	mirror_clear(&now);
}
