/*
 * What every browser test needs: a real server of its own on a fresh database, and the system's Chromium driven by
 * playwright-core. Nothing is faked; what a test waits for is something the page shows.
 *
 *   SLOTCAST_BIN  the program (default build/bin/slotcast)
 *   CHROMIUM_BIN  the browser (default /usr/bin/chromium)
 *   SERVER_LOG    set: show what the server logs
 *   ENGINE        the database (database.mjs)
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { databaseIn } from "./database.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Every SLOTCAST_* variable is an option to the program; this one is ours.
const { SLOTCAST_BIN, ENGINE, ...env } = process.env;
const program = SLOTCAST_BIN ?? fileURLToPath(new URL("../../build/bin/slotcast", import.meta.url));
/** How long to wait for what must come: a machine with much to do gets there too. Nothing that passes takes so long. */
const PATIENCE_MS = 60_000;
const ARGS = [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

export class Server {
	#folder = mkdtempSync(join(tmpdir(), "slotcast-browser-"));
	database = databaseIn(this.#folder);
	#process = null;
	#demo;
	url = "";

	/** demo: with the demo's venue; else without any, as on the very first run. */
	constructor({ demo = true } = {}) {
		this.#demo = demo;
	}

	/** The first start chooses a port; later ones come back at the same address, on the same database. */
	async start() {
		if (this.#alive) return this;
		const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
		const child = spawn(
			program,
			["serve", "--db", this.database.url, "--listen", listen, ...(this.#demo ? ["--demo"] : []), "--rate-limits", "off"],
			{ stdio: ["ignore", "pipe", process.env.SERVER_LOG ? "inherit" : "ignore"], env },
		);
		this.#process = child;
		const ended = new Promise((_, reject) => {
			child.once("error", reject);
			child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
		});
		ended.catch(() => {});
		const ready = new Promise((resolve) => {
			createInterface({ input: child.stdout }).on("line", (line) => {
				const address = /^listening (http:\S+)/.exec(line)?.[1];
				if (address) resolve(address);
			});
		});
		this.url = await Promise.race([ready, ended]);
		return this;
	}

	get #alive() {
		return this.#process !== null && this.#process.exitCode === null && this.#process.signalCode === null;
	}

	signal(name) {
		this.#process.kill(name);
	}

	async stop(signal = "SIGTERM") {
		const child = this.#process;
		if (!this.#alive) return;
		const gone = new Promise((resolve) => child.once("exit", resolve));
		child.kill(signal);
		if (signal !== "SIGKILL") child.kill("SIGCONT");
		await gone;
	}

	async destroy() {
		await this.stop("SIGKILL");
		rmSync(this.#folder, { recursive: true, force: true });
	}

	/** Run the program on the same database, as an operator would beside the running server; until the server has read it. */
	async import(venue) {
		const { slug } = venue.venue;
		const file = join(this.#folder, `${slug}.json`);
		writeFileSync(file, JSON.stringify(venue));
		execFileSync(program, ["import", file, "--db", this.database.url], { stdio: ["ignore", "ignore", "inherit"], env });
		for (const phone of [randomUUID(), venue.venue.contact?.phone ?? ""]) {
			this.sql(`UPDATE venue SET contact_phone = '${phone}' WHERE slug = '${slug}'`);
			await this.#shows(`/v1/venues/${slug}`, (shown) => (shown.contact?.phone ?? "") === phone);
		}
	}

	async #shows(path, what) {
		const deadline = Date.now() + PATIENCE_MS;
		for (;;) {
			const answer = await fetch(this.url + path);
			const text = await answer.text();
			if (answer.ok && what(JSON.parse(text))) return;
			if (Date.now() > deadline) throw new Error(`${path}: ${answer.status} ${text}`);
		}
	}

	/** The same with a file of the repository, changed. */
	async importFile(path, change) {
		const venue = JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
		change(venue);
		await this.import(venue);
	}

	/** Another program that knows nothing of us writes the database. */
	sql(statement) {
		this.database.sql(statement);
	}

	async get(path) {
		const answer = await fetch(this.url + path);
		if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
		return answer.json();
	}

	async post(path, body) {
		return fetch(this.url + path, {
			method: "POST",
			headers: { "Content-Type": "application/json", "Idempotency-Key": randomUUID() },
			body: JSON.stringify(body),
		});
	}

	/** A date from so many days ahead on which the service has something free: not every day is open. */
	async openDay(key, day) {
		return (await this.freeSlot(key, day)).start.slice(0, 10);
	}

	/**
	 * A free slot of a service and the address that shows it. Each call takes a day of its own (`day` days from today at the
	 * earliest), so that tests do not meet.
	 */
	async freeSlot(key, day) {
		const venue = await this.get("/v1/venues/harbour");
		const service = venue.services.find((item) => item.key === key);
		const from = dateIn(day);
		const minutes = service.durations_min[0];
		const { slots } = await this.get(`/v1/availability?service=${service.id}&from=${from}&to=${dateIn(day + 6)}`);
		const slot = slots.find((item) => item.state === "available" && Date.parse(item.start) > Date.now() + 864e5);
		if (!slot) throw new Error(`nothing free for ${key} from ${from}`);
		const date = slot.start.slice(0, 10);
		const resource = venue.resources.find((item) => item.id === slot.resource);
		return {
			...slot,
			minutes,
			address: (view) => `${this.url}/v/harbour?service=${key}&date=${date}&view=${view}`,
			resourceName: resource.name,
		};
	}
}

/** A venue with so many places to choose from. */
export function manyPlaces(count) {
	const resources = Array.from({ length: count }, (_, n) => ({ key: `desk-${n}`, name: `Desk ${n}`, kind: "exclusive" }));
	return {
		venue: { slug: "many", name: "Many desks", tz: "Europe/Lisbon", locale: "en", contact: { phone: "", email: "" } },
		resources,
		services: [{ key: "desk", name: "Desk", durations_min: [60], step_min: 30, horizon_days: 60, hold_ttl_s: 300, party_max: 1, resources: resources.map(({ key }) => key) }],
		hours: [{ rrule: "FREQ=DAILY", from: "09:00", to: "18:00", valid_from: "2026-01-01" }],
		exceptions: [],
		sessions: [],
	};
}

export const dateIn = (days) => new Date(Date.now() + days * 864e5).toISOString().slice(0, 10);

export async function launch() {
	return chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args: ARGS });
}

/**
 * A visitor: a window with storage of its own. What the page says against itself (errors, refused content) is collected, and so is
 * what it says aloud (`hears`). `notifies: false`: a browser without ariaNotify, whose live regions are listened to.
 */
export async function visitor(browser, { notifies = true, ...options } = {}) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "no-preference", ...options });
	const page = await context.newPage();
	page.setDefaultTimeout(PATIENCE_MS);
	page.heard = [];
	page.voice = new EventEmitter();
	await page.exposeFunction("hearForTest", (sentence) => page.voice.emit("sentence", page.heard.push(sentence)));
	await page.addInitScript(listen, notifies);
	page.complaints = [];
	page.on("pageerror", (error) => page.complaints.push(error.message));
	page.on("console", (message) => {
		if (/Content Security Policy|Uncaught/.test(message.text())) page.complaints.push(message.text());
	});
	return page;
}

/**
 * What the server says over the live connection, held back while the gate is shut, as by a slow line; what the page asks passes. Made
 * before the page is opened.
 */
export async function gate(page) {
	let waiting = null;
	await page.routeWebSocket(/\/v1\/live$/, (socket) => {
		const upstream = socket.connectToServer();
		upstream.onMessage((message) => (waiting ? waiting.push(() => socket.send(message)) : socket.send(message)));
	});
	return {
		shut: () => (waiting ??= []),
		open() {
			const late = waiting ?? [];
			waiting = null;
			for (const send of late) send();
		},
	};
}

function listen(notifies) {
	const hear = (sentence, urgent) => void window.hearForTest((urgent ? "! " : "") + sentence);
	if (notifies) {
		Document.prototype.ariaNotify = (sentence, options) => hear(sentence, options?.priority === "high");
		return;
	}
	delete Document.prototype.ariaNotify;
	const observer = new MutationObserver((mutations) => {
		const regions = new Set(mutations.map(({ target }) => (target.closest ? target : target.parentElement)?.closest("[aria-live]")));
		for (const region of regions)
			if (region?.textContent && region.ariaLive !== "off") hear(region.textContent, region.ariaLive === "assertive");
	});
	observer.observe(document, { subtree: true, childList: true, characterData: true });
}

/** Wait until the page has said it; "! " stands before what it said at once. */
export async function hears(page, sentence) {
	const signal = AbortSignal.timeout(PATIENCE_MS);
	const found = () => page.heard.some((said) => (typeof sentence === "string" ? said === sentence : sentence.test(said)));
	while (!found()) {
		await once(page.voice, "sentence", { signal }).catch(() => {
			throw new Error(`not heard: ${sentence}; but: ${page.heard.join(" | ")}`);
		});
	}
}

const nameOfFocus = () => {
	const at = document.activeElement;
	return at?.getAttribute("name") ?? at?.getAttribute("aria-label") ?? at?.textContent ?? "";
};
/** What has the focus: its name, its label or its text. */
export const focused = (page) => page.evaluate(nameOfFocus);
/** Wait until it has the focus. The feed may show what happened before the answer that moves the focus is there. */
export async function focusOn(page, wanted) {
	const is = (name) => (typeof wanted === "string" ? name === wanted : wanted.test(name));
	const deadline = Date.now() + PATIENCE_MS;
	for (let name = await focused(page); !is(name); name = await focused(page))
		if (Date.now() > deadline) throw new Error(`the focus is not on ${wanted} but on ${name}`);
}

export const slotOf = (page, slot) => page.locator(`[data-slot="${slot.id}"]`);
export const status = (page, word) => page.locator(".pill-status", { hasText: word }).waitFor();

/** Open the page and wait until it is joined to the live feed. */
export async function open(page, address) {
	await page.goto(address);
	await page.locator("[data-slot]").first().waitFor();
	await status(page, "Live");
}

export async function openForm(page, slot) {
	await slotOf(page, slot).click();
	await page.locator(".details .primary, .details .conflict").first().waitFor();
	const book = page.getByRole("button", { name: "Book this time" });
	if (await book.isVisible()) await book.click(); // else it is taken, and the panel has said so
}

export async function fillForm(page, name = "Ana Sousa") {
	await page.getByLabel("Name").fill(name);
	await page.getByLabel("Email").fill("ana@example.org");
}

/**
 * Colours and places are judged when they have arrived; what breathes for ever is left out. They are sent there rather than waited for:
 * what is not on the screen (behind a dialog, scrolled away) may never arrive by itself.
 */
export const settled = (page) =>
	page.evaluate(() => {
		for (const animation of document.getAnimations()) if (animation.effect.getTiming().iterations !== Infinity) animation.finish();
	});

const AA = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
const OF_COLOURS = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/**
 * Every violation of WCAG 2.2 AA that axe finds, however small, in light and in dark: after all rules in the one, those that look at
 * colours are asked again in the other. The rest cannot differ.
 */
export async function axeViolations(page) {
	const dark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
	const [here, there] = dark ? ["dark", "light"] : ["light", "dark"];
	const faults = await judge(page, AA);
	await page.emulateMedia({ colorScheme: there });
	faults.push(...(await judge(page, OF_COLOURS)).map((fault) => `in ${there}: ${fault}`));
	await page.emulateMedia({ colorScheme: here });
	return faults;
}

async function judge(page, runOnly) {
	await settled(page);
	if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
	// What is well has hundreds of nodes; only faults leave the page.
	return page.evaluate(async (runOnly) => {
		const { violations } = await window.axe.run(document, { runOnly, resultTypes: ["violations"] });
		const say = (node) => `${node.html.slice(0, 120)} ${node.any[0]?.message ?? ""}`;
		return violations.map((fault) => `${fault.id}: ${fault.nodes.slice(0, 3).map(say).join(" | ")}`);
	}, runOnly);
}

export async function assertAccessible(page, where) {
	assert.deepEqual(await axeViolations(page), [], where);
}
