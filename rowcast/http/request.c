/*
 * A request: memory, fields, query, and the way to its handler.
 *
 * Requests are pooled per server and keep one arena chunk, their field table and their header buffer, so the steady
 * state allocates nothing. One that is answered is recycled when the turn is over: its handler may still look at it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"

#define ARENA_BYTES 4096

struct http_request *request_acquire(struct http_conn *conn)
{
	struct http_server *server = conn_server(conn);
	struct http_request *req = server->free_requests;

	if (req) {
		server->free_requests = req->priv->next_free;
	} else {
		req = rc_xcalloc(1, sizeof(*req));
		req->priv = rc_xcalloc(1, sizeof(*req->priv));
		rc_arena_init(&req->arena, ARENA_BYTES);
	}
	server->requests_out++;
	*req = (struct http_request){.arena = req->arena, .priv = req->priv, .conn = conn, .loop = server->loop};
	*req->priv = (struct http_request_private){
		.parser.fields = req->priv->parser.fields, .server = server, .headers = req->priv->headers};
	req->peer = rc_arena_copy(&req->arena, census_address(conn->seat));
	req->begun_us = loop_now_us(server->loop);
	parser_begin(&req->priv->parser, req, &server->limits);
	return req;
}

void request_free(struct http_request *req)
{
	parser_release(&req->priv->parser);
	buf_release(&req->priv->headers);
	rc_arena_release(&req->arena);
	free(req->priv);
	free(req);
}

static void recycle(struct deferred *deferred)
{
	struct http_request_private *priv = LIST_OWNER(deferred, struct http_request_private, recycle);
	struct http_request *req = priv->parser.req;
	struct http_server *server = priv->server;

	rc_arena_reset(&req->arena);
	buf_clear(&priv->headers);
	priv->next_free = server->free_requests;
	server->free_requests = req;
	server->requests_out--;
	server_conn_freed(server);
}

void request_recycle(struct http_request *req)
{
	if (req->conn && conn_req(req->conn) == req)
		req->conn->extra->req = NULL;
	req->conn = NULL;
	loop_defer(req->loop, &req->priv->recycle, recycle);
}

struct rc_str http_header(const struct http_request *req, const char *name)
{
	const struct parser *parser = &req->priv->parser;
	struct rc_str wanted = rc_str_from(name), found = RC_STR_NONE;

	for (size_t i = 0; i < parser->field_count; i++) {
		struct rc_str value = parser->fields[i].value;

		if (!rc_str_eq_nocase(parser->fields[i].name, wanted))
			continue;
		if (!value.ptr)
			value = RC_STR("");
		if (!found.ptr) {
			found = value;
		} else { /* rare, so it is joined when it is asked for */
			struct rc_arena *arena = &parser->req->arena;

			found = rc_str_from(rc_arena_printf(arena, "%.*s, %.*s", RC_STR_ARG(found), RC_STR_ARG(value)));
		}
	}
	return found;
}

/* Query. */

static int component_decode(struct rc_arena *arena, struct rc_str raw, struct rc_str *out)
{
	char *bytes = rc_arena_alloc(arena, raw.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			unsigned int value = 0;

			if (i + 2 >= raw.len || !isxdigit((unsigned char)raw.ptr[i + 1]) ||
			    !isxdigit((unsigned char)raw.ptr[i + 2]))
				return RC_INVALID;
			for (int k = 1; k <= 2; k++) {
				char digit = raw.ptr[i + (size_t)k];

				value = value << 4 |
					(unsigned int)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
			}
			if (value == 0)
				return RC_INVALID;
			c = (char)value;
			i += 2;
		}
		bytes[len++] = c;
	}
	bytes[len] = 0;
	*out = (struct rc_str){bytes, len};
	return rc_str_utf8_valid(*out) ? 0 : RC_INVALID;
}

/* Name and value of every pair, decoded once; a value that cannot be decoded is NONE, a name that cannot spoils the
 * query. */
static void query_split(struct http_request *req)
{
	struct http_request_private *priv = req->priv;
	struct rc_str rest = req->query;
	size_t pairs = 1;

	if (priv->query_split)
		return;
	priv->query_split = true;
	for (size_t i = 0; i < rest.len; i++)
		pairs += rest.ptr[i] == '&';
	priv->query = RC_ARENA_ARRAY(&req->arena, struct http_field, pairs);
	while (rest.len > 0) {
		struct rc_str value = rc_str_cut(&rest, '&');
		struct http_field *field = &priv->query[priv->query_count];
		bool bare = !memchr(value.ptr, '=', value.len);
		struct rc_str name = rc_str_cut(&value, '=');

		if (name.len == 0 && value.len == 0 && bare)
			continue;
		if (component_decode(&req->arena, name, &field->name) != 0) {
			priv->query_bad = true;
			field->name = name;
		}
		if (component_decode(&req->arena, bare ? RC_STR("") : value, &field->value) != 0)
			field->value = RC_STR_NONE;
		priv->query_count++;
	}
}

int http_query(struct http_request *req, const char *name, struct rc_str *out)
{
	const struct http_field *found = NULL;

	query_split(req);
	if (req->priv->query_bad)
		return RC_INVALID;
	for (size_t i = 0; i < req->priv->query_count; i++) {
		const struct http_field *field = &req->priv->query[i];

		if (!rc_str_is(field->name, name))
			continue;
		if (found || !field->value.ptr)
			return RC_INVALID;
		found = field;
	}
	if (!found)
		return RC_NOT_FOUND;
	*out = found->value;
	return 0;
}

struct rc_str http_query_name(struct http_request *req, size_t n)
{
	query_split(req);
	return n < req->priv->query_count ? req->priv->query[n].name : RC_STR_NONE;
}

/* From the parser to the handler. */

void request_name(struct http_request *req)
{
	struct http_server *server = req->priv->server;
	struct rc_str sent = http_header(req, "x-request-id");
	bool usable = sent.len >= 1 && sent.len <= 64;
	uint64_t mixed;

	for (size_t i = 0; usable && i < sent.len; i++)
		usable = isalnum((unsigned char)sent.ptr[i]) || strchr("._-", sent.ptr[i]);
	if (usable) {
		req->id = sent;
		return;
	}
	mixed = server->id_seed + server->id_count++ * 0x9E3779B97F4A7C15u;
	mixed = (mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9u;
	mixed ^= mixed >> 29;
	for (size_t i = 0; i < 16; i++)
		req->priv->id[i] = "0123456789abcdef"[mixed >> (60 - 4 * i) & 15];
	req->id = (struct rc_str){req->priv->id, 16};
}

/* Absolute form (RFC 9112 §3.2.2): its authority stands for the Host field. */
static struct rc_str target_authority(struct http_request *req)
{
	struct rc_str target = req->target, host = http_header(req, "host");
	size_t scheme = rc_str_starts(target, RC_STR("http://"))    ? 7
			: rc_str_starts(target, RC_STR("https://")) ? 8
								    : 0;

	if (scheme > 0) {
		const char *begin = target.ptr + scheme, *end = target.ptr + target.len, *at = begin;

		while (at < end && *at != '/' && *at != '?')
			at++;
		host = (struct rc_str){begin, (size_t)(at - begin)};
		req->target = at < end && *at == '/' ? (struct rc_str){at, (size_t)(end - at)} : RC_STR("/");
	}
	return host;
}

static void answer_options(struct http_request *req, const char *allow)
{
	http_reply_header(req, "Allow", rc_str_from(allow));
	http_reply(req, 204, NULL, RC_STR(""));
}

static void answer_unrouted(struct http_request *req, const char *allow)
{
	if (allow[0] == 0) {
		http_problem(req, &(struct http_problem){.status = 404,
							 .code = "not-found",
							 .title = "Not found",
							 .detail = RC_STR("There is nothing at this address.")});
	} else if (rc_str_is(req->method, "OPTIONS")) {
		answer_options(req, allow);
	} else {
		http_reply_header(req, "Allow", rc_str_from(allow));
		http_problem(req, &(struct http_problem){
					  .status = 405,
					  .code = "method-not-allowed",
					  .title = "Method not allowed",
					  .detail = RC_STR("This address does not know that method; the Allow "
							   "field lists those it knows.")});
	}
}

void request_parsed(struct http_request *req)
{
	struct http_request_private *priv = req->priv;
	const struct http_route *route;
	struct rc_str host, path;
	char allow[96];

	priv->parsed = true;
	priv->head = rc_str_is(req->method, "HEAD");
	request_name(req);
	if (rc_str_is(req->target, "*")) {
		answer_options(req, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
		return;
	}
	host = target_authority(req);
	if (!server_names_host(priv->server, host)) {
		http_problem(req,
			     &(struct http_problem){.status = 421,
						    .code = "misdirected",
						    .title = "Misdirected request",
						    .detail = RC_STR("This server does not serve that host name.")});
		return;
	}
	req->query = req->target;
	path = rc_str_cut(&req->query, '?');
	if (path_decode(&req->arena, path, &req->path, &priv->parts) != 0) {
		http_problem(req, &(struct http_problem){.status = 400,
							 .code = "bad-request",
							 .title = "Bad request",
							 .detail = RC_STR("The path has a wrong percent-encoding.")});
		return;
	}
	route = router_find(&priv->server->router, req->method, &priv->parts, req->params, allow);
	if (route)
		route->handle(req, route->arg);
	else
		answer_unrouted(req, allow);
}
