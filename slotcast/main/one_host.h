/*
 * The URL of one of the servers that a URL names: what connects by itself, and again, stays there.
 */
#ifndef SLOTCAST_MAIN_ONE_HOST_H
#define SLOTCAST_MAIN_ONE_HOST_H

/* "scheme://user@a,b:2/db?x" and 2 → "scheme://user@b:2/db?x". The same URL where `host` is 0 or it names its servers in
 * another way. free() it. */
char *one_host(const char *url, int host);

#endif
