/*
 * The moving picture of the README: two windows on one venue, photographed side by side while one books and the other watches.
 * Every frame is two photographs of the real pages; only the frame around them and the words below are ours (film.html).
 *
 *   node film.mjs OUT.gif
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillForm, launch, open, Server, slotOf, visitor } from "../world.mjs";

const WINDOW = { viewport: { width: 604, height: 560 }, colorScheme: "light" };
const folder = mkdtempSync(join(tmpdir(), "slotcast-film-"));
const server = await new Server().start();
const browser = await launch();
const frames = [];

const stage = await visitor(browser, { viewport: { width: 1280, height: 700 } });
await stage.goto(new URL("film.html", import.meta.url).href);
const pages = { left: await visitor(browser, WINDOW), right: await visitor(browser, WINDOW) };

/** One frame: how both windows look now, where the finger is, what is said below. */
async function frame(ms, words, finger = null) {
	for (const [side, page] of Object.entries(pages)) {
		const picture = (await page.screenshot()).toString("base64");
		await stage.evaluate(
			async ([side, picture, point]) => {
				const box = document.getElementById(side);
				const image = box.querySelector("img");
				image.src = `data:image/png;base64,${picture}`;
				await image.decode();
				box.querySelector("b")?.remove();
				if (!point) return;
				const dot = box.appendChild(document.createElement("b"));
				dot.style.left = `${point.x}px`;
				dot.style.top = `${point.y}px`;
			},
			[side, picture, finger?.side === side ? finger : null],
		);
	}
	await stage.evaluate((words) => (document.querySelector("p").textContent = words), words);
	const file = join(folder, `${String(frames.length).padStart(3, "0")}.png`);
	await stage.screenshot({ path: file });
	frames.push(`${ms}:${file}`);
}

/** Show the finger where it will press, then press. */
async function press(side, locator, words) {
	const box = await locator.boundingBox();
	await frame(700, words, { side, x: box.x + box.width / 2, y: box.y + box.height / 2 });
	await locator.click();
}

try {
	const slot = await server.freeSlot("massage", 9);
	const address = slot.address("list");
	await open(pages.left, address);
	await open(pages.right, address);
	await frame(1_600, "Two people look at the same day.");
	await press("left", slotOf(pages.left, slot), `Ana opens a time …`);
	await pages.left.locator(".sheet[open] .primary").waitFor();
	await frame(900, "Ana opens a time …");
	await press("left", pages.left.locator(".sheet[open] .primary"), "… and goes on.");
	await slotOf(pages.right, slot).and(pages.right.locator("[data-state=booked]")).waitFor();
	await pages.left.locator(".hold .ring").waitFor();
	for (let n = 0; n < 3; n++) await frame(700, "On Ben’s screen it is taken at that moment.");
	await fillForm(pages.left);
	await frame(900, "Ana fills in two fields.");
	await press("left", pages.left.getByRole("button", { name: "Confirm booking" }), "She confirms.");
	await pages.left.getByRole("heading", { name: "You’re booked" }).waitFor();
	await frame(1_800, "Booked.");
	await press("left", pages.left.getByRole("button", { name: "Cancel booking" }), "Plans change …");
	await pages.left.locator(".ask[open]").waitFor();
	await press("left", pages.left.getByRole("button", { name: "Yes, cancel it" }), "… and Ana gives it back.");
	await slotOf(pages.right, slot).and(pages.right.locator("[data-state=available]")).waitFor();
	await pages.left.getByRole("heading", { name: "Booking cancelled" }).waitFor();
	for (let n = 0; n < 3; n++) await frame(700, "Ben sees it free again, without touching anything.");
	await frame(1_600, "Ben sees it free again, without touching anything.");
	execFileSync(fileURLToPath(new URL("shrink.py", import.meta.url)), ["--film", process.argv[2], ...frames]);
} finally {
	await browser.close();
	await server.destroy();
	rmSync(folder, { recursive: true, force: true });
}
