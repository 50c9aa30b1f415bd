/*
 * Build the pages: dist/shell.LL.html for each language and dist/assets/NAME-HASH.EXT, each with .gz and .br beside it where
 * that is smaller.
 *
 * main.tsx and all it imports is what the venue page needs to draw; what it import()s comes in files of its own, later. The
 * words of a language are a script of their own, before the program (src/booking/text/index.ts).
 */
import { build } from "esbuild";
import { groupsUsed, onlyGroups, partsAtOnce } from "./catalogue.mjs";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = new URL("./", import.meta.url);
const dist = new URL("dist/", root);
const source = new URL("src/booking/", root);
const text = new URL("text/", source);
const ENTRY = new URL("main.tsx", source).pathname;

const OPTIONS = {
	bundle: true,
	minify: true,
	write: false,
	format: "esm",
	charset: "utf8",
	target: ["es2021", "chrome109", "firefox115", "safari16"],
	legalComments: "none",
	logLevel: "warning",
};

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
	return `/${path}`;
}

const asset = (name, extension, bytes) =>
	emit(`assets/${name}-${createHash("sha256").update(bytes).digest("hex").slice(0, 10)}.${extension}`, bytes);

/**
 * What is import()ed imports the entry too. So all that the entry needs is needed by the same files, and esbuild puts it into
 * one chunk rather than into one for each set of files that share something.
 */
const ONE_CHUNK = {
	name: "one-chunk",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /./ }, ({ kind, path, resolveDir, namespace }) =>
			kind === "dynamic-import" && namespace === "file" ? { path: resolve(resolveDir, path), namespace: "part" } : undefined,
		);
		onLoad({ filter: /./, namespace: "part" }, ({ path }) => ({
			contents: `import ${JSON.stringify(ENTRY)}; export * from ${JSON.stringify(path)};`,
			resolveDir: dirname(path),
		}));
	},
};

/** The program: its entry, and the files that the entry cannot run without. */
async function program() {
	const { outputFiles, metafile } = await build({
		...OPTIONS,
		entryPoints: { booking: ENTRY },
		plugins: [ONE_CHUNK],
		splitting: true,
		metafile: true,
		absWorkingDir: root.pathname,
		outdir: "assets",
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		jsx: "automatic",
		jsxImportSource: "preact",
	});
	for (const file of outputFiles) await emit(`assets/${basename(file.path)}`, Buffer.from(file.contents));
	const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === "src/booking/main.tsx");
	const neededBy = (path, needed = new Set()) => {
		for (const { path: other, kind } of metafile.outputs[path].imports)
			if (kind === "import-statement" && !needed.has(other)) neededBy(other, needed.add(other));
		return needed;
	};
	const needed = neededBy(entry);
	const sourcesOf = (outputs) =>
		outputs
			.flatMap((path) => [path, ...neededBy(path)])
			.flatMap((path) => Object.keys(metafile.outputs[path].inputs))
			.filter((path) => path.startsWith("src/booking/"))
			.map((path) => new URL(path, root).pathname);
	const parts = await partsAtOnce(sourcesOf([entry]));
	const withParts = Object.keys(metafile.outputs).filter((path) => parts.some((part) => `${relative(root.pathname, part)}.tsx` in metafile.outputs[path].inputs));
	return {
		script: `/${entry}`,
		preloads: [...needed].map((path) => `/${path}`),
		sources: sourcesOf([entry, ...withParts]),
	};
}

/** A module of the text folder, run here. */
async function run(contents) {
	const { outputFiles } = await build({ ...OPTIONS, stdin: { contents, resolveDir: text.pathname, loader: "ts" } });
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

/** A script that leaves the wanted words of a language where text/index.ts looks for them. */
async function words(name, language, wanted) {
	const contents = `import { ${language} } from "./${language}.js"; globalThis.slotcastText = Object.assign(globalThis.slotcastText ?? {}, ${language});`;
	const { outputFiles } = await build({
		...OPTIONS,
		format: "iife",
		plugins: [onlyGroups(language, wanted)],
		stdin: { contents, resolveDir: text.pathname, loader: "ts" },
	});
	return asset(name, "js", Buffer.from(outputFiles[0].contents));
}

async function style(name) {
	const { outputFiles } = await build({ ...OPTIONS, entryPoints: [new URL(`style/${name}.css`, source).pathname] });
	return asset(name, "css", Buffer.from(outputFiles[0].contents));
}

const escaped = (words) => words.replace(/[&<>"|{}]/g, (sign) => `&#${sign.codePointAt(0)};`);

await rm(dist, { recursive: true, force: true });
const { script, preloads, sources } = await program();
const first = await groupsUsed(sources);
const shared = {
	script,
	preloads: preloads.map((path) => `<link rel="modulepreload" href="${path}">`).join("\n"),
	style: await style("page"),
	later: await style("later"),
	icon: await asset("icon", "svg", await readFile(new URL("icon.svg", source))),
};
const template = await readFile(new URL("shell.html", source), "utf8");
const { LANGUAGES } = await run(`export { LANGUAGES } from "./languages.js"`);
for (const [language, { dir }] of Object.entries(LANGUAGES)) {
	const catalogue = await run(`export { ${language} as text, shell } from "./${language}.js"`);
	const values = {
		...shared,
		lang: catalogue.text.lang,
		dir,
		text: await words(`text-${language}`, language, (group) => first.has(group)),
		laterText: await words(`later-${language}`, language, (group) => !first.has(group)),
	};
	for (const [name, word] of Object.entries(catalogue.shell)) values[name] = escaped(word);
	// The shell is a template that the server fills ({{title|…}}, {{boot}}), so it has no compressed twins.
	await writeFile(new URL(`shell.${language}.html`, dist), template.replace(/%(\w+)%/g, (_, name) => values[name]));
}
