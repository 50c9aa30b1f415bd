/*
 * The shells of the pages: one HTML template per language, "/shell.LL.html" among the embedded files. Which languages there
 * are is for the web build to say; nothing here names one, but the last resort.
 */
#ifndef SLOTCAST_API_SHELL_H
#define SLOTCAST_API_SHELL_H

#include "rowcast/http/static.h"

struct shell {
	struct rc_str html;
	struct rc_str language; /* "de" */
};

/* Language tags and ranges as they came from outside; each may be empty or nonsense. */
struct language_wishes {
	struct rc_str asked;    /* in the address: this link, this language */
	struct rc_str chosen;   /* in the cookie: the visitor's choice here */
	struct rc_str accepted; /* Accept-Language: the visitor's choice everywhere */
	struct rc_str spoken;   /* the venue's own */
};

/*
 * The first of these wishes that can be met, by lookup (RFC 4647 §3.4: "de-AT" is met by "de"); else English; else whatever
 * there is. False: there are no shells at all.
 */
bool shell_choose(struct shell *out, const struct static_file *files, const struct language_wishes *wishes);
bool shell_any(const struct static_file *files);

#endif
