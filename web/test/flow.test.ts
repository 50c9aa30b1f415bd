/* What the way to a booking computes: where the feed stands, what else is free, how long is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createZone } from "../src/booking/dates.js";
import { createCountdown } from "../src/booking/flow/countdown.js";
import { reached } from "../src/booking/flow/positions.js";
import { rank } from "../src/booking/offers.js";
import type { Slot } from "../src/sync/index.js";

test("a feed has passed what was written before it; another epoch is a new picture of everything", () => {
	assert.ok(!reached("a.10", null));
	assert.ok(!reached("a.10", "a.9"));
	assert.ok(reached("a.10", "a.10"));
	assert.ok(reached("a.9", "a.10"));
	assert.ok(reached("a.10", "b.1"));
});

const slot = (resource: string, start: string, state: Slot["state"] = "available"): Slot => {
	const startMs = Date.parse(start);
	const endMs = startMs + 3_600_000;
	return { id: `${resource}@${start}`, service: "1", resource, start, end: new Date(endMs).toISOString(), startMs, endMs, capacity: 1, remaining: 1, state };
};
const zone = createZone("Europe/Lisbon");
const wanted = { resource: "1", start: "2026-11-20T10:00:00Z" };

test("other times come in the server's order: same place, same time, next day", () => {
	const offers = rank(
		[
			slot("1", "2026-11-20T08:00:00Z"),
			slot("1", "2026-11-20T10:00:00Z", "booked"),
			slot("2", "2026-11-20T10:00:00Z"),
			slot("1", "2026-11-20T11:00:00Z"),
			slot("1", "2026-11-21T09:00:00Z"),
			slot("1", "2026-11-21T10:00:00Z"),
		],
		wanted,
		zone,
	);
	assert.deepEqual(
		offers.map(({ resource, start, why }) => `${why} ${resource} ${start}`),
		["same-resource 1 2026-11-20T11:00:00Z", "same-time 2 2026-11-20T10:00:00Z", "next-day 1 2026-11-21T10:00:00Z"],
	);
});

test("what cannot be booked is not offered, and the nearest of the rest fills the list", () => {
	const offers = rank(
		[slot("1", "2026-11-20T11:00:00Z", "booked"), slot("2", "2026-11-24T10:00:00Z"), slot("1", "2026-11-23T10:00:00Z")],
		wanted,
		zone,
	);
	assert.deepEqual(offers.map(({ why, start }) => `${why} ${start}`), ["nearest 2026-11-23T10:00:00Z", "nearest 2026-11-24T10:00:00Z"]);
	assert.deepEqual(rank([], wanted, zone), []);
});

test("a countdown warns once, a whole minute ahead, and ends once", () => {
	let now = 0;
	const timers: { at: number; run: () => void }[] = [];
	const said: string[] = [];
	const after = (ms: number, run: () => void): (() => void) => {
		const timer = { at: now + ms, run };
		timers.push(timer);
		return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
	};
	const pass = (ms: number): void => {
		for (const end = now + ms; ; ) {
			const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (!next) return void (now = end);
			timers.splice(timers.indexOf(next), 1);
			now = next.at;
			next.run();
		}
	};
	const countdown = createCountdown({ now: () => now, after }, () => said.push(`warn at ${120_000 - now}`), () => said.push("over"));
	countdown.start(120_000);
	assert.equal(countdown.seconds.value, 120);
	pass(59_000);
	assert.equal(said.length, 1);
	assert.ok(Number(said[0]?.replace(/\D/g, "")) >= 60_000, said[0]);
	pass(61_000);
	assert.deepEqual(said.slice(1), ["over"]);
	pass(10_000);
	assert.equal(said.length, 2);
	countdown.start(now + 30_000);
	assert.equal(said.length, 2, "what begins short is not warned of");
});
