/*
 * Build the pages: dist/shell.html and dist/assets/NAME-HASH.EXT, each with .gz and .br beside it where that is smaller.
 * One bundle: the public page is small enough that splitting it would cost more round trips than it saves bytes.
 */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = new URL("./", import.meta.url);
const dist = new URL("dist/", root);
const source = new URL("src/booking/", root);

async function bundle(entry) {
	const result = await build({
		entryPoints: [new URL(entry, source).pathname],
		bundle: true,
		minify: true,
		write: false,
		format: "esm",
		target: ["es2021", "chrome109", "firefox115", "safari16"],
		jsx: "automatic",
		jsxImportSource: "preact",
		legalComments: "none",
		logLevel: "warning",
	});
	return Buffer.from(result.outputFiles[0].contents);
}

async function emit(path, bytes) {
	const file = new URL(path, dist);
	await mkdir(new URL("./", file), { recursive: true });
	await writeFile(file, bytes);
	const gzip = gzipSync(bytes, { level: 9 });
	const brotli = brotliCompressSync(bytes, {
		params: {
			[constants.BROTLI_PARAM_QUALITY]: 11,
			[constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
			[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
		},
	});
	if (gzip.length < bytes.length) await writeFile(new URL(`${path}.gz`, dist), gzip);
	if (brotli.length < bytes.length) await writeFile(new URL(`${path}.br`, dist), brotli);
	console.log(`${path}  ${bytes.length} B, gzip ${gzip.length}, brotli ${brotli.length}`);
}

async function asset(name, extension, bytes) {
	const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
	const path = `assets/${name}-${hash}.${extension}`;
	await emit(path, bytes);
	return `/${path}`;
}

await rm(dist, { recursive: true, force: true });
const names = {
	script: await asset("booking", "js", await bundle("main.tsx")),
	style: await asset("booking", "css", await bundle("style/page.css")),
	icon: await asset("icon", "svg", await readFile(new URL("icon.svg", source))),
};
const shell = await readFile(new URL("shell.html", source), "utf8");
// The shell is a template that the server fills ({{lang}}, {{title}}, {{boot}}), so it has no compressed twins.
await writeFile(new URL("shell.html", dist), shell.replace(/%(\w+)%/g, (_, name) => names[name]));
