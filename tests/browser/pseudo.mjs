/*
 * A language that nobody speaks: English made longer, with marks on its letters and brackets around every sentence. A word
 * without brackets is written in the code instead of the catalogue; a sentence without its end is clipped.
 *
 * Runs in the page, behind each script of words.
 */
export function pseudo(words) {
	const MARKED = { a: "á", e: "é", i: "í", o: "ó", u: "ú", n: "ñ", c: "ç", A: "Å", E: "É", I: "Î", O: "Ö", U: "Û", S: "Š" };
	const say = (sentence) => `⟦${sentence.replace(/[aeiouncAEIOUS]/g, (letter) => MARKED[letter])}${"·".repeat(Math.ceil(sentence.length / 3))}⟧`;
	const done = (globalThis.pseudoDone ??= new WeakSet());
	const turn = (group) => {
		for (const [name, word] of Object.entries(group)) {
			if (typeof word === "string" && !word.startsWith("⟦")) group[name] = say(word);
			else if (typeof word === "function" && !done.has(word)) {
				// What is put into a sentence is not ours to mark.
				group[name] = (...given) => `⟦${word(...given)}${"·".repeat(6)}⟧`;
				done.add(group[name]);
			} else if (typeof word === "object" && word !== null) turn(word);
		}
	};
	const { lang } = words;
	turn(words);
	words.lang = lang.replace(/[⟦⟧·]/g, "");
	return words;
}

/** Let a page speak it. */
export const speakPseudo = (page) =>
	page.route(/\/assets\/(text|later)-en-\w+\.js$/, async (route) => {
		const answer = await route.fetch();
		await route.fulfill({ response: answer, body: `${await answer.text()}\n(${pseudo})(globalThis.slotcastText);` });
	});

/** Every sentence of the page, seen or heard, as [where, sentence]. */
export const sentences = (page) =>
	page.evaluate(() => {
		const found = [];
		const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
		for (let node = walk.currentNode; node; node = walk.nextNode()) {
			if (node.nodeType === Node.TEXT_NODE) {
				if (!node.parentElement.closest("script, style, noscript, code")) found.push([node.parentElement.className, node.data]);
			} else for (const name of ["aria-label", "title", "placeholder", "alt", "aria-roledescription", "aria-valuetext"]) if (node.hasAttribute(name)) found.push([name, node.getAttribute(name)]);
		}
		return found;
	});
