/*
 * The web build, embedded: a table ended by a NULL path; empty when the program was built without it.
 */
#ifndef SLOTCAST_MAIN_WEB_FILES_H
#define SLOTCAST_MAIN_WEB_FILES_H

#include "rowcast/http/static.h"

extern const struct static_file web_files[];

#endif
