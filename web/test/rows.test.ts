/* What the screen shows while the visitor has paused, and what is marked as changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMarks, MARKS_MAX, MARK_MS } from "../src/booking/marks.js";
import { createRows } from "../src/booking/rows.js";
import type { Slot } from "../src/sync/index.js";
import { createSlotStore, type SlotBatch } from "../src/sync/slots.js";
import { FakeWorld, slot } from "./fake.js";

function stage() {
	const world = new FakeWorld();
	const store = createSlotStore(world);
	const rows = createRows();
	const heard: SlotBatch[] = [];
	rows.subscribe((batch) => heard.push(batch));
	rows.follow(store);
	const draw = (change: () => void): void => {
		change();
		world.paint();
	};
	return { world, store, rows, heard, draw };
}
const left = (at: Slot | undefined): number | undefined => at?.remaining;

test("without a pause the screen follows", () => {
	const { store, rows, heard, draw } = stage();
	draw(() => store.replace([slot("1", 4), slot("2", 4)]));
	draw(() => store.patch([slot("1", 3)], []));
	assert.deepEqual(heard.map((batch) => batch.origin), ["snapshot", "live"]);
	assert.equal(left(rows.get("1")), 3);
});

test("a paused screen stands still, counts what waits, and takes it as one", () => {
	const { store, rows, heard, draw } = stage();
	draw(() => store.replace([slot("1", 4), slot("2", 4), slot("3", 4)]));
	rows.pause();
	const stood = rows.all();
	draw(() => store.patch([slot("1", 3)], []));
	draw(() => store.patch([slot("1", 2), slot("2", 1)], ["3"]));
	assert.equal(rows.waiting.value, 3);
	assert.equal(left(rows.get("1")), 4);
	assert.equal(left(rows.get("3")), 4);
	assert.equal(rows.all(), stood);
	assert.equal(heard.length, 1);
	rows.resume();
	assert.equal(heard.length, 2);
	assert.deepEqual([left(heard[1]?.changes.get("1")?.before), left(heard[1]?.changes.get("1")?.after)], [4, 2]);
	assert.equal(left(rows.get("1")), 2);
	assert.equal(rows.get("3"), undefined);
	assert.equal(rows.waiting.value, 0);
});

test("what has changed back during the pause is no change", () => {
	const { store, rows, heard, draw } = stage();
	draw(() => store.replace([slot("1", 4)]));
	rows.pause();
	draw(() => store.patch([slot("1", 3)], []));
	draw(() => store.patch([slot("1", 4)], []));
	assert.equal(rows.waiting.value, 0);
	rows.resume();
	assert.equal(heard.length, 1);
});

test("other rows are shown also during a pause, and what changes in them waits", () => {
	const { world, store, rows, draw } = stage();
	draw(() => store.replace([slot("1", 4)]));
	rows.pause();
	draw(() => store.patch([slot("1", 3)], []));
	const other = createSlotStore(world);
	rows.follow(other);
	assert.equal(rows.waiting.value, 0);
	draw(() => other.replace([slot("9", 4)]));
	assert.equal(left(rows.get("9")), 4);
	draw(() => other.patch([slot("9", 1)], []));
	assert.equal(left(rows.get("9")), 4);
	assert.equal(rows.waiting.value, 1);
	draw(() => store.patch([slot("1", 1)], []));
	assert.equal(rows.waiting.value, 1, "the rows that were left say nothing any more");
});

test("a pause while the rows are still on their way lets the first picture through", () => {
	const { store, rows, draw } = stage();
	rows.pause();
	draw(() => store.replace([slot("1", 4)]));
	assert.equal(left(rows.get("1")), 4);
	draw(() => store.patch([slot("1", 3)], []));
	assert.equal(left(rows.get("1")), 4);
	assert.equal(rows.waiting.value, 1);
});

test("a mark lasts its time, and longer when its slot changes again", () => {
	const world = new FakeWorld();
	const marks = createMarks(world);
	marks.add(["1", "2"]);
	world.pass(MARK_MS - 1_000);
	marks.add(["1"]);
	world.pass(1_500);
	assert.deepEqual([...marks.ids.value], ["1"]);
	world.pass(MARK_MS);
	assert.equal(marks.ids.value.size, 0);
	assert.equal(marks.latest.value, "1");
	assert.equal(world.pending, 0);
});

test("the most that are marked at once, and one more", () => {
	const ids = Array.from({ length: MARKS_MAX + 1 }, (_, n) => String(n));
	const world = new FakeWorld();
	const marks = createMarks(world);
	marks.add(ids.slice(1));
	assert.equal(marks.ids.value.size, MARKS_MAX);
	assert.equal(marks.refreshed.value, 0);
	marks.clear();
	marks.add(ids);
	assert.equal(marks.ids.value.size, 0);
	assert.equal(marks.refreshed.value, MARKS_MAX + 1);
	world.pass(MARK_MS);
	assert.equal(marks.refreshed.value, 0);
});

test("under a storm of changes the set of marks follows four times a second", () => {
	const world = new FakeWorld();
	const marks = createMarks(world);
	for (let frame = 0; frame < 60; frame++) {
		marks.add(Array.from({ length: 8 }, (_, n) => `${frame}.${n}`));
		world.pass(16);
	}
	const shown = marks.ids.value;
	marks.add(["late"]);
	assert.equal(marks.ids.value, shown);
	assert.equal(marks.at("late"), world.now());
	world.pass(250);
	assert.ok(marks.ids.value.has("late"));
});
