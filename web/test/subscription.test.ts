import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveClient, LATE_MS, SILENT_MS, type Availability } from "../src/sync/live.js";
import type { SlotBatch } from "../src/sync/slots.js";
import { SHOWN, shownState } from "../src/sync/status.js";
import { SUBSCRIPTION, type SubscriptionEvent, type SubscriptionState } from "../src/sync/subscription.js";
import { FakeServer, FakeWorld, slot } from "./fake.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

interface Stage {
	world: FakeWorld;
	server: FakeServer;
	view: Availability;
	batches: SlotBatch[];
}

const stage = (): Stage => {
	const world = new FakeWorld();
	const server = new FakeServer();
	const view = createLiveClient(world, [server.connect]).availability(QUERY);
	const batches: SlotBatch[] = [];
	view.slots.subscribe((batch) => batches.push(batch));
	server.open();
	return { world, server, view, batches };
};

const reconnect = ({ server, world }: Stage): void => {
	server.lose();
	world.pass(1_000);
	server.open();
};

const CAUSE: Readonly<Record<SubscriptionEvent, (stage: Stage) => void>> = {
	connected: reconnect,
	snapshot: ({ server }) => server.snapshot("a.9", [slot("s")]),
	delta: ({ server, view }) => server.delta(view.position() ?? "none", "a.8", []),
	gap: ({ server }) => server.delta("a.404", "a.405", []),
	tick: ({ server }) => server.tick(),
	reset: ({ server }) => server.reset(),
	refused: ({ server }) => server.refuse(),
	close: ({ view }) => view.close(),
};

const ROUTE: Readonly<Record<SubscriptionState, readonly SubscriptionEvent[]>> = {
	waiting: [],
	joined: ["snapshot"],
	resuming: ["snapshot", "connected"],
	rebuilding: ["snapshot", "reset"],
	refused: ["refused"],
	closed: ["close"],
};

/** What each state looks like while the connection is open and the server says "live". */
for (const state of Object.keys(ROUTE) as SubscriptionState[]) {
	for (const event of Object.keys(CAUSE) as SubscriptionEvent[]) {
		if (state === "closed") continue; // nothing reaches it any more; asserted below
		const to = SUBSCRIPTION[state][event].to;
		test(`a subscription that is ${state} is ${to} after ${event}`, () => {
			const on = stage();
			for (const step of ROUTE[state]) CAUSE[step](on);
			assert.equal(on.view.status().state, shownState("open", state, "live"));
			CAUSE[event](on);
			const connection = event === "close" ? "idle" : "open";
			assert.equal(on.view.status().state, shownState(connection, to, "live"));
		});
	}
}

test("nothing reaches a closed subscription", () => {
	for (const event of Object.keys(CAUSE) as SubscriptionEvent[]) assert.equal(SUBSCRIPTION.closed[event].to, "closed");
	const on = stage();
	on.view.close();
	on.server.snapshot("a.1", [slot("s")]);
	on.world.paint();
	assert.equal(on.view.slots.all().length, 0);
	assert.equal(on.batches.length, 0);
});

test("after a broken connection it continues from its position, and keeps its rows meanwhile", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x"), slot("y")]);
	on.server.delta("a.1", "a.5", [slot("x", 0)]);
	on.server.lose();
	assert.equal(on.view.slots.all().length, 2);
	assert.equal(on.view.status().state, "delayed");
	on.world.pass(1_000);
	assert.equal(on.server.last.after, "a.5");
	on.server.open();
	on.server.delta("a.5", "a.7", [slot("y", 0)]);
	assert.equal(on.view.status().state, "live");
	assert.equal(on.view.slots.get("y")?.remaining, 0);
});

test("a resumed subscription on which nothing changed is live with the next tick", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	reconnect(on);
	assert.equal(on.view.status().state, "delayed");
	on.server.tick();
	assert.equal(on.view.status().state, "live");
});

test("a reset keeps the rows on the screen until the snapshot, then swaps them without news", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x"), slot("y")]);
	on.world.paint();
	on.server.reset();
	assert.equal(on.view.slots.all().length, 2);
	on.server.snapshot("b.1", [slot("x", 0), slot("z")]);
	on.world.paint();
	const batch = on.batches[1];
	assert.equal(batch?.origin, "snapshot");
	assert.deepEqual([...(batch?.changes.keys() ?? [])].sort(), ["x", "y", "z"]);
	assert.deepEqual(on.view.slots.all().map((row) => row.id).sort(), ["x", "z"]);
	assert.equal(on.view.position(), "b.1");
});

test("after a reset a new connection asks for a snapshot, not for the old position", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	on.server.reset();
	reconnect(on);
	assert.equal(on.server.last.after, null);
});

test("a delta that does not continue our position is not applied; the subscription is asked for again", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	const before = on.server.last.id;
	on.server.delta("a.2", "a.3", [slot("x", 0)]);
	assert.equal(on.view.slots.get("x")?.remaining, 1);
	assert.deepEqual(on.server.left, [before]);
	assert.equal(on.server.last.after, "a.1");
	assert.notEqual(on.server.last.id, before);
});

test("a delta of time alone (to equals from) may come twice", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	on.world.paint();
	on.server.delta("a.1", "a.1", [slot("x", 0)]);
	on.server.delta("a.1", "a.1", [slot("x", 0)]);
	on.world.paint();
	assert.equal(on.view.position(), "a.1");
	assert.equal(on.batches.length, 2);
	assert.equal(on.batches[1]?.changes.size, 1);
});

test("many messages in one frame make one notification", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x"), slot("y")]);
	on.world.paint();
	for (let n = 1; n < 50; n++) on.server.delta(`a.${n}`, `a.${n + 1}`, [slot("x", n % 2), slot(`new${n}`)]);
	on.world.paint();
	assert.equal(on.batches.length, 2);
	assert.equal(on.batches[1]?.origin, "live");
	assert.equal(on.batches[1]?.changes.size, 49);
	assert.equal(on.batches[1]?.changes.get("new1")?.before, undefined);
});

test("a snapshot is never news, also when changes came in the same frame before it", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	on.server.delta("a.1", "a.2", [slot("x", 0)]);
	on.server.snapshot("a.3", [slot("x", 0)]);
	on.world.paint();
	assert.deepEqual(on.batches.map((batch) => batch.origin), ["snapshot"]);
});

test("a snapshot that repeats what is known changes nothing, not even the objects", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	on.world.paint();
	const before = on.view.slots.get("x");
	on.server.snapshot("a.2", [slot("x")]);
	on.world.paint();
	assert.equal(on.batches[1]?.changes.size, 0);
	assert.equal(on.view.slots.get("x"), before);
});

test("an empty snapshot is announced too, so that loading ends", () => {
	const on = stage();
	on.server.snapshot("a.1", []);
	on.world.paint();
	assert.equal(on.batches.length, 1);
});

test("a change back and forth within a frame keeps what was there before the frame", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x", 3)]);
	on.world.paint();
	on.server.delta("a.1", "a.2", [slot("x", 2)]);
	on.server.delta("a.2", "a.3", [slot("x", 1)]);
	on.world.paint();
	assert.equal(on.batches[1]?.changes.get("x")?.before?.remaining, 3);
	assert.equal(on.batches[1]?.changes.get("x")?.after?.remaining, 1);
});

test("slots are in order of start, then resource by number", () => {
	const on = stage();
	on.server.snapshot("a.1", [
		{ ...slot("c"), resource: "10" },
		{ ...slot("b"), resource: "9" },
		slot("a", 1, "2026-11-20T09:00:00Z"),
	]);
	assert.deepEqual(on.view.slots.all().map((row) => row.id), ["a", "b", "c"]);
});

test("what the server says of itself is shown, with its lag and age", () => {
	const on = stage();
	on.server.snapshot("a.1", []);
	on.server.tick("delayed", 2_500, 3_000);
	assert.deepEqual(on.view.status(), { state: "delayed", lagMs: 2_500, ageMs: 3_000 });
	on.world.sleep(1_000);
	assert.equal(on.view.status().ageMs, 4_000);
	on.server.tick("unavailable", 0, 9_000);
	assert.equal(on.view.status().state, "unavailable");
	on.server.tick("live");
	assert.equal(on.view.status().state, "live");
});

test("silence shows as delayed after 8 s, as stale after 30 s with a new attempt, and recovers", () => {
	const on = stage();
	on.server.snapshot("a.1", [slot("x")]);
	on.world.pass(LATE_MS - 1);
	assert.equal(on.view.status().state, "live");
	on.world.pass(1);
	assert.equal(on.view.status().state, "delayed");
	on.world.pass(SILENT_MS - LATE_MS);
	assert.equal(on.view.status().state, "stale");
	assert.equal(on.server.connections, 2);
	on.server.open();
	on.server.tick();
	assert.equal(on.view.status().state, "live");
});

test("a dead server is offline as soon as the first attempt to return fails, and live again without help", () => {
	const on = stage();
	const seen: string[] = [];
	on.view.onStatus((status) => seen.push(status.state));
	on.server.snapshot("a.1", [slot("x")]);
	on.server.lose();
	on.world.pass(500);
	on.server.lose();
	assert.equal(on.view.status().state, "offline");
	on.world.pass(7_000);
	on.server.open();
	on.server.tick();
	assert.deepEqual([...new Set(seen)], ["live", "delayed", "offline"]);
	assert.equal(on.view.status().state, "live");
});

test("without rows a dead server is an error, not an empty page", () => {
	const on = stage();
	on.server.lose();
	on.world.pass(500);
	on.server.lose();
	assert.equal(on.view.status().state, "error");
});

test("a refusal carries the server's reason", () => {
	const on = stage();
	on.server.refuse();
	assert.equal(on.view.status().problem?.code, "not-found");
});

test("every pair of connection and subscription has something to say", () => {
	for (const row of Object.values(SHOWN)) assert.equal(Object.keys(row).length, 6);
});
