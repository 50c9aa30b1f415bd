/*
 * Which times to offer instead of one that cannot be had. Whoever is refused gets the server's list; whoever watches a time go while
 * the panel is open has asked for nothing yet, so the page ranks the free times itself, in the server's order: the same resource at
 * the nearest time, the same time elsewhere, the next day, then whatever is nearest.
 */
import type { Alternative, Slot } from "../sync/index.js";
import { addDays, type Zone } from "./dates.js";

const OFFERED = 3;
const DAY_MS = 86_400_000;

/** Few are shown, so each kind gets its best first; places that are left go by rank. */
export function pickOffers(ranked: readonly Alternative[], count = OFFERED): Alternative[] {
	const kinds = new Set<string>();
	const best = ranked.filter(({ why }) => !kinds.has(why) && kinds.add(why)).slice(0, count);
	const rest = ranked.filter((one) => !best.includes(one)).slice(0, count - best.length);
	return ranked.filter((one) => best.includes(one) || rest.includes(one));
}

/** The same place much later or earlier is another appointment; the same time next door is nearly what was wanted. */
const FAR_MS = 3_600_000;

export function sameTimeFirst(offers: readonly Alternative[], start: string): Alternative[] {
	const far = ({ why, start: at }: Alternative): boolean => why === "same-resource" && Math.abs(Date.parse(at) - Date.parse(start)) > FAR_MS;
	if (!offers.some(far)) return [...offers];
	const sameTime = offers.filter(({ why }) => why === "same-time");
	return [...sameTime, ...offers.filter((one) => !sameTime.includes(one))];
}

export interface Wanted {
	readonly resource: string;
	readonly start: string;
}

export function rank(slots: readonly Slot[], wanted: Wanted, zone: Zone): Alternative[] {
	const at = Date.parse(wanted.start);
	const { date } = zone.wall(at);
	const tomorrow = addDays(date, 1);
	const free = slots.filter((slot) => slot.state !== "booked" && !(slot.resource === wanted.resource && slot.startMs === at));
	const nearest = (list: readonly Slot[], to: number): Slot | undefined =>
		list.reduce<Slot | undefined>((best, slot) => (best && Math.abs(best.startMs - to) <= Math.abs(slot.startMs - to) ? best : slot), undefined);
	const dayOf = (slot: Slot): string => zone.wall(slot.startMs).date;
	const out = new Map<string, Alternative>();
	const offer = (slot: Slot | undefined, why: string): void => {
		if (slot && !out.has(slot.id)) out.set(slot.id, { resource: slot.resource, start: slot.start, end: slot.end, remaining: slot.remaining, why });
	};
	offer(nearest(free.filter((slot) => slot.resource === wanted.resource && dayOf(slot) === date), at), "same-resource");
	offer(free.find((slot) => slot.startMs === at), "same-time");
	offer(nearest(free.filter((slot) => dayOf(slot) === tomorrow), at + DAY_MS), "next-day");
	for (let n = out.size; n < OFFERED; n++) offer(nearest(free.filter((slot) => !out.has(slot.id)), at), "nearest");
	return sameTimeFirst([...out.values()], wanted.start);
}
