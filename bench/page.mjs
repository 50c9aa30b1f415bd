/*
 * page.mjs URL DATABASE MONDAY SECONDS: frames, tasks and latency of the dense grid while bench/page_changes.py changes slots that can all
 * be seen. What the page is given counts as arrived when its WebSocket's first listener hears it, and as painted at the end of
 * the frame whose canvas calls drew its cell: both are seen from outside (patched WebSocket and drawImage), the page knows nothing of it.
 *
 * The peer is what one writes first: an element for each of the 67,200 cells and a CSS animation for what changed. It gets its changes from a
 * timer in the page, without network, decoding or bookkeeping, which is in its favour.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { esbuild, figure, launch, percentile } from "./page_browser.mjs";

const [url, database, first, secondsText] = process.argv.slice(2);
const seconds = Number(secondsText);
/** A corner of the week that is in sight at 1440 × 900. */
const COURTS = 22;
const STARTS = 24;

function instrument() {
	const arrivals = new Map();
	const latencies = [];
	const long = [];
	let cellAt = new Map();
	let drawn = [];
	window.bench = { arrivals, latencies, long, frames: [] };
	window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			this.addEventListener("message", ({ data }) => {
				if (typeof data !== "string" || !data.slice(0, 60).includes('"delta"')) return;
				const now = performance.now();
				for (const { id } of JSON.parse(data).upsert) if (!arrivals.has(id)) arrivals.set(id, now);
			});
		}
	};
	const draw = CanvasRenderingContext2D.prototype.drawImage;
	CanvasRenderingContext2D.prototype.drawImage = function (image, x, y, ...rest) {
		if (this.canvas.className === "grid-canvas" && cellAt.size > 0) {
			const id = cellAt.get(`${x},${y}`);
			if (arrivals.has(id)) {
				if (drawn.length === 0) requestAnimationFrame(settle);
				drawn.push(id);
			}
		}
		return draw.call(this, image, x, y, ...rest);
	};
	// Called within a frame, so it runs at the beginning of the next one: the frame that drew has been handed over by then.
	const settle = () => {
		const now = performance.now();
		for (const id of drawn) if (arrivals.has(id)) latencies.push(now - arrivals.get(id)), arrivals.delete(id);
		drawn = [];
	};
	window.bench.look = () => {
		const canvas = document.querySelector(".grid-canvas");
		const around = canvas.getBoundingClientRect();
		const ratio = canvas.width / around.width;
		const at = (cell, { left, top } = cell.getBoundingClientRect()) =>
			`${Math.round((left - around.left) * ratio)},${Math.round((top - around.top) * ratio)}`;
		cellAt = new Map([...document.querySelectorAll(".cell[data-slot]")].map((cell) => [at(cell), cell.dataset.slot]));
		arrivals.clear();
	};
	new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
}

/** Frames for so long; scrolled to and fro on both axes if asked to. */
const watch = (page, ms, scrolling) =>
	page.evaluate(
		([ms, scrolling]) =>
			new Promise((done) => {
				const box = document.querySelector(".grid-scroll, .peer");
				const frames = [];
				window.bench?.long.splice(0);
				let [before, x, y] = [0, 1, 1];
				const begun = performance.now();
				const step = (now) => {
					if (before > 0) frames.push(now - before);
					before = now;
					if (scrolling) {
						if (box.scrollLeft + box.clientWidth >= box.scrollWidth - 1) x = -1;
						else if (box.scrollLeft <= 0) x = 1;
						if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) y = -1;
						else if (box.scrollTop <= 0) y = 1;
						box.scrollBy({ left: 9 * x, top: 6 * y, behavior: "instant" });
					}
					if (performance.now() - begun < ms) requestAnimationFrame(step);
					else done({ frames, long: [...(window.bench?.long ?? [])] });
				};
				requestAnimationFrame(step);
			}),
		[ms, scrolling],
	);

async function busy(cdp) {
	const { metrics } = await cdp.send("Performance.getMetrics");
	const value = (name) => metrics.find((metric) => metric.name === name).value;
	return { task: value("TaskDuration"), at: value("Timestamp") };
}

async function heap(cdp) {
	await cdp.send("HeapProfiler.collectGarbage");
	return (await cdp.send("Runtime.getHeapUsage")).usedSize;
}

function tell(name, { frames, long }, before, after) {
	const total = frames.reduce((sum, frame) => sum + frame, 0);
	figure(`${name}.fps`, (frames.length / total) * 1000);
	figure(`${name}.frame_p95_ms`, percentile(frames, 0.95));
	figure(`${name}.long_tasks`, long.length);
	figure(`${name}.longest_task_ms`, long.length > 0 ? Math.max(...long) : "<50");
	figure(`${name}.main_thread_percent`, ((after.task - before.task) / (after.at - before.at)) * 100);
}

const changes = (rate, forSeconds) => {
	const args = [database, String(rate), String(forSeconds), first, String(COURTS), String(STARTS)];
	const child = spawn(fileURLToPath(new URL("page_changes.py", import.meta.url)), args, { stdio: ["ignore", "pipe", "inherit"] });
	let said = "";
	child.stdout.on("data", (chunk) => (said += chunk));
	return new Promise((done) => child.once("exit", () => done(said.trim())));
};

async function ours(browser) {
	const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
	await page.addInitScript(instrument);
	await page.goto(`${url}/v/full?date=${first}&view=week`);
	await page.locator(".cell[data-slot]").first().waitFor({ timeout: 60_000 });
	await page.locator(".status-live").first().waitFor();
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	for (const [rate, scrolling] of [[0, false], [500, false], [500, true], [2000, false]]) {
		const name = `canvas.${rate}.${scrolling ? "scrolling" : "still"}`;
		await page.evaluate(() => document.querySelector(".grid-scroll").scrollTo(0, 0));
		const made = rate > 0 ? changes(rate, seconds + 3) : Promise.resolve("");
		await page.evaluate(() => new Promise((done) => setTimeout(done, 1_500))); // until it runs and the elements are there
		await page.evaluate((scrolling) => (window.bench.latencies.splice(0), scrolling || window.bench.look()), scrolling);
		const [heapBefore, before] = [await heap(cdp), await busy(cdp)];
		const seen = await watch(page, seconds * 1000, scrolling);
		const after = await busy(cdp);
		tell(name, seen, before, after);
		figure(`${name}.heap_mb_per_min`, ((await heap(cdp)) - heapBefore) / 1e6 / (seconds / 60));
		if (!scrolling && rate > 0) {
			const latencies = await page.evaluate(() => window.bench.latencies);
			figure(`${name}.socket_to_paint_samples`, latencies.length);
			figure(`${name}.socket_to_paint_p50_ms`, percentile(latencies, 0.5));
			figure(`${name}.socket_to_paint_p95_ms`, percentile(latencies, 0.95));
		}
		const said = await made;
		if (said) console.log(`# ${name}: ${said}`);
	}
	figure("canvas.cells", await page.evaluate(() => {
		const grid = document.querySelector("[role=grid]");
		return (grid.getAttribute("aria-rowcount") - 2) * (grid.getAttribute("aria-colcount") - 1);
	}));
	await page.close();
}

const PEER = `<!doctype html><style>
.peer { width: 1040px; height: 700px; overflow: auto; font: 12px sans-serif }
.rows { width: 11424px }
.row { display: flex; height: 26px }
.row div { flex: none; box-sizing: border-box; width: 32px; height: 24px; margin: 1px; border: 1px solid #0a7a55; border-radius: 4px; background: #74c7a9; text-align: center }
.row .booked { background: #a2301a; color: #fff }
.row .flash { animation: flash 4s }
@keyframes flash { 0%, 77% { box-shadow: 0 0 0 2px #0b5cad } 100% { box-shadow: none } }
</style><div class="peer"><div class="rows"></div></div>`;

async function peer(browser) {
	const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
	await page.setContent(PEER);
	await page.evaluate(
		([courts, starts]) => {
			const cells = [];
			const rows = document.querySelector(".rows");
			for (let row = 0; row < 200; row++) {
				const line = document.createElement("div");
				line.className = "row";
				cells.push(Array.from({ length: 336 }, () => line.appendChild(Object.assign(document.createElement("div"), { textContent: "1" }))));
				rows.append(line);
			}
			window.bench = { long: [] };
			new PerformanceObserver((list) => window.bench.long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
			setInterval(() => {
				for (let n = 0; n < 25; n++) {
					const cell = cells[Math.floor(Math.random() * courts)][Math.floor(Math.random() * starts)];
					const booked = cell.classList.toggle("booked");
					cell.textContent = booked ? "✕" : "1";
					cell.classList.remove("flash");
					requestAnimationFrame(() => cell.classList.add("flash"));
				}
			}, 50);
		},
		[COURTS, STARTS],
	);
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	for (const scrolling of [false, true]) {
		const before = await busy(cdp);
		const seen = await watch(page, seconds * 333, scrolling);
		tell(`dom.500.${scrolling ? "scrolling" : "still"}`, seen, before, await busy(cdp));
	}
	await page.close();
}

/** The most that a browser on this machine shows: an empty page. */
async function limit(browser) {
	const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	const before = await busy(cdp);
	const seen = await watch(page, seconds * 333, false);
	tell("limit.empty_page", seen, before, await busy(cdp));
	await page.close();
}

async function sizes() {
	const dist = new URL("../web/dist/", import.meta.url);
	const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length / 1000;
	const shell = readFileSync(new URL("shell.en.html", dist), "utf8").replace(/<link rel="later".*>/g, "");
	const files = new Set([...shell.matchAll(/\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]));
	figure("size.first_load_kb", [...files].reduce((sum, file) => sum + gzip(readFileSync(new URL(file, dist))), 0));
	const grid = readdirSync(new URL("assets/", dist)).find((name) => /^grid-.*\.js$/.test(name));
	if (grid) figure("size.grid_kb", gzip(readFileSync(new URL(`assets/${grid}`, dist))));
	const { outputFiles } = await esbuild.build({
		entryPoints: [fileURLToPath(new URL("../web/src/sync/index.ts", import.meta.url))],
		bundle: true,
		minify: true,
		write: false,
		format: "esm",
		target: "es2021",
	});
	figure("size.sdk_kb", gzip(outputFiles[0].contents));
}

const browser = await launch();
try {
	await limit(browser);
	await ours(browser);
	await peer(browser);
	await sizes();
} finally {
	await browser.close();
}
