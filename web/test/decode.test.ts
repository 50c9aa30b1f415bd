import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../src/sync/backoff.js";
import { decodeMessage as decodeValue, decodeSlot, decodeVenue, parseJson, type ServerMessage } from "../src/sync/decode.js";
import { queryMembers, queryString, subscribeMembers } from "../src/sync/transport.js";

const decodeMessage = (text: string, owner?: string): ServerMessage | null => decodeValue(parseJson(text), owner);

const ROW = {
	id: "s1",
	service: "1",
	resource: "2",
	start: "2026-11-20T10:00:00Z",
	end: "2026-11-20T11:00:00Z",
	capacity: 4,
	remaining: 2,
	state: "limited",
};

test("what is not JSON, not an object or of no known type is no message", () => {
	for (const text of ["", "{", "[]", "1", "null", "{}", '{"type":"hello"}', '{"type":"__proto__"}'])
		assert.equal(decodeMessage(text), null, text);
});

test("a snapshot with one wrong row is refused whole", () => {
	const message = (row: object): string =>
		JSON.stringify({ type: "snapshot", id: "a", position: "e.1", rows: [ROW, row] });
	assert.notEqual(decodeMessage(message(ROW)), null);
	for (const name of Object.keys(ROW)) assert.equal(decodeMessage(message({ ...ROW, [name]: {} })), null, name);
	assert.equal(decodeMessage(message({ ...ROW, state: "constructor" })), null);
});

test("a slot's instants are read once, and what is no instant is no slot", () => {
	const row = decodeSlot(ROW);
	assert.ok(row);
	assert.equal(row.startMs, Date.UTC(2026, 10, 20, 10));
	assert.equal(row.endMs, Date.UTC(2026, 10, 20, 11));
	assert.equal(decodeSlot({ ...ROW, start: "tomorrow" }), null);
});

test("unknown members are ignored", () => {
	assert.notEqual(decodeMessage('{"type":"status","state":"live","lag_ms":1,"age_ms":2,"more":[1]}'), null);
});

test("SSE data has no id: the stream is the subscription", () => {
	const text = JSON.stringify({ type: "delta", from: "e.1", to: "e.2", upsert: [ROW], remove: ["s9"] });
	assert.equal(decodeMessage(text), null);
	const message = decodeMessage(text, "7");
	assert.ok(message?.type === "delta" && message.id === "7" && message.remove[0] === "s9");
	const named = decodeMessage(text.replace("{", '{"id":"another",'), "7");
	assert.ok(named?.type === "delta" && named.id === "7");
});

test("a live error is a problem with its subscription, or without", () => {
	const message = decodeMessage('{"type":"error","id":"a","code":"not-found","status":404,"retryable":false}');
	assert.ok(message?.type === "error" && message.id === "a" && message.problem.code === "not-found");
	const bare = decodeMessage('{"type":"error"}');
	assert.ok(bare?.type === "error" && bare.id === null);
});

test("a venue without contact or services of a known form is still safe to show", () => {
	const venue = decodeVenue({ slug: "a", name: "A", tz: "UTC", services: [], resources: [] });
	assert.deepEqual(venue?.contact, { phone: "", email: "" });
	assert.equal(decodeVenue({ slug: "a", name: "A", tz: "UTC", services: [{}], resources: [] }), null);
});

test("prices, note and buffers are optional, and an older server has none of them", () => {
	const venue = (service: object, more: object = {}) =>
		decodeVenue({ slug: "a", name: "A", tz: "UTC", services: [{ id: "1", name: "S", resources: [], ...service }], resources: [], ...more });
	const bare = venue({})?.services[0];
	assert.deepEqual(
		[bare?.stepMin, bare?.bufferBeforeMin, bare?.bufferAfterMin, bare?.note, bare?.pricesMinor, bare?.pricePer],
		[0, 0, 0, "", [], "booking"],
	);
	assert.deepEqual([venue({})?.currency, venue({})?.locale], ["", ""]);
	const full = venue(
		{ step_min: 15, buffer_before_min: 5, buffer_after_min: 10, note: "Adults only", prices_minor: [2500, 4000], price_per: "person" },
		{ currency: "EUR", locale: "pt" },
	);
	const service = full?.services[0];
	assert.deepEqual(
		[service?.stepMin, service?.bufferBeforeMin, service?.bufferAfterMin, service?.note, service?.pricesMinor, service?.pricePer],
		[15, 5, 10, "Adults only", [2500, 4000], "person"],
	);
	assert.deepEqual([full?.currency, full?.locale], ["EUR", "pt"]);
	assert.equal(venue({ prices_minor: "free", price_per: "hour", note: 7 })?.services[0]?.pricePer, "booking");
});

test("a subscription names only what the viewer chose", () => {
	const query = { service: "1", from: "2026-11-16", to: "2026-11-22" };
	const said = (members: object): unknown => JSON.parse(JSON.stringify(members));
	assert.deepEqual(said(subscribeMembers({ id: "1", query, after: null })), { topic: "availability", ...query });
	assert.equal(queryString({ a: "1&2", b: undefined, c: 3 }), "a=1%262&c=3");
	assert.deepEqual(subscribeMembers({ id: "1", query: { ...query, resource: "2", durationMin: 30, party: 2 }, after: "e.1" }), {
		topic: "availability",
		...query,
		resource: "2",
		duration_min: 30,
		party: 2,
		max_per_s: undefined,
		after: "e.1",
	});
});

test("a rate is a member of the subscription, not of the question that is asked once", () => {
	const query = { service: "1", from: "2026-11-16", to: "2026-11-22", maxPerS: 0.2 };
	assert.equal(subscribeMembers({ id: "1", query, after: null })["max_per_s"], 0.2);
	assert.ok(!queryString(queryMembers(query)).includes("0.2"));
});

test("pauses stay within their floor and ceiling for every attempt and chance", () => {
	for (let attempt = 0; attempt < 40; attempt++)
		for (const chance of [0, 0.5, 0.999_999]) {
			const ms = backoffMs(attempt, chance);
			assert.ok(ms >= 100 && ms <= 8_000, `${attempt} ${chance} ${ms}`);
		}
});
