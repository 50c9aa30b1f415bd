/*
 * Files embedded in the binary: name, type, plain / gzip / brotli bytes, ETag. The table is generated from the web
 * build.
 */
#ifndef ROWCAST_HTTP_STATIC_H
#define ROWCAST_HTTP_STATIC_H

#include "rowcast/http/http.h"

struct static_file {
	const char *path; /* "/assets/app-1a2b3c4d.js" */
	const char *content_type;
	const char *etag;                  /* with quotes */
	bool immutable;                    /* the name holds the hash */
	struct rc_str plain, gzip, brotli; /* empty: this coding is not smaller */
};

/* Route handler; arg is a NULL-path terminated array. Honours If-None-Match, Accept-Encoding (with q), HEAD. */
void static_handle(struct http_request *req, void *arg);
const struct static_file *static_find(const struct static_file *files, struct rc_str path);

#endif
