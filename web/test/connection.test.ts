import assert from "node:assert/strict";
import { test } from "node:test";
import { CONNECTION, type ConnectionEvent, type ConnectionState } from "../src/sync/connection.js";
import { createLiveClient, LATE_MS, OPEN_MS, SILENT_MS, type LiveClient } from "../src/sync/live.js";
import { FakeServer, FakeWorld } from "./fake.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

interface Stage {
	world: FakeWorld;
	server: FakeServer;
	client: LiveClient;
}

const stage = (): Stage => {
	const world = new FakeWorld();
	const server = new FakeServer();
	return { world, server, client: createLiveClient(world, [server.connect]) };
};

/** How each event is brought about from outside; null: nothing outside can bring it about in that state. */
const CAUSE: Readonly<Record<ConnectionEvent, (stage: Stage) => void>> = {
	start: ({ client }) => void client.availability(QUERY),
	opened: ({ server }) => server.open(),
	tick: ({ server }) => server.tick(),
	late: ({ world }) => world.pass(LATE_MS),
	silent: ({ world, client }) => world.pass(client.state() === "late" ? SILENT_MS - LATE_MS : SILENT_MS),
	closed: ({ server }) => server.lose(),
	retry: ({ world }) => world.pass(OPEN_MS - 1),
	wake: ({ client }) => client.wake(),
	offline: ({ client }) => client.offline(),
	stop: ({ client }) => client.close(),
};

const ROUTE: Readonly<Record<ConnectionState, readonly ConnectionEvent[]>> = {
	idle: [],
	connecting: ["start"],
	open: ["start", "opened"],
	late: ["start", "opened", "late"],
	silent: ["start", "opened", "silent"],
	retrying: ["start", "opened", "closed"],
	down: ["start", "closed"],
};

/** Where time itself leads when the event needs time to pass: these pairs pass through other cells on their way. */
const BY_TIME: Partial<Record<ConnectionState, Partial<Record<ConnectionEvent, ConnectionState>>>> = {
	connecting: { late: "down", silent: "down" },
	open: { retry: "open" },
	late: { late: "late", silent: "silent" },
	silent: { late: "down", silent: "down" },
	retrying: { late: "retrying", silent: "down" },
};

for (const state of Object.keys(ROUTE) as ConnectionState[]) {
	for (const event of Object.keys(CAUSE) as ConnectionEvent[]) {
		const expected = BY_TIME[state]?.[event] ?? CONNECTION[state][event].to;
		test(`a connection that is ${state} becomes ${expected} on ${event}`, () => {
			const on = stage();
			for (const step of ROUTE[state]) CAUSE[step](on);
			assert.equal(on.client.state(), state);
			// What the late callbacks of a finished transport say must count for nothing.
			const dead = state === "idle" || state === "down" || state === "retrying";
			const fromTransport = event === "opened" || event === "closed" || event === "tick";
			CAUSE[event](on);
			assert.equal(on.client.state(), dead && fromTransport ? state : expected);
		});
	}
}

test("stopping leaves no timer behind", () => {
	for (const state of Object.keys(ROUTE) as ConnectionState[]) {
		const on = stage();
		for (const step of ROUTE[state]) CAUSE[step](on);
		on.client.close();
		assert.equal(on.world.pending, 0, state);
	}
});

test("a transport that does not open in time has failed", () => {
	const on = stage();
	on.client.availability(QUERY);
	on.world.pass(OPEN_MS - 1);
	assert.equal(on.client.state(), "connecting");
	on.world.pass(1);
	assert.equal(on.client.state(), "down");
});

test("the second road is tried after two failures of the first, and kept once it has opened", () => {
	const world = new FakeWorld();
	const first = new FakeServer();
	const second = new FakeServer();
	const client = createLiveClient(world, [first.connect, second.connect]);
	client.availability(QUERY);
	first.lose();
	world.pass(OPEN_MS - 1);
	first.lose();
	world.pass(OPEN_MS - 1);
	assert.deepEqual([first.connections, second.connections], [2, 1]);
	second.open();
	second.lose();
	world.pass(OPEN_MS - 1);
	assert.deepEqual([first.connections, second.connections], [2, 2]);
});

test("an outage does not drive visitors off a road that works: only every fourth attempt leaves it", () => {
	const world = new FakeWorld();
	const first = new FakeServer();
	const second = new FakeServer();
	const client = createLiveClient(world, [first.connect, second.connect]);
	client.availability(QUERY);
	first.open();
	first.lose();
	for (let n = 0; n < 8; n++) {
		const before = second.connections;
		world.pass(OPEN_MS - 1);
		(second.connections > before ? second : first).lose();
	}
	assert.deepEqual([first.connections, second.connections], [7, 2]);
});

test("the pauses between attempts grow, and start small again once a message came", () => {
	const on = stage();
	on.world.chance = 0.999;
	on.client.availability(QUERY);
	const gaps: number[] = [];
	for (let n = 0; n < 6; n++) {
		on.server.lose();
		const from = on.world.time;
		const connections = on.server.connections;
		while (on.server.connections === connections) on.world.pass(10);
		gaps.push(on.world.time - from);
	}
	assert.ok(gaps.every((gap, n) => n === 0 || gap >= (gaps[n - 1] ?? 0)), gaps.join(" "));
	assert.ok((gaps[5] ?? 0) <= 8_010 && (gaps[5] ?? 0) >= 7_900, gaps.join(" "));
	on.server.open();
	on.server.tick();
	on.server.lose(); // retrying
	on.world.pass(800);
	on.server.lose(); // down: the first of the growing pauses
	const connections = on.server.connections;
	on.world.pass(800);
	assert.equal(on.server.connections, connections + 1);
});

test("a tab that slept looks at once when it is shown again", () => {
	const on = stage();
	on.client.availability(QUERY);
	on.server.open();
	on.server.snapshot("a.1", []);
	on.world.sleep(60_000);
	assert.equal(on.client.state(), "open");
	on.client.wake();
	assert.equal(on.client.state(), "retrying");
	assert.equal(on.server.connections, 2);
	assert.equal(on.server.last.after, "a.1");
});

test("a tab that is shown again in time changes nothing", () => {
	const on = stage();
	on.client.availability(QUERY);
	on.server.open();
	on.world.sleep(LATE_MS - 1);
	on.client.wake();
	assert.equal(on.server.connections, 1);
	assert.equal(on.client.state(), "open");
});
