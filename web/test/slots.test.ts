import assert from "node:assert/strict";
import { test } from "node:test";
import { createSlotStore, type SlotStore } from "../src/sync/slots.js";
import { FakeWorld, slot } from "./fake.js";

const HOUR_MS = 3_600_000;
const hour = (n: number): string => new Date(Date.UTC(2026, 10, 20) + n * HOUR_MS).toISOString();
const at = (n: number, resource: string, remaining = 1) => ({ ...slot(`${n}/${resource}`, remaining, hour(n)), resource });
const ids = (store: SlotStore): string[] => store.all().map((row) => row.id);

test("the list is the same array until a slot changes, and a new one then", () => {
	const store = createSlotStore(new FakeWorld());
	store.replace([at(1, "1"), at(2, "1")]);
	const before = store.all();
	store.patch([at(1, "1")], ["unknown"]);
	assert.equal(store.all(), before);
	store.patch([at(1, "1", 0)], []);
	assert.notEqual(store.all(), before);
	assert.equal(before[0]?.remaining, 1);
	assert.equal(store.all()[0]?.remaining, 0);
});

test("whatever comes, goes or changes, and whenever one looks, the list is what sorting all of it would give", () => {
	const store = createSlotStore(new FakeWorld());
	const model = new Map<string, ReturnType<typeof at>>();
	let seed = 7;
	const random = (below: number): number => {
		seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
		return (seed >>> 8) % below;
	};
	const some = () => at(random(12), String(random(12)), random(3));
	const put = (row: ReturnType<typeof at>): void => void model.set(row.id, row);
	for (let round = 0; round < 3_000; round++) {
		const upsert = [some(), some()];
		const remove = random(4) === 0 ? [some().id] : [];
		if (random(50) === 0) {
			model.clear();
			upsert.forEach(put);
			store.replace([...model.values()]);
		} else {
			for (const id of remove) model.delete(id);
			upsert.forEach(put);
			store.patch(upsert, remove);
		}
		if (random(3) !== 0) continue;
		const wanted = [...model.values()].sort((a, b) => a.startMs - b.startMs || Number(a.resource) - Number(b.resource));
		assert.deepEqual(ids(store), wanted.map((row) => row.id));
		assert.deepEqual(store.all().map((row) => row.remaining), wanted.map((row) => row.remaining));
	}
});

test("a change of known slots does not sort the list again", () => {
	const store = createSlotStore(new FakeWorld());
	const rows = Array.from({ length: 2_000 }, (_, i) => at(Math.floor(i / 10), String(i % 10)));
	let reads = 0;
	const counted = rows.map((row) => Object.defineProperty({ ...row }, "startMs", { get: () => (reads++, row.startMs) }));
	store.replace(counted);
	store.all();
	reads = 0;
	store.patch([at(100, "5", 0)], []);
	assert.equal(store.all()[1_005]?.remaining, 0);
	assert.ok(reads <= 2 * Math.ceil(Math.log2(rows.length)), `${reads} comparisons`);
});
