import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventLike } from "../src/sync/platform.js";
import { JOIN_MS, QUIET_MS, SHARING, sharedTransport, type Sharing } from "../src/sync/shared.js";
import type { Availability } from "../src/sync/live.js";
import { FakeBrowser, QUERY, type Tab } from "./fake-browser.js";
import { FakeServer, FakeWorld, slot } from "./fake.js";

const STATUS = { type: "status", state: "live" };
const snapshot = (id: string, position: string, rows: readonly object[]) => ({ type: "snapshot", id, position, rows });
const delta = (id: string, from: string, to: string, upsert: readonly object[]) => ({ type: "delta", id, from, to, upsert, remove: [] });
const ids = (view: Availability): string[] => view.slots.all().map((row) => `${row.id}=${row.remaining}`);

interface Stage {
	readonly browser: FakeBrowser;
	readonly tabs: readonly Tab[];
	readonly views: readonly Availability[];
}

/** Some tabs on one page, all live at position a.1 with the rows x and y; the first tab leads. */
async function stage(count: number): Promise<Stage & { a: Tab; b: Tab; c: Tab }> {
	const browser = new FakeBrowser();
	const tabs = Array.from({ length: count }, () => browser.tab());
	const views: Availability[] = [];
	for (const tab of tabs) {
		views.push(tab.watch());
		await browser.settle();
	}
	const [a, b, c] = tabs as [Tab, Tab, Tab];
	a.server.open();
	for (const request of a.server.asked) a.say(snapshot(request.id, "a.1", [slot("x"), slot("y")]));
	a.say(STATUS);
	await browser.settle();
	browser.world.paint();
	return { browser, tabs, views, a, b, c };
}

const connections = (tabs: readonly Tab[]): number[] => tabs.map((tab) => tab.server.connections);

test("three tabs have one connection, and each sees its own rows and every tick", async () => {
	const { browser, tabs, views, a } = await stage(3);
	assert.deepEqual(connections(tabs), [1, 0, 0]);
	assert.equal(new Set(a.server.asked.map((request) => request.id)).size, 3);
	a.say(delta(a.asked(1).id, "a.1", "a.2", [slot("x", 0)]));
	await browser.settle();
	assert.deepEqual(views.map(ids), [["x=1", "y=1"], ["x=0", "y=1"], ["x=1", "y=1"]]);
	assert.deepEqual(views.map((view) => view.status().state), ["live", "live", "live"]);
	a.say({ ...STATUS, state: "delayed", lag_ms: 2_500 });
	await browser.settle();
	assert.deepEqual(views.map((view) => view.status().lagMs), [2_500, 2_500, 2_500]);
});

test("a tab that subscribes later, or to something else, is served by the same connection", async () => {
	const { browser, a, b } = await stage(2);
	const other = b.watch({ ...QUERY, service: "2" });
	await browser.settle();
	assert.equal(a.asked(2).query.service, "2");
	a.say(snapshot(a.asked(2).id, "a.1", [slot("z")]));
	await browser.settle();
	assert.deepEqual(ids(other), ["z=1"]);
	assert.equal(b.server.connections, 0);
});

test("what a follower no longer wants is unsubscribed, and nothing else", async () => {
	const { browser, views, a } = await stage(3);
	views[1]?.close();
	await browser.settle();
	assert.deepEqual(a.server.left, [a.asked(1).id]);
});

test("a follower that dies leaves no subscription behind", async () => {
	const { browser, a, b } = await stage(3);
	b.die();
	await browser.settle();
	assert.deepEqual(a.server.left, [a.asked(1).id]);
});

test("when the leader dies in mid-stream, the others go on from where their rows stand, and nobody is told of it", async () => {
	const { browser, tabs, views, a, b, c } = await stage(3);
	a.say(delta(a.asked(1).id, "a.1", "a.2", [slot("x", 0)]));
	await browser.settle();
	browser.world.paint();
	a.die();
	await browser.settle();
	assert.deepEqual(connections(tabs), [1, 1, 0]);
	assert.deepEqual(b.server.asked.map((request) => request.after), ["a.2", "a.1"]);

	b.server.open();
	b.say(delta(b.asked(0).id, "a.2", "a.3", [slot("y", 0)]));
	b.say(delta(b.asked(1).id, "a.1", "a.3", [slot("x", 0), slot("y", 0)]));
	b.say(STATUS);
	await browser.settle();
	browser.world.paint();
	assert.deepEqual(views.slice(1).map(ids), [["x=0", "y=0"], ["x=0", "y=0"]]);
	assert.deepEqual([b.told, c.told], [["loading", "live"], ["loading", "live"]]);
	assert.deepEqual(c.batches.map((batch) => batch.origin), ["snapshot", "live"]);
});

test("what a dead leader said last comes after the new one has been asked: it counts once", async () => {
	const { browser, views, a, b, c } = await stage(3);
	a.say(delta(a.asked(2).id, "a.1", "a.2", [slot("x", 0)]));
	const late = browser.post.splice(0);
	a.die();
	await browser.settle();
	browser.post.push(...late);
	await browser.settle();
	assert.equal(views[2]?.position(), "a.1");
	b.server.open();
	b.say(delta(b.asked(1).id, "a.1", "a.2", [slot("x", 0)]));
	b.say(STATUS);
	await browser.settle();
	assert.equal(views[2]?.position(), "a.2");
	assert.deepEqual(c.told, ["loading", "live"]);
});

test("a leader that needs its connection no more hands it on", async () => {
	const { browser, tabs, views, a, b } = await stage(2);
	views[0]?.close();
	await browser.settle();
	assert.equal(a.server.closed, 1);
	assert.deepEqual(connections(tabs), [1, 1]);
	assert.equal(b.asked(0).after, "a.1");
	assert.equal(browser.holder("x"), 2);
});

test("a leader that hangs keeps nobody dark: followers take connections of their own", async () => {
	const { browser, tabs, views, a, b, c } = await stage(3);
	a.hung = true;
	await browser.pass(QUIET_MS - 1);
	assert.deepEqual(connections(tabs), [1, 0, 0]);
	await browser.pass(1);
	assert.deepEqual(connections(tabs), [1, 1, 1]);
	assert.equal(b.asked(0).after, "a.1");
	b.server.open();
	b.say(delta(b.asked(0).id, "a.1", "a.2", [slot("x", 0)]));
	assert.deepEqual(ids(views[1] as Availability), ["x=0", "y=1"]);
	assert.deepEqual(b.told, ["loading", "live"]);
	assert.deepEqual(c.server.asked.map((request) => request.after), ["a.1"]);
});

test("a tab that comes while the leader hangs waits a moment, no longer", async () => {
	const { browser, a } = await stage(1);
	a.hung = true;
	const late = browser.tab();
	late.watch();
	await browser.pass(JOIN_MS);
	assert.equal(late.server.connections, 1);
	late.server.open();
	late.server.snapshot("a.1", [slot("x")]);
	assert.equal(late.told.at(-1), "live");
});

test("when the shared connection breaks, the next tab takes over and only the one whose it was hears of it", async () => {
	const { browser, tabs, views, a, b } = await stage(2);
	a.server.lose();
	await browser.settle();
	assert.deepEqual(tabs.map((tab) => tab.client.state()), ["retrying", "open"]);
	b.server.open();
	await browser.pass(1_000);
	b.say(STATUS);
	await browser.settle();
	assert.deepEqual(views.map((view) => view.status().state), ["live", "live"]);
	assert.deepEqual(b.server.asked.map((request) => request.after), ["a.1", "a.1"]);
	assert.deepEqual(connections(tabs), [1, 1]);
	assert.deepEqual(b.told, ["loading", "live"]);
});

test("when the server is gone every tab hears it from an attempt of its own, and keeps its rows", async () => {
	const { browser, tabs, views, a, b, c } = await stage(3);
	for (const tab of [a, b, c]) {
		tab.server.lose();
		await browser.settle();
	}
	assert.deepEqual(tabs.map((tab) => tab.client.state()), ["retrying", "retrying", "retrying"]);
	assert.deepEqual(connections(tabs), [1, 1, 1]);
	assert.deepEqual(views.map(ids), Array(3).fill(["x=1", "y=1"]));
});

test("a new leader that cannot connect tells the connection table, which goes on from there", async () => {
	const { browser, a, b } = await stage(2);
	a.die();
	await browser.settle();
	assert.equal(b.client.state(), "open");
	await browser.pass(QUIET_MS);
	assert.equal(b.client.state(), "retrying");
	await browser.pass(1_000);
	assert.equal(b.server.connections, 2);
});

test("without locks or channels each has a connection of its own", () => {
	const server = new FakeServer();
	assert.equal(sharedTransport("x", server.connect, null), server.connect);
});

test("a browser that refuses locks (a sandboxed frame) gives a connection of one's own at once", async () => {
	const server = new FakeServer();
	const world = new FakeWorld();
	const none = { addEventListener: () => {}, postMessage: () => {}, close: () => {} };
	const connect = sharedTransport("x", server.connect, {
		environment: world,
		locks: { request: () => Promise.reject(new Error("SecurityError")) },
		channel: () => none,
	});
	let opened = 0;
	const transport = connect({ opened: () => opened++, message: () => {}, closed: () => {} });
	transport.subscribe({ id: "7", query: QUERY, after: null });
	for (let i = 0; i < 5; i++) await null;
	server.open();
	assert.deepEqual([server.connections, server.asked.length, opened], [1, 1, 1]);
	transport.close();
	assert.equal(server.closed, 1);
	assert.equal(world.pending, 0);
});

test("a leader whose lock is taken away leads no longer: its followers hear one voice only", async () => {
	const { browser, tabs, views, a } = await stage(2);
	browser.steal("x");
	await browser.settle();
	assert.equal(a.server.closed, 1);
	assert.equal(a.client.state(), "retrying");
	assert.equal(browser.holder("x"), 2);
	assert.deepEqual(connections(tabs), [1, 1]);
	assert.deepEqual(views.map(ids), Array(2).fill(["x=1", "y=1"]));
});

test("nobody calls in before the lock that says that he lives is his: the leader would bury him", async () => {
	const world = new FakeWorld();
	const listeners = new Map<string, (event: EventLike) => void>();
	const posted: unknown[] = [];
	const grants = new Map<string, () => void>();
	const sharing: Sharing = {
		environment: world,
		locks: { request: (name, _options, run) => new Promise((done) => grants.set(name, () => void run().then(done))) },
		channel: (name) => ({
			addEventListener: (_type, listener) => void listeners.set(name, listener),
			postMessage: (data) => void posted.push(data),
			close: () => {},
		}),
	};
	const announce = (): void => listeners.get("x")?.({ type: "message", data: { from: "leader", open: true } });
	const transport = sharedTransport("x", new FakeServer().connect, sharing)({ opened: () => {}, message: () => {}, closed: () => {} });
	transport.subscribe({ id: "7", query: QUERY, after: null });
	announce();
	assert.deepEqual(posted, []);
	const [own] = [...grants.keys()].filter((name) => name !== "x");
	grants.get(own ?? "")?.();
	announce();
	const from = own?.slice("x ".length);
	assert.deepEqual(posted, [{ from, asks: [] }, { from, asks: [{ id: `${from}.7`, query: QUERY, after: null }] }]);
	transport.close();
});

test("whoever is gone stays gone, whatever happens", () => {
	for (const cell of Object.values(SHARING.gone)) assert.deepEqual(cell, { to: "gone", acts: [] });
	for (const row of Object.values(SHARING)) assert.equal(row.close.to, "gone");
});
