/* The driver's table. */
#include "rowcast/db/sqlite/sqlite.h"

static int64_t changed(struct db_conn *conn)
{
	return sqlite3_changes64(sqlite_conn_of(conn)->db);
}

static int64_t identity(struct db_conn *conn)
{
	return sqlite3_last_insert_rowid(sqlite_conn_of(conn)->db);
}

static int hosts(const char *address, struct rc_arena *arena, const char ***names, size_t *count,
		 struct rc_fault *fault)
{
	*names = RC_ARENA_ARRAY(arena, const char *, 1);
	**names = rc_arena_copy(arena, rc_str_from(address)).ptr;
	*count = 1;
	return RC_OK;
}

const struct db_driver sqlite_driver = {
	.scheme = "sqlite",
	.dialect = RC_SQLITE,
	.hosts = hosts,
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.savepoint = sqlite_savepoint,
	.script = sqlite_script,
	.prepare = sqlite_prepare,
	.finalize = sqlite_finalize,
	.bind = sqlite_bind,
	.bind_fields = sqlite_bind_fields,
	.batch = sqlite_batch,
	.step = sqlite_step,
	.read = sqlite_read,
	.read_int = sqlite_read_int,
	.reset = sqlite_reset,
	.param_count = sqlite_param_count,
	.column_count = sqlite_column_count,
	.column_name = sqlite_column_name,
	.changed = changed,
	.identity = identity,
	.log_head = sqlite_log_head,
	.mark = sqlite_mark,
	.clock = sqlite_clock,
	.checkpoint = sqlite_checkpoint,
	.foreign_keys = sqlite_foreign_keys,
	.foreign_keys_check = sqlite_foreign_keys_check,
	.catalog = sqlite_catalog,
	.scratch = sqlite_scratch,
};
