/*
 * The server: boot order, and the way down.
 */
#ifndef SLOTCAST_MAIN_SERVE_H
#define SLOTCAST_MAIN_SERVE_H

#include "slotcast/main/options.h"

/* The command `slotcast serve`: runs until a signal; returns the exit status. */
int serve_command(const struct slotcast_options *options);

#endif
