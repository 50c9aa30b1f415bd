/* The catalogues. That none lacks a word is the compiler's business. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ar } from "../src/booking/text/ar.js";
import { de } from "../src/booking/text/de.js";
import { en, shell, type Text } from "../src/booking/text/en.js";
import { fromServer } from "../src/booking/text/index.js";
import { LANGUAGES } from "../src/booking/text/languages.js";
import { plural } from "../src/booking/text/plural.js";
import { pt } from "../src/booking/text/pt.js";

const CATALOGUES: Readonly<Record<string, Text>> = { en, de, pt, ar };

test("the menu and the catalogues name the same languages", () => {
	assert.deepEqual(Object.keys(LANGUAGES).sort(), Object.keys(CATALOGUES).sort());
	for (const [code, { lang }] of Object.entries(CATALOGUES)) assert.ok(lang === code || lang.startsWith(`${code}-`), lang);
});

test("a number takes the form that its language asks for", () => {
	assert.deepEqual([0, 1, 2].map(en.strip.free), ["0 times free", "1 time free", "2 times free"]);
	assert.deepEqual([1, 2].map(de.strip.free), ["1 Zeit frei", "2 Zeiten frei"]);
	const arabic = [0, 1, 2, 3, 11, 100].map(ar.strip.free);
	assert.equal(new Set(arabic.map((words) => words.replace(/\d+/, "#"))).size, 6);
	assert.deepEqual([arabic[2], arabic[3]], ["موعدان متاحان", "3 مواعيد متاحة"]);
});

test("numbers in sentences are written as the language writes them, and a missing form is the other", () => {
	assert.match(plural("de")(67_200, { other: "# Zeiten" }), /^67\.200 Zeiten$/);
	assert.equal(plural("ar-u-nu-latn")(2, { other: "# x" }), "2 x");
});

/** Words that two languages share. */
const SHARED = /^(live|offline|name|links?|service|email|online)$/i;

test("no sentence was left in English", () => {
	const walk = (ours: object, theirs: object, path: string): void => {
		for (const [name, word] of Object.entries(ours)) {
			const other = (theirs as Readonly<Record<string, unknown>>)[name];
			if (typeof word === "string" && typeof other === "string") assert.ok(word !== other || SHARED.test(word) || !/\p{L}/u.test(word), `${path}.${name}: ${word}`);
			else if (typeof word === "object" && word !== null && typeof other === "object" && other !== null) walk(word, other, `${path}.${name}`);
		}
	};
	for (const [code, catalogue] of Object.entries(CATALOGUES)) if (code !== "en") walk(catalogue, { ...en, ...shell }, code);
});

test("the server's English is said to those who read English, and in other languages ours", () => {
	assert.equal(fromServer("The hours are over.", "Sorry."), "The hours are over.");
	assert.equal(fromServer("", "Sorry."), "Sorry.");
	assert.equal(fromServer("The hours are over.", "Leider nein.", "de"), "Leider nein.");
});

/** The words that the page's sources name: `text.group.word`; `text.group[…]` names all of its group. */
function wordsNamed(folder: string): ReadonlySet<string> {
	const named = new Set<string>();
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = `${folder}${entry.name}`;
		if (entry.isDirectory() && entry.name !== "text") for (const name of wordsNamed(`${path}/`)) named.add(name);
		if (!/\.tsx?$/.test(entry.name)) continue;
		for (const [, chain] of readFileSync(path, "utf8").matchAll(/(?<![\w.])text((?:\.\w+)+)/g)) named.add((chain ?? "").slice(1));
	}
	return named;
}

test("every word of the catalogue is said somewhere", () => {
	const named = [...wordsNamed(`${WEB_ROOT}src/booking/`)];
	const unsaid: string[] = [];
	const walk = (word: unknown, path: string): void => {
		// A method of a word (`text.lang.startsWith`) names the word.
		if (named.some((name) => name === path || (typeof word !== "object" && name.startsWith(`${path}.`)))) return;
		if (typeof word === "object" && word !== null) for (const [name, inner] of Object.entries(word)) walk(inner, path ? `${path}.${name}` : name);
		else unsaid.push(path);
	};
	walk(en, "");
	assert.deepEqual(unsaid, []);
});
