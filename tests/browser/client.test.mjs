/*
 * The client package with a real server: the README's five minutes as a Node program, its components in a browser, and one
 * connection for the tabs of a browser, also when the tab that has it goes.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dateIn, launch, open, Server, slotOf, status, visitor } from "./world.mjs";

const web = fileURLToPath(new URL("../../web/", import.meta.url));
const esbuild = createRequire(`${web}package.json`)("esbuild");
const folder = mkdtempSync(join(tmpdir(), "rowcast-client-"));
const server = new Server();
let browser;

before(async () => {
	execFileSync(process.execPath, [`${web}package-client.mjs`, join(folder, "node_modules/@rowcast/client")]);
	// What a user of an adapter has installed.
	for (const name of ["react", "react-dom", "scheduler", "preact", "@preact"]) symlinkSync(`${web}node_modules/${name}`, join(folder, "node_modules", name));
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
	rmSync(folder, { recursive: true, force: true });
});

/** The README's examples of one kind: "ts run", "tsx", "tsx preact". */
const examples = (kind) => {
	const readme = readFileSync(`${web}src/sync/README.md`, "utf8");
	const found = [...readme.matchAll(/^```(.+)\n([^]*?)^```$/gm)].filter((match) => match[1] === kind).map((match) => match[2]);
	assert.ok(found.length > 0, kind);
	return found.join("\n");
};

test("the README's five minutes do in Node what they say", async () => {
	const source = examples("ts run").replace("https://book.example.org", server.url);
	const { code } = await esbuild.transform(source, { loader: "ts", format: "esm", target: "node18" });
	writeFileSync(join(folder, "five-minutes.mjs"), code);
	const { stdout } = await promisify(execFile)(process.execPath, ["five-minutes.mjs"], { cwd: folder });
	assert.match(stdout, /^Harbour Studio: \w+/);
	assert.match(stdout, /^status live$/m);
	assert.match(stdout, /^snapshot (\d+) changed, \1 slots$/m);
	assert.match(stdout, /^live \d+ changed, \d+ slots$/m);
	assert.match(stdout, /^booked \S+$/m);
});

for (const [framework, kind, mount] of [
	[
		"react",
		"tsx",
		`import { StrictMode } from "react";
		import { createRoot } from "react-dom/client";
		createRoot(document.body).render(<StrictMode><Times service={SERVICE} /></StrictMode>);`,
	],
	["preact", "tsx preact", `import { render } from "preact"; render(<Count service={SERVICE} />, document.body);`],
]) {
	test(`the README's component for ${framework} follows what happens`, async () => {
		const [from, to] = [dateIn(framework === "react" ? 31 : 41), dateIn(framework === "react" ? 37 : 47)];
		const venue = await server.get("/v1/venues/harbour");
		const service = venue.services.find((item) => item.key === "massage");
		const source = examples(kind).replace("2026-11-16", from).replace("2026-11-22", to);
		const result = await esbuild.build({
			stdin: { contents: `${source}\n${mount}`, loader: "tsx", resolveDir: folder },
			define: { SERVICE: JSON.stringify(service.id), "process.env.NODE_ENV": '"development"' },
			bundle: true,
			write: false,
			format: "esm",
			jsx: "automatic",
			jsxImportSource: framework,
		});
		const page = await visitor(browser);
		const html = `<!doctype html><body></body><script type="module">${result.outputFiles[0].text.replaceAll("</script", "<\\/script")}</script>`;
		await page.route("**/component", (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
		await page.goto(`${server.url}/component`);

		const { slots } = await server.get(`/v1/availability?service=${service.id}&from=${from}&to=${to}`);
		const free = slots.filter((slot) => slot.state !== "booked");
		const lines =
			framework === "react"
				? [page.locator("li", { hasText: `${free[0].start}: 1` }), page.locator("li", { hasText: `${free[0].start}: 0` })]
				: [page.getByText(`${free.length} free (live)`, { exact: true }), page.getByText(/^\d+ free \(live\)$/).and(page.locator(`:not(:text("${free.length} free"))`))];
		await lines[0].first().waitFor();
		if (framework === "react") assert.equal(await page.locator("li").count(), slots.length);
		const held = await server.post("/v1/holds", { service: service.id, resource: free[0].resource, start: free[0].start });
		assert.equal(held.status, 201);
		await lines[1].first().waitFor();
		assert.deepEqual(page.complaints, []);
		await page.context().close();
	});
}

/** Tabs of one browser; each counts the live connections that it opens itself. */
async function tabs(count, slot) {
	const first = await visitor(browser);
	const pages = [first];
	while (pages.length < count) pages.push(await first.context().newPage());
	for (const page of pages) {
		page.complaints ??= [];
		page.connections = 0;
		page.on("websocket", () => (page.connections += 1));
		await open(page, slot.address("week"));
	}
	return pages;
}
const opened = (pages) => pages.map((page) => page.connections);
const hold = async (slot) => assert.equal((await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start: slot.start })).status, 201);
const taken = (page, slot) => slotOf(page, slot).and(page.locator("[data-state=booked]")).waitFor();

test("three tabs have one connection; when its tab is closed another takes over, and nothing is missed", async () => {
	const slot = await server.freeSlot("massage", 51);
	const [ana, ben, cleo] = await tabs(3, slot);
	assert.deepEqual(opened([ana, ben, cleo]), [1, 0, 0]);
	const moved = Promise.race([ben.waitForEvent("websocket"), cleo.waitForEvent("websocket")]);
	await Promise.all([ana.close(), hold(slot)]);
	await moved;
	for (const page of [ben, cleo]) {
		await taken(page, slot);
		await status(page, "Live");
	}
	assert.equal(ben.connections + cleo.connections, 1);
	await ben.context().close();
});

test("when the tab that has the connection crashes, the others go on", async () => {
	const slot = await server.freeSlot("massage", 61);
	const [ana, ben] = await tabs(2, slot);
	const moved = ben.waitForEvent("websocket");
	ana.goto("chrome://crash").catch(() => {});
	await moved;
	await hold(slot);
	await taken(ben, slot);
	await status(ben, "Live");
	assert.deepEqual(opened([ana, ben]), [1, 1]);
	await ben.context().close();
});

test("where only long-poll passes, that is enough", async () => {
	const slot = await server.freeSlot("massage", 71);
	const page = await visitor(browser);
	await page.addInitScript(() => {
		delete window.WebSocket;
		delete window.EventSource;
	});
	await open(page, slot.address("week"));
	await hold(slot);
	await taken(page, slot);
	await status(page, "Live");
	await page.context().close();
});
