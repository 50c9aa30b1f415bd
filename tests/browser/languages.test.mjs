/* Every language: its words everywhere, its direction, no fault for anybody, and room for all of it on a small phone. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeViolations, launch, Server, slotOf, visitor } from "./world.mjs";
import { sentences, speakPseudo } from "./pseudo.mjs";

const LANGUAGES = { en: "ltr", de: "ltr", pt: "ltr", ar: "rtl" };

const server = new Server();
let browser;

before(async () => {
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

const words = (page, of) => page.evaluate(of);
const live = async (page, address) => {
	await page.goto(address);
	await page.locator("[data-slot]").first().waitFor();
	await page.locator(".pill-status.status-live").waitFor();
};
const inLanguage = (address, lang) => `${address}&lang=${lang}`;

/** From the month to the confirmation, and to the line for a time that is taken, with something to do on each screen. */
async function walk(page, slot, lang, look) {
	await page.goto(inLanguage(slot.address("month"), lang));
	await page.locator(".tile-cue").first().waitFor();
	await look("month");
	await page.locator(".date-button").click();
	await page.locator(".picker[open]").waitFor();
	await look("date picker");
	await live(page, inLanguage(slot.address("week"), lang));
	await look("week");
	await live(page, inLanguage(slot.address("list"), lang));
	await look("list");
	await slotOf(page, slot).click();
	await page.locator(".sheet[open]").waitFor();
	await look("panel");
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	await page.locator(".form [type=submit]").click();
	await page.locator(".fault").first().waitFor();
	await look("form");
	await page.locator("[name=name]").fill("Ana Sousa");
	await page.locator("[name=email]").fill("ana@example.org");
	await page.locator(".form [type=submit]").click();
	await page.locator(".card-good").waitFor();
	await look("confirmation");
	await page.evaluate(() => localStorage.clear()); // somebody else's browser does not know whose booking it is
	await live(page, inLanguage(slot.address("list"), lang));
	await slotOf(page, slot).click();
	await page.locator(".alternative").first().waitFor();
	await look("conflict");
	await page.locator(".conflict-wait .link").click();
	await page.locator(".ask[open]").waitFor();
	await look("waitlist");
	await page.locator(".ask .primary").click();
	await page.locator(".joined").waitFor();
	await look("in line");
}

let day = 8;
for (const [lang, dir] of Object.entries(LANGUAGES))
	test(`no accessibility fault of any kind, ${lang}`, async () => {
		const slot = await server.freeSlot("massage", (day += 2));
		const page = await visitor(browser);
		await walk(page, slot, lang, async (where) => {
			assert.deepEqual(await axeViolations(page), [], where);
			assert.equal(await page.evaluate(() => document.documentElement.dir), dir, where);
		});
		assert.deepEqual(page.complaints, []);
		await page.context().close();
	});

for (const lang of [...Object.keys(LANGUAGES), "pseudo"])
	test(`320 px are enough for ${lang}`, async () => {
		const slot = await server.freeSlot("massage", (day += 2));
		const page = await visitor(browser, { viewport: { width: 320, height: 640 }, hasTouch: true });
		if (lang === "pseudo") await speakPseudo(page);
		await walk(page, slot, lang === "pseudo" ? "en" : lang, async (where) => {
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			assert.equal(wide, 0, where);
		});
		await page.context().close();
	});

test("in Arabic the left arrow goes to the cell on the left, and the week begins on the right", async () => {
	const page = await visitor(browser);
	await live(page, inLanguage(`${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 10)}&view=week`, "ar"));
	const heads = await page.locator("[role=columnheader]").evaluateAll((list) => list.map((head) => head.getBoundingClientRect().x));
	assert.ok(heads[1] > heads[3], `the first day is right of the third: ${heads.slice(0, 4)}`);
	await page.locator("[role=gridcell][tabindex='0']").focus();
	const x = () => page.evaluate(() => document.activeElement.getBoundingClientRect().x);
	await page.keyboard.press("ArrowLeft");
	await page.keyboard.press("ArrowLeft");
	const before = await x();
	await page.keyboard.press("ArrowRight");
	const right = await x();
	assert.ok(right > before, `${right} > ${before}`);
	await page.keyboard.press("ArrowLeft");
	assert.equal(await x(), before);
	await page.context().close();
});

test("phone numbers and references are written from left to right", async () => {
	const page = await visitor(browser);
	await live(page, inLanguage(`${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 10)}&view=list`, "ar"));
	assert.equal(await page.locator("a[href^='tel:'] bdi").first().evaluate((number) => getComputedStyle(number).direction), "ltr");
	await page.context().close();
});

test("no word stands outside the catalogues, and none of theirs is clipped", async () => {
	const slot = await server.freeSlot("massage", (day += 2));
	const venue = await server.get("/v1/venues/harbour");
	const page = await visitor(browser);
	await speakPseudo(page);
	const given = theirs(venue);
	await walk(page, slot, "en", async (where) => {
		for (const [place, sentence] of await sentences(page)) {
			const left = [...ours(sentence).matchAll(/\p{L}{2,}/gu)].map(([word]) => word).filter((word) => !given.has(word.toLowerCase()));
			assert.deepEqual(left, [], `${where}, ${place}: ${sentence}`);
		}
		const clipped = await page.evaluate(() =>
			[...document.querySelectorAll("button, .button, legend, .segment span, .pill span, .strip-day, h1, h2, h3, h4, dt, .hint, .pill-status, .legend-item")]
				.filter((one) => /⟦/.test(one.textContent) && one.clientWidth > 1 && getComputedStyle(one).overflow !== "visible" && one.scrollWidth > one.clientWidth + 1)
				.map((one) => `${one.className}: ${one.textContent}`),
		);
		assert.deepEqual(clipped, [], where);
	});
	await page.context().close();
});

/** What is left of a sentence without what the catalogue said. */
function ours(sentence) {
	let rest = sentence;
	while (/⟦[^⟦⟧]*⟧/.test(rest)) rest = rest.replace(/⟦[^⟦⟧]*⟧/g, " ");
	return rest;
}

/** The words that are not the page's: the venue's own, the visitor's, the names of languages and keys, and what Intl calls days and units. */
function theirs(venue) {
	const text = [JSON.stringify(venue), venue.tz, "Ana Sousa ana@example.org", "English Deutsch Português العربية", "WET WEST GMT", "Alt+Enter"];
	for (let n = 0; n < 12; n++)
		for (const style of ["long", "short"]) {
			text.push(new Intl.DateTimeFormat("en-GB", { month: style }).format(Date.UTC(2026, n, 1)));
			text.push(new Intl.DateTimeFormat("en-GB", { weekday: style }).format(Date.UTC(2026, 0, n + 1)));
		}
	for (const unit of ["hour", "minute", "second", "day"])
		for (const n of [1, 2]) {
			text.push(new Intl.NumberFormat("en-GB", { style: "unit", unit, unitDisplay: "short" }).format(n));
			text.push(new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" }).format(-n, unit));
		}
	text.push(new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" }).format(0, "second"));
	return new Set(text.flatMap((sentence) => sentence.toLowerCase().match(/\p{L}+/gu) ?? []));
}

test("the menu changes the language in place, for good, and what was typed stays", async () => {
	const slot = await server.freeSlot("massage", (day += 2));
	const page = await visitor(browser);
	await live(page, slot.address("list"));
	await slotOf(page, slot).click();
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	await page.locator("[name=name]").fill("Ana Sousa");
	await page.keyboard.press("Escape");
	await page.locator(".sheet").waitFor({ state: "detached" });
	const before = new URL(page.url());
	await page.locator(".languages summary").click();
	await page.getByRole("link", { name: "Deutsch" }).click();
	await page.locator("html[lang=de]").waitFor();
	await page.locator(".pill-status.status-live").waitFor();
	assert.equal(new URL(page.url()).search, before.search);
	assert.equal(await page.locator(".languages summary").getAttribute("aria-label"), "Sprache: Deutsch");
	await slotOf(page, slot).click();
	await page.locator(".details .primary").click();
	await page.locator(".hold .ring").waitFor();
	assert.equal(await page.locator("[name=name]").inputValue(), "Ana Sousa");
	await page.goto(server.url);
	assert.equal(await words(page, () => document.documentElement.lang), "de");
	const [cookie] = await page.context().cookies();
	assert.equal(cookie.sameSite, "Lax");
	assert.ok(cookie.expires > Date.now() / 1000 + 300 * 86_400);
	await page.context().close();
});

test("the menu works by keyboard and closes when it is left", async () => {
	const page = await visitor(browser);
	await page.goto(server.url);
	await page.locator(".languages summary").focus();
	await page.keyboard.press("Enter");
	assert.equal(await page.locator(".languages a").count(), Object.keys(LANGUAGES).length);
	assert.deepEqual(await axeViolations(page), []);
	await page.keyboard.press("Tab");
	assert.equal(await words(page, () => document.activeElement.textContent), "English");
	await page.keyboard.press("Escape");
	assert.equal(await words(page, () => document.activeElement.tagName), "SUMMARY");
	assert.equal(await words(page, () => document.querySelector(".languages").open), false);
	await page.context().close();
});

test("a link in a language stays in it on the next page; a choice of one's own is stronger there", async () => {
	const page = await visitor(browser, { locale: "pt-BR" });
	await page.goto(server.url);
	assert.equal(await words(page, () => document.documentElement.lang), "pt-PT");
	await live(page, `${server.url}/v/harbour?service=massage&date=${await server.openDay("massage", 10)}&view=list&lang=de`);
	assert.match(page.url(), /lang=de/);
	await page.goto(server.url);
	assert.equal(await words(page, () => document.documentElement.lang), "de");
	await page.context().close();
});
