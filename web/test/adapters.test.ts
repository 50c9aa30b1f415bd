/* What the adapters do without a screen; that they draw is seen in tests/browser/client.test.mjs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { availabilitySignals } from "../src/sync/adapters/preact.js";
import { useAvailability } from "../src/sync/adapters/react.js";
import { watch, type AvailabilityState } from "../src/sync/adapters/watch.js";
import { createLiveClient, type LiveClient } from "../src/sync/live.js";
import { FakeServer, FakeWorld, slot } from "./fake.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

const stage = (): { world: FakeWorld; server: FakeServer; client: LiveClient } => {
	const world = new FakeWorld();
	const server = new FakeServer();
	return { world, server, client: createLiveClient(world, [server.connect]) };
};

test("what is shown changes with rows and states, not with every sign of life", () => {
	const { world, server, client } = stage();
	const shown: AvailabilityState[] = [];
	const leave = watch(client, QUERY, (state) => shown.push(state));
	server.open();
	server.snapshot("a.1", [slot("x")]);
	world.paint();
	assert.equal(shown.at(-1)?.status.state, "live");
	assert.equal(shown.at(-1)?.slots?.length, 1);
	const before = shown.length;
	for (let i = 0; i < 10; i++) server.tick();
	assert.equal(shown.length, before);
	server.tick("delayed", 3_000);
	server.tick("delayed", 6_000);
	assert.deepEqual(shown.slice(before).map((state) => state.status.lagMs), [3_000, 6_000]);
	assert.equal(shown.at(-1)?.slots, shown[before]?.slots);
	server.delta("a.1", "a.2", [slot("y")]);
	const last = shown.length;
	leave();
	world.paint();
	assert.equal(client.state(), "idle");
	assert.equal(shown.length, last);
});

test("signals follow, until they are closed", () => {
	const { world, server, client } = stage();
	const { slots, status, close } = availabilitySignals(client, QUERY);
	assert.equal(slots.value, null);
	server.open();
	server.snapshot("a.1", [slot("x")]);
	world.paint();
	assert.deepEqual([slots.value, status.value.state] as const, [[slot("x")], "live"]);
	const same = slots.value;
	server.tick("stale");
	assert.equal(status.value.state, "stale");
	assert.equal(slots.value, same);
	close();
	assert.equal(client.state(), "idle");
});

test("rendered on a server the hook for React is loading, and subscribes to nothing", () => {
	const { server, client } = stage();
	const Pill = () => createElement("b", null, useAvailability(client, QUERY).status.state);
	assert.equal(renderToString(createElement(Pill)), "<b>loading</b>");
	assert.equal(server.connections, 0);
});
