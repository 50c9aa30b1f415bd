/*
 * The second connection of the log source, for what cannot be asked while the first one streams: every few seconds it
 * looks whether the epoch and the publication are still ours, what the server keeps for us, writes a heartbeat into an
 * idle log, and drops slots of our name that nobody reads and that keep too much. Never waits.
 */
#ifndef ROWCAST_FEED_POSTGRES_WATCH_H
#define ROWCAST_FEED_POSTGRES_WATCH_H

#include "rowcast/feed/postgres/link.h"
#include "rowcast/orm.h"

/* How often; tests look more often. */
extern int64_t pgf_watch_us;

struct pgf_watch {
	const struct pgf_address *address;
	const struct rc_schema *schema;
	struct pgf_link link;
	enum { PGF_WATCH_DOWN, PGF_WATCH_CONNECTING, PGF_WATCH_IDLE, PGF_WATCH_LOOKING, PGF_WATCH_DROPPING } state;
	size_t host;
	int64_t next_us; /* monotonic: of the next look */
	uint64_t keep_bytes;
	struct buf sql;
};

struct pgf_sight {
	char epoch[48];
	uint64_t head, restart;  /* LSNs; restart 0: no slot */
	uint32_t tables_missing; /* captured tables that the publication does not have */
	uint32_t fat_slots;      /* nobody reads them, and they keep more than keep_bytes */
};

void pgf_watch_init(struct pgf_watch *watch, const struct pgf_address *address, const struct rc_schema *schema,
		    uint64_t keep_bytes, int epoll_fd);
/* Forget a look that is under way: what it saw is of a time before now. */
void pgf_watch_restart(struct pgf_watch *watch);
void pgf_watch_release(struct pgf_watch *watch);
/* True: *sight is new. `beat`: write a heartbeat when it looks. */
bool pgf_watch_step(struct pgf_watch *watch, const char *slot, const char *publication, bool beat,
		    struct pgf_sight *sight);

#endif
