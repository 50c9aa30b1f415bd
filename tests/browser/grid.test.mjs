/*
 * The grid is painted, so these tests look at the paint: the pixels of a cell in every state and theme, which cells a change paints
 * again, and that elements, keyboard and names over the paint agree with it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible, dateIn, launch, open, Server, slotOf, visitor } from "./world.mjs";

const server = new Server();
let browser;

before(async () => {
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

/** The colour of the painted pixel at (x, y) of a cell's box: from the start and the top, or from the middle when null. */
const pixel = (page, id, x = null, y = null) =>
	page.evaluate(
		([id, x, y]) => {
			const cell = document.querySelector(`[data-slot="${id}"]`).getBoundingClientRect();
			const canvas = document.querySelector(".grid-canvas");
			const around = canvas.getBoundingClientRect();
			const ratio = canvas.width / around.width;
			const at = [cell.left + (x ?? cell.width / 2) - around.left, cell.top + (y ?? cell.height / 2) - around.top];
			return [...canvas.getContext("2d").getImageData(Math.floor(at[0] * ratio), Math.floor(at[1] * ratio), 1, 1).data].slice(0, 3);
		},
		[id, x, y],
	);
/** What the style sheet says a token is, here and now. */
const token = (page, name) =>
	page.evaluate((name) => {
		const probe = document.createElement("i");
		probe.className = "grid-probe";
		probe.style.color = `var(--${name})`;
		document.querySelector(".grid-scroll").append(probe);
		const said = getComputedStyle(probe).color;
		probe.remove();
		return said.match(/\d+/g).slice(0, 3).map(Number);
	}, name);
/** Weeks begin with today: the last day of each is the one that today + 6 is. */
const weekdayIn = (days) => new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" }).format(new Date(dateIn(days)));
const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const named = (page, state) => page.locator(`.cell-${state}[data-slot]`).first().getAttribute("data-slot");

for (const [theme, options] of [
	["light", { colorScheme: "light" }],
	["dark", { colorScheme: "dark" }],
	["forced colours", { forcedColors: "active" }],
	["two device pixels a pixel", { deviceScaleFactor: 2 }],
])
	test(`every state is painted in its colour and with its edge (${theme})`, async () => {
		const page = await visitor(browser, options);
		await open(page, `${server.url}/v/harbour?service=padel&date=${dateIn(8)}&view=week`);
		await painted(page);
		for (const state of ["available", "limited", "booked"]) {
			const id = await named(page, state);
			const fill = await pixel(page, id, 8, 6);
			const fills = [await token(page, state), ...(state === "limited" ? [await token(page, "limited-hatch")] : [])];
			// Between two stripes of the hatch lies a mixture of both.
			const between = (part, n) => part >= Math.min(...fills.map((c) => c[n])) - 2 && part <= Math.max(...fills.map((c) => c[n])) + 2;
			assert.ok(fill.every(between), `${state}: ${fill} is not ${fills.join(" or ")}`);
			assert.deepEqual(await pixel(page, id, null, 2.2), await token(page, `${state}-edge`), state);
			assert.deepEqual(await pixel(page, id, 0.5, 0.5), await token(page, "raised"), "cells do not touch");
		}
		assert.deepEqual(page.complaints, []);
		await page.context().close();
	});

test("without colours a number, a half moon or a cross is left in every cell", async () => {
	const page = await visitor(browser, { forcedColors: "active" });
	await open(page, `${server.url}/v/harbour?service=padel&date=${dateIn(8)}&view=week`);
	await painted(page);
	const ink = (id) =>
		page.evaluate((id) => {
			const cell = document.querySelector(`[data-slot="${id}"]`).getBoundingClientRect();
			const canvas = document.querySelector(".grid-canvas");
			const around = canvas.getBoundingClientRect();
			// The cue stands at the end of the cell, inside its edge.
			const { data } = canvas.getContext("2d").getImageData(cell.right - around.left - 44, cell.top - around.top + 5, 36, cell.height - 10);
			let marks = "";
			for (let at = 0; at < data.length; at += 4) marks += Math.abs(data[at] - data[0]) + Math.abs(data[at + 1] - data[1]) > 60 ? "#" : ".";
			return marks;
		}, id);
	const cues = await Promise.all(["available", "limited", "booked"].map(async (state) => ink(await named(page, state))));
	for (const cue of cues) assert.match(cue, /#/);
	assert.equal(new Set(cues).size, 3);
	await page.context().close();
});

test("a change of the theme repaints what is there", async () => {
	const page = await visitor(browser, { colorScheme: "light" });
	await open(page, `${server.url}/v/harbour?service=padel&date=${dateIn(8)}&view=week`);
	await painted(page);
	const id = await named(page, "booked");
	const light = await pixel(page, id, 8, 6);
	await page.emulateMedia({ colorScheme: "dark" });
	await painted(page);
	assert.notDeepEqual(await pixel(page, id, 8, 6), light);
	assert.deepEqual(await pixel(page, id, 8, 6), await token(page, "booked"));
	await page.context().close();
});

/** Count what is copied onto the canvas that the visitor sees. */
const countPaints = (page) =>
	page.addInitScript(() => {
		window.paints = [];
		const draw = CanvasRenderingContext2D.prototype.drawImage;
		CanvasRenderingContext2D.prototype.drawImage = function (...args) {
			if (this.canvas.className === "grid-canvas") window.paints.push(`${args[1]},${args[2]}`);
			return draw.apply(this, args);
		};
	});

test("nothing is marked on load; a change paints its own cell and no other, with a ring in the same frame", async () => {
	const slot = await server.freeSlot("padel", 14);
	const page = await visitor(browser);
	await countPaints(page);
	await open(page, slot.address("week"));
	await painted(page);
	assert.equal(await page.locator(".is-updated").count(), 0);
	const raised = await token(page, "raised");
	assert.deepEqual(await pixel(page, slot.id, null, 0.5), raised, "no ring");

	await page.evaluate(() => (window.paints = []));
	const answer = await server.post("/v1/holds", { service: slot.service, start: slot.start });
	assert.equal(answer.status, 201);
	await page.waitForFunction(() => window.paints.length > 0);
	assert.deepEqual(await pixel(page, slot.id, null, 0.5), await token(page, "ring-outer"));
	assert.deepEqual(await pixel(page, slot.id, null, 2.5), await token(page, "ring-inner"));
	await slotOf(page, slot).and(page.locator(".is-updated[aria-label$=', Updated']")).waitFor();
	// A 90-minute hold touches the starts whose hour it meets, and nothing else was painted since.
	const touched = await page.locator(".is-updated").count();
	assert.ok(touched > 0 && touched < 6, String(touched));
	assert.equal(new Set(await page.evaluate(() => window.paints)).size, touched);

	await page.locator(".is-updated").first().waitFor({ state: "detached" });
	await page.waitForFunction(
		([id, raised]) => {
			const cell = document.querySelector(`[data-slot="${id}"]`).getBoundingClientRect();
			const canvas = document.querySelector(".grid-canvas");
			const around = canvas.getBoundingClientRect();
			const { data } = canvas.getContext("2d").getImageData(cell.left + cell.width / 2 - around.left, cell.top - around.top + 0.5, 1, 1);
			return raised.every((part, n) => data[n] === part);
		},
		[slot.id, raised],
	);
	await page.context().close();
});

test("without motion the ring is dotted", async () => {
	const slot = await server.freeSlot("padel", 21);
	const page = await visitor(browser, { reducedMotion: "reduce" });
	await open(page, slot.address("week"));
	await server.post("/v1/holds", { service: slot.service, start: slot.start });
	await slotOf(page, slot).and(page.locator(".is-updated")).waitFor();
	const along = await Promise.all([...Array(24).keys()].map((n) => pixel(page, slot.id, 20 + n, 0.5)));
	const ring = String(await token(page, "ring-outer"));
	const dots = along.map((colour) => (String(colour) === ring ? "#" : ".")).join("");
	assert.match(dots, /#\.+#+\.+#/);
	await page.context().close();
});

test("a grid that may be out of date has dashed outlines", async (t) => {
	const other = await new Server().start();
	t.after(() => other.destroy());
	const page = await visitor(browser);
	const slot = await other.freeSlot("padel", 8);
	await open(page, slot.address("week"));
	await painted(page);
	const edge = async () => (await Promise.all([...Array(24).keys()].map((n) => pixel(page, slot.id, 20 + n, 2.5)))).map(String);
	assert.equal(new Set(await edge()).size, 1);
	await other.stop("SIGKILL");
	await page.locator(".times-unavailable, .times-offline").waitFor();
	await painted(page);
	assert.ok(new Set(await edge()).size > 1);
	await page.context().close();
});

test("the keyboard moves, opens and comes back; the element with the focus says what is painted there", async () => {
	const slot = await server.freeSlot("massage", 28);
	const page = await visitor(browser);
	await open(page, slot.address("week"));
	const focused = () => page.evaluate(() => document.activeElement.dataset.cell);
	const stop = page.locator('[role=gridcell][tabindex="0"]');
	assert.equal(await stop.count(), 1);
	await stop.focus();
	const first = Number(await focused());
	const columns = Number(await page.locator("[role=grid]").getAttribute("aria-colcount")) - 1;
	for (const [key, cell] of [["ArrowDown", first + columns], ["ArrowUp", first], ["End", (Math.floor(first / columns) + 1) * columns - 1], ["Control+Home", 0]]) {
		await page.keyboard.press(key);
		assert.equal(Number(await focused()), cell, key);
		assert.equal(await stop.count(), 1);
	}
	await page.keyboard.press("n");
	assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /Available/);
	await page.keyboard.press("Alt+PageDown");
	const day = Number(await focused()) % columns;
	await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	await slotOf(page, slot).and(page.locator(".is-updated")).waitFor();
	await page.keyboard.press("u");
	assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /Booked, Updated$/);
	assert.ok(day >= columns / 7);
	await page.keyboard.press("n");
	const from = await focused();
	await page.keyboard.press(" ");
	await page.locator(".sheet[open]").waitFor();
	await page.keyboard.press("Escape");
	await page.locator(".sheet").waitFor({ state: "detached" });
	assert.equal(await focused(), from);
	await page.context().close();
});

test("Alt with PageDown on the last day goes on into the next week", async () => {
	const page = await visitor(browser);
	await open(page, `${server.url}/v/harbour?service=padel&date=${dateIn(8)}&view=week`);
	await page.locator('[role=gridcell][tabindex="0"]').focus();
	await page.keyboard.press("End");
	const label = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? "");
	assert.match(await label(), new RegExp(weekdayIn(6)));
	const time = (await label()).split(",")[0];
	await page.keyboard.press("Alt+PageDown");
	await page.waitForFunction((time) => document.activeElement.getAttribute("aria-label")?.startsWith(time), `${time}, ${weekdayIn(7)}`);
	await page.context().close();
});

test("P holds the picture still, and shows what waited", async () => {
	const slot = await server.freeSlot("padel", 28);
	const page = await visitor(browser);
	const heard = new Promise((resolve) =>
		page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => /delta/.test(payload) && String(payload).includes(slot.id) && resolve())),
	);
	await open(page, slot.address("week"));
	await page.locator('[role=gridcell][tabindex="0"]').focus();
	await page.keyboard.press("p");
	const said = await slotOf(page, slot).getAttribute("aria-label");
	await server.post("/v1/holds", { service: slot.service, start: slot.start });
	await heard;
	await painted(page);
	assert.equal(await slotOf(page, slot).getAttribute("aria-label"), said);
	await page.keyboard.press("p");
	await slotOf(page, slot).and(page.locator(".is-updated")).waitFor();
	await page.context().close();
});

test("right to left, the week begins on the right, and a click finds the same cell", async () => {
	const slot = await server.freeSlot("massage", 42);
	const page = await visitor(browser);
	await page.addInitScript(() => document.addEventListener("readystatechange", () => (document.documentElement.dir = "rtl")));
	await open(page, slot.address("week"));
	await painted(page);
	const heads = await page.locator(".day-head").evaluateAll((list) => list.map((head) => head.getBoundingClientRect().left));
	assert.ok(heads[0] > heads[6]);
	const scroll = await page.locator(".grid-scroll").boundingBox();
	const corner = await page.locator(".corner").boundingBox();
	assert.ok(corner.x + corner.width > scroll.x + scroll.width - 4);
	assert.deepEqual(await pixel(page, slot.id, 8, 6), await token(page, "available"));
	const box = await slotOf(page, slot).boundingBox();
	await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
	await page.locator(".sheet[open]").waitFor();
	assert.match(await page.locator(".sheet").textContent(), new RegExp(slot.resourceName));
	await page.context().close();
});

test("a week of 67,200 times is a timeline of which the window has elements, and all of it keys, names and clicks", async () => {
	await server.import(JSON.parse(execFileSync(fileURLToPath(new URL("../../bench/page_venue.py", import.meta.url)))));
	const page = await visitor(browser);
	await open(page, `${server.url}/v/full?date=${dateIn(8)}&view=week`);
	const grid = page.locator("[role=grid]");
	assert.deepEqual([await grid.getAttribute("aria-rowcount"), await grid.getAttribute("aria-colcount")], ["202", "337"]);
	const count = await page.locator("[role=gridcell]").count();
	assert.ok(count > 300 && count <= 1_300, String(count));
	await assertAccessible(page, "dense grid");

	const stop = page.locator('[role=gridcell][tabindex="0"]');
	await stop.focus();
	await page.keyboard.press("Control+End");
	const label = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
	assert.match(await label(), new RegExp(`^23:30 UTC, ${weekdayIn(6)} .*, Court 200, Available`));
	await page.waitForFunction(() => document.querySelectorAll("[aria-rowindex='202'] [role=gridcell]").length > 10);
	const [cell, box] = await Promise.all([stop.boundingBox(), page.locator(".grid-scroll").boundingBox()]);
	assert.ok(cell.x + cell.width <= box.x + box.width && cell.y + cell.height <= box.y + box.height, "in sight");
	await page.keyboard.press("ArrowLeft");
	assert.match(await label(), new RegExp(`^23:00 UTC, ${weekdayIn(6)} .*, Court 200`));
	await assertAccessible(page, "dense grid, scrolled");

	// The tab stop keeps its element, however far away the window is.
	await page.evaluate(() => document.querySelector(".grid-scroll").scrollTo(0, 0));
	await page.locator("[aria-rowindex='3'] [aria-colindex='2']").waitFor();
	assert.match(await label(), new RegExp(`^23:00 UTC, ${weekdayIn(6)} .*, Court 200`));

	// A click where there is no element yet finds its cell by where it was.
	await page.evaluate(() => {
		for (const cell of document.querySelectorAll("[role=gridcell]")) cell.style.pointerEvents = "none";
	});
	const first = await page.locator("[aria-rowindex='5'] [aria-colindex='4']").boundingBox();
	await page.mouse.click(first.x + first.width / 2, first.y + first.height / 2);
	await page.locator(".sheet[open]").waitFor();
	assert.match(await page.locator(".sheet").textContent(), /Court 003/);
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});
