/* The driver's table. */
#include "rowcast/db/postgres/postgres.h"

static uint32_t param_count(struct db_stmt *stmt)
{
	return stmt->param_count;
}

static uint32_t column_count(struct db_stmt *stmt)
{
	return stmt->column_count;
}

static const char *column_name(struct db_stmt *stmt, uint32_t column)
{
	return stmt->column_names[column];
}

static int64_t changed(struct db_conn *conn)
{
	return pg_conn_of(conn)->changed;
}

const struct db_driver postgres_driver = {
	.scheme = "postgres",
	.scheme_alias = "postgresql",
	.dialect = RC_POSTGRES,
	.hosts = pg_hosts,
	.open = pg_open,
	.close = pg_close,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.savepoint = pg_savepoint,
	.script = pg_script,
	.prepare = pg_prepare,
	.finalize = pg_finalize,
	.bind = pg_bind,
	.bind_fields = pg_bind_fields,
	.bind_arrays = pg_bind_arrays,
	.batch = pg_batch,
	.step = pg_step,
	.read = pg_read,
	.read_int = pg_read_int,
	.reset = pg_reset,
	.param_count = param_count,
	.column_count = column_count,
	.column_name = column_name,
	.changed = changed,
	.mark = pg_mark,
	.clock = pg_clock,
	.checkpoint = pg_checkpoint,
	.foreign_keys = pg_foreign_keys,
	.foreign_keys_check = pg_foreign_keys_check,
	.catalog = pg_catalog,
	.scratch = pg_scratch,
};
