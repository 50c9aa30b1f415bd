/* What shows times beside the grid: month, date picker, detail, filters, list, empty days, links and the Back button. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dateIn, launch, manyPlaces, open, Server, slotOf, status, visitor } from "./world.mjs";

const server = new Server();
let browser;

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

before(async () => {
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

const venue = (query) => `${server.url}/v/harbour?${query}`;
const done = (page) => {
	assert.deepEqual(page.complaints, []);
	return page.context().close();
};
const focusedDate = (page) => page.evaluate(() => document.activeElement.dataset.date ?? document.activeElement.dataset.day ?? "");
const parameters = (page) => Object.fromEntries(new URL(page.url()).searchParams);
const openMonth = async (page, query) => {
	await page.goto(venue(`${query}&view=month`));
	await page.locator(".tile-cue").first().waitFor();
	await status(page, "Live");
};
/** The wall date of an instant at the venue. */
const lisbonDate = (instant) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Lisbon" }).format(new Date(instant));
const plusDays = (date, days) => new Date(Date.parse(`${date}T12:00:00Z`) + days * 864e5).toISOString().slice(0, 10);

test("the month counts what is free on each day, and follows and marks what changes", async () => {
	const slot = await server.freeSlot("massage", 12);
	const date = lisbonDate(slot.start);
	const page = await visitor(browser);
	await openMonth(page, `service=massage&date=${date}`);
	const tile = page.locator(`[data-date="${date}"]`);
	const { slots } = await server.get(`/v1/availability?service=${slot.service}&from=${date}&to=${date}`);
	// Two rooms that are free at ten are one time.
	const free = new Set(slots.filter((one) => one.state !== "booked").map((one) => one.start)).size;
	assert.ok(free < slots.filter((one) => one.state !== "booked").length || new Set(slots.map((one) => one.resource)).size === 1);
	assert.match(await tile.locator(".tile-words").textContent(), new RegExp(`^${free} times? free$`));
	assert.equal(await page.locator(".is-updated").count(), 0);
	const tops = await page.locator(".tile").evaluateAll((tiles) => tiles.slice(0, 7).map((tile) => tile.getBoundingClientRect().top));
	assert.equal(new Set(tops).size, 1, "a week is a line");
	for (const { service, resource, start } of slots.filter((one) => one.start === slot.start && one.state !== "booked"))
		assert.equal((await server.post("/v1/holds", { service, resource, start })).status, 201);
	await tile.and(page.locator(".is-updated")).waitFor();
	assert.match(await tile.textContent(), /Updated/);
	assert.equal(await page.locator(".tile.is-updated").count(), 1, "the other days are not marked");
	assert.ok(Number(await tile.locator(".tile-cue").textContent()) < free);
	await done(page);
});

test("the month is walked with the keys, from month to month, and opens a day", async () => {
	const start = `${dateIn(40).slice(0, 8)}10`;
	const page = await visitor(browser);
	await openMonth(page, `service=massage&date=${start}`);
	await page.locator('.tile[tabindex="0"]').focus();
	assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1, "one tab stop");
	const press = async (key, expected) => {
		await page.keyboard.press(key);
		await page.locator(`[data-date="${expected}"]:focus`).waitFor();
	};
	await press("ArrowRight", plusDays(start, 1));
	await press("ArrowUp", plusDays(start, -6));
	await press("ArrowDown", plusDays(start, 1));
	await press("ArrowLeft", start);
	const monday = plusDays(start, -((new Date(`${start}T12:00:00Z`).getUTCDay() + 6) % 7));
	await press("Home", monday);
	await press("End", plusDays(monday, 6));
	await page.keyboard.press("PageDown");
	await page.locator(`.month[aria-label="${new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric" }).format(new Date(`${plusDays(start, 31)}T12:00:00Z`))}"]`).waitFor();
	assert.match(await focusedDate(page), /^\d{4}-\d\d-\d\d$/, "the focus goes along");
	await page.keyboard.press("PageUp");
	await page.locator(`[data-date="${plusDays(monday, 6)}"]:focus`).waitFor();
	await press("ArrowLeft", plusDays(monday, 5));
	await page.keyboard.press("Enter");
	await page.locator(".grid").waitFor();
	assert.deepEqual([parameters(page).view, parameters(page).date], ["day", plusDays(monday, 5)]);
	await done(page);
});

test("on a phone a day of the month opens as a list", async () => {
	const slot = await server.freeSlot("massage", 9);
	const date = lisbonDate(slot.start);
	const page = await visitor(browser, PHONE);
	await openMonth(page, `service=massage&date=${date}`);
	await page.locator(`[data-date="${date}"]`).click();
	await slotOf(page, slot).waitFor();
	assert.equal(parameters(page).view, "list");
	await done(page);
});

test("days that are over or not yet open cannot be chosen, and say why", async () => {
	const page = await visitor(browser);
	await openMonth(page, `service=padel&date=${dateIn(30)}`); // padel: 30 days ahead
	const far = page.locator('.tile[aria-disabled="true"]').last();
	if ((await far.count()) > 0 && (await far.getAttribute("data-date")) > dateIn(31)) {
		assert.match(await far.textContent(), /can be booked up to/);
		await far.dispatchEvent("click");
		assert.equal(parameters(page).view, "month");
	}
	await page.locator(".date-button").click();
	await page.locator(".picker[open]").waitFor();
	await page.keyboard.press("PageDown");
	await page.keyboard.press("End");
	await page.getByText(/can be booked up to/).first().waitFor();
	await page.keyboard.press("Enter");
	assert.ok(await page.locator(".picker[open]").isVisible(), "it stays open");
	await done(page);
});

test("the date picker is a dialog that the keys walk through, and gives the focus back", async () => {
	const start = dateIn(20);
	const page = await visitor(browser);
	await open(page, venue(`service=massage&date=${start}&view=list`));
	const button = page.locator(".date-button");
	await button.focus();
	await page.keyboard.press("Enter");
	await page.locator(".picker[open]").waitFor();
	assert.equal(await focusedDate(page), start, "it opens on the chosen day");
	await page.keyboard.press("Escape");
	await page.locator(".picker").waitFor({ state: "detached" });
	assert.ok(await button.evaluate((element) => element === document.activeElement));
	await page.keyboard.press("Enter");
	await page.locator(".picker[open]").waitFor();
	const press = async (key, expected) => {
		await page.keyboard.press(key);
		await page.locator(`[data-day="${expected}"]:focus`).waitFor();
	};
	const nextYear = (date) => `${Number(date.slice(0, 4)) + 1}${date.slice(4)}`;
	await press("ArrowDown", plusDays(start, 7));
	const wanted = plusDays(start, 8);
	await press("ArrowRight", wanted);
	await press("Shift+PageDown", nextYear(wanted));
	await press("Shift+PageUp", wanted);
	await page.keyboard.press("Enter");
	await page.locator(".picker").waitFor({ state: "detached" });
	assert.equal(parameters(page).date, wanted);
	await done(page);
});

test("a slot tells its facts to the pointer and to the focus, stays while the pointer is in it, and goes on Escape", async () => {
	const slot = await server.freeSlot("kayak", 8);
	const page = await visitor(browser, { timezoneId: "Asia/Tokyo" });
	await open(page, slot.address("list"));
	const detail = page.locator(".slot-detail");
	await slotOf(page, slot).hover();
	await detail.waitFor();
	const words = await detail.textContent();
	assert.match(words, /\d+ of 10 left/);
	assert.match(words, /Kayaks/);
	assert.match(words, /WET|WEST/);
	assert.match(words, /GMT\+9 for you/, "the visitor's own clock");
	assert.match(words, /book at least 30 mins? ahead/);
	assert.match(words, /up to 6 people/);
	assert.match(words, /Live, checked/);
	const box = await detail.boundingBox();
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
	assert.ok(await detail.isVisible());
	await page.keyboard.press("Escape");
	await detail.waitFor({ state: "detached" });
	await page.mouse.move(5, 5);
	await page.locator(".jump, .list-next").last().focus();
	await page.keyboard.press("Tab");
	await detail.waitFor();
	assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-describedby")), "slot-detail");
	await page.keyboard.press("Escape");
	await detail.waitFor({ state: "detached" });
	await done(page);
});

test("for a visitor in the venue's own zone no second clock is shown", async () => {
	const slot = await server.freeSlot("kayak", 8);
	const page = await visitor(browser, { timezoneId: "Europe/Lisbon" });
	await open(page, slot.address("list"));
	await slotOf(page, slot).hover();
	await page.locator(".slot-detail").waitFor();
	assert.doesNotMatch(await page.locator(".slot-detail").textContent(), /for you/);
	await done(page);
});

test("a finger opens the panel at once, without a detail beside", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser, PHONE);
	await open(page, slot.address("list"));
	await slotOf(page, slot).tap();
	await page.locator(".sheet[open]").waitFor();
	assert.equal(await page.locator(".slot-detail").count(), 0);
	await done(page);
});

test("on a phone the first times stand on the first screen, and one line opens the filters", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser, { ...PHONE, viewport: { width: 390, height: 720 } });
	await open(page, slot.address("list"));
	const first = await page.locator(".chip").first().boundingBox();
	assert.ok(first.y + first.height < 450, `the first time ends at ${first.y + first.height}`);
	await page.getByRole("button", { name: /Massage · 1 hr · €80 · Any: change/ }).click();
	const sheet = page.locator(".filter-sheet[open]");
	await sheet.waitFor();
	await sheet.getByText("Garden Room").click();
	await sheet.getByText("30 mins", { exact: true }).click();
	await sheet.getByRole("button", { name: "Show times" }).click();
	await sheet.waitFor({ state: "detached" });
	await page.getByRole("button", { name: /Massage · 30 mins · €45 · Garden Room: change/ }).waitFor();
	assert.equal(parameters(page).resource, "room-garden");
	assert.equal(parameters(page).duration, "30");
	await done(page);
});

test("the legend is in reach on a phone, explains every mark, and closes by itself", async () => {
	const page = await visitor(browser, PHONE);
	await open(page, venue(`service=massage&date=${await server.openDay("massage", 9)}&view=week`));
	await page.locator(".legend-menu summary").click();
	for (const words of ["Available", "Few left", "Booked", "Closed", "Your own time", "Changed just now", "Dashed: may have changed"])
		assert.ok(await page.locator(".legend-item", { hasText: words }).isVisible(), words);
	await page.keyboard.press("Escape");
	await page.locator(".legend-box").waitFor({ state: "hidden" });
	await done(page);
});

test("where places share their times, a row of the list has them side by side", async () => {
	const page = await visitor(browser);
	await open(page, venue(`service=massage&date=${nextWeekday(2)}&view=list`)); // both rooms are open on Tuesdays
	const starts = await page.locator(".time-row").count();
	assert.ok(starts > 0 && starts < (await page.locator(".chip").count()));
	assert.match(await page.locator(".chip-available").first().textContent(), /^\d\d:\d\d \S+, .*Room, Available/, "each is whole for who cannot see the row");
	assert.ok((await page.locator(".time-row").filter({ hasText: "Sea Room" }).filter({ hasText: "Garden Room" }).count()) > 0);
	await done(page);
});

test("the parts of a day say how much of them is free, and lead there", async () => {
	const date = nextWeekday(2);
	const massage = (await server.get("/v1/venues/harbour")).services.find(({ key }) => key === "massage");
	const { slots } = await server.get(`/v1/availability?service=${massage.id}&from=${date}&to=${date}`);
	const page = await visitor(browser, PHONE);
	await open(page, venue(`service=massage&date=${date}&view=list`));
	const jump = page.getByRole("button", { name: /^Afternoon/ });
	const hour = (one) => Number(new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: "Europe/Lisbon" }).format(new Date(one.start)));
	const free = new Set(slots.filter((one) => one.state !== "booked" && hour(one) >= 12 && hour(one) < 17).map(({ start }) => start)).size;
	assert.match(await jump.textContent(), new RegExp(`^Afternoon ${free}, ${free} times? free$`));
	assert.ok((await jump.boundingBox()).height >= 44, "a fingertip high");
	await jump.tap();
	await page.waitForFunction(() => {
		const { top } = document.getElementById("part-afternoon").getBoundingClientRect();
		return top > document.querySelector(".head").getBoundingClientRect().bottom && top < innerHeight / 2;
	});
	await done(page);
});

test("of a room there is one: a check, no number", async () => {
	const page = await visitor(browser);
	await open(page, venue(`service=massage&date=${nextWeekday(2)}&view=list`));
	assert.equal(await page.locator(".chip .number").count(), 0);
	assert.ok((await page.locator(".chip-available .glyph").count()) > 0);
	await page.goto(venue(`service=kayak&date=${nextWeekday(6)}&view=list`));
	await page.locator(".chip .number").first().waitFor();
	await done(page);
});

test("Next free time leads from one free time to the next", async () => {
	const page = await visitor(browser);
	await open(page, (await server.freeSlot("massage", 9)).address("list"));
	const ids = [];
	for (let n = 0; n < 3; n++) {
		await page.locator(".list-next").click();
		ids.push(await page.evaluate(() => document.activeElement.dataset.slot));
		assert.notEqual(await page.evaluate(() => document.activeElement.dataset.state), "booked");
	}
	assert.equal(new Set(ids).size, 3);
	await done(page);
});

test("a day without times leads on to the nearest that has some, before it and after it", async () => {
	const page = await visitor(browser);
	await page.goto(venue(`service=tour&date=${nextWeekday(2)}&view=list`)); // the boat sails at weekends
	const nearest = page.locator(".nearest-day");
	await nearest.first().waitFor();
	assert.ok((await nearest.count()) >= 2);
	assert.equal(await page.getByRole("button", { name: "Clear filters" }).count(), 0, "nothing was filtered");
	assert.equal(await page.getByRole("button", { name: "Join the waitlist" }).count(), 0, "a day without a boat never comes free");
	await nearest.first().click();
	await page.locator("[data-slot]").first().waitFor();
	assert.ok(parameters(page).date < nextWeekday(2), "the weekend before is nearer than the one after");
	await page.goBack();
	await nearest.last().click();
	await page.locator("[data-slot]").first().waitFor();
	assert.ok(parameters(page).date > nextWeekday(2));
	await done(page);
});

test("filters that leave nothing can be cleared", async () => {
	const page = await visitor(browser);
	await page.goto(venue(`service=massage&resource=room-garden&date=${nextWeekday(0)}&view=day`)); // closed on Sundays
	await page.locator(".empty").getByRole("button", { name: "Clear filters" }).click();
	await page.waitForFunction(() => !new URL(location.href).searchParams.has("resource"));
	await done(page);
});

test("a day that is booked out says so, above what is booked", async () => {
	const day = nextWeekday(6); // one boat in the morning, one in the afternoon
	const tour = (await server.get("/v1/venues/harbour")).services.find(({ key }) => key === "tour");
	const page = await visitor(browser);
	await open(page, venue(`service=tour&date=${day}&view=list`));
	const { slots } = await server.get(`/v1/availability?service=${tour.id}&from=${day}&to=${day}`);
	for (const slot of slots) {
		for (let left = slot.remaining; left > 0; left -= Math.min(left, 6)) {
			const answer = await server.post("/v1/bookings", {
				service: slot.service,
				resource: slot.resource,
				start: slot.start,
				party: Math.min(left, 6),
				customer: { name: "Rui", email: "rui@example.org" },
			});
			assert.equal(answer.status, 201);
		}
	}
	await page.getByRole("heading", { name: "Everything is taken on this day" }).waitFor();
	assert.ok((await page.locator(".chip-booked").count()) >= 1, "what is booked stays in sight");
	await page.locator(".nearest-day").first().waitFor();
	await page.getByRole("button", { name: "Join the waitlist" }).click();
	await page.locator("dialog[open]").waitFor();
	await page.keyboard.press("Escape");
	await page.locator("dialog[open]").waitFor({ state: "detached" });
	await done(page);
});

/** The next day with this number of the week (0: Sunday) that is at least four days away. */
function nextWeekday(number) {
	for (let n = 4; ; n++) if (new Date(`${dateIn(n)}T12:00:00Z`).getUTCDay() === number) return dateIn(n);
}

test("a link opens the panel of one slot", async () => {
	const slot = await server.freeSlot("massage", 15);
	const resource = (await server.get("/v1/venues/harbour")).resources.find(({ id }) => id === slot.resource).key;
	const page = await visitor(browser);
	await page.goto(`${slot.address("week")}&at=${slot.start}&where=${resource}`);
	await page.locator(".sheet[open]").waitFor();
	assert.match(await page.locator(".sheet").textContent(), new RegExp(slot.resourceName));
	assert.equal(parameters(page).at, undefined, "a reload does not open it again");
	await done(page);
});

test("a copied link opens the same panel for somebody else", async () => {
	const slot = await server.freeSlot("massage", 15);
	const page = await visitor(browser);
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await open(page, slot.address("week"));
	await slotOf(page, slot).click();
	await page.getByRole("button", { name: "Copy a link to this time" }).click();
	await page.getByRole("button", { name: "Copied" }).waitFor();
	const link = await page.evaluate(() => navigator.clipboard.readText());
	const other = await visitor(browser, PHONE);
	await other.goto(link);
	await other.locator(".sheet[open]").waitFor();
	assert.equal(await other.locator(".when-time").textContent(), await page.locator(".when-time").textContent());
	assert.match(await other.locator(".sheet").textContent(), new RegExp(slot.resourceName));
	await done(other);
	await done(page);
});

test("in a low window the date picker begins inside it and scrolls to its end", async () => {
	const page = await visitor(browser, { viewport: { width: 1024, height: 360 } });
	const date = await server.openDay("massage", 20);
	await open(page, venue(`service=massage&date=${date}&view=list`));
	await page.locator(".date-button").click();
	const picker = page.locator(".picker[open]");
	await picker.waitFor();
	const inside = ({ y, height }) => y >= 0 && y + height <= 360;
	assert.ok(inside(await picker.boundingBox()), JSON.stringify(await picker.boundingBox()));
	assert.ok(inside(await page.locator(`[data-day="${date}"]`).boundingBox()), "the chosen day is in sight");
	const last = picker.getByRole("button").last();
	await last.scrollIntoViewIfNeeded();
	assert.ok(inside(await last.boundingBox()));
	await done(page);
});

test("Back closes the panel, then returns to the view and the day before", async () => {
	const slot = await server.freeSlot("massage", 15);
	const page = await visitor(browser);
	await open(page, slot.address("list"));
	const length = await page.evaluate(() => history.length);
	await page.getByText("Month", { exact: true }).click();
	await page.locator(".tile-cue").first().waitFor();
	await page.goBack();
	await slotOf(page, slot).waitFor();
	assert.equal(parameters(page).view, "list");
	await slotOf(page, slot).click();
	await page.locator(".sheet[open]").waitFor();
	await page.goBack();
	await page.locator(".sheet").waitFor({ state: "detached" });
	assert.equal(parameters(page).view, "list");
	assert.ok((await page.evaluate(() => history.length)) <= length + 1);
	await done(page);
});

test("a held arrow key is one step back, not thirty", async () => {
	const start = `${dateIn(40).slice(0, 8)}10`;
	const page = await visitor(browser);
	await openMonth(page, `service=massage&date=${start}`);
	await page.locator('.tile[tabindex="0"]').focus();
	const length = await page.evaluate(() => history.length);
	// Pressed by the page itself, faster than any hand: the pace is part of what is tested.
	await page.evaluate(() => {
		for (let n = 0; n < 15; n++) document.querySelector('.tile[tabindex="0"]').dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
	});
	await page.waitForFunction((date) => new URL(location.href).searchParams.get("date") !== date, start);
	assert.ok((await page.evaluate(() => history.length)) <= length + 1);
	await page.goBack();
	await page.waitForFunction((date) => new URL(location.href).searchParams.get("date") === date, start);
	await done(page);
});

test("two hundred places: a field to search in, and a month only of one of them", async () => {
	await server.import(manyPlaces(200));
	const page = await visitor(browser);
	await page.goto(`${server.url}/v/many?date=${dateIn(3)}&view=month`);
	await page.getByRole("heading", { name: "Choose a place first" }).waitFor();
	assert.equal(await page.locator(".pill").count(), 0);
	const field = page.locator(".month-crowded").getByRole("combobox");
	await field.click();
	await page.keyboard.type("desk 17");
	assert.equal(await page.locator(".month-crowded [role=option]").count(), 11, "17 and 170 to 179");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await page.locator(".tile-cue").first().waitFor();
	assert.equal(parameters(page).resource, "desk-170");
	await done(page);
});

test("on paper stand the times of the day, and nothing to press", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser);
	await open(page, slot.address("list"));
	await page.emulateMedia({ media: "print" });
	assert.ok(await slotOf(page, slot).isVisible());
	for (const part of [".rail", ".toolbar-view", ".list-next", ".pill-status"]) assert.ok(await page.locator(part).isHidden(), part);
	await done(page);
});
