/*
 * Many rows in few statements: PostgreSQL takes arrays, one per column; MariaDB takes lists of rows, of 64, then 8, then
 * single ones, so that few texts are prepared; SQLite, where a call costs no round trip, takes one after the other.
 *
 * Rows whose identity is given and rows whose identity is drawn need different statements; the rows are cut into runs
 * of one sort.
 */
#include "rowcast/base/check.h"
#include "rowcast/orm/db.h"

/* Rows of one statement with arrays: memory, not speed, asks for an end. */
#define ARRAYS_MAX 16384

struct run {
	const struct rc_model *model;
	char *rows;
	bool drawn;
	uint32_t columns[64]; /* that are written */
	uint32_t column_count;
};

static void *row_at(const struct run *run, size_t i)
{
	return run->rows + i * run->model->row_bytes;
}

/* The numbers drawn, in the order of the rows. They must rise: that proves the order. */
static int take_identities(struct rc_db *db, struct prepared *prepared, const struct run *run, size_t count)
{
	const struct rc_column *identity = &run->model->columns[run->model->key[0]];
	int64_t before = INT64_MIN, number;
	int rc = RC_OK;

	for (size_t i = 0; i < count; i++) {
		rc = db->driver->step(prepared->stmt);
		if (rc == DB_ROW)
			rc = db->driver->read_int(prepared->stmt, &number);
		else if (rc == RC_OK)
			rc = RC_MISMATCH;
		if (rc == RC_OK && number <= before)
			rc = RC_MISMATCH;
		if (rc == RC_MISMATCH)
			return db_refuse(
				db, RC_MISMATCH,
				"table %s did not draw rising numbers for the rows of one INSERT; is something "
				"between this program and the table?",
				run->model->table);
		if (rc != RC_OK)
			return db_failed(db, rc);
		*(int64_t *)RC_FIELD(row_at(run, i), identity) = before = number;
	}
	return rc;
}

static int bind_lists(struct rc_db *db, struct prepared *prepared, const struct run *run, size_t count)
{
	int rc = RC_OK;

	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = db->driver->bind_fields(prepared->stmt, (uint32_t)i * run->column_count, run->model, run->columns,
					     run->column_count, row_at(run, i));
	return rc;
}

/* One row on an engine whose connection tells the number. */
static int take_identity(struct rc_db *db, struct prepared *prepared, const struct run *run)
{
	int rc = prepared_run(db, prepared, NULL);

	if (rc == RC_OK)
		*(int64_t *)RC_FIELD(row_at(run, 0),
				     &run->model->columns[model_identity(run->model)]) = db->driver->identity(db->conn);
	return rc;
}

static int insert_some(struct rc_tx *tx, const struct run *run, enum crud op, size_t count)
{
	struct rc_db *db = tx->db;
	struct prepared *prepared;
	int rc = row_crud(tx, run->model, op, &prepared);

	if (rc == RC_OK)
		rc = prepared_start(db, prepared, NULL, 0);
	if (rc != RC_OK)
		return rc;
	if (op == CRUD_ARRAYS || op == CRUD_ARRAYS_DRAWN)
		rc = db->driver->bind_arrays(prepared->stmt, 0, run->model, run->columns, run->column_count, run->rows,
					     count);
	else
		rc = bind_lists(db, prepared, run, count);
	if (rc == RC_OK && op == CRUD_INSERT_DRAWN && db->driver->identity)
		rc = take_identity(db, prepared, run);
	else if (rc == RC_OK && run->drawn)
		rc = take_identities(db, prepared, run, count);
	else if (rc == RC_OK)
		rc = prepared_run(db, prepared, NULL);
	prepared_end(db, prepared);
	return rc;
}

/* Which statement for `left` rows, and how many of them it takes. */
static enum crud choose(const struct rc_db *db, bool drawn, size_t left, size_t *count)
{
	if (db->driver->bind_arrays) {
		*count = left < ARRAYS_MAX ? left : ARRAYS_MAX;
		return drawn ? CRUD_ARRAYS_DRAWN : CRUD_ARRAYS;
	}
	if (left >= SQL_MANY) {
		*count = SQL_MANY;
		return drawn ? CRUD_MANY_DRAWN : CRUD_MANY;
	}
	if (left >= SQL_FEW) {
		*count = SQL_FEW;
		return drawn ? CRUD_FEW_DRAWN : CRUD_FEW;
	}
	*count = 1;
	return drawn ? CRUD_INSERT_DRAWN : CRUD_INSERT;
}

/* Rows from the first on whose identity is of one sort: given or drawn. */
static size_t cut_run(struct run *run, size_t left)
{
	const struct rc_model *model = run->model;
	int32_t identity = model_identity(model);
	size_t count = 0;

	run->column_count = 0;
	run->drawn = identity >= 0 && *(int64_t *)RC_FIELD(row_at(run, 0), &model->columns[identity]) == 0;
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!run->drawn || (int32_t)i != identity)
			run->columns[run->column_count++] = i;
	}
	if (identity < 0)
		return left;
	while (count < left && (*(int64_t *)RC_FIELD(row_at(run, count), &model->columns[identity]) == 0) == run->drawn)
		count++;
	return count;
}

static int insert_run(struct rc_tx *tx, struct run *run, size_t left)
{
	int rc = RC_OK;

	while (left > 0 && rc == RC_OK) {
		size_t count;
		enum crud op = choose(tx->db, run->drawn, left, &count);

		rc = insert_some(tx, run, op, count);
		if (rc == RC_OK)
			run->rows += count * run->model->row_bytes;
		left -= count;
	}
	return rc;
}

/* Versions that are 0 become 1; `undo`: those of rows `first` and later, which were not inserted, become 0 again. */
static void first_versions(const struct rc_model *model, char *rows, size_t first, size_t count, uint8_t *were_zero,
			   bool undo)
{
	for (size_t i = first; i < count && model->version >= 0; i++) {
		int64_t *version = RC_FIELD(rows + i * model->row_bytes, &model->columns[model->version]);

		if (undo && were_zero[i])
			*version = 0;
		if (!undo) {
			were_zero[i] = *version == 0;
			*version += were_zero[i];
		}
	}
}

int rc_row_insert_many(struct rc_tx *tx, const struct rc_model *model, void *rows, size_t count)
{
	struct run run = {.model = model, .rows = rows};
	struct rc_arena arena;
	uint8_t *were_zero;
	int rc = RC_OK;

	rc_check(tx->open);
	if (tx->db->driver->dialect == RC_SQLITE) {
		for (size_t i = 0; i < count && rc == RC_OK; i++)
			rc = rc_row_insert(tx, model, (char *)rows + i * model->row_bytes);
		return rc;
	}
	rc_arena_init(&arena, count + 64);
	were_zero = rc_arena_zalloc(&arena, count + 1);
	first_versions(model, rows, 0, count, were_zero, false);
	while (rc == RC_OK && run.rows < (char *)rows + count * model->row_bytes) {
		size_t left = count - (size_t)(run.rows - (char *)rows) / model->row_bytes;

		left = cut_run(&run, left);
		rc = insert_run(tx, &run, left);
	}
	if (rc != RC_OK)
		first_versions(model, rows, (size_t)(run.rows - (char *)rows) / model->row_bytes, count, were_zero,
			       true);
	rc_arena_release(&arena);
	return rc;
}
