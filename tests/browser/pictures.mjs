/*
 * The pictures of the documentation, taken from the real server: docs/pictures/*.png.
 *
 *   node tests/browser/pictures.mjs [FOLDER]
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dateIn, fillForm, launch, open, openForm, Server, settled, slotOf, visitor } from "./world.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
mkdirSync(folder, { recursive: true });
const server = await new Server().start();
const browser = await launch();

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };
const nextMonday = dateIn(((8 - new Date().getUTCDay()) % 7 || 7));

async function take(page, name) {
	await page.evaluate(() => document.fonts.ready);
	await settled(page);
	await page.screenshot({ path: `${folder}/${name}.png` });
	console.log(name);
}

try {
	for (const colorScheme of ["light", "dark"]) {
		for (const [device, options] of [["desktop", DESKTOP], ["phone", PHONE]]) {
			const page = await visitor(browser, { ...options, colorScheme });
			await open(page, `${server.url}/v/harbour?service=massage&date=${nextMonday}`);
			await take(page, `venue-${colorScheme}-${device}`);
			await page.context().close();
		}
	}

	const slot = await server.freeSlot("massage", 9);
	const page = await visitor(browser, DESKTOP);
	const phone = await visitor(browser, PHONE);
	await open(phone, slot.address("list"));
	await open(page, slot.address("week"));
	await slotOf(page, slot).click();
	await page.locator(".sheet[open]").waitFor();
	await take(page, "slot");
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	await fillForm(page);
	await take(page, "form");
	await openForm(phone, slot);
	await phone.locator(".conflict").waitFor();
	await take(phone, "conflict-phone");
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await take(page, "confirmation");
	await phone.context().close();

	await open(page, `${server.url}/v/harbour?service=padel&date=${nextMonday}&view=week`);
	const padel = await server.freeSlot("padel", 9);
	await open(page, padel.address("week"));
	await server.post("/v1/holds", { service: padel.service, start: padel.start });
	await page.locator(".is-updated").first().waitFor();
	await page.screenshot({ path: `${folder}/updated.png` });
	await page.goto(server.url);
	await page.locator(".venue-card, .venue-only").first().waitFor();
	await take(page, "home");

	await open(page, slot.address("week"));
	await server.stop("SIGKILL");
	await page.locator(".banner", { hasText: "Online booking is unavailable" }).waitFor();
	await take(page, "unavailable");
} finally {
	await browser.close();
	await server.destroy();
}
