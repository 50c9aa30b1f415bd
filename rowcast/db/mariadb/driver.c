/* The driver's table. */
#include "rowcast/db/mariadb/mariadb.h"

static int64_t changed(struct db_conn *conn)
{
	return mariadb_conn_of(conn)->changed;
}

static int64_t identity(struct db_conn *conn)
{
	return mariadb_conn_of(conn)->identity;
}

const struct db_driver mariadb_driver = {
	.scheme = "mariadb",
	.scheme_alias = "mysql",
	.dialect = RC_MARIADB,
	.hosts = mariadb_hosts,
	.open = mariadb_open,
	.close = mariadb_close,
	.begin = mariadb_begin,
	.commit = mariadb_commit,
	.rollback = mariadb_rollback,
	.savepoint = mariadb_savepoint,
	.script = mariadb_script,
	.prepare = mariadb_prepare,
	.finalize = mariadb_finalize,
	.bind = mariadb_bind,
	.bind_fields = mariadb_bind_fields,
	.batch = mariadb_batch,
	.step = mariadb_step,
	.read = mariadb_read,
	.read_int = mariadb_read_int,
	.reset = mariadb_reset,
	.param_count = mariadb_param_count,
	.column_count = mariadb_column_count,
	.column_name = mariadb_column_name,
	.changed = changed,
	.identity = identity,
	.mark = mariadb_mark,
	.clock = mariadb_clock,
	.checkpoint = mariadb_checkpoint,
	.foreign_keys = mariadb_foreign_keys,
	.foreign_keys_check = mariadb_foreign_keys_check,
	.catalog = mariadb_catalog,
	.scratch = mariadb_scratch,
};
