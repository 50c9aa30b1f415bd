import assert from "node:assert/strict";
import { test } from "node:test";
import { createChoice } from "../src/booking/choice.js";
import { addDays, createZone, daysBetween, firstDayOfWeek, isLocalDate, weekday, weekOf } from "../src/booking/dates.js";
import { createFormat } from "../src/booking/format.js";
import { freeDays } from "../src/booking/nearest.js";
import { partOfDay } from "../src/booking/views/days.js";
import type { Resource, Service, Venue } from "../src/sync/index.js";
import { slot } from "./fake.js";

const at = (iso: string): number => Date.parse(iso);
const room = (id: string): Resource => ({ id, key: `room-${id}`, name: `Room ${id}`, kind: "exclusive", capacity: 1 });

test("days and weeks are counted over month ends, leap days and years", () => {
	assert.equal(addDays("2028-02-28", 1), "2028-02-29");
	assert.equal(addDays("2026-12-31", 1), "2027-01-01");
	assert.equal(daysBetween("2026-03-28", "2026-03-30"), 2);
	assert.equal(weekday("2026-11-20"), 5);
	assert.deepEqual(weekOf("2026-11-20", 1), [16, 17, 18, 19, 20, 21, 22].map((day) => `2026-11-${day}`));
	assert.equal(weekOf("2026-11-20", 7)[0], "2026-11-15");
	assert.equal(weekOf("2026-11-22", 7)[0], "2026-11-22");
	assert.equal(firstDayOfWeek("not a locale"), 1);
});

test("only real dates are dates", () => {
	for (const text of ["2026-02-30", "2026-13-01", "2026-1-1", "today", "", "2026-11-20T00:00"]) assert.equal(isLocalDate(text), false, text);
	assert.equal(isLocalDate("2028-02-29"), true);
});

test("wall time follows the venue's zone through both changes of the clock", () => {
	const lisbon = createZone("Europe/Lisbon");
	assert.deepEqual(lisbon.wall(at("2026-03-29T00:59:00Z")), { date: "2026-03-29", minutes: 59, offset: 0 });
	assert.deepEqual(lisbon.wall(at("2026-03-29T01:00:00Z")), { date: "2026-03-29", minutes: 120, offset: 60 });
	assert.deepEqual(lisbon.wall(at("2026-10-25T00:30:00Z")), { date: "2026-10-25", minutes: 90, offset: 60 });
	assert.deepEqual(lisbon.wall(at("2026-10-25T01:30:00Z")), { date: "2026-10-25", minutes: 90, offset: 0 });
	assert.deepEqual(createZone("Asia/Kathmandu").wall(at("2026-11-20T18:20:00Z")), { date: "2026-11-21", minutes: 5, offset: 345 });
	assert.deepEqual(createZone("America/New_York").wall(at("2026-11-20T03:00:00Z")), { date: "2026-11-19", minutes: 1320, offset: -300 });
});

test("a day's free times are counted by the clock on the wall", () => {
	const rows = [slot("a", 1, "2026-11-20T10:00:00Z"), slot("b", 0, "2026-11-20T09:00:00Z"), slot("c", 1, "2026-11-20T23:30:00Z")];
	assert.deepEqual(freeDays(rows, createZone("Europe/Paris")), [{ date: "2026-11-20", free: 1 }, { date: "2026-11-21", free: 1 }]);
});

test("the day has three parts", () => {
	assert.deepEqual([0, 719, 720, 1019, 1020, 1439].map(partOfDay), ["morning", "morning", "afternoon", "afternoon", "evening", "evening"]);
});

test("times are written the venue's way, in the venue's zone, whatever the visitor's", () => {
	const format = createFormat("en-GB", "America/New_York");
	assert.equal(format.time("2026-11-20T15:00:00Z"), "10:00");
	assert.match(format.zone("2026-11-20T15:00:00Z"), /GMT-5|EST/);
	const lisbon = createFormat("en-GB", "Europe/Lisbon");
	assert.deepEqual(
		["2026-10-24T12:00:00Z", "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T12:00:00Z"].map(lisbon.zone),
		["WEST", "WEST", "WET", "WEST", "WET"],
	);
	assert.match(createFormat("en-US", "America/New_York").time("2026-11-20T15:00:00Z"), /10:00\sAM/);
	assert.equal(createFormat("pt", "Europe/Lisbon").day("2026-11-20"), "sexta-feira, 20 de novembro");
	assert.equal(createFormat("en", "Europe/Lisbon").time("2026-11-20T15:00:00Z"), "15:00");
	assert.match(createFormat("en", "America/New_York").time("2026-11-20T15:00:00Z"), /10:00\sAM/);
	assert.equal(createFormat("", "UTC").home, "en-GB");
	assert.equal(createFormat("x_bad", "UTC").home, "en-GB");
	assert.equal(format.minutes(45), "45 min" + (format.minutes(45).endsWith("s") ? "s" : ""));
});

test("the lengths of a service are one span", () => {
	const format = createFormat("en-GB", "UTC");
	assert.match(format.lengths(30, 90), /^30–90 mins?$/);
	assert.match(format.lengths(120, 240), /^2–4 hrs?$/);
});

test("seconds of a hold are written like a clock", () => {
	assert.deepEqual([0, 9, 60, 299].map(createFormat("en", "UTC").countdown), ["0:00", "0:09", "1:00", "4:59"]);
});

const service = (id: string, more: Partial<Service>): Service => ({
	id,
	key: `s${id}`,
	name: `Service ${id}`,
	durationsMin: [30, 60],
	stepMin: 30,
	bufferBeforeMin: 0,
	bufferAfterMin: 0,
	horizonDays: 30,
	noticeMin: 0,
	partyMax: 4,
	holdTtlS: 300,
	note: "",
	pricesMinor: [],
	pricePer: "booking",
	resources: ["1", "2"],
	...more,
});
const VENUE: Venue = {
	slug: "v",
	name: "V",
	tz: "UTC",
	locale: "",
	currency: "",
	contact: { phone: "", email: "" },
	services: [service("1", {}), service("2", { durationsMin: [90], partyMax: 2, resources: ["2"] })],
	resources: [room("1"), room("2")],
};
const choose = (search: string) => {
	const choice = createChoice(VENUE, { search, today: "2026-11-20", firstDay: 1, defaultView: "week" });
	assert.ok(choice);
	return choice;
};

test("a link opens what its sender saw", () => {
	const query = "?service=s1&resource=room-2&duration=60&party=3&date=2026-11-25&view=list";
	assert.equal(choose(query).query.value, query);
});

test("a link with wrong or outdated parts opens the nearest right thing", () => {
	for (const search of ["", "?service=none&resource=none&duration=7&party=-1&date=2020-01-01&view=none", "?date=2027-11-20&party=1.5", "?date=%00"])
		assert.equal(choose(search).query.value, "?service=s1&duration=30&date=2026-11-20&view=week", search);
	assert.equal(choose("?party=99").party.value, 4);
});

test("another service keeps what it can serve", () => {
	const choice = choose("?resource=room-1&duration=60&party=4");
	const second = VENUE.services[1];
	assert.ok(second);
	choice.chooseService(second);
	assert.equal(choice.resource.value, null);
	assert.equal(choice.duration.value, 90);
	assert.equal(choice.party.value, 2);
	assert.deepEqual(choice.serving.value.map((resource) => resource.id), ["2"]);
});
