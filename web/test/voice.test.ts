/* What is said aloud, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAloud, SUMMARY_MS } from "../src/booking/aloud.js";
import { createVoice, GAP_MS, QUEUE_MAX, type Voice } from "../src/booking/voice.js";
import type { SlotChange } from "../src/sync/index.js";
import { FakeWorld, slot } from "./fake.js";

function stage(): { world: FakeWorld; voice: Voice; said: string[]; polite: (...sentences: string[]) => void } {
	const world = new FakeWorld();
	const said: string[] = [];
	const voice = createVoice(world, ({ sentence, urgent }) => void said.push(`${urgent ? "!" : ""}${sentence}`));
	return { world, voice, said, polite: (...sentences) => sentences.forEach((sentence) => voice.say({ sentence, urgent: false })) };
}

test("the first sentence is said at once, the next a second later", () => {
	const { world, said, polite } = stage();
	polite("a", "b");
	assert.deepEqual(said, ["a"]);
	world.pass(GAP_MS - 1);
	assert.deepEqual(said, ["a"]);
	world.pass(1);
	assert.deepEqual(said, ["a", "b"]);
	assert.equal(world.pending, 0);
});

test("what cannot wait goes before what can, in its own order", () => {
	const { world, voice, said, polite } = stage();
	polite("a", "b");
	voice.say({ sentence: "x", urgent: true });
	voice.say({ sentence: "y", urgent: true });
	world.pass(3 * GAP_MS);
	assert.deepEqual(said, ["a", "!x", "!y", "b"]);
});

test("of one subject the newest is said", () => {
	const { world, voice, said, polite } = stage();
	polite("a");
	voice.say({ sentence: "delayed", urgent: false, subject: "state" });
	voice.say({ sentence: "offline", urgent: false, subject: "state" });
	voice.say({ sentence: "live", urgent: false, subject: "state" });
	world.pass(5 * GAP_MS);
	assert.deepEqual(said, ["a", "live"]);
});

test("a sentence that waits is not said twice, one that was said is said again", () => {
	const { world, said, polite } = stage();
	polite("a", "b", "b", "a");
	world.pass(5 * GAP_MS);
	assert.deepEqual(said, ["a", "b", "a"]);
});

test("a long queue loses the oldest that could have waited", () => {
	const { world, voice, said, polite } = stage();
	polite("now");
	voice.say({ sentence: "x", urgent: true });
	polite("1", "2", "3", "4");
	assert.equal(QUEUE_MAX, 4);
	world.pass(10 * GAP_MS);
	assert.deepEqual(said, ["now", "!x", "2", "3", "4"]);
});

const change = (id: string, before: number, after: number): [string, SlotChange] => [id, { before: slot(id, before), after: slot(id, after) }];

test("changes are summed up every ten seconds, and only when asked for", () => {
	const world = new FakeWorld();
	const stored = new Map<string, string>();
	const storage = { getItem: (name: string) => stored.get(name) ?? null, setItem: (name: string, value: string) => void stored.set(name, value) };
	const said: [number, number][] = [];
	const aloud = createAloud(world, storage, (changed, freed) => void said.push([changed, freed]));
	aloud.add(new Map([change("1", 1, 0)]));
	world.pass(SUMMARY_MS);
	assert.deepEqual(said, []);

	aloud.on.value = true;
	aloud.add(new Map([change("1", 0, 1), change("2", 3, 2)]));
	world.pass(SUMMARY_MS - 1);
	aloud.add(new Map([change("3", 1, 0)]));
	assert.deepEqual(said, []);
	world.pass(1);
	assert.deepEqual(said, [[3, 1]]);
	world.pass(5 * SUMMARY_MS);
	assert.equal(said.length, 1, "nothing new, nothing said");

	aloud.add(new Map([change("1", 1, 0)]));
	aloud.add(new Map([change("1", 0, 1)]));
	aloud.clear();
	world.pass(SUMMARY_MS);
	assert.equal(said.length, 1);
	assert.equal(createAloud(world, storage, () => {}).on.value, true, "the wish is kept");
});
