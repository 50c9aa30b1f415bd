/* The style sheets: nothing in them is left over, and nothing in them hangs on the order in which they come. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { partsAtOnce } from "../catalogue.mjs";

const SOURCE = `${WEB_ROOT}src/booking/`;

const sheets = readdirSync(`${SOURCE}style`).map((name) => {
	const css = readFileSync(`${SOURCE}style/${name}`, "utf8").replace(/\/\*[^]*?\*\//g, "");
	return { name, css };
});

const sources = (folder: string): string[] =>
	readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
		entry.isDirectory() ? sources(`${folder}${entry.name}/`) : /\.tsx?$/.test(entry.name) ? [folder + entry.name] : [],
	);

/** Names in strings (where class names are made), and in `class=…` alone; those that end in "-" are a template's beginnings. */
function namesIn(path: string): { readonly strings: ReadonlySet<string>; readonly classes: ReadonlySet<string> } {
	const strings = new Set<string>();
	const classes = new Set<string>();
	const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);
	const visit = (node: ts.Node, isClass: boolean): void => {
		const here = isClass || (ts.isJsxAttribute(node) && node.name.getText() === "class");
		if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node))
			for (const name of node.text.split(/\s+/).filter(Boolean)) {
				strings.add(name);
				if (here && !ts.isBinaryExpression(node.parent)) classes.add(name);
			}
		ts.forEachChild(node, (child) => visit(child, here));
	};
	visit(source, false);
	return { strings, classes };
}

const files = sources(SOURCE);
const inStrings = new Set(files.flatMap((path) => [...namesIn(path).strings]));
const inClasses = new Set(files.flatMap((path) => [...namesIn(path).classes]));
for (const [, name] of readFileSync(`${SOURCE}shell.html`, "utf8").matchAll(/class="([^"]+)"/g)) inStrings.add(name ?? "");

const classesOf = (css: string): readonly string[] =>
	[...css.matchAll(/([^{}]+)\{/g)].flatMap(([, selector]) => [...(selector ?? "").matchAll(/\.([a-z][\w-]*)/gi)].map(([, name]) => name ?? ""));
const styled = new Set(sheets.flatMap(({ css }) => classesOf(css)));
const beginnings = [...inStrings].filter((name) => name.endsWith("-"));
/** By which scripts and tests find something. */
const HOOKS = new Set(["number", "times"]);

test("every class of the style sheets is one that some source gives", () => {
	assert.deepEqual([...styled].filter((name) => !inStrings.has(name) && !beginnings.some((one) => name.startsWith(one))), []);
});

test("every class that a component gives is in a style sheet", () => {
	const isStyled = (name: string): boolean => styled.has(name) || beginnings.some((one) => styled.has(one + name));
	assert.deepEqual([...inClasses].filter((name) => !name.endsWith("-") && !HOOKS.has(name) && !isStyled(name)), []);
});

/** What the first script holds: main.tsx, what it imports, and what lazily() fetches at once. */
async function firstLoad(): Promise<readonly string[]> {
	const found = new Set<string>();
	const add = async (path: string): Promise<void> => {
		if (found.has(path)) return;
		found.add(path);
		const imported = [...readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type)[^;]*? from "(\.[^"]+)\.js";/gm)].map(([, name]) => resolve(dirname(path), name ?? ""));
		for (const base of [...imported, ...(await partsAtOnce([path]))])
			for (const file of [`${base}.ts`, `${base}.tsx`]) if (files.includes(file)) await add(file);
	};
	await add(`${SOURCE}main.tsx`);
	return [...found];
}

test("what is drawn at once has its style in the first sheet", async () => {
	const page = readFileSync(`${SOURCE}style/page.css`, "utf8");
	const first = sheets.filter(({ name }) => page.includes(`./${name}`)).flatMap(({ css }) => classesOf(css));
	const later = new Set(sheets.filter(({ name }) => !page.includes(`./${name}`) && name !== "print.css").flatMap(({ css }) => classesOf(css)));
	const drawn = (await firstLoad()).flatMap((path) => [...namesIn(path).classes]);
	assert.ok(drawn.includes("chip-when") && !drawn.includes("sheet-body"));
	// The frame of a part that is a page by itself: the part, which comes with its style, looks the same.
	const FRAME_OF_PARTS = new Set(["page", "card"]);
	assert.deepEqual(drawn.filter((name) => later.has(name) && !first.includes(name) && !FRAME_OF_PARTS.has(name)), []);
});

test("each animation is defined once: of two with one name the sheet that comes last would win", () => {
	const names = sheets.flatMap(({ css }) => [...css.matchAll(/@keyframes ([\w-]+)/g)].map(([, name]) => name));
	assert.deepEqual(names.filter((name, n) => names.indexOf(name) !== n), []);
});

test("properties follow the line of writing, not the sides of the screen", () => {
	for (const { name, css } of sheets) {
		const physical = /(?<![\w-])((margin|padding|border|inset|scroll-margin|scroll-padding)-)?(left|right|top|bottom)(-[a-z]+)?\s*:|text-align:\s*(left|right)/;
		assert.doesNotMatch(css, physical, name);
	}
});
