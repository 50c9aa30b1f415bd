#ifndef SLOTCAST_MAIN_MIGRATE_H
#define SLOTCAST_MAIN_MIGRATE_H

/* The command `slotcast migrate up|down|status|verify --db URL`; returns the exit status. */
int migrate_command(const char *what, const char *url);

#endif
