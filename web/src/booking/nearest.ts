/*
 * The nearest days with something free: forward from the day on the screen, then back to today. Asked for in spans that grow, because
 * most answers lie near, and three months of two hundred rooms are a large answer.
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
	const days = new Map<LocalDate, number>();
	for (const slot of slots) {
		if (slot.state === "booked") continue;
		const { date } = zone.wall(slot.startMs);
		days.set(date, (days.get(date) ?? 0) + 1);
	}
	return [...days].map(([date, free]) => ({ date, free }));
}

/** At most `limit` days, by date; null: the server did not answer. */
export async function nearestDays({ zone, from, today, last, ask }: Search, limit: number): Promise<readonly FreeDay[] | null> {
	const found: FreeDay[] = [];
	let at = from;
	for (const span of SPANS) {
		if (at > last || found.length >= limit) break;
		const end = addDays(at, span - 1);
		const answer = await ask(at, end < last ? end : last);
		if (!answer) return null;
		found.push(...freeDays(answer, zone));
		at = addDays(end, 1);
	}
	if (found.length > 0 || from <= today) return found.slice(0, limit);
	const back = daysBetween(today, from) > SPAN_MAX ? addDays(from, -SPAN_MAX) : today;
	const answer = await ask(back, addDays(from, -1));
	return answer && freeDays(answer, zone).slice(-limit);
}
