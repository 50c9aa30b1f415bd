/* The language of the page, the habits of the venue. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFormat } from "../src/booking/format.js";

const AT = "2026-11-20T15:05:00Z";

test("the venue's clock is kept in every language", () => {
	const lisbon = (lang: string): string => createFormat(lang, "Europe/Lisbon", "pt-PT").time(AT);
	for (const lang of ["en", "de", "pt-PT", "ar"]) assert.equal(lisbon(lang), "15:05", lang);
	const newYork = (lang: string): string => createFormat(lang, "America/New_York", "en-US").time(AT);
	assert.match(newYork("en"), /^10:05\sAM$/);
	assert.match(newYork("de"), /^10:05\sAM$/);
	assert.match(newYork("ar"), /^10:05\s[\u0600-\u06FF]+$/);
});

test("days are named in the language of the page", () => {
	// Older data writes a comma in English.
	const day = (lang: string): string => createFormat(lang, "Europe/Lisbon", "pt-PT").day("2026-11-20").replace("Friday,", "Friday");
	assert.deepEqual(["en", "de", "pt-PT", "ar"].map(day), [
		"Friday 20 November",
		"Freitag, 20. November",
		"sexta-feira, 20 de novembro",
		"الجمعة، 20 نوفمبر",
	]);
});

test("seven short days fit side by side", () => {
	const { weekday } = createFormat("pt-PT", "Europe/Lisbon", "pt-PT");
	assert.deepEqual(["2026-11-21", "2026-11-22", "2026-11-23"].map(weekday), ["sáb", "dom", "seg"]);
});

test("the venue's own variety of the language is spoken", () => {
	assert.match(createFormat("de", "Europe/Vienna", "de-AT").day("2026-01-20"), /Jänner/);
	assert.match(createFormat("de", "Europe/Vienna", "en").day("2026-01-20"), /Januar/);
	assert.match(createFormat("en", "Europe/Vienna", "de-AT").day("2026-01-20"), /^Tuesday,? 20 January$/);
});

test("where the venue is at home stays the same in every language", () => {
	for (const lang of ["en", "de", "ar"]) assert.equal(createFormat(lang, "Europe/Lisbon", "pt-PT").home, "pt-PT");
	assert.equal(createFormat("de", "Europe/Lisbon", "en").home, "en-GB");
	assert.equal(createFormat("de", "America/New_York", "en").home, "en");
	assert.equal(createFormat("ar", "UTC", "x_bad").home, "en-GB");
});

test("all digits of a page are of one kind, that of its language", () => {
	const egyptian = createFormat("ar", "Africa/Cairo", "ar-EG");
	const all = [egyptian.number(1_240), egyptian.time(AT), egyptian.day("2026-11-20"), egyptian.money(1250, "EGP"), egyptian.age(6_000), egyptian.countdown(65), egyptian.minutes(90)];
	assert.ok(all.every((words) => /\d/.test(words) && !/[٠-٩]/.test(words)), all.join(" "));
	const native = createFormat("ar-EG", "Africa/Cairo", "ar-EG");
	assert.equal(native.countdown(65), "١:٠٥");
	assert.ok([native.number(1_240), native.time(AT), native.lengths(30, 90), native.week("2026-11-16", "2026-11-22")].every((words) => !/\d/.test(words)));
});

test("money has the digits of its currency, and none when it is whole", () => {
	const { money } = createFormat("en", "Europe/Lisbon", "en-GB");
	assert.deepEqual([money(4_500, "EUR"), money(1_250, "EUR"), money(1_250, "JPY"), money(12_500, "KWD"), money(0, "EUR")], ["€45", "€12.50", "JP¥1,250", "KWD 12.500", "€0"].map((words) => words.replace(/ /g, "\u00a0")));
	assert.equal(createFormat("de", "Europe/Berlin", "de").money(1_250, "EUR").replace(/\s/g, " "), "12,50 €");
});

test("ages grow from seconds to minutes to hours", () => {
	const { age, ago } = createFormat("en", "UTC", "en-GB");
	assert.deepEqual([0, 6_400, 89_000, 90_000, 5_300_000, 7_200_000].map(age), ["0 secs", "6 secs", "89 secs", "2 mins", "88 mins", "2 hrs"]);
	assert.match(ago(6_000), /^6 secs?\.? ago$/);
	assert.equal(ago(0), "now");
});

test("a countdown is written like a clock", () => {
	const { countdown } = createFormat("en", "UTC");
	assert.deepEqual([0, 9, 60, 299, 3_600].map(countdown), ["0:00", "0:09", "1:00", "4:59", "60:00"]);
});

test("the clocks that are changed keep their zones' names apart, in every language", () => {
	for (const [lang, summer, winter] of [["en", "WEST", "WET"], ["de", "WESZ", "WEZ"], ["pt-PT", "WEST", "WET"]] as const) {
		const { zone } = createFormat(lang, "Europe/Lisbon", "pt-PT");
		assert.deepEqual([zone("2026-10-25T00:30:00Z"), zone("2026-10-25T01:00:00Z")], [summer, winter], lang);
	}
});

test("a format is made once", () => {
	assert.equal(createFormat("de", "Europe/Lisbon", "pt-PT"), createFormat("de", "Europe/Lisbon", "pt-PT"));
	assert.notEqual(createFormat("de", "Europe/Lisbon", "pt-PT"), createFormat("en", "Europe/Lisbon", "pt-PT"));
});
