import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi, type Api } from "../src/sync/api.js";
import type { KeyStorage } from "../src/sync/platform.js";

interface Sent {
	readonly method: string;
	readonly path: string;
	readonly key: string | null;
	readonly ifMatch?: string;
	readonly body: unknown;
}

const BOOKING = {
	ref: "R1",
	state: "held",
	service: "1",
	resource: "2",
	start: "2026-11-20T10:00:00Z",
	end: "2026-11-20T11:00:00Z",
	party: 1,
	hold_expires_at: "2026-11-20T09:05:00Z",
	version: 1,
	position: "a.1",
};

/** Answers in order; an Error is a connection that broke. */
const stage = (answers: readonly (Response | Error)[], storage?: KeyStorage): { api: Api; sent: Sent[] } => {
	const sent: Sent[] = [];
	const queue = [...answers];
	let keys = 0;
	const api = createApi({
		base: "",
		environment: {
			// Pauses between attempts end at once; the time-out of an attempt (the longest) never comes.
			after(ms, run) {
				if (ms < 15_000) queueMicrotask(run);
				return () => {};
			},
			random: () => 0.5,
		},
		newKey: () => `key-${++keys}`,
		...(storage ? { storage } : {}),
		fetch: async (input, init) => {
			const headers = new Headers(init?.headers as Record<string, string>);
			sent.push({
				method: init?.method ?? "GET",
				path: input,
				key: headers.get("Idempotency-Key"),
				...(headers.has("If-Match") ? { ifMatch: headers.get("If-Match") ?? "" } : {}),
				body: typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : null,
			});
			const answer = queue.shift();
			if (answer instanceof Response) return answer;
			throw answer ?? new Error("no answer left");
		},
	});
	return { api, sent };
};

const json = (status: number, value: object): Response => new Response(JSON.stringify(value), { status });
const HOLD = { service: "1", start: "2026-11-20T10:00:00Z" };

test("a hold sends its fields under a key and answers with the booking", async () => {
	const { api, sent } = stage([json(201, BOOKING)]);
	const result = await api.hold({ ...HOLD, resource: "2", durationMin: 60, party: 3 });
	assert.ok(result.ok && result.value.ref === "R1" && result.value.holdExpiresAt === BOOKING.hold_expires_at);
	assert.deepEqual(sent, [
		{
			method: "POST",
			path: "/v1/holds",
			key: "key-1",
			body: { ...HOLD, resource: "2", duration_min: 60, party: 3 },
		},
	]);
});

test("a broken connection and an unknown outcome are asked again with the same key", async () => {
	const unknown = json(503, { code: "outcome-unknown", status: 503, retryable: true });
	const { api, sent } = stage([new Error("reset"), unknown, json(201, BOOKING)]);
	assert.ok((await api.hold(HOLD)).ok);
	assert.deepEqual(sent.map((call) => call.key), ["key-1", "key-1", "key-1"]);
});

test("a person who presses again after no answer keeps the key", async () => {
	const { api, sent } = stage([new Error("1"), new Error("2"), new Error("3"), json(201, BOOKING)]);
	const first = await api.book("R1", { name: "Ana", email: "a@b.c" });
	assert.ok(!first.ok && first.error.code === "network" && first.error.retryable);
	assert.ok((await api.book("R1", { name: "Ana", email: "a@b.c" })).ok);
	assert.deepEqual(new Set(sent.map((call) => call.key)), new Set(["key-1"]));
});

test("an error of the server or of a gateway before it may hide a write, so the next press keeps the key", async () => {
	const { api, sent } = stage([new Response("<h1>Bad gateway</h1>", { status: 502 }), json(201, BOOKING)]);
	const first = await api.hold(HOLD);
	assert.ok(!first.ok && first.error.status === 502);
	assert.ok((await api.hold(HOLD)).ok);
	assert.deepEqual(sent.map((call) => call.key), ["key-1", "key-1"]);
});

test("another payload is another intent", async () => {
	const { api, sent } = stage([new Error("1"), new Error("2"), new Error("3"), json(201, BOOKING)]);
	await api.book("R1", { name: "Ana", email: "a@b.c" });
	await api.book("R1", { name: "Eva", email: "a@b.c" });
	assert.equal(sent[3]?.key, "key-2");
});

test("after a definite outcome the same request is a new intent", async () => {
	const { api, sent } = stage([json(201, BOOKING), json(409, { code: "slot-full" }), json(201, BOOKING)]);
	await api.hold(HOLD);
	await api.hold(HOLD);
	await api.hold(HOLD);
	assert.deepEqual(sent.map((call) => call.key), ["key-1", "key-2", "key-3"]);
});

test("the key outlives the page when there is storage, and the storage holds nothing of the customer", async () => {
	const stored = new Map<string, string>();
	const storage: KeyStorage = {
		getItem: (name) => stored.get(name) ?? null,
		setItem: (name, value) => void stored.set(name, value),
		removeItem: (name) => void stored.delete(name),
	};
	const first = stage([new Error("1"), new Error("2"), new Error("3")], storage);
	await first.api.book("R1", { name: "Ana", email: "ana@example.org" });
	assert.ok(![...stored.keys(), ...stored.values()].some((text) => text.includes("ana")));
	const second = stage([json(201, BOOKING)], storage);
	await second.api.book("R1", { name: "Ana", email: "ana@example.org" });
	assert.equal(second.sent[0]?.key, "key-1");
	assert.equal(stored.size, 0);
});

test("a conflict carries its alternatives and when the hold in the way ends", async () => {
	const alternative = { resource: "2", start: "2026-11-20T11:00:00Z", end: "2026-11-20T12:00:00Z", remaining: 1, why: "same-resource" };
	const { api } = stage([
		json(409, {
			code: "slot-held",
			status: 409,
			detail: "Somebody holds it",
			retryable: false,
			request_id: "q1",
			held_until: "2026-11-20T09:05:00Z",
			alternatives: [alternative],
		}),
	]);
	const result = await api.hold(HOLD);
	assert.ok(!result.ok);
	assert.equal(result.error.heldUntil, "2026-11-20T09:05:00Z");
	assert.deepEqual(result.error.alternatives, [alternative]);
	assert.equal(result.error.requestId, "q1");
});

test("a problem without a body still has a code and the request id of its header", async () => {
	const { api } = stage([new Response("", { status: 503, headers: { "X-Request-Id": "q2" } })]);
	const result = await api.booking("R1");
	assert.ok(!result.ok && result.error.code === "unavailable" && result.error.requestId === "q2" && result.error.retryable);
});

test("a move names the version on the screen, and the version is part of the intent", async () => {
	const stale = json(412, { code: "stale-version", status: 412, retryable: false });
	const { api, sent } = stage([new Error("1"), new Error("2"), new Error("3"), stale, json(200, BOOKING)]);
	const to = { start: "2026-11-20T12:00:00Z", resource: "3" };
	await api.move("R1", 4, to);
	const refused = await api.move("R1", 4, to);
	assert.ok(!refused.ok && refused.error.code === "stale-version");
	assert.ok((await api.move("R1", 5, to)).ok);
	assert.deepEqual(sent.at(-1), { method: "PATCH", path: "/v1/bookings/R1", key: "key-2", ifMatch: '"5"', body: to });
	assert.deepEqual(sent.map((call) => call.key), ["key-1", "key-1", "key-1", "key-1", "key-2"]);
});

test("a write whose answer cannot be read was made: another try does not make it twice", async () => {
	const { api, sent } = stage([json(201, { hello: 1 }), json(201, BOOKING)]);
	const first = await api.hold(HOLD);
	assert.ok(!first.ok && first.error.code === "bad-answer");
	assert.ok((await api.hold(HOLD)).ok);
	assert.deepEqual(sent.map((call) => call.key), ["key-1", "key-1"]);
});

test("a storage that is full or forbidden costs no call, and no key while the page lives", async () => {
	const full = (): never => {
		throw new Error("QuotaExceededError");
	};
	const { api, sent } = stage([new Error("1"), new Error("2"), new Error("3"), json(201, BOOKING)], { getItem: full, setItem: full, removeItem: full });
	assert.ok(!(await api.hold(HOLD)).ok);
	assert.ok((await api.hold(HOLD)).ok);
	assert.deepEqual(new Set(sent.map((call) => call.key)), new Set(["key-1"]));
});

test("a place in the line is asked for with the span and the party", async () => {
	const { api, sent } = stage([json(201, { id: "w1", state: "waiting", rank: 2, position: "a.2" })]);
	const request = { service: "1", from: "2026-12-01", to: "2026-12-07", party: 2, customer: { name: "Ana", email: "a@b.c" } };
	const result = await api.joinWaitlist(request);
	assert.ok(result.ok);
	assert.deepEqual(result.value, { id: "w1", state: "waiting", rank: 2 });
	assert.deepEqual(sent, [{ method: "POST", path: "/v1/waitlist", key: "key-1", body: request }]);
});

test("a reference is escaped in the path", async () => {
	const { api, sent } = stage([json(200, BOOKING)]);
	await api.cancel("a/b?c");
	assert.equal(sent[0]?.path, "/v1/bookings/a%2Fb%3Fc:cancel");
});

test("an answer that is not a booking is a problem, not a crash", async () => {
	const { api } = stage([json(200, { hello: 1 })]);
	const result = await api.booking("R1");
	assert.ok(!result.ok && result.error.code === "bad-answer");
});
