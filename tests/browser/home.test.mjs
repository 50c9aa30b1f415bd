/* The first page: a server without a venue, with one, with many; who comes with a keyboard, a phone or without colours. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, launch, Server, visitor } from "./world.mjs";
import { engine } from "./database.mjs";

const server = new Server({ demo: false });
let browser;

before(async () => {
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

const done = async (page) => {
	assert.deepEqual(page.complaints, []);
	await page.context().close();
};
const fits = async (page, where) => {
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, where);
};
const venue = (slug, name, tz) => ({
	venue: { slug, name, tz, locale: "en", contact: { phone: "", email: "" } },
	resources: [{ key: "chair", name: "Chair", kind: "exclusive" }],
	services: [{ key: "cut", name: "Haircut", durations_min: [30], step_min: 30, horizon_days: 14, hold_ttl_s: 60, party_max: 1, resources: ["chair"] }],
	hours: [{ resource: "chair", rrule: "FREQ=DAILY", from: "09:00", to: "17:00", valid_from: "2026-01-01" }],
});
const CITIES = ["Europe/Lisbon", "America/New_York", "Asia/Tokyo"];

// In this order: the server gets its venues one after another.
test("without a venue the page says how to get one, copies the commands, and shows the first by itself", async () => {
	const page = await visitor(browser);
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await page.clock.install({ time: Date.now() });
	await page.goto(server.url);
	const steps = page.locator(".first-run li");
	await steps.nth(2).waitFor();
	await assertAccessible(page, "first run");
	const command = await steps.nth(1).locator("code").textContent();
	// Only a file's name is told: other URLs have passwords in them.
	assert.equal(command, `build/bin/slotcast import venue.json --db ${engine === "sqlite" ? server.database.url : "URL"}`);
	await steps.nth(1).getByRole("button").click();
	await page.locator(".first-run li button svg").waitFor();
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
	await page.setViewportSize({ width: 320, height: 640 });
	await fits(page, "first run");

	await server.import(venue("salon-0", "Salon 0", CITIES[0]));
	await page.clock.runFor(4_000);
	await page.locator(".venue-only", { hasText: "Salon 0" }).waitFor();
	await assertAccessible(page, "one venue");
	await fits(page, "one venue");
	await done(page);
});

test("thirty venues are searched by name and by city", async () => {
	for (let n = 1; n < 30; n++) await server.import(venue(`salon-${n}`, `Salon ${n}`, CITIES[n % 3]));
	const page = await visitor(browser);
	await page.goto(server.url);
	const cards = page.locator(".venue-card");
	await cards.nth(29).waitFor();
	assert.equal(await cards.count(), 30);
	await assertAccessible(page, "many venues");
	const field = page.getByRole("searchbox");
	await field.fill("salon 2");
	await page.waitForFunction(() => document.querySelectorAll(".venue-card").length === 11); // 2 and 20 to 29
	await field.fill("tokyo");
	await page.waitForFunction(() => document.querySelectorAll(".venue-card").length === 10);
	await field.fill("nowhere");
	await page.locator(".page-home [role=status]", { hasText: /\w/ }).waitFor();
	assert.equal(await cards.count(), 0);
	await assertAccessible(page, "no match");
	await field.fill("Salon 17");
	await cards.first().waitFor();
	await page.setViewportSize({ width: 320, height: 640 });
	await fits(page, "many venues");
	await field.focus();
	await page.keyboard.press("Tab");
	await page.locator('.venue-card[href="/v/salon-17"]:focus').waitFor();
	await page.keyboard.press("Enter");
	await page.locator(".pill-status.status-live").waitFor();
	assert.equal(new URL(page.url()).pathname, "/v/salon-17");
	await done(page);
});
