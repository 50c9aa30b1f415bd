/*
 * The language the page speaks. Its catalogue is a script of its own that runs before this one and leaves its words in
 * `slotcastText`; so the program is the same file for everybody, and nobody loads a language that he does not read.
 */
import type { Text } from "./en.js";

declare global {
	var slotcastText: Text;
}

export const text: Text = globalThis.slotcastText;
export type { Text };

/** The server explains in English. Those who read another language are told what we can say ourselves, which is less. */
export const fromServer = (sentence: string, otherwise: string, lang = text.lang): string => (/^en\b/.test(lang) && sentence) || otherwise;
