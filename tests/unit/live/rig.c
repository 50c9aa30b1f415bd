#include "tests/unit/live/rig.h"

int64_t rig_now_us = 1000000, rig_send_us;
struct metric rig_subscribers = METRIC_GAUGE("rig_subscribers", "for tests", NULL);

static int64_t now_us(void)
{
	return rig_now_us;
}

/* ---- carrier ---- */

static void queue_put(struct queue *queue, struct parcel *parcel)
{
	if (!queue->first)
		queue->end = &queue->first;
	parcel->link[0] = NULL;
	*queue->end = parcel;
	queue->end = (struct parcel **)&parcel->link[0];
	queue->count++;
}

static bool queue_deliver(struct queue *queue)
{
	struct parcel *parcel = queue->first;

	if (!parcel)
		return false;
	queue->first = parcel->link[0];
	queue->count--;
	parcel->arrive(parcel);
	return true;
}

static void to_hub(void *arg, struct parcel *parcel)
{
	queue_put(&((struct rig *)arg)->to_hub, parcel);
}

static void to_reactor(void *arg, uint32_t reactor, struct parcel *parcel)
{
	queue_put(&((struct rig *)arg)->to_reactor[reactor], parcel);
}

bool rig_deliver_hub(struct rig *rig)
{
	return queue_deliver(&rig->to_hub);
}

bool rig_deliver_reactor(struct rig *rig, int reactor)
{
	return queue_deliver(&rig->to_reactor[reactor]);
}

void rig_settle(struct rig *rig)
{
	bool more = true;

	while (more) {
		more = rig_deliver_hub(rig);
		for (int r = 0; r < RIG_REACTORS; r++) {
			more |= rig_deliver_reactor(rig, r);
			more |= fanout_run(rig->fanouts[r], 3) <= rig_now_us;
		}
		more |= rig->to_hub.count > 0;
	}
}

/* ---- source ---- */

static struct rc_str key_text(int key, char text[16])
{
	return (struct rc_str){text, (size_t)snprintf(text, 16, "\"k%d\"", key)};
}

static struct rc_str row_text(int key, int value, char text[64])
{
	return (struct rc_str){text, (size_t)snprintf(text, 64, "{\"id\":\"k%d\",\"v\":%d}", key, value)};
}

static int fill(void *arg, struct topic *topic, struct rc_fault *fault)
{
	struct model *model = *(struct model **)topic_shape(topic);
	char key[16], row[64];

	if (model->refuses)
		return rc_fault_set(fault, RC_NOT_FOUND, "no such topic");
	for (int i = RIG_KEYS - 1; i >= 0; i--) {
		topic_set_timed(topic, model->timed[i]);
		if (model->values[i])
			topic_put(topic, key_text(i, key), row_text(i, model->values[i], row), model->n[i]);
		else if (model->n[i])
			topic_remove(topic, key_text(i, key), model->n[i]);
	}
	topic_set_floor(topic, model->floor);
	model->topic = topic;
	return 0;
}

static void closed(void *arg, struct topic *topic)
{
	(*(struct model **)topic_shape(topic))->topic = NULL;
}

/* ---- streams ---- */

static void client_read(struct client *client);

static size_t stream_take(struct client *client, const char *bytes, size_t len)
{
	size_t taken = len < client->room ? len : client->room;

	if (client->in.len == 0)
		client->frame_us = rig_now_us;
	buf_append(&client->in, bytes, taken);
	client->room -= taken;
	client_read(client);
	return taken;
}

static size_t stream_send(struct peer *peer, const void *bytes, size_t len)
{
	struct client *client = (struct client *)((char *)peer - offsetof(struct client, peer));
	size_t sent = client->queued.len > 0 ? 0 : stream_take(client, bytes, len);

	client->waiting |= sent < len;
	client->stalled |= client->waiting;
	rig_now_us += rig_send_us;
	return sent;
}

static int stream_queue(struct peer *peer, const void *bytes, size_t len)
{
	struct client *client = (struct client *)((char *)peer - offsetof(struct client, peer));

	buf_append(&client->queued, bytes, len);
	if (client->queued.len > client->queued_max)
		client->queued_max = client->queued.len;
	client->waiting = true;
	return 0;
}

void client_make_room(struct client *client, size_t bytes)
{
	client->room = bytes;
}

void client_say_writable(struct client *client)
{
	struct buf queued = client->queued;
	size_t sent;

	client->queued = BUF_INIT;
	sent = queued.len > 0 ? stream_take(client, queued.data, queued.len) : 0;
	if (sent < queued.len)
		buf_append(&client->queued, queued.data + sent, queued.len - sent);
	buf_release(&queued);
	if (client->waiting && client->queued.len == 0 && client->room > 0 && client->open) {
		client->waiting = false;
		client->resuming = true; /* what he gets is what he missed … */
		peer_writable(&client->peer);
		client->resuming = false;
		client->stalled = true; /* … also when it has to come from the hub */
	}
}

void client_room(struct client *client, size_t bytes)
{
	client_make_room(client, bytes);
	client_say_writable(client);
}

static size_t before(char out[FRAME_BEFORE_MAX], const char *type, struct rc_str position, size_t object_bytes)
{
	return (size_t)snprintf(out, FRAME_BEFORE_MAX, "%zu ", object_bytes);
}

static void failed(struct peer *peer, struct rc_str id, const struct rc_fault *fault)
{
	struct client *client = (struct client *)((char *)peer - offsetof(struct client, peer));

	client->failed = true;
	client->errors++;
	snprintf(client->error, sizeof(client->error), "%s", fault->message);
}

/* Every body begins with a comma and a quote: a packed one does not, and the client puts them back. */
int rig_packs;
bool rig_pack_grows;

static void pack(struct buf *out, struct rc_str body)
{
	rig_packs++;
	assert_memory_equal(body.ptr, ",\"", 2);
	buf_append(out, body.ptr + 2, body.len - 2);
	if (rig_pack_grows)
		buf_append_str(out, RC_STR("::"));
}

static size_t before_packed(char out[FRAME_BEFORE_MAX], size_t head_bytes, size_t packed_bytes)
{
	return (size_t)snprintf(out, FRAME_BEFORE_MAX, "%zuP%zu ", head_bytes + packed_bytes, head_bytes);
}

const struct transport rig_transport = {.name = "rig",
					.tells_id = true,
					.tells_status = true,
					.subscribers = &rig_subscribers,
					.before = before,
					.after = {"\n", 1},
					.send = stream_send,
					.queue = stream_queue,
					.failed = failed};

const struct transport rig_packing = {.name = "rig-packing",
				      .tells_id = true,
				      .tells_status = true,
				      .subscribers = &rig_subscribers,
				      .before = before,
				      .pack = pack,
				      .before_packed = before_packed,
				      .after = {"\n", 1},
				      .send = stream_send,
				      .queue = stream_queue,
				      .failed = failed};

/* ---- what clients check ---- */

static struct rc_position parse(const char *text)
{
	struct rc_position position;

	assert_int_equal(rc_position_parse(rc_str_from(text), &position), 0);
	return position;
}

static void fold_row(struct client *client, json_t *row)
{
	int key = atoi(json_string_value(json_object_get(row, "id")) + 1);

	client->values[key] = (int)json_integer_value(json_object_get(row, "v"));
}

/* The view is one that the topic had at this position. */
static void check_view(struct client *client)
{
	const struct model *model = &client->rig->models[client->topic];
	struct rc_position at = parse(client->position);

	for (size_t i = model->state_count; i-- > 0;) {
		const struct state *state = &model->states[i];

		if (state->epoch == at.epoch && state->n <= at.n && at.n < state->until &&
		    memcmp(state->values, client->values, sizeof(client->values)) == 0)
			return;
	}
	fail_msg("topic %d: the view at %s never was", client->topic, client->position);
}

static int changes_between(const struct client *client, struct rc_position from, struct rc_position to)
{
	const struct model *model = &client->rig->models[client->topic];
	int count = 0;

	for (size_t i = 0; i < model->state_count; i++) {
		const struct state *state = &model->states[i];

		count += state->epoch == to.epoch && state->n > from.n && state->n <= to.n &&
			 (i == 0 || model->states[i - 1].n != state->n);
	}
	return count;
}

/*
 * At most one delta for each beat of the rate: two in a row are an interval apart unless the first was late, or caught
 * up with a position; three never come within one interval.
 */
static void check_rate(struct client *client)
{
	int64_t interval_us = rate_interval_us(client->rate);

	if (client->mode == LIVE_LATEST) {
		assert_true(client->frame_us - client->delta_before_us >= interval_us);
		assert_true(client->delta_late || client->frame_us - client->delta_us >= interval_us);
	}
	client->delta_before_us = client->delta_us;
	client->delta_us = client->frame_us;
	client->delta_late = client->stalled || client->resuming;
	client->stalled = client->waiting;
}

static void take_delta(struct client *client, json_t *message)
{
	const char *from_text = json_string_value(json_object_get(message, "from")),
		   *to_text = json_string_value(json_object_get(message, "to"));
	json_t *upsert = json_object_get(message, "upsert"), *removed = json_object_get(message, "remove"), *item;
	struct rc_position from = parse(from_text), to = parse(to_text);
	size_t i;

	assert_true(client->has_view && !client->reset_seen && !client->invented);
	assert_string_equal(from_text, client->position);
	assert_int_equal(from.epoch, to.epoch);
	assert_true(to.n >= from.n);
	json_array_foreach(upsert, i, item) fold_row(client, item);
	json_array_foreach(removed, i, item) client->values[atoi(json_string_value(item) + 1)] = 0;
	if (json_array_size(upsert) + json_array_size(removed) == 0) {
		client->empty_deltas++;
		assert_true(to.n > from.n);
	}
	client->timed_deltas += to.n == from.n;
	if (client->mode == LIVE_EVERY)
		assert_true(changes_between(client, from, to) <= 1);
	snprintf(client->position, sizeof(client->position), "%s", to_text);
	client->deltas++;
	check_rate(client);
	check_view(client);
}

static void take_snapshot(struct client *client, json_t *message)
{
	json_t *item;
	size_t i;

	assert_true((!client->has_view || client->reset_seen) && !client->invented);
	memset(client->values, 0, sizeof(client->values));
	json_array_foreach(json_object_get(message, "rows"), i, item) fold_row(client, item);
	snprintf(client->position, sizeof(client->position), "%s",
		 json_string_value(json_object_get(message, "position")));
	client->has_view = client->has_position = true;
	client->reset_seen = false;
	client->snapshots++;
	check_view(client);
}

static void take(struct client *client, const char *text, size_t len)
{
	json_t *message = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(message, "type")),
		   *id = json_string_value(json_object_get(message, "id"));

	assert_non_null(message);
	if (getenv("RIG_TRACE"))
		print_message("# client %p (topic %d, %s) gets %.*s\n", (void *)client, client->topic,
			      client->mode == LIVE_EVERY ? "every" : "latest", (int)len, text);
	if (strcmp(type, "status") == 0) {
		assert_true(client->has_view); /* never before the snapshot and the tail have joined */
		client->statuses++;
		snprintf(client->last_state, sizeof(client->last_state), "%s",
			 json_string_value(json_object_get(message, "state")));
	} else if (strcmp(id, "a") != 0) {
		client->others[id[0] - 'a']++;
	} else {
		if (strcmp(type, "snapshot") == 0) {
			take_snapshot(client, message);
		} else if (strcmp(type, "delta") == 0) {
			take_delta(client, message);
		} else if (strcmp(type, "reset") == 0) {
			client->reset_seen = true;
			client->invented = false;
			client->has_view = true;
			client->resets++;
			snprintf(client->reset_reason, sizeof(client->reset_reason), "%s",
				 json_string_value(json_object_get(message, "reason")));
		} else {
			fail_msg("unknown type %s", type);
		}
	}
	json_decref(client->last);
	client->last = message;
}

static void take_packed(struct client *client, struct rc_str message, size_t head_bytes)
{
	struct buf text = BUF_INIT;

	assert_true(client->packs);
	client->packed++;
	buf_append(&text, message.ptr, head_bytes);
	buf_append_str(&text, RC_STR(",\""));
	buf_append(&text, message.ptr + head_bytes, message.len - head_bytes);
	take(client, text.data, text.len);
	buf_release(&text);
}

static void client_read(struct client *client)
{
	char *end;

	while (client->in.len > 0 && (end = memchr(client->in.data, '\n', client->in.len))) {
		char *object = memchr(client->in.data, ' ', client->in.len);
		size_t len = (size_t)(end - object) - 1;
		char *packed;

		assert_int_equal(strtoul(client->in.data, &packed, 10), len);
		if (*packed == 'P')
			take_packed(client, (struct rc_str){object + 1, len}, strtoul(packed + 1, NULL, 10));
		else
			take(client, object + 1, len);
		buf_consume(&client->in, (size_t)(end - client->in.data) + 1);
		client->frame_us = rig_now_us;
	}
}

void client_check_now(struct client *client)
{
	assert_true(client->has_view && !client->reset_seen);
	if (memcmp(client->values, client->rig->models[client->topic].values, sizeof(client->values)))
		print_message("# client %p on topic %d stayed behind at %s\n", (void *)client, client->topic,
			      client->position);
	assert_memory_equal(client->values, client->rig->models[client->topic].values, sizeof(client->values));
}

/* ---- clients ---- */

struct client *client_open(struct rig *rig, int reactor)
{
	struct client *client = rc_xcalloc(1, sizeof(*client));

	client->rig = rig;
	client_reopen(client, reactor);
	return client;
}

void client_reopen(struct client *client, int reactor)
{
	client->open = true;
	client->failed = client->waiting = false;
	client->room = UNLIMITED;
	peer_open(client->rig->fanouts[reactor], &client->peer, client->packs ? &rig_packing : &rig_transport);
}

void client_close(struct client *client)
{
	if (!client->open)
		return;
	peer_close(&client->peer);
	client->open = false;
	/* A reset without its snapshot: nothing is known any more. */
	if (client->reset_seen)
		client->has_view = client->has_position = client->reset_seen = false;
	buf_clear(&client->in);
	buf_clear(&client->queued);
}

void client_free(struct client *client)
{
	client_close(client);
	buf_release(&client->in);
	buf_release(&client->queued);
	json_decref(client->last);
	free(client);
}

static void subscribe(struct client *client, struct subscription *wanted, int topic)
{
	char name[16];
	struct model **shape = rc_xmalloc(sizeof(*shape));

	snprintf(name, sizeof(name), "topic-%d", topic);
	*shape = &client->rig->models[topic];
	wanted->source = &client->rig->source;
	wanted->shape = shape;
	wanted->name = rc_str_from(name);
	peer_subscribe(&client->peer, wanted);
}

void client_subscribe(struct client *client, int topic, enum live_mode mode)
{
	struct subscription wanted = {.id = RC_STR("a"), .mode = mode};

	client->topic = topic;
	client->mode = mode;
	wanted.rate = mode == LIVE_LATEST ? client->rate : RATE_ANY;
	client->delta_us = client->delta_before_us = INT64_MIN / 2;
	client->stalled = client->has_position;
	wanted.has_after = client->has_position;
	if (client->has_position)
		wanted.after = parse(client->position);
	subscribe(client, &wanted, topic);
}

void client_subscribe_as(struct client *client, char id, int topic)
{
	subscribe(client, &(struct subscription){.id = {&id, 1}, .mode = LIVE_EVERY}, topic);
}

/* ---- the model ---- */

static void remember(struct rig *rig, int topic, bool timed)
{
	struct model *model = &rig->models[topic];
	struct state *last = model->state_count ? &model->states[model->state_count - 1] : NULL, *state;

	rc_check(model->state_count < RIG_STATES);
	state = &model->states[model->state_count++];
	*state = (struct state){.epoch = (uint32_t)rig->position.epoch, .n = rig->position.n, .until = UINT64_MAX};
	memcpy(state->values, model->values, sizeof(model->values));
	if (!last || last->epoch != state->epoch)
		return;
	if (timed) {
		state->n = last->n;
		return;
	}
	for (size_t i = model->state_count - 1;
	     i-- > 0 && model->states[i].until == UINT64_MAX && model->states[i].epoch == state->epoch;)
		model->states[i].until = rig->position.n;
}

static void change(struct rig *rig, int topic, int key, int value)
{
	struct model *model = &rig->models[topic];
	char key_bytes[16], row[64];

	if (getenv("RIG_TRACE"))
		print_message("# topic %d: k%d = %d%s\n", topic, key, value, model->topic ? "" : " (closed)");
	model->values[key] = value;
	model->n[key] = 0; /* in this transaction */
	if (!model->topic)
		return;
	if (value)
		topic_put(model->topic, key_text(key, key_bytes), row_text(key, value, row), rig->position.n + 1);
	else
		topic_remove(model->topic, key_text(key, key_bytes), rig->position.n + 1);
}

void rig_put(struct rig *rig, int topic, int key)
{
	change(rig, topic, key, ++rig->value);
}

void rig_remove(struct rig *rig, int topic, int key)
{
	change(rig, topic, key, 0);
}

static void commit(struct rig *rig, bool timed)
{
	if (!timed)
		rig->position.n += 1 + (uint64_t)(rig->value % 3);
	for (int t = 0; t < RIG_TOPICS; t++) {
		struct model *model = &rig->models[t];

		for (int k = 0; k < RIG_KEYS; k++) {
			if (model->n[k] == 0) {
				model->n[k] = rig->position.n;
				model->timed[k] = timed;
			}
		}
		if (memcmp(model->values, model->states[model->state_count - 1].values, sizeof(model->values)))
			remember(rig, t, timed);
	}
	if (getenv("RIG_TRACE"))
		print_message("# commit %d.%d%s\n", (int)rig->position.epoch, (int)rig->position.n,
			      timed ? " by time" : "");
	hub_commit(rig->hub, rig->position, rig_now_us);
}

void rig_commit(struct rig *rig)
{
	commit(rig, false);
}

void rig_commit_time(struct rig *rig)
{
	commit(rig, true);
}

void rig_restart(struct rig *rig, const char *reason)
{
	rig->position.epoch++;
	rig->position.n = rig->position.n > 50 ? rig->position.n - 50 : 1;
	for (int t = 0; t < RIG_TOPICS; t++) {
		struct model *model = &rig->models[t];

		for (int k = 0; k < RIG_KEYS; k++) {
			model->n[k] = rig->position.n;
			model->timed[k] = false;
		}
		model->floor = rig->position.n;
		remember(rig, t, false);
	}
	hub_restart(rig->hub, rig->position, reason);
}

struct rig_options rig_defaults(void)
{
	return (struct rig_options){.ring_bytes = 1 << 16,
				    .copy_bytes = 1 << 16,
				    .history_bytes = 1 << 20,
				    .tombstones_max = 1000,
				    .topics_max = 100,
				    .branch_subs_max = 1000};
}

struct rig *rig_create(const struct rig_options *wanted)
{
	struct rig *rig = rc_xcalloc(1, sizeof(*rig));
	struct rig_options options = wanted ? *wanted : rig_defaults();
	struct carrier carrier = {to_hub, to_reactor, rig};

	rig->hub = hub_create(&(struct hub_config){.carrier = carrier,
						   .reactor_count = RIG_REACTORS,
						   .topics_max = options.topics_max,
						   .idle_rows_max = options.idle_rows_max,
						   .topic_linger_us = 1000000,
						   .tombstones_max = options.tombstones_max,
						   .history_bytes_max = options.history_bytes,
						   .position_interval_us = 60000000,
						   .position_interval_n = 1000});
	for (uint32_t r = 0; r < RIG_REACTORS; r++) {
		rig->fanouts[r] = fanout_create(&(struct fanout_config){.carrier = carrier,
									.hub = rig->hub,
									.reactor = r,
									.ring_bytes_max = (size_t)options.ring_bytes,
									.copy_bytes_max = (size_t)options.copy_bytes,
									.pack_bytes_min = (size_t)options.pack_bytes,
									.branch_subs_max = options.branch_subs_max,
									.mono_us = now_us,
									.wall_us = now_us});
		hub_attach(rig->hub, r, rig->fanouts[r]);
	}
	rig->source = (struct topic_source){.kind = "toy", .fill = fill, .closed = closed, .arg = rig};
	rig->position = (struct rc_position){1, 100};
	hub_tick(rig->hub, rig_now_us);
	rig_restart(rig, NULL);
	return rig;
}

void rig_destroy(struct rig *rig)
{
	rig_settle(rig);
	assert_int_equal(atomic_load(&rig_subscribers.value), 0);
	hub_destroy(rig->hub);
	for (int r = 0; r < RIG_REACTORS; r++)
		fanout_destroy(rig->fanouts[r]);
	free(rig);
}
