/*
 * Path → route.
 *
 * Design: patterns become arrays of segments (text before, a parameter or none, text behind); the routes are sorted
 * once, more text first, so "/v1/bookings/{ref}:cancel" is tried before "/v1/bookings/{ref}" and the rest pattern "{*}"
 * last. A path is compared with some thirty routes, segment count first: a fraction of a microsecond, so a tree would
 * only cost reading.
 *
 * Invariant: the path is cut at '/' before it is decoded (an encoded slash never makes a segment), and decoded once.
 */
#include "rowcast/http/router.h"

#include <stdio.h>
#include <stdlib.h>

struct pattern_segment {
	struct rc_str before, behind;
	bool param;
};

struct router_route {
	const struct http_route *route;
	struct pattern_segment segments[PATH_SEGMENTS_MAX];
	size_t count;
	bool rest; /* the last one is {*} */
	size_t order;
};

static int pattern_parse(struct router_route *route, const char *pattern, struct rc_fault *fault)
{
	struct rc_str rest = rc_str_from(pattern);
	size_t params = 0;

	if (pattern[0] != '/')
		return rc_fault_set(fault, RC_INVALID, "route %s must begin with /", pattern);
	rc_str_cut(&rest, '/');
	do {
		struct pattern_segment *segment = &route->segments[route->count++];
		struct rc_str text = rc_str_cut(&rest, '/');
		const char *open = memchr(text.ptr, '{', text.len);
		const char *close = memchr(text.ptr, '}', text.len);

		segment->before = text;
		if (open) {
			if (!close || close < open || ++params > 4)
				return rc_fault_set(fault, RC_INVALID, "route %s: wrong or too many parameters",
						    pattern);
			segment->param = true;
			segment->before.len = (size_t)(open - text.ptr);
			segment->behind = (struct rc_str){close + 1, (size_t)(text.ptr + text.len - close - 1)};
			route->rest = open[1] == '*';
		}
		if (route->rest && rest.len > 0)
			return rc_fault_set(fault, RC_INVALID, "route %s: {*} must be the last segment", pattern);
		if (rest.len == 0)
			return 0;
	} while (route->count < PATH_SEGMENTS_MAX);
	return rc_fault_set(fault, RC_INVALID, "route %s has too many segments", pattern);
}

/* <0: a is more specific: at the first segment that differs, more literal text wins. */
static int route_compare(const void *left, const void *right)
{
	const struct router_route *a = left, *b = right;

	if (a->rest != b->rest)
		return a->rest ? 1 : -1;
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		size_t text_a = a->segments[i].before.len + a->segments[i].behind.len;
		size_t text_b = b->segments[i].before.len + b->segments[i].behind.len;

		if (a->segments[i].param != b->segments[i].param)
			return a->segments[i].param ? 1 : -1;
		if (a->segments[i].param && text_a != text_b)
			return text_a > text_b ? -1 : 1;
	}
	return a->order < b->order ? -1 : 1;
}

int router_init(struct router *router, const struct http_route *routes, size_t count, struct rc_fault *fault)
{
	*router = (struct router){.routes = rc_xcalloc(count ? count : 1, sizeof(struct router_route)), .count = count};
	for (size_t i = 0; i < count; i++) {
		int err;

		router->routes[i].route = &routes[i];
		router->routes[i].order = i;
		err = pattern_parse(&router->routes[i], routes[i].pattern, fault);
		if (err) {
			router_release(router);
			return err;
		}
	}
	qsort(router->routes, count, sizeof(struct router_route), route_compare);
	return 0;
}

void router_release(struct router *router)
{
	free(router->routes);
	*router = (struct router){0};
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int path_decode(struct rc_arena *arena, struct rc_str raw, struct rc_str *path, struct path_parts *parts)
{
	char *out = rc_arena_alloc(arena, raw.len + 1);
	size_t len = 0, begin = 0;

	parts->count = 0;
	for (size_t i = 0; i <= raw.len; i++) {
		char c = i < raw.len ? raw.ptr[i] : '/';

		if (c == '/') { /* ends a segment; what stands before the leading '/' is none */
			if (i > 0 && parts->count++ < PATH_SEGMENTS_MAX)
				parts->segments[parts->count - 1] = (struct rc_str){out + begin, len - begin};
			begin = len + 1;
		} else if (c == '%') {
			int high = i + 2 < raw.len ? hex_value(raw.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_value(raw.ptr[i + 2]) : -1;

			if (low < 0 || (high | low) == 0)
				return RC_INVALID;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (i < raw.len)
			out[len++] = c;
	}
	out[len] = 0;
	*path = (struct rc_str){out, len};
	return rc_str_utf8_valid(*path) ? 0 : RC_INVALID;
}

static bool segment_matches(const struct pattern_segment *segment, struct rc_str text, struct rc_str *param)
{
	if (!segment->param)
		return rc_str_eq(segment->before, text);
	if (text.len <= segment->before.len + segment->behind.len || !rc_str_starts(text, segment->before))
		return false;
	if (memcmp(text.ptr + text.len - segment->behind.len, segment->behind.ptr, segment->behind.len) != 0)
		return false;
	*param = (struct rc_str){text.ptr + segment->before.len, text.len - segment->before.len - segment->behind.len};
	return true;
}

static bool route_matches(const struct router_route *route, const struct path_parts *parts, struct rc_str params[4])
{
	size_t param = 0, whole = route->rest ? route->count - 1 : route->count;
	const struct rc_str *last;

	if (parts->count == 0 || parts->count > PATH_SEGMENTS_MAX ||
	    (route->rest ? parts->count < route->count : parts->count != route->count))
		return false;
	for (size_t i = 0; i < whole; i++) {
		struct rc_str found = RC_STR_NONE;

		if (!segment_matches(&route->segments[i], parts->segments[i], &found))
			return false;
		if (route->segments[i].param)
			params[param++] = found;
	}
	if (route->rest) {
		const char *begin = parts->segments[whole].ptr;

		last = &parts->segments[parts->count - 1];
		params[param] = (struct rc_str){begin, (size_t)(last->ptr + last->len - begin)};
		return params[param].len > 0;
	}
	return true;
}

const struct http_route *router_find(const struct router *router, struct rc_str method, const struct path_parts *parts,
				     struct rc_str params[4], char allow[96])
{
	const char *resource = NULL;
	bool head = rc_str_is(method, "HEAD");
	size_t len = 0;

	allow[0] = 0;
	for (size_t i = 0; i < router->count; i++) {
		const struct http_route *route = router->routes[i].route;
		struct rc_str local[4] = {RC_STR_NONE, RC_STR_NONE, RC_STR_NONE, RC_STR_NONE};
		bool get = strcmp(route->method, "GET") == 0;

		/* The first match names the resource; a vaguer pattern with the wanted method is another resource. */
		if ((resource && strcmp(resource, route->pattern) != 0) ||
		    !route_matches(&router->routes[i], parts, local))
			continue;
		resource = route->pattern;
		if (rc_str_is(method, route->method) || (head && get)) {
			memcpy(params, local, sizeof(local));
			return route;
		}
		if (!strstr(allow, route->method) && len + 24 < 96)
			len += (size_t)snprintf(allow + len, 96 - len, "%s%s%s", len ? ", " : "", route->method,
						get ? ", HEAD" : "");
	}
	if (len > 0 && !strstr(allow, "OPTIONS"))
		snprintf(allow + len, 96 - len, ", OPTIONS");
	return NULL;
}
