#include "rowcast/feed/postgres/copy.h"

#include "rowcast/base/log.h"
#include "rowcast/feed/postgres/value.h"
#include "rowcast/io/clock.h"

#define FETCH_US 60000000
#define FETCH    "FETCH FORWARD 1000 FROM rowcast_copy"

static void declare_sql(struct buf *sql, const struct rc_model *model)
{
	buf_append_str(sql, RC_STR("DECLARE rowcast_copy BINARY NO SCROLL CURSOR FOR SELECT "));
	for (uint32_t i = 0; i < model->column_count; i++) {
		if (i > 0)
			buf_append_char(sql, ',');
		pgf_append_name(sql, model->columns[i].name);
	}
	buf_append_str(sql, RC_STR(" FROM "));
	pgf_append_name(sql, model->table);
	for (uint32_t i = 0; i < model->key_count; i++) {
		buf_append_str(sql, i ? RC_STR(", ") : RC_STR(" ORDER BY "));
		pgf_append_name(sql, model->columns[model->key[i]].name);
	}
}

static int check_types(const struct pgf_copy *copy, const struct rc_model *model, const PGresult *result,
		       struct rc_fault *fault)
{
	char place[160];

	for (uint32_t i = 0; i < model->column_count; i++) {
		if (!pgf_type_fits(PQftype(result, (int)i), model->columns[i].type))
			return rc_fault_set(
				fault, RC_MISMATCH,
				"column %s.%s of %s has another type than this program's; run the migrations",
				model->table, model->columns[i].name, pgf_place(copy->conn, place));
	}
	return RC_OK;
}

static void *decode(const struct rc_model *model, const PGresult *result, int at, struct rc_arena *arena)
{
	char *row = rc_arena_zalloc(arena, model->row_bytes);
	uint64_t nulls = 0;

	for (uint32_t i = 0; i < model->column_count; i++) {
		const struct rc_column *column = &model->columns[i];
		struct rc_str value = {PQgetvalue(result, at, (int)i), (size_t)PQgetlength(result, at, (int)i)};

		if (PQgetisnull(result, at, (int)i)) {
			nulls |= UINT64_C(1) << i;
		} else if (pgf_value_read(PQftype(result, (int)i), true, value, column->type, arena,
					  row + column->offset) != RC_OK) {
			nulls |= UINT64_C(1) << i;
			log_event(LOG_WARN, "feed-value",
				  "a stored value cannot be held by the program's type and is read as NULL",
				  LOG_S("table", model->table), LOG_S("column", column->name));
		}
	}
	*(uint64_t *)(void *)row = nulls;
	return row;
}

static int copy_model(const struct pgf_copy *copy, const struct rc_model *model, struct rc_arena *arena,
		      struct rc_fault *fault)
{
	struct buf sql = BUF_INIT;
	int rc, count;

	declare_sql(&sql, model);
	rc = pgf_do(copy->conn, buf_cstr(&sql), clock_mono_us() + FETCH_US, fault);
	buf_release(&sql);
	do {
		PGresult *result = NULL;

		count = 0;
		if (rc == RC_OK)
			rc = pgf_run(copy->conn, FETCH, clock_mono_us() + FETCH_US, &result, fault);
		if (rc == RC_OK)
			rc = check_types(copy, model, result, fault);
		if (rc == RC_OK)
			count = PQntuples(result);
		for (int i = 0; i < count; i++) {
			copy->row(copy->arg, model, decode(model, result, i, arena));
			rc_arena_reset(arena);
		}
		PQclear(result);
		if (copy->wait)
			copy->wait(copy->wait_arg);
	} while (count > 0);
	return rc == RC_OK ? pgf_do(copy->conn, "CLOSE rowcast_copy", clock_mono_us() + FETCH_US, fault) : rc;
}

int pgf_copy_tables(const struct pgf_copy *copy, struct rc_fault *fault)
{
	struct rc_arena arena;
	int rc = RC_OK;

	rc_arena_init(&arena, 16384);
	for (uint32_t i = 0; i < copy->schema->model_count && rc == RC_OK; i++) {
		if (copy->schema->models[i]->captured)
			rc = copy_model(copy, copy->schema->models[i], &arena, fault);
	}
	rc_arena_release(&arena);
	return rc;
}
