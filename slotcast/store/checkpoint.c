/*
 * Checkpoints on a thread and a connection of their own, so that no commit ever pays for one: woken when enough has
 * been committed, or once a second when there was anything at all.
 */
#include <errno.h>
#include <time.h>

#include "rowcast/base/log.h"
#include "slotcast/store/train.h"

#define WRITTEN_MAX 2000 /* requests between two checkpoints; about 8 to 10 pages each at most */

void checkpoint_note(struct store *store, size_t written)
{
	int64_t before = atomic_fetch_add(&store->written, (int64_t)written);

	if (before < WRITTEN_MAX && before + (int64_t)written >= WRITTEN_MAX)
		sem_post(&store->checkpoint_wake);
}

static void wait_for_work(struct store *store)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	while (sem_timedwait(&store->checkpoint_wake, &until) != 0 && errno == EINTR)
		continue;
}

void *checkpoint_main(void *arg)
{
	struct store *store = arg;
	struct rc_db_options options = {.access = RC_WRITE, .no_auto_checkpoint = true};
	struct rc_db *db = NULL;
	struct rc_fault fault;
	uint32_t wal_pages, moved;

	while (atomic_load(&store->checkpointing)) {
		int err = 0;

		wait_for_work(store);
		if (!atomic_exchange(&store->written, 0))
			continue;
		if (!db)
			err = rc_db_open(&db, store->url, &slotcast_schema, &options, &fault);
		if (!err)
			err = rc_db_checkpoint(db, &wal_pages, &moved);
		if (err && err != RC_BUSY) {
			log_event(LOG_WARN, "checkpoint_failed", db ? rc_db_fault(db)->message : fault.message,
				  LOG_S("err", rc_err_name(err)));
			rc_db_close(db);
			db = NULL;
		}
	}
	rc_db_close(db);
	return NULL;
}
