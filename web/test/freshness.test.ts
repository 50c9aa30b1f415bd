/* What people are told, second by second. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFreshness, judge, type Evidence } from "../src/booking/freshness.js";
import { PATIENCE } from "../src/booking/patience.js";
import { createLiveClient, SILENT_MS } from "../src/sync/live.js";
import type { StatusState } from "../src/sync/index.js";
import { FakeServer, FakeWorld, slot } from "./fake.js";

const QUERY = { service: "1", from: "2026-11-16", to: "2026-11-22" };

function stage() {
	const world = new FakeWorld();
	const server = new FakeServer();
	const client = createLiveClient(world, [server.connect]);
	let slept = 0;
	const freshness = createFreshness(world, () => {
		slept += 1;
		client.wake();
	});
	const said: StatusState[] = [];
	freshness.told.subscribe(({ state }) => {
		if (said[said.length - 1] !== state) said.push(state);
	});
	freshness.follow(client.availability(QUERY));
	/** As the server does: a word every three seconds. */
	const ticking = (ms: number, ...word: Parameters<FakeServer["tick"]>): void => {
		for (let passed = 0; passed < ms; passed += 1_000) {
			world.pass(1_000);
			if (passed % 3_000 === 0) server.tick(...word);
		}
	};
	const join = (): void => {
		server.open();
		server.snapshot("a.1", [slot("1")]);
		server.tick();
	};
	return { world, server, client, freshness, said, ticking, join, slept: () => slept };
}

test("the first rows are live at once, without a word in between", () => {
	const { join, said } = stage();
	join();
	assert.deepEqual(said, ["loading", "live"]);
});

test("rows that do not come are an error after ten seconds, and no error when they come after all", () => {
	const { world, server, said, join } = stage();
	world.pass(PATIENCE.giveUpMs - 1);
	assert.deepEqual(said, ["loading"]);
	world.pass(1);
	assert.deepEqual(said, ["loading", "error"]);
	server.lose();
	world.pass(8_000);
	join();
	assert.deepEqual(said, ["loading", "error", "live"]);
});

test("what the server refuses is an error at once", () => {
	const { server, said, freshness } = stage();
	server.open();
	server.refuse();
	assert.deepEqual(said, ["loading", "error"]);
	assert.equal(freshness.told.value.problem?.code, "not-found");
});

test("a connection that comes back within five seconds is not spoken of", () => {
	const { world, server, said, join } = stage();
	join();
	world.pass(1_000);
	server.lose();
	world.pass(500);
	server.lose();
	world.pass(1_000);
	server.open();
	server.delta("a.1", "a.2", [slot("1", 0)]);
	server.tick();
	world.pass(2_000);
	assert.deepEqual(said, ["loading", "live"]);
});

test("five silent seconds are a delay, and three good ones end it", () => {
	const { world, server, said, join, ticking } = stage();
	join();
	world.pass(PATIENCE.quietMs);
	assert.deepEqual(said, ["loading", "live", "delayed"]);
	server.tick();
	world.pass(PATIENCE.goodMs - 1);
	assert.equal(said.length, 3, "not yet: one good word may be followed by silence");
	server.tick();
	world.pass(1_000);
	assert.deepEqual(said, ["loading", "live", "delayed", "live"]);
	ticking(20_000);
	assert.equal(said.length, 4);
});

test("good seconds that are interrupted count anew", () => {
	const { server, said, join, world } = stage();
	join();
	server.tick("live", PATIENCE.lagMs);
	assert.equal(said[said.length - 1], "delayed");
	server.tick("live", 0);
	world.pass(2_000);
	server.tick("live", PATIENCE.lagMs);
	server.tick("live", 0);
	world.pass(2_000);
	assert.equal(said.length, 3);
	world.pass(1_000);
	assert.equal(said[said.length - 1], "live");
});

test("a feed less than two seconds behind is live", () => {
	const { server, said, join } = stage();
	join();
	server.tick("live", PATIENCE.lagMs - 1);
	assert.deepEqual(said, ["loading", "live"]);
});

test("the age of a delay grows", () => {
	const { world, join, freshness } = stage();
	join();
	const heard = world.now();
	world.pass(9_000);
	assert.equal(freshness.told.value.state, "delayed");
	assert.equal(freshness.told.value.goodAt, heard);
});

test("thirty silent seconds make a saved picture, and the first word ends it", () => {
	const { world, server, said, join } = stage();
	join();
	world.pass(SILENT_MS);
	assert.deepEqual(said, ["loading", "live", "delayed", "stale"]);
	server.open();
	assert.equal(said.length, 4, "a connection alone is not news of the rows");
	server.tick();
	assert.deepEqual(said, ["loading", "live", "delayed", "stale", "live"]);
});

test("a dead server is offline after ten seconds, attempts or not, and live with its first word", () => {
	const { world, server, said, join } = stage();
	join();
	server.lose();
	world.pass(900);
	server.lose();
	world.pass(PATIENCE.deadMs - 900);
	server.lose();
	assert.equal(said[said.length - 1], "delayed");
	world.pass(2_000);
	server.lose();
	assert.equal(said[said.length - 1], "offline");
	const attempts = server.connections;
	while (server.connections === attempts) world.pass(100);
	server.open();
	assert.equal(said[said.length - 1], "offline");
	server.tick();
	assert.deepEqual(said, ["loading", "live", "delayed", "offline", "live"]);
});

test("without a network nobody waits to be told", () => {
	const { client, said, join, freshness, server } = stage();
	join();
	client.offline();
	freshness.network(false);
	assert.deepEqual(said, ["loading", "live", "offline"]);
	freshness.network(true);
	client.wake();
	server.open();
	server.tick();
	assert.deepEqual(said, ["loading", "live", "offline", "live"]);
});

test("what the server says of its database counts at once", () => {
	const { server, said, join } = stage();
	join();
	server.tick("unavailable", 0, 1_000);
	server.tick("live");
	server.tick("stale", 0, 40_000);
	server.tick("live");
	assert.deepEqual(said, ["loading", "live", "unavailable", "live", "stale", "live"]);
});

test("other rows are waited for anew, except without a connection", () => {
	const { world, server, client, said, join, freshness } = stage();
	join();
	freshness.follow(client.availability(QUERY));
	assert.equal(said[said.length - 1], "loading");
	server.snapshot("a.1", []);
	assert.equal(said[said.length - 1], "live");
	server.lose();
	world.pass(900);
	server.lose();
	for (let n = 0; n < 4; n++) {
		world.pass(7_000);
		server.lose();
	}
	assert.equal(said[said.length - 1], "offline");
	freshness.follow(client.availability(QUERY));
	assert.equal(said[said.length - 1], "error", "there is nothing to show and nobody to ask");
});

test("after a sleep the connection is checked first, and nothing is said when it is well", () => {
	const { world, server, said, join, slept } = stage();
	join();
	world.sleep(3_600_000);
	world.pass(0);
	assert.equal(slept(), 1);
	assert.equal(server.connections, 2, "looked at once");
	server.open();
	server.delta("a.1", "a.2", [slot("1", 0)]);
	server.tick();
	world.pass(4_000);
	assert.deepEqual(said, ["loading", "live"]);
});

test("after a sleep the truth comes out when the connection is gone", () => {
	const { world, said, join } = stage();
	join();
	world.sleep(3_600_000);
	world.pass(1_000);
	world.pass(PATIENCE.glanceMs + 1_000);
	assert.equal(said[said.length - 1], "stale");
});

test("a tab that nobody looks at judges nothing and keeps no timer of its own", () => {
	const { world, server, said, join, freshness, client } = stage();
	join();
	freshness.look(false);
	server.lose();
	world.pass(60_000);
	assert.deepEqual(said, ["loading", "live"]);
	freshness.look(true);
	client.wake();
	server.open();
	server.tick();
	world.pass(2_000);
	assert.deepEqual(said, ["loading", "live"]);
});

test("every word follows from every state of the client", () => {
	const states: readonly StatusState[] = ["loading", "live", "delayed", "stale", "unavailable", "offline", "error"];
	for (const state of states)
		for (const told of states)
			for (const age of [0, PATIENCE.quietMs, PATIENCE.staleMs]) {
				const evidence: Evidence = {
					status: { state, lagMs: 0, ageMs: age },
					told,
					waitingMs: PATIENCE.giveUpMs,
					goodMs: PATIENCE.goodMs,
					deadMs: PATIENCE.deadMs,
				};
				const word = judge(evidence);
				assert.ok(states.includes(word), `${state} after ${told}: ${word}`);
				if (state === "offline") assert.equal(word, "offline");
				if (age === PATIENCE.staleMs) assert.notEqual(word, "live", `${state} after ${told}`);
			}
});
