/*
 * The pictures of the documentation, taken from the real server: every page and state, light and dark, on a desktop and a phone.
 *
 *   node tests/browser/pictures.mjs [--only NAME,NAME…] [FOLDER]      FOLDER/NAME-{light,dark}-{desktop,phone}.png
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scenes } from "./pictures/scenes.mjs";
import { launch, Server, settled, visitor } from "./world.mjs";
import { Wire } from "./wire.mjs";

const DEVICES = {
	desktop: { viewport: { width: 1440, height: 900 } },
	phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

const [only, folder = fileURLToPath(new URL("../../docs/pictures/", import.meta.url))] =
	process.argv[2] === "--only" ? [process.argv[3], process.argv[4]] : [null, process.argv[2]];
mkdirSync(folder, { recursive: true });
const shrink = fileURLToPath(new URL("pictures/shrink.py", import.meta.url));
const names = only?.split(",") ?? scenes.map(({ name }) => name);
const wanted = scenes.filter(({ name }) => names.includes(name));
if (wanted.length === 0) throw new Error(`no such scene: ${only}; there are: ${scenes.map(({ name }) => name).join(", ")}`);

const browser = await launch();
const server = await new Server().start();
const wire = await new Wire(server.url).start();
try {
	let number = 0;
	for (const { name, devices = ["desktop", "phone"], play } of wanted) {
		for (const device of devices) {
			for (const colorScheme of ["light", "dark"]) {
				number += 1;
				await server.start();
				await wire.pass();
				const options = { ...DEVICES[device], colorScheme };
				const page = await visitor(browser, options);
				// Days of its own, so that a picture does not show what the one before it did.
				const day = 7 + ((number * 3) % 18);
				const undo = await play({ page, server, wire, browser, options, device, day });
				await page.evaluate(() => document.fonts.ready);
				if (undo?.moving !== true) await settled(page);
				const file = join(folder, `${name}-${colorScheme}-${device}.png`);
				await page.screenshot({ path: file });
				execFileSync(shrink, [file]);
				if (page.complaints.length > 0) throw new Error(`${name}: ${page.complaints.join("; ")}`);
				await undo?.after?.();
				await page.context().close();
			}
		}
		console.log(name);
	}
} finally {
	await browser.close();
	await wire.destroy();
	await server.destroy();
}
