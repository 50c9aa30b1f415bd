import assert from "node:assert/strict";
import { test } from "node:test";
import { pickOffers, sameTimeFirst } from "../src/booking/offers.js";
import type { Alternative } from "../src/sync/index.js";

const one = (start: string, why: string): Alternative => ({ resource: "1", start, end: start, remaining: 1, why });
const starts = (offers: readonly Alternative[]): string => offers.map(({ start }) => start).join(" ");

test("each kind of alternative gets its best place before any gets a second", () => {
	const ranked = [one("a", "same-resource"), one("b", "same-resource"), one("c", "same-resource"), one("d", "same-time"), one("e", "next-day")];
	assert.equal(starts(pickOffers(ranked, 3)), "a d e");
});

test("places that are left go by rank, and the server's order stays", () => {
	const ranked = [one("a", "same-resource"), one("b", "same-resource"), one("c", "same-resource"), one("d", "next-day")];
	assert.equal(starts(pickOffers(ranked, 3)), "a b d");
	assert.equal(starts(pickOffers(ranked.slice(0, 2), 3)), "a b");
	assert.equal(starts(pickOffers([], 3)), "");
});

test("the same time elsewhere comes first when the same place is more than an hour off", () => {
	const wanted = "2026-11-20T10:00:00Z";
	const offers = (at: string): Alternative[] => [one(at, "same-resource"), one(wanted, "same-time"), one("2026-11-21T10:00:00Z", "next-day")];
	assert.deepEqual(sameTimeFirst(offers("2026-11-20T11:00:00Z"), wanted), offers("2026-11-20T11:00:00Z"));
	assert.deepEqual(
		sameTimeFirst(offers("2026-11-20T11:30:00Z"), wanted).map(({ why }) => why),
		["same-time", "same-resource", "next-day"],
	);
});
