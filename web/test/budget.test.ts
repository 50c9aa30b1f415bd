import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";

const PAGE_BYTES = 40_000;
const SYNC_BYTES = 8_192;

const built = existsSync(`${WEB_ROOT}dist/assets`);

test("all script and style of the public page stay within 40 kB gzip", { skip: !built && "npm run build first" }, () => {
	const folder = `${WEB_ROOT}dist/assets/`;
	const files = readdirSync(folder).filter((name) => /\.(js|css)$/.test(name));
	assert.ok(files.length >= 2);
	const total = files.reduce((sum, name) => sum + gzipSync(readFileSync(folder + name), { level: 9 }).length, 0);
	assert.ok(total <= PAGE_BYTES, `${total} B`);
});

test("the client SDK stays within 8 KiB gzip", async () => {
	const result = await build({
		entryPoints: [`${WEB_ROOT}src/sync/index.ts`],
		bundle: true,
		minify: true,
		write: false,
		format: "esm",
		target: "es2021",
	});
	const bytes = gzipSync(result.outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
	assert.ok(bytes > 1_000 && bytes <= SYNC_BYTES, `${bytes} B`);
});

test("the client SDK names no part of a page", () => {
	const folder = `${WEB_ROOT}src/sync/`;
	for (const name of readdirSync(folder)) {
		const source = readFileSync(folder + name, "utf8");
		assert.doesNotMatch(source, /\b(document|localStorage|preact|HTMLElement|querySelector)\b/, name);
		assert.doesNotMatch(source, /from "\.\.\//, name);
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
