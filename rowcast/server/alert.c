#include "rowcast/server/alert.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rowcast/arena.h"
#include "rowcast/base/buf.h"
#include "rowcast/base/check.h"
#include "rowcast/base/log.h"
#include "rowcast/data/json_out.h"
#include "rowcast/io/clock.h"

#define WAITING_MAX  64
#define TRIES_MAX    3
#define CONNECT_MS   2000L
#define POST_MS      5000L
#define RETRY_US     500000
#define STOP_WAIT_US 1000000

struct alerts {
	const struct alert *known;
	size_t count;
	bool *raised;
	char *url; /* NULL: nothing is posted */

	pthread_mutex_t lock; /* guards what follows, and `raised` */
	pthread_cond_t changed;
	char *waiting[WAITING_MAX]; /* JSON; a ring */
	size_t first, waiting_count;
	bool stopping;
	int64_t stop_by_us; /* monotonic */
	pthread_t thread;
};

static char *write_json(const char *name, bool raised, const char *text)
{
	struct buf body = BUF_INIT;
	struct json_out json;

	json_init(&json, &body);
	json_begin_object(&json);
	json_key(&json, "alert");
	json_cstr(&json, name);
	json_key(&json, "state");
	json_cstr(&json, raised ? "raised" : "resolved");
	json_key(&json, "text");
	json_cstr(&json, text);
	json_key(&json, "at");
	json_time(&json, clock_wall_us());
	json_end(&json);
	buf_cstr(&body);
	return body.data;
}

static void enqueue(struct alerts *alerts, char *json)
{
	if (alerts->waiting_count == WAITING_MAX) { /* the oldest goes: newer ones say how things are */
		free(alerts->waiting[alerts->first]);
		alerts->first = (alerts->first + 1) % WAITING_MAX;
		alerts->waiting_count--;
	}
	alerts->waiting[(alerts->first + alerts->waiting_count++) % WAITING_MAX] = json;
	pthread_cond_signal(&alerts->changed);
}

static void turn(struct alerts *alerts, const char *name, bool raised, const char *text)
{
	size_t i = 0;
	bool news;

	if (!alerts)
		return;
	while (i < alerts->count && strcmp(alerts->known[i].name, name))
		i++;
	rc_check(i < alerts->count);
	pthread_mutex_lock(&alerts->lock);
	news = alerts->raised[i] != raised;
	alerts->raised[i] = raised;
	if (news && alerts->url)
		enqueue(alerts, write_json(name, raised, text));
	pthread_mutex_unlock(&alerts->lock);
	if (!news)
		return;
	metric_set(alerts->known[i].metric, raised);
	log_event(raised ? LOG_ERROR : LOG_INFO, "alert", text, LOG_S("alert", name),
		  LOG_S("state", raised ? "raised" : "resolved"));
}

void alert_raise(struct alerts *alerts, const char *name, const char *text)
{
	turn(alerts, name, true, text);
}

void alert_resolve(struct alerts *alerts, const char *name, const char *text)
{
	turn(alerts, name, false, text);
}

/* Time is up, in the middle of a POST too. */
static int give_up(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct alerts *alerts = arg;
	bool stop;

	pthread_mutex_lock(&alerts->lock);
	stop = alerts->stopping && clock_mono_us() >= alerts->stop_by_us;
	pthread_mutex_unlock(&alerts->lock);
	return stop;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *arg)
{
	return size * count;
}

/* NULL: it was taken. */
static const char *post(struct alerts *alerts, const char *json)
{
	static char said[80];
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURLcode code;
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_URL, alerts->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, POST_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, give_up);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, alerts);
	code = curl_easy_perform(curl);
	if (!code)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code)
		return curl_easy_strerror(code);
	if (status >= 200 && status < 300)
		return NULL;
	snprintf(said, sizeof(said), "it answered %ld", status);
	return said;
}

/* With the lock: until something waits (true), or it is over. */
static bool await_work(struct alerts *alerts)
{
	while (!alerts->waiting_count && !alerts->stopping)
		pthread_cond_wait(&alerts->changed, &alerts->lock);
	return alerts->waiting_count && (!alerts->stopping || clock_mono_us() < alerts->stop_by_us);
}

/* With the lock: a pause that the end of the program cuts short. */
static void rest(struct alerts *alerts, int64_t us)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += us / 1000000;
	until.tv_nsec += us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (!alerts->stopping)
		pthread_cond_timedwait(&alerts->changed, &alerts->lock, &until);
}

static void *run(void *arg)
{
	struct alerts *alerts = arg;

	pthread_setname_np(pthread_self(), "alerts");
	pthread_mutex_lock(&alerts->lock);
	while (await_work(alerts)) {
		char *json = alerts->waiting[alerts->first];
		const char *why = NULL;

		alerts->first = (alerts->first + 1) % WAITING_MAX;
		alerts->waiting_count--;
		for (int i = 0; i < TRIES_MAX; i++) {
			if (i)
				rest(alerts, RETRY_US << i);
			pthread_mutex_unlock(&alerts->lock);
			why = post(alerts, json);
			pthread_mutex_lock(&alerts->lock);
			if (!why || (alerts->stopping && clock_mono_us() >= alerts->stop_by_us))
				break;
		}
		if (why)
			log_event(LOG_WARN, "alert-not-posted", "the address of --alert-webhook did not take an alert",
				  LOG_S("reason", why));
		free(json);
	}
	pthread_mutex_unlock(&alerts->lock);
	return NULL;
}

int alerts_start(struct alerts **out, const struct alert *known, size_t count, const char *url, struct rc_fault *fault)
{
	struct alerts *alerts = rc_xcalloc(1, sizeof(*alerts));

	*alerts = (struct alerts){.known = known, .count = count, .raised = rc_xcalloc(count, sizeof(bool))};
	pthread_mutex_init(&alerts->lock, NULL);
	pthread_cond_init(&alerts->changed, NULL);
	for (size_t i = 0; i < count; i++)
		metric_register(known[i].metric);
	*out = alerts;
	if (!url || !*url)
		return RC_OK;
	alerts->url = rc_xstrdup(url);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (!pthread_create(&alerts->thread, NULL, run, alerts))
		return RC_OK;
	free(alerts->url);
	alerts->url = NULL;
	alerts_stop(alerts);
	*out = NULL;
	return rc_fault_set(fault, RC_IO, "cannot start the thread that posts alerts");
}

void alerts_stop(struct alerts *alerts)
{
	if (!alerts)
		return;
	pthread_mutex_lock(&alerts->lock);
	alerts->stopping = true;
	alerts->stop_by_us = clock_mono_us() + STOP_WAIT_US;
	pthread_cond_signal(&alerts->changed);
	pthread_mutex_unlock(&alerts->lock);
	if (alerts->url)
		pthread_join(alerts->thread, NULL);
	for (size_t i = 0; i < alerts->waiting_count; i++)
		free(alerts->waiting[(alerts->first + i) % WAITING_MAX]);
	pthread_cond_destroy(&alerts->changed);
	pthread_mutex_destroy(&alerts->lock);
	free(alerts->raised);
	free(alerts->url);
	free(alerts);
}
