/* What the HTTP room counts. */
#include "rowcast/http/conn.h"

static struct metric by_class[] = {
	METRIC_COUNTER("http_requests_total", "HTTP requests answered, by class of status", "class=\"1xx\""),
	METRIC_COUNTER("http_requests_total", "HTTP requests answered, by class of status", "class=\"2xx\""),
	METRIC_COUNTER("http_requests_total", "HTTP requests answered, by class of status", "class=\"3xx\""),
	METRIC_COUNTER("http_requests_total", "HTTP requests answered, by class of status", "class=\"4xx\""),
	METRIC_COUNTER("http_requests_total", "HTTP requests answered, by class of status", "class=\"5xx\""),
};
static struct metric latency = METRIC_HISTOGRAM("http_request_seconds",
						"Time from a request's first byte to its answer", NULL);
struct metric http_metric_bytes_out = METRIC_COUNTER("http_sent_bytes", "Bytes given to sockets", NULL);
struct metric http_metric_ws_messages = METRIC_COUNTER("http_ws_messages_total", "WebSocket messages received", NULL);
struct metric http_metric_conns[3] = {
	METRIC_GAUGE("http_connections", "Open connections, by kind", "kind=\"http\""),
	METRIC_GAUGE("http_connections", "Open connections, by kind", "kind=\"websocket\""),
	METRIC_GAUGE("http_connections", "Open connections, by kind", "kind=\"sse\""),
};
struct metric http_metric_refused[2] = {
	METRIC_COUNTER("http_refused_connections_total", "Connections refused at a limit", "limit=\"total\""),
	METRIC_COUNTER("http_refused_connections_total", "Connections refused at a limit", "limit=\"address\""),
};

void http_metrics_register(void)
{
	for (size_t i = 0; i < 5; i++)
		metric_register(&by_class[i]);
	for (size_t i = 0; i < 3; i++)
		metric_register(&http_metric_conns[i]);
	for (size_t i = 0; i < 2; i++)
		metric_register(&http_metric_refused[i]);
	metric_register(&latency);
	metric_register(&http_metric_bytes_out);
	metric_register(&http_metric_ws_messages);
}

void http_metrics_reply(int status, int64_t latency_us)
{
	metric_add(&by_class[status / 100 - 1], 1);
	metric_observe_us(&latency, latency_us);
}
