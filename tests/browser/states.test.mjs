/*
 * Every state of freshness for real: a cable that a test may pull at (wire.mjs), a server whose database is taken away, a computer that
 * sleeps. Long silences pass on the page's clock, not on ours; sockets are real throughout.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { assertAccessible, fillForm, hears, launch, open, openForm, Server, settled, slotOf, status, visitor } from "./world.mjs";
import { Wire } from "./wire.mjs";

const LIVE = /^GET \/v1\/live/;
const server = new Server();
let wire;
let browser;

before(async () => {
	await server.start();
	wire = await new Wire(server.url).start();
	browser = await launch();
});
beforeEach(() => wire.pass());
after(async () => {
	await browser?.close();
	await wire?.destroy();
	await server.destroy();
});

/** A visitor at the end of the cable, whose clock the test moves. */
async function visit(options, address) {
	const page = await visitor(browser, options);
	await page.clock.install({ time: Date.now() });
	await open(page, address.replace(server.url, wire.url));
	await page.evaluate(() => (window.sameDocument = true));
	assert.ok(!page.heard.includes("Times are live again."), "being live from the start is no news");
	page.heard.length = 0; // a slow machine has said that it loads
	return page;
}
async function leave(page) {
	assert.deepEqual(page.complaints, []);
	assert.equal(await page.evaluate(() => window.sameDocument), true, "no reload on the way");
	await page.context().close();
}
const pass = (page, ms) => page.clock.runFor(ms);
/**
 * A person asks before the page would have, whose own next attempt waits on a clock that stands still; then the server answers. Until the
 * button is pressed nothing comes through: an attempt on its way would take the button away.
 */
async function retry(page) {
	await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_500));
	await wire.stall();
	const asked = wire.asked();
	await page.getByRole("button", { name: "Retry now" }).click();
	await asked;
	await wire.pass();
	await page.clock.resume();
}
const banner = (page, words) => page.locator(".banner", { hasText: words }).waitFor();
const noBanner = (page) => page.locator(".banner").waitFor({ state: "detached" });
const onlyBanner = async (page) => assert.equal(await page.locator(".banner").count(), 1);

test("silence: delayed with a growing age, then a saved picture, then offline, and back", async () => {
	const slot = await server.freeSlot("massage", 7);
	const page = await visit({}, slot.address("list"));
	assert.equal(await page.locator(".banner").count(), 0);

	wire.stall(LIVE);
	await pass(page, 6_000);
	await status(page, "Delayed");
	const age = async () => Number(/\((\d+) sec/.exec(await page.locator(".banner strong").textContent())?.[1]);
	const first = await age();
	assert.ok(first >= 5, `${first}`);
	await pass(page, 3_000);
	await page.locator(".banner", { hasText: `(${first + 3} sec` }).or(page.locator(".banner", { hasText: `(${first + 4} sec` })).waitFor();
	await onlyBanner(page);
	await hears(page, "Updates may be slightly delayed.");
	await assertAccessible(page, "delayed");

	await pass(page, 25_000);
	await status(page, "Out of date");
	await banner(page, /^Saved \d\d:\d\d \S+, may have changed/);
	await onlyBanner(page);
	assert.equal(await page.locator(".times").evaluate((times) => getComputedStyle(times).outlineStyle), "dashed");
	await hears(page, /^Saved \d\d:\d\d/);
	await assertAccessible(page, "stale");

	await wire.refuse();
	await pass(page, 12_000);
	await status(page, "Offline");
	await banner(page, "Online booking is unavailable: no connection");
	await onlyBanner(page);
	assert.ok(await page.locator(".banner").getByRole("link", { name: "+351 21 000 0000" }).isVisible());
	await hears(page, "Online booking is unavailable: no connection");
	await assertAccessible(page, "offline");
	await slotOf(page, slot).click();
	assert.ok(await page.getByRole("button", { name: "Book this time" }).isDisabled());
	await page.getByText("Booking is unavailable until the connection is back.").waitFor();
	await page.keyboard.press("Escape");

	await retry(page);
	await status(page, "Live");
	await noBanner(page);
	await hears(page, "Times are live again.");
	assert.equal(await page.locator(".is-updated").count(), 0);
	await leave(page);
});

test("loading: a skeleton at once, words, other words, an error, and the times after all", async () => {
	const page = await visitor(browser);
	wire.stall(LIVE);
	await page.clock.install({ time: Date.now() });
	await page.goto(`${wire.url}/v/harbour?service=massage&date=${await server.openDay("massage", 8)}&view=week`);
	await page.evaluate(() => (window.sameDocument = true));
	await page.locator(".skeleton").waitFor();
	await pass(page, 300);
	await page.locator(".skeleton-words", { hasText: "Loading times…" }).waitFor();
	await assertAccessible(page, "loading");
	await pass(page, 3_000);
	await page.locator(".skeleton-words", { hasText: "Still loading. The server is slow to answer." }).waitFor();
	await hears(page, "Still loading. The server is slow to answer.");
	await pass(page, 8_000);
	await banner(page, "Availability is unavailable right now");
	await onlyBanner(page);
	await page.locator(".skeleton").waitFor({ state: "detached" });
	assert.ok(await page.locator(".banner").getByRole("link", { name: "desk@harbour.example" }).isVisible());
	await hears(page, "Availability is unavailable right now");
	await assertAccessible(page, "error");

	await wire.refuse();
	await retry(page);
	await page.locator("[data-slot]").first().waitFor();
	await status(page, "Live");
	await noBanner(page);
	await leave(page);
});

test("the server has lost its database: unavailable, and back", async () => {
	const slot = await server.freeSlot("massage", 21);
	const page = await visit({}, slot.address("week"));
	server.database.lose();
	try {
		await status(page, "Unavailable");
		await banner(page, "Online booking is unavailable right now");
		await onlyBanner(page);
		await hears(page, "Online booking is unavailable right now");
		await assertAccessible(page, "unavailable");
	} finally {
		server.database.find();
	}
	await status(page, "Live");
	await noBanner(page);
	await hears(page, "Times are live again.");
	assert.equal(await page.locator(".is-updated").count(), 0, "what is rebuilt is no news");
	await leave(page);
});

test("a connection that breaks and is back within five seconds is not spoken of", async () => {
	const slot = await server.freeSlot("massage", 28);
	const page = await visit({}, slot.address("week"));
	const words = await page.evaluate(() => {
		window.words = new Set();
		const look = () => window.words.add(document.querySelector(".pill-status").textContent);
		new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
		look();
		return [...window.words];
	});
	assert.deepEqual(words, ["Live"]);
	const again = page.waitForEvent("websocket");
	wire.cut(LIVE);
	await again;
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	await slotOf(page, slot).and(page.locator("[data-state=booked]")).waitFor();
	assert.deepEqual(await page.evaluate(() => [...window.words]), ["Live"]);
	assert.deepEqual(page.heard, []);
	await leave(page);
});

test("a slow line is no outage: everything comes, later", async () => {
	const slot = await server.freeSlot("massage", 28);
	wire.delay(200);
	const page = await visit({}, slot.address("week"));
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	await slotOf(page, slot).and(page.locator(".is-updated[data-state=booked]")).waitFor();
	await status(page, "Live");
	await leave(page);
});

test("the form survives an outage: the draft is kept, and confirming works when the line is back", async () => {
	const slot = await server.freeSlot("massage", 35);
	const page = await visit({}, slot.address("list"));
	await openForm(page, slot);
	await page.locator(".hold .ring").waitFor();
	await fillForm(page, "Olga Outage");
	await wire.refuse();
	await pass(page, 12_000);
	await status(page, "Offline");
	await wire.pass();
	await pass(page, 9_000);
	await status(page, "Live");
	assert.equal(await page.getByLabel("Name").inputValue(), "Olga Outage");
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("an answer 500 is said in words, with the request's number, and can be tried again", async () => {
	const slot = await server.freeSlot("massage", 42);
	const page = await visit({}, slot.address("list"));
	let broken = true;
	await page.route("**/v1/holds", (route) =>
		broken
			? route.fulfill({
					status: 500,
					contentType: "application/problem+json",
					headers: { "X-Request-Id": "feed0123" },
					body: JSON.stringify({ type: "urn:rowcast:problem:internal", title: "Something broke", status: 500, code: "internal", detail: "", retryable: true }),
				})
			: route.continue(),
	);
	await openForm(page, slot);
	await page.locator(".failure").waitFor();
	assert.match(await page.locator(".failure").textContent(), /feed0123/);
	await assertAccessible(page, "500");
	broken = false;
	await page.locator(".failure").getByRole("button").click();
	await page.locator(".hold .ring").waitFor();
	await leave(page);
});

test("a computer that slept looks at once, and what happened meanwhile is drawn without a mark", async () => {
	const slot = await server.freeSlot("massage", 49);
	const page = await visit({}, slot.address("week"));
	wire.stall(LIVE);
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	await page.evaluate(() => {
		window.marks = 0;
		const look = () => (window.marks += document.querySelectorAll(".is-updated").length);
		new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
	});
	wire.cut(LIVE);
	await wire.pass();
	await page.clock.fastForward(60_000);
	await slotOf(page, slot).and(page.locator("[data-state=booked]")).waitFor();
	await status(page, "Live");
	assert.equal(await page.evaluate(() => window.marks), 0);
	assert.deepEqual(page.heard, []);
	await leave(page);
});

test("a hidden tab does nothing, and is right at once when somebody looks again", async () => {
	const slot = await server.freeSlot("massage", 56);
	const page = await visit({}, slot.address("week"));
	const hide = (hidden) =>
		page.evaluate((hidden) => {
			Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
			document.dispatchEvent(new Event("visibilitychange"));
		}, hidden);
	await hide(true);
	wire.stall(LIVE);
	await pass(page, 40_000);
	assert.ok(await page.locator(".pill-status", { hasText: "Live" }).isVisible(), "nobody looks, nothing is judged");
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	await wire.pass();
	await hide(false);
	await slotOf(page, slot).and(page.locator("[data-state=booked]")).waitFor();
	await status(page, "Live");
	assert.equal(await page.locator(".is-updated").count(), 0);
	assert.deepEqual(page.heard, []);
	// From now on it is news again.
	await page.clock.runFor(100);
	const other = await server.freeSlot("massage", 56);
	assert.equal((await server.post("/v1/holds", { service: other.service, resource: other.resource, start: other.start })).status, 201);
	await slotOf(page, other).and(page.locator(".is-updated")).waitFor();
	await leave(page);
});

test("the browser says that there is no network: offline without waiting, and back with it", async () => {
	const slot = await server.freeSlot("massage", 63);
	const page = await visit({}, slot.address("week"));
	await page.evaluate(() => dispatchEvent(new Event("offline")));
	await status(page, "Offline");
	await page.evaluate(() => dispatchEvent(new Event("online")));
	await status(page, "Live");
	await leave(page);
});

test("a page from the back/forward cache checks its connection before it is believed", async () => {
	const slot = await server.freeSlot("massage", 63);
	const page = await visit({}, slot.address("week"));
	const sockets = [];
	page.on("websocket", (socket) => sockets.push(socket));
	wire.stall(LIVE);
	await pass(page, 9_000);
	await wire.pass();
	wire.cut(LIVE);
	await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
	await status(page, "Live");
	assert.ok(sockets.length >= 1);
	await leave(page);
});

test("a paused page stands still, counts, stays silent, and shows all at once", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visit({}, slot.address("week"));
	await page.getByRole("button", { name: "Pause updates" }).click();
	await status(page, "Paused");
	await hears(page, "Updates are paused.");
	await page.getByText("Updates are paused. Nothing has changed since.").waitFor();
	assert.equal((await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start })).status, 201);
	await page.getByText(/^\d+ changes? waiting$/).waitFor();
	assert.equal(await slotOf(page, slot).getAttribute("data-state"), "available");
	assert.equal(await page.locator(".is-updated").count(), 0);
	await assertAccessible(page, "paused");

	await slotOf(page, slot).click();
	await page.locator(".sheet .conflict").getByText("This time is booked").waitFor();
	await page.keyboard.press("Escape");

	await page.getByRole("button", { name: "Next week" }).click();
	await page.locator("[data-slot]").first().waitFor();
	await status(page, "Paused");
	await page.getByRole("button", { name: "Previous week" }).click();
	await page.locator("[data-slot]").first().waitFor();
	assert.equal(await slotOf(page, slot).getAttribute("data-state"), "booked", "another picture is shown as it is");

	const other = await server.freeSlot("massage", 9);
	assert.equal((await server.post("/v1/holds", { service: other.service, resource: other.resource, start: other.start })).status, 201);
	await page.getByText(/^\d+ changes? waiting$/).waitFor();
	await page.getByRole("button", { name: "Show them" }).click();
	await slotOf(page, other).and(page.locator(".is-updated[data-state=booked]")).waitFor();
	await status(page, "Live");
	await page.locator(".waiting").waitFor({ state: "detached" });
	await leave(page);
});

test("P pauses where the grid has the focus, and goes on", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visit({}, slot.address("week"));
	await page.locator("[role=grid] [tabindex='0']").first().focus();
	await page.keyboard.press("p");
	await status(page, "Paused");
	await page.keyboard.press("p");
	await status(page, "Live");
	await leave(page);
});

test("changes are said aloud when asked for, in one sentence every ten seconds, also without ariaNotify", async () => {
	const slot = await server.freeSlot("massage", 16);
	const page = await visit({ notifies: false }, slot.address("week"));
	await page.getByLabel("Say changes aloud").check();
	assert.equal((await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start })).status, 201);
	await slotOf(page, slot).and(page.locator(".is-updated")).waitFor();
	assert.ok(!page.heard.some((sentence) => /changed/.test(sentence)));
	await pass(page, 11_000);
	await hears(page, /^\d+ times? changed$/);
	await page.reload();
	assert.ok(await page.getByLabel("Say changes aloud").isChecked(), "the wish is kept");
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("the pill says the figures to those who point at it, and Esc sends them away", async () => {
	const slot = await server.freeSlot("massage", 16);
	const page = await visit({}, slot.address("week"));
	await page.locator(".pill-status").focus();
	const detail = page.locator(".pill-detail");
	await detail.waitFor();
	assert.match(await detail.textContent(), /^Live\.No change since this page was opened\./);
	await detail.getByText(/^Delay/).waitFor({ state: "detached" });
	assert.equal((await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start })).status, 201);
	await page.getByText(/^Last change \d\d:\d\d:\d\d\.$/).waitFor();
	await detail.getByText(/^Delay [1-9]\d* ms\.$/).waitFor();
	await assertAccessible(page, "figures");
	await page.keyboard.press("Escape");
	await detail.waitFor({ state: "detached" });
	await leave(page);
});

for (const [view, viewport] of [["week", { width: 1440, height: 900 }], ["list", { width: 390, height: 844 }]]) {
	test(`from skeleton to times nothing jumps (${view})`, async () => {
		const page = await visitor(browser, { viewport });
		await page.addInitScript(() => {
			window.shifts = [];
			window.say = ({ value, sources }) => ({ value, what: sources.map(({ node }) => (node?.parentElement ?? node)?.className) });
			window.shiftObserver = new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(window.say)));
			window.shiftObserver.observe({ type: "layout-shift", buffered: true });
		});
		wire.stall(LIVE);
		await page.goto(`${wire.url}/v/harbour?service=massage&date=${await server.openDay("massage", 8)}&view=${view}`);
		await page.locator(".skeleton-words", { hasText: "Loading times…" }).waitFor();
		await wire.pass();
		await page.locator("[data-slot]").first().waitFor();
		await status(page, "Live");
		await settled(page);
		const shifts = await page.evaluate(async () => {
			await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
			return [...window.shifts, ...window.shiftObserver.takeRecords().map(window.say)];
		});
		const total = shifts.reduce((sum, { value }) => sum + value, 0);
		assert.ok(total <= 0.02, `layout shift ${total}: ${JSON.stringify(shifts)}`);
		await page.context().close();
	});
}
