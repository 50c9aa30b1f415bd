/*
 * What differs between the engines and is seen by programs.
 */
#ifndef ROWCAST_DIALECT_H
#define ROWCAST_DIALECT_H

/* The engines. SQL text that differs between them is kept in arrays with this index. */
enum rc_dialect { RC_SQLITE, RC_POSTGRES, RC_MARIADB, RC_DIALECTS };

/* What a transaction may see of others that run beside it. RC_ISOLATION_DEFAULT: READ COMMITTED on PostgreSQL and
 * MariaDB; on SQLite every transaction is serializable, whatever is asked. */
enum rc_isolation { RC_ISOLATION_DEFAULT, RC_READ_COMMITTED, RC_REPEATABLE_READ, RC_SERIALIZABLE };

#endif
