/*
 * The package as its users get it: packed, unpacked into a folder that knows nothing of this one, imported by plain Node and
 * checked by the compiler, together with every example of the README.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "rowcast-client-"));
const unpacked = join(folder, "node_modules/@rowcast/client");

const run = (program: string, args: readonly string[], cwd: string): string => {
	const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
	assert.equal(status, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
	return stdout;
};

before(() => {
	run(process.execPath, [`${WEB_ROOT}package-client.mjs`, join(folder, "built")], folder);
	const tarball = run("npm", ["pack", "--offline", "--silent", join(folder, "built")], folder).trim();
	mkdirSync(unpacked, { recursive: true });
	run("tar", ["-xzf", tarball, "-C", unpacked, "--strip-components=1"], folder);
	writeFileSync(join(folder, "package.json"), '{"type":"module"}');
	// What a user of an adapter has installed.
	for (const name of ["react", "preact", "@preact", "@types", "csstype"]) symlinkSync(`${WEB_ROOT}node_modules/${name}`, join(folder, "node_modules", name));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Options {
	readonly lib?: readonly string[];
	readonly module?: string;
	readonly jsxImportSource?: string;
}

/** Compile one file as a strict user would, with the package's own types checked too. */
function compile(name: string, source: string, { lib = ["ES2022"], module = "NodeNext", jsxImportSource = "react" }: Options = {}): string {
	const project = join(folder, name.replace(/\W/g, "-"));
	mkdirSync(project);
	writeFileSync(join(project, name), source);
	const compilerOptions = {
		strict: true,
		noUncheckedIndexedAccess: true,
		target: "ES2022",
		module,
		moduleResolution: module === "NodeNext" ? "NodeNext" : "Bundler",
		lib,
		types: [],
		jsx: "react-jsx",
		jsxImportSource,
		outDir: "out",
	};
	writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [name] }));
	const { stdout } = spawnSync(process.execPath, [`${WEB_ROOT}node_modules/typescript/bin/tsc`, "-p", project], { encoding: "utf8" });
	return stdout;
}

test("the package holds modules, their types, a README and the licence, and nothing else", () => {
	const files = readdirSync(unpacked, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(unpacked, name)).isFile());
	const sources = files.filter((name) => name.endsWith(".js"));
	assert.deepEqual(
		files.sort(),
		[...sources, ...sources.map((name) => name.replace(/js$/, "d.ts")), "LICENSE", "README.md", "package.json"].sort(),
	);
	const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as Record<string, unknown>;
	assert.deepEqual([manifest["name"], manifest["license"], manifest["dependencies"]], ["@rowcast/client", "Apache-2.0", undefined]);
	assert.equal(manifest["version"], (JSON.parse(readFileSync(`${WEB_ROOT}package.json`, "utf8")) as Record<string, unknown>)["version"]);
});

test("plain Node imports it, without any of a browser's globals", () => {
	const script = `
		delete globalThis.EventSource;
		const { createClient } = await import("@rowcast/client");
		const client = createClient({ url: "http://127.0.0.1:1", transport: "poll" });
		const view = client.availability({ service: "1", from: "2026-11-16", to: "2026-11-22" });
		console.log(view.status().state, client.state());
		client.close();
		try { createClient({ url: "", transport: "sse" }); } catch (error) { console.log(error.message); }`;
	writeFileSync(join(folder, "plain.mjs"), script);
	assert.equal(run(process.execPath, ["plain.mjs"], folder), 'loading connecting\nThis platform has no transport "sse".\n');
});

test("a strict program without DOM types compiles against it, under both ways to resolve modules", () => {
	const program = `
		import { createClient, type Client, type Result, type Booking } from "@rowcast/client";
		const client: Client = createClient({ url: "https://book.example.org", transport: "poll" });
		const view = client.availability({ service: "1", from: "2026-11-16", to: "2026-11-22" });
		export const starts: number[] = view.slots.all().map((slot) => slot.startMs);
		export const held: Promise<Result<Booking>> = client.api.hold({ service: "1", start: "2026-11-20T10:00:00Z" });`;
	assert.equal(compile("node.ts", program), "");
	assert.equal(compile("bundled.ts", program, { module: "ESNext" }), "");
	assert.match(compile("wrong.ts", program.replace('service: "1", start', "service: 1, start")), /TS2322/);
});

const BLOCK = /^```(tsx?)( \w+)?\n([^]*?)^```$/gm;
const blocks = [...readFileSync(`${WEB_ROOT}src/sync/README.md`, "utf8").matchAll(BLOCK)].map(([, kind = "", mark = "", code = ""]) => ({
	kind,
	mark: mark.trim(),
	code,
}));

/** What the shorter examples take as given. */
const GIVEN = `
	import { createClient, type Alternative, type Availability, type Booking, type Client, type KeyStorage, type Slot } from "@rowcast/client";
	declare const client: Client, view: Availability, slot: Slot, myStorage: KeyStorage;
	declare const cells: Map<string, Element>, banner: HTMLElement, bookButton: HTMLButtonElement, retryButton: HTMLButtonElement;
	declare function showForm(booking: Booking): void;
	declare function showChoices(choices: readonly Alternative[]): void;
	declare function showRetry(text: string): void;
	declare function showMessage(text: string): void;
`;

test("the examples of the README compile, the five minutes as one program", () => {
	const runnable = blocks.filter((block) => block.mark === "run").map((block) => block.code);
	assert.ok(runnable.length >= 5 && blocks.length >= 11);
	assert.equal(compile("five-minutes.ts", runnable.join("\n"), { lib: ["ES2022", "DOM"] }), "");
	const short = blocks.filter((block) => block.kind === "ts" && block.mark === "").map(({ code }, n) => {
		// One program: each example is a function of its own, its imports stand before.
		const imports = code.match(/^import .*$/gm) ?? [];
		return `${imports.join("\n")}\nexport async function example${n}() {\n${code.replace(/^import .*$/gm, "")}}\n`;
	});
	assert.equal(compile("examples.ts", GIVEN + short.join("\n"), { lib: ["ES2022", "DOM", "DOM.Iterable"] }), "");
});

for (const [framework, mark] of [
	["react", ""],
	["preact", "preact"],
] as const) {
	test(`the example for ${framework} compiles`, () => {
		const [example, ...others] = blocks.filter((block) => block.kind === "tsx" && block.mark === mark);
		assert.ok(example && others.length === 0);
		assert.equal(
			compile(`${framework}.tsx`, example.code, { lib: ["ES2022", "DOM", "DOM.Iterable"], module: "ESNext", jsxImportSource: framework }),
			"",
		);
	});
}
