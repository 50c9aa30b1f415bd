/* For everybody: a booking by keyboard alone, no serious accessibility fault in any state, no sideways scrolling on a phone. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, dateIn, fillForm, focused, focusOn, launch, manyPlaces, open, openForm, Server, slotOf, visitor } from "./world.mjs";

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


/** Tab until the focus is on something with this text. */
async function tabTo(page, name) {
	for (let n = 0; n < 60; n++) {
		await page.keyboard.press("Tab");
		if (name.test(await focused(page))) return;
	}
	assert.fail(`Tab never came to ${name}; last on ${await focused(page)}`);
}

test("a whole booking by keyboard alone", async () => {
	const page = await visitor(browser);
	await open(page, `${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 8)}&view=week`);
	await page.keyboard.press("Tab");
	await focusOn(page, "Skip to the times");
	await page.keyboard.press("Enter");
	await tabTo(page, /Available/); // the grid is one tab stop, on its first free slot
	const first = await focused(page);
	await page.keyboard.press("ArrowDown");
	assert.notEqual(await focused(page), first);
	await page.keyboard.press("ArrowRight");
	await page.keyboard.press("Control+Home");
	await page.keyboard.press("n");
	await focusOn(page, /Available/);
	assert.ok(await page.evaluate(() => document.activeElement.matches(":focus-visible")));
	await page.keyboard.press("Enter");
	await page.locator(".sheet[open]").waitFor();
	await focusOn(page, "Book this time");
	await page.keyboard.press("Enter");
	await page.locator(".hold .ring").waitFor();
	assert.equal(await page.evaluate(() => document.activeElement.name), "name", "the form takes the focus");
	await page.keyboard.press("Enter");
	assert.equal(await page.locator(".fault").count(), 2, "an empty form is explained");
	await page.keyboard.type("Kim Keys");
	await page.keyboard.press("Tab");
	await page.keyboard.type("kim@example.org");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	assert.match(page.url(), /\/b\/[^/]+$/);
	await page.context().close();
});

test("no serious accessibility fault in any state", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 10);
	await server.importFile("examples/venues/clinic.json", () => {});
	await page.goto(server.url);
	await page.locator(".venue-card").first().waitFor();
	await assertAccessible(page, "home");
	for (const view of ["list", "day", "week"]) {
		await open(page, slot.address(view));
		await assertAccessible(page, view);
	}
	await slotOf(page, slot).click();
	await page.locator(".sheet[open]").waitFor();
	await assertAccessible(page, "details");
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.locator(".fault").first().waitFor();
	await assertAccessible(page, "form with faults");
	await fillForm(page);
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await assertAccessible(page, "confirmation");
	await page.getByRole("button", { name: "Cancel booking" }).click();
	await page.locator(".ask[open]").waitFor();
	await assertAccessible(page, "question");
	await page.evaluate(() => localStorage.clear()); // somebody else's browser does not know whose booking it is
	await open(page, slot.address("list"));
	await openForm(page, slot);
	await page.locator(".conflict").waitFor();
	await assertAccessible(page, "conflict");
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("no accessibility fault in what opens beside the times", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("kayak", 10);
	await page.goto(slot.address("month"));
	await page.locator(".tile-cue").first().waitFor();
	await assertAccessible(page, "month");
	await page.locator(".date-button").click();
	await page.locator(".picker[open]").waitFor();
	await assertAccessible(page, "date picker");
	await open(page, slot.address("list"));
	await slotOf(page, slot).hover();
	await page.locator(".slot-detail").waitFor();
	await assertAccessible(page, "detail");
	await page.goto(`${server.url}/v/harbour?service=tour&date=${nextTuesday()}&view=list`);
	await page.locator(".nearest-day").first().waitFor();
	await assertAccessible(page, "empty day");
	await page.setViewportSize({ width: 390, height: 844 });
	await page.locator(".legend-menu summary").click();
	await assertAccessible(page, "legend");
	await page.locator(".filter-line").click();
	await page.locator(".filter-sheet[open]").waitFor();
	await assertAccessible(page, "filter sheet");
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

/** The boat tour sails at weekends only. */
function nextTuesday() {
	for (let n = 4; ; n++) if (new Date(`${dateIn(n)}T12:00:00Z`).getUTCDay() === 2) return dateIn(n);
}

for (const width of [320, 390, 480]) {
	test(`a phone ${width} px wide starts with the list and never scrolls sideways`, async () => {
		const page = await visitor(browser, { viewport: { width, height: 720 }, hasTouch: true });
		await open(page, `${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 8)}`);
		await page.locator(".chip").first().waitFor();
		const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.equal(await overflow(), 0);
		const sizes = await page.locator("button, summary, select, .chip").evaluateAll((list) =>
			list
				.map((item) => [item.className, item.getBoundingClientRect()])
				.filter(([, { width }]) => width > 0)
				.map(([name, { width, height }]) => ({ name, width, height })),
		);
		// Seven days side by side are the one thing that cannot be 44 px wide on the smallest phone.
		const small = sizes.filter(({ name, width, height }) => height < 44 || width < (/strip-day/.test(name) ? 36 : 44));
		assert.deepEqual(small, []);
		await page.locator("[data-state=available]").first().click();
		await page.locator(".details .primary").click();
		await page.locator(".hold .ring").waitFor();
		assert.equal(await overflow(), 0);
		await page.context().close();
	});
}

test("without motion a change is marked by a still ring", async () => {
	const slot = await server.freeSlot("massage", 24);
	const page = await visitor(browser, { reducedMotion: "reduce" });
	await open(page, slot.address("list"));
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	const marked = slotOf(page, slot).and(page.locator(".is-updated"));
	await marked.waitFor();
	const ring = await marked.evaluate((chip) => {
		const style = getComputedStyle(chip, "::after");
		return [style.borderTopStyle, style.animationName, style.opacity];
	});
	assert.deepEqual(ring, ["dotted", "none", "1"]);
	await page.context().close();
});

test("with forced colours every state still has its sign", async () => {
	const page = await visitor(browser, { forcedColors: "active" });
	await open(page, `${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 8)}&view=list`);
	const bare = await page.locator(".chip").evaluateAll((chips) => chips.filter((chip) => !chip.querySelector(".glyph, .number")).length);
	assert.equal(bare, 0);
	await page.context().close();
});

/** How something looks, as far as people can tell it from others. */
const looks = (page, which) =>
	page.locator(which).first().evaluate((element) => {
		const style = getComputedStyle(element);
		return ["backgroundColor", "color", "borderTopWidth", "borderTopColor", "textDecorationLine"].map((name) => style[name]).join(" ");
	});

test("with forced colours the day that is chosen, today and the place under the cursor are told from the others", async () => {
	const page = await visitor(browser, { forcedColors: "active" });
	const month = async (date) => {
		await page.goto(`${server.url}/v/harbour?service=kayak&date=${date}&view=month`);
		await page.locator(".tile-cue").first().waitFor();
	};
	const openPicker = async () => {
		await page.locator(".date-button").click();
		await page.locator(".picker[open]").waitFor();
	};
	await month(`${dateIn(40).slice(0, 8)}10`);
	const cues = await page.locator(".tile:not(.is-out):not(.tile-closed)").evaluateAll((list) => list.map((tile) => tile.querySelector(".tile-cue")));
	assert.ok(cues.length > 0 && cues.every((cue) => cue !== null), "every day says a number or has a sign");
	assert.notEqual(await looks(page, '.tile[tabindex="0"]'), await looks(page, '.tile:not(.is-out)[tabindex="-1"]'), "the chosen day");
	await assertAccessible(page, "month");
	await openPicker();
	const other = await looks(page, '.picker-day[aria-selected="false"][aria-disabled="false"]');
	assert.notEqual(await looks(page, '.picker-day[aria-selected="true"]'), other, "the chosen day of the picker");
	await assertAccessible(page, "date picker");
	await page.keyboard.press("Shift+PageDown");
	await page.locator('.picker-day[aria-disabled="true"]').first().waitFor();
	assert.notEqual(await looks(page, '.picker-day[aria-disabled="true"]'), other, "a day that cannot be chosen");

	await month(dateIn(0));
	assert.notEqual(await looks(page, ".tile.is-today .tile-number"), await looks(page, ".tile:not(.is-today) .tile-number"), "today");
	await openPicker();
	assert.match(await looks(page, ".picker-day.is-today"), /underline$/);

	await server.import(manyPlaces(60));
	await page.goto(`${server.url}/v/many?date=${dateIn(3)}&view=day`);
	await page.getByRole("combobox").first().click();
	await page.locator("[role=option]").nth(2).waitFor();
	assert.notEqual(await looks(page, "[role=option].is-active"), await looks(page, "[role=option]:not(.is-active)"), "the place under the cursor");
	await assertAccessible(page, "list of places");
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("at 200 % zoom everything is in reach, from the week to the confirmation", async () => {
	// A window of 1440 by 900, twice as large.
	const page = await visitor(browser, { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 });
	const slot = await server.freeSlot("massage", 31);
	const fits = async (where) => {
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, where);
		// A dialog that is higher than the window scrolls in itself.
		const cut = await page.locator("dialog[open]").evaluateAll((list) =>
			list.map((dialog) => [dialog.getBoundingClientRect(), dialog.className]).filter(([{ top, left, bottom, right }]) => top < 0 || left < 0 || bottom > innerHeight + 1 || right > innerWidth + 1),
		);
		assert.deepEqual(cut, [], where);
		await assertAccessible(page, where);
	};
	for (const view of ["month", "week", "list"]) {
		await page.goto(slot.address(view));
		await page.locator("[data-slot], .tile-cue").first().waitFor();
		await fits(view);
	}
	await page.locator(".date-button").click();
	await page.locator(".picker[open]").waitFor();
	await fits("date picker");
	await page.locator(".picker-foot button").last().click();
	await page.locator(".picker").waitFor({ state: "detached" });
	await slotOf(page, slot).click();
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	await fits("form");
	await fillForm(page);
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await fits("confirmation");
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("every time names its zone", async () => {
	const page = await visitor(browser, { timezoneId: "Asia/Tokyo" });
	const slot = await server.freeSlot("massage", 10);
	await open(page, slot.address("list"));
	const local = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Lisbon", hour: "2-digit", minute: "2-digit" }).format(new Date(slot.start));
	const words = await slotOf(page, slot).locator(".chip-when").textContent();
	assert.match(words, new RegExp(`^${local} (WET|WEST|GMT)`));
	await slotOf(page, slot).click();
	assert.match(await page.locator(".when-time").textContent(), /(WET|WEST|GMT)/);
	await page.context().close();
});

test("a link opens what its sender saw", async () => {
	const page = await visitor(browser);
	await open(page, `${server.url}/v/harbour?service=padel&duration=90&party=2&date=${dateIn(9)}&view=list`);
	assert.ok(await page.getByRole("radio", { name: /Padel court/ }).isChecked());
	assert.equal(await page.locator(".stepper output").textContent(), "2");
	assert.match(page.url(), /service=padel&duration=90&party=2&date=\d{4}-\d\d-\d\d&view=list/);
	await page.context().close();
});
