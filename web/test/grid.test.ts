import assert from "node:assert/strict";
import { test } from "node:test";
import { createZone } from "../src/booking/dates.js";
import { AVAILABLE, BOOKED, CLOSED, createCells, HOLDING, LIMITED, MINE, RING_FULL, RING_MS } from "../src/booking/grid/cells.js";
import { boxOf, cellUnder, columnX, measure, rowY, spanOf, type Room } from "../src/booking/grid/geometry.js";
import { moveFor, nextFree, type Key } from "../src/booking/grid/keyboard.js";
import { createLayout, ELSEWHERE, NOWHERE, type Layout } from "../src/booking/grid/layout.js";
import type { Resource, Slot } from "../src/sync/index.js";
import { slot } from "./fake.js";

const LISBON = createZone("Europe/Lisbon");
const room = (id: string): Resource => ({ id, key: `room-${id}`, name: `Room ${id}`, kind: "exclusive", capacity: 1 });
const rooms = (count: number): readonly Resource[] => Array.from({ length: count }, (_, n) => room(String(n + 1)));
const at = (id: string, resource: string, start: string, remaining = 1): Slot => ({ ...slot(id, remaining, start), resource });
const WEEK = [16, 17, 18, 19, 20, 21, 22].map((day) => `2026-11-${day}`);
const DESK: Room = { width: 1_040, windowHeight: 900, ratio: 1, coarse: false };

/* Layout */

test("few resources: columns are days by resource, rows are starts", () => {
	const rows = [at("b", "2", "2026-11-20T09:00:00Z", 0), at("a", "1", "2026-11-20T10:00:00Z")];
	const layout = createLayout(rows, ["2026-11-20"], rooms(2), LISBON);
	assert.deepEqual([layout.kind, layout.rows, layout.columns, layout.perDay], ["days", 2, 2, 2]);
	assert.deepEqual(layout.lines.map((line) => line.minutes), [540, 600]);
	assert.deepEqual(rows.map((row) => layout.placeOf(layout.cellOf(row))), [{ day: 0, resource: 1, line: 0 }, { day: 0, resource: 0, line: 1 }]);
});

test("many resources: rows are resources, columns are days by start", () => {
	const rows = [at("a", "3", "2026-11-17T10:00:00Z"), at("b", "5", "2026-11-22T09:30:00Z")];
	const layout = createLayout(rows, WEEK, rooms(5), LISBON);
	assert.deepEqual([layout.kind, layout.rows, layout.columns, layout.perDay], ["timeline", 5, 14, 2]);
	assert.deepEqual(rows.map((row) => layout.cellOf(row)), [2 * 14 + 3, 4 * 14 + 12]);
	for (let cell = 0; cell < 70; cell++) assert.equal(layout.cellAt(layout.placeOf(cell)), cell);
});

test("one day of a dozen resources is a calendar where it has room, and a timeline where it has not", () => {
	const rows = [at("a", "1", "2026-11-17T10:00:00Z")];
	assert.equal(createLayout(rows, ["2026-11-17"], rooms(12), LISBON, 16).kind, "days");
	assert.equal(createLayout(rows, ["2026-11-17"], rooms(12), LISBON, 5).kind, "timeline");
});

test("what is not shown has no cell, and neither has a start that came later", () => {
	const layout = createLayout([at("a", "1", "2026-11-20T10:00:00Z")], ["2026-11-20"], rooms(1), LISBON);
	assert.equal(layout.cellOf(at("b", "9", "2026-11-20T10:00:00Z")), ELSEWHERE);
	assert.equal(layout.cellOf(at("c", "1", "2026-11-21T10:00:00Z")), ELSEWHERE);
	assert.equal(layout.cellOf(at("d", "1", "2026-11-20T10:15:00Z")), NOWHERE);
});

test("in the autumn night both half past ones have a line of their own, in their order", () => {
	const starts = ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"];
	const rows = starts.map((start, n) => at(String(n), "1", start));
	const layout = createLayout(rows, ["2026-10-25"], rooms(1), LISBON);
	assert.deepEqual(layout.lines.map((line) => line.example), starts.map((start) => Date.parse(start)));
	assert.deepEqual(layout.lines.map((line) => line.minutes), [60, 90, 60, 90, 120]);
	assert.equal(new Set(rows.map((row) => layout.cellOf(row))).size, 5);
});

test("a spring night has no line for the hour that is left out", () => {
	const starts = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
	const layout = createLayout(starts.map((start, n) => at(String(n), "1", start)), ["2026-03-29"], rooms(1), LISBON);
	assert.deepEqual(layout.lines.map((line) => line.minutes), [30, 120, 150]);
});

test("67,200 slots have 67,200 cells", () => {
	const rows: Slot[] = [];
	for (const [day, date] of WEEK.entries())
		for (let half = 0; half < 48; half++) {
			const start = new Date(Date.parse(`${date}T00:00:00Z`) + half * 1_800_000).toISOString();
			for (let resource = 1; resource <= 200; resource++) rows.push(at(`${day}.${half}.${resource}`, String(resource), start));
		}
	const layout = createLayout(rows, WEEK, rooms(200), createZone("UTC"));
	assert.deepEqual([layout.rows, layout.columns], [200, 336]);
	assert.equal(new Set(rows.map((row) => layout.cellOf(row))).size, 67_200);
});

/* Geometry */

const week = (resources: number, lines: number): Layout => {
	const rows = Array.from({ length: lines }, (_, n) => at(String(n), "1", new Date(Date.parse("2026-11-16T00:00:00Z") + n * 1_800_000).toISOString()));
	return createLayout(rows, WEEK, rooms(resources), createZone("UTC"));
};

test("a cell is found under every point of it, and under no point of heads and gaps", () => {
	for (const layout of [week(1, 20), week(3, 20), week(200, 48)])
		for (const ratio of [1, 1.25, 2]) {
			const g = measure(layout, { ...DESK, ratio });
			for (const cell of [0, g.perDay - 1, g.perDay, g.columns - 1, g.columns, g.rows * g.columns - 1]) {
				const { x, y, width, height } = boxOf(g, cell);
				for (const [px, py] of [[x, y], [x + width - 0.01, y + height - 0.01], [x + width / 2, y + height / 2]] as const)
					assert.equal(cellUnder(g, px, py), cell, `${layout.kind} ${ratio} ${cell}`);
			}
			assert.equal(cellUnder(g, g.headInline - 1, rowY(g, 0)), -1);
			assert.equal(cellUnder(g, columnX(g, 0), g.headBlock - 1), -1);
			assert.equal(cellUnder(g, columnX(g, g.columns - 1) + g.column + 1, rowY(g, 0)), -1);
			assert.equal(cellUnder(g, columnX(g, 0), rowY(g, g.rows)), -1);
			if (g.gap > 0) assert.equal(cellUnder(g, columnX(g, g.perDay) - g.gap / 2, rowY(g, 0)), -1);
		}
});

test("cells are whole device pixels, never under 34 × 26, and the grid fills what width there is", () => {
	for (const ratio of [1, 1.25, 1.5, 2, 3])
		for (const width of [320, 768, 1_040, 2_560, 3_840])
			for (const layout of [week(1, 20), week(4, 48), week(5, 48), week(200, 48)]) {
				const g = measure(layout, { ...DESK, width, ratio });
				for (const size of [g.column, g.row, g.gap, g.headInline])
					assert.ok(Math.abs(size * ratio - Math.round(size * ratio)) < 1e-6, `${size} at ${ratio}`);
				assert.ok(g.column >= 34 - 1 / ratio && g.row >= 26 - 1 / ratio, `${g.column} × ${g.row}`);
				assert.ok(g.width >= width - 1, `${g.width} of ${width}`);
			}
	assert.equal(measure(week(1, 20), DESK).roomy, true);
	assert.equal(measure(week(200, 48), DESK).roomy, false);
	assert.ok(measure(week(200, 48), { ...DESK, coarse: true }).column >= 44);
});

test("the cells of a view are those it touches", () => {
	const g = measure(week(200, 48), DESK);
	const view = { x: columnX(g, 50) + 1, y: rowY(g, 10) + 1, width: g.column * 3, height: g.row * 2 };
	assert.deepEqual(spanOf(g, view), { firstRow: 10, lastRow: 12, firstColumn: 50, lastColumn: 53 });
	assert.deepEqual(spanOf(g, { x: 0, y: 0, width: g.width, height: g.height }), { firstRow: 0, lastRow: 199, firstColumn: 0, lastColumn: 335 });
});

/* Cells */

const fresh = (resources = 1): { cells: ReturnType<typeof createCells>; dirty: () => readonly number[]; rows: readonly Slot[] } => {
	const rows = ["09:00", "10:00", "11:00"].map((time, n) => at(`s${n}`, "1", `2026-11-16T${time}:00Z`, 3));
	const cells = createCells(createLayout(rows, ["2026-11-16"], rooms(resources), LISBON), () => {});
	for (const row of rows) cells.put(row);
	const dirty = (): readonly number[] => {
		const out: number[] = [];
		cells.drain((cell) => out.push(cell));
		return out;
	};
	dirty();
	return { cells, dirty, rows };
};

test("of several changes in one frame the last one wins, and its cell is painted once", () => {
	const { cells, dirty, rows } = fresh();
	const first = rows[0] as Slot;
	cells.put({ ...first, remaining: 2 });
	cells.put({ ...first, remaining: 0, state: "booked" });
	assert.deepEqual(dirty(), [0]);
	assert.deepEqual([cells.state[0], cells.remaining[0]], [BOOKED, 0]);
	assert.deepEqual(dirty(), []);
});

test("nothing has a ring before it changes", () => {
	const { cells } = fresh();
	assert.deepEqual([...cells.ring], [0, 0, 0]);
	assert.deepEqual([...cells.marked()], []);
	assert.equal(cells.age(1e12, false), null);
});

test("a ring stands still for 3.1 s, fades, and is gone after 4 s", () => {
	const { cells, dirty } = fresh();
	cells.mark("s1", 1_000);
	assert.deepEqual(dirty(), [1]);
	assert.equal(cells.age(1_000, false), 3_100);
	assert.equal(cells.age(4_099, false), 1);
	assert.deepEqual(dirty(), []);
	let before = RING_FULL;
	for (let now = 4_200; now < 5_000; now += 100) {
		assert.equal(cells.age(now, false), 112.5);
		assert.deepEqual(dirty(), [1]);
		assert.ok((cells.ring[1] ?? 0) < before && (cells.ring[1] ?? 0) > 0);
		before = cells.ring[1] ?? 0;
	}
	assert.equal(cells.age(1_000 + RING_MS, false), null);
	assert.deepEqual([cells.ring[1], dirty()], [0, [1]]);
});

test("a cell that keeps changing keeps its ring: it never blinks", () => {
	const { cells, dirty } = fresh();
	cells.mark("s1", 0);
	dirty();
	for (let now = 100; now < 10_000; now += 100) {
		cells.mark("s1", now);
		cells.age(now, false);
		assert.equal(cells.ring[1], RING_FULL);
	}
	assert.deepEqual(dirty(), []);
});

test("without motion a ring does not fade", () => {
	const { cells, dirty } = fresh();
	cells.mark("s1", 0);
	dirty();
	assert.equal(cells.age(3_900, true), 100);
	assert.deepEqual([cells.ring[1], dirty()], [RING_FULL, []]);
	assert.equal(cells.age(4_000, true), null);
	assert.equal(cells.ring[1], 0);
});

test("what is mine stays mine whatever the feed says, and falls back to what it said", () => {
	const { cells, dirty, rows } = fresh();
	cells.own("s0", new Set());
	assert.equal(cells.state[0], HOLDING);
	cells.put({ ...(rows[0] as Slot), state: "booked", remaining: 0 });
	assert.deepEqual([cells.state[0], cells.said[0]], [HOLDING, BOOKED]);
	cells.own(null, new Set(["s0"]));
	assert.equal(cells.state[0], MINE);
	cells.own(null, new Set());
	assert.equal(cells.state[0], BOOKED);
	assert.deepEqual(dirty(), [0]);
});

test("a slot that goes leaves a closed cell, which the next one may take; one without a line asks for other axes", () => {
	const { cells, rows } = fresh();
	const first = rows[0] as Slot;
	cells.mark("s0", 0);
	cells.remove("s0");
	assert.deepEqual([cells.state[0], cells.ring[0], cells.cellOf("s0"), cells.age(0, false)], [CLOSED, 0, -1, null]);
	assert.equal(cells.put({ ...first, id: "again" }), true);
	assert.equal(cells.ids[0], "again");
	assert.equal(cells.put({ ...first, id: "twice" }), false, "two slots in one cell");
	assert.equal(cells.put(at("late", "1", "2026-11-16T12:00:00Z")), false);
	assert.equal(cells.put(at("other day", "1", "2026-11-17T09:00:00Z")), true, "not shown is not missing");
});

/* Keyboard */

const press = (key: string, cell: number, more: Partial<Key> = {}, rtl = false) =>
	moveFor({ key, ctrlKey: false, altKey: false, metaKey: false, ...more }, { cell, rows: 10, columns: 7, rtl, screen: 4 });

test("keys move as the grid pattern says, without wrapping", () => {
	assert.deepEqual(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].map((key) => press(key, 16)), [9, 23, 15, 17]);
	assert.deepEqual(["ArrowUp", "ArrowLeft", "Home", "PageUp"].map((key) => press(key, 0)), [0, 0, 0, 0]);
	assert.deepEqual(["ArrowDown", "ArrowRight", "End", "PageDown"].map((key) => press(key, 69)), [69, 69, 69, 69]);
	assert.deepEqual([press("Home", 16), press("End", 16), press("PageUp", 65), press("PageDown", 2)], [14, 20, 37, 30]);
	assert.deepEqual([press("Home", 16, { ctrlKey: true }), press("End", 16, { ctrlKey: true })], [0, 69]);
	assert.deepEqual([press("PageUp", 16, { altKey: true }), press("PageDown", 16, { altKey: true })], ["day-before", "day-after"]);
	assert.deepEqual(["Enter", " ", "n", "N", "u", "p", "Escape", "x"].map((key) => press(key, 16)), ["open", "open", "next", "next", "latest", "pause", "leave", null]);
});

test("right to left, the arrows follow the eye", () => {
	assert.deepEqual([press("ArrowLeft", 16, {}, true), press("ArrowRight", 16, {}, true)], [17, 15]);
});

test("what belongs to the browser stays the browser's", () => {
	for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) assert.equal(press("n", 16, more), null);
	assert.equal(press("ArrowLeft", 16, { altKey: true }), null);
});

test("the next free time is the next one down the column, then of the next column, then round", () => {
	const { cells } = fresh();
	assert.deepEqual([-1, 0, 1, 2].map((cell) => nextFree(cells, cell)), [0, 1, 2, 0]);
	cells.state.fill(BOOKED);
	assert.equal(nextFree(cells, 0), -1);
	cells.state[1] = LIMITED;
	assert.equal(nextFree(cells, 1), 1);
	assert.equal(cells.state[0] === AVAILABLE, false);
});
