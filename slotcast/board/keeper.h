/*
 * The keeper: copies of the rows from which catalogs are built. They change seldom; each change makes the next catalog
 * stale.
 */
#ifndef SLOTCAST_BOARD_KEEPER_H
#define SLOTCAST_BOARD_KEEPER_H

#include "rowcast/base/map.h"
#include "slotcast/booking/catalog.h"

enum { KEEPER_TABLES = 7 };

struct keeper {
	struct map tables[KEEPER_TABLES]; /* key → copy */
	bool changed;
};

void keeper_release(struct keeper *keeper);
/* False: not a table of the catalog. Either row may be NULL. */
bool keeper_change(struct keeper *keeper, const struct rc_model *model, const void *old_row, const void *new_row);
struct catalog *keeper_build(struct keeper *keeper, uint64_t revision);

#endif
