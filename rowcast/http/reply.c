/*
 * Replies: one head, one body, one writev. What the socket does not take is kept by the connection.
 */
#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"

const char *reply_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{100, "Continue"},
		{101, "Switching Protocols"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{425, "Too Early"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].status == status)
			return texts[i].text;
	}
	return "Status";
}

/* A line break in a value would be a field of the attacker's; such bytes become spaces. */
static void append_clean(struct buf *out, struct rc_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		buf_append_char(out, (c < ' ' && c != '\t') || c == 0x7F ? ' ' : (char)c);
	}
}

void http_reply_header(struct http_request *req, const char *name, struct rc_str value)
{
	struct buf *headers = &req->priv->headers;

	buf_append_str(headers, rc_str_from(name));
	buf_append_str(headers, RC_STR(": "));
	append_clean(headers, value);
	buf_append_str(headers, RC_STR("\r\n"));
}

static void append_number(struct buf *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_append(out, digits + at, sizeof(digits) - at);
}

void reply_head(struct http_request *req, struct buf *out, int status)
{
	struct http_server *server = req->priv->server;

	if (req->id.len == 0)
		request_name(req);
	buf_clear(out);
	buf_append_str(out, RC_STR("HTTP/1.1 "));
	append_number(out, (uint64_t)status);
	buf_append_char(out, ' ');
	buf_append_str(out, rc_str_from(reply_status_text(status)));
	buf_append_str(out, RC_STR("\r\n"));
	buf_append_str(out, rc_str_from(server_date(server)));
	buf_append_str(out, RC_STR("X-Request-Id: "));
	buf_append_str(out, req->id);
	buf_append_str(out, RC_STR("\r\n"));
	if (server->server_headers)
		buf_append_str(out, rc_str_from(server->server_headers));
	buf_append_str(out, buf_str(&req->priv->headers));
}

void http_reply(struct http_request *req, int status, const char *content_type, struct rc_str body)
{
	struct http_request_private *priv = req->priv;
	struct http_server *server = priv->server;
	struct http_conn *conn = req->conn;
	struct buf *head = &server->head;
	bool bodiless = status == 204 || status == 304;
	struct iovec parts[2];

	rc_check(!priv->replied);
	priv->replied = true;
	if (!conn) {
		request_recycle(req);
		return;
	}
	conn->close_after = !priv->parsed || !priv->parser.keep_alive || server->draining;
	reply_head(req, head, status);
	if (content_type && !bodiless) {
		buf_append_str(head, RC_STR("Content-Type: "));
		buf_append_str(head, rc_str_from(content_type));
		buf_append_str(head, RC_STR("\r\n"));
	}
	if (!bodiless) {
		buf_append_str(head, RC_STR("Content-Length: "));
		append_number(head, body.len);
		buf_append_str(head, RC_STR("\r\n"));
	}
	if (conn->close_after)
		buf_append_str(head, RC_STR("Connection: close\r\n\r\n"));
	else if (priv->parser.http_1_0)
		buf_append_str(head, RC_STR("Connection: keep-alive\r\n\r\n"));
	else
		buf_append_str(head, RC_STR("\r\n"));
	parts[0] = (struct iovec){head->data, head->len};
	parts[1] = (struct iovec){(void *)(uintptr_t)body.ptr, body.len};
	http_metrics_reply(status, loop_now_us(req->loop) - req->begun_us);
	request_recycle(req);
	conn_write(conn, parts, bodiless || priv->head || body.len == 0 ? 1 : 2);
	conn_replied(conn);
}
