/*
 * A thread that reads the binlog as a replica does and puts whole transactions into a queue; it reconnects by itself
 * and goes on exactly behind the newest transaction it has.
 *
 *   connect → the epoch is still ours? → dump from the GTID before the newest one → is the newest one still the same?
 *      ↑                                                                                           │
 *      └────── pause of up to 5 s, with jitter ←── the connection broke ←────── transactions ←──────┘
 *
 * The server itself proves that a GTID is in its log (@slave_gtid_strict_mode); that it stands for the same transaction
 * is seen by reading that one again; where none was read yet, the file that `feed` of rc_meta names must still be there.
 * Whatever does not fit ends the stream: QUEUE_BROKEN.
 */
#ifndef ROWCAST_FEED_MARIADB_STREAM_H
#define ROWCAST_FEED_MARIADB_STREAM_H

#include <stdatomic.h>

#include "rowcast/feed/mariadb/assemble.h"
#include "rowcast/feed/mariadb/dump.h"
#include "rowcast/feed/mariadb/queue.h"

#define STREAM_DOMAINS_MAX 32

/* Where a server's history stands: the newest GTID of each domain. */
struct gtid_state {
	struct gtid at[STREAM_DOMAINS_MAX];
	uint32_t count;
};

int maria_gtid_state_parse(struct rc_str text, struct gtid_state *out) RC_MUST_CHECK;
/* NULL: nothing of that domain. */
const struct gtid *maria_gtid_state_find(const struct gtid_state *state, uint32_t domain);

struct stream {
	/* Set by the owner while no thread runs. */
	const struct url *url;
	const struct images *images; /* names only */
	uint32_t domain;
	struct gtid_state state; /* behind it */
	char epoch[24];          /* rc_meta must say so */

	pthread_t thread;
	bool running;
	struct queue queue;
	pthread_mutex_t socket_lock;
	int socket; /* of the dump, to cut it; -1 */
	bool stopping;
	_Atomic int64_t heard_us;
	_Atomic uint64_t reconnects, rotations; /* rotations: files that began */
	atomic_bool connected;

	/* The thread's own. */
	struct assembler assembler;
	bool connected_once;
	struct gtid before; /* the GTID in front of the newest one of the domain */
	bool before_known;
	uint32_t newest_at_s, newest_rows;
	uint32_t corrupt; /* times since the newest whole transaction */
	bool again;       /* the newest one comes once more, to be compared */
};

int maria_stream_init(struct stream *stream, const struct url *url, const struct images *images,
		      struct rc_fault *fault) RC_MUST_CHECK;
void maria_stream_release(struct stream *stream);
/* Begin behind `state`. */
int maria_stream_start(struct stream *stream, uint32_t domain, const struct gtid_state *state, const char *epoch,
		       struct rc_fault *fault) RC_MUST_CHECK;
void maria_stream_stop(struct stream *stream);

#endif
