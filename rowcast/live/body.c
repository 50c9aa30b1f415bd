#include "rowcast/live/body.h"

#include <stdio.h>
#include <stdlib.h>

#include "rowcast/arena.h"
#include "rowcast/base/check.h"
#include "rowcast/data/json_out.h"

struct packed {
	size_t len; /* 0: it would not have been smaller */
	char bytes[];
};

struct body *body_create(enum body_kind kind, struct rc_str bytes)
{
	struct body *body = rc_xmalloc(sizeof(*body) + bytes.len);

	*body = (struct body){.kind = kind, .len = bytes.len};
	atomic_init(&body->refs, 1);
	atomic_init(&body->packed, NULL);
	memcpy(body->bytes, bytes.ptr, bytes.len);
	return body;
}

struct body *body_acquire(struct body *body)
{
	atomic_fetch_add_explicit(&body->refs, 1, memory_order_relaxed);
	return body;
}

void body_drop(struct body *body)
{
	if (body && atomic_fetch_sub_explicit(&body->refs, 1, memory_order_acq_rel) == 1) {
		free(atomic_load_explicit(&body->packed, memory_order_relaxed));
		free(body);
	}
}

/* Two threads may do it at once; one of the results is thrown away, so a body is packed at most once a thread. */
static struct packed *body_pack(struct body *body, const struct transport *transport)
{
	struct packed *packed, *first = NULL;
	struct buf out = BUF_INIT;

	transport->pack(&out, (struct rc_str){body->bytes, body->len});
	if (out.len >= body->len)
		buf_clear(&out);
	packed = rc_xmalloc(sizeof(*packed) + out.len);
	packed->len = out.len;
	memcpy(packed->bytes, out.data, out.len);
	buf_release(&out);
	if (atomic_compare_exchange_strong(&body->packed, &first, packed))
		return packed;
	free(packed);
	return first;
}

struct wire body_wire(struct body *body, const struct transport *transport, size_t pack_bytes_min)
{
	struct packed *packed = NULL;

	if (transport->pack && body->len >= pack_bytes_min) {
		packed = atomic_load_explicit(&body->packed, memory_order_acquire);
		if (!packed)
			packed = body_pack(body, transport);
	}
	if (packed && packed->len > 0)
		return (struct wire){packed->bytes, packed->len, true};
	return (struct wire){body->bytes, body->len, false};
}

/* Position text is ours (hex, dot, digits) and needs no escaping. */
#define HEAD_MAX (128 + 2 * RC_POSITION_TEXT_MAX)

static void frame_open(struct buf *out, const struct transport *transport, const char *type, struct rc_str id,
		       const char *members, struct rc_str position, struct wire wire)
{
	char before[FRAME_BEFORE_MAX];
	bool told = transport->tells_id && id.len > 0;
	size_t head_bytes = sizeof("{\"type\":\"\"") - 1 + strlen(type) + (told ? sizeof(",\"id\":") - 1 + id.len : 0) +
			    strlen(members);

	buf_append(out, before,
		   wire.packed ? transport->before_packed(before, head_bytes, wire.len)
			       : transport->before(before, type, position, head_bytes + wire.len));
	buf_append_str(out, RC_STR("{\"type\":\""));
	buf_append_str(out, rc_str_from(type));
	buf_append_char(out, '"');
	if (told) {
		buf_append_str(out, RC_STR(",\"id\":"));
		buf_append_str(out, id);
	}
	buf_append_str(out, rc_str_from(members));
}

void frame_delta(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_position from,
		 struct rc_position to, struct wire wire)
{
	char from_text[RC_POSITION_TEXT_MAX], to_text[RC_POSITION_TEXT_MAX], members[HEAD_MAX];
	size_t to_len = rc_position_format(to, to_text);

	rc_position_format(from, from_text);
	snprintf(members, sizeof(members), ",\"from\":\"%s\",\"to\":\"%s\"", from_text, to_text);
	frame_open(out, transport, "delta", id, members, (struct rc_str){to_text, to_len}, wire);
}

void frame_snapshot(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_position position,
		    struct wire wire)
{
	char text[RC_POSITION_TEXT_MAX], members[HEAD_MAX];
	size_t len = rc_position_format(position, text);

	snprintf(members, sizeof(members), ",\"position\":\"%s\"", text);
	frame_open(out, transport, "snapshot", id, members, (struct rc_str){text, len}, wire);
}

void frame_reset(struct buf *out, const struct transport *transport, struct rc_str id, struct rc_str reason)
{
	struct buf members = BUF_INIT;
	struct json_out json;

	buf_append_str(&members, RC_STR(",\"reason\":"));
	json_init(&json, &members);
	json_str(&json, reason);
	buf_append_char(&members, '}');
	frame_open(out, transport, "reset", id, buf_cstr(&members), RC_STR_NONE, (struct wire){0});
	buf_append_str(out, transport->after);
	buf_release(&members);
}

void frame_status(struct buf *out, const struct transport *transport, const char *state, int64_t lag_ms, int64_t age_ms)
{
	char members[HEAD_MAX];

	snprintf(members, sizeof(members), ",\"state\":\"%s\",\"lag_ms\":%lld,\"age_ms\":%lld}", state,
		 (long long)lag_ms, (long long)age_ms);
	frame_open(out, transport, "status", RC_STR_NONE, members, RC_STR_NONE, (struct wire){0});
	buf_append_str(out, transport->after);
}

void frame_object(struct buf *out, const struct transport *transport, const char *type, struct rc_str object)
{
	char before[FRAME_BEFORE_MAX];

	buf_append(out, before, transport->before(before, type, RC_STR_NONE, object.len));
	buf_append_str(out, object);
	buf_append_str(out, transport->after);
}
