/*
 * The pace of retries: how often and how long something is tried again. Full jitter: those that collided once do not
 * collide again in step.
 */
#ifndef ROWCAST_ORM_RUN_H
#define ROWCAST_ORM_RUN_H

#include "rowcast/orm.h"

struct run_pace {
	int64_t end_us;      /* monotonic; INT64_MAX: none */
	uint32_t tries_left; /* UINT32_MAX: not counted */
	int64_t pause_us;
};

int64_t run_now_us(void); /* monotonic */
/* now + relative, without overflow. */
int64_t run_end_us(int64_t relative_us);
void run_pace_begin(struct run_pace *pace, const struct rc_run_options *options);
/* A run is over. How long to pause before the next, µs; -1: there is none. */
int64_t run_pace_next(struct run_pace *pace);
/* pause_us doubled up to a bound, and a random part of it. */
int64_t run_jitter_us(int64_t *pause_us);
/* One transaction; *committing: its COMMIT was begun. */
int run_once(struct rc_db *db, const struct rc_run_options *options, int (*fn)(struct rc_tx *tx, void *arg), void *arg,
	     bool *committing);

#endif
