/*
 * page_vitals.mjs URL: the demo venue on an emulated middling phone (390 × 844, processor slowed 4 times, 9 Mbit/s and 60 ms): largest contentful
 * paint, layout shift, and the slowest of the taps that lead to a booking form, as the browser's Event Timing has them.
 */
import { figure, launch } from "./page_browser.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();
try {
	const page = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Network.enable");
	await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 60, downloadThroughput: 1_125_000, uploadThroughput: 400_000 });
	await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
	await page.addInitScript(() => {
		window.vitals = { lcp: 0, cls: 0, inp: 0 };
		const on = (type, run, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(run)).observe({ type, buffered: true, ...more });
		on("largest-contentful-paint", (entry) => (window.vitals.lcp = entry.startTime));
		on("layout-shift", (entry) => entry.hadRecentInput || (window.vitals.cls += entry.value));
		on("event", (entry) => entry.interactionId && (window.vitals.inp = Math.max(window.vitals.inp, entry.duration)), { durationThreshold: 16 });
	});
	const date = new Date(Date.now() + 8 * 864e5).toISOString().slice(0, 10);
	await page.goto(`${url}/v/harbour?service=padel&date=${date}`);
	const chip = page.locator(".chip[data-state=available]");
	await chip.first().waitFor();
	await page.locator(".status-live").first().waitFor();
	await chip.nth(1).tap();
	await page.locator(".details .primary").tap();
	await page.locator(".hold .ring").waitFor();
	await page.getByLabel("Name").tap();
	await page.keyboard.type("Ana");
	await page.evaluate(() => new Promise((done) => setTimeout(done, 500))); // entries come after the frame
	const { lcp, cls, inp } = await page.evaluate(() => window.vitals);
	figure("phone.lcp_ms", lcp);
	figure("phone.cls", Number(cls.toFixed(4)));
	figure("phone.inp_ms", inp);
} finally {
	await browser.close();
}
