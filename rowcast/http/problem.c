/* RFC 9457 bodies, and the sentences of those that the server itself gives. */
#include "rowcast/http/conn.h"

static void json_text(struct buf *out, struct rc_str text)
{
	buf_append_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '"' || c == '\\') {
			buf_append_char(out, '\\');
			buf_append_char(out, (char)c);
		} else if (c < ' ') {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_append_char(out, (char)c);
		}
	}
	buf_append_char(out, '"');
}

void http_problem_members(struct buf *out, const struct http_problem *problem, struct rc_str request_id)
{
	struct rc_str code = rc_str_from(problem->code);

	buf_append_str(out, RC_STR("\"type\":\"urn:rowcast:problem:"));
	buf_append_str(out, code);
	buf_append_str(out, RC_STR("\",\"title\":"));
	json_text(out, rc_str_from(problem->title));
	buf_printf(out, ",\"status\":%d,\"code\":", problem->status);
	json_text(out, code);
	buf_append_str(out, RC_STR(",\"detail\":"));
	json_text(out, problem->detail);
	if (problem->field.len > 0) {
		buf_append_str(out, RC_STR(",\"field\":"));
		json_text(out, problem->field);
	}
	buf_append_str(out, problem->retryable ? RC_STR(",\"retryable\":true") : RC_STR(",\"retryable\":false"));
	if (request_id.len > 0) {
		buf_append_str(out, RC_STR(",\"request_id\":"));
		json_text(out, request_id);
	}
	if (problem->extra.len > 0) {
		buf_append_char(out, ',');
		buf_append_str(out, problem->extra);
	}
}

void http_problem(struct http_request *req, const struct http_problem *problem)
{
	struct buf *body = &req->priv->server->problem;

	if (req->id.len == 0)
		request_name(req);
	buf_clear(body);
	buf_append_char(body, '{');
	http_problem_members(body, problem, req->id);
	buf_append_char(body, '}');
	if (problem->retry_after_s > 0) {
		char seconds[16];
		size_t at = sizeof(seconds);

		for (int left = problem->retry_after_s; left > 0; left /= 10)
			seconds[--at] = (char)('0' + left % 10);
		http_reply_header(req, "Retry-After", (struct rc_str){seconds + at, sizeof(seconds) - at});
	}
	/* Else a cache may keep what is 404, 410 or 501 for as long as it likes (RFC 9111 §4.2.2). */
	http_reply_header(req, "Cache-Control", RC_STR("no-store"));
	http_reply(req, problem->status, "application/problem+json", buf_str(body));
}

void reply_refusal(struct http_request *req, int status, const char *detail)
{
	static const struct {
		int status;
		const char *code;
		bool retryable;
	} codes[] = {
		{400, "bad-request", false},    {408, "request-timeout", true},     {413, "body-too-large", false},
		{414, "uri-too-long", false},   {417, "expectation-failed", false}, {431, "headers-too-large", false},
		{501, "method-unknown", false}, {505, "version-unknown", false},
	};
	struct http_problem problem = {.status = status,
				       .code = "bad-request",
				       .title = reply_status_text(status),
				       .detail = rc_str_from(detail)};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].status == status) {
			problem.code = codes[i].code;
			problem.retryable = codes[i].retryable;
		}
	}
	req->priv->head = rc_str_is(req->method, "HEAD");
	http_problem(req, &problem);
}
