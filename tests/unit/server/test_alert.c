/* Alerts: told once a change, to metric and webhook, whatever the webhook does. */
#include "rowcast/server/alert.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rowcast/str.h"
#include "tests/unit/suite.h"

static struct metric metrics[] = {METRIC_GAUGE("test_alert", "", "name=\"one\""),
				  METRIC_GAUGE("test_alert", "", "name=\"two\"")};
static const struct alert known[] = {{"one", &metrics[0]}, {"two", &metrics[1]}};

/* Listens; answers each POST with the next status. */
struct hook {
	int fd;
	char url[64];
};

static void hook_open(struct hook *hook)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	hook->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(hook->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(hook->fd, 8), 0);
	assert_int_equal(getsockname(hook->fd, (struct sockaddr *)&address, &size), 0);
	snprintf(hook->url, sizeof(hook->url), "http://127.0.0.1:%d/hook", ntohs(address.sin_port));
}

static void hook_answer(struct hook *hook, int status, char *text, size_t size)
{
	int fd = accept(hook->fd, NULL, NULL);
	char answer[80];
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, text + len, size - 1 - len)) > 0) {
		len += (size_t)got;
		text[len] = '\0';
		if (strstr(text, "\r\n\r\n") && text[len - 1] == '}')
			break;
	}
	len = (size_t)snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", status);
	assert_int_equal(write(fd, answer, len), len);
	close(fd);
}

static void an_alert_is_told_when_it_changes(void **state)
{
	struct alerts *alerts;
	struct rc_fault fault;
	struct hook hook;
	char text[2000];

	hook_open(&hook);
	assert_int_equal(alerts_start(&alerts, known, 2, hook.url, &fault), RC_OK);
	alert_raise(alerts, "one", "It is \"gone\".");
	alert_raise(alerts, "one", "It is still gone.");
	assert_int_equal(metric_value(&metrics[0]), 1);
	assert_int_equal(metric_value(&metrics[1]), 0);
	hook_answer(&hook, 200, text, sizeof(text));
	assert_non_null(strstr(text, "POST /hook HTTP/1.1\r\n"));
	assert_non_null(strstr(
		text, "\r\n\r\n{\"alert\":\"one\",\"state\":\"raised\",\"text\":\"It is \\\"gone\\\".\",\"at\":\"2"));
	alert_resolve(alerts, "two", "It was never raised.");
	alert_resolve(alerts, "one", "It is back.");
	assert_int_equal(metric_value(&metrics[0]), 0);
	hook_answer(&hook, 204, text, sizeof(text));
	assert_non_null(strstr(text, "\"state\":\"resolved\",\"text\":\"It is back.\""));
	alerts_stop(alerts);
	close(hook.fd);
}

static void a_refused_post_is_tried_again(void **state)
{
	struct alerts *alerts;
	struct rc_fault fault;
	struct hook hook;
	char first[2000], second[2000];

	hook_open(&hook);
	assert_int_equal(alerts_start(&alerts, known, 2, hook.url, &fault), RC_OK);
	alert_raise(alerts, "two", "It is gone.");
	hook_answer(&hook, 503, first, sizeof(first));
	hook_answer(&hook, 200, second, sizeof(second));
	assert_string_equal(strstr(first, "{"), strstr(second, "{"));
	alert_resolve(alerts, "two", "It is back.");
	hook_answer(&hook, 200, second, sizeof(second));
	alerts_stop(alerts);
	close(hook.fd);
}

static void a_webhook_that_does_not_answer_keeps_nobody(void **state)
{
	struct alerts *alerts;
	struct rc_fault fault;
	struct hook hook;

	hook_open(&hook); /* nobody accepts */
	assert_int_equal(alerts_start(&alerts, known, 2, hook.url, &fault), RC_OK);
	for (int i = 0; i < 200; i++) {
		alert_raise(alerts, "one", "It is gone.");
		alert_resolve(alerts, "one", "It is back.");
	}
	alerts_stop(alerts);
	close(hook.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_is_told_when_it_changes),
		cmocka_unit_test(a_refused_post_is_tried_again),
		cmocka_unit_test(a_webhook_that_does_not_answer_keeps_nobody),
	};

	return RUN_TESTS(tests);
}
