/* The server dies, hangs and comes back: the page says which, and returns by itself. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { assertAccessible, fillForm, launch, open, openForm, Server, slotOf, status, visitor } from "./world.mjs";

const server = new Server();
let browser;

before(async () => {
	await server.start();
	browser = await launch();
});
beforeEach(() => server.start()); // a failed test leaves it dead
after(async () => {
	await browser?.close();
	await server.destroy();
});

test("a dead server is named, booking is off with a reason and a phone number, and it comes back without a reload", async () => {
	const slot = await server.freeSlot("massage", 7);
	const page = await visitor(browser);
	const sheet = page.waitForResponse(/\/assets\/sheet-\w+\.js$/);
	await open(page, slot.address("list"));
	await (await sheet).finished(); // it comes while the page is idle, and there is nobody to ask for it later
	await page.evaluate(() => (window.sameDocument = true));

	await server.stop("SIGKILL");
	await page.locator(".banner", { hasText: "Online booking is unavailable" }).waitFor();
	await status(page, "Offline");
	assert.ok(await page.locator(".banner").getByRole("link", { name: "+351 21 000 0000" }).isVisible());
	assert.ok(await slotOf(page, slot).isVisible(), "what was known stays on the screen");
	await assertAccessible(page, "offline");
	await slotOf(page, slot).click();
	assert.ok(await page.getByRole("button", { name: "Book this time" }).isDisabled());
	await page.getByText("Booking is unavailable until the connection is back.").waitFor();
	await page.keyboard.press("Escape");

	await server.start();
	await status(page, "Live");
	await page.locator(".banner").waitFor({ state: "detached" });
	assert.equal(await page.evaluate(() => window.sameDocument), true);
	assert.equal(await page.locator(".is-updated").count(), 0, "coming back is not news");

	await openForm(page, slot);
	await page.locator(".hold .ring").waitFor();
	await fillForm(page);
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("what changed while the page was cut off is there when it is back", async () => {
	const slot = await server.freeSlot("massage", 14);
	const page = await visitor(browser);
	await open(page, slot.address("week"));
	await page.context().setOffline(true);
	await page.evaluate(() => dispatchEvent(new Event("offline")));
	await status(page, "Offline");
	const answer = await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start });
	assert.equal(answer.status, 201);
	await page.context().setOffline(false);
	await page.evaluate(() => dispatchEvent(new Event("online")));
	await slotOf(page, slot).and(page.locator("[data-state=booked]")).waitFor();
	await status(page, "Live");
	await page.context().close();
});

test("after a restore from a backup the page is rebuilt in place, and none of it is marked as news", async () => {
	const slot = await server.freeSlot("massage", 28);
	const body = { service: slot.service, resource: slot.resource, start: slot.start };
	assert.equal((await server.post("/v1/holds", body)).status, 201);
	const page = await visitor(browser);
	// A server that is slow to come back may be found by another road first; only this one's frames can be read here.
	await page.route(/\/v1\/live\/(sse|poll)/, (route) => route.abort());
	const reasons = [];
	const heard = new EventEmitter();
	page.on("websocket", (socket) =>
		socket.on("framereceived", ({ payload }) => {
			const message = JSON.parse(payload);
			if (message.type === "reset") heard.emit("reset", reasons.push(message.reason));
		}),
	);
	await open(page, slot.address("week"));
	assert.equal(await slotOf(page, slot).getAttribute("data-state"), "booked");
	await page.evaluate(() => {
		window.marks = 0;
		const look = () => (window.marks += document.querySelectorAll(".is-updated").length);
		new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
	});

	await server.stop();
	server.database.restore();
	const [from, to] = [slot.start, slot.end].map((instant) => server.database.instant(instant));
	server.sql(`DELETE FROM claim WHERE resource_id = ${slot.resource} AND lo < ${to} AND hi > ${from}`);
	await server.start();
	await slotOf(page, slot).and(page.locator("[data-state=available]")).waitFor();
	await status(page, "Live");
	// What the page has drawn may be known here before the frame that made it is.
	if (reasons.length === 0) await once(heard, "reset", { signal: AbortSignal.timeout(60_000) });
	assert.equal(reasons.length, 1, "the server told the page to start over");
	assert.equal(await page.evaluate(() => window.marks), 0);
	await page.context().close();
});

test("a server that hangs is delayed, and live again when it goes on", async () => {
	const slot = await server.freeSlot("massage", 21);
	const page = await visitor(browser);
	await open(page, slot.address("week"));
	server.signal("SIGSTOP");
	await status(page, "Delayed");
	await page.getByText(/Updates may be slightly delayed \(\d+ secs?\)/).waitFor();
	server.signal("SIGCONT");
	await status(page, "Live");
	await page.locator(".banner").waitFor({ state: "detached" });
	await page.context().close();
});
