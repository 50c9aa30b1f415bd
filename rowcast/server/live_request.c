/*
 * Subscriptions as clients write them: a JSON object on a WebSocket, a query string for SSE and long-poll.
 */
#include <stdlib.h>

#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"
#include "rowcast/server/live_private.h"

static int refuse(struct rc_fault *fault, const char **field, const char *name, const char *message)
{
	*field = name;
	return rc_fault_set(fault, RC_INVALID, "%s", message);
}

static struct rc_str text_of(const json_t *value)
{
	return (struct rc_str){json_string_value(value), json_string_length(value)};
}

static int read_topic(const struct live *live, const json_t *params, struct wanted *out, const char **field,
		      struct rc_fault *fault)
{
	struct rc_str kind = text_of(json_object_get(params, "topic"));

	for (size_t i = 0; kind.ptr && i < live->source_count; i++) {
		if (rc_str_is(kind, live->sources[i].kind)) {
			out->subscription.source = &live->sources[i];
			return 0;
		}
	}
	return refuse(fault, field, "topic", kind.ptr ? "There is no such topic here." : "\"topic\" must be a name.");
}

static int read_mode(const json_t *params, struct wanted *out, const char **field, struct rc_fault *fault)
{
	const json_t *mode = json_object_get(params, "mode");

	if (!mode || rc_str_is(text_of(mode), "latest"))
		out->subscription.mode = LIVE_LATEST;
	else if (rc_str_is(text_of(mode), "every"))
		out->subscription.mode = LIVE_EVERY;
	else
		return refuse(fault, field, "mode", "\"mode\" must be \"latest\" or \"every\".");
	return 0;
}

/* A number; in a query its text. */
static int read_rate(const struct live *live, const json_t *params, struct wanted *out, const char **field,
		     struct rc_fault *fault)
{
	const json_t *value = json_object_get(params, "max_per_s");
	struct rc_str text = text_of(value);
	json_t *parsed = text.ptr ? json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL) : NULL;
	double per_s = json_number_value(parsed ? parsed : value);

	json_decref(parsed);
	if (!value)
		return 0;
	if (out->subscription.mode != LIVE_LATEST)
		return refuse(fault, field, "max_per_s", "\"max_per_s\" goes with mode \"latest\" alone.");
	if (per_s * RATE_INTERVAL_S_MAX < 1 || per_s > (double)live->limits.rate_max) {
		*field = "max_per_s";
		return rc_fault_set(fault, RC_INVALID, "\"max_per_s\" must be a number, 1/%d to %lld.",
				    RATE_INTERVAL_S_MAX, (long long)live->limits.rate_max);
	}
	out->subscription.rate = rate_from_per_s(per_s);
	return 0;
}

static int read_after(const json_t *params, struct wanted *out, const char **field, struct rc_fault *fault)
{
	const json_t *after = json_object_get(params, "after");

	if (!after || json_is_null(after))
		return 0;
	if (!json_is_string(after) || rc_position_parse(text_of(after), &out->subscription.after))
		return refuse(fault, field, "after", "\"after\" is not a position of this server.");
	out->subscription.has_after = true;
	return 0;
}

static int read_wait(const struct live *live, const json_t *params, struct wanted *out, const char **field,
		     struct rc_fault *fault)
{
	const json_t *wait = json_object_get(params, "wait");
	int64_t seconds;

	out->wait_us = live->limits.poll_wait_us;
	if (!wait)
		return 0;
	if (rc_str_to_i64(text_of(wait), &seconds) || seconds < 0 ||
	    seconds > live->limits.poll_wait_max_us / 1000000) {
		*field = "wait";
		return rc_fault_set(fault, RC_INVALID, "\"wait\" must be a whole number of seconds, 0 to %lld.",
				    (long long)(live->limits.poll_wait_max_us / 1000000));
	}
	out->wait_us = seconds * 1000000;
	return 0;
}

/* "seen": as an answer before gave it, Rowcast-Seen. Opaque to clients; anything else is told again. */
static int read_seen(const json_t *params, struct wanted *out, const char **field, struct rc_fault *fault)
{
	const json_t *seen = json_object_get(params, "seen");
	struct rc_str turn = text_of(seen), time = rc_str_cut(&turn, '.');

	out->has_seen = seen;
	if (seen && (rc_str_to_i64(time, &out->seen_us) || out->seen_us < 0 || rc_str_to_i64(turn, &out->seen_turn) ||
		     out->seen_turn < 0 || out->seen_turn >= INT32_MAX))
		return refuse(fault, field, "seen", "\"seen\" must be what Rowcast-Seen of an answer says.");
	return 0;
}

int wanted_read(const struct live *live, json_t *params, struct wanted *out, const char **field, struct rc_fault *fault)
{
	static const char *const own[] = {"type", "id", "topic", "after", "mode", "max_per_s", "wait", "seen"};
	const struct topic_source *source;
	int err;

	*field = NULL;
	err = read_topic(live, params, out, field, fault);
	if (!err)
		err = read_mode(params, out, field, fault);
	if (!err)
		err = read_rate(live, params, out, field, fault);
	if (!err)
		err = read_after(params, out, field, fault);
	if (!err)
		err = read_wait(live, params, out, field, fault);
	if (!err)
		err = read_seen(params, out, field, fault);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		json_object_del(params, own[i]);
	source = out->subscription.source;
	buf_append_str(&out->name, rc_str_from(source->kind));
	buf_append_char(&out->name, ':');
	err = source->parse(source->arg, params, &out->name, &out->subscription.shape, field, fault);
	out->subscription.name = buf_str(&out->name);
	return err;
}

void wanted_release(struct wanted *wanted)
{
	buf_release(&wanted->name);
}

int wanted_from_query(struct http_request *req, struct rc_str last_event_id, json_t **params, const char **field,
		      struct rc_fault *fault)
{
	json_t *object = json_object();
	struct rc_str name, value;
	int err = 0;

	*field = NULL;
	for (size_t i = 0; !err && (name = http_query_name(req, i)).ptr; i++) {
		char key[64];

		if (name.len >= sizeof(key) || memchr(name.ptr, 0, name.len)) {
			err = rc_fault_set(fault, RC_INVALID, "The query names a parameter that does not exist.");
			break;
		}
		memcpy(key, name.ptr, name.len);
		key[name.len] = 0;
		if (http_query(req, key, &value) || json_object_get(object, key) ||
		    json_object_set_new(object, key, json_stringn(value.ptr, value.len)))
			err = rc_fault_set(fault, RC_INVALID, "The query is not well-formed, or repeats a parameter.");
	}
	if (!err && last_event_id.len > 0 &&
	    json_object_set_new(object, "after", json_stringn(last_event_id.ptr, last_event_id.len)))
		err = refuse(fault, field, "Last-Event-ID", "Last-Event-ID is not a position of this server.");
	if (!err && (json_object_get(object, "type") || json_object_get(object, "id")))
		err = rc_fault_set(fault, RC_INVALID, "The query names a parameter that does not exist.");
	if (err)
		json_decref(object);
	else
		*params = object;
	return err;
}

struct http_problem live_problem(const struct rc_fault *fault, const char *field, int invalid_status)
{
	static const struct {
		enum rc_err err;
		int status;
		const char *code, *title;
		bool retryable;
	} known[] = {
		{RC_INVALID, 0, "validation", "The request is not valid", false},
		{RC_NOT_FOUND, 404, "not-found", "Not found", false},
		{RC_LIMIT, 429, "too-many", "Too many", true},
	};
	struct http_problem problem = {.status = 503,
				       .code = "unavailable",
				       .title = "Not available now",
				       .detail = rc_str_from(fault->message),
				       .field = rc_str_from(field),
				       .retryable = true};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].err != fault->err)
			continue;
		problem.status = known[i].status ? known[i].status : invalid_status;
		problem.code = known[i].code;
		problem.title = known[i].title;
		problem.retryable = known[i].retryable;
	}
	return problem;
}

void live_error_object(struct buf *out, bool with_id, struct rc_str id, const struct http_problem *problem)
{
	struct json_out json;

	json_init(&json, out);
	json_begin_object(&json);
	json_key(&json, "type");
	json_cstr(&json, "error");
	if (with_id) {
		json_key(&json, "id");
		json_str(&json, id);
	}
	json_key(&json, "title");
	json_cstr(&json, problem->title);
	json_key(&json, "status");
	json_int(&json, problem->status);
	json_key(&json, "code");
	json_cstr(&json, problem->code);
	json_key(&json, "detail");
	json_str(&json, problem->detail);
	if (problem->field.len > 0) {
		json_key(&json, "field");
		json_str(&json, problem->field);
	}
	json_key(&json, "retryable");
	json_bool(&json, problem->retryable);
	json_end(&json);
}
