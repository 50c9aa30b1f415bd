import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveClient, type Availability, type LiveClient } from "../src/sync/live.js";
import type { FetchInit, ResponseLike } from "../src/sync/platform.js";
import { pollTransport } from "../src/sync/poll.js";
import type { AvailabilityQuery } from "../src/sync/transport.js";
import { FakeWorld, slot } from "./fake.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

interface Poll {
	readonly url: string;
	readonly query: URLSearchParams;
	readonly signal: AbortSignal;
	readonly answer: (response: ResponseLike) => void;
	readonly fail: (error: Error) => void;
}

class PollServer {
	readonly polls: Poll[] = [];
	readonly fetch = (url: string, init: FetchInit = {}): Promise<ResponseLike> =>
		new Promise((answer, fail) => {
			this.polls.push({ url, query: new URL(url, "http://host").searchParams, signal: init.signal as AbortSignal, answer, fail });
		});
	get last(): Poll {
		const poll = this.polls.at(-1);
		assert.ok(poll);
		return poll;
	}
	async say(status: number, body?: unknown, headers: Record<string, string> = {}): Promise<void> {
		this.last.answer(new Response(body === undefined ? null : JSON.stringify(body), { status, headers }));
		await settle();
	}
}

const settle = async (): Promise<void> => {
	for (let i = 0; i < 20; i++) await null;
	await new Promise(setImmediate);
};

const stage = (query: AvailabilityQuery = QUERY): { world: FakeWorld; server: PollServer; client: LiveClient; view: Availability } => {
	const world = new FakeWorld();
	const server = new PollServer();
	const client = createLiveClient(world, [pollTransport("/v1/live/poll", world, server.fetch)]);
	return { world, server, client, view: client.availability(query) };
};

const SNAPSHOT = { type: "snapshot", position: "a.1", rows: [slot("x")] };

test("the first answer opens the road, and each tells where the next question goes on", async () => {
	const { world, server, client, view } = stage();
	assert.deepEqual(Object.fromEntries(server.last.query), { topic: "availability", ...QUERY, wait: "0" });
	assert.equal(client.state(), "connecting");
	await server.say(200, [SNAPSHOT]);
	assert.equal(client.state(), "open");
	assert.equal(view.status().state, "live");
	assert.equal(server.last.query.get("after"), "a.1");
	assert.equal(server.last.query.get("wait"), "3");
	await server.say(200, [
		{ type: "delta", from: "a.1", to: "a.2", upsert: [slot("x", 0)], remove: [] },
		{ type: "delta", from: "a.2", to: "a.3", upsert: [slot("y")], remove: [] },
	]);
	assert.equal(view.position(), "a.3");
	assert.equal(view.slots.all().length, 2);
	assert.equal(server.last.query.get("after"), "a.3");
	world.pass(5_000);
	await server.say(204);
	assert.equal(server.last.query.get("after"), "a.3");
	assert.equal(server.polls.length, 4);
});

const delta = (from: number): object => ({ type: "delta", from: `a.${from}`, to: `a.${from + 1}`, upsert: [slot("x", from)], remove: [] });

test("at a rate the next question waits after changes, and the server does not hear of the rate", async () => {
	const { world, server, view } = stage({ ...QUERY, maxPerS: 0.8 });
	await server.say(200, [SNAPSHOT]);
	assert.equal(server.polls.length, 2); // a snapshot is no change
	await server.say(200, [delta(1)]);
	assert.equal(view.position(), "a.2"); // told at once
	world.pass(1_249);
	await settle();
	assert.equal(server.polls.length, 2);
	world.pass(1);
	await settle();
	assert.equal(server.polls.length, 3);
	assert.equal(server.last.query.get("wait"), "1"); // with the pause no more than 3 s
	assert.equal(server.last.query.get("max_per_s"), null);
	world.pass(1_500);
	await server.say(204);
	assert.equal(server.polls.length, 4); // no change, no pause
	assert.equal(server.last.query.get("wait"), "3");
});

test("a pause is 3 s at most, and the question after it is answered at once, so that the road does not look dead", async () => {
	const { world, server, view } = stage({ ...QUERY, maxPerS: 0.1 });
	await server.say(200, [SNAPSHOT]);
	await server.say(200, [delta(1)]);
	world.pass(3_000);
	await settle();
	assert.equal(server.polls.length, 3);
	assert.equal(server.last.query.get("wait"), "0");
	await server.say(204);
	assert.equal(server.last.query.get("wait"), "3");
	assert.equal(view.status().state, "live");
});

test("who leaves in a pause asks no more", async () => {
	const { world, server, view } = stage({ ...QUERY, maxPerS: 2 });
	await server.say(200, [SNAPSHOT]);
	await server.say(200, [delta(1)]);
	view.close();
	world.pass(5_000);
	await settle();
	assert.equal(server.polls.length, 2);
});

test("what time alone has changed is told once: the next question says what has been seen", async () => {
	const { world, server, view } = stage();
	await server.say(200, [SNAPSHOT], { "Rowcast-Seen": "100" });
	assert.equal(server.last.query.get("seen"), "100");
	await server.say(200, [{ type: "delta", from: "a.1", to: "a.1", upsert: [], remove: ["x"] }], { "Rowcast-Seen": "200" });
	assert.equal(view.slots.all().length, 0);
	assert.equal(server.last.query.get("seen"), "200");
	world.pass(5_000);
	await server.say(204, undefined, { "Rowcast-Seen": "200" });
	assert.equal(server.last.query.get("seen"), "200");
	world.pass(5_000);
	await server.say(204);
	assert.equal(server.last.query.get("seen"), null);
});

test("nothing new within the wait is a sign of life: the watchdog stays quiet", async () => {
	const { world, server, view } = stage();
	await server.say(200, [SNAPSHOT]);
	for (let i = 0; i < 10; i++) {
		world.pass(5_000);
		await server.say(204);
		assert.equal(view.status().state, "live");
	}
});

test("a reset and its snapshot take the place of all rows", async () => {
	const { server, view } = stage();
	await server.say(200, [SNAPSHOT]);
	await server.say(200, [
		{ type: "reset", reason: "too old" },
		{ type: "snapshot", position: "b.1", rows: [slot("z")] },
	]);
	assert.deepEqual(view.slots.all().map((row) => row.id), ["z"]);
	assert.equal(server.last.query.get("after"), "b.1");
});

test("a delta that does not fit is asked for again from our position", async () => {
	const { server, view } = stage();
	await server.say(200, [SNAPSHOT]);
	const before = server.last;
	await server.say(200, [{ type: "delta", from: "a.7", to: "a.8", upsert: [], remove: [] }]);
	assert.ok(before.signal.aborted);
	assert.equal(server.last.query.get("after"), "a.1");
	await server.say(204);
	assert.equal(view.status().state, "live");
});

test("a broken connection is reported once, and the next one resumes without waiting", async () => {
	const { world, server, client, view } = stage();
	await server.say(200, [SNAPSHOT]);
	server.last.fail(new Error("reset"));
	await settle();
	assert.equal(client.state(), "retrying");
	assert.equal(view.status().state, "delayed");
	const polls = server.polls.length;
	world.pass(1_000);
	assert.equal(server.polls.length, polls + 1);
	assert.deepEqual([server.last.query.get("after"), server.last.query.get("wait")], ["a.1", "0"]);
	await server.say(204);
	assert.equal(view.status().state, "live");
});

test("an overloaded server is left alone for the table's pause, not asked in a loop", async () => {
	for (const status of [429, 500, 503]) {
		const { server, client } = stage();
		await server.say(status, { code: "unavailable", status });
		assert.equal(client.state(), "down", String(status));
		assert.equal(server.polls.length, 1);
	}
});

test("a server that drains says nothing-new at once: the road has ended, nobody spins", async () => {
	const { server, client } = stage();
	await server.say(200, [SNAPSHOT]);
	await server.say(204);
	assert.equal(client.state(), "retrying");
	assert.equal(server.polls.length, 2);
});

test("nothing new before its time is a kept answer when it leads on, and the end of the road when it does not", async () => {
	const { server, client } = stage();
	await server.say(200, [SNAPSHOT], { "Rowcast-Seen": "0.0" });
	await server.say(204, undefined, { "Rowcast-Seen": "0.1" });
	assert.equal(client.state(), "open");
	assert.equal(server.last.query.get("seen"), "0.1");
	await server.say(204, undefined, { "Rowcast-Seen": "0.1" });
	assert.equal(client.state(), "retrying");
	assert.equal(server.polls.length, 3);
});

test("a cache that says the same again and again is not asked in a loop", async () => {
	const { server, client } = stage();
	const kept = [{ type: "delta", from: "a.1", to: "a.1", upsert: [slot("x", 0)], remove: [] }];
	await server.say(200, [SNAPSHOT], { "Rowcast-Seen": "7.0" });
	await server.say(200, kept, { "Rowcast-Seen": "7.1" });
	await server.say(200, kept, { "Rowcast-Seen": "7.1" });
	assert.equal(client.state(), "retrying");
	assert.equal(server.polls.length, 3);
});

test("two clients ask the same of the same address, wherever they came from", async () => {
	const one = stage();
	const world = new FakeWorld();
	const server = new PollServer();
	const client = createLiveClient(world, [pollTransport("/v1/live/poll", world, server.fetch)]);
	client.availability({ to: QUERY.to, from: QUERY.from, service: QUERY.service });
	assert.equal(one.server.last.url, server.last.url);
	await one.server.say(200, [SNAPSHOT], { "Rowcast-Seen": "0.0" });
	await one.server.say(200, [{ type: "delta", from: "a.1", to: "a.2", upsert: [], remove: [] }], { "Rowcast-Seen": "0.0" });
	await server.say(200, [{ ...SNAPSHOT, position: "a.2" }], { "Rowcast-Seen": "0.0" });
	assert.equal(one.server.last.url, server.last.url);
	assert.equal(server.last.url, `/v1/live/poll?topic=availability&service=1&from=${QUERY.from}&to=${QUERY.to}&after=a.2&wait=3&seen=0.0`);
});

test("kept answers are steps: an old one is followed by what came after it, and nothing goes backwards", async () => {
	const { server, view } = stage();
	await server.say(200, [SNAPSHOT], { "Rowcast-Seen": "0.0" });
	for (const [from, to, left] of [["a.1", "a.2", 3], ["a.2", "a.3", 2], ["a.3", "a.4", 1]] as const) {
		assert.equal(server.last.query.get("after"), from);
		await server.say(200, [{ type: "delta", from, to, upsert: [slot("x", left)], remove: [] }], { "Rowcast-Seen": "0.0" });
		assert.deepEqual([view.position(), view.slots.get("x")?.remaining], [to, left]);
	}
	assert.equal(view.status().state, "live");
});

test("a refusal is told with its problem, and asked again after a while", async () => {
	const { world, server, view } = stage();
	await server.say(404, { code: "not-found", status: 404, detail: "No such service", retryable: false });
	assert.equal(view.status().state, "error");
	assert.equal(view.status().problem?.code, "not-found");
	assert.equal(server.polls.length, 1);
	world.pass(7_500);
	await settle();
	assert.equal(server.polls.length, 2);
	await server.say(200, [SNAPSHOT]);
	assert.equal(view.status().state, "live");
});

test("closing ends the question that is under way, and asks no other", async () => {
	const { world, server, view } = stage();
	await server.say(200, [SNAPSHOT]);
	view.close();
	assert.ok(server.last.signal.aborted);
	server.last.fail(new Error("aborted"));
	await settle();
	world.pass(60_000);
	assert.equal(server.polls.length, 2);
	assert.equal(world.pending, 0);
});
