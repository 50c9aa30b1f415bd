import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";

const PAGE_BYTES = 40_000;
const SYNC_BYTES = 8_192;
const ADAPTER_BYTES = 1_000;

const built = existsSync(`${WEB_ROOT}dist/assets`);

const gzipped = (path: string): number => gzipSync(readFileSync(`${WEB_ROOT}dist/${path}`), { level: 9 }).length;

/** What a shell names and a browser therefore fetches at once. */
const firstLoad = (shell: string): readonly string[] =>
	[...readFileSync(`${WEB_ROOT}dist/${shell}`, "utf8").replace(/<link rel="later".*>/g, "").matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1] ?? "");

test("the first load of the venue page stays within 40 kB gzip, in every language", { skip: !built && "npm run build first" }, (t) => {
	const shells = readdirSync(`${WEB_ROOT}dist`).filter((name) => /^shell\...\.html$/.test(name));
	assert.ok(shells.length >= 4);
	for (const shell of shells) {
		const files = firstLoad(shell);
		for (const kind of [/\/booking-\w+\.js$/, /\/page-\w+\.css$/, /\/text-..-\w+\.js$/]) assert.equal(files.filter((name) => kind.test(name)).length, 1);
		const total = files.reduce((sum, name) => sum + gzipped(name), 0);
		const grid = readdirSync(`${WEB_ROOT}dist/assets`).find((name) => /^grid-\w+\.js$/.test(name));
		t.diagnostic(`${shell}: ${total} B in ${files.length} files; a wide screen fetches the grid beside them, ${grid ? gzipped(`assets/${grid}`) : 0} B`);
		assert.ok(total <= PAGE_BYTES, `${shell}: ${total} B`);
	}
	const all = readdirSync(`${WEB_ROOT}dist/assets`).filter((name) => /\.(js|css)$/.test(name) && !/^(text|later)-(?!en)[a-z]{2}-/.test(name));
	t.diagnostic(`everything, one language: ${all.reduce((sum, name) => sum + gzipped(`assets/${name}`), 0)} B in ${all.length} files`);
});

test("what is needed later is not in the first load", { skip: !built && "npm run build first" }, () => {
	const first = firstLoad("shell.en.html").filter((name) => name.endsWith(".js")).map((name) => readFileSync(`${WEB_ROOT}dist/${name}`, "utf8")).join("");
	for (const word of ["booking-form", "sheet-title", "venue-card"]) assert.ok(!first.includes(word), word);
});

/** What an entry of the SDK weighs in a page, without the framework it adapts to. */
async function sdkBytes(entry: string): Promise<number> {
	const result = await build({
		entryPoints: [`${WEB_ROOT}src/sync/${entry}`],
		bundle: true,
		minify: true,
		write: false,
		format: "esm",
		target: "es2021",
		external: ["react", "preact", "preact/hooks", "@preact/signals"],
	});
	return gzipSync(result.outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
}

test("the client SDK stays within 8 KiB gzip, each adapter within 1 kB", async (t) => {
	for (const [entry, budget] of [
		["index.ts", SYNC_BYTES],
		["adapters/react.ts", ADAPTER_BYTES],
		["adapters/preact.ts", ADAPTER_BYTES],
	] as const) {
		const bytes = await sdkBytes(entry);
		t.diagnostic(`${entry}: ${bytes} B`);
		assert.ok(bytes > 200 && bytes <= budget, `${entry}: ${bytes} B`);
	}
});

test("the core of the client SDK names no part of a page, and nothing outside its folder", () => {
	const folder = `${WEB_ROOT}src/sync/`;
	for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts"))) {
		const source = readFileSync(folder + name, "utf8");
		assert.doesNotMatch(source, /\b(document|localStorage|preact|react|HTMLElement|querySelector)\b/, name);
		assert.doesNotMatch(source, /from "(?!\.\/[\w-]+\.js")/, name);
	}
});

test("nothing in the source is typed any", () => {
	const walk = (folder: string): string[] =>
		readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
			entry.isDirectory() ? walk(`${folder}${entry.name}/`) : /\.tsx?$/.test(entry.name) ? [folder + entry.name] : [],
		);
	for (const file of walk(`${WEB_ROOT}src/`)) {
		const source = readFileSync(file, "utf8");
		assert.doesNotMatch(source, /@ts-(ignore|nocheck|expect-error)/, file);
		const visit = (node: ts.Node): void => {
			assert.notEqual(node.kind, ts.SyntaxKind.AnyKeyword, file);
			ts.forEachChild(node, visit);
		};
		visit(ts.createSourceFile(file, source, ts.ScriptTarget.ES2022));
	}
});
