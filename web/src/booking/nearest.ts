/*
 * The nearest days with something free, before and after the day on the screen. Asked for in spans that grow, because most answers
 * lie near, and three months of two hundred rooms are a large answer.
 */
import type { Slot } from "../sync/index.js";
import { addDays, daysBetween, type LocalDate, type Zone } from "./dates.js";

export interface FreeDay {
	readonly date: LocalDate;
	readonly free: number;
}

export interface Search {
	readonly zone: Zone;
	readonly from: LocalDate;
	readonly today: LocalDate;
	/** The last day that can be booked. */
	readonly last: LocalDate;
	/** null: no answer */
	readonly ask: (from: LocalDate, to: LocalDate) => Promise<readonly Slot[] | null>;
}

const SPANS = [7, 21, 63];
const SPAN_MAX = 91;

export function freeDays(slots: readonly Slot[], zone: Zone): readonly FreeDay[] {
	const days = new Map<LocalDate, Set<number>>();
	for (const slot of slots) {
		if (slot.state === "booked") continue;
		const { date } = zone.wall(slot.startMs);
		days.set(date, (days.get(date) ?? new Set()).add(slot.startMs));
	}
	return [...days].map(([date, starts]) => ({ date, free: starts.size }));
}

/** At most `limit` days, by date; null: the server did not answer. */
export async function nearestDays({ zone, from, today, last, ask }: Search, limit: number): Promise<readonly FreeDay[] | null> {
	const found: FreeDay[] = [];
	// One question for both sides of the day; then onward, and back last of all.
	const since = latest(today, addDays(from, 1 - (SPANS[0] ?? 1)));
	let at = since;
	let end = from;
	for (const span of SPANS) {
		if (at > last || found.length >= limit) break;
		end = addDays(end, span);
		const answer = await ask(at, earliest(last, end));
		if (!answer) return null;
		found.push(...freeDays(answer, zone));
		at = addDays(end, 1);
	}
	if (found.length === 0 && since > today) {
		const answer = await ask(latest(today, addDays(since, -SPAN_MAX)), addDays(since, -1));
		if (!answer) return null;
		found.push(...freeDays(answer, zone));
	}
	const distance = ({ date }: FreeDay): number => Math.abs(daysBetween(from, date));
	return found
		.sort((a, b) => distance(a) - distance(b))
		.slice(0, limit)
		.sort((a, b) => daysBetween(b.date, a.date));
}

const earliest = (a: LocalDate, b: LocalDate): LocalDate => (a < b ? a : b);
const latest = (a: LocalDate, b: LocalDate): LocalDate => (a > b ? a : b);
