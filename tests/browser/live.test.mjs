/* Two windows on one venue: what one does, the other sees; what both want, one gets. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fillForm, gate, launch, open, openForm, Server, slotOf, visitor } from "./world.mjs";

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

const pair = async (address) => {
	const pages = [await visitor(browser), await visitor(browser)];
	for (const page of pages) await open(page, address);
	return pages;
};
/** The number that a cell of the grid says. */
const left = async (page, slot) => Number(/(\d+) left/.exec(await slotOf(page, slot).getAttribute("aria-label"))[1]);
const done = async (...pages) => {
	for (const page of pages) {
		assert.deepEqual(page.complaints, []);
		await page.context().close();
	}
};

for (const view of ["week", "list"]) {
	test(`a booking in one window is seen in the other, marked as a change (${view})`, async () => {
		const slot = await server.freeSlot("massage", view === "week" ? 7 : 14);
		const [ana, ben] = await pair(slot.address(view));
		assert.equal(await ben.locator(".is-updated, .tag").count(), 0, "nothing is marked on first load");

		await openForm(ana, slot);
		const seen = slotOf(ben, slot).and(ben.locator(".is-updated[data-state=booked]"));
		await seen.waitFor();
		assert.match((await seen.getAttribute("aria-label")) ?? (await seen.textContent()), /Booked, Updated$/);
		await ben.locator(".is-updated").first().waitFor({ state: "detached" });

		await fillForm(ana);
		await ana.getByRole("button", { name: "Confirm booking" }).click();
		await ana.getByRole("heading", { name: "You’re booked" }).waitFor();
		assert.equal(await slotOf(ben, slot).getAttribute("data-state"), "booked");

		await ana.getByRole("button", { name: "Cancel booking" }).click();
		await ana.getByRole("button", { name: "Yes, cancel it" }).click();
		await ana.getByRole("heading", { name: "Booking cancelled" }).waitFor();
		await slotOf(ben, slot).and(ben.locator(".is-updated[data-state=available]")).waitFor();
		await done(ana, ben);
	});
}

test("both want the same slot: one gets it, the other gets alternatives and keeps the form", async () => {
	const slot = await server.freeSlot("massage", 21);
	const [ana, ben] = [await visitor(browser), await visitor(browser)];
	const line = await gate(ben);
	for (const page of [ana, ben]) await open(page, slot.address("list"));
	line.shut(); // what Ana does reaches Ben too late
	await openForm(ana, slot);
	await ana.locator(".hold .ring").waitFor();
	await openForm(ben, slot);
	await ben.locator(".conflict").waitFor();

	await fillForm(ben, "Lena Late");
	assert.ok(await ben.getByRole("button", { name: "Confirm booking" }).isDisabled());
	assert.ok((await ben.locator(".alternative").count()) >= 3);
	await fillForm(ana);
	await ana.getByRole("button", { name: "Confirm booking" }).click();
	await ana.getByRole("heading", { name: "You’re booked" }).waitFor();

	await ben.locator(".alternative").first().click();
	await ben.locator(".hold .ring").waitFor();
	assert.equal(await ben.getByLabel("Name").inputValue(), "Lena Late");
	assert.equal(await ben.getByLabel("Email").inputValue(), "ana@example.org");
	await ben.getByRole("button", { name: "Confirm booking" }).click();
	await ben.getByRole("heading", { name: "You’re booked" }).waitFor();
	assert.notEqual(ana.url(), ben.url());
	await done(ana, ben);
});

test("closing the form gives the time back at once, and the focus to where it came from", async () => {
	const slot = await server.freeSlot("massage", 28);
	const [ana, ben] = await pair(slot.address("week"));
	await openForm(ana, slot);
	await slotOf(ben, slot).and(ben.locator("[data-state=booked]")).waitFor();
	await ana.locator(".hold .ring").waitFor();
	await ana.keyboard.press("Escape");
	await ana.locator(".sheet").waitFor({ state: "detached" });
	await slotOf(ben, slot).and(ben.locator("[data-state=available]")).waitFor();
	assert.ok(await slotOf(ana, slot).evaluate((cell) => cell === document.activeElement));
	await done(ana, ben);
});

test("a booking made over the interface is seen, with the new number", async () => {
	const slot = await server.freeSlot("padel", 10);
	const page = await visitor(browser);
	await open(page, slot.address("week"));
	const before = await left(page, slot);
	const answer = await server.post("/v1/bookings", {
		service: slot.service,
		start: slot.start,
		customer: { name: "Rui", email: "rui@example.org" },
	});
	assert.equal(answer.status, 201);
	await slotOf(page, slot).and(page.locator(".is-updated")).waitFor();
	assert.equal(await left(page, slot), before - 1);
	await done(page);
});

test("a change that another program makes in the database is seen like any other", async () => {
	const free = await server.freeSlot("massage", 35);
	const body = { service: free.service, resource: free.resource, start: free.start };
	assert.equal((await server.post("/v1/holds", body)).status, 201);
	const page = await visitor(browser);
	await open(page, free.address("week"));
	assert.equal(await slotOf(page, free).getAttribute("data-state"), "booked");
	const [from, to] = [free.start, free.end].map((instant) => server.database.instant(instant));
	server.sql(`DELETE FROM claim WHERE resource_id = ${free.resource} AND lo < ${to} AND hi > ${from}`);
	await slotOf(page, free).and(page.locator(".is-updated[data-state=available]")).waitFor();
	await done(page);
});

test("when nearly everything changes at once, one line says so instead of hundreds of marks", async () => {
	const page = await visitor(browser);
	await open(page, (await server.freeSlot("padel", 10)).address("week"));
	assert.ok((await page.locator(".cell[data-slot]").count()) > 200);
	server.sql("UPDATE resource SET capacity = 5 WHERE \"key\" = 'court'");
	await page.getByText(/^\d+ slots refreshed$/).waitFor();
	assert.equal(await page.locator(".is-updated").count(), 0);
	await page.locator(".cell[aria-label*='5 left']").first().waitFor();
	await done(page);
});

test("within half a second, over WebSocket, server-sent events and long-poll alike", async (t) => {
	const slot = await server.freeSlot("padel", 17);
	const roads = { websocket: [], "server-sent events": ["WebSocket"], "long-poll": ["WebSocket", "EventSource"] };
	const pages = [];
	for (const [road, blocked] of Object.entries(roads)) {
		const page = await visitor(browser);
		await page.addInitScript(block, blocked);
		await open(page, slot.address("week"));
		pages.push({ road, page, before: await left(page, slot) });
	}
	// From the request of whoever books until the ring, the new number and the frame that shows them.
	const watched = pages.map(({ page }) =>
		page.evaluate(
			(id) =>
				new Promise((seen) => {
					const look = () => {
						if (!document.querySelector(`[data-slot="${id}"].is-updated`)) return;
						observer.disconnect();
						requestAnimationFrame(() => seen(Date.now()));
					};
					const observer = new MutationObserver(look);
					observer.observe(document.body, { subtree: true, childList: true, attributes: true });
				}),
			slot.id,
		),
	);
	const sent = Date.now();
	const answer = await server.post("/v1/bookings", {
		service: slot.service,
		resource: slot.resource,
		start: slot.start,
		customer: { name: "Rui", email: "rui@example.org" },
	});
	assert.equal(answer.status, 201);
	for (const [n, { road, page, before }] of pages.entries()) {
		t.diagnostic(`${road}: on the screen ${(await watched[n]) - sent} ms after the booking was sent`);
		assert.equal(await left(page, slot), before - 1);
	}
	await done(...pages.map(({ page }) => page));
});

test("the tabs of one browser share a connection, and lose nothing with the tab that holds it", async () => {
	const slot = await server.freeSlot("massage", 42);
	const first = await visitor(browser);
	const tabs = [first, await first.context().newPage(), await first.context().newPage()];
	const sockets = [];
	for (const tab of tabs) {
		tab.on("websocket", (socket) => sockets.push(socket));
		await open(tab, slot.address("week"));
	}
	assert.equal(sockets.length, 1, "three tabs, one socket");
	await first.close();
	const rest = tabs.slice(1);
	const body = { service: slot.service, resource: slot.resource, start: slot.start };
	assert.equal((await server.post("/v1/holds", body)).status, 201);
	for (const tab of rest) await slotOf(tab, slot).and(tab.locator("[data-state=booked]")).waitFor();
	assert.equal(sockets.length, 2, "one for all of them before, one for the rest after");
	await rest[0].context().close();
});

test("a venue that is imported anew changes hundreds of times: one line, no marks", async () => {
	const free = await server.freeSlot("padel", 10);
	const page = await visitor(browser);
	await open(page, free.address("week"));
	await server.importFile("examples/venues/harbour.json", (venue) => {
		venue.resources.find(({ key }) => key === "court").capacity = 6;
	});
	await page.getByText(/^[2-9]\d\d slots refreshed$/).waitFor();
	assert.equal(await page.locator(".is-updated").count(), 0);
	await page.locator(".cell[aria-label*='6 left']").first().waitFor();
	await done(page);
});

/** In the page: these ways to the server lead nowhere. */
function block(names) {
	const nowhere = { WebSocket: () => `ws://${location.host}/blocked`, EventSource: () => "/blocked" };
	for (const name of names)
		window[name] = class extends window[name] {
			constructor() {
				super(nowhere[name]());
			}
		};
}
