#ifndef SLOTCAST_MAIN_ADMIN_TOKEN_H
#define SLOTCAST_MAIN_ADMIN_TOKEN_H

/* The command `slotcast admin-token --db URL`: make an operator token and print it; returns the exit status. */
int admin_token_command(const char *url);

#endif
