/* What migrate.c, migrate_steps.c and verify.c share. */
#ifndef ROWCAST_ORM_MIGRATE_H
#define ROWCAST_ORM_MIGRATE_H

#include "rowcast/orm.h"

/* A row of rc_migration. */
struct applied_row {
	uint64_t nulls;
	int64_t version;
	struct rc_str name, checksum;
	int64_t next_statement; /* 0: applied as a whole; MariaDB: where its way up (negative: down) stopped */
};

/* Rows of rc_migration, oldest first; none when there is no such table. */
int migrate_applied(struct rc_tx *tx, struct rc_arena *arena, struct rc_rows *rows) RC_MUST_CHECK;
/* Are they a beginning of the schema's migrations, whole and unchanged? *newest: the last one's version. */
int migrate_compare(struct rc_db *db, const struct rc_rows *rows, uint32_t *newest,
		    struct rc_fault *fault) RC_MUST_CHECK;

/* A write transaction, with the lock that lets one program migrate; RC_BUSY: another one holds it too long. The lock
 * ends with the transaction (SQLite, PostgreSQL) or with migrate_unlock (MariaDB). */
int migrate_begin(struct rc_db *db, struct rc_tx **tx, struct rc_fault *fault) RC_MUST_CHECK;
void migrate_unlock(struct rc_db *db);
int migrate_table(struct rc_tx *tx) RC_MUST_CHECK; /* make rc_migration */
/* The feed draws a new epoch when it finds none. */
int migrate_end_epoch(struct rc_tx *tx) RC_MUST_CHECK;
int64_t migrate_now_us(void);
/* rc, and the connection's fault where it is one. */
int migrate_fail(struct rc_db *db, int rc, struct rc_fault *fault);

/* migrate_steps.c: MariaDB. One migration, if one is missing (*more: it was), or the newest taken back. */
int migrate_steps_up(struct rc_db *db, bool *more, struct rc_fault *fault) RC_MUST_CHECK;
int migrate_steps_down(struct rc_db *db, struct rc_fault *fault) RC_MUST_CHECK;

/* A migration's text, statement by statement: they end with ";", or with what the last line "DELIMITER …" says, as in the
 * mariadb client. Begin with {text, ";"}. */
struct script {
	const char *at;
	char delimiter[8];
};
bool script_next(struct script *script, struct rc_str *statement);
/* The whole text in one go, outside of any record: verify's empty database. */
struct db_conn;
int migrate_script(struct db_conn *conn, const char *text) RC_MUST_CHECK;

#endif
