/* Files that come later than the page: the server may be gone, or newer, when they are asked for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, Server, slotOf, visitor } from "./world.mjs";

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

const FAILED = "This part of the page could not be loaded";

test("a part that cannot be loaded says whom to call, and comes when it is asked for again", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser);
	await page.route("**/assets/sheet-*.js", (route) => route.abort());
	const tried = page.waitForEvent("requestfailed", (request) => /\/assets\/sheet-/.test(request.url()));
	await open(page, slot.address("list"));
	await tried; // the idle page's own attempt; one still on its way would be joined by the next
	await slotOf(page, slot).click();
	const failure = page.getByRole("alert").filter({ hasText: FAILED });
	await failure.waitFor();
	assert.ok(await failure.getByRole("link", { name: /\+\d/ }).isVisible(), "the phone number");
	await page.unroute("**/assets/sheet-*.js");
	// A browser that never asks twice for a file that failed gets the page anew, and the visitor presses the time again.
	const anew = page.waitForEvent("load").then(() => slotOf(page, slot).click());
	await failure.getByRole("button", { name: "Try again" }).click();
	await Promise.race([page.locator(".sheet[open]").waitFor(), anew.catch(() => {})]);
	await page.locator(".sheet[open]").waitFor();
	assert.equal(await page.locator("dialog[open]").count(), 1);
	await page.keyboard.press("Escape");
	await page.locator("dialog[open]").waitFor({ state: "detached" });
	await page.context().close();
});

test("Escape leaves a part that cannot be loaded, and the page is as it was", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser);
	await page.route("**/assets/sheet-*.js", (route) => route.abort());
	await open(page, slot.address("list"));
	await slotOf(page, slot).click();
	await page.getByText(FAILED).waitFor();
	await page.keyboard.press("Escape");
	await page.locator("dialog").waitFor({ state: "detached" });
	assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-slot")), slot.id);
	await page.context().close();
});

test("what may be wanted later is fetched while the page is idle", async () => {
	const page = await visitor(browser);
	const sheet = page.waitForResponse(/\/assets\/sheet-\w+\.js$/);
	const booking = page.waitForResponse(/\/assets\/booking-page-\w+\.js$/);
	await page.goto(`${server.url}/v/harbour`);
	assert.equal((await sheet).status(), 200);
	assert.equal((await booking).status(), 200);
	await page.context().close();
});

test("with the server gone between the page and the click, a fetched part still opens", async () => {
	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser);
	const sheet = page.waitForEvent("requestfinished", (request) => /\/assets\/sheet-/.test(request.url()));
	await open(page, slot.address("list"));
	await page.evaluate((part) => import(part).then(() => {}), (await sheet).url()); // and all that it imports
	await server.stop("SIGKILL");
	await slotOf(page, slot).click();
	await page.locator(".sheet[open]").waitFor();
	await server.start();
	await page.context().close();
});
