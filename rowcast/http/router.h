/*
 * Path → route. Patterns are cut into segments once; paths are matched segment by segment, most specific pattern first.
 */
#ifndef ROWCAST_HTTP_ROUTER_H
#define ROWCAST_HTTP_ROUTER_H

#include "rowcast/http/http.h"

#define PATH_SEGMENTS_MAX 16

/* A decoded path and where its segments are: cut at the '/' of the raw path, so that %2F stays inside its segment. */
struct path_parts {
	struct rc_str segments[PATH_SEGMENTS_MAX];
	size_t count;
};

struct router {
	struct router_route *routes; /* most specific first */
	size_t count;
};

int router_init(struct router *router, const struct http_route *routes, size_t count,
		struct rc_fault *fault) RC_MUST_CHECK;
void router_release(struct router *router);
/* Decode `raw` into the arena. RC_INVALID: bad escape, NUL, not UTF-8. More than PATH_SEGMENTS_MAX segments match no
 * route. */
int path_decode(struct rc_arena *arena, struct rc_str raw, struct rc_str *path, struct path_parts *parts) RC_MUST_CHECK;
/* The route of this method (HEAD: of GET), with params; or NULL and in *allow the methods that the path has ("GET,
 * HEAD, …"), empty when it has none. */
const struct http_route *router_find(const struct router *router, struct rc_str method, const struct path_parts *parts,
				     struct rc_str params[4], char allow[96]);

#endif
