/*
 * The options of the program: those that every program of this project has, and its own.
 */
#ifndef SLOTCAST_MAIN_OPTIONS_H
#define SLOTCAST_MAIN_OPTIONS_H

#include "rowcast/server/options.h"

struct slotcast_options {
	struct server_options server; /* first */
	bool demo;
};

#endif
